//! What the fuzzer found once, and its seeds, given to the readers again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use host::backup::Manifest;
use host::modules::manifest;
use host::packages::archive::Package;
use host::packages::manifest::PackageManifest;
use host::trust::lock::LockFile;
use libtest_mimic::Trial;
use rustix::time::{ClockId, clock_gettime};
use tests::{parsers, repository};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("found::no_case_of_the_fuzzer_comes_back", &[], replay),
        trial("found::every_reader_has_a_fuzz_target_with_seeds", &[], complete),
        trial("found::the_fuzzer_begins_with_what_the_readers_accept", &[], accepted),
    ]
}

/// Files below a folder for each target.
fn cases(folder: &Path, target: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join(target)).map(|entries| entries.flatten().collect());
    let entries: Vec<std::fs::DirEntry> = entries.unwrap_or_default();
    entries.into_iter().map(|entry| entry.path()).collect()
}

/// What this thread has used, however busy the machine is.
fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

fn replay() {
    for (target, check) in parsers::ALL {
        for folder in ["fuzz/seeds", "tests/found"] {
            for case in cases(&repository().join(folder), target) {
                let bytes = std::fs::read(&case).unwrap();
                assert!(bytes.len() <= parsers::INPUT_LIMIT_BYTES, "{}", case.display());
                let started = processor_time();
                let outcome = std::panic::catch_unwind(|| check(&bytes));
                assert!(outcome.is_ok(), "`{}` breaks `{target}` again", case.display());
                // The fuzzer's own limit is a second in a build that is ten times as fast.
                assert!(processor_time() < started + Duration::from_secs(10), "{}", case.display());
            }
        }
    }
}

fn complete() {
    let known: BTreeSet<String> = parsers::ALL.iter().map(|(target, _)| (*target).to_owned()).collect();
    let targets = std::fs::read_dir(repository().join("fuzz/fuzz_targets")).unwrap();
    let stem = |entry: std::fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
    let targets: BTreeSet<String> = targets.map(|entry| stem(entry.unwrap())).collect();
    assert_eq!(targets, known);
    for target in &known {
        let source = repository().join("fuzz/fuzz_targets").join(target).with_extension("rs");
        assert!(
            std::fs::read_to_string(source).unwrap().contains(&format!("check(\"{target}\"")),
            "{target}"
        );
        assert!(!cases(&repository().join("fuzz/seeds"), target).is_empty(), "`{target}` has no seeds");
    }
    // A folder of another name would never be replayed.
    if let Ok(folders) = std::fs::read_dir(repository().join("tests/found")) {
        let folders: BTreeSet<String> = folders.map(|entry| stem(entry.unwrap())).collect();
        assert!(folders.is_subset(&known), "{folders:?}");
    }
}

/// From seeds that are refused at the first byte the fuzzer would never find its way inside.
fn accepted() {
    let seed = |path: &str| std::fs::read(repository().join("fuzz/seeds").join(path)).unwrap();
    let text = |path: &str| String::from_utf8(seed(path)).unwrap();
    assert_eq!(manifest::read(&seed("manifest_section/library")).unwrap().descriptor.id, "small");
    let package = Package::read(&seed("package/package")).unwrap();
    let inside = zstd::bulk::compress(&seed("package/archive"), 3).unwrap();
    assert_eq!(Package::read(&inside).unwrap().files, package.files);
    assert_eq!(PackageManifest::parse(&text("plugin_toml/one_library")).unwrap(), package.manifest);
    let manifest: Manifest = serde_json::from_slice(&seed("backup_manifest/snapshot.json")).unwrap();
    assert_eq!(Manifest::parse(&manifest.to_bytes(), &manifest.id).unwrap().entries.len(), 24);
    let lock = LockFile::parse(Path::new("plugins.lock"), &text("plugin_lock/packaged")).unwrap();
    assert_eq!(lock.modules.len(), 1);
}
