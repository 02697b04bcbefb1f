//! How a module behaves while it runs.

use std::time::{Duration, Instant};

use super::run::Listener;
use super::{Faults, Suite};
use crate::ModuleError;

/// A module that was told to stop may finish what it does, within this time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Deriving and inspecting twice gives the same tables, matrices and report.
#[must_use]
pub fn the_same_input_gives_the_same_result(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        let derive = || suite.run(example, &Listener::patient());
        let inspect = || suite.inspect(example, &Listener::patient());
        if !alike(&derive(), &derive()) {
            faults.push(format!("example `{}`: two derivations differ", example.name));
        }
        if !alike(&inspect(), &inspect()) {
            faults.push(format!("example `{}`: two inspections differ", example.name));
        }
    }
    faults
}

/// Equal, where NaN equals NaN.
fn alike<T: PartialEq + std::fmt::Debug>(left: &T, right: &T) -> bool {
    left == right || format!("{left:?}") == format!("{right:?}")
}

/// The fractions that a module tells lie between 0 and 1 and never fall.
#[must_use]
pub fn progress_rises_from_0_to_1(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        let host = Listener::patient();
        // Errors are the business of another check.
        let _ = suite.run(example, &host);
        let told = host.heard().progress;
        if let Some(fraction) = told.iter().find(|fraction| !(0.0..=1.0).contains(*fraction)) {
            faults.push(format!("example `{}`: progress of {fraction}", example.name));
        } else if !told.is_sorted() {
            faults.push(format!("example `{}`: progress falls: {told:?}", example.name));
        }
    }
    faults
}

/// A module asks at least once a second whether to stop, and says `Cancelled` or is done within a second of hearing so.
#[must_use]
pub fn cancellation_is_obeyed(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        let mut add = |fault: String| faults.push(format!("example `{}`{fault}", example.name));
        let host = Listener::patient();
        let _ = suite.run(example, &host);
        let heard = host.heard();
        let mut silence = heard.longest_silence();
        if silence > PATIENCE {
            // The machine may have been busy with something else for once.
            let host = Listener::patient();
            let _ = suite.run(example, &host);
            silence = silence.min(host.heard().longest_silence());
        }
        if silence > PATIENCE {
            let seconds = silence.as_secs_f64();
            add(format!(
                ": it did not ask for {seconds:.1} s whether to stop; call `context.check_cancelled()?` once a second"
            ));
        }
        for question in [0, heard.questions / 2] {
            let (start, host) = (Instant::now(), Listener::stopping_at(question));
            let result = suite.run(example, &host);
            let late = host.heard().stopped.unwrap_or(start).elapsed() > PATIENCE;
            let fault = match result {
                _ if late => "it went on for more than a second".to_owned(),
                Err(ModuleError::Cancelled) | Ok(_) => continue,
                Err(error) => format!("it failed otherwise: {error}"),
            };
            add(format!(", told to stop at its question {}: {fault}", question + 1));
        }
    }
    faults
}
