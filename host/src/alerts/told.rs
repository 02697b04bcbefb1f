//! Who was told what: only what is new, and what is over, is told.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Channels, Delivery, Message};
use crate::clock::now;
use crate::durable::History;
use crate::error::{Result, StorageContext};
use crate::health::{Alert, CheckStatus, Health};

/// What somebody was told of: each check that raised an alert, and how bad it was.
type Active = BTreeMap<String, String>;

/// One line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Told {
    time: String,
    active: Active,
}

/// What was new, and who was told.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// What somebody should do something about, and nobody was told of before.
    pub new: Vec<Alert>,
    /// Checks that raised an alert and are well again.
    pub over: Vec<String>,
    /// Who was told.
    pub deliveries: Vec<Delivery>,
}

/// Tells what is new in `health`; `file` holds what was told before. Blocks.
///
/// # Errors
/// [`crate::error::Kind::Storage`].
pub fn check(health: &Health, channels: &Channels, file: &Path) -> Result<Checked> {
    // Whoever is at it tells the same.
    let Some(mut history) = History::<Told>::own(file).storage("note who was told")? else {
        return Ok(Checked { new: Vec::new(), over: Vec::new(), deliveries: Vec::new() });
    };
    let before = history.entries().last().map(|told| told.active.clone()).unwrap_or_default();
    let active: Active =
        health.alerts.iter().map(|alert| (alert.check.clone(), alert.severity.to_string())).collect();
    let critical = CheckStatus::Critical.to_string();
    let is_new = |alert: &&Alert| match before.get(&alert.check) {
        None => true,
        Some(severity) => alert.severity == CheckStatus::Critical && *severity != critical,
    };
    let new: Vec<Alert> = health.alerts.iter().filter(is_new).cloned().collect();
    let over: Vec<String> = before.keys().filter(|check| !active.contains_key(*check)).cloned().collect();
    let mut deliveries = Vec::new();
    if !new.is_empty() || !over.is_empty() {
        deliveries = channels.send(&Message::of_alerts(&new, &over), None);
    }
    // What nobody could be told is told the next time.
    let heard = deliveries.iter().any(|delivery| delivery.error.is_none());
    if heard || (deliveries.is_empty() && active != before && new.is_empty() && over.is_empty()) {
        history.add(Told { time: now(), active }).storage("note who was told")?;
    }
    Ok(Checked { new, over, deliveries })
}
