//! The side of the process: load a library in confinement, check, answer.

use std::io;

use plugin_api::conformance::{CHECKS, Suite};

use super::subject::{Library, Tasks};
use super::{Answer, Request};
use crate::modules::worker::child::{Confined, enter, receive};
use crate::modules::worker::frames;
use crate::modules::{library, manifest};
use crate::platform::SealedFile;

/// Faults that are passed on, and the most letters of one: an answer is one control message.
const MOST_FAULTS: usize = 40;
const LONGEST_FAULT: usize = 2000;

/// Answers one request on standard input.
///
/// # Errors
/// When the host is gone or its request malformed.
pub fn run() -> io::Result<()> {
    let Some(Confined { socket, library, opened }) = enter(Tasks::open)? else { return Ok(()) };
    let (Request { check }, _) = receive(&socket)?;
    let answer = answer(&check, library, opened).unwrap_or_else(|message| Answer::Refused { message });
    frames::send(&socket, &answer, &[])
}

fn answer(check: &str, file: SealedFile, tasks: Option<Tasks>) -> Result<Answer, String> {
    let bytes = file.map().map_err(|error| error.to_string())?;
    let embedded = manifest::read(&bytes).map_err(|fault| fault.to_string())?;
    let section = manifest::section(&bytes).map_err(|fault| fault.to_string())?;
    // The suite borrows from the section, and this process ends with the suite.
    let section = Box::leak(section.into_boxed_slice());
    let loadable = file.loadable().map_err(|error| error.to_string())?;
    let module = library::load(&loadable.path, &embedded).map_err(|error| error.to_string())?;
    // The library was opened by the name of this descriptor, so the descriptor lives as long as the library: for ever.
    std::mem::forget(file);
    let suite = match Suite::of_library(section, Box::new(Library { module, tasks })) {
        Ok(suite) => suite,
        Err(fault) => return Ok(Answer::Done { faults: vec![fault], examples: Vec::new() }),
    };
    let (_, run) = CHECKS.iter().find(|(name, _)| *name == check).ok_or("no such check")?;
    let found = run(&suite);
    let more = found.len().saturating_sub(MOST_FAULTS);
    let mut faults: Vec<String> =
        found.iter().take(MOST_FAULTS).map(|fault| fault.chars().take(LONGEST_FAULT).collect()).collect();
    if more > 0 {
        faults.push(format!("and {more} more"));
    }
    let names = suite.examples().take(MOST_FAULTS);
    Ok(Answer::Done { faults, examples: names.map(|name| name.chars().take(100).collect()).collect() })
}
