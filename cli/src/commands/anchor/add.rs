//! `inkan anchor add`: one entry for each access scope, and a pack with a proof for each record.
//!
//! Order: everything is hashed and noted; every file is looked at again; the notes are sealed with the salts of the entries; the
//! entries go to the ledger; the pack is written; the notes go. Before the seal a run that is cut has hashed for the next one. After
//! it, it has one outcome: the same salts make the same entries, which the ledger takes once, and the same pack.

mod hashing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_core::rng::draw;
use inkan_core::{Digest, json as strict, sha256};
use inkan_io::anchoring::pack::{PackError, temporary_of};
use inkan_io::anchoring::state::is_there;
use inkan_io::anchoring::{
    Kept, PackFile, PackWriter, Sealed, SealedScope, Stamp, State, StateError,
};
use inkan_io::intent::Intent;
use inkan_io::os_rng::OsRng;
use inkan_ledger::anchored::{
    AnchorError, AnchorEvidence, PackHead, PackScope, Row, ScopeName, leaf,
};
use inkan_ledger::{AnchorScope, Claims, Receipt, ScopeTree};
use serde_json::{Value, json};

use super::scopes::Scopes;
use super::sources::{self, Source};
use super::{ENDING, Fault, TOLD, records};
use crate::args::{AnchorAddArgs, RecordScope};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::pending::Pending;
use crate::render::safe;

/// What a run reads, and where it writes.
struct Run<'a> {
    args: &'a AnchorAddArgs,
    sources: Vec<Source>,
    scopes: Scopes,
    pack: PathBuf,
    state: PathBuf,
}

/// One scope with its records, by name.
struct Group {
    name: ScopeName,
    records: Vec<Kept>,
    tree: ScopeTree,
    sealed: SealedScope,
}

pub(super) fn run(args: &AnchorAddArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_of(args.identity.as_deref())?;
    let sources = sources::all(&args.paths)?;
    if sources.iter().filter(|source| source.is_stream()).count() > 1 {
        let usage = "one stream at a time: each would need a name";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    if args.lines && !sources.iter().any(Source::is_stream) {
        let usage = "--lines is for standard input or a pipe, each of whose lines is a record";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let scopes = Scopes::of(args)?;
    let pack = pack_path(args)?;
    let state = with_ending(&pack, ".state");
    let run = Run { args, sources, scopes, pack, state };
    let own = identity::own(&home, args.identity.as_deref())?;
    let options = run.options(&own.did, &home);
    if run.pack.exists() && !is_there(&run.state) {
        return Err(run.there());
    }
    if args.write.dry_run {
        let records = run.hash(None, &[], context)?.0;
        let groups = run.groups(records, None)?;
        let keyring = Keyring::open(context, &home)?;
        let hand = Hand::of(&own, None, &keyring, &home)?;
        let (human, members) = dry_run_lines(&run.intent(&groups, &hand, &home, context)?);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    // The ledger and the keys first: nobody hashes for an hour to find that a passphrase is missing.
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let (mut state, kept, sealed) = State::open(&run.state, &run.places())
        .map_err(|error| Failure::from(error).try_this("begin anew", rm(&run.state)))?;
    if sealed.as_ref().is_some_and(|sealed| sealed.options != options) {
        let other = Failure::from(StateError::Other { path: run.state.clone() });
        return Err(
            other.try_this("type the command as it was typed then, or begin anew", rm(&run.state))
        );
    }
    if run.pack.exists() {
        return run.finished_before(state, sealed.as_ref(), &home, context);
    }
    let (groups, left) = match sealed {
        Some(sealed) => {
            let resumed = "an earlier run was interrupted after everything was hashed: goes on with its entries";
            context.speech.warn(resumed);
            run.compare(&kept, context)?;
            (run.groups(kept, Some(&sealed))?, 0)
        }
        None => {
            if !kept.is_empty() {
                context.speech.say(&format!("hashed before: {}", records(wide(kept.len()))));
            }
            let (records, left) = run.hash(Some(&mut state), &kept, context)?;
            drop(kept);
            if records.is_empty() {
                state.remove()?;
                return Err(nothing());
            }
            let groups = run.groups(records, None)?;
            let scopes = groups.iter().map(|group| group.sealed.clone()).collect();
            state.seal(&Sealed { options, scopes })?;
            (groups, left)
        }
    };
    let mut writing = Writing::begin(context, &home)?;
    let pending = run.pending()?;
    let mut intent = run.intent(&groups, &hand, &home, context)?;
    let notes = run.state.display().to_string();
    intent.records.push(pending.record("anchor add", json!({ "state": notes })));
    let places: Vec<u64> =
        writing.commit(&intent)?.iter().map(|accepted| accepted.leaf_index).collect();
    if places.len() != groups.len() {
        return Err(CliError::Fault("the ledger named no place for an entry".to_owned()).into());
    }
    run.write(&groups, &places, (&hand, &writing))?;
    pending.done(&home)?;
    state.remove()?;
    Ok(run.told((&groups, &places), left, &own.did, (context, &home)))
}

impl Run<'_> {
    /// Digest of where a run reads: its notes are of these places.
    fn places(&self) -> Digest {
        let places: Vec<String> = self.sources.iter().map(Source::absolute).collect();
        digest_of(&json!({ "places": places, "name": self.args.name, "lines": self.args.lines }))
    }

    /// Digest of what its entries depend on besides: who may see what, who anchors it, where.
    fn options(&self, did: &str, home: &Home) -> Digest {
        digest_of(&json!({
            "scopes": format!("{:?}", self.scopes), "kind": format!("{:?}", self.args.kind),
            "did": did, "log": home.settings.origin,
        }))
    }

    fn pending(&self) -> Result<Pending, Failure> {
        let state = std::fs::canonicalize(&self.state).unwrap_or_else(|_| self.state.clone());
        Pending::of("anchor add", &state.to_string_lossy(), &[])
    }

    fn there(&self) -> Failure {
        let pack = safe(&self.pack.display().to_string(), 200);
        Fault::PackThere.because(format!("{pack} exists, and a pack is never replaced"))
    }

    /// A run that was cut between the pack and the end of its notes.
    fn finished_before(
        &self,
        state: State,
        sealed: Option<&Sealed>,
        home: &Home,
        context: &Context,
    ) -> Result<Outcome, Failure> {
        let pack = PackFile::open(&self.pack)?;
        let made = pack.head().scopes.iter().map(|scope| (&scope.name, &scope.root));
        let noted = sealed.iter().flat_map(|sealed| &sealed.scopes);
        if !made.eq(noted.map(|scope| (&scope.name, &scope.root))) {
            return Err(self.there());
        }
        pack.check_sum()?;
        self.pending()?.done(home)?;
        state.remove()?;
        context.speech.warn("an earlier run had finished, but for its notes");
        let shown = self.pack.display().to_string();
        let members = json!({ "pack": shown, "finished": "before" });
        Ok(Outcome::new("inkan-anchoring/1", format!("{shown}\n"), members))
    }

    /// Compares what was noted with what is there now, after a seal: what is anchored is what was noted.
    fn compare(&self, kept: &[Kept], context: &Context) -> Result<(), Failure> {
        for (number, source) in (0_u16..).zip(&self.sources) {
            if !source.is_stream() {
                continue;
            }
            let noted = kept.iter().filter(|record| record.source == number);
            let noted: BTreeMap<_, _> =
                noted.map(|record| (&record.name, record.hashed.content)).collect();
            let read = source.read(self.args)?;
            let same = |(name, content)| noted.get(name) == Some(content);
            if read.len() != noted.len() || !read.iter().map(|(n, c)| (n, c)).all(same) {
                let path = self.state.clone();
                let other = Failure::from(StateError::Other { path });
                return Err(other.during("the stream has other bytes"));
            }
        }
        let mut changed = 0_usize;
        for record in kept {
            let Some(source) = self.sources.get(usize::from(record.source)) else { continue };
            let path = source.path_of(&record.name);
            if !source.is_stream() && Stamp::at(&path) != Some(record.hashed.stamp) {
                changed = changed.saturating_add(1);
            }
        }
        if changed > 0 {
            context.speech.warn(&format!(
                "{changed} files were touched since they were hashed: anchored as they were then; inkan anchor check tells which"
            ));
        }
        Ok(())
    }

    /// The records of each scope with their tree; the salts of entries are those of an earlier run, or new.
    fn groups(&self, records: Vec<Kept>, sealed: Option<&Sealed>) -> Result<Vec<Group>, Failure> {
        let mut records = records;
        records.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        let same = records.windows(2).find_map(|pair| match pair {
            [one, other] if one.name == other.name => Some(&one.name),
            _ => None,
        });
        if let Some(name) = same {
            let shown = safe(name.as_str(), 120);
            let usage = format!(
                "two records would be called {shown}: name the folder that both are in, or anchor them in two runs"
            );
            return Err(CliError::Usage(usage).into());
        }
        let mut by_scope: BTreeMap<ScopeName, Vec<Kept>> = BTreeMap::new();
        let (mut strays, mut count) = (Vec::new(), 0_usize);
        for record in records {
            match self.scopes.scope_of(&record.name) {
                Some(scope) => by_scope.entry(scope.clone()).or_default().push(record),
                None => {
                    count = count.saturating_add(1);
                    if strays.len() < TOLD {
                        strays.push(record.name);
                    }
                }
            }
        }
        if count > 0 {
            return Err(Scopes::refusal(&strays.iter().collect::<Vec<_>>(), count));
        }
        if by_scope.is_empty() {
            return Err(nothing());
        }
        if by_scope.len() > inkan_ledger::anchored::pack::SCOPES {
            return Err(
                CliError::Usage("more than 256 scopes: use several packs".to_owned()).into()
            );
        }
        let group = |(name, records)| Group::new(name, records, sealed);
        by_scope.into_iter().map(group).collect()
    }

    fn intent(
        &self,
        groups: &[Group],
        hand: &Hand<'_>,
        home: &Home,
        context: &Context,
    ) -> Result<Intent, Failure> {
        let detail = "a DID of this method cannot write to the ledger".to_owned();
        let unable = || CliError::InputMalformed { file: "--as".to_owned(), detail };
        let scid = hand.method.did().scid().ok_or_else(unable)?;
        let mut intent = Intent { command: "anchor add".to_owned(), ..Intent::default() };
        for group in groups {
            let claims = group.tree.claims(kind_of(self.args.kind), scid, &group.sealed.root_salt);
            let claims = Claims::Anchor(claims);
            intent.entries.push(ledgers::entry(
                &claims,
                &hand.method,
                hand.key,
                home,
                context.now(),
            )?);
        }
        Ok(intent)
    }

    /// Writes the pack, with the receipts of the entries and all that shows whose they are.
    fn write(
        &self,
        groups: &[Group],
        places: &[u64],
        (hand, writing): (&Hand<'_>, &Writing),
    ) -> Result<(), Failure> {
        let reading = writing.reading()?;
        let scid = hand.method.did().scid().unwrap_or_default();
        let signer: Arc<[Receipt]> = reading.view().did_entries(scid)?.into();
        let current = Arc::new(reading.view().did_current(scid)?);
        let (mut scopes, mut evidence) = (Vec::new(), Vec::new());
        for (group, place) in groups.iter().zip(places) {
            scopes.push(group.head());
            evidence.push(AnchorEvidence {
                entry: reading.view().receipt(*place)?,
                signer: Arc::clone(&signer),
                current: Arc::clone(&current),
            });
        }
        let mut writer = PackWriter::create(&self.pack, &PackHead { scopes, evidence })?;
        groups.iter().try_for_each(|group| group.write(&mut writer))?;
        Ok(writer.finish()?)
    }

    fn told(
        &self,
        (groups, places): (&[Group], &[u64]),
        left: usize,
        did: &str,
        (context, home): (&Context, &Home),
    ) -> Outcome {
        let mut scopes = Vec::new();
        for (group, place) in groups.iter().zip(places) {
            let (count, name) = (records(wide(group.records.len())), group.name.as_str());
            let origin = &home.settings.origin;
            context.speech.say(&format!(
                "anchored {count} of scope {} as entry {place} of {origin}",
                safe(name, 64)
            ));
            let bytes = group.records.iter().map(|record| record.hashed.content.length);
            scopes.push(json!({
                "scope": name, "records": group.records.len(), "entry": place, "root": group.sealed.root.to_hex(),
                "bytes": bytes.fold(0, u64::saturating_add),
            }));
        }
        context.speech.say(
            "the pack holds the salts: keep it, and show it to nobody who may not see all of it",
        );
        let pack = self.pack.display().to_string();
        let members = json!({
            "pack": pack, "signer": did, "leftOut": left, "scopes": scopes, "finished": "now",
        });
        Outcome::new("inkan-anchoring/1", format!("{pack}\n"), members)
    }
}

impl Group {
    fn new(name: ScopeName, records: Vec<Kept>, sealed: Option<&Sealed>) -> Result<Self, Failure> {
        let known = sealed.map(|sealed| sealed.scopes.iter().find(|scope| scope.name == name));
        let (root_salt, seed) = match known {
            None => (draw(&mut OsRng), draw(&mut OsRng)),
            Some(Some(scope)) => (scope.root_salt, scope.seed),
            Some(None) => return Err(damaged()),
        };
        let leaf_of =
            |one: &Kept| leaf(name.as_str(), one.name.as_str(), &one.hashed.content, &one.salt);
        let tree = ScopeTree::new(records.iter().map(leaf_of), &seed)?;
        let root = tree.root();
        if known.flatten().is_some_and(|scope| scope.root != root) {
            return Err(damaged());
        }
        let sealed = SealedScope { name: name.clone(), root_salt, seed, root };
        Ok(Self { name, records, tree, sealed })
    }

    fn head(&self) -> PackScope {
        let names = self.records.iter().map(|record| wide(record.name.as_str().len()));
        PackScope {
            name: self.name.clone(),
            records: wide(self.records.len()),
            names: names.fold(0, u64::saturating_add),
            root: self.sealed.root,
            root_salt: self.sealed.root_salt,
        }
    }

    fn write(&self, writer: &mut PackWriter) -> Result<(), Failure> {
        let mut name_at = 0_u64;
        for (number, record) in self.records.iter().enumerate() {
            let missing = || PackError::Pack {
                path: PathBuf::from("the tree"),
                source: AnchorError::Unknown("place for a record"),
            };
            let name_length = u16::try_from(record.name.as_str().len()).unwrap_or(u16::MAX);
            let row = Row {
                name_at,
                name_length,
                content: record.hashed.content,
                salt: record.salt,
                place: self.tree.place(number).ok_or_else(missing)?,
            };
            writer.write(&row.to_bytes())?;
            name_at = name_at.saturating_add(u64::from(name_length));
        }
        for record in &self.records {
            writer.write(record.name.as_str().as_bytes())?;
        }
        for node in self.tree.nodes() {
            writer.write(node.digest().as_bytes())?;
        }
        Ok(())
    }
}

fn digest_of(all: &Value) -> Digest {
    sha256(&[&strict::canonicalize(all).unwrap_or_default()])
}

fn nothing() -> Failure {
    Fault::Nothing.because("there is no file in what was named")
}

/// Notes that do not make the roots they are sealed with.
fn damaged() -> Failure {
    let message = "the notes of the earlier run do not make the roots that they are sealed with";
    CliError::InputMalformed { file: "PACK.state".to_owned(), detail: message.to_owned() }.into()
}

/// Where the pack will be.
fn pack_path(args: &AnchorAddArgs) -> Result<PathBuf, Failure> {
    let first = args.paths.first().map(String::as_str).unwrap_or_default();
    let stem = Path::new(first).file_name().and_then(|name| name.to_str());
    let stem = stem.filter(|name| *name != "-" && !name.is_empty()).unwrap_or("records");
    let usual = PathBuf::from(format!("{stem}{ENDING}"));
    let path = match args.out.as_deref().map(Path::new) {
        None => usual,
        Some(folder) if folder.is_dir() => folder.join(usual),
        Some(file) => file.to_path_buf(),
    };
    let folder = sources::folder_of(&path).to_path_buf();
    if !folder.is_dir() || path.file_name().is_none() {
        return Err(inkan_io::files::FileError::Missing { path: folder }.into());
    }
    Ok(path)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(ending);
    path.with_file_name(name)
}

/// Files of our own that may lie among the records.
fn ours(run: &Run<'_>) -> Vec<PathBuf> {
    vec![run.pack.clone(), run.state.clone(), temporary_of(&run.pack)]
}

fn rm(path: &Path) -> String {
    format!("rm {}", path.display())
}

fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

const fn kind_of(kind: RecordScope) -> AnchorScope {
    match kind {
        RecordScope::Document => AnchorScope::Document,
        RecordScope::Firmware => AnchorScope::Firmware,
        RecordScope::Dataset => AnchorScope::Dataset,
        RecordScope::Model => AnchorScope::Model,
        RecordScope::Other => AnchorScope::Other,
    }
}
