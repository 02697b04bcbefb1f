//! Runs that were broken off and that nobody has made up for.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};

use super::Journal;
use super::end::State;
use super::event::DatasetOutcome;
use super::id::RunId;
use super::read::MOST_LOOKED_AT;
use super::record::{RunRecord, RunSummary};
use super::request::Request;
use crate::error::Result;

/// An END is shorter, but for one with a very long reason; then the whole run is read.
const TAIL_BYTES: u64 = 4096;

/// What was done after a run.
#[derive(Default)]
struct Since {
    resumed: BTreeSet<RunId>,
    completed: Vec<Request>,
    datasets: BTreeSet<String>,
}

impl Journal {
    /// The interrupted runs of the thousand that began last, the newest first, that nobody has gone on with or given up,
    /// and of whose datasets one has not been prepared since.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn broken_off(&self) -> Result<Vec<RunSummary>> {
        let newest: Vec<RunId> = self.ids()?.into_iter().rev().take(MOST_LOOKED_AT).collect();
        // Mostly none was, and then none has to be read whole.
        let looked_at = newest.iter().rposition(|id| self.may_be_broken_off(id)).map_or(0, |last| last + 1);
        let (mut found, mut since) = (Vec::new(), Since::default());
        for id in newest.iter().take(looked_at) {
            let Ok(Some(run)) = self.look(id) else { continue };
            if run.summary.state == State::Interrupted && !since.makes_up_for(&run) {
                found.push(run.summary.clone());
            }
            since.add(run);
        }
        Ok(found)
    }

    /// False only where the END says otherwise.
    fn may_be_broken_off(&self, id: &RunId) -> bool {
        self.tail(id)
            .is_ok_and(|tail| !tail.contains(r#""event":"end""#) || tail.contains(r#""state":"interrupted""#))
    }

    fn tail(&self, id: &RunId) -> io::Result<String> {
        let mut file = fs_err::File::open(self.file(id))?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Since {
    fn add(&mut self, run: RunRecord) {
        self.resumed.extend(run.summary.resumes);
        let request = essence(run.request);
        if run.summary.state == State::Completed && !self.completed.contains(&request) {
            self.completed.push(request);
        }
        let there = run.finished.into_iter().map(|finished| finished.dataset);
        let there =
            there.filter(|one| matches!(one.outcome, DatasetOutcome::Prepared | DatasetOutcome::Cached));
        self.datasets.extend(there.map(|one| one.dataset));
    }

    fn makes_up_for(&self, run: &RunRecord) -> bool {
        self.resumed.contains(&run.summary.id)
            || self.completed.contains(&essence(run.request.clone()))
            || missing(run).is_some_and(|missing| missing.iter().all(|name| self.datasets.contains(*name)))
    }
}

/// What two requests have in common that ask for the same.
fn essence(request: Request) -> Request {
    Request { force: false, jobs: None, ..request }
}

/// The datasets that a run did not come to the end of, if its request names them.
fn missing(run: &RunRecord) -> Option<Vec<&str>> {
    let request = &run.request;
    let wanted: Vec<&str> = match (&request.from, &request.partition, &request.plugin) {
        (None, None, Some(plugin)) => vec![request.name.as_deref().unwrap_or(plugin)],
        (None, None, None) => request.datasets.iter().map(String::as_str).collect(),
        _ => return None,
    };
    let begun = run.finished.iter().map(|finished| &finished.dataset);
    let done: Vec<&str> = begun
        .filter(|one| one.outcome != DatasetOutcome::NotStarted)
        .map(|one| one.dataset.as_str())
        .collect();
    Some(wanted.into_iter().filter(|name| !done.contains(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Beginning, DatasetFinished, End, Event, Run, Trigger};

    /// Runs that begin one after the other, whatever the clock says.
    struct Runs {
        _directory: tempfile::TempDir,
        journal: Journal,
        begun: u32,
    }

    impl Runs {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let journal = Journal::of(directory.path());
            Self { _directory: directory, journal, begun: 0 }
        }

        fn begin(&mut self, request: &Request, resumes: Option<&RunId>) -> Run {
            self.begun += 1;
            let id = format!("20260102T030405{:03}Z-00000000", self.begun);
            let beginning = Beginning {
                id: Some(id.parse().unwrap()),
                command: "prepare",
                request: request.clone(),
                actor: "tester".to_owned(),
                trigger: Trigger::Cli,
                resumes: resumes.cloned(),
            };
            self.journal.begin(beginning).unwrap()
        }

        fn complete(&mut self, request: &Request, resumes: Option<&RunId>, datasets: &[&str]) {
            let run = self.begin(request, resumes);
            for name in datasets {
                run.append(prepared(name));
            }
            run.end(End::of(None));
        }

        fn kill(&mut self, request: &Request, datasets: &[&str]) -> RunId {
            let run = self.begin(request, None);
            for name in datasets {
                run.append(prepared(name));
            }
            run.id().clone()
        }

        fn broken_off(&self) -> Vec<RunId> {
            self.journal.broken_off().unwrap().into_iter().map(|run| run.id).collect()
        }
    }

    fn prepared(name: &str) -> Event {
        let finished = serde_json::json!({
            "dataset": name, "outcome": "prepared", "seconds": 1.0, "module": "light_curve",
        });
        Event::DatasetFinished(Box::new(serde_json::from_value::<DatasetFinished>(finished).unwrap()))
    }

    fn named(names: &[&str]) -> Request {
        Request { datasets: names.iter().map(|name| (*name).to_owned()).collect(), ..Request::default() }
    }

    /// Five further runs of any kind hid it.
    #[test]
    fn an_interrupted_run_vanished_by_itself_after_five_others() {
        let mut runs = Runs::new();
        let killed = runs.kill(&named(&["moon", "sun"]), &["moon"]);
        for _ in 0..20 {
            runs.complete(&named(&["star", "moon"]), None, &["star", "moon"]);
        }
        assert_eq!(runs.broken_off(), [killed]);
        runs.complete(&named(&["sun"]), None, &["sun"]);
        assert_eq!(runs.broken_off(), [], "what it lacked is there");
    }

    #[test]
    fn whoever_goes_on_with_it_or_does_the_same_makes_up_for_it() {
        let months = Request { partition: Some("2010-07..2010-09".to_owned()), ..Request::default() };
        let other = Request { partition: Some("2011-07..2011-09".to_owned()), ..Request::default() };
        for (request, resumes, is_made_up) in [
            (&other, false, false),
            (&other, true, true),
            (&months, false, true),
            (&Request { force: true, jobs: Some(2), ..months.clone() }, false, true),
        ] {
            let mut runs = Runs::new();
            // One before is none that goes on.
            runs.complete(&months, None, &[]);
            let killed = runs.kill(&months, &["es_2010-07"]);
            runs.complete(request, resumes.then_some(&killed), &[]);
            assert_eq!(runs.broken_off().is_empty(), is_made_up, "{request:?} {resumes}");
        }
    }

    /// `run cancel` said that it was over, and only another run could silence the warning.
    #[test]
    fn an_interrupted_run_could_not_be_given_up() {
        let mut runs = Runs::new();
        let killed = runs.kill(&named(&["moon"]), &[]);
        assert_eq!(runs.broken_off().len(), 1);
        let cancelled = runs.journal.cancel(&killed, "tester", std::time::Duration::ZERO).unwrap();
        assert_eq!(cancelled.run.state, State::Cancelled);
        assert_eq!(runs.broken_off(), []);
        let again = runs.journal.cancel(&killed, "tester", std::time::Duration::ZERO).unwrap_err();
        assert!(again.message.contains("is over: cancelled"), "{again}");
    }

    /// What is not in the last bytes of a file may be in those before.
    #[test]
    fn an_end_with_a_long_reason_hides_nothing() {
        let mut runs = Runs::new();
        let run = runs.begin(&named(&["moon"]), None);
        let error = crate::error::Error::new(crate::error::Kind::Internal, "x".repeat(10_000));
        run.end(End { state: State::Interrupted, ..End::of(Some(&error)) });
        assert_eq!(runs.broken_off().len(), 1);
    }
}
