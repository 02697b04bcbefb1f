//! What a derivation needs, and must get.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read, Seek, Write};
use std::time::{Duration, Instant};

use crate::{Probe, errno, errno_of};

fn holds(what: bool) -> i32 {
    if what { 0 } else { -1 }
}

pub(crate) fn everything(bytes: &[u8]) -> Vec<Probe> {
    let mut random = [0_u8; 16];
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    vec![
        ("read its input", holds(bytes == b"twelve bytes")),
        ("use its own file", errno(own_file())),
        ("list its own folder", errno(fs::read_dir("."))),
        (
            "find its temporary folder",
            holds(std::env::temp_dir() == std::env::current_dir().unwrap_or_default()),
        ),
        (
            "run threads",
            holds(
                (0..8)
                    .map(|_| std::thread::spawn(|| black_box(1)))
                    .filter_map(|thread| thread.join().ok())
                    .sum::<i32>()
                    == 8,
            ),
        ),
        (
            "name a thread",
            holds(
                std::thread::Builder::new()
                    .name("named".to_owned())
                    .spawn(|| ())
                    .is_ok_and(|thread| thread.join().is_ok()),
            ),
        ),
        ("sleep and measure time", {
            let started = Instant::now();
            std::thread::sleep(Duration::from_millis(2));
            holds(started.elapsed() >= Duration::from_millis(2))
        }),
        (
            "draw random numbers",
            errno_of(unsafe { libc::getrandom(random.as_mut_ptr().cast(), 16, 0) } as i64),
        ),
        ("compute", holds((black_box(0.5_f64).sin() - 0.479_425_538_604_203).abs() < 1e-15)),
        (
            "use much memory",
            holds(black_box(vec![1_u8; 64 << 20]).iter().step_by(4096).all(|byte| *byte == 1)),
        ),
        ("read a limit", errno_of(unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) }.into())),
        ("dump no core, to a program either", {
            unsafe { libc::getrlimit(libc::RLIMIT_CORE, &mut limit) };
            holds(limit.rlim_cur == 1 && limit.rlim_max == 1)
        }),
        ("reserve room in a file", errno(room())),
        ("count processors", holds(std::thread::available_parallelism().is_ok())),
        (
            "load a library of the system",
            holds(!unsafe { libc::dlopen(c"libm.so.6".as_ptr(), libc::RTLD_NOW) }.is_null()),
        ),
        ("read a library of the system", errno(File::open("/etc/ld.so.cache"))),
        ("signal itself", errno_of(unsafe { libc::kill(libc::getpid(), 0) }.into())),
        ("catch a panic", holds(std::panic::catch_unwind(|| panic!("caught")).is_err())),
    ]
}

fn room() -> std::io::Result<()> {
    use std::os::fd::AsRawFd;
    let file = File::create("room")?;
    let answer = unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, 4096) };
    fs::remove_file("room")?;
    if answer == 0 { Ok(()) } else { Err(std::io::Error::from_raw_os_error(answer)) }
}

fn own_file() -> std::io::Result<()> {
    let mut file = File::options().read(true).write(true).create_new(true).open("own")?;
    file.write_all(b"0123456789")?;
    file.set_len(4)?;
    file.rewind()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    fs::rename("own", "other")?;
    fs::remove_file("other")?;
    if text == "0123" { Ok(()) } else { Err(std::io::ErrorKind::InvalidData.into()) }
}
