//! What the columns of each release mean: frames, scales and conventions, for the metadata.

use plugin_api::Derived;
use serde_json::{Value, json};

use crate::layout::Layout;
use crate::sample::{ObservableKind, Sample};
use crate::settings::{Calibrators, Settings};

pub(crate) fn describe<'a>(
    derived: Derived<'a>,
    sample: &Sample,
    settings: &Settings,
    with_calibrators: bool,
) -> Derived<'a> {
    derived
        .note("observable_kind", json!(sample.kind.name()))
        .note("absolute_scale", absolute_scale(sample))
        .note("redshift_frame", redshift_frame(sample))
        .note("theory", theory(sample, with_calibrators))
        .note("standardisation", standardisation(sample, settings))
        .note("row_identity", row_identity(sample))
        .note("row_order", json!("as in the file of the table"))
        .note("calibrators", calibrators(sample, settings))
}

/// Which zero points the magnitudes have. A constant common to all is free in every release, so a chi-squared that is
/// compared with another must treat it in the same way.
fn absolute_scale(sample: &Sample) -> Value {
    let mut scale = json!({
        "observable": "uncalibrated",
        "offset": "free: chi2 = r'C⁻¹r - (1'C⁻¹r)² / (1'C⁻¹1), without a logarithmic term; Cobaya's classes for JLA and \
                   Pantheon 2018 add ln(1'C⁻¹1 / 2π)",
    });
    match sample.layout {
        Layout::PantheonPlus => {
            scale["mu"] = json!("calibrated");
            scale["absolute_magnitude_of_mu_mag"] = json!(absolute_magnitude(sample));
            scale["mu_source"] =
                json!("`MU_SH0ES`, the observable minus M of SH0ES (Riess et al. 2022, arXiv:2112.04510)");
        }
        Layout::DesY5 | Layout::DesDovekie => {
            scale["hubble_constant_of_mu_km_s_mpc"] = json!(70);
            scale["mu_source"] =
                json!("distance moduli with M chosen for H0 = 70 km/s/Mpc (DES-SN5YR release)");
        }
        Layout::LightCurveParameters | Layout::DistanceModuli => {
            scale["kind_told_by"] =
                json!("the size of the values: magnitudes are 19 smaller than distance moduli");
        }
    }
    scale
}

/// M such that m_b - M is the published distance modulus, to the four decimals in which that is printed.
fn absolute_magnitude(sample: &Sample) -> Option<f64> {
    let mut differences: Vec<f64> = sample
        .published
        .iter()
        .zip(sample.extra("mu")?)
        .filter_map(|(magnitude, modulus)| modulus.map(|modulus| magnitude - modulus))
        .collect();
    differences.sort_by(f64::total_cmp);
    differences.get(differences.len() / 2).map(|median| (median * 1e4).round() / 1e4)
}

fn redshift_frame(sample: &Sample) -> Value {
    const CMB: &str = "frame of the cosmic microwave background";
    match sample.layout {
        Layout::PantheonPlus | Layout::DesY5 | Layout::DesDovekie => json!({
            "z": "the same as z_hd",
            "z_hd": format!("{CMB}, corrected for peculiar velocity"),
            "z_cmb": if sample.z_cmb.is_some() { format!("{CMB}, not corrected") } else { "not published".to_owned() },
            "z_hel": "heliocentric, as observed",
        }),
        Layout::LightCurveParameters => json!({
            "z": "the same as z_cmb",
            "z_hd": "not published under this name; Pantheon 2018 and JLA correct `zcmb` for peculiar velocity",
            "z_cmb": format!("{CMB}, column `zcmb`"),
            "z_hel": if sample.z_hel.is_some() {
                "heliocentric, as observed"
            } else {
                "not published: the file repeats `zcmb` as `zhel`, and so does the theory"
            },
        }),
        Layout::DistanceModuli => json!({
            "z": format!("not stated in the file; the releases of this form are in the {CMB}"),
            "z_hd": "not published", "z_cmb": "not published under this name", "z_hel": "not published",
        }),
    }
}

fn theory(sample: &Sample, with_calibrators: bool) -> Value {
    let z_hel = if sample.z_hel.is_some() { "z_hel" } else { "z" };
    let offset = match sample.kind {
        ObservableKind::Magnitude => "M",
        ObservableKind::Modulus => "constant",
    };
    let formula = format!("observable = 5 log10[(1 + {z_hel}) D_M(z) / Mpc] + 25 + {offset}");
    json!({
        "formula": formula,
        "calibrators": if with_calibrators { "ceph_distance + M in the place of the formula" } else { "as all others" },
        "source": "Davis et al. 2011, arXiv:1012.2912: D_L = (1 + z_hel) D_M(z); as in Cobaya 3.6",
    })
}

fn standardisation(sample: &Sample, settings: &Settings) -> Value {
    match settings.alpha_beta {
        Some((alpha, beta)) if sample.is_uncorrected() => json!({
            "observable": "m_b + alpha x1 - beta c",
            "alpha": alpha, "beta": beta, "sigma_int_mag": settings.sigma_int_mag,
            "host_mass_step": "not applied; host_log_mass is a column where the release has it",
            "source": "Betoule et al. 2014, arXiv:1401.4064, equations 4 and 11 to 13",
        }),
        _ => json!({"observable": "corrected by the release", "sigma_int_mag": settings.sigma_int_mag}),
    }
}

fn row_identity(sample: &Sample) -> Value {
    match sample.layout {
        Layout::PantheonPlus | Layout::DesY5 => json!("name and survey: CID and IDSURVEY"),
        Layout::DesDovekie => json!(
            "running number and survey: the release as packed for Cobaya has no names, so its rows cannot be matched \
             with those of other releases"
        ),
        Layout::LightCurveParameters => json!("name"),
        Layout::DistanceModuli => json!("name, or the redshift of a bin"),
    }
}

fn calibrators(sample: &Sample, settings: &Settings) -> Value {
    let Some(flags) = &sample.is_calibrator else { return Value::Null };
    let treatment = match settings.calibrators {
        None => "rows as all others",
        Some(Calibrators::Include) => "kept at any redshift; their Cepheid distance stands for the theory",
        Some(Calibrators::Exclude) => "excluded",
        Some(Calibrators::Only) => "nothing else is kept",
    };
    json!({"treatment": treatment, "rows": flags.iter().filter(|flag| **flag).count()})
}
