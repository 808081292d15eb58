//! A fact: that something was checked, and on whose word (assurance §3, §14).
//!
//! Anybody may write down a claim. Only this crate can make a fact `attested`, and only with an [`Authorised`] that
//! a registry check gave; only this crate can make one `verified`. Nothing deserializes into a fact.
//!
//! No other crate makes an attested fact,
//! ```compile_fail,E0624
//! use inkan_evidence::{Fact, FactKind};
//! fn forge(by: &inkan_evidence::Authorised, source: inkan_core::Digest, at: inkan_core::Timestamp) -> Fact {
//!     Fact::attested(FactKind::OwnerSignKey, by, source, at)
//! }
//! ```
//! or a verified one,
//! ```compile_fail,E0624
//! use inkan_evidence::{Fact, FactKind};
//! fn forge(source: inkan_core::Digest, at: inkan_core::Timestamp) -> Fact {
//!     Fact::verified(FactKind::OwnerSignKey, source, at)
//! }
//! ```
//! or writes one down member by member,
//! ```compile_fail,E0451
//! use inkan_evidence::{Basis, Fact, FactKind};
//! fn forge(source: inkan_core::Digest, at: inkan_core::Timestamp) -> Fact {
//!     Fact { kind: FactKind::OwnerSignKey, basis: Basis::Verified, at, source }
//! }
//! ```
//! or raises the basis of one that it has,
//! ```compile_fail,E0616
//! use inkan_evidence::{Basis, Fact};
//! fn forge(mut fact: Fact) -> Fact {
//!     fact.basis = Basis::Verified;
//!     fact
//! }
//! ```
//! or reads one from JSON,
//! ```compile_fail,E0277
//! fn forge(text: &str) -> inkan_evidence::Fact {
//!     serde_json::from_str(text).unwrap()
//! }
//! ```
//! nor the authority that an attested fact needs,
//! ```compile_fail,E0277
//! fn forge(text: &str) -> inkan_evidence::Authorised {
//!     serde_json::from_str(text).unwrap()
//! }
//! ```
//! or a whole container of them.
//! ```compile_fail,E0277
//! fn forge(text: &str) -> inkan_evidence::Facts {
//!     serde_json::from_str(text).unwrap()
//! }
//! ```

use inkan_core::{Digest, Timestamp};

use crate::authority::Authorised;
use crate::row::Certification;

/// On whose word a fact rests; a later one is stronger.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Basis {
    /// Said by the holder, or by a signer without authority for it.
    Claimed,
    /// Signed by a party that a registry authorises.
    Attested,
    /// This verifier ran the cryptography over the original proof.
    Verified,
}

impl Basis {
    /// The name in policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Attested => "attested",
            Self::Verified => "verified",
        }
    }
}

/// What was checked.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FactKind {
    /// The document was inspected in person.
    GenuineSeen,
    /// An image of the document was inspected.
    GenuineImage,
    /// The same, with detection of attacks on the document presented in it.
    GenuineImagePad,
    /// Chip or signature was verified to a trust anchor.
    GenuineCrypto,
    /// Attributes were matched at an authoritative or credible source.
    AttributesValidated,
    /// The person was compared with the portrait, in person.
    OwnerInPerson,
    /// The same remotely: live, with control of presentation attacks and of injected media.
    OwnerRemoteLive,
    /// A confirmation code came back from the address.
    OwnerCode,
    /// The card's signing key signed for the holder.
    OwnerSignKey,
    /// The card's user-authentication key signed for the holder.
    OwnerAuthKey,
    /// The certificate was not revoked, says a party that may ask.
    RevocationGood,
    /// An RFC 3161 token of a configured authority covers the evidence.
    TimestampToken,
    /// A base register confirmed claims of the credential.
    RegisterConfirmed,
    /// The holder's key signed this verifier's nonce and audience.
    HolderProof,
    /// The authenticator belongs to this holder.
    AuthenticatorBound,
    /// Nothing bad is known of the authenticator's model.
    AuthenticatorStatusClean,
    /// The holder says that a second factor was used.
    UvClaimed,
    /// A second factor was used, says an attestation.
    UvAttested,
    /// The authenticator is certified, on a scale of its own.
    KeyCertified(Certification),
    /// The key lies in protected hardware.
    KeyHardware,
    /// The key cannot leave it.
    KeyNonexportable,
    /// The authentication is bound to the verifier's name.
    VerifierBound,
    /// The holder meant this authentication.
    Intent,
}

/// Where a fact belongs: facts of two places are never mixed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Place {
    /// One evidence item.
    Item,
    /// One credential.
    Credential,
    /// The presentation itself.
    Presentation,
    /// One authenticator.
    Authenticator,
}

impl FactKind {
    /// The name in reports and remedies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GenuineSeen => "genuine.seen",
            Self::GenuineImage => "genuine.image",
            Self::GenuineImagePad => "genuine.image_pad",
            Self::GenuineCrypto => "genuine.crypto",
            Self::AttributesValidated => "attributes.validated",
            Self::OwnerInPerson => "owner.in_person",
            Self::OwnerRemoteLive => "owner.remote_live",
            Self::OwnerCode => "owner.code",
            Self::OwnerSignKey => "owner.sign_key",
            Self::OwnerAuthKey => "owner.auth_key",
            Self::RevocationGood => "revocation.good",
            Self::TimestampToken => "timestamp.token",
            Self::RegisterConfirmed => "register.confirmed",
            Self::HolderProof => "holder.proof",
            Self::AuthenticatorBound => "authenticator.bound",
            Self::AuthenticatorStatusClean => "authenticator.status_clean",
            Self::UvClaimed => "uv.claimed",
            Self::UvAttested => "uv.attested",
            Self::KeyCertified(certification) => certification.fact_name(),
            Self::KeyHardware => "key.hardware",
            Self::KeyNonexportable => "key.nonexportable",
            Self::VerifierBound => "verifier.bound",
            Self::Intent => "intent",
        }
    }

    /// Where it belongs.
    #[must_use]
    pub const fn place(self) -> Place {
        match self {
            Self::GenuineSeen
            | Self::GenuineImage
            | Self::GenuineImagePad
            | Self::GenuineCrypto
            | Self::AttributesValidated
            | Self::OwnerInPerson
            | Self::OwnerRemoteLive
            | Self::OwnerCode
            | Self::OwnerSignKey
            | Self::OwnerAuthKey
            | Self::RevocationGood
            | Self::TimestampToken => Place::Item,
            Self::RegisterConfirmed => Place::Credential,
            Self::HolderProof | Self::UvClaimed => Place::Presentation,
            Self::AuthenticatorBound
            | Self::AuthenticatorStatusClean
            | Self::UvAttested
            | Self::KeyCertified(_)
            | Self::KeyHardware
            | Self::KeyNonexportable
            | Self::VerifierBound
            | Self::Intent => Place::Authenticator,
        }
    }

    /// Whether it says that the document is genuine.
    #[must_use]
    pub const fn is_genuine(self) -> bool {
        matches!(
            self,
            Self::GenuineSeen | Self::GenuineImage | Self::GenuineImagePad | Self::GenuineCrypto
        )
    }
}

/// That something was checked, on whose word, when, and where that is written.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Fact {
    kind: FactKind,
    basis: Basis,
    at: Timestamp,
    source: Digest,
}

impl Fact {
    /// Writes down a claim: supports nothing that needs a checked fact.
    #[must_use]
    pub const fn claimed(kind: FactKind, source: Digest, at: Timestamp) -> Self {
        Self { kind, basis: Basis::Claimed, at, source }
    }

    /// A fact on the word of an authorised party.
    pub(crate) const fn attested(
        kind: FactKind,
        _by: &Authorised,
        source: Digest,
        at: Timestamp,
    ) -> Self {
        Self { kind, basis: Basis::Attested, at, source }
    }

    /// A fact whose cryptography this verifier ran.
    pub(crate) const fn verified(kind: FactKind, source: Digest, at: Timestamp) -> Self {
        Self { kind, basis: Basis::Verified, at, source }
    }

    #[cfg(feature = "insecure-test-facts")]
    pub(crate) const fn invented(kind: FactKind, basis: Basis, at: Timestamp) -> Self {
        Self { kind, basis, at, source: Digest::from_bytes([0; 32]) }
    }

    /// What was checked.
    #[must_use]
    pub const fn kind(&self) -> FactKind {
        self.kind
    }

    /// On whose word.
    #[must_use]
    pub const fn basis(&self) -> Basis {
        self.basis
    }

    /// When.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// SHA-256 of what says so.
    #[must_use]
    pub const fn source(&self) -> Digest {
        self.source
    }
}
