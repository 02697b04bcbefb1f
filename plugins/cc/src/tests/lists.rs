//! The embedded lists, against each other and against the published files.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::releases::{catalogue, known};

fn document() -> Value {
    serde_json::from_str(include_str!("../../catalogue.json")).unwrap()
}

#[test]
fn every_release_is_in_the_catalogue_and_every_dataset_is_a_release() {
    let known = known().unwrap();
    let mut names = BTreeSet::new();
    for release in &known.releases {
        assert!(names.insert(release.name.as_str()));
        names.extend(release.covariance.as_ref().map(|matrix| matrix.name.as_str()));
        for row in &release.rows {
            assert!(known.sources.contains_key(&row.source), "{}", row.source);
            assert!(["d4000", "full_spectrum", "lick"].contains(&row.method.as_str()), "{}", row.method);
        }
    }
    let catalogue = catalogue().unwrap();
    assert_eq!(catalogue.names().collect::<BTreeSet<_>>(), names);
}

/// Any two datasets hold some of the same galaxies, so each pair must be named, once.
#[test]
fn every_pair_of_datasets_conflicts() {
    let document = document();
    let datasets = document["datasets"].as_object().unwrap();
    let mut pairs = BTreeSet::new();
    for (name, dataset) in datasets {
        for other in
            dataset["conflicts"].as_array().into_iter().flatten().flat_map(|entry| {
                entry["with"].as_array().unwrap().iter().map(|other| other.as_str().unwrap())
            })
        {
            assert!(datasets.contains_key(other) && other != name, "{name}: {other}");
            let pair = if name.as_str() < other { (name.as_str(), other) } else { (other, name.as_str()) };
            assert!(pairs.insert(pair), "{pair:?} is named twice");
        }
    }
    assert_eq!(pairs.len(), datasets.len() * (datasets.len() - 1) / 2);
}
