//! Who vouches for a module, and whether that is enough to run it.
//!
//! Invariant: a module is admitted from the very bytes that will be loaded, at every run; nothing that was found once is
//! believed later. What may run is set by configuration and only ever tightened by flags.

pub mod keys;
pub mod level;
pub mod lock;
pub mod path;

pub use level::{Admitted, Policy, TrustLevel};
