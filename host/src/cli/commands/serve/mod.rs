//! `host serve`: the registry over HTTP.

mod source;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;

use crate::cli::output::Printer;
use crate::cli::{Context, Report, Style};
use crate::config::{Origin, Settings};
use crate::error::Result;
use crate::serve::{self, Bounds, Limits, Options, Token, Upkeep};

use source::Verbs;

/// Flags of `serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = ABOUT)]
pub struct Args {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Change nothing, whoever asks.
    #[arg(long)]
    read_only: bool,
    /// Print the OpenAPI document of the service and end.
    #[arg(long)]
    print_openapi: bool,
}

const ABOUT: &str = "\
Without a token, in the file of the setting `serve.token_file`, this machine alone is listened to and nothing can be changed.
SIGTERM and SIGINT end the service: nothing new is begun, and what runs may finish for `serve.drain_seconds`.";

/// Where the service listens; printed as soon as it does.
#[derive(Debug, Serialize)]
struct Serving {
    address: SocketAddr,
    read_only: bool,
}

/// The document.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Document(serde_json::Value);

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8> {
    if args.print_openapi {
        let document = serve::openapi_document()?;
        return printer.report(&Document(serde_json::from_str(&document).unwrap_or_default()));
    }
    let settings = &context.settings;
    let token = token(settings)?;
    let read_only = args.read_only || token.is_none();
    // A service that changes nothing makes no data root either.
    if read_only { context.open_registry() } else { context.create_registry() }?;
    let options = Options {
        listen: args.listen,
        token,
        read_only,
        limits: Limits {
            connections: settings.max_connections(),
            requests_per_second: settings.requests_per_second(),
            header: settings.header_timeout(),
            request: settings.request_timeout(),
            drain: settings.drain_time(),
        },
        upkeep: upkeep(settings, args.read_only),
        place: context.health_place()?,
        manifest_file: settings.manifest_file().to_owned(),
        rows_per_batch: settings.chunk_rows(),
        runs: Bounds { concurrent: settings.concurrent_runs(), waiting: settings.queued_runs() },
    };
    let source = Arc::new(Verbs::new(context.clone())?);
    serve::run(options, source, |address| printer.report(&Serving { address, read_only }).map(drop))?;
    Ok(0)
}

/// What the service does by itself. Nobody needs the token for that, but `--read-only` forbids it.
fn upkeep(settings: &Settings, read_only: bool) -> Upkeep {
    let timetable = Some(settings.timetable()).filter(|timetable| timetable.enabled && !read_only);
    Upkeep {
        timetable,
        channels: settings.alert_channels(),
        interval: settings.alert_interval(),
        told_file: settings.told_file(),
    }
}

/// The token of the file that somebody named, or of that at the default place if it is there.
pub(super) fn token(settings: &Settings) -> Result<Option<Token>> {
    let named = settings.origin("serve.token_file").is_some_and(|origin| *origin != Origin::Default);
    let file = settings.token_file().filter(|file| named || file.exists());
    file.map(Token::read).transpose()
}

impl Report for Serving {
    const SCHEMA: &'static str = "host.serve/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        let remark = if self.read_only { " (read-only)" } else { "" };
        writeln!(out, "listening on http://{}{remark}", self.address)
    }
}

impl Report for Document {
    const SCHEMA: &'static str = "host.openapi/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "{:#}", self.0)
    }
}
