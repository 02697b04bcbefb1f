//! What is known only when a streamed table has been made.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::derived::{Finding, Report};
use crate::table::Table;
use crate::{Column, ColumnKind, Field, ModuleError};

/// Name of the only column of the stream that remarks cross in.
const COLUMN: &str = "remarks";

/// Metadata and findings that follow from the rows of a streamed table; they come behind all tables and matrices.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remarks {
    /// As [`Derived::metadata`](crate::Derived::metadata). No key may stand there too.
    #[serde(default)]
    pub metadata: BTreeMap<String, Value>,
    /// As [`Derived::findings`](crate::Derived::findings).
    #[serde(default)]
    pub findings: Vec<Finding>,
}

impl Remarks {
    /// No remark.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry of the metadata, as [`Derived::note`](crate::Derived::note).
    #[must_use]
    pub fn note(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a finding.
    #[must_use]
    pub fn finding(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }
}

/// Makes remarks when the tables have been read.
pub(crate) struct Closing<'a>(Box<dyn FnOnce() -> Result<Remarks, ModuleError> + Send + 'a>);

impl<'a> Closing<'a> {
    pub(crate) fn new(remarks: impl FnOnce() -> Result<Remarks, ModuleError> + Send + 'a) -> Self {
        Self(Box::new(remarks))
    }

    /// The remarks of all tables.
    pub(crate) fn remarks(several: Vec<Self>) -> Result<Remarks, ModuleError> {
        let mut all = Remarks::default();
        for Self(remarks) in several {
            let Remarks { metadata, findings } = remarks()?;
            merge(&mut all.metadata, metadata)?;
            all.findings.extend(findings);
        }
        Ok(all)
    }

    /// The remarks of all tables as the stream that they cross in: one text, JSON.
    pub(crate) fn into_table(several: Vec<Self>) -> Table<'a> {
        let fields = vec![Field { name: COLUMN.to_owned(), kind: ColumnKind::Utf8 }];
        let text = move || {
            let json = serde_json::to_string(&Self::remarks(several)?);
            let json =
                json.map_err(|error| ModuleError::internal(format!("cannot write remarks: {error}")))?;
            Ok(vec![Column::from(vec![json])])
        };
        Table::streamed(COLUMN, fields, std::iter::once_with(text))
    }
}

impl fmt::Debug for Closing<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Closing")
    }
}

impl Report {
    /// Takes remarks in: from here on they are part of the report as if they had been known from the beginning.
    ///
    /// # Errors
    /// When a key of the metadata is there already.
    pub fn close(&mut self, remarks: Remarks) -> Result<(), ModuleError> {
        merge(&mut self.metadata, remarks.metadata)?;
        self.findings.extend(remarks.findings);
        self.remarks = false;
        Ok(())
    }
}

fn merge(into: &mut BTreeMap<String, Value>, further: BTreeMap<String, Value>) -> Result<(), ModuleError> {
    for (key, value) in further {
        if into.contains_key(&key) {
            return Err(ModuleError::internal(format!("the metadata have `{key}` twice")));
        }
        into.insert(key, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::derived::{Derived, Severity};

    fn remarked<'a>(name: &str, remarks: Remarks) -> Table<'a> {
        Table::new(name).column("value", vec![1.0]).build().remarks(|| Ok(remarks))
    }

    #[test]
    fn remarks_of_all_tables_are_one() {
        let finding = Finding::new(Severity::Note, "c", "p", "m");
        let first = Remarks::new().note("mean", 1.0).finding(finding.clone());
        let mut derived = Derived::new("numbers")
            .table(remarked("a", first))
            .table(remarked("b", Remarks::new().note("sum", 2.0).finding(finding)));
        let remarks = derived.remarks().unwrap();
        assert_eq!(json!(remarks.metadata), json!({ "mean": 1.0, "sum": 2.0 }));
        assert_eq!(remarks.findings.len(), 2);
        assert_eq!(derived.remarks().unwrap(), Remarks::new(), "they are made once");
    }

    #[test]
    fn a_key_is_given_once() {
        let twice = || Remarks::new().note("mean", 1.0);
        let mut derived = Derived::new("numbers").table(remarked("a", twice())).table(remarked("b", twice()));
        let error = derived.remarks().unwrap_err().to_string();
        assert!(error.contains("`mean` twice"), "{error}");
    }
}
