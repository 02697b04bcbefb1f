//! Attacks by way of the file system, that stand still while the host looks. Each is refused before a line of the module
//! runs, and nothing is written outside the data root.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::json;
use tests::needs::Need;
use tests::{Outcome, Sandbox, fixture};

use super::{KEY, PREPARE, copied, library};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("trust::a_library_that_others_may_change_is_refused", &[], writable),
        trial("trust::a_library_that_belongs_to_somebody_else_is_refused", &[Need::Root], foreign),
        trial("trust::a_link_or_pipe_in_place_of_a_library_is_refused", &[], not_a_file),
        trial("trust::names_of_datasets_do_not_lead_elsewhere", &[], names),
        trial("trust::lock_file_and_key_ring_that_others_may_write_are_refused", &[], vouchers),
        trial("trust::dots_in_a_folder_lead_where_they_lead", &[], dots),
    ]
}

/// Everything below a folder but the data root: kind, mode, owner, size and target of every entry.
fn listing(sandbox: &Sandbox) -> BTreeMap<PathBuf, (u32, u32, u64, Option<PathBuf>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![sandbox.path("")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path == sandbox.data_root() {
                continue;
            }
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                open.push(path.clone());
            }
            let bytes = if metadata.is_dir() { 0 } else { metadata.len() };
            let target = std::fs::read_link(&path).ok();
            found.insert(path, (metadata.mode(), metadata.uid(), bytes, target));
        }
    }
    found
}

/// The attack stands: the host ends with that code and says so, nothing was registered, nothing was written elsewhere.
fn assert_refused(sandbox: &Sandbox, command: &mut Command, code: i32, texts: &[&str]) {
    let before = listing(sandbox);
    let outcome = Outcome::of(command).failure(code, texts);
    assert!(outcome.stderr.contains("hint: ") && outcome.stdout.is_empty(), "{outcome:?}");
    assert_eq!(listing(sandbox), before, "something was written outside the data root");
    assert!(registered(sandbox).is_empty(), "something was registered");
}

fn registered(sandbox: &Sandbox) -> Vec<OsString> {
    let entries = std::fs::read_dir(sandbox.data_root().join("derived")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name()).collect()
}

pub(super) fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// `modules/inner/` with the library, and nothing in the search path but the executable's folder.
pub(super) fn nested() -> (Sandbox, PathBuf, PathBuf) {
    let sandbox = Sandbox::new();
    let bytes = std::fs::read(fixture::example().join(library())).unwrap();
    let file = sandbox.write(&format!("../modules/inner/{}", library()), bytes);
    let folder = std::fs::canonicalize(file.parent().unwrap()).unwrap();
    mode(&file, 0o644);
    for folder in [&folder, folder.parent().unwrap()] {
        mode(folder, 0o755);
    }
    let sandbox = sandbox.with_plugins(&folder);
    (sandbox, folder.clone(), folder.join(library()))
}

/// Puts one name in the place of another, as an attacker does.
#[expect(clippy::disallowed_methods, reason = "what the attack consists of")]
pub(super) fn replace(from: &Path, to: &Path) {
    std::fs::rename(from, to).unwrap();
}

fn writable() {
    let (sandbox, inner, file) = nested();
    let outer = inner.parent().unwrap();
    for (path, bits, what) in
        [(file.as_path(), 0o666, "the file"), (&inner, 0o777, "the folder"), (outer, 0o757, "the folder")]
    {
        let before = path.metadata().unwrap().permissions();
        mode(path, bits);
        let texts = [
            "is not safe to use",
            &format!("everybody may write {what} `{}`: mode {bits:04o}", path.display()),
            &format!("run `chmod go-w {}`", path.display()),
        ];
        assert_refused(&sandbox, &mut sandbox.command(PREPARE), 12, &texts);
        // Naming the file does not help.
        let mut named = sandbox.command(["prepare", "--plugin"]);
        assert_refused(&sandbox, named.arg(&file), 12, &texts);
        std::fs::set_permissions(path, before).unwrap();
    }
    // Where only owners remove and rename, as in `/tmp`, a folder of one's own is safe.
    mode(outer, 0o1777);
    let _ = sandbox.run(PREPARE).success();
}

fn foreign() {
    let (sandbox, inner, file) = nested();
    let outer = inner.parent().unwrap();
    let stranger = 4242;
    let give = |path: &Path, uid| std::os::unix::fs::chown(path, Some(uid), None).unwrap();
    for path in [file.as_path(), &inner, outer] {
        give(path, stranger);
        let texts = ["is not safe to use", &format!("`{}` belongs to uid 4242", path.display()), "`chown 0 "];
        assert_refused(&sandbox, &mut sandbox.command(PREPARE), 12, &texts);
        give(path, 0);
    }
    // Root has no group of its own that nobody else is in.
    mode(outer, 0o775);
    let texts = ["its group may write the folder", "chmod go-w"];
    assert_refused(&sandbox, &mut sandbox.command(PREPARE), 12, &texts);
    // What a stranger put into a folder where everybody may put things is still theirs.
    mode(outer, 0o1777);
    give(&file, stranger);
    assert_refused(&sandbox, &mut sandbox.command(PREPARE), 12, &["belongs to uid 4242"]);
    let device = inner.join("device");
    let made = Command::new("mknod").arg(&device).args(["c", "1", "3"]).status().unwrap();
    assert!(made.success());
    let mut named = sandbox.command(["prepare", "--plugin"]);
    assert_refused(&sandbox, named.arg(&device), 12, &["is a device"]);
}

fn not_a_file() {
    let (sandbox, inner, file) = nested();
    let good = inner.parent().unwrap().join("good");
    replace(&file, &good);
    let refused = |what: &str| {
        let mut named = sandbox.command(["prepare", "--plugin"]);
        assert_refused(&sandbox, named.arg(&file), 12, &["is not safe to use", what]);
        let by_id = sandbox.run(PREPARE);
        assert!(by_id.code.is_some_and(|code| code != 0) && registered(&sandbox).is_empty(), "{by_id:?}");
        std::fs::remove_file(&file).unwrap();
    };
    symlink(&good, &file).unwrap();
    refused("is a symbolic link");
    symlink("nowhere", &file).unwrap();
    refused("is a symbolic link");
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    refused("is a pipe");
    let listening = std::os::unix::net::UnixListener::bind(&file).unwrap();
    refused("is a socket");
    drop(listening);
}

fn names() {
    let sandbox = copied(Sandbox::new());
    let long = "x".repeat(4096);
    for name in ["../x", "-rf", "a\nb", &long, "nul", "CON.txt", "", ".", "..", "a/b", "é"] {
        let flag = format!("--name={name}");
        let mut command = sandbox.command(["prepare", "--plugin", "light_curve", &flag]);
        assert_refused(&sandbox, &mut command, 2, &["cannot be the name of a dataset"]);
        let manifest = json!({"schema": "host.datasets/1", "datasets": {name: {"module": "light_curve"}}});
        let manifest = sandbox.write("datasets.json", manifest.to_string());
        let mut command = sandbox.command(["prepare", "--from", manifest.to_str().unwrap()]);
        let outcome = Outcome::of(&mut command);
        assert!(matches!(outcome.code, Some(2 | 12 | 16)), "{name:?}: {outcome:?}");
        assert!(registered(&sandbox).is_empty(), "{name:?}");
    }
    // No argument of a program holds a NUL; a file does.
    let manifest = r#"{"schema": "host.datasets/1", "datasets": {"a\u0000b": {"module": "light_curve"}}}"#;
    let manifest = sandbox.write("datasets.json", manifest);
    let before = listing(&sandbox);
    let outcome = sandbox.run(["prepare", "--from", manifest.to_str().unwrap()]);
    assert!(matches!(outcome.code, Some(2 | 12 | 16)) && outcome.stderr.contains("\\0"), "{outcome:?}");
    assert_eq!(listing(&sandbox), before);
}

fn vouchers() {
    let sandbox = copied(Sandbox::new());
    let _ = sandbox.run(["plugin", "lock", "light_curve"]).success();
    let _ = sandbox.run(["trust", "add", KEY]).success();
    let files = [sandbox.path("work/plugins.lock"), sandbox.path("home/.pbuf/trusted-keys.json")];
    for file in &files {
        mode(file, 0o646);
        let name = file.file_name().unwrap().to_str().unwrap();
        let texts = [name, "everybody may write the file", "chmod go-w"];
        assert_refused(&sandbox, &mut sandbox.command(PREPARE), 12, &texts);
        assert_refused(&sandbox, &mut sandbox.command(["plugin", "verify"]), 12, &texts);
        mode(file, 0o644);
    }
    mode(&sandbox.path("home/.pbuf"), 0o777);
    assert_refused(&sandbox, &mut sandbox.command(PREPARE), 12, &["everybody may write the folder"]);
    assert_refused(
        &sandbox,
        &mut sandbox.command(["trust", "list"]),
        12,
        &["everybody may write the folder"],
    );
    mode(&sandbox.path("home/.pbuf"), 0o755);
    let _ = sandbox.run(PREPARE).success();
}

fn dots() {
    let (sandbox, inner, _) = nested();
    let open = sandbox.path("open/below");
    std::fs::create_dir_all(&open).unwrap();
    let shared =
        sandbox.write(&format!("../open/{}", library()), std::fs::read(inner.join(library())).unwrap());
    mode(shared.parent().unwrap(), 0o777);
    // What the shell shows as `modules/link/..` is where the link leads to.
    symlink(&open, inner.join("link")).unwrap();
    let mut named = sandbox.command(["prepare", "--plugin"]);
    let dotted = inner.join("link/..").join(library());
    assert_refused(&sandbox, named.arg(&dotted), 12, &["everybody may write the folder", "/open`"]);
    let mut named = sandbox.command(["prepare", "--plugin"]);
    let _ = Outcome::of(named.arg(inner.join("../inner").join(library()))).success();
}
