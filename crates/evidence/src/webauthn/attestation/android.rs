//! `android-key`: what Android's keystore says of a key ([WebAuthn §8.4](https://www.w3.org/TR/webauthn-3/#sctn-android-key-attestation); its
//! extension: [Android, key attestation](https://source.android.com/docs/security/features/keystore/attestation#attestation-extension)).
//!
//! Of the two lists of what is enforced, only that of the protected environment counts here, as WebAuthn lets a verifier choose: what software
//! enforces shows no hardware, and such a key counts as one that nobody vouches for. Nor does anybody for one on a device whose system is not that
//! of its maker: an open one does with a key what it likes.
//!
//! What is never shown: that the user was verified, and the model. The key is a general one, that any app may have made, and what it signs (model,
//! flags, counter) is the app's own word. The app does stand in the description (`attestationApplicationId`), yet neither metadata nor a policy says
//! whose keys are passkeys, and nothing of the kind is built in. So the word stays the platform's, whatever the lists say of the user.

use der::asn1::{AnyRef, ObjectIdentifier, OctetString};
use der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};

use super::super::WebauthnError;
use super::certificate::Leaf;
use super::{Given, Shown, ToldBy};

/// Android's extension.
const KEY_DESCRIPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.1.17");
/// Tags of what is enforced: for which purposes, for whom, where the key came from.
const PURPOSE: u32 = 1;
const ALL_APPLICATIONS: u32 = 600;
const ORIGIN: u32 = 702;
const ROOT_OF_TRUST: u32 = 704;
/// `KM_PURPOSE_SIGN`, as a set of one in DER, and `KM_ORIGIN_GENERATED`, in DER.
const TO_SIGN: &[u8] = &[0x31, 3, 2, 1, 2];
const GENERATED: &[u8] = &[2, 1, 0];

/// `SecurityLevel`: an ENUMERATED.
#[derive(Clone, Copy, Eq, PartialEq, der::Enumerated)]
#[repr(u32)]
enum Level {
    Software = 0,
    TrustedEnvironment = 1,
    StrongBox = 2,
}

/// `KeyDescription`, as far as it is read.
struct KeyDescription {
    attestation_level: Level,
    keymint_level: Level,
    challenge: OctetString,
    software: Enforced,
    hardware: Enforced,
}

/// `VerifiedBootState`: an ENUMERATED.
#[derive(Clone, Copy, Eq, PartialEq, der::Enumerated)]
#[repr(u32)]
enum BootState {
    Verified = 0,
    SelfSigned = 1,
    Unverified = 2,
    Failed = 3,
}

/// `AuthorizationList`: what is read of it, in DER.
#[derive(Default)]
struct Enforced {
    purpose: Option<Vec<u8>>,
    all_applications: bool,
    origin: Option<Vec<u8>>,
    /// `RootOfTrust`: whether the device is locked, and runs its maker's system.
    is_makers: bool,
}

/// Whether bytes are what Android says of a key.
pub(super) fn is_description(bytes: &[u8]) -> bool {
    KeyDescription::read(bytes).is_ok()
}

impl KeyDescription {
    fn read(bytes: &[u8]) -> Result<Self, der::Error> {
        let whole = sequence(AnyRef::from_der(bytes)?)?;
        let mut reader = SliceReader::new(whole)?;
        let _version = u32::decode(&mut reader)?;
        let attestation_level = Level::decode(&mut reader)?;
        let _keymint_version = u32::decode(&mut reader)?;
        let keymint_level = Level::decode(&mut reader)?;
        let challenge = OctetString::decode(&mut reader)?;
        let _unique_id = OctetString::decode(&mut reader)?;
        let software = Enforced::read(sequence(AnyRef::decode(&mut reader)?)?)?;
        let hardware = Enforced::read(sequence(AnyRef::decode(&mut reader)?)?)?;
        reader.finish()?;
        Ok(Self { attestation_level, keymint_level, challenge, software, hardware })
    }
}

impl Enforced {
    fn read(bytes: &[u8]) -> Result<Self, der::Error> {
        let mut reader = SliceReader::new(bytes)?;
        let (mut out, mut last) = (Self::default(), None);
        while !reader.is_finished() {
            let member = AnyRef::decode(&mut reader)?;
            let Tag::ContextSpecific { number, .. } = member.tag() else {
                return Err(member.tag().value_error().into());
            };
            let number = number.0;
            // In order, so that none stands twice.
            if last.is_some_and(|last| number <= last) {
                return Err(member.tag().value_error().into());
            }
            last = Some(number);
            match number {
                PURPOSE => out.purpose = Some(member.value().to_vec()),
                ALL_APPLICATIONS => out.all_applications = true,
                ORIGIN => out.origin = Some(member.value().to_vec()),
                ROOT_OF_TRUST => out.is_makers = is_makers(AnyRef::from_der(member.value())?)?,
                _ => {}
            }
        }
        Ok(out)
    }
}

/// `RootOfTrust`: the key of the boot chain, whether the device is locked, the state of the boot, and a digest in newer ones.
fn is_makers(root: AnyRef<'_>) -> Result<bool, der::Error> {
    let mut reader = SliceReader::new(sequence(root)?)?;
    let _key = OctetString::decode(&mut reader)?;
    let is_locked = bool::decode(&mut reader)?;
    let state = BootState::decode(&mut reader)?;
    let _digest = Option::<OctetString>::decode(&mut reader)?;
    reader.finish()?;
    Ok(is_locked && state == BootState::Verified)
}

/// The content of a sequence.
fn sequence(any: AnyRef<'_>) -> Result<&[u8], der::Error> {
    any.tag().assert_eq(Tag::Sequence)?;
    Ok(any.value())
}

/// The verification procedure.
pub(super) fn check<'a>(given: &Given<'a>) -> Result<Shown<'a>, WebauthnError> {
    let wrong = WebauthnError::Attestation;
    given.only(&["alg", "sig", "x5c"])?;
    let (leaf, chain) = given.chain()?;
    let key = &given.credential.key;
    // The credential signs for itself; the certificate is of that key.
    if key.algorithm() != Some(given.algorithm()?)
        || !key.accepts(&given.message(), given.bytes("sig")?)
    {
        return Err(wrong("signature"));
    }
    let Some(leaf) = Leaf::parse(leaf) else { return Ok(Shown::Unread) };
    leaf.is_key(key)?;
    let (value, _) = leaf.extension(KEY_DESCRIPTION)?.ok_or(wrong("description of the key"))?;
    // Older keystores wrote descriptions that are no DER.
    let Ok(said) = KeyDescription::read(value) else { return Ok(Shown::Unread) };
    if said.challenge.as_bytes() != given.client.as_bytes() {
        return Err(wrong("challenge in the certificate"));
    }
    // A key for every application, for more than signing, or from elsewhere. Nothing false was signed: it is a key that nobody vouches for.
    let is_odd = |list: &Enforced| {
        let other = |found: &Option<Vec<u8>>, expected: &[u8]| {
            found.as_ref().is_some_and(|found| found != expected)
        };
        list.all_applications || other(&list.purpose, TO_SIGN) || other(&list.origin, GENERATED)
    };
    let kept = !is_odd(&said.software)
        && !is_odd(&said.hardware)
        && said.hardware.purpose.is_some()
        && said.hardware.origin.is_some()
        && said.hardware.is_makers
        && said.attestation_level != Level::Software
        && said.keymint_level != Level::Software;
    let told_by = ToldBy::Platform;
    Ok(if kept { Shown::Chain { chain, firmware: None, told_by } } else { Shown::Unfit })
}
