//! What differs between two datasets: rows by their identity, values, covariances, conventions, and what all of that
//! does to chi-squared at the models both are held against.

mod elements;
mod found;
mod models;
mod rows;
mod stated;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::{Dataset, DatasetDocument};

pub use found::{
    Change, ColumnDifference, ConventionChange, Difference, ElementChange, MatrixDifference, ModelDifference,
    Names, TableDifference, UnitChange,
};

use rows::Pairing;

/// A dataset with its document.
pub type Side<'a> = (&'a DatasetDocument, &'a Dataset);

/// Compares.
#[must_use]
pub fn difference(a: Side, b: Side) -> Difference {
    let pairings: BTreeMap<&str, Pairing> = names(&a.1.tables, &b.1.tables, |table| &table.name)
        .into_iter()
        .map(|name| (name, Pairing::of(a.1, b.1, name)))
        .collect();
    let tables: Vec<_> =
        pairings.iter().map(|(name, pairing)| rows::table_difference(a.1, b.1, name, pairing)).collect();
    let tables: Vec<_> = tables.into_iter().filter(TableDifference::is_one).collect();
    let matrices = names(&a.1.matrices, &b.1.matrices, |matrix| &matrix.name);
    let matrices = matrices.into_iter().map(|name| elements::matrix_difference(a, b, name, &pairings));
    let matrices: Vec<_> = matrices.filter(MatrixDifference::is_one).collect();
    let models: Vec<_> = models::models(a.1, b.1, &pairings);
    let (conventions, units) = (stated::conventions(a.0, b.0), stated::units(a.0, b.0));
    let same_models = models.iter().all(|model| !model.is_one()) && a.1.models.len() == b.1.models.len();
    let equal =
        conventions.is_empty() && units.is_empty() && tables.is_empty() && matrices.is_empty() && same_models;
    Difference { equal, conventions, units, tables, matrices, models }
}

/// The names that occur on either side.
fn names<'a, T>(a: &'a [T], b: &'a [T], name: impl Fn(&'a T) -> &'a String) -> BTreeSet<&'a str> {
    a.iter().chain(b).map(|one| name(one).as_str()).collect()
}
