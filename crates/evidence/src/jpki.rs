//! Signatures by the keys of a person's card, with which a DID is bound to the card, and a login is made (assurance §6).
//!
//! In scope: whether the card and the DID key signed one statement, under which certificate, and what follows (the outcome table); logins by the
//! card's user-authentication key. Out of scope: talking to cards, fetching CRLs and OCSP responses, what the facts are worth (`inkan-assurance`).
//!
//! Nothing about any hierarchy is built in: roots, policies and algorithms are configuration ([`JpkiConfig`]), and so are the documents that a
//! signature shows. Nothing personal leaves this module: not the names in a certificate, not its serial number.

use std::collections::BTreeSet;

use der::asn1::ObjectIdentifier;
use inkan_core::{Digest, Timestamp, tolerance};
use inkan_crypto::PublicKey;
use inkan_did::{Did, DidUrl, Relationship, resolve_self_contained};
use inkan_verifier::history::DidHistory;

use crate::path::GivenOcsp;
use crate::tsa::Anchors;

mod algorithm;
mod binding;
mod chain;
mod config;
mod crl;
mod judge;
mod login;
mod names;
mod policies;
mod revocation;
mod statement;
mod wanted;

pub use algorithm::Algorithm;
pub use binding::{
    BindingProof, BindingTerms, Bound, Judgement, Step, StepOutcome, check_binding,
    sign_holder_part,
};
pub use config::{CONFIG_TYPE, ConfigUse, JpkiConfig, JpkiConfigError, LIMIT, Profile};
pub use crl::{CrlError, CrlIndex, LIMIT as CRL_LIMIT};
pub use login::{Channel, LoginProof, LoginTerms};
pub use revocation::Revocation;
pub use statement::{
    BINDING_TYPE, BindingStatement, LIMIT as STATEMENT_LIMIT, LOGIN_TYPE, LoginStatement,
    StatementError,
};

pub use crl::CrlEntry;
pub use wanted::{bound_statements, card_signatures, certificates_of, serials, statements};

pub(crate) use binding::check_holder_part;
pub(crate) use chain::leads_to_anchor;

/// RFC 5280 §4.2.1.4: any policy.
const ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");
/// The largest certificate in bytes.
const CERTIFICATE_LIMIT: usize = 8_192;

/// What a verifier that looks at card signatures itself has at hand.
#[derive(Clone, Debug)]
pub struct Jpki {
    config: JpkiConfig,
    authorities: Anchors,
    /// Read once; `None` for one that says nothing, which is at hand all the same.
    ocsp: Vec<Option<GivenOcsp>>,
    crls: Vec<CrlIndex>,
    histories: Vec<DidHistory>,
    audience: Option<String>,
    nonces: BTreeSet<String>,
    /// DIDs, and SHA-256 of certificates for logins that are registered to them.
    registered: BTreeSet<(String, Digest)>,
}

impl Jpki {
    /// With a configuration, and nothing known of revocation.
    #[must_use]
    pub fn new(config: JpkiConfig) -> Self {
        let mut authorities = Anchors::default();
        for certificate in config.certificates() {
            // What is no certificate was refused before; more than fit are too many to vouch for time.
            let _ = authorities.add_file(certificate);
        }
        Self {
            config,
            authorities,
            ocsp: Vec::new(),
            crls: Vec::new(),
            histories: Vec::new(),
            audience: None,
            nonces: BTreeSet::new(),
            registered: BTreeSet::new(),
        }
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &JpkiConfig {
        &self.config
    }

    /// The same with an OCSP response in DER, which counts if it proves itself.
    #[must_use]
    pub fn with_ocsp(mut self, response: &[u8]) -> Self {
        self.ocsp.push(GivenOcsp::read(response));
        self
    }

    /// The same with a revocation list.
    #[must_use]
    pub fn with_crl(mut self, list: CrlIndex) -> Self {
        self.crls.push(list);
        self
    }

    /// The same with the history of a DID, which shows its keys over time.
    #[must_use]
    pub fn with_history(mut self, history: DidHistory) -> Self {
        self.histories.push(history);
        self
    }

    /// The same for a verifier that is `audience` in statements, and made these nonces, of which none was used yet. The caller removes a nonce
    /// that was used.
    #[must_use]
    pub fn asking(mut self, audience: &str, nonces: impl IntoIterator<Item = String>) -> Self {
        self.audience = Some(audience.to_owned());
        self.nonces.extend(nonces);
        self
    }

    /// The same with a card that is registered to a holder: SHA-256 of its certificate for logins.
    #[must_use]
    pub fn registering(mut self, holder: &str, certificate: Digest) -> Self {
        self.registered.insert((holder.to_owned(), certificate));
        self
    }

    /// SHA-256 of the certificates that are registered to a holder.
    pub(crate) fn registered_to(&self, holder: &str) -> BTreeSet<Digest> {
        self.registered.iter().filter(|(did, _)| did == holder).map(|(_, card)| *card).collect()
    }

    pub(crate) fn histories(&self) -> &[DidHistory] {
        &self.histories
    }

    /// The key that `vm` named for authentication at a time.
    fn method(&self, did: &str, vm: &str, at: Timestamp) -> Method {
        method_at(&self.histories, did, vm, at)
    }
}

/// What is known of a verification method at a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Method {
    /// It named this key.
    Key(PublicKey),
    /// The DID document did not list it.
    NotListed,
    /// The DID document of that time is not at hand.
    NotAtHand,
}

/// The key that `vm` named for authentication at a time, by what the DID itself says or by its history.
pub(crate) fn method_at(histories: &[DidHistory], did: &str, vm: &str, at: Timestamp) -> Method {
    let (Ok(did), Ok(url)) = (Did::parse(did), DidUrl::parse(vm)) else { return Method::NotListed };
    if *url.did() != did {
        return Method::NotListed;
    }
    let found = match histories.iter().find(|history| *history.did() == did) {
        Some(history) => {
            let latest = at.plus_seconds(tolerance::EVIDENCE_CLOCKS);
            let before = history
                .versions()
                .iter()
                .rev()
                .find(|version| version.time.is_none_or(|time| time <= latest));
            let Some(version) = before else { return Method::NotListed };
            version
                .key(&url, Relationship::Authentication)
                .filter(|_| !version.deactivated)
                .cloned()
        }
        None => {
            let Ok(document) = resolve_self_contained(&did) else { return Method::NotAtHand };
            let allowed = document.allows(&url, Relationship::Authentication);
            document.method(&url).filter(|_| allowed).map(|method| method.key.clone())
        }
    };
    found.map_or(Method::NotListed, Method::Key)
}

#[cfg(test)]
mod tests;
