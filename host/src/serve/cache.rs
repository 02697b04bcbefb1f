//! Answers are kept while nothing that they depend on has changed: the head of the audit log, which every registration
//! and retirement changes, and the folders and files of modules, keys and manifests.
//!
//! Looking is a handful of `stat` calls; making an answer reads the index, a module's bytes or a dataset's numbers.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::{Answer, Question, Source};
use crate::error::Result;

/// Most answers that are kept; when there are more, all are dropped.
const MOST_ANSWERS: usize = 256;

/// Longest answer that is kept: a few large ones would hold more memory than they save time.
const LONGEST_BYTES: usize = 1 << 20;

/// Most bytes of answers that are kept; when there are more, all are dropped.
const MOST_BYTES: usize = 16 << 20;

/// How long an answer is used at most. Bounds what a change inside a watched folder's folders, which is not looked at,
/// can leave stale.
const LONGEST_USE: Duration = Duration::from_secs(10);

/// Kept answers.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// One lock for each question, so that one state of it is answered once while others wait.
    slots: Mutex<BTreeMap<Question, Slot>>,
    /// Bytes of the answers that were kept since all were dropped.
    bytes: AtomicUsize,
}

type Slot = Arc<Mutex<Option<Kept>>>;

#[derive(Debug)]
struct Kept {
    state: State,
    made: Instant,
    answer: Answer,
}

impl Cache {
    /// The answer that is kept, else a new one. Blocks.
    ///
    /// # Errors
    /// As [`Source::answer`]; a failure is not kept.
    pub(super) fn answer(&self, question: &Question, source: &dyn Source) -> Result<Answer> {
        // Before the answer is made: what changes meanwhile makes the next look differ.
        let state = State::of(source.watched(question));
        let slot = self.slot(question);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = &*slot
            && kept.state == state
            && kept.made.elapsed() < LONGEST_USE
        {
            return Ok(kept.answer.clone());
        }
        *slot = None;
        let answer = source.answer(question)?;
        if answer.len() <= LONGEST_BYTES {
            self.bytes.fetch_add(answer.len(), Ordering::Relaxed);
            *slot = Some(Kept { state, made: Instant::now(), answer: answer.clone() });
        }
        Ok(answer)
    }

    fn slot(&self, question: &Question) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let full = slots.len() >= MOST_ANSWERS && !slots.contains_key(question);
        if full || self.bytes.load(Ordering::Relaxed) > MOST_BYTES {
            slots.clear();
            self.bytes.store(0, Ordering::Relaxed);
        }
        Arc::clone(slots.entry(question.clone()).or_default())
    }
}

/// What was seen of every watched file, and of what lies in every watched folder.
#[derive(Debug, PartialEq, Eq)]
struct State(Vec<(PathBuf, Option<Seen>)>);

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds of the last change of content or attributes; nobody can set it back.
    changed: (i64, i64),
}

impl State {
    fn of(watched: Vec<PathBuf>) -> Self {
        let mut seen = Vec::new();
        for path in watched {
            if let Ok(entries) = fs::read_dir(&path) {
                seen.extend(entries.flatten().map(|entry| look(entry.path())));
            }
            seen.push(look(path));
        }
        // A folder tells its entries in any order.
        seen.sort_by(|one, other| one.0.cmp(&other.0));
        Self(seen)
    }
}

fn look(path: PathBuf) -> (PathBuf, Option<Seen>) {
    let seen = seen(&path);
    (path, seen)
}

fn seen(path: &Path) -> Option<Seen> {
    let metadata = fs::metadata(path).ok()?;
    Some(Seen {
        inode: metadata.ino(),
        bytes: metadata.len(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;
    use std::sync::Mutex;

    use super::Cache;
    use crate::durable;
    use crate::error::{Error, Kind, Result};
    use crate::journal::{Journal, Request, RunId};
    use crate::registry::Registry;
    use crate::schedule::{Program, Surroundings};
    use crate::serve::{Answer, Question, Source};

    #[derive(Debug)]
    struct Counting {
        watched: PathBuf,
        asked: Mutex<u32>,
    }

    impl Source for Counting {
        fn upkeep(&self, _: jiff::civil::Date) -> Result<(Program, Surroundings)> {
            Err(Error::new(Kind::NoDataRoot, "none"))
        }

        fn registry(&self) -> Result<Registry> {
            Err(Error::new(Kind::NoDataRoot, "none"))
        }

        fn watched(&self, _: &Question) -> Vec<PathBuf> {
            vec![self.watched.clone()]
        }

        fn journal(&self) -> Journal {
            Journal::of(&self.watched)
        }

        fn actor(&self) -> String {
            String::new()
        }

        fn input_directories(&self) -> Vec<PathBuf> {
            Vec::new()
        }

        fn prepare(&self, _: &RunId, _: &Request, _: &str) -> Command {
            Command::new("false")
        }

        fn answer(&self, question: &Question) -> Result<Answer> {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            match question {
                Question::Dataset(name) => Err(Error::new(Kind::Usage, name.clone())),
                Question::Report(_) => Ok(Answer::json("1".repeat(super::LONGEST_BYTES))),
                _ => Ok(Answer::json("{}".to_owned())),
            }
        }
    }

    #[test]
    fn a_state_is_answered_once_and_a_failure_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let source = Counting { watched: folder.path().to_owned(), asked: Mutex::new(0) };
        let cache = Cache::default();
        let asked = |question: &Question| {
            let _ = cache.answer(question, &source);
            *source.asked.lock().unwrap()
        };
        assert_eq!([asked(&Question::Datasets), asked(&Question::Datasets)], [1, 1]);
        durable::publish(&folder.path().join("new"), b"1").unwrap();
        assert_eq!([asked(&Question::Datasets), asked(&Question::Datasets)], [2, 2]);
        durable::publish(&folder.path().join("new"), b"2").unwrap();
        assert_eq!(asked(&Question::Datasets), 3, "the same size and place, other bytes");
        let unknown = Question::Dataset("unknown".to_owned());
        assert_eq!([asked(&unknown), asked(&unknown)], [4, 5]);
        for number in 0..1000 {
            let _ = cache.answer(&Question::Lineage(number.to_string()), &source);
        }
        assert!(cache.slots.lock().unwrap().len() <= super::MOST_ANSWERS);
        for number in 0..100 {
            let _ = cache.answer(&Question::Report(number.to_string()), &source);
        }
        assert!(cache.slots.lock().unwrap().len() <= super::MOST_BYTES / super::LONGEST_BYTES + 1);
    }
}
