//! What one proofing gives another service: evidence that is derived from a verified source, and revalidation (assurance §4, §8.6, §8.7).
//!
//! In scope: which checks of the source may be said again, by whom, and that nothing gets more out of them than the source does.
//! Out of scope: whether the source is accepted, which a policy says before; how the new credential is signed.
//!
//! Levels are read here to compare, and written nowhere.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_evidence::model::Certificate;
use inkan_evidence::{
    AuthLevel, CardSignature, CredentialFacts, Facts, ItemFacts, Liveness, Prediction,
};
use inkan_verifier::Verification;
use serde_json::{Map, Value, json};

use crate::aal;
use crate::catalogue::Catalogue;
use crate::expect::expect_ial;
use crate::ial::{Held, Scope, rows};
use crate::level::Ial;

/// What somebody derives evidence with.
#[derive(Clone, Copy, Debug)]
pub struct Deriver<'a> {
    /// DID of the party that will sign the new credential, and answers for it.
    pub did: &'a str,
    /// A fresh name for the event, such as `urn:uuid:…`; a revalidation keeps the name of its own.
    pub process: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// Evidence for a new credential of the same holder.
#[derive(Clone, Debug)]
pub struct NewEvidence {
    /// One entry of `evidence[]`.
    pub entry: Value,
    /// What it will reach where the party that derives is authorised for the row: never more than the source does.
    pub level: Ial,
    /// When the person was proofed, or that was last shown to stand.
    pub since: Timestamp,
}

/// Why nothing is derived. None is worth a retry with the same input.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DeriveError {
    /// Nobody presents it now, or nobody was authenticated at AAL-2.
    #[error("the holder reached {0}, and a derivation needs AAL-2 now")]
    NotAuthenticated(&'static str),
    /// No proofing of the source counts here.
    #[error("no proofing of the source counts here")]
    Unproofed,
    /// The source was derived itself, and where its chain ends is not seen.
    #[error("the source was derived itself, from a credential that is not presented")]
    Chain,
    /// What would come of it is more than the source is.
    #[error("the source counts as {source_level}, and its checks would come to {derived}")]
    Above {
        /// What the source counts as.
        source_level: &'static str,
        /// What its checks come to, said by somebody else.
        derived: &'static str,
    },
    /// Somebody else proofed.
    #[error("{0} proofed, and nobody else revalidates that")]
    NotOwn(String),
}

impl DeriveError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAuthenticated(_) => "derivation-not-authenticated",
            Self::Unproofed => "derivation-source-unproofed",
            Self::Chain => "derivation-chain",
            Self::Above { .. } => "derivation-above-source",
            Self::NotOwn(_) => "revalidation-not-own",
        }
    }
}

/// Derives evidence from the credential at `position` of a presentation.
///
/// The verification must have been accepted under the deriver's own policy, which says how old a proofing may be. The checks that passed
/// are said again, the original signatures of a card are not: they were made out to somebody else.
///
/// # Errors
///
/// [`DeriveError`].
pub fn derive(
    (verification, position): (&Verification, usize),
    facts: &Facts,
    catalogue: &Catalogue,
    by: &Deriver<'_>,
) -> Result<NewEvidence, DeriveError> {
    derived(source(verification, position)?, (facts, position), catalogue, by)
}

fn derived(
    source: &Value,
    (facts, position): (&Facts, usize),
    catalogue: &Catalogue,
    by: &Deriver<'_>,
) -> Result<NewEvidence, DeriveError> {
    let (holder_jkt, reached) = present(facts)?;
    let credential = facts_at(facts, position)?;
    let best = best(credential, facts, catalogue).ok_or(DeriveError::Unproofed)?;
    if best.event().derivation().is_some() {
        return Err(DeriveError::Chain);
    }
    let raw = entry_at(source, best.event().path()).ok_or(DeriveError::Unproofed)?;
    let mut entry = Map::new();
    for member in ["session", "time"] {
        if let Some(value) = raw.get(member) {
            entry.insert(member.to_owned(), value.clone());
        }
    }
    let agent = raw.pointer("/proofer/agent").cloned().unwrap_or_else(|| "none".into());
    let (did, process) = (by.did, by.process);
    let event = best.event();
    let new = json!({
        "type": ["Evidence", inkan_evidence::model::EVIDENCE_TYPE],
        "verificationProcess": process,
        "proofer": { "id": did, "agent": agent },
        "subject": {
            "holder": event.subject_holder(), "jkt": holder_jkt, "boundBy": "re_authentication",
        },
        "evidence": event.items().iter().filter_map(|item| said_again(raw, item, by)).collect::<Vec<_>>(),
        "derivedFrom": {
            "credentialSha256": credential.digest().to_hex(), "verificationProcess": event.process(),
            "holderAal": reached.as_str(), "time": by.at.to_string(),
        },
    });
    entry.extend(new.as_object().cloned().unwrap_or_default());
    if let Some(later) = raw.get("revalidation").filter(|_| event.revalidated().is_some()) {
        entry.insert("revalidation".to_owned(), later.clone());
    }
    let new = (Value::Object(entry), event.subject_holder());
    not_above(new, (holder_jkt, &best), catalogue, by)
}

/// Says that a proofing of one's own still stands: the holder is here at AAL-2, and `checked_by` says now that the document was not revoked.
///
/// The credential at `position` must be one that `by` issued.
///
/// # Errors
///
/// [`DeriveError`].
pub fn revalidate(
    (verification, position): (&Verification, usize),
    facts: &Facts,
    catalogue: &Catalogue,
    by: (&Deriver<'_>, &str),
) -> Result<NewEvidence, DeriveError> {
    revalidated(source(verification, position)?, (facts, position), catalogue, by)
}

fn revalidated(
    source: &Value,
    (facts, position): (&Facts, usize),
    catalogue: &Catalogue,
    (by, checked_by): (&Deriver<'_>, &str),
) -> Result<NewEvidence, DeriveError> {
    let (holder_jkt, reached) = present(facts)?;
    let credential = facts_at(facts, position)?;
    let best = best(credential, facts, catalogue).ok_or(DeriveError::Unproofed)?;
    if best.event().proofer() != by.did {
        return Err(DeriveError::NotOwn(best.event().proofer().to_owned()));
    }
    let mut entry = entry_at(source, best.event().path()).cloned().ok_or(DeriveError::Unproofed)?;
    if let Some(members) = entry.as_object_mut() {
        let later = json!({
            "time": by.at.to_string(), "holderAal": reached.as_str(),
            "revocation": {
                "status": "good", "checkedBy": checked_by, "checkedAt": by.at.to_string(),
            },
        });
        members.insert("revalidation".to_owned(), later);
    }
    // Only the clock starts again: the level is that of the day of the proofing.
    let reached = best.level_when_new();
    let new = (entry, best.event().subject_holder().to_owned());
    let predicted = predict((&new.0, &new.1), holder_jkt, catalogue, by);
    if predicted > reached {
        return Err(above(reached, predicted));
    }
    Ok(NewEvidence { entry: new.0, level: predicted, since: by.at })
}

/// The holder's key, and how the holder authenticated just now.
fn present(facts: &Facts) -> Result<(&str, AuthLevel), DeriveError> {
    let reached = aal::reached(facts, &mut BTreeSet::new()).level;
    let refused = DeriveError::NotAuthenticated(reached.as_str());
    let holder = facts.holder().ok_or_else(|| refused.clone())?;
    let is_here = match holder.liveness() {
        Liveness::Live | Liveness::CallerKeepsNonce => true,
        Liveness::NotLive => false,
    };
    if is_here && reached >= AuthLevel::Aal2 { Ok((holder.jkt(), reached)) } else { Err(refused) }
}

fn source(verification: &Verification, position: usize) -> Result<&Value, DeriveError> {
    let verified = verification.credentials().get(position).and_then(Option::as_ref);
    Ok(verified.ok_or(DeriveError::Unproofed)?.credential().value())
}

fn facts_at(facts: &Facts, position: usize) -> Result<&CredentialFacts, DeriveError> {
    facts.credentials().get(position).and_then(Option::as_ref).ok_or(DeriveError::Unproofed)
}

/// The row that counts for most now.
fn best<'a>(
    credential: &'a CredentialFacts,
    facts: &'a Facts,
    catalogue: &'a Catalogue,
) -> Option<Held<'a>> {
    let found = rows(credential, facts, catalogue, &Scope::plain(), &mut BTreeSet::new());
    let rank = |held: &Held<'_>| (held.level_now(), held.since(), std::cmp::Reverse(held.row()));
    found.held.into_iter().max_by_key(rank)
}

/// `cred[0].evidence[2]` of the credential.
fn entry_at<'a>(credential: &'a Value, path: &str) -> Option<&'a Value> {
    let position = last_index(path)?;
    let evidence = credential.get("evidence")?;
    match evidence.as_array() {
        Some(list) => list.get(position),
        None => (position == 0).then_some(evidence),
    }
}

/// The number in the last brackets of a path.
fn last_index(path: &str) -> Option<usize> {
    path.rsplit_once('[')?.1.strip_suffix(']')?.parse().ok()
}

/// What was checked on one document, as its deriver states it: what passed, and the name of the proof.
fn said_again(raw: &Value, item: &ItemFacts, by: &Deriver<'_>) -> Option<Value> {
    let stated = raw.get("evidence")?.get(last_index(item.path())?)?;
    let mut out = Map::new();
    for member in ["type", "documentDetails", "revocation"] {
        if let Some(value) = stated.get(member) {
            out.insert(member.to_owned(), value.clone());
        }
    }
    let listed = stated.get("checkDetails").and_then(Value::as_array);
    let passed = listed.into_iter().flatten().filter(|check| check["result"] == "pass");
    let is_esig = |check: &&Value| check["checkMethod"] == "esig";
    let mut checks: Vec<Value> = passed.cloned().collect();
    let cards = item.card_signatures();
    if !cards.is_empty() {
        // What was verified here is said in its own words, and no longer in another's.
        checks.retain(|check| !is_esig(&check));
        checks.extend(cards.iter().map(|card| card_check(card, raw, by)));
        out.remove("revocation");
    }
    out.insert("checkDetails".to_owned(), checks.into());
    Some(Value::Object(out))
}

/// A card's signature that this party verified itself. Its time is that of the proofing, with which it has to agree.
fn card_check(card: &CardSignature, raw: &Value, by: &Deriver<'_>) -> Value {
    let certificate = match card.certificate {
        Certificate::Signing => "signing",
        Certificate::UserAuthentication => "user_authentication",
    };
    let status = if card.is_good { "good" } else { "unknown" };
    json!({
        "checkMethod": "esig", "result": "pass", "time": raw["time"], "certificate": certificate,
        "policyOid": card.policy, "statementSha256": card.statement.to_hex(),
        "revocation": {
            "status": status, "checkedBy": by.did, "checkedAt": by.at.to_string(),
        },
    })
}

fn not_above(
    (entry, subject): (Value, &str),
    (jkt, best): (&str, &Held<'_>),
    catalogue: &Catalogue,
    by: &Deriver<'_>,
) -> Result<NewEvidence, DeriveError> {
    let most = best.level_at(by.at);
    let predicted = predict((&entry, subject), jkt, catalogue, by);
    if predicted > most {
        return Err(above(most, predicted));
    }
    Ok(NewEvidence { entry, level: predicted, since: best.since() })
}

const fn above(source_level: Ial, derived: Ial) -> DeriveError {
    DeriveError::Above { source_level: source_level.as_str(), derived: derived.as_str() }
}

/// What a verifier would get out of it that authorises the party for every row.
fn predict(
    (entry, subject): (&Value, &str),
    jkt: &str,
    catalogue: &Catalogue,
    by: &Deriver<'_>,
) -> Ial {
    let credential = json!({
        "type": ["VerifiableCredential"], "issuer": by.did,
        "credentialSubject": { "id": subject }, "evidence": [entry],
    });
    let prediction = Prediction { credential: &credential, issuer: by.did, jkt };
    expect_ial(&prediction, catalogue, by.at).level
}

#[cfg(test)]
mod tests;
