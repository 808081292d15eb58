//! The envelope of a request: an object with what it is about, and options that are honoured or refused, but not
//! misread. What the options do not name here is left alone: others put their own there.

use inkan_core::{Timestamp, json};
use inkan_credential::model::StatusPurpose;
use inkan_credential::proof::Purpose;
use serde_json::{Map, Value};

use super::answer::{Cause, Refusal};

/// A request that was read.
#[derive(Debug)]
pub(crate) struct Request {
    members: Map<String, Value>,
    pub(crate) options: Options,
}

/// What may be asked beside the thing itself.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) credential_id: Option<String>,
    pub(crate) proof_id: Option<String>,
    pub(crate) created: Option<Timestamp>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) challenge: Option<String>,
    pub(crate) domain: Vec<String>,
    pub(crate) previous_proof: Vec<String>,
    pub(crate) mandatory_pointers: Vec<String>,
    pub(crate) selective_pointers: Vec<String>,
    pub(crate) presentation_header: Option<String>,
    pub(crate) status: Option<Vec<StatusPurpose>>,
    pub(crate) checks: Option<Vec<String>>,
}

impl Request {
    /// Reads a body.
    pub(crate) fn parse(body: &[u8], limit: usize) -> Result<Self, Refusal> {
        let value = json::parse(body, limit)
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
        let Value::Object(mut members) = value else {
            return Err(Refusal::bad(Cause::RequestMalformed.code(), "the body is no JSON object"));
        };
        let options = match members.remove("options") {
            None | Some(Value::Null) => Options::default(),
            Some(Value::Object(options)) => Options::read(&options)?,
            Some(_) => return Err(option("options")),
        };
        Ok(Self { members, options })
    }

    /// Takes a member that must be there.
    pub(crate) fn take(&mut self, member: &str) -> Result<Value, Refusal> {
        self.optional(member).ok_or_else(|| {
            Refusal::bad(Cause::RequestMalformed.code(), format!("{member} is missing"))
        })
    }

    /// Takes a member, if it is there.
    pub(crate) fn optional(&mut self, member: &str) -> Option<Value> {
        self.members.remove(member).filter(|value| !value.is_null())
    }
}

impl Options {
    fn read(options: &Map<String, Value>) -> Result<Self, Refusal> {
        Ok(Self {
            credential_id: text(options, "credentialId")?,
            proof_id: text(options, "proofId")?,
            created: time(options, "created")?,
            expires: time(options, "expires")?,
            purpose: text(options, "proofPurpose")?.map(|name| match name.as_str() {
                "assertionMethod" => Purpose::AssertionMethod,
                "authentication" => Purpose::Authentication,
                _ => Purpose::Other(name),
            }),
            challenge: text(options, "challenge")?,
            domain: texts(options, "domain")?.unwrap_or_default(),
            previous_proof: texts(options, "previousProof")?.unwrap_or_default(),
            mandatory_pointers: texts(options, "mandatoryPointers")?.unwrap_or_default(),
            selective_pointers: texts(options, "selectivePointers")?.unwrap_or_default(),
            presentation_header: text(options, "presentationHeader")?,
            status: texts(options, "statusPurposes")?
                .map(|names| names.iter().map(|name| purpose(name)).collect())
                .transpose()?,
            checks: texts(options, "checks")?,
        })
    }
}

fn purpose(name: &str) -> Result<StatusPurpose, Refusal> {
    kept_purpose(name).ok_or_else(|| option("statusPurposes"))
}

/// A purpose whose status is kept here: one bit.
pub(crate) fn kept_purpose(name: &str) -> Option<StatusPurpose> {
    StatusPurpose::parse(name)
        .filter(|purpose| matches!(purpose, StatusPurpose::Revocation | StatusPurpose::Suspension))
}

/// 400 for an option.
pub(crate) fn option(name: &str) -> Refusal {
    Refusal::bad(Cause::OptionMalformed.code(), format!("{name} is malformed"))
}

fn text(options: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match options.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(option(name)),
    }
}

fn texts(options: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Refusal> {
    match options.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(vec![text.clone()])),
        Some(Value::Array(list)) => {
            let one = |item: &Value| item.as_str().map(str::to_owned).ok_or_else(|| option(name));
            list.iter().map(one).collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(option(name)),
    }
}

fn time(options: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text(options, name)? else { return Ok(None) };
    Timestamp::parse(&text).map(Some).map_err(|_| option(name))
}
