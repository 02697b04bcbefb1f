//! Datasets that are prepared again from what the registry says of them.

use super::Item;
use crate::catalogue::{Catalogue, Damage};
use crate::cli::Context;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::registry::{DatasetName, Record, Registry};
use crate::stages::plan::Job;
use crate::stages::recorded;

/// The job for a name: of the catalogue, or else what puts back the version that is registered under it. With the digits
/// of a version after an `@` it is that version.
pub(super) fn job(name: &str, catalogue: &Catalogue, context: &Context) -> Result<Job> {
    if name.contains('@') {
        return put_back(context.open_registry()?.named(name)?, context);
    }
    catalogue.find(name).map(|dataset| dataset.job(&context.raw())).or_else(|unknown| {
        let known = DatasetName::new(name).ok().zip(context.open_registry().ok());
        match known.and_then(|(name, registry)| registry.current(&name).transpose()) {
            Some(record) => put_back(record?, context),
            None => Err(unknown),
        }
    })
}

fn put_back(record: Record, context: &Context) -> Result<Job> {
    let job = recorded::job(&record, &context.raw())?;
    Ok(Job { puts_back: Some(Box::new(record)), ..job })
}

/// Adds what puts back the damaged versions, and gives what cannot be derived again, with the reason.
pub(super) fn add_damaged(damage: &Damage, context: &Context, jobs: &mut Vec<Job>) -> Vec<Item> {
    let mut lost = Vec::new();
    for version in &damage.versions {
        match context.open_registry().and_then(|registry| of_version(version, &registry, context)) {
            Ok(job) => jobs.push(job),
            Err(error) => lost.push(Item { name: version.clone(), seconds: 0.0, result: Err(error) }),
        }
    }
    for (path, message) in &damage.others {
        let error = Error::new(Kind::Corrupt, format!("`{path}` cannot be derived: {message}"))
            .hint("run `host registry repair --dry-run` to see what can be done about it");
        lost.push(Item { name: path.clone(), seconds: 0.0, result: Err(error) });
    }
    lost
}

fn of_version(text: &str, registry: &Registry, context: &Context) -> Result<Job> {
    let malformed = || Error::new(Kind::BadInput, format!("`{text}` is no version of a dataset"));
    let (name, version) = text.split_once('@').ok_or_else(malformed)?;
    let (name, version): (_, Digest) = (DatasetName::new(name)?, version.parse().map_err(|_| malformed())?);
    let Some(record) = registry.newest_of(&name, &version)? else {
        let message = format!("no readable record says how version {} of `{name}` was made", version.short());
        return Err(Error::new(Kind::Corrupt, message)
            .hint("run `host registry repair --dry-run` to see what can be done about it"));
    };
    put_back(record, context)
}
