//! `host backup create`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;

use super::{Place, damaged, write_damage};
use crate::backup::{self, CreateOptions, Part, Sources};
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Result};
use crate::text::{bytes, duration};

/// Logs are saved so far back when nobody says how far.
const LOG_AGE: &str = "7d";

/// Flags of `backup create`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to save: config, derived, logs, plugins, raw, registry, trust; `logs:30d` for how far back logs go
    /// [default: all but raw, logs of 7 days].
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    include: Vec<Include>,
    /// A word to know the snapshot by.
    #[arg(long, value_name = "WORD", value_parser = tag)]
    tag: Option<String>,
    /// Read every file again, and every object that is there already, in place of what looks unchanged.
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    place: Place,
}

/// A part, and of logs how far back.
#[derive(Debug, Clone)]
struct Include {
    part: Part,
    since: Option<Timestamp>,
}

impl FromStr for Include {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (part, age) = text.split_once(':').map_or((text, None), |(part, age)| (part, Some(age)));
        let part = part.parse()?;
        if age.is_some() && part != Part::Logs {
            return Err(format!("only `logs` has an age, found `{text}`"));
        }
        Ok(Self { part, since: age.map(crate::clock::moment).transpose()? })
    }
}

fn tag(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !text.is_empty() && text.len() <= 64 && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err("expected up to 64 letters, digits, `-`, `_` and `.`".to_owned())
}

/// What was made.
#[derive(Debug, Serialize)]
pub(super) struct Created {
    #[serde(flatten)]
    created: backup::Created,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Created> {
    let sources = sources(args, context)?;
    let repository = args.place.open(context)?;
    let options = CreateOptions { tag: args.tag.clone(), full: args.full, actor: &actor() };
    Ok(Created { created: backup::create(&repository, &sources, &options)? })
}

fn sources(args: &Args, context: &Context) -> Result<Sources> {
    let settings = &context.settings;
    let parts: BTreeSet<Part> = if args.include.is_empty() {
        Part::USUAL.into()
    } else {
        args.include.iter().map(|include| include.part).collect()
    };
    let usual = || crate::clock::moment(LOG_AGE).unwrap_or(Timestamp::UNIX_EPOCH);
    let since = args.include.iter().find_map(|include| include.since).unwrap_or_else(usual);
    let files = settings.files().iter().map(|file| (format!("{}.json", file.layer), file.path.clone()));
    let mut config: BTreeMap<String, PathBuf> = files.collect();
    config.insert("datasets_manifest.json".to_owned(), settings.manifest_file().to_owned());
    if let Some(lock) = context.lock_file()? {
        config.insert(crate::trust::lock::LOCK_FILE.to_owned(), lock.path);
    }
    let keys = settings.trusted_keys_file().map(|file| ("trusted-keys.json".to_owned(), file.to_owned()));
    Ok(Sources {
        parts,
        registry: context.open_registry()?,
        log_directory: settings.log_directory().to_owned(),
        logs_since: SystemTime::from(since),
        plugin_store: settings.plugin_store().map(PathBuf::from),
        config,
        trust: keys.into_iter().collect(),
    })
}

impl Report for Created {
    const SCHEMA: &'static str = "host.backup-create/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let created = &self.created;
        write_damage(out, style, &created.damage)?;
        writeln!(
            out,
            "created   {}  {} files, {}",
            created.id,
            created.counts.files,
            bytes(created.counts.bytes)
        )?;
        writeln!(
            out,
            "          read {} files, {}; {} objects are new, {} on the disk; {}",
            created.read_files,
            bytes(created.read_bytes),
            created.new_objects,
            bytes(created.new_bytes),
            duration(created.seconds)
        )?;
        match created.seconds_since_last {
            Some(seconds) => writeln!(out, "          the last snapshot is {} older", duration(seconds)),
            None => Ok(()),
        }
    }

    fn verdict(&self) -> Option<Error> {
        let message = "the snapshot is made, and it holds what is damaged in the data root";
        damaged(&self.created.damage, message).map(|error| {
            error
                .hint("run `host check` to see how to put it right")
                .hint("older snapshots may hold it whole: `host backup list`")
        })
    }
}
