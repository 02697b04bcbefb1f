//! What looks wrong in any data, known or not: sizes that carry a forgotten unit, a covariance whose pattern belongs
//! to another order of the rows, errors of an absurd size.

use std::collections::BTreeMap;

use plugin_api::{Finding, ModuleError, Severity};

use super::Roles;
use super::quantity::{Quantity, Size};
use crate::matrix::SquareMatrix;

/// What the checks need to know of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Its line in the file.
    pub line: u64,
    /// Redshift.
    pub z: f64,
    /// Measured value.
    pub value: f64,
    /// What it measures.
    pub quantity: Quantity,
    /// Sample.
    pub tracer: Option<String>,
}

/// A smaller relative error is suspicious.
const SMALLEST_RELATIVE_ERROR: f64 = 1e-4;
/// Largest relative error without suspicion. No known release has a distance worse than 6 %; growth is measured worse.
const LARGEST_RELATIVE_ERROR_OF_DISTANCE: f64 = 0.2;
const LARGEST_RELATIVE_ERROR_OF_GROWTH: f64 = 0.5;
/// Largest ratio of two relative errors in one vector of distances. Known releases stay below 6, and the test vector
/// with one variance for all its rows at 21.
const LARGEST_SPREAD: f64 = 100.0;
/// Rows beyond stand outside of that comparison: the acoustic scale of the cosmic microwave background is known a
/// hundred times better than any distance to galaxies.
const LARGEST_REDSHIFT_IN_SPREAD: f64 = 20.0;

/// Holds a value against what a universe can have; a value in the wrong unit is refused.
///
/// `column` is the field of the value; the answer is a finding when the size is odd but its cause is not known.
///
/// # Errors
/// [`ModuleError::BadInput`] with the unit that the value must have.
pub fn size(
    role: &str,
    subject: &Subject,
    fiducial: Option<f64>,
    column: u64,
) -> Result<Option<Finding>, ModuleError> {
    let Subject { line, z, value, quantity, .. } = subject;
    let (low, high) = quantity.possible_values(*z, fiducial);
    let refuse = |message: String| ModuleError::bad_input(role, message).line(*line).column(column);
    match quantity.size(*z, *value, fiducial) {
        Size::Possible => Ok(None),
        Size::CarriesUnit => Err(refuse(format!(
            "{quantity} = {value} at z = {z} can only be a value in {}: the ratio lies between {low:.3} and {high:.3}",
            quantity.unit(true)
        ))
        .hint("pass `--param fiducial_rd_mpc=…` with the r_d in Mpc that the release states (BOSS DR12: 147.78)")),
        Size::AlreadyRatio => Err(refuse(format!(
            "{quantity} = {value} at z = {z} is a ratio to r_d already: scaled by a fiducial r_d it would lie between \
             {low:.1} and {high:.1} {}",
            quantity.unit(true)
        ))
        .hint("leave `fiducial_rd_mpc` out")),
        Size::Impossible => {
            let message = format!("{quantity} = {value} at z = {z}; expected between {low:.3} and {high:.3}");
            let (limit, place) = (if *value > high { high } else { low }, format!("input `{role}`, line {line}"));
            // No theory of gravity in use has more growth; a distance may be an unusual one.
            let severity = if *quantity == Quantity::Growth { Severity::Error } else { Severity::Warning };
            Ok(Some(
                Finding::new(severity, "value.implausible", place, message)
                    .measured(*value, limit)
                    .hint("check the quantity and its unit"),
            ))
        }
    }
}

/// Findings about the covariance of the rows.
#[must_use]
pub fn covariance(roles: Roles, subjects: &[Subject], covariance: &SquareMatrix) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        let variance = covariance.get(index, index);
        let place = format!("matrix `covariance`, element ({0}, {0})", index + 1);
        let what = format!("{} at z = {}", subject.quantity, subject.z);
        if variance <= 0.0 {
            let message = format!("the variance of {what} is {variance}");
            findings.push(
                Finding::new(Severity::Error, "covariance.negative-variance", place, message)
                    .measured(variance, 0.0),
            );
            continue;
        }
        let relative = variance.sqrt() / subject.value;
        let low = SMALLEST_RELATIVE_ERROR;
        let high = if subject.quantity == Quantity::Growth {
            LARGEST_RELATIVE_ERROR_OF_GROWTH
        } else {
            LARGEST_RELATIVE_ERROR_OF_DISTANCE
        };
        if relative < low || relative > high {
            let message = format!("the error of {what} is {relative:.2e} of its value");
            findings.push(
                Finding::new(Severity::Warning, "covariance.scale", place, message)
                    .measured(relative, if relative < low { low } else { high })
                    .hint("check that the matrix holds variances, in the units and the order of the mean"),
            );
        }
    }
    findings.extend(row_order(roles, subjects, covariance));
    findings
}

/// Relative errors of one vector that lie too far apart: the mark of a mean in another order than its covariance where
/// that is dense and shows no blocks. It sees only orders that pair values of different sizes.
#[must_use]
pub fn spread(roles: Roles, subjects: &[Subject], covariance: &SquareMatrix) -> Option<Finding> {
    let relative = |(index, subject): (usize, &Subject)| {
        let variance = covariance.get(index, index);
        let compared =
            variance > 0.0 && subject.quantity != Quantity::Growth && subject.z <= LARGEST_REDSHIFT_IN_SPREAD;
        compared.then(|| (subject.clone(), variance.sqrt() / subject.value))
    };
    let errors: Vec<(Subject, f64)> = subjects.iter().enumerate().filter_map(relative).collect();
    let (largest, large) = errors.iter().max_by(|left, right| left.1.total_cmp(&right.1))?;
    let (smallest, small) = errors.iter().min_by(|left, right| left.1.total_cmp(&right.1))?;
    let spread = large / small;
    if spread <= LARGEST_SPREAD {
        return None;
    }
    let named = |subject: &Subject, error: f64| {
        let Subject { line, z, quantity, .. } = subject;
        format!("the error of {quantity} at z = {z} (line {line}) is {error:.2e} of its value")
    };
    let message = format!(
        "{}, but {}: published joint vectors do not spread so far",
        named(largest, *large),
        named(smallest, *small)
    );
    let place = format!("input `{}`, line {}", roles.values, largest.line);
    Some(
        Finding::new(Severity::Error, "covariance.row-order", place, message)
            .measured(spread, LARGEST_SPREAD)
            .hint(format!("write the rows of the {} in the order of the covariance", roles.values)),
    )
}

/// Blocks that couple different redshifts while rows of one redshift are independent: the mark of a mean that was
/// sorted or reversed without its covariance.
fn row_order(roles: Roles, subjects: &[Subject], covariance: &SquareMatrix) -> Option<Finding> {
    let coupled = |i: usize, j: usize| covariance.get(i, j) != 0.0 || covariance.get(j, i) != 0.0;
    let same = |i: usize, j: usize| {
        // Two values of one quantity are two measurements, even without names of tracers.
        subjects[i].z.to_bits() == subjects[j].z.to_bits()
            && subjects[i].tracer == subjects[j].tracer
            && subjects[i].quantity != subjects[j].quantity
    };
    let pairs = || (0..subjects.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    let (a, b) = pairs().find(|&(i, j)| coupled(i, j) && !same(i, j))?;
    let (c, d) = pairs().find(|&(i, j)| same(i, j) && !coupled(i, j))?;

    let groups = group_sizes(subjects.len(), same);
    let blocks = group_sizes(subjects.len(), coupled);
    let named = |index: usize| format!("{} at z = {}", subjects[index].quantity, subjects[index].z);
    let message = format!(
        "the covariance couples {} with {}, but not {} with {}: its blocks fit another order of the rows",
        named(a),
        named(b),
        named(c),
        named(d)
    );
    // The same block sizes in another arrangement leave no other explanation.
    let severity = if groups == blocks { Severity::Error } else { Severity::Warning };
    let place = format!("input `{}`, line {}", roles.values, subjects[b].line);
    Some(
        Finding::new(severity, "covariance.row-order", place, message)
            .hint(format!("write the rows of the {} in the order of the covariance", roles.values)),
    )
}

/// Sorted sizes of the groups that a relation connects.
fn group_sizes(count: usize, related: impl Fn(usize, usize) -> bool) -> Vec<usize> {
    let mut group: Vec<usize> = (0..count).collect();
    for j in 0..count {
        for i in 0..j {
            let (kept, merged) = (group[i], group[j]);
            if kept != merged && related(i, j) {
                for member in &mut group {
                    if *member == merged {
                        *member = kept;
                    }
                }
            }
        }
    }
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    for member in group {
        *sizes.entry(member).or_default() += 1;
    }
    let mut sizes: Vec<usize> = sizes.into_values().collect();
    sizes.sort_unstable();
    sizes
}

/// How the rows are correlated, in one word, and the sizes of the independent blocks.
#[must_use]
pub fn structure(covariance: &SquareMatrix) -> (&'static str, Vec<usize>) {
    let coupled = |i: usize, j: usize| covariance.get(i, j) != 0.0 || covariance.get(j, i) != 0.0;
    let blocks = group_sizes(covariance.size(), coupled);
    let word = match blocks.as_slice() {
        sizes if sizes.iter().all(|&size| size == 1) => "diagonal",
        [_] => "dense",
        _ => "block-diagonal",
    };
    (word, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLES: Roles = Roles { values: "mean", covariance: "covariance" };

    fn subject(line: u64, z: f64, value: f64, quantity: Quantity) -> Subject {
        Subject { line, z, value, quantity, tracer: None }
    }

    fn blocks() -> SquareMatrix {
        let mut matrix = SquareMatrix::diagonal(&[0.01, 0.02, 0.03, 0.04, 0.05]);
        for (i, j) in [(1, 2), (3, 4)] {
            matrix.set(i, j, -0.001);
            matrix.set(j, i, -0.001);
        }
        matrix
    }

    fn mean() -> Vec<Subject> {
        vec![
            subject(1, 0.3, 8.0, Quantity::SphericalRatio),
            subject(2, 0.5, 13.5, Quantity::TransverseRatio),
            subject(3, 0.5, 22.0, Quantity::RadialRatio),
            subject(4, 0.7, 17.4, Quantity::TransverseRatio),
            subject(5, 0.7, 19.5, Quantity::RadialRatio),
        ]
    }

    #[test]
    fn blocks_in_the_order_of_the_rows_are_no_finding() {
        assert_eq!(covariance(ROLES, &mean(), &blocks()), []);
        assert_eq!(structure(&blocks()), ("block-diagonal", vec![1, 2, 2]));
        assert_eq!(structure(&SquareMatrix::diagonal(&[1.0, 1.0])), ("diagonal", vec![1, 1]));
    }

    #[test]
    fn a_reversed_or_sorted_mean_is_found_by_the_blocks_alone() {
        let mut reversed = mean();
        reversed.reverse();
        let mut sorted = mean();
        sorted.sort_by_key(|subject| subject.quantity);
        for rows in [reversed, sorted] {
            let findings = covariance(ROLES, &rows, &blocks());
            let codes: Vec<_> =
                findings.iter().map(|finding| (finding.code.as_str(), finding.severity)).collect();
            assert_eq!(codes, [("covariance.row-order", Severity::Error)]);
        }
    }

    #[test]
    fn absurd_errors_and_negative_variances_are_found() {
        let mut matrix = blocks();
        matrix.set(0, 0, -0.01);
        matrix.set(1, 1, 100.0);
        matrix.set(2, 2, 1e-9);
        let codes: Vec<_> =
            covariance(ROLES, &mean(), &matrix).into_iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["covariance.negative-variance", "covariance.scale", "covariance.scale"]);
    }

    #[test]
    fn a_distance_with_an_error_of_a_quarter_of_its_value_is_found_and_growth_is_not() {
        for (quantity, value, expected) in
            [(Quantity::RadialRatio, 22.0, &["covariance.scale"][..]), (Quantity::Growth, 0.45, &[])]
        {
            let error = 0.25 * value;
            let found = covariance(
                ROLES,
                &[subject(1, 0.5, value, quantity)],
                &SquareMatrix::diagonal(&[error * error]),
            );
            let codes: Vec<_> = found.iter().map(|finding| finding.code.as_str()).collect();
            assert_eq!(codes, expected, "{quantity}");
        }
    }

    #[test]
    fn errors_that_spread_too_far_are_found_unless_growth_or_the_microwave_background_explains_them() {
        let found = |z: f64, quantity: Quantity, errors: [f64; 2]| {
            let rows = [subject(1, 1.5, 30.0, Quantity::TransverseRatio), subject(2, z, 20.0, quantity)];
            let variances = [(30.0 * errors[0]).powi(2), (20.0 * errors[1]).powi(2)];
            spread(ROLES, &rows, &SquareMatrix::diagonal(&variances))
        };
        let finding = found(0.5, Quantity::RadialRatio, [0.1, 0.000_9]).unwrap();
        assert_eq!((finding.code.as_str(), finding.severity), ("covariance.row-order", Severity::Error));
        assert_eq!(finding.place, "input `mean`, line 1");
        assert!(
            finding.message.contains("(line 1) is 1.00e-1")
                && finding.message.contains("(line 2) is 9.00e-4")
        );
        assert_eq!(found(0.5, Quantity::RadialRatio, [0.1, 0.001_1]), None);
        assert_eq!(found(0.5, Quantity::Growth, [0.1, 0.000_9]), None);
        assert_eq!(found(1089.9, Quantity::TransverseRatio, [0.04, 0.000_3]), None);
    }

    #[test]
    fn a_size_in_mpc_is_refused_and_a_strange_one_found() {
        let mpc = subject(3, 0.51, 13.587 * 147.09, Quantity::TransverseRatio);
        let error = size("mean", &mpc, None, 2).unwrap_err();
        assert!(
            error.to_string().contains("line 3, field 2") && error.to_string().contains("in Mpc"),
            "{error}"
        );
        let ratio = subject(3, 0.51, 13.587, Quantity::TransverseRatio);
        assert!(size("mean", &ratio, Some(147.78), 2).is_err());
        assert_eq!(size("mean", &ratio, None, 2).unwrap(), None);
        let odd = subject(3, 0.51, 0.5, Quantity::TransverseRatio);
        assert_eq!(size("mean", &odd, None, 2).unwrap().unwrap().code, "value.implausible");
    }
}
