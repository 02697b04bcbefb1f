//! One page about one dataset, for somebody who was not there: what it is, where it comes from, how it was checked,
//! how it looks, how to use and cite it.
//!
//! Invariants: the page needs no other file, no script and no network; whatever files and modules say is text.

mod bibtex;
mod template;

use askama::Template;
use plugin_api::{ColumnKind, TableContract};
use serde_json::Value;

use crate::catalogue::Conflict;
use crate::dataset::{Dataset, DatasetDocument, kind_name};
use crate::error::{Error, Kind, Result};
use crate::picture::{Picture, choose, short_number};
use crate::registry::Record;
use crate::stages::comparison;
use crate::stages::export::formats;
use crate::stages::validate::{Outcome, Verdict};
use crate::stages::validated::{Validation, line};
use crate::trust::Admitted;
use template::{Body, Cited, Column, Input, Judgement, Model, Page, Table};

/// Rows of each table that are shown.
const ROWS: usize = 10;

/// A dataset and how it was registered, if it was.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is in it.
    pub document: &'a DatasetDocument,
    /// The numbers.
    pub dataset: &'a Dataset,
    /// How it was registered.
    pub record: Option<&'a Record>,
    /// What must not be used together with it, said by its module and by every catalogue.
    pub conflicts: &'a [Conflict],
}

/// Where a page stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    /// Alone: each picture brings its colours.
    Whole,
    /// Among the service's pages, which have a style sheet and allow no other style.
    Part,
}

/// The page.
///
/// # Errors
/// Never in practice: memory takes every write.
pub fn page(subject: &Subject) -> Result<String> {
    let Subject { name, document, .. } = *subject;
    let page = Page {
        host: env!("CARGO_PKG_VERSION"),
        name: name.to_owned(),
        title: document.title.clone(),
        meaning: document.contract.meaning.clone(),
        holds: holds(document),
        body: body(subject, Drawn::Whole)?,
    };
    page.render().map_err(|error| unwritten(&error))
}

fn unwritten(error: &askama::Error) -> Error {
    Error::new(Kind::Internal, "cannot write the page of a report").cause(error.to_string())
}

/// What stands below the page's heading.
///
/// # Errors
/// As [`page`].
pub(crate) fn body(subject: &Subject, drawn: Drawn) -> Result<String> {
    let Subject { name, document, dataset, record, conflicts } = *subject;
    let body = Body {
        identity: identity(document, record),
        verdict: record.and_then(|record| judgement(&record.provenance)),
        models: models(dataset),
        plots: plots(dataset, drawn),
        conflicts: conflicts.iter().map(|one| (one.with.join(", "), one.reason.clone())).collect(),
        conventions: conventions(document),
        tables: document.contract.tables.iter().filter_map(|contract| table(dataset, contract)).collect(),
        matrices: document
            .contract
            .matrices
            .iter()
            .filter_map(|contract| {
                let size = dataset.matrix(&contract.name)?.size;
                Some(format!(
                    "{}, {size} × {size}, rows of {}: {}",
                    contract.name, contract.rows_of, contract.meaning
                ))
            })
            .collect(),
        inputs: record.map_or_else(Vec::new, inputs),
        provenance: record.map_or_else(Vec::new, provenance),
        exports: formats(document)
            .into_iter()
            .map(|format| (format!("host export {name} --format {}", format.name), format.meaning))
            .collect(),
        bibtex: bibtex::entries(&document.citations),
        citations: document
            .citations
            .iter()
            .map(|one| Cited {
                text: one.text.clone(),
                link: one.url.clone().filter(|url| bibtex::link(url)),
            })
            .collect(),
    };
    body.render().map_err(|error| unwritten(&error))
}

/// What its tables and matrices hold.
pub(crate) fn holds(document: &DatasetDocument) -> String {
    let tables = document.tables.iter().map(|table| format!("{} rows of {}", table.rows, table.name));
    let matrices = document.matrices.iter().map(|one| format!("{} {} × {}", one.name, one.size, one.size));
    tables.chain(matrices).collect::<Vec<_>>().join(", ")
}

fn identity(document: &DatasetDocument, record: Option<&Record>) -> Vec<(&'static str, String)> {
    let mut identity = Vec::new();
    if let Some(record) = record {
        identity.push(("version", record.version.to_string()));
        identity.push(("registered", format!("{} by {}", record.registered_at, record.actor)));
    }
    identity.extend(document.metadata.get("release").map(|release| ("release", shown(release))));
    identity.push(("module", format!("{} {}", document.module.id, document.module.version)));
    if !document.licence.is_empty() {
        identity.push(("licence", document.licence.clone()));
    }
    identity
}

fn judgement(provenance: &Value) -> Option<Judgement> {
    let validation: Validation = serde_json::from_value(provenance.get("validation")?.clone()).ok()?;
    let verdict: &Verdict = &validation.verdict;
    Some(Judgement {
        passed: verdict.count(Outcome::Passed),
        not_run: verdict.count(Outcome::NotRun),
        failed: verdict.failed().map(line).collect(),
        strictness: format!("{:?}", verdict.strictness).to_lowercase(),
    })
}

fn models(dataset: &Dataset) -> Vec<Model> {
    let model = |model: &plugin_api::ReferenceModel| {
        let parameters = model.parameters.iter().map(|(name, value)| format!("{name} = {}", shown(value)));
        let (chi_squared, degrees, offset) = match comparison::compare(dataset, model) {
            Ok(compared) => (
                format!("{:.3}", compared.chi_squared),
                compared.degrees_of_freedom.to_string(),
                compared.offset.map(short_number).unwrap_or_default(),
            ),
            Err(why) => (why.join("; "), String::new(), String::new()),
        };
        Model {
            name: model.name.clone(),
            meaning: model.meaning.clone(),
            parameters: parameters.collect::<Vec<_>>().join(", "),
            chi_squared,
            degrees,
            offset,
        }
    };
    dataset.models.iter().map(model).collect()
}

/// Every picture, the principal one first.
fn plots(dataset: &Dataset, drawn: Drawn) -> Vec<String> {
    let principal = choose(&dataset.plots, None).ok().map(|(name, _)| name);
    let mut plots: Vec<_> = dataset.plots.iter().collect();
    plots.sort_by_key(|(name, _)| Some(name.as_str()) != principal);
    let svg = |picture: Picture| match drawn {
        Drawn::Whole => picture.svg(),
        Drawn::Part => picture.svg_part(),
    };
    plots.into_iter().map(|(_, plot)| svg(Picture::new(dataset, plot))).collect()
}

/// The metadata that have no place of their own on the page, one line for each value.
fn conventions(document: &DatasetDocument) -> Vec<(String, String)> {
    let elsewhere = ["title", "citations", "data_licence", "release", "conflicts"];
    let mut lines = Vec::new();
    for (key, value) in document.metadata.iter().filter(|(key, _)| !elsewhere.contains(&key.as_str())) {
        flatten(key, value, &mut lines);
    }
    lines
}

fn flatten(key: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| flatten(&format!("{key} / {name}"), value, lines));
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            (1..).zip(items).for_each(|(number, item)| flatten(&format!("{key} {number}"), item, lines));
        }
        Value::Null => {}
        leaf => lines.push((key.to_owned(), shown(leaf))),
    }
}

/// A value as a person reads it.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn table(dataset: &Dataset, contract: &TableContract) -> Option<Table> {
    let table = dataset.table(&contract.name)?;
    let present = || contract.columns.iter().filter_map(|column| Some((column, table.column(&column.name)?)));
    let columns = present().map(|(column, view)| Column {
        name: column.name.clone(),
        kind: kind_name(view.kind()),
        unit: match (&column.unit, &column.unit_column) {
            (Some(unit), _) => unit.clone(),
            (None, Some(column)) => format!("see {column}"),
            (None, None) => String::new(),
        },
        meaning: column.meaning.clone(),
        is_number: !matches!(view.kind(), ColumnKind::Utf8 | ColumnKind::Boolean),
    });
    let columns: Vec<Column> = columns.collect();
    let mut rows: Vec<Vec<(String, bool)>> = vec![Vec::new(); table.rows().min(ROWS)];
    for ((_, view), column) in present().zip(&columns) {
        for (row, cell) in rows.iter_mut().zip(view.cells()) {
            row.push((cell.to_string(), column.is_number));
        }
    }
    Some(Table {
        name: contract.name.clone(),
        meaning: contract.meaning.clone(),
        count: table.rows(),
        columns,
        rows,
    })
}

fn inputs(record: &Record) -> Vec<Input> {
    let inputs = record.provenance.pointer("/recipe/inputs").and_then(Value::as_array);
    let text = |input: &Value, key: &str| input.get(key).map(shown).unwrap_or_default();
    let inputs = inputs.into_iter().flatten().map(|input| Input {
        role: text(input, "role"),
        file: text(input, "file"),
        bytes: text(input, "raw_bytes"),
        sha256: text(input, "raw_sha256"),
    });
    inputs.collect()
}

fn provenance(record: &Record) -> Vec<(&'static str, String)> {
    let text = |pointer: &str| record.provenance.pointer(pointer).map(shown).unwrap_or_default();
    vec![
        ("module", format!("{} {}", text("/recipe/module/id"), text("/recipe/module/version"))),
        ("library", format!("sha256 {}", text("/recipe/module/sha256"))),
        ("trust", Admitted::recorded_in(&record.execution)),
        ("compiler", text("/recipe/module/rustc")),
        ("parameters", parameters(record)),
        ("pipeline", text("/recipe/pipeline")),
        ("recipe", record.recipe.to_string()),
        ("repeat", format!("host reproduce {}", record.name)),
    ]
}

fn parameters(record: &Record) -> String {
    let parameters = record.provenance.pointer("/recipe/parameters").and_then(Value::as_object);
    let parameters = parameters.into_iter().flatten();
    let parameters: Vec<String> =
        parameters.map(|(name, value)| format!("{name} = {}", shown(value))).collect();
    if parameters.is_empty() { "none".to_owned() } else { parameters.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::encode;
    use crate::dataset::samples::{correlation, dataset, header, model, points};

    #[test]
    fn a_page_needs_nothing_and_believes_nobody() {
        let hostile = "<script>alert('x')</script><img src=x onerror=alert(1)>\"";
        let mut dataset = dataset();
        dataset.models = vec![model()];
        dataset.plots.insert("all".to_owned(), correlation());
        dataset.plots.insert("over_place".to_owned(), points());
        dataset.metadata.insert("selections".to_owned(), serde_json::json!([{ "what": hostile, "rows": 3 }]));
        let conflicts = [Conflict { with: vec!["others".to_owned()], reason: hostile.to_owned() }];
        dataset.contract.tables[0].columns[0].meaning = hostile.to_owned();
        let mut header = header();
        hostile.clone_into(&mut header.title);
        header.citations[0].text = hostile.to_owned();
        header.citations[0].url = Some("javascript:alert(1)".to_owned());
        let document = encode(&dataset, header).unwrap().document;
        let subject = Subject {
            name: "things",
            document: &document,
            dataset: &dataset,
            record: None,
            conflicts: &conflicts,
        };
        let page = page(&subject).unwrap();
        assert!(
            !page.contains("<script") && !page.contains("<img") && !page.contains("href=\"javascript"),
            "{page}"
        );
        for reference in ["<link", "<iframe", "@import", "url("] {
            assert!(!page.contains(reference), "{reference}");
        }
        assert!(page.contains("selections 1 / rows") && page.contains("others: &#60;script"), "{page}");
        // The picture that is no correlation comes first.
        assert!(page.find("Measurements over place").unwrap() < page.find("<title>Correlations").unwrap());
        assert_eq!(page.matches("<figure>").count(), 2);
        assert!(page.contains("host export things --format npz"));
    }
}
