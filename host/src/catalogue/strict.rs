//! Reading what users write more strictly than serde does: objects are written as objects, and no key occurs twice.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, Visitor};

/// Reads one object; serde would take an array of the fields' values as well.
pub(super) fn object<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str::<Object<T>>(text).map(|object| object.0)
}

/// A map of objects, each key once.
pub(super) fn objects<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let map: BTreeMap<String, Object<T>> = unique(deserializer)?;
    Ok(map.into_iter().map(|(key, object)| (key, object.0)).collect())
}

/// A map, each key once; serde would keep the last of several.
pub(super) fn unique<'de, D, T>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(UniqueVisitor(PhantomData))
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

struct UniqueVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for UniqueVisitor<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if entries.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{}` occurs twice", key.escape_debug())));
            }
            entries.insert(key, map.next_value()?);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(deserialize_with = "objects")]
        inner: BTreeMap<String, Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        number: u32,
    }

    #[test]
    fn keys_that_occur_twice_and_positional_arrays_are_refused() {
        let read = object::<Outer>(r#"{"inner": {"a": {"number": 1}}}"#).unwrap();
        assert_eq!(read.inner["a"].number, 1);
        for (text, word) in [
            (r#"{"inner": {"a": {"number": 1}, "a": {"number": 2}}}"#, "occurs twice"),
            (r#"{"inner": {}, "inner": {}}"#, "duplicate field"),
            (r#"[{"a": {"number": 1}}]"#, "expected an object"),
            (r#"{"inner": {"a": [1]}}"#, "expected an object"),
            (r#"{"inner": {"a": {"numer": 1}}}"#, "unknown field"),
        ] {
            let error = object::<Outer>(text).unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("line 1"), "{error}");
        }
    }
}
