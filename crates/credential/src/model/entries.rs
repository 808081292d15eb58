//! The entries of a credential that point elsewhere: status lists, schemas, the ledger.

use inkan_core::{encoding, json};
use serde_json::Value;

use super::{ModelError, is_url, items, rules};

/// What a status bit is about ([Bitstring Status List §2.1](https://www.w3.org/TR/2025/REC-vc-bitstring-status-list-20250515/#bitstringstatuslistentry)).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum StatusPurpose {
    /// Cancelled for good.
    Revocation,
    /// Not to be relied on for now.
    Suspension,
    /// A newer credential can be fetched; says nothing against this one.
    Refresh,
    /// A message beside the credential; says nothing against this one.
    Message,
}

impl StatusPurpose {
    /// Reads the name used in credentials and lists.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "revocation" => Some(Self::Revocation),
            "suspension" => Some(Self::Suspension),
            "refresh" => Some(Self::Refresh),
            "message" => Some(Self::Message),
            _ => None,
        }
    }

    /// The name used in credentials and lists.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
            Self::Refresh => "refresh",
            Self::Message => "message",
        }
    }
}

/// One `BitstringStatusListEntry`: which bits of which list speak about this credential.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusEntry {
    /// What the bits mean.
    pub purpose: StatusPurpose,
    /// URL of the status list credential (`statusListCredential`).
    pub list_uri: String,
    /// Position in the list (`statusListIndex`), in entries, not bits.
    pub index: u64,
    /// Bits per entry (`statusSize`), 1 unless said otherwise.
    pub size: u8,
}

impl StatusEntry {
    /// The JSON object that goes into `credentialStatus`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut entry = serde_json::json!({
            "id": format!("{}#{}", self.list_uri, self.index),
            "type": BITSTRING,
            "statusPurpose": self.purpose.as_str(),
            "statusListIndex": self.index.to_string(),
            "statusListCredential": self.list_uri,
        });
        if let (true, Some(members)) = (self.size != 1, entry.as_object_mut()) {
            members.insert("statusSize".to_owned(), self.size.into());
        }
        entry
    }
}

/// How a schema is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SchemaKind {
    /// A JSON Schema ([VC JSON Schema §2.1](https://www.w3.org/TR/vc-json-schema/#jsonschema)).
    JsonSchema,
    /// Another type, kept and not judged.
    Unknown(String),
}

/// One entry of `credentialSchema`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SchemaEntry {
    /// URL of the schema.
    pub id: String,
    /// How it is written.
    pub kind: SchemaKind,
    /// Subresource integrity digest over the schema's bytes, if the issuer fixed them.
    pub digest_sri: Option<String>,
}

/// Where the issuance was recorded: ledger specification §1.1, rule 3.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerRecord {
    /// Origin of the log, 1 to 64 visible ASCII characters.
    pub log: String,
    /// Salt of the issuance commitment.
    pub salt: [u8; 16],
}

impl LedgerRecord {
    /// The JSON object that goes into the credential.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::json!({ "log": self.log, "salt": encoding::b64u(&self.salt) })
    }
}

const BITSTRING: &str = "BitstringStatusListEntry";

/// Whether `text` can be a log's origin.
pub(crate) fn is_origin(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|c| (0x21..=0x7e).contains(&c))
}

/// The status entries: those we can check, and the types of the others.
pub(super) fn status(value: &Value) -> Result<(Vec<StatusEntry>, Vec<String>), ModelError> {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for entry in items(value, "credentialStatus") {
        if !rules::is_typed(entry) || !entry.is_object() {
            return Err(ModelError::Status { member: "type" });
        }
        rules::check_id(entry).map_err(|_| ModelError::Status { member: "id" })?;
        if rules::has_type(entry, BITSTRING) {
            known.push(status_entry(entry)?);
        } else {
            unknown.extend(rules::type_names(entry).next().map(str::to_owned));
        }
    }
    Ok((known, unknown))
}

fn status_entry(entry: &Value) -> Result<StatusEntry, ModelError> {
    let wrong = |member| ModelError::Status { member };
    let purpose = json::text(entry, "statusPurpose")
        .and_then(StatusPurpose::parse)
        .ok_or(wrong("statusPurpose"))?;
    let index =
        json::text(entry, "statusListIndex").and_then(decimal).ok_or(wrong("statusListIndex"))?;
    let list_uri = json::text(entry, "statusListCredential")
        .filter(|uri| is_url(uri))
        .ok_or(wrong("statusListCredential"))?
        .to_owned();
    let size = match entry.get("statusSize") {
        None => 1,
        Some(size) => size
            .as_u64()
            .and_then(|size| u8::try_from(size).ok())
            .filter(|size| (1..=8).contains(size))
            .ok_or(wrong("statusSize"))?,
    };
    Ok(StatusEntry { purpose, list_uri, index, size })
}

/// A decimal number without sign or leading zeroes.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The schema entries.
pub(super) fn schemas(value: &Value) -> Result<Vec<SchemaEntry>, ModelError> {
    items(value, "credentialSchema").iter().map(schema_entry).collect()
}

fn schema_entry(entry: &Value) -> Result<SchemaEntry, ModelError> {
    let id = json::text(entry, "id").filter(|id| is_url(id));
    let id = id.ok_or(ModelError::Schema { member: "id" })?.to_owned();
    if !rules::is_typed(entry) {
        return Err(ModelError::Schema { member: "type" });
    }
    let kind = if rules::has_type(entry, "JsonSchema") {
        SchemaKind::JsonSchema
    } else {
        SchemaKind::Unknown(rules::type_names(entry).next().unwrap_or_default().to_owned())
    };
    Ok(SchemaEntry { id, kind, digest_sri: json::text(entry, "digestSRI").map(str::to_owned) })
}

/// The ledger record: `log` and `salt`, and nothing else.
pub(super) fn ledger_record(value: &Value) -> Result<Option<LedgerRecord>, ModelError> {
    let Some(record) = value.get("ledgerRecord") else { return Ok(None) };
    let closed = record.as_object().is_some_and(|members| members.len() == 2);
    let log = json::text(record, "log").filter(|log| is_origin(log));
    let salt = json::text(record, "salt").and_then(|salt| encoding::b64u_array(salt).ok());
    match (closed, log, salt) {
        (true, Some(log), Some(salt)) => Ok(Some(LedgerRecord { log: log.to_owned(), salt })),
        _ => Err(ModelError::LedgerRecord),
    }
}
