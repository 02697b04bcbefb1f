//! System calls as the tracer writes them down with all text in hexadecimal (`-f -y -xx`), in the order of their ends.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A call that succeeded.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: String,
    arguments: Vec<String>,
    result: String,
}

/// The calls of a log.
pub(super) fn read(log: &str) -> Vec<Call> {
    let mut begun: BTreeMap<&str, String> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let Some((task, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(task, first.to_owned());
        } else if rest.starts_with("<... ") {
            let second = rest.split_once(" resumed>").map_or("", |(_, second)| second);
            calls.extend(begun.remove(task).and_then(|first| parse(&(first + second))));
        } else {
            calls.extend(parse(rest));
        }
    }
    calls
}

/// Nothing for what failed and what is no call.
fn parse(line: &str) -> Option<Call> {
    let (call, result) = line.rsplit_once(" = ")?;
    let (name, arguments) = call.trim_end().strip_suffix(')')?.split_once('(')?;
    let arguments = arguments.split(", ").map(str::to_owned).collect();
    (!result.starts_with('-')).then(|| Call { name: name.to_owned(), arguments, result: result.to_owned() })
}

impl Call {
    /// A number among the arguments.
    pub(super) fn number(&self, at: usize) -> usize {
        self.arguments[at].parse().unwrap()
    }

    /// The text of an argument in quotes.
    pub(super) fn bytes(&self, at: usize) -> Vec<u8> {
        unescaped(self.arguments[at].trim_start_matches('"').trim_end_matches('"'))
    }

    /// Flags of an argument.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.arguments.iter().any(|argument| argument.split('|').any(|word| word == flag))
    }

    /// The path of an argument in quotes, from the folder that the argument before it names, if it does.
    pub(super) fn path(&self, at: usize) -> PathBuf {
        let path = PathBuf::from(text(self.bytes(at)));
        let folder = at.checked_sub(1).and_then(|before| opened(&self.arguments[before]));
        folder.map_or(path.clone(), |(_, folder)| folder.join(path))
    }

    /// Number and path of the open file that is an argument.
    pub(super) fn file(&self, at: usize) -> Option<(String, PathBuf)> {
        opened(&self.arguments[at])
    }

    /// The same of the one that was opened.
    pub(super) fn opened(&self) -> Option<(String, PathBuf)> {
        opened(&self.result)
    }

    /// Whether these words went to the terminal.
    pub(super) fn prints(&self, words: &str) -> bool {
        self.name == "write"
            && self.arguments[0].starts_with("1<")
            && String::from_utf8_lossy(&self.bytes(1)).contains(words)
    }
}

/// `7<\x2f…>`, as the tracer shows an open file.
fn opened(argument: &str) -> Option<(String, PathBuf)> {
    let (number, path) = argument.strip_suffix('>')?.split_once('<')?;
    Some((number.to_owned(), PathBuf::from(text(unescaped(path)))))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn unescaped(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}
