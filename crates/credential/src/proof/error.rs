//! Why a proof cannot be read, or does not hold; why none could be made.

use inkan_crypto::SignError;

use crate::consent::ConsentError;
use crate::countersignature::CountersignatureError;
use crate::model::ModelError;
use crate::rdfc::RdfcError;
use crate::sd_jwt::{ClaimPathError, SdJwtError};
use crate::sd_primitives::SelectionError;

/// A proof that is missing, malformed or wrong. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProofError {
    /// No proof, or an empty list of them: all of none would be true.
    #[error("document carries no proof")]
    Missing,
    /// More proofs than are looked at.
    #[error("document carries more than {limit} proofs")]
    TooMany {
        /// Proofs allowed.
        limit: usize,
    },
    /// A member of the proof is missing or has another shape.
    #[error("proof: {member} is missing or malformed")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// What stands where a proof belongs is no JSON object.
    #[error("proof is no JSON object")]
    NotAnObject,
    /// A proof of a suite that asserts claims and does nothing else has another purpose.
    #[error("proofs of this suite have the purpose assertionMethod, and no other")]
    PurposeUnsuitable,
    /// Two proofs have one id, so `previousProof` would have two readings.
    #[error("two proofs have the same id")]
    DuplicateId,
    /// `previousProof` names a proof that is not on the document.
    #[error("previousProof names a proof that is not there")]
    PreviousUnknown,
    /// Proofs name each other as predecessors in a circle.
    #[error("proofs name each other as predecessors in a circle")]
    Cycle,
    /// No proof says that the issuer asserts the document.
    #[error("no proof has the purpose assertionMethod")]
    IssuerProofMissing,
    /// The suite is not one of ours; nothing can be said about the proof.
    #[error("cryptosuite {suite:?} cannot be checked")]
    UnsupportedSuite {
        /// Name of the suite, or the proof's type.
        suite: String,
    },
    /// The key is of another type than the suite signs with.
    #[error("key does not fit the cryptosuite")]
    KeyMismatch,
    /// The proof was made under another context than the document has.
    #[error("document's @context is not the one its proof was made under")]
    ContextMismatch,
    /// The document or the proof has no canonical form as RDF, which the suite signs.
    #[error("document or proof has no canonical form as RDF")]
    Rdf(#[from] RdfcError),
    /// The proof is one that the issuer made for the holder, who has to derive from it what others see.
    #[error("proof is for its holder, who has to derive from it the one for others")]
    BaseProof,
    /// The proof is already derived, where one is needed to derive from.
    #[error("proof is already derived from another")]
    DerivedProof,
    /// The document says more than is signed statement by statement.
    #[error("document has more than {limit} statements that can be left out")]
    TooManyStatements {
        /// Statements allowed.
        limit: usize,
    },
    /// A proof of selective disclosure covers no other proofs: they would not be there once it is derived.
    #[error("a proof of selective disclosure cannot cover other proofs")]
    CoversProofs,
    /// A proof that is not to be linked to others would show something that is on one credential alone.
    #[error("{member} would link every proof derived from the credential to the others")]
    Linkable {
        /// The member.
        member: &'static str,
    },
    /// The signature does not verify. Says no more, so as not to become an oracle.
    #[error("proof does not verify")]
    Invalid,
}

impl ProofError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "credential-proof-missing",
            Self::TooMany { .. } => "credential-proof-too-many",
            Self::Malformed { .. } => "credential-proof-malformed",
            Self::NotAnObject => "proof-not-an-object",
            Self::PurposeUnsuitable => "proof-purpose-unsuitable",
            Self::DuplicateId => "credential-proof-duplicate-id",
            Self::PreviousUnknown => "previous-proof-unknown",
            Self::Cycle => "proof-chain-cycle",
            Self::IssuerProofMissing => "issuer-proof-missing",
            Self::UnsupportedSuite { .. } => "proof-suite-unsupported",
            Self::KeyMismatch => "proof-suite-key-mismatch",
            Self::ContextMismatch => "proof-context-mismatch",
            Self::Rdf(error) => error.code(),
            Self::BaseProof => "disclosure-base-proof",
            Self::DerivedProof => "disclosure-already-derived",
            Self::TooManyStatements { .. } => "disclosure-too-many-statements",
            Self::CoversProofs => "disclosure-covers-proofs",
            Self::Linkable { .. } => "disclosure-linkable",
            Self::Invalid => "credential-proof-invalid",
        }
    }
}

/// Why nothing was signed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignFailure {
    /// What was to be signed is not a credential.
    #[error("what is to be signed is not a credential")]
    Model(#[from] ModelError),
    /// The signer refused, or the document has no canonical form.
    #[error("signing failed")]
    Signer(#[from] SignError),
    /// The proof to be made would not have been accepted.
    #[error("the proof to be made would be malformed")]
    Proof(#[from] ProofError),
    /// The countersignature to be made would not have been accepted.
    #[error("the countersignature to be made would be malformed")]
    Countersignature(#[from] CountersignatureError),
    /// The result would not be read back, for instance because the key's URL is none.
    #[error("the result would not be read back")]
    Unreadable,
    /// The issuer's proof has no id, so no countersignature can name it.
    #[error("issuer's proof has no id, so a countersignature cannot name it")]
    IssuerProofWithoutId,
    /// The SD-JWT or key binding to be made would not have been accepted.
    #[error("the SD-JWT to be made would be malformed")]
    SdJwt(#[from] SdJwtError),
    /// A claim that is to be disclosable is not there, or its name is not enough.
    #[error("a claim that is to be disclosable is not found")]
    Claim(#[from] ClaimPathError),
    /// The claims that every verifier is to see are not found, or cannot be told from the others.
    #[error("claims that every verifier is to see cannot be selected")]
    Selection(#[from] SelectionError),
    /// Claims are kept back, or may be: nobody countersigns what is not shown.
    #[error("not everything is shown that the issuer signed")]
    PartShown,
    /// Data Integrity credentials are countersigned by a proof, JOSE ones by a JWS beside them.
    #[error("this form of countersignature does not belong to credentials of this format")]
    FormMismatch,
    /// The consent record to be made would not have been accepted.
    #[error("the consent to be made would be malformed")]
    Consent(#[source] Box<ConsentError>),
}

impl SignFailure {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Model(error) => error.code(),
            Self::Signer(error) => error.code(),
            Self::Proof(error) => error.code(),
            Self::Countersignature(error) => error.code(),
            Self::Unreadable => "signing-result-unreadable",
            Self::IssuerProofWithoutId => "issuer-proof-without-id",
            Self::SdJwt(error) => error.code(),
            Self::Claim(error) => error.code(),
            Self::Selection(error) => error.code(),
            Self::PartShown => "countersignature-of-part",
            Self::FormMismatch => "countersignature-form-mismatch",
            Self::Consent(error) => error.code(),
        }
    }
}
