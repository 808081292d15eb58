//! `inkan verify --report-out`: the report as a credential that the verifier signs.
//!
//! A report is evidence of its own: who judged what, by which policy, and when. As a credential (`VerificationReport`, `vc+jwt`) it is
//! signed, recorded, verified, stamped and countersigned by what does that for every other; nothing has to be learned anew.

use inkan_assurance::Report;
use inkan_assurance::report::{SIGNED, claims_of};
use inkan_core::sha256;
use inkan_credential::Bundle;

use crate::args::{IssueArgs, OutArgs, SecuringFormat, VerifyArgs};
use crate::commands::issue::{self, Said};
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::identity;

/// Whose signature it gets; asked for before anything is judged.
pub(super) fn signer(args: &VerifyArgs, home: &Home) -> Result<String, Failure> {
    Ok(identity::own(home, args.identity.as_deref())?.did)
}

/// Signs the report on `bundle` and writes it to the file of `--report-out`. What was judged is named by its digest alone.
pub(super) fn write(
    signer: &str,
    bundle: &Bundle,
    report: &Report,
    args: &VerifyArgs,
    context: &mut Context,
) -> Result<(), Failure> {
    let Some(path) = &args.report_out else { return Ok(()) };
    let judged = sha256(&[bundle.artefact.to_bare().as_bytes()]).to_hex();
    let claims = claims_of(report.to_value(), &judged);
    let claims = claims.ok_or_else(|| CliError::Fault("a report is JSON".to_owned()))?;
    let issue_args = IssueArgs {
        credential_type: SIGNED.to_owned(),
        from: signer.to_owned(),
        to: signer.to_owned(),
        credential_format: Some(SecuringFormat::VcJwt),
        no_status: true,
        no_ledger: args.offline,
        out: OutArgs::to(path, args.force),
        ..IssueArgs::default()
    };
    let said = |_: &Context| {
        Ok(Said { claims: claims.clone(), valid_until: None, travelling: Vec::new() })
    };
    let mut outcome = issue::run_with(&issue_args, &said, context)?;
    outcome.is_out()
}
