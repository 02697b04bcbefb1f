//! Databento Binary Encoding, versions 1 to 3: bytes to raw bars. Layout: <https://databento.com/docs/standards/databento-binary-encoding>.
//!
//! Several files may follow each other (a month in parts), each with its own metadata; compressed ones may have several
//! frames. Whatever cannot be read is refused with the byte and the number of the record, because behind a damaged
//! length nobody can say where the next record begins.

mod header;

use std::borrow::Cow;
use std::io::Read;

use plugin_api::{Context, Input, ModuleError};

use self::header::Header;
use crate::cleaning::{Cleaner, OHLCV_1S, Recording};
use crate::quarantine::RawBar;
use crate::symbols::SymbolMap;

/// Bytes of the record of a bar: 16 of header, four prices and a volume.
const BAR_BYTES: usize = 56;

/// A record states its length in words of four bytes.
const WORD_BYTES: usize = 4;

/// Bytes of the header of every record.
const RECORD_HEADER_BYTES: usize = 16;

/// Largest unpacked input, as in the host.
const LARGEST_BYTES: u64 = 1 << 30;

/// How often it is asked whether to stop.
const RECORDS_BETWEEN_QUESTIONS: u64 = 1 << 16;

/// First bytes of a zstd frame (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads and cleans all bars of a file.
///
/// # Errors
/// [`ModuleError::BadInput`] with the byte and the record where the file cannot be read further, or when none of its
/// instruments is an ES contract; [`ModuleError::LimitExceeded`] for more than a gibibyte.
pub fn read(input: &Input<'_>, largest_volume: u32, context: &Context<'_>) -> Result<Recording, ModuleError> {
    let bytes = unpacked(input)?;
    let bytes: &[u8] = &bytes;
    let mut cleaner = Cleaner::new(bytes.len() / BAR_BYTES, largest_volume);
    let mut symbols = SymbolMap::default();
    let (mut at, mut record) = (0, 0_u64);
    if !bytes.starts_with(b"DBN") {
        return Err(bad(input, "it does not begin with `DBN`".to_owned())
            .hint("give a DBN file of `ohlcv-1s`, or a Parquet file"));
    }
    while at < bytes.len() {
        if bytes[at..].starts_with(b"DBN") {
            let header = Header::read(input.role, bytes, at)?;
            symbols = header.symbols(input.role, at, cleaner.contracts())?;
            cleaner.expect_range(header.start_nanoseconds, header.end_nanoseconds);
            at = header.end_byte;
            continue;
        }
        record += 1;
        let length = record_length(input, bytes, at, record)?;
        let raw = raw_bar(&bytes[at..at + length], at, record).ok_or_else(|| {
            bad(input, format!("record {record} at byte {at}: a bar of {length} bytes, it needs {BAR_BYTES}"))
        })?;
        cleaner.take(raw, |time_seconds| symbols.contract(raw.instrument_id, time_seconds));
        at += length;
        if record.is_multiple_of(RECORDS_BETWEEN_QUESTIONS) {
            context.check_cancelled()?;
        }
    }
    Ok(cleaner.finish())
}

/// The bytes, unpacked if they are a zstd file.
fn unpacked<'a>(input: &Input<'a>) -> Result<Cow<'a, [u8]>, ModuleError> {
    if !input.bytes.starts_with(&ZSTD_MAGIC) {
        return Ok(Cow::Borrowed(input.bytes));
    }
    let damaged = |read: usize, error: &std::io::Error| {
        let message = format!("the zstd frames are damaged behind byte {read} of what they hold: {error}");
        bad(input, message).hint("fetch the file again")
    };
    let mut unpacked = Vec::new();
    let decoder =
        zstd::stream::read::Decoder::with_buffer(input.bytes).map_err(|error| damaged(0, &error))?;
    if let Err(error) = decoder.take(LARGEST_BYTES + 1).read_to_end(&mut unpacked) {
        return Err(damaged(unpacked.len(), &error));
    }
    if unpacked.len() as u64 > LARGEST_BYTES {
        #[expect(clippy::cast_precision_loss, reason = "a limit for a message")]
        let (limit, found) = (LARGEST_BYTES as f64, (LARGEST_BYTES + 1) as f64);
        return Err(ModuleError::LimitExceeded { what: "unpacked bytes".to_owned(), limit, found });
    }
    Ok(Cow::Owned(unpacked))
}

/// Length of the record that begins at a byte.
fn record_length(input: &Input<'_>, bytes: &[u8], at: usize, record: u64) -> Result<usize, ModuleError> {
    let length = usize::from(bytes[at]) * WORD_BYTES;
    let rest = bytes.len() - at;
    if length < RECORD_HEADER_BYTES {
        let message = format!("record {record} at byte {at}: a length of {length} bytes is too short");
        return Err(bad(input, message).hint("the file is damaged there: fetch it again"));
    }
    if length > rest {
        let message =
            format!("record {record} at byte {at}: {length} bytes long, but the file ends after {rest}");
        return Err(bad(input, message).hint("the file is cut off: fetch it again"));
    }
    Ok(length)
}

/// The fields of a record; only its header where it is no bar. `None` for a bar that is too short.
fn raw_bar(record: &[u8], at: usize, number: u64) -> Option<RawBar> {
    let (header, rest) = record.split_first_chunk::<RECORD_HEADER_BYTES>()?;
    let mut raw = RawBar {
        record: number,
        byte: at as u64,
        time_nanoseconds: u64::from_le_bytes(*header.last_chunk()?),
        instrument_id: u32::from_le_bytes([header[4], header[5], header[6], header[7]]),
        publisher: u16::from_le_bytes([header[2], header[3]]),
        record_type: header[1],
        ..RawBar::default()
    };
    if raw.record_type == OHLCV_1S {
        let values: &[u8; BAR_BYTES - RECORD_HEADER_BYTES] = rest.first_chunk()?;
        let (words, _) = values.as_chunks::<8>();
        for (price, word) in raw.prices_nanopoints.iter_mut().zip(words) {
            *price = i64::from_le_bytes(*word);
        }
        raw.volume = u64::from_le_bytes(words[4]);
    }
    Some(raw)
}

fn bad(input: &Input<'_>, message: String) -> ModuleError {
    ModuleError::bad_input(input.role, message)
}
