//! How a module behaves while it runs, and what it leaves.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::run::Listener;
use super::{Example, Faults, Suite};
use crate::ModuleError;

/// A module that was told to stop may finish what it does, within this time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Deriving and inspecting twice gives the same tables, matrices and report.
#[must_use]
pub fn the_same_input_gives_the_same_result(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        let derive = || suite.run(example, &Listener::patient());
        let inspect = || suite.inspect(example, &Listener::patient());
        if !alike(&derive(), &derive()) {
            faults.push(format!("example `{}`: two derivations differ", example.name));
        }
        if !alike(&inspect(), &inspect()) {
            faults.push(format!("example `{}`: two inspections differ", example.name));
        }
    }
    faults
}

/// Equal, where NaN equals NaN.
fn alike<T: PartialEq + std::fmt::Debug>(left: &T, right: &T) -> bool {
    left == right || format!("{left:?}") == format!("{right:?}")
}

/// The fractions that a module tells lie between 0 and 1 and never fall.
#[must_use]
pub fn progress_rises_from_0_to_1(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        let host = Listener::patient();
        // Errors are the business of another check.
        let _ = suite.run(example, &host);
        let told = host.progress();
        if let Some(fraction) = told.iter().find(|fraction| !(0.0..=1.0).contains(*fraction)) {
            faults.push(format!("example `{}`: progress of {fraction}", example.name));
        } else if !told.is_sorted() {
            faults.push(format!("example `{}`: progress falls: {told:?}", example.name));
        }
    }
    faults
}

/// A module that is told to stop, at once or half-way, says `Cancelled` or is done within a second.
#[must_use]
pub fn cancellation_is_obeyed(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        let host = Listener::patient();
        let _ = suite.run(example, &host);
        for question in [0, host.questions() / 2] {
            let start = Instant::now();
            let result = suite.run(example, &Listener::stopping_at(question));
            let fault = match result {
                Err(ModuleError::Cancelled) => continue,
                Ok(_) if start.elapsed() < PATIENCE => continue,
                Ok(_) => "it went on for more than a second".to_owned(),
                Err(error) => format!("it failed otherwise: {error}"),
            };
            faults.push(format!(
                "example `{}`, told to stop at its question {}: {fault}",
                example.name,
                question + 1
            ));
        }
    }
    faults
}

/// Set in the process in which a module runs alone.
const ALONE: &str = "HOST_CONFORMANCE_ALONE";

/// A run leaves no thread, no file, and neither the working directory nor an environment variable changed.
///
/// Other tests of the same process have threads too, so the module runs in a process of its own: the test binary is
/// started once more for this test alone, in an empty folder.
#[must_use]
pub fn nothing_is_left_behind(suite: &Suite) -> Faults {
    let test = format!("{}::nothing_is_left_behind", suite.tests);
    alone(suite, test.trim_start_matches("::"))
}

/// `test` is the name of the test that calls this.
pub(super) fn alone(suite: &Suite, test: &str) -> Faults {
    if std::env::vars_os().any(|(name, _)| name == ALONE) {
        return left_by(suite);
    }
    let folder = Folder::new();
    let output = std::env::current_exe().and_then(|program| {
        std::fs::create_dir_all(&folder.0)?;
        Command::new(program)
            .args([test, "--exact", "--test-threads=1", "--nocapture"])
            .current_dir(&folder.0)
            .env(ALONE, "1")
            .env("TMPDIR", &folder.0)
            .output()
    });
    let output = match output {
        Ok(output) => output,
        Err(error) => return vec![format!("cannot start the test `{test}` once more: {error}")],
    };
    let mut faults = files_in(&folder.0);
    let said = String::from_utf8_lossy(&output.stdout);
    if !said.contains("running 1 test\n") {
        faults.push(format!("the test binary does not know the test `{test}`"));
    }
    if !output.status.success() {
        faults.push(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    faults
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let thread = format!("{:?}", std::thread::current().id());
        let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
        Self(std::env::temp_dir().join(format!("host-conformance-{}-{thread}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn files_in(folder: &Path) -> Faults {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| format!("the file `{}` was written", entry.file_name().display())).collect()
}

/// Runs everything once, in a process in which nothing else happens.
fn left_by(suite: &Suite) -> Faults {
    let surroundings = || (std::env::current_dir().ok(), std::env::vars_os().collect::<Vec<_>>());
    let (threads_before, before) = (threads(), surroundings());
    for example in &suite.examples {
        let _ = suite.run(example, &Listener::patient());
        let _ = suite.run(example, &Listener::stopping_at(0));
        let _ = suite.inspect(example, &Listener::patient());
    }
    let _ = suite.run(&Example::new("nothing"), &Listener::patient());
    let mut faults = Faults::new();
    if surroundings() != before {
        faults.push("the working directory or the environment was changed".to_owned());
    }
    // A thread that was joined may still be listed for a moment.
    let start = Instant::now();
    while threads() > threads_before && start.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    let left = threads().saturating_sub(threads_before);
    if left > 0 {
        faults.push(format!("a thread was left running ({left} in all)"));
    }
    faults
}

/// Number of threads of this process; 0 where the system does not tell.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}
