//! Words, names and limits of policies, one by one.

use serde_json::{Value, json};

use super::{NewPolicy, Policy, code, new_policy, sound};

#[test]
fn every_word_of_a_demand_is_its_own() {
    use inkan_credential::countersignature::{Decision, Role, WantedSigners};
    let demand = |item: Value| {
        let mut value = sound();
        value["countersigned"] = json!([item]);
        Policy::from_value(&value).unwrap().countersigned()[0].clone()
    };
    let roles = [
        ("holder", Role::Holder),
        ("co-issuer", Role::CoIssuer),
        ("witness", Role::Witness),
        ("notary", Role::Notary),
        ("guardian", Role::Guardian),
        ("delegate", Role::Delegate),
    ];
    for (word, role) in roles {
        let item = demand(json!({"role": word, "after": word}));
        assert_eq!(
            (item.role(), item.wanted().role, item.wanted().after),
            (word, role, Some(role))
        );
        assert_eq!(item.wanted().role.as_str(), word);
    }
    let decisions = [
        ("accept", Decision::Accept),
        ("refuse", Decision::Refuse),
        ("withdraw", Decision::Withdraw),
        ("seal", Decision::Seal),
    ];
    for (word, decision) in decisions {
        let item = demand(json!({"role": "notary", "decision": word}));
        assert_eq!((item.wanted().decision, item.decision.as_str()), (decision, word));
    }
    let all = demand(sound()["countersigned"][1].clone()).wanted();
    assert_eq!(all.by, Some(WantedSigners::Dids(["did:web:n.example".to_owned()].into())));
    assert_eq!((all.at_least, all.distinct, all.delegates), (1, true, false));
    assert_eq!(all.before, Some(crate::testing::at("2027-03-31T15:00:00Z")));
    assert_eq!(all.within.as_deref(), Some("P14D"));
    let plain =
        demand(json!({"role": "witness", "atLeast": 3, "by": "subject", "delegates": true}))
            .wanted();
    assert_eq!(
        (plain.at_least, plain.by, plain.delegates),
        (3, Some(WantedSigners::Subject), true)
    );
    assert_eq!(
        (plain.distinct, plain.after, plain.before, plain.within),
        (false, None, None, None)
    );
}

#[test]
fn limits_of_names_and_lists_are_where_they_are_said_to_be() {
    let with = |path: &str, value: Value| {
        let mut policy = sound();
        *policy.pointer_mut(path).unwrap() = value;
        code(&policy)
    };
    let (fine, bad) = ("accepted", "policy-malformed");
    assert_eq!(with("/id", json!("a".repeat(128))), fine);
    assert_eq!(with("/id", json!("a".repeat(129))), bad);
    assert_eq!(with("/id", json!("a.b-9")), fine);
    for id in ["", "A", "a_b", "ü"] {
        assert_eq!(with("/id", json!(id)), bad, "{id}");
    }
    let issuer = |did: &str| with("/issuers/dids", json!([did]));
    assert_eq!(issuer("did:web:a"), fine);
    assert_eq!(issuer("did:a1:x:y"), fine);
    for did in [
        "",
        "did",
        "did:",
        "did:web",
        "did:web:",
        "did::a",
        "did:Web:a",
        "dad:web:a",
        "did:web:\nx",
        "did:web:\rx",
    ] {
        assert_eq!(issuer(did), bad, "{did:?}");
    }
    assert_eq!(with("/issuers", json!({"dids": ["did:web:a"]})), fine);
    assert_eq!(with("/issuers", json!({"registries": ["r"]})), fine);
    assert_eq!(with("/issuers", json!({})), bad);
    assert_eq!(with("/issuers/registries", json!([""])), bad);
    assert_eq!(with("/credentialTypes", json!(["A", "B"])), fine);
    assert_eq!(with("/credentialTypes", json!(["A", "A"])), bad);
    assert_eq!(with("/title", json!({})), bad);
    assert_eq!(with("/title", json!({"en": ""})), bad);
    assert_eq!(with("/title", json!({"en": "x", "ja": ""})), bad);
    assert_eq!(with("/ledger/time", json!({"grade": "witnessed", "atLeast": 0})), bad);
    assert_eq!(with("/ledger/time", json!({"grade": "witnessed", "atLeast": 1})), fine);
    assert_eq!(with("/ledger/quorum/atLeast", json!(0)), bad);
    assert_eq!(with("/countersigned/1/atLeast", json!(0)), bad);
    assert_eq!(with("/countersigned/1/registry", json!("")), bad);
    assert_eq!(with("/countersigned/1", json!({"role": "delegate", "delegates": true})), bad);
    assert_eq!(with("/countersigned/1", json!({"role": "delegate"})), fine);
    assert_eq!(with("/countersigned/1", json!({"role": "notary", "delegates": true})), fine);
    assert_eq!(with("/currentActs", json!({"required": false})), bad);
    assert_eq!(with("/assurance/useCase", json!("A2b")), fine);
    assert_eq!(with("/assurance/useCase", json!("R9")), bad);
    assert_eq!(with("/assurance/reason", json!({"en": ""})), bad);
    assert_eq!(with("/assurance/onFail/stepUp", json!([])), bad);
    assert_eq!(with("/assurance/onFail/stepUp", json!(["issuer", "issuer"])), bad);
    assert_eq!(with("/assurance/onFail/stepUp", json!(["issuer", "webauthn"])), fine);
    let leaf = |leaf: Value| with("/assurance/requires", leaf);
    assert_eq!(leaf(json!({"ial": {"min": "IAL-1", "rows": ["R1", "R1"]}})), bad);
    assert_eq!(leaf(json!({"ial": {"min": "IAL-1", "rows": []}})), bad);
    assert_eq!(leaf(json!({"ial": {"min": "IAL-1", "rows": ["R1", "R2a"]}})), fine);
    assert_eq!(leaf(json!({"aal": {"min": "AAL-1", "accept": ["webauthn", "webauthn"]}})), bad);
    assert_eq!(leaf(json!({"aal": {"min": "AAL-1", "accept": ["web"]}})), bad);
    assert_eq!(leaf(json!({"aal": {"min": "AAL-1", "fidoMin": "L9"}})), bad);
    assert_eq!(leaf(json!({"aal": {"min": "AAL-1", "singleUseNonce": true}})), fine);
    assert_eq!(leaf(json!({"aal": {"min": "AAL-1", "unlockCountsAsVerification": true}})), fine);
    assert_eq!(leaf(json!({"trust": {}})), bad);
    assert_eq!(leaf(json!({"trust": {"prooferRoles": ["identity_proofer"]}})), fine);
    assert_eq!(leaf(json!({"trust": {"operators": ["did:web:o"]}})), fine);
    assert_eq!(leaf(json!({"trust": {"operators": ["o"]}})), bad);
    assert_eq!(leaf(json!({"anyOf": []})), bad);
    assert_eq!(leaf(json!({"anyOf": [{"allOf": []}]})), bad);
    assert_eq!(leaf(json!({"link": {"mode": "same-key", "consistent": []}})), bad);
}

#[test]
fn a_minimum_is_said_in_the_words_of_its_scale() {
    let names = [
        ("jp-swg-2022", "IAL", "2", "IAL-2"),
        ("jp-swg-2022", "AAL", "2", "AAL-2"),
        ("jp-swg-2022", "IAL", "IAL-2", "IAL-2"),
        ("nist-800-63-4", "IAL", "2", "IAL2"),
        ("nist-800-63-4", "AAL", "2", "AAL2"),
        ("nist-800-63-4", "AAL", "AAL2", "AAL2"),
        ("eidas-2015-1502", "IAL", "high", "high"),
        ("eidas-2015-1502", "IAL", "2", "2"),
        ("eidas-2015-1502", "AAL", "2", "AAL-2"),
        ("eidas-2015-1502", "AAL", "AAL-2", "AAL-2"),
    ];
    for (framework, scale, said, name) in names {
        assert_eq!(
            crate::policy::full_name(framework, scale, said),
            name,
            "{framework} {scale} {said}"
        );
    }
}

#[test]
fn grades_and_roles_of_a_new_policy() {
    let made = |time: Option<&str>, countersigned: &[&str]| {
        let wanted = NewPolicy {
            id: "p".to_owned(),
            time: time.map(str::to_owned),
            countersigned: countersigned.iter().map(|role| (*role).to_owned()).collect(),
            ..NewPolicy::default()
        };
        new_policy(&wanted).map(|value| (value["ledger"].clone(), value["countersigned"].clone()))
    };
    let time = |text: &str| made(Some(text), &[]).unwrap().0["time"].clone();
    assert_eq!(time("witnessed"), json!({"grade": "witnessed", "atLeast": 2}));
    assert_eq!(time("witnessed:3"), json!({"grade": "witnessed", "atLeast": 3}));
    assert_eq!(time("tsa"), json!({"grade": "tsa"}));
    assert_eq!(time("operator"), json!({"grade": "operator"}));
    assert!(made(Some("witnessed:many"), &[]).is_err() && made(Some("tsa:2"), &[]).is_err());
    assert_eq!(made(None, &["notary"]).unwrap().1, json!([{"role": "notary"}]));
    let one = new_policy(&NewPolicy {
        id: "p".to_owned(),
        min_aal: Some("1".to_owned()),
        ..NewPolicy::default()
    })
    .unwrap();
    assert_eq!(one["assurance"]["requires"], json!({"aal": {"min": "AAL-1"}}));
    assert_eq!(one["credentialTypes"], "any");
    let both = NewPolicy {
        id: "p".to_owned(),
        min_aal: Some("1".to_owned()),
        min_ial: Some("2".to_owned()),
        ..NewPolicy::default()
    };
    let requires = new_policy(&both).unwrap()["assurance"]["requires"].clone();
    assert_eq!(
        requires,
        json!({"allOf": [{"ial": {"min": "IAL-2", "holderBinding": true}}, {"aal": {"min": "AAL-1"}}]})
    );
}

#[test]
fn acts_are_current_for_a_day_unless_it_says_otherwise() {
    let end = |acts: Value| {
        let mut value = sound();
        value["currentActs"] = acts;
        let policy = Policy::from_value(&value).unwrap();
        let span = policy.outer.current_acts.as_ref().unwrap().max_age().unwrap();
        inkan_core::Timestamp::EPOCH.plus(span).unwrap().to_string()
    };
    assert_eq!(end(json!({"required": true})), "1970-01-02T00:00:00Z");
    assert_eq!(end(json!({"required": true, "maxAge": "PT1H"})), "1970-01-01T01:00:00Z");
}
