//! Wherever the host is started: it does its work, or says what it lacks; never does it break down.

use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use tests::Outcome;
use tests::needs::Need;

use super::scene::Scene;
use crate::matrix::{Broken, Cases, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("faults::in_every_environment", &[], everywhere),
        trial("faults::in_a_system_that_lacks_something", &[Need::Namespaces], lacking),
    ]
}

/// The command runs in a shell, as `"$@"`.
struct Environment {
    name: &'static str,
    script: &'static str,
    /// Exit codes; the work is demanded to be done where the first is 0.
    codes: &'static [i32],
    variables: &'static [(&'static str, &'static str)],
}

const fn shell(name: &'static str, script: &'static str, codes: &'static [i32]) -> Environment {
    Environment { name, script, codes, variables: &[] }
}

const fn variables(name: &'static str, variables: &'static [(&'static str, &'static str)]) -> Environment {
    Environment { name, script: "exec \"$@\"", codes: &[0], variables }
}

const ENVIRONMENTS: [Environment; 22] = [
    shell("no HOME", "unset HOME; exec \"$@\"", &[0]),
    // Where keys are looked for is known to be wrong, and so nobody is trusted by mistake.
    shell("HOME is no folder", "HOME=/dev/null exec \"$@\"", &[16]),
    variables("HOME is empty", &[("HOME", "")]),
    shell("nothing in the environment", "exec env -i \"$@\"", &[0]),
    shell("the working directory is gone", "mkdir gone && cd gone && rmdir ../gone && exec \"$@\"", &[18]),
    shell("standard input is closed", "exec \"$@\" <&-", &[0]),
    shell("standard output is closed", "exec \"$@\" >&-", &[0]),
    shell("standard error is closed", "exec \"$@\" 2>&-", &[0]),
    shell("all three are closed", "exec \"$@\" <&- >&- 2>&-", &[0]),
    shell("nobody reads standard output", "{ \"$@\"; echo $? >code; } | :; exit $(cat code)", &[0]),
    shell(
        "nobody reads standard error",
        "{ \"$@\" 2>&1 >/dev/null; echo $? >code; } | :; exit $(cat code)",
        &[0],
    ),
    // What was done is done, and that nobody can be told is an error of the storage.
    shell("standard output is full", "exec \"$@\" >/dev/full", &[18]),
    shell("standard error is full", "exec \"$@\" -vv 2>/dev/full", &[0]),
    variables("plain language", &[("LANG", "C"), ("LC_ALL", "C")]),
    variables("Turkish", &[("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")]),
    variables("a language that there is not", &[("LC_ALL", "xx_YY.\u{2604}")]),
    shell("everybody may write", "umask 000; exec \"$@\"", &[0]),
    shell("only the owner may read", "umask 077; exec \"$@\"", &[0]),
    variables("a terminal of twenty columns", &[("TERM", "dumb"), ("COLUMNS", "20"), ("NO_COLOR", "1")]),
    variables("columns that are none", &[("COLUMNS", "-1"), ("LINES", "x"), ("TERM", "")]),
    variables("a time zone that there is not", &[("TZ", "Nowhere/Nothing")]),
    variables("a time zone with half hours", &[("TZ", "Asia/Kathmandu")]),
];

/// These are made of namespaces.
const LACKING: [Environment; 4] = [
    shell("no network", "exec unshare --user --map-root-user --net \"$@\"", &[0]),
    shell("no processes can be seen", "mount -t tmpfs none /proc && exec \"$@\"", &[18]),
    shell(
        "a data root that cannot be written",
        "mount --bind \"$ROOT\" \"$ROOT\" && mount -o remount,bind,ro \"$ROOT\" && exec \"$@\"",
        &[18],
    ),
    shell(
        "no folder for temporary files",
        "mount -t tmpfs -o size=4k none /var/tmp && TMPDIR=/nowhere exec \"$@\"",
        &[18],
    ),
];

fn everywhere() {
    run_all(&ENVIRONMENTS, "prepare", |script| {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]);
        command
    });
}

fn lacking() {
    run_all(&LACKING, "prepare lacking", |script| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command
    });
}

fn run_all(environments: &[Environment], stage: &str, around: fn(&str) -> Command) {
    let mut scene = Scene::new(&[&["--name", "kept"]], &["--name", "added"]);
    scene.arguments = vec!["prepare", "--plugin", "light_curve", "--name", "added"];
    let mut cases = Cases::of("G1", stage);
    for environment in environments {
        cases.run(environment.name, || run(&scene, environment, around(environment.script)));
    }
    cases.finish(environments.len());
}

fn run(scene: &Scene, environment: &Environment, mut command: Command) -> Result<(), Broken> {
    let root = scene.bench.copy(&scene.template);
    let host = scene.bench.command(&root, &scene.arguments);
    command.arg(host.get_program()).args(host.get_args()).env_clear().stdin(Stdio::null());
    command.envs(host.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.envs(environment.variables.iter().copied()).env("ROOT", &root);
    // A folder of its own, for what the script leaves.
    let work = scene.bench.fresh_root();
    std::fs::create_dir(&work).unwrap();
    let outcome = Outcome::of(command.current_dir(&work));
    let expected = outcome.code.is_some_and(|code| environment.codes.contains(&code));
    demand(Wrong::Died, expected, || format!("{}: {outcome:?}", environment.name))?;
    // Said in numbers and not in a language: the version is the same everywhere.
    let told = outcome.code == Some(0) || outcome.stderr.contains("error: ");
    demand(Wrong::Unnamed, told, || format!("{}: {outcome:?}", environment.name))?;
    scene.look(&root, outcome.code == Some(0), true)
}
