//! Offers at an exchange, for `countersign`, `refuse`, `seal` and `countersigners`: where these take a file, they take the URL of
//! an offer, or a file that holds it.
//!
//! What comes from there is read and verified like a file; what goes there is what would have been written to one. It is sent
//! when it is signed and recorded and in the wallet: if it cannot be delivered, the same command, typed again, delivers it.

use std::collections::BTreeSet;

use inkan_core::Digest;
use inkan_core::encoding::b64u;
use inkan_core::json::text;
use inkan_credential::bundle::Bundle;
use inkan_credential::countersignature::{self, Countersignature, Decision, Role};
use inkan_io::exchange_client::{ExchangeClient, ExchangeError, ExchangeUrl};
use inkan_io::gather::Network;
use inkan_io::profile::OwnDid;
use serde_json::{Value, json};

use super::verify;
use crate::context::{Context, Home, Input};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::report::short_did;
use crate::render::safe;
use crate::wallet;

mod addition;

/// An offer that a command reads from, and sends back to.
#[derive(Debug)]
pub(super) struct Offer {
    url: ExchangeUrl,
    client: ExchangeClient,
    credential: Digest,
    /// Its state when it was read.
    there: Bundle,
}

/// Reads the input of a command: a file, or the newest state of an offer.
pub(super) fn open(
    file: Option<&str>,
    context: &Context,
) -> Result<(Input, Option<Offer>), Failure> {
    let url = match file.filter(|name| ExchangeUrl::is_one(name)) {
        Some(text) => ExchangeUrl::parse(text)?,
        None => {
            let input = context.input(file)?;
            match ExchangeUrl::in_file(&input.bytes) {
                Some(text) => ExchangeUrl::parse(text)?,
                None => return Ok((input, None)),
            }
        }
    };
    let client = ExchangeClient::new()?;
    let state = client.show(&url)?;
    let name = format!("the offer at {}", url.host());
    let bytes = state.get("bundle").map(Value::to_string).unwrap_or_default().into_bytes();
    let input = Input { name, bytes };
    let bundle = wallet::read_bundle(&input)?;
    let credential = wallet::credential_of(&bundle, &input.name)?.issuance_digest();
    Ok((input, Some(Offer { url, client, credential, there: bundle })))
}

/// Sends back what the command made; it is in the wallet.
pub(super) fn close(
    offer: Option<Offer>,
    (dry_run, out): (bool, Option<&str>),
    outcome: Outcome,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let Some(offer) = offer.filter(|_| !dry_run) else { return Ok(outcome) };
    let home = context.home()?;
    let made = wallet::held_copy(&home, &offer.credential)?;
    let fault = || CliError::Fault("what was signed is not in the wallet".to_owned());
    let members = Value::Object(outcome.members().clone());
    let act = text(&members, "act").ok_or_else(fault)?.to_owned();
    let own = own_dids(&home)?;
    let wanted = |one: &Countersignature| {
        b64u(one.act()) == act && own.iter().any(|own| own.did == one.signer())
    };
    let state = offer
        .send(&made.ok_or_else(fault)?, wanted)?
        .map_err(|error| offer.not_delivered(error))?;
    let state = offer.seen(&state, &home, context);
    say_missing(&state, context);
    let human = if out.is_some() { String::new() } else { line(&offer, &state) };
    Ok(Outcome::new("inkan-countersignature/1", human, members)
        .with("exchange", offer.summary(&state)))
}

/// A refusal of `own` that was signed and recorded before, and did not reach the exchange: it is delivered, and nothing is signed
/// anew. In any role, or in `role`.
pub(super) fn undelivered(
    offer: Option<&Offer>,
    (own, role): (&OwnDid, Option<Role>),
    (bare, out): (bool, Option<&str>),
    context: &mut Context,
) -> Result<Option<Outcome>, Failure> {
    let Some(offer) = offer else { return Ok(None) };
    let home = context.home()?;
    let Some(copy) = wallet::held_copy(&home, &offer.credential)? else { return Ok(None) };
    let is_own = |act: &Countersignature| {
        act.signer() == own.did && role.is_none_or(|role| act.role() == role)
    };
    let declines =
        |act: &Countersignature| matches!(act.decision(), Decision::Refuse | Decision::Withdraw);
    let mut known = acts(&offer.there)?;
    known.retain(is_own);
    let here = acts(&copy)?;
    let is_missing = |act: &&Countersignature| {
        is_own(act) && declines(act) && !known.iter().any(|other| other.digest() == act.digest())
    };
    let accepted = |one: &Countersignature| one.decision() == Decision::Accept;
    let has_accept =
        |act: &&Countersignature| known.iter().any(|one| accepted(one) && one.act() == act.act());
    // What takes back another act than the one that stands there is not what is asked.
    let standing = |role: Role| {
        known
            .iter()
            .filter(|one| accepted(one) && one.role() == role)
            .any(|one| !known.iter().any(|later| declines(later) && later.act() == one.act()))
    };
    let missing = || here.iter().filter(is_missing);
    let act = missing().find(has_accept).or_else(|| missing().rfind(|act| !standing(act.role())));
    let Some(act) = act else { return Ok(None) };
    context
        .speech
        .warn("you have refused already, and the exchange does not know: it is delivered");
    let wanted = |one: &Countersignature| one.act() == act.act() && one.signer() == act.signer();
    let state = match offer.send(&copy, wanted)? {
        Ok(state) => state,
        Err(ExchangeError::Refused { host, detail, .. }) => {
            context.speech.warn(&format!("{host} does not take it: {detail}"));
            return Ok(None);
        }
        Err(error) => return Err(offer.not_delivered(error)),
    };
    let state = offer.seen(&state, &home, context);
    say_missing(&state, context);
    let human = match out {
        Some(_) => context.deliver(wallet::written(&copy, bare), out)?,
        None => line(offer, &state),
    };
    let members = json!({
        "role": act.role().as_str(), "decision": act.decision().as_str(), "entry": null, "reused": true,
        "act": b64u(act.act()), "out": out,
    });
    Ok(Some(
        Outcome::new("inkan-countersignature/1", human, members)
            .with("exchange", offer.summary(&state)),
    ))
}

fn own_dids(home: &Home) -> Result<Vec<OwnDid>, Failure> {
    Ok(home.profile.all::<OwnDid>()?.into_iter().map(|(_, own)| own).collect())
}

fn acts(bundle: &Bundle) -> Result<Vec<Countersignature>, Failure> {
    let credential = wallet::credential_of(bundle, "the offer")?;
    Ok(countersignature::list(credential, &bundle.countersignatures)?)
}

impl Offer {
    /// Sends what it lacks of the acts that are `wanted`; gives what it holds then.
    fn send(
        &self,
        made: &Bundle,
        wanted: impl Fn(&Countersignature) -> bool,
    ) -> Result<Result<Bundle, ExchangeError>, Failure> {
        let (bundle, sent) = addition::with_acts(&self.there, made, wanted)?;
        let state = match self.client.add(&self.url, &bundle.to_value()) {
            Ok(state) => state,
            Err(error) => return Ok(Err(error)),
        };
        // Its word that it took them counts for nothing: they are in what it gives out, or not.
        let bytes = state.get("bundle").map(Value::to_string).unwrap_or_default().into_bytes();
        let held = Bundle::parse(&bytes).ok().filter(|held| {
            let digest = wallet::credential_of(held, "the offer").map(|one| one.issuance_digest());
            let there: BTreeSet<Digest> =
                acts(held).unwrap_or_default().iter().map(Countersignature::digest).collect();
            digest.is_ok_and(|digest| digest == self.credential) && sent.is_subset(&there)
        });
        let what = "it does not hold what was sent";
        Ok(held.ok_or_else(|| ExchangeError::Answer { host: self.url.host().to_owned(), what }))
    }

    fn not_delivered(&self, error: ExchangeError) -> Failure {
        match error {
            // Worth another try: nothing was decided about what was sent.
            ExchangeError::Http { .. } => {
                CliError::OfferNotDelivered { why: error.to_string() }.into()
            }
            ExchangeError::Url
            | ExchangeError::Insecure { .. }
            | ExchangeError::Refused { .. }
            | ExchangeError::Answer { .. } => {
                let show = format!("inkan cred show {}", wallet::name_of(&self.credential));
                Failure::from(error)
                    .during("signed, and in your wallet")
                    .try_this("hand over the file yourself", show)
            }
        }
    }

    /// How it stands there, as this machine finds it from what the exchange holds; nothing if that cannot be told.
    fn seen(&self, held: &Bundle, home: &Home, context: &mut Context) -> Value {
        let examine = verify::Examine { policy: None, at: None, offline: false };
        let looked = verify::look(held, &examine, Network::Offline, home, context);
        let roll = looked.and_then(verify::Looked::into_roll);
        roll.map_or(Value::Null, |roll| roll.to_value().clone())
    }

    /// For programs: where it was sent, without the URL, and how it stands there.
    fn summary(&self, state: &Value) -> Value {
        json!({
            "host": self.url.host(), "delivered": true,
            "stage": state.get("stage"), "complete": state.get("complete"),
        })
    }
}

fn line(offer: &Offer, state: &Value) -> String {
    let stage = safe(text(state, "stage").unwrap_or("delivered"), 40);
    format!("{stage}   the offer at {}\n", offer.url.host())
}

/// Who is still missing.
fn say_missing(state: &Value, context: &Context) {
    let list = |value: &Value, member: &str| {
        value.get(member).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    for demand in list(state, "demands") {
        let role = safe(text(&demand, "role").unwrap_or_default(), 40);
        for missing in list(&demand, "missing").iter().filter_map(Value::as_str) {
            let by = text(&demand, "deadline").map(|time| format!(", by {}", safe(time, 40)));
            let who = safe(&short_did(missing), 120);
            context.speech.say(&format!("missing: {role} {who}{}", by.unwrap_or_default()));
        }
    }
}
