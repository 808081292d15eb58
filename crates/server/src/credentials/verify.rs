//! `/credentials/verify` and `/presentations/verify`: the verifier's verdict. 200 says "verified", and nothing else does.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_core::{Timestamp, json};
use inkan_credential::bundle::{BUNDLE_TYPE, ServedStatusList};
use inkan_credential::{
    Artefact, Bundle, Presentation, RdfcError, SecuredCredential, canonical_nquads,
};
use inkan_did::{Did, DidUrl, Relationship, resolve_self_contained};
use inkan_io::gather::{self, Copies, Sources};
use inkan_verifier::check::{Check, CheckName, Outcome};
use inkan_verifier::{Context, Expectation, Live, Reason, Verification, Want, plan, verify};
use serde_json::{Map, Value, json};

use super::answer::{Cause, Finding, Refusal, json_answer};
use super::backing::Grounds;
use super::envelope::{Options, Request};
use super::handle::answered;
use super::legacy;
use super::options::Profile;
use super::resources;
use super::service::Service;
use super::suites::Suite;

/// POST `/credentials/verify`.
pub(crate) async fn credential(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answered(service, &uri, headers, body, |service, suite, request| {
        judged(service, suite, request, ["verifiableCredential", "credential"])
    })
    .await
}

/// POST `/presentations/verify`.
pub(crate) async fn presentation(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answered(service, &uri, headers, body, |service, suite, request| {
        judged(service, suite, request, ["verifiablePresentation", "presentation"])
    })
    .await
}

/// Judges what one of these members holds: alone, or as a bundle with what proves it.
fn judged(
    service: &Service,
    suite: Option<Suite>,
    mut request: Request,
    [member, other]: [&'static str; 2],
) -> Result<Response, Refusal> {
    let value = match request.optional(member) {
        Some(value) => value,
        None => request.take(other)?,
    };
    if other == "presentation"
        && service.options.profile == Profile::Conformance
        && let now = service.now()
        && let Some(judged) = legacy::judged(&value, &request.options, now)
    {
        let said = judged.map_err(|finding| Refusal::Unverified(vec![finding]))?;
        let checks =
            vec![json!({ "check": "presentation", "subject": "presentation", "outcome": "pass" })];
        let judged = Judged { checks, warnings: vec![said.to_value()], as_of: now };
        return Ok(json_answer(StatusCode::OK, &judged.to_value(&value)));
    }
    let bundle = read(&value, other)?;
    if suite.is_some_and(|suite| !is_secured_by(&bundle.artefact, suite)) {
        let detail = "nothing in it is secured by the suite of this path";
        return Err(Refusal::Unverified(vec![Finding::new(Cause::SuiteMismatch.code(), detail)]));
    }
    let mut findings = Vec::new();
    let mut warnings = idle(service, &request.options);
    let expected = match &bundle.artefact {
        Artefact::Credential(secured) => {
            check_answers(secured, &request.options, &mut findings);
            warnings.extend(undefined(service, secured));
            None
        }
        Artefact::Presentation(presentation) => {
            expectation(service, presentation, &request.options)?
        }
    };
    let mut verdict = judge(service, &bundle, expected, &request.options, findings)?;
    warnings.append(&mut verdict.warnings);
    Ok(json_answer(StatusCode::OK, &Judged { warnings, ..verdict }.to_value(&value)))
}

/// A bundle, or a bare credential or presentation as one.
pub(super) fn read(value: &Value, wanted: &'static str) -> Result<Bundle, Refusal> {
    let credential = wanted == "credential";
    let read = match value.as_str() {
        _ if json::text(value, "type") == Some(BUNDLE_TYPE) => {
            let bundle = Bundle::parse(value.to_string().as_bytes());
            let bundle = bundle.map_err(|error| unread(error.code(), &error))?;
            if matches!(bundle.artefact, Artefact::Credential(_)) != credential {
                let detail = format!("the bundle holds no {wanted}");
                let finding = Finding::new(Cause::RequestMalformed.code(), detail);
                return Err(Refusal::Unverified(vec![finding]));
            }
            return Ok(bundle);
        }
        Some(compact) if credential => {
            SecuredCredential::parse_compact(compact).map(Artefact::Credential)
        }
        Some(compact) => Presentation::parse_compact(compact).map(Artefact::Presentation),
        None if credential => {
            SecuredCredential::parse_value(value.clone()).map(Artefact::Credential)
        }
        None => Presentation::parse_value(value.clone()).map(Artefact::Presentation),
    };
    read.map(Bundle::of).map_err(|error| unread(error.code(), &error))
}

fn unread(code: &'static str, error: &dyn std::error::Error) -> Refusal {
    let detail = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Refusal::Unverified(vec![Finding::new(code, detail)])
}

fn is_secured_by(artefact: &Artefact, suite: Suite) -> bool {
    match artefact {
        Artefact::Credential(secured) => suite.secures(secured),
        Artefact::Presentation(shown) => suite.secures_presentation(shown),
    }
}

/// Options that change nothing about the verdict.
fn idle(service: &Service, options: &Options) -> Vec<Value> {
    let effective: &[&str] = match service.options.profile {
        Profile::Strict => &["challenge", "domain", "proofPurpose"],
        Profile::Conformance => &["challenge", "domain", "proofPurpose", "checks"],
    };
    let warning = |name: &str| Options::idle(name).to_value();
    options.beside(effective).into_iter().map(warning).collect()
}

/// What a credential says in terms that no context known here defines: its proof covers them, and nobody knows what they
/// mean. The suites that canonicalise RDF refuse it by themselves.
fn undefined(service: &Service, secured: &SecuredCredential) -> Option<Value> {
    let is_rdfc = secured.issuer_proof().is_some_and(|proof| proof.cryptosuite().is_rdfc());
    // The claims of an SD-JWT VC mean what its type says, and no context.
    if is_rdfc || secured.sd_jwt_vc().is_some() || service.options.profile == Profile::Conformance {
        return None;
    }
    let detail = match canonical_nquads(secured.credential().value(), service.contexts()) {
        Err(RdfcError::ContextUnknown { context }) => {
            format!("the context {context} is not known here")
        }
        Err(RdfcError::TermUndefined { term }) => format!("no context says what {term:?} means"),
        Err(RdfcError::IriRelative { iri }) => format!("no context says what {iri:?} is"),
        Ok(_) | Err(_) => return None,
    };
    Some(Finding::new(Cause::TermWithoutContext.code(), detail).to_value())
}

/// `domain` and `challenge` of a credential's proof, where the options ask for them.
fn check_answers(secured: &SecuredCredential, options: &Options, findings: &mut Vec<Finding>) {
    let proof = secured.issuer_proof();
    let domain = proof.map(|proof| proof.domain()).unwrap_or_default();
    if !options.domain.is_empty() && domain != options.domain {
        let detail = "the proof is for another domain than the options ask for";
        findings.push(Finding::new(Cause::ProofDomainMismatch.code(), detail));
    }
    let challenge = proof.and_then(|proof| proof.challenge());
    if options.challenge.is_some() && challenge != options.challenge.as_deref() {
        let detail = "the proof answers another challenge than the options name";
        findings.push(Finding::new(Cause::ProofChallengeMismatch.code(), detail));
    }
    if let (Some(purpose), Some(proof)) = (&options.purpose, proof)
        && proof.purpose() != purpose
    {
        let detail = "the proof has another purpose than the options name";
        findings.push(Finding::new(Cause::ProofPurposeMismatch.code(), detail));
    }
}

/// What a presentation must answer. Strictly both challenge and domain must be asked for; else what was not is taken as it is.
fn expectation(
    service: &Service,
    presentation: &Presentation,
    options: &Options,
) -> Result<Option<Expectation>, Refusal> {
    let strict = service.options.profile == Profile::Strict;
    let given = |asked: Option<String>, own: Option<String>, name: &str| match asked.or(own) {
        None if strict => {
            let detail =
                format!("options.{name} is missing: say what the presentation must answer");
            let finding = Finding::new(Cause::OptionMalformed.code(), detail);
            Err(Refusal::Unverified(vec![finding]))
        }
        found => Ok(found),
    };
    let own = presentation.nonce().filter(|_| !strict).map(str::to_owned);
    let nonce = given(options.challenge.clone(), own, "challenge")?;
    let own = presentation.audience().first().filter(|_| !strict).cloned();
    let audience = given(options.domain.first().cloned(), own, "domain")?;
    Ok(nonce.zip(audience).map(|(nonce, audience)| Expectation {
        nonce,
        audience,
        nonce_issued_at: None,
        live: Live::CallerKeepsNonce,
    }))
}

/// A verdict that is good.
struct Judged {
    checks: Vec<Value>,
    warnings: Vec<Value>,
    as_of: Timestamp,
}

impl Judged {
    fn to_value(&self, document: &Value) -> Value {
        json!({
            "verified": true,
            "document": document,
            "checks": self.checks,
            "warnings": self.warnings,
            "problemDetails": [],
            "asOf": self.as_of.to_string(),
        })
    }
}

fn judge(
    service: &Service,
    bundle: &Bundle,
    expectation: Option<Expectation>,
    options: &Options,
    mut findings: Vec<Finding>,
) -> Result<Judged, Refusal> {
    let now = service.now();
    // A copy that travels says how something stood, and not how it stands.
    let copies = Copies::MustBeRenewed;
    let verification = verification(service, bundle, expectation, (copies, now))?;
    let mut warnings = Vec::new();
    if let Some(backing) = &service.options.backing
        && let Err(error) = backing.remember(verification.states())
    {
        // The verdict is as good as it was: whoever keeps the profile busy must not stop it.
        let detail = "the newest states that it rests on could not be remembered now";
        warnings.push(Finding::new(error.code, detail).to_value());
    }
    let mut excused = 0_usize;
    for check in verification.checks() {
        let Some(reason) = check.reason() else {
            warnings.extend(unbound(check));
            continue;
        };
        let finding = lost(service, named(bundle, check), reason)
            .unwrap_or_else(|| finding_of(check, reason));
        if !check.failed() && !check.blocks() {
            warnings.push(finding.to_value());
        } else if is_excused(service, bundle, check, options) {
            excused = excused.saturating_add(1);
            warnings.push(finding.to_value());
        } else {
            let falsified = service.options.profile == Profile::Conformance
                && *reason == Reason::IssuerNotController
                && !named(bundle, check).is_some_and(|secured| is_signed(service, secured));
            if falsified {
                let detail =
                    format!("{}: the proof is not of the key that it names", check.subject);
                findings.push(Finding::new("credential-proof-invalid", detail));
            }
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    if findings.is_empty() && excused == 0 && !verification.is_authentic() {
        findings.push(Finding::new(
            Cause::VerdictMissing.code(),
            "the verification came to no verdict",
        ));
    }
    if !findings.is_empty() {
        return Err(Refusal::Unverified(findings));
    }
    Ok(Judged { checks: lines(&verification), warnings, as_of: now })
}

/// Verifies a bundle by what is here, what the backing knows, and what may be fetched. `copies` is for a server without a ledger.
pub(super) fn verification(
    service: &Service,
    bundle: &Bundle,
    expectation: Option<Expectation>,
    (copies, now): (Copies, Timestamp),
) -> Result<Verification, Refusal> {
    let grounds = gathered(service, bundle, (copies, now))?;
    let Grounds { mut material, logs, grade, timestamps, certificates, .. } = grounds;
    let Grounds { receipts, declared, known, .. } = grounds;
    let context = Context {
        logs,
        grade,
        timestamps,
        certificates,
        receipts,
        expectation,
        max_age: None,
        declared,
        known,
        as_of: now,
        received_at: now,
    };
    material.contexts = service.verifier_contexts().or(material.contexts);
    Ok(verify(bundle, &material, &context))
}

/// What a proof over RDF does not cover, so that nobody could have made it: it tells more than that the proof does not hold, and has
/// a problem type of its own (VC Data Integrity §4.7).
fn lost(
    service: &Service,
    secured: Option<&SecuredCredential>,
    reason: &Reason,
) -> Option<Finding> {
    let secured = secured.filter(|_| *reason == Reason::CredentialProofInvalid)?;
    secured.issuer_proof().filter(|proof| proof.cryptosuite().is_rdfc())?;
    match canonical_nquads(secured.credential().value(), service.contexts()) {
        Err(RdfcError::ContextUnknown { .. } | RdfcError::TooMuchWork) | Ok(_) => None,
        Err(error) => Some(Finding::new(error.code(), error.to_string())),
    }
}

fn finding_of(check: &Check, reason: &Reason) -> Finding {
    Finding::new(reason.code(), format!("{}: {reason}", check.subject))
}

/// That nothing says whose a presented credential is: whoever has it can present it.
fn unbound(check: &Check) -> Option<Value> {
    let is_bearer = check.name == CheckName::Presentation
        && matches!(check.outcome, Outcome::Skipped)
        && check.subject.starts_with("cred[");
    let detail = format!("{}: it names no holder: whoever has it can present it", check.subject);
    is_bearer.then(|| Finding::new(Cause::PresenterNotBound.code(), detail).to_value())
}

fn lines(verification: &Verification) -> Vec<Value> {
    let line = |check: &Check| {
        let mut out = Map::new();
        out.insert("check".to_owned(), check.name.as_str().into());
        out.insert("subject".to_owned(), check.subject.as_str().into());
        let outcome = match check.outcome {
            Outcome::Pass => "pass",
            Outcome::Fail(_) => "fail",
            Outcome::Skipped => "skipped",
            Outcome::Unknown(_) => "unknown",
        };
        out.insert("outcome".to_owned(), outcome.into());
        Value::Object(out)
    };
    verification.checks().iter().map(line).collect()
}

/// What the verification may rest on: what is here, what the backing knows, and what may be fetched.
pub(crate) fn gathered(
    service: &Service,
    bundle: &Bundle,
    (copies, now): (Copies, Timestamp),
) -> Result<Grounds, Refusal> {
    let ours = |want: &Want| match want {
        Want::StatusList { uri, .. } => service.status.is_ours(uri),
        Want::Did(_)
        | Want::Issuance { .. }
        | Want::Act { .. }
        | Want::LastStatusList { .. }
        | Want::Schema(_) => false,
    };
    let (own, foreign): (Vec<Want>, Vec<Want>) = plan(bundle).into_iter().partition(ours);
    let network = service.options.network;
    let mut grounds = match &service.options.backing {
        Some(backing) => backing.grounds(bundle, &foreign, network, now)?,
        None => {
            let schemas = BTreeMap::new();
            let others = &gather::NoOthers;
            let sources = Sources { ledger: None, others, schemas: &schemas, network, copies };
            let gathered = gather::gather(bundle, &foreign, &sources, now);
            Grounds::of(gathered.map_err(|_| Refusal::fault())?.material)
        }
    };
    for want in own {
        if let Want::StatusList { uri, .. } = want
            && let Some(body) = service.status.served(service, &uri)?
        {
            // Asked of its issuer now, though it was signed before: what is signed anew stands in it already.
            let list = ServedStatusList::new(&uri, body.as_bytes()).fetched(now);
            grounds.material.status_lists.push(list);
        }
    }
    Ok(grounds)
}

/// What the conformance profile lets pass, as a warning: an issuer that cannot be resolved, or whose key it is not, if the
/// proof is good under the key that it names; and a status that the caller did not ask for and that is not at hand.
fn is_excused(service: &Service, bundle: &Bundle, check: &Check, options: &Options) -> bool {
    if service.options.profile == Profile::Strict {
        return false;
    }
    let Some(reason) = check.reason() else { return false };
    match (check.name, reason) {
        (CheckName::Status, Reason::StatusMissing { .. }) => {
            options.checks.as_ref().is_some_and(|checks| checks.iter().all(|name| name == "proof"))
        }
        (CheckName::Presentation, Reason::HolderKeyMismatch) => check.subject.starts_with("cred["),
        (CheckName::RelatedResource, Reason::RelatedResourceMismatch { position }) => {
            let all = named(bundle, check).map(|named| named.credential().related_resources());
            let fixed = all.and_then(|all| all.get(*position));
            fixed.is_some_and(|resource| resources::is_draft(resource, service.options.profile))
        }
        (CheckName::Signature, Reason::IssuerNotController)
        | (
            CheckName::Signature | CheckName::IssuerLog | CheckName::KeyInForce,
            Reason::NotADid { .. },
        ) => named(bundle, check).is_some_and(|secured| {
            secured.credential().status().is_empty() && is_signed(service, secured)
        }),
        _ => false,
    }
}

/// The credential that a check is about.
fn named<'a>(bundle: &'a Bundle, check: &Check) -> Option<&'a SecuredCredential> {
    let number = check.subject.strip_prefix("cred[")?.strip_suffix(']')?;
    bundle.artefact.credentials().get(number.parse::<usize>().ok()?)
}

/// Whether the issuer's proof is good under the key that it names, whoever's that is.
fn is_signed(service: &Service, secured: &SecuredCredential) -> bool {
    let Ok(url) = DidUrl::parse(secured.issuer_verification_method()) else { return false };
    let did: &Did = url.did();
    let Ok(document) = resolve_self_contained(did) else { return false };
    let Some(method) = document.method(&url) else { return false };
    document.allows(&url, Relationship::AssertionMethod)
        && secured.verify_issuer_proof_with(&method.key, service.contexts()).is_ok()
}
