//! What a worker may not ask of the kernel.
//!
//! A derivation computes: it needs memory, threads, clocks and the files that it was given. Everything that reaches
//! other processes, the network, other users or the system is refused with EPERM, so that a module can say what it
//! missed. Calls that are newer than this list answer ENOSYS, as on an older kernel.

mod lists;

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, apply_filter_all_threads, sock_filter,
};

use lists::{HARMLESS_PRCTL, NAMESPACES, NEWEST, OWNER_AND_SIGNAL, REFUSED_IOCTL};

/// Installs the filters for all threads of this process. Of two answers the kernel takes the harder one. The last one
/// refuses to install another.
pub(super) fn filter() -> Result<(), Error> {
    apply_filter_all_threads(&by_argument(u64::from(std::process::id()))?)?;
    apply_filter_all_threads(&by_number())
}

/// What is decided by the number alone, in one instruction each: the kernel runs a filter for every number when it is
/// installed. EPERM for the lists. ENOSYS for what is newer than them, for the numbers of the x32 interface, which are
/// larger still, and for `clone3`, whose flags a filter cannot see: the C library then uses `clone`.
fn by_number() -> BpfProgram {
    let instruction = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let (load, equal, at_least, answer) = (0x20, 0x15, 0x35, 0x06);
    let number = |call: i64| u32::try_from(call).unwrap_or(u32::MAX);
    let error = |errno: i32| libc::SECCOMP_RET_ERRNO | errno.unsigned_abs();
    let refused: Vec<i64> = lists::refused_entirely().collect();
    // How far it is from the first comparison, over all others, to the first answer.
    let end = u8::try_from(refused.len()).unwrap_or(u8::MAX);
    let mut program = vec![
        instruction(load, 0, 0, 0),
        instruction(equal, end + 3, 0, number(libc::SYS_clone3)),
        instruction(at_least, end + 2, 0, number(NEWEST + 1)),
    ];
    program
        .extend((1..=end).rev().zip(refused).map(|(left, call)| instruction(equal, left, 0, number(call))));
    program.extend([
        instruction(answer, 0, 0, libc::SECCOMP_RET_ALLOW),
        instruction(answer, 0, 0, error(libc::EPERM)),
        instruction(answer, 0, 0, error(libc::ENOSYS)),
    ]);
    program
}

/// EPERM by what a call is asked to do; a call of another processor's interface ends the process.
fn by_argument(own_process: u64) -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    let word = SeccompCmpArgLen::Dword;
    let is = |argument, operator, value| SeccompCondition::new(argument, word.clone(), operator, value);
    let any = |conditions: Vec<Result<SeccompCondition, BackendError>>| {
        conditions.into_iter().map(|one| SeccompRule::new(vec![one?])).collect::<Result<Vec<_>, _>>()
    };
    let number = |constant: i32| u64::from(constant.unsigned_abs());
    // A new process is what is not a thread; a thread in other namespaces is not one of ours.
    let mut clone = vec![is(0, SeccompCmpOp::MaskedEq(number(libc::CLONE_THREAD)), 0)];
    clone.extend(NAMESPACES.map(|flag| is(0, SeccompCmpOp::MaskedEq(number(flag)), number(flag))));
    rules.insert(libc::SYS_clone, any(clone)?);
    for call in [libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill, libc::SYS_rt_sigqueueinfo] {
        rules.insert(call, any(vec![is(0, SeccompCmpOp::Ne, own_process)])?);
    }
    rules.insert(libc::SYS_rt_tgsigqueueinfo, any(vec![is(0, SeccompCmpOp::Ne, own_process)])?);
    rules.insert(libc::SYS_sched_setaffinity, any(vec![is(0, SeccompCmpOp::Ne, 0)])?);
    // Blocks beyond the end of a file escape the limit of its size.
    rules.insert(libc::SYS_fallocate, any(vec![is(1, SeccompCmpOp::Ne, 0)])?);
    // Limits may be read. The pointer to new ones has 64 bits.
    let sets = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0);
    rules.insert(libc::SYS_prlimit64, any(vec![sets])?);
    rules.insert(libc::SYS_personality, any(vec![is(0, SeccompCmpOp::Ne, 0xffff_ffff)])?);
    let not_harmless = HARMLESS_PRCTL.map(|option| is(0, SeccompCmpOp::Ne, number(option)));
    let not_harmless = not_harmless.into_iter().collect::<Result<Vec<_>, _>>()?;
    rules.insert(libc::SYS_prctl, vec![SeccompRule::new(not_harmless)?]);
    let commands = OWNER_AND_SIGNAL.map(|command| is(1, SeccompCmpOp::Eq, number(command)));
    rules.insert(libc::SYS_fcntl, any(commands.into())?);
    rules.insert(libc::SYS_ioctl, any(REFUSED_IOCTL.map(|request| is(1, SeccompCmpOp::Eq, request)).into())?);
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let processor = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, refused, processor)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do with a number, by the few instructions that the program is made of.
    fn answer(program: &[sock_filter], call: u32) -> u32 {
        let mut place = 0;
        loop {
            let instruction = &program[place];
            let holds = match instruction.code {
                0x20 => false,
                0x15 => call == instruction.k,
                0x35 => call >= instruction.k,
                _ => return instruction.k,
            };
            place += 1 + usize::from(if holds { instruction.jt } else { instruction.jf });
        }
    }

    #[test]
    fn every_number_gets_its_answer() {
        let program = by_number();
        let refused: Vec<i64> = lists::refused_entirely().collect();
        assert!(refused.len() > 100 && refused.len() < 250, "jumps reach 255: {}", refused.len());
        let not_there = libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs();
        let not_permitted = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
        for call in (0..=NEWEST + 50).chain([0x4000_0000, 0x4000_0000 + 39]) {
            let expected = if call == libc::SYS_clone3 || call > NEWEST {
                not_there
            } else if refused.contains(&call) {
                not_permitted
            } else {
                libc::SECCOMP_RET_ALLOW
            };
            assert_eq!(answer(&program, u32::try_from(call).unwrap()), expected, "{call}");
        }
    }

    #[test]
    fn the_filter_of_arguments_compiles() {
        assert!(by_argument(42).unwrap().len() > 100);
    }

    #[test]
    fn no_call_that_is_named_is_newer_than_the_newest() {
        assert!(lists::refused_entirely().all(|call| (0..=NEWEST).contains(&call)));
    }
}
