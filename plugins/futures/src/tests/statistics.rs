//! The table `statistics`, number by number, against the tables that it speaks of.

#![expect(clippy::float_cmp, reason = "the same numbers must come out, to the last digit")]

use std::collections::BTreeMap;

use serde_json::json;

use super::bundled::BUNDLED;
use super::derive;
use super::rows::Rows;
use crate::features::NAMES;
use crate::labels::MODES;
use crate::quarantine::Rule;

/// The reference's ranges of what leaves them on a quiet walk, with the tenth that it allows.
const RANGES: [(&str, f64, f64); 3] = [
    ("volatility_regime", 0.0, 5.0 * 1.1),
    ("volatility_breakout", -5.0 * 1.1, 5.0 * 1.1),
    ("relative_bar_size", 0.0, 10.0 * 1.1),
];

type Numbers = BTreeMap<(String, String, String), f64>;

fn numbers(statistics: &Rows) -> Numbers {
    let text = |column: &str, row: usize| statistics.texts[column][row].clone().unwrap();
    let values = statistics.numbers["value"].iter().enumerate();
    let named = values
        .map(|(row, value)| ((text("scope", row), text("name", row), text("quantity", row)), value.unwrap()));
    let count = statistics.numbers["value"].len();
    let numbers: Numbers = named.collect();
    assert_eq!(numbers.len(), count, "a number stands there twice");
    numbers
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
fn count(rows: usize) -> f64 {
    rows as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len())
}

/// Everything that can be said of the tables again, from their rows alone.
fn recomputed(tables: &BTreeMap<String, Rows>) -> Numbers {
    let (data, aside) = (&tables["data"], &tables["quarantine"]);
    let mut numbers = Numbers::new();
    let mut add = |scope: &str, name: &str, quantity: &str, value: f64| {
        let key = (scope.to_owned(), name.to_owned(), quantity.to_owned());
        assert!(numbers.insert(key, value).is_none());
    };
    for rule in Rule::ALL {
        let of_rule = aside.texts["rule"].iter().flatten().filter(|found| *found == rule.name());
        add("rule", rule.name(), "count", count(of_rule.count()));
    }
    add("records", "quarantine", "count", count(aside.texts["rule"].len()));
    for mode in MODES {
        let labels = data.present(&format!("label_{}", mode.name));
        add("mode", mode.name, "labelled_rows", count(labels.len()));
        add("mode", mode.name, "winning_rows", labels.iter().sum());
        add("mode", mode.name, "win_rate", mean(&labels));
        add("mode", mode.name, "mean_weight", mean(&data.present(&format!("weight_{}", mode.name))));
    }
    for (name, _) in NAMES {
        let (all, present) = (data.numbers[name].len(), data.present(name));
        add("feature", name, "missing_fraction", count(all - present.len()) / count(all));
        let beyond = RANGES.iter().find(|(known, ..)| *known == name).map_or(0, |(_, lowest, highest)| {
            present.iter().filter(|value| **value < *lowest || **value > *highest).count()
        });
        add("feature", name, "outside_rows", count(beyond));
        if !present.is_empty() {
            add("feature", name, "minimum", present.iter().copied().fold(f64::INFINITY, f64::min));
            add("feature", name, "maximum", present.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            add("feature", name, "mean", mean(&present));
        }
    }
    numbers
}

/// The mean weight of strict mode left the balance of classes out, and was that of no column.
#[test]
fn every_number_of_the_statistics_is_that_of_the_tables() {
    for parameters in [
        json!({"mode": "compat"}),
        json!({"mode": "compat", "compat_labels": "roll_aware"}),
        json!({"mode": "strict"}),
        json!({"mode": "strict", "as_of": "2026-02-01", "tie": "unknown"}),
        // Nobody wins, so that one class is empty.
        json!({"mode": "strict", "horizon_seconds": 1}),
    ] {
        let tables = Rows::of_all(derive(BUNDLED, &parameters).unwrap());
        let mut found = numbers(&tables["statistics"]);
        let of_records = ["all", "clean", "other_instruments"]
            .map(|name| found.remove(&("records".to_owned(), name.to_owned(), "count".to_owned())).unwrap());
        let expected = recomputed(&tables);
        assert!(found.keys().eq(expected.keys()), "{parameters}: other numbers than expected");
        for (key, value) in &found {
            let near = (value - expected[key]).abs() <= 1e-9 * expected[key].abs().max(1e-6);
            assert!(near, "{parameters}: {key:?} is {value}, recomputed {}", expected[key]);
        }
        let beyond = |name: &str| found[&("feature".to_owned(), name.to_owned(), "outside_rows".to_owned())];
        assert!(RANGES.iter().any(|(name, ..)| beyond(name) > 0.0), "no value is beyond any range");
        let [all, clean, others] = of_records;
        let aside = count(tables["quarantine"].texts["rule"].len());
        assert_eq!((all - clean - others, aside), (aside, 2.0));
        let unpacked = zstd::decode_all(BUNDLED).unwrap();
        let metadata = 8 + u32::from_le_bytes(*unpacked[4..].first_chunk().unwrap()) as usize;
        assert_eq!(all, count((unpacked.len() - metadata) / 56));
        let spreads = unpacked[metadata..].as_chunks::<56>().0.iter().filter(|record| record[4] == 103);
        assert_eq!(others, count(spreads.count()));
    }
}
