//! Strict mode as a whole: sessions, rolls, and rows that keep to them.

use std::sync::Arc;

use plugin_api::Context;
use serde_json::{Value, json};

use super::rows::Rows;
use super::synthetic::{MORNINGS_SECONDS, MadeBar, bars, file};
use super::{derive, month, published, read, settings};
use crate::compat::Compat;
use crate::feature_statistics::Collected;
use crate::fill::Grid;
use crate::labels::{Arena, MODES, Scan, Tie, trades, uniqueness};
use crate::neighbours::Months;
use crate::prepared::{Prepared, as_the_reference, strictly};
use crate::quarantine::Rule;
use crate::settings::Mode;
use crate::splits::{Part, folds};
use crate::strict::Strict;

fn prepared(bars: &[MadeBar]) -> Prepared {
    strictly(&month(&file(bars)), &settings(&json!({}))).unwrap()
}

/// All columns of `data`, batches put together.
fn rows(bytes: &[u8], parameters: &Value, batch_rows: usize) -> Rows {
    rows_of(&month(bytes), parameters, batch_rows)
}

fn rows_of(months: &Months, parameters: &Value, batch_rows: usize) -> Rows {
    let (recording, settings, context) = (&months.recording, settings(parameters), Context::detached());
    Rows::of(if settings.mode == Mode::Compat {
        let prepared = as_the_reference(months, &settings).unwrap();
        let collected = Collected::of_rows(prepared.own_rows().len());
        Arc::new(Compat::new(prepared, recording, &settings, &context).unwrap())
            .into_table(batch_rows, collected, &context)
    } else {
        let prepared = strictly(months, &settings).unwrap();
        let collected = Collected::of_rows(prepared.own_rows().len());
        Arc::new(Strict::new(prepared, recording, &settings, &context).unwrap())
            .into_table(batch_rows, collected, &context)
    })
}

#[test]
fn the_table_does_not_depend_on_the_size_of_batches() {
    let bytes = file(&bars(21));
    for parameters in
        [json!({"mode": "compat"}), json!({}), json!({"feature_reset": "never", "as_of": "2025-12-01"})]
    {
        let whole = rows(&bytes, &parameters, 1 << 20);
        assert!(whole.numbers.len() + whole.texts.len() >= 65);
        for batch_rows in [997, 8192] {
            assert!(rows(&bytes, &parameters, batch_rows) == whole, "{parameters}, batches of {batch_rows}");
        }
    }
}

/// Bars behind a second change, those of each contract in their own way.
fn changed_behind(bars: &[MadeBar], until_seconds: u64) -> Vec<MadeBar> {
    let mut changed = bars.to_vec();
    for bar in changed.iter_mut().filter(|bar| bar.time_nanoseconds > until_seconds * 1_000_000_000) {
        let moved = i64::from(bar.instrument_id - 99) * 10 * 250_000_000;
        bar.prices_nanopoints = bar.prices_nanopoints.map(|price| price + moved);
        bar.volume += 17;
    }
    changed
}

/// Of the rows up to a second everything stays but what is said to look ahead: trades that are still open, the balance of
/// classes, and on the day before a roll the prices that are adjusted to the contract after it.
#[test]
fn the_future_changes_nothing_but_labels() {
    let sound = bars(22);
    for (day, morning) in MORNINGS_SECONDS.into_iter().enumerate() {
        let until = morning + 9000;
        let whole = rows(&file(&sound), &json!({}), 8192);
        let changed = rows(&file(&changed_behind(&sound, until)), &json!({}), 8192);
        let until = Some(u32::try_from(until).map(f64::from).unwrap() * 1e9);
        let known = whole.numbers["timestamp"].iter().filter(|time| **time <= until).count();
        assert!(known > 5000 && known < whole.numbers["timestamp"].len());
        for (name, texts) in &whole.texts {
            assert!(texts[..known] == changed.texts[name][..known], "{name}");
        }
        let mut different = Vec::new();
        for (name, values) in &whole.numbers {
            let mode = MODES.iter().find(|mode| name.ends_with(mode.name));
            // A trade that was over cannot change; before that nobody knows.
            let end = match mode {
                Some(mode) => format!("exit_time_{}", mode.name),
                None if name == "label_end_time" => name.clone(),
                None => "timestamp".to_owned(),
            };
            let over: Vec<bool> = whole.numbers[&end][..known].iter().map(|end| *end <= until).collect();
            assert!(over.iter().filter(|over| **over).count() > 4000, "{name} is hardly compared");
            let pairs = values.iter().zip(&changed.numbers[name]).zip(over);
            if pairs.filter(|(_, over)| *over).any(|((before, after), _)| before != after) {
                different.push(name.as_str());
            }
        }
        let looks_ahead = |name: &&str| {
            name.starts_with("class_balance_")
                || name.starts_with("weight_")
                || (day == 0 && name.ends_with("_adjusted"))
        };
        assert!(different.iter().all(looks_ahead), "day {day}: {different:?}");
        let adjusted = different.iter().filter(|name| name.ends_with("_adjusted")).count();
        assert_eq!(adjusted, if day == 0 { 4 } else { 0 }, "day {day}: {different:?}");
    }
}

#[test]
fn sessions_begin_with_a_trade_and_end_with_the_calendar() {
    let prepared = prepared(&bars(23));
    let opens: Vec<i64> = prepared.sessions.iter().map(|session| session.open_seconds).collect();
    let mornings = MORNINGS_SECONDS.map(|morning| i64::try_from(morning).unwrap() + 3600);
    assert_eq!(opens, mornings);
    let Grid { bars, filled, starts, .. } = &prepared.grid;
    for (session, bounds) in prepared.sessions.iter().zip(starts.windows(2)) {
        assert!(!filled[bounds[0]], "a session begins with a trade");
        let times = &bars.time_seconds[bounds[0]..bounds[1]];
        assert!(times.windows(2).all(|pair| pair[1] == pair[0] + 1), "a row each second");
        assert_eq!(times.last(), Some(&(session.close_seconds - 1)));
        assert!(bars.contract[bounds[0]..bounds[1]].iter().all(|contract| *contract == session.contract));
    }
    // The recording ends a few seconds before the second session does.
    assert_eq!(prepared.sessions.iter().map(|session| session.cut_off).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn volume_of_the_day_before_decides_and_never_turns_back() {
    let sound = bars(24);
    let found = prepared(&sound);
    assert_eq!(found.sessions.iter().map(|session| session.contract).collect::<Vec<_>>(), [0, 1]);
    let [roll] = &found.rolls[..] else { panic!("{:?}", found.rolls) };
    assert!(roll.to_volume > roll.from_volume && roll.time_seconds == found.sessions[1].open_seconds);
    assert!((225..=235).contains(&roll.basis_ticks.unwrap()), "{roll:?}");
    // The whole file a week later, the old contract leading by far: nothing turns back.
    let mut longer = sound.clone();
    for bar in &sound {
        let mut later = *bar;
        later.time_nanoseconds += 86_400 * 1_000_000_000 * 4;
        later.volume *= if bar.instrument_id == 101 { 1000 } else { 1 };
        longer.push(later);
    }
    let bytes = {
        use super::synthetic::{SYMBOLS, metadata};
        let head = metadata(3, &SYMBOLS, [20_250_912, 20_250_930], [0, u64::MAX]);
        [head, longer.iter().flat_map(MadeBar::record).collect()].concat()
    };
    let contracts = |parameters: &Value| {
        let longer = strictly(&month(&bytes), &settings(parameters)).unwrap();
        longer.sessions.iter().map(|session| session.contract).collect::<Vec<_>>()
    };
    assert_eq!(contracts(&json!({})), [0, 1, 1, 1]);
    // Nothing of the contract held is traded on the second day, which so has no session; then the other leads by far.
    assert_eq!(contracts(&json!({"roll_days": 2})), [0, 1, 1]);
    assert_eq!(contracts(&json!({"roll_volume_ratio": 100})), [0, 1, 1]);
    windows_begin_anew_where_the_parameter_says(&bytes);
}

fn windows_begin_anew_where_the_parameter_says(bytes: &[u8]) {
    for (reset, begins_full) in [
        ("session", [false, false, false, false]),
        ("contract", [false, false, true, true]),
        ("never", [false, true, true, true]),
    ] {
        let rows = rows(bytes, &json!({"feature_reset": reset}), 8192);
        let starts = (0..4).map(|session| {
            let number = Some(f64::from(session));
            rows.numbers["session"].iter().position(|found| *found == number).unwrap()
        });
        for column in ["return_300s", "distance_from_rth_high", "volatility_breakout"] {
            let found: Vec<bool> = starts.clone().map(|row| rows.numbers[column][row].is_some()).collect();
            assert_eq!(found, begins_full, "{reset}, {column}");
        }
    }
}

#[test]
fn uniqueness_is_one_over_the_number_of_open_trades() {
    let prepared = prepared(&bars(25));
    let rows = prepared.rows(0);
    let arena =
        Arena { rows: rows.start..rows.start + 2000, cut_off: false, horizon_rows: 900, tie: Tie::Stop };
    let (mut found, mut unique) = (Vec::new(), Vec::new());
    trades(&prepared.grid.bars, &arena, &mut Scan::default(), &mut found);
    for mode in 0..MODES.len() {
        uniqueness(rows.start, &found, mode, Tie::Stop, &mut unique);
        let life = |index: usize| {
            let exit = found[index][mode].exit as usize - rows.start;
            found[index][mode].label(Tie::Stop).map(|_| index + 1..=exit)
        };
        for index in [0, 1, 500, 1500, 1998] {
            let life_here = life(index).unwrap();
            let open = |bar: usize| {
                (0..found.len()).filter(|other| life(*other).is_some_and(|life| life.contains(&bar))).count()
            };
            let (mut sum, mut length) = (0.0, 0.0);
            for bar in life_here {
                sum += 1.0 / f64::from(u32::try_from(open(bar)).unwrap());
                length += 1.0;
            }
            assert!((unique[index] - sum / length).abs() < 1e-12, "mode {mode}, row {index}");
        }
        assert!(unique[1999].to_bits() == 0, "the last row has no trade");
    }
}

/// 22 trading days with Labor Day; the old contract leads until the 12th, so the 16th is the first day that is known to
/// be the new one's.
#[test]
fn a_month_has_its_sessions_and_its_roll() {
    let Some(bytes) = published("raw_month.dbn.zst") else { return };
    let months = month(&bytes);
    let recording = &months.recording;
    // Five bars of the old contract on the 18th have zeros for prices.
    let aside = [recording.quarantine.count(Rule::NonPositivePrice), recording.quarantine.len()];
    assert_eq!((recording.records, aside), (1_165_018, [5, 5]));
    let prepared = strictly(&months, &settings(&json!({}))).unwrap();
    assert_eq!(prepared.sessions.len(), 22);
    assert!(prepared.rows(0).len() <= 12_600, "Labor Day ends at noon");
    let full = (1..22).filter(|session| prepared.rows(*session).len() > 23_000).count();
    assert_eq!(full, 21);
    let [roll] = &prepared.rolls[..] else { panic!("{:?}", prepared.rolls) };
    assert_eq!(
        (recording.contracts.symbol(roll.from), recording.contracts.symbol(roll.to)),
        ("ESU5", "ESZ5")
    );
    assert_eq!(prepared.sessions[11].date.to_string(), "2025-09-16");
    assert_eq!(roll.time_seconds, prepared.sessions[11].open_seconds);
    let basis = crate::ticks::points(roll.basis_ticks.unwrap());
    assert!((basis - 58.25).abs() < 2.0, "{basis}");
    let mut derived = derive(&bytes, &json!({})).unwrap();
    assert_eq!(derived.tables.len(), 6);
    derived.tables.remove(0).into_batches().for_each(|batch| drop(batch.unwrap()));
    let remarks = derived.remarks().unwrap();
    assert_eq!(remarks.metadata["quality"]["reprocess"], json!(false), "{}", remarks.metadata["quality"]);
}

#[test]
fn no_label_of_a_training_row_reaches_into_a_test() {
    let prepared = prepared(&bars(26));
    let spans = folds(&prepared, 5, 900);
    let rows = prepared.grid.bars.len();
    let (mut scan, mut found, mut ends) = (Scan::default(), Vec::new(), vec![0; rows]);
    for session in 0..prepared.sessions.len() {
        let rows = prepared.rows(session);
        let arena = Arena { rows: rows.clone(), cut_off: false, horizon_rows: 900, tie: Tie::Stop };
        trades(&prepared.grid.bars, &arena, &mut scan, &mut found);
        for (row, trades) in rows.zip(&found) {
            ends[row] = trades.iter().map(|trade| trade.exit as usize).max().unwrap();
        }
    }
    for fold in 0..2 {
        let of_fold = || spans.iter().filter(|span| span.fold == fold);
        assert_eq!(of_fold().map(|span| span.rows.len()).sum::<usize>(), rows, "each row is for something");
        let test = of_fold().find(|span| span.part == Part::Test).unwrap().rows.clone();
        let last_needed = test.clone().map(|row| ends[row]).max().unwrap();
        for train in of_fold().filter(|span| span.part == Part::Train) {
            let reaches = |row: usize| row <= last_needed && ends[row] >= test.start;
            assert!(!train.rows.clone().any(reaches), "fold {fold}");
        }
    }
    assert_eq!(
        spans.iter().filter(|span| span.part == Part::Embargo).map(|span| span.rows.len()).sum::<usize>(),
        900
    );
}

/// Two days as one file, and as two with the other as its neighbour.
#[test]
fn the_border_of_a_month_is_invisible() {
    border_is_invisible(MORNINGS_SECONDS[1]);
}

/// Both months put out the session in which they meet: all of its rows stood there twice.
#[test]
fn a_session_in_which_two_months_meet_is_put_out_once() {
    border_is_invisible(MORNINGS_SECONDS[0] + 12_345);
    border_is_invisible(MORNINGS_SECONDS[1] + 12_345);
}

fn border_is_invisible(border_seconds: u64) {
    let bars = bars(27);
    let border = bars.iter().position(|bar| bar.time_nanoseconds >= border_seconds * 1_000_000_000).unwrap();
    let part = |bars: &[MadeBar]| read(&file(bars)).unwrap();
    let (one, two) = (part(&bars[..border]), part(&bars[border..]));
    let first = Months::new(None, one.clone(), Some(&two)).unwrap();
    let second = Months::new(Some(&one), two.clone(), None).unwrap();
    for parameters in [json!({"mode": "compat"}), json!({}), json!({"feature_reset": "never"})] {
        let whole = rows(&file(&bars), &parameters, 8192);
        let (first, second) = (rows_of(&first, &parameters, 8192), rows_of(&second, &parameters, 8192));
        let mut compared = 0;
        for (name, whole) in &whole.numbers {
            // Prices join those of the last contract that is known, and classes are balanced over what is labelled.
            let of_the_month =
                ["_adjusted", "class_balance", "weight_"].iter().any(|part| name.contains(part));
            if (of_the_month || name == "session") && parameters["mode"].is_null() {
                continue;
            }
            // No session closes before noon of the first day, so that there may be no batch at all.
            let column = |part: &Rows| part.numbers.get(name).cloned().unwrap_or_default();
            let both = [column(&first), column(&second)].concat();
            assert!(both == *whole, "{parameters}, {name}");
            compared += 1;
        }
        assert!(compared >= 64, "{compared}");
        let symbols = |part: &Rows| part.texts.get("symbol").cloned().unwrap_or_default();
        assert_eq!([symbols(&first), symbols(&second)].concat(), symbols(&whole));
    }
    let exchanged = Months::new(Some(&two), one, None).unwrap_err().to_string();
    assert_eq!(exchanged, "input `previous`: its bars do not lie before those of `bars`");
}

#[test]
fn statistics_of_half_a_table_are_refused() {
    let bytes = file(&bars(26));
    let mut derived = derive(&bytes, &json!({})).unwrap();
    let error = derived.remarks().unwrap_err().to_string();
    assert!(error.contains("before all rows of `data` were read"), "{error}");
}
