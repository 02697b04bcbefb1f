//! Counting: each case once, under its row and stage, with what it showed.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use super::rows::{self, Row, Wrong};
use super::seed::seed;

/// What a case showed that must not be, and how one can tell.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) wrong: Wrong,
    pub(crate) why: String,
}

/// [`Broken`] unless it holds.
pub(crate) fn demand(wrong: Wrong, holds: bool, why: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { wrong, why: why() }) }
}

/// What was counted in one stage of a row.
#[derive(Debug, Default, Clone)]
pub(super) struct Count {
    pub(super) runs: usize,
    pub(super) wrong: BTreeMap<Wrong, usize>,
}

/// A case that did not hold.
#[derive(Debug, Clone)]
pub(super) struct Failing {
    pub(super) wrong: Wrong,
    pub(super) why: String,
    /// What runs this case alone.
    pub(super) replay: String,
}

/// Everything that was counted in this process.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By row and stage.
    pub(super) counts: BTreeMap<(&'static str, String), Count>,
    pub(super) failing: Vec<Failing>,
    /// Trials that lack something, with what.
    pub(super) cannot_run: Vec<String>,
}

pub(super) static TALLY: Mutex<Tally> =
    Mutex::new(Tally { counts: BTreeMap::new(), failing: Vec::new(), cannot_run: Vec::new() });

/// Notes a trial that lacks something.
pub(super) fn cannot_run(trial: &str) {
    TALLY.lock().unwrap().cannot_run.push(trial.to_owned());
}

/// The cases of one stage of a row.
#[derive(Debug)]
pub(crate) struct Cases {
    row: &'static Row,
    stage: String,
    runs: usize,
    wrong: Vec<String>,
}

impl Cases {
    pub(crate) fn of(row: &str, stage: impl Into<String>) -> Self {
        let row = rows::all().find(|known| known.id == row).unwrap();
        Self { row, stage: stage.into(), runs: 0, wrong: Vec::new() }
    }

    /// Runs a case and counts it, unless another one is replayed. An assertion that fails in it is what the row says.
    pub(crate) fn run<T>(&mut self, name: &str, case: impl FnOnce() -> Result<T, Broken>) -> Option<T> {
        let outcome = self.outcome(name, case)?;
        self.count(name, outcome)
    }

    /// The same for a case that may not come about: that is then none, and `finish` demands enough of the others.
    pub(crate) fn run_if_reached<T>(&mut self, name: &str, case: impl FnOnce() -> Result<T, Broken>) {
        match self.outcome(name, case) {
            None | Some(Err(Broken { wrong: Wrong::Missed, .. })) => {}
            Some(outcome) => drop(self.count(name, outcome)),
        }
    }

    /// How many were counted.
    pub(crate) fn runs(&self) -> usize {
        self.runs
    }

    fn address(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.row.id, self.stage)
    }

    fn outcome<T>(&self, name: &str, case: impl FnOnce() -> Result<T, Broken>) -> Option<Result<T, Broken>> {
        let failed = |panic: Box<dyn Any + Send>| {
            Err(Broken { wrong: self.row.otherwise, why: words(panic.as_ref()) })
        };
        is_selected(&self.address(name)).then(|| catch_unwind(AssertUnwindSafe(case)).unwrap_or_else(failed))
    }

    fn count<T>(&mut self, name: &str, outcome: Result<T, Broken>) -> Option<T> {
        let address = self.address(name);
        self.runs += 1;
        let mut tally = TALLY.lock().unwrap();
        let count = tally.counts.entry((self.row.id, self.stage.clone())).or_default();
        count.runs += 1;
        match outcome {
            Ok(value) => Some(value),
            Err(Broken { wrong, why }) => {
                *count.wrong.entry(wrong).or_default() += 1;
                let replay = format!("HOST_TEST_SEED={} tests/matrix '{address}'", seed());
                self.wrong.push(format!("{}: {why}\n  replay: {replay}", wrong.word()));
                tally.failing.push(Failing { wrong, why, replay });
                None
            }
        }
    }

    /// Fails when a case failed, or when there were fewer cases than there must be.
    pub(crate) fn finish(self, fewest: usize) {
        let Self { row, stage, runs, wrong } = self;
        assert!(wrong.is_empty(), "{} of {runs} in {}/{stage}:\n{}", wrong.len(), row.id, wrong.join("\n"));
        let demanded = is_selected(&format!("{}/{stage}", row.id));
        assert!(!demanded || runs >= fewest, "only {runs} cases in {}/{stage}", row.id);
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// What `HOST_TEST_MATRIX` selects, if it is set: `all`, or rows, stages and cases with commas between them.
pub(super) fn selection() -> Option<Vec<String>> {
    variable("HOST_TEST_MATRIX").map(|text| text.split(',').map(str::to_owned).collect())
}

/// Whether single cases are selected, so that their number says nothing.
pub(super) fn one_is_replayed() -> bool {
    selection().is_some_and(|chosen| chosen.iter().any(|chosen| chosen.matches('/').count() > 1))
}

/// Whether all of a row, of a stage, or a case is to run.
pub(super) fn is_selected(address: &str) -> bool {
    let within = |chosen: &String| {
        address.strip_prefix(chosen.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    selection().is_none_or(|selection| selection.iter().any(|chosen| chosen == "all" || within(chosen)))
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch, none of the host's variables")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
