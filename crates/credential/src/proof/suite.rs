//! The cryptosuites: their names, their keys, and what each of them signs.
//!
//! In scope: from a document and a proof to a verdict or a signature, per suite. Out of scope: which proofs stand in the
//! document that is signed (`proof`).

use inkan_crypto::{KeyType, PublicKey, SignatureError, Signer, data_integrity};
use serde_json::{Map, Value};

use super::{Proof, ProofError, SignFailure, bbs, ecdsa_sd};
use crate::rdfc::{self, Contexts, Hash};

/// The cryptosuites spoken here; everything else is kept by name and never counted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cryptosuite {
    /// Ed25519 over JCS ([vc-di-eddsa §3.3](https://www.w3.org/TR/2025/REC-vc-di-eddsa-20250515/#eddsa-jcs-2022)).
    EddsaJcs2022,
    /// Ed25519 over RDFC-1.0 ([vc-di-eddsa §3.2](https://www.w3.org/TR/2025/REC-vc-di-eddsa-20250515/#eddsa-rdfc-2022)).
    EddsaRdfc2022,
    /// ECDSA over JCS, on P-256 or P-384 ([vc-di-ecdsa §3.3](https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#ecdsa-jcs-2019)).
    EcdsaJcs2019,
    /// ECDSA over RDFC-1.0, on P-256 or P-384 ([vc-di-ecdsa §3.2](https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#ecdsa-rdfc-2019)).
    EcdsaRdfc2019,
    /// ECDSA on P-256 over each statement alone, so that a holder may leave some out
    /// ([vc-di-ecdsa §3.5](https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#ecdsa-sd-2023)).
    EcdsaSd2023,
    /// BBS over all statements, so that a holder may leave some out and nobody can link what is shown
    /// ([vc-di-bbs §3.4](https://www.w3.org/TR/2024/CR-vc-di-bbs-20240404/#bbs-2023)).
    Bbs2023,
    /// The older form of `eddsa-rdfc-2022`, a proof type of its own. New ones are for those who can read no other
    /// ([vc-di-eddsa §B.1](https://www.w3.org/TR/2025/REC-vc-di-eddsa-20250515/#ed25519signature2020)).
    Ed25519Signature2020,
    /// Any other suite, or the type of a proof that is no `DataIntegrityProof`.
    Unknown(String),
}

impl Cryptosuite {
    /// The suite that a key of this type signs with unless another is asked for: over JCS, if there is one.
    #[must_use]
    pub const fn for_key(key_type: KeyType) -> Self {
        match key_type {
            KeyType::Ed25519 => Self::EddsaJcs2022,
            // None has keys of P-521: signing by one says so.
            KeyType::P256 | KeyType::P384 | KeyType::P521 => Self::EcdsaJcs2019,
            KeyType::Bls12381G2 => Self::Bbs2023,
        }
    }

    /// The suite over RDFC-1.0 that a key of this type signs with.
    #[must_use]
    pub const fn rdfc_for_key(key_type: KeyType) -> Self {
        match key_type {
            KeyType::Ed25519 => Self::EddsaRdfc2022,
            KeyType::P256 | KeyType::P384 | KeyType::P521 => Self::EcdsaRdfc2019,
            KeyType::Bls12381G2 => Self::Bbs2023,
        }
    }

    /// The suite that a proof names by `type` and `cryptosuite`. `None` if a `DataIntegrityProof` names none.
    #[must_use]
    pub fn parse(proof_type: &str, cryptosuite: Option<&str>) -> Option<Self> {
        Some(match (proof_type, cryptosuite) {
            ("DataIntegrityProof", None) => return None,
            ("DataIntegrityProof", Some("eddsa-jcs-2022")) => Self::EddsaJcs2022,
            ("DataIntegrityProof", Some("eddsa-rdfc-2022")) => Self::EddsaRdfc2022,
            ("DataIntegrityProof", Some("ecdsa-jcs-2019")) => Self::EcdsaJcs2019,
            ("DataIntegrityProof", Some("ecdsa-rdfc-2019")) => Self::EcdsaRdfc2019,
            ("DataIntegrityProof", Some("ecdsa-sd-2023")) => Self::EcdsaSd2023,
            ("DataIntegrityProof", Some("bbs-2023")) => Self::Bbs2023,
            ("DataIntegrityProof", Some(other)) => Self::Unknown(other.to_owned()),
            ("Ed25519Signature2020", None) => Self::Ed25519Signature2020,
            (other, _) => Self::Unknown(other.to_owned()),
        })
    }

    /// The name used in proofs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::EddsaJcs2022 => "eddsa-jcs-2022",
            Self::EddsaRdfc2022 => "eddsa-rdfc-2022",
            Self::EcdsaJcs2019 => "ecdsa-jcs-2019",
            Self::EcdsaRdfc2019 => "ecdsa-rdfc-2019",
            Self::EcdsaSd2023 => "ecdsa-sd-2023",
            Self::Bbs2023 => "bbs-2023",
            Self::Ed25519Signature2020 => "Ed25519Signature2020",
            Self::Unknown(name) => name,
        }
    }

    /// Whether proofs of this suite can be checked here.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }

    /// Whether the issuer signs statements so that each can be left out: its proof is for the holder, who derives from it
    /// what others see.
    #[must_use]
    pub const fn is_selective(&self) -> bool {
        match self {
            Self::EcdsaSd2023 | Self::Bbs2023 => true,
            Self::EddsaJcs2022
            | Self::EddsaRdfc2022
            | Self::EcdsaJcs2019
            | Self::EcdsaRdfc2019
            | Self::Ed25519Signature2020
            | Self::Unknown(_) => false,
        }
    }

    /// Whether it signs the canonical form as JSON.
    #[must_use]
    pub const fn is_jcs(&self) -> bool {
        matches!(self, Self::EddsaJcs2022 | Self::EcdsaJcs2019)
    }

    /// Whether it signs the canonical form as RDF.
    #[must_use]
    pub const fn is_rdfc(&self) -> bool {
        match self {
            Self::EddsaRdfc2022
            | Self::EcdsaRdfc2019
            | Self::EcdsaSd2023
            | Self::Bbs2023
            | Self::Ed25519Signature2020 => true,
            Self::EddsaJcs2022 | Self::EcdsaJcs2019 | Self::Unknown(_) => false,
        }
    }

    /// Whether keys of that type sign with it.
    #[must_use]
    pub const fn signs_with(&self, key_type: KeyType) -> bool {
        match self {
            Self::EddsaJcs2022 | Self::EddsaRdfc2022 | Self::Ed25519Signature2020 => {
                matches!(key_type, KeyType::Ed25519)
            }
            Self::EcdsaJcs2019 | Self::EcdsaRdfc2019 => {
                matches!(key_type, KeyType::P256 | KeyType::P384)
            }
            Self::EcdsaSd2023 => matches!(key_type, KeyType::P256),
            Self::Bbs2023 => matches!(key_type, KeyType::Bls12381G2),
            Self::Unknown(_) => false,
        }
    }
}

impl Cryptosuite {
    /// Whether a `proofValue` has the form of this suite's, as far as that is known before it is checked.
    pub(super) fn may_have_value(&self, text: &str) -> bool {
        match self {
            Self::EcdsaSd2023 => ecdsa_sd::ProofValue::parse(text).is_some(),
            Self::Bbs2023 => bbs::ProofValue::parse(text).is_some(),
            Self::EddsaJcs2022
            | Self::EddsaRdfc2022
            | Self::EcdsaJcs2019
            | Self::EcdsaRdfc2019
            | Self::Ed25519Signature2020 => text.starts_with('z'),
            Self::Unknown(_) => true,
        }
    }
}

/// A proof and what it covers in canonical form, ready to be checked against keys of one type.
#[derive(Debug)]
pub(super) enum Ready {
    /// One signature over everything.
    Signature(data_integrity::Prepared),
    EcdsaSd(ecdsa_sd::Ready),
    Bbs(bbs::Ready),
}

/// Makes ready `proof` over `document`, in which the proofs that it covers stand as `proof`. Keys of the type fit the suite.
pub(super) fn prepare(
    document: &Value,
    proof: &Proof,
    key_type: KeyType,
    contexts: &Contexts,
) -> Result<Ready, ProofError> {
    #[cfg(test)]
    PREPARED.set(PREPARED.get() + 1);
    if proof.cryptosuite == Cryptosuite::EcdsaSd2023 {
        return ecdsa_sd::prepare(document, proof, contexts).map(Ready::EcdsaSd);
    }
    if proof.cryptosuite == Cryptosuite::Bbs2023 {
        return bbs::prepare(document, proof, contexts).map(Ready::Bbs);
    }
    let (algorithm, value) = (key_type.algorithm(), &proof.value);
    let made = if proof.cryptosuite.is_rdfc() {
        let hash = hash_for(key_type);
        let config = rdfc::canonical(&rdfc_config(document, value), contexts, hash)?;
        let document = rdfc::canonical(document, contexts, hash)?;
        data_integrity::Prepared::canonical(
            document.as_bytes(),
            config.as_bytes(),
            value,
            algorithm,
        )
    } else {
        data_integrity::Prepared::jcs(document, value, algorithm)
    };
    made.map(Ready::Signature).map_err(|error| judged(&error))
}

#[cfg(test)]
thread_local! {
    /// How often a document was brought into canonical form to check a proof.
    pub(in crate::proof) static PREPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl Ready {
    /// Checks the signature against a key of the type that it was made ready for.
    pub(super) fn check(&self, key: &PublicKey) -> Result<(), ProofError> {
        match self {
            Self::Signature(prepared) => prepared.check(key).map_err(|error| judged(&error)),
            Self::EcdsaSd(ready) => ready.check(key),
            Self::Bbs(ready) => ready.check(key),
        }
    }
}

fn judged(error: &SignatureError) -> ProofError {
    if *error == SignatureError::ContextMismatch {
        ProofError::ContextMismatch
    } else {
        ProofError::Invalid
    }
}

/// The `proofValue` for the proof that `draft` is apart from it. The key fits the suite.
pub(super) fn sign(
    document: &Value,
    draft: &Proof,
    signer: &dyn Signer,
    contexts: &Contexts,
) -> Result<String, SignFailure> {
    if !draft.cryptosuite.is_rdfc() {
        return Ok(data_integrity::sign(document, &draft.value, signer)?);
    }
    let hash = hash_for(signer.key_type());
    let canonical = |value: &Value| rdfc::canonical(value, contexts, hash).map_err(ProofError::Rdf);
    let config = canonical(&rdfc_config(document, &draft.value))?;
    let document = canonical(document)?;
    Ok(data_integrity::sign_canonical(document.as_bytes(), config.as_bytes(), signer)?)
}

/// The hash inside RDFC-1.0 follows the size of the key (vc-di-ecdsa §3.2).
const fn hash_for(key_type: KeyType) -> Hash {
    match key_type {
        KeyType::Ed25519 | KeyType::P256 | KeyType::Bls12381G2 => Hash::Sha256,
        KeyType::P384 | KeyType::P521 => Hash::Sha384,
    }
}

/// The proof configuration of RDFC suites: the proof without its value, under the document's `@context`
/// (vc-di-eddsa §3.2.5).
pub(super) fn rdfc_config(document: &Value, proof: &Value) -> Value {
    let mut config = without_value(proof);
    if let (Value::Object(members), Some(context)) = (&mut config, document.get("@context")) {
        members.insert("@context".to_owned(), context.clone());
    }
    config
}

pub(super) fn without_value(proof: &Value) -> Value {
    let members = proof.as_object().into_iter().flatten();
    let kept = members.filter(|(name, _)| *name != "proofValue");
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
