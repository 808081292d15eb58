//! `inkan serve`: the API of issuers and verifiers, over a profile or over keys that nobody keeps. The line on standard
//! output says that it answers.

mod backing;
mod registry;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use inkan_credential::model::StatusPurpose;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::{Did, self_contained};
use inkan_io::clock::OsClock;
use inkan_io::files::FileError;
use inkan_io::gather::Network;
use inkan_io::os_rng::OsRng;
use inkan_io::profile::OwnDid;
use inkan_server::credentials::{self, ApiOptions, Issuer, Profile, Protection, Role, Transport};
use inkan_server::desk::{DeskOptions, MetadataFiles};
use inkan_server::ledger_node::LogTo;
use serde_json::json;

use self::backing::{Ledger, ProfileBacking, Signing};
use crate::args::{ServeArgs, ServeProfile, ServeRole, ServeStatus};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::keyring::Keyring;
use crate::ledgers::Reading;
use crate::output::{self, Outcome};

pub(super) fn run(args: &ServeArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let mut options = options(args);
    let issues = options.roles.contains(&Role::Issuer);
    if args.judge == ServeProfile::Conformance && issues && !args.throwaway {
        // It signs any date and any issuer's name, and strict verifiers would take that for the profile's word.
        let usage = "--judge conformance signs what test suites ask for: with --throwaway, or with --role verifier alone";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    if let Some(data) = options.data.as_deref() {
        parent_of(data)?;
    }
    let asks = options.roles.contains(&Role::Registry);
    if args.throwaway && asks {
        let usage = "--role registry says what a profile trusts: without --throwaway";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let home = match (args.throwaway, issues || asks) {
        (true, _) => None,
        (false, true) => Some(context.home()?),
        // Who signs is one of a profile's.
        (false, false) if args.desk_report_as.is_some() => Some(context.home()?),
        (false, false) => context.home_if_any()?,
    };
    if args.desk {
        options.desk = Some(desk(args, home.as_ref())?);
    }
    let speech = context.speech;
    let mut notes = Vec::new();
    match home {
        Some(home) => resting(args, context, home, &mut options, &mut notes)?,
        None if issues => options.issuers = throwaway(),
        None => {}
    }
    if options.roles.contains(&Role::Exchange) && options.offers.is_none() {
        notes.push("offers are forgotten when it ends: give --data DIR, or a profile");
    }
    let backing = options.backing.clone();
    let issuers = match &backing {
        Some(backing) => backing.issuers().map_err(|error| {
            Failure::new(error.code, "the keys that sign cannot be read".to_owned())
        })?,
        None => options.issuers.clone(),
    };
    let names: Vec<String> = issuers.iter().map(|issuer| issuer.did.clone()).collect();
    if args.open_issuing && issues {
        notes.push("it signs for anybody who asks on this machine");
    }
    if args.judge == ServeProfile::Conformance {
        notes.push("it judges for test suites: nothing that it verifies should be believed");
    }
    let self_made = matches!(options.transport, Transport::SelfMade);
    credentials::run(options, Arc::new(OsClock), |url| {
        notes.iter().for_each(|note| speech.warn(note));
        if self_made {
            speech.say("its certificate is made by itself: clients have to be told to take it (curl --insecure)");
        }
        let ready = if speech.machine() {
            let value = json!({
                "type": "inkan-api/1", "event": "ready", "url": url, "ids": names,
            });
            format!("{value}\n")
        } else {
            format!("the API answers at {url}\n")
        };
        output::print_now(&ready);
        for issuer in &issuers {
            let log = backing.as_ref().and_then(|backing| backing.log_of(issuer));
            let recorded = match (log, issuer.key.key_type()) {
                (Some(log), KeyType::Ed25519 | KeyType::P256) => {
                    format!("what it issues is recorded in {log}")
                }
                (Some(_), KeyType::P384 | KeyType::P521) => {
                    "no ledger takes entries that it signs, so it issues nothing".to_owned()
                }
                (Some(_), KeyType::Bls12381G2) | (None, _) => {
                    "what it issues is not recorded".to_owned()
                }
            };
            speech.say(&format!("signs with {}; {recorded}", issuer.method));
        }
        speech.say(&format!("what it takes: {url}/openapi.json; ctrl-c ends it in order"));
    })?;
    speech.say("ended in order");
    Ok(Outcome::said())
}

/// Lets the server rest on a profile: on its ledger, what it trusts, and its keys if something is issued.
fn resting(
    args: &ServeArgs,
    context: &mut Context,
    home: Home,
    options: &mut ApiOptions,
    notes: &mut Vec<&'static str>,
) -> Result<(), Failure> {
    let home = home_of_served(args, context, home, options.roles.contains(&Role::Issuer))?;
    let ledger = match (args.no_ledger, home.ledger.is_present()) {
        (false, _) => Ledger::Recorded,
        (true, true) => Ledger::Asked,
        (true, false) => Ledger::Absent,
    };
    if ledger != Ledger::Absent {
        // What cannot be asked now is better said now.
        Reading::open(&home, context)?;
    }
    if options.roles.contains(&Role::Exchange) {
        let own = home.profile.keystore().with_file_name("served-offers");
        options.offers.get_or_insert(own);
    }
    let mut owns = Vec::new();
    if options.roles.contains(&Role::Issuer) {
        for name in &args.dids {
            let own = identity::own(&home, Some(name))?;
            if owns.contains(&own) {
                let usage = format!("--as {name} is given twice");
                return Err(CliError::Usage(usage).into());
            }
            owns.push(own);
        }
        if owns.is_empty() {
            owns.push(identity::own(&home, None)?);
        }
        options.data.get_or_insert_with(|| home.profile.keystore().with_file_name("served-status"));
    }
    let reporter = match &args.desk_report_as {
        Some(name) => Some(identity::own(&home, Some(name))?),
        None => None,
    };
    let mut logged = Vec::new();
    for own in owns.iter().chain(&reporter) {
        if Did::parse(&own.did)?.scid().is_some() {
            logged.push(own);
        }
    }
    if args.no_ledger && !logged.is_empty() {
        notes.push("what it signs cannot be verified any more once its key is replaced");
    }
    let mut keyring = None;
    if !owns.is_empty() || reporter.is_some() {
        let open = Keyring::open(context, &home)?;
        if ledger == Ledger::Recorded {
            for own in logged {
                can_record(own, &open)?;
            }
        }
        keyring = Some(open);
    }
    let signing = keyring.map(|keyring| Signing { issuing: owns, reporter, keyring });
    let backing = ProfileBacking::new(home, signing, ledger, context.speech)?
        .with_policies(super::policy::folders(context));
    let backing = Arc::new(backing);
    if let Some(desk) = options.desk.as_mut().filter(|_| args.desk_report_as.is_some()) {
        desk.reports = Some(backing.clone());
    }
    options.backing = Some(backing);
    Ok(())
}

/// The profile at the log where all DIDs that sign here are at home.
fn home_of_served(
    args: &ServeArgs,
    context: &mut Context,
    home: Home,
    issues: bool,
) -> Result<Home, Failure> {
    let mut names: Vec<Option<&str>> = Vec::new();
    if issues {
        names.extend(args.dids.iter().map(|name| Some(name.as_str())));
        if names.is_empty() {
            names.push(None);
        }
    }
    names.extend(args.desk_report_as.as_deref().map(Some));
    let mut found: Option<Home> = None;
    for name in names {
        // What is no DID of ours is refused where it is used.
        let Ok(own) = identity::own(&home, name) else { continue };
        let there = context.settled(&home, &own)?;
        if found.as_ref().is_some_and(|other| other.settings.origin != there.settings.origin) {
            let usage = "the DIDs that sign here are at home in several logs: serve them apart";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
        found = Some(there);
    }
    Ok(found.unwrap_or(home))
}

/// A server that would record what it issues, and has no key that a ledger takes entries of, could issue nothing. Credentials in
/// `bbs-2023` are never recorded.
fn can_record(own: &OwnDid, keyring: &Keyring) -> Result<(), Failure> {
    for key in &own.keys {
        match keyring.key(&key.key)?.public_key().key_type() {
            KeyType::Ed25519 | KeyType::P256 | KeyType::Bls12381G2 => return Ok(()),
            KeyType::P384 | KeyType::P521 => {}
        }
    }
    let detail = format!("no ledger takes entries that the keys of {} sign", own.name);
    Err(Failure::from(CliError::KeyUnsuitable { detail })
        .try_this("issue without recording it", "inkan serve … --no-ledger"))
}

/// What the desk is opened with.
fn desk(args: &ServeArgs, home: Option<&Home>) -> Result<DeskOptions, Failure> {
    let folder = match (&args.desk_folder, home) {
        (Some(folder), _) => {
            parent_of(Path::new(folder))?;
            PathBuf::from(folder)
        }
        (None, Some(home)) => super::desk::folder_of(home),
        (None, None) => {
            let usage = "--desk needs a folder to keep sessions in: a profile, or --desk-folder";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
    };
    let name = args.desk_name.clone().or_else(|| home.map(|home| home.name().to_owned()));
    let metadata = args.fido_metadata.as_ref().zip(args.fido_root.as_ref());
    Ok(DeskOptions {
        folder,
        asker: name.unwrap_or_else(|| "inkan".to_owned()),
        reports: None,
        metadata: metadata.map(|(blob, root)| MetadataFiles {
            blob: blob.into(),
            root: root.into(),
            host: args.fido_host.clone(),
        }),
    })
}

/// The folder that one is made in must be there: a mistyped path makes none.
fn parent_of(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent.filter(|parent| !parent.is_dir()) {
        Some(parent) => Err(FileError::Missing { path: parent.to_path_buf() }.into()),
        None => Ok(()),
    }
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
            ServeRole::Exchange => Role::Exchange,
            ServeRole::Registry => Role::Registry,
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
        offers: args.data.as_ref().map(|data| Path::new(data).join("offers")),
        status: status.collect(),
        profile: match args.judge {
            ServeProfile::Strict => Profile::Strict,
            ServeProfile::Conformance => Profile::Conformance,
        },
        network: if args.fetch { Network::AskPublic } else { Network::Offline },
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

#[cfg(test)]
mod tests;
