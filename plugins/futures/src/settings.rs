//! What the user set.

use std::ops::RangeInclusive;

use jiff::civil::{Date, Time};
use plugin_api::{ModuleError, Parameters};

use crate::cleaning::LARGEST_VOLUME;
use crate::labels::{HORIZON_ROWS, PAIRS, Pairs, Tie};
use crate::month::Month;
use crate::rolls::{Joined, Lead};
use crate::weights::DECAY_PER_MONTH;

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

/// Where windows of features begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureReset {
    /// In every session.
    Session,
    /// In every contract.
    Contract,
    /// Never, as in the reference.
    Never,
}

/// What a month is believed within.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Lowest and highest share of winners.
    pub win_rates: (f64, f64),
    /// Share of missing values above which a feature is bad.
    pub missing_fraction: f64,
}

impl Limits {
    /// Those of the reference (weighted_labeling.py, `validate_quality_assurance`; feature_validation.py).
    pub const REFERENCE: Self = Self { win_rates: (0.05, 0.50), missing_fraction: 0.35 };

    /// Whether a share of winners is believed.
    #[must_use]
    pub fn believes(&self, win_rate: f64) -> bool {
        (self.win_rates.0..=self.win_rates.1).contains(&win_rate)
    }
}

/// A day of seconds: nothing is longer than a session anyway.
const DAY_ROWS: usize = 86_400;

/// Parameters of stop and target of each pair.
const PAIR_NAMES: [(&str, &str); 3] = [
    ("low_vol_stop_ticks", "low_vol_target_ticks"),
    ("normal_vol_stop_ticks", "normal_vol_target_ticks"),
    ("high_vol_stop_ticks", "high_vol_target_ticks"),
];

/// The contract changes when a later one is traded more on the day before.
pub(crate) const LEAD: Lead = Lead { volume_ratio: 1.0, days: 1 };

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
    /// Decay of weights a month, in strict mode.
    pub decay_per_month: f64,
    /// Stop and target of each pair, ticks, in strict mode.
    pub pairs_ticks: Pairs,
    /// When the contract changes, in strict mode.
    pub lead: Lead,
    /// How prices join over a roll, in strict mode.
    pub adjustment: Joined,
    /// Where windows of features begin anew.
    pub feature_reset: FeatureReset,
    /// What is believed.
    pub limits: Limits,
    /// Most contracts of a bar.
    pub largest_volume: u32,
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
        let decay_per_month = fraction(parameters, "decay_per_month", DECAY_PER_MONTH, 0.0..=1.0)?;
        let mut pairs_ticks = PAIRS;
        for ((stop, target), (stop_name, target_name)) in pairs_ticks.iter_mut().zip(PAIR_NAMES) {
            *stop = ticks(parameters, stop_name, *stop)?;
            *target = ticks(parameters, target_name, *target)?;
        }
        let lead = Lead {
            volume_ratio: fraction(parameters, "roll_volume_ratio", LEAD.volume_ratio, 1.0..=100.0)?,
            days: whole(parameters, "roll_days", LEAD.days, 1..=20)?,
        };
        let adjustment = match parameters.text("adjustment")?.unwrap_or("difference") {
            "difference" => Joined::ByDifference,
            "ratio" => Joined::ByRatio,
            other => return Err(unknown("adjustment", other, "difference` or `ratio")),
        };
        let feature_reset = match parameters.text("feature_reset")?.unwrap_or("session") {
            "session" => FeatureReset::Session,
            "contract" => FeatureReset::Contract,
            "never" => FeatureReset::Never,
            other => return Err(unknown("feature_reset", other, "session`, `contract` or `never")),
        };
        let usual = Limits::REFERENCE;
        let limits = Limits {
            win_rates: (
                fraction(parameters, "win_rate_minimum", usual.win_rates.0, 0.0..=1.0)?,
                fraction(parameters, "win_rate_maximum", usual.win_rates.1, 0.0..=1.0)?,
            ),
            missing_fraction: fraction(parameters, "missing_maximum", usual.missing_fraction, 0.0..=1.0)?,
        };
        if limits.win_rates.1 < limits.win_rates.0 {
            let message =
                format!("{} is below `win_rate_minimum`, {}", limits.win_rates.1, limits.win_rates.0);
            return Err(ModuleError::bad_parameter("win_rate_maximum", message));
        }
        let largest_volume = whole(parameters, "largest_volume", LARGEST_VOLUME as usize, 1..=1_000_000_000)?;
        let mut settings = Self {
            mode,
            reference_path,
            month,
            decay_per_month,
            pairs_ticks,
            lead,
            adjustment,
            feature_reset,
            limits,
            largest_volume: u32::try_from(largest_volume).unwrap_or(LARGEST_VOLUME),
            window: (start, end),
            horizon_rows: horizon,
            tie,
            as_of,
            folds,
            embargo_rows,
        };
        settings.refuse_what_the_mode_ignores()?;
        if mode == Mode::Compat {
            settings.feature_reset = FeatureReset::Never;
        }
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
                ("decay_per_month", differs(self.decay_per_month, DECAY_PER_MONTH)),
                ("roll_volume_ratio", differs(self.lead.volume_ratio, LEAD.volume_ratio)),
                ("roll_days", self.lead.days != LEAD.days),
                ("adjustment", self.adjustment != Joined::ByDifference),
                ("feature_reset", self.feature_reset != FeatureReset::Session),
                ("win_rate_minimum", differs(self.limits.win_rates.0, Limits::REFERENCE.win_rates.0)),
                ("win_rate_maximum", differs(self.limits.win_rates.1, Limits::REFERENCE.win_rates.1)),
                (
                    "missing_maximum",
                    differs(self.limits.missing_fraction, Limits::REFERENCE.missing_fraction),
                ),
                ("largest_volume", self.largest_volume != LARGEST_VOLUME),
            ]
            .into_iter()
            .chain(self.changed_pairs())
            .collect(),
            Mode::Strict => vec![("compat_labels", self.reference_path != ReferencePath::Chunked)],
        };
        let (mode, other) = match self.mode {
            Mode::Compat => ("compat", "strict"),
            Mode::Strict => ("strict", "compat"),
        };
        if self.as_of.is_none() && differs(self.decay_per_month, DECAY_PER_MONTH) && self.mode == Mode::Strict
        {
            return Err(ModuleError::bad_parameter("decay_per_month", "has no meaning without `as_of`")
                .hint("give the date from which ages are counted, such as `as_of=2025-10-31`"));
        }
        match changed.into_iter().find(|(_, changed)| *changed) {
            Some((name, _)) => {
                Err(ModuleError::bad_parameter(name, format!("has no meaning in {mode} mode"))
                    .hint(format!("leave it out, or give `mode={other}`")))
            }
            None => Ok(()),
        }
    }
}

impl Settings {
    /// The distances, and whether they are others than the reference's.
    fn changed_pairs(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let pairs = self.pairs_ticks.into_iter().zip(PAIRS).zip(PAIR_NAMES);
        pairs.flat_map(|((found, usual), (stop, target))| {
            [(stop, found.0 != usual.0), (target, found.1 != usual.1)]
        })
    }
}

fn differs(found: f64, usual: f64) -> bool {
    found.to_bits() != usual.to_bits()
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

/// A distance in ticks: at most a hundred points.
fn ticks(parameters: &Parameters, name: &str, usual: i32) -> Result<i32, ModuleError> {
    let found = whole(parameters, name, usize::try_from(usual).unwrap_or_default(), 1..=400)?;
    Ok(i32::try_from(found).unwrap_or(usual))
}

/// A number within bounds.
fn fraction(
    parameters: &Parameters,
    name: &str,
    usual: f64,
    bounds: RangeInclusive<f64>,
) -> Result<f64, ModuleError> {
    let found = parameters.number(name)?.unwrap_or(usual);
    if bounds.contains(&found) {
        return Ok(found);
    }
    let message = format!("{found} does not lie between {} and {}", bounds.start(), bounds.end());
    Err(ModuleError::bad_parameter(name, message))
}
