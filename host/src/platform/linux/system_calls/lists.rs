//! The calls, and the arguments of calls, that a worker is refused.

/// Every call that is refused whatever its arguments.
pub(super) fn refused_entirely() -> impl Iterator<Item = i64> {
    let lists = [NETWORK, OTHER_PROCESSES, SHARED_MEMORY, FILE_ATTRIBUTES, FILE_SYSTEMS, SYSTEM, USERS];
    lists.into_iter().chain([NEW_PROGRAMS, LASTING, OF_THIS_PROCESSOR]).flatten().copied()
}

/// Numbers from 424 on are the same on every processor; those that not every libc has a name for.
const FCHMODAT2: i64 = 452;
const SETXATTRAT: i64 = 463;
const REMOVEXATTRAT: i64 = 466;
const OPEN_TREE_ATTR: i64 = 467;
const FILE_SETATTR: i64 = 469;

/// The newest call that was looked at.
pub(super) const NEWEST: i64 = FILE_SETATTR;

const NEW_PROGRAMS: &[i64] = &[libc::SYS_execve, libc::SYS_execveat];

const NETWORK: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
];

const OTHER_PROCESSES: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_seccomp,
];

/// What would reach the next derivation of a kept worker and cannot be seen from outside: timers, and how soon a process
/// gets its turn. A timer that is a descriptor can be seen.
const LASTING: &[i64] = &[
    libc::SYS_setitimer,
    libc::SYS_timer_create,
    libc::SYS_setpriority,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_ioprio_set,
];

/// Memory that outlives the process or is not counted as its own.
const SHARED_MEMORY: &[i64] = &[
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_userfaultfd,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semctl,
    // Whoever guesses the number of a queue or semaphore needs not get it first.
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_msgget,
    libc::SYS_msgctl,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
];

/// Rights, owners and times of files: Landlock does not look at them.
const FILE_ATTRIBUTES: &[i64] = &[
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    REMOVEXATTRAT,
    FILE_SETATTR,
];

const FILE_SYSTEMS: &[i64] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    OPEN_TREE_ATTR,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    libc::SYS_inotify_init1,
    libc::SYS_inotify_add_watch,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
];

const SYSTEM: &[i64] = &[
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_capset,
];

const USERS: &[i64] = &[
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
];

#[cfg(target_arch = "x86_64")]
const OF_THIS_PROCESSOR: &[i64] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_alarm,
    libc::SYS_setrlimit,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_inotify_init,
    libc::SYS_kexec_file_load,
    libc::SYS_modify_ldt,
    libc::SYS_iopl,
    libc::SYS_ioperm,
];
#[cfg(target_arch = "aarch64")]
const OF_THIS_PROCESSOR: &[i64] = &[SETRLIMIT, KEXEC_FILE_LOAD];
/// Not every libc has a name for these two.
#[cfg(target_arch = "aarch64")]
const SETRLIMIT: i64 = 164;
#[cfg(target_arch = "aarch64")]
const KEXEC_FILE_LOAD: i64 = 294;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const OF_THIS_PROCESSOR: &[i64] = &[];

/// `prctl`: names, questions, and giving up privileges.
pub(super) const HARMLESS_PRCTL: [i32; 13] = [
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    libc::PR_SET_VMA,
    libc::PR_GET_PDEATHSIG,
    libc::PR_GET_DUMPABLE,
    libc::PR_GET_SECCOMP,
    libc::PR_GET_NO_NEW_PRIVS,
    libc::PR_CAPBSET_READ,
    libc::PR_GET_TIMERSLACK,
    libc::PR_GET_TID_ADDRESS,
    libc::PR_GET_THP_DISABLE,
    PR_GET_TAGGED_ADDR_CTRL,
];

const PR_GET_TAGGED_ADDR_CTRL: i32 = 56;

/// `fcntl`: who is signalled when something can be read may be any process of this user.
pub(super) const OWNER_AND_SIGNAL: [i32; 5] =
    [libc::F_SETOWN, F_SETOWN_EX, F_SETSIG, libc::F_SETLEASE, libc::F_NOTIFY];
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;

/// `ioctl`: TIOCSTI, TIOCLINUX, TIOCSCTTY, TIOCSPGRP type into terminals or take them; FIOSETOWN, SIOCSPGRP as above;
/// FS_IOC_SETFLAGS and FS_IOC_FSSETXATTR make a file that cannot be removed.
pub(super) const REFUSED_IOCTL: [u64; 8] =
    [0x5412, 0x541c, 0x540e, 0x5410, 0x8901, 0x8902, 0x4008_6602, 0x401c_5820];

pub(super) const NAMESPACES: [i32; 7] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];
