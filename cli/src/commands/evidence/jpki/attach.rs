//! `inkan evidence jpki attach`: a statement and a card's signature become evidence for an issuer, or a login beside a presentation.

use std::path::Path;

use inkan_core::{encoding, sha256};
use inkan_evidence::cms;
use inkan_evidence::jpki::{BindingStatement, sign_holder_part};
use inkan_evidence::tsa::{self, ANSWER_LIMIT, TimestampError, TimestampRequest};
use inkan_io::files;
use inkan_io::os_rng::OsRng;
use inkan_io::timestamping;
use serde_json::{Value, json};

use super::Statement;
use crate::args::JpkiAttachArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::output::Outcome;

pub(super) fn run(args: &JpkiAttachArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let input = context.input(args.file.as_deref())?;
    let statement =
        Statement::parse(&input.bytes).map_err(|failure: Failure| failure.during(&input.name))?;
    let bytes = files::read(Path::new(&args.cms), cms::LIMIT)?;
    // What nobody could verify is not passed on.
    cms::verify(&bytes, &statement.to_bytes())
        .map_err(|error| Failure::from(error).during(&args.cms))?;
    let bytes = stamped(bytes, args)?;
    let value = match &statement {
        Statement::Login(login) => json!({
            "channel": args.channel.as_str(),
            "authenticator": [{ "jpkiAuth": {
                "statement": String::from_utf8_lossy(&login.to_bytes()), "cms": encoding::b64(&bytes),
            } }],
        }),
        Statement::Binding(statement) => evidence(statement, &bytes, args, context)?,
    };
    context.speech.say(match statement {
        Statement::Login(_) => {
            "for the verifier, beside the presentation: inkan verify FILE --authenticator F"
        }
        Statement::Binding(_) => {
            "for the proofer: it holds the card's certificate, with name and address"
        }
    });
    let members = json!({ "kind": statement.kind(), "out": args.out.path() });
    let human = context.deliver(format!("{value:#}\n"), args.out.path())?;
    let outcome = Outcome::new("inkan-card-evidence/1", human, members);
    Ok(if args.out.path().is_some() { outcome } else { outcome.with("evidence", value) })
}

/// One proofing event, of which the issuer fills in what is its own.
fn evidence(
    statement: &BindingStatement,
    cms: &[u8],
    args: &JpkiAttachArgs,
    context: &mut Context,
) -> Result<Value, Failure> {
    let home = context.home()?;
    let named = args.identity.as_deref().or(Some(statement.did()));
    let own = identity::own(&home, named)?;
    let fragment = statement.vm().rsplit('#').next();
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, fragment, &keyring, &home)?;
    let is_own = own.did == statement.did()
        && hand.method.as_str() == statement.vm()
        && hand.key.public_key().thumbprint() == statement.jkt();
    if !is_own {
        let detail = "the statement names another DID or key".to_owned();
        return Err(CliError::InputMalformed { file: "statement".to_owned(), detail }.into());
    }
    let proofer = match statement.aud() {
        did if did.starts_with("did:") => json!({ "agent": "automated", "id": did }),
        _ => json!({ "agent": "automated" }),
    };
    Ok(json!({
        "type": ["Evidence", "IdentityProofingEvidence"],
        "verificationProcess": format!("urn:sha-256:{}", sha256(&[&statement.to_bytes()]).to_hex()),
        "time": context.now().to_string(),
        "proofer": proofer,
        "subject": { "holder": own.did, "jkt": statement.jkt(), "boundBy": "jpki_did_binding" },
        "session": { "presence": "remote" },
        "evidence": [{
            "type": "electronic_signature", "documentDetails": { "type": args.document },
            "checkDetails": [],
            "proofs": [{
                "kind": "cms-jpki", "sha256": sha256(&[cms]).to_hex(), "value": encoding::b64(cms),
                "statement": String::from_utf8_lossy(&statement.to_bytes()),
                "didSignature": sign_holder_part(statement, hand.key)?,
            }],
        }],
    }))
}

/// The signature with a timestamp over its value, if one is brought or asked for.
fn stamped(bytes: Vec<u8>, args: &JpkiAttachArgs) -> Result<Vec<u8>, Failure> {
    let token = if let Some(path) = &args.token {
        let read = files::read(Path::new(path), ANSWER_LIMIT)?;
        match tsa::token_of(&read) {
            Ok(token) => token,
            Err(TimestampError::Malformed) => read,
            Err(error) => return Err(Failure::from(error).during(path)),
        }
    } else if let Some(url) = &args.tsa {
        let imprint = sha256(&[&cms::signature_value(&bytes)?]);
        let question = TimestampRequest::over(imprint, &mut OsRng);
        let answer = timestamping::ask(url, &question)?;
        tsa::token_of(&answer).map_err(|error| Failure::from(error).during(url))?
    } else {
        return Ok(bytes);
    };
    Ok(cms::with_timestamp(&bytes, &token)?)
}
