//! Says what a file is when it is not what its role wants: a web page, a binary, an empty file.

use plugin_api::InputForm;

use crate::error::{Error, Kind};

/// What a file is instead of text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    what: String,
    line: u64,
    hint: Option<&'static str>,
}

impl Fault {
    pub(super) fn into_error(self, role: &str, origin: &str, expected: &str) -> Error {
        let error = Error::new(Kind::BadInput, format!("input `{role}`, line {}: {}", self.line, self.what))
            .cause(format!(
                "in {}",
                if origin.starts_with("bundled") { origin.to_owned() } else { format!("`{origin}`") }
            ))
            .cause(format!("expected: {expected}"));
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Names of formats by their first bytes.
const SIGNATURES: [(&[u8], &str); 11] = [
    (b"PK\x03\x04", "a zip archive (or npz)"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"SIMPLE  =", "a FITS file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"PAR1", "a Parquet file"),
    (b"\x93NUMPY", "a numpy array file"),
    (b"\x7fELF", "an executable or library"),
    (b"\x1f\x8b", "gzip inside gzip or zstd; only one layer is unpacked"),
    (b"\x28\xb5\x2f\xfd", "zstd inside gzip or zstd; only one layer is unpacked"),
    (b"BZh", "a bzip2 file; only gzip and zstd are unpacked"),
];

/// What is wrong with the content, if anything.
pub(super) fn fault(content: &[u8], form: InputForm) -> Option<Fault> {
    if content.is_empty() {
        return Some(Fault {
            what: "the file is empty".to_owned(),
            line: 1,
            hint: Some("get the file again"),
        });
    }
    if form == InputForm::Binary {
        return None;
    }
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| content.starts_with(signature)) {
        return Some(Fault { what: format!("this is {name}, not a text table"), line: 1, hint: None });
    }
    if content.starts_with(&[0xff, 0xfe]) || content.starts_with(&[0xfe, 0xff]) {
        let hint = Some("save it as UTF-8");
        return Some(Fault { what: "this is UTF-16 text".to_owned(), line: 1, hint });
    }
    if let Some(line) = html_line(content) {
        let hint = Some("the download answered with a web page: fetch the raw file instead");
        return Some(Fault { what: "this is an HTML page, not data".to_owned(), line, hint });
    }
    // `contains` looks at many bytes at a time.
    if content.contains(&0) {
        let at = content.iter().position(|&byte| byte == 0).unwrap_or_default();
        let line = content[..at].split(|&byte| byte == b'\n').count() as u64;
        return Some(Fault {
            what: "this is a binary file: it holds a NUL byte".to_owned(),
            line,
            hint: None,
        });
    }
    if content.iter().all(u8::is_ascii_whitespace) {
        let hint = Some("get the file again");
        return Some(Fault { what: "the file holds only blanks".to_owned(), line: 1, hint });
    }
    None
}

/// The line of a tag that only a web page has, near the beginning.
fn html_line(content: &[u8]) -> Option<u64> {
    const TAGS: [&str; 6] = ["<!doctype html", "<html", "<head", "<body", "<script", "<?xml"];
    let start = content.get(..4096).unwrap_or(content);
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    // A page has a line that begins with a tag; a table may speak of one in a comment.
    let begins_with_tag = |line: &str| {
        let line = line.trim_start_matches('\u{feff}').trim_start();
        TAGS.iter().any(|tag| {
            let after = line.strip_prefix(tag);
            after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
        })
    };
    (1..).zip(text.lines()).find(|(_, line)| begins_with_tag(line)).map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(content: &[u8]) -> Option<String> {
        fault(content, InputForm::Text).map(|fault| fault.what)
    }

    #[test]
    fn calls_each_wrong_file_what_it_is() {
        for (content, word) in [
            (&b""[..], "empty"),
            (b"  \n\n", "blanks"),
            (b"\n\n<!DOCTYPE html>\n<html>", "HTML"),
            (b"<html><body>404</body></html>", "HTML"),
            (b"1 2\x003", "NUL"),
            (b"\x7fELF....", "executable"),
            (b"\xff\xfe1\x00", "UTF-16"),
            (b"PK\x03\x04", "zip"),
        ] {
            assert!(what(content).unwrap().contains(word), "{word}");
        }
        assert_eq!(fault(b"\n\n<!DOCTYPE html>", InputForm::Text).unwrap().line, 3);
    }

    #[test]
    fn text_passes_and_binary_roles_take_anything_but_nothing() {
        assert_eq!(what(b"# z value\n0.51 13.6\n"), None);
        assert_eq!(what(b"# <header> of the table\n0.51 13.6\n"), None);
        assert_eq!(fault(b"PK\x03\x04", InputForm::Binary), None);
        assert!(fault(b"", InputForm::Binary).is_some());
    }
}
