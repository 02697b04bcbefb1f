//! The way of the data: `Plan → Ingested → Derived → Validated → Registered`, then export.
//!
//! Each arrow is a type that only its stage can build and only the next stage takes, so nothing is registered that was
//! not validated, and nothing is validated that was not derived from hashed bytes.

pub mod comparison;
pub mod derive;
pub mod difference;
pub mod export;
pub mod ingest;
pub mod parameters;
pub mod pipeline;
pub mod plan;
pub mod recorded;
pub mod register;
pub mod validate;
pub mod validated;
