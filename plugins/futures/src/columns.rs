//! Columns that several tables have.

use plugin_api::Column;

use crate::features::{Features, NAMES};
use crate::prepared::Prepared;
use crate::ticks::points;

/// Starts of bars.
pub(crate) fn times(seconds: &[i64]) -> Column {
    Column::timestamps(seconds.iter().map(|seconds| seconds * 1_000_000_000).collect())
}

/// Prices in points.
pub(crate) fn prices(ticks: &[i32]) -> Column {
    ticks.iter().map(|ticks| points(*ticks)).collect::<Vec<f64>>().into()
}

/// Civil second of the day of a row.
pub(crate) fn second_of_day(prepared: &Prepared, session: usize, row: usize) -> usize {
    let session = &prepared.sessions[session];
    let passed = prepared.grid.bars.time_seconds[row] - session.open_seconds;
    usize::try_from(passed + session.open_second_of_day).unwrap_or_default()
}

/// Numbers that may be missing, which is NaN: a column without nulls takes the vector as it is.
pub(crate) fn numbers(values: &mut Vec<f64>) -> Column {
    if values.iter().any(|value| value.is_nan()) {
        values.iter().map(|value| (!value.is_nan()).then_some(*value)).collect::<Vec<_>>().into()
    } else {
        std::mem::take(values).into()
    }
}

/// Moves the features behind the other columns.
pub(crate) fn add_features(features: &mut Features, batch: &mut Vec<Column>) {
    for (values, (_, whole)) in features.columns.iter_mut().zip(NAMES) {
        if whole {
            #[expect(clippy::cast_possible_truncation, reason = "flags are 0 and 1")]
            let flag = |value: &f64| (!value.is_nan()).then_some(*value as i32);
            let flags: Vec<Option<i32>> = values.iter().map(flag).collect();
            let complete: Option<Vec<i32>> = flags.iter().copied().collect();
            batch.push(complete.map_or_else(|| flags.into(), Column::from));
        } else {
            batch.push(numbers(values));
        }
    }
}
