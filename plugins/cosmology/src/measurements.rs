//! Vectors of distances and growth with their covariance, as surveys publish them: from the lines of a file to rows
//! with a meaning, held against known releases and against what a universe can have.
//!
//! Nothing here changes a number. A module reads its files, hands the rows to [`vector::Vector::settle`], and describes
//! what comes back.

pub mod conventions;
pub mod exports;
mod naming;
pub mod pictures;
pub mod plausibility;
pub mod prediction;
mod published;
pub mod quantity;
pub mod reader;
pub mod recognition;
pub mod releases;
pub mod settings;
pub mod vector;

/// Names of the inputs, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles {
    /// Role of the measured values.
    pub values: &'static str,
    /// Role of their covariance.
    pub covariance: &'static str,
}
