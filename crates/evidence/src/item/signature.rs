//! The person's own signature among the proofs of one item: `cms-jpki` (assurance §4.1, §6).
//!
//! Where the card's signature is disclosed and this verifier has a configuration, it runs the cryptography itself. Where it is not disclosed, the
//! statement and the DID key's signature may travel all the same, and then they have to hold.

use inkan_core::{encoding, sha256, tolerance};

use super::Setting;
use crate::fact::FactKind;
use crate::facts::CardSignature;
use crate::finding::{Code, Finding};
use crate::jpki::{
    BindingProof, BindingTerms, Bound, Jpki, Revocation, check_binding, check_holder_part,
};
use crate::model::{Certificate, Item, Proof, ProofKind};

/// What the signatures of an item show.
#[derive(Debug, Default)]
pub(super) struct Proved {
    /// Facts whose cryptography this verifier ran.
    pub(super) kinds: Vec<FactKind>,
    /// Whether the card signed with its key for logins, whatever else is said of it.
    pub(super) by_login_key: bool,
    /// The signatures that these facts rest on.
    pub(super) cards: Vec<CardSignature>,
    /// Places of proofs that were judged.
    pub(super) judged: Vec<usize>,
    /// Whether something could not be looked at.
    pub(super) pending: bool,
}

/// Judges the signatures of an item; `None` if one of them fails, which voids the item.
pub(super) fn proved(
    item: &Item,
    path: &str,
    setting: &Setting<'_, '_>,
    findings: &mut Vec<Finding>,
) -> Option<Proved> {
    let mut out = Proved::default();
    for (position, proof) in item.proofs.iter().enumerate() {
        let path = format!("{path}.proofs[{position}]");
        let mut lost = |code| findings.push(Finding::new(code, &path));
        let stated = proof.statement.as_deref();
        if proof.kind != ProofKind::CmsJpki {
            // Only a signature of a card is over a statement: anything else can be read in two ways.
            if stated.is_some() || proof.did_signature.is_some() {
                lost(Code::EvidenceMalformed);
                return None;
            }
            continue;
        }
        if stated.is_some_and(|text| !is_what_was_checked(text, item)) {
            lost(Code::EvidenceProofFailed);
            return None;
        }
        let terms = BindingTerms {
            did: setting.holder.0,
            jkt: setting.holder.1,
            proofer: Some(setting.proofer),
            document: &item.document_details.kind,
        };
        let jpki = setting.once.checkers().jpki.filter(|jpki| {
            jpki.config().profiles().iter().any(|profile| profile.shows(terms.document))
        });
        let histories = setting.once.checkers().jpki.map_or(&[][..], Jpki::histories);
        match (jpki, &proof.value, stated) {
            (Some(jpki), Some(value), Some(text)) => {
                let cms = bytes_of(proof, value).or_else(|| {
                    lost(Code::EvidenceProofFailed);
                    None
                })?;
                let did_signature = proof.did_signature.as_deref();
                let whole = BindingProof { statement: text.as_bytes(), cms: &cms, did_signature };
                let judged = check_binding(&whole, &terms, jpki, setting.as_of);
                judged.codes().for_each(&mut lost);
                out.judged.push(position);
                match judged.bound() {
                    Some(bound) if !is_in_time(bound, setting) => {
                        lost(Code::ProofingTimeInconsistent);
                        return None;
                    }
                    Some(bound) => {
                        out.by_login_key |= bound.certificate == Certificate::UserAuthentication;
                        out.kinds.extend(bound.facts());
                        // A token over the card's signature is one over the evidence: nothing else is signed.
                        out.kinds.extend(bound.stamped_at.map(|_| FactKind::TimestampToken));
                        out.cards.push(CardSignature {
                            certificate: bound.certificate,
                            policy: bound.policy.clone(),
                            statement: sha256(&[text.as_bytes()]),
                            is_good: bound.revocation == Revocation::Good,
                        });
                    }
                    None if judged.is_undetermined() => out.pending = true,
                    None => return None,
                }
            }
            (Some(_), Some(_), None) => {
                lost(Code::EvidenceMalformed);
                return None;
            }
            (_, _, Some(text)) => {
                let part = (text.as_bytes(), proof.did_signature.as_deref());
                match check_holder_part(part, &terms, histories) {
                    Ok(_) => {}
                    Err(code) => {
                        lost(code);
                        return None;
                    }
                }
            }
            (_, _, None) => {}
        }
    }
    out.kinds.sort_unstable();
    out.kinds.dedup();
    Some(out)
}

/// What the proofer says that it checked is this statement.
fn is_what_was_checked(statement: &str, item: &Item) -> bool {
    let digest = sha256(&[statement.as_bytes()]);
    let mut stated = item.check_details.iter().filter_map(|check| check.statement_sha256);
    stated.all(|stated| stated.0 == digest)
}

fn bytes_of(proof: &Proof, value: &str) -> Option<Vec<u8>> {
    let bytes = encoding::decode_b64(value).ok()?;
    (sha256(&[&bytes]) == proof.sha256.0).then_some(bytes)
}

/// Assurance §4: all times of one event agree, to within a day.
fn is_in_time(bound: &Bound, setting: &Setting<'_, '_>) -> bool {
    let near = |other: inkan_core::Timestamp| {
        other.seconds_since(setting.time).saturating_abs() <= tolerance::EVIDENCE_TIMESTAMP
    };
    let stamped = bound.stamped_at.is_none_or(near);
    near(bound.iat) && near(bound.signing_time) && stamped
}
