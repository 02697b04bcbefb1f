//! The journal: what ran is told whatever ended it, what runs can be stopped, what was stopped can be gone on with.

use std::path::PathBuf;
use std::process::{Child, Stdio};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Sandbox, fixture, kill, tree, wait_until};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("runs::what_ran_is_listed_shown_and_told_line_by_line", &[], told),
        trial("runs::a_failure_has_its_code_and_a_first_typo_leaves_nothing", &[], failures),
        trial("runs::a_killed_run_is_ended_once_by_whoever_looks", &[], killed),
        trial("runs::a_running_run_is_seen_and_stopped", &[], cancelled),
        trial("runs::ctrl_c_ended_a_run_without_a_word", &[], interrupted),
        trial("runs::ctrl_c_left_what_was_half_registered", &[], half_registered),
        trial("runs::what_was_killed_is_gone_on_with_to_the_same_digests", &[], resumed),
        trial("runs::a_secret_is_not_recorded_and_a_list_from_a_pipe_is_not_resumed", &[], not_recorded),
        trial("runs::without_a_journal_the_work_is_done_all_the_same", &[], no_journal),
    ]
}

const PREPARE: [&str; 3] = ["prepare", "--plugin", "light_curve"];

fn list(sandbox: &Sandbox, more: &[&str]) -> Vec<Value> {
    let answer = sandbox.json([&["run", "list"][..], more].concat());
    answer.pointer("/data/runs").and_then(Value::as_array).unwrap().clone()
}

/// The file of the only run.
fn file(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.data_root().join("logs/runs");
    let mut files: Vec<PathBuf> =
        tree(&folder).into_keys().filter(|file| file.extension().is_some()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    folder.join(files.remove(0))
}

fn lines(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(file(sandbox)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn events(lines: &[Value], event: &str) -> usize {
    lines.iter().filter(|line| line["event"] == event).count()
}

/// Waits until the only run has told something.
fn wait_for(sandbox: &Sandbox, child: &mut Child, words: &str) {
    let folder = sandbox.data_root().join("logs/runs");
    wait_until(words, || {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        tree(&folder).values().any(|bytes| String::from_utf8_lossy(bytes).contains(words))
    });
}

fn told() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    std::fs::create_dir(sandbox.data_root()).unwrap();
    assert!(sandbox.run(["run", "list"]).success().stdout.contains("no runs"));
    let _ = sandbox.run(PREPARE).success();
    let _ = sandbox.run(PREPARE).success();
    let runs = list(&sandbox, &[]);
    assert_eq!(runs.len(), 2);
    assert!(runs[0]["id"].as_str() > runs[1]["id"].as_str(), "the newest is first");
    for (run, counts) in runs.iter().zip([(0, 1), (1, 0)]) {
        assert_eq!((&run["state"], &run["exit_code"]), (&json!("completed"), &json!(0)), "{run:#}");
        assert_eq!(
            (&run["datasets"]["prepared"], &run["datasets"]["cached"]),
            (&json!(counts.0), &json!(counts.1))
        );
    }
    assert_eq!(list(&sandbox, &["--limit", "1"]).len(), 1);
    assert!(list(&sandbox, &["--state", "failed"]).is_empty());
    assert!(list(&sandbox, &["--since", "2999-01-01"]).is_empty());
    assert_eq!(list(&sandbox, &["--since", "1h"]).len(), 2);

    let first = runs[1]["id"].as_str().unwrap();
    let shown = &sandbox.json(["run", "show", &first[20..]])["data"];
    assert_eq!(shown["request"]["plugin"], "light_curve");
    let dataset = &shown["finished"][0];
    assert_eq!(dataset["outcome"], "prepared");
    let registered = sandbox.json(["list"]);
    assert_eq!(dataset["version"], registered["data"]["datasets"][0]["version"]);
    assert_eq!(dataset["rows"], registered["data"]["datasets"][0]["rows"]);
    for number in
        ["seconds", "read_bytes", "written_bytes", "host_peak_memory_bytes", "worker_peak_memory_bytes"]
    {
        assert!(dataset[number].as_f64().is_some_and(|number| number > 0.0), "{number}: {dataset:#}");
    }
    let stages: Vec<&str> =
        dataset["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["plan", "ingest", "derive", "validate", "register"]);
    let text = sandbox.run(["run", "show", "last"]).success().stdout;
    assert!(text.contains("cached") && text.contains("host prepare --plugin-dir="), "{text}");
    let text = sandbox.run(["run", "logs", first]).success().stdout;
    let told: Vec<&str> = text.lines().collect();
    assert!(told[0].contains("START prepare by tester"), "{text}");
    assert!(told.last().unwrap().contains("END completed, exit code 0"), "{text}");
    let _ = sandbox.run(["run", "show", "20"]).failure(2, &["several runs begin with `20`", "host run list"]);
    let _ = sandbox.run(["run", "cancel", "last"]).failure(2, &["is over: completed"]);
}

fn failures() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "moon"]).failure(2, &[]);
    assert!(!sandbox.data_root().exists(), "a first command that cannot be understood leaves nothing");
    let input = sandbox.write("broken.csv", "this is no light curve\n");
    let broken = format!("table={}", input.display());
    let arguments = [&PREPARE[..], &["--input", &broken]].concat();
    let code = sandbox.run(&arguments).code;
    assert_eq!(code, Some(16));
    let run = list(&sandbox, &[]).remove(0);
    assert_eq!((&run["state"], run["exit_code"].as_i64()), (&json!("failed"), Some(16)), "{run:#}");
    assert_eq!(run["error"]["code"], "bad-input");
    let _ = sandbox.run(["prepare", "moon"]).failure(2, &[]);
    assert_eq!(
        list(&sandbox, &["--state", "failed"]).len(),
        2,
        "where there is a data root a typo is told, too"
    );
}

/// A run that does not end by itself.
fn endless(sandbox: &Sandbox) -> Child {
    let arguments = ["prepare", "--plugin", "hostile", "--name", "endless", "--param", "deed=loop"];
    let mut command = sandbox.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(sandbox, &mut child, "about to do it");
    child
}

fn killed() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile());
    let mut child = endless(&sandbox);
    let running = list(&sandbox, &["--state", "running"]).remove(0);
    assert_eq!(running["datasets"]["running"], 1, "{running:#}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(events(&lines(&sandbox), "end"), 0, "nobody has looked");
    let mut lookers: Vec<Child> =
        (0..4).map(|_| sandbox.command(["run", "list"]).stdout(Stdio::null()).spawn().unwrap()).collect();
    assert!(lookers.iter_mut().all(|looker| looker.wait().unwrap().success()));
    let lines = lines(&sandbox);
    assert_eq!((events(&lines, "start"), events(&lines, "end")), (1, 1), "{lines:#?}");
    let run = list(&sandbox, &[]).remove(0);
    assert_eq!((&run["state"], &run["exit_code"]), (&json!("interrupted"), &Value::Null), "{run:#}");
    let text = sandbox.run(["run", "show", "last"]).success().stdout;
    assert!(text.contains("cut off   endless") && text.contains("host run resume"), "{text}");
}

fn cancelled() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile());
    let mut child = endless(&sandbox);
    let shown = &sandbox.json(["run", "show", "last"])["data"];
    assert_eq!(shown["current"][0]["doing"], "about to do it", "{shown:#}");
    let _ = sandbox.run(["run", "resume", "last"]).failure(2, &["is running", "host run cancel"]);
    let said = sandbox.run(["run", "cancel", "last"]).success().stdout;
    assert!(said.starts_with("cancelled "), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(130), "it says itself that it ends");
    let lines = lines(&sandbox);
    assert_eq!((events(&lines, "cancel-requested"), events(&lines, "end")), (1, 1), "{lines:#?}");
    assert_eq!(list(&sandbox, &[])[0]["state"], "cancelled");
    let _ = sandbox.run(["run", "cancel", "last"]).failure(2, &["is over: cancelled"]);
    let _ = sandbox.run(["check"]).success();
}

fn interrupted() {
    for (signal, cause) in [("INT", "cancelled by Ctrl-C"), ("TERM", "told to end")] {
        let sandbox = Sandbox::new().with_plugins(fixture::hostile());
        let arguments = ["prepare", "--plugin", "hostile", "--name", "endless", "--param", "deed=loop"];
        let mut child = sandbox.command(arguments).stderr(Stdio::piped()).spawn().unwrap();
        wait_for(&sandbox, &mut child, "about to do it");
        kill(signal, child.id());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        let run = list(&sandbox, &[]).remove(0);
        let id = run["id"].as_str().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        for words in
            ["interrupted: 0 of 1 datasets registered, 1 not", cause, &format!("`host run resume {id}`")]
        {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!((&run["state"], &run["exit_code"]), (&json!("cancelled"), &json!(130)), "{run:#}");
        assert_eq!(run["error"]["code"], "interrupted", "{run:#}");
        assert_eq!(events(&lines(&sandbox), "end"), 1);
        let _ = sandbox.run(["check"]).success();
    }
}

fn half_registered() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(PREPARE).success();
    let staged = || {
        let entries = std::fs::read_dir(sandbox.data_root().join("derived")).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().file_name().as_encoded_bytes().starts_with(b"."))
            .count()
    };
    // Another writer: the content is written, and its publication waits.
    let lock = std::fs::File::open(sandbox.data_root().join("registry/.lock")).unwrap();
    lock.lock().unwrap();
    let arguments = [&PREPARE[..], &["--name", "other"]].concat();
    let mut child = sandbox.command(arguments).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("it is staged", || {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        staged() == 1
    });
    kill("INT", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(staged(), 0);
    drop(lock);
    let _ = sandbox.run(["run", "resume", "last"]).success();
    let _ = sandbox.run(["check"]).success();
    assert_eq!(versions(&sandbox).len(), 2);
}

/// Names and versions of all datasets.
fn versions(sandbox: &Sandbox) -> Vec<(Value, Value)> {
    let answer = sandbox.json(["list"]);
    let rows = answer.pointer("/data/datasets").and_then(Value::as_array).unwrap().clone();
    rows.into_iter().map(|row| (row["name"].clone(), row["version"].clone())).collect()
}

fn resumed() {
    let parameter = |magnitude: &'static str| ["--param", magnitude];
    let moon = [&PREPARE[..], &["--name", "moon"], &parameter("reference_magnitude=11")].concat();
    let sun = [&PREPARE[..], &["--name", "sun"], &parameter("reference_magnitude=12")].concat();
    let expected = Sandbox::new().with_plugins(fixture::example());
    let _ = expected.run(&moon).success();
    let _ = expected.run(&sun).success();

    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(&moon).success();
    std::fs::remove_dir_all(sandbox.data_root().join("logs/runs")).unwrap();
    // Who holds the lock of the registry keeps the run where all is derived and nothing registered.
    let lock = std::fs::File::open(sandbox.data_root().join("registry/.lock")).unwrap();
    lock.lock().unwrap();
    let mut child = sandbox.command(&sun).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&sandbox, &mut child, r#""stage":"validate""#);
    child.kill().unwrap();
    child.wait().unwrap();
    lock.unlock().unwrap();
    assert_eq!(versions(&sandbox).len(), 1);
    // From another folder, without the flags.
    let mut command = std::process::Command::new(tests::host());
    sandbox.prepare(&mut command);
    command.current_dir(sandbox.path("home")).args(["run", "resume", "last"]);
    let said = tests::Outcome::of(&mut command).success().stdout;
    assert!(said.starts_with("prepared  sun"), "{said}");
    assert_eq!(versions(&sandbox), versions(&expected));
    let runs = list(&sandbox, &[]);
    assert_eq!((&runs[0]["state"], &runs[0]["resumes"]), (&json!("completed"), &runs[1]["id"]));
    assert_eq!(runs[1]["state"], "interrupted");
    let again = sandbox.run(["run", "resume", runs[1]["id"].as_str().unwrap()]).success().stdout;
    assert!(again.starts_with("cached    sun"), "{again}");
    let _ = sandbox.run(["check"]).success();
}

fn not_recorded() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(PREPARE).success();
    let _ = sandbox.run([&PREPARE[..], &["--param", "api_token=hunter2"]].concat()).failure(2, &[]);
    for (path, bytes) in tree(&sandbox.data_root().join("logs/runs")) {
        assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"), "{}", path.display());
    }
    let _ = sandbox.run(["run", "resume", "last"]).failure(2, &["`api_token` looks like a secret"]);
    let _ = sandbox.run(["prepare", "--from", "-"]).failure(16, &[]);
    let _ = sandbox.run(["run", "resume", "last"]).failure(2, &["came from standard input"]);
}

fn no_journal() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    std::fs::create_dir_all(sandbox.data_root().join("logs")).unwrap();
    let folder = sandbox.data_root().join("logs/runs");
    #[expect(clippy::disallowed_methods, reason = "what stands in the way")]
    std::fs::write(&folder, "no folder").unwrap();
    let outcome = sandbox.run(PREPARE).success();
    assert!(outcome.stderr.contains("will not be in the journal"), "{}", outcome.stderr);
    assert_eq!(versions(&sandbox).len(), 1);
}
