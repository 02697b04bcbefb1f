//! Labels as the reference makes them: 1 for a target reached in time before the stop, 0 for everything else.

use std::ops::Range;

use super::{HORIZON_ROWS, MODES, Scan, passage::NEVER};
use crate::bars::Bars;

/// Label of one mode in one row. Small, since those of a month are kept from when they are counted until they are put out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Label {
    /// Whether the target was reached first.
    pub won: bool,
    /// Largest move against the trade up to the exit, ticks: less than the stop. 0 unless won.
    pub adverse_ticks: u8,
    /// Seconds from entry to exit, at most 65 535; 0 unless won.
    pub seconds: u16,
}

/// What stands for any longer time. A trade of 900 rows takes longer only across a night, and no weight tells times
/// beyond 900 s apart.
const LONG_SECONDS: u16 = u16::MAX;

/// Rows around every move of the close by more than 20 points: the row before, and five behind
/// (weighted_labeling.py, `_detect_contract_rolls`). On sessions put end to end these are mostly nights, not rolls.
#[must_use]
pub fn roll_mask(close_ticks: &[i32]) -> Vec<bool> {
    const THRESHOLD_TICKS: u32 = 80;
    let mut mask = vec![false; close_ticks.len()];
    for (row, pair) in (1..).zip(close_ticks.windows(2)) {
        if pair[1].abs_diff(pair[0]) > THRESHOLD_TICKS {
            let end = close_ticks.len().min(row + 6);
            mask[row - 1..end].fill(true);
        }
    }
    mask
}

/// Appends the labels of some rows, in order; the entry is the open of the next row, and 900 rows are looked at.
///
/// With an empty mask these are the labels of the reference's path for long inputs (performance_monitor.py,
/// `batch_process_entries`), with that of [`roll_mask`] those for short ones (weighted_labeling.py,
/// `_process_single_chunk`): a masked row loses, and so does a trade that meets one before its exit. Nothing stops a
/// trade at the end of a session.
pub fn reference_labels(
    bars: &Bars,
    mask: &[bool],
    rows: Range<usize>,
    labels: &mut Vec<[Label; MODES.len()]>,
) {
    let first = labels.len();
    labels.resize(first + rows.len(), <[Label; MODES.len()]>::default());
    let Some(labels) = labels.get_mut(first..) else { return };
    let end = bars.len().min(rows.end + HORIZON_ROWS);
    let mut scan = Scan::default();
    let modes = scan.modes;
    let mut next_masked = NEVER;
    for entry in (rows.start + 1..end).rev() {
        let entry_row = row_number(entry);
        scan.push(bars.high_ticks[entry], bars.low_ticks[entry], entry_row);
        if mask.get(entry) == Some(&true) {
            next_masked = entry_row;
        }
        let row = entry - 1;
        if row >= rows.end || mask.get(row) == Some(&true) {
            continue;
        }
        // A masked row ends the trade before its prices are looked at.
        let last = row_number(row + HORIZON_ROWS).min(row_number(bars.len() - 1));
        let last = if next_masked <= last { next_masked - 1 } else { last };
        if last < entry_row {
            continue;
        }
        scan.enter(bars.open_ticks[entry], last);
        for (label, (mode, (stop, target))) in labels[row - rows.start].iter_mut().zip(modes) {
            let (gains, losses) =
                if mode.long { (&scan.above, &scan.below) } else { (&scan.below, &scan.above) };
            let exit = gains[target];
            // Both in one bar: nobody knows which came first, so it counts as lost.
            if exit == NEVER || losses[stop] <= exit {
                continue;
            }
            label.won = true;
            let adverse = if mode.long { scan.fall_until(exit) } else { scan.rise_until(exit) };
            label.adverse_ticks = u8::try_from(adverse).unwrap_or(u8::MAX);
            let seconds = bars.time_seconds[exit as usize] - bars.time_seconds[entry];
            label.seconds = u16::try_from(seconds).unwrap_or(LONG_SECONDS);
        }
    }
}

/// Rows are counted in 32 bits to keep the stacks small; a year of seconds fits a hundred times.
fn row_number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(NEVER - 1)
}
