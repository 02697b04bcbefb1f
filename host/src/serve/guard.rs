//! What every request passes before its route, and every answer after it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::connections::Peer;
use super::refusal::{self, Refusal};
use super::router::{LIVE, PATTERNS, READY};
use super::service::Service;
use crate::pages;

/// Headers of every answer that does not say something else.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, pages::CONTENT_SECURITY_POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

/// Lets a request through, for so long and no longer.
pub(super) async fn guard(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let (route, method) = (pattern(&request), method(&request));
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let is_for_people = !request.uri().path().starts_with("/api/") && refusal::reads_pages(request.headers());
    let admitted = admit(&service, &request);
    let mut response = match admitted {
        Err(refusal) => refusal.into_response(),
        Ok(()) => match tokio::time::timeout(service.options().limits.request, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Refusal::timeout().into_response(),
        },
    };
    if let (StatusCode::UNAUTHORIZED, Some(peer)) = (response.status(), peer) {
        tracing::warn!("{peer} was refused at {method} {route}: it has not the token");
    }
    if is_for_people {
        refusal::dress(&mut response);
    }
    secure(&mut response);
    let seconds = begun.elapsed().as_secs_f64();
    service.view().http().record(route, method, response.status().as_u16(), seconds);
    response
}

/// The route, of which there are few, and not the path, of which there are many.
fn pattern(request: &Request) -> &'static str {
    let matched = request.extensions().get::<MatchedPath>();
    let known = matched.and_then(|matched| PATTERNS.iter().find(|pattern| **pattern == matched.as_str()));
    known.copied().unwrap_or("none")
}

fn method(request: &Request) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    known.into_iter().find(|name| *name == request.method().as_str()).unwrap_or("other")
}

/// Says what a browser may do with an answer, where the answer does not.
pub(super) fn secure(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

fn admit(service: &Service, request: &Request) -> Result<(), Refusal> {
    // Whoever only asks whether somebody is there learns nothing else.
    if request.uri().path() == LIVE {
        return Ok(());
    }
    let only_this_machine = service.options().listen.ip().is_loopback();
    demand_host(request, only_this_machine)?;
    let peer = request.extensions().get::<Peer>();
    let peer = peer.ok_or_else(Refusal::of_nobody)?.0;
    if !service.rate().admits(peer.ip(), Instant::now()) {
        return Err(Refusal::too_often());
    }
    // What balances load between several services has no token.
    if only_this_machine || request.uri().path() == READY {
        return Ok(());
    }
    service.demand_token(request.headers())
}

/// A page of another site can make a browser ask its own name at this address: only this machine's names are answered.
fn demand_host(request: &Request, only_this_machine: bool) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(one), None) => Authority::try_from(one.as_bytes()).ok(),
        _ => None,
    };
    let host = host.ok_or_else(|| Refusal::bad_request("one header `Host` is needed"))?;
    let asked = request.uri().authority().unwrap_or(&host);
    if !only_this_machine || (is_this_machine(&host) && is_this_machine(asked)) {
        return Ok(());
    }
    let message = format!("`{}` is not a name of this machine", host.host());
    Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "wrong-host", message)
        .hint("ask `localhost` or `127.0.0.1`"))
}

fn is_this_machine(authority: &Authority) -> bool {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    !authority.as_str().contains('@')
        && (host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::header::HOST;

    use super::demand_host;

    #[test]
    fn only_names_of_this_machine_are_answered_on_this_machine() {
        let asked = |uri: &str, hosts: &[&str], only_this_machine| {
            let mut request = Request::builder().uri(uri);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            demand_host(&request.body(Body::empty()).unwrap(), only_this_machine).is_ok()
        };
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.8.0.1", "[::1]:8080", "[::1]"] {
            assert!(asked("/", &[host], true), "{host}");
        }
        for host in
            ["example.org", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "a@localhost", ""]
        {
            assert!(!asked("/", &[host], true), "{host}");
        }
        assert!(!asked("/", &[], true) && !asked("/", &[], false));
        assert!(!asked("/", &["localhost", "localhost"], false));
        assert!(!asked("http://example.org/", &["localhost"], true));
        assert!(asked("/", &["example.org"], false));
    }
}
