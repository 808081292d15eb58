use serde_json::{Value, json};

use super::{NewPolicy, Policy, builtin, builtin_ids, new_policy};

const SCHEMA: &str = include_str!("../../../../schemas/policy.schema.json");

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

fn code(value: &Value) -> &'static str {
    Policy::from_value(value).map_or_else(|error| error.code(), |_| "accepted")
}

fn sound() -> Value {
    json!({
        "type": "inkan-policy/1", "id": "desk", "version": "1",
        "title": {"en": "Desk", "ja": "窓口"},
        "effective": {"from": "2026-01-01", "until": "2027-03-31"},
        "issuers": {"dids": ["did:web:a.example"], "registries": ["local"]},
        "credentialTypes": ["Badge"],
        "ledger": {"required": true, "time": {"grade": "witnessed", "atLeast": 2},
                   "quorum": {"atLeast": 1, "of": ["w1+abc+def"]}},
        "status": {"required": true, "maxAge": "PT24H"},
        "countersigned": [
            {"role": "holder", "by": "subject"},
            {"role": "notary", "by": ["did:web:n.example"], "atLeast": 1, "distinct": true,
             "after": "holder", "decision": "seal", "registry": "local",
             "before": "2027-03-31T15:00:00Z", "within": "P14D"},
        ],
        "currentActs": {"required": true, "maxAge": "PT1H"},
        "assurance": {
            "framework": "jp-swg-2022", "useCase": "R7", "source": "s", "reason": {"en": "why"},
            "requires": {"allOf": [
                {"ial": {"min": "IAL-2", "holderBinding": true, "claims": ["name"], "rows": ["R2b", "R7"],
                         "identifier": ["issuer_guaranteed"], "genuine": "any", "basis": "attested",
                         "maxAge": "P3Y6M", "combine": "anchor", "disputed": "floor",
                         "revocation": "none", "timestamp": "preferred", "registerCheck": {"maxAge": "P30D"}}},
                {"anyOf": [{"aal": {"min": "AAL-3", "maxAuthAge": "PT5M", "singleUseNonce": true,
                    "phishingResistant": true, "hardwareBound": true, "userVerification": "attested",
                    "unlockCountsAsVerification": false, "keyStorage": ["iso_18045_high"],
                    "fidoMin": "L2+", "accept": ["webauthn", "hosted-key"], "crossDevice": false}}]},
                {"link": {"mode": "same-key", "consistent": ["name"]}},
                {"trust": {"registries": ["local"], "prooferRoles": ["identity_proofer"],
                           "walletProviders": ["w"], "operators": ["did:web:o.example"]}},
            ]},
            "onFail": {"stepUp": ["issuer"], "explain": false},
        },
    })
}

#[test]
fn every_ready_made_policy_is_read_and_valid_under_the_schema() {
    let schema = schema();
    assert_eq!(builtin_ids().count(), 20);
    assert_eq!(builtin_ids().next(), Some("authentic"));
    for id in builtin_ids() {
        let policy = builtin(id).unwrap();
        assert_eq!(policy.id(), id);
        assert!(schema.is_valid(policy.to_value()), "{id}");
        assert!(policy.title("ja").is_some() && policy.title("en").is_some(), "{id}");
    }
    assert!(builtin("jp.ial.r9").is_none());
}

#[test]
fn a_policy_that_uses_every_member_is_read_and_valid_under_the_schema() {
    assert_eq!(code(&sound()), "accepted");
    assert!(schema().is_valid(&sound()));
}

/// Every member of the sound policy is, one by one, given wrong values, removed, or given a neighbour it must not have.
#[test]
fn the_schema_and_the_reader_refuse_the_same_policies() {
    let schema = schema();
    let wrong = [
        json!(null),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!(0),
        json!(-1),
        json!(true),
        json!(false),
        json!([1]),
        json!(["x", "x"]),
        json!({"x": 1}),
        json!("did:web:a"),
        json!("P1Y"),
        json!("5 minutes"),
        json!("2026-02-30"),
        json!("IAL-9"),
        json!(["R1"]),
        json!("accept"),
        json!(3),
    ];
    let mut paths = Vec::new();
    pointers(&sound(), String::new(), &mut paths);
    let (mut agreed, mut refused) = (0, 0);
    for path in &paths {
        let mut cases: Vec<Value> = Vec::new();
        for value in &wrong {
            let mut case = sound();
            *case.pointer_mut(path).unwrap() = value.clone();
            cases.push(case);
        }
        let mut case = sound();
        if let Some(members) = case.pointer_mut(path).unwrap().as_object_mut() {
            members.insert("trustClaimedLevel".to_owned(), json!(true));
            cases.push(case);
        }
        if let Some((parent, name)) = path.rsplit_once('/') {
            let mut case = sound();
            if let Some(members) = case.pointer_mut(parent).and_then(Value::as_object_mut) {
                members.remove(name);
                cases.push(case);
            }
        }
        for case in cases {
            let valid = schema.is_valid(&case);
            let read = Policy::from_value(&case).is_ok();
            // The reader refuses more (assurance §11), never less.
            assert!(valid || !read, "read, and not valid: {path}: {case}");
            agreed += u32::from(valid == read);
            refused += u32::from(!read);
        }
    }
    assert!(refused > 1_000 && agreed > refused, "{refused} refused, {agreed} agreed");
}

fn pointers(value: &Value, path: String, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                pointers(inner, format!("{path}/{name}"), out);
            }
        }
        Value::Array(items) => {
            for (position, inner) in items.iter().enumerate() {
                pointers(inner, format!("{path}/{position}"), out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    out.push(path);
}

#[test]
fn pol_01_malformed_policies_are_refused_when_they_are_loaded() {
    let attacks: [fn(&mut Value); 7] = [
        |p| p["assurance"]["requires"] = json!({"not": {"ial": {"min": "IAL-1"}}}),
        |p| p["assurance"]["requires"] = json!({"ial": {"min": "IAL-9"}}),
        |p| p["trustClaimedLevel"] = json!(true),
        |p| {
            p.as_object_mut().unwrap().remove("version");
        },
        |p| {
            p["assurance"]["requires"] = json!({"aal": {"min": "AAL-1", "maxAuthAge": "5 minutes"}})
        },
        |p| p["type"] = json!("inkan-policy/2"),
        |p| p["requires"] = json!({"ial": {"min": "IAL-1"}}),
    ];
    for attack in attacks {
        let mut policy = sound();
        attack(&mut policy);
        assert_eq!(code(&policy), "policy-malformed", "{policy}");
    }
}

#[test]
fn what_can_never_be_meant_is_refused_when_it_is_loaded() {
    let with = |framework: &str, leaf: Value| {
        let mut policy = sound();
        policy["assurance"] = json!({"framework": framework, "requires": leaf});
        code(&policy)
    };
    let refused = [
        ("nist-800-63-4", json!({"ial": {"min": "IAL-2"}})),
        ("jp-swg-2022", json!({"ial": {"min": "IAL2"}})),
        ("eidas-2015-1502", json!({"ial": {"min": "IAL-2"}})),
        ("jp-swg-2022", json!({"aal": {"min": "AAL-1+"}})),
        ("ds-511-2025", json!({"ial": {"min": "IAL-1"}})),
        (
            "jp-swg-2022",
            json!({"ial": {"min": "IAL-1", "rows": ["R8"], "identifier": ["issuer_guaranteed"]}}),
        ),
        ("jp-swg-2022", json!({"aal": {"min": "AAL-1", "singleUseNonce": false}})),
        ("nist-800-63-4", json!({"aal": {"min": "AAL1", "unlockCountsAsVerification": true}})),
        ("jp-swg-2022", json!({"allOf": []})),
        ("jp-swg-2022", json!({"ial": {"min": "IAL-1"}, "aal": {"min": "AAL-1"}})),
    ];
    for (framework, leaf) in refused {
        assert_eq!(with(framework, leaf.clone()), "policy-malformed", "{framework} {leaf}");
    }
    let accepted = [
        ("nist-800-63-4", json!({"ial": {"min": "IAL2"}})),
        (
            "eidas-2015-1502",
            json!({"allOf": [{"ial": {"min": "high"}}, {"aal": {"min": "AAL-2"}}]}),
        ),
        ("jp-swg-2022", json!({"aal": {"min": "AAL-0", "singleUseNonce": false}})),
    ];
    for (framework, leaf) in accepted {
        assert_eq!(with(framework, leaf.clone()), "accepted", "{framework} {leaf}");
    }
}

#[test]
fn duplicate_members_and_other_bytes_are_refused() {
    for text in [
        "",
        "[]",
        "{\"type\":\"inkan-policy/1\",\"type\":\"inkan-policy/1\",\"id\":\"a\",\"version\":\"1\"}",
    ] {
        assert_eq!(Policy::parse(text.as_bytes()).unwrap_err().code(), "policy-malformed");
    }
}

#[test]
fn a_policy_is_pinned_by_its_digest() {
    let (one, mut other) = (Policy::from_value(&sound()).unwrap(), sound());
    other["version"] = json!("2");
    let other = Policy::from_value(&other).unwrap();
    assert!(one.check_pin(&one.digest()).is_ok());
    assert_eq!(one.check_pin(&other.digest()).unwrap_err().code(), "policy-mismatch");
}

#[test]
fn a_minimum_adds_one_leaf_on_the_frameworks_scale() {
    let authentic = builtin("authentic").unwrap();
    let stricter = authentic.with_minimum(Some("2"), Some("1")).unwrap();
    let requires = &stricter.to_value()["assurance"]["requires"];
    assert_eq!(requires, &json!({"allOf": [{"ial": {"min": "IAL-2"}}, {"aal": {"min": "AAL-1"}}]}));
    assert_ne!(stricter.digest(), authentic.digest());
    assert_eq!(authentic.with_minimum(None, None).unwrap().digest(), authentic.digest());
    let mut nist = sound();
    nist["assurance"] = json!({"framework": "nist-800-63-4", "requires": {"ial": {"min": "IAL1"}}});
    let nist = Policy::from_value(&nist).unwrap().with_minimum(Some("2"), None).unwrap();
    let all = nist.to_value()["assurance"]["requires"]["allOf"].clone();
    assert_eq!(all, json!([{"ial": {"min": "IAL2"}}, {"ial": {"min": "IAL1"}}]));
    assert_eq!(authentic.with_minimum(Some("9"), None).unwrap_err().code(), "policy-malformed");
}

#[test]
fn a_new_policy_says_what_it_was_asked_to() {
    let wanted = NewPolicy {
        id: "desk".to_owned(),
        types: vec!["Badge".to_owned()],
        min_ial: Some("1".to_owned()),
        min_aal: Some("1".to_owned()),
        countersigned: vec!["holder".to_owned()],
        time: Some("witnessed:2".to_owned()),
    };
    let policy = new_policy(&wanted).unwrap();
    assert!(schema().is_valid(&policy));
    assert_eq!(policy["ledger"]["required"], true);
    assert_eq!(policy["countersigned"], json!([{"role": "holder", "by": "subject"}]));
    assert_eq!(policy["credentialTypes"], json!(["Badge"]));
    assert!(crate::lint(&Policy::from_value(&policy).unwrap(), &[]).is_empty());
    for (member, bad) in [("id", "Desk"), ("time", "soon"), ("role", "friend"), ("ial", "4")] {
        let mut wanted = wanted.clone();
        match member {
            "id" => wanted.id = bad.to_owned(),
            "time" => wanted.time = Some(bad.to_owned()),
            "role" => wanted.countersigned = vec![bad.to_owned()],
            _ => wanted.min_ial = Some(bad.to_owned()),
        }
        assert_eq!(new_policy(&wanted).unwrap_err().code(), "policy-malformed", "{member}");
    }
    let plain = new_policy(&NewPolicy { id: "plain".to_owned(), ..NewPolicy::default() }).unwrap();
    assert!(plain.get("assurance").is_none());
    assert_eq!(plain["ledger"]["required"], false);
}

#[test]
fn a_policy_is_what_it_says() {
    let policy = Policy::from_value(&sound()).unwrap();
    assert_eq!((policy.id(), policy.version()), ("desk", "1"));
    assert_eq!((policy.title("ja"), policy.title("fr")), (Some("窓口"), None));
    assert_eq!(policy.to_value(), &sound());
    assert_eq!(policy.listed_types(), ["Badge"]);
    assert!(!policy.judges_no_issuer());
    assert_eq!(policy.on_fail().explain, Some(false));
    assert_eq!(policy.on_fail().step_up, Some(vec![super::StepUp::Issuer]));
    let items = policy.countersigned();
    assert_eq!((items.len(), items[1].role(), items[1].at_least()), (2, "notary", 1));
    let bare = json!({"type": "inkan-policy/1", "id": "p", "version": "1", "issuers": "any"});
    let bare = Policy::from_value(&bare).unwrap();
    assert!(
        bare.judges_no_issuer()
            && bare.listed_types().is_empty()
            && bare.countersigned().is_empty()
    );
    assert!(bare.on_fail().explain.is_none() && bare.title("en").is_none());
    let by_list = json!({"type": "inkan-policy/1", "id": "p", "version": "1"});
    assert!(!Policy::from_value(&by_list).unwrap().judges_no_issuer());
    let grade = crate::ledger_grade(&policy);
    assert_eq!(grade, inkan_ledger::Grade::Witnessed(2));
    assert_eq!(crate::receipts(&policy), inkan_verifier::Receipts::Required);
    assert_eq!(crate::receipts(&bare), inkan_verifier::Receipts::Used);
    let graded = |time: Value| {
        let mut value = sound();
        value["ledger"]["time"] = time;
        crate::ledger_grade(&Policy::from_value(&value).unwrap())
    };
    assert_eq!(graded(json!({"grade": "operator"})), inkan_ledger::Grade::Operator);
    assert_eq!(graded(json!({"grade": "tsa"})), inkan_ledger::Grade::Tsa);
    assert_eq!(graded(json!({"grade": "chain"})), inkan_ledger::Grade::Chain);
}

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
        assert_eq!(super::full_name(framework, scale, said), name, "{framework} {scale} {said}");
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
