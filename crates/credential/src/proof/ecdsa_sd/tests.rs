//! The W3C vectors of `ecdsa-sd-2023`, every intermediate byte for byte; and what is refused.

use std::path::PathBuf;

use std::collections::BTreeSet;

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{SecretBytes, encoding, json, sha256};
use serde_json::{Value, json};

use super::*;
use crate::proof::verify_proof_with;
use crate::proof::wire::tests::has_one_form;
use crate::rdfc::tests::suite::{read_json, read_text, vectors};
use crate::rdfc::{self, Hash, PinnedContext};
use crate::sd_primitives::{canonicalize_and_group, select};
use crate::secured::SecuredCredential;
use crate::selective::{self, Disclosure};

/// One folder of intermediates.
struct Case {
    root: PathBuf,
    folder: PathBuf,
    document: Value,
    mandatory: Vec<String>,
    selective: Vec<String>,
    contexts: Contexts,
}

#[test]
fn residence_card() {
    Case::run("prc", ["prCredUnsigned.json", "prCredMandatory.json", "prCredSelective.json"]);
}

#[test]
fn employment_authorization() {
    Case::run("employ", ["employmentAuth.json", "employMandatory.json", "employSelective.json"]);
}

impl Case {
    fn run(name: &str, [document, mandatory, selective]: [&str; 3]) {
        let Some(root) = vectors("w3c-di-ecdsa") else { return };
        let list = |file| {
            let list = read_json(&root.join(file));
            list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let folder = root.join("ecdsa-sd-2023").join(name);
        let mut signed = read_json(&folder.join("addSignedSDBase.json"));
        signed.as_object_mut().unwrap().remove("proof");
        // The residence card was described in other words when it was signed.
        let mut unsigned = read_json(&root.join(document));
        unsigned["description"] = signed["description"].clone();
        assert_eq!(signed, unsigned);
        let case = Self {
            folder,
            document: signed,
            mandatory: list(mandatory),
            selective: list(selective),
            contexts: contexts(),
            root,
        };
        case.transformation();
        case.base_proof();
        case.derived_proof();
        case.verification();
    }

    fn json(&self, file: &str) -> Value {
        read_json(&self.folder.join(file))
    }

    /// §3.5.2 of the vectors: canonical form, labels, groups.
    fn transformation(&self) {
        let canonical = rdfc::canonical(&self.document, &self.contexts, Hash::Sha256).unwrap();
        assert_eq!(lines(&canonical), strings(&self.json("addBaseDocCanon.json")));
        for row in self.json("addPointerValues.json").as_array().unwrap() {
            let pointer = row["pointer"].as_str().unwrap();
            assert_eq!(self.document.pointer(pointer), Some(&row["value"]));
        }
        let key = self.label_key();
        let groups = self.groups(&key);
        assert_eq!(groups.nquads, strings(&self.json("addBaseDocHMACCanon.json")));
        let expected = self.json("addBaseTransform.json");
        let [mandatory, selective, combined] = &groups.groups;
        assert_eq!(json!(self.mandatory), expected["mandatoryPointers"]);
        assert_eq!(map_value(&mandatory.matching), expected["mandatory"]["value"]);
        assert_eq!(map_value(&mandatory.non_matching), expected["nonMandatory"]["value"]);
        let all = self.json("derivedAllGroupData.json");
        assert_eq!(strings(&all["nquads"]), groups.nquads);
        for (name, group) in
            [("mandatory", mandatory), ("selective", selective), ("combined", combined)]
        {
            let expected = &all["groups"][name];
            assert_eq!(map_value(&group.matching), expected["matching"]["value"], "{name}");
            assert_eq!(map_value(&group.non_matching), expected["nonMatching"]["value"], "{name}");
        }
        let indexes = self.json("derivedGroupIndexes.json");
        assert_eq!(json!(combined.indexes()), indexes["combinedIndexes"]);
        assert_eq!(json!(mandatory.indexes()), indexes["mandatoryIndexes"]);
        assert_eq!(json!(selective.indexes()), indexes["selectiveIndexes"]);
        let others: Vec<&usize> = mandatory.non_matching.keys().collect();
        assert_eq!(json!(others), indexes["nonMandatoryIndexes"]);
        // Their labels are by the names of their own blank nodes; the labels themselves are the same.
        let labels: BTreeSet<&str> = all["labelMap"]["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry[1].as_str().unwrap())
            .collect();
        assert_eq!(groups.label_map.values().map(String::as_str).collect::<BTreeSet<_>>(), labels);
    }

    /// The issuer's part, signatures too: they are deterministic.
    fn base_proof(&self) {
        let config = self.json("addProofConfig.json");
        let canonical = rdfc::canonical(&config, &self.contexts, Hash::Sha256).unwrap();
        assert_eq!(canonical, read_text(&self.folder.join("addProofConfigCanon.txt")));
        let hashes = self.json("addHashData.json");
        let proof_hash = proof_hash(&self.document, &config, &self.contexts).unwrap();
        assert_eq!(proof_hash.to_hex(), hashes["proofHash"]);
        let key = self.label_key();
        let groups = self.groups(&key);
        let mandatory_hash = hash_of(groups.groups[0].matching.values());
        assert_eq!(mandatory_hash.to_hex(), hashes["mandatoryHash"]);

        let secrets = Secrets { proof_key: self.key("proofKeyPair"), label_key: self.label_key() };
        let mandatory = JsonPointer::parse_list(&self.mandatory).unwrap();
        let issuer = self.key("baseKeyPair");
        let mut config = config;
        config.as_object_mut().unwrap().remove("@context");
        let made =
            sign((&self.document, &config), &mandatory, &issuer, &self.contexts, secrets).unwrap();
        self.compare_base(&made, &self.json("addRawBaseSignatureInfo.json"), "publicKey");
        let signed = self.json("addSignedSDBase.json");
        assert_eq!(made.to_text(), signed["proof"]["proofValue"]);
        let mut document = signed;
        let proof = document.as_object_mut().unwrap().remove("proof").unwrap();
        assert_eq!(document, self.document);
        let proof = Proof::from_value(proof).unwrap();
        let public = issuer.public_key();
        assert_eq!(verify_base(&document, &proof, &public, &self.contexts), Ok(()));
        // A verifier refuses it: it is for the holder.
        let outcome = verify_proof_with(&document, &[proof], 0, &public, &self.contexts);
        assert_eq!(outcome.unwrap_err().code(), "disclosure-base-proof");
    }

    fn compare_base(&self, base: &BaseValue, expected: &Value, key: &str) {
        assert_eq!(encoding::hex(&base.signature), expected["baseSignature"]);
        assert_eq!(base.proof_key.to_multikey(), expected[key]);
        assert_eq!(hexes(&base.signatures), expected["signatures"]);
        assert_eq!(json!(base.mandatory), expected["mandatoryPointers"]);
    }

    /// The holder's part.
    fn derived_proof(&self) {
        let signed = self.json("addSignedSDBase.json");
        let text = json::text(&signed["proof"], "proofValue").unwrap();
        let Some(ProofValue::Base(base)) = ProofValue::parse(text) else { panic!("no base") };
        let recovered = self.json("derivedRecoveredBaseData.json");
        self.compare_base(&base, &recovered, "proofPublicKey");
        assert_eq!(encoding::hex(base.label_key.expose_secret()), recovered["hmacKey"]);

        let selective = JsonPointer::parse_list(&self.selective).unwrap();
        let derived = derive(&self.document, &base, &selective, &self.contexts).unwrap();
        let adjusted = self.json("derivedAdjMandatoryIndexes.json");
        assert_eq!(json!(derived.mandatory), adjusted["adjMandatoryIndexes"]);
        let filtered = self.json("derivedAdjSignatures.json");
        assert_eq!(hexes(&derived.signatures), filtered["filteredSignatures"]);
        let data = self.json("derivedDisclosureData.json");
        self.compare_derived(&derived, &data, &data["labelMap"]["value"]);
        let all = JsonPointer::parse_list(&[&self.mandatory[..], &self.selective].concat());
        let shown = select(&self.document, &all.unwrap()).unwrap().unwrap();
        assert_eq!(shown, self.json("derivedUnsignedReveal.json"));

        let base = SecuredCredential::parse_value(signed).unwrap();
        assert_eq!(selective::mandatory(&base).unwrap(), self.mandatory);
        let pointers: Vec<&str> = self.selective.iter().map(String::as_str).collect();
        let disclosure = Disclosure { pointers: &pointers, ..Disclosure::default() };
        let mut rng = SeededRng::new(1);
        let shown = selective::derive(&base, &disclosure, &self.contexts, &mut rng).unwrap();
        assert_eq!(shown.to_value(), self.json("derivedRevealDocument.json"));
        assert_eq!(shown.issuance_digest(), base.issuance_digest());
        assert_eq!(shown.issuance_digest(), sha256(&[&derived.signature]));
    }

    fn compare_derived(&self, derived: &DerivedValue, expected: &Value, labels: &Value) {
        assert_eq!(encoding::hex(&derived.signature), expected["baseSignature"]);
        assert_eq!(derived.proof_key.to_multikey(), expected["publicKey"]);
        assert_eq!(hexes(&derived.signatures), expected["signatures"]);
        assert_eq!(json!(derived.mandatory), expected["mandatoryIndexes"]);
        let entries: Vec<[&String; 2]> =
            derived.labels.iter().map(|(canonical, label)| [canonical, label]).collect();
        assert_eq!(json!(entries), *labels);
    }

    /// The verifier's part.
    fn verification(&self) {
        let mut document = self.json("derivedRevealDocument.json");
        let proof = document.as_object_mut().unwrap().remove("proof").unwrap();
        let proof = Proof::from_value(proof).unwrap();
        let Ok(ProofValue::Derived(derived)) = ProofValue::of(&proof) else {
            panic!("not derived")
        };
        let data = self.json("verifyDerivedProofValue.json");
        self.compare_derived(&derived, &data, &data["labelMap"]);
        assert_eq!(derived.to_text().as_deref(), proof.value()["proofValue"].as_str());
        let labels = Labels::Given(&derived.labels);
        let nquads = sd_primitives::canonicalize(&document, &self.contexts, &labels).unwrap();
        assert_eq!(nquads, strings(&self.json("verifyNQuads.json")));
        let data = self.json("verifyCreateVerifyData.json");
        let hash = proof_hash(&document, proof.value(), &self.contexts).unwrap();
        assert_eq!(hash.to_hex(), data["proofHash"]);
        let is_mandatory = |index: &usize| derived.mandatory.contains(index);
        let (mandatory, others): (Vec<_>, Vec<_>) =
            nquads.iter().enumerate().partition(|(index, _)| is_mandatory(index));
        let mandatory = hash_of(mandatory.into_iter().map(|(_, line)| line));
        assert_eq!(mandatory.to_hex(), data["mandatoryHash"]);
        let others: Vec<&String> = others.into_iter().map(|(_, line)| line).collect();
        assert_eq!(json!(others), data["nonMandatory"]);

        let key = self.key("baseKeyPair").public_key();
        let verify = |document: &Value| {
            verify_proof_with(document, std::slice::from_ref(&proof), 0, &key, &self.contexts)
        };
        assert_eq!(verify(&document), Ok(()));
        // The holder cannot take one for a base proof, nor derive once more.
        let again = verify_base(&document, &proof, &key, &self.contexts);
        assert_eq!(again.unwrap_err().code(), "disclosure-already-derived");
        let other = self.key("proofKeyPair").public_key();
        let outcome =
            verify_proof_with(&document, std::slice::from_ref(&proof), 0, &other, &self.contexts);
        assert_eq!(outcome, Err(ProofError::Invalid));
        let pointers = ["/validFrom", "/issuer/id", "/credentialSubject/birthCountry"];
        for pointer in pointers {
            let mut changed = document.clone();
            if let Some(member) = changed.pointer_mut(pointer) {
                *member = json!("2031-01-01T00:00:00Z");
                assert!(verify(&changed).is_err(), "{pointer}");
            }
        }
    }

    fn groups(&self, key: &SecretBytes) -> sd_primitives::Grouped<3> {
        let mandatory = JsonPointer::parse_list(&self.mandatory).unwrap();
        let selective = JsonPointer::parse_list(&self.selective).unwrap();
        let combined = [&mandatory[..], &selective].concat();
        let lists = [&mandatory[..], &selective, &combined];
        canonicalize_and_group(&self.document, &self.contexts, &Labels::Hmac(key), lists).unwrap()
    }

    fn keys(&self) -> Value {
        read_json(&self.root.join("ecdsa-sd-2023/SDKeyMaterial.json"))
    }

    fn label_key(&self) -> SecretBytes {
        let keys = self.keys();
        let hex = json::text(&keys, "hmacKeyString").unwrap().to_lowercase();
        SecretBytes::new(encoding::decode_hex(&hex).unwrap())
    }

    fn key(&self, name: &str) -> SecretKey {
        let pair = &self.keys()[name];
        let secret = json::text(pair, "secretKeyMultibase").unwrap();
        let bytes = encoding::decode_multibase(secret).unwrap();
        // Two bytes say which kind of key it is.
        let secret = SecretBytes::new(bytes[2..].to_vec());
        let key = SecretKey::from_secret_bytes(KeyType::P256, &secret).unwrap();
        assert_eq!(pair["publicKeyMultibase"], key.public_key().to_multikey());
        key
    }
}

fn contexts() -> Contexts {
    let url = "https://w3id.org/citizenship/v4rc1";
    let text = read_text(&vectors("contexts").unwrap().join("citizenship-v4rc1.jsonld"));
    let sha256 = "5038c7383afd7ab2158f1b997913a8f60978a0abcf96e0b0d08e29f146d2db1e";
    let sha256 = Digest::from_hex(sha256).unwrap();
    Contexts::with_pinned(&[PinnedContext { url, sha256, bytes: text.as_bytes() }]).unwrap()
}

fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

fn map_value(map: &std::collections::BTreeMap<usize, String>) -> Value {
    map.iter().map(|(index, line)| json!([index, line])).collect()
}

fn hexes(signatures: &[[u8; 64]]) -> Value {
    signatures.iter().map(|signature| Value::from(encoding::hex(signature))).collect()
}

/// A derived value that nothing verifies, to be written in other ways.
fn derived_value() -> DerivedValue {
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(7));
    let label = |byte: u8| format!("u{}", encoding::b64u(&[byte; 32]));
    DerivedValue {
        signature: [1; 64],
        proof_key: key.public_key(),
        signatures: vec![[2; 64]; 3],
        labels: [("c14n0".to_owned(), label(3)), ("c14n11".to_owned(), label(4))].into(),
        mandatory: vec![0, 2, 30, 300],
    }
}

#[test]
fn a_proof_value_has_one_form() {
    let value = derived_value();
    let text = value.to_text().unwrap();
    let Some(ProofValue::Derived(read)) = ProofValue::parse(&text) else { panic!("not read") };
    assert_eq!(read, value);
    let bytes = has_one_form(&text, |text| ProofValue::parse(text).is_some());
    let of = |bytes: &[u8]| ProofValue::parse(&format!("u{}", encoding::b64u(bytes)));
    let mut other = bytes.clone();
    other[2] = 2;
    assert!(of(&other).is_none(), "another header");
    // As a base proof its parts have other lengths and types.
    other[2] = 0;
    assert!(of(&other).is_none(), "base");
    for (from, to) in [(vec![0x85], vec![0x86]), (vec![0x85], vec![0x98, 5])] {
        let body = [&bytes[..3], &to, &bytes[3 + from.len()..]].concat();
        assert!(of(&body).is_none(), "{to:x?}");
    }
}

#[test]
fn indexes_and_labels_that_are_doubled_or_out_of_order_are_refused() {
    for mandatory in [vec![1, 1], vec![2, 1]] {
        let value = DerivedValue { mandatory, ..derived_value() };
        assert!(ProofValue::parse(&value.to_text().unwrap()).is_none());
    }
    let mut writer = crate::cbor::Writer::after(&[0xd9, 0x5d, 0x01]);
    writer.array(5);
    writer.bytes(&[1; 64]);
    writer.bytes(&value::key_bytes(&derived_value().proof_key));
    writer.array(0);
    writer.map(2);
    for _ in 0..2 {
        writer.unsigned(0);
        writer.bytes(&[5; 32]);
    }
    writer.array(0);
    let text = format!("u{}", encoding::b64u(&writer.into_bytes()));
    assert!(ProofValue::parse(&text).is_none());
}
