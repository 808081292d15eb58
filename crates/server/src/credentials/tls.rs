//! TLS: a certificate that was given, or one made at the start; certificates of clients, if there is an authority for them.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use inkan_io::files;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::{RootCertStore, crypto};
use tokio_rustls::TlsAcceptor;

use super::options::{ApiOptions, Transport};
use super::start::ApiError;

/// A PEM file has at most this many bytes.
const PEM_LIMIT: usize = 1 << 20;

/// How connections begin; none for plain http.
pub(super) fn acceptor(options: &ApiOptions) -> Result<Option<TlsAcceptor>, ApiError> {
    let (chain, key) = match &options.transport {
        Transport::Plain => return Ok(None),
        Transport::SelfMade => self_made(options.listen.ip())?,
        Transport::Files { certificate, key } => (certificates(certificate)?, private_key(key)?),
    };
    let provider = Arc::new(crypto::ring::default_provider());
    let invalid = |error: rustls::Error| ApiError::Tls { detail: error.to_string() };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(invalid)?;
    let builder = match &options.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(invalid)?;
            }
            // Who only verifies needs none; who is to sign for somebody is asked for one by its path.
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .allow_unauthenticated()
                .build()
                .map_err(|error| ApiError::Tls { detail: error.to_string() })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(invalid)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn self_made(address: IpAddr) -> Result<Identity, ApiError> {
    let failed = |error: rcgen::Error| ApiError::Tls { detail: error.to_string() };
    let key = KeyPair::generate().map_err(failed)?;
    let names = vec!["localhost".to_owned(), address.to_string()];
    let certificate = CertificateParams::new(names)
        .and_then(|params| params.self_signed(&key))
        .map_err(failed)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((vec![certificate.der().clone()], key.into()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ApiError> {
    let bytes = files::read(path, PEM_LIMIT)?;
    let all = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(ApiError::Tls { detail: format!("{}: no certificates in PEM", path.display()) }),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ApiError> {
    let bytes = inkan_core::SecretBytes::new(files::read(path, PEM_LIMIT)?);
    if files::open_to_others(path)? {
        let detail = format!("{}: others than its owner may read it", path.display());
        return Err(ApiError::Tls { detail });
    }
    PrivateKeyDer::from_pem_slice(bytes.expose_secret())
        .map_err(|_| ApiError::Tls { detail: format!("{}: no key in PEM", path.display()) })
}
