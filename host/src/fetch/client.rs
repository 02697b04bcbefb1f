//! One request: from an address to a body, or to what is wrong and whether another attempt may help.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::{HeaderMap, Response, StatusCode, header};
use ureq::{Agent, Body};

use super::patience;
use crate::catalogue::Address;

/// Most redirections that are followed.
const REDIRECTIONS: usize = 5;

/// Makes requests.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    timeout: Duration,
}

/// Why an address did not give the file.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Another attempt may succeed, after a wait that the server may have asked for.
    Passing(String, Option<Duration>),
    /// The server has nothing at this address.
    Absent(String),
    /// This address does not have it.
    Lasting(String),
    /// This address has something else.
    Other(String),
}

impl Trouble {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Passing(text, _) | Self::Absent(text) | Self::Lasting(text) | Self::Other(text) => text,
        }
    }
}

/// The beginning of an answer with a file.
pub(super) struct Answer {
    /// Place in the file of the body's first byte.
    pub(super) start: u64,
    /// Size of the whole file, if the server says it.
    pub(super) total: Option<u64>,
    /// Whether the server calls it a web page.
    pub(super) is_page: bool,
    pub(super) body: Body,
}

impl Client {
    pub(super) fn new(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // Followed here, where it is known which addresses may be.
            .max_redirects(0)
            .user_agent(concat!("host/", env!("CARGO_PKG_VERSION")))
            // What is hashed is what is stored.
            .accept_encoding("identity")
            .timeout_resolve(Some(timeout))
            .timeout_connect(Some(timeout))
            .timeout_send_request(Some(timeout))
            .timeout_recv_response(Some(timeout))
            .timeout_per_read(Some(timeout))
            .build();
        Self { agent: Agent::new_with_config(config), timeout }
    }

    /// Asks for a file from byte `start` on.
    pub(super) fn open(&self, address: &Address, start: u64) -> Result<Answer, Trouble> {
        let mut address = address.clone();
        for _ in 0..=REDIRECTIONS {
            let mut request = self.agent.get(address.uri());
            if start > 0 {
                request = request.header(header::RANGE, format!("bytes={start}-"));
            }
            let response = request.call().map_err(|error| self.trouble(error))?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                return answer(response, start);
            }
            let location = text(response.headers(), header::LOCATION).unwrap_or_default();
            address = address.redirected(location).map_err(|why| {
                Trouble::Lasting(format!("it redirects to where the host does not follow: {why}"))
            })?;
        }
        Err(Trouble::Lasting(format!("it redirects more than {REDIRECTIONS} times")))
    }

    /// What a failure while a body is read means.
    pub(super) fn trouble_of_body(&self, error: io::Error) -> Trouble {
        self.trouble(ureq::Error::from(error))
    }

    fn trouble(&self, error: ureq::Error) -> Trouble {
        match error {
            ureq::Error::Timeout(_) => Trouble::Passing(format!("nothing came for {:?}", self.timeout), None),
            ureq::Error::Io(error) if is_drop(error.kind()) => {
                Trouble::Passing(format!("the connection was lost: {error}"), None)
            }
            ureq::Error::HostNotFound => Trouble::Lasting("the name of its server is not known".to_owned()),
            error => Trouble::Lasting(crate::error::chain(&error)),
        }
    }
}

fn is_drop(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::TimedOut
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::Interrupted
    )
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn answer(response: Response<Body>, asked: u64) -> Result<Answer, Trouble> {
    let status = response.status();
    let headers = response.headers();
    let is_page = text(headers, header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html"));
    let (start, total) = match status {
        StatusCode::OK => (0, response.body().content_length()),
        StatusCode::PARTIAL_CONTENT => match text(headers, header::CONTENT_RANGE).and_then(content_range) {
            Some((start, total)) if start == asked => (start, total),
            _ => {
                return Err(Trouble::Lasting(
                    "it sent another part of the file than was asked for".to_owned(),
                ));
            }
        },
        StatusCode::RANGE_NOT_SATISFIABLE => {
            return Err(Trouble::Other(format!("it has no byte {asked} of the file")));
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            return Err(Trouble::Absent(format!("it answers {status}")));
        }
        StatusCode::TOO_MANY_REQUESTS => return Err(busy(status, headers)),
        _ if status.is_server_error() => return Err(busy(status, headers)),
        _ => return Err(Trouble::Lasting(format!("it answers {status}"))),
    };
    Ok(Answer { start, total, is_page, body: response.into_body() })
}

fn busy(status: StatusCode, headers: &HeaderMap) -> Trouble {
    let asked = text(headers, header::RETRY_AFTER);
    match asked.and_then(|asked| patience::asked_for(asked, Timestamp::now())) {
        Some(Err(wait)) => {
            Trouble::Lasting(format!("it answers {status} and asks to come back in {} s", wait.as_secs()))
        }
        asked => Trouble::Passing(format!("it answers {status}"), asked.and_then(Result::ok)),
    }
}

/// `bytes 5-9/10` is (5, 10), `bytes 5-9/*` has no total.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split_once('-')?.0.trim().parse().ok()?, total.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for bad in ["", "bytes */10", "5-9/10", "bytes x-9/10", "bytes 5/10"] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }
}
