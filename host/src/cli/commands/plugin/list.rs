//! `host plugin list`.

use std::io::{self, Write};
use std::path::PathBuf;

use semver::Version;
use serde::Serialize;

use super::outdated::{self, Age};
use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::Result;
use crate::modules::compatibility::{self, ApiVersion};
use crate::modules::discover::{self, Candidate, SearchOrigin, State};
use crate::modules::manifest::Embedded;
use crate::trust::keys::Signer;
use crate::trust::{Policy, TrustLevel};

/// Flags of `plugin list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask the places where modules were installed from whether they have newer versions.
    #[arg(long)]
    outdated: bool,
}

/// Every file of the search path, or every installed module.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    modules: Vec<Row>,
    /// With `--outdated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outdated: Option<Vec<Age>>,
}

#[derive(Debug, Serialize)]
struct Row {
    status: Status,
    origin: SearchOrigin,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Its other installed versions, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_versions: Vec<Version>,
    /// Whether it is found, for installed modules.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// How far it is vouched for, for usable modules.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<TrustLevel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<Signer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Digest>,
    path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Status {
    Usable,
    Disabled,
    Shadowed,
    Incompatible,
    Broken,
    Changed,
    Untrusted,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Listing> {
    if args.outdated {
        return Ok(Listing { modules: Vec::new(), outdated: Some(outdated::ask_all(context)?) });
    }
    let policy = context.policy()?;
    let modules = discover::scan(&context.search_path);
    let modules = modules.iter().map(|candidate| row(candidate, &policy)).collect();
    Ok(Listing { modules, outdated: None })
}

fn row(candidate: &Candidate, policy: &Policy) -> Row {
    let enabled = candidate.installed.is_some().then_some(!matches!(candidate.state, State::Disabled(_)));
    let mut row = Row {
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
        State::Broken(reason) => row.reason = Some(reason.clone()),
        State::Untrusted(error) => (row.status, row.reason) = (Status::Untrusted, Some(error.to_string())),
        State::Disabled(embedded) => {
            row.describe(embedded);
            let id = &embedded.descriptor.id;
            (row.status, row.reason) =
                (Status::Disabled, Some(format!("`host plugin enable {id}` enables it")));
            row.sha256 = candidate.digest();
        }
        State::Module { embedded, shadowed_by, .. } => {
            row.describe(embedded);
            let id = &embedded.descriptor.id;
            if let Some(other) = shadowed_by {
                (row.status, row.reason) = (Status::Shadowed, Some(format!("`{}` is used", other.display())));
                row.sha256 = candidate.digest();
            } else {
                row.judge(candidate, policy);
            }
            if let Err(refusal) = compatibility::check(id, &embedded.manifest, ApiVersion::of_host()) {
                (row.status, row.reason) = (Status::Incompatible, Some(refusal.message));
            }
        }
    }
    row
}

impl Row {
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
        let sha256 = Digest::of(&found.bytes);
        self.sha256 = Some(sha256);
        match policy.admit(&found, &sha256) {
            Ok(admitted) => {
                (self.status, self.trust, self.signer) =
                    (Status::Usable, Some(admitted.level), admitted.signer);
            }
            Err(error) => {
                let changed =
                    candidate.installed.as_ref().is_some_and(|installed| installed.library_sha256 != sha256);
                self.status = if changed { Status::Changed } else { Status::Untrusted };
                self.reason = Some(error.to_string());
            }
        }
    }
}

impl Status {
    fn text(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Disabled => "disabled",
            Self::Shadowed => "shadowed",
            Self::Incompatible => "incompatible",
            Self::Broken => "broken",
            Self::Changed => "CHANGED",
            Self::Untrusted => "UNTRUSTED",
        }
    }
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.plugin-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if let Some(outdated) = &self.outdated {
            return outdated::render(outdated, out, style);
        }
        if self.modules.is_empty() {
            writeln!(out, "no modules in the search path")?;
            return writeln!(
                out,
                "to install one, type `host plugin install FILE|DIR|URL`; to add a directory, give `--plugin-dir DIR`"
            );
        }
        let rows = self.modules.iter().map(|row| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            let about = row.reason.clone().or_else(|| row.title.clone()).unwrap_or_default();
            let others: Vec<String> = row.other_versions.iter().map(|other| format!("+{other}")).collect();
            let version = match (&row.version, others.is_empty()) {
                (Some(version), false) => format!("{version} {}", others.join(" ")),
                (version, _) => text(version),
            };
            let place = match row.origin {
                SearchOrigin::Installed => "installed".to_owned(),
                _ => row.path.display().to_string(),
            };
            let trust = match (row.trust, &row.signer) {
                (Some(level), Some(signer)) => format!("{level} by {}", signer.name),
                (Some(level), None) => level.to_string(),
                (None, _) => "-".to_owned(),
            };
            vec![text(&row.id), version, text(&row.api), row.status.text().to_owned(), trust, place, about]
        });
        table::write(out, style, &["ID", "VERSION", "API", "STATUS", "TRUST", "FILE", "ABOUT"], rows)
    }
}
