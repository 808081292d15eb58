//! Connections of everything that is served here: how many, how many of one client, how slow they may be, how they end.
//!
//! In scope: HTTP/1.1 over TCP with deadlines. A client that sends its head, or its body, or takes its answer too slowly
//! is cut off, so that no number of such clients holds more than their connections' buffers. A handler that panics is
//! answered all the same; TLS for those who have an acceptor for it. Out of scope: HTTP/2, a reverse proxy's; how often somebody may ask (`limits`).

use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use inkan_core::{Digest, sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::ledger_node::Network;
use crate::ledger_node::limits::Prefix;
use crate::ledger_node::refusal::Refusal;
use crate::problem::{PROBLEM_JSON, Problem};

mod patient;
mod signals;

use patient::Patient;
pub(crate) use signals::Signals;

/// The largest head of a request in bytes; the longest path names two DIDs or URLs, percent-encoded.
const HEAD_LIMIT: usize = 16 << 10;
/// Headers of a request.
const HEADERS: usize = 64;
/// How long nothing is accepted after a failure to: out of file descriptors, mostly, and others must end first.
const PAUSE: Duration = Duration::from_millis(20);

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The client of a connection showed a certificate of those who are trusted here, which has this digest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certified(pub(crate) Digest);

/// What connections may cost, and how they end.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// Connections at once.
    pub(crate) connections: usize,
    /// Of one client at once: an IPv4 address or an IPv6 /64.
    pub(crate) per_client: Option<usize>,
    /// Proxies: they speak for many, and are not counted as one.
    pub(crate) proxies: Vec<Network>,
    /// Nor is this machine.
    pub(crate) loopback_is_free: bool,
    /// The head of a request must be here by then; an idle connection is closed then.
    pub(crate) head_timeout: Duration,
    /// The other end must take a part of an answer by then.
    pub(crate) write_timeout: Duration,
    /// No connection lives longer.
    pub(crate) longest: Option<Duration>,
    /// How long the end may take: requests that were taken are answered by then.
    pub(crate) grace: Duration,
}

/// Accepts connections until `stopping` says so; requests that were taken are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    door: Arc<Door>,
    stopping: watch::Receiver<bool>,
) {
    serve_over(listener, router, door, stopping, None).await;
}

/// As [`serve`], over TLS if there is an acceptor for it.
pub(crate) async fn serve_over(
    listener: TcpListener,
    router: Router,
    door: Arc<Door>,
    mut stopping: watch::Receiver<bool>,
    tls: Option<TlsAcceptor>,
) {
    // Each connection holds a sender: the channel ends when the last one has.
    let (open, mut ended) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that nobody is left to say so.
            _ = stopping.wait_for(|stopping| *stopping) => break,
        };
        let Ok((stream, address)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let place = match Door::admit(&door, address.ip()) {
            Ok(place) => place,
            Err(answer) => {
                turn_away(stream, answer);
                continue;
            }
        };
        let (router, stopping, open) = (router.clone(), stopping.clone(), open.clone());
        let tls = tls.clone();
        tokio::spawn(async move {
            let terms = &place.door.terms;
            let served = async {
                let _ = stream.set_nodelay(true);
                let stream = Patient::new(stream, terms.write_timeout);
                let Some(tls) = tls else {
                    connection(stream, Peer(address), None, router, (terms, stopping)).await;
                    return;
                };
                // A handshake takes no longer than a head.
                let Ok(Ok(stream)) = timeout(terms.head_timeout, tls.accept(stream)).await else {
                    return;
                };
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let certified = shown.map(|certificate| Certified(sha256(&[certificate])));
                connection(stream, Peer(address), certified, router, (terms, stopping)).await;
            };
            match terms.longest {
                Some(longest) => drop(timeout(longest, served).await),
                None => served.await,
            }
            drop((place, open));
        });
    }
    drop((listener, open));
    let _ = timeout(door.terms.grace, ended.recv()).await;
}

/// A few bytes, no task, no wait.
fn turn_away(stream: TcpStream, answer: &[u8]) {
    // Past the runtime, which has not yet found out that the stream can be written to. Its buffer is empty: this is taken
    // whole, or the client is gone.
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write(answer);
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    peer: Peer,
    certified: Option<Certified>,
    router: Router,
    (terms, mut stopping): (&Terms, watch::Receiver<bool>),
) {
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        if let Some(certified) = certified {
            request.extensions_mut().insert(certified);
        }
        let answer = service.call(request.map(Body::new));
        caught(async move { answer.await.unwrap_or_else(|never| match never {}) })
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(terms.head_timeout)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_LIMIT);
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

/// The answer of a handler; if it panics, that of a node with a fault. What it said has gone to standard error.
pub(crate) async fn caught(answer: impl Future<Output = Response>) -> Result<Response, Infallible> {
    let mut answer = pin!(answer);
    let answered = poll_fn(|context| {
        // It is not polled again, and what it shares is behind locks that bear it.
        let polled = catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context)));
        match polled {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    });
    Ok(answered
        .await
        .unwrap_or_else(|_: Box<dyn Any + Send>| Problem::from(Refusal::Fault).into_response()))
}

/// Who is let in, and who is there.
#[derive(Debug)]
pub(crate) struct Door {
    terms: Terms,
    inside: Mutex<Inside>,
    refused: AtomicU64,
    /// What one hears for whom there is no connection.
    busy: Vec<u8>,
    /// What one hears who has enough of them.
    crowd: Vec<u8>,
}

/// Open connections.
#[derive(Debug, Default)]
struct Inside {
    all: usize,
    /// By client; nobody is in it without a connection.
    clients: BTreeMap<Prefix, usize>,
}

/// A connection's place: given back when it is dropped.
#[derive(Debug)]
struct Place {
    door: Arc<Door>,
    client: Option<Prefix>,
}

impl Door {
    pub(crate) fn new(terms: Terms) -> Self {
        let crowd = Problem::new("rate-limited", "too many connections from this network");
        Self {
            terms,
            inside: Mutex::default(),
            refused: AtomicU64::new(0),
            busy: raw(&Refusal::Overloaded.into()),
            crowd: raw(&crowd),
        }
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.inside().all
    }

    /// Connections that were turned away so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn admit(door: &Arc<Self>, address: IpAddr) -> Result<Place, &[u8]> {
        let terms = &door.terms;
        let is_free = terms.loopback_is_free && address.to_canonical().is_loopback()
            || terms.proxies.iter().any(|proxy| proxy.holds(address));
        let client = terms.per_client.filter(|_| !is_free).map(|most| (Prefix::of(address), most));
        let mut inside = door.inside();
        let is_full = inside.all >= terms.connections;
        let has = |client: Prefix| inside.clients.get(&client).copied().unwrap_or_default();
        if is_full || client.is_some_and(|(client, most)| has(client) >= most) {
            drop(inside);
            door.refused.fetch_add(1, Ordering::Relaxed);
            return Err(if is_full { &door.busy } else { &door.crowd });
        }
        inside.all = inside.all.saturating_add(1);
        let client = client.map(|(client, _)| client);
        if let Some(client) = client {
            let count = inside.clients.entry(client).or_default();
            *count = count.saturating_add(1);
        }
        drop(inside);
        Ok(Place { door: Arc::clone(door), client })
    }

    /// Counts are whole at every moment: nobody panics while he counts.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.door.inside();
        inside.all = inside.all.saturating_sub(1);
        let Some(client) = self.client else { return };
        if let Some(count) = inside.clients.get_mut(&client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                inside.clients.remove(&client);
            }
        }
    }
}

/// A whole HTTP answer, for who is not let in.
fn raw(problem: &Problem) -> Vec<u8> {
    let (status, body) = (problem.status(), problem.to_value().to_string());
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: {PROBLEM_JSON}\r\ncache-control: no-store\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len()
    );
    (head + &body).into_bytes()
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

#[cfg(test)]
mod tests;
