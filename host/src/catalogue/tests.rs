use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::catalogue::state::{self, State};
use crate::modules::manifest;
use crate::raw::RawStore;
use crate::registry::Record;

/// A module whose catalogue is `catalogue`; it bundles `own_ID`.
fn module(id: &str, catalogue: &Value) -> Embedded {
    let bundled = json!([{"name": format!("own_{id}"), "title": "", "inputs": {"table": {"file": "t.csv", "sha256":
        "0".repeat(64)}}, "parameters": {"limit": 1}}]);
    let descriptor = json!({"schema": "host.module/1", "id": id, "title": "", "outputs": {}, "bundled": bundled,
        "inputs": [{"role": "table", "meaning": ""}], "catalogue": "c.json",
        "parameters": [{"name": "limit", "meaning": "", "type": "number", "default": 3}]});
    let text = if catalogue.is_object() { document(catalogue) } else { catalogue.to_string() };
    Embedded {
        manifest: manifest::Manifest {
            schema: "host.manifest/1".to_owned(),
            abi: None,
            version: "0.1.0".to_owned(),
            api: String::new(),
            api_minimum: String::new(),
            target: String::new(),
            target_features: String::new(),
            panic: String::new(),
            rustc: String::new(),
        },
        descriptor: serde_json::from_value(descriptor).unwrap(),
        files: [("c.json".to_owned(), text.into_bytes())].into(),
    }
}

fn document(datasets: &Value) -> String {
    json!({"schema": "host.datasets/1", "datasets": datasets}).to_string()
}

fn remote(letter: &str) -> Value {
    json!({"table": {"url": format!("https://example.org/{letter}.csv"), "sha256": letter.repeat(64), "bytes": 7}})
}

fn catalogue(modules: &[(&str, Value)], manifest: Option<&Value>) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for (id, datasets) in modules {
        catalogue.add_module(module(id, datasets));
    }
    if let Some(datasets) = manifest {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("datasets.json");
        crate::durable::publish(&path, document(datasets).as_bytes()).unwrap();
        catalogue.add_manifest(Manifest::read(&path).unwrap(), &[]);
    }
    catalogue
}

#[test]
fn a_name_finds_its_module_and_an_unknown_one_its_neighbour() {
    let known = catalogue(&[("one", json!({"star": {"inputs": remote("a")}}))], None);
    assert_eq!(known.find("star").unwrap().module, "one");
    assert_eq!(known.find("own_one").unwrap().origin, Origin::Bundled);
    let error = known.find("stra").unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    assert!(error.hints[0].contains("`star`") && error.hints[1].contains("host dataset list"), "{error:?}");
}

#[test]
fn two_modules_with_one_name_are_both_named_until_the_manifest_decides() {
    let modules = [
        ("one", json!({"star": {"inputs": remote("a"), "parameters": {"limit": 5}}})),
        ("two", json!({"star": {"inputs": remote("b")}})),
    ];
    let error = catalogue(&modules, None).find("star").unwrap_err();
    assert!(error.message.contains("`one` and `two`") && error.hints[0].contains("decide in"), "{error:?}");
    let decided = catalogue(&modules, Some(&json!({"star": {"module": "one", "title": "mine"}})));
    let star = decided.find("star").unwrap();
    assert_eq!((star.module.as_str(), star.title(), star.origin), ("one", "mine", Origin::Manifest));
    let (_, file) = star.remote_files().next().unwrap();
    assert_eq!(file.name, "a.csv");
    assert_eq!(star.parameters().next().unwrap(), ("limit", &json!(5)));
}

#[test]
fn an_entry_without_inputs_means_what_its_module_brings() {
    let known = catalogue(
        &[("one", json!({}))],
        Some(&json!({"mine": {"module": "one", "parameters": {"limit": 2}}})),
    );
    let mine = known.find("mine").unwrap();
    assert!(matches!(mine.inputs().next(), Some(("table", Input::Bundled { .. }))));
    assert_eq!(mine.parameters().collect::<Vec<_>>(), [("limit", &json!(2))]);
    // A module that nobody has is an error of the preparation, which names it.
    let known = catalogue(&[], Some(&json!({"mine": {"module": "absent"}})));
    assert!(known.find("mine").unwrap().job(&RawStore::of(Path::new("/"))).inputs.is_empty());
}

#[test]
fn a_damaged_catalogue_hides_nothing_else() {
    let known =
        catalogue(&[("one", json!("no document")), ("two", json!({"star": {"inputs": remote("a")}}))], None);
    assert!(known.faults()[0].contains("`one`"), "{:?}", known.faults());
    assert!(known.find("star").is_ok() && known.find("own_one").is_ok());
    assert!(known.find("planet").unwrap_err().causes[0].contains("`one`"));
}

#[test]
fn conflicts_are_symmetric_over_all_catalogues() {
    let conflict = json!([{"with": ["moon", "sun"], "reason": "the same light"}]);
    let modules = [
        ("one", json!({"star": {"inputs": remote("a"), "conflicts": conflict}})),
        ("two", json!({"moon": {"inputs": remote("b")}})),
    ];
    // The manifest hides the entry, not what is known of the data.
    for manifest in [None, Some(json!({"star": {"module": "one", "inputs": remote("c")}}))] {
        let known = catalogue(&modules, manifest.as_ref());
        let with = |name: &str| -> Vec<String> {
            let conflicts = known.conflicts_of(&BTreeSet::from([name]));
            conflicts.into_iter().flat_map(|conflict| conflict.with).collect()
        };
        assert_eq!(with("moon"), ["star"]);
        assert_eq!(with("star"), ["moon", "sun"]);
        assert_eq!(with("sun"), ["star"]);
        assert!(with("planet").is_empty());
    }
}

#[test]
fn a_record_that_differs_is_stale_and_says_in_what() {
    let known = catalogue(&[("one", json!({"star": {"inputs": remote("a")}}))], None);
    let star = known.find("star").unwrap();
    let nowhere = RawStore::of(Path::new("/nonexistent"));
    assert_eq!(state::of(star, &nowhere, None), (State::Absent, Vec::new()));
    assert_eq!(state::of(known.find("own_one").unwrap(), &nowhere, None).0, State::Fetched);
    let record = |recipe: Value| -> Record {
        let zero = "0".repeat(64);
        serde_json::from_value(
            json!({"schema": "host.record/1", "sequence": 1, "name": "star", "version": zero,
            "recipe": zero, "registered_at": "", "actor": "", "previous": null, "provenance_sha256": zero,
            "provenance": {"recipe": recipe}}),
        )
        .unwrap()
    };
    let same = json!({"module": {"id": "one", "version": "0.1.0"}, "parameters": {"limit": 3.0},
        "inputs": [{"role": "table", "raw_sha256": "a".repeat(64)}]});
    assert_eq!(state::of(star, &nowhere, Some(&record(same.clone()))), (State::Prepared, Vec::new()));
    let mut retired = record(same.clone());
    let why = json!({"reason": "wrong zero point", "at": "", "actor": ""});
    retired.retired = serde_json::from_value(json!({"0".repeat(64): why})).unwrap();
    let reasons = vec!["it is retired: wrong zero point".to_owned()];
    assert_eq!(state::of(star, &nowhere, Some(&retired)), (State::Retired, reasons));
    for (pointer, value, word) in [
        ("/module/version", json!("0.0.9"), "made by module one 0.0.9, now it is one 0.1.0"),
        ("/parameters", json!({}), "parameter `limit` was not set, now it is 3.0"),
        ("/inputs/0/raw_sha256", json!("b".repeat(64)), "input `table` had sha256 bbb"),
        ("/inputs", json!([]), "without the input `table`"),
    ] {
        let mut changed = same.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        let (state, differences) = state::of(star, &nowhere, Some(&record(changed)));
        assert_eq!(state, State::Stale);
        assert!(differences.len() == 1 && differences[0].contains(word), "{differences:?}");
    }
}
