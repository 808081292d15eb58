//! `inkan conformance`: what the VC-JOSE-COSE test suite calls. Cryptography and form alone, with the key that is given.

use std::path::Path;

use inkan_core::{SecretBytes, json, limits};
use inkan_credential::presentation::{secure_presentation_jose, secure_presentation_sd_jwt};
use inkan_credential::sd_jwt::{ClaimPath, Concealment};
use inkan_credential::{Contexts, Presentation, SecuredCredential, canonical_nquads, sign};
use inkan_crypto::{KeyError, PublicKey, SecretKey};
use inkan_io::files::{self, Access};
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

use crate::args::{ConformanceCommand, JoseArgs};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;

/// What is secured, and how.
#[derive(Clone, Copy, Debug)]
enum Feature {
    CredentialJose,
    CredentialSdJwt,
    PresentationJose,
    PresentationSdJwt,
}

impl Feature {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.replace('-', "_").replace("sd_jwt", "sdjwt").as_str() {
            "credential_jose" => Self::CredentialJose,
            "credential_sdjwt" => Self::CredentialSdJwt,
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

/// The part of a verification method that is asked for.
fn key_in(file: &str, member: &str) -> Result<(Value, String), Failure> {
    let bytes = SecretBytes::new(files::read(Path::new(file), limits::DID_DOCUMENT)?);
    let malformed = |detail: &str| CliError::InputMalformed {
        file: file.to_owned(),
        detail: detail.to_owned(),
    };
    let mut method = json::parse(bytes.expose_secret(), limits::DID_DOCUMENT)
        .map_err(|error| malformed(&error.to_string()))?;
    let id = json::text(&method, "id").ok_or_else(|| malformed("no id"))?.to_owned();
    let jwk = method.get_mut(member).map(Value::take);
    Ok((jwk.ok_or_else(|| malformed(&format!("no {member}")))?, id))
}

fn unsupported(error: &KeyError) -> Said {
    Said::Unsupported(format!("this key cannot be used here: {error}"))
}

fn issue(feature: Feature, args: &JoseArgs) -> Result<Said, Failure> {
    let (jwk, kid) = key_in(&args.key, "secretKeyJwk")?;
    let jwk = SecretBytes::new(jwk.to_string().into_bytes());
    let key = match SecretKey::from_private_jwk(&jwk) {
        Ok(key) => key,
        Err(error) => return Ok(unsupported(&error)),
    };
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
    if let Err(error) = contexts.and_then(|contexts| canonical_nquads(&document, &contexts)) {
        return Ok(Said::Refused(error.to_string()));
    }
    let hidden = Concealment { claims: &paths, decoys: 0 };
    let made = match feature {
        Feature::CredentialJose => {
            sign::issue_jose(document, &kid, &key).map(|made| made.to_bare())
        }
        Feature::CredentialSdJwt => {
            sign::issue_sd_jwt(document, &hidden, &kid, &key, &mut OsRng).map(|made| made.to_bare())
        }
        Feature::PresentationJose => {
            secure_presentation_jose(&document, &kid, &key).map(|made| made.to_bare())
        }
        Feature::PresentationSdJwt => {
            secure_presentation_sd_jwt(document, &hidden, &kid, &key, &mut OsRng)
                .map(|made| made.to_bare())
        }
    };
    Ok(match made {
        Ok(compact) => Said::Done(compact),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Said::Refused(cause.unwrap_or_else(|| error.to_string()))
        }
    })
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
    let (jwk, kid) = key_in(&args.key, "publicKeyJwk")?;
    let key = match PublicKey::from_jwk(&jwk) {
        Ok(key) => key,
        Err(error) => return Ok(unsupported(&error)),
    };
    let bytes = files::read(Path::new(&args.input), limits::DOCUMENT)?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim();
    let is_sd_jwt = text.contains('~');
    let judged = match feature {
        Feature::CredentialJose | Feature::CredentialSdJwt => {
            let wanted = matches!(feature, Feature::CredentialSdJwt);
            credential(text, (&key, &kid)).filter(|_| wanted == is_sd_jwt)
        }
        Feature::PresentationJose | Feature::PresentationSdJwt => {
            let wanted = matches!(feature, Feature::PresentationSdJwt);
            presentation(text, (&key, &kid)).filter(|_| wanted == is_sd_jwt)
        }
    };
    Ok(match judged {
        Some(document) => Said::Done(document.to_string()),
        None => Said::Refused("it is not secured by this key, or not in this form".to_owned()),
    })
}

fn credential(text: &str, (key, kid): (&PublicKey, &str)) -> Option<Value> {
    let secured = SecuredCredential::parse_compact(text).ok()?;
    if secured.issuer_verification_method() != kid {
        return None;
    }
    secured.verify_issuer_proof(key).ok()?;
    Some(secured.credential().value().clone())
}

/// The presentation's own proof; credentials in it by the same key are checked as well, others only for their form.
fn presentation(text: &str, (key, kid): (&PublicKey, &str)) -> Option<Value> {
    let presented = Presentation::parse_compact(text).ok()?;
    if presented.verification_method() != kid {
        return None;
    }
    presented.verify_proof(key).ok()?;
    for secured in presented.credentials() {
        if secured.issuer_verification_method() == kid {
            secured.verify_issuer_proof(key).ok()?;
        }
    }
    Some(presented.value().clone())
}
