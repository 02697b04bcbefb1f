//! Where something is: a file, or an object of a store.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use object_store::path::Path as Key;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::catalogue::unescaped;

/// The kinds of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scheme {
    /// Amazon S3, and the many servers that speak its language.
    S3,
    /// Azure Blob Storage.
    Azure,
    /// Google Cloud Storage.
    Google,
}

impl Scheme {
    const ALL: [Self; 3] = [Self::S3, Self::Azure, Self::Google];

    fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Azure => "az",
            Self::Google => "gs",
        }
    }
}

/// The address of an object, or of all objects whose keys begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectAddress {
    scheme: Scheme,
    bucket: String,
    key: Key,
}

impl ObjectAddress {
    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// The part of the key after the last slash.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.key.filename().unwrap_or_default()
    }

    /// The object of that name below this address.
    ///
    /// # Errors
    /// When the name cannot be a part of a key.
    pub fn join(&self, name: &str) -> Result<Self, String> {
        let key = format!("{}/{name}", self.key);
        let key = Key::parse(&key).map_err(|error| format!("`{name}` is no name of an object: {error}"))?;
        Ok(Self { key, ..self.clone() })
    }

    /// Whether a text begins as such an address does.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| Scheme::ALL.iter().any(|known| known.name() == scheme))
    }

    /// The same for one object, which has a key.
    ///
    /// # Errors
    /// When it names a bucket alone.
    pub fn demand_key(self) -> Result<Self, String> {
        if self.key.as_ref().is_empty() { Err(format!("`{self}` names no object")) } else { Ok(self) }
    }
}

impl FromStr for ObjectAddress {
    type Err = String;

    /// The key is meant literally, as by the stores' own tools: `%20` is three characters.
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(format!("`{}` is no address of an object", text.escape_debug()));
        };
        // Not in the message: what stands before the `@` may be a password, what follows the `?` a signature.
        let refuse = |why: &str| Err(format!("an address that begins with `{scheme}://` is refused: {why}"));
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.contains('@') {
            return refuse("it holds a name or password; credentials are taken from the environment");
        }
        if rest.contains(['?', '#']) {
            return refuse("it holds a query or fragment; credentials are taken from the environment");
        }
        let Some(scheme) = Scheme::ALL.into_iter().find(|known| known.name() == scheme) else {
            return refuse("there are `s3`, `az`, `gs` and `file`");
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(plain) {
            return Err(format!("`{}` names no bucket", text.escape_debug()));
        }
        let key = Key::parse(key).map_err(|error| format!("`{}`: {error}", text.escape_debug()))?;
        Ok(Self { scheme, bucket: bucket.to_owned(), key })
    }
}

impl fmt::Display for ObjectAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}/{}", self.scheme.name(), self.bucket, self.key)
    }
}

impl<'de> Deserialize<'de> for ObjectAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let address: Self = String::deserialize(deserializer)?.parse().map_err(D::Error::custom)?;
        address.demand_key().map_err(D::Error::custom)
    }
}

/// Where something that a user named is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A path, or what `file://` says.
    File(PathBuf),
    /// An object, or where objects go.
    Object(ObjectAddress),
}

impl Place {
    /// Reads a path or an address. What begins with a scheme and `://` is an address.
    ///
    /// # Errors
    /// What is wrong with the address; without what may be secret in it.
    pub fn of(path: &Path) -> Result<Self, String> {
        let as_path = || Ok(Self::File(path.to_owned()));
        let Some(text) = path.to_str() else { return as_path() };
        let Some((scheme, rest)) = text.split_once("://") else { return as_path() };
        if scheme.is_empty()
            || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        {
            return as_path();
        }
        if scheme == "file" { local(rest).map(Self::File) } else { text.parse().map(Self::Object) }
    }
}

/// `file:///a%20b` is the file `/a b` of this machine.
fn local(rest: &str) -> Result<PathBuf, String> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') || path.contains(['?', '#']) {
        return Err("a `file://` address has three slashes, an absolute path and nothing else".to_owned());
    }
    Ok(PathBuf::from(OsString::from_vec(unescaped(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Result<Place, String> {
        Place::of(Path::new(text))
    }

    #[test]
    fn addresses_keep_their_bucket_and_key() {
        for text in ["s3://bucket/a/b.csv", "az://container/name", "gs://my.bucket-1/a b%20c/{x}"] {
            let Ok(Place::Object(address)) = place(text) else { panic!("{text}") };
            assert_eq!(address.to_string(), text);
        }
        let folder: ObjectAddress = "s3://bucket/out/".parse().unwrap();
        assert_eq!(folder.join("a.json").unwrap().to_string(), "s3://bucket/out/a.json");
        let bucket: ObjectAddress = "s3://bucket".parse().unwrap();
        assert_eq!(bucket.join("a.json").unwrap().to_string(), "s3://bucket/a.json");
        assert_eq!(folder.join("a.json").unwrap().file_name(), "a.json");
        assert!(bucket.demand_key().is_err());
    }

    #[test]
    fn paths_stay_paths() {
        for path in ["a.csv", "/a/b", "./s3:/x", "dir/with://inside", "://x"] {
            assert_eq!(place(path), Ok(Place::File(PathBuf::from(path))), "{path}");
        }
        for address in ["file:///a%20b/c", "file://localhost/a%20b/c"] {
            assert_eq!(place(address), Ok(Place::File(PathBuf::from("/a b/c"))));
        }
        for address in ["file://host/a", "file://a", "file:///a?b"] {
            assert!(place(address).unwrap_err().contains("three slashes"), "{address}");
        }
    }

    #[test]
    fn what_may_be_secret_is_refused_and_not_repeated() {
        for (text, why) in [
            ("s3://me:hush@bucket/a", "password"),
            ("s3://hush@bucket/a", "password"),
            ("s3://bucket/a?X-Amz-Signature=hush", "query"),
            ("az://bucket/a#hush", "fragment"),
            ("https://me:hush@host/a", "password"),
            ("https://host/a", "there are `s3`"),
            ("s3:///a", "names no bucket"),
            ("s3://b%20c/a", "names no bucket"),
            ("s3://bucket/a//b", "a//b"),
            ("s3://bucket/../b", ".."),
        ] {
            let error = place(text).unwrap_err();
            assert!(error.contains(why) && !error.contains("hush"), "{error}");
        }
    }
}
