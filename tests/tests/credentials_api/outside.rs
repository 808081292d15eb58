//! What a credential names outside itself, where the issuer has it: nothing is signed that the verifier beside would refuse.

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_assurance::Policy;
use inkan_core::Timestamp;
use inkan_credential::bundle::Bundle;
use inkan_credential::{Contexts, SecuredCredential};
use inkan_evidence::Registry;
use inkan_io::gather::{Network, from_bundle};
use inkan_issuer::AtHand;
use inkan_server::credentials::{Backing, BackingError, Grounds, Issuer, Recording, Suite};
use inkan_verifier::{KnownState, Want};
use serde_json::{Value, json};

use super::api::{self, Api, credential};

const SCHEMA: &str = "https://acme.example/schema.json";
const LOGO: &str = "https://acme.example/logo.png";

/// A profile with files and schemas, and no ledger.
#[derive(Debug)]
struct Shelf {
    issuers: Vec<Issuer>,
    at_hand: AtHand,
}

impl Backing for Shelf {
    fn issuers(&self) -> Result<Vec<Issuer>, BackingError> {
        Ok(self.issuers.clone())
    }
    fn log_of(&self, _: &Issuer) -> Option<&str> {
        None
    }
    fn is_ours(&self, _: &str) -> Result<bool, BackingError> {
        Ok(false)
    }
    fn begin(&self, _: Timestamp) -> Result<Box<dyn Recording + '_>, BackingError> {
        Err(BackingError { code: "ledger-missing", is_callers: false })
    }
    fn ready(&self, _: Timestamp) -> Result<(), BackingError> {
        Ok(())
    }
    fn grounds(
        &self,
        bundle: &Bundle,
        _: &[Want],
        _: Network,
        _: Timestamp,
    ) -> Result<Grounds, BackingError> {
        let mut material = from_bundle(bundle);
        material.resources.extend(self.at_hand.resources.clone());
        material.schemas.extend(self.at_hand.schemas.clone());
        Ok(Grounds::of(material))
    }
    fn policy(&self, _: &str) -> Result<Policy, BackingError> {
        Err(BackingError { code: "policy-unknown", is_callers: true })
    }
    fn registry(
        &self,
        _: &str,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Option<Registry>, BackingError> {
        Ok(None)
    }
    fn registries(&self, _: Timestamp) -> Result<Vec<Registry>, BackingError> {
        Ok(Vec::new())
    }
    fn remember(&self, _: &[KnownState]) -> Result<(), BackingError> {
        Ok(())
    }
    fn bundle(&self, _: &SecuredCredential, _: Timestamp) -> Result<Option<Bundle>, BackingError> {
        Ok(None)
    }
    fn at_hand(&self, named: &BTreeSet<String>) -> Result<AtHand, BackingError> {
        let mut at_hand = self.at_hand.clone();
        at_hand.resources.retain(|url, _| named.contains(url));
        Ok(at_hand)
    }
    fn contexts(&self) -> Option<Arc<Contexts>> {
        None
    }
}

/// A server that has the logo, and a schema by which subjects have a grade and credentials no status.
fn server() -> Api {
    let grade = json!({
        "required": ["grade"], "properties": { "grade": { "type": "integer", "minimum": 4 } },
    });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA,
        "properties": { "credentialSubject": grade, "credentialStatus": false },
    });
    let at_hand = AtHand {
        resources: [(LOGO.to_owned(), b"logo".to_vec())].into(),
        schemas: [(SCHEMA.to_owned(), schema)].into(),
    };
    let issuers = api::issuers();
    let backing = Shelf { issuers: issuers.clone(), at_hand };
    Api::with(|options| {
        options.issuers = issuers;
        options.backing = Some(Arc::new(backing));
    })
}

fn of_grade(grade: Value) -> Value {
    credential(json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/undefined-terms/v2"],
        "credentialSubject": { "id": "did:example:subject", "grade": grade },
        "credentialSchema": { "id": SCHEMA, "type": "JsonSchema" },
    }))
}

#[test]
fn who_departs_from_a_schema_that_the_issuer_has_is_not_signed() {
    let api = server();
    for suite in [Suite::EddsaJcs, Suite::EddsaRdfc, Suite::VcJwt, Suite::VcCose, Suite::EcdsaSd] {
        let good = api.issue(suite, &of_grade(json!(5)), json!({}));
        if suite != Suite::EcdsaSd {
            api.verify(&good);
        }
        for grade in [json!(3), json!("5")] {
            let answer = api.try_issue(suite, &of_grade(grade), json!({}));
            assert_eq!(answer.status, 400, "{suite:?}: {}", answer.text());
            assert_eq!(answer.code(), "credential-schema-violated");
            assert!(answer.text().contains("/credentialSubject/grade"), "{}", answer.text());
        }
    }
    // Nor what departs from it by what the server adds.
    let revocable = json!({ "statusPurposes": ["revocation"] });
    let answer = api.try_issue(Suite::EddsaJcs, &of_grade(json!(5)), revocable);
    assert_eq!((answer.status, answer.code().as_str()), (400, "credential-schema-violated"));
    // Of a schema that is not at hand nothing is known.
    let mut other = of_grade(json!(3));
    other["credentialSchema"]["id"] = "https://acme.example/other.json".into();
    let _ = api.issue(Suite::EddsaJcs, &other, json!({}));
}

#[test]
fn who_fixes_other_bytes_than_the_issuer_has_is_not_signed() {
    let api = server();
    let fixed = |digest: &str| {
        let value = credential(json!({ "relatedResource": { "id": LOGO, "digestSRI": digest } }));
        api.try_issue(Suite::EddsaJcs, &value, json!({}))
    };
    let digest = inkan_core::encoding::b64(inkan_core::sha256(&[b"logo"]).as_bytes());
    let answer = fixed(&format!("sha256-{digest}"));
    assert_eq!(answer.status, 201, "{}", answer.text());
    api.verify(&answer.json()["verifiableCredential"]);
    let answer = fixed("sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_eq!((answer.status, answer.code().as_str()), (400, "related-resource-mismatch"));
}
