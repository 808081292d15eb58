//! The entries of a credential that point elsewhere: status lists, schemas, the ledger.

use inkan_core::{encoding, json};
use serde_json::Value;

use super::{DataModel, ModelError, is_url, items, rules};
use crate::integrity::Integrity;

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

/// What one value of a status of several bits, or of one, is called by the issuer. For developers, not for people (§2.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusMessage {
    /// The value.
    pub status: u8,
    /// Its name.
    pub message: String,
}

/// One `BitstringStatusListEntry`: which bits of which list speak about this credential.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusEntry {
    /// What the bits mean.
    pub purpose: StatusPurpose,
    /// URL of the status list credential (`statusListCredential`).
    pub list_uri: String,
    /// Position in the list (`statusListIndex`), in entries, not bits. One that no list can have is kept as the largest
    /// number there is.
    pub index: u64,
    /// Bits per entry (`statusSize`), 1 unless said otherwise, at most [`MAXIMUM_STATUS_SIZE`].
    pub size: u8,
    /// A message for each of the 2^`size` values (`statusMessage`), in the order of the values; none may be there if `size` is 1.
    pub messages: Vec<StatusMessage>,
    /// Where the messages are explained (`statusReference`).
    pub references: Vec<String>,
}

/// Most bits that one entry may have here.
pub const MAXIMUM_STATUS_SIZE: u8 = 8;

impl StatusEntry {
    /// An entry of one bit.
    #[must_use]
    pub fn new(purpose: StatusPurpose, list_uri: &str, index: u64) -> Self {
        let (messages, references) = (Vec::new(), Vec::new());
        Self { purpose, list_uri: list_uri.to_owned(), index, size: 1, messages, references }
    }

    /// Reads one entry of type `BitstringStatusListEntry` whose purpose is one of those that are known.
    ///
    /// # Errors
    ///
    /// [`ModelError::Status`], with the member that is missing or malformed.
    pub fn parse(entry: &Value) -> Result<Self, ModelError> {
        if !rules::has_type(entry, BITSTRING) {
            return Err(ModelError::Status { member: "type" });
        }
        match read_entry(entry)? {
            Read::Entry(entry) => Ok(entry),
            Read::OtherPurpose(_) => Err(ModelError::Status { member: "statusPurpose" }),
        }
    }

    /// What the issuer calls `value`, if it has a name.
    #[must_use]
    pub fn message(&self, value: u8) -> Option<&str> {
        let found = self.messages.iter().find(|message| message.status == value);
        found.map(|message| message.message.as_str())
    }

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
        let Value::Object(members) = &mut entry else { return entry };
        if self.size != 1 {
            members.insert("statusSize".to_owned(), self.size.into());
        }
        if !self.messages.is_empty() {
            let messages = self.messages.iter().map(|one| {
                serde_json::json!({
                    "status": format!("0x{:x}", one.status), "message": one.message,
                })
            });
            members.insert("statusMessage".to_owned(), messages.collect());
        }
        match self.references.as_slice() {
            [] => {}
            [only] => drop(members.insert("statusReference".to_owned(), only.clone().into())),
            several => drop(members.insert("statusReference".to_owned(), several.into())),
        }
        entry
    }
}

/// How a schema is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SchemaKind {
    /// A JSON Schema ([VC JSON Schema §2.1](https://www.w3.org/TR/vc-json-schema/#jsonschema)).
    JsonSchema,
    /// A credential about a JSON Schema ([VC JSON Schema §2.2](https://www.w3.org/TR/vc-json-schema/#jsonschemacredential)).
    JsonSchemaCredential,
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
    /// What the issuer fixed about the schema's bytes, if it did.
    pub integrity: Option<Integrity>,
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

/// The status entries: those we can check, and what the others are called: their type or, if that is known, their purpose.
pub(super) fn status(
    value: &Value,
    version: DataModel,
) -> Result<(Vec<StatusEntry>, Vec<String>), ModelError> {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    if !rules::is_no_empty_list(value, "credentialStatus") {
        return Err(ModelError::Status { member: "type" });
    }
    for entry in items(value, "credentialStatus") {
        if !rules::is_typed(entry) || !entry.is_object() {
            return Err(ModelError::Status { member: "type" });
        }
        rules::check_id(entry).map_err(|_| ModelError::Status { member: "id" })?;
        if version == DataModel::V1 && entry.get("id").is_none() {
            // Version 1.1 demands it (§4.9).
            return Err(ModelError::Status { member: "id" });
        }
        if rules::has_type(entry, BITSTRING) {
            match read_entry(entry)? {
                Read::Entry(entry) => known.push(entry),
                Read::OtherPurpose(purpose) => unknown.push(purpose),
            }
        } else {
            unknown.extend(rules::type_names(entry).next().map(str::to_owned));
        }
    }
    Ok((known, unknown))
}

/// A well-formed entry of the type that is known.
enum Read {
    Entry(StatusEntry),
    /// Its purpose is none of those that are known.
    OtherPurpose(String),
}

fn read_entry(entry: &Value) -> Result<Read, ModelError> {
    let wrong = |member| ModelError::Status { member };
    let purpose = json::text(entry, "statusPurpose").ok_or(wrong("statusPurpose"))?;
    let index =
        json::text(entry, "statusListIndex").and_then(decimal).ok_or(wrong("statusListIndex"))?;
    let list_uri = json::text(entry, "statusListCredential")
        .filter(|uri| is_url(uri))
        .ok_or(wrong("statusListCredential"))?
        .to_owned();
    if json::text(entry, "id") == Some(&list_uri) {
        return Err(wrong("id"));
    }
    let size = match entry.get("statusSize") {
        None => 1,
        Some(size) => size
            .as_u64()
            .and_then(|size| u8::try_from(size).ok())
            .filter(|size| (1..=MAXIMUM_STATUS_SIZE).contains(size))
            .ok_or(wrong("statusSize"))?,
    };
    let messages = status_messages(entry, size).ok_or(wrong("statusMessage"))?;
    let references = items(entry, "statusReference")
        .iter()
        .map(|url| url.as_str().filter(|url| is_url(url)).map(str::to_owned))
        .collect::<Option<Vec<String>>>()
        .filter(|_| rules::is_no_empty_list(entry, "statusReference"))
        .ok_or(wrong("statusReference"))?;
    let Some(purpose) = StatusPurpose::parse(purpose) else {
        return Ok(Read::OtherPurpose(purpose.chars().take(64).collect()));
    };
    Ok(Read::Entry(StatusEntry { purpose, list_uri, index, size, messages, references }))
}

/// The table of messages: each value once. It must be there if there are more values than "set" and "unset" (§2.1).
fn status_messages(entry: &Value, size: u8) -> Option<Vec<StatusMessage>> {
    let Some(table) = entry.get("statusMessage") else {
        return (size == 1).then(Vec::new);
    };
    let mut messages = Vec::new();
    for row in table.as_array()? {
        let status = json::text(row, "status")?.strip_prefix("0x")?;
        let hex = (1..=2).contains(&status.len()) && status.chars().all(|c| c.is_ascii_hexdigit());
        let status = u8::from_str_radix(status, 16).ok().filter(|_| hex)?;
        let message = json::text(row, "message")?.to_owned();
        messages.push(StatusMessage { status, message });
    }
    messages.sort_by_key(|message| message.status);
    // 2^size of them, and number n is about value n: so every value has exactly one.
    let values = 1_usize.checked_shl(u32::from(size))?;
    let each = messages.iter().zip(0_usize..).all(|(one, at)| usize::from(one.status) == at);
    (each && messages.len() == values).then_some(messages)
}

/// A decimal number without sign or leading zeroes, of any size: beyond 64 bits no list reaches, so the largest will do.
fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    let shaped = digits && (text == "0" || !text.starts_with('0'));
    shaped.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The schema entries.
pub(super) fn schemas(value: &Value) -> Result<Vec<SchemaEntry>, ModelError> {
    if !rules::is_no_empty_list(value, "credentialSchema") {
        return Err(ModelError::Schema { member: "id" });
    }
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
    } else if rules::has_type(entry, "JsonSchemaCredential") {
        SchemaKind::JsonSchemaCredential
    } else {
        SchemaKind::Unknown(rules::type_names(entry).next().unwrap_or_default().to_owned())
    };
    let integrity = Integrity::of(entry).map_err(|_| ModelError::Schema { member: "digestSRI" })?;
    Ok(SchemaEntry { id, kind, integrity })
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
