//! Keys on cards and in HSMs, through the module of their maker ([PKCS #11 2.40](https://docs.oasis-open.org/pkcs11/pkcs11-base/v2.40/pkcs11-base-v2.40.html)).
//!
//! In scope: finding one key and its certificate by a label, and having it sign once. Out of scope: what is signed (`inkan_evidence::cms`), making
//! keys, changing PINs. The PIN goes to the module and is wiped; one that is refused is not tried again, since a card locks itself.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use inkan_core::digest::sha384;
use inkan_core::{SecretBytes, sha256};
use inkan_evidence::jpki::Algorithm;
use secrecy::SecretBox;

/// Which token of a module.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Which<'a> {
    /// The only one.
    Only,
    /// The one with this label.
    Label(&'a str),
    /// The one in this slot.
    Slot(u64),
}

/// A token that took the PIN.
#[derive(Debug)]
pub struct Token {
    session: Session,
}

/// Why a token signs nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The module cannot be loaded, or refuses; a retry helps if the card was not in the reader.
    #[error("the module of the card says: {0}")]
    Module(String),
    /// No token, key or certificate of this name, or several.
    #[error("{count} {what} of this name")]
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
    /// The PIN is wrong, or the card is locked. Each try counts.
    #[error("the card refuses the PIN")]
    Pin,
    /// The key makes no signatures of this kind.
    #[error("the key on the card makes no signatures of the kind {0}")]
    Unsuitable(&'static str),
}

impl TokenError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Module(_) => "token-module-failed",
            Self::Unknown { .. } => "token-unknown",
            Self::Pin => "token-pin-refused",
            Self::Unsuitable(_) => "token-key-unsuitable",
        }
    }
}

impl Token {
    /// Loads a module, opens a token of it for reading, and tries the PIN once.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn open(module: &Path, which: Which<'_>, pin: &SecretBytes) -> Result<Self, TokenError> {
        let pkcs11 = Pkcs11::new(module).map_err(fault)?;
        pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).map_err(fault)?;
        let mut found = Vec::new();
        for slot in pkcs11.get_slots_with_token().map_err(fault)? {
            let info = pkcs11.get_token_info(slot).map_err(fault)?;
            if info.token_initialized() && is_meant(which, slot, info.label()) {
                found.push(slot);
            }
        }
        let slot = only("tokens", found)?;
        let session = pkcs11.open_ro_session(slot).map_err(fault)?;
        // A copy that wipes itself.
        let pin = SecretBox::new(Box::new(pin.expose_secret().to_vec()));
        session.login_with_raw(UserType::User, &pin).map_err(fault)?;
        Ok(Self { session })
    }

    /// The certificate with this label, in DER.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn certificate(&self, label: &str) -> Result<Vec<u8>, TokenError> {
        let object = self.find("certificates", ObjectClass::CERTIFICATE, label)?;
        let wanted = [AttributeType::Value];
        let found = self.session.get_attributes(object, &wanted).map_err(fault)?;
        let value = found.into_iter().find_map(|one| {
            let Attribute::Value(der) = one else { return None };
            Some(der)
        });
        value.ok_or(TokenError::Unknown { what: "certificates", count: 0 })
    }

    /// What the key with this label makes of a message: of RSA the signature (PKCS #1 v1.5), of ECDSA its two halves side by side.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn sign(
        &self,
        label: &str,
        algorithm: Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let key = self.find("private keys", ObjectClass::PRIVATE_KEY, label)?;
        let kind = match algorithm {
            Algorithm::Rsa2048Sha256 | Algorithm::Rsa3072Sha256 | Algorithm::Rsa4096Sha256 => {
                KeyType::RSA
            }
            Algorithm::P256Sha256 | Algorithm::P384Sha384 => KeyType::EC,
        };
        // Modules say in many ways, and some in none, that a key is of another kind.
        let told = self.session.get_attributes(key, &[AttributeType::KeyType]).map_err(fault)?;
        if told.iter().any(|one| matches!(one, Attribute::KeyType(other) if *other != kind)) {
            return Err(TokenError::Unsuitable(algorithm.as_str()));
        }
        // Of ECDSA the digest is made here: few tokens make it themselves.
        let (mechanism, input) = match algorithm {
            Algorithm::Rsa2048Sha256 | Algorithm::Rsa3072Sha256 | Algorithm::Rsa4096Sha256 => {
                (Mechanism::Sha256RsaPkcs, message.to_vec())
            }
            Algorithm::P256Sha256 => (Mechanism::Ecdsa, sha256(&[message]).as_bytes().to_vec()),
            Algorithm::P384Sha384 => (Mechanism::Ecdsa, sha384(&[message]).to_vec()),
        };
        self.session.sign(&mechanism, key, &input).map_err(|error| {
            let unsuitable = matches!(
                error,
                Error::Pkcs11(
                    RvError::KeyTypeInconsistent
                        | RvError::MechanismInvalid
                        | RvError::KeyFunctionNotPermitted,
                    _,
                )
            );
            if unsuitable { TokenError::Unsuitable(algorithm.as_str()) } else { fault(error) }
        })
    }

    fn find(
        &self,
        what: &'static str,
        class: ObjectClass,
        label: &str,
    ) -> Result<ObjectHandle, TokenError> {
        let template = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
        only(what, self.session.find_objects(&template).map_err(fault)?)
    }
}

fn is_meant(which: Which<'_>, slot: Slot, label: &str) -> bool {
    match which {
        Which::Only => true,
        Which::Label(wanted) => label.trim_end() == wanted,
        Which::Slot(number) => slot.id() == number,
    }
}

fn only<T: Copy>(what: &'static str, found: Vec<T>) -> Result<T, TokenError> {
    match found.as_slice() {
        [one] => Ok(*one),
        several => Err(TokenError::Unknown { what, count: several.len() }),
    }
}

/// What an error of the module comes to.
fn fault(error: Error) -> TokenError {
    let pin = matches!(
        error,
        Error::Pkcs11(
            RvError::PinIncorrect
                | RvError::PinInvalid
                | RvError::PinLenRange
                | RvError::PinLocked
                | RvError::PinExpired,
            _,
        )
    );
    if pin { TokenError::Pin } else { TokenError::Module(error.to_string()) }
}
