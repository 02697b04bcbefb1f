//! Snapshots while others write, forget and prune.

use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::Trial;
use serde_json::Value;

use super::{findings, saved};
use crate::trial;

/// Says that there is nothing more to wait for, also when a demand was not met.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("backup::a_snapshot_made_while_others_prepare_is_whole", &[], while_preparing),
        trial("backup::pruning_takes_nothing_from_a_snapshot_being_made", &[], while_pruning),
    ]
}

/// Whatever moment a snapshot shows, its records name only what is in it, and its audit log verifies.
fn while_preparing() {
    let (sandbox, _) = saved();
    let done = AtomicBool::new(false);
    let snapshots = std::thread::scope(|scope| {
        let (sandbox, done) = (&sandbox, &done);
        let backups = scope.spawn(move || {
            let mut ids = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let (code, created) = sandbox.run_json(["backup", "create"]);
                assert_eq!(code, Some(0), "{created:#}");
                ids.push(created.pointer("/data/id").and_then(Value::as_str).unwrap().to_owned());
            }
            ids
        });
        let end = Done(done);
        for number in 0..20 {
            let name = format!("dataset-{}", number % 7);
            let parameter = format!("reference_magnitude=10.{number}");
            let arguments = ["prepare", "--plugin", "light_curve", "--name", &name, "--param", &parameter];
            let _ = sandbox.run(arguments).success();
        }
        drop(end);
        backups.join().unwrap()
    });
    assert!(snapshots.len() >= 3, "{snapshots:?}");
    for id in &snapshots {
        let (code, drilled) = sandbox.run_json(["backup", "drill", id]);
        assert_eq!(code, Some(0), "{drilled:#}");
    }
    let (code, checked) = sandbox.run_json(["backup", "check"]);
    assert_eq!((code, findings(&checked)), (Some(0), vec![]));
}

fn while_pruning() {
    let (sandbox, _) = saved();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (sandbox, done) = (&sandbox, &done);
        let pruning = scope.spawn(move || {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                let _ = sandbox.run(["backup", "forget", "--keep-last", "1"]).success();
                let _ = sandbox.run(["backup", "prune"]).success();
                rounds += 1;
            }
            rounds
        });
        let end = Done(done);
        for number in 0..12 {
            let parameter = format!("reference_magnitude=10.{number}");
            let _ = sandbox
                .run(["prepare", "--plugin", "light_curve", "--name", "moving", "--param", &parameter])
                .success();
            let _ = sandbox.run(["backup", "create"]).success();
        }
        drop(end);
        assert!(pruning.join().unwrap() > 1);
    });
    let (code, checked) = sandbox.run_json(["backup", "check"]);
    assert_eq!(code, Some(0), "{checked:#}");
    let _ = sandbox.run(["backup", "drill"]).success();
}
