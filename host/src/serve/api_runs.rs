//! Runs: what is being done and was, and asking for more.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Answer;
use super::api::{Answered, demand};
use super::connections::Peer;
use super::openapi::{Envelope, OfAQuery, OfChange, OfName, OfRun, OfService, Shown};
use super::refusal::{Refusal, RefusalBody};
use super::router::BODY_BYTES;
use super::runs::{Waiting, Wanted};
use super::service::Service;
use crate::error::Kind;
use crate::journal::{Cancelled, Filter, RunId, RunSummary};

/// Most runs in one answer.
const MOST_RUNS: u64 = 1000;

/// How long the process of a run that is cancelled may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The id of a run in a path.
#[derive(Debug)]
pub(super) struct Id(pub(super) RunId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|Path(text)| RunId::from_str(&text).ok());
        id.map(Self).ok_or_else(|| Refusal::not_found("this is no id of a run").hint("see `/api/v1/runs`"))
    }
}

/// Shows that who asks may change something, and says who that is; extracted before the body is read.
#[derive(Debug)]
pub(super) struct Permission {
    actor: String,
}

impl FromRequestParts<Arc<Service>> for Permission {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Refusal> {
        service.demand_change(&parts.headers)?;
        let peer = parts.extensions.get::<Peer>().ok_or_else(Refusal::of_nobody)?.0.ip();
        Ok(Self { actor: format!("{} over HTTP from {peer}", service.source().actor()) })
    }
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Newest {
    /// The most runs, the newest first [default: 50].
    #[serde(default = "usual")]
    #[param(default = 50, minimum = 1, maximum = 1000)]
    limit: u64,
}

fn usual() -> u64 {
    50
}

/// Runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Listed {
    /// Those that began, the newest first; as `host run list --json` shows them.
    #[schema(value_type = Vec<Object>)]
    runs: Vec<RunSummary>,
    /// Those that wait for others to end, the newest first.
    waiting: Vec<Waiting>,
}

/// What is being done, and was.
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", params(Newest), responses(
    (status = 200, description = "The runs", body = Envelope<Listed>),
    (status = 304, description = "As `If-None-Match` says"),
    OfAQuery, OfService,
))]
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    newest: Result<Query<Newest>, QueryRejection>,
    headers: HeaderMap,
) -> Answered {
    let Query(Newest { limit }) = newest.map_err(|error| Refusal::bad_request(error.body_text()))?;
    demand("limit", limit, 1..=MOST_RUNS)?;
    // Before the journal is read: what begins meanwhile is told twice rather than not at all.
    let waiting = service.runs().waiting();
    let limit = usize::try_from(limit).ok();
    let filter = Filter { limit, ..Filter::default() };
    let runs = service.block(move |service| service.source().journal().list(&filter)).await?;
    answer("host.run-list/1", Listed { runs, waiting }, &headers)
}

/// One run with everything that happened in it.
#[utoipa::path(get, path = "/api/v1/runs/{id}", tag = "runs", params(
    ("id" = String, Path, description = "The run"),
), responses(
    (status = 200, description = "The run; `state` is `waiting` while it has not begun", body = Envelope<Shown>),
    (status = 304, description = "As `If-None-Match` says"),
    OfName, OfService,
))]
pub(super) async fn show(State(service): State<Arc<Service>>, Id(id): Id, headers: HeaderMap) -> Answered {
    if let Some(waiting) = service.runs().find_waiting(&id) {
        return answer("host.run-show/1", waiting, &headers);
    }
    let known = service.runs().knows(&id);
    match service.block(move |service| service.source().journal().read(&id)).await {
        Err(refusal) if known && refusal.is_not_found() => Err(Refusal::busy("the run is about to begin")),
        run => answer("host.run-show/1", run?, &headers),
    }
}

/// Asks for a run: the same as `host prepare` on the command line.
#[utoipa::path(post, path = "/api/v1/runs", tag = "runs", request_body = Wanted, security(("token" = [])), responses(
    (status = 202, description = "It waits or runs; `Location` says where to look", body = Envelope<Waiting>),
    OfRun, OfChange, OfService,
))]
pub(super) async fn submit(
    State(service): State<Arc<Service>>,
    Permission { actor }: Permission,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Answered {
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(BODY_BYTES),
        _ => Refusal::bad_request(error.body_text()),
    })?;
    let media_type = headers.get(CONTENT_TYPE).and_then(|text| text.to_str().ok()).unwrap_or_default();
    if !media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(Refusal::wrong_media_type());
    }
    service.block(|service| service.source().registry()?.demand_writable()).await?;
    let wanted: Wanted = serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad_request(format!("the body is no request for a run: {error}")))?;
    let submitted = service.block(move |service| {
        let request = wanted.request(&service.source().input_directories())?;
        Ok(service.runs().submit(request, actor))
    });
    let waiting = submitted.await??;
    let location = HeaderValue::try_from(format!("/api/v1/runs/{}", waiting.id()));
    let mut response = answer("host.run-show/1", waiting, &HeaderMap::new())?;
    *response.status_mut() = StatusCode::ACCEPTED;
    response.headers_mut().extend(location.ok().map(|location| (LOCATION, location)));
    Ok(response)
}

/// Stops a run, whoever began it. What it registered stays; what it did not can be resumed.
#[utoipa::path(post, path = "/api/v1/runs/{id}/cancel", tag = "runs", security(("token" = [])), params(
    ("id" = String, Path, description = "The run"),
), responses(
    (status = 200, description = "It is over", body = Envelope<Shown>),
    (status = 409, description = "It was over before", body = RefusalBody),
    OfName, OfChange, OfService,
))]
pub(super) async fn cancel(
    State(service): State<Arc<Service>>,
    Permission { actor }: Permission,
    Id(id): Id,
) -> Answered {
    let known = service.runs().knows(&id);
    let never_begun = service.runs().cancel_waiting(&id).await;
    let cancelled = service.block(move |service| {
        let journal = service.source().journal();
        let run = match journal.read(&id) {
            Err(error) if known && error.kind == Kind::Usage => {
                return Ok(Err(Refusal::busy("the run is about to begin")));
            }
            run => run?.summary,
        };
        if never_begun {
            return Ok(Ok(Cancelled { run }));
        }
        // There is such a run, so what makes no sense is to stop it.
        match journal.cancel(&id, &actor, PATIENCE) {
            Err(error) if error.kind == Kind::Usage => Ok(Err(Refusal::over(&error))),
            cancelled => cancelled.map(Ok),
        }
    });
    answer("host.run-cancel/1", cancelled.await??, &HeaderMap::new())
}

fn answer<T: Serialize>(schema: &'static str, data: T, headers: &HeaderMap) -> Result<Response, Refusal> {
    Ok(Answer::json(Envelope::of(schema, data).to_json()?).response(headers).into_response())
}
