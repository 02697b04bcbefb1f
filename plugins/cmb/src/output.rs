//! The dataset: table, matrices, metadata, layouts, pictures, and what the reference cosmology predicts.

use std::collections::BTreeMap;

use cosmology::catalogue::Catalogue;
use cosmology::exports::{cosmosis, sacc};
use cosmology::matrix::SquareMatrix;
use cosmology::reference::PLANCK_2018;
use plugin_api::{
    Derived, ExportContent, ExportFile, ExportFormat, FieldSource, Finding, Matrix, ModuleError, Plot,
    ReferenceModel, Table,
};
use serde_json::{Value, json};

use crate::convention::Convention;
use crate::quantity::Quantity;

const OUTPUT: &str = "compressed";

/// Everything that is known of a dataset.
#[derive(Debug)]
pub(crate) struct Dataset {
    pub(crate) rows: Vec<(Quantity, f64)>,
    pub(crate) covariance: SquareMatrix,
    /// As published.
    pub(crate) precision: Option<SquareMatrix>,
    pub(crate) convention: Option<Convention>,
    pub(crate) release: Option<&'static str>,
    /// The release whose numbers it is made of, where it is not that release itself.
    pub(crate) derived_from: Option<&'static str>,
    /// Whether every number is the published one.
    pub(crate) complete: bool,
    pub(crate) published_as: &'static str,
    pub(crate) derivation: Option<Value>,
    /// A row that was left out on request.
    pub(crate) left_out: Option<Quantity>,
    pub(crate) findings: Vec<Finding>,
}

impl Dataset {
    pub(crate) fn build(self, catalogue: &Catalogue) -> Result<Derived<'static>, ModuleError> {
        if let Some(name) = self.release
            && catalogue.get(name).is_none()
        {
            return Err(ModuleError::internal(format!("`{name}` is not in the embedded catalogue")));
        }
        let size = self.rows.len();
        let mut derived = Derived::new(OUTPUT).table(self.table());
        derived = catalogue.describe(derived, self.release);
        if let Some(name) = self.derived_from {
            derived = describe_source(derived, catalogue, name);
        }
        derived.metadata.append(&mut self.metadata());
        derived.models.extend(self.convention.map(|convention| reference(&convention, &self.rows)));
        derived.findings = self.findings;
        derived.matrices.push(Matrix::new("covariance", size, self.covariance.into_values()));
        derived
            .matrices
            .extend(self.precision.map(|precision| Matrix::new("precision", size, precision.into_values())));
        Ok(shared(derived, &self.rows)
            .export("fit", fit())
            .plot("ellipses", ellipses())
            .plot("correlation", correlation()))
    }

    fn table(&self) -> Table<'static> {
        let labels: Vec<String> = self.rows.iter().map(|(quantity, _)| quantity.label().to_owned()).collect();
        // A negative variance is for the host to find; the zero here keeps the column free of NaN.
        let sigma = |index: usize| self.covariance.get(index, index).max(0.0).sqrt();
        Table::new("data")
            .column("row_id", labels.clone())
            .column("parameter", labels)
            .column("observable", self.rows.iter().map(|(_, value)| *value).collect::<Vec<f64>>())
            .column("uncertainty", (0..self.rows.len()).map(sigma).collect::<Vec<f64>>())
            .column(
                "unit",
                self.rows.iter().map(|(quantity, _)| quantity.unit().to_owned()).collect::<Vec<String>>(),
            )
            .build()
    }

    fn metadata(&self) -> BTreeMap<String, Value> {
        let labels: Vec<&str> = self.rows.iter().map(|(quantity, _)| quantity.label()).collect();
        let definitions: BTreeMap<&str, Value> = self
            .rows
            .iter()
            .map(|(quantity, _)| {
                (quantity.label(), json!({"meaning": quantity.meaning(), "unit": quantity.unit()}))
            })
            .collect();
        let selections: Vec<Value> = self
            .left_out
            .map(|quantity| {
                json!({"left_out": quantity.label(), "rows": 1, "meaning": "marginalised over: its row and column of the covariance are left out"})
            })
            .into_iter()
            .collect();
        let mut metadata: BTreeMap<String, Value> = [
            ("corrections", json!([])),
            ("selections", json!(selections)),
            ("quantities", json!(labels)),
            ("quantity_definitions", json!(definitions)),
            ("convention", json!(self.convention.map(|convention| convention.metadata()))),
            ("covariance_structure", json!({"published_as": self.published_as, "structure": "dense"})),
            (
                "row_order",
                json!(if self.derivation.is_some() {
                    "R, l_A, omega_b, n_s"
                } else {
                    "as in the file of the priors"
                }),
            ),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        if let Some(derivation) = &self.derivation {
            metadata.insert("derivation".to_owned(), derivation.clone());
        }
        if self.release.or(self.derived_from).is_some() {
            let recognised = if self.complete {
                "every number is the published one"
            } else {
                "not every number could be held against the published ones"
            };
            metadata.insert("release_recognition".to_owned(), json!(recognised));
        }
        metadata
    }
}

/// What stays true of a published dataset when it is made anew in another convention: papers, licence, and that it holds
/// the same information. Title and notes do not.
fn describe_source<'a>(derived: Derived<'a>, catalogue: &Catalogue, name: &str) -> Derived<'a> {
    let derived = derived.note("derived_from", json!(name));
    let Some(publication) = catalogue.get(name) else { return derived };
    let every: Vec<&str> = catalogue.names().collect();
    derived
        .note("citations", json!(publication.citation))
        .note("data_licence", json!(publication.licence))
        .note("conflicts", json!([{"with": every, "reason": "both compress the same Planck data"}]))
}

/// What the reference cosmology predicts in the convention of the dataset.
fn reference(convention: &Convention, rows: &[(Quantity, f64)]) -> ReferenceModel {
    let h = PLANCK_2018.hubble_constant_km_s_mpc / 100.0;
    let omega_m = PLANCK_2018.omega_matter * h * h;
    let decoupling =
        convention.decoupling(PLANCK_2018.hubble_constant_km_s_mpc, PLANCK_2018.omega_b, omega_m);
    let prediction = |(quantity, _): &(Quantity, f64)| match quantity {
        Quantity::ShiftParameter => decoupling.shift_parameter,
        Quantity::AcousticScale => decoupling.acoustic_scale,
        Quantity::AcousticAngle => decoupling.sound_horizon_mpc / decoupling.distance_mpc,
        Quantity::Baryons => PLANCK_2018.omega_b,
        Quantity::BaryonsAndColdMatter => omega_m - convention.omega_neutrinos(),
        Quantity::SpectralIndex => PLANCK_2018.n_s,
    };
    let predictions = rows.iter().map(prediction).collect();
    let mut model = PLANCK_2018.model("data", "observable", Some("covariance"), predictions, false);
    model.meaning.push_str("; here with the z*, radiation and neutrinos of the dataset's convention");
    model
}

/// The layouts that every probe has.
fn shared<'a>(derived: Derived<'a>, rows: &[(Quantity, f64)]) -> Derived<'a> {
    let data_type = |quantity: Quantity| sacc::data_type(quantity.label()).unwrap_or_default().to_owned();
    let points = sacc::Points {
        data_types: rows.iter().map(|(quantity, _)| data_type(*quantity)).collect(),
        tracers: rows.iter().map(|_| "cmb".to_owned()).collect(),
        tags: vec![("quantity", sacc::Tag::Column("parameter")), ("unit", sacc::Tag::Column("unit"))],
    };
    let quantity = cosmosis::Quantity::Column("parameter");
    let gaussian = cosmosis::Gaussian { quantity, redshift: None, ruler_scale: 1.0 };
    sacc::add(cosmosis::add_gaussian(derived, &gaussian), &points)
}

fn fit() -> ExportFormat {
    let column = |name: &str| FieldSource::Column { table: "data".to_owned(), column: name.to_owned() };
    let fields = BTreeMap::from([
        ("parameters".to_owned(), column("parameter")),
        ("observations".to_owned(), column("observable")),
        ("uncertainties".to_owned(), column("uncertainty")),
        ("covariance".to_owned(), FieldSource::Matrix { matrix: "covariance".to_owned() }),
        ("metadata".to_owned(), FieldSource::Metadata),
    ]);
    ExportFormat {
        meaning: "one JSON object for a fitting program; metadata.convention says how to compute the theory"
            .to_owned(),
        files: vec![ExportFile {
            suffix: "_fit.json".to_owned(),
            content: ExportContent::Document { fields },
        }],
    }
}

fn ellipses() -> Plot {
    Plot::Ellipses {
        title: "Compressed cosmic microwave background".to_owned(),
        table: "data".to_owned(),
        value: "observable".to_owned(),
        label: "parameter".to_owned(),
        matrix: "covariance".to_owned(),
    }
}

fn correlation() -> Plot {
    Plot::Correlation {
        title: "Correlations".to_owned(),
        matrix: "covariance".to_owned(),
        labels: Some("parameter".to_owned()),
    }
}
