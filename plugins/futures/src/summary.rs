//! What is told beside the rows: metadata, changes of contract, sessions.

use plugin_api::{Derived, Finding, Severity, Table};
use serde_json::json;

use crate::cleaning::Recording;
use crate::columns::times;
use crate::fill::Grid;
use crate::prepared::Prepared;
use crate::rolls::{Joined, Roll, adjustments};
use crate::settings::{FeatureReset, Mode, ReferencePath, Settings};
use crate::ticks::{TICK_POINTS, points};

/// Adds metadata and findings.
pub(crate) fn describe<'a>(
    mut derived: Derived<'a>,
    recording: &Recording,
    prepared: &Prepared,
    settings: &Settings,
) -> Derived<'a> {
    let quarantined = recording.quarantine.len();
    if quarantined > 0 {
        #[expect(clippy::cast_precision_loss, reason = "counts of records")]
        let share = quarantined as f64 / recording.records as f64;
        // A per mille of a feed may be odd; more is a damaged file.
        let severity = if share > 0.001 { Severity::Warning } else { Severity::Note };
        let message = format!("{quarantined} of {} records are set aside", recording.records);
        let finding = Finding::new(severity, "bars.quarantined", "table `quarantine`", message);
        derived = derived.finding(finding.measured(share, 0.001).hint("the table says which and why"));
    }
    for roll in prepared.rolls.iter().filter(|roll| roll.basis_ticks.is_none()) {
        let (from, to) = (recording.contracts.symbol(roll.from), recording.contracts.symbol(roll.to));
        let message =
            format!("`{from}` and `{to}` have no common session before the roll: prices are not adjusted");
        derived = derived.finding(Finding::new(Severity::Warning, "rolls.basis", "table `rolls`", message));
    }
    let mode = if settings.mode == Mode::Compat { "compat" } else { "strict" };
    let resets = match settings.feature_reset {
        FeatureReset::Never => "none: windows go on over nights and rolls, as in the reference",
        FeatureReset::Contract => {
            "every contract: windows go on over nights, and are null until full behind a roll"
        }
        FeatureReset::Session => {
            "every session, and so every contract: windows begin anew and are null until full"
        }
    };
    let path = match settings.reference_path {
        ReferencePath::Chunked => "chunked",
        ReferencePath::RollAware => "roll_aware",
    };
    let mut derived = derived
        .note("mode", mode)
        .note("reference", "Model2LSTM at 234c629")
        .note("tick_points", TICK_POINTS)
        .note("session_hours_chicago", format!("{} to {}", settings.window.0, settings.window.1))
        .note("feature_reset", resets)
        .note(
            "records",
            json!({
                "all": recording.records,
                "clean": recording.clean(),
                "quarantine": quarantined,
                "other_instruments": recording.others,
            }),
        );
    if let Some(month) = settings.month {
        derived = derived.note("month", month.to_string());
    }
    if settings.mode == Mode::Compat {
        derived = derived.note("compat_labels", path);
    } else {
        derived = derived
            .note("horizon_seconds", settings.horizon_rows)
            .note("decay_as_of", settings.as_of.map_or(json!(null), |date| json!(date.to_string())))
            .note("decay_per_month", settings.decay_per_month)
            .note("pairs_ticks", json!(settings.pairs_ticks.map(|(stop, target)| [stop, target])))
            .note(
                "adjustment",
                match settings.adjustment {
                    Joined::ByDifference => "difference: prices join those of the last contract",
                    Joined::ByRatio => "ratio: prices join those of the last contract",
                },
            );
    }
    derived
}

/// The table `rolls`.
pub(crate) fn rolls(prepared: &Prepared, recording: &Recording) -> Table<'static> {
    let rolls = &prepared.rolls;
    let symbols = |of: fn(&Roll) -> u16| -> Vec<String> {
        rolls.iter().map(|roll| recording.contracts.symbol(of(roll)).to_owned()).collect()
    };
    let count =
        |of: fn(&Roll) -> u64| -> Vec<i64> { rolls.iter().map(|roll| of(roll).cast_signed()).collect() };
    let basis: Vec<Option<f64>> = rolls.iter().map(|roll| roll.basis_ticks.map(points)).collect();
    Table::new("rolls")
        .column("from_symbol", symbols(|roll| roll.from))
        .column("to_symbol", symbols(|roll| roll.to))
        .column("time", times(&rolls.iter().map(|roll| roll.time_seconds).collect::<Vec<_>>()))
        .column("basis", basis)
        .column("ratio", rolls.iter().map(|roll| roll.ratio).collect::<Vec<_>>())
        .column("from_volume", count(|roll| roll.from_volume))
        .column("to_volume", count(|roll| roll.to_volume))
        .build()
}

/// The table `sessions`.
pub(crate) fn sessions(prepared: &Prepared, recording: &Recording, settings: &Settings) -> Table<'static> {
    let own = prepared.own.clone();
    let sessions = &prepared.sessions[own.clone()];
    let grid: &Grid = &prepared.grid;
    let counts = |of: &dyn Fn(usize) -> usize| -> Vec<i64> {
        (0..sessions.len()).map(|session| i64::try_from(of(session)).unwrap_or(i64::MAX)).collect()
    };
    let adjustments = adjustments(sessions, &prepared.rolls, settings.adjustment);
    Table::new("sessions")
        .column("session", counts(&|session| session))
        .column("trade_date", sessions.iter().map(|session| session.date.to_string()).collect::<Vec<_>>())
        .column("open_time", times(&sessions.iter().map(|session| session.open_seconds).collect::<Vec<_>>()))
        .column(
            "close_time",
            times(&sessions.iter().map(|session| session.close_seconds).collect::<Vec<_>>()),
        )
        .column(
            "symbol",
            sessions
                .iter()
                .map(|session| recording.contracts.symbol(session.contract).to_owned())
                .collect::<Vec<_>>(),
        )
        .column("rows", counts(&|session| prepared.rows(own.start + session).len()))
        .column(
            "filled_rows",
            counts(&|session| {
                grid.filled[prepared.rows(own.start + session)].iter().filter(|filled| **filled).count()
            }),
        )
        .column("cut_off", sessions.iter().map(|session| session.cut_off).collect::<Vec<bool>>())
        .column("adjustment", adjustments.iter().map(|added| points(added.ticks)).collect::<Vec<f64>>())
        .column("adjustment_factor", adjustments.iter().map(|added| added.factor).collect::<Vec<f64>>())
        .build()
}
