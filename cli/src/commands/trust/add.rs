//! `inkan trust add`: in the profile's own list, or with `--as` on the ledger, where everybody can read it.

use inkan_core::{json, limits};
use inkan_crypto::PublicKey;
use inkan_did::Did;
use inkan_evidence::registry::{Authenticates, NewEntry, PartyRole, actions, add_entry};
use inkan_evidence::{AuthLevel, Registry};
use inkan_io::files::{self, Access};
use inkan_ledger::{TrustOperation, TrustStatement};
use serde_json::{Value, json as value};

use super::signed::{self, Word};
use super::{load, party};
use crate::args::TrustAddArgs;
use crate::commands::countersign;
use crate::commands::did::parse_time;
use crate::context::Context;
use crate::failure::{CliError, Failure};
use crate::identity;
use crate::output::Outcome;
use crate::render::report::short_did;

pub(super) fn run(args: &TrustAddArgs, context: &mut Context) -> Result<Outcome, Failure> {
    let home = context.home()?;
    let dids = |names: &[String]| -> Result<Vec<String>, Failure> {
        let did = |name: &String| Ok(identity::any(Some(&home), name)?.as_str().to_owned());
        names.iter().map(did).collect()
    };
    let entry = NewEntry {
        party: party(&args.party, Some(&home))?,
        roles: args.roles.clone(),
        rows: args.rows.clone(),
        issues: args.issues.clone(),
        anchor_types: args.anchor_types.clone(),
        statements: args.statements.clone(),
        countersigns: args
            .countersigns
            .iter()
            .map(|role| countersign::role_of(*role).as_str().to_owned())
            .collect(),
        succeeds: dids(&args.succeeds)?,
        same_controller: dids(&args.same_controller)?,
        authenticates: authenticates(args),
        keys: keys(args, context)?,
        authority: args.authority,
        from: args.from.as_deref().map(parse_time).transpose()?,
        until: args.until.as_deref().map(parse_time).transpose()?,
    };
    // Any other states nothing on a ledger, and what cannot be read stops every verification.
    if entry.authority && !Did::parse(&entry.party).is_ok_and(|did| did.scid().is_some()) {
        let detail =
            "only a did:webvh DID can be an authority: it alone states something on a ledger";
        return Err(CliError::Usage(detail.to_owned()).into());
    }
    check_signer(&entry, args.identity.is_some())?;
    let said = format!("{} {}", short_did(&entry.party), words(&entry));
    if let Some(own) = args.identity.as_deref() {
        // What cannot be read as an entry is not written down for good.
        add_entry(None, "urn:inkan:trust", &entry, context.now())?;
        let from = entry.from.unwrap_or_else(|| context.now());
        let until = entry.until.map(|until| until.plus_seconds(1));
        let grant = Word { operation: TrustOperation::Grant, from, until };
        return signed::write((own, &args.write), &entry.party, &granted(&entry), grant, context)
            .map(|outcome| outcome.with("says", said));
    }
    let now = context.now();
    let _lock = home.profile.lock()?;
    let current = load(&home)?;
    let id = format!("urn:inkan:trust:{}", home.name());
    let list = add_entry(current.as_ref().map(Registry::to_value), &id, &entry, now)?;
    if args.write.dry_run {
        context.speech.say(&format!("would trust: {said}"));
    } else {
        let text = format!("{list:#}\n");
        files::write_atomic(&home.profile.trust_list(), text.as_bytes(), Access::Private)?;
        context.speech.say(&format!("trusted: {said}"));
    }
    let members = value!({ "trustList": list, "dryRun": args.write.dry_run });
    Ok(Outcome::new("inkan-trust/1", String::new(), members))
}

/// What an operator may say about logins.
fn authenticates(args: &TrustAddArgs) -> Option<Authenticates> {
    let max_aal = AuthLevel::parse(&format!("AAL-{}", args.max_aal.as_deref()?))?;
    Some(Authenticates {
        factors: args.factors.iter().cloned().collect(),
        max_aal,
        schemes: args.schemes.iter().cloned().collect(),
    })
}

/// The public keys in the files that are named: each a JWK, or a set of them. A private one is refused, not cut down.
fn keys(args: &TrustAddArgs, context: &Context) -> Result<Vec<PublicKey>, Failure> {
    let mut out = Vec::new();
    for file in &args.keys {
        let input = context.input(Some(file))?;
        let value = json::parse(&input.bytes, limits::DOCUMENT)
            .map_err(|error| Failure::from(error).during(&input.name))?;
        let set = value.get("keys").and_then(Value::as_array);
        let each = set.map_or_else(|| vec![&value], |set| set.iter().collect());
        if each.is_empty() {
            let detail = "there is no key in it".to_owned();
            return Err(CliError::InputMalformed { file: input.name, detail }.into());
        }
        for jwk in each {
            out.push(PublicKey::from_jwk(jwk).map_err(|error| {
                let detail = error.to_string();
                CliError::InputMalformed { file: input.name.clone(), detail }
            })?);
        }
    }
    Ok(out)
}

/// An operator of logins, a wallet provider and a base register sign statements of their own: without keys, and an operator without factors,
/// nothing that they state could ever count. Keys stand in the profile's own list alone. Types of anchors say something of a root alone.
fn check_signer(entry: &NewEntry, on_ledger: bool) -> Result<(), Failure> {
    let is = |role: PartyRole| entry.roles.iter().any(|name| name == role.as_str());
    let operator = is(PartyRole::AuthenticationOperator);
    let provider = is(PartyRole::WalletProvider);
    let signs = operator || provider || is(PartyRole::BaseRegistry);
    let usage = |detail: &str| Err(CliError::Usage(detail.to_owned()).into());
    if signs && on_ledger {
        return usage(
            "an operator of logins, a wallet provider or a base register is trusted by its keys, which stand in your own list only: leave --as out",
        );
    }
    if operator && (entry.authenticates.is_none() || entry.keys.is_empty()) {
        return usage("--role authentication_operator goes with --factor, --max-aal and --key");
    }
    if provider && entry.keys.is_empty() {
        return usage("--role wallet_provider goes with --key");
    }
    if signs && entry.keys.is_empty() {
        return usage("--role base_registry goes with --key");
    }
    if !signs && !entry.keys.is_empty() {
        return usage(
            "--key goes with --role authentication_operator, wallet_provider or base_registry",
        );
    }
    if !entry.anchor_types.is_empty() && !is(PartyRole::RootIdentityIssuer) {
        return usage("--anchor-types goes with --role root_identity_issuer");
    }
    if !operator && entry.authenticates.is_some() {
        return usage("--factor goes with --role authentication_operator");
    }
    Ok(())
}

/// What it may do, as statements on a ledger.
fn granted(entry: &NewEntry) -> Vec<(TrustStatement, &'static str, String)> {
    use TrustStatement::{Authorization, Recognition};
    let lists = [
        (Authorization, actions::ISSUE, &entry.issues),
        (Authorization, actions::STATE, &entry.rows),
        (Authorization, actions::COUNTERSIGN, &entry.countersigns),
        (Authorization, actions::ROLE, &entry.roles),
        (Authorization, actions::ANCHOR, &entry.anchor_types),
        (Authorization, actions::MAKE, &entry.statements),
        (Recognition, actions::SUCCEED, &entry.succeeds),
        (Recognition, actions::SAME, &entry.same_controller),
    ];
    let each = lists.into_iter().flat_map(|(statement, action, resources)| {
        resources.iter().map(move |resource| (statement, action, resource.clone()))
    });
    let authority =
        entry.authority.then(|| (Recognition, actions::AUTHORITY, actions::TRUST.to_owned()));
    each.chain(authority).collect()
}

fn words(entry: &NewEntry) -> String {
    let list = |words: &[String], none: &str| {
        if words.is_empty() { none.to_owned() } else { words.join(", ") }
    };
    let short = |dids: &[String]| dids.iter().map(|did| short_did(did)).collect::<Vec<_>>();
    let mut out = format!(
        "may issue {} and state {}",
        list(&entry.issues, "nothing"),
        list(&entry.rows, "no rows")
    );
    let mut also = |said: String| {
        out.push_str(", and ");
        out.push_str(&said);
    };
    if let Some(may) = &entry.authenticates {
        let factors: Vec<&str> = may.factors.iter().map(String::as_str).collect();
        also(format!("say of logins up to {}: {}", may.max_aal.as_str(), factors.join(", ")));
    }
    if entry.roles.iter().any(|role| role == PartyRole::WalletProvider.as_str()) {
        also("say of wallets where their keys are kept".to_owned());
    }
    if entry.roles.iter().any(|role| role == PartyRole::BaseRegistry.as_str()) {
        also("confirm that claims still are what its register holds".to_owned());
    }
    if !entry.anchor_types.is_empty() {
        also(format!("be a root of identity with {}", entry.anchor_types.join(", ")));
    }
    if !entry.statements.is_empty() {
        also("say in what it issues where the holder's key is kept".to_owned());
    }
    if !entry.countersigns.is_empty() {
        also(format!("countersign as {}", entry.countersigns.join(", ")));
    }
    if !entry.succeeds.is_empty() {
        also(format!("has taken over from {}", short(&entry.succeeds).join(", ")));
    }
    if !entry.same_controller.is_empty() {
        also(format!("is one with {}", short(&entry.same_controller).join(", ")));
    }
    if entry.authority {
        also("is an authority: what it states on the ledger counts".to_owned());
    }
    out
}
