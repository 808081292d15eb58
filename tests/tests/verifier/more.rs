//! One countersignature more never turns an accepted credential into a refused one, and one less never a refused one into an accepted one: every
//! subset of what was signed, through files and `verify`, with its one exception.

use std::collections::BTreeSet;

use inkan_assurance::{AssessContext, Catalogue, Decision, Policy, assess};
use inkan_core::codes::CodeBook;
use inkan_credential::countersignature::{Role, Wanted, WantedSigners};
use inkan_credential::{Format, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_evidence::facts_of;
use inkan_ledger::Opening;
use inkan_tests::world::{Case, HOLDER, ISSUER, Order, Parts, Step, Who, World};
use inkan_tests::{read_text, schemas};
use inkan_verifier::CheckName;
use serde_json::{Value, json};

use super::expect::{accepted, refused};

/// What one of them signed over the issuer's proof alone, so that it can be there or not whatever else is.
struct Signed {
    proof: Option<Value>,
    beside: Option<String>,
    entry: Option<(u64, Opening)>,
}

/// A credential that is offered, and what was signed over it.
struct Stage {
    world: World,
    case: Case,
    all: Vec<Signed>,
}

fn named(world: &World, who: &[Who]) -> Option<WantedSigners> {
    let dids = who.iter().map(|who| world.actor(*who).did.to_string());
    Some(WantedSigners::Dids(dids.collect()))
}

fn witnesses(at_least: u32) -> Wanted {
    Wanted { at_least, ..Wanted::of(Role::Witness) }
}

/// Five who sign: the subject, two witnesses, one of them as notary as well, and somebody whose act nobody recorded.
fn stage(format: Format, demand: &dyn Fn(&World, [Who; 3]) -> Vec<Wanted>, sealed: bool) -> Stage {
    let mut world = World::new(960);
    let one = world.settle("one", KeyType::Ed25519);
    let two = world.settle("two", KeyType::Ed25519);
    let three = world.settle("three", KeyType::P256);
    let offer = demand(&world, [one, two, three]);
    let order = Order { offer, status: false, ..Order::of(format) };
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let acts = [
        (HOLDER, Role::Holder, true),
        (one, Role::Witness, true),
        (two, Role::Witness, true),
        (two, Role::Notary, true),
        (three, Role::Witness, false),
    ];
    let mut all = Vec::new();
    for (place, (who, role, is_recorded)) in acts.into_iter().enumerate() {
        // The issuer closes it in the middle, where it closes.
        if sealed && place == 3 {
            let (seal, act) = sign(&mut world, &case, ISSUER, (Role::CoIssuer, Step::Seal), true);
            case = with(&case, [&seal]);
            case.acts.extend(act);
        }
        let (signed, act) = sign(&mut world, &case, who, (role, Step::Accept), is_recorded);
        case.acts.extend(act);
        all.push(signed);
    }
    Stage { world, case, all }
}

/// Somebody signs what the issuer made, as if nobody else had.
fn sign(
    world: &mut World,
    case: &Case,
    who: Who,
    (role, step): (Role, Step),
    is_recorded: bool,
) -> (Signed, Option<(Who, inkan_ledger::ActId)>) {
    let mut own = case.clone();
    let mut value = own.credential.to_value();
    if let Some(proofs) = value["proof"].as_array() {
        value["proof"] = proofs[0].clone();
        own.credential = SecuredCredential::parse_value(value).expect("readable");
    }
    own.beside.clear();
    own.acts.clear();
    let acted = world.sign_act(&mut own, who, role, step);
    let before = own.entries.len();
    if is_recorded {
        world.record_act(&mut own, &acted, who);
    }
    let proof = acted.beside.is_none().then(|| own.credential.to_value()["proof"][1].clone());
    let entry = own.entries.get(before).cloned();
    (Signed { proof, beside: acted.beside, entry }, own.acts.pop())
}

/// The case, and these on it.
fn with<'a>(case: &Case, signed: impl IntoIterator<Item = &'a Signed>) -> Case {
    let mut out = case.clone();
    for Signed { proof, beside, entry } in signed {
        if let Some(proof) = proof {
            let mut value = out.credential.to_value();
            let mut proofs = match &value["proof"] {
                Value::Array(proofs) => proofs.clone(),
                only => vec![only.clone()],
            };
            proofs.push(proof.clone());
            value["proof"] = json!(proofs);
            out.credential = SecuredCredential::parse_value(value).expect("readable");
        }
        out.beside.extend(beside.clone());
        out.entries.extend(entry.clone());
    }
    out
}

impl Stage {
    fn parts(&self, chosen: u32) -> Parts {
        let chosen = self.all.iter().enumerate().filter(|(place, _)| chosen & (1 << place) != 0);
        self.world.parts(&with(&self.case, chosen.map(|(_, signed)| signed)))
    }

    /// The subsets that are accepted.
    fn accepted(&self) -> BTreeSet<u32> {
        let context = self.world.context();
        let subsets = 0..1_u32 << self.all.len();
        subsets.filter(|chosen| self.parts(*chosen).judge(&context).is_authentic()).collect()
    }
}

/// What holds of every set of subsets that are accepted.
#[track_caller]
fn grows(accepted: &BTreeSet<u32>, count: usize, what: &str) {
    for chosen in accepted {
        for place in 0..count {
            let more = *chosen | (1_u32 << place);
            assert!(accepted.contains(&more), "{what}: {chosen:b} and {place}");
        }
    }
    // All of them together are enough.
    assert!(accepted.contains(&((1 << count) - 1)), "{what}");
}

/// The same where nobody but a policy asks.
#[test]
fn nor_does_a_policy_see_it_otherwise() {
    let codes = CodeBook::parse(&read_text(&schemas().join("codes.json"))).expect("the catalogue");
    let catalogue = Catalogue::builtin().expect("the catalogue of evidence");
    let terms = AssessContext { registries: &[], catalogue: &catalogue, codes: &codes };
    let policies = [
        json!({ "countersigned": [{ "role": "witness", "atLeast": 2 }] }),
        json!({
            "countersigned": [
                { "role": "holder", "by": "subject" },
                { "role": "notary", "after": "holder", "distinct": true },
                { "role": "witness", "distinct": true },
            ],
        }),
        json!({
            "countersigned": [{ "role": "witness", "atLeast": 2 }],
            "currentActs": { "required": true },
        }),
    ];
    let stage = stage(Format::Jose, &|_, _| vec![], false);
    let context = stage.world.context();
    for policy in policies {
        let mut value = json!({
            "type": "inkan-policy/1", "id": "more", "version": "1", "issuers": "any",
            "credentialTypes": "any",
        });
        value.as_object_mut().unwrap().extend(policy.as_object().unwrap().clone());
        let policy = Policy::from_value(&value).expect("a policy");
        let subsets = 0..1_u32 << stage.all.len();
        let accepted: BTreeSet<u32> = subsets
            .filter(|chosen| {
                let verification = stage.parts(*chosen).judge(&context);
                let facts = facts_of(&verification, &[]);
                assess(&verification, &facts, &policy, &terms).decision() == Decision::Accept
            })
            .collect();
        grows(&accepted, stage.all.len(), &value.to_string());
        assert!(!accepted.contains(&0), "{value}");
    }
}

#[test]
fn one_more_never_refuses_and_one_less_never_accepts() {
    type Demand<'a> = &'a dyn Fn(&World, [Who; 3]) -> Vec<Wanted>;
    let demands: [(Demand<'_>, bool); 5] = [
        (&|_, _| vec![], false),
        (&|_, _| vec![witnesses(2)], false),
        (
            &|_, _| {
                let distinct = Wanted { distinct: true, ..witnesses(1) };
                vec![distinct, Wanted { distinct: true, ..Wanted::of(Role::Notary) }]
            },
            false,
        ),
        (
            &|world, [one, ..]| {
                let before = Some(world.now.plus_seconds(86_400));
                let by = named(world, &[one]);
                let late = Wanted { after: Some(Role::Holder), ..Wanted::of(Role::Notary) };
                vec![Wanted { by, before, ..witnesses(1) }, late]
            },
            false,
        ),
        // Some came before the seal, and some after it.
        (&|_, _| vec![Wanted::of(Role::Holder), witnesses(2)], true),
    ];
    for format in [Format::DataIntegrity, Format::Jose] {
        for (number, (demand, sealed)) in demands.iter().enumerate() {
            let stage = stage(format, demand, *sealed);
            let accepted = stage.accepted();
            grows(&accepted, stage.all.len(), &format!("{format:?} {number}"));
            // Nobody at all is enough where nobody is asked.
            assert_eq!(accepted.contains(&0), number == 0, "{format:?} {number}");
        }
    }
}

/// What the documents under which two sign say of them, they say of all that they signed.
#[test]
fn who_is_shown_to_be_one_counts_once() {
    let mut world = World::new(961);
    let one = world.settle("one", KeyType::Ed25519);
    let two = world.settle("two", KeyType::Ed25519);
    let order = Order { offer: vec![witnesses(2)], status: false, ..Order::of(Format::Jose) };
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let act = |world: &mut World, case: &mut Case, who, role| {
        let acted = world.sign_act(case, who, role, Step::Accept);
        world.record_act(case, &acted, who);
    };
    for who in [one, two] {
        act(&mut world, &mut case, who, Role::Witness);
    }
    accepted(&world.parts(&case).judge(&world.context()));
    for (who, other) in [(one, two), (two, one)] {
        let line: Value = serde_json::from_str(&world.actor(who).lines[0]).expect("an entry");
        let mut document = line["state"].clone();
        document["alsoKnownAs"] = json!([world.actor(other).did.to_string()]);
        world.leave(who, document);
    }
    // What they say later undoes nothing by itself; the same two sign once more, under documents that name each other.
    accepted(&world.parts(&case).judge(&world.context()));
    act(&mut world, &mut case, one, Role::Notary);
    accepted(&world.parts(&case).judge(&world.context()));
    act(&mut world, &mut case, two, Role::Notary);
    let verification = world.parts(&case).judge(&world.context());
    refused(&verification, CheckName::Offered, "countersigners-not-distinct");
}
