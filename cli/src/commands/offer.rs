//! `inkan offer publish | list | delete`: the issuer's side of an exchange.
//!
//! The URL is for those who have to sign; the key that ends the offer stays in the profile, and is never printed.

use inkan_core::json::text as json_text;
use inkan_core::{Timestamp, sha256};
use inkan_credential::Bundle;
use inkan_io::exchange_client::{ExchangeClient, ExchangeUrl};
use inkan_io::profile::{Profile, Record, Shelf};
use serde_json::{Value, json};

use crate::args::{OfferCommand, OfferDeleteArgs, OfferPublishArgs};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers::is_file;
use crate::output::Outcome;
use crate::prompt;
use crate::render::safe;
use crate::render::table::table;
use crate::wallet;

/// Evidence that is about no person: schemas, and what authorities say of certificates.
const STAYS: [&str; 3] = ["JsonSchema", "X509Crl", "X509OcspResponse"];

pub(super) fn run(command: &OfferCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        OfferCommand::Publish(args) => publish(args, context),
        OfferCommand::List => list(context),
        OfferCommand::Delete(args) => delete(args, context),
    }
}

fn publish(args: &OfferPublishArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home()?;
    let exchange = ExchangeUrl::parse(&args.to)?;
    let input = context.input(args.file.as_deref())?;
    let mut bundle = wallet::read_bundle(&input)?;
    let left_out = keep_back(&mut bundle);
    let credential = wallet::credential_of(&bundle, &input.name)?;
    if credential.credential().offer().is_empty() {
        context.speech.warn(
            "the credential asks nobody to countersign: whoever has the URL may sign it (issue --countersigners says who must)",
        );
    }
    if left_out > 0 {
        context.speech.say(&format!(
            "left out: {left_out} items of evidence about the person; who has to sign does not need them"
        ));
    }
    let name = wallet::name_of(&credential.issuance_digest());
    if args.write.dry_run {
        context.speech.say(&format!("would publish {name} at {}", exchange.host()));
        let members = json!({ "host": exchange.host(), "credential": name, "dryRun": true });
        return Ok(Outcome::new("inkan-offer/1", String::new(), members));
    }
    let token = args
        .token_file
        .as_deref()
        .map(|path| prompt::passphrase_from_file(path, &context.speech))
        .transpose()?;
    let token = token.as_ref().map(|token| str::from_utf8(token.expose_secret()));
    let token = token.transpose().map_err(|_| CliError::InputMalformed {
        file: "--token-file".to_owned(),
        detail: "a token is text, on one line".to_owned(),
    })?;
    let terms = (token, args.until.as_deref());
    let published = ExchangeClient::new()?.publish(&exchange, &bundle.to_value(), terms)?;
    let record = OfferRecord {
        url: published.url.expose().to_owned(),
        key: published.key,
        credential: name,
        until: published.until.clone(),
        at: context.now(),
    };
    home.profile.put(Shelf::Offers, &record.name(), &record.to_value())?;
    let host = published.url.host();
    context.speech.say(&format!("published at {host} until {}", safe(&published.until, 40)));
    context
        .speech
        .say("give the URL to those who have to sign, and to nobody else: inkan countersign URL");
    let members = json!({
        "name": record.name(), "host": host, "url": record.url, "credential": record.credential,
        "until": record.until,
    });
    let human = context.deliver(format!("{}\n", record.url), args.out.path())?;
    Ok(Outcome::new("inkan-offer/1", human, members))
}

/// Takes out what says more of the person than the credential does: whoever runs the exchange, and whoever has the URL, would see it.
/// What a verification rests on stays.
fn keep_back(bundle: &mut Bundle) -> usize {
    let before = bundle.evidence.len();
    bundle
        .evidence
        .retain(|item| json_text(item, "type").is_some_and(|kind| STAYS.contains(&kind)));
    before.saturating_sub(bundle.evidence.len())
}

fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let offers = home.profile.all::<OfferRecord>()?;
    if offers.is_empty() {
        context.speech.say("no offers; publish one: inkan offer publish FILE --to URL");
    }
    let rows: Vec<Vec<String>> = offers
        .iter()
        .map(|(name, offer)| {
            let url = safe(&offer.url, 200);
            vec![name.clone(), offer.credential.clone(), safe(&offer.until, 40), url]
        })
        .collect();
    let members: Vec<Value> = offers
        .iter()
        .map(|(name, offer)| {
            json!({
                "name": name, "credential": offer.credential, "until": offer.until, "url": offer.url,
                "at": offer.at.to_string(),
            })
        })
        .collect();
    let human = if rows.is_empty() {
        String::new()
    } else {
        table(&["NAME", "CREDENTIAL", "UNTIL", "URL"], &rows)
    };
    Ok(Outcome::new("inkan-offer-list/1", human, json!({ "offers": members })).stream("offers"))
}

fn delete(args: &OfferDeleteArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let (name, record) = find(&args.offer, &home, context)?;
    let url = ExchangeUrl::parse(&record.url)?;
    if args.write.dry_run {
        context.speech.say(&format!("would end {name} at {}", url.host()));
    } else {
        if !args.write.yes {
            let question =
                format!("end the offer {name} at {}? Its URL then leads nowhere", url.host());
            prompt::confirm(context.asking, &question)?;
        }
        match ExchangeClient::new()?.end(&url, &record.key) {
            // It has ended by itself: nothing is left to be done there.
            Err(error) if error.code() == "offer-unknown" => {}
            ended => ended?,
        }
        home.profile.remove(Shelf::Offers, &name)?;
        context.speech.say(&format!("ended {name} at {}", url.host()));
    }
    let members = json!({ "name": name, "host": url.host(), "dryRun": args.write.dry_run });
    Ok(Outcome::new("inkan-offer-end/1", String::new(), members))
}

/// An offer by its name in the list, its URL, or a file that holds that.
fn find(text: &str, home: &Home, context: &Context) -> Result<(String, OfferRecord), Failure> {
    let from_file;
    let url = if ExchangeUrl::is_one(text) || !is_file(text) {
        text
    } else {
        from_file = context.input(Some(text))?.bytes;
        ExchangeUrl::in_file(&from_file).unwrap_or(text)
    };
    let url = url.trim_end_matches('/');
    let unknown = || CliError::OfferNotOurs { profile: Profile::name(&home.profile).to_owned() };
    let found = home.profile.all::<OfferRecord>()?.into_iter();
    let mut found = found.filter(|(name, offer)| name == url || offer.url == url);
    found.next().ok_or_else(|| unknown().into())
}

/// An offer that this profile published.
struct OfferRecord {
    url: String,
    /// What ends it.
    key: String,
    credential: String,
    until: String,
    at: Timestamp,
}

impl OfferRecord {
    /// Its name in the list: it says nothing of the URL.
    fn name(&self) -> String {
        sha256(&[self.url.as_bytes()]).to_hex().chars().take(12).collect()
    }
}

impl Record for OfferRecord {
    const SHELF: Shelf = Shelf::Offers;

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let text = |name: &'static str| json_text(value, name).map(str::to_owned).ok_or(name);
        Ok(Self {
            url: text("url")?,
            key: text("key")?,
            credential: text("credential")?,
            until: text("until")?,
            at: Timestamp::parse(&text("at")?).map_err(|_| "at")?,
        })
    }

    fn to_value(&self) -> Value {
        json!({
            "type": "inkan-own-offer/1", "url": self.url, "key": self.key, "credential": self.credential,
            "until": self.until, "at": self.at.to_string(),
        })
    }
}
