//! The text that a countersigner is shown: one canonical rendering in plain lines, and its digest.
//!
//! The signature covers the credential anyway; the digest says which words were on the screen. So the text has
//! everything that the credential claims, and nothing in it can move the cursor, hide, or look like another line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use inkan_core::text::is_hidden;
use inkan_core::{Digest, Timestamp, json, sha256};
use serde_json::Value;

use crate::model::Credential;
use crate::proof::Stage;
use crate::sd_jwt::{Disclosure, SdJwt};
use crate::secured::SecuredCredential;

/// First line of every rendering; another rendering gets another name.
const TITLE: &str = "inkan-text/1";

/// Most bytes that the names before the values may come to, in all lines together; the values themselves stand once.
const LABELS: usize = 4 << 20;

/// Whether [`render_text`] of a credential made from `value` has a length that the size of the value explains.
pub(crate) fn is_renderable(value: &Value) -> bool {
    let mut left = LABELS;
    take_labels(value, 0, &mut left).is_some()
}

/// Takes the labels of all that is in `value`, whose own has `outer` bytes, from what is left. Escapes are not counted: they make
/// the text longer by a factor that does not depend on who wrote it.
fn take_labels(value: &Value, outer: usize, left: &mut usize) -> Option<()> {
    *left = left.checked_sub(outer)?;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(()),
        Value::Array(items) => {
            // A space and a number.
            let inner = outer.checked_add(8)?;
            items.iter().try_for_each(|item| take_labels(item, inner, left))
        }
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            take_labels(member, outer.checked_add(name.len())?.checked_add(3)?, left)
        }),
    }
}

/// The `textDigest` of countersignatures: SHA-256 of [`render_text`] in UTF-8.
///
/// Of a credential that is shown in parts, what only those have who see the whole goes in as well, line by line: every disclosure of
/// an SD-JWT, in the order of their bytes; the value of a base proof. A countersignature travels with every part, and a bare
/// digest of the text would let anybody try what a claim that is kept back might be.
#[must_use]
pub fn text_digest_of(secured: &SecuredCredential) -> Digest {
    let mut text = render_text(secured.credential());
    let disclosures = secured.sd_jwt().map(SdJwt::disclosures).unwrap_or_default();
    let disclosures: BTreeSet<&str> = disclosures.iter().map(Disclosure::as_str).collect();
    let base = secured.issuer_proof().filter(|proof| proof.stage() == Some(Stage::Base));
    let base = base.and_then(|proof| json::text(proof.value(), "proofValue"));
    for line in disclosures.into_iter().chain(base) {
        text.push('\n');
        text.push_str(line);
    }
    sha256(&[text.as_bytes()])
}

/// The credential as plain text: who says what about whom, for how long, line by line.
///
/// Members come in the order of their names, nested ones as `outer / inner`, list items with their number from 1.
/// Control characters, bidirectional overrides and the like are written as `\u{…}`.
#[must_use]
pub fn render_text(credential: &Credential) -> String {
    let mut out = String::from(TITLE);
    let types: Vec<&str> =
        credential.types().filter(|name| *name != "VerifiableCredential").collect();
    line(&mut out, "type", &types.join(", "));
    if let Some(id) = credential.id() {
        line(&mut out, "id", id);
    }
    render(&mut out, "issuer", credential.value().get("issuer").unwrap_or(&Value::Null));
    moment(&mut out, "valid from", credential.valid_from());
    moment(&mut out, "valid until", credential.valid_until());
    for member in ["name", "description"] {
        if let Some(value) = credential.value().get(member) {
            render(&mut out, member, value);
        }
    }
    let subjects = credential.subjects();
    for (position, subject) in subjects.iter().enumerate() {
        let path = match subjects.len() {
            1 => "subject".to_owned(),
            _ => format!("subject {}", position.saturating_add(1)),
        };
        render(&mut out, &path, subject);
    }
    for status in credential.status() {
        line(&mut out, "status", status.purpose.as_str());
    }
    if credential.token_status().is_some() {
        line(&mut out, "status", "TokenStatusList");
    }
    for other in credential.unknown_status() {
        line(&mut out, "status", other);
    }
    for schema in credential.schemas() {
        line(&mut out, "schema", &schema.id);
    }
    line(&mut out, "evidence", &credential.evidence().len().to_string());
    for (name, value) in sorted(credential.value()) {
        if !RENDERED_OR_TECHNICAL.contains(&name.as_str()) {
            render(&mut out, name, value);
        }
    }
    out.push('\n');
    out
}

/// Members that have lines of their own above, or say how the credential is processed rather than what it says.
const RENDERED_OR_TECHNICAL: [&str; 14] = [
    "@context",
    "type",
    "id",
    "issuer",
    "validFrom",
    "validUntil",
    "name",
    "description",
    "credentialSubject",
    "credentialStatus",
    "credentialSchema",
    "evidence",
    "ledgerRecord",
    "relatedResource",
];

fn moment(out: &mut String, label: &str, value: Option<Timestamp>) {
    if let Some(value) = value {
        line(out, label, &value.to_string());
    }
}

fn render(out: &mut String, path: &str, value: &Value) {
    match value {
        Value::Null => line(out, path, "(nothing)"),
        Value::Bool(truth) => line(out, path, if *truth { "yes" } else { "no" }),
        // The canonical form, since 1 and 1.0 are one number to whoever signs.
        Value::Number(_) => {
            let digits = json::canonicalize(value).unwrap_or_default();
            line(out, path, &String::from_utf8_lossy(&digits));
        }
        Value::String(text) => line(out, path, text),
        Value::Array(items) => {
            if items.is_empty() {
                line(out, path, "(none)");
            }
            for (position, item) in items.iter().enumerate() {
                render(out, &format!("{path} {}", position.saturating_add(1)), item);
            }
        }
        Value::Object(members) => {
            if members.is_empty() {
                line(out, path, "(empty)");
            }
            for (name, member) in sorted(value) {
                render(out, &format!("{path} / {name}"), member);
            }
        }
    }
}

/// The members of an object in the order of their names, whatever order the parser kept.
fn sorted(value: &Value) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = value.as_object().into_iter().flatten().collect();
    members.sort_by_key(|(name, _)| *name);
    members
}

fn line(out: &mut String, label: &str, text: &str) {
    out.push('\n');
    push_visible(out, label);
    out.push_str(": ");
    push_visible(out, text);
}

/// Appends `text` with everything escaped that a screen would not show as it is.
fn push_visible(out: &mut String, text: &str) {
    for character in text.chars() {
        if character == '\\' || is_hidden(character) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
}
