//! `inkan conformance`: what the VC-JOSE-COSE test suite calls. Cryptography and form alone, with the key that is given.
//!
//! The suite's own inputs have an `iat` that is no number, keys that are named by no URL, and envelopes whose content is no credential:
//! what `verify` refuses passes here, where the suite expects it to. Nothing else rests on this.

use std::error::Error;
use std::path::Path;

use inkan_core::{SecretBytes, encoding, json, limits};
use inkan_credential::cose::{Headers, Sign1};
use inkan_credential::model::CONTEXT_V2;
use inkan_credential::sd_jwt::{self, ClaimPath, Concealment, SdJwt};
use inkan_credential::sd_jwt_vc::KeyName;
use inkan_credential::{Contexts, Credential, RdfcError, canonical_nquads};
use inkan_crypto::jws::{self, Jws};
use inkan_crypto::{KeyError, PublicKey, SecretKey};
use inkan_io::files::{self, Access};
use inkan_io::os_rng::OsRng;
use serde_json::{Map, Value, json};

use crate::args::{ConformanceCommand, JoseArgs};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;

/// What is secured, and how.
#[derive(Clone, Copy, Debug)]
enum Feature {
    CredentialJose,
    CredentialSdJwt,
    CredentialCose,
    PresentationJose,
    PresentationSdJwt,
    PresentationCose,
}

/// What is around a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Around {
    Jws,
    SdJwt,
    Cose,
}

impl Feature {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.replace('-', "_").replace("sd_jwt", "sdjwt").as_str() {
            "credential_jose" => Self::CredentialJose,
            "credential_sdjwt" => Self::CredentialSdJwt,
            "credential_cose" => Self::CredentialCose,
            "presentation_cose" => Self::PresentationCose,
            "presentation_jose" => Self::PresentationJose,
            "presentation_sdjwt" => Self::PresentationSdJwt,
            _ => return None,
        })
    }
}

/// What came of it.
enum Said {
    Done(String),
    Refused(String),
    /// A feature or a curve that is not spoken here.
    Unsupported(String),
}

pub(super) fn run(command: &ConformanceCommand, context: &Context) -> Result<Outcome, Failure> {
    let (args, signs) = match command {
        ConformanceCommand::Issue(args) => (args, true),
        ConformanceCommand::Verify(args) => (args, false),
    };
    let said = match Feature::parse(&args.feature) {
        None => Said::Unsupported(format!("{} is not spoken here", args.feature)),
        Some(feature) if signs => issue(feature, args)?,
        Some(feature) => verify(feature, args)?,
    };
    let value = match &said {
        Said::Done(data) => json!({ "result": "success", "data": data }),
        Said::Refused(why) => json!({ "result": "failure", "data": why }),
        Said::Unsupported(why) => json!({ "result": "indeterminate", "data": why }),
    };
    files::write_atomic(Path::new(&args.output), value.to_string().as_bytes(), Access::Public)?;
    context.speech.say(&format!(
        "{}: {}",
        args.output,
        json::text(&value, "result").unwrap_or_default()
    ));
    Ok(Outcome::said())
}

/// A verification method of the suite: its names, and the part that is asked for.
struct Method {
    jwk: Value,
    id: String,
    /// The `kid` of the JWK, by which the suite's inputs name it.
    kid: Option<String>,
}

impl Method {
    fn read(file: &str, member: &str) -> Result<Self, Failure> {
        let bytes = SecretBytes::new(files::read(Path::new(file), limits::DID_DOCUMENT)?);
        let malformed = |detail: &str| CliError::InputMalformed {
            file: file.to_owned(),
            detail: detail.to_owned(),
        };
        let mut method = json::parse(bytes.expose_secret(), limits::DID_DOCUMENT)
            .map_err(|error| malformed(&error.to_string()))?;
        let id = json::text(&method, "id").ok_or_else(|| malformed("no id"))?.to_owned();
        let jwk = method.get_mut(member).map(Value::take);
        let jwk = jwk.ok_or_else(|| malformed(&format!("no {member}")))?;
        let kid = json::text(&jwk, "kid").map(str::to_owned);
        Ok(Self { jwk, id, kid })
    }

    /// Whether a signature names this key, or none.
    fn is_named(&self, kid: Option<&str>) -> bool {
        kid.is_none_or(|kid| kid == self.id || Some(kid) == self.kid.as_deref())
    }
}

fn unsupported(error: &KeyError) -> Said {
    Said::Unsupported(format!("this key cannot be used here: {error}"))
}

fn issue(feature: Feature, args: &JoseArgs) -> Result<Said, Failure> {
    let bytes = files::read(Path::new(&args.input), limits::DOCUMENT)?;
    let document = match json::parse(&bytes, limits::DOCUMENT) {
        Ok(document) => document,
        Err(error) => return Ok(Said::Refused(error.to_string())),
    };
    let Some(paths) = claims(args.sd.as_deref()) else {
        return Ok(Said::Refused("--sd is no list of claims".to_owned()));
    };
    // A payload is a JSON-LD document in compacted form (VC-JOSE-COSE §3): each of its terms has a meaning.
    let contexts = Contexts::with_pinned(&[]).map(Contexts::insecure_any_inline);
    match contexts.and_then(|contexts| canonical_nquads(&document, &contexts)) {
        Ok(_) => {}
        // An enveloped credential as the suite has it, with a line break at its end: what is signed is the text.
        Err(RdfcError::IriRelative { iri }) if iri.starts_with("data:") => {}
        Err(error) => return Ok(Said::Refused(error.to_string())),
    }
    if let Err(why) = feature.check(&document).and_then(|()| feature.check_members(&document)) {
        return Ok(Said::Refused(why));
    }
    let method = Method::read(&args.key, "secretKeyJwk")?;
    let jwk = SecretBytes::new(method.jwk.to_string().into_bytes());
    let key = match SecretKey::from_private_jwk(&jwk) {
        Ok(key) => key,
        Err(error) => return Ok(unsupported(&error)),
    };
    let (typ, content) = feature.types();
    let mut header = Map::new();
    for (name, value) in [("typ", typ), ("cty", content), ("kid", method.id.as_str())] {
        header.insert(name.to_owned(), value.into());
    }
    let payload = document.to_string().into_bytes();
    let made = match feature.around() {
        Around::SdJwt => {
            let hidden = Concealment { claims: &paths, decoys: 0 };
            let made = sd_jwt::issue(document, &hidden, header, &key, &mut OsRng);
            made.map(|made| made.to_compact()).map_err(|error| said(&error))
        }
        Around::Jws => jws::sign(header, &payload, &key).map_err(|error| said(&error)),
        Around::Cose => {
            let headers =
                Headers { typ, content_type: Some(content), key: KeyName::Kid(&method.id) };
            let made = Sign1::make(payload, &headers, &key);
            made.map(|made| encoding::b64(made.bytes())).map_err(|error| said(&error))
        }
    };
    Ok(match made {
        Ok(compact) => Said::Done(compact),
        Err(why) => Said::Refused(why),
    })
}

/// An error with what it rests on.
fn said(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// The claims of `--sd`.
fn claims(text: Option<&str>) -> Option<Vec<ClaimPath>> {
    let Some(text) = text else { return Some(Vec::new()) };
    let list = json::parse(text.as_bytes(), limits::DID_DOCUMENT).ok()?;
    // The suite writes `a.b[0]`; here it is a JSON pointer.
    let pointer = |path: &str| format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
    list.as_array()?.iter().map(|path| ClaimPath::parse(&pointer(path.as_str()?)).ok()).collect()
}

fn verify(feature: Feature, args: &JoseArgs) -> Result<Said, Failure> {
    let bytes = files::read(Path::new(&args.input), limits::DOCUMENT)?;
    let text = String::from_utf8_lossy(&bytes);
    let refused = |why: &str| Ok(Said::Refused(why.to_owned()));
    let Some(secured) = Secured::read(feature, text.trim()) else {
        return refused("it is not in this form");
    };
    let document = secured.payload;
    // The claims `vc` and `vp` are those of version 1.1 (VC-JOSE-COSE §3.1.1).
    if document.get("vc").or_else(|| document.get("vp")).is_some() {
        return refused("it is in the form of version 1.1");
    }
    let issuer = document.get("issuer").or_else(|| document.get("holder"));
    let issuer = issuer.and_then(|issuer| issuer.as_str().or_else(|| json::text(issuer, "id")));
    if json::text(&document, "iss").is_some_and(|iss| issuer.is_some_and(|own| own != iss)) {
        return refused("iss is not its issuer");
    }
    if let Err(why) = feature.check(&document) {
        return refused(&why);
    }
    let method = Method::read(&args.key, "publicKeyJwk")?;
    let key = match PublicKey::from_jwk(&method.jwk) {
        Ok(key) => key,
        Err(error) => return Ok(unsupported(&error)),
    };
    if !method.is_named(secured.envelope.kid()) || !secured.envelope.verify(&key) {
        return refused("it is not secured by this key");
    }
    Ok(Said::Done(document.to_string()))
}

/// What is signed, with the signature.
enum Envelope {
    Jws(Jws),
    Cose(Sign1),
}

impl Envelope {
    fn kid(&self) -> Option<&str> {
        match self {
            Self::Jws(jws) => jws.kid(),
            Self::Cose(message) => message.kid(),
        }
    }

    fn verify(&self, key: &PublicKey) -> bool {
        match self {
            Self::Jws(jws) => jws.verify(key).is_ok(),
            Self::Cose(message) => message.verify(key),
        }
    }
}

/// An envelope whose media types are those of the feature, and what is in it.
struct Secured {
    envelope: Envelope,
    payload: Value,
}

impl Secured {
    fn read(feature: Feature, text: &str) -> Option<Self> {
        let (typ, content) = feature.types();
        let typed = |jws: &Jws| {
            jws.typ() == Some(typ) && jws.header().get("cty").is_none_or(|found| found == content)
        };
        match feature.around() {
            Around::SdJwt => {
                let read = SdJwt::parse(text).ok().filter(|read| read.key_binding().is_none())?;
                let first = text.split('~').next().unwrap_or_default();
                let jws = Jws::parse(first, limits::JWS).ok().filter(typed)?;
                Some(Self { envelope: Envelope::Jws(jws), payload: read.payload().clone() })
            }
            Around::Jws => {
                let jws = Jws::parse(text, limits::JWS).ok().filter(typed)?;
                let payload = json::parse(jws.payload(), limits::DOCUMENT).ok()?;
                Some(Self { envelope: Envelope::Jws(jws), payload })
            }
            Around::Cose => {
                // The suite leaves the padding away, which nothing here that reads files does.
                let padding = match text.len() % 4 {
                    2 => "==",
                    3 => "=",
                    _ => "",
                };
                let bytes = encoding::decode_b64(&format!("{text}{padding}")).ok()?;
                let message = Sign1::parse(&bytes).ok()?;
                let same = message.typ() == Some(typ)
                    && message.content_type().is_none_or(|found| found == content);
                let payload = json::parse(message.payload(), limits::DOCUMENT).ok()?;
                same.then_some(Self { envelope: Envelope::Cose(message), payload })
            }
        }
    }
}

impl Feature {
    const fn around(self) -> Around {
        match self {
            Self::CredentialJose | Self::PresentationJose => Around::Jws,
            Self::CredentialSdJwt | Self::PresentationSdJwt => Around::SdJwt,
            Self::CredentialCose | Self::PresentationCose => Around::Cose,
        }
    }

    /// `typ` and content type (VC-JOSE-COSE §3.1 to §3.3).
    const fn types(self) -> (&'static str, &'static str) {
        match self {
            Self::CredentialJose => ("vc+jwt", "vc"),
            Self::CredentialSdJwt => ("vc+sd-jwt", "vc"),
            Self::CredentialCose => ("application/vc+cose", "application/vc"),
            Self::PresentationJose => ("vp+jwt", "vp"),
            Self::PresentationSdJwt => ("vp+sd-jwt", "vp"),
            Self::PresentationCose => ("application/vp+cose", "application/vp"),
        }
    }

    /// The rules of the data model.
    fn check(self, document: &Value) -> Result<(), String> {
        match self {
            Self::CredentialJose | Self::CredentialSdJwt | Self::CredentialCose => {
                Credential::from_value(document.clone())
                    .map(drop)
                    .map_err(|error| error.to_string())
            }
            Self::PresentationJose | Self::PresentationSdJwt | Self::PresentationCose => {
                check_presentation(document)
            }
        }
    }
}

impl Feature {
    /// What a credential says of itself is understood by whoever signs it: a context for examples gives every name a meaning.
    fn check_members(self, document: &Value) -> Result<(), String> {
        const KNOWN: [&str; 17] = [
            "@context",
            "confidenceMethod",
            "credentialSchema",
            "credentialStatus",
            "credentialSubject",
            "description",
            "evidence",
            "id",
            "issuer",
            "name",
            "refreshService",
            "relatedResource",
            "renderMethod",
            "termsOfUse",
            "type",
            "validFrom",
            "validUntil",
        ];
        let mut members = document.as_object().into_iter().flatten().map(|(name, _)| name);
        let unknown = members.find(|name| !KNOWN.contains(&name.as_str()));
        match (self, unknown) {
            (Self::PresentationJose | Self::PresentationSdJwt | Self::PresentationCose, _)
            | (_, None) => Ok(()),
            (Self::CredentialJose | Self::CredentialSdJwt | Self::CredentialCose, Some(name)) => {
                Err(format!("{name} is no property of credentials"))
            }
        }
    }
}

/// A presentation is typed as one, and what it envelops is in data URLs: the form of those is looked at, and no further.
fn check_presentation(document: &Value) -> Result<(), String> {
    let list = |member: &str| match document.get(member) {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    };
    if list("@context").first().copied() != Some(&Value::from(CONTEXT_V2)) {
        return Err("its context is not that of version 2.0".to_owned());
    }
    if !list("type").contains(&&Value::from("VerifiablePresentation")) {
        return Err("it is no presentation".to_owned());
    }
    let is_enveloped = |one: &&Value| match one.get("type") {
        Some(Value::Array(types)) => types.contains(&"EnvelopedVerifiableCredential".into()),
        found => found == Some(&"EnvelopedVerifiableCredential".into()),
    };
    let fits = |one: &Value| {
        let url = json::text(one, "id").and_then(|id| id.strip_prefix("data:application/"));
        url.and_then(|url| url.split_once(',')).is_some_and(|(kind, data)| {
            matches!(kind, "vc+jwt" | "vc+sd-jwt" | "vc+cose;base64") && data.len() > 2
        })
    };
    let credentials = list("verifiableCredential");
    if credentials.iter().any(|one| !one.is_object()) {
        return Err("it presents something else than credentials".to_owned());
    }
    if credentials.into_iter().filter(is_enveloped).all(fits) {
        Ok(())
    } else {
        Err("it envelops something else than a credential".to_owned())
    }
}
