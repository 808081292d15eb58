//! The lines a person looks for first: what a credential or presentation says of itself, in words.
//!
//! Nothing here was checked, and nothing is fetched. What is malformed is shown as far as it can be read.

use std::fmt::Write as _;

use inkan_core::json::text;
use inkan_core::{Timestamp, encoding};
use inkan_credential::model::text::{preferred, texts};
use inkan_credential::sd_jwt_vc::{TypeMetadata, issuer_of};
use inkan_credential::status_list::BitstringStatusList;
use inkan_credential::token_status_list::{StatusBits, TokenStatus, TokenStatusList};
use inkan_credential::{SecuredCredential, selective};
use inkan_crypto::PublicKey;
use inkan_io::pinned::PinnedFile;
use serde_json::Value;

use super::decode_compact;
use crate::output::BOLD;
use crate::render::{safe, short};

/// Longest text of one line.
const LINE: usize = 200;
/// Lines shown of one member.
const MOST: usize = 8;

/// The summary of a file's content for a reader of `language` (BCP 47); empty if there is nothing to say.
pub(super) fn of(content: &Value, language: &str) -> String {
    let artefact = content.get("credential").or_else(|| content.get("presentation"));
    let artefact = artefact.unwrap_or(content);
    // What secures it may be around it.
    let opened = enveloped(artefact).unwrap_or_else(|| artefact.clone());
    let inner = opened.get("payload").unwrap_or(&opened);
    let mut lines = Lines { out: String::new(), margin: "" };
    said(inner, language, &mut lines);
    for (name, line) in super::stage::lines(content, inner) {
        lines.add(name, &line);
    }
    around(&opened, &mut lines);
    for (name, line) in super::agreed::lines(content) {
        lines.add(name, &line);
    }
    let presented = items(inner, "verifiableCredential");
    for (number, credential) in presented.iter().take(MOST).enumerate() {
        let opened = match credential {
            Value::String(compact) => decode_compact(compact),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)) => enveloped(other),
        };
        let opened = opened.unwrap_or_else(|| credential.clone());
        let _ = writeln!(lines.out, "\n  {BOLD}cred[{number}]{BOLD:#}");
        lines.margin = "  ";
        said(opened.get("payload").unwrap_or(&opened), language, &mut lines);
        around(&opened, &mut lines);
        lines.margin = "";
    }
    if presented.len() > MOST {
        lines.add("and", &counted(presented.len().saturating_sub(MOST), "more credential"));
    }
    if text(content, "type") == Some("inkan-bundle/1") {
        lines.add("carries", &carried(content));
    }
    if !lines.out.is_empty() {
        lines.out.push('\n');
    }
    lines.out
}

/// What the type of an SD-JWT VC is called, and its claims, by metadata that are pinned here. If the credential fixes others, they
/// are not its own.
pub(super) fn of_type(content: &Value, language: &str, pins: &[PinnedFile]) -> String {
    let artefact = content.get("credential").unwrap_or(content);
    let opened = enveloped(artefact).unwrap_or_else(|| artefact.clone());
    let inner = opened.get("payload").unwrap_or(&opened);
    let Some(vct) = text(inner, "vct") else { return String::new() };
    let Some(file) = pins.iter().find(|file| file.url == vct) else { return String::new() };
    let mut lines = Lines { out: String::new(), margin: "" };
    match TypeMetadata::parse(&file.bytes, vct, text(inner, "vct#integrity")) {
        Ok(metadata) => {
            let name = metadata.name(language).map(|name| format!("{name:?}, by pinned metadata"));
            name.into_iter().for_each(|name| lines.add("type", &name));
            metadata.description(language).into_iter().for_each(|said| lines.add("", said));
            for (path, label) in metadata.labels(language).into_iter().take(4 * MOST) {
                lines.add("claim", &format!("{path} is {label:?}"));
            }
        }
        Err(error) => lines.add("type", &format!("the pinned metadata are not its own: {error}")),
    }
    lines.out.push('\n');
    lines.out
}

/// What a credential or presentation says itself.
fn said(inner: &Value, language: &str, lines: &mut Lines) {
    title(inner, language, lines);
    people(inner, language, lines);
    dates(inner, lines);
    references(inner, lines);
    signatures(inner, lines);
    parts(inner, lines);
    list(inner, lines);
}

/// Of a credential that is shown in parts, whether this is the whole or a part, and what of the subject is in it.
fn parts(inner: &Value, lines: &mut Lines) {
    let selective = |proof: &Value| {
        text(proof, "cryptosuite")
            .is_some_and(|suite| ["ecdsa-sd-2023", "bbs-2023"].contains(&suite))
    };
    if !items(inner, "proof").iter().any(selective) {
        return;
    }
    let is_base = SecuredCredential::parse_value(inner.clone()).ok();
    match is_base.map(|secured| selective::is_base(&secured)) {
        Some(true) => lines.add("is", "the whole, for its holder, who shows parts of it"),
        Some(false) => lines.add("is", "a part of what its issuer signed"),
        None => return,
    }
    let claims = items(inner, "credentialSubject").iter().filter_map(Value::as_object);
    let names: Vec<&str> = claims
        .flat_map(|claims| claims.keys())
        .map(String::as_str)
        .filter(|name| *name != "id")
        .collect();
    lines.add("claims", &names.join(", "));
}

/// How much a status list says.
fn list(inner: &Value, lines: &mut Lines) {
    for subject in items(inner, "credentialSubject").iter().take(MOST) {
        let Some(encoded) = text(subject, "encodedList") else { continue };
        let said = match BitstringStatusList::decode(encoded) {
            Ok(list) => format!("{} of {} bits are set", list.count_set(), list.len()),
            Err(error) => format!("cannot be read: {error}"),
        };
        lines.add("list", &said);
    }
    let Some(list) = inner.get("status_list").filter(|list| list.is_object()) else { return };
    let bits = list.get("bits").and_then(Value::as_u64).and_then(StatusBits::from_number);
    let bytes = text(list, "lst").and_then(|lst| encoding::decode_b64u(lst).ok());
    let Some((bits, bytes)) = bits.zip(bytes) else { return };
    let said = match TokenStatusList::decode(bits, &bytes) {
        Ok(list) => {
            let not = |index: &u64| list.get(*index) != Ok(TokenStatus::Valid);
            let count = (0..list.len()).filter(not).count();
            format!("{count} of {} entries are not valid, {} bits each", list.len(), bits.number())
        }
        Err(error) => format!("cannot be read: {error}"),
    };
    lines.add("list", &said);
}

struct Lines {
    out: String,
    /// Before each line.
    margin: &'static str,
}

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        let margin = self.margin;
        let _ = writeln!(self.out, "  {margin}{BOLD}{name:<12}{BOLD:#} {}", safe(value, LINE));
    }
}

/// The artefact in an object around it, decoded: `header`, `payload` and, of an SD-JWT, what is shown.
pub(super) fn enveloped(value: &Value) -> Option<Value> {
    let id = text(value, "id")?;
    let (media_type, data) = id.strip_prefix("data:")?.split_once(',')?;
    if media_type.ends_with(";base64") {
        return decode_compact(&encoding::b64u(&encoding::decode_b64(data).ok()?));
    }
    decode_compact(data)
}

/// The key of a chain of certificates, and whom the first one names.
fn certificate(chain: &Value) -> String {
    let leaf = chain.get(0).and_then(Value::as_str);
    let leaf = leaf.and_then(|leaf| encoding::decode_b64(leaf).ok());
    match leaf.and_then(|leaf| issuer_of(&leaf)) {
        Some(named) => format!("the key of a certificate that is in it, for {named}"),
        None => "the key of a certificate that is in it".to_owned(),
    }
}

/// The signature around the claims, what the holder shows of them, and for whom.
fn around(opened: &Value, lines: &mut Lines) {
    let Some(header) = opened.get("header").filter(|_| opened.get("payload").is_some()) else {
        return;
    };
    let issuer = opened.get("payload").and_then(|payload| text(payload, "iss"));
    let key = match (header.get("x5c"), text(header, "kid"), issuer) {
        (Some(chain), _, _) => certificate(chain),
        (None, Some(kid), Some(issuer)) if kid.starts_with('#') => format!("{issuer}{kid}"),
        (None, Some(kid), _) => kid.to_owned(),
        (None, None, _) => "a key that it does not name".to_owned(),
    };
    let alg = text(header, "alg").unwrap_or("?");
    lines.add("signature", &format!("{} ({alg}) by {key}", text(header, "typ").unwrap_or("JWS")));
    let Some(concealed) = opened.get("concealed").and_then(Value::as_u64) else { return };
    let disclosed: Vec<&str> =
        items(opened, "disclosed").iter().filter_map(Value::as_str).collect();
    let names = match disclosed.as_slice() {
        [] => "nothing of what could be kept back".to_owned(),
        some => some.join(", "),
    };
    lines.add("discloses", &names);
    let kept = match concealed {
        0 => "nothing".to_owned(),
        1 => "1 claim, or a decoy".to_owned(),
        several => format!("{several} claims, or decoys"),
    };
    lines.add("conceals", &kept);
    if let Some(binding) = opened.get("keyBinding").filter(|binding| binding.is_object()) {
        let audience = text(binding, "audience").unwrap_or("?");
        let made = text(binding, "made").map(in_words).unwrap_or_default();
        lines.add("presented to", &format!("{audience}, on {made}, by a key binding"));
    }
}

/// The values of a member that may be written alone or as a list.
fn items<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    match value.get(member) {
        None => &[],
        Some(Value::Array(list)) => list,
        Some(single) => std::slice::from_ref(single),
    }
}

fn types(value: &Value) -> String {
    names(value, "type")
}

/// The texts of a member, one after the other.
fn names(value: &Value, member: &str) -> String {
    let names: Vec<&str> = items(value, member).iter().filter_map(Value::as_str).collect();
    names.join(", ")
}

/// What it is called, in the reader's language if its author wrote it in that.
fn title(inner: &Value, language: &str, lines: &mut Lines) {
    for (label, member) in [("is called", "name"), ("described as", "description")] {
        if let Some(text) = preferred(&texts(inner, member), language) {
            lines.add(label, text.text);
        }
    }
    let names = types(inner);
    let names = if names.is_empty() { text(inner, "vct").unwrap_or_default() } else { &names };
    if !names.is_empty() {
        lines.add("says it is", names);
    }
    let first =
        inner.get("@context").and_then(|context| context.get(0).unwrap_or(context).as_str());
    if first == Some("https://www.w3.org/2018/credentials/v1") {
        lines.add(
            "written in",
            "version 1.1 of the data model, which is read and no longer written",
        );
    }
}

/// Who says it, about whom, and who presents it.
fn people(inner: &Value, language: &str, lines: &mut Lines) {
    let party = |member: &str| {
        let party = inner.get(member)?;
        let id = party.as_str().or_else(|| text(party, "id"))?;
        let name = preferred(&texts(party, "name"), language);
        // A name is only what they call themselves: the identifier stands first.
        Some(match name {
            Some(name) => format!("{id}, calls itself {:?}", name.text),
            None => id.to_owned(),
        })
    };
    // SD-JWT VCs say it in claims of their own.
    if let Some(issuer) = party("issuer").or_else(|| text(inner, "iss").map(str::to_owned)) {
        lines.add("issuer", &issuer);
    }
    if let Some(subject) = text(inner, "sub").filter(|_| inner.get("credentialSubject").is_none()) {
        lines.add("subject", subject);
    }
    let subjects = items(inner, "credentialSubject");
    for subject in subjects.iter().take(MOST) {
        let nobody =
            if subjects.len() == 1 { "nobody named: whoever has it" } else { "(not named)" };
        lines.add("subject", text(subject, "id").unwrap_or(nobody));
    }
    if subjects.len() > MOST {
        lines.add("subject", &format!("… and {} more", subjects.len().saturating_sub(MOST)));
    }
    if let Some(holder) = party("holder") {
        lines.add("holder", &holder);
    }
    if let Some(confirmation) = inner.get("cnf") {
        lines.add("bound to", &bound_to(confirmation));
    }
    let audience = names(inner, "aud");
    if !audience.is_empty() {
        lines.add("made out to", &audience);
    }
    let presented = items(inner, "verifiableCredential").len();
    if presented > 0 {
        lines.add("presents", &counted(presented, "credential"));
    }
}

/// The holder's key, by which alone it can be presented.
fn bound_to(confirmation: &Value) -> String {
    let thumbprint = |jwk: &Value| PublicKey::from_jwk(jwk).ok().map(|key| key.thumbprint());
    let known = text(confirmation, "jkt").map(str::to_owned);
    match (known.or_else(|| thumbprint(confirmation.get("jwk")?)), text(confirmation, "kid")) {
        (Some(thumbprint), _) => format!("a key of its holder, with thumbprint {thumbprint}"),
        (None, Some(name)) => format!("a key of its holder, {name}"),
        (None, None) => "a key of its holder that cannot be read".to_owned(),
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn dates(inner: &Value, lines: &mut Lines) {
    for (label, member) in [
        ("valid from", "validFrom"),
        ("valid from", "issuanceDate"),
        ("valid until", "validUntil"),
        ("valid until", "expirationDate"),
    ] {
        if let Some(found) = text(inner, member) {
            lines.add(label, &in_words(found));
        }
    }
    for (label, claim) in [("issued at", "iat"), ("valid from", "nbf"), ("valid until", "exp")] {
        let Some(seconds) = inner.get(claim).and_then(Value::as_i64) else { continue };
        match Timestamp::from_seconds(seconds) {
            Ok(moment) => lines.add(label, &in_words(&moment.to_string())),
            Err(_) => lines.add(label, &format!("{seconds}, which is no date")),
        }
    }
}

/// `2026-01-31T09:30:00+09:00` is `31 January 2026, 00:30 UTC`; what is no such moment stays as it is.
fn in_words(moment: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let Ok(parsed) = Timestamp::parse(moment) else {
        return format!("{moment:?}, which is no date");
    };
    let written = parsed.to_string();
    let part = |from: usize, to: usize| written.get(from..to).unwrap_or_default();
    let month = part(5, 7).parse::<usize>().ok().and_then(|month| month.checked_sub(1));
    let month = month.and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    let day = part(8, 10).trim_start_matches('0');
    format!("{day} {month} {}, {} UTC", part(0, 4), part(11, 16))
}

/// What it points to: lists, schemas, services, rules, evidence, resources, the ledger.
fn references(inner: &Value, lines: &mut Lines) {
    for entry in items(inner, "credentialStatus").iter().take(MOST) {
        let purpose = text(entry, "statusPurpose");
        let list = text(entry, "statusListCredential");
        let said = match (purpose, list, text(entry, "statusListIndex")) {
            (Some(purpose), Some(list), Some(index)) => {
                let several = entry.get("statusMessage").and_then(Value::as_array).map(Vec::len);
                let several = several.map(|count| format!(", one of {count} values"));
                format!("{purpose}: {list}, index {index}{}", several.unwrap_or_default())
            }
            _ => types(entry),
        };
        lines.add("status", &said);
    }
    if let Some(list) = inner.get("status").and_then(|status| status.get("status_list")) {
        let index = list.get("idx").and_then(Value::as_u64).unwrap_or_default();
        let uri = text(list, "uri").unwrap_or("?");
        lines.add("status", &format!("token status list: {uri}, index {index}"));
    }
    for schema in items(inner, "credentialSchema").iter().take(MOST) {
        let id = text(schema, "id").unwrap_or("?");
        lines.add("keeps to", &format!("{id} ({}{})", types(schema), fixed(schema)));
    }
    for (label, member) in [
        ("evidence", "evidence"),
        ("refreshed by", "refreshService"),
        ("terms of use", "termsOfUse"),
        ("confidence", "confidenceMethod"),
        ("rendered by", "renderMethod"),
    ] {
        for one in items(inner, member).iter().take(MOST) {
            let id = text(one, "id").map(|id| format!(", {id}")).unwrap_or_default();
            lines.add(label, &format!("{}{id}", types(one)));
        }
    }
    for resource in items(inner, "relatedResource").iter().take(MOST) {
        let kind = text(resource, "mediaType").map(|kind| format!(", {kind}")).unwrap_or_default();
        let id = text(resource, "id").unwrap_or("?");
        lines.add("belongs to it", &format!("{id}{kind}{}", fixed(resource)));
    }
    if let Some(log) = inner.get("ledgerRecord").and_then(|record| text(record, "log")) {
        lines.add("record in", log);
    }
}

/// How the bytes of something outside are fixed.
fn fixed(object: &Value) -> String {
    let digest = ["digestSRI", "digestMultibase"].iter().find_map(|name| text(object, name));
    digest.map(|digest| format!(", fixed by {}", short(digest, 12))).unwrap_or_default()
}

fn signatures(inner: &Value, lines: &mut Lines) {
    for proof in items(inner, "proof") {
        let method = text(proof, "verificationMethod").unwrap_or("?");
        let what = match proof.get("countersignature") {
            Some(terms) => format!(
                "{} {} by {method}",
                text(terms, "role").unwrap_or("?"),
                text(terms, "decision").unwrap_or("?")
            ),
            None => {
                let suite = text(proof, "cryptosuite").or_else(|| text(proof, "type"));
                format!("{} by {method}", suite.unwrap_or("?"))
            }
        };
        lines.add("signature", &what);
        let mut more: Vec<String> = [("on", "created"), ("until", "expires")]
            .into_iter()
            .filter_map(|(word, name)| Some(format!("{word} {}", in_words(text(proof, name)?))))
            .collect();
        let domains = names(proof, "domain");
        more.extend((!domains.is_empty()).then(|| format!("for {domains}")));
        if !more.is_empty() {
            lines.add("", &more.join(", "));
        }
    }
}

fn carried(bundle: &Value) -> String {
    let count = |member: &str| bundle.get(member).and_then(Value::as_array).map_or(0, Vec::len);
    let more: String = ["powers of attorney", "consents", "timestamps", "e-seals"]
        .iter()
        .zip(["powers", "consents", "timestamps", "eseals"])
        .filter(|(_, member)| count(member) > 0)
        .map(|(words, member)| format!(", {} {words}", count(member)))
        .collect();
    format!(
        "{} receipts, {} proofs of newest states, {} countersignatures beside, {} status lists{more}",
        count("receipts"),
        count("current"),
        count("countersignatures"),
        count("statusLists"),
    )
}

#[cfg(test)]
mod tests;
