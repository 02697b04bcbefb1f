//! What was answered with 202 is on the disk until it is over, so that a service that ends loses none of it: the next one
//! takes on what never began.
//!
//! Each file is locked by its service. It is removed when the journal tells how the run ended, and kept when it does
//! not; a run whose process has begun is the journal's, whatever became of its service.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Waiting;
use crate::durable::{self, LineLog};
use crate::error::{Error, Kind, Result, StorageContext};
use crate::journal::{Journal, RunId, WAITING_EXTENSION};

/// What is kept of a run until it is over.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    /// Holds the lock.
    _owned: LineLog,
}

impl Kept {
    /// Writes down what is about to be answered for. Durable when it returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn new(journal: &Journal, waiting: &Waiting) -> Result<Self> {
        durable::create_directories(&journal.waiting_folder()).storage("take on a run")?;
        let path = journal.waiting_file(&waiting.id);
        let mut line =
            serde_json::to_vec(waiting).expect("strings, numbers and string keys can be written as JSON");
        line.push(b'\n');
        let owned = LineLog::create(&path, &line).storage("take on a run")?;
        Ok(Self { path, _owned: owned })
    }

    /// Forgets it. What cannot be removed is worth a warning: the journal knows the run.
    pub(super) fn forget(self) {
        if let Err(error) = durable::remove(&self.path) {
            tracing::warn!("a run that is over is still kept: {error}");
        }
    }
}

/// Takes on what services that are gone have answered for, in the order in which they did, but for what is known. What
/// began, and what was never answered for because its file is incomplete, is forgotten. What cannot be understood or
/// opened is worth a warning, and stays for a service that can.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn left_behind(
    journal: &Journal,
    is_known: impl Fn(&RunId) -> bool,
) -> Result<Vec<(Waiting, Kept)>> {
    let entries = match fs_err::read_dir(journal.waiting_folder()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.storage("look for runs that wait")?,
    };
    let mut left = Vec::new();
    for entry in entries {
        let path = entry.storage("look for runs that wait")?.path();
        let id = path.file_stem().and_then(|stem| RunId::from_str(stem.to_str()?).ok());
        if id.is_some_and(|id| is_known(&id)) {
            continue;
        }
        match take_on(&path, journal) {
            Ok(taken) => left.extend(taken),
            Err(error) => tracing::warn!("a run that waits is not taken on: {error}"),
        }
    }
    left.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    Ok(left)
}

fn take_on(path: &Path, journal: &Journal) -> Result<Option<(Waiting, Kept)>> {
    let Some((kept, text)) = take_over(path).storage("take on a run that waits")? else { return Ok(None) };
    let waiting: Waiting = match serde_json::from_slice(&text) {
        Err(error) if error.is_eof() => {
            kept.forget();
            return Ok(None);
        }
        waiting => waiting.map_err(|error| {
            Error::new(Kind::Corrupt, format!("`{}` is no run of this host", path.display()))
                .cause(error.to_string())
        })?,
    };
    match journal.read(&waiting.id) {
        Ok(_) => {
            kept.forget();
            Ok(None)
        }
        Err(error) if error.kind == Kind::Usage => {
            let free = make_way(&journal.file(&waiting.id)).storage("take on a run that waits")?;
            Ok(free.then_some((waiting, kept)))
        }
        Err(error) => Err(error),
    }
}

/// Removes the empty file of a run whose process ended before it could begin; false while that lives.
pub(super) fn make_way(file: &Path) -> std::io::Result<bool> {
    match LineLog::inherit(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(Some(_owned)) if fs_err::metadata(file)?.len() == 0 => durable::remove(file).map(|()| true),
        Ok(_) => Ok(false),
    }
}

/// The file and its lock; nothing if its service lives, or it is no file of this folder.
fn take_over(path: &Path) -> std::io::Result<Option<(Kept, Vec<u8>)>> {
    if path.extension().is_none_or(|extension| extension != WAITING_EXTENSION) {
        return Ok(None);
    }
    let owned = match LineLog::inherit(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        owned => owned?,
    };
    let Some(owned) = owned else { return Ok(None) };
    let text = fs_err::read(path)?;
    Ok(Some((Kept { path: path.to_owned(), _owned: owned }, text)))
}

#[cfg(test)]
mod tests {
    use super::{Kept, left_behind};
    use crate::durable;
    use crate::durable::testing::soon;
    use crate::journal::{Beginning, Journal, Request, RunId, Trigger};
    use crate::serve::runs::{NotBegun, Waiting};

    fn waiting() -> Waiting {
        Waiting {
            id: RunId::new(),
            state: NotBegun::Waiting,
            accepted_at: String::new(),
            actor: "tester".to_owned(),
            request: Request::default(),
        }
    }

    #[test]
    fn what_never_began_is_taken_on_by_one_who_comes_after() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path());
        assert!(left_behind(&journal, |_| false).unwrap().is_empty());
        let all: Vec<Waiting> = (0..4).map(|_| waiting()).collect();
        let kept: Vec<Kept> = all.iter().map(|one| Kept::new(&journal, one).unwrap()).collect();
        assert!(left_behind(&journal, |_| false).unwrap().is_empty(), "their service lives");
        let begun = Beginning {
            id: Some(all[1].id.clone()),
            command: "prepare",
            request: Request::default(),
            actor: String::new(),
            trigger: Trigger::Http,
            resumes: None,
        };
        let _run = journal.begin(begun).unwrap();
        durable::publish(&journal.waiting_folder().join("torn.json"), b"{\"id\":").unwrap();
        durable::publish(&journal.waiting_folder().join("other"), b"").unwrap();
        // One that a newer host wrote, and one whose process was killed before it could begin.
        let newer = br#"{"id":"20260101T000000000Z-00000000","state":"waiting","newer":1}"#;
        durable::publish(&journal.waiting_folder().join("newer.json"), newer).unwrap();
        durable::publish(&journal.file(&all[2].id), b"").unwrap();
        for (number, one) in kept.into_iter().enumerate() {
            if number == 3 {
                one.forget();
            }
        }
        let left = soon(|| Some(left_behind(&journal, |_| false).unwrap()).filter(|left| left.len() >= 2));
        let ids: Vec<&RunId> = left.iter().map(|(one, _)| &one.id).collect();
        let mut expected = [&all[0].id, &all[2].id];
        expected.sort();
        assert_eq!(ids, expected);
        assert!(left_behind(&journal, |_| false).unwrap().is_empty(), "somebody has them");
        drop(left);
        let left = soon(|| Some(left_behind(&journal, |_| false).unwrap()).filter(|left| left.len() >= 2));
        assert_eq!(left.len(), 2, "and lost them");
        let files = fs_err::read_dir(journal.waiting_folder()).unwrap().count();
        assert_eq!(files, 4, "what is over or torn is gone, what is foreign or newer is not");
    }
}
