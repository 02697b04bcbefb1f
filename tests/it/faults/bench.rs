//! Data roots that are copied, harmed and looked at again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Outcome, copy_folder, copy_host, fixture, tree};

/// A folder for data roots, and the commands that are run on them.
pub(crate) struct Bench {
    folder: TempDir,
    /// The host under a name of its own, so that its processes can be told from those of other tests.
    program: PathBuf,
    started: Instant,
    runs: AtomicUsize,
    roots: AtomicUsize,
    temporaries: AtomicUsize,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        let program = folder.path().join("host-under-test");
        copy_host(&program);
        Self {
            folder,
            program,
            started: Instant::now(),
            runs: AtomicUsize::new(0),
            roots: AtomicUsize::new(0),
            temporaries: AtomicUsize::new(0),
        }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// A path for a data root that is not there yet.
    pub(crate) fn fresh_root(&self) -> PathBuf {
        let number = self.roots.fetch_add(1, Ordering::Relaxed);
        // Always as long as the others, so that every run makes the same system calls.
        self.path(&format!("root-{number:06}"))
    }

    /// A copy that may be harmed.
    pub(crate) fn copy(&self, root: &Path) -> PathBuf {
        let copy = self.fresh_root();
        if root.is_dir() {
            copy_folder(root, &copy);
        }
        copy
    }

    /// Gives a command everything but the environment of this process.
    pub(crate) fn prepare(&self, command: &mut Command, root: &Path) {
        // What another worker left in the usual place would be looked at, which makes calls.
        let temporary =
            self.path(&format!("temporary-{:06}", self.temporaries.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir(&temporary).unwrap();
        command
            .env_clear()
            .env("TMPDIR", temporary)
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("USER", "tester")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command.arg("--data-root").arg(root).arg("--plugin-dir").arg(fixture::example());
    }

    pub(crate) fn command(&self, root: &Path, arguments: &[&str]) -> Command {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let mut command = Command::new(&self.program);
        self.prepare(&mut command, root);
        command.args(arguments);
        command
    }

    pub(crate) fn run(&self, root: &Path, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(root, arguments))
    }

    pub(crate) fn run_json(&self, root: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
        let outcome = Outcome::of(self.command(root, arguments).arg("--json"));
        let value = serde_json::from_str(&outcome.stdout);
        (outcome.code, value.unwrap_or_else(|error| panic!("no JSON: {error}\n{outcome:?}")))
    }

    /// The host under the tracer, whose own flags come first.
    pub(crate) fn traced(&self, tracer: &[&str], root: &Path, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.traced_command(tracer, root, arguments))
    }

    pub(crate) fn traced_command(&self, tracer: &[&str], root: &Path, arguments: &[&str]) -> Command {
        self.runs.fetch_add(1, Ordering::Relaxed);
        // What runs in the background ignores an interrupt, and so would all that it starts.
        let mut command = Command::new("env");
        command
            .args(["--default-signal=INT,HUP,TERM", "strace", "-f", "-qq"])
            .args(tracer)
            .arg(&self.program);
        self.prepare(&mut command, root);
        command.args(arguments);
        command
    }

    /// Processes that run this bench's host, on systems that tell.
    pub(crate) fn processes(&self) -> Vec<PathBuf> {
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let running = |process: &PathBuf| {
            std::fs::read_link(process.join("exe"))
                .is_ok_and(|executable| executable.starts_with(&self.program))
        };
        processes.flatten().map(|entry| entry.path()).filter(running).collect()
    }

    /// What `check` found: exit code and items.
    pub(crate) fn check(&self, root: &Path) -> (Option<i32>, Vec<Value>) {
        let (code, report) = self.run_json(root, &["check"]);
        let items = report.pointer("/data/items").and_then(Value::as_array);
        (code, items.cloned().unwrap_or_default())
    }

    /// Tells what a test did; a number of runs that shrinks to nothing would make it worthless unseen.
    #[expect(clippy::print_stderr, reason = "the summary of a long test")]
    pub(crate) fn say(&self, what: &str) {
        let seconds = self.started.elapsed().as_secs_f64();
        let runs = self.runs.load(Ordering::Relaxed);
        let rate = f64::from(u32::try_from(runs).unwrap()) / seconds;
        eprintln!("    {what}; {runs} processes in {seconds:.1} s, {rate:.0} a second");
    }
}

/// Names of files and folders that only an unfinished publication leaves, anywhere below.
pub(crate) fn leftovers(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = tree(root).into_keys().collect();
    files.retain(|path| {
        path.components().any(|part| {
            let name = part.as_os_str().to_string_lossy();
            name.contains(".tmp-") || name.starts_with(".staging-") || name == "pending.json"
        })
    });
    files
}
