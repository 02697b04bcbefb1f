//! The power goes away: what was not synced is lost. One run is recorded call by call, and the disk is built again as a
//! cut after each call may leave it, in two ways: nothing that was not synced is there, neither data nor names; or every
//! name is there already, and files hold only what was synced.

mod calls;
mod disk;

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::Trial;
use tests::needs::Need;
use tests::tree;

use self::disk::Disk;
use super::scene::Scene;
use super::tracer::CALLS;
use crate::matrix::Cases;
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    let needs = &[Need::Strace];
    vec![
        trial("faults::power_cut_after_each_call_of_a_registration", needs, || {
            cut(&Scene::new(&[&["--name", "kept"]], &["--name", "added"]), "register");
        }),
        trial("faults::power_cut_after_each_call_of_a_first_run", needs, || {
            cut(&Scene::new(&[], &["--name", "added"]), "first run");
        }),
    ]
}

fn cut(scene: &Scene, stage: &str) {
    let bench = &scene.bench;
    let root = bench.copy(&scene.template);
    // The folder that holds the data root outlives everything.
    let mut disk = Disk::of(&root);
    let log = bench.path("power.log");
    let trace = format!("trace={CALLS}");
    let flags = ["-y", "-xx", "-s", "16777216", "-o", log.to_str().unwrap(), "-e", &trace];
    let _ = bench.traced(&flags, &root, &scene.arguments).success();
    let text = std::fs::read_to_string(&log).unwrap();
    let (lost, named) = (format!("{stage} lost"), format!("{stage} named"));
    let (mut lost, mut named) = (Cases::of("C1", lost), Cases::of("C1", named));
    let mut seen = BTreeSet::new();
    let mut reported = false;
    let mut number = 0;
    for call in calls::read(&text) {
        reported |= call.prints(&scene.version);
        if !disk.does(&call) {
            continue;
        }
        number += 1;
        for (cases, image) in [(&mut lost, disk.synced()), (&mut named, disk.names_before_data())] {
            // Most calls leave on the disk what was there before them.
            if seen.insert((reported, image.clone())) {
                cases.run(&number.to_string(), || {
                    let case = bench.fresh_root();
                    disk::build(&image, &case);
                    scene.look(&case, reported, true)?;
                    std::fs::remove_dir_all(&case).unwrap();
                    Ok(())
                });
            }
        }
    }
    assert!(reported && number > 50, "{number} calls");
    assert_same(&disk, &root);
    bench.say(&format!("power cut after {number} calls, {} different disks", seen.len()));
    lost.finish(5);
    named.finish(20);
}

/// The model of the disk is worth something only if it ends with what there really is.
fn assert_same(disk: &Disk, root: &Path) {
    let mut real = tree(root);
    // Shared memory of the index, written without a call.
    real.retain(|path, _| !path.to_string_lossy().ends_with("-shm"));
    let mut model = disk.files();
    model.retain(|path, _| !path.to_string_lossy().ends_with("-shm"));
    let names = |files: &std::collections::BTreeMap<_, _>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&model), names(&real));
    let different: Vec<_> = real.keys().filter(|path| real.get(*path) != model.get(*path)).collect();
    assert!(different.is_empty(), "{different:?}");
}
