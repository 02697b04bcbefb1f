//! `host` finds derivation modules, runs them in workers, holds what they make against the contract they declare, and
//! registers it with provenance. It knows no domain: everything about one comes from its module.
//!
//! The way of the data is in [`stages`]; [`stages::pipeline`] is the one place that knows their order.

pub mod cli;
pub mod config;
pub mod dataset;
pub mod digest;
pub mod durable;
pub mod env_vars;
pub mod error;
pub mod modules;
pub mod platform;
pub mod registry;
pub mod stages;
pub mod text;
