//! Weights of labels.
//!
//! The shapes of `quality` and `velocity` are constants: in strict mode they are columns that enter no weight, and whoever
//! wants others has the adverse move and the holding time beside them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::labels::{Label, Mode};

/// Decay a month (weighted_labeling.py, `TIME_DECAY_RATE`).
pub const DECAY_PER_MONTH: f64 = 0.05;

/// 2 for a winner without a move against it, falling to 0.5 (weighted_labeling.py, `_calculate_quality_weight`).
#[must_use]
pub fn quality(adverse_ticks: i32, stop_ticks: i32) -> f64 {
    (2.0 - 1.5 * (f64::from(adverse_ticks) / f64::from(stop_ticks))).clamp(0.5, 2.0)
}

/// 2 for a winner within 300 s, falling to 0.5 at 900 s (weighted_labeling.py, `_calculate_velocity_weight`).
#[must_use]
pub fn velocity(seconds: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds between two bars")]
    let seconds = seconds as f64;
    (2.0 - 1.5 * (seconds - 300.0) / 600.0).clamp(0.5, 2.0)
}

/// Calendar months since year 0 in UTC.
#[must_use]
pub fn month(time_seconds: i64) -> i32 {
    let time = Timestamp::from_second(time_seconds).unwrap_or_default();
    let date = TimeZone::UTC.to_datetime(time).date();
    i32::from(date.year()) * 12 + i32::from(date.month())
}

/// `exp(-rate m)` for an age of m months (weighted_labeling.py, `_calculate_time_decay`).
#[must_use]
pub fn decay(rate_per_month: f64, age_months: i32) -> f64 {
    (-rate_per_month * f64::from(age_months)).exp()
}

/// The reference's weight: a winner's components multiplied, the decay alone for everything else.
#[must_use]
pub fn reference_weight(mode: &Mode, label: &Label, decay: f64) -> f64 {
    if label.won {
        quality(label.adverse_ticks.into(), mode.stop_ticks) * velocity(label.seconds.into()) * decay
    } else {
        decay
    }
}
