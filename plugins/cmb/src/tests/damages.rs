//! Damaged copies, most of which are in circulation. Nothing here may pass unnoticed.

use serde_json::json;

use super::{DESI, LCDM, LCDM_INVERSE, LCDM_TABLE, codes, errors, fault, priors, run};

fn covariance(sigma: [f64; 3], correlations: [f64; 3]) -> String {
    let [r_l, r_b, l_b] = correlations;
    let correlation = [[1.0, r_l, r_b], [r_l, 1.0, l_b], [r_b, l_b, 1.0]];
    let row = |i: usize| [0, 1, 2].map(|j| (sigma[i] * sigma[j] * correlation[i][j]).to_string()).join(" ");
    [0, 1, 2].map(row).join("\n")
}

#[test]
fn wrong_correlations_are_named() {
    let wrong = covariance([0.0046, 0.0895, 0.000_15], [0.46, -0.4832, -0.5765]);
    let found = errors(&priors(LCDM, &wrong).unwrap());
    assert!(
        found.iter().any(|error| error.contains("the correlation of R and omega_b is -0.4832")
            && error.contains("has -0.6598")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|error| error.contains("the correlation of l_A and omega_b is -0.5765")),
        "{found:?}"
    );
}

#[test]
fn a_matrix_whose_diagonal_is_nothing_like_the_errors_is_refused() {
    let wrong = "1.8e-5 1e-3 -1e-6\n1e-3 3.65 -1e-5\n-1e-6 -1e-5 4.2e-6";
    let derived = priors(LCDM, wrong).unwrap();
    let found = errors(&derived);
    assert!(
        found
            .iter()
            .any(|error| error.starts_with("release.covariance: the standard error of l_A is 1.910e0")),
        "{found:?}"
    );
    let unknown = run(&[("priors", LCDM), ("covariance", wrong)], json!({"release": "none"})).unwrap();
    let found = errors(&unknown);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|error| error.starts_with("covariance.scale")), "{found:?}");
}

/// The means of the wCDM column of the same table with the inverse covariance of ΛCDM.
#[test]
fn an_inverse_covariance_of_another_model_is_named() {
    let derived = priors("R = 1.7493\nl_A = 301.462\nomega_b = 0.02239", LCDM_INVERSE).unwrap();
    assert_eq!(
        errors(&derived)[0],
        "release.priors: the covariance is that of `planck2018_distance_priors_lcdm`, whose R is 1.750235; found 1.7493"
    );
    assert_eq!(errors(&derived).len(), 3);
}

/// The same with the inverse inverted by another program and printed, so that no number of it is a published one.
#[test]
fn an_inverted_matrix_of_another_model_is_recognised() {
    let inverted = priors(LCDM, LCDM_INVERSE).unwrap().matrices.remove(0).values;
    let text = |order: [usize; 3]| {
        let row = |&i: &usize| order.map(|j| format!("{:.7e}", inverted[3 * i + j])).join(" ");
        order.iter().map(row).collect::<Vec<_>>().join("\n")
    };
    let wcdm = "R = 1.7493\nl_A = 301.462\nomega_b = 0.02239";
    let reordered = "l_A = 301.462\nR = 1.7493\nomega_b = 0.02239";
    for (priors_of_wcdm, order) in [(wcdm, [0, 1, 2]), (reordered, [1, 0, 2]), (reordered, [0, 1, 2])] {
        let found = errors(&priors(priors_of_wcdm, &text(order)).unwrap());
        let expected =
            "the covariance is that of `planck2018_distance_priors_lcdm`, whose R is 1.750235; found 1.7493";
        assert!(found.iter().any(|error| error.contains(expected)), "{order:?}: {found:?}");
    }
    // A covariance of its own, which differs by more than rounding, is nobody's.
    let own = inverted
        .chunks(3)
        .map(|row| row.iter().map(|value| (1.01 * value).to_string()).collect::<Vec<_>>().join(" "));
    let derived = priors(wcdm, &own.collect::<Vec<_>>().join("\n")).unwrap();
    assert_eq!(codes(&derived.findings), ["convention.unknown"]);
}

#[test]
fn an_error_beside_a_value_is_held_against_the_covariance() {
    let wrong = "R 1.750235 0.0046\nl_A 301.4707 0.0089\nomega_b 0.02235976";
    assert_eq!(
        errors(&priors(wrong, LCDM_INVERSE).unwrap()),
        [
            "covariance.printed: the standard error of l_A is 8.886e-2, but 8.900e-3 is printed in the input `priors`"
        ]
    );
    let fault = fault(priors("R 1.750235 0\nl_A 301.4707\nomega_b 0.02235976", LCDM_INVERSE));
    assert_eq!((fault.line, fault.column), (Some(1), Some(3)));
    assert_eq!(fault.message, "expected a positive error, found `0`");
}

#[test]
fn an_inverse_taken_for_a_covariance_is_noticed() {
    let told =
        run(&[("priors", LCDM), ("covariance", LCDM_INVERSE)], json!({"covariance_kind": "covariance"}));
    let fault = fault(told);
    assert_eq!(
        (fault.subject.as_str(), fault.hint.unwrap().contains("covariance_kind=inverse")),
        ("covariance_kind", true)
    );
    // Unknown numbers: the sizes tell.
    let unknown = run(&[("priors", LCDM), ("covariance", LCDM_INVERSE)], json!({"release": "none"})).unwrap();
    assert!(
        errors(&unknown).iter().any(|error| error.starts_with("covariance.scale: the variance of R is 9.43"))
    );
}

#[test]
fn standard_errors_in_the_place_of_variances_are_noticed() {
    let sigma = "4.6e-3 0 0\n0 8.95e-2 0\n0 0 1.5e-4";
    assert!(!errors(&priors(LCDM, sigma).unwrap()).is_empty());
    let unknown = priors("R = 1.751\nl_A = 301.6\nomega_b = 0.0224", sigma).unwrap();
    assert!(errors(&unknown).iter().any(|error| error.contains("variance of omega_b is 1.5e-4")));
}

#[test]
fn a_changed_digit_is_named() {
    let derived = priors(LCDM, &LCDM_INVERSE.replace("-1360.4913 161.4349", "-1360.4913 161.4439")).unwrap();
    assert_eq!(
        errors(&derived),
        ["release.covariance: the element of l_A and l_A is 161.4439; the inverse covariance of \
         `planck2018_distance_priors_lcdm` has 161.4349"]
    );
    let derived = priors(&LCDM.replace("301.4707", "301.4706"), LCDM_INVERSE).unwrap();
    assert!(errors(&derived)[0].contains("whose l_A is 301.4707; found 301.4706"));
    let derived = run(&[("priors", &DESI.replace("1.48841714e-06", "1.48841715e-06"))], json!({})).unwrap();
    assert_eq!(codes(&derived.findings), ["release.covariance"]);
}

#[test]
fn rows_in_another_order_than_their_covariance_are_named() {
    let swapped = "l_A = 301.4707\nR = 1.750235\nomega_b = 0.02235976";
    let found = errors(&priors(swapped, LCDM_INVERSE).unwrap());
    assert_eq!(
        found[0],
        "covariance.row-order: the covariance is that of `planck2018_distance_priors_lcdm`; row 1 of the priors must be R, found l_A"
    );
    let headed = format!("# R l_A omega_b\n{}", covariance([0.0045, 0.09, 0.000_15], [0.4, -0.6, -0.3]));
    let fault =
        fault(run(&[("priors", "la=301.6\nR=1.751\nombh2=0.0224"), ("covariance", &headed)], json!({})));
    assert!(fault.message.contains("row 1 is R by its heading, but l_A in the priors"), "{}", fault.message);
}

#[test]
fn a_matrix_that_is_no_inverse_covariance_is_refused() {
    for (changed, reason) in [
        (LCDM_INVERSE.replace("\n-1360.4913", "\n1360.4913"), "elements (2, 1) and (1, 2) differ"),
        (LCDM_INVERSE.replace("1664517.2916", "9664517.2916"), "not positive definite"),
        (LCDM_INVERSE.replace("161.4349", "nan"), "not a finite number"),
        (
            LCDM_INVERSE.lines().take(4).collect::<Vec<_>>().join("\n"),
            "2 rows × 3 columns for 3 measurements",
        ),
    ] {
        let fault =
            fault(run(&[("priors", LCDM), ("covariance", &changed)], json!({"covariance_kind": "inverse"})));
        assert_eq!(fault.subject, "covariance");
        assert!(fault.message.contains(reason), "{}", fault.message);
    }
}

/// The host refuses these with the element; they must reach it as they are.
#[test]
fn an_asymmetric_or_negative_covariance_reaches_the_host_unchanged() {
    let text = "2e-5 2e-4 -4e-7\n-2e-4 -8e-3 -4e-6\n-4e-7 -4e-6 2.2e-8";
    let derived = priors("R=1.751\nla=301.6\nombh2=0.0224", text).unwrap();
    assert!(derived.matrices[0].values[3] < 0.0 && derived.matrices[0].values[4] < 0.0);
    assert!(
        errors(&derived)
            .iter()
            .any(|error| error.starts_with("covariance.scale: the variance of l_A is -8e-3"))
    );
}

#[test]
fn a_table_of_another_model_is_named_by_element() {
    let other = LCDM_TABLE.replace("1.7502", "1.7429").replace("-0.66", "-0.54");
    let derived =
        run(&[("priors", LCDM), ("covariance", LCDM_INVERSE), ("table", &other)], json!({})).unwrap();
    assert_eq!(
        errors(&derived),
        [
            "priors.printed: R = 1.7429 is printed, but the priors have 1.750235",
            "covariance.printed: the correlation of R and omega_b is -0.6598, but -0.5400 is printed in the input `table`"
        ]
    );
}

#[test]
fn what_is_wrong_in_a_file_of_priors_is_said_with_its_place() {
    for (text, subject, line, message) in [
        ("R = 1.750235\nl_A = 301.4707", "priors", None, "the parameter omega_b is missing"),
        ("R = 1.75\nl_A = 301.4\nomega_b = nan", "priors", Some(3), "not a finite number: found `nan`"),
        (
            "R = 301.4\nl_A = 1.75\nomega_b = 0.0224",
            "priors",
            Some(1),
            "R = 301.4, expected between 1.5 and 2",
        ),
        (
            "R = 1.75\nr = 1.75\nl_A = 301.4\nomega_b = 0.0224",
            "priors",
            Some(2),
            "R stands in line 1 already",
        ),
        (
            "R = 1.75\nl_A = 301.4\nomega_b = 2.24",
            "priors",
            Some(3),
            "omega_b = 2.24, expected between 0.018",
        ),
        ("R = 1.75\nl_A = 301.4\nOmega_b = 0.0224", "priors", Some(3), "unknown parameter `Omega_b`"),
        (
            "theta_star = 0.01041\nomega_b = 0.0222\nomega_bc = 0.142\nl_A = 301.7",
            "priors",
            Some(4),
            "has not full rank",
        ),
        ("1.75 301.4 0.0224", "priors", Some(1), "nothing says what the values are"),
        ("# nothing", "priors", None, "there is no value in it"),
        (
            "# R l_A omega_b\n1.75 301.4",
            "priors",
            Some(2),
            "2 values in this line, but 3 names in the heading, line 1",
        ),
        (
            "# R l_A omega_b\n1.75 301.4 0.0224\n1.76 301.4 0.0224",
            "priors",
            Some(3),
            "a second row of values",
        ),
        ("# weight R l_A omega_b\n1 1.75 301.4 0.0224", "priors", None, "a chain"),
        ("R = 1.75\nl_A = 301.4\nomega_b = 0.0224", "covariance", None, "this input is missing"),
        (
            "parameters theta_star omega_b omega_bc\nmean 0.0104 0.022",
            "priors",
            Some(2),
            "2 numbers for 3 parameters",
        ),
        (
            "parameters theta_star omega_b omega_bc\nmean 0.0104 0.022 0.142\ncov 1 2 3",
            "priors",
            None,
            "a mean and 1 line `cov` for 3 parameters",
        ),
        ("parameter,mean,error,weight\nR,1.75,0.01,1", "priors", Some(1), "unknown column `weight`"),
        ("parameter,mean,error\nR,1.75,-0.01", "priors", Some(2), "expected a positive error, found `-0.01`"),
    ] {
        let fault = fault(run(&[("priors", text)], json!({})));
        assert_eq!((fault.subject.as_str(), fault.line), (subject, line), "{text:?}: {}", fault.message);
        assert!(fault.message.contains(message), "{text:?}: {}", fault.message);
    }
    let asymmetric = fault(run(&[("priors", &LCDM_TABLE.replacen("0.46", "0.64", 1))], json!({})));
    assert_eq!(
        (asymmetric.line, asymmetric.message.as_str()),
        (Some(5), "the correlation of l_A and R is 0.46 here, but must be 0.64")
    );
}

#[test]
fn inputs_that_do_not_go_together_are_refused() {
    assert!(fault(run(&[], json!({}))).hint.unwrap().contains("--input parameters=PATH"));
    assert!(
        fault(run(&[("priors", LCDM), ("parameters", LCDM)], json!({}))).message.contains("beside `priors`")
    );
    let twice = run(&[("priors", DESI), ("covariance", LCDM_INVERSE)], json!({}));
    assert!(fault(twice).message.contains("their own covariance"));
    let inverse = run(&[("priors", DESI)], json!({"covariance_kind": "inverse"}));
    assert_eq!(fault(inverse).subject, "covariance_kind");
    for (parameter, value) in [
        ("z_star", json!("drag")),
        ("z_star", json!("12")),
        ("radiation", json!("none")),
        ("release", json!("planck")),
    ] {
        let fault = fault(run(&[("priors", LCDM), ("covariance", LCDM_INVERSE)], json!({parameter: value})));
        assert_eq!(fault.subject, parameter);
    }
    let named = run(
        &[("priors", LCDM), ("covariance", LCDM_INVERSE)],
        json!({"release": "planck2018_base_parameters"}),
    );
    assert!(fault(named).message.contains("base parameters, not priors"));
    let named = run(
        &[("priors", LCDM), ("covariance", LCDM_INVERSE)],
        json!({"release": "planck2018_distance_priors_lcdm_ns"}),
    )
    .unwrap();
    assert!(!errors(&named).is_empty());
}
