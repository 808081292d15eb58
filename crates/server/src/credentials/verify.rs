//! `/credentials/verify` and `/presentations/verify`: the verifier's verdict. 200 says "verified", and nothing else does.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_core::Timestamp;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::{Artefact, Bundle, ParseError, Presentation, SecuredCredential};
use inkan_did::{Did, DidUrl, Relationship, resolve_self_contained};
use inkan_io::gather::{self, Copies, Sources};
use inkan_ledger::Grade;
use inkan_verifier::check::{Check, CheckName, Outcome};
use inkan_verifier::{
    Context, Expectation, Live, Material, Reason, Receipts, Verification, Want, plan, verify,
};
use serde_json::{Map, Value, json};

use super::answer::{Cause, Finding, Refusal, json_answer};
use super::envelope::{Options, Request};
use super::issue::{blocking, request};
use super::options::Profile;
use super::routes::suite_of;
use super::service::Service;
use super::suites::Suite;

/// POST `/credentials/verify`.
pub(crate) async fn credential(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let suite = suite_of(&uri)?;
    let request = request(&service, &headers, body).await?;
    blocking(service, move |service| judge_credential(service, suite, request)).await
}

/// POST `/presentations/verify`.
pub(crate) async fn presentation(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let suite = suite_of(&uri)?;
    let request = request(&service, &headers, body).await?;
    blocking(service, move |service| judge_presentation(service, suite, request)).await
}

fn judge_credential(
    service: &Service,
    suite: Option<Suite>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let value = match request.optional("verifiableCredential") {
        Some(value) => value,
        None => request.take("credential")?,
    };
    let secured = match value.as_str() {
        Some(compact) => SecuredCredential::parse_compact(compact),
        None => SecuredCredential::parse_value(value.clone()),
    };
    let secured = secured.map_err(|error| unread(&error))?;
    if suite.is_some_and(|suite| !suite.secures(&secured)) {
        return Err(other_suite());
    }
    let mut findings = Vec::new();
    check_answers(&secured, &request.options, &mut findings);
    let bundle = Bundle::of(Artefact::Credential(secured));
    let judged = judge(service, &bundle, None, &request.options, findings)?;
    Ok(json_answer(StatusCode::OK, &judged.to_value(&value)))
}

fn judge_presentation(
    service: &Service,
    suite: Option<Suite>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let value = match request.optional("verifiablePresentation") {
        Some(value) => value,
        None => request.take("presentation")?,
    };
    let presentation = match value.as_str() {
        Some(compact) => Presentation::parse_compact(compact),
        None => Presentation::parse_value(value.clone()),
    };
    let presentation = presentation.map_err(|error| unread(&error))?;
    let secures = |suite: Suite| match suite.cryptosuite() {
        Some(name) => presentation.proofs().iter().any(|proof| *proof.cryptosuite() == name),
        None => presentation.proofs().is_empty(),
    };
    if suite.is_some_and(|suite| !secures(suite)) {
        return Err(other_suite());
    }
    let expected = expectation(service, &presentation, &request.options);
    let bundle = Bundle::of(Artefact::Presentation(presentation));
    let judged = judge(service, &bundle, expected, &request.options, Vec::new())?;
    Ok(json_answer(StatusCode::OK, &judged.to_value(&value)))
}

fn unread(error: &ParseError) -> Refusal {
    let source = std::error::Error::source(error);
    let detail = source.map_or_else(|| error.to_string(), ToString::to_string);
    Refusal::Unverified(vec![Finding::new(error.code(), detail)])
}

fn other_suite() -> Refusal {
    let detail = "nothing in it is secured by the suite of this path";
    Refusal::Unverified(vec![Finding::new(Cause::SuiteMismatch.code(), detail)])
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
) -> Option<Expectation> {
    let given = |asked: Option<String>, own: Option<String>| match service.options.profile {
        Profile::Strict => asked,
        Profile::Conformance => asked.or(own),
    };
    let own = presentation.nonce().map(str::to_owned);
    let nonce = given(options.challenge.clone(), own)?;
    let own = presentation.audience().first().cloned();
    let audience = given(options.domain.first().cloned(), own)?;
    Some(Expectation { nonce, audience, nonce_issued_at: None, live: Live::CallerKeepsNonce })
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
    let context = Context {
        logs: Vec::new(),
        grade: Grade::Operator,
        timestamps: None,
        receipts: Receipts::Used,
        expectation,
        max_age: None,
        known: Vec::new(),
        as_of: now,
        received_at: now,
    };
    let mut material = gathered(service, bundle, now)?;
    material.contexts = service.verifier_contexts();
    let verification = verify(bundle, &material, &context);
    let mut warnings = Vec::new();
    let mut excused = 0_usize;
    for check in verification.checks() {
        let Some(reason) = check.reason() else { continue };
        let finding = finding_of(check, reason);
        if !check.failed() && !check.blocks() {
            warnings.push(finding.to_value());
        } else if is_excused(service, bundle, check, options) {
            excused = excused.saturating_add(1);
            warnings.push(finding.to_value());
        } else {
            findings.push(finding);
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

fn finding_of(check: &Check, reason: &Reason) -> Finding {
    Finding::new(reason.code(), format!("{}: {reason}", check.subject))
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

/// What the verification may rest on: what is here, and what may be fetched.
fn gathered(service: &Service, bundle: &Bundle, now: Timestamp) -> Result<Material, Refusal> {
    let ours = |want: &Want| match want {
        Want::StatusList { uri, .. } => service.status.is_ours(uri),
        Want::Did(did) => service.options.did_logs.iter().any(|(own, _)| own == did),
        Want::Issuance { .. } | Want::Act { .. } | Want::Schema(_) => false,
    };
    let (own, foreign): (Vec<Want>, Vec<Want>) = plan(bundle).into_iter().partition(ours);
    let schemas = BTreeMap::new();
    let sources = Sources {
        ledger: None,
        schemas: &schemas,
        network: service.options.network,
        copies: Copies::Count,
    };
    let gathered = gather::gather(bundle, &foreign, &sources, now);
    let mut material = gathered.map_err(|_| Refusal::fault())?.material;
    material.did_logs.extend(service.options.did_logs.iter().cloned());
    for want in own {
        if let Want::StatusList { uri, .. } = want
            && let Some(body) = service.status.served(service, &uri)?
        {
            material.status_lists.push(ServedStatusList { uri, body });
        }
    }
    Ok(material)
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
        (CheckName::Signature, Reason::IssuerNotController)
        | (
            CheckName::Signature | CheckName::IssuerLog | CheckName::KeyInForce,
            Reason::NotADid { .. },
        ) => {
            let number =
                check.subject.strip_prefix("cred[").and_then(|rest| rest.strip_suffix(']'));
            let index = number.and_then(|number| number.parse::<usize>().ok());
            let secured = index.and_then(|index| bundle.artefact.credentials().get(index));
            secured.is_some_and(|secured| {
                secured.credential().status().is_empty() && is_signed(service, secured)
            })
        }
        _ => false,
    }
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
