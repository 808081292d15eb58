//! An e-seal in a bundle: an organisation's certificate and its DID sign one text that names both, a time, and the items sealed.
//!
//! In scope: its shape, and the text. Out of scope: whether the signatures and the certificates hold.

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp, encoding, json};
use serde_json::{Value, json};

use super::cover::{self, Cover, CoverKind};

/// The `type` of an e-seal, and the first line of the text that is signed.
pub const ESEAL_TYPE: &str = "inkan-eseal/1";
/// `typ` of the compact JWSs over the text.
pub const ESEAL_JWS_TYPE: &str = "inkan-eseal+jws";
/// The most e-seals in a bundle.
pub const ESEALS: usize = 8;
/// The largest signature of a certificate, certificates included, in bytes.
const SIGNATURE_LIMIT: usize = 32_768;
/// The longest DID URL.
const METHOD_LIMIT: usize = 2_048;

/// The signature under the certificate's key, with the certificates.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SealForm {
    /// CMS `SignedData` without the text ([RFC 5652 §5](https://www.rfc-editor.org/rfc/rfc5652#section-5)), DER.
    Cms(Vec<u8>),
    /// Compact JWS whose payload is the text, with `x5c` ([RFC 7515 §4.1.6](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6)).
    Jws(String),
}

/// Who seals what, and when, by their own word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealTerms {
    /// DID URL of the key that signs beside the certificate's.
    pub method: String,
    /// SHA-256 of the certificate's DER.
    pub certificate: Digest,
    /// When it is sealed.
    pub time: Timestamp,
    /// What is sealed.
    pub covers: BTreeSet<Cover>,
}

/// An e-seal, not verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Eseal {
    terms: SealTerms,
    form: SealForm,
    by_did: String,
}

impl SealTerms {
    /// The text that both keys sign.
    #[must_use]
    pub fn statement(&self) -> Vec<u8> {
        let Self { method, certificate, time, covers } = self;
        let certificate = certificate.to_b64u();
        let head = format!("{ESEAL_TYPE}\nby {method}\ncertificate {certificate}\ntime {time}");
        cover::statement(&head, covers)
    }
}

impl Eseal {
    /// Puts the two signatures over the text together.
    #[must_use]
    pub const fn new(terms: SealTerms, form: SealForm, by_did: String) -> Self {
        Self { terms, form, by_did }
    }

    /// Reads an item of the member `eseals`.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let text = |member| json::text(value, member);
        let closed = value.as_object().is_some_and(|members| members.len() == 7);
        if !closed || text("type") != Some(ESEAL_TYPE) {
            return None;
        }
        let form = match (text("cms"), text("jws")) {
            (Some(cms), None) => SealForm::Cms(encoding::decode_b64u(cms).ok()?),
            (None, Some(jws)) => SealForm::Jws(jws.to_owned()),
            _ => return None,
        };
        let size = match &form {
            SealForm::Cms(bytes) => bytes.len(),
            SealForm::Jws(text) => text.len() / 2,
        };
        let method = text("verificationMethod")?;
        // A line of the text: nothing in it may end the line.
        let plain =
            method.len() <= METHOD_LIMIT && method.bytes().all(|byte| byte.is_ascii_graphic());
        if size > SIGNATURE_LIMIT || !plain {
            return None;
        }
        let terms = SealTerms {
            method: method.to_owned(),
            certificate: Digest::from_b64u(text("certificate")?).ok()?,
            time: Timestamp::parse_strict(text("time")?).ok()?,
            covers: cover::read(value)?,
        };
        Some(Self { terms, form, by_did: text("didSignature")?.to_owned() })
    }

    /// The item of the member `eseals`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let Self { terms, form, by_did } = self;
        let covers: Vec<String> = terms.covers.iter().map(Cover::to_text).collect();
        let (name, signature) = match form {
            SealForm::Cms(bytes) => ("cms", encoding::b64u(bytes)),
            SealForm::Jws(text) => ("jws", text.clone()),
        };
        json!({
            "type": ESEAL_TYPE, "verificationMethod": terms.method, "certificate": terms.certificate.to_b64u(),
            "time": terms.time.to_string(), "covers": covers, name: signature, "didSignature": by_did,
        })
    }

    /// Who seals what.
    #[must_use]
    pub const fn terms(&self) -> &SealTerms {
        &self.terms
    }

    /// The signature under the certificate's key.
    #[must_use]
    pub const fn form(&self) -> &SealForm {
        &self.form
    }

    /// The compact JWS under the DID's key, whose payload is the text.
    #[must_use]
    pub fn by_did(&self) -> &str {
        &self.by_did
    }

    /// Itself, signatures included, as what a timestamp is over.
    #[must_use]
    pub fn cover(&self) -> Cover {
        let signature = match &self.form {
            SealForm::Cms(bytes) => bytes.as_slice(),
            SealForm::Jws(text) => text.as_bytes(),
        };
        Cover::of(
            CoverKind::Eseal,
            &[&self.terms.statement(), signature, b"\n", self.by_did.as_bytes()],
        )
    }
}
