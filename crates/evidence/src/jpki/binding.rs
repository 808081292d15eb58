//! Whether a card and a DID key signed one binding statement, and what that shows (assurance §6: the five steps and the outcome table).

use inkan_core::{Digest, Timestamp, encoding, tolerance};
use inkan_crypto::jws::{self, Jws};
use inkan_crypto::{PublicKey, Signer};
use serde_json::Map;

use super::config::Profile;
use super::judge::{self, Opened, Stamp};
use super::revocation::Revocation;
use super::statement::{BindingStatement, LIMIT as STATEMENT_LIMIT};
use super::{Jpki, Method};
use crate::fact::FactKind;
use crate::finding::Code;
use crate::model::Certificate as Use;

/// The media type of the DID key's signature.
const HOLDER_TYPE: &str = "did-binding+jws";
/// The longest detached signature in characters.
const SIGNATURE_LIMIT: usize = 8_192;

/// The original proof: a statement, and two signatures over its bytes.
#[derive(Clone, Copy, Debug)]
pub struct BindingProof<'a> {
    /// The statement.
    pub statement: &'a [u8],
    /// CMS by the card, detached, in DER.
    pub cms: &'a [u8],
    /// JWS by the DID key, detached: `header..signature`.
    pub did_signature: Option<&'a str>,
}

/// Whom a proof has to be about, and what it has to show.
#[derive(Clone, Copy, Debug)]
pub struct BindingTerms<'a> {
    /// The holder's DID.
    pub did: &'a str,
    /// RFC 7638 thumbprint of the holder's key.
    pub jkt: &'a str,
    /// Whose nonce it may be beside this verifier's own: the proofer of the evidence that it is part of.
    pub proofer: Option<&'a str>,
    /// The type of the document that it is to show; the configuration says which hierarchies show it.
    pub document: &'a str,
}

/// What one check was about, in the order in which they are made.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// The statement has one reading, and lies in the past.
    Statement,
    /// It is about this holder, and names a key that the DID had.
    Holder,
    /// Its nonce was made by whom it names, and is used for the first time.
    Nonce,
    /// The card's signature.
    CardSignature,
    /// The timestamp over that signature.
    Timestamp,
    /// The certificate leads to a root, under a policy.
    Path,
    /// It is a certificate for signatures.
    Signing,
    /// Nobody on the path was revoked.
    Revocation,
    /// The DID key's signature.
    HolderSignature,
}

/// What became of one check.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StepOutcome {
    /// It was made, and held.
    Pass,
    /// It was made, and did not hold.
    Fail(Code),
    /// It could not be made.
    Unknown(Code),
    /// There was nothing to look at.
    Skipped,
}

/// What a binding shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bound {
    /// Which of the card's keys signed.
    pub certificate: Use,
    /// The policy that its certificate is under, in the domain of the root.
    pub policy: String,
    /// What is known of revocation: good, or not known.
    pub revocation: Revocation,
    /// The time that certificate and revocation were judged at.
    pub judged_at: Timestamp,
    /// By when the signature was made, by a token over it.
    pub stamped_at: Option<Timestamp>,
    /// When the card's client says that it signed.
    pub signing_time: Timestamp,
    /// When the statement says that it was made.
    pub iat: Timestamp,
    /// SHA-256 of the certificate: lifelong, so never to be shown as it is.
    pub certificate_digest: Digest,
}

impl Bound {
    /// The outcome table of assurance §6.
    #[must_use]
    pub fn facts(&self) -> Vec<FactKind> {
        let good = self.revocation == Revocation::Good;
        let owner = match self.certificate {
            Use::Signing if good => FactKind::OwnerSignKey,
            Use::Signing | Use::UserAuthentication => FactKind::OwnerAuthKey,
        };
        let mut facts = vec![FactKind::GenuineCrypto, owner];
        if good {
            facts.push(FactKind::RevocationGood);
        }
        facts
    }
}

/// All checks, in order, and what they show together.
#[derive(Clone, Debug)]
#[must_use = "a judgement may hold nothing"]
pub struct Judgement {
    checks: Vec<(Step, StepOutcome)>,
    bound: Option<Bound>,
}

impl Judgement {
    /// All checks, in order.
    #[must_use]
    pub fn checks(&self) -> &[(Step, StepOutcome)] {
        &self.checks
    }

    /// What they show; `None` if one of them failed, or one that decides could not be made.
    #[must_use]
    pub const fn bound(&self) -> Option<&Bound> {
        self.bound.as_ref()
    }

    /// Whether nothing failed, and something could not be looked at: then another day may show more.
    #[must_use]
    pub fn is_undetermined(&self) -> bool {
        let failed = |(_, outcome): &(Step, StepOutcome)| matches!(outcome, StepOutcome::Fail(code) if *code != Code::JpkiPolicyNotSignature);
        self.bound.is_none() && !self.checks.iter().any(failed)
    }

    /// The codes of what did not pass, in order.
    pub fn codes(&self) -> impl Iterator<Item = Code> {
        self.checks.iter().filter_map(|(_, outcome)| match outcome {
            StepOutcome::Fail(code) | StepOutcome::Unknown(code) => Some(*code),
            StepOutcome::Pass | StepOutcome::Skipped => None,
        })
    }
}

/// Runs every step over a proof, as of a time. Later steps are made even if earlier ones failed.
pub fn check_binding(
    proof: &BindingProof<'_>,
    terms: &BindingTerms<'_>,
    jpki: &Jpki,
    as_of: Timestamp,
) -> Judgement {
    let profiles = jpki.config.profiles().iter().filter(|profile| profile.shows(terms.document));
    let mut best: Option<Judgement> = None;
    for profile in profiles {
        let judged = under(proof, terms, profile, jpki, as_of);
        if judged.bound.is_some() {
            return judged;
        }
        let passed = |one: &Judgement| {
            one.checks.iter().filter(|(_, outcome)| *outcome == StepOutcome::Pass).count()
        };
        // The hierarchy that most speaks for says best what is wrong.
        if best.as_ref().is_none_or(|known| passed(&judged) > passed(known)) {
            best = Some(judged);
        }
    }
    let unknown = (Step::Path, StepOutcome::Unknown(Code::EvaluationIncomplete));
    best.unwrap_or(Judgement { checks: vec![unknown], bound: None })
}

fn under(
    proof: &BindingProof<'_>,
    terms: &BindingTerms<'_>,
    profile: &Profile,
    jpki: &Jpki,
    as_of: Timestamp,
) -> Judgement {
    let mut checks = Vec::new();
    let parsed = BindingStatement::parse(proof.statement);
    let statement = parsed.as_ref().ok();
    let now = as_of.plus_seconds(tolerance::EVIDENCE_CLOCKS);
    checks.push((
        Step::Statement,
        match &parsed {
            Ok(read) if read.iat() <= now => StepOutcome::Pass,
            Ok(_) => StepOutcome::Fail(Code::ProofingTimeInFuture),
            Err(error) => StepOutcome::Fail(error.finding()),
        },
    ));
    let (holder, key) = statement.map_or((StepOutcome::Skipped, None), |statement| {
        // Where the answer is to this verifier, it is given now: a time that its maker chose does not bring an old key back.
        let asked = jpki.audience.as_deref() == Some(statement.aud());
        let at = if asked { as_of } else { statement.iat() };
        let method = jpki.method(statement.did(), statement.vm(), at);
        holder_of(statement, terms, method)
    });
    checks.push((Step::Holder, holder));
    let nonce = statement
        .map(|statement| held(is_fresh(statement, terms, jpki), Code::StatementNonceInvalid));
    checks.push((Step::Nonce, nonce.unwrap_or(StepOutcome::Skipped)));
    let opened = judge::open(proof.cms, proof.statement, profile);
    checks.push((Step::CardSignature, held(opened.is_some(), Code::CmsInvalid)));
    let bound = opened.and_then(|opened| {
        let iat = statement.map_or(opened.signing_time, BindingStatement::iat);
        certified(&opened, iat, profile, (jpki, as_of), &mut checks)
    });
    let signature = match (&key, proof.did_signature, statement) {
        (Some(key), Some(text), Some(statement)) => {
            let signs = signs(text, statement.vm(), proof.statement, key);
            held(signs, Code::DidCountersignatureMissing)
        }
        (_, None, Some(_)) => StepOutcome::Fail(Code::DidCountersignatureMissing),
        (None, _, _) | (_, _, None) => StepOutcome::Skipped,
    };
    checks.push((Step::HolderSignature, signature));
    let holds = |(step, outcome): &(Step, StepOutcome)| match outcome {
        StepOutcome::Pass => true,
        StepOutcome::Skipped => matches!(step, Step::Timestamp | Step::Signing),
        StepOutcome::Unknown(_) => matches!(step, Step::Timestamp | Step::Revocation),
        StepOutcome::Fail(_) => *step == Step::Signing,
    };
    let bound = bound.filter(|_| checks.iter().all(holds));
    Judgement { checks, bound }
}

/// Steps 2 to 4, once the card's signature verifies.
fn certified(
    opened: &Opened,
    iat: Timestamp,
    profile: &Profile,
    (jpki, as_of): (&Jpki, Timestamp),
    checks: &mut Vec<(Step, StepOutcome)>,
) -> Option<Bound> {
    let clocks = tolerance::EVIDENCE_CLOCKS;
    let (stamped, outcome) = match judge::stamp(opened, jpki) {
        Ok(Stamp::None) => (None, StepOutcome::Skipped),
        Ok(Stamp::Foreign) => (None, StepOutcome::Unknown(Code::TimestampMissing)),
        Ok(Stamp::At(at)) if at > as_of.plus_seconds(clocks) => {
            (None, StepOutcome::Fail(Code::ProofingTimeInFuture))
        }
        // Nobody signs what was not written yet.
        Ok(Stamp::At(at)) if at.plus_seconds(clocks) < iat => {
            (None, StepOutcome::Fail(Code::ProofingTimeInconsistent))
        }
        Ok(Stamp::At(at)) => (Some(at), StepOutcome::Pass),
        Err(code) => (None, StepOutcome::Fail(code)),
    };
    checks.push((Step::Timestamp, outcome));
    let judged_at = stamped.unwrap_or(as_of);
    let wanted = [Use::Signing, Use::UserAuthentication];
    let found = match judge::standing(opened, &wanted, profile, judged_at, jpki) {
        Ok(found) => found,
        Err(code) => {
            checks.push((Step::Path, StepOutcome::Fail(code)));
            return None;
        }
    };
    checks.push((Step::Path, StepOutcome::Pass));
    let signing = held(found.purpose == Use::Signing, Code::JpkiPolicyNotSignature);
    checks.push((Step::Signing, signing));
    let revocation = match found.revocation {
        Revocation::Good => StepOutcome::Pass,
        Revocation::Revoked => StepOutcome::Fail(Code::JpkiRevoked),
        Revocation::NotAtHand => StepOutcome::Unknown(Code::JpkiRevocationUndetermined),
        Revocation::NotAnswered => StepOutcome::Unknown(Code::RevocationResponseInvalid),
    };
    checks.push((Step::Revocation, revocation));
    Some(Bound {
        certificate: found.purpose,
        policy: found.policy.to_string(),
        revocation: found.revocation,
        judged_at,
        stamped_at: stamped,
        signing_time: opened.signing_time,
        iat,
        certificate_digest: found.certificate,
    })
}

fn held(holds: bool, code: Code) -> StepOutcome {
    if holds { StepOutcome::Pass } else { StepOutcome::Fail(code) }
}

/// Step 1: DID, method and key are the holder's, and the DID had that key.
fn holder_of(
    statement: &BindingStatement,
    terms: &BindingTerms<'_>,
    method: Method,
) -> (StepOutcome, Option<PublicKey>) {
    let fail = StepOutcome::Fail(Code::StatementDidMismatch);
    let is_holder = statement.did() == terms.did && statement.jkt() == terms.jkt;
    match method {
        Method::Key(key) if key.thumbprint() == statement.jkt() => {
            (if is_holder { StepOutcome::Pass } else { fail }, Some(key))
        }
        Method::Key(_) | Method::NotListed => (fail, None),
        Method::NotAtHand if is_holder => (StepOutcome::Unknown(Code::EvaluationIncomplete), None),
        Method::NotAtHand => (fail, None),
    }
}

/// Step 1: the nonce of this verifier is checked here; that of the proofer was the proofer's to check.
fn is_fresh(statement: &BindingStatement, terms: &BindingTerms<'_>, jpki: &Jpki) -> bool {
    if jpki.audience.as_deref() == Some(statement.aud()) {
        jpki.nonces.contains(statement.nonce())
    } else {
        terms.proofer == Some(statement.aud())
    }
}

/// Step 5: whether a detached JWS under this type and key name is over the statement.
fn signs(text: &str, vm: &str, statement: &[u8], key: &PublicKey) -> bool {
    if text.len() > SIGNATURE_LIMIT || statement.len() > STATEMENT_LIMIT {
        return false;
    }
    // RFC 7515 appendix F: the payload is left out, and put back for the check.
    let Some((head, signature)) = text.split_once("..") else { return false };
    let whole = format!("{head}.{}.{signature}", encoding::b64u(statement));
    let limit = SIGNATURE_LIMIT.saturating_add(STATEMENT_LIMIT.saturating_mul(2));
    Jws::parse(&whole, limit).is_ok_and(|jws| {
        jws.header().len() == 3
            && jws.typ() == Some(HOLDER_TYPE)
            && jws.kid() == Some(vm)
            && jws.verify(key).is_ok()
    })
}

/// The holder's part of a proof whose card signature stays with the proofer: the statement is about this holder, and the DID key signed it.
///
/// `Ok(false)` if the DID document of that time is not at hand.
pub(crate) fn check_holder_part(
    (text, signature): (&[u8], Option<&str>),
    terms: &BindingTerms<'_>,
    histories: &[inkan_verifier::history::DidHistory],
) -> Result<bool, Code> {
    let statement = BindingStatement::parse(text).map_err(super::StatementError::finding)?;
    let method = super::method_at(histories, statement.did(), statement.vm(), statement.iat());
    match holder_of(&statement, terms, method) {
        (StepOutcome::Fail(code), _) => Err(code),
        (_, None) => Ok(false),
        (_, Some(key)) => match signature {
            Some(jws) if signs(jws, statement.vm(), text, &key) => Ok(true),
            Some(_) | None => Err(Code::DidCountersignatureMissing),
        },
    }
}

/// Signs a statement with the DID key that it names.
///
/// # Errors
///
/// What [`jws::sign`] says; [`inkan_crypto::SignError::Refused`] among it, if the key did not sign.
pub fn sign_holder_part(
    statement: &BindingStatement,
    signer: &dyn Signer,
) -> Result<String, inkan_crypto::SignError> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), HOLDER_TYPE.into());
    header.insert("kid".to_owned(), statement.vm().into());
    let whole = jws::sign(header, &statement.to_bytes(), signer)?;
    let mut parts = whole.split('.');
    let (head, seal) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    Ok(format!("{head}..{seal}"))
}
