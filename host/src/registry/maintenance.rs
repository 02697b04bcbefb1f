//! Maintenance: a data root that is read and not written, until somebody says so. The state is a file of the registry,
//! so it binds every process and survives all of them.
//!
//! Order: audit line, then state. Who is killed in between is asked again, and the log tells of both times.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::Action;
use super::item::{ItemKind, read_document};
use super::lock::Lock;
use super::{DataRoot, Registry, reason, sealed};
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};

/// The schema of states this host writes and reads.
const SCHEMA: &str = "host.maintenance/1";

/// What the file is called in the folder of the registry.
pub(crate) const FILE: &str = "maintenance.json";

/// Why nothing may be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    schema: String,
    /// Whether what ran was told to end as well.
    pub halted: bool,
    /// Why; whoever wants to write is told.
    pub reason: String,
    /// Who said so.
    pub actor: String,
    /// When, RFC 3339.
    pub since: String,
}

impl Maintenance {
    /// A state that begins.
    ///
    /// # Errors
    /// [`Kind::Usage`] for an empty reason, [`Kind::Limit`] for a long one.
    pub fn new(halted: bool, reason: &str, actor: String, since: String) -> Result<Self> {
        let reason = reason::checked(reason, "nothing may be written")?;
        Ok(Self { schema: SCHEMA.to_owned(), halted, reason: reason.to_owned(), actor, since })
    }

    /// What to type to end it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        if self.halted { "host resume" } else { "host maintenance off" }
    }

    /// Who, since when and why, in a line.
    #[must_use]
    pub fn told(&self) -> String {
        let word = if self.halted { "halted" } else { "in maintenance" };
        format!("{word} since {} by {}: {}", self.since, self.actor, self.reason)
    }

    /// The refusal of whoever wants to write.
    #[must_use]
    pub fn refusal(&self) -> Error {
        Error::new(Kind::Maintenance, "nothing may be written")
            .cause(format!("the data root is {}", self.told()))
            .hint(format!("wait until it is over, or type `{}` to end it", self.way_out()))
    }

    fn action(&self, word: &str, actor: &str, time: &str) -> Action {
        let state = if self.halted { "halted" } else { "in maintenance" };
        let begins = matches!(word, "halt" | "maintenance-on");
        let (before, after) = if begins { ("writable", state) } else { (state, "writable") };
        Action {
            time: time.to_owned(),
            actor: actor.to_owned(),
            action: word.to_owned(),
            subject: "data root".to_owned(),
            details: json!({ "reason": self.reason, "since": self.since, "before": before, "after": after }),
        }
    }
}

impl Registry {
    /// Why nothing may be written, if so.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when the state is damaged: nobody knows then whether something may be written.
    pub fn maintenance(&self) -> Result<Option<Maintenance>> {
        let path = self.root.maintenance();
        let damaged = |cause: String| {
            Error::new(Kind::Corrupt, "nobody knows whether the data root is in maintenance")
                .cause(format!("`{}`: {cause}", path.display()))
                .hint("type `host maintenance off` to end it, and `host maintenance on` to begin it anew")
        };
        let bytes = match read_document(ItemKind::FileMissing, &path) {
            Err(fault) if fault.kind == ItemKind::FileMissing => return Ok(None),
            Err(fault) => return Err(damaged(fault.message)),
            Ok(bytes) => bytes,
        };
        let value = sealed::unseal(&bytes, sealed::pretty).map_err(|fault| damaged(fault.to_string()))?;
        let state = Maintenance::deserialize(value).map_err(|error| damaged(error.to_string()))?;
        if state.schema == SCHEMA {
            Ok(Some(state))
        } else {
            Err(damaged(format!("its schema is `{}`", state.schema)))
        }
    }

    /// Demands that something may be written.
    ///
    /// # Errors
    /// [`Kind::Maintenance`] with who, since when, why and what to type; [`Kind::Corrupt`] as [`Registry::maintenance`].
    pub fn demand_writable(&self) -> Result<()> {
        self.maintenance()?.map_or(Ok(()), |state| Err(state.refusal()))
    }

    /// Begins maintenance, or gives it another reason. Durable when it returns, and binds whoever takes the lock next.
    ///
    /// # Errors
    /// [`Kind::Locked`] or [`Kind::Storage`].
    pub fn begin_maintenance(&self, state: &Maintenance) -> Result<()> {
        let _lock = Lock::exclusive(&self.root, self.wait)?;
        let word = if state.halted { "halt" } else { "maintenance-on" };
        self.append(&state.action(word, &state.actor, &state.since))?;
        let bytes = sealed::pretty(&sealed::seal(state));
        durable::publish(&self.root.maintenance(), &bytes).storage("begin the maintenance")
    }

    /// Ends it and says what it was; nothing when it was none. A damaged state is ended as well. Durable when it returns.
    ///
    /// # Errors
    /// [`Kind::Locked`] or [`Kind::Storage`].
    pub fn end_maintenance(&self, actor: &str, now: &str) -> Result<Option<Maintenance>> {
        let _lock = Lock::exclusive(&self.root, self.wait)?;
        let state = match self.maintenance() {
            Ok(None) => return Ok(None),
            Ok(Some(state)) => state,
            Err(error) => {
                Maintenance::new(false, &format!("unknown: {error}"), actor.to_owned(), now.to_owned())?
            }
        };
        let word = if state.halted { "resume" } else { "maintenance-off" };
        self.append(&state.action(word, actor, now))?;
        let path = self.root.maintenance();
        durable::remove(&path).storage("end the maintenance")?;
        durable::sync_directory(&self.root.registry()).storage("end the maintenance")?;
        Ok(Some(state))
    }
}

impl DataRoot {
    fn maintenance(&self) -> std::path::PathBuf {
        self.registry().join(FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::testing::SOON;
    use crate::registry::Retiring;
    use crate::registry::testing::Fixture;

    fn state(halted: bool, reason: &str) -> Result<Maintenance> {
        Maintenance::new(halted, reason, "tester".to_owned(), "2026-01-02T03:04:05Z".to_owned())
    }

    #[test]
    fn it_binds_until_it_is_ended_and_the_log_tells_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let registry = Registry::open(DataRoot::create(directory.path()).unwrap()).with_wait(SOON);
        registry.demand_writable().unwrap();
        for (halted, word, way_out) in
            [(false, "maintenance", "host maintenance off"), (true, "halted", "host resume")]
        {
            registry.begin_maintenance(&state(halted, " a new disk ").unwrap()).unwrap();
            let other = Registry::open(DataRoot::open(directory.path()).unwrap());
            let refusal = other.demand_writable().unwrap_err();
            assert_eq!(refusal.kind, Kind::Maintenance);
            for text in ["2026-01-02T03:04:05Z by tester: a new disk", word] {
                assert!(refusal.to_string().contains(text), "{refusal}");
            }
            assert!(refusal.hints[0].contains(way_out), "{refusal:?}");
        }
        assert!(registry.end_maintenance("other", "now").unwrap().unwrap().halted);
        assert_eq!(registry.end_maintenance("other", "now").unwrap(), None);
        registry.demand_writable().unwrap();
        let words: Vec<String> =
            registry.audit().entries().unwrap().map(|entry| entry.unwrap().action).collect();
        assert_eq!(words, ["maintenance-on", "halt", "resume"]);
        let report = crate::registry::check::check(registry.root(), true).unwrap();
        assert!(!report.failed(), "{report:?}");
    }

    /// A run that began before is refused when it comes to registering.
    #[test]
    fn whoever_takes_the_lock_next_is_refused_and_nothing_changes() {
        let fixture = Fixture::new();
        for (recipe, number) in [(1, 1), (2, 2)] {
            fixture.register("star", recipe, number).unwrap();
        }
        fixture.registry.begin_maintenance(&state(false, "why").unwrap()).unwrap();
        let before = fixture.files();
        assert_eq!(fixture.register("star", 3, 3).unwrap_err().kind, Kind::Maintenance);
        assert_eq!(fixture.select("star", 1, 1).unwrap_err().kind, Kind::Maintenance);
        let star = crate::registry::testing::name("star");
        let version = fixture.registry.current(&star).unwrap().unwrap().version;
        let retiring =
            Retiring { name: &star, version, reason: Some("old"), actor: "tester", now: String::new() };
        assert_eq!(fixture.registry.retire(&retiring).unwrap_err().kind, Kind::Maintenance);
        assert_eq!(fixture.files(), before);
        fixture.registry.end_maintenance("tester", "now").unwrap();
        fixture.register("star", 3, 3).unwrap();
    }

    #[test]
    fn a_damaged_state_lets_nothing_be_written_and_can_be_ended() {
        let directory = tempfile::tempdir().unwrap();
        let registry = Registry::open(DataRoot::create(directory.path()).unwrap());
        registry.begin_maintenance(&state(false, "why").unwrap()).unwrap();
        let file = directory.path().join("registry").join(FILE);
        for damage in ["", "{}", "{\"halted\": false}"] {
            durable::publish(&file, damage.as_bytes()).unwrap();
            assert_eq!(registry.demand_writable().unwrap_err().kind, Kind::Corrupt, "{damage}");
        }
        registry.end_maintenance("tester", "now").unwrap();
        registry.demand_writable().unwrap();
        for (reason, kind) in [(" ".to_owned(), Kind::Usage), ("x".repeat(1001), Kind::Limit)] {
            assert_eq!(state(true, &reason).unwrap_err().kind, kind);
        }
    }
}
