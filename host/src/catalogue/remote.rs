//! A published file: where it is served, and what it must be.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ureq::http::Uri;

use crate::digest::Digest;

/// Longest name of a fetched file.
const LONGEST_NAME: usize = 128;

/// A file that is fetched once and then kept under its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RemoteFile {
    /// File name, from the first address.
    pub name: String,
    /// Digest it must have.
    pub sha256: Digest,
    /// Size it must have.
    pub bytes: u64,
    /// Where it is served, the first choice first.
    pub addresses: Vec<Address>,
}

/// The address of a file: HTTPS, or plain HTTP on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Uri);

impl Address {
    /// Checks an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("`{}` is no address to fetch from: {why}", text.escape_debug()));
        let Ok(uri) = text.parse::<Uri>() else { return refuse("it is no URL") };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return refuse("it has no scheme or no host");
        };
        if authority.as_str().contains('@') {
            return refuse("it holds a name or password");
        }
        let address = Self(uri.clone());
        match scheme {
            "https" => Ok(address),
            "http" if address.is_loopback() => Ok(address),
            "http" => refuse("only `https` is fetched, `http` from this machine alone"),
            _ => refuse("its scheme is not `https`"),
        }
    }

    /// Whether it is a server on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The address that a `Location` header of an answer from this one names. What is secure stays so, and nobody
    /// elsewhere sends the host to a server on this machine.
    ///
    /// # Errors
    /// Why it is not followed.
    pub(crate) fn redirected(&self, location: &str) -> Result<Self, String> {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        let text = if location.contains("://") {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{authority}{location}")
        } else {
            let folder = self.0.path().rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{scheme}://{authority}{folder}/{location}")
        };
        let target = Self::new(&text)?;
        if target.is_loopback() && !self.is_loopback() {
            return Err(format!("`{target}` is a server on this machine"));
        }
        Ok(target)
    }

    /// The last part of the path as the name of a file on every system.
    pub(super) fn file_name(&self) -> Result<String, String> {
        let last = self.0.path().rsplit('/').next().unwrap_or_default();
        let plain = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'+' | b'-' => char::from(byte),
            _ => '_',
        };
        let name: String = unescaped(last).into_iter().map(plain).take(LONGEST_NAME).collect();
        let name = name.trim_start_matches(['.', '-']);
        if name.is_empty() { Err(format!("`{self}` names no file")) } else { Ok(name.to_owned()) }
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }
}

/// `%2B` becomes `+`.
pub(crate) fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    bytes
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_secure_addresses_and_those_of_this_machine_are_taken() {
        for good in
            ["https://example.org/a/b.txt", "http://127.0.0.1:80/b", "http://localhost/b", "http://[::1]:8/b"]
        {
            assert_eq!(Address::new(good).unwrap().to_string(), good);
        }
        for (bad, why) in [
            ("http://example.org/b", "only `https`"),
            ("http://localhost.example.org/b", "only `https`"),
            ("ftp://example.org/b", "scheme"),
            ("file:///etc/passwd", "no address"),
            ("/etc/passwd", "no scheme"),
            ("https://me:word@example.org/b", "password"),
            ("https://exa mple.org/", "no URL"),
        ] {
            assert!(Address::new(bad).unwrap_err().contains(why), "{bad}");
        }
    }

    #[test]
    fn names_of_files_are_plain() {
        let name = |text: &str| Address::new(text).unwrap().file_name();
        assert_eq!(name("https://e.org/x/Pantheon%2BSH0ES.dat?raw=true").unwrap(), "Pantheon+SH0ES.dat");
        assert_eq!(name("https://e.org/a%2F..%2Fb%zz").unwrap(), "a_.._b_zz");
        assert_eq!(name("https://e.org/%2e%2e").ok(), None);
        assert!(name("https://e.org/").unwrap_err().contains("names no file"));
    }

    #[test]
    fn redirections_stay_secure() {
        let from = Address::new("https://example.org/a/b?c").unwrap();
        for (location, to) in [
            ("https://other.org/x", "https://other.org/x"),
            ("//other.org/x", "https://other.org/x"),
            ("/x", "https://example.org/x"),
            ("x", "https://example.org/a/x"),
        ] {
            assert_eq!(from.redirected(location).unwrap().to_string(), to);
        }
        for location in ["http://other.org/x", "http://localhost/x", "https://127.0.0.1/x", "file:///x"] {
            assert!(from.redirected(location).is_err(), "{location}");
        }
        let here = Address::new("http://localhost:1/a").unwrap();
        assert!(
            here.redirected("http://127.0.0.1:2/x").is_ok() && here.redirected("http://other.org/x").is_err()
        );
    }
}
