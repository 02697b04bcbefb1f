//! Known releases: recognised by their numbers, whatever the text around them.

use plugin_api::Severity;
use serde_json::{Value, json};

use super::{GOLD, QUASARS, TABLE_II, WIGGLEZ, codes, columns, gold, published, run, three_columns};

#[test]
fn the_bundled_compilation_is_the_release_with_its_blocks() {
    let derived = gold(("table", GOLD), json!({"release": "growth_gold2018"})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.output, "growth");
    assert_eq!(derived.metadata["release"], "growth_gold2018");
    assert_eq!(derived.metadata["release_recognition"], "every number is the published one");
    assert_eq!(derived.metadata["covariance_structure"]["published_as"], "errors and blocks");
    assert_eq!(derived.metadata["corrections"], json!([]));
    let matrix = &derived.matrices[0];
    assert_eq!(matrix.values[12 * 22 + 13].to_bits(), 0.002_57_f64.to_bits());
    assert_eq!(matrix.values[12 * 22 + 14].to_bits(), 0);
    assert_eq!(matrix.values[18 * 22 + 21].to_bits(), (-0.000_210_812_8_f64).to_bits());
    let columns = columns(derived, "data");
    let ids = columns["row_id"].as_text().unwrap();
    assert_eq!((ids[0].as_str(), ids[13].as_str()), ("6dFGS+SNIa_f_sigma8_z0.02", "WiggleZ_f_sigma8_z0.6"));
    assert_eq!(ids[15], "VIPERS-PDR2_f_sigma8_z0.6");
    assert_eq!(columns["observable"].as_f64().unwrap()[8].to_bits(), 0.3512_f64.to_bits());
    assert_eq!(columns["reference_omega_matter"].as_f64().unwrap()[11].to_bits(), 0.307_115_f64.to_bits());
}

#[test]
fn the_published_files_are_the_bundled_numbers() {
    let read = |file: &str| published(&format!("rsd/gold2018/{file}"));
    let Some(table) = read("data_growth_2018_main.txt") else { return };
    let references = read("Table_with_the_data.txt").unwrap();
    let (wigglez, quasars) = (read("Cij_WiggleZ.txt").unwrap(), read("Cij_SDSS.txt").unwrap());
    let blocks = [("wigglez_block", wigglez.as_str()), ("sdss_quasar_block", quasars.as_str())];
    let separate =
        [("table", table.as_str()), ("reference_cosmologies", references.as_str()), blocks[0], blocks[1]];
    let latex = [("table", references.as_str()), blocks[0], blocks[1]];
    let bundled = columns(gold(("table", GOLD), json!({})).unwrap(), "data");
    for files in [&separate[..], &latex[..]] {
        let derived = run(files, json!({})).unwrap();
        assert_eq!(codes(&derived.findings), [""; 0]);
        assert_eq!(derived.metadata["release"], "growth_gold2018");
        let columns = columns(derived, "data");
        for name in ["z", "observable", "uncertainty", "reference_omega_matter"] {
            let bits = |column: &[f64]| column.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                bits(columns[name].as_f64().unwrap()),
                bits(bundled[name].as_f64().unwrap()),
                "{name}"
            );
        }
        assert_eq!(columns["tracer"].as_text(), bundled["tracer"].as_text());
    }
}

#[test]
fn line_ends_comments_and_missing_names_do_not_matter() {
    let table = format!("\u{feff}# downloaded\r\n\r\n{}\r\n\r\n", three_columns().replace('\n', "\r\n"));
    let derived = gold(("table", &table), json!({})).unwrap();
    assert_eq!(derived.metadata["release"], "growth_gold2018");
    assert_eq!(codes(&derived.findings), ["reference.missing"]);
    assert_eq!(derived.findings[0].severity, Severity::Note);
    let known = "not every number could be held against the published ones";
    assert_eq!(derived.metadata["release_recognition"], known);
    assert_eq!(columns(derived, "data")["tracer"].as_text().unwrap()[13], "WiggleZ");
}

#[test]
fn a_full_covariance_with_the_blocks_is_accepted() {
    let covariance = super::full_covariance(|_, _, value| value);
    let derived = run(&[("table", GOLD), ("covariance", &covariance)], json!({})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["covariance_structure"]["block_sizes"].as_array().unwrap().len(), 17);
}

/// 63 analyses of far fewer samples.
#[test]
fn the_long_list_is_read_and_its_double_counting_told() {
    let Some(table) = published(TABLE_II) else { return };
    let files = [("table", table.as_str()), ("wigglez_block", WIGGLEZ), ("sdss_quasar_block", QUASARS)];
    let derived = run(&files, json!({})).unwrap();
    assert_eq!(derived.metadata["release"], "growth_table_ii");
    assert_eq!(derived.metadata["release_recognition"], "every number is the published one");
    assert_eq!(codes(&derived.findings), ["rows.double-counting"; 6]);
    assert!(derived.findings[1].message.ends_with("BOSS galaxies of DR9 to DR12"));
    let columns = columns(derived, "data");
    let ids = columns["row_id"].as_text().unwrap();
    assert_eq!(ids.len(), 63);
    assert_eq!(
        (ids[57].as_str(), ids[58].as_str()),
        ("eBOSS-QSO_f_sigma8_z1.52", "eBOSS-QSO_f_sigma8_z1.52_2")
    );
    let alone = run(&files[..1], json!({})).unwrap();
    assert_ne!(alone.metadata["release_recognition"], "every number is the published one");
    let blocks = alone.findings.iter().filter(|finding| finding.code == "covariance.block");
    assert_eq!(blocks.map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Warning; 2]);
}

#[test]
fn joint_vectors_are_read_with_their_convention() {
    let folder = "bao/sdss_dr12_consensus/";
    let read = |file: &str| published(&format!("{folder}{file}"));
    let Some(table) = read("sdss_DR12Consensus_final.dat") else { return };
    let covariance = read("final_consensus_covtot_dM_Hz_fsig.txt").unwrap();
    let derived = run(&[("table", &table), ("covariance", &covariance)], json!({})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], "sdss_dr12_consensus_final_rsd");
    assert_eq!(derived.metadata["fiducial_rd_mpc"], 147.78);
    assert_eq!(derived.plots.keys().collect::<Vec<_>>(), ["correlation", "distances", "expansion", "growth"]);
    let columns = columns(derived, "data");
    assert_eq!(columns["unit"].as_text().unwrap()[..3], ["Mpc", "km/s/Mpc", "1"]);
}

#[test]
fn unknown_measurements_are_read_and_named_by_the_user() {
    let table = "0.6 0.39 0.06 0.3\n0.6 0.55 0.12 0.3\n0.9 0.4 0.1 0.3\n";
    let derived = run(&[("table", table)], json!({})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], Value::Null);
    let ids = columns(derived, "data")["row_id"].as_text().unwrap().to_vec();
    assert_eq!(ids[..2], ["unspecified_f_sigma8_z0.6", "unspecified_f_sigma8_z0.6_2"]);
    let derived = run(&[("table", table)], json!({"tracer": "A,B,C"})).unwrap();
    assert_eq!(columns(derived, "data")["row_id"].as_text().unwrap()[1], "B_f_sigma8_z0.6");
}
