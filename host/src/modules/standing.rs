//! How every file of the search path stands: usable or why not, and how far it is vouched for. No foreign code runs.

use std::fmt;
use std::path::PathBuf;

use semver::Version;
use serde::Serialize;

use super::compatibility::{self, ApiVersion};
use super::discover::{self, Candidate, SearchDirectory, SearchOrigin, State};
use super::manifest::Embedded;
use crate::digest::Digest;
use crate::trust::keys::Signer;
use crate::trust::{Policy, TrustLevel};

/// One file of the search path, or one installed module.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Whether it may run.
    pub status: Status,
    /// Why its folder is searched.
    pub origin: SearchOrigin,
    /// The module, as far as it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its other installed versions, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_versions: Vec<Version>,
    /// Whether it is found, for installed modules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How far it is vouched for, for usable modules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustLevel>,
    /// Whose signature it bears.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// The version of the interface it was built for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Of the library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// The file.
    pub path: PathBuf,
    /// Why it is not usable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether a module may run, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It runs when it is asked for.
    Usable,
    /// Somebody disabled it.
    Disabled,
    /// Another file of the same id is used.
    Shadowed,
    /// It was built for another version of the interface.
    Incompatible,
    /// It is no module, or a damaged one.
    Broken,
    /// It is not what was installed.
    Changed,
    /// It is not vouched for as far as is demanded.
    Untrusted,
}

/// How every file of the search path stands. Reads each library whole.
#[must_use]
pub fn of_all(search_path: &[SearchDirectory], policy: &Policy) -> Vec<Standing> {
    discover::scan(search_path).iter().map(|candidate| Standing::new(candidate, policy)).collect()
}

impl Standing {
    fn new(candidate: &Candidate, policy: &Policy) -> Self {
        let enabled = candidate.installed.is_some().then_some(!matches!(candidate.state, State::Disabled(_)));
        let mut standing = Self {
            status: Status::Broken,
            origin: candidate.origin,
            id: candidate.installed_id.clone(),
            version: candidate.installed.as_ref().map(|installed| installed.version.to_string()),
            other_versions: candidate.other_versions.clone(),
            enabled,
            trust: None,
            signer: None,
            api: None,
            title: None,
            sha256: None,
            path: candidate.path.clone(),
            reason: None,
        };
        match &candidate.state {
            State::Broken(reason) => standing.reason = Some(reason.clone()),
            State::Untrusted(error) => {
                (standing.status, standing.reason) = (Status::Untrusted, Some(error.to_string()));
            }
            State::Disabled(embedded) => {
                standing.describe(embedded);
                let id = &embedded.descriptor.id;
                (standing.status, standing.reason) =
                    (Status::Disabled, Some(format!("`host plugin enable {id}` enables it")));
                standing.sha256 = candidate.digest();
            }
            State::Module { embedded, shadowed_by, .. } => {
                standing.describe(embedded);
                let id = &embedded.descriptor.id;
                if let Some(other) = shadowed_by {
                    (standing.status, standing.reason) =
                        (Status::Shadowed, Some(format!("`{}` is used", other.display())));
                    standing.sha256 = candidate.digest();
                } else {
                    standing.judge(candidate, policy);
                }
                if let Err(refusal) = compatibility::check(id, &embedded.manifest, ApiVersion::of_host()) {
                    (standing.status, standing.reason) = (Status::Incompatible, Some(refusal.message));
                }
            }
        }
        standing
    }

    fn describe(&mut self, embedded: &Embedded) {
        self.id = Some(embedded.descriptor.id.clone());
        self.version = Some(embedded.manifest.version.clone());
        self.api = Some(embedded.manifest.api.clone());
        self.title = Some(embedded.descriptor.title.clone());
    }

    /// What would happen if it were to run.
    fn judge(&mut self, candidate: &Candidate, policy: &Policy) {
        let found = match candidate.take() {
            Ok(found) => found,
            Err(error) => {
                self.reason = Some(error.to_string());
                return;
            }
        };
        self.sha256 = Some(found.sha256);
        match policy.admit(&found) {
            Ok(admitted) => {
                (self.status, self.trust, self.signer) =
                    (Status::Usable, Some(admitted.level), admitted.signer);
            }
            Err(error) => {
                let changed = candidate
                    .installed
                    .as_ref()
                    .is_some_and(|installed| installed.library_sha256 != found.sha256);
                self.status = if changed { Status::Changed } else { Status::Untrusted };
                self.reason = Some(error.to_string());
            }
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Usable => "usable",
            Self::Disabled => "disabled",
            Self::Shadowed => "shadowed",
            Self::Incompatible => "incompatible",
            Self::Broken => "broken",
            Self::Changed => "CHANGED",
            Self::Untrusted => "UNTRUSTED",
        })
    }
}
