//! Whether the audit log is intact, and tells of what is registered: a chain alone cannot tell that all of it is gone.

use std::collections::BTreeSet;

use super::audit::{Break, BreakKind, Entry, RecordLine, Verification};
use super::recover::Intent;
use super::{DatasetName, Registry};
use crate::error::Result;

impl Registry {
    /// Follows the chain of the audit log, shows each line that is what was written, and demands a line for each dataset
    /// that is registered. Whether each record has its own is for [`check`](super::check) to say.
    ///
    /// # Errors
    /// The log or the records cannot be read. Damage is no error: the result tells it.
    pub fn verify_audit(&self, mut each: impl FnMut(Entry)) -> Result<Verification> {
        // Listed before the log is read: a record is published shortly before its line.
        let names = self.names()?;
        let mut told = BTreeSet::new();
        let mut verification = self.audit().verify_with(|entry| {
            told.extend(RecordLine::of(&entry).map(|line| line.name));
            each(entry);
        })?;
        if verification.intact()
            && let Some(name) = names.iter().find(|name| !told.contains(name))
            && !self.is_about_to_tell(name)?
        {
            let message = format!("`{name}` is registered and no line tells of it: lines were removed");
            let line = verification.lines + 1;
            verification.broken = Some(Break { line, kind: BreakKind::Removed, message });
        }
        Ok(verification)
    }

    /// Whether a writer is, or was killed, between a record and its line. The intent goes after the line has come, so who
    /// finds none finds the line.
    fn is_about_to_tell(&self, name: &DatasetName) -> Result<bool> {
        if Intent::path(&self.root).exists() {
            return Ok(true);
        }
        let mut found = false;
        let _ = self.audit().verify_with(|entry| {
            found |= RecordLine::of(&entry).is_some_and(|line| line.name == *name);
        })?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::testing::Fixture;

    #[test]
    fn a_log_that_is_gone_as_a_whole_is_missed_while_anything_is_registered() {
        let fixture = Fixture::new();
        let verify = || fixture.registry.verify_audit(|_| {}).unwrap();
        assert!(verify().intact() && verify().lines == 0, "nothing is registered, and nothing need be told");
        fixture.register("star", 1, 1).unwrap();
        assert!(verify().intact());
        let log = fixture.registry.audit();
        for file in [log.path(), log.head_path()] {
            fs_err::remove_file(file).unwrap();
        }
        let broken = verify().broken.unwrap();
        assert!(broken.line == 1 && broken.message.contains("`star`"), "{broken:?}");
        // A new log does not hide that the old one is gone.
        fixture.register("moon", 2, 2).unwrap();
        let broken = verify().broken.unwrap();
        assert!(broken.line == 2 && broken.message.contains("`star`"), "{broken:?}");
    }

    #[test]
    fn a_record_whose_line_is_about_to_come_is_no_loss() {
        let fixture = Fixture::new();
        fixture.register("star", 1, 1).unwrap();
        let log = fixture.registry.audit();
        for file in [log.path(), log.head_path()] {
            fs_err::remove_file(file).unwrap();
        }
        crate::durable::publish(&log.path().with_file_name("pending.json"), b"{}").unwrap();
        assert!(fixture.registry.verify_audit(|_| {}).unwrap().intact());
    }
}
