//! The token by which a node's operator knows somebody: who sends it is free of the node's limits.
//!
//! In scope: the file that it is kept in, and that it goes to nobody but the node. Out of scope: what the node makes of it
//! (`inkan-server`).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_core::SecretBytes;

use super::NodeUrl;
use crate::files::{self, FileError};

/// The largest file of tokens in bytes, as nodes read it.
const LIMIT: usize = 65_536;
/// The shortest token in bytes: 128 bits in base64url.
const LENGTH: usize = 22;

/// A token of an operator.
#[derive(Clone)]
pub struct NodeToken(Arc<SecretBytes>);

/// Why a token is not used. Only a failed file may be worth a retry.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Others than its owner may read the file.
    #[error("{path}: others may read it")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// It would go over plain http to another machine.
    #[error("{url} is plain http to another machine: whoever is on the way would have the token")]
    Plain {
        /// The node.
        url: String,
    },
    /// The file has none.
    #[error("{path}: no token of at least {LENGTH} visible characters")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl TokenError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Exposed { .. } | Self::Plain { .. } => "ledger-token-exposed",
            Self::Malformed { .. } => "ledger-token-malformed",
            Self::File(error) => error.code(),
        }
    }
}

impl NodeToken {
    /// Reads a file as operators keep it, closed to others: the first line that is neither empty nor begins with `#`.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let bytes = SecretBytes::new(files::read(path, LIMIT)?);
        if files::open_to_others(path)? {
            return Err(TokenError::Exposed { path: path.to_path_buf() });
        }
        let lines = bytes.expose_secret().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let token = lines.into_iter().find(|line| !line.is_empty() && line.first() != Some(&b'#'));
        let whole = |token: &&[u8]| token.len() >= LENGTH && token.iter().all(u8::is_ascii_graphic);
        let malformed = || TokenError::Malformed { path: path.to_path_buf() };
        let token = token.filter(whole).ok_or_else(malformed)?;
        Ok(Self(Arc::new(SecretBytes::new(token.to_vec()))))
    }

    fn as_str(&self) -> Option<&str> {
        str::from_utf8(self.0.expose_secret()).ok()
    }
}

impl fmt::Debug for NodeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeToken(..)")
    }
}

impl NodeUrl {
    /// The same, with a token that is sent there.
    ///
    /// # Errors
    ///
    /// [`TokenError::Plain`] if others could read it on the way.
    pub fn with_token(self, token: NodeToken) -> Result<Self, TokenError> {
        if self.is_exposed() {
            return Err(TokenError::Plain { url: self.to_string() });
        }
        Ok(Self { token: Some(token), ..self })
    }

    /// What is sent as `Authorization: Bearer`.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.token.as_ref().and_then(NodeToken::as_str)
    }

    /// Whether a token is sent.
    #[must_use]
    pub const fn has_token(&self) -> bool {
        self.token.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Access;
    use crate::http::PlainHttp;

    #[test]
    fn a_token_is_read_from_a_closed_file_and_shown_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let write =
            |text: &str, access| files::write_atomic(&path, text.as_bytes(), access).unwrap();
        let token = "abcdefghijklmnopqrstuvwxyz";
        write(
            &format!("# of the operator\n\n{token}\nanother-token-of-the-same\n"),
            Access::Private,
        );
        let read = NodeToken::read(&path).unwrap();
        let parse = |text| NodeUrl::parse(text, PlainHttp::Anywhere).unwrap();
        let url = parse("https://ledger.example").with_token(read.clone()).unwrap();
        assert_eq!(url.bearer(), Some(token));
        assert!(!format!("{url:?}{read:?}{url}").contains(token));
        assert_eq!(url, parse("https://ledger.example"), "who asks is no other place");
        let plain = parse("http://ledger.example").with_token(read.clone()).unwrap_err();
        assert_eq!(plain.code(), "ledger-token-exposed");
        parse("http://127.0.0.1:7000").with_token(read).unwrap();
        for bad in ["", "# none\n", "short\n", "with a space in the midst of it\n"] {
            write(bad, Access::Private);
            assert_eq!(NodeToken::read(&path).unwrap_err().code(), "ledger-token-malformed");
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            write(token, Access::Private);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            assert_eq!(NodeToken::read(&path).unwrap_err().code(), "ledger-token-exposed");
        }
    }
}
