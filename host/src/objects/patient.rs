//! Requests to a store: when one is made again, how long it is waited for, and what its failure is called.
//!
//! The crate below has attempts of its own, which are turned off: they also repeat what will not get better, and their
//! errors show a store's whole answer, with parts of the signature in it.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService, ReqwestConnector,
};
use ureq::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use super::trouble::{Refusal, Trouble};
use crate::fetch::{Options, patience};

/// Slowest line that an upload is made for.
const UPLOAD_BYTES_PER_SECOND: u64 = 64 << 10;

/// Most of an error's answer that is looked at.
const ANSWER_BYTES: usize = 64 << 10;

/// Attempts at the services that give credentials, which most machines do not have.
const CREDENTIAL_ATTEMPTS: u64 = 2;

/// What the checksum of an object is called among its attributes: the crate below passes on nothing but those.
pub(super) const CHECKSUM_ATTRIBUTE: &str = "host-checksum";

/// Makes clients that make requests again.
#[derive(Debug)]
pub(super) struct Connector {
    pub(super) options: Options,
    /// What headers of a user's own attributes begin with in this store.
    pub(super) attribute_prefix: &'static str,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        let attribute = format!("{}{CHECKSUM_ATTRIBUTE}", self.attribute_prefix);
        Ok(HttpClient::new(Patient { inner, options: self.options, attribute }))
    }
}

#[derive(Debug)]
struct Patient {
    inner: HttpClient,
    options: Options,
    attribute: String,
}

impl HttpService for Patient {
    fn call<'service, 'future>(
        &'service self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'future>>
    where
        'service: 'future,
        Self: 'future,
    {
        Box::pin(self.send(request))
    }
}

/// How one attempt ended.
enum Attempt {
    Answer(HttpResponse),
    Passing(Trouble, Option<Duration>),
    Lasting(Trouble),
}

impl Patient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let of_store = !asks_for_credentials(request.uri());
        let most = if of_store { self.options.attempts } else { CREDENTIAL_ATTEMPTS };
        let mut attempts = 0;
        loop {
            let (trouble, wait) = match self.attempt(request.clone(), of_store).await {
                Attempt::Answer(response) => return Ok(self.with_checksum(response)),
                Attempt::Lasting(trouble) => return Err(refusal(trouble, attempts + 1, of_store)),
                Attempt::Passing(trouble, wait) => (trouble, wait),
            };
            attempts += 1;
            if attempts >= most || !may_be_repeated(request.method(), &trouble) {
                return Err(refusal(trouble, attempts, of_store));
            }
            let wait = wait.unwrap_or_else(|| patience::after(attempts));
            let why = Refusal { trouble, attempts: 1 };
            tracing::info!("{why}; again in {:.1} s", wait.as_secs_f64());
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, request: HttpRequest, of_store: bool) -> Attempt {
        let upload = request.body().content_length() as u64 / UPLOAD_BYTES_PER_SECOND;
        let patience = self.options.timeout + Duration::from_secs(upload);
        let response = match tokio::time::timeout(patience, self.inner.execute(request)).await {
            Err(_) => return Attempt::Passing(Trouble::Silent(patience), None),
            Ok(Err(error)) => return self.failed(&error),
            Ok(Ok(response)) => response,
        };
        let status = response.status();
        if status.is_success() {
            return Attempt::Answer(response);
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let asked = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let asked = asked.and_then(|asked| patience::asked_for(asked, Timestamp::now()));
            let trouble = Trouble::Status { status, code: code(response).await };
            return match asked {
                Some(Err(_)) => Attempt::Lasting(trouble),
                asked => Attempt::Passing(trouble, asked.and_then(Result::ok)),
            };
        }
        // What gives credentials is understood by the crate, which asks in several ways.
        if !of_store {
            return Attempt::Answer(response);
        }
        Attempt::Lasting(Trouble::Status { status, code: code(response).await })
    }

    fn failed(&self, error: &HttpError) -> Attempt {
        let innermost = || {
            let mut inner: &dyn std::error::Error = error;
            while let Some(source) = inner.source() {
                inner = source;
            }
            inner.to_string()
        };
        match error.kind() {
            HttpErrorKind::Timeout => Attempt::Passing(Trouble::Silent(self.options.timeout), None),
            HttpErrorKind::Request | HttpErrorKind::Interrupted => {
                Attempt::Passing(Trouble::Lost(innermost()), None)
            }
            _ => Attempt::Lasting(Trouble::Unreachable(innermost())),
        }
    }

    fn with_checksum(&self, mut response: HttpResponse) -> HttpResponse {
        // Nobody else may say what it is.
        response.headers_mut().remove(&self.attribute);
        let stated = stated_checksum(response.headers()).and_then(|text| HeaderValue::from_str(&text).ok());
        let name = header::HeaderName::try_from(&self.attribute).ok();
        if let (Some(name), Some(stated)) = (name, stated) {
            response.headers_mut().insert(name, stated);
        }
        response
    }
}

/// The best checksum that an answer tells of, as [`Checking`](super::checksum::Checking) reads it.
fn stated_checksum(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let of_s3 = ["sha256", "crc64nvme", "crc32c", "crc32"].into_iter().find_map(|method| {
        let value = text(&format!("x-amz-checksum-{method}"))?;
        Some(format!("{method}:{value}"))
    });
    of_s3.or_else(|| {
        let google = headers.get_all("x-goog-hash").iter().filter_map(|value| value.to_str().ok());
        let mut stated = google.flat_map(|value| value.split(','));
        stated.find_map(|one| Some(format!("crc32c:{}", one.trim().strip_prefix("crc32c=")?)))
    })
}

/// An upload that began and whose name was lost would stay for ever.
fn may_be_repeated(method: &Method, trouble: &Trouble) -> bool {
    *method != Method::POST || matches!(trouble, Trouble::Status { .. })
}

fn refusal(trouble: Trouble, attempts: u64, of_store: bool) -> HttpError {
    let trouble =
        if of_store { trouble } else { Trouble::NoCredentials(Refusal { trouble, attempts: 1 }.to_string()) };
    // The kind decides nothing any more.
    HttpError::new(HttpErrorKind::Unknown, Refusal { trouble, attempts })
}

/// Whether an address is that of a service which gives credentials to the machines of a cloud.
fn asks_for_credentials(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let hosts =
        ["169.254.169.254", "169.254.170.2", "169.254.170.23", "metadata.google.internal", "metadata"];
    let services = ["sts.", "oauth2.", "login.microsoftonline.", "iamcredentials."];
    let paths = ["/latest/api/token", "/latest/meta-data/", "/computeMetadata/", "/metadata/identity/"];
    hosts.contains(&host)
        || services.iter().any(|service| host.starts_with(service))
        || paths.iter().any(|path| uri.path().starts_with(path))
}

/// The store's own word for what is wrong: `<Code>NoSuchKey</Code>`.
async fn code(response: HttpResponse) -> Option<String> {
    let header = response.headers().get("x-ms-error-code").and_then(|value| value.to_str().ok());
    if let Some(code) = header.filter(|code| is_word(code)) {
        return Some(code.to_owned());
    }
    let text = beginning(response.into_body()).await;
    let text = String::from_utf8_lossy(&text);
    let (_, after) = text.split_once("<Code>")?;
    let (code, _) = after.split_once("</Code>")?;
    is_word(code).then(|| code.to_owned())
}

fn is_word(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

async fn beginning(body: HttpResponseBody) -> Vec<u8> {
    let mut stream = body.bytes_stream();
    let mut bytes = Vec::new();
    let second = Duration::from_secs(1);
    while let Ok(Some(Ok(chunk))) = tokio::time::timeout(second, stream.next()).await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > ANSWER_BYTES {
            break;
        }
    }
    bytes
}
