//! Which request does what: opening a session, its page, the presentation, the two ceremonies, the result.
//!
//! Whatever changes a session is judged while the store is held, on the session as it is then: so a nonce, an answer and a counter count once.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use inkan_assurance::{Decision, builtin};
use inkan_core::{Timestamp, json, sha256};
use inkan_credential::bundle::read_any;
use inkan_credential::{Artefact, Bundle};
use inkan_evidence::PresentationEvidence;
use inkan_evidence::shown::Channel;
use inkan_evidence::webauthn::registration::Beside;
use inkan_evidence::webauthn::{
    self, RegistrationResponse, WebauthnError, read_attestation_object,
};
use inkan_io::gather::Copies;
use inkan_io::os_rng::OsRng;
use inkan_verifier::Presenter;
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::Fault;
use super::judge::{Judged, judge};
use super::session::{ATTEMPTS, State, WHY};
use super::store::PASSKEYS;
use super::words::Language;
use super::{Desk, Enrol, Session, Terms, form, page, passkey, report};
use crate::credentials::answer::{Cause, Finding, Refusal, json_answer};
use crate::credentials::handle::{blocking, body_of};
use crate::credentials::service::Service;
use crate::credentials::verify::gathered;
use crate::ledger_node::request::media_type;
use crate::problem::{Code, PROBLEM_JSON, codes};

/// What an authenticator's answer can lack so that it shows nothing.
const BROKEN: [&str; 3] =
    ["webauthn-challenge-mismatch", "webauthn-assertion-invalid", "authenticator-not-bound"];
/// The checks of a report that a passkey can mend.
const MENDED: [&str; 2] = ["aal", "authenticator"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct OpenRequest {
    policy: String,
    min_ial: Option<String>,
    min_aal: Option<String>,
    why: String,
    #[serde(default)]
    register: Enrol,
}

/// POST `/desk/sessions`: the operator asks somebody for something.
pub(crate) async fn open(
    Shared(service): Shared<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let body = body_of(&service, &headers, body).await?;
    let opened = blocking(service, move |service| {
        let desk = desk(service)?;
        let value = json::parse(&body, service.options.limits.body)
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
        let asked = OpenRequest::deserialize(value)
            .map_err(|error| Refusal::bad(Cause::RequestMalformed.code(), error.to_string()))?;
        let policy = match &service.options.backing {
            Some(backing) => backing.policy(&asked.policy)?,
            None => builtin(&asked.policy).ok_or_else(|| {
                Refusal::missing(Cause::PolicyUnknown.code(), "there is no such policy here")
            })?,
        };
        let policy = policy
            .with_minimum(asked.min_ial.as_deref(), asked.min_aal.as_deref())
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
        let length = asked.why.chars().count();
        if asked.why.trim().is_empty() || length > WHY {
            let detail = format!("why: say it in 1 to {WHY} characters");
            return Err(Refusal::bad(Cause::RequestMalformed.code(), detail));
        }
        let terms = Terms { policy, why: asked.why, enrol: asked.register };
        let now = service.now();
        let opened = Session::open(terms, &desk.options.asker, &desk.place, now, &mut OsRng);
        desk.store.add(&opened, now)?;
        Ok(opened)
    })
    .await?;
    Ok(json_answer(StatusCode::CREATED, &opened.to_value()))
}

/// GET `/desk/sessions/{id}`: what came of it, for the operator.
pub(crate) async fn result(
    Shared(service): Shared<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let value = blocking(service, move |service| {
        let found = desk(service)?.store.session(&id, service.now())?.ok_or_else(unknown)?;
        Ok(found.to_result(service.now()))
    })
    .await?;
    Ok(json_answer(StatusCode::OK, &value))
}

/// GET `/desk/{secret}`.
pub(crate) async fn page(
    Shared(service): Shared<Arc<Service>>,
    Path(secret): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(&headers, uri.query());
    if report::is_asked(uri.query()) {
        return report::download(service, secret, language).await;
    }
    let work = move |service: &Service| {
        let desk = desk(service)?;
        let session = desk.store.of_secret(&secret, service.now())?.ok_or_else(unknown)?;
        shown(service, desk, &session, language, None)
    };
    match blocking(service, work).await {
        Ok(text) => page::answer(StatusCode::OK, text),
        Err(refusal) => refused(&refusal, language),
    }
}

/// POST `/desk/{secret}`: a presentation, by the form of the page, or as it is.
pub(crate) async fn present(
    Shared(service): Shared<Arc<Service>>,
    Path(secret): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let language = Language::of(&headers, uri.query());
    let is_form = media_type(&headers).is_some_and(|kind| kind == "multipart/form-data");
    // From where the page is: the server may stand behind a path.
    let back = format!("{secret}{}", language.query());
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().to_owned();
    let taken = async {
        check_origin(&service, &headers)?;
        let body = body_of(&service, &headers, body).await?;
        let shared = Arc::clone(&service);
        let secret = secret.clone();
        blocking(shared, move |service| {
            let bytes = if is_form {
                let wrong = "the form holds no presentation, or two: paste it, or choose a file";
                form::presentation(&kind, &body)
                    .ok_or_else(|| Fault::AnswerMalformed.says(wrong))?
            } else {
                body.as_slice()
            };
            let session = take(service, &secret, bytes)?;
            Ok((report::with_report(service, session), service.now()))
        })
        .await
    };
    match (taken.await, is_form) {
        // The page is asked for anew, so that reloading it sends nothing twice.
        (Ok(_), true) => page::see_other(&back),
        (Ok((session, now)), false) => verdict(&session, now),
        (Err(refusal), false) => refusal.into_response(),
        (Err(refusal), true) => {
            let told = refusal.clone();
            let work = move |service: &Service| {
                let desk = desk(service)?;
                let session = desk.store.of_secret(&secret, service.now())?.ok_or_else(unknown)?;
                shown(service, desk, &session, language, Some(&told))
            };
            match blocking(service, work).await {
                Ok(text) => page::answer(refusal.status(), text),
                Err(_) => refused(&refusal, language),
            }
        }
    }
}

/// GET `/desk/{secret}/options`: what the browser is to ask authenticators.
pub(crate) async fn options(
    Shared(service): Shared<Arc<Service>>,
    Path(secret): Path<String>,
) -> Result<Response, Refusal> {
    let value = blocking(service, move |service| {
        let desk = desk(service)?;
        let now = service.now();
        let session = presented(desk, &secret, now)?;
        let rp_id = desk.place.rp_id.as_deref().ok_or_else(no_site)?;
        let judged = again(service, desk, &session)?;
        let by = judged.verification.presenter().ok_or_else(no_presenter)?;
        let passkeys = desk.store.passkeys(by.holder(), &by.key().thumbprint())?;
        let get = (!passkeys.is_empty())
            .then(|| passkey::to_get(&session, rp_id, &by.presentation_digest(), &passkeys, now));
        let create = may_register(&session, passkeys.len())
            .then(|| passkey::to_create((desk, &session, rp_id), by, &passkeys, now));
        Ok(json!({ "type": "inkan-desk-options/1", "get": get, "create": create }))
    })
    .await?;
    Ok(json_answer(StatusCode::OK, &value))
}

/// POST `/desk/{secret}/confirm`: a passkey's answer.
pub(crate) async fn confirm(
    Shared(service): Shared<Arc<Service>>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    check_origin(&service, &headers)?;
    let body = body_of(&service, &headers, body).await?;
    blocking(service, move |service| {
        let session = report::with_report(service, confirmed(service, &secret, &body)?);
        Ok(verdict(&session, service.now()))
    })
    .await
}

/// POST `/desk/{secret}/register`: a passkey that was made.
pub(crate) async fn register(
    Shared(service): Shared<Arc<Service>>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    check_origin(&service, &headers)?;
    let body = body_of(&service, &headers, body).await?;
    let value = blocking(service, move |service| registered(service, &secret, &body)).await?;
    Ok(json_answer(StatusCode::CREATED, &value))
}

/// GET `/desk/assets/desk.js`.
pub(crate) async fn script() -> Response {
    page::asset("text/javascript; charset=utf-8", include_str!("assets/desk.js"))
}

/// GET `/desk/assets/desk.css`.
pub(crate) async fn style() -> Response {
    page::asset("text/css; charset=utf-8", include_str!("assets/desk.css"))
}

/// Judges what is presented. Once its holder's signature over the nonce holds, the nonce is used up, whatever else comes of it; a forger
/// uses up nobody's.
fn take(service: &Service, secret: &str, bytes: &[u8]) -> Result<Session, Refusal> {
    let desk = desk(service)?;
    let now = service.now();
    unanswered(desk, secret, now)?;
    let bundle = read(bytes)?;
    let grounds = gathered(service, &bundle, (Copies::MustBeRenewed, now))?;
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| unread())?;
    let _held = desk.store.hold()?;
    let mut session = unanswered(desk, secret, now)?;
    let judged = judge(service, desk, &session, (&bundle, grounds), &nothing_shown())?;
    session.report = Some(judged.report.to_value().clone());
    if let Some(by) = judged.verification.presenter() {
        let artefact = sha256(&[bundle.artefact.to_bare().as_bytes()]);
        session.presented((text, &artefact), by.holder(), now);
        if !may_step_up(desk, &session, &judged, by)? {
            session.settle(now);
        }
    }
    desk.store.put(&session)?;
    Ok(session)
}

/// Judges a presentation again, with what an authenticator answered over it.
fn confirmed(service: &Service, secret: &str, body: &[u8]) -> Result<Session, Refusal> {
    let desk = desk(service)?;
    let now = service.now();
    let (shown, answer) = passkey::read_assertion(body)?;
    let bundle = kept(&presented(desk, secret, now)?)?;
    let grounds = gathered(service, &bundle, (Copies::MustBeRenewed, now))?;
    let _held = desk.store.hold()?;
    let mut session = presented(desk, secret, now)?;
    if session.answers.contains(&answer) {
        return Err(Fault::AnswerUsed.says("this very answer was judged before; confirm again"));
    }
    session.answers.push(answer);
    let judged = judge(service, desk, &session, (&bundle, grounds), &shown)?;
    session.report = Some(judged.report.to_value().clone());
    // Counters first: a crash after this loses the verdict, and not the counter.
    for passkey in &judged.remember.registrations {
        desk.store.put_passkey(passkey)?;
    }
    let more = match judged.verification.presenter() {
        Some(by) => may_step_up(desk, &session, &judged, by)?,
        None => false,
    };
    if !more || session.answers.len() >= ATTEMPTS {
        session.settle(now);
    }
    desk.store.put(&session)?;
    match BROKEN.into_iter().find(|code| judged.lost.contains(code)) {
        Some(code) if judged.report.decision() != Decision::Accept => {
            let title = codes().get(code).map(|entry| entry.title.clone()).unwrap_or_default();
            let finding = Finding::new(code, title);
            Err(Refusal::Request(StatusCode::UNPROCESSABLE_ENTITY, finding))
        }
        Some(_) | None => Ok(session),
    }
}

/// Registers a passkey to who has presented, if the operator allows it in the session.
fn registered(service: &Service, secret: &str, body: &[u8]) -> Result<Value, Refusal> {
    let desk = desk(service)?;
    let now = service.now();
    let created = passkey::read_created(body)?;
    let site = desk.place.site().ok_or_else(no_site)?;
    let judged = again(service, desk, &presented(desk, secret, now)?)?;
    let _held = desk.store.hold()?;
    let session = presented(desk, secret, now)?;
    let by = judged.verification.presenter().ok_or_else(no_presenter)?;
    let passkeys = desk.store.passkeys(by.holder(), &by.key().thumbprint())?;
    if !may_register(&session, passkeys.len()) {
        let detail = "no passkey may be registered in the session";
        return Err(Fault::RegistrationNotAllowed.says(detail));
    }
    let of = |error: WebauthnError| Refusal::bad(error.code(), error.to_string());
    let response = RegistrationResponse {
        client_data: &created.client_data,
        attestation_object: &created.attestation_object,
    };
    let metadata = desk.metadata(now)?;
    let beside = Beside {
        presenter: by,
        nonce: &session.nonce,
        site: &site,
        metadata: metadata.as_ref(),
        at: now,
    };
    let made = webauthn::register(&response, &beside).map_err(of)?;
    let data = read_attestation_object(&created.attestation_object).map_err(of)?;
    // WebAuthn §7.1 steps 16 and 26.
    if !data.flags().is_user_verified() {
        return Err(Fault::PasskeyUnfit.says("the authenticator did not verify its user"));
    }
    if made.credential_id() != created.id || desk.store.is_registered(&created.id)? {
        return Err(
            Fault::PasskeyUnfit.says("this passkey is another one, or is registered already")
        );
    }
    desk.store.put_passkey(&made)?;
    let value = made.to_value();
    Ok(json!({
        "type": "inkan-desk-passkey/1",
        "id": value.get("credentialId"),
        "aaguid": value.get("aaguid"),
        "attestation": value.pointer("/attestation/outcome"),
    }))
}

/// Whether a passkey could still lead to an acceptance: nothing else is missing, pages have a name that authenticators know, and there is
/// one, or one may be made.
fn may_step_up(
    desk: &Desk,
    session: &Session,
    judged: &Judged,
    by: &Presenter,
) -> Result<bool, Refusal> {
    let mut deciding = judged.report.checks().iter().filter(|line| line.decides()).peekable();
    if judged.report.decision() == Decision::Accept
        || deciding.peek().is_none()
        || !deciding.all(|line| MENDED.contains(&line.check()))
        || desk.place.rp_id.is_none()
    {
        return Ok(false);
    }
    let passkeys = desk.store.passkeys(by.holder(), &by.key().thumbprint())?;
    Ok(!passkeys.is_empty() || may_register(session, 0))
}

fn may_register(session: &Session, passkeys: usize) -> bool {
    match session.enrol {
        Enrol::Never => false,
        Enrol::First => passkeys == 0,
        Enrol::More => passkeys < PASSKEYS,
    }
}

/// Judges what is kept, without an answer of an authenticator.
fn again(service: &Service, desk: &Desk, session: &Session) -> Result<Judged, Refusal> {
    let bundle = kept(session)?;
    let grounds = gathered(service, &bundle, (Copies::MustBeRenewed, service.now()))?;
    judge(service, desk, session, (&bundle, grounds), &nothing_shown())
}

const fn nothing_shown() -> PresentationEvidence {
    // Whoever posts may be anywhere.
    PresentationEvidence::by(Channel::DirectPostCrossDevice)
}

/// A presentation, bare or with what proves it.
fn read(bytes: &[u8]) -> Result<Bundle, Refusal> {
    let read = read_any(bytes).map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
    let bundle = read.into_bundle();
    match bundle.artefact {
        Artefact::Presentation(_) => Ok(bundle),
        Artefact::Credential(_) => Err(Fault::AnswerMalformed
            .says("this is a credential; present it with the command on the page")),
    }
}

fn kept(session: &Session) -> Result<Bundle, Refusal> {
    read(session.presentation.as_deref().unwrap_or_default().as_bytes())
}

/// The session of a URL, before anything was presented in it.
fn unanswered(desk: &Desk, secret: &str, now: Timestamp) -> Result<Session, Refusal> {
    let session = living(desk, secret, now)?;
    match session.state {
        State::Open => Ok(session),
        State::Presented | State::Settled => {
            Err(Fault::SessionAnswered.says("something was presented here already"))
        }
    }
}

/// The session of a URL, while it waits for a passkey.
fn presented(desk: &Desk, secret: &str, now: Timestamp) -> Result<Session, Refusal> {
    let session = living(desk, secret, now)?;
    match session.state {
        State::Presented => Ok(session),
        State::Open => Err(Fault::NothingPresented.says("nothing was presented here yet")),
        State::Settled => Err(Fault::SessionAnswered.says("the verdict of the session stands")),
    }
}

fn living(desk: &Desk, secret: &str, now: Timestamp) -> Result<Session, Refusal> {
    let session = desk.store.of_secret(secret, now)?.ok_or_else(unknown)?;
    if session.has_ended(now) {
        return Err(Fault::SessionEnded.says("the time of the session is over"));
    }
    Ok(session)
}

pub(super) fn desk(service: &Service) -> Result<&Desk, Refusal> {
    let none = || Refusal::missing(Cause::PathUnknown.code(), "there is no desk here");
    service.desk.as_ref().ok_or_else(none)
}

pub(super) fn unknown() -> Refusal {
    Fault::SessionUnknown.says("there is no such session")
}

fn unread() -> Refusal {
    Fault::AnswerMalformed.says("this is not text")
}

fn no_site() -> Refusal {
    Fault::NothingPresented.says("passkeys need a page with a name, under https or on localhost")
}

fn no_presenter() -> Refusal {
    Fault::NothingPresented.says("nobody is shown to have presented")
}

/// What browsers send along says which page it was; programs send nothing.
fn check_origin(service: &Service, headers: &HeaderMap) -> Result<(), Refusal> {
    let desk = desk(service)?;
    match headers.get(header::ORIGIN).map(HeaderValue::as_bytes) {
        Some(origin) if origin != desk.place.origin.as_bytes() => {
            Err(Fault::OriginUnknown.says("this was sent by a page of somebody else"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The page of a session.
fn shown(
    service: &Service,
    desk: &Desk,
    session: &Session,
    language: Language,
    told: Option<&Refusal>,
) -> Result<String, Refusal> {
    let now = service.now();
    let policy = session.policy()?;
    let mut ceremonies = page::Ceremonies::default();
    if session.state == State::Presented && !session.has_ended(now) {
        let judged = again(service, desk, session)?;
        if let Some(by) = judged.verification.presenter() {
            let passkeys = desk.store.passkeys(by.holder(), &by.key().thumbprint())?.len();
            ceremonies = page::Ceremonies {
                confirm: passkeys > 0,
                register: may_register(session, passkeys),
            };
        }
    }
    let told = told.and_then(Refusal::first);
    let signs = report::is_there(desk);
    let view = page::View { session, policy: &policy, now, language, ceremonies, signs, told };
    Ok(page::html(&view))
}

pub(super) fn refused(refusal: &Refusal, language: Language) -> Response {
    page::answer(refusal.status(), page::trouble(refusal.first(), language))
}

/// 200 says accepted, and nothing else does: 401 asks for more, as [RFC 9470](https://www.rfc-editor.org/rfc/rfc9470) says it; 403 is the end of it;
/// 422 is a presentation that its holder did not make for the session, which may still come.
fn verdict(session: &Session, now: Timestamp) -> Response {
    let value = session.to_result(now);
    if session.decision() == Some(Decision::Accept.as_str()) {
        return json_answer(StatusCode::OK, &value);
    }
    let status = match session.state {
        State::Presented => StatusCode::UNAUTHORIZED,
        State::Settled => StatusCode::FORBIDDEN,
        State::Open => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let reason = value.pointer("/report/assurance/reasons/0").and_then(Value::as_str);
    let known = reason.and_then(|code| codes().get(code));
    let mut problem = json!({
        "type": format!("/problems/{}", reason.unwrap_or("verdict-missing")),
        "code": reason.unwrap_or("verdict-missing"),
        "status": status.as_u16(),
        "detail": known.map(|entry| entry.remedy.as_str()),
        "title": known.map(|entry| entry.title.as_str()),
        "number": known.map(|entry| entry.number.as_str()),
    });
    let challenge = (status == StatusCode::UNAUTHORIZED).then(|| step_up(session, &value));
    if let Some(members) = problem.as_object_mut() {
        members.retain(|_, value| !value.is_null());
        members.insert("result".to_owned(), value);
    }
    let mut response = (status, problem.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(Ok(value)) = challenge.map(HeaderValue::try_from) {
        headers.insert(header::WWW_AUTHENTICATE, value);
    }
    if let Some(entry) = known {
        // The log knows codes, and never what was sent.
        response.extensions_mut().insert(Code(entry.code.as_str()));
    }
    response
}

/// The challenge of RFC 9470 §3: which level is needed, and how fresh.
fn step_up(session: &Session, result: &Value) -> String {
    let level = result.pointer("/report/assurance/aal/required").and_then(Value::as_str);
    let left = session.valid_until().seconds_since(session.issued_at());
    format!(
        "Bearer error=\"insufficient_user_authentication\", \
         error_description=\"confirm with a passkey\", acr_values=\"{}\", max_age={left}",
        level.unwrap_or_default()
    )
}
