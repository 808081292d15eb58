//! The API of issuers and verifiers over HTTP: one test for each requirement that the test suites of the W3C check at
//! this interface, and what this server demands beside them.
//!
//! The requirements are those of VCDM 2.0, VC Data Integrity, vc-di-eddsa, vc-di-ecdsa, Bitstring Status List and VC-API;
//! every answer is checked against the OpenAPI document as well.

#[path = "credentials_api/api.rs"]
mod api;
#[path = "credentials_api/attested.rs"]
mod attested;
#[path = "credentials_api/data_integrity.rs"]
mod data_integrity;
#[path = "credentials_api/data_model.rs"]
mod data_model;
#[path = "credentials_api/envelopes.rs"]
mod envelopes;
#[path = "credentials_api/exchange.rs"]
mod exchange;
#[path = "credentials_api/interface.rs"]
mod interface;
#[path = "credentials_api/legacy.rs"]
mod legacy;
#[path = "credentials_api/lists.rs"]
mod lists;
#[path = "credentials_api/outside.rs"]
mod outside;
#[path = "credentials_api/presentations.rs"]
mod presentations;
#[path = "credentials_api/protection.rs"]
mod protection;
#[path = "credentials_api/selective.rs"]
mod selective;
#[path = "credentials_api/status.rs"]
mod status;
