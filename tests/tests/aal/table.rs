//! Every row of the reference table of authentications, from what an operator, a service or a card says, under the ready-made policy of its use case;
//! and the next weaker thing, refused by it.

use std::collections::BTreeSet;

use inkan_assurance::{AssessContext, Catalogue, Decision, Policy, Report, assess, builtin};
use inkan_core::codes::CodeBook;
use inkan_core::sha256;
use inkan_evidence::{PresentationEvidence, Registry, Remember, SessionAsked, facts_of_session};
use inkan_tests::{read_text, schemas};
use inkan_verifier::Verification;
use serde_json::{Value, json};

use super::desk::{Desk, now};
use super::events::{AUDIENCE_OF_SESSION, entry, factor, in_session, signed, statement};
use super::keys::{attested_key, wallet_entry};

const HANDLE: &str = "kX0dPz4n6h8mWq2R5tY7uA";

fn codes() -> CodeBook {
    CodeBook::parse(&read_text(&schemas().join("codes.json"))).expect("the catalogue")
}

fn assessed(
    nothing: &Verification,
    facts: &inkan_evidence::Facts,
    policy: &Policy,
    registry: &Registry,
) -> Report {
    let (catalogue, codes) = (Catalogue::builtin().expect("a catalogue"), codes());
    let registries = std::slice::from_ref(registry);
    let context = AssessContext { registries, catalogue: &catalogue, codes: &codes };
    assess(nothing, facts, policy, &context)
}

/// What a session of this verifier's comes to.
fn session(
    (max_aal, factors): (&str, &[Value]),
    policy: &Policy,
    change: &dyn Fn(&mut Value),
    used: &BTreeSet<String>,
) -> (Report, Remember) {
    let registry = json!({
        "type": "inkan-registry/1", "id": "local", "sequence": 1,
        "issuedAt": "2026-01-01T00:00:00Z", "entries": [entry(max_aal)],
    });
    let registry = Registry::from_value(&registry).expect("a registry");
    let mut stated = in_session(factors, &sha256(&[HANDLE.as_bytes()]).to_hex());
    change(&mut stated);
    let event = signed("authn-event+jwt", &stated);
    let shown = json!({ "channel": "redirect_same_device", "authenticator": [
        { "authenticationEvent": event },
    ] });
    let shown = PresentationEvidence::parse(shown.to_string().as_bytes()).expect("shown");
    let nothing = Verification::of_nothing(now(), now());
    let asked = SessionAsked {
        shown: &shown,
        audience: AUDIENCE_OF_SESSION,
        handle: HANDLE,
        metadata: None,
        used_events: used,
    };
    let registries = std::slice::from_ref(&registry);
    let (facts, remember) = facts_of_session(&nothing, registries, &asked).expect("a handle");
    (assessed(&nothing, &facts, policy, &registry), remember)
}

fn ready(id: &str) -> Policy {
    builtin(id).unwrap_or_else(|| panic!("{id} is ready-made"))
}

fn asking(requires: &Value) -> Policy {
    let policy = json!({
        "type": "inkan-policy/1", "id": "test", "version": "1", "issuers": "any",
        "credentialTypes": "optional",
        "assurance": { "framework": "jp-swg-2022", "requires": requires },
    });
    Policy::from_value(&policy).expect("a policy")
}

#[test]
fn each_use_case_of_an_account_reaches_its_level_and_the_next_weaker_is_refused() {
    let cookie = [factor("cookie", 9, true)];
    let password = [factor("password", 9, false)];
    let link = [factor("email_link", 9, false)];
    let two = [factor("password", 40, false), factor("otp_software", 20, true)];
    let plain_two = [factor("password", 40, false), factor("otp_software", 20, false)];
    let smart = [factor("smart_id", 9, true)];
    let plain_smart = [factor("smart_id", 9, false)];
    for (id, own, level, weaker) in [
        ("jp.aal.a0.ec-new-cart", &cookie[..], "AAL-0", None),
        ("jp.aal.a1a.securities-login", &password, "AAL-1", Some(&cookie[..])),
        ("jp.aal.a1b.chat-magic-link", &link, "AAL-1", Some(&cookie)),
        ("jp.aal.a2b.securities-payout-bank-change", &two, "AAL-2", Some(&plain_two)),
        ("jp.aal.a2a.etax-smart-id-remote-sign", &smart, "AAL-2", Some(&plain_smart)),
    ] {
        let (policy, none) = (ready(id), BTreeSet::new());
        let (report, remember) = session(("AAL-2", own), &policy, &|_| {}, &none);
        assert_eq!(report.decision(), Decision::Accept, "{id}: {:?}", report.reasons());
        assert_eq!(report.levels().achieved_authentication, level, "{id}");
        assert_eq!(report.to_value()["presenter"], "not-shown");
        assert_eq!(remember.used_events, ["event-1"]);
        let Some(weaker) = weaker else { continue };
        let (report, _) = session(("AAL-2", weaker), &policy, &|_| {}, &none);
        assert_eq!((report.decision(), report.exit()), (Decision::Reject, 15), "{id}");
        assert!(!report.remedies().is_empty(), "{id}");
    }
}

#[test]
fn evt_05_cookie_as_authentication() {
    let (one, none) = (asking(&json!({ "aal": { "min": "AAL-1" } })), BTreeSet::new());
    let judged = |factors: &[Value]| session(("AAL-2", factors), &one, &|_| {}, &none).0;
    let baseline = judged(&[factor("password", 9, false)]);
    assert_eq!(baseline.decision(), Decision::Accept, "{:?}", baseline.reasons());
    assert_eq!(baseline.levels().achieved_authentication, "AAL-1");
    for certified in [false, true] {
        let report = judged(&[factor("cookie", 9, certified)]);
        assert_eq!((report.decision(), report.exit()), (Decision::Reject, 15));
        assert_eq!(report.levels().achieved_authentication, "AAL-0");
        assert!(report.reasons().contains(&"aal-below-requirement"), "{:?}", report.reasons());
    }
}

#[test]
fn an_event_of_a_session_is_for_this_session_once_and_never_aal_3() {
    let login = ready("jp.aal.a1a.securities-login");
    let factors = [factor("password", 9, false)];
    let none = BTreeSet::new();
    let refused = |change: &dyn Fn(&mut Value), code: &str| {
        let (report, remember) = session(("AAL-2", &factors), &login, change, &none);
        assert_eq!(report.decision(), Decision::Reject, "{code}");
        assert_eq!(report.levels().achieved_authentication, "AAL-0");
        assert!(report.to_value().to_string().contains(code), "{:#}", report.to_value());
        assert!(remember.used_events.is_empty(), "{code}: it was used up");
    };
    refused(&|stated| stated["session"] = "ab".repeat(32).into(), "authentication-event-not-bound");
    refused(
        &|stated| stated["aud"] = "https://other.example".into(),
        "authentication-event-not-bound",
    );
    refused(
        &|stated| {
            // For a holder, whom nobody shows here.
            let members = stated.as_object_mut().unwrap();
            members.remove("session");
            members.insert("nonce".to_owned(), HANDLE.into());
            members.insert("cnf".to_owned(), json!({ "jkt": "k" }));
        },
        "authentication-event-not-bound",
    );
    let used = BTreeSet::from(["event-1".to_owned()]);
    let (report, _) = session(("AAL-2", &factors), &login, &|_| {}, &used);
    assert_eq!(report.decision(), Decision::Reject);
    // A bearer's statement: whatever the operator may say.
    let card = [factor("ic_card", 9, true)];
    let strong = asking(&json!({ "aal": { "min": "AAL-3" } }));
    let (report, _) = session(("AAL-3", &card), &strong, &|_| {}, &none);
    assert_eq!(report.levels().achieved_authentication, "AAL-2");
    assert!(report.to_value().to_string().contains("session-bound-only"));
    // It is too old by what was done first.
    let old = [factor("password", 400, false)];
    let fresh = asking(&json!({ "aal": { "min": "AAL-1" } }));
    let (report, _) = session(("AAL-2", &old), &fresh, &|_| {}, &none);
    assert!(report.reasons().contains(&"presentation-stale"), "{:?}", report.reasons());
}

#[test]
fn a_policy_about_identity_takes_nothing_of_a_session() {
    let factors = [factor("password", 9, false)];
    for requires in [
        json!({ "allOf": [{ "aal": { "min": "AAL-1" } }, { "link": { "mode": "same-key" } }] }),
        json!({ "allOf": [{ "aal": { "min": "AAL-1" } }, { "ial": { "min": "IAL-1" } }] }),
    ] {
        let (report, _) =
            session(("AAL-2", &factors), &asking(&requires), &|_| {}, &BTreeSet::new());
        assert_eq!(report.decision(), Decision::Reject);
        assert!(report.reasons().contains(&"session-bound-only"), "{:?}", report.reasons());
    }
    let short = Verification::of_nothing(now(), now());
    let shown = PresentationEvidence::by(inkan_evidence::shown::Channel::RedirectSameDevice);
    let asked = SessionAsked {
        shown: &shown,
        audience: AUDIENCE_OF_SESSION,
        handle: "guessable",
        metadata: None,
        used_events: &BTreeSet::new(),
    };
    assert_eq!(facts_of_session(&short, &[], &asked).unwrap_err().code(), "session-handle-weak");
}

/// A key that a service keeps, of this strength, released by these factors.
fn hosted(storage: &str, factors: &[Value], channel: &str) -> Desk {
    let mut desk = Desk::new();
    desk.trust(wallet_entry());
    desk.trust(entry("AAL-3"));
    let key = attested_key(&desk, |claims| {
        claims["key_storage"] = json!([storage]);
        claims.as_object_mut().unwrap().remove("user_authentication");
    });
    let activation = signed("authn-event+jwt", &statement(&desk, factors));
    desk.show(json!({ "hosted": { "key": key, "activation": activation } }));
    desk.shown["channel"] = channel.into();
    desk
}

#[test]
fn a_hosted_key_is_the_weaker_of_the_key_and_what_released_it() {
    let card = [factor("ic_card", 9, true)];
    let smart = [factor("smart_id", 9, true)];
    let plain = [factor("smart_id", 9, false)];
    let password = [factor("password", 9, true)];
    let near = "dc_api_same_device";
    for (storage, factors, channel, level) in [
        ("iso_18045_high", &card[..], near, "AAL-3"),
        ("iso_18045_enhanced-basic", &card, near, "AAL-2"),
        ("iso_18045_basic", &card, near, "AAL-1+"),
        ("iso_18045_high", &card, "redirect_same_device", "AAL-2"),
        ("iso_18045_high", &smart, near, "AAL-2"),
        ("iso_18045_high", &plain, near, "AAL-1+"),
        ("iso_18045_high", &password, near, "AAL-1"),
    ] {
        let desk = hosted(storage, factors, channel);
        let (report, remember) = desk.judged(&json!({ "min": "AAL-1" }));
        let value = format!("{storage} {factors:?} {channel}: {:#}", report.to_value());
        assert_eq!(report.levels().achieved_authentication, level, "{value}");
        assert_eq!(remember.used_events, ["event-1"]);
    }
    let only = |desk: &Desk, min: &str| {
        desk.judged(&json!({ "min": min, "accept": ["hosted-key"] })).0.decision()
    };
    assert_eq!(only(&hosted("iso_18045_high", &smart, near), "AAL-2"), Decision::Accept);
    assert_eq!(only(&hosted("iso_18045_high", &card, near), "AAL-3"), Decision::Accept);
    hosted("iso_18045_high", &smart, near).capped("AAL-3", "AAL-2", "hosted-activation-weak");
    // Two answers are two, even if they lie side by side.
    let mut apart = hosted("iso_18045_high", &plain, near);
    let answer = apart.shown["authenticator"][0]["hosted"].clone();
    apart.shown["authenticator"] = json!([
        { "keyAttestation": answer["key"] }, { "authenticationEvent": answer["activation"] },
    ]);
    assert_eq!(only(&apart, "AAL-1"), Decision::Reject);
}

#[test]
fn a_hosted_key_of_somebody_else_or_released_for_another_request_is_none() {
    let smart = [factor("smart_id", 9, true)];
    let mut desk = hosted("iso_18045_high", &smart, "dc_api_same_device");
    let good = desk.shown["authenticator"][0]["hosted"].clone();
    let other = attested_key(&desk, |claims| {
        claims["attested_keys"] = json!([desk.issuer.public_key().to_jwk()]);
    });
    desk.shown["authenticator"] =
        json!([{ "hosted": { "key": other, "activation": good["activation"] } }]);
    desk.capped("AAL-2", "AAL-1", "key-attestation-invalid");
    let mut stated = statement(&desk, &smart);
    stated["nonce"] = super::desk::EARLIER.into();
    let activation = signed("authn-event+jwt", &stated);
    desk.shown["authenticator"] =
        json!([{ "hosted": { "key": good["key"], "activation": activation } }]);
    desk.capped("AAL-2", "AAL-1", "authentication-event-not-bound");
    // The service is not one that is known.
    let mut desk = hosted("iso_18045_high", &smart, "dc_api_same_device");
    desk.registry["entries"].as_array_mut().unwrap().remove(0);
    desk.capped("AAL-2", "AAL-1", "attestation-untrusted");
}
