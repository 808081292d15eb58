//! What one check found, in a line: positions and digests, never personal data.

use inkan_core::json::text;
use inkan_verifier::type_name;
use serde_json::Value;

use super::moment;
use crate::env;
use crate::render::{Mark, safe, short};

/// The words before what was found. A check that failed is not called by what it would have shown.
pub(super) fn label(check: &Value, mark: Mark) -> String {
    let name = text(check, "check").unwrap_or_default();
    let passed = mark == Mark::Pass;
    match name {
        "issuer-log" => "issuer's log".to_owned(),
        "on-ledger" => "on ledger".to_owned(),
        "key-in-force" => "key in force".to_owned(),
        "did-active" => "DID active".to_owned(),
        "validity" if passed => "in validity".to_owned(),
        "status" if passed => {
            match check.get("evidence").and_then(|found| text(found, "purpose")) {
                Some("suspension") => "not suspended".to_owned(),
                Some("message") => "message".to_owned(),
                Some("refresh") => "status".to_owned(),
                _ => "not revoked".to_owned(),
            }
        }
        "countersignature" if passed => "countersigned".to_owned(),
        "countersigned" => "policy: signers".to_owned(),
        "offered" => "issuer: signers".to_owned(),
        "seal" => "seal".to_owned(),
        "power" => "power given".to_owned(),
        "presentation" if passed && text(check, "subject") != Some("presentation") => {
            "about presenter".to_owned()
        }
        "presentation" if passed => "presented to us".to_owned(),
        "policy-in-effect" => "policy in effect".to_owned(),
        "credential-type" => "policy: type".to_owned(),
        "issuer-trusted" => "issuer trusted".to_owned(),
        fact if fact.contains('.') => "fact".to_owned(),
        other => other.replace('-', " "),
    }
}

/// What a check that passed, or was skipped, found.
pub(super) fn found(check: &Value) -> String {
    let nothing = Value::Null;
    let evidence = check.get("evidence").unwrap_or(&nothing);
    let name = text(check, "check").unwrap_or_default();
    if text(check, "status") == Some("skipped") {
        let why = text(evidence, "why").map(str::to_owned);
        return format!("skipped: {}", why.unwrap_or_else(|| skipped(name).to_owned()));
    }
    let said = match name {
        "issuer-log" => issuer_log(evidence),
        "on-ledger" => on_ledger(evidence),
        "time" => time(evidence),
        "key-in-force" => key_in_force(evidence),
        "signature" => text(evidence, "format").map(|format| match text(evidence, "dataModel") {
            Some("1.1") => format!("{format}, by the issuer, in data model 1.1"),
            _ => format!("{format}, by the issuer"),
        }),
        "did-active" => Some(if evidence.get("recordedBeforeDeactivation").is_some() {
            "deactivated later; this was recorded before".to_owned()
        } else if evidence.get("compromiseReported").is_some() {
            "not deactivated; its key was reported compromised".to_owned()
        } else if evidence.get("noReportAsOf").is_some() {
            "not deactivated, no compromise reported".to_owned()
        } else {
            "not deactivated; no report of a stolen key at hand".to_owned()
        }),
        "validity" => Some(match text(evidence, "validUntil") {
            Some(until) => format!("until {}", until.get(..10).unwrap_or(until)),
            None => "without end".to_owned(),
        }),
        "status" => status(evidence),
        "schema" => type_name(evidence, &env::language()).map(|name| {
            let vct = text(evidence, "type").unwrap_or_default();
            format!("{name:?} ({})", short(vct, 40))
        }),
        "related-resource" => {
            number(evidence, "resource").map(|at| format!("number {at}: as the issuer fixed it"))
        }
        "countersignature" => countersignature(evidence),
        "power" => text(evidence, "for").map(|principal| {
            let passed_on = evidence.get("by").and_then(Value::as_array).map_or(0, Vec::len);
            match passed_on {
                0 => format!("by {} itself", short_did(principal)),
                1 => format!("by {}, passed on once", short_did(principal)),
                times => format!("by {}, passed on {times} times", short_did(principal)),
            }
        }),
        "presentation" => Some(presentation(check, evidence)),
        "timestamp" => timestamp(evidence),
        "eseal" => eseal(evidence),
        "policy-in-effect" => Some("on this day".to_owned()),
        "credential-type" => Some("one that the policy admits".to_owned()),
        "countersigned" => Some(signers(evidence, text(check, "expected"))),
        "offered" => Some(signers(evidence, None)),
        "issuer-trusted" => super::message_of(check),
        fact if fact.contains('.') => Some(match text(check, "basis") {
            Some(basis) => format!("{fact}, {basis}"),
            None => fact.to_owned(),
        }),
        _ => None,
    };
    said.unwrap_or_else(|| plain(evidence))
}

const fn skipped(check: &str) -> &'static str {
    match check.as_bytes() {
        b"schema" => "the credential names none",
        b"status" => "the credential names no status list",
        b"on-ledger" => "no receipt at hand, and none demanded",
        b"time" => "no record, so no time is attested",
        b"presentation" => "no presentation was shown",
        b"validity" => "no end is named",
        b"countersignature" => "nobody has countersigned",
        _ => "nobody asked for it",
    }
}

fn issuer_log(evidence: &Value) -> Option<String> {
    let did = text(evidence, "did")?;
    let versions = number(evidence, "versions");
    let many = match versions {
        Some(1) => "1 version, ".to_owned(),
        Some(count) => format!("{count} versions, "),
        None => String::new(),
    };
    Some(format!("{}, {many}certifies itself", short_did(did)))
}

/// Who acted for whom, and under which power of attorney.
pub(crate) fn delegate(agent: &Value) -> String {
    let name = |member: &str| short_did(text(agent, member).unwrap_or_default());
    let power = text(agent, "power").unwrap_or_default();
    let power = power.get(..8).unwrap_or(power);
    format!("{} for {} under power {power}…", name("signer"), name("for"))
}

/// Who was counted for a demand, who was not and why, and by when.
fn signers(evidence: &Value, expected: Option<&str>) -> String {
    let list = |member: &str| {
        evidence.get(member).and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
    };
    let wanted = match (expected, text(evidence, "role"), number(evidence, "needed")) {
        (Some(expected), _, _) => expected.to_owned(),
        (None, Some(role), Some(needed)) => {
            format!("{needed} {role} ({})", text(evidence, "decision").unwrap_or("accept"))
        }
        (None, _, _) => "those who are named".to_owned(),
    };
    let counted: Vec<String> =
        list("counted").iter().filter_map(Value::as_str).map(short_did).collect();
    let mut said = format!("{wanted}: {}", counted.join(", "));
    for agent in list("delegates") {
        said.push_str(&format!("; {}", delegate(agent)));
    }
    for other in list("notCounted") {
        let signer = short_did(text(other, "signer").unwrap_or_default());
        said.push_str(&format!("; not {signer} ({})", text(other, "why").unwrap_or_default()));
    }
    if let Some(before) = text(evidence, "before") {
        said.push_str(&format!("; by {}", moment(before)));
    }
    said
}

fn on_ledger(evidence: &Value) -> Option<String> {
    let entry = number(evidence, "entry")?;
    let size = number(evidence, "size")?;
    let root = text(evidence, "root").map(|root| root.get(..8).unwrap_or(root)).unwrap_or_default();
    let log = text(evidence, "log").unwrap_or_default();
    let whose =
        if text(evidence, "registrant") == Some("other") { ", by another party" } else { "" };
    Some(format!("entry {entry} of {size} in {log}, root {root}…{whose}"))
}

/// Witnesses behind a time that count as nobody, and why: their keys are called the log's own, or only the policy calls them so.
pub(super) fn uncounted(evidence: &Value) -> Option<String> {
    let names = |member: &str| -> Vec<&str> {
        let list = evidence.get(member).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let (uncounted, own) = (names("notCounted"), names("runByLog"));
    let is_own = uncounted.iter().all(|name| own.contains(name));
    let why = if is_own { "run by the log itself" } else { "by the policy the log's own" };
    (!uncounted.is_empty()).then(|| format!("not counted: {} ({why})", uncounted.join(", ")))
}

fn time(evidence: &Value) -> Option<String> {
    let grade = text(evidence, "grade")?;
    let names = |member: &str| -> Vec<&str> {
        let list = evidence.get(member).and_then(Value::as_array);
        list.map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    };
    let operators = names("operators");
    let mut own = names("runByLog");
    own.retain(|name| operators.contains(name));
    let own = match own.len() {
        0 => String::new(),
        all if all == operators.len() => "; run by the log itself".to_owned(),
        _ => format!("; run by the log itself: {}", own.join(", ")),
    };
    let who = if operators.is_empty() {
        String::new()
    } else {
        format!(" ({}{own})", operators.join(", "))
    };
    let who = match uncounted(evidence) {
        Some(uncounted) => format!("{who}, {uncounted}"),
        None => who,
    };
    let when = match (text(evidence, "existedBy"), text(evidence, "claimed")) {
        (Some(existed_by), _) => format!(", existed by {}", moment(existed_by)),
        (None, Some(claimed)) => format!(", claimed {}", moment(claimed)),
        (None, None) => String::new(),
    };
    let needs = text(evidence, "needs").map(|needs| format!("; needs {needs}")).unwrap_or_default();
    Some(format!("{grade}{who}{when}{needs}"))
}

fn timestamp(evidence: &Value) -> Option<String> {
    let authority = text(evidence, "authority")?;
    let existed_by = moment(text(evidence, "existedBy")?);
    let items = match number(evidence, "items") {
        Some(1) => "1 item".to_owned(),
        Some(count) => format!("{count} items"),
        None => String::new(),
    };
    let renewed = number(evidence, "renewedBy")
        .map(|by| format!("; relied on by timestamp[{by}], which is over it"))
        .unwrap_or_default();
    Some(format!("{} saw {items} by {existed_by}{renewed}", safe(authority, 40)))
}

fn eseal(evidence: &Value) -> Option<String> {
    let signer = short_did(text(evidence, "signer")?);
    let certificate = text(evidence, "certificate").and_then(|hex| hex.get(..8))?;
    let time = match text(evidence, "stampedBy") {
        Some(stamped) => format!("stamped by {}", moment(stamped)),
        None => format!("{}, by its own word", moment(text(evidence, "time")?)),
    };
    let revocation = text(evidence, "revocation")?;
    Some(format!("{signer} with certificate {certificate}…, {time}; revocation: {revocation}"))
}

fn key_in_force(evidence: &Value) -> Option<String> {
    let key = text(evidence, "key")?;
    let version = number(evidence, "version").map(|n| format!(", version {n}")).unwrap_or_default();
    let entry = number(evidence, "entry").map(|n| format!(" at entry {n}")).unwrap_or_default();
    let rotated = number(evidence, "rotatedAtEntry")
        .map(|n| format!(" (rotated at entry {n}: fine)"))
        .unwrap_or_default();
    let retired = text(evidence, "retired").map(|end| end.get(..10).unwrap_or(end));
    let now = match (retired, text(evidence, "record")) {
        (Some(end), _) => format!(
            " (retired {end}: the issuer still stands behind it; the time of signing is not shown)"
        ),
        (None, Some("timestamp")) => {
            " (no receipt: a timestamp shows that it had signed)".to_owned()
        }
        (None, Some("none")) => " (no receipt: judged by its newest version)".to_owned(),
        (None, _) => String::new(),
    };
    let stolen = text(evidence, "compromisedSince")
        .map(|since| format!(" (compromised since {}: recorded before)", moment(since)))
        .unwrap_or_default();
    Some(format!("{key}{version}{entry}{rotated}{now}{stolen}"))
}

fn status(evidence: &Value) -> Option<String> {
    let index = number(evidence, "index")?;
    let list = text(evidence, "list")
        .map(|list| short(list, 24))
        .or_else(|| number(evidence, "list").map(|n| n.to_string()))?;
    let entry = number(evidence, "listEntry")
        .map(|n| format!(", newest status is entry {n}{}", attested(evidence)))
        .unwrap_or_default();
    let value = match (text(evidence, "purpose"), number(evidence, "value")) {
        (Some("refresh"), Some(_)) => ", and a newer credential can be fetched".to_owned(),
        (_, Some(value)) => format!(", value 0x{value:x}"),
        (_, None) => String::new(),
    };
    let says = text(evidence, "says").map(|says| format!("{says:?}, ")).unwrap_or_default();
    Some(format!("{says}list {list}, index {index}{value}{entry}"))
}

fn countersignature(evidence: &Value) -> Option<String> {
    let role = text(evidence, "role")?;
    let decision = match text(evidence, "decision")? {
        "accept" => "accepts",
        "refuse" => "refuses",
        "withdraw" => "withdraws",
        "seal" => "seals",
        other => other,
    };
    let entry = number(evidence, "recordedAt")
        .map(|n| format!(", entry {n}{}", attested(evidence)))
        .unwrap_or_default();
    let state = match text(evidence, "state") {
        Some("newest") => ", newest state of the act",
        Some("newest-known") => ", nothing newer is known",
        Some("not-recorded") => ", on no ledger known here",
        _ => "",
    };
    // Whoever is not the subject is named: a role is only what they say of themselves.
    let by_subject = evidence.get("bySubject").and_then(Value::as_bool);
    let who = match (by_subject, text(evidence, "signer")) {
        (Some(false), Some(signer)) => format!(" ({}, not the subject)", short_did(signer)),
        _ => String::new(),
    };
    let text_of = text;
    let text = match text(evidence, "text") {
        Some("unchecked") => "; a part is shown, so the text that was read is not checked",
        _ => "",
    };
    let for_whom = match (text_of(evidence, "for"), text_of(evidence, "forRole")) {
        (Some(principal), Some(role)) => format!(" for {} as {role}", short_did(principal)),
        _ => String::new(),
    };
    Some(format!("{role}{who}{for_whom} {decision}{entry}{state}{text}"))
}

/// When a record was made, and how well that is attested.
fn attested(evidence: &Value) -> String {
    match (text(evidence, "recordTime"), text(evidence, "recordGrade")) {
        (Some(time), Some(grade)) => format!(" of {} ({grade})", moment(time)),
        _ => String::new(),
    }
}

fn presentation(check: &Value, evidence: &Value) -> String {
    if text(check, "subject") != Some("presentation") {
        return "the credential is about who presents it".to_owned();
    }
    let live = match text(evidence, "live") {
        Some("yes") => "live",
        Some(other) if other.starts_with("single use") => "its single use is yours to ensure",
        _ => "not live",
    };
    let part = match (number(evidence, "disclosed"), number(evidence, "concealed")) {
        (Some(disclosed), Some(concealed)) => {
            let claims = if disclosed == 1 { "claim" } else { "claims" };
            format!("; {disclosed} {claims} disclosed, {concealed} concealed (or decoys)")
        }
        _ => String::new(),
    };
    format!("nonce and audience match, {live}, by the holder's key{part}")
}

/// What an IAL or AAL rests on.
pub(super) fn level(member: &str, part: &Value) -> String {
    if let Some(said) = text(part, "text") {
        return said.to_owned();
    }
    if member == "aal" {
        return match (text(part, "road"), text(part, "achieved")) {
            (Some(road), _) => format!("by {road}"),
            (None, None | Some("AAL-0")) => "nothing shows who presents".to_owned(),
            (None, Some(_)) => "the holder's key over our nonce".to_owned(),
        };
    }
    match text(part, "row") {
        Some(row) => format!("{} ({row})", row_in_words(row)),
        None => "no row of the table holds".to_owned(),
    }
}

/// The rows of the reference table (assurance specification §8), in a few words each.
const fn row_in_words(row: &str) -> &'static str {
    match row.as_bytes() {
        b"R1" => "root identity, face to face, by an official",
        b"R2a" => "card verified by its chip, face to face",
        b"R2b" => "signature by the card's signing key",
        b"R3" => "document in person, before qualified staff",
        b"R4" => "live face match against the document",
        b"R5" => "online, then checked in person",
        b"R6" => "card verified by its chip, at a distance",
        b"R7" => "document by image",
        b"R8" => "confirmation code returned",
        _ => "a row of the table",
    }
}

/// Members and values, for a check this module knows nothing special about.
fn plain(evidence: &Value) -> String {
    let Some(members) = evidence.as_object() else { return String::new() };
    let parts: Vec<String> = members
        .iter()
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name} {}", short(text, 24)),
            None => format!("{name} {value}"),
        })
        .collect();
    parts.join(", ")
}

fn number(value: &Value, member: &str) -> Option<u64> {
    value.get(member).and_then(Value::as_u64)
}

/// `did:webvh:Qm…ab:host:path`: the SCID shortened, the rest whole.
pub(crate) fn short_did(did: &str) -> String {
    let mut parts = did.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("did"), Some("webvh"), Some(scid), Some(rest)) => {
            format!("did:webvh:{}:{rest}", short(scid, 6))
        }
        _ => short(did, 24),
    }
}
