//! Published blocks of a covariance: which rows they belong to, and that none of them was lost on the way.
//!
//! A block file names no rows. The redshifts of the two blocks that compilations of growth use are known, and the
//! variances on its diagonal must be the squares of the errors of those rows, as far as they are printed.

use cosmology::matrix::SquareMatrix;
use cosmology::measurements::reader::Row;
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

/// Puts the blocks that are given at the rows they belong to; the other rows are independent. Returns the surveys whose
/// blocks were placed.
pub(crate) fn place(
    inputs: &Inputs<'_>,
    rows: &[Row],
    covariance: &mut SquareMatrix,
) -> Result<Vec<&'static str>, ModuleError> {
    let mut placed = Vec::new();
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
            let position = position(rows, z, variance).ok_or_else(|| {
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
fn position(rows: &[Row], z: f64, variance: f64) -> Option<usize> {
    let is_it = |row: &Row| {
        row.z.to_bits() == z.to_bits()
            && row.error.is_some_and(|error| (error * error / variance - 1.0).abs() < PRINTED)
    };
    rows.iter().position(is_it)
}

/// Where rows of a known block are not correlated as published: `severity` of that.
pub(crate) fn lost(
    rows: &[Row],
    covariance: &SquareMatrix,
    severity: Severity,
) -> Result<Vec<Finding>, ModuleError> {
    let mut findings = Vec::new();
    for block in &BLOCKS {
        let published = SquareMatrix::read(block.role, block.published, block.redshifts.len())?.matrix;
        let positions: Vec<usize> = block
            .redshifts
            .iter()
            .enumerate()
            .filter_map(|(index, &z)| position(rows, z, published.get(index, index)))
            .collect();
        if positions.len() != block.redshifts.len() {
            continue;
        }
        let pairs = (0..positions.len()).flat_map(|i| (0..positions.len()).map(move |j| (i, j)));
        let differing = pairs.filter(|(i, j)| i != j).find(|&(i, j)| {
            let scale = (published.get(i, i) * published.get(j, j)).sqrt();
            let found = covariance.get(positions[i], positions[j]);
            (found - published.get(i, j)).abs() > PRINTED * scale
        });
        let Some((i, j)) = differing else { continue };
        let (row, column) = (positions[i], positions[j]);
        let found = covariance.get(row, column);
        let message = format!(
            "{} at z = {} and {} have a published covariance of {}; found {found}",
            block.survey,
            block.redshifts[i],
            block.redshifts[j],
            published.get(i, j)
        );
        let place = format!("matrix `covariance`, element ({}, {})", row + 1, column + 1);
        findings.push(
            Finding::new(severity, "covariance.block", place, message)
                .measured(found, published.get(i, j))
                .hint(format!(
                    "give the published block with `--input {}=PATH`; if you mean it pass `--param release=none`",
                    block.role
                )),
        );
    }
    Ok(findings)
}
