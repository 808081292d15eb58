//! Keys that a service keeps for its holder (assurance §9): the weaker of the key and of the activation that releases it.

use crate::attested_key::AttestedKey;
use crate::fact::FactKind;
use crate::row::{Certification, FidoLevel, KeyStorage};

/// What is left of both.
pub(super) struct Weaker {
    pub(super) kinds: Vec<FactKind>,
    /// Whether the activation takes something from the key.
    pub(super) is_limited: bool,
}

/// Who is known, and means it, the activation says; where the key lies, and by whom it is certified, both have to say.
pub(super) fn weaker(key: AttestedKey, activation: &[FactKind]) -> Weaker {
    let of_key = key.facts();
    let mut kinds = Vec::new();
    let mut is_limited = false;
    for kind in [FactKind::AuthenticatorBound, FactKind::AuthenticatorStatusClean] {
        if of_key.contains(&kind) && activation.contains(&kind) {
            kinds.push(kind);
        }
    }
    for kind in [FactKind::UvAttested, FactKind::Intent] {
        if activation.contains(&kind) {
            kinds.push(kind);
        } else {
            is_limited = true;
        }
    }
    for kind in [FactKind::KeyHardware, FactKind::KeyNonexportable] {
        match (of_key.contains(&kind), activation.contains(&kind)) {
            (true, true) => kinds.push(kind),
            (true, false) => is_limited = true,
            (false, _) => {}
        }
    }
    let released_by = activation
        .iter()
        .find_map(|kind| if let FactKind::KeyCertified(by) = kind { Some(*by) } else { None });
    match (key.storage, released_by) {
        (Some(storage), Some(by)) => {
            let most = reach(by);
            is_limited |= storage > most;
            kinds.push(FactKind::KeyCertified(Certification::Iso18045(storage.min(most))));
        }
        (Some(_), None) => is_limited = true,
        (None, _) => {}
    }
    Weaker { kinds, is_limited }
}

/// The strength of a store that is enough for the same level as this certification.
const fn reach(by: Certification) -> KeyStorage {
    match by {
        Certification::Iso18045(level) => level,
        Certification::Scheme => KeyStorage::High,
        Certification::Fido(FidoLevel::L1 | FidoLevel::L1Plus) => KeyStorage::EnhancedBasic,
        Certification::Fido(
            FidoLevel::L2 | FidoLevel::L2Plus | FidoLevel::L3 | FidoLevel::L3Plus,
        ) => KeyStorage::High,
    }
}
