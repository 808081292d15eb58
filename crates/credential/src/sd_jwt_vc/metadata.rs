//! Type metadata: what a `vct` stands for, from bytes that somebody fetched (§4 of draft -13).
//!
//! In scope: the integrity of the bytes, the names for people, what a type says of its claims. Out of scope: fetching;
//! following `extends`, which the caller does with [`TypeMetadata::extends`].

use inkan_core::json::JsonError;
use inkan_core::{encoding, json, limits, sha256};
use serde_json::Value;

use super::SdJwtVc;
use crate::model::items;
use crate::sd_jwt::ClaimPath;

/// A type metadata document, whose integrity was checked if it was fixed.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeMetadata {
    value: Value,
    vct: String,
    claims: Vec<ClaimRule>,
}

/// What a type says of a claim.
#[derive(Clone, Debug, PartialEq)]
struct ClaimRule {
    path: ClaimPath,
    sd: Disclosability,
    mandatory: bool,
}

/// Whether a claim is disclosable by itself (§4.6.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Disclosability {
    Always,
    Allowed,
    Never,
}

impl TypeMetadata {
    /// Reads the document of `vct`; `integrity` is what the credential (or the extending document) fixed.
    ///
    /// # Errors
    ///
    /// [`TypeMetadataError`]. Integrity is checked before anything is read.
    pub fn parse(
        bytes: &[u8],
        vct: &str,
        integrity: Option<&str>,
    ) -> Result<Self, TypeMetadataError> {
        if let Some(integrity) = integrity {
            check_integrity(bytes, integrity)?;
        }
        let value = json::parse(bytes, limits::DOCUMENT)?;
        if json::text(&value, "vct") != Some(vct) {
            return Err(TypeMetadataError::Malformed { member: "vct" });
        }
        for member in ["name", "description", "extends", "extends#integrity"] {
            if value.get(member).is_some_and(|found| !found.is_string()) {
                return Err(TypeMetadataError::Malformed { member });
            }
        }
        let claims = items(&value, "claims").iter().map(claim_rule).collect::<Result<_, _>>()?;
        Ok(Self { vct: vct.to_owned(), claims, value })
    }

    /// The type.
    #[must_use]
    pub fn vct(&self) -> &str {
        &self.vct
    }

    /// The whole document, with what is shown to people.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The type that this one extends, and the integrity of its document. Its rules hold as well.
    #[must_use]
    pub fn extends(&self) -> Option<(&str, Option<&str>)> {
        let extended = json::text(&self.value, "extends")?;
        Some((extended, json::text(&self.value, "extends#integrity")))
    }

    /// The name of the type for people who read `language` (`locale`, or `lang` of older drafts).
    #[must_use]
    pub fn name(&self, language: &str) -> Option<&str> {
        let speaks = |one: &&Value| {
            ["locale", "lang"].iter().any(|member| json::text(one, member) == Some(language))
        };
        let display = items(&self.value, "display").iter().find(speaks);
        display.and_then(|one| json::text(one, "name")).or_else(|| json::text(&self.value, "name"))
    }

    /// Checks what the type says of the claims that are shown.
    ///
    /// Of a claim that is kept back nothing can be said, so a mandatory one is missed only where nothing is kept back.
    ///
    /// # Errors
    ///
    /// [`TypeMetadataError::OtherType`], or [`TypeMetadataError::Claim`] with the first claim that departs from it.
    pub fn check(&self, credential: &SdJwtVc) -> Result<(), TypeMetadataError> {
        if credential.vct() != self.vct {
            return Err(TypeMetadataError::OtherType);
        }
        for rule in &self.claims {
            let wrong = || TypeMetadataError::Claim { path: rule.path.to_string() };
            let places = rule.path.resolve(credential.claims()).map_err(|_| wrong())?;
            let sd_jwt = credential.sd_jwt();
            if rule.mandatory && places.is_empty() && sd_jwt.concealed() == 0 {
                return Err(wrong());
            }
            for place in &places {
                let disclosed = sd_jwt.disclosable().any(|one| one == place);
                match (rule.sd, disclosed) {
                    (Disclosability::Always, false) | (Disclosability::Never, true) => {
                        return Err(wrong());
                    }
                    (Disclosability::Always, true)
                    | (Disclosability::Never, false)
                    | (Disclosability::Allowed, _) => {}
                }
            }
        }
        Ok(())
    }
}

fn claim_rule(value: &Value) -> Result<ClaimRule, TypeMetadataError> {
    const MALFORMED: TypeMetadataError = TypeMetadataError::Malformed { member: "claims" };
    let path = value.get("path").and_then(ClaimPath::from_value).ok_or(MALFORMED)?;
    let sd = match value.get("sd").map(Value::as_str) {
        None | Some(Some("allowed")) => Disclosability::Allowed,
        Some(Some("always")) => Disclosability::Always,
        Some(Some("never")) => Disclosability::Never,
        Some(_) => return Err(MALFORMED),
    };
    let mandatory = match value.get("mandatory") {
        None => false,
        Some(mandatory) => mandatory.as_bool().ok_or(MALFORMED)?,
    };
    Ok(ClaimRule { path, sd, mandatory })
}

/// Integrity metadata of [SRI §3](https://www.w3.org/TR/SRI/#integrity-metadata): one of the SHA-256 digests is that of
/// the bytes. If only other functions are named, nothing can be said, so it does not hold.
fn check_integrity(bytes: &[u8], integrity: &str) -> Result<(), TypeMetadataError> {
    let digest = encoding::b64(sha256(&[bytes]).as_bytes());
    let hashes = integrity.split_ascii_whitespace().filter_map(|one| one.strip_prefix("sha256-"));
    let mut hashes = hashes.map(|one| one.split('?').next().unwrap_or_default());
    if hashes.any(|hash| hash == digest) { Ok(()) } else { Err(TypeMetadataError::Integrity) }
}

/// Type metadata that is malformed, or that a credential departs from. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TypeMetadataError {
    /// Not JSON with one reading.
    #[error("type metadata is not JSON with one reading")]
    Json(#[from] JsonError),
    /// The bytes are not those that were fixed, or were fixed by no function that is spoken here.
    #[error("type metadata is not what its integrity digest says")]
    Integrity,
    /// A member is missing or malformed.
    #[error("type metadata: {member} is missing or malformed")]
    Malformed {
        /// The member.
        member: &'static str,
    },
    /// It is about another type than the credential's.
    #[error("type metadata is about another type")]
    OtherType,
    /// A claim is missing, or disclosable where it must not be, or the other way round.
    #[error("claim {path} departs from its type")]
    Claim {
        /// The claims path, as JSON.
        path: String,
    },
}

impl TypeMetadataError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(error) => error.code(),
            Self::Integrity => "type-metadata-integrity-mismatch",
            Self::Malformed { .. } | Self::OtherType => "type-metadata-malformed",
            Self::Claim { .. } => "type-metadata-violated",
        }
    }
}
