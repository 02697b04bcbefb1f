//! `host status`: the whole at a glance. What is wrong in full is for `host health`, what ran for `host run list`.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::table::{self, plain};
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::health::{Alert, FrameworkStatus, Monitor, Status};
use crate::journal::RunSummary;

/// The whole at a glance.
#[derive(Debug, Serialize)]
pub(super) struct Glance {
    status: Status,
    data_root: PathBuf,
    framework_status: FrameworkStatus,
    /// Modules that can run.
    modules: usize,
    alerts: Vec<Alert>,
    /// The newest first.
    last_runs: Vec<RunSummary>,
}

/// Runs the verb.
pub(super) fn run(context: &Context) -> Result<Glance> {
    let seen = Monitor::once(context.health_place()?).look();
    let health = &seen.health;
    Ok(Glance {
        status: health.status,
        data_root: seen.observed.data_root.clone(),
        framework_status: health.framework_status,
        modules: health.available_modules.len(),
        alerts: health.alerts.clone(),
        last_runs: health.last_runs.clone(),
    })
}

impl Report for Glance {
    const SCHEMA: &'static str = "host.status/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let paint = match self.status {
            Status::Healthy => style.good,
            Status::Degraded => style.warning,
            Status::Unhealthy => style.bad,
        };
        let (on, off) = (paint.render(), paint.render_reset());
        let FrameworkStatus { registry, datasets, retired, damaged } = self.framework_status;
        writeln!(out, "status    {on}{}{off}", self.status)?;
        writeln!(out, "where     {}, registry {registry}", self.data_root.display())?;
        writeln!(out, "datasets  {datasets} registered, {retired} retired, {damaged} damaged")?;
        writeln!(out, "modules   {} usable", self.modules)?;
        for alert in &self.alerts {
            writeln!(out, "{:<9} {}", alert.severity, plain(&alert.cause))?;
            writeln!(out, "          {}", plain(&alert.action))?;
        }
        if self.last_runs.is_empty() {
            return Ok(());
        }
        let rows = self.last_runs.iter().map(|run| {
            let done = run.datasets.prepared + run.datasets.cached;
            vec![
                run.id.to_string(),
                run.state.word().to_owned(),
                format!("{done} of {}", run.datasets.planned.max(done + run.datasets.failed)),
                table::moment(&run.started_at),
                format!("{:.1} s", run.seconds),
            ]
        });
        writeln!(out)?;
        table::write(out, style, &["RUN", "STATE", "DATASETS", "BEGAN", "TOOK"], rows)
    }
}
