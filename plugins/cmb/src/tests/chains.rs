//! Priors derived from chains: the vector of each sample, and the moments of the vectors.

use std::fmt::Write as _;

use serde_json::json;

use super::derived::summary;
use super::{assert_close, base, errors, fault, numbers, run};
use crate::convention::{Convention, DecouplingRedshift, RadiationKind};

const MEAN: [f64; 4] = [0.0224, 0.12, 67.4, 0.965];
const SIGMA: [f64; 4] = [1.5e-4, 1.2e-3, 0.6, 4e-3];

/// Samples on a lattice whose mean and variances are `MEAN` and `SIGMA²`: each parameter takes its mean and its mean ±
/// σ√2 with the weights 2, 1 and 1, all independent.
fn lattice() -> Vec<(f64, [f64; 4])> {
    let levels = [(-1.0, 1.0), (0.0, 2.0), (1.0, 1.0)];
    (0..81_usize)
        .map(|index| {
            let level = |i: usize| levels[index / 3_usize.pow(u32::try_from(i).unwrap()) % 3];
            let value = |i: usize| MEAN[i] + level(i).0 * 2.0_f64.sqrt() * SIGMA[i];
            ([0, 1, 2, 3].map(|i| level(i).1).iter().product(), [0, 1, 2, 3].map(value))
        })
        .collect()
}

/// As a chain of Cobaya; `more` gives further columns.
fn chain(names: &str, more: impl Fn(usize) -> String) -> String {
    let mut text = format!("# weight minuslogpost omegabh2 omegach2 H0 ns {names}\n");
    for (index, (weight, [b, c, h, n])) in lattice().into_iter().enumerate() {
        writeln!(text, "{weight} 1386.4 {b} {c} {h} {n} {}", more(index)).unwrap();
    }
    text
}

/// (R, l_A, ω_b, n_s) of a sample, computed beside the module.
fn vector(radiation: RadiationKind, [omega_b, omega_cdm, hubble, n_s]: [f64; 4], mass_ev: f64) -> [f64; 4] {
    let convention = Convention {
        z_star: DecouplingRedshift::HuSugiyama,
        radiation,
        sum_neutrino_masses_ev: Some(mass_ev),
        effective_neutrino_number: Some(3.046),
    };
    let at = convention.decoupling(hubble, omega_b, omega_b + omega_cdm + convention.omega_neutrinos());
    [at.shift_parameter, at.acoustic_scale, omega_b, n_s]
}

/// Weighted mean and covariance, in one pass over raw moments about a point nearby.
fn moments(vectors: &[(f64, [f64; 4])]) -> ([f64; 4], [[f64; 4]; 4]) {
    let total: f64 = vectors.iter().map(|(weight, _)| weight).sum();
    let (_, origin) = vectors[0];
    let mean_of = |value: &dyn Fn(&[f64; 4]) -> f64| -> f64 {
        vectors.iter().map(|(weight, vector)| weight * value(vector)).sum::<f64>() / total
    };
    let first = [0, 1, 2, 3].map(|i| mean_of(&|vector| vector[i] - origin[i]));
    let second = |i: usize, j: usize| mean_of(&|vector| (vector[i] - origin[i]) * (vector[j] - origin[j]));
    let covariance = [0, 1, 2, 3].map(|i| [0, 1, 2, 3].map(|j| second(i, j) - first[i] * first[j]));
    ([0, 1, 2, 3].map(|i| origin[i] + first[i]), covariance)
}

#[test]
fn a_chain_gives_mean_and_covariance_of_the_vectors_of_its_samples() {
    for radiation in RadiationKind::ALL {
        let text = chain("mnu", |_| "0.06".to_owned());
        let derived = run(&[("parameters", &text)], json!({"radiation": radiation.name()})).unwrap();
        assert_eq!(errors(&derived), [""; 0]);
        let derivation = &derived.metadata["derivation"];
        assert_eq!(derivation["samples"], 81);
        assert_eq!(derivation["fixed_by_the_file"]["mnu"], 0.06);
        assert!(
            derivation["method"].as_str().unwrap().starts_with("the vector of each sample; weighted mean")
        );
        let vectors: Vec<_> =
            lattice().into_iter().map(|(weight, sample)| (weight, vector(radiation, sample, 0.06))).collect();
        let (mean, covariance) = moments(&vectors);
        for (i, row) in covariance.iter().enumerate() {
            for (j, expected) in row.iter().enumerate() {
                let scale = (covariance[i][i] * covariance[j][j]).sqrt();
                assert_close(derived.matrices[0].values[4 * i + j] / scale, expected / scale, 1e-9);
            }
        }
        for (found, expected) in numbers(derived, "observable").iter().zip(mean) {
            assert_close(found / expected, 1.0, 1e-12);
        }
    }
}

/// Planck's errors are small: propagation to first order agrees with the samples, but is not the same.
#[test]
fn propagation_to_first_order_agrees_with_the_chain_where_errors_are_small() {
    let parameters = "omega_b = 0.0224\nomega_cdm = 0.12\nH0 = 67.4\nn_s = 0.965";
    let row =
        |i: usize| [0, 1, 2, 3].map(|j| if i == j { SIGMA[i] * SIGMA[i] } else { 0.0 }.to_string()).join(" ");
    let covariance = format!("# omega_b omega_cdm H0 n_s\n{}", [0, 1, 2, 3].map(row).join("\n"));
    let propagated = summary(base(parameters, &covariance, json!({})).unwrap());
    let sampled = summary(run(&[("parameters", &chain("", |_| String::new()))], json!({})).unwrap());
    for index in 0..4 {
        assert_close((sampled.0[index] - propagated.0[index]) / propagated.1[index], 0.0, 0.01);
        assert_close(sampled.1[index] / propagated.1[index], 1.0, 1e-3);
    }
    assert!((sampled.0[1] - propagated.0[1]).abs() > 1e-4 * propagated.1[1]);
}

/// Neutrino masses between 0 and 1 eV: the vector at the mean is not the mean of the vectors.
#[test]
fn a_wide_chain_is_not_propagated_to_first_order() {
    let mass = |index: usize| [0.0, 0.02, 0.1, 0.4, 1.0][index % 5];
    let text = chain("mnu", |index| mass(index).to_string());
    let derived = run(&[("parameters", &text)], json!({"radiation": "exact_neutrinos"})).unwrap();
    let vectors: Vec<_> = lattice()
        .into_iter()
        .enumerate()
        .map(|(index, (weight, sample))| (weight, vector(RadiationKind::ExactNeutrinos, sample, mass(index))))
        .collect();
    let (mean, covariance) = moments(&vectors);
    let mean_mass = derived.metadata["derivation"]["mean"]["mnu"].as_f64().unwrap();
    assert!(mean_mass > 0.2);
    let at_the_mean = vector(RadiationKind::ExactNeutrinos, MEAN, mean_mass);
    let (values, sigma, _) = summary(derived);
    assert_close(values[1] / mean[1], 1.0, 1e-12);
    assert_close(sigma[1] / covariance[1][1].sqrt(), 1.0, 1e-9);
    assert!((values[1] - at_the_mean[1]).abs() > 0.01 * sigma[1], "{} {}", values[1], at_the_mean[1]);
}

#[test]
fn constant_columns_of_a_chain_are_fixed_and_not_sampled() {
    // The weighted mean of 0.06 and of 3.046 over many samples is another number by rounding.
    let mut text = "# weight omegabh2 omegach2 H0 ns mnu nnu omk w\n".to_owned();
    for _ in 0..37 {
        for (weight, [b, c, h, n]) in lattice() {
            writeln!(text, "{weight} {b} {c} {h} {n} 0.06 3.046 0 -1").unwrap();
        }
    }
    let derived = run(&[("parameters", &text)], json!({})).unwrap();
    assert_eq!(errors(&derived), [""; 0]);
    assert_eq!(derived.metadata["derivation"]["samples"], 2997);
    assert_eq!(derived.metadata["derivation"]["fixed_by_the_file"], json!({"mnu": 0.06, "nnu": 3.046}));
    assert_eq!(derived.metadata["convention"]["effective_neutrino_number"], 3.046);
}

#[test]
fn a_constant_column_of_a_required_parameter_is_refused_by_name() {
    for (column, name) in [(1, "omegabh2"), (2, "omegach2"), (3, "H0")] {
        let mut text = "# weight omegabh2 omegach2 H0 ns\n".to_owned();
        for (weight, [b, c, h, n]) in lattice() {
            let mut fields = [weight, b, c, h, n];
            fields[column] = MEAN[column - 1];
            writeln!(text, "{}", fields.map(|field| field.to_string()).join(" ")).unwrap();
        }
        let fault = fault(run(&[("parameters", &text)], json!({})));
        assert_eq!(
            (fault.subject.as_str(), fault.line, fault.column),
            ("parameters", Some(1), Some(column as u64 + 1))
        );
        let expected = format!("the column `{name}` is {} in every sample", MEAN[column - 1]);
        assert_eq!(fault.message, expected);
    }
}

#[test]
fn what_is_wrong_with_a_chain_is_said_of_the_chain() {
    let heading = "# weight omega_b omega_cdm H0\n";
    for (rows, line, message) in [
        ("-1 0.0224 0.12 67", Some(2), "the weight of this sample is -1"),
        ("0 0.0224 0.12 67", Some(1), "no sample has a weight"),
        (
            "1 0.0224 0.12 67\n1 0.0225 0.121",
            Some(3),
            "3 values in this line, but 4 names in the heading, line 1",
        ),
        ("1 0.0224 0.12 67\n1 0.0225 nan 68", Some(3), "not a finite number"),
        ("1 0.0224 0.12 67\n1 0.0225 0.121 680", Some(3), "H0 = 680, expected between 20 and 150"),
        ("1 0.0224 0.12 67\n1 0.0225 0.121 68", None, "has not full rank"),
        (
            "1 0.01 0.12 67\n1 0.09 0.121 68\n1 0.01 0.122 69",
            None,
            "the error of omega_b is 1.03 of its value",
        ),
    ] {
        let fault = fault(run(&[("parameters", &format!("{heading}{rows}"))], json!({})));
        assert_eq!((fault.subject.as_str(), fault.line), ("parameters", line), "{}", fault.message);
        assert!(fault.message.contains(message), "{message}: {}", fault.message);
    }
}

#[test]
fn a_varying_column_beyond_flat_lcdm_is_refused() {
    for (name, value, message) in [
        ("omk", "0.001", "omk varies, but distances are computed in flat ΛCDM, where it is 0"),
        ("w", "-0.98", "w varies, but distances are computed in flat ΛCDM, where it is -1"),
        ("m_ncdm", "0.1", "m_ncdm varies, which states neutrinos in a way that is not read"),
    ] {
        let lambda = if name == "w" { "-1" } else { "0" };
        let text = chain(name, |index| if index % 2 == 0 { lambda } else { value }.to_owned());
        let fault = fault(run(&[("parameters", &text)], json!({})));
        assert_eq!((fault.line, fault.column), (Some(1), Some(7)));
        assert_eq!(fault.message, message);
    }
    let constant = chain("m_ncdm", |_| "0.6".to_owned());
    assert!(
        fault(run(&[("parameters", &constant)], json!({}))).message.starts_with("m_ncdm = 0.6, which states")
    );
    // What follows from a column that is read says nothing new.
    let derived =
        chain("mnu omeganuh2", |index| format!("{0} {0}", 0.05 + 0.001 * [1.0, 7.0, 3.0, 2.0][index % 4]));
    run(&[("parameters", &derived)], json!({})).unwrap();
}
