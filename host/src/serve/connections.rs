//! Connections: each has a seat, a limit for the time its requests' heads take, and an end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::guard::secure;
use super::refusal::Refusal;
use super::room::{KeptSeat, Room, Seat};
use super::router::{LIVE, live, router};
use super::service::Service;
use super::{Limits, notify};
use crate::signals::Signals;

/// Longest head of a request in bytes.
const HEAD_BYTES: usize = 32 << 10;

/// Most header lines.
const HEADERS: usize = 64;

/// How long a head may take on a seat that is kept for `/livez`.
const HEAD_ON_A_KEPT_SEAT: Duration = Duration::from_secs(2);

/// How long the last answers may take to be sent.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Pause after the system had no room for one more connection; others end meanwhile.
const AFTER_A_FAILURE: Duration = Duration::from_millis(20);

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Serves until a signal comes and what runs has ended.
pub(super) async fn serve(listener: TcpListener, service: Arc<Service>, signals: Signals) {
    let limits = service.options().limits;
    let room = Room::new(limits.connections);
    let router = router(&service);
    let (end, ending) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut drained = pin!(drain(&service, signals));
    loop {
        tokio::select! {
            () = &mut drained => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let seat = room.enter();
                    connections.spawn(connection(stream, peer, seat, router.clone(), limits, ending.clone()));
                }
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(AFTER_A_FAILURE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    // Every connection holds a receiver, or there is none: either way nobody waits for this.
    let _ = end.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, all).await.is_err() {
        tracing::warn!("some connections did not take their answers in time");
    }
}

/// Returns when the service may end: after a signal, and after what runs has ended or was told to.
async fn drain(service: &Service, mut signals: Signals) {
    signals.next().await;
    tracing::info!("told to end: nothing new is begun");
    notify::tell("STOPPING=1");
    service.stop();
    let in_time = async {
        tokio::select! {
            () = service.runs().over() => {}
            () = tokio::time::sleep(service.options().limits.drain) => {}
            // Whoever asks twice does not want to wait.
            _ = signals.next() => {}
        }
    };
    in_time.await;
    service.runs().interrupt();
    service.runs().over().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    router: Router,
    limits: Limits,
    ending: watch::Receiver<bool>,
) {
    if let Err(error) = prepare(&stream, limits.request) {
        tracing::debug!(%peer, "a connection ended at once: {error}");
        return;
    }
    let ended = match seat {
        Seat::Ordinary { .. } => {
            let routes = TowerToHyperService::new(router);
            let answer = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Peer(peer));
                routes.call(request)
            });
            let mut builder = http1::Builder::new();
            limit(&mut builder, limits.header);
            let served = pin!(builder.serve_connection(TokioIo::new(stream), answer));
            until(served, ending).await
        }
        Seat::Kept(seat) => on_a_kept_seat(stream, &seat, limits.header).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, "a connection ended: {error}");
    }
}

/// A peer that takes nothing of an answer is given up by the system, which tells hyper.
fn prepare(stream: &TcpStream, patience: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    rustix::net::sockopt::set_tcp_user_timeout(
        stream,
        u32::try_from(patience.as_millis()).unwrap_or(u32::MAX),
    )?;
    #[cfg(not(target_os = "linux"))]
    let _ = patience;
    Ok(())
}

fn limit(builder: &mut http1::Builder, header: Duration) {
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
}

/// Serves until the connection ends; when the service does, the request that is being answered is the last.
async fn until<S, B>(
    mut served: std::pin::Pin<&mut http1::Connection<TokioIo<TcpStream>, S>>,
    mut ending: watch::Receiver<bool>,
) -> hyper::Result<()>
where
    S: hyper::service::HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: hyper::body::Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    tokio::select! {
        ended = served.as_mut() => return ended,
        _ = ending.wait_for(|ends| *ends) => served.as_mut().graceful_shutdown(),
    }
    served.await
}

/// Answers one request, if it comes soon and nobody else needs the seat.
async fn on_a_kept_seat(stream: TcpStream, seat: &KeptSeat, header: Duration) -> hyper::Result<()> {
    let answer = service_fn(|request: Request<Incoming>| async move {
        let mut response: Response<Body> = match request.uri().path() {
            LIVE => live().await.into_response(),
            _ => Refusal::busy("all connections are taken").close().into_response(),
        };
        secure(&mut response);
        Ok::<_, Infallible>(response)
    });
    let mut builder = http1::Builder::new();
    limit(&mut builder, header.min(HEAD_ON_A_KEPT_SEAT));
    builder.keep_alive(false);
    tokio::select! {
        ended = builder.serve_connection(TokioIo::new(stream), answer) => ended,
        () = seat.must_leave() => Ok(()),
    }
}
