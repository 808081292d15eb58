//! Statements of base registers (assurance §13): does what a credential claims still stand in the register that keeps it?
//!
//! In scope: the statement (`register-check+jwt`), its signer, whom it was made for, and which credential it is about. It names claims and
//! holds none of their values. Out of scope: how a register looks them up; how old an answer may be (`inkan-assurance`).

mod make;

use std::collections::BTreeSet;

use inkan_core::json::text;
use inkan_core::{Digest, Timestamp, tolerance};
use inkan_credential::Bundle;
use inkan_crypto::jws::Jws;
use serde::Deserialize;

use crate::authority::Authorised;
use crate::facts::CredentialFacts;
use crate::finding::Code;
use crate::model::Sha256Text;
use crate::registry::{PartyRole, Registry};
use crate::token::Kind;

pub(crate) use self::make::with_register_checks;
pub use self::make::{NewRegisterCheck, StateError};

/// The largest statement in characters.
pub const LIMIT: usize = 16 << 10;
/// The type of the item of a bundle's evidence that holds one, in its member `jwt`.
pub const EVIDENCE_TYPE: &str = "RegisterCheck";
/// The media type and the type inside.
const MEDIA_TYPE: &str = "register-check+jwt";
const TYPE: &str = "inkan-register-check/1";
const KIND: Kind = Kind {
    typ: MEDIA_TYPE,
    limit: LIMIT,
    invalid: Code::RegisterCheckInvalid,
    other: Code::RegisterCheckInvalid,
    refused: Code::RegisterCheckNotAuthorised,
};
/// The most claims of one statement.
const CLAIMS: usize = 64;
/// The most statements of one bundle that are looked at.
const COUNT: usize = 16;

/// The statements that travel in a bundle, as they are; the first sixteen of them.
#[must_use]
pub fn statements_of(bundle: &Bundle) -> Vec<String> {
    let of_kind = bundle.evidence.iter().filter(|item| text(item, "type") == Some(EVIDENCE_TYPE));
    of_kind.filter_map(|item| text(item, "jwt")).map(str::to_owned).take(COUNT).collect()
}

/// What a register found.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum RegisterResult {
    /// All claims that are named agree with the register.
    Match,
    /// Some do not.
    Mismatch,
}

impl RegisterResult {
    /// The word in statements.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
        }
    }
}

/// What an authorised base register said of a credential; only this module makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegisterCheck {
    pub(crate) register: String,
    /// Nothing where a test invents it.
    pub(crate) by: Option<Authorised>,
    pub(crate) claims: BTreeSet<String>,
    pub(crate) result: RegisterResult,
    pub(crate) at: Timestamp,
}

impl RegisterCheck {
    /// The register: a DID.
    #[must_use]
    pub fn register(&self) -> &str {
        &self.register
    }

    /// The authority that a registry gives it.
    #[must_use]
    pub const fn authority(&self) -> Option<&Authorised> {
        self.by.as_ref()
    }

    /// Names of the claims that it looked up.
    #[must_use]
    pub const fn claims(&self) -> &BTreeSet<String> {
        &self.claims
    }

    /// What it found.
    #[must_use]
    pub const fn result(&self) -> RegisterResult {
        self.result
    }

    /// When it looked.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}

/// A statement that is well formed. Nothing is known of its signature.
#[derive(Debug)]
pub struct RegisterToken {
    jws: Jws,
    stated: Statement,
    claims: BTreeSet<String>,
    issued: Timestamp,
}

impl RegisterToken {
    /// Reads a statement: a closed object, which names each claim once.
    ///
    /// # Errors
    ///
    /// [`Code::RegisterCheckInvalid`].
    pub fn parse(token: &str) -> Result<Self, Code> {
        let (jws, said) = KIND.open(token)?;
        let stated: Statement = KIND.closed(&said, TYPE)?;
        let claims: BTreeSet<String> = stated.claims.iter().cloned().collect();
        let named = (1..=CLAIMS).contains(&stated.claims.len())
            && claims.len() == stated.claims.len()
            && claims.iter().all(|name| !name.is_empty());
        if !named {
            return Err(KIND.invalid);
        }
        let issued = KIND.time(stated.iat)?;
        Ok(Self { jws, stated, claims, issued })
    }

    /// The credential that it is about: SHA-256 of the issuer's signed part.
    #[must_use]
    pub const fn credential(&self) -> Digest {
        self.stated.credential.0
    }

    /// Whom it was made for.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.stated.aud
    }
}

/// What a statement is judged by.
pub(crate) struct Judged<'a> {
    pub(crate) registries: &'a [Registry],
    /// This verifier. Where it told nobody who it is, no statement can be meant for it.
    pub(crate) audience: Option<&'a str>,
    pub(crate) as_of: Timestamp,
}

/// Checks a statement, and finds the credential that it is about.
pub(crate) fn check<'c>(
    token: &str,
    credentials: impl Iterator<Item = &'c CredentialFacts>,
    judged: &Judged<'_>,
) -> Result<(String, RegisterCheck), Code> {
    let invalid = KIND.invalid;
    let RegisterToken { jws, stated, claims, issued } = RegisterToken::parse(token)?;
    let by = KIND.signer(&jws, (&stated.iss, issued), (judged.registries, judged.as_of), |by| {
        by.has_role(PartyRole::BaseRegistry)
    })?;
    // What was answered to somebody else was for somebody else's purpose: the person it is about may not even know of us.
    let for_us = judged.audience == Some(stated.aud.as_str());
    if !for_us || issued > judged.as_of.plus_seconds(tolerance::CREDENTIAL) {
        return Err(invalid);
    }
    let mut about = credentials.filter(|one| one.digest() == stated.credential.0);
    let about = about.next().ok_or(invalid)?;
    // Of what the holder does not disclose nothing is known here, and nothing is confirmed.
    let shown = |name: &String| about.claims().contains_key(name);
    let kept = match stated.result {
        RegisterResult::Match => claims.into_iter().filter(shown).collect(),
        RegisterResult::Mismatch => claims,
    };
    if kept.is_empty() {
        return Err(invalid);
    }
    let said = RegisterCheck {
        register: stated.iss,
        by: Some(by),
        claims: kept,
        result: stated.result,
        at: issued,
    };
    Ok((about.path().to_owned(), said))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "type")]
    _kind: String,
    iss: String,
    aud: String,
    iat: i64,
    #[serde(rename = "credentialSha256")]
    credential: Sha256Text,
    claims: Vec<String>,
    result: RegisterResult,
}

#[cfg(test)]
mod tests;
