//! One thing that was looked at, and the checks that were made on it (assurance §4.1).

use inkan_core::Timestamp;
use serde::{Deserialize, Deserializer, de};

use super::{Moment, Sha256Text};

/// One thing that was looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Item {
    /// What it says it is; the catalogue decides.
    #[serde(rename = "type")]
    pub kind: ItemKind,
    /// Which document.
    pub document_details: DocumentDetails,
    /// What was checked.
    #[serde(default)]
    pub check_details: Vec<CheckDetail>,
    /// Original proofs, as digests or values.
    #[serde(default)]
    pub proofs: Vec<Proof>,
    /// Whether the document was revoked.
    pub revocation: Option<Revocation>,
}

/// What an item says it is. Items of every kind give facts through their checks alone.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A document.
    Document,
    /// A signature made with a card or a phone.
    ElectronicSignature,
    /// A record at a source.
    ElectronicRecord,
    /// Somebody's word.
    Vouch,
    /// The person's own word.
    SelfAsserted,
}

/// Which document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DocumentDetails {
    /// Its type, as the catalogue names it.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who issued it.
    pub issuer: Option<DocumentIssuer>,
    /// When it was issued.
    #[serde(default, deserialize_with = "date")]
    pub date_of_issuance: Option<String>,
    /// Its last day.
    #[serde(default, deserialize_with = "date")]
    pub date_of_expiry: Option<String>,
}

/// Who issued a document.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DocumentIssuer {
    /// Its name.
    pub name: Option<String>,
    /// ISO 3166 code of its country.
    pub country: Option<String>,
    /// Its jurisdiction inside the country.
    pub jurisdiction: Option<String>,
}

/// One check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CheckDetail {
    /// By which method.
    pub check_method: String,
    #[serde(rename = "organization")]
    _organization: Option<String>,
    /// Joins a face check with the detections that belong to it.
    pub check_id: Option<String>,
    /// When.
    pub time: Option<Moment>,
    /// `pass`, if it passed.
    pub result: Option<String>,
    /// Whether the image was taken live.
    #[serde(default)]
    pub live: bool,
    /// Presentation attacks were detected.
    #[serde(default)]
    pub pad: Detection,
    /// Injected media were detected.
    #[serde(default)]
    pub injection: bool,
    /// Of `esig`: which certificate signed.
    pub certificate: Option<Certificate>,
    /// Of `esig`: the certificate's policy.
    pub policy_oid: Option<String>,
    /// Of `esig`: digest of what was signed.
    pub statement_sha256: Option<Sha256Text>,
    /// Of `esig`: whether the certificate was revoked.
    pub revocation: Option<Revocation>,
}

/// Detection of presentation attacks: `true`, or the standard and level it was tested under.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Detection {
    /// None, or none that is known.
    #[default]
    None,
    /// Some.
    Made,
}

impl<'de> Deserialize<'de> for Detection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Flag(bool),
            Tested(String),
        }
        let made = match Form::deserialize(deserializer)? {
            Form::Flag(flag) => flag,
            Form::Tested(text) => match text.strip_prefix("iso30107-3") {
                Some("") => true,
                Some(level) => matches!(level, ":L1" | ":L2" | ":L3"),
                None => false,
            },
        };
        Ok(if made { Self::Made } else { Self::None })
    }
}

/// Which certificate of a card signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// The one for signatures.
    Signing,
    /// The one for logins.
    UserAuthentication,
}

/// An original proof.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Proof {
    /// Of which kind.
    pub kind: ProofKind,
    /// Digest of its bytes.
    pub sha256: Sha256Text,
    /// The bytes, base64, where they are disclosed.
    pub value: Option<String>,
    /// Of `cms-jpki`: the binding statement that the card and the DID key signed, as text.
    pub statement: Option<String>,
    /// Of `cms-jpki`: the detached JWS of the DID key over the statement.
    pub did_signature: Option<String>,
}

/// Kinds of original proofs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum ProofKind {
    /// CMS by a JPKI certificate.
    CmsJpki,
    /// Document security object of a travel document.
    IcaoSod,
    /// ISO/IEC 18013-5.
    Mdoc,
    /// SD-JWT with key binding.
    SdJwtKb,
    /// Timestamp token.
    Rfc3161,
    /// Seal of an organisation.
    Eseal,
}

/// Whether a document or certificate was revoked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Revocation {
    /// What was found.
    pub status: RevocationStatus,
    /// Why it was revoked.
    pub reason: Option<String>,
    /// Who asked.
    pub checked_by: Option<String>,
    /// When.
    pub checked_at: Option<Moment>,
    #[serde(rename = "via")]
    _via: Option<Via>,
}

/// What a revocation check found.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum RevocationStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
    /// No answer.
    Unknown,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Via {
    Ocsp,
    Crl,
}

/// Reads `YYYY-MM-DD`.
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::parse_strict(&format!("{text}T00:00:00Z")).map_err(de::Error::custom)?;
    Ok(Some(text))
}
