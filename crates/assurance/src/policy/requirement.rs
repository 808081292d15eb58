//! The assurance part: what must hold of the person, as a tree of leaves without negation.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::outer::Span;
use crate::catalogue::Class;

/// The member `assurance`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Assurance {
    pub(crate) framework: String,
    pub(crate) use_case: Option<String>,
    #[serde(rename = "source")]
    _source: Option<String>,
    pub(crate) reason: Option<BTreeMap<String, String>>,
    pub(crate) requires: Requirement,
    #[serde(default)]
    pub(crate) on_fail: OnFail,
}

/// How a refusal is to be followed up.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OnFail {
    pub(crate) step_up: Option<Vec<StepUp>>,
    pub(crate) explain: Option<bool>,
}

/// Which request to generate for what is missing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum StepUp {
    /// A new presentation.
    Openid4vp,
    /// An authenticator of the verifier's own.
    Webauthn,
    /// A challenge to an OAuth client (RFC 9470).
    Rfc9470,
    /// A party that may proof the missing row.
    Issuer,
}

/// A requirement: linear to evaluate, and without negation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Requirement {
    /// All of these.
    AllOf(Vec<Self>),
    /// One of these.
    AnyOf(Vec<Self>),
    /// An identity level.
    Ial(Box<IalLeaf>),
    /// An authentication level.
    Aal(Box<AalLeaf>),
    /// One holder for all credentials.
    Link(LinkLeaf),
    /// Parties that are admitted.
    Trust(TrustLeaf),
}

/// An identity level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct IalLeaf {
    pub(crate) min: String,
    #[serde(default)]
    pub(crate) holder_binding: bool,
    pub(crate) claims: Option<Vec<String>>,
    pub(crate) rows: Option<Vec<RowName>>,
    pub(crate) identifier: Option<Vec<Class>>,
    #[serde(default)]
    pub(crate) genuine: Genuine,
    #[serde(default)]
    pub(crate) basis: LeastBasis,
    pub(crate) max_age: Option<Span>,
    #[serde(default)]
    pub(crate) combine: Combine,
    #[serde(default)]
    pub(crate) disputed: Disputed,
    #[serde(default)]
    pub(crate) revocation: RevocationRule,
    #[serde(default)]
    pub(crate) timestamp: TimestampRule,
    pub(crate) register_check: Option<RegisterCheck>,
}

impl IalLeaf {
    /// A leaf that filters nothing.
    pub(crate) fn lowest() -> Self {
        Self {
            min: "IAL-0".to_owned(),
            holder_binding: false,
            claims: None,
            rows: None,
            identifier: None,
            genuine: Genuine::Any,
            basis: LeastBasis::Attested,
            max_age: None,
            combine: Combine::WeakestLink,
            disputed: Disputed::Accept,
            revocation: RevocationRule::None,
            timestamp: TimestampRule::None,
            register_check: None,
        }
    }
}

/// The name of a row.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct RowName(pub(crate) inkan_evidence::Row);

impl TryFrom<String> for RowName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        inkan_evidence::Row::parse(&text).map(Self).ok_or_else(|| format!("{text:?} is no row"))
    }
}

/// How genuine the row's document must have been shown to be.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Genuine {
    /// In any way.
    #[default]
    Any,
    /// By chip or signature.
    Crypto,
}

/// Least basis of a row.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum LeastBasis {
    /// On the word of an authorised party.
    #[default]
    Attested,
    /// By this verifier's own check.
    Verified,
}

/// How several credentials count.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// The weakest decides.
    #[default]
    WeakestLink,
    /// The strongest says who this is; claims keep their own levels.
    Anchor,
}

/// What a disputed level counts as.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Disputed {
    /// The next lower one, as a reason.
    #[default]
    Reject,
    /// The next lower one, as a warning.
    Floor,
    /// Itself.
    Accept,
}

/// Who must have asked whether the certificate was revoked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum RevocationRule {
    /// This verifier.
    Required,
    /// A party that may ask.
    Attested,
    /// Nobody.
    #[default]
    None,
}

/// Whether a timestamp token must cover the evidence.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum TimestampRule {
    /// It must.
    Required,
    /// Its absence is a warning.
    Preferred,
    /// Nobody asks.
    #[default]
    None,
}

/// A base register must have confirmed the claims.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RegisterCheck {
    pub(crate) max_age: Span,
}

/// An authentication level.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AalLeaf {
    pub(crate) min: String,
    pub(crate) max_auth_age: Option<Span>,
    pub(crate) single_use_nonce: Option<bool>,
    #[serde(default)]
    pub(crate) phishing_resistant: bool,
    #[serde(default)]
    pub(crate) hardware_bound: bool,
    pub(crate) user_verification: Option<UserVerification>,
    #[serde(default)]
    pub(crate) unlock_counts_as_verification: bool,
    pub(crate) key_storage: Option<Vec<KeyStorageName>>,
    pub(crate) fido_min: Option<FidoName>,
    pub(crate) accept: Option<Vec<RoadName>>,
    pub(crate) cross_device: Option<bool>,
}

/// The name of a road.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct RoadName(pub(crate) inkan_evidence::Road);

impl TryFrom<String> for RoadName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut roads = inkan_evidence::Road::ALL.into_iter();
        roads.find(|road| road.as_str() == text).map(Self).ok_or(text)
    }
}

/// How a second factor must have been shown.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum UserVerification {
    /// The holder says so.
    Claimed,
    /// An attestation says so.
    Attested,
}

/// The name of a key store's resistance.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct KeyStorageName(pub(crate) inkan_evidence::KeyStorage);

impl TryFrom<String> for KeyStorageName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        inkan_evidence::KeyStorage::parse(&text).map(Self).ok_or(text)
    }
}

/// The name of a FIDO certification level.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct FidoName(pub(crate) inkan_evidence::FidoLevel);

impl TryFrom<String> for FidoName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        inkan_evidence::FidoLevel::parse(&text).map(Self).ok_or(text)
    }
}

/// One holder for all credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkLeaf {
    pub(crate) mode: LinkMode,
    pub(crate) consistent: Option<Vec<String>>,
}

/// What shows that credentials belong to one holder; a later one admits more.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum LinkMode {
    /// One key.
    #[default]
    SameKey,
    /// One DID.
    SameController,
    /// A statement signed by both keys: refused when a policy is loaded, for nothing judges it.
    LinkProof,
}

/// Parties that are admitted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TrustLeaf {
    pub(crate) registries: Option<Vec<String>>,
    pub(crate) proofer_roles: Option<Vec<ProoferRole>>,
    pub(crate) wallet_providers: Option<Vec<String>>,
    pub(crate) operators: Option<Vec<String>>,
}

/// Roles of parties that state rows.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum ProoferRole {
    /// Issues the documents that everything else rests on.
    RootIdentityIssuer,
    /// Proofs identities.
    IdentityProofer,
    /// Issues attributes.
    AttributeIssuer,
}

impl ProoferRole {
    /// The role as registries have it.
    #[must_use]
    pub const fn party(self) -> inkan_evidence::registry::PartyRole {
        use inkan_evidence::registry::PartyRole;
        match self {
            Self::RootIdentityIssuer => PartyRole::RootIdentityIssuer,
            Self::IdentityProofer => PartyRole::IdentityProofer,
            Self::AttributeIssuer => PartyRole::AttributeIssuer,
        }
    }
}
