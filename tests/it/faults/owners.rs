//! Who holds the lock is stopped or dies, and clocks jump: others wait or are told, and nothing is counted backwards.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::needs::Need;
use tests::{Outcome, fixture};

use super::bench::Bench;
use super::scene::{Scene, prepare};
use super::tracer::Point;
use crate::matrix::{Broken, Cases, Random, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("faults::the_owner_of_the_lock_is_stopped_or_dies", &[Need::Strace], owners),
        trial("faults::clocks_jump_and_zones_change", &[], clocks),
    ]
}

/// Nothing here takes so long.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

fn owners() {
    let scene = Scene::new(&[&["--name", "kept"]], &["--name", "added"]);
    // Between these two the lock is held.
    let (points, _) = scene.points();
    let held = points.iter().skip_while(|point| !point.line.contains("pending.json"));
    let held: Vec<Point> =
        held.filter(|point| point.in_root && !point.line.contains("/logs/")).cloned().collect();
    let held: Vec<Point> = held.iter().take(held.len() / 2).cloned().collect();
    let mut cases = Cases::of("F2", "lock owner");
    for (number, point) in Random::of("F2").choose(held, 7).iter().enumerate() {
        let end = match number % 7 {
            0 => End::Never,
            number if number % 2 == 1 => End::GoesOn,
            _ => End::Dies,
        };
        cases.run(&point.name(), || {
            // Threads take turns as they like, so a call may come another time, or not at all.
            let mut outcomes = (0..3).map(|_| stopped(&scene, point, end));
            let is_missed = |outcome: &Result<(), Broken>| {
                outcome.as_ref().is_err_and(|broken| broken.wrong == Wrong::Missed)
            };
            outcomes.find(|outcome| !is_missed(outcome)).unwrap_or_else(|| Err(missed(point)))
        });
    }
    cases.finish(7);
}

/// What becomes of a stopped owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    GoesOn,
    Dies,
    /// Not as long as anybody waits.
    Never,
}

fn stopped(scene: &Scene, point: &Point, end: End) -> Result<(), Broken> {
    // A bench of its own, so that the stopped process can be told from others.
    let bench = Bench::new();
    let root = bench.fresh_root();
    tests::copy_folder(&scene.template, &root);
    let mut flags = point.flags("signal=STOP");
    let log = bench.path("stopped.log");
    flags.extend(["-o".to_owned(), log.to_str().unwrap().to_owned()]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut owner = quiet(&mut bench.traced_command(&flags, &root, &scene.arguments));
    if !is_stopped(&log, &mut owner) {
        return Err(missed(point));
    }
    let process = bench.processes().remove(0);
    let other = prepare(&["--name", "other"]);
    let mut other = quiet(&mut bench.command(&root, &other));
    if end == End::Never {
        let waited = other.wait().unwrap().code();
        signal("CONT", &process);
        let ended = owner.wait().unwrap();
        demand(Wrong::Diverged, waited == Some(11), || format!("who waits in vain ends with {waited:?}"))?;
        demand(Wrong::Diverged, ended.success(), || format!("the owner: {ended:?}"))?;
        return scene.look(&root, true, true);
    }
    signal(if end == End::Dies { "KILL" } else { "CONT" }, &process);
    let (ended, waited) = (owner.wait().unwrap(), other.wait().unwrap());
    demand(Wrong::Diverged, ended.success() == (end == End::GoesOn), || format!("{ended:?}"))?;
    demand(Wrong::Diverged, waited.success(), || format!("who waited: {waited:?}"))?;
    let (_, shown) = bench.run_json(&root, &["show", "other"]);
    demand(Wrong::Lost, shown["ok"] == true, || format!("{shown:#}"))?;
    let (code, again) = bench.run_json(&root, &scene.arguments);
    demand(Wrong::Diverged, code == Some(0), || format!("{again:#}"))?;
    let (code, items) = bench.check(&root);
    demand(Wrong::Torn, code == Some(0) && items.is_empty(), || format!("{items:?}"))
}

fn quiet(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn missed(point: &Point) -> Broken {
    Broken { wrong: Wrong::Missed, why: format!("it was not stopped at {}", point.line) }
}

/// Waits until the process is stopped. False if it came to its end instead.
fn is_stopped(log: &Path, owner: &mut Child) -> bool {
    let deadline = Instant::now() + LONGEST_WAIT;
    while !std::fs::read_to_string(log).unwrap_or_default().contains("--- stopped by SIGSTOP ---") {
        if owner.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < deadline, "nobody stops");
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}

fn signal(name: &str, process: &Path) {
    let process = process.file_name().unwrap();
    let sent = Command::new("kill").arg(format!("-{name}")).arg(process).status();
    assert!(sent.unwrap().success());
}

const YEAR_SECONDS: i64 = 365 * 24 * 60 * 60;

/// The wall clock of one run is another one than that of the next.
fn clocks() {
    let library = fixture::other_clock();
    let mut cases = Cases::of("F2", "clock");
    for (name, offset_seconds, zone) in [
        ("a year ahead", YEAR_SECONDS, "UTC"),
        ("a year behind", -YEAR_SECONDS, "UTC"),
        ("before the computers", -100 * YEAR_SECONDS, "UTC"),
        ("an hour less", -3600, "Europe/Berlin"),
        ("a leap second", 1, "right/UTC"),
        ("another day", 0, "Pacific/Kiritimati"),
    ] {
        cases.run(name, || {
            let scene = Scene::new(&[&["--name", "kept"]], &["--name", "added"]);
            let root = scene.bench.copy(&scene.template);
            let mut command = scene.bench.command(&root, &scene.arguments);
            command.env("LD_PRELOAD", &library).env("TZ", zone).arg("--json");
            let outcome = Outcome::of(command.env("OTHER_CLOCK_SECONDS", offset_seconds.to_string()));
            demand(Wrong::Died, outcome.code == Some(0), || format!("{outcome:?}"))?;
            let (_, runs) = scene.bench.run_json(&root, &["run", "show", "last"]);
            let backwards = negative_durations(&runs);
            demand(Wrong::Torn, backwards.is_empty(), || format!("{backwards:?}"))?;
            scene.look(&root, true, true)
        });
    }
    cases.finish(6);
}

/// Paths of all numbers of seconds below zero.
fn negative_durations(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| {
                let negative = name.contains("seconds") && value.as_f64().is_some_and(|number| number < 0.0);
                negative.then(|| format!("{name}: {value}")).into_iter().chain(negative_durations(value))
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(negative_durations).collect(),
        _ => Vec::new(),
    }
}
