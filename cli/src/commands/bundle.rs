//! `inkan bundle pack | check | upgrade`: evidence that is kept.
//!
//! `pack` gathers what `verify` would gather, and keeps it; `check` says what is there without judging it; `upgrade` has
//! what is there attested again, by keys of today. A file is replaced as a whole or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use inkan_core::Timestamp;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::{ConsentReceipt, SecuredCredential};
use inkan_evidence::registry::declared;
use inkan_io::files::{self, Access};
use inkan_io::gather::{Copies, Network, Sources, from_bundle, gather};
use inkan_io::keep::{self, KeepError};
use inkan_ledger::{Checkpoint, Leaf, SignedNote};
use inkan_verifier::{Material, Want, plan, with_successors};
use serde_json::{Value, json};

use super::consent;
use super::did::parse_time;
use super::timestamp;
use super::verify::schemas;
use crate::args::{BundleCheckArgs, BundleCommand, BundlePackArgs, BundleUpgradeArgs};
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::ledgers::Reading;
use crate::output::Outcome;
use crate::registries;
use crate::render::{safe, short};
use crate::wallet;

/// Exit code of what cannot tell.
const INCOMPLETE: u8 = 19;

pub(super) fn run(command: &BundleCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        BundleCommand::Pack(args) => pack(args, context),
        BundleCommand::Check(args) => check(args, context),
        BundleCommand::Upgrade(args) => upgrade(args, context),
    }
}

impl From<KeepError> for Failure {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Ledger(error) => error.into(),
            KeepError::Receipt(error) => error.into(),
            KeepError::Checkpoint => Self::new("bundle-malformed", error.to_string()),
        }
    }
}

fn pack(args: &BundlePackArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let mut bundle = wallet::read_bundle(&input)?;
    let now = context.now();
    let as_of = args.at.as_deref().map(parse_time).transpose()?.unwrap_or(now);
    context.check_out(&args.out)?;
    for named in &args.consents {
        let receipt = consent::find(named, &home, context)?;
        add_consent(&mut bundle, &receipt, named)?;
    }
    let mut reading = Reading::open(&home, context)?;
    let network = if args.offline { Network::Offline } else { Network::Ask };
    if args.offline {
        reading = reading.offline();
    }
    fill(&mut bundle, &reading, (&home, &*context), network, as_of)?;
    let lacks = Contents::of(&bundle);
    for secured in bundle.artefact.credentials() {
        let made = secured.signed_at().or_else(|| secured.credential().valid_from());
        if let Some(made) = made.filter(|made| *made > as_of) {
            context.speech.warn(&format!(
                "as of {as_of} there was nothing to keep: the credential is of {made}"
            ));
        }
    }
    let human = context.deliver(wallet::written(&bundle, false), args.out.path())?;
    for missing in &lacks.missing {
        context.speech.warn(&format!("not in it: {}", safe(missing, 300)));
    }
    let outcome = Outcome::new("inkan-bundle-contents/1", human, lacks.to_value())
        .with("asOf", as_of.to_string())
        .with("out", args.out.path());
    Ok(if args.out.path().is_some() { outcome } else { outcome.with("bundle", bundle.to_value()) })
}

/// A consent says which presentation it is about: in a bundle of anything else it would mislead.
fn add_consent(bundle: &mut Bundle, receipt: &ConsentReceipt, named: &str) -> Result<(), Failure> {
    if !bundle.is_about(receipt) {
        let message = format!("the consent {named:?} is not about what is packed");
        return Err(Failure::new("consent-of-another-presentation", message)
            .try_this("pack the presentation that it was given for", "inkan consent list"));
    }
    bundle.add_consent(receipt).map_err(|error| Failure::from_error(error.code(), &error))
}

/// Gathers for a bundle; who signed the entries that came is looked up as well.
fn fill(
    bundle: &mut Bundle,
    reading: &Reading,
    (home, context): (&Home, &Context),
    network: Network,
    as_of: Timestamp,
) -> Result<(), Failure> {
    let schemas: BTreeMap<String, Value> = schemas(home)?;
    let sources = Sources {
        ledger: Some(reading.source()),
        others: reading.others(),
        schemas: &schemas,
        network,
        copies: Copies::Count,
    };
    let mut wants: Vec<Want> = Vec::new();
    let asked = registries::Terms::default();
    let declared = declared(&registries::of(home, (as_of, context.now()), asked)?, as_of);
    for _ in 0..3 {
        let all = with_successors(plan(bundle), &declared);
        let more: Vec<Want> = all.into_iter().filter(|want| !wants.contains(want)).collect();
        if more.is_empty() {
            break;
        }
        let gathered = gather(bundle, &more, &sources, as_of)?;
        gathered.missed.iter().for_each(|missed| context.speech.detail(missed));
        reading.others().settle(&gathered.unasked)?;
        keep::absorb_all(bundle, &gathered)?;
        wants.extend(more);
    }
    Ok(())
}

fn check(args: &BundleCheckArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let input = context.input(args.file.as_deref())?;
    let bundle = wallet::read_bundle(&input)?;
    let contents = Contents::of(&bundle);
    let exit = if contents.missing.is_empty() { 0 } else { INCOMPLETE };
    let human = contents.words(&input.name);
    Ok(Outcome::new("inkan-bundle-contents/1", human, contents.to_value()).exit(exit))
}

fn upgrade(args: &BundleUpgradeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let input = context.input(Some(&args.file))?;
    let mut bundle = wallet::read_bundle(&input)?;
    context.check_out(&args.out)?;
    let reading = Reading::open(&home, context)?;
    let ledger = (reading.source(), reading.view());
    let additions = keep::additions(&bundle, ledger, &home.pinned()?, context.now())?;
    let of = |name: &str| additions.iter().filter(|addition| addition.name() == name).count();
    let (cosignatures, receipts, current) = (of("cosignatures"), of("receipt"), of("current"));
    let bare = bundle.receipts.is_empty();
    if bare && args.timestamps.is_empty() {
        context.speech.warn(&format!(
            "nothing was added: an upgrade strengthens the receipts that are in a bundle, and this has none; to gather them: \
             inkan bundle pack {}",
            safe(&args.file, 200)
        ));
    } else if additions.is_empty() {
        context
            .speech
            .say("nothing to add: this ledger attests no more of the receipts that are in it");
    } else {
        let said = format!(
            "{receipts} newer receipts, {current} newer proofs of what is the newest, more cosignatures on {cosignatures} heads"
        );
        context.speech.say(&said);
    }
    let (mut human, mut stamps) = (String::new(), Vec::new());
    if !args.dry_run {
        keep::apply(&mut bundle, &additions)?;
        let place = (&home, input.name.as_str());
        stamps = timestamp::renew(&mut bundle, &args.timestamps, place, context)?;
        let changed = !additions.is_empty() || !stamps.is_empty();
        human = write_back(&bundle, (changed, &input.bytes), args, context)?;
    }
    let members = json!({
        "heads": cosignatures, "receipts": receipts, "current": current, "stamps": stamps,
        "changed": !additions.is_empty() || !args.timestamps.is_empty(),
        "dryRun": args.dry_run, "hasReceipts": !bare,
    });
    Ok(Outcome::new("inkan-bundle-upgrade/1", human, members))
}

fn write_back(
    bundle: &Bundle,
    (changed, before): (bool, &[u8]),
    args: &BundleUpgradeArgs,
    context: &Context,
) -> Result<String, Failure> {
    let text = wallet::written(bundle, false);
    if args.out.path().is_some() || args.file == "-" {
        return context.deliver(text, args.out.path());
    }
    // A file that says it all is not touched.
    if changed && text.as_bytes() != before {
        files::write_atomic(Path::new(&args.file), text.as_bytes(), Access::Private)?;
        context.speech.say(&format!("wrote {}", args.file));
    }
    Ok(String::new())
}

/// What is in a bundle.
struct Contents {
    artefact: &'static str,
    receipts: BTreeMap<&'static str, usize>,
    checkpoints: Vec<String>,
    current: usize,
    did_logs: Vec<String>,
    lists: Vec<String>,
    evidence: usize,
    countersignatures: usize,
    timestamps: usize,
    eseals: usize,
    powers: Vec<(String, String)>,
    consents: Vec<(&'static str, String)>,
    missing: Vec<String>,
    shows_until: Option<Timestamp>,
    ends: Vec<(String, Timestamp)>,
}

impl Contents {
    fn of(bundle: &Bundle) -> Self {
        let material = from_bundle(bundle);
        let artefact = match &bundle.artefact {
            Artefact::Credential(_) => "credential",
            Artefact::Presentation(_) => "presentation",
        };
        let mut receipts: BTreeMap<&'static str, usize> = BTreeMap::new();
        for receipt in &material.receipts {
            let kind =
                Leaf::parse(receipt.leaf_bytes()).map_or("unreadable", |leaf| leaf.kind().name());
            let count = receipts.entry(kind).or_default();
            *count = count.saturating_add(1);
        }
        let mut missing: Vec<String> = plan(bundle)
            .iter()
            .filter(|want| !keep::brings(bundle, &material, want))
            .map(said)
            .collect();
        missing
            .extend(material.malformed.iter().map(|code| format!("what a receipt says ({code})")));
        Self {
            artefact,
            receipts,
            checkpoints: bundle.checkpoints.iter().filter_map(|text| head_of(text)).collect(),
            current: material.current.len(),
            did_logs: bundle.did_logs.keys().cloned().collect(),
            lists: bundle.status_lists.iter().map(|list| list.uri.clone()).collect(),
            evidence: bundle.evidence.len(),
            countersignatures: countersignatures(bundle),
            timestamps: bundle.timestamps.len(),
            eseals: bundle.eseals.len(),
            powers: powers(bundle),
            consents: bundle.consents().iter().filter_map(consent::standing).collect(),
            missing,
            shows_until: keep::shows_until(&material),
            ends: ends(bundle, &material),
        }
    }

    /// The first of the ends: later times cannot be judged from the bundle alone.
    fn suffices_until(&self) -> Option<&(String, Timestamp)> {
        self.ends.iter().min_by_key(|(_, end)| *end)
    }

    fn to_value(&self) -> Value {
        json!({
            "artefact": self.artefact, "receipts": self.receipts, "checkpoints": self.checkpoints,
            "currentProofs": self.current, "didLogs": self.did_logs, "statusLists": self.lists,
            "evidence": self.evidence, "countersignatures": self.countersignatures,
            "timestamps": self.timestamps, "eseals": self.eseals,
            "powers": self.powers.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect::<Vec<_>>(),
            "consents": self.consents.iter().map(|(state, with)| json!({ "state": state, "receiver": with })).collect::<Vec<_>>(),
            "missing": self.missing,
            "showsUntil": self.shows_until.map(|time| time.to_string()),
            "sufficesUntil": self.suffices_until().map(|(_, time)| time.to_string()),
            "judged": false,
        })
    }

    fn words(&self, name: &str) -> String {
        let mut out = format!("{}: a {}\n", safe(name, 200), self.artefact);
        let mut line = |what: &str, said: String| {
            if !said.is_empty() {
                out.push_str(&format!("  {what:<18} {}\n", safe(&said, 400)));
            }
        };
        if let Some(time) = self.shows_until {
            line("shows the state of", time.to_string());
        }
        let receipts: Vec<String> =
            self.receipts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        line("receipts", receipts.join(", "));
        for (position, head) in self.checkpoints.iter().enumerate() {
            line(if position == 0 { "under" } else { "" }, head.clone());
        }
        line("newest states", self.current.to_string());
        for (position, did) in self.did_logs.iter().enumerate() {
            let name = if position == 0 { "DID logs" } else { "" };
            line(name, crate::render::report::short_did(did));
        }
        for (position, list) in self.lists.iter().enumerate() {
            line(if position == 0 { "status lists" } else { "" }, list.clone());
        }
        line("countersignatures", self.countersignatures.to_string());
        for (from, to) in &self.powers {
            let [from, to] = [from, to].map(|did| crate::render::report::short_did(did));
            line("power of attorney", format!("of {from} for {to}"));
        }
        for (state, with) in &self.consents {
            line("consent", format!("{state}, to {with}"));
        }
        line("timestamps", self.timestamps.to_string());
        line("e-seals", self.eseals.to_string());
        line("evidence", self.evidence.to_string());
        for missing in &self.missing {
            line("missing", missing.clone());
        }
        match self.suffices_until() {
            Some((what, time)) => line("suffices until", format!("{time} ({what})")),
            None => line("suffices until", "nothing in it has an end".to_owned()),
        }
        out.push_str("nothing was judged: inkan verify FILE --offline does that\n");
        out
    }
}

/// Those on the credentials, and those beside them.
fn countersignatures(bundle: &Bundle) -> usize {
    let on = bundle.artefact.credentials().iter().map(|secured| {
        secured.proofs().iter().filter(|proof| proof.countersignature().is_some()).count()
    });
    on.sum::<usize>().saturating_add(bundle.countersignatures.len())
}

/// Of whom and for whom the powers of attorney are.
fn powers(bundle: &Bundle) -> Vec<(String, String)> {
    let told = |power: &SecuredCredential| {
        let credential = power.credential();
        let to = credential.subject_id().unwrap_or_default();
        (credential.issuer().to_owned(), to.to_owned())
    };
    bundle.powers().iter().map(|(_, power)| told(power)).collect()
}

fn head_of(text: &str) -> Option<String> {
    let note = SignedNote::parse(text).ok()?;
    let head = Checkpoint::parse_text(note.text()).ok()?;
    let (size, lines) = (head.head().tree_size, note.signatures().len());
    Some(format!("{} at {size}, {lines} signatures", head.origin()))
}

/// When something in it ends, after which the bundle alone says too little.
fn ends(bundle: &Bundle, material: &Material) -> Vec<(String, Timestamp)> {
    let mut out = Vec::new();
    for secured in bundle.artefact.credentials() {
        let ends = [secured.credential().valid_until(), secured.signature_expires()];
        out.extend(ends.into_iter().flatten().map(|end| ("the credential ends".to_owned(), end)));
    }
    let mut lists: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for list in &material.status_lists {
        let Ok(secured) = SecuredCredential::parse(&list.bytes()) else { continue };
        let ends = [secured.credential().valid_until(), secured.signature_expires()];
        if let Some(end) = ends.into_iter().flatten().min() {
            // Of several copies the one that lasts longest counts.
            let known = lists.entry(list.uri.as_str()).or_insert(end);
            *known = end.max(*known);
        }
    }
    out.extend(lists.into_values().map(|end| ("a status list ends".to_owned(), end)));
    out
}

fn said(want: &Want) -> String {
    match want {
        Want::Did(did) => format!("the history of {did}"),
        Want::Issuance { log, .. } => format!("the receipt of the issuance in {log}"),
        Want::Act { log, act, .. } => {
            format!("the newest state of act {} in {log}", short(&act.to_b64u(), 6))
        }
        Want::StatusList { uri, .. } | Want::LastStatusList { uri, .. } => {
            format!("the status list {uri}")
        }
        Want::Schema(id) => format!("the schema {id}"),
    }
}
