//! The metadata in front of the records.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use plugin_api::ModuleError;

use crate::symbols::{Contracts, Interval, SymbolMap};

/// `schema` of one-second bars.
const OHLCV_1S: u16 = 5;

/// `schema` of a file with records of several kinds.
const MIXED: u16 = u16::MAX;

/// `stype` of numbers of instruments.
const INSTRUMENT_ID: u8 = 0;

/// Bytes of `DBN`, version and length.
const PREFIX_BYTES: usize = 8;

/// What the metadata say.
#[derive(Debug)]
pub(super) struct Header {
    /// First byte behind the metadata.
    pub(super) end_byte: usize,
    /// Range of the bars, nanoseconds since 1970, without its end.
    pub(super) start_nanoseconds: u64,
    pub(super) end_nanoseconds: u64,
    /// Whether the mappings lead from symbols to numbers, or back.
    to_numbers: bool,
    mappings: Vec<Mapping>,
}

#[derive(Debug)]
struct Mapping {
    from: String,
    to: String,
    start: Date,
    end: Date,
}

impl Header {
    /// Reads the metadata that begin at a byte of the file.
    pub(super) fn read(role: &str, bytes: &[u8], at: usize) -> Result<Self, ModuleError> {
        let mut cursor = Cursor { role, bytes, at: at + 3, end: bytes.len() };
        let [version] = cursor.take()?;
        if !(1..=3).contains(&version) {
            return Err(cursor.bad(&format!("version {version} of DBN is not known")).hint("1, 2 and 3 are"));
        }
        let length = cursor.count()?;
        if length > bytes.len() - cursor.at {
            return Err(cursor.bad(&format!("metadata of {length} bytes do not fit into the file")));
        }
        cursor.end = at + PREFIX_BYTES + length;
        cursor.skip(16)?; // the dataset's name
        let schema = u16::from_le_bytes(cursor.take()?);
        if schema != OHLCV_1S && schema != MIXED {
            let error = cursor.bad(&format!("schema {schema}, expected {OHLCV_1S}, which is `ohlcv-1s`"));
            return Err(error.hint("order the schema `ohlcv-1s`"));
        }
        let start_nanoseconds = u64::from_le_bytes(cursor.take()?);
        // The end is undefined, zero or the largest number, in files cut from a stream.
        let end = u64::from_le_bytes(cursor.take()?);
        let end_nanoseconds = if end == 0 { u64::MAX } else { end };
        cursor.skip(if version == 1 { 16 } else { 8 })?; // limits of the query
        let [input_kind, output_kind, _sent_times] = cursor.take()?;
        let to_numbers = output_kind == INSTRUMENT_ID;
        if !to_numbers && input_kind != INSTRUMENT_ID {
            return Err(cursor.bad("the symbol mappings do not lead to numbers of instruments"));
        }
        let symbol_bytes = if version == 1 { 22 } else { usize::from(u16::from_le_bytes(cursor.take()?)) };
        cursor.skip(if version == 1 { 47 } else { 53 })?; // reserved
        let definition = cursor.count()?;
        cursor.skip(definition)?;
        for _ in ["symbols", "partial", "not_found"] {
            let count = cursor.count()?;
            cursor.skip(count.saturating_mul(symbol_bytes))?;
        }
        let mut mappings = Vec::new();
        for _ in 0..cursor.count()? {
            let from = cursor.text(symbol_bytes)?;
            for _ in 0..cursor.count()? {
                let (start, end) = (cursor.date()?, cursor.date()?);
                let to = cursor.text(symbol_bytes)?;
                mappings.push(Mapping { from: from.clone(), to, start, end });
            }
        }
        Ok(Self { end_byte: cursor.end, start_nanoseconds, end_nanoseconds, to_numbers, mappings })
    }

    /// The mappings as intervals of time, their contracts among the others.
    pub(super) fn symbols(
        &self,
        role: &str,
        at: usize,
        contracts: &mut Contracts,
    ) -> Result<SymbolMap, ModuleError> {
        let bad = |what: &str| {
            let message = format!("symbol map of the metadata at byte {at}: {what}");
            ModuleError::bad_input(role, message).hint("fetch the file again, with symbols of ES.FUT")
        };
        let mut map = SymbolMap::default();
        for mapping in &self.mappings {
            let (symbol, number) =
                if self.to_numbers { (&mapping.from, &mapping.to) } else { (&mapping.to, &mapping.from) };
            if number.is_empty() {
                continue; // not resolved on these days
            }
            let number = number
                .parse()
                .map_err(|_| bad(&format!("`{number}` for `{symbol}` is no number of an instrument")))?;
            let contract =
                contracts.intern(symbol, number).ok_or_else(|| bad("more than 65 535 contracts"))?;
            map.add(Interval {
                instrument_id: number,
                start_seconds: midnight_seconds(mapping.start),
                end_seconds: midnight_seconds(mapping.end),
                contract,
            });
        }
        if let Some((one, other)) = map.sort() {
            let (number, one, other) =
                (one.instrument_id, contracts.symbol(one.contract), contracts.symbol(other.contract));
            return Err(bad(&format!("instrument {number} is `{one}` and `{other}` on the same day")));
        }
        let any = (0..contracts.len()).filter_map(|index| u16::try_from(index).ok());
        if !any.into_iter().any(|contract| contracts.is_outright(contract)) {
            return Err(bad("it names no ES contract such as `ESU5`"));
        }
        Ok(map)
    }
}

/// Mappings are by UTC date.
fn midnight_seconds(date: Date) -> i64 {
    date.to_zoned(TimeZone::UTC).map_or(i64::MAX, |midnight| midnight.timestamp().as_second())
}

/// Reads fields one after the other and never beyond the end.
struct Cursor<'a> {
    role: &'a str,
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl Cursor<'_> {
    fn bad(&self, what: &str) -> ModuleError {
        ModuleError::bad_input(self.role, format!("metadata, byte {}: {what}", self.at))
    }

    fn slice(&mut self, count: usize) -> Result<&[u8], ModuleError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.end);
        let Some(end) = end else {
            return Err(self.bad("they end too early").hint("the file is damaged: fetch it again"));
        };
        let start = std::mem::replace(&mut self.at, end);
        Ok(&self.bytes[start..end])
    }

    fn take<const COUNT: usize>(&mut self) -> Result<[u8; COUNT], ModuleError> {
        let mut taken = [0; COUNT];
        taken.copy_from_slice(self.slice(COUNT)?);
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), ModuleError> {
        self.slice(count).map(|_| ())
    }

    fn count(&mut self) -> Result<usize, ModuleError> {
        Ok(u32::from_le_bytes(self.take()?) as usize)
    }

    /// Text that ends at the first zero byte.
    fn text(&mut self, count: usize) -> Result<String, ModuleError> {
        let field = self.slice(count)?;
        let text = field.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = std::str::from_utf8(text).map(str::to_owned);
        text.map_err(|_| self.bad("a symbol is not UTF-8"))
    }

    /// A date as the decimal number YYYYMMDD.
    fn date(&mut self) -> Result<Date, ModuleError> {
        let number = u32::from_le_bytes(self.take()?);
        let part = |value: u32| i8::try_from(value % 100).unwrap_or_default();
        let year = i16::try_from(number / 10_000).unwrap_or(i16::MAX);
        Date::new(year, part(number / 100), part(number))
            .map_err(|_| self.bad(&format!("{number} is no date")))
    }
}
