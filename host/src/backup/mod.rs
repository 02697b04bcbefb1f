//! Snapshots of everything that cannot be made again, in a folder of their own: `format.json`, `objects/<aa>/<sha256>`
//! (zstd, encrypted with age where the repository has public keys), `snapshots/<id>.json`, `history/` (who did what), locks.
//!
//! Invariants:
//! * a manifest is published when every object that it names is durable; objects are named by the digest of what they
//!   hold, and never change;
//! * a snapshot shows the registry as it was at one moment: listed while writers were kept out, so that no record names
//!   content that is not in it, and the audit log ends with a whole line;
//! * what is damaged in the data root is saved as it is and named, in the manifest and by `create`: never passed off as
//!   sound;
//! * only [`prune()`] removes objects, alone under the lock, and not while a manifest is missing or cannot be read;
//! * a manifest is bytes from outside: nothing that it says leads out of the folder that is restored to;
//! * killed at any system call, what is there is whole; the next writer removes what the killed one left.

mod capture;
mod check;
mod cipher;
mod create;
mod drill;
mod forget;
mod known;
mod manifest;
mod objects;
mod path;
mod prune;
mod repository;
mod restore;
mod saved;
mod sources;

pub use check::{Finding, FindingKind, Reading, Report, Subset, check, verify};
pub use cipher::{SETTING as IDENTITY_SETTING, new_identity};
pub use create::{Created, Options as CreateOptions, create};
pub use drill::{Drilled, LastDrill, drill, last_drill};
pub use forget::{Forgotten, Keep, forget, give_up};
pub use manifest::{Content, Counts, Damage, Entry, Manifest};
pub use path::Part;
pub use prune::{Pruned, prune};
pub use repository::{Repository, time_of};
pub use restore::{Options as RestoreOptions, Restored, restore};
pub use saved::Saved;
pub use sources::Sources;

#[cfg(test)]
mod tests;
