//! Which contract a day is read from.

use std::ops::Range;

use crate::bars::Bars;
use crate::clock::Day;
use crate::symbols::Contracts;

/// Contracts traded on each day, by contract: one row a day.
#[must_use]
pub fn volumes(bars: &Bars, days: &[(Day, Range<usize>)], contracts: &Contracts) -> Vec<Vec<u64>> {
    let of_day = |rows: &Range<usize>| {
        let mut volumes = vec![0; contracts.len()];
        for row in rows.clone() {
            volumes[usize::from(bars.contract[row])] += u64::from(bars.volume[row]);
        }
        volumes
    };
    days.iter().map(|(_, rows)| of_day(rows)).collect()
}

/// The contract with most volume on each day, the first by symbol where two have the same
/// (corrected_contract_filtering.py, `filter_primary_contract_by_volume`). It looks at the whole day, so it knows in the
/// morning what is traded in the evening.
#[must_use]
pub fn most_traded(volumes: &[Vec<u64>], contracts: &Contracts) -> Vec<u16> {
    let mut by_symbol: Vec<u16> =
        (0..contracts.len()).filter_map(|index| u16::try_from(index).ok()).collect();
    by_symbol.sort_by_key(|contract| contracts.symbol(*contract));
    let most = |volumes: &Vec<u64>| {
        // `max_by_key` takes the last of equals.
        let most = by_symbol.iter().rev().max_by_key(|contract| volumes[usize::from(**contract)]);
        most.copied().unwrap_or_default()
    };
    volumes.iter().map(most).collect()
}
