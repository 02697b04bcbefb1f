//! What must be refused.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::{Probe, errno, errno_of};

/// Attempts that harm nobody when they succeed.
pub(crate) fn files_and_sockets(victim: &str) -> Vec<Probe> {
    let outside = outside().join("written-by-prober");
    let text = CString::new(victim).unwrap_or_default();
    let path = text.as_ptr();
    let linger = |errno: i32| {
        let _ = fs::remove_file(&outside);
        errno
    };
    vec![
        ("read /etc/passwd", errno(File::open("/etc/passwd"))),
        ("list /home", errno(fs::read_dir("/home"))),
        ("list /", errno(fs::read_dir("/"))),
        ("list /tmp", errno(fs::read_dir("/tmp"))),
        ("read its environment", errno(File::open("/proc/self/environ"))),
        ("read its memory map", errno(File::open("/proc/self/maps"))),
        ("list its descriptors", errno(fs::read_dir("/proc/self/fd"))),
        ("read the host's environment", errno(File::open(format!("/proc/{}/environ", parent())))),
        ("open /dev/null", errno(File::open("/dev/null"))),
        ("read a file", errno(File::open(victim))),
        ("append to a file", errno(OpenOptions::new().append(true).open(victim))),
        ("change a file's length", errno_of(unsafe { libc::truncate(path, 3) }.into())),
        ("change a file's rights", errno(fs::set_permissions(victim, Permissions::from_mode(0o600)))),
        ("change a file's owner", errno(std::os::unix::fs::chown(victim, Some(0), None))),
        (
            "change a file's time",
            errno_of(unsafe { libc::utimensat(libc::AT_FDCWD, path, std::ptr::null(), 0) }.into()),
        ),
        (
            "rename a file",
            errno(
                fs::rename(victim, format!("{victim}-renamed"))
                    .and_then(|()| fs::rename(format!("{victim}-renamed"), victim)),
            ),
        ),
        ("link a file", linger(errno(fs::hard_link(victim, &outside)))),
        ("write outside", linger(errno(File::create(&outside)))),
        ("make a folder outside", {
            let made = errno(fs::create_dir(&outside));
            let _ = fs::remove_dir(&outside);
            made
        }),
        ("make a link outside", linger(errno(std::os::unix::fs::symlink("x", &outside)))),
        ("make a folder in its own", {
            let made = errno(fs::create_dir("folder"));
            let _ = fs::remove_dir("folder");
            made
        }),
        ("connect by TCP", errno_connect()),
        ("listen on TCP", errno(std::net::TcpListener::bind("127.0.0.1:0"))),
        ("open a UDP socket", errno(std::net::UdpSocket::bind("127.0.0.1:0"))),
        ("open a Unix socket", errno(std::os::unix::net::UnixDatagram::unbound())),
        ("open a pair of sockets", errno(std::os::unix::net::UnixStream::pair())),
        ("start a program", errno(std::process::Command::new("/bin/true").status())),
        ("make a memory file", errno_of(unsafe { libc::memfd_create(c"x".as_ptr(), 0) }.into())),
    ]
}

/// Nobody listens there: what is refused by the peer was not refused by the kernel.
fn errno_connect() -> i32 {
    match errno(std::net::TcpStream::connect("127.0.0.1:9")) {
        libc::ECONNREFUSED => 0,
        other => other,
    }
}

pub(crate) fn everything(victim: &str) -> Vec<Probe> {
    let mut probes = files_and_sockets(victim);
    probes.push(("remove a file", errno(fs::remove_file(victim))));
    probes.extend(processes());
    probes.extend(system());
    probes
}

fn call(number: i64, arguments: [i64; 5]) -> i32 {
    let [a, b, c, d, e] = arguments;
    errno_of(unsafe { libc::syscall(number, a, b, c, d, e) })
}

fn parent() -> i64 {
    unsafe { libc::getppid() }.into()
}

fn outside() -> PathBuf {
    std::env::current_dir().unwrap_or_default().parent().map(PathBuf::from).unwrap_or_default()
}

fn processes() -> Vec<Probe> {
    let own = i64::from(std::process::id());
    let set = libc::rlimit { rlim_cur: 1 << 40, rlim_max: 1 << 40 };
    let limit = std::ptr::from_ref(&set) as i64;
    let program = [c"/bin/true".as_ptr(), std::ptr::null()];
    let arguments = program.as_ptr() as i64;
    vec![
        ("exec", call(libc::SYS_execve, [program[0] as i64, arguments, 0, 0, 0])),
        ("execveat", call(libc::SYS_execveat, [-100, program[0] as i64, arguments, 0, 0])),
        ("fork", fork(|| unsafe { libc::fork() }.into())),
        ("clone", fork(|| unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) })),
        ("clone3", fork(|| unsafe { libc::syscall(libc::SYS_clone3, [0_u64; 11].as_ptr(), 88) })),
        (
            "clone into other namespaces",
            call(libc::SYS_clone, [i64::from(libc::CLONE_THREAD | libc::CLONE_NEWNS), 0, 0, 0, 0]),
        ),
        ("signal the host", call(libc::SYS_kill, [parent(), 0, 0, 0, 0])),
        ("signal everybody", call(libc::SYS_kill, [-1, 0, 0, 0, 0])),
        ("signal its group", call(libc::SYS_kill, [0, 0, 0, 0, 0])),
        ("signal a thread of the host", call(libc::SYS_tgkill, [parent(), parent(), 0, 0, 0])),
        ("signal any thread", call(libc::SYS_tkill, [parent(), 0, 0, 0, 0])),
        ("queue a signal", call(libc::SYS_rt_sigqueueinfo, [parent(), 0, 0, 0, 0])),
        ("hold the host", call(libc::SYS_pidfd_open, [parent(), 0, 0, 0, 0])),
        ("trace the host", call(libc::SYS_ptrace, [0x4206, parent(), 0, 0, 0])),
        ("read the host's memory", call(libc::SYS_process_vm_readv, [parent(), 0, 0, 0, 0])),
        ("have the host signalled", call(libc::SYS_fcntl, [0, libc::F_SETOWN.into(), parent(), 0, 0])),
        ("slow the host down", call(libc::SYS_setpriority, [0, parent(), 19, 0, 0])),
        ("move the host", call(libc::SYS_sched_setaffinity, [parent(), 0, 0, 0, 0])),
        ("leave the session", call(libc::SYS_setsid, [0; 5])),
        ("leave the group", call(libc::SYS_setpgid, [0, 0, 0, 0, 0])),
        ("slow itself down", call(libc::SYS_setpriority, [0, 0, 19, 0, 0])),
        ("be scheduled otherwise", call(libc::SYS_sched_setscheduler, [0, 0, 0, 0, 0])),
        ("set an interval timer", call(libc::SYS_setitimer, [0, 0, 0, 0, 0])),
        ("make a timer", call(libc::SYS_timer_create, [0, 0, 0, 0, 0])),
        ("have blocks beyond the end of a file", call(libc::SYS_fallocate, [-1, 1, 0, 4096, 0])),
        ("raise a limit", call(libc::SYS_setrlimit, [libc::RLIMIT_AS.into(), limit, 0, 0, 0])),
        ("raise a limit of a process", call(libc::SYS_prlimit64, [own, libc::RLIMIT_AS.into(), limit, 0, 0])),
        ("outlive the host", call(libc::SYS_prctl, [libc::PR_SET_PDEATHSIG.into(), 0, 0, 0, 0])),
        ("become undumpable", call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 0, 0, 0, 0])),
        ("become somebody else", call(libc::SYS_setresuid, [65534, 65534, 65534, 0, 0])),
    ]
}

/// A child that should not be ends at once.
fn fork(make: impl FnOnce() -> i64) -> i32 {
    match make() {
        0 => unsafe { libc::_exit(0) },
        answer => errno_of(answer),
    }
}

fn system() -> Vec<Probe> {
    let zero = [0; 5];
    let nothing = c"".as_ptr() as i64;
    vec![
        ("unshare", call(libc::SYS_unshare, [libc::CLONE_NEWUSER.into(), 0, 0, 0, 0])),
        ("join a namespace", call(libc::SYS_setns, zero)),
        ("mount", call(libc::SYS_mount, [nothing, nothing, nothing, 0, 0])),
        ("unmount", call(libc::SYS_umount2, [nothing, 0, 0, 0, 0])),
        ("change the root", call(libc::SYS_chroot, [c"/".as_ptr() as i64, 0, 0, 0, 0])),
        ("name a handle", call(libc::SYS_name_to_handle_at, zero)),
        ("open a handle", call(libc::SYS_open_by_handle_at, zero)),
        ("watch files", call(libc::SYS_inotify_init1, zero)),
        ("watch everything", call(libc::SYS_fanotify_init, zero)),
        ("load a program into the kernel", call(libc::SYS_bpf, zero)),
        ("count events", call(libc::SYS_perf_event_open, zero)),
        ("handle page faults", call(libc::SYS_userfaultfd, zero)),
        ("queue requests", call(libc::SYS_io_uring_setup, [1, 0, 0, 0, 0])),
        ("read keys", call(libc::SYS_keyctl, zero)),
        ("make secret memory", call(libc::SYS_memfd_secret, zero)),
        ("write to a queue by its number", call(libc::SYS_msgsnd, [0, nothing, 0, 0, 0])),
        ("read a queue by its number", call(libc::SYS_msgrcv, [0, nothing, 0, 0, 0o4000])),
        ("change a semaphore by its number", call(libc::SYS_semop, [0, nothing, 1, 0, 0])),
        ("share memory", call(libc::SYS_shmget, [0, 4096, 0o1600, 0, 0])),
        ("open a message queue", call(libc::SYS_mq_open, [c"prober".as_ptr() as i64, 0o102, 0o600, 0, 0])),
        ("load a module", call(libc::SYS_finit_module, [-1, 0, 0, 0, 0])),
        ("load a kernel", call(libc::SYS_kexec_load, zero)),
        ("restart the machine", call(libc::SYS_reboot, zero)),
        ("set the clock", call(libc::SYS_clock_settime, [0, 0, 0, 0, 0])),
        ("name the machine", call(libc::SYS_sethostname, [nothing, -1, 0, 0, 0])),
        ("read the kernel's log", call(libc::SYS_syslog, [3, 0, 0, 0, 0])),
        ("change its personality", call(libc::SYS_personality, [0x0004_0000, 0, 0, 0, 0])),
        ("filter calls", call(libc::SYS_seccomp, zero)),
        ("type into a terminal", call(libc::SYS_ioctl, [0, 0x5412, nothing, 0, 0])),
        ("make a file immutable", call(libc::SYS_ioctl, [0, 0x4008_6602, nothing, 0, 0])),
        ("a call of the future", call(600, zero)),
        ("a call of another interface", call(0x4000_0000 + 39, zero)),
    ]
}
