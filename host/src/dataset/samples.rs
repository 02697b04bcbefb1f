//! Datasets for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{Field, Schema};
use plugin_api::{
    Axis, Citation, ColumnContract, ColumnKind, Curve, MatrixContract, Only, OutputContract, Plot,
    ReferenceModel, Residuals, Series, TableContract,
};
use serde_json::json;

use super::{Dataset, DocumentHeader, ModuleIdentity, Rows, SquareMatrix, Table};

/// A table of the given columns in one batch; a column may be null where its array is.
pub(crate) fn table(name: &str, columns: Vec<(&str, ArrayRef)>) -> Table {
    let fields: Vec<_> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap();
    Table::held(name.to_owned(), schema, vec![batch])
}

/// The batches of a table that is in memory.
pub(crate) fn batches(table: &Table) -> &[RecordBatch] {
    let Rows::Held(batches) = &table.content else { panic!("`{}` is in a file", table.name) };
    batches
}

pub(crate) fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

pub(crate) fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(crate) fn column(name: &str, kind: ColumnKind) -> ColumnContract {
    ColumnContract {
        name: name.to_owned(),
        kind,
        unit: None,
        unit_column: None,
        meaning: format!("the {name}"),
        required: true,
        finite: true,
        minimum: None,
        maximum: None,
        greater_than: None,
        null_fraction: 0.0,
        unique: false,
        allowed: Vec::new(),
    }
}

pub(crate) fn contract() -> OutputContract {
    let mut uncertainty = column("uncertainty", ColumnKind::Float64);
    uncertainty.greater_than = Some(0.0);
    let mut kind = column("kind", ColumnKind::Utf8);
    kind.allowed = vec!["length".to_owned(), "weight".to_owned()];
    let mut observable = column("observable", ColumnKind::Float64);
    observable.unit_column = Some("unit".to_owned());
    let mut place = column("place", ColumnKind::Float64);
    (place.minimum, place.maximum) = (Some(0.0), Some(10.0));
    OutputContract {
        meaning: "measured things".to_owned(),
        tables: vec![TableContract {
            name: "data".to_owned(),
            meaning: "one measurement".to_owned(),
            row_id: Some("row_id".to_owned()),
            minimum_rows: 2,
            columns: vec![
                column("row_id", ColumnKind::Utf8),
                kind,
                place,
                observable,
                uncertainty,
                column("unit", ColumnKind::Utf8),
            ],
        }],
        matrices: vec![MatrixContract {
            name: "covariance".to_owned(),
            meaning: "how errors go together".to_owned(),
            rows_of: "data".to_owned(),
            required: true,
            symmetric: true,
            positive_definite: true,
            diagonal_is_square_of: Some("uncertainty".to_owned()),
        }],
    }
}

/// Three rows and a covariance that keep every promise of [`contract`].
pub(crate) fn dataset() -> Dataset {
    let data = table(
        "data",
        vec![
            ("row_id", texts(&["a", "b", "c"])),
            ("kind", texts(&["length", "weight", "length"])),
            ("place", floats(&[0.51, 0.3, 1e-7])),
            ("observable", floats(&[13.0, 0.1 + 0.2, 1.0 / 3.0])),
            ("uncertainty", floats(&[0.5, 0.25, 2.0])),
            ("unit", texts(&["1", "kg", "m"])),
        ],
    );
    let values = vec![0.25, 0.05, 0.1, 0.05, 0.0625, -0.1, 0.1, -0.1, 4.0];
    Dataset {
        output: "measurements".to_owned(),
        contract: contract(),
        tables: vec![data],
        matrices: vec![SquareMatrix { name: "covariance".to_owned(), size: 3, values: values.into() }],
        metadata: BTreeMap::from([("convention".to_owned(), json!("as printed"))]),
        findings: Vec::new(),
        exports: BTreeMap::new(),
        models: Vec::new(),
        plots: BTreeMap::new(),
    }
}

pub(crate) fn header() -> DocumentHeader {
    DocumentHeader {
        title: "Some measurements".to_owned(),
        module: ModuleIdentity { id: "things".to_owned(), version: "1.2.3".to_owned() },
        citations: vec![Citation { text: "A. Author, Journal 1".to_owned(), url: None }],
        licence: "CC0-1.0".to_owned(),
    }
}

/// Predictions for the rows of [`dataset`].
pub(crate) fn model() -> ReferenceModel {
    ReferenceModel {
        name: "flat".to_owned(),
        meaning: "nothing changes".to_owned(),
        parameters: BTreeMap::from([("level_metre".to_owned(), json!(12.5))]),
        table: "data".to_owned(),
        column: "observable".to_owned(),
        matrix: Some("covariance".to_owned()),
        uncertainty: None,
        prediction: vec![12.5, 0.5, 1.0],
        free_offset: false,
    }
}

fn series(label: &str, kind: &str) -> Series {
    Series {
        label: label.to_owned(),
        table: "data".to_owned(),
        x: "place".to_owned(),
        y: "observable".to_owned(),
        error: Some("uncertainty".to_owned()),
        only: Some(Only { column: "kind".to_owned(), equals: kind.to_owned() }),
        scale: 1.0,
    }
}

/// A picture of [`dataset`] with residuals from [`model`].
pub(crate) fn points() -> Plot {
    let axis =
        |label: &str, unit: &str| Axis { label: label.to_owned(), unit: unit.to_owned(), logarithmic: false };
    Plot::Points {
        title: "Measurements over place".to_owned(),
        x: axis("place", "m"),
        y: axis("observable", "kg m^-2"),
        series: vec![
            series("lengths", "length"),
            Series { scale: 2.0, ..series("twice the weights", "weight") },
        ],
        curves: vec![Curve {
            label: "a model".to_owned(),
            series: None,
            x: vec![1e-7, 0.1, 0.6],
            y: vec![0.0, 5.0, 14.0],
        }],
        residuals: Some(Residuals { model: "flat".to_owned(), label: "observed − model".to_owned() }),
    }
}

/// A picture of the covariance of [`dataset`].
pub(crate) fn correlation() -> Plot {
    Plot::Correlation {
        title: "Correlations".to_owned(),
        matrix: "covariance".to_owned(),
        labels: Some("row_id".to_owned()),
    }
}

/// Regions of the observables of [`dataset`].
pub(crate) fn ellipses() -> Plot {
    Plot::Ellipses {
        title: "Confidence regions".to_owned(),
        table: "data".to_owned(),
        value: "observable".to_owned(),
        label: "row_id".to_owned(),
        matrix: "covariance".to_owned(),
    }
}
