//! Bars in a Parquet file: `timestamp, open, high, low, close, volume, symbol`, others are left alone.
//!
//! `timestamp` counts milli-, micro- or nanoseconds; without a time zone it is UTC, as in all modules of the reference
//! but one. Prices are points. `instrument_id` is taken when it is there, and 0 when not. Without `symbol` nobody knows
//! which contract a price belongs to: the reference guesses by jumps of the price, this module refuses.

mod column;

use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::file::metadata::RowGroupMetaData;
use ::parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use bytes::Bytes;
use plugin_api::{Context, Input, ModuleError};

use self::column::{Reader, unit_nanoseconds};
use crate::cleaning::{Cleaner, OHLCV_1S, Recording};
use crate::quarantine::RawBar;
use crate::ticks::{TICK_NANOPOINTS, TICK_POINTS, UNDEFINED_PRICE};

/// Rows read at once.
const CHUNK_ROWS: usize = 1 << 15;

/// Most rows of a file: ten years of seconds.
const MOST_ROWS: i64 = 1 << 29;

/// Nanopoints of a point.
const NANOPOINTS: f64 = 1e9;

/// Whether these bytes are a Parquet file.
#[must_use]
pub fn is_parquet(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PAR1")
}

/// Reads and cleans all bars of a file.
///
/// # Errors
/// [`ModuleError::BadInput`] for a file that cannot be read, or lacks a column.
pub fn read(input: &Input<'_>, largest_volume: u32, context: &Context<'_>) -> Result<Recording, ModuleError> {
    // The crate has asserts that a damaged file can reach.
    let reading = catch_unwind(AssertUnwindSafe(|| read_file(input, largest_volume, context)));
    reading.unwrap_or_else(|_| Err(bad(input, "the Parquet file is damaged").hint("fetch the file again")))
}

fn read_file(
    input: &Input<'_>,
    largest_volume: u32,
    context: &Context<'_>,
) -> Result<Recording, ModuleError> {
    let unreadable =
        |error: &dyn std::fmt::Display| bad(input, &format!("the Parquet file cannot be read: {error}"));
    let file =
        SerializedFileReader::new(Bytes::copy_from_slice(input.bytes)).map_err(|error| unreadable(&error))?;
    let rows = file.metadata().file_metadata().num_rows();
    if rows > MOST_ROWS {
        #[expect(clippy::cast_precision_loss, reason = "a limit for a message")]
        let (limit, found) = (MOST_ROWS as f64, rows as f64);
        return Err(ModuleError::LimitExceeded { what: "rows of the Parquet file".to_owned(), limit, found });
    }
    // A damaged file may claim any number; the vectors grow with what is there.
    let mut cleaner =
        Cleaner::new(usize::try_from(rows).unwrap_or_default().min(input.bytes.len()), largest_volume);
    cleaner.expect_range(0, i64::MAX.cast_unsigned());
    let mut record = 0;
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group).map_err(|error| unreadable(&error))?;
        let mut columns = Columns::open(input, &*group)?;
        loop {
            context.check_cancelled()?;
            let found = columns.next(CHUNK_ROWS).map_err(|error| unreadable(&error))?;
            if found == 0 {
                break;
            }
            for row in 0..found {
                record += 1;
                columns.take(row, record, &mut cleaner);
            }
        }
    }
    Ok(cleaner.finish())
}

/// The columns of a row group, a chunk at a time.
struct Columns {
    timestamp: Reader,
    /// Nanoseconds of the unit of time.
    unit: i64,
    prices: [Reader; 4],
    volume: Reader,
    symbol: Reader,
    instrument_id: Option<Reader>,
    /// The symbol met last, with its number and contract.
    last: Option<(Vec<u8>, u32, Option<u16>)>,
}

impl Columns {
    fn open(input: &Input<'_>, group: &dyn RowGroupReader) -> Result<Self, ModuleError> {
        let metadata: &RowGroupMetaData = group.metadata();
        let position =
            |name: &str| metadata.columns().iter().position(|column| column.column_path().string() == name);
        let reader = |name: &str| {
            let missing = || {
                let hint = "the columns timestamp, open, high, low, close, volume and symbol are needed";
                bad(input, &format!("there is no column `{name}`")).hint(hint)
            };
            let index = position(name).ok_or_else(missing)?;
            Reader::open(group, index).map_err(|error| bad(input, &format!("column `{name}`: {error}")))
        };
        let timestamp = reader("timestamp")?;
        let column = position("timestamp").map(|index| metadata.column(index).column_descr());
        let Some(unit) = column.and_then(unit_nanoseconds) else {
            return Err(bad(input, "column `timestamp` is no time: it has no unit"));
        };
        Ok(Self {
            timestamp,
            unit,
            prices: [reader("open")?, reader("high")?, reader("low")?, reader("close")?],
            volume: reader("volume")?,
            symbol: reader("symbol")?,
            instrument_id: position("instrument_id").map(|_| reader("instrument_id")).transpose()?,
            last: None,
        })
    }

    /// Reads the next rows of all columns; fewer in one than in another are rows without a value.
    fn next(&mut self, rows: usize) -> Result<usize, ::parquet::errors::ParquetError> {
        let mut found = self.timestamp.next(rows)?;
        let others =
            self.prices.iter_mut().chain([&mut self.volume, &mut self.symbol]).chain(&mut self.instrument_id);
        for column in others {
            found = found.max(column.next(rows)?);
        }
        Ok(found)
    }

    fn take(&mut self, row: usize, record: u64, cleaner: &mut Cleaner) {
        let time = self.timestamp.integer(row).and_then(|time| time.checked_mul(self.unit));
        let number = self.instrument_id.as_ref().and_then(|column| column.integer(row));
        let instrument_id = number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
        let symbol = self.symbol.text(row).unwrap_or_default();
        let is_last =
            |(text, number, _): &(Vec<u8>, u32, Option<u16>)| text == symbol && *number == instrument_id;
        if !self.last.as_ref().is_some_and(is_last) {
            let text = std::str::from_utf8(symbol).ok().filter(|text| !text.is_empty());
            let contract = text.and_then(|text| cleaner.contracts().intern(text, instrument_id));
            self.last = Some((symbol.to_vec(), instrument_id, contract));
        }
        let contract = self.last.as_ref().and_then(|(.., contract)| *contract);
        let volume = self.volume.integer(row).unwrap_or(-1);
        let raw = RawBar {
            record,
            byte: 0,
            time_nanoseconds: time.unwrap_or(-1).cast_unsigned(),
            instrument_id,
            publisher: 0,
            record_type: OHLCV_1S,
            prices_nanopoints: [0, 1, 2, 3].map(|price: usize| nanopoints(self.prices[price].float(row))),
            volume: volume.cast_unsigned(),
        };
        cleaner.take(raw, |_| contract);
    }
}

/// A price in DBN's unit. Whole ticks are exact; anything else is as near as it gets, and never a whole tick.
fn nanopoints(points: Option<f64>) -> i64 {
    let Some(points) = points.filter(|points| points.is_finite() && points.abs() < 1e9) else {
        return UNDEFINED_PRICE;
    };
    let ticks = points / TICK_POINTS;
    #[expect(clippy::cast_possible_truncation, reason = "below 1e18")]
    let (whole, near) = (ticks as i64, (points * NANOPOINTS).round() as i64);
    match ticks.fract() == 0.0 {
        true => whole * TICK_NANOPOINTS,
        false if near % TICK_NANOPOINTS == 0 => near + 1,
        false => near,
    }
}

fn bad(input: &Input<'_>, message: &str) -> ModuleError {
    ModuleError::bad_input(input.role, message)
}
