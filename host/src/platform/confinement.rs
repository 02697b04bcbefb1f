//! What was asked for to confine a worker, and what was really done.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Limits;

/// What a worker is put into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// What it may use.
    pub limits: Limits,
    /// Its own folder, the only place where it may write.
    pub folder: PathBuf,
    /// The process that started it.
    pub host_process: u32,
}

/// How much of what the host knows to confine a worker with is in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfinementLevel {
    /// Nothing is.
    #[default]
    None,
    /// Something is missing.
    Partial,
    /// Every mechanism is in force.
    Full,
}

impl ConfinementLevel {
    /// As it is written in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Full => "full",
        }
    }
}

/// Which confinements of the worker are in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// What `applied` and `missing` amount to.
    pub level: ConfinementLevel,
    /// Names of the mechanisms that were applied.
    pub applied: Vec<String>,
    /// Names of the mechanisms that this system does not have or that failed.
    pub missing: Vec<String>,
}

impl Confinement {
    /// That of a module which runs inside the host.
    #[must_use]
    pub fn without_a_process() -> Self {
        let mut confinement = Self::default();
        confinement.record("process", false);
        confinement
    }

    pub(super) fn record(&mut self, mechanism: &str, applied: bool) {
        let list = if applied { &mut self.applied } else { &mut self.missing };
        list.push(mechanism.to_owned());
        self.level = match (self.applied.is_empty(), self.missing.is_empty()) {
            (true, _) => ConfinementLevel::None,
            (false, false) => ConfinementLevel::Partial,
            (false, true) => ConfinementLevel::Full,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missing_mechanism_is_not_full_and_none_applied_is_none() {
        let mut confinement = Confinement::without_a_process();
        assert_eq!(confinement.level, ConfinementLevel::None);
        confinement.record("something", true);
        assert_eq!(confinement.level, ConfinementLevel::Partial);
        let mut confinement = Confinement::default();
        confinement.record("something", true);
        assert_eq!(confinement.level, ConfinementLevel::Full);
        confinement.record("another", false);
        assert_eq!(confinement.level, ConfinementLevel::Partial);
        assert!(ConfinementLevel::None < ConfinementLevel::Partial);
        assert!(ConfinementLevel::Partial < ConfinementLevel::Full);
    }
}
