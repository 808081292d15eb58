//! DID documents ([DID Core §5](https://www.w3.org/TR/2022/REC-did-core-20220719/#core-properties)): which keys a DID
//! lists, and for what.
//!
//! In scope: verification methods of type `Multikey` and `JsonWebKey` with Ed25519, P-256 and P-384 keys, the five
//! verification relationships, and the `LedgerLog` service. Methods of other types stay in the document and out of
//! the list. Out of scope: how the document was come by, and whether it is current.

mod period;

use std::collections::BTreeMap;

use inkan_core::{
    json::{self, JsonError},
    limits,
};
use inkan_crypto::{KeyError, KeyType, PublicKey};
use serde_json::Value;

use crate::did::{Did, DidError};
use crate::did_url::DidUrl;
use crate::rules::Rules;

pub use self::period::KeyPeriod;

/// A DID document about an expected DID, with the keys we can use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DidDocument {
    id: Did,
    value: Value,
    methods: Vec<VerificationMethod>,
    relationships: BTreeMap<Relationship, Vec<DidUrl>>,
    ledger_log: Option<String>,
    /// Whether keys were left out that a ledger does not know.
    left_out: bool,
}

/// A key that a DID document lists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerificationMethod {
    /// The absolute URL of this key, under the document's DID.
    pub id: DidUrl,
    /// Who controls the key; the document's DID if the document does not say.
    pub controller: Did,
    /// The key.
    pub key: PublicKey,
}

/// What a key may be used for ([DID Core §5.3](https://www.w3.org/TR/2022/REC-did-core-20220719/#verification-relationships)).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Relationship {
    /// Making statements: issuing credentials, signing ledger entries.
    AssertionMethod,
    /// Acting as the DID's subject: presentations, countersignatures.
    Authentication,
    /// Encrypting to the subject.
    KeyAgreement,
    /// Invoking capabilities.
    CapabilityInvocation,
    /// Delegating capabilities.
    CapabilityDelegation,
}

impl Relationship {
    /// All five.
    pub const ALL: [Self; 5] = [
        Self::AssertionMethod,
        Self::Authentication,
        Self::KeyAgreement,
        Self::CapabilityInvocation,
        Self::CapabilityDelegation,
    ];

    /// The member of a DID document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AssertionMethod => "assertionMethod",
            Self::Authentication => "authentication",
            Self::KeyAgreement => "keyAgreement",
            Self::CapabilityInvocation => "capabilityInvocation",
            Self::CapabilityDelegation => "capabilityDelegation",
        }
    }
}

impl DidDocument {
    /// Reads the JSON text of a document that must be about `expected`.
    ///
    /// # Errors
    ///
    /// [`DocumentError`], one variant per rule; a document with one malformed key is refused as a whole.
    pub fn parse(bytes: &[u8], expected: &Did) -> Result<Self, DocumentError> {
        Self::from_value(json::parse(bytes, limits::DID_DOCUMENT)?, expected)
    }

    /// Takes a document that must be about `expected`.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn from_value(value: Value, expected: &Did) -> Result<Self, DocumentError> {
        Self::read(value, expected, Rules::Resolver)
    }

    pub(crate) fn read(value: Value, expected: &Did, rules: Rules) -> Result<Self, DocumentError> {
        if !value.is_object() {
            return Err(DocumentError::Member { member: "(document)".to_owned() });
        }
        match json::text(&value, "id") {
            Some(id) if id == expected.as_str() => {}
            Some(id) => return Err(DocumentError::SubjectMismatch { found: id.to_owned() }),
            None => return Err(member_error("id")),
        }
        let mut reader = Reader::new(expected, rules);
        for item in items(&value, "verificationMethod")? {
            reader.method(item)?;
        }
        let mut relationships = BTreeMap::new();
        for relationship in Relationship::ALL {
            let mut listed = Vec::new();
            for item in items(&value, relationship.name())? {
                listed.extend(reader.reference(item, relationship)?);
            }
            relationships.insert(relationship, listed);
        }
        let (methods, left_out) = (reader.methods, reader.left_out);
        let ledger_log = ledger_log(&value)?;
        Ok(Self { id: expected.clone(), value, methods, relationships, ledger_log, left_out })
    }

    /// The document with the keys too that the rules of ledgers leave out, P-384 and BLS12-381; `None` if none was left
    /// out, or if one of them is malformed.
    ///
    /// For signatures that no ledger judges: whether a log accepts an entry is decided by the document as the log reads it.
    #[must_use]
    pub fn with_all_keys(&self) -> Option<Self> {
        let all = || Self::read(self.value.clone(), &self.id, Rules::Resolver).ok();
        self.left_out.then(all).flatten()
    }

    /// The DID this document is about.
    #[must_use]
    pub const fn id(&self) -> &Did {
        &self.id
    }

    /// The document as it was written.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The keys we can use, those embedded in a relationship included, in document order.
    #[must_use]
    pub fn verification_methods(&self) -> &[VerificationMethod] {
        &self.methods
    }

    /// The key with this URL; whether it may be used is [`allows`](Self::allows).
    #[must_use]
    pub fn method(&self, url: &DidUrl) -> Option<&VerificationMethod> {
        self.methods.iter().find(|method| method.id == *url)
    }

    /// Whether the document lists `url` under `relationship`.
    #[must_use]
    pub fn allows(&self, url: &DidUrl, relationship: Relationship) -> bool {
        let of_bbs = |method: &VerificationMethod| {
            method.id == *url && method.key.key_type() == KeyType::Bls12381G2
        };
        if relationship != Relationship::AssertionMethod && self.methods.iter().any(of_bbs) {
            return false;
        }
        self.relationships.get(&relationship).is_some_and(|listed| listed.contains(url))
    }

    /// The keys that may be used for `relationship`.
    pub fn methods_for(
        &self,
        relationship: Relationship,
    ) -> impl Iterator<Item = &VerificationMethod> {
        self.methods.iter().filter(move |method| self.allows(&method.id, relationship))
    }

    /// The origin of the log that the document's `LedgerLog` service names (ledger specification §6.1, D14).
    #[must_use]
    pub fn ledger_log(&self) -> Option<&str> {
        self.ledger_log.as_deref()
    }
}

/// Collects methods while the ids seen so far are kept, so that none is listed twice.
struct Reader<'a> {
    did: &'a Did,
    rules: Rules,
    seen: Vec<String>,
    methods: Vec<VerificationMethod>,
    left_out: bool,
}

impl<'a> Reader<'a> {
    const fn new(did: &'a Did, rules: Rules) -> Self {
        Self { did, rules, seen: Vec::new(), methods: Vec::new(), left_out: false }
    }

    /// A member of `verificationMethod`, or an object inside a relationship. Gives its URL if it is one of ours.
    fn method(&mut self, item: &Value) -> Result<Option<DidUrl>, DocumentError> {
        let id = json::text(item, "id").ok_or_else(|| member_error("verificationMethod.id"))?;
        let Some(url) = self.url(id)? else { return self.foreign(id) };
        if url.fragment().is_none() || url.query().is_some() {
            return Err(DocumentError::MethodId { id: id.to_owned() });
        }
        if self.seen.iter().any(|seen| seen == url.as_str()) {
            return Err(DocumentError::DuplicateMethod { id: id.to_owned() });
        }
        // Replicas of a ledger agree about what its rules name, and they do not name the dates of keys.
        if self.rules == Rules::Resolver {
            KeyPeriod::read(item)?;
        }
        self.seen.push(url.as_str().to_owned());
        if url.did() != self.did {
            return self.foreign(id);
        }
        let text = |member: &str| {
            json::text(item, member)
                .ok_or_else(|| DocumentError::Member { member: format!("{id} {member}") })
        };
        // DID Core requires a controller; didwebvh-ts and the Python implementation leave it out.
        let controller = match item.get("controller").map(|value| value.as_str().map(Did::parse)) {
            None => self.did.clone(),
            Some(Some(Ok(controller))) => controller,
            Some(Some(Err(DidError::MethodUnsupported { .. }))) => return Ok(Some(url)),
            Some(Some(Err(_)) | None) => {
                return Err(DocumentError::Member { member: format!("{id} controller") });
            }
        };
        // Whoever reads a ledger has to read its documents alike, and the rules of ledgers know no P-384, no P-521 and no BLS12-381.
        let foreign = self.rules == Rules::Ledger && is_younger(item);
        let key = match (text("type")?, foreign) {
            ("Multikey", false) => read_multikey(text("publicKeyMultibase")?),
            ("JsonWebKey", _) => match item.get("publicKeyJwk").map(PublicKey::from_jwk) {
                Some(Err(KeyError::HoldsPrivate)) => Err(KeyError::HoldsPrivate),
                Some(_) if foreign => Err(KeyError::Unsupported),
                Some(read) => read,
                None => Err(KeyError::Encoding),
            },
            ("Multikey", true) => Err(KeyError::Unsupported),
            _ => return Ok(Some(url)),
        };
        self.left_out |= foreign;
        match key {
            Ok(key) => self.methods.push(VerificationMethod { id: url.clone(), controller, key }),
            Err(KeyError::Unsupported) => {}
            Err(KeyError::SmallOrder | KeyError::NotCanonical) => {
                return Err(DocumentError::WeakKey { id: id.to_owned() });
            }
            Err(error) => return Err(DocumentError::Key { id: id.to_owned(), source: error }),
        }
        Ok(Some(url))
    }

    /// A member of a relationship: the URL of a key, or the key itself.
    fn reference(
        &mut self,
        item: &Value,
        relationship: Relationship,
    ) -> Result<Option<DidUrl>, DocumentError> {
        match item {
            Value::String(text) => self.url(text),
            Value::Object(_) => self.method(item),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Err(member_error(relationship.name()))
            }
        }
    }

    /// An absolute or relative DID URL; `None` if its DID is of a method we do not know.
    fn url(&self, text: &str) -> Result<Option<DidUrl>, DocumentError> {
        match DidUrl::resolve(self.did, text) {
            Ok(url) => Ok(Some(url)),
            Err(DidError::MethodUnsupported { .. }) => Ok(None),
            Err(_) => Err(DocumentError::MethodId { id: text.to_owned() }),
        }
    }

    /// A method under another DID: nothing can be signed with it in this DID's name. A ledger refuses it.
    fn foreign(&self, id: &str) -> Result<Option<DidUrl>, DocumentError> {
        match self.rules {
            Rules::Ledger => Err(DocumentError::MethodId { id: id.to_owned() }),
            Rules::Resolver => Ok(None),
        }
    }
}

/// Whether a method says that its key is of a type that the rules of ledgers do not know: P-384, P-521 or BLS12-381.
fn is_younger(method: &Value) -> bool {
    let jwk =
        method.get("publicKeyJwk").filter(|_| json::text(method, "type") == Some("JsonWebKey"));
    match jwk {
        Some(jwk) => {
            let curve = json::text(jwk, "crv");
            json::text(jwk, "kty") == Some("EC")
                && matches!(curve, Some("P-384" | "P-521" | "BLS12381G2"))
        }
        None => {
            let named = json::text(method, "publicKeyMultibase").and_then(KeyType::of_multikey);
            matches!(named, Some(KeyType::P384 | KeyType::P521 | KeyType::Bls12381G2))
        }
    }
}

/// A Multikey; one too long for our types is of another type (RSA), not malformed.
pub(crate) fn read_multikey(text: &str) -> Result<PublicKey, KeyError> {
    match PublicKey::from_multikey(text) {
        Err(KeyError::Length(size)) if size > 256 => Err(KeyError::Unsupported),
        other => other,
    }
}

/// The members of an optional array.
fn items<'a>(value: &'a Value, member: &str) -> Result<&'a [Value], DocumentError> {
    match value.get(member) {
        None => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(member_error(member)),
    }
}

fn member_error(member: &str) -> DocumentError {
    DocumentError::Member { member: member.to_owned() }
}

/// D14: at most one service of type `LedgerLog`, whose endpoint is the string `https://` and an origin.
fn ledger_log(document: &Value) -> Result<Option<String>, DocumentError> {
    let mut found = None;
    for service in items(document, "service")? {
        let is_ledger_log = match service.get("type") {
            Some(Value::String(name)) => name == "LedgerLog",
            Some(Value::Array(names)) => names.iter().any(|name| name == "LedgerLog"),
            _ => return Err(member_error("service.type")),
        };
        if !is_ledger_log {
            continue;
        }
        let endpoint = json::text(service, "serviceEndpoint").ok_or(DocumentError::HomeLog)?;
        let origin = endpoint.strip_prefix("https://").ok_or(DocumentError::HomeLog)?;
        if !is_origin(origin) || found.replace(origin.to_owned()).is_some() {
            return Err(DocumentError::HomeLog);
        }
    }
    Ok(found)
}

/// An origin line of a ledger: 1 to 64 visible ASCII characters, a host and perhaps a path.
pub(crate) fn is_origin(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|c| c.is_ascii_graphic())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with('/')
}

/// Why a DID document was refused. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON with one reading.
    #[error("the DID document is not strict JSON")]
    Json(#[from] JsonError),
    /// The document is about another DID.
    #[error("the document is about {found:?}")]
    SubjectMismatch {
        /// Its `id`.
        found: String,
    },
    /// A member is missing or has the wrong type.
    #[error("member {member:?} is missing or malformed")]
    Member {
        /// The member.
        member: String,
    },
    /// The id of a verification method is no DID URL with a fragment under the document's DID.
    #[error("{id:?} is not the URL of a key under this DID")]
    MethodId {
        /// The id as it was written.
        id: String,
    },
    /// Two verification methods have one id.
    #[error("key {id:?} is listed twice")]
    DuplicateMethod {
        /// The id as it was written.
        id: String,
    },
    /// The key itself is malformed.
    #[error("key {id:?} cannot be read")]
    Key {
        /// The verification method.
        id: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The key is of small order or not in canonical form, so signatures under it prove nothing.
    #[error("key {id:?} is weak")]
    WeakKey {
        /// The verification method.
        id: String,
    },
    /// `expires` or `revoked` of a key is no date and time.
    #[error("{member:?} of key {id:?} is no date and time")]
    Period {
        /// The verification method.
        id: String,
        /// The member.
        member: String,
    },
    /// More than one `LedgerLog` service, or one whose endpoint is not `https://` and an origin.
    #[error("the LedgerLog service does not name one log")]
    HomeLog,
}

impl DocumentError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_)
            | Self::Member { .. }
            | Self::MethodId { .. }
            | Self::DuplicateMethod { .. }
            | Self::Key { .. } => "document-invalid",
            Self::SubjectMismatch { .. } => "document-subject-mismatch",
            Self::WeakKey { .. } => "weak-key",
            Self::Period { .. } => "key-period-invalid",
            Self::HomeLog => "home-log-invalid",
        }
    }
}

#[cfg(test)]
mod tests;
