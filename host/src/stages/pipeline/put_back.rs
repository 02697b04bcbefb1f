//! The same way for a version that is registered already and damaged: what comes out must be that version.

use super::{Checked, Clock, Found, Options, from_registry};
use crate::dataset::Spool;
use crate::error::{Error, Kind, Result};
use crate::modules::worker::parent::Listener;
use crate::registry::{Record, Registry};
use crate::stages::derive::Derived;
use crate::stages::ingest::Ingested;
use crate::stages::register;
use crate::stages::validate;
use crate::stages::validated::Validated;

/// Derives the version of a record again, unless it is whole.
pub(super) fn check(
    ingested: Ingested,
    record: &Record,
    registry: &Registry,
    options: &Options,
    listener: &dyn Listener,
    mut clock: Clock,
) -> Result<Checked> {
    let options = &Options { validation: demanded_then(record, options), ..options.clone() };
    let recipe = ingested.recipe();
    let read_bytes = ingested.inputs().iter().map(|input| input.raw_bytes).fold(0, u64::saturating_add);
    let puts_back = Some(Box::new(record.clone()));
    if registry.is_whole(record)
        && let Some(found) = from_registry(&ingested, record, registry, options)?
    {
        return Ok(Checked { found, puts_back, recipe, read_bytes, clock });
    }
    let module = ingested.plan().module();
    let same_module = module.embedded.manifest.version.clone();
    let spool = Spool::new(registry.root().derived());
    let derived = Derived::new(ingested, spool, &options.derive, listener)?;
    listener.stage("derive", clock.lap("derive"));
    let validated = Validated::new(derived, &options.validation)?;
    listener.stage("validate", clock.lap("validate"));
    let version = register::version_of(&validated)?;
    if version != record.version {
        let then = record.provenance.pointer("/recipe/module/version").and_then(|then| then.as_str());
        let shown = format!("{}@{}", record.name, record.version.short());
        return Err(Error::new(Kind::NotReproducible, format!("`{shown}` cannot be derived again"))
            .cause(format!("other content came out, version {}", version.short()))
            .cause(format!("module version {} made it, {same_module} ran", then.unwrap_or("unknown")))
            .hint("bring it back with `host registry repair --from-backup`"));
    }
    Ok(Checked { found: Found::New(Box::new(validated)), puts_back, recipe, read_bytes, clock })
}

/// What a registered dataset was held to when it was registered; what was demanded since is another question.
pub(super) fn demanded_then(record: &Record, options: &Options) -> validate::Options {
    let then = record.provenance.pointer("/validation/options");
    let then = then.and_then(|then| serde_json::from_value(then.clone()).ok());
    then.unwrap_or(options.validation)
}
