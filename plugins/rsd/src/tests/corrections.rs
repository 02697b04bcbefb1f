//! The correction for the reference cosmology.

use plugin_api::{ExportContent, Plot};
use serde_json::json;

use super::{GOLD, columns, fault, gold, run, three_columns};
use crate::alcock_paczynski::hubble_times_angular_distance_km_s;

/// The products that the likelihood of Arjona, Garcia-Bellido and Nesseris 2020 (arXiv:2006.01762) uses, in km/s, as
/// printed there: github.com/snesseris/RSD-growth, commit 87c8681f.
const PUBLISHED_PRODUCTS: [f64; 22] = [
    5905.2, 5905.2, 5902.17, 27919.8, 40636.6, 45463.8, 47665.2, 90926.2, 63409.3, 88415.1, 78751.0,
    132_588.0, 102_712.0, 132_420.0, 155_232.0, 134_060.0, 179_999.0, 263_053.0, 200_977.0, 242_503.0,
    289_340.0, 352_504.0,
];

#[test]
fn reference_products_are_the_published_ones() {
    let columns = columns(gold(("table", GOLD), json!({})).unwrap(), "data");
    let products = columns["reference_hubble_times_angular_distance_km_s"].as_f64().unwrap();
    for (product, published) in products.iter().zip(PUBLISHED_PRODUCTS) {
        // Six digits are printed.
        assert!((product / published - 1.0).abs() < 3e-6, "{product} instead of {published}");
    }
}

#[test]
fn values_and_covariance_are_scaled_beside_the_published_ones() {
    let values = json!({"alcock_paczynski": "apply", "target_omega_matter": 0.3153});
    let derived = gold(("table", GOLD), values).unwrap();
    assert_eq!(derived.output, "growth_and_corrected");
    let plain = gold(("table", GOLD), json!({})).unwrap();
    assert_eq!(derived.matrices[0], plain.matrices[0]);
    let (before, after) = (derived.matrices[0].values.clone(), derived.matrices[1].values.clone());
    let corrections = derived.metadata["corrections"].clone();
    assert_eq!(corrections[0]["target"]["omega_matter"], 0.3153);
    let ExportContent::Document { fields } = &derived.exports["fit"].files[0].content else { panic!() };
    assert!(fields.contains_key("corrected_covariance") && fields.contains_key("reference_omega_matter"));
    let corrected = columns(derived, "corrected");
    let ratios = corrected["alcock_paczynski_ratio"].as_f64().unwrap();
    let published = columns(plain, "data");
    for (index, ratio) in ratios.iter().enumerate() {
        let (z, omega) = (
            published["z"].as_f64().unwrap()[index],
            published["reference_omega_matter"].as_f64().unwrap()[index],
        );
        let expected =
            hubble_times_angular_distance_km_s(0.3153, z) / hubble_times_angular_distance_km_s(omega, z);
        assert_eq!(ratio.to_bits(), expected.to_bits());
        let value = published["observable"].as_f64().unwrap()[index];
        assert_eq!(corrections[0]["rows"][index]["before"], value);
        assert_eq!(corrections[0]["rows"][index]["after"], value * ratio);
        assert_eq!(corrected["observable"].as_f64().unwrap()[index].to_bits(), (value * ratio).to_bits());
    }
    let element = 12 * 22 + 13;
    assert!((after[element] / (before[element] * ratios[12] * ratios[13]) - 1.0).abs() < 1e-15);
    for (i, j) in [(12, 13), (18, 21), (19, 20)] {
        assert_eq!(after[i * 22 + j].to_bits(), after[j * 22 + i].to_bits());
    }
}

#[test]
fn a_correction_needs_its_two_cosmologies() {
    for (values, subject) in [
        (json!({"alcock_paczynski": "apply"}), "target_omega_matter"),
        (json!({"target_omega_matter": 0.3}), "target_omega_matter"),
        (json!({"alcock_paczynski": "yes"}), "alcock_paczynski"),
        (json!({"alcock_paczynski": "apply", "target_omega_matter": 3.0}), "target_omega_matter"),
        (json!({"reference_omega_matter": 0.3}), "reference_omega_matter"),
    ] {
        assert_eq!(fault(gold(("table", GOLD), values.clone())).subject, subject, "{values}");
    }
    let apply = json!({"alcock_paczynski": "apply", "target_omega_matter": 0.3});
    let unknown = fault(gold(("table", &three_columns()), apply.clone()));
    assert_eq!((unknown.subject.as_str(), unknown.line), ("table", Some(1)));
    let joint = "0.15 0.53 f_sigma8\n0.15 4.5 DV_over_rs\n";
    let joint = fault(run(&[("table", joint), ("covariance", "0.0266 0.0023\n0.0023 0.0183\n")], apply));
    assert_eq!(joint.subject, "table");
}

#[test]
fn the_picture_shows_growth_with_the_reference_cosmology() {
    let derived = gold(("table", GOLD), json!({})).unwrap();
    assert_eq!(derived.plots.keys().collect::<Vec<_>>(), ["correlation", "growth"]);
    let Plot::Points { series, curves, residuals, .. } = &derived.plots["growth"] else { panic!() };
    assert_eq!((series.len(), curves.len()), (1, 1));
    assert_eq!(residuals.as_ref().unwrap().model, derived.models[0].name);
    // f sigma8 of Planck 2018 rises to 0.48 at z = 0.5.
    assert!(curves[0].y.iter().all(|value| (0.3..0.5).contains(value)));
    assert_eq!(residuals.as_ref().unwrap().label, "measured - Planck 2018 / q");
    assert_eq!(derived.models[0].prediction.len(), 22);
}

/// The convention of the values and of what they are held against.
#[test]
fn the_reference_model_is_divided_by_q_and_says_so() {
    let model = |table: &str| gold(("table", table), json!({})).unwrap().models.remove(0);
    let (with, without) = (model(GOLD), model(&three_columns()));
    assert!(with.meaning.contains("f sigma8 divided by q"), "{}", with.meaning);
    assert!(without.meaning.contains("no Alcock-Paczynski factor: the reference"), "{}", without.meaning);
    let derived =
        gold(("table", GOLD), json!({"alcock_paczynski": "apply", "target_omega_matter": 0.3153})).unwrap();
    let corrected = columns(derived, "corrected");
    let ratios = corrected["alcock_paczynski_ratio"].as_f64().unwrap();
    for ((with, without), ratio) in with.prediction.iter().zip(&without.prediction).zip(ratios) {
        assert!((with * ratio / without - 1.0).abs() < 1e-15);
    }
    let joint = "0.15 0.53 f_sigma8\n0.15 4.5 DV_over_rs\n";
    let joint = run(&[("table", joint), ("covariance", "0.0266 0.0023\n0.0023 0.0183\n")], json!({}));
    assert!(joint.unwrap().models[0].meaning.contains("no Alcock-Paczynski factor: the distances"));
}

fn text_of(content: &ExportContent) -> &str {
    match content {
        ExportContent::Text { text } => text,
        ExportContent::Columns { header: Some(header), .. } => header,
        other => panic!("{other:?}"),
    }
}

#[test]
fn cobaya_is_told_the_reference_cosmologies_and_offered_corrected_values() {
    let derived = gold(("table", GOLD), json!({})).unwrap();
    assert!(!derived.exports.contains_key("cobaya_corrected"));
    let files = &derived.exports["cobaya"].files;
    for text in [text_of(&files[0].content), text_of(&files[2].content)] {
        assert!(text.contains("# f sigma8 / q, q = H D_A / (H D_A)_ref"), "{text}");
        assert!(text.contains("\n# 0.3 0.3 0.266 0.3 0.31 0.3 0.27 0.27 0.25 0.25 0.274 0.307115"), "{text}");
        assert!(text.is_ascii(), "{text}");
    }
    assert!(text_of(&files[0].content).lines().all(|line| line.starts_with("# ")));
    let unknown = gold(("table", &three_columns()), json!({})).unwrap();
    assert_eq!(text_of(&unknown.exports["cobaya"].files[0].content), "# z value quantity");

    let values = json!({"alcock_paczynski": "apply", "target_omega_matter": 0.3153});
    let derived = gold(("table", GOLD), values).unwrap();
    let files = &derived.exports["cobaya_corrected"].files;
    let ExportContent::Columns { table, columns, .. } = &files[0].content else { panic!() };
    assert_eq!((table.as_str(), columns.join(" ").as_str()), ("corrected", "z observable quantity"));
    let ExportContent::Matrix { matrix, .. } = &files[1].content else { panic!() };
    assert_eq!(matrix, "corrected_covariance");
    let text = text_of(&files[2].content);
    assert!(text.contains("flat LCDM with Omega_m = 0.3153") && text.contains("{name}_corrected_cov.txt"));
    assert!(text_of(&files[0].content).contains("Omega_m = 0.3153"));
}
