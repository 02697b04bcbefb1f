//! What happens to a data root when the process is killed, a system call fails, several hosts write, or somebody
//! damages a file: nothing that was reported as done is lost, and `check` names what is wrong.

pub(crate) mod bench;
mod concurrency;
mod damage;
mod determinism;
mod environments;
mod interruptions;
mod limits;
mod owners;
mod power;
pub(crate) mod scene;
pub(crate) mod tracer;
mod two_states;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    [
        interruptions::trials(),
        power::trials(),
        limits::trials(),
        environments::trials(),
        owners::trials(),
        two_states::trials(),
        concurrency::trials(),
        determinism::trials(),
        damage::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
