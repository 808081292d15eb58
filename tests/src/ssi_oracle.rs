//! The crate `ssi`, asked whether it accepts a credential, and to derive one.
//!
//! Feature `oracles`. In scope: what it needs besides the bytes. Out of scope: what its answers mean.

use std::collections::HashMap;

use iref::IriBuf;
use serde_json::Value;
use ssi::claims::VerificationParameters;
use ssi::claims::data_integrity::{AnySelectionOptions, AnySuite, DataIntegrity, from_json_slice};
use ssi::claims::vc::v2::JsonCredential;
use ssi::verification_methods::AnyMethod;
use tokio::runtime::Runtime;

use crate::made::Party;

/// What drives it: it is async.
///
/// # Panics
///
/// If the system refuses.
#[must_use]
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

/// A credential of `ssi` with any of its suites.
type Theirs = DataIntegrity<JsonCredential, AnySuite>;

/// `ssi` with an issuer's key at hand; its contexts are built in, as ours are.
#[derive(Debug)]
pub struct Ssi {
    runtime: Runtime,
    methods: HashMap<IriBuf, AnyMethod>,
}

impl Ssi {
    /// It will find this issuer's key.
    ///
    /// # Panics
    ///
    /// Never: the key has a name and a document.
    #[must_use]
    pub fn knowing(issuer: &Party) -> Self {
        Self::with_method(issuer.did_document()["verificationMethod"][0].clone())
    }

    /// It will find this key, a verification method as it stands in a DID document.
    ///
    /// # Panics
    ///
    /// If it is no verification method.
    #[must_use]
    pub fn with_method(method: Value) -> Self {
        let id = method["id"].as_str().expect("an id").parse().expect("an IRI");
        let method = serde_json::from_value(method).expect("a verification method");
        Self { runtime: runtime(), methods: HashMap::from([(id, method)]) }
    }

    /// Whether it accepts a credential with a Data Integrity proof.
    ///
    /// # Panics
    ///
    /// If it cannot be read or judged at all.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8]) -> bool {
        let credential: Theirs = from_json_slice(bytes).expect("a credential");
        let parameters = VerificationParameters::from_resolver(&self.methods);
        let checked = self.runtime.block_on(credential.verify(parameters));
        checked.expect("checked").is_ok()
    }

    /// The part of a base credential that shows what `pointer` names.
    ///
    /// # Panics
    ///
    /// If it does not derive one.
    #[must_use]
    pub fn derive(&self, base: &[u8], pointer: &str) -> String {
        let base: Theirs = from_json_slice(base).expect("a credential");
        let mut options = AnySelectionOptions::default();
        options.selective_pointers = vec![pointer.parse().expect("a pointer")];
        let parameters = VerificationParameters::from_resolver(&self.methods);
        let derived = self.runtime.block_on(base.select(parameters, options));
        serde_json::to_string(&derived.expect("a derived credential")).expect("JSON")
    }
}
