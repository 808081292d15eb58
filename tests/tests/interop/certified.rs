//! Issuers that certificates name (`x5c`), and lists as an issuer keeps them, against `@sd-jwt` and the X.509 of Node.

use inkan_core::encoding::{b64, decode_b64u};
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::Format;
use inkan_credential::sd_jwt::{ClaimPath, Concealment};
use inkan_credential::sd_jwt_vc::{self, IssuerKey, KeyName, SdJwtVc};
use inkan_credential::token_status_list::StatusBits;
use inkan_crypto::{KeyType, PublicKey};
use inkan_evidence::x5c::{IssuerAnchors, key_of};
use inkan_issuer::status::{BitState, Publication};
use inkan_issuer::{StatusEncoding, StatusListState};
use inkan_tests::made::{Party, fresh_rng, moment, tampered_compact};
use inkan_tests::peer::{self, Peer};
use inkan_verifier::{CertificateChecker as _, CertificateFault, RevocationInfo};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, date_time_ymd,
};
use serde_json::{Value, json};

const ISSUER: &str = "https://issuer.example/badges";
const HOST: &str = "issuer.example";

/// A key as certificates hold it.
struct Point(Vec<u8>);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Whoever certifies.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) der: Vec<u8>,
}

fn params(name: &str, hosts: &[&str]) -> CertificateParams {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>();
    let mut params = CertificateParams::new(hosts).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    params
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = params(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let der = params.self_signed(&key).expect("a certificate").der().to_vec();
        Self { issuer: Issuer::new(params, key), der }
    }

    pub(super) fn certify(&self, key: &PublicKey, host: &str) -> Vec<u8> {
        let jwk = key.to_jwk();
        let part = |name: &str| decode_b64u(jwk[name].as_str().expect("a member")).expect("bytes");
        let point = Point([vec![4], part("x"), part("y")].concat());
        let mut params = params("issuer", &[host]);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.signed_by(&point, &self.issuer).expect("a certificate").der().to_vec()
    }
}

fn javascript() -> Option<Peer> {
    peer::installed("@sd-jwt/sd-jwt-vc")
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "vct": "https://issuer.example/types/badge", "iat": moment().seconds(), "name": "Ayşe Yılmaz",
    })
}

fn verify_request(compact: &str, anchor: &[u8]) -> Value {
    json!({ "do": "verify", "compact": compact, "anchor": b64(anchor), "at": moment().seconds() })
}

#[test]
fn our_certified_sd_jwt_vcs_are_verified_by_sd_jwt_js() {
    let Some(peer) = javascript() else { return };
    let issuer = Party::new(KeyType::P256, &mut fresh_rng());
    let (root, other) = (Authority::new("root"), Authority::new("other"));
    let made = |host: &str| {
        let chain = [root.certify(&issuer.public_key(), host)];
        let paths = [ClaimPath::Pointer("/name".to_owned())];
        let concealment = Concealment { claims: &paths, decoys: 2 };
        let name = KeyName::Certificates(&chain);
        sd_jwt_vc::issue(claims(), &concealment, name, &issuer.key, &mut SeededRng::new(3))
    };
    let compact = made(HOST).expect("a credential").sd_jwt().shown().to_owned();
    let answer = peer.ask(&verify_request(&compact, &root.der));
    assert_eq!(answer["verified"], true, "{answer}");
    assert_eq!(answer["claims"]["name"], "Ayşe Yılmaz");
    let refused = [
        verify_request(&compact, &other.der),
        verify_request(&tampered_compact(&compact, 1), &root.der),
    ];
    for answer in peer.ask_all(&refused) {
        assert_eq!(answer["verified"], false, "{answer}");
    }
    // Whom the certificate does not name is nothing that is issued here.
    assert!(made("elsewhere.example").is_err());
}

#[test]
fn certified_sd_jwt_vcs_by_sd_jwt_js_are_verified_here() {
    let Some(peer) = javascript() else { return };
    let keys = peer.ask(&json!({ "do": "keys" }));
    let jwk = &keys["publicKey"];
    let public = json!({ "kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"] });
    let public = PublicKey::from_jwk(&public).expect("the peer's key");
    let root = Authority::new("root");
    let issued = |host: &str| {
        let leaf = root.certify(&public, host);
        let answer = peer.ask(&json!({
            "do": "issue", "claims": claims(), "frame": { "_sd": ["name"] }, "header": { "x5c": [b64(&leaf)] },
            "privateKey": keys["privateKey"],
        }));
        answer["compact"].as_str().expect("an SD-JWT").to_owned()
    };
    let vc = SdJwtVc::parse(&issued(HOST)).expect("an SD-JWT VC");
    let IssuerKey::Certificates(chain) = vc.issuer_key() else { panic!("{:?}", vc.issuer_key()) };
    let mut anchors = IssuerAnchors::default();
    let nothing = RevocationInfo::default();
    let unknown = Err(CertificateFault::AnchorUnknown);
    assert_eq!(anchors.path(chain, moment(), &nothing), unknown);
    assert_eq!(anchors.add_file(&root.der), Ok(1));
    assert!(anchors.path(chain, moment(), &nothing).is_ok());
    assert_eq!(vc.verify(&key_of(&chain[0]).expect("its key")), Ok(()));
    let other = SdJwtVc::parse(&issued("elsewhere.example")).expect_err("another's name");
    assert_eq!(other.code(), "certificate-issuer-not-named");
}

/// The lists that `issue` takes places in, and `revoke` and `cred suspend` change.
#[test]
fn lists_as_an_issuer_keeps_them_are_read_by_jwt_status_list() {
    let Some(peer) = peer::installed("@sd-jwt/jwt-status-list") else { return };
    let rng = &mut fresh_rng();
    let issuer = Party::new(KeyType::P256, rng);
    let uri = "https://issuer.example/status/1";
    let made = StatusListState::of_tokens(uri, StatusEncoding::TokenJwt, StatusBits::Two);
    let mut state = made.expect("a list");
    let places: Vec<_> = (0..3).map(|_| state.allocate(rng).expect("a place")).collect();
    state.change(&places[1], BitState::Set).expect("revoked");
    state.add_decoys(5, rng).expect("decoys");
    let publication = Publication {
        issuer: &issuer.did,
        format: Format::DataIntegrity,
        valid_from: moment(),
        valid_until: moment().plus_seconds(86_400),
    };
    let published = state.publish(&publication, (&issuer.method, &issuer.key)).expect("published");
    let indices: Vec<u64> = places.iter().map(|place| place.index).collect();
    let request = json!({ "do": "read-list", "compact": published.body, "indices": indices });
    assert_eq!(peer.ask(&request)["statuses"], json!([0, 1, 0]));
}
