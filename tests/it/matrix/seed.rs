//! All chance of the matrix comes from one number, which `HOST_TEST_SEED` sets and the table prints.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// The number.
pub(super) fn seed() -> u64 {
    let text = super::tally::variable("HOST_TEST_SEED");
    text.map_or(7, |text| text.parse().expect("HOST_TEST_SEED is a whole number"))
}

/// A sequence of numbers that follows from the seed and a word (`SplitMix64`: Steele, Lea and Flood 2014).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn of(word: &str) -> Self {
        Self(seed() ^ BuildHasherDefault::<DefaultHasher>::default().hash_one(word))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// So many of the items, each once, in the order drawn; all of them where one case is replayed, which is then found
    /// even where another run would draw others.
    pub(crate) fn choose<T>(&mut self, mut items: Vec<T>, count: usize) -> Vec<T> {
        if super::tally::one_is_replayed() {
            return items;
        }
        let count = count.min(items.len());
        for at in 0..count {
            let other = at + self.below(items.len() - at);
            items.swap(at, other);
        }
        items.truncate(count);
        items
    }
}
