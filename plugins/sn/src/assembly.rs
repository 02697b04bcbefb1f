//! The covariance of what stays: published matrix, published errors, selection.

use cosmology::matrix::SquareMatrix;
use plugin_api::{Finding, ModuleError, Severity};
use serde_json::{Value, json};

use crate::composite;
use crate::covariance::{COVARIANCE, Published};
use crate::layout::Layout;
use crate::plausibility;
use crate::sample::Sample;
use crate::settings::{Settings, Systematics};

/// The covariance of the selected rows.
pub(crate) struct Assembled {
    pub(crate) covariance: SquareMatrix,
    /// Its inverse, where that is what was published.
    pub(crate) precision: Option<SquareMatrix>,
    pub(crate) structure: Value,
    pub(crate) corrections: Vec<Value>,
    pub(crate) findings: Vec<Finding>,
}

/// How the covariance is made: as asked for, or as the release says.
pub(crate) fn decide(
    sample: &Sample,
    settings: &Settings,
    has_matrix: bool,
) -> Result<Systematics, ModuleError> {
    let has_errors = sample.error.is_some();
    if !has_matrix && settings.inverse.is_some() {
        return Err(ModuleError::bad_parameter(
            "covariance_kind",
            "there is no covariance that it could speak of",
        )
        .hint("give it with `--input covariance=PATH`, or leave the parameter out"));
    }
    if !has_matrix && !has_errors {
        return Err(ModuleError::bad_input(COVARIANCE, "this input is missing, and the table has no errors")
            .hint("give it with `--input covariance=PATH`"));
    }
    let holds_everything = match sample.layout {
        Layout::PantheonPlus | Layout::DesDovekie | Layout::DistanceModuli => true,
        Layout::DesY5 => false,
        Layout::LightCurveParameters => !has_errors,
    };
    let usual = match (has_matrix, holds_everything) {
        (false, _) => Systematics::None,
        (true, true) => Systematics::Total,
        (true, false) => Systematics::Added,
    };
    let chosen = settings.systematics.unwrap_or(usual);
    let refuse = |message: &str| {
        let hint = format!("leave the parameter out: the release says `{}`", usual.name());
        Err(ModuleError::bad_parameter("systematics", message).hint(hint))
    };
    match chosen {
        Systematics::Total | Systematics::Added if !has_matrix => {
            refuse("there is no covariance that it could speak of")
        }
        Systematics::Added | Systematics::None if !has_errors => {
            refuse("the table has no errors; the covariance holds everything")
        }
        Systematics::Added if matches!(sample.layout, Layout::PantheonPlus | Layout::DesDovekie) => {
            refuse("the covariance of this release holds the statistical errors already")
        }
        Systematics::Total if settings.sigma_int_mag > 0.0 => Err(ModuleError::bad_parameter(
            "sigma_int",
            "the covariance is complete, so no scatter is added to it",
        )
        .hint("leave `sigma_int` out")),
        _ if settings.sigma_int_mag > 0.0 && sample.layout != Layout::LightCurveParameters => {
            Err(ModuleError::bad_parameter(
                "sigma_int",
                "the published errors hold the intrinsic scatter already",
            )
            .hint("leave `sigma_int` out"))
        }
        _ => Ok(chosen),
    }
}

pub(crate) fn assemble(
    sample: &Sample,
    settings: &Settings,
    published: Option<Published<'_>>,
    rows: &[usize],
) -> Result<Assembled, ModuleError> {
    let systematics = decide(sample, settings, published.is_some())?;
    let variances = composite::variances(sample, settings).unwrap_or_default();
    let all = rows.len() == sample.len();
    let mut findings = Vec::new();
    let mut corrections = Vec::new();
    let mut structure =
        json!({"systematics": systematics.name(), "published_as": "errors without correlations"});
    let (covariance, precision) = match published {
        Some(mut published) if systematics != Systematics::None => {
            structure["published_as"] = json!(if published.inverse { "inverse" } else { "covariance" });
            structure["file"] = json!(published.layout);
            corrections.extend(rounding(&published));
            let (mut covariance, precision) = published.take()?;
            let check = plausibility::Diagonal {
                sample,
                published: &published,
                covariance: &covariance,
                variances: &variances,
            };
            findings.extend(check.findings(systematics, settings.systematics.is_some())?);
            if systematics == Systematics::Added {
                covariance.add_to_diagonal(&variances);
            }
            let precision = precision.filter(|_| systematics == Systematics::Total);
            let covariance = if all { covariance } else { covariance.selected(rows) };
            let precision = match precision {
                Some(_) if !all => Some(inverted(&covariance)?),
                as_published => as_published,
            };
            (covariance, precision)
        }
        unused => {
            if unused.is_some() {
                structure["covariance_file"] = json!("given and not used, as `systematics=none` says");
            }
            let kept: Vec<f64> = rows.iter().map(|&row| variances[row]).collect();
            findings.extend(errors_only(sample));
            (SquareMatrix::diagonal(&kept), None)
        }
    };
    structure["structure"] = json!(if is_diagonal(&covariance) { "diagonal" } else { "dense" });
    structure["made_of"] = json!(match systematics {
        Systematics::Total => "the published matrix; nothing is added to its diagonal",
        Systematics::Added => "the published matrix, and the squares of the published errors on its diagonal",
        Systematics::None => "the squares of the published errors",
    });
    if systematics != Systematics::Total && sample.layout == Layout::LightCurveParameters {
        structure["squares_of_errors"] = json!(
            "dmb² + α² dx1² + β² dc² + 2α cov_m_s - 2β cov_m_c - 2αβ cov_s_c + (5 dz (1+z) / (z (1+z/2) ln 10))² + \
             sigma_int², as far as the table has them; α and β are zero for magnitudes that the release corrected"
        );
    }
    if precision.is_some() && !all {
        structure["selection"] = json!("the published inverse was inverted, cut, and inverted again");
    }
    Ok(Assembled { covariance, precision, structure, corrections, findings })
}

fn inverted(covariance: &SquareMatrix) -> Result<SquareMatrix, ModuleError> {
    covariance
        .inverted()
        .map_err(|reason| ModuleError::bad_input(COVARIANCE, format!("after the cuts: {reason}")))
}

/// What was done to a matrix whose halves were rounded apart.
fn rounding(published: &Published<'_>) -> Option<Value> {
    let (pairs, largest) = published.averaged;
    (pairs > 0).then(|| {
        json!({
            "what": "mirrored elements of the covariance that the file rounds differently were averaged",
            "pairs": pairs, "largest_difference": largest, "unit": "mag^2",
        })
    })
}

fn errors_only(sample: &Sample) -> Option<Finding> {
    (sample.layout == Layout::PantheonPlus).then(|| {
        let message = "only the diagonal errors are used: the release forbids fits with them, which count neither \
                       systematic errors nor supernovae that several surveys saw";
        Finding::new(Severity::Warning, "covariance.diagonal-only", "input `table`", message)
            .hint("give `Pantheon+SH0ES_STAT+SYS.cov` with `--input covariance=PATH`")
    })
}

fn is_diagonal(matrix: &SquareMatrix) -> bool {
    matrix.rows().enumerate().all(|(row, elements)| {
        elements.iter().enumerate().all(|(column, element)| column == row || *element == 0.0)
    })
}
