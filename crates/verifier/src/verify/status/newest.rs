//! Whether a list may be judged by: nothing at hand shows a newer one, and nobody's word is missing that has to be shown.
//!
//! In scope: each announcer in turn, on each log where it was at home, from the newest home back to the one that says something. Four
//! rules: who else may announce must be shown to have said nothing else (*silence*); a log that an announcer has left says nothing of
//! what came later (*move*); what was announced outside its terms does not count and hides nothing (*term*); a place supersedes
//! within one log, of one announcer (*place*).

use inkan_core::Timestamp;
use inkan_ledger::{Kind, MapKey, VerifiedCurrent};

use super::announcer::Announcer;
use super::{Bench, List, copies};
use crate::reason::Reason;
use crate::verify::signer;

/// No newer list is known to exist, the list has not ended, and it is as recent as the context asks for.
pub(super) fn still_good<P>(
    bench: &Bench<'_>,
    uri: &str,
    who: &[Announcer],
    (list, others): (&List<P>, &[List<P>]),
) -> Result<(), Reason> {
    let as_of = bench.context.as_of;
    let mut seen = None;
    for one in who {
        let word = Word { bench, uri, one, list, others };
        seen = seen.max(word.check()?);
    }
    if list.valid_until.is_some_and(|until| until < as_of) {
        return Err(Reason::Stale);
    }
    let known_at = seen.map_or(list.since, |seen| seen.max(list.since));
    if let Some(max_age) = bench.context.max_age
        && as_of.seconds_since(known_at) > max_age
    {
        return Err(Reason::Stale);
    }
    // Of what the issuer itself serves now, or the verifier's own ledger, nobody has to prove that it is the newest.
    copies::may_be_kept(uri, list.ttl, (list.fetched_at, known_at), as_of)
}

/// A log where an announcer was at home, and from which place on.
struct Stay {
    origin: String,
    since: Option<u64>,
}

impl Stay {
    /// One that it never came back to.
    fn of(origin: &str) -> Self {
        Self { origin: origin.to_owned(), since: Some(0) }
    }

    /// Whether what stands at this place was said in this stay, as far as is known.
    fn holds(&self, leaf_index: u64) -> bool {
        self.since.is_some_and(|since| leaf_index >= since)
    }
}

/// What one announcer last said, as far as it is shown, beside the list to judge by and the other lists that count.
struct Word<'a, 'b, P> {
    bench: &'a Bench<'b>,
    uri: &'a str,
    one: &'a Announcer,
    list: &'a List<P>,
    others: &'a [List<P>],
}

impl<P> Word<'_, '_, P> {
    /// Nothing that this announcer said is hidden; until when it is shown that the list is its last word, if the list is its own.
    fn check(&self) -> Result<Option<Timestamp>, Reason> {
        // Without a SCID nobody stands in a map: what it announces is what it serves.
        let Some(scid) = self.one.did.scid() else { return Ok(None) };
        let key = MapKey::status(scid, self.uri);
        let own = self.own_place();
        // Until when the homes after the one that is looked at are shown to know of no word.
        let mut silent: Option<Option<Timestamp>> = None;
        for stay in self.homes()? {
            let is_own = own.is_some_and(|(log, at)| log == stay.origin && stay.holds(at));
            let head = self.bench.ledger.newest(&key, &stay.origin);
            self.silence(head.as_ref())?;
            self.moved(head.as_ref(), own.is_some_and(|_| !is_own))?;
            // Where the stay began is not shown: whether this is its word or an earlier one nobody can tell. That it is the list itself
            // says that nothing was said there after it.
            let said =
                head.as_ref().and_then(VerifiedCurrent::head).map(|it| it.value().leaf_index);
            if let (None, Some(leaf_index)) = (stay.since, said)
                && own != Some((stay.origin.as_str(), leaf_index))
            {
                return Err(Reason::HistoryIncomplete { leaf_index });
            }
            // What a log was told before the announcer came back to it is the word of an earlier stay.
            let is_of_stay = |head: &VerifiedCurrent| {
                head.head().is_none_or(|newest| stay.holds(newest.value().leaf_index))
            };
            if let Some(head) = &head
                && is_of_stay(head)
                && self.speaks(head, scid)?
            {
                let seen = self.place(head, is_own)?;
                // A log that was left says the last that it ever will: it is the newest for as long as no later home says more.
                let is_last = seen.is_some() && self.is_closed(head)?;
                return Ok(if is_last { seen.max(silent.flatten()) } else { seen });
            }
            if is_own {
                // Only what came after its terms is newer than its list.
                let ended = head.filter(|head| head.head().is_some());
                return Ok(ended.and_then(|head| head.fresh_at()));
            }
            let until = head.as_ref().and_then(VerifiedCurrent::fresh_at);
            silent = Some(silent.map_or(until, |silent| silent.min(until)));
        }
        Ok(None)
    }

    /// Whether a log shows all that it will ever have of this announcer, who has left it.
    fn is_closed(&self, head: &VerifiedCurrent) -> Result<bool, Reason> {
        let left = self.bench.history(&self.one.did)?.left(head.epoch().origin());
        Ok(left.is_some_and(|left| head.epoch_index() > left))
    }

    /// Where the list to judge by is recorded, if it is this announcer's own.
    fn own_place(&self) -> Option<(&str, u64)> {
        let record = self.list.recorded.as_ref().filter(|_| self.is_own())?;
        Some((record.origin(), record.leaf_index()))
    }

    fn is_own(&self) -> bool {
        self.list.by == self.one.did
    }

    /// The logs where its word can stand, newest home first; the one that recorded its list last, if it never was at home there. Who
    /// has no home may announce on any. Of whom a version is missing, or nothing is shown that is recent enough, the newest home is
    /// not known.
    fn homes(&self) -> Result<Vec<Stay>, Reason> {
        let history = self.bench.history(&self.one.did)?;
        if !self.is_own() {
            if let Some(leaf_index) = history.missing() {
                return Err(Reason::HistoryIncomplete { leaf_index });
            }
            signer::recent(self.bench, &history)?;
        }
        let stays = history.stays().into_iter();
        let stays = stays.map(|(origin, since)| Stay { origin: origin.to_owned(), since });
        let mut homes: Vec<Stay> = stays.collect();
        let own = self.own_place().map(|(log, _)| log);
        if let Some(log) = own.filter(|log| homes.iter().all(|stay| stay.origin != *log)) {
            homes.push(Stay::of(log));
        }
        if homes.is_empty() {
            homes.extend(self.bench.ledger.origins().into_iter().map(Stay::of));
        }
        if homes.is_empty() {
            // No proof at all is at hand: no log shows anything.
            self.silence(None)?;
        }
        Ok(homes)
    }

    /// Rule *silence*: of whoever else may announce it has to be shown what it last said, as fresh as the list itself, or that it said
    /// nothing. The list of one alone would hide every revocation of the other.
    fn silence(&self, head: Option<&VerifiedCurrent>) -> Result<(), Reason> {
        let is_looked_at = self.is_own() || self.bench.ledger.is_past();
        if is_looked_at || self.is_shown(head) { Ok(()) } else { Err(Reason::Stale) }
    }

    /// Rule *move*: the log that recorded the list goes on to vouch for it with ever fresh stamps after the announcer has left it.
    fn moved(&self, head: Option<&VerifiedCurrent>, has_left: bool) -> Result<(), Reason> {
        let asked = self.bench.context.max_age.is_some();
        if asked && has_left && !self.is_shown(head) { Err(Reason::Stale) } else { Ok(()) }
    }

    /// Whether a log shows how it stood, as recently as the context asks.
    fn is_shown(&self, head: Option<&VerifiedCurrent>) -> bool {
        let fresh = |head: &VerifiedCurrent| {
            let old = |max_age: i64| {
                let seen = head.fresh_at();
                seen.is_none_or(|at| self.bench.context.as_of.seconds_since(at) > max_age)
            };
            !self.bench.context.max_age.is_some_and(old)
        };
        head.is_some_and(fresh)
    }

    /// Rule *term*: whether what a log shows counts. Before its terms an announcer was a stranger. After one, the last that it had
    /// announced in it has to be at hand: what came later must not hide it.
    fn speaks(&self, head: &VerifiedCurrent, scid: &str) -> Result<bool, Reason> {
        let Some(newest) = head.head() else { return Ok(false) };
        let time = newest.leaf().time();
        if self.one.covers(time) {
            return Ok(true);
        }
        let held = self.last_held(head.epoch().origin());
        if self.one.has_ended_by(time) {
            let follows = held.saturating_add(1);
            let outside = newest.value().sequence == follows || self.is_outside(scid, follows);
            if self.one.is_in_doubt() || !outside {
                return Err(Reason::Stale);
            }
        }
        Ok(false)
    }

    /// The number of the newest list at hand that this announcer announced in that log, in a term of its own; 0 if there is none.
    fn last_held(&self, origin: &str) -> u64 {
        let own = self.lists().filter(|list| list.by == self.one.did);
        let here =
            own.filter(|list| list.recorded.as_ref().is_some_and(|at| at.origin() == origin));
        here.filter_map(|list| list.sequence).max().unwrap_or(0)
    }

    /// Whether a receipt at hand shows that the list with this number was announced outside its terms.
    fn is_outside(&self, scid: &str, number: u64) -> bool {
        self.bench.ledger.receipts().iter().filter_map(|seen| seen.result.as_ref().ok()).any(
            |leaf| {
                leaf.leaf().kind() == Kind::Status
                    && !self.one.covers(leaf.leaf().time())
                    && leaf.signed_entry().is_ok_and(|entry| {
                        let names = |uri: &str, sequence| uri == self.uri && sequence == number;
                        let list = entry.claims().status();
                        entry.scid() == scid
                            && list.is_some_and(|list| names(&list.uri, list.sequence))
                    })
            },
        )
    }

    /// Rule *place*: what it last said is at hand, and is the list itself if that is its own. The time at which this was shown.
    fn place(&self, head: &VerifiedCurrent, is_own: bool) -> Result<Option<Timestamp>, Reason> {
        let (origin, at) = (head.epoch().origin(), head.head().map(|head| head.value().leaf_index));
        let is_head = |list: &List<P>| at.is_some_and(|at| list.is_at(origin, at));
        if !self.is_own() {
            let held = |list: &List<P>| list.by == self.one.did && is_head(list);
            return if self.lists().any(held) { Ok(None) } else { Err(Reason::Stale) };
        }
        if is_head(self.list) {
            return Ok(head.fresh_at());
        }
        // The proof may be older than the list.
        if is_own && self.list.recorded_at() > at { Ok(None) } else { Err(Reason::Stale) }
    }

    fn lists(&self) -> impl Iterator<Item = &List<P>> {
        std::iter::once(self.list).chain(self.others)
    }
}
