//! The examples of RFC 9901, of SD-JWT VC and of Token Status List, one test each.
//!
//! Every example is read, written back byte for byte, verified, and made again: from its claims and its own disclosures comes
//! the payload that was signed. All examples are good ones; the refused copies are made here.

use std::collections::BTreeSet;
use std::path::PathBuf;

use inkan_core::{Timestamp, encoding, json};
use inkan_credential::sd_jwt::{
    ClaimPath, Disclosure, DisclosureSource, Expected, Hidden, IssuerSignature, PathStep, Place,
    SdJwt, Step, conceal,
};
use inkan_credential::sd_jwt_vc::{IssuerKey, SdJwtVc};
use inkan_credential::token_status_list::{
    ReferencedCwt, StatusBits, StatusListToken, StatusReference, TokenStatus, TokenStatusList,
};
use inkan_crypto::{PublicKey, SignError};
use inkan_tests::{read_json, read_text, vectors};
use serde_json::{Value, json};

/// The vectors' own moments.
const RFC_9901: Moment = Moment { audience: "https://verifier.example.org", now: 1_795_301_800 };
const SD_JWT_VC: Moment = Moment { audience: "https://example.com/verifier", now: 1_795_301_775 };

#[derive(Clone, Copy)]
struct Moment {
    audience: &'static str,
    now: i64,
}

macro_rules! examples {
    ($($test:ident: $set:literal / $case:literal, $moment:expr, bound: $bound:literal;)*) => {
        $(#[test]
        fn $test() {
            let Some(folder) = vectors($set) else { return };
            Example { folder: folder.join($case), set: folder, moment: $moment }.check($bound);
        })*
    };
}

examples! {
    rfc_9901_simple: "sd-jwt" / "simple", RFC_9901, bound: true;
    rfc_9901_simple_structured: "sd-jwt" / "simple_structured", RFC_9901, bound: false;
    rfc_9901_address_only_flat: "sd-jwt" / "address_only_flat", RFC_9901, bound: false;
    rfc_9901_address_only_structured: "sd-jwt" / "address_only_structured", RFC_9901, bound: false;
    rfc_9901_address_only_structured_one_open: "sd-jwt" / "address_only_structured_one_open", RFC_9901, bound: false;
    rfc_9901_address_only_recursive: "sd-jwt" / "address_only_recursive", RFC_9901, bound: false;
    rfc_9901_complex_ekyc: "sd-jwt" / "complex_ekyc", RFC_9901, bound: false;
    rfc_9901_complex_eidas: "sd-jwt" / "complex_eidas", RFC_9901, bound: false;
    rfc_9901_complex_eidas_proposal: "sd-jwt" / "complex_eidas_proposal", RFC_9901, bound: false;
    rfc_9901_arf_pid: "sd-jwt" / "arf-pid", RFC_9901, bound: true;
    rfc_9901_jsonld: "sd-jwt" / "jsonld", RFC_9901, bound: true;
    rfc_9901_w3c_vc: "sd-jwt" / "w3c-vc", RFC_9901, bound: true;
    rfc_9901_w3c_vc_for_slide_deck: "sd-jwt" / "w3c-vc_for_slide_deck", RFC_9901, bound: false;
    rfc_9901_json_serialization_flattened: "sd-jwt" / "json_serialization_flattened", RFC_9901, bound: true;
    rfc_9901_json_serialization_general: "sd-jwt" / "json_serialization_general", RFC_9901, bound: true;
    sd_jwt_vc_01: "sd-jwt-vc" / "01", SD_JWT_VC, bound: true;
    sd_jwt_vc_02: "sd-jwt-vc" / "02", SD_JWT_VC, bound: false;
    sd_jwt_vc_03_pid: "sd-jwt-vc" / "03-pid", SD_JWT_VC, bound: true;
}

struct Example {
    set: PathBuf,
    folder: PathBuf,
    moment: Moment,
}

impl Example {
    fn check(&self, bound: bool) {
        let issued = self.read("sd_jwt_issuance");
        assert_eq!(signed_payload(&issued), self.json("sd_jwt_payload"));
        assert!(issued.key_binding().is_none());
        for (claim, value) in self.json("user_claims").as_object().expect("claims") {
            assert_eq!(issued.payload().get(claim), Some(value), "{claim}");
        }

        let presented = self.read("sd_jwt_presentation");
        assert_eq!(*presented.payload(), self.json("verified_contents"));
        assert_eq!(presented.key_binding().is_some(), bound);
        if bound {
            self.check_binding(&presented);
        }
        self.derives(&issued, &presented);
        self.is_made_again(&issued);
        self.refuses_changes(&presented);
    }

    /// Reads and verifies the SD-JWT in a file, and writes it again.
    fn read(&self, name: &str) -> SdJwt {
        let json = self.folder.join(format!("{name}.json"));
        let read = if json.exists() {
            let Value::String(text) = read_json(&json) else { panic!("{name} is no text") };
            SdJwt::parse_json(&json::parse(text.as_bytes(), 1 << 20).expect("JSON"))
        } else {
            let text = read_text(&self.folder.join(format!("{name}.txt")));
            let read = SdJwt::parse(text.trim());
            assert_eq!(read.as_ref().map(SdJwt::to_compact), Ok(text.trim().to_owned()));
            read
        };
        let read = read.expect("an SD-JWT");
        let keys = self.issuer_keys();
        let signatures: Vec<&IssuerSignature> = read.signatures().collect();
        assert_eq!(signatures.len(), keys.len());
        for (signature, key) in signatures.iter().zip(&keys) {
            assert_eq!(signature.jws().verify(key), Ok(()));
        }
        assert!(read.verify(&self.holder_key()).is_err());
        read
    }

    fn check_binding(&self, presented: &SdJwt) {
        let Moment { audience, now } = self.moment;
        let now = Timestamp::from_seconds(now).expect("a time");
        let expected = Expected { audience, nonce: "1234567890", max_age: 300, now };
        let verify = |key, expected: &_| presented.verify_key_binding(&key, expected);
        assert_eq!(verify(self.holder_key(), &expected), Ok(()));
        let binding = presented.key_binding().expect("a key binding");
        let text = read_text(&self.folder.join("kb_jwt_serialized.txt"));
        assert_eq!(binding.as_str(), text.trim());
        let code = |key, expected: &_| verify(key, expected).map_err(|error| error.code());
        let issuer = self.issuer_keys().remove(0);
        assert_eq!(code(issuer, &expected), Err("key-binding-invalid"));
        let other = Expected { nonce: "1234567891", ..expected };
        assert_eq!(code(self.holder_key(), &other), Err("nonce-invalid"));
        let other = Expected { audience: "https://other.example", ..expected };
        assert_eq!(code(self.holder_key(), &other), Err("audience-mismatch"));
        let other = Expected { now: now.plus_seconds(300), ..expected };
        assert_eq!(code(self.holder_key(), &other), Err("presentation-stale"));
    }

    /// From what was issued comes what was presented.
    fn derives(&self, issued: &SdJwt, presented: &SdJwt) {
        let all = issued.disclosures().iter().enumerate();
        let chosen = all.filter(|(_, one)| presented.disclosures().contains(one));
        let chosen: BTreeSet<usize> = chosen.map(|(index, _)| index).collect();
        assert_eq!(chosen.len(), presented.disclosures().len());
        let derived = issued.keep(&chosen).expect("derived");
        assert_eq!(derived.payload(), presented.payload());
        assert_eq!(derived.disclosures().len(), chosen.len());
        assert_eq!(derived.verify(&self.issuer_keys()[0]), Ok(()));
    }

    /// From the claims and the example's own disclosures comes the payload that was signed.
    fn is_made_again(&self, issued: &SdJwt) {
        let mut places = Vec::new();
        inside_out(issued.payload(), "", &mut places);
        let at = |place: &String| {
            let found = issued.disclosable().position(|one| one.to_string() == *place)?;
            Some(issued.disclosures()[found].clone())
        };
        let disclosures = places.iter().filter_map(at).collect();
        let mut given = Given { disclosures, decoys: self.decoys() };
        given.disclosures.reverse();
        given.decoys.reverse();
        let chosen: Vec<ClaimPath> = issued.disclosable().map(path_to).collect();
        let claims = issued.payload().clone();
        let (payload, disclosures) = conceal(claims, &chosen, &mut given).expect("made");
        assert_eq!(payload, self.json("sd_jwt_payload"));
        assert_eq!(disclosures.len(), issued.disclosures().len());
        assert!(given.disclosures.is_empty() && given.decoys.is_empty());
    }

    /// The decoys of each object, innermost first.
    fn decoys(&self) -> Vec<Vec<String>> {
        let file = self.folder.join("decoy_digests.json");
        if !file.exists() {
            return Vec::new();
        }
        let all = read_json(&file);
        let payload = self.json("sd_jwt_payload");
        let all = all.as_array().expect("decoys");
        let among = |object: &Value| {
            let digests = object["_sd"].as_array().expect("digests").iter();
            let decoys = digests.filter(|digest| all.contains(digest));
            decoys.map(|one| one.as_str().expect("a digest").to_owned()).collect()
        };
        vec![among(&payload["address"]), among(&payload)]
    }

    /// One changed character in the signature or in any disclosure.
    fn refuses_changes(&self, presented: &SdJwt) {
        let key = &self.issuer_keys()[0];
        let (jws, rest) = presented.shown().split_once('~').expect("a tilde");
        let changed = |text: &str| {
            let middle = text.len() - 20;
            let other = if text.as_bytes()[middle] == b'A' { 'B' } else { 'A' };
            format!("{}{other}{}", &text[..middle], &text[middle + 1..])
        };
        let forged = SdJwt::parse(&format!("{}~{rest}", changed(jws))).expect("readable");
        assert!(forged.verify(key).is_err());
        for disclosure in presented.disclosures() {
            let text =
                presented.shown().replace(disclosure.as_str(), &changed(disclosure.as_str()));
            assert!(SdJwt::parse(&text).is_err(), "{disclosure:?}");
        }
    }

    fn issuer_keys(&self) -> Vec<PublicKey> {
        let own = read_text(&self.folder.join("specification.yml"));
        let settings = if own.contains("issuer_keys:") { own } else { self.settings() };
        let start = settings.find("issuer_key").expect("issuer keys");
        let end = settings.find("holder_key:").expect("a holder key");
        keys(&settings[start..end])
    }

    fn holder_key(&self) -> PublicKey {
        let settings = self.settings();
        let start = settings.find("holder_key:").expect("a holder key");
        keys(&settings[start..]).remove(0)
    }

    fn settings(&self) -> String {
        read_text(&self.set.join("settings.yml"))
    }

    fn json(&self, name: &str) -> Value {
        read_json(&self.folder.join(format!("{name}.json")))
    }
}

/// The P-256 keys in a piece of the settings: lines `x: …` and `y: …`.
fn keys(text: &str) -> Vec<PublicKey> {
    let values = |name: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix(name));
        lines.map(|value| value.trim().to_owned()).collect()
    };
    let jwk = |(x, y): (String, String)| json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y });
    let pairs = values("x:").into_iter().zip(values("y:")).map(jwk);
    pairs.map(|jwk| PublicKey::from_jwk(&jwk).expect("a key")).collect()
}

fn signed_payload(sd_jwt: &SdJwt) -> Value {
    json::parse(sd_jwt.jws().payload(), 1 << 20).expect("a payload")
}

/// All places below `value`, what is within another before it: the order in which claims are concealed.
fn inside_out(value: &Value, at: &str, places: &mut Vec<String>) {
    let mut visit = |name: &str, child: &Value| {
        let place = format!("{at}/{name}");
        inside_out(child, &place, places);
        places.push(place);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, child)| {
            visit(&name.replace('~', "~0").replace('/', "~1"), child);
        }),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, child)| visit(&index.to_string(), child))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn path_to(place: &Place) -> ClaimPath {
    let steps = place.steps().iter().map(|step| match step {
        Step::Member(name) => PathStep::Member(name.to_string()),
        Step::Index(index) => PathStep::Index(*index),
    });
    ClaimPath::Steps(steps.collect())
}

/// The disclosures and decoys of an example, last first.
struct Given {
    disclosures: Vec<Disclosure>,
    decoys: Vec<Vec<String>>,
}

impl DisclosureSource for Given {
    fn disclosure(&mut self, name: Option<&str>, value: &Value) -> Result<Disclosure, SignError> {
        let next = self.disclosures.pop().expect("a disclosure");
        assert_eq!((next.name(), next.value()), (name, value));
        Ok(next)
    }

    fn decoys(&mut self, _: Hidden) -> Vec<String> {
        self.decoys.pop().unwrap_or_default()
    }
}

#[test]
fn sd_jwt_vcs_are_read_as_such() {
    let Some(folder) = vectors("sd-jwt-vc") else { return };
    for (case, vct, kid) in [
        (
            "01",
            "https://credentials.example.com/identity_credential",
            Some("doc-signer-05-25-2022"),
        ),
        ("02", "https://credentials.example.com/identity_credential", None),
        ("03-pid", "urn:example:eudi:pid:aendgard:1", None),
    ] {
        let text = read_text(&folder.join(case).join("sd_jwt_presentation.txt"));
        let credential = SdJwtVc::parse(text.trim()).expect("an SD-JWT VC");
        assert_eq!(credential.vct(), vct);
        assert!(credential.token_status().is_none() && credential.unknown_status().is_empty());
        let issuer = credential.issuer().expect("an issuer").to_owned();
        let key = IssuerKey::Metadata { issuer, kid: kid.map(str::to_owned) };
        assert_eq!(credential.issuer_key(), &key);
    }
    let Some(folder) = vectors("sd-jwt") else { return };
    let text = read_text(&folder.join("arf-pid/sd_jwt_presentation.txt"));
    assert_eq!(SdJwtVc::parse(text.trim()).expect("an SD-JWT VC").vct(), "urn:eudi:pid:de:1");
    let text = read_text(&folder.join("simple/sd_jwt_presentation.txt"));
    assert_eq!(SdJwtVc::parse(text.trim()).unwrap_err().code(), "media-type-unsupported");
}

/// The vectors of Token Status List, and the key that signed them.
fn token_status_list() -> Option<(Value, PublicKey)> {
    let cases = read_json(&vectors("token-status-list")?.join("cases.json"));
    let key = PublicKey::from_jwk(&cases["verification_key"]).expect("a key");
    Some((cases, key))
}

fn hex(value: &Value) -> Vec<u8> {
    encoding::decode_hex(value.as_str().expect("text")).expect("hexadecimal")
}

/// One list: its bytes, its statuses, both its forms, and the way back.
fn check_list(index: usize) {
    let Some((cases, _)) = token_status_list() else { return };
    let case = &cases["lists"][index];
    let bits = StatusBits::from_number(case["bits"].as_u64().expect("bits")).expect("bits");
    let list = TokenStatusList::decode(bits, &hex(&case["zlib_hex"])).expect("a list");
    assert_eq!(list.as_bytes(), hex(&case["bytes_hex"]));
    let statuses = case["statuses"].as_array().expect("statuses");
    assert_eq!(list.len(), u64::try_from(statuses.len()).expect("a number"));
    let mut made = TokenStatusList::new(bits, list.len()).expect("a list");
    for (index, status) in (0..).zip(statuses) {
        let status = u8::try_from(status.as_u64().expect("a status")).expect("a status");
        assert_eq!(list.get(index), Ok(TokenStatus::from_value(status)));
        made.set(index, TokenStatus::from_value(status)).expect("in range");
    }
    assert_eq!(made, list);
    let in_json = encoding::decode_b64u(case["json"]["lst"].as_str().expect("lst"));
    assert_eq!(in_json, Ok(hex(&case["zlib_hex"])));
    let again = TokenStatusList::decode(bits, &made.encode().expect("encoded"));
    assert_eq!(again, Ok(list));
}

#[test]
fn token_status_list_with_1_bit() {
    check_list(0);
}

#[test]
fn token_status_list_with_2_bits() {
    check_list(1);
}

/// What both tokens say.
fn check_token(token: &StatusListToken, key: &PublicKey, case: &Value) {
    assert_eq!(token.verify(key), Ok(()));
    assert_eq!(token.uri(), "https://example.com/statuslists/1");
    assert_eq!(token.kid(), Some("12"));
    assert_eq!(token.issued_at().seconds(), 1_686_920_170);
    assert_eq!(token.expires().map(Timestamp::seconds), Some(2_291_720_170));
    assert_eq!(token.ttl(), Some(43_200));
    assert_eq!(token.list().as_bytes(), [0xb9, 0xa3], "{case}");
    let reference = StatusReference { index: 0, uri: token.uri().to_owned() };
    assert_eq!(token.status_of(&reference), Ok(TokenStatus::Invalid));
}

#[test]
fn token_status_list_as_jwt() {
    let Some((cases, key)) = token_status_list() else { return };
    let case = &cases["status_list_jwt"];
    let compact = case["compact"].as_str().expect("compact");
    let token = StatusListToken::parse_jwt(compact).expect("a token");
    check_token(&token, &key, case);
    assert_eq!(token.issuer(), Some("https://example.com"));
    assert_eq!(token.to_bytes(), compact.as_bytes());
    let (signed, signature) = compact.rsplit_once('.').expect("three parts");
    let forged = format!("{signed}.B{}", &signature[1..]);
    let forged = StatusListToken::parse_jwt(&forged).expect("readable");
    assert_eq!(forged.verify(&key).unwrap_err().code(), "status-list-invalid");
}

#[test]
fn token_status_list_as_cwt() {
    let Some((cases, key)) = token_status_list() else { return };
    let case = &cases["status_list_cwt"];
    let bytes = hex(&case["hex"]);
    let token = StatusListToken::parse_cwt(&bytes).expect("a token");
    check_token(&token, &key, case);
    assert_eq!(token.to_bytes(), bytes);
    // In the type, the claims, the list and the signature; the name of the key is not signed.
    for position in [20, 60, 110, bytes.len() - 1] {
        let mut forged = bytes.clone();
        forged[position] ^= 1;
        let read = StatusListToken::parse_cwt(&forged);
        assert!(read.is_err() || read.is_ok_and(|read| read.verify(&key).is_err()), "{position}");
    }
}

#[test]
fn token_that_refers_to_a_status_list_as_cwt() {
    let Some((cases, key)) = token_status_list() else { return };
    let bytes = hex(&cases["referenced_token_cwt"]["hex"]);
    let token = ReferencedCwt::parse(&bytes).expect("a token");
    assert_eq!(token.verify(&key), Ok(()));
    let uri = "https://example.com/statuslists/1".to_owned();
    assert_eq!(token.reference(), &StatusReference { index: 0, uri });
    // It is no list itself.
    let error = StatusListToken::parse_cwt(&bytes).unwrap_err();
    assert_eq!(error.code(), "status-list-malformed");
}
