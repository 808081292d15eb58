//! Card signatures as bytes: the hierarchies of `fixtures/jpki`, whose README says what each file is, and keys made from seeds.

use der::asn1::{Any, ObjectIdentifier, SetOfVec};
use der::{Decode as _, Encode as _};
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{encoding, sha256};
use inkan_crypto::{KeyType, SecretKey, Signer as _};
use serde_json::{Value, json};
use x509_cert::attr::Attribute;

use super::*;
use crate::fact::FactKind;
use crate::finding::Code;
use crate::tsa::asn1::ContentInfo;

/// Files of `fixtures/jpki`.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/jpki/", $name))
            .as_slice()
    };
}

mod attacks;
mod facts;
mod lists;
mod oracle;

pub(super) const CARD: &str = "jp_individual_number_card";
pub(super) const CITY: &str = "did:web:city.example";
pub(super) const NONCE: &str = "AAECAwQFBgcICQoLDA0ODw";
const STATEMENT: &[u8] = fixture!("statement.json");
const NOW: &str = "2026-11-21T12:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The key that the requests of the fixtures were made with.
pub(super) fn key(kind: KeyType, seed: u64) -> SecretKey {
    SecretKey::generate(kind, &mut SeededRng::new(seed))
}

pub(super) fn card() -> SecretKey {
    key(KeyType::P256, 5101)
}

pub(super) fn holder() -> SecretKey {
    key(KeyType::Ed25519, 5100)
}

pub(super) fn did_of(key: &SecretKey) -> (String, String, String) {
    let name = key.public_key().to_multikey();
    let thumbprint = key.public_key().thumbprint();
    (format!("did:key:{name}"), format!("did:key:{name}#{name}"), thumbprint)
}

pub(super) fn config_json() -> Value {
    let digest = |der: &[u8]| sha256(&[der]).to_hex();
    let der = [
        fixture!("root.der"),
        fixture!("signca.der"),
        fixture!("authca.der"),
        fixture!("bridge.der"),
        fixture!("cross.der"),
        fixture!("register.der"),
        fixture!("tsaroot.der"),
    ];
    json!({
        "type": CONFIG_TYPE, "id": "test", "use": "test",
        "profiles": [
            { "name": "cards", "documents": [CARD, "jpki_certificate"],
              "roots": [digest(fixture!("root.der"))],
              "policies": { "signing": ["1.2.3.5.1.20"], "userAuthentication": ["1.2.3.5.3.30"] },
              "algorithms": ["rsa-2048-sha256", "p256-sha256", "p384-sha384"], "certified": true },
            { "name": "offices", "documents": ["office_seal"],
              "roots": [digest(fixture!("bridge.der"))],
              "policies": { "signing": ["1.2.3.6.1"] }, "algorithms": ["p256-sha256"] },
            { "name": "companies", "documents": ["company_certificate"],
              "roots": [digest(fixture!("register.der"))],
              "policies": { "signing": ["1.2.3.8.1"] }, "algorithms": ["p256-sha256"] },
        ],
        "certificates": der.map(encoding::b64),
        "timestampAuthorities": [digest(fixture!("tsaroot.der"))],
    })
}

pub(super) fn configured(value: &Value) -> Jpki {
    Jpki::new(JpkiConfig::parse(value.to_string().as_bytes()).unwrap())
}

/// Nothing known of revocation.
pub(super) fn bare() -> Jpki {
    configured(&config_json())
}

pub(super) fn list(list: &[u8], issuer: &[u8]) -> CrlIndex {
    CrlIndex::build(list, issuer).unwrap()
}

/// All lists that are current.
pub(super) fn jpki() -> Jpki {
    bare()
        .with_crl(list(fixture!("root.crl"), fixture!("root.der")))
        .with_crl(list(fixture!("signca.crl"), fixture!("signca.der")))
        .with_crl(list(fixture!("authca.crl"), fixture!("authca.der")))
        .with_crl(list(fixture!("bridge.crl"), fixture!("bridge.der")))
        .with_crl(list(fixture!("officeca.crl"), fixture!("cross.der")))
        .with_crl(list(fixture!("register.crl"), fixture!("register.der")))
}

pub(super) fn statement() -> BindingStatement {
    BindingStatement::parse(STATEMENT).unwrap()
}

/// CMS over `text` by a key whose certificate is the first of `chain`.
pub(super) fn signed(text: &[u8], chain: &[&[u8]], key: &SecretKey) -> Vec<u8> {
    let chain: Vec<Vec<u8>> = chain.iter().map(|one| one.to_vec()).collect();
    crate::cms::sign(text, &chain, at("2026-03-01T10:21:00Z"), key).unwrap()
}

/// What a test presents, and as whom.
pub(super) struct Case {
    pub(super) statement: Vec<u8>,
    pub(super) cms: Vec<u8>,
    pub(super) did_signature: Option<String>,
    pub(super) did: String,
    pub(super) jkt: String,
    pub(super) document: &'static str,
    pub(super) as_of: &'static str,
}

impl Case {
    /// The baseline R2b with this certificate: everything is as it should be.
    pub(super) fn by(certificate: &[u8], key: &SecretKey) -> Self {
        Self::with(signed(STATEMENT, &[certificate], key))
    }

    pub(super) fn with(cms: Vec<u8>) -> Self {
        let (did, _, jkt) = did_of(&holder());
        let did_signature = Some(sign_holder_part(&statement(), &holder()).unwrap());
        Self {
            statement: STATEMENT.to_vec(),
            cms,
            did_signature,
            did,
            jkt,
            document: CARD,
            as_of: NOW,
        }
    }

    pub(super) fn document(mut self, document: &'static str) -> Self {
        self.document = document;
        self
    }

    pub(super) fn judged_at(mut self, as_of: &'static str) -> Self {
        self.as_of = as_of;
        self
    }

    pub(super) fn judge(&self, jpki: &Jpki) -> Judgement {
        let proof = BindingProof {
            statement: &self.statement,
            cms: &self.cms,
            did_signature: self.did_signature.as_deref(),
        };
        let terms = BindingTerms {
            did: &self.did,
            jkt: &self.jkt,
            proofer: Some(CITY),
            document: self.document,
        };
        check_binding(&proof, &terms, jpki, at(self.as_of))
    }

    /// It holds nothing, and says so with this code.
    pub(super) fn is_void(&self, jpki: &Jpki, code: Code) {
        let judged = self.judge(jpki);
        assert!(judged.bound().is_none(), "{judged:?}");
        assert!(!judged.is_undetermined(), "{judged:?}");
        assert!(judged.codes().any(|found| found == code), "{code:?} in {judged:?}");
    }

    /// It shows the key of the card, and not that it was a signing key; this code says why.
    pub(super) fn is_capped(&self, jpki: &Jpki, code: Code) {
        let judged = self.judge(jpki);
        let facts = judged.bound().unwrap_or_else(|| panic!("{judged:?}")).facts();
        assert!(facts.contains(&FactKind::OwnerAuthKey), "{facts:?}");
        assert!(!facts.contains(&FactKind::OwnerSignKey), "{facts:?}");
        assert!(judged.codes().any(|found| found == code), "{code:?} in {judged:?}");
    }

    /// All is well.
    pub(super) fn is_good(&self, jpki: &Jpki) -> Bound {
        let judged = self.judge(jpki);
        let bound = judged.bound().unwrap_or_else(|| panic!("{judged:?}"));
        let wanted = [FactKind::GenuineCrypto, FactKind::OwnerSignKey, FactKind::RevocationGood];
        assert_eq!(bound.facts(), wanted, "{judged:?}");
        assert_eq!(judged.codes().count(), 0, "{judged:?}");
        bound.clone()
    }
}

/// A signature with a token among its unsigned attributes.
pub(super) fn stamped(cms: &[u8], token: &[u8]) -> Vec<u8> {
    let mut info = ContentInfo::from_der(cms).unwrap();
    let mut signers = info.content.signers.into_vec();
    let values = SetOfVec::try_from(vec![Any::from_der(token).unwrap()]).unwrap();
    let oid = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
    let attribute = Attribute { oid, values };
    signers[0].unsigned_attributes = Some(SetOfVec::try_from(vec![attribute]).unwrap());
    info.content.signers = SetOfVec::try_from(signers).unwrap();
    info.to_der().unwrap()
}

#[test]
fn a_card_and_a_did_key_over_one_statement_show_the_owner() {
    let jpki = jpki();
    let bound = Case::by(fixture!("card.der"), &card()).is_good(&jpki);
    assert_eq!(bound.policy, "1.2.3.5.1.20");
    assert_eq!(bound.judged_at, at(NOW));
    // P-384, as the next cards are planned, and RSA, as the present ones are: with names in otherName, policies critical.
    Case::by(fixture!("next.der"), &key(KeyType::P384, 5103)).is_good(&jpki);
    Case::with(fixture!("signer.p7s").to_vec()).is_good(&jpki);
    // By OCSP too.
    let ocsp = bare()
        .with_ocsp(fixture!("card-good.ocsp"))
        .with_crl(list(fixture!("root.crl"), fixture!("root.der")));
    Case::by(fixture!("card.der"), &card()).is_good(&ocsp);
}

#[test]
fn a_token_over_the_signature_says_when_it_is_judged() {
    let jpki = jpki();
    let plain = Case::with(fixture!("signer.p7s").to_vec()).judged_at("2045-01-01T00:00:00Z");
    // The certificate ended in 2039.
    plain.is_void(&jpki, Code::JpkiPathInvalid);
    let cms = stamped(fixture!("signer.p7s"), fixture!("signer.tst"));
    let bound = Case::with(cms.clone()).judged_at("2045-01-01T00:00:00Z").is_good(&jpki);
    assert_eq!(bound.stamped_at, Some(bound.judged_at));
    // A token over something else.
    let other = stamped(fixture!("signer.p7s"), fixture!("other.tst"));
    Case::with(other).is_void(&jpki, Code::TimestampInvalid);
    // A token from the future.
    Case::with(cms.clone())
        .judged_at("2026-03-02T00:00:00Z")
        .is_void(&jpki, Code::ProofingTimeInFuture);
    // Without an authority the token is passed over, and said to be.
    let mut none = config_json();
    none["timestampAuthorities"] = json!([]);
    Case::with(cms)
        .judged_at("2045-01-01T00:00:00Z")
        .is_void(&configured(&none), Code::JpkiPathInvalid);
}

#[test]
fn authorities_that_certify_each_other_lead_to_the_anchor() {
    let jpki = jpki();
    let office = key(KeyType::P256, 5104);
    let seal = |certificate: &[u8]| Case::by(certificate, &office).document("office_seal");
    // The policy is named as the anchor's domain names it.
    assert_eq!(seal(fixture!("office.der")).is_good(&jpki).policy, "1.2.3.6.1");
    // The bridge lets the authority certify one organisation.
    seal(fixture!("office-elsewhere.der")).is_void(&jpki, Code::JpkiPathInvalid);
    // Behind an authority that forbids mappings there is no policy.
    let mut gated = config_json();
    gated["certificates"] = json!(
        [fixture!("bridge.der"), fixture!("gate.der"), fixture!("cross-late.der")]
            .map(encoding::b64)
    );
    seal(fixture!("office.der")).is_void(&configured(&gated), Code::JpkiPolicyUnknown);
    // A register of companies, by configuration alone.
    let company = Case::by(fixture!("company.der"), &office).document("company_certificate");
    company.is_good(&jpki);
    // What shows a company shows no person.
    Case::by(fixture!("company.der"), &office).is_void(&jpki, Code::JpkiPathInvalid);
    let none = Case::by(fixture!("company.der"), &office).document("passport").judge(&jpki);
    assert!(none.bound().is_none() && none.is_undetermined());
}

#[test]
fn a_configuration_is_closed_and_does_not_contradict_itself() {
    let parse = |value: &Value| JpkiConfig::parse(value.to_string().as_bytes());
    assert!(parse(&config_json()).is_ok());
    let changes: [(&str, Value); 13] = [
        ("/type", json!("inkan-jpki-config/2")),
        ("/use", json!("both")),
        ("/profiles", json!([])),
        ("/profiles/1/name", json!("cards")),
        ("/profiles/0/algorithms", json!(["rsa-1024-sha1"])),
        ("/profiles/0/algorithms", json!([])),
        ("/profiles/0/roots", json!([])),
        ("/profiles/0/roots", json!(["abcd"])),
        ("/profiles/0/documents", json!([])),
        ("/profiles/0/policies", json!({})),
        ("/profiles/0/policies/signing", json!(["2.5.29.32.0"])),
        ("/profiles/0/policies/signing", json!(["1.2.3.5.3.30"])),
        ("/certificates", json!(["AAAA"])),
    ];
    for (place, value) in changes {
        let mut changed = config_json();
        *changed.pointer_mut(place).unwrap() = value;
        assert_eq!(parse(&changed).unwrap_err().code(), "jpki-config-malformed", "{place}");
    }
    let mut more = config_json();
    more["profiles"][0]["trusted"] = json!(true);
    assert!(parse(&more).is_err());
}
