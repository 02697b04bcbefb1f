//! A module that misbehaves in every way we could think of: the host names it, registers nothing and goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, fixture, host, tree};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("hostile::a_frame_sent_byte_by_byte_gains_no_time", &[], drip),
        trial("hostile::a_process_left_behind_holds_nobody_up", &[], holds_stderr),
        trial("hostile::every_deed_is_contained_by_the_worker", &[], in_worker),
        trial("hostile::a_result_that_is_noise_is_an_error", &[], noise),
        trial("hostile::a_result_that_changes_while_it_is_read_harms_nobody", &[], scribble),
        trial("hostile::panics_are_errors_inside_the_host", &[], in_process),
        trial("hostile::a_module_that_aborts_runs_only_in_the_worker", &[], aborting_build),
        trial("hostile::a_module_that_aborts_is_quoted", &[], last_words),
        trial("hostile::the_end_of_the_time_reads_the_same_inside_the_host", &[], time_inside),
        trial("hostile::the_others_of_a_batch_are_done", &[], batch),
        trial("hostile::a_warning_stops_only_a_strict_run", &[], warning),
        trial("hostile::another_result_for_the_same_recipe_is_an_error_of_its_own", &[], random),
        trial("hostile::log_lines_arrive", &[], log),
    ]
}

/// What a module may do, how the host ends, and what it says.
struct Deed {
    name: &'static str,
    code: i32,
    texts: &'static [&'static str],
    flags: &'static [&'static str],
}

const fn deed(name: &'static str, code: i32, texts: &'static [&'static str]) -> Deed {
    Deed { name, code, texts, flags: &[] }
}

const fn deed_with(
    name: &'static str,
    flags: &'static [&'static str],
    code: i32,
    texts: &'static [&'static str],
) -> Deed {
    Deed { name, code, texts, flags }
}

/// The names of the module and of what happened; every deed of the issue and some more.
const DEEDS: &[Deed] = &[
    deed("panic", 14, &["module `hostile` panicked: as asked", "at src/lib.rs:"]),
    deed("panic-any", 14, &["module `hostile` panicked", "not text"]),
    deed("panic-in-stream", 14, &["module `hostile` panicked: while the table is read", "at src/lib.rs:"]),
    deed("error-in-stream", 16, &["input `bytes`, line 7: not as promised", "hint: look at line 7"]),
    deed("abort", 14, &["module `hostile`", "SIGABRT"]),
    deed("segfault", 14, &["module `hostile`", "SIGSEGV"]),
    deed("exit-0", 14, &["module `hostile` ended with exit code 0 without returning a result"]),
    deed("exit-3", 14, &["module `hostile` ended with exit code 3 without returning a result"]),
    deed("stack-overflow", 14, &["module `hostile`", "SIGABRT", "overflowed its stack"]),
    deed("print-much", 14, &["module `hostile`", "exit code 1", "it printed: xxxx"]),
    deed("garbage-frame", 14, &["module `hostile` sent a malformed answer"]),
    deed("huge-frame", 14, &["module `hostile` sent a malformed answer", "limit"]),
    deed("forged-done", 14, &["module `hostile` returned a malformed result"]),
    deed("hang-up", 14, &["module `hostile` "]),
    deed("close-descriptors", 14, &["module `hostile`"]),
    deed("spawn", 14, &["module `hostile` panicked: with a child left behind"]),
    deed("unequal-columns", 14, &["module `hostile` failed", "column `value` has 1 values"]),
    deed("not-utf8", 14, &["module `hostile` failed", "malformed table"]),
    deed("unknown-output", 14, &["module `hostile` returned a malformed result", "`nothing`"]),
    deed("escaping-name", 14, &["module `hostile` returned a malformed result", "`../../escape`"]),
    deed("short-matrix", 14, &["module `hostile` returned a malformed result", "`covariance`"]),
    deed("not-a-number", 3, &["column.finite", "column `value`", "nothing was registered"]),
    deed("finding", 3, &["hostile.finding", "this is wrong", "hint: do not trust it"]),
    deed_with(
        "loop",
        &["--timeout", "0.5"],
        15,
        &["module `hostile` did not finish within 0.5 s", "--timeout"],
    ),
    deed_with("polite-loop", &["--timeout", "0.5"], 15, &["module `hostile`", "0.5 s", "--timeout"]),
    deed_with(
        "allocate",
        &["--max-memory", "512MiB"],
        15,
        &["module `hostile`", "512.0 MiB", "--max-memory"],
    ),
];

/// A sandbox with a host of its own, so that its processes can be told from those of other tests.
struct Bench {
    sandbox: Sandbox,
    program: PathBuf,
}

impl Bench {
    fn new(modules: &Path) -> Self {
        let sandbox = Sandbox::new().with_plugins(modules).with_plugins(fixture::example());
        let program = sandbox.path("host-under-test");
        if std::fs::hard_link(host(), &program).is_err() {
            std::fs::copy(host(), &program).unwrap();
        }
        let bench = Self { sandbox, program };
        // Something that must still be there afterwards.
        let _ = bench.run(&["prepare", "--plugin", "light_curve", "--name", "kept"]).success();
        bench
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        self.sandbox.prepare(&mut command);
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    fn commit(&self, deed: &str, more: &[&str]) -> Outcome {
        let deed_parameter = format!("deed={deed}");
        let mut arguments =
            vec!["prepare", "--plugin", "hostile", "--name", deed, "--param", &deed_parameter];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// Everything of the data root but logs, the lock and the index.
    fn registered(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = tree(&self.sandbox.data_root());
        files.retain(|path, _| {
            let volatile = path.starts_with("logs") || path.starts_with("cache");
            !volatile && !path.ends_with(".lock") && !path.to_string_lossy().contains("index.sqlite")
        });
        files
    }

    /// Nothing half done lies about, and no process of this host is left.
    fn assert_clean(&self, what: &str) {
        for entry in folders_and_files(&self.sandbox.data_root()) {
            let name = entry.file_name().unwrap().to_string_lossy();
            assert!(!name.starts_with('.') || name == ".lock", "{what} left `{}`", entry.display());
        }
        let left = self.processes();
        assert!(left.is_empty(), "{what} left processes {left:?}");
    }

    /// Processes that run this bench's host, on systems that tell.
    fn processes(&self) -> Vec<String> {
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let running = |process: &PathBuf| {
            let executable = std::fs::read_link(process.join("exe"));
            executable.is_ok_and(|executable| executable.starts_with(&self.program))
        };
        let processes = processes.flatten().map(|entry| entry.path());
        processes.filter(running).map(|process| process.display().to_string()).collect()
    }
}

fn folders_and_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path.clone());
            }
            found.push(path);
        }
    }
    found
}

fn assert_refused(bench: &Bench, deed: &Deed, isolation: &str) {
    let before = bench.registered();
    let mut flags = vec!["--isolation", isolation];
    flags.extend(deed.flags);
    let outcome = bench.commit(deed.name, &flags);
    let said = format!("{} ({isolation}): {outcome:?}", deed.name);
    assert_eq!(outcome.code, Some(deed.code), "{said}");
    assert!(deed.texts.iter().all(|text| outcome.stderr.contains(text)), "{said}");
    assert!(outcome.stderr.contains("hint: ") && outcome.stdout.is_empty(), "{said}");
    assert!(outcome.stderr.len() < 20_000, "{said}");
    assert_eq!(bench.registered(), before, "{} changed the registry", deed.name);
    bench.assert_clean(deed.name);
}

fn in_worker() {
    let bench = Bench::new(fixture::hostile());
    for deed in DEEDS {
        assert_refused(&bench, deed, "process");
    }
    let _ = bench.commit("panic-in-thread", &[]).success();
    let _ = bench.run(&["check"]).success();
    let _ = bench.run(&["audit", "verify"]).success();
    let _ = bench.run(&["show", "kept"]).success();
}

fn noise() {
    let bench = Bench::new(fixture::hostile());
    let before = bench.registered();
    for seed in 0..24 {
        let rows = format!("rows={seed}");
        let outcome = bench.commit("garbage-result", &["--param", &rows]);
        let _ = outcome.failure(14, &["module `hostile` returned a malformed result"]);
    }
    assert_eq!(bench.registered(), before);
    bench.assert_clean("a result of noise");
}

/// Which result arrives is chance; that the host survives it is not.
fn scribble() {
    let bench = Bench::new(fixture::hostile());
    for attempt in 0..16 {
        let (name, rows) = (format!("attempt-{attempt}"), format!("rows={}", 500 + attempt));
        let arguments =
            ["prepare", "--plugin", "hostile", "--name", &name, "--param", "deed=scribble", "--param", &rows];
        let outcome = bench.run(&arguments);
        assert!(matches!(outcome.code, Some(0 | 3 | 14)), "{outcome:?}");
        assert!(
            outcome.code == Some(0) || outcome.stderr.contains("hostile") || outcome.stderr.contains(&name)
        );
        bench.assert_clean("scribbling");
    }
    let _ = bench.run(&["check"]).success();
}

fn in_process() {
    const CONTAINED: [&str; 10] = [
        "panic",
        "panic-any",
        "panic-in-stream",
        "error-in-stream",
        "unequal-columns",
        "not-utf8",
        "unknown-output",
        "escaping-name",
        "short-matrix",
        "not-a-number",
    ];
    let bench = Bench::new(fixture::hostile());
    for deed in DEEDS.iter().filter(|deed| CONTAINED.contains(&deed.name)) {
        assert_refused(&bench, deed, "in-process");
    }
    let _ = bench.commit("panic-in-thread", &["--isolation", "in-process"]).success();
}

fn aborting_build() {
    let bench = Bench::new(fixture::hostile_that_aborts());
    let inside = ["module `hostile` ends the process when it panics", "--isolation process"];
    let _ = bench.commit("behave", &["--isolation", "in-process"]).failure(13, &inside);
    assert_refused(&bench, &deed("panic", 14, &["module `hostile`", "SIGABRT"]), "process");
    assert_refused(&bench, &deed("panic-in-stream", 14, &["module `hostile`", "SIGABRT"]), "process");
    let _ = bench.commit("behave", &[]).success();
    let _ = bench.run(&["check"]).success();
}

fn last_words() {
    let bench = Bench::new(fixture::hostile_that_aborts());
    let _ =
        bench.commit("panic", &[]).failure(14, &["module `hostile`", "SIGABRT", "as asked", "src/lib.rs:"]);
}

fn time_inside() {
    let bench = Bench::new(fixture::hostile());
    let flags = &["--timeout", "0.5"];
    let texts = &["module `hostile` did not finish within 0.5 s", "hint: to allow more, give `--timeout"];
    assert_refused(&bench, &deed_with("polite-loop", flags, 15, texts), "in-process");
}

fn batch() {
    let bench = Bench::new(fixture::hostile());
    for (isolation, worst, code) in [("process", "abort", 14), ("in-process", "panic", 14)] {
        let entry = |name: &str, deed: &str| {
            format!(r#""{name}": {{ "module": "hostile", "parameters": {{ "deed": "{deed}" }} }}"#)
        };
        let (bad, good) = (format!("bad-{isolation}"), format!("good-{isolation}"));
        let entries = [entry(&bad, worst), entry(&good, "behave")].join(", ");
        let text = format!(r#"{{ "schema": "host.datasets/1", "datasets": {{ {entries} }} }}"#);
        let manifest = bench.sandbox.write("datasets.json", text);
        let prepare = |more: &[&str]| {
            let mut arguments = vec!["prepare", "--json", "--isolation", isolation, "--manifest"];
            arguments.push(manifest.to_str().unwrap());
            arguments.extend(more);
            let outcome = bench.run(&arguments);
            (outcome.code, serde_json::from_str::<Value>(&outcome.stdout).unwrap())
        };
        for jobs in ["1", "2"] {
            let (exit, report) = prepare(&["--jobs", jobs, &bad, &good]);
            assert_eq!(exit, Some(4), "{report:#}");
            assert_eq!(report.pointer("/data/datasets/0/status").unwrap(), "failed");
            assert_eq!(report.pointer("/data/datasets/0/error/code").unwrap(), "plugin-crashed");
            assert_eq!(
                report.pointer("/data/datasets/1/status").unwrap(),
                if jobs == "1" { "prepared" } else { "cached" }
            );
        }
        let (exit, report) = prepare(&[&bad]);
        assert_eq!(exit, Some(code), "{report:#}");
        let _ = bench.run(&["show", &good]).success();
        let _ = bench.run(&["show", &bad]).failure(2, &[&bad]);
    }
    bench.assert_clean("a batch");
    let _ = bench.run(&["check"]).success();
}

fn warning() {
    let bench = Bench::new(fixture::hostile());
    let before = bench.registered();
    let _ = bench
        .commit("warning", &["--strict"])
        .failure(3, &["hostile.warning", "odd", "nothing was registered"]);
    assert_eq!(bench.registered(), before);
    let outcome = bench.commit("warning", &[]).success();
    assert!(outcome.stdout.contains("hostile.warning"), "{outcome:?}");
    // Known by now, and yet not good enough for a strict run.
    let _ = bench.commit("warning", &["--strict"]).failure(3, &["hostile.warning"]);
}

fn random() {
    let bench = Bench::new(fixture::hostile());
    let _ = bench.commit("random", &[]).success();
    let before = bench.registered();
    let texts = [
        "the same recipe gave other bytes",
        "`random`",
        "registered version",
        "report this to the module's author",
    ];
    let _ = bench.commit("random", &["--force"]).failure(3, &texts);
    assert_eq!(bench.registered(), before);
    let _ = bench.run(&["reproduce", "random"]).failure(3, &["random"]);
    assert_eq!(bench.registered(), before);
    let cached = bench.commit("random", &[]).success();
    assert!(cached.stdout.contains("nothing was derived"), "{cached:?}");
    bench.assert_clean("a random module");
}

fn log() {
    let bench = Bench::new(fixture::hostile());
    for isolation in ["process", "in-process"] {
        let text = bench.commit("log", &["--isolation", isolation, "--force"]).success();
        assert!(text.stderr.contains("WARN") && text.stderr.contains("a line of the module"), "{text:?}");
        let json =
            bench.commit("log", &["--isolation", isolation, "--force", "--log-format", "json"]).success();
        let line = json.stderr.lines().find(|line| line.contains("a line of the module")).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "WARN", "{line:#}");
        assert!(line.to_string().contains(r#""dataset":"log""#), "{line:#}");
    }
}

/// The deadline was for each read, so a worker that sent a byte now and then lived for ever.
fn drip() {
    let bench = Bench::new(fixture::hostile());
    let started = std::time::Instant::now();
    let outcome = bench.commit("drip", &["--timeout", "0.5"]).failure(15, &["`hostile`", "0.5 s"]);
    assert!(started.elapsed().as_secs() < 10, "{outcome:?}");
    bench.assert_clean("drip");
}

/// The host waited for the end of the worker's standard error, which a process that got away kept open.
fn holds_stderr() {
    let bench = Bench::new(fixture::hostile());
    let started = std::time::Instant::now();
    let outcome = bench.commit("holds-stderr", &[]).failure(14, &["`hostile`", "SIGABRT"]);
    assert!(started.elapsed().as_secs() < 10, "{outcome:?}");
    bench.assert_clean("holds-stderr");
}
