//! The pages that the service shows to people: an overview, each dataset, runs, modules, health.
//!
//! Every page is a function of a [`Site`] that gives a whole document; who serves it knows nothing of what it shows. Two
//! files belong to them, [`style_sheet`] and [`SCRIPT`], and an icon; nothing else is asked for, from nowhere.
//!
//! Invariants: whatever files, modules and users say is text; no page holds a script or a style of its own, so the strictest
//! [`CONTENT_SECURITY_POLICY`] holds; without the script every page reads the same.

mod dataset;
mod frame;
mod kept;
mod lineage;
mod overview;
mod parts;
mod runs;
mod shown;

use std::path::PathBuf;
use std::sync::Arc;

use askama::Template;

pub use self::kept::LARGEST_DRAWN;
use self::runs::Runs;
pub use self::runs::WaitingRun;
use crate::catalogue::{Catalogue, Manifest};
use crate::error::{Error, Kind, Result};
use crate::health::{Monitor, Place, RegistryState};
use crate::journal::Journal;
use crate::picture;
use crate::registry::index::{self, Row};
use crate::registry::{DataRoot, Registry};

/// The address of the style sheet.
pub const STYLE_SHEET_PATH: &str = "/assets/style.css";
/// The address of the script.
pub const SCRIPT_PATH: &str = "/assets/refresh.js";
/// The address of the icon.
pub const ICON_PATH: &str = "/assets/icon.svg";
/// The script that shows changes as they happen.
pub const SCRIPT: &str = include_str!("../../assets/pages/refresh.js");
/// The icon in the title of a window.
pub const ICON: &str = include_str!("../../assets/pages/icon.svg");
const STYLE: &str = include_str!("../../assets/pages/style.css");

/// What a page may do. Matrices are drawn as pixels inside pictures, hence `data:`.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// The style sheet, with the rules for pictures.
#[must_use]
pub fn style_sheet() -> String {
    format!("{STYLE}\n/* Pictures. */\n{}\n", picture::style_sheet())
}

/// The pages of one place.
#[derive(Debug)]
pub struct Site {
    monitor: Arc<Monitor>,
    manifest_file: PathBuf,
    rows_per_batch: usize,
    kept: kept::Kept,
}

impl Site {
    /// The pages of what a monitor looks at. A datasets manifest, if there is one, may say what must not be used
    /// together; `rows_per_batch` bounds how many rows are decoded at a time.
    #[must_use]
    pub fn new(monitor: Arc<Monitor>, manifest_file: PathBuf, rows_per_batch: usize) -> Self {
        Self { monitor, manifest_file, rows_per_batch, kept: kept::Kept::default() }
    }

    /// `/`: whether all is well, datasets, runs, modules.
    ///
    /// # Errors
    /// The registry or the journal cannot be read.
    pub fn overview(&self, waiting: Vec<WaitingRun>) -> Result<String> {
        let seen = self.monitor.look();
        let rows = self.rows(seen.observed.registry)?;
        let sketches = self.sketches(&rows);
        let runs = Runs::newest(&self.journal(), overview::RUNS, waiting)?;
        written(&overview::page(&seen, &rows, &sketches, &runs))
    }

    /// `/datasets/{name}`: where a dataset comes from, how it was checked, how it looks.
    ///
    /// # Errors
    /// [`Kind::Usage`] if there is no such dataset; [`Kind::Corrupt`] if it is damaged.
    pub fn dataset(&self, name: &str) -> Result<String> {
        let seen = self.monitor.look();
        let catalogue = || self.catalogue();
        written(&dataset::page(&seen, &self.registry()?, name, &self.kept, catalogue, self.rows_per_batch)?)
    }

    /// `/runs`: the newest runs.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn runs(&self, waiting: Vec<WaitingRun>) -> Result<String> {
        let runs = Runs::newest(&self.journal(), runs::MOST_RUNS, waiting)?;
        written(&runs::list(&self.monitor.look(), &runs))
    }

    /// `/runs/{id}`: one run with its datasets and messages.
    ///
    /// # Errors
    /// [`Kind::Usage`] if there is no such run.
    pub fn run(&self, id: &str, waiting: Option<&WaitingRun>) -> Result<String> {
        let seen = self.monitor.look();
        match waiting {
            Some(run) => written(&runs::waiting_page(&seen, run)),
            None => written(&runs::page(&seen, &self.journal(), id)?),
        }
    }

    /// `/modules`: every file of the search path, and why what does not run does not.
    ///
    /// # Errors
    /// Never in practice: memory takes every write.
    pub fn modules(&self) -> Result<String> {
        written(&overview::modules_page(&self.monitor.look()))
    }

    /// `/health-report`: every check, with reasons.
    ///
    /// # Errors
    /// As [`modules`](Self::modules).
    pub fn health(&self) -> Result<String> {
        written(&overview::health_page(&self.monitor.look()))
    }

    fn place(&self) -> &Place {
        self.monitor.place()
    }

    fn journal(&self) -> Journal {
        Journal::of(&self.place().log_directory)
    }

    fn catalogue(&self) -> Catalogue {
        let manifest = Some(&self.manifest_file).filter(|file| file.exists());
        let manifest = manifest.and_then(|file| Manifest::read(file).ok());
        Catalogue::new(manifest.into_iter().collect(), &self.place().search_path)
    }

    fn registry(&self) -> Result<Registry> {
        let place = self.place();
        Ok(Registry::open(DataRoot::open_with(&place.data_root, &place.registry_directory)?))
    }

    fn rows(&self, state: RegistryState) -> Result<Vec<Row>> {
        match state {
            // The verdict says so, and what to type.
            RegistryState::Missing | RegistryState::Unreadable => Ok(Vec::new()),
            _ => index::list(self.registry()?.root()),
        }
    }

    fn sketches(&self, rows: &[Row]) -> Vec<Option<Arc<str>>> {
        let Ok(registry) = self.registry() else { return vec![None; rows.len()] };
        self.kept.sketches(&registry, rows, self.rows_per_batch)
    }
}

/// What a person sees who asks for a page that there is not.
///
/// # Errors
/// Never in practice: memory takes every write.
pub fn missing(message: &str, hint: &str) -> Result<String> {
    #[derive(Template)]
    #[template(path = "pages/missing.html")]
    struct Missing<'m> {
        message: &'m str,
        hint: &'m str,
    }
    written(&Missing { message, hint })
}

fn written(page: &impl Template) -> Result<String> {
    page.render().map_err(|error| Error::new(Kind::Internal, "cannot write a page").cause(error.to_string()))
}

#[cfg(test)]
mod tests;
