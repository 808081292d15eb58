//! What a verifier keeps of an authenticator: whose it is, its key, its counter, what vouched for its model.
//!
//! In scope: making one beside a presentation ([WebAuthn §7.1](https://www.w3.org/TR/webauthn-3/#sctn-registering-a-new-credential)), and its file,
//! `inkan-webauthn-registration/1`. The file is the verifier's own: whoever can write it can register authenticators.

use inkan_core::{Digest, Timestamp, encoding, json, sha256};
use inkan_verifier::{Live, Presenter};
use serde::Deserialize;
use serde_json::{Value, json};

use super::attestation::Object;
use super::{
    Aaguid, Attested, CREDENTIAL_ID_LIMIT, Ceremony, ClientData, CredentialKey, LIMIT, Site,
    ToldBy, WebauthnError, challenge,
};
use crate::metadata::Metadata;
use crate::model::{Moment, Sha256Text};

/// The type of the file.
const TYPE: &str = "inkan-webauthn-registration/1";

/// An authenticator of a holder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registration {
    credential_id: Vec<u8>,
    key: CredentialKey,
    aaguid: Aaguid,
    rp_id: String,
    holder: String,
    jkt: String,
    counter: u32,
    backup_eligible: bool,
    attested: Attested,
    registered_at: Timestamp,
}

/// What a client answered when a credential was made.
#[derive(Clone, Copy, Debug)]
pub struct RegistrationResponse<'a> {
    /// JSON as the client wrote it.
    pub client_data: &'a [u8],
    /// CBOR as the client wrote it.
    pub attestation_object: &'a [u8],
}

/// The presentation that a credential is made beside, and what is known of models.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// Who presented.
    pub presenter: &'a Presenter,
    /// The nonce of the presentation, as it stands there.
    pub nonce: &'a str,
    /// Where.
    pub site: &'a Site,
    /// Which models are known.
    pub metadata: Option<&'a Metadata>,
    /// When, by the verifier's clock.
    pub at: Timestamp,
}

/// Registers an authenticator to the holder who has just proved possession of a key.
///
/// What vouches for the model is judged now, and again by the metadata of the day whenever the authenticator is used.
///
/// # Errors
///
/// [`WebauthnError`]; a presentation that is judged again registers nothing ([`WebauthnError::Nonce`]).
pub fn register(
    response: &RegistrationResponse<'_>,
    beside: &Beside<'_>,
) -> Result<Registration, WebauthnError> {
    let Beside { presenter, nonce, site, metadata, at } = *beside;
    let answered = sha256(&[nonce.as_bytes()]) == presenter.nonce_digest();
    if !answered || presenter.live() == Live::No {
        return Err(WebauthnError::Nonce);
    }
    let asked = challenge(nonce, &presenter.presentation_digest());
    let mut made = register_to(response, site, &asked, metadata, at)?;
    presenter.holder().clone_into(&mut made.holder);
    made.jkt = presenter.key().thumbprint();
    Ok(made)
}

/// The same for nobody yet.
fn register_to(
    response: &RegistrationResponse<'_>,
    site: &Site,
    asked: &Digest,
    metadata: Option<&Metadata>,
    at: Timestamp,
) -> Result<Registration, WebauthnError> {
    let client = ClientData::parse(response.client_data)?;
    client.check(Ceremony::Create, asked, site)?;
    let object = Object::parse(response.attestation_object)?;
    let data = object.data()?;
    data.check(&site.rp_id)?;
    let (flags, counter) = (data.flags(), data.counter());
    let credential = data.into_credential().ok_or(WebauthnError::Malformed("credential"))?;
    // Metadata that has run out knows no models.
    let metadata = metadata.filter(|metadata| metadata.is_current(at));
    let attested = object.check(&credential, &client, metadata, at)?;
    Ok(Registration {
        credential_id: credential.id,
        key: credential.key,
        aaguid: credential.aaguid,
        rp_id: site.rp_id.clone(),
        holder: String::new(),
        jkt: String::new(),
        counter,
        backup_eligible: flags.is_backup_eligible(),
        attested,
        registered_at: at,
    })
}

impl Registration {
    /// Which credential.
    #[must_use]
    pub fn credential_id(&self) -> &[u8] {
        &self.credential_id
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &CredentialKey {
        &self.key
    }

    /// The model that the authenticator says it is.
    #[must_use]
    pub const fn aaguid(&self) -> Aaguid {
        self.aaguid
    }

    /// The relying party it answers for.
    #[must_use]
    pub fn rp_id(&self) -> &str {
        &self.rp_id
    }

    /// The DID of the holder it was registered to.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Thumbprint of the holder's key beside which it was registered.
    #[must_use]
    pub fn jkt(&self) -> &str {
        &self.jkt
    }

    /// How often it had signed when it was last seen.
    #[must_use]
    pub const fn counter(&self) -> u32 {
        self.counter
    }

    /// Whether the key may leave it.
    #[must_use]
    pub const fn is_backup_eligible(&self) -> bool {
        self.backup_eligible
    }

    /// What vouched for the model.
    #[must_use]
    pub const fn attested(&self) -> Attested {
        self.attested
    }

    /// When it was registered.
    #[must_use]
    pub const fn registered_at(&self) -> Timestamp {
        self.registered_at
    }

    /// The same with the counter of an assertion that held.
    #[must_use]
    pub const fn with_counter(mut self, counter: u32) -> Self {
        self.counter = counter;
        self
    }

    /// The file, as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let attestation = match self.attested {
            Attested::Chain { anchor, firmware, told_by } => {
                let mut chain = json!({
                    "outcome": "chain", "anchorSha256": anchor.to_hex(), "toldBy": told_by.name(),
                });
                if let (Some(firmware), Some(chain)) = (firmware, chain.as_object_mut()) {
                    chain.insert("firmware".to_owned(), firmware.into());
                }
                chain
            }
            Attested::Unknown => json!({ "outcome": "unknown" }),
            Attested::Itself => json!({ "outcome": "self" }),
            Attested::None => json!({ "outcome": "none" }),
            Attested::Unread => json!({ "outcome": "unread" }),
        };
        json!({
            "type": TYPE,
            "credentialId": encoding::b64u(&self.credential_id),
            "key": self.key.to_jwk(),
            "aaguid": self.aaguid.to_string(),
            "rpId": self.rp_id,
            "holder": self.holder,
            "jkt": self.jkt,
            "counter": self.counter,
            "backupEligible": self.backup_eligible,
            "attestation": attestation,
            "registeredAt": self.registered_at.to_string(),
        })
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// [`WebauthnError::Registration`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WebauthnError> {
        let wrong = WebauthnError::Registration;
        let value = json::parse(bytes, LIMIT).map_err(|_| wrong("not JSON with one reading"))?;
        let file = File::deserialize(&value).map_err(|_| wrong("shape"))?;
        if file.kind != TYPE {
            return Err(wrong("type"));
        }
        let credential_id = encoding::decode_b64u(&file.credential_id)
            .ok()
            .filter(|id| (1..=CREDENTIAL_ID_LIMIT).contains(&id.len()))
            .ok_or(wrong("credentialId"))?;
        Ok(Self {
            credential_id,
            key: CredentialKey::from_jwk(&file.key).ok_or(wrong("key"))?,
            aaguid: Aaguid::parse(&file.aaguid).ok_or(wrong("aaguid"))?,
            rp_id: file.rp_id,
            holder: file.holder,
            jkt: file.jkt,
            counter: file.counter,
            backup_eligible: file.backup_eligible,
            attested: file.attestation.read().ok_or(wrong("attestation"))?,
            registered_at: file.registered_at.0,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    #[serde(rename = "type")]
    kind: String,
    credential_id: String,
    key: Value,
    aaguid: String,
    rp_id: String,
    holder: String,
    jkt: String,
    counter: u32,
    backup_eligible: bool,
    attestation: FileAttestation,
    registered_at: Moment,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileAttestation {
    outcome: String,
    anchor_sha256: Option<Sha256Text>,
    firmware: Option<u64>,
    told_by: Option<String>,
}

impl ToldBy {
    const fn name(self) -> &'static str {
        match self {
            Self::Authenticator => "authenticator",
            Self::Platform => "platform",
        }
    }
}

impl FileAttestation {
    fn read(self) -> Option<Attested> {
        let told_by = match self.told_by.as_deref() {
            // Files that do not say it are older than all formats in which a platform tells: their chains are of `packed`.
            Some("authenticator") | None => ToldBy::Authenticator,
            Some("platform") => ToldBy::Platform,
            Some(_) => return None,
        };
        if self.outcome != "chain" && self.told_by.is_some() {
            return None;
        }
        match (self.outcome.as_str(), self.anchor_sha256, self.firmware) {
            ("chain", Some(anchor), firmware) => {
                Some(Attested::Chain { anchor: anchor.0, firmware, told_by })
            }
            ("unknown", None, None) => Some(Attested::Unknown),
            ("self", None, None) => Some(Attested::Itself),
            ("none", None, None) => Some(Attested::None),
            ("unread", None, None) => Some(Attested::Unread),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
