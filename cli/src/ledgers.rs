//! The ledger folder, as commands use it: reading it, and writing to it together with the profile.

use std::path::Path;
use std::time::Duration;

use inkan_core::Timestamp;
use inkan_credential::Opening;
use inkan_crypto::Signer;
use inkan_did::webvh::History;
use inkan_did::{Did, DidUrl};
use inkan_io::files::FolderLock;
use inkan_io::intent::{self, EntryDraft, Intent};
use inkan_io::ledger_folder::{Accepted, LedgerFolder, LedgerFolderError, LedgerReader, View};
use inkan_io::profile::Profile;
use inkan_ledger::{Claims, Receipt, SignedEntry};
use serde_json::{Value, json};

use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};

/// The newest checkpoint of a ledger folder, for reading; no lock is taken.
#[derive(Debug)]
pub(crate) struct Reading {
    view: View,
}

impl Reading {
    /// Opens the ledger of a profile.
    pub(crate) fn open(home: &Home) -> Result<Self, Failure> {
        present(home)?;
        Self::of(&LedgerReader::open(&home.ledger)?)
    }

    /// The same, or nothing where there is no folder: for commands that can do without.
    pub(crate) fn open_if_any(home: &Home) -> Result<Option<Self>, Failure> {
        if home.ledger.is_dir() { Self::open(home).map(Some) } else { Ok(None) }
    }

    fn of(reader: &LedgerReader) -> Result<Self, Failure> {
        let empty = || CliError::Fault("the ledger has no checkpoint".to_owned());
        Ok(Self { view: reader.view_at(None)?.ok_or_else(empty)? })
    }

    /// The view itself.
    pub(crate) const fn view(&self) -> &View {
        &self.view
    }

    /// The log of a DID as `did.jsonl` and, if its entries have any, `did-witness.json`.
    pub(crate) fn did_log(&self, scid: &str) -> Result<Option<(String, Option<String>)>, Failure> {
        let mut log = String::new();
        let mut witnesses = Vec::new();
        for receipt in self.view.did_entries(scid)? {
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

    /// The verified history of a DID that must be on this ledger.
    pub(crate) fn history(&self, did: &str, now: Timestamp) -> Result<History, Failure> {
        let parsed = Did::parse(did)?;
        let scid = parsed.scid().unwrap_or_default();
        let unknown = || CliError::DidNotAtHand { did: did.to_owned() };
        let (log, witness) = self.did_log(scid)?.ok_or_else(unknown)?;
        Ok(History::verify(&log, witness.as_deref(), now)?)
    }
}

/// A run that writes: it holds the profile's lock and the ledger's, and has finished what a crash left behind.
#[derive(Debug)]
pub(crate) struct Writing {
    ledger: LedgerFolder,
    profile: Profile,
    now: Timestamp,
    _lock: FolderLock,
}

impl Writing {
    /// Takes both locks, and finishes intents of earlier runs.
    pub(crate) fn begin(context: &Context, home: &Home) -> Result<Self, Failure> {
        present(home)?;
        let now = context.now();
        let lock = home.profile.lock()?;
        let mut ledger = open_waiting(home, now)?;
        for healed in intent::heal(&home.profile, &mut ledger, now)? {
            let what = match healed.dropped {
                None => format!("finished what was interrupted: {}", healed.command),
                Some(why) => format!("dropped what was interrupted: {} ({why})", healed.command),
            };
            context.speech.warn(&what);
        }
        Ok(Self { ledger, profile: home.profile.clone(), now, _lock: lock })
    }

    /// The ledger as it is now.
    pub(crate) fn reading(&self) -> Result<Reading, Failure> {
        Reading::of(self.ledger.reader())
    }

    /// Carries out an intent: ledger first, then the profile.
    pub(crate) fn commit(&mut self, intent: &Intent) -> Result<Vec<Accepted>, Failure> {
        Ok(intent::carry_out(intent, &self.profile, &mut self.ledger, self.now)?)
    }
}

/// Opens the ledger for writing; another process of this machine may write first, for up to ten seconds.
fn open_waiting(home: &Home, now: Timestamp) -> Result<LedgerFolder, Failure> {
    for _ in 0..100 {
        match LedgerFolder::open(&home.ledger, now) {
            Err(LedgerFolderError::Locked { .. }) => std::thread::sleep(Duration::from_millis(100)),
            opened => return Ok(opened?),
        }
    }
    Ok(LedgerFolder::open(&home.ledger, now)?)
}

fn present(home: &Home) -> Result<(), Failure> {
    if home.ledger.is_dir() {
        return Ok(());
    }
    let path = home.ledger.display().to_string();
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
