//! `inkan consent give`, and `inkan present --consent`.

use std::path::Path;

use inkan_core::{Timestamp, limits, sha256};
use inkan_credential::Presentation;
use inkan_credential::consent::{
    ConsentPurpose, ConsentReceipt, ConsentRecord, Notice, PolicyReference,
};
use inkan_holder::{Consent, ConsentMakeError, give_consent};
use inkan_io::files;
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

use super::keep::Keeping;
use super::{finish, holder, name_of, presentation_of, purposes, say_terms, terms_of};
use crate::args::{ConsentGiveArgs, parse_span};
use crate::commands::did::parse_time;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::output::Outcome;
use crate::wallet;

/// How a consent is taken back, unless somebody says otherwise.
const WITHDRAWAL: &str = "a signed withdrawal (inkan consent withdraw), given to the receiver";

/// What a holder says of a consent on the command line.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::commands) struct Wish<'a> {
    pub(in crate::commands) purposes: &'a [String],
    pub(in crate::commands) to: Option<&'a str>,
    pub(in crate::commands) until: Option<&'a str>,
    pub(in crate::commands) keep_until: Option<&'a str>,
    pub(in crate::commands) policy: Option<&'a str>,
    pub(in crate::commands) notice: &'a [String],
    pub(in crate::commands) recipients: &'a [String],
    pub(in crate::commands) jurisdiction: Option<&'a str>,
}

pub(super) fn run(args: &ConsentGiveArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    let home = context.home_of(args.identity.as_deref())?;
    let input = context.input(args.file.as_deref())?;
    let presentation = presentation_of(wallet::read_bundle(&input)?.artefact, &input.name)?;
    let own = match args.identity.as_deref() {
        Some(named) => identity::own(&home, Some(named))?,
        None if presentation.holder().is_empty() => identity::own(&home, None)?,
        None => holder(presentation.holder(), &home)
            .map_err(|_| Failure::from(ConsentMakeError::ForeignPresentation))?,
    };
    let wish = Wish {
        purposes: &args.purposes,
        to: args.to.as_deref(),
        until: args.until.as_deref(),
        keep_until: args.keep_until.as_deref(),
        policy: args.policy.as_deref(),
        notice: &args.notice,
        recipients: &args.recipients,
        jurisdiction: args.jurisdiction.as_deref(),
    };
    let mut keeping = Keeping::fresh(args.record, &home, context)?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let record = sign(&presentation, &wish, &hand, &home, context)?;
    let receipt = ConsentReceipt::of(record)?;
    finish(receipt, &mut keeping, &hand, (args.out.path(), args.write), (&home, context))
}

/// Signs a consent for what `presentation` shows.
pub(in crate::commands) fn sign(
    presentation: &Presentation,
    wish: &Wish<'_>,
    hand: &Hand<'_>,
    home: &Home,
    context: &mut Context,
) -> Result<ConsentRecord, Failure> {
    let now = context.now();
    let policy = match wish.policy {
        None => None,
        Some(named) => {
            let policy = crate::commands::policy::load(named, context)?;
            let (id, version) = (policy.id().to_owned(), policy.version().to_owned());
            Some(PolicyReference { id, version, digest: policy.digest() })
        }
    };
    let receiver = wish.to.map(|to| identity::any(Some(home), to)).transpose()?;
    let named: Vec<ConsentPurpose> = wish.purposes.iter().map(|text| purpose(text)).collect();
    let notice = notice(wish.notice)?;
    let consent = Consent {
        method: hand.method.as_str(),
        receiver: receiver.as_ref().map(inkan_did::Did::as_str),
        purposes: &named,
        notice: notice.as_ref(),
        policy: policy.as_ref(),
        until: wish.until.map(|text| end("--until", text, now)).transpose()?,
        keep_until: wish.keep_until.map(|text| end("--keep-until", text, now)).transpose()?,
        recipients: wish.recipients,
        jurisdiction: wish.jurisdiction,
        withdrawal_method: WITHDRAWAL,
        log: hand.method.did().scid().map(|_| home.settings.origin.as_str()),
    };
    let record = give_consent(presentation, &consent, hand.key, now, &mut OsRng)?;
    say_terms(record.terms(), "you consent", context);
    Ok(record)
}

/// What a command that wrote a consent says of it.
pub(in crate::commands) fn members(
    receipt: &ConsentReceipt,
    entry: Option<u64>,
    out: Option<&str>,
) -> Result<Value, Failure> {
    let terms = terms_of(receipt)?;
    let newest = receipt.newest();
    Ok(json!({
        "name": name_of(terms), "recordId": terms.record_id,
        "state": newest.map(|one| one.state().as_str()),
        "act": inkan_core::encoding::b64u(&terms.act), "entry": entry,
        "receiver": terms.receiver.audience, "purposes": purposes(terms),
        "until": terms.until.map(|until| until.to_string()), "out": out,
        "acknowledged": newest.is_some_and(|one| one.acknowledgement().is_some()),
    }))
}

/// `NAME=TEXT` if what is before the first sign is a word, else the text.
fn purpose(text: &str) -> ConsentPurpose {
    let word = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/#".contains(c);
        !name.is_empty() && name.chars().all(plain)
    };
    match text.split_once('=') {
        Some((id, text)) if word(id) => {
            ConsentPurpose { id: Some(id.to_owned()), text: text.to_owned() }
        }
        Some(_) | None => ConsentPurpose { id: None, text: text.to_owned() },
    }
}

fn notice(named: &[String]) -> Result<Option<Notice>, Failure> {
    let mut notice = Notice { uri: None, digest: None };
    for one in named {
        let twice = if one.starts_with("https://") {
            notice.uri.replace(one.clone()).is_some()
        } else {
            let bytes = files::read(Path::new(one), limits::BUNDLE)?;
            notice.digest.replace(sha256(&[&bytes])).is_some()
        };
        if twice {
            let usage = "--notice names one https URL and one file at most";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
    }
    Ok((!named.is_empty()).then_some(notice))
}

/// A time, or a span from now; it lies ahead.
fn end(option: &str, text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let far = || CliError::Usage(format!("{option} is further away than times go"));
    let time = match parse_span(text) {
        Some(span) => now.plus(span).map_err(|_| far())?,
        None => parse_time(text)?,
    };
    if time > now {
        return Ok(time);
    }
    Err(CliError::Usage(format!("{option} has passed: {time}")).into())
}
