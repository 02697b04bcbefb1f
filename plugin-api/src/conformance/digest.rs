//! One digest of everything that a derivation returned, and what the description says of it.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::data::{bundled_example, hexadecimal};
use super::run::{Listener, Outcome};
use super::{Faults, Suite};
use crate::table::Values;
use crate::{Column, ColumnKind};

/// What the digest begins with, so that another form can never give the same one.
const FORM: &[u8] = b"host.result/1\n";

/// A bundled dataset with `result_sha256` gives exactly the result that it was declared with. An empty text there is a
/// question: the message holds the value to write.
#[must_use]
pub fn bundled_datasets_give_their_results(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    for dataset in &suite.descriptor.bundled {
        let (Some(stated), Some(example)) = (&dataset.result_sha256, bundled_example(suite, dataset)) else {
            continue;
        };
        match suite.run(&example, &Listener::patient()) {
            Ok(outcome) if of(&outcome) == *stated => {}
            Ok(outcome) => faults.push(format!(
                "bundled dataset `{}`: the result is not that of `result_sha256`; if it is right, write \
                 \"result_sha256\": \"{}\"",
                dataset.name,
                of(&outcome)
            )),
            Err(error) => faults.push(format!("bundled dataset `{}`: {error}", dataset.name)),
        }
    }
    faults
}

/// The digest of [`BundledDataset::result_sha256`](crate::BundledDataset::result_sha256).
pub(super) fn of(outcome: &Outcome) -> String {
    let mut hash = Hash(Sha256::new());
    hash.0.update(FORM);
    hash.bytes(canonical(&serde_json::to_value(&outcome.report).unwrap_or_default()).as_bytes());
    for table in &outcome.tables {
        hash.bytes(table.name.as_bytes());
        hash.count(table.fields.len());
        for (index, field) in table.fields.iter().enumerate() {
            hash.bytes(field.name.as_bytes());
            hash.bytes(name_of(field.kind).as_bytes());
            hash.count(table.rows());
            table.batches.iter().filter_map(|batch| batch.get(index)).for_each(|column| hash.column(column));
        }
    }
    for matrix in &outcome.matrices {
        hash.bytes(matrix.name.as_bytes());
        hash.count(matrix.size);
        matrix.values.iter().for_each(|value| hash.float(*value));
    }
    hexadecimal(&hash.0.finalize())
}

struct Hash(Sha256);

impl Hash {
    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_le_bytes());
    }

    /// With their number in front.
    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.update(bytes);
    }

    /// NaN has many bit patterns, and which one arises depends on the processor.
    fn float(&mut self, value: f64) {
        let value = if value.is_nan() { f64::NAN } else { value };
        self.0.update(value.to_le_bytes());
    }

    fn column(&mut self, column: &Column) {
        for row in 0..column.len() {
            let valid = column.validity.as_ref().is_none_or(|validity| validity[row]);
            self.0.update([u8::from(valid)]);
            if !valid {
                continue;
            }
            match &column.values {
                Values::Float64(values) => self.float(values[row]),
                Values::Float32(values) => {
                    let value = if values[row].is_nan() { f32::NAN } else { values[row] };
                    self.0.update(value.to_le_bytes());
                }
                Values::Int64(values) | Values::Timestamp(values) => self.0.update(values[row].to_le_bytes()),
                Values::Int32(values) => self.0.update(values[row].to_le_bytes()),
                Values::Boolean(values) => self.0.update([u8::from(values[row])]),
                Values::Utf8(values) => self.bytes(values[row].as_bytes()),
            }
        }
    }
}

fn name_of(kind: ColumnKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// JSON with sorted keys and without blanks, whatever order a map keeps.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let members = members
                .iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::super::run::Drained;
    use super::*;
    use crate::host_side::Report;
    use crate::{Field, Matrix};

    fn outcome(batches: Vec<Vec<Column>>, note: &Value) -> Outcome {
        let field = Field { name: "x".to_owned(), kind: ColumnKind::Float64 };
        let table = Drained { name: "data".to_owned(), fields: vec![field], batches };
        let mut report = Report { output: "o".to_owned(), ..Report::default() };
        report.metadata.insert("note".to_owned(), note.clone());
        Outcome { report, tables: vec![table], matrices: vec![Matrix::new("c", 1, vec![4.0])] }
    }

    #[test]
    fn a_digest_follows_from_the_values_and_not_from_their_batches() {
        let note = json!({"b": 1, "a": [true, null]});
        let one = of(&outcome(vec![vec![vec![1.0, f64::NAN].into()]], &note));
        let several =
            vec![vec![vec![1.0].into()], vec![Vec::<f64>::new().into()], vec![vec![-f64::NAN].into()]];
        assert_eq!(one, of(&outcome(several, &note)));
        let mut differing = BTreeSet::from([one]);
        for (batches, note) in [
            (vec![vec![vec![1.0, 2.0].into()]], note.clone()),
            (vec![vec![vec![1.0, -0.0].into()]], note.clone()),
            (vec![vec![vec![1.0, 0.0].into()]], note.clone()),
            (vec![vec![vec![Some(1.0), None].into()]], note.clone()),
            (vec![vec![vec![1.0, f64::NAN].into()]], json!({"b": 1, "a": [true, 0]})),
        ] {
            assert!(differing.insert(of(&outcome(batches, &note))));
        }
    }

    /// Modules state this digest: it must be the same in every later version.
    #[test]
    fn the_form_of_the_digest_never_changes() {
        let outcome = outcome(vec![vec![vec![0.5, 1e300].into()]], &json!({"b": 0.1, "a": "é\n"}));
        assert_eq!(canonical(&json!({"b": 0.1, "a": ["é\n", {}]})), "{\"a\":[\"é\\n\",{}],\"b\":0.1}");
        assert_eq!(of(&outcome), "b8e7e786e8d8f9a10117e1104253b91def7c5151e94d586cbc373687921935e6");
    }
}
