//! One number for a month, with what it is made of and the reasons to look again.
//!
//! After monthly_statistics.py, `QualityScorer`, which never ran: all shares are fractions here, time and memory of the
//! run do not enter (a result does not depend on the machine), and neither do outliers. The other weights are as there.

use serde_json::{Value, json};

use crate::feature_statistics::{Summaries, Summary};
use crate::labels::MODES;
use crate::settings::Limits;
use crate::statistics::ModeCounts;

/// Weights of modes, data, features and rolls.
const WEIGHTS: [f64; 4] = [0.40, 0.25, 0.20, 0.05];

/// Below this a month should be looked at again.
const LOWEST_SCORE: f64 = 0.7;

/// What the score follows from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts<'a> {
    /// Labels of each mode.
    pub modes: &'a [ModeCounts; MODES.len()],
    /// Features.
    pub features: &'a Summaries,
    /// Share of the records that were not set aside.
    pub retention: f64,
    /// Share of the rows near a roll, which lose whatever happens.
    pub affected_by_rolls: f64,
    /// What is believed.
    pub limits: Limits,
}

/// Score, components and reasons as JSON for the metadata.
#[must_use]
pub fn score(facts: &Facts<'_>) -> Value {
    let components =
        [modes(facts), data(facts), features(facts), rolls(facts)].map(|part| part.clamp(0.0, 1.0));
    let weighted: f64 = components.iter().zip(WEIGHTS).map(|(part, weight)| part * weight).sum();
    let score = weighted / WEIGHTS.iter().sum::<f64>();
    let mut reasons = Vec::new();
    if score < LOWEST_SCORE {
        reasons.push(format!("low_overall_quality_score_{score:.2}"));
    }
    if facts.retention < 0.5 {
        reasons.push("excessive_data_loss".to_owned());
    }
    if components[2] < 0.6 {
        reasons.push(format!("poor_feature_quality_{:.2}", components[2]));
    }
    for (mode, counts) in
        MODES.iter().zip(facts.modes).filter(|(_, counts)| !facts.limits.believes(counts.win_rate()))
    {
        reasons.push(format!("unreasonable_win_rates_{}_{:.3}", mode.name, counts.win_rate()));
    }
    if facts.affected_by_rolls > 0.15 {
        reasons.push(format!("excessive_rollover_events_{:.2}%", facts.affected_by_rolls * 100.0));
    }
    json!({
        "score": score,
        "modes": components[0],
        "data": components[1],
        "features": components[2],
        "rolls": components[3],
        "reprocess": !reasons.is_empty(),
        "reasons": reasons,
    })
}

/// A win rate that nobody believes costs 0.4, and 0.1 for its flag; labels and weights are right by their types.
fn modes(facts: &Facts<'_>) -> f64 {
    let bad = facts.modes.iter().filter(|counts| !facts.limits.believes(counts.win_rate())).count();
    1.0 - 0.5 * share(bad, MODES.len())
}

fn data(facts: &Facts<'_>) -> f64 {
    let loss = match facts.retention {
        kept if kept < 0.3 => 0.5,
        kept if kept < 0.5 => 0.3,
        kept if kept < 0.7 => 0.1,
        _ => 0.0,
    };
    1.0 - loss - if facts.retention < 0.5 { 0.3 } else { 0.0 }
}

fn features(facts: &Facts<'_>) -> f64 {
    let count = facts.features.len();
    let mean_missing = facts.features.iter().map(Summary::missing_fraction).sum::<f64>() * share(1, count);
    let suspicious = facts.features.iter().filter(|summary| summary.is_suspicious()).count();
    let many_missing = facts
        .features
        .iter()
        .filter(|summary| summary.missing_fraction() > facts.limits.missing_fraction)
        .count();
    let basis = (1.0 + (1.0 - mean_missing) + (1.0 - share(suspicious, count))) / 3.0;
    // All features are there, which counts 0.1.
    basis + 0.1 - step(many_missing, 2, 5) - step(suspicious, 1, 3)
}

fn rolls(facts: &Facts<'_>) -> f64 {
    1.0 - match facts.affected_by_rolls {
        share if share > 0.15 => 0.5,
        share if share > 0.10 => 0.3,
        share if share > 0.05 => 0.1,
        _ => 0.0,
    }
}

/// 0.1 above one bound, 0.2 above another.
fn step(count: usize, some: usize, many: usize) -> f64 {
    match count {
        count if count > many => 0.2,
        count if count > some => 0.1,
        _ => 0.0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_month_is_good_and_each_fault_has_its_reason() {
        let features = std::array::from_fn(|_| {
            let mut summary = Summary::default();
            summary.add(&[0.0, 1.0], (0.0, 1.0));
            summary
        });
        let sound = ModeCounts { labelled: 100, won: 30, weight_sum: 100.0 };
        let facts = Facts {
            modes: &[sound; 6],
            features: &features,
            retention: 1.0,
            affected_by_rolls: 0.0,
            limits: Limits::REFERENCE,
        };
        let good = score(&facts);
        assert_eq!((good["score"].as_f64(), good["reprocess"].as_bool()), (Some(1.0), Some(false)));
        let losing = ModeCounts { won: 1, ..sound };
        let bad = score(&Facts { modes: &[losing; 6], retention: 0.2, affected_by_rolls: 0.2, ..facts });
        let reasons = bad["reasons"].to_string();
        for reason in ["low_overall", "excessive_data_loss", "low_vol_long_0.010", "rollover_events_20.00%"] {
            assert!(reasons.contains(reason), "{reasons}");
        }
    }
}
