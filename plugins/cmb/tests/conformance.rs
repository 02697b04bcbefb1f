//! What every module must keep to, for this one.

use plugin_api::conformance::Example;

/// Made up: every parameter takes two values, independently of the others.
fn chain() -> Example {
    let sample = |index: u32| {
        let value = |bit: u32, mean: f64, step: f64| mean + step * (f64::from((index >> bit) & 1) - 0.5);
        let [omega_b, omega_cdm] = [value(0, 0.0224, 3e-4), value(1, 0.12, 2.4e-3)];
        let [hubble, n_s, masses] = [value(2, 67.4, 1.2), value(3, 0.965, 8e-3), value(4, 0.1, 0.05)];
        format!("{} {omega_b} {omega_cdm} {hubble} {n_s} {masses}", index % 3 + 1)
    };
    let samples: Vec<String> = (0..32).map(sample).collect();
    let text = format!("# weight omegabh2 omegach2 H0 ns mnu\n{}\n", samples.join("\n"));
    Example::new("chain").input("parameters", text).parameter("radiation", "exact_neutrinos")
}

fn base_parameters() -> Example {
    Example::new("base parameters")
        .input("parameters", "omega_b 0.0224 1.5e-4\nomega_cdm 0.12 0.0012\nH0 67.4 0.6\nmnu 0.06\n")
        .input("covariance", "# omega_b omega_cdm H0\n2.25e-8 0 0\n0 1.44e-6 0\n0 0 0.36\n")
}

plugin_api::conformance!(cmb::Cmb, chain(), base_parameters());
