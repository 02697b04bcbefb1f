//! Looking at runs.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::str::FromStr;

use super::end::State;
use super::event::Line;
use super::id::RunId;
use super::record::{RunRecord, RunSummary};
use super::settle::Settled;
use super::{EXTENSION, Journal, WAITING_EXTENSION};
use crate::error::{Error, Kind, Result, StorageContext};

/// Longest line in bytes that is read; the host writes none that is as long.
const LONGEST_LINE: u64 = 1024 * 1024;

/// Runs that are looked at to see whether they go on, or were broken off.
pub(super) const MOST_LOOKED_AT: usize = 1000;

/// Which runs are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those that began at this time or later; RFC 3339 UTC with milliseconds, as [`now`](crate::clock::now) writes it.
    pub since: Option<String>,
    /// Those that began before this time, in the same form.
    pub before: Option<String>,
    /// Those in one of these states; none given means every state.
    pub states: Vec<State>,
    /// No more than so many, the newest.
    pub limit: Option<usize>,
}

impl Journal {
    /// Runs, the newest first. Those that were killed are given an end, if that can be written.
    ///
    /// # Errors
    /// When the folder cannot be read. A run whose file is damaged is left out with a warning.
    pub fn list(&self, filter: &Filter) -> Result<Vec<RunSummary>> {
        let mut found = Vec::new();
        self.for_each(filter, |run| found.push(run.summary))?;
        Ok(found)
    }

    /// The same with everything in them, one after the other.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn for_each(&self, filter: &Filter, mut each: impl FnMut(RunRecord)) -> Result<()> {
        let mut left = filter.limit.unwrap_or(usize::MAX);
        for id in self.ids()?.into_iter().rev() {
            if left == 0 || filter.since.as_deref().is_some_and(|since| !id.is_since(since)) {
                break;
            }
            if filter.before.as_deref().is_some_and(|before| id.is_since(before)) {
                continue;
            }
            match self.look(&id) {
                Ok(Some(run)) if filter.states.is_empty() || filter.states.contains(&run.summary.state) => {
                    each(run);
                    left -= 1;
                }
                Ok(_) => {}
                // Removed since the folder was listed, or damaged.
                Err(error) => tracing::warn!("{error}"),
            }
        }
        Ok(())
    }

    /// How many runs go on, of the thousand that began last.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn running(&self) -> Result<usize> {
        let newest = self.ids()?.into_iter().rev().take(MOST_LOOKED_AT);
        Ok(newest.filter(|id| self.is_abandoned(id).is_ok_and(|abandoned| !abandoned)).count())
    }

    /// Every run, the oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read; one that is not there holds no runs.
    pub fn ids(&self) -> Result<Vec<RunId>> {
        ids_in(&self.folder, EXTENSION)
    }

    /// The one run whose id, or whose digits at the end of the id, begin with a text, whether it has begun or waits for a
    /// service; `last` is the newest that has begun.
    ///
    /// # Errors
    /// [`Kind::Usage`] when there is none, or several.
    pub fn find(&self, text: &str) -> Result<RunId> {
        let mut ids = self.ids()?;
        if text == "last" {
            return ids.pop().ok_or_else(|| {
                Error::new(Kind::Usage, "there are no runs").hint("`host prepare` makes one")
            });
        }
        ids.extend(ids_in(&self.waiting_folder(), WAITING_EXTENSION)?);
        ids.sort();
        ids.dedup();
        let mut found = ids.into_iter().filter(|id| !text.is_empty() && id.begins_with(text));
        let error = match (found.next(), found.next()) {
            (Some(id), None) => return Ok(id),
            (Some(one), Some(other)) => Error::new(Kind::Usage, format!("several runs begin with `{text}`"))
                .cause(format!("`{one}` and `{other}`, for instance")),
            (None, _) => Error::new(Kind::Usage, format!("there is no run `{}`", text.escape_debug())),
        };
        Err(error.hint("run `host run list` to see the ids"))
    }

    /// One run. If it was killed it is given an end, if that can be written.
    ///
    /// # Errors
    /// [`Kind::Usage`] when there is no such run or it has not begun, [`Kind::Corrupt`] when its file does not begin as
    /// that of a run.
    pub fn read(&self, id: &RunId) -> Result<RunRecord> {
        if let Some(run) = self.look(id)? {
            return Ok(run);
        }
        let error = if self.waiting_file(id).is_file() {
            Error::new(Kind::Usage, format!("run `{id}` has not begun"))
                .cause("a service was asked for it, and begins it in its turn")
                .hint("see that `host serve` runs")
        } else if self.file(id).is_file() {
            Error::new(Kind::Usage, format!("run `{id}` did not come so far as to begin"))
                .hint("type its command again")
        } else {
            Error::new(Kind::Usage, format!("there is no run `{id}`"))
                .hint("run `host run list` to see the ids")
        };
        Err(error)
    }

    /// The same; nothing if it has not begun.
    pub(super) fn look(&self, id: &RunId) -> Result<Option<RunRecord>> {
        let Some(folding) = self.fold(id)? else { return Ok(None) };
        if folding.has_ended() {
            return Ok(Some(folding.finish(None)));
        }
        match self.settle(id) {
            Ok(Settled::Ended) => Ok(self.fold(id)?.map(|folding| folding.finish(None))),
            // Who may not write sees what others will.
            Err(_) if self.is_abandoned(id).unwrap_or(false) => {
                let end = folding.end_of_the_killed();
                Ok(Some(folding.finish(Some(end))))
            }
            Ok(Settled::Running) | Err(_) => Ok(Some(folding.finish(None))),
        }
    }

    /// Shows every line of a run in order; nothing stands for one that cannot be read. A run that is not there has none.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn for_each_line(&self, id: &RunId, mut each: impl FnMut(Option<Line>)) -> Result<()> {
        let file = match fs_err::File::open(self.file(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file.storage("read the run")?,
        };
        let mut reader = BufReader::new(file);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let length = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes);
            if length.storage("read the run")? == 0 {
                return Ok(());
            }
            let blank = bytes.iter().all(u8::is_ascii_whitespace);
            let complete = bytes.last() == Some(&b'\n');
            // What is being written at this moment is no damage.
            if !blank && (complete || !matches!(reader.fill_buf(), Ok([]))) {
                each(serde_json::from_slice(&bytes).ok());
            }
        }
    }
}

/// The runs that have a file in a folder, the oldest first.
fn ids_in(folder: &Path, extension: &str) -> Result<Vec<RunId>> {
    let entries = match fs_err::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.storage("list the runs")?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        let name = entry.storage("list the runs")?.file_name();
        let name = name.to_str().and_then(|name| name.strip_suffix(extension)?.strip_suffix('.'));
        ids.extend(name.and_then(|name| RunId::from_str(name).ok()));
    }
    ids.sort();
    Ok(ids)
}
