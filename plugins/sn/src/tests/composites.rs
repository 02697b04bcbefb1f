//! Light curves with stretch and colour.

use serde_json::json;

use super::{columns, defaults, derive, fault, run};

/// Two supernovae in the layout of JLA, with numbers like those of its first rows.
const TABLE: &str = "\
#name zcmb zhel dz mb dmb x1 dx1 color dcolor 3rdvar d3rdvar cov_m_s cov_m_c cov_s_c set ra dec biascor
03D1au 0.503084 0.504300 0.001 23.001698 0.088031 1.273191 0.150058 -0.012353 0.030011 9.517 0.1105 0.000790 0.000440 -0.000030 1 0 0
03D1aw 0.580724 0.582000 0.0 23.573937 0.090132 0.974346 0.273823 -0.025076 0.036691 9.169 0.088 0.002823 0.000415 0.001574 1 0 0
";
const BLOCKS: [(&str, &str); 6] = [
    ("covariance", "2\n0.005\n0.001\n0.001\n0.006\n"),
    ("covariance_stretch", "2\n0.02\n0.001\n0.001\n0.03\n"),
    ("covariance_colour", "2\n0.0004\n0.0001\n0.0001\n0.0005\n"),
    ("covariance_magnitude_stretch", "2\n0.0003\n0.0001\n0.0001\n0.0002\n"),
    ("covariance_magnitude_colour", "2\n0.0002\n0.00005\n0.00005\n0.0001\n"),
    ("covariance_stretch_colour", "2\n0.0001\n0.00002\n0.00002\n0.0003\n"),
];

const EXPECTED_COVARIANCE: [f64; 4] = [
    0.024_885_454_032_479_47,
    0.001_681_240_000_000_000_3,
    0.001_681_240_000_000_000_3,
    0.032_450_439_828_858_41,
];
const EXPECTED_OBSERVABLE: [f64; 2] = [23.218_239_04, 23.788_081_04];
const EXPECTED_VARIANCES: [f64; 2] = [0.014_392_254_032_479_465, 0.019_381_839_828_858_403];

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-14, "{found} instead of {expected}");
    }
}

/// Expected numbers: the formula of the module's documentation in numpy.
#[test]
fn magnitudes_and_covariance_are_composed_with_alpha_and_beta() {
    let mut files = vec![("table", TABLE.as_bytes())];
    files.extend(BLOCKS.map(|(role, text)| (role, text.as_bytes())));
    let parameters = json!({"alpha": 0.14, "beta": 3.1, "sigma_int": 0.05});
    let derived = run(&files, parameters).unwrap();
    assert_eq!(derived.findings, []);
    assert_eq!(derived.metadata["covariance_structure"]["systematics"], "added");
    assert_eq!(derived.metadata["standardisation"]["alpha"], 0.14);
    assert_close(&derived.matrices[0].values, &EXPECTED_COVARIANCE);
    let columns = columns(derived);
    assert_close(columns["observable"].as_f64().unwrap(), &EXPECTED_OBSERVABLE);
    assert_close(columns["m_b"].as_f64().unwrap(), &[23.001_698, 23.573_937]);
    assert_eq!(columns["host_log_mass"].len(), 2);
}

#[test]
fn without_blocks_the_errors_are_composed_alone() {
    let derived = derive(TABLE, None, json!({"alpha": 0.14, "beta": 3.1})).unwrap();
    assert_eq!(derived.metadata["covariance_structure"]["structure"], "diagonal");
    let diagonal = [derived.matrices[0].values[0], derived.matrices[0].values[3]];
    assert_close(&diagonal, &EXPECTED_VARIANCES);
}

#[test]
fn coefficients_are_demanded_where_they_are_needed_and_refused_where_not() {
    for (table, parameters, message) in [
        (TABLE, defaults(), "the magnitudes are not corrected for stretch and colour yet"),
        (TABLE, json!({"alpha": 0.14}), "alpha and beta are only of use together"),
        (
            super::UNION3_TABLE,
            json!({"alpha": 0.14, "beta": 3.1}),
            "the table has no magnitudes that stretch and colour still correct",
        ),
        (
            "z mu dmu\n0.1 38 0.1\n",
            json!({"sigma_int": 0.1}),
            "the published errors hold the intrinsic scatter already",
        ),
        ("z mu dmu\n0.1 38 0.1\n", json!({"sigma_int": 2}), "`2` is no intrinsic scatter"),
    ] {
        let fault = fault(derive(table, None, parameters));
        assert!(fault.message.starts_with(message), "{}", fault.message);
    }
    let block = [("table", "z mu dmu\n0.1 38 0.1\n".as_bytes()), ("covariance_stretch", "1\n1\n".as_bytes())];
    assert_eq!(fault(run(&block, defaults())).subject, "covariance_stretch");
}

/// Neither can be ignored: the one would be added to the wrong matrix, the other would have no effect.
#[test]
fn blocks_that_cannot_be_added_are_refused() {
    let files = [
        ("table", TABLE.as_bytes()),
        ("covariance", BLOCKS[0].1.as_bytes()),
        (BLOCKS[1].0, BLOCKS[1].1.as_bytes()),
    ];
    for (name, value, subject) in
        [("covariance_kind", "inverse", "covariance_stretch"), ("systematics", "none", "systematics")]
    {
        let refused = fault(run(&files, json!({"alpha": 0.14, "beta": 3.1, name: value})));
        assert_eq!(refused.subject, subject);
        assert!(refused.hint.is_some());
    }
}

#[test]
fn alpha_without_stretch_and_beta_without_colour_are_refused() {
    let row = "a 0.5 0.5 23 0.1";
    for (column, missing) in [("color", "alpha"), ("x1", "beta")] {
        let table = format!("#name zcmb zhel mb dmb {column}\n{row} 0.1\n");
        assert_eq!(fault(derive(&table, None, json!({"alpha": 0.14, "beta": 3.1}))).subject, missing);
        let mut parameters = json!({"alpha": 0.14, "beta": 3.1});
        parameters[missing] = json!(0);
        assert!(derive(&table, None, parameters).is_ok(), "{column}");
    }
}
