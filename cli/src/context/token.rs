//! The operator token of `--ledger-token-file`: which ledger is it for? For one, and no other ever sees it.
//!
//! In scope: to whom it goes, and that it goes to somebody. Out of scope: reading the file (`inkan_io::node_client`), the token that
//! a profile keeps for its own node.

use std::path::Path;
use std::sync::OnceLock;

use inkan_io::ledger_source::LedgerPlace;
use inkan_io::node_client::NodeToken;

use crate::failure::{CliError, Failure};

/// A token that was given for this run.
#[derive(Debug)]
pub(super) struct GivenToken {
    token: NodeToken,
    /// The URL of the node that it is for, once that is known.
    goes_to: OnceLock<String>,
}

impl GivenToken {
    pub(super) fn read(file: &str) -> Result<Self, Failure> {
        Ok(Self { token: NodeToken::read(Path::new(file))?, goes_to: OnceLock::new() })
    }

    /// The same place, with the token: the first that asks gets it, and after that only the same one.
    ///
    /// # Errors
    ///
    /// A folder asks first; the way to the node is open to others.
    pub(super) fn attach(&self, place: LedgerPlace) -> Result<LedgerPlace, Failure> {
        if place.folder().is_some() && !self.is_used() {
            let usage = "--ledger-token-file is for a node: a ledger in a folder has no limits";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
        let url = place.to_string();
        if *self.goes_to.get_or_init(|| url.clone()) == url {
            Ok(place.with_token(self.token.clone())?)
        } else {
            Ok(place)
        }
    }

    /// Whether it goes to somebody.
    pub(super) fn is_used(&self) -> bool {
        self.goes_to.get().is_some()
    }
}

/// The same place, with the token in a file that is for it alone.
pub(crate) fn with_token_of(
    place: LedgerPlace,
    (option, file): (&str, &str),
) -> Result<LedgerPlace, Failure> {
    if place.folder().is_some() {
        let usage = format!("{option} is for a node: a ledger in a folder has no limits");
        return Err(CliError::Usage(usage).into());
    }
    Ok(place.with_token(NodeToken::read(Path::new(file))?)?)
}

#[cfg(test)]
mod tests {
    use inkan_io::http::PlainHttp;

    use super::*;

    #[test]
    fn a_token_goes_to_one_ledger_and_to_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let token = b"a-token-of-the-operator-of-one-node\n";
        inkan_io::files::write_atomic(&file, token, inkan_io::files::Access::Private).unwrap();
        let given = || GivenToken::read(file.to_str().unwrap()).unwrap();
        let place = |text: &str| LedgerPlace::parse(text, PlainHttp::Loopback).unwrap();
        let has = |place: &LedgerPlace| matches!(place, LedgerPlace::Node(url) if url.has_token());
        let (one, other) = ("https://a.example", "https://b.example");
        let first = given();
        assert!(!first.is_used());
        assert!(has(&first.attach(place(one)).unwrap()) && first.is_used());
        assert!(!has(&first.attach(place(other)).unwrap()));
        assert!(has(&first.attach(place(one)).unwrap()));
        assert!(!has(&first.attach(place("folder")).unwrap()), "it went to a node already");
        let lost = given();
        assert_eq!(lost.attach(place("folder")).unwrap_err().exit(), 2);
        assert!(!lost.is_used());
    }
}
