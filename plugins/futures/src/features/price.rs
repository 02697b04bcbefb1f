//! Features 5 to 9: volume-weighted price of 5 minutes, extremes of 30 minutes (features.py,
//! `add_price_context_features`).

use super::window::{Scratch, extremes, running_sums, sum};
use super::{Batch, WarmUp};
use crate::ticks::{TICK_POINTS, points};

/// Sum of squared distances of 0..30 from their mean.
const SLOPE_SCALE: f64 = 2247.5;

pub(super) fn compute(batch: &Batch<'_>, scratch: &mut Scratch, columns: &mut [Vec<f64>]) {
    let [vwap, distance, slope, from_high, from_low] = columns else { return };
    let (close, skip) = (batch.slice(&batch.bars.close_ticks), batch.skip());
    volume_weighted(batch, scratch);
    let averages = &scratch.floats;
    for (row, close) in close.iter().enumerate().skip(skip) {
        vwap[row - skip] = averages[row];
        distance[row - skip] = (points(*close) - averages[row]) / averages[row] * 100.0;
    }
    slopes(averages, batch.full(30).max(skip), skip, slope);

    let first = batch.full(1800).max(skip);
    let highs = batch.slice(&batch.bars.high_ticks);
    extremes(highs, &[1800], i32::max, &mut scratch.doubled, |length, values| {
        for (row, high) in (length - 1..).zip(values).filter(|(row, _)| *row >= first) {
            from_high[row - skip] = points(close[row] - high);
        }
    });
    let lows = batch.slice(&batch.bars.low_ticks);
    extremes(lows, &[1800], i32::min, &mut scratch.doubled, |length, values| {
        for (row, low) in (length - 1..).zip(values).filter(|(row, _)| *row >= first) {
            from_low[row - skip] = points(close[row] - low);
        }
    });
}

/// Means of 300 closes by volume, points: the close itself where nothing was traded, and in the reference also where
/// there are no 300 rows.
#[expect(clippy::cast_precision_loss, reason = "sums of prices by volumes below 2^53")]
fn volume_weighted(batch: &Batch<'_>, scratch: &mut Scratch) {
    let (close, volume) = (batch.slice(&batch.bars.close_ticks), batch.slice(&batch.bars.volume));
    let Scratch { sums, more_sums, floats, .. } = scratch;
    running_sums(volume.iter().map(|volume| i64::from(*volume)), sums);
    let values = close.iter().zip(volume).map(|(close, volume)| i64::from(*close) * i64::from(*volume));
    running_sums(values, more_sums);
    let full = batch.full(300);
    floats.clear();
    floats.extend(close.iter().enumerate().map(|(row, close)| {
        if row < full {
            return if batch.warm_up == WarmUp::Reference { points(*close) } else { f64::NAN };
        }
        // Rows in front of the batch that nobody asks for may lack a part of their window.
        if row < 299 {
            return f64::NAN;
        }
        let traded = sum(sums, row, 300);
        if traded > 0 {
            sum(more_sums, row, 300) as f64 * TICK_POINTS / traded as f64
        } else {
            points(*close)
        }
    }));
}

/// Slopes of the line of least squares through 30 values, by 512 rows at once: the same operations in the same order for
/// each row, several rows at a time.
fn slopes(values: &[f64], first: usize, skip: usize, slopes: &mut [f64]) {
    const BLOCK: usize = 512;
    for start in (first..values.len()).step_by(BLOCK) {
        let end = values.len().min(start + BLOCK);
        let block = &mut slopes[start - skip..end - skip];
        block.fill(0.0);
        let mut weight = -14.5;
        for offset in 0..30 {
            let shifted = &values[start + offset - 29..end + offset - 29];
            for ((slope, value), last) in block.iter_mut().zip(shifted).zip(&values[start..end]) {
                *slope += weight * (value - last);
            }
            weight += 1.0;
        }
        for slope in block {
            *slope /= SLOPE_SCALE;
        }
    }
}
