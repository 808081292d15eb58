//! Certificate policies along a path, policy mappings included ([RFC 5280 §6.1](https://www.rfc-editor.org/rfc/rfc5280#section-6.1)).
//!
//! In scope: which policies of the anchor's domain a path is under, where an explicit policy is demanded from the start. Out of scope: which of
//! them count (`config`). The tree of RFC 5280 grows without bound under hostile mappings; kept here is, for each policy that the next certificate
//! may name, the set of policies of the anchor's domain that it stands for, which says the same of the end ([RFC 9618](https://www.rfc-editor.org/rfc/rfc9618)).

use std::collections::{BTreeMap, BTreeSet};

use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::{
    CertificatePolicies, InhibitAnyPolicy, PolicyConstraints, PolicyMappings,
};

use super::ANY_POLICY;
use super::chain::Link;

/// The most policies that one certificate may name, and mappings likewise.
const COUNT: usize = 64;

/// What a path is under.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Policies {
    /// By the policy that comes next, what it stands for in the domain of the anchor.
    expected: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>>,
    /// Whether any policy may come next.
    any: bool,
}

impl Policies {
    /// Those of the certificates of a path below its anchor, from the one that the anchor issued to the last; `None` if they do not hold.
    pub(super) fn of<'a>(below: impl DoubleEndedIterator<Item = &'a Link>) -> Option<Self> {
        let mut walk = Walk {
            now: Self { expected: BTreeMap::new(), any: true },
            any_counts_for: u64::MAX,
            mappings_count_for: u64::MAX,
        };
        let mut links = below.peekable();
        while let Some(link) = links.next() {
            walk.step(link, links.peek().is_none())?;
        }
        Some(walk.now)
    }

    /// Whether the path is under one of these; the one that it is under.
    pub(super) fn first_of(&self, wanted: &BTreeSet<ObjectIdentifier>) -> Option<ObjectIdentifier> {
        let held: BTreeSet<&ObjectIdentifier> = self.expected.values().flatten().collect();
        wanted.iter().find(|policy| self.any || held.contains(policy)).copied()
    }
}

struct Walk {
    now: Policies,
    /// Certificates that may still come before any policy does not count, and before mappings do not.
    any_counts_for: u64,
    mappings_count_for: u64,
}

impl Walk {
    fn step(&mut self, link: &Link, is_last: bool) -> Option<()> {
        // RFC 5280 §6.1.3 (d), (e).
        let named = match link.read::<CertificatePolicies>()? {
            Some(policies) => policies.0,
            None => Vec::new(),
        };
        if named.len() > COUNT {
            return None;
        }
        let mut unique = BTreeSet::new();
        if !named.iter().all(|policy| unique.insert(policy.policy_identifier)) {
            return None;
        }
        let to_itself = link.is_self_issued() && !is_last;
        let any_named = unique.remove(&ANY_POLICY) && (to_itself || self.any_counts_for > 0);
        let mut next = Policies { expected: BTreeMap::new(), any: any_named && self.now.any };
        for policy in unique {
            if let Some(standing_for) = self.now.expected.get(&policy) {
                next.expected.insert(policy, standing_for.clone());
            } else if self.now.any {
                next.expected.insert(policy, BTreeSet::from([policy]));
            }
        }
        if any_named {
            for (policy, standing_for) in &self.now.expected {
                next.expected.entry(*policy).or_insert_with(|| standing_for.clone());
            }
        }
        // §6.1.4 (a), (b): who may be mapped to what.
        if !is_last {
            self.map(link, &mut next)?;
        }
        // §6.1.4 (h), (i), (j).
        if !to_itself {
            self.any_counts_for = self.any_counts_for.saturating_sub(1);
            self.mappings_count_for = self.mappings_count_for.saturating_sub(1);
        }
        if let Some(constraints) = link.read::<PolicyConstraints>()? {
            let inhibit = constraints.inhibit_policy_mapping.map_or(u64::MAX, u64::from);
            self.mappings_count_for = self.mappings_count_for.min(inhibit);
        }
        if let Some(inhibit) = link.read::<InhibitAnyPolicy>()? {
            self.any_counts_for = self.any_counts_for.min(u64::from(inhibit.0));
        }
        self.now = next;
        Some(())
    }

    fn map(&self, link: &Link, next: &mut Policies) -> Option<()> {
        let Some(PolicyMappings(mappings)) = link.read::<PolicyMappings>()? else {
            return Some(());
        };
        if mappings.len() > COUNT {
            return None;
        }
        let mut from: BTreeMap<ObjectIdentifier, BTreeSet<ObjectIdentifier>> = BTreeMap::new();
        for one in mappings {
            if [one.issuer_domain_policy, one.subject_domain_policy].contains(&ANY_POLICY) {
                return None;
            }
            from.entry(one.issuer_domain_policy).or_default().insert(one.subject_domain_policy);
        }
        let before = next.expected.clone();
        // A policy that is mapped is not expected under its own name any more, unless it is mapped to it.
        for issuers in from.keys() {
            next.expected.remove(issuers);
        }
        if self.mappings_count_for == 0 {
            return Some(());
        }
        for (issuers, subjects) in from {
            let standing_for = match before.get(&issuers) {
                Some(standing_for) => standing_for.clone(),
                None if next.any => BTreeSet::from([issuers]),
                None => continue,
            };
            for subject in subjects {
                next.expected.entry(subject).or_default().extend(standing_for.iter().copied());
            }
        }
        Some(())
    }
}
