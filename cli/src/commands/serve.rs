//! `inkan serve`: the API of issuers and verifiers. The line on standard output says that it answers.

use std::path::PathBuf;
use std::sync::Arc;

use inkan_credential::model::StatusPurpose;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::{Did, self_contained};
use inkan_io::clock::OsClock;
use inkan_io::gather::Network;
use inkan_io::os_rng::OsRng;
use inkan_server::credentials::{self, ApiOptions, Issuer, Profile, Protection, Role, Transport};
use inkan_server::ledger_node::LogTo;
use serde_json::json;

use crate::args::{ServeArgs, ServeProfile, ServeRole, ServeStatus};
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::Reading;
use crate::output::{self, Outcome};

pub(super) fn run(args: &ServeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let mut options = options(args);
    let issues = options.roles.contains(&Role::Issuer);
    if issues && args.throwaway {
        options.issuers = throwaway();
    } else if issues {
        let home = context.home()?;
        let folder = home.profile.keystore().with_file_name("served-status");
        options.data = args.data.as_ref().map(PathBuf::from).or(Some(folder));
        own(args, context, &home, &mut options)?;
    }
    let speech = context.speech;
    if args.open_issuing && issues {
        speech.warn("it signs for anybody who asks on this machine");
    }
    if args.judge == ServeProfile::Conformance {
        speech.warn("it judges for test suites: nothing that it verifies should be believed");
    }
    if matches!(options.transport, Transport::SelfMade) {
        speech.say("its certificate is made by itself: clients have to be told to take it (curl --insecure)");
    }
    let names: Vec<String> = options.issuers.iter().map(|issuer| issuer.did.clone()).collect();
    credentials::run(options, Arc::new(OsClock), |url| {
        let ready = if speech.machine() {
            let value = json!({
                "type": "inkan-api/1", "event": "ready", "url": url, "ids": names,
            });
            format!("{value}\n")
        } else {
            format!("the API answers at {url}\n")
        };
        output::print_now(&ready);
        for name in &names {
            speech.say(&format!("signs as {name}"));
        }
        speech.say(&format!("what it takes: {url}/openapi.json; ctrl-c ends it in order"));
    })?;
    speech.say("ended in order");
    Ok(Outcome::said())
}

fn options(args: &ServeArgs) -> ApiOptions {
    let protection = match (&args.tokens, args.open_issuing) {
        (Some(file), _) => Protection::Tokens(PathBuf::from(file)),
        (None, true) => Protection::Open,
        (None, false) => Protection::Certificates,
    };
    let transport = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            Transport::Files { certificate: certificate.into(), key: key.into() }
        }
        _ if args.http => Transport::Plain,
        _ => Transport::SelfMade,
    };
    let roles = if args.roles.is_empty() {
        vec![Role::Issuer, Role::Verifier]
    } else {
        let role = |role: &ServeRole| match role {
            ServeRole::Issuer => Role::Issuer,
            ServeRole::Verifier => Role::Verifier,
        };
        args.roles.iter().map(role).collect()
    };
    let status = args.status.iter().map(|status| match status {
        ServeStatus::Revocation => StatusPurpose::Revocation,
        ServeStatus::Suspension => StatusPurpose::Suspension,
    });
    ApiOptions {
        roles,
        transport,
        public_url: args.public_url.clone(),
        client_authorities: args.client_ca.as_ref().map(PathBuf::from),
        data: args.data.as_ref().map(PathBuf::from),
        status: status.collect(),
        profile: match args.judge {
            ServeProfile::Strict => Profile::Strict,
            ServeProfile::Conformance => Profile::Conformance,
        },
        network: if args.fetch { Network::Ask } else { Network::Offline },
        proxies: args.proxies.clone(),
        log: match args.log.as_deref() {
            None => LogTo::Nowhere,
            Some("-") => LogTo::StandardError,
            Some(folder) => LogTo::Folder(PathBuf::from(folder)),
        },
        ..ApiOptions::new(args.listen, protection, Vec::new())
    }
}

/// Keys in memory, one of each type, under a did:key.
fn throwaway() -> Vec<Issuer> {
    let one = |key_type| {
        let key = SecretKey::generate(key_type, &mut OsRng);
        let public = key.public_key();
        let did = self_contained::did_key(&public);
        Issuer { did, method: self_contained::did_key_url(&public), key: Arc::new(key) }
    };
    [KeyType::Ed25519, KeyType::P256, KeyType::P384, KeyType::Bls12381G2].map(one).into()
}

/// The keys of one of our DIDs, and its log, so that what it signs here is verified here.
fn own(
    args: &ServeArgs,
    context: &Context,
    home: &Home,
    options: &mut ApiOptions,
) -> Result<(), Failure> {
    let own = identity::own(home, args.did.as_deref())?;
    let mut keyring = Keyring::open(context, home)?;
    for key in &own.keys {
        let Some(secret) = keyring.remove(&key.key) else { continue };
        let method = own.method_url(key);
        options.issuers.push(Issuer { did: own.did.clone(), method, key: Arc::new(secret) });
    }
    let did = Did::parse(&own.did)?;
    if let Some(scid) = did.scid()
        && let Some((log, _)) = Reading::open(home, context)?.did_log(scid)?
    {
        options.did_logs.push((own.did, log));
    }
    Ok(())
}
