//! Tables as a reader sees them, columns of every type among them.

use std::collections::BTreeMap;

use plugin_api::{Column, Derived, Table};

/// A table with its batches put together; nothing stands for null.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Rows {
    /// Whole numbers, floats, flags and times in nanoseconds; of none of them a float loses anything here.
    pub(super) numbers: BTreeMap<String, Vec<Option<f64>>>,
    pub(super) texts: BTreeMap<String, Vec<Option<String>>>,
}

impl Rows {
    pub(super) fn of(table: Table<'_>) -> Self {
        let names: Vec<String> = table.fields().iter().map(|field| field.name.clone()).collect();
        let mut rows = Self::default();
        for batch in table.into_batches() {
            for (name, column) in names.iter().zip(batch.unwrap()) {
                rows.add(name, &column);
            }
        }
        rows
    }

    /// All tables of a result by name.
    pub(super) fn of_all(derived: Derived<'_>) -> BTreeMap<String, Self> {
        derived.tables.into_iter().map(|table| (table.name().to_owned(), Self::of(table))).collect()
    }

    /// The values of a column that are not null.
    pub(super) fn present(&self, name: &str) -> Vec<f64> {
        self.numbers[name].iter().flatten().copied().collect()
    }

    /// A column shows what it holds by `Debug` alone.
    fn add(&mut self, name: &str, column: &Column) {
        let shown = format!("{column:?}");
        let shown = shown.strip_prefix("Column { values: ").unwrap();
        let (kind, rest) = shown.split_once("([").unwrap();
        let (values, validity) = rest.split_once("]), validity: ").unwrap();
        let validity = validity.strip_prefix("Some([").map(|flags| flags.trim_end_matches("]) }"));
        let mut validity = validity.map(|flags| flags.split(", ").map(|flag| flag == "true"));
        let values = values.split(", ").filter(|value| !value.is_empty());
        let valid =
            values.map(|value| validity.as_mut().is_none_or(|flags| flags.next().unwrap()).then_some(value));
        if kind == "Utf8" {
            let text = |value: &str| value.trim_matches('"').to_owned();
            self.texts.entry(name.to_owned()).or_default().extend(valid.map(|value| value.map(text)));
        } else {
            let number = |value: &str| match (kind, value) {
                (_, "true") => 1.0,
                (_, "false") => 0.0,
                ("Float32", value) => value.parse::<f32>().unwrap().into(),
                (_, value) => value.parse().unwrap(),
            };
            self.numbers.entry(name.to_owned()).or_default().extend(valid.map(|value| value.map(number)));
        }
    }
}
