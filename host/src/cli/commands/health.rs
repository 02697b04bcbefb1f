//! `host health`: whether all is well, and what to type where it is not.

use std::io::{self, Write};

use serde::Serialize;

use super::table::{self, plain};
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::health::{CheckStatus, Health, Monitor, Status};
use crate::text::nearest;

/// Flags of `health`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this check, such as `disk`.
    #[arg(long, value_name = "NAME")]
    check: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    #[serde(flatten)]
    health: Health,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Found> {
    let health = Monitor::once(context.health_place()?).look().health.clone();
    let Some(wanted) = &args.check else { return Ok(Found { health }) };
    let names: Vec<&str> = health.checks.keys().copied().collect();
    let unknown = || {
        let error = Error::new(Kind::Usage, format!("there is no check `{wanted}`"));
        let error = match nearest(wanted, names.iter().copied()) {
            Some(nearest) => error.hint(format!("did you mean `--check {nearest}`?")),
            None => error,
        };
        error.hint(format!("the checks are {}", names.join(", ")))
    };
    Ok(Found { health: health.only(wanted).ok_or_else(unknown)? })
}

impl Report for Found {
    const SCHEMA: &'static str = "host.health/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let health = &self.health;
        let paint = match health.status {
            Status::Healthy => style.good,
            Status::Degraded => style.warning,
            Status::Unhealthy => style.bad,
        };
        writeln!(out, "{}{}{}", paint.render(), health.status, paint.render_reset())?;
        for alert in &health.alerts {
            let paint = if alert.severity == CheckStatus::Critical { style.bad } else { style.warning };
            let (on, off) = (paint.render(), paint.render_reset());
            writeln!(out, "{on}{}{off}: {}: {}", alert.severity, alert.check, plain(&alert.cause))?;
            writeln!(out, "  {}", plain(&alert.action))?;
        }
        let rows = health.checks.iter().map(|(name, check)| {
            vec![(*name).to_owned(), check.status.to_string(), check.observed.clone(), check.limit.clone()]
        });
        writeln!(out)?;
        table::write(out, style, &["CHECK", "STATUS", "OBSERVED", "LIMIT"], rows)
    }

    fn verdict(&self) -> Option<Error> {
        let health = &self.health;
        if health.status != Status::Unhealthy {
            return None;
        }
        let mut error = Error::new(Kind::CheckFailed, "the host is unhealthy");
        for alert in health.alerts.iter().filter(|alert| alert.severity == CheckStatus::Critical) {
            error = error.cause(alert.cause.clone()).hint(alert.action.clone());
        }
        Some(error)
    }
}
