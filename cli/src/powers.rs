//! Powers of attorney from files: the chain that one of our DIDs acts under, or passes on.

use inkan_core::Timestamp;
use inkan_credential::bundle::Bundle;
use inkan_credential::countersignature::{Role, Under};
use inkan_credential::delegation::{Chain, Power};
use inkan_credential::{Credential, SecuredCredential};

use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::wallet;

/// A chain from files, and the bundles that it came in.
#[derive(Debug)]
pub(crate) struct Held {
    /// The chain; the agent of its last link is the one asked for.
    pub(crate) chain: Chain,
    /// What travels with it.
    pub(crate) bundles: Vec<Bundle>,
}

/// Reads the power of the first file, and links that it rests on from all of them: one that `agent` may use now.
///
/// Whether its links verify is for verifiers to say; what could not hold is found here.
pub(crate) fn read(files: &[String], agent: &str, context: &Context) -> Result<Held, Failure> {
    let mut bundles = Vec::new();
    for file in files {
        bundles.push(wallet::read_bundle(&context.input(Some(file))?)?);
    }
    let first = bundles.first().ok_or(CliError::InputMissing)?;
    let name = files.first().map_or("", String::as_str);
    let mut known: Vec<SecuredCredential> = Vec::new();
    for bundle in &bundles {
        known.extend(bundle.artefact.credentials().iter().cloned());
        known.extend(bundle.powers().into_iter().map(|(_, power)| power));
    }
    let mut next = Some(wallet::credential_of(first, name)?.signed_digest());
    let mut links: Vec<Power> = Vec::new();
    while let Some(digest) = next.take() {
        let found = known.iter().find(|power| power.signed_digest() == digest);
        let missing = || {
            unusable("a power that it rests on is not in the files; name it with another --under")
        };
        let link = Power::of(found.ok_or_else(missing)?)?;
        next = link.grant.under;
        links.push(link);
        if links.len() > inkan_credential::delegation::LINKS {
            break;
        }
    }
    links.reverse();
    let chain = Chain::of(links)?;
    if chain.agent() != agent {
        let detail = format!("it is for {}, and you are {agent}", chain.agent());
        return Err(unusable(&detail));
    }
    let now = context.now();
    let begins = chain.links().iter().map(|link| link.valid_from).max();
    if begins.is_some_and(|from| from > now) || chain.valid_until().is_some_and(|end| end < now) {
        return Err(unusable("it is not in force now"));
    }
    Ok(Held { chain, bundles })
}

impl Held {
    /// What a countersignature over `credential` says of the power.
    pub(crate) fn under(
        &self,
        credential: &Credential,
        asked: Option<Role>,
    ) -> Result<Under, Failure> {
        let roles: Vec<Role> = self.chain.for_roles().collect();
        let for_role = match (asked, roles.as_slice()) {
            (Some(role), _) => role,
            (None, [only]) => *only,
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|role| role.as_str()).collect();
                let detail = format!("it is for {}: say which with --for-role", names.join(", "));
                return Err(unusable(&detail));
            }
        };
        if let Some(member) = self.chain.lacks(for_role, credential) {
            return Err(unusable(&format!(
                "{member} does not cover this credential as {}",
                for_role.as_str()
            )));
        }
        let power = self.chain.digest().ok_or_else(|| unusable("there is none"))?;
        Ok(Under { power, for_role })
    }

    /// When it ends.
    pub(crate) fn ends(&self) -> Option<Timestamp> {
        self.chain.valid_until()
    }
}

/// The failure of a power that does not allow what is asked.
pub(crate) fn unusable(detail: &str) -> Failure {
    CliError::PowerNotUsable { detail: detail.to_owned() }.into()
}
