//! Secrets are named, never written: a setting says in which variable or file one is. What is read is shown nowhere.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Serialize;

use crate::env_vars;
use crate::error::{Error, Kind, Result};

/// Longest file in bytes.
const LONGEST_BYTES: u64 = 4096;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reference {
    /// In a variable of this name.
    Env(String),
    /// In a file that nobody but its owner can use.
    File(PathBuf),
}

/// A secret.
#[derive(Clone)]
pub struct Secret(String);

impl Reference {
    /// Reads it; `setting` is what names it.
    ///
    /// # Errors
    /// [`Kind::BadConfig`] when there is nothing, [`Kind::Untrusted`] when others can use the file.
    pub fn read(&self, setting: &str) -> Result<Secret> {
        match self {
            Self::File(path) => private_line(path, setting).map(Secret),
            Self::Env(name) => {
                let value = env_vars::read(name).and_then(|value| value.into_string().ok());
                let value =
                    value.map(|value| value.trim_ascii().to_owned()).filter(|value| !value.is_empty());
                value.map(Secret).ok_or_else(|| {
                    Error::new(
                        Kind::BadConfig,
                        format!("`{setting}` names the variable `{name}`, which is not set"),
                    )
                    .hint(format!("set `{name}`, or write {{\"file\": \"PATH\"}} in its place"))
                })
            }
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(formatter, "variable `{name}`"),
            Self::File(path) => write!(formatter, "file `{}`", path.display()),
        }
    }
}

impl Secret {
    /// The secret itself; never for a message, a log or a record.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A text that somebody else made of it, without it.
    #[must_use]
    pub fn hide_in(&self, text: &str) -> String {
        text.replace(&self.0, "***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// The one line of a file that nobody but its owner can use; `setting` is what names it.
///
/// # Errors
/// [`Kind::BadConfig`] when there is no such file or no line in it, [`Kind::Untrusted`] when others can use it.
pub fn private_line(path: &Path, setting: &str) -> Result<String> {
    let shown = path.display();
    let refused = |kind, cause: String| {
        Error::new(kind, format!("`{shown}` cannot be used as `{setting}`")).cause(cause)
    };
    let unreadable = |error: std::io::Error| refused(Kind::BadConfig, error.to_string());
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > LONGEST_BYTES {
        return Err(refused(Kind::BadConfig, "it is not a file with a line of text".to_owned()));
    }
    if metadata.mode() & 0o077 != 0 {
        let cause = format!("its mode is {:04o}, so others can use it", metadata.mode() & 0o7777);
        return Err(refused(Kind::Untrusted, cause).hint(format!("run `chmod 600 {shown}`")));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let line = text.trim_ascii();
    if line.is_empty() || line.contains('\n') {
        return Err(refused(Kind::BadConfig, "it is not a file with a line of text".to_owned()));
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Reference, private_line};
    use crate::error::Kind;

    #[test]
    fn a_secret_is_read_from_a_private_file_and_shown_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let reference = Reference::File(path.clone());
        assert_eq!(reference.read("a.b").unwrap_err().kind, Kind::BadConfig);
        for (text, mode, expected) in [
            ("hidden word\n", 0o600, None),
            ("hidden word\n", 0o640, Some(Kind::Untrusted)),
            ("", 0o600, Some(Kind::BadConfig)),
            ("two\nlines\n", 0o600, Some(Kind::BadConfig)),
            (&"x".repeat(5000), 0o600, Some(Kind::BadConfig)),
        ] {
            crate::durable::publish(&path, text.as_bytes()).unwrap();
            crate::durable::set_mode(&path, mode).unwrap();
            let read = reference.read("a.b");
            assert_eq!(read.as_ref().err().map(|error| error.kind), expected, "{text:.20} {mode:o}");
            if let Ok(secret) = read {
                assert_eq!((secret.reveal(), format!("{secret:?}").as_str()), ("hidden word", "Secret"));
                assert_eq!(secret.hide_in("the hidden word is out"), "the *** is out");
            } else {
                assert!(!format!("{:?}", private_line(&path, "a.b")).contains("hidden"));
            }
        }
        let missing = Reference::Env("A_VARIABLE_THAT_NOBODY_SETS".to_owned());
        assert!(missing.read("a.b").unwrap_err().message.contains("A_VARIABLE_THAT_NOBODY_SETS"));
    }
}
