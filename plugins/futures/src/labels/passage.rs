//! When prices at given distances from an entry are first reached.
//!
//! Rows are visited from the last to the first, and the rows behind the entry that set a new high (or low) are kept on
//! a stack: the nearest on top, rising to the bottom. All distances are then found in one walk down the stack, which has
//! at most one entry for each tick of the largest distance; a row is pushed and popped once. So the time does not depend
//! on how long a price takes to be reached, and all modes share the walk.

use super::{MODES, Mode};

/// No row.
pub(super) const NEVER: u32 = u32::MAX;

/// Distances of stops and targets, ticks, rising: as many as three pairs have at most.
pub type Distances = [i32; 6];

/// Rows where each of the distances is first reached, or [`NEVER`].
pub type Passages = [u32; 6];

/// New highs, seen from the last row pushed: the nearest is the last of the vector. Lows are kept with the other sign.
#[derive(Debug, Default)]
struct Records {
    /// Price in ticks, and row.
    stack: Vec<(i32, u32)>,
}

impl Records {
    fn push(&mut self, price_ticks: i32, row: u32) {
        while self.stack.last().is_some_and(|(price, _)| *price <= price_ticks) {
            self.stack.pop();
        }
        self.stack.push((price_ticks, row));
    }

    /// First rows, up to `last`, in which the price is each distance above `entry_ticks`.
    fn passages(&self, entry_ticks: i32, last: u32, distances: &Distances) -> Passages {
        let mut passages = [NEVER; 6];
        let mut next = 0;
        for (price, row) in self.stack.iter().rev() {
            if *row > last {
                break;
            }
            while *price - entry_ticks >= distances[next] {
                passages[next] = *row;
                next += 1;
                if next == distances.len() {
                    return passages;
                }
            }
        }
        passages
    }

    /// The highest price from the row pushed last up to `last`.
    fn highest_until(&self, last: u32) -> i32 {
        let reached = self.stack.iter().rev().take_while(|(_, row)| *row <= last);
        reached.last().map_or(i32::MIN, |(price, _)| *price)
    }
}

/// What lies behind one entry.
#[derive(Debug)]
pub struct Scan {
    /// The modes, and where stop and target of each stand among the distances.
    pub(super) modes: [(Mode, (usize, usize)); MODES.len()],
    distances: Distances,
    highs: Records,
    lows: Records,
    entry_ticks: i32,
    /// First rows at each distance above the entry.
    pub above: Passages,
    /// First rows at each distance below the entry.
    pub below: Passages,
}

impl Default for Scan {
    fn default() -> Self {
        Self::new(MODES)
    }
}

impl Scan {
    /// Nothing yet, of trades in these modes; shorts have the distances of the longs.
    #[must_use]
    pub fn new(modes: [Mode; MODES.len()]) -> Self {
        let [low, normal, high, ..] = modes;
        let mut distances = [0; 6];
        for (pair, mode) in distances.chunks_exact_mut(2).zip([low, normal, high]) {
            pair.copy_from_slice(&[mode.stop_ticks, mode.target_ticks]);
        }
        distances.sort_unstable();
        let place = |ticks: i32| distances.iter().position(|known| *known == ticks).unwrap_or_default();
        Self {
            modes: modes.map(|mode| (mode, (place(mode.stop_ticks), place(mode.target_ticks)))),
            distances,
            highs: Records::default(),
            lows: Records::default(),
            entry_ticks: 0,
            above: [NEVER; 6],
            below: [NEVER; 6],
        }
    }

    /// Forgets all rows, for another series.
    pub fn clear(&mut self) {
        self.highs.stack.clear();
        self.lows.stack.clear();
    }

    /// Adds the row in front of those added so far.
    pub fn push(&mut self, high_ticks: i32, low_ticks: i32, row: u32) {
        self.highs.push(high_ticks, row);
        self.lows.push(-low_ticks, row);
    }

    /// Enters at a price in the row added last and finds what is reached up to the row `last`.
    pub fn enter(&mut self, entry_ticks: i32, last: u32) {
        self.entry_ticks = entry_ticks;
        self.above = self.highs.passages(entry_ticks, last, &self.distances);
        self.below = self.lows.passages(-entry_ticks, last, &self.distances);
    }

    /// Largest rise above the entry up to a row, ticks, at least 0.
    #[must_use]
    pub fn rise_until(&self, row: u32) -> i32 {
        (self.highs.highest_until(row) - self.entry_ticks).max(0)
    }

    /// Largest fall below the entry up to a row, ticks, at least 0.
    #[must_use]
    pub fn fall_until(&self, row: u32) -> i32 {
        (self.lows.highest_until(row) + self.entry_ticks).max(0)
    }
}
