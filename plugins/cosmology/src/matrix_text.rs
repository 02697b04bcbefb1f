//! Large square matrices as text, as supernova releases have them.

use plugin_api::ModuleError;
use plugin_api::text::MatrixText;

use crate::matrix::SquareMatrix;

/// Reads the covariance of `size` measurements, and where its elements stand.
///
/// # Errors
/// As [`MatrixText::read`].
pub fn read<'a>(
    role: &str,
    bytes: &'a [u8],
    size: usize,
) -> Result<(SquareMatrix, MatrixText<'a>), ModuleError> {
    let (values, text) = MatrixText::read(role, bytes, size)?;
    Ok((SquareMatrix { size, values }, text))
}
