//! From the checks on one document to facts (assurance §4.1).
//!
//! Whether the document has a portrait, and what its class is, the catalogue says later; it can only take away.

use inkan_core::{Digest, Timestamp, encoding, sha256};
use inkan_ledger::TimestampChecker;
use inkan_verifier::CertificateChecker;

use crate::authority::{Authorised, authorise};
use crate::fact::{Fact, FactKind};
use crate::facts::ItemFacts;
use crate::finding::{Code, Finding};
use crate::jpki::Jpki;
use crate::model::{
    Certificate, CheckDetail, Detection, Item, Presence, Revocation, RevocationStatus,
};
use crate::registry::{PartyRole, Registry};

mod once;
mod signature;
mod whole;

use signature::Proved;

pub(crate) use once::Once;
pub use whole::covered;

/// What an item's facts are made from, beside the item.
pub(crate) struct Setting<'a, 'c> {
    pub(crate) registries: &'a [Registry],
    pub(crate) proofer: &'a str,
    /// DID and thumbprint of whom the event is about.
    pub(crate) holder: (&'a str, &'a str),
    pub(crate) once: &'a Once<'c>,
    /// What tokens and seals over the entry are over, with its digest, if anything can come of one.
    pub(crate) covered: Option<(&'a [u8], Digest)>,
    pub(crate) by: Option<&'a Authorised>,
    pub(crate) presence: Presence,
    pub(crate) time: Timestamp,
    /// When the last of the event was over.
    pub(crate) end: Timestamp,
    /// When the credential is proved to have existed.
    pub(crate) existed_by: Option<Timestamp>,
    pub(crate) as_of: Timestamp,
    pub(crate) source: Digest,
}

/// What proofs in evidence are judged by; without one of these, what it would judge is left open.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Checkers<'a> {
    pub(crate) jpki: Option<&'a Jpki>,
    pub(crate) timestamps: Option<&'a dyn TimestampChecker>,
    pub(crate) certificates: Option<&'a dyn CertificateChecker>,
}

/// The facts of one item; `None` if the item is void.
pub(crate) fn item_facts(
    item: &Item,
    path: &str,
    setting: &Setting<'_, '_>,
    findings: &mut Vec<Finding>,
) -> Option<ItemFacts> {
    let expired = item.document_details.date_of_expiry.as_ref();
    if expired.is_some_and(|last_day| setting.time.date() > *last_day) {
        findings.push(Finding::new(Code::DocumentExpired, path));
        return None;
    }
    let mut signed = signature::proved(item, path, setting, findings)?;
    let whole = whole::judged(item, path, setting, findings)?;
    signed.judged.extend(whole.judged);
    signed.kinds.extend(whole.kinds);
    signed.kinds.sort_unstable();
    signed.kinds.dedup();
    let mut maker = Maker { setting, path, findings, kinds: Vec::new(), signed_with: Vec::new() };
    let pending = maker.proofs(item, &signed)?;
    if let Some(revocation) = &item.revocation {
        maker.revocation(revocation)?;
    }
    for (position, check) in item.check_details.iter().enumerate() {
        maker.check(check, item, &format!("{path}.checkDetails[{position}]"))?;
    }
    maker.combinations(item);
    let Maker { mut kinds, mut signed_with, .. } = maker;
    if signed.by_login_key {
        // Nobody's word makes the key for logins one for signatures.
        kinds.retain(|kind| *kind != FactKind::OwnerSignKey);
    }
    kinds.sort_unstable();
    kinds.dedup();
    signed_with.dedup();
    let mut facts: Vec<Fact> = kinds.into_iter().map(|kind| setting.fact(kind)).collect();
    let of_proofs = signed.kinds.into_iter();
    facts.extend(of_proofs.map(|kind| Fact::verified(kind, setting.source, setting.time)));
    Some(ItemFacts {
        path: path.to_owned(),
        document: item.document_details.kind.clone(),
        issuer: item.document_details.issuer.clone(),
        signed_with,
        pending: pending || signed.pending,
        cards: signed.cards,
        facts,
    })
}

impl Setting<'_, '_> {
    /// Attested if the proofer is authorised, otherwise merely claimed.
    fn fact(&self, kind: FactKind) -> Fact {
        match self.by {
            Some(by) => Fact::attested(kind, by, self.source, self.time),
            None => Fact::claimed(kind, self.source, self.time),
        }
    }
}

struct Maker<'a, 'b, 'c> {
    setting: &'a Setting<'a, 'c>,
    path: &'a str,
    findings: &'b mut Vec<Finding>,
    kinds: Vec<FactKind>,
    signed_with: Vec<(Certificate, String)>,
}

impl Maker<'_, '_, '_> {
    fn lost(&mut self, code: Code, path: &str) {
        self.findings.push(Finding::new(code, path));
    }

    /// Whether a disclosed proof waits for a check that this verifier cannot make; `None` if one is not what its
    /// digest says, which voids the item.
    fn proofs(&mut self, item: &Item, signed: &Proved) -> Option<bool> {
        let mut pending = false;
        for (position, proof) in item.proofs.iter().enumerate() {
            let Some(value) = &proof.value else { continue };
            let path = format!("{}.proofs[{position}]", self.path);
            let digest = encoding::decode_b64(value).ok().map(|bytes| sha256(&[&bytes]));
            if digest != Some(proof.sha256.0) {
                self.lost(Code::EvidenceProofFailed, &path);
                return None;
            }
            if signed.judged.contains(&position) {
                continue;
            }
            self.lost(Code::EvaluationIncomplete, &path);
            pending = true;
        }
        Some(pending)
    }

    /// Assurance §8, modifier 5: `None` if the revocation voids the item.
    fn revocation(&mut self, revocation: &Revocation) -> Option<()> {
        match revocation.status {
            RevocationStatus::Unknown => {}
            RevocationStatus::Revoked => {
                let later =
                    revocation.checked_at.is_some_and(|checked| checked.0 > self.setting.time);
                if !later || !is_harmless(revocation) {
                    self.lost(Code::JpkiRevoked, self.path);
                    return None;
                }
            }
            RevocationStatus::Good => self.good(revocation),
        }
        Some(())
    }

    /// "Not revoked" counts from a party that may ask, at the time it asked.
    fn good(&mut self, revocation: &Revocation) {
        let Setting { registries, proofer, time, as_of, .. } = *self.setting;
        let checker = revocation.checked_by.as_deref().unwrap_or(proofer);
        let at = revocation.checked_at.map_or(time, |checked| checked.0);
        let may_ask = authorise(registries, checker, at, as_of)
            .is_ok_and(|list| list.iter().any(|by| by.has_role(PartyRole::RevocationChecker)));
        if may_ask {
            self.kinds.push(FactKind::RevocationGood);
        }
    }

    /// One check; `None` if it voids the item.
    fn check(&mut self, check: &CheckDetail, item: &Item, path: &str) -> Option<()> {
        if check.result.as_deref() != Some("pass") {
            self.lost(Code::CheckNotPassed, path);
            return Some(());
        }
        match check.check_method.as_str() {
            "vpip" | "vpiruv" => self.kinds.push(FactKind::GenuineSeen),
            "vri" => self.kinds.push(FactKind::GenuineImage),
            "vcrypt" => self.kinds.push(FactKind::GenuineCrypto),
            "data" => self.kinds.push(FactKind::AttributesValidated),
            "code" => self.kinds.push(FactKind::OwnerCode),
            "pvp" | "bvp" => {
                if self.setting.presence == Presence::InPerson {
                    self.kinds.push(FactKind::OwnerInPerson);
                } else {
                    self.lost(Code::PresenceNotShown, path);
                }
            }
            "pvr" | "bvr" => self.remote_face(check, item, path),
            "esig" => return self.signature(check, item, path),
            // These give nothing alone: see `combinations` and `remote_face`.
            "docpad" | "biopad" | "biodi" => {}
            _ => self.findings.push(
                Finding::new(Code::CheckMethodNotAccepted, path).found(short(&check.check_method)),
            ),
        }
        Some(())
    }

    fn remote_face(&mut self, check: &CheckDetail, item: &Item, path: &str) {
        let beside = |method: &str| {
            item.check_details.iter().any(|other| {
                other.check_method == method
                    && other.result.as_deref() == Some("pass")
                    && other.check_id.is_some()
                    && other.check_id == check.check_id
            })
        };
        let needs = [
            (check.live, Code::LivenessMissing),
            (check.pad == Detection::Made || beside("biopad"), Code::PadMissing),
            (check.injection || beside("biodi"), Code::InjectionControlMissing),
        ];
        if needs.iter().all(|(held, _)| *held) {
            self.kinds.push(FactKind::OwnerRemoteLive);
        }
        for (_, code) in needs.into_iter().filter(|(held, _)| !held) {
            self.lost(code, path);
        }
    }

    /// The outcome table of assurance §6, on the proofer's word.
    fn signature(&mut self, check: &CheckDetail, item: &Item, path: &str) -> Option<()> {
        let contradicts = check
            .revocation
            .as_ref()
            .zip(item.revocation.as_ref())
            .is_some_and(|(own, other)| own.status != other.status);
        let (Some(certificate), Some(oid), Some(_), false) =
            (check.certificate, &check.policy_oid, check.statement_sha256, contradicts)
        else {
            self.lost(Code::EvidenceMalformed, path);
            return Some(());
        };
        let revocation = check.revocation.as_ref().or(item.revocation.as_ref());
        if let (Some(own), None) = (&check.revocation, &item.revocation) {
            self.revocation(own)?;
        }
        let status = revocation.map_or(RevocationStatus::Unknown, |found| found.status);
        self.signed_with.push((certificate, oid.clone()));
        self.kinds.push(FactKind::GenuineCrypto);
        match (certificate, status) {
            // Revoked means: later, for a reason that says nothing against the person; so it was good then.
            (Certificate::Signing, RevocationStatus::Good | RevocationStatus::Revoked) => {
                self.kinds.push(FactKind::OwnerSignKey);
            }
            (Certificate::Signing, RevocationStatus::Unknown) => {
                self.lost(Code::JpkiRevocationUndetermined, path);
                self.kinds.push(FactKind::OwnerAuthKey);
            }
            (Certificate::UserAuthentication, _) => self.kinds.push(FactKind::OwnerAuthKey),
        }
        Some(())
    }

    /// Facts and findings that rest on several checks of the item.
    fn combinations(&mut self, item: &Item) {
        let passed = |method: &str| {
            item.check_details.iter().any(|check| {
                check.check_method == method && check.result.as_deref() == Some("pass")
            })
        };
        let has = |kinds: &[FactKind], kind| kinds.contains(&kind);
        if has(&self.kinds, FactKind::GenuineImage) {
            if passed("docpad") {
                self.kinds.push(FactKind::GenuineImagePad);
            } else if (passed("pvr") || passed("bvr")) && !has(&self.kinds, FactKind::GenuineCrypto)
            {
                self.findings.push(Finding::new(Code::PadMissing, self.path).expected("docpad"));
            }
        }
        let in_person_check = ["vpip", "vpiruv", "pvp", "bvp"].into_iter().any(passed);
        if self.setting.presence == Presence::InPerson && !in_person_check {
            self.lost(Code::PresenceNotShown, self.path);
        }
    }
}

/// Reasons that say nothing against the person: the card was exchanged.
fn is_harmless(revocation: &Revocation) -> bool {
    matches!(revocation.reason.as_deref(), Some("card_reissued" | "superseded"))
}

/// Whether a later revocation check voids what it is about (assurance §8, modifier 5).
pub(crate) fn voids(revocation: &Revocation) -> bool {
    revocation.status == RevocationStatus::Revoked && !is_harmless(revocation)
}

fn short(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(32).collect()
}
