//! The only place that prints. Data goes to standard output, talk to standard error.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style as Paint};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Kind};
pub(super) use crate::text::plain;

/// What a command has to say: to programs as JSON, to people as text.
pub trait Report: Serialize {
    /// Schema id of the JSON form, such as `host.list/1`.
    const SCHEMA: &'static str;

    /// Writes the text form.
    ///
    /// # Errors
    /// When the stream is closed.
    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()>;

    /// The failure that the report itself stands for: the work finished and its verdict is negative.
    fn verdict(&self) -> Option<Error> {
        None
    }
}

/// Colours; empty where there is no terminal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Names and headings.
    pub bold: Paint,
    /// Side remarks.
    pub dim: Paint,
    /// Good news.
    pub good: Paint,
    /// Suspicious.
    pub warning: Paint,
    /// Bad news.
    pub bad: Paint,
    /// Columns of the terminal, if it is one.
    pub width: Option<u16>,
    /// Whether a person reads it at once.
    pub is_terminal: bool,
}

impl Style {
    fn coloured() -> Self {
        Self {
            bold: Paint::new().bold(),
            dim: Paint::new().dimmed(),
            good: AnsiColor::Green.on_default(),
            warning: AnsiColor::Yellow.on_default(),
            bad: AnsiColor::Red.on_default().bold(),
            width: None,
            is_terminal: false,
        }
    }
}

/// Prints reports and errors.
#[derive(Debug, Clone)]
pub(super) struct Printer {
    json: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a report and returns the exit code that it stands for.
    pub(super) fn report<R: Report>(&self, report: &R) -> Result<u8, Error> {
        let verdict = report.verdict();
        let written = if self.json {
            write_json(&envelope(report)?)
        } else {
            // Strips the colours itself where standard output is no terminal or NO_COLOR is set.
            let mut out = anstream::stdout().lock();
            let mut text = Vec::new();
            let is_terminal = io::stdout().is_terminal();
            let style = Style { width: terminal_width(), is_terminal, ..Style::coloured() };
            report.render(&mut text, &style).and_then(|()| out.write_all(&text)).and_then(|()| out.flush())
        };
        match written {
            // Whoever read standard output has seen enough; the exit code still tells.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(verdict.map_or(0, |error| error.kind.exit_code()))
            }
            Err(error) => {
                Err(Error::new(Kind::Storage, "cannot write to standard output").cause(error.to_string()))
            }
            Ok(()) => match verdict {
                None => Ok(0),
                Some(error) if self.json => Ok(error.kind.exit_code()),
                Some(error) => Ok(print_error(&error)),
            },
        }
    }

    /// Prints an error and returns its exit code.
    pub(super) fn error(&self, error: &Error) -> u8 {
        if self.json {
            let envelope = json!({
                "schema": "host.error/1",
                "host": env!("CARGO_PKG_VERSION"),
                "ok": false,
                "data": null,
                "error": error_value(error),
            });
            // Nobody listens any more: the exit code still tells.
            let _ = write_json(&envelope);
            error.kind.exit_code()
        } else {
            print_error(error)
        }
    }
}

fn terminal_width() -> Option<u16> {
    let stdout = io::stdout();
    let size = rustix::termios::tcgetwinsize(&stdout).ok().filter(|_| stdout.is_terminal())?;
    Some(size.ws_col).filter(|columns| *columns >= 40)
}

/// What is printed with `--json`, and answered over HTTP.
pub(super) fn envelope<R: Report>(report: &R) -> Result<Value, Error> {
    let verdict = report.verdict();
    Ok(json!({
        "schema": R::SCHEMA,
        "host": env!("CARGO_PKG_VERSION"),
        "ok": verdict.is_none(),
        "data": to_value(report)?,
        "error": verdict.as_ref().map(error_value),
    }))
}

fn to_value(report: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(report).map_err(|error| {
        Error::new(Kind::Internal, "cannot write the report as JSON").cause(error.to_string())
    })
}

pub(super) fn error_value(error: &Error) -> Value {
    let mut value = serde_json::to_value(error).unwrap_or(Value::Null);
    if let Some(object) = value.as_object_mut() {
        object.insert("exit".to_owned(), json!(error.kind.exit_code()));
    }
    value
}

fn write_json(value: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn print_error(error: &Error) -> u8 {
    let style = if io::stderr().is_terminal() { Style::coloured() } else { Style::default() };
    // Nobody listens any more when this fails: the exit code still tells.
    let _ = write_error(&mut anstream::stderr().lock(), &style, error);
    error.kind.exit_code()
}

fn write_error(out: &mut dyn Write, style: &Style, error: &Error) -> io::Result<()> {
    writeln!(out, "{}error{}: {}", style.bad.render(), style.bad.render_reset(), plain(&error.message))?;
    for cause in &error.causes {
        writeln!(out, "caused by: {}", plain(cause))?;
    }
    if !error.hints.is_empty() {
        writeln!(out)?;
    }
    let (good, reset) = (style.good.render(), style.good.render_reset());
    error.hints.iter().try_for_each(|hint| writeln!(out, "{good}hint{reset}: {}", plain(hint)))
}
