//! Start and graceful end of the API: after a signal nothing new is taken, what was taken is answered.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use inkan_io::files::FileError;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::exchange::{OfferStore, OfferStoreError};
use super::issue::{NoncesError, UsedNonces};
use super::options::{ApiOptions, Protection, Role, Transport};
use super::routes;
use super::service::{Counts, Service};
use super::status::{JournalError, StatusStore};
use super::tls;
use crate::connections::{self, Door, Signals, Terms};
use crate::desk::{Desk, DeskError};
use crate::ledger_node::SharedClock;
use crate::ledger_node::limits::Buckets;
use crate::ledger_node::options::{OperatorTokens, TokensError};
use crate::ledger_node::request_log::{RequestLog, again_and_again};

/// How long an end may take.
const GRACE: Duration = Duration::from_secs(10);
/// Threads that sign and verify.
const BLOCKING_THREADS: usize = 16;
/// No connection lives longer.
const LONGEST: Duration = Duration::from_secs(600);

/// Why the API does not run.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// What is asked for would let anybody have something signed, or send secrets in the clear.
    #[error("{detail}")]
    Exposed {
        /// What, and what would do.
        detail: &'static str,
    },
    /// An issuer without a key.
    #[error("there is no key to issue with")]
    NoKey,
    /// No role.
    #[error("there is no role to play: issuer, verifier or exchange")]
    NoRole,
    /// A file of tokens without one, and nobody else who may have something signed.
    #[error("{} holds no token, so nobody could have anything signed", path.display())]
    NoToken {
        /// The file.
        path: PathBuf,
    },
    /// The public URL is none.
    #[error("{url:?} is no http or https URL by which others could reach the API")]
    PublicUrl {
        /// What was given.
        url: String,
    },
    /// Certificate or key cannot be used.
    #[error("TLS cannot be set up: {detail}")]
    Tls {
        /// What is wrong.
        detail: String,
    },
    /// The desk cannot be opened.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// The journal of status lists cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal of attestations' nonces cannot be used.
    #[error(transparent)]
    Nonces(#[from] NoncesError),
    /// The folder of offers cannot be used.
    #[error(transparent)]
    Offers(#[from] OfferStoreError),
    /// Nothing can be received at the address.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The runtime cannot start.
    #[error("the server cannot start")]
    Start(#[source] std::io::Error),
}

impl ApiError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Exposed { .. } => "api-exposed",
            Self::NoKey => "api-without-key",
            Self::NoRole => "api-without-role",
            Self::NoToken { .. } => "api-without-token",
            Self::PublicUrl { .. } => "public-url-malformed",
            Self::Tls { .. } => "tls-unusable",
            Self::Desk(error) => error.code(),
            Self::File(error) => error.code(),
            Self::Tokens(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::Nonces(error) => error.code(),
            Self::Offers(error) => error.code(),
            Self::Listen { .. } => "listen-failed",
            Self::Start(_) => "api-start-failed",
        }
    }
}

/// Runs the API until it is told to end by SIGTERM or ctrl-c. `ready` is called with its URL once it listens.
///
/// # Errors
///
/// [`ApiError`] if it cannot start.
pub fn run(
    options: ApiOptions,
    clock: SharedClock,
    ready: impl FnOnce(&str),
) -> Result<(), ApiError> {
    let prepared = Prepared::new(options, clock)?;
    // Before anybody is told that it runs: a signal that came earlier would end it at once.
    let mut signals =
        prepared.runtime.block_on(async { Signals::listen() }).map_err(ApiError::Start)?;
    let (stop, stopping) = watch::channel(false);
    let service = Arc::clone(&prepared.service);
    prepared.runtime.spawn(async move {
        signals.wait().await;
        service.stopping.store(true, Ordering::SeqCst);
        let _ = stop.send(true);
    });
    ready(&prepared.service.base);
    prepared.serve(stopping);
    Ok(())
}

/// Starts the API on a thread of its own: for tests and demonstrations.
///
/// # Errors
///
/// [`ApiError`] if it cannot start.
pub fn spawn(options: ApiOptions, clock: SharedClock) -> Result<RunningApi, ApiError> {
    let prepared = Prepared::new(options, clock)?;
    let (stop, stopping) = watch::channel(false);
    let (address, url) = (prepared.address, prepared.service.base.clone());
    let thread = std::thread::Builder::new()
        .name("api".to_owned())
        .spawn(move || prepared.serve(stopping))
        .map_err(ApiError::Start)?;
    Ok(RunningApi { address, url, stop, thread: Some(thread) })
}

/// The API on a thread of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct RunningApi {
    address: SocketAddr,
    url: String,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl RunningApi {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for RunningApi {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// An API that listens and does not answer yet.
struct Prepared {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
}

impl Prepared {
    fn new(options: ApiOptions, clock: SharedClock) -> Result<Self, ApiError> {
        check(&options)?;
        let tls = tls::acceptor(&options)?;
        let tokens = match &options.protection {
            Protection::Tokens(path) => {
                let tokens = OperatorTokens::read(path)?;
                if tokens.is_empty() && options.client_authorities.is_none() {
                    return Err(ApiError::NoToken { path: path.clone() });
                }
                tokens
            }
            Protection::Certificates | Protection::Open => OperatorTokens::default(),
        };
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("api")
            .build()
            .map_err(ApiError::Start)?;
        let listen = options.listen;
        let at = |source| ApiError::Listen { address: listen, source };
        let listener = runtime.block_on(TcpListener::bind(listen)).map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base = options.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        let base = base.unwrap_or_else(|| format!("{scheme}://{address}"));
        let status = StatusStore::open(&base, options.data.as_deref())?;
        let attested = UsedNonces::open(options.data.as_deref(), clock.now())?;
        let offers = OfferStore::open(options.offers.as_deref())?;
        let desk = options.desk.clone().map(|desk| Desk::open(desk, &base, clock.now()));
        let desk = desk.transpose()?;
        let pinned = options.backing.as_ref().and_then(|backing| backing.contexts());
        let limits = &options.limits;
        let door = Door::new(Terms {
            connections: limits.connections,
            per_client: limits.connections_per_client,
            proxies: options.proxies.clone(),
            loopback_is_free: limits.loopback_is_free,
            head_timeout: limits.head_timeout,
            write_timeout: limits.body_timeout,
            longest: Some(LONGEST),
            grace: GRACE,
        });
        let service = Service {
            base,
            status,
            offers,
            pinned,
            tokens,
            is_open: matches!(options.protection, Protection::Open),
            desk,
            door: Arc::new(door),
            clients: limits.client.map(Buckets::new),
            counts: Counts::default(),
            attested,
            log: RequestLog::new(options.log.clone()),
            clock,
            stopping: AtomicBool::new(false),
            options,
        };
        Ok(Self { runtime, listener, address, tls, service: Arc::new(service) })
    }

    fn serve(self, stopping: watch::Receiver<bool>) {
        let Self { runtime, listener, tls, service, .. } = self;
        let router = routes::router(Arc::clone(&service));
        let door = Arc::clone(&service.door);
        runtime.spawn(again_and_again(move || service.log.expire(service.now())));
        runtime.block_on(connections::serve_over(listener, router, door, stopping, tls));
        runtime.shutdown_timeout(Duration::from_millis(100));
    }
}

/// What must not be started.
fn check(options: &ApiOptions) -> Result<(), ApiError> {
    let local = options.listen.ip().is_loopback();
    let exposed = |detail| Err(ApiError::Exposed { detail });
    if options.roles.is_empty() {
        return Err(ApiError::NoRole);
    }
    if let Some(url) = options.public_url.as_ref().filter(|url| !is_base(url)) {
        return Err(ApiError::PublicUrl { url: url.clone() });
    }
    if matches!(options.transport, Transport::Plain) && !local {
        return exposed("plain http is for loopback addresses; give a certificate for others");
    }
    if options.desk.is_some() {
        if !options.roles.contains(&Role::Verifier) {
            return exposed("a desk is a verifier's");
        }
        if matches!(options.protection, Protection::Open) && !local {
            return exposed("a desk that anybody may ask by is for loopback addresses");
        }
    }
    let issues = options.roles.contains(&Role::Issuer);
    if !issues && !options.roles.contains(&Role::Exchange) {
        return Ok(());
    }
    match &options.protection {
        Protection::Open if !local => {
            return exposed("issuing and publishing open to all are for loopback addresses");
        }
        Protection::Certificates if options.client_authorities.is_none() => {
            return exposed(
                "who may have something signed or published? give a file of tokens, or an authority",
            );
        }
        Protection::Certificates if matches!(options.transport, Transport::Plain) => {
            return exposed("clients show certificates over https only");
        }
        Protection::Open | Protection::Certificates | Protection::Tokens(_) => {}
    }
    let has_keys = !options.issuers.is_empty() || options.backing.is_some();
    if has_keys || !issues { Ok(()) } else { Err(ApiError::NoKey) }
}

/// Whether a URL names a place on the web that paths can follow.
fn is_base(url: &str) -> bool {
    let Ok(uri) = url.parse::<axum::http::Uri>() else { return false };
    let named = uri.host().is_some_and(|host| !host.is_empty());
    matches!(uri.scheme_str(), Some("http" | "https"))
        && named
        && uri.query().is_none()
        && !url.contains(['#', '@', ' '])
}
