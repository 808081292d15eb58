//! Countersignatures: another party's signature, in a role, over one issuer-signed credential.
//!
//! Two forms. On a Data Integrity credential it is one more proof of a JCS suite, `proofPurpose` `authentication`,
//! whose `previousProof` lists the issuer's proof and every predecessor that it covers. Beside a JOSE or SD-JWT credential,
//! and one with the issuer's proof of selective disclosure, it is a compact JWS, `typ` `countersignature+jwt`, over the digest of the issuer's signed part. Either way it names an
//! act (32 random bytes), the log where the act is recorded, and the digest of the text that was shown.
//!
//! Out of scope: whose key it is, whether the newest state of the act is another, what a policy demands.

mod error;
mod form;
mod offer;
mod text;
mod under;

use std::cell::OnceCell;

use inkan_core::{Digest, Timestamp, encoding, json, sha256};
use inkan_crypto::PublicKey;
use inkan_crypto::jws::Jws;
use serde_json::{Value, json};

use crate::proof::{PreparedProof, Proof, ProofError, Purpose};
use crate::rdfc::Contexts;
use crate::secured::{Format, SecuredCredential};

pub use self::error::CountersignatureError;
pub use self::form::{Statement, countersign_di, countersign_jose};
pub(crate) use self::offer::read_offer;
pub use self::offer::{OFFER, Wanted, WantedSigners};
pub(crate) use self::text::is_renderable;
pub use self::text::{render_text, text_digest_of};
pub use self::under::Under;

/// In which capacity somebody countersigns. A closed set; a new role is a new version.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Role {
    /// The person or thing that the credential is about accepts it.
    Holder,
    /// A second issuer, in joint issuance.
    CoIssuer,
    /// Somebody saw it happen.
    Witness,
    /// An officer who attests identity and will of the others.
    Notary,
    /// Somebody who acts for a ward.
    Guardian,
    /// Somebody who acts under a power of attorney.
    Delegate,
}

impl Role {
    /// Every role, in the order of the specification.
    pub const ALL: [Self; 6] =
        [Self::Holder, Self::CoIssuer, Self::Witness, Self::Notary, Self::Guardian, Self::Delegate];

    /// The name used in signed bytes and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::CoIssuer => "co-issuer",
            Self::Witness => "witness",
            Self::Notary => "notary",
            Self::Guardian => "guardian",
            Self::Delegate => "delegate",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// What a countersigner decides.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Decision {
    /// Stands behind the credential, in the role named.
    Accept,
    /// Was asked, and does not.
    Refuse,
    /// Takes an earlier acceptance back; carries the same act.
    Withdraw,
    /// Closes the credential once all required roles have acted.
    Seal,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 4] = [Self::Accept, Self::Refuse, Self::Withdraw, Self::Seal];

    /// The name used in signed bytes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Withdraw => "withdraw",
            Self::Seal => "seal",
        }
    }

    /// Reads what [`Self::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == text)
    }
}

/// What a countersignature says, without who signed it and when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms {
    /// In which capacity.
    pub role: Role,
    /// What was decided.
    pub decision: Decision,
    /// Random name of this countersigner's act; later states of it carry the same.
    pub act: [u8; 32],
    /// Digest of the text that was shown: [`text_digest_of`].
    pub text_digest: Digest,
    /// Why, in the signer's words: only of a refusal or withdrawal. It stands in the statement, which stays with the
    /// credential; a ledger sees a salted digest of it at most.
    pub reason: Option<String>,
    /// Under which power of attorney, and in whose place: only of a [`Role::Delegate`].
    pub under: Option<Under>,
}

/// Most characters of a reason.
pub const REASON: usize = 1_000;

/// Whether `text` can be given as a reason: something to read, of bounded length, on one line, with nothing hidden in it.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().nth(REASON).is_none()
        && !text.chars().any(inkan_core::text::is_hidden)
}

impl Terms {
    /// Reads the member `countersignature` of a proof: exactly these members, `reason` and `under` being optional.
    pub(crate) fn from_value(value: &Value) -> Result<Self, &'static str> {
        let count = value.as_object().map(|members| members.len());
        if count != Some(optional(value).saturating_add(4)) {
            return Err("countersignature");
        }
        Self::from_members(value)
    }

    /// Reads the members among others.
    fn from_members(value: &Value) -> Result<Self, &'static str> {
        let text = |member| json::text(value, member);
        let decision = text("decision").and_then(Decision::parse).ok_or("decision")?;
        let reason = match (value.get("reason"), decision) {
            (None, _) => None,
            (Some(Value::String(reason)), Decision::Refuse | Decision::Withdraw)
                if is_reason(reason) =>
            {
                Some(reason.clone())
            }
            (Some(_), _) => return Err("reason"),
        };
        let role = text("role").and_then(Role::parse).ok_or("role")?;
        let under = match value.get("under") {
            None => None,
            Some(under) if role == Role::Delegate => Some(Under::from_value(under).ok_or("under")?),
            Some(_) => return Err("under"),
        };
        Ok(Self {
            role,
            decision,
            reason,
            under,
            act: text("act").and_then(|act| encoding::b64u_array(act).ok()).ok_or("act")?,
            text_digest: text("textDigest")
                .and_then(|digest| Digest::from_b64u(digest).ok())
                .ok_or("textDigest")?,
        })
    }

    /// The JSON object of these members.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = json!({
            "role": self.role.as_str(),
            "decision": self.decision.as_str(),
            "act": encoding::b64u(&self.act),
            "textDigest": self.text_digest.to_b64u(),
        });
        if let (Some(reason), Value::Object(members)) = (&self.reason, &mut value) {
            members.insert("reason".to_owned(), reason.as_str().into());
        }
        if let (Some(under), Value::Object(members)) = (&self.under, &mut value) {
            members.insert("under".to_owned(), under.to_value());
        }
        value
    }
}

/// How many of the members that may be left out are there.
fn optional(terms: &Value) -> usize {
    ["reason", "under"].iter().filter(|name| terms.get(**name).is_some()).count()
}

/// One countersignature, well-formed and not yet checked.
#[derive(Clone, Debug)]
pub struct Countersignature {
    terms: Terms,
    method: String,
    created: Timestamp,
    log: String,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    DataIntegrity { index: usize, proof: Box<Proof> },
    Jose { jws: Box<Jws>, digest: Digest },
}

impl Countersignature {
    /// Reads a compact JWS of type `countersignature+jwt`.
    ///
    /// # Errors
    ///
    /// [`CountersignatureError`]; none is worth a retry.
    pub fn parse_compact(compact: &str) -> Result<Self, CountersignatureError> {
        form::parse_compact(compact)
    }

    /// What it says.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// In which capacity.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.terms.role
    }

    /// What was decided.
    #[must_use]
    pub const fn decision(&self) -> Decision {
        self.terms.decision
    }

    /// Random name of the act.
    #[must_use]
    pub const fn act(&self) -> &[u8; 32] {
        &self.terms.act
    }

    /// Digest of the text that was shown.
    #[must_use]
    pub const fn text_digest(&self) -> Digest {
        self.terms.text_digest
    }

    /// Why, if the signer says so.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.terms.reason.as_deref()
    }

    /// Under which power of attorney it is made, if it names one.
    #[must_use]
    pub const fn under(&self) -> Option<&Under> {
        self.terms.under.as_ref()
    }

    /// DID URL of the signing key.
    #[must_use]
    pub fn signer_method(&self) -> &str {
        &self.method
    }

    /// The countersigner: the DID in [`Self::signer_method`].
    #[must_use]
    pub fn signer(&self) -> &str {
        did_of(&self.method)
    }

    /// When the countersigner says it signed.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// Origin of the log where the act is recorded.
    #[must_use]
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Position among the credential's proofs, if it is one of them.
    #[must_use]
    pub const fn proof_index(&self) -> Option<usize> {
        match self.form {
            Form::DataIntegrity { index, .. } => Some(index),
            Form::Jose { .. } => None,
        }
    }

    /// The compact JWS, if it is one.
    #[must_use]
    pub fn compact(&self) -> Option<&str> {
        match &self.form {
            Form::DataIntegrity { .. } => None,
            Form::Jose { jws, .. } => Some(jws.as_str()),
        }
    }

    /// Ids of the proofs it covers, the issuer's among them; empty for a JWS, which names the credential by digest.
    #[must_use]
    pub fn previous(&self) -> &[String] {
        match &self.form {
            Form::DataIntegrity { proof, .. } => proof.previous_proof(),
            Form::Jose { .. } => &[],
        }
    }

    /// What a countersignature entry of the ledger commits to (ledger §2.5).
    #[must_use]
    pub fn digest(&self) -> Digest {
        match &self.form {
            Form::DataIntegrity { proof, .. } => {
                // Strictly parsed JSON always has a canonical form.
                sha256(&[&json::canonicalize(proof.value()).unwrap_or_default()])
            }
            Form::Jose { jws, .. } => sha256(&[jws.signing_input().as_bytes()]),
        }
    }

    /// The name of [`Self::digest`]'s format: `di-proof` or `jws`.
    #[must_use]
    pub const fn digest_format(&self) -> &'static str {
        match self.form {
            Form::DataIntegrity { .. } => "di-proof",
            Form::Jose { .. } => "jws",
        }
    }

    /// Whether it is about this very credential, as its issuer signed it. No cryptography.
    ///
    /// # Errors
    ///
    /// [`CountersignatureError::OtherCredential`] or [`CountersignatureError::IssuerNotCovered`].
    pub fn covers(&self, credential: &SecuredCredential) -> Result<(), CountersignatureError> {
        match &self.form {
            Form::DataIntegrity { index, proof } => {
                if credential.proofs().get(*index) != Some(proof.as_ref()) {
                    return Err(CountersignatureError::OtherCredential);
                }
                let issuer = credential.issuer_proof().and_then(Proof::id);
                let covered = issuer.is_some_and(|id| self.previous().iter().any(|one| one == id));
                if covered { Ok(()) } else { Err(CountersignatureError::IssuerNotCovered) }
            }
            Form::Jose { digest, .. } => {
                let beside = match credential.format() {
                    Format::Jose | Format::SdJwt | Format::DataIntegritySd => true,
                    Format::DataIntegrity => false,
                };
                let same = beside && *digest == credential.issuance_digest();
                if same { Ok(()) } else { Err(CountersignatureError::OtherCredential) }
            }
        }
    }

    /// Checks that it covers `credential`, the signature, and that the text shown was that of the credential.
    ///
    /// The text is that of the whole credential. Where the holder keeps claims back ([`SecuredCredential::shows_all`]) it
    /// cannot be made again, and is not compared: the caller's report has to say so.
    ///
    /// The caller resolves `key`, knows whose it is, and judges the times and the newest state of the act.
    ///
    /// # Errors
    ///
    /// [`CountersignatureError`]: the first of these that does not hold.
    pub fn verify(
        &self,
        credential: &SecuredCredential,
        key: &PublicKey,
    ) -> Result<(), CountersignatureError> {
        self.prepare(&WholeText::of(credential))(key)
    }

    /// The same check over the credential of `text`, to be made with several keys: what was signed is brought into canonical form
    /// once, and the text is made once for all countersignatures that get the same `text`.
    pub fn prepare<'a>(
        &'a self,
        text: &'a WholeText<'a>,
    ) -> impl Fn(&PublicKey) -> Result<(), CountersignatureError> + 'a {
        let credential = text.credential;
        let covers = self.covers(credential);
        let proof = match &self.form {
            Form::DataIntegrity { index, .. } => {
                // Always a suite over JCS, which needs no contexts.
                credential.prepare_proof(*index, Contexts::built_in())
            }
            Form::Jose { jws, .. } => PreparedProof::jws(jws),
        };
        move |key| {
            covers.clone()?;
            proof.check(key).map_err(|error| {
                if error == ProofError::Invalid {
                    CountersignatureError::Invalid
                } else {
                    CountersignatureError::Proof(error)
                }
            })?;
            if !credential.shows_all() || self.text_digest() == text.digest() {
                Ok(())
            } else {
                Err(CountersignatureError::TextMismatch)
            }
        }
    }
}

/// A credential whose [text digest](text_digest_of) is made when it is first asked for, and kept.
#[derive(Debug)]
pub struct WholeText<'a> {
    credential: &'a SecuredCredential,
    digest: OnceCell<Digest>,
}

impl<'a> WholeText<'a> {
    /// That of `credential`.
    #[must_use]
    pub const fn of(credential: &'a SecuredCredential) -> Self {
        Self { credential, digest: OnceCell::new() }
    }

    fn digest(&self) -> Digest {
        *self.digest.get_or_init(|| text_digest_of(self.credential))
    }
}

/// The countersignatures on `credential` in the order of its proofs, then those `beside` it.
///
/// Every text of `beside` must be well-formed; whether it is about this credential is for
/// [`Countersignature::covers`] to say, since a bundle may hold countersignatures of several credentials.
///
/// # Errors
///
/// [`CountersignatureError`], if one is malformed.
pub fn list(
    credential: &SecuredCredential,
    beside: &[String],
) -> Result<Vec<Countersignature>, CountersignatureError> {
    let mut found = Vec::new();
    for (index, proof) in credential.proofs().iter().enumerate() {
        if let Some(terms) = proof.countersignature() {
            found.push(from_proof(index, proof, terms.clone())?);
        }
    }
    for compact in beside {
        found.push(Countersignature::parse_compact(compact)?);
    }
    Ok(found)
}

fn from_proof(
    index: usize,
    proof: &Proof,
    terms: Terms,
) -> Result<Countersignature, CountersignatureError> {
    let malformed = |member| CountersignatureError::Malformed { member };
    if *proof.purpose() != Purpose::Authentication {
        return Err(malformed("proofPurpose"));
    }
    if proof.id().is_none() {
        return Err(malformed("id"));
    }
    let [log] = proof.domain() else { return Err(malformed("domain")) };
    Ok(Countersignature {
        terms,
        method: proof.verification_method().to_owned(),
        created: proof.created().ok_or(malformed("created"))?,
        log: log.clone(),
        form: Form::DataIntegrity { index, proof: Box::new(proof.clone()) },
    })
}

/// The DID of a DID URL.
pub(crate) fn did_of(url: &str) -> &str {
    let end = url.find(['#', '?', '/']).unwrap_or(url.len());
    url.get(..end).unwrap_or(url)
}

#[cfg(test)]
mod tests;
