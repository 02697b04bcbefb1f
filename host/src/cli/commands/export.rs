//! `host export`: files that other programs read.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::catalogue::conflicts::{self, Claims, Clash};
use crate::cli::{Context, Report, Style};
use crate::dataset::read_document;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::objects::Place;
use crate::registry::Record;
use crate::stages::export;

/// Flags of `export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Names of registered datasets, or `NAME@VERSION`.
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// json, csv, parquet, npz, or a format that the dataset's module declares (`host show NAME` lists them).
    #[arg(long, value_name = "FORMAT")]
    format: String,
    /// Folder to write into, made if it is not there; or where objects go: `s3://BUCKET/FOLDER`, `az://…`, `gs://…`.
    #[arg(long, value_name = "DIR|URL", default_value = ".")]
    output: PathBuf,
    /// Write nothing when two of the datasets hold the same information, in place of a warning.
    #[arg(long)]
    strict: bool,
}

/// What was written.
#[derive(Debug, Serialize)]
pub(super) struct Exported {
    format: String,
    datasets: Vec<Row>,
    /// Datasets that must not be used together.
    conflicts: Vec<Clash>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    version: Digest,
    files: Vec<String>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exported> {
    let place =
        Place::of(&args.output).map_err(|why| Error::new(Kind::Usage, format!("`--output`: {why}")))?;
    let versions = args.names.iter().map(|name| context.version(name)).collect::<Result<Vec<_>>>()?;
    refuse_overwriting(&versions)?;
    let mut conflicts = Vec::new();
    if versions.len() > 1 {
        let catalogue = context.catalogue_if_readable();
        let claims = versions.iter().map(|(record, path)| {
            let document = read_document(path, Some(&record.version))?;
            Ok(Claims::of_metadata(record.name.as_str(), &document.metadata, &catalogue))
        });
        let claims = claims.collect::<Result<Vec<_>>>()?;
        if args.strict {
            conflicts::refuse(&claims, "written")?;
        }
        conflicts = conflicts::among(&claims);
    }
    for clash in &conflicts {
        tracing::warn!("{clash}");
    }
    let mut datasets = Vec::new();
    for (record, path) in versions {
        let (document, dataset) =
            crate::dataset::decode(&path, Some(&record.version), context.settings.chunk_rows())?;
        let (name, version) = (record.name.to_string(), record.version);
        let format = &args.format;
        let files = match &place {
            Place::File(folder) => {
                let files = export::export(&document, &dataset, &name, &version, format, folder)?;
                files.iter().map(|file| file.display().to_string()).collect()
            }
            Place::Object(folder) => {
                let to = (&context.objects, folder);
                let files = export::export_as_objects(&document, &dataset, &name, &version, format, to)?;
                files.iter().map(ToString::to_string).collect()
            }
        };
        datasets.push(Row { name, version, files });
    }
    Ok(Exported { format: args.format.clone(), datasets, conflicts })
}

/// Files are named after datasets, so that of two versions of one the second would replace the first.
fn refuse_overwriting(versions: &[(Record, PathBuf)]) -> Result<()> {
    let mut known: BTreeMap<&str, Digest> = BTreeMap::new();
    for (record, _) in versions {
        let name = record.name.as_str();
        if known.insert(name, record.version).is_some_and(|other| other != record.version) {
            return Err(Error::new(
                Kind::Usage,
                format!("two versions of `{name}` would have the same files"),
            )
            .hint("export each into a folder of its own: `--output DIR`"));
        }
    }
    Ok(())
}

impl Report for Exported {
    const SCHEMA: &'static str = "host.export/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        let mut files = self.datasets.iter().flat_map(|dataset| &dataset.files);
        files.try_for_each(|file| writeln!(out, "{file}"))
    }
}
