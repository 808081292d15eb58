//! The table of countersigners, from acts that were verified.

use inkan_credential::countersignature::{Decision, Role, Wanted, WantedSigners};
use inkan_evidence::Registry;
use inkan_verifier::agreement::Act;
use inkan_verifier::verified::ActState;
use serde_json::{Value, json};

use super::{Complete, Roll, Stage};
use crate::policy::Policy;
use crate::seen::SeenCredential;
use crate::testing::seen::{act, demanding, plain};
use crate::testing::{HOLDER, ISSUER, at, registry};

const NOTARY: &str = "did:web:notary";

fn accepts(role: Role, who: &str) -> Act {
    act(role, Decision::Accept, who, 5)
}

fn seals(who: &str, index: u64) -> Act {
    act(Role::Notary, Decision::Seal, who, index)
}

fn wanted(role: Role, by: Option<&[&str]>) -> Wanted {
    Wanted {
        role,
        by: by.map(|dids| WantedSigners::Dids(dids.iter().map(|did| (*did).to_owned()).collect())),
        at_least: 1,
        distinct: false,
        after: None,
        decision: Decision::Accept,
        before: None,
        within: None,
        delegates: false,
    }
}

fn roll(offer: Vec<Wanted>, acts: Vec<Act>, policy: Option<Value>) -> Roll {
    let credential = SeenCredential { acts, offer, ..plain() };
    let policy =
        policy.map(|items| Policy::from_value(&demanding("countersigned", items)).unwrap());
    let registries = [Registry::from_value(&registry()).unwrap()];
    let as_of = at("2026-11-21T12:00:00Z");
    Roll::table(&credential, policy.as_ref(), &registries, as_of, |_| vec![json!("acts")])
}

fn closing() -> Vec<Wanted> {
    let seal = Wanted { decision: Decision::Seal, ..wanted(Role::Notary, Some(&[NOTARY])) };
    vec![wanted(Role::Holder, Some(&[HOLDER])), seal]
}

#[test]
fn a_credential_goes_from_stage_to_stage() {
    let stage = |acts: Vec<Act>| {
        let roll = roll(closing(), acts, None);
        assert_eq!(roll.to_value()["stage"], roll.stage().as_str());
        (roll.stage(), roll.complete(), roll.is_ready_to_seal(), roll.is_closed())
    };
    let holder = || accepts(Role::Holder, HOLDER);
    assert_eq!(stage(vec![]), (Stage::Offered, Complete::No, false, false));
    let stranger = accepts(Role::Witness, "did:web:w");
    assert_eq!(stage(vec![stranger]), (Stage::Reviewed, Complete::No, false, false));
    assert_eq!(stage(vec![holder()]), (Stage::Countersigned, Complete::No, true, false));
    let mut unseen = seals(NOTARY, 6);
    unseen.record.as_mut().unwrap().existed_by = None;
    unseen.covers = vec![format!("proof-{HOLDER}")];
    assert_eq!(stage(vec![holder(), unseen]), (Stage::Sealed, Complete::Yes, true, true));
    let done = (Stage::Anchored, Complete::Yes, true, true);
    assert_eq!(stage(vec![holder(), seals(NOTARY, 6)]), done);
    let by_stranger = stage(vec![holder(), seals("did:web:x", 6)]);
    assert_eq!(by_stranger, (Stage::Countersigned, Complete::No, true, false));
    let refused = act(Role::Holder, Decision::Refuse, HOLDER, 5);
    assert_eq!(stage(vec![refused]), (Stage::Refused, Complete::No, false, false));
    let mut gone = holder();
    gone.state = ActState::Superseded;
    assert_eq!(stage(vec![gone]), (Stage::Refused, Complete::No, false, false));
    let words = [
        Stage::Offered,
        Stage::Reviewed,
        Stage::Countersigned,
        Stage::Refused,
        Stage::Sealed,
        Stage::Anchored,
    ];
    let words = words.map(Stage::as_str);
    assert_eq!(words, ["offered", "reviewed", "countersigned", "refused", "sealed", "anchored"]);
}

#[test]
fn where_nobody_is_asked_an_acceptance_makes_it_countersigned() {
    let stage = |acts: Vec<Act>| {
        let roll = roll(vec![], acts, None);
        assert!(!roll.asks());
        (roll.stage(), roll.complete())
    };
    assert_eq!(stage(vec![]), (Stage::Offered, Complete::Yes));
    assert_eq!(
        stage(vec![accepts(Role::Witness, "did:web:w")]),
        (Stage::Countersigned, Complete::Yes)
    );
    let refused = act(Role::Witness, Decision::Refuse, "did:web:w", 5);
    assert_eq!(stage(vec![refused]), (Stage::Reviewed, Complete::Yes));
    // A seal by the issuer closes it, too.
    assert_eq!(stage(vec![seals(ISSUER, 6)]).0, Stage::Anchored);
    assert_eq!(stage(vec![seals("did:web:x", 6)]).0, Stage::Reviewed);
    assert!(roll(closing(), vec![], None).asks());
}

#[test]
fn what_cannot_be_told_is_neither_complete_nor_refused() {
    let mut unsure = accepts(Role::Holder, HOLDER);
    unsure.flaw = Some(inkan_verifier::agreement::Flaw::KeyUnknown);
    let open = roll(vec![wanted(Role::Holder, Some(&[HOLDER]))], vec![unsure], None);
    assert_eq!((open.stage(), open.complete()), (Stage::Reviewed, Complete::Unknown));
    assert_eq!(open.to_value()["complete"], Value::Null);
    assert_eq!(open.problem(), Some("countersigner-unknown"));
    assert!(!open.is_ready_to_seal());
    let line = &open.to_value()["demands"][0];
    assert_eq!((&line["met"], &line["code"]), (&json!("unknown"), &json!("countersigner-unknown")));
}

#[test]
fn a_demand_says_who_is_counted_who_is_missing_and_why() {
    let two = Wanted { at_least: 2, ..wanted(Role::Witness, Some(&["did:web:a", "did:web:b"])) };
    let acts = || vec![accepts(Role::Witness, "did:web:a"), accepts(Role::Witness, "did:web:c")];
    let half = roll(vec![two.clone()], acts(), None);
    let line = &half.to_value()["demands"][0];
    assert_eq!(line["from"], "offer");
    assert_eq!(
        (&line["needed"], &line["found"], &line["met"]),
        (&json!(2), &json!(1), &json!("no"))
    );
    assert_eq!(line["counted"], json!(["did:web:a"]));
    assert_eq!(line["missing"], json!(["did:web:b"]));
    assert_eq!(line["notCounted"], json!([{"signer": "did:web:c", "why": "not-named"}]));
    assert_eq!(line["code"], "countersignature-missing");
    assert!(
        line.get("deadline").is_none()
            && line.get("registry").is_none()
            && line.get("delegates").is_none()
    );
    assert_eq!(half.problem(), Some("countersignature-missing"));
    assert!(half.counts(0, 0) && !half.counts(0, 1) && !half.counts(1, 0));
    let both = [acts(), vec![accepts(Role::Witness, "did:web:b")]].concat();
    let full = roll(vec![two], both, None);
    let line = &full.to_value()["demands"][0];
    assert_eq!((&line["met"], &line["missing"]), (&json!("yes"), &json!([])));
    assert!(line.get("code").is_none());
    assert_eq!((full.problem(), full.complete()), (None, Complete::Yes));
    assert_eq!(full.to_value()["complete"], true);
    assert_eq!(full.to_value()["countersignatures"], json!(["acts"]));
    assert_eq!(full.to_value()["issuer"], ISSUER);
}

#[test]
fn who_is_counted_by_one_act_is_not_left_out_for_another() {
    let mut second = accepts(Role::Witness, "did:web:a");
    second.flaw = Some(inkan_verifier::agreement::Flaw::KeyEnded);
    second.act = "another".to_owned();
    let one = wanted(Role::Witness, None);
    let line = roll(vec![one], vec![accepts(Role::Witness, "did:web:a"), second], None).to_value()
        ["demands"][0]
        .clone();
    assert_eq!((&line["counted"], &line["notCounted"]), (&json!(["did:web:a"]), &json!([])));
    assert!(line.get("missing").is_none(), "nobody is named");
}

#[test]
fn a_deadline_is_told_and_whether_it_is_over() {
    let by = |time: &str| {
        let demand = Wanted { before: Some(at(time)), ..wanted(Role::Holder, Some(&[HOLDER])) };
        let line = roll(vec![demand], vec![], None).to_value()["demands"][0].clone();
        (line["deadline"].clone(), line["over"].clone())
    };
    assert_eq!(by("2026-11-21T11:59:59Z"), (json!("2026-11-21T11:59:59Z"), json!(true)));
    assert_eq!(by("2026-11-21T12:00:00Z").1, false);
    assert_eq!(by("2026-11-21T12:00:01Z").1, false);
}

#[test]
fn a_policys_demands_stand_beside_those_of_the_offer() {
    let items = json!([{"role": "notary", "registry": "local"}]);
    let both = roll(
        vec![wanted(Role::Holder, Some(&[HOLDER]))],
        vec![accepts(Role::Holder, HOLDER)],
        Some(items.clone()),
    );
    let lines = both.to_value()["demands"].as_array().unwrap();
    assert_eq!((&lines[0]["from"], &lines[1]["from"]), (&json!("offer"), &json!("policy")));
    assert_eq!(lines[1]["registry"], "local");
    assert_eq!(both.complete(), Complete::No);
    let done = roll(vec![], vec![accepts(Role::Notary, ISSUER)], Some(items));
    assert_eq!(done.complete(), Complete::Yes);
    assert!(done.asks());
}

#[test]
fn who_may_seal_is_named_or_left_to_a_registry() {
    let roles = |roll: &Roll, did: &str| roll.seal_roles(did).collect::<Vec<_>>();
    let agents = |roll: &Roll, did: &str| roll.agents_seal_roles(did).collect::<Vec<_>>();
    let plain = roll(closing(), vec![], None);
    assert_eq!(roles(&plain, NOTARY), ["notary"]);
    assert!(roles(&plain, HOLDER).is_empty() && roles(&plain, "did:web:x").is_empty());
    assert!(agents(&plain, NOTARY).is_empty(), "agents are not admitted");
    let mut with_agents = closing();
    with_agents[1].delegates = true;
    let with_agents = roll(with_agents, vec![], None);
    assert_eq!(
        (roles(&with_agents, NOTARY), agents(&with_agents, NOTARY)),
        (vec!["notary"], vec!["notary"])
    );
    let subject = Wanted {
        decision: Decision::Seal,
        by: Some(WantedSigners::Subject),
        ..wanted(Role::Holder, None)
    };
    assert!(roles(&roll(vec![subject], vec![], None), HOLDER).is_empty());
    let anybody = Wanted { decision: Decision::Seal, ..wanted(Role::Notary, None) };
    assert!(roles(&roll(vec![anybody], vec![], None), NOTARY).is_empty());
    let listed = json!([{"role": "notary", "decision": "seal", "registry": "local"}]);
    assert_eq!(roles(&roll(vec![], vec![], Some(listed)), "did:web:x"), ["notary"]);
}
