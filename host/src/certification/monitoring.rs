//! What others watch the host by.

use std::collections::BTreeSet;

use super::bench::Bench;
use super::line::{Evidence, Outcome};
use crate::digest::Digest;
use crate::error::Result;
use crate::health::{Monitor, Status};
use crate::metrics::{self, FAMILIES, Type};

/// Families without which nothing can be watched.
const NEEDED: [&str; 3] = ["host_build_info", "host_health_status", "host_audit_chain_valid"];

/// Renders the page of the metrics and reads it as a collector does.
pub(super) fn metrics(bench: &mut Bench<'_>) -> Result<Outcome> {
    let text = metrics::once(bench.subject.place.clone())?;
    let mut families = BTreeSet::new();
    let mut samples = 0;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        match family_of(line) {
            Some(family) => {
                families.insert(family);
                samples += 1;
            }
            None => return Ok(Outcome::of(false, format!("line {} cannot be parsed: {line}", index + 1))),
        }
    }
    let missing = NEEDED.into_iter().find(|family| !families.contains(family));
    let measured = match missing {
        None => format!("{} families, {samples} samples", families.len()),
        Some(family) => format!("`{family}` is not there"),
    };
    let page = Evidence::digest(format!("the page, {} bytes", text.len()), Digest::of(text.as_bytes()));
    Ok(Outcome::of(missing.is_none(), measured).shown_by([page]))
}

/// The family of a sample such as `name{label="value"} 1`; nothing if it is no sample of a family of the host.
fn family_of(line: &str) -> Option<&'static str> {
    let (series, value) = line.rsplit_once(' ')?;
    let _: f64 = value.replace("Inf", "inf").parse().ok()?;
    let (name, labels) = match series.split_once('{') {
        None => (series, Vec::new()),
        Some((name, labels)) => (name, labels_of(labels)?),
    };
    let family = FAMILIES.iter().find(|family| {
        let suffix = name.strip_prefix(family.name);
        match family.kind {
            Type::Histogram => suffix.is_some_and(|suffix| ["_bucket", "_sum", "_count"].contains(&suffix)),
            Type::Gauge | Type::Counter => suffix == Some(""),
        }
    })?;
    let known = labels.iter().all(|label| family.labels.contains(label) || *label == "le");
    known.then_some(family.name)
}

/// Names of labels: `a="x",b="y"}`, where a value may hold anything that is escaped.
fn labels_of(mut text: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    loop {
        let (name, rest) = text.split_once("=\"")?;
        names.push(name);
        let mut escaped = false;
        let end = rest.find(|letter| {
            let is_end = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            is_end
        })?;
        match rest.get(end + 1..)? {
            "}" => return Some(names),
            more => text = more.strip_prefix(',')?,
        }
    }
}

/// Whether the host can be relied on now.
pub(super) fn health(bench: &Bench<'_>) -> Outcome {
    let seen = Monitor::once(bench.subject.place.clone()).look();
    let health = &seen.health;
    let worst = health.alerts.first().map(|worst| format!("{}: {}", worst.check, worst.cause));
    let checks = health.checks.iter();
    let checks = checks.map(|(name, check)| Evidence::fact(format!("{name}: {}", check.observed)));
    Outcome::of(health.status != Status::Unhealthy, health.status.to_string()).noting(worst).shown_by(checks)
}

#[cfg(test)]
mod tests {
    use super::family_of;

    #[test]
    fn samples_are_parsed_and_strange_ones_are_not() {
        for (line, family) in [
            ("host_datasets{state=\"current\"} 3", Some("host_datasets")),
            ("host_cpu_used_ratio 0.5", Some("host_cpu_used_ratio")),
            ("host_run_duration_seconds_bucket{le=\"+Inf\"} 3", Some("host_run_duration_seconds")),
            ("host_dataset_rows{dataset=\"a\\\"} 1,b=\\\\\"} 1e3", Some("host_dataset_rows")),
            ("host_datasets{state=\"current\"} many", None),
            ("host_datasets{state=\"current} 3", None),
            ("host_datasets{colour=\"red\"} 3", None),
            ("other_things 3", None),
            ("host_datasets", None),
        ] {
            assert_eq!(family_of(line), family, "{line}");
        }
    }
}
