//! A run as its own process sees it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Journal;
use super::end::End;
use super::event::{Event, Line, RUN_SCHEMA, Start, Trigger};
use super::id::RunId;
use super::request::Request;
use crate::clock::now;
use crate::durable::{self, LineLog};
use crate::error::{Error, Result};
use crate::platform;

/// How a run begins.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// Its id, where somebody waits for it already.
    pub id: Option<RunId>,
    /// The verb.
    pub command: &'static str,
    /// What is asked for.
    pub request: Request,
    /// Who asks.
    pub actor: String,
    /// What made it run.
    pub trigger: Trigger,
    /// The run that it goes on with.
    pub resumes: Option<RunId>,
}

/// A run of this process. When it is dropped without an end it counts as interrupted.
#[derive(Debug)]
pub struct Run {
    id: RunId,
    log: LineLog,
    /// Whether something could not be written, and was complained of.
    failed: AtomicBool,
}

impl Journal {
    /// Begins a run. That it began is durable when this returns.
    ///
    /// # Errors
    /// [`Kind::Storage`](crate::error::Kind::Storage) when the journal cannot be written, or when there is a run of that
    /// id.
    pub fn begin(&self, beginning: Beginning) -> Result<Run> {
        let Beginning { id, command, request, actor, trigger, resumes } = beginning;
        let fault = |error: &io::Error| {
            Error::storage("cannot begin a run", error)
                .hint("see whether the folder of the setting `framework.log_directory` can be written")
        };
        durable::create_directories(&self.folder).map_err(|error| fault(&error))?;
        let mut start = Start {
            schema: RUN_SCHEMA.to_owned(),
            id: id.clone().unwrap_or_default(),
            command: command.to_owned(),
            request,
            actor,
            trigger,
            resumes,
            process: std::process::id(),
            place: platform::place(),
            host: env!("CARGO_PKG_VERSION").to_owned(),
        };
        loop {
            let line = line(Event::Start(Box::new(start.clone())));
            match LineLog::create(&self.file(&start.id), &line) {
                Ok(log) => return Ok(Run { id: start.id, log, failed: AtomicBool::new(false) }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && id.is_none() => {
                    start.id = RunId::new();
                }
                Err(error) => return Err(fault(&error)),
            }
        }
    }
}

impl Run {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Tells what happened. What cannot be written is worth one warning.
    pub fn append(&self, event: Event) {
        let written = self.log.append(&line(event));
        self.complain(written);
    }

    /// Ends it. Durable when it returns, unless it warns.
    pub fn end(self, end: End) {
        let written = self.log.append_durably(&line(Event::End(end)));
        self.complain(written);
    }

    fn complain(&self, written: io::Result<()>) {
        if let Err(error) = written
            && !self.failed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("the journal of run {} is incomplete: {error}", self.id);
        }
    }
}

/// The line that tells of an event that happens now.
pub(super) fn line(event: Event) -> Vec<u8> {
    let line = Line { time: now(), event };
    let mut line =
        serde_json::to_vec(&line).expect("strings, numbers and string keys can be written as JSON");
    line.push(b'\n');
    line
}
