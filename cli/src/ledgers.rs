//! The ledger, as commands use it, in a folder or behind a URL: reading it, and writing to it together with the profile.

mod heads;
mod others;

pub(crate) use heads::{origin_at, split_view, verify_pinned, warn_if_exposed};
use others::Others;

use std::path::Path;
use std::time::Duration;

use inkan_core::Timestamp;
use inkan_credential::Opening;
use inkan_crypto::Signer;
use inkan_did::webvh::History;
use inkan_did::{Did, DidUrl};
use inkan_io::files::{self, Access, FolderLock};
use inkan_io::gather::OtherLedgers as _;
use inkan_io::intent::{self, EntryDraft, Fate, Healed, Intent, IntentError};
use inkan_io::ledger_folder::{Accepted, LedgerFolderError};
use inkan_io::ledger_sink::{Awaited, LedgerSink};
use inkan_io::ledger_source::{LedgerError, LedgerSource, SourceView};
use inkan_ledger::{Claims, Receipt, SignedEntry};
use serde_json::{Value, json};

use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::output::Speech;
use crate::render::safe;

/// The newest checkpoint of a ledger, for reading; no lock is taken. It was compared with what this profile saw before.
#[derive(Debug)]
pub(crate) struct Reading {
    source: LedgerSource,
    view: SourceView,
    others: Others,
}

impl Reading {
    /// Opens the ledger of a profile.
    pub(crate) fn open(home: &Home, context: &Context) -> Result<Self, Failure> {
        Self::open_keeping(home, context, None)
    }

    /// The same at a given time, for what outlives a command's context.
    pub(crate) fn open_at(home: &Home, now: Timestamp) -> Result<Self, Failure> {
        Self::opened(home, now, None)
    }

    /// The same; evidence of a split view goes into `out`.
    pub(crate) fn open_keeping(
        home: &Home,
        context: &Context,
        out: Option<&str>,
    ) -> Result<Self, Failure> {
        Self::opened(home, context.now(), out)
    }

    fn opened(home: &Home, now: Timestamp, out: Option<&str>) -> Result<Self, Failure> {
        present(home)?;
        let source = LedgerSource::open(&home.ledger, &home.pinned()?, now)?;
        let view = newest(&source)?;
        let shown = heads::pinned(&view, home, now)?;
        heads::compare(&view, &shown, home, out, now)?;
        Ok(Self { source, view, others: Others::of(home, now) })
    }

    /// The same, or nothing where there is no folder: for commands that can do without.
    pub(crate) fn open_if_any(home: &Home, context: &Context) -> Result<Option<Self>, Failure> {
        if home.ledger.is_present() { Self::open(home, context).map(Some) } else { Ok(None) }
    }

    /// The ledger itself, for looking at it as of another time.
    pub(crate) const fn source(&self) -> &LedgerSource {
        &self.source
    }

    /// Asks nobody over the network for what lives in other ledgers.
    #[must_use]
    pub(crate) fn offline(mut self) -> Self {
        self.others.stay_offline();
        self
    }

    /// The other ledgers of the profile, which are asked of what lives there.
    pub(crate) const fn others(&self) -> &Others {
        &self.others
    }

    /// The ledgers where a DID is or was at home, newest first, and this one, each with what it has of the DID; as far as they can
    /// be asked.
    pub(crate) fn homes_of(&self, scid: &str) -> Result<Vec<AtHome>, Failure> {
        let own = AtHome::of(self.source.clone(), self.view.clone(), scid)?;
        let mut all = vec![own];
        loop {
            let is_new = |origin: &String| {
                all.iter().all(|one| one.source.origin() != origin)
                    && self.others.ledger(origin).is_some()
            };
            let mut next = all.iter().flat_map(AtHome::named).find(is_new);
            if all.iter().all(|one| one.entries.is_empty()) {
                next = self.others.usual().into_iter().find(is_new);
            }
            let source = next.and_then(|origin| self.others.ledger(&origin));
            let Some(source) = source else { break };
            let Some(view) = source.view_at(None)? else { break };
            all.push(AtHome::of(source, view, scid)?);
        }
        let newest: Vec<String> = all
            .iter()
            .max_by_key(|one| one.entries.len())
            .map(|most| most.named().rev().collect())
            .unwrap_or_default();
        let rank = |one: &AtHome| newest.iter().position(|home| home == one.source.origin());
        all.sort_by_key(|one| rank(one).unwrap_or(usize::MAX));
        Ok(all)
    }

    /// The view itself.
    pub(crate) const fn view(&self) -> &SourceView {
        &self.view
    }

    /// The log of a DID as `did.jsonl` and, if its entries have any, `did-witness.json`.
    pub(crate) fn did_log(&self, scid: &str) -> Result<Option<(String, Option<String>)>, Failure> {
        did_log(&self.view.did_entries(scid)?)
    }

    /// The verified history of a DID that must be on this ledger.
    pub(crate) fn history(&self, did: &str, now: Timestamp) -> Result<History, Failure> {
        let parsed = Did::parse(did)?;
        let scid = parsed.scid().unwrap_or_default();
        let unknown = || CliError::DidNotAtHand { did: did.to_owned() };
        let (log, witness) = self.did_log(scid)?.ok_or_else(unknown)?;
        Ok(History::verify(&log, witness.as_deref(), now)?)
    }
}

/// What the entries of a DID say, as `did.jsonl` and, if they have any, `did-witness.json`.
pub(crate) fn did_log(entries: &[Receipt]) -> Result<Option<(String, Option<String>)>, Failure> {
    let mut log = String::new();
    let mut witnesses = Vec::new();
    for receipt in entries {
        let leaf = inkan_ledger::Leaf::parse(receipt.leaf_bytes())?;
        let body = String::from_utf8_lossy(leaf.body()).into_owned();
        let (line, witness) = match body.split_once('\n') {
            Some((line, witness)) => (line.to_owned(), Some(witness.to_owned())),
            None => (body, None),
        };
        log.push_str(&line);
        log.push('\n');
        witnesses.extend(witness);
    }
    let witness = (!witnesses.is_empty()).then(|| format!("[{}]", witnesses.join(",")));
    Ok((!log.is_empty()).then_some((log, witness)))
}

/// A ledger where a DID is or was at home.
#[derive(Debug)]
pub(crate) struct AtHome {
    /// The ledger.
    pub(crate) source: LedgerSource,
    /// Its newest head.
    pub(crate) view: SourceView,
    /// What it has of the DID, oldest first.
    pub(crate) entries: Vec<Receipt>,
}

impl AtHome {
    fn of(source: LedgerSource, view: SourceView, scid: &str) -> Result<Self, Failure> {
        let entries = view.did_entries(scid)?;
        Ok(Self { source, view, entries })
    }

    /// The log that the newest version here names as its home, if that is another one.
    pub(crate) fn left_for(&self) -> Option<String> {
        self.named().next_back().filter(|home| home != self.source.origin())
    }

    /// The logs that the versions name as home, oldest first.
    pub(crate) fn named(&self) -> impl DoubleEndedIterator<Item = String> + '_ {
        self.entries.iter().filter_map(|receipt| {
            let leaf = inkan_ledger::Leaf::parse(receipt.leaf_bytes()).ok()?;
            let entry = inkan_ledger::state::parse_did_body(leaf.body()).ok()?;
            entry.document().ledger_log().map(str::to_owned)
        })
    }
}

fn newest(source: &LedgerSource) -> Result<SourceView, Failure> {
    Ok(source.view_at(None)?.ok_or(CliError::NoCheckpoint)?)
}

/// A run that writes: it holds the profile's lock and the ledger's, and has finished what a crash left behind.
#[derive(Debug)]
pub(crate) struct Writing {
    ledger: LedgerSink,
    home: Home,
    now: Timestamp,
    speech: Speech,
    healed: Vec<Healed>,
    lock: FolderLock,
}

impl Writing {
    /// Takes both locks, and finishes intents of earlier runs.
    pub(crate) fn begin(context: &Context, home: &Home) -> Result<Self, Failure> {
        Self::begin_at(home, context.now(), context.speech)
    }

    /// The same at a given time, for what outlives a command's context.
    pub(crate) fn begin_at(home: &Home, now: Timestamp, speech: Speech) -> Result<Self, Failure> {
        let home = &home.clone().written()?;
        present(home)?;
        if let Some(folder) = home.ledger.folder() {
            heads::is_own(folder, home)?;
        }
        let lock = home.profile.lock()?;
        let mut ledger = open_waiting(home, now)?;
        ledger.take_for(&home.settings.origin);
        let told = home.clone();
        ledger.tell_of_waiting(move |awaited| tell_of_waiting(awaited, &told, speech));
        if let LedgerSink::Folder(folder) = &ledger {
            folder.silent().iter().for_each(|name| speech.warn(&no_answer(name)));
            folder.unattended().iter().for_each(|name| speech.warn(&no_key(name)));
        }
        let healed = intent::heal(&home.profile, &mut ledger, home.first_log(), now);
        keep_promise(&ledger, home, speech)?;
        keep_evidence(healed.as_ref().err(), home, speech)?;
        let healed = healed?;
        for healed in &healed {
            let what = match &healed.fate {
                Fate::Finished => format!("finished what was interrupted: {}", healed.command),
                Fate::Dropped(why) => {
                    format!("dropped what was interrupted: {} ({why})", healed.command)
                }
                Fate::Partly(why) => {
                    let why = Failure::from_error(why.code(), why);
                    format!("dropped a part of {}: {}", healed.command, why.message())
                }
                Fate::Waits(why) => format!("still waiting, for later: {} ({why})", healed.command),
            };
            speech.warn(&what);
        }
        let home = home.clone();
        Ok(Self { ledger, home, now, speech, healed, lock })
    }

    /// Nothing more is written to the ledger; what is left is the lock of the profile.
    pub(crate) fn end(self) -> FolderLock {
        self.lock
    }

    /// What became of commands that an earlier run left behind, when this one began.
    pub(crate) const fn healed(&mut self) -> &mut Vec<Healed> {
        &mut self.healed
    }

    /// The ledger as it is now.
    ///
    /// A head that does not hold yet is shown all the same: what was written under it must not be lost for that.
    pub(crate) fn reading(&self) -> Result<Reading, Failure> {
        let source = self.ledger.source()?;
        let view = newest(&source)?;
        if let Ok(shown) = heads::pinned(&view, &self.home, self.now) {
            heads::compare(&view, &shown, &self.home, None, self.now)?;
        }
        Ok(Reading { source, view, others: Others::of(&self.home, self.now) })
    }

    /// Carries out an intent: ledger first, then the profile.
    pub(crate) fn commit(&mut self, intent: &Intent) -> Result<Vec<Accepted>, Failure> {
        let done = intent::carry_out(intent, &self.home.profile, &mut self.ledger, self.now);
        keep_promise(&self.ledger, &self.home, self.speech)?;
        keep_evidence(done.as_ref().err(), &self.home, self.speech)?;
        let accepted = done?;
        self.fulfilled(&accepted)?;
        Ok(accepted)
    }

    /// Brings versions of a DID that moves here, all or none, and waits until they are covered.
    pub(crate) fn import(&mut self, bodies: &[Vec<u8>]) -> Result<Vec<Accepted>, Failure> {
        let taken = self.ledger.submit_import(bodies, self.now);
        let done = taken.and_then(|accepted| self.ledger.cover(self.now).map(|()| accepted));
        let done = done.map_err(IntentError::from);
        keep_promise(&self.ledger, &self.home, self.speech)?;
        keep_evidence(done.as_ref().err(), &self.home, self.speech)?;
        let accepted = done?;
        self.fulfilled(&accepted)?;
        Ok(accepted)
    }

    /// A promise that may have been kept while we waited is fulfilled.
    fn fulfilled(&self, accepted: &[Accepted]) -> Result<(), Failure> {
        let node = matches!(self.ledger, LedgerSink::Node(_));
        if let (true, None, Some(newest)) = (node, self.ledger.promised(), accepted.last()) {
            let origin = &self.home.settings.origin;
            self.home.profile.forget_promise(origin, newest.leaf_index)?;
        }
        Ok(())
    }
}

/// Says what takes so long, and that nothing is lost by not waiting for it: the promise is kept at once.
fn tell_of_waiting(awaited: &Awaited, home: &Home, speech: Speech) {
    let entry = awaited.promised.leaf_index;
    let names: Vec<String> = awaited.missing.iter().map(|name| safe(name, 60)).collect();
    let whom = match names.as_slice() {
        [] => "a checkpoint".to_owned(),
        names => format!("a checkpoint that {} signed", names.join(", ")),
    };
    speech.say(&format!(
        "entry {entry} is recorded; waiting for {whom}, up to 45 s (Ctrl-C ends the waiting alone: the next command goes on)"
    ));
    // Whether it could be kept is told when the waiting ends.
    let path = home.profile.promise(&home.settings.origin, entry);
    if let (Some(promise), Ok(path)) = (&awaited.promised.promise, path) {
        let _ = files::write_atomic(&path, promise.as_bytes(), Access::Private);
    }
}

/// Keeps the promises of a node about entries that are not covered yet: broken, they are evidence against the operator.
fn keep_promise(ledger: &LedgerSink, home: &Home, speech: Speech) -> Result<(), Failure> {
    for promised in ledger.promises() {
        let Some(promise) = &promised.promise else { continue };
        let path = home.profile.promise(&home.settings.origin, promised.leaf_index)?;
        files::write_atomic(&path, promise.as_bytes(), Access::Private)?;
        let shown = path.display();
        speech.warn(&format!("the node's promise to cover it is kept: inkan ledger check {shown}"));
    }
    Ok(())
}

/// Keeps what shows that a node lied.
fn keep_evidence(error: Option<&IntentError>, home: &Home, speech: Speech) -> Result<(), Failure> {
    let Some(evidence) = error.and_then(IntentError::evidence) else { return Ok(()) };
    let path = home.profile.keep_evidence(&evidence)?;
    speech.warn(&format!("what shows it is kept: {}", path.display()));
    Ok(())
}

/// What is said of a cosigner that could not be asked what it has seen last.
pub(crate) fn no_answer(name: &str) -> String {
    let name = safe(name, 100);
    format!("{name} does not answer: whether it has seen more of this ledger is not known")
}

/// What is said of a witness of the ledger's policy that cannot be asked to cosign.
pub(crate) fn no_key(name: &str) -> String {
    let name = safe(name, 100);
    format!(
        "{name} cannot cosign: its folder under witness/ is gone, and `cosigners` does not say where it answers"
    )
}

/// Opens the ledger for writing; another process of this machine may write first, for up to ten seconds.
fn open_waiting(home: &Home, now: Timestamp) -> Result<LedgerSink, Failure> {
    let pinned = home.pinned()?;
    // Each waits for two seconds by itself.
    for _ in 0..4 {
        match LedgerSink::open(&home.ledger, &pinned, now) {
            Err(LedgerError::Folder(LedgerFolderError::Locked { .. })) => {
                std::thread::sleep(Duration::from_millis(100));
            }
            opened => return Ok(opened?),
        }
    }
    Ok(LedgerSink::open(&home.ledger, &pinned, now)?)
}

fn present(home: &Home) -> Result<(), Failure> {
    if home.ledger.is_present() {
        return Ok(());
    }
    let path = home.ledger.to_string();
    Err(CliError::LedgerMissing { profile: home.name().to_owned(), path }.into())
}

/// Makes a signed entry for the log of `home`.
pub(crate) fn entry(
    claims: &Claims,
    kid: &DidUrl,
    signer: &dyn Signer,
    home: &Home,
    now: Timestamp,
) -> Result<EntryDraft, Failure> {
    let body = SignedEntry::sign(claims, kid, &home.settings.origin, signer, now)?;
    Ok(EntryDraft { kind: claims.kind(), body })
}

/// A receipt with what it opens to.
pub(crate) fn opened(receipt: Receipt, opening: &Opening) -> Result<Receipt, Failure> {
    let opening = inkan_ledger::Opening::from_value(&opening.to_value())?;
    Ok(receipt.with_opening(opening))
}

/// What a dry run says: every entry as it would stand in the log, with its size.
pub(crate) fn dry_run_lines(intent: &Intent) -> (String, Value) {
    let mut human = String::new();
    let mut entries = Vec::new();
    for draft in &intent.entries {
        let (kind, size) = (draft.kind.name(), draft.body.len());
        human.push_str(&format!("{kind} entry, {size} bytes:\n{}\n", draft.body));
        entries.push(json!({ "kind": kind, "size": size, "body": draft.body }));
    }
    let lists: Vec<Value> = intent
        .lists
        .iter()
        .map(|list| json!({ "uri": list.uri, "seq": list.sequence, "size": list.body.len() }))
        .collect();
    (
        human,
        json!({ "dryRun": true, "command": intent.command, "entries": entries, "statusLists": lists }),
    )
}

/// Whether a path names an existing file: what is not a file is looked for by name.
pub(crate) fn is_file(text: &str) -> bool {
    text == "-" || Path::new(text).is_file()
}
