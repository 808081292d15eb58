//! `apple`: a certificate made for this one credential ([WebAuthn §8.8](https://www.w3.org/TR/webauthn-3/#sctn-apple-anonymous-attestation)).
//!
//! No signature of the authenticator travels along: the certificate holds its key and the digest of what it says.

use der::asn1::{ContextSpecific, ObjectIdentifier, OctetString};
use der::{Decode as _, Sequence};
use inkan_core::sha256;

use super::super::WebauthnError;
use super::certificate::Leaf;
use super::{Given, Shown, ToldBy};

/// Apple's extension with the digest.
const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.2");

/// What it holds.
#[derive(Sequence)]
struct Extension {
    nonce: ContextSpecific<OctetString>,
}

/// The verification procedure.
pub(super) fn check<'a>(given: &Given<'a>) -> Result<Shown<'a>, WebauthnError> {
    let wrong = WebauthnError::Attestation("nonce in the certificate");
    given.only(&["x5c"])?;
    let (leaf, chain) = given.chain()?;
    let Some(leaf) = Leaf::parse(leaf) else { return Ok(Shown::Unread) };
    let (value, _) = leaf.extension(NONCE)?.ok_or(wrong.clone())?;
    let held = Extension::from_der(value).map_err(|_| wrong.clone())?.nonce;
    let expected = sha256(&[given.data, given.client.as_bytes()]);
    if held.tag_number != der::TagNumber(1) || held.value.as_bytes() != expected.as_bytes() {
        return Err(wrong);
    }
    leaf.is_key(&given.credential.key)?;
    Ok(Shown::Chain { chain, firmware: None, told_by: ToldBy::Authenticator })
}
