//! Folds for training and testing between which nothing leaks.
//!
//! Method: Lopez de Prado 2018, Advances in Financial Machine Learning, section 7.4. Tests are runs of whole sessions.
//! Labels end within their session, so no label of a training row reaches into a test: nothing is left to purge, and the
//! table proves it with the last `label_end_time`. Behind a test the first rows are left out (embargo), because they
//! look like what was tested on.

use std::ops::Range;

use plugin_api::Table;

use crate::columns::times;
use crate::prepared::Prepared;

/// What rows are for in a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Training.
    Train,
    /// Testing.
    Test,
    /// Neither: too close behind a test.
    Embargo,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
            Self::Embargo => "embargo",
        }
    }
}

/// Rows in a row that are for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Number of the fold, from 0.
    pub fold: usize,
    /// What they are for.
    pub part: Part,
    /// The rows, from the first of the month itself.
    pub rows: Range<usize>,
}

/// The folds: as many as asked for, or as there are sessions; none for a single session.
#[must_use]
pub fn folds(prepared: &Prepared, count: usize, embargo_rows: usize) -> Vec<Span> {
    let sessions = prepared.own.len();
    let count = count.min(sessions);
    let mut spans = Vec::new();
    if count < 2 {
        return spans;
    }
    let (first, rows) = (prepared.own_rows().start, prepared.own_rows().len());
    let start_of = |session: usize| prepared.grid.starts[prepared.own.start + session] - first;
    for fold in 0..count {
        let start = start_of(fold * sessions / count);
        let end = start_of((fold + 1) * sessions / count);
        let after = rows.min(end.saturating_add(embargo_rows));
        let parts = [
            (Part::Train, 0..start),
            (Part::Test, start..end),
            (Part::Embargo, end..after),
            (Part::Train, after..rows),
        ];
        let there = parts.into_iter().filter(|(_, rows)| !rows.is_empty());
        spans.extend(there.map(|(part, rows)| Span { fold, part, rows }));
    }
    spans
}

/// The table `splits`.
pub(crate) fn table(prepared: &Prepared, spans: &[Span]) -> Table<'static> {
    let seconds = &prepared.grid.bars.time_seconds[prepared.own_rows()];
    let integers = |of: &dyn Fn(&Span) -> usize| -> Vec<i64> {
        spans.iter().map(|span| i64::try_from(of(span)).unwrap_or(i64::MAX)).collect()
    };
    Table::new("splits")
        .column("fold", integers(&|span| span.fold))
        .column("part", spans.iter().map(|span| span.part.name().to_owned()).collect::<Vec<_>>())
        .column("first_time", times(&spans.iter().map(|span| seconds[span.rows.start]).collect::<Vec<_>>()))
        .column("last_time", times(&spans.iter().map(|span| seconds[span.rows.end - 1]).collect::<Vec<_>>()))
        .column("first_row", integers(&|span| span.rows.start))
        .column("rows", integers(&|span| span.rows.len()))
        .build()
}
