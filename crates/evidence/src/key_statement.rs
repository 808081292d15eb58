//! Key statements of issuers (assurance §7): what the wallet's key attestation said when the credential was issued.
//!
//! In scope: the member `keyStatement` of a verified credential. Out of scope: the attestation itself, which the issuer saw.

use inkan_core::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::attested_key::AttestedKey;
use crate::authority::{Authorised, authorise};
use crate::finding::Code;
use crate::model::{Moment, Sha256Text};
use crate::registry::{PartyRole, Registry};

/// The member of a credential.
pub(crate) const MEMBER: &str = "keyStatement";
/// Its type.
const TYPE: &str = "inkan-key-statement/1";
/// Registries' name for the right to make one.
const RIGHT: &str = "key_statement";
/// How long before the issuance the attestation may have been looked at, in seconds.
const AGE: i64 = 86_400;

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
