//! Damaged inputs of real releases: today's tools answer most of them with a chi-squared. Each must end with the right
//! exit code, name the place, and register nothing.

mod mutations;
mod table;
mod vector;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::needs::Need;
use tests::{Sandbox, tree};

use crate::matrix::Cases;
use crate::reference::releases::named;
use crate::trial;
use table::{Base, Damage, Expected, damages};
use vector::Vector;

pub(crate) fn trials() -> Vec<Trial> {
    let needs = &[Need::Releases];
    vec![
        trial("damaged::desi_dr2", needs, || refused_all(Base::Blocks, &Vector::of(&named("desi_dr2")))),
        trial("damaged::sdss_dr12", needs, || {
            refused_all(Base::Dense, &Vector::of(&named("sdss_dr12_consensus_bao")));
        }),
        trial("damaged::numbers_of_no_release", needs, || {
            refused_all(Base::Unknown, &Vector::of(&named("desi_dr2")).unknown());
        }),
        trial("damaged::every_release_mutated_is_refused", needs, mutations::refused),
        trial("damaged::every_release_dressed_otherwise_is_the_same", needs, mutations::the_same),
        trial("damaged::every_release_with_a_changed_digit_is_untrusted", needs, mutations::untrusted),
        trial("damaged::grids", needs, mutations::grids),
    ]
}

/// Prepares every damaged version under the name of the sound one.
fn refused_all(base: Base, vector: &Vector) {
    let occupied = Sandbox::new();
    let sound = arguments(&occupied, &vector.mean_text(), &vector.covariance_text(), &[]);
    let _ = occupied.run(sound).success();
    let before = registered(&occupied);
    let damages = damages(base, vector);
    assert_eq!(damages.len(), 16);
    let mut cases = Cases::of("E5", format!("derive {base:?}").to_lowercase());
    for (number, damage) in damages.iter().enumerate() {
        cases.run(&format!("{number}:{}", damage.name), || {
            let empty = Sandbox::new();
            check_answer(damage, &empty);
            assert_eq!(
                empty.json(["list"]).pointer("/data/datasets").unwrap(),
                &json!([]),
                "{}",
                damage.name
            );
            assert!(tree(&empty.data_root().join("derived")).is_empty(), "{}", damage.name);
            assert!(tree(&empty.data_root().join("registry/derived")).is_empty(), "{}", damage.name);

            check_talk(damage, &occupied);
            assert!(registered(&occupied) == before, "{} changed what is registered", damage.name);
            Ok(())
        });
    }
    cases.finish(16);
    let _ = occupied.run(["check"]).success();
}

/// What is registered, byte for byte, and what `list` says of it.
fn registered(sandbox: &Sandbox) -> impl PartialEq {
    let root = sandbox.data_root();
    let list = sandbox.json(["list"]);
    assert_eq!(list.pointer("/data/datasets").and_then(Value::as_array).map(Vec::len), Some(1));
    (list, tree(&root.join("derived")), tree(&root.join("registry/derived")))
}

fn arguments(sandbox: &Sandbox, mean: &str, covariance: &str, parameters: &[&str]) -> Vec<String> {
    let mean = sandbox.write("mean.txt", mean);
    let covariance = sandbox.write("covariance.txt", covariance);
    let mut arguments: Vec<String> =
        ["prepare", "--plugin", "bao", "--name", "numbers"].map(str::to_owned).to_vec();
    arguments.extend(["--input".to_owned(), format!("mean={}", mean.display())]);
    arguments.extend(["--input".to_owned(), format!("covariance={}", covariance.display())]);
    for parameter in parameters {
        arguments.extend(["--param", parameter].map(str::to_owned));
    }
    arguments
}

/// What programs are told.
fn check_answer(damage: &Damage, sandbox: &Sandbox) {
    let name = damage.name;
    let arguments = arguments(sandbox, &damage.mean, &damage.covariance, damage.parameters);
    let (code, answer) = sandbox.run_json(arguments);
    let error = &answer["error"];
    assert_eq!(answer["ok"], json!(false), "{name}");
    assert_eq!(code.map(i64::from), error["exit"].as_i64(), "{name}");
    match &damage.expected {
        Expected::Failed(failures) => {
            assert_eq!((code, &error["code"]), (Some(3), &json!("check-failed")), "{name}: {answer}");
            let checks = error.pointer("/details/checks").and_then(Value::as_array).unwrap();
            let blocking: Vec<&Value> = checks.iter().filter(|check| check["blocking"] == true).collect();
            for (code, place) in failures {
                let is_it = |check: &&&Value| {
                    check["code"] == *code && check["place"].as_str().unwrap().starts_with(place.as_str())
                };
                let found = blocking.iter().find(is_it);
                let found = found.unwrap_or_else(|| panic!("{name}: no {code} at {place} in {blocking:#?}"));
                assert_eq!((&found["outcome"], &found["severity"]), (&json!("failed"), &json!("error")));
                assert!(!found["message"].as_str().unwrap().is_empty());
            }
        }
        Expected::Refused(texts) => {
            assert_eq!((code, &error["code"]), (Some(16), &json!("bad-input")), "{name}: {answer}");
            let said = error.to_string().replace("\\n", "\n");
            for text in texts {
                assert!(said.contains(text.as_str()), "{name}: `{text}` is not in {said}");
            }
        }
    }
}

/// What people are told.
fn check_talk(damage: &Damage, sandbox: &Sandbox) {
    let arguments = arguments(sandbox, &damage.mean, &damage.covariance, damage.parameters);
    let outcome = sandbox.run(arguments);
    let texts: Vec<String> = match &damage.expected {
        Expected::Failed(failures) => {
            failures.iter().map(|(code, place)| format!("{code}: {place}")).collect()
        }
        Expected::Refused(texts) => texts.clone(),
    };
    let texts: Vec<&str> = texts.iter().map(String::as_str).chain(["error: "]).collect();
    let code = if matches!(damage.expected, Expected::Failed(_)) { 3 } else { 16 };
    let outcome = outcome.failure(code, &texts);
    assert_eq!(outcome.stdout, "", "{}", damage.name);
}
