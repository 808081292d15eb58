//! `/presentations`: a presentation is signed by one of the keys here, as its holder.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use inkan_core::rng;
use inkan_credential::presentation::{
    secure_presentation_cose, secure_presentation_di, secure_presentation_jose,
};
use inkan_credential::proof::Purpose;
use inkan_credential::sign::ProofTerms;
use inkan_crypto::Signer;
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

use super::answer::{Cause, Refusal, json_answer};
use super::envelope::{Options, Request};
use super::handle::answered;
use super::issue::unsigned;
use super::options::Profile;
use super::service::Service;
use super::suites::{Issuer, Suite};

/// POST `/presentations`.
pub(crate) async fn present(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answered(service, &uri, headers, body, made).await
}

fn made(
    service: &Service,
    suite: Option<Suite>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let none =
        || Refusal::missing(Cause::SuiteNotServed.code(), "this suite signs no presentations");
    let suite = suite.unwrap_or(Suite::EddsaRdfc).presents().ok_or_else(none)?;
    let holder = &service.needed_issuer(suite)?;
    let mut document = request.take("presentation")?;
    let options = request.options;
    let mut effective = vec!["created", "expires", "challenge", "domain"];
    if suite.cryptosuite().is_some() {
        effective.extend(["proofId", "proofPurpose"]);
    }
    options.check(service, (suite, holder), &effective)?;
    if document.get("verifiableCredential").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        let detail = "verifiableCredential is an empty list: name a credential, or leave it out";
        return Err(Refusal::bad("presentation-malformed", detail));
    }
    let Value::Object(members) = &mut document else {
        return Err(Refusal::bad("presentation-malformed", "the presentation is no object"));
    };
    let named = match members.get("holder") {
        None => None,
        Some(Value::Object(object)) => {
            Some(object.get("id").and_then(Value::as_str).unwrap_or_default())
        }
        Some(value) => Some(value.as_str().unwrap_or_default()),
    };
    match named {
        None => drop(members.insert("holder".to_owned(), holder.did.as_str().into())),
        Some(did) if did == holder.did || service.options.profile == Profile::Conformance => {}
        Some(_) => {
            let detail = "holder is not the DID of this suite's key: see /ids";
            return Err(Refusal::bad(Cause::IssuerNotOurs.code(), detail));
        }
    }
    let presentation = match suite.cryptosuite() {
        Some(_) => embedded(service, (suite, holder), document, &options)?,
        None => enveloped(service, (suite, holder), document, &options)?,
    };
    let answer = json!({ "verifiablePresentation": presentation });
    Ok(json_answer(StatusCode::CREATED, &answer))
}

fn embedded(
    service: &Service,
    (suite, holder): (Suite, &Issuer),
    document: Value,
    options: &Options,
) -> Result<Value, Refusal> {
    let Some(cryptosuite) = suite.cryptosuite() else { return Err(Refusal::fault()) };
    let id = options.proof_id.clone().unwrap_or_else(|| rng::draw_uuid_urn(&mut OsRng));
    let domain: Vec<&str> = options.domain.iter().map(String::as_str).collect();
    let purpose = options.purpose.clone().unwrap_or(Purpose::Authentication);
    if purpose != Purpose::Authentication && service.options.profile == Profile::Strict {
        let detail = "options.proofPurpose: a presentation is signed for authentication";
        return Err(Refusal::bad(Cause::OptionMalformed.code(), detail));
    }
    let terms = ProofTerms {
        id: Some(&id),
        purpose,
        created: Some(options.created.unwrap_or_else(|| service.now())),
        expires: options.expires,
        domain: &domain,
        challenge: options.challenge.as_deref(),
        ..ProofTerms::new(cryptosuite, &holder.method)
    };
    let made = secure_presentation_di(document, &terms, &*holder.key, service.contexts());
    made.map(|made| made.to_value()).map_err(unsigned)
}

fn enveloped(
    service: &Service,
    (suite, holder): (Suite, &Issuer),
    mut document: Value,
    options: &Options,
) -> Result<Value, Refusal> {
    if let Value::Object(members) = &mut document {
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("iat", options.created.unwrap_or_else(|| service.now()).seconds().into());
        if let Some(expires) = options.expires {
            put("exp", expires.seconds().into());
        }
        if let Some(challenge) = &options.challenge {
            put("nonce", challenge.as_str().into());
        }
        match options.domain.as_slice() {
            [] => {}
            [one] => drop(put("aud", one.as_str().into())),
            several => drop(put("aud", several.into())),
        }
    }
    let by: (&str, &dyn Signer) = (&holder.method, &*holder.key);
    let made = if suite == Suite::VcCose {
        secure_presentation_cose(&document, by.0, by.1)
    } else {
        secure_presentation_jose(&document, by.0, by.1)
    };
    made.map(|made| made.to_value()).map_err(unsigned)
}
