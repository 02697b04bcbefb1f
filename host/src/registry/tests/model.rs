//! Random sequences of steps, compared with a few lines that say what they must come to.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::testing::{Fixture, content, name, recipe_of};
use super::super::{Outcome, index};

/// What the registry must behave like.
#[derive(Default)]
struct Model {
    /// For each name the recipe and content of every record.
    records: BTreeMap<String, Vec<(u64, u64)>>,
}

impl Model {
    /// The number of content that a recipe always gives: two recipes each.
    fn content_of(recipe: u64) -> u64 {
        recipe / 2
    }

    fn register(&mut self, name: &str, recipe: u64) -> bool {
        let records = self.records.entry(name.to_owned()).or_default();
        let record = (recipe, Self::content_of(recipe));
        let new = records.last() != Some(&record);
        if new {
            records.push(record);
        }
        new
    }

    fn select(&mut self, name: &str, recipe: u64) -> Option<bool> {
        let records = self.records.get_mut(name)?;
        let record = *records.iter().find(|(known, _)| *known == recipe)?;
        let new = records.last().map(|(_, content)| *content) != Some(record.1);
        if new {
            records.push(record);
        }
        Some(new)
    }
}

#[derive(Debug, Clone)]
enum Step {
    Register(u64),
    Select(u64),
    Lookup(u64),
    Damage,
}

fn step() -> impl Strategy<Value = (&'static str, Step)> {
    let step = prop_oneof![
        4 => (0..6_u64).prop_map(Step::Register),
        2 => (0..6_u64).prop_map(Step::Select),
        2 => (0..6_u64).prop_map(Step::Lookup),
        1 => Just(Step::Damage),
    ];
    (prop_oneof![Just("a"), Just("b")], step)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn behaves_like_the_model(steps in prop::collection::vec(step(), 1..30)) {
        let fixture = Fixture::new();
        let mut model = Model::default();
        for (set, step) in steps {
            match step {
                Step::Register(recipe) => {
                    let outcome = fixture.register(set, recipe, Model::content_of(recipe)).unwrap();
                    let registered = matches!(outcome, Outcome::Registered { .. });
                    prop_assert_eq!(registered, model.register(set, recipe));
                }
                Step::Select(recipe) => {
                    let outcome = fixture.select(set, recipe, Model::content_of(recipe)).ok();
                    let registered = outcome.map(|outcome| matches!(outcome, Outcome::Registered { .. }));
                    prop_assert_eq!(registered, model.select(set, recipe));
                }
                Step::Lookup(recipe) => {
                    let found = fixture.registry.lookup(&name(set), &recipe_of(recipe)).unwrap();
                    let known = model.records.get(set).is_some_and(|records| {
                        records.iter().any(|(known, _)| *known == recipe)
                    });
                    prop_assert_eq!(found.is_some(), known);
                }
                Step::Damage => {
                    // Damaged and put back: the model knows nothing of it.
                    let Some((recipe, content)) = model.records.get(set).and_then(|records| records.last()) else {
                        continue;
                    };
                    fs_err::remove_file(fixture.file(set, *content, "m.npy")).unwrap();
                    let outcome = fixture.register(set, *recipe, *content).unwrap();
                    let repaired = matches!(outcome, Outcome::Repaired { .. });
                    prop_assert!(repaired);
                }
            }
        }
        for (set, expected) in &model.records {
            let history = fixture.registry.history(&name(set)).unwrap();
            let records: Vec<_> = history.iter().map(|record| (record.recipe, record.version)).collect();
            let expected: Vec<_> =
                expected.iter().map(|(recipe, number)| (recipe_of(*recipe), content(*number).version)).collect();
            prop_assert_eq!(records, expected);
        }
        prop_assert!(!fixture.check().failed());
        prop_assert_eq!(index::list(fixture.registry.root()).unwrap().len(), model.records.len());
    }
}
