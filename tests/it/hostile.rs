//! A module that misbehaves in every way we could think of: the host names it, registers nothing and goes on.

mod batches;
mod bench;
mod deeds;
mod forged;

use std::time::{Duration, Instant};

use bench::Bench;
use deeds::Deed;
use libtest_mimic::Trial;
use serde_json::Value;
use tests::fixture;

use crate::matrix::Cases;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("hostile::a_process_left_behind_holds_nobody_up", &[], holds_stderr),
        trial("hostile::every_deed_is_contained_by_the_worker", &[], in_worker),
        trial("hostile::every_deed_in_one_batch_with_sound_datasets", &[], batches::all_at_once),
        trial("hostile::what_a_module_does_to_its_process_stays_there", &[], of_no_avail),
        trial("hostile::a_result_that_is_noise_is_an_error", &[], noise),
        trial("hostile::a_result_that_changes_while_it_is_read_harms_nobody", &[], scribble),
        trial("hostile::panics_are_errors_inside_the_host", &[], in_process),
        trial("hostile::a_module_that_aborts_runs_only_in_the_worker", &[], aborting_build),
        trial("hostile::a_module_that_aborts_is_quoted", &[], last_words),
        trial("hostile::the_end_of_the_time_reads_the_same_inside_the_host", &[], time_inside),
        trial("hostile::the_others_of_a_batch_are_done", &[], batches::one_of_two),
        trial("hostile::a_warning_stops_only_a_strict_run", &[], warning),
        trial("hostile::another_result_for_the_same_recipe_is_an_error_of_its_own", &[], random),
        trial("hostile::log_lines_arrive", &[], log),
        trial("hostile::threads_are_counted_while_log_lines_keep_coming", &[], threads_and_lines),
        trial("hostile::progress_without_a_pause_is_passed_on_with_one", &[], progress),
    ]
}

/// Runs one deed alone.
fn assert_refused(bench: &Bench, deed: &Deed, isolation: &str) {
    let before = bench.registered();
    let input = bench.input(deed).map(|path| format!("bytes={}", path.display()));
    let mut flags = vec!["--isolation", isolation, "--timeout", deed.timeout_seconds];
    flags.extend(["--max-memory", "512MiB"]);
    flags.extend(input.iter().flat_map(|input| ["--input", input]));
    let started = Instant::now();
    let outcome = bench.commit(deed.name, &flags);
    let took = started.elapsed();
    let said = format!("{} ({isolation}, {took:?}): {outcome:?}", deed.name);
    assert!(outcome.code.is_some_and(|code| deed.codes.contains(&code)), "{said}");
    assert!(took < allowed(deed), "{said}");
    assert!(deed.texts.iter().all(|text| outcome.stderr.contains(text)), "{said}");
    assert!(outcome.stderr.contains("hint: ") && outcome.stdout.is_empty(), "{said}");
    // A log of a thousand lines is passed on; everything else is short, and nothing moves the cursor.
    assert!(outcome.stderr.len() < if deed.name == "log-much" { 500_000 } else { 20_000 }, "{said}");
    assert!(!outcome.stderr.contains(|letter: char| letter.is_control() && letter != '\n'), "{said}");
    assert_eq!(bench.registered(), before, "{} changed the registry", deed.name);
    bench.assert_clean(deed.name);
}

/// How long after its time-out a deed may have ended on a machine that is slow and busy; elsewhere it takes a second.
const SLACK: Duration = Duration::from_secs(30);

fn allowed(deed: &Deed) -> Duration {
    Duration::from_secs_f64(deed.timeout_seconds.parse().unwrap()) + SLACK
}

fn in_worker() {
    let bench = Bench::new(fixture::hostile());
    for (stage, deeds) in [("derive", deeds::matrix()), ("derive more", deeds::MORE.iter().collect())] {
        let mut cases = Cases::of("A5", stage);
        for (number, deed) in deeds.iter().enumerate() {
            cases.run(&format!("{number}:{}", deed.name), || {
                assert_refused(&bench, deed, "process");
                Ok(())
            });
        }
        cases.finish(deeds.len());
    }
    Bench::assert_nothing_filled();
    let _ = bench.run(&["check"]).success();
    let _ = bench.run(&["audit", "verify"]).success();
    let _ = bench.run(&["show", "kept"]).success();
}

/// What a module does to its own process stays there: the result is what it would have been.
fn of_no_avail() {
    let bench = Bench::new(fixture::hostile());
    let version = |deed: &str, codes: &[i32]| {
        let flags = ["--timeout", "60", "--max-memory", "512MiB"];
        let outcome = bench.commit(deed, &flags);
        assert!(outcome.code.is_some_and(|code| codes.contains(&code)), "{deed}: {outcome:?}");
        bench.assert_clean(deed);
        (outcome.code == Some(0)).then(|| bench.sandbox.json(["show", deed])["data"].clone())
    };
    let mut expected = None;
    for (deed, codes) in [
        ("behave", &[0][..]),
        ("panic-in-thread", &[0]),
        ("change-and-behave", &[0]),
        ("outlive-and-behave", &[0]),
        ("hoard-and-behave", &[0, 14, 15]),
        ("claim-confinement", &[0]),
        ("seal-the-seals", &[0]),
    ] {
        let Some(shown) = version(deed, codes) else { continue };
        assert!(!shown.to_string().contains("forged-wall"), "{shown:#}");
        let tables = shown.pointer("/document/tables").unwrap_or_else(|| panic!("{shown:#}")).clone();
        assert_eq!(*expected.get_or_insert(tables.clone()), tables, "{deed}");
    }
    let _ = bench.run(&["check"]).success();
}

fn noise() {
    let bench = Bench::new(fixture::hostile());
    let before = bench.registered();
    for seed in 0..24 {
        let rows = format!("rows={seed}");
        let outcome = bench.commit("garbage-result", &["--param", &rows]);
        let _ = outcome.failure(14, &["module `hostile` returned a malformed result"]);
    }
    assert_eq!(bench.registered(), before);
    bench.assert_clean("a result of noise");
}

/// Which result arrives is chance; that the host survives it is not.
fn scribble() {
    let bench = Bench::new(fixture::hostile());
    for attempt in 0..16 {
        let (name, rows) = (format!("attempt-{attempt}"), format!("rows={}", 500 + attempt));
        let arguments =
            ["prepare", "--plugin", "hostile", "--name", &name, "--param", "deed=scribble", "--param", &rows];
        let outcome = bench.run(&arguments);
        // A length that was scribbled over may also be more than any result has.
        assert!(matches!(outcome.code, Some(0 | 3 | 14 | 15)), "{outcome:?}");
        assert!(
            outcome.code == Some(0) || outcome.stderr.contains("hostile") || outcome.stderr.contains(&name)
        );
        bench.assert_clean("scribbling");
    }
    let _ = bench.run(&["check"]).success();
}

fn in_process() {
    const CONTAINED: [&str; 11] = [
        "panic",
        "panic-any",
        "panic-in-stream",
        "error-in-stream",
        "unequal-columns",
        "not-utf8",
        "unknown-output",
        "escaping-name",
        "short-matrix",
        "not-a-number",
        "endless-batches",
    ];
    let bench = Bench::new(fixture::hostile());
    for name in CONTAINED {
        // Nothing stops what does not ask in here, so there is no promise about time.
        assert_refused(&bench, &Deed { timeout_seconds: "60", ..*deeds::named(name) }, "in-process");
    }
    let _ = bench.commit("panic-in-thread", &["--isolation", "in-process"]).success();
}

fn aborting_build() {
    let bench = Bench::new(fixture::hostile_that_aborts());
    let inside = ["module `hostile` ends the process when it panics", "--isolation process"];
    let _ = bench.commit("behave", &["--isolation", "in-process"]).failure(13, &inside);
    for name in ["panic", "panic-in-stream"] {
        let texts = &["module `hostile`", "SIGABRT"];
        assert_refused(&bench, &Deed { texts, ..*deeds::named(name) }, "process");
    }
    let _ = bench.commit("behave", &[]).success();
    let _ = bench.run(&["check"]).success();
}

fn last_words() {
    let bench = Bench::new(fixture::hostile_that_aborts());
    let _ = bench
        .commit("panic", &[])
        .failure(14, &["module `hostile`", "SIGABRT", "as asked", "src/process.rs:"]);
}

fn time_inside() {
    let bench = Bench::new(fixture::hostile());
    assert_refused(&bench, deeds::named("polite-loop"), "in-process");
}

fn warning() {
    let bench = Bench::new(fixture::hostile());
    let before = bench.registered();
    let _ = bench
        .commit("warning", &["--strict"])
        .failure(3, &["hostile.warning", "odd", "nothing was registered"]);
    assert_eq!(bench.registered(), before);
    let outcome = bench.commit("warning", &[]).success();
    assert!(outcome.stdout.contains("hostile.warning"), "{outcome:?}");
    // Known by now, and yet not good enough for a strict run.
    let _ = bench.commit("warning", &["--strict"]).failure(3, &["hostile.warning"]);
}

fn random() {
    let bench = Bench::new(fixture::hostile());
    let _ = bench.commit("random", &[]).success();
    let before = bench.registered();
    let texts = [
        "the same recipe gave other bytes",
        "`random`",
        "registered version",
        "report this to the module's author",
    ];
    let _ = bench.commit("random", &["--force"]).failure(3, &texts);
    assert_eq!(bench.registered(), before);
    let _ = bench.run(&["reproduce", "random"]).failure(3, &["random"]);
    assert_eq!(bench.registered(), before);
    let cached = bench.commit("random", &[]).success();
    assert!(cached.stdout.contains("nothing was derived"), "{cached:?}");
    bench.assert_clean("a random module");
}

fn log() {
    let bench = Bench::new(fixture::hostile());
    for isolation in ["process", "in-process"] {
        let text = bench.commit("log", &["--isolation", isolation, "--force"]).success();
        assert!(text.stderr.contains("WARN") && text.stderr.contains("a line of the module"), "{text:?}");
        let json =
            bench.commit("log", &["--isolation", isolation, "--force", "--log-format", "json"]).success();
        let line = json.stderr.lines().find(|line| line.contains("a line of the module")).unwrap();
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "WARN", "{line:#}");
        assert!(line.to_string().contains(r#""dataset":"log""#), "{line:#}");
    }
}

/// The host looked only when it had waited for a frame for as long as it waits between two looks.
fn threads_and_lines() {
    let bench = Bench::new(fixture::hostile());
    // More threads than a small limit of memory has room for.
    let outcome = bench.commit("thread-bomb-and-log", &["--max-memory", "8GiB", "--timeout", "60"]);
    let _ = outcome.failure(15, &["module `hostile` starts more than 1000 threads", "still here"]);
    bench.assert_clean("thread-bomb-and-log");
}

fn progress() {
    let bench = Bench::new(fixture::hostile());
    let started = Instant::now();
    let outcome = bench.commit("progress-much", &["--log-format", "json", "-vvv", "--timeout", "60"]);
    let most = started.elapsed().as_millis() / 50 + 1;
    let told = outcome.stderr.lines().filter(|line| line.contains(r#""doing":"again""#)).count();
    assert!((1..=most).contains(&(told as u128)), "{told} of 20000, at most {most}: {outcome:?}");
}

/// The host waited for the end of the worker's standard error, which a process that got away kept open.
fn holds_stderr() {
    let bench = Bench::new(fixture::hostile());
    let started = Instant::now();
    let outcome = bench.commit("holds-stderr", &[]).failure(14, &["`hostile`", "SIGABRT"]);
    // That process lives for two minutes.
    assert!(started.elapsed() < Duration::from_mins(1), "{outcome:?}");
    bench.assert_clean("holds-stderr");
}
