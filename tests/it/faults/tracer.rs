//! Which system calls change something, and how to break each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::bench::Bench;

/// Calls that change files. A question mark: not every processor has it.
const CALLS: &str = "?openat,?write,?writev,?pwrite64,?pwritev,?fsync,?fdatasync,?rename,?renameat,?renameat2,?link,\
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

/// A call that can be broken.
#[derive(Debug, Clone)]
pub(super) struct Point {
    call: String,
    number: usize,
    pub(super) in_root: bool,
    /// The call as the tracer shows it.
    pub(super) line: String,
}

impl Point {
    /// Flags that break it.
    pub(super) fn flags(&self, how: &str) -> Vec<String> {
        let Self { call, number, .. } = self;
        ["-o".to_owned(), "/dev/null".to_owned(), "-e".to_owned(), format!("trace={call}")]
            .into_iter()
            .chain(["-e".to_owned(), format!("inject={call}:{how}:when={number}")])
            .collect()
    }
}

/// Every point of a run that changes something, and how many such calls cannot be reached because another task makes a
/// call of the same kind and number before.
pub(super) fn points(bench: &Bench, root: &Path, arguments: &[&str]) -> (Vec<Point>, usize) {
    let log = bench.path("trace.log");
    let trace = format!("trace={CALLS},execve");
    let flags = ["-y", "-s", "0", "-o", log.to_str().unwrap(), "-e", &trace];
    let _ = bench.traced(&flags, root, arguments).success();
    let (events, workers) = read(&std::fs::read_to_string(&log).unwrap(), root.to_str().unwrap());
    let mut seen = BTreeSet::new();
    let mut points = Vec::new();
    let mut changes = 0;
    for event in events {
        let of_host = event.changes && !workers.contains(&event.task);
        changes += usize::from(of_host);
        // The first task that comes to this number is hit.
        if seen.insert((event.call.clone(), event.number)) && of_host {
            let Event { call, number, in_root, line, .. } = event;
            points.push(Point { call, number, in_root, line });
        }
    }
    let unreachable = changes - points.len();
    (points, unreachable)
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
