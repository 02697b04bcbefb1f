//! The end of the log: finding it without reading the rest, mending what an interrupted append left, appending.

use std::io::{Read, Seek, SeekFrom};

use serde_json::json;

use super::{Action, AuditLog, Entry, Head, LONGEST_LINE, RecordLine, entry, parse};
use crate::durable;
use crate::error::{Result, StorageContext};
use crate::registry::{DatasetName, sealed};

/// How much of the end is read at first; nearly always more than the last line.
const FIRST_WINDOW: u64 = 16 * 1024;

/// How much is read at a time where more than the end is of interest.
const WINDOW: u64 = 256 * 1024;

/// Where the next line goes. Exists only under the lock of the data root.
#[derive(Debug)]
pub(in crate::registry) struct Tail {
    /// What the next line follows.
    head: Head,
    /// The last line, if it is what was written.
    pub(in crate::registry) last: Option<Entry>,
    /// Whether `head.json` is to be written although nothing was appended.
    behind: bool,
    /// Why the next line must be preceded by one that tells of lost evidence.
    lost: Option<&'static str>,
}

/// What stands at the end of the file.
struct End {
    /// The last complete line.
    line: Option<Vec<u8>>,
    /// Length of the file without an incomplete line.
    complete: u64,
    /// Length of the file.
    length: u64,
}

impl AuditLog {
    /// Looks at the end of the log and mends what an interrupted append left of it.
    pub(in crate::registry) fn recover(&self) -> Result<Tail> {
        let end = self.end().storage("read the audit log")?;
        let last = end.line.as_deref().and_then(|line| parse(line).ok());
        let head = self.read_head().unwrap_or(None);
        let mut tail = Tail { head: Head::NONE, last, behind: false, lost: None };
        let reached = tail.last.as_ref().map(Head::after);
        match (reached, head) {
            (Some(reached), Some(head)) if reached.sequence >= head.sequence => {
                tail.head = reached;
                tail.behind = reached != head;
            }
            // Lines are gone or damaged: the chain goes on from what the head vouches for, so that the gap stays visible.
            (_, Some(head)) => tail.head = head,
            (Some(reached), None) => {
                tail.head = reached;
                tail.behind = true;
                tail.lost = (reached.sequence > 1).then_some("head.json was missing or damaged");
            }
            (None, None) if end.line.is_some() => {
                tail.head = self.last_readable()?;
                tail.lost = Some("head.json was missing or damaged, and so was the last line");
            }
            (None, None) => {}
        }
        if end.length > end.complete {
            // Only an end that no head counts was never complete.
            let interrupted =
                reached.map_or(0, |reached| reached.sequence) >= head.map_or(0, |head| head.sequence);
            if interrupted && tail.lost.is_none() && (tail.last.is_some() || end.line.is_none()) {
                durable::truncate(&self.path(), end.complete).storage("mend the audit log")?;
            } else {
                durable::append_line(&self.path(), b"\n").storage("mend the audit log")?;
            }
        }
        Ok(tail)
    }

    /// Appends a line. Durable when it returns; `head.json` follows with [`AuditLog::publish_head`].
    pub(in crate::registry) fn append(&self, tail: &mut Tail, action: &Action) -> Result<()> {
        if let Some(reason) = tail.lost.take() {
            let details = json!({"reason": reason, "sequence": tail.head.sequence});
            let (action_name, subject) = ("head-restored".to_owned(), "audit".to_owned());
            let notice = Action { action: action_name, subject, details, ..action.clone() };
            self.append_one(tail, &notice)?;
            self.publish_head(tail)?;
        }
        self.append_one(tail, action)
    }

    fn append_one(&self, tail: &mut Tail, action: &Action) -> Result<()> {
        let (line, head) = entry(action, &tail.head)?;
        durable::append_line(&self.path(), &line).storage("write the audit log")?;
        tail.head = head;
        tail.last = None;
        tail.behind = true;
        Ok(())
    }

    /// Lets `head.json` tell of the last line.
    pub(in crate::registry) fn publish_head(&self, tail: &mut Tail) -> Result<()> {
        if tail.behind && tail.lost.is_none() {
            durable::publish(&self.head_path(), &sealed::pretty(&sealed::seal(tail.head)))
                .storage("write the audit log")?;
            tail.behind = false;
        }
        Ok(())
    }

    /// The last line that tells of a record of a dataset. Nothing before it is read.
    pub(in crate::registry) fn last_of(&self, name: &DatasetName) -> std::io::Result<Option<RecordLine>> {
        let mut file = match fs_err::File::open(self.path()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let needle = format!("\"subject\":\"{name}\"");
        let told = |line: &[u8]| {
            let is_likely = std::str::from_utf8(line).is_ok_and(|line| line.contains(&needle));
            let entry = is_likely.then(|| parse(line).ok()).flatten()?;
            RecordLine::of(&entry).filter(|line| line.name == *name)
        };
        let mut end = file.seek(SeekFrom::End(0))?;
        // The beginning of what was read, which may be the end of a line.
        let mut rest = Vec::new();
        while end > 0 {
            let start = end.saturating_sub(WINDOW);
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::new();
            (&mut file).take(end - start).read_to_end(&mut bytes)?;
            bytes.append(&mut rest);
            let first_end = bytes.iter().position(|byte| *byte == b'\n');
            let whole = if start == 0 { 0 } else { first_end.map_or(bytes.len(), |place| place + 1) };
            let mut lines = bytes.get(whole..).unwrap_or_default().rsplit(|byte| *byte == b'\n');
            if let Some(line) = lines.find_map(told) {
                return Ok(Some(line));
            }
            bytes.truncate(whole);
            // No line of ours is so long.
            rest = if u64::try_from(whole).is_ok_and(|length| length <= 2 * LONGEST_LINE) {
                bytes
            } else {
                Vec::new()
            };
            end = start;
        }
        Ok(None)
    }

    fn end(&self) -> std::io::Result<End> {
        let path = self.path();
        let mut file = match fs_err::File::open(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(End { line: None, complete: 0, length: 0 });
            }
            file => file?,
        };
        let length = file.seek(SeekFrom::End(0))?;
        let mut window = FIRST_WINDOW;
        loop {
            let start = length.saturating_sub(window);
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::new();
            (&mut file).take(length - start).read_to_end(&mut bytes)?;
            let found = end_of(&bytes, start == 0 || window > 2 * LONGEST_LINE);
            if let Some((line, torn)) = found {
                return Ok(End { line, complete: length.saturating_sub(torn), length });
            }
            window = window.saturating_mul(4);
        }
    }

    /// The last line of the whole log that is what was written, read from the beginning.
    fn last_readable(&self) -> Result<Head> {
        let mut head = Head::NONE;
        for entry in self.entries()? {
            head.sequence += 1;
            if let Ok(entry) = entry {
                head = Head::after(&entry);
            }
        }
        Ok(head)
    }
}

/// The last complete line in `bytes` and how many bytes of an incomplete one follow it; nothing if `bytes` begins too
/// late to tell and that is not `everything` there is.
fn end_of(bytes: &[u8], everything: bool) -> Option<(Option<Vec<u8>>, u64)> {
    let newline = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'\n');
    let Some(last) = newline(bytes) else {
        return everything.then(|| (None, u64::try_from(bytes.len()).unwrap_or(u64::MAX)));
    };
    let (lines, torn) = bytes.split_at(last + 1);
    let torn = u64::try_from(torn.len()).unwrap_or(u64::MAX);
    let lines = lines.get(..last).unwrap_or_default();
    match newline(lines) {
        Some(before) => Some((lines.get(before + 1..).map(<[u8]>::to_vec), torn)),
        None => everything.then(|| (Some(lines.to_vec()), torn)),
    }
}
