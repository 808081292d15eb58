//! `inkan evidence jpki`: statements for a person's card, signatures, evidence of them, and what they are judged by.

mod attach;
mod check;
mod pins;
#[cfg(feature = "pkcs11")]
mod sign;

use inkan_evidence::jpki::{BINDING_TYPE, BindingStatement, LOGIN_TYPE, LoginStatement};
use serde_json::json;

use crate::args::{JpkiCommand, JpkiStatementArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::output::Outcome;
use crate::render::safe;

pub(super) fn run(command: &JpkiCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        JpkiCommand::Statement(args) => statement(args, context),
        #[cfg(feature = "pkcs11")]
        JpkiCommand::Sign(args) => sign::run(args, context),
        JpkiCommand::Attach(args) => attach::run(args, context),
        JpkiCommand::Check(args) => check::run(args, context),
        JpkiCommand::Pin { file, sha256, write } => {
            pins::add((file, sha256.as_deref()), *write, context)
        }
        JpkiCommand::Pins => pins::list(context),
        JpkiCommand::Unpin { name } => pins::remove(name, context),
    }
}

/// A statement of either kind.
enum Statement {
    Binding(BindingStatement),
    Login(LoginStatement),
}

impl Statement {
    /// Reads either; a line break that an editor put at the end is no part of it.
    fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        match LoginStatement::parse(bytes) {
            Ok(login) => Ok(Self::Login(login)),
            Err(_) => Ok(Self::Binding(BindingStatement::parse(bytes)?)),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Binding(statement) => statement.to_bytes(),
            Self::Login(statement) => statement.to_bytes(),
        }
    }

    /// What a signature over it says, for the owner of the card.
    fn sentence(&self) -> String {
        match self {
            Self::Binding(statement) => format!(
                "the card is to say, to {}, that {} is yours",
                safe(statement.aud(), 200),
                safe(statement.did(), 200)
            ),
            Self::Login(statement) => {
                format!("the card is to log you in at {}", safe(statement.aud(), 200))
            }
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Binding(_) => BINDING_TYPE,
            Self::Login(_) => LOGIN_TYPE,
        }
    }
}

fn statement(args: &JpkiStatementArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let own = identity::own(&home, args.identity.as_deref())?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, args.key.as_deref(), &keyring, &home)?;
    let (asked, now) = ((args.aud.as_str(), args.nonce.as_str()), context.now());
    let jkt = hand.key.public_key().thumbprint();
    let made = if args.login {
        Statement::Login(LoginStatement::new(asked, &jkt, now)?)
    } else {
        let key = (own.did.as_str(), hand.method.as_str(), jkt.as_str());
        Statement::Binding(BindingStatement::new(key, asked, now)?)
    };
    context.speech.say(if args.login {
        "have the card sign these very bytes with its key for logins: CMS, detached"
    } else {
        "have the card sign these very bytes with its key for signatures: CMS, detached"
    });
    let text = String::from_utf8_lossy(&made.to_bytes()).into_owned();
    let members = json!({
        "kind": made.kind(), "did": own.did, "verificationMethod": hand.method.as_str(), "statement": text,
        "out": args.out.path(),
    });
    // Without a line break: what is signed is what lies in the file.
    let human = context.deliver(text, args.out.path())?;
    Ok(Outcome::new("inkan-card-statement/1", human, members))
}
