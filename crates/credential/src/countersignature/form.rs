//! The two forms on the wire: reading the JWS, making either.

use inkan_core::{Digest, Timestamp, json, limits};
use inkan_crypto::Signer;
use inkan_crypto::jws::{self, Jws};
use serde_json::{Map, Value, json};

use super::{
    Countersignature, CountersignatureError, Decision, Form, Role, Terms, Under, did_of, is_reason,
    optional,
};
use crate::envelope::Envelope;
use crate::model::{is_origin, is_url};
use crate::proof::{self, Cryptosuite, Proof, ProofError, SignFailure};
use crate::secured::{Format, SD_JWT_VC_MEDIA_TYPE, SecuredCredential};

/// The JWS `typ`.
const TYP: &str = "countersignature+jwt";

/// What a countersigner is about to say.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// In which capacity.
    pub role: Role,
    /// What is decided.
    pub decision: Decision,
    /// 32 random bytes for a new act; those of the acceptance to withdraw or seal it.
    pub act: [u8; 32],
    /// Origin of the log where the act is to be recorded.
    pub log: &'a str,
    /// DID URL of the countersigner's key.
    pub method: &'a str,
    /// The time of signing.
    pub created: Timestamp,
    /// Why, of a refusal or withdrawal.
    pub reason: Option<&'a str>,
    /// Under which power of attorney, of a delegate.
    pub under: Option<Under>,
}

impl Statement<'_> {
    fn terms(&self, credential: &SecuredCredential) -> Terms {
        Terms {
            role: self.role,
            decision: self.decision,
            act: self.act,
            text_digest: super::text_digest_of(credential),
            reason: self.reason.map(str::to_owned),
            under: self.under,
        }
    }

    fn check(&self) -> Result<(), CountersignatureError> {
        if !is_origin(self.log) {
            return Err(CountersignatureError::Malformed { member: "domain" });
        }
        if !is_url(self.method) || !self.method.contains('#') {
            return Err(CountersignatureError::Malformed { member: "verificationMethod" });
        }
        let may_say_why = matches!(self.decision, Decision::Refuse | Decision::Withdraw);
        if self.reason.is_some_and(|reason| !may_say_why || !is_reason(reason)) {
            return Err(CountersignatureError::Malformed { member: "reason" });
        }
        if self.under.is_some_and(|under| self.role != Role::Delegate || !under.is_sound()) {
            return Err(CountersignatureError::Malformed { member: "under" });
        }
        Ok(())
    }
}

/// Countersigns a Data Integrity credential: the result has one more proof, which covers the issuer's and every
/// other proof that has an id. `proof_id` is the new proof's URL.
///
/// # Errors
///
/// [`SignFailure`]; `FormMismatch` for a credential in JOSE or SD-JWT form, or with a proof of selective disclosure, which
/// changes when claims are left out.
pub fn countersign_di(
    credential: &SecuredCredential,
    proof_id: &str,
    statement: &Statement<'_>,
    signer: &dyn Signer,
) -> Result<SecuredCredential, SignFailure> {
    if credential.format() != Format::DataIntegrity {
        return Err(SignFailure::FormMismatch);
    }
    statement.check()?;
    if credential.issuer_proof().and_then(Proof::id).is_none() {
        return Err(SignFailure::IssuerProofWithoutId);
    }
    let previous: Vec<&str> = credential.proofs().iter().filter_map(Proof::id).collect();
    let mut terms = Map::new();
    terms.insert("id".to_owned(), proof_id.into());
    terms.insert("created".to_owned(), statement.created.to_string().into());
    terms.insert("verificationMethod".to_owned(), statement.method.into());
    terms.insert("proofPurpose".to_owned(), "authentication".into());
    terms.insert("previousProof".to_owned(), json!(previous));
    terms.insert("domain".to_owned(), statement.log.into());
    terms.insert("countersignature".to_owned(), statement.terms(credential).to_value());
    let document = credential.credential().value();
    let proof = proof::add_proof(document, credential.proofs(), terms, signer)?;
    credential.with_proof(&proof).map_err(|_| SignFailure::Unreadable)
}

/// Countersigns a JOSE or SD-JWT credential, or one with a proof of selective disclosure: a compact JWS that travels beside it.
///
/// Of one whose holder can leave claims out everything has to be there: nobody signs for words that are not on the screen.
///
/// # Errors
///
/// [`SignFailure`]; `PartShown` if claims are kept back, or may be (decoys); `FormMismatch` for any other Data Integrity credential.
pub fn countersign_jose(
    credential: &SecuredCredential,
    statement: &Statement<'_>,
    signer: &dyn Signer,
) -> Result<String, SignFailure> {
    match credential.format() {
        Format::Jose | Format::SdJwt | Format::DataIntegritySd => {}
        Format::DataIntegrity => return Err(SignFailure::FormMismatch),
    }
    if !credential.shows_all() {
        return Err(SignFailure::PartShown);
    }
    if credential.issuer_proof().map(Proof::cryptosuite) == Some(&Cryptosuite::Bbs2023) {
        // It would travel with every part, and link them; and no derived proof has what it covers (ledger specification, §2.5).
        let member = "countersignature";
        return Err(SignFailure::Proof(ProofError::Linkable { member }));
    }
    statement.check()?;
    let mut payload = statement.terms(credential).to_value();
    if let Value::Object(members) = &mut payload {
        members.insert("iss".to_owned(), did_of(statement.method).into());
        members.insert("aud".to_owned(), statement.log.into());
        members.insert("iat".to_owned(), statement.created.seconds().into());
        members.insert("format".to_owned(), credential.format().as_str().into());
        members.insert("dig".to_owned(), credential.issuance_digest().to_b64u().into());
        members.insert("mt".to_owned(), credential.media_type().into());
    }
    let mut header = Map::new();
    header.insert("typ".to_owned(), TYP.into());
    header.insert("kid".to_owned(), statement.method.into());
    Ok(jws::sign(header, payload.to_string().as_bytes(), signer)?)
}

/// Reads the JWS form: a closed payload of ten members, and `reason` and `under` where there is one.
pub(super) fn parse_compact(compact: &str) -> Result<Countersignature, CountersignatureError> {
    const MEMBERS: [&str; 10] =
        ["act", "aud", "decision", "dig", "format", "iat", "iss", "mt", "role", "textDigest"];
    let malformed = |member| CountersignatureError::Malformed { member };
    let jws = Jws::parse(compact, limits::JWS)?;
    if jws.typ() != Some(TYP) {
        return Err(CountersignatureError::Typ);
    }
    let payload = json::parse(jws.payload(), limits::DOCUMENT)?;
    let known = |members: &Map<String, Value>| {
        members.len() == MEMBERS.len().saturating_add(optional(&payload))
            && MEMBERS.iter().all(|name| members.contains_key(*name))
    };
    if !payload.as_object().is_some_and(known) {
        return Err(malformed("payload"));
    }
    let method = jws.kid().filter(|kid| is_url(kid)).ok_or(malformed("kid"))?.to_owned();
    if json::text(&payload, "iss") != Some(did_of(&method)) || method == did_of(&method) {
        return Err(malformed("iss"));
    }
    let formats = [Format::Jose.as_str(), Format::DataIntegritySd.as_str()];
    if !json::text(&payload, "format").is_some_and(|found| formats.contains(&found)) {
        return Err(malformed("format"));
    }
    let known = [
        Format::Jose.media_type(),
        Format::SdJwt.media_type(),
        Format::DataIntegritySd.media_type(),
        SD_JWT_VC_MEDIA_TYPE,
        Envelope::Credential.cose_types().0,
    ];
    if !json::text(&payload, "mt").is_some_and(|found| known.contains(&found)) {
        return Err(malformed("mt"));
    }
    let log = json::text(&payload, "aud").filter(|log| is_origin(log)).ok_or(malformed("aud"))?;
    let digest = json::text(&payload, "dig").and_then(|dig| Digest::from_b64u(dig).ok());
    let seconds = payload.get("iat").and_then(Value::as_i64);
    let created = seconds.and_then(|seconds| Timestamp::from_seconds(seconds).ok());
    Ok(Countersignature {
        terms: Terms::from_members(&payload).map_err(malformed)?,
        created: created.ok_or(malformed("iat"))?,
        log: log.to_owned(),
        form: Form::Jose { digest: digest.ok_or(malformed("dig"))?, jws: Box::new(jws) },
        method,
    })
}
