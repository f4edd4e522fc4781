//! The listener: HTTP/1.1 over TCP, bounded in connections, headers and time, with an orderly end.

use crate::conduit::{Conduit, Narrow};
use crate::http::request::{Cut, Peer, Place};
use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// How long the headers of a request may take to arrive, idle connections included.
const HEADERS_LIMIT: Duration = Duration::from_secs(60);
/// Bytes that are buffered of one connection, at most. Headers must fit.
const BUFFER_MAX_BYTES: usize = 64 << 10;
/// How long to wait before accepting again after the system refused.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A listener that runs.
pub struct Server {
    tracker: TaskTracker,
    stop: CancellationToken,
    ending: CancellationToken,
}

/// Starts to accept connections, at most so many at the same time; others wait in the system's queue.
pub fn start(listener: TcpListener, router: Router, connections_max: usize) -> Server {
    let (tracker, stop, ending) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
    let accepting = Accepting {
        listener,
        router,
        places: Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS))),
        tracker: tracker.clone(),
        ending: ending.clone(),
    };
    let until = stop.clone();
    tracker.spawn(async move {
        until.run_until_cancelled(accepting.run()).await;
    });
    Server { tracker, stop, ending }
}

impl Server {
    /// Accepts no more connections.
    pub fn stop_accepting(&self) {
        self.stop.cancel();
    }

    /// Lets requests end that have begun, for at most this long. Gives whether they did.
    pub async fn finish(self, limit: Duration) -> bool {
        self.stop.cancel();
        self.ending.cancel();
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }
}

struct Accepting {
    listener: TcpListener,
    router: Router,
    places: Arc<Semaphore>,
    tracker: TaskTracker,
    ending: CancellationToken,
}

impl Accepting {
    async fn run(self) {
        loop {
            let Ok(place) = self.places.clone().acquire_owned().await else { return };
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(fault) => {
                    // Such as too many open files: it passes.
                    tracing::warn!(%fault, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                    continue;
                }
            };
            let place = Place(Arc::new(place));
            self.tracker.spawn(converse(stream, peer, place, self.router.clone(), self.ending.clone()));
        }
    }
}

async fn converse(stream: TcpStream, peer: SocketAddr, place: Place, router: Router, ending: CancellationToken) {
    if let Err(fault) = stream.set_nodelay(true) {
        tracing::debug!(%fault, "the connection stays with Nagle's algorithm");
    }
    let cut = CancellationToken::new();
    let (cutting, narrow) = (Cut(cut.clone()), Narrow::default());
    let conduit = Conduit::new(stream, narrow.clone());
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        request.extensions_mut().insert(place.clone());
        request.extensions_mut().insert(cutting.clone());
        request.extensions_mut().insert(narrow.clone());
        router.clone().oneshot(request.map(axum::body::Body::new) as Request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_LIMIT)
        .max_buf_size(BUFFER_MAX_BYTES)
        .serve_connection(TokioIo::new(conduit), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = cut.cancelled() => return,
        () = ending.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(fault) = ended {
        tracing::debug!(%fault, "a connection ended with a fault");
    }
}
