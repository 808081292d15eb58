//! The signed BLOB ([MDS 3.0 §3.1.7](https://fidoalliance.org/specs/mds/fido-metadata-service-v3.0-ps-20210518.html#sctn-mds-blob)): a compact JWS below a pinned
//! certificate, newer than the last, with what is read of it.
//!
//! A parser of its own beside `inkan_crypto::jws`: the BLOB in use is signed with RS256, which nothing else here may be.

use inkan_core::{Timestamp, encoding, json, limits};
use inkan_crypto::Algorithm;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::Deserialize;
use serde_json::Value;
use webpki::EndEntityCert;

use super::status::Report;
use super::{Metadata, Model};
use crate::webauthn::Aaguid;
use crate::x5c::{key_of, leads_to_root};

/// The most certificates that travel along.
const CHAIN: usize = 8;
/// The most models, and the most certificates and reports of one.
const MODELS: usize = 4_096;
const OF_MODEL: usize = 256;

/// Who signs metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pinned {
    /// DER of the certificate that the signer's leads to.
    pub root: Vec<u8>,
    /// The host name that the signer's certificate has to be for (`mds.fidoalliance.org`): below a root of the public net stand many.
    pub host: String,
    /// The number of the newest BLOB accepted so far; 0 for none.
    pub newest: u64,
}

/// Why bytes are no metadata. Fetching it anew may help with [`Older`](Self::Older) and [`Outdated`](Self::Outdated) alone.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MetadataError {
    /// Not a compact JWS, or not the JSON that is read here.
    #[error("metadata is malformed: {0}")]
    Malformed(&'static str),
    /// The signer is not the one that was pinned.
    #[error("metadata is not signed by whom was pinned")]
    Signer,
    /// The signature does not verify.
    #[error("signature of the metadata does not verify")]
    Signature,
    /// A newer one was accepted before.
    #[error("metadata number {found} is older than {newest}, which was accepted before")]
    Older {
        /// Its number.
        found: u64,
        /// The newest so far.
        newest: u64,
    },
    /// The day of the next one has passed.
    #[error("metadata should have been replaced by {next_update}")]
    Outdated {
        /// The day of the next one.
        next_update: String,
    },
}

impl MetadataError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "metadata-malformed",
            Self::Signer | Self::Signature => "metadata-signature-invalid",
            Self::Older { .. } => "metadata-older",
            Self::Outdated { .. } => "metadata-not-current",
        }
    }
}

impl Metadata {
    /// Reads a BLOB of at most [`limits::BUNDLE`] bytes, signed by whom was pinned, at a time.
    ///
    /// One that has run out is read all the same, so that it can be said: see [`Self::is_current`].
    ///
    /// # Errors
    ///
    /// [`MetadataError`], but not [`Outdated`](MetadataError::Outdated).
    pub fn parse(blob: &[u8], pinned: &Pinned, at: Timestamp) -> Result<Self, MetadataError> {
        let wrong = MetadataError::Malformed;
        if blob.len() > limits::BUNDLE {
            return Err(wrong("too large"));
        }
        let text = str::from_utf8(blob).map_err(|_| wrong("not text"))?.trim_ascii_end();
        let (input, seal) = text.rsplit_once('.').ok_or(wrong("not a compact JWS"))?;
        let (head, body) = input.split_once('.').ok_or(wrong("not a compact JWS"))?;
        let decode = |part| encoding::decode_b64u(part).map_err(|_| wrong("not base64url"));
        let header = json::parse(&decode(head)?, limits::BUNDLE).map_err(|_| wrong("header"))?;
        check_signer(&header, input.as_bytes(), &decode(seal)?, (pinned, at))?;
        let payload = json::parse(&decode(body)?, limits::BUNDLE).map_err(|_| wrong("payload"))?;
        let read = Self::of_payload(&payload)?;
        if read.number < pinned.newest {
            return Err(MetadataError::Older { found: read.number, newest: pinned.newest });
        }
        Ok(read)
    }

    /// That it holds at a time.
    ///
    /// # Errors
    ///
    /// [`MetadataError::Outdated`].
    pub fn check_current(&self, as_of: Timestamp) -> Result<(), MetadataError> {
        if self.is_current(as_of) {
            Ok(())
        } else {
            Err(MetadataError::Outdated { next_update: self.next_update.clone() })
        }
    }

    /// Whether this could be what a BLOB says. What nobody signed is no metadata.
    #[must_use]
    pub fn is_payload(payload: &Value) -> bool {
        Self::of_payload(payload).is_ok()
    }

    fn of_payload(payload: &Value) -> Result<Self, MetadataError> {
        let wrong = MetadataError::Malformed;
        let file = Payload::deserialize(payload).map_err(|_| wrong("payload"))?;
        if Timestamp::parse_strict(&format!("{}T00:00:00Z", file.next_update)).is_err() {
            return Err(wrong("nextUpdate"));
        }
        if file.entries.len() > MODELS {
            return Err(wrong("too many entries"));
        }
        let mut out = Self { number: file.no, next_update: file.next_update, models: [].into() };
        for entry in file.entries {
            // U2F and UAF have other names for their models.
            let Some(name) = &entry.aaguid else { continue };
            let aaguid = Aaguid::parse(name).ok_or(wrong("aaguid"))?;
            if out.models.insert(aaguid, entry.model()?).is_some() {
                return Err(wrong("a model twice"));
            }
        }
        Ok(out)
    }
}

/// RFC 7515 §4.1.6: the signature is that of the first certificate, which leads to the pinned one and is for the pinned host.
fn check_signer(
    header: &Value,
    input: &[u8],
    signature: &[u8],
    (pinned, at): (&Pinned, Timestamp),
) -> Result<(), MetadataError> {
    let wrong = MetadataError::Malformed;
    if header.get("crit").is_some() || header.get("b64").is_some() {
        return Err(wrong("header"));
    }
    let listed = header.get("x5c").and_then(Value::as_array).ok_or(wrong("x5c"))?;
    if listed.len() > CHAIN {
        return Err(wrong("x5c"));
    }
    let chain: Option<Vec<Vec<u8>>> =
        listed.iter().map(|one| encoding::decode_b64(one.as_str()?).ok()).collect();
    let chain = chain.ok_or(wrong("x5c"))?;
    let (leaf, others) = chain.split_first().ok_or(wrong("x5c"))?;
    leads_to_root(leaf, others, &pinned.root, at).map_err(|_| MetadataError::Signer)?;
    let der = CertificateDer::from(leaf.as_slice());
    let certificate = EndEntityCert::try_from(&der).map_err(|_| MetadataError::Signer)?;
    let host = ServerName::try_from(pinned.host.as_str()).map_err(|_| MetadataError::Signer)?;
    certificate.verify_is_valid_for_subject_name(&host).map_err(|_| MetadataError::Signer)?;
    let verifies = match json::text(header, "alg") {
        Some("RS256") => certificate
            .verify_signature(webpki::ring::RSA_PKCS1_2048_8192_SHA256, input, signature)
            .is_ok(),
        Some(other) => {
            let algorithm = Algorithm::from_jose(other).ok_or(wrong("alg"))?;
            let key = key_of(leaf).map_err(|_| MetadataError::Signer)?;
            key.algorithm() == algorithm && key.verify(input, signature).is_ok()
        }
        None => return Err(wrong("alg")),
    };
    if verifies { Ok(()) } else { Err(MetadataError::Signature) }
}

/// What is read of the payload. It has more members, and may get others: FIDO says that readers pass over them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    no: u64,
    next_update: String,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    aaguid: Option<String>,
    metadata_statement: Option<Statement>,
    status_reports: Vec<FileReport>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    #[serde(default)]
    attestation_root_certificates: Vec<String>,
    #[serde(default)]
    key_protection: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileReport {
    status: String,
    effective_date: Option<String>,
    authenticator_version: Option<u64>,
}

impl Entry {
    fn model(self) -> Result<Model, MetadataError> {
        let wrong = MetadataError::Malformed;
        let mut out = Model::default();
        if let Some(statement) = self.metadata_statement {
            let listed = statement.attestation_root_certificates;
            if listed.len() > OF_MODEL {
                return Err(wrong("too many certificates of a model"));
            }
            // What cannot be read vouches for nothing. Some entries break lines, which base64 in JSON does not.
            let plain = |text: &String| text.split_ascii_whitespace().collect::<String>();
            let der = listed.iter().filter_map(|text| encoding::decode_b64(&plain(text)).ok());
            out.anchors = der.collect();
            out.protection = statement.key_protection;
        }
        if self.status_reports.len() > OF_MODEL {
            return Err(wrong("too many reports of a model"));
        }
        for report in self.status_reports {
            let is_day =
                |day: &String| Timestamp::parse_strict(&format!("{day}T00:00:00Z")).is_ok();
            if report.effective_date.as_ref().is_some_and(|day| !is_day(day)) {
                return Err(wrong("effectiveDate"));
            }
            out.reports.push(Report {
                status: report.status,
                since: report.effective_date,
                firmware: report.authenticator_version,
            });
        }
        Ok(out)
    }
}
