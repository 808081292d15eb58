//! What can be set when a node is started.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_core::{Digest, sha256};
use inkan_io::cosigner::Cosigner;
use inkan_io::files::{self, FileError, FileLayer, SystemFiles};
use inkan_io::sequencer::SequencerOptions;
use subtle::{Choice, ConstantTimeEq};

use super::limits::Limits;
use super::network::Network;

/// The largest file of operator tokens in bytes.
const TOKENS_LIMIT: usize = 65_536;
/// The shortest operator token in bytes: 128 bits in base64url.
const TOKEN_LENGTH: usize = 22;

/// How a node is run.
#[derive(Debug)]
pub struct NodeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The data folder of the ledger.
    pub data: PathBuf,
    /// Accept a clock that stepped, as an event in the log (§3.5).
    pub accept_clock: bool,
    /// Limits.
    pub limits: Limits,
    /// A file of operator tokens, one a line, that only its owner may read; they lift limits of clients and signers.
    pub operator_tokens: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Host` are believed.
    pub proxies: Vec<Network>,
    /// Hosts whose DID logs and status lists it serves as their gateway; of all if none is named. Anybody may register a DID
    /// under any host, and the first to do so has that place for ever: a node for everybody names its own hosts.
    pub gateway_hosts: Vec<String>,
    /// Where requests are logged.
    pub log: LogTo,
    /// Who cosigns checkpoints, beside the witnesses of the data folder.
    pub cosigners: Vec<Box<dyn Cosigner>>,
    /// Queue, batches, checkpoints, and the watch over the clock.
    pub sequencer: SequencerOptions,
    /// Through which the files of the ledger are written, and which knows how much room there is.
    pub files: Arc<dyn FileLayer>,
}

/// Where requests are logged: time, method, route, status, code, entry id and truncated network; never bodies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LogTo {
    /// Nowhere.
    Nowhere,
    /// Standard error; who keeps it must delete it after 24 hours.
    StandardError,
    /// A folder, one file an hour; those older than 24 hours are deleted.
    Folder(PathBuf),
}

impl NodeOptions {
    /// A node of the ledger in a folder, with the limits of the specification and without a log of requests.
    #[must_use]
    pub fn new(listen: SocketAddr, data: &Path) -> Self {
        Self {
            listen,
            data: data.to_path_buf(),
            accept_clock: false,
            limits: Limits::default(),
            operator_tokens: None,
            proxies: Vec::new(),
            gateway_hosts: Vec::new(),
            log: LogTo::Nowhere,
            cosigners: Vec::new(),
            sequencer: SequencerOptions::default(),
            files: Arc::new(SystemFiles),
        }
    }
}

/// The tokens that the operator gave out, as digests: they are compared in constant time, and never shown.
#[derive(Default)]
pub(crate) struct OperatorTokens(Vec<Digest>);

impl std::fmt::Debug for OperatorTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorTokens(..)")
    }
}

/// Why a file of operator tokens is not used.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Others than its owner may read or write it.
    #[error("{path}: others than its owner may read it")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// A line is too short for a secret, or has characters that a header cannot carry.
    #[error("{path}, line {line}: not an operator token")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
}

impl TokensError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(error) => error.code(),
            Self::Exposed { .. } => "operator-tokens-exposed",
            Self::Malformed { .. } => "operator-tokens-malformed",
        }
    }
}

impl OperatorTokens {
    /// Reads a file of tokens; empty lines and those that begin with `#` are skipped.
    pub(crate) fn read(path: &Path) -> Result<Self, TokensError> {
        let bytes = inkan_core::SecretBytes::new(files::read(path, TOKENS_LIMIT)?);
        if files::open_to_others(path)? {
            return Err(TokensError::Exposed { path: path.to_path_buf() });
        }
        let mut digests = Vec::new();
        for (line, number) in bytes.expose_secret().split(|byte| *byte == b'\n').zip(1..) {
            let token = line.trim_ascii();
            if token.is_empty() || token.first() == Some(&b'#') {
                continue;
            }
            if token.len() < TOKEN_LENGTH || !token.iter().all(u8::is_ascii_graphic) {
                return Err(TokensError::Malformed { path: path.to_path_buf(), line: number });
            }
            digests.push(sha256(&[token]));
        }
        Ok(Self(digests))
    }

    /// Whether nobody has one.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is one of the tokens. Takes the same time whichever it is.
    pub(crate) fn holds(&self, token: &[u8]) -> bool {
        let given = sha256(&[token]);
        let found = self
            .0
            .iter()
            .fold(Choice::from(0), |found, known| found | known.as_bytes().ct_eq(given.as_bytes()));
        found.into()
    }
}

#[cfg(test)]
mod tests;
