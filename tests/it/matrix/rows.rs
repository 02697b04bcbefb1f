//! The rows: what is done to the host, by which trials, how often at least.

/// What a case may show that must not be. Ordered as the columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    /// Something half done can be seen, or what was there before is not whole any more.
    Torn,
    /// What was reported as done is not there.
    Lost,
    /// The host itself ended as it never may: by a panic, a signal of its own, or with a code that means nothing here.
    Died,
    /// Something is wrong, and what is said does not name it.
    Unnamed,
    /// The same command again does not come to the same end, or something of the fault stays.
    Diverged,
    /// The fault did not happen: the case shows nothing.
    Missed,
}

impl Wrong {
    pub(super) const ALL: [Self; 6] =
        [Self::Torn, Self::Lost, Self::Died, Self::Unnamed, Self::Diverged, Self::Missed];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Torn => "torn",
            Self::Lost => "lost",
            Self::Died => "died",
            Self::Unnamed => "unnamed",
            Self::Diverged => "diverged",
            Self::Missed => "missed",
        }
    }
}

/// One kind of fault.
#[derive(Debug)]
pub(crate) struct Row {
    pub(super) id: &'static str,
    pub(super) kind: &'static str,
    /// Cases below which the row did not run.
    pub(super) fewest: usize,
    /// What a failed assertion in a case means.
    pub(super) otherwise: Wrong,
    pub(super) trials: &'static [&'static str],
}

impl Row {
    /// Whether a row, a stage of it or one case is meant: `A1`, `A1/register` or `A1/register/write:7`.
    fn may_hold(&self, chosen: &str) -> bool {
        (chosen == "all" && self.id != PROOF.id) || chosen.split('/').next() == Some(self.id)
    }
}

/// Every row, and the one that shows that the matrix itself works.
pub(super) fn all() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain([&PROOF])
}

/// Those that are selected, if anything is.
pub(super) fn chosen(selection: Option<&[String]>) -> impl Iterator<Item = &'static Row> {
    all().filter(move |row| match selection {
        Some(chosen) => chosen.iter().any(|chosen| row.may_hold(chosen)),
        None => row.id != PROOF.id,
    })
}

const fn row(
    id: &'static str,
    kind: &'static str,
    fewest: usize,
    otherwise: Wrong,
    trials: &'static [&'static str],
) -> Row {
    Row { id, kind, fewest, otherwise, trials }
}

/// Broken on purpose; it runs only when it is asked for.
pub(super) const PROOF: Row = row("proof", "one case of ten is broken", 10, Wrong::Died, &["matrix::proof"]);

pub(super) const ROWS: &[Row] = &[
    row(
        "A1",
        "SIGKILL at each call that changes something",
        300,
        Wrong::Torn,
        &[
            "faults::killed_at_each_call_of_a_registration",
            "faults::killed_at_each_call_of_a_first_run",
            "faults::killed_at_each_call_of_a_selection",
            "faults::killed_at_each_call_of_a_repair",
            "faults::killed_at_each_call_of_a_retirement",
            "faults::killed_at_each_call_of_an_export",
            "faults::killed_at_each_call_of_a_change_of_settings",
        ],
    ),
    row("A2", "SIGKILL at any moment", 200, Wrong::Torn, &["faults::killed_at_any_moment_with_a_worker"]),
    row("A3", "SIGKILL again while recovering", 50, Wrong::Torn, &["faults::killed_again_while_recovering"]),
    row("A4", "SIGTERM, SIGINT, SIGHUP, also twice", 60, Wrong::Torn, &["faults::told_to_end_at_any_moment"]),
    row("A5", "a module misbehaves", 24, Wrong::Died, &["hostile::every_deed_is_contained_by_the_worker"]),
    row(
        "B1",
        "EIO and ENOSPC at each call",
        100,
        Wrong::Torn,
        &[
            "faults::an_input_or_output_error_at_each_call",
            "faults::no_space_left_at_each_call",
            "faults::an_input_or_output_error_at_each_call_of_an_export",
            "faults::no_space_left_at_each_call_of_an_export",
        ],
    ),
    row("B3", "a really full disk", 8, Wrong::Torn, &["faults::a_disk_that_is_really_full"]),
    row(
        "B4",
        "limits of the system",
        10,
        Wrong::Died,
        &["faults::within_limits_of_the_system", "faults::where_no_process_may_be_started"],
    ),
    row(
        "B5",
        "fsync fails once",
        10,
        Wrong::Lost,
        &["faults::what_could_not_be_synced_once_is_reported_as_failed"],
    ),
    row(
        "C1",
        "power cut: what is not synced is lost",
        60,
        Wrong::Torn,
        &[
            "faults::power_cut_after_each_call_of_a_registration",
            "faults::power_cut_after_each_call_of_a_first_run",
        ],
    ),
    row(
        "D1",
        "damage at rest",
        288,
        Wrong::Unnamed,
        &[
            "faults::every_damaged_file_is_named",
            "faults::every_extra_file_is_named",
            "faults::an_older_or_foreign_file_is_named",
            "backup::every_damaged_file_of_the_repository_is_named",
        ],
    ),
    row(
        "E5",
        "hostile inputs",
        40,
        Wrong::Unnamed,
        &[
            "ingest::contents_are_called_what_they_are",
            "damaged::desi_dr2",
            "damaged::sdss_dr12",
            "damaged::numbers_of_no_release",
        ],
    ),
    row(
        "F1",
        "several writers and readers at once",
        200,
        Wrong::Lost,
        &["faults::several_writers_and_readers_lose_nothing"],
    ),
    row(
        "F2",
        "lock owner stopped or dead, clocks, zones",
        10,
        Wrong::Diverged,
        &["faults::the_owner_of_the_lock_is_stopped_or_dies", "faults::clocks_jump_and_zones_change"],
    ),
    row(
        "G1",
        "environments",
        20,
        Wrong::Died,
        &["faults::in_every_environment", "faults::in_a_system_that_lacks_something"],
    ),
    row("H2", "drain with runs", 20, Wrong::Lost, &["serve::told_to_end_it_drains_whatever_runs"]),
    row("I1", "backup and restore", 2, Wrong::Torn, &["backup::one_file_and_a_hundred_come_back"]),
    row(
        "I2",
        "SIGKILL, EIO and ENOSPC at each call of a backup",
        100,
        Wrong::Torn,
        &[
            "backup::killed_at_each_call_of_init",
            "backup::killed_at_each_call_of_create",
            "backup::killed_at_each_call_of_restore",
            "backup::killed_at_each_call_of_a_replacement",
            "backup::killed_at_each_call_of_forget",
            "backup::killed_at_each_call_of_prune",
            "backup::an_input_or_output_error_at_each_call_of_create",
            "backup::no_space_left_at_each_call_of_restore",
        ],
    ),
    row(
        "J1",
        "the same recipe elsewhere",
        20,
        Wrong::Diverged,
        &["faults::two_data_roots_hold_the_same_bytes"],
    ),
];
