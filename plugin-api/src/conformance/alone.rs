//! What can only be told of a module that runs in a process of its own: what it leaves, and what it takes.
//!
//! Other tests of the same process have threads and memory too. So the test binary is started once more for one test
//! alone, in an empty folder that is also its home; a host that runs the suite starts a process for each check anyway.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::run::Listener;
use super::{Example, Faults, Suite};
use crate::ModuleError;

/// Set in the process in which a module runs alone.
const ALONE: &str = "HOST_CONFORMANCE_ALONE";

/// Address space of the process, far more than a test binary and any sensible example need.
const MEMORY_KIBIBYTES: u32 = 4 << 20;

/// A process that takes longer is ended.
const TIME: Duration = Duration::from_mins(2);

/// One derivation from a file of a few kilobytes that takes longer hangs.
const DERIVATION: Duration = Duration::from_secs(10);

/// A thread that was joined may still be listed for a moment.
const MOMENT: Duration = Duration::from_secs(1);

/// Where the suite runs.
#[derive(Debug)]
pub(super) enum Surroundings {
    /// Among other tests, in the module of tests with this path.
    Tests(String),
    /// In a process and an empty working directory of its own.
    Alone,
}

/// A run leaves no thread, no file, and neither the working directory nor an environment variable changed.
#[must_use]
pub fn nothing_is_left_behind(suite: &Suite) -> Faults {
    alone(suite, "nothing_is_left_behind", left_by)
}

/// Numbers in an input that claim huge sizes cost neither memory nor time: within 4 GiB of addresses, every derivation
/// ends within 10 s.
#[must_use]
pub fn limits_are_honoured(suite: &Suite) -> Faults {
    alone(suite, "limits_are_honoured", beyond_limits)
}

/// Does the work in a process in which nothing else happens. `test` is the name of the test that calls this.
pub(super) fn alone(suite: &Suite, test: &str, work: fn(&Suite) -> Faults) -> Faults {
    match &suite.surroundings {
        Surroundings::Tests(path) if !std::env::vars_os().any(|(name, _)| name == ALONE) => {
            let test = format!("{path}::{test}");
            start_again(test.trim_start_matches("::"))
        }
        _ => work(suite),
    }
}

/// Runs one test of this test binary in a new process.
fn start_again(test: &str) -> Faults {
    let folder = Folder::new();
    let started = std::env::current_exe().and_then(|program| {
        std::fs::create_dir_all(&folder.0)?;
        let mut command = limited(&program);
        command.args([test, "--exact", "--test-threads=1", "--nocapture"]).current_dir(&folder.0);
        command.env(ALONE, "1").envs(["TMPDIR", "HOME", "XDG_CACHE_HOME"].map(|name| (name, &folder.0)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    });
    let (said, mut faults) = match started {
        Ok(child) => finish(child),
        Err(error) => return vec![format!("cannot start the test `{test}` once more: {error}")],
    };
    if !said.contains("running 1 test\n") {
        faults.push(format!("the test binary does not know the test `{test}`"));
    }
    faults
}

/// The program with little memory, where the system has a shell to set limits with.
fn limited(program: &Path) -> Command {
    if !cfg!(unix) || !Path::new("/bin/sh").exists() {
        return Command::new(program);
    }
    let mut command = Command::new("/bin/sh");
    let script = format!("ulimit -v {MEMORY_KIBIBYTES} 2>/dev/null; exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(program);
    command
}

/// What a process printed, and how it failed.
fn finish(mut child: Child) -> (String, Faults) {
    let read = |stream: Option<Box<dyn Read + Send>>| {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read until an error is worth as much.
            let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
            let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        receiver
    };
    let said = read(child.stdout.take().map(|stream| Box::new(stream) as _));
    let complained = read(child.stderr.take().map(|stream| Box::new(stream) as _));
    let Ok(said) = said.recv_timeout(TIME) else {
        let _ = child.kill();
        let _ = child.wait();
        return ("running 1 test\n".to_owned(), vec![format!("it did not end within {} s", TIME.as_secs())]);
    };
    let status = child.wait();
    let complained = complained.recv_timeout(MOMENT).unwrap_or_default();
    match status {
        Ok(status) if status.success() => (said, Faults::new()),
        Ok(status) => (said, vec![format!("{}: {status}", complained.trim())]),
        Err(error) => (said, vec![error.to_string()]),
    }
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

/// Runs everything once.
pub(super) fn left_by(suite: &Suite) -> Faults {
    let surroundings = || (std::env::current_dir().ok(), std::env::vars_os().collect::<Vec<_>>());
    let (threads_before, before) = (suite.subject.threads(), surroundings());
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
    let entries = before.0.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    faults.extend(entries.map(|entry| format!("the file `{}` was written", entry.file_name().display())));
    let start = Instant::now();
    while suite.subject.threads() > threads_before && start.elapsed() < MOMENT {
        std::thread::yield_now();
    }
    let left = suite.subject.threads().saturating_sub(threads_before);
    if left > 0 {
        faults.push(format!("a thread was left running ({left} in all)"));
    }
    faults
}

/// Derives from inputs with numbers that nobody can hold.
fn beyond_limits(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for example in &suite.examples {
        for (role, bytes) in &example.inputs {
            for (what, swollen) in claims(bytes) {
                let mut example = example.clone();
                example.inputs.insert(role.clone(), swollen);
                let start = Instant::now();
                let result = suite.run(&example, &Listener::patient());
                let place = format!("example `{}`, input `{role}` with {what}", example.name);
                if start.elapsed() > DERIVATION {
                    let seconds = start.elapsed().as_secs_f64();
                    faults.push(format!("{place}: it took {seconds:.0} s"));
                }
                if let Err(ModuleError::LimitExceeded { what, limit, found }) = result
                    && found <= limit
                {
                    faults.push(format!("{place}: {what} of {found} is within the limit of {limit}"));
                }
            }
        }
    }
    faults
}

/// The input with a huge whole number in front, and in place of its first words that begin with a digit.
fn claims(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    const CLAIM: &str = "4000000000";
    const WORDS: usize = 6;
    let front = |claim: String| (format!("`{claim}` in front"), [claim.as_bytes(), b"\n", bytes].concat());
    let mut claims = vec![front(CLAIM.to_owned()), front(format!("{CLAIM} {CLAIM}"))];
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b",;".contains(byte);
    let (mut at, mut found) = (0, 0);
    while at < bytes.len() && found < WORDS {
        let end = at + bytes[at..].iter().position(ends).unwrap_or(bytes.len() - at);
        if bytes[at].is_ascii_digit() {
            found += 1;
            let claimed = [&bytes[..at], CLAIM.as_bytes(), &bytes[end..]].concat();
            claims.push((format!("`{CLAIM}` in bytes {at} to {end}"), claimed));
        }
        at = end + 1;
    }
    claims
}
