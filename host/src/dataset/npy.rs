//! The npy format of NumPy, version 1.0: one array with a header that says type and shape.
//!
//! Invariants: little endian, C order, data aligned to 64 bytes, header text as NumPy itself writes it. Text becomes
//! fixed-width UCS-4 (`<U`), which NumPy reads without pickle.

use arrow_buffer::{Buffer, ScalarBuffer};

const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// Bytes before the header's text: magic, version, and the text's length in two bytes.
const PREFIX: usize = 10;

const ALIGNMENT: usize = 64;

/// Wraps the data of an array. `shape` is empty for a single value.
pub(crate) fn array(descriptor: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let mut bytes = header(descriptor, shape, data.len());
    bytes.extend_from_slice(data);
    bytes
}

/// 64-bit floats.
pub(crate) fn floats(shape: &[usize], values: &ScalarBuffer<f64>) -> Vec<u8> {
    let (head, body) = floats_in_parts(shape, values);
    [&*head, &*body].concat()
}

/// Header and data of 64-bit floats; the data is that of `values` wherever bytes have that order anyway.
pub(crate) fn floats_in_parts(shape: &[usize], values: &ScalarBuffer<f64>) -> (Vec<u8>, Buffer) {
    let body = if cfg!(target_endian = "little") {
        values.inner().clone()
    } else {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    };
    (header("<f8", shape, 0), body)
}

/// Texts of one width, padded with NUL. A text that itself ends in NUL would lose it when read: callers refuse it.
///
/// `None` when the array would be larger than 4 GiB: every text takes the room of the longest.
pub(crate) fn texts<'a>(shape: &[usize], texts: impl Iterator<Item = &'a str> + Clone) -> Option<Vec<u8>> {
    let width = texts.clone().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    let size = texts.clone().count().checked_mul(width)?.checked_mul(4)?;
    if u32::try_from(size).is_err() {
        return None;
    }
    let mut bytes = header(&format!("<U{width}"), shape, 0);
    for text in texts {
        let mut missing = width;
        for character in text.chars() {
            bytes.extend_from_slice(&u32::from(character).to_le_bytes());
            missing -= 1;
        }
        bytes.resize(bytes.len() + 4 * missing, 0);
    }
    Some(bytes)
}

fn header(descriptor: &str, shape: &[usize], data_bytes: usize) -> Vec<u8> {
    let shape = match shape {
        [] => "()".to_owned(),
        [length] => format!("({length},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    };
    let mut text = format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}");
    while !(PREFIX + text.len() + 1).is_multiple_of(ALIGNMENT) {
        text.push(' ');
    }
    text.push('\n');
    let length = u16::try_from(text.len()).expect("a type and at most two lengths fill far less than 64 KiB");
    let mut bytes = Vec::with_capacity(PREFIX + text.len() + data_bytes);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// Type, shape and data of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NpyArray<'a> {
    pub(crate) descriptor: &'a str,
    pub(crate) shape: Vec<usize>,
    pub(crate) data: &'a [u8],
}

/// Splits an npy file as this module or NumPy writes it.
///
/// # Errors
/// What is wrong with the bytes, in words.
pub(crate) fn read(bytes: &[u8]) -> Result<NpyArray<'_>, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not start as an npy file of version 1.0")?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or("it ends within its header")?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (text, data) = rest.split_at_checked(length).ok_or("it ends within its header")?;
    let text = std::str::from_utf8(text).map_err(|_| "its header is not text")?;
    let (descriptor, shape) =
        parse_header(text).ok_or_else(|| format!("its header makes no sense: `{}`", text.trim_end()))?;
    Ok(NpyArray { descriptor, shape, data })
}

fn parse_header(text: &str) -> Option<(&str, Vec<usize>)> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (descriptor, rest) = inner.trim().strip_prefix("'descr': '")?.split_once('\'')?;
    let rest = rest.strip_prefix(", 'fortran_order': False, 'shape': (")?;
    let (shape, rest) = rest.split_once(')')?;
    if !matches!(rest.trim(), "" | ",") {
        return None;
    }
    let lengths = shape.split(',').map(str::trim).filter(|length| !length.is_empty());
    Some((descriptor, lengths.map(str::parse).collect::<Result<_, _>>().ok()?))
}

/// Reads a square matrix of 64-bit floats with `size` rows.
///
/// # Errors
/// What is wrong with the bytes, in words.
pub(crate) fn read_square(bytes: &[u8], size: u64) -> Result<ScalarBuffer<f64>, String> {
    let array = read(bytes)?;
    if array.descriptor != "<f8" {
        return Err(format!("its elements are `{}`, not `<f8`", array.descriptor));
    }
    let expected = usize::try_from(size).map_err(|_| format!("{size} rows are too many"))?;
    if array.shape != [expected, expected] {
        return Err(format!("its shape is {:?}, the document says {size} rows and columns", array.shape));
    }
    let elements = expected.checked_mul(expected).and_then(|elements| elements.checked_mul(8));
    if elements != Some(array.data.len()) {
        return Err(format!(
            "it holds {} bytes of data, {size} rows and columns need another number",
            array.data.len()
        ));
    }
    let (elements, _) = array.data.as_chunks::<8>();
    Ok(ScalarBuffer::from(elements.iter().map(|element| f64::from_le_bytes(*element)).collect::<Vec<_>>()))
}
