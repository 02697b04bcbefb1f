//! Ranges in which features usually lie (feature_validation.py, `FeatureValidator`, with its tenth on either side). Beyond
//! them a month is worth a look, and no more: one second of news is wider than 27.5 points, and is true.

use plugin_api::{Finding, Severity};

use crate::feature_statistics::Summaries;
use crate::features::NAMES;

/// Name, lowest and highest usual value. Features that cannot leave their range, such as shares, are in the contract.
const USUAL: [(&str, f64, f64); 22] = [
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
    ("bar_range", 0.0, 27.5),
];

/// A finding for each feature that leaves its range.
pub(crate) fn findings(summaries: &Summaries) -> Vec<Finding> {
    let known = NAMES.iter().zip(summaries).filter(|(_, summary)| summary.present > 0);
    known
        .filter_map(|((name, _), summary)| {
            let (_, lowest, highest) = USUAL.iter().find(|(usual, _, _)| usual == name)?;
            let (found, limit) = if summary.minimum < *lowest {
                (summary.minimum, *lowest)
            } else if summary.maximum > *highest {
                (summary.maximum, *highest)
            } else {
                return None;
            };
            let place = format!("table `data`, column `{name}`");
            let message = format!("{found} is beyond what is usual");
            let finding = Finding::new(Severity::Warning, "features.range", place, message);
            Some(finding.measured(found, limit).hint("look at the bars of that second, or at the quarantine"))
        })
        .collect()
}
