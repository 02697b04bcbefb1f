//! `host report NAME`: one page with everything about a dataset.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::catalogue::conflicts::Claims;
use crate::cli::target::Target;
use crate::cli::{Context, Report, Style};
use crate::dataset::{decode, read_document};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::pages::LARGEST_DRAWN;
use crate::report::{Subject, page};

/// What was written.
#[derive(Debug, Serialize)]
pub(super) struct Reported {
    dataset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Digest>,
    file: PathBuf,
    bytes: usize,
}

/// Runs the verb.
pub(super) fn run(dataset: &str, output: Option<&Path>, context: &Context) -> Result<Reported> {
    let target = Target::find(dataset, context)?;
    let (document, dataset) = target.read(context)?;
    let name = target.name();
    let conflicts =
        Claims::of_metadata(&name, &document.metadata, &context.catalogue_if_readable()).conflicts();
    let record = target.record.as_ref();
    let page = page(&Subject {
        name: &name,
        document: &document,
        dataset: &dataset,
        record,
        conflicts: &conflicts,
    })?;
    let file = output.map_or_else(|| PathBuf::from(format!("{name}.html")), Path::to_owned);
    durable::publish(&file, page.as_bytes()).storage(&format!("write `{}`", file.display()))?;
    Ok(Reported { version: target.version().copied(), dataset: target.label, file, bytes: page.len() })
}

/// The page of a registered dataset, or of one of its versions, for a service: of a large one it would hold all rows.
pub(in crate::cli::commands) fn page_of(name: &str, context: &Context) -> Result<String> {
    let (record, path) = context.version(name)?;
    if read_document(&path, Some(&record.version))?.data_bytes() > LARGEST_DRAWN {
        let message = format!("dataset `{}` is too large to be read for a page", record.name);
        return Err(Error::new(Kind::Limit, message)
            .hint(format!("type `host report {}` on that machine", record.name)));
    }
    let (document, dataset) = decode(&path, Some(&record.version), context.settings.chunk_rows())?;
    let (name, record) = (record.name.as_str(), Some(&record));
    let conflicts =
        Claims::of_metadata(name, &document.metadata, &context.catalogue_if_readable()).conflicts();
    page(&Subject { name, document: &document, dataset: &dataset, record, conflicts: &conflicts })
}

impl Report for Reported {
    const SCHEMA: &'static str = "host.report/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "{}", self.file.display())
    }
}
