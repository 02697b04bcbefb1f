//! The host is killed, or a call fails, at each system call of a verb on snapshots that changes something.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::needs::Need;

use super::{content, findings};
use crate::faults::bench::{Bench, leftovers};
use crate::faults::tracer::{Point, points};
use crate::matrix::{Broken, Cases, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    let needs = &[Need::Strace];
    vec![
        trial("backup::killed_at_each_call_of_init", needs, || Scene::new(Verb::Init).break_all(KILL)),
        trial("backup::killed_at_each_call_of_create", needs, || Scene::new(Verb::Create).break_all(KILL)),
        trial("backup::killed_at_each_call_of_restore", needs, || Scene::new(Verb::Restore).break_all(KILL)),
        trial("backup::killed_at_each_call_of_a_replacement", needs, || {
            Scene::new(Verb::Replace).break_all(KILL);
        }),
        trial("backup::killed_at_each_call_of_forget", needs, || Scene::new(Verb::Forget).break_all(KILL)),
        trial("backup::killed_at_each_call_of_prune", needs, || Scene::new(Verb::Prune).break_all(KILL)),
        trial("backup::an_input_or_output_error_at_each_call_of_create", needs, || {
            Scene::new(Verb::Create).break_all("error=EIO");
        }),
        trial("backup::no_space_left_at_each_call_of_restore", needs, || {
            Scene::new(Verb::Restore).break_all("error=ENOSPC");
        }),
    ]
}

const KILL: &str = "signal=KILL";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Init,
    Create,
    Restore,
    Replace,
    Forget,
    Prune,
}

/// A folder with a data root, a repository with an older snapshot, and what a restore made.
struct Scene {
    bench: Bench,
    template: PathBuf,
    verb: Verb,
    /// The older snapshot.
    first: String,
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

impl Scene {
    fn new(verb: Verb) -> Self {
        let bench = Bench::new();
        let template = bench.fresh_root();
        std::fs::create_dir(&template).unwrap();
        let mut scene = Self { bench, template, verb, first: String::new() };
        scene.prepare("one");
        if verb == Verb::Init {
            return scene;
        }
        let repository = text(&scene.template.join("backup"));
        let backup = |verb: &str| {
            let arguments = ["backup", verb, "--repository", &repository];
            let (code, answer) = scene.bench.run_json(&scene.template.join("data"), &arguments);
            assert_eq!(code, Some(0), "{answer:#}");
            answer
        };
        backup("init");
        let first = backup("create").pointer("/data/id").and_then(Value::as_str).unwrap().to_owned();
        if matches!(verb, Verb::Forget | Verb::Prune) {
            for name in ["two", "three"] {
                scene.prepare(name);
                backup("create");
            }
        }
        if verb == Verb::Prune {
            let arguments = ["backup", "forget", "--keep-last", "1", "--repository", &repository];
            let _ = scene.bench.run(&scene.template.join("data"), &arguments).success();
        }
        if verb == Verb::Create {
            scene.prepare("two");
        }
        if verb == Verb::Replace {
            // Another data root, so that every part is exchanged.
            let target = scene.template.join("target");
            let arguments =
                ["prepare", "--isolation", "in-process", "--plugin", "light_curve", "--name", "elsewhere"];
            let _ = scene.bench.run(&target, &arguments).success();
        }
        scene.first = first;
        scene
    }

    fn prepare(&self, name: &str) {
        let arguments = ["prepare", "--isolation", "in-process", "--plugin", "light_curve", "--name", name];
        let _ = self.bench.run(&self.template.join("data"), &arguments).success();
    }

    fn arguments(&self, case: &Path) -> Vec<String> {
        let target = text(&case.join("target"));
        let verb: &[&str] = match self.verb {
            Verb::Init => &["init"],
            Verb::Create => &["create"],
            Verb::Restore => &["restore", "latest", "--only", "derived,registry", "--target", &target],
            Verb::Replace => {
                &["restore", "latest", "--only", "derived,registry", "--yes", "--target", &target]
            }
            Verb::Forget => &["forget", "--keep-last", "1"],
            Verb::Prune => &["prune"],
        };
        let words = ["backup"].iter().chain(verb).map(|word| (*word).to_owned());
        words.chain(["--repository".to_owned(), text(&case.join("backup"))]).collect()
    }

    fn run(&self, case: &Path, arguments: &[String]) -> (Option<i32>, Value) {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.bench.run_json(&case.join("data"), &arguments)
    }

    fn backup(&self, case: &Path, verb: &[&str]) -> (Option<i32>, Value) {
        let repository = text(&case.join("backup"));
        let words = [&["backup"], verb, &["--repository", &repository]].concat();
        self.bench.run_json(&case.join("data"), &words)
    }

    /// Breaks every call in the folder of the scene.
    fn break_all(&self, how: &str) {
        let case = self.bench.copy(&self.template);
        let arguments = self.arguments(&case);
        let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (points, _) = points(&self.bench, &case.join("data"), &borrowed);
        let case = text(&case);
        // Calls on the terminal and on files elsewhere change nothing here.
        let points: Vec<Point> = points.into_iter().filter(|point| point.line.contains(&case)).collect();
        let fault = how.split('=').next_back().unwrap();
        let mut cases = Cases::of("I2", format!("{:?} {fault}", self.verb).to_lowercase());
        for point in &points {
            cases.run(&point.name(), || self.interrupt(point, how));
        }
        self.bench.say(&format!("{:?}: {how} at {} calls", self.verb, points.len()));
        cases.finish(5);
    }

    fn interrupt(&self, point: &Point, how: &str) -> Result<(), Broken> {
        let case = self.bench.copy(&self.template);
        let flags = point.flags(how);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let arguments = self.arguments(&case);
        let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let outcome = self.bench.traced(&flags, &case.join("data"), &borrowed);
        let told = |why: String| format!("{how} at {}\n  ended with {outcome:?}\n  {why}", point.line);
        let demand = |wrong, holds, why: &dyn Fn() -> String| demand(wrong, holds, || told(why()));
        let code = outcome.code;
        let expected = if how == KILL { code.is_none() } else { matches!(code, Some(0 | 18 | 19)) };
        demand(Wrong::Died, expected, &|| "an exit code that nobody expects".to_owned())?;

        // What was there before is there, and whole.
        if self.verb != Verb::Init {
            let (code, checked) = self.backup(&case, &["check"]);
            demand(Wrong::Torn, code == Some(0), &|| format!("check: {checked:#}"))?;
        }
        if !matches!(self.verb, Verb::Init | Verb::Forget | Verb::Prune) {
            let (code, verified) = self.backup(&case, &["verify", &self.first]);
            demand(Wrong::Lost, code == Some(0), &|| format!("the older snapshot: {verified:#}"))?;
        }
        if self.verb == Verb::Restore && case.join("target").exists() {
            let (code, checked) = self.bench.run_json(&case.join("target"), &["check"]);
            demand(Wrong::Torn, code == Some(0), &|| format!("half a target: {checked:#}"))?;
        }

        // The same again comes to its end, and leaves nothing behind.
        if self.verb == Verb::Restore && case.join("target").exists() {
            std::fs::remove_dir_all(case.join("target")).unwrap();
        }
        let (code, again) = self.run(&case, &arguments);
        demand(Wrong::Diverged, code == Some(0), &|| format!("a rerun: {again:#}"))?;
        if self.verb == Verb::Init {
            self.backup(&case, &["create"]);
        }
        if matches!(self.verb, Verb::Restore | Verb::Replace) {
            let (code, checked) = self.bench.run_json(&case.join("target"), &["check"]);
            demand(Wrong::Diverged, code == Some(0), &|| format!("the restored: {checked:#}"))?;
            let said = |root: &str| {
                let mut files = content(&case.join(root));
                // Where there was a log before, a line of the new one tells that it was replaced.
                files.retain(|path, _| self.verb == Verb::Restore || !path.starts_with("registry/audit"));
                files
            };
            let same = said("target") == said("data");
            let (code, audit) = self.bench.run_json(&case.join("target"), &["audit", "verify"]);
            demand(Wrong::Torn, code == Some(0), &|| format!("the audit log: {audit:#}"))?;
            demand(Wrong::Diverged, same, &|| "other content was restored".to_owned())?;
        } else {
            let (code, drilled) = self.backup(&case, &["drill"]);
            demand(Wrong::Diverged, code == Some(0), &|| format!("a drill: {drilled:#}"))?;
        }
        let (code, pruned) = self.backup(&case, &["prune"]);
        demand(Wrong::Diverged, code == Some(0), &|| format!("prune: {pruned:#}"))?;
        let (code, checked) = self.backup(&case, &["check"]);
        let found = findings(&checked);
        demand(Wrong::Diverged, code == Some(0) && found.is_empty(), &|| format!("afterwards: {found:?}"))?;
        let mut left = leftovers(&case);
        left.retain(|path| !path.starts_with("data/logs"));
        demand(Wrong::Diverged, left.is_empty() || how != KILL, &|| format!("left behind: {left:?}"))?;
        std::fs::remove_dir_all(&case).unwrap();
        Ok(())
    }
}
