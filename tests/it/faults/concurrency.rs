//! Several hosts on one data root lose nothing, and readers never see half of anything.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::Trial;
use serde_json::Value;

use super::bench::Bench;
use crate::matrix::{Cases, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("faults::several_writers_and_readers_lose_nothing", &[], writers_and_readers)]
}

const WRITERS: usize = 4;
const EACH: usize = 50;

/// What a writer does in its n-th run: name and parameter. Every fifth is a version of a name that all share, and one is
/// the very same dataset for all.
fn work(writer: usize, run: usize) -> (String, String) {
    match run {
        7 => ("same".to_owned(), "reference_magnitude=9".to_owned()),
        _ if run.is_multiple_of(5) => ("shared".to_owned(), format!("reference_magnitude=1{writer}.{run}")),
        _ => (format!("writer-{writer}-{run}"), "reference_magnitude=10".to_owned()),
    }
}

fn writers_and_readers() {
    let bench = Bench::new();
    // Even the data root is made by whoever comes first.
    let root = bench.fresh_root();
    let done = AtomicBool::new(false);
    let reads = std::thread::scope(|scope| {
        let (bench, root, done) = (&bench, &root, &done);
        let readers = [0, 1].map(|reader| scope.spawn(move || read_until(bench, root, done, reader)));
        let writers: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || write(bench, root, writer))).collect();
        let written: Vec<_> = writers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        let reads: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        assert!(written.iter().all(Result::is_ok), "a writer failed");
        reads
    });

    let names: Vec<String> =
        (0..WRITERS).flat_map(|writer| (0..EACH).map(move |run| work(writer, run).0)).collect();
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    // The same dataset is registered once.
    let records = names.len() - (WRITERS - 1);
    let (code, report) = bench.run_json(&root, &["check"]);
    assert_eq!(code, Some(0), "{report:#}");
    let number = |key: &str| report.pointer(&format!("/data/{key}")).and_then(Value::as_u64).unwrap();
    assert_eq!(number("datasets"), distinct.len() as u64);
    assert_eq!(number("records"), records as u64);
    assert_eq!(number("audit_lines"), records as u64);
    assert_eq!(report.pointer("/data/items").unwrap(), &Value::Array(vec![]));
    assert_eq!(bench.run(&root, &["audit", "verify"]).code, Some(0));
    let (_, list) = bench.run_json(&root, &["list"]);
    let listed = list.pointer("/data/datasets").and_then(Value::as_array).unwrap();
    assert_eq!(listed.len(), distinct.len());
    bench.say(&format!("{} registrations by {WRITERS} writers, {reads} reads", names.len()));
}

fn write(bench: &Bench, root: &Path, writer: usize) {
    // One of them with workers.
    let isolation = if writer == 0 { "process" } else { "in-process" };
    let mut cases = Cases::of("F1", format!("writer {writer}"));
    for run in 0..EACH {
        let (name, parameter) = work(writer, run);
        let arguments = [
            "prepare",
            "--plugin",
            "light_curve",
            "--isolation",
            isolation,
            "--name",
            &name,
            "--param",
            &parameter,
        ];
        let (code, report) = bench.run_json(root, &arguments);
        cases.run(&name, || {
            demand(Wrong::Diverged, code == Some(0), || format!("{name}: {report:#}"))?;
            // What was reported is there, for everybody and at once.
            let path = report.pointer("/data/datasets/0/dataset/path").and_then(Value::as_str).unwrap();
            demand(Wrong::Lost, Path::new(path).join("dataset.json").is_file(), || path.to_owned())
        });
    }
    cases.finish(EACH);
}

/// Reads all the time; every answer is whole. Returns how often it read.
fn read_until(bench: &Bench, root: &Path, done: &AtomicBool, reader: usize) -> usize {
    let mut reads = 0;
    let mut fewest = 0;
    let mut there = false;
    while !done.load(Ordering::Relaxed) {
        reads += 1;
        if reader == 0 {
            let (code, report) = bench.run_json(root, &["list"]);
            let listed = report.pointer("/data/datasets").and_then(Value::as_array).map_or(0, Vec::len);
            assert!(matches!(code, Some(0 | 10)) && listed >= fewest, "{listed} after {fewest}: {report:#}");
            fewest = listed;
        } else {
            let (code, report) = bench.run_json(root, &["check"]);
            there |= code == Some(0);
            assert!(code == Some(0) || (code == Some(10) && !there), "{report:#}");
            let (code, report) = bench.run_json(root, &["show", "shared"]);
            assert!(code == Some(0) || fewest == 0, "{report:#}");
            fewest = usize::from(code == Some(0));
        }
    }
    reads
}
