//! Cuts: counts of the published likelihoods, and that table, covariance and record agree.

use serde_json::{Value, json};

use super::{Release, UNION3_COVARIANCE, UNION3_TABLE, columns, derive, fault};

fn rows(parameters: Value) -> Option<usize> {
    let derived = Release::named("pantheonplus").files()?.derive(parameters).unwrap();
    assert_eq!(derived.models[0].prediction.len(), derived.matrices[0].size);
    Some(derived.matrices[0].size)
}

/// Brout et al. 2022 and Riess et al. 2022 use the first two; 77 calibrators, of which 10 are at zHD > 0.01.
#[test]
fn the_cuts_of_pantheon_plus_leave_the_published_counts() {
    for (parameters, expected) in [
        (json!({"z_min": 0.01}), 1590),
        (json!({"z_min": 0.01, "calibrators": "include"}), 1657),
        (json!({"z_min": 0.01, "calibrators": "exclude"}), 1580),
        (json!({"z_min": 0.023}), 1371),
        (json!({"calibrators": "only"}), 77),
        (json!({"calibrators": "include"}), 1701),
        (json!({"calibrators": "exclude"}), 1624),
        (json!({"z_max": 0.01}), 111),
        (json!({"exclude_ids": "2011fe, 2012cg_51"}), 1698),
    ] {
        let Some(found) = rows(parameters.clone()) else { return };
        assert_eq!(found, expected, "{parameters}");
    }
}

#[test]
fn a_cut_acts_on_table_covariance_and_record() {
    let parameters = json!({"z_min": 0.1, "z_max": 0.3, "exclude_ids": "bin04"});
    let all = derive(UNION3_TABLE, Some(UNION3_COVARIANCE.as_bytes()), json!({})).unwrap();
    let cut = derive(UNION3_TABLE, Some(UNION3_COVARIANCE.as_bytes()), parameters).unwrap();
    let element = |row: usize, column: usize| all.matrices[0].values[22 * row + column].to_bits();
    let kept: Vec<u64> = cut.matrices[0].values.iter().map(|value| value.to_bits()).collect();
    assert_eq!(kept, [element(2, 2), element(2, 3), element(3, 2), element(3, 3)]);
    assert_eq!(
        cut.metadata["selections"],
        json!([
            {"parameter": "z_min", "value": 0.1, "keeps": "z > 0.1", "rows_before": 22, "removed": 2},
            {"parameter": "z_max", "value": 0.3, "keeps": "z < 0.3", "rows_before": 20, "removed": 17},
            {"parameter": "exclude_ids", "value": ["bin04"], "keeps": "what is not named", "rows_before": 3, "removed": 1},
        ])
    );
    assert_eq!(cut.metadata["rows"], json!({"published": 22, "selected": 2}));
    assert_eq!(cut.metadata["release"], "union3");
    assert_eq!(columns(cut)["row_id"].as_text().unwrap(), ["bin02", "bin03"]);
}

#[test]
fn cuts_that_make_no_sense_are_refused() {
    for (parameters, subject, message) in [
        (json!({"calibrators": "include"}), "calibrators", "does not say which supernovae calibrate"),
        (
            json!({"calibrators": "yes"}),
            "calibrators",
            "expected `include` or `exclude` or `only`, found `yes`",
        ),
        (json!({"exclude_ids": "bin99"}), "exclude_ids", "no supernova is called `bin99`"),
        (json!({"z_min": 3}), "z_min", "no supernova is left"),
        (json!({"z_min": 0.5, "z_max": 0.5}), "z_max", "0.5 is not above `z_min`, 0.5"),
        (json!({"z_min": -1}), "z_min", "no redshift of a supernova"),
    ] {
        let fault = fault(derive(UNION3_TABLE, Some(UNION3_COVARIANCE.as_bytes()), parameters));
        assert_eq!(fault.subject, subject);
        assert!(fault.message.contains(message), "{}", fault.message);
    }
}

#[test]
fn a_calibrator_is_held_against_its_cepheid_distance() {
    let Some(files) = Release::named("pantheonplus").files() else { return };
    let derived = files.derive(json!({"calibrators": "only"})).unwrap();
    assert_eq!(derived.metadata["release"], "pantheonplus_shoes");
    let model = derived.models[0].clone();
    let offset = model.parameters["offset_mag"].as_f64().unwrap();
    // 2011fe: CEPH_DIST 29.177. The offset is M, measured with diagonal errors.
    assert!((model.prediction[0] - offset - 29.177).abs() < 1e-12);
    assert!((offset + 19.25).abs() < 0.05, "{offset}");
}
