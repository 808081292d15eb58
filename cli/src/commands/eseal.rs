//! `inkan eseal`: an organisation's certificate and its DID seal a credential or bundle together.
//!
//! Both keys sign one text that names certificate, DID, time and items, so that neither signature can be put to another's name.

use std::path::Path;

use inkan_core::{Timestamp, encoding, sha256, tolerance};
use inkan_credential::Bundle;
use inkan_credential::bundle::{ESEAL_JWS_TYPE, ESEALS, Eseal, SealForm, SealTerms};
use inkan_crypto::jws;
use inkan_evidence::x5c::{chain_in, key_of};
use inkan_evidence::{cms, x5c::IssuerAnchors};
use inkan_io::files::{self, Access};
use inkan_io::pinned;
use inkan_verifier::{CertificateChecker as _, CertificateFault, RevocationInfo};
use serde_json::{Map, Value, json};

use super::did::parse_time;
use crate::args::{EsealArgs, EsealForm, StampScope};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::{self, Hand};
use crate::keyring::Keyring;
use crate::output::Outcome;
use crate::render::report::short_did;
use crate::wallet;

pub(super) fn run(args: &EsealArgs, context: &mut Context) -> Result<Outcome, Failure> {
    context.check_out(&args.out)?;
    context.check_file(args.statement_out.as_deref(), args.out.existing())?;
    let home = context.home()?;
    let input = context.input(args.file.as_deref())?;
    let mut bundle = wallet::read_bundle(&input)?;
    let chain = chain(args, context)?;
    let own = identity::own(&home, args.identity.as_deref())?;
    let keyring = Keyring::open(context, &home)?;
    let hand = Hand::of(&own, None, &keyring, &home)?;
    let terms = terms(args, (&bundle, &input.name), (&chain, &hand), context.now())?;
    hold(&chain, &home, terms.time, context)?;
    let statement = terms.statement();
    let members = json!({
        "signer": own.did, "certificate": terms.certificate.to_hex(), "time": terms.time.to_string(),
        "items": terms.covers.len(), "out": args.out.path(),
    });
    if args.write.dry_run {
        let human = format!("would seal {} items as of {}\n", terms.covers.len(), terms.time);
        return Ok(Outcome::new("inkan-dry-run/1", human, members));
    }
    if let Some(path) = &args.statement_out {
        files::write_atomic(Path::new(path), &statement, Access::Private)?;
        context.speech.say(&format!(
            "wrote {path}; have it signed (openssl cms -sign -binary -cades -outform DER), and then: inkan eseal FILE \
             --cert {} --cms SIGNATURE --time {}",
            args.cert, terms.time
        ));
        return Ok(Outcome::new("inkan-eseal-statement/1", String::new(), members));
    }
    let form = signed(args, &statement, &chain, &terms, &keyring)?;
    let sealed = IssuerAnchors::default().seal(&form, &statement)?;
    let apart = |time: Timestamp| time.seconds_since(terms.time).abs() > tolerance::CREDENTIAL;
    if sealed.chain.first() != chain.first() || sealed.signing_time.is_some_and(apart) {
        let detail = "it was made by another certificate, or at another time than is named";
        let file = args.cms.clone().unwrap_or_default();
        return Err(CliError::InputMalformed { file, detail: detail.to_owned() }.into());
    }
    let by_did = jws_of(&statement, [("kid", terms.method.clone().into())], hand.key)?;
    bundle.eseals.push(Eseal::new(terms, form, by_did));
    context.speech.say(&format!("sealed by {} and its certificate", short_did(&own.did)));
    let human = context.deliver(wallet::written(&bundle, false), args.out.path())?;
    let outcome = Outcome::new("inkan-eseal-added/1", human, members);
    Ok(if args.out.path().is_some() { outcome } else { outcome.with("bundle", bundle.to_value()) })
}

fn chain(args: &EsealArgs, context: &Context) -> Result<Vec<Vec<u8>>, Failure> {
    let input = context.input(Some(&args.cert))?;
    chain_in(&input.bytes).map_err(|_| {
        let detail = "no certificates, or too many".to_owned();
        CliError::InputMalformed { file: input.name, detail }.into()
    })
}

fn terms(
    args: &EsealArgs,
    (bundle, name): (&Bundle, &str),
    (chain, hand): (&[Vec<u8>], &Hand<'_>),
    now: Timestamp,
) -> Result<SealTerms, Failure> {
    let covers = match args.over {
        StampScope::Bundle => bundle.items(),
        StampScope::Credential => bundle.signed_items(),
    };
    if covers.is_empty() || bundle.eseals.len() >= ESEALS {
        let detail =
            "it holds nothing that could be sealed, or as many e-seals as it may".to_owned();
        return Err(CliError::InputMalformed { file: name.to_owned(), detail }.into());
    }
    let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
    Ok(SealTerms {
        method: hand.method.as_str().to_owned(),
        certificate: sha256(&[leaf]),
        time: args.time.as_deref().map(parse_time).transpose()?.unwrap_or(now),
        covers,
    })
}

/// A path that does not hold under what is pinned here is not used; whether theirs is another anchor is not known.
pub(super) fn hold(
    chain: &[Vec<u8>],
    home: &Home,
    time: Timestamp,
    context: &Context,
) -> Result<(), Failure> {
    let pinned = pinned::issuer_anchors(&pinned::load(&home.profile)?)?;
    match pinned.path(chain, time, &RevocationInfo::default()) {
        Ok(_) => Ok(()),
        Err(CertificateFault::AnchorUnknown | CertificateFault::RevocationUnknown) => {
            context.speech.warn("the certificates lead to none that is pinned here: only their signature is checked");
            Ok(())
        }
        Err(fault) => Err(fault.into()),
    }
}

/// The signature under the certificate's key: made here, or brought along.
fn signed(
    args: &EsealArgs,
    statement: &[u8],
    chain: &[Vec<u8>],
    terms: &SealTerms,
    keyring: &Keyring,
) -> Result<SealForm, Failure> {
    if let Some(path) = &args.cms {
        return Ok(SealForm::Cms(files::read(Path::new(path), cms::LIMIT)?));
    }
    let usage = "name the certificate's key with --key, or bring a signature along with --cms";
    let name = args.key.as_deref().ok_or_else(|| CliError::Usage(usage.to_owned()))?;
    let key = keyring.key(name)?;
    let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
    if key_of(leaf)? != key.public_key() {
        let detail = format!("the first certificate is not that of key {name}");
        return Err(Failure::from(CliError::KeyUnsuitable { detail }).try_this(
            "see the keys of this profile; --key names that of the certificate",
            "inkan key list",
        ));
    }
    match args.form {
        EsealForm::Cms => Ok(SealForm::Cms(cms::sign(statement, chain, terms.time, key)?)),
        EsealForm::Jws => {
            let listed: Vec<String> = chain.iter().map(|one| encoding::b64(one)).collect();
            Ok(SealForm::Jws(jws_of(statement, [("x5c", json!(listed))], key)?))
        }
    }
}

fn jws_of<const N: usize>(
    statement: &[u8],
    members: [(&str, Value); N],
    key: &inkan_crypto::SecretKey,
) -> Result<String, Failure> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), ESEAL_JWS_TYPE.into());
    for (name, value) in members {
        header.insert(name.to_owned(), value);
    }
    Ok(jws::sign(header, statement, key)?)
}
