//! Keys that somebody attests: the wallet provider to the verifier, or the issuer in the credential.

use inkan_assurance::Decision;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::sha256;
use inkan_credential::token_status_list::{
    StatusBits, StatusListToken, StatusReference, TokenStatus, TokenStatusList, TokenTerms,
};
use inkan_crypto::{KeyType, jws};
use inkan_tests::made::{Party, moment, tampered_compact};
use serde_json::{Map, Value, json};

use super::desk::{Desk, now};
use super::events::LEVEL_NAMES;

const LIST: &str = "https://wallet.example/status/1";

fn provider() -> Party {
    Party::new(KeyType::P256, &mut SeededRng::new(31))
}

fn wallet_provider(party: &Party) -> Value {
    json!({
        "id": party.did, "roles": ["wallet_provider"], "keys": [party.public_key().to_jwk()],
        "status": "active",
    })
}

fn claims(desk: &Desk) -> Value {
    json!({
        "iss": provider().did,
        "iat": moment().seconds(), "exp": moment().seconds() + 3_600,
        "attested_keys": [desk.holder.public_key().to_jwk()],
        "key_storage": ["iso_18045_high"], "user_authentication": ["iso_18045_high"],
        "certification": "https://wallet.example/certification",
    })
}

fn token(typ: &str, claims: &Value, party: &Party) -> String {
    let mut header = Map::new();
    header.insert("typ".to_owned(), typ.into());
    header.insert("kid".to_owned(), "1".into());
    jws::sign(header, claims.to_string().as_bytes(), &party.key).expect("a token")
}

/// The registry's entry of the provider.
pub(super) fn wallet_entry() -> Value {
    wallet_provider(&provider())
}

/// What the provider attests of the holder's key, with other claims.
pub(super) fn attested_key(desk: &Desk, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims(desk);
    change(&mut claims);
    token("key-attestation+jwt", &claims, &provider())
}

/// Baseline KA, with other claims.
fn ka(change: impl FnOnce(&mut Value)) -> Desk {
    let mut desk = Desk::new();
    desk.trust(wallet_provider(&provider()));
    let mut claims = claims(&desk);
    change(&mut claims);
    desk.show(json!({ "keyAttestation": token("key-attestation+jwt", &claims, &provider()) }));
    desk
}

#[test]
fn baseline_ka_reaches_aal_3() {
    let desk = ka(|_| {});
    desk.accepted("AAL-3");
    let (report, _) = desk.judged(&json!({ "min": "AAL-3", "accept": ["key-attestation"],
        "keyStorage": ["iso_18045_high"] }));
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
    assert_eq!(report.to_value()["assurance"]["aal"]["road"], "key-attestation");
    // The media type may be written whole, and no other will do.
    let typed = |typ: &str| {
        let mut desk = ka(|_| {});
        let token = token(typ, &claims(&desk), &provider());
        desk.shown["authenticator"] = json!([{ "keyAttestation": token }]);
        desk
    };
    typed("application/key-attestation+jwt").accepted("AAL-3");
    typed("kb+jwt").capped("AAL-2", "AAL-1", "key-attestation-type");
    // Without the name of the provider, any whose key it is.
    ka(|claims| drop(claims.as_object_mut().unwrap().remove("iss"))).accepted("AAL-3");
}

#[test]
fn levels_that_a_wallet_claims_move_nothing() {
    let plain = ka(|_| {});
    let poor = ka(|claims| claims["key_storage"] = json!([]));
    for name in LEVEL_NAMES {
        for value in [json!("3"), json!("AAL-0"), json!({ "aal": "3" })] {
            let claiming = ka(|claims| claims[name] = value.clone());
            let poorer = ka(|claims| {
                claims["key_storage"] = json!([]);
                claims[name] = value.clone();
            });
            for (one, other) in [(&plain, &claiming), (&poor, &poorer)] {
                let leaf = json!({ "min": "AAL-3" });
                let ((one, _), (other, _)) = (one.judged(&leaf), other.judged(&leaf));
                assert_eq!(one.levels(), other.levels(), "{name}: {value}");
                assert_eq!(one.decision(), other.decision(), "{name}: {value}");
            }
        }
    }
}

#[test]
fn of_several_levels_the_weakest_counts() {
    for (member, names, level, code) in [
        (
            "key_storage",
            json!(["iso_18045_high", "iso_18045_enhanced-basic"]),
            "AAL-2",
            "key-not-hardware-bound",
        ),
        (
            "key_storage",
            json!(["iso_18045_high", "iso_18045_basic"]),
            "AAL-1+",
            "authenticator-not-certified",
        ),
        ("key_storage", json!(["iso_18045_high", "tpm"]), "AAL-1+", "authenticator-not-certified"),
        ("key_storage", json!([]), "AAL-1+", "authenticator-not-certified"),
        (
            "user_authentication",
            json!(["iso_18045_high", "iso_18045_basic"]),
            "AAL-1",
            "user-verification-unattested",
        ),
        ("user_authentication", json!([]), "AAL-1", "user-verification-unattested"),
    ] {
        ka(|claims| claims[member] = names).capped("AAL-3", level, code);
    }
}

#[test]
fn prs_10_cross_device_relay() {
    for channel in ["direct_post_cross_device", "redirect_same_device", "mdoc_proximity"] {
        let mut desk = ka(|_| {});
        desk.shown["channel"] = channel.into();
        desk.capped("AAL-3", "AAL-2", "phishing-resistance-missing");
        desk.accepted("AAL-2");
    }
}

#[test]
fn prs_16_unusable_key_attestation() {
    let refused = |desk: &Desk| drop(desk.capped("AAL-2", "AAL-1", "key-attestation-invalid"));
    // (a) another key.
    let other = provider().public_key().to_jwk();
    refused(&ka(|claims| claims["attested_keys"] = json!([other])));
    // (b) no signature, or one that anybody can make.
    for alg in ["none", "HS256"] {
        let mut desk = ka(|_| {});
        let good = desk.shown["authenticator"][0]["keyAttestation"].as_str().unwrap().to_owned();
        let header = json!({ "alg": alg, "typ": "key-attestation+jwt" }).to_string();
        let rest = good.split_once('.').unwrap().1;
        let header = inkan_core::encoding::b64u(header.as_bytes());
        desk.shown["authenticator"] = json!([{ "keyAttestation": format!("{header}.{rest}") }]);
        refused(&desk);
    }
    // (c) over, not yet begun, or without an end.
    refused(&ka(|claims| claims["exp"] = (now().seconds() - 1).into()));
    refused(&ka(|claims| claims["iat"] = (now().seconds() + 3_000).into()));
    refused(&ka(|claims| drop(claims.as_object_mut().unwrap().remove("exp"))));
    // One bit.
    let mut desk = ka(|_| {});
    let good = desk.shown["authenticator"][0]["keyAttestation"].as_str().unwrap().to_owned();
    desk.shown["authenticator"] = json!([{ "keyAttestation": tampered_compact(&good, 2) }]);
    refused(&desk);
    // (d) revoked, unknown, or by another list.
    let reference = StatusReference { index: 5, uri: LIST.to_owned() };
    let with_list = |status: TokenStatus, signer: &Party| {
        let mut desk = ka(|claims| claims["status"] = reference.to_claim());
        let mut list = TokenStatusList::new(StatusBits::One, 64).expect("a list");
        list.set(5, status).expect("in range");
        let terms = TokenTerms {
            uri: LIST,
            issued_at: moment(),
            expires: Some(moment().plus_seconds(86_400)),
            ttl: None,
            aggregation_uri: None,
        };
        let token = StatusListToken::issue_jwt(&list, &terms, &signer.method, &signer.key);
        desk.status_lists.push(token.expect("a token"));
        desk
    };
    with_list(TokenStatus::Valid, &provider()).accepted("AAL-3");
    refused(&with_list(TokenStatus::Invalid, &provider()));
    let stranger = Party::new(KeyType::P256, &mut SeededRng::new(99));
    refused(&with_list(TokenStatus::Valid, &stranger));
    let mut none = with_list(TokenStatus::Valid, &provider());
    none.status_lists.clear();
    refused(&none);
}

#[test]
fn prs_17_wallet_attestation_offered_as_key_attestation() {
    for typ in ["oauth-client-attestation+jwt", "JWT", "openid4vci-proof+jwt"] {
        let mut desk = ka(|_| {});
        let mut claims = claims(&desk);
        claims["cnf"] = json!({ "jwk": desk.holder.public_key().to_jwk() });
        desk.shown["authenticator"] =
            json!([{ "keyAttestation": token(typ, &claims, &provider()) }]);
        desk.capped("AAL-2", "AAL-1", "key-attestation-type");
    }
}

#[test]
fn a_wallet_provider_that_nobody_trusts_attests_nothing() {
    let mut unknown = ka(|_| {});
    unknown.registry["entries"] = json!([]);
    unknown.capped("AAL-2", "AAL-1", "attestation-untrusted");
    for change in [
        json!({ "roles": ["attribute_issuer"] }),
        json!({ "status": "revoked-for-cause" }),
        json!({ "validUntil": "2026-01-01T00:00:00Z" }),
    ] {
        let mut desk = ka(|_| {});
        let entry = desk.registry["entries"][0].as_object_mut().unwrap();
        entry.extend(change.as_object().unwrap().clone());
        desk.capped("AAL-2", "AAL-1", "attestation-untrusted");
    }
    // Another provider's name over one's own key.
    let mut desk = ka(|claims| claims["iss"] = "did:web:other.example".into());
    let mut other = wallet_provider(&provider());
    other["id"] = "did:web:other.example".into();
    other["keys"] = json!([Desk::new().issuer.public_key().to_jwk()]);
    desk.trust(other);
    desk.capped("AAL-2", "AAL-1", "key-attestation-invalid");
}

fn statement(holder: &Party) -> Value {
    json!({
        "type": "inkan-key-statement/1", "jkt": holder.public_key().thumbprint(),
        "keyStorage": ["iso_18045_high"], "userAuthentication": ["iso_18045_high"],
        "walletProvider": provider().did, "attestationSha256": sha256(&[b"attestation"]).to_hex(),
        "attestedAt": "2026-06-14T08:59:00Z", "statusCheckedAt": "2026-06-14T08:59:30Z",
    })
}

/// Baseline IK, with another statement.
fn ik(change: &dyn Fn(&mut Value)) -> Desk {
    let make = |holder: &Party| {
        let mut stated = statement(holder);
        change(&mut stated);
        stated
    };
    let mut desk = Desk::with_statement(Some(&make));
    desk.trust(json!({
        "id": desk.issuer.did, "roles": ["attribute_issuer"], "statements": ["key_statement"],
        "issues": ["Badge"], "status": "active",
    }));
    desk.trust(wallet_provider(&provider()));
    desk
}

#[test]
fn baseline_ik_reaches_aal_3_and_its_basis_is_the_issuers_word() {
    let desk = ik(&|_| {});
    desk.accepted("AAL-3");
    let (report, _) = desk.judged(&json!({ "min": "AAL-3", "accept": ["issuer-attested-key"] }));
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
    // A copy beside it changes nothing; a forged one is said to be none.
    let mut copied = ik(&|_| {});
    let copy = statement(&copied.holder);
    copied.show(json!({ "issuerKeyStatement": copy }));
    copied.accepted("AAL-3");
}

#[test]
fn prs_20_key_statement_by_an_issuer_without_the_right() {
    let mut desk = ik(&|_| {});
    desk.registry["entries"][0]["statements"] = json!([]);
    desk.capped("AAL-2", "AAL-1", "key-statement-not-authorised");
    let mut desk = ik(&|_| {});
    desk.registry["entries"][0]["validFrom"] = "2026-06-15T00:00:00Z".into();
    desk.capped("AAL-2", "AAL-1", "key-statement-not-authorised");
}

#[test]
fn a_key_statement_is_about_this_key_and_this_issuance() {
    let changes: [&dyn Fn(&mut Value); 8] = [
        &|stated: &mut Value| stated["jkt"] = provider().public_key().thumbprint().into(),
        &|stated: &mut Value| stated["attestedAt"] = "2026-06-14T09:00:01Z".into(),
        &|stated: &mut Value| stated["attestedAt"] = "2026-06-13T08:59:59Z".into(),
        &|stated: &mut Value| stated["statusCheckedAt"] = "2026-06-14T08:58:59Z".into(),
        &|stated: &mut Value| stated["statusCheckedAt"] = "2026-06-14T09:00:01Z".into(),
        &|stated: &mut Value| stated["aal"] = "3".into(),
        &|stated: &mut Value| stated["type"] = "inkan-key-statement/2".into(),
        &|stated: &mut Value| stated["attestationSha256"] = "ab".into(),
    ];
    for change in changes {
        ik(change).capped("AAL-2", "AAL-1", "key-statement-invalid");
    }
    let mut desk = ik(&|_| {});
    desk.registry["entries"][1]["status"] = "revoked-for-cause".into();
    desk.capped("AAL-2", "AAL-1", "attestation-untrusted");
    // Outside the signature.
    let mut beside = Desk::new();
    let forged = statement(&beside.holder);
    beside.trust(json!({
        "id": beside.issuer.did, "statements": ["key_statement"], "status": "active",
    }));
    beside.trust(wallet_provider(&provider()));
    beside.show(json!({ "issuerKeyStatement": forged }));
    beside.capped("AAL-2", "AAL-1", "key-statement-invalid");
}
