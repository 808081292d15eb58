//! Makes a story from what a verification looked at and found.
//!
//! In scope: joining the verifier's checks, receipts and histories into events. Nothing is verified here that the verifier did
//! not verify, and nothing is fetched. Out of scope: the verdict, which comes with it.

use std::collections::BTreeMap;

use inkan_core::json::text;
use inkan_core::{Timestamp, tolerance};
use inkan_credential::{Bundle, SecuredCredential};
use inkan_did::Relationship;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::{Kind, Receipt, VerifiedLeaf};
use inkan_verifier::ledger_view::LedgerView;
use inkan_verifier::{Check, CheckName, Context, Material, Outcome, Reason, Verification};
use serde_json::Value;

use super::phrase::Phrase;
use super::status::{self, Change};
use super::{
    About, Basis, Bearing, Decided, Event, EventKind, KeyMark, Keys, MerklePath, Proof, Signer,
    Standing, Story, Verdict, acts, chain, consents, dids, outside,
};
use crate::merkle;
use crate::render::ladder::{self, Ladder};
use crate::render::report;

/// Exit codes of what was changed or forged: nothing in such a file can be relied on.
const FORGED: [u8; 3] = [10, 11, 18];
/// Longest value of a claim that is shown.
const VALUE: usize = 200;

/// What a story is made from.
pub(crate) struct Source<'a> {
    /// What the user called the file.
    pub(crate) file: &'a str,
    /// The artefact.
    pub(crate) bundle: &'a Bundle,
    /// Which of its credentials.
    pub(crate) index: usize,
    /// What was gathered for it.
    pub(crate) material: &'a Material,
    /// What it was verified with.
    pub(crate) context: &'a Context,
    /// What came of it.
    pub(crate) verification: &'a Verification,
    /// The verdict (`inkan-report/1`).
    pub(crate) report: &'a Value,
    /// Its exit code.
    pub(crate) exit: u8,
    /// Changes of its status that the verifier confirmed.
    pub(crate) changes: Vec<Change>,
    /// Consents about the presentation.
    pub(crate) consents: Vec<consents::Judged>,
    /// What could not be found out.
    pub(crate) gaps: Vec<String>,
    /// Why versions of DIDs came to be, where this profile knows and may tell.
    pub(crate) reasons: BTreeMap<String, String>,
    /// Whether values of claims are shown.
    pub(crate) values: Values,
}

/// Whether values of claims are shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Values {
    /// They are.
    Shown,
    /// Only their names.
    Hidden,
}

/// What the parts of a story are told from.
pub(super) struct Telling<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) secured: &'a SecuredCredential,
    pub(super) subject: String,
    pub(super) material: &'a Material,
    pub(super) context: &'a Context,
    pub(super) ledger: LedgerView<'a>,
    pub(super) all: &'a [Check],
}

impl<'a> Telling<'a> {
    /// Checks of this name about the credential.
    pub(super) fn checks(&self, name: CheckName) -> impl Iterator<Item = &'a Check> {
        let subject = self.subject.clone();
        self.all.iter().filter(move |check| check.name == name && check.subject == subject)
    }

    /// Whether the issuer's DID has not ended, or ended after the record.
    pub(super) fn did_active(&self) -> bool {
        !self.checks(CheckName::DidActive).any(Check::failed)
    }

    /// Whether the issuer's key was reported to be in other hands when it signed.
    pub(super) fn stolen(&self) -> bool {
        self.checks(CheckName::KeyInForce).any(stolen)
    }

    /// The leaf that the verifier took as the record of the issuance, and its receipt.
    fn issuance(&self) -> Option<(&Receipt, &VerifiedLeaf)> {
        let line = self.checks(CheckName::OnLedger).find(|line| line.outcome == Outcome::Pass)?;
        let entry = line.evidence.get("entry").and_then(Value::as_u64)?;
        let log = line.evidence.get("log").and_then(Value::as_str)?;
        let digest = self.secured.issuance_digest();
        let found = self.ledger.receipts().iter().filter_map(|seen| {
            let leaf = seen.result.as_ref().ok()?;
            let opens = seen.receipt.opening().is_some_and(|opening| opening.digest == digest);
            let here = leaf.leaf_index() == entry && leaf.origin() == log;
            (opens && here && leaf.leaf().kind() == Kind::Issuance).then_some((seen.receipt, leaf))
        });
        // Of several receipts for the same leaf the first tree shows the earliest time.
        found.min_by_key(|(_, leaf)| leaf.tree_size())
    }

    fn proof(&self, exit: u8) -> Proof {
        let mut signature = self.checks(CheckName::Signature);
        let outcome = signature.next().map(|check| &check.outcome);
        if FORGED.contains(&exit) || matches!(outcome, Some(Outcome::Fail(_))) {
            return Proof::Fails;
        }
        let in_force =
            || self.checks(CheckName::KeyInForce).chain(self.checks(CheckName::DidActive));
        match outcome {
            Some(Outcome::Pass) if in_force().any(stolen) => Proof::KeyCompromised,
            Some(Outcome::Pass) if in_force().any(Check::failed) => Proof::KeyNotInForce,
            Some(Outcome::Pass) if in_force().any(Check::blocks) => Proof::NotShown,
            Some(Outcome::Pass) => Proof::Holds,
            Some(Outcome::Fail(_) | Outcome::Unknown(_) | Outcome::Skipped) | None => {
                Proof::NotShown
            }
        }
    }
}

fn stolen(line: &Check) -> bool {
    matches!(line.outcome, Outcome::Fail(Reason::KeyCompromised { .. }))
}

/// Makes the story; `None` if the artefact has no such credential.
pub(crate) fn story(source: Source<'_>) -> Option<Story> {
    let secured = source.bundle.artefact.credentials().get(source.index)?;
    let telling = Telling {
        bundle: source.bundle,
        secured,
        subject: format!("cred[{}]", source.index),
        material: source.material,
        context: source.context,
        ledger: LedgerView::new(source.material, source.context),
        all: source.verification.checks(),
    };
    let proof = telling.proof(source.exit);
    let about = about(&telling, source.values);
    let mut verdict = verdict(&source);
    let (mut events, keys, mut gaps) = dids_of(&telling, &about, &source.reasons);
    gaps.extend(source.gaps);
    let issuance = telling.issuance().filter(|_| proof.holds());
    let (issued, issuer) = issued(&telling, &about, proof, issuance.map(|(_, leaf)| leaf));
    events.extend(issued);
    events.extend(stamps(issuance.map(|(_, leaf)| leaf)));
    events.extend(outside::told(&telling));
    let (acts, signers) = acts::told(&telling, source.values);
    events.extend(acts);
    events.extend(presented(source.verification));
    events.extend(source.consents.iter().flat_map(consents::told));
    events.extend(source.changes.into_iter().map(status::event));
    let mut ahead = Vec::new();
    for event in validity(&telling, proof) {
        let later = event.time > telling.context.as_of;
        if later { ahead.push(event) } else { events.push(event) }
    }
    // Entries of a log are in its order, whatever else has the same second.
    events.sort_by_key(|event| {
        (event.time, event.place.as_ref().map_or(u64::MAX, |place| place.entry))
    });
    let parts = chain::Parts {
        report: source.report,
        subject: &telling.subject,
        issuer: &about.issuer,
        credential: about.types.join(", "),
        holder: about.subject.as_deref(),
    };
    let mut chain = chain::chain(&parts);
    let mut signers: Vec<Signer> = std::iter::once(issuer).chain(signers).collect();
    if !proof.holds() {
        // The ledger's facts stand, but of what the file names: nothing ties them to what it says.
        for event in events.iter_mut().filter(|event| event.basis != Basis::Said) {
            event.word = Phrase::own("on the ledger, about what the file names");
        }
        chain::without_marks(&mut chain);
        signers.iter_mut().for_each(|signer| chain::lower(&mut signer.standing));
        verdict.checks.iter_mut().for_each(|check| chain::lower(&mut check.standing));
    }
    let path = issuance.map(|(receipt, leaf)| path(receipt, leaf));
    let file = source.file.to_owned();
    let ladders = ladder::of_report(source.report).into_iter().filter(Ladder::is_asked).collect();
    Some(Story {
        file,
        about,
        verdict,
        proof,
        events,
        ahead,
        keys,
        chain,
        path,
        signers,
        ladders,
        gaps,
    })
}

fn about(telling: &Telling<'_>, values: Values) -> About {
    let credential = telling.secured.credential();
    let own = |name: &&str| *name != "VerifiableCredential";
    let mut types: Vec<String> = credential.types().filter(own).map(str::to_owned).collect();
    if types.is_empty() {
        types.push("credential".to_owned());
    }
    let shown = |value: &Value| match values {
        Values::Hidden => None,
        Values::Shown => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some(text.chars().take(VALUE).collect())
        }
    };
    let members = credential.subjects().iter().filter_map(Value::as_object).flatten();
    let mut claims: Vec<(String, Option<String>)> = members
        .filter(|(name, _)| name.as_str() != "id")
        .map(|(name, value)| (name.clone(), shown(value)))
        .collect();
    claims.sort();
    let format = telling
        .checks(CheckName::Signature)
        .find_map(|check| check.evidence.get("format").and_then(Value::as_str).map(str::to_owned));
    About {
        id: credential.id().map(str::to_owned),
        types,
        format: format.unwrap_or_else(|| telling.secured.media_type().to_owned()),
        issuer: credential.issuer().to_owned(),
        subject: credential.subject_id().map(str::to_owned),
        claims,
    }
}

/// How many acceptances were taken back after the seal, by the report.
fn regretted(report: &Value) -> usize {
    let checks = report.get("checks").and_then(Value::as_array).into_iter().flatten();
    checks.filter(|check| text(check, "code") == Some("withdrawn-after-seal")).count()
}

fn verdict(source: &Source<'_>) -> Verdict {
    let report = source.report;
    Verdict {
        decision: match text(report, "decision") {
            Some("accept") if source.exit == 0 => Decided::Accept,
            Some("reject") => Decided::Reject,
            Some(_) | None => Decided::Undetermined,
        },
        exit: source.exit,
        policy: report
            .get("policy")
            .and_then(|policy| text(policy, "id"))
            .unwrap_or("authentic")
            .to_owned(),
        as_of: source.context.as_of,
        fact: report::reason(report).map(|(fact, number)| (chain::with_short_dids(&fact), number)),
        checks: chain::all(report),
        regretted: regretted(report),
    }
}

/// What became of the DIDs, the issuer's keys, and whose history is not at hand.
fn dids_of(
    telling: &Telling<'_>,
    about: &About,
    reasons: &BTreeMap<String, String>,
) -> (Vec<Event>, Option<Keys>, Vec<String>) {
    let (mut events, mut gaps) = (Vec::new(), Vec::new());
    let mut keys = None;
    let mut parties = vec![(about.issuer.clone(), "issuer", Relationship::AssertionMethod)];
    let mut add = |did: String, role: &'static str| {
        if did.starts_with("did:") && !parties.iter().any(|(known, ..)| *known == did) {
            parties.push((did, role, Relationship::Authentication));
        }
    };
    acts::actors(telling).into_iter().for_each(|(did, role)| add(did, role));
    about.subject.iter().for_each(|did| add(did.clone(), "subject"));
    for (did, role, purpose) in &parties {
        let party = dids::Party { role, purpose: *purpose, reasons };
        let Some(history) = dids::history(telling, did) else {
            gaps.push(format!("what became of the {role}'s DID is not at hand"));
            continue;
        };
        events.extend(dids::events(telling, &history, &party));
        events.extend(dids::reports(telling, &history, role));
        if *role == "issuer" {
            let marks = telling.issuance().map(|(_, leaf)| KeyMark {
                label: "issued".to_owned(),
                time: leaf.leaf().time(),
                version: history
                    .at_index(leaf.origin(), leaf.leaf_index())
                    .map_or(0, |(version, _)| version.number),
                key: signing_key(telling),
                standing: in_force(telling),
            });
            let marks = marks.into_iter().collect();
            keys = dids::keys(&history, &party, marks, telling.context.as_of);
        }
    }
    (events, keys, gaps)
}

/// Whether the key that signed was in force then, by the verifier's own check.
fn in_force(telling: &Telling<'_>) -> Standing {
    let mut lines = telling.checks(CheckName::KeyInForce);
    match lines.next().map(|line| &line.outcome) {
        Some(Outcome::Pass) => Standing::Held,
        Some(Outcome::Fail(_)) => Standing::Broken,
        Some(Outcome::Unknown(_) | Outcome::Skipped) | None => Standing::Unknown,
    }
}

/// The key that the verifier found to have signed.
fn signing_key(telling: &Telling<'_>) -> String {
    let mut lines = telling.checks(CheckName::KeyInForce);
    let key = lines.find_map(|line| line.evidence.get("key").and_then(Value::as_str));
    key.unwrap_or_default().to_owned()
}

/// That it was issued, and the issuer as a signer.
fn issued(
    telling: &Telling<'_>,
    about: &About,
    proof: Proof,
    leaf: Option<&VerifiedLeaf>,
) -> (Option<Event>, Signer) {
    let credential = telling.secured.credential();
    let place = leaf.map(|leaf| dids::place_of(leaf, telling.context));
    let time = match leaf {
        Some(leaf) => Some(leaf.leaf().time()),
        None => telling.secured.signed_at().or(credential.valid_from()),
    };
    let (standing, state) = match proof {
        Proof::Holds => (Standing::Held, "the signature holds"),
        Proof::Fails => (Standing::Broken, "does not hold"),
        Proof::KeyNotInForce => (Standing::Broken, "the key was not in force"),
        Proof::KeyCompromised => (Standing::Broken, "the key was reported compromised"),
        Proof::NotShown => (Standing::Unknown, "could not be checked"),
    };
    let signer = Signer {
        role: "issuer".to_owned(),
        did: about.issuer.clone(),
        decision: "issues",
        time: time.filter(|_| proof.holds()),
        entry: place.as_ref().map(|place| place.entry),
        standing,
        state: state.to_owned(),
    };
    let event = time.map(|time| {
        let (basis, words, word) = match (proof, &place) {
            (Proof::Holds, Some(_)) => (Basis::Recorded, "issued: ", "the issuer's word"),
            (Proof::Holds, None) => {
                (Basis::Signed, "issued, by its own date: ", "the issuer's word")
            }
            (Proof::Fails | Proof::KeyNotInForce | Proof::KeyCompromised | Proof::NotShown, _) => {
                (Basis::Said, "said to be issued: ", "only the file says so")
            }
        };
        let key = signing_key(telling);
        let what = Phrase::own(words).named(about.types.join(", "));
        let what = if basis == Basis::Said || key.is_empty() {
            what
        } else {
            what.and(", signed with ").named(key)
        };
        let foreign = basis == Basis::Recorded
            && telling.checks(CheckName::OnLedger).any(|line| {
                line.evidence.get("registrant").and_then(Value::as_str) == Some("other")
            });
        let what = if foreign { what.and("; recorded by another party") } else { what };
        let word = Phrase::own(word);
        Event { kind: EventKind::Issued, time, place, what, word, basis, bearing: Bearing::For }
    });
    (event, signer)
}

/// Stamps of timestamp authorities on the head that the issuance is proved under.
fn stamps(leaf: Option<&VerifiedLeaf>) -> Vec<Event> {
    let cosigners = leaf.map(|leaf| leaf.checkpoint().cosigners()).unwrap_or_default();
    let authorities =
        cosigners.iter().filter(|one| matches!(one.key().material(), KeyMaterial::Tsa(_)));
    authorities
        .map(|one| Event {
            kind: EventKind::Timestamped,
            time: one.stamp().latest,
            place: None,
            what: Phrase::own("timestamped (RFC 3161): the log's head that covers the issuance"),
            word: Phrase::own("the word of ").named(one.name()),
            basis: Basis::Signed,
            bearing: Bearing::For,
        })
        .collect()
}

fn presented(verification: &Verification) -> Option<Event> {
    let presenter = verification.presenter()?;
    Some(Event {
        kind: EventKind::Presented,
        time: presenter.created(),
        place: None,
        what: Phrase::own("presented by the holder's key to ").named(presenter.audience()),
        word: Phrase::own("the presenter's word"),
        basis: Basis::Signed,
        bearing: Bearing::For,
    })
}

/// Beginning and end of its validity.
fn validity(telling: &Telling<'_>, proof: Proof) -> Vec<Event> {
    let (secured, credential) = (telling.secured, telling.secured.credential());
    let (basis, word) = if proof.holds() {
        (Basis::Signed, "the issuer's word")
    } else {
        (Basis::Said, "only the file says so")
    };
    let event = |kind, time: Timestamp, words: &str, bearing| Event {
        kind,
        time,
        place: None,
        what: Phrase::own(words),
        word: Phrase::own(word),
        basis,
        bearing,
    };
    let as_of = telling.context.as_of;
    let mut out = Vec::new();
    let signed = secured.signed_at();
    let begins = [credential.valid_from(), secured.not_before()].into_iter().flatten().max();
    // One that is valid from when it was issued has nothing to tell.
    let apart = |from: Timestamp| {
        signed.is_none_or(|signed| from.seconds_since(signed).abs() > tolerance::CREDENTIAL)
    };
    if let Some(from) = begins.filter(|from| signed.is_some() && apart(*from)) {
        let bearing = if from > as_of { Bearing::Against } else { Bearing::For };
        out.push(event(EventKind::ValidFrom, from, "valid from here on", bearing));
    }
    let ends = [credential.valid_until(), secured.signature_expires()].into_iter().flatten().min();
    if let Some(until) = ends {
        let past = until < as_of;
        let (words, bearing) = if past {
            ("expired: valid until here", Bearing::Against)
        } else {
            ("expires: valid until here", Bearing::Neutral)
        };
        out.push(event(EventKind::Expires, until, words, bearing));
    }
    out
}

fn path(receipt: &Receipt, leaf: &VerifiedLeaf) -> MerklePath {
    let grades = leaf.checkpoint().grades();
    let vouched = match leaf.existed_by() {
        Some(time) => format!("{grades} by {}", report::moment(&time.to_string())),
        None => "by the operator's word alone".to_owned(),
    };
    MerklePath {
        log: leaf.origin().to_owned(),
        index: leaf.leaf_index(),
        size: leaf.tree_size(),
        kind: leaf.leaf().kind().name(),
        leaf: leaf.leaf_hash().into_node(),
        steps: merkle::steps(leaf.leaf_hash(), leaf.tree_size(), receipt.proof().path()),
        vouched,
    }
}
