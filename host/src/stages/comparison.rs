//! Holds a dataset against the predictions that its module states: chi-squared without a theory code.
//!
//! Invariant: nothing is inverted, and nothing a module says about shapes is believed.

use nalgebra::{DMatrix, DVector};
use plugin_api::ReferenceModel;
use serde::Serialize;

use crate::dataset::{ColumnView, Dataset, SquareMatrix};
use crate::stages::validate::cholesky;

/// How far the observed values are from those predicted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// rᵀC⁻¹r of the residuals r, without the offset where one is free.
    pub chi_squared: f64,
    /// Rows, less one for a free offset. The model has no free parameter.
    pub degrees_of_freedom: usize,
    /// The best constant difference, where the model leaves one free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<f64>,
    /// Observed minus predicted, without the offset; one for each row.
    #[serde(skip)]
    pub residuals: Vec<f64>,
}

/// Compares.
///
/// # Errors
/// What does not fit, as [`problems`] says it, or that the matrix is not positive definite.
pub fn compare(dataset: &Dataset, model: &ReferenceModel) -> Result<Comparison, Vec<String>> {
    let problems = problems(dataset, model);
    if !problems.is_empty() {
        return Err(problems);
    }
    let absent = || vec!["its values are absent".to_owned()];
    let observed = column(dataset, &model.table, &model.column).and_then(numbers).ok_or_else(absent)?;
    let mut residuals: Vec<f64> =
        observed.iter().zip(&model.prediction).map(|(observed, predicted)| observed - predicted).collect();
    let size = residuals.len();
    // Everything is divided by the errors first; what is left to solve is a correlation matrix.
    let (errors, factor) = if let Some(name) = &model.matrix {
        let (errors, factor) = factored(dataset.matrix(name).ok_or_else(absent)?)?;
        (errors, Some(factor))
    } else {
        let name = model.uncertainty.as_deref().unwrap_or_default();
        (column(dataset, &model.table, name).and_then(numbers).ok_or_else(absent)?, None)
    };
    let whiten = |values: &mut dyn Iterator<Item = f64>| -> Result<DVector<f64>, Vec<String>> {
        let mut white = DVector::from_iterator(size, values.zip(&errors).map(|(value, error)| value / error));
        match &factor {
            Some(factor) if !factor.solve_lower_triangular_mut(&mut white) => {
                Err(vec!["its covariance cannot be solved".to_owned()])
            }
            _ => Ok(white),
        }
    };
    let mut white = whiten(&mut residuals.iter().copied())?;
    let mut offset = None;
    if model.free_offset {
        let ones = whiten(&mut std::iter::repeat_n(1.0, size))?;
        let best = ones.dot(&white) / ones.norm_squared();
        // Subtracted before squaring: a large offset would swallow the digits of what it leaves.
        white.axpy(-best, &ones, 1.0);
        for residual in &mut residuals {
            *residual -= best;
        }
        offset = Some(best);
    }
    Ok(Comparison {
        chi_squared: white.norm_squared(),
        degrees_of_freedom: size - usize::from(model.free_offset),
        offset,
        residuals,
    })
}

/// Why a model cannot be compared with the dataset; nothing if it can, unless its matrix is not positive definite.
#[must_use]
pub fn problems(dataset: &Dataset, model: &ReferenceModel) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(table) = dataset.table(&model.table) else {
        return vec![format!("there is no table `{}`", model.table)];
    };
    let rows = table.rows();
    let mut check = |name: &str, positive: bool| match table.column(name).map(numbers) {
        None => problems.push(format!("table `{}` has no column `{name}`", table.name)),
        Some(None) => problems.push(format!("column `{name}` holds values that are no finite numbers")),
        Some(Some(values)) if positive && values.iter().any(|value| *value <= 0.0) => {
            problems.push(format!("column `{name}` holds errors that are not positive"));
        }
        Some(Some(_)) => {}
    };
    check(&model.column, false);
    if let (None, Some(uncertainty)) = (&model.matrix, &model.uncertainty) {
        check(uncertainty, true);
    }
    match (&model.matrix, &model.uncertainty) {
        (Some(name), None) => match dataset.matrix(name) {
            None => problems.push(format!("there is no matrix `{name}`")),
            Some(matrix) if matrix.rows().count() != rows => {
                problems.push(format!(
                    "matrix `{name}` has {} rows, table `{}` has {rows}",
                    matrix.size, table.name
                ));
            }
            Some(_) => {}
        },
        (None, Some(_)) => {}
        (Some(_), Some(_)) => problems.push("it names both a matrix and a column of errors".to_owned()),
        (None, None) => problems.push("it names neither a matrix nor a column of errors".to_owned()),
    }
    let predictions = model.prediction.len();
    if predictions != rows {
        problems.push(format!("it has {predictions} predictions, table `{}` has {rows} rows", table.name));
    }
    if let Some(row) = model.prediction.iter().position(|value| !value.is_finite()) {
        problems.push(format!("its prediction for row {} is no finite number", row + 1));
    }
    if rows == 0 {
        problems.push(format!("table `{}` has no row", table.name));
    }
    problems
}

fn column<'a>(dataset: &'a Dataset, table: &str, name: &str) -> Option<ColumnView<'a>> {
    dataset.table(table)?.column(name)
}

/// The numbers of a column, if it holds nothing else.
#[expect(clippy::needless_pass_by_value, reason = "a function for `map`")]
fn numbers(column: ColumnView<'_>) -> Option<Vec<f64>> {
    column.cells().map(|cell| cell.number().filter(|value| value.is_finite())).collect()
}

/// The errors of a covariance and the Cholesky factor of its correlations.
fn factored(matrix: &SquareMatrix) -> Result<(Vec<f64>, DMatrix<f64>), Vec<String>> {
    let size = matrix.size;
    let unusable = || vec![format!("matrix `{}` is not positive definite", matrix.name)];
    let errors: Vec<f64> = (0..size).map(|row| matrix.values[row * size + row].sqrt()).collect();
    if !errors.iter().all(|error| error.is_finite() && *error > 0.0) {
        return Err(unusable());
    }
    let element =
        |row: usize, column: usize| matrix.values[row * size + column] / errors[row] / errors[column];
    let factor = cholesky::factor(DMatrix::from_fn(size, size, element), 0.0).map_err(|_| unusable())?;
    Ok((errors, factor))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dataset::samples::{dataset, floats, model, table};

    fn pair(values: [f64; 2], matrix: [f64; 4]) -> Dataset {
        let mut pair = dataset();
        pair.tables =
            vec![table("data", vec![("observable", floats(&values)), ("error", floats(&[0.5, 2.0]))])];
        pair.matrices =
            vec![SquareMatrix { name: "covariance".to_owned(), size: 2, values: matrix.to_vec().into() }];
        pair
    }

    #[test]
    fn two_correlated_rows_have_the_closed_form() {
        // χ² = (a² - 2ρab + b²) / (1 - ρ²) with a, b in units of their errors.
        let (rho, one, two) = (0.6, 0.5, 2.0);
        let dataset = pair([3.0, 5.0], [one * one, rho * one * two, rho * one * two, two * two]);
        let model = ReferenceModel { prediction: vec![2.5, 8.0], ..model() };
        let (a, b) = (0.5 / one, -3.0 / two);
        let expected = (a * a - 2.0 * rho * a * b + b * b) / (1.0 - rho * rho);
        let compared = compare(&dataset, &model).unwrap();
        assert!((compared.chi_squared / expected - 1.0).abs() < 1e-14, "{compared:?}");
        assert_eq!((compared.degrees_of_freedom, compared.residuals), (2, vec![0.5, -3.0]));
    }

    #[test]
    fn a_free_offset_is_the_weighted_mean_of_what_is_left() {
        let dataset = pair([-16.5, -10.0], [1.0; 4]);
        let model = ReferenceModel {
            matrix: None,
            uncertainty: Some("error".to_owned()),
            free_offset: true,
            prediction: vec![2.5, 8.0],
            ..model()
        };
        // Weights 4 and 1/4; residuals -19 and -18.
        let offset = (-19.0 * 4.0 - 18.0 * 0.25) / 4.25;
        let expected = 1.0 / (0.25 + 4.0);
        let compared = compare(&dataset, &model).unwrap();
        assert!((compared.offset.unwrap() - offset).abs() < 1e-13);
        assert!((compared.chi_squared / expected - 1.0).abs() < 1e-12, "{compared:?}");
        assert_eq!(compared.degrees_of_freedom, 1);
    }

    /// What a hostile module may say is refused in words.
    #[test]
    fn a_model_that_does_not_fit_is_refused_in_words() {
        let text = |name: &str| Some(name.to_owned());
        for (model, expected) in [
            (ReferenceModel { table: "dat".into(), ..model() }, "no table `dat`"),
            (ReferenceModel { column: "x".into(), ..model() }, "no column `x`"),
            (ReferenceModel { column: "unit".into(), ..model() }, "no finite numbers"),
            (ReferenceModel { matrix: text("m"), ..model() }, "no matrix `m`"),
            (ReferenceModel { matrix: None, ..model() }, "neither"),
            (ReferenceModel { uncertainty: text("uncertainty"), ..model() }, "both"),
            (ReferenceModel { matrix: None, uncertainty: text("x"), ..model() }, "no column `x`"),
            (ReferenceModel { prediction: vec![1.0; 2], ..model() }, "2 predictions"),
            (ReferenceModel { prediction: vec![1.0, f64::NAN, 1.0], ..model() }, "row 2"),
        ] {
            let problems = compare(&dataset(), &model).unwrap_err();
            assert!(problems[0].contains(expected), "{problems:?}");
        }
        let indefinite = pair([1.0, 2.0], [1.0, 2.0, 2.0, 1.0]);
        let model = ReferenceModel { prediction: vec![0.0; 2], ..model() };
        assert!(compare(&indefinite, &model).unwrap_err()[0].contains("not positive definite"));
        assert!(compare(&pair([1.0, 2.0], [0.0; 4]), &model).is_err());
    }

    proptest! {
        /// Shifting every observation by a constant changes the offset by it, and nothing else.
        #[test]
        fn chi_squared_does_not_see_a_shift_where_the_offset_is_free(shift in -30.0..30.0_f64) {
            let mut shifted = dataset();
            let values = [13.0, 0.3, 1.0 / 3.0].map(|value| value + shift);
            let (old, new) = (dataset(), table("data", vec![("observable", floats(&values))]));
            shifted.tables = vec![new];
            let model = ReferenceModel { free_offset: true, ..model() };
            let (old, new) = (compare(&old, &model).unwrap(), compare(&shifted, &model).unwrap());
            prop_assert!((old.chi_squared - new.chi_squared).abs() < 1e-10 * old.chi_squared);
            prop_assert!((new.offset.unwrap() - old.offset.unwrap() - shift).abs() < 1e-12);
        }

        #[test]
        fn comparing_never_panics(prediction: Vec<f64>, values: Vec<f64>, elements: Vec<f64>, free_offset: bool) {
            let mut dataset = dataset();
            let size = elements.len().isqrt();
            dataset.tables = vec![table("data", vec![("observable", floats(&values))])];
            dataset.matrices =
                vec![SquareMatrix { name: "covariance".to_owned(), size, values: elements.into() }];
            let _ = compare(&dataset, &ReferenceModel { prediction, free_offset, ..model() });
        }
    }
}
