//! What a derivation may leave behind.

use std::os::fd::{FromRawFd, IntoRawFd};

use plugin_api::ModuleError;

pub(crate) fn leave(deed: &str) -> Result<(), ModuleError> {
    match deed {
        "abort" => std::process::abort(),
        "bad-parameter" => return Err(ModuleError::bad_parameter("deed", "this one is never right")),
        "file" => {
            let _ = std::fs::File::create("left");
        }
        "thread" => {
            std::thread::spawn(|| std::thread::park());
        }
        "descriptor" => {
            let _ = std::fs::File::open("/etc/ld.so.cache").map(IntoRawFd::into_raw_fd);
        }
        "folder" => {
            let _ = std::env::set_current_dir("/");
        }
        "mask" => {
            unsafe { libc::umask(0o007) };
        }
        "signals" => unsafe {
            let mut set = std::mem::zeroed();
            libc::sigfillset(&mut set);
            libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        },
        "ignored-signal" => {
            unsafe { libc::signal(libc::SIGUSR1, libc::SIG_IGN) };
        }
        "caught-signal" => {
            extern "C" fn nothing(_signal: i32) {}
            unsafe { libc::signal(libc::SIGUSR1, nothing as *const () as libc::sighandler_t) };
        }
        "one-processor" => unsafe {
            // Which processors there are is not for this process to say.
            let size = size_of::<libc::cpu_set_t>();
            let (mut all, mut one): (libc::cpu_set_t, libc::cpu_set_t) = std::mem::zeroed();
            libc::sched_getaffinity(0, size, &mut all);
            let first = (0..8 * size).find(|number| libc::CPU_ISSET(*number, &all));
            libc::CPU_SET(first.unwrap_or_default(), &mut one);
            libc::sched_setaffinity(0, size, &one);
        },
        "memory" => hold(600 << 20),
        "some-memory" => hold(100 << 20),
        "rounding" => rounding(),
        "mapping" => mapping(),
        "print" => eprintln!("a secret of the first"),
        "threads" => {
            for _ in 0..20_000 {
                let small = std::thread::Builder::new().stack_size(16 << 10);
                let _ = small.spawn(|| std::thread::park());
            }
            std::thread::park();
        }
        _ => {}
    }
    Ok(())
}

/// Memory that is never given back and never written.
fn hold(bytes: usize) {
    std::mem::forget(std::hint::black_box(Vec::<u8>::with_capacity(bytes)));
}

/// Toward zero instead of to the nearest.
fn rounding() {
    #[cfg(target_arch = "x86_64")]
    unsafe {
        let state: u32 = 0x7f80;
        std::arch::asm!("ldmxcsr [{}]", in(reg) &state);
    }
}

/// Keeps the result open for writing although no descriptor of it is left.
fn mapping() {
    for descriptor in 3..64 {
        let seals = unsafe { libc::fcntl(descriptor, libc::F_GET_SEALS) };
        if seals != 0 {
            continue;
        }
        let file = unsafe { std::fs::File::from_raw_fd(descriptor) };
        let _ = file.set_len(1 << 16);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let _ = unsafe { libc::mmap(std::ptr::null_mut(), 1 << 16, access, libc::MAP_SHARED, descriptor, 0) };
        let _ = file.into_raw_fd();
    }
}
