//! E-seals: an organisation's certificate and its DID over one text that names both and the items that are sealed.
//!
//! Each is a line of its own. What an issuer signed does not get better or worse by a seal over it, whoever sealed it, and whatever became of the
//! keys and certificates since: one that is genuine and does not hold is listed and not counted. One that is forged takes all with it, as forged
//! receipts do.

use inkan_core::{Timestamp, limits, sha256, tolerance};
use inkan_credential::bundle::{Cover, ESEAL_JWS_TYPE, Eseal};
use inkan_crypto::jws::Jws;
use inkan_did::{DidUrl, Relationship};
use inkan_ledger::Grades;

use super::Bench;
use super::record::Found;
use super::signer::{self, NoSigner};
use crate::certificates::CertificateFault;
use crate::check::{Check, CheckName, Outcome, Weight};
use crate::reason::Reason;

const NAME: CheckName = CheckName::Eseal;

/// One line for each e-seal.
pub(super) fn check(bench: &Bench<'_>, checks: &mut Vec<Check>) {
    for (place, seal) in bench.eseals().iter().enumerate() {
        let subject = format!("eseal[{place}]");
        let terms = seal.terms();
        let line = match judge(bench, &subject, seal) {
            Ok(line) => line,
            Err(Verdict::False(code)) => Check::fail(NAME, &subject, Reason::EsealInvalid { code }),
            Err(Verdict::Forged(reason)) => Check::fail(NAME, &subject, reason),
            Err(Verdict::Open(reason)) => {
                Check::unknown(NAME, &subject, reason, Weight::Informative)
            }
        };
        let line = line
            .with(
                "signer",
                signer::did_of(&terms.method)
                    .map_or_else(|_| terms.method.clone(), |did| did.to_string()),
            )
            .with("certificate", terms.certificate.to_hex())
            .with("time", terms.time.to_string());
        checks.push(line);
    }
}

/// Why an e-seal does not pass.
enum Verdict {
    /// It is none, or is over something else.
    False(&'static str),
    /// It rests on something that was forged.
    Forged(Reason),
    /// It does not hold, or could not be judged to the end.
    Open(Reason),
}

fn judge(bench: &Bench<'_>, subject: &str, seal: &Eseal) -> Result<Check, Verdict> {
    let terms = seal.terms();
    let statement = terms.statement();
    let Some(checker) = bench.context.certificates.as_deref() else {
        return Err(open(CertificateFault::AnchorUnknown));
    };
    let sealed = checker.seal(seal.form(), &statement).map_err(|fault| match fault {
        CertificateFault::Seal => Verdict::False(fault.code()),
        // A key or a form that is not known here shows nothing, and is not shown to be false.
        CertificateFault::SealUnknown
        | CertificateFault::Key
        | CertificateFault::Malformed
        | CertificateFault::AnchorUnknown
        | CertificateFault::Expired
        | CertificateFault::NotYetValid
        | CertificateFault::Usage
        | CertificateFault::Revoked
        | CertificateFault::RevocationUnknown
        | CertificateFault::Policy
        | CertificateFault::Path => open(fault),
    })?;
    let leaf = sealed.chain.first().map(Vec::as_slice).unwrap_or_default();
    if sha256(&[leaf]) != terms.certificate {
        return Err(Verdict::False("eseal-certificate-other"));
    }
    let apart = |time: Timestamp| time.seconds_since(terms.time).abs() > tolerance::CREDENTIAL;
    if sealed.signing_time.is_some_and(apart) {
        return Err(Verdict::False("eseal-time-other"));
    }
    by_did(bench, subject, seal, &statement)?;
    let stamped = bench.stamps.of(&seal.cover());
    if let Some(stamped) = stamped
        && terms.time > stamped.existed_by.plus_seconds(tolerance::LEDGER_FUTURE)
    {
        let (stamped, claimed) = (stamped.existed_by, terms.time);
        return Err(Verdict::Open(Reason::TimesDisagree { stamped, claimed }));
    }
    let as_of = bench.context.as_of;
    if terms.time > as_of.plus_seconds(tolerance::CREDENTIAL) {
        return Err(Verdict::Open(Reason::SignatureNotInTime { as_of }));
    }
    let needed = bench.context.grade;
    let existed = stamped
        .and_then(|stamped| stamped.graded(&Grades::default(), |grades| grades.holds(needed)));
    let shown = existed.as_ref().map(|(time, _)| *time);
    let line = path(bench, subject, (&sealed.chain, terms.time, shown))?;
    let own = |index: usize| bench.credentials().get(index).map(Cover::credential);
    let count = bench.credentials().len();
    let names: Vec<String> = (0..count)
        .filter(|index| own(*index).is_some_and(|item| terms.covers.contains(&item)))
        .map(|index| format!("cred[{index}]"))
        .collect();
    if names.is_empty() {
        return Err(Verdict::Open(Reason::EsealUnrelated));
    }
    Ok(line
        .with("seals", names)
        .with("items", u64::try_from(terms.covers.len()).unwrap_or(u64::MAX)))
}

/// The signature under the DID's key, which was in force.
fn by_did(bench: &Bench<'_>, subject: &str, seal: &Eseal, statement: &[u8]) -> Result<(), Verdict> {
    let method = &seal.terms().method;
    let unreadable = |_| Verdict::False("eseal-did-signature");
    let jws = Jws::parse(seal.by_did(), limits::JWS).map_err(unreadable)?;
    if jws.typ() != Some(ESEAL_JWS_TYPE)
        || jws.kid() != Some(method.as_str())
        || jws.payload() != statement
        || DidUrl::parse(method).is_err()
    {
        return Err(Verdict::False("eseal-did-signature"));
    }
    let did = signer::did_of(method).map_err(Verdict::Open)?;
    let history = bench.history(&did).map_err(|reason| {
        let forged = matches!(reason, Reason::DidLogInvalid { .. });
        if forged { Verdict::Forged(reason) } else { Verdict::Open(reason) }
    })?;
    let purpose = Relationship::AssertionMethod;
    let signer = signer::find(bench, &history, method, purpose, |key| jws.verify(key));
    let signer = signer.map_err(|problem| match (problem, history.missing()) {
        (NoSigner::Fails(_), _) => Verdict::False("eseal-did-signature"),
        (NoSigner::TooMany, _) => Verdict::Open(Reason::TooMuchWork),
        (NoSigner::Unlisted, Some(leaf_index)) => {
            Verdict::Open(Reason::HistoryIncomplete { leaf_index })
        }
        // A version after the judged time may list it.
        (NoSigner::Unlisted, None) => Verdict::Open(Reason::MethodUnknown),
    })?;
    let stamped = bench.stamps.of(&seal.cover()).cloned();
    let found = Found { stamped, ..Found::default() };
    match signer::in_force(bench, (NAME, subject), &history, &signer, &found).outcome {
        Outcome::Pass => {}
        // Its signature verifies: that the key does not count any more is no forgery.
        Outcome::Fail(reason) | Outcome::Unknown(reason) => return Err(Verdict::Open(reason)),
        Outcome::Skipped => return Err(Verdict::Open(Reason::MethodUnknown)),
    }
    signer::ended_before(bench, &history, &found).map_err(Verdict::Open)?;
    signer::recent(bench, &history).map_err(Verdict::Open)
}

/// The path of the certificate, at the time that authorities vouch for, or else as of the judged time; and when it says it was sealed.
fn path(
    bench: &Bench<'_>,
    subject: &str,
    (chain, time, stamped): (&[Vec<u8>], Timestamp, Option<Timestamp>),
) -> Result<Check, Verdict> {
    let Some(paths) = bench.paths() else { return Err(open(CertificateFault::AnchorUnknown)) };
    let judged = |at: Timestamp| paths.path(chain, at).map_err(open);
    let as_of = bench.context.as_of;
    let found = judged(stamped.map_or(as_of, |stamped| stamped.min(as_of)))?;
    judged(time)?;
    let line = Check::pass(NAME, subject)
        .with("anchor", found.anchor.to_hex())
        .with("revocation", found.revocation.as_str());
    Ok(match stamped {
        Some(time) => line.with("stampedBy", time.to_string()),
        None => line.with("signingTime", "by its own word"),
    })
}

/// Whatever is wrong with the certificates of a seal, what is sealed is what it was.
fn open(fault: CertificateFault) -> Verdict {
    Verdict::Open(Reason::SealCertificate { code: fault.code() })
}
