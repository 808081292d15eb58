//! What a chain of powers gives: from the principal by way of each agent to the last, each link no wider than the one before.

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp};

use super::{DelegationError, Power, PowerAct};
use crate::countersignature::Role;
use crate::model::Credential;

/// Most links of a chain: a power is passed on three times at most.
pub const LINKS: usize = 4;

/// Links that are one chain, the principal's first. None of them is verified by that.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chain {
    links: Vec<Power>,
}

impl Chain {
    /// Joins links, the principal's first.
    ///
    /// # Errors
    ///
    /// [`DelegationError::Broken`] if they do not follow from each other, come back to somebody, or are too many;
    /// [`DelegationError::Widened`] if one gives more than the one before.
    pub fn of(links: Vec<Power>) -> Result<Self, DelegationError> {
        let broken = |why| Err(DelegationError::Broken { why });
        let Some(first) = links.first() else { return broken("there is none") };
        if links.len() > LINKS {
            return broken("there are more than four");
        }
        if first.grant.under.is_some() {
            return broken("the first one rests on another");
        }
        if first.issuer != first.grant.principal {
            return broken("the principal did not issue the first one");
        }
        let mut parties = BTreeSet::from([first.grant.principal.as_str()]);
        if !links.iter().all(|link| parties.insert(&link.agent)) {
            return broken("it comes back to somebody");
        }
        for (place, pair) in links.windows(2).enumerate() {
            let [before, link] = pair else { continue };
            follows(before, link)?;
            if let Some(member) = widened(before, link) {
                return Err(DelegationError::Widened { link: place.saturating_add(2), member });
            }
        }
        Ok(Self { links })
    }

    /// The links, the principal's first.
    #[must_use]
    pub fn links(&self) -> &[Power] {
        &self.links
    }

    /// The power whose agent acts. There always is one.
    fn last(&self) -> Option<&Power> {
        self.links.last()
    }

    /// For whom.
    #[must_use]
    pub fn principal(&self) -> &str {
        self.last().map_or("", |link| &link.grant.principal)
    }

    /// Who may act.
    #[must_use]
    pub fn agent(&self) -> &str {
        self.last().map_or("", |link| &link.agent)
    }

    /// Principal and agents, in order.
    pub fn parties(&self) -> impl Iterator<Item = &str> {
        let agents = self.links.iter().map(|link| link.agent.as_str());
        std::iter::once(self.principal()).chain(agents)
    }

    /// The roles in which the principal may be stood in for.
    pub fn for_roles(&self) -> impl Iterator<Item = Role> {
        self.last().into_iter().flat_map(|link| link.grant.for_roles.iter().copied())
    }

    /// When the first of the links ends.
    #[must_use]
    pub fn valid_until(&self) -> Option<Timestamp> {
        self.links.iter().map(|link| link.valid_until).min()
    }

    /// Digest of the power whose agent acts.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        self.last().map(|link| link.digest)
    }

    /// What of an act its scope does not cover: the member that stands against it; `None` if it covers it.
    ///
    /// Each link is no wider than the one before, so the last says it all.
    #[must_use]
    pub fn lacks(&self, role: Role, credential: &Credential) -> Option<&'static str> {
        let Some(last) = self.last() else { return Some("acts") };
        let grant = &last.grant;
        let generic = |name: &&str| *name != "VerifiableCredential";
        let mut types = credential.types().filter(generic).peekable();
        let typed = if types.peek().is_some() {
            // Every one: what is besides a deed of another kind is of that kind too.
            types.all(|name| grant.credential_types.contains(name))
        } else {
            grant.credential_types.contains("VerifiableCredential")
        };
        if !grant.acts.contains(&PowerAct::Countersign) {
            Some("acts")
        } else if !grant.for_roles.contains(&role) {
            Some("forRoles")
        } else if !typed {
            Some("credentialTypes")
        } else if grant.issuers.as_ref().is_some_and(|list| !list.contains(credential.issuer())) {
            Some("issuers")
        } else {
            None
        }
    }
}

fn follows(before: &Power, link: &Power) -> Result<(), DelegationError> {
    let why = if link.grant.under != Some(before.digest) {
        "a link rests on another than the one before"
    } else if link.issuer != before.agent {
        "a link is not issued by the agent of the one before"
    } else if link.grant.principal != before.grant.principal {
        "a link is for another principal"
    } else {
        return Ok(());
    };
    Err(DelegationError::Broken { why })
}

/// In what `link` gives more than `before`.
fn widened(before: &Power, link: &Power) -> Option<&'static str> {
    let (had, has) = (&before.grant, &link.grant);
    let issuers = match (&had.issuers, &has.issuers) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(had), Some(has)) => has.is_subset(had),
    };
    [
        (has.may_delegate < had.may_delegate, "mayDelegate"),
        (has.acts.is_subset(&had.acts), "acts"),
        (has.for_roles.is_subset(&had.for_roles), "forRoles"),
        (has.credential_types.is_subset(&had.credential_types), "credentialTypes"),
        (issuers, "issuers"),
        (link.valid_from >= before.valid_from, "validFrom"),
        (link.valid_until <= before.valid_until, "validUntil"),
    ]
    .into_iter()
    .find_map(|(holds, member)| (!holds).then_some(member))
}
