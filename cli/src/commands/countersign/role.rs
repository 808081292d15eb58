//! In which role somebody acts who did not say so: as what the offer names them, or as what they acted before.
//!
//! A role that is wrong stays wrong: it is signed and public. So nothing is guessed where more than one is possible.

use std::collections::BTreeSet;

use inkan_credential::countersignature::{self, Decision, Role, Wanted, WantedSigners};
use inkan_credential::{Credential, SecuredCredential};

use super::Decide;
use crate::args::DecisionRole;
use crate::failure::{CliError, Failure};

/// The library's name for a role of the command line.
pub(in crate::commands) const fn role_of(role: DecisionRole) -> Role {
    match role {
        DecisionRole::Holder => Role::Holder,
        DecisionRole::CoIssuer => Role::CoIssuer,
        DecisionRole::Witness => Role::Witness,
        DecisionRole::Notary => Role::Notary,
        DecisionRole::Guardian => Role::Guardian,
        DecisionRole::Delegate => Role::Delegate,
    }
}

/// The role of `did`: `asked`, or the only one that there can be. `kept` are the roles in which the wallet knows an act.
pub(super) fn of(
    asked: Option<Role>,
    (did, decide): (&str, Decide),
    (secured, beside): (&SecuredCredential, &[String]),
    kept: &BTreeSet<Role>,
) -> Result<Role, Failure> {
    if let Some(role) = asked {
        return Ok(role);
    }
    let credential = secured.credential();
    let acted = acted(did, secured, beside)?;
    let named = named(did, decide, credential);
    let wanted: Vec<BTreeSet<Role>> = match decide {
        // Who takes something back means what they gave.
        Decide::Refuse => vec![&acted | kept, named],
        Decide::Accept | Decide::Seal => {
            let open = &named - &acted;
            vec![if open.is_empty() { named } else { open }]
        }
    };
    for roles in wanted {
        let mut roles = roles.into_iter();
        match (roles.next(), roles.next()) {
            (None, _) => {}
            (Some(only), None) => return Ok(only),
            (Some(one), Some(other)) => {
                let (one, other) = (one.as_str(), other.as_str());
                let usage =
                    format!("you can be meant as {one} and as {other}: say which with --role");
                return Err(CliError::Usage(usage).into());
            }
        }
    }
    // Of a credential that names nobody the one whom it is about is its holder.
    let subject = credential.subject_id();
    if subject.is_none_or(|subject| subject == did) {
        return Ok(Role::Holder);
    }
    let asks: BTreeSet<&str> = credential.offer().iter().map(|one| one.role.as_str()).collect();
    let asks = if asks.is_empty() {
        String::new()
    } else {
        let asks: Vec<&str> = asks.into_iter().collect();
        format!(" (it asks for: {})", asks.join(", "))
    };
    let usage =
        format!("it is about somebody else, and names you in no role{asks}: say yours with --role");
    Err(CliError::Usage(usage).into())
}

/// The roles in which the newest decision of `did` in the file is to accept.
fn acted(
    did: &str,
    secured: &SecuredCredential,
    beside: &[String],
) -> Result<BTreeSet<Role>, Failure> {
    let mut out = BTreeSet::new();
    for one in countersignature::list(secured, beside)? {
        if one.signer() != did {
            continue;
        }
        match one.decision() {
            Decision::Accept => out.insert(one.role()),
            Decision::Refuse | Decision::Withdraw => out.remove(&one.role()),
            Decision::Seal => false,
        };
    }
    Ok(out)
}

/// The roles in which the offer names `did`: to accept, or for who declines in any of them.
fn named(did: &str, decide: Decide, credential: &Credential) -> BTreeSet<Role> {
    let fits = |wanted: &&Wanted| match decide {
        Decide::Accept => wanted.decision == Decision::Accept,
        Decide::Seal => wanted.decision == Decision::Seal,
        Decide::Refuse => true,
    };
    let offer = credential.offer().iter();
    let offer = offer.filter(fits).filter(|wanted| names(wanted, did, credential) == Some(true));
    offer.map(|wanted| wanted.role).collect()
}

/// Whether a demand names `did`; `None` if it names nobody.
fn names(wanted: &Wanted, did: &str, credential: &Credential) -> Option<bool> {
    match wanted.by.as_ref()? {
        WantedSigners::Subject => Some(credential.subject_id() == Some(did)),
        WantedSigners::Dids(dids) => Some(dids.contains(did)),
    }
}

/// What speaks against `role`, if anything does: nobody may count an act in it.
pub(super) fn doubt(
    role: Role,
    (did, decide): (&str, Decide),
    credential: &Credential,
) -> Option<String> {
    let named = named(did, decide, credential);
    if named.contains(&role) || role == Role::Delegate {
        return None;
    }
    if let Some(other) = named.first() {
        return Some(format!(
            "you sign as {}, and the offer names you as {}: it will not count for that",
            role.as_str(),
            other.as_str()
        ));
    }
    let mut of_role = credential.offer().iter().filter(|one| one.role == role).peekable();
    if of_role.peek().is_some() && of_role.all(|one| names(one, did, credential) == Some(false)) {
        return Some(format!(
            "you sign as {}, and the offer names others for that: who asks for them does not count you",
            role.as_str()
        ));
    }
    let subject = credential.subject_id();
    let stranger = role == Role::Holder && subject.is_some_and(|subject| subject != did);
    stranger.then(|| {
        "you sign as holder, and the credential is about somebody else: a policy that wants its subject will not count \
         this; --role names another one"
            .to_owned()
    })
}
