//! `inkan evidence register`: what a base register says of a credential's claims as they are now.
//!
//! Data flow: credential + what the register's keeper found → statement for one verifier (`register-check+jwt`) → into the bundle → `inkan
//! verify`, which believes it where its registries name the register.

use inkan_evidence::Code;
use inkan_evidence::register_check::{
    EVIDENCE_TYPE, NewRegisterCheck, RegisterResult, RegisterToken,
};
use serde_json::{Value, json};

use crate::args::{OutArgs, RegisterCommand, RegisterFound, RegisterStateArgs};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::output::Outcome;
use crate::render::safe;
use crate::wallet;

pub(super) fn run(command: &RegisterCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        RegisterCommand::State(args) => state(args, context),
        RegisterCommand::Attach { file, statement, out } => {
            attach(file.as_deref(), statement, out, context)
        }
    }
}

fn state(args: &RegisterStateArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let bundle = wallet::read_bundle(&input)?;
    let credential = wallet::credential_of(&bundle, &input.name)?;
    let subjects = credential.credential().subjects();
    let has = |name: &String| match subjects {
        [one] => name != "id" && one.get(name).is_some(),
        _ => false,
    };
    if let Some(name) = args.claims.iter().find(|name| !has(name)) {
        let detail = format!("it claims no {:?} of one subject", safe(name, 80));
        return Err(CliError::InputMalformed { file: input.name, detail }.into());
    }
    let own = identity::own(&home, args.identity.as_deref())?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, args.key.as_deref(), &keyring, &home)?;
    let new = NewRegisterCheck {
        register: (&own.did, hand.method.as_str()),
        audience: &args.aud,
        credential: credential.issuance_digest(),
        claims: &args.claims,
        result: match args.result {
            RegisterFound::Match => RegisterResult::Match,
            RegisterFound::Mismatch => RegisterResult::Mismatch,
        },
    };
    let token = new
        .sign(hand.key, context.now())
        .map_err(|error| Failure::from_error(error.code(), &error))?;
    let result = new.result.as_str();
    context.speech.say(&format!(
        "{result}: said to {} of {}; it holds no value of a claim",
        safe(&args.aud, 200),
        args.claims.join(", ")
    ));
    let members = json!({
        "register": own.did, "audience": args.aud, "credentialSha256": new.credential.to_hex(),
        "claims": args.claims, "result": result, "out": args.out.path(),
    });
    let human = context.deliver(format!("{token}\n"), args.out.path())?;
    let outcome = Outcome::new("inkan-register-statement/1", human, members);
    Ok(if args.out.path().is_some() { outcome } else { outcome.with("statement", token) })
}

fn attach(
    file: Option<&str>,
    statement: &str,
    out: &OutArgs,
    context: &Context,
) -> Result<Outcome, Failure> {
    context.check_out(out)?;
    let input = context.input(file)?;
    let mut bundle = wallet::read_bundle(&input)?;
    let read = context.input(Some(statement))?;
    let malformed = |detail: &str| CliError::InputMalformed {
        file: read.name.clone(),
        detail: detail.to_owned(),
    };
    let token = String::from_utf8_lossy(&read.bytes).trim().to_owned();
    let parsed = RegisterToken::parse(&token).map_err(|code: Code| {
        Failure::new(code.code(), "it is no statement of a base register").during(&read.name)
    })?;
    let mut about = bundle.artefact.credentials().iter();
    if !about.any(|one| one.issuance_digest() == parsed.credential()) {
        return Err(malformed("it is about another credential").into());
    }
    let item: Value = json!({ "type": EVIDENCE_TYPE, "jwt": token });
    if !bundle.evidence.contains(&item) {
        bundle.evidence.push(item);
    }
    context.speech.say(&format!("for {}: it counts for nobody else", safe(parsed.audience(), 200)));
    let members = json!({ "audience": parsed.audience(), "out": out.path() });
    let human = context.deliver(wallet::written(&bundle, false), out.path())?;
    let outcome = Outcome::new("inkan-register-attach/1", human, members);
    Ok(if out.path().is_some() { outcome } else { outcome.with("bundle", bundle.to_value()) })
}
