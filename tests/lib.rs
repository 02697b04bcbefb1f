//! Shared pieces of the end-to-end tests: a built host, a private data root, and what a test may need from outside.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

pub mod fixture;
pub mod hostile_packages;
pub mod needs;
pub mod parsers;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Cargo's target directory: the one this test binary was built in.
#[must_use]
pub fn target() -> PathBuf {
    // …/target/<profile>/deps/it-…
    std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned()
}

/// The host, built with the workspace's modules beside it, in the profile of this test binary.
#[must_use]
pub fn host() -> &'static Path {
    static HOST: OnceLock<PathBuf> = OnceLock::new();
    HOST.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        // What cargo tells this test of its own package, build scripts in there would take for a change, and half of
        // the host would be compiled anew on each run of the tests.
        let own = std::env::vars_os().map(|(name, _)| name);
        for name in own.filter(|name| {
            name.to_str()
                .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        }) {
            cargo.env_remove(name);
        }
        // The whole workspace has the features that this test was built with: nothing is compiled twice.
        cargo
            .current_dir(repository())
            .args(["build", "--workspace", "--quiet", "--target-dir"])
            .arg(target());
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the host does not build");
        target().join(if cfg!(debug_assertions) { "debug" } else { "release" }).join("host")
    })
}

/// Gives the host a second name, so that its processes can be told from those of other tests. Where that cannot be, another
/// process copies it: a child that another thread starts while this one writes could hold the file open for writing, and
/// what somebody writes does not run.
pub fn copy_host(to: &Path) {
    if std::fs::hard_link(host(), to).is_err() {
        assert!(Command::new("cp").arg(host()).arg(to).status().unwrap().success());
    }
}

/// A private data root, home and working directory, and the commands a test runs in it.
#[derive(Debug)]
pub struct Sandbox {
    directory: TempDir,
    plugin_directories: Vec<PathBuf>,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Sandbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for folder in ["home", "work"] {
            std::fs::create_dir(directory.path().join(folder)).unwrap();
        }
        Self { directory, plugin_directories: Vec::new() }
    }

    /// Adds a folder with modules.
    #[must_use]
    pub fn with_plugins(mut self, directory: &Path) -> Self {
        self.plugin_directories.push(directory.to_owned());
        self
    }

    /// The same data root without any folder with modules.
    #[must_use]
    pub fn without_plugins(mut self) -> Self {
        self.plugin_directories.clear();
        self
    }

    /// A path inside.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// The data root.
    #[must_use]
    pub fn data_root(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file below the working directory and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path("work").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's own input file")]
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A command on the data root, with nothing of the outer environment but the search path for programs.
    #[must_use]
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(host());
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    /// Gives any command the environment and flags of the sandbox.
    pub fn prepare(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("USER", "tester")
            .current_dir(self.path("work"))
            .stdin(Stdio::null())
            .arg("--data-root")
            .arg(self.data_root());
        for directory in &self.plugin_directories {
            command.arg("--plugin-dir").arg(directory);
        }
    }

    /// Runs the host.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// Runs the host with `--json` and returns what it said.
    pub fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Value {
        self.run_json(arguments).1
    }

    /// Runs the host with `--json`; exit code and what it said.
    pub fn run_json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> (Option<i32>, Value) {
        let mut command = self.command(arguments);
        command.arg("--json");
        let outcome = Outcome::of(&mut command);
        let value = serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("not one JSON object: {error}\n{outcome:?}"));
        (outcome.code, value)
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outcome {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The same, demanding success.
    #[must_use]
    pub fn success(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The same, demanding an exit code and texts on standard error.
    #[must_use]
    pub fn failure(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        for text in texts {
            assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        }
        self
    }
}

/// Copies a folder with all that is in it to a place where there is none.
pub fn copy_folder(from: &Path, to: &Path) {
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

/// Sends a signal to a process that the test started.
pub fn kill(signal: &str, process: u32) {
    let status = Command::new("kill").arg(format!("-{signal}")).arg(process.to_string()).status();
    assert!(status.unwrap().success());
}

/// Nothing that a test waits for takes so long, on a slow machine that is busy with something else; a wait that does has
/// failed.
pub const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Waits until something is so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONGEST_WAIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: it took too long");
        // What is waited for needs the processor.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Every file below a folder with its bytes, by relative path.
#[must_use]
pub fn tree(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}
