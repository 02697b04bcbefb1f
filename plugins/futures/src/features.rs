//! The 43 features of a row: windows of the rows up to and including it, never of a later one.
//!
//! Source: features.py, `create_all_features` of Model2LSTM at 234c629. A window needs all of its rows; before that, and
//! where a formula divides by zero, the value is NaN here and null in the table.
//!
//! Invariant: values of a row follow from the rows of its window alone, to the last bit. Sums are sums of whole numbers,
//! so it makes no difference where a computation began, and batches of any size give the same table.

mod flow;
mod price;
mod ranges;
mod returns;
mod volatility;
mod volume;
mod window;

use std::ops::Range;

use crate::bars::Bars;

/// Rows in front of a batch that each group of features looks at: one more than its longest window reaches back, so that
/// what is wrong of the first row, which has none before it, is in no window.
mod lookback_rows {
    pub(super) const VOLUME: usize = 34;
    pub(super) const PRICE: usize = 1800;
    pub(super) const RANGES: usize = 900;
    pub(super) const RETURNS: usize = 301;
    pub(super) const VOLATILITY: usize = 330;
    pub(super) const FLOW: usize = 61;
}

/// Names of the features in the order of their columns, and whether they are whole numbers.
pub const NAMES: [(&str, bool); 43] = [
    ("volume_ratio_30s", false),
    ("volume_slope_30s", false),
    ("volume_slope_5s", false),
    ("volume_exhaustion", false),
    ("vwap", false),
    ("distance_from_vwap_pct", false),
    ("vwap_slope", false),
    ("distance_from_rth_high", false),
    ("distance_from_rth_low", false),
    ("short_range_high", false),
    ("short_range_low", false),
    ("short_range_size", false),
    ("position_in_short_range", false),
    ("medium_range_high", false),
    ("medium_range_low", false),
    ("medium_range_size", false),
    ("range_compression_ratio", false),
    ("short_range_retouches", true),
    ("medium_range_retouches", true),
    ("return_30s", false),
    ("return_60s", false),
    ("return_300s", false),
    ("momentum_acceleration", false),
    ("momentum_consistency", false),
    ("atr_30s", false),
    ("atr_300s", false),
    ("volatility_regime", false),
    ("volatility_acceleration", false),
    ("volatility_breakout", false),
    ("atr_percentile", false),
    ("bar_range", false),
    ("relative_bar_size", false),
    ("uptick_pct_30s", false),
    ("uptick_pct_60s", false),
    ("bar_flow_consistency", false),
    ("directional_strength", false),
    ("is_eth", true),
    ("is_pre_open", true),
    ("is_rth_open", true),
    ("is_morning", true),
    ("is_lunch", true),
    ("is_afternoon", true),
    ("is_rth_close", true),
];

/// What stands in a row before its windows are full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// As in the reference: `vwap` is the close, retouches are 0, and a series too short for a group has none of it.
    Reference,
    /// Nothing, for every feature.
    Missing,
}

/// Where features begin to count rows, and how far a series goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Rows that may be looked at. The first has no past.
    pub rows: Range<usize>,
    /// What stands in the first rows.
    pub warm_up: WarmUp,
}

/// Columns of features, and room to work in. Kept between batches.
#[derive(Debug, Default)]
pub struct Features {
    /// One column for each name, with one value for each row of the batch.
    pub columns: Vec<Vec<f64>>,
    scratch: window::Scratch,
}

/// A batch with the rows in front of it, as slices that begin at the same row.
struct Batch<'a> {
    bars: &'a Bars,
    /// First row that is looked at.
    from: usize,
    /// Rows to compute.
    rows: Range<usize>,
    /// Rows of the series in front of `from`.
    passed: usize,
    warm_up: WarmUp,
}

impl Batch<'_> {
    fn slice<'s, T>(&self, column: &'s [T]) -> &'s [T] {
        &column[self.from..self.rows.end]
    }

    /// Index of the first row to compute, in slices.
    fn skip(&self) -> usize {
        self.rows.start - self.from
    }

    /// Index in slices of the first row whose window of that many rows is full.
    fn full(&self, window_rows: usize) -> usize {
        (window_rows - 1).saturating_sub(self.passed)
    }
}

impl Features {
    /// Computes the features of some rows of a series. `second_of_day` is the civil second of the first of them; the
    /// others follow second by second.
    pub fn compute(&mut self, bars: &Bars, series: &Series, rows: Range<usize>, second_of_day: usize) {
        let batch = |lookback_rows: usize| {
            let from = rows.start.saturating_sub(lookback_rows).max(series.rows.start);
            Batch {
                bars,
                from,
                passed: from - series.rows.start,
                warm_up: series.warm_up,
                rows: rows.clone(),
            }
        };
        let long_enough = |rows| series.warm_up == WarmUp::Missing || series.rows.len() >= rows;
        self.columns.resize_with(NAMES.len(), Vec::new);
        for column in &mut self.columns {
            column.clear();
            column.resize(rows.len(), f64::NAN);
        }
        let scratch = &mut self.scratch;
        let (volumes, rest) = self.columns.split_at_mut(4);
        let (prices, rest) = rest.split_at_mut(5);
        let (consolidation, rest) = rest.split_at_mut(10);
        let (moves, rest) = rest.split_at_mut(5);
        let (true_ranges, rest) = rest.split_at_mut(6);
        let (micro, times) = rest.split_at_mut(6);
        if long_enough(30) {
            volume::compute(&batch(lookback_rows::VOLUME), scratch, volumes);
            price::compute(&batch(lookback_rows::PRICE), scratch, prices);
        }
        if long_enough(900) {
            ranges::compute(&batch(lookback_rows::RANGES), scratch, consolidation);
        }
        if long_enough(300) {
            returns::compute(&batch(lookback_rows::RETURNS), scratch, moves);
            volatility::compute(&batch(lookback_rows::VOLATILITY), scratch, true_ranges);
        }
        if long_enough(60) {
            // The range of 30 rows is needed here even where the group above is too short for its own.
            flow::compute(&batch(lookback_rows::FLOW), scratch, micro);
        }
        time_of_day(times, second_of_day);
    }
}

/// Flags by civil time (features.py, `add_time_features`): minute bounds, in Chicago, with their start.
const PERIODS: [(usize, usize); 7] =
    [(0, 0), (450, 510), (510, 555), (555, 660), (660, 780), (780, 870), (870, 900)];

fn time_of_day(columns: &mut [Vec<f64>], second_of_day: usize) {
    for (column, (start, end)) in columns.iter_mut().zip(PERIODS) {
        for (second, flag) in (second_of_day..).zip(column) {
            *flag = f64::from(u8::from((start..end).contains(&(second / 60))));
        }
    }
}
