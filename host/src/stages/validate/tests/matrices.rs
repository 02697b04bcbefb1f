//! Stories of matrices.

use super::super::{Options, Outcome, Strictness, validate};
use super::{failures, judge, matrix, outcomes};
use crate::dataset::Dataset;
use crate::dataset::samples::dataset;

/// Story: an uncertainty printed where a variance belongs was accepted by the tools of the trade.
#[test]
fn an_uncertainty_on_the_diagonal_is_called_what_it_is() {
    let diagonal = |one: &mut Dataset| matrix(one, &[0.5, 0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0, 2.0]);
    let verdict = judge(diagonal, Strictness::Standard);
    assert_eq!(failures(&verdict).len(), 3);
    assert!(verdict.blocking().all(|check| check.message.ends_with("the diagonal is not squared")));
}

/// Story: a correlation of 5 and a negative variance gave a χ² in the tools of the trade.
#[test]
fn impossible_matrices_are_refused_with_the_row_that_breaks_them() {
    let correlated = |one: &mut Dataset| matrix(one, &[0.25, 0.0, 0.0, 0.0, 0.0625, 2.5, 0.0, 2.5, 4.0]);
    let verdict = judge(correlated, Strictness::Lenient);
    let found = failures(&verdict);
    assert!(
        found.contains(&("matrix.correlation", "matrix `covariance`, element (2, 3): `b` with `c`")),
        "{found:?}"
    );
    assert!(found.contains(&("matrix.positive-definite", "matrix `covariance`, row 3 (`c`)")), "{found:?}");
    let correlation = outcomes(&verdict, "matrix.correlation")[0];
    assert_eq!((correlation.measured, correlation.limit), (Some(5.0), Some(1.0)));
    let definite = outcomes(&verdict, "matrix.positive-definite")[0];
    assert!((definite.measured.unwrap() + 24.0).abs() < 1e-12, "{definite:?}");
    assert!(definite.message.contains("smallest eigenvalue is -1.1"), "{}", definite.message);

    let negative = |one: &mut Dataset| matrix(one, &[0.25, 0.0, 0.0, 0.0, -0.0625, 0.0, 0.0, 0.0, 4.0]);
    let verdict = judge(negative, Strictness::Lenient);
    assert!(failures(&verdict).contains(&("matrix.diagonal-positive", "matrix `covariance`, row 2 (`b`)")));
    assert_eq!(outcomes(&verdict, "matrix.positive-definite")[0].outcome, Outcome::NotRun);

    // Each pair is possible, all three together are not.
    let triple = |one: &mut Dataset| matrix(one, &[0.25, 0.1, -0.8, 0.1, 0.0625, 0.4, -0.8, 0.4, 4.0]);
    let verdict = judge(triple, Strictness::Lenient);
    assert_eq!(failures(&verdict), [("matrix.positive-definite", "matrix `covariance`, row 3 (`c`)")]);
}

/// Story: a measurement listed twice makes the matrix singular; rounding may leave its pivot a hair above zero.
#[test]
fn a_repeated_row_is_not_positive_definite_in_any_unit() {
    for scale in [1e-150, 1.0, 1e150] {
        let values: Vec<f64> =
            [1.0, 0.3, 1.0, 0.3, 2.0, 0.3, 1.0, 0.3, 1.0].iter().map(|value| value * scale).collect();
        let verdict = judge(|one| matrix(one, &values), Strictness::Lenient);
        let found = failures(&verdict);
        assert!(
            found.contains(&("matrix.positive-definite", "matrix `covariance`, row 3 (`c`)")),
            "{found:?}"
        );
    }
}

#[test]
fn lenient_widens_the_tolerance_and_the_parameter_is_used() {
    let skewed =
        |one: &mut Dataset| matrix(one, &[0.25, 0.05, 0.1, 0.05, 0.0625, -0.1, 0.1, -0.1 + 1e-8, 4.0]);
    assert!(!judge(skewed, Strictness::Standard).accepted());
    assert!(judge(skewed, Strictness::Lenient).accepted());
    let mut dataset = dataset();
    skewed(&mut dataset);
    assert!(validate(&dataset, &Options { tolerance: 1e-7, ..Options::new(Strictness::Strict) }).accepted());
    // 1e-7 of a diagonal element: beyond 1e-8, within 1e-6.
    let shifted =
        |one: &mut Dataset| matrix(one, &[0.250_000_025, 0.0, 0.0, 0.0, 0.0625, 0.0, 0.0, 0.0, 4.0]);
    assert_eq!(failures(&judge(shifted, Strictness::Standard))[0].0, "matrix.diagonal");
    assert!(judge(shifted, Strictness::Lenient).accepted());
}

#[test]
fn the_worst_correlations_come_first() {
    let verdict =
        judge(|one| matrix(one, &[0.25, 0.2, 3.0, 0.2, 0.0625, 2.5, 3.0, 2.5, 4.0]), Strictness::Standard);
    let sizes: Vec<_> =
        outcomes(&verdict, "matrix.correlation").iter().map(|check| check.measured.unwrap()).collect();
    assert_eq!(sizes, [5.0, 3.0, 1.6]);
}
