//! `inkan ledger record --batch`: one entry for many records, and for each record a receipt of its own.
//!
//! What a receipt shows afterwards, offline: this record, byte for byte, was under the root that the entry commits to.
//! Salts exist in the receipts alone; until those are there the profile keeps them, written with the entry. A run that is
//! interrupted between entry and receipts is typed again, and goes on under the same salts, hence with the same entry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_core::{Digest, json, sha256};
use inkan_io::files::layer::{Put, put_many};
use inkan_io::files::{self, Access, SystemFiles};
use inkan_io::intent::Intent;
use inkan_io::os_rng::OsRng;
use inkan_ledger::{AnchorScope, Claims, RecordBatch};
use serde_json::{Value, json};

use crate::args::{OutArgs, RecordArgs, RecordScope, WriteArgs};
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::pending::Pending;

/// The largest record in bytes.
pub(in crate::commands::ledger) const RECORD_LIMIT: usize = 256 << 20;
/// Bytes of the name of a receipt; while it is written it has a longer one, and no file system takes more than 255.
const NAME_LIMIT: usize = 220;
/// Receipts that are open, and made durable, together.
const AT_ONCE: usize = 256;
/// The most records of a batch: the profile must be able to keep their salts.
const MOST: usize = 500_000;
/// How the receipt of a file is called.
const SUFFIX: &str = ".inkan-receipt.json";

pub(super) fn run(args: &RecordArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home_of(args.identity.as_deref())?;
    let targets = targets(args, context)?;
    for target in &targets {
        context.check_out(&args.out.named(&target.receipt))?;
    }
    let mut records: Vec<Digest> = Vec::new();
    for target in &targets {
        records.push(sha256(&[&files::read(&target.record, RECORD_LIMIT)?]));
    }
    let pending = pending(args, &records)?;
    let mut writing = Writing::begin(context, &home)?;
    let own = identity::own(&home, args.identity.as_deref())?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let Some(scid) = hand.method.did().scid() else {
        return Err(super::malformed("--as", "a DID of this method cannot write to the ledger"));
    };
    let scope = scope_of(args.scope.unwrap_or(RecordScope::Dataset));
    let kept = pending.find(&home)?.filter(|_| !args.write.dry_run);
    let salts = match &kept {
        Some(kept) => Salts::from_value(kept, records.len(), args.public).ok_or_else(|| {
            super::malformed("the profile", "what it kept of this batch is damaged")
        })?,
        None => Salts::draw(records.len(), args.public),
    };
    let none = || CliError::Usage("--batch names no record: the folder is empty".to_owned());
    let salted = records.into_iter().zip(salts.records.iter().copied());
    let batch = RecordBatch::new(salted).ok_or_else(none)?;
    let root_salt = salts.root;
    let claims = match &root_salt {
        Some(salt) => batch.committed(scope, scid, salt),
        None => batch.public(scope),
    };
    let entry =
        ledgers::entry(&Claims::Anchor(claims), &hand.method, hand.key, &home, context.now())?;
    let command = "ledger record --batch".to_owned();
    let record = pending.record(&command, salts.to_value());
    let intent =
        Intent { command, entries: vec![entry], records: vec![record], ..Intent::default() };
    if args.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    if kept.is_some() {
        context.speech.warn("an earlier run was interrupted before its receipts were written: goes on with its entry");
    }
    let accepted = writing.commit(&intent)?;
    let missing = || CliError::Fault("the ledger took the entry and named no place".to_owned());
    let index = accepted.first().ok_or_else(missing)?.leaf_index;
    let receipt = writing.reading()?.view().receipt(index)?;
    let mut folders: BTreeMap<PathBuf, Vec<Put>> = BTreeMap::new();
    for (target, place) in targets.iter().zip(0_u64..) {
        let opening = batch.opening(place, root_salt).map_err(|error| {
            Failure::from(CliError::Fault(format!("a record without a place: {error}")))
        })?;
        let text = format!("{:#}\n", receipt.clone().with_opening(opening).to_value());
        let put = Put { path: target.receipt.clone(), bytes: text.into_bytes() };
        let folder = target.receipt.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        folders.entry(folder.to_path_buf()).or_default().push(put);
    }
    for (folder, receipts) in &folders {
        for some in receipts.chunks(AT_ONCE) {
            put_many(&SystemFiles, folder, some, Access::Private)?;
        }
    }
    pending.done(&home)?;
    let (count, origin) = (targets.len(), &home.settings.origin);
    let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
    context.speech.say(&format!("registered {records} as entry {index} of {origin}"));
    let shown = |target: &Target| json!({ "record": target.record.display().to_string(), "receipt": target.receipt.display().to_string() });
    let members = json!({
        "entry": index, "registrant": own.did, "scope": scope.name(), "root": batch.root().to_hex(), "public": args.public,
        "records": targets.iter().map(shown).collect::<Vec<_>>(),
    });
    let lines = targets.iter().map(|target| format!("{}\n", target.receipt.display()));
    Ok(Outcome::new("inkan-batch-registration/1", lines.collect::<String>(), members))
}

/// When two commands register the same: all that was typed, but for where receipts go, over files with the same bytes.
fn pending(args: &RecordArgs, records: &[Digest]) -> Result<Pending, Failure> {
    if records.len() > MOST {
        let many = format!("{} records; a batch has at most {MOST}", records.len());
        return Err(CliError::Usage(many).into());
    }
    let write = WriteArgs { dry_run: false, yes: false };
    let same = RecordArgs { out: OutArgs::nowhere(), write, ..args.clone() };
    let digests: Vec<Value> = records.iter().map(|digest| digest.to_hex().into()).collect();
    Pending::of("ledger record --batch", &format!("{same:?}"), &[&Value::Array(digests)])
}

/// What makes a batch say nothing to those who have no receipt: a salt for each record, and one for the root.
struct Salts {
    records: Vec<[u8; 16]>,
    root: Option<[u8; 16]>,
}

impl Salts {
    fn draw(count: usize, public: bool) -> Self {
        let salt = || inkan_core::rng::draw(&mut OsRng);
        Self { records: (0..count).map(|_| salt()).collect(), root: (!public).then(salt) }
    }

    fn to_value(&self) -> Value {
        json!({ "salts": b64u(self.records.as_flattened()), "rootSalt": self.root.map(|salt| b64u(&salt)) })
    }

    fn from_value(value: &Value, count: usize, public: bool) -> Option<Self> {
        let bytes = decode_b64u(json::text(value, "salts")?).ok()?;
        let (records, rest) = bytes.as_chunks::<16>();
        let root = match json::text(value, "rootSalt") {
            Some(text) => Some(decode_b64u(text).ok()?.try_into().ok()?),
            None => None,
        };
        let fits = rest.is_empty() && records.len() == count && root.is_none() == public;
        fits.then(|| Self { records: records.to_vec(), root })
    }
}

/// A record, and where its receipt will be.
struct Target {
    record: PathBuf,
    receipt: PathBuf,
}

/// The records that were named, in the order they were named in; of a folder its files, by name.
fn targets(args: &RecordArgs, context: &Context) -> Result<Vec<Target>, Failure> {
    let mut records = Vec::new();
    for named in &args.batch {
        let path = Path::new(named);
        if path.is_dir() {
            let mut names = files::list(path, "")?;
            names.retain(|name| !name.ends_with(SUFFIX));
            names.sort_unstable();
            let (found, left): (Vec<_>, Vec<_>) =
                names.iter().map(|name| path.join(name)).partition(|path| path.is_file());
            for left in left {
                context.speech.warn(&format!("left out, since it is no file: {}", left.display()));
            }
            records.extend(found);
        } else {
            records.push(path.to_path_buf());
        }
    }
    let mut taken = BTreeSet::new();
    let mut targets = Vec::new();
    for record in records {
        let name = record.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = format!("{}{SUFFIX}", name.unwrap_or_default());
        if name.len() > NAME_LIMIT {
            let long = format!("the name of {} is too long for its receipt", record.display());
            return Err(CliError::Usage(long).into());
        }
        let receipt = match args.out.path() {
            Some(folder) => Path::new(folder).join(name),
            None => record.with_file_name(name),
        };
        if !taken.insert(receipt.clone()) {
            let twice = format!("two records would have the receipt {}", receipt.display());
            return Err(CliError::Usage(twice).into());
        }
        targets.push(Target { record, receipt });
    }
    Ok(targets)
}

const fn scope_of(scope: RecordScope) -> AnchorScope {
    match scope {
        RecordScope::Document => AnchorScope::Document,
        RecordScope::Firmware => AnchorScope::Firmware,
        RecordScope::Dataset => AnchorScope::Dataset,
        RecordScope::Model => AnchorScope::Model,
        RecordScope::Other => AnchorScope::Other,
    }
}
