//! One judgement: what was presented, with what an authenticator answered if it did, under the policy of the session.
//!
//! Everything is judged again from nothing each time, at the time of the answer: within a session the nonce is the one that this very
//! presentation used up, so it stays live until the session ends.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use inkan_assurance::{AssessContext, Catalogue, Report, assess, ledger_grade, receipts};
use inkan_core::Timestamp;
use inkan_credential::Bundle;
use inkan_evidence::metadata::{Metadata, Pinned};
use inkan_evidence::{Asked, AtHand, PresentationEvidence, Remember, facts_with, register_check};
use inkan_io::files;
use inkan_io::gather::{attested_lists, fetch_attested_lists};
use inkan_verifier::{Context, Expectation, Live, Verification, verify};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::{Desk, DeskError, Session};
use crate::credentials::answer::Refusal;
use crate::credentials::backing::Grounds;
use crate::credentials::service::Service;
use crate::problem::codes;

/// The largest BLOB of metadata; FIDO's has some megabytes.
const BLOB: usize = 32 << 20;
/// The largest certificate.
const ROOT: usize = 64 << 10;

/// What came of it.
pub(super) struct Judged {
    pub(super) verification: Verification,
    pub(super) report: Report,
    pub(super) remember: Remember,
    /// Codes of what was lost on the way to facts.
    pub(super) lost: BTreeSet<&'static str>,
}

/// Judges a presentation of a session.
pub(super) fn judge(
    service: &Service,
    desk: &Desk,
    session: &Session,
    (bundle, grounds): (&Bundle, Grounds),
    shown: &PresentationEvidence,
) -> Result<Judged, Refusal> {
    let now = service.now();
    let policy = session.policy()?;
    let registries = match &service.options.backing {
        Some(backing) => backing.registries(now)?,
        None => Vec::new(),
    };
    let Grounds { mut material, logs, timestamps, certificates, declared, known, cards, .. } =
        grounds;
    material.contexts = service.verifier_contexts().or(material.contexts);
    let context = Context {
        logs,
        grade: ledger_grade(&policy),
        timestamps,
        certificates,
        receipts: receipts(&policy),
        expectation: Some(Expectation {
            nonce: session.nonce.clone(),
            audience: session.audience.clone(),
            nonce_issued_at: Some(session.issued_at()),
            live: Live::Yes,
        }),
        max_age: None,
        declared,
        known,
        as_of: now,
        received_at: now,
    };
    let verification = verify(bundle, &material, &context);
    if let Some(backing) = &service.options.backing {
        // The verdict is as good as it was: whoever keeps the profile busy must not stop it.
        let _ = backing.remember(verification.states());
    }
    let passkeys = match verification.presenter() {
        Some(by) => desk.store.passkeys(by.holder(), &by.key().thumbprint())?,
        None => Vec::new(),
    };
    let (site, metadata) = (desk.place.site(), desk.metadata(now)?);
    // Where a trusted wallet provider names a list, it is asked how the key stands now.
    let named = shown.status_lists(&registries, now);
    fetch_attested_lists(&named, service.options.network, &mut material, &mut Vec::new());
    let lists = attested_lists(&named, &material);
    let of_cards = cards.as_ref().map(|cards| cards.judging(bundle, &verification, Some(shown)));
    let jpki = of_cards.transpose().map_err(|_| Refusal::fault())?.flatten();
    let jpki = jpki.map(|jpki| jpki.asking(&session.audience, [session.nonce.clone()]));
    let confirmations = register_check::statements_of(bundle);
    let asked = Asked {
        shown,
        nonce: &session.nonce,
        site: site.as_ref(),
        registrations: &passkeys,
        metadata: metadata.as_ref(),
        status_lists: &lists,
        // An event of a holder names the nonce, which counts once.
        used_events: &BTreeSet::new(),
    };
    let at_hand = AtHand {
        asked: Some(&asked),
        jpki: jpki.as_ref(),
        timestamps: context.timestamps.as_deref(),
        certificates: context.certificates.as_deref(),
        register_checks: &confirmations,
        audience: Some(&session.audience),
    };
    let (facts, remember) = facts_with(&verification, &registries, &at_hand);
    let lost = facts.findings().iter().map(|finding| finding.code.code()).collect();
    let catalogue = Catalogue::builtin().map_err(|_| Refusal::fault())?;
    let assessment =
        AssessContext { registries: registries.as_slice(), catalogue: &catalogue, codes: codes() };
    let report = assess(&verification, &facts, &policy, &assessment);
    Ok(Judged { verification, report, remember, lost })
}

impl Desk {
    /// What is known of models now. A file that was replaced is read again; an older one than was seen before is refused.
    pub(super) fn metadata(&self, now: Timestamp) -> Result<Option<Metadata>, DeskError> {
        let Some(named) = &self.options.metadata else { return Ok(None) };
        let path = &named.blob;
        let at = |error| files::FileError::from_io(path, error);
        let found = std::fs::metadata(path).map_err(at)?;
        let stamp = (found.modified().map_err(at)?, found.len());
        let mut cached = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, metadata)) = &*cached
            && *known == stamp
        {
            return Ok(Some(metadata.clone()));
        }
        let bytes = files::read(&named.root, ROOT)?;
        let unread = || DeskError::Root { path: named.root.clone() };
        let root = match CertificateDer::from_pem_slice(&bytes) {
            Ok(certificate) => certificate.to_vec(),
            Err(_) if bytes.first() == Some(&0x30) => bytes,
            Err(_) => return Err(unread()),
        };
        let pinned = Pinned { root, host: named.host.clone(), newest: self.store.newest()? };
        let read = Metadata::parse(&files::read(path, BLOB)?, &pinned, now)?;
        if read.number() > pinned.newest {
            self.store.put_newest(read.number())?;
        }
        *cached = Some((stamp, read.clone()));
        Ok(Some(read))
    }
}
