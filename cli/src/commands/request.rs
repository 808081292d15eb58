//! `inkan request nonce`: what a presentation must answer, once, within five minutes.

use inkan_core::encoding::b64u;
use inkan_core::rng::draw;
use inkan_core::{Timestamp, sha256, tolerance};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{FixedPolicy, NonceRecord, Profile, Record as _, Shelf};
use serde_json::json;

use super::verify::fixed;
use crate::args::RequestCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::Outcome;

pub(super) fn run(command: &RequestCommand, context: &mut Context) -> Result<Outcome, Failure> {
    let RequestCommand::Nonce { aud, policy } = command;
    let home = context.home()?;
    let loaded = policy.as_ref().map(|name| super::policy::load(name, context)).transpose()?;
    let pinned =
        policy.as_ref().zip(loaded.as_ref()).map(|(name, policy)| fixed::pin(name, policy));
    let digest = loaded.as_ref().map(|policy| policy.digest().to_hex());
    let now = context.now();
    let nonce = fresh_nonce();
    keep(&nonce, (aud.clone(), pinned), &home.profile, now)?;
    let until = now.plus_seconds(tolerance::PRESENTATION);
    context.speech.say(&format!("answer it by {until}; it counts once"));
    let members = json!({
        "nonce": nonce, "audience": aud, "policy": policy, "policySha256": digest,
        "issuedAt": now.to_string(), "validUntil": until.to_string(),
    });
    Ok(Outcome::new("inkan-nonce/1", format!("{nonce}\n"), members))
}

/// From now on a presentation may answer this nonce, made out to this audience, judged under this policy.
pub(super) fn keep(
    nonce: &str,
    (audience, policy): (Option<String>, Option<FixedPolicy>),
    profile: &Profile,
    now: Timestamp,
) -> Result<(), Failure> {
    let record = NonceRecord {
        nonce: nonce.to_owned(),
        audience,
        policy,
        issued_at: now,
        used_at: None,
        used_by: None,
    };
    let _lock = profile.lock()?;
    forget_old(profile, now)?;
    Ok(profile.put(Shelf::Nonces, &file_name(nonce), &record.to_value())?)
}

/// 128 bits; drawn again if the text would look like an option on a command line.
pub(super) fn fresh_nonce() -> String {
    loop {
        let nonce = b64u(&draw::<16>(&mut OsRng));
        if !nonce.starts_with('-') {
            return nonce;
        }
    }
}

/// The record of a nonce lies under its digest, so that a presentation's own text never becomes a file name.
pub(crate) fn file_name(nonce: &str) -> String {
    sha256(&[nonce.as_bytes()]).to_hex()
}

/// Forgets nonces that were never answered in time. Those that were answered stay for `verify --replay`.
fn forget_old(profile: &Profile, now: Timestamp) -> Result<(), Failure> {
    for (name, record) in profile.all::<NonceRecord>()? {
        let age = now.seconds_since(record.issued_at);
        if record.used_at.is_none() && age > tolerance::PRESENTATION.saturating_mul(12) {
            profile.remove(Shelf::Nonces, &name)?;
        }
    }
    Ok(())
}
