//! `/credentials/issue`: a credential is judged by the data model, gets its status entries, and is signed.

mod attested;
mod derived;
mod enveloped;
mod nonces;
mod places;

pub use nonces::NoncesError;
pub(super) use nonces::UsedNonces;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_core::{Digest, Timestamp, json, rng, sha256};
use inkan_credential::model::{DataModel, LedgerRecord, StatusEntry};
use inkan_credential::proof::{Purpose, SignFailure};
use inkan_credential::selective::{add_proof_sd, secure_sd, verify_base};
use inkan_credential::sign::{self, ProofTerms};
use inkan_credential::{
    Contexts, Credential, Cryptosuite, RdfcError, SecuredCredential, canonical_nquads,
    inline_context,
};
use inkan_crypto::Signer;
use inkan_io::os_rng::OsRng;
use inkan_issuer::AtHand;
use serde_json::{Value, json};

use self::nonces::Held;
use self::places::{add_status, add_token_status, allotment};
use super::admit::Caller;
use super::answer::{Cause, Refusal, json_answer};
use super::envelope::{Options, Request};
use super::handle::{blocking, request};
use super::options::Profile;
use super::resources;
use super::routes::suite_of;
use super::service::{Service, not_served};
use super::suites::{Issuer, Suite, can_be_recorded};

/// POST `/credentials/issue`.
pub(crate) async fn issue(
    State(service): State<Arc<Service>>,
    caller: Option<Extension<Caller>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let suite = suite_of(&uri)?;
    let mut request = request(&service, &headers, body).await?;
    request.caller = caller.map(|Extension(caller)| caller);
    blocking(service, move |service| issued(service, suite, request)).await
}

fn issued(
    service: &Service,
    suite: Option<Suite>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let suite = suite.unwrap_or(Suite::EddsaRdfc);
    let credential = request.take("credential")?;
    let options = request.options;
    let secured = match credential.get("proof") {
        None | Some(Value::Null) => first(service, suite, credential, (&options, request.caller))?,
        Some(_) => another(service, suite, credential, &options)?,
    };
    let answer = json!({ "verifiableCredential": secured.to_value() });
    Ok(json_answer(StatusCode::CREATED, &answer))
}

/// The options that say what is added to a new credential: places in status lists, and claims that answer a question.
const OF_FIRST: [&str; 5] =
    ["statusPurposes", "statusMessages", "statusReferences", "statusLists", "derivedClaims"];

/// The options that have an effect when a first proof is made.
fn effective(suite: Suite) -> Vec<&'static str> {
    let mut names = vec!["credentialId"];
    names.extend(OF_FIRST);
    names.extend(attested::OPTIONS.iter().filter(|_| attested::is_for(suite)));
    if let Some(name) = suite.cryptosuite() {
        names.extend(["proofId", "created", "expires", "proofPurpose", "challenge", "domain"]);
        names.extend(["previousProof"]);
        names.extend(name.is_selective().then_some("mandatoryPointers"));
    }
    if matches!(suite, Suite::VcSdJwt | Suite::DcSdJwt) {
        names.extend(["disclosable", "decoys"]);
    }
    names
}

/// Secures a credential that has no proof yet; what is issued with a log is recorded there before it is answered.
fn first(
    service: &Service,
    suite: Suite,
    mut credential: Value,
    (options, caller): (&Options, Option<Caller>),
) -> Result<SecuredCredential, Refusal> {
    let now = service.now();
    let asked = asked(suite, &credential, (options, caller))?;
    let mut issuer = service.needed_issuer(suite)?;
    options.check(service, (suite, &issuer), &effective(suite))?;
    if let Value::Object(members) = &mut credential {
        members.remove("proof");
        // The test suites want to be told that it is missing.
        let strict = service.options.profile == Profile::Strict;
        if strict && !members.contains_key("issuer") {
            members.insert("issuer".to_owned(), issuer.did.as_str().into());
        }
    }
    derived::add(&mut credential, &options.derived, now)?;
    let (version, at_hand) = check(service, (suite, &issuer), &credential)?;
    add_proof_terms(&mut credential, suite, version);
    check_terms(service, suite, &credential)?;
    enveloped::check(suite, &credential)?;
    check_unlinkable(service, suite, &credential)?;
    for uri in lists_of(&credential) {
        let announced = service.options.backing.as_ref().map(|backing| backing.is_ours(&uri));
        if service.status.may_be_ours(&uri) || announced.transpose()? == Some(true) {
            return Err(not_allotted());
        }
    }
    // What was made for this very request is handed out, whatever became of the attestation since.
    let attested = attested::read(service, suite, (&credential, options), now);
    let id = options.credential_id.clone();
    let id = id.or_else(|| json::text(&credential, "id").map(str::to_owned));
    let backing = service.options.backing.as_deref();
    let recorder = backing.filter(|_| service.must_record(suite, &issuer));
    let wanted = allotment(service, (suite, recorder), options)?;
    if recorder.is_some() && !can_be_recorded(issuer.key.key_type()) {
        let reason =
            "no ledger takes entries of this suite's key, and what is issued here is recorded";
        let detail = service.and_suites(&service.issuers()?, reason);
        return Err(Refusal::missing(Cause::SuiteNotServed.code(), detail));
    }
    let Some(backing) = recorder else {
        let held = attested::state(service, &mut credential, attested?)?;
        if !wanted.purposes.is_empty() {
            let entries = service.status.allot((suite, &issuer), &wanted, id)?;
            add_status(&mut credential, entries);
        }
        let secured = sign(service, (suite, &issuer), credential, (options, &at_hand))?;
        held.map_or(Ok(()), Held::keep)?;
        return Ok(secured);
    };
    let mut recording = backing.begin(now)?;
    if let Some(secured) = recording.again(&asked)? {
        return Ok(secured);
    }
    // From here on no other process replaces the key.
    issuer = service.maker(recording.issuers(), suite).cloned().ok_or_else(not_served)?;
    options.check(service, (suite, &issuer), &effective(suite))?;
    let held = attested::state(service, &mut credential, attested?)?;
    if !wanted.purposes.is_empty() {
        let entries = recording.allot(&issuer, &wanted)?;
        match entries.as_slice() {
            [only] if wanted.form.is_token() => add_token_status(&mut credential, only)?,
            all => add_status(&mut credential, all.iter().map(StatusEntry::to_value).collect()),
        }
    }
    let log = backing.log_of(&issuer).unwrap_or_default();
    let credential = naming_record(credential, log)?;
    let secured = sign(service, (suite, &issuer), credential, (options, &at_hand))?;
    // A ledger that does not answer may have taken it all the same, and then it is handed to whoever asks again.
    held.map_or(Ok(()), Held::keep)?;
    recording.record(&issuer, &secured, id.as_deref(), &asked)?;
    Ok(secured)
}

/// What makes two requests the same: who asks, suite, credential and options. What was made for one caller is handed to no other
/// who asks for the same.
fn asked(
    suite: Suite,
    credential: &Value,
    (options, caller): (&Options, Option<Caller>),
) -> Result<Digest, Refusal> {
    let credential = json::canonicalize(credential)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    let options = options.canonical();
    let length = |part: &[u8]| part.len().to_be_bytes();
    let name = suite.prefix();
    let caller = caller.map_or([0; 32], |caller| *caller.digest().as_bytes());
    Ok(sha256(&[
        &caller,
        &length(name.as_bytes()),
        name.as_bytes(),
        &length(options),
        options,
        &credential,
    ]))
}

/// The status lists in which a credential has places.
fn lists_of(credential: &Value) -> Vec<String> {
    let entries = entries_of(credential, "credentialStatus").into_iter();
    let named = entries.filter_map(|entry| json::text(entry, "statusListCredential"));
    let token = credential.pointer("/status/status_list/uri").and_then(Value::as_str);
    named.chain(token).map(str::to_owned).collect()
}

fn not_allotted() -> Refusal {
    let detail = "credentialStatus: places in the lists of this server are allotted by it";
    Refusal::bad(Cause::StatusEntryUnknown.code(), detail)
}

/// The objects of a member that holds one or several.
pub(crate) fn entries_of<'a>(credential: &'a Value, member: &str) -> Vec<&'a Value> {
    match credential.get(member) {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

/// The credential with the log that it is recorded in, and the salt of its entry: whoever holds it finds the entry.
fn naming_record(mut credential: Value, log: &str) -> Result<Value, Refusal> {
    let malformed = |detail: &str| Refusal::bad(Cause::RequestMalformed.code(), detail.to_owned());
    let Value::Object(members) = &mut credential else { return Ok(credential) };
    let record = LedgerRecord { log: log.to_owned(), salt: rng::draw(&mut OsRng) };
    if members.insert("ledgerRecord".to_owned(), record.to_value()).is_some() {
        return Err(malformed("ledgerRecord: where it is recorded is said by this server"));
    }
    let term = inline_context();
    match members.get_mut("@context") {
        Some(Value::Array(contexts)) if contexts.contains(&term) => {}
        Some(Value::Array(contexts)) => contexts.push(term),
        _ => return Err(malformed("@context is no list")),
    }
    Ok(credential)
}

/// Signs a credential as it stands; what would be refused as it is now is not handed out.
fn sign(
    service: &Service,
    by: (Suite, &Issuer),
    credential: Value,
    (options, at_hand): (&Options, &AtHand),
) -> Result<SecuredCredential, Refusal> {
    let secured = secure(service, by, credential, options)?;
    resources::check(service, secured.credential(), at_hand)?;
    Ok(secured)
}

fn secure(
    service: &Service,
    (suite, issuer): (Suite, &Issuer),
    credential: Value,
    options: &Options,
) -> Result<SecuredCredential, Refusal> {
    let Some(cryptosuite) = suite.cryptosuite() else {
        return enveloped::sign(suite, issuer, credential, (options, service.now()));
    };
    let mandatory: Vec<&str> = options.mandatory_pointers.iter().map(String::as_str).collect();
    with_terms(service, issuer, cryptosuite, options, |terms| {
        if terms.suite.is_selective() {
            let by: (_, &dyn Signer) = (terms, &*issuer.key);
            return secure_sd(credential, &mandatory, by, service.contexts(), &mut OsRng);
        }
        sign::secure_di(credential, terms, &*issuer.key, service.contexts())
    })
}

/// Adds a proof to those that are there: beside them, or over those that `previousProof` names.
fn another(
    service: &Service,
    suite: Suite,
    credential: Value,
    options: &Options,
) -> Result<SecuredCredential, Refusal> {
    let issuer = &service.needed_issuer(suite)?;
    let names = effective(suite);
    let of_first = |name: &&str| OF_FIRST.contains(name) || attested::OPTIONS.contains(name);
    let names: Vec<&str> = names.into_iter().filter(|name| !of_first(name)).collect();
    options.check(service, (suite, issuer), &names)?;
    if credential.get("issuer").is_none() {
        let detail = "issuer is missing: a credential that has proofs names its issuer";
        return Err(Refusal::bad(Cause::RequestMalformed.code(), detail));
    }
    let secured = SecuredCredential::parse_value(credential)
        .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    check(service, (suite, issuer), secured.credential().value())?;
    check_signed_before(service, &secured)?;
    let Some(cryptosuite) = suite.cryptosuite() else {
        let detail = "a credential with embedded proofs is not put into an envelope";
        return Err(Refusal::bad("countersignature-form-mismatch", detail));
    };
    let mandatory: Vec<&str> = options.mandatory_pointers.iter().map(String::as_str).collect();
    with_terms(service, issuer, cryptosuite, options, |terms| {
        if terms.suite.is_selective() {
            let by: (_, &dyn Signer) = (terms, &*issuer.key);
            return add_proof_sd(&secured, &mandatory, by, service.contexts(), &mut OsRng);
        }
        sign::add_proof_di(&secured, terms, &*issuer.key, service.contexts())
    })
}

/// That this server signed it before. With any other proof in it, a credential would get a signature without what the first
/// one brings: its record, its status, and the question whose places in status lists it names.
fn check_signed_before(service: &Service, secured: &SecuredCredential) -> Result<(), Refusal> {
    let lists = lists_of(secured.credential().value());
    let of_test_suites = service.options.profile == Profile::Conformance
        && service.options.backing.is_none()
        && !lists.iter().any(|uri| service.status.may_be_ours(uri));
    if of_test_suites || is_signed_by(&service.issuers()?, secured, service.contexts()) {
        return Ok(());
    }
    let detail = "none of its proofs is a good one by a key of this server's: take them out";
    Err(Refusal::bad(Cause::ProofNotOurs.code(), detail))
}

/// Whether the issuer's proof is good and was made with one of these keys, which is the issuer's. What is derived from a
/// proof is none of them: it says less than was signed.
fn is_signed_by(issuers: &[Issuer], secured: &SecuredCredential, contexts: &Contexts) -> bool {
    let Some(proof) = secured.issuer_proof() else { return false };
    let named = issuers.iter().find(|issuer| issuer.method == proof.verification_method());
    let Some(issuer) = named.filter(|issuer| issuer.did == secured.credential().issuer()) else {
        return false;
    };
    if *proof.purpose() != Purpose::AssertionMethod {
        return false;
    }
    let key = issuer.key.public_key();
    if proof.cryptosuite().is_selective() {
        return verify_base(secured, &key, contexts).is_ok();
    }
    secured.verify_issuer_proof_with(&key, contexts).is_ok()
}

/// What the data model says, whose credential it is, and what it fixes about others; gives what is at hand of these.
fn check(
    service: &Service,
    (suite, issuer): (Suite, &Issuer),
    credential: &Value,
) -> Result<(DataModel, AtHand), Refusal> {
    let embedded = suite.cryptosuite().is_some();
    // The test suites have credentials of version 1.1 signed; nobody else begins with these any more.
    let read = match service.options.profile {
        Profile::Conformance if embedded => Credential::read(credential.clone()),
        Profile::Conformance | Profile::Strict => Credential::from_value(credential.clone()),
    };
    let read = read.map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    if read.issuer() != issuer.did && service.options.profile == Profile::Strict {
        let detail = "issuer is not the DID of this suite's key: see /ids";
        return Err(Refusal::bad(Cause::IssuerNotOurs.code(), detail));
    }
    let at_hand = resources::read(service, &read)?;
    resources::check(service, &read, &at_hand)?;
    Ok((read.version(), at_hand))
}

/// The terms of proofs, which the context of version 1.1 does not define (VC Data Integrity 1.0, §2.4), and neither one those of
/// the old suite (vc-di-eddsa §B.1).
fn add_proof_terms(credential: &mut Value, suite: Suite, version: DataModel) {
    const TERMS: &str = "https://w3id.org/security/data-integrity/v2";
    const OLD_TERMS: &str = "https://w3id.org/security/suites/ed25519-2020/v1";
    let (terms, start) = match (suite, version) {
        (Suite::Ed25519Signature2020, _) => (OLD_TERMS, OLD_TERMS),
        (_, DataModel::V1) => (TERMS, "https://w3id.org/security/data-integrity/"),
        (_, DataModel::V2) => return,
    };
    let known = |context: &Value| context.as_str().is_some_and(|url| url.starts_with(start));
    let Some(context) = credential.get_mut("@context") else { return };
    if let Value::Array(all) = context {
        if !all.iter().any(known) {
            all.push(terms.into());
        }
    } else {
        *context = json!([context.take(), terms]);
    }
}

/// That every term is defined, for suites that would not notice. Of contexts that are not known here nothing is said, and
/// what has no place in RDF, such as a null in a list, is covered by these suites all the same.
///
/// Before anything is added: the context that `ledgerRecord` is defined in takes all that others leave undefined.
fn check_terms(service: &Service, suite: Suite, credential: &Value) -> Result<(), Refusal> {
    let rdfc = suite.cryptosuite().is_some_and(|suite| suite.is_rdfc());
    if rdfc && service.options.backing.is_none() {
        return Ok(());
    }
    if suite == Suite::DcSdJwt {
        // Its claims mean what its type says, and no context.
        return Ok(());
    }
    let mut said = credential.clone();
    if let (Suite::VcSdJwt, Value::Object(members)) = (suite, &mut said) {
        // The holder's key, which it is presented with: a claim of JWTs (RFC 7800 §3), and no term.
        members.remove("cnf");
    }
    match canonical_nquads(&said, service.contexts()) {
        Ok(_) => Ok(()),
        Err(RdfcError::ContextUnknown { .. } | RdfcError::Dropped { .. }) if !rdfc => Ok(()),
        Err(error) => Err(Refusal::bad(error.code(), error.to_string())),
    }
}

/// A bbs-2023 credential has nothing that is drawn or dated for it alone: every part of it that is shown would carry it, and
/// so link them.
fn check_unlinkable(service: &Service, suite: Suite, credential: &Value) -> Result<(), Refusal> {
    if suite != Suite::Bbs || service.options.profile == Profile::Conformance {
        return Ok(());
    }
    let exact = |member: &&str| {
        let time = json::text(credential, member).and_then(|text| Timestamp::parse(text).ok());
        time.is_some_and(|time| time.seconds().rem_euclid(3_600) != 0)
    };
    let detail = if credential.get("id").is_some() {
        "a credential of bbs-2023 has no id: all that is shown of it would be linked by that"
    } else if ["validFrom", "validUntil"].iter().any(exact) {
        "dates of a bbs-2023 credential are full hours: all that is shown of it would be linked by others"
    } else {
        return Ok(());
    };
    Err(Refusal::bad(Cause::RequestMalformed.code(), detail))
}

/// Calls `sign` with the terms that the options ask for.
fn with_terms(
    service: &Service,
    issuer: &Issuer,
    suite: Cryptosuite,
    options: &Options,
    sign: impl FnOnce(&ProofTerms<'_>) -> Result<SecuredCredential, SignFailure>,
) -> Result<SecuredCredential, Refusal> {
    let id = options.proof_id.clone().unwrap_or_else(|| rng::draw_uuid_urn(&mut OsRng));
    let previous: Vec<&str> = options.previous_proof.iter().map(String::as_str).collect();
    let domain: Vec<&str> = options.domain.iter().map(String::as_str).collect();
    // An id would link what is shown of one credential.
    let is_linked = !matches!(suite, Cryptosuite::Bbs2023) || options.proof_id.is_some();
    // So would the moment of signing.
    let now = is_linked.then(|| service.now());
    let purpose = options.purpose.clone().unwrap_or(Purpose::AssertionMethod);
    if purpose != Purpose::AssertionMethod {
        let detail = "options.proofPurpose: a credential is signed for assertionMethod";
        return Err(Refusal::bad(Cause::OptionMalformed.code(), detail));
    }
    let terms = ProofTerms {
        id: is_linked.then_some(id.as_str()),
        purpose,
        created: options.created.or(now),
        expires: options.expires,
        previous: &previous,
        domain: &domain,
        challenge: options.challenge.as_deref(),
        ..ProofTerms::new(suite, &issuer.method)
    };
    sign(&terms).map_err(unsigned)
}

/// What signing refuses is the request's fault, but for the signer's own failure.
pub(crate) fn unsigned(error: SignFailure) -> Refusal {
    if error == SignFailure::Signer(inkan_crypto::SignError::Refused) {
        return Refusal::fault();
    }
    let source = std::error::Error::source(&error);
    let detail = source.map_or_else(|| error.to_string(), ToString::to_string);
    Refusal::bad(error.code(), detail)
}

#[cfg(test)]
mod tests;
