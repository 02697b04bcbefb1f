//! Windows over a batch: sums by differences of running sums, extremes by doubling.

/// Room that groups of features share.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) sums: Vec<i64>,
    pub(super) more_sums: Vec<i64>,
    pub(super) weighted_sums: Vec<i64>,
    pub(super) whole: Vec<i64>,
    pub(super) floats: Vec<f64>,
    pub(super) means: Vec<f64>,
    pub(super) true_range: Vec<i32>,
    pub(super) ranges_30: Vec<i32>,
    pub(super) short_ranges: Vec<i16>,
    pub(super) doubled: Vec<i32>,
}

/// Running sums: element i is the sum of the first i values. They wrap, and differences are right all the same.
pub(super) fn running_sums(values: impl Iterator<Item = i64>, sums: &mut Vec<i64>) {
    sums.clear();
    sums.push(0);
    let mut sum = 0_i64;
    sums.extend(values.map(|value| {
        sum = sum.wrapping_add(value);
        sum
    }));
}

/// The sum of `window_rows` values that end at `row`.
#[inline]
pub(super) fn sum(sums: &[i64], row: usize, window_rows: usize) -> i64 {
    sums[row + 1].wrapping_sub(sums[row + 1 - window_rows])
}

/// Extremes of windows of several lengths: `emit(length, extremes)`, where element i of the extremes is that of the
/// `length` values from i on. Lengths rise.
///
/// Extremes of 2, 4, 8, … values are made of two halves each, and any length is covered by two such spans that may
/// overlap: ten passes that a processor does several values at a time, whatever the length.
pub(super) fn extremes(
    values: &[i32],
    lengths: &[usize],
    better: fn(i32, i32) -> i32,
    doubled: &mut Vec<i32>,
    mut emit: impl FnMut(usize, &mut dyn Iterator<Item = i32>),
) {
    doubled.clear();
    doubled.extend_from_slice(values);
    let mut span = 1;
    for length in lengths {
        if *length > values.len() {
            break;
        }
        while span * 2 <= *length {
            // In place: an element is read before it is overwritten, since the other half lies behind it.
            let kept = doubled.len() - span;
            for index in 0..kept {
                doubled[index] = better(doubled[index], doubled[index + span]);
            }
            doubled.truncate(kept);
            span *= 2;
        }
        let shift = length - span;
        emit(*length, &mut doubled.iter().zip(&doubled[shift..]).map(|(one, other)| better(*one, *other)));
    }
}
