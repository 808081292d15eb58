//! Authentication event statements (assurance §7.1): who authenticated whom, when, with which factors, said by a registered operator.
//!
//! In scope: the statement's shape, its signer, what it is bound to. Out of scope: what its factors are worth (`factor`); whether a statement
//! was used before, which the caller remembers by its `jti`.

mod factor;

use std::collections::BTreeSet;

use inkan_core::{Timestamp, tolerance};
use inkan_crypto::jws::Jws;
use serde::Deserialize;
use serde_json::Value;

use crate::authority::Authorised;
use crate::claims::{IgnoredClaim, level_claims, without_level_claims};
use crate::finding::Code;
use crate::registry::{PartyRole, Registry};
use crate::token::Kind;

pub(crate) use factor::{Worth, worth};

/// The largest statement in characters.
pub const LIMIT: usize = 64 << 10;
const KIND: Kind = Kind {
    typ: "authn-event+jwt",
    limit: LIMIT,
    invalid: Code::AuthenticationEventInvalid,
    other: Code::AuthenticationEventInvalid,
    refused: Code::OperatorNotAuthorised,
};
/// The type inside.
const TYPE: &str = "inkan-authn-event/1";
/// The longest time that a statement holds, in seconds.
const SPAN: i64 = 600;
/// The most factors of one statement.
const FACTORS: usize = 16;

/// What a statement is judged by.
pub(crate) struct Judged<'a> {
    pub(crate) registries: &'a [Registry],
    /// This verifier, as the presentation names it.
    pub(crate) audience: &'a str,
    /// What it has to be bound to.
    pub(crate) to: BoundTo<'a>,
    /// Statements that were used before.
    pub(crate) used: &'a BTreeSet<String>,
    pub(crate) received_at: Timestamp,
    pub(crate) as_of: Timestamp,
}

/// What a statement is bound to: a holder who presents, or a session of this verifier's, never either.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BoundTo<'a> {
    /// This request, and the key that proved possession.
    Holder { nonce: &'a str, jkt: &'a str },
    /// The session that is judged: SHA-256 of its handle, lower-case hexadecimal.
    Session(&'a str),
}

/// A statement that holds and is bound to this presentation.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) jti: String,
    pub(crate) by: Authorised,
    pub(crate) factors: Vec<Factor>,
    pub(crate) issued: Timestamp,
    pub(crate) ignored: Vec<IgnoredClaim>,
}

/// Checks a statement, rules 1 and 2. `path` is its place in reports.
pub(crate) fn check(token: &str, path: &str, judged: &Judged<'_>) -> Result<Event, Code> {
    let EventToken { jws, value, stated, issued, ends } = EventToken::parse(token)?;
    let by = KIND.signer(&jws, (&stated.iss, issued), (judged.registries, judged.as_of), |by| {
        by.has_role(PartyRole::AuthenticationOperator) && by.authenticates().is_some()
    })?;
    let in_time = ends >= issued
        && ends.seconds_since(issued) <= SPAN
        && judged.received_at < ends
        && issued <= judged.received_at.plus_seconds(tolerance::CREDENTIAL);
    let is_new = !stated.jti.is_empty() && !judged.used.contains(&stated.jti);
    let no_later = stated.factors.iter().all(|factor| factor.time <= stated.iat);
    if stated.aud != judged.audience || !in_time || !is_new || !no_later {
        return Err(Code::AuthenticationEventNotBound);
    }
    match (judged.to, &stated.nonce, &stated.cnf, &stated.session) {
        (BoundTo::Holder { nonce, jkt }, Some(stated), Some(cnf), None)
            if stated == nonce && cnf.jkt == jkt => {}
        (BoundTo::Session(session), None, None, Some(stated)) if stated == session => {}
        // It shows an account, and says nothing of who presents.
        (BoundTo::Holder { .. }, _, _, Some(_)) => return Err(Code::SessionBoundOnly),
        (BoundTo::Holder { .. } | BoundTo::Session(_), ..) => {
            return Err(Code::AuthenticationEventNotBound);
        }
    }
    Ok(Event {
        jti: stated.jti,
        by,
        factors: stated.factors,
        issued,
        ignored: level_claims(&value, path),
    })
}

/// A statement that is well formed. Nothing is known of its signature.
#[derive(Debug)]
pub struct EventToken {
    jws: Jws,
    value: Value,
    stated: Statement,
    issued: Timestamp,
    ends: Timestamp,
}

impl EventToken {
    /// Reads a statement in its one form: for a holder, or for a session, never for both.
    ///
    /// # Errors
    ///
    /// [`Code::AuthenticationEventInvalid`].
    pub fn parse(token: &str) -> Result<Self, Code> {
        let (jws, value) = KIND.open(token)?;
        let stated: Statement = KIND.closed(&without_level_claims(&value), TYPE)?;
        let one_form = matches!(
            (&stated.nonce, &stated.cnf, &stated.session),
            (Some(_), Some(_), None) | (None, None, Some(_))
        );
        if stated.factors.len() > FACTORS || !one_form {
            return Err(KIND.invalid);
        }
        let (issued, ends) = (KIND.time(stated.iat)?, KIND.time(stated.exp)?);
        Ok(Self { jws, value, stated, issued, ends })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    #[serde(rename = "type")]
    _kind: String,
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    #[serde(rename = "account")]
    _account: Option<String>,
    nonce: Option<String>,
    cnf: Option<Confirmation>,
    session: Option<String>,
    factors: Vec<Factor>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    jkt: String,
}

/// One factor, as stated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Factor {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) result: String,
    /// NumericDate.
    pub(crate) time: i64,
    pub(crate) model: Option<String>,
    pub(crate) certification: Option<Certified>,
}

/// By whom a factor is certified, as stated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certified {
    pub(crate) scheme: String,
    #[serde(rename = "level")]
    _level: Option<Value>,
    #[serde(rename = "ref")]
    _reference: Option<String>,
}
