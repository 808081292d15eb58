//! Proofs over a whole entry of `evidence[]`: timestamp tokens (`rfc3161`) and seals of organisations (`eseal`) (assurance §4).
//!
//! Both are over [`covered`]. A token says that the evidence stood there by its time. A seal says who else answers for it: it is checked, and gives no
//! fact, for no row asks for one; who proofed is told by the credential's own signature.

use inkan_core::{Digest, Timestamp, encoding, json, sha256, tolerance};
use inkan_credential::bundle::SealForm;
use inkan_verifier::CertificateFault;
use serde_json::Value;

use super::Setting;
use crate::fact::FactKind;
use crate::finding::{Code, Finding};
use crate::model::{Item, Proof, ProofKind};

/// The most proofs of these kinds in one item that are looked at.
const PROOFS: usize = 8;

/// What a token or a seal is over: JCS of the entry as it stands in the credential, without the proofs of these two kinds, which came after it, and of
/// every other proof the digest alone, whether its bytes are disclosed or not. `None` for what has no canonical form.
#[must_use]
pub fn covered(entry: &Value) -> Option<Vec<u8>> {
    let mut entry = entry.clone();
    let items = entry.get_mut("evidence").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        let Some(members) = item.as_object_mut() else { continue };
        let Some(proofs) = members.get_mut("proofs").and_then(Value::as_array_mut) else {
            continue;
        };
        proofs.retain(|proof| !matches!(json::text(proof, "kind"), Some("rfc3161" | "eseal")));
        for proof in proofs.iter_mut().filter_map(Value::as_object_mut) {
            proof.remove("value");
        }
        if proofs.is_empty() {
            members.remove("proofs");
        }
    }
    json::canonicalize(&entry).ok()
}

/// What these proofs of an item show.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// Facts whose cryptography this verifier ran.
    pub(super) kinds: Vec<FactKind>,
    /// Places of proofs that were judged.
    pub(super) judged: Vec<usize>,
}

/// What became of one of them.
#[derive(Clone, Copy)]
pub(super) enum Said {
    /// It holds, and gives this.
    Holds(Option<FactKind>),
    /// Nothing at hand tells.
    Open,
    /// It fails.
    Fails(Code),
}

/// Judges these proofs; `None` if one of them fails, which voids the item.
pub(super) fn judged(
    item: &Item,
    path: &str,
    setting: &Setting<'_, '_>,
    findings: &mut Vec<Finding>,
) -> Option<Whole> {
    let mut out = Whole::default();
    let proofs = item.proofs.iter().enumerate();
    let meant = proofs.filter_map(|(position, proof)| {
        let (value, kind) = (proof.value.as_deref()?, proof.kind);
        matches!(kind, ProofKind::Rfc3161 | ProofKind::Eseal).then_some((position, proof, value))
    });
    for (position, proof, value) in meant.take(PROOFS) {
        let is_token = proof.kind == ProofKind::Rfc3161;
        let said = match (bytes_of(proof, value), setting.covered) {
            (None, _) => Said::Fails(Code::EvidenceProofFailed),
            (Some(_), None) => Said::Open,
            (Some(bytes), Some((covered, imprint))) => {
                setting.once.said((is_token, proof.sha256.0, imprint), || {
                    if is_token {
                        timestamp(&bytes, &imprint, setting)
                    } else {
                        seal(bytes, covered, setting)
                    }
                })
            }
        };
        match said {
            Said::Holds(kind) => {
                out.kinds.extend(kind);
                out.judged.push(position);
            }
            // Whoever counts what is open says so.
            Said::Open => {}
            Said::Fails(code) => {
                findings.push(Finding::new(code, &format!("{path}.proofs[{position}]")));
                return None;
            }
        }
    }
    Some(out)
}

/// A token over the evidence, under an authority that is pinned.
fn timestamp(token: &[u8], imprint: &Digest, setting: &Setting<'_, '_>) -> Said {
    let Some(checker) = setting.once.checkers().timestamps else { return Said::Open };
    let pinned: Vec<Digest> = checker
        .pinned()
        .into_iter()
        .map(|(_, anchor)| anchor)
        .filter(|anchor| checker.can_check(anchor, token))
        .collect();
    if pinned.is_empty() {
        return Said::Open;
    }
    let found = pinned.iter().find_map(|anchor| checker.check(anchor, token, imprint).ok());
    let Some(stamp) = found else { return Said::Fails(Code::TimestampInvalid) };
    if stamp.earliest > setting.as_of.plus_seconds(tolerance::EVIDENCE_CLOCKS) {
        // As of then there was none yet.
        Said::Holds(None)
    } else if follows(stamp.latest, setting) && follows(stamp.earliest, setting) {
        Said::Holds(Some(FactKind::TimestampToken))
    } else {
        Said::Fails(Code::ProofingTimeInconsistent)
    }
}

/// A seal over the evidence, under an authority that is pinned.
fn seal(cms: Vec<u8>, covered: &[u8], setting: &Setting<'_, '_>) -> Said {
    let Some(checker) = setting.once.checkers().certificates else { return Said::Open };
    let sealed = match checker.seal(&SealForm::Cms(cms), covered) {
        Ok(sealed) => sealed,
        Err(CertificateFault::Seal) => return Said::Fails(Code::EvidenceProofFailed),
        // Whose it is, or over what, cannot be told.
        Err(_) => return Said::Open,
    };
    if sealed.signing_time.is_some_and(|time| !follows(time, setting)) {
        return Said::Fails(Code::ProofingTimeInconsistent);
    }
    // Its own time is its own word: what proves that it was there by then is the credential that holds it.
    let at = setting.existed_by.map_or(setting.as_of, |by| by.min(setting.as_of));
    let Some(paths) = setting.once.paths() else { return Said::Open };
    match paths.path(&sealed.chain, at) {
        Ok(_) => Said::Holds(None),
        Err(CertificateFault::AnchorUnknown | CertificateFault::RevocationUnknown) => Said::Open,
        Err(_) => Said::Fails(Code::EvidenceProofFailed),
    }
}

/// Assurance §4: all times of one event agree. What is over the evidence came after it, and within a day.
fn follows(time: Timestamp, setting: &Setting<'_, '_>) -> bool {
    let after = time.seconds_since(setting.end);
    (tolerance::EVIDENCE_CLOCKS.saturating_neg()..=tolerance::EVIDENCE_TIMESTAMP).contains(&after)
}

fn bytes_of(proof: &Proof, value: &str) -> Option<Vec<u8>> {
    let bytes = encoding::decode_b64(value).ok()?;
    (sha256(&[&bytes]) == proof.sha256.0).then_some(bytes)
}

#[cfg(test)]
mod tests;
