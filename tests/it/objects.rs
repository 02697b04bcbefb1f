//! Inputs and exports by address of an object, against a real S3 server on loopback, with faults between.

mod reading;
mod refusals;
mod server;
mod writing;

use std::fmt::Write as _;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, fixture};

use crate::trial;
use server::Server;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("objects::an_input_from_a_store_gives_the_version_of_the_file", &[], reading::same_version),
        trial("objects::what_may_pass_is_tried_again", &[], reading::passing),
        trial("objects::trouble_without_end_ends", &[], reading::endless),
        trial("objects::what_will_not_get_better_is_asked_once", &[], refusals::lasting),
        trial("objects::wrong_bytes_are_refused", &[], refusals::wrong_bytes),
        trial("objects::an_object_that_changes_while_it_is_read_is_refused", &[], refusals::changed),
        trial("objects::limits_and_pins_hold", &[], refusals::limits),
        trial("objects::a_months_neighbour_may_be_missing_and_its_bucket_may_not", &[], reading::neighbours),
        trial("objects::a_manifest_names_objects", &[], reading::manifest),
        trial(
            "objects::addresses_and_endpoints_are_checked_before_anything_is_asked",
            &[],
            refusals::addresses,
        ),
        trial("objects::secrets_are_neither_said_nor_kept", &[], refusals::secrets),
        trial("objects::azure_and_google_are_asked_as_their_variables_say", &[], reading::other_stores),
        trial("objects::an_export_holds_the_bytes_of_a_local_one", &[], writing::same_bytes),
        trial("objects::an_upload_that_may_succeed_is_tried_again", &[], writing::passing),
        trial("objects::an_upload_that_fails_leaves_no_object", &[], writing::failing),
        trial("objects::what_needs_a_folder_is_not_exported_to_objects", &[], writing::folders),
    ]
}

/// With the module that reads light curves.
fn sandbox() -> Sandbox {
    Sandbox::new().with_plugins(fixture::example())
}

/// A light curve of so many rows.
fn curve(rows: u32) -> String {
    let mut text = "time_day,magnitude,uncertainty_magnitude\n".to_owned();
    for row in 0..rows {
        writeln!(text, "{row}.25,12.{:03},0.02", row * 7 % 1000).unwrap();
    }
    text
}

/// Prepares `star` from one input.
fn prepare(server: &Server, sandbox: &Sandbox, input: &str) -> Outcome {
    prepare_with(server, sandbox, input, &[])
}

fn prepare_with(server: &Server, sandbox: &Sandbox, input: &str, variables: &[(&str, &str)]) -> Outcome {
    server.run_with(sandbox, &preparing(&format!("table={input}")), variables)
}

/// The words that prepare `star` from an input of the form `ROLE=PLACE`.
fn preparing(input: &str) -> [&str; 9] {
    let parameter = "reference_magnitude=12";
    ["prepare", "--plugin", "light_curve", "--name", "star", "--input", input, "--param", parameter]
}

fn version(sandbox: &Sandbox) -> String {
    let shown = sandbox.json(["show", "star"]);
    shown
        .pointer("/data/record/version")
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("{shown:#}"))
        .to_owned()
}

fn nothing_is_registered(sandbox: &Sandbox) {
    assert!(tests::tree(&sandbox.data_root().join("derived")).is_empty());
}
