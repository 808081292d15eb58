//! Powers of attorney: who may act for whom, in which roles, over which credentials, until when, and whether it may be passed on.
//!
//! A power is an ordinary credential of type `DelegationCredential` about the agent, with one claim, `powerOfAttorney`. The principal
//! issues the first link; an agent who may pass it on issues the next, which names the one before by its digest and may only
//! narrow it. So links cannot be exchanged or put in another order, and a chain says itself what belongs to it.
//!
//! In scope: reading the claim, strictly; what a chain of links gives ([`Chain`]). Out of scope: whether each link is authentic,
//! in force and not revoked (`inkan-verifier`).

mod chain;
mod error;

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp, json};
use serde_json::{Map, Value, json};

use crate::countersignature::Role;
use crate::model::is_url;
use crate::proof::{Cryptosuite, Proof};
use crate::secured::{Format, SecuredCredential};

pub use self::chain::{Chain, LINKS};
pub use self::error::DelegationError;

/// The credential's type.
pub const POWER_TYPE: &str = "DelegationCredential";
/// The claim.
pub const POWER_CLAIM: &str = "powerOfAttorney";

/// Most entries of one list of the claim.
const MOST: usize = 64;
/// Most characters of the name of a type.
const NAME: usize = 256;

/// One link: a power of attorney as its issuer wrote it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Power {
    /// Who issued it: the principal, or the agent of the link before.
    pub issuer: String,
    /// Who may act.
    pub agent: String,
    /// What it gives.
    pub grant: Grant,
    /// Since when.
    pub valid_from: Timestamp,
    /// Until when; every power ends.
    pub valid_until: Timestamp,
    /// What countersignatures and further links name it by.
    pub digest: Digest,
}

/// The claim `powerOfAttorney`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// For whom.
    pub principal: String,
    /// What may be done.
    pub acts: BTreeSet<PowerAct>,
    /// In which roles the principal is stood in for.
    pub for_roles: BTreeSet<Role>,
    /// Over credentials of which types; a credential has no other type besides `VerifiableCredential`.
    pub credential_types: BTreeSet<String>,
    /// Over credentials of which issuers; of any, if none is named.
    pub issuers: Option<BTreeSet<String>>,
    /// How often it may be passed on.
    pub may_delegate: u32,
    /// Digest of the link that this one passes on; none in the first.
    pub under: Option<Digest>,
}

/// What an agent may do. A closed set; a new act is a new version.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum PowerAct {
    /// Countersign as delegate: accept, refuse, withdraw, or seal where the principal may.
    Countersign,
}

impl PowerAct {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Countersign => "countersign",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Some(Self::Countersign).filter(|act| act.as_str() == text)
    }
}

impl Power {
    /// Reads a credential as a power of attorney. Nothing of it is verified here.
    ///
    /// # Errors
    ///
    /// [`DelegationError`]; none is worth a retry.
    pub fn of(secured: &SecuredCredential) -> Result<Self, DelegationError> {
        let credential = secured.credential();
        if !credential.has_type(POWER_TYPE) {
            return Err(DelegationError::Unsuitable { why: "it is no DelegationCredential" });
        }
        if !is_signed_as_it_stands(secured) {
            let why = "its suite signs statements, and not the JSON that is read";
            return Err(DelegationError::Unsuitable { why });
        }
        // What is kept back may be what restricts it.
        if !secured.shows_all() {
            return Err(DelegationError::Unsuitable { why: "claims are kept back" });
        }
        let malformed = |member| DelegationError::Malformed { member };
        let [subject] = credential.subjects() else { return Err(malformed("credentialSubject")) };
        let closed = subject.as_object().is_some_and(|members| members.len() == 2);
        let claim = subject.get(POWER_CLAIM).filter(|_| closed).ok_or(malformed(POWER_CLAIM))?;
        let agent = did(subject.get("id")).ok_or(malformed("id"))?;
        let grant = Grant::from_value(claim)?;
        if agent == grant.principal {
            return Err(DelegationError::Unsuitable { why: "the agent is the principal" });
        }
        Ok(Self {
            issuer: did(Some(&credential.issuer().into())).ok_or(malformed("issuer"))?,
            agent,
            grant,
            valid_from: credential.valid_from().ok_or(malformed("validFrom"))?,
            valid_until: credential.valid_until().ok_or(malformed("validUntil"))?,
            digest: secured.signed_digest(),
        })
    }
}

impl Grant {
    /// Reads the closed claim. What is not known is refused: it could be a restriction.
    ///
    /// # Errors
    ///
    /// [`DelegationError::Malformed`], which names the member.
    pub fn from_value(claim: &Value) -> Result<Self, DelegationError> {
        const MEMBERS: [&str; 7] =
            ["principal", "acts", "forRoles", "credentialTypes", "issuers", "mayDelegate", "under"];
        let malformed = |member| DelegationError::Malformed { member };
        let members = claim.as_object().ok_or(malformed(POWER_CLAIM))?;
        if !members.keys().all(|name| MEMBERS.contains(&name.as_str())) {
            return Err(malformed(POWER_CLAIM));
        }
        let of = |name: &'static str| members.get(name).ok_or(malformed(name));
        let role = |text: &str| Role::parse(text).filter(|role| *role != Role::Delegate);
        let named = |text: &str| Some(text.to_owned()).filter(|text| is_name(text));
        let one_did = |text: &str| Some(text.to_owned()).filter(|text| is_did(text));
        let issuers = match members.get("issuers") {
            None => None,
            Some(list) => Some(set(list, one_did).ok_or(malformed("issuers"))?),
        };
        let may_delegate = match members.get("mayDelegate") {
            None => 0,
            Some(number) => {
                let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
                number.ok_or(malformed("mayDelegate"))?
            }
        };
        let under = match members.get("under") {
            None => None,
            Some(_) => {
                let digest =
                    json::text(claim, "under").and_then(|text| Digest::from_b64u(text).ok());
                Some(digest.ok_or(malformed("under"))?)
            }
        };
        let types = set(of("credentialTypes")?, named);
        Ok(Self {
            principal: did(members.get("principal")).ok_or(malformed("principal"))?,
            acts: set(of("acts")?, PowerAct::parse).ok_or(malformed("acts"))?,
            for_roles: set(of("forRoles")?, role).ok_or(malformed("forRoles"))?,
            credential_types: types.ok_or(malformed("credentialTypes"))?,
            issuers,
            may_delegate,
            under,
        })
    }

    /// Writes what [`Self::from_value`] reads.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let acts: Vec<&str> = self.acts.iter().map(|act| act.as_str()).collect();
        let roles: Vec<&str> = self.for_roles.iter().map(|role| role.as_str()).collect();
        let mut out = Map::new();
        out.insert("principal".to_owned(), self.principal.as_str().into());
        out.insert("acts".to_owned(), json!(acts));
        out.insert("forRoles".to_owned(), json!(roles));
        out.insert("credentialTypes".to_owned(), json!(self.credential_types));
        if let Some(issuers) = &self.issuers {
            out.insert("issuers".to_owned(), json!(issuers));
        }
        out.insert("mayDelegate".to_owned(), self.may_delegate.into());
        if let Some(under) = self.under {
            out.insert("under".to_owned(), under.to_b64u().into());
        }
        Value::Object(out)
    }
}

/// Whether the issuer signed the JSON that is read here. A suite that signs statements would let a holder spell a restriction
/// otherwise, or hang it on another node, and no reader would see it.
fn is_signed_as_it_stands(secured: &SecuredCredential) -> bool {
    match secured.format() {
        Format::Jose | Format::SdJwt => true,
        Format::DataIntegrity => {
            secured.issuer_proof().map(Proof::cryptosuite).is_some_and(Cryptosuite::is_jcs)
        }
        Format::DataIntegritySd => false,
    }
}

/// A list without repetition, which names something: an empty one would give nothing, and look as if it did.
fn set<T: Ord>(list: &Value, read: impl Fn(&str) -> Option<T>) -> Option<BTreeSet<T>> {
    let list = list.as_array().filter(|list| !list.is_empty() && list.len() <= MOST)?;
    let out: Option<BTreeSet<T>> = list.iter().map(|item| read(item.as_str()?)).collect();
    out.filter(|out| out.len() == list.len())
}

fn did(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|text| is_did(text)).map(str::to_owned)
}

/// A DID alone: neither a path nor a query nor a key.
fn is_did(text: &str) -> bool {
    text.starts_with("did:") && is_url(text) && !text.contains(['#', '?', '/'])
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().nth(NAME).is_none()
        && !text.chars().any(|c| c.is_whitespace() || inkan_core::text::is_hidden(c))
}

#[cfg(test)]
mod tests;
