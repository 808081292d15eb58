//! The W3C vectors of `bbs-2023`, every intermediate byte for byte; the features that are refused by name; the form of
//! proof values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inkan_core::{Digest, encoding, json, sha256};
use inkan_crypto::SecretKey;
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
fn windsurf_race() {
    let files = ["windDoc.json", "windMandatory.json", "windSelective.json"];
    let Some(case) = Case::read("", files) else { return };
    case.run();
}

#[test]
fn residence_card() {
    let files = ["prCredUnsigned.json", "prCredMandatory.json", "prCredSelective.json"];
    let Some(case) = Case::read("prc", files) else { return };
    case.run();
    case.verified_statements();
}

const LICENSE: [&str; 3] = [
    "FeatureInputs/license.json",
    "FeatureInputs/licenseMandatory.json",
    "FeatureInputs/licenseSelective.json",
];

#[test]
fn driving_license_with_holder_binding_is_refused_by_name() {
    let Some(case) = Case::read("HolderBinding", LICENSE) else { return };
    case.is_refused("bbs-2023 with anonymous_holder_binding");
}

#[test]
fn driving_license_with_pseudonym_is_refused_by_name() {
    let Some(case) = Case::read("Pseudonym", LICENSE) else { return };
    // These files say by their headers that they have both features.
    case.is_refused("bbs-2023 with holder_binding_pseudonym");
}

#[test]
fn driving_license_with_holder_binding_and_pseudonym_is_refused_by_name() {
    let Some(case) = Case::read("PseudonymHB", LICENSE) else { return };
    case.is_refused("bbs-2023 with holder_binding_pseudonym");
}

/// The bytes that the mocked random scalars of the vectors are reduced from: `expand_message_xmd` of RFC 9380, with the
/// interface's name for the domain (the draft's own vectors have a longer one).
struct Mocked(std::vec::IntoIter<u8>);

impl Mocked {
    fn new(seed: &[u8], scalars: usize) -> Self {
        let dst: &[u8] = b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_H2G_HM2S_";
        let size = [u8::try_from(dst.len()).unwrap()];
        let length = u16::try_from(scalars * 48).unwrap();
        let first = sha256(&[&[0; 64], seed, &length.to_be_bytes(), &[0], dst, &size]);
        let (mut last, mut out) = ([0; 32], Vec::new());
        for counter in 1..=u8::try_from(length.div_ceil(32)).unwrap() {
            let mixed: Vec<u8> = last.iter().zip(first.as_bytes()).map(|(a, b)| a ^ b).collect();
            last = *sha256(&[&mixed, &[counter], dst, &size]).as_bytes();
            out.extend_from_slice(&last);
        }
        out.truncate(length.into());
        Self(out.into_iter())
    }
}

impl CryptoRng for Mocked {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.next().expect("as many scalars as were asked for");
        }
    }
}

impl Case {
    fn read(name: &str, [document, mandatory, selective]: [&str; 3]) -> Option<Self> {
        let root = vectors("w3c-di-bbs")?;
        let list = |file| strings(&read_json(&root.join(file)));
        let folder = root.join(name);
        let given = read_json(&root.join(document));
        let mut document = read_json(&folder.join("addSignedSDBase.json"));
        document.as_object_mut().unwrap().remove("proof");
        // The residence card was described in other words when it was signed.
        let differs = |name: &str| name == "description";
        for (name, member) in given.as_object().unwrap().iter().filter(|(name, _)| !differs(name)) {
            // One of them writes 7 as 7.0.
            let same = |value: &Value| json::canonicalize(value).unwrap();
            assert_eq!(same(&document[name]), same(member), "{name}");
        }
        Some(Self {
            folder,
            document,
            mandatory: list(mandatory),
            selective: list(selective),
            contexts: contexts(&given),
            root,
        })
    }

    fn run(&self) {
        self.transformation();
        self.base_proof();
        self.derived_proof();
        self.verification();
    }

    fn json(&self, file: &str) -> Value {
        read_json(&self.folder.join(file))
    }

    /// Canonical form, shuffled labels, groups, hashes.
    fn transformation(&self) {
        let canonical = rdfc::canonical(&self.document, &self.contexts, Hash::Sha256).unwrap();
        assert_eq!(lines(&canonical), strings(&self.json("addBaseDocCanon.json")));
        let label_key = self.label_key();
        let groups = self.groups(&label_key);
        assert_eq!(groups.nquads, strings(&self.json("addBaseDocHMACCanon.json")));
        let [mandatory, selective, combined] = &groups.groups;
        let expected = self.json("addBaseTransform.json");
        assert_eq!(json!(self.mandatory), expected["mandatoryPointers"]);
        assert_eq!(map_value(&mandatory.matching), expected["mandatory"]["value"]);
        assert_eq!(map_value(&mandatory.non_matching), expected["nonMandatory"]["value"]);
        let indexes = self.json("derivedGroupIndexes.json");
        assert_eq!(json!(combined.indexes()), indexes["combinedIndexes"]);
        assert_eq!(json!(mandatory.indexes()), indexes["mandatoryIndexes"]);
        assert_eq!(json!(selective.indexes()), indexes["selectiveIndexes"]);
        let others: BTreeSet<usize> = mandatory.non_matching.keys().copied().collect();
        assert_eq!(json!(others), indexes["nonMandatoryIndexes"]);
        let adjusted = self.json("derivedAdjIndexes.json");
        let places = relative_indexes(&combined.indexes(), &mandatory.indexes());
        assert_eq!(json!(places), adjusted["adjMandatoryIndexes"]);
        let places = relative_indexes(&others, &combined.indexes());
        assert_eq!(json!(places), adjusted["adjSelectiveIndexes"]);
        if self.folder.join("derivedAllGroupData.json").exists() {
            let all = self.json("derivedAllGroupData.json");
            assert_eq!(strings(&all["nquads"]), groups.nquads);
            let groups =
                [("mandatory", mandatory), ("selective", selective), ("combined", combined)];
            for (name, group) in groups {
                let expected = &all["groups"][name];
                assert_eq!(map_value(&group.matching), expected["matching"]["value"], "{name}");
                let others = &expected["nonMatching"]["value"];
                assert_eq!(map_value(&group.non_matching), *others, "{name}");
            }
        }
        let all = JsonPointer::parse_list(&[&self.mandatory[..], &self.selective].concat());
        let shown = select(&self.document, &all.unwrap()).unwrap().unwrap();
        assert_eq!(shown, self.json("derivedUnsignedReveal.json"));

        let config = self.json("addProofConfig.json");
        let canonical = rdfc::canonical(&config, &self.contexts, Hash::Sha256).unwrap();
        assert_eq!(canonical, read_text(&self.folder.join("addProofConfigCanon.txt")));
        let header =
            header_of((&self.document, &config), mandatory.matching.values(), &self.contexts);
        let hashes = self.json("addHashData.json");
        let expected = ["proofHash", "mandatoryHash"].map(|name| hashes[name].as_str().unwrap());
        assert_eq!(encoding::hex(&header.unwrap()), expected.concat());
    }

    /// The issuer's part, signature too: it is deterministic.
    fn base_proof(&self) {
        let mut config = self.json("addProofConfig.json");
        config.as_object_mut().unwrap().remove("@context");
        let mandatory = JsonPointer::parse_list(&self.mandatory).unwrap();
        let issuer = self.key();
        let ground = (&self.document, &config);
        let made = sign(ground, &mandatory, &issuer, &self.contexts, self.label_key()).unwrap();
        self.compare_base(&made, &self.json("addRawBaseSignatureInfo.json"));
        let mut document = self.json("addSignedSDBase.json");
        assert_eq!(made.to_text(), document["proof"]["proofValue"]);
        let proof = document.as_object_mut().unwrap().remove("proof").unwrap();
        assert_eq!(document, self.document);
        let proof = Proof::from_value(proof).unwrap();
        let public = issuer.public_key();
        assert_eq!(proof.verification_method(), format!("did:key:{0}#{0}", public.to_multikey()));
        assert_eq!(verify_base(&document, &proof, &public, &self.contexts), Ok(()));
        // A verifier refuses it: it is for the holder.
        let outcome = verify_proof_with(&document, &[proof], 0, &public, &self.contexts);
        assert_eq!(outcome.unwrap_err().code(), "disclosure-base-proof");
    }

    fn compare_base(&self, base: &BaseValue, expected: &Value) {
        assert_eq!(encoding::hex(&base.signature), expected["bbsSignature"]);
        assert_eq!(json!(base.mandatory), expected["mandatoryPointers"]);
    }

    /// The holder's part, with the vectors' mocked random scalars.
    fn derived_proof(&self) {
        let signed = self.json("addSignedSDBase.json");
        let text = json::text(&signed["proof"], "proofValue").unwrap();
        let Some(ProofValue::Base(base)) = ProofValue::parse(text) else { panic!("no base") };
        let recovered = self.json("derivedRecoveredBaseData.json");
        self.compare_base(&base, &recovered);
        assert_eq!(encoding::hex(base.label_key.expose_secret()), recovered["hmacKey"]);
        assert_eq!(base.to_text(), text);

        let material = read_json(&self.root.join("BBSDeriveMaterial.json"));
        let hex = |name: &str| encoding::decode_hex(material[name].as_str().unwrap()).unwrap();
        let indexes = self.json("derivedGroupIndexes.json");
        let count = |name: &str| indexes[name].as_array().unwrap().len();
        // Those that are neither mandatory nor shown.
        let hidden =
            count("nonMandatoryIndexes") + count("mandatoryIndexes") - count("combinedIndexes");
        let presentation_header = hex("presentationHeaderHex");
        let rng = || Mocked::new(&hex("pseudoRandSeedHex"), hidden + 5);

        let chosen = JsonPointer::parse_list(&self.selective).unwrap();
        let holders = Holders { chosen: &chosen, presentation_header: &presentation_header };
        let derived = derive(&self.document, &base, holders, &self.contexts, &mut rng()).unwrap();
        self.compare_derived(&derived, &self.json("derivedDisclosureData.json"));

        let base = SecuredCredential::parse_value(signed).unwrap();
        assert_eq!(selective::mandatory(&base).unwrap(), self.mandatory);
        let pointers: Vec<&str> = self.selective.iter().map(String::as_str).collect();
        let disclosure = Disclosure {
            pointers: &pointers,
            presentation_header: &presentation_header,
            ..Disclosure::default()
        };
        let shown = selective::derive(&base, &disclosure, &self.contexts, &mut rng()).unwrap();
        assert_eq!(shown.to_value(), self.json("derivedRevealDocument.json"));
    }

    fn compare_derived(&self, derived: &DerivedValue, expected: &Value) {
        assert_eq!(encoding::hex(&derived.proof), expected["bbsProof"]);
        let entries: Vec<[&String; 2]> =
            derived.labels.iter().map(|(canonical, label)| [canonical, label]).collect();
        let labels = expected["labelMap"].get("value").unwrap_or(&expected["labelMap"]);
        assert_eq!(json!(entries), *labels);
        assert_eq!(json!(derived.mandatory), expected["mandatoryIndexes"]);
        let selective =
            expected.get("adjSelectiveIndexes").unwrap_or(&expected["adjSelectedIndexes"]);
        assert_eq!(json!(derived.selective), *selective);
        if let Some(header) = expected.get("presentationHeader") {
            let bytes = derived.presentation_header.iter().enumerate();
            let bytes = bytes.map(|(place, byte)| (place.to_string(), json!(byte)));
            assert_eq!(&Value::Object(bytes.collect()), header);
        }
    }

    /// The verifier's part, and that it refuses what was changed.
    fn verification(&self) {
        let (document, proof) = self.derived();
        let Ok(ProofValue::Derived(derived)) = ProofValue::of(&proof) else { panic!("no derived") };
        self.compare_derived(&derived, &self.json("derivedDisclosureData.json"));
        assert_eq!(derived.to_text().as_deref(), proof.value()["proofValue"].as_str());
        let key = self.key().public_key();
        let verify = |document: &Value, proof: &Proof| {
            verify_proof_with(document, std::slice::from_ref(proof), 0, &key, &self.contexts)
        };
        assert_eq!(verify(&document, &proof), Ok(()));
        // The holder cannot take one for a base proof.
        let again = verify_base(&document, &proof, &key, &self.contexts);
        assert_eq!(again.unwrap_err().code(), "disclosure-already-derived");
        let other = [7; 32].to_vec();
        let other = SecretKey::from_secret_bytes(KeyType::Bls12381G2, &SecretBytes::new(other));
        let other = other.unwrap().public_key();
        let outcome =
            verify_proof_with(&document, std::slice::from_ref(&proof), 0, &other, &self.contexts);
        assert_eq!(outcome, Err(ProofError::Invalid));
        let mut changed = 0;
        for pointer in
            ["/validFrom", "/credentialSubject/sailNumber", "/credentialSubject/sails/0/year"]
        {
            let mut copy = document.clone();
            if let Some(member) = copy.pointer_mut(pointer) {
                *member = json!("2031-01-01T00:00:00Z");
                assert!(verify(&copy, &proof).is_err(), "{pointer}");
                changed += 1;
            }
        }
        assert!(changed > 0);
        let mut value = proof.value().clone();
        value["created"] = json!("2023-08-15T23:36:39Z");
        assert_eq!(verify(&document, &Proof::from_value(value).unwrap()), Err(ProofError::Invalid));
    }

    /// What `verify*` files hold, where there are some.
    fn verified_statements(&self) {
        let (document, proof) = self.derived();
        let Ok(ProofValue::Derived(derived)) = ProofValue::of(&proof) else { panic!("no derived") };
        self.compare_derived(&derived, &self.json("verifyDerivedProofValue.json"));
        let labels = Labels::Given(&derived.labels);
        let nquads = sd_primitives::canonicalize(&document, &self.contexts, &labels).unwrap();
        assert_eq!(nquads, strings(&self.json("verifyNQuads.json")));
    }

    fn derived(&self) -> (Value, Proof) {
        let mut document = self.json("derivedRevealDocument.json");
        let proof = document.as_object_mut().unwrap().remove("proof").unwrap();
        (document, Proof::from_value(proof).unwrap())
    }

    /// The vectors of unfinished features: all but the signature is as ever, and both proofs are known by name.
    fn is_refused(&self, name: &str) {
        self.transformation();
        let key = self.key().public_key();
        let refusal = ProofError::UnsupportedSuite { suite: name.to_owned() };
        for file in ["addSignedSDBase.json", "derivedRevealDocument.json"] {
            let mut document = self.json(file);
            let proof = document.as_object_mut().unwrap().remove("proof").unwrap();
            let proof = Proof::from_value(proof).unwrap();
            assert_eq!((proof.stage(), proof.base_signature()), (None, None));
            let outcome = verify_base(&document, &proof, &key, &self.contexts);
            assert_eq!(outcome, Err(refusal.clone()));
            let outcome = verify_proof_with(&document, &[proof], 0, &key, &self.contexts);
            assert_eq!(outcome, Err(refusal.clone()));
        }
    }

    fn groups(&self, key: &SecretBytes) -> sd_primitives::Grouped<3> {
        let mandatory = JsonPointer::parse_list(&self.mandatory).unwrap();
        let selective = JsonPointer::parse_list(&self.selective).unwrap();
        let combined = [&mandatory[..], &selective].concat();
        let (lists, labels) = ([&mandatory[..], &selective, &combined], Labels::Shuffled(key));
        canonicalize_and_group(&self.document, &self.contexts, &labels, lists).unwrap()
    }

    fn key_material(&self, name: &str) -> Vec<u8> {
        let material = read_json(&self.root.join("BBSKeyMaterial.json"));
        encoding::decode_hex(&material[name].as_str().unwrap().to_lowercase()).unwrap()
    }

    fn label_key(&self) -> SecretBytes {
        SecretBytes::new(self.key_material("hmacKeyString"))
    }

    fn key(&self) -> SecretKey {
        let secret = SecretBytes::new(self.key_material("privateKeyHex"));
        let key = SecretKey::from_secret_bytes(KeyType::Bls12381G2, &secret).unwrap();
        assert_eq!(key.public_key().raw(), self.key_material("publicKeyHex"));
        key
    }
}

/// The contexts that lie beside the vectors and are not built in, and those that stand in the document.
fn contexts(document: &Value) -> Contexts {
    let folder = vectors("contexts").unwrap();
    let list = read_json(&folder.join("contexts.json"));
    let entries: Vec<(&str, Digest, String)> = list["contexts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap();
            let sha256 = Digest::from_hex(text("sha256")).unwrap();
            (text("url"), sha256, read_text(&folder.join(Path::new(text("file")))))
        })
        .filter(|(url, _, _)| url.contains("/vdl/") || url.contains("/citizenship/"))
        .collect();
    let pinned: Vec<PinnedContext<'_>> = entries
        .iter()
        .map(|(url, sha256, text)| PinnedContext { url, sha256: *sha256, bytes: text.as_bytes() })
        .collect();
    let inline = document["@context"].as_array().unwrap().iter().filter(|entry| entry.is_object());
    let contexts = Contexts::with_pinned(&pinned).unwrap();
    inline.fold(contexts, |contexts, entry| contexts.and_inline(entry).unwrap())
}

fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

fn map_value(map: &BTreeMap<usize, String>) -> Value {
    map.iter().map(|(index, line)| json!([index, line])).collect()
}

/// A derived value that nothing verifies, to be written in other ways.
fn derived_value() -> DerivedValue {
    DerivedValue {
        proof: vec![1; 272 + 64],
        labels: [("c14n0", "b3"), ("c14n11", "b200")]
            .map(|(canonical, label)| (canonical.to_owned(), label.to_owned()))
            .into(),
        mandatory: vec![0, 2, 30, 300],
        selective: vec![1, 25],
        presentation_header: vec![9; 3],
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
    for header in [0, 1, 2, 10] {
        let mut other = bytes.clone();
        other[2] = header;
        assert!(of(&other).is_none(), "header {header}");
    }
    for to in [vec![0x86], vec![0x84], vec![0x98, 5], vec![0x9f]] {
        let body = [&bytes[..3], &to, &bytes[4..]].concat();
        assert!(of(&body).is_none(), "{to:x?}");
    }
}

#[test]
fn lists_that_are_doubled_out_of_order_or_too_long_are_refused() {
    let refused = |value: DerivedValue| {
        assert!(ProofValue::parse(&value.to_text().unwrap()).is_none());
    };
    for list in [vec![1, 1], vec![2, 1]] {
        refused(DerivedValue { mandatory: list.clone(), ..derived_value() });
        refused(DerivedValue { selective: list, ..derived_value() });
    }
    for length in [0, 271, 300] {
        refused(DerivedValue { proof: vec![1; length], ..derived_value() });
    }
    refused(DerivedValue { mandatory: (0..9_000).collect(), ..derived_value() });
    refused(DerivedValue { presentation_header: vec![0; 4_097], ..derived_value() });
    let wrong = [("c14n0".to_owned(), "u3".to_owned())];
    assert!(DerivedValue { labels: wrong.into(), ..derived_value() }.to_text().is_none());
    // The same canonical label twice.
    let mut writer = crate::cbor::Writer::after(&[0xd9, 0x5d, 0x03]);
    writer.array(5);
    writer.bytes(&[1; 272]);
    writer.map(2);
    for number in [0, 1, 0, 2] {
        writer.unsigned(number);
    }
    writer.array(0);
    writer.array(0);
    writer.bytes(&[]);
    let text = format!("u{}", encoding::b64u(&writer.into_bytes()));
    assert!(ProofValue::parse(&text).is_none());
}
