//! What an authenticator shows about itself when a credential is made ([WebAuthn §6.5](https://www.w3.org/TR/webauthn-3/#sctn-attestation)).
//!
//! In scope: `packed` (§8.2) with a certificate or with the credential's own key, `tpm` (§8.3), `android-key` (§8.4), `fido-u2f` (§8.6), `none` (§8.7),
//! `apple` (§8.8); each file one format. Whom the certificates lead to is judged here for all of them: to one that metadata lists for this very
//! model, or to nobody. Out of scope: `android-safetynet`, which its maker gave up, and `compound`: the credential counts as one without
//! attestation.
//!
//! Written here, after a look at `webauthn-rs-core` 0.6.2: its one door for registrations reads the system's clock, takes no challenge that it
//! did not draw, refuses keys in Android's StrongBox, and stands on an RSA that also signs (RUSTSEC-2023-0071), under a licence that nothing else
//! in `inkan` has.

mod android;
mod apple;
mod certificate;
mod packed;
mod tpm;
mod u2f;

use inkan_core::{Digest, Timestamp, sha256};

use super::authenticator_data::{AuthenticatorData, NewCredential};
use super::cbor::{self, Item};
use super::{ClientData, LIMIT, WebauthnError};
use crate::jpki::leads_to_anchor;
use crate::metadata::Metadata;
use crate::x5c::leads_to_root;

/// The most certificates of a chain.
const CHAIN: usize = 8;

/// What was shown about the model of an authenticator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attested {
    /// A certificate vouches, below one that metadata listed for this model.
    Chain {
        /// SHA-256 of the listed certificate.
        anchor: Digest,
        /// The version of the firmware, if the certificate says it.
        firmware: Option<u64>,
        /// Whose word the authenticator's data are.
        told_by: ToldBy,
    },
    /// A certificate vouches that leads to nothing that was listed for this model.
    Unknown,
    /// The credential vouches for itself.
    Itself,
    /// Nothing vouches.
    None,
    /// Something vouches in a form that is not read here.
    Unread,
}

/// Who says which model an authenticator is, that it verified its user, how often it signed, and that its key stays.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ToldBy {
    /// The authenticator that the certificate is of: it puts its name to nothing else.
    Authenticator,
    /// Whoever has the key used: it is a general one, and the certificate shows no more than where it lies. Windows, Android, or any program there
    /// writes the rest, and the key signs it.
    Platform,
}

/// Reads an attestation object, and gives what the authenticator says in it. Nothing is known of who vouches for it.
///
/// # Errors
///
/// [`WebauthnError::Malformed`], and as [`AuthenticatorData::parse`].
pub fn read_attestation_object(bytes: &[u8]) -> Result<AuthenticatorData, WebauthnError> {
    Object::parse(bytes)?.data()
}

/// Which part of a platform's statement these bytes are, if they are one: `TPMS_ATTEST`, `TPMT_PUBLIC`, `KeyDescription`. Nothing is known of who made
/// them.
#[must_use]
pub fn platform_structure(bytes: &[u8]) -> Option<&'static str> {
    tpm::structure_of(bytes).or_else(|| android::is_description(bytes).then_some("KeyDescription"))
}

/// An attestation object, taken apart (WebAuthn §6.5.4).
pub(super) struct Object<'a> {
    format: &'a str,
    statement: Item<'a>,
    data: &'a [u8],
}

impl<'a> Object<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, WebauthnError> {
        let wrong = WebauthnError::Malformed("attestation object");
        if bytes.len() > LIMIT {
            return Err(wrong);
        }
        let object = cbor::read(bytes).filter(|object| object.entries() == Some(3));
        let object = object.ok_or(wrong.clone())?;
        let format = object.named("fmt").and_then(Item::text).ok_or(wrong.clone())?;
        let data = object.named("authData").and_then(Item::bytes).ok_or(wrong.clone())?;
        let statement = object.named("attStmt").filter(|statement| statement.entries().is_some());
        Ok(Self { format, statement: statement.cloned().ok_or(wrong)?, data })
    }

    pub(super) fn data(&self) -> Result<AuthenticatorData, WebauthnError> {
        AuthenticatorData::parse(self.data)
    }

    /// Checks the attestation itself; whether the model is trusted, `metadata` says.
    pub(super) fn check(
        &self,
        credential: &NewCredential,
        client: &ClientData,
        metadata: Option<&Metadata>,
        at: Timestamp,
    ) -> Result<Attested, WebauthnError> {
        let client = client.digest();
        let given = Given { statement: &self.statement, data: self.data, client, credential };
        let shown = match self.format {
            "none" if given.has(&[]) => Shown::Nothing,
            "none" => return Err(WebauthnError::Attestation("none, and yet something")),
            "packed" => packed::check(&given)?,
            "tpm" => tpm::check(&given)?,
            "android-key" => android::check(&given)?,
            "fido-u2f" => u2f::check(&given)?,
            "apple" => apple::check(&given)?,
            _ => Shown::Unread,
        };
        Ok(match shown {
            Shown::Chain { chain, firmware, told_by } => {
                match trusted(&chain, &credential.aaguid, metadata, at) {
                    Some(anchor) => {
                        Attested::Chain { anchor: sha256(&[anchor]), firmware, told_by }
                    }
                    None => Attested::Unknown,
                }
            }
            Shown::Unfit => Attested::Unknown,
            Shown::Itself => Attested::Itself,
            Shown::Nothing => Attested::None,
            Shown::Unread => Attested::Unread,
        })
    }
}

/// What a format is given to judge.
struct Given<'a> {
    statement: &'a Item<'a>,
    /// Authenticator data, as they were signed.
    data: &'a [u8],
    /// The digest of the client data.
    client: Digest,
    credential: &'a NewCredential,
}

/// What a statement shows, its own signature verified.
#[derive(Debug)]
enum Shown<'a> {
    /// Certificates, from that of the authenticator on, for [`trusted`] to judge.
    Chain {
        chain: Vec<&'a [u8]>,
        /// The version of the firmware, if the certificate says it.
        firmware: Option<u64>,
        told_by: ToldBy,
    },
    /// Certificates that are sound, and do not say that the key lies where it cannot be copied: no maker vouches for that.
    Unfit,
    Itself,
    Nothing,
    Unread,
}

impl<'a> Given<'a> {
    fn member(&self, name: &str) -> Option<&'a Item<'a>> {
        self.statement.named(name)
    }

    fn bytes(&self, name: &'static str) -> Result<&'a [u8], WebauthnError> {
        self.member(name).and_then(Item::bytes).ok_or(WebauthnError::Attestation(name))
    }

    fn algorithm(&self) -> Result<i64, WebauthnError> {
        self.member("alg").and_then(Item::integer).ok_or(WebauthnError::Attestation("alg"))
    }

    /// Whether the statement has these members, and no others.
    fn has(&self, names: &[&str]) -> bool {
        self.statement.entries() == Some(names.len())
            && names.iter().all(|name| self.member(name).is_some())
    }

    /// That it has.
    fn only(&self, names: &[&str]) -> Result<(), WebauthnError> {
        if self.has(names) {
            Ok(())
        } else {
            Err(WebauthnError::Attestation("members that are not known, or not there"))
        }
    }

    /// What most formats sign.
    fn message(&self) -> Vec<u8> {
        [self.data, self.client.as_bytes()].concat()
    }

    /// The certificates: the first, and all of them.
    fn chain(&self) -> Result<(&'a [u8], Vec<&'a [u8]>), WebauthnError> {
        let wrong = WebauthnError::Attestation("x5c");
        let listed = self.member("x5c").and_then(Item::array);
        let listed = listed.filter(|list| (1..=CHAIN).contains(&list.len()));
        let chain: Option<Vec<&[u8]>> =
            listed.and_then(|list| list.iter().map(Item::bytes).collect());
        let chain = chain.ok_or(wrong.clone())?;
        Ok((chain.first().copied().ok_or(wrong)?, chain))
    }
}

/// The certificate that metadata lists for this model and that the chain leads to.
fn trusted<'a>(
    chain: &[&[u8]],
    aaguid: &super::Aaguid,
    metadata: Option<&'a Metadata>,
    at: Timestamp,
) -> Option<&'a [u8]> {
    let (leaf, others) = chain.split_first()?;
    let others: Vec<Vec<u8>> = others.iter().map(|other| other.to_vec()).collect();
    let listed = metadata?.anchors_of(aaguid).iter().map(Vec::as_slice);
    // TPMs are certified under critical policies, which the first of the two does not read.
    listed.into_iter().find(|anchor| {
        leads_to_root(leaf, &others, anchor, at).is_ok()
            || leads_to_anchor(leaf, &others, anchor, at)
    })
}

#[cfg(test)]
mod tests;
