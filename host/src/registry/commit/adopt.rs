//! Adopting: a complete version that no record names, as an interrupted registration or a lost registry leaves it, gets a
//! record.
//!
//! What was current stays so: where a dataset has a current version, a second record selects it again. Whoever is killed
//! between the two finds it with [`Registry::half_adopted`] and finishes it with [`Registry::finish_adoption`].

use serde_json::{Value, json};

use super::super::Registry;
use super::super::mend::By;
use super::super::name::DatasetName;
use super::super::record::{RECORD_SCHEMA, Record, provenance_bytes};
use super::plan::Plan;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};

impl Record {
    /// What a version says of itself, before it has a number.
    pub(in crate::registry) fn unregistered(
        name: DatasetName,
        version: Digest,
        recipe: Digest,
        provenance: Value,
    ) -> Self {
        Self {
            schema: RECORD_SCHEMA.to_owned(),
            sequence: 0,
            name,
            version,
            recipe,
            registered_at: String::new(),
            actor: String::new(),
            previous: None,
            provenance_sha256: Digest::of(&provenance_bytes(&provenance)),
            provenance,
            execution: Value::Null,
            retired: std::collections::BTreeMap::default(),
            removed: std::collections::BTreeMap::default(),
        }
    }
}

impl Registry {
    /// Registers a version that is there and that no record names.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if it or its provenance is damaged, or the newest record of the dataset is; [`Kind::Locked`],
    /// [`Kind::Maintenance`] or [`Kind::Storage`].
    pub fn adopt(&self, name: &DatasetName, version: &Digest, by: By<'_>) -> Result<()> {
        let (lock, mut tail) = self.begin_writing()?;
        let found = self.adoptable(name, version)?;
        let newest = self.current(name)?;
        if self.newest_of(name, version)?.is_some() {
            return Ok(());
        }
        let highest = newest.as_ref().map_or(0, |newest| newest.sequence);
        let place = self.place_after(name, highest, newest.as_ref())?;
        let previous = place.previous;
        let (now, actor) = (by.now.to_owned(), by.actor.to_owned());
        let adopted = Record {
            sequence: place.sequence,
            registered_at: now.clone(),
            actor,
            previous,
            execution: json!({"adopted": {"at": now, "after": previous}}),
            retired: newest.as_ref().map(|newest| newest.retired.clone()).unwrap_or_default(),
            removed: newest.as_ref().map(|newest| newest.removed.clone()).unwrap_or_default(),
            ..found
        };
        let mut plan = Plan::with_record("adopt", adopted, by, None)?;
        let details = &mut plan.intent.action.details;
        details["before"] = "no record named it".into();
        details["after"] = json!({"version": version});
        plan.intent.publish(&self.root)?;
        self.finish(plan, &mut tail)?;
        drop(lock);
        self.finish_adoption(name, by)
    }

    /// The version that was current before an adoption that nobody finished.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if the newest record is damaged.
    pub fn half_adopted(&self, name: &DatasetName) -> Result<Option<Digest>> {
        let Some(current) = self.current(name)? else { return Ok(None) };
        let adopted = current.execution.get("adopted");
        let text = |key: &str| adopted.and_then(|adopted| adopted.get(key)).and_then(Value::as_str);
        // A later selection repeats how the version came about, at another time; a later retirement after another.
        let is_adoption = text("at") == Some(current.registered_at.as_str());
        Ok(current.previous.filter(|before| is_adoption && text("after") == Some(&before.to_string())))
    }

    /// Lets the version be current again that was so before an adoption, if that was not done.
    ///
    /// # Errors
    /// As [`Registry::adopt`].
    pub fn finish_adoption(&self, name: &DatasetName, by: By<'_>) -> Result<()> {
        let (_lock, mut tail) = self.begin_writing()?;
        let Some(version) = self.half_adopted(name)? else { return Ok(()) };
        let (Some(adopted), Some(before)) = (self.current(name)?, self.newest_of(name, &version)?) else {
            return Err(Error::new(
                Kind::Corrupt,
                format!("no readable record names what was current of `{name}`"),
            ));
        };
        let place = self.place_after(name, adopted.sequence, Some(&adopted))?;
        let record = Record {
            sequence: place.sequence,
            registered_at: by.now.to_owned(),
            actor: by.actor.to_owned(),
            previous: place.previous,
            retired: adopted.retired,
            removed: adopted.removed,
            ..before
        };
        let plan = Plan::with_record("select", record, by, None)?;
        plan.intent.publish(&self.root)?;
        self.finish(plan, &mut tail).map(drop)
    }
}
