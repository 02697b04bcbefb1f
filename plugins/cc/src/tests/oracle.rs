//! Chi-squared of the published data at two stated cosmologies, as numpy computes it with independent code.

use cosmology::background::FlatLambdaCdm;
use cosmology::matrix::SquareMatrix;
use plugin_api::Derived;
use serde_json::{Value, json};

use super::{COMPONENTS, TABLE, both, codes, columns, published, run};

fn oracle() -> Option<Value> {
    published("oracle.json").map(|text| serde_json::from_str(&text).unwrap())
}

fn cosmology(oracle: &Value, name: &str) -> FlatLambdaCdm {
    let stated = &oracle["cosmologies"][name];
    let number = |key: &str| stated[key].as_f64().unwrap_or_else(|| panic!("{key} in {stated}"));
    FlatLambdaCdm { hubble_constant_km_s_mpc: number("H0"), omega_matter: number("Om") }
}

fn chi_squared(derived: Derived<'static>, cosmology: &FlatLambdaCdm) -> f64 {
    let size = derived.matrices[0].size;
    let mut covariance = SquareMatrix::zeros(size);
    for (at, &value) in derived.matrices[0].values.iter().enumerate() {
        covariance.set(at / size, at % size, value);
    }
    let precision = covariance.inverted().unwrap();
    let columns = columns(derived);
    let redshifts = columns["z"].as_f64().unwrap();
    let residuals: Vec<f64> = columns["observable"]
        .as_f64()
        .unwrap()
        .iter()
        .zip(redshifts)
        .map(|(rate, &z)| rate - cosmology.hubble_km_s_mpc(z))
        .collect();
    let product = |(row, left): (usize, &f64)| -> f64 {
        residuals.iter().enumerate().map(|(column, right)| left * precision.get(row, column) * right).sum()
    };
    residuals.iter().enumerate().map(product).sum()
}

#[track_caller]
fn assert_close(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < 1e-8, "{found} instead of {expected}");
}

#[test]
fn every_recipe_gives_the_published_chi_squared() {
    let Some(oracle) = oracle() else { return };
    for name in ["A", "B"] {
        let cosmology = cosmology(&oracle, name);
        let expected = &oracle["public"]["cc.moresco15_components"][name]["chi2"];
        for (systematics, key) in [
            ("none", "diag"),
            ("imf+mod_ooo", "IMF+mod_ooo(default)"),
            ("imf+stlib+mod_ooo", "IMF+stlib+mod_ooo"),
            ("mod+imf", "IMF+mod"),
            ("imf+stlib+mod", "IMF+stlib+mod(extra-conservative)"),
        ] {
            let derived = both(TABLE, json!({"systematics": systematics})).unwrap();
            assert_eq!(codes(&derived.findings), [""; 0]);
            assert_close(chi_squared(derived, &cosmology), &expected[key]);
        }
        let default = both(TABLE, json!({})).unwrap();
        assert_close(chi_squared(default, &cosmology), &expected["IMF+mod_ooo(default)"]);
    }
}

#[test]
fn the_32_points_and_the_published_matrix_give_theirs() {
    let Some(oracle) = oracle() else { return };
    let list = published("cc/cc32/32CCdata.dat").unwrap();
    let table = published("cc/moresco2020/HzTable_MM_BC03.dat").unwrap();
    let matrix = published("cc/moresco2020/cov_cc_MM_BC03.txt").unwrap();
    for name in ["A", "B"] {
        let cosmology = cosmology(&oracle, name);
        let derived = run(&[("table", &list)], json!({"systematics": "none"})).unwrap();
        assert_close(chi_squared(derived, &cosmology), &oracle["public"]["cc.cc32_diag"][name]["chi2"]);
        let derived = run(&[("table", &table), ("covariance", &matrix)], json!({})).unwrap();
        let expected = &oracle["public"]["cc.simplemc_cov_cc_MM_BC03"][name]["chi2"];
        assert_close(chi_squared(derived, &cosmology), expected);
    }
}

/// SimpleMC prints two decimals of what the recipe gives.
#[test]
fn the_recipe_reproduces_the_published_matrix_to_its_printing() {
    let Some(matrix) = published("cc/moresco2020/cov_cc_MM_BC03.txt") else { return };
    let printed = SquareMatrix::read("covariance", &matrix, 15).unwrap().matrix.into_values();
    let derived = both(TABLE, json!({})).unwrap();
    for (found, printed) in derived.matrices[0].values.iter().zip(printed) {
        assert!((found / printed - 1.0).abs() < 3e-4, "{found} for {printed}");
        assert!((found - printed).abs() < 0.005_000_1, "{found} for {printed}");
    }
}

/// Without a matrix library: element (1, 2) of the default, from the numbers of the paper's table 3 by hand.
#[test]
fn an_element_is_the_sum_of_products_of_interpolated_components() {
    let derived = run(&[("table", TABLE), ("components", COMPONENTS)], json!({})).unwrap();
    // Between z = 0.175 and 0.225 imf is 0.47 and mod_ooo is 5.40 per cent.
    let expected = 74.91 * 74.96 * (0.0047 * 0.0047 + 0.054 * 0.054);
    assert!((derived.matrices[0].values[1] / expected - 1.0).abs() < 1e-14);
}
