//! What a desk is started with, and where its pages are.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::Uri;
use inkan_core::Timestamp;
use inkan_credential::Bundle;
use inkan_evidence::webauthn::Site;
use serde_json::{Map, Value};

use super::DeskError;
use crate::credentials::BackingError;

/// What a desk is started with.
#[derive(Clone, Debug)]
pub struct DeskOptions {
    /// The folder that it keeps sessions and passkeys in, for its owner alone.
    pub folder: PathBuf,
    /// Who asks, as pages say it.
    pub asker: String,
    /// What is known of models of authenticators; without it no passkey lifts a presentation above AAL-1+.
    pub metadata: Option<MetadataFiles>,
    /// Who signs the reports on sessions whose verdict stands; nobody does if there is none.
    pub reports: Option<Arc<dyn ReportSigner>>,
}

/// Who signs reports.
pub trait ReportSigner: Debug + Send + Sync {
    /// A credential of type [`SIGNED`](inkan_assurance::report::SIGNED) with these claims, and what proves it. The same claims again, after a
    /// fault, may give the credential that was made the first time.
    ///
    /// # Errors
    ///
    /// [`BackingError`] if it cannot be signed, or recorded where it has to be.
    fn sign(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Bundle, BackingError>;
}

/// The BLOB of FIDO's metadata service, and by what it is believed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MetadataFiles {
    /// The BLOB (a JWS); read again whenever it changes.
    pub blob: PathBuf,
    /// The certificate that its signer is certified below, DER or PEM.
    pub root: PathBuf,
    /// The host that the signer is certified as.
    pub host: String,
}

/// Where the pages of a desk are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// URL of the server, without a slash at the end.
    pub base: String,
    /// Scheme, host and port of it, as browsers write them.
    pub origin: String,
    /// The host, if it is one that authenticators can be registered for: a name, under https or on this machine.
    pub rp_id: Option<String>,
}

impl Place {
    /// Reads the URL of the server.
    ///
    /// # Errors
    ///
    /// [`DeskError::Url`].
    pub fn of(base: &str) -> Result<Self, DeskError> {
        let wrong = || DeskError::Url { url: base.to_owned() };
        let uri: Uri = base.parse().map_err(|_| wrong())?;
        let (scheme, host) = uri.scheme_str().zip(uri.host()).ok_or_else(wrong)?;
        let host = host.to_ascii_lowercase();
        // Browsers leave out the port that the scheme has anyway.
        let port =
            uri.port_u16().filter(|port| !matches!((scheme, port), ("https", 443) | ("http", 80)));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let local = host == "localhost" || host.ends_with(".localhost");
        let is_address = host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
        let rp_id = (!is_address && (scheme == "https" || local)).then(|| host.clone());
        let origin = format!("{scheme}://{host}{port}");
        Ok(Self { base: base.trim_end_matches('/').to_owned(), origin, rp_id })
    }

    /// As authenticators know it.
    #[must_use]
    pub fn site(&self) -> Option<Site> {
        let rp_id = self.rp_id.clone()?;
        Some(Site { rp_id, origins: vec![self.origin.clone()] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_relying_party_and_ports_are_as_browsers_write_them() {
        for (base, origin, rp_id) in [
            ("https://Bank.example/", "https://bank.example", Some("bank.example")),
            ("https://bank.example:443", "https://bank.example", Some("bank.example")),
            ("https://bank.example:8443/v", "https://bank.example:8443", Some("bank.example")),
            ("http://localhost:7080", "http://localhost:7080", Some("localhost")),
            ("http://bank.example", "http://bank.example", None),
            ("http://127.0.0.1:7080", "http://127.0.0.1:7080", None),
            ("https://[::1]:7080", "https://[::1]:7080", None),
        ] {
            let place = Place::of(base).unwrap();
            assert_eq!((place.origin.as_str(), place.rp_id.as_deref()), (origin, rp_id), "{base}");
        }
        assert!(Place::of("bank.example/a b").is_err());
    }
}
