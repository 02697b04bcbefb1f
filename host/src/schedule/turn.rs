//! Does a job: its verbs one after the other, each a process of the host's own command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::{Done, Period, Step, StepDone, Surroundings, Trigger};
use crate::children;
use crate::clock::now;
use crate::durable;

/// The host itself, and the flags that let it work with the same data root.
#[derive(Debug, Clone)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// The flags.
    pub flags: Vec<OsString>,
}

/// As much of what a verb prints is read as tells why it failed.
const READ_BYTES: u64 = 1 << 20;

/// Does what must be done, one verb after the other; one that fails keeps none of the others from being done. Nothing
/// when it was told to stop: then the verb that ran was told to end, and none follows.
pub async fn carry_out(
    program: &Program,
    (job, surroundings): (Period, &Surroundings),
    (due, trigger): (Option<String>, Trigger),
    mut stop: impl Future<Output = ()> + Unpin,
) -> Option<Done> {
    let started = now();
    // Where it cannot be made, each report says so.
    let _ = durable::create_directories(&surroundings.reports);
    let mut done = Vec::new();
    for step in &job.steps(surroundings) {
        let began = Instant::now();
        let (exit_code, error) = match step.left_out {
            Some(_) => (None, None),
            None => verb(program, step, &mut stop).await?,
        };
        done.push(StepDone {
            command: step.command(),
            exit_code,
            seconds: (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            error,
            left_out: step.left_out.map(str::to_owned),
        });
    }
    Some(Done { due, trigger, started, ended: now(), steps: done })
}

/// The exit code of a verb, and what it says of why it failed. Nothing when it was told to end.
async fn verb(
    program: &Program,
    step: &Step,
    stop: &mut (impl Future<Output = ()> + Unpin),
) -> Option<(Option<u8>, Option<String>)> {
    let mut command = Command::new(&program.path);
    command.args(&program.flags).args(&step.arguments).arg("--json");
    // A group of its own, so that what a terminal tells the service does not end it at once.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Some((None, Some(format!("it could not be started: {error}")))),
    };
    let printed = child.stdout.take();
    let reading = tokio::spawn(async move {
        let mut text = Vec::new();
        if let Some(mut printed) = printed {
            let _ = (&mut printed).take(READ_BYTES).read_to_end(&mut text).await;
            // The verb must be able to print to its end.
            let _ = tokio::io::copy(&mut printed, &mut tokio::io::sink()).await;
        }
        text
    });
    let mut stopped = false;
    let told = async {
        (&mut *stop).await;
        stopped = true;
    };
    let ended = children::until(&mut child, told).await;
    if stopped {
        return None;
    }
    let status = match ended {
        Ok(status) => status,
        Err(error) => return Some((None, Some(format!("it could not be watched: {error}")))),
    };
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    let why = || async {
        let text = reading.await.unwrap_or_default();
        message(&text).unwrap_or_else(|| format!("it ended with {status}"))
    };
    let error = if code == Some(0) { None } else { Some(why().await) };
    Some((code, error))
}

/// What the error of a verb says.
fn message(printed: &[u8]) -> Option<String> {
    let report: Value = serde_json::from_slice(printed).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let message = text(report.pointer("/error/message")?)?;
    match report.pointer("/error/causes/0").and_then(text) {
        Some(cause) => Some(format!("{message}: {cause}")),
        None => Some(message),
    }
}
