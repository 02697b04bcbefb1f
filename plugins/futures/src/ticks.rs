//! Prices of a file to whole ticks, and the rules a bar must keep to before it counts.

use crate::quarantine::Rule;

/// Size of a tick of the E-mini S&P 500 future, points (CME rulebook, chapter 358, 35802.C).
pub const TICK_POINTS: f64 = 0.25;

/// A tick in the fixed-point unit of DBN, 1e-9 points.
pub const TICK_NANOPOINTS: i64 = 250_000_000;

/// DBN's word for "no price".
pub const UNDEFINED_PRICE: i64 = i64::MAX;

/// Highest price that is believed, ticks: 1e6 points. It keeps every integer sum of the features far from overflow.
const HIGHEST_TICKS: i64 = 4_000_000;

/// Open, high, low and close in ticks, or the first rule that they break.
pub(crate) fn prices(nanopoints: [i64; 4]) -> Result<[i32; 4], Rule> {
    if nanopoints.contains(&UNDEFINED_PRICE) {
        return Err(Rule::UndefinedPrice);
    }
    if nanopoints.iter().any(|price| *price <= 0) {
        return Err(Rule::NonPositivePrice);
    }
    if nanopoints.iter().any(|price| price % TICK_NANOPOINTS != 0) {
        return Err(Rule::OffGrid);
    }
    let mut ticks = [0; 4];
    for (ticks, price) in ticks.iter_mut().zip(nanopoints) {
        let count = price / TICK_NANOPOINTS;
        *ticks = i32::try_from(count).ok().filter(|_| count <= HIGHEST_TICKS).ok_or(Rule::PriceTooHigh)?;
    }
    let [open, high, low, close] = ticks;
    if high < open.max(close) || low > open.min(close) {
        return Err(Rule::OpenHighLowClose);
    }
    Ok(ticks)
}

/// Points of a number of ticks; exact.
#[must_use]
pub fn points(ticks: i32) -> f64 {
    f64::from(ticks) * TICK_POINTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_a_bar_that_breaks_it() {
        let grid = |ticks: [i64; 4]| ticks.map(|count| count * TICK_NANOPOINTS);
        assert_eq!(prices(grid([8, 9, 7, 8])), Ok([8, 9, 7, 8]));
        assert_eq!(prices([UNDEFINED_PRICE, 1, 1, 1]), Err(Rule::UndefinedPrice));
        assert_eq!(prices(grid([8, 9, 0, 8])), Err(Rule::NonPositivePrice));
        assert_eq!(prices(grid([8, 9, -7, 8])), Err(Rule::NonPositivePrice));
        assert_eq!(prices([TICK_NANOPOINTS, TICK_NANOPOINTS + 1, 1, 1]), Err(Rule::OffGrid));
        assert_eq!(prices(grid([8, 7, 7, 8])), Err(Rule::OpenHighLowClose));
        assert_eq!(prices(grid([8, 9, 9, 8])), Err(Rule::OpenHighLowClose));
        assert_eq!(prices(grid([8, 1 << 31, 8, 8])), Err(Rule::PriceTooHigh));
        assert_eq!(prices(grid([8, HIGHEST_TICKS + 1, 8, 8])), Err(Rule::PriceTooHigh));
    }
}
