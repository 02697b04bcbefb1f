//! Tabulated likelihoods.

use plugin_api::{Descriptor, ExportContent};
use serde_json::json;

use super::{codes, columns, fault, run};

/// A two-dimensional grid with `outer` × `inner` nodes.
fn plane(outer: u8, inner: u8) -> String {
    let nodes = (0..outer).flat_map(|i| (0..inner).map(move |j| (f64::from(i), f64::from(j))));
    let line = |(i, j): (f64, f64)| format!("{} {} {:e}\r\n", 36.0 + i, 8.5 + 0.1 * j, 1.0 / (1.0 + i + j));
    let lines: Vec<String> = nodes.map(line).collect();
    format!("# D_M/r_d D_H/r_d likelihood ratio\r\n{}", lines.concat())
}

fn plane_parameters() -> serde_json::Value {
    json!({"grid_redshift": 2.334, "grid_observables": "DM_over_rs,DH_over_rs", "grid_value": "likelihood_ratio", "tracer": "Lya"})
}

#[test]
fn a_plane_keeps_every_number_and_says_what_it_is() {
    let derived = run(&[("grid", &plane(5, 4))], plane_parameters()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.output, "grid_2d");
    assert_eq!(derived.metadata["minus_two_ln_likelihood"], "-2 ln(value)");
    assert_eq!(derived.metadata["axes"][1]["quantity"], "DH_over_rs");
    assert_eq!(derived.metadata["axes"][0]["nodes"], 5);
    assert!(derived.metadata["outside"].as_str().unwrap().contains("edge"));
    let format = derived.exports["cobaya"].clone();
    let ExportContent::Text { text } = &format.files[1].content else { panic!() };
    assert!(
        text.contains("    observable_2: DH_over_rs\n") && text.contains("    redshift: 2.334\n"),
        "{text}"
    );
    let columns = columns(derived, "grid");
    assert_eq!(columns.keys().collect::<Vec<_>>(), ["axis_1", "axis_2", "value"]);
    assert_eq!(columns["axis_1"].as_f64().unwrap()[4].to_bits(), 37.0_f64.to_bits());
}

#[test]
fn a_table_of_values_alone_gets_its_axis_from_the_parameters() {
    let text = (0..11).map(|index| ((index - 5) * (index - 5)).to_string()).collect::<Vec<_>>().join("\n");
    let values = json!({
        "grid_redshift": 0.15, "grid_observables": "DV_over_rs", "grid_value": "chi2", "grid_fiducial": 4.3,
        "grid_axis_minimum": 0.8, "grid_axis_maximum": 1.2,
    });
    let derived = run(&[("grid", &text)], values).unwrap();
    assert_eq!(derived.metadata["minus_two_ln_likelihood"], "value");
    let format = derived.exports["cobaya"].clone();
    let suffixes: Vec<&str> = format.files.iter().map(|file| file.suffix.as_str()).collect();
    assert_eq!(suffixes, ["_mean.txt", "_grid.txt", ".yaml"]);
    let ExportContent::Text { text } = &format.files[2].content else { panic!() };
    assert!(text.contains("    prob_dist_bounds: [0.8, 1.2]\n    rs_rescale: 4.3\n"), "{text}");
    let columns = columns(derived, "grid");
    let axis = columns["axis_1"].as_f64().unwrap();
    assert_eq!((axis[0].to_bits(), axis[10].to_bits()), (0.8_f64.to_bits(), 1.2_f64.to_bits()));
    assert!((axis[5] - 1.0).abs() < 1e-15);
}

/// A grid of one axis listed units of `axis_2` and `axis_3`.
#[test]
fn units_are_listed_of_the_axes_that_are_there_and_of_no_other() {
    let descriptor: Descriptor = serde_json::from_str(include_str!("../../module.json")).unwrap();
    let line = "8 1\n9 1\n10 1\n11 1\n".to_owned();
    let nodes = (0..8).map(|i| format!("{} {} {} 1\n", 36 + i / 4, 8 + i / 2 % 2, 29 + i % 2));
    let cube = nodes.collect::<Vec<_>>().concat();
    let files = [
        ("DV_over_rs", line),
        ("DM_over_rs,DH_over_rs", plane(4, 4)),
        ("DM_over_rs,DH_over_rs,DV_over_rs", cube),
    ];
    for (observables, text) in files {
        let mut values = plane_parameters();
        values["grid_observables"] = json!(observables);
        values["grid_redshift"] = json!(if observables == "DV_over_rs" { 0.295 } else { 2.334 });
        let derived = run(&[("grid", &text)], values).unwrap();
        let promised = &descriptor.outputs[&derived.output].tables[0].columns;
        let found: Vec<&str> = derived.tables[0].fields().iter().map(|field| field.name.as_str()).collect();
        let promised: Vec<&str> = promised.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(found, promised, "{observables}");
        assert_eq!(derived.metadata["axes"].as_array().unwrap().len(), promised.len() - 1);
    }
}

#[test]
fn a_grid_that_is_not_known_must_be_described() {
    let fault = fault(run(&[("grid", &plane(5, 4))], json!({})));
    assert!(fault.message.contains("not a known release"));
    assert!(fault.hint.unwrap().contains("grid_value"));
}

#[test]
fn a_damaged_grid_is_refused_with_its_place() {
    let whole = plane(5, 4);
    let cut: Vec<&str> = whole.lines().take(19).collect();
    let message = fault(run(&[("grid", &cut.join("\n"))], plane_parameters())).message;
    assert_eq!(message, "18 lines do not fill a grid of 5 × 4");
    let mut shuffled: Vec<&str> = whole.lines().collect();
    shuffled.swap(3, 9);
    let place = fault(run(&[("grid", &shuffled.join("\n"))], plane_parameters()));
    assert_eq!((place.line, place.column), (Some(4), Some(2)));
    let negative = whole.replacen("1e0", "-1e0", 1);
    let place = fault(run(&[("grid", &negative)], plane_parameters()));
    assert_eq!(
        (place.line, place.column, place.message.as_str()),
        (Some(2), Some(3), "a likelihood_ratio of -1")
    );
    let mpc = plane(4, 4).replace("\r\n3", "\r\n53");
    assert!(fault(run(&[("grid", &mpc)], plane_parameters())).message.contains("can only be a value in Mpc"));
    let zero = whole.replacen("1e0", "0", 1);
    assert_eq!(codes(&run(&[("grid", &zero)], plane_parameters()).unwrap().findings), ["grid.zero"]);
}

#[test]
fn a_grid_of_another_name_or_description_is_refused() {
    let mut values = plane_parameters();
    values["release"] = json!("sdss_dr16_lya_auto");
    assert_eq!(codes(&run(&[("grid", &plane(5, 4))], values).unwrap().findings), ["release.grid"]);
    for (name, value) in [
        ("grid_observables", json!("DM_over_rs")),
        ("grid_observables", json!("DM_over_rs,Hz_rs")),
        ("grid_axis_minimum", json!(1.0)),
        ("grid_fiducial", json!(4.3)),
        ("fiducial_rd_mpc", json!(147.78)),
        ("derive", json!("ratios")),
    ] {
        let mut values = plane_parameters();
        values[name] = value.clone();
        if name == "grid_axis_minimum" {
            values["grid_axis_maximum"] = json!(2.0);
        }
        assert!(run(&[("grid", &plane(5, 4))], values).is_err(), "{name} {value}");
    }
}
