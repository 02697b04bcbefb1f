//! Arrays of numbers in NumPy's npz: a zip archive of npy files, stored or deflated.
//!
//! The format is NumPy's NEP 1 (<https://numpy.org/neps/nep-0001-npy-format.html>), versions 1 to 3. Anything else in
//! the bytes is an error, never a panic, and no array takes more memory than the caller allows.

use std::io::{Cursor, Read};

use plugin_api::ModuleError;
use zip::ZipArchive;

use crate::text::{counted, shortened};

/// First bytes of a zip archive.
pub const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// An array, its elements as 64-bit floats in C order.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Length of each dimension; none for a single number.
    pub shape: Vec<usize>,
    /// The elements.
    pub values: Vec<f64>,
    /// Type of the elements in the file, as NumPy writes it: `<f4`.
    pub element: String,
}

/// Of an npy file that ends too early.
const CUT_OFF: &str = "it ends within its header";

const DAMAGED: &str = "the file may be cut off or damaged: get it again; of your own make it with `numpy.savez`, from an array of \
                       float64 in C order";

/// Reads one array of an archive; `None` when it has none of that name. An array of more than `most` elements is
/// refused before it is inflated.
///
/// # Errors
/// [`ModuleError::BadInput`] when the bytes are no archive, or the array is no array of finite numbers.
pub fn read(role: &str, bytes: &[u8], name: &str, most: usize) -> Result<Option<Array>, ModuleError> {
    let refuse = |message: String| ModuleError::bad_input(role, message).hint(DAMAGED);
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|error| refuse(format!("no npz archive: {error}")))?;
    let Some(index) = archive.index_for_name(&format!("{name}.npy")) else { return Ok(None) };
    let member = |error: &dyn std::fmt::Display| refuse(format!("array `{}`: {error}", shortened(name)));
    let file = archive.by_index(index).map_err(|error| member(&error))?;
    // Eight bytes for each element, and the longest header.
    let limit = (most as u64).saturating_mul(8).saturating_add(0x1_0000);
    let mut content = Vec::new();
    file.take(limit).read_to_end(&mut content).map_err(|error| member(&error))?;
    array(&content, most).map(Some).map_err(|reason| member(&reason))
}

/// Reads the bytes of an npy file.
fn array(bytes: &[u8], most: usize) -> Result<Array, String> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("no npy file")?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or(CUT_OFF)?;
    let (length, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(CUT_OFF)?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(CUT_OFF)?;
        (usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX), rest)
    };
    let (header, data) = rest.split_at_checked(length).ok_or(CUT_OFF)?;
    let header = std::str::from_utf8(header).map_err(|_| "the header is no text")?;
    let element = quoted(value(header, "descr")?).ok_or("elements of several parts")?;
    let shape = shape(value(header, "shape")?).ok_or("a shape that cannot be read")?;
    if value(header, "fortran_order")?.starts_with("True") && shape.len() > 1 {
        return Err("columns before rows (Fortran order), which is not read".to_owned());
    }
    let count = shape
        .iter()
        .try_fold(1_usize, |product, &length| product.checked_mul(length))
        .filter(|&count| count <= most)
        .ok_or_else(|| format!("more than {}", counted(most, "element")))?;
    let values = numbers(element, data, count)?;
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(format!("element {} is {}", index + 1, values[index]));
    }
    Ok(Array { shape, values, element: element.to_owned() })
}

/// What follows a key in the header, a Python dictionary.
fn value<'h>(header: &'h str, key: &str) -> Result<&'h str, String> {
    let (_, after) =
        header.split_once(&format!("'{key}'")).ok_or_else(|| format!("no `{key}` in the header"))?;
    Ok(after.trim_start().strip_prefix(':').unwrap_or_default().trim_start())
}

fn quoted(value: &str) -> Option<&str> {
    value.strip_prefix('\'')?.split('\'').next()
}

fn shape(value: &str) -> Option<Vec<usize>> {
    let inside = value.strip_prefix('(')?.split(')').next()?;
    inside
        .split(',')
        .map(str::trim)
        .filter(|length| !length.is_empty())
        .map(|length| length.parse().ok())
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "an integer beyond 2^53 is no size of anything here")]
fn numbers(element: &str, data: &[u8], count: usize) -> Result<Vec<f64>, String> {
    let (order, kind) = element.split_at_checked(1).unwrap_or_default();
    let big = match order {
        "<" | "|" => false,
        ">" => true,
        _ => return Err(format!("elements of type `{}`", shortened(element))),
    };
    match kind {
        "f8" => of(data, count, big, f64::from_le_bytes),
        "f4" => of(data, count, big, |bytes| f64::from(f32::from_le_bytes(bytes))),
        "i8" => of(data, count, big, |bytes| i64::from_le_bytes(bytes) as f64),
        "i4" => of(data, count, big, |bytes| f64::from(i32::from_le_bytes(bytes))),
        _ => Err(format!(
            "elements of type `{}`; float32, float64, int32 and int64 are read",
            shortened(element)
        )),
    }
}

fn of<const N: usize>(
    data: &[u8],
    count: usize,
    big: bool,
    number: impl Fn([u8; N]) -> f64,
) -> Result<Vec<f64>, String> {
    if data.len() != count * N {
        return Err(format!("{} of data for {}", counted(data.len(), "byte"), counted(count, "element")));
    }
    let element = |chunk: &[u8; N]| {
        let mut bytes = *chunk;
        if big {
            bytes.reverse();
        }
        number(bytes)
    };
    Ok(data.as_chunks::<N>().0.iter().map(element).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::{SimpleFileOptions, ZipWriter};
    use zip::{CompressionMethod, write::FullFileOptions};

    use super::*;

    fn npy(element: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header = format!("{{'descr': '{element}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn archive(method: CompressionMethod, name: &str, content: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options: FullFileOptions =
            SimpleFileOptions::default().compression_method(method).into_full_options();
        writer.start_file(name, options).unwrap();
        writer.write_all(content).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn triangle() -> Vec<u8> {
        let data: Vec<u8> = [31.811_382_f32, 0.0, 2.5].iter().flat_map(|value| value.to_le_bytes()).collect();
        npy("<f4", "(3,)", &data)
    }

    #[test]
    fn stored_and_deflated_arrays_of_every_type_are_read() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let bytes = archive(method, "cov.npy", &triangle());
            assert!(bytes.starts_with(ZIP_MAGIC));
            let array = read("covariance", &bytes, "cov", 3).unwrap().unwrap();
            assert_eq!(array.shape, [3]);
            assert_eq!(array.element, "<f4");
            // 32-bit floats are exact as 64-bit floats.
            assert_eq!(array.values, [f64::from(31.811_382_f32), 0.0, 2.5]);
            assert_eq!(read("covariance", &bytes, "nsn", 3).unwrap(), None);
        }
        assert_eq!(array(&npy("<i8", "()", &7_i64.to_le_bytes()), 1).unwrap().values, [7.0]);
        assert_eq!(array(&npy(">i4", "(1, 1)", &7_i32.to_be_bytes()), 1).unwrap().shape, [1, 1]);
        assert_eq!(array(&npy("<f8", "(1,)", &0.1_f64.to_le_bytes()), 1).unwrap().values, [0.1]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refused = |content: &[u8]| array(content, 3).unwrap_err();
        assert_eq!(refused(&npy("<f4", "(4,)", &[0; 16])), "more than 3 elements");
        assert_eq!(refused(&npy("<f4", "(3,)", &[0; 11])), "11 bytes of data for 3 elements");
        assert_eq!(refused(&npy("<f4", "(1,)", &f32::NAN.to_le_bytes())), "element 1 is NaN");
        assert!(refused(&npy("|O", "(1,)", &[0])).starts_with("elements of type `|O`"));
        assert!(refused(&npy("<f4", "(-1,)", &[])).contains("shape"));
        assert_eq!(refused(&npy("<f4", "(99999999999, 99999999999)", &[])), "more than 3 elements");
        assert_eq!(refused(b"PK"), "no npy file");
        assert!(
            read("covariance", b"PK\x03\x04", "cov", 3).unwrap_err().to_string().contains("no npz archive")
        );
    }

    #[test]
    fn no_damaged_byte_makes_it_panic() {
        let bytes = archive(CompressionMethod::Deflated, "cov.npy", &triangle());
        for length in 0..bytes.len() {
            let _ = read("covariance", &bytes[..length], "cov", 3);
        }
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[index] ^= 1 << bit;
                let _ = read("covariance", &damaged, "cov", 3);
            }
        }
        let content = triangle();
        for index in 0..content.len() {
            for bit in 0..8 {
                let mut damaged = content.clone();
                damaged[index] ^= 1 << bit;
                let _ = array(&damaged, 3);
            }
        }
    }
}
