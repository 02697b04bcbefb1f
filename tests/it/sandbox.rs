//! What a worker can do and what it cannot, and when it is used again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::needs::Need;
use tests::{Outcome, Sandbox, copy_host, fixture, host};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("sandbox::every_forbidden_thing_is_refused", &[], forbidden),
        trial("sandbox::the_same_attempts_succeed_where_nothing_confines", &[], unconfined),
        trial("sandbox::what_a_derivation_needs_is_allowed", &[], allowed),
        trial("sandbox::a_descriptor_that_the_caller_left_open_is_closed", &[], inherited),
        trial("sandbox::the_record_says_what_was_in_force", &[], recorded),
        trial("sandbox::a_missing_mechanism_is_recorded_and_refused_on_demand", &[Need::Strace], missing),
        trial("sandbox::a_check_of_the_suite_is_as_confined_as_a_derivation", &[Need::Strace], suite),
        trial("sandbox::inside_the_host_counts_as_unconfined", &[], inside),
        trial("sandbox::a_batch_of_one_module_starts_one_worker_per_thread", &[], kept),
        trial("sandbox::a_crash_in_a_batch_fails_its_own_dataset_only", &[], crash),
        trial("sandbox::a_refused_parameter_does_not_cost_the_worker", &[], refused_parameter),
        trial("sandbox::a_worker_with_something_left_behind_is_not_used_again", &[], leftovers),
        trial("sandbox::a_worker_that_grows_is_replaced_before_it_fails", &[], growing),
        trial("sandbox::what_one_derivation_printed_is_not_in_the_error_of_the_next", &[], printed),
        trial("sandbox::other_limits_or_another_module_get_their_own_worker", &[], modules),
        trial("sandbox::a_worker_whose_module_keeps_its_result_mapped_ends", &[], mapped),
        trial("sandbox::verify_compares_two_fresh_workers", &[], verify),
        trial("sandbox::the_folder_of_a_killed_host_is_removed_by_the_next", &[], abandoned),
        trial("sandbox::a_host_that_was_replaced_meanwhile_still_starts_workers", &[], replaced),
        trial("sandbox::a_module_that_starts_threads_without_end_is_stopped", &[], threads),
    ]
}

/// A sandbox whose workers have their folders where they can be counted.
struct Scene {
    sandbox: Sandbox,
}

impl Scene {
    fn new() -> Self {
        let sandbox = Sandbox::new().with_plugins(fixture::prober());
        std::fs::create_dir(sandbox.path("temporary")).unwrap();
        Self { sandbox }
    }

    fn victim(&self) -> PathBuf {
        self.sandbox.write("victim.txt", "not yours")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.env("TMPDIR", self.sandbox.path("temporary"));
        command
    }

    /// Runs the host and demands that no worker's folder is left.
    fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = Outcome::of(&mut self.command(arguments));
        let left: Vec<PathBuf> = std::fs::read_dir(self.sandbox.path("temporary"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(left.is_empty(), "{arguments:?} left {left:?}");
        outcome
    }

    /// Prepares a dataset and returns the error numbers by what was tried.
    fn probe(&self, probes: &str, isolation: &str) -> BTreeMap<String, i32> {
        let (victim, probes) = (format!("victim={}", self.victim().display()), format!("probes={probes}"));
        let arguments =
            ["prepare", "--plugin", "prober", "--name", "probed", "--isolation", isolation, "--param"];
        let _ = self.run(&[&arguments[..], &[&victim, "--param", &probes]].concat()).success();
        self.answers("probed")
    }

    fn answers(&self, name: &str) -> BTreeMap<String, i32> {
        let folder = self.sandbox.path(&format!("exported-{name}"));
        let output = folder.to_str().unwrap();
        let _ = self.run(&["export", name, "--format", "csv", "--output", output]).success();
        let files = tests::tree(&folder);
        let (_, text) = files.iter().find(|(path, _)| path.to_string_lossy().contains("answers")).unwrap();
        let text = std::str::from_utf8(text).unwrap();
        let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
        rows.map(|row| {
            let (name, number) = row.rsplit_once(',').unwrap();
            (name.to_owned(), number.split('.').next().unwrap().parse().unwrap())
        })
        .collect()
    }

    /// How a registered dataset was derived.
    fn derivation(&self, name: &str) -> Value {
        let shown = self.run(&["show", name, "--json"]).success();
        let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
        shown.pointer("/data/record/execution/derivation").unwrap_or_else(|| panic!("{shown:#}")).clone()
    }

    fn worker(&self, name: &str) -> Worker {
        let derivation = self.derivation(name);
        let number = |field: &str| derivation["worker"][field].as_u64().unwrap();
        Worker { process: number("process"), before: number("derivations_before") }
    }

    /// Writes a manifest of the module's datasets, each with a deed, and prepares them in this order.
    fn batch(&self, deeds: &[(&str, &str)], more: &[&str]) -> (Outcome, Value) {
        let entries: Vec<String> = deeds
            .iter()
            .map(|(name, deed)| {
                let parameters = format!(r#"{{ "deed": "{deed}", "label": "{name}" }}"#);
                format!(r#""{name}": {{ "module": "prober", "parameters": {parameters} }}"#)
            })
            .collect();
        let text = format!(r#"{{ "schema": "host.datasets/1", "datasets": {{ {} }} }}"#, entries.join(", "));
        let manifest = self.sandbox.write("datasets.json", text);
        let mut arguments = vec!["prepare", "--json", "--force", "--manifest", manifest.to_str().unwrap()];
        arguments.extend(more);
        arguments.extend(deeds.iter().map(|(name, _)| name));
        let outcome = self.run(&arguments);
        let report = serde_json::from_str(&outcome.stdout).unwrap();
        (outcome, report)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Worker {
    process: u64,
    before: u64,
}

const NOT_PERMITTED: i32 = 1;
const BAD_DESCRIPTOR: i32 = 9;
const ACCESS_DENIED: i32 = 13;
const NO_SUCH_CALL: i32 = 38;

fn forbidden() {
    let scene = Scene::new();
    let answers = scene.probe("forbidden", "process");
    assert!(answers.len() > 80, "{answers:?}");
    let allowed: Vec<_> = answers
        .iter()
        .filter(|(_, errno)| ![NOT_PERMITTED, ACCESS_DENIED, NO_SUCH_CALL].contains(errno))
        .collect();
    assert!(allowed.is_empty(), "{allowed:?}");
    for (what, errno) in [
        ("read /etc/passwd", ACCESS_DENIED),
        ("constructor reads /etc/passwd", ACCESS_DENIED),
        ("read its environment", ACCESS_DENIED),
        ("write outside", ACCESS_DENIED),
        ("remove a file", ACCESS_DENIED),
        ("change a file's rights", NOT_PERMITTED),
        ("connect by TCP", NOT_PERMITTED),
        ("fork", NOT_PERMITTED),
        ("clone3", NO_SUCH_CALL),
        ("signal the host", NOT_PERMITTED),
        ("a call of another interface", NO_SUCH_CALL),
    ] {
        assert_eq!(answers.get(what), Some(&errno), "{what}");
    }
    assert_eq!(std::fs::read_to_string(scene.victim()).unwrap(), "not yours");
}

/// Without this the attempts might fail for reasons of their own.
fn unconfined() {
    let scene = Scene::new();
    let answers = scene.probe("files-and-sockets", "in-process");
    // An ordinary user may not give files away.
    let failed: Vec<_> =
        answers.iter().filter(|(what, errno)| **errno != 0 && *what != "change a file's owner").collect();
    assert!(failed.is_empty() && answers.len() > 25, "{failed:?}");
    assert_eq!(answers["constructor reads /etc/passwd"], 0);
}

fn allowed() {
    let scene = Scene::new();
    let mut answers = scene.probe("allowed", "process");
    assert_eq!(answers.remove("constructor reads /etc/passwd"), Some(ACCESS_DENIED));
    let refused: Vec<_> = answers.iter().filter(|(_, errno)| **errno != 0).collect();
    assert!(refused.is_empty() && answers.len() >= 15, "{refused:?}");
}

fn inherited() {
    let scene = Scene::new();
    let prepare = ["prepare", "--plugin", "prober", "--param", "probes=inherited", "--name"];
    for (name, isolation, errno) in [("worker", "process", BAD_DESCRIPTOR), ("inside", "in-process", 0)] {
        let command = scene.command(&[&prepare[..], &[name, "--isolation", isolation]].concat());
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec 9</etc/passwd; exec \"$@\"", "sh"]).arg(command.get_program());
        shell.args(command.get_args()).env_clear().current_dir(command.get_current_dir().unwrap());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let _ = Outcome::of(&mut shell).success();
        assert_eq!(scene.answers(name)["read descriptor 9"], errno, "{isolation}");
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn recorded() {
    let scene = Scene::new();
    let _ = scene.run(&["prepare", "--plugin", "prober", "--name", "confined"]).success();
    let confinement = scene.derivation("confined")["confinement"].clone();
    let missing = texts(&confinement["missing"]);
    let level = if missing.is_empty() { "full" } else { "partial" };
    assert_eq!(confinement["level"], level, "{confinement:#}");
    for mechanism in ["no-new-privileges", "landlock-files", "system-call-filter", "address-space-limit"] {
        assert!(texts(&confinement["applied"]).contains(&mechanism), "{confinement:#}");
    }
    let arguments = ["prepare", "--plugin", "prober", "--name", "inside", "--isolation", "in-process"];
    let _ = scene.run(&arguments).success();
    let derivation = scene.derivation("inside");
    assert_eq!(derivation["confinement"]["level"], "none");
    assert_eq!(texts(&derivation["confinement"]["missing"]), ["process"]);
    assert!(texts(&derivation["confinement"]["applied"]).is_empty() && derivation.get("worker").is_none());
}

/// Runs the host on a system without Landlock, as far as a worker can see.
fn without_landlock(scene: &Scene, demanded: &str, arguments: &[&str]) -> Outcome {
    let mut command = Command::new("strace");
    let inject = "inject=landlock_create_ruleset:error=EOPNOTSUPP";
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", inject]).arg(host());
    scene.sandbox.prepare(&mut command);
    command.env("PBUF_PROCESSING_CONFINEMENT", demanded);
    Outcome::of(command.args(arguments))
}

fn suite() {
    let scene = Scene::new();
    let name = format!("{}light_curve{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = fixture::example().join(name);
    let test = ["plugin", "test", library.to_str().unwrap()];
    let _ = without_landlock(&scene, "full", &test).failure(
        12,
        &["`light_curve` was not loaded: its confinement would be partial", "missing here: landlock-files"],
    );
    let outcome = without_landlock(&scene, "partial", &test).success();
    assert!(outcome.stdout.contains("confined: partial, without landlock-files"), "{outcome:?}");
    let confinement = scene.sandbox.json(test).pointer("/data/confinement").unwrap().clone();
    assert!(texts(&confinement["applied"]).contains(&"landlock-files"), "{confinement:#}");
    let level = if texts(&confinement["missing"]).is_empty() { "full" } else { "partial" };
    assert_eq!(confinement["level"], level, "{confinement:#}");
}

fn missing() {
    let scene = Scene::new();
    let run = |name: &str, demanded: &str| {
        without_landlock(&scene, demanded, &["prepare", "--plugin", "prober", "--name", name])
    };
    let _ = run("demanded", "full").failure(
        12,
        &[
            "module `prober` was not loaded: its confinement would be partial",
            "`processing.confinement` demands full",
            "missing here: landlock-files, landlock-network, landlock-signals-and-sockets",
            "PBUF_PROCESSING_CONFINEMENT=partial",
        ],
    );
    let _ = scene.run(&["show", "demanded"]).failure(2, &["demanded"]);
    let _ = run("not-demanded", "partial").success();
    let confinement = scene.derivation("not-demanded")["confinement"].clone();
    assert_eq!(confinement["level"], "partial", "{confinement:#}");
    assert!(texts(&confinement["missing"]).contains(&"landlock-files"), "{confinement:#}");
    assert!(!texts(&confinement["applied"]).contains(&"landlock-files"), "{confinement:#}");
    assert_eq!(scene.answers("not-demanded")["constructor reads /etc/passwd"], 0);
}

fn inside() {
    let scene = Scene::new();
    for demanded in ["partial", "full"] {
        let arguments = ["prepare", "--plugin", "prober", "--name", "x", "--isolation", "in-process"];
        let outcome = Outcome::of(scene.command(&arguments).env("PBUF_PROCESSING_CONFINEMENT", demanded));
        let _ = outcome.failure(
            12,
            &["its confinement would be none", &format!("demands {demanded}"), "--isolation process"],
        );
    }
    let _ = scene.run(&["show", "x"]).failure(2, &["x"]);
}

fn kept() {
    let scene = Scene::new();
    let names = ["one", "two", "three", "four", "five", "six"];
    let deeds = names.map(|name| (name, "nothing"));
    let (outcome, _) = scene.batch(&deeds, &["--jobs", "1"]);
    let _ = outcome.success();
    let workers = names.map(|name| scene.worker(name));
    assert!(workers.iter().all(|worker| worker.process == workers[0].process), "{workers:?}");
    assert_eq!(workers.map(|worker| worker.before), [0, 1, 2, 3, 4, 5]);
    // What the module itself keeps is its own affair: it counts its calls.
    assert_eq!(scene.answers("six")["calls"], 6);
    let scene = Scene::new();
    let (outcome, _) = scene.batch(&deeds, &["--jobs", "2"]);
    let _ = outcome.success();
    let processes: BTreeSet<u64> = names.iter().map(|name| scene.worker(name).process).collect();
    assert!((1..=2).contains(&processes.len()), "{processes:?}");
}

fn statuses(report: &Value) -> Vec<&str> {
    let datasets = report.pointer("/data/datasets").unwrap().as_array().unwrap();
    datasets.iter().map(|dataset| dataset["status"].as_str().unwrap()).collect()
}

fn crash() {
    let scene = Scene::new();
    let deeds = [("a", "nothing"), ("b", "abort"), ("c", "nothing"), ("d", "nothing")];
    let (outcome, report) = scene.batch(&deeds, &["--jobs", "1"]);
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    assert_eq!(statuses(&report), ["prepared", "failed", "prepared", "prepared"]);
    assert_eq!(report.pointer("/data/datasets/1/error/code").unwrap(), "plugin-crashed");
    let [first, second, third] = ["a", "c", "d"].map(|name| scene.worker(name));
    assert!(first.process != second.process && second.process == third.process);
    assert_eq!([first.before, second.before, third.before], [0, 0, 1]);
}

fn refused_parameter() {
    let scene = Scene::new();
    let deeds = [("a", "nothing"), ("b", "bad-parameter"), ("c", "nothing")];
    let (outcome, report) = scene.batch(&deeds, &["--jobs", "1"]);
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    assert_eq!(report.pointer("/data/datasets/1/error/code").unwrap(), "bad-input");
    let [first, last] = ["a", "c"].map(|name| scene.worker(name));
    assert_eq!((last.process, last.before), (first.process, 2));
}

fn leftovers() {
    let mut deeds = vec!["file", "thread", "descriptor", "folder", "mask", "signals"];
    deeds.extend(["ignored-signal", "caught-signal", "memory"]);
    if std::thread::available_parallelism().is_ok_and(|count| count.get() > 1) {
        deeds.push("one-processor");
    }
    if cfg!(target_arch = "x86_64") {
        deeds.push("rounding");
    }
    for deed in deeds {
        let scene = Scene::new();
        let flags = ["--jobs", "1", "--max-memory", "1GiB"];
        let (outcome, _) = scene.batch(&[("a", deed), ("b", "nothing"), ("c", "nothing")], &flags);
        let _ = outcome.success();
        let [first, second, third] = ["a", "b", "c"].map(|name| scene.worker(name));
        assert_ne!(first.process, second.process, "{deed}");
        assert_eq!((second.process, second.before, third.before), (third.process, 0, 1), "{deed}");
    }
}

/// What grows with each derivation costs the worker before it costs one of the derivations.
fn growing() {
    let scene = Scene::new();
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let deeds = names.map(|name| (name, "some-memory"));
    let (outcome, _) = scene.batch(&deeds, &["--jobs", "1", "--max-memory", "1GiB"]);
    let _ = outcome.success();
    let before = names.map(|name| scene.worker(name).before);
    assert_eq!(before, [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
}

fn printed() {
    let scene = Scene::new();
    let (outcome, report) = scene.batch(&[("a", "print"), ("b", "abort")], &["--jobs", "1"]);
    assert_eq!(statuses(&report), ["prepared", "failed"]);
    assert!(!outcome.stdout.contains("a secret of the first"), "{outcome:?}");
}

fn modules() {
    let scene = Scene { sandbox: Scene::new().sandbox.with_plugins(fixture::example()) };
    let manifest = r#"{ "schema": "host.datasets/1", "datasets": {
        "a": { "module": "prober" }, "b": { "module": "light_curve" }, "c": { "module": "prober", "parameters": { "label": "c" } }
    } }"#;
    let manifest = scene.sandbox.write("datasets.json", manifest);
    let arguments = ["prepare", "--jobs", "1", "--manifest", manifest.to_str().unwrap(), "a", "b", "c"];
    let _ = scene.run(&arguments).success();
    let [first, other, last] = ["a", "b", "c"].map(|name| scene.worker(name));
    assert_ne!(first.process, other.process);
    assert_eq!((other.before, last.process, last.before), (0, first.process, 1));
}

fn mapped() {
    let scene = Scene::new();
    let (outcome, _) = scene.batch(&[("a", "mapping"), ("b", "nothing")], &["--jobs", "1"]);
    let _ = outcome.success();
    assert_ne!(scene.worker("a").process, scene.worker("b").process);
    let _ = scene.run(&["check"]).success();
}

fn verify() {
    // The module counts its calls, so a worker that served twice would give other bytes.
    let scene = Scene::new();
    let verified = scene.run(&["plugin", "verify", "prober"]).success();
    assert!(verified.stdout.contains("the same bytes"), "{verified:?}");
}

fn abandoned() {
    let scene = Scene::new();
    let hour = std::time::Duration::from_hours(1);
    let folder = |name: &str| {
        let path = scene.sandbox.path("temporary").join(name);
        std::fs::create_dir(&path).unwrap();
        let open = std::fs::File::open(&path).unwrap();
        open.set_modified(std::time::SystemTime::now() - hour).unwrap();
        (path, open)
    };
    let (abandoned, _) = folder("host-worker-abandoned");
    let ((in_use, lock), (other, _)) = (folder("host-worker-in-use"), folder("somebody-else"));
    lock.lock().unwrap();
    let outcome = Outcome::of(&mut scene.command(&["prepare", "--plugin", "prober", "--name", "next"]));
    let _ = outcome.success();
    assert!(!abandoned.exists() && in_use.exists() && other.exists());
}

fn threads() {
    let scene = Scene::new();
    let arguments = ["prepare", "--plugin", "prober", "--name", "many", "--param", "deed=threads"];
    let _ = scene.run(&arguments).failure(15, &["module `prober` starts more than 1000 threads"]);
    let _ = scene.run(&["show", "many"]).failure(2, &["many"]);
}

/// As when a new version is installed over a running service.
fn replaced() {
    let scene = Scene::new();
    let program = scene.sandbox.path("old-host");
    copy_host(&program);
    let host = scene.command(&["prepare", "--plugin", "prober", "--name", "probed"]);
    let mut shell = Command::new("bash");
    shell.args(["-c", "exec 9<\"$0\" && rm \"$0\" && exec /proc/self/fd/9 \"$@\""]).arg(&program);
    shell.args(host.get_args()).env_clear().env("PATH", "/usr/bin:/bin");
    shell.current_dir(scene.sandbox.path("work"));
    let _ = Outcome::of(&mut shell).success();
}
