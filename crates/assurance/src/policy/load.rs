//! What is refused when a policy is loaded, beyond its shape (assurance §11).

use std::collections::BTreeSet;

use super::PolicyError;
use super::outer::{is_did, is_filled, is_text, list};
use super::requirement::{
    AalLeaf, Assurance, IalLeaf, LinkLeaf, LinkMode, OnFail, Requirement, StepUp, TrustLeaf,
};
use crate::level::{AuthenticationLevel, Framework, IdentityLevel};
use crate::row;

/// The assurance part of a policy that was checked.
#[derive(Clone, Debug)]
pub(crate) struct LoadedAssurance {
    pub(crate) framework: Framework,
    pub(crate) use_case: Option<String>,
    pub(crate) has_reason: bool,
    pub(crate) requires: Requirement,
    pub(crate) on_fail: OnFail,
}

impl LoadedAssurance {
    /// The level that a leaf asks for; loading has made sure that it is on the scale.
    pub(crate) fn identity(&self, leaf: &IalLeaf) -> IdentityLevel {
        let most = self.framework.identity(usize::MAX);
        self.framework.parse_identity(&leaf.min).unwrap_or(most)
    }

    /// The level that a leaf asks for; loading has made sure that it is on the scale.
    pub(crate) fn authentication(&self, leaf: &AalLeaf) -> Option<AuthenticationLevel> {
        self.framework.parse_authentication(&leaf.min)
    }
}

/// Rows and use cases of the reference table.
pub(crate) const USE_CASES: [&str; 17] = [
    "R1", "R2a", "R2b", "R3", "R4", "R5", "R6", "R7", "R8", "A3a", "A3b", "A3c", "A2a", "A2b",
    "A1a", "A1b", "A0",
];

pub(super) fn load(assurance: Assurance) -> Result<LoadedAssurance, PolicyError> {
    let wrong = |member: &str, problem| {
        Err(PolicyError::Member { member: format!("assurance.{member}"), problem })
    };
    if assurance.framework == "ds-511-2025" {
        return Err(PolicyError::Unmapped { framework: "ds-511-2025" });
    }
    let Some(framework) =
        Framework::ALL.into_iter().find(|known| known.as_str() == assurance.framework)
    else {
        return wrong("framework", "is none that is mapped");
    };
    if assurance.use_case.as_ref().is_some_and(|case| !USE_CASES.contains(&case.as_str())) {
        return wrong("useCase", "is no row of the reference table");
    }
    if assurance.reason.as_ref().is_some_and(|text| !is_text(text)) {
        return wrong("reason", "has no text, or an empty one");
    }
    let steps: Option<BTreeSet<StepUp>> =
        assurance.on_fail.step_up.as_ref().map(|steps| steps.iter().copied().collect());
    let repeats = steps.as_ref().zip(assurance.on_fail.step_up.as_ref());
    if repeats.is_some_and(|(set, list)| set.is_empty() || set.len() != list.len()) {
        return wrong("onFail.stepUp", "is empty or names something twice");
    }
    check(&assurance.requires, framework)?;
    Ok(LoadedAssurance {
        framework,
        use_case: assurance.use_case,
        has_reason: assurance.reason.is_some(),
        requires: assurance.requires,
        on_fail: assurance.on_fail,
    })
}

fn check(requirement: &Requirement, framework: Framework) -> Result<(), PolicyError> {
    match requirement {
        Requirement::AllOf(parts) | Requirement::AnyOf(parts) => {
            if parts.is_empty() {
                return wrong("requires", "combines nothing");
            }
            parts.iter().try_for_each(|part| check(part, framework))
        }
        Requirement::Ial(leaf) => check_ial(leaf, framework),
        Requirement::Aal(leaf) => check_aal(leaf, framework),
        Requirement::Link(LinkLeaf { mode, consistent }) => {
            if *mode == LinkMode::LinkProof {
                return wrong(
                    "link.mode",
                    "is link-proof, and no statement of two keys is judged here: use same-key or same-controller",
                );
            }
            list(consistent.as_deref(), "link.consistent", |_| true)
        }
        Requirement::Trust(leaf) => check_trust(leaf),
    }
}

fn check_ial(leaf: &IalLeaf, framework: Framework) -> Result<(), PolicyError> {
    if framework.parse_identity(&leaf.min).is_none() {
        return off_scale(&leaf.min, framework);
    }
    list(leaf.claims.as_deref(), "ial.claims", |_| true)?;
    distinct(leaf.rows.as_deref(), "ial.rows")?;
    distinct(leaf.identifier.as_deref(), "ial.identifier")?;
    if let (Some(rows), Some(classes)) = (&leaf.rows, &leaf.identifier) {
        let fits = |class| rows.iter().any(|name| row::admits(name.0, class));
        if !classes.iter().copied().any(fits) {
            return wrong("ial.identifier", "is met by none of the rows");
        }
    }
    Ok(())
}

fn check_aal(leaf: &AalLeaf, framework: Framework) -> Result<(), PolicyError> {
    let Some(min) = framework.parse_authentication(&leaf.min) else {
        return off_scale(&leaf.min, framework);
    };
    if leaf.single_use_nonce == Some(false) && min.as_str() != "AAL-0" {
        return wrong("aal.singleUseNonce", "can be false for AAL-0 only");
    }
    if leaf.unlock_counts_as_verification && framework == Framework::Nist800634 {
        return wrong("aal.unlockCountsAsVerification", "is forbidden by SP 800-63C-4");
    }
    distinct(leaf.key_storage.as_deref(), "aal.keyStorage")?;
    distinct(leaf.accept.as_deref(), "aal.accept")
}

fn check_trust(leaf: &TrustLeaf) -> Result<(), PolicyError> {
    let TrustLeaf { registries, proofer_roles, wallet_providers, operators } = leaf;
    let lists = [registries.is_some(), wallet_providers.is_some(), operators.is_some()];
    if proofer_roles.is_none() && !lists.contains(&true) {
        return wrong("trust", "admits nobody in particular");
    }
    list(registries.as_deref(), "trust.registries", is_filled)?;
    list(wallet_providers.as_deref(), "trust.walletProviders", is_filled)?;
    list(operators.as_deref(), "trust.operators", is_did)?;
    distinct(proofer_roles.as_deref(), "trust.prooferRoles")
}

fn distinct<T: Ord>(items: Option<&[T]>, member: &str) -> Result<(), PolicyError> {
    let repeats = |items: &[T]| items.iter().collect::<BTreeSet<_>>().len() != items.len();
    match items {
        Some(items) if items.is_empty() || repeats(items) => {
            wrong(member, "is empty or names something twice")
        }
        Some(_) | None => Ok(()),
    }
}

fn off_scale(min: &str, framework: Framework) -> Result<(), PolicyError> {
    Err(PolicyError::OffScale { min: min.to_owned(), framework: framework.as_str() })
}

fn wrong<T>(member: &str, problem: &'static str) -> Result<T, PolicyError> {
    Err(PolicyError::Member { member: member.to_owned(), problem })
}
