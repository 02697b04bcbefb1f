//! Lines about the host as it stands.

use super::bench::{Bench, Quiet};
use super::line::{Evidence, Outcome};
use crate::doctor::{self, Finding};
use crate::error::Result;
use crate::modules::standing::{self, Status};
use crate::raw::RawStore;
use crate::registry::{ItemSeverity, Record, check};
use crate::stages::{pipeline, recorded};

/// Datasets that are derived again.
const NEWEST: usize = 5;

/// Whether every setting that somebody wrote means something.
pub(super) fn configuration(bench: &Bench<'_>) -> Outcome {
    let warnings = &bench.subject.warnings;
    let files = bench.subject.configuration_files.iter().map(|file| Evidence::file("configuration", file));
    let measured = counted(warnings.len(), "warnings", warnings.first());
    Outcome::of(warnings.is_empty(), measured).shown_by(files).shown_by(warnings.iter().map(Evidence::fact))
}

/// Whether datasets may be registered now.
pub(super) fn writable(bench: &Bench<'_>) -> Outcome {
    match bench.subject.registry.maintenance() {
        Ok(None) => Outcome::of(true, "writable"),
        Ok(Some(state)) => {
            Outcome::of(false, state.told()).noting(Some(format!("`{}` ends it", state.way_out())))
        }
        Err(error) => Outcome::of(false, error.to_string()),
    }
}

/// Whether every folder is there and the host's own.
pub(super) fn folders(bench: &Bench<'_>) -> Outcome {
    let findings = doctor::folders(&bench.subject.files);
    let root = bench.subject.files.data_root.display();
    let looked = Evidence::fact(format!("folders of `{root}`"));
    of_findings(&findings, "missing or not the host's").shown_by([looked])
}

/// Whether nobody else may change or read what is not theirs.
pub(super) fn modes(bench: &Bench<'_>) -> Outcome {
    let root = bench.subject.files.data_root.display();
    let looked = Evidence::fact(format!("modes in `{root}`, of configuration, keys and token"));
    of_findings(&bench.subject.modes, "too open").shown_by([looked])
}

fn of_findings(findings: &[Finding], what: &str) -> Outcome {
    let first = findings.first().map(|finding| &finding.found);
    let each = findings.iter().map(|finding| Evidence::fact(&finding.found));
    Outcome::of(findings.is_empty(), counted(findings.len(), what, first)).shown_by(each)
}

fn counted(count: usize, what: &str, first: Option<&String>) -> String {
    first.map_or_else(|| format!("{count} {what}"), |first| format!("{count} {what}: {first}"))
}

/// Whether every module that is found may run, and who vouches for it.
pub(super) fn trust(bench: &Bench<'_>) -> Outcome {
    let options = &bench.subject.options;
    let standings = standing::of_all(&options.search_path, &options.policy);
    let is_refused = |status| matches!(status, Status::Changed | Status::Untrusted | Status::Incompatible);
    let usable: Vec<_> = standings.iter().filter(|module| module.status == Status::Usable).collect();
    let refused: Vec<_> = standings.iter().filter(|module| is_refused(module.status)).collect();
    let measured = format!("{} usable, {} refused", usable.len(), refused.len());
    let first = refused.first().map(|first| {
        let reason = first.reason.clone().unwrap_or_else(|| first.status.to_string());
        format!("`{}`: {reason}", first.path.display())
    });
    let each = usable.iter().map(|module| {
        let (id, trust) = (module.id.as_deref().unwrap_or_default(), module.trust);
        let what = trust.map_or_else(|| format!("`{id}`"), |trust| format!("`{id}`, {trust}"));
        Evidence { what, path: Some(module.path.clone()), sha256: module.sha256 }
    });
    Outcome::of(!usable.is_empty() && refused.is_empty(), measured).noting(first).shown_by(each)
}

/// Reads every registered byte.
pub(super) fn content(bench: &mut Bench<'_>) -> Result<Outcome> {
    let report = check::check(bench.subject.registry.root(), true)?;
    let damaged = report.items.iter().filter(|item| item.severity == ItemSeverity::Damage);
    let damaged: Vec<_> = damaged.map(|item| format!("`{}`: {}", item.path, item.message)).collect();
    let read = format!(
        "{} damaged of {} datasets, {} files, {}",
        damaged.len(),
        report.datasets,
        report.files,
        crate::text::bytes(report.bytes)
    );
    let measured = damaged.first().map_or_else(|| read.clone(), |first| format!("{read}: {first}"));
    Ok(Outcome::of(damaged.is_empty(), measured).shown_by(damaged.iter().map(Evidence::fact)))
}

/// Follows the chain of the audit log.
pub(super) fn audit(bench: &mut Bench<'_>) -> Result<Outcome> {
    let verification = bench.subject.registry.verify_audit(|_| {})?;
    let head = verification.head.iter();
    let head = head.map(|head| Evidence::digest(format!("line {}", head.sequence), head.line_sha256));
    let measured = match &verification.broken {
        None => format!("{} lines, intact", verification.lines),
        Some(broken) => format!("line {}: {}", broken.line, broken.message),
    };
    Ok(Outcome::of(verification.intact(), measured).shown_by(head))
}

/// Derives the newest datasets again from what is recorded of them.
pub(super) fn reproduced(bench: &mut Bench<'_>) -> Result<Outcome> {
    let registry = &bench.subject.registry;
    let mut records = Vec::new();
    for name in registry.names()? {
        records
            .extend(registry.current(&name)?.filter(|record| !record.retired.contains_key(&record.version)));
    }
    records.sort_by(|one, other| other.registered_at.cmp(&one.registered_at));
    records.truncate(NEWEST);
    if records.is_empty() {
        return Ok(Outcome::skipped("no dataset is registered"));
    }
    let mut failures = Vec::new();
    for record in &records {
        match reproduce(bench, record) {
            Ok(true) => {}
            Ok(false) => failures.push(format!("`{}` gave other bytes", record.name)),
            Err(error) => failures.push(format!("`{}`: {error}", record.name)),
        }
    }
    let equal = records.len() - failures.len();
    let each = records.iter().map(|record| {
        let path = registry.root().record(&record.name, record.sequence);
        Evidence::file(format!("record of `{}`", record.name), &path)
    });
    Ok(Outcome::of(failures.is_empty(), format!("{equal} of {}", records.len()))
        .noting(failures.first())
        .shown_by(each)
        .shown_by(failures.iter().map(Evidence::fact)))
}

fn reproduce(bench: &Bench<'_>, record: &Record) -> Result<bool> {
    let raw = RawStore::of(&bench.subject.files.data_root);
    let job = recorded::job(record, &raw)?;
    Ok(pipeline::reproduce(record, &job, &bench.options(), &Quiet)?.identical)
}
