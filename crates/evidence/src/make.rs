//! Making facts from what the verifier verified: the one door through which they come.

use std::collections::{BTreeMap, BTreeSet};

use icu_normalizer::ComposingNormalizerBorrowed;
use inkan_core::{Digest, Timestamp, json, sha256};
use inkan_ledger::TimestampChecker;
use inkan_verifier::{CertificateChecker, Live, Presenter, Verification, VerifiedCredential};
use serde_json::Value;

use crate::aal::{Asked, Remember, authenticators};
use crate::claims::{IgnoredClaim, level_claims};
use crate::event::{Source, event_facts, void_contradictions};
use crate::fact::{Fact, FactKind};
use crate::facts::{CredentialFacts, EventFacts, Facts, Holder, Liveness};
use crate::finding::{Code, Finding};
use crate::item::{Checkers, Once};
use crate::jpki::{Channel, Jpki, LoginProof, LoginTerms};
use crate::model::ProofingEvidence;
use crate::register_check::{self, with_register_checks};
use crate::registry::Registry;
use crate::shown::{self, Offered};

/// Names beyond this are not judged one by one.
const CLAIMS: usize = 256;

/// What a verifier has at hand beside a verification and its registries.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtHand<'a> {
    /// What was shown beside the presentation, and what this verifier asked.
    pub asked: Option<&'a Asked<'a>>,
    /// What signatures of cards are judged by; without it, proofs of kind `cms-jpki` are left open.
    pub jpki: Option<&'a Jpki>,
    /// What judges timestamp tokens in evidence: under the authorities that it has pinned for artefacts; without it, they are left open.
    pub timestamps: Option<&'a dyn TimestampChecker>,
    /// What judges the seals of organisations in evidence; without it, they are left open.
    pub certificates: Option<&'a dyn CertificateChecker>,
    /// What base registers state of the credentials, as it came ([`crate::register_check::statements_of`]).
    pub register_checks: &'a [String],
    /// This verifier, as who asks a register names it; without it, the audience of the presentation.
    pub audience: Option<&'a str>,
}

/// Everything that `verification` and the registries show, as of the time it was judged at.
#[must_use]
pub fn facts_of(verification: &Verification, registries: &[Registry]) -> Facts {
    facts_with(verification, registries, &AtHand::default()).0
}

/// The same with what else is at hand, and what this verifier has to remember of it.
#[must_use]
pub fn facts_with(
    verification: &Verification,
    registries: &[Registry],
    at_hand: &AtHand<'_>,
) -> (Facts, Remember) {
    let credentials: Vec<Option<Seen<'_>>> = verification
        .credentials()
        .iter()
        .map(|credential| credential.as_ref().map(Seen::of))
        .collect();
    let holder =
        verification.presenter().map(|presenter| holder(presenter, verification.received_at()));
    let AtHand { jpki, timestamps, certificates, .. } = *at_hand;
    let checkers = Checkers { jpki, timestamps, certificates };
    let made = make(&credentials, holder, (registries, checkers), verification.as_of());
    let shown = authenticators(verification, registries, at_hand.asked);
    let mut facts = made.with_claims(shown.claims);
    facts.authenticators = shown.authenticators;
    facts.findings.extend(shown.findings);
    facts.findings.sort();
    facts.findings.dedup();
    facts.ignored.extend(shown.ignored);
    let audience = verification.presenter().map(Presenter::audience);
    if let (Some(asked), Some(audience)) = (at_hand.asked, audience) {
        facts = with_logins(facts, (asked, audience), at_hand.jpki);
    }
    if !at_hand.register_checks.is_empty() {
        let judged = register_check::Judged {
            registries,
            audience: audience.or(at_hand.audience),
            as_of: verification.as_of(),
        };
        facts = with_register_checks(facts, at_hand.register_checks, &judged);
    }
    (facts, shown.remember)
}

/// Logins with a card (assurance §9: bound to the verifier's name unless they were posted by another device).
fn with_logins(
    mut facts: Facts,
    (asked, audience): (&Asked<'_>, &str),
    jpki: Option<&Jpki>,
) -> Facts {
    for (position, offered) in asked.shown.offered().iter().enumerate() {
        let Offered::Jpki { statement, cms } = offered else { continue };
        let (Some(jpki), Some(holder)) = (jpki, &facts.holder) else {
            let path = format!("authenticator[{position}]");
            let finding = Finding::new(Code::MethodNotAccepted, &path).found("jpkiAuth");
            facts.findings.push(finding);
            facts.findings.sort();
            continue;
        };
        let registered = jpki.registered_to(&holder.did);
        let channel = match asked.shown.channel() {
            shown::Channel::DcApiSameDevice
            | shown::Channel::DcApiProximity
            | shown::Channel::RedirectSameDevice
            | shown::Channel::MdocProximity => Channel::Bound,
            shown::Channel::DirectPostCrossDevice => Channel::Unbound,
        };
        let terms = LoginTerms { audience, channel, registered: &registered };
        let proof = LoginProof { statement: statement.as_bytes(), cms };
        facts = facts.with_jpki_login(&proof, &terms, jpki);
    }
    facts
}

/// What an issuer's evidence would show of itself, if its proofer were authorised for everything.
///
/// All facts are `claimed`: they predict, and support nothing.
#[must_use]
pub fn predicted(prediction: &Prediction<'_>, as_of: Timestamp) -> Facts {
    let seen = Seen {
        value: prediction.credential,
        digest: Digest::from_bytes([0; 32]),
        issuer: prediction.issuer,
        existed_by: None,
        holder_jkts: BTreeSet::from([prediction.jkt.to_owned()]),
        former_jkts: BTreeSet::new(),
    };
    make(&[Some(seen)], None, (&[], Checkers::default()), as_of)
}

/// A credential that is not issued yet.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<'a> {
    /// The unsigned credential, evidence included.
    pub credential: &'a Value,
    /// Who will sign it.
    pub issuer: &'a str,
    /// Thumbprint of the holder's key.
    pub jkt: &'a str,
}

/// What facts are made from, of one credential.
pub(crate) struct Seen<'a> {
    pub(crate) value: &'a Value,
    pub(crate) digest: Digest,
    pub(crate) issuer: &'a str,
    pub(crate) existed_by: Option<Timestamp>,
    pub(crate) holder_jkts: BTreeSet<String>,
    pub(crate) former_jkts: BTreeSet<String>,
}

impl<'a> Seen<'a> {
    fn of(credential: &'a VerifiedCredential) -> Self {
        let now: BTreeSet<String> =
            credential.holder_keys().iter().map(|key| key.thumbprint()).collect();
        Self {
            value: credential.credential().value(),
            digest: credential.digest(),
            issuer: credential.issuer(),
            existed_by: credential.recorded().and_then(|recorded| recorded.existed_by()),
            former_jkts: now.clone(),
            holder_jkts: now,
        }
    }
}

pub(crate) fn make(
    credentials: &[Option<Seen<'_>>],
    holder: Option<Holder>,
    (registries, checkers): (&[Registry], Checkers<'_>),
    as_of: Timestamp,
) -> Facts {
    let mut findings = Vec::new();
    let mut ignored = Vec::new();
    let once = Once::new(checkers);
    let mut made: Vec<Option<CredentialFacts>> = credentials
        .iter()
        .enumerate()
        .map(|(position, seen)| {
            let seen = seen.as_ref()?;
            let path = format!("cred[{position}]");
            let found = level_claims(seen.value, &path);
            findings.extend(found.iter().map(claim_finding));
            ignored.extend(found);
            let source = Source {
                registries,
                signer: seen.issuer,
                existed_by: seen.existed_by,
                as_of,
                once: &once,
            };
            once.next_credential();
            Some(credential_facts(seen, path, &source, &mut findings))
        })
        .collect();
    let void = void_contradictions(
        made.iter().flatten().flat_map(|credential| &credential.events),
        &mut findings,
    );
    for credential in made.iter_mut().flatten() {
        credential.events.retain(|event| !void.contains(&event.process));
    }
    findings.sort();
    findings.dedup();
    Facts { as_of, credentials: made, holder, authenticators: Vec::new(), findings, ignored }
}

fn claim_finding(claim: &IgnoredClaim) -> Finding {
    Finding::new(Code::LevelClaimIgnored, &claim.path)
}

fn credential_facts(
    seen: &Seen<'_>,
    path: String,
    source: &Source<'_, '_>,
    findings: &mut Vec<Finding>,
) -> CredentialFacts {
    let events: Vec<EventFacts> = listed(seen.value, "evidence")
        .into_iter()
        .enumerate()
        .filter(|(_, entry)| ProofingEvidence::is_meant(entry))
        .filter_map(|(position, entry)| {
            event_facts(entry, &format!("{path}.evidence[{position}]"), source, findings)
        })
        .collect();
    let subject = match listed(seen.value, "credentialSubject").as_slice() {
        [one] => one.as_object(),
        _ => None,
    };
    CredentialFacts {
        path,
        types: listed(seen.value, "type")
            .into_iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "VerifiableCredential")
            .map(str::to_owned)
            .collect(),
        digest: seen.digest,
        subject_id: subject
            .and_then(|members| members.get("id"))
            .and_then(Value::as_str)
            .map(str::to_owned),
        holder_jkts: seen.holder_jkts.clone(),
        former_jkts: seen.former_jkts.clone(),
        claims: subject
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "id")
            .take(CLAIMS)
            .map(|(name, value)| (name.clone(), claim_digest(value)))
            .collect::<BTreeMap<_, _>>(),
        events,
        facts: Vec::new(),
        registers: Vec::new(),
    }
}

/// A member that holds one thing or a list of things.
pub(crate) fn listed<'a>(value: &'a Value, member: &str) -> Vec<&'a Value> {
    match value.get(member) {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn holder(presenter: &Presenter, received_at: Timestamp) -> Holder {
    let asked = presenter.nonce_issued_at().unwrap_or(presenter.created());
    let age = received_at.seconds_since(asked.min(presenter.created())).max(0);
    let source = presenter.nonce_digest();
    Holder {
        did: presenter.holder().to_owned(),
        jkt: presenter.key().thumbprint(),
        liveness: match presenter.live() {
            Live::Yes => Liveness::Live,
            Live::CallerKeepsNonce => Liveness::CallerKeepsNonce,
            Live::No => Liveness::NotLive,
        },
        age_seconds: age,
        nonce_digest: source,
        facts: vec![Fact::verified(FactKind::HolderProof, source, received_at)],
    }
}

/// Digest of a claim's value after normalisation (assurance §10): NFKC, dates as ISO 8601.
fn claim_digest(value: &Value) -> Digest {
    let bytes = json::canonicalize(&normalised(value)).unwrap_or_default();
    sha256(&[&bytes])
}

fn normalised(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(text.trim());
            Value::String(iso_date(&composed).unwrap_or_else(|| composed.into_owned()))
        }
        Value::Array(items) => Value::Array(items.iter().map(normalised).collect()),
        Value::Object(members) => {
            let each = members.iter().map(|(name, inner)| (name.clone(), normalised(inner)));
            Value::Object(each.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// `1990/4/1`, `1990.04.01` and `19900401` as `1990-04-01`; `None` for what is no date.
fn iso_date(text: &str) -> Option<String> {
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    let (year, month, day) = if text.len() == 8 && digits(text) {
        (text.get(..4)?, text.get(4..6)?, text.get(6..)?)
    } else {
        let mut parts = text.split(['-', '/', '.']);
        let found = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        found
    };
    if year.len() != 4 || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    let date = format!("{year}-{month:0>2}-{day:0>2}");
    Timestamp::parse_strict(&format!("{date}T00:00:00Z")).ok().map(|_| date)
}

#[cfg(test)]
mod tests;
