//! What is sent to an exchange: its own state, one's act that it lacks, and what that act needs to be believed. Nothing else of
//! the wallet's copy is anybody's business there.

use std::collections::BTreeSet;

use inkan_core::Digest;
use inkan_credential::SecuredCredential;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::countersignature::{self, Countersignature};
use inkan_credential::delegation::Power;
use serde_json::Value;

use crate::failure::Failure;
use crate::packing;
use crate::wallet;

/// `there` with the acts of `made` that are `wanted`; and the digests of these.
pub(super) fn with_acts(
    there: &Bundle,
    made: &Bundle,
    wanted: impl Fn(&Countersignature) -> bool,
) -> Result<(Bundle, BTreeSet<Digest>), Failure> {
    let mut out = there.clone();
    out.evidence.clear();
    out.timestamps.clear();
    out.eseals.clear();
    out.consents.clear();
    let secured = wallet::credential_of(made, "the wallet's copy")?;
    let acts = countersignature::list(secured, &made.countersignatures)?;
    let acts: Vec<&Countersignature> = acts.iter().filter(|act| wanted(act)).collect();
    for compact in acts.iter().filter_map(|act| act.compact()) {
        if !out.countersignatures.iter().any(|known| known == compact) {
            out.countersignatures.push(compact.to_owned());
        }
    }
    let places = acts.iter().filter_map(|act| act.proof_index());
    let places = covered(secured, places.collect());
    if let Some(value) = with_proofs(wallet::credential_of(&out, "the offer")?, secured, &places) {
        out.artefact = Artefact::Credential(SecuredCredential::parse_value(value)?);
    }
    take_powers(&mut out, made, &acts);
    packing::take_proofs_of(&mut out, made)?;
    Ok((out, acts.iter().map(|act| act.digest()).collect()))
}

/// The places of these proofs, and of those that they sign as well: without them they do not verify.
fn covered(secured: &SecuredCredential, first: Vec<usize>) -> BTreeSet<usize> {
    let (mut out, mut next) = (BTreeSet::new(), first);
    while let Some(place) = next.pop() {
        if !out.insert(place) {
            continue;
        }
        let named = secured.proofs().get(place).map_or(&[][..], |proof| proof.previous_proof());
        let is_named = |id: Option<&str>| id.is_some_and(|id| named.iter().any(|one| one == id));
        let proofs = secured.proofs().iter().enumerate();
        next.extend(proofs.filter(|(_, proof)| is_named(proof.id())).map(|(place, _)| place));
    }
    out
}

/// The credential with those proofs of `made` that it lacks; nothing if it lacks none.
fn with_proofs(
    there: &SecuredCredential,
    made: &SecuredCredential,
    places: &BTreeSet<usize>,
) -> Option<Value> {
    let mut proofs: Vec<Value> = there.proofs().iter().map(|one| one.value().clone()).collect();
    let before = proofs.len();
    for proof in places.iter().filter_map(|place| made.proofs().get(*place)) {
        if proof.countersignature().is_some() && !proofs.contains(proof.value()) {
            proofs.push(proof.value().clone());
        }
    }
    if proofs.len() == before {
        return None;
    }
    let mut value = there.to_value();
    value.as_object_mut()?.insert("proof".to_owned(), Value::Array(proofs));
    Some(value)
}

/// The powers that these acts are made under, with what they rest on.
fn take_powers(out: &mut Bundle, made: &Bundle, acts: &[&Countersignature]) {
    let powers = made.powers();
    let mut next: Vec<Digest> =
        acts.iter().filter_map(|act| act.under().map(|under| under.power)).collect();
    let mut named = BTreeSet::new();
    while let Some(digest) = next.pop() {
        if !named.insert(digest) {
            continue;
        }
        for (_, power) in powers.iter().filter(|(known, _)| *known == digest) {
            out.add_power(power);
            next.extend(Power::of(power).ok().and_then(|power| power.grant.under));
        }
    }
}
