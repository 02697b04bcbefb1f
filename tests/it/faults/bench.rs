//! Data roots that are copied, harmed and looked at again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Outcome, fixture, host, tree};

/// A folder for data roots, and the commands that are run on them.
pub(super) struct Bench {
    folder: TempDir,
    /// The host under a name of its own, so that its processes can be told from those of other tests.
    program: PathBuf,
    started: Instant,
    runs: AtomicUsize,
    roots: AtomicUsize,
}

impl Bench {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        let program = folder.path().join("host-under-test");
        if std::fs::hard_link(host(), &program).is_err() {
            std::fs::copy(host(), &program).unwrap();
        }
        Self {
            folder,
            program,
            started: Instant::now(),
            runs: AtomicUsize::new(0),
            roots: AtomicUsize::new(0),
        }
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// A path for a data root that is not there yet.
    pub(super) fn fresh_root(&self) -> PathBuf {
        let number = self.roots.fetch_add(1, Ordering::Relaxed);
        // Always as long as the others, so that every run makes the same system calls.
        self.path(&format!("root-{number:06}"))
    }

    /// A copy that may be harmed.
    pub(super) fn copy(&self, root: &Path) -> PathBuf {
        let copy = self.fresh_root();
        if root.is_dir() {
            copy_folder(root, &copy);
        }
        copy
    }

    /// Gives a command everything but the environment of this process.
    pub(super) fn prepare(&self, command: &mut Command, root: &Path) {
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("USER", "tester")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command.arg("--data-root").arg(root).arg("--plugin-dir").arg(fixture::example());
    }

    pub(super) fn command(&self, root: &Path, arguments: &[&str]) -> Command {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let mut command = Command::new(&self.program);
        self.prepare(&mut command, root);
        command.args(arguments);
        command
    }

    pub(super) fn run(&self, root: &Path, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(root, arguments))
    }

    pub(super) fn run_json(&self, root: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
        let outcome = Outcome::of(self.command(root, arguments).arg("--json"));
        let value = serde_json::from_str(&outcome.stdout);
        (outcome.code, value.unwrap_or_else(|error| panic!("no JSON: {error}\n{outcome:?}")))
    }

    /// The host under the tracer, whose own flags come first.
    pub(super) fn traced(&self, tracer: &[&str], root: &Path, arguments: &[&str]) -> Outcome {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let mut command = Command::new("strace");
        command.args(["-f", "-qq"]).args(tracer).arg(&self.program);
        self.prepare(&mut command, root);
        command.args(arguments);
        Outcome::of(&mut command)
    }

    /// Processes that run this bench's host, on systems that tell.
    pub(super) fn processes(&self) -> Vec<PathBuf> {
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let running = |process: &PathBuf| {
            std::fs::read_link(process.join("exe"))
                .is_ok_and(|executable| executable.starts_with(&self.program))
        };
        processes.flatten().map(|entry| entry.path()).filter(running).collect()
    }

    /// What `check` found: exit code and items.
    pub(super) fn check(&self, root: &Path) -> (Option<i32>, Vec<Value>) {
        let (code, report) = self.run_json(root, &["check"]);
        let items = report.pointer("/data/items").and_then(Value::as_array);
        (code, items.cloned().unwrap_or_default())
    }

    /// Tells what a test did; a number of runs that shrinks to nothing would make it worthless unseen.
    #[expect(clippy::print_stderr, reason = "the summary of a long test")]
    pub(super) fn say(&self, what: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        let runs = self.runs.load(Ordering::Relaxed);
        let rate = f64::from(u32::try_from(runs).unwrap()) / seconds;
        eprintln!("    {what}; {runs} processes in {seconds:.1} s, {rate:.0} a second");
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Names of files and folders that only an unfinished publication leaves, anywhere below.
pub(super) fn leftovers(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = tree(root).into_keys().collect();
    files.retain(|path| {
        path.components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            name.contains(".tmp-") || name.starts_with(".staging-") || name == "pending.json"
        })
    });
    files
}
