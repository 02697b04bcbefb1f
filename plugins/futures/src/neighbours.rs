//! The months before and after, so that the border of a month is no border of the data.
//!
//! The reference begins every month anew: 1799 rows without features, 900 rows whose labels are cut off. Here a month may
//! come with its neighbours, of which no row is put out. In compat mode their nearest sessions give windows and labels
//! what they need; in strict mode sessions stand for themselves, and the month before says which contract is held.

use std::ops::Range;

use plugin_api::ModuleError;

use crate::cleaning::Recording;

/// Role of the bars of the month before.
pub const PREVIOUS: &str = "previous";

/// Role of the bars of the month after.
pub const NEXT: &str = "next";

/// A month among its neighbours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Months {
    /// The bars of all of them, in order; quarantine and counts of the month alone.
    pub recording: Recording,
    /// From the first of the month's own bars up to the first of the month after; without one, for ever.
    pub own_seconds: Range<i64>,
}

impl Months {
    /// Puts months in a row.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] for neighbours that overlap with the month, or stand on the wrong side.
    pub fn new(
        previous: Option<&Recording>,
        own: Recording,
        next: Option<&Recording>,
    ) -> Result<Self, ModuleError> {
        let times = &own.bars.time_seconds;
        let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
            return Ok(Self { recording: own, own_seconds: 0..0 });
        };
        let misplaced = |role: &str, side: &str| {
            let message = format!("its bars do not lie {side} those of `bars`");
            Err(ModuleError::bad_input(role, message).hint("were two months exchanged?"))
        };
        if previous.and_then(|bars| bars.bars.time_seconds.last()).is_some_and(|time| *time >= first) {
            return misplaced(PREVIOUS, "before");
        }
        let first_of_next = next.and_then(|bars| bars.bars.time_seconds.first().copied());
        if first_of_next.is_some_and(|time| time <= last) {
            return misplaced(NEXT, "behind");
        }
        let own_seconds = first..first_of_next.unwrap_or(i64::MAX);
        if previous.is_none() && next.is_none() {
            return Ok(Self { recording: own, own_seconds });
        }
        let mut all = Recording { records: own.records, others: own.others, ..Recording::default() };
        let months = [previous, Some(&own), next];
        all.bars.reserve(months.iter().flatten().map(|month| month.bars.len()).sum());
        for month in months.into_iter().flatten() {
            append(&mut all, month)?;
        }
        all.quarantine = own.quarantine;
        Ok(Self { recording: all, own_seconds })
    }
}

fn append(all: &mut Recording, month: &Recording) -> Result<(), ModuleError> {
    let contracts = &month.contracts;
    let mut renamed = Vec::with_capacity(contracts.len());
    for contract in (0..contracts.len()).filter_map(|index| u16::try_from(index).ok()) {
        let new = all.contracts.intern(contracts.symbol(contract), contracts.instrument_id(contract));
        renamed.push(new.ok_or_else(|| ModuleError::bad_input(crate::BARS, "more than 65 535 contracts"))?);
    }
    for row in 0..month.bars.len() {
        let mut bar = month.bars.bar(row);
        bar.contract = renamed[usize::from(bar.contract)];
        all.bars.push(bar);
    }
    Ok(())
}
