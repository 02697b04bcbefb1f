//! Features 31 to 36: size and direction of bars (features.py, `add_microstructure_features`).

use super::Batch;
use super::volatility::{average, true_ranges};
use super::window::{Scratch, running_sums, sum};
use crate::ticks::points;

pub(super) fn compute(batch: &Batch<'_>, scratch: &mut Scratch, columns: &mut [Vec<f64>]) {
    let [range, relative, up_30, up_60, consistency, strength] = columns else { return };
    let (close, skip) = (batch.slice(&batch.bars.close_ticks), batch.skip());
    let (high, low) = (batch.slice(&batch.bars.high_ticks), batch.slice(&batch.bars.low_ticks));
    for (range, (high, low)) in range.iter_mut().zip(high.iter().zip(low).skip(skip)) {
        *range = points(high - low);
    }
    true_ranges(batch, scratch);
    for row in batch.full(30).max(skip)..close.len() {
        let average = average(&scratch.sums, row, 30);
        if average > 0.0 {
            relative[row - skip] = range[row - skip] / average;
        }
    }
    // The first row of a series has nothing to rise from, and counts as not rising.
    let rises = close.windows(2).map(|pair| i64::from(pair[1] > pair[0]));
    running_sums(std::iter::once(0).chain(rises), &mut scratch.more_sums);
    let share = |window_rows: u16, column: &mut [f64]| {
        for row in batch.full(window_rows.into()).max(skip)..close.len() {
            let count = sum(&scratch.more_sums, row, window_rows.into());
            let count = u16::try_from(count).unwrap_or_default();
            column[row - skip] = f64::from(count) / f64::from(window_rows) * 100.0;
        }
    };
    share(30, up_30);
    share(60, up_60);
    for row in 0..range.len() {
        consistency[row] = (up_30[row] - up_60[row]).abs();
        strength[row] = (up_30[row] - 50.0).abs() * 2.0;
    }
}
