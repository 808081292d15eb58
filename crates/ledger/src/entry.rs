//! Signed entries (§2.2 of the ledger specification): compact JWS with closed headers and payloads.
//!
//! In scope: one reading of the bytes, all rules that need no ledger state, and making entries. Out of scope: who the
//! signer is and what came before (`state`), what a commitment covers (`commitment`).

use inkan_core::{Timestamp, json};
use inkan_crypto::jws::{self, Jws, JwsError, SignedText};
use inkan_crypto::{Algorithm, SignError, Signer};
use inkan_did::{DidDocument, DidError, DidUrl, Relationship};
use serde_json::{Map, Value};

use crate::checkpoint::ORIGIN_LIMIT;
use crate::entry_id::EntryId;
use crate::leaf::Kind;
use crate::map::MapKey;
use crate::rejection::Rejection;

pub mod claims;

use claims::Members;
pub use claims::{
    AnchorClaims, AnchorContent, AnchorScope, Claims, KEY_COMPROMISED, OnceClaims, OnceId,
    StatusClaims, StatusFormat, TrustClaims, TrustOperation, TrustStatement,
};

/// The longest decoded header in bytes.
const HEADER_LIMIT: usize = 768;
/// The longest `kid` and `iss` in bytes.
const DID_URL_LIMIT: usize = 512;
/// Nesting of a payload.
const DEPTH: usize = 16;

/// An entry whose form is right. Its signature is not checked before [`SignedEntry::verify`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedEntry {
    kid: DidUrl,
    scid: String,
    audience: String,
    issued_at: Timestamp,
    claims: Claims,
    text: SignedText,
}

impl SignedEntry {
    /// Reads the body of an entry of this kind.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: size, syntax, header, payload, in this order.
    pub fn parse(kind: Kind, body: &[u8]) -> Result<Self, Rejection> {
        check_size(kind, body)?;
        Self::take(kind, body.to_vec())
    }

    /// The same of a body that the caller has no more need of.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub(crate) fn take(kind: Kind, body: Vec<u8>) -> Result<Self, Rejection> {
        let limit = check_size(kind, &body)?;
        let text = String::from_utf8(body).map_err(|_| Rejection::Malformed("not UTF-8"))?;
        let jws =
            Jws::take_among(text, limit, &ALGORITHMS).map_err(|error| refuse(&error, limit))?;
        let kid = read_header(&jws, kind)?;
        let scid = kid.did().scid().ok_or_else(|| unknown_signer(&kid))?.to_owned();

        let payload = json::parse_with_depth(jws.payload(), limit, DEPTH)
            .map_err(|_| Rejection::Malformed("payload is not JSON with one reading"))?;
        let Value::Object(members) = payload else {
            return Err(Rejection::Malformed("payload is not an object"));
        };
        let mut members = Members::new(members);
        let issuer = members.text("iss", DID_URL_LIMIT)?;
        let audience = members.text("aud", ORIGIN_LIMIT)?;
        let issued_at = members.time("iat")?;
        let claims = Claims::read(kind, &mut members, &issuer)?;
        members.finish()?;
        if issuer != kid.did().as_str() {
            return Err(Rejection::MemberInvalid { member: "iss" });
        }
        // The rest has been read: a ledger passes entries from thread to thread.
        let text = jws.into_signed_text();
        Ok(Self { kid, scid, audience, issued_at, claims, text })
    }

    /// Makes an entry for the log `origin`, dated `now`.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the signer fails.
    pub fn sign(
        claims: &Claims,
        kid: &DidUrl,
        origin: &str,
        signer: &dyn Signer,
        now: Timestamp,
    ) -> Result<String, SignError> {
        let mut header = Map::new();
        header.insert("typ".to_owned(), media_type(claims.kind()).into());
        header.insert("kid".to_owned(), kid.as_str().into());
        let mut payload = claims.to_members();
        payload.insert("iss".to_owned(), kid.did().as_str().into());
        payload.insert("aud".to_owned(), origin.into());
        payload.insert("iat".to_owned(), now.seconds().into());
        let payload = json::canonicalize(&Value::Object(payload)).map_err(SignError::Canonical)?;
        jws::sign(header, &payload, signer)
    }

    /// Checks key and signature against the signer's document, which must be the one in force at the entry's place.
    ///
    /// # Errors
    ///
    /// [`Rejection::KeyNotAuthorized`] if the document does not list the key under `assertionMethod`;
    /// [`Rejection::UnknownSigner`] if it is the document of another DID; [`Rejection::SignatureInvalid`].
    pub fn verify(&self, signer: &DidDocument) -> Result<(), Rejection> {
        if signer.id() != self.kid.did() {
            return Err(unknown_signer(&self.kid));
        }
        let method = signer
            .method(&self.kid)
            .filter(|_| signer.allows(&self.kid, Relationship::AssertionMethod))
            .ok_or_else(|| Rejection::KeyNotAuthorized { kid: self.kid.as_str().to_owned() })?;
        self.text.verify(&method.key).map_err(|_| Rejection::SignatureInvalid)
    }

    /// What is recorded.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.claims.kind()
    }

    /// The DID URL of the key that signed.
    #[must_use]
    pub const fn kid(&self) -> &DidUrl {
        &self.kid
    }

    /// The signer's DID.
    #[must_use]
    pub const fn issuer(&self) -> &inkan_did::Did {
        self.kid.did()
    }

    /// The signer's SCID.
    #[must_use]
    pub fn scid(&self) -> &str {
        &self.scid
    }

    /// Origin of the log that the entry is made out to.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// When the signer says it was made.
    #[must_use]
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// The members of its kind.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The body, as it was read.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.text.as_str().as_bytes()
    }

    /// What is signed: header and payload, with the dot between them.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.text.signing_input().as_bytes()
    }

    /// The id under which the log knows it.
    #[must_use]
    pub fn entry_id(&self) -> EntryId {
        match &self.claims {
            Claims::Issuance { commitment } => EntryId::issuance(&self.scid, commitment),
            Claims::Countersignature { commitment, act, sequence } => {
                EntryId::countersignature(&self.scid, act, *sequence, commitment)
            }
            Claims::Status(status) => EntryId::status(&self.scid, &status.uri, status.sequence),
            Claims::Trust(trust) => EntryId::trust(&self.scid, trust),
            Claims::Anchor(anchor) => {
                EntryId::anchor(&self.scid, anchor.scope, anchor.content.value())
            }
            Claims::Once(once) => EntryId::once(&self.scid, &once.scope, &once.id),
        }
    }

    /// Its key in the map and its sequence number there, if its kind stands in the map.
    #[must_use]
    pub fn map_key(&self) -> Option<(MapKey, u64)> {
        match &self.claims {
            Claims::Issuance { .. } | Claims::Anchor(_) => None,
            Claims::Trust(trust) => Some((MapKey::trust(&self.scid, trust), trust.sequence)),
            Claims::Once(once) => Some((MapKey::once(&once.scope, &once.id), 1)),
            Claims::Countersignature { act, sequence, .. } => {
                Some((MapKey::act(&self.scid, act), *sequence))
            }
            Claims::Status(status) => {
                Some((MapKey::status(&self.scid, &status.uri), status.sequence))
            }
        }
    }
}

/// The limit of a signed kind, which the body keeps to.
const fn check_size(kind: Kind, body: &[u8]) -> Result<usize, Rejection> {
    if !kind.is_signed() {
        return Err(Rejection::UnsupportedKind { kind });
    }
    let limit = kind.body_limit();
    if body.len() > limit { Err(Rejection::TooLarge { limit }) } else { Ok(limit) }
}

/// `typ` of entries of this kind.
fn media_type(kind: Kind) -> String {
    format!("inkan-{kind}+jwt")
}

fn unknown_signer(kid: &DidUrl) -> Rejection {
    Rejection::UnknownSigner { did: kid.did().as_str().to_owned() }
}

/// What entries may be signed with (ledger specification §2.2), whatever else this toolkit can check: every verifier of
/// receipts has to accept the same entries.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Es256];

fn refuse(error: &JwsError, limit: usize) -> Rejection {
    match error {
        JwsError::TooLarge { .. } => Rejection::TooLarge { limit },
        JwsError::AlgorithmNotAllowed => Rejection::AlgorithmNotAllowed,
        JwsError::HeaderRefused(name) => Rejection::UnknownMember { member: (*name).to_owned() },
        JwsError::HeaderShape => Rejection::Malformed("header has the wrong shape"),
        JwsError::Header(_) => Rejection::Malformed("header is not JSON with one reading"),
        JwsError::Parts => Rejection::Malformed("not three parts"),
        JwsError::Encoding => Rejection::Malformed("not strict base64url"),
        JwsError::SignatureLength(_) => Rejection::Malformed("signature is not 64 bytes"),
    }
}

/// Exactly `alg`, `typ` and `kid`; `alg` was read before.
fn read_header(jws: &Jws, kind: Kind) -> Result<DidUrl, Rejection> {
    // Four characters of base64url carry three bytes.
    let encoded = jws.as_str().split('.').next().unwrap_or_default().len();
    if encoded > HEADER_LIMIT.div_ceil(3).saturating_mul(4) {
        return Err(Rejection::TooLarge { limit: HEADER_LIMIT });
    }
    let other = |name: &&String| !matches!(name.as_str(), "alg" | "typ" | "kid");
    if let Some(member) = jws.header().keys().find(other) {
        return Err(Rejection::UnknownMember { member: member.clone() });
    }
    if jws.typ() != Some(&media_type(kind)) {
        return Err(Rejection::MemberInvalid { member: "typ" });
    }
    let invalid = || Rejection::MemberInvalid { member: "kid" };
    let kid = jws.kid().filter(|kid| kid.len() <= DID_URL_LIMIT).ok_or_else(invalid)?;
    let url = DidUrl::parse(kid).map_err(|error| {
        if matches!(error, DidError::MethodUnsupported { .. }) {
            Rejection::UnknownSigner { did: kid.to_owned() }
        } else {
            invalid()
        }
    })?;
    if url.fragment().is_none() || url.query().is_some() { Err(invalid()) } else { Ok(url) }
}

#[cfg(test)]
mod tests;
