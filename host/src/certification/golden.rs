//! The examples that modules carry: derived, derived again, and how.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use super::bench::{Bench, Golden, NO_EXAMPLE};
use super::line::{Evidence, Outcome};
use crate::digest::Digest;
use crate::error::{Result, StorageContext};
use crate::modules::discover::{self, State};
use crate::platform::ConfinementLevel;
use crate::registry::Registry;
use crate::stages::pipeline::Prepared;
use crate::text::{bytes, duration};

const NONE_FOUND: &str = "no module that is found carries an example";

/// What a derivation may take.
const MOST_SECONDS: f64 = 1800.0;
const MOST_MEMORY_BYTES: u64 = 8 << 30;

/// A module that is found and what its library carries.
struct Found {
    module: String,
    library: PathBuf,
    has_example: bool,
}

fn found(bench: &Bench<'_>) -> impl Iterator<Item = Found> + use<> {
    discover::scan(&bench.subject.options.search_path).into_iter().filter_map(|candidate| {
        match candidate.state {
            State::Module { embedded, shadowed_by: None } => Some(Found {
                has_example: !embedded.descriptor.bundled.is_empty(),
                module: embedded.descriptor.id,
                library: candidate.path,
            }),
            _ => None,
        }
    })
}

/// Derives the example of every module that is found.
pub(super) fn derived(bench: &mut Bench<'_>) -> Result<Outcome> {
    let (with, without): (Vec<_>, Vec<_>) = found(bench).partition(|found| found.has_example);
    if with.is_empty() {
        return Ok(Outcome::skipped(NONE_FOUND));
    }
    let registry = bench.registry("first")?;
    let mut failures = Vec::new();
    for found in &with {
        match derive(bench, found, &registry) {
            Ok((golden, _)) => bench.golden.push(golden),
            Err(error) => failures.push(Evidence::fact(format!("`{}`: {error}", found.module))),
        }
    }
    let measured = format!("{} of {} examples", bench.golden.len(), with.len());
    let results = bench.golden.iter().flat_map(Golden::evidence);
    Ok(Outcome::of(failures.is_empty(), measured)
        .noting((!without.is_empty()).then(|| format!("{} modules carry none", without.len())))
        .noting(failures.first().map(|first| &first.what))
        .shown_by(results)
        .shown_by(failures.iter().cloned()))
}

/// Derives the first example that is found.
pub(super) fn first(bench: &mut Bench<'_>) -> Result<Outcome> {
    let Some(found) = found(bench).find(|found| found.has_example) else {
        return Ok(Outcome::skipped(NONE_FOUND));
    };
    let registry = bench.registry("first")?;
    let (golden, prepared) = derive(bench, &found, &registry)?;
    let checks = prepared.verdict.checks.len();
    let measured =
        format!("`{}` of `{}`, {checks} checks, in {}", golden.name, found.module, duration(golden.seconds));
    let outcome = Outcome::of(prepared.verdict.accepted(), measured).shown_by(golden.evidence());
    bench.golden.push(golden);
    Ok(outcome)
}

fn derive(bench: &Bench<'_>, found: &Found, registry: &Registry) -> Result<(Golden, Prepared)> {
    let started = Instant::now();
    let prepared = bench.prepare(&found.module, registry)?;
    let seconds = started.elapsed().as_secs_f64();
    let registered = &prepared.registered;
    let record = registry.require(&registered.name)?;
    let sha256 = record.provenance.pointer("/recipe/module/sha256").and_then(Value::as_str);
    let level = record.execution.pointer("/derivation/confinement/level").cloned().unwrap_or_default();
    let golden = Golden {
        module: found.module.clone(),
        library: found.library.clone(),
        // A library that its provenance does not name is no evidence for anything.
        library_sha256: sha256.and_then(|digest| digest.parse().ok()).unwrap_or(Digest::ZERO),
        name: registered.name.clone(),
        version: registered.version,
        seconds,
        peak_memory_bytes: prepared.worker_peak_memory_bytes,
        confinement: serde_json::from_value(level).unwrap_or_default(),
    };
    Ok((golden, prepared))
}

/// Derives every example once more, in another data root by another process, and compares every byte of both.
pub(super) fn determinism(bench: &mut Bench<'_>) -> Result<Outcome> {
    if bench.golden.is_empty() {
        return Ok(Outcome::skipped(NO_EXAMPLE));
    }
    let (first, second) = (bench.registry("first")?, bench.registry("second")?);
    let (mut equal, mut files, mut differing) = (0, 0, Vec::new());
    for golden in &bench.golden {
        let again = match bench.prepare(&golden.module, &second) {
            Ok(prepared) => digests(&prepared.registered.path)?,
            Err(error) => {
                differing.push(Evidence::fact(format!("`{}`: {error}", golden.module)));
                continue;
            }
        };
        let before = digests(&first.version_directory(&golden.name, &golden.version))?;
        if before == again && !before.is_empty() {
            (equal, files) = (equal + 1, files + before.len());
        } else {
            differing.push(Evidence::fact(format!("`{}` gave other bytes the second time", golden.module)));
        }
    }
    let measured = format!("{equal} of {} equal, {files} files", bench.golden.len());
    Ok(Outcome::of(differing.is_empty(), measured)
        .noting(differing.first().map(|first| first.what.clone()))
        .shown_by(differing))
}

/// The digest of every file of a version.
fn digests(folder: &Path) -> Result<BTreeMap<String, Digest>> {
    let mut digests = BTreeMap::new();
    for entry in fs_err::read_dir(folder).storage("list a version")? {
        let path = entry.storage("list a version")?.path();
        let (digest, _) = Digest::of_file(&path).storage("read a version")?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        digests.insert(name, digest);
    }
    Ok(digests)
}

/// How well the modules were confined while they derived.
pub(super) fn sandbox(bench: &Bench<'_>) -> Outcome {
    let Some(least) = bench.golden.iter().min_by_key(|golden| golden.confinement) else {
        return Outcome::skipped(NO_EXAMPLE);
    };
    let demanded = bench.subject.options.derive.minimum_confinement.max(ConfinementLevel::Partial);
    let measured = format!("{}, of module `{}`", least.confinement.name(), least.module);
    let each = bench.golden.iter();
    let each = each.map(|one| Evidence::fact(format!("`{}`: {}", one.module, one.confinement.name())));
    Outcome::of(least.confinement >= demanded, measured).shown_by(each)
}

/// What the most demanding example took.
pub(super) fn performance(bench: &Bench<'_>) -> Outcome {
    let slowest = bench.golden.iter().map(|golden| golden.seconds).max_by(f64::total_cmp);
    let Some(slowest) = slowest else { return Outcome::skipped(NO_EXAMPLE) };
    let memory = bench.golden.iter().filter_map(|golden| golden.peak_memory_bytes).max();
    let within = slowest <= MOST_SECONDS && memory.is_none_or(|memory| memory <= MOST_MEMORY_BYTES);
    let memory = memory.map_or("not told by this system".to_owned(), bytes);
    let each = bench.golden.iter();
    let each = each.map(|one| Evidence::fact(format!("`{}`: {}", one.module, duration(one.seconds))));
    Outcome::of(within, format!("{}, {memory}", duration(slowest))).shown_by(each)
}
