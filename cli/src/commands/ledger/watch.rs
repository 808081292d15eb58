//! `inkan ledger watch`: follows a ledger. Every head must continue the one before; two that exclude each other are
//! printed as evidence, both halves, with exit code 18.

mod compare;

use std::path::Path;
use std::time::Duration;

use inkan_did::Did;
use inkan_io::{files, seen};
use inkan_ledger::{Kind, Leaf, SignedEntry, VerifiedLeaf, verify_bundle_under};
use inkan_server::interrupt::Interrupt;
use serde_json::{Value, json};

use crate::args::WatchArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::ledgers::Reading;
use crate::output::{self, Outcome};
use crate::render::report::{moment, short_did};

pub(super) fn run(args: &WatchArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    if let Some(pair) = &args.compare {
        return compare::run(pair, args, context);
    }
    if context.speech.is_one_object() && !args.once {
        let usage = "following has no end, and --json is one object: use --format jsonl, or --once";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let home = context.home()?;
    let did = args.did.as_deref().map(|did| identity::any(Some(&home), did)).transpose()?;
    let mut reading = look(&home, args, context)?;
    let origin = reading.source().origin().to_owned();
    let size = reading.view().size();
    let begin = match args.since {
        Some(since) => since,
        None => seen::watched(&home.profile, &origin)?.unwrap_or(size),
    };
    let mut watch = Watch { did, next: begin, printed: 0, kept: Vec::new() };
    let heard = |error| files::FileError::from_io(Path::new("signals"), error);
    let interrupt = if args.once { None } else { Some(Interrupt::listen().map_err(heard)?) };
    context.speech.say(&format!("{origin}: {size} entries; showing those from {begin} on"));
    loop {
        watch.show(&reading, &home, context, args)?;
        seen::remember_watched(&home.profile, &origin, watch.next)?;
        let Some(interrupt) = &interrupt else { break };
        if interrupt.within(Duration::from_secs(args.every)) {
            context
                .speech
                .say(&format!("ended in order; the next watch begins with entry {}", watch.next));
            break;
        }
        match look(&home, args, context) {
            Ok(newer) => reading = newer,
            // A ledger that does not answer may answer again; all else ends the watch.
            Err(failure) if failure.exit() == UNREACHABLE => context.speech.warn(failure.message()),
            Err(failure) => return Err(failure),
        }
    }
    let members = json!({
        "origin": origin, "size": reading.view().size(), "next": watch.next,
        "entries": watch.kept,
    });
    let outcome = Outcome::new("inkan-ledger-watch/1", String::new(), members);
    // What went out line by line is not repeated.
    Ok(if context.speech.is_one_object() { outcome } else { outcome.stream("entries") })
}

/// Exit code of a ledger that does not answer.
const UNREACHABLE: u8 = 6;

/// Opens the ledger, which compares its head with those seen before; a split view is written where the user wants it.
fn look(home: &Home, args: &WatchArgs, context: &Context) -> Result<Reading, Failure> {
    Reading::open_keeping(home, context, args.out.path())
}

struct Watch {
    did: Option<Did>,
    next: u64,
    printed: u64,
    /// For `--json --once`, which prints everything at its end.
    kept: Vec<Value>,
}

impl Watch {
    /// Prints what is new.
    fn show(
        &mut self,
        reading: &Reading,
        home: &Home,
        context: &Context,
        args: &WatchArgs,
    ) -> Result<(), Failure> {
        let view = reading.view();
        let head = super::status::verified(reading, home, context.now())?;
        if self.next > view.size() && args.since.is_some() && self.printed == 0 {
            let usage = format!("--since: the ledger has {} entries so far", view.size());
            return Err(CliError::Usage(usage).into());
        }
        while self.next < view.size() {
            // A bundle and one receipt show up to 256 entries at once.
            let (start, leaves) = view.bundle(self.next)?;
            let first = view.receipt_here(start)?;
            for leaf in verify_bundle_under(&first, &leaves, &head)? {
                self.one(&leaf, context);
            }
        }
        Ok(())
    }

    /// Takes in one entry, if it is new here.
    fn one(&mut self, leaf: &VerifiedLeaf, context: &Context) {
        let index = leaf.leaf_index();
        if index < self.next {
            return;
        }
        self.next = index.saturating_add(1);
        let about = About::of(leaf.leaf());
        let wanted = self.did.as_ref().and_then(Did::scid);
        if wanted.is_some_and(|scid| about.scid.as_deref() != Some(scid)) {
            return;
        }
        self.printed = self.printed.saturating_add(1);
        self.print(index, leaf.leaf(), &about, context);
    }

    fn print(&mut self, index: u64, leaf: &Leaf, about: &About, context: &Context) {
        let value = json!({
            "index": index, "time": leaf.time().to_string(), "kind": leaf.kind().name(),
            "signer": about.did, "leafHash": leaf.hash().digest().to_hex(), "version": about.version,
        });
        if context.speech.is_one_object() {
            self.kept.push(value);
        } else if context.speech.machine() {
            output::print_now(&format!("{value}\n"));
        } else {
            let time = moment(&leaf.time().to_string());
            let who = about.did.as_deref().map(short_did).unwrap_or_default();
            let version = about.version.map(|version| format!(" version {version}"));
            let (kind, version) = (leaf.kind().name(), version.unwrap_or_default());
            let line = format!("{index:>8}  {time}  {kind:<16} {who}{version}");
            output::print_now(&format!("{}\n", line.trim_end()));
        }
    }
}

/// Whose entry it is, as it says itself.
struct About {
    did: Option<String>,
    scid: Option<String>,
    version: Option<u64>,
}

impl About {
    fn of(leaf: &Leaf) -> Self {
        if leaf.kind() == Kind::Did {
            let entry = inkan_ledger::state::parse_did_body(leaf.body()).ok();
            return Self {
                did: entry.as_ref().map(|entry| entry.did().as_str().to_owned()),
                scid: entry.as_ref().map(|entry| entry.scid().to_owned()),
                version: entry.as_ref().map(inkan_did::webvh::Entry::number),
            };
        }
        let entry = SignedEntry::parse(leaf.kind(), leaf.body()).ok();
        Self {
            did: entry.as_ref().map(|entry| entry.issuer().as_str().to_owned()),
            scid: entry.as_ref().map(|entry| entry.scid().to_owned()),
            version: None,
        }
    }
}
