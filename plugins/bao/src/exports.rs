//! Layouts of other programs.
//!
//! * `cobaya`: what the class `bao.generic` of Cobaya 3.6 reads. Each row keeps Cobaya's label and its native value,
//!   so the fiducial r_d travels as `rs_fid`.
//! * `fit`: one JSON object with observations, uncertainties, covariance, redshifts and metadata.

use std::collections::BTreeMap;

use plugin_api::{ExportContent, ExportFile, ExportFormat, FieldSource};

use crate::conventions::Conventions;
use crate::description::Description;
use crate::grid::axis_column;
use crate::releases::Release;
use crate::settings::GridValue;

fn file(suffix: &str, content: ExportContent) -> ExportFile {
    ExportFile { suffix: suffix.to_owned(), content }
}

/// The likelihood block. The host writes the folder as a JSON string with its quotes, which YAML reads as the same text.
fn block(release: Option<&Release>, settings: &[String]) -> ExportContent {
    let mut text = String::from("# Data {name}, for the class bao.generic of Cobaya.\n");
    if let Some(release) = release {
        text.push_str("# ");
        text.push_str(&release.title);
        text.push('\n');
        for citation in &release.citations {
            text.push_str("# ");
            text.push_str(&citation.text);
            text.push('\n');
        }
    }
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

pub(crate) fn cobaya_vector(conventions: &Conventions, release: Option<&Release>) -> ExportFormat {
    let mut settings =
        vec!["measurements_file: {name}_mean.txt".to_owned(), "cov_file: {name}_cov.txt".to_owned()];
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
                "_mean.txt",
                ExportContent::Columns {
                    table: "data".to_owned(),
                    columns,
                    header: Some("# z value quantity".to_owned()),
                },
            ),
            file("_cov.txt", ExportContent::Matrix { matrix: "covariance".to_owned(), leading_size: false }),
            file(".yaml", block(release, &settings)),
        ],
    }
}

pub(crate) fn fit_vector() -> ExportFormat {
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

/// `None` when no class of Cobaya reads such a table without its numbers being changed.
pub(crate) fn cobaya_grid(description: &Description, release: Option<&Release>) -> Option<ExportFormat> {
    let axes = description.quantities.len();
    let mut columns: Vec<String> = (0..axes).map(axis_column).collect();
    let mut files = Vec::new();
    let settings = match (description.value, description.range) {
        (GridValue::Chi2, Some((minimum, maximum))) => {
            columns.clear();
            let quantity = *description.quantities.first()?;
            // Cobaya divides lengths by `rs_rescale`, and nothing else.
            if description.fiducial.is_some() && !quantity.is_length_ratio() {
                return None;
            }
            let text = format!(
                "# Only redshift and quantity are used; the likelihood is the table of chi-squared.\n{} 1 {quantity}\n",
                description.redshift
            );
            files.push(file("_mean.txt", ExportContent::Text { text }));
            vec![
                "measurements_file: {name}_mean.txt".to_owned(),
                "prob_dist: {name}_grid.txt".to_owned(),
                format!("prob_dist_bounds: [{minimum}, {maximum}]"),
                format!("rs_rescale: {}", description.fiducial.unwrap_or(1.0)),
            ]
        }
        (GridValue::Probability | GridValue::LikelihoodRatio, None) if description.fiducial.is_none() => {
            let mut settings = vec![
                "measurements_file: null".to_owned(),
                "grid_file: {name}_grid.txt".to_owned(),
                format!("redshift: {}", description.redshift),
            ];
            for (axis, quantity) in description.quantities.iter().enumerate() {
                settings.push(format!("observable_{}: {quantity}", axis + 1));
            }
            settings
        }
        _ => return None,
    };
    columns.push("value".to_owned());
    files.push(file("_grid.txt", ExportContent::Columns { table: "grid".to_owned(), columns, header: None }));
    files.push(file(".yaml", block(release, &settings)));
    Some(ExportFormat {
        meaning: "Cobaya's class bao.generic: tabulated likelihood, and the block for its input file"
            .to_owned(),
        files,
    })
}

pub(crate) fn fit_grid(description: &Description) -> ExportFormat {
    let column = |name: &str| FieldSource::Column { table: "grid".to_owned(), column: name.to_owned() };
    let mut fields = BTreeMap::from([
        ("values".to_owned(), column("value")),
        ("metadata".to_owned(), FieldSource::Metadata),
    ]);
    for axis in (0..description.quantities.len()).map(axis_column) {
        fields.insert(axis.clone(), column(&axis));
    }
    ExportFormat {
        meaning: "one JSON object for a fitting program; metadata says what axes and values are".to_owned(),
        files: vec![file("_fit.json", ExportContent::Document { fields })],
    }
}
