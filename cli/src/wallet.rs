//! Finding credentials: a file, a name or an id in the wallet, or among what was issued.

use inkan_core::Digest;
use inkan_core::limits;
use inkan_credential::SecuredCredential;
use inkan_credential::bundle::{Artefact, Bundle, read_any};
use inkan_io::profile::Shelf;
use serde_json::Value;

use crate::context::{Context, Home, Input};
use crate::failure::{CliError, Failure};
use crate::ledgers::is_file;

/// Reads a bundle, or a bare credential or presentation as one.
pub(crate) fn read_bundle(input: &Input) -> Result<Bundle, Failure> {
    let read = read_any(&input.bytes).map_err(|error| Failure::from(error).during(&input.name))?;
    Ok(read.into_bundle())
}

/// The one credential of a bundle.
pub(crate) fn credential_of<'a>(
    bundle: &'a Bundle,
    name: &str,
) -> Result<&'a SecuredCredential, Failure> {
    match &bundle.artefact {
        Artefact::Credential(credential) => Ok(credential),
        Artefact::Presentation(_) => {
            let detail = "this is a presentation; a credential is needed".to_owned();
            Err(CliError::InputMalformed { file: name.to_owned(), detail }.into())
        }
    }
}

/// Finds a credential: a file (or `-`), else the wallet's by name, id, or the beginning of either.
pub(crate) fn find(text: &str, home: Option<&Home>, context: &Context) -> Result<Bundle, Failure> {
    if is_file(text) {
        return read_bundle(&context.input(Some(text))?);
    }
    let profile = home.map(|home| home.name().to_owned()).unwrap_or_default();
    let unknown = || CliError::CredentialUnknown { name: text.to_owned(), profile };
    let Some(home) = home else { return Err(unknown().into()) };
    for (name, bundle) in held(home)? {
        let credential = credential_of(&bundle, &name)?;
        let id = credential.credential().id().unwrap_or_default();
        let short = id.strip_prefix("urn:uuid:").unwrap_or(id);
        let prefix = text.len() >= 4 && (name.starts_with(text) || short.starts_with(text));
        if name == text || id == text || prefix {
            return Ok(bundle);
        }
    }
    Err(unknown().into())
}

/// All credentials in the wallet, by name.
pub(crate) fn held(home: &Home) -> Result<Vec<(String, Bundle)>, Failure> {
    let mut out = Vec::new();
    for name in home.profile.names(Shelf::Wallet)? {
        let Some(value) = home.profile.get(Shelf::Wallet, &name)? else { continue };
        let input = Input { name: name.clone(), bytes: value.to_string().into_bytes() };
        out.push((name, read_bundle(&input)?));
    }
    Ok(out)
}

/// The wallet's own copy of a credential, if it has one.
pub(crate) fn held_copy(home: &Home, digest: &Digest) -> Result<Option<Bundle>, Failure> {
    let name = name_of(digest);
    let Some(value) = home.profile.get(Shelf::Wallet, &name)? else { return Ok(None) };
    read_bundle(&Input { name, bytes: value.to_string().into_bytes() }).map(Some)
}

/// The name under which the wallet keeps a credential: the beginning of its digest.
pub(crate) fn name_of(digest: &Digest) -> String {
    digest.to_hex().chars().take(16).collect()
}

/// The bytes of a bundle, or of the bare artefact in it.
pub(crate) fn written(bundle: &Bundle, bare: bool) -> String {
    if bare {
        format!("{}\n", bundle.artefact.to_bare())
    } else {
        format!("{:#}\n", bundle.to_value())
    }
}

/// Reads a JSON file that the user names, or standard input for `-`.
pub(crate) fn read_json(path: &str, context: &Context) -> Result<Value, Failure> {
    let input = context.input(Some(path))?;
    inkan_core::json::parse(&input.bytes, limits::DOCUMENT).map_err(|error| {
        CliError::InputMalformed { file: input.name, detail: error.to_string() }.into()
    })
}
