//! `inkan ledger prove --current …` and `check` of what it writes: which entry is the newest of its kind, or that there is none, now
//! or as of a time.

use inkan_core::Timestamp;
use inkan_did::Did;
use inkan_io::ledger_source::{SourceView, TrustQuestion};
use inkan_ledger::current::{TrustStanding, stands_under};
use inkan_ledger::map::Flags;
use inkan_ledger::state::claimed_scid;
use inkan_ledger::{
    ActId, CurrentProof, Kind, MapKey, OnceId, TrustStatement, VerifiedCurrent, verify_current,
};
use serde_json::{Value, json};

use super::check::signed;
use crate::args::{CheckArgs, NewestArgs, ProofForm, ProveArgs};
use crate::commands::did::parse_time;
use crate::context::{Context, Home, Input};
use crate::failure::{CliError, Failure};
use crate::ledgers::{self, Reading};
use crate::output::Outcome;
use crate::render::report::moment;
use crate::render::{Mark, safe};

/// What is asked about.
enum Asked {
    Did(String),
    Act { scid: String, act: ActId },
    Status { did: String, uri: String },
    Trust(TrustQuestion),
    Once { scope: String, id: OnceId },
}

impl Asked {
    /// What the options name; nothing without any.
    fn read(args: &NewestArgs) -> Result<Option<Self>, Failure> {
        let usage = |what: &str| Failure::from(CliError::Usage(what.to_owned()));
        let scid = |text: &str| {
            let did = Did::parse(text).ok();
            let scid = did.and_then(|did| did.scid().map(str::to_owned));
            scid.ok_or_else(|| {
                usage("a did:webvh DID is asked for: no other has entries of its own")
            })
        };
        if let Some(did) = &args.current {
            return Ok(Some(Self::Did(scid(did)?)));
        }
        if let [did, act] = args.act.as_slice() {
            let act = ActId::from_b64u(act);
            let act = act
                .map_err(|_| usage("ACT is 43 characters of base64url, as in `act` of the act"))?;
            return Ok(Some(Self::Act { scid: scid(did)?, act }));
        }
        if let [did, uri] = args.status.as_slice() {
            scid(did)?;
            return Ok(Some(Self::Status { did: did.clone(), uri: uri.clone() }));
        }
        if let [did, statement, entity, action, resource] = args.trust.as_slice() {
            scid(did)?;
            let statement = TrustStatement::from_name(statement)
                .ok_or_else(|| usage("TYPE is authorization or recognition"))?;
            return Ok(Some(Self::Trust(TrustQuestion {
                authority: did.clone(),
                statement,
                entity_id: entity.clone(),
                action: action.clone(),
                resource: resource.clone(),
            })));
        }
        if let [scope, id] = args.once.as_slice() {
            let id = inkan_core::Digest::from_b64u(id);
            let id =
                id.map_err(|_| usage("ID is 43 characters of base64url, as in `id` of the entry"))?;
            let id = OnceId::from_bytes(*id.as_bytes());
            return Ok(Some(Self::Once { scope: scope.clone(), id }));
        }
        if is_asked(args) {
            return Err(usage("one thing is asked for, and once"));
        }
        Ok(None)
    }

    fn key(&self) -> Result<MapKey, Failure> {
        Ok(match self {
            Self::Did(scid) => MapKey::did(scid),
            Self::Act { scid, act } => MapKey::act(scid, act),
            Self::Status { did, uri } => {
                MapKey::status(Did::parse(did)?.scid().unwrap_or_default(), uri)
            }
            Self::Trust(about) => about.key(),
            Self::Once { scope, id } => MapKey::once(scope, id),
        })
    }

    fn prove(&self, view: &SourceView) -> Result<CurrentProof, Failure> {
        Ok(match self {
            Self::Did(scid) => view.did_current(scid)?,
            Self::Act { scid, act } => view.act_current(scid, act)?,
            Self::Status { did, uri } => view.status_current(did, uri)?,
            Self::Trust(about) => view.trust_current(about)?,
            Self::Once { scope, id } => view.once_current(scope, id)?,
        })
    }
}

/// Whether anything of this kind is asked for.
pub(super) fn is_asked(args: &NewestArgs) -> bool {
    args.current.is_some()
        || [&args.act, &args.status, &args.trust, &args.once].iter().any(|one| !one.is_empty())
}

/// As of when it is asked.
pub(super) fn moment_of(args: &NewestArgs, now: Timestamp) -> Result<Timestamp, Failure> {
    let Some(text) = &args.at else { return Ok(now) };
    let at = parse_time(text)?;
    if at > now {
        let usage = format!("--at {at} is still to come");
        return Err(CliError::Usage(usage).into());
    }
    Ok(at)
}

/// Writes the proof, which was verified before.
pub(super) fn prove(args: &ProveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    if args.form != ProofForm::Receipt {
        let usage = "a proof of the newest has one form: leave --as out";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let fault = || CliError::Fault("nothing is asked for".to_owned());
    let asked = Asked::read(&args.newest)?.ok_or_else(fault)?;
    let home = context.home()?;
    let reading = Reading::open(&home, context)?;
    let at = moment_of(&args.newest, context.now())?;
    let proof = match &args.newest.at {
        None => asked.prove(reading.view())?,
        Some(_) => {
            let view = reading.source().view_at(Some(at))?;
            asked.prove(&view.ok_or(CliError::NoCheckpoint)?)?
        }
    };
    let policy = super::status::policy_of(reading.source().origin(), &home)?;
    let verified = verify_current(&proof, &asked.key()?, &policy, context.now())?;
    if args.newest.at.is_some() {
        seen_by(&verified, at)?;
    }
    context.speech.say(&sentence(&verified, at)?);
    let mut members = members(&verified, at)?;
    members.insert("current".to_owned(), proof.to_value());
    members.insert("out".to_owned(), args.out.path().into());
    let human = context.deliver(format!("{:#}\n", proof.to_value()), args.out.path())?;
    Ok(Outcome::new("inkan-ledger-proof/1", human, Value::Object(members)))
}

/// Judges a proof under the pinned policies: of what its newest entry is, or of what the options name.
pub(super) fn check(
    proof: &CurrentProof,
    input: &Input,
    args: &CheckArgs,
    (home, context): (&Home, &Context),
) -> Result<Outcome, Failure> {
    let at = moment_of(&args.newest, context.now())?;
    let key = match Asked::read(&args.newest)? {
        Some(asked) => asked.key()?,
        None => {
            let head = proof.claimed_head();
            let found = head.as_ref().and_then(stands_under).map(|(key, _)| key);
            let usage = "it shows that there is nothing, and not of what: say so (--current DID, --act, --status, --trust, --once)";
            found.ok_or_else(|| CliError::Usage(usage.to_owned()))?
        }
    };
    let judge =
        |policy: &inkan_ledger::LogPolicy| verify_current(proof, &key, policy, context.now());
    let verified =
        ledgers::verify_pinned(home, judge).map_err(|error| error.during(&input.name))?;
    if args.newest.at.is_some() {
        seen_by(&verified, at).map_err(|error| error.during(&input.name))?;
    }
    let entry = verified.head().map(|head| signed::Signed {
        origin: verified.epoch().origin(),
        index: head.value().leaf_index,
        leaf: head.leaf(),
    });
    let entry = entry.map(|entry| entry.judge(args, (home, context))).transpose();
    let entry = entry.map_err(|error| error.during(&input.name))?;
    let mut human = format!("{} {}\n", Mark::Pass.painted(), sentence(&verified, at)?);
    human.push_str(&super::check::rest(verified.epoch().checkpoint()));
    let mut members = members(&verified, at)?;
    if let Some(entry) = entry {
        human.push_str(&entry.line());
        members.insert("entry".to_owned(), entry.word().into());
    }
    members.insert("file".to_owned(), "current".into());
    Ok(Outcome::new("inkan-ledger-check/1", human, members.into()))
}

/// That the quorum had seen the head by that time; where there is none, that the operator says so.
fn seen_by(verified: &VerifiedCurrent, at: Timestamp) -> Result<(), Failure> {
    let epoch = verified.epoch();
    let seen = epoch.checkpoint().existed_by().unwrap_or_else(|| epoch.leaf().time());
    if seen <= at {
        return Ok(());
    }
    let message = format!("the head that it is proved under was seen at {seen} first, after {at}");
    Err(Failure::new("cosignature-in-future", message)
        .try_this("prove it as of then", format!("inkan ledger prove … --at {at}")))
}

/// Whose entry the newest one is, by the SCID; nothing where there is none.
fn about(verified: &VerifiedCurrent) -> Option<String> {
    let leaf = verified.head()?.leaf();
    claimed_scid(leaf.kind(), leaf.body())
}

/// What a statement of trust means at a time, in one word and in several.
fn standing(
    verified: &VerifiedCurrent,
    at: Timestamp,
) -> Result<Option<(&'static str, &'static str)>, Failure> {
    if verified.key().kind() != Kind::Trust {
        return Ok(None);
    }
    Ok(Some(match verified.trust_at(at)? {
        TrustStanding::NeverStated => ("never-stated", "was never stated"),
        TrustStanding::Holds(_) => ("holds", "holds"),
        TrustStanding::NotThen(_) => ("not-then", "holds at other times only"),
        TrustStanding::Ended(_) => ("ended", "has ended"),
        TrustStanding::Void(_) => ("void", "is void"),
    }))
}

fn sentence(verified: &VerifiedCurrent, now: Timestamp) -> Result<String, Failure> {
    let log = safe(verified.epoch().origin(), 80);
    let when = match verified.fresh_at() {
        Some(fresh) => {
            let age = super::status::ago(now.seconds_since(fresh).max(0));
            format!("as of {}, {age} ago", moment(&fresh.to_string()))
        }
        None => "by the operator's word alone".to_owned(),
    };
    let kind = verified.key().kind().name();
    let stated = standing(verified, now)?
        .map(|(_, words)| format!("; at {} it {words}", moment(&now.to_string())));
    let stated = stated.unwrap_or_default();
    Ok(match verified.head() {
        Some(head) => {
            let value = head.value();
            let ended = if value.flags.has(Flags::ENDED) { ", and has ended" } else { "" };
            let moved =
                if value.flags.has(Flags::MOVED) { ", and moved to another log" } else { "" };
            let by =
                about(verified).map_or_else(String::new, |scid| format!(" of {}", safe(&scid, 60)));
            format!(
                "entry {} of {log} is the newest of its kind ({kind}{by}, number {}){ended}{moved}, {when}{stated}",
                value.leaf_index, value.sequence
            )
        }
        None => format!("{log} has nothing of this kind ({kind}), {when}{stated}"),
    })
}

fn members(
    verified: &VerifiedCurrent,
    at: Timestamp,
) -> Result<serde_json::Map<String, Value>, Failure> {
    let mut members = super::check::members(verified.epoch().checkpoint());
    let head = verified.head().map(|head| {
        let value = head.value();
        json!({
            "index": value.leaf_index, "seq": value.sequence, "ended": value.flags.has(Flags::ENDED),
            "leafHash": value.leaf_hash.digest().to_hex(),
        })
    });
    members.insert("kind".to_owned(), verified.key().kind().name().into());
    members.insert("about".to_owned(), about(verified).map_or(Value::Null, Value::from));
    members.insert("newest".to_owned(), head.unwrap_or(Value::Null));
    members.insert("at".to_owned(), at.to_string().into());
    if let Some((word, _)) = standing(verified, at)? {
        members.insert("standing".to_owned(), word.into());
    }
    Ok(members)
}
