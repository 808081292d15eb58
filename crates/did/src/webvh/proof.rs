//! One Data Integrity proof of an entry or of a witness (D8): `eddsa-jcs-2022` by a did:key.

use inkan_core::{Timestamp, json, tolerance};
use inkan_crypto::{KeyType, PublicKey, data_integrity};
use serde_json::Value;

use super::error::ProofProblem;
use crate::rules::Rules;

/// A proof whose form is right; whether it holds is [`verify`](Self::verify).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct EntryProof {
    key: PublicKey,
    created: Option<Timestamp>,
    value: Value,
}

impl EntryProof {
    /// `known` are keys that it may well be by.
    pub(super) fn parse(
        value: &Value,
        rules: Rules,
        known: &[PublicKey],
    ) -> Result<Self, ProofProblem> {
        let wrong = |member: &str| ProofProblem::Member { member: member.to_owned() };
        for (member, expected) in [
            ("type", "DataIntegrityProof"),
            ("cryptosuite", "eddsa-jcs-2022"),
            ("proofPurpose", "assertionMethod"),
        ] {
            if json::text(value, member) != Some(expected) {
                return Err(wrong(member));
            }
        }
        let members = value.as_object().ok_or_else(|| wrong("proof"))?;
        for name in members.keys() {
            let known = matches!(
                name.as_str(),
                "type"
                    | "cryptosuite"
                    | "proofPurpose"
                    | "verificationMethod"
                    | "created"
                    | "proofValue"
            );
            // These say that the proof alone does not suffice, or no longer holds.
            let decisive = matches!(name.as_str(), "expires" | "previousProof" | "@context");
            if decisive || (!known && rules == Rules::Ledger) {
                return Err(wrong(name));
            }
        }
        if json::text(value, "proofValue").is_none() {
            return Err(wrong("proofValue"));
        }
        let key = json::text(value, "verificationMethod")
            .and_then(|url| read_method(url, known))
            .ok_or_else(|| wrong("verificationMethod"))?;
        let created = match (members.get("created"), rules) {
            (None, _) => None,
            (Some(Value::String(text)), Rules::Ledger) => Some(Timestamp::parse_strict(text)),
            (Some(Value::String(text)), Rules::Resolver) => Some(Timestamp::parse(text)),
            (Some(_), _) => return Err(ProofProblem::Created),
        };
        let created = created.transpose().map_err(|_| ProofProblem::Created)?;
        Ok(Self { key, created, value: value.clone() })
    }

    /// The key that the proof says it is by.
    pub(super) const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Checks time and signature over `document`, which is without `proof`.
    pub(super) fn verify(&self, document: &Value, now: Timestamp) -> Result<(), ProofProblem> {
        let latest = now.plus_seconds(tolerance::LEDGER_FUTURE);
        if self.created.is_some_and(|created| created > latest) {
            return Err(ProofProblem::Created);
        }
        data_integrity::verify(document, &self.value, &self.key).map_err(ProofProblem::Signature)
    }
}

/// `did:key:X#X` with equal halves, X an Ed25519 Multikey.
fn read_method(url: &str, known: &[PublicKey]) -> Option<PublicKey> {
    let (multikey, fragment) = url.strip_prefix("did:key:")?.split_once('#')?;
    if multikey != fragment {
        return None;
    }
    let key = PublicKey::from_multikey_among(multikey, known).ok()?;
    (key.key_type() == KeyType::Ed25519).then_some(key)
}
