//! `host serve`: what the registry holds, over HTTP, for people and programs; and runs, for whoever has the token.
//!
//! What is answered is what the verbs print with `--json`: a [`Source`] makes it, and this folder knows nothing but
//! HTTP. A run is a process of the host's own command line, so it is the same run wherever it was asked for.
//!
//! Invariants:
//! * without a token file nobody but this machine is listened to, and nothing can be changed;
//! * every connection, header, body, answer and queue has a limit, and reaching one is an answer of its own (408, 413,
//!   429, 503) while `/livez` stays 200: a few seats are kept for it ([`room`]);
//! * no file is named by a request: datasets have names, inputs lie in folders that the configuration allows;
//! * a refusal is `{"error": {"code", "message", "hint"}}`, whatever it is about;
//! * blocking work is done by a bounded number of threads, and what only depends on the registry is made once for each
//!   state of it ([`cache`]).

mod answer;
mod api;
mod api_runs;
mod cache;
mod connections;
mod guard;
pub mod lineage;
mod notify;
mod openapi;
mod rate;
mod refusal;
mod room;
mod router;
mod runs;
mod service;
mod site;
mod source;
mod token;
mod upkeep;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::error::{Error, Kind, Result};
use crate::health::Place;
use crate::platform;
use service::Service;

pub use answer::Answer;
pub use openapi::document as openapi_document;
pub use runs::Bounds;
pub use source::{Question, Source};
pub use token::Token;
pub use upkeep::Upkeep;

/// Threads that may wait for the disk at the same time. Each keeps a stack as deep as its deepest answer.
const BLOCKING_THREADS: usize = 8;

/// How long threads that wait for the disk may take when everything else has ended.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// How the service behaves.
#[derive(Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What a request must present to change anything, and for everything when it comes from another machine.
    pub token: Option<Token>,
    /// Whether nothing may be changed even with the token.
    pub read_only: bool,
    /// Limits of connections and requests.
    pub limits: Limits,
    /// How many runs there may be.
    pub runs: Bounds,
    /// What the service does by itself.
    pub upkeep: Upkeep,
    /// What `/health`, `/metrics` and the pages look at.
    pub place: Place,
    /// The datasets manifest of the settings.
    pub manifest_file: PathBuf,
    /// How many rows of a dataset are decoded at a time.
    pub rows_per_batch: usize,
}

/// Limits of connections and requests.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections served at the same time.
    pub connections: usize,
    /// Requests of one peer in a second; `/livez` is not counted.
    pub requests_per_second: f64,
    /// How long the head of a request may take, and how long a connection may be silent.
    pub header: Duration,
    /// How long a request may take, its body included.
    pub request: Duration,
    /// How long running work may take to finish when the service is told to end.
    pub drain: Duration,
}

/// Serves until SIGTERM or SIGINT; `ready` is told the address as soon as connections are accepted.
///
/// # Errors
/// [`Kind::BadConfig`] when another machine would be listened to without a token; [`Kind::Storage`] when the address
/// cannot be listened to; whatever `ready` returns.
pub fn run(
    options: Options,
    source: Arc<dyn Source>,
    ready: impl FnOnce(SocketAddr) -> Result<()>,
) -> Result<()> {
    demand_token(&options)?;
    platform::share_heap();
    platform::allow_open_files();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(Kind::Internal, "cannot prepare for network requests").cause(error.to_string())
        })?;
    let ended = runtime.block_on(async {
        let listen = options.listen;
        let refused = |error: std::io::Error| {
            Error::new(Kind::Network, format!("cannot listen on `{listen}`"))
                .cause(error.to_string())
                .hint("name another address with `--listen ADDRESS:PORT`; port 0 takes a free one")
        };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let stop = crate::signals::Signals::listen()?;
        let service = Arc::new(Service::new(options, source));
        let taken_over = service.take_over()?;
        ready(address)?;
        notify::tell("READY=1");
        let work = upkeep::Work::begin(&service, taken_over);
        connections::serve(listener, service, stop).await;
        work.end().await;
        Ok(())
    });
    // Dropped, it would wait for a thread that hangs.
    runtime.shutdown_timeout(LAST_THREADS);
    ended
}

/// Nobody on another machine may read or change anything without showing who they are.
fn demand_token(options: &Options) -> Result<()> {
    if options.token.is_some() || options.listen.ip().is_loopback() {
        return Ok(());
    }
    let message = format!("`{}` can be reached by other machines, and there is no token", options.listen);
    Err(Error::new(Kind::BadConfig, message)
        .cause("there is no file with a token".to_owned())
        .hint("write a token of 32 or more characters into a file with mode 0600 and name it in `serve.token_file`")
        .hint("or listen on this machine alone: `--listen 127.0.0.1:8080`"))
}
