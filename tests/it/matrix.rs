//! The fault matrix: what happens to a host that is killed, starved, lied to or damaged, counted.
//!
//! A row is a kind of fault with the trials that cause it; a trial counts each case under row and stage, with what the
//! case showed. `tests/matrix` runs the rows alone and prints the table; a run of all tests prints it at its end, so
//! nothing runs twice. A row that could not run, or ran less often than it must, is never a passed one.

mod proof;
mod rows;
mod seed;
mod table;
mod tally;

use libtest_mimic::Trial;

pub(crate) use rows::Wrong;
pub(crate) use seed::Random;
pub(crate) use tally::{Broken, Cases, demand};

/// Trials that are in the matrix and nowhere else.
pub(crate) fn trials() -> Vec<Trial> {
    proof::trials()
}

/// Those of all trials that shall run. Notes which of them cannot.
pub(crate) fn chosen(mut trials: Vec<Trial>) -> Vec<Trial> {
    for name in rows::ROWS.iter().flat_map(|row| row.trials) {
        assert!(trials.iter().any(|trial| begins_with(trial.name(), name)), "no trial is called `{name}`");
    }
    let selection = tally::selection();
    let chosen: Vec<&str> = rows::chosen(selection.as_deref()).flat_map(|row| row.trials).copied().collect();
    let in_matrix = |trial: &Trial| chosen.iter().any(|name| begins_with(trial.name(), name));
    for trial in trials.iter().filter(|trial| trial.has_ignored_flag() && in_matrix(trial)) {
        tally::cannot_run(trial.name());
    }
    if selection.is_some() {
        trials.retain(in_matrix);
    }
    trials
}

/// Prints the table, and says whether all rows held. `everything`: whether no trial was left out by its name.
pub(crate) fn concluded(everything: bool) -> bool {
    let chosen = tally::selection();
    if !everything && chosen.is_none() {
        return true;
    }
    let demanded = chosen.is_some() || tests::needs::all_demanded();
    table::print() || !demanded
}

/// A trial that lacks something has what is missing behind its name.
fn begins_with(trial: &str, name: &str) -> bool {
    trial.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ["))
}
