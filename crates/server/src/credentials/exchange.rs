//! `/offers`: credentials on their way to agreement, for those who have their URL.
//!
//! In scope: publishing an offer, handing out its newest state, taking in what countersigners decided, ending it. Out of
//! scope: what a countersignature means (`inkan-verifier`), and who is missing (`inkan-assurance`): this exchange carries
//! what everybody can check, and its word counts for nothing.
//!
//! The URL is the capability: 256 random bits, kept as their digest alone, so that neither the folder nor a copy of it opens an
//! offer. Who has the URL sees the bundle and what can be computed from it. Who ends an offer has the key that was given out
//! with it; countersigners never see that.

mod judge;
mod merge;
mod mirrored;
mod store;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use inkan_core::{Timestamp, encoding, rng, sha256};
use inkan_credential::bundle::Bundle;
use inkan_io::os_rng::OsRng;
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;

use self::store::{Offer, Replaced};
use super::answer::{Cause, Finding, Refusal, json_answer};
use super::envelope::{Request, option};
use super::handle::{blocking, request};
use super::service::Service;
use super::verify;

pub(crate) use self::store::OfferStore;
pub use self::store::OfferStoreError;

/// `type` of what is answered.
const TYPE: &str = "inkan-exchange/1";
/// How long an offer is kept if nothing is said, and at most: days in seconds.
const KEPT: i64 = 90 * 86_400;
const LONGEST: i64 = 366 * 86_400;
/// How often it is tried to add to an offer that others add to at the same time.
const TRIES: u32 = 16;

/// Why an exchange does not take something in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Why {
    Unknown,
    Changed,
    OtherCredential,
    ActConflict,
    NotAsked,
    Unverifiable,
    Deadline,
    Sealed,
    Incomplete,
    OfferFull,
    ExchangeFull,
    KeyInvalid,
}

impl Why {
    /// A stable code for reports. Codes are added, never renamed.
    const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "offer-unknown",
            Self::Changed => "offer-changed",
            Self::OtherCredential => "offer-other-credential",
            Self::ActConflict => "act-conflict",
            Self::NotAsked => "act-not-asked",
            Self::Unverifiable => "act-unverifiable",
            Self::Deadline => "offer-deadline-passed",
            Self::Sealed => "offer-sealed",
            Self::Incomplete => "seal-incomplete",
            Self::OfferFull => "offer-full",
            Self::ExchangeFull => "exchange-full",
            Self::KeyInvalid => "offer-key-invalid",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::NotAsked => StatusCode::FORBIDDEN,
            Self::KeyInvalid => StatusCode::UNAUTHORIZED,
            Self::Unverifiable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::ExchangeFull => StatusCode::SERVICE_UNAVAILABLE,
            Self::OtherCredential
            | Self::ActConflict
            | Self::Deadline
            | Self::Sealed
            | Self::Incomplete
            | Self::OfferFull => StatusCode::CONFLICT,
        }
    }

    /// The answer; `detail` holds nothing of what was sent.
    fn refuse(self, detail: impl Into<String>) -> Refusal {
        Refusal::Request(self.status(), Finding::new(self.code(), detail))
    }
}

fn unknown() -> Refusal {
    Why::Unknown
        .refuse("there is no such offer here: it was never made, has ended, or was taken away")
}

/// POST `/offers`: publishes an offer.
pub(crate) async fn publish(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let mut request = request(&service, &headers, body).await?;
    blocking(service, move |service| {
        let now = service.now();
        let given = request.take("bundle")?;
        let until = until(&mut request, now)?;
        let bundle = read(&given)?;
        let seen = judge::look(service, &bundle, now)?;
        // What is in it by now was made before anybody could post here: the rules for those who post hold for it as well.
        judge::acts_hold(&seen, &judge::acts_of(&bundle)?)?;
        let (id, key) = (secret(), secret());
        let offer = Offer { key: sha256(&[key.as_bytes()]), until, bundle };
        sized(service, &offer.bundle)?;
        let kept = service.offers.publish(&id, &offer, now).map_err(|_| Refusal::fault())?;
        if !kept {
            return Err(Why::ExchangeFull.refuse("this exchange keeps no more offers for now"));
        }
        let url = format!("{}/offers/{id}", service.base);
        let mut view = view(&offer, Ok(&seen), now);
        view.insert("url".to_owned(), url.as_str().into());
        view.insert("key".to_owned(), key.into());
        let mut response = shown(StatusCode::CREATED, &offer, view);
        if let Ok(location) = HeaderValue::from_str(&url) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    })
    .await
}

/// GET `/offers/{offer}`: its newest state.
pub(crate) async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    blocking(service, move |service| {
        let now = service.now();
        let offer = found(service, &id, now)?;
        if names(&headers, &header::IF_NONE_MATCH, &offer.tag()) == Some(true) {
            return Ok(tagged(StatusCode::NOT_MODIFIED.into_response(), &offer));
        }
        let seen = judge::look(service, &offer.bundle, now);
        Ok(shown(StatusCode::OK, &offer, view(&offer, seen.as_ref(), now)))
    })
    .await
}

/// POST `/offers/{offer}`: adds what somebody decided.
pub(crate) async fn add(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let mut request = request(&service, &headers, body).await?;
    blocking(service, move |service| {
        let given = read(&request.take("bundle")?)?;
        for _ in 0..TRIES {
            let now = service.now();
            let kept = found(service, &id, now)?;
            if names(&headers, &header::IF_MATCH, &kept.tag()) == Some(false) {
                return Err(Why::Changed.refuse("somebody else added to it: read it again"));
            }
            let logs = judge::logs(service, &kept.bundle, now)?;
            let merged = merge::merged(&kept.bundle, &given, (&logs, now))?;
            let fresh = judge::fresh(&kept.bundle, &merged)?;
            if fresh.is_empty() {
                // Nothing is written for who decided nothing.
                let seen = judge::look(service, &kept.bundle, now);
                return Ok(shown(StatusCode::OK, &kept, view(&kept, seen.as_ref(), now)));
            }
            let seen = judge::look(service, &merged, now)?;
            judge::admit(&seen, &fresh, &judge::acts_of(&kept.bundle)?, now)?;
            let offer = Offer { bundle: merged, ..kept.clone() };
            sized(service, &offer.bundle)?;
            match service.offers.replace(&id, &kept.tag(), &offer, now) {
                Err(_) => return Err(Refusal::fault()),
                Ok(Replaced::Gone) => return Err(unknown()),
                // Somebody was faster: what they added is added to.
                Ok(Replaced::Changed) => {}
                Ok(Replaced::Done) => {
                    let view = view(&offer, Ok(&seen), now);
                    return Ok(shown(StatusCode::OK, &offer, view));
                }
            }
        }
        Err(Why::Changed.refuse("too many add to it at the same time: send it again"))
    })
    .await
}

/// DELETE `/offers/{offer}`: ends it, with the key that was given out when it was published.
pub(crate) async fn end(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    blocking(service, move |service| {
        let offer = found(service, &id, service.now())?;
        let given = super::admit::bearer(&headers).map(|key| sha256(&[key]));
        let holds = given.is_some_and(|given| given.as_bytes().ct_eq(offer.key.as_bytes()).into());
        if !holds {
            return Err(Why::KeyInvalid.refuse("who published an offer ends it, with its key"));
        }
        service.offers.remove(&id).map_err(|_| Refusal::fault())?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// A bundle of a credential; nothing is judged yet, so what cannot be read is no verdict.
fn read(value: &Value) -> Result<Bundle, Refusal> {
    verify::read(value, "credential").map_err(|refusal| match refusal {
        Refusal::Unverified(findings) => {
            let malformed = || Finding::new(Cause::RequestMalformed.code(), "no credential in it");
            let first = findings.into_iter().next().unwrap_or_else(malformed);
            Refusal::Request(StatusCode::BAD_REQUEST, first)
        }
        Refusal::Request(..) | Refusal::RateLimited(_) => refusal,
    })
}

/// 256 bits that nobody guesses.
fn secret() -> String {
    encoding::b64u(&rng::draw::<32>(&mut OsRng))
}

fn found(service: &Service, id: &str, now: Timestamp) -> Result<Offer, Refusal> {
    service.offers.get(id, now).map_err(|_| Refusal::fault())?.ok_or_else(unknown)
}

/// Until when an offer is kept.
fn until(request: &mut Request, now: Timestamp) -> Result<Timestamp, Refusal> {
    let Some(asked) = request.optional("until") else { return Ok(now.plus_seconds(KEPT)) };
    let asked = asked.as_str().and_then(|text| Timestamp::parse_strict(text).ok());
    let within = |until: &Timestamp| (1..=LONGEST).contains(&until.seconds_since(now));
    asked.filter(within).ok_or_else(|| option("until"))
}

/// What is kept can be sent back: it is no larger than what is taken.
fn sized(service: &Service, bundle: &Bundle) -> Result<(), Refusal> {
    // Room for the envelope of a request.
    let limit = service.options.limits.body.saturating_sub(1_024);
    if bundle.to_value().to_string().len() > limit {
        return Err(Why::OfferFull.refuse("the bundle would be larger than this exchange keeps"));
    }
    Ok(())
}

/// Whether a header of entity tags names this one; nothing if there is no such header.
fn names(headers: &HeaderMap, name: &header::HeaderName, tag: &str) -> Option<bool> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let named = |text: &str| {
        let text = text.trim();
        text == "*" || text.strip_prefix("W/").unwrap_or(text) == tag
    };
    Some(values.filter_map(|value| value.to_str().ok()).any(|list| list.split(',').any(named)))
}

/// What everybody with the URL sees: the bundle, and what can be computed from it.
fn view(offer: &Offer, seen: Result<&judge::Seen, &Refusal>, now: Timestamp) -> Map<String, Value> {
    let mut out = Map::new();
    match seen {
        Ok(seen) => {
            if let Value::Object(members) = seen.roll.to_value() {
                out.extend(members.clone());
            }
        }
        Err(refusal) => {
            let code = match refusal {
                Refusal::Request(_, finding) => finding.code,
                Refusal::Unverified(findings) => {
                    findings.first().map_or(Cause::VerdictMissing.code(), |first| first.code)
                }
                Refusal::RateLimited(_) => "rate-limited",
            };
            out.insert("problem".to_owned(), json!({ "code": code }));
        }
    }
    out.insert("type".to_owned(), TYPE.into());
    out.insert("asOf".to_owned(), now.to_string().into());
    out.insert("until".to_owned(), offer.until.to_string().into());
    out.insert("bundle".to_owned(), offer.bundle.to_value());
    out
}

fn shown(status: StatusCode, offer: &Offer, view: Map<String, Value>) -> Response {
    tagged(json_answer(status, &Value::Object(view)), offer)
}

fn tagged(mut response: Response, offer: &Offer) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&offer.tag()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    // Its URL is nobody else's business.
    let headers = response.headers_mut();
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
