//! Every end-to-end test, in one binary. A test is a function; [`trial`] gives it a name and says what it needs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod abi;
mod author;
mod c_modules;
mod catalogue;
mod cli;
mod damaged;
mod diff;
mod exports;
mod faults;
mod fetch;
mod found;
mod futures;
mod hostile;
mod ingest;
mod install;
mod libraries;
mod objects;
mod packages;
mod partitions;
mod pictures;
mod probes;
mod reference;
mod retire;
mod sandbox;
mod toolchains;
mod trust;
mod way;

use libtest_mimic::{Arguments, Failed, Trial};
use tests::needs::Need;

fn main() {
    let arguments = Arguments::from_args();
    let trials = [
        way::trials(),
        reference::trials(),
        damaged::trials(),
        exports::trials(),
        ingest::trials(),
        fetch::trials(),
        catalogue::trials(),
        hostile::trials(),
        install::trials(),
        libraries::trials(),
        found::trials(),
        abi::trials(),
        c_modules::trials(),
        toolchains::trials(),
        author::trials(),
        faults::trials(),
        objects::trials(),
        packages::trials(),
        partitions::trials(),
        futures::trials(),
        pictures::trials(),
        diff::trials(),
        retire::trials(),
        cli::trials(),
        probes::trials(),
        trust::trials(),
        sandbox::trials(),
    ];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// A test. When something that it needs is absent it is listed as ignored, with what is missing in its name; where
/// `HOST_TEST_ALL` is set it fails instead.
fn trial(name: &str, needs: &[Need], test: fn()) -> Trial {
    let missing: Vec<String> = needs.iter().filter_map(|need| need.missing()).collect();
    if missing.is_empty() {
        return Trial::test(name, move || {
            test();
            Ok(())
        });
    }
    let missing = missing.join("; ");
    if tests::needs::all_demanded() {
        return Trial::test(name, move || Err(Failed::from(missing)));
    }
    Trial::test(format!("{name} [{missing}]"), || Ok(())).with_ignored_flag(true)
}
