//! Features 10 to 19: where the price stands in the range of 5 and of 15 minutes (features.py,
//! `add_consolidation_features`).

use super::window::{Scratch, extremes};
use super::{Batch, WarmUp};
use crate::ticks::points;

/// Part of the range next to its bounds that counts as touching them.
const TOUCH_FRACTION: f64 = 0.05;

pub(super) fn compute(batch: &Batch<'_>, scratch: &mut Scratch, columns: &mut [Vec<f64>]) {
    let [
        short_high,
        short_low,
        short_size,
        position,
        medium_high,
        medium_low,
        medium_size,
        compression,
        short_touch,
        medium_touch,
    ] = columns
    else {
        return;
    };
    let (close, skip) = (batch.slice(&batch.bars.close_ticks), batch.skip());
    let full = [batch.full(300).max(skip), batch.full(900).max(skip)];
    let mut fill = |values: &[i32], better: fn(i32, i32) -> i32, short: &mut [f64], medium: &mut [f64]| {
        extremes(values, &[300, 900], better, &mut scratch.doubled, |length, extremes| {
            let (column, first) =
                if length == 300 { (&mut *short, full[0]) } else { (&mut *medium, full[1]) };
            for (row, extreme) in (length - 1..).zip(extremes).filter(|(row, _)| *row >= first) {
                column[row - skip] = points(extreme);
            }
        });
    };
    fill(batch.slice(&batch.bars.high_ticks), i32::max, short_high, medium_high);
    fill(batch.slice(&batch.bars.low_ticks), i32::min, short_low, medium_low);
    let close = &close[skip..];
    sizes(close, short_high, short_low, short_size, short_touch, batch.warm_up);
    sizes(close, medium_high, medium_low, medium_size, medium_touch, batch.warm_up);
    for (row, close) in close.iter().enumerate() {
        position[row] = (points(*close) - short_low[row]) / short_size[row];
        compression[row] = short_size[row] / medium_size[row];
        if medium_size[row] <= 0.0 {
            compression[row] = f64::NAN;
        }
        if short_size[row] <= 0.0 {
            position[row] = f64::NAN;
        }
    }
}

fn sizes(close: &[i32], high: &[f64], low: &[f64], size: &mut [f64], touch: &mut [f64], warm_up: WarmUp) {
    for (row, close) in close.iter().enumerate() {
        let close = points(*close);
        size[row] = high[row] - low[row];
        let margin = TOUCH_FRACTION * size[row];
        let touches = close >= high[row] - margin || close <= low[row] + margin;
        touch[row] = f64::from(u8::from(touches));
        if size[row].is_nan() && warm_up == WarmUp::Missing {
            touch[row] = f64::NAN;
        }
    }
}
