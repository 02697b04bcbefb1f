//! From the recording to one row a second: what both modes do before labels and features.

use std::ops::Range;

use plugin_api::{Column, Context, ModuleError};

use crate::clock::Clock;
use crate::contracts::{most_traded, volumes};
use crate::fill::{Grid, Leading, fill};
use crate::neighbours::Months;
use crate::rolls::{Roll, by_previous_day, rolls};
use crate::sessions::{Session, calendar_days, calendar_sessions, exchange_sessions, trading_days};
use crate::settings::{FeatureReset, Settings};

/// Rows of a month and the sessions they belong to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prepared {
    /// The sessions, in order.
    pub sessions: Vec<Session>,
    /// Their rows.
    pub grid: Grid,
    /// Changes of contract; none in the reference's way, which does not know them.
    pub rolls: Vec<Roll>,
    /// The sessions of the month itself; the others are there to be looked at.
    pub own: Range<usize>,
}

/// One batch: the session it lies in, and its rows.
pub type Piece = (usize, Range<usize>);

impl Prepared {
    /// The rows of a session.
    #[must_use]
    pub fn rows(&self, session: usize) -> Range<usize> {
        self.grid.starts[session]..self.grid.starts[session + 1]
    }

    /// The rows of the month itself.
    #[must_use]
    pub fn own_rows(&self) -> Range<usize> {
        self.grid.starts[self.own.start]..self.grid.starts[self.own.end]
    }

    /// A batch of columns for each piece, made while they are read; the context hears how far it is.
    pub(crate) fn batches<'a, F: FnMut(usize, Range<usize>) -> Vec<Column>>(
        &self,
        batch_rows: usize,
        context: Context<'a>,
        mut columns: F,
    ) -> impl Iterator<Item = Result<Vec<Column>, ModuleError>> + use<'a, F> {
        let pieces = self.pieces(batch_rows);
        let count = pieces.len().max(1);
        pieces.into_iter().enumerate().map(move |(index, (session, rows))| {
            context.check_cancelled()?;
            #[expect(clippy::cast_precision_loss, reason = "a fraction to show")]
            context.progress(0.5 + 0.5 * (index as f64 / count as f64), "labels and features");
            Ok(columns(session, rows))
        })
    }

    /// All rows of the month itself, at most so many at once, none across sessions.
    #[must_use]
    pub fn pieces(&self, batch_rows: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for session in self.own.clone() {
            let rows = self.rows(session);
            for from in rows.clone().step_by(batch_rows.max(1)) {
                pieces.push((session, from..rows.end.min(from + batch_rows.max(1))));
            }
        }
        pieces
    }
}

/// The reference's way: contract by the day's own volume, 07:30 to 15:00, every second filled. Of neighbouring months the
/// nearest session is kept, which is longer than any window and any trade.
///
/// # Errors
/// [`ModuleError::Internal`] for times beyond all calendars.
pub fn as_the_reference(months: &Months, settings: &Settings) -> Result<Prepared, ModuleError> {
    let (clock, recording) = (Clock::chicago()?, &months.recording);
    let bars = &recording.bars;
    let days = calendar_days(bars, &clock)?;
    let volumes = volumes(bars, &days, &recording.contracts);
    let chosen = most_traded(&volumes, &recording.contracts);
    let mut sessions = calendar_sessions(bars, &days, &chosen, settings.window, &clock)?;
    let own = own_sessions(&sessions, months);
    let kept = own.start.saturating_sub(1)..sessions.len().min(own.end + 1);
    let own = own.start - kept.start..own.end - kept.start;
    sessions.truncate(kept.end);
    sessions.drain(..kept.start);
    let grid = fill(bars, &sessions, Leading::FromFuture);
    Ok(Prepared { sessions, grid, rolls: Vec::new(), own })
}

/// The right way: contract by the volume of the trading day before, sessions by the exchange's calendar, seconds filled
/// from the past only.
///
/// # Errors
/// [`ModuleError::Internal`] for times beyond all calendars.
pub fn strictly(months: &Months, settings: &Settings) -> Result<Prepared, ModuleError> {
    let (clock, recording) = (Clock::chicago()?, &months.recording);
    let bars = &recording.bars;
    let days = trading_days(bars, &clock)?;
    let volumes = volumes(bars, &days, &recording.contracts);
    let first_open = days.first().map_or(Ok(0), |(day, _)| clock.seconds(day.date, settings.window.0))?;
    let chosen = by_previous_day(bars, &days, &volumes, first_open, settings.lead, &recording.contracts);
    let mut sessions = exchange_sessions(bars, &days, &chosen, settings.window, &clock)?;
    let mut rolls = rolls(bars, &days, &volumes, &sessions);
    let own = own_sessions(&sessions, months);
    let of_month = &sessions[own.clone()];
    rolls.retain(|roll| of_month.iter().any(|session| session.open_seconds == roll.time_seconds));
    sessions.truncate(own.end);
    // What features do not look back on is not filled.
    let dropped = if settings.feature_reset == FeatureReset::Session { own.start } else { 0 };
    sessions.drain(..dropped);
    let grid = fill(bars, &sessions, Leading::Absent);
    Ok(Prepared { own: own.start - dropped..own.end - dropped, sessions, grid, rolls })
}

/// The sessions that close within the month: one in which two months meet belongs to the later of them alone.
fn own_sessions(sessions: &[Session], months: &Months) -> Range<usize> {
    let closed_by = |time: i64| sessions.partition_point(|session| session.close_seconds <= time);
    let before = closed_by(months.own_seconds.start);
    before..closed_by(months.own_seconds.end).max(before)
}
