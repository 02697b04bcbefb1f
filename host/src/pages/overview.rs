//! The pages about everything at once: overview, modules, health.

use std::sync::Arc;

use askama::Template;

use super::frame::{AlertLine, Frame, Level, Mark, Meter, Score};
use super::parts::{ModuleLine, meters};
use super::runs::{RunLine, Runs};
use super::shown::{Moment, Number};
use crate::health::{Check, Seen, Status};
use crate::modules::standing;
use crate::registry::index::Row;

/// Runs that the overview shows.
pub(super) const RUNS: usize = 8;

#[derive(Template)]
#[template(path = "pages/overview.html")]
pub(super) struct Overview {
    frame: Frame,
    sentence: String,
    facts: String,
    alerts: Vec<AlertLine>,
    summary: String,
    /// Whether any dataset has a quality score: a column that says nothing of any only takes room.
    scored: bool,
    datasets: Vec<DatasetLine>,
    runs: Vec<RunLine>,
    meters: Vec<Meter>,
    modules: Vec<ModuleLine>,
}

/// A dataset in one row.
struct DatasetLine {
    name: String,
    title: String,
    sketch: Option<Arc<str>>,
    state: Mark,
    quality: Option<Score>,
    rows: Number,
    size: Number,
    registered: Moment,
    module: String,
}

/// How a dataset stands, in one mark.
pub(super) fn state(row: &Row) -> Mark {
    if row.damage.is_some() {
        Mark::new(Level::Bad, "damaged")
    } else if row.retired.is_some() {
        Mark::new(Level::Idle, "retired")
    } else {
        Mark::new(Level::Good, "current")
    }
}

impl DatasetLine {
    fn new(row: &Row, sketch: Option<Arc<str>>, now: &str) -> Self {
        let about = row.damage.as_ref().or(row.retired.as_ref()).or(row.title.as_ref());
        let module = [row.module_id.as_deref(), row.module_version.as_deref()];
        Self {
            name: row.name.clone(),
            title: about.cloned().unwrap_or_default(),
            sketch,
            state: state(row),
            quality: row.quality_score.map(Score::new),
            rows: row.rows.map_or_else(Number::unknown, Number::count),
            size: row.bytes.map_or_else(Number::unknown, Number::size),
            registered: Moment::new(row.registered_at.as_deref().unwrap_or("–"), now),
            module: module.into_iter().flatten().collect::<Vec<_>>().join(" "),
        }
    }
}

/// The verdict as a person would say it.
fn sentence(seen: &Seen) -> String {
    let things = |count: usize| if count == 1 { "1 thing".to_owned() } else { format!("{count} things") };
    let alerts = things(seen.health.alerts.len());
    match seen.health.status {
        Status::Healthy => "All is well".to_owned(),
        Status::Degraded => format!("It works; {alerts} to look at"),
        Status::Unhealthy => format!("Not to be relied on; {alerts} to put right"),
    }
}

fn facts(seen: &Seen, running: usize, waiting: usize) -> String {
    let health = &seen.health;
    let counted =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut facts = vec![
        counted(health.framework_status.datasets, "dataset", "datasets"),
        counted(health.available_modules.len(), "module", "modules"),
        match running {
            0 => "nothing runs".to_owned(),
            count => counted(count, "run is going on", "runs are going on"),
        },
    ];
    facts.extend((waiting > 0).then(|| counted(waiting, "waits", "wait")));
    facts.extend(seen.observed.audit.as_ref().ok().map(|lines| format!("audit log intact, {lines} lines")));
    facts.join(" · ")
}

/// The overview.
pub(super) fn page(seen: &Seen, rows: &[Row], sketches: &[Option<Arc<str>>], runs: &Runs) -> Overview {
    let now = &seen.health.timestamp;
    let sketches = sketches.iter().cloned().chain(std::iter::repeat(None));
    let usable = seen.observed.modules.iter().filter(|module| module.status == standing::Status::Usable);
    let status = &seen.health.framework_status;
    let mut summary = vec![format!("{} registered", status.datasets)];
    let parts = [(status.retired, "retired"), (status.damaged, "damaged")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    summary.extend(parts.map(|(count, word)| format!("{count} {word}")));
    Overview {
        frame: Frame::new("Overview", "/", &seen.health),
        sentence: sentence(seen),
        facts: facts(seen, runs.running, runs.waiting.len()),
        alerts: AlertLine::of(&seen.health.alerts),
        scored: rows.iter().any(|row| row.quality_score.is_some()),
        summary: summary.join(", "),
        datasets: rows.iter().zip(sketches).map(|(row, sketch)| DatasetLine::new(row, sketch, now)).collect(),
        runs: runs.lines(RUNS / 2, now),
        meters: meters(seen),
        modules: usable.map(ModuleLine::new).collect(),
    }
}

#[derive(Template)]
#[template(path = "pages/modules.html")]
pub(super) struct Modules {
    frame: Frame,
    modules: Vec<ModuleLine>,
}

/// Every module.
pub(super) fn modules_page(seen: &Seen) -> Modules {
    Modules {
        frame: Frame::new("Modules", "/modules", &seen.health),
        modules: seen.observed.modules.iter().map(ModuleLine::new).collect(),
    }
}

#[derive(Template)]
#[template(path = "pages/health.html")]
pub(super) struct HealthPage {
    frame: Frame,
    sentence: String,
    alerts: Vec<AlertLine>,
    checks: Vec<(String, Mark, Check)>,
    meters: Vec<Meter>,
    logs: Vec<(String, Number)>,
}

/// Every check.
pub(super) fn health_page(seen: &Seen) -> HealthPage {
    let health = &seen.health;
    let check = |(name, check): (&&'static str, &Check)| {
        (name.replace('_', " "), Mark::new(check.status.into(), check.status.to_string()), check.clone())
    };
    HealthPage {
        frame: Frame::new("Health", "/health-report", health),
        sentence: sentence(seen),
        alerts: AlertLine::of(&health.alerts),
        checks: health.checks.iter().map(check).collect(),
        meters: meters(seen),
        logs: health
            .log_file_sizes
            .iter()
            .map(|(file, bytes)| (file.clone(), Number::size(*bytes)))
            .collect(),
    }
}
