//! `inkan key generate | list | show | csr`: keys of the profile.

use inkan_crypto::keystore::Listed;
use inkan_crypto::{KeyType, PublicKey};
use inkan_did::self_contained::did_key;
use inkan_evidence::x5c;
use inkan_io::keystore_file;
use serde_json::{Value, json};

use crate::args::{KeyAlgorithm, KeyCommand, KeyForm, OutArgs, WriteArgs};
use crate::config::check_name;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::keyring::Keyring;
use crate::output::Outcome;
use crate::render::table::table;

pub(super) fn run(command: &KeyCommand, context: &mut Context) -> Result<Outcome, Failure> {
    match command {
        KeyCommand::Generate { name, alg, write } => generate(name, *alg, *write, context),
        KeyCommand::List => list(context),
        KeyCommand::Show { key, form } => show(key, *form, context),
        KeyCommand::Csr { key, hosts, out } => csr(key, hosts, out, context),
    }
}

fn generate(
    name: &str,
    alg: KeyAlgorithm,
    write: WriteArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    check_name(name)?;
    let home = context.home()?;
    let taken = all(&home)?.iter().any(|(listed, _)| listed.name == name);
    if taken {
        return Err(CliError::NameTaken { what: "key", name: name.to_owned() }.into());
    }
    let key_type = match alg {
        KeyAlgorithm::Ed25519 => KeyType::Ed25519,
        KeyAlgorithm::P256 => KeyType::P256,
        KeyAlgorithm::P384 => KeyType::P384,
        KeyAlgorithm::Bls12381g2 => KeyType::Bls12381G2,
    };
    if write.dry_run {
        context.speech.say(&format!("would make the {} key {name}", key_type.name()));
        let members = json!({ "name": name, "algorithm": key_type.name(), "dryRun": true });
        return Ok(Outcome::new("inkan-key/1", String::new(), members));
    }
    let _lock = home.profile.lock()?;
    let mut keyring = Keyring::open(context, &home)?;
    let public = keyring.generate(name, key_type, context.now())?;
    keyring.save()?;
    context.speech.say(&format!("made the {} key {name}", key_type.name()));
    let multikey = public.to_multikey();
    Ok(Outcome::new("inkan-key/1", format!("{multikey}\n"), describe(name, &public)))
}

fn list(context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let keys = all(&home)?;
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|(listed, use_)| {
            vec![
                listed.name.clone(),
                listed.public_key.key_type().name().to_owned(),
                (*use_).to_owned(),
                listed.created.date(),
                listed.public_key.to_multikey(),
            ]
        })
        .collect();
    let members: Vec<Value> = keys
        .iter()
        .map(|(listed, use_)| {
            let mut key = describe(&listed.name, &listed.public_key);
            if let Some(members) = key.as_object_mut() {
                members.insert("use".to_owned(), (*use_).into());
                members.insert("created".to_owned(), listed.created.to_string().into());
            }
            key
        })
        .collect();
    if keys.is_empty() {
        context.speech.say("no keys yet; make one: inkan key generate");
    }
    let human = if keys.is_empty() {
        String::new()
    } else {
        table(&["NAME", "ALGORITHM", "USE", "CREATED", "PUBLIC KEY"], &rows)
    };
    Ok(Outcome::new("inkan-key-list/1", human, json!({ "keys": members })).stream("keys"))
}

fn show(name: &str, form: KeyForm, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let found = all(&home)?.into_iter().find(|(listed, _)| listed.name == name);
    let unknown =
        || CliError::KeyUnknown { name: name.to_owned(), profile: home.name().to_owned() };
    let (listed, _) = found.ok_or_else(unknown)?;
    let public = &listed.public_key;
    let text = match form {
        KeyForm::Multikey => public.to_multikey(),
        KeyForm::Jwk => public.to_jwk().to_string(),
        KeyForm::DidKey => did_key(public),
        KeyForm::Thumbprint => public.thumbprint(),
        KeyForm::Pem => match x5c::public_key_info(public) {
            Some(info) => x5c::pem("PUBLIC KEY", &info).trim_end().to_owned(),
            None => {
                let detail = format!("certificates hold no keys of {}", public.key_type().name());
                return Err(CliError::KeyUnsuitable { detail }.into());
            }
        },
    };
    Ok(Outcome::new("inkan-key/1", format!("{text}\n"), describe(name, public)))
}

/// A request that an authority turns into a certificate: the key signs that it is asked for.
fn csr(
    name: &str,
    hosts: &[String],
    out: &OutArgs,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    context.check_out(out)?;
    let home = context.home()?;
    let keyring = Keyring::open(context, &home)?;
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let key = keyring.key(name)?;
    let request = x5c::certificate_request(&hosts, key)?;
    let text = x5c::pem("CERTIFICATE REQUEST", &request);
    let members = json!({ "name": name, "hosts": hosts, "request": &text });
    let human = context.deliver(text, out.path())?;
    Ok(Outcome::new("inkan-key-request/1", human, members))
}

/// Keys in use, then next keys; readable without a passphrase.
fn all(home: &Home) -> Result<Vec<(Listed, &'static str)>, Failure> {
    let in_use = keystore_file::list(&home.profile.keystore())?;
    let next = keystore_file::list(&home.profile.next_keystore())?;
    let in_use = in_use.into_iter().map(|listed| {
        let update = listed.name.contains(".update-");
        (listed, if update { "update" } else { "sign" })
    });
    Ok(in_use.chain(next.into_iter().map(|listed| (listed, "next"))).collect())
}

fn describe(name: &str, public: &PublicKey) -> Value {
    json!({
        "name": name, "algorithm": public.key_type().name(), "multikey": public.to_multikey(),
        "jwk": public.to_jwk(), "thumbprint": public.thumbprint(), "didKey": did_key(public),
    })
}
