//! The host is killed, or a system call fails, at each call that changes something.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::needs::Need;

use super::bench::{Bench, leftovers};
use super::tracer::{Point, points};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    let needs = &[Need::Strace];
    vec![
        trial("faults::killed_at_each_call_of_a_registration", needs, register),
        trial("faults::killed_at_each_call_of_a_first_run", needs, first_run),
        trial("faults::killed_at_each_call_of_a_selection", needs, select),
        trial("faults::killed_at_each_call_of_a_repair", needs, repair),
        trial("faults::killed_at_each_call_of_a_retirement", needs, retirement),
        trial("faults::killed_again_while_recovering", needs, recovery),
        trial("faults::killed_while_a_worker_runs", needs, with_worker),
        trial("faults::an_input_or_output_error_at_each_call", needs, input_output_error),
        trial("faults::no_space_left_at_each_call", needs, no_space),
    ]
}

const INSIDE: [&str; 4] = ["prepare", "--isolation", "in-process", "--plugin"];
const KILL: &str = "signal=KILL";

/// What is interrupted, and what must hold afterwards.
struct Scene {
    bench: Bench,
    /// A data root as it is before.
    template: PathBuf,
    arguments: Vec<&'static str>,
    /// The version of the dataset afterwards.
    version: String,
    /// Datasets that are registered afterwards.
    datasets: u64,
    /// Whether `check` may complain before the command is repeated.
    damaged: bool,
}

fn prepare<'a>(more: &[&'a str]) -> Vec<&'a str> {
    INSIDE.iter().copied().chain(["light_curve"]).chain(more.iter().copied()).collect()
}

impl Scene {
    /// `before` are the runs that make the template.
    fn new(before: &[&[&'static str]], more: &[&'static str]) -> Self {
        let bench = Bench::new();
        let template = bench.fresh_root();
        for more in before {
            let _ = bench.run(&template, &prepare(more)).success();
        }
        let mut scene = Self {
            bench,
            template,
            arguments: prepare(more),
            version: String::new(),
            datasets: 0,
            damaged: false,
        };
        scene.expect();
        scene
    }

    /// Notes what an undisturbed run gives.
    fn expect(&mut self) {
        let root = self.bench.copy(&self.template);
        let (code, report) = self.bench.run_json(&root, &self.arguments);
        assert_eq!(code, Some(0), "{report:#}");
        self.version = version(&report).unwrap();
        let (_, report) = self.bench.run_json(&root, &["check"]);
        self.datasets = report.pointer("/data/datasets").and_then(Value::as_u64).unwrap();
    }

    fn points(&self) -> (Vec<Point>, usize) {
        points(&self.bench, &self.bench.copy(&self.template), &self.arguments)
    }

    /// Breaks one call and looks at everything afterwards. Gives the exit code, or says what was wrong.
    fn interrupt(&self, point: &Point, how: &str) -> Result<Option<i32>, String> {
        let bench = &self.bench;
        let root = bench.copy(&self.template);
        let flags = point.flags(how);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let outcome = bench.traced(&flags, &root, &self.arguments);
        let told = |why: String| format!("{how} at {}\n  ended with {outcome:?}\n  {why}", point.line);

        let (code, items) = bench.check(&root);
        let bearable = match code {
            Some(0) => true,
            Some(10) => !root.join("registry/format.json").exists(),
            Some(19) => self.damaged,
            _ => false,
        };
        demand(bearable, || told(format!("check ended with {code:?}: {items:?}")))?;
        if code == Some(0) {
            let audit = bench.run(&root, &["audit", "verify"]);
            demand(audit.code == Some(0), || told(format!("audit verify: {audit:?}")))?;
        }
        if outcome.code == Some(0) || outcome.stdout.contains(&self.version) {
            let path = bench.run(&root, &["path", name_of(&self.arguments)]);
            let there = if self.arguments == RETIRE {
                path.code == Some(2) && path.stderr.contains("is retired: wrong magnitudes")
            } else {
                path.code == Some(0) && path.stdout.contains(&self.version)
            };
            demand(there, || told(format!("what was reported is not there: {path:?}")))?;
        }
        // After a failure that was reported, what could not be removed may stay, as long as it is told of.
        self.repeat(&root, how == KILL).map_err(told)?;
        std::fs::remove_dir_all(&root).unwrap();
        Ok(outcome.code)
    }

    /// The same command again comes to the same end, and after the next writer nothing is left of the interruption.
    fn repeat(&self, root: &Path, swept: bool) -> Result<(), String> {
        let (code, report) = self.bench.run_json(root, &self.arguments);
        let same = code == Some(0) && version(&report).as_ref() == Some(&self.version);
        demand(same, || format!("a repetition gives {report}"))?;
        let items = self.settled(root, self.datasets)?;
        if items.is_empty() {
            return Ok(());
        }
        // An answer from the registry writes nothing, and so it may leave notes. But what it tells of as registered
        // must be so for good: as long as the intent is there, nobody knows that the record is on the disk.
        let notes = items.iter().all(|item| item["severity"] == "note");
        demand(notes, || format!("left after a repetition: {items:?}"))?;
        let intent = root.join("registry/audit/pending.json");
        demand(!intent.exists(), || "a repetition reports what is still pending".to_owned())?;
        let witness = prepare(&["--name", "witness"]);
        demand(self.bench.run(root, &witness).code == Some(0), || {
            "no other dataset can be added".to_owned()
        })?;
        let mut items = self.settled(root, self.datasets + 1)?;
        items.retain(|item| swept || item["kind"] != "leftover");
        let left: Vec<PathBuf> =
            leftovers(root).into_iter().filter(|path| !path.starts_with("logs")).collect();
        let clean = items.is_empty() && (left.is_empty() || !swept);
        demand(clean, || format!("left after the next writer: {left:?} {items:?}"))
    }

    /// `check` passes and finds so many datasets. Gives what it notes, but for what had been damaged before.
    fn settled(&self, root: &Path, datasets: u64) -> Result<Vec<Value>, String> {
        let (code, report) = self.bench.run_json(root, &["check"]);
        let found = report.pointer("/data/datasets").and_then(Value::as_u64);
        demand(code == Some(0) && found == Some(datasets), || format!("check after a repetition: {report}"))?;
        let items = report.pointer("/data/items").and_then(Value::as_array);
        let items = items.into_iter().flatten().filter(|item| item["kind"] != "quarantined");
        Ok(items.cloned().collect())
    }

    /// Kills at every `step`-th point and tells how many there were.
    fn kill_all(&self, step: usize, fewest: usize) {
        let (points, unreachable) = self.points();
        let (mut killed, mut wrong) = (0, Vec::new());
        for point in points.iter().step_by(step) {
            match self.interrupt(point, KILL) {
                Ok(None) => killed += 1,
                Ok(Some(code)) => wrong.push(format!("{} was not reached, exit code {code}", point.line)),
                Err(why) => wrong.push(why),
            }
        }
        let all = points.len() + unreachable;
        self.bench.say(&format!("killed at {killed} of {all} calls, {unreachable} hidden behind others"));
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), points.len(), wrong.join("\n"));
        assert!(killed >= fewest, "only {killed} kills");
    }
}

fn demand(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

fn version(report: &Value) -> Option<String> {
    let of = |pointer| report.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    of("/data/datasets/0/dataset/version").or_else(|| of("/data/version"))
}

fn name_of(arguments: &[&'static str]) -> &'static str {
    if arguments == RETIRE {
        return RETIRE[1];
    }
    let at = arguments.iter().position(|argument| *argument == "--name");
    at.and_then(|at| arguments.get(at + 1)).copied().unwrap_or("example_star")
}

const KEPT: &[&str] = &["--name", "kept"];
const OTHER: &[&str] = &["--name", "kept", "--param", "reference_magnitude=11"];

fn register() {
    Scene::new(&[KEPT], &["--name", "added"]).kill_all(1, 50);
}

fn first_run() {
    Scene::new(&[], &["--name", "added"]).kill_all(1, 80);
}

/// The current version is an older one again.
fn select() {
    Scene::new(&[KEPT, OTHER], KEPT).kill_all(1, 20);
}

const RETIRE: [&str; 4] = ["retire", "kept", "--reason", "wrong magnitudes"];

/// Nothing but records: of them, and of the audit line, there must be both or neither in the end.
fn retirement() {
    let mut scene = Scene::new(&[KEPT], KEPT);
    scene.arguments = RETIRE.to_vec();
    scene.kill_all(1, 20);
}

/// A damaged version is set aside and written again.
fn repair() {
    let mut scene = Scene::new(&[KEPT], &["--name", "kept", "--force"]);
    scene.damage_template();
    scene.damaged = true;
    scene.kill_all(1, 40);
}

impl Scene {
    fn damage_template(&self) {
        let folder = self.template.join("derived/kept").join(&self.version);
        let path = folder.join("data.parquet");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        #[expect(clippy::disallowed_methods, reason = "damage on purpose")]
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(self.bench.check(&self.template).0, Some(19));
    }
}

/// Whoever puts an interrupted registration in order may be interrupted, too.
fn recovery() {
    for (call, path, step) in
        [("linkat", "", 3), ("openat", "audit.jsonl", 1), ("unlink", "/pending.json\"", 1)]
    {
        let scene = Scene::new(&[KEPT], &["--name", "added"]);
        let (all, _) = scene.points();
        let point =
            all.iter().find(|point| point.line.starts_with(call) && point.line.contains(path)).unwrap();
        let flags = point.flags(KILL);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let outcome = scene.bench.traced(&flags, &scene.template, &scene.arguments);
        assert_eq!(outcome.code, None);
        assert!(scene.template.join("registry/audit/pending.json").is_file(), "not interrupted: {point:?}");
        scene.kill_all(step, 10);
    }
}

/// A few kills with a worker: it must not outlive its host.
fn with_worker() {
    let mut scene = Scene::new(&[KEPT], &["--name", "added"]);
    scene.arguments = vec!["prepare", "--plugin", "light_curve", "--name", "added"];
    let (points, _) = scene.points();
    scene.kill_all(points.len() / 10, 8);
    let left = scene.bench.processes();
    assert!(left.is_empty(), "{left:?}");
}

fn input_output_error() {
    fail_all("error=EIO");
}

fn no_space() {
    fail_all("error=ENOSPC");
}

/// Either the storage is to blame and a repetition works, or the work is really done.
fn fail_all(how: &str) {
    let scene = Scene::new(&[KEPT], &["--name", "added"]);
    let (points, _) = scene.points();
    let points: Vec<&Point> = points.iter().filter(|point| point.in_root).collect();
    let (mut failed, mut succeeded) = (0, 0);
    let mut wrong = Vec::new();
    for point in &points {
        match scene.interrupt(point, how) {
            Ok(Some(18)) => failed += 1,
            Ok(Some(0)) => succeeded += 1,
            Ok(other) => {
                wrong.push(format!("{}: neither success nor a storage error: {other:?}", point.line));
            }
            Err(why) => wrong.push(why),
        }
    }
    scene.bench.say(&format!("{how}: {failed} failures and {succeeded} successes at {} calls", points.len()));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), points.len(), wrong.join("\n"));
    assert!(failed >= 40, "{failed}");
}
