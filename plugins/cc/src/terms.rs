//! What the covariance is made of: a published matrix, or errors with or without systematic components.

use cosmology::matrix::{MatrixFile, SquareMatrix};
use plugin_api::{Finding, ModuleError, Severity};
use serde_json::{Value, json};

use crate::checks;
use crate::components::{COMPONENTS, Component, Components};
use crate::releases::Known;
use crate::settings::{D4000_REDSHIFTS, Settings};
use crate::table::{Point, TABLE};

/// Components that Moresco et al. 2020 recommend.
const RECOMMENDED: [Component; 2] = [Component::Imf, Component::ModelOddOneOut];

/// What the covariance is made of.
pub(crate) enum Terms {
    /// A published matrix.
    Given(MatrixFile),
    /// The errors alone; `on_purpose` when the user said so.
    Independent { on_purpose: bool, unused_components: bool },
    /// The errors, and components for the points that are marked.
    Fractional { components: Components, chosen: Vec<Component>, marked: Vec<bool> },
}

impl Terms {
    pub(crate) fn settle(
        settings: &Settings,
        file: Option<MatrixFile>,
        components: Option<Components>,
        methods: &[&str],
    ) -> Result<Self, ModuleError> {
        let chosen = settings.systematics.clone();
        let wanted = chosen.as_ref().is_some_and(|chosen| !chosen.is_empty());
        match (file, components) {
            (Some(_), Some(_)) => Err(ModuleError::bad_input(
                COMPONENTS,
                "a full covariance is given too, which holds the components already",
            )
            .hint("give one of the two")),
            (Some(_), None) if chosen.is_some() => Err(ModuleError::bad_parameter(
                "systematics",
                "a full covariance is given, from which components are neither added nor taken away",
            )
            .hint("leave out the parameter, or the covariance")),
            (Some(file), None) => Ok(Self::Given(file)),
            (None, None) if wanted => Err(ModuleError::bad_input(
                COMPONENTS,
                "this input is missing, and `systematics` asks for it",
            )
            .hint("give it with `--input components=PATH`: data_MM20.dat of Moresco et al. 2020")),
            (None, None) => Ok(Self::Independent { on_purpose: chosen.is_some(), unused_components: false }),
            (None, Some(components)) => {
                let chosen = chosen.unwrap_or_else(|| RECOMMENDED.to_vec());
                if chosen.is_empty() {
                    return Ok(Self::Independent { on_purpose: true, unused_components: true });
                }
                if methods.contains(&"unspecified") {
                    return Err(ModuleError::bad_parameter(
                        D4000_REDSHIFTS,
                        "an unknown table does not say which points were measured with D4000, and only those have \
                         the systematic components",
                    )
                    .hint("pass `--param d4000_redshifts=all`, `none`, or their redshifts separated by commas"));
                }
                let marked = methods.iter().map(|method| *method == "d4000").collect();
                Ok(Self::Fractional { components, chosen, marked })
            }
        }
    }

    /// `diag(error²) + Σ_k v_k v_kᵀ`, in (km/s/Mpc)².
    pub(crate) fn covariance(&self, points: &[Point]) -> SquareMatrix {
        let squares: Vec<f64> = points.iter().map(|point| point.error * point.error).collect();
        let mut covariance = SquareMatrix::diagonal(&squares);
        match self {
            Self::Given(file) => covariance.clone_from(&file.matrix),
            Self::Independent { .. } => {}
            Self::Fractional { components, chosen, marked } => {
                for &component in chosen {
                    let shift = |(point, marked): (&Point, &bool)| {
                        if *marked { point.rate * components.fraction(component, point.z) } else { 0.0 }
                    };
                    let shifts: Vec<f64> = points.iter().zip(marked).map(shift).collect();
                    for (row, left) in shifts.iter().enumerate() {
                        for (column, right) in shifts.iter().enumerate() {
                            covariance.set(row, column, covariance.get(row, column) + left * right);
                        }
                    }
                }
            }
        }
        covariance
    }

    pub(crate) fn finding(&self) -> Option<Finding> {
        let Self::Independent { on_purpose: false, .. } = self else { return None };
        let message = "neither components nor a covariance are given: the errors are taken as independent, which \
                       leaves out the systematic errors that points measured with D4000 share";
        let finding =
            Finding::new(Severity::Warning, "systematics.missing", format!("input `{TABLE}`"), message);
        Some(finding.hint("give `--input components=PATH`; if this is meant pass `--param systematics=none`"))
    }

    pub(crate) fn structure(&self, covariance: &SquareMatrix) -> Value {
        let published_as = match self {
            Self::Given(_) => "covariance",
            Self::Independent { .. } => "errors without correlations",
            Self::Fractional { .. } => "errors, and systematic components in per cent of H",
        };
        json!({"published_as": published_as, "structure": checks::structure(covariance)})
    }

    pub(crate) fn metadata(&self, points: &[Point], methods: &[&str], releases: &Known) -> Value {
        let Self::Fractional { components, chosen, marked } = self else {
            let terms = match self {
                Self::Given(_) => "as in the covariance",
                Self::Independent { unused_components: true, .. } => {
                    "given and not used, as `systematics=none` says"
                }
                _ => "none",
            };
            return json!({ "components": terms });
        };
        let published = components.digest == releases.components.numbers;
        let names: Vec<&str> = chosen.iter().map(|component| component.name()).collect();
        let (first, last) = components.range();
        let beyond = points
            .iter()
            .zip(marked)
            .filter(|(point, marked)| **marked && !(first..=last).contains(&point.z));
        json!({
            "components": names,
            "source": published.then_some(&releases.components.source),
            "formula": "C = diag(error²) + Σ_k v_k v_kᵀ, v_k(i) = H_i x_k(z_i)/100",
            "applied_to": "points measured with D4000",
            "points_with_components": methods.iter().filter(|method| **method == "d4000").count(),
            "interpolation": "linear, flat beyond the ends",
            "beyond_the_ends": beyond.map(|(point, _)| point.z).collect::<Vec<f64>>(),
        })
    }
}
