//! The damaged inputs that today's tools accept, or stumble over, each with what must be said of it.

use super::vector::Vector;

/// What must happen.
#[derive(Debug, Clone)]
pub(super) enum Expected {
    /// The verdict is negative, and among the checks that stop the dataset are these codes at these places.
    Failed(Vec<(&'static str, String)>),
    /// The input is refused with these texts.
    Refused(Vec<String>),
}

/// A damage with the texts of the damaged files.
#[derive(Debug, Clone)]
pub(super) struct Damage {
    pub(super) name: &'static str,
    pub(super) mean: String,
    pub(super) covariance: String,
    pub(super) parameters: &'static [&'static str],
    pub(super) expected: Expected,
}

/// What is known of the numbers that are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// They are those of a release whose blocks are tracers.
    Blocks,
    /// They are those of a release with a dense covariance and a fiducial r_d.
    Dense,
    /// They are no release's.
    Unknown,
}

/// Every damage of a vector. Rows 2 and 3 must be correlated.
pub(super) fn damages(base: Base, vector: &Vector) -> Vec<Damage> {
    let mut damages = order(base, vector);
    damages.extend(matrices(base, vector));
    damages.extend(fields(base, vector));
    damages
}

fn damage(name: &'static str, vector: &Vector, expected: Expected) -> Damage {
    Damage { name, mean: vector.mean_text(), covariance: vector.covariance_text(), parameters: &[], expected }
}

fn at(role: &str, line: usize) -> String {
    format!("input `{role}`, line {line}")
}

/// The mean in another order than its covariance.
fn order(base: Base, vector: &Vector) -> Vec<Damage> {
    let mut reversed = vector.clone();
    reversed.mean.reverse();
    let mut sorted = vector.clone();
    sorted.mean.sort_by_key(|row| row[2].trim_start_matches("bao_").to_owned());
    let first_moved = |damaged: &Vector| {
        let pairs = vector.mean.iter().zip(&damaged.mean);
        1 + pairs.take_while(|(row, found)| row[0] == found[0] && row[2] == found[2]).count()
    };
    [("reversed", reversed), ("sorted by quantity", sorted)]
        .into_iter()
        .map(|(name, damaged)| {
            // Known rows are compared one by one; of unknown ones the blocks tell, which name another line.
            let place = if base == Base::Unknown {
                "input `mean`, line ".to_owned()
            } else {
                at("mean", vector.line(first_moved(&damaged)))
            };
            damage(name, &damaged, Expected::Failed(vec![("covariance.row-order", place)]))
        })
        .collect()
}

/// Covariances that are none, or another's.
fn matrices(base: Base, vector: &Vector) -> Vec<Damage> {
    let element = |row: usize, column: usize| format!("matrix `covariance`, element ({row}, {column})");
    let row = |row: usize| format!("matrix `covariance`, row {row} ");
    let mut damages = Vec::new();
    // A release's covariance is known row by row, so its first changed row is named as well.
    let mut add = |name, vector: &Vector, mut failures: Vec<(&'static str, String)>, first: usize| {
        if base != Base::Unknown {
            failures.push(("release.covariance", at("covariance", first)));
        }
        damages.push(damage(name, vector, Expected::Failed(failures)));
    };

    let mut flipped = vector.clone();
    flipped.set(2, 3, -vector.element(2, 3));
    add("one sign flipped", &flipped, vec![("matrix.symmetric", element(2, 3))], 2);

    let mut beyond = vector.clone();
    let covariance = 5.0 * (vector.element(2, 2) * vector.element(3, 3)).sqrt();
    beyond.set(2, 3, covariance);
    beyond.set(3, 2, covariance);
    let failures = vec![("matrix.correlation", element(2, 3)), ("matrix.positive-definite", row(3))];
    add("correlation of 5", &beyond, failures, 2);

    let mut negative = vector.clone();
    negative.set(2, 2, -vector.element(2, 2));
    let failures =
        vec![("matrix.diagonal-positive", row(2)), ("covariance.negative-variance", element(2, 2))];
    add("negative variance", &negative, failures, 2);

    let mut sigmas = vector.clone();
    for index in 1..=vector.rows() {
        sigmas.set(index, index, vector.element(index, index).sqrt());
    }
    if base == Base::Unknown {
        // Nothing but errors in the file of the mean can tell that the diagonal is not squared.
        for (index, fields) in sigmas.mean.iter_mut().enumerate() {
            fields.insert(2, vector.element(index + 1, index + 1).sqrt().to_string());
        }
        let place = at("mean", vector.line(1));
        damages.push(damage("sigmas", &sigmas, Expected::Failed(vec![("covariance.diagonal", place)])));
    } else {
        add("sigmas", &sigmas, Vec::new(), 1);
    }
    damages
}

/// Files of the wrong length, or with fields that are no measurement.
fn fields(base: Base, vector: &Vector) -> Vec<Damage> {
    let refused = |texts: &[&str]| Expected::Refused(texts.iter().map(|&text| text.to_owned()).collect());
    let rows = vector.rows();
    let mut damages = Vec::new();

    let mut duplicated = vector.clone();
    duplicated.mean.push(vector.mean[1].clone());
    for row in &mut duplicated.covariance {
        row.push(row[1].clone());
    }
    duplicated.covariance.push(duplicated.covariance[1].clone());
    let place = at("mean", vector.line(rows + 1));
    let earlier = format!("line {} already", vector.line(2));
    damages.push(damage("duplicated measurement", &duplicated, refused(&[&place, &earlier])));

    let mut smaller = vector.clone();
    smaller.covariance.pop();
    for row in &mut smaller.covariance {
        row.pop();
    }
    let text = format!("input `covariance`: {0} rows × {0} columns for {rows} measurements", rows - 1);
    damages.push(damage("covariance of fewer rows", &smaller, refused(&[&text])));

    for word in ["nan", "inf", "-NaN"] {
        let mut no_number = vector.clone();
        word.clone_into(&mut no_number.mean[1][1]);
        let place = format!("{}, field 2: not a finite number", at("mean", vector.line(2)));
        damages.push(damage("no number in the mean", &no_number, refused(&[&place])));
        let mut no_number = vector.clone();
        word.clone_into(&mut no_number.covariance[2][1]);
        let place = format!("{}, field 2: not a finite number", at("covariance", 3));
        damages.push(damage("no number in the covariance", &no_number, refused(&[&place])));
    }

    let mut megaparsec = vector.clone();
    let (row, column) = if base == Base::Dense {
        // The release is in Mpc, as long as its fiducial r_d is known: taken for unknown numbers, it is no ratio.
        (1, 2)
    } else {
        megaparsec.scale(2, 147.09);
        (2, 2)
    };
    let place = format!("{}, field {column}", at("mean", vector.line(row)));
    let mut labelled = damage("length in Mpc", &megaparsec, refused(&[&place, "Mpc", "fiducial_rd_mpc"]));
    if base == Base::Dense {
        labelled.parameters = &["release=none"];
    }
    damages.push(labelled);

    let mut page = damage("web page", vector, refused(&["input `covariance`, line 2", "an HTML page"]));
    "\n<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>Not found</title></head>\n"
        .clone_into(&mut page.covariance);
    damages.push(page);
    damages
}
