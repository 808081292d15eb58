//! `inkan did update`: the document changed by a JSON merge patch ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)).
//!
//! A patch can withdraw a retired key, add a service, or add a key of the keystore, which signs from then on. What the profile knows
//! of its own keys stays: a patch that takes one of them out of the document is refused, since `did rotate` is what replaces it.

use inkan_core::Timestamp;
use inkan_core::{json as strict, limits};
use inkan_crypto::KeyType;
use inkan_did::webvh::{self, Entry};
use inkan_did::{Did, DidDocument, DidUrl, Relationship};
use inkan_io::intent::{EntryDraft, Intent, RecordDraft};
use inkan_io::profile::{OwnDid, OwnKey, Record as _, Shelf};
use inkan_ledger::Kind;
use serde_json::{Map, Value, json};

use super::deactivate::refuse_ended;
use super::diff::document_changes;
use super::past::Past;
use super::rotate::{later_than, names, put_away};
use crate::args::UpdateArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::{Writing, dry_run_lines};
use crate::output::Outcome;
use crate::render::safe;

pub(super) fn run(args: &UpdateArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_of(Some(&args.did))?;
    let input = context.input(Some(&args.patch))?;
    let malformed = |detail: String| CliError::InputMalformed { file: input.name.clone(), detail };
    let patch = strict::parse(&input.bytes, limits::DID_DOCUMENT)
        .map_err(|error| malformed(error.to_string()))?;
    let mut writing = Writing::begin(context, &home)?;
    let mut own = identity::own(&home, Some(&args.did))?;
    let Some(committed) = own.next_key.clone() else {
        let detail = "a DID of this method is its key and cannot be changed".to_owned();
        return Err(CliError::InputMalformed { file: own.did, detail }.into());
    };
    let reading = writing.reading()?;
    let history = reading.history(&own.did, context.now())?;
    let head = history.latest();
    refuse_ended(&own, head)?;
    let before = head.document().value();
    let document = merged(before.clone(), &patch);
    if document == *before {
        context.speech.say("the document says that already");
        let members = json!({ "name": own.name, "did": own.did, "versionId": head.version_id() });
        return Ok(Outcome::new("inkan-did/1", format!("{}\n", head.version_id()), members));
    }
    keeps_own(&own, &document, head.did()).map_err(malformed)?;
    let mut keyring = Keyring::open(context, &home)?;
    let mut next =
        Keyring::open_next(context, &home, args.change.next_passphrase_file.as_deref(), &keyring)?;
    let (step, next_name) = names(&own, head);
    next.remove(&next_name);
    let next_public = next.generate(&next_name, KeyType::Ed25519, context.now())?;
    let now = later_than(head.time(), context);
    let lines = document_changes(before, &document);
    if lines.iter().any(|line| line.starts_with("- service ledger:")) {
        context.speech.warn(
            "the patch drops the service #ledger, which says where the records of this DID are kept: a merge patch replaces \
             lists as a whole, so name it again with the others",
        );
    }
    for line in &lines {
        context.speech.say(&format!("  {}", safe(line, 300)));
    }
    let added = added(&own, &document, (head.did(), &keyring), now)?;
    for key in &added {
        context.speech.say(&format!("{} signs for {} from now on", key.key, own.name));
    }
    let line = webvh::revise(head, document, next.key(&committed)?, &next_public, now)?;
    Past::of(&home, Some(&reading), now)?.refuse_version(&reading, &history, &line)?;
    let version = Entry::parse(line.as_bytes(), None)?.version_id().to_owned();
    own.next_key = Some(next_name);
    own.keys.extend(added);
    if let Some(reason) = &args.reason {
        own.reasons.insert(version.clone(), reason.clone());
    }
    let record = RecordDraft { shelf: Shelf::Dids, name: own.name.clone(), record: own.to_value() };
    let intent = Intent {
        command: format!("did update {}", own.name),
        entries: vec![EntryDraft { kind: Kind::Did, body: line }],
        records: vec![record],
        ..Intent::default()
    };
    if args.change.write.dry_run {
        context.speech.say("would write this to the ledger:");
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    next.save()?;
    let accepted = writing.commit(&intent)?;
    put_away(&mut keyring, &mut next, &committed, &format!("{}.update-{step}", own.name), now)?;
    let entry = accepted.first().map(|accepted| accepted.leaf_index);
    if let Some(index) = entry {
        let origin = &home.settings.origin;
        context.speech.say(&format!("changed, recorded as entry {index} of {origin}"));
    }
    let members = json!({ "name": own.name, "did": own.did, "versionId": version, "entry": entry });
    Ok(Outcome::new("inkan-did/1", format!("{version}\n"), members))
}

/// The keys that this profile signs with are still there.
fn keeps_own(own: &OwnDid, document: &Value, did: &Did) -> Result<(), String> {
    let methods = document.get("verificationMethod").and_then(Value::as_array);
    for key in &own.keys {
        let url = DidUrl::parse(&own.method_url(key)).map_err(|error| error.to_string())?;
        let is_it = |item: &Value| {
            strict::text(item, "id")
                .is_some_and(|id| DidUrl::resolve(did, id).is_ok_and(|named| named == url))
        };
        if !methods.is_some_and(|methods| methods.iter().any(is_it)) {
            let name = &key.fragment;
            return Err(format!(
                "it takes out {name}, which signs here: inkan did rotate replaces it"
            ));
        }
    }
    Ok(())
}

/// The keys of the keystore that the document lists now, and the profile does not sign with yet. One that is listed for what it
/// signed before alone, with its end, is none.
fn added(
    own: &OwnDid,
    document: &Value,
    (did, keyring): (&Did, &Keyring),
    now: Timestamp,
) -> Result<Vec<OwnKey>, Failure> {
    let document = DidDocument::from_value(document.clone(), did)?;
    let mut added: Vec<OwnKey> = Vec::new();
    let signing = [Relationship::AssertionMethod, Relationship::Authentication];
    for method in document.verification_methods() {
        let signs = signing.iter().any(|how| document.allows(&method.id, *how));
        let ended = document.period(&method.id)?.ended(now).is_some();
        let Some(name) = keyring.name_of(&method.key).filter(|_| signs && !ended) else { continue };
        let fragment = method.id.fragment().unwrap_or_default().to_owned();
        let known = |one: &OwnKey| one.key == name || one.fragment == fragment;
        if method.controller == *did && !own.keys.iter().chain(&added).any(known) {
            added.push(OwnKey { fragment, key: name.to_owned() });
        }
    }
    Ok(added)
}

/// RFC 7396 §2: members of objects are merged, null takes one out, all else replaces.
fn merged(target: Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else { return patch.clone() };
    let mut members = match target {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            let old = members.remove(name).unwrap_or(Value::Null);
            members.insert(name.clone(), merged(old, change));
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of RFC 7396, appendix A.
    #[test]
    fn a_merge_patch_is_applied_as_the_rfc_says() {
        let cases = [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ];
        for (target, patch, expected) in cases {
            assert_eq!(merged(target, &patch), expected, "{patch}");
        }
    }
}
