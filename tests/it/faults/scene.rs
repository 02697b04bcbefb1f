//! One command on one data root: what an undisturbed run gives, and what must hold after a disturbed one.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::bench::{Bench, leftovers};
use super::tracer::{Point, any_points, points};
use crate::matrix::{Broken, Cases, Wrong, demand};

const INSIDE: [&str; 4] = ["prepare", "--isolation", "in-process", "--plugin"];
pub(crate) const KILL: &str = "signal=KILL";
pub(super) const RETIRE: [&str; 4] = ["retire", "kept", "--reason", "wrong magnitudes"];

/// What is interrupted, and what must hold afterwards.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    /// A data root as it is before.
    pub(crate) template: PathBuf,
    pub(crate) arguments: Vec<&'static str>,
    /// The version of the dataset afterwards.
    pub(crate) version: String,
    /// Datasets that are registered afterwards.
    datasets: u64,
    /// Whether `check` may complain before the command is repeated.
    pub(super) damaged: bool,
}

pub(crate) fn prepare<'a>(more: &[&'a str]) -> Vec<&'a str> {
    INSIDE.iter().copied().chain(["light_curve"]).chain(more.iter().copied()).collect()
}

impl Scene {
    /// `before` are the runs that make the template.
    pub(crate) fn new(before: &[&[&'static str]], more: &[&'static str]) -> Self {
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

    pub(crate) fn points(&self) -> (Vec<Point>, usize) {
        points(&self.bench, &self.bench.copy(&self.template), &self.arguments)
    }

    /// Points of any call, also of the worker.
    pub(super) fn any_points(&self) -> Vec<Point> {
        any_points(&self.bench, &self.bench.copy(&self.template), &self.arguments)
    }

    /// Breaks one call and looks at everything afterwards. Gives the exit code, or says what was wrong.
    pub(crate) fn interrupt(&self, point: &Point, how: &str) -> Result<Option<i32>, Broken> {
        let root = self.bench.copy(&self.template);
        let flags = point.flags(how);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let outcome = self.bench.traced(&flags, &root, &self.arguments);
        let told = |broken: Broken| Broken {
            why: format!("{how} at {}: {}\n  ended with {outcome:?}", point.line, broken.why),
            ..broken
        };
        demand(Wrong::Died, !matches!(outcome.code, Some(1 | 101 | 134 | 139)), || "the host".to_owned())
            .map_err(told)?;
        let reported = outcome.code == Some(0) || outcome.stdout.contains(&self.version);
        self.look(&root, reported, how.starts_with("signal=")).map_err(told)?;
        std::fs::remove_dir_all(&root).unwrap();
        Ok(outcome.code)
    }

    /// The same with the end that the fault must bring, by a signal or with one of the codes. Not all that threads do is
    /// in the same order each time: a call that was not reached is tried again.
    pub(super) fn hit(&self, point: &Point, how: &str, codes: &[i32]) -> Result<(), Broken> {
        for _ in 0..3 {
            if self.interrupt(point, how)?.is_none_or(|code| codes.contains(&code)) {
                return Ok(());
            }
        }
        Err(Broken { wrong: Wrong::Missed, why: format!("{how} at {} was not reached", point.line) })
    }

    /// What must hold in a data root in which the command was disturbed: nothing is torn, what was reported is there,
    /// and a repetition comes to the same end. `swept`: whether nothing of it may stay after the next writer.
    pub(crate) fn look(&self, root: &Path, reported: bool, swept: bool) -> Result<(), Broken> {
        let bench = &self.bench;
        let (code, items) = bench.check(root);
        let bearable = match code {
            Some(0) => true,
            Some(10) => !root.join("registry/format.json").exists(),
            Some(19) => self.damaged,
            _ => false,
        };
        demand(Wrong::Torn, bearable, || format!("check ended with {code:?}: {items:?}"))?;
        if code == Some(0) {
            let audit = bench.run(root, &["audit", "verify"]);
            demand(Wrong::Torn, audit.code == Some(0), || format!("audit verify: {audit:?}"))?;
        }
        if reported {
            let path = bench.run(root, &["path", name_of(&self.arguments)]);
            let there = if self.arguments == RETIRE {
                path.code == Some(2) && path.stderr.contains("is retired: wrong magnitudes")
            } else {
                path.code == Some(0) && path.stdout.contains(&self.version)
            };
            demand(Wrong::Lost, there, || format!("what was reported is not there: {path:?}"))?;
        }
        // After a failure that was reported, what could not be removed may stay, as long as it is told of.
        self.repeat(root, swept)?;
        let listed = bench.run(root, &["run", "list", "--limit", "1000"]);
        demand(Wrong::Torn, listed.code == Some(0), || format!("the runs cannot be listed: {listed:?}"))?;
        journal(root)
    }

    /// The same command again comes to the same end, and after the next writer nothing is left of the interruption.
    fn repeat(&self, root: &Path, swept: bool) -> Result<(), Broken> {
        let converges = |holds, why: &dyn Fn() -> String| demand(Wrong::Diverged, holds, why);
        let (code, report) = self.bench.run_json(root, &self.arguments);
        let same = code == Some(0) && version(&report).as_ref() == Some(&self.version);
        converges(same, &|| format!("a repetition gives {report}"))?;
        let items = self.settled(root, self.datasets)?;
        if items.is_empty() {
            return Ok(());
        }
        // An answer from the registry writes nothing, and so it may leave notes. But what it tells of as registered
        // must be so for good: as long as the intent is there, nobody knows that the record is on the disk.
        let notes = items.iter().all(|item| item["severity"] == "note");
        converges(notes, &|| format!("left after a repetition: {items:?}"))?;
        let intent = root.join("registry/audit/pending.json");
        let pending = || "a repetition reports what is still pending".to_owned();
        demand(Wrong::Lost, !intent.exists(), pending)?;
        let witness = prepare(&["--name", "witness"]);
        let added = self.bench.run(root, &witness);
        converges(added.code == Some(0), &|| format!("no other dataset can be added: {added:?}"))?;
        let mut items = self.settled(root, self.datasets + 1)?;
        items.retain(|item| swept || item["kind"] != "leftover");
        let left: Vec<PathBuf> =
            leftovers(root).into_iter().filter(|path| !path.starts_with("logs")).collect();
        let clean = items.is_empty() && (left.is_empty() || !swept);
        converges(clean, &|| format!("left after the next writer: {left:?} {items:?}"))
    }

    /// `check` passes and finds so many datasets. Gives what it notes, but for what had been damaged before.
    fn settled(&self, root: &Path, datasets: u64) -> Result<Vec<Value>, Broken> {
        let (code, report) = self.bench.run_json(root, &["check"]);
        let found = report.pointer("/data/datasets").and_then(Value::as_u64);
        let whole = code == Some(0) && found == Some(datasets);
        demand(Wrong::Diverged, whole, || format!("check after a repetition: {report}"))?;
        let items = report.pointer("/data/items").and_then(Value::as_array);
        let items = items.into_iter().flatten().filter(|item| item["kind"] != "quarantined");
        Ok(items.cloned().collect())
    }

    /// Kills at every `step`-th point and tells how many there were.
    pub(super) fn kill_all(&self, mut cases: Cases, step: usize, fewest: usize) {
        let (points, unreachable) = self.points();
        for point in points.iter().step_by(step) {
            cases.run(&point.name(), || self.hit(point, KILL, &[]));
        }
        let all = points.len() + unreachable;
        self.bench
            .say(&format!("killed at every {step}th of {all} calls, {unreachable} hidden behind others"));
        cases.finish(fewest);
    }
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

/// Every run that could say that it began has one START and, now that somebody has looked, one END.
fn journal(root: &Path) -> Result<(), Broken> {
    for (path, bytes) in tests::tree(&root.join("logs/runs")) {
        let text = String::from_utf8_lossy(&bytes);
        // A line that was cut off tells nothing, and whoever came later knew that.
        let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let count = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
        let (starts, ends) = (count("start"), count("end"));
        demand(Wrong::Torn, starts == ends && starts <= 1, || {
            format!("{}: {starts} START, {ends} END: {text}", path.display())
        })?;
    }
    Ok(())
}
