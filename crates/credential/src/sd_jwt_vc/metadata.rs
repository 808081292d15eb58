//! Type metadata: what a `vct` stands for, from bytes that somebody fetched (§4 of draft -13).
//!
//! In scope: the integrity of the bytes, the names for people, what a type, and those that it extends, say of its claims.
//! Out of scope: fetching what [`TypeMetadata::extends`] names.

use std::collections::BTreeSet;

use inkan_core::json::JsonError;
use inkan_core::{encoding, json, limits, sha256};
use serde_json::Value;

use super::SdJwtVc;
use crate::integrity::is_of;
use crate::model::items;
use crate::sd_jwt::ClaimPath;

/// A type metadata document, whose integrity was checked if it was fixed.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeMetadata {
    value: Value,
    vct: String,
    claims: Vec<ClaimRule>,
    /// The integrity that its bytes have.
    pub(super) fixed: Option<String>,
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
    /// Most types in a row, each of which extends the next.
    pub const EXTENSIONS: usize = 8;

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
        if integrity.is_some_and(|integrity| !is_of(bytes, integrity)) {
            return Err(TypeMetadataError::Integrity);
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
        let fixed = integrity.map(str::to_owned);
        Ok(Self { vct: vct.to_owned(), claims, fixed, value })
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

    /// The name of the type for people who read `language`, a BCP 47 tag (§4.5).
    #[must_use]
    pub fn name(&self, language: &str) -> Option<&str> {
        let display = spoken(&self.value, language);
        display.and_then(|one| json::text(one, "name")).or_else(|| json::text(&self.value, "name"))
    }

    /// What it is, for the same people.
    #[must_use]
    pub fn description(&self, language: &str) -> Option<&str> {
        let display = spoken(&self.value, language);
        let own = || json::text(&self.value, "description");
        display.and_then(|one| json::text(one, "description")).or_else(own)
    }

    /// What claims are called for the same people (§4.6.2): paths, and labels where there are any.
    #[must_use]
    pub fn labels(&self, language: &str) -> Vec<(String, &str)> {
        let label = |(rule, value)| {
            let (rule, value): (&ClaimRule, &Value) = (rule, value);
            let label = json::text(spoken(value, language)?, "label")?;
            Some((rule.path.to_string(), label))
        };
        self.claims.iter().zip(items(&self.value, "claims")).filter_map(label).collect()
    }

    /// The integrity of these bytes, as a credential of the type fixes it (`vct#integrity`).
    #[must_use]
    pub fn integrity_of(bytes: &[u8]) -> String {
        format!("sha256-{}", encoding::b64(sha256(&[bytes]).as_bytes()))
    }

    /// Checks what the type of `credential` and those that it extends say of the claims that are shown: `chain` begins with that of
    /// the credential, each extends the next, and the last extends none. At most 8.
    ///
    /// # Errors
    ///
    /// [`TypeMetadataError::OtherType`] if it is another chain, or one document was not read with the integrity that the one
    /// before fixed; [`TypeMetadataError::Claim`] with the first claim that departs from a type.
    pub fn check_chain(chain: &[Self], credential: &SdJwtVc) -> Result<(), TypeMetadataError> {
        let distinct: BTreeSet<&str> = chain.iter().map(Self::vct).collect();
        let first = chain.first().is_some_and(|first| first.vct == credential.vct());
        if !first || distinct.len() != chain.len() || chain.len() > Self::EXTENSIONS {
            return Err(TypeMetadataError::OtherType);
        }
        let next = chain.iter().skip(1).map(Some).chain([None]);
        for (one, next) in chain.iter().zip(next) {
            let fits = match (one.extends(), next) {
                (None, None) => true,
                (Some((vct, integrity)), Some(next)) => {
                    next.vct == vct && (integrity.is_none() || integrity == next.fixed.as_deref())
                }
                (None, Some(_)) | (Some(_), None) => false,
            };
            if !fits {
                return Err(TypeMetadataError::OtherType);
            }
        }
        chain.iter().try_for_each(|one| one.check_claims(credential))
    }

    /// Checks what the type says of the claims that are shown, and not what those say that it extends: see
    /// [`Self::check_chain`].
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
        self.check_claims(credential)
    }

    /// The same, for a credential of this type or of one that extends it.
    ///
    /// # Errors
    ///
    /// [`TypeMetadataError::Claim`].
    pub fn check_claims(&self, credential: &SdJwtVc) -> Result<(), TypeMetadataError> {
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

/// What is displayed in this language (`locale`, or `lang` of older drafts), or else in the same one of another place.
fn spoken<'a>(value: &'a Value, language: &str) -> Option<&'a Value> {
    let tag = |one: &'a Value| {
        ["locale", "lang"].iter().find_map(|member| json::text(one, member)).unwrap_or_default()
    };
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let display = items(value, "display");
    let exact = display.iter().find(|one| tag(one).eq_ignore_ascii_case(language));
    exact.or_else(|| display.iter().find(|one| primary(tag(one)) == primary(language)))
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
