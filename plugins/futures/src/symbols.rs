//! Instrument numbers to contracts, by date.

use std::collections::BTreeMap;

/// Names of the contracts of a recording; bars hold the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contracts {
    symbols: Vec<String>,
    instrument_ids: Vec<u32>,
    outright: Vec<bool>,
    index: BTreeMap<(String, u32), u16>,
}

impl Contracts {
    /// The index of a symbol with its instrument number, which is new or known; `None` beyond 65 535 of them.
    pub(crate) fn intern(&mut self, symbol: &str, instrument_id: u32) -> Option<u16> {
        let key = (symbol.to_owned(), instrument_id);
        if let Some(known) = self.index.get(&key) {
            return Some(*known);
        }
        let new = u16::try_from(self.symbols.len()).ok()?;
        self.symbols.push(symbol.to_owned());
        self.instrument_ids.push(instrument_id);
        self.outright.push(is_outright(symbol));
        self.index.insert(key, new);
        Some(new)
    }

    /// Symbol of a contract, such as `ESU5`.
    #[must_use]
    pub fn symbol(&self, contract: u16) -> &str {
        &self.symbols[usize::from(contract)]
    }

    /// Databento's number of a contract.
    #[must_use]
    pub fn instrument_id(&self, contract: u16) -> u32 {
        self.instrument_ids[usize::from(contract)]
    }

    /// Whether it is one ES contract, no spread.
    #[must_use]
    pub fn is_outright(&self, contract: u16) -> bool {
        self.outright[usize::from(contract)]
    }

    /// Number of contracts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }
}

/// `^ES[HMUZ]\d{1,2}$`: a quarterly contract by itself.
fn is_outright(symbol: &str) -> bool {
    let Some(rest) = symbol.strip_prefix("ES") else { return false };
    let mut rest = rest.bytes();
    rest.next().is_some_and(|month| b"HMUZ".contains(&month))
        && matches!(rest.len(), 1 | 2)
        && rest.all(|digit| digit.is_ascii_digit())
}

/// Which contract an instrument number means at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct SymbolMap {
    /// Sorted by instrument and start once `sort` was called.
    intervals: Vec<Interval>,
    /// Two bars in a row often have the same instrument, or take turns.
    recent: [usize; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) instrument_id: u32,
    /// Seconds since 1970, with the start and without the end.
    pub(crate) start_seconds: i64,
    pub(crate) end_seconds: i64,
    pub(crate) contract: u16,
}

impl Interval {
    fn holds(&self, instrument_id: u32, time_seconds: i64) -> bool {
        self.instrument_id == instrument_id
            && self.start_seconds <= time_seconds
            && time_seconds < self.end_seconds
    }
}

impl SymbolMap {
    pub(crate) fn add(&mut self, interval: Interval) {
        self.intervals.push(interval);
    }

    /// Sorts what was added, and returns two intervals that contradict each other, if any do.
    pub(crate) fn sort(&mut self) -> Option<(Interval, Interval)> {
        self.intervals.sort_by_key(|interval| (interval.instrument_id, interval.start_seconds));
        let contradicts = |pair: &&[Interval]| {
            pair[0].instrument_id == pair[1].instrument_id
                && pair[1].start_seconds < pair[0].end_seconds
                && pair[0].contract != pair[1].contract
        };
        self.intervals.windows(2).find(contradicts).map(|pair| (pair[0], pair[1]))
    }

    pub(crate) fn contract(&mut self, instrument_id: u32, time_seconds: i64) -> Option<u16> {
        for recent in self.recent {
            let known = self.intervals.get(recent)?;
            if known.holds(instrument_id, time_seconds) {
                return Some(known.contract);
            }
        }
        let after = self.intervals.partition_point(|interval| {
            (interval.instrument_id, interval.start_seconds) <= (instrument_id, time_seconds)
        });
        let found = after.checked_sub(1)?;
        let interval = self.intervals.get(found)?;
        if !interval.holds(instrument_id, time_seconds) {
            return None;
        }
        self.recent = [found, self.recent[0]];
        Some(interval.contract)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_and_other_products_are_no_outright_contracts() {
        for symbol in ["ESU5", "ESZ25", "ESH0", "ESM9"] {
            assert!(is_outright(symbol), "{symbol}");
        }
        for symbol in ["ESU5-ESZ5", "NQU5", "ES", "ESF5", "ESU", "ESU255", "ESUx", "ES.FUT", "XESU5", ""] {
            assert!(!is_outright(symbol), "{symbol}");
        }
    }

    #[test]
    fn an_instrument_means_what_it_meant_on_that_day() {
        let interval = |instrument_id, start_seconds, end_seconds, contract| Interval {
            instrument_id,
            start_seconds,
            end_seconds,
            contract,
        };
        let mut map = SymbolMap::default();
        map.add(interval(7, 200, 300, 1));
        map.add(interval(7, 100, 200, 0));
        map.add(interval(5, 100, 300, 2));
        assert_eq!(map.sort(), None);
        let found = [99, 100, 199, 200, 299, 300].map(|time| map.contract(7, time));
        assert_eq!(found, [None, Some(0), Some(0), Some(1), Some(1), None]);
        assert_eq!((map.contract(5, 150), map.contract(6, 150)), (Some(2), None));
        map.add(interval(7, 150, 160, 3));
        assert!(map.sort().is_some());
        assert_eq!(SymbolMap::default().contract(7, 150), None);
    }
}
