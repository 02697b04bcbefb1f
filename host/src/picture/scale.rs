//! From values to places on the paper.

use super::ticks::{self, Ticks};

/// What is larger is not drawn: sums and differences of such numbers overflow.
const LARGEST: f64 = 1e300;

/// Share of the range left free at either end.
const MARGIN: f64 = 0.04;

/// The range that values cover.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    logarithmic: bool,
    /// On a logarithmic axis the logarithms.
    low: f64,
    high: f64,
}

impl Range {
    pub(super) fn new(logarithmic: bool) -> Self {
        Self { logarithmic, low: f64::INFINITY, high: f64::NEG_INFINITY }
    }

    /// The coordinate along the axis; nothing for a value that the axis cannot show.
    fn coordinate(&self, value: f64) -> Option<f64> {
        let showable = value.abs() <= LARGEST && (!self.logarithmic || value > 1.0 / LARGEST);
        showable.then(|| if self.logarithmic { value.log10() } else { value })
    }

    /// Whether the axis can show a value.
    pub(super) fn shows(&self, value: f64) -> bool {
        self.coordinate(value).is_some()
    }

    /// Makes room for a value; one that the axis cannot show is left out.
    pub(super) fn include(&mut self, value: f64) {
        if let Some(coordinate) = self.coordinate(value) {
            self.low = self.low.min(coordinate);
            self.high = self.high.max(coordinate);
        }
    }

    /// The scale that brings the range between two places, with a margin.
    pub(super) fn scale(&self, from: f64, to: f64) -> Scale {
        let (mut low, mut high) = (self.low, self.high);
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let span = high - low;
        let size = low.abs().max(high.abs());
        if span > size * 1e-12 {
            (low, high) = (low - span * MARGIN, high + span * MARGIN);
        } else {
            // One value alone stands in the middle.
            let room = if self.logarithmic || size < 1e-290 { 1.0 } else { size * 0.05 };
            (low, high) = (low - room, high + room);
        }
        Scale { range: Range { low, high, ..*self }, from, to }
    }

    /// The same without a margin, between limits that are known.
    pub(super) fn exactly(low: f64, high: f64, from: f64, to: f64) -> Scale {
        Scale { range: Range { logarithmic: false, low, high }, from, to }
    }
}

/// A range and the places of its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    range: Range,
    from: f64,
    to: f64,
}

impl Scale {
    /// The place of a value, perhaps far outside; nothing for one that the axis cannot show.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let Range { low, high, .. } = self.range;
        let share = (self.range.coordinate(value)? - low) / (high - low);
        // Far outside is far enough, for those who draw in single precision as well.
        (!share.is_nan()).then(|| self.from + (self.to - self.from) * share.clamp(-50.0, 50.0))
    }

    /// Its marks, about `wanted` of them.
    pub(super) fn ticks(&self, wanted: f64) -> Ticks {
        let Range { logarithmic, low, high } = self.range;
        if logarithmic {
            ticks::logarithmic(10_f64.powf(low.max(-305.0)), 10_f64.powf(high.min(305.0)), wanted)
        } else {
            ticks::linear(low, high, wanted)
        }
    }

    /// Where the axis begins and where it ends.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_go_to_their_places() {
        let mut range = Range::new(true);
        range.include(0.01);
        range.include(1.0);
        let scale = range.scale(0.0, 216.0);
        let middle = scale.place(0.1).unwrap();
        assert!((middle - 108.0).abs() < 1e-9, "{middle}");
        assert_eq!((scale.place(0.0), scale.place(-1.0), scale.place(f64::NAN)), (None, None, None));
        let scale = Range::exactly(-1.0, 1.0, 100.0, 0.0);
        assert_eq!((scale.place(-1.0), scale.place(0.5)), (Some(100.0), Some(25.0)));
    }

    #[test]
    fn a_single_value_stands_in_the_middle() {
        for value in [0.0, 3.0, -1e-200, 1e299, 5e-324] {
            let mut range = Range::new(false);
            range.include(value);
            let place = range.scale(0.0, 10.0).place(value).unwrap();
            assert!((place - 5.0).abs() < 1e-6, "{value}: {place}");
        }
    }

    proptest! {
        #[test]
        fn places_are_finite_whatever_the_values(values: Vec<f64>, logarithmic: bool, other: f64) {
            let mut range = Range::new(logarithmic);
            for value in &values {
                range.include(*value);
            }
            let scale = range.scale(10.0, 500.0);
            for value in values.iter().chain([&other]) {
                let place = scale.place(*value);
                prop_assert_eq!(place.is_some(), range.shows(*value), "{}", value);
                prop_assert!(place.is_none_or(f64::is_finite));
            }
            for value in &values {
                prop_assert!(scale.place(*value).is_none_or(|place| (9.999..500.001).contains(&place)));
            }
            prop_assert!(scale.ticks(6.0).major.len() < 45);
        }
    }
}
