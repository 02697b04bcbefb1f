//! Bars that are set aside, each with the rule it breaks and its place in the file. Nothing is dropped without a trace.

use plugin_api::{Column, Table};

/// Why a bar is set aside. A bar counts under the first rule that it breaks, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Not a record of one-second bars.
    RecordType,
    /// The start is not a whole second.
    OffSecond,
    /// The start lies outside of the range that the file states.
    OutsideFileRange,
    /// No symbol is known for the instrument on that day.
    UnknownSymbol,
    /// A price is undefined.
    UndefinedPrice,
    /// A price is zero or negative.
    NonPositivePrice,
    /// A price is not a whole number of ticks.
    OffGrid,
    /// A price above a million points.
    PriceTooHigh,
    /// High below, or low above, open or close.
    OpenHighLowClose,
    /// Negative, or more than 100 000 contracts.
    Volume,
    /// The same second and contract as an earlier bar.
    Duplicate,
    /// Earlier than the bar before, or a lone jump ahead of the bar behind.
    Unordered,
}

impl Rule {
    /// All rules, in order.
    pub const ALL: [Self; 12] = [
        Self::RecordType,
        Self::OffSecond,
        Self::OutsideFileRange,
        Self::UnknownSymbol,
        Self::UndefinedPrice,
        Self::NonPositivePrice,
        Self::OffGrid,
        Self::PriceTooHigh,
        Self::OpenHighLowClose,
        Self::Volume,
        Self::Duplicate,
        Self::Unordered,
    ];

    /// Name in the table and in statistics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RecordType => "record_type",
            Self::OffSecond => "off_second",
            Self::OutsideFileRange => "outside_file_range",
            Self::UnknownSymbol => "unknown_symbol",
            Self::UndefinedPrice => "undefined_price",
            Self::NonPositivePrice => "non_positive_price",
            Self::OffGrid => "off_grid",
            Self::PriceTooHigh => "price_too_high",
            Self::OpenHighLowClose => "open_high_low_close",
            Self::Volume => "volume",
            Self::Duplicate => "duplicate",
            Self::Unordered => "unordered",
        }
    }
}

/// What a file says of a bar, before anything is believed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawBar {
    /// Number of the record in the file, from 1.
    pub record: u64,
    /// Byte of the record in the unpacked file, or 0 where a file has no records in a row.
    pub byte: u64,
    /// Start, nanoseconds since 1970.
    pub time_nanoseconds: u64,
    /// Databento's number of the instrument.
    pub instrument_id: u32,
    /// Databento's number of the publisher.
    pub publisher: u16,
    /// Type of the record.
    pub record_type: u8,
    /// Open, high, low and close, 1e-9 points; `i64::MAX` is undefined.
    pub prices_nanopoints: [i64; 4],
    /// Contracts traded.
    pub volume: u64,
}

/// Bars set aside so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quarantine {
    entries: Vec<(Rule, RawBar)>,
}

impl Quarantine {
    pub(crate) fn add(&mut self, rule: Rule, bar: RawBar) {
        self.entries.push((rule, bar));
    }

    /// Number of bars set aside.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no bar was set aside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of bars set aside under a rule.
    #[must_use]
    pub fn count(&self, rule: Rule) -> usize {
        self.entries.iter().filter(|(found, _)| *found == rule).count()
    }

    /// The rule that most bars break, the first of these bars, and how many they are.
    #[must_use]
    pub fn most_frequent(&self) -> Option<(Rule, RawBar, usize)> {
        let rule = Rule::ALL.into_iter().max_by_key(|rule| self.count(*rule))?;
        let (_, first) = self.entries.iter().find(|(found, _)| *found == rule)?;
        Some((rule, *first, self.count(rule)))
    }

    /// Rules and bars, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &(Rule, RawBar)> {
        self.entries.iter()
    }

    /// The table `quarantine`: one row for each bar set aside.
    pub(crate) fn into_table(mut self) -> Table<'static> {
        // A lone jump ahead is noticed one record late.
        self.entries.sort_by_key(|(_, bar)| bar.record);
        let rows = &self.entries;
        let integers = |of: &dyn Fn(&RawBar) -> i64| -> Column {
            rows.iter().map(|(_, bar)| of(bar)).collect::<Vec<i64>>().into()
        };
        let price = |index: usize| -> Column {
            let defined = |price: i64| (price != i64::MAX).then_some(price);
            rows.iter().map(|(_, bar)| defined(bar.prices_nanopoints[index])).collect::<Vec<_>>().into()
        };
        Table::new("quarantine")
            .column("rule", rows.iter().map(|(rule, _)| rule.name().to_owned()).collect::<Vec<_>>())
            .column("record", integers(&|bar| bar.record.cast_signed()))
            .column("byte", integers(&|bar| bar.byte.cast_signed()))
            .column("time_nanoseconds", integers(&|bar| bar.time_nanoseconds.cast_signed()))
            .column("record_type", integers(&|bar| bar.record_type.into()))
            .column("publisher_id", integers(&|bar| bar.publisher.into()))
            .column("instrument_id", integers(&|bar| bar.instrument_id.into()))
            .column("open_nanopoints", price(0))
            .column("high_nanopoints", price(1))
            .column("low_nanopoints", price(2))
            .column("close_nanopoints", price(3))
            .column("volume", integers(&|bar| bar.volume.cast_signed()))
            .build()
    }
}
