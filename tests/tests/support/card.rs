//! A credential on a card's signature (baseline R2b), from bytes to a report: the hierarchy of `fixtures/jpki`.

use std::collections::BTreeSet;

use inkan_assurance::{AssessContext, Catalogue, Decision, Policy, Report, assess};
use inkan_core::codes::CodeBook;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, encoding, sha256};
use inkan_credential::SecuredCredential;
use inkan_credential::bundle::{Artefact, Bundle};
use inkan_crypto::{KeyType, SecretKey};
use inkan_evidence::jpki::{
    BindingStatement, CrlIndex, Jpki, JpkiConfig, card_signatures, serials, sign_holder_part,
};
use inkan_evidence::register_check::{NewRegisterCheck, RegisterResult};
use inkan_evidence::{AtHand, Registry, cms, facts_with};
use inkan_io::gather::from_bundle;
use inkan_tests::made::{Party, moment};
use inkan_tests::{fixtures, read, read_text, schemas};
use inkan_verifier::{Context, Receipts, Verification, verify};
use serde_json::{Value, json};

/// A base register, and the verifier that asks it.
const REGISTER: &str = "did:web:register.example";
pub(crate) const US: &str = "https://bank.example";

fn register_key() -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(91))
}

/// Issuer, holder, and what a verifier has.
pub(crate) struct Card {
    issuer: Party,
    holder: Party,
    jpki: Jpki,
    /// Document, certificate, and the number that its key is made from.
    shows: (&'static str, &'static str, u64),
}

fn file(name: &str) -> Vec<u8> {
    read(&fixtures().join("jpki").join(name))
}

fn now() -> Timestamp {
    moment().plus_seconds(60)
}

impl Card {
    pub(crate) fn new() -> Self {
        Self::showing(("jp_individual_number_card", "card.der", 5101))
    }

    /// Of an office or a company instead: its hierarchy stands in the same configuration.
    pub(crate) fn showing(shows: (&'static str, &'static str, u64)) -> Self {
        let rng = &mut SeededRng::new(77);
        let (issuer, holder) =
            (Party::new(KeyType::Ed25519, rng), Party::new(KeyType::Ed25519, rng));
        let config = String::from_utf8(file("config.json")).expect("text");
        let config = config.replace("[\"card\"]", "[\"jp_individual_number_card\"]");
        let config = JpkiConfig::parse(config.as_bytes()).expect("a configuration");
        let list = |name: &str| CrlIndex::build_under(&file(name), &config).expect("a list");
        let lists = ["root.crl", "signca.crl", "bridge.crl", "officeca.crl", "register.crl"];
        let lists: Vec<CrlIndex> = lists.into_iter().map(list).collect();
        let jpki = lists.into_iter().fold(Jpki::new(config), |jpki, list| jpki.with_crl(list));
        Self { issuer, holder, jpki, shows }
    }

    /// The credential, as its issuer signed it.
    pub(crate) fn signed(&self) -> SecuredCredential {
        let (did, jkt) = (&self.holder.did, self.holder.public_key().thumbprint());
        let key = (did.as_str(), self.holder.method.as_str(), jkt.as_str());
        let asked = (self.issuer.did.as_str(), "AAECAwQFBgcICQoLDA0ODw");
        let statement = BindingStatement::new(key, asked, moment()).expect("a statement");
        let text = statement.to_bytes();
        let (document, certificate, seed) = self.shows;
        let card = SecretKey::generate(KeyType::P256, &mut SeededRng::new(seed));
        let cms = cms::sign(&text, &[file(certificate)], moment(), &card).expect("a signature");
        let mut credential = self.issuer.plain_credential(did);
        credential["evidence"] = json!([{
            "type": ["Evidence", "IdentityProofingEvidence"], "verificationProcess": "p",
            "time": moment().to_string(), "proofer": { "id": self.issuer.did, "agent": "automated" },
            "subject": { "holder": did, "jkt": jkt, "boundBy": "jpki_did_binding" },
            "session": { "presence": "remote" },
            "evidence": [{
                "type": "electronic_signature",
                "documentDetails": { "type": document }, "checkDetails": [],
                "proofs": [{
                    "kind": "cms-jpki", "sha256": sha256(&[&cms]).to_hex(),
                    "value": encoding::b64(&cms),
                    "statement": String::from_utf8(text).expect("text"),
                    "didSignature":
                        sign_holder_part(&statement, &self.holder.key).expect("a signature"),
                }],
            }],
        }]);
        self.issuer.secure_di(credential)
    }

    /// Another credential of the same issuer about the same holder.
    pub(crate) fn reissued(&self) -> SecuredCredential {
        let mut credential = self.issuer.plain_credential(&self.holder.did);
        credential["id"] = json!("urn:uuid:5d0e3a52-7a0b-4a5e-9c39-0b7a6f0a8d12");
        self.issuer.secure_di(credential)
    }

    fn verified(&self, credential: &SecuredCredential) -> Verification {
        let bundle = Bundle::of(Artefact::Credential(credential.clone()));
        let context = Context {
            logs: vec![],
            grade: inkan_ledger::Grade::Operator,
            timestamps: None,
            certificates: None,
            receipts: Receipts::Used,
            expectation: None,
            max_age: None,
            declared: std::sync::Arc::default(),
            known: Vec::new(),
            as_of: now(),
            received_at: now(),
        };
        verify(&bundle, &from_bundle(&bundle), &context)
    }

    pub(crate) fn report(&self, credential: &SecuredCredential) -> Report {
        let leaf = json!({ "min": "IAL-1", "basis": "verified" });
        self.report_asking(credential, &leaf, &[])
    }

    /// What a base register of the verifier's says of the credential to this audience.
    pub(crate) fn registered(
        &self,
        credential: &SecuredCredential,
        audience: &str,
        result: RegisterResult,
    ) -> String {
        let names = ["name".to_owned(), "role".to_owned(), "grade".to_owned()];
        let new = NewRegisterCheck {
            register: (REGISTER, "did:web:register.example#1"),
            audience,
            credential: credential.issuance_digest(),
            claims: &names,
            result,
        };
        new.sign(&register_key(), moment()).expect("a statement")
    }

    /// The same under this leaf, with what base registers said.
    pub(crate) fn report_asking(
        &self,
        credential: &SecuredCredential,
        leaf: &Value,
        register_checks: &[String],
    ) -> Report {
        let policy = json!({
            "type": "inkan-policy/1", "id": "test", "version": "1",
            "issuers": "any", "credentialTypes": "optional",
            "assurance": { "framework": "jp-swg-2022",
                           "requires": { "ial": leaf } },
        });
        self.report_under(&policy, credential, register_checks)
    }

    /// The same under this policy.
    pub(crate) fn report_under(
        &self,
        policy: &Value,
        credential: &SecuredCredential,
        register_checks: &[String],
    ) -> Report {
        let verification = self.verified(credential);
        let signatures = card_signatures(&verification);
        let asked: BTreeSet<Vec<u8>> =
            serials(self.jpki.config(), signatures.iter().map(Vec::as_slice));
        assert!(!asked.is_empty());
        let registry = json!({
            "type": "inkan-registry/1", "id": "local", "sequence": 1,
            "issuedAt": "2026-01-01T00:00:00Z",
            "entries": [
                { "id": self.issuer.did, "roles": ["identity_proofer"], "rows": ["R2b", "R6"],
                  "status": "active" },
                { "id": REGISTER, "roles": ["base_registry"], "status": "active",
                  "keys": [register_key().public_key().to_jwk()] },
            ],
        });
        let registries = [Registry::from_value(&registry).expect("a registry")];
        let at_hand = AtHand {
            jpki: Some(&self.jpki),
            register_checks,
            audience: Some(US),
            ..AtHand::default()
        };
        let (facts, _) = facts_with(&verification, &registries, &at_hand);
        let policy = Policy::from_value(policy).expect("a policy");
        let codes = CodeBook::parse(&read_text(&schemas().join("codes.json"))).expect("codes");
        let catalogue = Catalogue::builtin().expect("a catalogue");
        let context =
            AssessContext { registries: &registries, catalogue: &catalogue, codes: &codes };
        assess(&verification, &facts, &policy, &context)
    }

    /// It is not accepted, and this code is among the findings; bytes that cannot even be read are refused before.
    pub(crate) fn is_refused(&self, altered: Value, code: &str, place: &str) {
        let Ok(credential) = SecuredCredential::parse_value(altered) else { return };
        let report = self.report(&credential);
        let value = report.to_value().to_string();
        assert_ne!(report.decision(), Decision::Accept, "{place}: {value}");
        assert_eq!(report.levels().achieved_identity, "IAL-0", "{place}: {value}");
        assert!(value.contains(&format!("\"{code}\"")), "{place}: no {code} in {value}");
    }
}
