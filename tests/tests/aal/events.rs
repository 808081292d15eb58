//! Authentication events, as an operator states them for a holder.

use inkan_assurance::Decision;
use inkan_core::encoding::b64u;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, jws};
use inkan_tests::made::{Party, moment, tampered_compact};
use serde_json::{Map, Value, json};

use super::desk::{AUDIENCE, Desk, EARLIER, NONCE, now};

/// This verifier, where nobody presents anything.
pub(super) const AUDIENCE_OF_SESSION: &str = "https://bank.example";
const SCHEME: &str = "https://scheme.example";
const FACTORS: [&str; 10] = [
    "cookie",
    "password",
    "pin",
    "email_link",
    "otp_sms",
    "otp_software",
    "push",
    "smart_id",
    "webauthn",
    "ic_card",
];

/// All names under which a level is claimed (P1).
pub(super) const LEVEL_NAMES: [&str; 12] = [
    "acr",
    "amr",
    "ial",
    "aal",
    "loa",
    "vot",
    "assuranceLevel",
    "assurance_level",
    "strength",
    "identifierClass",
    "claimedLevels",
    "claimed_levels",
];

fn operator() -> Party {
    Party::new(KeyType::P256, &mut SeededRng::new(41))
}

pub(super) fn entry(max_aal: &str) -> Value {
    json!({
        "id": operator().did, "roles": ["authentication_operator"],
        "authenticates": { "factors": FACTORS, "maxAal": max_aal, "schemes": [SCHEME] },
        "keys": [operator().public_key().to_jwk()], "status": "active",
    })
}

/// A factor that passed some seconds ago.
pub(super) fn factor(kind: &str, ago: i64, certified: bool) -> Value {
    let mut out = json!({ "type": kind, "result": "pass", "time": now().seconds() - ago });
    if certified {
        out["certification"] = json!({ "scheme": SCHEME, "level": "2", "ref": "c-1" });
    }
    out
}

pub(super) fn statement(desk: &Desk, factors: &[Value]) -> Value {
    json!({
        "type": "inkan-authn-event/1", "iss": operator().did, "aud": AUDIENCE,
        "iat": now().seconds() - 5, "exp": now().seconds() + 300, "jti": "event-1",
        "account": "b3c1", "nonce": NONCE, "cnf": { "jkt": desk.jkt() }, "factors": factors,
    })
}

/// The same of an account in a session, whose digest this is.
pub(super) fn in_session(factors: &[Value], session: &str) -> Value {
    json!({
        "type": "inkan-authn-event/1", "iss": operator().did, "aud": AUDIENCE_OF_SESSION,
        "iat": now().seconds() - 5, "exp": now().seconds() + 300, "jti": "event-1",
        "account": "b3c1", "session": session, "factors": factors,
    })
}

pub(super) fn signed(typ: &str, statement: &Value) -> String {
    let mut header = Map::new();
    header.insert("typ".to_owned(), typ.into());
    jws::sign(header, statement.to_string().as_bytes(), &operator().key).expect("a statement")
}

fn with(max_aal: &str, factors: &[Value], change: impl FnOnce(&mut Value)) -> Desk {
    let mut desk = Desk::new();
    desk.trust(entry(max_aal));
    let mut stated = statement(&desk, factors);
    change(&mut stated);
    desk.show(json!({ "authenticationEvent": signed("authn-event+jwt", &stated) }));
    desk
}

fn two() -> [Value; 2] {
    [factor("password", 40, false), factor("otp_software", 20, true)]
}

/// Baseline AE, with another statement.
fn ae(change: impl FnOnce(&mut Value)) -> Desk {
    with("AAL-2", &two(), change)
}

#[test]
fn baseline_ae_reaches_aal_2_and_is_used_up() {
    let desk = ae(|_| {});
    assert_eq!(desk.accepted("AAL-2").used_events, ["event-1"]);
    let (report, _) = desk.judged(&json!({ "min": "AAL-2", "accept": ["authentication-event"] }));
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
    let plain = with("AAL-2", &[factor("password", 40, false)], |_| {});
    let (report, _) = plain.judged(&json!({ "min": "AAL-1", "accept": ["authentication-event"] }));
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
}

#[test]
fn each_factor_reaches_what_the_table_says() {
    for (factors, level) in [
        (vec![factor("password", 9, true)], "AAL-1"),
        (vec![factor("pin", 9, true)], "AAL-1"),
        (vec![factor("email_link", 9, true)], "AAL-1"),
        (vec![factor("otp_sms", 9, true)], "AAL-1"),
        (vec![factor("otp_software", 9, true)], "AAL-1"),
        (vec![factor("push", 9, true), factor("pin", 9, false)], "AAL-2"),
        (vec![factor("push", 9, false), factor("pin", 9, true)], "AAL-1+"),
        (vec![factor("smart_id", 9, true)], "AAL-2"),
        (vec![factor("smart_id", 9, false)], "AAL-1+"),
        (vec![factor("webauthn", 9, true)], "AAL-2"),
        (vec![factor("ic_card", 9, true)], "AAL-3"),
        (vec![factor("ic_card", 9, false)], "AAL-1+"),
    ] {
        let desk = with("AAL-3", &factors, |_| {});
        let (report, _) = desk.judged(&json!({ "min": "AAL-1" }));
        assert_eq!(report.levels().achieved_authentication, level, "{factors:?}");
    }
    let mut relayed = with("AAL-3", &[factor("ic_card", 9, true)], |_| {});
    relayed.shown["channel"] = "direct_post_cross_device".into();
    relayed.capped("AAL-3", "AAL-2", "phishing-resistance-missing");
    with("AAL-2", &[factor("ic_card", 9, true)], |_| {}).capped(
        "AAL-3",
        "AAL-2",
        "operator-level-not-authorised",
    );
    with("AAL-1", &two(), |_| {}).capped("AAL-2", "AAL-1", "operator-level-not-authorised");
}

#[test]
fn two_factors_are_of_two_kinds_and_near_each_other() {
    for factors in [
        [factor("password", 9, false), factor("pin", 9, true)],
        [factor("push", 9, true), factor("otp_software", 9, true)],
        [factor("password", 9, false), factor("otp_sms", 9, true)],
        [factor("password", 9, false), factor("email_link", 9, true)],
        [factor("password", 611, false), factor("otp_software", 10, true)],
    ] {
        with("AAL-2", &factors, |_| {}).capped("AAL-2", "AAL-1", "factors-not-distinct");
    }
    let mut near =
        with("AAL-2", &[factor("password", 610, false), factor("otp_software", 10, true)], |_| {});
    let (report, _) = near.judged(&json!({ "min": "AAL-2", "maxAuthAge": "PT15M" }));
    assert_eq!(report.decision(), Decision::Accept, "{:?}", report.reasons());
    // The age counts from the earliest factor that was used.
    let report = near.capped("AAL-2", "AAL-2", "presentation-stale");
    assert!(report.reasons().contains(&"aal-below-requirement"));
    near.registry["entries"][0]["authenticates"]["factors"] = json!(["password"]);
    near.capped("AAL-2", "AAL-1", "factor-not-accepted");
    for change in [
        |stated: &mut Value| stated["factors"][1]["result"] = "fail".into(),
        |stated: &mut Value| stated["factors"][1]["type"] = "retina".into(),
    ] {
        ae(change).capped("AAL-2", "AAL-1", "factor-not-accepted");
    }
}

#[test]
fn evt_01_unregistered_operator() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut desk = ae(|_| {});
        change(&mut desk.registry["entries"][0]);
        desk.capped("AAL-2", "AAL-1", "operator-not-authorised");
    };
    refused(&|entry| entry["id"] = "did:web:other.example".into());
    refused(&|entry| entry["roles"] = json!(["attribute_issuer"]));
    refused(&|entry| entry["status"] = "revoked-for-cause".into());
    refused(&|entry| entry["validFrom"] = "2026-06-15T00:00:00Z".into());
    refused(&|entry| drop(entry.as_object_mut().unwrap().remove("authenticates")));
}

#[test]
fn evt_02_one_time_password_without_certification() {
    ae(|stated| stated["factors"][1]["certification"]["scheme"] = "https://own.example".into())
        .capped("AAL-2", "AAL-1+", "authenticator-not-certified");
    ae(|stated| drop(stated["factors"][1].as_object_mut().unwrap().remove("certification")))
        .capped("AAL-2", "AAL-1+", "authenticator-not-certified");
}

#[test]
fn evt_03_level_claimed_in_the_event() {
    let desk = with("AAL-3", &[factor("password", 9, false)], |stated| {
        stated["acr"] = "AAL3".into();
        stated["amr"] = json!(["mfa", "hwk"]);
    });
    desk.capped("AAL-2", "AAL-1", "level-claim-ignored");
}

#[test]
fn levels_that_an_operator_claims_move_nothing() {
    let plain = ae(|_| {});
    let (asked, weaker) = (json!({ "min": "AAL-2" }), json!({ "min": "AAL-3" }));
    for name in LEVEL_NAMES {
        for value in [json!("3"), json!("AAL-0"), json!(["mfa"]), json!({ "aal": "3" })] {
            let places: [&dyn Fn(&mut Value); 3] = [
                &|stated| stated[name] = value.clone(),
                &|stated| stated["factors"][0][name] = value.clone(),
                &|stated| stated["factors"][1]["certification"][name] = value.clone(),
            ];
            for place in places {
                let claiming = ae(place);
                for leaf in [&asked, &weaker] {
                    let ((one, _), (other, _)) = (plain.judged(leaf), claiming.judged(leaf));
                    assert_eq!(one.levels(), other.levels(), "{name}: {value}");
                    assert_eq!(one.decision(), other.decision(), "{name}: {value}");
                    assert_eq!(one.exit(), other.exit(), "{name}: {value}");
                }
                let told =
                    claiming.judged(&asked).0.to_value()["assurance"]["ignoredClaims"].clone();
                assert_eq!(told.as_array().map(Vec::len), Some(1), "{name}: {told}");
            }
        }
    }
}

#[test]
fn evt_04_event_of_another_request() {
    let refused = |change: &dyn Fn(&mut Value)| {
        ae(change).capped("AAL-2", "AAL-1", "authentication-event-not-bound");
    };
    refused(&|stated| stated["nonce"] = EARLIER.into());
    refused(&|stated| stated["aud"] = "https://other.example".into());
    refused(&|stated| stated["cnf"]["jkt"] = operator().public_key().thumbprint().into());
    refused(&|stated| stated["exp"] = (now().seconds() + 596).into());
    refused(&|stated| stated["exp"] = now().seconds().into());
    refused(&|stated| stated["iat"] = (now().seconds() + 61).into());
    refused(&|stated| stated["factors"][0]["time"] = (now().seconds() - 4).into());
    let mut again = ae(|_| {});
    again.used_events.insert("event-1".to_owned());
    again.capped("AAL-2", "AAL-1", "authentication-event-not-bound");
    // Twice in one answer is once.
    let mut twice = ae(|_| {});
    let answer = twice.shown["authenticator"][0].clone();
    twice.show(answer);
    assert_eq!(twice.accepted("AAL-2").used_events, ["event-1"]);
}

#[test]
fn a_cookie_adds_nothing_to_a_holders_proof() {
    let cookie = with("AAL-2", &[factor("cookie", 9, true)], |_| {});
    // Beside a holder's proof, which is AAL-1 by itself, it adds nothing.
    cookie.capped("AAL-2", "AAL-1", "aal-below-requirement");
    let (report, _) = cookie.judged(&json!({ "min": "AAL-1", "accept": ["authentication-event"] }));
    assert_eq!(report.decision(), Decision::Reject);
}

#[test]
fn evt_06_altered_event() {
    let refused = |change: &dyn Fn(&str) -> String| {
        let mut desk = ae(|_| {});
        let good = desk.shown["authenticator"][0]["authenticationEvent"].as_str().unwrap();
        let changed = change(good);
        desk.shown["authenticator"] = json!([{ "authenticationEvent": changed }]);
        desk.capped("AAL-2", "AAL-1", "authentication-event-invalid");
    };
    refused(&|good| tampered_compact(good, 2));
    refused(&|good| {
        let rest = good.split_once('.').unwrap().1;
        format!("{}.{rest}", b64u(br#"{"alg":"none","typ":"authn-event+jwt"}"#))
    });
    let other = |typ: &str, change: &dyn Fn(&mut Value)| {
        let mut desk = ae(|_| {});
        let mut stated = statement(&desk, &two());
        change(&mut stated);
        desk.shown["authenticator"] = json!([{ "authenticationEvent": signed(typ, &stated) }]);
        desk.capped("AAL-2", "AAL-1", "authentication-event-invalid");
    };
    other("JWT", &|_| {});
    other("authn-event+jwt", &|stated| stated["trusted"] = true.into());
    other("authn-event+jwt", &|stated| stated["factors"][0]["kind"] = "possession".into());
    other("authn-event+jwt", &|stated| stated["session"] = "ab".into());
    other("authn-event+jwt", &|stated| drop(stated.as_object_mut().unwrap().remove("cnf")));
    other("authn-event+jwt", &|stated| stated["type"] = "inkan-authn-event/2".into());
    // Somebody else's key under the operator's name.
    let mut desk = ae(|_| {});
    desk.registry["entries"][0]["keys"] = json!([desk.issuer.public_key().to_jwk()]);
    desk.capped("AAL-2", "AAL-1", "authentication-event-invalid");
}

#[test]
fn an_event_of_a_session_says_nothing_of_a_holder() {
    let desk = ae(|stated| {
        let members = stated.as_object_mut().unwrap();
        members.remove("nonce");
        members.remove("cnf");
        stated["session"] = "ab".repeat(32).into();
        stated["iat"] = moment().plus_seconds(50).seconds().into();
    });
    desk.capped("AAL-2", "AAL-1", "session-bound-only");
}
