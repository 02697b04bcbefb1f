//! What is installed and how it is set up. The field names are those that were asked for.

use serde::Serialize;

use super::document::DocumentTable;
use super::{Document, Sources};
use crate::clock::now;

/// Something is missing.
const NOT_DEPLOYED: &str = "NOT_DEPLOYED";

/// What is deployed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Deployment {
    /// When the report was made, RFC 3339 UTC.
    pub deployment_timestamp: String,
    /// Version of the host.
    pub framework_version: String,
    /// The modules that can run.
    pub available_modules: Vec<Module>,
    /// How it is set up.
    pub configuration: Configuration,
    /// `DEPLOYED`, or `NOT_DEPLOYED`.
    pub status: &'static str,
    /// What is missing.
    pub reasons: Vec<String>,
}

/// A module that can run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Module {
    /// What `--plugin` names.
    pub id: String,
    /// Its version.
    pub version: String,
}

/// How the host is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Configuration {
    /// The data root.
    pub output_directory: String,
    /// Whether a known recipe is answered from the registry.
    pub cache_enabled: bool,
    /// Whether what a module makes is validated; there is no setting that turns it off.
    pub validation_enabled: bool,
}

impl Deployment {
    /// As it is now.
    #[must_use]
    pub fn of(sources: &Sources<'_>) -> Self {
        let mut reasons = Vec::new();
        if sources.registry.is_none() {
            reasons.push(format!("there is no data root at {}", sources.data_root.display()));
        }
        if sources.modules.is_empty() {
            reasons.push("no module can run".to_owned());
        }
        Self {
            deployment_timestamp: now(),
            framework_version: env!("CARGO_PKG_VERSION").to_owned(),
            available_modules: sources.modules.to_vec(),
            configuration: sources.configuration.clone(),
            status: if reasons.is_empty() { "DEPLOYED" } else { NOT_DEPLOYED },
            reasons,
        }
    }

    /// Adds what else is missing.
    pub fn refuse(&mut self, reasons: impl IntoIterator<Item = String>) {
        self.reasons.extend(reasons);
        if !self.reasons.is_empty() {
            self.status = NOT_DEPLOYED;
        }
    }

    pub(super) fn document(&self) -> Document {
        let yes = |flag| if flag { "yes" } else { "no" }.to_owned();
        let configuration = &self.configuration;
        let modules = self.available_modules.iter();
        Document {
            title: "Deployment".to_owned(),
            facts: vec![
                ("status", self.status.replace('_', " ")),
                ("framework version", self.framework_version.clone()),
                ("output directory", configuration.output_directory.clone()),
                ("cache enabled", yes(configuration.cache_enabled)),
                ("validation enabled", yes(configuration.validation_enabled)),
            ],
            tables: vec![DocumentTable {
                title: "Modules",
                columns: vec!["module", "version"],
                rows: modules.map(|module| vec![module.id.clone(), module.version.clone()]).collect(),
            }],
            notes: self.reasons.clone(),
        }
    }
}
