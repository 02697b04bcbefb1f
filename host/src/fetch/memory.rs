//! Small files that nobody keeps under a digest: indexes, packages, signatures. They are read into memory, up to a limit.

use std::io::Read;
use std::thread::sleep;

use super::client::Trouble;
use super::{Network, patience};
use crate::catalogue::Address;
use crate::error::{Error, Kind, Result};

/// Why one attempt gave nothing.
enum Failure {
    Trouble(Trouble),
    TooLarge,
}

impl Network {
    /// Everything that is served at an address; nothing when the server says that there is nothing.
    ///
    /// # Errors
    /// [`Kind::Network`] when the server cannot be reached or ends every attempt early, [`Kind::Limit`] when it sends
    /// more than that many bytes.
    pub fn read(&self, address: &Address, limit_bytes: u64) -> Result<Option<Vec<u8>>> {
        let failed = |kind, why: &str| Error::new(kind, format!("cannot fetch `{address}`")).cause(why);
        let mut failures = 0;
        loop {
            let (why, wait) = match self.read_once(address, limit_bytes) {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(Failure::Trouble(Trouble::Absent(_))) => return Ok(None),
                Err(Failure::Trouble(Trouble::Passing(why, wait))) => (why, wait),
                Err(Failure::Trouble(trouble)) => {
                    return Err(failed(Kind::Network, trouble.text())
                        .hint("look whether the address is right, or give a file or folder"));
                }
                Err(Failure::TooLarge) => {
                    let limit = crate::text::bytes(limit_bytes);
                    return Err(failed(Kind::Limit, &format!("it sends more than {limit}"))
                        .hint("look whether the address is right"));
                }
            };
            failures += 1;
            if failures >= self.options.attempts {
                return Err(failed(Kind::Network, &format!("{why}; tried {failures} times"))
                    .hint("type the same again when the server can be reached"));
            }
            let wait = wait.unwrap_or_else(|| patience::after(failures));
            tracing::info!(%address, "{why}; again in {:.1} s", wait.as_secs_f64());
            sleep(wait);
        }
    }

    fn read_once(&self, address: &Address, limit_bytes: u64) -> Result<Vec<u8>, Failure> {
        let mut answer = self.client.open(address, 0).map_err(Failure::Trouble)?;
        if answer.total.is_some_and(|total| total > limit_bytes) {
            return Err(Failure::TooLarge);
        }
        let mut bytes = Vec::new();
        let mut reader = answer.body.as_reader().take(limit_bytes.saturating_add(1));
        if let Err(error) = reader.read_to_end(&mut bytes) {
            return Err(Failure::Trouble(self.client.trouble_of_body(error)));
        }
        let length = bytes.len() as u64;
        match answer.total {
            _ if length > limit_bytes => Err(Failure::TooLarge),
            Some(total) if length < total => {
                let why = format!("the connection ended after {length} of {total} bytes");
                Err(Failure::Trouble(Trouble::Passing(why, None)))
            }
            _ => Ok(bytes),
        }
    }
}
