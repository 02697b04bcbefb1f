//! What `list --outdated` tells: each installed module, and what the place where it came from has.

use std::io::{self, Write};

use semver::Version;
use serde::Serialize;

use super::installer;
use super::newer::{self, Newest};
use crate::cli::commands::table;
use crate::cli::{Context, Style};
use crate::error::{Result, StorageContext};
use crate::packages::store::Receipt;

/// An installed module and what its source has.
#[derive(Debug, Serialize)]
pub(super) struct Age {
    id: String,
    current: Version,
    newest: Option<Version>,
    outdated: bool,
    source: String,
    /// Why the newest version is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
}

/// Asks the source of every installed module.
pub(super) fn ask_all(context: &Context) -> Result<Vec<Age>> {
    let store = context.store()?;
    let fetcher = installer::fetcher(context);
    let modules = store.modules().storage("list the installed modules")?;
    let rows = modules.into_iter().filter_map(|(id, receipt)| match receipt {
        Ok(receipt) => Some((newer::ask_or_tell(&fetcher, &receipt), receipt)),
        Err(error) => {
            tracing::warn!("module `{id}`: {error}");
            None
        }
    });
    let row = |(newest, receipt): (Newest, Receipt)| Age {
        source: receipt.installed().map_or_else(String::new, |installed| installed.source.clone()),
        id: receipt.id,
        current: receipt.current,
        newest: newest.version,
        outdated: newest.offer.is_some(),
        unknown: newest.unknown,
    };
    Ok(rows.map(row).collect())
}

/// Tells people.
pub(super) fn render(outdated: &[Age], out: &mut dyn Write, style: &Style) -> io::Result<()> {
    if outdated.is_empty() {
        writeln!(out, "no modules are installed")?;
        return writeln!(out, "to install one, type `host plugin install FILE|DIR|URL`");
    }
    let rows = outdated.iter().map(|row| {
        let newest = row.newest.as_ref().map_or_else(|| "?".to_owned(), Version::to_string);
        let about = match &row.unknown {
            Some(why) => why.clone(),
            None if row.outdated => "outdated".to_owned(),
            None => "newest".to_owned(),
        };
        vec![row.id.clone(), row.current.to_string(), newest, about, row.source.clone()]
    });
    table::write(out, style, &["ID", "CURRENT", "NEWEST", "", "FROM"], rows)?;
    if outdated.iter().any(|row| row.outdated) {
        writeln!(out, "to install the newest, type `host plugin upgrade --all`")?;
    }
    Ok(())
}
