//! Three barriers: a target, a stop and an end of time, each with its own name and none behind the end of the session.
//!
//! Method: Lopez de Prado 2018, Advances in Financial Machine Learning, section 3.4, on whole ticks.

use std::ops::Range;

use super::{MODES, Mode, Scan, passage::NEVER};
use crate::bars::Bars;

/// How a trade ended. The number is the one in the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// There is no row to enter in: the last of a session.
    #[default]
    NoEntry = 0,
    /// The target was reached.
    Target = 1,
    /// The stop was reached.
    Stop = 2,
    /// Both were reached in the same second, and nobody knows which came first.
    Both = 3,
    /// Neither was reached in time.
    Vertical = 4,
    /// Neither was reached before the session ended.
    SessionEnd = 5,
    /// The recording ended first: nobody knows.
    DataEnd = 6,
}

/// What counts when target and stop are reached in the same second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tie {
    /// The stop, as in the reference.
    #[default]
    Stop,
    /// The target.
    Target,
    /// Neither: no label.
    Unknown,
}

/// What became of one trade.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trade {
    /// How it ended.
    pub outcome: Outcome,
    /// Row of the exit, or the last that was looked at.
    pub exit: u32,
    /// Largest move against it, ticks.
    pub adverse_ticks: i32,
    /// Largest move in its favour, ticks.
    pub favourable_ticks: i32,
    /// Gain without costs, ticks.
    pub gross_ticks: i32,
}

impl Trade {
    /// 1 for a target, 0 for a stop or neither, nothing where it cannot be known.
    #[must_use]
    pub fn label(&self, tie: Tie) -> Option<bool> {
        match self.outcome {
            Outcome::Target => Some(true),
            Outcome::Stop | Outcome::Vertical | Outcome::SessionEnd => Some(false),
            Outcome::Both => match tie {
                Tie::Stop => Some(false),
                Tie::Target => Some(true),
                Tie::Unknown => None,
            },
            Outcome::NoEntry | Outcome::DataEnd => None,
        }
    }
}

/// The session that trades are made in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arena {
    /// Its rows.
    pub rows: Range<usize>,
    /// Whether the recording ends before the session.
    pub cut_off: bool,
    /// Rows after which a trade is over.
    pub horizon_rows: usize,
    /// What counts in a tie.
    pub tie: Tie,
}

/// The trades of all rows of a session in all modes, in order. The entry is the open of the next row.
pub fn trades(bars: &Bars, arena: &Arena, scan: &mut Scan, trades: &mut Vec<[Trade; MODES.len()]>) {
    let (start, end) = (arena.rows.start, arena.rows.end);
    trades.clear();
    trades.resize(arena.rows.len(), <[Trade; MODES.len()]>::default());
    scan.clear();
    let modes = scan.modes;
    if let Some(last) = trades.last_mut() {
        let here = u32::try_from(end - 1).unwrap_or(NEVER);
        last.fill(Trade {
            outcome: if arena.cut_off { Outcome::DataEnd } else { Outcome::NoEntry },
            exit: here,
            ..Trade::default()
        });
    }
    for entry in (start + 1..end).rev() {
        let row = u32::try_from(entry).unwrap_or(NEVER);
        scan.push(bars.high_ticks[entry], bars.low_ticks[entry], row);
        let over = entry - 1 + arena.horizon_rows;
        let last = over.min(end - 1);
        let open = bars.open_ticks[entry];
        scan.enter(open, u32::try_from(last).unwrap_or(NEVER));
        let unmet = match (over < end, arena.cut_off) {
            (true, _) => Outcome::Vertical,
            (false, true) => Outcome::DataEnd,
            (false, false) => Outcome::SessionEnd,
        };
        let change = bars.close_ticks[last] - open;
        let timeout = (unmet, u32::try_from(last).unwrap_or(NEVER), change);
        for (trade, (mode, distances)) in trades[entry - 1 - start].iter_mut().zip(modes) {
            *trade = one(scan, &mode, distances, timeout, arena.tie);
        }
    }
}

fn one(
    scan: &Scan,
    mode: &Mode,
    (stop, target): (usize, usize),
    (unmet, last, change_ticks): (Outcome, u32, i32),
    tie: Tie,
) -> Trade {
    let (gains, losses) = if mode.long { (&scan.above, &scan.below) } else { (&scan.below, &scan.above) };
    let (gain, loss) = (gains[target], losses[stop]);
    let exit = gain.min(loss);
    let outcome = match (exit, gain == loss) {
        (NEVER, _) => unmet,
        (_, true) => Outcome::Both,
        (_, false) if gain < loss => Outcome::Target,
        _ => Outcome::Stop,
    };
    let exit = if exit == NEVER { last } else { exit };
    let (rise, fall) = (scan.rise_until(exit), scan.fall_until(exit));
    let won = outcome == Outcome::Target || (outcome == Outcome::Both && tie == Tie::Target);
    let gross_ticks = match outcome {
        _ if won => mode.target_ticks,
        Outcome::Stop | Outcome::Both => -mode.stop_ticks,
        _ if mode.long => change_ticks,
        _ => -change_ticks,
    };
    Trade {
        outcome,
        exit,
        adverse_ticks: if mode.long { fall } else { rise },
        favourable_ticks: if mode.long { rise } else { fall },
        gross_ticks,
    }
}

/// How much of its life a trade has for itself: the mean over the rows from entry to exit of one over the number of
/// trades that are open in that row (Lopez de Prado 2018, section 4.4). Trades without a label count for nothing and
/// get 0.
pub fn uniqueness(
    first_row: usize,
    trades: &[[Trade; MODES.len()]],
    mode: usize,
    tie: Tie,
    unique: &mut Vec<f64>,
) {
    let rows = trades.len();
    let mut open = vec![0_i32; rows + 1];
    let life = |index: usize, trade: &Trade| {
        let exit = (trade.exit as usize).saturating_sub(first_row);
        (trade.label(tie).is_some() && index + 1 < rows).then_some(index + 1..exit + 1)
    };
    for (index, trades) in trades.iter().enumerate() {
        if let Some(life) = life(index, &trades[mode]) {
            open[life.start] += 1;
            open[life.end] -= 1;
        }
    }
    // Running sums of one over the number of open trades.
    let mut shares = Vec::with_capacity(rows + 1);
    let (mut count, mut sum) = (0, 0.0);
    for change in &open {
        shares.push(sum);
        count += change;
        if count > 0 {
            sum += 1.0 / f64::from(count);
        }
    }
    unique.clear();
    unique.extend(trades.iter().enumerate().map(|(index, trades)| {
        life(index, &trades[mode]).map_or(0.0, |life| {
            #[expect(clippy::cast_precision_loss, reason = "rows of a session")]
            let length = life.len() as f64;
            (shares[life.end] - shares[life.start]) / length
        })
    }));
}
