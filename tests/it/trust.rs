//! Who vouches for a module, and whether that is enough to run it: lock file, key ring, levels, and what is recorded.

mod paths;
mod races;

use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Outcome, Sandbox, fixture, tree};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("trust::a_locked_module_that_changed_is_refused_at_every_level", &[], changed),
        trial("trust::a_flag_demands_more_and_never_less", &[], ratchet),
        trial("trust::each_level_demands_more_than_the_one_before", &[], levels),
        trial("trust::a_lock_lists_what_is_there_and_keeps_what_it_lists", &[], locking),
        trial("trust::processes_that_lock_at_once_lose_no_entry", &[], locking_together),
        trial("trust::a_known_recipe_runs_nothing_and_still_demands_trust", &[], known_recipe),
        trial("trust::what_is_recorded_says_who_vouched_and_leaves_the_version_alone", &[], recorded),
        trial("trust::verify_says_who_vouches_and_what_is_refused", &[], verified),
        trial("trust::keys_are_added_listed_and_removed", &[], key_ring),
        trial("trust::without_a_home_nothing_is_trusted_and_all_else_works", &[], homeless),
    ];
    trials.extend(paths::trials());
    trials.extend(races::trials());
    trials
}

/// The public key in the documentation of `minisign`, and its id.
const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
const KEY_ID: &str = "E7620F1842B4E81F";

/// File name of the example module's library.
fn library() -> String {
    format!("liblight_curve.{}", std::env::consts::DLL_EXTENSION)
}

/// A copy of the example module in a folder of the sandbox.
fn copied(sandbox: Sandbox) -> Sandbox {
    let bytes = std::fs::read(fixture::example().join(library())).unwrap();
    let file = sandbox.write(&format!("../modules/{}", library()), bytes);
    let folder = file.parent().unwrap().to_owned();
    sandbox.with_plugins(&folder)
}

/// Rebuilds the library, as far as a digest can tell.
fn change(sandbox: &Sandbox) {
    let file = sandbox.path("modules").join(library());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.push(0);
    let _ = sandbox.write(&format!("../modules/{}", library()), bytes);
}

fn with_minimum(sandbox: &Sandbox, minimum: &str, arguments: &[&str]) -> Outcome {
    Outcome::of(sandbox.command(arguments).env("PBUF_PLUGINS_TRUST", minimum))
}

const PREPARE: [&str; 3] = ["prepare", "--plugin", "light_curve"];

fn changed() {
    let sandbox = copied(Sandbox::new());
    let _ = sandbox.run(["plugin", "lock", "light_curve"]).success();
    let _ = sandbox.run(PREPARE).success();
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--locked"]).success();
    let before = tree(&sandbox.data_root().join("registry/records"));
    change(&sandbox);
    let texts = [
        "module `light_curve` does not match the lock file",
        "plugins.lock` pins version 0.3.0 with sha256 ",
        "hint: if you changed it on purpose, run `host plugin lock --upgrade light_curve`",
    ];
    for minimum in ["unsigned", "locked", "signed", "locked-signed"] {
        let _ = with_minimum(&sandbox, minimum, &PREPARE).failure(12, &texts);
    }
    let _ = sandbox.run(["reproduce", "example_star"]).failure(12, &texts);
    assert_eq!(tree(&sandbox.data_root().join("registry/records")), before);
    let _ = sandbox.run(["plugin", "lock", "--upgrade", "light_curve"]).success();
    let _ = sandbox.run(PREPARE).success();
}

fn ratchet() {
    let sandbox = copied(Sandbox::new());
    let _ = sandbox.run(["plugin", "lock", "light_curve"]).success();
    let with = |minimum: &str, level: &str| {
        with_minimum(&sandbox, minimum, &["prepare", "--plugin", "light_curve", "--trust", level])
    };
    let _ = with("unsigned", "locked").success();
    let _ = with("locked", "locked").success();
    let _ = with("unsigned", "signed")
        .failure(12, &["module `light_curve` is locked, and must be signed", "host plugin install"]);
    let texts =
        ["`--trust unsigned` asks for less than the setting `plugins.trust`", "is locked", "--origin"];
    let _ = with("locked", "unsigned").failure(12, &texts);
    for verb in [&["reproduce", "x"][..], &["plugin", "verify"]] {
        let mut arguments = verb.to_vec();
        arguments.extend(["--trust", "locked"]);
        if verb[0] == "reproduce" {
            let _ =
                with_minimum(&sandbox, "unsigned", &["prepare", "--plugin", "light_curve", "--name", "x"]);
        }
        let _ = with_minimum(&sandbox, "signed", &arguments).failure(12, &["asks for less"]);
    }
    // A file that came with somebody's data decides nothing.
    let _ = sandbox.write("pbuf.json", r#"{"plugins": {"trust": "unsigned"}}"#);
    let _ = sandbox.run(PREPARE).failure(17, &["plugins.trust", "a project file may not set it"]);
}

fn levels() {
    let sandbox = copied(Sandbox::new());
    let code = |minimum| with_minimum(&sandbox, minimum, &PREPARE).code;
    let codes = || ["unsigned", "locked", "signed", "locked-signed"].map(code);
    assert_eq!(codes(), [Some(0), Some(12), Some(12), Some(12)]);
    let locked = ["prepare", "--plugin", "light_curve", "--locked"];
    let _ = sandbox.run(locked).failure(
        12,
        &[
            "is not locked, and `--locked` demands it",
            "there is no `plugins.lock`",
            "host plugin lock light_curve",
        ],
    );
    let _ = sandbox.run(["plugin", "lock", "bao"]).success();
    let _ = sandbox.run(locked).failure(12, &["plugins.lock` does not list it"]);
    let _ = sandbox.run(["plugin", "lock", "light_curve"]).success();
    let _ = sandbox.run(locked).success();
    assert_eq!(codes(), [Some(0), Some(0), Some(12), Some(12)]);
    // From a folder below it is the same lock.
    std::fs::create_dir_all(sandbox.path("work/a/b")).unwrap();
    let mut below = sandbox.command(locked);
    let _ = Outcome::of(below.current_dir(sandbox.path("work/a/b"))).success();
}

fn locking() {
    let sandbox = copied(Sandbox::new());
    let file = sandbox.path("work/plugins.lock");
    let check = ["plugin", "lock", "--check"];
    let _ = sandbox.run(check).failure(12, &["nothing is locked", "hint: "]);
    assert!(!file.exists());
    let told = sandbox.run(["plugin", "lock", "light_curve"]).success().stdout;
    assert!(
        told.contains("added") && told.contains("light_curve 0.3.0") && told.contains("1 added"),
        "{told}"
    );
    let first = std::fs::read_to_string(&file).unwrap();
    assert!(first.starts_with("# Which modules this project uses. Written by `host plugin lock`"), "{first}");
    let told = sandbox.run(check).success().stdout;
    assert!(told.contains("same") && told.contains("not locked bao"), "{told}");
    let _ = sandbox.run(["plugin", "lock", "--check", "bao"]).failure(12, &["1 of 1 modules"]);

    change(&sandbox);
    let outcome = sandbox.run(check);
    assert_eq!(outcome.code, Some(12));
    assert!(outcome.stdout.contains("differs") && outcome.stdout.contains(": locked "), "{outcome:?}");
    // The rest is added, and the entry stays until somebody names it.
    let told = sandbox.run(["plugin", "lock"]).success().stdout;
    assert!(
        told.contains("left as it is") && told.contains("host plugin lock --upgrade light_curve"),
        "{told}"
    );
    let second = std::fs::read_to_string(&file).unwrap();
    let entry = first.split_once("[modules.light_curve]").unwrap().1;
    assert!(second.contains("[modules.bao]") && second.contains(entry), "{second}");
    let _ = sandbox.run(["plugin", "lock", "light_curve"]).success();
    let _ = sandbox.run(check).success();
    let third = std::fs::read_to_string(&file).unwrap();
    let _ = sandbox.run(["plugin", "lock"]).success();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), third);

    std::fs::remove_file(sandbox.path("modules").join(library())).unwrap();
    let outcome = sandbox.run(check);
    assert_eq!(outcome.code, Some(12));
    assert!(outcome.stdout.contains("not here   light_curve 0.3.0"), "{outcome:?}");
    let _ = sandbox.write("plugins.lock", third.replace("version", "versoin"));
    let _ =
        sandbox.run(PREPARE).failure(17, &["plugins.lock` is malformed in line", "unknown field `versoin`"]);
}

fn locking_together() {
    let sandbox = copied(Sandbox::new());
    let listed = sandbox.json(["plugin", "list"]);
    let rows = listed.pointer("/data/modules").unwrap().as_array().unwrap();
    let usable = rows.iter().filter(|row| row["status"] == "usable").map(|row| row["id"].as_str().unwrap());
    let ids: Vec<&str> = usable.collect();
    assert!(ids.len() > 3, "{ids:?}");
    let running: Vec<_> = ids
        .iter()
        .map(|id| {
            sandbox.command(["plugin", "lock", id]).stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    let lock = std::fs::read_to_string(sandbox.path("work/plugins.lock")).unwrap();
    for id in &ids {
        assert!(lock.contains(&format!("[modules.{id}]")), "`{id}` is not in:\n{lock}");
    }
    let names: Vec<_> = tree(&sandbox.path("work")).into_keys().collect();
    assert_eq!(names, [Path::new("plugins.lock")], "nothing else is left in the project");
}

fn known_recipe() {
    let sandbox = copied(Sandbox::new());
    let _ = sandbox.run(PREPARE).success();
    assert!(sandbox.run(PREPARE).success().stdout.contains("the recipe is known; nothing was derived"));
    let _ = with_minimum(&sandbox, "locked", &PREPARE).failure(12, &["is unsigned, and must be locked"]);
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--locked"]).failure(12, &["is not locked"]);
    let _ = sandbox
        .run(["prepare", "--plugin", "light_curve", "--locked", "--dry-run"])
        .failure(12, &["is not locked"]);
}

fn recorded() {
    let (plain, locked) = (copied(Sandbox::new()), copied(Sandbox::new()));
    let _ = locked.run(["plugin", "lock", "light_curve"]).success();
    let versions = [(&plain, "unsigned"), (&locked, "locked")].map(|(sandbox, level)| {
        let _ = sandbox.run(PREPARE).success();
        let shown = sandbox.run(["show", "example_star"]).success().stdout;
        assert!(shown.contains(&format!("trust       {level}\n")), "{shown}");
        let audit = sandbox.json(["audit", "list"]);
        assert_eq!(
            audit.pointer("/data/entries/0/details/trust"),
            Some(&json!({"level": level, "signer": null}))
        );
        assert!(sandbox.run(["audit", "list"]).success().stdout.contains(level));
        let plan = sandbox.run(["prepare", "--plugin", "light_curve", "--dry-run"]).success().stdout;
        assert!(plan.contains(&format!("trust   {level}\n")), "{plan}");
        let _ = sandbox.run(["audit", "verify"]).success();
        let _ = sandbox.run(["check"]).success();
        // Everything beside the data is the same as well.
        tree(&sandbox.data_root().join("derived"))
    });
    assert_eq!(versions[0], versions[1]);
}

fn verified() {
    let sandbox = copied(Sandbox::new());
    let told = sandbox.run(["plugin", "verify", "light_curve"]).success().stdout;
    for text in
        ["ok       light_curve", "trust   unsigned", "lock    no lock file here", "path    safe", "sha256"]
    {
        assert!(told.contains(text), "{text}: {told}");
    }
    let _ = sandbox.run(["plugin", "lock", "light_curve"]).success();
    let (code, report) = sandbox.run_json(["plugin", "verify", "light_curve", "--locked"]);
    let row = report.pointer("/data/modules/0").unwrap();
    assert_eq!((code, &row["lock"], &row["trust"]["level"]), (Some(0), &json!("pinned"), &json!("locked")));

    let outcome = sandbox.run(["plugin", "verify", "--locked"]);
    let _ = outcome.failure(12, &["modules are refused"]);
    change(&sandbox);
    let outcome = sandbox.run(["plugin", "verify", "light_curve"]);
    assert_eq!(outcome.code, Some(12));
    let texts =
        ["refused  light_curve", "pinned, and NOT the same", "does not match the lock file", "hint: "];
    assert!(texts.iter().all(|text| outcome.stdout.contains(text)), "{outcome:?}");
}

fn key_ring() {
    let sandbox = Sandbox::new();
    let file = sandbox.path("home/.pbuf/trusted-keys.json");
    assert!(sandbox.run(["trust", "list"]).success().stdout.contains("no key is trusted"));
    let public = sandbox.write("author.pub", format!("untrusted comment: a key\n{KEY}\n"));
    let add = ["trust", "add", public.to_str().unwrap(), "--module", "light_curve"];
    let told = sandbox.run(add).success().stdout;
    for text in ["trusted   author", KEY_ID, "signs   `light_curve`"] {
        assert!(told.contains(text), "{text}: {told}");
    }
    let _ = sandbox.run(add).failure(2, &["is there already", "host trust remove"]);
    let _ = sandbox.run(["trust", "add", KEY, "--name", "again"]).failure(2, &["it is called `author`"]);
    let listed = sandbox.json(["trust", "list"]);
    let key = listed.pointer("/data/keys/0").unwrap();
    assert_eq!((&key["key_id"], &key["modules"]), (&json!(KEY_ID), &json!(["light_curve"])));
    assert!(sandbox.run(["trust", "list"]).success().stdout.contains("`light_curve`"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["schema"], "host.trusted-keys/1");

    let _ =
        sandbox.run(["trust", "remove", "auhtor"]).failure(2, &["did you mean `host trust remove author`?"]);
    let _ = sandbox.run(["trust", "remove", &KEY_ID.to_lowercase()]).success();
    assert!(sandbox.run(["trust", "list"]).success().stdout.contains("no key is trusted"));
    assert!(sandbox.run(["trust", "add", KEY]).success().stdout.contains(&format!("key-{KEY_ID}")));
    let _ = sandbox
        .run(["trust", "add", "nonsense"])
        .failure(16, &["no public key", "there is no file `nonsense`"]);
    let _ = sandbox.write("../home/.pbuf/trusted-keys.json", "{");
    let _ = sandbox.run(["trust", "list"]).failure(17, &["trusted-keys.json` is malformed", "hint: "]);
}

fn homeless() {
    let sandbox = copied(Sandbox::new());
    // Without the variable the system's record of users is asked, so it names what is no home instead.
    let without_home = |command: &mut Command| Outcome::of(command.env("HOME", "nowhere"));
    let _ = without_home(&mut sandbox.command(PREPARE)).success();
    let _ = without_home(&mut sandbox.command(["plugin", "list"])).success();
    for arguments in [&["trust", "list"][..], &["trust", "add", KEY]] {
        let outcome = without_home(&mut sandbox.command(arguments));
        let _ = outcome.failure(17, &["no home directory", "set `PBUF_PLUGINS_TRUSTED_KEYS`"]);
    }
    let ring = sandbox.path("ring.json");
    let mut add = sandbox.command(["trust", "add", KEY]);
    let _ = without_home(add.env("PBUF_PLUGINS_TRUSTED_KEYS", &ring)).success();
    assert!(Path::new(&ring).is_file());
}
