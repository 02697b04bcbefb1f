//! `host certify`: a good host is certified, and every line of the report is broken once, alone.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use host::certification::LINES;
use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, fixture, repository, tree};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("certify::a_good_host_is_certified_and_its_report_holds", &[], certified),
        trial("certify::every_line_keeps_a_host_from_being_certified", &[], broken),
        trial("certify::a_report_that_was_changed_or_certifies_nothing_does_not_hold", &[], checked),
        trial("certify::whoever_watches_sees_whether_it_is_certified", &[], watched),
        trial("certify::nothing_is_left_in_the_data_root_but_a_report_and_a_line", &[], untouched),
    ]
}

/// A host with one module in its folder, two datasets, and a snapshot of them.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    host: PathBuf,
    /// What the environment says besides: first of all limits that no machine reaches.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl World {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        let folder = sandbox.path("bin");
        std::fs::create_dir(&folder).unwrap();
        let host = folder.join("host");
        // Beside its own copy the host finds no module of the workspace.
        tests::copy_host(&host);
        let mut world = Self { sandbox, host, variables: Vec::new() };
        for limit in ["MEMORY", "DISK_WARNING", "DISK", "CPU"] {
            let name = format!("PBUF_ALERTS_{limit}_PERCENT").leak();
            world.variables.push((name, "100".to_owned()));
        }
        world.take_module(&library(fixture::example()));
        let input = world.sandbox.path("work/star.csv");
        std::fs::copy(repository().join("examples/third-party-module/brightness.csv"), &input).unwrap();
        let table = format!("table={}", input.display());
        let magnitude = "reference_magnitude=12";
        let star =
            ["prepare", "--plugin", "light_curve", "--name", "star", "--input", &table, "--param", magnitude];
        world.success(&star);
        world.success(&["prepare", "--plugin", "light_curve", "--name", "moon"]);
        world.success(&["backup", "init"]);
        world.success(&["backup", "create"]);
        world
    }

    /// Puts a library beside the host, where modules are found.
    fn take_module(&self, library: &Path) {
        std::fs::copy(library, self.host.with_file_name(library.file_name().unwrap())).unwrap();
    }

    fn module(&self) -> PathBuf {
        library(self.host.parent().unwrap())
    }

    /// Lets everybody change the module.
    pub(crate) fn break_module(&self) {
        let open = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(self.module(), open).unwrap();
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(&self.host);
        self.sandbox.prepare(&mut command);
        command.args(arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        Outcome::of(&mut command)
    }

    pub(crate) fn success(&self, arguments: &[&str]) -> String {
        self.run(arguments).success().stdout
    }

    fn certify(&self) -> (Outcome, Value) {
        let outcome = self.run(&["certify", "--json"]);
        let value: Value =
            serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
        (outcome, value["data"].clone())
    }

    /// A file below the data root whose path holds this.
    pub(crate) fn file(&self, part: &str) -> PathBuf {
        file_in(&self.sandbox.data_root(), part)
    }
}

fn library(folder: &Path) -> PathBuf {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == std::env::consts::DLL_EXTENSION))
        .unwrap()
}

pub(crate) fn file_in(folder: &Path, part: &str) -> PathBuf {
    let files = tree(folder).into_keys().map(|file| folder.join(file));
    files.into_iter().find(|file| file.to_string_lossy().contains(part)).unwrap()
}

pub(crate) fn flip(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    overwrite(file, &bytes);
}

#[expect(clippy::disallowed_methods, reason = "damage on purpose")]
fn overwrite(file: &Path, bytes: &[u8]) {
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(file, bytes).unwrap();
}

fn lines(report: &Value) -> &Vec<Value> {
    report["lines"].as_array().unwrap()
}

/// Ids of the lines that are not passed.
fn open(report: &Value) -> Vec<&str> {
    let open = lines(report).iter().filter(|line| line["status"] != "pass");
    open.map(|line| line["id"].as_str().unwrap()).collect()
}

fn certified() {
    let world = World::new();
    let (outcome, report) = world.certify();
    assert_eq!(outcome.code, Some(0), "{report:#}");
    assert_eq!(report["certification_status"], "CERTIFIED");
    let ids: Vec<&str> = lines(&report).iter().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(ids, LINES.iter().map(|line| line.id).collect::<Vec<_>>());
    for line in lines(&report) {
        for field in ["section", "measured", "limit"] {
            assert!(line[field].as_str().is_some_and(|text| !text.is_empty()), "{line:#}");
        }
        assert!(line["status"] == "pass" && line["seconds"].as_f64().is_some(), "{line:#}");
        assert!(line["evidence"].is_array(), "{line:#}");
    }
    let edited = lines(&report).iter().find(|line| line["id"] == "faults.edited-audit").unwrap();
    assert_eq!(edited["measured"], "3 of 3 lines named", "one in the middle is among them: {edited:#}");
    let killed = lines(&report).iter().find(|line| line["id"] == "faults.killed-prepare").unwrap();
    assert!(killed["measured"].as_str().unwrap().contains("nothing torn"), "{killed:#}");

    let said = world.success(&["certify", "--output", "reports", "--valid-days", "7"]);
    assert!(said.contains("\nCERTIFIED until ") && said.contains("22 passed, 0 failed, 0 skipped"), "{said}");
    let copy = file_in(&world.sandbox.path("work/reports"), "certification_report_");
    let copy = copy.to_str().unwrap();
    let proof = world.success(&["certify", "--check", copy]);
    assert!(proof.contains("the report holds"), "{proof}");
    assert!(world.success(&["audit", "list"]).contains("certify"));
    world.success(&["check"]);
    world.success(&["audit", "verify"]);
}

/// A line, what breaks it, and the other lines that the same trouble keeps from being passed.
type Break = (&'static str, fn(&mut World), &'static [&'static str]);

fn no_module(world: &mut World) {
    std::fs::remove_file(world.module()).unwrap();
}

/// Every line that a host without a module cannot pass.
const WITHOUT_A_MODULE: [&str; 12] = [
    "security.trust",
    "golden.derived",
    "golden.determinism",
    "security.sandbox",
    "performance.derivation",
    "integration.exports",
    "registry.reproduced",
    "faults.flipped-bit",
    "faults.edited-audit",
    "faults.damaged-module",
    "faults.killed-prepare",
    "backup.restored",
];

/// The module in C besides, changed as somebody's mistake would.
fn changed_module(world: &World, changes: &[(&str, &str, &str)]) {
    let source = world.sandbox.path("work/changed");
    tests::copy_folder(&repository().join("examples/c-module"), &source);
    for (file, from, to) in changes {
        let text = std::fs::read_to_string(source.join(file)).unwrap();
        assert!(text.contains(from), "{from}");
        world.sandbox.write(&format!("changed/{file}"), text.replace(from, to));
    }
    let built = Command::new("cc")
        .current_dir(&source)
        .args(["-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-include", "time.h", "-I"])
        .arg(repository().join("plugin-api/include"))
        .args(["temperature.c", "-lm", "-o"])
        .arg(world.host.with_file_name("libtemperature.so"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
}

/// A module whose result depends on the time.
fn restless_module(world: &mut World) {
    let clock = "struct timespec now; clock_gettime(CLOCK_REALTIME, &now); \
                 reading = reading + (double)now.tv_nsec + 273.15";
    changed_module(world, &[("temperature.c", "reading = reading + 273.15", clock)]);
    // It is the quickest, so that the faults are made with it: all others are away.
    std::fs::remove_file(file_in(world.host.parent().unwrap(), "light_curve")).unwrap();
}

fn open_root(world: &mut World) {
    std::fs::set_permissions(world.sandbox.data_root(), std::fs::Permissions::from_mode(0o777)).unwrap();
}

const BREAKS: [Break; 22] = [
    ("configuration.valid", |world| world.variables.push(("PBUF_SERVE_TOKEN_FIL", "x".to_owned())), &[]),
    ("state.writable", |world| drop(world.success(&["halt", "--reason", "a fire"])), &[]),
    (
        "structure.folders",
        |world| std::fs::remove_dir_all(world.sandbox.data_root().join("logs/errors")).unwrap(),
        &[],
    ),
    ("security.modes", open_root, &["faults.damaged-module"]),
    ("security.trust", |world| world.break_module(), &WITHOUT_A_MODULE),
    (
        "golden.derived",
        |world| {
            let wrong = "int outcome = 1 + read_stations(";
            changed_module(world, &[("temperature.c", "int outcome = read_stations(", wrong)]);
        },
        &[],
    ),
    (
        "golden.determinism",
        restless_module,
        &["registry.reproduced", "faults.flipped-bit", "faults.killed-prepare"],
    ),
    (
        "security.sandbox",
        |world| world.variables.push(("PBUF_PROCESSING_ISOLATION", "in-process".to_owned())),
        &[],
    ),
    ("performance.derivation", no_module, &WITHOUT_A_MODULE),
    (
        "integration.exports",
        |world| {
            // A name that arrays of NumPy keep for something else.
            let column = "{\"metadata_json\", HOST_FLOAT64";
            changed_module(
                world,
                &[
                    ("module.json", "\"uncertainty\"", "\"metadata_json\""),
                    ("temperature.c", "{\"uncertainty\", HOST_FLOAT64", column),
                ],
            );
        },
        &[],
    ),
    ("registry.content", |world| flip(&world.file(".parquet")), &[]),
    ("registry.audit", |world| flip(&world.file("audit.jsonl")), &["registry.content", "monitoring.health"]),
    ("registry.reproduced", |world| std::fs::remove_file(world.sandbox.path("work/star.csv")).unwrap(), &[]),
    (
        "faults.flipped-bit",
        restless_module,
        &["golden.determinism", "registry.reproduced", "faults.killed-prepare"],
    ),
    ("faults.edited-audit", no_module, &WITHOUT_A_MODULE),
    ("faults.damaged-module", open_root, &["security.modes"]),
    (
        "faults.killed-prepare",
        restless_module,
        &["golden.determinism", "registry.reproduced", "faults.flipped-bit"],
    ),
    ("backup.restored", no_module, &WITHOUT_A_MODULE),
    (
        "backup.age",
        |world| {
            let empty = world.sandbox.path("elsewhere").display().to_string();
            world.success(&["backup", "init", "--repository", &empty]);
            world.variables.push(("PBUF_BACKUP_REPOSITORY", empty));
        },
        &["backup.drill"],
    ),
    (
        "backup.drill",
        |world| {
            // Not every bit of a compressed file says something.
            overwrite(&file_in(&world.sandbox.path("home/.pbuf/backup"), "objects/"), b"no zstd");
        },
        &[],
    ),
    (
        "monitoring.metrics",
        |world| {
            std::fs::remove_dir_all(world.sandbox.data_root().join("logs/runs")).unwrap();
            world.sandbox.write("../data/logs/runs", "in the way");
        },
        &[],
    ),
    (
        "monitoring.health",
        |world| {
            for (_, limit) in world.variables.iter_mut().filter(|(name, _)| name.contains("_DISK_")) {
                "0".clone_into(limit);
            }
        },
        &[],
    ),
];

fn broken() {
    assert_eq!(
        BREAKS.map(|(line, ..)| line).to_vec(),
        LINES.iter().map(|line| line.id).collect::<Vec<_>>(),
        "every line has a break"
    );
    for (line, break_it, others) in BREAKS {
        let mut world = World::new();
        break_it(&mut world);
        let (outcome, report) = world.certify();
        assert_eq!(outcome.code, Some(3), "{line}: {report:#}");
        assert_eq!(report["certification_status"], "NOT_CERTIFIED", "{line}");
        assert_eq!(report["valid_until"], Value::Null, "{line}");
        let expected: BTreeSet<&str> = others.iter().copied().chain([line]).collect();
        assert_eq!(open(&report).into_iter().collect::<BTreeSet<_>>(), expected, "{line}: {report:#}");
    }
}

fn checked() {
    let mut world = World::new();
    world.success(&["certify"]);
    let file = world.file("certification_report_");
    let path = file.to_str().unwrap();
    world.success(&["certify", "--check", path]);
    let whole = std::fs::read_to_string(&file).unwrap();
    let forged = world.sandbox.write("forged.json", whole.replace("CERTIFIED", "CERTIFIED "));
    let _ =
        world.run(&["certify", "--check", forged.to_str().unwrap()]).failure(3, &["report.sealed", "edited"]);
    let _ = world.run(&["certify", "--check", "nowhere.json"]).failure(16, &["cannot read the report"]);
    // Another data root has never heard of it.
    let other = World::new();
    let _ =
        other.run(&["certify", "--check", path]).failure(3, &["report.audited: fail: no line tells of it"]);
    // What it was made from is another file now.
    flip(&world.module());
    let _ = world.run(&["certify", "--check", path]).failure(3, &["report.evidence", "is another file now"]);
    // A report of a host that is not certified is whole, and certifies nothing.
    no_module(&mut world);
    let said = world.run(&["certify", "--output", "reports"]).failure(3, &["golden.derived: skip"]);
    assert!(said.stdout.contains("NOT_CERTIFIED"), "{said:?}");
    let report = file_in(&world.sandbox.path("work/reports"), "certification_report_");
    let failed = world.run(&["certify", "--check", report.to_str().unwrap()]);
    let failed = failed.failure(3, &["report.status: fail: NOT_CERTIFIED", "report.validity"]);
    assert!(!failed.stderr.contains("report.sealed"), "{failed:?}");
}

fn watched() {
    let mut world = World::new();
    assert!(!world.success(&["health"]).contains("certification"), "nobody asked for one yet");
    assert!(!world.success(&["metrics"]).contains("host_certification"));
    world.success(&["certify"]);
    assert!(world.success(&["health"]).contains("certified until"));
    let metrics = world.success(&["metrics"]);
    assert!(metrics.contains("\nhost_certification_valid 1\n"), "{metrics}");
    assert!(metrics.contains("\nhost_certification_expiry_timestamp_seconds 1"), "{metrics}");
    no_module(&mut world);
    let _ = world.run(&["certify"]).failure(3, &["not certified"]);
    let metrics = world.success(&["metrics"]);
    assert!(metrics.contains("\nhost_certification_valid 0\n"), "{metrics}");
    assert!(world.success(&["health"]).contains("the last certification failed"));
}

fn untouched() {
    let world = World::new();
    world.success(&["list"]);
    let before = tree(&world.sandbox.data_root());
    world.success(&["certify"]);
    let after = tree(&world.sandbox.data_root());
    let changed = |path: &PathBuf| before.get(path) != after.get(path);
    let changed: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|path| changed(path))
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    for path in changed {
        let expected = [
            "logs/certification/",
            "logs/processing.log",
            "registry/.lock",
            "registry/audit/",
            "registry/index.sqlite",
        ];
        assert!(expected.iter().any(|start| path.starts_with(start)), "{path} changed");
    }
    assert_eq!(std::fs::read_dir(world.sandbox.data_root().join("cache/certification")).unwrap().count(), 0);
}
