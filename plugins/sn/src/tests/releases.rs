//! Known releases: recognised by their numbers, whatever the text around them, and refused in another order.

use std::fmt::Write as _;

use plugin_api::Severity;
use serde_json::{Value, json};

use super::{Files, RELEASES, Release, UNION3_COVARIANCE, UNION3_TABLE, codes, columns, defaults, derive};
use crate::recognition::row_digest;

/// How many lines stand before the first supernova.
fn heading(release: Release) -> usize {
    match release.name {
        "union2" => 0,
        "jla_binned" => 3,
        _ => 1,
    }
}

fn released() -> impl Iterator<Item = (Release, Files)> {
    RELEASES.into_iter().filter_map(|release| Some((release, release.files()?)))
}

/// When a column is added to the digest, this test writes the new list.
#[test]
fn the_list_of_releases_is_that_of_the_released_tables() {
    let mut list = Vec::new();
    for (release, files) in released() {
        let input = plugin_api::Input { role: "table", name: "", bytes: files.table.as_bytes() };
        let sample = crate::layout::read(&input).unwrap();
        let digests: Vec<String> =
            (0..sample.len()).map(|row| format!("{:08x}", row_digest(&sample, row))).collect();
        let rows: Vec<String> = digests.chunks(15).map(<[String]>::concat).collect();
        let identities = crate::recognition::identities(&sample);
        let mut entry = json!({"name": release.name, "identities": identities, "rows": rows});
        if let Some(covariance) = &files.covariance {
            let input = plugin_api::Input { role: "covariance", name: "", bytes: covariance };
            let published = crate::covariance::Published::read(&input, sample.len(), None).unwrap();
            entry["covariance"] = json!(cosmology::numbers::NumbersDigest::of(published.matrix.values()));
        }
        if release.name == "des_dovekie_statonly" {
            entry["with_another_covariance"] =
                json!({"name": "des_dovekie", "title": "DES-Dovekie supernovae"});
        }
        list.push(entry);
    }
    if list.is_empty() {
        return;
    }
    let embedded: Value = serde_json::from_str(include_str!("../../releases.json")).unwrap();
    let right = json!({"schema": "sn.releases/1", "releases": list});
    assert!(embedded == right, "releases.json should be\n{right}");
}

#[test]
fn every_release_is_recognised_to_the_last_digit() {
    for (release, files) in released() {
        let derived = files.derive(defaults()).unwrap();
        let expected: &[&str] =
            if release.name == "pantheonplus" { &["covariance.diagonal-only"] } else { &[] };
        assert_eq!(codes(&derived.findings), expected, "{}: {:?}", release.name, derived.findings);
        assert_eq!(derived.metadata["release"], release.name);
        let recognition = derived.metadata["release_recognition"].as_str().unwrap();
        assert!(recognition.starts_with("every"), "{recognition}");
        assert!(!derived.metadata["title"].as_str().unwrap().is_empty());
        assert_eq!(derived.metadata["corrections"], json!([]));
        assert_eq!(derived.metadata["selections"], json!([]));
        assert_eq!(columns(derived)["z"].as_f64().unwrap().len(), release.rows, "{}", release.name);
    }
}

#[test]
fn line_ends_blank_lines_and_a_byte_order_mark_do_not_matter() {
    for (release, files) in released() {
        let table = format!("\u{feff}{}\r\n\r\n \n", files.table.replace('\n', "\r\n"));
        let derived = Files { table, ..files }.derive(defaults()).unwrap();
        assert_eq!(derived.metadata["release"], release.name);
        assert!(
            derived.findings.iter().all(|finding| finding.severity < Severity::Error),
            "{}",
            release.name
        );
    }
    let covariance = format!("\u{feff}22\r\n{}\r\n\r\n", UNION3_COVARIANCE.replace('\n', "\r\n"));
    let derived = derive(UNION3_TABLE, Some(covariance.as_bytes()), defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], "union3");
}

/// A covariance for those releases whose own is not published beside the table: errors that differ from row to row.
fn with_covariance(release: Release, files: Files) -> Files {
    if files.covariance.is_some() {
        return files;
    }
    let size = release.rows;
    let derived = files.derive(defaults()).unwrap();
    let variances: Vec<f64> = (0..size).map(|row| derived.matrices[0].values[row * (size + 1)]).collect();
    let zeros = "0 ".repeat(size);
    let scale = if release.name == "pantheonplus" { 1.0 } else { 0.1 };
    let mut text = format!("{size}\n");
    for (row, variance) in variances.iter().enumerate() {
        text.push_str(&zeros[..2 * row]);
        text.push_str(&(scale * variance).to_string());
        text.push(' ');
        text.push_str(&zeros[2 * (row + 1)..]);
        text.push('\n');
    }
    Files { covariance: Some(text.into_bytes()), ..files }
}

#[test]
fn a_table_in_another_order_than_its_covariance_is_refused_at_the_first_wrong_line() {
    for (release, files) in released() {
        let files = with_covariance(release, files);
        let errors = |files: &Files| -> Vec<(String, String)> {
            let findings = files.derive(defaults()).unwrap().findings;
            let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
            errors.map(|finding| (finding.code, finding.place)).collect()
        };
        assert_eq!(errors(&files), [], "{}", release.name);
        let order = "covariance.row-order".to_owned();
        let line = |row: usize| format!("input `table`, line {}", heading(release) + row + 1);

        let reversed = files.with_rows(heading(release), |rows| rows.reverse());
        assert!(errors(&reversed).contains(&(order.clone(), line(0))), "{}", release.name);
        let swapped = files.with_rows(heading(release), |rows| rows.swap(7, 11));
        assert!(errors(&swapped).contains(&(order.clone(), line(7))), "{}", release.name);
        let edited = files.with_rows(heading(release), |rows| {
            // The last digit of the magnitude or distance modulus.
            let place = match release.name {
                "pantheonplus" => 8,
                "jla_binned" => 1,
                "union2" => 2,
                "des_y5" => 5,
                _ => 4,
            };
            let separator = [' ', ',', '\t'].into_iter().find(|one| rows[3].contains(*one)).unwrap();
            let mut fields: Vec<String> = rows[3].split(separator).map(str::to_owned).collect();
            let last = fields[place].pop().unwrap();
            fields[place].push(if last == '5' { '6' } else { '5' });
            rows[3] = fields.join(&separator.to_string());
        });
        assert_eq!(errors(&edited), [("release.table".to_owned(), line(3))], "{}", release.name);
    }
}

#[test]
fn a_row_that_is_missing_does_not_fit_the_covariance() {
    for (release, files) in released() {
        let files = with_covariance(release, files);
        let shorter = files.with_rows(heading(release), |rows| drop(rows.remove(5)));
        let fault = super::fault(shorter.derive(defaults()));
        assert_eq!(fault.subject, "covariance", "{}", release.name);
        let alone = Files { covariance: None, ..shorter };
        if release.name == "union3" || release.name == "jla_binned" {
            assert!(super::fault(alone.derive(defaults())).message.contains("the table has no errors"));
        } else {
            let derived = alone.derive(defaults()).unwrap();
            assert!(codes(&derived.findings).contains(&"release.table"), "{}", release.name);
        }
    }
}

#[test]
fn another_covariance_of_the_right_size_is_told() {
    let changed = UNION3_COVARIANCE.replacen("0.0086044441289678", "0.0086044441289679", 1);
    assert_ne!(changed, UNION3_COVARIANCE);
    let derived = derive(UNION3_TABLE, Some(changed.as_bytes()), defaults()).unwrap();
    assert_eq!(codes(&derived.findings), ["release.covariance"]);
    let derived = derive(UNION3_TABLE, Some(changed.as_bytes()), json!({"release": "none"})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], Value::Null);
    assert_eq!(derived.metadata["resembles"], "union3", "its supernovae are still those");
}

/// The inverse of the full covariance of DES-Dovekie is published as well.
#[test]
fn a_release_with_several_covariances_is_named_by_its_table() {
    let Some(files) = Release::named("des_dovekie_statonly").files() else { return };
    let errors = Files { covariance: None, ..files.clone() }.derive(defaults()).unwrap();
    assert_eq!(errors.metadata["release"], "des_dovekie_statonly");
    let mut text = String::from("1820\n");
    for row in 0..1820 {
        let variance = 1.1 * errors.matrices[0].values[1821 * row];
        let (before, after) = ("0 ".repeat(row), "0 ".repeat(1819 - row));
        let _ = writeln!(text, "{before}{variance} {after}");
    }
    let other = Files { covariance: Some(text.into_bytes()), ..files }.derive(defaults()).unwrap();
    assert_eq!(codes(&other.findings), [""; 0]);
    assert_eq!(other.metadata["release"], "des_dovekie");
    assert_eq!(other.metadata["title"], "DES-Dovekie supernovae");
    assert!(other.metadata["conflicts"].to_string().contains("des_dovekie_statonly"));
}

/// Without correlations the order means nothing.
#[test]
fn a_table_without_covariance_may_be_sorted() {
    let Some(files) = Release::named("des_y5").files() else { return };
    let reversed = files.with_rows(1, |rows| rows.reverse());
    let derived = reversed.derive(defaults()).unwrap();
    assert_eq!(codes(&derived.findings), ["covariance.row-order"]);
    assert_eq!(derived.findings[0].severity, Severity::Note);
}

#[test]
fn scales_and_frames_are_said_and_never_invented() {
    for (release, files) in released() {
        let derived = files.derive(defaults()).unwrap();
        let kind = if release.name.starts_with("pantheon") { "magnitude" } else { "modulus" };
        assert_eq!(derived.metadata["observable_kind"], kind, "{}", release.name);
        let frames = derived.metadata["redshift_frame"].clone();
        let scale = derived.metadata["absolute_scale"].clone();
        assert_eq!(scale["observable"], "uncalibrated");
        let table = derived.tables.into_iter().next().unwrap();
        let names: Vec<String> = table.fields().iter().map(|field| field.name.clone()).collect();
        let columns = table.into_batches().next().unwrap().unwrap();
        let column = |name: &str| &columns[names.iter().position(|column| column == name).unwrap()];
        let none = plugin_api::Column::from(vec![None::<f64>; release.rows]);
        assert_eq!(
            *column("z_hel") == none,
            matches!(release.name, "union3" | "pantheon2018_binned" | "jla_binned" | "union2")
        );
        match release.name {
            "union3" => assert!(frames["z_hel"].as_str().unwrap().contains("repeats `zcmb` as `zhel`")),
            "pantheonplus" => {
                assert_eq!(scale["absolute_magnitude_of_mu_mag"], -19.253);
                assert_eq!(column("name").as_text().unwrap()[0], "2011fe");
                assert_eq!(column("row_id").as_text().unwrap()[1], "2011fe_56");
                assert_eq!(names.len(), 27);
            }
            "des_y5" => assert_eq!(scale["hubble_constant_of_mu_km_s_mpc"], 70),
            // Zeros that stand for columns the release does not have.
            "pantheon2018" => assert!(!names.iter().any(|name| name == "x1" || name == "c")),
            _ => {}
        }
    }
}

/// No number of a row is as published then, so that only the identities tell which release it is.
#[test]
fn swapped_redshift_columns_of_a_known_release_are_refused() {
    let Some(files) = Release::named("pantheonplus").files() else { return };
    for (one, other) in [(" zHD ", " zHEL "), (" m_b_corr_err_DIAG ", " MU_SH0ES_ERR_DIAG ")] {
        let table =
            files.table.replacen(one, " \u{1} ", 1).replacen(other, one, 1).replacen(" \u{1} ", other, 1);
        let derived = Files { table, ..files.clone() }.derive(json!({})).unwrap();
        let finding = &derived.findings[0];
        assert_eq!((finding.code.as_str(), finding.severity), ("release.table", Severity::Error));
        assert!(finding.message.contains("columns may have changed places"), "{}", finding.message);
    }
}

#[test]
fn a_release_demanded_by_name_has_the_published_order() {
    for (release, files) in released() {
        let swapped = files.with_rows(heading(release), |rows| rows.swap(0, 1));
        let findings = swapped.derive(json!({"release": release.name})).unwrap().findings;
        let order = findings.iter().find(|finding| finding.code == "covariance.row-order").unwrap();
        assert_eq!(order.severity, Severity::Error, "{}", release.name);
        assert_eq!(order.place, format!("input `table`, line {}", heading(release) + 1));
    }
}

#[test]
fn a_result_that_is_not_the_demanded_release_is_refused() {
    let Some(files) = Release::named("pantheonplus").files() else { return };
    for parameters in [
        json!({"release": "pantheonplus_shoes"}),
        json!({"release": "pantheonplus", "calibrators": "include"}),
    ] {
        assert_eq!(super::fault(files.derive(parameters)).subject, "release");
    }
    assert!(files.derive(json!({"release": "pantheonplus_shoes", "calibrators": "include"})).is_ok());
    // DES-Dovekie has two covariances, and each its name.
    let files = Release::named("des_dovekie_statonly").files().unwrap();
    assert_eq!(super::fault(files.derive(json!({"release": "des_dovekie"}))).subject, "release");
    let errors = Files { covariance: None, ..files.clone() }.derive(defaults()).unwrap();
    let mut text = String::from("1820\n");
    for row in 0..1820 {
        let variance = 1.1 * errors.matrices[0].values[1821 * row];
        let _ = writeln!(text, "{}{variance} {}", "0 ".repeat(row), "0 ".repeat(1819 - row));
    }
    let other = Files { covariance: Some(text.into_bytes()), ..files };
    let refused = other.derive(json!({"release": "des_dovekie_statonly"})).unwrap();
    assert_eq!(codes(&refused.findings), ["release.covariance"]);
    let named = other.derive(json!({"release": "des_dovekie"})).unwrap();
    assert_eq!(codes(&named.findings), [""; 0]);
    assert_eq!(named.metadata["published_files"].as_object().unwrap().keys().collect::<Vec<_>>(), ["table"]);
}

#[test]
fn a_covariance_that_nobody_knows_is_not_called_published() {
    let Some(files) = Release::named("pantheonplus").files() else { return };
    let release = Release::named("pantheonplus");
    let derived = with_covariance(release, files).derive(json!({"z_min": 0.01})).unwrap();
    let recognition = derived.metadata["release_recognition"].as_str().unwrap();
    assert!(recognition.contains("is not known here"), "{recognition}");
}
