//! `inkan ledger prove`: that an entry is in the ledger, as a file for others, or as a picture.
//!
//! Whatever the form: the receipt was verified under the pinned policy before anything of it is shown.

use inkan_io::ledger_source::SourceView;
use inkan_ledger::tree::verify_consistency;
use inkan_ledger::{
    EntryId, Receipt, VerifiedCheckpoint, VerifiedLeaf, verify_checkpoint, verify_receipt_under,
};
use serde_json::{Value, json};

use super::newest;
use crate::args::{ProofForm, ProveArgs};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;
use crate::merkle;
use crate::output::Outcome;
use crate::render::merkle::{Path, svg, tree};
use crate::render::report::moment;
use crate::render::safe;

pub(super) fn run(args: &ProveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    if newest::is_asked(&args.newest) {
        return newest::prove(args, context);
    }
    if args.newest.at.is_some() {
        let usage =
            "--at is about a proof of the newest: --current, --act, --status, --trust or --once";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let entry = args.entry.as_deref().unwrap_or_default();
    let home = context.home()?;
    let reading = Reading::open(&home, context)?;
    let index = index_of(entry, reading.view())?;
    let prover = Prover { reading: &reading, home: &home, context };
    let (receipt, growth) = match args.to {
        None => (reading.view().receipt(index)?, None),
        Some(size) => prover.at(index, size)?,
    };
    let leaf = prover.verified(&receipt)?;
    if leaf.leaf_index() != index {
        return Err(CliError::EntryUnknown { entry: entry.to_owned() }.into());
    }
    let steps = merkle::steps(leaf.leaf_hash(), leaf.tree_size(), receipt.proof().path());
    let vouched = vouched(leaf.checkpoint());
    let path = Path {
        origin: leaf.origin(),
        index,
        size: leaf.tree_size(),
        kind: leaf.leaf().kind().name(),
        leaf: leaf.leaf_hash().into_node(),
        steps: &steps,
        vouched: &vouched,
    };
    let mut members = members(&leaf, growth.as_ref(), args);
    let text = match args.form {
        ProofForm::Receipt => {
            members.insert("receipt".to_owned(), receipt.to_value());
            format!("{:#}\n", receipt.to_value())
        }
        ProofForm::TlogProof => {
            members.insert("proof".to_owned(), receipt.proof().to_string().into());
            receipt.proof().to_string()
        }
        ProofForm::Svg => {
            members.insert("svg".to_owned(), svg(&path).into());
            svg(&path)
        }
        ProofForm::Text => {
            let grown = growth.as_ref().map(Growth::sentence).unwrap_or_default();
            format!("{}{grown}", tree(&path))
        }
        ProofForm::Cose => return cose(&reading, &leaf, members, args, context),
    };
    context.speech.detail(&path.sentence());
    if let Some(growth) = growth.as_ref().filter(|_| args.form != ProofForm::Text) {
        context.speech.say(growth.sentence().trim_end());
    }
    let human = context.deliver(text, args.out.path())?;
    Ok(Outcome::new("inkan-ledger-proof/1", human, Value::Object(members)))
}

/// An index as it is, or where the entry with this id stands.
fn index_of(entry: &str, view: &SourceView) -> Result<u64, Failure> {
    let unknown = || CliError::EntryUnknown { entry: entry.to_owned() };
    let index = match entry.parse::<u64>() {
        Ok(index) => index,
        Err(_) => {
            let usage = format!(
                "{:?} is neither an index nor an entry id, which has 64 hexadecimal digits",
                safe(entry, 80)
            );
            let id = EntryId::from_hex(entry).map_err(|_| CliError::Usage(usage))?;
            view.lookup(&id)?.ok_or_else(unknown)?
        }
    };
    if index < view.size() { Ok(index) } else { Err(unknown().into()) }
}

struct Prover<'a> {
    reading: &'a Reading,
    home: &'a Home,
    context: &'a Context,
}

impl Prover<'_> {
    /// The receipt in the tree of `size`, and that this tree continues the first one that had the entry.
    fn at(&self, index: u64, size: u64) -> Result<(Receipt, Option<Growth>), Failure> {
        let unknown = || CliError::NoCheckpointOf { size };
        let view = self.reading.source().view_of(size)?.ok_or_else(unknown)?;
        if index >= size {
            return Err(CliError::EntryUnknown { entry: format!("{index} below {size}") }.into());
        }
        let first = self.verified(&view.receipt(index)?)?;
        let last = self.checkpoint(view.note())?;
        let (old, new) = (first.checkpoint().head(), last.head());
        let hashes = view.consistency(old.tree_size)?;
        verify_consistency(&old, &new, &hashes)
            .map_err(|error| Failure::from_error(error.code(), &error))?;
        let hashes = hashes.iter().map(|hash| hash.digest().to_b64u()).collect();
        let growth = Growth { from: old.tree_size, to: new.tree_size, hashes };
        Ok((view.receipt_here(index)?, Some(growth)))
    }

    fn verified(&self, receipt: &Receipt) -> Result<VerifiedLeaf, Failure> {
        Ok(verify_receipt_under(receipt, &self.checkpoint(receipt.note())?)?)
    }

    fn checkpoint(&self, note: &inkan_ledger::SignedNote) -> Result<VerifiedCheckpoint, Failure> {
        let policy = super::status::policy_of(self.reading.source().origin(), self.home)?;
        Ok(verify_checkpoint(note, &policy, self.context.now())?)
    }
}

/// That a tree continues another one.
#[derive(Debug)]
struct Growth {
    from: u64,
    to: u64,
    hashes: Vec<String>,
}

impl Growth {
    fn sentence(&self) -> String {
        let Self { from, to, hashes } = self;
        if from == to {
            return format!("It came with this very tree of {to} entries.\n");
        }
        let hashes = hashes.len();
        format!("The tree of {to} entries continues that of {from}: {hashes} hashes prove it.\n")
    }
}

/// Who vouches for a checkpoint, in a few words.
fn vouched(checkpoint: &VerifiedCheckpoint) -> String {
    let grade = checkpoint.grades();
    match checkpoint.existed_by() {
        Some(time) => format!("{grade} by {}", moment(&time.to_string())),
        None => "by the operator's word alone".to_owned(),
    }
}

fn members(
    leaf: &VerifiedLeaf,
    growth: Option<&Growth>,
    args: &ProveArgs,
) -> serde_json::Map<String, Value> {
    let growth = growth
        .map(|growth| json!({ "from": growth.from, "to": growth.to, "hashes": growth.hashes }));
    let value = json!({
        "origin": leaf.origin(), "index": leaf.leaf_index(), "size": leaf.tree_size(),
        "root": leaf.root_hash().digest().to_hex(), "kind": leaf.leaf().kind().name(),
        "leafHash": leaf.leaf_hash().digest().to_hex(), "consistency": growth,
        "existedBy": leaf.existed_by().map(|time| time.to_string()),
        "grade": leaf.checkpoint().grades().list().iter().map(ToString::to_string).collect::<Vec<_>>(), "out": args.out.path(),
    });
    value.as_object().cloned().unwrap_or_default()
}

/// Binary: into a file, or into a pipe only as what JSON can hold.
fn cose(
    reading: &Reading,
    leaf: &VerifiedLeaf,
    mut members: serde_json::Map<String, Value>,
    args: &ProveArgs,
    context: &Context,
) -> Result<Outcome, Failure> {
    let (index, size) = (leaf.leaf_index(), leaf.tree_size());
    let Some(bytes) = reading.source().cose_receipt(index, size)? else {
        return Err(CliError::CoseMissing.into());
    };
    let text = inkan_core::encoding::b64u(&bytes);
    members.insert("cose".to_owned(), text.into());
    let Some(path) = args.out.path().filter(|path| *path != "-") else {
        if context.speech.machine() {
            return Ok(Outcome::new("inkan-ledger-proof/1", String::new(), Value::Object(members)));
        }
        let usage = "a COSE Receipt is binary: name a file with --out, or ask for --json";
        return Err(CliError::Usage(usage.to_owned()).into());
    };
    inkan_io::files::write_atomic(
        std::path::Path::new(path),
        &bytes,
        inkan_io::files::Access::Private,
    )?;
    context.speech.say(&format!("wrote {path}"));
    Ok(Outcome::new("inkan-ledger-proof/1", String::new(), Value::Object(members)))
}
