//! What a person has to know before they put their name to a credential: it is verified first.
//!
//! What was forged, or is not in force, is not signed: a signature on it would be public for ever, and count nowhere. What
//! cannot be told is said. Who has countersigned yet, and what a policy wants, is no matter here.

use inkan_credential::bundle::Bundle;
use inkan_io::gather::Network;
use inkan_verifier::{Check, CheckName, Outcome, Verification, Weight};

use super::Decide;
use crate::catalogue;
use crate::commands::verify::{self, Examine, Looked};
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::render::safe;

/// Exit codes: not a credential that can be read; changed after it was signed; a forged receipt.
const FORGED: [u8; 3] = [10, 11, 18];
/// Exit codes: revoked or suspended; the key was not in force.
const VOID: [u8; 2] = [12, 17];

/// Code of the proof that an issuer made for the holder, who shows parts made from it.
const BASE: &str = "disclosure-base-proof";

/// What is to be done about one line of a verification.
#[derive(Debug, Eq, PartialEq)]
enum Finding {
    /// Nothing.
    Fine,
    /// Who signs has to know it.
    Said,
    /// Nobody signs it.
    Stops,
}

/// Verifies `bundle` and stops, or says what is wrong with it.
pub(super) fn look(
    bundle: &Bundle,
    name: &str,
    (decide, policy): (Decide, Option<&str>),
    home: &Home,
    context: &mut Context,
) -> Result<Looked, Failure> {
    let examine = Examine { policy, at: None, offline: false };
    // Who declines asks nobody whom the issuer names.
    let network = match decide {
        Decide::Accept | Decide::Seal => Network::Ask,
        Decide::Refuse => Network::Offline,
    };
    let looked = verify::look(bundle, &examine, network, home, context)?;
    judge(&looked.verification, name, decide, context)?;
    Ok(looked)
}

fn judge(
    verification: &Verification,
    name: &str,
    decide: Decide,
    context: &Context,
) -> Result<(), Failure> {
    for check in verification.checks() {
        let Some(reason) = check.reason() else { continue };
        let line = format!("{}: {reason}", check.name.as_str());
        match finding(check, decide) {
            Finding::Fine => {}
            Finding::Said => context.speech.warn(&safe(&line, 300)),
            Finding::Stops => {
                let message = format!("nothing was signed: {line}");
                return Err(Failure::new(reason.code(), message).try_this(
                    "see all that was looked at",
                    format!("inkan verify {name} --explain"),
                ));
            }
        }
    }
    Ok(())
}

fn finding(check: &Check, decide: Decide) -> Finding {
    let exit = check.reason().and_then(|reason| catalogue::find(reason.code()));
    let exit = exit.map_or(0, |entry| entry.exit);
    // What a holder makes parts from is for the holder alone, and no verifier takes it: that is no forgery.
    let is_base = check.reason().is_some_and(|reason| reason.code() == BASE);
    match (&check.outcome, check.weight) {
        // Who else has to sign is told by `countersigners`.
        (Outcome::Fail(_) | Outcome::Unknown(_), _) if check.name == CheckName::Offered => {
            Finding::Fine
        }
        (Outcome::Fail(_), _) if is_base => Finding::Said,
        (Outcome::Fail(_), _) if FORGED.contains(&exit) => Finding::Stops,
        // Who takes an acceptance back, or declines, may do so whatever has become of the credential.
        (Outcome::Fail(_), _) if VOID.contains(&exit) && decide != Decide::Refuse => Finding::Stops,
        (Outcome::Fail(_), _) | (Outcome::Unknown(_), Weight::Required) => Finding::Said,
        (Outcome::Unknown(_), Weight::Informative) | (Outcome::Pass | Outcome::Skipped, _) => {
            Finding::Fine
        }
    }
}

#[cfg(test)]
mod tests {
    use inkan_verifier::Reason;

    use super::*;

    fn of(reason: Reason, decide: Decide) -> Finding {
        finding(&Check::fail(CheckName::Signature, "cred[0]", reason), decide)
    }

    fn ended() -> Reason {
        Reason::DidDeactivated { did: "did:example:a".to_owned() }
    }

    #[test]
    fn what_was_forged_is_not_signed_and_what_cannot_be_told_is_said() {
        for decide in [Decide::Accept, Decide::Refuse, Decide::Seal] {
            assert_eq!(of(Reason::CredentialProofInvalid, decide), Finding::Stops);
        }
        for decide in [Decide::Accept, Decide::Seal] {
            assert_eq!(of(ended(), decide), Finding::Stops);
        }
        assert_eq!(of(ended(), Decide::Refuse), Finding::Said);
        let unknown = |weight| {
            let reason = Reason::TooMuchWork;
            finding(&Check::unknown(CheckName::Status, "cred[0]", reason, weight), Decide::Accept)
        };
        assert_eq!(unknown(Weight::Required), Finding::Said);
        assert_eq!(unknown(Weight::Informative), Finding::Fine);
    }
}
