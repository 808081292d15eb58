//! From JSON to [`ConsentRecord`]: closed objects, and what must hold among their members.

use inkan_core::{Digest, Timestamp, encoding, text};
use serde_json::{Map, Value};

use super::shown::{ShownClaim, ShownCredential};
use super::{
    CLAIMS, CONSENT_SCHEMA, CONSENT_TYPE, ConsentError, ConsentEvent, ConsentPurpose,
    ConsentRecord, ConsentState, ConsentTerms, ITEMS, Notice, PolicyReference, Receiver, TEXT,
    signer_of,
};
use crate::model::{is_origin, is_url};
use crate::proof::{Proof, Purpose, take_proofs};

/// Members that a proof may have: all of them are signed, and none goes unread.
const PROOF: [&str; 8] = [
    "id",
    "type",
    "cryptosuite",
    "created",
    "verificationMethod",
    "proofPurpose",
    "previousProof",
    "proofValue",
];

/// Reads one record with its proofs.
pub(super) fn record(mut document: Value) -> Result<ConsentRecord, ConsentError> {
    if !document.get("proof").is_some_and(Value::is_array) {
        return Err(malformed("proof"));
    }
    let proofs = take_proofs(&mut document)?;
    let (terms, event) = parts(&document)?;
    check_proofs(&proofs, &terms, &event)?;
    Ok(ConsentRecord { terms, event, document, proofs })
}

/// Reads what is signed.
pub(super) fn parts(document: &Value) -> Result<(ConsentTerms, ConsentEvent), ConsentError> {
    let mut from = Members::of(document, "consent")?;
    if from.text("type")? != CONSENT_TYPE {
        return Err(malformed("type"));
    }
    if from.text("schemaVersion")? != CONSENT_SCHEMA {
        return Err(malformed("schemaVersion"));
    }
    if from.text("lawfulBasis")? != "consent" {
        return Err(malformed("lawfulBasis"));
    }
    let record = from.optional("ledgerRecord").map(ledger_record).transpose()?;
    let (log, salt) = record.unzip();
    let terms = ConsentTerms {
        record_id: from.url("recordId")?,
        principal: did("piiPrincipalId", from.text("piiPrincipalId")?)?,
        receiver: receiver(from.needed("piiController")?)?,
        purposes: list(from.needed("purposes")?, "purposes", purpose)?,
        notice: from.optional("privacyNotice").map(notice).transpose()?,
        shown: shown(from.needed("piiInformation")?)?,
        presentation: presentation(from.needed("presentation")?)?,
        policy: from.optional("policy").map(policy).transpose()?,
        until: from.time("validUntil")?,
        keep_until: from.time("retentionUntil")?,
        recipients: match from.optional("recipientThirdParties") {
            None => Vec::new(),
            Some(found) => list(found, "recipientThirdParties", |one| {
                line(one.as_str().unwrap_or_default(), "recipientThirdParties")
            })?,
        },
        jurisdiction: from.line("jurisdiction")?,
        withdrawal_method: from.line("withdrawalMethod")?.ok_or(malformed("withdrawalMethod"))?,
        act: array(from.text("act")?, "act")?,
        log,
    };
    let state = from.text("eventState")?;
    let state = ConsentState::ALL.into_iter().find(|one| one.as_str() == state);
    let state = state.ok_or(malformed("eventState"))?;
    if from.needed("seq")?.as_u64() != Some(state.sequence()) {
        return Err(malformed("seq"));
    }
    let event = ConsentEvent {
        state,
        time: from.time("eventTime")?.ok_or(malformed("eventTime"))?,
        reason: from.line("reason")?,
        salt,
        previous: match from.optional_text("previous")? {
            None => None,
            Some(text) => Some(digest(text, "previous")?),
        },
    };
    from.end("consent")?;
    check(&terms, &event)?;
    Ok((terms, event))
}

/// What must hold among members.
fn check(terms: &ConsentTerms, event: &ConsentEvent) -> Result<(), ConsentError> {
    let first = event.state == ConsentState::Given;
    if event.previous.is_some() == first {
        return Err(malformed("previous"));
    }
    if first && event.reason.is_some() {
        return Err(malformed("reason"));
    }
    if first && terms.until.is_some_and(|until| until <= event.time) {
        return Err(malformed("validUntil"));
    }
    if first && terms.keep_until.is_some_and(|until| until <= event.time) {
        return Err(malformed("retentionUntil"));
    }
    Ok(())
}

/// The holder's proof comes first and covers no other; the receiver's names it.
fn check_proofs(
    proofs: &[Proof],
    terms: &ConsentTerms,
    event: &ConsentEvent,
) -> Result<(), ConsentError> {
    let plain = |proof: &Proof| {
        proof.cryptosuite().is_jcs()
            && *proof.purpose() == Purpose::Authentication
            && proof.id().is_some()
            && proof.created().is_some()
            && proof.verification_method().contains('#')
            && proof.value().as_object().is_some_and(|members| {
                members.keys().all(|name| PROOF.contains(&name.as_str()))
                    && members.get("previousProof").is_none_or(Value::is_array)
            })
    };
    if !proofs.iter().all(plain) {
        return Err(malformed("proof"));
    }
    let (holder, others) = proofs.split_first().ok_or(malformed("proof"))?;
    if signer_of(holder) != terms.principal {
        return Err(malformed("piiPrincipalId"));
    }
    if !holder.previous_proof().is_empty() || holder.created() != Some(event.time) {
        return Err(malformed("proof"));
    }
    match others {
        [] => Ok(()),
        [receiver] => {
            let names = receiver.previous_proof().iter().map(String::as_str);
            let early = receiver.created().is_none_or(|created| created < event.time);
            if names.eq(holder.id()) && !early { Ok(()) } else { Err(malformed("proof")) }
        }
        _ => Err(malformed("proof")),
    }
}

fn ledger_record(value: &Value) -> Result<(String, [u8; 16]), ConsentError> {
    let mut from = Members::of(value, "ledgerRecord")?;
    let log = from.text("log")?;
    if !is_origin(log) {
        return Err(malformed("ledgerRecord"));
    }
    let salt = array(from.text("salt")?, "ledgerRecord")?;
    from.end("ledgerRecord")?;
    Ok((log.to_owned(), salt))
}

fn receiver(value: &Value) -> Result<Receiver, ConsentError> {
    let mut from = Members::of(value, "piiController")?;
    let audience = from.line("audience")?.ok_or(malformed("piiController"))?;
    let id = from.optional_text("id")?.map(|id| did("piiController", id)).transpose()?;
    from.end("piiController")?;
    Ok(Receiver { audience, id })
}

fn purpose(value: &Value) -> Result<ConsentPurpose, ConsentError> {
    let mut from = Members::of(value, "purposes")?;
    let id = from.line("id")?;
    let text = from.line("text")?.ok_or(malformed("purposes"))?;
    from.end("purposes")?;
    Ok(ConsentPurpose { id, text })
}

fn notice(value: &Value) -> Result<Notice, ConsentError> {
    let mut from = Members::of(value, "privacyNotice")?;
    let uri = from.optional_text("uri")?.map(str::to_owned);
    let found = from.optional_text("digest")?;
    let digest = found.map(|text| digest(text, "privacyNotice")).transpose()?;
    from.end("privacyNotice")?;
    let says = uri.as_deref().map_or_else(|| digest.is_some(), is_url);
    if says { Ok(Notice { uri, digest }) } else { Err(malformed("privacyNotice")) }
}

fn presentation(value: &Value) -> Result<Digest, ConsentError> {
    let mut from = Members::of(value, "presentation")?;
    let found = digest(from.text("digest")?, "presentation")?;
    from.end("presentation")?;
    Ok(found)
}

fn policy(value: &Value) -> Result<PolicyReference, ConsentError> {
    let mut from = Members::of(value, "policy")?;
    let id = from.line("id")?.ok_or(malformed("policy"))?;
    let version = from.line("version")?.ok_or(malformed("policy"))?;
    let digest = digest(from.text("digest")?, "policy")?;
    from.end("policy")?;
    Ok(PolicyReference { id, version, digest })
}

fn shown(value: &Value) -> Result<Vec<ShownCredential>, ConsentError> {
    const NAME: &str = "piiInformation";
    let mut left = CLAIMS;
    let mut all = Vec::new();
    for item in value.as_array().ok_or(malformed(NAME))? {
        let mut from = Members::of(item, NAME)?;
        let names = from.needed("types")?.as_array().ok_or(malformed(NAME))?;
        let name = |one: &Value| one.as_str().map(str::to_owned).ok_or(malformed(NAME));
        let types: Vec<String> = names.iter().map(name).collect::<Result<_, _>>()?;
        let items = from.needed("claims")?.as_array().ok_or(malformed(NAME))?;
        left = left.checked_sub(items.len()).ok_or(malformed(NAME))?;
        let claims = items.iter().map(claim).collect::<Result<_, _>>()?;
        from.end(NAME)?;
        all.push(ShownCredential { types, claims });
    }
    Ok(all)
}

fn claim(value: &Value) -> Result<ShownClaim, ConsentError> {
    let mut from = Members::of(value, "piiInformation")?;
    let path = from.text("path")?;
    if !path.starts_with('/') {
        return Err(malformed("piiInformation"));
    }
    let digest = digest(from.text("digest")?, "piiInformation")?;
    from.end("piiInformation")?;
    Ok(ShownClaim { path: path.to_owned(), digest })
}

/// A list that is not empty, of items of which none is there twice.
fn list<T: PartialEq>(
    value: &Value,
    member: &'static str,
    read: impl Fn(&Value) -> Result<T, ConsentError>,
) -> Result<Vec<T>, ConsentError> {
    let items = value.as_array().filter(|items| (1..=ITEMS).contains(&items.len()));
    let mut found: Vec<T> = Vec::new();
    for item in items.ok_or(malformed(member))? {
        let one = read(item)?;
        if found.contains(&one) {
            return Err(malformed(member));
        }
        found.push(one);
    }
    Ok(found)
}

/// Whether `text` can stand in a record: something to read, of bounded length, on one line, with nothing hidden in it.
pub(super) fn is_line(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().nth(TEXT).is_none()
        && !text.chars().any(text::is_hidden)
}

fn line(text: &str, member: &'static str) -> Result<String, ConsentError> {
    if is_line(text) { Ok(text.to_owned()) } else { Err(malformed(member)) }
}

fn did(member: &'static str, text: &str) -> Result<String, ConsentError> {
    let is_did = text.starts_with("did:") && is_url(text) && !text.contains(['#', '?', '/']);
    if is_did { Ok(text.to_owned()) } else { Err(malformed(member)) }
}

fn digest(text: &str, member: &'static str) -> Result<Digest, ConsentError> {
    Digest::from_b64u(text).map_err(|_| malformed(member))
}

fn array<const N: usize>(text: &str, member: &'static str) -> Result<[u8; N], ConsentError> {
    encoding::b64u_array(text).map_err(|_| malformed(member))
}

const fn malformed(member: &'static str) -> ConsentError {
    ConsentError::Malformed { member }
}

/// The members of a closed object, each to be read once.
struct Members<'a> {
    members: &'a Map<String, Value>,
    read: usize,
}

impl<'a> Members<'a> {
    fn of(value: &'a Value, name: &'static str) -> Result<Self, ConsentError> {
        Ok(Self { members: value.as_object().ok_or(malformed(name))?, read: 0 })
    }

    fn optional(&mut self, member: &'static str) -> Option<&'a Value> {
        let found = self.members.get(member)?;
        self.read = self.read.saturating_add(1);
        Some(found)
    }

    fn needed(&mut self, member: &'static str) -> Result<&'a Value, ConsentError> {
        self.optional(member).ok_or(malformed(member))
    }

    fn text(&mut self, member: &'static str) -> Result<&'a str, ConsentError> {
        self.needed(member)?.as_str().ok_or(malformed(member))
    }

    fn optional_text(&mut self, member: &'static str) -> Result<Option<&'a str>, ConsentError> {
        match self.optional(member) {
            None => Ok(None),
            Some(found) => found.as_str().map(Some).ok_or(malformed(member)),
        }
    }

    fn line(&mut self, member: &'static str) -> Result<Option<String>, ConsentError> {
        self.optional_text(member)?.map(|text| line(text, member)).transpose()
    }

    fn url(&mut self, member: &'static str) -> Result<String, ConsentError> {
        let text = self.text(member)?;
        if is_url(text) { Ok(text.to_owned()) } else { Err(malformed(member)) }
    }

    fn time(&mut self, member: &'static str) -> Result<Option<Timestamp>, ConsentError> {
        let read = |text| Timestamp::parse_strict(text).map_err(|_| malformed(member));
        self.optional_text(member)?.map(read).transpose()
    }

    /// Nothing is left that nobody read.
    fn end(self, name: &'static str) -> Result<(), ConsentError> {
        if self.read == self.members.len() { Ok(()) } else { Err(malformed(name)) }
    }
}
