//! Which files a worker may open: the system's libraries to read, its own folder to write, nothing else.
//!
//! Inputs, the result and the module itself are memory files, which need no path. The own folder is flat: without the
//! right to make folders and links in it, nothing can be left there that is hard to remove.

use std::error::Error;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope, make_bitflags,
    path_beneath_rules,
};

use super::condition;
use crate::platform::Confinement;

/// The newest interface of the kernel that this was tried with; an older kernel gives what it has.
const TRIED: ABI = ABI::V6;

/// A module may need `libstdc++` or the like. What is not there is left out.
const LIBRARIES: [&str; 6] =
    ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"];

pub(super) fn apply(confinement: &mut Confinement, folder: &Path) {
    // It holds for the calling thread and those that it starts.
    let alone = condition::own_thread_count() == Some(1);
    let abi = match restrict(folder) {
        Ok(RestrictionStatus {
            ruleset: RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
            landlock: LandlockStatus::Available { effective_abi, .. },
            ..
        }) if alone => effective_abi,
        _ => ABI::Unsupported,
    };
    // Before the third version a file could be emptied that could not be opened for writing.
    confinement.record("landlock-files", abi >= ABI::V3);
    confinement.record("landlock-network", abi >= ABI::V4);
    confinement.record("landlock-signals-and-sockets", abi >= ABI::V6);
}

fn restrict(folder: &Path) -> Result<RestrictionStatus, Box<dyn Error>> {
    let own: BitFlags<AccessFs> =
        make_bitflags!(AccessFs::{ReadFile | ReadDir | WriteFile | Truncate | MakeReg | RemoveFile});
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(TRIED))?
        .handle_access(AccessNet::from_all(TRIED))?
        .scope(Scope::from_all(TRIED))?
        .create()?
        .add_rules(path_beneath_rules(LIBRARIES, AccessFs::from_read(TRIED)))?
        .add_rule(PathBeneath::new(PathFd::new(folder)?, own))?
        .restrict_self()
        .map_err(Box::from)
}
