//! Layouts of other programs.
//!
//! * `cobaya`: what the classes `sn.pantheonplus`, `sn.pantheonplusshoes` and `sn.union3` of Cobaya 3.6 read. All three
//!   take the covariance as it is; the first two leave out supernovae at zHD ≤ 0.01 (the second one keeps calibrators).
//! * `fit`: one JSON object with observations, uncertainties, redshifts, covariance and metadata.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cosmology::exports::{cosmosis, sacc};
use plugin_api::{Derived, ExportContent, ExportFile, ExportFormat, FieldSource};

use crate::sample::Sample;

fn file(suffix: &str, content: ExportContent) -> ExportFile {
    ExportFile { suffix: suffix.to_owned(), content }
}

fn columns(names: &[&str], header: &str) -> ExportContent {
    ExportContent::Columns {
        table: "data".to_owned(),
        columns: names.iter().map(|&name| name.to_owned()).collect(),
        header: Some(header.to_owned()),
    }
}

/// The layouts that every probe has. `sample` is a name for the supernovae as a whole.
pub(crate) fn shared<'a>(
    derived: Derived<'a>,
    sample: &Sample,
    with_calibrators: bool,
    tracer: &str,
) -> Derived<'a> {
    let z_hel = if sample.z_hel.is_some() { "z_hel" } else { "z" };
    let mut tags = vec![
        ("z", sacc::Tag::Column("z")),
        ("z_hel", sacc::Tag::Column(z_hel)),
        ("id", sacc::Tag::Column("name")),
    ];
    if sample.surveys.is_some() {
        tags.push(("survey", sacc::Tag::Column("survey")));
    }
    let data_type = sacc::data_type("mu").unwrap_or_default();
    let points = sacc::Points {
        data_types: vec![data_type.to_owned(); sample.len()],
        tracers: vec![tracer.to_owned(); sample.len()],
        tags,
    };
    let rows = if with_calibrators {
        shoes_table(sample)
    } else {
        columns(&["z", z_hel, "observable"], "zHD zHEL m_b_corr")
    };
    sacc::add(cosmosis::add_supernovae(derived, rows, with_calibrators), &points)
}

/// `with_calibrators` asks for the class that puts Cepheid distances in the place of the theory.
pub(crate) fn cobaya(sample: &Sample, with_calibrators: bool) -> ExportFormat {
    let (class, table) = if with_calibrators {
        ("sn.pantheonplusshoes", shoes_table(sample))
    } else if sample.z_hel.is_some() {
        ("sn.pantheonplus", columns(&["z", "z_hel", "observable"], "zHD zHEL m_b_corr"))
    } else {
        // This class takes one redshift for both, which is what such a release has.
        ("sn.union3", columns(&["z", "observable"], "zcmb mb"))
    };
    let settings =
        "name = {name}\ndata_file = {name}_table.txt\nmag_covmat_file = {name}_cov.txt\n".to_owned();
    let mut block = format!(
        "# Data {{name}}, for the class {class} of Cobaya. It reads these files alone, but demands that its own data are\n\
         # installed: `cobaya-install {class}`.\n"
    );
    let near = sample.z.iter().filter(|z| **z <= 0.01).count();
    if near > 0 && class != "sn.union3" {
        let _ = writeln!(
            block,
            "# The class itself leaves out supernovae at zHD <= 0.01, of which {near} are here."
        );
    }
    let _ = write!(
        block,
        "likelihood:\n  {class}:\n    path: {{directory}}\n    dataset_file: {{name}}.dataset\n"
    );
    ExportFormat {
        meaning: format!(
            "Cobaya's class {class}: settings, table, covariance, and the block for its input file"
        ),
        files: vec![
            file(".dataset", ExportContent::Text { text: settings }),
            file("_table.txt", table),
            file("_cov.txt", ExportContent::Matrix { matrix: "covariance".to_owned(), leading_size: true }),
            file(".yaml", ExportContent::Text { text: block }),
        ],
    }
}

/// Cepheid distances are null for all but calibrators, which columns cannot say: the file is written here, with the
/// -9 of the release.
fn shoes_table(sample: &Sample) -> ExportContent {
    let mut text = String::from("zHD zHEL m_b_corr IS_CALIBRATOR CEPH_DIST\n");
    for row in 0..sample.len() {
        let z_hel = sample.z_hel.as_ref().map_or(sample.z[row], |z_hel| z_hel[row]);
        let (calibrates, distance) = match sample.calibrator_distance(row) {
            Some(distance) => (1, distance),
            None => (0, -9.0),
        };
        let _ =
            writeln!(text, "{} {z_hel} {} {calibrates} {distance}", sample.z[row], sample.observable[row]);
    }
    ExportContent::Text { text }
}

pub(crate) fn fit(sample: &Sample) -> ExportFormat {
    let column = |name: &str| FieldSource::Column { table: "data".to_owned(), column: name.to_owned() };
    let mut fields = BTreeMap::from([
        ("observations".to_owned(), column("observable")),
        ("uncertainties".to_owned(), column("uncertainty")),
        ("redshifts".to_owned(), column("z")),
        ("covariance".to_owned(), FieldSource::Matrix { matrix: "covariance".to_owned() }),
        ("metadata".to_owned(), FieldSource::Metadata),
    ]);
    if sample.z_hel.is_some() {
        fields.insert("redshifts_heliocentric".to_owned(), column("z_hel"));
    }
    if sample.is_calibrator.is_some() {
        fields.insert("is_calibrator".to_owned(), column("is_calibrator"));
        fields.insert("calibrator_distance_moduli".to_owned(), column("ceph_distance"));
    }
    ExportFormat {
        meaning: "one JSON object for a fitting program; a constant common to all observations is free, see \
                  metadata.absolute_scale"
            .to_owned(),
        files: vec![file("_fit.json", ExportContent::Document { fields })],
    }
}
