//! Ranges in which features usually lie (feature_validation.py, `FeatureValidator`, with its tenth on either side). Beyond
//! them a month is worth a look, and no more: one second of news is wider than 27.5 points, and is true.
//!
//! Where the reference wants more than 0 of a range or a volume, 0 is usual here: seconds without a trade have it.

use plugin_api::{Finding, Severity};

use crate::feature_statistics::Summaries;
use crate::features::NAMES;

/// Name, lowest and highest usual value. Features that cannot leave their range, such as shares, are in the contract.
const USUAL: [(&str, f64, f64); 25] = [
    ("volume_slope_30s", -330.0, 330.0),
    ("volume_slope_5s", -6600.0, 4400.0),
    ("volume_exhaustion", -5500.0, 38500.0),
    ("vwap", 900.0, 8800.0),
    ("distance_from_vwap_pct", -5.5, 5.5),
    ("vwap_slope", -13.2, 13.2),
    ("distance_from_rth_high", -220.0, 0.1),
    ("distance_from_rth_low", -0.1, 220.0),
    ("short_range_high", 900.0, 8800.0),
    ("short_range_low", 900.0, 8800.0),
    ("short_range_size", 0.0, 220.0),
    ("medium_range_high", 900.0, 8800.0),
    ("medium_range_low", 900.0, 8800.0),
    ("medium_range_size", 0.0, 220.0),
    ("return_30s", -0.11, 0.11),
    ("return_60s", -0.11, 0.11),
    ("return_300s", -0.22, 0.22),
    ("momentum_acceleration", -0.22, 0.22),
    ("momentum_consistency", 0.0, 0.055),
    ("atr_30s", 0.0, 55.0),
    ("atr_300s", 0.0, 55.0),
    ("volatility_regime", -0.1, 5.5),
    ("volatility_breakout", -5.5, 5.5),
    ("bar_range", 0.0, 27.5),
    ("relative_bar_size", -0.1, 11.0),
];

/// Features that leave their range in a second of any busy day: how often is what tells a month apart.
const HEAVY_TAILED: [&str; 3] = ["volatility_regime", "volatility_breakout", "relative_bar_size"];

/// Share of the values of such a feature beyond which a month is worth a look.
pub(crate) const OUTSIDE_LIMIT: f64 = 0.05;

/// Lowest and highest usual value of each feature, in their order.
pub(crate) fn usual() -> [(f64, f64); NAMES.len()] {
    NAMES.map(|(name, _)| {
        let known = USUAL.iter().find(|(usual, ..)| *usual == name);
        known.map_or((f64::NEG_INFINITY, f64::INFINITY), |(_, lowest, highest)| (*lowest, *highest))
    })
}

/// A finding for each feature that leaves its range, or does so too often.
pub(crate) fn findings(summaries: &Summaries) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (((name, _), summary), (lowest, highest)) in NAMES.iter().zip(summaries).zip(usual()) {
        let warning = |code, message| {
            let place = format!("table `data`, column `{name}`");
            Finding::new(Severity::Warning, code, place, message)
                .hint("look at the bars of that second, or at the quarantine")
        };
        let share = summary.outside_fraction();
        if HEAVY_TAILED.contains(name) {
            if share > OUTSIDE_LIMIT {
                let message = format!("{:.1} % of the values are beyond what is usual", share * 100.0);
                findings.push(warning("features.outside", message).measured(share, OUTSIDE_LIMIT));
            }
        } else if summary.outside > 0 {
            let below = summary.minimum < lowest;
            let (found, limit) = if below { (summary.minimum, lowest) } else { (summary.maximum, highest) };
            let message = format!("{found} is beyond what is usual");
            findings.push(warning("features.range", message).measured(found, limit));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature_statistics::Summary;

    #[test]
    fn every_range_is_that_of_a_feature() {
        let known = usual().iter().filter(|(lowest, _)| lowest.is_finite()).count();
        assert_eq!(known, USUAL.len());
        assert!(HEAVY_TAILED.iter().all(|name| USUAL.iter().any(|(usual, ..)| usual == name)));
    }

    #[test]
    fn a_feature_with_heavy_tails_is_told_of_when_it_is_often_beyond_its_range() {
        let index = NAMES.iter().position(|(name, _)| *name == "volatility_breakout").unwrap();
        let found = |often: usize| {
            let mut summaries = [Summary::default(); NAMES.len()];
            let mut values = vec![0.0; 100];
            values[..often].fill(-6.0);
            summaries[index].add(&values, usual()[index]);
            findings(&summaries).into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(found(5), [] as [&str; 0]);
        assert_eq!(found(6), ["6.0 % of the values are beyond what is usual"]);
    }
}
