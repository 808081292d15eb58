//! Timestamps of authorities over items of the bundle: which of them hold, how long, and what they show.
//!
//! A token shows that an item existed at its time, and no more: it is a time *before* which a signature was made. It can be relied
//! on while the authority's certificates are good, or as long as a newer token over it, made while they were, can (the idea of
//! [RFC 4998 §5](https://www.rfc-editor.org/rfc/rfc4998#section-5)). Which authorities count, the verifier's user pinned.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::{Timestamp, sha256, tolerance};
use inkan_credential::Bundle;
use inkan_credential::bundle::{BundleTimestamp, Cover};
use inkan_credential::countersignature;
use inkan_ledger::{Grades, Receipt, StampInterval, TimestampChecker};

use crate::check::{Check, CheckName, Weight};
use crate::ledger_view::LedgerView;
use crate::material::Context;
use crate::reason::Reason;

const NAME: CheckName = CheckName::Timestamp;

/// What the timestamps of a bundle show.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    /// When each item existed, as far as authorities say so.
    items: BTreeMap<Cover, Stamped>,
    /// A line for each timestamp.
    pub(super) lines: Vec<Check>,
}

/// Since when an item is known to exist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Stamped {
    /// It existed then: the earliest of the tokens, at the end of its accuracy.
    pub(super) existed_by: Timestamp,
    /// The authorities behind that time, and behind later ones.
    pub(super) authorities: BTreeMap<String, Timestamp>,
}

impl Stamped {
    /// The earliest time with `count` authorities behind it.
    fn with(&self, count: usize) -> Option<(Timestamp, BTreeSet<String>)> {
        let mut times: Vec<(Timestamp, &String)> =
            self.authorities.iter().map(|(name, time)| (*time, name)).collect();
        times.sort();
        let (last, _) = *times.get(count.checked_sub(1)?)?;
        let names = times.iter().filter(|(time, _)| *time <= last).map(|(_, name)| (*name).clone());
        Some((last, names.collect()))
    }

    /// The earliest time at which `asked` holds, and the grades then; also by `own` grades that hold of an earlier time.
    pub(super) fn graded(
        &self,
        own: &Grades,
        holds: impl Fn(&Grades) -> bool,
    ) -> Option<(Timestamp, Grades)> {
        (1..=self.authorities.len()).find_map(|count| {
            let (time, names) = self.with(count)?;
            let grades = own.clone().and_authorities(&names);
            holds(&grades).then_some((time, grades))
        })
    }
}

impl Stamps {
    /// Since when `item` is known to exist.
    pub(super) fn of(&self, item: &Cover) -> Option<&Stamped> {
        self.items.get(item)
    }
}

/// A timestamp whose token holds.
struct Token<'a> {
    place: usize,
    entry: &'a BundleTimestamp,
    authority: String,
    /// The name that stands for all that it and others are pinned under as one authority.
    counted_as: String,
    anchor: inkan_core::Digest,
    stamp: StampInterval,
    /// Whether it can be relied on today, and by which newer one if not by itself.
    relied: Option<Option<usize>>,
}

/// Judges all timestamps of a bundle.
pub(super) fn collect(bundle: &Bundle, ledger: &LedgerView<'_>, context: &Context) -> Stamps {
    let mut stamps = Stamps::default();
    if bundle.timestamps.is_empty() {
        return stamps;
    }
    let Some(checker) = context.timestamps.as_deref() else {
        let reason = Reason::TimestampUnknown { code: "timestamp-anchor-unknown" };
        for place in 0..bundle.timestamps.len() {
            stamps.lines.push(unknown(place, reason.clone()));
        }
        return stamps;
    };
    let pinned = checker.pinned();
    let mut tokens = Vec::new();
    for (place, entry) in bundle.timestamps.iter().enumerate() {
        match judge(entry, &pinned, checker) {
            Ok((authority, anchor, stamp)) => {
                let counted_as = authority.clone();
                let relied = None;
                tokens.push(Token { place, entry, authority, counted_as, anchor, stamp, relied });
            }
            Err(reason @ Reason::TimestampInvalid { .. }) => {
                stamps.lines.push(Check::fail(NAME, &subject(place), reason));
            }
            Err(reason) => stamps.lines.push(unknown(place, reason)),
        }
    }
    unite(&mut tokens, checker);
    rely(&mut tokens, checker, context);
    let claims = claims(bundle, ledger);
    for token in &tokens {
        stamps.lines.push(shown(token, &tokens, &claims, context));
        let usable = stamps.lines.last().is_some_and(|line| line.reason().is_none());
        // As of a time, only what an authority had seen by then existed.
        if !usable || token.stamp.latest > context.as_of.plus_seconds(tolerance::LEDGER_FUTURE) {
            continue;
        }
        for item in token.entry.covers() {
            let latest = token.stamp.latest;
            let known = stamps
                .items
                .entry(*item)
                .or_insert_with(|| Stamped { existed_by: latest, authorities: BTreeMap::new() });
            known.existed_by = known.existed_by.min(latest);
            let time = known.authorities.entry(token.counted_as.clone()).or_insert(latest);
            *time = (*time).min(latest);
        }
    }
    stamps
}

/// Whose token it is, and from when.
fn judge(
    entry: &BundleTimestamp,
    pinned: &[(String, inkan_core::Digest)],
    checker: &dyn TimestampChecker,
) -> Result<(String, inkan_core::Digest, StampInterval), Reason> {
    let imprint = sha256(&[&entry.statement()]);
    let mut fault = Reason::TimestampUnknown { code: "timestamp-anchor-unknown" };
    for (name, anchor) in pinned {
        match checker.check(anchor, entry.token(), &imprint) {
            Ok(stamp) => return Ok((name.clone(), *anchor, stamp)),
            // Its certificates lead to this anchor, and it is over something else, or nobody's.
            Err(code @ ("timestamp-signature-invalid" | "timestamp-imprint-mismatch")) => {
                return Err(Reason::TimestampInvalid { code });
            }
            Err("timestamp-anchor-unknown") => {}
            // It may be somebody else's whom nobody pinned, or of a kind that is not known here: it shows nothing, and is not shown to be false.
            Err(code) if code != "timestamp-path-invalid" => {
                fault = Reason::TimestampUnknown { code };
            }
            Err(code) => {
                // What is wrong with the token under another anchor tells more.
                if fault.code() == "timestamp-anchor-unknown" {
                    fault = Reason::TimestampUnknown { code };
                }
            }
        }
    }
    Err(fault)
}

/// Gives one name to authorities that are one, whatever they were pinned under.
fn unite(tokens: &mut [Token<'_>], checker: &dyn TimestampChecker) {
    let each: Vec<&[u8]> = tokens.iter().map(|token| token.entry.token()).collect();
    // Each set is one authority; sets with a name in common are too.
    let mut united: Vec<BTreeSet<String>> = Vec::new();
    for (mut names, token) in checker.behind(&each).into_iter().zip(tokens.iter()) {
        names.insert(token.authority.clone());
        united.retain(|other| {
            let apart = other.is_disjoint(&names);
            if !apart {
                names.extend(other.iter().cloned());
            }
            apart
        });
        united.push(names);
    }
    for token in tokens {
        let own = united.iter().find(|names| names.contains(&token.authority));
        if let Some(first) = own.and_then(BTreeSet::first) {
            token.counted_as.clone_from(first);
        }
    }
}

/// Finds out which tokens can be relied on today: by themselves, or by a newer one over them that can.
fn rely(tokens: &mut [Token<'_>], checker: &dyn TimestampChecker, context: &Context) {
    let today = context.received_at.max(context.as_of);
    let good_at = |token: &Token<'_>, until: Timestamp| {
        let imprint = sha256(&[&token.entry.statement()]);
        checker.check_until(&token.anchor, token.entry.token(), &imprint, until).is_ok()
    };
    let mut renewing = Vec::new();
    for token in tokens.iter_mut() {
        if good_at(token, today) {
            token.relied = Some(None);
            renewing.push((token.place, token.stamp, token.entry));
        }
    }
    // A token is over older ones alone, so that this ends.
    while let Some((by, stamp, newer)) = renewing.pop() {
        for token in tokens.iter_mut().filter(|token| token.relied.is_none()) {
            if newer.covers().contains(&token.entry.cover()) && good_at(token, stamp.latest) {
                token.relied = Some(Some(by));
                renewing.push((token.place, token.stamp, token.entry));
            }
        }
    }
}

/// A time that an item claims for itself.
struct Claim {
    time: Timestamp,
    /// How far clocks may differ.
    margin: i64,
    weight: Weight,
    whose: &'static str,
}

/// The times that items claim to have been made at, or that the ledger's witnesses claim for them.
fn claims(bundle: &Bundle, ledger: &LedgerView<'_>) -> BTreeMap<Cover, Claim> {
    let mut claims = BTreeMap::new();
    let informative = |time, whose| Claim {
        time,
        margin: tolerance::CREDENTIAL,
        weight: Weight::Informative,
        whose,
    };
    for secured in bundle.artefact.credentials() {
        if let Some(time) = secured.signed_at() {
            claims.insert(Cover::credential(secured), informative(time, "issuer"));
        }
        let acts = countersignature::list(secured, &bundle.countersignatures).unwrap_or_default();
        for act in &acts {
            let claim = informative(act.created(), "countersigner");
            claims.insert(Cover::countersignature(act), claim);
        }
    }
    for (_, power) in bundle.powers() {
        if let Some(time) = power.signed_at() {
            claims.insert(Cover::power(&power), informative(time, "issuer"));
        }
    }
    for value in &bundle.receipts {
        let Ok(receipt) = Receipt::from_bundle_value(value, &bundle.checkpoints) else { continue };
        let seen = ledger.receipts().iter().find(|seen| {
            seen.receipt.leaf_bytes() == receipt.leaf_bytes()
                && seen.receipt.note().to_string() == receipt.note().to_string()
        });
        let Some(Ok(leaf)) = seen.map(|seen| &seen.result) else { continue };
        let time = leaf.checkpoint().fresh_at().map_or(leaf.leaf().time(), |fresh| {
            // The checkpoint was made after the leaf.
            fresh.max(leaf.leaf().time())
        });
        let margin = tolerance::LEDGER_FUTURE;
        let claim = Claim { time, margin, weight: Weight::Required, whose: "ledger" };
        claims.insert(Cover::receipt(value, &bundle.checkpoints), claim);
    }
    claims
}

/// The line of a token that holds.
fn shown(
    token: &Token<'_>,
    all: &[Token<'_>],
    claims: &BTreeMap<Cover, Claim>,
    context: &Context,
) -> Check {
    let (latest, place) = (token.stamp.latest, token.place);
    let describe = |line: Check| {
        let line = line.with("authority", token.authority.as_str());
        let line = match token.counted_as.as_str() {
            same if same == token.authority => line,
            other => line.with("countedAs", other),
        };
        line.with("existedBy", latest.to_string())
            .with("items", u64::try_from(token.entry.covers().len()).unwrap_or(u64::MAX))
    };
    let disagrees = |time: Timestamp, whose, weight| {
        let reason = Reason::TimesDisagree { stamped: latest, claimed: time };
        describe(Check::unknown(NAME, &subject(place), reason, weight)).with("claimedBy", whose)
    };
    if token.stamp.earliest > context.received_at.plus_seconds(tolerance::LEDGER_FUTURE) {
        return disagrees(context.received_at, "verifier", Weight::Informative);
    }
    // What was stamped cannot be younger than the stamp: one of the two clocks is wrong, and neither is believed.
    let younger = |claim: &&Claim| claim.time > latest.plus_seconds(claim.margin);
    let covered = || token.entry.covers().iter().filter_map(|item| claims.get(item));
    let worst = covered().filter(younger).max_by_key(|claim| claim.weight == Weight::Required);
    if let Some(claim) = worst {
        return disagrees(claim.time, claim.whose, claim.weight);
    }
    let older = all.iter().filter(|other| token.entry.covers().contains(&other.entry.cover()));
    let margin = tolerance::LEDGER_FUTURE;
    if let Some(other) =
        older.into_iter().find(|other| other.stamp.earliest > latest.plus_seconds(margin))
    {
        return disagrees(other.stamp.earliest, "timestamp", Weight::Informative);
    }
    match token.relied {
        None => describe(unknown(place, Reason::TimestampUnknown { code: "timestamp-outlived" })),
        Some(by) => {
            let line = describe(Check::pass(NAME, &subject(place)));
            match by.and_then(|by| u64::try_from(by).ok()) {
                Some(by) => line.with("renewedBy", by),
                None => line,
            }
        }
    }
}

fn unknown(place: usize, reason: Reason) -> Check {
    Check::unknown(NAME, &subject(place), reason, Weight::Informative)
}

fn subject(place: usize) -> String {
    format!("timestamp[{place}]")
}
