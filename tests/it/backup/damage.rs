//! Damage of the repository, and of what is saved: named with its place, and never passed off as sound.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::tree;

use super::{content, create, findings, saved, write};
use crate::matrix::{Cases, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("backup::every_damaged_file_of_the_repository_is_named", &[], repository),
        trial("backup::a_lost_manifest_is_named_and_what_it_needs_is_not_freed", &[], lost),
        trial("backup::nobody_waits_for_a_pipe_in_the_place_of_a_file", &[], pipes),
        trial("backup::what_is_extra_is_named_and_harms_nothing", &[], extra),
        trial("backup::what_is_damaged_already_is_saved_and_named", &[], source),
        trial("backup::a_manifest_that_leads_elsewhere_is_refused", &[], hostile_manifest),
        trial("backup::a_full_backup_puts_damaged_objects_back", &[], healed),
    ]
}

/// Every object and manifest, relative to the repository.
fn parts(repository: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = tree(repository).into_keys().collect();
    files.retain(|path| path.starts_with("objects") || path.starts_with("snapshots"));
    files
}

fn repository() {
    let (sandbox, _) = saved();
    let repository = sandbox.path("home/.pbuf/backup");
    let parts = parts(&repository);
    assert!(parts.len() > 10, "{parts:?}");
    let (all, mut harmless) = (parts.len(), 0);
    let mut cases = Cases::of("D1", "of a backup");
    for (number, path) in parts.into_iter().enumerate() {
        let file = repository.join(&path);
        let whole = std::fs::read(&file).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        let cut = &whole[..whole.len() - 1];
        let kinds =
            [("flipped", Some(&flipped[..])), ("cut", Some(cut)), ("empty", Some(b"")), ("gone", None)];
        for (how, bytes) in kinds {
            cases.run(&format!("{number}:{how}"), || {
                match bytes {
                    Some(bytes) => write(&file, bytes),
                    None => std::fs::remove_file(&file).unwrap(),
                }
                let manifest = path.starts_with("snapshots");
                let (code, report) = sandbox.run_json(["backup", "check"]);
                // Not every bit of a compressed file says something: what it holds is what it was.
                let says_nothing = !manifest && how == "flipped" && code == Some(0);
                if says_nothing {
                    let _ = sandbox.run(["backup", "drill"]).success();
                    harmless += 1;
                }
                write(&file, &whole);
                let found = findings(&report);
                let told = path.display().to_string();
                let kind = match (manifest, how) {
                    (true, "gone") => "manifest-missing",
                    (true, _) => "manifest-damaged",
                    (false, "gone") => "object-missing",
                    (false, _) => "object-damaged",
                };
                let named = code == Some(19) && found.contains(&(kind.to_owned(), told.clone()));
                demand(Wrong::Unnamed, named || says_nothing, || format!("{how} {told}: {report:#}"))
            });
        }
    }
    cases.finish(40);
    assert!(harmless < all / 4, "{harmless} of {all} flipped bits change nothing");
    let _ = sandbox.run(["backup", "check"]).success();
    // What is damaged is neither drilled nor restored as if it were sound.
    let object = self::parts(&repository).into_iter().find(|path| path.starts_with("objects")).unwrap();
    write(&repository.join(&object), b"no zstd");
    let _ = sandbox.run(["backup", "drill"]).failure(3, &["does not come back whole"]);
    assert_eq!(sandbox.json(["backup", "list"]).pointer("/data/last_drill/ok"), Some(&Value::from(false)));
    let target = sandbox.path("restored");
    let _ = sandbox
        .run(["backup", "restore", "--target", target.to_str().unwrap()])
        .failure(19, &["cannot be restored", object.file_name().unwrap().to_str().unwrap()]);
    assert!(!target.exists());
}

/// The weekly job is `check`, `forget`, `prune`: none of them may take a lost manifest for a forgotten snapshot.
fn lost() {
    let (sandbox, first) = saved();
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "later"]).success();
    let second = create(&sandbox);
    let repository = sandbox.path("home/.pbuf/backup");
    let manifest = |id: &str| repository.join(format!("snapshots/{id}.json"));
    let whole = std::fs::read(manifest(&second)).unwrap();
    let before = parts(&repository);
    std::fs::remove_file(manifest(&second)).unwrap();
    let give_up = format!("host backup forget {second}");
    let checked = sandbox.run(["backup", "check"]).failure(19, &[]);
    assert!(checked.stdout.contains(&give_up) && !checked.stdout.contains("prune removes"), "{checked:?}");
    let _ = sandbox.run(["backup", "forget"]).success();
    for prune in [&["backup", "prune"][..], &["backup", "prune", "--dry-run"]] {
        let _ = sandbox.run(prune).failure(19, &["nothing is pruned", &give_up]);
    }
    // Put back, it is as if it had never been away.
    write(&manifest(&second), &whole);
    assert_eq!(parts(&repository), before);
    for verb in ["check", "prune", "drill"] {
        let _ = sandbox.run(["backup", verb]).success();
    }
    // Who gives one up is told of, and what it alone needed goes.
    let _ = sandbox.run(["backup", "forget", &first]).failure(2, &["is whole"]);
    let _ = sandbox.run(["backup", "forget", "20260131T080000123Z-0123abcd"]).failure(2, &["no snapshot"]);
    std::fs::remove_file(manifest(&first)).unwrap();
    write(&manifest(&second), b"damaged");
    let _ = sandbox.run(["backup", "forget", &first, &second, "--dry-run"]).success();
    let _ = sandbox.run(["backup", "check"]).failure(19, &[]);
    let _ = sandbox.run(["backup", "forget", &first, &second]).success();
    let history = std::fs::read_to_string(repository.join("history/history.jsonl")).unwrap();
    assert!(history.lines().last().unwrap().contains("given_up"), "{history}");
    let _ = sandbox.run(["backup", "check"]).success();
    let _ = sandbox.run(["backup", "prune"]).success();
    assert!(parts(&repository).is_empty());
    let _ = sandbox.run(["backup", "create"]).success();
}

/// A pipe to which nobody writes, where a file should be.
fn pipes() {
    let (sandbox, _) = saved();
    let repository = sandbox.path("home/.pbuf/backup");
    let record = sandbox.data_root().join("registry/derived/other/00000001.json");
    let parts = parts(&repository).into_iter().map(|path| repository.join(path));
    let (objects, manifests): (Vec<PathBuf>, Vec<PathBuf>) =
        parts.partition(|path| path.starts_with(repository.join("objects")));
    let pipe = |path: &Path| {
        std::fs::remove_file(path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    pipe(&record);
    let said = sandbox.run(["check"]).failure(19, &[]);
    assert!(said.stdout.contains("no regular file"), "{said:?}");
    pipe(&objects[0]);
    let _ = sandbox.run(["backup", "check"]).failure(19, &[]);
    let _ = sandbox.run(["backup", "drill"]).failure(3, &[]);
    pipe(&manifests[0]);
    let _ = sandbox.run(["backup", "check"]).failure(19, &[]);
    let _ = sandbox.run(["backup", "list"]).success();
    let _ = sandbox.run(["backup", "prune"]).failure(19, &["no regular file"]);
}

fn extra() {
    let (sandbox, _) = saved();
    let repository = sandbox.path("home/.pbuf/backup");
    let unused = "objects/00/0000000000000000000000000000000000000000000000000000000000000000";
    std::fs::create_dir_all(repository.join("objects/00")).unwrap();
    for name in [unused, "objects/stray", "snapshots/notes.txt", "objects/.staging-1-1"] {
        write(&repository.join(name), b"x");
    }
    let (code, report) = sandbox.run_json(["backup", "check"]);
    assert_eq!(code, Some(0), "{report:#}");
    let mut found = findings(&report);
    found.sort();
    let expected = [
        ("leftover", "objects/.staging-1-1"),
        ("object-extra", unused),
        ("stranger", "objects/stray"),
        ("stranger", "snapshots/notes.txt"),
    ];
    assert_eq!(found, expected.map(|(kind, path)| (kind.to_owned(), path.to_owned())));
    let _ = sandbox.run(["backup", "prune"]).success();
    assert!(!repository.join(unused).exists());
    assert!(repository.join("objects/stray").exists(), "what the host did not make it does not remove");
}

fn source() {
    let (sandbox, sound) = saved();
    let root = sandbox.data_root();
    let path = content(&root).into_keys().find(|path| path.ends_with("data.parquet")).unwrap();
    let mut bytes = std::fs::read(root.join(&path)).unwrap();
    bytes[20] ^= 1;
    write(&root.join(&path), &bytes);
    let (code, created) = sandbox.run_json(["backup", "create"]);
    assert_eq!(code, Some(19), "{created:#}");
    let damage = created.pointer("/data/damage/0/path").and_then(Value::as_str);
    assert_eq!(damage, Some(path.to_str().unwrap()), "{created:#}");
    let _ = sandbox.run(["backup", "drill"]).failure(3, &["does not come back whole"]);
    let (code, report) = sandbox.run_json(["backup", "check"]);
    assert_eq!((code, findings(&report).len()), (Some(0), 1), "the repository itself is whole: {report:#}");
    // The next one does not believe it either, although the file looks unchanged.
    assert_eq!(sandbox.run(["backup", "create"]).code, Some(19));
    // Retention keeps the newest that is sound.
    let _ = sandbox.run(["backup", "forget", "--keep-last", "1"]).success();
    let target = sandbox.path("restored");
    let target = target.to_str().unwrap();
    let _ = sandbox.run(["backup", "restore", &sound, "--target", target]).success();
    let _ = sandbox.run(["check", "--data-root", target]).success();
    let gone = content(&root).into_keys().find(|path| path.ends_with("00000001.json")).unwrap();
    std::fs::remove_file(root.join(&gone)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.join("derived/link")).unwrap();
    let (code, created) = sandbox.run_json(["backup", "create"]);
    let text = created.to_string();
    assert_eq!(code, Some(19));
    assert!(text.contains(gone.to_str().unwrap()) && text.contains("derived/link"), "{created:#}");
}

/// A manifest whose seal is right and whose paths are not.
fn hostile_manifest() {
    let (sandbox, id) = saved();
    let file = sandbox.path("home/.pbuf/backup/snapshots").join(format!("{id}.json"));
    let whole = std::fs::read_to_string(&file).unwrap();
    let target = sandbox.path("restored");
    let target = target.to_str().unwrap();
    for evil in ["derived/../../evil", "/tmp/evil", "derived/./evil"] {
        let mut manifest: Value = serde_json::from_str(&whole).unwrap();
        let entries = manifest["entries"].as_array_mut().unwrap();
        let last = entries.iter_mut().rev().find(|entry| entry.get("file").is_some()).unwrap();
        last["path"] = Value::from(evil);
        write(&file, &host_sealed(manifest));
        let outcome = sandbox.run(["backup", "restore", "--target", target]);
        let outcome = outcome.failure(19, &["is damaged", "no path of a snapshot"]);
        assert!(!outcome.stderr.contains("was edited"), "the seal itself must be right: {outcome:?}");
        let _ = sandbox.run(["backup", "prune"]).failure(19, &["nothing is pruned"]);
        let _ = sandbox.run(["backup", "check"]).failure(19, &[]);
    }
    assert!(!sandbox.path("restored").exists() && !sandbox.path("evil").exists());
}

/// Seals a document as the host does: the digest of its one-line spelling, then two blanks for each level.
fn host_sealed(mut document: Value) -> Vec<u8> {
    use sha2::Digest as _;
    let fields = document.as_object_mut().unwrap();
    fields.remove("sha256");
    let digest = sha2::Sha256::digest(serde_json::to_vec(&fields).unwrap());
    let text = digest.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    fields.insert("sha256".to_owned(), Value::from(text));
    let mut bytes = serde_json::to_vec_pretty(&document).unwrap();
    bytes.push(b'\n');
    bytes
}

fn healed() {
    let (sandbox, id) = saved();
    let repository = sandbox.path("home/.pbuf/backup");
    let shown = sandbox.json(["backup", "show", "--files"]);
    let entries = shown.pointer("/data/entries").and_then(Value::as_array).unwrap();
    let table =
        entries.iter().find(|entry| entry["path"].as_str().unwrap().ends_with("data.parquet")).unwrap();
    let digest = table.pointer("/file/sha256").and_then(Value::as_str).unwrap();
    write(&repository.join("objects").join(&digest[..2]).join(digest), b"damaged");
    create(&sandbox);
    let _ = sandbox.run(["backup", "verify", &id]).failure(19, &["--full"]);
    let _ = sandbox.run(["backup", "create", "--full"]).success();
    let _ = sandbox.run(["backup", "verify", &id]).success();
    let _ = sandbox.run(["backup", "check"]).success();
}
