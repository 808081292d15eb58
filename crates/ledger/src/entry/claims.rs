//! What signed entries say (§2.3 of the ledger specification), by kind; every schema is closed.

use inkan_core::{Digest, Timestamp, json::MAX_SAFE_INTEGER};
use serde_json::{Map, Value};

use crate::commitment::ActId;
use crate::leaf::Kind;
use crate::rejection::Rejection;

pub mod anchor;
pub mod trust;

pub use anchor::{AnchorClaims, AnchorContent, AnchorScope, OnceClaims, OnceId};
pub use trust::{KEY_COMPROMISED, TrustClaims, TrustOperation, TrustStatement};

/// The longest `uri` in bytes.
const URI_LIMIT: usize = 512;
/// The longest time between `nbf` and `exp` of a status list, in seconds.
const STATUS_SPAN: i64 = 366 * 86_400;

/// The members of one kind of entry, beside `iss`, `aud` and `iat`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Claims {
    /// A credential was issued.
    Issuance {
        /// Commitment to its digest.
        commitment: Digest,
    },
    /// One state of an act: acceptance, refusal, withdrawal or seal, or a consent; which one is not visible.
    Countersignature {
        /// Commitment to the signed artefact.
        commitment: Digest,
        /// The act it belongs to.
        act: ActId,
        /// 1 for the first state of the act, then rising by 1.
        sequence: u64,
    },
    /// A status list has a new head.
    Status(StatusClaims),
    /// An authority stated something about another DID, or took it back.
    Trust(TrustClaims),
    /// Something else existed.
    Anchor(AnchorClaims),
    /// Something was used up.
    Once(OnceClaims),
}

/// The head of a status list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusClaims {
    /// Where the list is served; `https`.
    pub uri: String,
    /// In which format; for a Bitstring Status List with its purpose.
    pub format: StatusFormat,
    /// 1 for the first list at this `uri`, then rising by 1.
    pub sequence: u64,
    /// SHA-256 of the artefact as served.
    pub digest: Digest,
    /// Entries in the list.
    pub length: u64,
    /// From when it may be relied on.
    pub not_before: Timestamp,
    /// Until when it may be relied on.
    pub expires: Timestamp,
}

/// Format of a status list. It never changes for one `uri`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StatusFormat {
    /// W3C Bitstring Status List.
    Bitstring {
        /// `statusPurpose`: 1 to 32 lower-case letters.
        purpose: String,
    },
    /// IETF Token Status List as JWT.
    TokenJwt,
    /// IETF Token Status List as CWT.
    TokenCwt,
}

impl StatusFormat {
    const fn name(&self) -> &'static str {
        match self {
            Self::Bitstring { .. } => "bitstring",
            Self::TokenJwt => "token-jwt",
            Self::TokenCwt => "token-cwt",
        }
    }
}

impl Claims {
    /// The kind of entry that says this.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Issuance { .. } => Kind::Issuance,
            Self::Countersignature { .. } => Kind::Countersignature,
            Self::Status(_) => Kind::Status,
            Self::Trust(_) => Kind::Trust,
            Self::Anchor(_) => Kind::Anchor,
            Self::Once(_) => Kind::Once,
        }
    }

    /// The commitment, of kinds that have one.
    #[must_use]
    pub const fn commitment(&self) -> Option<&Digest> {
        match self {
            Self::Issuance { commitment } | Self::Countersignature { commitment, .. } => {
                Some(commitment)
            }
            Self::Anchor(AnchorClaims {
                content: AnchorContent::Committed { commitment }, ..
            }) => Some(commitment),
            Self::Anchor(AnchorClaims { content: AnchorContent::Public { .. }, .. })
            | Self::Status(_)
            | Self::Trust(_)
            | Self::Once(_) => None,
        }
    }

    /// The head of a status list, if that is what it is.
    #[must_use]
    pub const fn status(&self) -> Option<&StatusClaims> {
        match self {
            Self::Status(status) => Some(status),
            Self::Issuance { .. }
            | Self::Countersignature { .. }
            | Self::Trust(_)
            | Self::Anchor(_)
            | Self::Once(_) => None,
        }
    }

    /// The act that it is a state of, if it is one.
    #[must_use]
    pub const fn act(&self) -> Option<&ActId> {
        match self {
            Self::Countersignature { act, .. } => Some(act),
            Self::Issuance { .. }
            | Self::Status(_)
            | Self::Trust(_)
            | Self::Anchor(_)
            | Self::Once(_) => None,
        }
    }

    pub(super) fn read(kind: Kind, members: &mut Members, issuer: &str) -> Result<Self, Rejection> {
        match kind {
            Kind::Issuance => Ok(Self::Issuance { commitment: members.digest("com")? }),
            Kind::Countersignature => Ok(Self::Countersignature {
                commitment: members.digest("com")?,
                act: ActId::from_bytes(*members.digest("act")?.as_bytes()),
                sequence: members.sequence()?,
            }),
            Kind::Status => StatusClaims::read(members).map(Self::Status),
            Kind::Trust => TrustClaims::read(members, issuer).map(Self::Trust),
            Kind::Anchor => AnchorClaims::read(members).map(Self::Anchor),
            Kind::Once => OnceClaims::read(members).map(Self::Once),
            Kind::Epoch | Kind::Did => Err(Rejection::UnsupportedKind { kind }),
        }
    }

    pub(super) fn to_members(&self) -> Map<String, Value> {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        match self {
            Self::Trust(claims) => claims.put_members(&mut out),
            Self::Anchor(claims) => claims.put_members(&mut out),
            Self::Once(claims) => claims.put_members(&mut out),
            Self::Issuance { commitment } => {
                put("com", commitment.to_b64u().into());
            }
            Self::Countersignature { commitment, act, sequence } => {
                put("com", commitment.to_b64u().into());
                put("act", act.to_b64u().into());
                put("seq", (*sequence).into());
            }
            Self::Status(status) => {
                put("uri", status.uri.as_str().into());
                put("list", status.format.name().into());
                if let StatusFormat::Bitstring { purpose } = &status.format {
                    put("purpose", purpose.as_str().into());
                }
                put("seq", status.sequence.into());
                put("dig", status.digest.to_b64u().into());
                put("len", status.length.into());
                put("nbf", status.not_before.seconds().into());
                put("exp", status.expires.seconds().into());
            }
        }
        out
    }
}

impl StatusClaims {
    fn read(members: &mut Members) -> Result<Self, Rejection> {
        let uri = members.text("uri", URI_LIMIT)?;
        let host = uri.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
        if host.is_none_or(|host| host.is_empty() || host.contains('@')) {
            return Err(Rejection::MemberInvalid { member: "uri" });
        }
        let format = match members.text("list", 16)?.as_str() {
            "bitstring" => {
                let purpose = members.text("purpose", 32)?;
                if !purpose.bytes().all(|byte| byte.is_ascii_lowercase()) {
                    return Err(Rejection::MemberInvalid { member: "purpose" });
                }
                StatusFormat::Bitstring { purpose }
            }
            "token-jwt" => StatusFormat::TokenJwt,
            "token-cwt" => StatusFormat::TokenCwt,
            _ => return Err(Rejection::MemberInvalid { member: "list" }),
        };
        let status = Self {
            uri,
            format,
            sequence: members.sequence()?,
            digest: members.digest("dig")?,
            length: members.integer("len")?,
            not_before: members.time("nbf")?,
            expires: members.time("exp")?,
        };
        if (1..=STATUS_SPAN).contains(&status.expires.seconds_since(status.not_before)) {
            Ok(status)
        } else {
            Err(Rejection::MemberInvalid { member: "exp" })
        }
    }
}

/// A payload that is read member by member; what is left at the end is unknown.
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) const fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Visible ASCII, 1 to `limit` characters.
    pub(super) fn text(&mut self, member: &'static str, limit: usize) -> Result<String, Rejection> {
        match self.0.remove(member) {
            Some(Value::String(text))
                if (1..=limit).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Ok(text)
            }
            _ => Err(Rejection::MemberInvalid { member }),
        }
    }

    pub(super) fn integer(&mut self, member: &'static str) -> Result<u64, Rejection> {
        let value = self.0.remove(member);
        let number = value.as_ref().and_then(Value::as_u64);
        number
            .filter(|number| *number <= MAX_SAFE_INTEGER)
            .ok_or(Rejection::MemberInvalid { member })
    }

    pub(super) fn time(&mut self, member: &'static str) -> Result<Timestamp, Rejection> {
        let seconds = i64::try_from(self.integer(member)?).ok();
        seconds
            .and_then(|seconds| Timestamp::from_seconds(seconds).ok())
            .ok_or(Rejection::MemberInvalid { member })
    }

    /// A member that may be missing.
    pub(super) fn optional<T>(
        &mut self,
        member: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Result<T, Rejection>,
    ) -> Result<Option<T>, Rejection> {
        if self.0.contains_key(member) { read(self, member).map(Some) } else { Ok(None) }
    }

    pub(super) fn sequence(&mut self) -> Result<u64, Rejection> {
        let number = self.integer("seq")?;
        if number == 0 { Err(Rejection::MemberInvalid { member: "seq" }) } else { Ok(number) }
    }

    pub(super) fn digest(&mut self, member: &'static str) -> Result<Digest, Rejection> {
        let text = self.text(member, 43)?;
        Digest::from_b64u(&text).map_err(|_| Rejection::MemberInvalid { member })
    }

    /// Everything was read.
    pub(super) fn finish(self) -> Result<(), Rejection> {
        match self.0.into_iter().next() {
            Some((member, _)) => Err(Rejection::UnknownMember { member }),
            None => Ok(()),
        }
    }
}
