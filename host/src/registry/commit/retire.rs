//! Retiring: a version stays where it is, byte for byte, and is no longer given to whoever names its dataset alone.
//!
//! A retirement is a record like any other: intent, record, audit line. It names the version that was current before and
//! stays so, and every later record carries on which versions are retired, so that the newest record alone tells.

use serde_json::json;

use super::super::audit::Action;
use super::super::name::DatasetName;
use super::super::record::{self, Record, Retirement};
use super::super::{By, Registry, reason};
use super::plan::{Place, Plan};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result, StorageContext};

/// What is to be done with a version.
#[derive(Debug, Clone)]
pub struct Retiring<'a> {
    /// The dataset.
    pub name: &'a DatasetName,
    /// The version.
    pub version: Digest,
    /// Why it must not be used; `None` takes a retirement back.
    pub reason: Option<&'a str>,
    /// Who or what does it.
    pub actor: &'a str,
    /// RFC 3339.
    pub now: String,
}

impl Registry {
    /// Retires a version, or takes that back, and says whether that changed anything. Durable when this returns.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a version that is not registered or an empty reason, [`Kind::Limit`] for a long one,
    /// [`Kind::Corrupt`] if the newest record is damaged, [`Kind::Locked`] or [`Kind::Storage`].
    pub fn retire(&self, retiring: &Retiring<'_>) -> Result<bool> {
        let Retiring { name, version, reason, .. } = *retiring;
        let reason = reason.map(|text| reason::checked(text, "the version must not be used")).transpose()?;
        let (_lock, mut tail) = self.begin_writing()?;
        let Some(current) = self.current(name)? else { return Err(unknown(name, &version)) };
        let sequences = record::sequences(&self.root, name).storage("list the records")?;
        let mut records = record::mentioning(&self.root, name, sequences.into_iter().rev(), &[version]);
        if !records.any(|record| record.version == version) {
            return Err(unknown(name, &version));
        }
        if current.retired.get(&version).map(|known| known.reason.as_str()) == reason {
            return Ok(false);
        }
        let place = self.place_after(name, current.sequence, Some(&current))?;
        let plan = Plan::retire(current, place, retiring, reason)?;
        plan.intent.publish(&self.root)?;
        self.finish(plan, &mut tail)?;
        Ok(true)
    }
}

fn unknown(name: &DatasetName, version: &Digest) -> Error {
    Error::new(Kind::Usage, format!("`{name}` has no version {}", version.short()))
        .hint("run `host list --all` to see what there is")
}

impl Plan {
    /// A record that says the same as the current one, but for what is retired.
    fn retire(current: Record, place: Place, retiring: &Retiring<'_>, reason: Option<&str>) -> Result<Self> {
        let mut record = Record { sequence: place.sequence, previous: place.previous, ..current };
        let before;
        let word = if let Some(reason) = reason {
            let (reason, actor) = (reason.to_owned(), retiring.actor.to_owned());
            let retirement = Retirement { reason, at: retiring.now.clone(), actor };
            before = record.retired.insert(retiring.version, retirement).map(|known| known.reason);
            "retire"
        } else {
            before = record.retired.remove(&retiring.version).map(|known| known.reason);
            "restore"
        };
        let mut plan =
            Self::with_record(word, record, By { actor: retiring.actor, now: &retiring.now }, None)?;
        let Action { details, .. } = &mut plan.intent.action;
        details["concerns"] = retiring.version.to_string().into();
        details["before"] = json!({ "retired": before });
        details["after"] = json!({ "retired": reason });
        if let Some(reason) = reason {
            details["reason"] = reason.into();
        }
        Ok(plan)
    }
}
