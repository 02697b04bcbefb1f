//! The files of MontePython and Planck: what they are, and what else they state.

use serde_json::{Value, json};

use super::{BASE_COVARIANCE, BEST_FIT, assert_close, base, codes, errors, fault, numbers, published};

const RELEASE: &str = "planck2018_base_parameters";

fn release() -> Option<[String; 2]> {
    Some(
        ["base2018TTTEEE_lite.bestfit", "base2018TTTEEE_lite.covmat"]
            .map(|name| published(&format!("planck2018_base_params/{name}")).unwrap_or_default()),
    )
    .filter(|files| files.iter().all(|file| !file.is_empty()))
}

/// Exchanges two names, and nothing else.
fn exchanged(text: &str, one: &str, other: &str) -> String {
    text.replacen(one, "\0", 1).replacen(other, one, 1).replacen('\0', other, 1)
}

#[test]
fn the_base_release_is_recognised_by_numbers_and_names() {
    let Some([best_fit, covariance]) = release() else { return };
    let derived = base(&best_fit, &covariance, json!({})).unwrap();
    assert_eq!(derived.metadata["release"], RELEASE);
    assert_eq!(derived.metadata["release_recognition"], "every number is the published one");
    assert_eq!(errors(&derived), [""; 0]);
    // Another spelling of the same parameter is the same name.
    let respelled = covariance.replacen("omega_b,", "omegabh2,", 1);
    let derived = base(&best_fit, &respelled, json!({})).unwrap();
    assert_eq!(derived.metadata["release_recognition"], "every number is the published one");
}

#[test]
fn exchanged_names_over_published_numbers_are_an_error() {
    let Some([best_fit, covariance]) = release() else { return };
    let swapped = exchanged(&covariance, "omega_b,", "omega_cdm,");
    let derived = base(&best_fit, &swapped, json!({})).unwrap();
    assert_eq!(
        errors(&derived)[0],
        format!(
            "release.covariance: these are the numbers of `{RELEASE}`, whose parameter 1 is omega_b; found omega_cdm"
        )
    );
    assert_eq!(
        derived.metadata["release_recognition"],
        "not every number could be held against the published ones"
    );
    let swapped = exchanged(&best_fit, " n_s,", " sigma8");
    let found = errors(&base(&swapped.replacen("sigma8", "sigma8,", 1), &covariance, json!({})).unwrap());
    assert_eq!(
        found[0],
        format!(
            "release.parameters: these are the numbers of `{RELEASE}`, whose parameter 5 is n_s; found sigma8"
        )
    );
    // On purpose, nothing is compared.
    let swapped = exchanged(&covariance, "tau_reio", "A_planck");
    assert!(!errors(&base(&best_fit, &swapped, json!({})).unwrap()).is_empty());
    assert_eq!(errors(&base(&best_fit, &swapped, json!({"release": "none"})).unwrap()), [""; 0]);
}

#[test]
fn another_convention_is_another_dataset_than_the_catalogue_lists() {
    let Some([best_fit, covariance]) = release() else { return };
    for choice in [
        json!({"radiation": "chen_huang_wang"}),
        json!({"z_star": "1000"}),
        json!({"sum_neutrino_masses_ev": 3.0}),
        json!({"effective_neutrino_number": 3.044, "release": RELEASE}),
    ] {
        let derived = base(&best_fit, &covariance, choice).unwrap();
        assert_eq!(errors(&derived), [""; 0]);
        let metadata = &derived.metadata;
        assert_eq!((&metadata["release"], &metadata["derived_from"]), (&Value::Null, &json!(RELEASE)));
        assert!(!metadata.contains_key("title") && !metadata.contains_key("notes"));
        // It still is Planck's data, and must not be combined with other forms of them.
        assert_eq!(metadata["conflicts"][0]["with"].as_array().unwrap().len(), 4);
        assert!(!metadata["citations"].as_array().unwrap().is_empty());
    }
    let same = json!({"z_star": "hu_sugiyama", "radiation": "standard", "sum_neutrino_masses_ev": 0.06, "effective_neutrino_number": 3.046});
    let derived = base(&best_fit, &covariance, same).unwrap();
    assert_eq!(derived.metadata["release"], RELEASE);
    assert!(!derived.metadata.contains_key("derived_from"));
}

#[test]
fn a_fixed_redshift_claims_no_derivatives_of_it() {
    let method = |values: Value| {
        let derived = base(BEST_FIT, BASE_COVARIANCE, values).unwrap();
        derived.metadata["derivation"]["method"].as_str().unwrap().to_owned()
    };
    assert!(method(json!({})).ends_with("z* varies with the parameters"));
    assert!(method(json!({"z_star": "1089.9"})).ends_with("z* is held fixed"));
}

/// With a line of its own for the masses of neutrinos.
fn minimum(masses: &str) -> String {
    format!(
        " -log(Like) =   1386.43\n\n    1  2.2366440E-02   omegabh2   \\Omega_b h^2\n    2  1.1995790E-01   omegach2   \
         \\Omega_c h^2\n    6  {masses}   mnu   \\Sigma m_\\nu\n   10  9.6536970E-01   ns   n_s\n   29  6.7400850E+01   H0*   \
         H_0\n  -log(Like)  chi-sq   data\n     5.84   11.69   CMB: lowl\n"
    )
}

#[test]
fn every_entry_of_a_minimum_file_is_read_or_refused() {
    let shift =
        |masses: &str| numbers(base(&minimum(masses), BASE_COVARIANCE, json!({})).unwrap(), "observable")[0];
    assert!((shift("3e-1") - shift("6.0E-02")).abs() > 1e-3);
    assert_close(shift("3e-1"), shift("0.3"), 0.0);
    for (text, line, column, message) in [
        (minimum("0,2"), 5, Some(2), "not a number: found `0,2`"),
        (minimum("0.2eV"), 5, Some(2), "not a number: found `0.2eV`"),
        (minimum("6"), 5, Some(2), "mnu = 6, expected between 0 and 5"),
        (minimum(""), 5, Some(2), "not a number: found `mnu`"),
        (
            minimum("0.06").replace("   mnu   \\Sigma m_\\nu", ""),
            5,
            None,
            "expected an index, a value and a name",
        ),
        (
            minimum("0.06").replace("9.6536970E-01", "9660500E-06"),
            6,
            Some(2),
            "ns = 9.6605, expected between 0.5 and 1.5",
        ),
    ] {
        let fault = fault(base(&text, BASE_COVARIANCE, json!({})));
        assert_eq!((fault.line, fault.column), (Some(line), column), "{}", fault.message);
        assert!(fault.message.contains(message), "{message}: {}", fault.message);
    }
}

#[test]
fn a_model_or_neutrinos_that_are_not_understood_are_refused() {
    let with = |line: &str| {
        base(
            &format!("omega_b=0.0224\nomega_cdm=0.12\nH0=67.4\nn_s=0.965\n{line}"),
            BASE_COVARIANCE,
            json!({}),
        )
    };
    for (line, message) in [
        ("m_ncdm = 0.6", "m_ncdm = 0.6, which states neutrinos"),
        ("N_ur = 3.046", "N_ur = 3.046, which states neutrinos"),
        ("N_ncdm = 1", "N_ncdm = 1, which states neutrinos"),
        ("deg_ncdm = 3", "deg_ncdm = 3, which states neutrinos"),
        ("omega_ncdm = 0.006", "omega_ncdm = 0.006, which states neutrinos"),
        ("omeganuh2 = 0.006", "omeganuh2 = 0.006, which states neutrinos"),
        ("Omega0_k = 0.1", "Omega0_k = 0.1, but distances"),
        ("Omega_k = 0.1", "Omega_k = 0.1, but distances"),
        ("omk = -0.01", "omk = -0.01, but distances"),
        ("w0 = -0.9", "w0 = -0.9, but distances"),
        ("w0_fld = -0.9", "w0_fld = -0.9, but distances"),
        ("wa = 0.1", "wa = 0.1, but distances"),
        ("T_cmb = 2.7", "T_cmb = 2.7, but distances"),
    ] {
        let fault = fault(with(line));
        assert_eq!((fault.subject.as_str(), fault.line), ("parameters", Some(5)));
        assert!(fault.message.contains(message), "{message}: {}", fault.message);
    }
    for harmless in
        ["Omega0_k = 0", "w = -1", "wa_fld = 0.0", "T_cmb = 2.7255", "mnu = 0.06\nomeganuh2 = 0.00064"]
    {
        assert_eq!(errors(&with(harmless).unwrap()), [""; 0], "{harmless}");
    }
    for (name, message) in [
        ("w", "w varies, but distances"),
        ("Omega_k", "Omega_k varies, but distances"),
        ("m_ncdm", "m_ncdm varies, which states neutrinos"),
        ("mnu", "mnu varies, but the parameters do not state its mean"),
    ] {
        let covariance = BASE_COVARIANCE.replace("100*theta_s", name);
        let fault = fault(base("omega_b=0.0224\nomega_cdm=0.12\nH0=67.4\nn_s=0.965", &covariance, json!({})));
        assert_eq!((fault.subject.as_str(), fault.line), ("covariance", Some(1)));
        assert!(fault.message.contains(message), "{message}: {}", fault.message);
    }
}

#[test]
fn derived_errors_of_a_size_that_no_measurement_has_are_noticed() {
    let scaled = |factor: f64| {
        let (heading, numbers) = BASE_COVARIANCE.split_once('\n').unwrap();
        let number = |field: &str| (factor * field.parse::<f64>().unwrap()).to_string();
        let row = |line: &str| line.split_whitespace().map(number).collect::<Vec<_>>().join(" ");
        format!("{heading}\n{}", numbers.lines().map(row).collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(errors(&base(BEST_FIT, &scaled(1.0), json!({})).unwrap()), [""; 0]);
    let derived = base(BEST_FIT, &scaled(1e-8), json!({})).unwrap();
    assert_eq!(codes(&derived.findings)[1..], ["covariance.scale"; 4]);
    // Unknown numbers under exchanged names.
    let swapped = exchanged(&scaled(1.01), "omega_b,", "omega_cdm,");
    let found = errors(&base(BEST_FIT, &swapped, json!({})).unwrap());
    assert!(
        found.iter().any(|error| error.starts_with("covariance.scale: the variance of omega_b")),
        "{found:?}"
    );
}

#[test]
fn an_error_beside_a_base_parameter_is_held_against_the_covariance() {
    let with = |error: &str| {
        format!("omega_b 0.02236644 {error}\nomega_cdm 0.1199579\nH0 67.40085 0.61\nn_s 0.9653697 0.0044\n")
    };
    assert_eq!(errors(&base(&with("0.00015"), BASE_COVARIANCE, json!({})).unwrap()), [""; 0]);
    assert_eq!(
        errors(&base(&with("0.0015"), BASE_COVARIANCE, json!({})).unwrap()),
        ["covariance.printed: the error of omega_b is 1.500e-3 here, but 1.490e-4 in the input `covariance`"]
    );
}
