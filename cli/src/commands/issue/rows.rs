//! `inkan issue --rows`: a credential for each row of a file, and a report of what became of every row.
//!
//! Rows are issued in groups. Of a group everything is signed; then the journal holds the credentials; then one intent takes the
//! entries to the ledger and the records into the profile; then the files are written. A row is issued when the profile has its
//! record, which the intent makes true for a group as a whole or not at all: a run that is cut, wherever, is gone on with by the
//! same command, and no row is issued twice. Files can be made again from the journal and the ledger at any time.

mod claims;
mod journal;
mod lists;
mod pack;
mod report;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use inkan_core::{Digest, sha256};
use inkan_credential::Contexts;
use inkan_credential::model::StatusEntry;
use inkan_credential::schema::SchemaError;
use inkan_credential::sd_jwt_vc::TypeMetadata;
use inkan_crypto::PublicKey;
use inkan_did::{Did, Relationship};
use inkan_io::files::layer::{Put, put_many};
use inkan_io::files::{self, Access, SystemFiles};
use inkan_io::intent::{EntryDraft, Intent, RecordDraft};
use inkan_io::pinned;
use inkan_io::profile::Shelf;
use inkan_issuer::{Draft, DraftError, Issued};
use inkan_ledger::Kind;
use serde_json::{Value, json};

use self::claims::Types;
use self::journal::{Batch, Journal, Signed};
use self::lists::Lists;
use self::pack::Packer;
pub(super) use self::pack::{opening_of, place_of};
use self::report::{Counts, Fate, IssuedCopy};
use self::table::{Content, Fault, Notation, Row, RowFault, Table};
use super::{
    Demand, Terms, certified, input, offer, paths, recordable, say_of_served, securing, wanted,
};
use crate::args::IssueArgs;
use crate::commands::did::document_now;
use crate::context::{Context, Existing};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::Writing;
use crate::output::Outcome;
use crate::progress::Bar;
use crate::wallet;

/// Rows that are committed together: one checkpoint, and a handful of syncs.
const GROUP: usize = 512;
/// The largest file of rows in bytes.
const LIMIT: usize = 1 << 30;
/// How many wrong rows are told at the terminal; the report has them all.
const TOLD: usize = 20;
/// Threads that sign.
const THREADS: usize = 8;

pub(super) fn run(args: &IssueArgs, file: &str, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_of(Some(&args.from))?;
    let now = context.now();
    securing::check(args, context.speech)?;
    certified::check(args)?;
    let evidence = input::evidence(args, context)?;
    let valid_until = input::valid_until(args, now)?;
    let schema = input::schema(args, context)?;
    let schema = schema.as_ref();
    let members = input::members(args, context)?;
    let type_file = input::type_metadata(args, &home, context)?;
    let valid_from = input::valid_from(args, now)?;
    let table = read(args, file, schema.map(|schema| &schema.value))?;
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, Some(&args.from))?;
    recordable(&own, args)?;
    let keyring = Keyring::open(context, &home)?;
    let hand = securing::hand(args, &own, &keyring, &home)?;
    let certified = certified::read(args.x5c.as_deref(), &hand, &home, context)?;
    let offer = offer::read(args, &home, context)?;
    offer::warn_of_issuer(&offer, &own.did, context);
    let disclosable = paths(&args.disclosable)?;
    let contexts = pinned::contexts(&pinned::load(&home.profile)?)?;
    let contexts = contexts.as_ref().unwrap_or_else(|| Contexts::built_in());
    let key_type = hand.key.public_key().key_type();
    let mandatory = paths(&args.mandatory)?;
    let url = securing::https_url(args, &own)?;
    let paths = (disclosable.as_slice(), mandatory.as_slice());
    let securing = securing::securing(args, key_type, paths, contexts, url.as_deref());
    let (own, hand, home, evidence) = (&own, &hand, &home, evidence.as_slice());
    let at_hand = input::with_schema(input::at_hand(home)?, schema);
    let terms = Terms {
        args,
        own,
        hand,
        certified: certified.as_ref(),
        home,
        evidence,
        securing,
        schema,
        members: members.as_ref(),
        type_file: type_file.as_ref(),
        valid_from,
        valid_until,
        offer: &offer,
        key_statement: None,
        at_hand: &at_hand,
        now,
    };
    let folder = PathBuf::from(args.out.path().unwrap_or_default());
    let mut run = Run { terms, table, folder, fates: BTreeMap::new(), subjects: BTreeMap::new() };
    run.read_faults();
    let batch = Batch {
        credential_type: args.credential_type.clone(),
        issuer: own.did.clone(),
        options: options(&run.terms),
    };
    if args.write.dry_run {
        let (_, earlier) = Journal::peek(&run.folder, &batch)?;
        run.find_earlier(&earlier)?;
        run.check(context)?;
        return run.finish(context, None);
    }
    let mut journal = run.begin(&batch, context, &writing)?;
    let held = args.rows.strict && {
        run.check(context)?;
        run.counts().wrong > 0
    };
    if held {
        run.hold();
    } else {
        let mut lists = Lists::open(wanted(args), (own, hand, home), now)?;
        lists.check_room(run.open().len())?;
        let done = run.issue(&mut journal, &mut lists, (&mut writing, context));
        let issued = run.counts();
        done.map_err(|failure| {
            let left = "the same command goes on where it stopped";
            failure.during(format!("{left} ({})", issued.sentence()))
        })?;
    }
    let report =
        args.rows.report.as_ref().map_or_else(|| run.folder.join("report.csv"), PathBuf::from);
    run.finish(context, Some(&report))
}

/// Reads the file, with the types that the schema gives.
fn read(args: &IssueArgs, file: &str, schema: Option<&Value>) -> Result<Table, Failure> {
    let (name, bytes) = match file {
        "-" => ("standard input", files::read_stdin(LIMIT)?),
        path => (path, files::read(Path::new(path), LIMIT)?),
    };
    let subject = args.rows.subject_column.as_deref().unwrap_or("subject");
    let subject = table::Subjects { column: subject, bearer: args.bearer };
    table::read((name, &bytes), Notation::of(name), subject, &Types(schema))
}

/// Digest of everything that the credentials of a batch depend on, but for the rows and the time.
fn options(terms: &Terms<'_>) -> Digest {
    let args = terms.args;
    let mut all = json!({
        "format": format!("{:?}", args.credential_format), "validFor": args.valid_for, "expectIal": args.expect_ial,
        "noStatus": args.no_status, "suspendable": args.suspendable, "noLedger": args.no_ledger, "bare": args.bare,
        "evidence": terms.evidence, "schema": terms.schema.map(|schema| &schema.value),
        "subjectColumn": args.rows.subject_column,
        "key": args.key, "sd": args.disclosable, "decoys": args.decoys, "derive": args.derived,
        "mandatory": args.mandatory, "context": args.contexts,
    });
    // Left out where it was not given, so that batches of earlier versions are gone on with.
    if let (Value::Object(members), Some(kind)) = (&mut all, args.status) {
        members.insert("status".to_owned(), format!("{kind:?}").into());
    }
    if let (Value::Object(members), Some(file)) = (&mut all, terms.type_file) {
        let fixed = TypeMetadata::integrity_of(&file.bytes);
        members.insert("typeMetadata".to_owned(), fixed.into());
    }
    if let (Value::Object(members), Some(more)) = (&mut all, terms.members) {
        members.insert("with".to_owned(), Value::Object(more.clone()));
    }
    if let (Value::Object(members), Some(from)) = (&mut all, &args.valid_from) {
        members.insert("validFrom".to_owned(), from.as_str().into());
    }
    if let (Value::Object(members), true) = (&mut all, args.bearer) {
        members.insert("bearer".to_owned(), true.into());
    }
    if let (Value::Object(members), true) = (&mut all, args.https_issuer) {
        members.insert("httpsIssuer".to_owned(), true.into());
    }
    if let (Value::Object(members), Some(certified)) = (&mut all, terms.certified) {
        let digests = certified.chain.iter().map(|one| sha256(&[one]).to_hex());
        members.insert("certificates".to_owned(), digests.collect::<Vec<_>>().into());
    }
    if let (Value::Object(members), false) = (&mut all, terms.offer.is_empty()) {
        let demands = terms.offer.iter().map(Demand::to_value).collect::<Vec<_>>();
        members.insert("countersigners".to_owned(), demands.into());
    }
    if let (Value::Object(members), Some(url)) = (&mut all, &args.status_url) {
        members.insert("statusUrl".to_owned(), url.as_str().into());
    }
    if let (Value::Object(members), false) = (&mut all, args.messages.is_empty()) {
        let said = json!([args.messages, args.message_references]);
        members.insert("messages".to_owned(), said);
    }
    sha256(&[&inkan_core::json::canonicalize(&all).unwrap_or_default()])
}

/// A batch under way.
struct Run<'a> {
    terms: Terms<'a>,
    table: Table,
    folder: PathBuf,
    /// What became of rows so far, by their place in the table.
    fates: BTreeMap<usize, Fate>,
    /// Subjects that were looked up, with their keys.
    subjects: BTreeMap<String, (Option<Did>, Option<PublicKey>)>,
}

/// A credential that is signed, with what is written of it.
struct Made {
    at: usize,
    content: Digest,
    issued: Issued,
    entry: Option<EntryDraft>,
    record: RecordDraft,
}

impl Run<'_> {
    fn counts(&self) -> Counts {
        Counts::of(self.fates.values())
    }

    /// Rows that nothing was decided about yet.
    fn open(&self) -> Vec<usize> {
        (0..self.table.rows.len()).filter(|at| !self.fates.contains_key(at)).collect()
    }

    fn content(&self, at: usize) -> Option<&Content> {
        self.table.rows.get(at)?.read.as_ref().ok()
    }

    /// Rows that could not be read.
    fn read_faults(&mut self) {
        for (at, row) in self.table.rows.iter().enumerate() {
            if let Err(fault) = &row.read {
                self.fates.insert(at, Fate::Wrong(fault.clone()));
            }
        }
    }

    /// Opens folder and journal; finds what was issued before, and puts its files in place again where they are missing.
    fn begin(
        &mut self,
        batch: &Batch,
        context: &Context,
        writing: &Writing,
    ) -> Result<Journal, Failure> {
        if self.folder.is_file() {
            let detail = "this is a file; --out names the folder for the credentials".to_owned();
            let file = self.folder.display().to_string();
            return Err(CliError::InputMalformed { file, detail }.into());
        }
        files::create_folder(&self.folder, Access::Private)?;
        let strange = !self.folder.join(journal::NAME).is_file()
            && !files::list(&self.folder, "")?.is_empty();
        if strange && self.terms.args.out.existing() == Existing::Keep {
            return Err(CliError::OutExists { path: self.folder.display().to_string() }.into());
        }
        let (journal, signed) = Journal::open(&self.folder, batch)?;
        let earlier = self.find_earlier(&signed)?;
        let missing = |one: &&&Signed| !self.is_whole(one);
        let lost: Vec<&Signed> = earlier.iter().filter(missing).copied().collect();
        for group in lost.chunks(GROUP) {
            let mut packer = self.packer(writing)?;
            let mut puts = Vec::new();
            for one in group {
                let index = packer.find(&one.credential)?;
                let bytes = packer.text(&one.credential, index)?.into_bytes();
                let name = file_name(one.row, packer.ending(&one.credential));
                puts.push(Put { path: self.folder.join(name), bytes });
            }
            put_many(&SystemFiles, &self.folder, &puts, Access::Private)?;
        }
        if !earlier.is_empty() {
            let (count, files) = (earlier.len(), lost.len());
            let before = counted(count);
            context.speech.say(&format!("issued before: {before}; files missing: {files}"));
        }
        Ok(journal)
    }

    /// Finds which rows an earlier run issued: the profile has a record of their credential.
    fn find_earlier<'s>(&mut self, signed: &'s [Signed]) -> Result<Vec<&'s Signed>, Failure> {
        let issued: BTreeSet<String> =
            self.terms.home.profile.names(Shelf::Issued)?.into_iter().collect();
        let mut by_row: BTreeMap<u64, &Signed> = BTreeMap::new();
        for one in signed {
            if issued.contains(&wallet::name_of(&one.credential.issuance_digest())) {
                by_row.insert(one.row, one);
            }
        }
        let mut earlier = Vec::new();
        for (at, row) in self.table.rows.iter().enumerate() {
            let Some(one) = by_row.get(&row.number) else { continue };
            let file = file_name(row.number, pack::ending(&one.credential, self.terms.args.bare));
            let same = row.read.as_ref().is_ok_and(|content| content.digest == one.content);
            let id = one.credential.credential().id().unwrap_or_default().to_owned();
            earlier.push(*one);
            let fate = if same {
                Fate::Earlier(IssuedCopy { id, file })
            } else {
                let message = format!("said something else when {file} was issued for it");
                Fate::Wrong(Fault { code: RowFault::Changed.code(), column: None, message })
            };
            self.fates.insert(at, fate);
        }
        Ok(earlier)
    }

    /// Whether the file of a credential is there, and is of that credential.
    fn is_whole(&self, one: &Signed) -> bool {
        let name = file_name(one.row, pack::ending(&one.credential, self.terms.args.bare));
        pack::is_copy(&self.folder.join(name), &one.credential)
    }

    fn packer<'p>(&'p self, writing: &Writing) -> Result<Packer<'p>, Failure> {
        Ok(Packer::new(
            writing.reading()?,
            self.terms.args.bare,
            self.terms.schema.map(input::Schema::named),
        ))
    }

    /// Drafts every open row, and signs nothing.
    fn check(&mut self, context: &Context) -> Result<(), Failure> {
        let bar =
            Bar::new(context.speech, "checking", u64::try_from(self.open().len()).unwrap_or(0));
        for (done, at) in (0..).zip(self.open()) {
            bar.reach(done);
            let fate = match self.draft(at, &[], context)? {
                Ok(_) => continue,
                Err(fault) => Fate::Wrong(fault),
            };
            self.fates.insert(at, fate);
        }
        Ok(())
    }

    /// What is right is held back for what is wrong.
    fn hold(&mut self) {
        for at in self.open() {
            self.fates.insert(at, Fate::Held);
        }
    }

    /// Issues all open rows, group by group.
    fn issue(
        &mut self,
        journal: &mut Journal,
        lists: &mut Lists<'_>,
        (writing, context): (&mut Writing, &Context),
    ) -> Result<(), Failure> {
        let open = self.open();
        let bar = Bar::new(context.speech, "issuing", u64::try_from(open.len()).unwrap_or(0));
        let mut done = 0_u64;
        for group in open.chunks(GROUP) {
            self.issue_group(group, lists, journal, (&mut *writing, context))?;
            done = done.saturating_add(u64::try_from(group.len()).unwrap_or(0));
            bar.set(done);
        }
        Ok(())
    }

    fn issue_group(
        &mut self,
        group: &[usize],
        lists: &mut Lists<'_>,
        journal: &mut Journal,
        (writing, context): (&mut Writing, &Context),
    ) -> Result<(), Failure> {
        let mut drafts = Vec::new();
        for at in group {
            let status = lists.take()?;
            match self.draft(*at, &status, context)? {
                Ok((content, draft)) => drafts.push((*at, content, draft, status)),
                Err(fault) => {
                    self.fates.insert(*at, Fate::Wrong(fault));
                }
            }
        }
        let mut made = Vec::new();
        for (at, result) in sign_all(&self.terms, drafts) {
            match result {
                Ok(one) => made.push(one),
                Err(failure) => {
                    self.fates.insert(at, Fate::Wrong(fault_of(failure)?));
                }
            }
        }
        if made.is_empty() {
            return Ok(());
        }
        let signed = |one: &Made| Signed {
            row: self.table.rows.get(one.at).map_or(0, |row| row.number),
            content: one.content,
            credential: one.issued.credential.clone(),
        };
        let signed: Vec<Signed> = made.iter().map(signed).collect();
        journal.add(&signed)?;
        let command = format!("issue {} --rows", self.terms.args.credential_type);
        let mut intent = Intent { command, ..Intent::default() };
        lists.add_to(&mut intent)?;
        for one in &made {
            let place = one.entry.as_ref().map(|_| intent.entries.len());
            intent.entries.extend(one.entry.clone());
            intent.keep(one.record.clone(), place);
        }
        let accepted = writing.commit(&intent)?;
        let recorded = intent.entries.iter().zip(accepted);
        let mut indexes = recorded
            .filter(|(entry, _)| entry.kind == Kind::Issuance)
            .map(|(_, accepted)| accepted.leaf_index);
        let mut packer = self.packer(writing)?;
        let mut puts = Vec::new();
        let mut fates = Vec::new();
        for (one, signed) in made.iter().zip(&signed) {
            let index = one.entry.as_ref().and_then(|_| indexes.next());
            let bytes = packer.text(&signed.credential, index)?.into_bytes();
            let file = file_name(signed.row, packer.ending(&signed.credential));
            puts.push(Put { path: self.folder.join(&file), bytes });
            let id = signed.credential.credential().id().unwrap_or_default().to_owned();
            fates.push((one.at, Fate::Issued(IssuedCopy { id, file })));
        }
        drop(packer);
        put_many(&SystemFiles, &self.folder, &puts, Access::Private)?;
        self.fates.extend(fates);
        Ok(())
    }

    /// Drafts the credential of a row. The outer error ends the run, the inner one is the row's.
    fn draft(
        &mut self,
        at: usize,
        status: &[StatusEntry],
        context: &Context,
    ) -> Result<Result<(Digest, Draft), Fault>, Failure> {
        let Some(mut content) = self.content(at).cloned() else {
            return Ok(Err(Fault::malformed(None, "cannot be read")));
        };
        if let Err(failure) = input::derive(self.terms.args, &mut content.claims, self.terms.now) {
            return Ok(Err(fault_of(failure)?));
        }
        if let Err(failure) = self.look_up(&content.subject, context) {
            let column = self.terms.args.rows.subject_column.as_deref().unwrap_or("subject");
            let fault = fault_of(failure)?;
            return Ok(Err(Fault { column: Some(format!("{column:?}")), ..fault }));
        }
        let Some((subject, key)) = self.subjects.get(&content.subject) else {
            return Ok(Err(Fault::malformed(None, "its subject is not known")));
        };
        let drafted = self.terms.draft((subject.as_ref(), key.as_ref()), &content.claims, status);
        let draft = match drafted {
            Ok(draft) => draft,
            Err(error) => return Ok(Err(self.fault_in(&error))),
        };
        if let Some(expected) = &self.terms.args.expect_ial {
            let about = (self.terms.own, key.as_ref());
            let value = draft.credential().value();
            if let Err(failure) = input::expect_level(expected, value, about, self.terms.now) {
                return Ok(Err(fault_of(failure)?));
            }
        }
        Ok(Ok((content.digest, draft)))
    }

    /// Finds a subject's DID and key; it is asked for once.
    fn look_up(&mut self, subject: &str, context: &Context) -> Result<(), Failure> {
        if self.subjects.contains_key(subject) {
            return Ok(());
        }
        if subject.is_empty() && self.terms.args.bearer {
            self.subjects.insert(String::new(), (None, None));
            return Ok(());
        }
        let did = identity::any(Some(self.terms.home), subject)?;
        let key = match document_now(&did, self.terms.home, context) {
            Ok(document) => {
                let method = document.methods_for(Relationship::Authentication).next();
                method.map(|method| method.key.clone())
            }
            // As with one credential: its key is not named then.
            Err(failure) if failure.code() == "did-not-at-hand" => None,
            Err(failure) => return Err(failure),
        };
        self.subjects.insert(subject.to_owned(), (Some(did), key));
        Ok(())
    }

    /// What a draft's error says about its row: of a broken schema, which columns break it.
    fn fault_in(&self, error: &DraftError) -> Fault {
        let column = match error {
            DraftError::Schema(SchemaError::Violated { violations }) => {
                let found = violations.iter().filter_map(|pointer| self.table.column_of(pointer));
                let columns: BTreeSet<&str> = found.collect();
                let columns: Vec<&str> = columns.into_iter().collect();
                (!columns.is_empty()).then(|| columns.join(", "))
            }
            DraftError::Reserved { name } => {
                self.table.column_of(&format!("/credentialSubject/{name}")).map(str::to_owned)
            }
            DraftError::Schema(_)
            | DraftError::Model(_)
            | DraftError::SubjectMismatch
            | DraftError::Keyword { .. }
            | DraftError::Member { .. }
            | DraftError::EvidenceMalformed { .. }
            | DraftError::EvidenceMismatch { .. }
            | DraftError::EvidenceStamped { .. } => None,
        };
        let failure = Failure::from_error(error.code(), error);
        Fault { code: failure.code(), column, message: failure.message().to_owned() }
    }

    /// Tells what became of the rows, and writes the report.
    fn finish(mut self, context: &Context, report: Option<&Path>) -> Result<Outcome, Failure> {
        for at in self.open() {
            self.fates.insert(at, Fate::Ready);
        }
        let rows = self.table.rows.iter().enumerate();
        let rows: Vec<(&Row, &Fate)> =
            rows.filter_map(|(at, row)| Some((row, self.fates.get(&at)?))).collect();
        let mut told = 0_usize;
        for (row, fate) in &rows {
            let Fate::Wrong(fault) = fate else { continue };
            told = told.saturating_add(1);
            if told <= TOLD {
                context.speech.warn(&told_of(row, fault));
            }
        }
        let lines: Vec<Value> = rows.iter().map(|(row, fate)| report::line(row, fate)).collect();
        if let Some(path) = report {
            report::write(path, &lines)?;
        }
        if told > TOLD {
            let others = told.saturating_sub(TOLD);
            context.speech.warn(&format!("and {others} more, which the report names"));
        }
        let counts = self.counts();
        context.speech.say(&format!("{}: {}", counted(lines.len()), counts.sentence()));
        if counts.issued > 0 || counts.earlier > 0 {
            say_of_served(self.terms.args, context);
        }
        let shown = report.map(|path| path.display().to_string());
        let human = shown.as_ref().map_or_else(String::new, |path| format!("{path}\n"));
        let members = json!({
            "credentialType": self.terms.args.credential_type, "issuer": self.terms.own.did, "report": shown,
            "out": self.folder.display().to_string(), "dryRun": self.terms.args.write.dry_run, "issued": counts.issued,
            "earlier": counts.earlier, "ready": counts.ready, "held": counts.held, "wrong": counts.wrong, "rows": lines,
        });
        let exit = if counts.wrong > 0 { WRONG } else { 0 };
        Ok(Outcome::new("inkan-rows/1", human, members).stream("rows").exit(exit))
    }
}

fn counted(rows: usize) -> String {
    match rows {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    }
}

/// The exit code when a row is wrong: that of a malformed file.
const WRONG: u8 = 8;

/// Where a row is wrong, and what.
fn told_of(row: &Row, fault: &Fault) -> String {
    let column = fault.column.as_ref().map_or_else(String::new, |name| format!(", column {name}"));
    format!("row {}, line {}{column}: {} [{}]", row.number, row.line, fault.message, fault.code)
}

/// Takes a failure as a row's, unless it concerns every row: what cannot be reached, or a fault of ours.
fn fault_of(failure: Failure) -> Result<Fault, Failure> {
    match failure.exit() {
        1 | 6 | 7 | 18 => Err(failure),
        _ => {
            Ok(Fault { code: failure.code(), column: None, message: failure.message().to_owned() })
        }
    }
}

/// Signs on all cores; answers in order.
fn sign_all(
    terms: &Terms<'_>,
    drafts: Vec<(usize, Digest, Draft, Vec<StatusEntry>)>,
) -> Vec<(usize, Result<Made, Failure>)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let share = drafts.len().div_ceil(threads).max(1);
    let mut shares: Vec<Vec<_>> = Vec::new();
    let mut rest = drafts;
    while !rest.is_empty() {
        let later = rest.split_off(share.min(rest.len()));
        shares.push(std::mem::replace(&mut rest, later));
    }
    std::thread::scope(|scope| {
        let sign = |share: Vec<(usize, Digest, Draft, Vec<StatusEntry>)>| {
            scope.spawn(move || -> Vec<_> {
                share.into_iter().map(|one| (one.0, sign_one(terms, one))).collect()
            })
        };
        let threads: Vec<_> = shares.into_iter().map(sign).collect();
        let joined = threads.into_iter().flat_map(|thread| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect()
    })
}

fn sign_one(
    terms: &Terms<'_>,
    (at, content, draft, status): (usize, Digest, Draft, Vec<StatusEntry>),
) -> Result<Made, Failure> {
    let issued = terms.sign(draft)?;
    let (entry, record) = (terms.entry(&issued)?, terms.record(&issued, &status));
    Ok(Made { at, content, issued, entry, record })
}

/// `row-000007.json`.
fn file_name(row: u64, ending: &str) -> String {
    format!("row-{row:06}.{ending}")
}
