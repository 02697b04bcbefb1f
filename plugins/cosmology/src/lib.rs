//! What the cosmology modules share: physical constants, distances and growth of a stated cosmology, and what is
//! peculiar to the tables and matrices in which surveys publish their measurements. What any text file has is read by
//! [`plugin_api::text`].
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
pub mod shared_rows;

pub use plugin_api::text;
