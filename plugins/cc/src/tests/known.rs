//! Known releases: recognised by their numbers, whatever the text around them.

use plugin_api::{Input, Severity};
use serde_json::{Value, json};

use super::{COMPONENTS, TABLE, both, codes, columns, fault, published, run, texts};

fn lines(table: &str) -> Vec<&str> {
    table.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn the_bundled_points_are_the_release() {
    let derived = both(TABLE, json!({"release": "auto"})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], "moresco2020_bc03");
    assert_eq!(derived.metadata["systematics"]["components"], json!(["imf", "mod_ooo"]));
    assert_eq!(derived.metadata["systematics"]["points_with_components"], 15);
    assert_eq!(derived.metadata["systematics"]["beyond_the_ends"], json!([1.965]));
    assert!(derived.metadata["systematics"]["source"].as_str().unwrap().contains("2003.07362, table 3"));
    assert_eq!(derived.metadata["covariance_structure"]["structure"], "dense");
    assert_eq!(derived.metadata["row_order"], "as in the file of the table");
    let columns = columns(derived);
    assert_eq!(columns["row_id"].as_text().unwrap()[..2], ["H_z0.1791", "H_z0.1993"]);
    assert_eq!(columns["statistical_uncertainty"].as_f64().unwrap()[1].to_bits(), 4.900_135_2_f64.to_bits());
    assert_eq!(columns["statistical_share"].as_f64().unwrap()[2].to_bits(), 13.0_f64.to_bits());
    assert_eq!(columns["source"].as_text().unwrap()[13], "moresco2015");
}

#[test]
fn every_public_table_is_recognised_with_its_methods() {
    for (file, release, d4000) in [
        ("cc32/32CCdata.dat", "cc32", 15),
        ("moresco2020/HzTable_MM_BC03.dat", "moresco2020_bc03", 15),
        ("montepython_clocks/Hz_2016.dat", "moresco2016_all", 15),
        ("montepython_clocks/Hz_BC03.dat", "moresco2012_bc03", 8),
        ("montepython_clocks/Hz_BC03_all.dat", "moresco2012_bc03_all", 8),
        ("montepython_clocks/Hz_MaStro.dat", "moresco2012_mastro", 8),
    ] {
        let Some(table) = published(&format!("cc/{file}")) else { return };
        for text in [table.clone(), table.replace('\n', "\r\n"), format!("\u{feff}{table}\n\n")] {
            let derived = run(&[("table", &text)], json!({"systematics": "none"})).unwrap();
            assert_eq!(codes(&derived.findings), [""; 0], "{file}");
            assert_eq!(derived.metadata["release"], release);
            assert!(derived.metadata.contains_key("title") && derived.metadata.contains_key("conflicts"));
            let methods = texts(derived, "method");
            assert_eq!(methods.iter().filter(|method| *method == "d4000").count(), d4000, "{file}");
        }
    }
}

#[test]
fn points_without_d4000_have_no_systematic_terms() {
    let Some(list) = published("cc/cc32/32CCdata.dat") else { return };
    for components in ["data_MM20.dat", "data_MM20.801bytes.dat"] {
        let components = published(&format!("cc/moresco2020/{components}")).unwrap();
        let derived = run(&[("table", &list), ("components", &components)], json!({})).unwrap();
        assert_eq!(codes(&derived.findings), [""; 0]);
        assert_eq!(
            derived.metadata["covariance_structure"]["structure"],
            "dense among some points, diagonal for the others"
        );
        let matrix = derived.matrices[0].values.clone();
        let columns = columns(derived);
        let (methods, errors) = (&columns["method"], &columns["statistical_uncertainty"]);
        for (row, method) in methods.as_text().unwrap().iter().enumerate() {
            let coupled = (0..32).any(|column| column != row && matrix[row * 32 + column] != 0.0);
            assert_eq!(coupled, method == "d4000", "row {row}");
            if !coupled {
                let error = errors.as_f64().unwrap()[row];
                assert_eq!(matrix[row * 33].to_bits(), (error * error).to_bits());
            }
        }
        // Borghi et al. 2022.
        let at = columns["z"].as_f64().unwrap().iter().position(|z| z.to_bits() == 0.75_f64.to_bits());
        assert_eq!(methods.as_text().unwrap()[at.unwrap()], "lick");
    }
}

#[test]
fn the_published_matrix_is_used_as_it_is() {
    let Some(matrix) = published("cc/moresco2020/cov_cc_MM_BC03.txt") else { return };
    let derived = run(&[("table", TABLE), ("covariance", &matrix)], json!({})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], "moresco2020_bc03_simplemc");
    assert_eq!(derived.matrices[0].values[..2], [30.98, 16.50]);
    let uncertainty = columns(derived)["uncertainty"].as_f64().unwrap()[0];
    assert_eq!(uncertainty.to_bits(), 30.98_f64.sqrt().to_bits());

    let reversed: Vec<&str> = lines(TABLE).into_iter().rev().collect();
    let reversed = reversed.join("\n");
    let derived = run(&[("table", &reversed), ("covariance", &matrix)], json!({})).unwrap();
    assert!(codes(&derived.findings).contains(&"covariance.row-order"));
    // The same without the list of releases: by the diagonal.
    let ignored = json!({"release": "none"});
    let derived = run(&[("table", &reversed), ("covariance", &matrix)], ignored).unwrap();
    assert!(codes(&derived.findings).contains(&"covariance.diagonal"));
    // The matrix of known points with other points.
    let derived = run(&[("table", &TABLE.replace("104.5 ", "104.6 ")), ("covariance", &matrix)], json!({}));
    assert!(codes(&derived.unwrap().findings).contains(&"release.table"));
    // With components the order does not matter, as they follow the points.
    let derived = both(&reversed, json!({})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert!(derived.metadata["row_order"].as_str().unwrap().ends_with("not the published order"));
}

/// A copy of the table in public code has 4.9881352 for 4.9001352 at z = 0.1993. The shares 4.9 and 0.6, as they are
/// printed, allow either; the release does not, and neither does a longer list that holds the point.
#[test]
fn a_wrong_digit_in_an_error_is_found() {
    let wrong = TABLE.replace("4.9001352", "4.9881352");
    let mut three: Vec<String> = lines(&wrong)
        .iter()
        .map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(","))
        .collect();
    for table in [wrong, three.join("\n")] {
        let derived = both(&table, json!({})).unwrap();
        assert_eq!(codes(&derived.findings), ["release.table"]);
        assert_eq!(
            derived.findings[0].message,
            "4.9881352 is not the error that `moresco2020_bc03` has at z = 0.1993"
        );
    }
    three.push("0.07,69,19.6".to_owned());
    let derived = both(&three.join("\n"), json!({"d4000_redshifts": "none"})).unwrap();
    assert_eq!(codes(&derived.findings), ["uncertainty.unpublished"]);
    assert_eq!(derived.findings[0].place, "input `table`, line 2");
}

#[test]
fn the_user_says_which_points_of_an_unknown_table_have_components() {
    let table = "0.5 90 10\n1.0 125 12\n";
    let refusal = fault(both(table, json!({})));
    assert_eq!(refusal.subject, "d4000_redshifts");
    assert!(refusal.hint.unwrap().contains("--param d4000_redshifts=all"));
    for (told, expected) in
        [("all", ["d4000", "d4000"]), ("none", ["other", "other"]), ("1.0", ["other", "d4000"])]
    {
        let derived = both(table, json!({"d4000_redshifts": told})).unwrap();
        assert_eq!(codes(&derived.findings), [""; 0]);
        assert_eq!(derived.metadata["release"], Value::Null);
        assert_eq!(texts(derived, "method"), expected);
    }
    assert!(fault(both(table, json!({"d4000_redshifts": "0.7"}))).message.contains("no point has"));
    // What a release says is not to be contradicted.
    let refusal = fault(both(TABLE, json!({"d4000_redshifts": "none"})));
    assert!(refusal.message.contains("contradicts the recognised release"));
    assert!(both(TABLE, json!({"d4000_redshifts": "all"})).is_ok());
}

#[test]
fn a_named_release_is_demanded() {
    // The error is that of the table, not that nothing is known of the methods.
    let refusal = fault(both(TABLE, json!({"release": "cc32"})));
    assert_eq!((refusal.subject.as_str(), refusal.line), ("table", Some(5)));
    assert!(refusal.message.contains("is no point of `cc32`"), "{}", refusal.message);
    assert!(fault(both(TABLE, json!({"release": "cc33"}))).hint.unwrap().contains("cc32"));
    let derived =
        run(&[("table", TABLE), ("components", COMPONENTS)], json!({"release": "moresco2020_bc03"}));
    assert_eq!(codes(&derived.unwrap().findings), [""; 0]);
}

#[test]
fn a_release_demanded_by_name_has_its_order_its_inputs_and_its_covariance() {
    let demanded = || json!({"release": "moresco2020_bc03"});
    let mut rows = lines(TABLE);
    rows.swap(0, 1);
    let swapped = rows.join("\n");
    let derived = both(&swapped, demanded()).unwrap();
    assert_eq!(codes(&derived.findings), ["release.row-order"]);
    assert_eq!(derived.findings[0].place, "input `table`, line 1");
    assert_eq!(codes(&both(&swapped, json!({})).unwrap().findings), [""; 0]);
    rows.pop();
    let refusal = fault(both(&rows.join("\n"), demanded()));
    assert_eq!(
        (refusal.line, refusal.message.as_str()),
        (Some(14), "`moresco2020_bc03` has 15 points, found 14")
    );
    let other = both(TABLE, json!({"release": "moresco2020_bc03_simplemc"}));
    assert!(fault(other).hint.unwrap().contains("release=moresco2020_bc03`"));

    // Two rows of similar errors have changed places in the matrix: the diagonal does not tell.
    let Some(matrix) = published("cc/moresco2020/cov_cc_MM_BC03.txt") else { return };
    let mut rows: Vec<Vec<&str>> =
        lines(&matrix).iter().map(|line| line.split_whitespace().collect()).collect();
    rows.swap(6, 10);
    for row in &mut rows {
        row.swap(6, 10);
    }
    let rows: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
    let shuffled = rows.join("\n");
    for (parameters, severity) in
        [(json!({}), Severity::Warning), (json!({"release": "moresco2020_bc03_simplemc"}), Severity::Error)]
    {
        let derived = run(&[("table", TABLE), ("covariance", &shuffled)], parameters).unwrap();
        assert_eq!(codes(&derived.findings), ["covariance.unpublished"]);
        assert_eq!(derived.findings[0].severity, severity);
    }
}

#[test]
fn a_list_that_lost_a_point_is_pointed_out() {
    let three = |line: &str| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    let rows: Vec<String> = lines(TABLE).into_iter().map(three).collect();
    let shorter = rows[..14].join("\n");
    let derived = run(&[("table", &shorter)], json!({"systematics": "none"})).unwrap();
    assert_eq!(codes(&derived.findings), ["release.incomplete"]);
    assert_eq!(derived.findings[0].place, "input `table`, line 14");
    let few = rows[..7].join("\n");
    let derived = run(&[("table", &few)], json!({"systematics": "none"})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
}

#[test]
fn a_published_list_with_one_mistyped_rate_or_redshift_is_refused() {
    let message = |text: &str, parameters: Value| {
        let derived = run(&[("table", text)], parameters).unwrap();
        assert!(codes(&derived.findings).contains(&"release.table"), "{:?}", derived.findings);
        derived.findings[0].message.clone()
    };
    let told = || json!({"systematics": "none"});
    assert_eq!(
        message(&TABLE.replace("104.5 ", "104.6 "), told()),
        "the table is that of `moresco2020_bc03`, but 104.6 is not the rate that it has at z = 0.7812"
    );
    let Some(list) = published("cc/cc32/32CCdata.dat") else { return };
    let fifth = |from: &str, to: &str| {
        let line = |(number, line): (usize, &str)| {
            if number == 4 { line.replace(from, to) } else { line.to_owned() }
        };
        list.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        message(&fifth("83", "84"), told()),
        "the table is that of `cc32`, but 84 is not the rate that it has at z = 0.17"
    );
    assert_eq!(
        message(&fifth("0.17", "0.71"), told()),
        "the table is that of `cc32`, but 0.71 is not its redshift of H = 83, which is 0.17"
    );
    let meant =
        run(&[("table", &fifth("83", "84"))], json!({"systematics": "none", "release": "none"})).unwrap();
    assert_eq!(codes(&meant.findings), [""; 0]);
    assert_eq!(meant.metadata["resembles"], "cc32");
    let of_2016 = published("cc/montepython_clocks/Hz_2016.dat").unwrap();
    for (index, line) in of_2016.lines().enumerate().filter(|(_, line)| !line.starts_with('#')) {
        let mut fields: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let rate: f64 = fields[1].parse().unwrap();
        fields[1] = (rate + 1.0).to_string();
        let mut lines: Vec<String> = of_2016.lines().map(str::to_owned).collect();
        lines[index] = fields.join(" ");
        let message = message(&lines.join("\n"), told());
        assert!(message.starts_with("the table is that of `moresco2016_all`"), "{message}");
    }
}

/// Each public list is a compilation that shares points with others: were it not known, it would still be no damaged copy.
#[test]
fn a_compilation_that_shares_points_with_a_release_is_no_damaged_copy_of_it() {
    for (file, release) in [
        ("cc32/32CCdata.dat", "cc32"),
        ("moresco2020/HzTable_MM_BC03.dat", "moresco2020_bc03"),
        ("montepython_clocks/Hz_2016.dat", "moresco2016_all"),
        ("montepython_clocks/Hz_BC03.dat", "moresco2012_bc03"),
        ("montepython_clocks/Hz_BC03_all.dat", "moresco2012_bc03_all"),
        ("montepython_clocks/Hz_MaStro.dat", "moresco2012_mastro"),
    ] {
        let Some(text) = published(&format!("cc/{file}")) else { return };
        let input = Input { role: "table", name: "file.txt", bytes: text.as_bytes() };
        let points = crate::table::read(&input).unwrap();
        let mut others = crate::releases::known().unwrap();
        others.releases.retain(|known| known.name != release);
        let mut findings = crate::recognition::miscopied(&others, &points);
        // One redshift of `cc32` is another one in the list of 2016, which is worth a word.
        findings.retain(|finding| finding.severity == Severity::Error);
        assert!(findings.is_empty(), "{file}: {findings:?}");
    }
    let Some(list) = published("cc/cc32/32CCdata.dat") else { return };
    // Tomasetti 2023 beside the others; Jimenez 2023 in the place of Borghi 2022.
    let longer = format!("{list}\n1.26, 135, 65\n");
    let replaced = list.replace("0.75,   98.8,  33.6", "0.75, 105, 10.76");
    assert_ne!(replaced, list);
    for text in [longer, replaced] {
        let derived = run(&[("table", &text)], json!({"systematics": "none"})).unwrap();
        assert!(!codes(&derived.findings).contains(&"release.table"), "{:?}", derived.findings);
        assert_eq!(derived.metadata["release"], Value::Null);
        assert_eq!(derived.metadata["resembles"], "cc32");
    }
}

#[test]
fn known_points_with_a_covariance_of_ones_own_still_name_what_counts_them_twice() {
    let size = 15;
    let element = |index: usize| if index.is_multiple_of(size + 1) { "2000" } else { "0" };
    let matrix: Vec<&str> = (0..size * size).map(element).collect();
    let rows: Vec<String> = matrix.chunks(size).map(|row| row.join(" ")).collect();
    let derived = run(&[("table", TABLE), ("covariance", &rows.join("\n"))], json!({})).unwrap();
    assert_eq!(derived.metadata["release"], Value::Null);
    assert_eq!(derived.metadata["resembles"], "moresco2020_bc03");
    let with = &derived.metadata["conflicts"][0]["with"];
    assert_eq!(*with, json!(["moresco2020_bc03"]));
}
