//! A DBN file in its parts: metadata, and records of 56 bytes.

use tests::needs::releases;
use tests::repository;

/// Bytes of a bar.
pub(super) const RECORD: usize = 56;

/// Where in a record its start is stated, nanoseconds since 1970.
const TIME: std::ops::Range<usize> = 8..16;

/// An unpacked file.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) metadata: Vec<u8>,
    pub(super) records: Vec<u8>,
}

impl File {
    /// Three sessions that are published with what the reference makes of them.
    pub(super) fn golden() -> Self {
        Self::unpack(&std::fs::read(releases().join("futures/golden_raw.dbn.zst")).unwrap())
    }

    /// Two made-up sessions that travel with the module.
    pub(super) fn bundled() -> Self {
        let path = repository().join("plugins/futures/bundled/synthetic.dbn.zst");
        Self::unpack(&std::fs::read(path).unwrap())
    }

    fn unpack(packed: &[u8]) -> Self {
        let mut metadata = zstd::decode_all(packed).unwrap();
        let length = u32::from_le_bytes(*metadata[4..].first_chunk().unwrap()) as usize;
        let records = metadata.split_off(8 + length);
        assert!(records.len().is_multiple_of(RECORD));
        Self { metadata, records }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        [&self.metadata[..], &self.records].concat()
    }

    pub(super) fn packed(&self) -> Vec<u8> {
        zstd::encode_all(&*self.bytes(), 1).unwrap()
    }

    /// Number of records.
    pub(super) fn len(&self) -> usize {
        self.records.len() / RECORD
    }

    pub(super) fn record(&mut self, index: usize) -> &mut [u8] {
        &mut self.records[index * RECORD..][..RECORD]
    }

    pub(super) fn nanoseconds(&self, index: usize) -> u64 {
        u64::from_le_bytes(self.records[index * RECORD..][TIME].try_into().unwrap())
    }

    pub(super) fn set_nanoseconds(&mut self, index: usize, nanoseconds: u64) {
        self.record(index)[TIME].copy_from_slice(&nanoseconds.to_le_bytes());
    }

    /// The first record behind the night before the last session.
    pub(super) fn last_night(&self) -> usize {
        let hour = 3_600_000_000_000;
        let night = |index: &usize| self.nanoseconds(*index) - self.nanoseconds(index - 1) > hour;
        (1..self.len()).rev().find(night).unwrap()
    }

    /// The records before one of them, and the others.
    pub(super) fn split(&self, at: usize) -> [Self; 2] {
        let (before, behind) = self.records.split_at(at * RECORD);
        [before, behind].map(|records| Self { metadata: self.metadata.clone(), records: records.to_vec() })
    }

    /// The made-up sessions some days later, or earlier: where the file stands for days and times, others.
    pub(super) fn bundled_moved(days: i64, [first, end]: [u32; 2]) -> Self {
        let whole = Self::bundled();
        let moved = |nanoseconds: u64| nanoseconds.strict_add_signed(days * 86_400_000_000_000);
        let dates = [(20_250_912_u32, first), (20_250_917, end)];
        let mut file = dates.iter().fold(whole.clone(), |file, (from, to)| {
            file.with_symbols(&from.to_le_bytes(), &to.to_le_bytes())
        });
        // The range of the file stands behind name and schema.
        for at in [26, 34] {
            let stated = u64::from_le_bytes(*whole.metadata[at..].first_chunk().unwrap());
            file.metadata[at..at + 8].copy_from_slice(&moved(stated).to_le_bytes());
        }
        for index in 0..whole.len() {
            file.set_nanoseconds(index, moved(whole.nanoseconds(index)));
        }
        file
    }

    /// The same with another text wherever one stands in the metadata.
    pub(super) fn with_symbols(&self, from: &[u8], to: &[u8]) -> Self {
        assert_eq!(from.len(), to.len());
        let mut file = self.clone();
        let mut found = false;
        for at in 0..file.metadata.len() - from.len() {
            if file.metadata[at..].starts_with(from) {
                file.metadata[at..at + from.len()].copy_from_slice(to);
                found = true;
            }
        }
        assert!(found, "the metadata do not hold `{}`", from.escape_ascii());
        file
    }
}

/// Repeatable random numbers (Marsaglia 2003, J. Stat. Soft. 8, 14: xorshift64).
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    /// Changes one byte in a hundred, of those that may be changed.
    pub(super) fn damage(&mut self, bytes: &mut [u8], may: impl Fn(usize) -> bool) {
        for _ in 0..bytes.len() / 100 {
            let at = self.below(bytes.len());
            if may(at) {
                bytes[at] = u8::try_from(self.below(256)).unwrap();
            }
        }
    }
}
