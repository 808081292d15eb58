//! The files of C2SP [tlog-tiles](https://c2sp.org/tlog-tiles), byte for byte as they lie on the disk.
//!
//! In scope: which paths there are, streaming, caching. Any file server in front of the data folder can take this over.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use inkan_ledger::tree::tiles::TilePath;
use tokio::sync::mpsc;

use super::leaves::{immutable, typed};
use super::node::Node;
use super::refusal::Refusal;
use super::request::Query;
use crate::problem::Problem;

/// Bytes that are read at once: a client holds no more than two of these.
const CHUNK: usize = 64 << 10;
/// Files up to this size are read at once.
const SMALL: u64 = 64 << 10;

/// GET `/checkpoint`.
pub(crate) async fn checkpoint(
    State(node): State<Arc<Node>>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    let path = node.ledger.data().join("checkpoint");
    let body = file(&node, path).await?;
    let mut response = typed("text/plain; charset=utf-8", body);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=1"));
    Ok(response)
}

/// GET `/tile/…`: tiles and entry bundles.
pub(crate) async fn tile(State(node): State<Arc<Node>>, uri: Uri) -> Result<Response, Problem> {
    Query::read(&uri, &[])?;
    // Nothing is looked for on the disk but what has the spelling of a tile.
    let named = uri.path().strip_prefix('/').and_then(|path| TilePath::parse(path).ok());
    let path = node.ledger.data().join(named.ok_or(Refusal::NotFound)?.to_string());
    let body = file(&node, path).await?;
    Ok(immutable(typed("application/octet-stream", body)))
}

/// The bytes of a file as a body; what is large is read while it is sent.
pub(crate) async fn file(node: &Arc<Node>, path: PathBuf) -> Result<Body, Problem> {
    let opened = node.read(move |_| open(&path)).await?;
    Ok(match opened {
        Opened::Small(bytes) => Body::from(bytes),
        Opened::Large(file, length) => {
            let (give, chunks) = mpsc::channel(1);
            tokio::task::spawn_blocking(move || read_out(file, length, &give));
            Body::new(FileBody { chunks, left: length })
        }
    })
}

enum Opened {
    Small(Vec<u8>),
    Large(File, u64),
}

fn open(path: &Path) -> Result<Opened, Problem> {
    let missing = |_| Problem::from(Refusal::NotFound);
    let mut file = File::open(path).map_err(missing)?;
    let metadata = file.metadata().map_err(missing)?;
    if !metadata.is_file() {
        return Err(Refusal::NotFound.into());
    }
    let length = metadata.len();
    if length > SMALL {
        return Ok(Opened::Large(file, length));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|_| Refusal::Fault)?;
    Ok(Opened::Small(bytes))
}

fn read_out(file: File, length: u64, give: &mpsc::Sender<Bytes>) {
    let mut file = file.take(length);
    loop {
        let mut chunk = vec![0; CHUNK];
        let Ok(read) = file.read(&mut chunk) else { return };
        chunk.truncate(read);
        // The client is gone, or there is no more.
        if read == 0 || give.blocking_send(chunk.into()).is_err() {
            return;
        }
    }
}

/// A file that is read while it is sent.
struct FileBody {
    chunks: mpsc::Receiver<Bytes>,
    left: u64,
}

impl hyper::body::Body for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        match self.chunks.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(chunk)) => {
                let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
                self.left = self.left.saturating_sub(length);
                Poll::Ready(Some(Ok(Frame::data(chunk))))
            }
            Poll::Ready(None) if self.left == 0 => Poll::Ready(None),
            // A file that became shorter must not look whole.
            Poll::Ready(None) => Poll::Ready(Some(Err(std::io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
