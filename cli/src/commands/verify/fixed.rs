//! The policy that a nonce was made for: fixed by its bytes when the nonce is made, so that nothing puts a weaker one in its place later,
//! neither another name nor an edited file (assurance §9, §11).

use inkan_assurance::Policy;
use inkan_core::Digest;
use inkan_io::profile::{FixedPolicy, PinnedPolicy};

use crate::args::VerifyArgs;
use crate::failure::{CliError, Failure};

/// A policy as it is now, and what to type for it.
pub(in crate::commands) fn pin(named: &str, policy: &Policy) -> FixedPolicy {
    FixedPolicy::Pinned(PinnedPolicy {
        named: named.to_owned(),
        id: policy.id().to_owned(),
        version: policy.version().to_owned(),
        digest: policy.digest(),
    })
}

/// What was typed for a policy: its name, and the levels that were added.
pub(super) fn named(args: &VerifyArgs) -> String {
    let mut named = args.policy.clone().unwrap_or_else(|| "authentic".to_owned());
    for (option, level) in [("--min-ial", &args.min_ial), ("--min-aal", &args.min_aal)] {
        if let Some(level) = level {
            named.push_str(&format!(" {option} {level}"));
        }
    }
    named
}

/// That a presentation is judged under the policy that its nonce was made for, or under that policy with levels added: `before` is the
/// digest of the policy without them.
pub(super) fn hold(fixed: &FixedPolicy, policy: &Policy, before: Digest) -> Result<(), Failure> {
    let pinned = match fixed {
        FixedPolicy::Pinned(pinned) => pinned,
        FixedPolicy::Named(name) => {
            let failure = Failure::from(CliError::NoncePolicyUnknown { name: name.clone() });
            return Err(ask_again(failure, name));
        }
    };
    if before == pinned.digest {
        return Ok(());
    }
    policy.check_pin(&pinned.digest).map_err(|error| {
        let PinnedPolicy { named, id, version, digest } = pinned;
        let message = format!(
            "the nonce was made for policy {id:?} version {version:?} (sha256 {}), and this is {:?} version {:?} (sha256 {})",
            digest.to_hex(), policy.id(), policy.version(), policy.digest().to_hex(),
        );
        let failure = Failure::new(error.code(), message).try_this(
            "judge it under the policy it was asked for, as that was",
            format!("inkan verify FILE --policy {named}"),
        );
        ask_again(failure, "POLICY")
    })
}

fn ask_again(failure: Failure, policy: &str) -> Failure {
    let command = format!("inkan request nonce --aud AUDIENCE --policy {policy}");
    failure.try_this("ask again, under the policy as it is now", command)
}
