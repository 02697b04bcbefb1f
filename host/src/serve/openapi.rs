//! The OpenAPI document, made from the functions that answer.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi, PartialSchema, ToSchema};

use super::api::{self, Answered};
use super::api_runs;
use super::refusal::RefusalBody;
use super::{Answer, router, site};
use crate::error::{Error, Kind, Result};

/// Name of the token's scheme in the document.
const TOKEN: &str = "token";

/// The form of every answer in JSON, here and with `--json`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Envelope<T> {
    /// Names the form of `data`; its number goes up when a program could misread it.
    schema: &'static str,
    /// Version of the host.
    host: &'static str,
    /// Whether the verdict is a good one.
    ok: bool,
    /// What was asked for.
    data: T,
    /// What the verdict is, if it is not a good one.
    #[schema(value_type = Option<Object>)]
    error: Option<()>,
}

impl<T: Serialize> Envelope<T> {
    pub(super) fn of(schema: &'static str, data: T) -> Self {
        Self { schema, host: env!("CARGO_PKG_VERSION"), ok: true, data, error: None }
    }

    /// As text.
    ///
    /// # Errors
    /// Never in practice: what is answered can be written as JSON.
    pub(super) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| {
            Error::new(Kind::Internal, "cannot write an answer as JSON").cause(error.to_string())
        })
    }
}

/// What a verb shows with `--json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object)]
pub(super) struct Shown(BTreeMap<String, serde_json::Value>);

/// What any route may refuse with.
#[derive(Debug)]
pub(super) struct OfService;

/// What a route with a name may refuse with.
#[derive(Debug)]
pub(super) struct OfName;

/// What a page with a name may refuse with.
#[derive(Debug)]
pub(super) struct OfPage;

/// What a route with a query may refuse with.
#[derive(Debug)]
pub(super) struct OfAQuery;

/// What a route that changes something may refuse with.
#[derive(Debug)]
pub(super) struct OfChange;

/// What a route with a body may refuse with.
#[derive(Debug)]
pub(super) struct OfRun;

fn refusals<const N: usize>(refusals: [(u16, &str); N]) -> BTreeMap<String, RefOr<Response>> {
    let schema = || Ref::from_schema_name(RefusalBody::name());
    let response = |description| {
        let content = ContentBuilder::new().schema(Some(schema())).build();
        ResponseBuilder::new().description(description).content("application/json", content).build()
    };
    refusals.map(|(status, description)| (status.to_string(), RefOr::T(response(description)))).into()
}

impl IntoResponses for OfService {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([
            (400, "The request makes no sense, or has not one header `Host`"),
            (401, "The token is missing or wrong; asked for when other machines are listened to"),
            (408, "The request took too long"),
            (421, "`Host` is not a name of this machine, and no other is listened to"),
            (429, "The peer asks too often; `Retry-After` says when to come back"),
            (500, "Something failed that is not the request's fault"),
            (503, "Everything is busy, or the service is about to end; `Retry-After` says when to come back"),
        ])
    }
}

impl IntoResponses for OfName {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([(404, "There is no such thing")])
    }
}

impl IntoResponses for OfPage {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses =
            refusals([(404, "There is no such thing; a page for whoever accepts `text/html`")]);
        for response in responses.values_mut() {
            if let RefOr::T(response) = response {
                let page = ContentBuilder::new().schema(Some(String::schema())).build();
                response.content.insert("text/html".to_owned(), page);
            }
        }
        responses
    }
}

impl IntoResponses for OfChange {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([(403, "Nothing can be changed here: there is no token, or the service is read-only")])
    }
}

impl IntoResponses for OfRun {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([(413, "The body is too long"), (415, "The body is not `application/json`")])
    }
}

impl IntoResponses for OfAQuery {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals([(400, "A parameter is unknown, or its value makes no sense")])
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "host",
        description = "Datasets that are derived, validated and registered by `host`, and the runs that make them. Answers are what the verbs of the command line print with `--json`.",
    ),
    paths(
        router::live, api::ready, answer, api::status, api::datasets, api::dataset, api::lineage, api::plugins,
        api::audit, api::report, api_runs::list, api_runs::show, api_runs::submit, api_runs::cancel,
        site::overview, site::dataset, site::runs, site::run, site::modules, site::health_page, site::health, site::measured,
    ),
    components(schemas(RefusalBody)),
    modifiers(&Scheme),
    tags(
        (name = "service", description = "The service itself"),
        (name = "datasets", description = "What is registered"),
        (name = "modules", description = "What derives datasets"),
        (name = "runs", description = "What is being done, and was"),
        (name = "pages", description = "The same for people"),
    ),
)]
struct Document;

struct Scheme;

impl Modify for Scheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token of the file that the setting `serve.token_file` names"));
        components.security_schemes.insert(TOKEN.to_owned(), SecurityScheme::Http(bearer.build()));
    }
}

/// The document as indented JSON.
///
/// # Errors
/// Never in practice: the document can be written as JSON.
pub fn document() -> Result<String> {
    Document::openapi().to_pretty_json().map_err(|error| {
        Error::new(Kind::Internal, "cannot write the OpenAPI document").cause(error.to_string())
    })
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "service", responses(
    (status = 200, description = "The document", body = Object),
    (status = 304, description = "As `If-None-Match` says"),
    OfService,
))]
pub(super) async fn answer(headers: HeaderMap) -> Answered {
    Ok(Answer::json(document()?).response(&headers))
}
