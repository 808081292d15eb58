//! What was shown beside a presentation (assurance §7): the channel it came by, and answers of authenticators, as bytes.
//!
//! In scope: the closed shape of the file, with its sizes. Out of scope: whether anything in it holds (`aal`). The channel is what this
//! verifier saw; all else is what somebody sent.

use std::collections::BTreeSet;

use inkan_core::{Timestamp, encoding, json};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::key_attestation;
use crate::model::Moment;
use crate::registry::Registry;
use crate::webauthn::Assertion;

/// The largest file in bytes.
pub const LIMIT: usize = 256 << 10;
/// The most answers of authenticators.
const COUNT: usize = 8;

/// What was shown beside a presentation.
#[derive(Clone, Debug)]
pub struct PresentationEvidence {
    channel: Channel,
    offered: Vec<Offered>,
    holder_auth: Option<HolderAuth>,
}

/// How a presentation came, as this verifier saw it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The Digital Credentials API, on one device.
    DcApiSameDevice,
    /// The same, across devices that are close to each other.
    DcApiProximity,
    /// A redirect on one device.
    RedirectSameDevice,
    /// Posted by another device, wherever it is.
    DirectPostCrossDevice,
    /// ISO/IEC 18013-5, face to face.
    MdocProximity,
}

/// How the holder released the credential, by its own word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum HolderAuth {
    /// The credential, by a feature of the body.
    CredBio,
    /// The credential, by a secret.
    CredSec,
    /// The device was unlocked by a feature of the body.
    UnlkBio,
    /// The device was unlocked by a secret.
    UnlkSec,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) enum Offered {
    /// A copy of what an issuer states; what counts stands in a credential.
    KeyStatement(Value),
    KeyAttestation(String),
    Webauthn(Box<Assertion>),
    Event(String),
    /// A login with a card: a statement, and CMS over it.
    Jpki {
        statement: String,
        cms: Vec<u8>,
    },
    /// A key that a service keeps: its attestation, and the event that released it.
    Hosted {
        key: String,
        activation: String,
    },
}

/// Why bytes are not what was shown. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("what was shown beside the presentation is malformed: {0}")]
pub struct ShownError(String);

impl ShownError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "presentation-evidence-malformed"
    }
}

impl PresentationEvidence {
    /// What there is without a file: a channel, and no answer.
    #[must_use]
    pub const fn by(channel: Channel) -> Self {
        Self { channel, offered: Vec::new(), holder_auth: None }
    }

    /// Reads the file, at most [`LIMIT`] bytes.
    ///
    /// # Errors
    ///
    /// [`ShownError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ShownError> {
        let value = json::parse(bytes, LIMIT).map_err(|error| ShownError(error.to_string()))?;
        let file = File::deserialize(&value).map_err(|error| ShownError(error.to_string()))?;
        if file.authenticator.len() > COUNT {
            return Err(ShownError(format!("more than {COUNT} answers of authenticators")));
        }
        let read = |offered: FileOffered| {
            offered.read().ok_or_else(|| {
                ShownError(
                    "an answer that is not base64url, or base64 where that is meant".to_owned(),
                )
            })
        };
        Ok(Self {
            channel: file.channel,
            offered: file.authenticator.into_iter().map(read).collect::<Result<_, _>>()?,
            holder_auth: file.holder_auth,
        })
    }

    /// How the presentation came.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// How the holder says that it released the credential.
    #[must_use]
    pub const fn holder_auth(&self) -> Option<HolderAuth> {
        self.holder_auth
    }

    /// The card signatures (CMS in DER) among the answers.
    pub fn card_signatures(&self) -> impl Iterator<Item = &[u8]> {
        self.offered.iter().filter_map(|offered| match offered {
            Offered::Jpki { cms, .. } => Some(cms.as_slice()),
            Offered::KeyStatement(_)
            | Offered::KeyAttestation(_)
            | Offered::Webauthn(_)
            | Offered::Event(_)
            | Offered::Hosted { .. } => None,
        })
    }

    /// The status lists that key attestations among the answers name, where a wallet provider that a registry authorises signed them.
    #[must_use]
    pub fn status_lists(&self, registries: &[Registry], as_of: Timestamp) -> BTreeSet<String> {
        let tokens = self.offered.iter().filter_map(|offered| match offered {
            Offered::KeyAttestation(token) | Offered::Hosted { key: token, .. } => Some(token),
            Offered::KeyStatement(_)
            | Offered::Webauthn(_)
            | Offered::Event(_)
            | Offered::Jpki { .. } => None,
        });
        tokens.filter_map(|token| key_attestation::list_of(token, registries, as_of)).collect()
    }

    pub(crate) fn offered(&self) -> &[Offered] {
        &self.offered
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    /// For people: freshness is judged by the time that the verification was given.
    #[serde(rename = "receivedAt")]
    _received_at: Option<Moment>,
    channel: Channel,
    #[serde(default)]
    authenticator: Vec<FileOffered>,
    holder_auth: Option<HolderAuth>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
enum FileOffered {
    IssuerKeyStatement(Value),
    KeyAttestation(String),
    Webauthn(FileAssertion),
    JpkiAuth(FileLogin),
    Hosted(FileHosted),
    AuthenticationEvent(String),
}

/// Both as tokens: `key-attestation+jwt` of the service, `authn-event+jwt` of the operator that let it sign.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHosted {
    key: String,
    activation: String,
}

/// What a card signed, as text, and its signature: CMS, detached, DER in base64.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLogin {
    statement: String,
    cms: String,
}

/// `AuthenticationResponseJSON` (WebAuthn §5.1): what a page gets from `PublicKeyCredential.toJSON()`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileAssertion {
    id: String,
    raw_id: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    response: FileResponse,
    #[serde(rename = "authenticatorAttachment")]
    _attachment: Option<IgnoredAny>,
    #[serde(rename = "clientExtensionResults")]
    _extensions: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    #[serde(rename = "userHandle")]
    _user_handle: Option<String>,
}

impl FileOffered {
    fn read(self) -> Option<Offered> {
        Some(match self {
            Self::IssuerKeyStatement(statement) => Offered::KeyStatement(statement),
            Self::KeyAttestation(token) => Offered::KeyAttestation(token),
            Self::AuthenticationEvent(token) => Offered::Event(token),
            Self::JpkiAuth(login) => Offered::Jpki {
                statement: login.statement,
                cms: encoding::decode_b64(&login.cms).ok()?,
            },
            Self::Hosted(hosted) => {
                Offered::Hosted { key: hosted.key, activation: hosted.activation }
            }
            Self::Webauthn(answer) => {
                let one_id = answer.raw_id.is_none_or(|raw| raw == answer.id);
                if answer.kind != "public-key" || !one_id {
                    return None;
                }
                let decode = |text: &str| encoding::decode_b64u(text).ok();
                Offered::Webauthn(Box::new(Assertion {
                    credential_id: decode(&answer.id)?,
                    client_data: decode(&answer.response.client_data)?,
                    authenticator_data: decode(&answer.response.authenticator_data)?,
                    signature: decode(&answer.response.signature)?,
                }))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_closed_and_says_each_thing_once() {
        let good = r#"{"channel":"dc_api_same_device","authenticator":[{"keyAttestation":"a.b.c"},
            {"webauthn":{"id":"AQ","rawId":"AQ","type":"public-key","response":{"clientDataJSON":"AA",
            "authenticatorData":"AA","signature":"AA"}}}],"holderAuth":"unlk_bio"}"#;
        let read = PresentationEvidence::parse(good.as_bytes()).unwrap();
        assert_eq!((read.channel(), read.offered().len()), (Channel::DcApiSameDevice, 2));
        for (from, to) in [
            ("dc_api_same_device", "carrier_pigeon"),
            ("\"holderAuth\"", "\"aal\":\"3\",\"holderAuth\""),
            (
                "{\"keyAttestation\":\"a.b.c\"}",
                "{\"keyAttestation\":\"a\",\"keyAttestation\":\"b\"}",
            ),
            (
                "{\"keyAttestation\":\"a.b.c\"}",
                "{\"keyAttestation\":\"a\",\"authenticationEvent\":\"b\"}",
            ),
            ("\"rawId\":\"AQ\"", "\"rawId\":\"Ag\""),
            ("public-key", "password"),
            ("\"signature\":\"AA\"", "\"signature\":\"AA==\""),
        ] {
            let error = PresentationEvidence::parse(good.replace(from, to).as_bytes()).unwrap_err();
            assert_eq!(error.code(), "presentation-evidence-malformed", "{to}");
        }
        let many = [r#"{"keyAttestation":"a"}"#; 9].join(",");
        let many = format!(r#"{{"channel":"mdoc_proximity","authenticator":[{many}]}}"#);
        assert!(PresentationEvidence::parse(many.as_bytes()).is_err());
    }
}
