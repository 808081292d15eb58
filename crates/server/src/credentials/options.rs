//! What can be set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use inkan_credential::model::StatusPurpose;
use inkan_io::gather;

use super::backing::Backing;
use super::suites::Issuer;
use crate::desk::DeskOptions;
use crate::ledger_node::{Limits, LogTo, Network, Rate};

/// What a server does for others.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// Signs credentials and presentations with its own keys.
    Issuer,
    /// Judges credentials and presentations.
    Verifier,
    /// Keeps offers for those who have to countersign them.
    Exchange,
    /// Says what authorities say of parties (TRQP).
    Registry,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Issuer, Self::Verifier, Self::Exchange, Self::Registry];

    /// Its name, as `/about` says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Verifier => "verifier",
            Self::Exchange => "exchange",
            Self::Registry => "registry",
        }
    }
}

/// How strictly is judged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Profile {
    /// The key must be the issuer's; contexts are built in, or pinned.
    Strict,
    /// For the test suites of the W3C, and nothing else: documents may define terms as they please, an issuer that cannot
    /// be resolved or does not control the key is a warning, and so is a presenter who is not the holder; what is not asked of
    /// a presentation is not judged, and proofs are dated as it is asked. Credentials of version 1.1 are signed, too.
    Conformance,
}

impl Profile {
    /// Its name, as every answer says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Conformance => "conformance",
        }
    }
}

/// Who may have something signed.
#[derive(Clone, Debug)]
pub enum Protection {
    /// Who has one of the tokens in this file (0600), or shows a certificate of the client authority.
    Tokens(PathBuf),
    /// Who shows a certificate of the client authority.
    Certificates,
    /// Anybody on this machine: for trying it out.
    Open,
}

/// How it is listened.
#[derive(Clone, Debug)]
pub enum Transport {
    /// http: on a loopback address only.
    Plain,
    /// https with a certificate made at the start, which nobody else knows.
    SelfMade,
    /// https with this certificate chain and key, both PEM.
    Files {
        /// The chain, the server's own certificate first.
        certificate: PathBuf,
        /// The key: PKCS #8, SEC1 or PKCS #1.
        key: PathBuf,
    },
}

/// What a server is started with.
#[derive(Debug)]
pub struct ApiOptions {
    /// Where it listens; port 0 takes one that is free.
    pub listen: SocketAddr,
    /// The URL by which others reach it, without a slash at the end; else made from the address.
    pub public_url: Option<String>,
    /// What it does.
    pub roles: Vec<Role>,
    /// How strictly.
    pub profile: Profile,
    /// The keys it signs with; of several of one type the first is used.
    pub issuers: Vec<Issuer>,
    /// What it rests on beyond that; its keys then take the place of `issuers`.
    pub backing: Option<Arc<dyn Backing>>,
    /// Who may have something signed.
    pub protection: Protection,
    /// How it is listened.
    pub transport: Transport,
    /// Certificates (PEM) of those who certify clients.
    pub client_authorities: Option<PathBuf>,
    /// The folder that the status of credentials is kept in; without one, in memory.
    pub data: Option<PathBuf>,
    /// The folder that offers are kept in; without one, in memory.
    pub offers: Option<PathBuf>,
    /// The status entries that every issued credential gets.
    pub status: Vec<StatusPurpose>,
    /// Whether DIDs and status lists of others may be fetched over HTTPS.
    pub network: gather::Network,
    /// The verifier's desk: pages for people; none without it.
    pub desk: Option<DeskOptions>,
    /// What one client and all of them may ask.
    pub limits: Limits,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub proxies: Vec<Network>,
    /// Where the log of requests goes.
    pub log: LogTo,
}

impl ApiOptions {
    /// Both roles at this address over https, strictly, with these keys, status in memory, nothing fetched.
    #[must_use]
    pub fn new(listen: SocketAddr, protection: Protection, issuers: Vec<Issuer>) -> Self {
        let limits = Limits {
            body: 2 << 20,
            client: Some(Rate::per_second(50, 500)),
            connections: 256,
            ..Limits::default()
        };
        Self {
            listen,
            public_url: None,
            roles: vec![Role::Issuer, Role::Verifier],
            profile: Profile::Strict,
            issuers,
            backing: None,
            protection,
            transport: Transport::SelfMade,
            client_authorities: None,
            data: None,
            offers: None,
            status: Vec::new(),
            network: gather::Network::Offline,
            desk: None,
            limits,
            proxies: Vec::new(),
            log: LogTo::Nowhere,
        }
    }
}
