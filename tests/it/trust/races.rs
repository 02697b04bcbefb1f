//! Attacks that go on while the host runs: names that are swapped, libraries that are loaded before it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, copy_host, fixture, wait_until};

use super::paths::{mode, nested, replace};
use super::{PREPARE, library};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("trust::a_link_swapped_in_a_race_never_runs_the_other_library", &[], race),
        trial("trust::what_is_preloaded_into_the_host_does_not_reach_the_worker", &[], preloaded),
    ]
}

/// Ends a loop of another thread when it is dropped, also by a panic.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Swaps a name between two targets as long as something takes; how often that was.
fn swapping(swap: impl Fn(usize) + Sync, meanwhile: impl FnOnce()) -> usize {
    let (stop, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                swap(swaps.fetch_add(1, Ordering::Relaxed));
            }
        });
        let stopping = Stop(&stop);
        meanwhile();
        drop(stopping);
        swapper.join().unwrap();
    });
    swaps.into_inner()
}

fn race() {
    let (sandbox, inner, file) = nested();
    let good = std::fs::read(&file).unwrap();
    let (kept, evil) = (inner.parent().unwrap().join("kept"), sandbox.path("evil"));
    std::fs::copy(&file, &kept).unwrap();
    std::fs::create_dir(&evil).unwrap();
    let mut other = good.clone();
    other.push(0);
    let other = sandbox.write(&format!("../evil/{}", library()), other);
    mode(&evil, 0o777);
    let library_of = |answer: &Value| {
        let path = answer.pointer("/data/datasets/0/dataset/path").and_then(Value::as_str).unwrap();
        let provenance = std::fs::read_to_string(Path::new(path).join("provenance.json")).unwrap();
        let provenance: Value = serde_json::from_str(&provenance).unwrap();
        provenance.pointer("/recipe/module/sha256").cloned().unwrap()
    };
    let (code, answer) = sandbox.run_json(["prepare", "--plugin", "light_curve", "--name", "calm"]);
    assert_eq!(code, Some(0), "{answer:#}");
    let expected = library_of(&answer);
    let attempt = |name: &str, command: &mut Command| {
        let outcome = Outcome::of(command.args(["--name", name, "--json"]));
        let answer: Value = serde_json::from_str(&outcome.stdout).unwrap();
        match outcome.code {
            Some(0) => assert_eq!(library_of(&answer), expected, "{name} ran the other library"),
            Some(2 | 12 | 16) => {}
            _ => panic!("{name}: {outcome:?}"),
        }
        outcome.code == Some(0)
    };
    // The library is itself, or a link to the other one.
    let (link, staged) = (inner.join("link"), inner.join("staged"));
    let swap = |count: usize| {
        if count.is_multiple_of(2) {
            symlink(&other, &link).unwrap();
            replace(&link, &file);
        } else {
            std::fs::hard_link(&kept, &staged).unwrap();
            replace(&staged, &file);
        }
    };
    let swaps = swapping(swap, || {
        for number in 0..40 {
            attempt(&format!("file-{number}"), &mut sandbox.command(PREPARE));
        }
    });
    assert!(swaps > 80, "{swaps}");
    // The folder that somebody named is a link to the good one or to the other one.
    let (named, next) = (sandbox.path("named"), sandbox.path("next"));
    let _ = std::fs::remove_file(&file);
    std::fs::hard_link(&kept, &file).unwrap();
    let swap = |count: usize| {
        symlink(if count.is_multiple_of(2) { &evil } else { &inner }, &next).unwrap();
        replace(&next, &named);
    };
    let swaps = swapping(swap, || {
        for number in 0..40 {
            let mut command = sandbox.command(["prepare", "--plugin"]);
            attempt(&format!("folder-{number}"), command.arg(named.join(library())));
        }
    });
    assert!(swaps > 80, "{swaps}");
}

/// A process that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The worker of a host, once it has loaded its module.
fn worker_of(host: &Child) -> PathBuf {
    let parent = format!("PPid:\t{}\n", host.id());
    let is_worker = |process: &PathBuf| {
        let read = |file: &str| std::fs::read_to_string(process.join(file)).unwrap_or_default();
        read("status").contains(&parent) && read("maps").contains("memfd:module")
    };
    let mut worker = None;
    wait_until("a worker comes", || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        worker = processes.into_iter().find(is_worker);
        worker.is_some()
    });
    worker.unwrap()
}

fn preloaded() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile());
    let bytes = std::fs::read(fixture::example().join(library())).unwrap();
    let preloaded = sandbox.write("preload/libpreloaded.so", bytes);
    let program = sandbox.path("host-under-test");
    copy_host(&program);
    let mut command = Command::new(&program);
    sandbox.prepare(&mut command);
    let host = command
        .args(["prepare", "--plugin", "hostile", "--param", "deed=loop", "--timeout", "600"])
        .env("LD_PRELOAD", &preloaded)
        .env("LD_LIBRARY_PATH", preloaded.parent().unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let host = Ending(host.unwrap());
    let worker = worker_of(&host.0);
    let of = |process: &Path, file: &str| {
        String::from_utf8_lossy(&std::fs::read(process.join(file)).unwrap()).into_owned()
    };
    let (variables, maps) = (of(&worker, "environ"), of(&worker, "maps"));
    let outside = of(Path::new(&format!("/proc/{}", host.0.id())), "maps");
    drop(host);
    // The attack works where nobody cleared the environment.
    assert!(outside.contains("libpreloaded.so"), "{outside}");
    assert!(!variables.contains("LD_") && !variables.contains("preload"), "{variables}");
    assert!(!maps.contains("libpreloaded.so"), "{maps}");
}
