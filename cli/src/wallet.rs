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
    let Some(home) = home else {
        let name = text.to_owned();
        return Err(CliError::CredentialUnknown { name, profile: String::new() }.into());
    };
    let mut all = Vec::new();
    for (name, bundle) in held(home)? {
        let id = credential_of(&bundle, &name)?.credential().id().unwrap_or_default().to_owned();
        all.push((name, id, bundle));
    }
    let (_, _, bundle) = one_of(all, text, LEAST_OF_HELD, home.name())?;
    Ok(bundle)
}

/// So many characters of a name or id may stand for the whole, where it is looked at or shown to somebody.
const LEAST_OF_HELD: usize = 4;

/// The one of `(name, id, …)` that `text` is the name or the id of; if there is none, the one whose name or id begins with it, and at
/// least `least` characters of it are given.
///
/// # Errors
///
/// If none fits, or several do: whoever revokes or shows a credential means one.
pub(crate) fn one_of<T>(
    all: Vec<(String, String, T)>,
    text: &str,
    least: usize,
    profile: &str,
) -> Result<(String, String, T), CliError> {
    let is = |name: &str, id: &str| name == text || id == text;
    let begins = |name: &str, id: &str| {
        let short = id.strip_prefix("urn:uuid:").unwrap_or(id);
        text.len() >= least && (name.starts_with(text) || short.starts_with(text))
    };
    let exact = all.iter().any(|(name, id, _)| is(name, id));
    let fits = |name: &str, id: &str| if exact { is(name, id) } else { begins(name, id) };
    let mut found: Vec<_> = all.into_iter().filter(|(name, id, _)| fits(name, id)).collect();
    let (name, profile) = (text.to_owned(), profile.to_owned());
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(CliError::CredentialUnknown { name, profile }),
        (Some(one), true) => Ok(one),
        (Some(last), false) => {
            let names = found.into_iter().chain([last]).map(|(name, ..)| name);
            Err(CliError::CredentialAmbiguous { name, names: names.take(8).collect(), profile })
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ids: &[&str], text: &str) -> Result<String, CliError> {
        let all = ids
            .iter()
            .enumerate()
            .map(|(index, id)| (format!("{index}0123456789abcde"), (*id).to_owned(), ()));
        one_of(all.collect(), text, 8, "acme").map(|(name, ..)| name)
    }

    #[test]
    fn a_whole_id_is_not_the_beginning_of_another() {
        let ids = ["urn:example:12", "urn:example:1", "urn:example:11"];
        for rotated in 0..ids.len() {
            let mut ids = ids;
            ids.rotate_left(rotated);
            let place = ids.iter().position(|id| *id == "urn:example:1").unwrap();
            assert_eq!(found(&ids, "urn:example:1").unwrap(), format!("{place}0123456789abcde"));
        }
    }

    #[test]
    fn what_fits_several_is_none_of_them() {
        let ids =
            ["urn:example:12", "urn:example:11", "urn:uuid:0190-abcdef", "urn:uuid:0190-abcxyz"];
        for text in ["urn:example:1", "0190-abc", "urn:exam"] {
            let error = found(&ids, text).unwrap_err();
            assert!(matches!(error, CliError::CredentialAmbiguous { .. }), "{text}: {error}");
        }
        // One id twice: each has a name of its own.
        let twice = ["urn:example:1", "urn:example:1"];
        assert!(matches!(
            found(&twice, "urn:example:1"),
            Err(CliError::CredentialAmbiguous { .. })
        ));
        assert_eq!(found(&twice, "10123456").unwrap(), "10123456789abcde");
        assert_eq!(found(&ids, "0190-abcd").unwrap(), "20123456789abcde");
        for text in ["0190-ab", "urn:example:13", ""] {
            let error = found(&ids, text).unwrap_err();
            assert!(matches!(error, CliError::CredentialUnknown { .. }), "{text}: {error}");
        }
    }
}
