//! Signing the report on a session of the desk: a credential of the profile's, recorded if what it signs is.

use inkan_assurance::report::SIGNED;
use inkan_core::{Timestamp, json, sha256};
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_credential::{Format, SecuredCredential};
use inkan_crypto::{KeyType, Signer};
use inkan_io::os_rng::OsRng;
use inkan_issuer::{IssueRequest, draft, issue};
use inkan_server::credentials::{BackingError, Issuer, Recording as _};
use inkan_server::desk::ReportSigner;
use serde_json::{Map, Value};

use super::{Ledger, ProfileBacking};
use crate::failure::{CliError, Failure};
use crate::identity;

impl ReportSigner for ProfileBacking {
    fn sign(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Bundle, BackingError> {
        self.report(claims, now).map_err(|failure| self.refused(&failure))
    }
}

impl ProfileBacking {
    fn report(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Bundle, Failure> {
        let unknown = || CliError::DidMissing { profile: self.home.name().to_owned() };
        let did = self.reporter.clone().ok_or_else(unknown)?;
        let has_log = identity::any(None, &did)?.scid().is_some();
        let dids = [did];
        if self.ledger != Ledger::Recorded || !has_log {
            let (_, issuers) = self.current(&dids)?.ok_or_else(unknown)?;
            let credential = self.signed(claims, &issuers, None, now)?;
            return Ok(Bundle::of(Artefact::Credential(credential)));
        }
        let request = json::canonicalize(&Value::Object(claims.clone()))
            .map_err(|error| CliError::Fault(format!("a report is JSON: {error}")))?;
        let request = sha256(&[b"report of a session", &[0], &request]);
        let mut session = self.session(&dids, now)?;
        let credential = match session.again(&request)? {
            Some(credential) => credential,
            None => {
                let log = Some(self.home.settings.origin.as_str());
                let credential = self.signed(claims, session.issuers(), log, now)?;
                let issuer = signer(session.issuers(), log).ok_or_else(unknown)?.clone();
                session.record(&issuer, &credential, None, &request)?;
                credential
            }
        };
        drop(session);
        let packed = self.bundle(&credential, now)?;
        Ok(packed.unwrap_or_else(|| Bundle::of(Artefact::Credential(credential))))
    }

    /// The credential, signed; with the log in which it is going to be recorded.
    fn signed(
        &self,
        claims: &Map<String, Value>,
        issuers: &[Issuer],
        log: Option<&str>,
        now: Timestamp,
    ) -> Result<SecuredCredential, Failure> {
        let unsuitable = || {
            let detail = "none of its keys signs a report".to_owned();
            CliError::KeyUnsuitable { detail }
        };
        let issuer = signer(issuers, log).ok_or_else(unsuitable)?;
        let request = IssueRequest {
            types: &[SIGNED.to_owned()],
            contexts: &[],
            issuer: &issuer.did,
            issuer_name: None,
            subject: Some(&issuer.did),
            subject_key: None,
            claims,
            evidence: &[],
            valid_from: now,
            valid_until: None,
            status: &[],
            schema: None,
            log,
        };
        let drafted = draft(&request, &mut OsRng)?;
        let key: &dyn Signer = &*issuer.key;
        let by = (issuer.method.as_str(), key);
        Ok(issue(drafted, Format::Jose, by, now, &mut OsRng)?.credential)
    }
}

/// The first key that signs a JWS, and an entry of a ledger if it has to.
fn signer<'a>(issuers: &'a [Issuer], log: Option<&str>) -> Option<&'a Issuer> {
    issuers.iter().find(|issuer| match issuer.key.key_type() {
        KeyType::Ed25519 | KeyType::P256 => true,
        KeyType::P384 | KeyType::P521 => log.is_none(),
        KeyType::Bls12381G2 => false,
    })
}
