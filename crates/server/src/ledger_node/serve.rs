//! Connections: how many, how slow they may be, and how they end.
//!
//! In scope: HTTP/1.1 over TCP with deadlines. A client that sends its head, or its body, or takes its answer too slowly
//! is cut off, so that no number of such clients holds more than their connections' buffers. Out of scope: TLS, HTTP/2:
//! a reverse proxy's.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Sleep, sleep};

use super::admit::Peer;
use super::limits::Limits;

/// The largest head of a request in bytes; the longest path names two DIDs or URLs, percent-encoded.
const HEAD_LIMIT: usize = 16 << 10;
/// Headers of a request.
const HEADERS: usize = 64;
/// What a client hears for which there is no connection.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
retry-after: 1\r\nconnection: close\r\ncontent-length: 53\r\n\r\n\
{\"type\":\"/problems/overloaded\",\"code\":\"overloaded\"}\r\n";

/// What connections may cost, and how many there are. A witness or mirror serves with one of its own.
#[derive(Debug)]
pub(crate) struct Door {
    connections: usize,
    head_timeout: Duration,
    write_timeout: Duration,
    /// Open now.
    pub(crate) open: AtomicU64,
    /// Turned away so far.
    pub(crate) refused: AtomicU64,
}

impl Door {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            connections: limits.connections,
            head_timeout: limits.head_timeout,
            write_timeout: limits.body_timeout,
            open: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }
}

/// Accepts connections until `closed` says so, and ends them gracefully once `stopping` says so.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    door: Arc<Door>,
    stopping: watch::Receiver<bool>,
    mut closed: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(door.connections));
    // Each connection holds a sender: the channel ends when the last one has.
    let (open, mut ended) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closed.wait_for(|closed| *closed) => break,
        };
        let Ok((stream, address)) = accepted else {
            // Out of file descriptors, mostly: others must end first.
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
            door.refused.fetch_add(1, Ordering::Relaxed);
            // Its buffer is empty, so this is taken whole or the client is gone.
            let _ = stream.try_write(BUSY);
            continue;
        };
        let (router, door, stopping) = (router.clone(), Arc::clone(&door), stopping.clone());
        let open = open.clone();
        tokio::spawn(async move {
            door.open.fetch_add(1, Ordering::Relaxed);
            connection(stream, address, router, &door, stopping).await;
            door.open.fetch_sub(1, Ordering::Relaxed);
            drop((permit, open));
        });
    }
    drop((listener, open));
    let _ = ended.recv().await;
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    door: &Door,
    mut stopping: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(address));
        service.call(request.map(Body::new))
    });
    let stream = Patient::new(stream, door.write_timeout);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(door.head_timeout)
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

/// A stream whose other end must take what is written within a time.
struct Patient {
    stream: TcpStream,
    patience: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, patience, deadline: None }
    }

    fn watched<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.deadline = None;
            return poll;
        }
        let patience = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        match deadline.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(context, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.watched(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watched(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.watched(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
