//! Posts a message to an address that is a secret.

use std::net::IpAddr;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;

use super::Message;
use crate::error::{Error, Kind, Result};
use crate::secret::Reference;

/// The setting.
const SETTING: &str = "alerts.webhook";

/// How long the whole may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Posts the message as JSON.
pub(super) fn post(reference: &Reference, message: &Message) -> Result<()> {
    let address = reference.read(SETTING)?;
    let uri: Option<Uri> = address.reveal().parse().ok();
    let uri = uri.filter(may_be_told).ok_or_else(|| {
        Error::new(Kind::BadConfig, format!("what `{SETTING}` names is no address"))
            .cause(format!("it is read from {reference}, and is not shown"))
            .hint("an address begins with `https://`; `http://` is for this machine alone")
    })?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("host/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(TIMEOUT))
        .build();
    let request = Agent::new_with_config(config).post(uri).header("content-type", "application/json");
    let failed = |why: String| {
        Error::new(Kind::Network, format!("the message could not be posted to what `{SETTING}` names"))
            .cause(address.hide_in(&why))
            .hint("run `host alert test` when it is put right")
    };
    let response = request.send(message.json()).map_err(|error| failed(error.to_string()))?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(failed(format!("the server answers {status}"))) }
}

/// Nobody on the way may read it.
fn may_be_told(address: &Uri) -> bool {
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    match address.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::may_be_told;

    #[test]
    fn an_address_that_others_could_read_is_none() {
        for (address, expected) in [
            ("https://example.org/hook", true),
            ("http://127.0.0.1:9/hook", true),
            ("http://[::1]:9/hook", true),
            ("http://localhost/hook", true),
            ("http://example.org/hook", false),
            ("http://localhost.example.org/hook", false),
            ("ftp://example.org/hook", false),
            ("/hook", false),
        ] {
            assert_eq!(address.parse().is_ok_and(|uri| may_be_told(&uri)), expected, "{address}");
        }
    }
}
