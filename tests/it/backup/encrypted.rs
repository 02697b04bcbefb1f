//! Snapshots that only who has the key can read.

use std::os::unix::fs::PermissionsExt;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Outcome, Sandbox, tree};

use super::{content, create, findings, prepared, write};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("backup::what_is_encrypted_comes_back_with_a_key_and_with_no_other", &[], back),
        trial("backup::with_a_wrong_key_everything_was_called_damaged", &[], wrong),
        trial("backup::who_has_no_key_can_save_and_count_and_not_read", &[], without),
        trial("backup::a_drill_writes_nothing_readable_into_an_encrypted_repository", &[], drilled),
        trial("backup::damage_of_an_encrypted_object_is_named", &[], damaged),
        trial("backup::a_key_is_private_is_never_overwritten_and_never_saved", &[], private),
    ]
}

/// Makes a key; what names it, and its public key.
fn key(sandbox: &Sandbox, name: &str) -> (String, String) {
    let path = sandbox.path("work").join(name);
    let made = sandbox.json(["backup", "key", "--output", path.to_str().unwrap()]);
    let recipient = made.pointer("/data/recipient").and_then(Value::as_str).unwrap().to_owned();
    (format!("file:{}", path.display()), recipient)
}

/// An encrypted snapshot that two keys read.
fn saved() -> (Sandbox, [String; 2]) {
    let sandbox = prepared();
    let (one, public) = key(&sandbox, "one.key");
    let (other, other_public) = key(&sandbox, "other.key");
    let made = sandbox.json(["backup", "init", "--recipient", &public, "--recipient", &other_public]);
    assert_eq!(made.pointer("/data/recipients"), Some(&json!([public, other_public])));
    let _ = create(&sandbox);
    (sandbox, [one, other])
}

fn with_key(sandbox: &Sandbox, key: &str, arguments: &[&str]) -> Outcome {
    let mut command = sandbox.command(arguments);
    command.env("PBUF_BACKUP_IDENTITY", key);
    Outcome::of(&mut command)
}

fn back() {
    let (sandbox, keys) = saved();
    for (number, key) in keys.iter().enumerate() {
        for verb in [&["backup", "check"][..], &["backup", "verify"], &["backup", "drill"]] {
            let _ = with_key(&sandbox, key, verb).success();
        }
        let target = sandbox.path(&format!("back-{number}"));
        let restore = ["backup", "restore", "latest", "--target", target.to_str().unwrap()];
        let _ = with_key(&sandbox, key, &restore).success();
        assert_eq!(content(&target), content(&sandbox.data_root()));
    }
    let (stranger, _) = key(&sandbox, "stranger.key");
    let target = sandbox.path("nothing");
    let restore = ["backup", "restore", "latest", "--target", target.to_str().unwrap()];
    let _ = with_key(&sandbox, &stranger, &restore).failure(17, &["none of those"]);
    // A second snapshot holds only what is new, as without a key.
    let again = sandbox.json(["backup", "create"]);
    let objects = again.pointer("/data/new_objects").and_then(Value::as_u64).unwrap();
    assert!(objects < 4, "{again:#}");
}

fn wrong() {
    let (sandbox, [key, _]) = saved();
    let (stranger, _) = self::key(&sandbox, "stranger.key");
    let before = tree(&sandbox.path("home/.pbuf/backup"));
    let said =
        format!("the key in the file `{}` is none of those", sandbox.path("work/stranger.key").display());
    for verb in [
        &["backup", "check"][..],
        &["backup", "verify"],
        &["backup", "drill"],
        &["backup", "create", "--full"],
    ] {
        let outcome = with_key(&sandbox, &stranger, verb).failure(17, &[&said, "backup.identity"]);
        assert!(!outcome.stdout.contains("damaged"), "{outcome:?}");
    }
    assert_eq!(tree(&sandbox.path("home/.pbuf/backup")), before, "nothing was recorded");
    // Saving needs no key of theirs.
    let _ = with_key(&sandbox, &stranger, &["backup", "create"]).success();
    let _ = with_key(&sandbox, &key, &["backup", "check"]).success();
}

fn without() {
    let (sandbox, [key, _]) = saved();
    for (path, bytes) in tree(&sandbox.path("home/.pbuf/backup/objects")) {
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"), "{}", path.display());
    }
    for verb in [
        &["backup", "list"][..],
        &["backup", "show", "latest"],
        &["backup", "check", "--quick"],
        &["backup", "create"],
        &["backup", "forget"],
        &["backup", "prune"],
    ] {
        let _ = sandbox.run(verb).success();
    }
    let target = sandbox.path("nothing");
    for verb in [
        &["backup", "check"][..],
        &["backup", "verify"],
        &["backup", "drill"],
        &["backup", "create", "--full"],
        &["backup", "restore", "latest", "--target", target.to_str().unwrap()],
        &["registry", "repair", "--from-backup", "--dry-run"],
    ] {
        let _ = sandbox.run(verb).failure(17, &["backup.identity", "mode 0600"]);
    }
    assert!(!target.exists());
    let _ = with_key(&sandbox, &key, &["backup", "create", "--full"]).success();
    let _ = sandbox.run(["backup", "init", "--recipient", "age1nonsense"]).failure(2, &["age1nonsense"]);
    let _ = sandbox.run(["backup", "init"]).success();
    let (_, third) = self::key(&sandbox, "third.key");
    let _ = sandbox.run(["backup", "init", "--recipient", &third]).failure(2, &["other public keys"]);
}

fn drilled() {
    let (sandbox, [key, _]) = saved();
    let repository = sandbox.path("home/.pbuf/backup");
    // Where it could write, if it did.
    for folder in ["drills", "objects/scratch"] {
        write(&repository.join(folder), b"in the way");
    }
    let before = tree(&repository);
    let _ = with_key(&sandbox, &key, &["backup", "drill"]).success();
    let mut after = tree(&repository);
    after.retain(|path, _| !path.starts_with("history"));
    assert!(before.iter().filter(|(path, _)| !path.starts_with("history")).eq(&after));
    assert!(tree(&sandbox.data_root().join("cache/drills")).is_empty(), "the scratch folder is gone");
}

fn damaged() {
    let (sandbox, [key, _]) = saved();
    let objects = sandbox.path("home/.pbuf/backup/objects");
    let (path, mut bytes) = tree(&objects).into_iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let file = objects.join(&path);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    write(&file, &bytes);
    let checked = with_key(&sandbox, &key, &["backup", "check", "--json"]).failure(19, &[]);
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    let found = findings(&checked);
    assert_eq!(found.len(), 1, "{checked:#}");
    assert!(found[0].1.ends_with(path.file_name().unwrap().to_str().unwrap()), "{found:?}");
    // What is still there puts it right.
    let _ = with_key(&sandbox, &key, &["backup", "create", "--full"]).success();
    let _ = with_key(&sandbox, &key, &["backup", "check"]).success();
}

fn private() {
    let (sandbox, [key, _]) = saved();
    let file = key.strip_prefix("file:").unwrap();
    let mode = std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let _ = sandbox.run(["backup", "key", "--output", file]).failure(2, &["is there already"]);
    let secret = std::fs::read_to_string(file).unwrap();
    let config = json!({"backup": {"identity": {"file": file}}}).to_string();
    let _ = sandbox.write("../home/.pbuf/data_preparation_config.json", config);
    let _ = create(&sandbox);
    let _ = sandbox.run(["-vvv", "backup", "drill"]).success();
    for folder in ["data", "home", "work"] {
        for (path, bytes) in tree(&sandbox.path(folder)) {
            let holds = String::from_utf8_lossy(&bytes).contains(secret.trim());
            assert!(!holds || path.to_string_lossy().ends_with(".key"), "{folder}/{}", path.display());
        }
    }
    let config = sandbox.path("home/.pbuf/data_preparation_config.json");
    write(&config, json!({"backup": {"identity": secret.trim()}}).to_string().as_bytes());
    let outcome = sandbox.run(["backup", "list"]).failure(17, &["backup.identity"]);
    assert!(!outcome.stderr.contains(secret.trim()), "{outcome:?}");
}
