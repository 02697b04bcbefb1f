//! The table: kinds × stages × runs × outcome, the sum of it, and how to run again what did not hold.

use super::rows::{self, Row, Wrong};
use super::seed::seed;
use super::tally::{self, Count, TALLY, Tally};

/// Prints the table of the rows that were chosen. Says whether each of them ran, and held.
#[expect(clippy::print_stdout, reason = "the answer of the command")]
pub(super) fn print() -> bool {
    let tally = TALLY.lock().unwrap();
    let selection = tally::selection();
    let rows: Vec<&Row> = rows::chosen(selection.as_deref()).collect();
    println!("\nfault matrix, seed {}\n", seed());
    println!("{}", line("", "FAULT", "STAGE", "RUNS", "HELD", &Wrong::ALL.map(Wrong::word)));
    for row in &rows {
        for ((_, stage), count) in tally.counts.iter().filter(|((id, _), _)| *id == row.id) {
            println!("{}", counted(row.id, row.kind, stage, count));
        }
    }
    let all = sum(&tally, |id| rows.iter().any(|row| row.id == id));
    println!("{}", counted("", "all", "", &all));
    let mut held = all.wrong.is_empty();
    for row in &rows {
        let ran = sum(&tally, |id| id == row.id).runs;
        let fewest = if tally::is_selected(row.id) { row.fewest } else { 1 };
        if ran < fewest {
            held = false;
            println!("not run: {} {}: {ran} cases of at least {fewest}", row.id, row.kind);
        }
    }
    for trial in &tally.cannot_run {
        held = false;
        println!("not run: {trial}");
    }
    let number = |wrong| all.wrong.get(&wrong).copied().unwrap_or(0);
    println!(
        "\n{} torn outputs, {} lost successes, {} host deaths, {} damages not named, {} that do not converge",
        number(Wrong::Torn),
        number(Wrong::Lost),
        number(Wrong::Died),
        number(Wrong::Unnamed),
        number(Wrong::Diverged)
    );
    for failing in &tally.failing {
        println!("{}: {}", failing.wrong.word(), failing.why.lines().next().unwrap_or_default());
        println!("replay: {}", failing.replay);
    }
    held
}

fn sum(tally: &Tally, wanted: impl Fn(&str) -> bool) -> Count {
    let mut all = Count::default();
    for (_, count) in tally.counts.iter().filter(|((id, _), _)| wanted(id)) {
        all.runs += count.runs;
        for (wrong, number) in &count.wrong {
            *all.wrong.entry(*wrong).or_default() += number;
        }
    }
    all
}

fn counted(id: &str, kind: &str, stage: &str, count: &Count) -> String {
    let held = count.runs - count.wrong.values().sum::<usize>();
    let wrong = Wrong::ALL.map(|wrong| count.wrong.get(&wrong).copied().unwrap_or(0).to_string());
    let wrong = wrong.each_ref().map(String::as_str);
    line(id, kind, stage, &count.runs.to_string(), &held.to_string(), &wrong)
}

fn line(id: &str, kind: &str, stage: &str, runs: &str, held: &str, wrong: &[&str; 6]) -> String {
    let wrong = wrong.map(|number| format!(" {number:>8}")).concat();
    format!("{id:<5} {kind:<49} {stage:<16} {runs:>5} {held:>5}{wrong}")
}
