//! The host is killed, or a call fails, at each system call of `gc` and `repair` that changes something.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::needs::Need;
use tests::tree;

use crate::faults::bench::{Bench, leftovers};
use crate::faults::tracer::{Point, points};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    let needs = &[Need::Strace];
    vec![
        trial("gc::killed_at_each_call", needs, || Scene::new(Verb::Collect).break_all(KILL)),
        trial("gc::an_input_or_output_error_at_each_call", needs, || {
            Scene::new(Verb::Collect).break_all("error=EIO");
        }),
        trial("repair::killed_at_each_call", needs, || Scene::new(Verb::Repair).break_all(KILL)),
        trial("repair::killed_at_each_call_a_respelt_record_is_never_gone", needs, || {
            Scene::new(Verb::Respell).break_all(KILL);
        }),
        trial("repair::no_space_left_at_each_call", needs, || {
            Scene::new(Verb::Repair).break_all("error=ENOSPC");
        }),
    ]
}

const KILL: &str = "signal=KILL";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Collect,
    Repair,
    /// Without a snapshot: what it is made of is the damaged record alone.
    Respell,
}

/// A data root with something to remove or to repair.
struct Scene {
    bench: Bench,
    template: PathBuf,
    repository: PathBuf,
    verb: Verb,
    /// What each name stands for.
    current: Vec<(Value, Value)>,
}

impl Scene {
    fn new(verb: Verb) -> Self {
        let bench = Bench::new();
        let template = bench.fresh_root();
        let prepare = |root: &Path, name: &str, magnitude: &str| {
            let parameter = format!("reference_magnitude={magnitude}");
            let arguments =
                ["prepare", "--isolation", "in-process", "--plugin", "light_curve", "--name", name];
            let _ = bench.run(root, &[&arguments[..], &["--param", &parameter]].concat()).success();
        };
        for (name, magnitude) in [("one", "10"), ("one", "11"), ("one", "12"), ("other", "13")] {
            prepare(&template, name, magnitude);
        }
        let repository = bench.path("home/.pbuf/backup");
        if verb == Verb::Repair {
            let _ = bench.run(&template, &["backup", "init"]).success();
            let _ = bench.run(&template, &["backup", "create"]).success();
            let elsewhere = bench.fresh_root();
            prepare(&elsewhere, "one", "14");
            let orphan = folders(&elsewhere).remove(0);
            tests::copy_folder(&elsewhere.join(&orphan), &template.join(&orphan));
            std::fs::remove_dir_all(&elsewhere).unwrap();
        }
        let current = current(&bench, &template);
        if verb == Verb::Repair {
            super::flip(&template.join(&folders(&template)[0]).join("data.parquet"));
            std::fs::remove_file(template.join("registry/derived/other/00000001.json")).unwrap();
            super::write(&template.join("derived/notes.txt"), b"mine");
        }
        if verb == Verb::Respell {
            let record = template.join("registry/derived/other/00000001.json");
            let text = std::fs::read_to_string(&record).unwrap();
            super::write(&record, text.replace('\n', "\r\n").as_bytes());
        }
        Self { bench, template, repository, verb, current }
    }

    fn arguments(&self) -> &'static [&'static str] {
        match self.verb {
            Verb::Collect => &["registry", "gc", "--older-than", "0s"],
            Verb::Repair => &["registry", "repair", "--from-backup", "--yes"],
            Verb::Respell => &["registry", "repair", "--yes"],
        }
    }

    fn break_all(&self, how: &str) {
        let case = self.bench.copy(&self.template);
        let (points, _) = points(&self.bench, &case, self.arguments());
        let points: Vec<Point> = points.into_iter().filter(|point| point.in_root).collect();
        let wrong: Vec<String> = points.iter().filter_map(|point| self.interrupt(point, how).err()).collect();
        self.bench.say(&format!("{:?}: {how} at {} calls", self.verb, points.len()));
        assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), points.len(), wrong.join("\n"));
        assert!(points.len() >= 20, "only {} calls", points.len());
        assert!(self.verb != Verb::Repair || self.repository.is_dir());
    }

    fn interrupt(&self, point: &Point, how: &str) -> Result<(), String> {
        let case = self.bench.copy(&self.template);
        let flags = point.flags(how);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let outcome = self.bench.traced(&flags, &case, self.arguments());
        let told = |why: String| format!("{how} at {}\n  ended with {outcome:?}\n  {why}", point.line);
        let demand = |holds: bool, why: &dyn Fn() -> String| if holds { Ok(()) } else { Err(told(why())) };
        let expected =
            if how == KILL { outcome.code.is_none() } else { matches!(outcome.code, Some(0 | 18 | 19)) };
        demand(expected, &|| "an exit code that nobody expects".to_owned())?;

        // Nothing is lost that was not to go, and at no moment is the registry worse than it was.
        let (_, items) = self.bench.check(&case);
        let damage: Vec<&Value> = items.iter().filter(|item| item["severity"] == "damage").collect();
        match self.verb {
            Verb::Collect => demand(damage.is_empty(), &|| format!("check: {damage:#?}"))?,
            Verb::Repair => demand(damage.len() <= 4, &|| format!("check: {damage:#?}"))?,
            Verb::Respell => demand(damage.len() <= 1, &|| format!("check: {damage:#?}"))?,
        }

        // The same again comes to its end, and what was current is so.
        let (code, again) = self.bench.run_json(&case, self.arguments());
        demand(code == Some(0), &|| format!("a rerun: {again:#}"))?;
        let (code, items) = self.bench.check(&case);
        let harmless = items.iter().all(|item| item["kind"] == "quarantined");
        demand(code == Some(0) && harmless, &|| format!("afterwards: {items:#?}"))?;
        let current = current(&self.bench, &case);
        demand(current == self.current, &|| format!("current is {current:?}"))?;
        let versions = folders(&case).len();
        let expected = match self.verb {
            Verb::Collect => 2,
            Verb::Repair => 5,
            Verb::Respell => 4,
        };
        demand(versions == expected, &|| format!("{versions} versions"))?;
        let mine = tree(&case).values().filter(|bytes| bytes.as_slice() == b"mine").count();
        demand(mine == usize::from(self.verb == Verb::Repair), &|| "a file was deleted".to_owned())?;
        let untold = self.untold(&case);
        demand(untold.is_empty(), &|| format!("the audit log does not tell of {untold:?}"))?;
        let audit = self.bench.run(&case, &["audit", "verify"]);
        demand(audit.code == Some(0), &|| format!("audit: {audit:?}"))?;
        let mut left = leftovers(&case);
        left.retain(|path| !path.starts_with("logs"));
        demand(left.is_empty(), &|| format!("left behind: {left:?}"))?;
        std::fs::remove_dir_all(&case).unwrap();
        Ok(())
    }

    /// What was done and the audit log does not tell of.
    fn untold(&self, root: &Path) -> Vec<String> {
        let (_, list) = self.bench.run_json(root, &["audit", "list"]);
        let entries = list.pointer("/data/entries").and_then(Value::as_array).unwrap();
        let folders = ["derived", "registry"].map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
        let names = folders.into_iter().flatten();
        let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let aside = names.filter(|name| name.starts_with(".quarantine-"));
        let actions: &[&str] = match self.verb {
            Verb::Collect => &["gc"],
            Verb::Repair => &["repair", "repair-record", "adopt"],
            Verb::Respell => &["repair-record"],
        };
        let told = |what: &String| {
            let tells = |entry: &Value| match what.strip_prefix('.') {
                Some(_) => entry["details"].to_string().contains(what),
                None => entry["action"] == what.as_str(),
            };
            entries.iter().any(tells)
        };
        aside.chain(actions.iter().map(|&action| action.to_owned())).filter(|what| !told(what)).collect()
    }
}

fn current(bench: &Bench, root: &Path) -> Vec<(Value, Value)> {
    let (_, list) = bench.run_json(root, &["list", "--all"]);
    let rows = list.pointer("/data/datasets").and_then(Value::as_array).unwrap();
    rows.iter().map(|row| (row["name"].clone(), row["version"].clone())).collect()
}

/// Folders of versions, relative to the data root.
fn folders(root: &Path) -> Vec<PathBuf> {
    let files = tree(root).into_keys();
    let documents = files.filter(|path| {
        path.starts_with("derived")
            && path.ends_with("dataset.json")
            && !path.to_string_lossy().contains(".quarantine-")
    });
    documents.map(|path| path.parent().unwrap().to_owned()).collect()
}
