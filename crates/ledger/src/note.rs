//! Signed notes: text with signature lines, as in [C2SP signed-note](https://c2sp.org/signed-note@v1.0.0).
//!
//! In scope: the text form of notes, verifier keys (vkeys) and their ids. Out of scope: what the text of a note
//! says (`checkpoint`), what a cosignature covers (`cosignature`), which keys count (`policy`).

use std::fmt;

use inkan_core::encoding::{b64, decode_b64, decode_hex, hex};
use inkan_core::sha256;
use inkan_crypto::{KeyType, PublicKey};

/// The largest note, and the largest receipt that holds one (V1).
pub const NOTE_LIMIT: usize = 65_536;
/// The most signature lines of one note (V4).
const SIGNATURE_LIMIT: usize = 64;
/// Begins the key material of an RFC 3161 timestamp authority after the type byte 0xff (§5.1).
const TSA_PREFIX: &[u8] = b"inkan-rfc3161/v1";

/// Why a text is no note, or no verifier key. None is worth a retry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoteError {
    /// Over the size limit, not UTF-8, or with a control character other than LF.
    #[error("note is too large, or has characters that no note has")]
    Characters,
    /// No blank line before the signatures, or no line feed at the end.
    #[error("note does not end in a blank line and signature lines")]
    Shape,
    /// A line that is not `— name base64` of more than four bytes, or more than 64 lines.
    #[error("signature line of the note is malformed")]
    SignatureLine,
    /// Not a verifier key `name+id+base64` of a type we know, or its id is wrong.
    #[error("verifier key is malformed")]
    VerifierKey,
}

/// A text and the lines that sign it. Parsing checks no signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// One signature line: `— name base64(key id || signature)`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignatureLine {
    /// Name of the key.
    pub name: String,
    /// First bytes of a hash over name, type and key: tells keys of one name apart, and proves nothing.
    pub key_id: [u8; 4],
    /// What follows the key id, at least one byte.
    pub signature: Vec<u8>,
}

impl SignedNote {
    /// Starts a note over `text`, which must end in a line feed; it has no signature yet.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self { text, signatures: Vec::new() }
    }

    /// Reads a note.
    ///
    /// # Errors
    ///
    /// [`NoteError`], one variant per rule.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        Self::parse_within(note, NOTE_LIMIT)
    }

    /// Reads a note of a kind that has another size limit.
    ///
    /// # Errors
    ///
    /// [`NoteError`], one variant per rule.
    pub(crate) fn parse_within(note: &str, limit: usize) -> Result<Self, NoteError> {
        if note.len() > limit || note.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Characters);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Shape)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Shape)?;
        let signatures = lines
            .split('\n')
            .map(SignatureLine::parse)
            .collect::<Option<Vec<_>>>()
            .filter(|lines| lines.len() <= SIGNATURE_LIMIT)
            .ok_or(NoteError::SignatureLine)?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The signed text, with its last line feed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, in order.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a line, in place of one of the same key if there is one.
    pub fn put(&mut self, line: SignatureLine) {
        let same = |other: &SignatureLine| other.name == line.name && other.key_id == line.key_id;
        match self.signatures.iter().position(same) {
            Some(at) => {
                if let Some(slot) = self.signatures.get_mut(at) {
                    *slot = line;
                }
            }
            None => self.signatures.push(line),
        }
    }
}

/// The note as it is stored and sent.
impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl SignatureLine {
    /// Reads one line without its line feed.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = decode_b64(signature).ok()?;
        let (key_id, signature) = bytes.split_first_chunk::<4>()?;
        let sound = is_key_name(name) && !signature.is_empty();
        sound.then(|| Self {
            name: name.to_owned(),
            key_id: *key_id,
            signature: signature.to_vec(),
        })
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.key_id.as_slice(), &self.signature].concat();
        write!(f, "— {} {}", self.name, b64(&bytes))
    }
}

/// What a verifier key makes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyMaterial {
    /// Signatures over the text of a note (type 0x01).
    Note(PublicKey),
    /// `cosignature/v1` of a witness (type 0x04).
    Cosignature(PublicKey),
    /// RFC 3161 tokens of a timestamp authority whose anchor certificate has this SHA-256.
    Tsa([u8; 32]),
}

/// A name, and the key that signs under it: C2SP's *vkey*.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    material: KeyMaterial,
}

impl VerifierKey {
    /// Names a key; Ed25519 keys only.
    ///
    /// # Errors
    ///
    /// [`NoteError::VerifierKey`] for an impossible name or another type of key.
    pub fn new(name: &str, material: KeyMaterial) -> Result<Self, NoteError> {
        let ed25519 = match &material {
            KeyMaterial::Note(key) | KeyMaterial::Cosignature(key) => {
                key.key_type() == KeyType::Ed25519
            }
            KeyMaterial::Tsa(_) => true,
        };
        if !ed25519 || !is_key_name(name) {
            return Err(NoteError::VerifierKey);
        }
        let id = key_id(name, &material.encoded());
        Ok(Self { name: name.to_owned(), id, material })
    }

    /// Reads `name+id+base64(type || key)`.
    ///
    /// # Errors
    ///
    /// [`NoteError::VerifierKey`].
    pub fn parse(vkey: &str) -> Result<Self, NoteError> {
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(NoteError::VerifierKey);
        };
        let encoded = decode_b64(encoded).map_err(|_| NoteError::VerifierKey)?;
        let material = KeyMaterial::decode(&encoded).ok_or(NoteError::VerifierKey)?;
        let key = Self::new(name, material)?;
        match decode_hex(id) {
            Ok(id) if id == key.id => Ok(key),
            Ok(_) | Err(_) => Err(NoteError::VerifierKey),
        }
    }

    /// Name in signature lines.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id in signature lines.
    #[must_use]
    pub const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The key itself.
    #[must_use]
    pub const fn material(&self) -> &KeyMaterial {
        &self.material
    }

    /// Whether `line` claims to be of this key.
    #[must_use]
    pub fn matches(&self, line: &SignatureLine) -> bool {
        self.id == line.key_id && self.name == line.name
    }
}

/// The text form, as in policy files.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex(&self.id), b64(&self.material.encoded()))
    }
}

impl KeyMaterial {
    fn encoded(&self) -> Vec<u8> {
        match self {
            Self::Note(key) => [&[0x01], key.raw().as_slice()].concat(),
            Self::Cosignature(key) => [&[0x04], key.raw().as_slice()].concat(),
            Self::Tsa(anchor) => [&[0xff], TSA_PREFIX, anchor].concat(),
        }
    }

    fn decode(encoded: &[u8]) -> Option<Self> {
        let (kind, rest) = encoded.split_first()?;
        let ed25519 = || PublicKey::from_raw(KeyType::Ed25519, rest).ok();
        match kind {
            0x01 => ed25519().map(Self::Note),
            0x04 => ed25519().map(Self::Cosignature),
            0xff => rest.strip_prefix(TSA_PREFIX)?.try_into().ok().map(Self::Tsa),
            _ => None,
        }
    }
}

/// Reads an ASCII decimal below 2^63 without sign or leading zero.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let plain = !text.is_empty()
        && text.len() <= 19
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten().filter(|number| *number < 1 << 63)
}

fn key_id(name: &str, encoded: &[u8]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n", encoded]);
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests;
