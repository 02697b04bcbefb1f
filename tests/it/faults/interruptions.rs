//! The host is killed, or a system call fails, at each call that changes something.

use libtest_mimic::Trial;
use tests::needs::Need;

use super::scene::{KILL, RETIRE, Scene};
use super::tracer::Point;
use crate::matrix::{Cases, Random, Wrong, demand};
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
        trial("faults::killed_at_any_moment_with_a_worker", needs, with_worker),
        trial("faults::told_to_end_at_any_moment", needs, told_to_end),
        trial("faults::an_input_or_output_error_at_each_call", needs, || fail_all("EIO")),
        trial("faults::no_space_left_at_each_call", needs, || fail_all("ENOSPC")),
        trial("faults::what_could_not_be_synced_once_is_reported_as_failed", needs, unsynced),
    ]
}

const KEPT: &[&str] = &["--name", "kept"];
const ADDED: &[&str] = &["--name", "added"];
const OTHER: &[&str] = &["--name", "kept", "--param", "reference_magnitude=11"];

fn register() {
    Scene::new(&[KEPT], ADDED).kill_all(Cases::of("A1", "register"), 1, 50);
}

fn first_run() {
    Scene::new(&[], ADDED).kill_all(Cases::of("A1", "first run"), 1, 80);
}

/// The current version is an older one again.
fn select() {
    Scene::new(&[KEPT, OTHER], KEPT).kill_all(Cases::of("A1", "select"), 1, 20);
}

/// Nothing but records: of them, and of the audit line, there must be both or neither in the end.
fn retirement() {
    let mut scene = Scene::new(&[KEPT], KEPT);
    scene.arguments = RETIRE.to_vec();
    scene.kill_all(Cases::of("A1", "retire"), 1, 20);
}

/// A damaged version is set aside and written again.
fn repair() {
    let mut scene = Scene::new(&[KEPT], &["--name", "kept", "--force"]);
    let path = scene.template.join("derived/kept").join(&scene.version).join("data.parquet");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] ^= 1;
    #[expect(clippy::disallowed_methods, reason = "damage on purpose")]
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(scene.bench.check(&scene.template).0, Some(19));
    scene.damaged = true;
    scene.kill_all(Cases::of("A1", "repair"), 1, 40);
}

/// Whoever puts an interrupted registration in order may be interrupted, too.
fn recovery() {
    for (stage, call, path, step) in [
        ("registered", "linkat", "", 3),
        ("audited", "openat", "audit.jsonl", 1),
        ("done", "unlink", "/pending.json\"", 1),
    ] {
        let scene = Scene::new(&[KEPT], ADDED);
        let (all, _) = scene.points();
        let point =
            all.iter().find(|point| point.line.starts_with(call) && point.line.contains(path)).unwrap();
        let flags = point.flags(KILL);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let outcome = scene.bench.traced(&flags, &scene.template, &scene.arguments);
        assert_eq!(outcome.code, None);
        assert!(scene.template.join("registry/audit/pending.json").is_file(), "not interrupted: {point:?}");
        scene.kill_all(Cases::of("A3", stage), step, 10);
    }
}

fn with_a_worker() -> Scene {
    let mut scene = Scene::new(&[KEPT], ADDED);
    scene.arguments = vec!["prepare", "--plugin", "light_curve", "--name", "added"];
    scene
}

/// Breaks so many of the calls. How often host and worker look at each other is not the same each time, so some calls of
/// the recording never come.
fn hit_some(
    scene: &Scene,
    cases: &mut Cases,
    points: impl IntoIterator<Item = Point>,
    how: &str,
    codes: &[i32],
    wanted: usize,
) {
    for point in points {
        if cases.runs() < wanted {
            cases.run_if_reached(&point.name(), || scene.hit(&point, how, codes));
        }
    }
}

/// Host or worker, whichever comes to a call that chance chose. No worker outlives its host.
fn with_worker() {
    let scene = with_a_worker();
    let mut cases = Cases::of("A2", "prepare");
    hit_some(&scene, &mut cases, Random::of("A2").choose(scene.any_points(), 300), KILL, &[14, 15], 200);
    let left = scene.bench.processes();
    assert!(left.is_empty(), "{left:?}");
    scene.bench.say("killed at any moment");
    cases.finish(200);
}

/// Whoever is told to end ends, and says so or is ended by that very signal; told twice, no later. What was done before it
/// was told is reported.
fn told_to_end() {
    let scene = with_a_worker();
    let mut random = Random::of("A4");
    for signal in ["TERM", "INT", "HUP"] {
        let (mut cases, mut ended) = (Cases::of("A4", signal), 0);
        for (number, point) in random.choose(scene.any_points(), 20).into_iter().enumerate() {
            let point = if number % 4 == 0 { point.twice() } else { point };
            let how = format!("signal={signal}");
            cases.run(&point.name(), || {
                let code = scene.interrupt(&point, &how)?;
                ended += usize::from(code != Some(0));
                let is_told = matches!(code, None | Some(0 | 14 | 130));
                demand(Wrong::Unnamed, is_told, || format!("{}: {code:?}", point.line))
            });
        }
        cases.finish(20);
        assert!(ended >= 5, "{signal}: {ended} of 20 were ended");
    }
    let left = scene.bench.processes();
    assert!(left.is_empty(), "{left:?}");
}

/// Either the storage is to blame and a repetition works, or the work is really done.
fn fail_all(errno: &str) {
    let how = format!("error={errno}");
    let scene = Scene::new(&[KEPT], ADDED);
    let (points, _) = scene.points();
    let points: Vec<&Point> = points.iter().filter(|point| point.in_root).collect();
    let mut cases = Cases::of("B1", format!("register {errno}"));
    let (mut failed, mut succeeded) = (0, 0);
    for point in &points {
        cases.run(&point.name(), || {
            match scene.interrupt(point, &how)? {
                Some(18) => failed += 1,
                Some(0) => succeeded += 1,
                code => {
                    let why = || format!("{}: neither success nor a storage error: {code:?}", point.line);
                    demand(Wrong::Unnamed, false, why)?;
                }
            }
            Ok(())
        });
    }
    scene.bench.say(&format!("{how}: {failed} failures and {succeeded} successes at {} calls", points.len()));
    cases.finish(40);
}

/// A second fsync would succeed although the data are gone: the first failure is the answer.
fn unsynced() {
    let scene = Scene::new(&[KEPT], ADDED);
    let (points, _) = scene.points();
    let vital = |point: &&Point| {
        let line = &point.line;
        line.contains("sync(") && ["/derived", "/registry"].iter().any(|folder| line.contains(folder))
    };
    let mut cases = Cases::of("B5", "register");
    for point in points.iter().filter(vital).filter(|point| !point.line.contains("index.sqlite")) {
        cases.run(&point.name(), || {
            let code = scene.interrupt(point, "error=EIO")?;
            demand(Wrong::Lost, code == Some(18), || format!("{}: exit code {code:?}", point.line))
        });
    }
    cases.finish(10);
}
