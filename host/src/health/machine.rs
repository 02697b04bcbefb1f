//! What the machine has left, read from plain files where a system has them. The limits of a control group count as those
//! of the machine: a process in a container is told about the container.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// Where the system tells about itself.
#[derive(Debug, Clone)]
pub struct Machine {
    processes: PathBuf,
    groups: PathBuf,
}

/// Memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// All there is for this process, bytes.
    pub total_bytes: u64,
    /// What can still be had, bytes.
    pub available_bytes: u64,
}

/// Room below a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// All there is for this user, bytes.
    pub total_bytes: u64,
    /// What can still be had, bytes.
    pub free_bytes: u64,
}

impl Default for Machine {
    fn default() -> Self {
        Self { processes: "/proc".into(), groups: "/sys/fs/cgroup".into() }
    }
}

impl Machine {
    /// One that is told about in other folders.
    #[must_use]
    pub fn told_in(processes: PathBuf, groups: PathBuf) -> Self {
        Self { processes, groups }
    }

    /// Memory: of the machine, or of the tightest control group around this process if that has less left.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        let machine = machine_memory(&self.process_file("meminfo")?);
        let groups = self.own_groups().into_iter().filter_map(|group| group_memory(&group));
        machine.into_iter().chain(groups).min_by_key(|memory| memory.available_bytes)
    }

    /// Mean number of processes that wanted to run, over 1, 5 and 15 minutes.
    #[must_use]
    pub fn load(&self) -> Option<[f64; 3]> {
        let text = self.process_file("loadavg")?;
        let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
        Some([numbers.next()?, numbers.next()?, numbers.next()?])
    }

    fn process_file(&self, name: &str) -> Option<String> {
        read(&self.processes.join(name))
    }

    /// The control group of this process and every one around it.
    fn own_groups(&self) -> Vec<PathBuf> {
        let Some(text) = self.process_file("self/cgroup") else { return Vec::new() };
        let Some(path) = text.lines().find_map(|line| line.strip_prefix("0::/")) else { return Vec::new() };
        Path::new(path).ancestors().map(|group| self.groups.join(group)).collect()
    }

    /// Processor time used and had since the machine started, in ticks of the same length.
    pub(super) fn processor_time(&self) -> Option<(u64, u64)> {
        let text = self.process_file("stat")?;
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        // user nice system idle iowait irq softirq steal; what guests use is part of user.
        let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|word| word.parse().ok()).collect();
        let total: u64 = ticks.iter().sum();
        let idle = ticks.get(3)? + ticks.get(4).copied().unwrap_or(0);
        Some((total.saturating_sub(idle), total))
    }
}

fn read(path: &Path) -> Option<String> {
    fs_err::read_to_string(path).ok()
}

fn number_in(path: &Path) -> Option<u64> {
    read(path)?.trim().parse().ok()
}

fn machine_memory(text: &str) -> Option<Memory> {
    let bytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    Some(Memory { total_bytes: bytes("MemTotal")?, available_bytes: bytes("MemAvailable")? })
}

/// What a control group allows; nothing if it sets no limit. What the kernel would give back is not in use.
fn group_memory(group: &Path) -> Option<Memory> {
    let total_bytes = number_in(&group.join("memory.max"))?;
    let current = number_in(&group.join("memory.current"))?;
    let statistics = read(&group.join("memory.stat")).unwrap_or_default();
    let reclaimable = statistics.lines().find_map(|line| line.strip_prefix("inactive_file ")?.parse().ok());
    let used = current.saturating_sub(reclaimable.unwrap_or(0));
    Some(Memory { total_bytes, available_bytes: total_bytes.saturating_sub(used) })
}

impl Memory {
    /// How much is in use.
    #[must_use]
    pub fn used_percent(&self) -> f64 {
        used_percent(self.total_bytes, self.available_bytes)
    }
}

impl Disk {
    /// Room where a folder is, or where it would be made.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Self> {
        let there = folder.ancestors().find(|ancestor| ancestor.exists())?;
        let found = rustix::fs::statvfs(there).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        let used = found.f_blocks.saturating_sub(found.f_bfree);
        Some(Self {
            total_bytes: bytes(used.saturating_add(found.f_bavail)),
            free_bytes: bytes(found.f_bavail),
        })
    }

    /// How much is in use.
    #[must_use]
    pub fn used_percent(&self) -> f64 {
        used_percent(self.total_bytes, self.free_bytes)
    }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn used_percent(total: u64, free: u64) -> f64 {
    if total == 0 { 0.0 } else { 100.0 * total.saturating_sub(free) as f64 / total as f64 }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests write files that nobody keeps")]

    use super::*;

    const MEMORY: &str = "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:    4000000 kB\n";

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        let machine = Machine::told_in(folder.path().join("proc"), folder.path().join("groups"));
        (folder, machine)
    }

    #[test]
    fn memory_is_that_of_the_machine_where_no_group_limits_it() {
        let (_folder, machine) = machine(&[
            ("proc/meminfo", MEMORY),
            ("proc/self/cgroup", "0::/user/shell\n"),
            ("groups/user/memory.max", "max\n"),
        ]);
        let memory = machine.memory().unwrap();
        assert_eq!(memory, Memory { total_bytes: 16_384_000_000, available_bytes: 4_096_000_000 });
        assert!((memory.used_percent() - 75.0).abs() < 1e-9);
    }

    #[test]
    fn a_group_around_the_process_limits_it_and_file_cache_is_not_in_use() {
        let (_folder, machine) = machine(&[
            ("proc/meminfo", MEMORY),
            ("proc/self/cgroup", "1:name=systemd:/x\n0::/pod/container\n"),
            ("groups/pod/container/memory.max", "max\n"),
            ("groups/pod/memory.max", "1000000000\n"),
            ("groups/pod/memory.current", "900000000\n"),
            ("groups/pod/memory.stat", "anon 1\ninactive_file 40000000\n"),
        ]);
        let memory = machine.memory().unwrap();
        assert_eq!(memory, Memory { total_bytes: 1_000_000_000, available_bytes: 140_000_000 });
        assert!((memory.used_percent() - 86.0).abs() < 1e-9);
    }

    #[test]
    fn what_a_system_does_not_tell_is_absent() {
        let (_folder, machine) = machine(&[("proc/meminfo", "nonsense"), ("proc/loadavg", "0.1 busy 2")]);
        assert_eq!(machine.memory(), None);
        assert_eq!(machine.load(), None);
        assert_eq!(machine.processor_time(), None);
        assert_eq!(Disk::of(Path::new("")), None);
    }

    #[test]
    fn a_disk_has_room() {
        let disk = Disk::of(Path::new("/nowhere/at/all")).unwrap();
        assert!(disk.total_bytes >= disk.free_bytes && disk.total_bytes > 0);
    }
}
