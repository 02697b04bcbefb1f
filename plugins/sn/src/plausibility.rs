//! What looks wrong in any data, known or not: the published errors beside the diagonal of the covariance, and values
//! far from any universe.

use cosmology::matrix::SquareMatrix;
use plugin_api::{Finding, ModuleError, Severity};

use crate::covariance::{COVARIANCE, Published};
use crate::layout::{Layout, TABLE};
use crate::sample::Sample;
use crate::sample::rough_modulus;
use crate::settings::Systematics;

/// How many of the worst rows are named one by one.
const NAMED: usize = 5;

/// Fewer rows say nothing about an order.
const FEWEST_FOR_ORDER: usize = 20;

/// A covariance beside the published errors.
pub(crate) struct Diagonal<'a> {
    pub(crate) sample: &'a Sample,
    pub(crate) published: &'a Published<'a>,
    pub(crate) covariance: &'a SquareMatrix,
    /// Variances from the published errors; none where there are no errors.
    pub(crate) variances: &'a [f64],
}

impl Diagonal<'_> {
    /// `told` says that the user chose `systematics`, and need not be asked for it.
    pub(crate) fn findings(&self, systematics: Systematics, told: bool) -> Result<Vec<Finding>, ModuleError> {
        let negative = self.negative_variances(systematics);
        if !negative.is_empty() {
            return Ok(negative);
        }
        let pairs = self.pairs();
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        let agreeing = pairs.iter().filter(|pair| (pair.ratio() - 1.0).abs() < 0.01).count();
        if systematics == Systematics::Added {
            if 2 * agreeing > pairs.len() {
                return Err(ModuleError::bad_parameter(
                    "systematics",
                    "the diagonal of the covariance is the published errors squared already",
                )
                .hint("pass `--param systematics=total`"));
            }
            let larger = pairs.iter().filter(|pair| pair.ratio() > 0.99).count();
            if !told && 20 * larger > 19 * pairs.len() {
                return Err(ModuleError::bad_parameter(
                    "systematics",
                    "the covariance is nowhere smaller than the published errors squared, as if it held them already",
                )
                .hint("pass `--param systematics=total` if it holds all errors, `systematics=added` if it does not"));
            }
            return Ok(Vec::new());
        }
        let finding =
            self.scale(&pairs).or_else(|| self.too_small(&pairs, told)).or_else(|| self.order(&pairs));
        Ok(finding.map_or_else(|| self.outliers(&pairs, agreeing), |finding| vec![finding]))
    }

    /// Zeros are no variances either, unless errors are added to them.
    fn negative_variances(&self, systematics: Systematics) -> Vec<Finding> {
        let diagonal = self.covariance.diagonal_values();
        let bad = |variance: f64| variance < 0.0 || (variance == 0.0 && systematics == Systematics::Total);
        let finding = |(row, variance): (usize, f64)| {
            let message = format!("the variance of `{}` is {variance}", self.sample.row_id(row));
            Finding::new(Severity::Error, "covariance.negative-variance", self.published.place(row), message)
                .measured(variance, 0.0)
                .hint("get the file again: a sign may be wrong, or the rows in another order")
        };
        diagonal
            .into_iter()
            .enumerate()
            .filter(|(_, variance)| bad(*variance))
            .take(NAMED)
            .map(finding)
            .collect()
    }

    /// Rows with an error of their own. Calibrators are left out: the covariance of Pantheon+ does not hold the
    /// peculiar velocities that their printed errors do.
    fn pairs(&self) -> Vec<Pair> {
        let calibrator =
            |row: usize| self.sample.is_calibrator.as_ref().is_some_and(|calibrators| calibrators[row]);
        let pair = |(row, variance): (usize, &f64)| Pair {
            row,
            error: variance.sqrt(),
            variance: self.covariance.get(row, row),
        };
        let of_its_own = |(row, variance): &(usize, &f64)| !calibrator(*row) && **variance > 0.0;
        self.variances.iter().enumerate().filter(of_its_own).map(pair).collect()
    }

    fn place(&self, row: usize) -> String {
        format!("input `{TABLE}`, line {}", self.sample.lines[row])
    }

    /// Standard deviations on the diagonal, or inverse variances, where variances belong: whichever is nearer to the
    /// published errors, and that by far.
    fn scale(&self, pairs: &[Pair]) -> Option<Finding> {
        let distance = |of: &dyn Fn(&Pair) -> f64| median(pairs.iter().map(of)).ln().abs();
        let as_variances = distance(&Pair::ratio);
        let as_errors = distance(&|pair| pair.variance / pair.error);
        let as_inverse = distance(&|pair| pair.variance * pair.error * pair.error);
        let (best, message, hint) = if as_errors < as_inverse {
            let message = "the diagonal holds the published errors, not their squares";
            (as_errors, message, "a covariance holds variances")
        } else {
            let (message, hint) = if self.published.inverse {
                (
                    "the file holds the covariance, not its inverse",
                    "pass `--param covariance_kind=covariance`",
                )
            } else {
                ("the file holds the inverse of a covariance", "pass `--param covariance_kind=inverse`")
            };
            (as_inverse, message, hint)
        };
        let first = pairs.first().filter(|_| best < 0.5 * as_variances && as_variances > 1.0)?;
        let ratio = median(pairs.iter().map(Pair::ratio));
        let place = self.published.place(first.row);
        Some(
            Finding::new(Severity::Error, "covariance.scale", place, message).measured(ratio, 1.0).hint(hint),
        )
    }

    /// A systematic part that is taken for the whole.
    fn too_small(&self, pairs: &[Pair], told: bool) -> Option<Finding> {
        /// Pantheon+ has a half: its printed errors count what its covariance does not.
        const SMALLEST: f64 = 0.3;
        let ratio = median(pairs.iter().map(Pair::ratio));
        let message = "the variances are far smaller than the published errors: the file may hold systematic errors alone";
        let hint = match self.sample.layout {
            Layout::PantheonPlus | Layout::DesDovekie => {
                "give the covariance that holds statistical errors too"
            }
            _ => {
                "pass `--param systematics=added` to add the squares of the published errors, or `total` if it is meant"
            }
        };
        let severity = if told { Severity::Warning } else { Severity::Error };
        (ratio < SMALLEST).then(|| {
            Finding::new(severity, "covariance.scale", format!("input `{COVARIANCE}`"), message)
                .measured(ratio, SMALLEST)
                .hint(hint)
        })
    }

    /// Whether another order of the rows would fit the errors to the diagonal, while this one does not.
    ///
    /// Compared are logarithms of variance over error squared: how far they usually are from their median, as the rows
    /// stand, and with both sides sorted by size, the best that any order can do.
    fn order(&self, pairs: &[Pair]) -> Option<Finding> {
        if pairs.len() < FEWEST_FOR_ORDER {
            return None;
        }
        let logarithms: Vec<f64> = pairs.iter().map(|pair| pair.ratio().ln()).collect();
        let middle = median(logarithms.iter().copied());
        let scatter = median(logarithms.iter().map(|logarithm| (logarithm - middle).abs()));
        let best = sorted_scatter(pairs);
        if scatter < 0.1 || scatter < 2.0 * best || rank_correlation(pairs) > 0.5 {
            return None;
        }
        let tolerance = 3.0 * best.max(0.05);
        let (pair, _) =
            pairs.iter().zip(&logarithms).find(|(_, logarithm)| (*logarithm - middle).abs() > tolerance)?;
        let message = format!(
            "the covariance is in another order than the table: the error of `{}` is {}, its variance is {} mag²",
            self.sample.row_id(pair.row),
            pair.error,
            pair.variance
        );
        Some(
            Finding::new(Severity::Error, "covariance.row-order", self.place(pair.row), message)
                .measured(scatter, best)
                .hint("write the rows of the table in the order of the covariance"),
        )
    }

    /// Single rows off the diagonal where nearly all others are on it.
    fn outliers(&self, pairs: &[Pair], agreeing: usize) -> Vec<Finding> {
        if 10 * agreeing < 9 * pairs.len() {
            return Vec::new();
        }
        let off = pairs.iter().filter(|pair| (pair.ratio().sqrt() - 1.0).abs() > 0.05);
        let finding = |pair: &Pair| {
            let sigma = pair.variance.sqrt();
            let message = format!(
                "the error {} of `{}` is not the square root of its variance, {sigma}",
                pair.error,
                self.sample.row_id(pair.row)
            );
            Finding::new(Severity::Warning, "covariance.diagonal", self.place(pair.row), message)
                .measured(sigma, pair.error)
                .hint("take table and covariance from the same release, in the same order")
        };
        off.take(NAMED).map(finding).collect()
    }
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    row: usize,
    error: f64,
    variance: f64,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.variance / (self.error * self.error)
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let values = sorted(values);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn sorted_scatter(pairs: &[Pair]) -> f64 {
    let errors = sorted(pairs.iter().map(|pair| pair.error));
    let variances = sorted(pairs.iter().map(|pair| pair.variance));
    let ratios = || variances.iter().zip(&errors).map(|(variance, error)| (variance / (error * error)).ln());
    let middle = median(ratios());
    median(ratios().map(|ratio| (ratio - middle).abs()))
}

/// Spearman's coefficient of errors and variances.
#[expect(clippy::cast_precision_loss, reason = "ranks are below 5000")]
fn rank_correlation(pairs: &[Pair]) -> f64 {
    let ranks = |of: &dyn Fn(&Pair) -> f64| {
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        order.sort_by(|&left, &right| of(&pairs[left]).total_cmp(&of(&pairs[right])));
        let mut ranks = vec![0.0; pairs.len()];
        for (rank, place) in order.into_iter().enumerate() {
            ranks[place] = rank as f64;
        }
        ranks
    };
    let (left, right) = (ranks(&|pair| pair.error), ranks(&|pair| pair.variance));
    let count = pairs.len() as f64;
    let squares: f64 = left.iter().zip(&right).map(|(left, right)| (left - right).powi(2)).sum();
    1.0 - 6.0 * squares / (count * (count * count - 1.0))
}

/// Values that are magnitudes away from all others of their redshift, with an error that does not say so.
pub(crate) fn values(sample: &Sample) -> Vec<Finding> {
    /// The brightest outliers of all releases stay below 3 mag where their error is below 1 mag.
    const FARTHEST_MAG: f64 = 5.0;
    let offset = |row: usize| sample.observable[row] - rough_modulus(sample.z[row]);
    let middle = median((0..sample.len()).map(offset));
    let far = (0..sample.len()).filter(|&row| {
        let certain = sample.error.as_ref().is_none_or(|errors| errors[row] < 2.0);
        certain && (offset(row) - middle).abs() > FARTHEST_MAG
    });
    let finding = |row: usize| {
        let message = format!(
            "`{}` is {:.1} mag away from what the others of the table say of its redshift {}",
            sample.row_id(row),
            offset(row) - middle,
            sample.z[row]
        );
        let place = format!("input `{TABLE}`, line {}", sample.lines[row]);
        Finding::new(Severity::Warning, "value.implausible", place, message)
            .measured(offset(row) - middle, FARTHEST_MAG)
            .hint("check the columns and the digits of this row")
    };
    far.take(NAMED).map(finding).collect()
}
