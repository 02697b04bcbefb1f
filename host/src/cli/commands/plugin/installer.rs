//! What `install` and `upgrade` share: one package from where it is to where it is used.

use semver::Version;
use serde::Serialize;

use crate::cli::Context;
use crate::cli::context::{PrepareFlags, actor};
use crate::error::Result;
use crate::fetch;
use crate::packages::install::{Compatible, Opened, Rules, Vouched};
use crate::packages::source::{Fetcher, Offer};
use crate::packages::store::{InstalledVersion, Store};
use crate::stages::pipeline;

/// Everything that installing needs.
pub(super) struct Installer {
    pub(super) store: Store,
    pub(super) fetcher: Fetcher,
    options: pipeline::Options,
}

/// What became of a package.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    pub(super) id: String,
    pub(super) version: Version,
    pub(super) outcome: Outcome,
    /// The version that was current before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Version>,
    #[serde(flatten)]
    pub(super) installed: InstalledVersion,
    /// Bundled datasets that were derived from it.
    pub(super) tried: Vec<String>,
    pub(super) enabled: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// It was not there before.
    Installed,
    /// A newer version than the one that was current.
    Upgrade,
    /// An older one.
    Downgrade,
    /// The same version, whose files or origin were renewed.
    Renewed,
    /// Nothing had to be done.
    AlreadyInstalled,
    /// Everything was looked at and nothing changed.
    DryRun,
}

/// The servers as the settings want them asked.
pub(super) fn fetcher(context: &Context) -> Fetcher {
    Fetcher::new(fetch::Options {
        timeout: context.settings.fetch_timeout(),
        attempts: context.settings.fetch_attempts(),
    })
}

impl Installer {
    pub(super) fn new(context: &Context, locked: bool) -> Result<Self> {
        let mut options = context.pipeline_options(&PrepareFlags::default())?.without_input_cache();
        options.policy.demand_lock |= locked;
        Ok(Self { store: context.store()?, fetcher: fetcher(context), options })
    }

    /// What a package must satisfy that somebody asks for by name.
    pub(super) fn rules(&self, allow_unsigned: bool) -> Rules<'_> {
        Rules { policy: &self.options.policy, allow_unsigned, allow_other_key: true, successor_of: None }
    }

    /// Fetches, checks, tries and installs.
    pub(super) fn install(&self, offer: &Offer, rules: &Rules<'_>, dry_run: bool) -> Result<Done> {
        let opened = Opened::new(self.fetcher.fetch(offer)?, offer.said.as_ref())?;
        let (id, version) = (opened.id().to_owned(), opened.version().clone());
        let tried = Compatible::new(Vouched::new(opened, rules)?, &self.store)?
            .try_out(&self.store, &self.options)?;
        let derived = tried.derived().to_vec();
        let known = self.store.receipt(&id)?;
        let enabled = known.as_ref().is_none_or(|receipt| receipt.enabled);
        let (outcome, before, installed) = if dry_run {
            (Outcome::DryRun, known.map(|receipt| receipt.current), tried.as_installed().clone())
        } else {
            let (switch, installed) = tried.install(&self.store, &actor())?;
            let outcome = match &switch.from {
                _ if switch.unchanged => Outcome::AlreadyInstalled,
                None => Outcome::Installed,
                Some(from) if *from == version => Outcome::Renewed,
                Some(from) if *from > version => Outcome::Downgrade,
                Some(_) => Outcome::Upgrade,
            };
            (outcome, switch.from, installed)
        };
        Ok(Done { id, version, outcome, before, installed, tried: derived, enabled })
    }
}
