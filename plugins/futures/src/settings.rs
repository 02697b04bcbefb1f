//! What the user set.

use std::ops::RangeInclusive;

use jiff::civil::{Date, Time};
use plugin_api::{ModuleError, Parameters};

use crate::labels::{HORIZON_ROWS, Tie};
use crate::month::Month;

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Those of the reference, with its faults, to the bit.
    Compat,
    /// What the words mean.
    Strict,
}

/// Which of the reference's two paths labels come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferencePath {
    /// Long inputs: rolls are not looked at.
    Chunked,
    /// Short inputs: rows near a jump of the price lose.
    RollAware,
}

/// A day of seconds: nothing is longer than a session anyway.
const DAY_ROWS: usize = 86_400;

/// Folds unless told otherwise.
const FOLDS: usize = 5;

/// All parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Whose rules hold.
    pub mode: Mode,
    /// The reference's path, in compat mode.
    pub reference_path: ReferencePath,
    /// The month that bars are of, when it is known.
    pub month: Option<Month>,
    /// Civil times of Chicago between which bars count, without the second.
    pub window: (Time, Time),
    /// Seconds after which a trade is over, in strict mode.
    pub horizon_rows: usize,
    /// What counts when target and stop are reached in the same second, in strict mode.
    pub tie: Tie,
    /// Day from which the age of a label is counted, in strict mode; without it no label is older than another.
    pub as_of: Option<Date>,
    /// Number of folds, in strict mode.
    pub folds: usize,
    /// Rows behind a test that are left out.
    pub embargo_rows: usize,
}

impl Settings {
    /// Reads and checks the parameters.
    ///
    /// # Errors
    /// [`ModuleError::BadParameter`] for a value that is not known.
    pub fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
        let mode = match parameters.text("mode")?.unwrap_or("strict") {
            "compat" => Mode::Compat,
            "strict" => Mode::Strict,
            other => return Err(unknown("mode", other, "compat` or `strict")),
        };
        let reference_path = match parameters.text("compat_labels")?.unwrap_or("chunked") {
            "chunked" => ReferencePath::Chunked,
            "roll_aware" => ReferencePath::RollAware,
            other => return Err(unknown("compat_labels", other, "chunked` or `roll_aware")),
        };
        let usual_start =
            if mode == Mode::Compat { Time::constant(7, 30, 0, 0) } else { Time::constant(8, 30, 0, 0) };
        let start = time(parameters, "session_start")?.unwrap_or(usual_start);
        let end = time(parameters, "session_end")?.unwrap_or(Time::constant(15, 0, 0, 0));
        if end <= start {
            let message = format!("{end} is not later than `session_start`, {start}");
            return Err(ModuleError::bad_parameter("session_end", message));
        }
        let tie = match parameters.text("tie")?.unwrap_or("stop") {
            "stop" => Tie::Stop,
            "target" => Tie::Target,
            "unknown" => Tie::Unknown,
            other => return Err(unknown("tie", other, "stop`, `target` or `unknown")),
        };
        let horizon = whole(parameters, "horizon_seconds", HORIZON_ROWS, 1..=DAY_ROWS)?;
        let folds = whole(parameters, "folds", FOLDS, 0..=1000)?;
        let embargo_rows = whole(parameters, "embargo_seconds", HORIZON_ROWS, 0..=DAY_ROWS)?;
        let as_of = parameters.text("as_of")?.map(date).transpose()?;
        let month = parameters.text("month")?.map(month).transpose()?;
        let settings = Self {
            mode,
            reference_path,
            month,
            window: (start, end),
            horizon_rows: horizon,
            tie,
            as_of,
            folds,
            embargo_rows,
        };
        settings.refuse_what_the_mode_ignores()?;
        Ok(settings)
    }

    /// A parameter of the other mode says nothing here. The host fills in defaults, so that a default is no word of the
    /// user's.
    fn refuse_what_the_mode_ignores(&self) -> Result<(), ModuleError> {
        let changed = match self.mode {
            Mode::Compat => vec![
                ("horizon_seconds", self.horizon_rows != HORIZON_ROWS),
                ("tie", self.tie != Tie::Stop),
                ("as_of", self.as_of.is_some()),
                ("folds", self.folds != FOLDS),
                ("embargo_seconds", self.embargo_rows != HORIZON_ROWS),
            ],
            Mode::Strict => vec![("compat_labels", self.reference_path != ReferencePath::Chunked)],
        };
        let (mode, other) = match self.mode {
            Mode::Compat => ("compat", "strict"),
            Mode::Strict => ("strict", "compat"),
        };
        match changed.into_iter().find(|(_, changed)| *changed) {
            Some((name, _)) => {
                Err(ModuleError::bad_parameter(name, format!("has no meaning in {mode} mode"))
                    .hint(format!("leave it out, or give `mode={other}`")))
            }
            None => Ok(()),
        }
    }
}

fn unknown(name: &str, value: &str, known: &str) -> ModuleError {
    let shown: String = value.chars().take(40).collect();
    ModuleError::bad_parameter(name, format!("`{shown}` is not known")).hint(format!("write `{known}`"))
}

/// A civil time as `HH:MM`.
fn time(parameters: &Parameters, name: &str) -> Result<Option<Time>, ModuleError> {
    let Some(text) = parameters.text(name)? else { return Ok(None) };
    let parsed = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2);
    let parsed =
        parsed.and_then(|(hour, minute)| Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok());
    let shown: String = text.chars().take(40).collect();
    let wrong =
        || ModuleError::bad_parameter(name, format!("`{shown}` is no time")).hint("write it as `08:30`");
    parsed.map(Some).ok_or_else(wrong)
}

/// A date as `YYYY-MM-DD`.
fn date(text: &str) -> Result<Date, ModuleError> {
    let shown: String = text.chars().take(40).collect();
    let parsed = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    let wrong = || {
        ModuleError::bad_parameter("as_of", format!("`{shown}` is no date")).hint("write it as `2025-10-31`")
    };
    parsed.ok_or_else(wrong)
}

/// A month as `YYYY-MM`.
fn month(text: &str) -> Result<Month, ModuleError> {
    let shown: String = text.chars().take(40).collect();
    let wrong = || {
        ModuleError::bad_parameter("month", format!("`{shown}` is no month")).hint("write it as `2025-09`")
    };
    Month::read(text).ok_or_else(wrong)
}

/// A whole number within bounds.
fn whole(
    parameters: &Parameters,
    name: &str,
    usual: usize,
    bounds: RangeInclusive<usize>,
) -> Result<usize, ModuleError> {
    let Some(given) = parameters.integer(name)? else { return Ok(usual) };
    usize::try_from(given).ok().filter(|given| bounds.contains(given)).ok_or_else(|| {
        let message = format!("{given} does not lie between {} and {}", bounds.start(), bounds.end());
        ModuleError::bad_parameter(name, message)
    })
}
