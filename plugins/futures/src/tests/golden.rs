//! Three sessions with a roll, held against what the reference makes of them.

use std::collections::BTreeMap;

use serde_json::json;

use super::table::numbers;
use super::{published, read, settings};
use crate::cleaning::Recording;
use crate::features::{Features, NAMES, Series, WarmUp};
use crate::labels::{MODES, reference_labels, roll_mask};
use crate::neighbours::Months;
use crate::prepared::{Prepared, as_the_reference};
use crate::{columns, weights};

/// Absolute tolerances of the six features that the reference computes with rounding of its own; all others are equal to
/// the bit. Those of the specification, section 4, "Exactness".
const TOLERANCES: [(&str, f64); 6] = [
    ("volume_slope_30s", 1e-9),
    ("volume_slope_5s", 1e-9),
    ("volume_exhaustion", 1e-9),
    ("vwap_slope", 1e-10),
    ("momentum_consistency", 1e-12),
    ("volatility_breakout", 1e-8),
];

fn recording() -> Option<Recording> {
    let bytes = published("golden_raw.dbn.zst")?;
    Some(read(&bytes).unwrap())
}

fn prepared(recording: &Recording) -> Prepared {
    let months = Months::new(None, recording.clone(), None).unwrap();
    as_the_reference(&months, &settings(&json!({"mode": "compat"}))).unwrap()
}

fn published_numbers(path: &str) -> BTreeMap<String, Vec<f64>> {
    numbers(published(path).unwrap())
}

fn same(found: f64, expected: f64) -> bool {
    found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan())
}

#[test]
fn rows_are_those_of_the_reference() {
    let Some(recording) = recording() else { return };
    assert_eq!(recording.quarantine.len(), 0);
    assert_eq!(recording.records, 133_961);
    assert_eq!(recording.records, recording.bars.len() as u64 + recording.others);
    let prepared = prepared(&recording);
    let expected = published_numbers("prepared.parquet");
    let bars = &prepared.grid.bars;
    assert_eq!((bars.len(), expected["open"].len()), (81_000, 81_000));
    let column = |name: &str| expected[name].iter().copied();
    #[expect(clippy::cast_precision_loss, reason = "whole seconds")]
    let times = bars.time_seconds.iter().map(|time| (time * 1_000_000_000) as f64);
    assert!(times.zip(column("timestamp")).all(|(found, expected)| same(found, expected)));
    for (name, ticks) in [
        ("open", &bars.open_ticks),
        ("high", &bars.high_ticks),
        ("low", &bars.low_ticks),
        ("close", &bars.close_ticks),
    ] {
        let found = ticks.iter().map(|ticks| crate::ticks::points(*ticks));
        assert!(found.zip(column(name)).all(|(found, expected)| same(found, expected)), "{name}");
    }
    let volumes = bars.volume.iter().map(|volume| f64::from(*volume));
    assert!(volumes.zip(column("volume")).all(|(found, expected)| same(found, expected)));
    assert!(
        prepared.grid.filled.iter().zip(column("rtype")).all(|(filled, found)| *filled == found.is_nan())
    );
}

#[test]
fn labels_and_weights_are_those_of_both_paths_of_the_reference() {
    let Some(recording) = recording() else { return };
    let prepared = prepared(&recording);
    let bars = &prepared.grid.bars;
    for (path, mask, in_32_bits) in [
        ("labels_prod.parquet", Vec::new(), true),
        ("labels_rollaware.parquet", roll_mask(&bars.close_ticks), false),
    ] {
        let expected = published_numbers(path);
        let mut labels = Vec::new();
        let (mut wrong_labels, mut wrong_weights) = (0, 0);
        // Batches that fit nothing, so that their borders fall anywhere.
        for start in (0..bars.len()).step_by(7001) {
            let end = bars.len().min(start + 7001);
            labels.clear();
            reference_labels(bars, &mask, start..end, &mut labels);
            for (row, labels) in (start..).zip(&labels) {
                for (mode, label) in MODES.iter().zip(labels) {
                    let weight = weights::reference_weight(mode, label, 1.0);
                    #[expect(clippy::cast_possible_truncation, reason = "as the reference")]
                    let weight = if in_32_bits { f64::from(weight as f32) } else { weight };
                    let column = |kind: &str| expected[&format!("{kind}_{}", mode.name)][row];
                    wrong_labels += usize::from(!same(f64::from(u8::from(label.won)), column("label")));
                    wrong_weights += usize::from(!same(weight, column("weight")));
                }
            }
        }
        assert_eq!((wrong_labels, wrong_weights), (0, 0), "{path}: labels, weights");
    }
}

#[test]
fn features_are_those_of_the_reference() {
    let Some(recording) = recording() else { return };
    let prepared = prepared(&recording);
    let bars = &prepared.grid.bars;
    let expected = published_numbers("labels_features.parquet");
    let series = Series { rows: 0..bars.len(), warm_up: WarmUp::Reference };
    let mut features = Features::default();
    let mut report = Vec::new();
    let mut largest = vec![0.0_f64; NAMES.len()];
    let mut other_bits = vec![0; NAMES.len()];
    for (session, bounds) in prepared.grid.starts.windows(2).enumerate() {
        for start in (bounds[0]..bounds[1]).step_by(5003) {
            let end = bounds[1].min(start + 5003);
            let second = columns::second_of_day(&prepared, session, start);
            features.compute(bars, &series, start..end, second);
            for (index, (name, _)) in NAMES.iter().enumerate() {
                for (row, value) in (start..end).zip(&features.columns[index]) {
                    let expected = expected[*name][row];
                    if value.is_nan() != expected.is_nan() {
                        report.push(format!("{name}, row {row}: {value} for {expected}"));
                    } else if !same(*value, expected) && !value.is_nan() {
                        other_bits[index] += 1;
                        largest[index] = largest[index].max((value - expected).abs());
                    }
                }
            }
        }
    }
    for (index, (name, _)) in NAMES.iter().enumerate() {
        let tolerance = TOLERANCES.iter().find(|(known, _)| known == name).map_or(0.0, |(_, limit)| *limit);
        if largest[index] > tolerance {
            report
                .push(format!("{name}: {} values differ, by up to {:e}", other_bits[index], largest[index]));
        }
    }
    report.truncate(20);
    assert!(report.is_empty(), "{report:#?}");
    let equal = other_bits.iter().filter(|count| **count == 0).count();
    assert!(equal >= 37, "only {equal} features are equal to the bit: {other_bits:?}");
}
