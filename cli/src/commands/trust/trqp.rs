//! Asking somebody else's registry (TRQP 2.0): one question over HTTPS, and whether the answer is one to it.
//!
//! The answer is not signed: it is the word of whoever has that address. What an authority states on a ledger needs no such word.

use inkan_core::{Timestamp, json};
use inkan_evidence::registry::GrantType;
use inkan_io::http::{HttpError, PlainHttp, Request, Session, Verb};
use serde_json::{Value, json};

use crate::failure::{CliError, Failure};
use crate::render::safe;

/// The longest answer.
const SIZE: usize = 64 << 10;
/// Seconds for the answer.
const SECONDS: u64 = 20;

/// A question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) authority: &'a str,
    pub(super) entity: &'a str,
    pub(super) statement: GrantType,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) at: Option<Timestamp>,
}

/// What was answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// Yes or no, with what was said about it.
    Told(bool, String),
    /// That registry does not speak for the authority.
    NotServed,
}

/// Asks the registry at `url`.
pub(super) fn ask(url: &str, question: &Question<'_>, plain: PlainHttp) -> Result<Said, Failure> {
    let (path, member) = match question.statement {
        GrantType::Authorization => ("authorization", "authorized"),
        GrantType::Recognition => ("recognition", "recognized"),
    };
    let target = format!("{}/{path}", url.trim_end_matches('/'));
    let mut body = json!({
        "entity_id": question.entity, "authority_id": question.authority,
        "action": question.action, "resource": question.resource,
    });
    if let (Some(at), Some(members)) = (question.at, body.as_object_mut()) {
        members.insert("context".to_owned(), json!({ "time": at.to_string() }));
    }
    let answer = Session::open(plain)?.exchange(&Request {
        url: &target,
        verb: Verb::Post("application/json", body.to_string().as_bytes()),
        accept: "application/json",
        bearer: None,
        size: SIZE,
        seconds: SECONDS,
    })?;
    match answer.status {
        200 => read(&answer.body, question, member).ok_or_else(|| {
            let detail = "no answer to the question that was asked".to_owned();
            CliError::InputMalformed { file: target.clone(), detail }.into()
        }),
        404 => Ok(Said::NotServed),
        status => Err(HttpError::Status { url: target, status }.into()),
    }
}

/// An answer to this very question: it says again what was asked, and of which time.
fn read(body: &[u8], question: &Question<'_>, member: &str) -> Option<Said> {
    let value = json::parse(body, SIZE).ok()?;
    let same = |name: &str, asked: &str| json::text(&value, name) == Some(asked);
    let echoes = same("entity_id", question.entity)
        && same("authority_id", question.authority)
        && same("action", question.action)
        && same("resource", question.resource);
    // Whoever answers for now, asked about then, answers something else.
    let time = question.at.is_none_or(|at| {
        let requested = json::text(&value, "time_requested");
        requested.and_then(|text| Timestamp::parse(text).ok()) == Some(at)
    });
    let said = value.get(member).and_then(Value::as_bool)?;
    let message = safe(json::text(&value, "message").unwrap_or_default(), 200);
    (echoes && time).then_some(Said::Told(said, message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Question, Said, read};
    use inkan_core::Timestamp;
    use inkan_evidence::registry::GrantType;

    fn answer() -> Value {
        json!({
            "entity_id": "did:web:a", "authority_id": "did:web:m", "action": "issue", "resource": "Degree",
            "authorized": true, "time_requested": "2026-01-01T00:00:00Z",
            "time_evaluated": "2026-06-01T00:00:00Z", "message": "yes",
        })
    }

    fn told(value: &Value, at: Option<&str>) -> Option<Said> {
        let question = Question {
            authority: "did:web:m",
            entity: "did:web:a",
            statement: GrantType::Authorization,
            action: "issue",
            resource: "Degree",
            at: at.map(|at| Timestamp::parse_strict(at).unwrap()),
        };
        read(value.to_string().as_bytes(), &question, "authorized")
    }

    #[test]
    fn only_an_answer_to_the_question_is_one() {
        let at = Some("2026-01-01T00:00:00Z");
        assert_eq!(told(&answer(), at), Some(Said::Told(true, "yes".to_owned())));
        for (name, other) in [
            ("entity_id", json!("did:web:b")),
            ("authority_id", json!("did:web:n")),
            ("action", json!("state")),
            ("resource", json!("Badge")),
            ("authorized", json!("true")),
            ("time_requested", json!("2026-01-02T00:00:00Z")),
            ("time_requested", json!(null)),
        ] {
            let mut value = answer();
            value[name] = other;
            assert_eq!(told(&value, at), None, "{name}");
        }
        let mut now = answer();
        now.as_object_mut().unwrap().remove("time_requested");
        assert!(told(&now, None).is_some(), "of now nothing has to be said");
    }
}
