//! What is read. Each answer is what the verb of the same meaning prints with `--json`.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::openapi::{Envelope, OfAQuery, OfName, OfService, Shown};
use super::refusal::{Refusal, RefusalBody};
use super::service::Service;
use super::{Answer, Question};
use crate::registry::{DatasetName, index};

/// Result of every route.
pub(super) type Answered = Result<Response, Refusal>;

/// Most entries of the audit log in one answer.
const MOST_ENTRIES: u64 = 1000;

/// Largest number of an entry that can be asked for: what the document calls an `int64`.
const LAST_ENTRY: u64 = i64::MAX.unsigned_abs();

/// A dataset, `NAME` or `NAME@VERSION` with the first digits of a version. Nothing in it is a path.
#[derive(Debug)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let unknown = || Refusal::not_found("this cannot be the name of a dataset");
        let Path(text) = path.map_err(|_| unknown())?;
        let (name, version) =
            text.split_once('@').map_or((text.as_str(), None), |(name, version)| (name, Some(version)));
        let is_version = |version: &str| {
            (1..=64).contains(&version.len())
                && version.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
        };
        if DatasetName::new(name).is_err() || !version.is_none_or(is_version) {
            return Err(unknown().hint("see `/api/v1/datasets` for the names"));
        }
        Ok(Self(text))
    }
}

/// How things are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    /// Version of the host.
    version: &'static str,
    /// When the service was started, RFC 3339.
    started_at: String,
    /// Seconds since then.
    uptime_seconds: f64,
    /// Whether nothing can be changed here.
    read_only: bool,
    /// Whether the service is about to end and begins nothing.
    stopping: bool,
    /// Datasets that are registered.
    datasets: usize,
    /// Datasets of these whose current version must not be used.
    retired: usize,
    /// Datasets of these that are damaged.
    damaged: usize,
    /// Runs of this service that go on.
    running: usize,
    /// Runs of this service that wait for others to end.
    waiting: usize,
}

/// Whether the service can answer: the registry can be read, and it is not about to end.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, description = "It can answer; in maintenance it says since when, by whom and why", body = String, content_type = "text/plain", example = "ready\n"),
    OfService,
))]
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Answered {
    if service.is_stopping() {
        return Err(Refusal::stopping());
    }
    // What can be read is read in maintenance, too; whoever balances load leaves it in.
    let maintenance = service.block(|service| service.source().registry()?.maintenance()).await?;
    Ok(maintenance.map_or("ready\n".to_owned(), |state| format!("ready, {}\n", state.told())).into_response())
}

/// How things are, in a few numbers.
#[utoipa::path(get, path = "/api/v1/status", tag = "service", responses(
    (status = 200, description = "How things are", body = Envelope<Status>),
    (status = 304, description = "As `If-None-Match` says"),
    OfService,
))]
pub(super) async fn status(State(service): State<Arc<Service>>, headers: HeaderMap) -> Answered {
    let rows = service.block(|service| index::list(service.source().registry()?.root())).await?;
    let count = |counts: fn(&index::Row) -> bool| rows.iter().filter(|row| counts(row)).count();
    let (started_at, started) = service.started();
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        started_at: started_at.to_owned(),
        uptime_seconds: started.elapsed().as_secs_f64(),
        read_only: service.is_read_only(),
        stopping: service.is_stopping(),
        datasets: rows.len(),
        retired: count(|row| row.retired.is_some()),
        damaged: count(|row| row.damage.is_some()),
        running: service.runs().running(),
        waiting: service.runs().waiting().len(),
    };
    Ok(Answer::json(Envelope::of("host.service-status/1", status).to_json()?).response(&headers))
}

/// Every dataset with its current version; `host list --all --json`.
#[utoipa::path(get, path = "/api/v1/datasets", tag = "datasets", responses(
    (status = 200, description = "The datasets", body = Envelope<Shown>),
    (status = 304, description = "As `If-None-Match` says"),
    OfService,
))]
pub(super) async fn datasets(State(service): State<Arc<Service>>, headers: HeaderMap) -> Answered {
    service.answer(Question::Datasets, &headers).await
}

/// One dataset: columns, units, checks, provenance; `host show NAME --json`.
#[utoipa::path(get, path = "/api/v1/datasets/{name}", tag = "datasets", params(
    ("name" = String, Path, description = "`NAME`, or `NAME@VERSION` with the first digits of a version"),
), responses(
    (status = 200, description = "The dataset", body = Envelope<Shown>),
    (status = 304, description = "As `If-None-Match` says"),
    OfName, OfService,
))]
pub(super) async fn dataset(State(service): State<Arc<Service>>, name: Name, headers: HeaderMap) -> Answered {
    service.answer(Question::Dataset(name.0), &headers).await
}

/// What a dataset was made of, by what, and what was current before.
#[utoipa::path(get, path = "/api/v1/lineage/{name}", tag = "datasets", params(
    ("name" = String, Path, description = "`NAME`, or `NAME@VERSION` with the first digits of a version"),
), responses(
    (status = 200, description = "How it came about", body = Envelope<super::lineage::Lineage>),
    (status = 304, description = "As `If-None-Match` says"),
    OfName, OfService,
))]
pub(super) async fn lineage(State(service): State<Arc<Service>>, name: Name, headers: HeaderMap) -> Answered {
    service.answer(Question::Lineage(name.0), &headers).await
}

/// Every module with its version and how far it is vouched for; `host plugin list --json`.
#[utoipa::path(get, path = "/api/v1/plugins", tag = "modules", responses(
    (status = 200, description = "The modules", body = Envelope<Shown>),
    (status = 304, description = "As `If-None-Match` says"),
    OfService,
))]
pub(super) async fn plugins(State(service): State<Arc<Service>>, headers: HeaderMap) -> Answered {
    service.answer(Question::Plugins, &headers).await
}

/// Which part of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// Entries after this one, which is not among them [default: 0].
    #[serde(default)]
    #[param(default = 0)]
    after: u64,
    /// The most entries [default: 100].
    #[serde(default = "usual_part")]
    #[param(default = 100, minimum = 1, maximum = 1000)]
    limit: u64,
}

fn usual_part() -> u64 {
    100
}

/// Refuses a number of a query that is out of bounds.
pub(super) fn demand(name: &str, number: u64, bounds: RangeInclusive<u64>) -> Result<(), Refusal> {
    if bounds.contains(&number) {
        return Ok(());
    }
    let (least, most) = (bounds.start(), bounds.end());
    Err(Refusal::bad_request(format!("`{name}` must be from {least} to {most}: {number}")))
}

/// Who did what, oldest first; a part of `host audit list --json`.
#[utoipa::path(get, path = "/api/v1/audit", tag = "service", params(Part), responses(
    (status = 200, description = "The entries", body = Envelope<Shown>),
    (status = 304, description = "As `If-None-Match` says"),
    OfAQuery, OfService,
))]
pub(super) async fn audit(
    State(service): State<Arc<Service>>,
    part: Result<Query<Part>, QueryRejection>,
    headers: HeaderMap,
) -> Answered {
    let Query(Part { after, limit }) = part.map_err(|error| Refusal::bad_request(error.body_text()))?;
    demand("after", after, 0..=LAST_ENTRY)?;
    demand("limit", limit, 1..=MOST_ENTRIES)?;
    service.answer(Question::Audit { after, limit }, &headers).await
}

/// One page with everything about a dataset, `host report NAME`; or what the host did, `host report daily --json` and
/// the like, which may be ten seconds old.
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "datasets", params(
    ("id" = String, Path, description = "`NAME`, `NAME@VERSION`, or one of `daily`, `weekly`, `monthly`, `performance`, `quality`, `capacity`, `deployment`"),
), responses(
    (status = 200, description = "The report", content((String = "text/html"), (Envelope<Shown> = "application/json"))),
    (status = 304, description = "As `If-None-Match` says"),
    (status = 422, description = "The dataset is too large to be read for a page", body = RefusalBody),
    OfName, OfService,
))]
pub(super) async fn report(State(service): State<Arc<Service>>, name: Name, headers: HeaderMap) -> Answered {
    service.answer(Question::Report(name.0), &headers).await
}
