//! Pages for people, health and metrics: what other parts of the host make, at its addresses.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::Answer;
use super::api::{Answered, Name};
use super::api_runs::Id;
use super::openapi::{OfPage, OfService, Shown};
use super::refusal::Refusal;
use super::service::Service;
use crate::error::{Error, Kind, Result};
use crate::health::{Monitor, Place, RegistryState, Status};
use crate::metrics::{self, Http, Measured, Served, Tally, exposition};
use crate::pages::{self, Site, WaitingRun};
use crate::registry::index;

/// What the pages, `/health` and `/metrics` are made from.
#[derive(Debug)]
pub(super) struct View {
    pub(super) monitor: Arc<Monitor>,
    site: Site,
    http: Http,
    /// What was counted of the journal so far.
    tally: Mutex<Tally>,
}

impl View {
    pub(super) fn new(place: Place, manifest_file: PathBuf, rows_per_batch: usize) -> Self {
        let monitor = Arc::new(Monitor::of_service(place));
        let site = Site::new(Arc::clone(&monitor), manifest_file, rows_per_batch);
        Self { monitor, site, http: Http::default(), tally: Mutex::default() }
    }

    /// What was answered so far.
    pub(super) fn http(&self) -> &Http {
        &self.http
    }
}

impl Service {
    fn waiting(&self) -> Vec<WaitingRun> {
        self.runs().waiting().into_iter().map(WaitingRun::from).collect()
    }

    async fn page(self: &Arc<Self>, page: impl FnOnce(&Site) -> Result<String> + Send + 'static) -> Answered {
        let page = self.block(move |service| page(&service.view().site)).await?;
        Ok(Answer::text(page, "text/html; charset=utf-8").response(&HeaderMap::new()))
    }
}

/// Whether all is well, datasets, runs, modules.
#[utoipa::path(get, path = "/", tag = "pages", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"), OfService,
))]
pub(super) async fn overview(State(service): State<Arc<Service>>) -> Answered {
    let waiting = service.waiting();
    service.page(|site| site.overview(waiting)).await
}

/// Where a dataset comes from, how it was checked, how it looks.
#[utoipa::path(get, path = "/datasets/{name}", tag = "pages", params(
    ("name" = String, Path, description = "`NAME`, or `NAME@VERSION` with the first digits of a version"),
), responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"), OfPage, OfService,
))]
pub(super) async fn dataset(State(service): State<Arc<Service>>, name: Name) -> Answered {
    service.page(move |site| site.dataset(name.as_str())).await
}

/// The newest runs.
#[utoipa::path(get, path = "/runs", tag = "pages", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"), OfService,
))]
pub(super) async fn runs(State(service): State<Arc<Service>>) -> Answered {
    let waiting = service.waiting();
    service.page(|site| site.runs(waiting)).await
}

/// One run with its datasets and messages.
#[utoipa::path(get, path = "/runs/{id}", tag = "pages", params(
    ("id" = String, Path, description = "The run"),
), responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"), OfPage, OfService,
))]
pub(super) async fn run(State(service): State<Arc<Service>>, Id(id): Id) -> Answered {
    let waiting = service.runs().find_waiting(&id).map(WaitingRun::from);
    service.page(move |site| site.run(id.as_str(), waiting.as_ref())).await
}

/// Every module, and why what does not run does not.
#[utoipa::path(get, path = "/modules", tag = "pages", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"), OfService,
))]
pub(super) async fn modules(State(service): State<Arc<Service>>) -> Answered {
    service.page(Site::modules).await
}

/// Every check, with reasons.
#[utoipa::path(get, path = "/health-report", tag = "pages", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"), OfService,
))]
pub(super) async fn health_page(State(service): State<Arc<Service>>) -> Answered {
    service.page(Site::health).await
}

/// The style sheet of the pages.
pub(super) async fn style_sheet(headers: HeaderMap) -> Response {
    Answer::text(pages::style_sheet(), "text/css; charset=utf-8").response(&headers)
}

/// The script of the pages.
pub(super) async fn script(headers: HeaderMap) -> Response {
    Answer::text(pages::SCRIPT.to_owned(), "text/javascript; charset=utf-8").response(&headers)
}

/// The icon of the pages.
pub(super) async fn icon(headers: HeaderMap) -> Response {
    Answer::text(pages::ICON.to_owned(), "image/svg+xml").response(&headers)
}

/// Whether all is well; the same as `host health --json` says.
#[utoipa::path(get, path = "/health", tag = "service", responses(
    OfService,
    (status = 200, description = "It is healthy, or only degraded", body = Shown),
    (status = 503, description = "It is unhealthy, or everything is busy", body = Shown),
))]
pub(super) async fn health(State(service): State<Arc<Service>>) -> Answered {
    let health = service.block(|service| Ok(service.view().monitor.look().health.clone())).await?;
    let body = serde_json::to_string(&health).map_err(|error| {
        Error::new(Kind::Internal, "cannot write the health as JSON").cause(error.to_string())
    })?;
    let mut response = Answer::json(body).response(&HeaderMap::new());
    if health.status == Status::Unhealthy {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// What is measured, as Prometheus reads it; the same as `host metrics`, and what was answered here.
#[utoipa::path(get, path = "/metrics", tag = "service", responses(
    (status = 200, description = "The metrics", body = String, content_type = "text/plain"), OfService,
))]
pub(super) async fn measured(State(service): State<Arc<Service>>) -> Result<Response, Refusal> {
    let text = service.block(|service| {
        let view = service.view();
        let seen = view.monitor.look();
        let datasets = match seen.observed.registry {
            RegistryState::Missing | RegistryState::Unreadable => Vec::new(),
            _ => index::list(service.source().registry()?.root())?,
        };
        let mut tally = view.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.look(&service.source().journal())?;
        let served = Served { http: &view.http, waiting: service.runs().waiting().len() };
        Ok(exposition(&Measured { seen: &seen, datasets: &datasets, tally: &tally, service: Some(served) }))
    });
    Ok(Answer::text(text.await?, metrics::MEDIA_TYPE).response(&HeaderMap::new()))
}
