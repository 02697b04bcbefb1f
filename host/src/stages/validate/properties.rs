//! What must hold for every matrix and every shape.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};
use nalgebra::DMatrix;
use plugin_api::{ColumnKind, MatrixContract, OutputContract, TableContract};
use proptest::prelude::*;

use super::{Options, Strictness, Verdict, validate};
use crate::dataset::samples::{column, dataset, floats, table};
use crate::dataset::{Dataset, SquareMatrix};

/// A dataset of `rows` rows around a matrix that says it has `size`.
fn wrap(rows: usize, size: usize, values: Vec<f64>, uncertainties: &[f64]) -> Dataset {
    let ids: ArrayRef =
        Arc::new(StringArray::from((1..=rows).map(|row| format!("r{row}")).collect::<Vec<_>>()));
    let contract = OutputContract {
        meaning: String::new(),
        tables: vec![TableContract {
            name: "data".to_owned(),
            meaning: String::new(),
            row_id: Some("row_id".to_owned()),
            minimum_rows: 0,
            columns: vec![column("row_id", ColumnKind::Utf8), column("uncertainty", ColumnKind::Float64)],
        }],
        matrices: vec![MatrixContract {
            name: "m".to_owned(),
            meaning: String::new(),
            rows_of: "data".to_owned(),
            required: true,
            symmetric: true,
            positive_definite: true,
            diagonal_is_square_of: Some("uncertainty".to_owned()),
        }],
    };
    Dataset {
        contract,
        tables: vec![table("data", vec![("row_id", ids), ("uncertainty", floats(uncertainties))])],
        matrices: vec![SquareMatrix { name: "m".to_owned(), size, values: values.into() }],
        ..dataset()
    }
}

/// A covariance with no correlation below a hundredth or above one half, in units of its own for every row.
fn covariance() -> impl Strategy<Value = (usize, Vec<f64>, Vec<f64>)> {
    (2_usize..9).prop_flat_map(|size| {
        let correlations = proptest::collection::vec(prop_oneof![0.01..0.1, -0.1..-0.01], size * size);
        let scales = proptest::collection::vec((-9_i32..9, 1.0..9.9), size);
        (Just(size), correlations, scales).prop_map(|(size, correlations, scales)| {
            let sigma: Vec<f64> = scales.iter().map(|(power, digits)| digits * 10_f64.powi(*power)).collect();
            let matrix = DMatrix::from_fn(size, size, |row, column| {
                let (low, high) = (row.min(column), row.max(column));
                let correlation = if row == column { 1.0 } else { correlations[low * size + high] };
                correlation * sigma[low] * sigma[high]
            });
            (size, matrix.transpose().as_slice().to_vec(), sigma)
        })
    })
}

fn judge(dataset: &Dataset) -> Verdict {
    validate(dataset, &Options::new(Strictness::Lenient))
}

fn blocked_at(verdict: &Verdict, code: &str, place: &str) -> bool {
    verdict.blocking().any(|check| check.code == code && check.place == place)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn positive_definite_matrices_pass_in_any_units((size, values, sigma) in covariance()) {
        let verdict = validate(&wrap(size, size, values, &sigma), &Options::new(Strictness::Strict));
        prop_assert!(verdict.accepted(), "{:?}", verdict.blocking().collect::<Vec<_>>());
    }

    #[test]
    fn gram_matrices_pass(size in 1_usize..8, seed in proptest::collection::vec(-1.0..1.0_f64, 64)) {
        let half = DMatrix::from_fn(size, size, |row, column| seed[row * 8 + column]);
        let gram = &half * half.transpose() + DMatrix::identity(size, size);
        let gram = (&gram + gram.transpose()) * 0.5;
        let sigma: Vec<f64> = gram.diagonal().iter().map(|value| value.sqrt()).collect();
        prop_assert!(judge(&wrap(size, size, gram.as_slice().to_vec(), &sigma)).accepted());
    }

    #[test]
    fn each_single_fault_is_found_where_it_is((size, values, sigma) in covariance(), pick: (usize, usize), fault in 0..5) {
        let row = pick.0 % size;
        let column = (row + 1 + pick.1 % (size - 1)) % size;
        let (low, high) = (row.min(column), row.max(column));
        let mut values = values;
        let at = |row: usize, column: usize| row * size + column;
        let pair = format!("matrix `m`, element ({}, {}): `r{}` with `r{}`", low + 1, high + 1, low + 1, high + 1);
        let (code, place) = match fault {
            0 => {
                values[at(row, column)] *= -1.0;
                ("matrix.symmetric", pair)
            }
            1 => {
                values[at(row, column)] *= 1.001;
                ("matrix.symmetric", pair)
            }
            2 => {
                values[at(row, column)] = f64::NAN;
                ("matrix.finite", format!("matrix `m`, element ({}, {}): `r{}` with `r{}`", row + 1, column + 1, row + 1, column + 1))
            }
            3 => {
                let correlation = 1.001 * sigma[row] * sigma[column];
                (values[at(row, column)], values[at(column, row)]) = (correlation, correlation);
                ("matrix.correlation", pair)
            }
            _ => {
                values[at(row, row)] *= -1.0;
                ("matrix.diagonal-positive", format!("matrix `m`, row {} (`r{}`)", row + 1, row + 1))
            }
        };
        let verdict = judge(&wrap(size, size, values, &sigma));
        prop_assert!(blocked_at(&verdict, code, &place), "{code} at {place}: {:?}", verdict.blocking().collect::<Vec<_>>());
    }

    #[test]
    fn rows_out_of_order_are_found((size, values, sigma) in covariance()) {
        let reversed: Vec<f64> = sigma.iter().rev().copied().collect();
        prop_assume!((reversed[0] / sigma[0] - 1.0).abs() > 1e-3);
        let verdict = judge(&wrap(size, size, values, &reversed));
        prop_assert!(blocked_at(&verdict, "matrix.diagonal", "matrix `m`, row 1 (`r1`)"));
    }

    #[test]
    fn no_shape_and_no_number_panics(
        rows in 0_usize..5,
        size in prop_oneof![0_usize..5, Just(usize::MAX)],
        values in proptest::collection::vec(proptest::num::f64::ANY, 0..26),
        trim: bool,
        strictness in prop_oneof![Just(Strictness::Strict), Just(Strictness::Standard), Just(Strictness::Lenient)],
    ) {
        let mut values = values;
        if trim {
            values.resize(rows * rows, 1e300);
        }
        let uncertainties = vec![1e200; rows];
        let verdict = validate(&wrap(rows, if trim { rows } else { size }, values, &uncertainties), &Options::new(strictness));
        prop_assert!(!verdict.checks.is_empty());
    }
}
