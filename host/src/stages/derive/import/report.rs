//! Reads a module's report: names, metadata, findings, layouts. Data belongs into tables.

use plugin_api::host_side::Report;
use plugin_api::{ExportFormat, Finding};
use serde_json::Value;

use super::fault::{Fault, Result, at_most, shown};
use crate::dataset::is_plain_name;
use crate::modules::library;

/// Longest report.
pub(super) const LIMIT_BYTES: usize = 16 << 20;

/// Tables and matrices of one dataset.
pub(super) const PARTS_LIMIT: usize = 1000;

/// Objects in a report; each takes some hundred times the memory of the two letters that it is written with.
const OBJECTS_LIMIT: usize = 50_000;

/// Values in arrays and objects.
const VALUES_LIMIT: usize = 2_000_000;

/// Findings are for people.
const FINDINGS_LIMIT: usize = 1000;

/// Longest text of a finding.
const FINDING_LIMIT_BYTES: usize = 4096;

/// Metadata as JSON; it is stored in every dataset's document and shown.
const METADATA_LIMIT_BYTES: usize = 1 << 20;

/// Objects and arrays within each other, below a key of the metadata.
const METADATA_LIMIT_LEVELS: usize = 32;

/// Parses a report that a worker wrote.
pub(super) fn parse(bytes: &[u8]) -> Result<Report> {
    check_weight(bytes)?;
    serde_json::from_slice(bytes)
        .map_err(|error| Fault::malformed(format!("the report is not what it should be: {error}")))
}

/// Takes remarks in that a worker wrote, and looks at the report anew.
pub(super) fn close(report: &mut Report, remarks: &[u8]) -> Result<()> {
    check_weight(remarks)?;
    library::close(report, remarks).map_err(|error| Fault::malformed(error.to_string()))?;
    check(report)
}

fn check_weight(bytes: &[u8]) -> Result<()> {
    let (objects, values) = weigh(bytes);
    at_most("objects in its report", objects, OBJECTS_LIMIT)?;
    at_most("values in its report", values, VALUES_LIMIT)
}

/// How many objects, and how many commas, a text of JSON has outside of its strings.
fn weigh(bytes: &[u8]) -> (usize, usize) {
    let (mut objects, mut values) = (0, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b'{' if !in_string => objects += 1,
            b',' | b'[' if !in_string => values += 1,
            _ => {}
        }
    }
    (objects, values)
}

/// Holds a report against what can be stored and shown.
pub(super) fn check(report: &Report) -> Result<()> {
    at_most("tables and matrices", report.tables.len() + report.matrices.len(), PARTS_LIMIT)?;
    let mut names: Vec<&str> = report.tables.iter().map(String::as_str).collect();
    names.extend(report.matrices.iter().map(|matrix| matrix.name.as_str()));
    names.sort_unstable();
    if let Some(name) = names.iter().find(|name| !is_plain_name(name)) {
        return Err(Fault::malformed(format!("`{}` is no name of a table or matrix", shown(name))));
    }
    if let Some((twice, _)) = names.iter().zip(names.iter().skip(1)).find(|(one, next)| one == next) {
        return Err(Fault::malformed(format!("`{twice}` is returned twice")));
    }
    report.exports.iter().try_for_each(|(name, format)| check_export(name, format))?;
    if let Some(name) = report.plots.keys().find(|name| !is_plain_name(name)) {
        return Err(Fault::malformed(format!("`{}` is no name of a plot", shown(name))));
    }
    at_most("findings", report.findings.len(), FINDINGS_LIMIT)?;
    report.findings.iter().try_for_each(check_finding)?;
    check_metadata(report)
}

fn check_finding(finding: &Finding) -> Result<()> {
    let hint = finding.hint.as_deref().unwrap_or_default();
    let texts = [&*finding.code, &*finding.place, &*finding.message, hint];
    let longest = texts.iter().map(|text| text.len()).max().unwrap_or_default();
    at_most("bytes in one text of a finding", longest, FINDING_LIMIT_BYTES)
}

fn check_metadata(report: &Report) -> Result<()> {
    let levels = report.metadata.values().map(levels).max().unwrap_or_default();
    at_most("levels of metadata", levels, METADATA_LIMIT_LEVELS)?;
    let length = serde_json::to_vec(&report.metadata).map_or(usize::MAX, |json| json.len());
    at_most("bytes of metadata", length, METADATA_LIMIT_BYTES)
}

/// Levels of nesting. The parser allows 128, so this cannot exhaust the stack.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

fn check_export(name: &str, format: &ExportFormat) -> Result<()> {
    if !is_plain_name(name) {
        return Err(Fault::malformed(format!("`{}` is no name of an export format", shown(name))));
    }
    for file in &format.files {
        let plain = file.suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if file.suffix.is_empty() || file.suffix.len() > 64 || !plain || file.suffix.contains("..") {
            return Err(Fault::malformed(format!(
                "export `{name}`: `{}` is no file suffix",
                shown(&file.suffix)
            )));
        }
    }
    Ok(())
}
