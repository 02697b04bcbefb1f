//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};

use super::guard::guard;
use super::refusal::Refusal;
use super::service::Service;
use super::{api, api_runs, openapi, site};
use crate::pages;

/// The path that is answered whatever else is.
pub(super) const LIVE: &str = "/livez";

/// The path that says whether the service can answer.
pub(super) const READY: &str = "/readyz";

/// Longest body in bytes.
pub(super) const BODY_BYTES: usize = 1 << 20;

/// Defines the routes and the list of their patterns from the same lines.
macro_rules! routes {
    ($($pattern:expr => $answer:expr;)+) => {
        /// The pattern of every route.
        pub(super) const PATTERNS: &[&str] = &[$($pattern),+];

        fn routes() -> Router<Arc<Service>> {
            Router::new()$(.route($pattern, $answer))+
        }
    };
}

routes! {
    LIVE => get(live);
    READY => get(api::ready);
    "/health" => get(site::health);
    "/metrics" => get(site::measured);
    "/openapi.json" => get(openapi::answer);
    "/" => get(site::overview);
    "/datasets" => get(datasets);
    "/datasets/{name}" => get(site::dataset);
    "/runs" => get(site::runs);
    "/runs/{id}" => get(site::run);
    "/modules" => get(site::modules);
    "/health-report" => get(site::health_page);
    pages::STYLE_SHEET_PATH => get(site::style_sheet);
    pages::SCRIPT_PATH => get(site::script);
    pages::ICON_PATH => get(site::icon);
    "/api/v1/status" => plain(get(api::status));
    "/api/v1/datasets" => plain(get(api::datasets));
    "/api/v1/datasets/{name}" => plain(get(api::dataset));
    "/api/v1/lineage/{name}" => plain(get(api::lineage));
    "/api/v1/plugins" => plain(get(api::plugins));
    "/api/v1/audit" => get(api::audit);
    "/api/v1/reports/{id}" => plain(get(api::report));
    "/api/v1/runs" => get(api_runs::list).post(api_runs::submit);
    "/api/v1/runs/{id}" => plain(get(api_runs::show));
    "/api/v1/runs/{id}/cancel" => plain(post(api_runs::cancel));
}

/// A route of programs without parameters: one that is misspelt or not known here must not be passed over.
fn plain(route: MethodRouter<Arc<Service>>) -> MethodRouter<Arc<Service>> {
    route.layer(from_fn(without_query))
}

async fn without_query(request: Request, next: Next) -> Response {
    match request.uri().query() {
        None | Some("") => next.run(request).await,
        Some(_) => Refusal::bad_request("this path takes no parameters").into_response(),
    }
}

/// Every route, with what guards them.
pub(super) fn router(service: &Arc<Service>) -> Router {
    routes()
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(service), guard))
        .with_state(Arc::clone(service))
}

/// Whether the process is alive.
#[utoipa::path(get, path = "/livez", tag = "service", responses(
    (status = 200, description = "The process is alive", body = String, content_type = "text/plain", example = "alive\n"),
))]
pub(super) async fn live() -> Response {
    "alive\n".into_response()
}

/// The overview lists them.
async fn datasets() -> Redirect {
    Redirect::to("/")
}

async fn nothing() -> Refusal {
    Refusal::not_found("there is nothing at this path").hint("see `/openapi.json`")
}

async fn wrong_method() -> Refusal {
    Refusal::wrong_method()
}
