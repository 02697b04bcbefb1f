//! An answer: bytes, what they are, and the tag that tells whether a client has them already.

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use crate::digest::Digest;

/// What a page that brings its own style sheet may do: show it, and nothing else.
const POLICY_OF_A_PAGE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Bytes that can be sent any number of times.
#[derive(Debug, Clone)]
pub struct Answer {
    body: Bytes,
    media_type: &'static str,
    tag: HeaderValue,
    /// What it may do where it is shown, if it is not what the host's own pages may.
    policy: Option<HeaderValue>,
}

impl Answer {
    /// A JSON document.
    #[must_use]
    pub fn json(body: String) -> Self {
        Self::text(body, "application/json")
    }

    /// A page that needs no other file.
    #[must_use]
    pub fn page(body: String) -> Self {
        Self { policy: Some(POLICY_OF_A_PAGE), ..Self::text(body, "text/html; charset=utf-8") }
    }

    /// A text of any kind.
    pub(super) fn text(body: String, media_type: &'static str) -> Self {
        let tag = format!("\"{}\"", Digest::of(body.as_bytes()));
        let tag = HeaderValue::try_from(tag).expect("hexadecimal digits in quotes are a header");
        Self { body: body.into(), media_type, tag, policy: None }
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.body.len()
    }

    /// The response to a request with these headers: 304 when the client has these very bytes.
    pub(super) fn response(&self, headers: &HeaderMap) -> Response {
        let known = headers.get_all(IF_NONE_MATCH).iter().any(|tags| self.is_among(tags));
        let body = if known { Body::empty() } else { Body::from(self.body.clone()) };
        let mut response = Response::new(body);
        *response.status_mut() = if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let answered = response.headers_mut();
        answered.insert(ETAG, self.tag.clone());
        // What is kept is asked for each time, and answered with 304 while it is right.
        answered.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        answered.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        answered.extend(self.policy.clone().map(|policy| (CONTENT_SECURITY_POLICY, policy)));
        response
    }

    fn is_among(&self, tags: &HeaderValue) -> bool {
        let own = self.tag.as_bytes();
        tags.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|tag| {
            // A proxy that compressed the body makes the tag a weak one; the content is the same.
            tag == b"*" || tag.strip_prefix(b"W/").unwrap_or(tag) == own
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::IF_NONE_MATCH;
    use axum::http::{HeaderMap, HeaderValue, StatusCode};

    use super::Answer;

    #[test]
    fn a_client_that_has_the_bytes_is_told_so() {
        let answer = Answer::json("{}".to_owned());
        let tag = answer.tag.to_str().unwrap().to_owned();
        let status = |tags: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(tags).unwrap());
            answer.response(&headers).status()
        };
        for known in [tag.as_str(), "*", &format!("W/{tag}"), &format!("\"other\", {tag}")] {
            assert_eq!(status(known), StatusCode::NOT_MODIFIED, "{known}");
        }
        assert_eq!(status("\"other\""), StatusCode::OK);
        assert_eq!(answer.response(&HeaderMap::new()).status(), StatusCode::OK);
    }
}
