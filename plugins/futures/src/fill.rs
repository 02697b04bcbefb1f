//! One row a second: seconds without a trade are filled.

use crate::bars::{Bar, Bars};
use crate::sessions::Session;

/// Sessions one behind the other, a row for each second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grid {
    /// The rows.
    pub bars: Bars,
    /// Whether a row was made up, because nothing was traded in that second.
    pub filled: Vec<bool>,
    /// First row of each session, and the number of rows in the end.
    pub starts: Vec<usize>,
    /// First row of each session that has a trade.
    pub first_trades: Vec<usize>,
}

/// What becomes of the seconds before the first trade of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leading {
    /// They get the first price, which is known only later: as the reference does.
    FromFuture,
    /// They do not exist.
    Absent,
}

/// Fills every session. A filled second has the last close as its four prices and no volume
/// (corrected_contract_filtering.py, `fill_gaps_to_1_second`).
#[must_use]
pub fn fill(bars: &Bars, sessions: &[Session], leading: Leading) -> Grid {
    let seconds = sessions.iter().map(|session| session.close_seconds - session.open_seconds).sum::<i64>();
    let mut grid = Grid::default();
    let count = usize::try_from(seconds).unwrap_or_default();
    grid.bars.reserve(count);
    grid.filled.reserve(count);
    for session in sessions {
        grid.starts.push(grid.bars.len());
        grid.add(bars, session, leading);
    }
    grid.starts.push(grid.bars.len());
    grid
}

impl Grid {
    fn add(&mut self, bars: &Bars, session: &Session, leading: Leading) {
        let window = session.open_seconds..session.close_seconds;
        let times = &bars.time_seconds[session.rows.clone()];
        let first = session.rows.start + times.partition_point(|time| *time < window.start);
        let end = session.rows.start + times.partition_point(|time| *time < window.end);
        let mut last: Option<Bar> = None;
        let mut next_second = window.start;
        for row in (first..end).filter(|row| bars.contract[*row] == session.contract) {
            let bar = bars.bar(row);
            if let Some(last) = last {
                self.flat(&last, next_second, bar.time_seconds);
            } else {
                if leading == Leading::FromFuture {
                    self.flat(&bar, next_second, bar.time_seconds);
                }
                self.first_trades.push(self.bars.len());
            }
            self.bars.push(bar);
            self.filled.push(false);
            next_second = bar.time_seconds + 1;
            last = Some(bar);
        }
        match last {
            Some(last) => self.flat(&last, next_second, window.end),
            None => self.first_trades.push(self.bars.len()),
        }
    }

    /// Rows at the close of a bar for the seconds from `start` up to `end`.
    fn flat(&mut self, bar: &Bar, start: i64, end: i64) {
        for time_seconds in start..end {
            self.bars.push(Bar { time_seconds, prices_ticks: [bar.prices_ticks[3]; 4], volume: 0, ..*bar });
            self.filled.push(true);
        }
    }
}
