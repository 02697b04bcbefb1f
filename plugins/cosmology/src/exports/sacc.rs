//! `sacc`: the container of the LSST Dark Energy Science Collaboration, for the Python package `sacc` 2.4 and what
//! builds on it (firecrown). The file is what `Sacc.save_fits` writes (FITS layout 2): a table of tracers, the
//! covariance, a table of points for each data type, and a table of metadata.
//!
//! SACC sorts points by type into tables; a column `sacc_ordering`, which the package consumes on reading, puts them
//! back into the order of the covariance. The tag `row_id` names each point, whatever is done to the order afterwards.
//!
//! # Names of data types
//! SACC 2.4 defines none for these probes (`sacc.standard_types`), but a pattern:
//! `{sources}_{properties}_{statistic}[_{subtype}]`, each part in camel case. `supernova_distance_mu` is firecrown's,
//! for magnitudes and moduli alike since its theory has a free offset. The others are [`data_type`]'s.

use std::collections::{BTreeMap, BTreeSet};

use plugin_api::{Derived, ExportContent, ExportFormat, FitsColumn, FitsRows, FitsTable, FitsValues};
use serde_json::{Value, json};

use super::{COVARIANCE, TABLE, file};

/// What the rows are, in their order.
#[derive(Debug, Clone, Default)]
pub struct Points {
    /// Data type of each row.
    pub data_types: Vec<String>,
    /// Name of the sample each row was measured with, such as `pantheonplus` or `LRG1`.
    pub tracers: Vec<String>,
    /// What else is known of the rows, by SACC's name for it: `z`, `z_hel`, `id`, `survey`, `quantity`.
    pub tags: Vec<(&'static str, Tag)>,
}

/// Where the values of a tag stand.
#[derive(Debug, Clone)]
pub enum Tag {
    /// A column of the table, of texts or numbers without nulls. SACC cannot read truth values.
    Column(&'static str),
    /// Given texts or numbers, one for each row.
    Values(Vec<Value>),
}

/// The data type of what a row measures, by the label that the modules use; `None` when there is no name for it.
#[must_use]
pub fn data_type(quantity: &str) -> Option<&'static str> {
    Some(match quantity {
        "mu" | "m_b" => "supernova_distance_mu",
        "DV_over_rs" => "galaxy_bao_dvOverRs",
        "DM_over_rs" => "galaxy_bao_dmOverRs",
        "DH_over_rs" => "galaxy_bao_dhOverRs",
        "DA_over_rs" => "galaxy_bao_daOverRs",
        "rs_over_DV" => "galaxy_bao_rsOverDv",
        "Hz_rs" => "galaxy_bao_hTimesRs",
        "F_AP" => "galaxy_bao_alcockPaczynski",
        "f_sigma8" => "galaxy_growth_fSigma8",
        "H" => "galaxy_expansion_h",
        "R" => "cmb_distancePrior_shift",
        "l_A" => "cmb_distancePrior_acousticScale",
        "omega_b" => "cmb_distancePrior_omegaB",
        "omega_bc" => "cmb_distancePrior_omegaBc",
        "omega_m" => "cmb_distancePrior_omegaM",
        "theta_star" => "cmb_distancePrior_thetaStar",
        "n_s" => "cmb_distancePrior_ns",
        _ => return None,
    })
}

/// Adds the layout `sacc`.
#[must_use]
pub fn add<'a>(derived: Derived<'a>, points: &Points) -> Derived<'a> {
    let header = BTreeMap::from([("SACCFVER".to_owned(), json!(2))]);
    let mut tables = vec![tracers(&points.tracers), covariance(points.data_types.len())];
    let types: BTreeSet<&str> = points.data_types.iter().map(String::as_str).collect();
    tables.extend(types.iter().map(|data_type| data(points, data_type)));
    tables.push(FitsTable { metadata: true, ..table("metadata", Some("metadata"), "metadata") });
    let format = ExportFormat {
        meaning: "the Python package sacc 2.4: points with types, tracers and tags, covariance, metadata"
            .to_owned(),
        files: vec![file(".sacc.fits", ExportContent::Fits { header, tables })],
    };
    derived.export("sacc", format)
}

/// An empty table with the cards by which SACC finds its way.
fn table(kind: &str, class: Option<&str>, name: &str) -> FitsTable {
    let mut header =
        BTreeMap::from([("SACCTYPE".to_owned(), json!(kind)), ("SACCNAME".to_owned(), json!(name))]);
    if let Some(class) = class {
        header.insert("SACCCLSS".to_owned(), json!(class));
    }
    let parts: Vec<&str> = [kind].into_iter().chain(class).chain([name]).collect();
    FitsTable { name: parts.join(":"), header, ..FitsTable::default() }
}

fn tracers(tracers: &[String]) -> FitsTable {
    let names: BTreeSet<String> = tracers.iter().map(|name| ascii(name)).collect();
    let names = names.into_iter().map(Value::from).collect();
    let columns = vec![
        FitsColumn::new("name", FitsValues::Values { values: names }),
        FitsColumn::new("quantity", FitsValues::Constant { value: json!("generic") }),
    ];
    FitsTable { columns, ..table("tracer", Some("Misc"), "misc") }
}

fn covariance(size: usize) -> FitsTable {
    let mut table = table("covariance", Some("full"), "cov");
    table.header.insert("SIZE".to_owned(), json!(size));
    table.columns.push(FitsColumn::new("row", FitsValues::MatrixRows { matrix: COVARIANCE.to_owned() }));
    table
}

/// The points of one data type. Its columns are the tracers, the value, then every tag.
fn data(points: &Points, data_type: &str) -> FitsTable {
    let rows =
        || points.data_types.iter().enumerate().filter(|(_, other)| *other == data_type).map(|(row, _)| row);
    let all = points.data_types.iter().all(|other| other == data_type);
    let column = |name: &str| FitsValues::Column { column: name.to_owned() };
    let given = |values: &[Value]| {
        let mut values: Vec<Value> = rows().filter_map(|row| values.get(row).cloned()).collect();
        match values.first().cloned() {
            Some(value) if values.iter().all(|other| *other == value) => FitsValues::Constant { value },
            _ => FitsValues::Values { values: std::mem::take(&mut values) },
        }
    };
    let tracers: Vec<Value> = points.tracers.iter().map(|name| json!(ascii(name))).collect();
    let mut table = table("data", None, data_type);
    table.header.insert("NTRACER".to_owned(), json!(1));
    table.rows_of = Some(FitsRows {
        table: TABLE.to_owned(),
        rows: (!all).then(|| rows().map(|row| row as u64).collect()),
    });
    table.columns = vec![
        FitsColumn::new("tracer_0", given(&tracers)),
        FitsColumn::new("value", column("observable")),
        FitsColumn::new("sacc_ordering", FitsValues::RowNumbers),
        FitsColumn::new("row_id", column("row_id")),
    ];
    table.columns.extend(points.tags.iter().map(|(name, tag)| match tag {
        Tag::Column(source) => FitsColumn::new(*name, column(source)),
        Tag::Values(values) => FitsColumn::new(*name, given(values)),
    }));
    table
}

/// FITS has ASCII alone: anything else is written as the host writes metadata, `\u00e9`.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        if matches!(one, ' '..='~') {
            out.push(one);
        } else {
            out.extend(format!("\\u{:04x}", u32::from(one)).chars());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(points: &Points) -> Vec<FitsTable> {
        let format = add(Derived::new("vector"), points).exports.remove("sacc").expect("it was added");
        let [file] = format.files.try_into().expect("one file");
        let ExportContent::Fits { header, tables } = file.content else { panic!("a FITS file") };
        assert_eq!(header["SACCFVER"], 2);
        tables
    }

    fn values<'a>(table: &'a FitsTable, name: &str) -> &'a FitsValues {
        &table.columns.iter().find(|column| column.name == name).expect(name).values
    }

    fn points(types: &[&str], tracers: &[&str]) -> Points {
        Points {
            data_types: types.iter().map(|&name| name.to_owned()).collect(),
            tracers: tracers.iter().map(|&name| name.to_owned()).collect(),
            tags: vec![
                ("z", Tag::Column("z")),
                ("calibrator", Tag::Values((0..types.len()).map(|row| json!(row % 2)).collect())),
            ],
        }
    }

    #[test]
    fn each_type_has_a_table_of_its_rows_and_their_numbers() {
        let tables = tables(&points(&["b", "a", "b"], &["BGS", "Lyα", "BGS"]));
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        let expected =
            ["tracer:Misc:misc", "covariance:full:cov", "data:a", "data:b", "metadata:metadata:metadata"];
        assert_eq!(names, expected);
        let texts =
            |values: &[&str]| FitsValues::Values { values: values.iter().map(|text| json!(text)).collect() };
        assert_eq!(values(&tables[0], "name"), &texts(&["BGS", "Ly\\u03b1"]));
        assert_eq!(tables[1].header["SIZE"], 3);
        assert_eq!(values(&tables[2], "tracer_0"), &FitsValues::Constant { value: json!("Ly\\u03b1") });
        assert_eq!(values(&tables[3], "tracer_0"), &FitsValues::Constant { value: json!("BGS") });
        let rows = Some(vec![0, 2]);
        assert_eq!(tables[3].rows_of, Some(FitsRows { table: "data".to_owned(), rows }));
        assert_eq!(values(&tables[3], "sacc_ordering"), &FitsValues::RowNumbers);
        for (name, column) in [("value", "observable"), ("row_id", "row_id"), ("z", "z")] {
            assert_eq!(values(&tables[3], name), &FitsValues::Column { column: column.to_owned() });
        }
        assert_eq!(values(&tables[3], "calibrator"), &FitsValues::Constant { value: json!(0) });
        // SACC takes what follows the tracers and the value for tags.
        assert_eq!([&*tables[3].columns[0].name, &*tables[3].columns[1].name], ["tracer_0", "value"]);
    }

    #[test]
    fn rows_of_one_type_are_not_listed() {
        let tables = tables(&points(&["a", "a"], &["x", "y"]));
        assert_eq!(tables[2].rows_of, Some(FitsRows { table: "data".to_owned(), rows: None }));
        assert_eq!(
            values(&tables[2], "calibrator"),
            &FitsValues::Values { values: vec![json!(0), json!(1)] }
        );
    }

    #[test]
    fn data_types_follow_the_pattern_of_sacc() {
        for quantity in
            ["mu", "DV_over_rs", "DM_over_rs", "F_AP", "f_sigma8", "H", "R", "l_A", "omega_b", "n_s"]
        {
            let name = data_type(quantity).expect(quantity);
            let parts: Vec<&str> = name.split('_').collect();
            assert!((3..=4).contains(&parts.len()), "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name}");
        }
        assert_eq!(data_type("nothing"), None);
    }
}
