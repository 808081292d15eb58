//! Token Status Lists of issuers that certificates name: the list is signed by whom a certificate names the same.
//!
//! There is no log of such an issuer, so nothing shows which list is the newest one. What bounds the age of a copy is what the issuer
//! says in it (`exp`, `ttl`), when it was fetched, and the greatest age that the verifier asks for; without any of them it is too old.
//! The issuer is known as HAIP 1.0 has it for credentials: by `x5c` in the header of a JWT or `x5chain` in that of a CWT, here under the same anchor.

use inkan_core::{Digest, Timestamp, sha256, tolerance};
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::sd_jwt_vc::names_issuer;
use inkan_credential::token_status_list::{StatusListToken, StatusReference, TokenStatus};

use super::token::said;
use super::{copies, invalid, refused, seconds};
use crate::certificates::CertificateFault;
use crate::check::Check;
use crate::reason::Reason;
use crate::verify::Bench;

/// Copies of one list that are looked at: each costs a path.
const COPIES: usize = 8;

/// Whose list it has to be.
#[derive(Clone, Copy, Debug)]
pub(in crate::verify) struct Named<'a> {
    /// The issuer of the credential, as its certificate names it.
    pub(in crate::verify) issuer: &'a str,
    /// What the path of the credential leads to.
    pub(in crate::verify) anchor: Digest,
}

/// A copy that may be used.
struct Copy {
    parsed: StatusListToken,
    leaf: Digest,
    fetched_at: Option<Timestamp>,
}

/// One line; the time of the list, unless there is none.
pub(in crate::verify) fn check(
    bench: &Bench<'_>,
    subject: &str,
    entry: &StatusReference,
    named: Option<Named<'_>>,
    checks: &mut Vec<Check>,
) -> Option<Timestamp> {
    let missing = || Reason::StatusMissing { uri: entry.uri.clone() };
    let found = named.ok_or_else(missing).and_then(|named| list_for(bench, entry, named));
    let (line, seen) = match found {
        Ok(list) => {
            let since = list.parsed.issued_at();
            let line = said(subject, entry, &list.parsed, since);
            (line.with("certificate", list.leaf.to_hex()), Some(since))
        }
        Err(reason) => (refused(subject, reason), None),
    };
    let name = entry.uri.rsplit('/').next().unwrap_or_default().to_owned();
    checks.push(line.with("list", name).with("index", entry.index).with("form", "token"));
    seen
}

/// The list to judge by as of the judged time. Revoked is for good, whichever copy shows it; else the newest copy counts, and of
/// several of its time the one that says something against the credential.
fn list_for(bench: &Bench<'_>, entry: &StatusReference, named: Named<'_>) -> Result<Copy, Reason> {
    let all = copies::of_token(bench, &entry.uri);
    if all.len() > COPIES {
        return Err(Reason::TooMuchWork);
    }
    let (mut lists, refusal) =
        copies::readable(&entry.uri, all.iter().map(AsRef::as_ref), |copy| {
            usable(bench, entry, copy, named)
        });
    let says = |list: &Copy, status| list.parsed.status_of(entry) == Ok(status);
    if let Some(revoked) = lists.iter().position(|list| says(list, TokenStatus::Invalid)) {
        return Ok(lists.swap_remove(revoked));
    }
    lists.sort_by_key(|list| (list.parsed.issued_at(), !says(list, TokenStatus::Valid)));
    let newest = lists.pop().ok_or(refusal)?;
    still_good(bench, &entry.uri, &newest)?;
    Ok(newest)
}

/// Reads one copy: signed by a key whose certificate names the issuer, under the same anchor, when the list was made and at the
/// judged time; not younger than that.
fn usable(
    bench: &Bench<'_>,
    entry: &StatusReference,
    copy: &ServedStatusList,
    named: Named<'_>,
) -> Result<Option<Copy>, Reason> {
    let bytes = copy.bytes();
    let parsed = super::token::parse(&bytes)?;
    if parsed.uri() != entry.uri {
        return Err(invalid("status-list-id"));
    }
    let chain = parsed.certificates().ok_or(invalid("verification-method-unknown"))?;
    if parsed.issuer().is_some_and(|issuer| issuer != named.issuer)
        || !names_issuer(chain, named.issuer)
    {
        return Err(invalid("status-list-issuer"));
    }
    let (as_of, made) = (bench.context.as_of, parsed.issued_at());
    if made > as_of.plus_seconds(tolerance::CREDENTIAL) {
        return Ok(None);
    }
    let unknown = CertificateFault::AnchorUnknown;
    let (Some(checker), Some(paths)) = (bench.context.certificates.as_deref(), bench.paths())
    else {
        return Err(invalid(unknown.code()));
    };
    let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
    let key = checker.key(leaf).map_err(|fault| invalid(fault.code()))?;
    parsed.verify(&key).map_err(|error| invalid(error.code()))?;
    for at in [as_of, made.min(as_of)] {
        let path = paths.path(chain, at).map_err(|fault| invalid(fault.code()))?;
        if path.anchor != named.anchor {
            return Err(invalid(unknown.code()));
        }
    }
    let leaf = sha256(&[leaf]);
    Ok(Some(Copy { parsed, leaf, fetched_at: copy.fetched_at }))
}

/// It has not ended, and is as young as issuer and verifier ask for.
fn still_good(bench: &Bench<'_>, uri: &str, list: &Copy) -> Result<(), Reason> {
    let (as_of, made) = (bench.context.as_of, list.parsed.issued_at());
    let (ends, ttl) = (list.parsed.expires(), list.parsed.ttl().map(seconds));
    if ends.is_some_and(|ends| ends <= as_of) {
        return Err(Reason::Stale);
    }
    let max_age = bench.context.max_age;
    let age = as_of.seconds_since(made);
    if max_age.is_some_and(|max_age| age > max_age) {
        return Err(Reason::Stale);
    }
    // A copy that whoever presents it brought, and that could be of any age.
    if ends.is_none() && ttl.is_none() && max_age.is_none() && list.fetched_at.is_none() {
        return Err(Reason::Stale);
    }
    copies::may_be_kept(uri, ttl, (list.fetched_at, made), as_of)
}
