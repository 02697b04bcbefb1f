//! What the host knows about a key. Reading, `config show`, the JSON Schema and the reference are all made from the one
//! table of them, [`KEYS`].
//!
//! Invariant: a key is in the table only if the host reads it, and `effect` says where.

pub use super::table::KEYS;
use super::value::Shape;
use crate::env_vars;

/// What a key is when no layer sets it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DefaultValue {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(u64),
    /// A number.
    Number(f64),
    /// One of the words.
    Word(&'static str),
    /// Below the home directory.
    BelowHome(&'static str),
    /// Below the home directory; where there is none the key has no value.
    BelowAnyHome(&'static str),
    /// Below the data root, wherever that is.
    BelowDataRoot(&'static str),
    /// The number of processors the process may use.
    Processors,
    /// No folders.
    EmptyList,
    /// A text.
    Text(&'static str),
    /// There is none.
    Nothing,
    /// The key is another way to write the one it stands for.
    OfOther,
}

/// A boolean key that is another way to write a word of a second key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandsFor {
    /// The key it is translated to.
    pub key: &'static str,
    /// The word that `true` means.
    pub when_true: &'static str,
    /// The word that `false` means.
    pub when_false: &'static str,
}

/// Everything about one setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// `section.name`, as in a configuration file.
    pub path: &'static str,
    /// What its value may be.
    pub shape: Shape,
    /// What it is when no layer sets it.
    pub default: DefaultValue,
    /// The environment variable that sets it.
    pub variable: &'static str,
    /// What a number counts.
    pub unit: Option<&'static str>,
    /// What it means.
    pub meaning: &'static str,
    /// What reads it, and what changes then.
    pub effect: &'static str,
    /// Whether a project file that was merely found, not named with `--config`, may set it. Not for what decides which
    /// code runs, how it is confined and who is told: a file that came with somebody's data must not.
    pub in_found_project: bool,
    /// What it is another way to write of.
    pub stands_for: Option<StandsFor>,
}

impl Key {
    /// The part before the dot.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(section, _)| section)
    }

    /// The part after the dot.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(_, name)| name)
    }

    /// The name the variable would have by the rule `PBUF_<SECTION>_<KEY>`.
    #[must_use]
    pub fn uniform_variable(&self) -> String {
        format!("{}{}", env_vars::PREFIX, self.path.replace('.', "_").to_ascii_uppercase())
    }

    pub(super) const fn new(
        path: &'static str,
        shape: Shape,
        default: DefaultValue,
        variable: &'static str,
        [meaning, effect]: [&'static str; 2],
    ) -> Self {
        let (unit, stands_for) = (None, None);
        Self { path, shape, default, variable, unit, meaning, effect, in_found_project: true, stands_for }
    }

    pub(super) const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }
}

/// The key of that path.
#[must_use]
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// The sections, in the order of the table.
#[must_use]
pub fn sections() -> Vec<&'static str> {
    let mut sections: Vec<&'static str> = KEYS.iter().map(Key::section).collect();
    sections.dedup();
    sections
}

/// The candidate a person most likely meant, if any is near.
#[must_use]
pub fn nearest<'name>(written: &str, candidates: impl Iterator<Item = &'name str>) -> Option<&'name str> {
    // Also a bound on the work: the distance costs the product of the lengths.
    const LONGEST: usize = 80;
    if written.len() > LONGEST {
        return None;
    }
    let written = written.to_ascii_lowercase().replace('-', "_");
    candidates
        .map(|name| {
            let plain = name.to_ascii_lowercase().replace('-', "_");
            let similarity = strsim::normalized_damerau_levenshtein(&written, &plain);
            let contained = written.len() > 3 && (plain.contains(&written) || written.contains(&plain));
            (if contained { similarity.max(0.7) } else { similarity }, name)
        })
        .filter(|(similarity, _)| *similarity >= 0.6)
        .max_by(|left, right| left.0.total_cmp(&right.0).then_with(|| right.1.cmp(left.1)))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{KEYS, find, nearest, sections};
    use crate::env_vars;

    #[test]
    fn every_key_is_complete_and_unique() {
        for (index, key) in KEYS.iter().enumerate() {
            assert!(key.path.split('.').count() == 2, "{key:?}");
            assert!(key.meaning.ends_with('.') && key.effect.ends_with('.'), "{key:?}");
            let rest = || KEYS.iter().skip(index + 1);
            assert!(rest().all(|other| other.path != key.path && other.variable != key.variable), "{key:?}");
            let variable = env_vars::ALL.iter().find(|variable| variable.name == key.variable);
            let named = variable.is_some_and(|variable| {
                variable.meaning.contains(key.path)
                    || key.stands_for.is_some()
                    || key.path == "plugins.directories"
            });
            assert!(named, "{} does not name {}", key.variable, key.path);
        }
    }

    #[test]
    fn every_own_variable_sets_a_key_or_names_the_file() {
        for variable in env_vars::ALL.iter().filter(|variable| variable.name.starts_with(env_vars::PREFIX)) {
            let sets = KEYS.iter().any(|key| key.variable == variable.name);
            assert!(sets || variable.name == env_vars::PBUF_CONFIG, "{variable:?}");
        }
    }

    #[test]
    fn sections_are_contiguous_and_the_data_root_comes_first() {
        assert_eq!(KEYS[0].path, "framework.output_directory");
        assert_eq!(
            sections(),
            [
                "framework",
                "processing",
                "validation",
                "logging",
                "fetch",
                "serve",
                "registry",
                "backup",
                "cache",
                "plugins",
                "alerts",
                "schedule"
            ]
        );
    }

    #[test]
    fn nearest_finds_slips_and_leaves_strangers_alone() {
        let names = || KEYS.iter().map(super::Key::name);
        assert_eq!(nearest("timeout_second", names()), Some("timeout_seconds"));
        assert_eq!(nearest("chunksize", names()), Some("chunk_size"));
        assert_eq!(nearest("timeout", names()), Some("timeout_seconds"));
        assert_eq!(nearest("favourite_colour", names()), None);
        assert_eq!(nearest(&"x".repeat(10_000_000), names()), None);
        assert!(find("processing.workers").is_some());
    }
}
