//! Published blocks of a covariance: which rows they belong to, and that nothing was lost or changed on the way.
//!
//! A block file names no rows. The redshifts of the two blocks that compilations of growth use are known, and the
//! variances on its diagonal must be the squares of the errors of those rows, as far as they are printed.

use cosmology::matrix::SquareMatrix;
use cosmology::measurements::reader::Row;
use cosmology::measurements::releases::Release;
use cosmology::measurements::vector::Vector;
use cosmology::text::counted;
use plugin_api::{Finding, Inputs, ModuleError, Severity};

use crate::table::ROLES;

/// A block whose correlations are published.
struct Block {
    role: &'static str,
    survey: &'static str,
    redshifts: &'static [f64],
    published: &'static str,
}

const BLOCKS: [Block; 2] = [
    Block {
        role: "wigglez_block",
        survey: "WiggleZ",
        redshifts: &[0.44, 0.6, 0.73],
        published: include_str!("../bundled/wigglez_block.txt"),
    },
    Block {
        role: "sdss_quasar_block",
        survey: "SDSS-IV quasars",
        redshifts: &[0.978, 1.23, 1.526, 1.944],
        published: include_str!("../bundled/sdss_quasar_block.txt"),
    },
];

/// Variances and squared errors agree to this, relative: errors are printed with two or three digits, and a block of
/// them is computed from the same digits.
const PRINTED: f64 = 1e-3;
/// Elements of a block that are computed from the same digits agree to this.
const ROUNDING: f64 = 1e-6;
/// The release that is published with the blocks.
const PUBLISHED_WITH_BLOCKS: &str = "growth_gold2018";

/// Puts the blocks that are given at the rows they belong to; the other rows are independent. Returns the surveys whose
/// blocks were placed.
pub(crate) fn place(
    inputs: &Inputs<'_>,
    rows: &[Row],
    covariance: &mut SquareMatrix,
) -> Result<Vec<&'static str>, ModuleError> {
    let mut placed = Vec::new();
    let errors: Vec<Option<f64>> = rows.iter().map(|row| row.error).collect();
    for block in &BLOCKS {
        let Some(input) = inputs.get(block.role) else { continue };
        if inputs.get(ROLES.covariance).is_some() {
            return Err(ModuleError::bad_input(block.role, "cannot be combined with `covariance`")
                .hint("a full covariance holds the blocks already; give one or the other"));
        }
        let file = SquareMatrix::read(block.role, input.text()?, block.redshifts.len())?;
        let mut positions = Vec::new();
        for ((index, &z), &line) in block.redshifts.iter().enumerate().zip(&file.lines) {
            let variance = file.matrix.get(index, index);
            let position = position(rows, &errors, z, variance).ok_or_else(|| {
                let message = format!(
                    "the variance {variance} of {} at z = {z} is the square of no error that the table has there",
                    block.survey
                );
                ModuleError::bad_input(block.role, message).line(line).column(index as u64 + 1).hint(format!(
                    "the block has {} in the order z = {:?} and holds variances, not errors",
                    counted(block.redshifts.len(), "row"),
                    block.redshifts
                ))
            })?;
            positions.push(position);
        }
        for (i, &row) in positions.iter().enumerate() {
            for (j, &column) in positions.iter().enumerate() {
                covariance.set(row, column, file.matrix.get(i, j));
            }
        }
        placed.push(block.survey);
    }
    Ok(placed)
}

/// The row at a redshift whose squared error is this variance.
fn position(rows: &[Row], errors: &[Option<f64>], z: f64, variance: f64) -> Option<usize> {
    let is_it = |(row, error): (&Row, &Option<f64>)| {
        row.z.to_bits() == z.to_bits()
            && error.is_some_and(|error| (error * error / variance - 1.0).abs() < PRINTED)
    };
    rows.iter().zip(errors).position(is_it)
}

/// Where the covariance is not the published one: in the known blocks and, where a release is published with errors
/// and a full covariance is given, in all its elements.
pub(crate) fn compare(
    rows: &[Row],
    vector: &Vector<'_>,
    placed: &[&'static str],
) -> Result<Vec<Finding>, ModuleError> {
    let release = vector.release.filter(|release| !release.errors.is_empty() && release.has_rows(rows));
    let errors: Vec<Option<f64>> = match release {
        Some(release) => release.errors.iter().copied().map(Some).collect(),
        None => rows.iter().map(|row| row.error).collect(),
    };
    let mut findings = Vec::new();
    let mut blocks: Vec<Option<&str>> = vec![None; rows.len()];
    for block in &BLOCKS {
        let published = SquareMatrix::read(block.role, block.published, block.redshifts.len())?.matrix;
        let of_row = |(index, &z): (usize, &f64)| position(rows, &errors, z, published.get(index, index));
        let Some(positions) = block.redshifts.iter().enumerate().map(of_row).collect::<Option<Vec<usize>>>()
        else {
            continue;
        };
        for &row in &positions {
            blocks[row] = Some(block.survey);
        }
        // A block of its own is published with all its digits, a covariance of everything perhaps with few.
        let tolerance = if vector.errors_only { ROUNDING } else { PRINTED };
        let mut pairs = (0..positions.len()).flat_map(|i| (0..positions.len()).map(move |j| (i, j)));
        let differing = pairs.find(|&(i, j)| {
            let scale = (published.get(i, i) * published.get(j, j)).sqrt();
            let found = vector.covariance.get(positions[i], positions[j]);
            (found - published.get(i, j)).abs() > tolerance * scale
        });
        let Some((i, j)) = differing else { continue };
        // Compilations are used without the blocks as well; what is given must be right.
        let may_be_absent = vector.errors_only
            && !placed.contains(&block.survey)
            && release.is_none_or(|release| release.name != PUBLISHED_WITH_BLOCKS);
        let severity = if may_be_absent { Severity::Warning } else { Severity::Error };
        let message = format!(
            "{} at z = {} and {} have a published covariance of {}",
            block.survey,
            block.redshifts[i],
            block.redshifts[j],
            published.get(i, j)
        );
        findings.push(
            difference(
                severity,
                "covariance.block",
                vector,
                (positions[i], positions[j]),
                &message,
                published.get(i, j),
            )
            .hint(format!(
                "give the published block with `--input {}=PATH`; if you mean it pass `--param release=none`",
                block.role
            )),
        );
    }
    if let Some(release) = release.filter(|_| !vector.errors_only) {
        findings.extend(differing_elsewhere(release, vector, &blocks));
    }
    Ok(findings)
}

/// The elements outside of blocks: squared errors on the diagonal, and zeros.
fn differing_elsewhere(release: &Release, vector: &Vector<'_>, blocks: &[Option<&str>]) -> Option<Finding> {
    let errors = &release.errors;
    let published = |i: usize, j: usize| if i == j { errors[i] * errors[i] } else { 0.0 };
    let differs = |&(i, j): &(usize, usize)| {
        let in_block = blocks[i].is_some() && blocks[i] == blocks[j];
        let difference = vector.covariance.get(i, j) - published(i, j);
        !in_block && difference.abs() > PRINTED * errors[i] * errors[j]
    };
    let pairs = (0..errors.len()).flat_map(|i| (0..errors.len()).map(move |j| (i, j)));
    let differing: Vec<(usize, usize)> = pairs.filter(differs).collect();
    let &(i, j) = differing.first()?;
    let message = format!(
        "{} of the covariance of `{}` outside of its blocks differ; the first is {} by the published errors",
        counted(differing.len(), "element"),
        release.name,
        published(i, j)
    );
    let finding =
        difference(Severity::Error, "release.covariance", vector, (i, j), &message, published(i, j));
    Some(finding.hint(
        "give the table with its errors and the blocks instead; if you mean it pass `--param release=none`",
    ))
}

/// A finding about one element of the covariance.
fn difference(
    severity: Severity,
    code: &str,
    vector: &Vector<'_>,
    (row, column): (usize, usize),
    message: &str,
    published: f64,
) -> Finding {
    let found = vector.covariance.get(row, column);
    let place = format!("matrix `covariance`, element ({}, {})", row + 1, column + 1);
    Finding::new(severity, code, place, format!("{message}; found {found}")).measured(found, published)
}
