//! What a credential refers to outside itself, where it is issued (VCDM 2.0 §4.11 and §5.3). Nothing is fetched.
//!
//! In scope: what the backing has at hand, and the draft of the base context by which the test suite of the data model goes. Out of
//! scope: how schemas and digests are judged (`inkan-issuer`, `inkan-credential`).

use std::collections::BTreeSet;

use inkan_credential::Credential;
use inkan_credential::integrity::RelatedResource;
use inkan_credential::model::CONTEXT_V2;
use inkan_issuer::{AtHand, OutsideError};

use super::answer::Refusal;
use super::options::Profile;
use super::service::Service;

/// What is at hand of all that a credential names, read once for an issuance: nothing that is signed with it names more.
pub(crate) fn read(service: &Service, credential: &Credential) -> Result<AtHand, Refusal> {
    let schemas = credential.schemas().iter().map(|schema| schema.id.clone());
    let resources = credential.related_resources().iter().map(|resource| resource.id.clone());
    let named: BTreeSet<String> = schemas.chain(resources).collect();
    match &service.options.backing {
        Some(backing) if !named.is_empty() => Ok(backing.at_hand(&named)?),
        Some(_) | None => Ok(AtHand::default()),
    }
}

/// That a credential keeps to the schemas that it names and fixes no other bytes than those, as far as they are at hand: what is signed here
/// would else be refused by the verifier beside.
pub(crate) fn check(
    service: &Service,
    credential: &Credential,
    at_hand: &AtHand,
) -> Result<(), Refusal> {
    at_hand.check_schemas(credential).map_err(refused)?;
    let profile = service.options.profile;
    let mut wrong = at_hand.mismatches(credential).into_iter();
    match wrong.find(|resource| !is_draft(resource, profile)) {
        Some(resource) => Err(refused(OutsideError::Resource { id: resource.id.clone() })),
        None => Ok(()),
    }
}

/// As the request's fault, with what does not fit.
fn refused(error: OutsideError) -> Refusal {
    let code = error.code();
    let detail = match error {
        OutsideError::Schema { id, source } => format!("credentialSchema {id}: {source}"),
        OutsideError::Resource { .. } => error.to_string(),
    };
    Refusal::bad(code, detail)
}

/// Whether it fixes the draft of the base context, and test suites ask.
pub(crate) fn is_draft(resource: &RelatedResource, profile: Profile) -> bool {
    let digests: [&[u8]; 2] = [&DRAFT_SHA256, &DRAFT_SHA384];
    profile == Profile::Conformance
        && resource.id == CONTEXT_V2
        && resource.integrity.is_of_digests(&digests)
}

/// The digests of that draft.
const DRAFT_SHA256: [u8; 32] = [
    0x24, 0xa1, 0x8c, 0x90, 0xe9, 0x85, 0x6d, 0x52, 0x61, 0x11, 0xf2, 0x93, 0x76, 0xe3, 0x02, 0xd9,
    0x70, 0xb2, 0xbd, 0x10, 0x18, 0x2e, 0x33, 0x95, 0x99, 0x95, 0xb0, 0x20, 0x7d, 0x70, 0x43, 0xb9,
];
const DRAFT_SHA384: [u8; 48] = [
    0x35, 0x23, 0x9c, 0x36, 0x99, 0x9d, 0x21, 0x55, 0x31, 0x20, 0x91, 0xaf, 0x19, 0x4a, 0x1e, 0xdb,
    0x61, 0x63, 0x4d, 0x6a, 0xd7, 0x89, 0xa5, 0xe5, 0xb1, 0x9f, 0x2a, 0xeb, 0xdd, 0x76, 0x2d, 0xd9,
    0xd1, 0xdc, 0xaa, 0xda, 0x40, 0xed, 0xa7, 0xef, 0x92, 0x1c, 0x6b, 0x8c, 0x0a, 0xe1, 0x07, 0xa0,
];
