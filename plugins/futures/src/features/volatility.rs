//! Features 25 to 30: average true range of 30 and 300 rows (features.py, `add_volatility_features`).

use super::Batch;
use super::window::{Scratch, running_sums, sum};
use crate::ticks::TICK_POINTS;

/// Fills the true ranges of a batch in ticks, and their running sums.
pub(super) fn true_ranges(batch: &Batch<'_>, scratch: &mut Scratch) {
    let bars = batch.bars;
    let (high, low) = (batch.slice(&bars.high_ticks), batch.slice(&bars.low_ticks));
    let close = batch.slice(&bars.close_ticks);
    let true_range = &mut scratch.true_range;
    true_range.clear();
    true_range.extend(high.first().zip(low.first()).map(|(high, low)| high - low));
    let rest = high.iter().zip(low).skip(1).zip(close);
    true_range.extend(rest.map(|((high, low), before)| *high.max(before) - *low.min(before)));
    running_sums(scratch.true_range.iter().map(|range| i64::from(*range)), &mut scratch.sums);
}

/// Mean of `window_rows` true ranges that end at a row, points.
#[expect(clippy::cast_precision_loss, reason = "sums of ranges below 2^53")]
pub(super) fn average(sums: &[i64], row: usize, window_rows: u16) -> f64 {
    sum(sums, row, window_rows.into()) as f64 * TICK_POINTS / f64::from(window_rows)
}

pub(super) fn compute(batch: &Batch<'_>, scratch: &mut Scratch, columns: &mut [Vec<f64>]) {
    let [atr_30, atr_300, regime, acceleration, breakout, percentile] = columns else { return };
    true_ranges(batch, scratch);
    let (rows, skip) = (scratch.true_range.len(), batch.skip());
    for row in batch.full(30).max(skip)..rows {
        atr_30[row - skip] = average(&scratch.sums, row, 30);
    }
    for row in batch.full(60).max(skip)..rows {
        let slow = average(&scratch.sums, row, 60);
        if slow > 0.0 {
            acceleration[row - skip] = (atr_30[row - skip] - slow) / slow;
        }
    }
    for row in batch.full(300).max(skip)..rows {
        let slow = average(&scratch.sums, row, 300);
        atr_300[row - skip] = slow;
        if slow > 0.0 {
            regime[row - skip] = atr_30[row - skip] / slow;
        }
    }
    let Scratch { sums, more_sums, weighted_sums, ranges_30, short_ranges, .. } = scratch;
    ranges_30.clear();
    let sum_30 = |row| if row < 29 { 0 } else { i32::try_from(sum(sums, row, 30)).unwrap_or(i32::MAX) };
    ranges_30.extend((0..rows).map(sum_30));
    running_sums(ranges_30.iter().map(|range| i64::from(*range)), more_sums);
    running_sums(ranges_30.iter().map(|range| i64::from(*range).pow(2)), weighted_sums);
    let first = batch.full(329).max(skip);
    for row in first..rows {
        breakout[row - skip] =
            standing(ranges_30[row], sum(more_sums, row, 300), sum(weighted_sums, row, 300));
    }
    // Counting is twice as quick in 16 bits, which hold what a market does.
    short_ranges.clear();
    short_ranges.extend(ranges_30.iter().filter_map(|range| i16::try_from(*range).ok()));
    if short_ranges.len() == rows {
        ranks(short_ranges, first, skip, percentile);
    } else {
        ranks(ranges_30, first, skip, percentile);
    }
}

/// Distance of the last of 300 whole numbers from their mean, in standard deviations with 299 degrees of freedom.
#[expect(clippy::cast_precision_loss, reason = "differences that were taken exactly")]
fn standing(last: i32, total: i64, squares: i64) -> f64 {
    let spread = 300 * i128::from(squares) - i128::from(total).pow(2);
    if spread <= 0 {
        return f64::NAN;
    }
    let distance = (300 * i64::from(last) - total) as f64;
    distance / (spread as f64 * 300.0 / 299.0).sqrt()
}

/// Percentage of 300 values that are less than the last, equal ones counted by half (pandas' average rank).
fn ranks<T: Copy + Ord>(values: &[T], first: usize, skip: usize, percentile: &mut [f64]) {
    for row in first..values.len() {
        let last = values[row];
        let (mut less, mut not_more) = (0_u16, 0_u16);
        for value in &values[row - 299..=row] {
            less += u16::from(*value < last);
            not_more += u16::from(*value <= last);
        }
        // pandas: the rank is half a whole number, divided by the number of values, times 100 in the end.
        let rank = f64::from(less + not_more + 1) / 2.0;
        percentile[row - skip] = rank / 300.0 * 100.0;
    }
}
