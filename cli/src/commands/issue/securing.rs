//! How a credential is secured: from options to a suite or format, and to a key that fits it.

use inkan_credential::sd_jwt::ClaimPath;
use inkan_credential::{Contexts, Cryptosuite};
use inkan_crypto::KeyType;
use inkan_did::{Did, published};
use inkan_io::profile::OwnDid;
use inkan_issuer::{Disclosable, Securing};

use crate::args::{IssueArgs, SecuringFormat, StatusKind};
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::identity::Hand;
use crate::keyring::Keyring;
use crate::output::Speech;

/// Options that do not go together, and a warning of those that hide nothing.
pub(super) fn check(args: &IssueArgs, speech: Speech) -> Result<(), Failure> {
    if !args.derived.is_empty() && !is_selective(args) {
        let advice = "this format is shown whole, the values that they come from included";
        speech.warn(&format!("derived claims: {advice}"));
    }
    let chooses = !args.disclosable.is_empty() || args.decoys > 0;
    let has_base = args.credential_format.and_then(suite).is_some_and(|suite| suite.is_selective());
    if !args.mandatory.is_empty() && !has_base {
        let usage = "--mandatory belongs to credentials of the suites ecdsa-sd-2023 and bbs-2023";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    if args.bearer && args.countersigners.iter().any(|wanted| wanted.ends_with("=subject")) {
        let usage = "--bearer names no subject who could countersign";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    let unlinkable = args.credential_format == Some(SecuringFormat::Bbs2023);
    if unlinkable && !(args.no_ledger && args.no_status) {
        let usage =
            "a ledger record or a place in a status list would link what bbs-2023 keeps apart";
        return Err(Failure::from(CliError::Usage(usage.to_owned())).try_this(
            "issue it for a short time, without both",
            "inkan issue … --no-ledger --no-status --valid-for 30d",
        ));
    }
    if unlinkable && !args.bearer && args.rows.rows.is_none() {
        speech.warn("the subject's DID stands in every part that is shown, and links them: --bearer names nobody");
    }
    if args.https_issuer && args.credential_format != Some(SecuringFormat::DcSdJwt) {
        let usage = "--https-issuer belongs to dc+sd-jwt: elsewhere issuers are DIDs".to_owned();
        return Err(Failure::from(CliError::Usage(usage))
            .try_this("use that format", "inkan issue … --https-issuer --suite dc+sd-jwt"));
    }
    if args.with.is_some() && args.credential_format == Some(SecuringFormat::DcSdJwt) {
        let usage = "--with gives members of the W3C data model, which dc+sd-jwt does not have";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    if args.type_metadata.is_some() && args.credential_format != Some(SecuringFormat::DcSdJwt) {
        let usage = "--type-metadata belongs to dc+sd-jwt; other formats name a --schema";
        return Err(CliError::Usage(usage.to_owned()).into());
    }
    if args.schema.is_some() && args.credential_format == Some(SecuringFormat::DcSdJwt) {
        speech.warn("dc+sd-jwt names no schema: the claims are checked against it now, and by no verifier later");
    }
    if chooses && !binds_key(args) {
        let usage = "--sd and --decoys belong to credentials of which the holder shows a part";
        let failure = Failure::from(CliError::Usage(usage.to_owned()));
        return Err(
            failure.try_this("use such a format", "inkan issue … --credential-format vc+sd-jwt")
        );
    }
    check_status(args)
}

/// Every format has kinds of status lists whose places it can name.
fn check_status(args: &IssueArgs) -> Result<(), Failure> {
    use SecuringFormat::{DcSdJwt, VcCose, VcJwt, VcSdJwt};
    let in_token = matches!(args.credential_format, Some(VcJwt | VcCose | VcSdJwt | DcSdJwt));
    let messages = &args.messages;
    if !messages.is_empty() && !matches!(messages.len(), 2 | 4 | 8 | 16 | 32 | 64 | 128 | 256) {
        let usage =
            format!("--messages takes 2, 4, 8, … 256 of them, and these are {}", messages.len());
        return Err(CliError::Usage(usage).into());
    }
    let mut before = std::collections::BTreeSet::new();
    if let Some(twice) = messages.iter().find(|message| !before.insert(message.as_str())) {
        let usage = format!("--messages: {twice:?} stands there twice");
        return Err(CliError::Usage(usage).into());
    }
    if !args.messages.is_empty() && super::status::encoding(args).is_token() {
        let usage = "messages are said in a Bitstring Status List, not in a token".to_owned();
        return Err(CliError::Usage(usage).into());
    }
    if let Some(url) = &args.status_url {
        if !url.starts_with("https://") {
            let usage = "--status-url is an https URL, where verifiers find the list".to_owned();
            return Err(CliError::Usage(usage).into());
        }
        let bits = !super::status::encoding(args).is_token();
        if bits && (args.suspendable || !args.messages.is_empty()) {
            let usage = "--status-url names one list, and this needs several: --status token tells revoked and suspended apart in one";
            return Err(CliError::Usage(usage.to_owned()).into());
        }
    }
    let (usage, kind) = match (args.status, args.credential_format) {
        (Some(StatusKind::Token | StatusKind::TokenCwt), _) if !in_token => (
            "places in token status lists are named in JWTs, SD-JWTs and COSE messages",
            "bitstring",
        ),
        (Some(StatusKind::Bitstring), Some(DcSdJwt)) => {
            ("dc+sd-jwt names places in token status lists", "token")
        }
        (Some(_) | None, _) => return Ok(()),
    };
    let failure = Failure::from(CliError::Usage(usage.to_owned()));
    Err(failure.try_this("use the other kind", format!("inkan issue … --status {kind}")))
}

/// Whether the credential is presented with the key that the issuer confirmed in it.
pub(super) const fn binds_key(args: &IssueArgs) -> bool {
    match args.credential_format {
        Some(SecuringFormat::VcSdJwt | SecuringFormat::DcSdJwt) => true,
        None
        | Some(
            SecuringFormat::EddsaJcs2022
            | SecuringFormat::EddsaRdfc2022
            | SecuringFormat::EcdsaJcs2019
            | SecuringFormat::EcdsaRdfc2019
            | SecuringFormat::EcdsaSd2023
            | SecuringFormat::Bbs2023
            | SecuringFormat::VcJwt
            | SecuringFormat::VcCose,
        ) => false,
    }
}

/// Whether the holder can show a part of it.
pub(super) fn is_selective(args: &IssueArgs) -> bool {
    let base = [Some(SecuringFormat::EcdsaSd2023), Some(SecuringFormat::Bbs2023)];
    binds_key(args) || base.contains(&args.credential_format)
}

/// The suite of a Data Integrity format; none for the others.
pub(in crate::commands) const fn suite(format: SecuringFormat) -> Option<Cryptosuite> {
    match format {
        SecuringFormat::EddsaJcs2022 => Some(Cryptosuite::EddsaJcs2022),
        SecuringFormat::EddsaRdfc2022 => Some(Cryptosuite::EddsaRdfc2022),
        SecuringFormat::EcdsaJcs2019 => Some(Cryptosuite::EcdsaJcs2019),
        SecuringFormat::EcdsaRdfc2019 => Some(Cryptosuite::EcdsaRdfc2019),
        SecuringFormat::EcdsaSd2023 => Some(Cryptosuite::EcdsaSd2023),
        SecuringFormat::Bbs2023 => Some(Cryptosuite::Bbs2023),
        SecuringFormat::VcJwt
        | SecuringFormat::VcCose
        | SecuringFormat::VcSdJwt
        | SecuringFormat::DcSdJwt => None,
    }
}

/// What the library is asked for.
pub(super) fn securing<'a>(
    args: &IssueArgs,
    key_type: KeyType,
    (claims, mandatory): (&'a [ClaimPath], &'a [ClaimPath]),
    contexts: &'a Contexts,
    url: Option<&'a str>,
) -> Securing<'a> {
    let disclosable = Disclosable { claims, decoys: args.decoys };
    match args.credential_format {
        None => Securing::DataIntegrity(Cryptosuite::for_key(key_type), contexts),
        Some(SecuringFormat::EcdsaSd2023) => {
            Securing::Selective { suite: Cryptosuite::EcdsaSd2023, mandatory, contexts }
        }
        Some(SecuringFormat::Bbs2023) => {
            Securing::Selective { suite: Cryptosuite::Bbs2023, mandatory, contexts }
        }
        Some(SecuringFormat::VcJwt) => Securing::Jose,
        Some(SecuringFormat::VcCose) => Securing::Cose,
        Some(SecuringFormat::VcSdJwt) => Securing::SdJwt(disclosable),
        Some(SecuringFormat::DcSdJwt) => match url {
            Some(url) => Securing::SdJwtVcAt(disclosable, url),
            None => Securing::SdJwtVc(disclosable),
        },
        Some(
            format @ (SecuringFormat::EddsaJcs2022
            | SecuringFormat::EddsaRdfc2022
            | SecuringFormat::EcdsaJcs2019
            | SecuringFormat::EcdsaRdfc2019),
        ) => {
            let suite = suite(format).unwrap_or_else(|| Cryptosuite::for_key(key_type));
            Securing::DataIntegrity(suite, contexts)
        }
    }
}

/// The https URL that names the issuer in the place of its DID, if that is asked for.
pub(super) fn https_url(args: &IssueArgs, own: &OwnDid) -> Result<Option<String>, Failure> {
    if !args.https_issuer {
        return Ok(None);
    }
    let url = Did::parse(&own.did).ok().as_ref().and_then(published::issuer_url);
    let detail = "a DID of this method has no place on the web".to_owned();
    let missing = || CliError::InputMalformed { file: own.did.clone(), detail };
    url.map(Some).ok_or_else(|| missing().into())
}

/// The key that was named, else the first of the DID that fits the format.
pub(super) fn hand<'a>(
    args: &IssueArgs,
    own: &OwnDid,
    keyring: &'a Keyring,
    home: &Home,
) -> Result<Hand<'a>, Failure> {
    let suite = args.credential_format.and_then(suite);
    let fits = |key_type| suite.as_ref().is_none_or(|suite| suite.signs_with(key_type));
    let named = args.key.as_deref();
    let first = own
        .keys
        .iter()
        .map(|key| key.key.as_str())
        .find(|name| keyring.key(name).is_ok_and(|key| fits(key.public_key().key_type())));
    let hand = Hand::of(own, named.or(first), keyring, home)?;
    let key_type = hand.key.public_key().key_type();
    let profile = home.name();
    if !fits(key_type) {
        let suite = suite.as_ref().map_or("", Cryptosuite::as_str);
        let wanted = match suite.split('-').next() {
            Some("eddsa") => KeyType::Ed25519,
            Some("bbs") => KeyType::Bls12381G2,
            _ => KeyType::P256,
        };
        let wanted = wanted.name();
        let detail = format!(
            "{suite} is not signed with {} keys, and {} has no other",
            key_type.name(),
            own.name
        );
        let error = CliError::KeyUnsuitable { detail };
        let make = format!("inkan -p {profile} key generate {wanted}-1 --alg {wanted}");
        let create =
            format!("inkan -p {profile} did create --key {wanted}-1 --name {}-{wanted}", own.name);
        return Err(Failure::from(error)
            .try_this("make a key that fits", make)
            .try_this("and a DID that has it", create));
    }
    let recorded = !(args.no_ledger && (args.no_status || args.status_url.is_some()));
    if recorded && !matches!(key_type, KeyType::Ed25519 | KeyType::P256) {
        let detail = format!(
            "ledgers take entries signed with Ed25519 and P-256, not with {}",
            key_type.name()
        );
        return Err(Failure::from(CliError::KeyUnsuitable { detail })
            .try_this("issue without record and status", "inkan issue … --no-ledger --no-status"));
    }
    Ok(hand)
}

/// Claims as people name them: separated by commas, or one claims path in JSON.
pub(crate) fn paths(given: &[String]) -> Result<Vec<ClaimPath>, Failure> {
    let mut out = Vec::new();
    for text in given {
        if text.starts_with('[') {
            out.push(ClaimPath::parse(text)?);
            continue;
        }
        for one in text.split(',') {
            out.push(ClaimPath::parse(one.trim())?);
        }
    }
    Ok(out)
}
