//! Key statements of issuers (assurance §7): what the wallet's key attestation said when the credential was issued.
//!
//! In scope: the member `keyStatement` of a verified credential, and making one from the attestation that the issuer sees. Out of scope: what
//! an attestation has to be (`key_attestation`): an issuer checks it as a verifier would.

use inkan_core::{Timestamp, sha256};
use inkan_credential::token_status_list::StatusListToken;
use inkan_crypto::PublicKey;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::attested_key::AttestedKey;
use crate::authority::{Authorised, authorise};
use crate::finding::Code;
use crate::key_attestation::{self, KeyAttestation};
use crate::model::{Moment, Sha256Text};
use crate::registry::{PartyRole, Registry};

/// The member of a credential.
pub const MEMBER: &str = "keyStatement";
/// Its type.
const TYPE: &str = "inkan-key-statement/1";
/// Registries' name for the right to make one.
const RIGHT: &str = "key_statement";
/// How long before the issuance the attestation may have been looked at, in seconds.
const AGE: i64 = 86_400;
/// The most names of levels that a statement repeats, and the longest of them.
const NAMES: usize = 16;
const NAME: usize = 64;

/// What the wallet shows an issuer.
#[derive(Clone, Copy, Debug)]
pub struct ShownAttestation<'a> {
    /// The key attestation (`key-attestation+jwt`).
    pub token: &'a str,
    /// The key that the credential is bound to.
    pub key: &'a PublicKey,
    /// Registries that the issuer configured: they name the wallet providers.
    pub registries: &'a [Registry],
    /// Status lists of wallet providers.
    pub status_lists: &'a [StatusListToken],
    /// The nonce that the issuer gave the wallet, which the attestation has to name; none, if the issuer gave none. That it counts once, the issuer sees to.
    pub nonce: Option<&'a str>,
    /// When it is looked at: at the issuance, or within the day before it.
    pub at: Timestamp,
}

/// The statement for the credential: what the attestation says of the key, under the name of its wallet provider.
///
/// Names of levels are repeated as they are, also those that nobody knows here: of several the weakest counts, and to leave one out would
/// say more than was shown.
///
/// # Errors
///
/// The code of what is wrong with the attestation: [`Code::KeyAttestationType`], [`Code::KeyAttestationInvalid`] (signature, time, status, another
/// key or nonce), [`Code::AttestationUntrusted`].
pub fn state(shown: &ShownAttestation<'_>) -> Result<Value, Code> {
    let jkt = shown.key.thumbprint();
    let judged = key_attestation::Judged {
        registries: shown.registries,
        status_lists: shown.status_lists,
        jkt: &jkt,
        nonce: shown.nonce,
        received_at: shown.at,
        as_of: shown.at,
    };
    let (_, provider) = key_attestation::check(shown.token, &judged)?;
    let read = KeyAttestation::parse(shown.token)?;
    let [storage, user] = read.levels();
    let fits = |names: &[String]| {
        names.len() <= NAMES && names.iter().all(|name| (1..=NAME).contains(&name.len()))
    };
    if !fits(storage) || !fits(user) {
        return Err(Code::KeyAttestationInvalid);
    }
    let at = shown.at.to_string();
    Ok(json!({
        "type": TYPE,
        "jkt": jkt,
        "keyStorage": storage,
        "userAuthentication": user,
        "walletProvider": provider.party(),
        "attestationSha256": sha256(&[shown.token.as_bytes()]).to_hex(),
        "attestedAt": at,
        "statusCheckedAt": at,
    }))
}

/// What a statement is judged by.
pub(crate) struct Judged<'a> {
    pub(crate) registries: &'a [Registry],
    /// The party that signed the credential.
    pub(crate) issuer: &'a str,
    /// When the credential was issued.
    pub(crate) issued: Option<Timestamp>,
    /// Thumbprint of the key that proved possession.
    pub(crate) jkt: &'a str,
    pub(crate) as_of: Timestamp,
}

/// Checks a statement; gives what it shows, and by whose authority.
pub(crate) fn check(
    statement: &Value,
    judged: &Judged<'_>,
) -> Result<(AttestedKey, Authorised), Code> {
    let invalid = Code::KeyStatementInvalid;
    let stated = Statement::deserialize(statement).map_err(|_| invalid)?;
    if stated.kind != TYPE || stated.jkt != judged.jkt {
        return Err(invalid);
    }
    let issued = judged.issued.ok_or(invalid)?;
    let (attested, checked) = (stated.attested_at.0, stated.status_checked_at.0);
    // All three are the issuer's own word: no clocks differ here.
    let before = issued.seconds_since(attested);
    if !(0..=AGE).contains(&before) || checked < attested || checked > issued {
        return Err(invalid);
    }
    let may = authorise(judged.registries, judged.issuer, issued, judged.as_of)
        .unwrap_or_default()
        .into_iter()
        .find(|by| by.may_make(RIGHT))
        .ok_or(Code::KeyStatementNotAuthorised)?;
    let provider = authorise(judged.registries, &stated.wallet_provider, attested, judged.as_of);
    let known =
        provider.is_ok_and(|list| list.iter().any(|by| by.has_role(PartyRole::WalletProvider)));
    if !known {
        return Err(Code::AttestationUntrusted);
    }
    Ok((AttestedKey::of(&stated.key_storage, &stated.user_authentication), may))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Statement {
    #[serde(rename = "type")]
    kind: String,
    jkt: String,
    key_storage: Vec<String>,
    user_authentication: Vec<String>,
    wallet_provider: String,
    #[serde(rename = "attestationSha256")]
    _attestation: Sha256Text,
    attested_at: Moment,
    status_checked_at: Moment,
}
