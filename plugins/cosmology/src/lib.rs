//! What the cosmology modules share: physical constants, distances and growth of a stated cosmology, and readers for
//! the plain-text tables and matrices in which surveys publish their measurements.
//!
//! Readers keep numbers exactly (each field is parsed to the nearest 64-bit float, nothing is rounded, scaled or
//! guessed) and name the line and field of whatever they refuse.
#![forbid(unsafe_code)]

mod arrangement;
pub mod background;
pub mod catalogue;
pub mod constants;
pub mod exports;
pub mod growth;
pub mod integrate;
mod inverse;
pub mod matrix;
pub mod matrix_text;
pub mod measurements;
pub mod named_table;
pub mod neutrinos;
pub mod npz;
pub mod numbers;
pub mod recombination;
pub mod reference;
pub mod release_choice;
pub mod spelling;
pub mod text;
