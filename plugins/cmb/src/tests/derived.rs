//! Priors derived from base parameters.

use plugin_api::Context;
use serde_json::json;

use super::{
    BASE_COVARIANCE, BEST_FIT, LCDM_TABLE, assert_close, base, codes, columns, errors, fault, numbers, run,
};
use crate::base as base_parameters;
use crate::compression::{compress, jacobian};
use crate::convention::{Convention, DecouplingRedshift, RadiationKind};

/// R, l_A, ω_b and n_s, their standard errors, and the six correlations in the order of rows.
pub(super) fn summary(derived: plugin_api::Derived<'static>) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let covariance = derived.matrices[0].values.clone();
    let columns = columns(derived);
    let [values, sigma] = ["observable", "uncertainty"].map(|name| columns[name].as_f64().unwrap().to_vec());
    let size = values.len();
    let pairs = (0..size).flat_map(|row| (row + 1..size).map(move |column| (row, column)));
    let correlations = pairs.map(|(i, j)| covariance[size * i + j] / (sigma[i] * sigma[j])).collect();
    (values, sigma, correlations)
}

/// Values by numpy with derivatives of fourth order; see also the next test for a published covariance.
#[test]
fn the_vector_and_its_covariance_follow_from_the_base_parameters_of_planck() {
    let derived = base(BEST_FIT, BASE_COVARIANCE, json!({})).unwrap();
    // What the files of Planck's base model leave out is said.
    assert_eq!(codes(&derived.findings), ["convention.neutrino-masses"]);
    assert_eq!(derived.metadata["convention"]["radiation"], "standard");
    assert_eq!(derived.metadata["convention"]["sum_neutrino_masses_ev"], 0.06);
    let (values, sigma, correlations) = summary(derived);
    for (found, expected) in values.iter().zip([1.749_295_57, 302.341_776, 0.022_366_44, 0.965_369_7]) {
        assert_close(found / expected, 1.0, 5e-9);
    }
    for (found, expected) in sigma.iter().zip([0.004_629_42, 0.088_628_11, 0.000_149_04, 0.004_361_35]) {
        assert_close(found / expected, 1.0, 3e-5);
    }
    for (found, expected) in correlations.iter().zip([0.458, -0.655, -0.736, -0.356, -0.337, 0.454]) {
        assert_close(*found, expected, 5e-4);
    }
}

/// Chen, Huang & Wang 2019, table I, from the chains of Planck: standard errors to 2 %, correlations to 0.03.
#[test]
fn the_derived_covariance_agrees_with_the_published_one() {
    let (_, derived, derived_correlations) = summary(base(BEST_FIT, BASE_COVARIANCE, json!({})).unwrap());
    let (_, published, published_correlations) = summary(run(&[("priors", LCDM_TABLE)], json!({})).unwrap());
    for (found, expected) in derived.iter().zip(&published) {
        assert_close(found / expected, 1.0, 0.02);
    }
    for (found, expected) in derived_correlations.iter().zip(&published_correlations) {
        assert_close(*found, *expected, 0.03);
    }
}

/// The derivatives do not depend on the step, and ∂z* is among them: with z* held fixed they are others.
#[test]
fn derivatives_are_those_of_other_steps_and_hold_that_of_the_redshift() {
    for radiation in RadiationKind::ALL {
        let vector = |z_star: DecouplingRedshift| {
            move |x: &[f64]| {
                let convention = Convention {
                    z_star,
                    radiation,
                    sum_neutrino_masses_ev: Some(0.06),
                    effective_neutrino_number: Some(3.046),
                };
                let at = convention.decoupling(x[2], x[0], x[0] + x[1] + convention.omega_neutrinos());
                vec![at.shift_parameter, at.acoustic_scale, at.z_star]
            }
        };
        let mean = [0.022_366_44, 0.119_957_9, 67.400_85];
        let free = |step: f64| jacobian(vector(DecouplingRedshift::HuSugiyama), &mean, step);
        let reference = free(1e-3);
        for step in [3e-4, 3e-3] {
            for (row, expected) in free(step).iter().zip(&reference) {
                for (found, expected) in row.iter().zip(expected) {
                    assert_close(*found, *expected, 1e-8 * expected.abs() + 1e-9);
                }
            }
        }
        // ∂z*/∂ω_b is negative, ∂z*/∂ω_cdm positive, and z* knows no H0.
        assert!(reference[2][0] < 0.0 && reference[2][1] > 0.0);
        assert_close(reference[2][2], 0.0, 1e-9);
        // The chain rule: the whole derivative is that at fixed z* and ∂l_A/∂z* times ∂z*.
        let z_star = vector(DecouplingRedshift::HuSugiyama)(&mean)[2];
        let fixed = jacobian(vector(DecouplingRedshift::Fixed(z_star)), &mean, 1e-3);
        let scale_at = |z: f64| vector(DecouplingRedshift::Fixed(z))(&mean)[1];
        let by_redshift = (scale_at(z_star + 0.5) - scale_at(z_star - 0.5)) / 1.0;
        for column in [0, 1] {
            let whole = fixed[1][column] + by_redshift * reference[2][column];
            assert_close(whole / reference[1][column], 1.0, 1e-6);
            assert!((fixed[1][column] / reference[1][column] - 1.0).abs() > 0.01);
        }
    }
}

#[test]
fn every_layout_and_spelling_of_base_parameters_gives_the_same() {
    let expected = numbers(base(BEST_FIT, BASE_COVARIANCE, json!({})).unwrap(), "observable");
    let cobaya_names = BASE_COVARIANCE
        .replace("omega_b,        omega_cdm,", "ombh2 omch2")
        .replace("100*theta_s,              n_s,               H0", "theta ns H0");
    for (parameters, covariance) in [
        ("omega_b = 0.02236644\nomega_cdm = 0.1199579\nn_s = 0.9653697\nH0 = 67.40085", BASE_COVARIANCE),
        ("H0 67.40085 0.61\nomegabh2 0.02236644 0.00015\nomch2 0.1199579\nns 0.9653697", &cobaya_names),
        (
            "  -log(Like) =   1386.43\n   chi-sq    =   2772.87\n\n    1  2.2366440E-02   omegabh2   \\Omega_b h^2\n    2  \
             1.1995790E-01   omegach2   \\Omega_c h^2\n    7  0.0000000E+00   omegak   \\Omega_K\n   13  9.6536970E-01   \
             ns   n_s\n   29  6.7400850E+01   H0*   H_0\n  -log(Like)  chi-sq   data\n     5.84   11.69   CMB: lowl\n",
            BASE_COVARIANCE,
        ),
        (
            "parameter,mean,sigma\nomega_b,0.02236644,0.00015\nomega_cdm,0.1199579,0.0014\nn_s,0.9653697,0.0044\nh,0.6740085,0.006",
            BASE_COVARIANCE,
        ),
        ("omega_b,omega_cdm,n_s,H0\n0.02236644,0.1199579,0.9653697,67.40085\n", BASE_COVARIANCE),
    ] {
        let derived = base(parameters, covariance, json!({})).unwrap();
        assert_eq!(errors(&derived), [""; 0]);
        for (found, expected) in numbers(derived, "observable").iter().zip(&expected) {
            assert_close(found / expected, 1.0, 1e-14);
        }
    }
    let without = base(BEST_FIT, BASE_COVARIANCE, json!({"spectral_index": "exclude"})).unwrap();
    assert_eq!(without.metadata["selections"][0]["left_out"], "n_s");
    assert_eq!(numbers(without, "observable"), expected[..3]);
}

#[test]
fn a_neutrino_mass_that_varies_adds_its_variance() {
    let parameters = "omega_b = 0.0224\nomega_cdm = 0.12\nH0 = 67.4\nmnu = 0.1";
    let with = |variance: &str| {
        format!("# omega_b omega_cdm H0 mnu\n2e-8 0 0 0\n0 1e-6 0 0\n0 0 0.3 0\n0 0 0 {variance}")
    };
    let sigma =
        |variance: &str| numbers(base(parameters, &with(variance), json!({})).unwrap(), "uncertainty")[0];
    assert!(sigma("1e-2") > 1.05 * sigma("1e-8"));
    let contradicted = base(parameters, &with("1e-4"), json!({"sum_neutrino_masses_ev": 0.06}));
    assert_eq!(fault(contradicted).message, "`0.06` contradicts the file, which states 0.1");
}

#[test]
fn nothing_that_is_missing_is_assumed() {
    let text = |without: &str| {
        ["omega_b = 0.0224", "omega_cdm = 0.12", "H0 = 67.4"]
            .into_iter()
            .filter(|line| !line.starts_with(without))
            .collect::<Vec<_>>()
            .join("\n")
    };
    for name in ["omega_b", "omega_cdm", "H0"] {
        let fault = fault(base(&text(name), BASE_COVARIANCE, json!({})));
        assert!(fault.message.starts_with(&format!("the parameter {name} is missing")), "{}", fault.message);
    }
    let fault = fault(run(&[("parameters", BEST_FIT)], json!({})));
    assert_eq!((fault.subject.as_str(), fault.message.contains("missing")), ("covariance", true));
}

#[test]
fn what_is_wrong_with_base_parameters_is_said_with_its_place() {
    for (parameters, covariance, subject, message) in [
        (
            BEST_FIT.replace("6.740085e+01", "6.740085e-01"),
            BASE_COVARIANCE.to_owned(),
            "parameters",
            "H0 = 0.6740085, expected between 20 and 150",
        ),
        (
            BEST_FIT.replace("6.740085e+01", "nan"),
            BASE_COVARIANCE.to_owned(),
            "parameters",
            "not a finite number",
        ),
        (
            "omega_b=0.0224\nombh2=0.0225\nomega_cdm=0.12\nH0=67".to_owned(),
            BASE_COVARIANCE.to_owned(),
            "parameters",
            "omega_b stands in line 1 already",
        ),
        (
            "omega_b=0.0224\nomega_cdm=0.12\nH0=67\nomegak=0.01".to_owned(),
            BASE_COVARIANCE.to_owned(),
            "parameters",
            "flat ΛCDM",
        ),
        (
            BEST_FIT.to_owned(),
            BASE_COVARIANCE.replacen("6.585717e-05", "6.685717e-05", 1),
            "covariance",
            "elements (5, 1) and (1, 5) differ",
        ),
        (
            BEST_FIT.to_owned(),
            BASE_COVARIANCE.replace("2.221267e-08", "1.490e-04"),
            "covariance",
            "the error of omega_b is 0.55 of its value",
        ),
        (
            BEST_FIT.to_owned(),
            BASE_COVARIANCE.replace("8.161508e-04", "8.461508e-03"),
            "covariance",
            "not positive definite",
        ),
        (
            BEST_FIT.to_owned(),
            BASE_COVARIANCE.replace("H0", "h0"),
            "covariance",
            "the heading does not name H0",
        ),
        (
            BEST_FIT.to_owned(),
            BASE_COVARIANCE.lines().take(4).collect::<Vec<_>>().join("\n"),
            "covariance",
            "3 rows × 5 columns",
        ),
        (
            "# weight omega_b omega_cdm H0\n1 0.0224 0.12 67".to_owned(),
            BASE_COVARIANCE.to_owned(),
            "covariance",
            "the parameters are a chain",
        ),
    ] {
        let fault = fault(base(&parameters, &covariance, json!({})));
        assert_eq!(fault.subject, subject, "{}", fault.message);
        assert!(fault.message.contains(message), "{message}: {}", fault.message);
    }
    let inverse = base(BEST_FIT, BASE_COVARIANCE, json!({"covariance_kind": "inverse"}));
    assert_eq!(fault(inverse).subject, "covariance_kind");
}

/// ω_b that is a multiple of ω_cdm: three parameters with two degrees of freedom.
#[test]
fn parameters_that_follow_from_each_other_give_no_vector() {
    let covariance = "# omega_b omega_cdm H0\n1e-8 5e-8 0\n5e-8 2.5e-7 0\n0 0 0.3\n";
    let fault = fault(base("omega_b=0.0224\nomega_cdm=0.12\nH0=67.4", covariance, json!({})));
    // Rounding decides which of the two finds it.
    let found =
        ["not positive definite", "has not full rank"].iter().any(|reason| fault.message.contains(reason));
    assert!(found, "{}", fault.message);
}

#[test]
fn a_fixed_redshift_and_exact_neutrinos_are_recorded() {
    let inputs = [("parameters", BEST_FIT), ("covariance", BASE_COVARIANCE)];
    let inputs = inputs.map(|(role, text)| plugin_api::Input { role, name: "f", bytes: text.as_bytes() });
    let read =
        base_parameters::read(&plugin_api::Inputs::new(inputs.to_vec()), &Context::detached()).unwrap();
    let convention = Convention {
        z_star: DecouplingRedshift::Fixed(1089.92),
        radiation: RadiationKind::ExactNeutrinos,
        sum_neutrino_masses_ev: Some(0.06),
        effective_neutrino_number: Some(3.046),
    };
    let compression = compress(&read, convention, false, &Context::detached()).unwrap();
    // 100 θ* of Planck 2018 results VI, table 2, TT,TE,EE+lowE: 1.04109 ± 0.00030.
    assert_close(100.0 * std::f64::consts::PI / compression.values[1], 1.04109, 3e-4);
    let values = json!({"z_star": "1089.92", "radiation": "exact_neutrinos"});
    let derived = base(BEST_FIT, BASE_COVARIANCE, values).unwrap();
    assert_eq!(derived.metadata["convention"]["z_star"], 1089.92);
    assert_close(numbers(derived, "observable")[1], compression.values[1], 1e-12);
}
