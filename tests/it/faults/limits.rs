//! A disk that is really full, and limits that the system sets: the host says what it lacks, keeps what there was, and
//! goes on when there is enough again.

use std::process::Command;

use libtest_mimic::Trial;
use tests::Outcome;
use tests::needs::Need;

use super::scene::{Scene, prepare};
use crate::matrix::{Cases, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("faults::a_disk_that_is_really_full", &[Need::Namespaces], full_disk),
        trial("faults::within_limits_of_the_system", &[Need::Limits], limits),
        trial("faults::where_no_process_may_be_started", &[Need::Strace], no_processes),
    ]
}

const KEPT: &[&str] = &["--name", "kept"];
const ADDED: &[&str] = &["--name", "added"];

/// In a disk of its own: the data root, so much space as `$2` says, the command, and space again. The second argument of
/// the shell is the folder of the template, the last are the command. The exit code is the command's.
const IN_A_SMALL_DISK: &str = r#"
set -e
disk=$0 template=$1 kibibytes=$2
shift 2
mount -t tmpfs -o size=64m none "$disk"
cp -a "$template" "$disk/root"
used=$(df -k --output=used "$disk" | tail -1)
mount -o "remount,size=$((used + kibibytes))k" "$disk"
code=0
"$@" || code=$?
mount -o remount,size=64m "$disk"
cp -a "$disk/root/." "$disk-after"
exit "$code"
"#;

fn full_disk() {
    let scene = Scene::new(&[KEPT], ADDED);
    let mut cases = Cases::of("B3", "register");
    let mut refused = 0;
    for kibibytes in [4, 8, 16, 32, 48, 64, 96, 4096] {
        cases.run(&kibibytes.to_string(), || {
            let disk = scene.bench.fresh_root();
            let after = disk.with_file_name(format!("{}-after", disk.file_name().unwrap().display()));
            for folder in [&disk, &after] {
                std::fs::create_dir(folder).unwrap();
            }
            let host = scene.bench.command(&disk.join("root"), &scene.arguments);
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--mount", "sh", "-c", IN_A_SMALL_DISK]);
            command.arg(&disk).arg(&scene.template).arg(kibibytes.to_string());
            let outcome = Outcome::of(around(&mut command, &host));
            let names_it = outcome.code == Some(18) && outcome.stderr.contains("No space left");
            demand(Wrong::Unnamed, outcome.code == Some(0) || names_it, || format!("{outcome:?}"))?;
            refused += usize::from(outcome.code != Some(0));
            scene.look(&after, outcome.code == Some(0), false)
        });
    }
    scene.bench.say(&format!("a full disk, {refused} times too full"));
    cases.finish(8);
}

/// Gives a command another one as its last arguments, with the environment of that.
fn around<'c>(outer: &'c mut Command, host: &Command) -> &'c mut Command {
    outer.arg(host.get_program()).args(host.get_args()).env_clear();
    outer.envs(host.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer.current_dir(host.get_current_dir().unwrap()).stdin(std::process::Stdio::null())
}

const WITH_WORKER: [&str; 5] = ["prepare", "--plugin", "light_curve", "--name", "added"];

fn limits() {
    let mut scene = Scene::new(&[KEPT], ADDED);
    let mut cases = Cases::of("B4", "prepare");
    for (limit, with_worker) in [
        ("--fsize=0", false),
        ("--fsize=1000", false),
        ("--fsize=4096", true),
        ("--fsize=20000", false),
        ("--nofile=8", false),
        ("--nofile=12", true),
        ("--nofile=24", false),
        ("--as=200000000", false),
        ("--as=400000000", true),
        ("--nofile=40", true),
    ] {
        scene.arguments = if with_worker { WITH_WORKER.to_vec() } else { prepare(ADDED) };
        cases.run(limit, || {
            let root = scene.bench.copy(&scene.template);
            let host = scene.bench.command(&root, &scene.arguments);
            let outcome = Outcome::of(around(Command::new("prlimit").arg(limit), &host));
            let expected = matches!(outcome.code, Some(0 | 14 | 15 | 18));
            demand(Wrong::Died, expected, || format!("{limit}: {outcome:?}"))?;
            let told = outcome.code == Some(0) || outcome.stderr.contains("error: ");
            demand(Wrong::Unnamed, told, || format!("{limit}: {outcome:?}"))?;
            scene.look(&root, outcome.code == Some(0), false)
        });
    }
    cases.finish(10);
}

/// What a limit of processes or threads does; root has none, so the tracer says what the system would.
fn no_processes() {
    let mut scene = Scene::new(&[KEPT], ADDED);
    let mut cases = Cases::of("B4", "prepare nproc");
    for (when, with_worker) in [("1+", false), ("1", true), ("2", true), ("3", true), ("1+", true)] {
        scene.arguments = if with_worker { WITH_WORKER.to_vec() } else { prepare(ADDED) };
        cases.run(&format!("{when}:{with_worker}"), || {
            let root = scene.bench.copy(&scene.template);
            let calls = "?clone,?clone3,?fork,?vfork";
            let trace = format!("trace={calls}");
            let inject = format!("inject={calls}:error=EAGAIN:when={when}");
            let flags = ["-o", "/dev/null", "-e", &trace, "-e", &inject];
            let outcome = scene.bench.traced(&flags, &root, &scene.arguments);
            demand(Wrong::Died, matches!(outcome.code, Some(0 | 14 | 15 | 18)), || format!("{outcome:?}"))?;
            scene.look(&root, outcome.code == Some(0), false)
        });
    }
    cases.finish(5);
}
