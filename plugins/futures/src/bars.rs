//! Bars as columns: what the reader fills and every later stage works on.

/// One-second bars, a vector for each quantity, all of the same length. Prices are whole ticks of a quarter point, so
/// that every comparison and every sum of the later stages is exact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bars {
    /// Start of the bar, seconds since 1970-01-01T00:00:00Z.
    pub time_seconds: Vec<i64>,
    /// First price, ticks.
    pub open_ticks: Vec<i32>,
    /// Highest price, ticks.
    pub high_ticks: Vec<i32>,
    /// Lowest price, ticks.
    pub low_ticks: Vec<i32>,
    /// Last price, ticks.
    pub close_ticks: Vec<i32>,
    /// Contracts traded.
    pub volume: Vec<u32>,
    /// Index into the list of contracts of the recording.
    pub contract: Vec<u16>,
    /// Databento's number of the publisher.
    pub publisher: Vec<u16>,
}

/// One bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Start, seconds since 1970.
    pub time_seconds: i64,
    /// Open, high, low and close, ticks.
    pub prices_ticks: [i32; 4],
    /// Contracts traded.
    pub volume: u32,
    /// Index into the list of contracts.
    pub contract: u16,
    /// Databento's number of the publisher.
    pub publisher: u16,
}

impl Bars {
    /// Number of bars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time_seconds.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time_seconds.is_empty()
    }

    /// Makes room for that many further bars.
    pub fn reserve(&mut self, count: usize) {
        self.time_seconds.reserve(count);
        for prices in [&mut self.open_ticks, &mut self.high_ticks, &mut self.low_ticks, &mut self.close_ticks]
        {
            prices.reserve(count);
        }
        self.volume.reserve(count);
        self.contract.reserve(count);
        self.publisher.reserve(count);
    }

    /// Appends a bar.
    pub fn push(&mut self, bar: Bar) {
        let [open, high, low, close] = bar.prices_ticks;
        self.time_seconds.push(bar.time_seconds);
        self.open_ticks.push(open);
        self.high_ticks.push(high);
        self.low_ticks.push(low);
        self.close_ticks.push(close);
        self.volume.push(bar.volume);
        self.contract.push(bar.contract);
        self.publisher.push(bar.publisher);
    }

    /// The bar of a row.
    #[must_use]
    pub fn bar(&self, row: usize) -> Bar {
        Bar {
            time_seconds: self.time_seconds[row],
            prices_ticks: [
                self.open_ticks[row],
                self.high_ticks[row],
                self.low_ticks[row],
                self.close_ticks[row],
            ],
            volume: self.volume[row],
            contract: self.contract[row],
            publisher: self.publisher[row],
        }
    }
}
