//! One suite that every module must pass, in the module's own `cargo test` and without a host.
//!
//! Purpose: what a host demands of any module, whatever its field, is tested before a host ever sees the module.
//! The suite knows no field: it works on the embedded description and data alone.
//!
//! Switch on the feature `conformance` for tests, and name the module type where [`export_module!`] is called:
//!
//! ```toml
//! [dev-dependencies]
//! plugin-api = { version = "1.2", features = ["conformance"] }
//! ```
//!
//! ```text
//! plugin_api::conformance!(Thermometer);
//! ```
//!
//! Each check becomes a test of its own. The datasets that travel inside the module are the examples; a module without
//! any, or one with outputs that none of them reaches, gives further ones:
//!
//! ```text
//! plugin_api::conformance!(
//!     Thermometer,
//!     Example::new("two readings").input("readings", "20.5\n21\n").parameter("scale", "celsius"),
//! );
//! ```
//!
//! Everything is repeatable: damages are drawn from a generator with a fixed seed, in a number that follows from the
//! size of the examples, so that a module with small examples is done within seconds in a debug build.
//!
//! `host plugin test PATH` runs the same checks over a library, whatever it is written in, each in a process of its own.
//!
//! [`export_module!`]: crate::export_module

mod alone;
mod behaviour;
mod contract;
mod damage;
mod data;
mod description;
mod digest;
mod references;
mod run;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::alone::Surroundings;
pub use self::alone::{limits_are_honoured, nothing_is_left_behind};
pub use self::behaviour::{
    cancellation_is_obeyed, progress_rises_from_0_to_1, the_same_input_gives_the_same_result,
};
pub use self::contract::examples_keep_the_contract;
pub use self::damage::{
    damaged_inputs_are_refused_with_their_place, missing_inputs_are_named, odd_parameters_are_refused,
};
pub use self::data::embedded_data_are_what_the_description_says;
pub use self::description::the_description_is_consistent;
pub use self::digest::bundled_datasets_give_their_results;
pub use self::references::exports_models_and_plots_refer_to_what_is_there;
use self::run::Functions;
pub use self::run::{Outcome, Subject};
use crate::Descriptor;
use crate::error::presentable;
use crate::export::Exported;
use crate::section;

/// What is wrong, a sentence each; empty when nothing is.
pub type Faults = Vec<String>;

/// One check of the suite.
pub type Check = fn(&Suite) -> Faults;

/// Inputs and parameters that a module must be able to derive from without an error or a finding of severity `Error`.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    name: String,
    inputs: BTreeMap<String, Vec<u8>>,
    parameters: Map<String, Value>,
}

impl Example {
    /// An example without inputs; the name stands in messages.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), inputs: BTreeMap::new(), parameters: Map::new() }
    }

    /// Adds the bytes of a role.
    #[must_use]
    pub fn input(mut self, role: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.inputs.insert(role.into(), bytes.into());
        self
    }

    /// Sets a parameter; the others have their defaults.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }
}

/// A module under test: what it says about itself, what it does, and examples.
#[derive(Debug)]
pub struct Suite {
    descriptor: Descriptor,
    /// The same, with every key that was written.
    written: Value,
    manifest: Value,
    files: BTreeMap<&'static str, &'static [u8]>,
    examples: Vec<Example>,
    subject: Box<dyn Subject>,
    surroundings: Surroundings,
}

impl Suite {
    /// The suite of a module with further examples. `tests` is `module_path!()` where the tests stand.
    ///
    /// # Panics
    /// When the section or the description inside it cannot be read at all.
    #[must_use]
    pub fn of<T: Exported>(tests: &str, examples: Vec<Example>) -> Self {
        // By the path below the crate a test binary can be told to run one of its tests.
        let tests = tests.split_once("::").map_or("", |(_, path)| path).to_owned();
        let subject = Box::new(Functions::of::<T>());
        match Self::read(T::section(), subject, Surroundings::Tests(tests), examples) {
            Ok(suite) => suite,
            Err(fault) => panic!("the_description_is_consistent: {fault}"),
        }
    }

    /// The suite of a library that was loaded into a process of its own, with an empty working directory. The datasets
    /// that travel inside it are the examples.
    ///
    /// # Errors
    /// What is wrong with the section, when it or the description inside it cannot be read at all.
    pub fn of_library(section: &'static [u8], subject: Box<dyn Subject>) -> Result<Self, String> {
        Self::read(section, subject, Surroundings::Alone, Vec::new())
    }

    fn read(
        section: &'static [u8],
        subject: Box<dyn Subject>,
        surroundings: Surroundings,
        examples: Vec<Example>,
    ) -> Result<Self, String> {
        let records = section::decode(section)?;
        let only = |kind: u32, what: &str| -> Result<Value, String> {
            let mut found = records.iter().filter(|record| record.kind == kind);
            let (Some(record), None) = (found.next(), found.next()) else {
                return Err(format!("the section does not hold exactly one {what}"));
            };
            serde_json::from_slice(record.content).map_err(|error| format!("the {what} is no JSON: {error}"))
        };
        let manifest = only(section::MANIFEST, "manifest")?;
        let written = only(section::DESCRIPTOR, "description")?;
        let descriptor: Descriptor = serde_json::from_value(written.clone())
            .map_err(|error| format!("the description does not follow `host.module/1`: {error}"))?;
        let files = records.iter().filter(|record| record.kind == section::FILE);
        let files = files.map(|record| (record.name, record.content)).collect();
        let mut suite = Self { descriptor, written, manifest, files, examples, subject, surroundings };
        for example in data::embedded_examples(&suite) {
            let known = |other: &Example| {
                (&other.inputs, &other.parameters) == (&example.inputs, &example.parameters)
            };
            if !suite.examples.iter().any(known) {
                suite.examples.push(example);
            }
        }
        Ok(suite)
    }

    /// The names of its examples.
    pub fn examples(&self) -> impl Iterator<Item = &str> {
        self.examples.iter().map(|example| example.name.as_str())
    }

    /// Runs one check.
    ///
    /// # Panics
    /// When the module does not pass it: with the name of the check, and the first of what is wrong.
    pub fn demand(&self, name: &str, check: Check) {
        const MOST_SHOWN: usize = 12;
        let faults = check(self);
        let shown = faults.iter().take(MOST_SHOWN).map(|fault| presentable(format!("  * {fault}")));
        let shown = shown.collect::<Vec<_>>().join("\n");
        let more = faults.len().saturating_sub(MOST_SHOWN);
        let more = if more > 0 { format!("\n  * and {more} more") } else { String::new() };
        assert!(faults.is_empty(), "module `{}`, {name}:\n{shown}{more}", self.descriptor.id);
    }
}

/// Lower-case letters, digits, `_` and `-`: what can be typed and be part of a file's name.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
}

/// The names that occur more than once.
fn repeated<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut seen = std::collections::BTreeSet::new();
    names.filter(|name| !seen.insert(*name)).collect()
}

/// Tests a module for everything that a host demands of any module; see [the suite](mod@crate::conformance).
#[macro_export]
macro_rules! conformance {
    ($module:ty $(, $example:expr)* $(,)?) => {
        #[cfg(test)]
        mod conformance {
            #[allow(unused_imports, reason = "the examples need one of the two, or neither")]
            use {super::*, $crate::conformance::Example};

            fn suite() -> $crate::conformance::Suite {
                $crate::conformance::Suite::of::<$module>(module_path!(), vec![$($example),*])
            }

            $crate::conformance_checks! { $crate::conformance_tests }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($($check:ident),* $(,)?) => {$(
        #[test]
        fn $check() {
            suite().demand(stringify!($check), $crate::conformance::$check);
        }
    )*};
}

/// Hands the names of all checks to another macro: the one list of them.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_checks {
    ($($then:tt)*) => {
        $($then)*! {
            the_description_is_consistent,
            embedded_data_are_what_the_description_says,
            examples_keep_the_contract,
            bundled_datasets_give_their_results,
            exports_models_and_plots_refer_to_what_is_there,
            the_same_input_gives_the_same_result,
            progress_rises_from_0_to_1,
            cancellation_is_obeyed,
            missing_inputs_are_named,
            damaged_inputs_are_refused_with_their_place,
            odd_parameters_are_refused,
            limits_are_honoured,
            nothing_is_left_behind,
        }
    };
}

macro_rules! list_of_checks {
    ($($check:ident),* $(,)?) => {
        /// Every check of the suite with its name, in the order in which they are best looked at.
        pub const CHECKS: &[(&str, Check)] = &[$((stringify!($check), $check)),*];
    };
}

conformance_checks! { list_of_checks }
