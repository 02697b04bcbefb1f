//! Every answer that is none, in one form: `{"error": {"code", "message", "hint"}}`. A browser that asks for a page
//! that there is not gets a page.

use axum::body::Body;
use axum::http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Error, Kind};
use crate::pages;

/// Why a request was refused.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: StatusCode,
    body: RefusalBody,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What a refusal looks like.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct RefusalBody {
    error: Reason,
}

/// Why a request was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct Reason {
    /// A word for programs.
    #[schema(example = "not-found")]
    code: String,
    /// A line for people.
    message: String,
    /// What to do.
    hint: Option<String>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let error = Reason { code: code.to_owned(), message: message.into(), hint: None };
        Self { status, body: RefusalBody { error }, headers: Vec::new() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.error.hint = Some(hint.into());
        self
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// There is nothing at that path.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    /// The request came over no connection.
    pub(super) fn of_nobody() -> Self {
        Self::bad_request("nobody knows who asks")
    }

    /// The request makes no sense.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message)
    }

    /// Nothing is there for that method.
    pub(super) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "this path does not know the method")
            .hint("see `/openapi.json`")
    }

    /// The token is missing or wrong.
    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
            .hint("send `Authorization: Bearer TOKEN` with the token of `serve.token_file`")
            .header(WWW_AUTHENTICATE, "Bearer")
    }

    /// Nothing can be changed here.
    pub(super) fn read_only() -> Self {
        Self::new(StatusCode::FORBIDDEN, "read-only", "this service changes nothing")
            .hint("start it with a `serve.token_file` and without `--read-only`")
    }

    /// The request took too long. What is left of its body is nobody's, so the connection ends.
    pub(super) fn timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the request took too long")
            .header(CONNECTION, "close")
    }

    /// The body is too long.
    pub(super) fn too_large(limit_bytes: usize) -> Self {
        let message = format!("the body is longer than {limit_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message).header(CONNECTION, "close")
    }

    /// The peer asks too often.
    pub(super) fn too_often() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-often", "too many requests in a second")
            .hint("ask less often, or raise `serve.requests_per_second`")
            .header(RETRY_AFTER, "1")
    }

    /// What should be stopped has ended.
    pub(super) fn over(error: &Error) -> Self {
        Self::new(StatusCode::CONFLICT, "over", error.to_string()).hint(error.hints.join("; "))
    }

    /// Everything that could answer is busy, for now.
    pub(super) fn busy(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).hint("try again").header(RETRY_AFTER, "1")
    }

    /// The service ends.
    pub(super) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the service is about to end")
            .hint("try again when it is back")
            .header(RETRY_AFTER, "10")
    }

    /// The connection ends after this answer.
    pub(super) fn close(self) -> Self {
        self.header(CONNECTION, "close")
    }

    /// The body is not what it must be.
    pub(super) fn wrong_media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong-media-type", "the body must be JSON")
            .hint("send `Content-Type: application/json`")
    }

    /// Whether there is no such thing.
    pub(super) fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }
}

/// Whether whoever asks reads pages: browsers say so, programs do not.
pub(super) fn reads_pages(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .any(|accepted| accepted.to_str().is_ok_and(|text| text.contains("text/html")))
}

/// Puts a page in the place of JSON that says that there is nothing.
pub(super) fn dress(response: &mut Response) {
    let Some(RefusalBody { error }) = response.extensions_mut().remove::<RefusalBody>() else { return };
    if response.status() != StatusCode::NOT_FOUND {
        return;
    }
    if let Ok(page) = pages::missing(&error.message, error.hint.as_deref().unwrap_or_default()) {
        *response.body_mut() = Body::from(page);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, code) = match error.kind {
            Kind::Usage => (StatusCode::NOT_FOUND, "not-found"),
            Kind::BadInput => (StatusCode::BAD_REQUEST, "bad-request"),
            Kind::Limit => (StatusCode::UNPROCESSABLE_ENTITY, "too-large"),
            Kind::Maintenance => (StatusCode::SERVICE_UNAVAILABLE, "maintenance"),
            Kind::Locked | Kind::NoDataRoot => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            _ => {
                tracing::error!("a request failed: {error}");
                (StatusCode::INTERNAL_SERVER_ERROR, "failed")
            }
        };
        let mut refusal = Self::new(status, code, error.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            refusal = refusal.header(RETRY_AFTER, "10");
        }
        let hints = error.hints.join("; ");
        if hints.is_empty() { refusal } else { refusal.hint(hints) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self.body).expect("texts are JSON");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self.body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}
