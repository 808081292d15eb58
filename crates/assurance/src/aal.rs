//! How the holder authenticated (assurance §9): the level of a presentation, and what a requirement still lacks.
//!
//! In scope: facts of the holder's proof and of authenticators, one by one, never mixed. Out of scope: how such facts
//! come about (`inkan-evidence`).

use std::collections::BTreeSet;

use inkan_evidence::{
    AuthLevel, Authenticator, Certification, Code, FactKind, Facts, FidoLevel, Finding, KeyStorage,
    Liveness, Road,
};

use crate::level::AuthenticationLevel;
use crate::policy::{AalLeaf, UserVerification};

/// What the presentation reached, whatever a policy asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Reached {
    pub(crate) level: AuthLevel,
    pub(crate) road: Option<Road>,
}

/// The level of the presentation: the best single authenticator counts, facts of two are never mixed.
pub(crate) fn reached(facts: &Facts, findings: &mut BTreeSet<Finding>) -> Reached {
    // Without a holder what an operator says of the account counts, and nothing else; beside one it does not.
    let plain = plain_level(facts).unwrap_or(AuthLevel::Aal0);
    let mut best = Reached { level: plain, road: None };
    let of_session = facts.holder().is_none();
    let speaks =
        |one: &&Authenticator| one.is_of_session() == of_session && !one.facts().is_empty();
    for authenticator in facts.authenticators().iter().filter(speaks) {
        let (level, lost) = level_of(authenticator, plain);
        for code in lost {
            let subject = format!("authenticator.{}", authenticator.road().as_str());
            findings.insert(Finding::new(code, &subject));
        }
        if level > best.level {
            best = Reached { level, road: Some(authenticator.road()) };
        }
    }
    best
}

/// What the holder's proof alone reaches; `None` without one.
fn plain_level(facts: &Facts) -> Option<AuthLevel> {
    let holder = facts.holder()?;
    let has = |kind| holder.facts().iter().any(|fact| fact.kind() == kind);
    has(FactKind::HolderProof)
        .then(|| if has(FactKind::UvClaimed) { AuthLevel::Aal1Plus } else { AuthLevel::Aal1 })
}

/// The level of one authenticator beside the holder's proof, and where it lost the next one.
fn level_of(authenticator: &Authenticator, plain: AuthLevel) -> (AuthLevel, Vec<Code>) {
    let lacks = |kinds: &[Wanted]| -> Vec<Code> {
        let lacking = kinds.iter().filter(|wanted| !wanted.is_in(authenticator));
        lacking.map(|wanted| wanted.code()).collect()
    };
    let bound = lacks(&[Wanted::Kind(FactKind::AuthenticatorBound)]);
    if !bound.is_empty() {
        return (plain, bound);
    }
    let status = lacks(&[Wanted::Kind(FactKind::AuthenticatorStatusClean)]);
    if !status.is_empty() {
        return (AuthLevel::Aal1, status);
    }
    let second = lacks(&[Wanted::Kind(FactKind::UvAttested), Wanted::Certified]);
    if !second.is_empty() {
        // One factor beside the holder's key, and nobody says that there was a second.
        let claimed = Wanted::Kind(FactKind::UvClaimed).is_in(authenticator);
        return (if claimed { AuthLevel::Aal1Plus } else { AuthLevel::Aal1 }, second);
    }
    let third = lacks(&THIRD);
    if third.is_empty() { (AuthLevel::Aal3, third) } else { (AuthLevel::Aal2, third) }
}

/// What AAL-2 needs of an authenticator.
const SECOND: [Wanted; 4] = [
    Wanted::Kind(FactKind::AuthenticatorBound),
    Wanted::Kind(FactKind::AuthenticatorStatusClean),
    Wanted::Kind(FactKind::UvAttested),
    Wanted::Certified,
];

/// What AAL-3 needs of it besides.
const THIRD: [Wanted; 5] = [
    Wanted::Kind(FactKind::KeyHardware),
    Wanted::Kind(FactKind::KeyNonexportable),
    Wanted::CertifiedHigh,
    Wanted::Kind(FactKind::VerifierBound),
    Wanted::Kind(FactKind::Intent),
];

/// One thing that a level, or a policy, wants of an authenticator.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Wanted {
    Kind(FactKind),
    /// Certified as AAL-2 needs.
    Certified,
    /// Certified as AAL-3 needs.
    CertifiedHigh,
    Fido(FidoLevel),
    Storage(KeyStorage),
}

impl Wanted {
    fn is_in(self, authenticator: &Authenticator) -> bool {
        authenticator.facts().iter().any(|fact| self.is_met_by(fact.kind()))
    }

    fn is_met_by(self, kind: FactKind) -> bool {
        let FactKind::KeyCertified(found) = kind else {
            let claimed = self == Self::Kind(FactKind::UvClaimed);
            return self == Self::Kind(kind) || claimed && kind == FactKind::UvAttested;
        };
        match self {
            Self::Kind(_) => false,
            Self::Certified => match found {
                Certification::Fido(_) | Certification::Scheme => true,
                Certification::Iso18045(level) => level >= KeyStorage::EnhancedBasic,
            },
            Self::CertifiedHigh => match found {
                Certification::Fido(level) => level >= FidoLevel::L2,
                Certification::Iso18045(level) => level >= KeyStorage::Moderate,
                Certification::Scheme => true,
            },
            Self::Fido(least) => matches!(found, Certification::Fido(level) if level >= least),
            Self::Storage(least) => {
                matches!(found, Certification::Iso18045(level) if level >= least)
            }
        }
    }

    /// The least fact that meets it on a road.
    const fn least(self, road: Road) -> FactKind {
        let attested_key = matches!(road, Road::IssuerAttestedKey | Road::KeyAttestation);
        let webauthn = matches!(road, Road::Webauthn);
        match self {
            Self::Kind(kind) => kind,
            Self::Certified if attested_key => {
                FactKind::KeyCertified(Certification::Iso18045(KeyStorage::EnhancedBasic))
            }
            Self::Certified if webauthn => {
                FactKind::KeyCertified(Certification::Fido(FidoLevel::L1))
            }
            Self::CertifiedHigh if attested_key => {
                FactKind::KeyCertified(Certification::Iso18045(KeyStorage::Moderate))
            }
            Self::CertifiedHigh if webauthn => {
                FactKind::KeyCertified(Certification::Fido(FidoLevel::L2))
            }
            Self::Certified | Self::CertifiedHigh => FactKind::KeyCertified(Certification::Scheme),
            Self::Fido(level) => FactKind::KeyCertified(Certification::Fido(level)),
            Self::Storage(level) => FactKind::KeyCertified(Certification::Iso18045(level)),
        }
    }

    fn code(self) -> Code {
        match self {
            Self::Kind(FactKind::AuthenticatorBound) => Code::AuthenticatorNotBound,
            Self::Kind(FactKind::AuthenticatorStatusClean) => Code::AuthenticatorStatusBad,
            Self::Kind(FactKind::KeyHardware) => Code::KeyNotHardwareBound,
            Self::Kind(FactKind::KeyNonexportable) => Code::KeyExportable,
            Self::Kind(FactKind::VerifierBound) => Code::PhishingResistanceMissing,
            Self::Kind(FactKind::Intent) => Code::IntentMissing,
            Self::Kind(FactKind::HolderProof) => Code::HolderProofMissing,
            Self::Certified | Self::CertifiedHigh | Self::Fido(_) | Self::Storage(_) => {
                Code::AuthenticatorNotCertified
            }
            Self::Kind(_) => Code::UserVerificationUnattested,
        }
    }
}

/// What became of one requirement on the authentication.
#[derive(Clone, Debug, Default)]
pub(crate) struct AalOutcome {
    /// Why it is not met; empty if it is.
    pub(crate) codes: Vec<Code>,
    /// It is met, and this is said.
    pub(crate) notes: Vec<Code>,
    /// Smallest sets of facts that would meet it, each on one road.
    pub(crate) missing: Vec<(Option<Road>, Vec<FactKind>)>,
}

/// Whom a policy is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum About {
    /// Whoever holds a credential.
    Holder,
    /// It asks nothing of an identity: an account is enough (assurance §7.1, rule 2).
    Account,
}

/// Judges one leaf.
pub(crate) fn judge(
    leaf: &AalLeaf,
    min: AuthenticationLevel,
    facts: &Facts,
    about: About,
) -> AalOutcome {
    let mut out = AalOutcome::default();
    let least = min.least();
    if least == Some(AuthLevel::Aal0) && wanted(leaf, least, None).is_empty() {
        return out;
    }
    let in_session =
        facts.holder().is_none() && facts.authenticators().iter().any(Authenticator::is_of_session);
    let by_account = in_session && about == About::Account;
    if in_session && !by_account {
        out.codes.push(Code::SessionBoundOnly);
    }
    let live = if by_account { Ok(Vec::new()) } else { liveness(leaf, facts) };
    let fresh = match live {
        Ok(notes) => {
            out.notes = notes;
            true
        }
        Err(code) => {
            out.codes.push(code);
            false
        }
    };
    let Some(least) = least else {
        out.codes.push(Code::AalBelowRequirement);
        return out;
    };
    if leaf.accept.is_none() && !by_account {
        let lacks = wanted(leaf, Some(least), None);
        if is_plain(&lacks, facts) {
            if !fresh {
                out.missing.push((None, vec![FactKind::HolderProof]));
            }
            return out;
        }
    }
    let mut lost = BTreeSet::new();
    let accepts = |road| leaf.accept.as_ref().is_none_or(|names| names.iter().any(|n| n.0 == road));
    for road in Road::ALL.into_iter().filter(|road| accepts(*road)) {
        let mut all = wanted(leaf, Some(least), Some(road));
        if by_account && least >= AuthLevel::Aal1 || leaf.accept.is_some() {
            // Of a holder the key's own signature shows that somebody is there; that a road was taken, only an authenticator
            // that is bound to the holder and in good standing.
            all.extend(
                SECOND.into_iter().take(2).filter(|one| !all.contains(one)).collect::<Vec<_>>(),
            );
        }
        // What no operator says of an account needs a holder who presents.
        let fresh = fresh && (!by_account || road == Road::AuthenticationEvent);
        let counts = |one: &&Authenticator| {
            one.road() == road && one.is_of_session() == by_account && !one.facts().is_empty()
        };
        let mut known = facts.authenticators().iter().filter(counts).peekable();
        if known.peek().is_none() {
            out.missing.push((Some(road), facts_for(&all, road, fresh)));
        }
        for authenticator in known {
            let lacks: Vec<Wanted> = all
                .iter()
                .copied()
                .filter(|one| !one.is_in(authenticator) && !is_plain(&[*one], facts))
                .collect();
            let stale = authenticator.age_seconds().is_some_and(|age| is_stale(leaf, facts, age));
            if stale {
                lost.insert(Code::PresentationStale);
            } else if lacks.is_empty() && fresh {
                out.missing.clear();
                return out;
            }
            lost.extend(lacks.iter().map(|wanted| wanted.code()));
            out.missing.push((Some(road), facts_for(&lacks, road, fresh)));
        }
    }
    let counts = |one: &Authenticator| accepts(one.road()) && one.is_of_session() == by_account;
    if !facts.authenticators().iter().any(counts) {
        if least > AuthLevel::Aal1 {
            lost.insert(Code::UserVerificationUnattested);
        }
        if leaf.accept.is_some() {
            lost.insert(Code::MethodNotAccepted);
        }
        lost.extend(wanted(leaf, Some(AuthLevel::Aal1), None).iter().map(|one| one.code()));
    }
    out.missing.sort_by_key(|(road, kinds)| (kinds.len(), *road));
    out.codes.push(Code::AalBelowRequirement);
    out.codes.extend(lost);
    out
}

/// Whether the presentation is here, live and fresh; notes on what the caller must ensure.
fn liveness(leaf: &AalLeaf, facts: &Facts) -> Result<Vec<Code>, Code> {
    let holder = facts.holder().ok_or(Code::HolderProofMissing)?;
    if holder.liveness() == Liveness::NotLive {
        return Err(Code::NonceInvalid);
    }
    if is_stale(leaf, facts, holder.age_seconds()) {
        return Err(Code::PresentationStale);
    }
    Ok(match holder.liveness() {
        Liveness::CallerKeepsNonce => vec![Code::NonceKeptByCaller],
        Liveness::Live | Liveness::NotLive => vec![],
    })
}

/// Whether an age in seconds is more than the leaf allows.
fn is_stale(leaf: &AalLeaf, facts: &Facts, age: i64) -> bool {
    match leaf.max_auth_age {
        Some(span) => facts
            .as_of()
            .plus_seconds(age)
            .minus(span.0)
            .is_ok_and(|earliest| earliest > facts.as_of()),
        None => age > inkan_core::tolerance::PRESENTATION,
    }
}

/// What a leaf wants of an authenticator on a road; `None` asks what the holder's proof alone cannot give.
fn wanted(leaf: &AalLeaf, least: Option<AuthLevel>, road: Option<Road>) -> Vec<Wanted> {
    let mut out = BTreeSet::new();
    if least >= Some(AuthLevel::Aal2) {
        out.extend(SECOND);
    }
    if least >= Some(AuthLevel::Aal3) {
        out.extend(THIRD);
        out.remove(&Wanted::Certified);
    }
    if leaf.phishing_resistant || leaf.cross_device == Some(false) {
        out.insert(Wanted::Kind(FactKind::VerifierBound));
    }
    if leaf.hardware_bound {
        out.insert(Wanted::Kind(FactKind::KeyHardware));
    }
    match leaf.user_verification {
        Some(UserVerification::Attested) => {
            out.insert(Wanted::Kind(FactKind::UvAttested));
        }
        Some(UserVerification::Claimed) if !out.contains(&Wanted::Kind(FactKind::UvAttested)) => {
            out.insert(Wanted::Kind(FactKind::UvClaimed));
        }
        Some(UserVerification::Claimed) | None => {}
    }
    match road {
        Some(Road::Webauthn) => out.extend(leaf.fido_min.map(|least| Wanted::Fido(least.0))),
        Some(Road::IssuerAttestedKey | Road::KeyAttestation) => {
            // Of several values the weakest is the threshold.
            let least = leaf.key_storage.iter().flatten().map(|name| name.0).min();
            out.extend(least.map(Wanted::Storage));
        }
        Some(Road::JpkiAuth | Road::HostedKey | Road::AuthenticationEvent) | None => {}
    }
    out.into_iter().collect()
}

/// Whether the holder's proof gives everything that is wanted.
fn is_plain(wanted: &[Wanted], facts: &Facts) -> bool {
    let of_holder = facts.holder().map_or(&[][..], |holder| holder.facts());
    wanted.iter().all(|wanted| of_holder.iter().any(|fact| wanted.is_met_by(fact.kind())))
}

/// The least facts that would give what is lacking, the holder's proof first if there is none.
fn facts_for(lacks: &[Wanted], road: Road, fresh: bool) -> Vec<FactKind> {
    let mut out: BTreeSet<FactKind> = lacks.iter().map(|wanted| wanted.least(road)).collect();
    if !fresh {
        out.insert(FactKind::HolderProof);
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests;
