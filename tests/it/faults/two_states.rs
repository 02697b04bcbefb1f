//! Commands that leave the registry alone: what they write is as it was or as it will be, whatever interrupts them.

use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::needs::Need;
use tests::tree;

use super::bench::leftovers;
use super::scene::{KILL, Scene};
use super::tracer::{Point, points};
use crate::matrix::{Broken, Cases, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    let needs = &[Need::Strace];
    vec![
        trial("faults::killed_at_each_call_of_an_export", needs, || EXPORT.break_all("A1", KILL)),
        trial("faults::killed_at_each_call_of_a_change_of_settings", needs, || SETTING.break_all("A1", KILL)),
        trial("faults::an_input_or_output_error_at_each_call_of_an_export", needs, || {
            EXPORT.break_all("B1", "error=EIO");
        }),
        trial("faults::no_space_left_at_each_call_of_an_export", needs, || {
            EXPORT.break_all("B1", "error=ENOSPC");
        }),
    ]
}

/// A command, and what can be seen of its work.
struct Deed {
    stage: &'static str,
    /// `ROOT` stands for the data root.
    arguments: &'static [&'static str],
    /// Pieces of the work; each is there as a whole or not at all.
    pieces: fn(&Scene, &Path) -> Vec<String>,
}

const EXPORT: Deed = Deed {
    stage: "export",
    arguments: &["export", "kept", "--format", "csv", "--output", "ROOT/exports"],
    pieces: |_, root| {
        let mut files = tree(&root.join("exports"));
        files.retain(|path, _| !path.to_string_lossy().contains(".tmp-"));
        files.iter().map(|(path, bytes)| format!("{} {bytes:?}", path.display())).collect()
    },
};

/// The only setting that the host itself writes.
const SETTING: Deed = Deed {
    stage: "maintenance",
    arguments: &["maintenance", "on", "--reason", "a new disk"],
    pieces: |scene, root| {
        let (code, status) = scene.bench.run_json(root, &["maintenance", "status"]);
        let reason = status.pointer("/data/maintenance/reason").and_then(Value::as_str);
        let told = reason.map(str::to_owned).or_else(|| (code != Some(0)).then(|| status.to_string()));
        told.into_iter().collect()
    },
};

impl Deed {
    fn arguments(&self, root: &Path) -> Vec<String> {
        let root = root.to_str().unwrap();
        self.arguments.iter().map(|argument| argument.replace("ROOT", root)).collect()
    }

    fn break_all(&self, row: &str, how: &str) {
        let scene = Scene::new(&[&["--name", "kept"]], &["--name", "kept"]);
        let root = scene.bench.copy(&scene.template);
        let arguments = self.arguments(&root);
        let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (points, _) = points(&scene.bench, &root, &borrowed);
        let done = (self.pieces)(&scene, &root);
        assert!(!done.is_empty());
        let fault = how.strip_prefix("error=").map(|errno| format!(" {errno}")).unwrap_or_default();
        let mut cases = Cases::of(row, [self.stage, &fault].concat());
        for point in points.iter().filter(|point| point.in_root) {
            cases.run(&point.name(), || {
                self.interrupt(&scene, point, how, &done).map_err(|broken| Broken {
                    why: format!("{how} at {}: {}", point.line, broken.why),
                    ..broken
                })
            });
        }
        scene.bench.say(&format!("{}: {how}", self.stage));
        cases.finish(10);
    }

    fn interrupt(&self, scene: &Scene, point: &Point, how: &str, done: &[String]) -> Result<(), Broken> {
        let root = scene.bench.copy(&scene.template);
        let arguments = self.arguments(&root);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let flags = point.flags(how);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let outcome = scene.bench.traced(&flags, &root, &arguments);
        let code = outcome.code;
        let killed = how == KILL;
        let missed = killed && code.is_some();
        demand(Wrong::Missed, !missed, || format!("{outcome:?}"))?;
        demand(Wrong::Died, killed || matches!(code, Some(0 | 18)), || format!("{outcome:?}"))?;
        let pieces = (self.pieces)(scene, &root);
        let whole = pieces.iter().all(|piece| done.contains(piece));
        demand(Wrong::Torn, whole, || format!("after {outcome:?} there is {pieces:?}"))?;
        demand(Wrong::Lost, code != Some(0) || pieces == done, || format!("{outcome:?} {pieces:?}"))?;
        let (checked, items) = scene.bench.check(&root);
        demand(Wrong::Torn, checked == Some(0), || format!("check: {items:?}"))?;
        // Already done is as good.
        let again = scene.bench.run(&root, &arguments);
        let pieces = (self.pieces)(scene, &root);
        let same = matches!(again.code, Some(0)) && pieces == done;
        demand(Wrong::Diverged, same, || format!("again: {again:?}, {pieces:?}"))?;
        let mut left = leftovers(&root);
        left.retain(|path| !path.starts_with("logs"));
        demand(Wrong::Diverged, left.is_empty() || !killed, || format!("left behind: {left:?}"))?;
        std::fs::remove_dir_all(&root).unwrap();
        Ok(())
    }
}
