//! Layouts of other programs for tabulated likelihoods.
//!
//! * `cobaya`: what the class `bao.generic` of Cobaya 3.6 reads.
//! * `fit`: one JSON object with the values, the axes and metadata.

use std::collections::BTreeMap;

use cosmology::catalogue::Publication;
use cosmology::measurements::exports::{cobaya_block, file};
use plugin_api::{ExportContent, ExportFormat, FieldSource};

use crate::description::Description;
use crate::grid::axis_column;
use crate::settings::GridValue;

/// `None` when no class of Cobaya reads such a table without its numbers being changed.
pub(crate) fn cobaya_grid(
    description: &Description,
    publication: Option<&Publication>,
) -> Option<ExportFormat> {
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
    files.push(file(".yaml", cobaya_block(publication, &[], &settings)));
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
