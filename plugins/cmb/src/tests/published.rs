//! Published priors: read as they are, recognised, held against what is printed.

use serde_json::{Value, json};

use super::{
    DESI, LCDM, LCDM_INVERSE, LCDM_TABLE, assert_close, chi_squared, codes, columns, errors, fault, numbers,
    priors, published, run,
};
use crate::convention::{Convention, DecouplingRedshift, RadiationKind};

/// The paper's own layouts and spellings: `distance.ini`, `Distance_invcov.txt`, table I with its heading.
const PAPER_INI: &str = "r=1.750235\nla=301.4707\nomegabh2=0.02235976\n";
const PAPER_INVERSE: &str = "     94392.3971   -1360.4913   1664517.2916   \n    -1360.4913   161.4349   3671.6180   \n     \
                             1664517.2916   3671.6180   79719182.5162  \n";
const PAPER_TABLE: &str = "\
# Table I
parameter,mean,err_plus,err_minus,corr_R,corr_lA,corr_wb,corr_ns
R,1.7502,0.0046,0.0046,1.0,0.46,-0.66,-0.74
l_A,301.471,0.089,0.090,0.46,1.0,-0.33,-0.35
Omega_b h^2,0.02236,0.00015,0.00015,-0.66,-0.33,1.0,0.46
n_s,0.9649,0.0043,0.0043,-0.74,-0.35,0.46,1.0
";

#[test]
fn the_bundled_priors_are_those_of_the_paper_in_any_layout() {
    for derived in [
        priors(LCDM, LCDM_INVERSE).unwrap(),
        priors(PAPER_INI, PAPER_INVERSE).unwrap(),
        run(&[("priors", PAPER_INI), ("covariance", PAPER_INVERSE), ("table", PAPER_TABLE)], json!({}))
            .unwrap(),
        priors("\u{feff}# R l_A omega_b\r\n1.750235 301.4707 0.02235976\r\n\r\n", PAPER_INVERSE).unwrap(),
        priors("R 1.750235\nl_A 301.4707 0.0889\nombh2 0.02235976", PAPER_INVERSE).unwrap(),
    ] {
        assert_eq!(codes(&derived.findings), [""; 0]);
        assert_eq!(derived.metadata["release"], "planck2018_distance_priors_lcdm");
        assert_eq!(derived.metadata["release_recognition"], "every number is the published one");
        assert_eq!(derived.metadata["covariance_structure"]["published_as"], "inverse covariance");
        assert_eq!(derived.metadata["convention"]["z_star"], "hu_sugiyama");
        assert_eq!(derived.metadata["convention"]["radiation"], "chen_huang_wang");
        assert_eq!(derived.metadata["corrections"], json!([]));
        let matrices: Vec<&str> = derived.matrices.iter().map(|matrix| matrix.name.as_str()).collect();
        assert_eq!(matrices, ["covariance", "precision"]);
        assert_eq!(derived.matrices[1].values[8].to_bits(), 79_719_182.516_2_f64.to_bits());
        let columns = columns(derived);
        assert_eq!(columns["parameter"].as_text().unwrap(), ["R", "l_A", "omega_b"]);
        assert_eq!(columns["observable"].as_f64().unwrap()[0].to_bits(), 1.750_235_f64.to_bits());
    }
}

/// Table I of the paper prints what the inverse covariance of its appendix holds.
#[test]
fn the_published_inverse_has_the_printed_errors_and_correlations() {
    let derived = priors(LCDM, LCDM_INVERSE).unwrap();
    let covariance = derived.matrices[0].values.clone();
    let sigma = numbers(derived, "uncertainty");
    for (sigma, (printed, digit)) in sigma.iter().zip([(0.0046, 1e-4), (0.0895, 2e-3), (0.000_15, 1e-5)]) {
        assert_close(*sigma, printed, 0.5 * digit);
    }
    for (row, column, printed) in [(1, 0, 0.46), (2, 0, -0.66), (2, 1, -0.33)] {
        assert_close(covariance[3 * row + column] / (sigma[row] * sigma[column]), printed, 0.005);
    }
}

/// Values and chi-squared by numpy and adaptive quadrature of scipy, at two cosmologies.
#[test]
fn chi_squared_of_the_published_priors_is_reproduced_in_their_convention() {
    let derived = priors(LCDM, LCDM_INVERSE).unwrap();
    let covariance = derived.matrices[0].values.clone();
    let observed = numbers(derived, "observable");
    let convention = |radiation: RadiationKind| Convention {
        z_star: DecouplingRedshift::HuSugiyama,
        radiation,
        sum_neutrino_masses_ev: Some(0.0),
        effective_neutrino_number: Some(3.046),
    };
    for (hubble, matter, omega_b, shift, scale, chi2, z_star, horizon, distance, standard) in [
        (
            70.0,
            0.3,
            0.0224,
            1.741_457_527_042_017_8,
            298.421_415_111_941_7,
            1_433.541_474_007_799_5,
            1_092.205_151_813_454,
            143.349_046_838_414_25,
            13_616.795_724_164_31,
            952.730_699_154_657_4,
        ),
        (
            67.36,
            0.3153,
            0.02237,
            1.749_678_398_175_809,
            301.788_371_131_496_8,
            16.814_824_142_359_143,
            1_091.912_331_146_805_4,
            144.365_108_212_522_7,
            13_868.033_083_759_641,
            126.968_660_919_790_84,
        ),
    ] {
        let omega_m = matter * (hubble / 100.0_f64).powi(2);
        for (radiation, expected) in
            [(RadiationKind::ChenHuangWang, chi2), (RadiationKind::Standard, standard)]
        {
            let at = convention(radiation).decoupling(hubble, omega_b, omega_m);
            let residuals =
                [observed[0] - at.shift_parameter, observed[1] - at.acoustic_scale, observed[2] - omega_b];
            let found = chi_squared(&residuals, &covariance);
            assert_close(found / expected, 1.0, 1e-8);
            if radiation == RadiationKind::ChenHuangWang {
                assert_close(at.shift_parameter / shift, 1.0, 1e-12);
                assert_close(at.acoustic_scale / scale, 1.0, 1e-12);
                assert_close(at.z_star / z_star, 1.0, 1e-12);
                assert_close(at.sound_horizon_mpc / horizon, 1.0, 1e-12);
                assert_close(at.distance_mpc / distance, 1.0, 1e-12);
            }
        }
    }
}

/// The same universe in the conventions in use: l_A spreads over ten standard errors. The first row is CAMB's, with its
/// default N_eff = 3.044; the digits that differ from it are those of its own integration.
#[test]
fn acoustic_scale_of_each_convention() {
    let (omega_b, omega_cdm, hubble) = (0.02236, 0.1202, 67.27);
    let fixed = DecouplingRedshift::Fixed;
    for (z_star, radiation, effective, shift, scale, tolerance) in [
        (fixed(1089.9367), RadiationKind::ExactNeutrinos, 3.044, 1.750_669, 301.7387, 4e-3),
        (DecouplingRedshift::HuSugiyama, RadiationKind::ChenHuangWang, 3.046, 1.750_307, 301.8133, 1e-3),
        (DecouplingRedshift::HuSugiyama, RadiationKind::Standard, 3.046, 1.750_247, 302.3768, 1e-3),
        (fixed(1090.648), RadiationKind::ChenHuangWang, 3.046, 1.750_27, 301.5742, 1e-3),
        (fixed(1089.94), RadiationKind::ChenHuangWang, 3.046, 1.750_26, 301.443, 1e-3),
    ] {
        let convention = Convention {
            z_star,
            radiation,
            sum_neutrino_masses_ev: Some(0.06),
            effective_neutrino_number: Some(effective),
        };
        let omega_m = omega_b + omega_cdm + convention.omega_neutrinos();
        let at = convention.decoupling(hubble, omega_b, omega_m);
        assert_close(at.acoustic_scale, scale, tolerance);
        assert_close(at.shift_parameter, shift, 6e-6);
        assert!(z_star != DecouplingRedshift::HuSugiyama || (at.z_star - 1091.939).abs() < 1e-3);
    }
}

#[test]
fn the_printed_table_alone_gives_four_parameters() {
    for table in [LCDM_TABLE, PAPER_TABLE] {
        let derived = run(&[("priors", table)], json!({})).unwrap();
        assert_eq!(codes(&derived.findings), [""; 0]);
        assert_eq!(derived.metadata["release"], "planck2018_distance_priors_lcdm_ns");
        assert_close(derived.matrices[0].values[4 + 2], -0.33 * 0.0895 * 0.000_15, 1e-18);
        assert_eq!(derived.matrices.len(), 1);
        assert_close(numbers(derived, "uncertainty")[1], 0.0895, 1e-12);
    }
}

#[test]
fn leaving_out_the_spectral_index_marginalises_over_it() {
    let derived = run(&[("priors", LCDM_TABLE)], json!({"spectral_index": "exclude"})).unwrap();
    assert_eq!(derived.matrices[0].size, 3);
    assert_close(derived.matrices[0].values[5], -0.33 * 0.0895 * 0.000_15, 1e-18);
    assert_eq!(derived.metadata["selections"][0]["left_out"], "n_s");
    assert_eq!(numbers(derived, "observable"), [1.7502, 301.471, 0.02236]);
}

#[test]
fn the_compression_of_desi_brings_its_own_covariance() {
    let with_its_spelling = DESI.replace("theta_star omega_b omega_bc", "thetastar ombh2 ombch2");
    let in_a_comment = with_its_spelling.replace("\nparameters", "\n# parameters");
    for text in [DESI, &with_its_spelling, &in_a_comment] {
        let derived = run(&[("priors", text)], json!({})).unwrap();
        assert_eq!(codes(&derived.findings), [""; 0]);
        assert_eq!(derived.metadata["release"], "desi_dr2_cmb_compression");
        assert_eq!(derived.matrices[0].values[8].to_bits(), 1.488_417_14e-6_f64.to_bits());
        // θ* of Planck's best fit is within three of DESI's standard errors.
        let (prediction, theta) = (derived.models[0].prediction[0], 0.010_410_27);
        assert_close(prediction, theta, 3.0 * 6.620_994_20e-12_f64.sqrt());
        let columns = columns(derived);
        assert_eq!(columns["unit"].as_text().unwrap(), ["rad", "1", "1"]);
    }
}

#[test]
fn the_reference_model_is_computed_in_the_convention_of_the_priors() {
    let model = priors(LCDM, LCDM_INVERSE).unwrap().models.remove(0);
    assert_eq!((model.name.as_str(), model.table.as_str()), ("planck2018_flat_lcdm", "data"));
    assert_close(model.prediction[0], 1.749_678_398_175_809, 1e-12);
    assert_close(model.prediction[1], 301.788_371_131_496_8, 1e-9);
}

#[test]
fn rounded_values_and_a_recomputed_covariance_are_accepted_with_a_note() {
    let rounded = priors("R = 1.7502\nl_A = 301.471\nomega_b = 0.02236", LCDM_INVERSE).unwrap();
    assert_eq!(codes(&rounded.findings), ["release.rounded"; 3]);
    assert_eq!(errors(&rounded), [""; 0]);

    let inverted = priors(LCDM, LCDM_INVERSE).unwrap().matrices.remove(0).values;
    let text = |order: [usize; 3]| {
        let row = |&i: &usize| order.map(|j| inverted[3 * i + j].to_string()).join(" ");
        order.iter().map(row).collect::<Vec<_>>().join("\n")
    };
    let derived = priors(LCDM, &text([0, 1, 2])).unwrap();
    assert_eq!(codes(&derived.findings), ["release.covariance"]);
    assert_eq!(errors(&derived), [""; 0]);
    assert_eq!(derived.metadata["covariance_structure"]["published_as"], "covariance");
    // Another order is fine as long as both have it.
    let reordered = "l_A = 301.4707\nR = 1.750235\nomega_b = 0.02235976";
    assert_eq!(errors(&priors(reordered, &text([1, 0, 2])).unwrap()), [""; 0]);
}

#[test]
fn unknown_priors_need_their_convention_said() {
    let (unknown, covariance) =
        ("R=1.751\nla=301.6\nombh2=0.0224", "2e-5 2e-4 -4e-7\n2e-4 8e-3 -4e-6\n-4e-7 -4e-6 2.2e-8");
    let derived = priors(unknown, covariance).unwrap();
    assert_eq!(codes(&derived.findings), ["convention.unknown"]);
    assert!(derived.models.is_empty() && derived.metadata["convention"] == Value::Null);
    let said = json!({"z_star": "1089.9", "radiation": "exact_neutrinos"});
    let derived = run(&[("priors", unknown), ("covariance", covariance)], said).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.models.len(), 1);
    let half = run(&[("priors", unknown), ("covariance", covariance)], json!({"z_star": "1089.9"}));
    assert_eq!(fault(half).subject, "radiation");
    let contradicted =
        run(&[("priors", LCDM), ("covariance", LCDM_INVERSE)], json!({"radiation": "standard"}));
    assert!(fault(contradicted).message.contains("contradicts the convention"));
}

/// The files as their authors packaged them, of which the bundled ones are copies in another layout.
#[test]
fn the_packagings_of_the_authors_are_the_same_releases() {
    let read = |name: &str| published(name);
    let (Some(ini), Some(inverse), Some(table), Some(desi)) = (
        read("chw2019_lcdm/distance.ini"),
        read("chw2019_lcdm/Distance_invcov.txt"),
        read("chw2019_lcdm/table1_LCDM.csv"),
        read("desi_dr2_cmb_compression/mean_cov.txt"),
    ) else {
        return;
    };
    let (priors, covariance) = (("priors", ini.as_str()), ("covariance", inverse.as_str()));
    for (files, name) in [
        (vec![priors, covariance], "planck2018_distance_priors_lcdm"),
        (vec![priors, covariance, ("table", table.as_str())], "planck2018_distance_priors_lcdm"),
        (vec![("priors", table.as_str())], "planck2018_distance_priors_lcdm_ns"),
        (vec![("priors", desi.as_str())], "desi_dr2_cmb_compression"),
    ] {
        let derived = run(&files, json!({})).unwrap();
        assert_eq!(codes(&derived.findings), [""; 0], "{name}");
        assert_eq!(derived.metadata["release"], name);
        assert_eq!(derived.metadata["release_recognition"], "every number is the published one");
    }
}

/// Chen, Huang & Wang state neither masses nor a number of neutrinos: ω_m holds all.
#[test]
fn no_neutrinos_are_claimed_that_nobody_published() {
    let inputs = [("priors", LCDM), ("covariance", LCDM_INVERSE)];
    for parameters in
        [json!({}), json!({"sum_neutrino_masses_ev": 0.06}), json!({"effective_neutrino_number": 3.046})]
    {
        let convention = run(&inputs, parameters).unwrap().metadata.remove("convention").unwrap();
        assert_eq!(convention["sum_neutrino_masses_ev"], Value::Null);
        assert_eq!(convention["effective_neutrino_number"], Value::Null);
        let meaning = convention["radiation_meaning"].as_str().unwrap();
        assert!(meaning.contains("ω_m includes massive neutrinos"), "{meaning}");
    }
    // That of DESI depends on both.
    let convention = run(&[("priors", DESI)], json!({})).unwrap().metadata.remove("convention").unwrap();
    assert_eq!(
        (&convention["sum_neutrino_masses_ev"], &convention["effective_neutrino_number"]),
        (&json!(0.06), &json!(3.044))
    );
    let contradicted = run(&[("priors", DESI)], json!({"sum_neutrino_masses_ev": 0.1}));
    assert_eq!(fault(contradicted).subject, "sum_neutrino_masses_ev");
    // Unknown priors with that radiation claim no more.
    let said = json!({"release": "none", "z_star": "hu_sugiyama", "radiation": "chen_huang_wang", "covariance_kind": "inverse"});
    let convention = run(&inputs, said).unwrap().metadata.remove("convention").unwrap();
    assert_eq!(
        (&convention["sum_neutrino_masses_ev"], &convention["effective_neutrino_number"]),
        (&Value::Null, &Value::Null)
    );
}
