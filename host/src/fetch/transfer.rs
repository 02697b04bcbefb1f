//! Downloads one file: from each of its addresses in turn, with patience, until the bytes are the right ones.

use std::io::{self, Read};
use std::thread::sleep;

use super::client::{Answer, Trouble};
use super::{Network, Progress, digest_of, failed, patience};
use crate::catalogue::{Address, RemoteFile};
use crate::durable::GrowingFile;
use crate::error::{Error, Kind, Result, StorageContext};

/// How many bytes are read at a time.
const READ_BYTES: usize = 64 << 10;

/// How an attempt ends, beside success.
enum Failure {
    /// The server or the way to it.
    Trouble(Trouble),
    /// Our own disk.
    Storage(Error),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// Fills `partial` with the file and says which address sent it.
pub(super) fn download(
    file: &RemoteFile,
    partial: &mut GrowingFile,
    network: &Network,
    progress: Progress<'_>,
) -> Result<String> {
    let mut kind = Kind::Network;
    let mut causes = Vec::new();
    for address in &file.addresses {
        match from_address(file, address, partial, network, progress) {
            Ok(()) => return Ok(address.to_string()),
            Err(Failure::Storage(error)) => return Err(error),
            Err(Failure::Trouble(trouble)) => {
                if matches!(trouble, Trouble::Other(_)) {
                    kind = Kind::Untrusted;
                }
                causes.push(format!("`{address}`: {}", trouble.text()));
            }
        }
    }
    let mut error = failed(kind, file);
    error.causes = causes;
    Err(match kind {
        Kind::Untrusted => {
            error.hint("the published file has changed, or something between here and there changes it")
        }
        _ if partial.length() > 0 => error.hint("run the same again to go on where it stopped"),
        _ => error,
    })
}

/// Tries one address until its patience ends.
fn from_address(
    file: &RemoteFile,
    address: &Address,
    partial: &mut GrowingFile,
    network: &Network,
    progress: Progress<'_>,
) -> Result<(), Failure> {
    let mut failures = 0;
    let mut anew = false;
    loop {
        let resumed = partial.length() > 0;
        let (trouble, wait) = match attempt(file, address, partial, network, progress) {
            Ok(()) => return Ok(()),
            Err(Failure::Trouble(Trouble::Other(why))) => {
                restart(partial)?;
                // What an earlier run or another address left may have been wrong; what this one sent is not.
                if anew || !resumed {
                    return Err(Trouble::Other(why).into());
                }
                anew = true;
                tracing::warn!(
                    file = file.name,
                    "what was fetched before is no beginning of the file; it is fetched anew"
                );
                continue;
            }
            Err(Failure::Trouble(Trouble::Passing(why, wait))) => (why, wait),
            Err(failure) => return Err(failure),
        };
        failures += 1;
        if failures >= network.options.attempts {
            return Err(Trouble::Lasting(format!("{trouble}; tried {failures} times")).into());
        }
        let wait = wait.unwrap_or_else(|| patience::after(failures));
        tracing::info!(file = file.name, %address, "{trouble}; again in {:.1} s", wait.as_secs_f64());
        sleep(wait);
    }
}

/// One request, and everything that its answer holds.
fn attempt(
    file: &RemoteFile,
    address: &Address,
    partial: &mut GrowingFile,
    network: &Network,
    progress: Progress<'_>,
) -> Result<(), Failure> {
    if partial.length() > file.bytes {
        restart(partial)?;
    }
    // A killed process may have left all of it.
    if partial.length() < file.bytes || file.bytes == 0 {
        let answer = network.client.open(address, partial.length())?;
        if answer.start == 0 {
            restart(partial)?;
        }
        receive(file, answer, partial, network, progress)?;
    }
    let digest = digest_of(partial).map_err(Failure::Storage)?;
    if digest == file.sha256 {
        return Ok(());
    }
    let page = if looks_like_page(&beginning(partial)) { ": it is an HTML page" } else { "" };
    let why = format!("what it sent has sha256 {digest}, the catalogue says {}{page}", file.sha256);
    Err(Trouble::Other(why).into())
}

/// Appends the body, never more of it than the file has.
fn receive(
    file: &RemoteFile,
    answer: Answer,
    partial: &mut GrowingFile,
    network: &Network,
    progress: Progress<'_>,
) -> Result<(), Failure> {
    let Answer { total, is_page, mut body, .. } = answer;
    let mut reader = body.as_reader();
    let mut buffer = vec![0; READ_BYTES];
    let mut is_page = is_page;
    let mut first = true;
    loop {
        let bytes = match reader.read(&mut buffer) {
            Ok(count) => buffer.get(..count).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(network.client.trouble_of_body(error).into()),
        };
        is_page |= partial.length() == 0 && looks_like_page(bytes);
        let wrong_size = |found: &str| {
            let page = if is_page { "an HTML page, not the file: " } else { "" };
            Failure::from(Trouble::Other(format!(
                "it sends {page}{found} bytes, the catalogue says {}",
                file.bytes
            )))
        };
        if let Some(total) = total.filter(|total| first && *total != file.bytes) {
            return Err(wrong_size(&total.to_string()));
        }
        first = false;
        if bytes.is_empty() {
            break;
        }
        if partial.length().saturating_add(bytes.len() as u64) > file.bytes {
            return Err(wrong_size(&format!("more than {}", file.bytes)));
        }
        partial.append(bytes).storage("write a partly fetched file").map_err(Failure::Storage)?;
        progress(partial.length());
    }
    match partial.length() {
        length if length == file.bytes => Ok(()),
        // Without a stated size, an end is an end: nothing tells it from a lost connection.
        length if is_page => {
            Err(Trouble::Other(format!("it sends an HTML page of {length} bytes, not the file")).into())
        }
        length => {
            let why = format!("the connection ended after {length} of {} bytes", file.bytes);
            Err(Trouble::Passing(why, None).into())
        }
    }
}

fn restart(partial: &mut GrowingFile) -> Result<(), Failure> {
    partial.restart().storage("empty a partly fetched file").map_err(Failure::Storage)
}

fn beginning(partial: &mut GrowingFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    // It only makes a message better.
    let _ = partial.reader().and_then(|reader| reader.take(1024).read_to_end(&mut bytes));
    bytes
}

fn looks_like_page(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes.get(..1024).unwrap_or(bytes)).to_ascii_lowercase();
    let text = text.trim_start_matches(|letter: char| letter == '\u{feff}' || letter.is_whitespace());
    text.starts_with("<!doctype html") || text.starts_with("<html")
}

#[cfg(test)]
mod tests {
    use super::looks_like_page;

    #[test]
    fn pages_are_told_from_tables() {
        assert!(
            looks_like_page(b"\n <!DOCTYPE html>\n<html>") && looks_like_page(b"\xef\xbb\xbf<HTML lang=en>")
        );
        assert!(!looks_like_page(b"# <html> is no table\n1 2 3\n") && !looks_like_page(b""));
    }
}
