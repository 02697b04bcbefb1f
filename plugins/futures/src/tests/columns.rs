//! Columns of strict mode, each computed again from others by the words of its description.

#![expect(clippy::float_cmp, reason = "the same numbers must come out, to the last digit")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::bundled::BUNDLED;
use super::derive;
use super::rows::Rows;
use super::synthetic::{MORNINGS_SECONDS, MadeBar, bars, file};
use crate::labels::MODES;

fn tables(parameters: &Value) -> BTreeMap<String, Rows> {
    Rows::of_all(derive(BUNDLED, parameters).unwrap())
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs()
}

#[test]
fn age_decays_by_months_up_to_the_date() {
    for (parameters, expected) in [
        (json!({}), 1.0),
        (json!({"as_of": "2025-09-01"}), 1.0),
        (json!({"as_of": "2026-02-28"}), (-0.05_f64 * 5.0).exp()),
        (json!({"as_of": "2026-02-01", "decay_per_month": 0.2}), (-1.0_f64).exp()),
        // Rows behind the date are not older than it.
        (json!({"as_of": "2025-06-30"}), 1.0),
    ] {
        let decays = tables(&parameters)["data"].present("decay");
        assert!(decays.iter().all(|decay| near(*decay, expected)), "{parameters}: {}", decays[0]);
    }
}

#[test]
fn session_columns_begin_with_each_session() {
    let tables = tables(&json!({}));
    let data = &tables["data"];
    let column = |name: &str| data.present(name);
    let [session, volume, close, high, low] = ["session", "volume", "close", "high", "low"].map(column);
    let [vwap, session_high, session_low] = ["session_vwap", "session_high", "session_low"].map(column);
    assert_eq!(vwap.len(), session.len(), "a session begins with a trade");
    let mut start = 0;
    let (mut value, mut traded, mut highest, mut lowest) = (0.0, 0.0, 0.0_f64, f64::INFINITY);
    for row in 0..session.len() {
        if row > 0 && session[row].to_bits() != session[row - 1].to_bits() {
            start = row;
        }
        if row == start {
            (value, traded, highest, lowest) = (0.0, 0.0, 0.0, f64::INFINITY);
        }
        value += close[row] * volume[row];
        traded += volume[row];
        (highest, lowest) = (highest.max(high[row]), lowest.min(low[row]));
        assert!(near(vwap[row], value / traded), "row {row}: {} for {}", vwap[row], value / traded);
        assert_eq!([session_high[row], session_low[row]], [highest, lowest], "row {row}");
    }
    assert!(start > 0, "there are two sessions");
}

#[test]
fn trades_last_from_entry_to_exit_and_labels_until_the_last_of_them() {
    for parameters in [json!({}), json!({"tie": "unknown", "horizon_seconds": 200})] {
        let tables = tables(&parameters);
        let data = &tables["data"].numbers;
        let times = &data["timestamp"];
        let mut ends = vec![0.0_f64; times.len()];
        for mode in MODES {
            let column = |kind: &str| &data[&format!("{kind}_{}", mode.name)];
            let (labels, exits, held) = (column("label"), column("exit_time"), column("holding_seconds"));
            for row in 0..times.len() {
                let exit = exits[row].unwrap();
                ends[row] = ends[row].max(exit);
                // The entry is the second behind the row's own.
                let expected = labels[row].map(|_| (exit - times[row].unwrap()) / 1e9 - 1.0);
                assert_eq!(held[row], expected, "{}, row {row}", mode.name);
            }
        }
        assert!(data["label_end_time"].iter().zip(ends).all(|(found, end)| *found == Some(end)));
    }
}

#[test]
fn a_weight_is_the_product_of_its_parts_and_both_classes_weigh_the_same() {
    let tables = tables(&json!({"as_of": "2026-01-01"}));
    let data = &tables["data"].numbers;
    for mode in MODES {
        let column = |kind: &str| &data[&format!("{kind}_{}", mode.name)];
        let (labels, balance) = (column("label"), column("class_balance"));
        let [lost, won] =
            [0.0, 1.0].map(|class| labels.iter().filter(|label| **label == Some(class)).count());
        #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
        let share = |class: usize| (lost + won) as f64 / (2 * class) as f64;
        let mut sums = [0.0, 0.0];
        for row in 0..labels.len() {
            let parts = [&data["decay"], column("uniqueness"), balance].map(|column| column[row]);
            let Some(label) = labels[row] else {
                assert_eq!([parts[1], parts[2], column("weight")[row]], [None; 3]);
                continue;
            };
            let is_won = label > 0.5;
            assert!(near(parts[2].unwrap(), share(if is_won { won } else { lost })), "{}", mode.name);
            sums[usize::from(is_won)] += parts[2].unwrap();
            let product: f64 = parts.into_iter().flatten().product();
            assert!(near(column("weight")[row].unwrap(), product), "{}, row {row}", mode.name);
        }
        assert!((sums[0] - sums[1]).abs() < 1e-6 * sums[0], "{}: {sums:?}", mode.name);
    }
}

#[test]
fn sessions_keep_the_hours_that_are_given() {
    // 09:15 in Chicago is 14:15 in UTC on these days.
    let tables = tables(&json!({"session_start": "09:15", "session_end": "11:00"}));
    let bounds = |from: u64| {
        MORNINGS_SECONDS.map(|morning| u32::try_from(morning + from).map(f64::from).unwrap() * 1e9)
    };
    let (opens, closes) = (bounds(6300), bounds(12_600));
    let sessions = &tables["sessions"];
    assert_eq!(
        (sessions.present("open_time"), sessions.present("close_time")),
        (opens.into(), closes.into())
    );
    let times = tables["data"].present("timestamp");
    let outside =
        |time: &&f64| !opens.iter().zip(closes).any(|(open, close)| **time >= *open && **time < close);
    assert_eq!(times.iter().filter(outside).count(), 0);
    assert_eq!(times.iter().rfind(|time| **time < closes[0]), Some(&(closes[0] - 1e9)));
    // That is what the reference calls the morning.
    assert!(tables["data"].present("is_morning").iter().all(|flag| *flag > 0.5));
}

#[test]
fn prices_join_by_difference_or_by_ratio() {
    for (adjustment, by_ratio) in [("difference", false), ("ratio", true)] {
        let tables = tables(&json!({"adjustment": adjustment}));
        let (data, rolls) = (&tables["data"], &tables["rolls"]);
        let (basis, ratio) = (rolls.present("basis")[0], rolls.present("ratio")[0]);
        assert!(basis > 50.0 && ratio > 1.005 && ratio < 1.015, "{basis}, {ratio}");
        let sessions = data.present("session");
        for name in ["open", "high", "low", "close"] {
            let (raw, adjusted) = (data.present(name), data.present(&format!("{name}_adjusted")));
            for ((raw, adjusted), session) in raw.iter().zip(&adjusted).zip(&sessions) {
                let expected = match (*session > 0.5, by_ratio) {
                    (true, _) => *raw,
                    (false, true) => raw * ratio,
                    (false, false) => raw + basis,
                };
                assert!(near(*adjusted, expected), "{adjustment}, {name}: {adjusted} for {expected}");
            }
        }
    }
}

#[test]
fn distances_are_those_that_are_given() {
    let given = json!({"low_vol_stop_ticks": 3, "low_vol_target_ticks": 4, "high_vol_target_ticks": 11});
    let tables = tables(&given);
    let data = &tables["data"].numbers;
    for (mode, stop, target) in
        [("low_vol_long", 3.0, 4.0), ("normal_vol_short", 8.0, 16.0), ("high_vol_short", 10.0, 11.0)]
    {
        let column = |kind: &str| &data[&format!("{kind}_{mode}")];
        let gains = column("outcome").iter().zip(column("gross_ticks"));
        let of_outcome = |outcome: f64| {
            gains.clone().filter(move |(found, _)| **found == Some(outcome)).map(|(_, gain)| gain.unwrap())
        };
        assert!(of_outcome(1.0).count() > 100 && of_outcome(1.0).all(|gain| near(gain, target)), "{mode}");
        assert!(of_outcome(2.0).count() > 100 && of_outcome(2.0).all(|gain| near(gain, -stop)), "{mode}");
        let rows = column("label").iter().zip(column("adverse_ticks")).zip(column("quality"));
        for ((_, adverse), quality) in rows.filter(|((label, _), _)| **label == Some(1.0)) {
            assert!(
                near(quality.unwrap(), (2.0 - 1.5 * (adverse.unwrap() / stop)).clamp(0.5, 2.0)),
                "{mode}"
            );
        }
    }
}

fn findings(bytes: &[u8], parameters: &Value, code: &str) -> Vec<(String, Option<f64>, Option<f64>)> {
    let findings = derive(bytes, parameters).unwrap().findings.into_iter();
    let of_code = findings.filter(|finding| finding.code == code);
    of_code.map(|finding| (finding.place, finding.measured, finding.limit)).collect()
}

#[test]
fn win_rates_that_nobody_believes_are_told_of() {
    let told = |parameters: &Value| findings(BUNDLED, parameters, "labels.win-rate");
    assert_eq!(told(&json!({})), []);
    let expected =
        MODES.map(|mode| (format!("table `data`, column `label_{}`", mode.name), Some(0.0), Some(0.05)));
    assert_eq!(told(&json!({"horizon_seconds": 1})), expected);
    assert_eq!(told(&json!({"horizon_seconds": 1, "win_rate_minimum": 0})), []);
    let high = told(&json!({"win_rate_maximum": 0.1}));
    assert!(!high.is_empty() && high.iter().all(|(_, found, limit)| *found > *limit && *limit == Some(0.1)));
}

/// The new contract is traded on the first day only when the session is over.
#[test]
fn a_roll_without_a_common_session_is_told_of_and_adjusts_nothing() {
    let close = MORNINGS_SECONDS[0] + 27_600;
    let first_day = |bar: &MadeBar| bar.time_nanoseconds < close * 1_000_000_000;
    let mut made = bars(41);
    made.retain(|bar| !first_day(bar) || bar.instrument_id == 101);
    let at = made.iter().position(|bar| !first_day(bar)).unwrap();
    let late = (0..600).map(|second| MadeBar::new(close + second, 102, [26_230; 4], 5000));
    made.splice(at..at, late);
    let bytes = file(&made);
    assert_eq!(findings(&bytes, &json!({}), "rolls.basis"), [("table `rolls`".to_owned(), None, None)]);
    assert_eq!(findings(BUNDLED, &json!({}), "rolls.basis"), []);
    for adjustment in ["difference", "ratio"] {
        let tables = Rows::of_all(derive(&bytes, &json!({"adjustment": adjustment})).unwrap());
        assert_eq!(tables["rolls"].numbers["basis"], [None]);
        assert_eq!(tables["data"].present("close"), tables["data"].present("close_adjusted"));
    }
}

#[test]
fn bars_of_more_contracts_than_are_believed_are_set_aside() {
    let tables = tables(&json!({"largest_volume": 39}));
    let rules = tables["quarantine"].texts["rule"].iter().flatten();
    // Before eight the old contract is traded by 40.
    assert!(rules.filter(|rule| *rule == "volume").count() > 100);
}
