//! Key attestations of wallets ([OpenID4VCI 1.0, Appendix D](https://openid.net/specs/openid-4-verifiable-credential-issuance-1_0.html#name-key-attestations)):
//! in which store does the holder's key lie, and who may use it?
//!
//! In scope: the JWT, its signer, its status. Out of scope: wallet attestations (`oauth-client-attestation+jwt`), which say that an app is
//! genuine and nothing about a key; `trust_chain`. Stricter than there: a key attestation says when it ends.

use inkan_core::json;
use inkan_core::{Timestamp, tolerance};
use inkan_credential::token_status_list::{StatusListToken, StatusReference, TokenStatus};
use inkan_crypto::PublicKey;
use inkan_crypto::jws::Jws;
use serde_json::Value;

use crate::attested_key::AttestedKey;
use crate::authority::{Authorised, authorise};
use crate::finding::Code;
use crate::registry::{PartyRole, Registry, Standing};
use crate::token::Kind;

/// The largest token in characters.
pub const LIMIT: usize = 64 << 10;
/// The most keys that one token attests.
const KEYS: usize = 64;
const KIND: Kind = Kind {
    typ: "key-attestation+jwt",
    limit: LIMIT,
    invalid: Code::KeyAttestationInvalid,
    other: Code::KeyAttestationType,
    refused: Code::AttestationUntrusted,
};

/// What a token is judged by.
pub(crate) struct Judged<'a> {
    pub(crate) registries: &'a [Registry],
    pub(crate) status_lists: &'a [StatusListToken],
    /// Thumbprint of the key that proved possession.
    pub(crate) jkt: &'a str,
    /// The nonce that whoever asks gave the wallet, if it has to be named: issuers give one, verifiers see what was made for an issuer.
    pub(crate) nonce: Option<&'a str>,
    pub(crate) received_at: Timestamp,
    pub(crate) as_of: Timestamp,
}

/// Checks a token; gives what it shows, and by whose authority.
pub(crate) fn check(token: &str, judged: &Judged<'_>) -> Result<(AttestedKey, Authorised), Code> {
    let invalid = Code::KeyAttestationInvalid;
    let read = KeyAttestation::parse(token)?;
    let stated = read.stated();
    let KeyAttestation { jws, claims, issued, ends, jkts, .. } = read;
    let (provider, key) = provider(&jws, &claims, (judged.registries, judged.as_of), issued)?;
    let at = judged.received_at;
    if issued > at.plus_seconds(tolerance::CREDENTIAL) || ends < at || ends < issued {
        return Err(invalid);
    }
    if !jkts.iter().any(|jkt| jkt == judged.jkt) {
        return Err(invalid);
    }
    if judged.nonce.is_some_and(|nonce| json::text(&claims, "nonce") != Some(nonce)) {
        return Err(invalid);
    }
    if let Some(status) = claims.get("status") {
        check_status(status, &key, judged)?;
    }
    Ok((stated, provider))
}

/// A key attestation that is well formed. Nothing is known of its signature.
#[derive(Debug)]
pub struct KeyAttestation {
    jws: Jws,
    claims: Value,
    issued: Timestamp,
    ends: Timestamp,
    /// Thumbprints of the attested keys that are of a kind that is read here.
    jkts: Vec<String>,
    /// Names of levels, as stated: of the store, and of whoever may use it.
    levels: [Vec<String>; 2],
}

impl KeyAttestation {
    /// Reads a token. Members that are not known are passed over, as its specification has it.
    ///
    /// # Errors
    ///
    /// [`Code::KeyAttestationType`] for a token of another type, otherwise [`Code::KeyAttestationInvalid`].
    pub fn parse(token: &str) -> Result<Self, Code> {
        let invalid = KIND.invalid;
        let (jws, claims) = KIND.open(token)?;
        let time = |name| {
            let seconds = claims.get(name).and_then(Value::as_i64);
            KIND.time(seconds.ok_or(invalid)?)
        };
        let (issued, ends) = (time("iat")?, time("exp")?);
        let keys = claims.get("attested_keys").and_then(Value::as_array);
        let keys = keys.filter(|keys| (1..=KEYS).contains(&keys.len())).ok_or(invalid)?;
        let jkts = keys.iter().filter_map(|jwk| PublicKey::from_jwk(jwk).ok());
        let jkts = jkts.map(|key| key.thumbprint()).collect();
        let names = |name: &str| -> Option<Vec<String>> {
            let Some(listed) = claims.get(name) else { return Some(Vec::new()) };
            listed.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
        };
        let storage = names("key_storage").ok_or(invalid)?;
        let user = names("user_authentication").ok_or(invalid)?;
        Ok(Self { jws, claims, issued, ends, jkts, levels: [storage, user] })
    }

    /// What it says of the store, and of whoever may use the key: names of levels.
    #[must_use]
    pub const fn levels(&self) -> &[Vec<String>; 2] {
        &self.levels
    }

    /// When it was made.
    #[must_use]
    pub const fn issued(&self) -> Timestamp {
        self.issued
    }

    fn stated(&self) -> AttestedKey {
        let [storage, user] = &self.levels;
        AttestedKey::of(storage, user)
    }
}

/// The status list that a token names, if the key of a provider that a registry authorises signed it: nobody else sends a verifier
/// anywhere.
#[must_use]
pub fn list_of(token: &str, registries: &[Registry], as_of: Timestamp) -> Option<String> {
    let KeyAttestation { jws, claims, issued, .. } = KeyAttestation::parse(token).ok()?;
    provider(&jws, &claims, (registries, as_of), issued).ok()?;
    Some(StatusReference::from_claim(claims.get("status")?).ok()??.uri)
}

/// The wallet provider whose key signed: the party that `iss` or the DID in `kid` names, or any whose key it is.
fn provider(
    jws: &Jws,
    claims: &Value,
    (registries, as_of): (&[Registry], Timestamp),
    issued: Timestamp,
) -> Result<(Authorised, PublicKey), Code> {
    let of_kid = jws.kid().filter(|kid| kid.starts_with("did:"));
    let of_kid = of_kid.and_then(|kid| kid.split('#').next());
    let named = match claims.get("iss") {
        Some(name) => Some(name.as_str().ok_or(Code::KeyAttestationInvalid)?),
        None => of_kid,
    };
    let entries = registries.iter().flat_map(|registry| registry.entries());
    let mut refusal = Code::AttestationUntrusted;
    for entry in entries {
        let fits = named.is_none_or(|name| name == entry.id());
        if !fits || !entry.roles().contains(&PartyRole::WalletProvider) {
            continue;
        }
        let Some(key) = entry.keys().iter().find(|key| jws.verify(key).is_ok()) else {
            // Whoever is named signed something else.
            if named.is_some() {
                refusal = Code::KeyAttestationInvalid;
            }
            continue;
        };
        if entry.standing() == Standing::RevokedForCause {
            return Err(Code::AttestationUntrusted);
        }
        let held = authorise(registries, entry.id(), issued, as_of);
        let by = held
            .unwrap_or_default()
            .into_iter()
            .find(|by| by.has_role(PartyRole::WalletProvider) && by.keys().contains(key));
        if let Some(by) = by {
            return Ok((by, key.clone()));
        }
    }
    Err(refusal)
}

/// A status that is named has to be known and good; the list is the provider's own.
fn check_status(status: &Value, key: &PublicKey, judged: &Judged<'_>) -> Result<(), Code> {
    let invalid = Code::KeyAttestationInvalid;
    let reference = StatusReference::from_claim(status).ok().flatten().ok_or(invalid)?;
    let list = judged.status_lists.iter().find(|list| list.uri() == reference.uri);
    let list = list.filter(|list| list.verify(key).is_ok()).ok_or(invalid)?;
    list.check_time(judged.as_of).map_err(|_| invalid)?;
    match list.status_of(&reference) {
        Ok(TokenStatus::Valid) => Ok(()),
        Ok(_) | Err(_) => Err(invalid),
    }
}
