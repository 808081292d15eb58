//! Names for DIDs: our own names, and DIDs as they are.

use inkan_crypto::{SecretKey, Signer};
use inkan_did::{Did, DidUrl};
use inkan_io::profile::{OwnDid, OwnKey};

use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::keyring::Keyring;

/// One of our DIDs: the one named, or the only one there is.
pub(crate) fn own(home: &Home, named: Option<&str>) -> Result<OwnDid, Failure> {
    let all: Vec<OwnDid> =
        home.profile.all::<OwnDid>()?.into_iter().map(|(_, record)| record).collect();
    let profile = home.name().to_owned();
    match named {
        Some(name) => {
            let found = all.into_iter().find(|own| own.name == name || own.did == name);
            Ok(found.ok_or_else(|| CliError::DidUnknown { name: name.to_owned(), profile })?)
        }
        None if all.len() > 1 => Err(CliError::DidAmbiguous { profile }.into()),
        None => Ok(all.into_iter().next().ok_or(CliError::DidMissing { profile })?),
    }
}

/// Any DID: one of our names, or the DID itself.
pub(crate) fn any(home: Option<&Home>, text: &str) -> Result<Did, Failure> {
    if text.starts_with("did:") {
        return Ok(Did::parse(text).map_err(|error| CliError::InputMalformed {
            file: text.chars().take(80).collect(),
            detail: error.to_string(),
        })?);
    }
    let Some(home) = home else {
        return Err(CliError::DidUnknown { name: text.to_owned(), profile: String::new() }.into());
    };
    Ok(Did::parse(&own(home, Some(text))?.did)?)
}

/// A key of one of our DIDs, ready to sign: its secret half, and the DID URL that names it.
#[derive(Debug)]
pub(crate) struct Hand<'a> {
    /// The secret half.
    pub(crate) key: &'a SecretKey,
    /// The DID URL of the key.
    pub(crate) method: DidUrl,
}

impl<'a> Hand<'a> {
    /// Takes the key named, or the DID's first.
    pub(crate) fn of(
        own: &OwnDid,
        named: Option<&str>,
        keyring: &'a Keyring,
        home: &Home,
    ) -> Result<Self, Failure> {
        let wanted =
            |key: &&OwnKey| named.is_none_or(|name| key.key == name || key.fragment == name);
        let unknown = || CliError::KeyUnknown {
            name: named.unwrap_or_default().to_owned(),
            profile: home.name().to_owned(),
        };
        let chosen = own.keys.iter().find(wanted).ok_or_else(|| match named {
            Some(name) if keyring.key(name).is_ok() => {
                let message = format!("key {name:?} is there, and it is none of {}", own.name);
                Failure::new("key-unknown", message).try_this(
                    "put it in the place of the one in force",
                    format!("inkan -p {} did rotate {} --key {name}", home.name(), own.name),
                )
            }
            Some(_) | None => unknown().into(),
        })?;
        let method = DidUrl::parse(&own.method_url(chosen))?;
        Ok(Self { key: keyring.key(&chosen.key)?, method })
    }

    /// Method and signer, as the libraries take them.
    pub(crate) fn pair(&self) -> (&str, &dyn Signer) {
        (self.method.as_str(), self.key)
    }
}
