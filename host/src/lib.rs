//! `host` finds derivation modules, runs them in workers, holds what they make against the contract they declare, and
//! registers it with provenance. It knows no domain: everything about one comes from its module.
//!
//! The way of the data is in [`stages`]; [`stages::pipeline`] is the one place that knows their order.
//!
//! Decisions that shape it:
//!
//! * A module's description is a file that its library carries in a section, so everything about a module can be shown,
//!   planned and checked without running one line of it ([`modules::manifest`]).
//! * An input is read once into a sealed memory file: what is hashed is what the module sees, and nobody can shrink it
//!   under a mapping ([`stages::ingest`]).
//! * A large table is never in memory as a whole: it is copied segment by segment out of a file that the worker writes,
//!   checked, and written to where it will be registered, while the module makes the rest ([`dataset::Intake`]).
//! * A published file is known by size and digest before anybody is asked for it; what a server sends is compared, never
//!   believed ([`fetch`]).
//! * Layouts of other programs are declared by the module and stored with the dataset, so an export needs neither the
//!   module nor a word about its field here ([`stages::export`]).
//! * The service answers what the verbs print and starts the host's own command line: one truth, and one way to run
//!   ([`serve`]).
//! * What stands below `derived/` follows from content and recipe alone, provenance included; times, paths and processes
//!   stand in the registry's records ([`stages::register`]).

pub mod alerts;
pub mod backup;
pub mod catalogue;
pub mod certification;
mod children;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dataset;
pub mod digest;
pub mod doctor;
pub mod durable;
pub mod env_vars;
pub mod error;
pub mod fetch;
pub mod health;
pub mod journal;
pub mod logs;
pub mod metrics;
pub mod modules;
pub mod objects;
pub mod operations;
pub mod packages;
pub mod pages;
#[doc = include_str!("../docs/operating.md")]
pub mod operating {}
pub mod partition;
pub mod picture;
pub mod platform;
pub mod raw;
pub mod registry;
pub mod repair;
pub mod report;
pub mod schedule;
pub mod secret;
pub mod serve;
mod signals;
pub mod stages;
pub mod text;
pub mod trust;
