//! Exports, models and plots refer to tables, columns and matrices that are there.

use std::collections::BTreeSet;

use super::run::{Drained, Listener, Outcome};
use super::{Faults, Suite, is_plain, repeated};
use crate::{
    ColumnKind, ExportContent, ExportFormat, FieldSource, FitsColumn, FitsTable, FitsValues, Plot,
    ReferenceModel, Series,
};

/// What the host will write and draw from an example can be written and drawn.
#[must_use]
pub fn exports_models_and_plots_refer_to_what_is_there(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        let Ok(outcome) = suite.run(example, &Listener::patient()) else { continue };
        faults.extend(
            references(&outcome).into_iter().map(|fault| format!("example `{}`: {fault}", example.name)),
        );
    }
    faults
}

/// Whatever in a result names something that the result does not have.
pub(super) fn references(outcome: &Outcome) -> Faults {
    let report = &outcome.report;
    let mut faults = Faults::new();
    let mut add = |what: String, found: Faults| {
        faults.extend(found.into_iter().map(|fault| format!("{what}: {fault}")));
    };
    for (name, export) in &report.exports {
        let mut found = export_faults(outcome, export);
        if !is_plain(name) {
            found.push("its name cannot be typed after `--format`".to_owned());
        }
        add(format!("export `{name}`"), found);
    }
    let names = report.models.iter().map(|model| model.name.as_str());
    add("models".to_owned(), repeated(names).iter().map(|name| format!("`{name}` occurs twice")).collect());
    for model in &report.models {
        add(format!("model `{}`", model.name), model_faults(outcome, model));
    }
    for (name, plot) in &report.plots {
        add(format!("plot `{name}`"), plot_faults(outcome, plot));
    }
    faults
}

/// What a column must hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Anything,
    Numbers,
    Texts,
}

fn column(outcome: &Outcome, table: &str, column: &str, holds: Holds) -> Option<String> {
    let Some(field) = outcome.table(table).and_then(|table| table.column(column)).map(|(field, _)| field)
    else {
        return Some(format!("there is no column `{column}` in table `{table}`"));
    };
    let right = match holds {
        Holds::Anything => true,
        Holds::Numbers => !matches!(field.kind, ColumnKind::Utf8 | ColumnKind::Boolean),
        Holds::Texts => field.kind == ColumnKind::Utf8,
    };
    (!right).then(|| format!("column `{column}` of table `{table}` is {:?}", field.kind))
}

fn matrix(outcome: &Outcome, name: &str) -> Option<String> {
    outcome.matrix(name).is_none().then(|| format!("there is no matrix `{name}`"))
}

fn rows(outcome: &Outcome, table: &str) -> usize {
    outcome.table(table).map_or(0, Drained::rows)
}

/// A matrix over the rows of a table.
fn matrix_of(outcome: &Outcome, name: &str, table: &str) -> Option<String> {
    matrix(outcome, name).or_else(|| {
        let size = outcome.matrix(name).map_or(0, |matrix| matrix.size);
        (size != rows(outcome, table))
            .then(|| format!("matrix `{name}` does not have the rows of table `{table}`"))
    })
}

fn export_faults(outcome: &Outcome, export: &ExportFormat) -> Faults {
    let mut faults = Faults::new();
    if export.files.is_empty() {
        faults.push("it has no file".to_owned());
    }
    let suffixes = repeated(export.files.iter().map(|file| file.suffix.as_str()));
    faults.extend(suffixes.iter().map(|suffix| format!("two files have the suffix `{suffix}`")));
    for file in &export.files {
        if file.suffix.is_empty() || file.suffix.contains(['/', '\\']) {
            faults.push(format!("`{}` is no suffix of a file's name", file.suffix));
        }
        match &file.content {
            ExportContent::Columns { table, columns, .. } => {
                let missing = columns.iter();
                faults.extend(missing.filter_map(|name| column(outcome, table, name, Holds::Anything)));
            }
            ExportContent::Matrix { matrix: name, .. } => faults.extend(matrix(outcome, name)),
            ExportContent::Text { .. } => {}
            ExportContent::Fits { tables, .. } => {
                faults.extend(tables.iter().flat_map(|table| fits_faults(outcome, table)));
            }
            ExportContent::Document { fields } => {
                faults.extend(fields.values().filter_map(|source| match source {
                    FieldSource::Column { table, column: name } => {
                        column(outcome, table, name, Holds::Anything)
                    }
                    FieldSource::Matrix { matrix: name } => matrix(outcome, name),
                    FieldSource::Metadata => None,
                }));
            }
        }
    }
    faults
}

fn fits_faults(outcome: &Outcome, fits: &FitsTable) -> Faults {
    let mut faults = Faults::new();
    let mut lengths = BTreeSet::new();
    let table = fits.rows_of.as_ref().map_or("", |rows_of| rows_of.table.as_str());
    if let Some(rows_of) = &fits.rows_of {
        let count = rows(outcome, table);
        if outcome.table(table).is_none() || rows_of.rows.iter().flatten().any(|&row| row >= count as u64) {
            faults.push(format!("FITS table `{}` has rows of `{table}` that are not there", fits.name));
        }
        lengths.insert(rows_of.rows.as_ref().map_or(count, Vec::len));
    }
    for FitsColumn { name, values } in &fits.columns {
        match values {
            FitsValues::Column { column: of } => faults.extend(column(outcome, table, of, Holds::Anything)),
            FitsValues::MatrixRows { matrix: of } => {
                faults.extend(matrix(outcome, of));
                lengths.extend(outcome.matrix(of).map(|matrix| matrix.size));
            }
            FitsValues::Values { values } => {
                lengths.insert(values.len());
            }
            FitsValues::RowNumbers if fits.rows_of.is_none() => {
                faults.push(format!("column `{name}` numbers the rows of no table"));
            }
            FitsValues::RowNumbers | FitsValues::Constant { .. } => {}
        }
    }
    if lengths.len() > 1 {
        faults.push(format!("the columns of FITS table `{}` differ in length", fits.name));
    }
    faults
}

fn model_faults(outcome: &Outcome, model: &ReferenceModel) -> Faults {
    let ReferenceModel { table, matrix, uncertainty, prediction, .. } = model;
    let mut faults = Faults::new();
    faults.extend(column(outcome, table, &model.column, Holds::Numbers));
    faults.extend(matrix.iter().filter_map(|name| matrix_of(outcome, name, table)));
    faults.extend(uncertainty.iter().filter_map(|name| column(outcome, table, name, Holds::Numbers)));
    if matrix.is_some() == uncertainty.is_some() {
        faults.push("it needs either `matrix` or `uncertainty`".to_owned());
    }
    if prediction.len() != rows(outcome, table) || prediction.iter().any(|value| !value.is_finite()) {
        faults.push(format!("it needs one finite prediction for each row of table `{table}`"));
    }
    if !is_plain(&model.name) || model.meaning.is_empty() {
        faults.push("it needs a machine-readable name and a meaning".to_owned());
    }
    faults
}

fn plot_faults(outcome: &Outcome, plot: &Plot) -> Faults {
    let mut faults = Faults::new();
    match plot {
        Plot::Points { series, curves, residuals, .. } => {
            faults.extend(series.iter().flat_map(|series| series_faults(outcome, series)));
            for curve in curves {
                let finite = curve.x.iter().chain(&curve.y).all(|value| value.is_finite());
                let of_series = curve.series.as_ref();
                if curve.x.len() != curve.y.len() || curve.x.len() < 2 || !finite || !curve.x.is_sorted() {
                    faults.push(format!("curve `{}` has no finite nodes that rise", curve.label));
                }
                if of_series.is_some_and(|label| !series.iter().any(|series| series.label == *label)) {
                    faults.push(format!("curve `{}` belongs to a series that is not there", curve.label));
                }
            }
            if let Some(residuals) = residuals
                && !outcome.report.models.iter().any(|model| model.name == residuals.model)
            {
                faults.push(format!("there is no model `{}`", residuals.model));
            }
        }
        Plot::Correlation { matrix: name, labels, .. } => {
            faults.extend(matrix(outcome, name));
            let size = outcome.matrix(name).map(|matrix| matrix.size);
            let labelled = |label: &String| {
                outcome.tables.iter().any(|table| {
                    Some(table.rows()) == size && column(outcome, &table.name, label, Holds::Texts).is_none()
                })
            };
            if let Some(label) = labels.as_ref().filter(|label| !labelled(label)) {
                faults.push(format!("no text column `{label}` names the rows of matrix `{name}`"));
            }
        }
        Plot::Ellipses { table, value, label, matrix: name, .. } => {
            faults.extend(column(outcome, table, value, Holds::Numbers));
            faults.extend(column(outcome, table, label, Holds::Texts));
            faults.extend(matrix_of(outcome, name, table));
        }
    }
    faults
}

fn series_faults(outcome: &Outcome, series: &Series) -> Faults {
    let table = &series.table;
    let mut faults = Faults::new();
    for name in [Some(&series.x), Some(&series.y), series.error.as_ref()].into_iter().flatten() {
        faults.extend(column(outcome, table, name, Holds::Numbers));
    }
    if let Some(only) = &series.only {
        faults.extend(column(outcome, table, &only.column, Holds::Texts));
    }
    if !series.scale.is_finite() {
        faults.push(format!("series `{}` has a scale that is not finite", series.label));
    }
    faults
}
