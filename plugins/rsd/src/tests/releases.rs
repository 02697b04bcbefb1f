//! Published numbers that were changed: in the references, in a full covariance, in a block.

use plugin_api::{Derived, Finding, Severity};
use serde_json::{Value, json};

use super::{
    GOLD, QUASARS, TABLE_II, WIGGLEZ, codes, fault, full_covariance, gold, measurement_lines, published, run,
    three_columns,
};

const EVERY: &str = "every number is the published one";

fn errors(derived: &Derived<'_>) -> Vec<Finding> {
    assert!(!derived.findings.is_empty());
    assert_ne!(derived.metadata["release_recognition"], EVERY);
    derived.findings.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect()
}

/// Redshift and value alone, as a table whose errors stand in the covariance.
fn two_columns() -> String {
    let line = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    measurement_lines(GOLD).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_changed_reference_cosmology_of_a_known_release_is_found_with_its_place() {
    let changed = GOLD.replacen("0.0465  0.3 ", "0.0465  0.4 ", 1);
    let derived = gold(("table", &changed), json!({})).unwrap();
    let found = errors(&derived);
    assert_eq!(codes(&found), ["release.reference"]);
    assert_eq!(found[0].place, "input `table`, line 4, field 4");
    assert!(found[0].message.contains("a reference density of matter of 0.3; found 0.4"));
    let derived = gold(("table", &changed), json!({"release": "none"})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    // In a table beside, and there as a row of LaTeX.
    let rows = measurement_lines(&changed).join("\n");
    let latex = rows.lines().map(|line| line.split_whitespace().take(4).collect::<Vec<_>>().join(" & "));
    let latex =
        format!("\\begin{{tabular}}{{cccc}}\n{}\n\\end{{tabular}}\n", latex.collect::<Vec<_>>().join("\n"));
    let blocks = [("wigglez_block", WIGGLEZ), ("sdss_quasar_block", QUASARS)];
    for (references, line) in [(&rows, 1), (&latex, 2)] {
        let table = three_columns();
        let files = [("table", table.as_str()), ("reference_cosmologies", references), blocks[0], blocks[1]];
        let found = errors(&run(&files, json!({})).unwrap());
        assert_eq!(codes(&found), ["release.reference"]);
        assert_eq!(found[0].place, format!("input `reference_cosmologies`, line {line}, field 4"));
    }
}

#[test]
fn a_changed_reference_cosmology_of_the_long_list_is_found() {
    let Some(table) = published(TABLE_II) else { return };
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    assert!(lines[9].ends_with("0.27"));
    lines[9] = lines[9].replace("0.27", "0.57");
    let text = lines.join("\n");
    let files = [("table", text.as_str()), ("wigglez_block", WIGGLEZ), ("sdss_quasar_block", QUASARS)];
    let found = errors(&run(&files, json!({})).unwrap());
    assert_eq!((found.len(), found[0].place.as_str()), (1, "input `table`, line 10, field 4"));
}

#[test]
fn one_reference_for_all_rows_is_refused_where_the_release_has_its_own() {
    let told = fault(gold(("table", &three_columns()), json!({"reference_omega_matter": 0.9})));
    assert_eq!(told.subject, "reference_omega_matter");
    let values = json!({"reference_omega_matter": 0.9, "release": "none"});
    assert_eq!(codes(&gold(("table", &three_columns()), values).unwrap().findings), [""; 0]);
}

/// Without errors in the table nothing but the release tells what the covariance must be.
#[test]
fn a_full_covariance_that_is_not_the_published_one_is_found() {
    type Change = fn(usize, usize, f64) -> f64;
    let whole = gold(("table", GOLD), json!({})).unwrap().matrices.remove(0).values;
    let element = |row: usize, column: usize| whole[row * 22 + column];
    let inflated: Change = |i, j, value| if i == j && i < 6 { value * 1.045 * 1.045 } else { value };
    let invented: Change = |i, j, value| match (i.min(j), i.max(j)) {
        (0, 1) => 0.9 * 0.0465 * 0.065,
        (2, 3) => -0.8 * 0.048 * 0.13,
        _ => value,
    };
    let diagonal: Change = |i, j, value| if i == j { value } else { 0.0 };
    let inverse: Change = |i, j, value| if i == j { 1.0 / value } else { 0.0 };
    let reversed = full_covariance(|i, j, _| element(21 - i, 21 - j));
    let rotated = full_covariance(|i, j, _| {
        element(if i < 6 { (i + 1) % 6 } else { i }, if j < 6 { (j + 1) % 6 } else { j })
    });
    let matrices = [inflated, invented, diagonal, inverse].map(full_covariance);
    for (table, values) in
        [(two_columns(), json!({})), (GOLD.to_owned(), json!({"release": "growth_gold2018"}))]
    {
        let run =
            |covariance: &str| run(&[("table", &table), ("covariance", covariance)], values.clone()).unwrap();
        for (name, covariance) in ["inflated", "invented", "diagonal", "inverse"]
            .into_iter()
            .zip(&matrices)
            .chain([("reversed", &reversed), ("rotated", &rotated)])
        {
            let found = errors(&run(covariance));
            let expected = if name == "diagonal" { "covariance.block" } else { "release.covariance" };
            assert!(codes(&found).contains(&expected), "{name}: {found:?}");
        }
        // The published one, printed with four digits, is no error; that every digit is right nobody knows.
        let printed = full_covariance(|_, _, value| format!("{value:.3e}").parse().unwrap());
        let derived = run(&printed);
        assert!(derived.findings.iter().all(|finding| finding.severity == Severity::Note));
        assert_ne!(derived.metadata["release_recognition"], EVERY);
    }
    let found = errors(&run(&[("table", GOLD), ("covariance", &matrices[1])], json!({})).unwrap());
    assert_eq!(found[0].place, "matrix `covariance`, element (1, 2)");
    assert!(
        found[0].message.starts_with("4 elements of the covariance of `growth_gold2018`"),
        "{}",
        found[0].message
    );
}

/// Also without a known release: the rows are those of the surveys.
#[test]
fn a_damaged_block_is_an_error_and_an_absent_one_a_warning() {
    let of = |survey: &str| {
        let is_it = |line: &&str| line.ends_with(survey);
        measurement_lines(GOLD).into_iter().filter(is_it).collect::<Vec<_>>().join("\n")
    };
    for (role, table, block, from, to) in [
        ("wigglez_block", of("WiggleZ"), WIGGLEZ, "0.002570", "-0.002570"),
        ("sdss_quasar_block", of("eBOSS-QSO"), QUASARS, "0.004357584", "0.004257584"),
        ("sdss_quasar_block", of("eBOSS-QSO"), QUASARS, "0.004357584", "0.004357884"),
    ] {
        let severities = |files: &[(&str, &str)]| {
            let findings = run(files, json!({})).unwrap().findings;
            findings.iter().map(|finding| (finding.code.clone(), finding.severity)).collect::<Vec<_>>()
        };
        let table = ("table", table.as_str());
        let damaged = block.replace(from, to);
        assert_ne!(damaged, block);
        let code = "covariance.block".to_owned();
        assert_eq!(severities(&[table, (role, &damaged)]), [(code.clone(), Severity::Error)], "{to}");
        assert_eq!(severities(&[table]), [(code, Severity::Warning)]);
        assert_eq!(severities(&[table, (role, block)]), []);
    }
}

#[test]
fn a_damaged_block_of_the_long_list_is_an_error() {
    let Some(table) = published(TABLE_II) else { return };
    let flipped = WIGGLEZ.replace("0.002570", "-0.002570");
    let changed = QUASARS.replace("0.004357584", "0.004257584");
    for (wigglez, quasars) in [(flipped.as_str(), QUASARS), (WIGGLEZ, changed.as_str())] {
        let files = [("table", table.as_str()), ("wigglez_block", wigglez), ("sdss_quasar_block", quasars)];
        assert_eq!(codes(&errors(&run(&files, json!({})).unwrap())), ["covariance.block"]);
    }
}

#[test]
fn a_permuted_table_is_not_the_release_it_is_named() {
    let lines = measurement_lines(GOLD);
    let mut swapped = lines.clone();
    swapped.swap(0, 1);
    let mut reversed = lines.clone();
    reversed.reverse();
    let mut rotated = lines;
    rotated.rotate_left(1);
    for permuted in [swapped, reversed, rotated] {
        let named = |name: Value| gold(("table", &permuted.join("\n")), json!({"release": name})).unwrap();
        let found = errors(&named(json!("growth_gold2018")));
        assert!(matches!(found[0].code.as_str(), "covariance.row-order" | "release.mean"), "{found:?}");
        assert!(found[0].place.starts_with("input `table`, line "), "{}", found[0].place);
    }
}
