//! `host schedule`: what recurs, when, and what became of it.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use serde::Serialize;
use tokio::runtime::Builder;

use super::table::{self, plain};
use crate::alerts::Message;
use crate::cli::output::Printer;
use crate::cli::{Context, Report, Style};
use crate::clock;
use crate::durable::LineLog;
use crate::error::{Error, Kind, Result};
use crate::registry::Lock;
use crate::schedule::{self, Done, Period, Record, StepDone, Trigger};
use crate::text::duration;

/// Verbs on what recurs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the jobs: when each is due, and how it went last.
    List,
    /// Show the verbs of a job, and what became of each the last time.
    Show(Which),
    /// Do a job now, whatever the time; what fails is told to whoever is told of alerts.
    Run(Which),
}

/// Which job.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// The job.
    #[arg(value_enum, value_name = "JOB")]
    job: Period,
}

/// The jobs.
#[derive(Debug, Serialize)]
struct Listed {
    /// Whether the service keeps the timetable.
    enabled: bool,
    time_zone: String,
    jobs: Vec<Job>,
}

/// A job.
#[derive(Debug, Serialize)]
struct Job {
    #[serde(rename = "job")]
    period: Period,
    /// When it is due next, RFC 3339; nothing if it does not recur.
    next: Option<String>,
    /// Whether it is being done.
    running: bool,
    /// What became of it the last time.
    last: Option<Done>,
}

/// How long a job waits for another.
const LONGEST_WAIT: Duration = Duration::from_hours(6);

/// The verbs of a job.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    job: Job,
    commands: Vec<Verb>,
    /// Where reports are written.
    reports: PathBuf,
}

#[derive(Debug, Serialize)]
struct Verb {
    command: String,
    left_out: Option<&'static str>,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Ran {
    job: Period,
    #[serde(flatten)]
    done: Done,
}

/// Runs a verb.
pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::List => {
            let timetable = context.settings.timetable();
            let jobs: Result<Vec<Job>> =
                Period::value_variants().iter().map(|job| look(*job, context)).collect();
            let time_zone = timetable.zone.iana_name().unwrap_or("UTC").to_owned();
            printer.report(&Listed { enabled: timetable.enabled, time_zone, jobs: jobs? })
        }
        Command::Show(Which { job }) => {
            let surroundings = context.surroundings(today(context));
            let verb = |step: schedule::Step| Verb { command: step.command(), left_out: step.left_out };
            let commands = job.steps(&surroundings).into_iter().map(verb).collect();
            printer.report(&Shown { job: look(*job, context)?, commands, reports: surroundings.reports })
        }
        Command::Run(Which { job }) => printer.report(&Ran { job: *job, done: run(*job, context)? }),
    }
}

fn look(job: Period, context: &Context) -> Result<Job> {
    let timetable = context.settings.timetable();
    let file = timetable.record_file(job);
    let next = timetable.times(job, Timestamp::now()).map(|times| clock::text(times.next));
    let running = LineLog::is_owned(&file).unwrap_or(false);
    Ok(Job { period: job, next, running, last: Record::last(&file)? })
}

fn today(context: &Context) -> jiff::civil::Date {
    Timestamp::now().to_zoned(context.settings.timetable().zone).date()
}

fn run(job: Period, context: &Context) -> Result<Done> {
    // Its place must be there, and who may not write learns it at once.
    let _registry = context.open_registry()?;
    let timetable = context.settings.timetable();
    let mut record = Record::own(&timetable.record_file(job))?;
    // On the first of a month several are due at once, and their snapshots would stand in each other's way.
    let _turn = Lock::on(&timetable.folder.join(".lock"), "the jobs that recur", LONGEST_WAIT)?;
    context.remove_old_logs();
    let surroundings = context.surroundings(today(context));
    let program = context.program()?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Internal, "cannot wait for processes").cause(error.to_string()))?;
    let done = runtime.block_on(async {
        let interrupted = Box::pin(async {
            // Without it the signal ends this process, and the verb's own group is left to finish.
            let _ = tokio::signal::ctrl_c().await;
        });
        schedule::carry_out(&program, (job, &surroundings), (None, Trigger::Command), interrupted).await
    });
    let done =
        done.ok_or_else(|| Error::new(Kind::Interrupted, format!("the {} job was interrupted", job.word())))?;
    record.note(done.clone())?;
    if done.failed().next().is_some() {
        for delivery in context.settings.alert_channels().send(&Message::of_job(job, &done), None) {
            if let Some(error) = delivery.error {
                tracing::warn!("{error}");
            }
        }
    }
    Ok(done)
}

/// A verb without where its report is written, which is the same place every time.
fn short(command: &str) -> String {
    format!("host {}", plain(command.split(" --output").next().unwrap_or_default()))
}

fn outcome(step: &StepDone) -> String {
    match (&step.left_out, step.exit_code, &step.error) {
        (Some(why), ..) => format!("left out: {why}"),
        (None, Some(0), _) => "ok".to_owned(),
        (None, code, error) => {
            let code = code.map(|code| format!(" with {code}")).unwrap_or_default();
            format!("failed{code}: {}", plain(error.as_deref().unwrap_or_default()))
        }
    }
}

fn summary(last: Option<&Done>) -> String {
    match last {
        None => "never".to_owned(),
        Some(done) => match done.failed().count() {
            0 => format!("{}, all well", done.started),
            count => format!("{}, {count} failed", done.started),
        },
    }
}

impl Report for Listed {
    const SCHEMA: &'static str = "host.schedule-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let rows = self.jobs.iter().map(|job| {
            let next = if job.running { Some("now".to_owned()) } else { job.next.clone() };
            let next = next.unwrap_or_else(|| "off".to_owned());
            vec![job.period.word().to_owned(), next, summary(job.last.as_ref())]
        });
        table::write(out, style, &["JOB", "NEXT", "LAST"], rows)?;
        writeln!(out)?;
        if self.enabled {
            writeln!(out, "`host serve` does these; their times are of {}", self.time_zone)
        } else {
            writeln!(out, "nobody does these by itself: set `schedule.enabled` for `host serve`, or see")?;
            writeln!(out, "`host deploy print systemd-timer` and `host deploy print cron`")
        }
    }
}

impl Report for Shown {
    const SCHEMA: &'static str = "host.schedule-show/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let steps = self.job.last.as_ref().map(|done| done.steps.as_slice()).unwrap_or_default();
        let rows = self.commands.iter().map(|verb| {
            // Reports are named after their day.
            let same = |step: &&StepDone| short(&step.command) == short(&verb.command);
            let last = steps.iter().find(same).map_or_else(String::new, outcome);
            let last = verb.left_out.map_or(last, |why| format!("left out: {why}"));
            vec![short(&verb.command), last]
        });
        table::write(out, style, &["COMMAND", "LAST"], rows)?;
        writeln!(out, "\nreports are written to {}", plain(&self.reports.to_string_lossy()))
    }
}

impl Report for Ran {
    const SCHEMA: &'static str = "host.schedule-run/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let rows = self
            .done
            .steps
            .iter()
            .map(|step| vec![short(&step.command), duration(step.seconds), outcome(step)]);
        table::write(out, style, &["COMMAND", "TIME", "OUTCOME"], rows)
    }

    fn verdict(&self) -> Option<Error> {
        let failed: Vec<&StepDone> = self.done.failed().collect();
        let first = failed.first()?;
        let kind = if failed.len() == self.done.steps.len() { Kind::CheckFailed } else { Kind::Partial };
        let message = format!("{} of {} verbs failed", failed.len(), self.done.steps.len());
        Some(
            Error::new(kind, message)
                .cause(format!("`host {}`: {}", first.command, first.error.clone().unwrap_or_default()))
                .hint(format!("run `host {}` to see the whole of it", first.command)),
        )
    }
}
