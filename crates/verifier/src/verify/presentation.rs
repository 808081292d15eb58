//! Check 12: holder binding, nonce, audience, freshness.

mod certified;
mod key_bound;

use inkan_core::{Timestamp, json, sha256, tolerance};
use inkan_credential::presentation::{Presentation, PresentationProofError};
use inkan_credential::proof::{Cryptosuite, Purpose};
use inkan_credential::{Proof, SecuredCredential};
use inkan_did::{Did, Relationship};

use super::record::Found;
use super::signer::NoSigner;
use super::{Bench, signer};
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::material::{Context, Expectation, Live};
use crate::reason::Reason;
use crate::verified::Presenter;

const NAME: CheckName = CheckName::Presentation;
const SUBJECT: &str = "presentation";

/// Checks the presentation's own proof, and that it answers what this verifier asked.
pub(super) fn check(
    bench: &Bench<'_>,
    presentation: &Presentation,
    checks: &mut Vec<Check>,
) -> Option<Presenter> {
    let (line, presenter) = match judge(bench, presentation) {
        Ok((presenter, line)) => (line, Some(presenter)),
        Err(
            reason @ (Reason::DidUnresolved { .. }
            | Reason::NotADid { .. }
            | Reason::CertificateUnknown { .. }
            | Reason::SuiteUnknown { .. }
            | Reason::ContextUnknown { .. }
            | Reason::TooMuchWork
            | Reason::HistoryIncomplete { .. }
            | Reason::OutOfSight { .. }
            | Reason::Stale),
        ) => (Check::unknown(NAME, SUBJECT, reason, Weight::Required), None),
        Err(reason) => (Check::fail(NAME, SUBJECT, reason), None),
    };
    checks.push(line);
    presenter
}

fn judge(bench: &Bench<'_>, presentation: &Presentation) -> Result<(Presenter, Check), Reason> {
    let context = bench.context;
    if let Some(presented) = presentation.key_bound() {
        return key_bound::judge(bench, presentation, presented);
    }
    if let Some(chain) = presentation.holder_certificates() {
        return certified::judge(bench, presentation, chain);
    }
    let did = signer::did_of(presentation.verification_method())?;
    if presentation.holder() != did.as_str() {
        return Err(Reason::HolderKeyMismatch);
    }
    let history = bench.history(&did)?;
    let method = presentation.verification_method();
    if let Some(index) = presentation.holder_proof_index()
        && let Some(Cryptosuite::Unknown(suite)) =
            presentation.proofs().get(index).map(Proof::cryptosuite)
    {
        return Err(Reason::SuiteUnknown { suite: suite.clone() });
    }
    let purpose = Relationship::Authentication;
    let verify = presentation.prepare_proof(bench.contexts());
    let signer =
        signer::find(bench, &history, method, purpose, verify).map_err(
            |problem| match problem {
                NoSigner::TooMany => Reason::TooMuchWork,
                NoSigner::Fails(PresentationProofError::Proof(error)) => {
                    signer::failure(&error, Reason::PresentationProofInvalid)
                }
                NoSigner::Fails(PresentationProofError::Invalid) | NoSigner::Unlisted => {
                    Reason::PresentationProofInvalid
                }
            },
        )?;
    let none = Found::default();
    let line = signer::in_force(bench, (NAME, SUBJECT), &history, &signer, &none);
    must_be_in_force(&line)?;
    signer::ended_before(bench, &history, &none)?;
    signer::recent(bench, &history)?;
    other_proofs(bench, presentation)?;
    let (expected, created) = answers(context, presentation)?;
    let line = said(line, expected);
    let presenter = Presenter {
        holder: did.to_string(),
        method: signer.url.to_string(),
        key: signer.key,
        nonce_digest: sha256(&[expected.nonce.as_bytes()]),
        presentation_digest: presentation.digest(),
        audience: expected.audience.clone(),
        created,
        nonce_issued_at: expected.nonce_issued_at,
        live: expected.live,
    };
    Ok((presenter, line))
}

/// A holder signs a presentation now: a key that was replaced since, or reported to be in other hands, is not the holder's any more.
fn must_be_in_force(line: &Check) -> Result<(), Reason> {
    match &line.outcome {
        Outcome::Pass => Ok(()),
        Outcome::Unknown(
            reason @ (Reason::HistoryIncomplete { .. } | Reason::OutOfSight { .. } | Reason::Stale),
        ) => Err(reason.clone()),
        Outcome::Fail(_) | Outcome::Unknown(_) | Outcome::Skipped => Err(Reason::HolderKeyMismatch),
    }
}

/// Whether the presentation answers what this verifier asked, in time.
fn answers<'a>(
    context: &'a Context,
    presentation: &Presentation,
) -> Result<(&'a Expectation, Timestamp), Reason> {
    let expected = context.expectation.as_ref().ok_or(Reason::NonceInvalid)?;
    if presentation.nonce() != Some(expected.nonce.as_str()) {
        return Err(Reason::NonceInvalid);
    }
    if presentation.audience() != [expected.audience.clone()] {
        let found = presentation.audience().join(" ");
        return Err(Reason::AudienceMismatch { found });
    }
    let created = presentation.created().ok_or(Reason::PresentationProofInvalid)?;
    let received_at = context.received_at;
    let stale = Reason::PresentationStale { created, received_at };
    // What its holder says of its time holds whenever it is judged; how fresh it is matters once.
    let judged_at = if expected.live == Live::No { context.as_of } else { received_at };
    let latest = judged_at.plus_seconds(tolerance::CREDENTIAL);
    if presentation.not_before().is_some_and(|start| start > latest)
        || presentation.expires().is_some_and(|end| end < judged_at)
    {
        return Err(stale);
    }
    if expected.live != Live::No {
        if received_at.seconds_since(created) > tolerance::PRESENTATION
            || created > received_at.plus_seconds(tolerance::CREDENTIAL)
        {
            return Err(stale);
        }
        let asked = expected.nonce_issued_at;
        if asked.is_some_and(|asked| received_at.seconds_since(asked) > tolerance::PRESENTATION) {
            return Err(Reason::NonceInvalid);
        }
    }
    Ok((expected, created))
}

fn said(line: Check, expected: &Expectation) -> Check {
    line.with("audience", expected.audience.as_str()).with(
        "live",
        match expected.live {
            Live::Yes => "yes",
            Live::CallerKeepsNonce => "single use of the nonce is the caller's to ensure",
            Live::No => "no, judged again",
        },
    )
}

/// Proofs beside the holder's that can be checked must hold (decisions 10); the others are never counted.
fn other_proofs(bench: &Bench<'_>, presentation: &Presentation) -> Result<(), Reason> {
    for (index, proof) in presentation.proofs().iter().enumerate() {
        if Some(index) == presentation.holder_proof_index() || !proof.cryptosuite().is_known() {
            continue;
        }
        let purpose = match proof.purpose() {
            Purpose::AssertionMethod => Relationship::AssertionMethod,
            Purpose::Authentication => Relationship::Authentication,
            Purpose::Other(_) => return Err(Reason::PresentationProofInvalid),
        };
        let method = proof.verification_method();
        let history = match signer::did_of(method).and_then(|did| bench.history(&did)) {
            Ok(history) => history,
            Err(Reason::DidUnresolved { .. } | Reason::NotADid { .. }) => continue,
            Err(reason) => return Err(reason),
        };
        let prepared = presentation.prepare_proof_at(index, bench.contexts());
        signer::find(bench, &history, method, purpose, |key| prepared.check(key)).map_err(
            |problem| match problem {
                NoSigner::TooMany => Reason::TooMuchWork,
                NoSigner::Unlisted | NoSigner::Fails(_) => Reason::PresentationProofInvalid,
            },
        )?;
    }
    Ok(())
}

/// Whether an id is somebody's: a DID of whatever method, a URL, whose owner certificates may name, an address of mail. A URN is drawn for what
/// it names, and nobody could show that it is theirs.
fn names_somebody(id: &str) -> bool {
    let scheme = id.split(':').next().unwrap_or_default();
    !id.is_empty() && !scheme.eq_ignore_ascii_case("urn")
}

/// The presenter must be the holder that the credential names, by a key, by a DID or by another URL; of several subjects,
/// one of them.
///
/// What names nobody is a bearer credential. Where claims are kept back, nobody can tell which it is: what names the holder
/// may be among them.
pub(super) fn check_holder(
    subject: &str,
    secured: &SecuredCredential,
    presenter: &Presenter,
    checks: &mut Vec<Check>,
) {
    let credential = secured.credential();
    // Where the issuer gave the name of a key alone, the key that has it now was found by that name, in its owner's document.
    let by_key = credential.is_confirmed(presenter.key(), presenter.method());
    let ids = credential.subjects().iter().filter_map(|subject| json::text(subject, "id"));
    let named: Vec<&str> = ids.filter(|id| names_somebody(id)).collect();
    let is_presenter = |id: &&str| *id == presenter.holder() || same_scid(id, presenter.holder());
    let by_id = (!named.is_empty()).then(|| named.iter().any(is_presenter));
    let scheme = |id: &str| id.split_once(':').map(|(scheme, _)| scheme.to_owned());
    // Whether a DID, a URL, an address of mail are the same party's, or a URL that is spelt otherwise is, nobody here can tell.
    let untold = !named.iter().any(|id| scheme(id) == scheme(presenter.holder()));
    let line = match by_key.or(by_id) {
        Some(true) => Check::pass(NAME, subject),
        Some(false) if by_key.is_none() && untold => {
            Check::unknown(NAME, subject, Reason::HolderNotShown, Weight::Required)
        }
        Some(false) => Check::fail(NAME, subject, Reason::HolderKeyMismatch),
        None if !secured.shows_all() => {
            Check::unknown(NAME, subject, Reason::HolderNotShown, Weight::Required)
        }
        None => Check::skipped(NAME, subject),
    };
    checks.push(line);
}

/// A did:webvh DID that moved host keeps its SCID.
fn same_scid(a: &str, b: &str) -> bool {
    let scid = |text: &str| Did::parse(text).ok().and_then(|did| did.scid().map(str::to_owned));
    scid(a).is_some_and(|a| scid(b) == Some(a))
}
