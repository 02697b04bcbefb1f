//! Labels: which of two prices is reached first after an entry, for each of six modes.

mod barrier;
mod passage;
mod reference;

pub use self::barrier::{Arena, Outcome, Tie, Trade, trades, uniqueness};
pub use self::passage::{Passages, Scan};
pub use self::reference::{Label, reference_labels, roll_mask};

/// A pair of prices around the entry, whose first touch decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Suffix of its columns.
    pub name: &'static str,
    /// Whether a rise is a gain.
    pub long: bool,
    /// Distance of the stop, ticks.
    pub stop_ticks: i32,
    /// Distance of the target, ticks: twice the stop.
    pub target_ticks: i32,
}

const fn mode(name: &'static str, long: bool, stop_ticks: i32) -> Mode {
    Mode { name, long, stop_ticks, target_ticks: 2 * stop_ticks }
}

/// The modes in the order of their columns (weighted_labeling.py, `TRADING_MODES`).
pub const MODES: [Mode; 6] = [
    mode("low_vol_long", true, 6),
    mode("normal_vol_long", true, 8),
    mode("high_vol_long", true, 10),
    mode("low_vol_short", false, 6),
    mode("normal_vol_short", false, 8),
    mode("high_vol_short", false, 10),
];

/// Distances that occur in [`MODES`], ticks, rising.
pub const DISTANCES_TICKS: [i32; 6] = [6, 8, 10, 12, 16, 20];

/// Rows after the entry's row in which a label is decided: 900 s (weighted_labeling.py, `TIMEOUT_SECONDS`).
pub const HORIZON_ROWS: usize = 900;

impl Mode {
    /// Indices of stop and target in [`DISTANCES_TICKS`].
    #[must_use]
    pub fn distances(&self) -> (usize, usize) {
        let index = |ticks: i32| DISTANCES_TICKS.iter().position(|known| *known == ticks).unwrap_or_default();
        (index(self.stop_ticks), index(self.target_ticks))
    }
}
