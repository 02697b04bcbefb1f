//! The life of a module that a stranger packed: installed, listed, used, upgraded, rolled back, removed. Whoever is not
//! vouched for does not come in, and nothing that fails leaves anything behind.

mod killed;
mod life;
mod refused;
mod world;

use libtest_mimic::Trial;
use tests::needs::Need;

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("install::the_whole_life_of_a_module", &[], life::whole),
        trial("install::the_printed_moment_is_that_of_the_receipt", &[], life::moment),
        trial("install::a_folder_gives_the_newest_of_each_module", &[], life::folder),
        trial("install::a_server_gives_packages_and_newer_ones", &[], life::server),
        trial("install::what_a_server_sends_is_what_its_index_says", &[], refused::index),
        trial("install::an_unsigned_package_needs_somebody_who_vouches", &[], refused::unsigned),
        trial("install::a_package_by_a_stranger_is_refused", &[], refused::stranger),
        trial("install::an_upgrade_stays_with_its_key", &[], refused::other_key),
        trial("install::a_changed_byte_is_refused", &[], refused::changed_byte),
        trial("install::an_installed_library_that_was_changed_does_not_run", &[], refused::changed_library),
        trial("install::a_key_that_is_removed_counts_no_more", &[], refused::removed_key),
        trial("install::a_lock_file_decides_what_comes_in", &[], refused::locked),
        trial("install::a_package_from_an_odd_folder_can_be_locked", &[], life::odd_folder),
        trial("install::a_disabled_module_does_not_run_from_elsewhere", &[], life::disabled),
        trial("install::a_version_never_changes", &[], refused::other_bytes),
        trial("install::a_damaged_receipt_hides_no_other_module", &[], refused::damaged_receipt),
        trial("install::no_other_library_stands_in_for_an_installed_module", &[], refused::stand_in),
        trial(
            "install::a_module_is_upgraded_only_to_what_somebody_vouches_for",
            &[],
            refused::newer_unsigned,
        ),
        trial("install::others_that_may_write_are_told_of", &[], refused::writable),
        trial("install::a_dry_run_changes_nothing", &[], life::dry_run),
        trial("install::processes_that_install_at_once_wait_for_each_other", &[], life::together),
        trial("install::a_link_in_the_store_is_refused_and_goes_away", &[], refused::link),
        trial("install::killed_at_each_call_of_an_upgrade", &[Need::Strace], killed::upgrade),
        trial(
            "install::killed_while_another_signature_comes_the_module_runs",
            &[Need::Strace],
            killed::renewal,
        ),
        trial("install::killed_while_the_signature_goes_the_module_runs", &[Need::Strace], killed::unsigning),
    ]
}
