//! What a verification will want to know, named before anything is fetched.
//!
//! The caller gathers what it can (bundle, ledger folder, cache, network) into [`crate::Material`]; whatever is
//! missing then shows as an unknown check, never as a pass.

use std::collections::BTreeSet;

use inkan_core::{Digest, Timestamp};
use inkan_credential::model::{SchemaEntry, SchemaKind};
use inkan_credential::sd_jwt::Confirmation;
use inkan_credential::token_status_list::StatusListToken;
use inkan_credential::{Artefact, Bundle, ConsentReceipt, SecuredCredential, countersignature};
use inkan_did::{Did, DidUrl};
use inkan_ledger::{ActId, Claims, EntryId, Kind, Leaf, Receipt, SignedEntry, commitment};

use crate::declared::Declared;

/// One thing that a verification wants to know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Want {
    /// All versions of a DID, their receipts, a current-proof of its head, and its reports of keys that were in other hands.
    Did(String),
    /// The receipt of an issuance, found from the bare credential by its `ledgerRecord`; or of a state of a consent, in the same way.
    Issuance {
        /// The log's origin.
        log: String,
        /// The entry to look up.
        entry: EntryId,
        /// Salt of the commitment.
        salt: [u8; 16],
        /// What the commitment opens to.
        digest: Digest,
        /// `jws` or `di` (ledger §2.5).
        format: &'static str,
    },
    /// The newest state of a countersigner's act.
    Act {
        /// The log's origin.
        log: String,
        /// SCID of the countersigner.
        scid: String,
        /// The act.
        act: ActId,
    },
    /// A status list as served, its entry's receipt, and a current-proof of its head.
    StatusList {
        /// Where it is published.
        uri: String,
        /// The issuer of the credential that names it.
        issuer: String,
    },
    /// The last list that was announced by a time, when whoever announced it ceased to be a successor, and the entry of the one after
    /// it: what came later must not hide it.
    LastStatusList {
        /// Where it is published.
        uri: String,
        /// Who announced it.
        issuer: String,
        /// Until when.
        until: Timestamp,
    },
    /// A JSON Schema.
    Schema(String),
}

/// Lists everything that judging `bundle` may need, in a fixed order, without duplicates.
#[must_use]
pub fn plan(bundle: &Bundle) -> Vec<Want> {
    let mut wants = plan_presenter(bundle);
    for secured in bundle.artefact.credentials() {
        plan_credential(secured, &bundle.countersignatures, &mut wants);
        plan_schemas(secured, bundle, &mut wants);
    }
    for (_, power) in bundle.powers() {
        plan_credential(&power, &[], &mut wants);
    }
    wants.extend(bundle.eseals.iter().map(|seal| Want::Did(did_of(&seal.terms().method))));
    plan_registrants(bundle, &mut wants);
    let mut distinct: Vec<Want> = Vec::new();
    for want in wants {
        if !distinct.contains(&want) {
            distinct.push(want);
        }
    }
    distinct
}

/// Adds to `wants` what successors of issuers have announced ([`crate::declared`]): of a status list, theirs as well.
#[must_use]
pub fn with_successors(mut wants: Vec<Want>, declared: &Declared) -> Vec<Want> {
    let mut more = Vec::new();
    for want in &wants {
        let Want::StatusList { uri, issuer } = want else { continue };
        for term in declared.successors(issuer) {
            more.push(Want::Did(term.successor.clone()));
            let (uri, issuer) = (uri.clone(), term.successor.clone());
            if let Some(until) = term.until {
                more.push(Want::LastStatusList { uri: uri.clone(), issuer: issuer.clone(), until });
            }
            more.push(Want::StatusList { uri, issuer });
        }
    }
    for want in more {
        if !wants.contains(&want) {
            wants.push(want);
        }
    }
    wants
}

/// Lists what judging the presenter needs: it is judged when the presentation is received, whatever time the credentials are
/// judged at.
#[must_use]
pub fn plan_presenter(bundle: &Bundle) -> Vec<Want> {
    let Artefact::Presentation(presentation) = &bundle.artefact else { return Vec::new() };
    if presentation.holder_certificates().is_some() {
        return Vec::new();
    }
    let Some(presented) = presentation.key_bound() else {
        return vec![Want::Did(did_of(presentation.verification_method()))];
    };
    // The key is the one that the issuer confirmed: the subject's, or one with a name.
    let name = match presented.confirmation() {
        Ok(Some(Confirmation::Name(name))) => Some(Want::Did(did_of(&name))),
        Ok(_) | Err(_) => None,
    };
    let subject = Did::parse(presentation.holder()).ok().map(|did| Want::Did(did.to_string()));
    name.into_iter().chain(subject).collect()
}

/// The URLs of the keys that signed what is in `bundle`, as far as it says so: of these it must be known whether they were
/// reported compromised. Who signed a status list that does not travel along is [`list_signer`].
#[must_use]
pub fn signers(bundle: &Bundle) -> BTreeSet<DidUrl> {
    let mut methods: Vec<String> = Vec::new();
    if let Artefact::Presentation(presentation) = &bundle.artefact {
        methods.push(presentation.verification_method().to_owned());
        let proofs = presentation.proofs().iter();
        methods.extend(proofs.map(|proof| proof.verification_method().to_owned()));
        if let Some(presented) = presentation.key_bound()
            && let Ok(Some(Confirmation::Name(name))) = presented.confirmation()
        {
            methods.push(name);
        }
    }
    for secured in bundle.artefact.credentials() {
        methods.extend(signers_of(secured));
        let acts = countersignature::list(secured, &bundle.countersignatures).unwrap_or_default();
        methods.extend(acts.iter().map(|act| act.signer_method().to_owned()));
        for entry in secured.credential().schemas() {
            let found = bundle.schema(&entry.id).cloned().map(SecuredCredential::parse_value);
            methods.extend(found.and_then(Result::ok).iter().flat_map(signers_of));
        }
    }
    for (_, power) in bundle.powers() {
        methods.extend(signers_of(&power));
    }
    methods.extend(bundle.eseals.iter().map(|seal| seal.terms().method.clone()));
    methods.extend(bundle.status_lists.iter().filter_map(|list| list_signer(&list.bytes())));
    methods.iter().filter_map(|method| DidUrl::parse(method).ok()).collect()
}

/// The same of a consent: its holder, and who acknowledged it.
#[must_use]
pub fn consent_signers(consent: &ConsentReceipt) -> BTreeSet<DidUrl> {
    let methods = consent.states().iter().flat_map(|state| {
        let receiver = state.acknowledgement().map(inkan_credential::Proof::verification_method);
        std::iter::once(state.method()).chain(receiver)
    });
    methods.filter_map(|method| DidUrl::parse(method).ok()).collect()
}

fn signers_of(secured: &SecuredCredential) -> Vec<String> {
    let proofs = secured.proofs().iter().map(|proof| proof.verification_method().to_owned());
    std::iter::once(secured.issuer_verification_method().to_owned()).chain(proofs).collect()
}

/// The URL of the key that signed a status list, in whichever form it is served.
#[must_use]
pub fn list_signer(bytes: &[u8]) -> Option<String> {
    if let Ok(secured) = SecuredCredential::parse(bytes) {
        return Some(secured.issuer_verification_method().to_owned());
    }
    let text = str::from_utf8(bytes).ok().map(str::trim_ascii).filter(|text| text.is_ascii());
    let token = match text {
        Some(text) => StatusListToken::parse_jwt(text),
        None => StatusListToken::parse_cwt(bytes),
    };
    let token = token.ok()?;
    let kid = token.kid()?;
    match (kid.starts_with('#'), token.issuer()) {
        (true, issuer) => Some(format!("{}{kid}", issuer?)),
        (false, _) => Some(kid.to_owned()),
    }
}

fn plan_credential(secured: &SecuredCredential, beside: &[String], wants: &mut Vec<Want>) {
    let credential = secured.credential();
    let issuer = credential.issuer();
    wants.push(Want::Did(issuer.to_owned()));
    wants.push(Want::Did(did_of(secured.issuer_verification_method())));
    if let Some(subject) = credential.subject_id().filter(|id| Did::parse(id).is_ok()) {
        wants.push(Want::Did(subject.to_owned()));
    }
    let scid = Did::parse(issuer).ok().and_then(|did| did.scid().map(str::to_owned));
    if let (Some(record), Some(scid)) = (credential.ledger_record(), scid) {
        let digest = secured.issuance_digest();
        let com = commitment(Kind::Issuance, &scid, &record.salt, &digest);
        wants.push(Want::Issuance {
            log: record.log.clone(),
            entry: EntryId::issuance(&scid, &com),
            salt: record.salt,
            digest,
            format: secured.format().as_str(),
        });
    }
    for status in credential.status() {
        wants.push(Want::StatusList { uri: status.list_uri.clone(), issuer: issuer.to_owned() });
    }
    if let Some(entry) = credential.token_status() {
        wants.push(Want::StatusList { uri: entry.uri.clone(), issuer: issuer.to_owned() });
    }
    wants.extend(credential.schemas().iter().map(|schema| Want::Schema(schema.id.clone())));
    for countersignature in countersignature::list(secured, beside).unwrap_or_default() {
        let signer = did_of(countersignature.signer_method());
        let scid = Did::parse(&signer).ok().and_then(|did| did.scid().map(str::to_owned));
        if let Some(scid) = scid {
            wants.push(Want::Act {
                log: countersignature.log().to_owned(),
                scid,
                act: ActId::from_bytes(*countersignature.act()),
            });
        }
        wants.push(Want::Did(signer));
    }
    // Whoever else says what it says.
    let others = secured.proofs().iter().map(|proof| did_of(proof.verification_method()));
    wants.extend(others.map(Want::Did));
}

/// What it takes to verify the credentials about schemas that travel along.
fn plan_schemas(secured: &SecuredCredential, bundle: &Bundle, wants: &mut Vec<Want>) {
    let about = |entry: &&SchemaEntry| entry.kind == SchemaKind::JsonSchemaCredential;
    for entry in secured.credential().schemas().iter().filter(about) {
        let found = bundle.schema(&entry.id).cloned().map(SecuredCredential::parse_value);
        let Some(Ok(schema)) = found else { continue };
        let issuer = schema.credential().issuer();
        wants.push(Want::Did(issuer.to_owned()));
        let lists = schema.credential().status().iter();
        wants.extend(lists.map(|status| Want::StatusList {
            uri: status.list_uri.clone(),
            issuer: issuer.to_owned(),
        }));
    }
}

/// Who signed the entries that receipts of the bundle show: their keys are needed, and what became of the acts that
/// they registered for others.
fn plan_registrants(bundle: &Bundle, wants: &mut Vec<Want>) {
    for value in &bundle.receipts {
        let receipt = Receipt::from_bundle_value(value, &bundle.checkpoints).ok();
        let leaf = receipt.and_then(|receipt| Leaf::parse(receipt.leaf_bytes()).ok());
        let entry = leaf.and_then(|leaf| SignedEntry::parse(leaf.kind(), leaf.body()).ok());
        let Some(entry) = entry else { continue };
        wants.push(Want::Did(entry.issuer().to_string()));
        if let Claims::Countersignature { act, .. } = entry.claims() {
            let (log, scid) = (entry.audience().to_owned(), entry.scid().to_owned());
            wants.push(Want::Act { log, scid, act: *act });
        }
    }
}

/// The DID part of a DID URL, or the text itself where it is none.
fn did_of(method: &str) -> String {
    DidUrl::parse(method).map_or_else(|_| method.to_owned(), |url| url.did().to_string())
}
