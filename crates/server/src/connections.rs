//! Connections of the small services, witness and mirror: how many, how slow they may be, how they end.
//!
//! In scope: HTTP/1.1 over TCP with deadlines; answers are small. Out of scope: TLS, a reverse proxy's; the node, whose
//! answers are large (`ledger_node`).

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};

/// Connections at once.
const CONNECTIONS: usize = 256;
/// The head of a request must be here by then; an idle connection is closed then.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// No connection lives longer.
const LONGEST: Duration = Duration::from_secs(300);
/// How long an end may take.
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// The largest head of a request in bytes.
const HEAD_LIMIT: usize = 16 << 10;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Accepts connections until `stopping` says so; requests that were taken are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    // Each connection holds a sender: the channel ends when the last one has.
    let (open, mut ended) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that nobody is left to say so.
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, mostly: others must end first.
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else { continue };
        let (router, stopping, open) = (router.clone(), stopping.clone(), open.clone());
        tokio::spawn(async move {
            let _ = timeout(LONGEST, connection(stream, address, router, stopping)).await;
            drop((permit, open));
        });
    }
    drop((listener, open));
    let _ = timeout(GRACE, ended.recv()).await;
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(address));
        service.call(request.map(Body::new))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_LIMIT);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        _ = stopping.wait_for(|stopping| *stopping) => None,
    };
    if ended.is_none() {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

/// Whether `prefix` can begin a path: empty, or `/` and unreserved characters, without `/` at the end.
pub(crate) fn is_prefix(prefix: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.' | '_' | '~');
    prefix.is_empty()
        || (prefix.starts_with('/')
            && !prefix.ends_with('/')
            && !prefix.contains("//")
            && prefix.chars().all(plain))
}

/// Waits for SIGTERM or ctrl-c.
#[cfg(unix)]
pub(crate) async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// Waits for ctrl-c.
#[cfg(not(unix))]
pub(crate) async fn wait_for_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
