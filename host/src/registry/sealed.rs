//! JSON whose bytes are fixed: one spelling per value, so that a digest over it means something, and documents that
//! carry the digest of everything else in them, so that an edit shows without any other file.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::digest::Digest;

/// The field that holds a document's own digest.
const SEAL: &str = "sha256";

/// The one-line spelling: sorted keys, no blanks, no line end.
pub(crate) fn compact(value: &Value) -> Vec<u8> {
    serde_json::to_vec(&sorted(value)).expect("a JSON value has string keys only")
}

/// The spelling of files for people: sorted keys, two blanks, line end.
pub(crate) fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(&sorted(value)).expect("a JSON value has string keys only");
    bytes.push(b'\n');
    bytes
}

/// The value with its digest put in. What is no object becomes one with nothing but the digest.
pub(crate) fn seal(document: impl Serialize) -> Value {
    let document =
        serde_json::to_value(document).expect("records have string keys and serialize without failure");
    let Value::Object(mut fields) = document else { return seal(Map::new()) };
    fields.remove(SEAL);
    let digest = Digest::of(&compact(&Value::Object(fields.clone())));
    fields.insert(SEAL.to_owned(), Value::String(digest.to_string()));
    Value::Object(fields)
}

/// Reads back what [`seal`] and one of the spellings made.
///
/// # Errors
/// Says in words what is wrong: unparsable, edited, or spelt in another way.
pub(crate) fn unseal(bytes: &[u8], spell: fn(&Value) -> Vec<u8>) -> Result<Value, Fault> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| Fault::Unparsable(error.to_string()))?;
    if !value.is_object() {
        return Err(Fault::Unparsable("it is not a JSON object".to_owned()));
    }
    // Sealing again covers a missing and a false seal; the comparison of bytes covers blanks and repeated keys.
    if spell(&seal(&value)) == bytes { Ok(value) } else { Err(Fault::Edited) }
}

/// What is wrong with a sealed document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Not the JSON it must be.
    #[error("it cannot be parsed: {0}")]
    Unparsable(String),
    /// The digest in it is not that of its content.
    #[error("it was edited: its content does not have the sha256 it states")]
    Edited,
}

/// The same value with the keys of every object in order, also if some crate makes `serde_json` keep another order.
fn sorted(value: &Value) -> Cow<'_, Value> {
    if in_order(value) { Cow::Borrowed(value) } else { Cow::Owned(reordered(value)) }
}

fn in_order(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.keys().is_sorted() && fields.values().all(in_order),
        Value::Array(items) => items.iter().all(in_order),
        _ => true,
    }
}

fn reordered(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut entries: Vec<_> = fields.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            Value::Object(entries.into_iter().map(|(key, value)| (key.clone(), reordered(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(reordered).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn seals_and_reads_back() {
        let sealed = seal(json!({"b": 0.1, "a": [1, {"d": null, "c": -0.0}]}));
        for spell in [compact, pretty] {
            assert_eq!(unseal(&spell(&sealed), spell).unwrap(), sealed);
        }
        assert_eq!(unseal(&pretty(&sealed), compact), Err(Fault::Edited));
        assert_eq!(unseal(b"{}", compact), Err(Fault::Edited));
        assert!(matches!(unseal(b"[]", compact), Err(Fault::Unparsable(_))));
        assert!(matches!(unseal(b"", compact), Err(Fault::Unparsable(_))));
    }

    proptest! {
        #[test]
        fn every_flipped_bit_shows(text in ".{0,20}", number in any::<f64>(), place in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let mut bytes = pretty(&seal(json!({"text": text, "number": number, "list": [1, 2]})));
            prop_assert!(unseal(&bytes, pretty).is_ok());
            let place = place.index(bytes.len());
            bytes[place] ^= 1_u8 << bit;
            prop_assert!(unseal(&bytes, pretty).is_err());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
            drop(unseal(&bytes, compact));
        }
    }
}
