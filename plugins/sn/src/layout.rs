//! The tables of supernova releases: which one it is, told by its columns.

use cosmology::named_table;
use cosmology::text::{TextTable, counted, shortened};
use plugin_api::{Input, ModuleError};

use crate::reader;
use crate::sample::Sample;

/// Role of the table.
pub(crate) const TABLE: &str = "table";

/// More supernovae than any release has whose covariance is handled as one dense matrix.
const MOST_ROWS: usize = 5000;

/// A published arrangement of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Pantheon+: 47 columns, `m_b_corr` with statistical and systematic covariance.
    PantheonPlus,
    /// DES-SN5YR: `MU` and `MUERR_FINAL`, with a systematic covariance.
    DesY5,
    /// DES-Dovekie: `MU` and `MUERR`, with an inverse covariance.
    DesDovekie,
    /// CosmoMC's `lcparam`: Pantheon 2018, Union3, JLA.
    LightCurveParameters,
    /// `z mu`, and `dmu` where there is one: binned JLA, Union2.
    DistanceModuli,
}

pub(crate) const UNDERSTOOD: &str = "these are read: Pantheon+ (`CID IDSURVEY zHD zCMB zHEL m_b_corr m_b_corr_err_DIAG …`), DES-SN5YR \
     (`CID,IDSURVEY,zCMB,zHD,zHEL,MU,MUERR_FINAL`), DES-Dovekie (`Index,IDSURVEY,zHD,zHEL,MU,MUERR,…`), Pantheon 2018, \
     Union3 and JLA (`#name zcmb zhel dz mb dmb …`), and `z mu`, `z mu dmu` or `name z mu dmu`";

/// Reads a table in any of the layouts.
pub(crate) fn read(input: &Input<'_>) -> Result<Sample, ModuleError> {
    let text = input.text()?;
    let table = match named_table::read(TABLE, text)? {
        Some(table) => table,
        None => named_table::without_heading(TABLE, text, bare_columns(text)?)?,
    };
    if table.lines().len() > MOST_ROWS {
        return Err(ModuleError::bad_input(TABLE, format!("more than {MOST_ROWS} supernovae")));
    }
    let layout = recognise(&table)?;
    let sample = reader::sample(&table, layout)?;
    refuse_duplicates(&sample)?;
    Ok(sample)
}

/// Names for the columns of a table without heading, by their count.
fn bare_columns(text: &str) -> Result<&'static [&'static str], ModuleError> {
    let first = cosmology::text::lines(text).next();
    match first.as_ref().map(|line| line.fields.len()) {
        Some(4) => Ok(&["name", "z", "mu", "dmu"]),
        Some(3) => Ok(&["z", "mu", "dmu"]),
        Some(2) => Ok(&["z", "mu"]),
        count => {
            let message =
                format!("no heading, and {} in the first line", counted(count.unwrap_or(0), "field"));
            Err(ModuleError::bad_input(TABLE, message)
                .line(first.map_or(1, |line| line.number))
                .hint(UNDERSTOOD))
        }
    }
}

fn recognise(table: &TextTable<'_>) -> Result<Layout, ModuleError> {
    let has = |names: &[&str]| names.iter().all(|name| table.column(name).is_some());
    let layouts: [(Layout, &[&str]); 5] = [
        (
            Layout::PantheonPlus,
            &[
                "CID",
                "IDSURVEY",
                "zHD",
                "zCMB",
                "zHEL",
                "m_b_corr",
                "m_b_corr_err_DIAG",
                "IS_CALIBRATOR",
                "CEPH_DIST",
            ],
        ),
        (Layout::DesY5, &["CID", "IDSURVEY", "zHD", "zHEL", "MU", "MUERR_FINAL"]),
        (Layout::DesDovekie, &["IDSURVEY", "zHD", "zHEL", "MU", "MUERR"]),
        (Layout::LightCurveParameters, &["name", "zcmb", "zhel", "mb", "dmb"]),
        (Layout::DistanceModuli, &["z", "mu"]),
    ];
    if let Some((layout, _)) = layouts.iter().find(|(_, columns)| has(columns)) {
        return Ok(*layout);
    }
    let shown: Vec<String> = table.columns().iter().take(8).map(|name| shortened(name)).collect();
    let message = format!("a table of another layout, with the columns {}", shown.join(", "));
    Err(ModuleError::bad_input(TABLE, message).hint(UNDERSTOOD))
}

/// Refuses a supernova that occurs twice in the same survey.
fn refuse_duplicates(sample: &Sample) -> Result<(), ModuleError> {
    let mut seen = std::collections::BTreeMap::new();
    for (row, line) in sample.lines.iter().enumerate() {
        if let Some(earlier) = seen.insert(sample.row_id(row), *line) {
            let message = format!("`{}` stands in line {earlier} already", sample.row_id(row));
            return Err(ModuleError::bad_input(TABLE, message)
                .line(*line)
                .hint("remove one line, and its row and column of the covariance"));
        }
    }
    Ok(())
}
