//! What other commands ask of the engine of `verify`: who has countersigned, what is wrong before somebody signs, how a
//! consent stands.

use inkan_assurance::Roll;
use inkan_core::Timestamp;
use inkan_credential::{Bundle, ConsentReceipt, Presentation};
use inkan_io::gather::Network;
use inkan_io::known;
use inkan_verifier::{ConsentVerification, Receipts, Verification, verify_consent};

use super::{Finder, Judge, Terms, remember};
use crate::args::VerifyArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};

/// How a roll of countersigners is called.
pub(in crate::commands) struct Examine<'a> {
    pub(in crate::commands) policy: Option<&'a str>,
    pub(in crate::commands) at: Option<&'a str>,
    pub(in crate::commands) offline: bool,
}

impl Examine<'_> {
    pub(super) fn args(&self) -> VerifyArgs {
        VerifyArgs {
            policy: self.policy.map(str::to_owned),
            at: self.at.map(str::to_owned),
            offline: self.offline,
            ..VerifyArgs::default()
        }
    }
}

/// A consent, judged with what this profile pins and remembers; the lock of the profile is the caller's. With the time that it
/// was judged at.
pub(in crate::commands) fn consent(
    receipt: &ConsentReceipt,
    presentation: Option<&Presentation>,
    examine: &Examine<'_>,
    home: &Home,
    context: &mut Context,
) -> Result<(ConsentVerification, Timestamp), Failure> {
    let args = examine.args();
    let mut terms = Terms::of(&args, home, context)?;
    // Nobody has to record a consent.
    terms.context.receipts = Receipts::Used;
    terms.context.known = known::load(&home.profile)?;
    let finder = Finder::open(&args, home, context)?;
    let as_of = terms.context.as_of;
    let gathered = finder.find_consent(receipt, as_of)?;
    for missed in &gathered.missed {
        context.speech.detail(missed);
    }
    let judged = verify_consent(receipt, presentation, &gathered.material, &terms.context);
    remember(judged.states(), home, context)?;
    Ok((judged, as_of))
}

/// What a verification found of a credential before somebody acts on it.
pub(in crate::commands) struct Looked {
    /// All of its lines.
    pub(in crate::commands) verification: Verification,
    /// Who has to countersign, unless more is amiss than missing countersignatures.
    pub(in crate::commands) roll: Option<Roll>,
}

/// Verifies a credential that somebody is about to act on; `network` says who may be asked besides the ledger.
pub(in crate::commands) fn look(
    bundle: &Bundle,
    examine: &Examine<'_>,
    network: Network,
    home: &Home,
    context: &mut Context,
) -> Result<Looked, Failure> {
    let args = examine.args();
    let terms = Terms::of(&args, home, context)?;
    let _lock = home.profile.lock()?;
    let judge = Judge::new(terms, known::load(&home.profile)?)?;
    let mut finder = Finder::open(&args, home, context)?;
    if network == Network::Offline {
        finder.network = network;
    }
    let gathered = finder.find(bundle, &judge.terms.context)?;
    let verification = judge.judge(bundle, gathered.material, None)?.verification;
    remember(verification.states(), home, context)?;
    let policy = examine.policy.map(|_| &judge.terms.policy);
    let roll = Roll::of(&verification, policy, &judge.terms.registries);
    Ok(Looked { verification, roll })
}

/// The roll of countersigners, from the same verification as a verdict.
pub(in crate::commands) fn roll(
    bundle: &Bundle,
    examine: &Examine<'_>,
    home: &Home,
    context: &mut Context,
) -> Result<Roll, Failure> {
    look(bundle, examine, Network::Ask, home, context)?.into_roll()
}

impl Looked {
    /// The roll, or why there is none.
    pub(in crate::commands) fn into_roll(self) -> Result<Roll, Failure> {
        let verification = self.verification;
        self.roll.ok_or_else(|| {
            let stops = |check: &&inkan_verifier::Check| check.failed() || check.blocks();
            let checks = || verification.checks().iter();
            let first = checks().find(|check| check.failed()).or_else(|| checks().find(stops));
            match first.and_then(inkan_verifier::Check::reason) {
                Some(reason) => Failure::new(reason.code(), reason.to_string()),
                None => CliError::Fault("nothing was verified".to_owned()).into(),
            }
        })
    }
}
