//! Chains of certificates that name an issuer, as far as a verifier without X.509 of its own has to know them.

use std::fmt;

use inkan_core::{Digest, Timestamp};
use inkan_credential::bundle::SealForm;
use inkan_crypto::PublicKey;

/// Judges chains of certificates under the anchors that its user pinned. It is given to the verifier, which so can be built where
/// there is no X.509.
pub trait CertificateChecker: fmt::Debug + Send + Sync {
    /// The key of a certificate (DER).
    ///
    /// # Errors
    ///
    /// [`CertificateFault::Malformed`], [`CertificateFault::Key`].
    fn key(&self, leaf: &[u8]) -> Result<PublicKey, CertificateFault>;

    /// Reads what `said` and the pins hold, once for all chains of a verification.
    fn paths<'a>(&'a self, said: &RevocationInfo) -> Box<dyn PathChecker + 'a>;

    /// [`PathChecker::path`] for one chain alone.
    ///
    /// # Errors
    ///
    /// As there.
    fn path(
        &self,
        chain: &[Vec<u8>],
        at: Timestamp,
        said: &RevocationInfo,
    ) -> Result<Path, CertificateFault> {
        self.paths(said).path(chain, at)
    }

    /// Checks the signature of an e-seal under the certificate that it carries, over this text. The certificates are not judged.
    ///
    /// # Errors
    ///
    /// [`CertificateFault`]; [`CertificateFault::Seal`] if it is no signature over this text, and another one if that cannot be told.
    fn seal(&self, form: &SealForm, statement: &[u8]) -> Result<Sealed, CertificateFault>;
}

/// Judges chains by what authorities said of certificates.
pub trait PathChecker: fmt::Debug {
    /// The pinned certificate that `chain` (DER, that of the key first) leads to, where every certificate on the way is good at `at`,
    /// and none had been revoked by then, as far as anything at hand tells.
    ///
    /// # Errors
    ///
    /// [`CertificateFault`]; [`CertificateFault::AnchorUnknown`] if nothing but the anchor is missing.
    fn path(&self, chain: &[Vec<u8>], at: Timestamp) -> Result<Path, CertificateFault>;
}

/// The signature of an e-seal, which verifies under the first certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sealed {
    /// DER, that of the key first.
    pub chain: Vec<Vec<u8>>,
    /// When it was made, where the signature says so itself.
    pub signing_time: Option<Timestamp>,
}

/// What authorities said of the certificates that they issued; none of it is trusted, each piece proves itself or is not used.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RevocationInfo {
    /// CRLs ([RFC 5280 §5](https://www.rfc-editor.org/rfc/rfc5280#section-5)), DER.
    pub crls: Vec<Vec<u8>>,
    /// OCSP responses ([RFC 6960](https://www.rfc-editor.org/rfc/rfc6960)), DER.
    pub ocsp: Vec<Vec<u8>>,
}

/// A path that holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Path {
    /// SHA-256 of the pinned certificate.
    pub anchor: Digest,
    /// What was found out about revocation.
    pub revocation: Revocation,
}

/// What was found out about revocation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Revocation {
    /// The issuer of every certificate on the path says that it was not revoked.
    Good,
    /// Of one at least nothing tells, and nobody demanded it.
    NotShown,
}

impl Revocation {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::NotShown => "not shown",
        }
    }
}

/// Why a chain of certificates shows nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateFault {
    /// It leads to no certificate that is pinned.
    #[error("the certificates lead to none that is pinned")]
    AnchorUnknown,
    /// A certificate on the path had ended.
    #[error("a certificate on the path had ended")]
    Expired,
    /// A certificate on the path had not begun.
    #[error("a certificate on the path had not begun")]
    NotYetValid,
    /// The first certificate is not for signatures of this kind.
    #[error("the certificate is not for such signatures")]
    Usage,
    /// The key of the first certificate is of a kind that signs no credentials.
    #[error("the certificate has a key of another kind")]
    Key,
    /// A certificate cannot be read.
    #[error("a certificate cannot be read")]
    Malformed,
    /// A certificate on the path had been revoked by its issuer.
    #[error("a certificate on the path had been revoked")]
    Revoked,
    /// It is demanded to know that no certificate on the path had been revoked, and nothing at hand tells.
    #[error("nothing at hand tells whether the certificates had been revoked")]
    RevocationUnknown,
    /// A certificate on the path is not under the policy that is demanded.
    #[error("the certificates are not under the policy that is demanded")]
    Policy,
    /// The signature of an e-seal is none over what it names.
    #[error("the e-seal is no signature over what it names")]
    Seal,
    /// The signature of an e-seal is of a kind that is not read here, so whether it is one cannot be told.
    #[error("the e-seal is of a kind that is not read here")]
    SealUnknown,
    /// The certificates are no path: a signature, a constraint or an extension stands against it.
    #[error("the certificates are no path")]
    Path,
}

impl CertificateFault {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AnchorUnknown => "certificate-anchor-unknown",
            Self::Expired => "certificate-expired",
            Self::NotYetValid => "certificate-not-yet-valid",
            Self::Usage => "certificate-usage",
            Self::Key => "certificate-key-unsuitable",
            Self::Malformed => "certificate-malformed",
            Self::Revoked => "certificate-revoked",
            Self::RevocationUnknown => "certificate-revocation-unknown",
            Self::Policy => "certificate-policy",
            Self::Seal => "eseal-signature",
            Self::SealUnknown => "eseal-unknown",
            Self::Path => "certificate-path-invalid",
        }
    }
}
