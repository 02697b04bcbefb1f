//! D_V/r_d with F_AP, and ratios to r_d, derived on request: against independent publications and computations.

use serde_json::Value;
use tests::Sandbox;

use super::releases::{document, named, numbers};
use super::{column, csv, exported, matrix, read, texts};

/// Values and covariance of a derived table.
struct Derived {
    quantities: Vec<String>,
    values: Vec<f64>,
    covariance: Vec<Vec<f64>>,
}

impl Derived {
    fn of(sandbox: &Sandbox, release: &str, basis: &str) -> Self {
        let name = format!("{release}_{basis}");
        let mut arguments = named(release).prepare(&name);
        arguments.extend(["--param".to_owned(), format!("derive={basis}")]);
        let _ = sandbox.run(arguments).success();
        exported(sandbox, &name, "csv");
        let text = read(sandbox, &format!("{name}_derived.csv"));
        let rows = csv(&text);
        let covariance = matrix(&read(sandbox, &format!("{name}_derived_covariance.csv")));
        for (index, uncertainty) in column(&rows, "uncertainty").iter().enumerate() {
            near(*uncertainty, covariance[index][index].sqrt(), 1e-14);
        }
        // The published basis stays as it is beside the derived one.
        let native = column(&csv(&read(sandbox, &format!("{name}_data.csv"))), "observable");
        let published: Vec<f64> = numbers(&named(release).text("mean")).iter().map(|row| row[1]).collect();
        assert_eq!(native, published);
        Self {
            quantities: texts(&rows, "quantity").into_iter().map(str::to_owned).collect(),
            values: column(&rows, "observable"),
            covariance,
        }
    }

    fn sigma(&self, row: usize) -> f64 {
        self.covariance[row][row].sqrt()
    }

    fn correlation(&self, row: usize, column: usize) -> f64 {
        self.covariance[row][column] / self.sigma(row) / self.sigma(column)
    }

    /// Means and errors to a relative tolerance, correlations to an absolute one.
    fn is(&self, values: &[f64], covariance: &[Vec<f64>], tolerance: f64) {
        assert_eq!((self.values.len(), self.covariance.len()), (values.len(), covariance.len()));
        let other = Self { quantities: Vec::new(), values: values.to_vec(), covariance: covariance.to_vec() };
        for (row, value) in values.iter().enumerate() {
            near(self.values[row], *value, tolerance);
            near(self.sigma(row), other.sigma(row), tolerance);
            for column in 0..row {
                let difference = self.correlation(row, column) - other.correlation(row, column);
                assert!(
                    difference.abs() <= tolerance,
                    "correlation ({row}, {column}) is off by {difference:e}"
                );
            }
        }
    }
}

fn near(found: f64, expected: f64, tolerance: f64) {
    let difference = (found / expected - 1.0).abs();
    assert!(difference <= tolerance, "{found}, expected {expected}: off by {difference:.1e}");
}

/// The collaboration published the same measurements in both bases, with six digits each: half a unit of the last
/// digit is up to 5e-6 of a value.
pub(super) fn dr12() {
    let sandbox = Sandbox::new();
    for (native, published, tolerance) in [
        ("sdss_dr12_consensus_bao", "sdss_dr12_consensus_bao_dv_fap", 3e-6),
        ("sdss_dr12_consensus_final", "sdss_dr12_consensus_final_dv_fap", 6e-6),
    ] {
        let derived = Derived::of(&sandbox, native, "dv_fap");
        let published = named(published);
        let mean = published.text("mean");
        let values: Vec<f64> = numbers(&mean).iter().map(|row| row[1]).collect();
        let lines = mean.lines().filter(|line| !line.starts_with('#'));
        let labels: Vec<&str> = lines.filter_map(|line| line.split_whitespace().nth(2)).collect();
        assert_eq!(derived.quantities, labels);
        derived.is(&values, &numbers(&published.text("covariance")), tolerance);
    }
    let computed = document("bao/oracle_jacobians.json");
    for (key, basis) in [("dr12", "dv_fap"), ("dr12_ratio", "ratios")] {
        let values = list(&computed[key]["y"]);
        let covariance: Vec<Vec<f64>> = computed[key]["C"].as_array().unwrap().iter().map(list).collect();
        Derived::of(&sandbox, "sdss_dr12_consensus_bao", basis).is(&values, &covariance, 1e-12);
    }
}

/// D_V/r_d, D_M/D_H, their errors and correlation for six tracers, whatever the order of the tracer's rows.
pub(super) fn desi() {
    let sandbox = Sandbox::new();
    let derived = Derived::of(&sandbox, "desi_dr2", "dv_fap");
    let computed = document("bao/oracle_jacobians.json");
    let tracers = computed["desi_dr2"].as_array().unwrap();
    // The first row is a D_V/r_d itself.
    assert_eq!(derived.values.len(), 1 + 2 * tracers.len());
    for (number, tracer) in tracers.iter().enumerate() {
        let (spherical, shape) = (1 + 2 * number, 2 + 2 * number);
        assert_eq!(derived.quantities[spherical..=shape], ["DV_over_rs", "F_AP"]);
        let &[_, _, _, _, value, error, ratio, ratio_error, correlation] = list(tracer).as_slice() else {
            panic!("{tracer}");
        };
        near(derived.values[spherical], value, 1e-12);
        near(derived.sigma(spherical), error, 1e-12);
        near(derived.values[shape], ratio, 1e-12);
        near(derived.sigma(shape), ratio_error, 1e-12);
        let difference = derived.correlation(spherical, shape) - correlation;
        assert!(difference.abs() <= 1e-12, "{tracer}: {difference:e}");
    }
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}
