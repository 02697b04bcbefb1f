//! Features 20 to 24: returns over 30, 60 and 300 rows (features.py, `add_return_features`).

use super::Batch;
use super::window::Scratch;

pub(super) fn compute(batch: &Batch<'_>, scratch: &mut Scratch, columns: &mut [Vec<f64>]) {
    let [return_30, return_60, return_300, acceleration, consistency] = columns else { return };
    let (close, skip) = (batch.slice(&batch.bars.close_ticks), batch.skip());
    for (column, distance) in [(&mut *return_30, 30), (&mut *return_60, 60), (&mut *return_300, 300)] {
        for row in batch.full(distance + 1).max(skip)..close.len() {
            column[row - skip] = f64::from(close[row]) / f64::from(close[row - distance]) - 1.0;
        }
    }
    for ((acceleration, short), long) in acceleration.iter_mut().zip(&*return_30).zip(&*return_60) {
        *acceleration = short - long;
    }
    let Scratch { floats, means, .. } = scratch;
    floats.clear();
    floats.push(f64::NAN);
    floats.extend(close.windows(2).map(|pair| f64::from(pair[1]) / f64::from(pair[0]) - 1.0));
    deviations(floats, batch.full(31).max(skip), skip, means, consistency);
}

/// Standard deviations of 30 values with 29 degrees of freedom, by 512 rows at once: first their mean, then the squares
/// of what is left, in the same order for each row.
fn deviations(values: &[f64], first: usize, skip: usize, means: &mut Vec<f64>, deviations: &mut [f64]) {
    const BLOCK: usize = 512;
    for start in (first..values.len()).step_by(BLOCK) {
        let end = values.len().min(start + BLOCK);
        let shifted = |offset: usize| &values[start + offset - 29..end + offset - 29];
        means.clear();
        means.resize(end - start, 0.0);
        for offset in 0..30 {
            for (mean, value) in means.iter_mut().zip(shifted(offset)) {
                *mean += value;
            }
        }
        for mean in means.iter_mut() {
            *mean /= 30.0;
        }
        let block = &mut deviations[start - skip..end - skip];
        block.fill(0.0);
        for offset in 0..30 {
            for ((sum, value), mean) in block.iter_mut().zip(shifted(offset)).zip(&*means) {
                let rest = value - mean;
                *sum += rest * rest;
            }
        }
        for deviation in block {
            *deviation = (*deviation / 29.0).sqrt();
        }
    }
}
