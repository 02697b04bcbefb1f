//! Every end-to-end test, in one binary. A test is a function; [`trial`] gives it a name and says what it needs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod abi;
mod cli;
mod damaged;
mod faults;
mod hostile;
mod ingest;
mod reference;
mod way;

use libtest_mimic::{Arguments, Failed, Trial};
use tests::needs::Need;

fn main() {
    let arguments = Arguments::from_args();
    let trials = [
        way::trials(),
        reference::trials(),
        damaged::trials(),
        ingest::trials(),
        hostile::trials(),
        abi::trials(),
        faults::trials(),
        cli::trials(),
    ];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// A test. When something that it needs is absent it is listed as ignored, with what is missing in its name.
fn trial(name: &str, needs: &[Need], test: fn()) -> Trial {
    let missing: Vec<String> = needs.iter().filter_map(|need| need.missing()).collect();
    let shown = if missing.is_empty() { name.to_owned() } else { format!("{name} [{}]", missing.join("; ")) };
    Trial::test(shown, move || {
        test();
        Ok::<(), Failed>(())
    })
    .with_ignored_flag(!missing.is_empty())
}
