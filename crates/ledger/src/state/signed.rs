//! The rules of signed entries that need to know what came before (§2.2, §2.3 and §2.6 of the ledger specification).

use inkan_core::Timestamp;
use inkan_did::{DidDocument, DidUrl, Relationship};

use super::address::{Address, Named};
use super::base::Base;
use super::candidate::Candidate;
use super::controller::Controller;
use super::machine::{Care, Machine, Verdict};
use super::prepared::{Effect, Seat};
use crate::entry::{Claims, SignedEntry, StatusClaims, StatusFormat, TrustClaims};
use crate::map::Flags;
use crate::parameters::Parameters;
use crate::rejection::{Refusal, Rejection};

impl<B: Base> Machine<B> {
    /// In the order of §2.2, but that a known id is answered right after `aud`: or an entry could not be sent again once its
    /// key is gone.
    pub(super) fn judge_signed(
        &self,
        candidate: &Candidate,
        entry: &SignedEntry,
        time: Timestamp,
        care: Care,
    ) -> Result<Verdict, Refusal> {
        if entry.audience() != self.origin {
            return Err(Rejection::WrongAudience { audience: entry.audience().to_owned() }.into());
        }
        if let Some(leaf_index) = self.lookup(&candidate.entry_id())? {
            return self.judge_known(candidate, entry, leaf_index);
        }
        let kind = entry.kind();
        if care == Care::Full {
            self.check_kind(kind)?;
            check_time(entry, time, self.standing().parameters())?;
            self.check_signer(candidate, entry)?;
            self.check_kind_rule(entry, time)?;
        }
        let seat = self.check_sequence(candidate, entry)?;
        let address = match entry.claims() {
            Claims::Status(status) => Some(Address {
                scid: entry.scid().to_owned(),
                named: Named::List(status.uri.clone()),
            }),
            Claims::Issuance { .. }
            | Claims::Countersignature { .. }
            | Claims::Trust(_)
            | Claims::Anchor(_)
            | Claims::Once(_) => None,
        };
        let entry_id = candidate.entry_id();
        Ok(Verdict::New(Effect { kind, entry_id, seat, head: None, history: 0, address }))
    }

    /// §2.6.
    fn judge_known(
        &self,
        candidate: &Candidate,
        entry: &SignedEntry,
        leaf_index: u64,
    ) -> Result<Verdict, Refusal> {
        let known = Ok(Verdict::Known { leaf_index });
        match entry.claims() {
            // Their ids name all that they say.
            Claims::Issuance { .. } | Claims::Countersignature { .. } | Claims::Anchor(_) => {
                return known;
            }
            Claims::Status(_) | Claims::Trust(_) | Claims::Once(_) => {}
        }
        if signing_input(&self.body(leaf_index)?) == Some(entry.signing_input()) {
            return known;
        }
        match entry.claims() {
            Claims::Once(_) => Err(Rejection::AlreadyUsed { leaf_index }.into()),
            Claims::Issuance { .. }
            | Claims::Countersignature { .. }
            | Claims::Status(_)
            | Claims::Trust(_)
            | Claims::Anchor(_) => {
                let newest = match candidate.map_key() {
                    Some((key, _)) => self.newest(&key)?,
                    None => None,
                };
                let sequence = newest.map_or(0, |newest| newest.value.sequence);
                let expected = sequence.saturating_add(1);
                Err(Rejection::SequenceConflict { expected }.into())
            }
        }
    }

    fn check_signer(&self, candidate: &Candidate, entry: &SignedEntry) -> Result<(), Refusal> {
        // The head by which a worker found everything good decides, unless it moved.
        if let Some(place) = candidate.signature_checked_by()
            && self.head_place(candidate.did_key())? == Some(place)
        {
            return Ok(());
        }
        let controller = self
            .controller_now(entry.scid())?
            .ok_or_else(|| Rejection::UnknownSigner { did: entry.issuer().as_str().to_owned() })?;
        check_alive(&controller, &self.origin)?;
        Ok(entry.verify(controller.document())?)
    }

    /// §2.3, what does not concern the order of entries.
    fn check_kind_rule(&self, entry: &SignedEntry, time: Timestamp) -> Result<(), Refusal> {
        let parameters = self.standing().parameters();
        match entry.claims() {
            Claims::Status(status) => Ok(check_length(status, parameters)?),
            Claims::Trust(trust) if trust.is_compromise_report() => {
                check_reach(trust, time, parameters)?;
                let controller = self.controller_now(entry.scid())?;
                let listed = controller.is_some_and(|controller| {
                    DidUrl::parse(&trust.resource)
                        .is_ok_and(|key| lists(controller.document(), &key))
                });
                // Rotate first: what is signed later with a key that is still listed would be judged good.
                if listed {
                    return Err(Rejection::MemberInvalid { member: "resource" }.into());
                }
                Ok(())
            }
            Claims::Anchor(anchor) if !self.standing().rules().takes_anchor_of(anchor.scope) => {
                Err(Rejection::MemberInvalid { member: "scope" }.into())
            }
            Claims::Anchor(_)
            | Claims::Trust(_)
            | Claims::Issuance { .. }
            | Claims::Countersignature { .. }
            | Claims::Once(_) => Ok(()),
        }
    }

    /// The order of entries under one map key, and what must not change along it.
    fn check_sequence(
        &self,
        candidate: &Candidate,
        entry: &SignedEntry,
    ) -> Result<Option<Seat>, Refusal> {
        let Some((key, sequence)) = candidate.map_key() else { return Ok(None) };
        let newest = self.newest(&key)?;
        let (mut flags, mut detail) = (Flags::NONE, Vec::new());
        match (entry.claims(), &newest) {
            (Claims::Once(_), Some(newest)) => {
                let leaf_index = newest.value.leaf_index;
                return Err(Rejection::AlreadyUsed { leaf_index }.into());
            }
            (Claims::Once(_), None) => {}
            (
                Claims::Issuance { .. }
                | Claims::Countersignature { .. }
                | Claims::Status(_)
                | Claims::Trust(_)
                | Claims::Anchor(_),
                newest,
            ) => {
                let last = newest.as_ref().map_or(0, |newest| newest.value.sequence);
                let expected = last.saturating_add(1);
                if sequence != expected {
                    return Err(Rejection::SequenceConflict { expected }.into());
                }
            }
        }
        match entry.claims() {
            Claims::Status(status) => {
                if let Some(newest) = &newest {
                    check_format(&newest.detail, &status.format)?;
                }
                detail = format_detail(&status.format);
            }
            Claims::Trust(trust) if trust.operation.ends() => flags = Flags::ENDED,
            Claims::Trust(_)
            | Claims::Issuance { .. }
            | Claims::Countersignature { .. }
            | Claims::Anchor(_)
            | Claims::Once(_) => {}
        }
        Ok(Some(Seat { key, flags, sequence, detail }))
    }
}

/// Not deactivated, and at home here or nowhere (D14).
pub(super) fn check_alive(controller: &Controller, origin: &str) -> Result<(), Rejection> {
    let head = controller.head();
    if head.deactivated() {
        return Err(Rejection::SignerDeactivated);
    }
    match head.home().filter(|home| *home != origin) {
        Some(home) => Err(Rejection::SignerMoved { home: home.to_owned() }),
        None => Ok(()),
    }
}

fn check_time(
    entry: &SignedEntry,
    time: Timestamp,
    parameters: &Parameters,
) -> Result<(), Rejection> {
    let issued_at = entry.issued_at();
    let earliest = time.plus_seconds(parameters.iat_past.saturating_neg());
    let latest = time.plus_seconds(parameters.iat_future);
    if (earliest..=latest).contains(&issued_at) {
        Ok(())
    } else {
        Err(Rejection::IatOutOfWindow { issued_at, time })
    }
}

fn check_length(status: &StatusClaims, parameters: &Parameters) -> Result<(), Rejection> {
    let (length, least) = (status.length, parameters.list_min);
    if length < least { Err(Rejection::ListTooSmall { length, least }) } else { Ok(()) }
}

/// A compromise report reaches back to a time that has come, and not too far.
fn check_reach(
    report: &TrustClaims,
    time: Timestamp,
    parameters: &Parameters,
) -> Result<(), Rejection> {
    let since = report.not_before;
    if since > time {
        return Err(Rejection::MemberInvalid { member: "nbf" });
    }
    let earliest = time.plus_seconds(parameters.compromise_backdating.saturating_neg());
    if since < earliest { Err(Rejection::BackdatingLimit { since, earliest }) } else { Ok(()) }
}

/// Whether a document names this key anywhere.
fn lists(document: &DidDocument, key: &DidUrl) -> bool {
    document.method(key).is_some()
        || Relationship::ALL.into_iter().any(|relationship| document.allows(key, relationship))
}

/// Header and payload of a recorded body.
fn signing_input(body: &[u8]) -> Option<&[u8]> {
    let end = body.iter().rposition(|byte| *byte == b'.')?;
    body.get(..end)
}

/// What the next entry of a status list is compared with.
fn format_detail(format: &StatusFormat) -> Vec<u8> {
    match format {
        StatusFormat::Bitstring { purpose } => format!("bitstring {purpose}").into_bytes(),
        StatusFormat::TokenJwt => b"token-jwt".to_vec(),
        StatusFormat::TokenCwt => b"token-cwt".to_vec(),
    }
}

/// `list` and `purpose` never change for one `uri`.
fn check_format(recorded: &[u8], format: &StatusFormat) -> Result<(), Rejection> {
    let new = format_detail(format);
    if new == recorded {
        return Ok(());
    }
    let is_bitstring = |detail: &[u8]| detail.starts_with(b"bitstring ");
    let member = if is_bitstring(recorded) && is_bitstring(&new) { "purpose" } else { "list" };
    Err(Rejection::MemberInvalid { member })
}
