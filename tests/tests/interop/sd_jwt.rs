//! SD-JWT VC, Token Status Lists and plain JWS, against `@sd-jwt` in JavaScript and `sd-jwt` with `jwcrypto` in Python: each side
//! issues, holds and verifies.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::SecuredCredential;
use inkan_credential::sd_jwt::{BindingTerms, ClaimPath, Concealment, Expected, SdJwt};
use inkan_credential::sd_jwt_vc::{self, IssuerKey, KeyName, SdJwtVc};
use inkan_credential::token_status_list::{
    StatusBits, StatusListToken, StatusReference, TokenStatus, TokenStatusList, TokenTerms,
};
use inkan_crypto::{KeyType, PublicKey};
use inkan_tests::made::{Party, fresh_rng, moment, tampered_compact};
use inkan_tests::peer::{self, Peer};
use serde_json::{Value, json};

const NONCE: &str = "n-0S6_WzA2Mj";
const AUDIENCE: &str = "https://bank.example";
const LIST: &str = "https://issuer.example/statuslists/1";

fn javascript() -> Option<Peer> {
    peer::installed("@sd-jwt/sd-jwt-vc")
}

fn python() -> Option<Peer> {
    peer::installed("sd-jwt")
}

/// When the holder presents.
fn presenting() -> Timestamp {
    moment().plus_seconds(3_600)
}

fn p256(rng: &mut SeededRng) -> Party {
    Party::new(KeyType::P256, rng)
}

/// Claims with something at every level to keep back.
fn claims(issuer: &str, holder: &Value) -> Value {
    json!({
        "iss": issuer, "vct": "https://issuer.example/types/badge", "iat": moment().seconds(),
        "exp": moment().plus_seconds(31_536_000).seconds(), "cnf": { "jwk": holder }, "name": "Ayşe Yılmaz", "grade": 4.5,
        "address": { "city": "Ulm", "street": "Hafengasse 1" }, "languages": ["tr", "de", "en"],
    })
}

/// An SD-JWT VC of ours: a member, one within another, and elements of a list are disclosable.
fn ours(issuer: &Party, holder: &Value, status: Option<&StatusReference>) -> SdJwtVc {
    let mut claims = claims(&issuer.did, holder);
    if let Some(status) = status {
        claims["status"] = status.to_claim();
    }
    let paths = ["/name", "/address", "/address/street", "/languages/0", "/languages/2"];
    let paths = paths.map(|path| ClaimPath::Pointer(path.to_owned()));
    let concealment = Concealment { claims: &paths, decoys: 3 };
    let rng = &mut SeededRng::new(10);
    sd_jwt_vc::issue(claims, &concealment, KeyName::Kid(&issuer.method), &issuer.key, rng)
        .expect("a credential")
}

/// What a holder shows of it: name, street (so address), the first language; not the third.
fn shown(vc: &SdJwtVc) -> SdJwt {
    let paths = ["/name", "/address/street", "/languages/0"];
    vc.sd_jwt().derive(&paths.map(|path| ClaimPath::Pointer(path.to_owned()))).expect("shown")
}

fn bound(sd_jwt: &SdJwt, holder: &Party, nonce: &str) -> String {
    let terms = BindingTerms { audience: AUDIENCE, nonce, issued_at: presenting() };
    sd_jwt.bind(&terms, &holder.key).expect("a key binding").to_compact()
}

fn verify_request(compact: &str, key: &PublicKey) -> Value {
    json!({
        "do": "verify", "compact": compact, "publicKey": key.to_jwk(), "nonce": NONCE, "aud": AUDIENCE,
        "at": presenting().seconds(),
    })
}

fn with(mut request: Value, member: &str, value: impl Into<Value>) -> Value {
    request[member] = value.into();
    request
}

/// `compact` with the disclosure at `position` (from 1) replaced.
fn disclosure_replaced(compact: &str, position: usize, by: &str) -> String {
    let mut parts: Vec<&str> = compact.split('~').collect();
    parts[position] = by;
    parts.join("~")
}

/// A disclosure that the issuer never made: another value for the name.
fn forged() -> String {
    inkan_core::encoding::b64u(br#"["_26bc4LT-ac6q2KI6cBW5es","name","Somebody Else"]"#)
}

/// Which refusals every verifier of ours and theirs must agree on.
fn refused_presentations(compact: &str, key: &PublicKey, stranger: &PublicKey) -> Vec<Value> {
    let mut fewer: Vec<&str> = compact.split('~').collect();
    fewer.remove(1);
    vec![
        with(verify_request(compact, key), "nonce", "another"),
        with(verify_request(compact, key), "aud", "https://elsewhere.example"),
        verify_request(compact, stranger),
        verify_request(&disclosure_replaced(compact, 1, &forged()), key),
        verify_request(&fewer.join("~"), key),
        verify_request(&tampered_compact(compact, 1), key),
        verify_request(&tampered_compact(compact, 2), key),
    ]
}

fn check_ours_there(peer: &Peer) {
    let mut rng = fresh_rng();
    let (issuer, holder) = (p256(&mut rng), p256(&mut rng));
    let vc = ours(&issuer, &holder.public_key().to_jwk(), None);
    let presented = bound(&shown(&vc), &holder, NONCE);
    let key = issuer.public_key();
    let answer = peer.ask(&verify_request(&presented, &key));
    assert_eq!(answer["verified"], true, "{answer}");
    let claims = &answer["claims"];
    assert_eq!(claims["name"], "Ayşe Yılmaz");
    assert_eq!(claims["address"], json!({ "city": "Ulm", "street": "Hafengasse 1" }));
    assert_eq!(claims["languages"], json!(["tr", "de"]), "the third is kept back");
    let refused = refused_presentations(&presented, &key, &holder.public_key());
    for (number, answer) in peer.ask_all(&refused).into_iter().enumerate() {
        assert_eq!(answer["verified"], false, "request {number}: {answer}");
    }
    // A key binding by somebody else, over the very same disclosures.
    let thief = p256(&mut rng);
    let stolen = ours(&issuer, &thief.public_key().to_jwk(), None);
    let binding = bound(&shown(&stolen), &thief, NONCE);
    let (_, binding) = binding.rsplit_once('~').expect("a key binding");
    let (body, _) = presented.rsplit_once('~').expect("a key binding");
    let answer = peer.ask(&verify_request(&format!("{body}~{binding}"), &key));
    assert_eq!(answer["verified"], false, "{answer}");
}

#[test]
fn our_sd_jwt_vcs_are_verified_by_sd_jwt_js_with_what_they_show() {
    let Some(peer) = javascript() else { return };
    check_ours_there(&peer);
    let mut rng = fresh_rng();
    let (issuer, holder) = (p256(&mut rng), p256(&mut rng));
    let vc = ours(&issuer, &holder.public_key().to_jwk(), None);
    let presented = bound(&shown(&vc), &holder, NONCE);
    let request = || verify_request(&presented, &issuer.public_key());
    let expired = with(request(), "at", moment().plus_seconds(31_536_001).seconds());
    let withheld = with(request(), "required", json!(["name", "languages.2"]));
    for answer in peer.ask_all(&[expired, withheld]) {
        assert_eq!(answer["verified"], false, "{answer}");
    }
}

#[test]
fn our_sd_jwts_are_verified_by_sd_jwt_python_with_what_they_show() {
    let Some(peer) = python() else { return };
    check_ours_there(&peer);
}

/// Verifies here what a peer presented, and refuses what was done to it.
fn check_theirs_here(presented: &str, issuer: &PublicKey, holder: &PublicKey, at: Timestamp) {
    let vc = SdJwtVc::parse(presented).expect("an SD-JWT VC");
    assert_eq!(vc.verify(issuer), Ok(()));
    let expected = Expected { audience: AUDIENCE, nonce: NONCE, max_age: 300, now: at };
    let check = |vc: &SdJwtVc, key: &PublicKey, expected: &Expected<'_>| {
        vc.sd_jwt().verify_key_binding(key, expected).map_err(|error| error.code())
    };
    assert_eq!(check(&vc, holder, &expected), Ok(()));
    let shown = vc.claims();
    assert_eq!(shown["name"], "Ayşe Yılmaz");
    assert_eq!(shown["address"]["city"], "Ulm");
    assert!(shown["address"].get("street").is_none(), "kept back: {shown}");
    assert_eq!(shown["languages"], json!(["tr", "de"]), "kept back: the third");

    let nonce = Expected { nonce: "another", ..expected };
    assert_eq!(check(&vc, holder, &nonce), Err("nonce-invalid"));
    let audience = Expected { audience: "https://elsewhere.example", ..expected };
    assert_eq!(check(&vc, holder, &audience), Err("audience-mismatch"));
    let late = Expected { now: at.plus_seconds(3_600), ..expected };
    assert_eq!(check(&vc, holder, &late), Err("presentation-stale"));
    assert_eq!(check(&vc, issuer, &expected), Err("key-binding-invalid"));
    assert_eq!(vc.verify(holder).map_err(|error| error.code()), Err("credential-proof-invalid"));

    let forged = SdJwtVc::parse(&disclosure_replaced(presented, 1, &forged()));
    assert!(forged.is_err(), "a disclosure that nobody signed");
    let mut fewer: Vec<&str> = presented.split('~').collect();
    fewer.remove(1);
    if let Ok(fewer) = SdJwtVc::parse(&fewer.join("~")) {
        assert_eq!(check(&fewer, holder, &expected), Err("key-binding-of-another-sd-jwt"));
    }
    if let Ok(changed) = SdJwtVc::parse(&tampered_compact(presented, 2)) {
        assert!(changed.verify(issuer).is_err());
    }
}

fn keys(peer: &Peer) -> (Value, Value, PublicKey) {
    let made = peer.ask(&json!({ "do": "keys" }));
    let jwk = &made["publicKey"];
    let public = json!({ "kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"] });
    let key = PublicKey::from_jwk(&public).expect("the peer's key");
    (made["privateKey"].clone(), public, key)
}

#[test]
fn sd_jwt_vcs_by_sd_jwt_js_are_verified_here_with_what_they_show() {
    let Some(peer) = javascript() else { return };
    let (issuer_secret, _, issuer) = keys(&peer);
    let (holder_secret, holder_jwk, holder) = keys(&peer);
    let issued = peer.ask(&json!({
        "do": "issue", "privateKey": issuer_secret, "claims": claims("did:web:issuer.example", &holder_jwk),
        "header": { "kid": "did:web:issuer.example#key-1" },
        "frame": {
            "_sd": ["name"], "_sd_decoy": 2, "address": { "_sd": ["street"] }, "languages": { "_sd": [0, 2] },
        },
    }));
    let issued = issued["compact"].as_str().expect("an SD-JWT");
    let whole = SdJwtVc::parse(issued).expect("an SD-JWT VC");
    assert_eq!(whole.verify(&issuer), Ok(()));
    assert_eq!(whole.claims()["languages"], json!(["tr", "de", "en"]));
    let (issuer_did, method) = ("did:web:issuer.example", "did:web:issuer.example#key-1");
    let named = IssuerKey::Did { issuer: issuer_did.to_owned(), method: method.to_owned() };
    assert_eq!(*whole.issuer_key(), named);

    let presented = peer.ask(&json!({
        "do": "present", "compact": issued, "privateKey": holder_secret, "nonce": NONCE, "aud": AUDIENCE,
        "iat": presenting().seconds(), "disclose": { "name": true, "languages": { "0": true } },
    }));
    let presented = presented["compact"].as_str().expect("a presentation");
    check_theirs_here(presented, &issuer, &holder, presenting());
}

#[test]
fn our_sd_jwt_vcs_are_presented_by_sd_jwt_js_and_verified_here() {
    let Some(peer) = javascript() else { return };
    let issuer = p256(&mut fresh_rng());
    let (holder_secret, holder_jwk, holder) = keys(&peer);
    let issued = ours(&issuer, &holder_jwk, None);
    let presented = peer.ask(&json!({
        "do": "present", "compact": issued.sd_jwt().to_compact(), "privateKey": holder_secret, "nonce": NONCE,
        "aud": AUDIENCE, "iat": presenting().seconds(),
        "disclose": { "name": true, "address": true, "languages": { "0": true } },
    }));
    let presented = presented["compact"].as_str().expect("a presentation");
    check_theirs_here(presented, &issuer.public_key(), &holder, presenting());
}

#[test]
fn sd_jwts_by_sd_jwt_python_are_verified_here_with_what_they_show() {
    let Some(peer) = python() else { return };
    let (issuer_secret, _, issuer) = keys(&peer);
    let (holder_secret, holder_jwk, holder) = keys(&peer);
    let mut said = claims("did:web:issuer.example", &holder_jwk);
    said.as_object_mut().expect("claims").remove("cnf");
    let issued = peer.ask(&json!({
        "do": "issue", "privateKey": issuer_secret, "holder": holder_jwk, "decoys": true, "claims": said,
        "header": { "typ": "dc+sd-jwt", "kid": "did:web:issuer.example#key-1" },
        "conceal": {
            "name": true, "address": { "": true, "street": true }, "languages": { "0": true, "2": true },
        },
    }));
    let issued = issued["compact"].as_str().expect("an SD-JWT");
    let whole = SdJwtVc::parse(issued).expect("an SD-JWT VC");
    assert_eq!(whole.verify(&issuer), Ok(()));
    assert_eq!(whole.claims()["address"]["street"], "Hafengasse 1");
    present_by_python(&peer, issued, &holder_secret, (&issuer, &holder));
}

#[test]
fn our_sd_jwt_vcs_are_presented_by_sd_jwt_python_and_verified_here() {
    let Some(peer) = python() else { return };
    let issuer = p256(&mut fresh_rng());
    let (holder_secret, holder_jwk, holder) = keys(&peer);
    let issued = ours(&issuer, &holder_jwk, None).sd_jwt().to_compact();
    present_by_python(&peer, &issued, &holder_secret, (&issuer.public_key(), &holder));
}

/// The Python holder takes the time from its clock, so that is when we verify.
fn present_by_python(
    peer: &Peer,
    issued: &str,
    holder_secret: &Value,
    (issuer, holder): (&PublicKey, &PublicKey),
) {
    let presented = peer.ask(&json!({
        "do": "present", "compact": issued, "privateKey": holder_secret, "nonce": NONCE, "aud": AUDIENCE,
        "disclose": { "name": true, "address": true, "languages": [true, false, false] },
    }));
    let presented = presented["compact"].as_str().expect("a presentation");
    let at = SdJwtVc::parse(presented).expect("an SD-JWT VC");
    let at = at.sd_jwt().key_binding().expect("a key binding").issued_at();
    check_theirs_here(presented, issuer, holder, at);
}

/// Statuses of every size: what each entry is to be.
fn statuses(bits: u8) -> Vec<u8> {
    let greatest = u8::try_from((1_u16 << bits) - 1).expect("a byte");
    (0..64_u8).map(|number| number.wrapping_mul(37) & greatest).collect()
}

fn bits_of(number: u8) -> StatusBits {
    match number {
        1 => StatusBits::One,
        2 => StatusBits::Two,
        4 => StatusBits::Four,
        _ => StatusBits::Eight,
    }
}

fn our_list(issuer: &Party, bits: u8, values: &[u8], issued_at: Timestamp) -> StatusListToken {
    let entries = u64::try_from(values.len()).expect("a number");
    let mut list = TokenStatusList::new(bits_of(bits), entries).expect("a list");
    for (index, value) in (0..).zip(values) {
        list.set(index, TokenStatus::from_value(*value)).expect("an entry");
    }
    let terms = TokenTerms {
        uri: LIST,
        issued_at,
        expires: Some(issued_at.plus_seconds(86_400)),
        ttl: Some(3_600),
        aggregation_uri: None,
    };
    StatusListToken::issue_jwt(&list, &terms, &issuer.method, &issuer.key).expect("a token")
}

fn text(token: &StatusListToken) -> String {
    String::from_utf8(token.to_bytes()).expect("a JWS")
}

#[test]
fn our_token_status_lists_are_read_by_jwt_status_list_entry_by_entry() {
    let Some(peer) = peer::installed("@sd-jwt/jwt-status-list") else { return };
    let issuer = p256(&mut fresh_rng());
    let indices: Vec<u8> = (0..64).collect();
    for bits in [1, 2, 4, 8] {
        let values = statuses(bits);
        let token = our_list(&issuer, bits, &values, moment());
        let answer =
            peer.ask(&json!({ "do": "read-list", "compact": text(&token), "indices": indices }));
        assert_eq!(answer["statuses"], json!(values), "{bits} bits");
    }
}

#[test]
fn our_token_status_lists_decide_for_sd_jwt_js_who_is_revoked() {
    let Some(peer) = peer::installed("@sd-jwt/jwt-status-list") else { return };
    let mut rng = fresh_rng();
    let (issuer, holder) = (p256(&mut rng), p256(&mut rng));
    let list = our_list(&issuer, 1, &[0, 1, 0, 1, 0, 0, 0, 0], moment());
    let request = |index, list: &str, key: &PublicKey| {
        let reference = StatusReference { index, uri: LIST.to_owned() };
        let vc = ours(&issuer, &holder.public_key().to_jwk(), Some(&reference));
        let presented = bound(&shown(&vc), &holder, NONCE);
        let request = verify_request(&presented, &issuer.public_key());
        with(with(request, "list", list), "listKey", key.to_jwk())
    };
    let (whole, key) = (text(&list), issuer.public_key());
    let changed = tampered_compact(&whole, 2);
    let fine = peer.ask_all(&[request(0, &whole, &key), request(2, &whole, &key)]);
    assert!(fine.iter().all(|answer| answer["verified"] == true), "{fine:?}");
    let refused = peer.ask_all(&[
        request(1, &whole, &key),
        request(3, &whole, &key),
        request(0, &whole, &holder.public_key()),
        request(0, &changed, &key),
        with(request(0, &whole, &key), "at", moment().plus_seconds(86_401).seconds()),
    ]);
    assert!(refused.iter().all(|answer| answer["verified"] == false), "{refused:?}");
}

#[test]
fn token_status_lists_by_jwt_status_list_are_read_here_entry_by_entry() {
    let Some(peer) = peer::installed("@sd-jwt/jwt-status-list") else { return };
    let (secret, _, key) = keys(&peer);
    let stranger = p256(&mut fresh_rng()).public_key();
    for bits in [1, 2, 4, 8] {
        let values = statuses(bits);
        let made = peer.ask(&json!({
            "do": "issue-list", "statuses": values, "bits": bits, "kid": "did:web:issuer.example#key-1",
            "privateKey": secret, "payload": {
                "iss": "https://issuer.example", "sub": LIST, "iat": moment().seconds(),
                "exp": moment().plus_seconds(86_400).seconds(), "ttl": 3_600,
            },
        }));
        let compact = made["compact"].as_str().expect("a JWS");
        let token = StatusListToken::parse_jwt(compact).expect("a token");
        assert_eq!(token.verify(&key), Ok(()), "{bits} bits");
        assert_eq!((token.uri(), token.ttl()), (LIST, Some(3_600)));
        let of =
            |index, uri: &str| token.status_of(&StatusReference { index, uri: uri.to_owned() });
        for (index, value) in (0..).zip(&values) {
            assert_eq!(of(index, LIST).map(TokenStatus::value), Ok(*value), "{bits} bits, {index}");
        }
        assert!(of(64, LIST).is_err(), "{bits} bits");
        assert!(of(0, "https://issuer.example/statuslists/2").is_err());
        assert!(token.check_time(moment()).is_ok());
        assert!(token.check_time(moment().plus_seconds(86_400)).is_err());
        assert!(token.verify(&stranger).is_err());
        let changed = StatusListToken::parse_jwt(&tampered_compact(compact, 2));
        assert!(changed.is_err() || changed.is_ok_and(|changed| changed.verify(&key).is_err()));
    }
}

const ALGORITHMS: [(&str, KeyType); 4] = [
    ("EdDSA", KeyType::Ed25519),
    ("ES256", KeyType::P256),
    ("ES384", KeyType::P384),
    ("ES512", KeyType::P521),
];

#[test]
fn our_vc_jwts_are_verified_by_jwcrypto_and_changed_ones_are_not() {
    let Some(peer) = peer::installed("jwcrypto") else { return };
    let mut rng = fresh_rng();
    for (alg, key_type) in ALGORITHMS {
        let (issuer, other) = (Party::new(key_type, &mut rng), Party::new(key_type, &mut rng));
        let compact = issuer.issue_jose(&other.did).to_bare();
        let verify = |compact: &str, party: &Party| {
            json!({
                "do": "verify-jws", "compact": compact, "publicKey": party.public_key().to_jwk(), "alg": alg,
            })
        };
        let answers = peer.ask_all(&[
            verify(&compact, &issuer),
            verify(&compact, &other),
            verify(&tampered_compact(&compact, 1), &issuer),
            verify(&tampered_compact(&compact, 2), &issuer),
        ]);
        let verified: Vec<bool> = answers.iter().map(|answer| answer["verified"] == true).collect();
        assert_eq!(verified, [true, false, false, false], "{alg}: {answers:?}");
        assert_eq!(answers[0]["claims"], issuer.credential(&other.did), "{alg}");
        assert_eq!(answers[0]["header"]["kid"], issuer.method.as_str(), "{alg}");
    }
}

#[test]
fn vc_jwts_by_jwcrypto_are_verified_here_and_changed_ones_are_not() {
    let Some(peer) = peer::installed("jwcrypto") else { return };
    let mut rng = fresh_rng();
    for (alg, key_type) in ALGORITHMS {
        let (secret, key) = jws_keys(&peer, key_type);
        let mut payload = Party::new(key_type, &mut rng).credential("did:example:somebody");
        payload["issuer"] = "did:web:issuer.example".into();
        let kid = "did:web:issuer.example#key-1";
        let made = peer.ask(&json!({
            "do": "sign-jws", "payload": payload, "privateKey": secret,
            "header": { "alg": alg, "kid": kid, "typ": "vc+jwt", "cty": "vc" },
        }));
        let compact = made["compact"].as_str().expect("a JWS");
        let credential = SecuredCredential::parse(compact.as_bytes()).expect("a vc+jwt");
        assert_eq!(credential.verify_issuer_proof(&key), Ok(()), "{alg}");
        assert_eq!(credential.credential().value(), &payload);
        let stranger = Party::new(key_type, &mut rng).public_key();
        assert!(credential.verify_issuer_proof(&stranger).is_err(), "{alg}");
        let changed = SecuredCredential::parse(tampered_compact(compact, 2).as_bytes());
        assert!(
            changed.is_err() || changed.is_ok_and(|one| one.verify_issuer_proof(&key).is_err()),
            "{alg}"
        );
    }
}

fn jws_keys(peer: &Peer, key_type: KeyType) -> (Value, PublicKey) {
    let curve = match key_type {
        KeyType::Ed25519 => "Ed25519",
        KeyType::P256 => "P-256",
        KeyType::P384 => "P-384",
        KeyType::P521 => "P-521",
        KeyType::Bls12381G2 => panic!("no JWS is signed with such a key"),
    };
    let made = peer.ask(&json!({ "do": "keys", "curve": curve }));
    let key = PublicKey::from_jwk(&made["publicKey"]).expect("the peer's key");
    (made["privateKey"].clone(), key)
}
