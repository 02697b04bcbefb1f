//! What the C library offers to those who ask it themselves.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};

const SIG_BLOCK: i32 = 0;
const SIG_IGN: usize = 1;
const SIGSTOP: i32 = 19;
const RLIMIT_AS: i32 = 9;
const F_ADD_SEALS: i32 = 1033;
const F_SEAL_SEAL: i32 = 1;

unsafe extern "C" {
    fn fork() -> i32;
    fn setsid() -> i32;
    fn getpid() -> i32;
    fn kill(process: i32, signal: i32) -> i32;
    fn signal(signal: i32, handler: usize) -> usize;
    fn pthread_sigmask(how: i32, set: *const [u64; 16], old: *mut [u64; 16]) -> i32;
    fn setrlimit(resource: i32, limit: *const [u64; 2]) -> i32;
    fn memfd_create(name: *const u8, flags: u32) -> i32;
    fn fcntl(descriptor: i32, command: i32, argument: i32) -> i32;
    fn umask(mask: u32) -> u32;
    fn posix_fallocate(descriptor: i32, offset: i64, bytes: i64) -> i32;
    fn malloc(bytes: usize) -> *mut u8;
    fn free(memory: *mut u8);
}

/// Sixty-four processes, where that many may be started.
pub fn fork_bomb() -> ! {
    let first = unsafe { getpid() };
    for _ in 0..6 {
        if unsafe { fork() } < 0 {
            panic!("no process can be started");
        }
    }
    if unsafe { getpid() } != first {
        sleep_for_ever();
    }
    panic!("with children all over the place");
}

/// A process that is in nobody's group any more.
pub fn flee() -> ! {
    match unsafe { fork() } {
        0 => {
            unsafe { setsid() };
            sleep_for_ever();
        }
        -1 => panic!("no process can be started"),
        _ => panic!("with a child in a session of its own"),
    }
}

pub fn ignore_signals() {
    for number in 1..32 {
        unsafe { signal(number, SIG_IGN) };
    }
}

pub fn block_signals() {
    unsafe { pthread_sigmask(SIG_BLOCK, &[u64::MAX; 16], std::ptr::null_mut()) };
}

pub fn stop_itself() -> ! {
    unsafe { kill(getpid(), SIGSTOP) };
    sleep_for_ever();
}

pub fn raise_memory_limit() {
    unsafe { setrlimit(RLIMIT_AS, &[u64::MAX; 2]) };
}

/// Memory that no limit of the address space counts.
pub fn hoard_memory_files() {
    let mut hoard = Vec::new();
    for _ in 0..8 {
        let descriptor = unsafe { memfd_create(c"hoard".as_ptr().cast(), 0) };
        if descriptor < 0 {
            panic!("no memory file can be made");
        }
        let mut file = unsafe { File::from_raw_fd(descriptor) };
        let _ = file.write_all(&vec![1; 16 << 20]);
        hoard.push(file);
    }
    panic!("with {} memory files", hoard.len());
}

/// Forbids everybody to seal a file.
pub fn seal_seals(file: &File) {
    unsafe { fcntl(file.as_raw_fd(), F_ADD_SEALS, F_SEAL_SEAL) };
}

/// Room on the disk, without writing anything.
pub fn reserve(file: &File, bytes: i64) {
    unsafe { posix_fallocate(file.as_raw_fd(), 0, bytes) };
}

pub fn change_process() {
    unsafe { umask(0) };
    let _ = std::env::set_current_dir("/dev");
    for name in ["PATH", "HOME", "TMPDIR", "RUST_BACKTRACE", "LD_PRELOAD"] {
        unsafe { std::env::set_var(name, "/nowhere") };
    }
}

pub fn double_free() {
    unsafe {
        let memory = malloc(64);
        free(memory);
        free(memory);
    }
}

pub fn sleep_for_ever() -> ! {
    loop {
        std::thread::sleep(std::time::Duration::from_secs(60));
    }
}
