//! `inkan trust add | list | remove | check | graph | pin | unpin | pins`: who may issue what, and vouch for what, as far as this profile
//! is concerned, and which bytes it takes for those of a URL.

mod add;
mod check;
mod graph;
mod list;
mod pins;
mod remove;
mod signed;
mod trqp;

use inkan_core::limits;
use inkan_evidence::Registry;
use inkan_io::files;

use crate::args::{self, TrustCommand};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::output::Outcome;

pub(super) fn run(command: &TrustCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        TrustCommand::Add(args) => add::run(args, context),
        TrustCommand::List(args) => list::run(args, context),
        TrustCommand::Remove(args) => remove::run(args, context),
        TrustCommand::Check(args) => check::run(args, context),
        TrustCommand::Graph(args) => graph::run(args, context),
        TrustCommand::Pin { url, file, sha256, write } => {
            pins::add((url, file, sha256.as_deref()), *write, context)
        }
        TrustCommand::Unpin { url } => pins::remove(url, context),
        TrustCommand::Pins => pins::list(context),
    }
}

/// Who is trusted: a DID, or the https URL by which certificates name an issuer.
fn party(text: &str, home: Option<&Home>) -> Result<String, Failure> {
    if !text.starts_with("https://") {
        return Ok(identity::any(home, text)?.as_str().to_owned());
    }
    if args::is_issuer_name(text) {
        return Ok(text.to_owned());
    }
    let detail = "not an https URL that a certificate can name".to_owned();
    Err(CliError::InputMalformed { file: text.chars().take(80).collect(), detail }.into())
}

/// The trust list of a profile, if it has one.
pub(crate) fn load(home: &Home) -> Result<Option<Registry>, Failure> {
    let path = home.profile.trust_list();
    let Some(bytes) = files::read_optional(&path, limits::DOCUMENT)? else { return Ok(None) };
    let registry = Registry::parse(&bytes);
    Ok(Some(registry.map_err(|error| Failure::from(error).during(path.display().to_string()))?))
}
