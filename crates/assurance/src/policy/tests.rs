use serde_json::{Value, json};

use super::{NewPolicy, Policy, builtin, builtin_ids, new_policy};

mod limits;

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
fn a_link_that_nothing_judges_is_refused_when_the_policy_is_loaded() {
    let link = |mode: &str| {
        let mut policy = sound();
        policy["assurance"]["requires"] = json!({"link": {"mode": mode}});
        let fits = schema().is_valid(&policy);
        (
            Policy::from_value(&policy)
                .map(drop)
                .map_err(|error| (error.code(), error.to_string())),
            fits,
        )
    };
    assert_eq!(link("same-key"), (Ok(()), true));
    assert_eq!(link("same-controller"), (Ok(()), true));
    let (refused, fits) = link("link-proof");
    let (code, why) = refused.unwrap_err();
    assert_eq!((code, fits), ("policy-malformed", false));
    assert!(why.contains("link.mode is link-proof"), "{why}");
}

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
