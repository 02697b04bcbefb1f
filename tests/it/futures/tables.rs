//! Registered tables held against others by pyarrow.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;
use tests::Sandbox;

use crate::reference::likelihood::run;

/// How two tables differ.
#[derive(Debug, Deserialize)]
pub(super) struct Difference {
    /// Of what was found, and of what was expected.
    pub(super) rows: [usize; 2],
    pub(super) only_found: Vec<String>,
    pub(super) only_expected: Vec<String>,
    pub(super) columns: BTreeMap<String, Column>,
}

/// How two columns differ.
#[derive(Debug, Deserialize)]
pub(super) struct Column {
    /// Rows where one side alone has a value.
    pub(super) missing: usize,
    /// Rows with two values that are not equal.
    pub(super) other: usize,
    /// How far these are apart at most.
    pub(super) largest: f64,
}

impl Difference {
    /// Demands the same number of rows and equal values, but for what may differ by no more than a tolerance.
    #[track_caller]
    pub(super) fn within(&self, what: &str, tolerances: &[(&str, f64)]) {
        assert_eq!(self.rows[0], self.rows[1], "{what}: rows");
        for (name, column) in &self.columns {
            let tolerance =
                tolerances.iter().find(|(known, _)| known == name).map_or(0.0, |(_, limit)| *limit);
            let equal = column.missing == 0 && (column.other == 0 || column.largest <= tolerance);
            assert!(equal, "{what}: column `{name}`: {column:?}");
        }
    }
}

/// Compares tables with tables; those of a list stand one behind the other.
pub(super) fn compare(sandbox: &Sandbox, tasks: &[(Vec<PathBuf>, Vec<PathBuf>)]) -> Vec<Difference> {
    let tasks: Vec<_> =
        tasks.iter().map(|(found, expected)| json!({"found": found, "expected": expected})).collect();
    serde_json::from_value(run(sandbox, "tables.py", &json!(tasks))).unwrap()
}

/// The file of a registered table.
pub(super) fn registered(sandbox: &Sandbox, name: &str, table: &str) -> PathBuf {
    let path = sandbox.run(["path", name]).success().stdout;
    PathBuf::from(path.trim()).join(format!("{table}.parquet"))
}
