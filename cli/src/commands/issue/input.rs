//! What `issue` reads: claims, evidence, schema, validity.

use std::collections::{BTreeMap, BTreeSet};

use inkan_assurance::{Catalogue, Ial, expect_ial};
use inkan_core::{Timestamp, limits};
use inkan_credential::sd_jwt_vc::{SdJwtVc, TypeMetadata};
use inkan_crypto::PublicKey;
use inkan_evidence::Prediction;
use inkan_io::pinned::{self, PinnedFile};
use inkan_io::profile::OwnDid;
use inkan_issuer::{AtHand, derived};
use serde_json::{Map, Value};

use crate::args::{IssueArgs, parse_span};
use crate::commands::did::parse_time;
use crate::commands::verify;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::wallet::read_json;

/// Claims from the file, then those from the command line.
pub(super) fn claims(args: &IssueArgs, context: &Context) -> Result<Map<String, Value>, Failure> {
    let malformed = |file: &str, detail: &str| CliError::InputMalformed {
        file: file.to_owned(),
        detail: detail.to_owned(),
    };
    let mut claims = Map::new();
    if let Some(path) = &args.claims {
        let Value::Object(read) = read_json(path, context)? else {
            return Err(malformed(path, "claims are one JSON object").into());
        };
        claims = read;
    }
    for claim in &args.claim {
        let pair = claim.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, text) = pair.ok_or_else(|| malformed("--claim", "a claim is NAME=VALUE"))?;
        if looks_personal(name) {
            let advice = "command lines are public: use --claims FILE for personal data";
            context.speech.warn(&format!("--claim {name}=…: {advice}"));
        }
        // Numbers and true/false are meant as such; everything else is text.
        let value = serde_json::from_str::<Value>(text).ok().filter(|value| {
            value.is_boolean() || value.as_i64().is_some_and(|number| number.to_string() == text)
        });
        let before = claims.insert(name.to_owned(), value.unwrap_or_else(|| text.into()));
        if before.is_some() {
            return Err(malformed("--claim", &format!("{name} is given twice")).into());
        }
    }
    if claims.is_empty() {
        let failure = Failure::from(malformed("--claims", "there are no claims"));
        return Err(failure.try_this("give a file", "inkan issue … --claims claims.json"));
    }
    Ok(claims)
}

/// `--derive`: claims that answer a question, beside the value that they come from.
pub(super) fn derive(
    args: &IssueArgs,
    claims: &mut Map<String, Value>,
    now: Timestamp,
) -> Result<(), Failure> {
    for text in &args.derived {
        let pair =
            text.split_once('=').filter(|(name, source)| !name.is_empty() && !source.is_empty());
        let pair = pair.ok_or_else(|| CliError::InputMalformed {
            file: "--derive".to_owned(),
            detail: format!("{text:?} is not NAME=CLAIM, such as age_over_20=birthDate"),
        })?;
        derived::add(claims, pair, now)?;
    }
    Ok(())
}

/// Names under which people's data usually travel.
fn looks_personal(name: &str) -> bool {
    const WORDS: [&str; 12] = [
        "name", "birth", "address", "mail", "phone", "gender", "sex", "nation", "salary", "tax",
        "passport", "health",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// The evidence file: one object, or a list of them.
pub(super) fn evidence(args: &IssueArgs, context: &Context) -> Result<Vec<Value>, Failure> {
    let Some(path) = &args.evidence else { return Ok(Vec::new()) };
    match read_json(path, context)? {
        Value::Array(items) => Ok(items),
        object @ Value::Object(_) => Ok(vec![object]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let detail = "evidence is one JSON object, or a list of them".to_owned();
            Err(CliError::InputMalformed { file: path.clone(), detail }.into())
        }
    }
}

/// A schema: as it was read, and byte for byte.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    /// Its `$id`, by which the credential names it.
    pub(super) id: String,
    /// What it says.
    pub(super) value: Value,
    /// As it lies in the file, and is published.
    pub(super) bytes: Vec<u8>,
}

impl Schema {
    /// Name and content.
    pub(super) fn named(&self) -> (&str, &Value) {
        (&self.id, &self.value)
    }
}

/// The schema file with its `$id`, which the credential will name.
pub(super) fn schema(args: &IssueArgs, context: &Context) -> Result<Option<Schema>, Failure> {
    let Some(path) = &args.schema else { return Ok(None) };
    let input = context.input(Some(path))?;
    let malformed = |error: inkan_core::json::JsonError| CliError::InputMalformed {
        file: path.clone(),
        detail: error.to_string(),
    };
    let value = inkan_core::json::parse(&input.bytes, limits::DOCUMENT).map_err(malformed)?;
    let id = inkan_core::json::text(&value, "$id").map(str::to_owned);
    let missing = || CliError::InputMalformed {
        file: path.clone(),
        detail: "a schema needs $id: the credential names it by that".to_owned(),
    };
    Ok(Some(Schema { id: id.ok_or_else(missing)?, value, bytes: input.bytes }))
}

/// Of the files that a credential names outside itself, those that the profile pins, and its schemas.
pub(in crate::commands) fn named_at_hand(
    home: &Home,
    named: &BTreeSet<String>,
) -> Result<AtHand, Failure> {
    let mut resources = BTreeMap::new();
    for url in named {
        let name = PinnedFile::record_name(url);
        // Other files of the profile, of which some are large and one may be damaged, are none of its business.
        let found = home.profile.find::<PinnedFile>(&name)?.filter(|file| file.url == *url);
        resources.extend(found.map(|file| (file.url, file.bytes)));
    }
    Ok(AtHand { resources, schemas: verify::schemas(home)? })
}

/// What a credential may name outside itself: the files and schemas of the profile.
pub(super) fn at_hand(home: &Home) -> Result<AtHand, Failure> {
    let pins = pinned::load(&home.profile)?;
    let resources = pins.into_iter().map(|file| (file.url, file.bytes)).collect();
    Ok(AtHand { resources, schemas: verify::schemas(home)? })
}

/// The same with the schema that is issued by, which may not be in the profile, or be another there.
pub(super) fn with_schema(mut at_hand: AtHand, schema: Option<&Schema>) -> AtHand {
    let named = schema.map(|schema| (schema.id.clone(), schema.bytes.clone()));
    at_hand.resources.extend(named);
    at_hand
}

/// Type metadata: as they were read, and byte for byte.
#[derive(Clone, Debug)]
pub(super) struct TypeFile {
    /// What they say, and what those say that they extend, each the next.
    chain: Vec<TypeMetadata>,
    /// As they lie in the file, and are published.
    pub(super) bytes: Vec<u8>,
}

impl TypeFile {
    /// Fails if the credential departs from any of them.
    pub(super) fn check(&self, credential: &SdJwtVc) -> Result<(), Failure> {
        TypeMetadata::check_chain(&self.chain, credential)
            .map_err(|error| Failure::from_error(error.code(), &error).during("--type-metadata"))
    }
}

/// `--type-metadata`, which has to be about the type that is issued. What it extends has to be pinned.
pub(super) fn type_metadata(
    args: &IssueArgs,
    home: &Home,
    context: &Context,
) -> Result<Option<TypeFile>, Failure> {
    let Some(path) = &args.type_metadata else { return Ok(None) };
    let input = context.input(Some(path))?;
    let malformed = |detail: String| CliError::InputMalformed { file: path.clone(), detail };
    let read = TypeMetadata::parse(&input.bytes, &args.credential_type, None);
    let metadata = read.map_err(|error| {
        malformed(format!("{error}; its vct has to be {:?}", args.credential_type))
    })?;
    let mut chain = vec![metadata];
    let pins = pinned::load(&home.profile)?;
    while let Some((vct, integrity)) = chain.last().and_then(TypeMetadata::extends) {
        if chain.len() == TypeMetadata::EXTENSIONS || chain.iter().any(|one| one.vct() == vct) {
            let detail = format!("it extends {vct}, and so on without an end");
            return Err(malformed(detail).into());
        }
        let Some(file) = pins.iter().find(|file| file.url == vct) else {
            let message = format!("{path} extends {vct}, whose metadata are not at hand");
            return Err(Failure::new("type-metadata-missing", message)
                .try_this("pin them", format!("inkan trust pin {vct} FILE")));
        };
        let next = TypeMetadata::parse(&file.bytes, vct, integrity)
            .map_err(|error| Failure::from_error(error.code(), &error).during(vct))?;
        chain.push(next);
    }
    Ok(Some(TypeFile { chain, bytes: input.bytes }))
}

/// `--with`: more members of the credential.
pub(super) fn members(
    args: &IssueArgs,
    context: &Context,
) -> Result<Option<Map<String, Value>>, Failure> {
    let Some(path) = &args.with else { return Ok(None) };
    match read_json(path, context)? {
        Value::Object(members) => Ok(Some(members)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let detail = "members of a credential are one JSON object".to_owned();
            Err(CliError::InputMalformed { file: path.clone(), detail }.into())
        }
    }
}

/// `--valid-from`, else now.
pub(super) fn valid_from(args: &IssueArgs, now: Timestamp) -> Result<Timestamp, Failure> {
    Ok(args.valid_from.as_deref().map(parse_time).transpose()?.unwrap_or(now))
}

/// `--valid-for`, counted from when it begins.
pub(super) fn valid_until(args: &IssueArgs, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = &args.valid_for else { return Ok(None) };
    let now = valid_from(args, now)?;
    let malformed = || CliError::InputMalformed {
        file: "--valid-for".to_owned(),
        detail: format!("{text:?} is not a span such as 365d, 12h or P1Y"),
    };
    let span = parse_span(text).ok_or_else(malformed)?;
    Ok(Some(now.plus(span).map_err(|_| malformed())?))
}

/// A span as seconds, counted from 1970-01-01: months and years are calendar spans.
pub(crate) fn seconds(text: &str) -> Result<i64, Failure> {
    let malformed = || CliError::InputMalformed {
        file: "span".to_owned(),
        detail: format!("{text:?} is not a span such as 24h, 30d or PT15M"),
    };
    let start = Timestamp::EPOCH;
    let end = parse_span(text).and_then(|span| start.plus(span).ok()).ok_or_else(malformed)?;
    Ok(end.seconds_since(start))
}

/// Fails unless the evidence in the draft will reach the level. Predicts, and writes nothing.
pub(super) fn expect_level(
    expected: &str,
    draft: &Value,
    (own, key): (&OwnDid, Option<&PublicKey>),
    now: Timestamp,
) -> Result<(), Failure> {
    let malformed = || CliError::InputMalformed {
        file: "--expect-ial".to_owned(),
        detail: format!("{expected:?} is not 0, 1, 2, 2+, 3 or 3+"),
    };
    let wanted = Ial::parse(expected).ok_or_else(malformed)?;
    let thumbprint = key.map(PublicKey::thumbprint).unwrap_or_default();
    let prediction = Prediction { credential: draft, issuer: &own.did, jkt: &thumbprint };
    let reached = expect_ial(&prediction, &Catalogue::builtin()?, now);
    if reached.level >= wanted {
        return Ok(());
    }
    let error = CliError::LevelNotReached {
        expected: wanted.as_str().to_owned(),
        reached: reached.level.as_str().to_owned(),
    };
    Err(error.into())
}

#[cfg(test)]
mod tests;
