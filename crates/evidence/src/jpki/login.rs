//! Logins by a card's user-authentication key: the road `jpki-auth` (assurance §6, §9).
//!
//! A login counts beside a holder's proof over the same nonce, for a card that is registered to that holder: whoever has a card can sign a
//! statement that names anybody's key.

use std::collections::BTreeSet;

use inkan_core::{Digest, sha256, tolerance};

use super::Jpki;
use super::config::Profile;
use super::judge;
use super::revocation::Revocation;
use super::statement::LoginStatement;
use crate::fact::{Fact, FactKind};
use crate::facts::{Authenticator, Facts, Holder};
use crate::finding::{Code, Finding};
use crate::model::Certificate as Use;
use crate::row::{Certification, Road};

/// Where the findings of a login stand.
const SUBJECT: &str = "authenticator.jpki-auth";

/// A statement, and the card's signature over its bytes.
#[derive(Clone, Copy, Debug)]
pub struct LoginProof<'a> {
    /// The statement.
    pub statement: &'a [u8],
    /// CMS by the card, detached, in DER.
    pub cms: &'a [u8],
}

/// What a login is held against.
#[derive(Clone, Copy, Debug)]
pub struct LoginTerms<'a> {
    /// The origin that the card's client is connected to, as this verifier knows it.
    pub audience: &'a str,
    /// Whether the answer came over a channel that is bound to that origin; `direct_post_cross_device` is not.
    pub channel: Channel,
    /// SHA-256 of the certificates that are registered to the holder.
    pub registered: &'a BTreeSet<Digest>,
}

/// Whether an answer came over a channel that is bound to the verifier's origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Channel {
    /// It was.
    Bound,
    /// It was not.
    Unbound,
}

impl Facts {
    /// The same with a login; one that fails contributes nothing but findings, and one without a holder's proof nothing at all.
    #[must_use]
    pub fn with_jpki_login(
        mut self,
        proof: &LoginProof<'_>,
        terms: &LoginTerms<'_>,
        jpki: &Jpki,
    ) -> Self {
        let Some(holder) = &self.holder else { return self };
        match check(proof, terms, jpki, (holder, self.as_of)) {
            Ok(authenticator) => self.authenticators.push(authenticator),
            Err(codes) => {
                self.findings.extend(codes.into_iter().map(|code| Finding::new(code, SUBJECT)));
                self.findings.sort();
                self.findings.dedup();
            }
        }
        self
    }
}

fn check(
    proof: &LoginProof<'_>,
    terms: &LoginTerms<'_>,
    jpki: &Jpki,
    (holder, as_of): (&Holder, inkan_core::Timestamp),
) -> Result<Authenticator, Vec<Code>> {
    let statement =
        LoginStatement::parse(proof.statement).map_err(|error| vec![error.finding()])?;
    let mut codes = Vec::new();
    let apart = as_of.seconds_since(statement.iat()).saturating_abs();
    // The nonce is the one that the holder's key signed: fresh and used once, as the presentation is.
    let fresh = statement.aud() == terms.audience
        && sha256(&[statement.nonce().as_bytes()]) == holder.nonce_digest
        && apart <= tolerance::PRESENTATION;
    if !fresh {
        codes.push(Code::StatementNonceInvalid);
    }
    if statement.jkt() != holder.jkt {
        codes.push(Code::StatementDidMismatch);
    }
    let mut refusal = Code::CmsInvalid;
    for profile in jpki.config.profiles() {
        match certified(proof, profile, jpki, as_of) {
            Ok(certificate) => {
                if !terms.registered.contains(&certificate) {
                    codes.push(Code::AuthenticatorNotBound);
                }
                if !codes.is_empty() {
                    return Err(codes);
                }
                let facts = kinds(profile, terms.channel).into_iter();
                let source = sha256(&[proof.cms]);
                let facts = facts.map(|kind| Fact::verified(kind, source, as_of)).collect();
                let age = as_of.seconds_since(statement.iat()).max(0);
                let (road, age_seconds) = (Road::JpkiAuth, Some(age));
                return Ok(Authenticator { road, facts, age_seconds, of_session: false });
            }
            Err(code) if far(code) > far(refusal) => refusal = code,
            Err(_) => {}
        }
    }
    codes.push(refusal);
    Err(codes)
}

/// How far a check came before it was refused: the hierarchy that most speaks for says what is wrong.
fn far(code: Code) -> u8 {
    if code == Code::CmsInvalid {
        0
    } else if code == Code::JpkiPathInvalid {
        1
    } else {
        2
    }
}

/// The digest of a certificate for logins that signed the statement and is good.
fn certified(
    proof: &LoginProof<'_>,
    profile: &Profile,
    jpki: &Jpki,
    as_of: inkan_core::Timestamp,
) -> Result<Digest, Code> {
    let opened = judge::open(proof.cms, proof.statement, profile).ok_or(Code::CmsInvalid)?;
    let wanted = [Use::UserAuthentication];
    let found = judge::standing(&opened, &wanted, profile, as_of, jpki)?;
    match found.revocation {
        Revocation::Good => Ok(found.certificate),
        Revocation::Revoked => Err(Code::JpkiRevoked),
        Revocation::NotAtHand => Err(Code::JpkiRevocationUndetermined),
        Revocation::NotAnswered => Err(Code::RevocationResponseInvalid),
    }
}

/// What a login with the card shows: its PIN was entered, for this, and its key cannot leave it.
fn kinds(profile: &Profile, channel: Channel) -> Vec<FactKind> {
    let mut kinds = vec![
        FactKind::AuthenticatorBound,
        FactKind::AuthenticatorStatusClean,
        FactKind::UvAttested,
        FactKind::KeyHardware,
        FactKind::KeyNonexportable,
        FactKind::Intent,
    ];
    if profile.is_certified() {
        kinds.push(FactKind::KeyCertified(Certification::Scheme));
    }
    if channel == Channel::Bound {
        kinds.push(FactKind::VerifierBound);
    }
    kinds
}
