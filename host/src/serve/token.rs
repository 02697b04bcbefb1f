//! The token that a request presents. What is kept is its digest; two digests are compared in constant time.

use std::fmt;
use std::path::Path;

use subtle::ConstantTimeEq;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::secret;

/// Fewest characters: nobody guesses 32 random ones.
const SHORTEST: usize = 32;

/// What names the file.
const SETTING: &str = "serve.token_file";

/// The token of a service.
#[derive(Clone)]
pub struct Token {
    digest: Digest,
}

impl Token {
    /// Reads the token of a file that nobody but its owner can read.
    ///
    /// # Errors
    /// [`Kind::BadConfig`] when there is no such file or no token in it, [`Kind::Untrusted`] when others may read it.
    pub fn read(path: &Path) -> Result<Self> {
        let token = secret::private_line(path, SETTING)?;
        if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let shown = path.display();
            return Err(Error::new(Kind::BadConfig, format!("`{shown}` cannot be used as `{SETTING}`"))
                .cause(format!(
                    "a token is one line of {SHORTEST} or more letters, digits and signs without blanks"
                ))
                .hint(format!("run `openssl rand -hex 32 > {shown}` to write a new one")));
        }
        Ok(Self { digest: Digest::of(token.as_bytes()) })
    }

    /// Whether a text is the token.
    pub(super) fn is(&self, text: &str) -> bool {
        let presented = Digest::of(text.as_bytes());
        self.digest.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

/// Not even the digest is for logs.
impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::Token;
    use crate::durable;
    use crate::error::Kind;

    #[test]
    fn a_token_is_long_and_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let long = "0123456789abcdef0123456789abcdef";
        for (text, mode, kind) in [
            (long, 0o644, Some(Kind::Untrusted)),
            (long, 0o640, Some(Kind::Untrusted)),
            ("short", 0o600, Some(Kind::BadConfig)),
            ("", 0o600, Some(Kind::BadConfig)),
            ("two words that are more than long enough", 0o600, Some(Kind::BadConfig)),
            (long, 0o600, None),
            ("0123456789abcdef0123456789abcdef\n", 0o400, None),
        ] {
            durable::publish(&path, text.as_bytes()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Token::read(&path).err().map(|error| error.kind), kind, "`{text}` {mode:o}");
        }
        let token = Token::read(&path).unwrap();
        assert!(token.is(long) && !token.is("") && !token.is(&long[1..]) && !token.is(&format!("{long}\n")));
        assert_eq!(format!("{token:?}"), "Token");
        assert_eq!(Token::read(&folder.path().join("none")).unwrap_err().kind, Kind::BadConfig);
    }
}
