//! What stands in the page; `host/templates/report.html` says where.

use askama::Template;

#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page {
    pub(super) host: &'static str,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) meaning: String,
    pub(super) holds: String,
    pub(super) body: String,
}

/// What stands below the heading, also in the pages of the service.
#[derive(Template)]
#[template(path = "report_body.html")]
pub(super) struct Body {
    pub(super) identity: Vec<(&'static str, String)>,
    pub(super) verdict: Option<Judgement>,
    pub(super) models: Vec<Model>,
    pub(super) plots: Vec<String>,
    pub(super) conflicts: Vec<(String, String)>,
    pub(super) conventions: Vec<(String, String)>,
    pub(super) tables: Vec<Table>,
    pub(super) matrices: Vec<String>,
    pub(super) inputs: Vec<Input>,
    pub(super) provenance: Vec<(&'static str, String)>,
    pub(super) exports: Vec<(String, String)>,
    pub(super) citations: Vec<Cited>,
    pub(super) bibtex: String,
}

pub(super) struct Judgement {
    pub(super) passed: usize,
    pub(super) not_run: usize,
    pub(super) failed: Vec<String>,
    pub(super) strictness: String,
}

pub(super) struct Model {
    pub(super) name: String,
    pub(super) meaning: String,
    pub(super) parameters: String,
    pub(super) chi_squared: String,
    pub(super) degrees: String,
    pub(super) offset: String,
}

pub(super) struct Table {
    pub(super) name: String,
    pub(super) meaning: String,
    pub(super) count: usize,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<(String, bool)>>,
}

pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) unit: String,
    pub(super) meaning: String,
    pub(super) is_number: bool,
}

pub(super) struct Input {
    pub(super) role: String,
    pub(super) file: String,
    pub(super) bytes: String,
    pub(super) sha256: String,
}

pub(super) struct Cited {
    pub(super) text: String,
    pub(super) link: Option<String>,
}
