//! Every line, in the order in which they are looked at.

use super::bench::Bench;
use super::line::{Line, Outcome};
use super::{exports, faults, golden, killed, monitoring, snapshots, state};
use crate::error::Result;

/// A line before it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// `SECTION.NAME`.
    pub id: &'static str,
    /// What would be well.
    pub limit: &'static str,
    /// What to type where it is not passed.
    pub action: &'static str,
    look: fn(&mut Bench<'_>) -> Result<Outcome>,
}

impl Definition {
    pub(super) fn examine(&self, bench: &mut Bench<'_>) -> Line {
        Line::examine(self.id, self.limit, self.action, || (self.look)(bench))
    }
}

macro_rules! lines {
    ($($id:literal, $look:expr, $limit:literal, $action:literal;)*) => {
        /// Every line. Each is required: a certificate needs all of them passed.
        pub const LINES: &[Definition] =
            &[$(Definition { id: $id, limit: $limit, action: $action, look: $look }),*];
    };
}

lines! {
    "configuration.valid", |bench| Ok(state::configuration(bench)), "0 warnings", "type `host config show --origin`";
    "state.writable", |bench| Ok(state::writable(bench)), "neither halted nor in maintenance", "type `host maintenance status`";
    "structure.folders", |bench| Ok(state::folders(bench)), "0 missing", "type `host doctor --fix`";
    "security.modes", |bench| Ok(state::modes(bench)), "0 too open", "type `host doctor --fix`";
    "security.trust", |bench| Ok(state::trust(bench)), "at least 1 usable, 0 refused", "type `host plugin list`";
    "golden.derived", golden::derived, "every example derived and valid", "type `host plugin verify ID`";
    "golden.determinism", golden::determinism, "the same bytes twice", "type `host plugin verify ID`";
    "security.sandbox", |bench| Ok(golden::sandbox(bench)), "every example confined, none by less than is set",
        "type `host config show --origin`";
    "performance.derivation", |bench| Ok(golden::performance(bench)), "at most 30 min and 8.0 GiB each",
        "type `host report performance`";
    "integration.exports", exports::read_back, "npz, json and csv read back equal", "type `host validate NAME`";
    "registry.content", state::content, "0 damaged", "type `host check`";
    "registry.audit", state::audit, "every line as it was written", "type `host audit verify`";
    "registry.reproduced", state::reproduced, "the 5 newest to the same bytes", "type `host reproduce NAME`";
    "faults.flipped-bit", faults::flipped_bit, "every flipped file named", "type `host --version` and report this";
    "faults.edited-audit", faults::edited_audit, "every edited line named", "type `host --version` and report this";
    "faults.damaged-module", faults::damaged_module, "every damaged library refused",
        "type `host --version` and report this";
    "faults.killed-prepare", killed::prepare, "nothing torn, and a rerun to the same version",
        "type `host --version` and report this";
    "backup.restored", snapshots::scratch, "every file of a new snapshot comes back", "type `host backup check`";
    "backup.age", snapshots::age, "at most 24.0 h", "type `host backup init`, then `host backup create`";
    "backup.drill", snapshots::drill, "everything comes back within 4.0 h", "type `host backup drill`";
    "monitoring.metrics", monitoring::metrics, "every line parsed, every family known", "type `host metrics`";
    "monitoring.health", |bench| Ok(monitoring::health(bench)), "not unhealthy", "type `host health`";
}
