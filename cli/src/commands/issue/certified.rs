//! `issue --x5c`: certificates name the issuer and its key; `present --x5c`: who presents.

use inkan_core::Timestamp;
use inkan_credential::sd_jwt_vc::issuer_of;
use inkan_evidence::x5c::{IssuerAnchors, chain_in, key_of};
use inkan_io::pinned;
use inkan_verifier::{CertificateChecker as _, CertificateFault, RevocationInfo};

use super::status;
use crate::args::{IssueArgs, SecuringFormat};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity::Hand;

/// Who issues or presents, by certificates.
#[derive(Debug)]
pub(in crate::commands) struct Certified {
    /// The HTTPS URL that the first one names.
    pub(in crate::commands) issuer: String,
    /// In DER, that of the key first.
    pub(in crate::commands) chain: Vec<Vec<u8>>,
}

/// Options that do not go with certificates.
pub(super) fn check(args: &IssueArgs) -> Result<(), Failure> {
    if args.x5c.is_none() {
        return Ok(());
    }
    let format = args.credential_format;
    use SecuringFormat::{DcSdJwt, VcCose, VcJwt};
    if !matches!(format, Some(VcJwt | VcCose | DcSdJwt)) {
        let usage = "--x5c belongs to credentials in vc+jwt, vc+cose and dc+sd-jwt".to_owned();
        return Err(Failure::from(CliError::Usage(usage))
            .try_this("use such a format", "inkan issue … --x5c F --suite dc+sd-jwt"));
    }
    let token = status::encoding(args).is_token();
    let served = args.status_url.is_some() && token;
    if !(args.no_ledger && (args.no_status || served)) {
        let usage = "a ledger record and the status lists that a ledger announces are by a DID, and certificates name none";
        return Err(Failure::from(CliError::Usage(usage.to_owned()))
            .try_this(
                "issue it for a short time, without both",
                "inkan issue … --x5c F --no-ledger --no-status --valid-for 30d",
            )
            .try_this(
                "or serve its list yourself",
                "inkan issue … --x5c F --no-ledger --status token --status-url URL",
            ));
    }
    Ok(())
}

/// Reads the certificates, if there are any: they must be those of this key, name an issuer, and hold now.
pub(in crate::commands) fn read(
    path: Option<&str>,
    hand: &Hand<'_>,
    home: &Home,
    context: &Context,
) -> Result<Option<Certified>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let malformed = |detail: &str| CliError::InputMalformed {
        file: path.to_owned(),
        detail: detail.to_owned(),
    };
    let input = context.input(Some(path))?;
    let chain = chain_in(&input.bytes).map_err(|_| malformed("no certificates, or too many"))?;
    let leaf = chain.first().ok_or_else(|| malformed("no certificates"))?;
    if key_of(leaf)? != hand.key.public_key() {
        let detail = format!("the first certificate is not that of {}", hand.method);
        return Err(Failure::from(CliError::KeyUnsuitable { detail })
            .try_this("name the key that it is for", "inkan … --x5c F --key K"));
    }
    let issuer = issuer_of(leaf)
        .ok_or_else(|| malformed("the first certificate names no https URL and no host"))?;
    let pinned = pinned::issuer_anchors(&pinned::load(&home.profile)?)?;
    hold(&chain, &pinned, context.now(), context)?;
    Ok(Some(Certified { issuer, chain }))
}

/// What no verifier would accept is not used. Whether theirs is the anchor that this chain leads to is not known here.
fn hold(
    chain: &[Vec<u8>],
    pinned: &IssuerAnchors,
    now: Timestamp,
    context: &Context,
) -> Result<(), Failure> {
    match pinned.path(chain, now, &RevocationInfo::default()) {
        Ok(_) => return Ok(()),
        Err(CertificateFault::AnchorUnknown | CertificateFault::RevocationUnknown) => {}
        Err(fault) => return Err(fault.into()),
    }
    context
        .speech
        .warn("the certificates lead to none that is pinned here: only their own path is checked");
    let mut last = IssuerAnchors::default();
    if let Some(certificate) = chain.last() {
        last.add_file(certificate)?;
    }
    last.path(chain, now, &RevocationInfo::default())?;
    Ok(())
}
