//! Features 1 to 4: volume against its recent past (features.py, `add_volume_features`).

use super::Batch;
use super::window::{Scratch, running_sums, sum};

/// Twelve times the sum of squared distances of 0..30 from their mean, over six, times the 5 rows of the mean inside.
const SLOPE_30_SCALE: f64 = 4495.0 * 5.0;

/// Ten is the sum of squared distances of 0..5 from their mean.
const SLOPE_5_SCALE: f64 = 10.0;

#[expect(clippy::cast_precision_loss, reason = "sums of volumes below 2^53")]
pub(super) fn compute(batch: &Batch<'_>, scratch: &mut Scratch, columns: &mut [Vec<f64>]) {
    let volume = batch.slice(&batch.bars.volume);
    let [ratio, slope_30, slope_5, exhaustion] = columns else { return };
    let Scratch { sums, more_sums, weighted_sums, whole, .. } = scratch;
    running_sums(volume.iter().map(|volume| i64::from(*volume)), sums);
    // Sums of 5 rows; 0 stands for those that are not there, in windows that nobody asks for.
    whole.clear();
    whole.extend((0..volume.len()).map(|row| if row < 4 { 0 } else { sum(sums, row, 5) }));
    running_sums(whole.iter().copied(), more_sums);
    running_sums((0_i64..).zip(whole.iter()).map(|(row, sum)| row.wrapping_mul(*sum)), weighted_sums);

    let skip = batch.skip();
    for row in batch.full(30).max(skip)..volume.len() {
        let mean = sum(sums, row, 30) as f64 / 30.0;
        ratio[row - skip] = f64::from(volume[row]) / mean;
    }
    for (row, window) in (4..).zip(volume.windows(5)).skip(batch.full(5).max(skip) - 4) {
        let [v0, v1, _, v3, v4] = [0, 1, 2, 3, 4].map(|index| i64::from(window[index]));
        slope_5[row - skip] = (2 * (v4 - v0) + v3 - v1) as f64 / SLOPE_5_SCALE;
    }
    let from = batch.full(34).max(skip);
    for (row, first) in (from..volume.len()).zip(i64::try_from(from).unwrap_or_default() - 29..) {
        let total = sum(more_sums, row, 30);
        let moment = sum(weighted_sums, row, 30).wrapping_sub(first.wrapping_mul(total));
        slope_30[row - skip] = (2 * moment - 29 * total) as f64 / SLOPE_30_SCALE;
    }
    for ((exhaustion, ratio), slope) in exhaustion.iter_mut().zip(&*ratio).zip(&*slope_5) {
        *exhaustion = ratio * slope;
    }
}
