//! `inkan evidence jpki sign`: a card or HSM signs a statement through its PKCS #11 module.

use inkan_evidence::cms::Draft;
use inkan_evidence::x5c::chain_in;
use inkan_io::files::{self, Access};
use inkan_io::pkcs11::{Token, Which};
use serde_json::json;
use std::path::Path;

use super::Statement;
use crate::args::JpkiSignArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::prompt;

/// The largest file of certificates in bytes.
const LIMIT: usize = 64 << 10;

pub(super) fn run(args: &JpkiSignArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let Some(out) = args.out.path().filter(|path| *path != "-") else {
        let usage = "--out names the file for the signature, which is no text";
        return Err(CliError::Usage(usage.to_owned()).into());
    };
    let input = context.input(args.file.as_deref())?;
    // Whatever is signed with a card binds its owner: nothing but statements is.
    let statement =
        Statement::parse(&input.bytes).map_err(|failure: Failure| failure.during(&input.name))?;
    let brought = match &args.cert {
        Some(path) => Some(chain_in(&files::read(Path::new(path), LIMIT)?)?),
        None => None,
    };
    context.speech.say(&statement.sentence());
    let pin = prompt::pin(args.pin_file.as_deref(), context.asking, &context.speech)?;
    let which = match (&args.token_label, args.slot) {
        (Some(label), _) => Which::Label(label),
        (None, Some(slot)) => Which::Slot(slot),
        (None, None) => Which::Only,
    };
    let token = Token::open(Path::new(&args.pkcs11_module), which, &pin)?;
    drop(pin);
    let chain = match brought {
        Some(chain) => chain,
        None => vec![token.certificate(&args.key_label)?],
    };
    let draft = Draft::new(&statement.to_bytes(), &chain, context.now())?;
    let algorithm = draft.algorithm();
    let raw = token.sign(&args.key_label, algorithm, draft.message())?;
    let cms = draft.finish(&raw)?;
    files::write_atomic(Path::new(out), &cms, Access::Private)?;
    context.speech.say(&format!("signed a statement {} as {out}", statement.kind()));
    let members = json!({ "kind": statement.kind(), "algorithm": algorithm.as_str(), "out": out });
    Ok(Outcome::new("inkan-card-signature/1", String::new(), members))
}
