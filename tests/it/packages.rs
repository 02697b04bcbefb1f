//! What an author packs and signs, and what no host takes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tests::needs::Need;
use tests::{Outcome, Sandbox, fixture, host, hostile_packages, repository, tree};

use crate::trial;

/// Address space that the host gets to refuse a package with, in KiB. A package may take 512 MiB.
const MEMORY_KIBIBYTES: u32 = 400 << 10;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("packages::a_library_is_packed_and_signed_and_packed_the_same_again", &[], pack),
        trial("packages::a_crate_is_built_and_packed_with_its_licence", &[], pack_crate),
        trial("packages::what_cannot_be_packed_is_refused_with_the_reason", &[], refused),
        trial("packages::another_package_of_the_same_name_is_not_overwritten", &[], overwriting),
        trial("packages::a_key_is_private_and_never_overwritten", &[], key),
        trial(
            "packages::the_stock_tool_verifies_our_signature_and_signs_for_us",
            &[Need::Minisign],
            minisign,
        ),
        trial("packages::no_hostile_package_is_installed_or_leaves_a_trace", &[], hostile),
    ]
}

fn library() -> PathBuf {
    fixture::example().join(format!("liblight_curve.{}", std::env::consts::DLL_EXTENSION))
}

/// A library of a few hundred bytes, so that packing it takes no time.
fn small_library(sandbox: &Sandbox) -> String {
    string(&sandbox.write("libsample.so", hostile_packages::library("sample", "1.2.3")))
}

fn text<'a>(report: &'a Value, pointer: &str) -> &'a str {
    report.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {report:#}"))
}

fn string(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn pack() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(["plugin", "key", "release"]).success();
    let library = string(&library());
    let pack = |more: &[&str]| {
        let (code, report) =
            sandbox.run_json(["plugin", "pack", &library, "--sign", "release.key"].iter().chain(more));
        assert_eq!(code, Some(0), "{report:#}");
        report
    };
    let report = pack(&["--comment", "from the observatory"]);
    let package = std::fs::read(sandbox.path("work/light_curve-0.3.0.hostplugin")).unwrap();
    assert_eq!(text(&report, "/data/sha256"), sha256(&package));
    assert_eq!((text(&report, "/data/id"), text(&report, "/data/version")), ("light_curve", "0.3.0"));
    assert_eq!(report.pointer("/data/bytes").unwrap(), package.len());
    assert_eq!(text(&report, "/data/libraries/0/sha256"), sha256(&std::fs::read(&library).unwrap()));
    let comment = format!("light_curve 0.3.0 sha256:{} from the observatory", sha256(&package));
    assert_eq!(text(&report, "/data/signature/trusted_comment"), comment);
    let signature =
        std::fs::read_to_string(sandbox.path("work/light_curve-0.3.0.hostplugin.minisig")).unwrap();
    assert!(signature.contains(&format!("trusted comment: {comment}\n")), "{signature}");
    // The library lies in a folder without a licence.
    assert!(text(&report, "/data/warnings/0").contains("LICENSE"), "{report:#}");

    // Signatures hold chance, packages do not: again, elsewhere, nothing but the signature differs.
    let again = pack(&["--comment", "from the observatory"]);
    assert_eq!(again.pointer("/data/unchanged").unwrap(), true);
    let elsewhere = pack(&["--output", "elsewhere/deep"]);
    assert_eq!(text(&elsewhere, "/data/sha256"), sha256(&package));
    let other = std::fs::read(sandbox.path("work/elsewhere/deep/light_curve-0.3.0.hostplugin")).unwrap();
    assert!(other == package);

    let small = small_library(&sandbox);
    let seen = sandbox.run(["plugin", "pack", &small]).success();
    assert!(seen.stdout.contains("--sign KEYFILE") && seen.stderr.contains("LICENSE"), "{seen:?}");
}

fn pack_crate() {
    let sandbox = Sandbox::new();
    // A copy, so that the example's own folder gets no target directory.
    let source = repository().join("examples/third-party-module");
    for (path, bytes) in tree(&source) {
        if !path.starts_with("target") {
            sandbox.write(&format!("crate/{}", path.display()), bytes);
        }
    }
    let manifest = std::fs::read_to_string(source.join("Cargo.toml")).unwrap();
    let interface = string(&repository().join("plugin-api"));
    sandbox.write("crate/Cargo.toml", manifest.replace("../../plugin-api", &interface));
    sandbox.write("crate/Cargo.lock", std::fs::read(repository().join("Cargo.lock")).unwrap());
    sandbox.write("crate/LICENSE-MIT", "Do what you like.\n");
    sandbox.write("crate/README.md", "A module.\n");
    sandbox.write("crate/notes.txt", "not for others\n");
    let pack = |path: &str, more: &[&str]| {
        let mut command = sandbox.command(["plugin", "pack", path].iter().chain(more));
        // Cargo and its registry are those of whoever runs the tests.
        let home = std::env::home_dir().unwrap();
        command.env("CARGO_HOME", home.join(".cargo")).env("RUSTUP_HOME", home.join(".rustup"));
        let theirs = ["PATH", "CARGO_HOME", "RUSTUP_HOME"];
        command.envs(std::env::vars_os().filter(|(name, _)| theirs.iter().any(|own| name == own)));
        command.env("CARGO_TARGET_DIR", tests::target().join("fixtures/packed"));
        command.env("CARGO_NET_OFFLINE", "true").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        Outcome::of(&mut command)
    };
    let outcome = pack("crate", &["--json"]).success();
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report.pointer("/data/texts").unwrap(), &serde_json::json!(["LICENSE-MIT", "README.md"]));
    assert_eq!(report.pointer("/data/warnings").unwrap(), &serde_json::json!([]));
    assert!(sandbox.path("work/light_curve-0.3.0.hostplugin").is_file());

    sandbox.write("crate/src/lib.rs", "fn broken(");
    let _ = pack("crate", &[]).failure(16, &["`crate` does not build", "cargo build --release", "hint: "]);
    sandbox.write("crate/src/lib.rs", "");
    sandbox.write("crate/Cargo.toml", "[package]\nname = \"plain\"\nedition = \"2024\"\n[workspace]\n");
    std::fs::remove_file(sandbox.path("work/crate/Cargo.lock")).unwrap();
    let _ = pack("crate", &[]).failure(16, &["makes no module", "cdylib", "hint: "]);
    let _ = pack(".", &[]).failure(16, &["holds no crate", "Cargo.toml", "hint: "]);
    let _ = sandbox.run(["plugin", "pack", "crate"]).failure(2, &["cannot run `cargo`", "install Rust"]);
}

fn refused() {
    let sandbox = Sandbox::new();
    let library = string(&library());
    let plain = string(&sandbox.write("libplain.so", "\x7fELF but no more"));
    let other = sandbox.write("libother.so", hostile_packages::library("sample", "1.2.3"));
    let other = format!("{}={}", hostile_packages::TARGET, other.display());
    let own_target = sandbox.json(["plugin", "info", &library]);
    let own_target = text(&own_target, "/data/manifest/target");
    let again = format!("{own_target}={library}");
    let elsewhere = format!("wasm32-wasip1={library}");
    for (arguments, code, texts) in [
        (vec!["no-such.so"], 16, vec!["no-such.so", "folder of a crate"]),
        (vec![&*plain], 13, vec!["libplain.so", "not a readable shared library"]),
        (vec![&*library, "--library", &other], 2, vec!["another module", "sample 1.2.3"]),
        (vec![&*library, "--library", &again], 2, vec!["two libraries are for", own_target]),
        (vec![&*library, "--library", &elsewhere], 2, vec!["is not for `wasm32-wasip1`", own_target]),
        (vec![&*library, "--library", "x"], 2, vec!["TRIPLE=FILE"]),
        (vec![&*library, "--comment", "unsigned"], 2, vec!["--sign"]),
        (vec![&*library, "--sign", "no-such.key"], 16, vec!["no-such.key"]),
        (vec![&*library, "--sign", &*plain], 16, vec!["libplain.so"]),
    ] {
        let outcome = sandbox.run(["plugin", "pack"].iter().chain(&arguments));
        let said = format!("{arguments:?}: {outcome:?}");
        assert_eq!(outcome.code, Some(code), "{said}");
        assert!(texts.iter().all(|text| outcome.stderr.contains(text)), "{said}");
    }
    let names: Vec<_> = tree(&sandbox.path("work")).into_keys().collect();
    assert_eq!(names.len(), 2, "a refused package was written: {names:?}");
}

fn overwriting() {
    let sandbox = Sandbox::new();
    let library = small_library(&sandbox);
    for name in ["one", "two"] {
        let _ = sandbox.run(["plugin", "key", name]).success();
    }
    let pack = |more: &[&str]| sandbox.run(["plugin", "pack", &library].iter().chain(more));
    let signature = "sample-1.2.3.hostplugin.minisig";
    let _ = pack(&["--sign", "one.key"]).success();
    let first = tree(&sandbox.path("work"));
    let _ = pack(&["--sign", "two.key"]).failure(2, &[signature, "--force"]);
    let _ = pack(&["--sign", "one.key", "--comment", "other words"]).failure(2, &[signature, "--force"]);
    let _ = pack(&[]).success();
    assert!(tree(&sandbox.path("work")) == first);
    let _ = pack(&["--sign", "two.key", "--force"]).success();
    let signed_again = std::fs::read(sandbox.path("work").join(signature)).unwrap();
    assert!(Some(&signed_again) != first.get(Path::new(signature)));

    sandbox.write("sample-1.2.3.hostplugin", "something else");
    let _ = pack(&[]).failure(2, &["sample-1.2.3.hostplugin", "raise the module's version", "--force"]);
    let _ = pack(&["--force"]).success();
    assert!(!sandbox.path("work").join(signature).exists(), "a signature lies beside what it is not for");
}

fn key() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    let outcome = sandbox.run(["plugin", "key", "release", "--output", "keys"]).success();
    for said in ["host plugin pack PATH --sign keys/release.key", "host trust add keys/release.pub"] {
        assert!(outcome.stdout.contains(said), "{outcome:?}");
    }
    let mode = |name: &str| {
        std::fs::metadata(sandbox.path("work/keys").join(name)).unwrap().permissions().mode() & 0o7777
    };
    assert_eq!((mode("release.key"), mode("release.pub")), (0o600, 0o644));
    let before = tree(&sandbox.path("work"));
    let _ =
        sandbox.run(["plugin", "key", "release", "--output", "keys"]).failure(2, &["release.key", "exists"]);
    let _ = sandbox.run(["plugin", "key", "../release"]).failure(2, &["../release", "--output"]);
    assert!(tree(&sandbox.path("work")) == before);

    sandbox.write("password", "correct horse\n");
    sandbox.write("wrong", "battery staple\n");
    sandbox.write("empty", "\n");
    let _ =
        sandbox.run(["plugin", "key", "sealed", "--password-file", "empty"]).failure(16, &["no password"]);
    let _ = sandbox.run(["plugin", "key", "sealed", "--password-file", "password"]).success();
    let library = small_library(&sandbox);
    let sign =
        |more: &[&str]| sandbox.run(["plugin", "pack", &library, "--sign", "sealed.key"].iter().chain(more));
    let _ = sign(&[]).failure(2, &["encrypted", "--password-file"]);
    let _ = sign(&["--password-file", "wrong"]).failure(16, &["sealed.key", "assword"]);
    let _ = sign(&["--password-file", "password"]).success();
}

fn minisign() {
    let sandbox = Sandbox::new();
    let library = small_library(&sandbox);
    let stock = |arguments: &[&str]| {
        let outcome = Command::new("minisign").args(arguments).current_dir(sandbox.path("work")).output();
        let outcome = outcome.unwrap();
        assert!(outcome.status.success(), "{arguments:?}: {outcome:?}");
        String::from_utf8_lossy(&outcome.stdout).into_owned()
    };
    let package = "sample-1.2.3.hostplugin";
    let made = sandbox.json(["plugin", "key", "ours"]);
    let _ = sandbox.run(["plugin", "pack", &library, "--sign", "ours.key"]).success();
    let said = stock(&["-V", "-m", package, "-p", "ours.pub"]);
    assert!(said.contains("Trusted comment: sample 1.2.3 sha256:"), "{said}");
    // The stock tool signs with our key and tells the same id; we sign with its key.
    stock(&["-S", "-s", "ours.key", "-m", package, "-x", "by-stock.minisig", "-t", "hello"]);
    stock(&["-V", "-m", package, "-p", "ours.pub", "-x", "by-stock.minisig"]);
    let public = std::fs::read_to_string(sandbox.path("work/ours.pub")).unwrap();
    assert!(public.contains(text(&made, "/data/key_id")), "{public}");
    stock(&["-G", "-W", "-p", "stock.pub", "-s", "stock.key"]);
    let _ = sandbox.run(["plugin", "pack", &library, "--sign", "stock.key", "--force"]).success();
    stock(&["-V", "-m", package, "-p", "stock.pub"]);
    // What the stock tool signed is taken for the signature of that key: nothing is signed again.
    let report = sandbox.json(["plugin", "pack", &library, "--sign", "ours.key", "--force"]);
    let comment = text(&report, "/data/signature/trusted_comment").to_owned();
    stock(&["-S", "-s", "ours.key", "-m", package, "-t", &comment]);
    let report = sandbox.json(["plugin", "pack", &library, "--sign", "ours.key"]);
    assert_eq!(report.pointer("/data/unchanged").unwrap(), true, "{report:#}");
}

/// E4: each is refused before anything is written, within bounded memory, and the one to blame is named.
fn hostile() {
    let sandbox = Sandbox::new();
    let install = |file: &Path| {
        let limit = format!("ulimit -v {MEMORY_KIBIBYTES}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.arg("-c").arg(limit).arg(host());
        sandbox.prepare(&mut command);
        command.args(["plugin", "install", "--allow-unsigned"]).arg(file);
        Outcome::of(&mut command)
    };
    let packages = tempfile::tempdir().unwrap();
    let mut before = None;
    for case in hostile_packages::cases(sha256) {
        let file = packages.path().join("sample-1.2.3.hostplugin");
        #[expect(clippy::disallowed_methods, reason = "a test's own input file")]
        std::fs::write(&file, &case.bytes).unwrap();
        let outcome = install(&file);
        let said = format!("{}: {outcome:?}", case.name);
        assert_eq!(outcome.code, Some(i32::from(case.code)), "{said}");
        assert!(outcome.stderr.contains(case.says) && outcome.stderr.contains("hint: "), "{said}");
        assert!(outcome.stderr.is_ascii() && outcome.stderr.len() < 2000, "{said}");
        // The first refusal may make the folder of installed modules; from then on nothing changes.
        let after = everything(&sandbox);
        let installed = after.keys().find(|path| path.to_string_lossy().contains("sample"));
        assert!(installed.is_none(), "{said}: {installed:?}");
        assert_eq!(*before.get_or_insert_with(|| after.clone()), after, "{said}");
    }
}

/// Every file of home and working directory with its bytes, the history of refusals left out.
fn everything(sandbox: &Sandbox) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = tree(&sandbox.path(""));
    files.retain(|path, _| !path.ends_with("history.jsonl") && !path.starts_with("data/logs"));
    files
}
