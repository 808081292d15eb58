//! Checks 3–11 of one credential.

use std::collections::BTreeSet;

use inkan_core::{Timestamp, tolerance};
use inkan_credential::bundle::Cover;
use inkan_credential::{
    Proof, SecuredCredential,
    proof::{Cryptosuite, Purpose},
};
use inkan_did::{Did, Relationship};
use inkan_ledger::{Grade, Grades, Kind};

use super::countersigned::Countersigned;
use super::linked::{self, Voice};
use super::record::{self, Found, Record};
use super::signer::{self, NoSigner, Signer};
use super::stamped::Stamped;
use super::{
    Bench, audience, certified, compromise, content, countersigned, named, offered, status,
};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::history::DidHistory;
use crate::material::Receipts;
use crate::reason::Reason;
use crate::verified::{CredentialProof, Recorded, VerifiedCredential};

/// Adds one line per check of `secured`; the result counts only if none of them failed or blocks.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    checks: &mut Vec<Check>,
) -> Option<VerifiedCredential> {
    let credential = secured.credential();
    let digest = secured.issuance_digest();
    validity(bench, subject, secured, checks);
    audience::check(bench, subject, secured, checks);
    content::schemas(bench, subject, secured, checks);
    content::related_resources(bench, subject, secured, checks);
    let acts = countersigned::about(bench, secured);
    let Ok(issuer) = Did::parse(credential.issuer()) else {
        if let Some(chain) = secured.issuer_certificates() {
            let others = other_proofs(bench, subject, secured, checks);
            return certified::check(bench, subject, (secured, chain), others, checks);
        }
        other_proofs(bench, subject, secured, checks);
        let reason = Reason::NotADid { found: credential.issuer().to_owned() };
        for name in [CheckName::IssuerLog, CheckName::Signature, CheckName::KeyInForce] {
            checks.push(Check::unknown(name, subject, reason.clone(), Weight::Required));
        }
        return None;
    };
    let salt = credential.ledger_record().map(|record| record.salt);
    let mut found = record::find(bench, Kind::Issuance, &digest, salt.as_ref(), &issuer);
    found.judge_blindness(matches!(secured, SecuredCredential::DataIntegrity(_)));
    found.stamped = bench.stamps.of(&Cover::credential(secured)).cloned();
    on_ledger(bench, subject, secured, &issuer, &found, checks);

    let history = match bench.history(&issuer) {
        Ok(history) => history,
        Err(reason) => {
            let unknown = matches!(reason, Reason::DidUnresolved { .. });
            checks.push(if unknown {
                Check::unknown(CheckName::IssuerLog, subject, reason, Weight::Required)
            } else {
                Check::fail(CheckName::IssuerLog, subject, reason)
            });
            for name in [CheckName::Signature, CheckName::KeyInForce] {
                let reason = Reason::DidUnresolved { did: issuer.to_string() };
                checks.push(Check::unknown(name, subject, reason, Weight::Required));
            }
            return None;
        }
    };
    checks.push(
        Check::pass(CheckName::IssuerLog, subject)
            .with("did", issuer.as_str())
            .with("versions", u64::try_from(history.versions().len()).unwrap_or(u64::MAX)),
    );
    named::check(bench, subject, secured, (&issuer, &*history), checks);
    let signed = signature(bench, (subject, secured), &issuer, &history, checks);
    // Those of strangers come after: what is tried in vain for them is taken from one budget.
    let others = other_proofs(bench, subject, secured, checks);
    let mut reported = false;
    if let Some(signer) = &signed {
        let line = (CheckName::KeyInForce, subject);
        let dated = credential.valid_from();
        let check = signer::in_force_dated(bench, line, &history, signer, &found, dated);
        reported = check.evidence.contains_key("compromisedSince")
            || matches!(check.reason(), Some(Reason::KeyCompromised { .. }));
        checks.push(check);
    }
    let looked_for = signed.as_ref().and_then(|it| compromise::looked_for(bench, &history, it));
    did_active(bench, subject, &history, (&found, reported, looked_for), checks);
    let status = status::check(bench, subject, secured, &issuer, checks);
    let countersigned = match acts {
        Ok(acts) => {
            let issued = found.record.as_ref().map(|record| &record.recorded);
            countersigned::check(bench, subject, (secured, issued), &acts, checks)
        }
        Err(error) => {
            let reason = Reason::CountersignatureInvalid { code: error.code() };
            checks.push(Check::fail(CheckName::Countersignature, subject, reason));
            Countersigned::default()
        }
    };
    let needed = bench.context.grade;
    let recorded = found.record.map(|Record { recorded, .. }| {
        // Whoever reads what was verified sees the time as it is attested by all that is at hand.
        let (existed_by, grades) = attested(&recorded, found.stamped.as_ref(), needed);
        Recorded { existed_by, grades, ..recorded }
    });
    offered::check(bench, subject, (credential, recorded.as_ref()), &countersigned.acts(), checks);
    let signer = signed?;
    let own = CredentialProof {
        controller: issuer.to_string(),
        asserts: true,
        held: true,
        linked: BTreeSet::new(),
    };
    Some(VerifiedCredential {
        credential: credential.clone(),
        format: format_name(secured),
        digest,
        issuer: issuer.to_string(),
        issuer_method: signer.url.to_string(),
        holder_keys: holder_keys(bench, credential.subject_id()),
        holder_history: holder_history(bench, credential),
        recorded,
        status: status?,
        countersignatures: countersigned.verified,
        flawed: countersigned.flawed,
        proofs: std::iter::once(own).chain(others).collect(),
    })
}

fn signature(
    bench: &Bench<'_>,
    (subject, secured): (&str, &SecuredCredential),
    issuer: &Did,
    history: &DidHistory,
    checks: &mut Vec<Check>,
) -> Option<Signer> {
    const NAME: CheckName = CheckName::Signature;
    if let Some(Cryptosuite::Unknown(suite)) = secured.issuer_proof().map(Proof::cryptosuite) {
        let reason = Reason::SuiteUnknown { suite: suite.clone() };
        checks.push(Check::unknown(NAME, subject, reason, Weight::Required));
        return None;
    }
    let method = secured.issuer_verification_method();
    let found = match signer::did_of(method) {
        Err(reason) => Err(reason),
        Ok(did) if did != *issuer => Err(Reason::IssuerNotController),
        Ok(_) => {
            let proof = secured.prepare_issuer_proof(bench.contexts());
            let purpose = Relationship::AssertionMethod;
            signer::find(bench, history, method, purpose, |key| proof.check(key)).map_err(
                |problem| match problem {
                    NoSigner::Unlisted => Reason::MethodUnknown,
                    NoSigner::TooMany => Reason::TooMuchWork,
                    NoSigner::Fails(error) => {
                        signer::failure(&error, Reason::CredentialProofInvalid)
                    }
                },
            )
        }
    };
    match found {
        Ok(signer) => {
            let check = Check::pass(NAME, subject).with("format", format_name(secured));
            checks.push(match secured.sd_jwt_vc() {
                // Its claims are in no version of the data model.
                Some(_) => check,
                None => check.with("dataModel", secured.credential().version().as_str()),
            });
            Some(signer)
        }
        Err(reason) => {
            checks.push(match (reason, history.missing()) {
                // A version of the DID that is not at hand may list the key.
                (Reason::MethodUnknown, Some(leaf_index)) => {
                    let reason = Reason::HistoryIncomplete { leaf_index };
                    Check::unknown(NAME, subject, reason, Weight::Required)
                }
                (reason @ (Reason::ContextUnknown { .. } | Reason::TooMuchWork), _) => {
                    Check::unknown(NAME, subject, reason, Weight::Required)
                }
                (reason, _) => Check::fail(NAME, subject, reason),
            });
            None
        }
    }
}

fn on_ledger(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    issuer: &Did,
    found: &Found,
    checks: &mut Vec<Check>,
) {
    let required = bench.context.receipts == Receipts::Required;
    let weight = if required { Weight::Required } else { Weight::Informative };
    if let Some(reason) = &found.failure {
        checks.push(Check::fail(CheckName::OnLedger, subject, reason.clone()));
    }
    let Some(record) = &found.record else {
        let named = secured.credential().ledger_record().map(|record| &record.log);
        let pinned = |log: &String| bench.context.logs.iter().any(|logs| logs.has_log(log));
        let reason = match (&found.open, named) {
            (Some(open), _) => open.clone(),
            (None, Some(log)) if !pinned(log) => Reason::UnknownLog { origin: log.clone() },
            (None, _) => Reason::ReceiptMissing,
        };
        if found.failure.is_none() {
            let asked = required || named.is_some() || found.open.is_some();
            checks.push(if asked {
                Check::unknown(CheckName::OnLedger, subject, reason, weight)
            } else {
                Check::skipped(CheckName::OnLedger, subject)
            });
        }
        checks.push(stamped_time(bench, subject, found.stamped.as_ref()));
        return;
    };
    let recorded = &record.recorded;
    let check = Check::pass(CheckName::OnLedger, subject)
        .with("log", recorded.origin())
        .with("entry", recorded.leaf_index())
        .with("size", recorded.tree_size())
        .with("root", recorded.root_hash())
        .with("registrant", if recorded.is_by_signer() { "issuer" } else { "other" });
    checks.push(check);
    if required && !recorded.is_by_signer() && issuer.scid().is_some() {
        let reason = Reason::ReceiptMissing;
        checks.push(Check::unknown(CheckName::OnLedger, subject, reason, Weight::Required));
    }
    let needed = bench.context.grade;
    let (existed_by, grades) = attested(recorded, found.stamped.as_ref(), needed);
    let time = if grades.holds(needed) {
        Check::pass(CheckName::Time, subject)
    } else {
        let reason =
            Reason::TimeGradeTooLow { found: grades.to_string(), needed: needed.to_string() };
        if required {
            Check::fail(CheckName::Time, subject, reason)
        } else {
            Check::unknown(CheckName::Time, subject, reason, Weight::Informative)
        }
    };
    let operators: Vec<String> = grades.operators().iter().cloned().collect();
    let time = time
        .with("grade", grades.to_string())
        .with("needs", needed.to_string())
        .with("operators", operators);
    let own: Vec<String> = recorded
        .cosigners()
        .iter()
        .filter(|one| one.is_of_log(recorded.origin()))
        .filter_map(|one| match one.operator() {
            Some(name) => grades.operators().contains(name).then(|| name.to_owned()),
            None => Some(one.name().to_owned()),
        })
        .collect();
    let time = if own.is_empty() { time } else { time.with("runByLog", own) };
    let uncounted: Vec<String> = recorded
        .cosigners()
        .iter()
        .filter(|one| one.operator().is_none())
        .map(|one| one.name().to_owned())
        .collect();
    let time = if uncounted.is_empty() { time } else { time.with("notCounted", uncounted) };
    let time = match recorded.not_checked() {
        [] => time,
        names => time.with("notChecked", names.to_vec()),
    };
    let time = match &found.stamped {
        Some(stamped) => time.with("stampedBy", stamped.existed_by.to_string()),
        None => time,
    };
    checks.push(match existed_by {
        Some(existed_by) => time.with("existedBy", existed_by.to_string()),
        None => time.with("claimed", recorded.leaf_time().to_string()),
    });
}

/// The time of the record with its grades; where they are not enough and timestamps raise them, the time of all together.
fn attested(
    recorded: &Recorded,
    stamped: Option<&Stamped>,
    needed: Grade,
) -> (Option<Timestamp>, Grades) {
    let own = (recorded.existed_by(), recorded.grades().clone());
    if own.1.holds(needed) {
        return own;
    }
    let holds = |grades: &Grades| grades.holds(needed);
    match stamped.and_then(|stamped| stamped.graded(recorded.grades(), holds)) {
        Some((time, grades)) => (Some(own.0.map_or(time, |recorded| recorded.max(time))), grades),
        None => own,
    }
}

/// Without a record, the time at which authorities had seen the signature.
pub(super) fn stamped_time(bench: &Bench<'_>, subject: &str, stamped: Option<&Stamped>) -> Check {
    let needed = bench.context.grade;
    let none = Grades::default();
    let Some(stamped) = stamped else { return Check::skipped(CheckName::Time, subject) };
    let enough = stamped.graded(&none, |grades| grades.holds(needed));
    let (line, time, grades) = match enough {
        Some((time, grades)) => (Check::pass(CheckName::Time, subject), time, grades),
        None => {
            let best = stamped.graded(&none, |_| true).unwrap_or((stamped.existed_by, none));
            let (found, needed) = (best.1.to_string(), needed.to_string());
            let reason = Reason::TimeGradeTooLow { found, needed };
            let weight = Weight::Informative;
            (Check::unknown(CheckName::Time, subject, reason, weight), best.0, best.1)
        }
    };
    let operators: Vec<String> = grades.operators().iter().cloned().collect();
    line.with("grade", grades.to_string())
        .with("needs", needed.to_string())
        .with("operators", operators)
        .with("existedBy", time.to_string())
}

fn did_active(
    bench: &Bench<'_>,
    subject: &str,
    history: &DidHistory,
    (found, reported, looked_for): (&Found, bool, Option<Timestamp>),
    checks: &mut Vec<Check>,
) {
    const NAME: CheckName = CheckName::DidActive;
    if let Err(reason) = signer::recent(bench, history) {
        checks.push(Check::unknown(NAME, subject, reason, Weight::Required));
    }
    checks.push(match signer::ended_before(bench, history, found) {
        Ok(None) if reported => Check::pass(NAME, subject).with("compromiseReported", true),
        // Nothing is said of reports where nobody could look for them.
        Ok(None) => match looked_for {
            Some(time) => Check::pass(NAME, subject).with("noReportAsOf", time.to_string()),
            None => Check::pass(NAME, subject),
        },
        Ok(Some(at)) => Check::pass(NAME, subject)
            .with("recordedBeforeDeactivation", true)
            .with("deactivatedAtEntry", at),
        Err(reason) => Check::fail(NAME, subject, reason),
    });
}

fn validity(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    checks: &mut Vec<Check>,
) {
    let as_of = bench.context.as_of;
    let credential = secured.credential();
    let lower = [credential.valid_from(), secured.not_before(), secured.signed_at()]
        .into_iter()
        .flatten()
        .max();
    let upper = [credential.valid_until(), secured.signature_expires()].into_iter().flatten().min();
    if let Some(valid_from) = lower.filter(|from| *from > as_of.plus_seconds(tolerance::CREDENTIAL))
    {
        let reason = Reason::NotYetValid { valid_from, as_of };
        checks.push(Check::fail(CheckName::Validity, subject, reason));
        return;
    }
    if let Some(valid_until) = upper.filter(|until| *until < as_of) {
        let reason = Reason::Expired { valid_until, as_of };
        checks.push(Check::fail(CheckName::Validity, subject, reason));
        return;
    }
    let check = Check::pass(CheckName::Validity, subject);
    checks.push(match upper {
        Some(until) => check.with("validUntil", until.to_string()),
        None => check,
    });
}

/// Proofs that are neither the issuer's nor countersignatures: one of a known suite must hold, required or not; one
/// of an unknown suite is listed and never counted (decisions 10). Those that did not fail are given back.
fn other_proofs(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    checks: &mut Vec<Check>,
) -> Vec<CredentialProof> {
    let others: Vec<(usize, &Proof)> = secured
        .proofs()
        .iter()
        .enumerate()
        .filter(|(index, proof)| {
            Some(*index) != secured.issuer_proof_index() && proof.countersignature().is_none()
        })
        .collect();
    // The issuer's, too: whoever issues under one DID and adds a proof under another is one party.
    let dids = others.iter().map(|(_, proof)| signer::did_of(proof.verification_method()).ok());
    let issuer = Did::parse(secured.credential().issuer()).ok();
    let voices: Vec<Voice> = dids
        .chain([issuer].into_iter().filter(|_| !others.is_empty()))
        .flatten()
        .filter_map(|did| Some(Voice::of(&did, &*bench.history(&did).ok()?, None)))
        .collect();
    let mut out = Vec::new();
    for (index, proof) in others {
        let judged = other_proof(bench, subject, secured, (index, proof));
        let method = proof.verification_method();
        let did = signer::did_of(method).ok();
        let own = voices.iter().find(|voice| Some(voice.did()) == did.as_ref());
        let linked = linked::others_of(own, &voices, &bench.context.declared);
        let same: Vec<String> = linked.iter().cloned().collect();
        out.push(CredentialProof {
            controller: did.map_or_else(|| method.to_owned(), |did| did.to_string()),
            asserts: *proof.purpose() == Purpose::AssertionMethod,
            held: judged.is_ok(),
            linked,
        });
        let check = match judged {
            Ok(()) => Check::pass(CheckName::OtherProof, subject),
            Err(
                reason @ (Reason::SuiteUnknown { .. }
                | Reason::ContextUnknown { .. }
                | Reason::TooMuchWork
                | Reason::SignatureNotInTime { .. }
                | Reason::ReceiptNeededForRotatedKey
                | Reason::RetiredKeyUndated { .. }
                | Reason::DidDeactivated { .. }
                | Reason::Stale
                | Reason::HistoryIncomplete { .. }
                | Reason::OutOfSight { .. }
                | Reason::DidUnresolved { .. }
                | Reason::NotADid { .. }),
            ) => Check::unknown(CheckName::OtherProof, subject, reason, Weight::Informative),
            Err(reason) => Check::fail(CheckName::OtherProof, subject, reason),
        };
        let check = check.with("proof", u64::try_from(index).unwrap_or(u64::MAX));
        checks.push(if same.is_empty() { check } else { check.with("sameControllerAs", same) });
    }
    out
}

/// A proof beside the issuer's has no record of its own: its key must be in force as of the judged time.
fn other_proof(
    bench: &Bench<'_>,
    subject: &str,
    secured: &SecuredCredential,
    (index, proof): (usize, &Proof),
) -> Result<(), Reason> {
    if let Cryptosuite::Unknown(suite) = proof.cryptosuite() {
        return Err(Reason::SuiteUnknown { suite: suite.clone() });
    }
    let purpose = match proof.purpose() {
        Purpose::AssertionMethod => Relationship::AssertionMethod,
        Purpose::Authentication => Relationship::Authentication,
        Purpose::Other(_) => return Err(Reason::MethodUnknown),
    };
    let method = proof.verification_method();
    let history = bench.history(&signer::did_of(method)?)?;
    let prepared = secured.prepare_proof(index, bench.contexts());
    let verify = |key: &_| prepared.check(key);
    let signer =
        signer::find(bench, &history, method, purpose, verify).map_err(|problem| {
            match (problem, history.missing()) {
                (NoSigner::Fails(error), _) => {
                    signer::failure(&error, Reason::CredentialProofInvalid)
                }
                (NoSigner::TooMany, _) => Reason::TooMuchWork,
                (NoSigner::Unlisted, Some(leaf_index)) => Reason::HistoryIncomplete { leaf_index },
                (NoSigner::Unlisted, None) => Reason::MethodUnknown,
            }
        })?;
    signer::in_time(bench, proof.created(), proof.expires())?;
    let unrecorded = Found::default();
    let line = (CheckName::OtherProof, subject);
    let dated = secured.credential().valid_from();
    match signer::in_force_dated(bench, line, &history, &signer, &unrecorded, dated).outcome {
        Outcome::Pass => {}
        Outcome::Fail(reason) | Outcome::Unknown(reason) => return Err(reason),
        Outcome::Skipped => return Err(Reason::MethodUnknown),
    }
    signer::ended_before(bench, &history, &unrecorded)?;
    signer::recent(bench, &history)
}

/// Keys of the subject's DID that may authenticate, as of the judged time.
pub(super) fn holder_keys(
    bench: &Bench<'_>,
    subject: Option<&str>,
) -> Vec<inkan_crypto::PublicKey> {
    let history =
        subject.and_then(|id| Did::parse(id).ok()).and_then(|did| bench.history(&did).ok());
    let is_whole = |history: &DidHistory| {
        history.missing().is_none() && signer::in_sight(bench, history).is_ok()
    };
    let Some(history) = history.filter(|history| is_whole(history)) else {
        return vec![];
    };
    let Some(newest) = history.newest().filter(|newest| !newest.deactivated) else {
        return vec![];
    };
    newest
        .listing()
        .methods_for(Relationship::Authentication)
        .filter(|method| {
            let period = newest.document.period(&method.id);
            period.is_ok_and(|period| period.ended(bench.context.as_of).is_none())
        })
        .map(|method| method.key.clone())
        .collect()
}

/// How the subject's DID went on, for evidence that names keys of it as of its own time.
pub(super) fn holder_history(
    bench: &Bench<'_>,
    credential: &inkan_credential::Credential,
) -> Option<DidHistory> {
    credential.value().get("evidence")?;
    let did = Did::parse(credential.subject_id()?).ok()?;
    let history = bench.history(&did).ok().filter(|_| did.scid().is_some())?;
    let is_whole = history.missing().is_none() && signer::in_sight(bench, &history).is_ok();
    is_whole.then(|| DidHistory::clone(&history))
}

pub(super) fn format_name(secured: &SecuredCredential) -> &'static str {
    match secured {
        SecuredCredential::Jose(_) if secured.is_cose() => "vc+cose",
        SecuredCredential::Jose(_) => "vc+jwt",
        SecuredCredential::SdJwt(_) if secured.sd_jwt_vc().is_some() => "dc+sd-jwt",
        SecuredCredential::SdJwt(_) => "vc+sd-jwt",
        SecuredCredential::DataIntegrity(_) => match secured.issuer_proof().map(Proof::cryptosuite)
        {
            Some(Cryptosuite::EddsaJcs2022) => "eddsa-jcs-2022",
            Some(Cryptosuite::EddsaRdfc2022) => "eddsa-rdfc-2022",
            Some(Cryptosuite::EcdsaJcs2019) => "ecdsa-jcs-2019",
            Some(Cryptosuite::EcdsaRdfc2019) => "ecdsa-rdfc-2019",
            Some(Cryptosuite::EcdsaSd2023) => "ecdsa-sd-2023",
            Some(Cryptosuite::Bbs2023) => "bbs-2023",
            Some(Cryptosuite::Ed25519Signature2020) => "Ed25519Signature2020",
            Some(Cryptosuite::Unknown(_)) | None => "unknown",
        },
    }
}
