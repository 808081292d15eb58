//! Facts out of nothing, for tests of the evaluator (feature `insecure-test-facts`).

use std::collections::BTreeSet;

use inkan_core::{Timestamp, sha256};
use serde_json::Value;

use crate::fact::{Basis, Fact, FactKind, Place};
use crate::facts::{Authenticator, Facts, Holder, Liveness};
use crate::item::Checkers;
use crate::jpki::Jpki;
use crate::make::{Seen, make};
use crate::register_check::{RegisterCheck, RegisterResult};
use crate::registry::Registry;
use crate::row::Road;

/// A credential as if it had been verified.
#[derive(Clone, Debug)]
pub struct TestCredential {
    /// The credential.
    pub value: Value,
    /// Who signed it.
    pub issuer: String,
    /// Thumbprints of the subject's keys.
    pub holder_jkts: Vec<String>,
    /// Thumbprints of keys that a verifiable history shows for the subject.
    pub former_jkts: Vec<String>,
    /// When it is proved to have existed.
    pub existed_by: Option<Timestamp>,
    /// Text whose digest stands for the issuer's signed part.
    pub digest_of: String,
}

/// A presenter as if possession had been proved.
#[derive(Clone, Debug)]
pub struct TestHolder {
    /// The holder's DID.
    pub did: String,
    /// Thumbprint of its key.
    pub jkt: String,
    /// Whether it is judged while it is fresh.
    pub liveness: Liveness,
    /// Seconds from asking to receiving.
    pub age_seconds: i64,
}

/// Runs the real fact making over what a test says was verified; `None` stands for a credential that was not.
#[must_use]
pub fn facts(
    credentials: &[Option<TestCredential>],
    holder: Option<&TestHolder>,
    registries: &[Registry],
    as_of: Timestamp,
) -> Facts {
    facts_with(credentials, holder, (registries, None), as_of)
}

/// The same by a verifier that looks at signatures of cards itself.
#[must_use]
pub fn facts_with(
    credentials: &[Option<TestCredential>],
    holder: Option<&TestHolder>,
    by: (&[Registry], Option<&Jpki>),
    as_of: Timestamp,
) -> Facts {
    let jkts = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
    let seen: Vec<Option<Seen<'_>>> = credentials
        .iter()
        .map(|credential| {
            credential.as_ref().map(|credential| Seen {
                value: &credential.value,
                digest: sha256(&[credential.digest_of.as_bytes()]),
                issuer: &credential.issuer,
                existed_by: credential.existed_by,
                holder_jkts: jkts(&credential.holder_jkts),
                former_jkts: jkts(&credential.former_jkts),
            })
        })
        .collect();
    let holder = holder.map(|holder| Holder {
        did: holder.did.clone(),
        jkt: holder.jkt.clone(),
        liveness: holder.liveness,
        age_seconds: holder.age_seconds,
        nonce_digest: sha256(&[b"nonce"]),
        facts: vec![Fact::verified(FactKind::HolderProof, sha256(&[b"nonce"]), as_of)],
    });
    let checkers = Checkers { jpki: by.1, ..Checkers::default() };
    make(&seen, holder, (by.0, checkers), as_of)
}

/// Adds a fact at a place, such as `cred[0].evidence[0].evidence[0]`, `cred[0]` or `presentation`.
///
/// Facts about an authenticator go to the first one on `road`, which is made if there is none.
pub fn add(facts: &mut Facts, path: &str, kind: FactKind, basis: Basis, road: Road) {
    let at = facts.as_of;
    add_at(facts, (path, road), (kind, basis), at);
}

/// The same of a fact that was checked at `at`.
pub fn add_at(
    facts: &mut Facts,
    (path, road): (&str, Road),
    (kind, basis): (FactKind, Basis),
    at: Timestamp,
) {
    let fact = Fact::invented(kind, basis, at);
    match kind.place() {
        Place::Item => {
            let events = facts.credentials.iter_mut().flatten().flat_map(|c| &mut c.events);
            for item in events.flat_map(|event| &mut event.items) {
                if item.path == path {
                    item.facts.push(fact.clone());
                }
            }
        }
        Place::Credential => {
            for credential in facts.credentials.iter_mut().flatten() {
                if credential.path == path {
                    credential.facts.push(fact.clone());
                    if kind == FactKind::RegisterConfirmed {
                        credential.registers.push(RegisterCheck {
                            register: "did:web:register.example".to_owned(),
                            by: None,
                            claims: credential.claims.keys().cloned().collect(),
                            result: RegisterResult::Match,
                            at,
                        });
                    }
                }
            }
        }
        Place::Presentation => {
            if let Some(holder) = &mut facts.holder {
                holder.facts.push(fact);
            }
        }
        Place::Authenticator => {
            match facts.authenticators.iter_mut().find(|known| known.road == road) {
                Some(known) => known.facts.push(fact),
                None => facts.authenticators.push(Authenticator {
                    road,
                    facts: vec![fact],
                    age_seconds: None,
                    of_session: false,
                }),
            }
        }
    }
}

/// Says of every authenticator how old what it rests on is, in seconds, and whether it speaks for a session instead of a holder.
pub fn spoken(facts: &mut Facts, age_seconds: Option<i64>, of_session: bool) {
    for known in &mut facts.authenticators {
        known.age_seconds = age_seconds;
        known.of_session = of_session;
    }
}
