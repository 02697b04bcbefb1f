//! An answer while it comes in: frames are listened to until there is more of it, and copied before anybody looks at it.

use std::cmp::Ordering;
use std::io::{self, Read};
use std::time::Instant;

use plugin_api::Level;

use crate::modules::worker::failures::Failure;
use crate::modules::worker::frames::{Frame, SEGMENT_BYTES, Taken};
use crate::modules::worker::parent::{Derivation, Listener, PROGRESS_PAUSE};
use crate::modules::worker::process::NoFrame;

/// Log lines of one derivation that are passed on; a module that writes more has lost its reader.
const LOG_LIMIT_LINES: u32 = 1000;

/// The bytes of an answer. What the worker writes meanwhile does not change what was read.
pub(super) struct Answer<'d> {
    derivation: &'d mut Derivation,
    listener: &'d dyn Listener,
    /// What confines a kept worker was said before it loaded anything.
    ready: bool,
    log_lines: u32,
    last_progress: Option<Instant>,
    /// Where the next byte stands, and how many follow it in this segment.
    place: usize,
    left: usize,
    /// Half of the file in which the next segment stands.
    half: usize,
    /// Bytes of the segments so far.
    bytes: u64,
    done: bool,
    failure: Option<Failure>,
}

impl<'d> Answer<'d> {
    pub(super) fn new(derivation: &'d mut Derivation, listener: &'d dyn Listener) -> Self {
        let ready = derivation.worker.derivations > 0;
        Self {
            derivation,
            listener,
            ready,
            log_lines: 0,
            last_progress: None,
            place: 0,
            left: 0,
            half: 0,
            bytes: 0,
            done: false,
            failure: None,
        }
    }

    /// Why it did not come to its end, if it did not.
    pub(super) fn into_failure(self) -> Option<Failure> {
        self.failure
    }

    /// Listens until there is another segment, or no more of them.
    fn next_segment(&mut self) -> Result<(), Failure> {
        if self.place > 0 {
            self.place = 0;
            // One that does not read this will not answer either; how it ended says more than this error.
            let _ = self.derivation.worker.process.send(&Taken {}, &[]);
        }
        loop {
            match self.derivation.worker.process.frame(self.derivation.deadline)? {
                // Later ones come from the module.
                Frame::Ready { confinement, condition } if !self.ready => {
                    self.ready = true;
                    (self.derivation.worker.confinement, self.derivation.worker.condition) =
                        (confinement, condition);
                }
                Frame::Unconfined { confinement } if !self.ready => {
                    return Err(Failure::Unconfined(confinement));
                }
                Frame::Ready { .. } | Frame::Unconfined { .. } | Frame::Accepted => {}
                Frame::OutOfMemory => return Err(Failure::OutOfMemory),
                Frame::Log { level, text } => self.pass_on(level, &text),
                Frame::Progress { fraction, doing } => {
                    if self.last_progress.is_none_or(|last| last.elapsed() >= PROGRESS_PAUSE) {
                        self.last_progress = Some(Instant::now());
                        self.listener.progress(fraction, &beginning(&doing, 200));
                    }
                }
                Frame::Failed { error } => return Err(Failure::Module(error)),
                Frame::Refused { message } => return Err(Failure::Refused(message)),
                Frame::Segment => return self.begin(SEGMENT_BYTES),
                Frame::Done { bytes } => {
                    self.done = true;
                    return self.begin(usize::try_from(bytes).unwrap_or(usize::MAX));
                }
            }
        }
    }

    fn begin(&mut self, length: usize) -> Result<(), Failure> {
        if length > SEGMENT_BYTES {
            let text = format!("a segment of {length} bytes, the limit is {SEGMENT_BYTES}");
            return Err(NoFrame::Garbage(io::Error::new(io::ErrorKind::InvalidData, text)).into());
        }
        self.bytes = self.bytes.saturating_add(length as u64);
        if self.bytes > self.derivation.worker.process.terms.limits.memory_bytes {
            return Err(Failure::TooLargeResult);
        }
        self.place = self.half * SEGMENT_BYTES;
        self.left = length;
        self.half = 1 - self.half;
        Ok(())
    }

    fn pass_on(&mut self, level: u32, text: &str) {
        self.log_lines = self.log_lines.saturating_add(1);
        match self.log_lines.cmp(&LOG_LIMIT_LINES) {
            Ordering::Less => self.listener.log(level_of(level), &beginning(text, 4096)),
            Ordering::Equal => {
                self.listener.log(Level::Warn, "further log lines of the module are dropped");
            }
            Ordering::Greater => {}
        }
    }
}

impl Read for Answer<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            if self.done || self.failure.is_some() {
                return Ok(0);
            }
            if let Err(failure) = self.next_segment() {
                self.failure = Some(failure);
            }
        }
        let room = bytes.len().min(self.left);
        let count =
            self.derivation.result.read_at(bytes.get_mut(..room).unwrap_or_default(), self.place as u64)?;
        // The file may be shorter than the worker says.
        if count == 0 && room > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.place += count;
        self.left -= count;
        Ok(count)
    }
}

/// An honest worker sends no more; what comes is not believed.
fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn level_of(level: u32) -> Level {
    match level {
        0 => Level::Error,
        1 => Level::Warn,
        2 => Level::Info,
        3 => Level::Debug,
        _ => Level::Trace,
    }
}
