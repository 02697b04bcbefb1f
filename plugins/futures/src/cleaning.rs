//! Raw bars in, clean bars and a quarantine out: the border behind which everything is ordered and in ticks.

use crate::bars::{Bar, Bars};
use crate::quarantine::{Quarantine, RawBar, Rule};
use crate::symbols::Contracts;
use crate::ticks;

const SECOND_NANOSECONDS: u64 = 1_000_000_000;

/// DBN's record type of one-second bars (`rtype::OHLCV_1S`).
pub(crate) const OHLCV_1S: u8 = 0x20;

/// Most contracts of a second. A busy day has some millions of them in all; more in a second than this is damage, and one
/// such bar would drown the volumes of half an hour.
pub const LARGEST_VOLUME: u32 = 100_000;

/// Everything a file says, cleaned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// Clean bars of outright contracts in the order of the file, which is that of time.
    pub bars: Bars,
    /// The contracts that the bars name.
    pub contracts: Contracts,
    /// Bars set aside.
    pub quarantine: Quarantine,
    /// Records read: those of `bars`, of `quarantine`, and `others`.
    pub records: u64,
    /// Bars of other instruments than outright ES contracts, such as calendar spreads: counted, and not used further.
    pub others: u64,
}

impl Recording {
    /// Records of this file that became bars; `bars` may hold those of other months too.
    #[must_use]
    pub fn clean(&self) -> u64 {
        self.records - self.others - self.quarantine.len() as u64
    }

    /// Share of the records that were not set aside; 1 without records.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of records")]
    pub fn retention(&self) -> f64 {
        1.0 - self.quarantine.len() as f64 / self.records.max(1) as f64
    }
}

/// Takes raw bars one by one.
#[derive(Debug)]
pub(crate) struct Cleaner {
    recording: Recording,
    /// The bar that was clean so far and waits for the time of the bar behind it.
    waiting: Option<(Bar, RawBar)>,
    /// Start of the last bar that was taken, seconds; the smallest number before the first.
    last_seconds: i64,
    /// The same for each contract.
    last_of_contract: Vec<i64>,
    /// Range that the file states, nanoseconds: from, and up to but without.
    range: (u64, u64),
    /// Most contracts of a bar.
    largest_volume: u32,
}

impl Cleaner {
    pub(crate) fn new(expected: usize, largest_volume: u32) -> Self {
        let mut recording = Recording::default();
        recording.bars.reserve(expected);
        Self {
            recording,
            waiting: None,
            last_seconds: i64::MIN,
            last_of_contract: Vec::new(),
            range: (0, u64::MAX),
            largest_volume,
        }
    }

    /// Bars from now on must lie in this range, nanoseconds, without its end.
    pub(crate) fn expect_range(&mut self, start: u64, end: u64) {
        self.range = (start, end);
    }

    /// The contracts seen so far.
    pub(crate) fn contracts(&mut self) -> &mut Contracts {
        &mut self.recording.contracts
    }

    /// Takes the next bar of the file; `contract_at` knows its contract at a second.
    pub(crate) fn take(&mut self, raw: RawBar, contract_at: impl FnOnce(i64) -> Option<u16>) {
        self.recording.records += 1;
        match self.judge(&raw, contract_at) {
            Ok(Some(bar)) => self.order(bar, raw),
            Ok(None) => self.recording.others += 1,
            Err(rule) => self.recording.quarantine.add(rule, raw),
        }
    }

    /// Whatever can be told of a bar alone. `None` is a sound bar of an instrument that is not used.
    fn judge(&self, raw: &RawBar, contract_at: impl FnOnce(i64) -> Option<u16>) -> Result<Option<Bar>, Rule> {
        if raw.record_type != OHLCV_1S {
            return Err(Rule::RecordType);
        }
        if raw.time_nanoseconds < self.range.0 || raw.time_nanoseconds >= self.range.1 {
            return Err(Rule::OutsideFileRange);
        }
        if !raw.time_nanoseconds.is_multiple_of(SECOND_NANOSECONDS) {
            return Err(Rule::OffSecond);
        }
        let seconds = raw.time_nanoseconds / SECOND_NANOSECONDS;
        let time_seconds = i64::try_from(seconds).map_err(|_| Rule::OutsideFileRange)?;
        let contract = contract_at(time_seconds).ok_or(Rule::UnknownSymbol)?;
        // The price of a spread is a difference: it may be negative and has a grid of its own.
        if !self.recording.contracts.is_outright(contract) {
            return Ok(None);
        }
        let prices_ticks = ticks::prices(raw.prices_nanopoints)?;
        let volume = u32::try_from(raw.volume).ok().filter(|volume| *volume <= self.largest_volume);
        let volume = volume.ok_or(Rule::Volume)?;
        Ok(Some(Bar { time_seconds, prices_ticks, volume, contract, publisher: raw.publisher }))
    }

    /// Puts a bar behind the others if its time allows.
    ///
    /// One bar is held back: a lone jump ahead is set aside itself, and does not make everything behind it look late.
    fn order(&mut self, bar: Bar, raw: RawBar) {
        if let Some((held, held_raw)) = self.waiting.take() {
            if held.time_seconds > bar.time_seconds && bar.time_seconds >= self.last_seconds {
                self.recording.quarantine.add(Rule::Unordered, held_raw);
            } else {
                self.accept(held, held_raw);
            }
        }
        self.waiting = Some((bar, raw));
    }

    fn accept(&mut self, bar: Bar, raw: RawBar) {
        let contract = usize::from(bar.contract);
        if contract >= self.last_of_contract.len() {
            self.last_of_contract.resize(contract + 1, i64::MIN);
        }
        if bar.time_seconds == self.last_of_contract[contract] {
            self.recording.quarantine.add(Rule::Duplicate, raw);
        } else if bar.time_seconds < self.last_seconds {
            self.recording.quarantine.add(Rule::Unordered, raw);
        } else {
            self.last_seconds = bar.time_seconds;
            self.last_of_contract[contract] = bar.time_seconds;
            self.recording.bars.push(bar);
        }
    }

    pub(crate) fn finish(mut self) -> Recording {
        if let Some((bar, raw)) = self.waiting.take() {
            self.accept(bar, raw);
        }
        self.recording
    }
}
