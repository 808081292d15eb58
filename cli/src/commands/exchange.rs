//! Offers at an exchange, for `countersign`, `refuse`, `seal` and `countersigners`: where these take a file, they take the URL of
//! an offer, or a file that holds it.
//!
//! What comes from there is read and verified like a file; what goes there is what would have been written to one. It is sent
//! when it is signed and recorded and in the wallet: if it cannot be delivered, the same command, typed again, delivers it.

use inkan_core::Digest;
use inkan_core::json::text;
use inkan_credential::bundle::Bundle;
use inkan_credential::countersignature::{self, Countersignature, Decision};
use inkan_io::exchange_client::{ExchangeClient, ExchangeError, ExchangeUrl};
use inkan_io::profile::OwnDid;
use serde_json::{Value, json};

use crate::context::{Context, Input};
use crate::failure::{CliError, Failure};
use crate::output::Outcome;
use crate::render::report::short_did;
use crate::render::safe;
use crate::wallet;

/// An offer that a command reads from, and sends back to.
#[derive(Debug)]
pub(super) struct Offer {
    url: ExchangeUrl,
    client: ExchangeClient,
    credential: Digest,
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
    Ok((input, Some(Offer { url, client, credential })))
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
    let state = offer.send(&made.ok_or_else(fault)?)?;
    say_missing(&state, context);
    let members = Value::Object(outcome.members().clone());
    let human = if out.is_some() { String::new() } else { line(&offer, &state) };
    Ok(Outcome::new("inkan-countersignature/1", human, members)
        .with("exchange", offer.summary(&state)))
}

/// A refusal that was signed and recorded before, and did not reach the exchange: it is delivered, and nothing is signed anew.
pub(super) fn undelivered(
    offer: Option<&Offer>,
    there: &Bundle,
    context: &mut Context,
) -> Result<Option<Outcome>, Failure> {
    let Some(offer) = offer else { return Ok(None) };
    let home = context.home()?;
    let Some(copy) = wallet::held_copy(&home, &offer.credential)? else { return Ok(None) };
    let known = acts(there)?;
    let own: Vec<OwnDid> = home.profile.all::<OwnDid>()?.into_iter().map(|(_, own)| own).collect();
    let is_missing = |act: &&Countersignature| {
        matches!(act.decision(), Decision::Refuse | Decision::Withdraw)
            && own.iter().any(|own| own.did == act.signer())
            && !known.iter().any(|other| other.digest() == act.digest())
    };
    let here = acts(&copy)?;
    let Some(act) = here.iter().find(is_missing) else { return Ok(None) };
    context
        .speech
        .warn("you have refused already, and the exchange does not know: it is delivered");
    let state = offer.send(&copy)?;
    say_missing(&state, context);
    let members = json!({
        "role": act.role().as_str(), "decision": act.decision().as_str(), "entry": null, "reused": true,
    });
    Ok(Some(
        Outcome::new("inkan-countersignature/1", line(offer, &state), members)
            .with("exchange", offer.summary(&state)),
    ))
}

fn acts(bundle: &Bundle) -> Result<Vec<Countersignature>, Failure> {
    let credential = wallet::credential_of(bundle, "the offer")?;
    Ok(countersignature::list(credential, &bundle.countersignatures)?)
}

impl Offer {
    fn send(&self, bundle: &Bundle) -> Result<Value, Failure> {
        self.client.add(&self.url, &bundle.to_value()).map_err(|error| match error {
            // Worth another try: nothing was decided about what was sent.
            ExchangeError::Http { .. } => {
                CliError::OfferNotDelivered { why: error.to_string() }.into()
            }
            ExchangeError::Url
            | ExchangeError::Insecure { .. }
            | ExchangeError::Refused { .. }
            | ExchangeError::Answer { .. } => Failure::from(error)
                .during("signed, and in your wallet")
                .try_this("hand over the file yourself", "inkan cred show NAME"),
        })
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

/// Who is still missing, in the exchange's words: `countersigners` computes it here.
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
