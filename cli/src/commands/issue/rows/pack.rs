//! The files of a batch: bundles with everything that proves them, made cheaply for many credentials of one issuer.

use std::collections::BTreeMap;
use std::path::Path;

use inkan_core::limits;
use inkan_credential::bundle::{Artefact, Bundle, read_any};
use inkan_credential::{Opening, SecuredCredential};
use inkan_did::Did;
use inkan_io::files;
use inkan_ledger::{EntryId, Kind, commitment};
use serde_json::Value;

use crate::failure::Failure;
use crate::ledgers::{Reading, opened};
use crate::{packing, wallet};

/// Makes files as of one state of the ledger. What credentials share, for the same subject and status lists, is gathered once.
pub(super) struct Packer<'a> {
    reading: Reading,
    bare: bool,
    schema: Option<(&'a str, &'a Value)>,
    shared: BTreeMap<(Option<String>, Vec<String>), Bundle>,
}

impl<'a> Packer<'a> {
    pub(super) const fn new(
        reading: Reading,
        bare: bool,
        schema: Option<(&'a str, &'a Value)>,
    ) -> Self {
        Self { reading, bare, schema, shared: BTreeMap::new() }
    }

    /// Where the issuance of a credential stands in the log.
    pub(super) fn find(&self, credential: &SecuredCredential) -> Result<Option<u64>, Failure> {
        place_of(credential, &self.reading)
    }

    /// What stands in the file of a credential whose entry is number `index`.
    pub(super) fn text(
        &mut self,
        credential: &SecuredCredential,
        index: Option<u64>,
    ) -> Result<String, Failure> {
        let mut bundle = Bundle::of(Artefact::Credential(credential.clone()));
        if self.bare {
            return Ok(wallet::written(&bundle, true));
        }
        let value = credential.credential();
        let on_ledger = |did: &&str| Did::parse(did).is_ok_and(|did| did.scid().is_some());
        let subject = value.subject_id().filter(on_ledger).map(str::to_owned);
        let token = value.token_status().map(|entry| entry.uri.clone());
        let lists =
            value.status().iter().map(|entry| entry.list_uri.clone()).chain(token).collect();
        let key = (subject, lists);
        let mut bundle = match self.shared.get(&key) {
            Some(shared) => shared.clone(),
            None => {
                if let Some((uri, schema)) = self.schema {
                    bundle.add_schema(uri, schema.clone());
                }
                packing::pack(&mut bundle, &self.reading, &[])?;
                self.shared.insert(key, bundle.clone());
                bundle
            }
        };
        bundle.artefact = Artefact::Credential(credential.clone());
        if let (Some(index), Some(opening)) = (index, opening_of(credential)) {
            let receipt = opened(self.reading.view().receipt(index)?, &opening)?;
            let receipt = receipt.to_bundle_value(&mut bundle.checkpoints);
            bundle.receipts.insert(0, receipt);
        }
        Ok(wallet::written(&bundle, false))
    }

    /// How the name of its file ends.
    pub(super) fn ending(&self, credential: &SecuredCredential) -> &'static str {
        ending(credential, self.bare)
    }
}

/// How the name of a credential's file ends.
pub(super) fn ending(credential: &SecuredCredential, bare: bool) -> &'static str {
    if !bare {
        return "json";
    }
    if credential.is_cose() {
        return "cose";
    }
    let text = credential.to_bare();
    match (text.starts_with('{'), text.contains('~')) {
        (true, _) => "json",
        (false, true) => "sd-jwt",
        (false, false) => "jwt",
    }
}

/// Whether a file holds this credential, bare or in a bundle.
pub(super) fn is_copy(path: &Path, credential: &SecuredCredential) -> bool {
    let Ok(bytes) = files::read(path, limits::BUNDLE) else { return false };
    let Ok(read) = read_any(bytes.trim_ascii()) else { return false };
    match read.into_bundle().artefact {
        Artefact::Credential(found) => found.issuance_digest() == credential.issuance_digest(),
        Artefact::Presentation(_) => false,
    }
}

/// Where the issuance of a credential stands in the log.
pub(in crate::commands::issue) fn place_of(
    credential: &SecuredCredential,
    reading: &Reading,
) -> Result<Option<u64>, Failure> {
    // Whom certificates name has an https URL and no DID: nothing on a ledger is by it.
    let Ok(did) = Did::parse(credential.credential().issuer()) else { return Ok(None) };
    let (Some(opening), Some(scid)) = (opening_of(credential), did.scid()) else {
        return Ok(None);
    };
    let commitment = commitment(Kind::Issuance, scid, &opening.salt, &opening.digest);
    Ok(reading.view().lookup(&EntryId::issuance(scid, &commitment))?)
}

/// What the ledger entry of a credential opens to.
pub(in crate::commands::issue) fn opening_of(credential: &SecuredCredential) -> Option<Opening> {
    let record = credential.credential().ledger_record()?;
    let (format, digest) = (credential.format().as_str(), credential.issuance_digest());
    Some(Opening { format, digest, salt: record.salt })
}
