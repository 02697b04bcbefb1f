//! A store, made from what the environment says of it.

use std::net::IpAddr;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, Checksum};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};
use ureq::http::Uri;
use ureq::http::header::{HeaderMap, HeaderValue};

use super::address::{ObjectAddress, Scheme};
use super::patient::Connector;
use super::trouble::credential_variables;
use crate::env_vars;
use crate::error::{Error, Kind, Result};
use crate::fetch::Options;

/// One bucket.
pub(super) struct Store {
    /// Asks for checksums with what it reads.
    pub(super) reading: Arc<dyn ObjectStore>,
    /// Sends checksums with what it writes.
    pub(super) writing: Arc<dyn ObjectStore>,
}

impl Store {
    /// Connects to nothing yet.
    pub(super) fn from_environment(address: &ObjectAddress, options: Options) -> Result<Self> {
        match address.scheme() {
            Scheme::S3 => s3(address, options),
            Scheme::Azure => azure(address, options),
            Scheme::Google => google(address, options),
        }
    }
}

fn s3(address: &ObjectAddress, options: Options) -> Result<Store> {
    let mut builder = AmazonS3Builder::new()
        .with_client_options(client(options))
        .with_http_connector(Connector { options, attribute_prefix: "x-amz-meta-" })
        .with_retry(attempts_are_made_below());
    for (key, value) in variables::<AmazonS3ConfigKey>("AWS_") {
        builder = builder.with_config(key, value);
    }
    let value = |key| builder.get_config_value(&key);
    let endpoint = value(AmazonS3ConfigKey::S3Endpoint).or_else(|| value(AmazonS3ConfigKey::Endpoint));
    let allowed = value(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
    if let Some(endpoint) = endpoint
        && is_plain(&endpoint, allowed.as_deref(), "AWS_ALLOW_HTTP")?
    {
        builder = builder.with_allow_http(true);
    }
    builder = builder.with_bucket_name(address.bucket());
    let asking = HeaderMap::from_iter([(
        ureq::http::HeaderName::from_static("x-amz-checksum-mode"),
        HeaderValue::from_static("ENABLED"),
    )]);
    let plain_http = builder.get_config_value(&AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
    let asking = client(options)
        .with_default_headers(asking)
        .with_allow_http(plain_http.is_some_and(|allowed| is_true(&allowed)));
    let reading = builder.clone().with_client_options(asking).build();
    let writing = builder.with_checksum_algorithm(Checksum::SHA256).build();
    let wrong = |error: object_store::Error| unusable(&error, address.scheme());
    Ok(Store { reading: Arc::new(reading.map_err(wrong)?), writing: Arc::new(writing.map_err(wrong)?) })
}

fn azure(address: &ObjectAddress, options: Options) -> Result<Store> {
    let mut builder = MicrosoftAzureBuilder::new()
        .with_client_options(client(options))
        .with_http_connector(Connector { options, attribute_prefix: "x-ms-meta-" })
        .with_retry(attempts_are_made_below());
    for (key, value) in variables::<AzureConfigKey>("AZURE_") {
        builder = builder.with_config(key, value);
    }
    let allowed = builder.get_config_value(&AzureConfigKey::Client(ClientConfigKey::AllowHttp));
    if let Some(endpoint) = builder.get_config_value(&AzureConfigKey::Endpoint)
        && is_plain(&endpoint, allowed.as_deref(), "AZURE_ALLOW_HTTP")?
    {
        builder = builder.with_allow_http(true);
    }
    twice(builder.with_container_name(address.bucket()).build(), address)
}

fn google(address: &ObjectAddress, options: Options) -> Result<Store> {
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_client_options(client(options))
        .with_http_connector(Connector { options, attribute_prefix: "x-goog-meta-" })
        .with_retry(attempts_are_made_below());
    for (key, value) in variables::<GoogleConfigKey>("GOOGLE_") {
        builder = builder.with_config(key, value);
    }
    let allowed = builder.get_config_value(&GoogleConfigKey::Client(ClientConfigKey::AllowHttp));
    if let Some(endpoint) = builder.get_config_value(&GoogleConfigKey::BaseUrl)
        && is_plain(&endpoint, allowed.as_deref(), "GOOGLE_ALLOW_HTTP")?
    {
        builder = builder.with_config(GoogleConfigKey::Client(ClientConfigKey::AllowHttp), "true");
    }
    twice(builder.with_bucket_name(address.bucket()).build(), address)
}

fn twice<S: ObjectStore>(built: object_store::Result<S>, address: &ObjectAddress) -> Result<Store> {
    let store = Arc::new(built.map_err(|error| unusable(&error, address.scheme()))?);
    Ok(Store { reading: Arc::clone(&store) as _, writing: store })
}

/// The settings of a store among the variables that begin so; others that begin so belong to other programs.
fn variables<K: std::str::FromStr>(prefix: &str) -> Vec<(K, String)> {
    let named = env_vars::of_stores(prefix).into_iter();
    named.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value))).collect()
}

fn client(options: Options) -> ClientOptions {
    // A large object takes its time; how long a store may stay silent is watched where bytes are waited for.
    ClientOptions::new()
        .with_timeout_disabled()
        .with_connect_timeout(options.timeout)
        .with_user_agent(HeaderValue::from_static(concat!("host/", env!("CARGO_PKG_VERSION"))))
}

fn attempts_are_made_below() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

fn is_true(text: &str) -> bool {
    ["1", "true", "on", "yes", "y"].contains(&text.to_ascii_lowercase().as_str())
}

/// Whether an endpoint is spoken to in plain text: on this machine, or where the environment allows it.
fn is_plain(endpoint: &str, allowed: Option<&str>, variable: &str) -> Result<bool> {
    let refuse = |why: &str| {
        Err(Error::new(Kind::BadConfig, "the endpoint of the object store is refused").cause(why.to_owned()))
    };
    let Ok(uri) = endpoint.parse::<Uri>() else { return refuse("it is no URL") };
    // The endpoint itself is not repeated: it may hold what it should not.
    if uri.authority().is_none_or(|authority| authority.as_str().contains('@')) || uri.query().is_some() {
        return refuse("it has no host, or holds a name, a password or a query");
    }
    match uri.scheme_str() {
        Some("https") => return Ok(false),
        Some("http") => {}
        _ => return refuse("it begins neither with `https://` nor with `http://`"),
    }
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback || allowed.is_some_and(is_true) {
        return Ok(true);
    }
    Err(Error::new(Kind::BadConfig, "the endpoint of the object store is refused")
        .cause(format!("`{host}` would be spoken to in plain text, with everything for all to read"))
        .hint(format!("give an endpoint with `https://`, or set `{variable}=true`")))
}

fn unusable(error: &object_store::Error, scheme: Scheme) -> Error {
    Error::new(Kind::BadConfig, "the environment does not say how to reach the object store")
        .cause(crate::error::chain(error))
        .hint(format!("look at {}", credential_variables(scheme)))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn plain_text_is_for_this_machine_or_on_demand() {
        for (endpoint, allowed, plain) in [
            ("https://s3.example.org", None, Some(false)),
            ("http://127.0.0.1:9000", None, Some(true)),
            ("http://[::1]:9000", None, Some(true)),
            ("http://localhost:9000/", None, Some(true)),
            ("http://s3.example.org", None, None),
            ("http://s3.example.org", Some("false"), None),
            ("http://s3.example.org", Some("true"), Some(true)),
            ("http://localhost.example.org", None, None),
        ] {
            assert_eq!(is_plain(endpoint, allowed, "X").ok(), plain, "{endpoint}");
        }
        for endpoint in
            ["https://me:hush@s3.example.org", "https://s3.example.org/?sig=hush", "hush", "ftp://hush"]
        {
            let error = is_plain(endpoint, Some("true"), "X").unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
