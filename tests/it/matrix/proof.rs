//! The matrix itself: a case that breaks is counted, fails the command, and its one line runs it again, alone.

use std::process::Command;

use libtest_mimic::Trial;
use tests::{Outcome, repository};

use super::Wrong;
use super::seed::Random;
use super::tally::{self, Broken, Cases};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    let own = trial("matrix::a_broken_case_fails_and_its_one_line_runs_it_alone", &[], replayed);
    let asked =
        tally::selection().is_some_and(|chosen| chosen.iter().any(|chosen| chosen.starts_with("proof")));
    // Broken on purpose, and so there only for the one above.
    [own].into_iter().chain(asked.then(|| trial("matrix::proof", &[], broken))).collect()
}

/// Ten cases, of which chance breaks one.
fn broken() {
    let mut cases = Cases::of("proof", "register");
    let torn = Random::of("proof").below(10);
    for number in 0..10 {
        cases.run(&format!("write:{number}"), || {
            let broken = Broken { wrong: Wrong::Torn, why: format!("half of file {number}") };
            if number == torn { Err(broken) } else { Ok(()) }
        });
    }
    cases.finish(10);
}

/// A command of the shell, as somebody types it in the repository.
fn typed(line: &str) -> Outcome {
    let mut shell = Command::new("sh");
    // What cargo tells this test of its own package would make cargo compile anew.
    let own = std::env::vars_os().map(|(name, _)| name);
    for name in own.filter(|name| name.to_str().is_some_and(|name| name.starts_with("CARGO_"))) {
        shell.env_remove(name);
    }
    shell.env("CARGO_TARGET_DIR", tests::target()).env_remove("HOST_TEST_MATRIX");
    Outcome::of(shell.current_dir(repository()).args(["-c", line]))
}

fn replayed() {
    let first = typed("HOST_TEST_SEED=42 tests/matrix proof");
    assert_ne!(first.code, Some(0), "{first:?}");
    for told in ["seed 42", "10     9        1        0", "1 torn outputs, 0 lost", "torn: half of file "] {
        assert!(first.stdout.contains(told), "`{told}` is not in {}", first.stdout);
    }
    let replay = first.stdout.lines().find_map(|line| line.strip_prefix("replay: ")).unwrap();
    assert!(replay.starts_with("HOST_TEST_SEED=42 tests/matrix 'proof/register/write:"), "{replay}");
    let again = typed(replay);
    assert_ne!(again.code, Some(0), "{again:?}");
    // What the table ends with: what was wrong, and the line that shows it again.
    let end = |outcome: &Outcome| outcome.stdout.lines().rev().take(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(end(&again), end(&first));
    assert!(again.stdout.contains(" 1     0        1        0"), "the others run as well: {again:?}");
    let nobody = typed("tests/matrix proof/register/write:99");
    assert_ne!(nobody.code, Some(0), "{nobody:?}");
    assert!(nobody.stdout.contains("not run: proof"), "{nobody:?}");
}
