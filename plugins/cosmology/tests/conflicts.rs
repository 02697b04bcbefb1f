//! Which datasets hold some of the same information, over the catalogues of all modules.
#![expect(clippy::unwrap_used, reason = "a catalogue that cannot be read has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

/// Every pair that is named, in alphabetical order, with the reason.
type Pairs = BTreeMap<(String, String), String>;

/// The datasets of every module, and which of them conflict.
fn graph() -> (BTreeSet<String>, Pairs) {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut names, mut pairs) = (BTreeSet::new(), Pairs::new());
    for module in fs::read_dir(modules).unwrap() {
        let Ok(text) = fs::read_to_string(module.unwrap().path().join("catalogue.json")) else { continue };
        let catalogue: Value = serde_json::from_str(&text).unwrap();
        for (name, dataset) in catalogue["datasets"].as_object().unwrap() {
            assert!(names.insert(name.clone()), "two modules have `{name}`");
            for conflict in dataset["conflicts"].as_array().into_iter().flatten() {
                let reason = conflict["reason"].as_str().unwrap();
                for other in conflict["with"].as_array().unwrap() {
                    let other = other.as_str().unwrap().to_owned();
                    let pair = (name.min(&other).clone(), name.max(&other).clone());
                    assert!(!reason.is_empty() && *name != other, "{pair:?}");
                    // The host knows a pair from both sides.
                    assert!(pairs.insert(pair.clone(), reason.to_owned()).is_none(), "twice: {pair:?}");
                }
            }
        }
    }
    (names, pairs)
}

fn conflicting(pairs: &Pairs, one: &str) -> BTreeSet<String> {
    let other = |(left, right): &(String, String)| match one {
        _ if left == one => Some(right.clone()),
        _ if right == one => Some(left.clone()),
        _ => None,
    };
    pairs.keys().filter_map(other).collect()
}

#[test]
fn every_conflict_is_with_a_dataset_of_some_catalogue() {
    let (names, pairs) = graph();
    for module_has in ["desi_dr2", "growth_gold2018", "pantheonplus", "cc32", "desi_dr2_cmb_compression"] {
        assert!(names.contains(module_has), "{module_has}");
    }
    for (left, right) in pairs.keys() {
        assert!(names.contains(left) && names.contains(right), "{left} with {right}");
    }
    for (left, right) in [
        ("desi_dr1", "sdss_dr12_consensus_bao"),
        ("desi_dr2", "desi_dr2_lrg3_elg1"),
        ("desi_dr2", "sdss_dr16_lrg_bao_plus_rsd"),
        ("desi_dr2_lya", "sdss_dr16_lya_auto"),
        ("growth_gold2018", "growth_table_ii"),
        ("growth_gold2018", "sdss_dr12_consensus_bao"),
        ("growth_gold2018", "sdss_dr12_consensus_final_rsd"),
        ("growth_gold2018", "sdss_dr16_elg_bao"),
        ("growth_gold2018", "sdss_dr16_lrg_bao_plus"),
        ("sdss_dr12_consensus_bao", "sdss_dr16_lrg_bao"),
        ("sdss_dr16_lrg_bao", "sdss_dr16_lrg_bao_plus"),
    ] {
        assert!(pairs.contains_key(&(left.to_owned(), right.to_owned())), "{left} with {right}");
    }
}

/// Redshifts of a sample, and whether they are those of the Lyman alpha forest and not of galaxies or quasars.
type Sample = (&'static str, f64, f64, bool);

/// Parts of DESI DR2: DESI Collaboration 2025, arXiv:2503.14738.
const PARTS: [Sample; 7] = [
    ("desi_dr2_bgs", 0.1, 0.4, false),
    ("desi_dr2_lrg1", 0.4, 0.6, false),
    ("desi_dr2_lrg2", 0.6, 0.8, false),
    ("desi_dr2_lrg3_elg1", 0.8, 1.1, false),
    ("desi_dr2_elg2", 1.1, 1.6, false),
    ("desi_dr2_qso", 0.8, 2.1, false),
    ("desi_dr2_lya", 1.8, 4.2, true),
];

/// Samples on the same sky by the start of their names, the first that fits: Alam et al. 2021, arXiv:2007.08991, and
/// Alam et al. 2017, arXiv:1607.03155. The compilations of growth hold galaxies and quasars of all redshifts.
const OTHERS: [Sample; 9] = [
    ("sdss_dr7_mgs", 0.07, 0.2, false),
    ("sdss_dr12_consensus", 0.2, 0.75, false),
    ("sdss_dr12_lrg_bao", 0.2, 0.6, false),
    ("sdss_dr16_lrg_bao_plus", 0.2, 1.0, false),
    ("sdss_dr16_lrg_bao", 0.6, 1.0, false),
    ("sdss_dr16_elg_bao", 0.6, 1.1, false),
    ("sdss_dr16_qso_bao", 0.8, 2.2, false),
    ("sdss_dr16_lya_auto", 1.8, 4.2, true),
    ("growth_", 0.0, 2.2, false),
];

#[test]
fn who_conflicts_with_a_whole_conflicts_with_each_overlapping_part() {
    let (_, pairs) = graph();
    let with_whole = conflicting(&pairs, "desi_dr2");
    assert!(PARTS.iter().all(|part| with_whole.contains(part.0)));
    let mut checked = 0;
    for name in with_whole.iter().filter(|name| !name.starts_with("desi_")) {
        let sample = OTHERS.iter().find(|sample| name.starts_with(sample.0));
        let &(_, low, high, is_forest) = sample.unwrap_or_else(|| panic!("no redshifts of `{name}`"));
        let others = conflicting(&pairs, name);
        for (part, start, end, of_forest) in PARTS {
            if is_forest == of_forest && low < end && start < high {
                assert!(others.contains(part), "`{name}` conflicts with `desi_dr2`, but not with `{part}`");
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "{checked}");
}

/// One dataset read by two modules, or packed in two ways.
#[test]
fn the_same_numbers_conflict_with_the_same_datasets() {
    let (_, pairs) = graph();
    let twins = pairs.iter().filter(|(_, reason)| reason.starts_with("the same numbers"));
    let mut count = 0;
    for ((left, right), _) in twins {
        let (mut of_left, mut of_right) = (conflicting(&pairs, left), conflicting(&pairs, right));
        of_left.remove(right);
        of_right.remove(left);
        assert_eq!(of_left, of_right, "{left} and {right}");
        count += 1;
    }
    assert!(count >= 7, "{count}");
}
