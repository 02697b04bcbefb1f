//! A version that must no longer be used: nothing is removed, nobody is given it unawares, nothing brings it back in
//! passing.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Sandbox, fixture, tree};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("retire::a_retired_dataset_is_refused_by_name_and_given_by_version", &[], refused),
        trial("retire::the_list_hides_it_unless_all_are_asked_for", &[], listed),
        trial("retire::preparing_it_again_takes_force", &[], prepared),
        trial("retire::an_older_version_goes_alone", &[], older),
    ]
}

const REASON: &str = "the catalogue's zero point was wrong";

/// A dataset with two versions, which begin with these digits.
fn two_versions() -> (Sandbox, [String; 2]) {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let version = |magnitude: &str| {
        let parameter = format!("reference_magnitude={magnitude}");
        let arguments = ["prepare", "--plugin", "light_curve", "--name", "star", "--param", &parameter];
        let _ = sandbox.run(arguments).success();
        sandbox.json(["show", "star"]).pointer("/data/record/version").unwrap().as_str().unwrap()[..12]
            .to_owned()
    };
    let versions = ["11", "12"].map(version);
    (sandbox, versions)
}

const PREPARE: [&str; 7] =
    ["prepare", "--plugin", "light_curve", "--name", "star", "--param", "reference_magnitude=12"];

fn refused() {
    let (sandbox, [_, current]) = two_versions();
    let exact = format!("star@{current}");
    let derived = tree(&sandbox.data_root().join("derived"));
    let _ = sandbox.run(["retire", "star"]).failure(2, &["--reason <TEXT>"]);
    let _ = sandbox.run(["retire", "moon", "--reason", REASON]).failure(2, &["no dataset `moon`"]);
    let said = sandbox.run(["retire", "star", "--reason", REASON]).success().stdout;
    assert!(said.starts_with(&format!("retired   {exact}\n")), "{said}");
    let retired = format!("version {current} of `star` is retired: {REASON}");
    let type_this = [&retired, &exact, "host retire star --undo"];
    let verbs: [&[&str]; 7] = [
        &["show"],
        &["path"],
        &["plot", "--output", "star.svg"],
        &["report"],
        &["validate"],
        &["reproduce"],
        &["export", "--format", "csv"],
    ];
    for verb in verbs {
        let _ = sandbox.run(verb.iter().chain(&["star"])).failure(2, &type_this);
        let outcome = sandbox.run(verb.iter().chain(&[exact.as_str()])).success();
        assert!(outcome.stderr.contains(&retired), "{verb:?} does not warn: {outcome:?}");
    }
    let shown = sandbox.run(["show", &exact]).success().stdout;
    assert!(shown.contains("\nretired     ") && shown.contains(REASON), "{shown}");
    assert_eq!(tree(&sandbox.data_root().join("derived")), derived, "nothing is removed");
    let _ = sandbox.run(["check"]).success();
    let _ = sandbox.run(["audit", "verify"]).success();
    let audit = sandbox.run(["audit", "list"]).success().stdout;
    assert!(audit.contains(&format!("{exact}: {REASON}")), "{audit}");
    let again = sandbox.run(["retire", "star", "--reason", REASON]).success().stdout;
    assert!(again.contains("as it was before"), "{again}");

    let said = sandbox.run(["retire", "star", "--undo"]).success().stdout;
    assert_eq!(said, format!("restored  {exact}\n"));
    let outcome = sandbox.run(["path", "star"]).success();
    assert!(outcome.stdout.contains(&current) && outcome.stderr.is_empty(), "{outcome:?}");
}

fn names(answer: &Value) -> Vec<(&str, &Value)> {
    let rows = answer.pointer("/data/datasets").and_then(Value::as_array).unwrap();
    rows.iter().map(|row| (row["name"].as_str().unwrap(), &row["retired"])).collect()
}

fn listed() {
    let (sandbox, [_, current]) = two_versions();
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "moon"]).success();
    let _ = sandbox.run(["retire", &format!("star@{}", &current[..6]), "--reason", REASON]).success();
    for _ in ["as it is", "made anew from the files"] {
        assert_eq!(names(&sandbox.json(["list"])), [("moon", &Value::Null)]);
        assert_eq!(
            names(&sandbox.json(["list", "--all"])),
            [("moon", &Value::Null), ("star", &json!(REASON))]
        );
        let text = sandbox.run(["list"]).success().stdout;
        assert!(text.ends_with("1 retired dataset is not shown; `host list --all` shows it\n"), "{text}");
        assert!(!text.contains("star"), "{text}");
        let text = sandbox.run(["list", "--all"]).success().stdout;
        assert!(text.contains("RETIRED") && text.contains(REASON), "{text}");
        let _ = sandbox.run(["registry", "rebuild"]).success();
    }
    let _ = sandbox.run(["check"]).success();
}

fn prepared() {
    let (sandbox, [_, current]) = two_versions();
    let _ = sandbox.run(["retire", "star", "--reason", REASON]).success();
    let before = tree(&sandbox.data_root().join("registry/derived"));
    let refusal = format!("version {current} of `star` is retired: {REASON}");
    let _ = sandbox.run(PREPARE).failure(2, &[&refusal, "--force"]);
    // A setting that has every recipe derived anew is nobody's demand to have this one back.
    let mut command = sandbox.command(PREPARE);
    command.env("PBUF_DATA_PREPARATION_CACHE_ENABLED", "false");
    let _ = tests::Outcome::of(&mut command).failure(2, &[&refusal]);
    assert_eq!(tree(&sandbox.data_root().join("registry/derived")), before);
    let _ = sandbox.run([&PREPARE[..], &["--force"]].concat()).success();
    let outcome = sandbox.run(["path", "star"]).success();
    assert!(outcome.stdout.contains(&current) && outcome.stderr.is_empty(), "{outcome:?}");
    let _ = sandbox.run(["check"]).success();
}

fn older() {
    let (sandbox, [older, current]) = two_versions();
    let _ = sandbox.run(["retire", &format!("star@{older}"), "--reason", REASON]).success();
    assert!(sandbox.run(["path", "star"]).success().stdout.contains(&current));
    let both = ["export", &format!("star@{older}"), &format!("star@{current}"), "--format", "csv"];
    let _ =
        sandbox.run(both).failure(2, &["two versions of `star` would have the same files", "--output DIR"]);
    let back = ["prepare", "--plugin", "light_curve", "--name", "star", "--param", "reference_magnitude=11"];
    let _ = sandbox.run(back).failure(2, &[REASON, "--force"]);
    assert!(sandbox.run(["path", "star"]).success().stdout.contains(&current));
    let _ = sandbox.run([&back[..], &["--force"]].concat()).success();
    assert!(sandbox.run(["path", "star"]).success().stdout.contains(&older));
}
