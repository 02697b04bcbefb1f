//! Published numbers: every release is read, recognised, kept to the last bit, and gives the published likelihood.

mod basis;
pub(crate) mod likelihood;
pub(crate) mod releases;

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::Sandbox;
use tests::needs::Need;

use crate::trial;
use releases::{Batch, RELEASES, Release, document, named, numbers};

pub(crate) fn trials() -> Vec<Trial> {
    use Need::{Cobaya, Numpy, Releases};
    vec![
        trial("reference::likelihoods_follow_from_the_exports", &[Releases, Numpy], likelihood::with_numpy),
        trial("reference::cobaya_reads_the_exports", &[Releases, Cobaya], likelihood::with_cobaya),
        trial("reference::every_release_is_recognised_and_kept", &[Releases], recognised_and_kept),
        trial("reference::lyman_alpha_keeps_its_row_order", &[Releases], lyman_alpha),
        trial("reference::derived_bases_equal_the_published_ones", &[Releases], basis::dr12),
        trial("reference::derived_basis_of_each_tracer", &[Releases], basis::desi),
    ]
}

/// Bits of numbers, and -0 as 0: a file may say `-0.0`, but it means nothing.
fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Rows of a CSV file, heading first. No field of these files holds a comma or a quote.
fn csv(text: &str) -> Vec<Vec<&str>> {
    assert!(!text.contains('"'), "{text}");
    text.lines().map(|line| line.split(',').collect()).collect()
}

/// The numbers of a column.
fn column(rows: &[Vec<&str>], title: &str) -> Vec<f64> {
    let index = rows[0].iter().position(|field| *field == title).unwrap();
    rows[1..].iter().map(|row| row[index].parse().unwrap()).collect()
}

/// The texts of a column.
fn texts<'a>(rows: &[Vec<&'a str>], title: &str) -> Vec<&'a str> {
    let index = rows[0].iter().position(|field| *field == title).unwrap();
    rows[1..].iter().map(|row| row[index]).collect()
}

/// The matrix in a CSV file, which names its rows and columns.
fn matrix(text: &str) -> Vec<Vec<f64>> {
    let rows = csv(text);
    let names: Vec<&str> = rows[1..].iter().map(|row| row[0]).collect();
    assert_eq!(names, rows[0][1..]);
    rows[1..].iter().map(|row| row[1..].iter().map(|field| field.parse().unwrap()).collect()).collect()
}

/// An export of a prepared dataset.
pub(crate) fn exported(sandbox: &Sandbox, name: &str, format: &str) {
    let output = sandbox.path("it's an export");
    let arguments = ["export", name, "--format", format, "--output", output.to_str().unwrap()];
    let _ = sandbox.run(arguments).success();
}

pub(crate) fn read(sandbox: &Sandbox, file: &str) -> String {
    std::fs::read_to_string(sandbox.path("it's an export").join(file)).unwrap()
}

/// One batch from a manifest that pins each file as `MANIFEST.json` does; nothing is found, everything is recognised,
/// and what a CSV export holds is what the published file holds.
fn recognised_and_kept() {
    let sandbox = Sandbox::new();
    let mut batch = Batch::new(&sandbox);
    let manifest = document("MANIFEST.json");
    let pins: Vec<&Value> = manifest.as_array().unwrap().iter().collect();
    let mut used = BTreeSet::new();
    for (number, release) in RELEASES.iter().enumerate() {
        let inputs: Vec<(&str, String)> =
            release.files.iter().map(|(role, _)| (*role, release.text(role))).collect();
        for ((_, file), (_, content)) in release.files.iter().zip(&inputs) {
            let pin = pins.iter().find(|pin| pin["file"] == *file).unwrap();
            assert_eq!(pin["sha256"], releases::sha256(content), "{file} is not the file of MANIFEST.json");
            used.insert(*file);
        }
        batch.add(&dataset(number, release), &inputs);
    }
    let unused: Vec<&&Value> = pins
        .iter()
        .filter(|pin| pin["probe"] == "bao" && !used.contains(pin["file"].as_str().unwrap()))
        .collect();
    assert!(unused.is_empty(), "files that nothing is made of: {unused:?}");

    let (code, datasets) = batch.prepare();
    assert_eq!(code, Some(0), "{datasets:?}");
    for (number, release) in RELEASES.iter().enumerate() {
        let name = dataset(number, release);
        let document = &datasets[&name]["dataset"]["document"];
        assert_eq!(document["findings"], json!([]), "{name}");
        let metadata = &document["metadata"];
        assert_eq!(metadata["release"], release.name);
        assert_eq!(metadata["release_recognition"], "every number is the published one", "{name}");
        assert_eq!(metadata["corrections"], json!([]), "{name}");
        assert!(!metadata["citations"].as_array().unwrap().is_empty(), "{name}");
        exported(&sandbox, &name, "csv");
        if release.file("grid").is_some() {
            grid_is_kept(&sandbox, release, &name);
        } else {
            vector_is_kept(&sandbox, release, &name);
        }
    }
    let _ = sandbox.run(["check"]).success();
}

fn dataset(number: usize, release: &Release) -> String {
    format!("{:02}_{}", number + 1, release.name)
}

fn vector_is_kept(sandbox: &Sandbox, release: &Release, name: &str) {
    let text = read(sandbox, &format!("{name}_data.csv"));
    let rows = csv(&text);
    let published = numbers(&release.text("mean"));
    let field = |index: usize| -> Vec<f64> { published.iter().map(|row| row[index]).collect() };
    assert_eq!(bits(&column(&rows, "z")), bits(&field(0)), "{name}");
    assert_eq!(bits(&column(&rows, "observable")), bits(&field(1)), "{name}");

    let covariance = matrix(&read(sandbox, &format!("{name}_covariance.csv")));
    let published = numbers(&release.text("covariance"));
    let precision = sandbox.path("it's an export").join(format!("{name}_precision.csv"));
    let kept = if precision.is_file() {
        let precision = matrix(&std::fs::read_to_string(precision).unwrap());
        is_inverse(&precision, &covariance);
        precision
    } else {
        covariance.clone()
    };
    assert_eq!(kept.len(), published.len(), "{name}");
    for (kept, published) in kept.iter().zip(&published) {
        assert_eq!(bits(kept), bits(published), "{name}");
    }
    for (row, uncertainty) in column(&rows, "uncertainty").iter().enumerate() {
        assert!((uncertainty * uncertainty / covariance[row][row] - 1.0).abs() < 1e-14, "{name}");
    }
}

fn is_inverse(left: &[Vec<f64>], right: &[Vec<f64>]) {
    for (i, row) in left.iter().enumerate() {
        for j in 0..row.len() {
            let product: f64 = row.iter().zip(right).map(|(element, other)| element * other[j]).sum();
            let expected = if i == j { 1.0 } else { 0.0 };
            assert!((product - expected).abs() < 1e-12, "element ({i}, {j}) of the product is {product}");
        }
    }
}

fn grid_is_kept(sandbox: &Sandbox, release: &Release, name: &str) {
    let text = read(sandbox, &format!("{name}_grid.csv"));
    let rows = csv(&text);
    let published = numbers(&release.text("grid"));
    let columns = published[0].len();
    let field = |index: usize| -> Vec<f64> { published.iter().map(|row| row[index]).collect() };
    assert_eq!(bits(&column(&rows, "value")), bits(&field(columns - 1)), "{name}");
    for axis in 1..columns {
        assert_eq!(bits(&column(&rows, &format!("axis_{axis}"))), bits(&field(axis - 1)), "{name}");
    }
    if columns == 1 {
        // numpy.linspace(0.8005, 1.1985, 399): the bounds stand in the release, not in the file.
        let axis = column(&rows, "axis_1");
        assert_eq!((axis.len(), bits(&[axis[0], axis[398]])), (399, bits(&[0.8005, 1.1985])));
        let step = (1.1985 - 0.8005) / 398.0;
        assert!(axis.windows(2).all(|pair| ((pair[1] - pair[0]) / step - 1.0).abs() < 1e-12));
    }
}

/// DESI DR2 gives D_H before D_M for the Lyman alpha forest, and for nothing else; DR1 the other way round.
fn lyman_alpha() {
    let sandbox = Sandbox::new();
    for (name, expected) in [
        ("desi_dr2", ["Lya_DH_over_rs_z2.33", "Lya_DM_over_rs_z2.33"]),
        ("desi_dr2_lya", ["Lya_DH_over_rs_z2.33", "Lya_DM_over_rs_z2.33"]),
        ("desi_dr1", ["Lya_DM_over_rs_z2.33", "Lya_DH_over_rs_z2.33"]),
    ] {
        let _ = sandbox.run(named(name).prepare(name)).success();
        exported(&sandbox, name, "csv");
        exported(&sandbox, name, "cobaya");
        let text = read(&sandbox, &format!("{name}_data.csv"));
        let rows = csv(&text);
        let names = texts(&rows, "row_id");
        assert!(names.ends_with(&expected), "{name}: {names:?}");
        let mean = read(&sandbox, &format!("{name}_mean.txt"));
        let quantities: Vec<&str> = mean.lines().filter_map(|line| line.split(' ').nth(2)).collect();
        let ending: Vec<&str> = expected.iter().map(|name| &name[4..14]).collect();
        assert!(quantities.ends_with(&ending), "{name}: {quantities:?}");
        // The bundled file is the release, row for row.
        if name == "desi_dr2" {
            let _ = sandbox.run(["prepare", "--plugin", "bao", "--name", "bundled"]).success();
            exported(&sandbox, "bundled", "csv");
            assert_eq!(read(&sandbox, "bundled_data.csv"), text);
            let file = "desi_dr2_covariance.csv";
            assert_eq!(read(&sandbox, "bundled_covariance.csv"), read(&sandbox, file));
        }
    }
}
