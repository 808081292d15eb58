//! The envelope of a request: an object with what it is about, and options that are honoured or refused, but not
//! misread. Where something is signed, an option without effect is refused: who gave it believes that it had one.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use inkan_core::text::is_hidden;
use inkan_core::{Timestamp, json, tolerance};
use inkan_credential::Cryptosuite;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::proof::Purpose;
use inkan_credential::sd_jwt::ClaimPath;
use serde_json::{Map, Value};

use super::admit::Caller;
use super::answer::{Cause, Finding, Refusal};
use super::backing::ListForm;
use super::options::Profile;
use super::service::Service;
use super::suites::{Issuer, Suite};

/// In every object and array of an SD-JWT there are at most so many decoys.
const DECOYS: u8 = 32;
/// A message of a status list has at most so many characters.
const MESSAGE: usize = 200;
/// A list of messages is explained at so many places at most, each with a URL of at most so many bytes.
const REFERENCES: usize = 4;
const REFERENCE: usize = 500;

/// A request that was read.
#[derive(Debug)]
pub(crate) struct Request {
    members: Map<String, Value>,
    pub(crate) options: Options,
    /// Who asks, where that is told from others.
    pub(crate) caller: Option<Caller>,
}

/// What may be asked beside the thing itself.
#[derive(Debug)]
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
    pub(crate) disclosable: Vec<ClaimPath>,
    pub(crate) decoys: u8,
    /// Claims that are computed, each with the claim that it comes from.
    pub(crate) derived: Vec<(String, String)>,
    pub(crate) selective_pointers: Vec<String>,
    /// Ids of other proofs that stay.
    pub(crate) keep: Vec<String>,
    pub(crate) presentation_header: Option<String>,
    pub(crate) status: Option<Vec<StatusPurpose>>,
    pub(crate) messages: Vec<String>,
    pub(crate) references: Vec<String>,
    pub(crate) lists: Option<ListForm>,
    /// What the holder's wallet shows of its key, and the nonce that it has to name.
    pub(crate) key_attestation: Option<String>,
    pub(crate) attestation_nonce: Option<String>,
    pub(crate) checks: Option<Vec<String>>,
    pub(crate) method: Option<String>,
    pub(crate) suite: Option<String>,
    /// Names of all that was given, in order.
    given: Vec<String>,
    /// All that was given, as JCS.
    canonical: Vec<u8>,
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
            None | Some(Value::Null) => Options::read(&Map::new())?,
            Some(Value::Object(options)) => Options::read(&options)?,
            Some(_) => return Err(option("options")),
        };
        Ok(Self { members, options, caller: None })
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

    /// Names of members that nobody took.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &str> {
        let left = self.members.iter().filter(|(_, value)| !value.is_null());
        left.map(|(name, _)| name.as_str())
    }
}

impl Options {
    /// The options as they came, as JCS, without those that say nothing: what is the same here was asked alike, whichever version reads it.
    pub(crate) fn canonical(&self) -> &[u8] {
        &self.canonical
    }

    /// The options that would have no effect, where only these have one.
    pub(crate) fn beside(&self, effective: &[&str]) -> Vec<&str> {
        let has_effect = |name: &&str| !effective.contains(name);
        self.given.iter().map(String::as_str).filter(has_effect).collect()
    }

    /// What is said of an option without effect.
    pub(crate) fn idle(name: &str) -> Finding {
        let name: String = name.chars().take(40).collect();
        Finding::new(
            Cause::OptionWithoutEffect.code(),
            format!("options.{name} has no effect here"),
        )
    }

    /// Refuses options that would have no effect, and a key or suite that is not the one of this path.
    pub(crate) fn check(
        &self,
        service: &Service,
        (suite, issuer): (Suite, &Issuer),
        effective: &[&str],
    ) -> Result<(), Refusal> {
        if service.options.profile == Profile::Conformance {
            return Ok(());
        }
        let always = ["verificationMethod", "cryptosuite"];
        if let Some(name) = self.beside(effective).into_iter().find(|name| !always.contains(name)) {
            return Err(Refusal::Request(StatusCode::BAD_REQUEST, Self::idle(name)));
        }
        if self.method.as_ref().is_some_and(|method| *method != issuer.method) {
            let detail = "options.verificationMethod is not the key that signs here: see /ids";
            return Err(Refusal::bad(Cause::IssuerNotOurs.code(), detail));
        }
        let name = suite.cryptosuite();
        let name = name.as_ref().map(Cryptosuite::as_str);
        if self.suite.is_some() && self.suite.as_deref() != name {
            let detail = "options.cryptosuite is not the suite of this path";
            return Err(Refusal::bad(Cause::SuiteMismatch.code(), detail));
        }
        self.check_created(service.now())
    }

    /// A proof says when it was made: another time would vouch for what nobody saw.
    fn check_created(&self, now: Timestamp) -> Result<(), Refusal> {
        let away = self.created.map_or(0, |created| now.seconds_since(created));
        if (-tolerance::CREDENTIAL..=tolerance::PRESENTATION).contains(&away) {
            return Ok(());
        }
        let detail = "options.created is not now: a proof says when it was made";
        Err(Refusal::bad(Cause::CreatedFarOff.code(), detail))
    }

    fn read(options: &Map<String, Value>) -> Result<Self, Refusal> {
        let nothing =
            |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        let given = options.iter().filter(|(_, value)| !nothing(value));
        let said: Map<String, Value> =
            given.clone().map(|(name, value)| (name.clone(), value.clone())).collect();
        let canonical = json::canonicalize(&Value::Object(said))
            .map_err(|error| Refusal::bad(error.code(), error.to_string()))?;
        let mut given: Vec<String> = given.map(|(name, _)| name.clone()).collect();
        given.sort();
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
            disclosable: texts(options, "disclosable")?
                .unwrap_or_default()
                .iter()
                .map(|path| ClaimPath::parse(path).map_err(|_| option("disclosable")))
                .collect::<Result<_, _>>()?,
            decoys: match options.get("decoys") {
                None | Some(Value::Null) => 0,
                Some(count) => {
                    let small = count.as_u64().and_then(|count| u8::try_from(count).ok());
                    small.filter(|count| *count <= DECOYS).ok_or_else(|| option("decoys"))?
                }
            },
            derived: pairs(options, "derivedClaims")?,
            selective_pointers: texts(options, "selectivePointers")?.unwrap_or_default(),
            keep: texts(options, "keepProofs")?.unwrap_or_default(),
            presentation_header: text(options, "presentationHeader")?,
            status: texts(options, "statusPurposes")?
                .map(|names| names.iter().map(|name| purpose(name)).collect())
                .transpose()?,
            messages: messages(options)?,
            references: references(options)?,
            lists: text(options, "statusLists")?
                .map(|name| ListForm::parse(&name).ok_or_else(|| option("statusLists")))
                .transpose()?,
            key_attestation: text(options, "keyAttestation")?,
            attestation_nonce: text(options, "attestationNonce")?,
            checks: texts(options, "checks")?,
            method: text(options, "verificationMethod")?,
            suite: text(options, "cryptosuite")?,
            given,
            canonical,
        })
    }
}

fn purpose(name: &str) -> Result<StatusPurpose, Refusal> {
    kept_purpose(name).ok_or_else(|| option("statusPurposes"))
}

/// A purpose whose status is kept here.
pub(crate) fn kept_purpose(name: &str) -> Option<StatusPurpose> {
    StatusPurpose::parse(name).filter(|purpose| match purpose {
        StatusPurpose::Revocation | StatusPurpose::Suspension | StatusPurpose::Message => true,
        StatusPurpose::Refresh => false,
    })
}

/// What a list of messages says: 2, 4, 8, … or 256 texts, none of them twice.
fn messages(options: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let Some(messages) = texts(options, "statusMessages")? else { return Ok(Vec::new()) };
    let count = messages.len();
    let differ = messages.iter().collect::<BTreeSet<_>>().len() == count;
    let short = messages
        .iter()
        .all(|text| (1..=MESSAGE).contains(&text.chars().count()) && !text.chars().any(is_hidden));
    if (2..=256).contains(&count) && count.is_power_of_two() && differ && short {
        Ok(messages)
    } else {
        Err(option("statusMessages"))
    }
}

/// Where messages are explained: some URLs, none of them twice.
fn references(options: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let urls = texts(options, "statusReferences")?.unwrap_or_default();
    let differ = urls.iter().collect::<BTreeSet<_>>().len() == urls.len();
    let short = urls.len() <= REFERENCES && urls.iter().all(|url| url.len() <= REFERENCE);
    // As they will stand in the credential.
    let entry = StatusEntry::new(StatusPurpose::Message, "https://issuer.example/status/0", 0);
    let entry = StatusEntry { references: urls, ..entry };
    if differ && short && StatusEntry::parse(&entry.to_value()).is_ok() {
        Ok(entry.references)
    } else {
        Err(option("statusReferences"))
    }
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

/// An object of texts.
fn pairs(options: &Map<String, Value>, name: &str) -> Result<Vec<(String, String)>, Refusal> {
    match options.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(members)) => {
            let text =
                |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            let one = |(name, value): (&String, &Value)| Some((name.clone(), text(value)?));
            members.iter().map(one).collect::<Option<_>>().ok_or_else(|| option(name))
        }
        Some(_) => Err(option(name)),
    }
}

fn time(options: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text(options, name)? else { return Ok(None) };
    Timestamp::parse(&text).map(Some).map_err(|_| option(name))
}
