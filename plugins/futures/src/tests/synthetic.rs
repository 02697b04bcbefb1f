//! A DBN writer for made-up bars, and the recording that travels with the module. Nothing in it is market data.
//!
//! `cargo run -p plugin-futures --example synthetic | zstd -19 > plugins/futures/bundled/synthetic.dbn.zst`

/// A bar as the file states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MadeBar {
    pub(crate) time_nanoseconds: u64,
    pub(crate) instrument_id: u32,
    pub(crate) prices_nanopoints: [i64; 4],
    pub(crate) volume: u64,
    pub(crate) record_type: u8,
}

impl MadeBar {
    /// A sound bar.
    pub(crate) fn new(time_seconds: u64, instrument_id: u32, ticks: [i64; 4], volume: u64) -> Self {
        Self {
            time_nanoseconds: time_seconds * 1_000_000_000,
            instrument_id,
            prices_nanopoints: ticks.map(|ticks| ticks * 250_000_000),
            volume,
            record_type: 0x20,
        }
    }

    /// Its record of 56 bytes.
    pub(crate) fn record(&self) -> Vec<u8> {
        let mut bytes = vec![14, self.record_type, 1, 0];
        bytes.extend(self.instrument_id.to_le_bytes());
        bytes.extend(self.time_nanoseconds.to_le_bytes());
        for price in self.prices_nanopoints {
            bytes.extend(price.to_le_bytes());
        }
        bytes.extend(self.volume.to_le_bytes());
        bytes
    }
}

/// The metadata of a file whose symbols mean the same on all days from one date up to, and without, another.
pub(crate) fn metadata(version: u8, symbols: &[(&str, u32)], dates: [u32; 2], range: [u64; 2]) -> Vec<u8> {
    let length = if version == 1 { 22 } else { 71 };
    let text = |text: &str, length: usize| {
        let mut field = text.as_bytes().to_vec();
        field.resize(length, 0);
        field
    };
    let mut rest = text("GLBX.MDP3", 16);
    rest.extend(5_u16.to_le_bytes());
    for end in range {
        rest.extend(end.to_le_bytes());
    }
    rest.extend(vec![0; if version == 1 { 16 } else { 8 }]);
    rest.extend([4, 0, 0]);
    if version > 1 {
        rest.extend([71, 0]);
    }
    rest.extend(vec![0; if version == 1 { 47 } else { 53 }]);
    rest.extend(0_u32.to_le_bytes());
    rest.extend(1_u32.to_le_bytes());
    rest.extend(text("ES.FUT", length));
    rest.extend([0; 8]);
    rest.extend(u32::try_from(symbols.len()).unwrap_or_default().to_le_bytes());
    for (symbol, number) in symbols {
        rest.extend(text(symbol, length));
        rest.extend(1_u32.to_le_bytes());
        for date in dates {
            rest.extend(date.to_le_bytes());
        }
        rest.extend(text(&number.to_string(), length));
    }
    let mut bytes = b"DBN".to_vec();
    bytes.push(version);
    bytes.extend(u32::try_from(rest.len()).unwrap_or_default().to_le_bytes());
    bytes.extend(rest);
    bytes
}

/// Symbols and numbers of the made-up contracts.
pub(crate) const SYMBOLS: [(&str, u32); 3] = [("ESU5", 101), ("ESZ5", 102), ("ESU5-ESZ5", 103)];

/// 2025-09-12 and 2025-09-15, 12:30 UTC: 07:30 in Chicago.
pub(crate) const MORNINGS_SECONDS: [u64; 2] = [1_757_680_200, 1_757_939_400];

/// A file of SYMBOLS for the days around the mornings.
pub(crate) fn file(bars: &[MadeBar]) -> Vec<u8> {
    let range =
        [(MORNINGS_SECONDS[0] - 43_200) * 1_000_000_000, (MORNINGS_SECONDS[1] + 43_200) * 1_000_000_000];
    let mut bytes = metadata(3, &SYMBOLS, [20_250_912, 20_250_917], range);
    for bar in bars {
        bytes.extend(bar.record());
    }
    bytes
}

/// Repeatable random numbers (Marsaglia 2003, J. Stat. Soft. 8, 14: xorshift64).
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// -1, 0 or 1.
    fn step(&mut self) -> i64 {
        i64::try_from(self.below(3)).unwrap_or_default() - 1
    }
}

/// Two sessions from 07:30 to 15:00 in Chicago, a trade every few seconds. On the first day the later contract is traded
/// more, so that a roll follows; a spread is traded now and then.
pub(crate) fn bars(seed: u64) -> Vec<MadeBar> {
    let mut random = Random(seed);
    let mut bars = Vec::new();
    let mut ticks = 26_000_i64;
    for (day, morning) in MORNINGS_SECONDS.iter().enumerate() {
        let mut next = [0, if day == 0 { 3 } else { 1 }, 30];
        for second in 0..27_000_u64 {
            ticks += random.step();
            for (contract, (_, number)) in (0_u8..).zip(SYMBOLS) {
                // The old contract is no longer traded on the second day.
                if second < next[usize::from(contract)] || (contract == 0 && day == 1) {
                    continue;
                }
                next[usize::from(contract)] = second + if contract == 2 { 900 } else { 7 + random.below(4) };
                let (open, close) = (ticks, ticks + random.step());
                let prices = [
                    open,
                    open.max(close) + random.step().max(0),
                    open.min(close) - random.step().max(0),
                    close,
                ];
                let apart = 230 * i64::from(contract == 1);
                let prices = if contract == 2 { [230; 4] } else { prices.map(|price| price + apart) };
                // Before eight the old contract leads; over the day the new one does.
                let volume = match (contract, second < 1800) {
                    (0, true) => 40,
                    (1, true) => 10,
                    (0, false) => 1 + random.below(9),
                    (1, false) => 2 + random.below(16),
                    _ => 1,
                };
                bars.push(MadeBar::new(morning + second, number, prices, volume));
            }
        }
    }
    bars
}

/// The recording that travels with the module, with two bars for the quarantine.
#[must_use]
pub(crate) fn example() -> Vec<u8> {
    let mut bars = bars(0x9e37_79b9_7f4a_7c15);
    let mut off_grid = bars[3000];
    off_grid.prices_nanopoints[1] += 1;
    bars.insert(3000, off_grid);
    let twice = bars[5000];
    bars.insert(5001, twice);
    file(&bars)
}
