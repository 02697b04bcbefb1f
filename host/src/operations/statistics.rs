//! Average, maximum and trend of numbers in the order of time.

use serde::Serialize;

/// Fewer numbers tell no trend.
const ENOUGH: usize = 8;

/// What many numbers come to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statistics {
    /// How many there are.
    pub count: usize,
    /// Their mean.
    pub average: f64,
    /// The greatest.
    pub maximum: f64,
    /// How much greater the median of the later half is than that of the earlier, relative to it; absent for fewer than
    /// eight numbers.
    pub trend: Option<f64>,
}

impl Statistics {
    /// Of numbers in the order of time; nothing of none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "there are fewer numbers than 2^52")]
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let maximum = numbers.iter().copied().reduce(f64::max)?;
        let average = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let (earlier, later) = numbers.split_at(numbers.len() / 2);
        let trend = (numbers.len() >= ENOUGH)
            .then(|| Some(median(later)? / median(earlier)? - 1.0))
            .flatten()
            .filter(|trend| trend.is_finite());
        Some(Self { count: numbers.len(), average, maximum, trend })
    }

    /// Average, maximum and trend as cells of a table.
    pub(super) fn cells(statistics: Option<&Self>, text: impl Fn(f64) -> String) -> [String; 3] {
        match statistics {
            None => ["-", "-", "-"].map(str::to_owned),
            Some(one) => [text(one.average), text(one.maximum), trend_text(one.trend)],
        }
    }
}

/// `+12 %`, or that there is too little to say.
fn trend_text(trend: Option<f64>) -> String {
    trend.map_or_else(|| "too few".to_owned(), |trend| format!("{:+.0} %", trend * 100.0))
}

fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(*sorted.get(middle - 1)?, upper)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_needs_eight_numbers_and_is_not_led_astray_by_one() {
        assert_eq!(Statistics::of(&[]), None);
        let few = Statistics::of(&[1.0, 2.0, 6.0]).unwrap();
        assert_eq!((few.count, few.average, few.maximum, few.trend), (3, 3.0, 6.0, None));
        let steady = Statistics::of(&[2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 300.0]).unwrap();
        assert_eq!(steady.trend, Some(0.5));
        assert_eq!(Statistics::of(&[0.0; 8]).unwrap().trend, None, "nothing is relative to nothing");
    }
}
