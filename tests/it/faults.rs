//! What happens to a data root when the process is killed, a system call fails, several hosts write, or somebody
//! damages a file: nothing that was reported as done is lost, and `check` names what is wrong.

mod bench;
mod concurrency;
mod damage;
mod determinism;
mod interruptions;
mod tracer;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    [interruptions::trials(), concurrency::trials(), determinism::trials(), damage::trials()]
        .into_iter()
        .flatten()
        .collect()
}
