//! Making statements of a base register, and facts of those that hold.

use inkan_core::{Digest, Timestamp, sha256};
use inkan_crypto::{SignError, Signer, jws};
use serde_json::{Map, Value, json};

use super::{Judged, MEDIA_TYPE, RegisterCheck, RegisterResult, RegisterToken, TYPE, check};
use crate::fact::{Fact, FactKind};
use crate::facts::Facts;
use crate::finding::{Code, Finding};

/// What a register is about to state.
#[derive(Clone, Copy, Debug)]
pub struct NewRegisterCheck<'a> {
    /// The register's DID, and the DID URL of its key.
    pub register: (&'a str, &'a str),
    /// The verifier that asked.
    pub audience: &'a str,
    /// SHA-256 of the issuer's signed part of the credential.
    pub credential: Digest,
    /// Names of the claims that were looked up.
    pub claims: &'a [String],
    /// What was found.
    pub result: RegisterResult,
}

/// Why nothing was stated. None is worth a retry.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// No reader would take it: no claim is named, one is named twice, or it is too large.
    #[error("a statement names one to 64 claims, and each of them once")]
    Shape,
}

impl StateError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sign(error) => error.code(),
            Self::Shape => Code::RegisterCheckInvalid.code(),
        }
    }
}

impl NewRegisterCheck<'_> {
    /// Signs the statement, made at `now`.
    ///
    /// # Errors
    ///
    /// [`StateError`].
    pub fn sign(&self, signer: &dyn Signer, now: Timestamp) -> Result<String, StateError> {
        let (register, method) = self.register;
        let payload = json!({
            "type": TYPE, "iss": register, "aud": self.audience, "iat": now.seconds(),
            "credentialSha256": self.credential.to_hex(), "claims": self.claims,
            "result": self.result.as_str(),
        });
        let header = [("typ", MEDIA_TYPE), ("kid", method)];
        let header: Map<String, Value> =
            header.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let token = jws::sign(header, payload.to_string().as_bytes(), signer)?;
        RegisterToken::parse(&token).map_err(|_| StateError::Shape)?;
        Ok(token)
    }
}

/// A statement of a register about one credential, and the digest of what says so.
struct Said {
    path: String,
    check: RegisterCheck,
    source: Digest,
}

/// Judges the statements at hand, and puts what holds where it belongs.
///
/// A register that finds that claims differ takes back what was confirmed, whoever confirmed it: until it confirms those claims itself, later.
pub(crate) fn with_register_checks(
    mut facts: Facts,
    tokens: &[String],
    judged: &Judged<'_>,
) -> Facts {
    let mut all: Vec<Said> = Vec::new();
    for (position, token) in tokens.iter().enumerate() {
        match check(token, facts.credentials.iter().flatten(), judged) {
            Ok((path, check)) => {
                all.push(Said { path, check, source: sha256(&[token.as_bytes()]) })
            }
            Err(code) => {
                facts.findings.push(Finding::new(code, &format!("registerCheck[{position}]")));
            }
        }
    }
    for credential in facts.credentials.iter_mut().flatten() {
        let about = || all.iter().filter(|said| said.path == credential.path);
        let confirms = |said: &&Said| said.check.result == RegisterResult::Match;
        let stands = |denial: &&Said| {
            !about().filter(confirms).any(|later| {
                later.check.register == denial.check.register
                    && later.check.at > denial.check.at
                    && denial.check.claims.is_subset(&later.check.claims)
            })
        };
        let denials: Vec<&Said> = about().filter(|said| !confirms(said)).filter(stands).collect();
        let mut kept = Vec::new();
        if let Some(first) = denials.first() {
            let found = Finding::new(Code::RegisterCheckMismatch, &credential.path)
                .expected(RegisterResult::Match.as_str())
                .found(&first.check.register);
            facts.findings.push(found);
            kept.extend(denials.iter().map(|said| said.check.clone()));
        } else {
            for Said { check, source, .. } in about().filter(confirms) {
                let Some(by) = &check.by else { continue };
                let fact = Fact::attested(FactKind::RegisterConfirmed, by, *source, check.at);
                credential.facts.push(fact);
                kept.push(check.clone());
            }
        }
        credential.registers = kept;
    }
    facts.findings.sort();
    facts.findings.dedup();
    facts
}
