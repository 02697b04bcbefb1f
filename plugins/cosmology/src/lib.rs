//! What the cosmology modules share: physical constants, and readers for the plain-text tables and matrices in which
//! surveys publish their measurements.
//!
//! Readers keep numbers exactly (each field is parsed to the nearest 64-bit float, nothing is rounded, scaled or
//! guessed) and name the line and field of whatever they refuse.
#![forbid(unsafe_code)]

pub mod background;
pub mod catalogue;
pub mod constants;
pub mod growth;
pub mod integrate;
pub mod matrix;
pub mod numbers;
pub mod reference;
pub mod text;
