//! What `anchor` and `once` entries say (§2.3 of the ledger specification): that something else existed, or was used up.

use inkan_core::Digest;
use serde_json::{Map, Value};

use super::Members;
use crate::rejection::Rejection;

/// The longest `mt` in bytes.
const MEDIA_TYPE_LIMIT: usize = 127;
/// The longest `scope` of a one-time use in bytes.
const ONCE_SCOPE_LIMIT: usize = 64;

/// Something other than a credential or an act existed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnchorClaims {
    /// What it is.
    pub scope: AnchorScope,
    /// Its media type.
    pub media_type: String,
    /// The thing itself, or a commitment to it.
    pub content: AnchorContent,
    /// Records under a batch root.
    pub records: Option<u64>,
}

/// What is anchored. The set is closed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AnchorScope {
    /// A document.
    Document,
    /// Firmware.
    Firmware,
    /// A data set.
    Dataset,
    /// A model.
    Model,
    /// Anything else.
    Other,
}

/// What an anchor shows of the thing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AnchorContent {
    /// SHA-256 of something public.
    Public {
        /// The digest.
        digest: Digest,
        /// How many bytes it has.
        length: Option<u64>,
    },
    /// A salted commitment to something that is not.
    Committed {
        /// The commitment.
        commitment: Digest,
    },
}

/// A one-time use: the first entry for scope and id wins, whoever signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OnceClaims {
    /// What is used up; unguessable, for whoever knows it can use it up.
    pub id: OnceId,
    /// In which sense.
    pub scope: String,
}

/// The id of a one-time use, 32 bytes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct OnceId(Digest);

impl OnceId {
    /// Takes 32 bytes that already are an id.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Digest::from_bytes(bytes))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Base64url without padding, 43 characters: the form in entries, ids and map keys.
    #[must_use]
    pub fn to_b64u(&self) -> String {
        self.0.to_b64u()
    }
}

impl AnchorScope {
    /// All scopes.
    pub const ALL: [Self; 5] =
        [Self::Document, Self::Firmware, Self::Dataset, Self::Model, Self::Other];

    /// The value of `scope`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Firmware => "firmware",
            Self::Dataset => "dataset",
            Self::Model => "model",
            Self::Other => "other",
        }
    }

    /// Reads a value of `scope`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

impl AnchorContent {
    /// Digest or commitment: what the entry id names.
    #[must_use]
    pub const fn value(&self) -> &Digest {
        match self {
            Self::Public { digest, .. } => digest,
            Self::Committed { commitment } => commitment,
        }
    }
}

impl AnchorClaims {
    pub(super) fn read(members: &mut Members) -> Result<Self, Rejection> {
        let invalid = |member| Rejection::MemberInvalid { member };
        let scope = AnchorScope::from_name(&members.text("scope", 16)?);
        let scope = scope.ok_or_else(|| invalid("scope"))?;
        let media_type = members.text("mt", MEDIA_TYPE_LIMIT)?;
        if !is_media_type(&media_type) {
            return Err(invalid("mt"));
        }
        let digest = members.optional("dig", Members::digest)?;
        let commitment = members.optional("com", Members::digest)?;
        let content = match (digest, commitment) {
            (Some(digest), None) => {
                let length = members.optional("len", Members::integer)?;
                AnchorContent::Public { digest, length }
            }
            // `len` goes with `dig`: of a commitment it would tell something, and is an unknown member.
            (None, Some(commitment)) => AnchorContent::Committed { commitment },
            (Some(_), Some(_)) => return Err(invalid("com")),
            (None, None) => return Err(invalid("dig")),
        };
        let records = members.optional("n", Members::integer)?;
        if records == Some(0) {
            return Err(invalid("n"));
        }
        Ok(Self { scope, media_type, content, records })
    }

    pub(super) fn put_members(&self, out: &mut Map<String, Value>) {
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("scope", self.scope.name().into());
        put("mt", self.media_type.as_str().into());
        match &self.content {
            AnchorContent::Public { digest, length } => {
                put("dig", digest.to_b64u().into());
                if let Some(length) = length {
                    put("len", (*length).into());
                }
            }
            AnchorContent::Committed { commitment } => {
                put("com", commitment.to_b64u().into());
            }
        }
        if let Some(records) = self.records {
            put("n", records.into());
        }
    }
}

impl OnceClaims {
    pub(super) fn read(members: &mut Members) -> Result<Self, Rejection> {
        let id = OnceId(members.digest("id")?);
        Ok(Self { id, scope: members.text("scope", ONCE_SCOPE_LIMIT)? })
    }

    pub(super) fn put_members(&self, out: &mut Map<String, Value>) {
        out.insert("id".to_owned(), self.id.to_b64u().into());
        out.insert("scope".to_owned(), self.scope.as_str().into());
    }
}

/// Type and subtype of [RFC 6838 §4.2](https://www.rfc-editor.org/rfc/rfc6838#section-4.2), without parameters.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        let rest = |c: u8| c.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&c);
        name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(rest)
    };
    text.split_once('/').is_some_and(|(kind, sub)| is_name(kind) && is_name(sub))
}
