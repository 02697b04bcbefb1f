//! `host plugin lock`: pins the modules of the search path.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::output::plain;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::modules::compatibility::{self, ApiVersion};
use crate::modules::discover::{self, SearchDirectory};
use crate::registry::{DEFAULT_WAIT, Lock};
use crate::trust::lock::{LOCK_FILE, LockFile, LockedModule, shown_source};
use crate::trust::{Policy, TrustLevel};

/// Flags of `plugin lock`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Modules to lock as they are now; without one, every usable module that is not locked yet.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Change nothing, and end with 12 if an entry, or a module that was named, is not as it is locked.
    #[arg(long)]
    check: bool,
    /// A module whose entry is replaced by what it is now; may be given several times.
    #[arg(long, value_name = "ID", conflicts_with = "check")]
    upgrade: Vec<String>,
}

/// What the lock file says now.
#[derive(Debug, Serialize)]
pub(super) struct Locked {
    file: PathBuf,
    check: bool,
    modules: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    state: State,
    /// Whether `--check` is about it: it was named, or the lock file lists it.
    #[serde(skip)]
    counts: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// The entry is what the module is.
    Same,
    /// There was no entry.
    Added,
    /// The entry was replaced.
    Changed,
    /// The entry is not what the module is, and was left as it is.
    Differs,
    /// There is no entry, and none was made.
    NotLocked,
    /// The module may not run, so nothing was locked.
    Refused,
    /// There is an entry, and no such module here.
    NotHere,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Locked> {
    // What is locked must be fit to run but for the lock itself.
    let policy = Policy { minimum: TrustLevel::Unsigned, lock: None, ..context.policy()? };
    let named: Vec<&String> = args.ids.iter().chain(&args.upgrade).collect();
    let mut ids: Vec<String> = named.iter().map(|id| (*id).clone()).collect();
    if args.ids.is_empty() {
        ids.extend(usable_ids(&context.search_path));
    }
    ids.sort();
    ids.dedup();
    let now: Vec<(&String, Result<LockedModule>)> =
        ids.iter().map(|id| (id, entry(id, &policy, context))).collect();
    let path = match context.lock_file()? {
        Some(lock) => lock.path,
        None => context.current_directory().join(LOCK_FILE),
    };
    // Whatever another process adds meanwhile is read before it is written again.
    let folder = path.parent().unwrap_or(Path::new("/"));
    let held = if args.check { None } else { Some(Lock::on_folder(folder, "the lock file", DEFAULT_WAIT)?) };
    let mut lock = LockFile::read(&path)?.unwrap_or(LockFile { path, modules: BTreeMap::new() });
    let mut rows = Vec::new();
    for (id, now) in now {
        let is_named = named.contains(&id);
        match now {
            Ok(now) => rows.push(compare(&mut lock, id, now, args.check, is_named)),
            // What nobody asked for keeps nobody from locking the rest.
            Err(error) if !is_named => rows.push(Row {
                id: id.clone(),
                version: None,
                state: State::Refused,
                counts: lock.modules.contains_key(id),
                differences: vec![error.to_string()],
            }),
            Err(error) => return Err(error),
        }
    }
    if args.ids.is_empty() {
        let absent = lock.modules.iter().filter(|(id, _)| !ids.contains(id));
        rows.extend(absent.map(|(id, locked)| Row {
            id: id.clone(),
            version: Some(locked.version.clone()),
            state: State::NotHere,
            counts: true,
            differences: Vec::new(),
        }));
    }
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    if !args.check && rows.iter().any(|row| matches!(row.state, State::Added | State::Changed)) {
        lock.publish()?;
    }
    drop(held);
    Ok(Locked { file: lock.path, check: args.check, modules: rows })
}

/// How the modules differ from what is locked, as `plugin lock --check` says.
pub(in crate::cli::commands) fn drift(context: &Context) -> Option<Error> {
    let args = Args { ids: Vec::new(), upgrade: Vec::new(), check: true };
    run(&args, context).map_or_else(Some, |locked| locked.verdict())
}

/// Ids of the modules that this host can run.
fn usable_ids(path: &[SearchDirectory]) -> Vec<String> {
    let usable = discover::scan(path).into_iter().filter_map(|candidate| match candidate.state {
        discover::State::Module { embedded, shadowed_by: None, .. } => {
            let id = embedded.descriptor.id.clone();
            compatibility::check(&id, &embedded.manifest, ApiVersion::of_host()).is_ok().then_some(id)
        }
        _ => None,
    });
    usable.collect()
}

/// What the lock file would say of the module as it is now.
fn entry(id: &str, policy: &Policy, context: &Context) -> Result<LockedModule> {
    let found = discover::find(&context.search_path, id)?;
    let admitted = policy.admit(&found)?;
    let manifest = &found.embedded.manifest;
    let mut locked = LockedModule {
        version: manifest.version.clone(),
        source: None,
        package_sha256: None,
        signer: admitted.signer.map(|signer| signer.key_id),
        libraries: BTreeMap::from([(manifest.target.clone(), found.sha256)]),
    };
    if let Some(installed) = found.installed {
        // What the receipt says is what was unpacked from that package.
        locked.libraries = installed.libraries;
        locked.source = shown_source(&installed.source);
        locked.package_sha256 = Some(installed.package_sha256);
    }
    Ok(locked)
}

/// Puts an entry in place if it is missing, or if somebody asked for that.
fn compare(lock: &mut LockFile, id: &str, mut now: LockedModule, check: bool, named: bool) -> Row {
    let version = Some(now.version.clone());
    let counts = named || lock.modules.contains_key(id);
    let row = |state, differences| Row { id: id.to_owned(), version, state, counts, differences };
    let Some(locked) = lock.modules.get(id) else {
        if check {
            return row(State::NotLocked, Vec::new());
        }
        lock.modules.insert(id.to_owned(), now);
        return row(State::Added, Vec::new());
    };
    let differences = locked.differences(&now);
    if differences.is_empty() {
        return row(State::Same, differences);
    }
    if check || !named {
        return row(State::Differs, differences);
    }
    if now.package_sha256.is_none() && locked.version == now.version && locked.package_sha256.is_none() {
        // A plain library of the same version: what others locked for their targets stays.
        for (target, library) in &locked.libraries {
            now.libraries.entry(target.clone()).or_insert(*library);
        }
    }
    lock.modules.insert(id.to_owned(), now);
    row(State::Changed, differences)
}

impl Report for Locked {
    const SCHEMA: &'static str = "host.plugin-lock/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        for row in &self.modules {
            let (paint, word) = match row.state {
                State::Same if !self.check => continue,
                State::Same => (style.good, "same"),
                State::Added => (style.good, "added"),
                State::Changed => (style.warning, "changed"),
                State::Differs => (style.bad, "differs"),
                State::NotLocked if !row.counts => (style.dim, "not locked"),
                State::NotLocked => (style.bad, "not locked"),
                State::Refused => (style.bad, "refused"),
                State::NotHere => (style.warning, "not here"),
            };
            let version = row.version.as_deref().unwrap_or_default();
            writeln!(out, "{}{word:<10}{} {} {version}", paint.render(), paint.render_reset(), row.id)?;
            for difference in &row.differences {
                writeln!(out, "           {}", plain(difference))?;
            }
            if row.state == State::Differs && !self.check {
                writeln!(
                    out,
                    "           left as it is; to replace it, run `host plugin lock --upgrade {}`",
                    row.id
                )?;
            }
            if row.state == State::NotHere && !self.check {
                writeln!(out, "           left as it is; to drop it, delete its part of the file")?;
            }
        }
        let of = |state| self.modules.iter().filter(|row| row.state == state).count();
        let (added, changed) = (of(State::Added), of(State::Changed));
        let path = self.file.display();
        match (self.check, added + changed) {
            (true, _) => Ok(()),
            (false, 0) => writeln!(out, "`{path}` stays as it is"),
            (false, _) => writeln!(out, "`{path}`: {added} added, {changed} changed; commit it"),
        }
    }

    fn verdict(&self) -> Option<Error> {
        if !self.check {
            return None;
        }
        let counted = || self.modules.iter().filter(|row| row.counts);
        let differing = counted().filter(|row| row.state != State::Same).count();
        let message = match (counted().count(), differing) {
            (0, _) => "nothing is locked".to_owned(),
            (_, 0) => return None,
            (total, differing) => format!("{differing} of {total} modules are not what is locked"),
        };
        Some(
            Error::new(Kind::Untrusted, message)
                .cause(format!("the lock file is `{}`", self.file.display()))
                .hint("to add what is missing, run `host plugin lock`")
                .hint("to replace an entry, run `host plugin lock --upgrade ID`"),
        )
    }
}
