//! Removing logs whose time is over.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::{errors, performance, processing};
use crate::clock;
use crate::durable::{self, LineLog};
use crate::journal::{Journal, RunId};

/// How long logs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Log files and summaries, since they were last written.
    pub logs: Duration,
    /// Runs, since they began, and reports about them; one that runs is never removed.
    pub runs: Duration,
}

/// Names the day on which old logs were last removed.
const MARK: &str = ".retention";

/// Removes what is too old, once a day; says how many files it removed.
///
/// # Errors
/// Any failure of a system call; it names the path. What is left is removed another time.
pub fn enforce(folder: &Path, retention: Retention, now: Timestamp) -> io::Result<usize> {
    let day = clock::text(now).get(..10).unwrap_or_default().to_owned();
    let mark = folder.join(MARK);
    if fs_err::read_to_string(&mark).is_ok_and(|marked| marked == day) {
        return Ok(0);
    }
    // Two who do it at once remove the same files, and a file that is gone is no error.
    let mut old = Vec::new();
    for log in [processing(folder), errors(folder), performance(folder)] {
        let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let own = |file: &str| {
            file.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        old.extend(last_written_before(log.parent().unwrap_or(folder), now, retention.logs, own)?);
    }
    let summary = |file: &str| file.contains("_processing_summary_") && !file.starts_with('.');
    old.extend(last_written_before(&folder.join("transformations"), now, retention.logs, summary)?);
    let report =
        |file: &str| !file.starts_with('.') && Path::new(file).extension().is_some_and(|kind| kind == "html");
    old.extend(last_written_before(&folder.join("reports"), now, retention.runs, report)?);
    old.extend(runs_before(folder, now, retention.runs)?);
    for path in &old {
        durable::remove(path)?;
    }
    durable::publish_unsynced(&mark, day.as_bytes())?;
    Ok(old.len())
}

/// Files of a folder that were last written that long ago.
fn last_written_before(
    folder: &Path,
    now: Timestamp,
    age: Duration,
    is_log: impl Fn(&str) -> bool,
) -> io::Result<Vec<PathBuf>> {
    let entries = match fs_err::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let Ok(limit) = now.checked_sub(age) else { return Ok(Vec::new()) };
    let mut old = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(metadata) = entry.metadata() else { continue };
        let is_old = Timestamp::try_from(metadata.modified()?).is_ok_and(|written| written < limit);
        if metadata.is_file() && is_old && entry.file_name().to_str().is_some_and(&is_log) {
            old.push(entry.path());
        }
    }
    Ok(old)
}

fn runs_before(folder: &Path, now: Timestamp, age: Duration) -> io::Result<Vec<PathBuf>> {
    let journal = Journal::of(folder);
    let Ok(limit) = now.checked_sub(age) else { return Ok(Vec::new()) };
    let limit = clock::text(limit);
    let ids: Vec<RunId> = journal.ids().map_err(io::Error::other)?;
    let began_before = ids.iter().take_while(|id| !id.is_since(&limit));
    let files = began_before.map(|id| journal.file(id));
    Ok(files.filter(|file| LineLog::is_owned(file).is_ok_and(|owned| !owned)).collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests write files that nobody keeps")]

    use super::*;
    use crate::journal::{Beginning, End, Request, Trigger};

    const DAY: Duration = Duration::from_hours(24);

    fn begin(journal: &Journal) -> crate::journal::Run {
        let request = Request::default();
        let (actor, trigger) = ("tester".to_owned(), Trigger::Cli);
        let command = "prepare";
        journal.begin(Beginning { id: None, command, request, actor, trigger, resumes: None }).unwrap()
    }

    #[test]
    fn what_is_too_old_goes_once_a_day_and_a_run_that_lives_stays() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path();
        fs_err::create_dir(folder.join("transformations")).unwrap();
        let logs = ["processing.log.3", "errors.log", "transformations/x_processing_summary_1.json"];
        let others = ["notes.txt", "processing.logbook", "transformations/notes.json"];
        for name in logs.iter().chain(&others) {
            fs_err::write(folder.join(name), "x").unwrap();
        }
        let journal = Journal::of(folder);
        let (ended, living) = (begin(&journal), begin(&journal));
        let (ended_id, living_id) = (ended.id().clone(), living.id().clone());
        ended.end(End::of(None));
        let retention = Retention { logs: 30 * DAY, runs: 400 * DAY };
        let now = Timestamp::now();
        let later = |days: u32| now.checked_add(days * DAY).unwrap();
        assert_eq!(enforce(folder, retention, later(29)).unwrap(), 0);
        assert_eq!(enforce(folder, retention, later(31)).unwrap(), logs.len());
        fs_err::write(folder.join("errors.log"), "x").unwrap();
        fs_err::create_dir(folder.join("reports")).unwrap();
        fs_err::write(folder.join("reports/daily-2026-01-01.html"), "x").unwrap();
        assert_eq!(enforce(folder, retention, later(31)).unwrap(), 0, "that day it was done");
        assert!(others.iter().all(|name| folder.join(name).is_file()));
        assert_eq!(enforce(folder, retention, later(401)).unwrap(), 3, "the log, the report and the run");
        assert!(!journal.file(&ended_id).exists() && journal.file(&living_id).exists());
    }
}
