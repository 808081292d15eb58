//! The file, `inkan-keystore/1`: one JSON object, all of which but `sealed` is authenticated by the seal.
//!
//! `sealed` holds the secrets in the order of `keys`, each of the length of its type, then the tag; nothing else needs
//! to be secret.

use inkan_core::{
    Timestamp,
    encoding::{b64u, b64u_array, decode_b64u},
    json,
};
use serde_json::{Value, json};

use super::{
    KEY_LIMIT, Kdf, KeystoreError, Listed, NAME_LIMIT,
    kdf::{Cost, TAG_LENGTH},
};
use crate::keys::{KeyType, PublicKey};

/// A file of [`KEY_LIMIT`] keys with the longest names has room in it.
const FILE_LIMIT: usize = 2 << 20;

/// A whole file.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) public: Public,
    pub(super) sealed: Vec<u8>,
}

/// What can be read without the passphrase.
#[derive(Debug)]
pub(super) struct Public {
    pub(super) kdf: Kdf,
    pub(super) nonce: [u8; 24],
    pub(super) keys: Vec<Listed>,
}

impl Sealed {
    /// Reads a file, and refuses everything that [`to_bytes`](Self::to_bytes) would have written otherwise.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, KeystoreError> {
        let value = json::parse(bytes, FILE_LIMIT).map_err(KeystoreError::Json)?;
        let public = Public::from_value(&value)?;
        let sealed = json::text(&value, "sealed").and_then(|text| decode_b64u(text).ok());
        let sealed = sealed.ok_or(KeystoreError::Malformed)?;
        let secrets = secrets_length(public.keys.iter().map(|key| key.public_key.key_type()));
        let expected = secrets.saturating_add(TAG_LENGTH);
        let file = Self { public, sealed };
        // Unknown members, unsorted or repeated names and other spellings all end here.
        if file.sealed.len() == expected && file.to_value() == value {
            Ok(file)
        } else {
            Err(KeystoreError::Malformed)
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, KeystoreError> {
        let mut bytes = json::canonicalize(&self.to_value()).map_err(KeystoreError::Json)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn to_value(&self) -> Value {
        let mut value = self.public.to_value();
        if let Value::Object(members) = &mut value {
            members.insert("sealed".to_owned(), b64u(&self.sealed).into());
        }
        value
    }
}

impl Public {
    /// The bytes that the seal authenticates: this part in canonical form (RFC 8785).
    pub(super) fn authenticated(&self) -> Result<Vec<u8>, KeystoreError> {
        json::canonicalize(&self.to_value()).map_err(KeystoreError::Json)
    }

    fn to_value(&self) -> Value {
        let Cost { memory_kib, passes, lanes } = self.kdf.cost;
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(|key| {
                json!({
                    "created": key.created.to_string(),
                    "name": key.name,
                    "publicKey": key.public_key.to_multikey(),
                })
            })
            .collect();
        json!({
            "type": "inkan-keystore/1",
            "kdf": {
                "algorithm": "argon2id",
                "memoryKib": memory_kib,
                "passes": passes,
                "lanes": lanes,
                "salt": b64u(&self.kdf.salt),
            },
            "cipher": "xchacha20-poly1305",
            "nonce": b64u(&self.nonce),
            "keys": keys,
        })
    }

    fn from_value(value: &Value) -> Result<Self, KeystoreError> {
        if json::text(value, "type") != Some("inkan-keystore/1") {
            return Err(KeystoreError::Malformed);
        }
        let kdf = value.get("kdf").ok_or(KeystoreError::Malformed)?;
        let number =
            |member| kdf.get(member).and_then(Value::as_u64).ok_or(KeystoreError::Malformed);
        let cost = Cost::new(number("memoryKib")?, number("passes")?, number("lanes")?)?;
        let keys = value.get("keys").and_then(Value::as_array).ok_or(KeystoreError::Malformed)?;
        let keys: Vec<_> = keys
            .iter()
            .map(Listed::from_value)
            .collect::<Option<_>>()
            .ok_or(KeystoreError::Malformed)?;
        let sorted = keys.is_sorted_by(|one, next| one.name < next.name);
        if !sorted || keys.len() > KEY_LIMIT {
            return Err(KeystoreError::Malformed);
        }
        Ok(Self {
            kdf: Kdf { cost, salt: array(kdf, "salt")? },
            nonce: array(value, "nonce")?,
            keys,
        })
    }
}

impl Listed {
    fn from_value(value: &Value) -> Option<Self> {
        Some(Self {
            name: json::text(value, "name").filter(|name| is_name(name))?.to_owned(),
            public_key: PublicKey::from_multikey(json::text(value, "publicKey")?).ok()?,
            created: Timestamp::parse_strict(json::text(value, "created")?).ok()?,
        })
    }
}

/// Bytes of the secrets of such keys together.
pub(super) fn secrets_length(types: impl Iterator<Item = KeyType>) -> usize {
    types.map(KeyType::secret_length).fold(0, usize::saturating_add)
}

/// Whether a text may name a key.
pub(super) fn is_name(name: &str) -> bool {
    (1..=NAME_LIMIT).contains(&name.len())
        && name.trim().len() == name.len()
        && !name.chars().any(char::is_control)
}

fn array<const N: usize>(value: &Value, member: &str) -> Result<[u8; N], KeystoreError> {
    let text = json::text(value, member).ok_or(KeystoreError::Malformed)?;
    b64u_array(text).map_err(|_| KeystoreError::Malformed)
}
