//! Checks of a credential whose issuer is named by certificates (`x5c`) and by no DID.
//!
//! There is no log of such an issuer, so the path has to hold as of the judged time, and at the time when the issuer says it
//! signed, or if it does not say, also when the credential was received: an old signature does not outlive its certificate, unless a
//! timestamp of an authority shows that it was made before. Then the path has to hold at that time instead.

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp, encoding, json, sha256};
use inkan_credential::SecuredCredential;
use inkan_credential::bundle::Cover;
use inkan_ledger::Grades;
use serde_json::Value;

use super::countersigned::Countersigned;
use super::credential::{format_name, holder_history, holder_keys, stamped_time};
use super::status::certified as list;
use super::{Bench, countersigned, offered, signer};
use crate::certificates::{CertificateFault, Revocation, RevocationInfo};
use crate::check::{Check, CheckName, Weight};
use crate::material::Receipts;
use crate::reason::Reason;
use crate::verified::{CredentialProof, StatusSeen, VerifiedCredential};

/// What the path of a credential leads to, if there is one.
#[derive(Clone, Copy)]
struct Anchor(Option<Digest>);

/// Adds one line per check; the result counts only if none of them failed or blocks.
pub(super) fn check(
    bench: &Bench<'_>,
    subject: &str,
    (secured, chain): (&SecuredCredential, &[Vec<u8>]),
    others: Vec<CredentialProof>,
    checks: &mut Vec<Check>,
) -> Option<VerifiedCredential> {
    let credential = secured.credential();
    let required = bench.context.receipts == Receipts::Required;
    checks.push(if required {
        // Entries about it would be by a DID, which it has not.
        Check::unknown(CheckName::OnLedger, subject, Reason::ReceiptMissing, Weight::Required)
    } else {
        Check::skipped(CheckName::OnLedger, subject)
    });
    for name in [CheckName::IssuerLog, CheckName::DidActive] {
        checks.push(Check::skipped(name, subject));
    }
    let stamped = bench.stamps.of(&Cover::credential(secured));
    checks.push(stamped_time(bench, subject, stamped));
    let anchor = signature(bench, subject, (secured, chain), checks);
    let status = status(bench, subject, (secured, anchor), checks);
    let acts = countersigned::about(bench, secured);
    let countersigned = match acts {
        Ok(acts) => countersigned::check(bench, subject, (secured, None), &acts, checks),
        Err(error) => {
            let reason = Reason::CountersignatureInvalid { code: error.code() };
            checks.push(Check::fail(CheckName::Countersignature, subject, reason));
            Countersigned::default()
        }
    };
    offered::check(bench, subject, (credential, None), &countersigned.acts(), checks);
    anchor?;
    let issuer = credential.issuer().to_owned();
    let own = CredentialProof {
        controller: issuer.clone(),
        asserts: true,
        held: true,
        linked: BTreeSet::new(),
    };
    let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
    Some(VerifiedCredential {
        credential: credential.clone(),
        format: format_name(secured),
        digest: secured.issuance_digest(),
        issuer,
        issuer_method: format!("urn:x509:sha-256:{}", sha256(&[leaf]).to_hex()),
        holder_keys: holder_keys(bench, credential.subject_id()),
        holder_history: holder_history(bench, credential),
        recorded: None,
        status: status?,
        countersignatures: countersigned.verified,
        flawed: countersigned.flawed,
        proofs: std::iter::once(own).chain(others).collect(),
    })
}

/// The signature under the key of the first certificate, and the path from there to what is pinned; none if the
/// signature is not its issuer's.
fn signature(
    bench: &Bench<'_>,
    subject: &str,
    (secured, chain): (&SecuredCredential, &[Vec<u8>]),
    checks: &mut Vec<Check>,
) -> Option<Anchor> {
    let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
    let Some(checker) = bench.context.certificates.as_deref() else {
        let reason = Reason::CertificateUnknown { code: CertificateFault::AnchorUnknown.code() };
        for name in [CheckName::Signature, CheckName::KeyInForce] {
            checks.push(Check::unknown(name, subject, reason.clone(), Weight::Required));
        }
        return None;
    };
    let verified = match checker.key(leaf) {
        Ok(key) => secured
            .verify_issuer_proof_with(&key, bench.contexts())
            .map_err(|error| signer::failure(&error, Reason::CredentialProofInvalid)),
        Err(fault) => Err(Reason::CertificateInvalid { code: fault.code() }),
    };
    if let Err(reason) = verified {
        // Of what it did not sign, a path shows nothing.
        checks.push(Check::fail(CheckName::Signature, subject, reason));
        return None;
    }
    checks.push(Check::pass(CheckName::Signature, subject).with("format", format_name(secured)));
    let (line, anchor) = path(bench, subject, (secured, chain));
    checks.push(line.with("certificate", sha256(&[leaf]).to_hex()));
    Some(Anchor(anchor))
}

fn path(
    bench: &Bench<'_>,
    subject: &str,
    (secured, chain): (&SecuredCredential, &[Vec<u8>]),
) -> (Check, Option<Digest>) {
    let name = CheckName::KeyInForce;
    let Some(paths) = bench.paths() else {
        let reason = Reason::CertificateUnknown { code: CertificateFault::AnchorUnknown.code() };
        return (Check::unknown(name, subject, reason, Weight::Required), None);
    };
    let (as_of, received_at) = (bench.context.as_of, bench.context.received_at);
    // Where it does not say when it was signed, nothing shows that it is older than its arrival here.
    let arrived = Some(received_at).filter(|received_at| *received_at > as_of);
    let stamped = stamped_by(bench, secured);
    let signed_at = secured.signed_at().or(arrived.filter(|_| stamped.is_none()));
    let mut found = None;
    let judged_at = stamped.map_or(as_of, |stamped| stamped.min(as_of));
    for at in [Some(judged_at), signed_at].into_iter().flatten() {
        match paths.path(chain, at).map_err(reason) {
            Ok(path) => found = found.or(Some(path)),
            Err(reason @ Reason::CertificateUnknown { .. }) => {
                return (Check::unknown(name, subject, reason, Weight::Required), None);
            }
            Err(reason) => {
                return (Check::fail(name, subject, reason).with("at", at.to_string()), None);
            }
        }
    }
    let led = found.map(|path| path.anchor);
    let anchor = led.map(|anchor| anchor.to_hex()).unwrap_or_default();
    let revocation = found.map_or(Revocation::NotShown, |path| path.revocation);
    let line = Check::pass(name, subject).with("anchor", anchor);
    let line = line.with("revocation", revocation.as_str());
    let line = match stamped {
        Some(time) => line.with("stampedBy", time.to_string()),
        None => line,
    };
    (line, led)
}

/// Why certificates show nothing. What is only missing here is no sign against them.
pub(super) const fn reason(fault: CertificateFault) -> Reason {
    let code = fault.code();
    match fault {
        CertificateFault::AnchorUnknown | CertificateFault::RevocationUnknown => {
            Reason::CertificateUnknown { code }
        }
        CertificateFault::Expired
        | CertificateFault::NotYetValid
        | CertificateFault::Usage
        | CertificateFault::Key
        | CertificateFault::Malformed
        | CertificateFault::Revoked
        | CertificateFault::Policy
        | CertificateFault::Seal
        | CertificateFault::SealUnknown
        | CertificateFault::Path => Reason::CertificateInvalid { code },
    }
}

/// When authorities had seen the signature, by as many of them as the grade asks for.
fn stamped_by(bench: &Bench<'_>, secured: &SecuredCredential) -> Option<Timestamp> {
    let stamped = bench.stamps.of(&Cover::credential(secured))?;
    let needed = bench.context.grade;
    stamped.graded(&Grades::default(), |grades| grades.holds(needed)).map(|(time, _)| time)
}

/// What a bundle brings of what authorities said about certificates.
pub(super) fn said(evidence: &[Value]) -> RevocationInfo {
    let mut said = RevocationInfo::default();
    for item in evidence {
        let bytes = json::text(item, "der").and_then(|text| encoding::decode_b64u(text).ok());
        match (json::text(item, "type"), bytes) {
            (Some("X509Crl"), Some(bytes)) => said.crls.push(bytes),
            (Some("X509OcspResponse"), Some(bytes)) => said.ocsp.push(bytes),
            _ => {}
        }
    }
    said
}

/// A Token Status List is good if certificates name the same issuer for it. Bitstring Status Lists are judged by who signed them, and
/// that is a DID: what names one is not known to be in force.
fn status(
    bench: &Bench<'_>,
    subject: &str,
    (secured, anchor): (&SecuredCredential, Option<Anchor>),
    checks: &mut Vec<Check>,
) -> Option<StatusSeen> {
    let credential = secured.credential();
    let named = credential.status().iter().map(|entry| &entry.list_uri);
    let mut others = false;
    for uri in named.chain(credential.unknown_status()) {
        let reason = Reason::StatusMissing { uri: uri.clone() };
        checks.push(Check::unknown(CheckName::Status, subject, reason, Weight::Required));
        others = true;
    }
    let Some(entry) = credential.token_status() else {
        if others {
            return None;
        }
        checks.push(Check::skipped(CheckName::Status, subject));
        return Some(StatusSeen::NotNamed);
    };
    let issuer = credential.issuer();
    let anchor = anchor.and_then(|Anchor(anchor)| anchor);
    let named = anchor.map(|anchor| list::Named { issuer, anchor });
    let since = list::check(bench, subject, entry, named, checks)?;
    (!others).then_some(StatusSeen::Good { since })
}
