//! What the process of a service uses, under the names that Prometheus has for it in every program:
//! <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::exposition::{Exposition, Family};
use super::{count, families, size};

pub(super) fn write(out: &mut Exposition) {
    let mut gauge = |family: &Family, value: Option<f64>| {
        out.family(family, value.map(|value| (vec![], value)));
    };
    gauge(&families::PROCESS_CPU, Some(cpu_seconds()));
    gauge(&families::PROCESS_MEMORY, resident_bytes().map(size));
    gauge(&families::PROCESS_FILES, open_files().map(count));
    gauge(&families::PROCESS_MOST_FILES, getrlimit(Resource::Nofile).current.map(size));
}

#[expect(clippy::cast_precision_loss, reason = "seconds are far below 2^53")]
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// The second number of `/proc/self/statm`, in pages.
fn resident_bytes() -> Option<u64> {
    let text = fs_err::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(u64::try_from(rustix::param::page_size()).ok()?)
}

/// One of them is the folder that is read here.
fn open_files() -> Option<usize> {
    Some(fs_err::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1))
}
