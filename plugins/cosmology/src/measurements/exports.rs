//! Layouts of other programs.
//!
//! * `cobaya`: what the class `bao.generic` of Cobaya 3.6 reads. Each row keeps Cobaya's label and its native value,
//!   so the fiducial r_d travels as `rs_fid`.
//! * `fit`: one JSON object with observations, uncertainties, covariance, redshifts and metadata.

use std::collections::BTreeMap;

use plugin_api::{Derived, ExportContent, ExportFile, ExportFormat, FieldSource};

use super::conventions::Conventions;
use super::vector::Measurement;
use crate::catalogue::Publication;
use crate::exports::{cosmosis, sacc};

/// A file that ends in `suffix`.
#[must_use]
pub fn file(suffix: &str, content: ExportContent) -> ExportFile {
    ExportFile { suffix: suffix.to_owned(), content }
}

/// The likelihood block. The host writes the folder as a JSON string with its quotes, which YAML reads as the same text.
#[must_use]
pub fn cobaya_block(
    publication: Option<&Publication>,
    remarks: &[String],
    settings: &[String],
) -> ExportContent {
    let mut text = String::from("# Data {name}, for the class bao.generic of Cobaya.\n");
    if let Some(publication) = publication {
        text.push_str("# ");
        text.push_str(&publication.title);
        text.push('\n');
        for citation in &publication.citation {
            text.push_str("# ");
            text.push_str(&citation.text);
            text.push('\n');
        }
    }
    text.push_str(&comment(remarks));
    text.push_str(
        "# To combine several: give each block a name of its own and add `class: bao.generic` to it.\n",
    );
    text.push_str("likelihood:\n  bao.generic:\n    path: {directory}\n");
    for setting in settings {
        text.push_str("    ");
        text.push_str(setting);
        text.push('\n');
    }
    ExportContent::Text { text }
}

fn comment(remarks: &[String]) -> String {
    remarks.iter().flat_map(|remark| ["# ", remark, "\n"]).collect()
}

/// Which values go to Cobaya, and what its user must know of them.
#[derive(Debug, Clone, Copy)]
pub struct CobayaValues<'v> {
    /// Table with `z`, `observable` and `quantity`.
    pub table: &'v str,
    /// Their covariance.
    pub matrix: &'v str,
    /// Goes into the names of the files, behind that of the dataset.
    pub infix: &'v str,
    /// Lines of ASCII that head the values and the likelihood block.
    pub remarks: &'v [String],
}

impl CobayaValues<'static> {
    /// The table `data`, with nothing to remark.
    pub const PUBLISHED: Self = Self { table: "data", matrix: "covariance", infix: "", remarks: &[] };
}

/// Mean, covariance and likelihood block for Cobaya.
#[must_use]
pub fn cobaya_vector(
    values: &CobayaValues<'_>,
    conventions: &Conventions,
    publication: Option<&Publication>,
) -> ExportFormat {
    let CobayaValues { table, matrix, infix, remarks } = *values;
    let mut settings = vec![
        format!("measurements_file: {{name}}{infix}_mean.txt"),
        format!("cov_file: {{name}}{infix}_cov.txt"),
    ];
    if let Some(fiducial) = conventions.fiducial_rd_mpc {
        settings.push(format!("rs_fid: {fiducial}"));
    }
    if let Some(rescale) = conventions.rd_rescale {
        settings.push(format!("rs_rescale: {rescale}"));
    }
    let columns = ["z", "observable", "quantity"].map(str::to_owned).to_vec();
    ExportFormat {
        meaning: "Cobaya's class bao.generic: vector, covariance, and the block for its input file"
            .to_owned(),
        files: vec![
            file(
                &format!("{infix}_mean.txt"),
                ExportContent::Columns {
                    table: table.to_owned(),
                    columns,
                    header: Some(format!("{}# z value quantity", comment(remarks))),
                },
            ),
            file(
                &format!("{infix}_cov.txt"),
                ExportContent::Matrix { matrix: matrix.to_owned(), leading_size: false },
            ),
            file(&format!("{infix}.yaml"), cobaya_block(publication, remarks, &settings)),
        ],
    }
}

/// One JSON object with everything a fitting program needs.
#[must_use]
pub fn fit_vector() -> ExportFormat {
    let column = |name: &str| FieldSource::Column { table: "data".to_owned(), column: name.to_owned() };
    let fields = BTreeMap::from([
        ("observations".to_owned(), column("observable")),
        ("uncertainties".to_owned(), column("uncertainty")),
        ("redshifts".to_owned(), column("z")),
        ("covariance".to_owned(), FieldSource::Matrix { matrix: "covariance".to_owned() }),
        ("metadata".to_owned(), FieldSource::Metadata),
    ]);
    ExportFormat {
        meaning: "one JSON object for a fitting program; metadata.quantities says what each row is"
            .to_owned(),
        files: vec![file("_fit.json", ExportContent::Document { fields })],
    }
}

/// Adds the layouts that every probe has.
#[must_use]
pub fn shared<'a>(
    derived: Derived<'a>,
    measurements: &[Measurement],
    conventions: &Conventions,
) -> Derived<'a> {
    let data_type = |row: &Measurement| sacc::data_type(row.quantity.label()).unwrap_or_default().to_owned();
    let points = sacc::Points {
        data_types: measurements.iter().map(data_type).collect(),
        tracers: measurements.iter().map(|row| row.tracer.clone()).collect(),
        tags: ["z", "quantity", "unit"].map(|name| (name, sacc::Tag::Column(name))).to_vec(),
    };
    let gaussian = cosmosis::Gaussian {
        quantity: cosmosis::Quantity::Column("quantity"),
        redshift: Some("z"),
        ruler_scale: conventions.in_rulers(1.0),
    };
    sacc::add(cosmosis::add_gaussian(derived, &gaussian), &points)
}
