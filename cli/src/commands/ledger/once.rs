//! `inkan ledger once`: uses up what counts once, such as a coupon, a ticket or a one-time grant.
//!
//! The first entry for a scope and an id wins, whoever signed it. Each ledger counts for itself, so for a DID that has moved every one
//! where it lived is asked; while one of them cannot be, nothing is used up. What was recorded and not answered is kept in the profile
//! with the very bytes that were sent: typed again, the command finishes it. No other entry is taken for one's own, by whichever key.

use std::collections::BTreeSet;

use inkan_core::rng::draw;
use inkan_core::{Digest, Timestamp, json};
use inkan_did::Did;
use inkan_io::intent::Intent;
use inkan_io::ledger_folder::Standing;
use inkan_io::ledger_source::SourceView;
use inkan_io::os_rng::OsRng;
use inkan_io::profile::{MoveRecord, OwnDid};
use inkan_ledger::current::OnceStanding;
use inkan_ledger::{
    Claims, LogPolicy, MapKey, OnceClaims, OnceId, Receipt, VerifiedLeaf, verify_current,
    verify_receipt,
};
use serde_json::json;

use crate::args::OnceArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, AtHome, Reading, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::pending::Pending;
use crate::render::safe;

/// The longest scope (ledger specification §2.3).
const SCOPE: usize = 64;
/// The command, as whoever is told of unfinished ones reads it.
const COMMAND: &str = "ledger once";

pub(super) fn run(args: &OnceArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if args.new {
        let id = OnceId::from_bytes(draw(&mut OsRng)).to_b64u();
        return Ok(Outcome::new("inkan-once-id/1", format!("{id}\n"), json!({ "id": id })));
    }
    context.check_out(&args.out)?;
    let claims = claims(args, context)?;
    let home = context.home_of(args.identity.as_deref())?;
    let own = identity::own(&home, args.identity.as_deref())?;
    let mut writing = Writing::begin(context, &home)?;
    let asked = Asked { claims: &claims, home: &home, now: context.now() };
    let reading = writing.reading()?;
    let earlier = asked.earlier_homes(&reading, &own)?;
    let (used, mut place) = asked.used(&reading, &earlier)?;
    let newest;
    let pending = asked.pending()?;
    let kept = pending.find(&home)?;
    let sent = kept.as_ref().and_then(|kept| json::text(kept, "body"));
    let (index, body) = match (used, sent) {
        (Some(used), Some(sent)) if used.body == sent.as_bytes() => {
            if args.write.dry_run {
                let human = format!("would go on with entry {}, which is there\n", used.index);
                let members = json!({ "dryRun": true, "command": COMMAND, "entry": used.index });
                return Ok(Outcome::new("inkan-dry-run/1", human, members));
            }
            context
                .speech
                .warn("an earlier run recorded it and was interrupted: goes on with its entry");
            (used.index, sent.to_owned())
        }
        (Some(used), _) => {
            if !args.write.dry_run {
                pending.done(&home)?;
            }
            return Err(asked.already_used((used.index, place.1), Some(&used.by))?);
        }
        (None, _) => {
            let intent = asked.intent(args, context)?;
            if args.write.dry_run {
                let (human, members) = dry_run_lines(&intent);
                return Ok(Outcome::new("inkan-dry-run/1", human, members));
            }
            let index = asked.record(&intent, &mut writing)?;
            newest = writing.reading()?;
            place = (newest.view(), newest.source().origin());
            (index, intent.entries.into_iter().map(|entry| entry.body).collect())
        }
    };
    let (receipt, leaf) = asked.receipt(place, (index, &body))?;
    let (origin, scope) = (leaf.origin(), &claims.scope);
    let members = json!({
        "scope": scope, "id": claims.id.to_b64u(), "origin": origin, "entry": index, "size": leaf.tree_size(),
        "existedBy": leaf.existed_by().map(|time| time.to_string()), "out": args.out.path(),
        "grade": leaf.checkpoint().grades().list().iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    let human = context.deliver(format!("{:#}\n", receipt.to_value()), args.out.path())?;
    pending.done(&home)?;
    // Whoever hands something over for it may go by this line: nothing can fail any more.
    let place = format!("entry {index} of {}", safe(origin, 80));
    let before = match earlier.len() {
        0 => "by nobody before".to_owned(),
        more => format!("by nobody before, nor in the {more} where {} lived", safe(&own.name, 60)),
    };
    context.speech.say(&format!("used up in {scope}, and {before}: {place}"));
    Ok(Outcome::new("inkan-ledger-once/1", human, members).with("receipt", receipt.to_value()))
}

/// What is to be used up. The id is read from a pipe, too: others on the machine see command lines, and whoever knows it can use it up.
fn claims(args: &OnceArgs, context: &Context) -> Result<OnceClaims, Failure> {
    let usage = |what: &str| Failure::from(CliError::Usage(what.to_owned()));
    let scope = args.scope.clone().unwrap_or_default();
    if !(1..=SCOPE).contains(&scope.len()) || !scope.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(usage("SCOPE has 1 to 64 visible ASCII characters"));
    }
    let id = match args.id.as_deref().filter(|id| *id != "-") {
        Some(id) => id.to_owned(),
        None => {
            let input = context.input(args.id.as_deref())?;
            String::from_utf8_lossy(&input.bytes).trim().to_owned()
        }
    };
    let id = Digest::from_b64u(&id).map_err(|_| {
        usage("ID is 43 characters of base64url: inkan ledger once --new draws one")
    })?;
    Ok(OnceClaims { id: OnceId::from_bytes(*id.as_bytes()), scope })
}

struct Asked<'a> {
    claims: &'a OnceClaims,
    home: &'a Home,
    now: Timestamp,
}

/// A ledger as it is now, and the origin of its log.
type Place<'a> = (&'a SourceView, &'a str);

/// The entry that was first.
struct Used {
    index: u64,
    /// SCID of who signed it.
    by: String,
    body: Vec<u8>,
}

impl Asked<'_> {
    /// The other ledgers where our DID lived: what it used up there, it must not use up here.
    ///
    /// # Errors
    ///
    /// `did-home-out-of-sight`, if one of them cannot be asked.
    fn earlier_homes(&self, reading: &Reading, own: &OwnDid) -> Result<Vec<AtHome>, Failure> {
        let did = Did::parse(&own.did)?;
        let Some(scid) = did.scid() else { return Ok(Vec::new()) };
        let mut homes = reading.homes_of(scid)?;
        let mut needed: BTreeSet<String> = homes.iter().flat_map(AtHome::named).collect();
        for (_, left) in self.home.profile.all::<MoveRecord>()? {
            if Did::parse(&left.did)?.scid() == Some(scid) {
                needed.insert(left.from);
            }
        }
        needed.remove(reading.source().origin());
        let is_asked = |origin: &&String| homes.iter().any(|home| home.source.origin() == *origin);
        if let Some(origin) = needed.iter().find(|origin| !is_asked(origin)) {
            let why = reading.others().settle(&needed).err();
            let why = why.map_or_else(String::new, |why| format!(" ({})", why.message()));
            let (name, origin) = (safe(&own.name, 60), safe(origin, 80));
            let message = format!(
                "{name} lived in {origin}, which cannot be asked whether it was used up there{why}"
            );
            return Err(Failure::new("did-home-out-of-sight", message)
                .try_this("where its ledger is: pin it", "inkan ledger pin URL"));
        }
        homes.retain(|home| needed.contains(home.source.origin()));
        // What a ledger shows of before the DID left it says nothing of what was used up until then.
        let has_left = |home: &&AtHome| home.left_for().is_none();
        if let Some(old) = homes.iter().find(has_left) {
            let (name, origin) = (safe(&own.name, 60), safe(old.source.origin(), 80));
            let message = format!(
                "{name} has left {origin}, and what that ledger shows is from before: it may have been used up there since"
            );
            return Err(Failure::new("did-home-out-of-sight", message)
                .try_this("ask a copy of it that is not behind", "inkan ledger pin URL"));
        }
        Ok(homes)
    }

    /// Which entry is the first: what our own ledger knows of it comes before what those know where we lived before. And where it is,
    /// or belongs.
    fn used<'b>(
        &self,
        reading: &'b Reading,
        earlier: &'b [AtHome],
    ) -> Result<(Option<Used>, Place<'b>), Failure> {
        let here = (reading.view(), reading.source().origin());
        let before = earlier.iter().map(|home| (&home.view, home.source.origin()));
        for place in std::iter::once(here).chain(before) {
            let used = self.used_in(place)?;
            if used.is_some() {
                return Ok((used, place));
            }
        }
        Ok((None, here))
    }

    /// Which entry a ledger proves to be the first; none if it proves that there is none yet.
    fn used_in(&self, (view, origin): Place<'_>) -> Result<Option<Used>, Failure> {
        let OnceClaims { id, scope } = self.claims;
        let proof = view.once_current(scope, id)?;
        let policy = self.policy(origin)?;
        let verified = verify_current(&proof, &MapKey::once(scope, id), &policy, self.now)?;
        let OnceStanding::Used { by, leaf_index: index } = verified.once()? else {
            return Ok(None);
        };
        let body = verified.head().map(|head| head.leaf().body().to_vec()).unwrap_or_default();
        Ok(Some(Used { index, by, body }))
    }

    /// What is kept until the receipt is there.
    fn pending(&self) -> Result<Pending, Failure> {
        let OnceClaims { id, scope } = self.claims;
        Pending::of(COMMAND, &format!("{scope}\n{}", id.to_b64u()), &[])
    }

    /// The entry, and what the profile keeps of it.
    fn intent(&self, args: &OnceArgs, context: &mut Context) -> Result<Intent, Failure> {
        let own = identity::own(self.home, args.identity.as_deref())?;
        let keyring = Keyring::open(context, self.home)?;
        let hand = Hand::of(&own, args.key.as_deref(), &keyring, self.home)?;
        if hand.method.did().scid().is_none() {
            let detail = "a DID of this method cannot write to the ledger".to_owned();
            return Err(CliError::InputMalformed { file: "--as".to_owned(), detail }.into());
        }
        let said = Claims::Once(self.claims.clone());
        let entry = ledgers::entry(&said, &hand.method, hand.key, self.home, self.now)?;
        let record = self.pending()?.record(COMMAND, json!({ "body": entry.body }));
        Ok(Intent {
            command: COMMAND.to_owned(),
            entries: vec![entry],
            records: vec![record],
            ..Intent::default()
        })
    }

    /// Where the entry stands, which nobody else sent before.
    fn record(&self, intent: &Intent, writing: &mut Writing) -> Result<u64, Failure> {
        let accepted = writing.commit(intent)?;
        let missing = || CliError::Fault("the ledger took the entry and named no place".to_owned());
        let accepted = accepted.first().ok_or_else(missing)?;
        // Sent once, and there before: the same bytes are another's who has the key, in the same second. What was sent again because the
        // ledger said "later" counts as new: tills of one DID have a key each (ledger specification §2.6).
        if accepted.standing == Standing::Duplicate {
            self.pending()?.done(self.home)?;
            let origin = self.home.settings.origin.as_str();
            return Err(self.already_used((accepted.leaf_index, origin), None)?);
        }
        Ok(accepted.leaf_index)
    }

    /// The receipt of what was sent, verified.
    fn receipt(
        &self,
        (view, origin): Place<'_>,
        (index, body): (u64, &str),
    ) -> Result<(Receipt, VerifiedLeaf), Failure> {
        let receipt = view.receipt(index)?;
        let leaf = verify_receipt(&receipt, &self.policy(origin)?, self.now)?;
        if leaf.leaf_index() != index || leaf.leaf().body() != body.as_bytes() {
            let entry = format!("{index}, or it has other bytes than those that were sent");
            return Err(CliError::EntryUnknown { entry }.into());
        }
        Ok((receipt, leaf))
    }

    fn policy(&self, origin: &str) -> Result<LogPolicy, Failure> {
        super::status::policy_of(origin, self.home)
    }

    /// That somebody was first: `by` is whose entry it is, none if it has the very bytes that were sent just now.
    fn already_used(
        &self,
        (index, origin): (u64, &str),
        by: Option<&str>,
    ) -> Result<Failure, Failure> {
        let OnceClaims { id, scope } = self.claims;
        let owns = self.home.profile.all::<OwnDid>()?;
        let is_by = |own: &OwnDid| {
            Did::parse(&own.did).is_ok_and(|did| did.scid().is_some_and(|scid| Some(scid) == by))
        };
        let by = match (by, owns.iter().map(|(_, own)| own).find(|own| is_by(own))) {
            (None, _) => "by the same key in the same second".to_owned(),
            (Some(_), Some(own)) => format!("by your own {}", safe(&own.name, 60)),
            (Some(scid), None) => format!("by {}", safe(scid, 60)),
        };
        let origin = safe(origin, 80);
        let message = format!("it was used before, in entry {index} of {origin}, {by}");
        let prove = format!("inkan ledger prove --once {scope} {}", id.to_b64u());
        Ok(Failure::new("already-used", message).try_this("do not accept it; the proof", prove))
    }
}
