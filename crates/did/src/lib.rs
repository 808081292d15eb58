//! Decentralized identifiers: syntax, documents, and the methods whose documents need no network to be checked.
//!
//! In scope: DID and DID URL syntax ([DID Core](https://www.w3.org/TR/2022/REC-did-core-20220719/)), DID documents,
//! did:key and did:jwk, and the entry rules and histories of did:webvh 1.0 in [`webvh`].
//! Out of scope: fetching anything (`inkan-io`), which log a history was read from (`inkan-ledger`), and whether
//! the controller of a DID is to be believed (`inkan-assurance`).
//!
//! | Question | Module |
//! |---|---|
//! | Is this text a DID of a method we know, and where would its document lie? | [`did`] |
//! | Which key, and which version of its document, does this URL name? | [`did_url`] |
//! | Which keys does this document list, and for what? | [`document`] |
//! | Where do readers who know no DIDs look for these keys? | [`published`] |
//! | What is the document of a did:key or did:jwk? | [`self_contained`] |
//! | Is this did:webvh entry, or history, valid, and how is the next one written? | [`webvh`] |

pub mod did;
pub mod did_url;
pub mod document;
pub mod location;
pub mod published;
mod rules;
pub mod self_contained;
pub mod webvh;

pub use did::{Did, DidError, Method};
pub use did_url::{DidUrl, VersionSelector};
pub use document::{DidDocument, DocumentError, KeyPeriod, Relationship, VerificationMethod};
pub use self_contained::{SelfContainedError, resolve_self_contained};
