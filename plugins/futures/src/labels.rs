//! Labels: which of two prices is reached first after an entry, for each of six modes.

mod barrier;
mod passage;
mod reference;

pub use self::barrier::{Arena, Outcome, Tie, Trade, trades, uniqueness};
pub use self::passage::{Distances, Passages, Scan};
pub use self::reference::{Label, reference_labels, roll_mask};

/// Stop and target of each pair, ticks.
pub type Pairs = [(i32, i32); 3];

/// Those of the reference (weighted_labeling.py, `TRADING_MODES`).
pub const PAIRS: Pairs = [(6, 12), (8, 16), (10, 20)];

/// A pair of prices around the entry, whose first touch decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Suffix of its columns.
    pub name: &'static str,
    /// Whether a rise is a gain.
    pub long: bool,
    /// Distance of the stop, ticks.
    pub stop_ticks: i32,
    /// Distance of the target, ticks: twice the stop in the reference.
    pub target_ticks: i32,
}

const fn mode(name: &'static str, long: bool, (stop_ticks, target_ticks): (i32, i32)) -> Mode {
    Mode { name, long, stop_ticks, target_ticks }
}

/// The modes in the order of their columns, at other distances. Names are those of the reference whatever the distances
/// are, so that columns stay what they are called.
#[must_use]
pub const fn modes([low, normal, high]: Pairs) -> [Mode; 6] {
    [
        mode("low_vol_long", true, low),
        mode("normal_vol_long", true, normal),
        mode("high_vol_long", true, high),
        mode("low_vol_short", false, low),
        mode("normal_vol_short", false, normal),
        mode("high_vol_short", false, high),
    ]
}

/// The modes of the reference.
pub const MODES: [Mode; 6] = modes(PAIRS);

/// Rows after the entry's row in which a label is decided: 900 s (weighted_labeling.py, `TIMEOUT_SECONDS`).
pub const HORIZON_ROWS: usize = 900;
