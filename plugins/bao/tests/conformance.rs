//! What every module must keep to, for this one.

use bao::Bao;
use plugin_api::conformance::Example;

/// Chi-squared at equally spaced points; made up.
fn grid() -> Example {
    let nodes = (0..41).map(|node| ((f64::from(node) - 20.0).powi(2) / 25.0).to_string());
    let nodes = nodes.collect::<Vec<_>>().join("\n");
    Example::new("grid")
        .input("grid", nodes)
        .parameter("grid_redshift", 0.15)
        .parameter("grid_observables", "DV_over_rs")
        .parameter("grid_value", "chi2")
        .parameter("grid_axis_minimum", 3.0)
        .parameter("grid_axis_maximum", 5.0)
}

fn with_growth() -> Example {
    let mean = "0.38 10.23 DM_over_rs\n0.38 25.0 DH_over_rs\n0.38 0.497 f_sigma8\n";
    Example::new("basis on request")
        .input("mean", mean)
        .input("covariance", "0.0292 -0.03 0.0001\n-0.03 0.58 0.001\n0.0001 0.001 0.00203\n")
        .parameter("derive", "dv_fap")
}

plugin_api::conformance!(Bao, grid(), with_growth());
