//! `inkan story`: the life of a credential, in the order of the log, and how it stands.
//!
//! The exit code is that of `verify` for the same file, policy and time: a story of a revoked credential is told in full, and ends
//! with 12. A presentation is judged as one seen before, so that telling its story uses up no nonce.

use std::collections::BTreeMap;

use inkan_core::{Timestamp, sha256};
use inkan_credential::{Artefact, ConsentReceipt};
use inkan_io::profile::{IssuedRecord, OwnDid, StatusEvent};
use inkan_ledger::{Kind, Receipt};
use inkan_verifier::ledger_view::LedgerView;
use inkan_verifier::{Check, Material};

use super::consent;
use super::verify::told::{Examined, examine};
use crate::args::{StoryArgs, StoryForm};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::report;
use crate::story::build::{Source, Values, story};
use crate::story::consents::Judged;
use crate::story::status::{Change, Named, State, named};
use crate::story::text::{Pictures, told};
use crate::story::{dids, page, value};

/// Versions of a status list that are looked at, the newest ones.
const VERSIONS: usize = 366;
/// Changes of status that are asked about; each is a verification of its own.
const CHANGES: usize = 64;

pub(super) fn run(args: &StoryArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let out = args.out();
    context.check_out(&out)?;
    let examined = examine(args.file.as_deref(), &args.verify(), context)?;
    let index = chosen(args, &examined, context)?;
    let mut gaps = Vec::new();
    let notes = Notes::of(args, &examined, index)?;
    let changes = changes(&examined, index, &notes, &mut gaps)?;
    let consents = consents(args, &examined, context)?;
    let source = Source {
        file: &examined.name,
        bundle: &examined.bundle,
        index,
        material: &examined.material,
        context: examined.context(),
        verification: &examined.verification,
        report: &examined.report,
        exit: examined.exit,
        changes,
        consents,
        gaps,
        reasons: notes.versions,
        values: if args.show_claims { Values::Shown } else { Values::Hidden },
    };
    let story = story(source)
        .ok_or_else(|| CliError::Fault("a credential that was there is gone".to_owned()))?;
    let members = value::value(&story);
    let pictures = if args.graph { Pictures::Drawn } else { Pictures::Left };
    let (text, plain) = match args.form() {
        StoryForm::Text => (told(&story, pictures), out.path().is_some()),
        StoryForm::Html => (page::html(&story), false),
        StoryForm::Json => (format!("{members:#}\n"), false),
    };
    // A file has no colours.
    let text = if plain { anstream::adapter::strip_str(&text).to_string() } else { text };
    let human = context.deliver(text, out.path())?;
    let outcome = Outcome::new(value::TYPE, human, members).stream("events").exit(examined.exit);
    Ok(outcome.afterwards(report::refusal(&examined.report, &examined.name)))
}

/// Consents about the presentation, of the file and of this profile, each judged as of the same time. Of two copies of one consent the
/// one that says more is told.
fn consents(
    args: &StoryArgs,
    examined: &Examined,
    context: &mut Context,
) -> Result<Vec<Judged>, Failure> {
    let Artefact::Presentation(presentation) = &examined.bundle.artefact else {
        return Ok(Vec::new());
    };
    let mut found: BTreeMap<[u8; 32], ConsentReceipt> = BTreeMap::new();
    let kept = consent::all(&examined.home)?;
    for receipt in examined.bundle.consents().into_iter().chain(kept) {
        let Some(terms) = receipt.terms().filter(|_| examined.bundle.is_about(&receipt)) else {
            continue;
        };
        let says = |receipt: &ConsentReceipt| {
            let signed = receipt.newest().is_some_and(|one| one.acknowledgement().is_some());
            (receipt.states().len(), signed, receipt.receipts.len())
        };
        let act = terms.act;
        if found.get(&act).is_none_or(|known| says(known) < says(&receipt)) {
            found.insert(act, receipt);
        }
    }
    let verify = args.verify();
    let how = (verify.at.as_deref(), verify.offline);
    let _lock = (!found.is_empty()).then(|| examined.home.profile.lock()).transpose()?;
    let judge = |receipt: ConsentReceipt| {
        let judged = consent::judged(&receipt, Some(presentation), how, &examined.home, context)?;
        Ok(Judged { receipt, verification: judged.0 })
    };
    found.into_values().map(judge).collect()
}

/// Which credential of a presentation the story is of.
fn chosen(args: &StoryArgs, examined: &Examined, context: &Context) -> Result<usize, Failure> {
    let count = examined.bundle.artefact.credentials().len();
    if args.cred < count {
        if count > 1 {
            context.speech.say(&format!(
                "this is the story of credential {} of {count}: --cred tells of another",
                args.cred
            ));
        }
        return Ok(args.cred);
    }
    let message = match count {
        0 => "the presentation has no credential to tell of".to_owned(),
        count => {
            let last = count.saturating_sub(1);
            format!("there is no credential {}; the last one is {last}", args.cred)
        }
    };
    Err(CliError::NoStory(message).into())
}

/// What this profile noted for itself, if it may be told.
#[derive(Debug, Default)]
struct Notes {
    /// Why versions of its DIDs came to be, by `versionId`.
    versions: BTreeMap<String, String>,
    /// What became of the status, and why, oldest first.
    events: Vec<StatusEvent>,
}

impl Notes {
    fn of(args: &StoryArgs, examined: &Examined, index: usize) -> Result<Self, Failure> {
        let mut notes = Self::default();
        let credentials = examined.bundle.artefact.credentials();
        let Some(secured) = credentials.get(index).filter(|_| args.notes) else {
            return Ok(notes);
        };
        let profile = &examined.home.profile;
        for (_, own) in profile.all::<OwnDid>()? {
            notes.versions.extend(own.reasons);
        }
        let digest = secured.issuance_digest().to_b64u();
        let issued = profile.all::<IssuedRecord>()?.into_iter().map(|(_, record)| record);
        if let Some(record) = issued.into_iter().find(|record| record.digest == digest) {
            notes.events = record.events;
        }
        Ok(notes)
    }

    /// The note on the change to this state after which there were so many others to it.
    fn on(&self, to: State, later: usize) -> Option<String> {
        let change = match to {
            State::Good => "reinstate",
            State::Suspended => "suspend",
            State::Revoked => "revoke",
        };
        let mut noted = self.events.iter().rev().filter(|event| event.change == change);
        let note = noted.nth(later).map(|event| event.reason.clone());
        note.filter(|note| !note.is_empty())
    }
}

/// When the status of the credential changed, each time as the verifier has it.
///
/// The versions of its lists only say where to look. What stands in the story is the verdict's own check of the status, asked for
/// as of the time of that version: the same code, and never more than it says.
fn changes(
    examined: &Examined,
    index: usize,
    notes: &Notes,
    gaps: &mut Vec<String>,
) -> Result<Vec<Change>, Failure> {
    let Some(secured) = examined.bundle.artefact.credentials().get(index) else {
        return Ok(Vec::new());
    };
    let subject = format!("cred[{index}]");
    let mut out = Vec::new();
    for place in named(secured.credential()) {
        let mut found = history(examined, (&place, &subject), secured.credential().issuer(), gaps)?;
        let now = place.state(examined.verification.checks(), &subject);
        let last = found.last().map_or(State::Good, |change| change.to);
        match now {
            None => gaps.push("how its status stands could not be told".to_owned()),
            Some(now) if now != last => {
                found.extend(unrecorded(examined, (&place, &subject), now));
            }
            Some(_) => {}
        }
        // From the newest on: of a long history the oldest changes may not be told.
        let mut later = [0_usize; 3];
        for change in found.iter_mut().rev() {
            let [good, suspended, revoked] = &mut later;
            let count = match change.to {
                State::Good => good,
                State::Suspended => suspended,
                State::Revoked => revoked,
            };
            change.note = notes.on(change.to, *count);
            *count = count.saturating_add(1);
        }
        out.extend(found);
    }
    Ok(out)
}

/// A state that no version on the ledger that was asked explains: by the copy that the verdict rests on.
fn unrecorded(examined: &Examined, place: (&Named, &str), to: State) -> Option<Change> {
    let (named, subject) = place;
    let (time, _) = named.since(examined.verification.checks(), subject)?;
    Some(Change { to, time, place: None, note: None })
}

/// A version of a list on the ledger, and what it seems to say.
struct Version {
    receipt: Receipt,
    value: Option<u8>,
}

fn history(
    examined: &Examined,
    (place, subject): (&Named, &str),
    issuer: &str,
    gaps: &mut Vec<String>,
) -> Result<Vec<Change>, Failure> {
    let versions = versions(examined, place, issuer, gaps)?;
    let material = Material {
        receipts: versions.iter().map(|version| version.receipt.clone()).collect(),
        ..Material::default()
    };
    let context = examined.context();
    let ledger = LedgerView::new(&material, context);
    let mut out: Vec<Change> = Vec::new();
    let (mut seems, mut asked) = (Some(0), 0_usize);
    for (version, seen) in versions.iter().zip(ledger.receipts()) {
        let Ok(leaf) = &seen.result else { continue };
        if version.value == seems || leaf.leaf().time() > context.as_of {
            continue;
        }
        seems = version.value;
        asked = asked.saturating_add(1);
        if asked > CHANGES {
            gaps.push(format!(
                "its status changed more than {CHANGES} times; later ones are not told"
            ));
            break;
        }
        let at = leaf.existed_by().unwrap_or(leaf.leaf().time()).max(leaf.leaf().time());
        let state = state_at(examined, (place, subject), at.min(context.as_of))?;
        let last = out.last().map_or(State::Good, |change| change.to);
        match state {
            None => gaps.push(format!("how its status stood at {at} could not be told")),
            Some(state) if state != last => out.push(Change {
                to: state,
                time: leaf.leaf().time(),
                place: Some(dids::place_of(leaf, context)),
                note: None,
            }),
            Some(_) => {}
        }
    }
    Ok(out)
}

fn state_at(
    examined: &Examined,
    (place, subject): (&Named, &str),
    time: Timestamp,
) -> Result<Option<State>, Failure> {
    let checks: Vec<Check> = examined.checks_at(time)?;
    Ok(place.state(&checks, subject))
}

/// Versions of a list on the ledgers that were asked, oldest first, as of the judged time.
fn versions(
    examined: &Examined,
    place: &Named,
    issuer: &str,
    gaps: &mut Vec<String>,
) -> Result<Vec<Version>, Failure> {
    let Some(ledgers) = examined.ledgers_of(issuer)? else {
        gaps.push("no ledger was asked: when its status changed is not known".to_owned());
        return Ok(Vec::new());
    };
    let mut receipts = Vec::new();
    for (ledger, view) in &ledgers {
        let there = view.status_entries(issuer, place.uri())?;
        receipts.extend(there.into_iter().map(|receipt| (ledger, receipt)));
    }
    let left = receipts.len().saturating_sub(VERSIONS);
    if left > 0 {
        gaps.push(format!("{left} older versions of its status list were not looked at"));
        receipts.drain(..left);
    }
    let mut out = Vec::new();
    for (ledger, receipt) in receipts {
        let value = match announced(&receipt) {
            Some((sequence, digest)) => ledger
                .status_list(issuer, place.uri(), sequence)?
                .filter(|bytes| sha256(&[bytes]) == digest)
                .and_then(|bytes| place.hint(&bytes)),
            None => None,
        };
        out.push(Version { receipt, value });
    }
    Ok(out)
}

/// Number and digest of the version that an entry announces.
fn announced(receipt: &Receipt) -> Option<(u64, inkan_core::Digest)> {
    let leaf = inkan_ledger::Leaf::parse(receipt.leaf_bytes()).ok()?;
    let entry = inkan_ledger::SignedEntry::parse(Kind::Status, leaf.body()).ok()?;
    entry.claims().status().map(|status| (status.sequence, status.digest))
}
