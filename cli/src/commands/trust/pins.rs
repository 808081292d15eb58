//! `inkan trust pin | unpin | pins`: the bytes of a URL, fixed by their hash.

use inkan_io::pinned::{self, LIMIT, PinnedFile};
use inkan_io::profile::{Record as _, Shelf};
use serde_json::{Value, json};

use crate::args::WriteArgs;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::safe;
use crate::render::table::table;

/// Pins a file; another one of the same URL is replaced.
pub(super) fn add(
    (url, file, sha256): (&str, &str, Option<&str>),
    write: WriteArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let malformed =
        |file: &str, detail: String| CliError::InputMalformed { file: file.to_owned(), detail };
    if !url.starts_with("https://") && !url.starts_with("urn:") {
        return Err(malformed(url, "it takes an https or urn URL".to_owned()).into());
    }
    let input = context.input(Some(file))?;
    if input.bytes.len() > LIMIT {
        return Err(malformed(&input.name, format!("more than {LIMIT} bytes")).into());
    }
    let pinned = PinnedFile::new(url, input.bytes);
    let found = pinned.sha256.to_hex();
    if let Some(wanted) = sha256
        && !wanted.eq_ignore_ascii_case(&found)
    {
        let detail = format!("its SHA-256 is {found}, not the one you gave");
        return Err(malformed(&input.name, detail).into());
    }
    // What looks like a context must be one: it is used for every document that names it.
    pinned::contexts(std::slice::from_ref(&pinned))?;
    pinned::issuer_anchors(std::slice::from_ref(&pinned)).map_err(|_| {
        malformed(&input.name, "no certificate in PEM or DER, or too many".to_owned())
    })?;
    // A list that cannot be read would revoke nobody, and nobody would notice.
    let unread = (url.starts_with(pinned::CRL) && !inkan_evidence::path::is_crl(&pinned.bytes))
        || (url.starts_with(pinned::OCSP) && !inkan_evidence::path::is_ocsp(&pinned.bytes));
    if unread {
        let detail = "no CRL or OCSP response in DER; a CRL in PEM: openssl crl -outform DER";
        return Err(malformed(&input.name, detail.to_owned()).into());
    }
    // Likewise what stamps times, which has a name in reports.
    let unfit =
        |file: &PinnedFile| file.url.starts_with(pinned::TSA_ANCHOR) && file.authority().is_none();
    if unfit(&pinned) {
        return Err(
            malformed(url, format!("{}NAME names the authority", pinned::TSA_ANCHOR)).into()
        );
    }
    pinned::time_anchors(std::slice::from_ref(&pinned), home.profile.anchors()?).map_err(|_| {
        malformed(&input.name, "no certificate in PEM or DER, or too many".to_owned())
    })?;
    let _lock = (!write.dry_run).then(|| home.profile.lock()).transpose()?;
    // Whoever verifies reads all of them, so they must be readable together, not only this one.
    let mut all = pinned::load(&home.profile)?;
    // A registry's answer is signed, and never goes back behind the one that it takes the place of.
    pinned::registry_after(&pinned, &all)?;
    let (replaced, rest): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|other| pinned::replaces(&pinned, other));
    // Of the same name is overwritten; an answer under other keys stands in a file of its own.
    let gone: Vec<&str> =
        replaced.iter().map(|other| other.url.as_str()).filter(|other| *other != url).collect();
    all = rest;
    all.push(pinned.clone());
    pinned::issuer_anchors(&all).map_err(|_| {
        let detail = "with it, more anchors of issuers are pinned than are kept".to_owned();
        Failure::from(malformed(&input.name, detail))
            .try_this("unpin those that nobody needs", "inkan trust unpin URL")
    })?;
    pinned::time_anchors(&all, home.profile.anchors()?).map_err(|_| {
        let detail =
            "with it, more certificates of authorities are pinned than are kept".to_owned();
        Failure::from(malformed(&input.name, detail))
            .try_this("unpin those that nobody needs", "inkan trust unpin URL")
    })?;
    let what = kind(&pinned);
    let members = json!({
        "url": url, "sha256": found, "kind": what, "replaced": gone, "dryRun": write.dry_run,
    });
    if write.dry_run {
        context.speech.say(&format!("would pin {url} as {}", with_article(what)));
        for other in &gone {
            context.speech.say(&format!("it would take the place of {other}"));
        }
    } else {
        // The new one first: between the two both are there, and neither counts.
        home.profile.put(Shelf::Pinned, &PinnedFile::record_name(url), &pinned.to_value())?;
        for other in &gone {
            home.profile.remove(Shelf::Pinned, &PinnedFile::record_name(other))?;
            context.speech.say(&format!("it takes the place of {other}"));
        }
        context.speech.say(&format!("pinned {url} as {}, sha256 {found}", with_article(what)));
    }
    Ok(Outcome::new("inkan-pin/1", String::new(), members))
}

pub(super) fn remove(url: &str, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let _lock = home.profile.lock()?;
    let name = PinnedFile::record_name(url);
    let there = home.profile.find::<PinnedFile>(&name)?.is_some();
    home.profile.remove(Shelf::Pinned, &name)?;
    context.speech.say(&if there {
        format!("unpinned {url}")
    } else {
        format!("{url} is not pinned")
    });
    if there && url.starts_with(pinned::REGISTRY) {
        context.speech.say(
            "how far this registry had come is forgotten with it: what is pinned next may be older",
        );
    }
    Ok(Outcome::new("inkan-pin/1", String::new(), json!({ "url": url, "removed": there })))
}

pub(super) fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let files = pinned::load(&home.profile)?;
    let rows: Vec<Vec<String>> = files
        .iter()
        .map(|file| vec![safe(&file.url, 80), kind(file).to_owned(), file.sha256.to_hex()])
        .collect();
    let members: Vec<Value> = files
        .iter()
        .map(|file| json!({ "url": file.url, "kind": kind(file), "sha256": file.sha256.to_hex() }))
        .collect();
    let human = if rows.is_empty() {
        context.speech.say("nothing is pinned; pin a file: inkan trust pin URL FILE");
        String::new()
    } else {
        table(&["URL", "KIND", "SHA-256"], &rows)
    };
    Ok(Outcome::new("inkan-pin-list/1", human, json!({ "pins": members })).stream("pins"))
}

fn with_article(what: &str) -> String {
    let article = if what.starts_with('a') { "an" } else { "a" };
    format!("{article} {what}")
}

fn kind(file: &PinnedFile) -> &'static str {
    if file.is_issuer_anchor() {
        "anchor of issuers"
    } else if file.url.starts_with(pinned::CRL) {
        "CRL"
    } else if file.url.starts_with(pinned::OCSP) {
        "OCSP response"
    } else if file.authority().is_some() {
        "timestamp authority"
    } else if file.url.starts_with(pinned::REGISTRY) {
        "registry"
    } else if file.is_context() {
        "context"
    } else {
        "resource"
    }
}
