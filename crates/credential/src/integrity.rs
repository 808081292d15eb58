//! Digests of what lies outside a credential (VCDM 2.0 §5.3): `relatedResource`, and `digestSRI` or `digestMultibase` of any other object.
//!
//! In scope: reading them, and comparing them with bytes at hand. Out of scope: fetching; a resource that nobody gave is
//! reported as missing, never as good.

mod known;

use std::collections::BTreeMap;

use inkan_core::{digest, encoding, json, sha256};
use serde_json::Value;

pub use self::known::known;
use crate::model::{Credential, is_url, items};

/// Most digests that one member may list.
const MOST: usize = 16;

/// A hash function that a digest names.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => sha256(&[bytes]).as_bytes().to_vec(),
            Self::Sha384 => digest::sha384(&[bytes]).to_vec(),
            Self::Sha512 => digest::sha512(&[bytes]).to_vec(),
        }
    }

    /// The function of this family that makes digests of so many bytes.
    const fn of_length(length: usize) -> Option<Self> {
        match length {
            32 => Some(Self::Sha256),
            48 => Some(Self::Sha384),
            64 => Some(Self::Sha512),
            _ => None,
        }
    }
}

type Digests = Vec<Option<(Hash, Vec<u8>)>>;

/// What an issuer fixed about the bytes of a resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Integrity {
    /// The digests of each member that is there; `None` stands for a hash that cannot be computed here.
    members: Vec<Digests>,
}

/// How bytes at hand compare to what the issuer fixed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fit {
    /// They are the bytes that the issuer meant.
    Same,
    /// They are others.
    Other,
    /// The issuer used a hash that cannot be computed here.
    HashUnsupported,
}

/// Reads the text of a member.
type Reader = fn(&str) -> Option<Digests>;

/// A digest is there and cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct MalformedDigest;

impl Integrity {
    /// Reads the digests of an object; none if it has neither member.
    pub(crate) fn of(object: &Value) -> Result<Option<Self>, MalformedDigest> {
        let mut members = Vec::new();
        let readers: [(&str, Reader); 2] = [("digestSRI", sri), ("digestMultibase", multibase)];
        for (name, read) in readers {
            if object.get(name).is_none() {
                continue;
            }
            let mut digests = Vec::new();
            for item in items(object, name) {
                digests.extend(item.as_str().and_then(read).ok_or(MalformedDigest)?);
            }
            if digests.is_empty() || digests.len() > MOST {
                return Err(MalformedDigest);
            }
            members.push(digests);
        }
        Ok((!members.is_empty()).then_some(Self { members }))
    }

    /// Compares `bytes` with the digests: in each member, one of those of its strongest hash must be theirs ([SRI §3.3.4]).
    ///
    /// [SRI §3.3.4]: https://www.w3.org/TR/2016/REC-SRI-20160623/#does-response-match-metadatalist
    #[must_use]
    pub fn check(&self, bytes: &[u8]) -> Fit {
        let mut fit = Fit::Same;
        for member in &self.members {
            let known = || member.iter().flatten();
            let Some(strongest) = known().map(|(hash, _)| *hash).max() else {
                fit = Fit::HashUnsupported;
                continue;
            };
            let own = strongest.of(bytes);
            if !known().any(|(hash, digest)| *hash == strongest && *digest == own) {
                return Fit::Other;
            }
        }
        fit
    }

    /// Whether the digests fix a text that has these digests by SHA-256, SHA-384 and so on, of which the bytes are not at hand: in each
    /// member, one of those of its strongest hash is among them.
    #[must_use]
    pub fn is_of_digests(&self, digests: &[&[u8]]) -> bool {
        self.members.iter().all(|member| {
            let known = || member.iter().flatten();
            let strongest = known().map(|(hash, _)| *hash).max();
            known().any(|(hash, digest)| {
                Some(*hash) == strongest && digests.contains(&digest.as_slice())
            })
        })
    }
}

/// Whether integrity metadata ([SRI §3](https://www.w3.org/TR/SRI/#integrity-metadata)) is that of `bytes`: one of the digests of the
/// strongest hash that it names is theirs. If it names none that is computed here, nothing can be said, so it is not.
pub(crate) fn is_of(bytes: &[u8], metadata: &str) -> bool {
    let expressions = metadata.split_ascii_whitespace().take(MOST).filter_map(hash_expression);
    let members = vec![expressions.map(Some).collect()];
    Integrity { members }.check(bytes) == Fit::Same
}

/// One or more hash expressions ([SRI §3.5](https://www.w3.org/TR/2016/REC-SRI-20160623/#the-integrity-attribute)).
fn sri(text: &str) -> Option<Digests> {
    let expressions = text.split_ascii_whitespace();
    expressions.map(|expression| hash_expression(expression).map(Some)).collect()
}

fn hash_expression(expression: &str) -> Option<(Hash, Vec<u8>)> {
    let (digest, _options) = expression.split_once('?').unwrap_or((expression, ""));
    let (name, value) = digest.split_once('-')?;
    let hash = match name {
        "sha256" => Hash::Sha256,
        "sha384" => Hash::Sha384,
        "sha512" => Hash::Sha512,
        _ => return None,
    };
    // The grammar admits both alphabets, with and without padding.
    let value = value.strip_suffix("==").or(value.strip_suffix('=')).unwrap_or(value);
    let value = value.replace('+', "-").replace('/', "_");
    let bytes = encoding::decode_b64u(&value).ok()?;
    (Hash::of_length(bytes.len()) == Some(hash)).then_some((hash, bytes))
}

/// A multihash in multibase ([Data Integrity §2.6](https://www.w3.org/TR/2025/REC-vc-data-integrity-20250515/#resource-integrity)). Digests
/// without the prefix that names the hash are about as common; their length says which it is.
fn multibase(text: &str) -> Option<Digests> {
    let bytes = encoding::decode_multibase(text).ok()?;
    if let Some(hash) = Hash::of_length(bytes.len()) {
        return Some(vec![Some((hash, bytes))]);
    }
    let (code, rest) = varint(&bytes)?;
    let (length, digest) = varint(rest)?;
    if digest.is_empty() || usize::try_from(length) != Ok(digest.len()) {
        return None;
    }
    let hash = match code {
        0x12 => Hash::Sha256,
        0x20 => Hash::Sha384,
        0x13 => Hash::Sha512,
        _ => return Some(vec![None]),
    };
    (Hash::of_length(digest.len()) == Some(hash)).then(|| vec![Some((hash, digest.to_vec()))])
}

/// An unsigned varint of at most three bytes, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut value = 0;
    for (position, byte) in bytes.iter().take(3).enumerate() {
        let shift = u32::try_from(position).ok()?.checked_mul(7)?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(position.checked_add(1)?..)?));
        }
    }
    None
}

/// One entry of `relatedResource`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RelatedResource {
    /// URL of the resource.
    pub id: String,
    /// Its media type, if named.
    pub media_type: Option<String>,
    /// What the issuer fixed about its bytes.
    pub integrity: Integrity,
}

/// The related resources: each names one URL, none twice, and has a digest.
pub(crate) fn related_resources(value: &Value) -> Option<Vec<RelatedResource>> {
    const MEMBER: &str = "relatedResource";
    let mut out: Vec<RelatedResource> = Vec::new();
    if value.get(MEMBER).and_then(Value::as_array).is_some_and(Vec::is_empty) {
        return None;
    }
    for object in items(value, MEMBER) {
        let id = json::text(object, "id").filter(|id| is_url(id))?;
        let media_type = match object.get("mediaType") {
            None => None,
            Some(found) => Some(found.as_str().filter(|text| is_media_type(text))?.to_owned()),
        };
        let integrity = Integrity::of(object).ok().flatten()?;
        if out.iter().any(|other| other.id == id) {
            return None;
        }
        out.push(RelatedResource { id: id.to_owned(), media_type, integrity });
    }
    Some(out)
}

/// `type/subtype`, with parameters or without ([RFC 6838 §4.2](https://www.rfc-editor.org/rfc/rfc6838#section-4.2)).
fn is_media_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let name = |text: &str| {
        let mut letters = text.chars();
        letters.next().is_some_and(|c| c.is_ascii_alphanumeric())
            && text.len() <= 127
            && letters.all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    essence.split_once('/').is_some_and(|(kind, sub)| name(kind) && name(sub))
}

/// What became of one related resource.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ResourceOutcome {
    /// Its bytes were at hand, and are those that the issuer meant.
    Checked,
    /// Its bytes were at hand, and are others.
    Wrong,
    /// Its bytes were not at hand.
    Missing,
    /// Its bytes were at hand, and the issuer used a hash that cannot be computed here.
    HashUnsupported,
}

impl ResourceOutcome {
    /// A stable code for reports; none for a resource that was checked and is good. Codes are added, never renamed.
    #[must_use]
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::Checked => None,
            Self::Wrong => Some("related-resource-mismatch"),
            Self::Missing => Some("related-resource-missing"),
            Self::HashUnsupported => Some("related-resource-hash-unsupported"),
        }
    }
}

/// Compares every related resource of `credential` with the bytes in `given`, by URL, or else with those that are [`known`]. The result
/// has one line for each, in the order of the credential; resources that the credential does not name are not looked at.
#[must_use]
pub fn check_related_resources<'a>(
    credential: &'a Credential,
    given: &BTreeMap<String, Vec<u8>>,
) -> Vec<(&'a RelatedResource, ResourceOutcome)> {
    let bytes = |url: &str| given.get(url).map(Vec::as_slice).or_else(|| known(url));
    let judge = |resource: &RelatedResource| match bytes(&resource.id) {
        None => ResourceOutcome::Missing,
        Some(bytes) => match resource.integrity.check(bytes) {
            Fit::Same => ResourceOutcome::Checked,
            Fit::Other => ResourceOutcome::Wrong,
            Fit::HashUnsupported => ResourceOutcome::HashUnsupported,
        },
    };
    credential.related_resources().iter().map(|resource| (resource, judge(resource))).collect()
}

#[cfg(test)]
mod tests;
