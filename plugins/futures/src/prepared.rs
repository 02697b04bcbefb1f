//! From the recording to one row a second: what both modes do before labels and features.

use plugin_api::ModuleError;

use crate::cleaning::Recording;
use crate::clock::Clock;
use crate::contracts::{most_traded, volumes};
use crate::fill::{Grid, Leading, fill};
use crate::sessions::{Session, calendar_days, calendar_sessions};
use crate::settings::Settings;

/// Rows of a month and the sessions they belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prepared {
    /// The sessions, in order.
    pub sessions: Vec<Session>,
    /// Their rows.
    pub grid: Grid,
}

/// The reference's way: contract by the day's own volume, 07:30 to 15:00, every second filled.
///
/// # Errors
/// [`ModuleError::BadInput`] when no bar lies in a session.
pub fn as_the_reference(recording: &Recording, settings: &Settings) -> Result<Prepared, ModuleError> {
    let (clock, bars) = (Clock::chicago()?, &recording.bars);
    let days = calendar_days(bars, &clock)?;
    let volumes = volumes(bars, &days, &recording.contracts);
    let chosen = most_traded(&volumes, &recording.contracts);
    let sessions = calendar_sessions(bars, &days, &chosen, settings.window, &clock)?;
    let grid = fill(bars, &sessions, Leading::FromFuture);
    Ok(Prepared { sessions, grid })
}
