//! What `trust` entries say (§2.3 of the ledger specification): an authority's statements about other DIDs, in the sense
//! of TRQP 2.0, and a DID's report that one of its own keys was compromised.

use inkan_core::{Digest, Timestamp};
use inkan_did::DidUrl;
use serde_json::{Map, Value};

use super::Members;
use crate::rejection::Rejection;

/// The longest `entityId` in bytes.
const ENTITY_LIMIT: usize = 512;
/// The longest `action` in bytes.
const ACTION_LIMIT: usize = 64;
/// The longest `resource` in bytes.
const RESOURCE_LIMIT: usize = 256;
/// The reserved `action` of a compromise report.
pub const KEY_COMPROMISED: &str = "key-compromised";

/// A statement of the signer, the authority, about an organisation or device; never about people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustClaims {
    /// What is stated.
    pub statement: TrustStatement,
    /// About whom: a DID.
    pub entity_id: String,
    /// What it may do.
    pub action: String,
    /// To what.
    pub resource: String,
    /// What becomes of the statement.
    pub operation: TrustOperation,
    /// 1 for the first statement about this entity, action and resource, then rising by 1.
    pub sequence: u64,
    /// From when it holds; of a compromise report, since when the key is not trusted.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
    /// SHA-256 of a document that says more.
    pub digest: Option<Digest>,
}

/// TRQP's two kinds of statement.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum TrustStatement {
    /// The entity may do this.
    Authorization,
    /// The entity is recognised as an authority for this.
    Recognition,
}

/// What becomes of a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TrustOperation {
    /// It holds from `nbf` on.
    Grant,
    /// It holds no longer; what was done under it stays good.
    End,
    /// It is void from a time on, which may lie in the past.
    Void {
        /// Since when.
        since: Timestamp,
    },
}

impl TrustStatement {
    /// The value of `type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Recognition => "recognition",
        }
    }

    /// Reads a value of `type`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Authorization, Self::Recognition].into_iter().find(|one| one.name() == name)
    }
}

impl TrustOperation {
    /// The value of `op`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::End => "end",
            Self::Void { .. } => "void",
        }
    }

    /// Whether the statement holds no longer: flag 0x01 of the map.
    #[must_use]
    pub const fn ends(self) -> bool {
        match self {
            Self::Grant => false,
            Self::End | Self::Void { .. } => true,
        }
    }
}

impl TrustClaims {
    /// Whether this reports a key of the signer itself compromised.
    #[must_use]
    pub fn is_compromise_report(&self) -> bool {
        self.action == KEY_COMPROMISED
    }

    /// Reads the members, and checks the rules that need neither state nor time; `issuer` is `iss`.
    pub(super) fn read(members: &mut Members, issuer: &str) -> Result<Self, Rejection> {
        let invalid = |member| Rejection::MemberInvalid { member };
        let statement = TrustStatement::from_name(&members.text("type", 16)?);
        let statement = statement.ok_or_else(|| invalid("type"))?;
        let entity_id = members.text("entityId", ENTITY_LIMIT)?;
        if !is_did(&entity_id) {
            return Err(invalid("entityId"));
        }
        let action = members.text("action", ACTION_LIMIT)?;
        let resource = members.text("resource", RESOURCE_LIMIT)?;
        let operation = match members.text("op", 8)?.as_str() {
            "grant" => TrustOperation::Grant,
            "end" => TrustOperation::End,
            // `since` goes with `void`: elsewhere it is an unknown member.
            "void" => TrustOperation::Void { since: members.time("since")? },
            _ => return Err(invalid("op")),
        };
        let sequence = members.sequence()?;
        let not_before = members.time("nbf")?;
        let expires = members.optional("exp", Members::time)?;
        let digest = members.optional("dig", Members::digest)?;
        if expires.is_some_and(|expires| expires <= not_before) {
            return Err(invalid("exp"));
        }
        let claims = Self {
            statement,
            entity_id,
            action,
            resource,
            operation,
            sequence,
            not_before,
            expires,
            digest,
        };
        if claims.is_compromise_report() {
            claims.check_compromise_report(issuer)?;
        }
        Ok(claims)
    }

    /// A report is about a key of the signer, and final: neither ended nor limited in time.
    fn check_compromise_report(&self, issuer: &str) -> Result<(), Rejection> {
        let invalid = |member| Err(Rejection::MemberInvalid { member });
        if self.entity_id != issuer {
            return invalid("entityId");
        }
        let is_key = |url: &DidUrl| {
            url.did().as_str() == issuer && url.fragment().is_some() && url.query().is_none()
        };
        if !DidUrl::parse(&self.resource).is_ok_and(|url| is_key(&url)) {
            return invalid("resource");
        }
        if self.operation != TrustOperation::Grant {
            return invalid("op");
        }
        if self.sequence != 1 {
            return invalid("seq");
        }
        if self.expires.is_some() { invalid("exp") } else { Ok(()) }
    }

    pub(super) fn put_members(&self, out: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("type", self.statement.name().into());
        put("entityId", self.entity_id.as_str().into());
        put("action", self.action.as_str().into());
        put("resource", self.resource.as_str().into());
        put("op", self.operation.name().into());
        if let TrustOperation::Void { since } = self.operation {
            put("since", since.seconds().into());
        }
        put("seq", self.sequence.into());
        put("nbf", self.not_before.seconds().into());
        if let Some(expires) = self.expires {
            put("exp", expires.seconds().into());
        }
        if let Some(digest) = &self.digest {
            put("dig", digest.to_b64u().into());
        }
    }
}

/// The syntax of DID Core §3.1, of any method: whom an authority names is its own affair.
fn is_did(text: &str) -> bool {
    let Some((method, id)) = text.strip_prefix("did:").and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let is_id_character =
        |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':' | b'%');
    !method.is_empty()
        && method.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        && !id.is_empty()
        && !id.ends_with(':')
        && id.bytes().all(is_id_character)
}
