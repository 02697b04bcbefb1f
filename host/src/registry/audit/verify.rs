//! Following the chain: names the first line that is not what was written, and says what happened to it.

use serde::Serialize;

use super::super::item::Fault;
use super::{Entry, Head, Line, parse};

/// What happened to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakKind {
    /// A line is not what was written.
    Edited,
    /// Lines are gone.
    Removed,
    /// Lines stand in another order.
    Reordered,
    /// A line stands there twice.
    Repeated,
    /// Lines at the end are gone.
    Truncated,
    /// `head.json` is missing, damaged, or tells of another log.
    Head,
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Number of the line in the file, from 1.
    pub line: u64,
    /// What happened.
    pub kind: BreakKind,
    /// The same for people.
    pub message: String,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Complete lines in the log.
    pub lines: u64,
    /// Number and digest of the last one that is what was written.
    pub head: Option<Head>,
    /// The first thing that is wrong.
    pub broken: Option<Break>,
    /// What an interrupted append left; the next writer mends it.
    pub interrupted: Option<String>,
}

impl Verification {
    /// Whether every line is what was written, and all are there.
    #[must_use]
    pub fn intact(&self) -> bool {
        self.broken.is_none()
    }
}

/// The state between two lines.
pub(super) struct Verifier {
    lines: u64,
    last: Head,
    found_any: bool,
    torn: bool,
    broken: Option<Break>,
    /// The number that a gap left out, to see whether it comes later.
    gap: Option<u64>,
    /// Digests of the last two lines, to compare with a head that may be one behind.
    digests: [Option<Head>; 2],
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            lines: 0,
            last: Head::NONE,
            found_any: false,
            torn: false,
            broken: None,
            gap: None,
            digests: [None, None],
        }
    }
}

impl Verifier {
    /// Takes the next line and gives it back if it is what was written, wherever it stands.
    pub(super) fn line(&mut self, line: &Line) -> Option<Entry> {
        if !line.complete {
            self.torn = true;
            return None;
        }
        self.lines += 1;
        let entry = match parse(&line.bytes) {
            Ok(entry) => entry,
            Err(message) => {
                self.report(BreakKind::Edited, format!("line {} is damaged: {message}", self.lines));
                return None;
            }
        };
        if self.broken.is_none() {
            self.follow(&entry);
        } else if self.gap == Some(entry.sequence) {
            self.gap = None;
            if let Some(broken) = &mut self.broken {
                broken.kind = BreakKind::Reordered;
                broken.message = format!(
                    "line {} stands where number {} belongs, which is line {}: the lines were reordered",
                    broken.line, entry.sequence, self.lines
                );
            }
        }
        self.last = Head::after(&entry);
        self.found_any = true;
        self.digests = [self.digests[1], Some(self.last)];
        Some(entry)
    }

    fn follow(&mut self, entry: &Entry) {
        let (line, expected) = (self.lines, self.last.sequence.saturating_add(1));
        if entry.sequence > expected {
            self.gap = Some(expected);
            let gone = match entry.sequence - 1 {
                last if last == expected => format!("line {expected} was removed"),
                last => format!("lines {expected} to {last} were removed"),
            };
            self.report(BreakKind::Removed, format!("line {line} has number {}: {gone}", entry.sequence));
        } else if entry.sequence < expected {
            let message = format!("line {line} has number {}, {expected} belongs there", entry.sequence);
            let repeated = self.last == Head::after(entry);
            self.report(if repeated { BreakKind::Repeated } else { BreakKind::Reordered }, message);
        } else if entry.previous_sha256 != self.last.line_sha256 {
            // The line before states a digest of its own that fits it, so it was made anew after an edit.
            let edited = line.saturating_sub(1).max(1);
            let message = format!("line {line} does not continue line {edited}: one of them was edited");
            self.broken = Some(Break { line: edited, kind: BreakKind::Edited, message });
        }
    }

    fn report(&mut self, kind: BreakKind, message: String) {
        if self.broken.is_none() {
            self.broken = Some(Break { line: self.lines, kind, message });
        }
    }

    /// Compares with the head.
    pub(super) fn finish(mut self, head: Result<Option<Head>, Fault>) -> Verification {
        let mut interrupted = None;
        if self.broken.is_none() {
            match head {
                Err(fault) => self.report(BreakKind::Head, format!("`head.json`: {}", fault.message)),
                Ok(head) => interrupted = self.compare(head),
            }
        }
        Verification {
            lines: self.lines,
            head: self.found_any.then_some(self.last),
            broken: self.broken,
            interrupted,
        }
    }

    fn compare(&mut self, head: Option<Head>) -> Option<String> {
        let counted = head.map_or(0, |head| head.sequence);
        let last = self.last.sequence;
        let mut interrupted = None;
        if last < counted {
            self.lines += 1;
            let gone = if self.torn {
                format!("line {} is incomplete although line {counted} was written", last + 1)
            } else if last + 1 == counted {
                format!("line {counted} was removed from the end")
            } else {
                format!("lines {} to {counted} were removed from the end", last + 1)
            };
            self.report(BreakKind::Truncated, gone);
            self.lines -= 1;
        } else if head.is_none() && last > 1 {
            self.report(BreakKind::Head, format!("`head.json` is missing although there are {last} lines"));
        } else if last > counted.saturating_add(1) {
            self.report(BreakKind::Head, format!("`head.json` tells of {counted} lines, there are {last}"));
        } else if head.is_some() && !self.digests.contains(&head) {
            let message = format!("line {counted} is not the one that `head.json` tells of: it was edited");
            self.report(BreakKind::Edited, message);
        }
        if self.broken.is_none() && last > counted {
            interrupted = Some("`head.json` is one line behind an append that was interrupted".to_owned());
        }
        if self.broken.is_none() && self.torn {
            interrupted = Some("the last line is incomplete: its append was interrupted".to_owned());
        }
        interrupted
    }
}
