//! What every route works with.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use tokio::sync::{Semaphore, watch};

use super::cache::Cache;
use super::rate::Rate;
use super::refusal::Refusal;
use super::runs::Runs;
use super::site::View;
use super::{Options, Question, Source};
use crate::clock::now;
use crate::error::{Error, Kind, Result};

/// Requests that may wait for a thread at the same time.
const MOST_WAITING: usize = 256;

/// What every route works with.
pub(super) struct Service {
    options: Options,
    source: Arc<dyn Source>,
    cache: Cache,
    runs: Arc<Runs>,
    view: View,
    rate: Rate,
    waiting: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
    started: Instant,
    started_at: String,
}

impl Service {
    pub(super) fn new(options: Options, source: Arc<dyn Source>) -> Self {
        Self {
            rate: Rate::new(options.limits.requests_per_second),
            runs: Arc::new(Runs::new(Arc::clone(&source), options.runs)),
            view: View::new(options.place.clone(), options.manifest_file.clone(), options.rows_per_batch),
            options,
            source,
            cache: Cache::default(),
            waiting: Arc::new(Semaphore::new(MOST_WAITING)),
            stopping: watch::Sender::new(false),
            started: Instant::now(),
            started_at: now(),
        }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn source(&self) -> &dyn Source {
        &*self.source
    }

    pub(super) fn rate(&self) -> &Rate {
        &self.rate
    }

    pub(super) fn runs(&self) -> &Arc<Runs> {
        &self.runs
    }

    pub(super) fn view(&self) -> &View {
        &self.view
    }

    /// When it started: for people, and to count from.
    pub(super) fn started(&self) -> (&str, Instant) {
        (&self.started_at, self.started)
    }

    /// Begins nothing from now on.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
        self.runs.drain();
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Becomes true when the service is told to end.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Whether nothing may be written for now.
    pub(super) fn is_in_maintenance(&self) -> Result<bool> {
        Ok(self.source.registry()?.maintenance()?.is_some())
    }

    /// Takes on what an earlier service left. False in maintenance: then it waits for the end of that.
    pub(super) fn take_over(&self) -> Result<bool> {
        if self.is_read_only() || self.is_stopping() {
            return Ok(true);
        }
        if self.is_in_maintenance()? {
            return Ok(false);
        }
        self.runs.take_over()?;
        Ok(true)
    }

    /// Whether something can be changed at all by who has the token.
    pub(super) fn is_read_only(&self) -> bool {
        self.options.read_only || self.options.token.is_none()
    }

    /// Demands the token.
    pub(super) fn demand_token(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut presented = headers.get_all(AUTHORIZATION).iter();
        let (Some(one), None, Some(token)) = (presented.next(), presented.next(), &self.options.token) else {
            return Err(Refusal::unauthorized("a token is needed"));
        };
        let text = one.to_str().ok().and_then(|text| text.split_once(' '));
        match text {
            Some((scheme, text)) if scheme.eq_ignore_ascii_case("bearer") && token.is(text.trim_ascii()) => {
                Ok(())
            }
            _ => Err(Refusal::unauthorized("this is not the token")),
        }
    }

    /// Demands that the request may change something.
    pub(super) fn demand_change(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.is_read_only() {
            return Err(Refusal::read_only());
        }
        self.demand_token(headers)
    }

    /// Answers a question from what is kept, or from the source.
    pub(super) async fn answer(
        self: &Arc<Self>,
        question: Question,
        headers: &HeaderMap,
    ) -> Result<Response, Refusal> {
        let answer = self.block(move |service| service.cache.answer(&question, service.source())).await?;
        Ok(answer.response(headers))
    }

    /// Does what blocks on a thread for that. When the client leaves, it is finished all the same.
    pub(super) async fn block<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let place = waiting.map_err(|_| Refusal::busy("too many requests wait for an answer"))?;
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&service);
            drop(place);
            done
        });
        match done.await {
            Ok(done) => Ok(done?),
            Err(error) => {
                let error =
                    Error::new(Kind::Internal, "an answer could not be made").cause(error.to_string());
                Err(error.into())
            }
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Service").field("options", &self.options).finish_non_exhaustive()
    }
}
