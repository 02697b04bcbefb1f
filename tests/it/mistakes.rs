//! What is copied, named or typed wrongly is told, and so is what to type.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Sandbox, fixture, repository};

use crate::serve::Service;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("mistakes::a_changed_copy_of_a_release_is_counted_twice_with_it", &[], changed_copy),
        trial("mistakes::page_report_and_show_name_the_same_conflicts", &[], one_source),
        trial("mistakes::a_name_that_another_module_takes_is_told", &[], taken),
        trial("mistakes::an_unknown_module_is_no_empty_list", &[], unknown_module),
        trial("mistakes::a_folder_for_modules_that_is_not_there_is_told", &[], missing_folder),
        trial("mistakes::a_module_beside_the_host_is_found_but_not_installed", &[], not_installed),
        trial("mistakes::what_is_given_twice_or_left_empty_is_refused", &[], twice),
    ]
}

fn bundled(file: &str) -> String {
    std::fs::read_to_string(repository().join("plugins/bao/bundled").join(file)).unwrap()
}

/// Who may not be used with a dataset, as `show` lists them.
fn conflicts(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let shown = sandbox.json(["show", name]);
    let conflicts = shown.pointer("/data/conflicts").and_then(Value::as_array).unwrap();
    let with = conflicts.iter().flat_map(|conflict| conflict["with"].as_array().unwrap());
    with.map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// With `--param release=none` nobody said any more whose rows they are.
fn changed_copy() {
    let sandbox = Sandbox::new();
    let changed = bundled("desi_dr2_mean.txt").replacen("7.94167639", "7.94167638", 1);
    let _ = sandbox.write("mean.txt", changed);
    let _ = sandbox.write("covariance.txt", bundled("desi_dr2_covariance.txt"));
    let files = ["--input", "mean=mean.txt", "--input", "covariance=covariance.txt"];
    let prepare = [&["prepare", "--plugin", "bao", "--name", "edited"][..], &files].concat();
    let _ = sandbox.run(&prepare).failure(3, &["7.94167638 is not its value"]);
    let _ = sandbox.run([&prepare[..], &["--param", "release=none"]].concat()).success();
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let with = conflicts(&sandbox, "edited");
    assert!(with.iter().any(|name| name == "desi_dr2"), "{with:?}");
    assert!(
        with.iter().any(|name| name == "desi_dr1"),
        "what conflicts with the release does, too: {with:?}"
    );
    let export = ["export", "edited", "desi_dr2_bao", "--format", "csv", "--strict"];
    let texts =
        ["`edited` and `desi_dr2_bao` must not be used together: 12 of the 13 rows", "without `--strict`"];
    let _ = sandbox.run(export).failure(3, &texts);
}

/// Two of the three left out what only the catalogues of other modules, or later releases, say.
fn one_source() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let with = conflicts(&sandbox, "desi_dr2_bao");
    let shown = sandbox.json(["show", "desi_dr2_bao"]);
    let own = shown.pointer("/data/document/metadata/conflicts").and_then(Value::as_array).unwrap();
    let own: usize = own.iter().map(|conflict| conflict["with"].as_array().unwrap().len()).sum();
    assert!(with.len() > own, "the catalogues of other modules say more: {with:?}");
    let _ = sandbox.run(["report", "desi_dr2_bao", "--output", "report.html"]).success();
    let report = std::fs::read_to_string(sandbox.path("work/report.html")).unwrap();
    let service = Service::start(&sandbox, &[], &[]);
    let page = service.get("/datasets/desi_dr2_bao").body;
    for text in [&report, &page] {
        let part = text.split("Not to be combined with").nth(1).unwrap();
        let part = part.split("</section>").next().unwrap();
        for name in &with {
            assert!(part.contains(name.as_str()), "{name} is not in {part}");
        }
    }
}

/// `union2` was a set of supernovae, and is a vector of distances: rc 0 and not a word.
fn taken() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "mine"]).success();
    let shown = sandbox.json(["show", "mine"]);
    let version = shown.pointer("/data/record/version").and_then(Value::as_str).unwrap();
    let replaced = format!("`mine` replaces {} of module `light_curve`", &version[..12]);
    let other = ["prepare", "--plugin", "bao", "--name", "mine"];
    let plan = sandbox.run(other.iter().chain(&["--dry-run"])).success();
    assert!(plan.stdout.contains(&replaced), "{}", plan.stdout);
    let told = sandbox.run(other).success().stderr;
    assert!(told.contains(&replaced) && told.to_lowercase().contains("warn"), "{told}");
    let again = sandbox.json(other);
    assert_eq!(again.pointer("/data/datasets/0/dataset/replaces"), None, "it is its own now: {again:#}");
    let back = sandbox.json(["prepare", "--plugin", "light_curve", "--name", "mine"]);
    assert_eq!(back.pointer("/data/datasets/0/dataset/replaces/module"), Some(&json!("bao")), "{back:#}");
}

fn unknown_module() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    for verb in [&["list"][..], &["dataset", "list"]] {
        for (typed, meant) in [("boa", "bao"), ("BAO", "bao")] {
            let texts =
                [format!("no module `{typed}` is known"), format!("did you mean `--plugin {meant}`?")];
            let texts = texts.each_ref().map(String::as_str);
            let _ = sandbox.run([verb, &["--plugin", typed]].concat()).failure(2, &texts);
        }
    }
    // A module that made nothing is no mistake.
    let nothing = sandbox.run(["list", "--plugin", "sn"]).success().stdout;
    assert!(nothing.contains("no such datasets"), "{nothing}");
}

fn missing_folder() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(["list", "--plugin-dir", "nowhere"]).failure(2, &["there is no folder `nowhere`"]);
    let mut command = sandbox.command(["dataset", "list"]);
    command.env("PBUF_PLUGIN_PATH", "/nowhere/at/all");
    let told = tests::Outcome::of(&mut command).success().stderr;
    assert!(told.contains("no modules are looked for in `/nowhere/at/all`"), "{told}");
}

fn not_installed() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    for verb in ["disable", "enable", "remove", "rollback", "upgrade"] {
        let texts = ["module `light_curve` 0.", "found, not installed", "host plugin install FILE"];
        let _ = sandbox.run(["plugin", verb, "light_curve"]).failure(2, &texts);
    }
    assert!(!sandbox.path("home/.pbuf").exists(), "asking makes nothing");
}

fn twice() {
    let sandbox = Sandbox::new();
    let prepare = ["prepare", "--plugin", "bao"];
    let doubled = ["--param", "release=none", "--param", "release=auto"];
    let _ =
        sandbox.run([&prepare[..], &doubled].concat()).failure(2, &["parameter `release` is given twice"]);
    let empty = ["--input", "mean="];
    let _ = sandbox.run([&prepare[..], &empty].concat()).failure(2, &["the path of `mean` is missing"]);
}
