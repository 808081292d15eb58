//! `inkan proof add`: one more party says what a credential says, in a set of proofs or a chain
//! ([Data Integrity §2.1](https://www.w3.org/TR/vc-data-integrity/#proof-sets)).

use inkan_core::rng::draw_uuid_urn;
use inkan_credential::bundle::Artefact;
use inkan_credential::proof::SignFailure;
use inkan_credential::proof_check::{self, ProofOutcome};
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::{Contexts, Cryptosuite, SecuredCredential, selective};
use inkan_did::DidUrl;
use inkan_io::os_rng::OsRng;
use inkan_io::pinned;
use inkan_issuer::disclosable::pointers;
use serde_json::json;

use crate::args::ProofAddArgs;
use crate::commands::did::key_of_any_version;
use crate::commands::issue::{paths, suite};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::output::Outcome;
use crate::wallet;

pub(super) fn run(args: &ProofAddArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let mut bundle = wallet::read_bundle(&input)?;
    let credential = wallet::credential_of(&bundle, &input.name)?.clone();
    let wanted = match args.suite {
        None => None,
        Some(format) => Some(suite(format).ok_or_else(|| {
            let usage = "--suite is one of Data Integrity: a JWS or an SD-JWT has one signature";
            CliError::Usage(usage.to_owned())
        })?),
    };
    if credential.proofs().is_empty() {
        let usage = "a JWS or an SD-JWT has one signature: proofs are added to Data Integrity ones";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let contexts = pinned::contexts(&pinned::load(&home.profile)?)?;
    let contexts = contexts.as_ref().unwrap_or_else(|| Contexts::built_in());
    holds(&credential, contexts, context, &home)?;
    let own = identity::own(&home, args.from.as_deref())?;
    let keyring = Keyring::open(context, &home)?;
    let fits = |name: &str| {
        let key_type = keyring.key(name).map(|key| key.public_key().key_type());
        key_type.is_ok_and(|key| wanted.as_ref().is_none_or(|suite| suite.signs_with(key)))
    };
    let first = own.keys.iter().map(|key| key.key.as_str()).find(|name| fits(name));
    let hand = Hand::of(&own, args.key.as_deref().or(first), &keyring, &home)?;
    let key_type = hand.key.public_key().key_type();
    let suite = wanted.unwrap_or_else(|| Cryptosuite::for_key(key_type));
    if !suite.signs_with(key_type) {
        let (name, key) = (suite.as_str(), key_type.name());
        let detail = format!("{name} is not signed with {key} keys, and {} has no other", own.name);
        return Err(CliError::KeyUnsuitable { detail }.into());
    }
    let previous: Vec<&str> = args.after.iter().map(String::as_str).collect();
    let known: Vec<&str> = credential.proofs().iter().filter_map(|proof| proof.id()).collect();
    if let Some(absent) = previous.iter().find(|id| !known.contains(id)) {
        let usage = format!(
            "--after {absent}: there is no such proof; those with an id are {}",
            known.join(", ")
        );
        return Err(CliError::Usage(usage).into());
    }
    let id = draw_uuid_urn(&mut OsRng);
    let is_selective = suite.is_selective();
    if !is_selective && !args.mandatory.is_empty() {
        let usage =
            "--mandatory belongs to ecdsa-sd-2023 and bbs-2023: other proofs are about all of it";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    // An id and a moment would be shown with every part, and link them.
    let linked = suite != Cryptosuite::Bbs2023;
    let terms = ProofTerms {
        id: linked.then_some(id.as_str()),
        created: linked.then(|| context.now()),
        previous: &previous,
        ..ProofTerms::new(suite, hand.method.as_str())
    };
    let (_, signer) = hand.pair();
    let signed = if is_selective {
        let whole = credential.credential().value();
        let mandatory = pointers(&paths(&args.mandatory)?, whole, "credentialSubject")
            .map_err(SignFailure::Claim)?;
        let mandatory: Vec<&str> = mandatory.iter().map(String::as_str).collect();
        selective::add_proof_sd(&credential, &mandatory, (&terms, signer), contexts, &mut OsRng)?
    } else {
        sign::add_proof_di(&credential, &terms, signer, contexts)?
    };
    let count = signed.proofs().len();
    context.speech.say(&format!("{} says it too: {count} proofs stand on it", own.name));
    let value = signed.to_value();
    bundle.artefact = Artefact::Credential(signed);
    let human = context.deliver(wallet::written(&bundle, args.bare), args.out.path())?;
    let members = json!({
        "proof": linked.then_some(id), "verificationMethod": hand.method.as_str(), "proofs": count,
        "out": args.out.path(),
    });
    let outcome = Outcome::new("inkan-proof/1", human, members);
    if args.out.path().is_some() {
        return Ok(outcome);
    }
    Ok(outcome.with("bundle", if args.bare { value } else { bundle.to_value() }))
}

/// What was changed since others signed it is not signed once more.
fn holds(
    credential: &SecuredCredential,
    contexts: &Contexts,
    context: &Context,
    home: &crate::context::Home,
) -> Result<(), Failure> {
    let mut key_of = |method: &str| {
        let url = DidUrl::parse(method).ok()?;
        key_of_any_version(&url, Some(home), context)
    };
    let bytes = credential.to_bare().into_bytes();
    let report = proof_check::check_with(&bytes, &mut key_of, contexts)?;
    if report.fails() {
        let message = "a proof that stands on it does not verify: it was changed, or is nobody's";
        return Err(Failure::new("credential-proof-invalid", message.to_owned())
            .try_this("see which", "inkan proof check FILE"));
    }
    let undecided = report.proofs.iter().find_map(|one| match &one.outcome {
        ProofOutcome::Unknown(error) => Some(error),
        ProofOutcome::Verified
        | ProofOutcome::VerifiedBase
        | ProofOutcome::Failed(_)
        | ProofOutcome::UnknownSuite
        | ProofOutcome::KeyUnavailable
        | ProofOutcome::Unreadable(_) => None,
    });
    if let Some(error) = undecided {
        return Err(Failure::from(error.clone()).during("a proof that stands on it"));
    }
    Ok(())
}
