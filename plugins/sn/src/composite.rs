//! Light curves whose stretch and colour are not corrected yet: JLA, and releases in the form of SNLS3.
//!
//! Betoule et al. 2014, arXiv:1401.4064, equations 4 (μ = m_B + α x1 - β c - M) and 11 to 13 (covariance); the blocks
//! and the signs of their terms as in Cobaya's class `sn.jla`.

use cosmology::matrix_text;
use plugin_api::{Inputs, ModuleError};

use crate::covariance::Published;
use crate::layout::Layout;
use crate::sample::Sample;
use crate::settings::{Settings, Systematics};

/// What a block is multiplied by, for α and β.
type Factor = fn(f64, f64) -> f64;

/// Roles of the further blocks with their factors; the block without is `covariance`.
const BLOCKS: [(&str, Factor); 5] = [
    ("covariance_stretch", |alpha, _| alpha * alpha),
    ("covariance_colour", |_, beta| beta * beta),
    ("covariance_magnitude_stretch", |alpha, _| 2.0 * alpha),
    ("covariance_magnitude_colour", |_, beta| -2.0 * beta),
    ("covariance_stretch_colour", |alpha, beta| -2.0 * alpha * beta),
];

/// Replaces the observable by m_b + α x1 - β c.
pub(crate) fn standardise(sample: &mut Sample, settings: &Settings) -> Result<(), ModuleError> {
    let (alpha, beta) = match (settings.alpha_beta, sample.is_uncorrected()) {
        (None, false) => return Ok(()),
        (Some(_), false) => {
            return Err(ModuleError::bad_parameter(
                "alpha",
                "the table has no magnitudes that stretch and colour still correct",
            )
            .hint("leave `alpha` and `beta` out"));
        }
        (None, true) => {
            return Err(ModuleError::bad_parameter(
                "alpha",
                "the magnitudes are not corrected for stretch and colour yet",
            )
            .hint(
                "pass `--param alpha=… --param beta=…` (JLA: 0.141 and 3.101, Betoule et al. 2014, table 10)",
            ));
        }
        (Some(coefficients), true) => coefficients,
    };
    for (name, coefficient, column) in [("alpha", alpha, "x1"), ("beta", beta, "c")] {
        if coefficient != 0.0 && sample.extra(column).is_none() {
            let what = if column == "x1" { "stretch, `x1`" } else { "colour, `color`" };
            let message = format!("the table has no {what}, or only zeros: {coefficient} would do nothing");
            return Err(ModuleError::bad_parameter(name, message)
                .hint(format!("take the table with that column, or pass `--param {name}=0`")));
        }
    }
    for row in 0..sample.len() {
        sample.observable[row] =
            sample.published[row] + alpha * sample.number("x1", row) - beta * sample.number("c", row);
    }
    Ok(())
}

/// Adds the blocks that belong to stretch and colour to the one without them.
pub(crate) fn add_blocks(
    published: Option<&mut Published<'_>>,
    inputs: &Inputs<'_>,
    settings: &Settings,
) -> Result<(), ModuleError> {
    let mut published = published;
    for (role, factor) in BLOCKS {
        let Some(input) = inputs.get(role) else { continue };
        let (Some(published), Some((alpha, beta))) = (published.as_mut(), settings.alpha_beta) else {
            return Err(ModuleError::bad_input(
                role,
                "of use only together with `covariance`, `alpha` and `beta`",
            )
            .hint("give `--input covariance=PATH --param alpha=… --param beta=…`, or leave this input out"));
        };
        if published.inverse {
            let message =
                "a block of a covariance, but `covariance` holds an inverse, to which nothing can be added";
            return Err(ModuleError::bad_input(role, message)
                .hint("give all blocks as covariances, without `covariance_kind=inverse`"));
        }
        if settings.systematics == Some(Systematics::None) {
            return Err(ModuleError::bad_parameter(
                "systematics",
                format!("`none` leaves no use for `{role}`"),
            )
            .hint("leave out the parameter, or the blocks"));
        }
        let (block, _) = matrix_text::read(role, input.bytes, published.matrix.size())?;
        published.matrix.add_scaled(factor(alpha, beta), &block);
    }
    Ok(())
}

/// Independent variances of the observables in mag², from the published errors; `None` where there are none.
///
/// dmb² + α² ds² + β² dc² + 2α cov_m_s - 2β cov_m_c - 2αβ cov_s_c + (5 dz (1+z) / (z (1+z/2) ln 10))² + σ_int².
pub(crate) fn variances(sample: &Sample, settings: &Settings) -> Option<Vec<f64>> {
    let error = sample.error.as_ref()?;
    if sample.layout != Layout::LightCurveParameters {
        return Some(error.iter().map(|error| error * error).collect());
    }
    let (alpha, beta) = settings.alpha_beta.unwrap_or((0.0, 0.0));
    let variance = |(row, error): (usize, &f64)| {
        let number = |name| sample.number(name, row);
        let z = sample.z[row];
        let of_redshift =
            5.0 * number("z_cmb_error") * (1.0 + z) / (z * (1.0 + 0.5 * z) * std::f64::consts::LN_10);
        error * error
            + (alpha * number("x1_error")).powi(2)
            + (beta * number("c_error")).powi(2)
            + 2.0 * alpha * number("covariance_m_b_x1")
            - 2.0 * beta * number("covariance_m_b_c")
            - 2.0 * alpha * beta * number("covariance_x1_c")
            + of_redshift * of_redshift
            + settings.sigma_int_mag * settings.sigma_int_mag
    };
    Some(error.iter().enumerate().map(variance).collect())
}
