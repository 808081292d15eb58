//! The verdict of a session as a credential that whoever runs the desk signs, for the person to take along.
//!
//! Signed once the verdict stands, and kept as long as the session. It says what the report says, which names nobody, and which presentation was
//! judged by its digest. In scope: when, and for whom. Out of scope: by whose key ([`super::ReportSigner`]).

use std::sync::{Arc, MutexGuard, TryLockError};

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::fault::Fault;
use super::handlers::{desk, refused, unknown};
use super::words::Language;
use super::{Desk, ReportSigner, Session, page};
use crate::credentials::answer::{Cause, Finding, Refusal};
use crate::credentials::handle::blocking;
use crate::credentials::service::Service;

/// What an address ends with that asks for it.
pub(super) const QUERY: &str = "?report=signed";

/// Whether the query of an address asks for it.
pub(super) fn is_asked(query: Option<&str>) -> bool {
    query.unwrap_or_default().split('&').any(|pair| pair == "report=signed")
}

/// Whether somebody signs here.
pub(super) const fn is_there(desk: &Desk) -> bool {
    desk.options.reports.is_some()
}

/// The signed report of the session of an address, as a file.
pub(super) async fn download(
    service: Arc<Service>,
    secret: String,
    language: Language,
) -> Response {
    let work = move |service: &Service| {
        let desk = desk(service)?;
        let session = desk.store.of_secret(&secret, service.now())?.ok_or_else(unknown)?;
        let signer = desk.options.reports.as_deref().ok_or_else(|| {
            Refusal::missing(Cause::PathUnknown.code(), "no report is signed here")
        })?;
        // Who asks again and again keeps one thread waiting for the ledger, and no more.
        let session = match turn(desk) {
            Some(turn) => signed((service, desk, signer), session, &turn)?,
            None if session.signed.is_some() => session,
            None => {
                let detail = "another verdict is being signed: ask again in a moment";
                let finding = Finding::new("overloaded", detail);
                return Err(Refusal::Request(StatusCode::SERVICE_UNAVAILABLE, finding));
            }
        };
        session.signed.ok_or_else(|| Fault::NothingPresented.says("no verdict stands here yet"))
    };
    match blocking(service, work).await {
        Ok(bundle) => {
            let mut response = (StatusCode::OK, bundle.to_string()).into_response();
            page::secure(&mut response, "application/json", "no-store");
            for (name, value) in [
                (header::CONTENT_DISPOSITION, "attachment; filename=\"verdict.json\""),
                (HeaderName::from_static("x-content-type-options"), "nosniff"),
            ] {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            response
        }
        Err(refusal) => refused(&refusal, language),
    }
}

/// The session with its signed report, if its verdict stands and somebody signs here. That it could not be signed takes nothing from the
/// verdict: it is tried again whenever the report is asked for.
pub(super) fn with_report(service: &Service, session: Session) -> Session {
    let Ok(desk) = desk(service) else { return session };
    let Some(signer) = desk.options.reports.as_deref() else { return session };
    // Of one session at a time: while a ledger is slow, the verdicts of the others do not wait for it.
    let Some(turn) = turn(desk) else { return session };
    let kept = session.clone();
    signed((service, desk, signer), session, &turn).unwrap_or(kept)
}

/// The right to sign, if nobody is signing.
fn turn(desk: &Desk) -> Option<MutexGuard<'_, ()>> {
    match desk.signing.try_lock() {
        Ok(turn) => Some(turn),
        Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

fn signed(
    (service, desk, signer): (&Service, &Desk, &dyn ReportSigner),
    session: Session,
    _turn: &MutexGuard<'_, ()>,
) -> Result<Session, Refusal> {
    if session.signed.is_some() || session.claims().is_none() {
        return Ok(session);
    }
    let now = service.now();
    let again = || -> Result<Session, Refusal> {
        desk.store.session(session.id(), now)?.ok_or_else(unknown)
    };
    let known = again()?;
    let Some(claims) = known.claims().filter(|_| known.signed.is_none()) else { return Ok(known) };
    let bundle = signer.sign(&claims, now)?;
    let _held = desk.store.hold()?;
    let mut session = again()?;
    session.signed = Some(bundle.to_value());
    desk.store.put(&session)?;
    Ok(session)
}
