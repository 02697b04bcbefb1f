//! A sandbox whose processes, files and temporary folders can be told from those of other tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::deeds::Deed;
use tests::{Outcome, Sandbox, copy_host, fixture, tree};

/// A sandbox with a host of its own.
pub(super) struct Bench {
    pub(super) sandbox: Sandbox,
    program: PathBuf,
}

impl Bench {
    pub(super) fn new(modules: &Path) -> Self {
        let sandbox = Sandbox::new().with_plugins(modules).with_plugins(fixture::example());
        let program = sandbox.path("host-under-test");
        copy_host(&program);
        std::fs::create_dir(sandbox.path("temporary")).unwrap();
        let bench = Self { sandbox, program };
        // Something that must still be there afterwards.
        let _ = bench.run(&["prepare", "--plugin", "light_curve", "--name", "kept"]).success();
        bench
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        // The host itself, whatever a module does, works within this much memory of its own.
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "ulimit -S -d 307200 && exec \"$0\" \"$@\""]).arg(&self.program);
        self.sandbox.prepare(&mut command);
        command.env("TMPDIR", self.sandbox.path("temporary"));
        command.args(arguments);
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    pub(super) fn commit(&self, deed: &str, more: &[&str]) -> Outcome {
        let deed_parameter = format!("deed={deed}");
        let mut arguments =
            vec!["prepare", "--plugin", "hostile", "--name", deed, "--param", &deed_parameter];
        arguments.extend(more);
        self.run(&arguments)
    }

    /// Files with what the deeds answer, written once.
    pub(super) fn input(&self, deed: &Deed) -> Option<PathBuf> {
        deed.input.map(|input| self.sandbox.write(&format!("{}-{:x}", deed.name, input as usize), input()))
    }

    /// Everything of the data root but logs, the lock and the index.
    pub(super) fn registered(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = tree(&self.sandbox.data_root());
        files.retain(|path, _| {
            let volatile = path.starts_with("logs") || path.starts_with("cache");
            !volatile && !path.ends_with(".lock") && !path.to_string_lossy().contains("index.sqlite")
        });
        files
    }

    /// Nothing half done lies about, nothing was written anywhere else, and no process of this host is left.
    pub(super) fn assert_clean(&self, what: &str) {
        for entry in folders_and_files(&self.sandbox.data_root()) {
            let name = entry.file_name().unwrap().to_string_lossy();
            // Locks, and the mark of the day on which old logs were looked for.
            let stays = name == ".lock" || entry.ends_with("logs/.retention");
            assert!(!name.starts_with('.') || stays, "{what} left `{}`", entry.display());
        }
        let elsewhere = folders_and_files(&self.sandbox.path("temporary"));
        assert!(elsewhere.is_empty(), "{what} left {elsewhere:?}");
        let left = self.processes();
        // Told once, not by everything that runs after it.
        for process in &left {
            let _ = Command::new("kill").args(["-9", process.trim_start_matches("/proc/")]).status();
        }
        assert!(left.is_empty(), "{what} left processes {left:?}");
    }

    /// A module that writes where everybody may has written nothing.
    pub(super) fn assert_nothing_filled() {
        let folders = ["/tmp", "/", "/dev/shm", "/var/tmp"].map(Path::new);
        let left: Vec<_> = folders.map(|folder| folder.join("hostile-filling-0")).into_iter().collect();
        let left: Vec<_> = left.iter().filter(|file| std::fs::remove_file(file).is_ok()).collect();
        assert!(left.is_empty(), "a module left {left:?}");
    }

    /// Processes that run this bench's host, on systems that tell.
    fn processes(&self) -> Vec<String> {
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let running = |process: &PathBuf| {
            let executable = std::fs::read_link(process.join("exe"));
            executable.is_ok_and(|executable| executable.starts_with(&self.program))
        };
        let processes = processes.flatten().map(|entry| entry.path());
        processes.filter(running).map(|process| process.display().to_string()).collect()
    }
}

fn folders_and_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path.clone());
            }
            found.push(path);
        }
    }
    found
}
