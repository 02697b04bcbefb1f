//! `host plugin list`.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::modules::compatibility::{self, ApiVersion};
use crate::modules::discover::{self, State};

/// Every file of the search path.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    modules: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
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
    Incompatible,
    Shadowed,
    Broken,
}

/// Runs the verb.
pub(super) fn run(context: &Context) -> Listing {
    let modules = discover::scan(&context.search_path)
        .into_iter()
        .map(|candidate| {
            let sha256 = candidate.digest();
            match candidate.state {
                State::Broken(reason) => Row {
                    status: Status::Broken,
                    id: None,
                    version: None,
                    api: None,
                    title: None,
                    sha256,
                    path: candidate.path,
                    reason: Some(reason),
                },
                State::Module { embedded, shadowed_by, .. } => {
                    let id = embedded.descriptor.id.clone();
                    let refusal = compatibility::check(&id, &embedded.manifest, ApiVersion::of_host()).err();
                    let (status, reason) = match (refusal, shadowed_by) {
                        (Some(refusal), _) => (Status::Incompatible, Some(refusal.message)),
                        (None, Some(other)) => {
                            (Status::Shadowed, Some(format!("`{}` is used", other.display())))
                        }
                        (None, None) => (Status::Usable, None),
                    };
                    Row {
                        status,
                        id: Some(id),
                        version: Some(embedded.manifest.version.clone()),
                        api: Some(embedded.manifest.api.clone()),
                        title: Some(embedded.descriptor.title.clone()),
                        sha256,
                        path: candidate.path,
                        reason,
                    }
                }
            }
        })
        .collect();
    Listing { modules }
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.plugin-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.modules.is_empty() {
            writeln!(out, "no modules in the search path")?;
            return writeln!(out, "to add a directory, give `--plugin-dir DIR` or set `PBUF_PLUGIN_PATH`");
        }
        let rows = self.modules.iter().map(|row| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            let status = match row.status {
                Status::Usable => "usable",
                Status::Incompatible => "incompatible",
                Status::Shadowed => "shadowed",
                Status::Broken => "broken",
            };
            let about = row.reason.clone().or_else(|| row.title.clone()).unwrap_or_default();
            vec![
                text(&row.id),
                text(&row.version),
                text(&row.api),
                status.to_owned(),
                row.path.display().to_string(),
                about,
            ]
        });
        table::write(out, style, &["ID", "VERSION", "API", "STATUS", "FILE", "ABOUT"], rows)
    }
}
