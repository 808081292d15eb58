//! `/authorization` and `/recognition`: what an authority says of a party, as the
//! [Trust Registry Query Protocol 2.0](https://trustoverip.github.io/tswg-trust-registry-protocol/) has it.
//!
//! In scope: reading the question, finding the registry of the authority, the form of the answer. Out of scope: what the registry says
//! (`inkan_evidence::registry::ask`). Anybody may ask; nothing is signed here: what is stated is signed on the ledger.
//!
//! An authority that this server does not speak for is 404: that is not "no". A party that the authority says nothing of is `false`.
//! A time that is yet to come is refused: what will have been said by then is not known.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use inkan_core::{Timestamp, json};
use inkan_evidence::registry::{GrantType, Query, Why, ask};
use serde_json::{Map, Value};

use super::answer::{Cause, Refusal, json_answer};
use super::handle::blocking;
use super::service::Service;
use crate::ledger_node::request::read_body;

/// The longest question in bytes.
const LIMIT: usize = 16 << 10;
/// The longest name of a party or an authority, and of an action or a resource.
const NAME: usize = 512;

/// POST `/authorization`.
pub(crate) async fn authorization(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answered(service, headers, body, GrantType::Authorization).await
}

/// POST `/recognition`.
pub(crate) async fn recognition(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    answered(service, headers, body, GrantType::Recognition).await
}

async fn answered(
    service: Arc<Service>,
    headers: HeaderMap,
    body: Body,
    statement: GrantType,
) -> Result<Response, Refusal> {
    let patience = service.options.limits.body_timeout;
    let read = read_body(&headers, body, LIMIT, patience).await;
    let body = read.map_err(|refused| {
        let problem = crate::problem::Problem::from(refused);
        let detail = "the body is too large, or came too slowly";
        Refusal::Request(problem.status(), super::answer::Finding::new(problem.code(), detail))
    })?;
    let question = Question::parse(&body)?;
    blocking(service, move |service| question.answer(service, statement)).await
}

/// A question as it was asked.
struct Question {
    entity: String,
    authority: String,
    action: String,
    resource: String,
    time: Option<(String, Timestamp)>,
    context: Option<Value>,
}

impl Question {
    /// Members that the protocol does not know are passed over.
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let malformed = |detail: &str| Refusal::bad(Cause::RequestMalformed.code(), detail);
        let value = json::parse(body, LIMIT)
            .map_err(|error| malformed(&format!("not JSON with one reading: {error}")))?;
        let text = |name: &str| {
            let found = value.get(name).and_then(Value::as_str);
            let found = found.filter(|text| !text.is_empty() && text.len() <= NAME);
            found
                .map(str::to_owned)
                .ok_or_else(|| malformed(&format!("{name} is not text of 1 to {NAME} bytes")))
        };
        let context = value.get("context").cloned();
        let is_map = |context: &Value| {
            let members = context.as_object().map(Map::values);
            members.is_some_and(|mut members| members.all(Value::is_string))
        };
        if context.as_ref().is_some_and(|context| !is_map(context)) {
            return Err(malformed("context is not an object whose members are text"));
        }
        let time = match context.as_ref().and_then(|context| json::text(context, "time")) {
            None | Some("") => None,
            Some(text) => {
                let time = Timestamp::parse(text).ok().filter(|_| text.ends_with('Z'));
                let detail = "context.time is not a time as RFC 3339 has it, with Z";
                Some((text.to_owned(), time.ok_or_else(|| malformed(detail))?))
            }
        };
        Ok(Self {
            entity: text("entity_id")?,
            authority: text("authority_id")?,
            action: text("action")?,
            resource: text("resource")?,
            time,
            context,
        })
    }

    fn answer(&self, service: &Service, statement: GrantType) -> Result<Response, Refusal> {
        let now = service.now();
        let at = self.time.as_ref().map_or(now, |(_, time)| *time);
        if at > now {
            let detail = "context.time is yet to come, and what is said by then is not known";
            return Err(Refusal::bad(Cause::QueryAhead.code(), detail));
        }
        let not_ours = || {
            let detail = "this server does not speak for that authority";
            Refusal::missing(Cause::AuthorityNotServed.code(), detail)
        };
        let backing = service.options.backing.as_ref().ok_or_else(not_ours)?;
        let registry = backing.registry(&self.authority, at, now)?.ok_or_else(not_ours)?;
        let query = Query {
            statement,
            entity: &self.entity,
            action: &self.action,
            resource: &self.resource,
        };
        let found = ask(&registry, &query, at);
        if found.why == Why::NotCurrent {
            // Neither yes nor no: whoever reads "false" would believe that it was said.
            let detail = "what this server knows of that authority is no longer current";
            let finding = super::answer::Finding::new(Cause::AuthorityNotCurrent.code(), detail);
            return Err(Refusal::Request(StatusCode::SERVICE_UNAVAILABLE, finding));
        }
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("entity_id", self.entity.as_str().into());
        put("authority_id", self.authority.as_str().into());
        put("action", self.action.as_str().into());
        put("resource", self.resource.as_str().into());
        let said = match statement {
            GrantType::Authorization => "authorized",
            GrantType::Recognition => "recognized",
        };
        put(said, (found.why == Why::Holds).into());
        if let Some((text, _)) = &self.time {
            put("time_requested", text.as_str().into());
        }
        put("time_evaluated", now.to_string().into());
        put("message", message(found.why).into());
        if let Some(context) = &self.context {
            put("context", context.clone());
        }
        Ok(json_answer(StatusCode::OK, &Value::Object(out)))
    }
}

const fn message(why: Why) -> &'static str {
    match why {
        Why::Holds => "the authority says so",
        Why::NotStated => "the authority says nothing of it",
        Why::NotYet => "the authority says so of a later time only",
        Why::Ended => "it has ended; what was done before stays good",
        Why::Void => "the entity is revoked for cause",
        Why::NotCurrent => "it cannot be told",
    }
}
