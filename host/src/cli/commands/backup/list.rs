//! `host backup list` and `show`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{Place, Which, write_damage};
use crate::backup::{Counts, LastDrill, Manifest, Part, last_drill, time_of};
use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::text::{bytes, duration};

/// The snapshots.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    snapshots: Vec<Row>,
    last_drill: Option<LastDrill>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    /// RFC 3339, UTC.
    created: Option<String>,
    age_seconds: Option<f64>,
    tag: Option<String>,
    origin: Option<String>,
    counts: Option<Counts>,
    /// How much of it was damaged when it was made.
    damaged: usize,
    /// Why it cannot be read.
    problem: Option<String>,
}

pub(super) fn run(place: &Place, context: &Context) -> Result<Listed> {
    let repository = place.open(context)?;
    let now = jiff::Timestamp::now();
    let row = |id: String| {
        let created = time_of(&id);
        let (manifest, problem) = match repository.manifest(&id) {
            Ok(manifest) => (Some(manifest), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Row {
            created: created.map(crate::clock::text),
            age_seconds: created.map(|created| now.duration_since(created).as_secs_f64()),
            tag: manifest.as_ref().and_then(|manifest| manifest.tag.clone()),
            origin: manifest.as_ref().map(|manifest| manifest.origin.clone()),
            counts: manifest.as_ref().map(|manifest| manifest.counts),
            damaged: manifest.as_ref().map_or(0, |manifest| manifest.damage.len()),
            problem,
            id,
        }
    };
    let snapshots = repository.ids()?.into_iter().rev().map(row).collect();
    Ok(Listed { snapshots, last_drill: last_drill(&repository) })
}

impl Report for Listed {
    const SCHEMA: &'static str = "host.backup-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let rows = self.snapshots.iter().map(|row| {
            let state = match (&row.problem, row.damaged) {
                (Some(_), _) => "cannot be read".to_owned(),
                (None, 0) => String::new(),
                (None, count) => format!("holds {count} damaged"),
            };
            vec![
                row.id.clone(),
                row.age_seconds.map(|age| duration(age.max(0.0))).unwrap_or_default(),
                row.tag.clone().unwrap_or_default(),
                row.counts.map(|counts| counts.files.to_string()).unwrap_or_default(),
                row.counts.map(|counts| bytes(counts.bytes)).unwrap_or_default(),
                state,
            ]
        });
        table::write(out, style, &["SNAPSHOT", "AGE", "TAG", "FILES", "SIZE", ""], rows)?;
        let drill = self.last_drill.as_ref().map_or_else(
            || "no drill yet: `host backup drill`".to_owned(),
            |drill| format!("last drill {} {}", drill.at, if drill.ok { "went well" } else { "FAILED" }),
        );
        writeln!(out, "{} snapshots; {drill}", self.snapshots.len())
    }
}

/// Flags of `backup show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    #[command(flatten)]
    which: Which,
    /// Name every file.
    #[arg(long)]
    files: bool,
}

/// One snapshot.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    manifest: Manifest,
    /// How much of each part.
    sizes: BTreeMap<Part, Counts>,
    #[serde(skip)]
    files: bool,
}

pub(super) fn show(args: &ShowArgs, context: &Context) -> Result<Shown> {
    let (repository, id) = args.which.open(context)?;
    let mut manifest = repository.manifest(&id)?;
    let sizes = manifest.sizes();
    if !args.files {
        manifest.entries.clear();
    }
    Ok(Shown { manifest, sizes, files: args.files })
}

impl Report for Shown {
    const SCHEMA: &'static str = "host.backup-show/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let manifest = &self.manifest;
        writeln!(out, "snapshot  {}", manifest.id)?;
        writeln!(
            out,
            "created   {} by host {}",
            table::plain(&manifest.created),
            table::plain(&manifest.host)
        )?;
        if let Some(tag) = &manifest.tag {
            writeln!(out, "tag       {}", table::plain(tag))?;
        }
        writeln!(out, "origin    {}", table::plain(&manifest.origin))?;
        let rows = self.sizes.iter().map(|(part, counts)| {
            vec![part.name().to_owned(), counts.files.to_string(), bytes(counts.bytes)]
        });
        table::write(out, style, &["PART", "FILES", "SIZE"], rows)?;
        if self.files {
            let files = manifest.entries.iter().filter_map(|entry| Some((entry, entry.file?)));
            let rows = files.map(|(entry, file)| {
                vec![
                    format!("{:03o}", entry.mode),
                    bytes(file.bytes),
                    file.sha256.short(),
                    entry.path.as_str().to_owned(),
                ]
            });
            table::write(out, style, &["MODE", "SIZE", "SHA256", "PATH"], rows)?;
        }
        write_damage(out, style, &manifest.damage)
    }
}
