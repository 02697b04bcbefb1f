//! One-second bars to training tables, as a user runs it: what is registered is what the reference makes, what is damaged
//! is set aside or refused, and the border of a month is no border of the data.

mod damage;
mod file;
mod golden;
mod months;
mod tables;

use libtest_mimic::Trial;
use tests::Sandbox;
use tests::needs::Need::{Bars, Pyarrow};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let needs = &[Bars, Pyarrow];
    vec![
        trial("futures::what_is_registered_is_what_the_reference_makes", needs, golden::compat),
        trial("futures::a_parquet_file_gives_the_same_tables", needs, golden::parquet),
        trial("futures::a_file_that_cannot_be_read_is_refused_with_its_place", &[Bars], damage::refused),
        trial("futures::damage_to_one_byte_in_a_hundred_is_refused_or_set_aside", &[Bars], damage::random),
        trial("futures::bars_that_break_a_rule_are_set_aside_and_counted", &[], damage::set_aside),
        trial("futures::a_second_of_news_is_told_of_and_refuses_no_month", &[], damage::news),
        trial("futures::months_in_a_row_are_the_whole", needs, months::row_for_row),
        trial("futures::a_damaged_month_stops_no_other", &[], months::batch),
        trial("futures::two_months_exchanged_are_refused_and_stop_no_other", &[], months::exchanged),
        trial("futures::a_parameter_of_the_other_mode_is_refused", &[], months::other_mode),
        trial("futures::a_month_to_look_at_again_is_found_by_its_score", &[], months::score),
    ]
}

/// Prepares bars under a name; fails when the host does.
fn prepare(sandbox: &Sandbox, name: &str, more: &[&str]) {
    let arguments = ["prepare", "--plugin", "futures", "--name", name];
    let _ = sandbox.run([&arguments[..], more].concat()).success();
}

/// `ROLE=FILE` for a published file.
fn published(role: &str, file: &str) -> String {
    format!("{role}={}", tests::needs::releases().join("futures").join(file).display())
}
