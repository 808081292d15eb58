//! `fido-u2f`: authenticators from before WebAuthn ([WebAuthn §8.6](https://www.w3.org/TR/webauthn-3/#sctn-fido-u2f-attestation)).
//!
//! They touch and count, and cannot know who touches them. The signature covers neither flags nor counter nor model: flags and counter have to be
//! those of a U2F token, and a model that the certificate itself does not name is one that nobody vouches for (metadata lists such tokens by keys
//! of certificates, which are not read here).

use inkan_core::{encoding, json};

use super::super::{WebauthnError, key};
use super::certificate::{Leaf, signed_with};
use super::{Given, Shown, ToldBy};

/// Flags (somebody touched it, a credential follows) and counter of a registration.
const UNSIGNED: [u8; 5] = [0x41, 0, 0, 0, 0];

/// The verification procedure.
pub(super) fn check<'a>(given: &Given<'a>) -> Result<Shown<'a>, WebauthnError> {
    let wrong = WebauthnError::Attestation;
    given.only(&["sig", "x5c"])?;
    // Steps 2 to 4.
    let (leaf, chain) = given.chain()?;
    if chain.len() != 1 {
        return Err(wrong("x5c"));
    }
    let credential = given.credential;
    let jwk = credential.key.to_jwk();
    if credential.key.algorithm() != Some(key::ES256) {
        return Err(wrong("key of another kind"));
    }
    let half = |name| encoding::decode_b64u(json::text(&jwk, name).unwrap_or_default());
    let (x, y) = (half("x").map_err(|_| wrong("key"))?, half("y").map_err(|_| wrong("key"))?);
    let (rp, rest) = given.data.split_at_checked(32).ok_or(wrong("authenticator data"))?;
    if !rest.starts_with(&UNSIGNED) {
        return Err(wrong("flags or counter, which nobody signed"));
    }
    // Step 5.
    let client = given.client.as_bytes().as_slice();
    let message = [&[0], rp, client, &credential.id, &[4], &x, &y].concat();
    // Step 6: ES256 is of a key on P-256 alone (step 2).
    let (Some(leaf), Some(algorithm)) = (Leaf::parse(leaf), signed_with(key::ES256)) else {
        return Ok(Shown::Unread);
    };
    leaf.signed(algorithm, &message, given.bytes("sig")?)?;
    let named = leaf.names(&credential.aaguid)?;
    let told_by = ToldBy::Authenticator;
    Ok(if named { Shown::Chain { chain, firmware: None, told_by } } else { Shown::Unfit })
}
