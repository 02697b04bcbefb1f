//! Deeds against the process that the module runs in.

use std::fs::File;
use std::io::Write;
use std::os::fd::FromRawFd;
use std::time::Duration;

use plugin_api::{Context, Level};

use crate::{forged, system};

/// Does it; most of them never come back.
pub fn act(deed: &str, context: &Context<'_>) {
    match deed {
        "panic" => panic!("as asked"),
        "panic-any" => std::panic::panic_any(42_u8),
        "panic-in-drop" => {
            let _bomb = Bomb;
            panic!("with something left to drop");
        }
        "panic-in-thread-local" => {
            thread_local!(static BOMB: Bomb = const { Bomb });
            let _ = std::thread::spawn(|| BOMB.with(|_| {})).join();
            panic!("although it should have ended long ago");
        }
        "panic-in-thread" => {
            let _ = std::thread::spawn(|| panic!("in a thread of its own")).join();
        }
        "replace-panic-hook" => {
            std::panic::set_hook(Box::new(|_| std::process::exit(0)));
            panic!("and nobody hears of it");
        }
        "escape-codes" => panic!("\u{1b}[2J\u{1b}]0;owned\u{7} \u{9b}31m gone"),
        "abort" => std::process::abort(),
        "segfault" => unsafe {
            std::ptr::null_mut::<u8>().write_volatile(1);
        },
        "write-library" => unsafe {
            (act as *const () as *mut u8).write_volatile(0);
        },
        "double-free" => system::double_free(),
        "stack-overflow" => {
            std::hint::black_box(overflow(1));
        }
        "exit-0" => std::process::exit(0),
        "exit-3" => std::process::exit(3),
        "loop" => spin(),
        "sleep" => system::sleep_for_ever(),
        "polite-loop" => return,
        "never-reply" => loop {
            std::thread::park();
        },
        "ignore-signals" => {
            system::ignore_signals();
            spin();
        }
        "block-signals" => {
            system::block_signals();
            spin();
        }
        "stop-itself" => system::stop_itself(),
        "allocate" => allocate(usize::MAX),
        "raise-limits" => {
            system::raise_memory_limit();
            allocate(48);
        }
        "hoard-memory-files" => system::hoard_memory_files(),
        "thread-bomb" => thread_bomb(),
        "thread-bomb-and-log" => {
            let mut threads = 0;
            loop {
                for _ in 0..if threads < 1500 { 20 } else { 0 } {
                    let small = std::thread::Builder::new().stack_size(16 << 10);
                    let _ = small.spawn(|| system::sleep_for_ever());
                    threads += 1;
                }
                context.log(Level::Warn, "still here");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        "outlive" => {
            let _ = std::thread::spawn(|| spin());
            panic!("with a thread left behind");
        }
        "outlive-and-behave" => {
            let _ = std::thread::spawn(|| spin());
        }
        "hoard-and-behave" => {
            let _ = std::thread::spawn(|| allocate(usize::MAX));
        }
        "spawn" => {
            let _child =
                std::process::Command::new(std::env::current_exe().unwrap_or_default()).arg("worker").spawn();
            panic!("with a child left behind");
        }
        "become-another" => {
            use std::os::unix::process::CommandExt;
            let error = std::process::Command::new("/bin/sleep").arg("60").exec();
            panic!("still the same: {error}");
        }
        "holds-stderr" => {
            // In a group of its own it outlives the worker and keeps its standard error open.
            use std::os::unix::process::CommandExt;
            let _child = std::process::Command::new("/bin/sleep").arg("120").process_group(0).spawn();
            std::process::abort();
        }
        "fork-bomb" => system::fork_bomb(),
        "flee" => system::flee(),
        "change-process" => {
            system::change_process();
            panic!("in another place");
        }
        "change-and-behave" => system::change_process(),
        "fill-folders" => fill_folders(),
        "large-files" => fill_its_folder(16, 64 << 20, true),
        "nameless-files" => fill_its_folder(16, 64 << 20, false),
        "many-files" => fill_its_folder(10_100, 0, true),
        "close-descriptors" => {
            for descriptor in 0..64 {
                drop(unsafe { File::from_raw_fd(descriptor) });
            }
        }
        "unlink-descriptors" => {
            for descriptor in 0..64 {
                let _ = std::fs::remove_file(format!("/proc/self/fd/{descriptor}"));
            }
            panic!("with nothing removed");
        }
        "hang-up" => {
            forged::open_files("socket:").into_iter().for_each(drop);
            std::thread::sleep(Duration::from_secs(60));
        }
        "hang-up-and-loop" => {
            forged::open_files("socket:").into_iter().for_each(drop);
            spin();
        }
        "print" => {
            let _ = std::io::stdout().write_all(b"{\"ok\":true}\n");
            let _ = std::io::stdout().flush();
            panic!("after some words");
        }
        "print-much" => {
            let line = [b'x'; 1 << 16];
            for _ in 0..1 << 14 {
                let _ = std::io::stderr().write_all(&line);
            }
            std::process::exit(1);
        }
        "log" => context.log(Level::Warn, "a line of the module"),
        "log-much" => {
            for _ in 0..1_000_000 {
                context.log(Level::Warn, "again");
            }
            panic!("with nothing left to say");
        }
        _ => {}
    }
}

/// Cannot be dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("while it is dropped");
    }
}

pub fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Sixteen mebibytes at a time.
fn allocate(times: usize) {
    let mut hoard = Vec::new();
    for _ in 0..times {
        hoard.push(vec![1_u8; 16 << 20]);
    }
    std::hint::black_box(hoard);
}

fn thread_bomb() {
    let mut threads = 0;
    while std::thread::Builder::new().spawn(|| system::sleep_for_ever()).is_ok() && threads < 10_000 {
        threads += 1;
    }
    panic!("after {threads} threads");
}

fn fill_folders() {
    let folders = [
        std::env::temp_dir(),
        std::env::current_dir().unwrap_or_default(),
        "/dev/shm".into(),
        "/var/tmp".into(),
    ];
    for folder in folders {
        for number in 0..4 {
            let path = folder.join(format!("hostile-filling-{number}"));
            let _ = std::fs::write(path, vec![1; 1 << 20]);
        }
    }
    panic!("with everything full");
}

/// Files that each keep to the limit; those without a name are kept open.
fn fill_its_folder(count: u32, bytes: i64, named: bool) -> ! {
    let mut hoard = Vec::new();
    for number in 0..count {
        let name = format!("filling-{number}");
        let Ok(file) = File::create(&name) else { break };
        system::reserve(&file, bytes);
        if !named {
            let _ = std::fs::remove_file(name);
            hoard.push(file);
        }
    }
    system::sleep_for_ever();
}

#[expect(unconditional_recursion, reason = "that is the deed")]
fn overflow(depth: u64) -> u64 {
    let block = std::hint::black_box([depth; 1024]);
    overflow(depth + 1) + block[usize::try_from(depth % 1024).unwrap_or(0)]
}
