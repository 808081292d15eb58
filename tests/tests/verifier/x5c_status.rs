//! Status of what an issuer issued that certificates name: whose list counts, and how old it may be.

use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::sd_jwt::Concealment;
use inkan_credential::sd_jwt_vc::KeyName;
use inkan_credential::token_status_list::{
    StatusBits, StatusListToken, TokenStatus, TokenStatusList, TokenTerms,
};
use inkan_credential::{Artefact, Bundle, SecuredCredential, sign};
use inkan_crypto::{KeyType, SecretKey};
use inkan_evidence::x5c::IssuerAnchors;
use inkan_tests::world::World;
use inkan_verifier::{CheckName, Context, Material, Receipts, Verification, verify};
use rcgen::SanType;
use serde_json::json;

use super::expect::{accepted, passed, undecided, worthless};
use super::x5c::{Pki, authority, certifier, certify, leaf_params};

const LIST: &str = "https://issuer.example/status/1";
const MADE: i64 = 1_781_300_000;
const PLACE: u64 = 7;

fn credential(pki: &Pki) -> SecuredCredential {
    let claims = json!({
        "vct": "Badge", "iss": "https://issuer.example", "name": "Ada", "iat": MADE,
        "status": { "status_list": { "idx": PLACE, "uri": LIST } },
    });
    let (chain, mut rng) = (pki.chain(), SeededRng::new(1));
    let name = KeyName::Certificates(&chain);
    sign::issue_sd_jwt_vc_as(claims, &Concealment::default(), name, &pki.key, &mut rng)
        .expect("a credential")
}

/// What a list says, and for how long.
struct Said {
    status: TokenStatus,
    uri: &'static str,
    at: i64,
    lasts: Option<i64>,
    ttl: Option<u64>,
}

const GOOD: Said =
    Said { status: TokenStatus::Valid, uri: LIST, at: MADE, lasts: Some(90 * 86_400), ttl: None };

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("a time")
}

fn list(said: &Said, chain: &[Vec<u8>], key: &SecretKey) -> ServedStatusList {
    let mut list = TokenStatusList::new(StatusBits::Two, 131_072).expect("a list");
    list.set(PLACE, said.status).expect("a place");
    let terms = TokenTerms {
        uri: said.uri,
        issued_at: time(said.at),
        expires: said.lasts.map(|lasts| time(said.at + lasts)),
        ttl: said.ttl,
        aggregation_uri: None,
    };
    let token = StatusListToken::issue_jwt_certified(&list, &terms, chain, key).expect("a token");
    assert_eq!(token.certificates(), Some(chain));
    ServedStatusList::new(LIST, &token.to_bytes())
}

fn judged_with(
    pki: &Pki,
    lists: Vec<ServedStatusList>,
    pins: &[&[u8]],
    change: impl FnOnce(&mut Context),
) -> Verification {
    let mut anchors = IssuerAnchors::default();
    for pin in pins {
        anchors.add_file(pin).expect("a certificate");
    }
    let mut context = World::new(600).context();
    context.certificates = Some(Arc::new(anchors));
    context.receipts = Receipts::Used;
    change(&mut context);
    let material = Material { status_lists: lists, ..Material::default() };
    verify(&Bundle::of(Artefact::Credential(credential(pki))), &material, &context)
}

fn judged(pki: &Pki, lists: Vec<ServedStatusList>) -> Verification {
    judged_with(pki, lists, &[&pki.root.der], |_| {})
}

/// The same in a CWT.
fn list_in_cwt(said: &Said, chain: &[Vec<u8>], key: &SecretKey) -> ServedStatusList {
    let mut list = TokenStatusList::new(StatusBits::Two, 131_072).expect("a list");
    list.set(PLACE, said.status).expect("a place");
    let expires = said.lasts.map(|lasts| time(said.at + lasts));
    let (issued_at, ttl, aggregation_uri) = (time(said.at), said.ttl, None);
    let terms = TokenTerms { uri: said.uri, issued_at, expires, ttl, aggregation_uri };
    let token = StatusListToken::issue_cwt_certified(&list, &terms, chain, key).expect("a token");
    assert_eq!((token.certificates(), token.kid()), (Some(chain), None));
    ServedStatusList::new(LIST, &token.to_bytes())
}

#[test]
fn a_list_in_a_cwt_counts_as_one_in_a_jwt() {
    let pki = Pki::new(27);
    let with = |said: &Said| judged(&pki, vec![list_in_cwt(said, &pki.chain(), &pki.key)]);
    accepted(&with(&GOOD));
    let revoked = with(&Said { status: TokenStatus::Invalid, ..GOOD });
    worthless(&revoked, CheckName::Status, "credential-revoked");
    let suspended = with(&Said { status: TokenStatus::Suspended, ..GOOD });
    worthless(&suspended, CheckName::Status, "credential-suspended");
    // A single certificate stands there as it is, and that of another key is not this key's.
    let root = authority(certifier("alone", (2020, 2040)), None);
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(28));
    let alone = [certify(&key, &leaf_params((2026, 2027)), &root)];
    let other = judged_with(
        &pki,
        vec![list_in_cwt(&GOOD, &alone, &key)],
        &[&pki.root.der, &root.der],
        |_| {},
    );
    undecided(&other, CheckName::Status, "status-list-invalid");
    let stranger = judged(&pki, vec![list_in_cwt(&GOOD, &pki.chain(), &key)]);
    undecided(&stranger, CheckName::Status, "status-list-invalid");
}

#[test]
fn the_list_of_the_same_issuer_says_how_the_credential_stands() {
    let pki = Pki::new(21);
    let with = |said: &Said| judged(&pki, vec![list(said, &pki.chain(), &pki.key)]);
    let good = with(&GOOD);
    accepted(&good);
    assert_eq!(passed(&good, CheckName::Status).evidence["form"], "token");
    let revoked = with(&Said { status: TokenStatus::Invalid, ..GOOD });
    worthless(&revoked, CheckName::Status, "credential-revoked");
    let suspended = with(&Said { status: TokenStatus::Suspended, ..GOOD });
    worthless(&suspended, CheckName::Status, "credential-suspended");
    let other = with(&Said { status: TokenStatus::Other(3), ..GOOD });
    undecided(&other, CheckName::Status, "status-list-invalid");
    undecided(&judged(&pki, Vec::new()), CheckName::Status, "status-list-missing");
}

#[test]
fn another_key_counts_if_its_certificate_names_the_issuer_under_the_same_anchor() {
    let pki = Pki::new(22);
    let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(23));
    let by = |params: &rcgen::CertificateParams| {
        vec![certify(&key, params, &pki.middle), pki.middle.der.clone()]
    };
    let same = by(&leaf_params((2026, 2027)));
    accepted(&judged(&pki, vec![list(&GOOD, &same, &key)]));
    let mut named = leaf_params((2026, 2027));
    named.subject_alt_names =
        vec![SanType::URI("https://other.example".to_owned().try_into().expect("ASCII"))];
    let refused = |chain: &[Vec<u8>], key: &SecretKey, pins: &[&[u8]]| {
        let lists = vec![list(&GOOD, chain, key)];
        undecided(
            &judged_with(&pki, lists, pins, |_| {}),
            CheckName::Status,
            "status-list-invalid",
        );
    };
    refused(&by(&named), &key, &[&pki.root.der]);
    // Of another time, by another key than the certificate has, and under another anchor, though that one is pinned too.
    refused(&by(&leaf_params((2024, 2025))), &key, &[&pki.root.der]);
    refused(&by(&leaf_params((2028, 2029))), &key, &[&pki.root.der]);
    refused(&pki.chain(), &key, &[&pki.root.der]);
    let root = authority(certifier("elsewhere", (2020, 2040)), None);
    let elsewhere = vec![certify(&key, &leaf_params((2026, 2027)), &root)];
    refused(&elsewhere, &key, &[&pki.root.der, &root.der]);
}

#[test]
fn a_list_of_another_name_or_a_younger_one_is_not_asked() {
    let pki = Pki::new(24);
    let another = Said { uri: "https://issuer.example/status/2", ..GOOD };
    let lists = vec![list(&another, &pki.chain(), &pki.key)];
    undecided(&judged(&pki, lists), CheckName::Status, "status-list-invalid");
    let lists = vec![list(&GOOD, &pki.chain(), &pki.key)];
    let before = |context: &mut Context| context.as_of = time(MADE - 3_600);
    let early = judged_with(&pki, lists, &[&pki.root.der], before);
    assert!(!early.is_authentic());
}

#[test]
fn what_stands_against_the_credential_is_not_passed_over_for_another_copy() {
    let pki = Pki::new(25);
    let of = |status, at| list(&Said { status, at, ..GOOD }, &pki.chain(), &pki.key);
    let (valid, invalid, suspended) =
        (TokenStatus::Valid, TokenStatus::Invalid, TokenStatus::Suspended);
    let lists = vec![of(invalid, MADE), of(valid, MADE + 60)];
    worthless(&judged(&pki, lists), CheckName::Status, "credential-revoked");
    let lists = vec![of(suspended, MADE + 60), of(valid, MADE)];
    worthless(&judged(&pki, lists), CheckName::Status, "credential-suspended");
    let lists = vec![of(suspended, MADE), of(valid, MADE)];
    worthless(&judged(&pki, lists), CheckName::Status, "credential-suspended");
    // A suspension that is over is over.
    accepted(&judged(&pki, vec![of(suspended, MADE), of(valid, MADE + 60)]));
    let many = (0..9).map(|at| of(valid, MADE + at)).collect();
    assert!(!judged(&pki, many).is_authentic());
}

#[test]
fn a_list_ends_and_a_copy_without_an_end_is_as_old_as_it_may_be() {
    let pki = Pki::new(26);
    let now = World::new(600).context().as_of.seconds();
    let made = |at, lasts, ttl| list(&Said { at, lasts, ttl, ..GOOD }, &pki.chain(), &pki.key);
    undecided(&judged(&pki, vec![made(MADE, Some(1), None)]), CheckName::Status, "stale");
    undecided(&judged(&pki, vec![made(MADE, None, None)]), CheckName::Status, "stale");
    accepted(&judged(&pki, vec![made(MADE, None, None).fetched(time(now))]));
    accepted(&judged(&pki, vec![made(now - 50, None, Some(60))]));
    let old = judged(&pki, vec![made(now - 70, None, Some(60))]);
    undecided(&old, CheckName::Status, "status-list-out-of-date");
    accepted(&judged(&pki, vec![made(now - 70, None, Some(60)).fetched(time(now))]));
    let strict =
        |lists| judged_with(&pki, lists, &[&pki.root.der], |context| context.max_age = Some(60));
    accepted(&strict(vec![made(now - 50, Some(3_600), None)]));
    undecided(&strict(vec![made(now - 70, Some(3_600), None)]), CheckName::Status, "stale");
}
