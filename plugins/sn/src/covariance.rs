//! The matrix as published, whatever its file.

use cosmology::matrix::SquareMatrix;
use cosmology::matrix_text;
use cosmology::npz;
use cosmology::text::{MatrixText, counted};
use plugin_api::{Input, ModuleError};

/// Role of the covariance.
pub(crate) const COVARIANCE: &str = "covariance";

/// Mirrored elements that differ by less, relative to their errors, differ by the rounding of the file: Pantheon+ is
/// printed with eight decimals, and its halves round differently.
const ROUNDING: f64 = 1e-5;

const SAME_RELEASE: &str = "take table and covariance from the same release";

/// A matrix as published.
pub(crate) struct Published<'a> {
    pub(crate) matrix: SquareMatrix,
    /// Whether it is the inverse of the covariance.
    pub(crate) inverse: bool,
    pub(crate) layout: &'static str,
    /// Pairs of mirrored elements that rounding made unequal, and their largest difference.
    pub(crate) averaged: (usize, f64),
    text: Option<MatrixText<'a>>,
}

impl<'a> Published<'a> {
    /// Reads the matrix of `size` rows. `inverse` says what it is; without it, an npz is the inverse, as those of
    /// DES-Dovekie are.
    pub(crate) fn read(input: &Input<'a>, size: usize, inverse: Option<bool>) -> Result<Self, ModuleError> {
        if input.bytes.starts_with(npz::ZIP_MAGIC) {
            let (matrix, layout) = read_npz(input, size)?;
            return Ok(Self {
                matrix,
                inverse: inverse.unwrap_or(true),
                layout,
                averaged: (0, 0.0),
                text: None,
            });
        }
        if input.bytes.starts_with(b"\x93NUMPY") {
            return Err(ModuleError::bad_input(input.role, "a single array of NumPy, npy")
                .hint("write it with `numpy.savez(PATH, cov=…)`, or as text"));
        }
        let (mut matrix, text) = matrix_text::read(input.role, input.bytes, size)?;
        let averaged = matrix.average_mirrored(ROUNDING);
        let inverse = inverse.unwrap_or(false);
        Ok(Self { matrix, inverse, layout: text.layout(), averaged, text: Some(text) })
    }

    /// Where an element of the diagonal stands in the file.
    pub(crate) fn place(&self, row: usize) -> String {
        match &self.text {
            Some(text) => format!("input `{COVARIANCE}`, line {}", text.line(row, row)),
            None => format!("input `{COVARIANCE}`, element ({0}, {0})", row + 1),
        }
    }

    /// Takes the covariance out, and the published matrix with it where that is the inverse.
    pub(crate) fn take(&mut self) -> Result<(SquareMatrix, Option<SquareMatrix>), ModuleError> {
        let published = std::mem::replace(&mut self.matrix, SquareMatrix::zeros(0));
        if !self.inverse {
            return Ok((published, None));
        }
        let covariance = published.inverted().map_err(|reason| {
            ModuleError::bad_input(COVARIANCE, format!("cannot be an inverse covariance: {reason}"))
                .hint("pass `--param covariance_kind=covariance` if it is none")
        })?;
        Ok((covariance, Some(published)))
    }
}

/// The npz of DES-Dovekie: the count `nsn`, and under the name `cov` the upper triangle, row after row.
fn read_npz(input: &Input<'_>, size: usize) -> Result<(SquareMatrix, &'static str), ModuleError> {
    let refuse = |message: String, hint: &str| ModuleError::bad_input(input.role, message).hint(hint);
    let stated =
        npz::read(input.role, input.bytes, "nsn", 1)?.and_then(|array| array.values.first().copied());
    #[expect(clippy::cast_precision_loss, reason = "a table has at most 5000 rows")]
    if let Some(stated) = stated
        && stated.to_bits() != (size as f64).to_bits()
    {
        let message = format!("`nsn` is {stated}, but the table has {}", counted(size, "row"));
        return Err(refuse(message, SAME_RELEASE));
    }
    let Some(array) = npz::read(input.role, input.bytes, "cov", size.saturating_mul(size))? else {
        return Err(refuse(
            "no array `cov` in it".to_owned(),
            "an npz must hold `cov` with an n × n matrix or its upper triangle, as that of DES-Dovekie does",
        ));
    };
    let count = array.values.len();
    let (matrix, layout) = match array.shape.as_slice() {
        [rows, _] if *rows == size => (SquareMatrix::from_values(size, array.values), "npz, n × n"),
        _ => (SquareMatrix::from_upper_triangle(size, &array.values), "npz, upper triangle row after row"),
    };
    let matrix = matrix.ok_or_else(|| {
        refuse(format!("{} in `cov` for {}", counted(count, "element"), counted(size, "row")), SAME_RELEASE)
    })?;
    Ok((matrix, layout))
}
