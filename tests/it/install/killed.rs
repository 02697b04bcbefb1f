//! The host is killed before each call that changes something in the store. The module runs before and after, as it was
//! or as it will be, and the same command again comes to its end.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use tests::{Outcome, copy_folder, host};

use super::world::World;

/// Every call that changes a folder or a file.
const CHANGING: &str =
    "mkdir,openat,write,fsync,rename,renameat2,link,linkat,unlink,unlinkat,rmdir,chmod,fchmod,ftruncate";

/// Those of them after which another state can be seen.
const RENAMING: &str = "rename,renameat2,linkat,unlink,unlinkat,rmdir";

/// A killed command, and what can be seen of the module.
struct Killing<'k> {
    calls: &'k str,
    /// What is installed before.
    before: &'k [&'k str],
    /// What is killed.
    command: &'k [&'k str],
    /// Whether a row of `plugin list` is that of the module as it will be; panics if it is neither that nor the one before.
    is_new: fn(&Value) -> bool,
}

pub(super) fn upgrade() {
    let world = World::new();
    let old = world.pack("0.3.0", "packages", Some("author"));
    let new = world.pack("0.4.0", "packages", Some("author"));
    let is_new = |row: &Value| match row["version"].as_str() {
        Some("0.3.0") => false,
        Some("0.4.0") => true,
        other => panic!("{other:?}"),
    };
    let killing = Killing { calls: CHANGING, before: &[&old], command: &[&new], is_new };
    let (old_state, new_state) = killing.run(&world);
    assert!(
        old_state > 20 && new_state > 3,
        "{old_state} times the old version, {new_state} times the new one"
    );
}

/// The files went away before those with the other signature came: a receipt without files was left.
pub(super) fn renewal() {
    let world = World::new();
    world.key("other");
    let _ = world.ok(&["trust", "add", "other.pub", "--name", "other"]);
    let old = world.pack("0.3.0", "packages", Some("author"));
    let new = world.pack("0.3.0", "again", Some("other"));
    let is_new = |row: &Value| match row["signer"]["name"].as_str() {
        Some("author") => false,
        Some("other") => true,
        other => panic!("{other:?}: {row:#}"),
    };
    let killing = Killing { calls: RENAMING, before: &[&old], command: &[&new], is_new };
    let (old_state, new_state) = killing.run(&world);
    assert!(old_state > 1 && new_state > 1, "{old_state} times the old one, {new_state} times the new one");
}

/// The signature must be there as long as the receipt states it.
pub(super) fn unsigning() {
    let world = World::new();
    let old = world.pack("0.3.0", "packages", Some("author"));
    let new = world.pack("0.3.0", "again", None);
    let is_new = |row: &Value| match row["trust"].as_str() {
        Some("signed") => false,
        Some("unsigned") => true,
        other => panic!("{other:?}: {row:#}"),
    };
    let killing = Killing { calls: RENAMING, before: &[&old], command: &["--allow-unsigned", &new], is_new };
    let (old_state, new_state) = killing.run(&world);
    assert!(old_state > 1 && new_state > 1, "{old_state} times the old one, {new_state} times the new one");
}

impl Killing<'_> {
    /// Says how often the module was as before, and how often as it will be.
    fn run(&self, world: &World) -> (usize, usize) {
        let install = |arguments: &[&str]| world.ok(&[&["plugin", "install"], arguments].concat());
        let _ = install(self.before);
        let template = world.path("template");
        copy_folder(&world.store(), &template);
        let points = self.points(world);
        let store = world.store();
        let (mut old_state, mut new_state) = (0, 0);
        for (call, number) in points {
            std::fs::remove_dir_all(&store).unwrap();
            copy_folder(&template, &store);
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let outcome =
                self.traced(world, &["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]);
            // The host looks at its worker by opening files, more often where that is slow: now there may be fewer such calls.
            if outcome.code == Some(0) && call == "openat" {
                continue;
            }
            assert_eq!(outcome.code, None, "{call} {number} was not reached: {outcome:?}");
            let row = world.row();
            assert_eq!(row["status"], "usable", "killed at {call} {number}: {row:#}");
            if (self.is_new)(&row) {
                new_state += 1;
            } else {
                old_state += 1;
            }
            let again = install(self.command);
            assert!((self.is_new)(&world.row()), "{again:?}");
            let _ = world.ok(&["plugin", "disable", "light_curve"]);
            world.assert_tidy();
            let history = std::fs::read_to_string(store.join("history.jsonl")).unwrap();
            let installs = history.matches("\"action\":\"install\"").count();
            assert_eq!(installs, 2, "killed at {call} {number}: each switch is told once:\n{history}");
        }
        (old_state, new_state)
    }

    /// The calls that change the store, each with its number among its like.
    fn points(&self, world: &World) -> Vec<(String, usize)> {
        let log = world.path("trace.log");
        let trace = format!("trace={}", self.calls);
        let _ = self.traced(world, &["-y", "-s", "0", "-o", log.to_str().unwrap(), "-e", &trace]).success();
        let log = std::fs::read_to_string(&log).unwrap();
        let store = world.store();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut points = Vec::new();
        for line in log.lines() {
            let Some((call, arguments)) = line.split_once('(') else { continue };
            let count = counts.entry(call).or_default();
            *count += 1;
            let writes = call != "openat"
                || ["O_CREAT", "O_WRONLY", "O_RDWR"].iter().any(|flag| arguments.contains(flag));
            if writes && arguments.contains(store.to_str().unwrap()) {
                points.push((call.to_owned(), *count));
            }
        }
        points
    }

    /// Installs under the tracer, which looks at the host alone and not at its workers.
    fn traced(&self, world: &World, flags: &[&str]) -> Outcome {
        let mut command = Command::new("strace");
        command.arg("-qq").args(flags).arg(host());
        world.sandbox.prepare(&mut command);
        // What other workers left in the usual place would be looked at, which makes calls.
        let temporary = tempfile::tempdir().unwrap();
        command.env("TMPDIR", temporary.path());
        command.args(["plugin", "install"]).args(self.command);
        Outcome::of(&mut command)
    }
}
