//! The host's side: a process for each check, and what became of it.

use std::io;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Answer, Request};
use crate::error::{Error, Kind, Result};
use crate::modules::worker::frames::Frame;
use crate::modules::worker::parent::{Terms, unconfined};
use crate::modules::worker::{Failure, Process, VERB};
use crate::platform::{Confinement, SealedFile};

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// Name of the check.
    pub check: String,
    /// Whether the module passes it.
    pub passed: bool,
    /// What is wrong, a sentence each.
    pub faults: Vec<String>,
    /// Wall time.
    pub seconds: f64,
    /// Names of the examples that the library carries; none when the check did not get that far.
    #[serde(skip)]
    pub examples: Vec<String>,
    /// What confined the process.
    #[serde(skip)]
    pub confinement: Confinement,
}

/// Runs one check over a library.
///
/// # Errors
/// [`Kind::Incompatible`] when the library cannot be loaded at all, [`Kind::Untrusted`] when its confinement would be
/// less than the terms demand, [`Kind::Internal`] when no process can be started.
pub fn check(id: &str, library: &SealedFile, terms: Terms, check: &str) -> Result<Checked> {
    let started = Instant::now();
    let no_process = |error: io::Error| {
        Error::new(Kind::Internal, format!("cannot start a process for the check `{check}`"))
            .cause(crate::error::chain(&error))
            .hint("free some memory, or end other programs, and run `host plugin test` again")
    };
    let mut process = Process::start(&[VERB, super::VERB], terms, library).map_err(no_process)?;
    // One that does not take it will not answer; how it ended says why.
    let _ = process.send(&Request { check: check.to_owned() }, &[]);
    let deadline = started.checked_add(Duration::from_millis(terms.limits.timeout_milliseconds));
    let deadline = deadline.unwrap_or(started + Duration::from_hours(24 * 365));
    let mut confinement = Confinement::default();
    let answer = listen(&mut process, deadline, &mut confinement);
    let end = process.end();
    let (faults, examples) = match answer {
        Ok(Answer::Done { faults, examples }) => (faults, examples),
        Ok(Answer::Refused { message }) => {
            return Err(Error::new(Kind::Incompatible, message)
                .hint("build the module anew, with the plugin-api of this host"));
        }
        Err(Failure::Unconfined(found)) => return Err(unconfined(id, terms.minimum_confinement, &found)),
        Err(failure) => {
            let error = failure.error(id, &terms, Some(&end), true);
            let time = error.hints.iter().filter(|hint| hint.contains("--timeout"));
            let sentences = [&error.message].into_iter().chain(&error.causes).chain(time);
            (vec![sentences.map(String::as_str).collect::<Vec<_>>().join("; ")], Vec::new())
        }
    };
    let (passed, seconds) = (faults.is_empty(), started.elapsed().as_secs_f64());
    Ok(Checked { check: check.to_owned(), passed, faults, seconds, examples, confinement })
}

/// What the process says: first how it is confined, then its answer.
fn listen(
    process: &mut Process,
    deadline: Instant,
    confinement: &mut Confinement,
) -> Result<Answer, Failure> {
    match process.frame(deadline)? {
        Frame::Ready { confinement: found, .. } => *confinement = found,
        Frame::Unconfined { confinement } => return Err(Failure::Unconfined(confinement)),
        _ => return Err(Failure::Refused("it did not say how it is confined".to_owned())),
    }
    Ok(process.frame(deadline)?)
}
