//! Every end-to-end test, in one binary. A test is a function; [`trial`] gives it a name and says what it needs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod abi;
mod alerts;
mod author;
mod backup;
mod c_modules;
mod catalogue;
mod certify;
mod cli;
mod damaged;
mod deploy;
mod diff;
mod doctor;
mod exports;
mod faults;
mod fetch;
mod found;
mod futures;
mod health;
mod hostile;
mod ingest;
mod install;
mod libraries;
mod maintenance;
mod manual;
mod matrix;
mod mistakes;
mod objects;
mod packages;
mod pages;
mod partitions;
mod pictures;
mod probes;
mod readiness;
mod reference;
mod repair;
mod reports;
mod retire;
mod runs;
mod sandbox;
mod schedule;
mod serve;
mod toolchains;
mod trust;
mod walk;
mod way;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use tests::needs::Need;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = [
        way::trials(),
        walk::trials(),
        reference::trials(),
        damaged::trials(),
        exports::trials(),
        ingest::trials(),
        fetch::trials(),
        catalogue::trials(),
        alerts::trials(),
        schedule::trials(),
        certify::trials(),
        readiness::trials(),
        deploy::trials(),
        doctor::trials(),
        maintenance::trials(),
        manual::trials(),
        matrix::trials(),
        mistakes::trials(),
        health::trials(),
        hostile::trials(),
        install::trials(),
        libraries::trials(),
        found::trials(),
        abi::trials(),
        c_modules::trials(),
        toolchains::trials(),
        author::trials(),
        backup::trials(),
        faults::trials(),
        objects::trials(),
        packages::trials(),
        pages::trials(),
        partitions::trials(),
        futures::trials(),
        pictures::trials(),
        diff::trials(),
        repair::trials(),
        retire::trials(),
        reports::trials(),
        runs::trials(),
        cli::trials(),
        probes::trials(),
        trust::trials(),
        sandbox::trials(),
        serve::trials(),
    ];
    let trials = matrix::chosen(trials.into_iter().flatten().collect());
    let conclusion = libtest_mimic::run(&arguments, trials);
    pages::end();
    let everything = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.ignored;
    let held = arguments.list || matrix::concluded(everything);
    if held { conclusion.exit_code() } else { ExitCode::FAILURE }
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
