//! Faults that are made in a scratch data root and must be found there.

use super::bench::{Bench, Golden, NO_EXAMPLE, flip};
use super::line::{Evidence, Outcome};
use crate::durable;
use crate::error::{Kind, Result, StorageContext};
use crate::modules::discover;
use crate::registry::audit::Action;
use crate::registry::{ItemSeverity, Registry, check};
use crate::stages::plan::{Job, Plan};
use crate::trust::Policy;
use crate::trust::lock::{LockFile, LockedModule};

/// What is found of what was broken.
fn found(found: &[String], missed: &[String], what: &str) -> Outcome {
    let measured = format!("{} of {} {what}", found.len(), found.len() + missed.len());
    let each = found.iter().map(|one| Evidence::fact(one.as_str()));
    Outcome::of(missed.is_empty() && !found.is_empty(), measured)
        .noting(missed.first().map(|first| format!("not {first}")))
        .shown_by(each)
}

/// One bit of each file of a version, one after the other.
pub(super) fn flipped_bit(bench: &mut Bench<'_>) -> Result<Outcome> {
    let Some((registry, golden)) = bench.small_root("flipped")? else {
        return Ok(Outcome::skipped(NO_EXAMPLE));
    };
    let folder = registry.version_directory(&golden.name, &golden.version);
    let (mut named, mut missed) = (Vec::new(), Vec::new());
    for entry in fs_err::read_dir(&folder).storage("list a version")? {
        let path = entry.storage("list a version")?.path();
        let whole = flip(&path)?;
        let relative = registry.root().relative(&path).display().to_string();
        let items = check::check(registry.root(), true)?.items;
        let is_named =
            items.iter().any(|item| item.severity == ItemSeverity::Damage && item.path == relative);
        let list = if is_named { &mut named } else { &mut missed };
        list.push(relative);
        durable::publish(&path, &whole).storage("mend a scratch file")?;
    }
    named.sort();
    Ok(found(&named, &missed, "files named"))
}

/// One letter of each line of the audit log, one after the other.
pub(super) fn edited_audit(bench: &mut Bench<'_>) -> Result<Outcome> {
    let Some((registry, _)) = bench.small_root("edited")? else {
        return Ok(Outcome::skipped(NO_EXAMPLE));
    };
    // One line alone would show nothing of what comes before and after an edited one.
    for number in 1..=2 {
        registry.log(&Action {
            time: crate::clock::now(),
            actor: bench.subject.options.actor.clone(),
            action: "certify".to_owned(),
            subject: format!("line {number} to be edited"),
            details: serde_json::Value::Null,
        })?;
    }
    let log = registry.audit().path();
    let whole = fs_err::read(&log).storage("read a scratch audit log")?;
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let (mut named, mut missed) = (Vec::new(), Vec::new());
    for edited in 0..lines.len() {
        let mut text = lines.iter().map(|line| line.to_vec()).collect::<Vec<_>>();
        let middle = text[edited].len() / 2;
        text[edited][middle] ^= 1;
        durable::publish(&log, &text.concat()).storage("damage a scratch audit log")?;
        let broken = registry.audit().verify()?.broken;
        let number = edited + 1;
        let is_named = broken.is_some_and(|broken| usize::try_from(broken.line) == Ok(number));
        let list = if is_named { &mut named } else { &mut missed };
        list.push(format!("line {number}"));
    }
    durable::publish(&log, &whole).storage("mend a scratch audit log")?;
    Ok(found(&named, &missed, "lines named"))
}

/// A library cut in half, and one with a flipped bit where the whole one is locked.
pub(super) fn damaged_module(bench: &mut Bench<'_>) -> Result<Outcome> {
    let Some(golden) = bench.quickest() else { return Ok(Outcome::skipped(NO_EXAMPLE)) };
    let folder = bench.path("modules");
    durable::create_directories(&folder).storage("make a scratch folder")?;
    let bytes = fs_err::read(&golden.library).storage("read a module")?;
    let copy = folder.join(golden.library.file_name().unwrap_or_default());
    let lock = lock(&bytes, &golden, &copy)?;
    let policy = &bench.subject.options.policy;
    let locked = Policy { lock: Some(lock), ..policy.clone() };
    let (mut refused, mut missed) = (Vec::new(), Vec::new());
    let mut attempt = |what: &str, policy: &Policy, kinds: &[Kind]| {
        let job = Job { module: copy.display().to_string(), ..Job::default() };
        match Plan::new(&job, &[], policy) {
            Err(error) if kinds.contains(&error.kind) => refused.push(format!("{what}: {error}")),
            Err(error) => missed.push(format!("{what}, refused for another reason: {error}")),
            Ok(_) => missed.push(what.to_owned()),
        }
    };
    durable::publish(&copy, bytes.get(..bytes.len() / 2).unwrap_or_default())
        .storage("damage a copy of a module")?;
    attempt("cut in half", policy, &[Kind::Incompatible, Kind::BadInput, Kind::Usage, Kind::PluginCrashed]);
    durable::publish(&copy, &bytes).storage("copy a module")?;
    flip(&copy)?;
    attempt("one bit flipped", &locked, &[Kind::Untrusted, Kind::Incompatible]);
    Ok(found(&refused, &missed, "refused"))
}

/// Pins the whole library.
fn lock(bytes: &[u8], golden: &Golden, copy: &std::path::Path) -> Result<LockFile> {
    durable::publish(copy, bytes).storage("copy a module")?;
    let whole = discover::find(&[], &copy.display().to_string())?;
    let manifest = &whole.embedded.manifest;
    let locked = LockedModule {
        version: manifest.version.clone(),
        source: None,
        package_sha256: None,
        signer: None,
        libraries: [(manifest.target.clone(), whole.sha256)].into(),
    };
    let modules = [(golden.module.clone(), locked)].into();
    Ok(LockFile { path: copy.with_file_name(crate::trust::lock::LOCK_FILE), modules })
}

/// What is damaged in a scratch data root.
pub(super) fn damage(registry: &Registry) -> Result<Option<String>> {
    let mut items = check::check(registry.root(), true)?.items.into_iter();
    let damaged = items.find(|item| item.severity == ItemSeverity::Damage);
    Ok(damaged.map(|item| format!("`{}`: {}", item.path, item.message)))
}

#[cfg(test)]
mod tests {
    use super::super::line::{Line, Status};
    use super::found;

    #[test]
    fn a_fault_that_is_not_found_fails_the_line_and_so_does_having_made_none() {
        let status = |named: &[&str], missed: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            Line::examine("faults.x", "", "", || Ok(found(&owned(named), &owned(missed), "files named")))
                .status
        };
        assert_eq!(status(&["a", "b"], &[]), Status::Pass);
        assert_eq!(status(&["a"], &["b"]), Status::Fail);
        assert_eq!(status(&[], &[]), Status::Fail);
    }
}
