//! Which supernovae stay. Cuts act on table and covariance together and are recorded with their counts.

use plugin_api::ModuleError;
use serde_json::{Value, json};

use crate::sample::Sample;
use crate::settings::{Calibrators, Settings};

/// The rows that stay, and what was done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selection {
    /// Rising.
    pub(crate) rows: Vec<usize>,
    pub(crate) recorded: Vec<Value>,
}

pub(crate) fn select(sample: &Sample, settings: &Settings) -> Result<Selection, ModuleError> {
    let calibrator = calibrators(sample, settings.calibrators)?;
    let is_calibrator = |row: usize| calibrator.is_some_and(|flags| flags[row]);
    let named = excluded(sample, &settings.exclude_ids)?;
    let kept_anyway = matches!(settings.calibrators, Some(Calibrators::Include | Calibrators::Only));
    let column = if sample.z_hd.is_some() { "z_hd" } else { "z" };

    let mut selection = Selection { rows: (0..sample.len()).collect(), recorded: Vec::new() };
    let mut cut = |parameter: &str, value: Value, keeps: String, stays: &dyn Fn(usize) -> bool| {
        let before = selection.rows.len();
        selection.rows.retain(|&row| stays(row));
        let removed = before - selection.rows.len();
        selection.recorded.push(json!({
            "parameter": parameter, "value": value, "keeps": keeps, "rows_before": before, "removed": removed,
        }));
    };
    let unless = if kept_anyway { ", and calibrators at any redshift" } else { "" };
    if let Some(z_min) = settings.z_min {
        let stays = |row: usize| sample.z[row] > z_min || (kept_anyway && is_calibrator(row));
        cut("z_min", json!(z_min), format!("{column} > {z_min}{unless}"), &stays);
    }
    if let Some(z_max) = settings.z_max {
        let stays = |row: usize| sample.z[row] < z_max || (kept_anyway && is_calibrator(row));
        cut("z_max", json!(z_max), format!("{column} < {z_max}{unless}"), &stays);
    }
    match settings.calibrators {
        Some(Calibrators::Exclude) => {
            cut("calibrators", json!("exclude"), "supernovae that calibrate nothing".to_owned(), &|row| {
                !is_calibrator(row)
            });
        }
        Some(Calibrators::Only) => {
            cut("calibrators", json!("only"), "calibrators".to_owned(), &is_calibrator);
        }
        Some(Calibrators::Include) | None => {}
    }
    if !settings.exclude_ids.is_empty() {
        let keeps = "what is not named".to_owned();
        cut("exclude_ids", json!(settings.exclude_ids), keeps, &|row| !named.contains(&row));
    }
    if selection.rows.is_empty() {
        let parameter =
            selection.recorded.last().and_then(|cut| cut["parameter"].as_str()).unwrap_or("z_min");
        return Err(ModuleError::bad_parameter(parameter, "no supernova is left").hint("cut less"));
    }
    Ok(selection)
}

fn calibrators(sample: &Sample, choice: Option<Calibrators>) -> Result<Option<&[bool]>, ModuleError> {
    if choice.is_some() && sample.is_calibrator.is_none() {
        return Err(ModuleError::bad_parameter(
            "calibrators",
            "the table does not say which supernovae calibrate",
        )
        .hint("leave the parameter out; Pantheon+ has the column `IS_CALIBRATOR`"));
    }
    let flags = sample.is_calibrator.as_deref();
    if choice.is_some() && flags.is_some_and(|flags| !flags.contains(&true)) {
        return Err(ModuleError::bad_parameter("calibrators", "no supernova of the table calibrates")
            .hint("leave the parameter out"));
    }
    Ok(flags)
}

/// The rows with these identities; a name alone means the supernova in every survey.
fn excluded(sample: &Sample, ids: &[String]) -> Result<Vec<usize>, ModuleError> {
    let mut rows = Vec::new();
    for id in ids {
        let before = rows.len();
        rows.extend((0..sample.len()).filter(|&row| sample.names[row] == *id || sample.row_id(row) == *id));
        if rows.len() == before {
            let message = format!("no supernova is called `{}`", cosmology::text::shortened(id));
            return Err(ModuleError::bad_parameter("exclude_ids", message)
                .hint("give names, or identities as in the column `row_id`, separated by commas"));
        }
    }
    Ok(rows)
}
