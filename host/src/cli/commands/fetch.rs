//! `host fetch`: the published files of datasets, by the digests that their catalogue pins.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use crate::catalogue::{Dataset, RemoteFile};
use crate::cli::output::{error_value, plain};
use crate::cli::progress::Progress;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::fetch::{self, Fetched, Folder, Network, Options, Outcome, Source};
use crate::modules::worker::parent::Listener;
use crate::text;

/// Flags of `fetch`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["names", "all"]))]
pub struct Args {
    /// Datasets of the datasets manifest or of a module's catalogue (`host dataset list`).
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Every dataset that is known.
    #[arg(long)]
    all: bool,
    /// Take the files from this folder and those below it, whatever they are called there, by their digests; download
    /// nothing.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Datasets manifest [default: setting `registry.manifest_file`].
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

/// What became of each file.
#[derive(Debug, Serialize)]
pub(super) struct Files {
    files: Vec<Row>,
    /// Datasets that need no file from elsewhere.
    nothing_to_fetch: Vec<String>,
}

#[derive(Debug)]
struct Row {
    datasets: Vec<String>,
    file: RemoteFile,
    seconds: f64,
    result: Result<Fetched>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Files> {
    let catalogue = context.catalogue(args.manifest.as_deref(), None)?;
    let datasets: Vec<&Dataset> = if args.all {
        catalogue.datasets().iter().collect()
    } else {
        args.names.iter().map(|name| catalogue.find(name)).collect::<Result<_>>()?
    };
    let source = match &args.from {
        Some(folder) => Source::Folder(Folder::open(folder)?),
        None => Source::Network(Network::new(Options {
            timeout: context.settings.fetch_timeout(),
            attempts: context.settings.fetch_attempts(),
        })),
    };
    let wanted = wanted(&datasets);
    if !wanted.is_empty() {
        // Makes the data root, or says why it may not be written.
        let _ = context.create_registry()?;
    }
    let rows: Vec<Row> =
        wanted.into_iter().map(|(file, datasets)| get(file, datasets, &source, context)).collect();
    if let [Row { result: Err(error), .. }] = rows.as_slice() {
        return Err(error.clone());
    }
    let local = datasets.iter().filter(|dataset| !args.all && dataset.remote_files().next().is_none());
    Ok(Files { files: rows, nothing_to_fetch: local.map(|dataset| dataset.name.clone()).collect() })
}

/// Each file once, with the datasets that need it, in the order of the datasets.
fn wanted(datasets: &[&Dataset]) -> Vec<(RemoteFile, Vec<String>)> {
    let mut places = BTreeMap::new();
    let mut wanted: Vec<(RemoteFile, Vec<String>)> = Vec::new();
    for dataset in datasets {
        for (_, file) in dataset.remote_files() {
            let place = *places.entry((file.sha256, &file.name)).or_insert(wanted.len());
            match wanted.get_mut(place) {
                Some((known, names)) => {
                    let further = file.addresses.iter().filter(|address| !known.addresses.contains(address));
                    let further: Vec<_> = further.cloned().collect();
                    known.addresses.extend(further);
                    if !names.contains(&dataset.name) {
                        names.push(dataset.name.clone());
                    }
                }
                None => wanted.push((file.clone(), vec![dataset.name.clone()])),
            }
        }
    }
    wanted
}

fn get(file: RemoteFile, datasets: Vec<String>, source: &Source, context: &Context) -> Row {
    let started = Instant::now();
    let progress = Progress::new(&file.name, context.progress);
    #[expect(clippy::cast_precision_loss, reason = "a bar has fewer places")]
    let tell = |bytes: u64| {
        let doing = format!("{} of {}", text::bytes(bytes), text::bytes(file.bytes));
        progress.progress(bytes as f64 / file.bytes.max(1) as f64, &doing);
    };
    let result = fetch::fetch(&file, &context.raw(), source, &tell).map_err(|error| {
        match (source, datasets.first()) {
            (Source::Network(_), Some(name)) if matches!(error.kind, Kind::Network | Kind::Untrusted) => {
                error.hint(format!("if you have the file, run `host fetch {name} --from DIR`"))
            }
            _ => error,
        }
    });
    drop(progress);
    Row { datasets, file, seconds: started.elapsed().as_secs_f64(), result }
}

impl Row {
    fn status(&self) -> &'static str {
        match &self.result {
            Ok(fetched) => match fetched.outcome {
                Outcome::Present => "present",
                Outcome::Downloaded => "fetched",
                Outcome::Copied => "copied",
            },
            Err(_) => "failed",
        }
    }
}

impl Serialize for Row {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'r> {
            file: &'r RemoteFile,
            datasets: &'r [String],
            status: &'static str,
            seconds: f64,
            #[serde(skip_serializing_if = "Option::is_none")]
            fetched: Option<&'r Fetched>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<serde_json::Value>,
        }
        let (fetched, error) = (self.result.as_ref().ok(), self.result.as_ref().err().map(error_value));
        let Self { file, datasets, seconds, .. } = self;
        Form { file, datasets, status: self.status(), seconds: *seconds, fetched, error }
            .serialize(serializer)
    }
}

impl Report for Files {
    const SCHEMA: &'static str = "host.fetch/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        for row in &self.files {
            let paint = if row.result.is_ok() { style.good } else { style.bad };
            let (on, off) = (paint.render(), paint.render_reset());
            let (name, size) = (&row.file.name, text::bytes(row.file.bytes));
            writeln!(out, "{on}{:<9}{off}{name}  {size}  for {}", row.status(), row.datasets.join(", "))?;
            if let Err(error) = &row.result {
                for cause in &error.causes {
                    writeln!(out, "         {}", plain(cause))?;
                }
                for hint in &error.hints {
                    writeln!(out, "         hint: {}", plain(hint))?;
                }
            }
        }
        for name in &self.nothing_to_fetch {
            writeln!(out, "{name}: nothing to fetch, it needs no published file")?;
        }
        if self.files.len() > 1 {
            let count = |status| self.files.iter().filter(|row| row.status() == status).count();
            let new = count("fetched") + count("copied");
            writeln!(out, "{new} fetched, {} present, {} failed", count("present"), count("failed"))?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let total = self.files.len();
        let mut errors = self.files.iter().filter_map(|row| row.result.as_ref().err());
        let first = errors.next()?;
        match 1 + errors.count() {
            failed if failed == total => Some(Error::new(first.kind, format!("all {total} files failed"))),
            failed => Some(Error::new(Kind::Partial, format!("{failed} of {total} files failed"))),
        }
    }
}
