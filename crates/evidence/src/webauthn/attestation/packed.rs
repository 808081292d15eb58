//! `packed`: a certificate of the maker, or the credential's own key ([WebAuthn §8.2](https://www.w3.org/TR/webauthn-3/#sctn-packed-attestation)).

use der::Decode as _;
use der::asn1::ObjectIdentifier;

use super::super::WebauthnError;
use super::certificate::{Leaf, signed_with};
use super::{Given, Shown, ToldBy};

/// `id-fido-gen-ce-fw-version` (FIDO certification): the version of the firmware.
const ID_FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.45724.1.1.5");
/// X.520: country, organisation, its unit, name.
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const ORGANISATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// What the unit has to be (§8.2.1).
const UNIT_NAME: &[u8] = b"Authenticator Attestation";

/// The verification procedure.
pub(super) fn check<'a>(given: &Given<'a>) -> Result<Shown<'a>, WebauthnError> {
    let (algorithm, signature) = (given.algorithm()?, given.bytes("sig")?);
    let message = given.message();
    if given.member("x5c").is_none() {
        // Self attestation.
        given.only(&["alg", "sig"])?;
        let key = &given.credential.key;
        let own = key.algorithm() == Some(algorithm) && key.accepts(&message, signature);
        return if own {
            Ok(Shown::Itself)
        } else {
            Err(WebauthnError::Attestation("self attestation"))
        };
    }
    given.only(&["alg", "sig", "x5c"])?;
    let (leaf, chain) = given.chain()?;
    let (Some(leaf), Some(algorithm)) = (Leaf::parse(leaf), signed_with(algorithm)) else {
        return Ok(Shown::Unread);
    };
    leaf.is_of_version_3()?;
    leaf.signed(algorithm, &message, signature)?;
    let has = |oid, value: Option<&[u8]>| {
        let mut subject = leaf.body().subject().iter();
        subject.any(|one| one.oid == oid && value.is_none_or(|value| one.value.value() == value))
    };
    let named = [COUNTRY, ORGANISATION, COMMON_NAME].into_iter().all(|oid| has(oid, None));
    if !named || !has(UNIT, Some(UNIT_NAME)) {
        return Err(WebauthnError::Attestation("subject of the certificate"));
    }
    leaf.certifies_nobody()?;
    leaf.names(&given.credential.aaguid)?;
    let firmware = leaf.extension(ID_FIRMWARE)?;
    let firmware = firmware.and_then(|(value, _)| u64::from_der(value).ok());
    Ok(Shown::Chain { chain, firmware, told_by: ToldBy::Authenticator })
}
