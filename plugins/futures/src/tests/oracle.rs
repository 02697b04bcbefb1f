//! Labels and features by the words of their definitions, a row and a bar at a time, on made-up bars with jumps.

use super::synthetic::Random;
use crate::bars::{Bar, Bars};
use crate::features::{Features, NAMES, Series, WarmUp};
use crate::labels::{
    Arena, MODES, Mode, Outcome, PAIRS, Scan, Tie, Trade, modes, reference_labels, roll_mask, trades,
};

/// A walk that stands still for a while, and jumps now and then.
pub(super) fn walk(seed: u64, rows: usize) -> Bars {
    let mut random = Random(seed);
    let mut bars = Bars::default();
    let mut price = 20_000_i32;
    let small = |random: &mut Random, bound| i32::try_from(random.below(bound)).unwrap();
    for row in 0..rows {
        let calm = (row / 500) % 3 == 0;
        let open = price + if calm { 0 } else { small(&mut random, 3) - 1 };
        let close = open + if calm { 0 } else { small(&mut random, 5) - 2 };
        let jump = if random.below(700) == 0 { small(&mut random, 241) - 120 } else { 0 };
        // Now and then a second wide enough for target and stop.
        let wide = if random.below(400) == 0 { 22 } else { 2 };
        let (high, low) =
            (open.max(close) + small(&mut random, wide), open.min(close) - small(&mut random, wide));
        bars.push(Bar {
            time_seconds: i64::try_from(row).unwrap(),
            prices_ticks: [open, high, low, close],
            volume: if calm { 0 } else { u32::try_from(random.below(40)).unwrap() },
            contract: 0,
            publisher: 1,
        });
        price = close + jump;
    }
    bars
}

/// The trade of one row, bar by bar.
fn one(bars: &Bars, arena: &Arena, row: usize, mode: Mode) -> Trade {
    let (entry, end) = (row + 1, arena.rows.end);
    if entry >= end {
        let outcome = if arena.cut_off { Outcome::DataEnd } else { Outcome::NoEntry };
        return Trade { outcome, exit: u32::try_from(row).unwrap(), ..Trade::default() };
    }
    let open = bars.open_ticks[entry];
    let sign = if mode.long { 1 } else { -1 };
    let mut trade = Trade::default();
    for bar in entry..=row + arena.horizon_rows {
        if bar >= end {
            trade.outcome = if arena.cut_off { Outcome::DataEnd } else { Outcome::SessionEnd };
            trade.gross_ticks = sign * (bars.close_ticks[end - 1] - open);
            return trade;
        }
        let (up, down) = (bars.high_ticks[bar] - open, open - bars.low_ticks[bar]);
        let (gain, loss) = if mode.long { (up, down) } else { (down, up) };
        trade.exit = u32::try_from(bar).unwrap();
        trade.adverse_ticks = trade.adverse_ticks.max(loss);
        trade.favourable_ticks = trade.favourable_ticks.max(gain);
        trade.outcome = match (gain >= mode.target_ticks, loss >= mode.stop_ticks) {
            (true, true) => Outcome::Both,
            (true, false) => Outcome::Target,
            (false, true) => Outcome::Stop,
            (false, false) => continue,
        };
        let won =
            trade.outcome == Outcome::Target || (trade.outcome == Outcome::Both && arena.tie == Tie::Target);
        trade.gross_ticks = if won { mode.target_ticks } else { -mode.stop_ticks };
        return trade;
    }
    trade.outcome = Outcome::Vertical;
    trade.gross_ticks = sign * (bars.close_ticks[row + arena.horizon_rows] - open);
    trade
}

#[test]
fn trades_are_what_a_look_at_every_bar_says() {
    let mut seen = [0; 7];
    for (seed, tie, pairs) in [
        (1, Tie::Stop, PAIRS),
        (2, Tie::Target, PAIRS),
        (3, Tie::Unknown, PAIRS),
        // The same distance several times, and a target nearer than its stop.
        (4, Tie::Stop, [(5, 5), (20, 5), (9, 33)]),
    ] {
        let bars = walk(seed, 4000);
        let modes = modes(pairs);
        let (mut scan, mut found) = (Scan::new(modes), Vec::new());
        for cut_off in [false, true] {
            let arena = Arena { rows: 700..3600, cut_off, horizon_rows: 300, tie };
            trades(&bars, &arena, &mut scan, &mut found);
            assert_eq!(found.len(), arena.rows.len());
            for (row, found) in arena.rows.clone().zip(&found) {
                for (mode, found) in modes.iter().zip(found) {
                    assert_eq!(
                        *found,
                        one(&bars, &arena, row, *mode),
                        "seed {seed}, row {row}, {}",
                        mode.name
                    );
                    assert!(arena.rows.contains(&(found.exit as usize)));
                    seen[found.outcome as usize] += 1;
                }
            }
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "an outcome never happened: {seen:?}");
}

#[test]
fn the_reference_labels_are_what_a_look_at_every_bar_says() {
    let bars = walk(9, 5000);
    let mask = roll_mask(&bars.close_ticks);
    assert!(mask.contains(&true));
    let arena = Arena { rows: 0..bars.len(), cut_off: false, horizon_rows: 900, tie: Tie::Stop };
    for mask in [Vec::new(), mask] {
        let mut labels = Vec::new();
        reference_labels(&bars, &mask, 0..bars.len(), &mut labels);
        for (row, labels) in labels.iter().enumerate() {
            for (mode, label) in MODES.iter().zip(labels) {
                let trade = one(&bars, &arena, row, *mode);
                let masked = |row: usize| mask.get(row) == Some(&true);
                let won = trade.outcome == Outcome::Target && !(row..=trade.exit as usize).any(masked);
                assert_eq!(label.won, won, "row {row}, {}", mode.name);
                assert_eq!(i32::from(label.adverse_ticks), if won { trade.adverse_ticks } else { 0 });
            }
        }
    }
}

fn features(bars: &Bars, series: &Series, batch_rows: usize) -> Vec<Vec<u64>> {
    let mut columns = vec![Vec::new(); NAMES.len()];
    let mut features = Features::default();
    for start in series.rows.clone().step_by(batch_rows) {
        let end = series.rows.end.min(start + batch_rows);
        features.compute(bars, series, start..end, 30_600 + start - series.rows.start);
        for (column, values) in columns.iter_mut().zip(&features.columns) {
            column.extend(values.iter().map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() }));
        }
    }
    columns
}

#[test]
fn features_do_not_depend_on_where_batches_end() {
    let bars = walk(4, 9000);
    for (warm_up, rows) in [(WarmUp::Reference, 0..9000), (WarmUp::Missing, 1234..8000)] {
        let series = Series { rows, warm_up };
        let whole = features(&bars, &series, 9000);
        for batch_rows in [1, 61, 777, 2000, 4096] {
            let batch_rows = if batch_rows == 1 { 29 } else { batch_rows };
            assert!(features(&bars, &series, batch_rows) == whole, "{warm_up:?}, batches of {batch_rows}");
        }
    }
}

/// Whatever happens later, or in another session, a feature does not change.
#[test]
fn features_see_neither_the_future_nor_other_sessions() {
    let bars = walk(6, 6000);
    let series = Series { rows: 1000..5000, warm_up: WarmUp::Missing };
    let before = features(&bars, &series, 8192);
    let until = 3456;
    let mut other = walk(77, 6000);
    for row in 1000..=until {
        let bar = bars.bar(row);
        let [open, high, low, close] = bar.prices_ticks;
        other.open_ticks[row] = open;
        other.high_ticks[row] = high;
        other.low_ticks[row] = low;
        other.close_ticks[row] = close;
        other.volume[row] = bar.volume;
    }
    let after = features(&other, &series, 8192);
    let known = until + 1 - 1000;
    for ((name, _), (before, after)) in NAMES.iter().zip(before.iter().zip(&after)) {
        assert!(before[..known] == after[..known], "{name}");
    }
    let changed =
        before.iter().zip(&after).filter(|(before, after)| before[known..] != after[known..]).count();
    assert_eq!(changed, NAMES.len() - 7, "all but the time of day follow prices and volumes");
}
