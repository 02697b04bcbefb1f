//! Putting back a record, byte for byte as the audit log vouches for it.

use serde_json::json;

use super::super::Registry;
use super::super::item::{ItemKind, read_document};
use super::super::mend::By;
use super::super::name::DatasetName;
use super::super::record;
use super::super::recover::{Intent, Planned};
use super::make_own_directory;
use super::plan::Plan;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};

impl Registry {
    /// Puts a record back, whose digest the audit log tells. A damaged one is set aside.
    ///
    /// # Errors
    /// [`Kind::CheckFailed`] if the bytes are not those that were registered; else as [`Registry::set_aside`].
    pub fn put_record(
        &self,
        name: &DatasetName,
        sequence: u64,
        bytes: &[u8],
        from: &str,
        by: By<'_>,
    ) -> Result<()> {
        let sha256 = Digest::of(bytes);
        let (_lock, mut tail) = self.begin_writing()?;
        let logged = self.logged_record(name, sequence)?;
        let Some(record) = record::parse(bytes, name, sequence).ok().filter(|_| logged == Some(sha256))
        else {
            let message =
                format!("what would replace record {sequence} of `{name}` is not what was registered");
            return Err(Error::new(Kind::CheckFailed, message));
        };
        let path = self.root.record(name, sequence);
        let found = read_document(ItemKind::RecordMissing, &path);
        if found.as_deref() == Ok(bytes) {
            return Ok(());
        }
        let aside = match path.symlink_metadata() {
            Ok(_) => Some(self.tell_of_quarantine(&path, "a damaged record", by, &mut tail)?),
            Err(_) => None,
        };
        if let Some(place) = &aside {
            // Its number stays taken until the other one stands in its place.
            durable::keep_aside(&path, place).storage("keep a damaged record in quarantine")?;
        }
        let before = aside.map(|path| self.root.relative(&path).display().to_string());
        let details = json!({
            "number": sequence,
            "from": from,
            "before": before.as_deref().unwrap_or("it was missing"),
            "after": {"record_sha256": sha256},
        });
        let action = by.action("repair-record", name.as_str(), details);
        let intent = Intent::new(action, name.clone(), record.version, Some(Planned { sequence, sha256 }));
        intent.publish(&self.root)?;
        make_own_directory(&self.root.records_of(name))?;
        durable::publish(&path, bytes).storage("put the record back")?;
        self.close(Plan { intent, record, bytes: None }, &mut tail).map(drop)
    }
}
