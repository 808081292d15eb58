//! Attack cases of kind `bytes` on card signatures, by their ids, from bytes to a decision: the hierarchies of `fixtures/jpki`, keys made from seeds.

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{encoding, sha256};
use inkan_crypto::{KeyType, SecretKey};
use inkan_evidence::Registry;
use inkan_evidence::insecure::{TestCredential, TestHolder, facts_with};
use inkan_evidence::jpki::{BindingStatement, CrlIndex, Jpki, JpkiConfig, sign_holder_part};
use serde_json::{Value, json};

use crate::report::{Decision, Report};
use crate::testing::*;

/// Files of `fixtures/jpki`.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../../fixtures/jpki/", $name)).as_slice()
    };
}

const CARD: &str = "jp_individual_number_card";

fn key(kind: KeyType, seed: u64) -> SecretKey {
    SecretKey::generate(kind, &mut SeededRng::new(seed))
}

/// The baseline R2b, with its proof disclosed to a verifier that looks itself.
struct Case {
    certificate: &'static [u8],
    card: SecretKey,
    did: SecretKey,
    jpki: Jpki,
    document: &'static str,
    min: &'static str,
}

fn lists() -> Jpki {
    let list = |list, issuer| CrlIndex::build(list, issuer).unwrap();
    bare()
        .with_crl(list(fixture!("root.crl"), fixture!("root.der")))
        .with_crl(list(fixture!("signca.crl"), fixture!("signca.der")))
        .with_crl(list(fixture!("authca.crl"), fixture!("authca.der")))
}

fn bare() -> Jpki {
    let text = String::from_utf8(fixture!("config.json").to_vec()).unwrap();
    let text = text.replace("[\"card\"]", "[\"jp_individual_number_card\", \"passport\"]");
    Jpki::new(JpkiConfig::parse(text.as_bytes()).unwrap())
}

impl Case {
    fn new() -> Self {
        Self {
            certificate: fixture!("card.der"),
            card: key(KeyType::P256, 5101),
            did: key(KeyType::Ed25519, 5100),
            jpki: lists(),
            document: CARD,
            min: "IAL-3",
        }
    }

    fn report(&self) -> Report {
        let holder = key(KeyType::Ed25519, 5100);
        let name = holder.public_key().to_multikey();
        let (did, vm) = (format!("did:key:{name}"), format!("did:key:{name}#{name}"));
        let jkt = holder.public_key().thumbprint();
        let nonce = ("did:web:kyc.example", "AAECAwQFBgcICQoLDA0ODw");
        let iat = at("2026-03-01T10:20:00Z");
        let statement = BindingStatement::new((&did, &vm, &jkt), nonce, iat).unwrap();
        let text = statement.to_bytes();
        let chain = [self.certificate.to_vec()];
        let cms = inkan_evidence::cms::sign(&text, &chain, iat, &self.card).unwrap();
        let mut item = document(self.document, &[]);
        item["proofs"] = json!([{
            "kind": "cms-jpki", "sha256": sha256(&[&cms]).to_hex(), "value": encoding::b64(&cms),
            "statement": String::from_utf8(text).unwrap(),
            "didSignature": sign_holder_part(&statement, &self.did).unwrap(),
        }]);
        let mut evidence = event("remote", "automated", item);
        evidence["subject"] = json!({ "holder": did, "jkt": jkt });
        let requires: Value =
            json!({"ial": {"min": self.min, "basis": "verified", "disputed": "accept"}});
        let mut world = World::of(evidence).asking(&requires);
        world.credentials[0]["credentialSubject"]["id"] = json!(did);
        let holder = TestHolder { did, jkt: jkt.clone(), ..world.holder.clone().unwrap() };
        let credential = TestCredential {
            value: world.credentials[0].clone(),
            issuer: ISSUER.to_owned(),
            holder_jkts: vec![jkt.clone()],
            former_jkts: vec![jkt],
            existed_by: None,
            digest_of: "credential".to_owned(),
        };
        let registries = [Registry::from_value(&world.registry).unwrap()];
        let by = (registries.as_slice(), Some(&self.jpki));
        let facts = facts_with(&[Some(credential)], Some(&holder), by, world.as_of);
        world.report_on(&facts)
    }

    fn reaches(&self, level: &str, code: &str) {
        let report = self.report();
        let found: Vec<_> = report.checks().iter().filter_map(|line| line.code()).collect();
        assert_ne!(report.decision(), Decision::Accept, "{found:?}");
        assert_eq!(report.levels().achieved_identity, level, "{found:?}");
        assert!(found.contains(&code), "{code} is not among {found:?}");
    }
}

#[test]
fn the_baseline_is_accepted_on_what_this_verifier_checked() {
    let report = Case::new().report();
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
    assert_eq!(report.levels().achieved_identity, "IAL-3");
}

#[test]
fn jpk_01_and_03_and_09_cap_at_ial_2() {
    let by_auth =
        Case { certificate: fixture!("auth.der"), card: key(KeyType::P256, 5102), ..Case::new() };
    by_auth.reaches("IAL-2", "jpki-policy-not-signature");
    let unknown = Case { jpki: bare(), ..Case::new() };
    unknown.reaches("IAL-2", "jpki-revocation-undetermined");
    let other = bare().with_ocsp(fixture!("signer-good.ocsp"));
    Case { jpki: other, ..Case::new() }.reaches("IAL-2", "revocation-response-invalid");
}

#[test]
fn jpk_02_and_04_and_07_and_08_refuse() {
    let asked = || Case { min: "IAL-1", ..Case::new() };
    let with = |certificate| Case { certificate, ..asked() };
    with(fixture!("revoked.der")).reaches("IAL-0", "jpki-revoked");
    with(fixture!("twincard.der")).reaches("IAL-0", "jpki-path-invalid");
    with(fixture!("unknown-policy.der")).reaches("IAL-0", "jpki-policy-unknown");
    let stranger = Case { did: key(KeyType::Ed25519, 5199), ..asked() };
    stranger.reaches("IAL-0", "did-countersignature-missing");
    let nobody = lists().asking(ISSUER, []);
    Case { jpki: nobody, ..asked() }.reaches("IAL-0", "statement-nonce-invalid");
}

#[test]
fn a_card_signature_makes_no_passport_genuine() {
    // Even a configuration that says so: the catalogue knows which documents sign.
    let passport = Case { document: "passport", min: "IAL-1", ..Case::new() };
    passport.reaches("IAL-0", "check-method-not-accepted");
}
