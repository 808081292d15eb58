//! Proofs of selective disclosure of any suite: base or derived, what they commit to, making and deriving one.

use inkan_core::{CryptoRng, Digest, SecretBytes, json, sha256};
use inkan_crypto::{PublicKey, Signer};
use serde_json::{Map, Value};

use super::suite::rdfc_config;
use super::{Cryptosuite, Proof, ProofError, SignFailure, bbs, ecdsa_sd};
use crate::rdfc::{self, Contexts, Hash};
use crate::sd_primitives::{JsonPointer, LABEL_KEY_LENGTH, SelectionError};

/// For whom a proof of selective disclosure is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// For the holder, as the issuer made it.
    Base,
    /// For others, as the holder derived it.
    Derived,
}

/// The value of a proof of selective disclosure.
enum SelectiveValue {
    EcdsaSd(ecdsa_sd::ProofValue),
    Bbs(bbs::ProofValue),
}

/// What a holder decides about a derived proof.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holders<'a> {
    /// What is shown beside the mandatory statements.
    pub(crate) chosen: &'a [JsonPointer],
    /// Bytes that the proof is bound to, if its suite can.
    pub(crate) presentation_header: &'a [u8],
}

/// Makes a base proof of `suite` on `document`; `terms` are its members except `type`, `cryptosuite` and `proofValue`.
///
/// # Errors
///
/// [`SignFailure`]; [`ProofError::UnsupportedSuite`] for a suite of another kind, [`ProofError::KeyMismatch`] for a key that
/// does not fit it, [`ProofError::CoversProofs`] if the terms name predecessors, [`ProofError::Linkable`] for what would undo
/// `bbs-2023`.
pub(crate) fn add_base_proof(
    suite: &Cryptosuite,
    (document, mut terms, mandatory): (&Value, Map<String, Value>, &[JsonPointer]),
    signer: &dyn Signer,
    contexts: &Contexts,
    rng: &mut impl CryptoRng,
) -> Result<Proof, SignFailure> {
    if !suite.is_selective() {
        let suite = suite.as_str().to_owned();
        return Err(SignFailure::Proof(ProofError::UnsupportedSuite { suite }));
    }
    if !suite.signs_with(signer.public_key().key_type()) {
        return Err(SignFailure::Proof(ProofError::KeyMismatch));
    }
    if terms.contains_key("previousProof") {
        return Err(SignFailure::Proof(ProofError::CoversProofs));
    }
    terms.insert("type".to_owned(), "DataIntegrityProof".into());
    terms.insert("cryptosuite".to_owned(), suite.as_str().into());
    let mut proof = Value::Object(terms);
    let value = if *suite == Cryptosuite::Bbs2023 {
        // Every derived proof shows both: the ledger specification gives these credentials no record (§2.5), and nothing
        // can name a proof that is another each time.
        for (object, member) in [(document, "ledgerRecord"), (&proof, "id")] {
            if object.get(member).is_some() {
                return Err(SignFailure::Proof(ProofError::Linkable { member }));
            }
        }
        let mut label_key = vec![0; LABEL_KEY_LENGTH];
        rng.fill(&mut label_key);
        let label_key = SecretBytes::new(label_key);
        bbs::sign((document, &proof), mandatory, signer, contexts, label_key)?.to_text()
    } else {
        let secrets = ecdsa_sd::Secrets::draw(rng);
        ecdsa_sd::sign((document, &proof), mandatory, signer, contexts, secrets)?.to_text()
    };
    if let Value::Object(members) = &mut proof {
        members.insert("proofValue".to_owned(), value.into());
    }
    Ok(Proof::from_value(proof)?)
}

/// `proofHash`: that of the proof's other members in canonical form.
pub(super) fn proof_hash(
    document: &Value,
    proof: &Value,
    contexts: &Contexts,
) -> Result<Digest, ProofError> {
    let config = rdfc::canonical(&rdfc_config(document, proof), contexts, Hash::Sha256)?;
    Ok(sha256(&[config.as_bytes()]))
}

/// `mandatoryHash`: that of statements in their order.
pub(super) fn hash_of<'a>(lines: impl IntoIterator<Item = &'a String>) -> Digest {
    let lines: Vec<&[u8]> = lines.into_iter().map(|line| line.as_bytes()).collect();
    sha256(&lines)
}

impl Proof {
    /// The value; `None` if the suite is of another kind, or it is malformed.
    fn selective_value(&self) -> Option<SelectiveValue> {
        let text = json::text(self.value(), "proofValue")?;
        match self.cryptosuite {
            Cryptosuite::EcdsaSd2023 => {
                ecdsa_sd::ProofValue::parse(text).map(SelectiveValue::EcdsaSd)
            }
            Cryptosuite::Bbs2023 => bbs::ProofValue::parse(text).map(SelectiveValue::Bbs),
            Cryptosuite::EddsaJcs2022
            | Cryptosuite::EddsaRdfc2022
            | Cryptosuite::EcdsaJcs2019
            | Cryptosuite::EcdsaRdfc2019
            | Cryptosuite::Ed25519Signature2020
            | Cryptosuite::Unknown(_) => None,
        }
    }

    /// Whether the proof is for the holder or for others; `None` if its suite has no such difference.
    pub(crate) fn stage(&self) -> Option<Stage> {
        match self.selective_value()? {
            SelectiveValue::EcdsaSd(ecdsa_sd::ProofValue::Base(_))
            | SelectiveValue::Bbs(bbs::ProofValue::Base(_)) => Some(Stage::Base),
            SelectiveValue::EcdsaSd(ecdsa_sd::ProofValue::Derived(_))
            | SelectiveValue::Bbs(bbs::ProofValue::Derived(_)) => Some(Stage::Derived),
            SelectiveValue::Bbs(bbs::ProofValue::Other(_)) => None,
        }
    }

    /// The issuer's signature in a proof of selective disclosure (`di-sd` of the ledger specification §2.5): of
    /// `ecdsa-sd-2023` the same in a base proof and in all that are derived from it; of `bbs-2023` in the base proof alone.
    pub(crate) fn base_signature(&self) -> Option<Vec<u8>> {
        match self.selective_value()? {
            SelectiveValue::EcdsaSd(value) => Some(value.signature().to_vec()),
            SelectiveValue::Bbs(bbs::ProofValue::Base(base)) => Some(base.signature.to_vec()),
            SelectiveValue::Bbs(bbs::ProofValue::Derived(_) | bbs::ProofValue::Other(_)) => None,
        }
    }

    /// The JSON pointers to what a base proof always shows; `None` if it is none.
    pub(crate) fn mandatory(&self) -> Option<Vec<String>> {
        match self.selective_value()? {
            SelectiveValue::EcdsaSd(ecdsa_sd::ProofValue::Base(base)) => Some(base.mandatory),
            SelectiveValue::Bbs(bbs::ProofValue::Base(base)) => Some(base.mandatory),
            SelectiveValue::EcdsaSd(ecdsa_sd::ProofValue::Derived(_))
            | SelectiveValue::Bbs(bbs::ProofValue::Derived(_) | bbs::ProofValue::Other(_)) => None,
        }
    }

    /// The proof that shows what is mandatory, and what was chosen of `document`. `Ok(None)` if this is no base proof.
    pub(crate) fn derive(
        &self,
        document: &Value,
        holders: Holders<'_>,
        contexts: &Contexts,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Self>, SelectionError> {
        let value = match self.selective_value() {
            Some(SelectiveValue::EcdsaSd(ecdsa_sd::ProofValue::Base(base))) => {
                ecdsa_sd::derive(document, &base, holders.chosen, contexts)?.to_text()
            }
            Some(SelectiveValue::Bbs(bbs::ProofValue::Base(base))) => {
                bbs::derive(document, &base, holders, contexts, rng)?.to_text()
            }
            Some(
                SelectiveValue::EcdsaSd(ecdsa_sd::ProofValue::Derived(_))
                | SelectiveValue::Bbs(bbs::ProofValue::Derived(_) | bbs::ProofValue::Other(_)),
            )
            | None => return Ok(None),
        };
        let value = value.ok_or(SelectionError::Labels)?;
        let mut derived = self.clone();
        if let Value::Object(members) = &mut derived.value {
            members.insert("proofValue".to_owned(), value.into());
        }
        Ok(Some(derived))
    }

    /// Checks a base proof, as its holder does.
    pub(crate) fn verify_base(
        &self,
        document: &Value,
        key: &PublicKey,
        contexts: &Contexts,
    ) -> Result<(), ProofError> {
        if !self.cryptosuite.signs_with(key.key_type()) {
            return Err(ProofError::KeyMismatch);
        }
        match &self.cryptosuite {
            Cryptosuite::EcdsaSd2023 => ecdsa_sd::verify_base(document, self, key, contexts),
            Cryptosuite::Bbs2023 => bbs::verify_base(document, self, key, contexts),
            other @ (Cryptosuite::EddsaJcs2022
            | Cryptosuite::EddsaRdfc2022
            | Cryptosuite::EcdsaJcs2019
            | Cryptosuite::EcdsaRdfc2019
            | Cryptosuite::Ed25519Signature2020
            | Cryptosuite::Unknown(_)) => {
                Err(ProofError::UnsupportedSuite { suite: other.as_str().to_owned() })
            }
        }
    }
}
