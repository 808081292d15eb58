//! A presentation whose holder certificates name (`x5c` of `vp+jwt`, `x5chain` of `vp+cose`), and no DID.
//!
//! Whoever is named so is believed under the same anchors as an issuer, never by the certificates alone. A holder presents now: the
//! path has to hold as of the judged time, and when the holder says that it signed. A certificate that ended since is the holder's
//! no more, whatever a timestamp shows.

use inkan_core::sha256;
use inkan_credential::presentation::{Presentation, PresentationProofError};

use super::{NAME, SUBJECT, answers, said};
use crate::certificates::CertificateFault;
use crate::check::Check;
use crate::reason::Reason;
use crate::verified::Presenter;
use crate::verify::{Bench, certified, signer};

/// As `judge` of presentations by a DID.
pub(super) fn judge(
    bench: &Bench<'_>,
    presentation: &Presentation,
    chain: &[Vec<u8>],
) -> Result<(Presenter, Check), Reason> {
    let context = bench.context;
    let checkers = context.certificates.as_deref().zip(bench.paths());
    let (checker, paths) =
        checkers.ok_or_else(|| certified::reason(CertificateFault::AnchorUnknown))?;
    let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
    let key = checker.key(leaf).map_err(certified::reason)?;
    presentation.prepare_proof(bench.contexts())(&key).map_err(|error| match error {
        PresentationProofError::Proof(error) => {
            signer::failure(&error, Reason::PresentationProofInvalid)
        }
        PresentationProofError::Invalid => Reason::PresentationProofInvalid,
    })?;
    let (expected, created) = answers(context, presentation)?;
    let path = paths.path(chain, context.as_of).map_err(certified::reason)?;
    paths.path(chain, created).map_err(certified::reason)?;
    let certificate = sha256(&[leaf]).to_hex();
    let line = Check::pass(NAME, SUBJECT)
        .with("certificate", certificate.as_str())
        .with("anchor", path.anchor.to_hex())
        .with("revocation", path.revocation.as_str());
    let presenter = Presenter {
        holder: presentation.holder().to_owned(),
        method: format!("urn:x509:sha-256:{certificate}"),
        key,
        nonce_digest: sha256(&[expected.nonce.as_bytes()]),
        presentation_digest: presentation.digest(),
        audience: expected.audience.clone(),
        created,
        nonce_issued_at: expected.nonce_issued_at,
        live: expected.live,
    };
    Ok((presenter, said(line, expected)))
}
