//! Which system calls change something, and how to break each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::bench::Bench;

/// Calls that change files. A question mark: not every processor has it.
pub(super) const CALLS: &str = "?openat,?write,?writev,?pwrite64,?pwritev,?fsync,?fdatasync,?rename,?renameat,?renameat2,?link,\
                     ?linkat,?unlink,?unlinkat,?rmdir,?mkdir,?mkdirat,?ftruncate,?truncate,?fallocate,?chmod,?fchmod,\
                     ?fchmodat,?symlink,?symlinkat";

/// One call of a run.
#[derive(Debug)]
struct Event {
    task: u32,
    call: String,
    /// Which one of its kind it is in its task: that is how the tracer counts.
    number: usize,
    changes: bool,
    /// Whether it concerns a file of the data root.
    in_root: bool,
    line: String,
}

/// What else a run does, in the same order each time: where it may be interrupted, too.
const OTHER_CALLS: &str =
    "?read,?pread64,?close,?lseek,?newfstatat,?fstat,?statx,?getdents64,?flock,?fcntl,?readlink";

/// A call that can be broken.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    call: String,
    number: usize,
    /// Whether the next call of its kind is broken as well.
    twice: bool,
    pub(crate) in_root: bool,
    /// The call as the tracer shows it.
    pub(crate) line: String,
}

impl Point {
    /// What it is called in the matrix.
    pub(crate) fn name(&self) -> String {
        let twice = if self.twice { ":twice" } else { "" };
        format!("{}:{}{twice}", self.call, self.number)
    }

    /// Flags that break it.
    pub(crate) fn flags(&self, how: &str) -> Vec<String> {
        let Self { call, number, twice, .. } = self;
        let when = if *twice { format!("{number}..{}", number + 1) } else { number.to_string() };
        ["-o".to_owned(), "/dev/null".to_owned(), "-e".to_owned(), format!("trace={call}")]
            .into_iter()
            .chain(["-e".to_owned(), format!("inject={call}:{how}:when={when}")])
            .collect()
    }

    /// The same, and the next call of its kind.
    pub(crate) fn twice(&self) -> Self {
        Self { twice: true, ..self.clone() }
    }
}

/// Every point of a run that changes something, and how many such calls cannot be reached because another task makes a
/// call of the same kind and number before.
pub(crate) fn points(bench: &Bench, root: &Path, arguments: &[&str]) -> (Vec<Point>, usize) {
    let (events, workers) = record(bench, root, arguments, CALLS);
    let of_host = |event: &Event| event.changes && !workers.contains(&event.task);
    let changes = events.iter().filter(|event| of_host(event)).count();
    let points = reachable(events, of_host);
    let unreachable = changes - points.len();
    (points, unreachable)
}

/// Points of any call, of the host or of its workers.
pub(crate) fn any_points(bench: &Bench, root: &Path, arguments: &[&str]) -> Vec<Point> {
    let (events, _) = record(bench, root, arguments, &format!("{CALLS},{OTHER_CALLS}"));
    reachable(events, |_| true)
}

/// The first task that comes to a number is hit.
fn reachable(events: Vec<Event>, wanted: impl Fn(&Event) -> bool) -> Vec<Point> {
    let mut seen = BTreeSet::new();
    let mut points = Vec::new();
    for event in events {
        if seen.insert((event.call.clone(), event.number)) && wanted(&event) {
            let Event { call, number, in_root, line, .. } = event;
            points.push(Point { call, number, twice: false, in_root, line });
        }
    }
    points
}

fn record(bench: &Bench, root: &Path, arguments: &[&str], calls: &str) -> (Vec<Event>, BTreeSet<u32>) {
    let log = bench.path("trace.log");
    let trace = format!("trace={calls},execve");
    let flags = ["-y", "-s", "0", "-o", log.to_str().unwrap(), "-e", &trace];
    let _ = bench.traced(&flags, root, arguments).success();
    read(&std::fs::read_to_string(&log).unwrap(), root.to_str().unwrap())
}

fn read(log: &str, root: &str) -> (Vec<Event>, BTreeSet<u32>) {
    let mut counts = BTreeMap::new();
    let mut events = Vec::new();
    let mut programs = Vec::new();
    for line in log.lines() {
        let Some((task, rest)) = line.split_once(' ') else { continue };
        let (Ok(task), Some((call, arguments))) = (task.parse(), rest.trim_start().split_once('(')) else {
            continue;
        };
        if call.starts_with(['<', '+', '-']) {
            continue;
        }
        if call == "execve" {
            programs.push(task);
            continue;
        }
        let number: &mut usize = counts.entry((task, call.to_owned())).or_default();
        *number += 1;
        let writes = ["O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"].iter().any(|flag| arguments.contains(flag));
        events.push(Event {
            task,
            call: call.to_owned(),
            number: *number,
            changes: call != "openat" || writes,
            in_root: arguments.contains(root),
            line: rest.trim_start().to_owned(),
        });
    }
    // The first program is the host.
    (events, programs.into_iter().skip(1).collect())
}
