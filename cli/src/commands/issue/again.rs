//! A credential that an earlier run recorded, and was interrupted before it could hand it over.

use inkan_core::Timestamp;
use inkan_credential::SecuredCredential;
use inkan_io::profile::IssuedRecord;
use serde_json::Value;

use super::{finish, rows};
use crate::args::IssueArgs;
use crate::context::{Context, Home, Input};
use crate::failure::Failure;
use crate::ledgers::Writing;
use crate::output::Outcome;
use crate::packing::{self, FreshRecord};
use crate::pending::Pending;
use crate::wallet;

/// What an earlier run signed and recorded, and could not hand over: it is handed over now, and nothing is issued twice.
///
/// Nothing, if it is good for nothing any more: then it is forgotten, and the command issues another one.
pub(super) fn again(
    args: &IssueArgs,
    kept: &Value,
    pending: &Pending,
    writing: &Writing,
    context: &Context,
    home: &Home,
) -> Result<Option<Outcome>, Failure> {
    let name = "what was kept of an earlier run";
    let bytes = kept.to_string().into_bytes();
    let mut bundle = wallet::read_bundle(&Input { name: name.to_owned(), bytes })?;
    let credential = wallet::credential_of(&bundle, name)?.clone();
    if let Some(why) = outlived(&credential, home, context.now())? {
        pending.done(home)?;
        context.speech.warn(&format!(
            "an earlier run recorded such a credential and was interrupted before it was written: {why}, so this is another one",
        ));
        return Ok(None);
    }
    let reading = writing.reading()?;
    let index = rows::place_of(&credential, &reading)?;
    let opening = rows::opening_of(&credential);
    let fresh = index.zip(opening).map(|(index, opening)| FreshRecord { index, opening });
    packing::pack(&mut bundle, &reading, &fresh.into_iter().collect::<Vec<_>>())?;
    context.speech.warn(
        "an earlier run recorded this credential and was interrupted before it was written: here it is, and no other one",
    );
    finish(args, (&credential, &bundle, index), context, home).map(Some)
}

/// Why a credential that was kept is not handed over any more.
fn outlived(
    credential: &SecuredCredential,
    home: &Home,
    now: Timestamp,
) -> Result<Option<&'static str>, Failure> {
    let name = wallet::name_of(&credential.issuance_digest());
    let record = home.profile.find::<IssuedRecord>(&name)?;
    if record.is_some_and(|record| record.revoked.is_some()) {
        return Ok(Some("it was revoked since"));
    }
    let ended = credential.credential().valid_until().is_some_and(|end| end <= now);
    Ok(ended.then_some("it has ended since"))
}
