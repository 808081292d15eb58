//! `inkan ledger record`: registers the act of a countersigner whose DID is not on the ledger, in the name of one of ours.
//!
//! What it shows afterwards is time: that the countersignature existed when it was registered. All states of an act have
//! one registrant, so whoever may want to withdraw uses a DID of their own. With `--batch` it registers files instead.

pub(super) mod batch;

use inkan_credential::Opening;
use inkan_credential::countersignature::{self, Countersignature};
use inkan_did::Did;
use inkan_io::intent::{Intent, RecordDraft};
use inkan_io::os_rng::OsRng;
use inkan_io::profile::Shelf;
use inkan_ledger::{ActId, Claims, Kind, commitment};
use serde_json::json;

use crate::args::RecordArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::ledgers::{self, Reading, Writing, dry_run_lines};
use crate::output::Outcome;
use crate::packing::{self, FreshRecord};
use crate::render::report::short_did;
use crate::wallet;

pub(super) fn run(args: &RecordArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if !args.batch.is_empty() {
        return batch::run(args, context);
    }
    if args.public || args.scope.is_some() {
        let usage = "--public and --scope are for --batch, which names the files";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    context.check_out(&args.out)?;
    let home = context.home_of(args.identity.as_deref())?;
    let input = context.input(args.file.as_deref())?;
    let mut bundle = wallet::read_bundle(&input)?;
    let mut writing = Writing::begin(context, &home)?;
    let credential = wallet::credential_of(&bundle, &input.name)?.clone();
    let acts = countersignature::list(&credential, &bundle.countersignatures)?;
    let reading = writing.reading()?;
    let mut foreign = Vec::new();
    for act in acts {
        if act.covers(&credential).is_ok() && !registers_itself(&act, &reading)? {
            foreign.push(act);
        }
    }
    let act = match foreign.as_slice() {
        [act] => act,
        [] => {
            let detail = "no countersignature in it is by somebody whose DID is not on the ledger";
            return Err(malformed(&input.name, detail));
        }
        _ => return Err(malformed(&input.name, "several countersignatures could be meant")),
    };
    if act.log() != home.settings.origin {
        let detail =
            format!("the act is made out to {}, not to {}", act.log(), home.settings.origin);
        return Err(malformed(&input.name, &detail));
    }
    let own = identity::own(&home, args.identity.as_deref())?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let opening = Opening {
        format: act.digest_format(),
        digest: act.digest(),
        salt: inkan_core::rng::draw(&mut OsRng),
    };
    let intent = compose(act, &opening, (&hand, &home), &bundle, context)?;
    if args.write.dry_run {
        let (human, members) = dry_run_lines(&intent);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    context.speech.say(&format!(
        "registers the act of {} in the name of {}: only you can continue it there",
        short_did(act.signer()),
        own.name
    ));
    let accepted = writing.commit(&intent)?;
    let index = accepted.first().map(|accepted| accepted.leaf_index);
    let fresh: Vec<FreshRecord> =
        index.map(|index| FreshRecord { index, opening }).into_iter().collect();
    packing::pack(&mut bundle, &writing.reading()?, &fresh)?;
    let place = index.map(|index| format!(" as entry {index} of {}", home.settings.origin));
    context.speech.say(&format!("registered{}", place.unwrap_or_default()));
    let human = context.deliver(wallet::written(&bundle, false), args.out.path())?;
    let members = json!({
        "entry": index, "registrant": own.did, "signer": act.signer(), "out": args.out.path(),
        "role": act.role().as_str(), "act": ActId::from_bytes(*act.act()).to_b64u(),
    });
    let outcome = Outcome::new("inkan-registration/1", human, members);
    Ok(if args.out.path().is_some() { outcome } else { outcome.with("bundle", bundle.to_value()) })
}

/// Whether the countersigner's DID is on this ledger: then the act is theirs to record.
fn registers_itself(act: &Countersignature, reading: &Reading) -> Result<bool, Failure> {
    let did = Did::parse(act.signer())?;
    let Some(scid) = did.scid() else { return Ok(false) };
    Ok(reading.view().did_current(scid)?.claimed_head().is_some())
}

fn compose(
    act: &Countersignature,
    opening: &Opening,
    (hand, home): (&Hand<'_>, &Home),
    bundle: &inkan_credential::Bundle,
    context: &Context,
) -> Result<Intent, Failure> {
    let scid = hand.method.did().scid().map(str::to_owned);
    let unable = || malformed("--as", "a DID of this method cannot write to the ledger");
    let scid = scid.ok_or_else(unable)?;
    let kind = Kind::Countersignature;
    let claims = Claims::Countersignature {
        commitment: commitment(kind, &scid, &opening.salt, &opening.digest),
        act: ActId::from_bytes(*act.act()),
        sequence: 1,
    };
    let entry = ledgers::entry(&claims, &hand.method, hand.key, home, context.now())?;
    let digest = wallet::credential_of(bundle, "input")?.issuance_digest();
    let record = RecordDraft {
        shelf: Shelf::Wallet,
        name: wallet::name_of(&digest),
        record: bundle.to_value(),
    };
    Ok(Intent {
        command: "ledger record".to_owned(),
        entries: vec![entry],
        records: vec![record],
        ..Intent::default()
    })
}

fn malformed(file: &str, detail: &str) -> Failure {
    CliError::InputMalformed { file: file.to_owned(), detail: detail.to_owned() }.into()
}
