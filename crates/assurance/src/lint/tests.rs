use inkan_evidence::Registry;
use serde_json::{Value, json};

use super::{LintLevel, lint};
use crate::policy::{Policy, builtin, builtin_ids};
use crate::testing::{policy, registry};

fn found(value: &Value, registries: &[Registry]) -> Vec<(&'static str, String)> {
    let findings = lint(&Policy::from_value(value).unwrap(), registries);
    findings.iter().map(|finding| (finding.code(), finding.member().to_owned())).collect()
}

fn always(requires: &Value) -> Vec<String> {
    let all = found(&policy(requires), &[]);
    assert!(all.iter().all(|(code, _)| *code == "policy-always-refuses"));
    all.into_iter().map(|(_, member)| member).collect()
}

#[test]
fn every_ready_made_policy_lints_without_a_warning() {
    for id in builtin_ids() {
        let findings = lint(&builtin(id).unwrap(), &[]);
        let warnings = findings.iter().filter(|finding| finding.level() == LintLevel::Warning);
        assert_eq!(warnings.count(), 0, "{id}: {findings:?}");
    }
}

#[test]
fn a_policy_that_nothing_can_satisfy_is_named() {
    assert_eq!(always(&json!({"ial": {"min": "IAL-2+"}})), ["ial.disputed"]);
    assert_eq!(always(&json!({"ial": {"min": "IAL-3", "rows": ["R6", "R7"]}})), ["ial.rows"]);
    assert_eq!(
        always(&json!({"ial": {"min": "IAL-2", "identifier": ["self_asserted"]}})),
        ["ial.rows"]
    );
    let stamped = |rows: Value| {
        always(&json!({"ial": {"min": "IAL-2", "rows": rows, "timestamp": "required"}}))
    };
    assert_eq!(stamped(json!(["R5", "R7"])), ["ial.timestamp"]);
    assert!(stamped(json!(["R2b", "R3"])).is_empty());
    let either =
        json!({"anyOf": [{"ial": {"min": "IAL-3", "rows": ["R8"]}}, {"ial": {"min": "IAL-1"}}]});
    assert!(always(&either).is_empty());
    let mut nist = policy(&json!({"ial": {"min": "IAL3"}}));
    nist["assurance"]["framework"] = json!("nist-800-63-4");
    assert_eq!(found(&nist, &[])[0].1, "ial.min");
    let mut outer = policy(&json!({"ial": {"min": "IAL-1"}}));
    outer["countersigned"] = json!([{"role": "holder", "by": "subject", "atLeast": 2}]);
    outer["effective"] = json!({"from": "2027-01-01", "until": "2026-01-01"});
    let members: Vec<_> = found(&outer, &[]).into_iter().map(|(_, member)| member).collect();
    assert_eq!(members, ["effective", "countersigned.atLeast"]);
    let mut chain = policy(&json!({"ial": {"min": "IAL-1"}}));
    chain["ledger"] = json!({"required": true, "time": {"grade": "chain"}});
    assert_eq!(found(&chain, &[])[0].1, "ledger.time");
}

#[test]
fn demands_that_wait_for_each_other_and_too_few_names_are_named() {
    let members = |items: Value| {
        let mut outer = policy(&json!({"ial": {"min": "IAL-1"}}));
        outer["countersigned"] = items;
        found(&outer, &[]).into_iter().map(|(_, member)| member).collect::<Vec<_>>()
    };
    let circle = json!([
        {"role": "holder", "after": "notary"}, {"role": "notary", "after": "holder"},
    ]);
    assert_eq!(members(circle), ["countersigned.after"]);
    assert_eq!(members(json!([{"role": "notary", "after": "notary"}])), ["countersigned.after"]);
    let chain = json!([{"role": "holder"}, {"role": "notary", "after": "holder"}]);
    assert!(members(chain).is_empty());
    assert!(members(json!([{"role": "notary", "after": "holder"}])).is_empty());
    let few = json!([
        {"role": "witness", "distinct": true, "by": ["did:a:1"]},
        {"role": "notary", "distinct": true, "by": ["did:a:1"]},
    ]);
    assert_eq!(members(few), ["countersigned.distinct"]);
}

#[test]
fn parties_are_looked_for_where_registries_are_configured() {
    let mut list = registry();
    list["entries"][0]["rows"] = json!(["R7", "R8"]);
    let registries = [Registry::from_value(&list).unwrap()];
    assert_eq!(found(&policy(&json!({"ial": {"min": "IAL-3"}})), &registries)[0].1, "ial");
    assert!(found(&policy(&json!({"ial": {"min": "IAL-2"}})), &registries).is_empty());
    let mut listed = policy(&json!({"ial": {"min": "IAL-2"}}));
    listed["issuers"] = json!("listed");
    listed["credentialTypes"] = json!(["Passport"]);
    assert_eq!(found(&listed, &registries)[0].1, "issuers");
    let events = json!({"aal": {"min": "AAL-2", "accept": ["authentication-event"]}});
    assert_eq!(found(&policy(&events), &registries)[0].1, "aal.accept");
}

#[test]
fn a_register_that_may_confirm_is_looked_for_where_registries_are_configured() {
    let asks = policy(&json!({"ial": {"min": "IAL-2", "registerCheck": {"maxAge": "P30D"}}}));
    assert!(found(&asks, &[]).is_empty());
    let key =
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let with = |role: &str, keys: Value, status: &str| {
        let mut list = registry();
        let entry =
            json!({"id": "did:web:city.example", "roles": [role], "keys": keys, "status": status});
        list["entries"].as_array_mut().unwrap().push(entry);
        found(&asks, &[Registry::from_value(&list).unwrap()])
    };
    assert!(with("base_registry", json!([key]), "active").is_empty());
    let nobody = [("policy-always-refuses", "ial.registerCheck".to_owned())];
    assert_eq!(with("attribute_issuer", json!([key]), "active"), nobody);
    assert_eq!(with("base_registry", json!([]), "active"), nobody);
    assert_eq!(with("base_registry", json!([key]), "revoked-for-cause"), nobody);
}

#[test]
fn asking_for_more_than_the_use_case_needs_is_a_warning_and_with_a_reason_a_note() {
    let with = |leaf: Value, use_case: &str| {
        let mut value = policy(&leaf);
        value["assurance"]["useCase"] = json!(use_case);
        value
    };
    let cases = [
        (json!({"ial": {"min": "IAL-3"}}), "R7", "ial.min"),
        (json!({"ial": {"min": "IAL-2", "basis": "verified"}}), "R7", "ial.basis"),
        (json!({"ial": {"min": "IAL-2", "timestamp": "required"}}), "R7", "ial.timestamp"),
        (json!({"ial": {"min": "IAL-2", "claims": ["birthdate"]}}), "R7", "ial.claims"),
        (json!({"ial": {"min": "IAL-2", "maxAge": "P1Y"}}), "R7", "ial.maxAge"),
        (json!({"ial": {"min": "IAL-2", "genuine": "crypto"}}), "R7", "ial.genuine"),
        (json!({"aal": {"min": "AAL-1"}}), "R7", "aal"),
        (json!({"aal": {"min": "AAL-2"}}), "A1a", "aal.min"),
        (json!({"aal": {"min": "AAL-1", "maxAuthAge": "PT1M"}}), "A1a", "aal.maxAuthAge"),
    ];
    for (leaf, use_case, member) in cases {
        let mut value = with(leaf, use_case);
        assert_eq!(found(&value, &[]), [("policy-over-asks", member.to_owned())]);
        value["assurance"]["reason"] = json!({"en": "a rule says so"});
        let findings = lint(&Policy::from_value(&value).unwrap(), &[]);
        assert_eq!(findings[0].level(), LintLevel::Note);
        assert!(findings[0].message().0.contains(member));
    }
    assert!(found(&with(json!({"ial": {"min": "IAL-1"}}), "R7"), &[]).is_empty());
}

#[test]
fn what_a_finding_says() {
    let mut value = policy(&json!({"ial": {"min": "IAL-2+"}}));
    let refuses = lint(&Policy::from_value(&value).unwrap(), &[]);
    assert_eq!((refuses[0].code(), refuses[0].member()), ("policy-always-refuses", "ial.disputed"));
    assert_eq!(refuses[0].level(), LintLevel::Warning);
    assert_eq!(refuses[0].message().0, "nothing can satisfy ial.disputed");
    assert_eq!(refuses[0].message().1, "ial.disputed を満たすものはない");
    value["assurance"]["requires"] = json!({"ial": {"min": "IAL-3"}});
    value["assurance"]["useCase"] = json!("R7");
    let over = lint(&Policy::from_value(&value).unwrap(), &[]);
    assert_eq!(
        (over[0].code(), over[0].message().0.as_str()),
        ("policy-over-asks", "ial.min asks for more than the use case needs")
    );
    assert!(over[0].message().1.starts_with("ial.min は"));
}

/// Members of the outer part that nothing satisfies.
fn outer(change: &dyn Fn(&mut Value), registries: &[Registry]) -> Vec<String> {
    let mut value = policy(&json!({"ial": {"min": "IAL-1"}}));
    change(&mut value);
    found(&value, registries).into_iter().map(|(_, member)| member).collect()
}

#[test]
fn what_nothing_satisfies_begins_one_step_further() {
    let period = |from: &'static str, until: &'static str| {
        outer(&|p| p["effective"] = json!({"from": from, "until": until}), &[])
    };
    assert!(period("2026-01-01", "2026-01-01").is_empty());
    assert!(period("2026-01-01", "2026-01-02").is_empty());
    assert_eq!(period("2026-01-02", "2026-01-01"), ["effective"]);
    let proofs = |least: u32| {
        outer(&|p| p["proofs"] = json!({"atLeast": least, "by": ["did:web:a", "did:web:b"]}), &[])
    };
    assert!(proofs(1).is_empty() && proofs(2).is_empty());
    assert_eq!(proofs(3), ["proofs.atLeast"]);
    assert!(outer(&|p| p["proofs"] = json!({"atLeast": 99}), &[]).is_empty());
    let named = |least: u32| {
        outer(
            &|p| {
                p["countersigned"] =
                    json!([{"role": "witness", "atLeast": least, "by": ["did:web:a", "did:web:b"]}])
            },
            &[],
        )
    };
    assert!(named(1).is_empty() && named(2).is_empty());
    assert_eq!(named(3), ["countersigned.atLeast"]);
    let anybody = json!([{"role": "witness", "atLeast": 99}]);
    assert!(outer(&|p| p["countersigned"] = anybody.clone(), &[]).is_empty());
    let subject = |least: u32| {
        outer(
            &|p| {
                p["countersigned"] = json!([{"role": "holder", "by": "subject", "atLeast": least}])
            },
            &[],
        )
    };
    assert!(subject(1).is_empty());
    assert_eq!(subject(2), ["countersigned.atLeast"]);
    let distinct = |least: u32| {
        let items = json!([
            {"role": "witness", "distinct": true, "by": ["did:web:a", "did:web:b"], "atLeast": least},
            {"role": "notary", "distinct": true, "by": ["did:web:a", "did:web:b"]},
            {"role": "guardian", "by": ["did:web:a"]},
            {"role": "co-issuer", "distinct": true},
        ]);
        outer(&move |p| p["countersigned"] = items.clone(), &[])
    };
    assert!(distinct(1).is_empty());
    assert_eq!(distinct(2), ["countersigned.distinct"]);
    let chain = |required: bool| {
        outer(&|p| p["ledger"] = json!({"required": required, "time": {"grade": "chain"}}), &[])
    };
    assert_eq!(chain(true), ["ledger.time"]);
    assert!(chain(false).is_empty());
}

#[test]
fn an_order_of_three_may_be_a_circle() {
    let members = |items: Value| outer(&move |p| p["countersigned"] = items.clone(), &[]);
    let circle = json!([
        {"role": "holder", "after": "witness"}, {"role": "notary", "after": "holder"}, {"role": "witness", "after": "notary"},
    ]);
    assert_eq!(members(circle), ["countersigned.after"]);
    let line = json!([
        {"role": "witness", "after": "notary"}, {"role": "notary", "after": "holder"}, {"role": "holder"},
    ]);
    assert!(members(line).is_empty());
    // One of two in a role is enough to come after.
    let either = json!([
        {"role": "holder", "after": "notary"}, {"role": "notary", "after": "holder"}, {"role": "notary"},
    ]);
    assert!(members(either).is_empty());
}

/// A registry with one entry, changed.
fn listing(change: &dyn Fn(&mut Value)) -> Vec<Registry> {
    let mut list = registry();
    change(&mut list["entries"][0]);
    vec![Registry::from_value(&list).unwrap()]
}

#[test]
fn of_registries_somebody_must_be_able_to() {
    let all = listing(&|_| {});
    let gone = listing(&|entry| entry["status"] = json!("revoked-for-cause"));
    let notary = |registry: &'static str, list: &[Registry]| {
        outer(&|p| p["countersigned"] = json!([{"role": "notary", "registry": registry}]), list)
    };
    assert!(notary("local", &all).is_empty() && notary("other", &[]).is_empty());
    assert_eq!(notary("other", &all), ["countersigned.registry"]);
    let witness = json!([{"role": "witness", "registry": "local"}]);
    assert_eq!(outer(&|p| p["countersigned"] = witness.clone(), &all), ["countersigned.registry"]);
    assert!(notary("local", &gone).contains(&"countersigned.registry".to_owned()));
    let listed = |types: Value, list: &[Registry]| {
        outer(
            &|p| {
                p["issuers"] = json!("listed");
                p["credentialTypes"] = types.clone();
            },
            list,
        )
    };
    assert!(
        listed(json!("any"), &all).is_empty() && listed(json!(["Badge", "X"]), &all).is_empty()
    );
    assert_eq!(listed(json!(["X"]), &all), ["issuers"]);
    assert!(listed(json!(["X"]), &[]).is_empty());
    let nobody = listing(&|entry| entry["issues"] = json!([]));
    assert_eq!(listed(json!("any"), &nobody), ["issuers"]);
    assert!(
        outer(&|p| p["credentialTypes"] = json!(["X"]), &all).is_empty(),
        "issuers are not judged"
    );
    let trust = |leaf: Value, list: &[Registry]| {
        found(&policy(&json!({"trust": leaf})), list)
            .into_iter()
            .map(|(_, member)| member)
            .collect::<Vec<_>>()
    };
    assert!(trust(json!({"registries": ["local"]}), &all).is_empty());
    assert_eq!(trust(json!({"registries": ["other"]}), &all), ["trust"]);
    assert!(trust(json!({"registries": ["other"]}), &[]).is_empty());
    assert!(trust(json!({"prooferRoles": ["identity_proofer"]}), &all).is_empty());
    assert_eq!(trust(json!({"prooferRoles": ["attribute_issuer"]}), &all), ["trust"]);
    assert_eq!(
        trust(json!({"registries": ["other"], "prooferRoles": ["identity_proofer"]}), &all),
        ["trust"]
    );
    assert_eq!(
        trust(json!({"registries": ["local"], "prooferRoles": ["attribute_issuer"]}), &all),
        ["trust"]
    );
    assert_eq!(trust(json!({"prooferRoles": ["identity_proofer"]}), &gone), ["trust"]);
}

#[test]
fn an_operator_must_reach_the_level_where_only_operators_are_accepted() {
    let operator = |most: &'static str| {
        listing(&|entry| {
            entry["roles"] = json!(["authentication_operator"]);
            entry["authenticates"] = json!({"maxAal": most, "factors": ["password"]});
        })
    };
    let asked = |min: &str, roads: Value, list: &[Registry]| {
        let leaf = json!({"aal": {"min": min, "accept": roads}});
        found(&policy(&leaf), list).into_iter().map(|(_, member)| member).collect::<Vec<_>>()
    };
    let only = || json!(["authentication-event"]);
    assert!(asked("AAL-2", only(), &operator("AAL-2")).is_empty());
    assert!(asked("AAL-1", only(), &operator("AAL-2")).is_empty());
    assert_eq!(asked("AAL-2", only(), &operator("AAL-1")), ["aal.accept"]);
    assert!(asked("AAL-2", only(), &[]).is_empty());
    assert!(
        asked("AAL-2", json!(["authentication-event", "webauthn"]), &operator("AAL-1")).is_empty()
    );
    let other_role = listing(&|entry| {
        entry["authenticates"] = json!({"maxAal": "AAL-2", "factors": ["password"]});
    });
    assert_eq!(asked("AAL-2", only(), &other_role), ["aal.accept"]);
    let mut nist = policy(&json!({"aal": {"min": "AAL3"}}));
    nist["assurance"]["framework"] = json!("nist-800-63-4");
    assert_eq!(found(&nist, &[])[0].1, "aal.min");
}

#[test]
fn rows_that_reach_a_level_on_every_scale() {
    let with = |framework: &str, leaf: Value| {
        let mut value = policy(&json!({"ial": leaf}));
        value["assurance"]["framework"] = json!(framework);
        found(&value, &[]).into_iter().map(|(_, member)| member).collect::<Vec<_>>()
    };
    let jp = |min: &str, row: &str| {
        with("jp-swg-2022", json!({"min": min, "rows": [row], "disputed": "accept"}))
    };
    assert!(jp("IAL-3", "R3").is_empty() && jp("IAL-2", "R3").is_empty());
    assert_eq!(jp("IAL-3+", "R3"), ["ial.rows"]);
    let nist = |min: &str, row: &str| with("nist-800-63-4", json!({"min": min, "rows": [row]}));
    assert!(nist("IAL2", "R4").is_empty() && nist("IAL1", "R1").is_empty());
    assert_eq!(nist("IAL1", "R6"), ["ial.rows"]);
    assert_eq!(nist("IAL3", "R2b"), ["ial.rows"]);
    let eidas = |min: &str, row: &str| with("eidas-2015-1502", json!({"min": min, "rows": [row]}));
    assert!(eidas("high", "R2a").is_empty() && eidas("low", "R6").is_empty());
    assert_eq!(eidas("high", "R2b"), ["ial.rows"]);
    assert_eq!(eidas("low", "R7"), ["ial.rows"]);
    // A level that is named without a filter is named itself.
    assert_eq!(with("nist-800-63-4", json!({"min": "IAL3"})), ["ial.min"]);
    let classes = json!({"min": "IAL-3", "identifier": ["self_asserted"]});
    assert_eq!(with("jp-swg-2022", classes), ["ial.rows"]);
    let disputed = |word: &str| with("jp-swg-2022", json!({"min": "IAL-3+", "disputed": word}));
    assert!(disputed("accept").is_empty());
    assert_eq!(disputed("floor"), ["ial.disputed"]);
    assert!(with("jp-swg-2022", json!({"min": "IAL-3", "disputed": "floor"})).is_empty());
    let stamp = |rule: &str| {
        with("jp-swg-2022", json!({"min": "IAL-2", "rows": ["R7"], "timestamp": rule}))
    };
    assert!(stamp("preferred").is_empty() && stamp("none").is_empty());
    assert_eq!(stamp("required"), ["ial.timestamp"]);
}

#[test]
fn of_alternatives_the_one_that_asks_least_is_looked_at() {
    let over = |leaf: Value| {
        let mut value = policy(&leaf);
        value["assurance"]["useCase"] = json!("R7");
        found(&value, &[]).into_iter().map(|(_, member)| member).collect::<Vec<_>>()
    };
    let (high, low) = (json!({"ial": {"min": "IAL-3"}}), json!({"ial": {"min": "IAL-2"}}));
    assert!(over(json!({"anyOf": [high, low]})).is_empty());
    assert_eq!(over(json!({"allOf": [high, low]})), ["ial.min"]);
    let linked = json!({"allOf": [low, {"link": {"mode": "same-key"}}, {"trust": {"registries": ["local"]}}]});
    assert!(over(linked).is_empty());
    assert!(over(json!({"ial": {"min": "IAL-2"}})).is_empty());
    let mut none = policy(&high);
    assert!(found(&none, &[]).is_empty(), "no use case, no measure");
    none["assurance"]["useCase"] = json!("R1");
    assert!(found(&none, &[]).is_empty());
}

mod measured {
    //! One leaf against another, member by member.

    use serde_json::{Value, json};

    use super::super::{stricter_aal, stricter_ial};

    fn ial(own: Value, known: Value) -> Vec<&'static str> {
        let leaf = |mut value: Value| {
            value["min"] = value.get("min").cloned().unwrap_or_else(|| json!("IAL-2"));
            serde_json::from_value(value).unwrap()
        };
        stricter_ial(&leaf(own), &leaf(known))
    }

    fn aal(own: Value, known: Value) -> Vec<&'static str> {
        let leaf = |mut value: Value| {
            value["min"] = value.get("min").cloned().unwrap_or_else(|| json!("AAL-2"));
            serde_json::from_value(value).unwrap()
        };
        stricter_aal(&leaf(own), &leaf(known))
    }

    /// Member, its values from the least to the most.
    const IAL: &[(&str, &[&str])] = &[
        ("min", &["\"IAL-1\"", "\"IAL-2\"", "\"IAL-3+\""]),
        ("holderBinding", &["false", "true"]),
        ("rows", &["null", "[\"R6\",\"R7\"]", "[\"R7\"]"]),
        (
            "identifier",
            &["null", "[\"issuer_guaranteed\",\"self_asserted\"]", "[\"self_asserted\"]"],
        ),
        ("claims", &["null", "[\"birthdate\"]"]),
        ("basis", &["\"attested\"", "\"verified\""]),
        ("genuine", &["\"any\"", "\"crypto\""]),
        ("maxAge", &["null", "\"P5Y\"", "\"P1Y\"", "\"P30D\""]),
        ("revocation", &["\"none\"", "\"attested\"", "\"required\""]),
        ("timestamp", &["\"none\"", "\"preferred\"", "\"required\""]),
        ("registerCheck", &["null", "{\"maxAge\":\"P1D\"}"]),
    ];
    const AAL: &[(&str, &[&str])] = &[
        ("min", &["\"AAL-1\"", "\"AAL-2\"", "\"AAL-3\""]),
        ("accept", &["null", "[\"webauthn\",\"jpki-auth\"]", "[\"webauthn\"]"]),
        ("fidoMin", &["null", "\"L1\"", "\"L3\""]),
        (
            "keyStorage",
            &["null", "[\"iso_18045_high\",\"iso_18045_basic\"]", "[\"iso_18045_high\"]"],
        ),
        ("phishingResistant", &["false", "true"]),
        ("hardwareBound", &["false", "true"]),
        ("userVerification", &["null", "\"attested\""]),
        ("crossDevice", &["null", "false"]),
        ("maxAuthAge", &["null", "\"PT1H\"", "\"PT5M\""]),
    ];

    #[test]
    fn a_member_asks_for_more_where_it_is_stricter_and_only_there() {
        let leaf = |member: &str, text: &str| -> Value {
            let value: Value = serde_json::from_str(text).unwrap();
            if value.is_null() { json!({}) } else { json!({ member: value }) }
        };
        type Judge = fn(Value, Value) -> Vec<&'static str>;
        let (of_ial, of_aal): (Judge, Judge) = (ial, aal);
        for (table, of, judge) in [(IAL, "ial", of_ial), (AAL, "aal", of_aal)] {
            for (member, values) in table {
                for (more, own) in values.iter().enumerate() {
                    for (less, known) in values.iter().enumerate() {
                        let found = judge(leaf(member, own), leaf(member, known));
                        let expected: &[String] = &[format!("{of}.{member}")];
                        let expected = if more > less { expected } else { &[] };
                        assert_eq!(found, expected, "{member}: {own} against {known}");
                    }
                }
            }
        }
        let none = Vec::<&str>::new();
        assert_eq!(aal(json!({"userVerification": "claimed"}), json!({})), none);
        assert_eq!(aal(json!({"crossDevice": true}), json!({"crossDevice": false})), none);
        assert_eq!(
            aal(json!({"crossDevice": false}), json!({"crossDevice": true})),
            ["aal.crossDevice"]
        );
    }
}
