//! What somebody names by `NAME` or `NAME@VERSION`.

use super::{DatasetName, Record, Registry};
use crate::error::{Error, Kind, Result};

impl Registry {
    /// The newest record of a dataset, or of the one version of it that begins with the digits after an `@`; retired or not.
    ///
    /// # Errors
    /// [`Kind::Usage`] if there is none, with the nearest name or with the versions that there are; [`Kind::Corrupt`] if a
    /// record is damaged.
    pub fn named(&self, text: &str) -> Result<Record> {
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((name, version)) => (name, Some(version)),
        };
        let current = self.require_even_retired(&DatasetName::new(name)?)?;
        match version {
            None => Ok(current),
            Some(version) => {
                let record = version_of(self.history(&current.name)?, version)?;
                match current.removed.get(&record.version) {
                    None => Ok(record),
                    Some(removal) => Err(removal.error(&record.name, &record.version)),
                }
            }
        }
    }
}

/// The newest record of the one version that begins with the given digits.
fn version_of(history: Vec<Record>, prefix: &str) -> Result<Record> {
    let mut found: Vec<Record> = Vec::new();
    let mut versions: Vec<String> = Vec::new();
    for record in history.into_iter().rev() {
        let short = record.version.short();
        if !versions.contains(&short) {
            if !prefix.is_empty() && record.version.to_string().starts_with(prefix) {
                found.push(record);
            }
            versions.push(short);
        }
    }
    if found.len() == 1
        && let Some(record) = found.pop()
    {
        return Ok(record);
    }
    let how_many = if found.is_empty() { "no version begins" } else { "several versions begin" };
    Err(Error::new(Kind::Usage, format!("{how_many} with `{prefix}`"))
        .hint(format!("its versions are {}", versions.join(", "))))
}
