//! `inkan anchor check`: was this very file anchored, since when, by whom; and of a folder, what is changed, missing or new.
//!
//! First whose anchor it is, then what it commits to, then the bytes: a proof that is forged is told before a file that was changed.

mod folder;
pub(in crate::commands) mod reported;

use std::fs::File;
use std::path::{Component, Path};

use inkan_io::anchoring::PackFile;
use inkan_io::anchoring::hash_stream;
use inkan_io::anchoring::pack::Packed;
use inkan_io::files::{self, FileError};
use inkan_ledger::AnchorError;
use inkan_ledger::anchored::proof::PROOF_LIMIT;
use inkan_ledger::anchored::{
    AnchorEvidence, AnchorProof, AnchoredBy, Content, ProvedAnchor, RecordProof,
};
use serde_json::{Map, Value, json};

use self::reported::{Lookout, Reported};
use crate::args::AnchorCheckArgs;
use crate::catalogue;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers;
use crate::output::Outcome;
use crate::render::report::moment;
use crate::render::{Mark, safe};

/// Code of an anchor whose key was in other hands by then.
const KEY_COMPROMISED: &str = "key-compromised";
/// The same in words.
const COMPROMISED: &str = "nothing shows that it was anchored before its key was in other hands";

pub(super) fn run(args: &AnchorCheckArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let is_folder = args.path != "-" && Path::new(&args.path).is_dir();
    match (&args.proof, &args.pack) {
        (Some(_), _) if is_folder => {
            let usage = "a proof is of one record: check a folder against a pack (--pack)";
            Err(CliError::Usage(usage.to_owned()).into())
        }
        (_, Some(pack)) if is_folder => {
            folder::run(args, pack, &home, context).map_err(|failure| a_proof(pack, failure))
        }
        (Some(proof), _) => {
            let bytes = files::read(Path::new(proof), PROOF_LIMIT)?;
            let proof = AnchorProof::parse(&bytes)
                .map_err(|error| Failure::from(error).during(safe(proof, 200)))?;
            let found = content_of(&args.path)?;
            one(&proof.record, &proof.evidence, &found, (args, &home), context)
        }
        (None, Some(pack)) => {
            let pack =
                PackFile::open(Path::new(pack)).map_err(|error| a_proof(pack, error.into()))?;
            let found = content_of(&args.path)?;
            let packed = record_of(args, &pack, &found)?;
            let unknown = || Failure::from(AnchorError::Unknown("such scope"));
            let evidence = pack.head().evidence.get(packed.scope).ok_or_else(unknown)?;
            one(&pack.proof(&packed)?, evidence, &found, (args, &home), context)
        }
        (None, None) => Err(CliError::Usage("name a proof or a pack".to_owned()).into()),
    }
}

/// What is given as a pack may be a proof.
fn a_proof(path: &str, failure: Failure) -> Failure {
    let bytes = files::read(Path::new(path), PROOF_LIMIT).unwrap_or_default();
    if failure.code() != "anchor-pack-malformed" || AnchorProof::parse(&bytes).is_err() {
        return failure;
    }
    let usage = format!("{} is a proof of one record, and no pack: --proof", safe(path, 200));
    CliError::Usage(usage).into()
}

/// An anchor that verified, and who made it.
struct Anchored {
    proved: ProvedAnchor,
    by: AnchoredBy,
    reported: Reported,
}

impl Anchored {
    /// Checks everything that needs no record.
    fn judge(
        evidence: &AnchorEvidence,
        lookout: &mut Lookout,
        (home, context): (&Home, &Context),
    ) -> Result<Self, Failure> {
        let now = context.now();
        let proved = ledgers::verify_pinned(home, |policy| evidence.verify(policy, now))?;
        let by = proved.signer()?;
        let mut anchored = Self { proved, by, reported: Reported::NotLooked };
        anchored.reported = lookout.look(&anchored, (home, context))?;
        Ok(anchored)
    }

    /// Whether its key was in other hands by then, as far as anybody told.
    const fn is_compromised(&self) -> bool {
        matches!(self.reported, Reported::Compromised(..))
    }

    /// Since when, by whom.
    fn lines(&self) -> String {
        let leaf = self.proved.leaf();
        let since = match leaf.existed_by() {
            Some(time) => {
                let operators: Vec<String> = leaf.operators().into_iter().collect();
                let who = if operators.is_empty() {
                    "no independent cosigner".to_owned()
                } else {
                    operators.join(", ")
                };
                format!("{} ({}: {who})", moment(&time.to_string()), leaf.grades())
            }
            None => {
                let time = moment(&leaf.leaf().time().to_string());
                format!("{time} by the operator's word alone")
            }
        };
        let key = self.by.key.rsplit_once('#').map_or("", |(_, fragment)| fragment);
        let mut lines = format!(
            "  since   {since}\n  by      {}\n  key     #{}, in force at the entry (version {})\n",
            safe(&self.by.did, 200),
            safe(key, 80),
            safe(self.by.version.split('-').next().unwrap_or_default(), 20),
        );
        if let Some(index) = self.by.replaced_at {
            lines.push_str(&format!("          replaced since, by entry {index}\n"));
        }
        lines.push_str(&self.reported.line());
        lines
    }

    /// Where it is.
    fn place(&self) -> String {
        let leaf = self.proved.leaf();
        format!("  entry   {} of {}\n", leaf.leaf_index(), safe(leaf.origin(), 100))
    }

    fn members(&self) -> Map<String, Value> {
        let leaf = self.proved.leaf();
        let value = json!({
            "origin": leaf.origin(), "entry": leaf.leaf_index(),
            "existedBy": leaf.existed_by().map(|time| time.to_string()),
            "grade": leaf.grades().list().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "leafTime": { "time": leaf.leaf().time().to_string(), "basis": "claimed" },
            "signer": self.by.did, "key": self.by.key, "version": self.by.version,
            "replacedAt": self.by.replaced_at,
            "reportsLookedFor": self.reported != Reported::NotLooked,
            "reported": self.reported.to_value(),
        });
        value.as_object().cloned().unwrap_or_default()
    }
}

fn one(
    record: &RecordProof,
    evidence: &AnchorEvidence,
    found: &Content,
    (args, home): (&AnchorCheckArgs, &Home),
    context: &Context,
) -> Result<Outcome, Failure> {
    let mut lookout = Lookout::open(home, context)?;
    let anchored = Anchored::judge(evidence, &mut lookout, (home, context))?;
    record.check_entry(anchored.proved.entry())?;
    let changed = record.check_content(found).err();
    let (mark, said) = match &changed {
        None if anchored.is_compromised() => {
            (Mark::Fail, format!("is unchanged, and {COMPROMISED}"))
        }
        None => (Mark::Pass, "is unchanged since it was anchored".to_owned()),
        Some(_) if found.length == record.content.length => {
            (Mark::Fail, "is not what was anchored: other bytes".to_owned())
        }
        Some(_) => {
            let length = record.content.length;
            (Mark::Fail, format!("is not what was anchored: {length} bytes then"))
        }
    };
    let file = if args.path == "-" { "standard input" } else { &args.path };
    let mut human = format!("{} {} {said}\n", mark.painted(), safe(file, 200));
    human.push_str(&format!(
        "  record  {} of scope {}, {} bytes\n",
        safe(record.name.as_str(), 200),
        safe(record.scope.as_str(), 64),
        record.content.length,
    ));
    human.push_str(&anchored.lines());
    human.push_str(&anchored.place());
    let mut members = anchored.members();
    members.insert("file".to_owned(), file.into());
    members.insert("record".to_owned(), record.name.as_str().into());
    members.insert("scope".to_owned(), record.scope.as_str().into());
    members.insert("length".to_owned(), record.content.length.into());
    let state = if changed.is_some() { "changed" } else { "unchanged" };
    members.insert("state".to_owned(), state.into());
    let exit = match &changed {
        Some(error) => put_code(&mut members, error.code()),
        None if anchored.is_compromised() => put_code(&mut members, KEY_COMPROMISED),
        None => 0,
    };
    Ok(Outcome::new("inkan-anchor-check/1", human, members.into()).exit(exit))
}

/// Adds a code with its number, and gives its exit code.
fn put_code(members: &mut Map<String, Value>, code: &'static str) -> u8 {
    let entry = catalogue::find(code);
    members.insert("code".to_owned(), code.into());
    members.insert("number".to_owned(), entry.as_ref().map(|entry| entry.number.clone()).into());
    entry.map_or(1, |entry| entry.exit)
}

fn content_of(path: &str) -> Result<Content, Failure> {
    if path == "-" {
        let read = hash_stream(std::io::stdin().lock());
        return Ok(read.map_err(|error| FileError::from_io(Path::new("standard input"), error))?);
    }
    let path = Path::new(path);
    let read = File::open(path).and_then(hash_stream);
    Ok(read.map_err(|error| FileError::from_io(path, error))?)
}

/// The record that a file should be: by the name that is given, else by the end of its path, longest first, else by its bytes.
fn record_of(args: &AnchorCheckArgs, pack: &PackFile, found: &Content) -> Result<Packed, Failure> {
    if let Some(name) = &args.record {
        return choose(pack.find(name)?, found)
            .ok_or_else(|| unknown(&format!("record {}", safe(name, 200))));
    }
    let whole = std::fs::canonicalize(&args.path).unwrap_or_default();
    let parts: Vec<&str> = whole
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => part.to_str(),
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => None,
        })
        .collect();
    let mut named = None;
    for from in 0..parts.len() {
        let name = parts.get(from..).unwrap_or_default().join("/");
        if let Some(packed) = choose(pack.find(&name)?, found) {
            if packed.row.content == *found {
                return Ok(packed);
            }
            named.get_or_insert(packed);
        }
    }
    // Another record may have the same bytes: then it was anchored, under another name.
    let mut same = None;
    for scope in 0..pack.head().scopes.len() {
        pack.each(scope, |packed| -> Result<(), Failure> {
            if same.is_none() && packed.row.content == *found {
                same = Some(packed);
            }
            Ok(())
        })?;
    }
    same.or(named).ok_or_else(|| unknown("record of this name, and none with these bytes"))
}

/// Of records with the same name, that with the same bytes.
fn choose(found: Vec<Packed>, content: &Content) -> Option<Packed> {
    let same = found.iter().position(|packed| packed.row.content == *content).unwrap_or(0);
    found.into_iter().nth(same)
}

fn unknown(what: &str) -> Failure {
    let code = AnchorError::Unknown("such record").code();
    Failure::new(code, format!("the pack has no {what}"))
}
