//! What a countersignature covers: the proofs before it, and the text that was on the screen. Signed by hand over what our own code would not sign.

use std::sync::Arc;

use inkan_core::encoding::multibase58;
use inkan_core::{json, limits, sha256};
use inkan_credential::countersignature::{Role, Wanted, WantedSigners};
use inkan_credential::{Format, SecuredCredential};
use inkan_crypto::jws::{self, Jws};
use inkan_crypto::{KeyType, SecretKey, Signer as _};
use inkan_tests::world::{Case, HOLDER, ISSUER, Order, Step, Who, World};
use inkan_verifier::{CheckName, Context, Declared, Outcome, Reason, Verification};
use serde_json::{Value, json};

use super::expect::{accepted, lines, refused};

fn offered(world: &mut World, format: Format, offer: &[Wanted]) -> Case {
    let order = Order { offer: offer.to_vec(), status: false, ..Order::of(format) };
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    case
}

fn act(world: &mut World, case: &mut Case, who: Who, role: Role, step: Step) {
    let acted = world.sign_act(case, who, role, step);
    world.record_act(case, &acted, who);
}

/// The case, with these bytes in the place of its credential.
fn judged(world: &World, case: &Case, value: Value) -> Verification {
    let mut parts = world.parts(case);
    parts.put(SecuredCredential::parse_value(value).expect("readable"));
    parts.judge(&world.context())
}

/// A countersignature failed, for this reason.
#[track_caller]
fn invalid(verification: &Verification, expected: &str) {
    refused(verification, CheckName::Countersignature, "countersignature-invalid");
    let found = verification.checks().iter().any(|check| {
        matches!(&check.outcome, Outcome::Fail(Reason::CountersignatureInvalid { code }) if *code == expected)
    });
    assert!(found, "no {expected}:\n{}", lines(verification));
}

/// Signs the proof at a place anew, by the steps of `eddsa-jcs-2022` and of chains: over what it says now, and the proofs that it names.
fn signed_again(value: &mut Value, place: usize, key: &SecretKey) {
    let proofs = value["proof"].as_array().expect("proofs").clone();
    let mut config = proofs[place].clone();
    let names = config["previousProof"].as_array().cloned().unwrap_or_default();
    let covered: Vec<Value> =
        proofs.iter().filter(|proof| names.contains(&proof["id"])).cloned().collect();
    config.as_object_mut().expect("members").remove("proofValue");
    let mut document = value.clone();
    let members = document.as_object_mut().expect("members");
    members.remove("proof");
    if !covered.is_empty() {
        members.insert("proof".to_owned(), covered.into());
    }
    let digest = |value: &Value| sha256(&[&json::canonicalize(value).expect("canonical form")]);
    let message = [*digest(&config).as_bytes(), *digest(&document).as_bytes()].concat();
    let signature = key.sign(&message).expect("signed");
    value["proof"][place]["proofValue"] = multibase58(&signature).into();
}

#[test]
fn a_text_that_was_not_the_credentials_is_refused_in_every_form() {
    let other = sha256(&[b"another text"]).to_b64u();
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut world = World::new(930);
        let one = world.settle("one", KeyType::Ed25519);
        let mut case = offered(&mut world, format, &[Wanted::of(Role::Witness)]);
        // It is in nobody's record: what is signed anew would have another digest.
        let _unrecorded = world.sign_act(&mut case, one, Role::Witness, Step::Accept);
        accepted(&world.parts(&case).judge(&world.context()));
        let key = &world.actor(one).key;
        let verification = if format == Format::DataIntegrity {
            let mut value = case.credential.to_value();
            let before = value.clone();
            // What is signed here is what our own code signs.
            signed_again(&mut value, 1, key);
            assert_eq!(value, before);
            value["proof"][1]["countersignature"]["textDigest"] = other.as_str().into();
            invalid(&judged(&world, &case, value.clone()), "countersignature-invalid");
            signed_again(&mut value, 1, key);
            judged(&world, &case, value)
        } else {
            let own = Jws::parse(&case.beside[0], limits::JWS).expect("a JWS");
            let mut payload: Value = serde_json::from_slice(own.payload()).expect("a payload");
            payload["textDigest"] = other.as_str().into();
            let text = payload.to_string();
            let forged = jws::sign(own.header().clone(), text.as_bytes(), key).expect("signed");
            let mut parts = world.parts(&case);
            parts.beside = vec![forged];
            parts.judge(&world.context())
        };
        invalid(&verification, "countersignature-text-mismatch");
        refused(&verification, CheckName::Offered, "countersignature-missing");
    }
}

/// Every order of three.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

fn turned(value: &Value, order: [usize; 3]) -> Value {
    let mut out = value.clone();
    out["proof"] = order.iter().map(|place| value["proof"][*place].clone()).collect();
    out
}

/// A witness, and a notary after a witness; who signs first is said by `first`.
fn witnessed(seed: u64, first: Role) -> (World, Case) {
    let mut world = World::new(seed);
    let one = world.settle("one", KeyType::Ed25519);
    let notary = world.settle("notary", KeyType::Ed25519);
    let after = Some(Role::Witness);
    let offer = [Wanted::of(Role::Witness), Wanted { after, ..Wanted::of(Role::Notary) }];
    let mut case = offered(&mut world, Format::DataIntegrity, &offer);
    let mut both = [(one, Role::Witness), (notary, Role::Notary)];
    if first == Role::Notary {
        both.reverse();
    }
    for (who, role) in both {
        act(&mut world, &mut case, who, role, Step::Accept);
    }
    (world, case)
}

#[test]
fn the_order_of_a_chain_is_signed_and_the_order_in_the_file_makes_none() {
    let (world, case) = witnessed(931, Role::Witness);
    let value = case.credential.to_value();
    accepted(&judged(&world, &case, value.clone()));
    for order in ORDERS {
        let verification = judged(&world, &case, turned(&value, order));
        let place = |proof: usize| order.iter().position(|one| *one == proof);
        // The notary signed over the issuer's proof and the witness's, in this order.
        if place(0) < place(1) {
            accepted(&verification);
        } else {
            invalid(&verification, "countersignature-invalid");
        }
    }
    // Who came first by the file did not, and nobody makes it so.
    let (world, case) = witnessed(932, Role::Notary);
    let value = case.credential.to_value();
    let code = "countersignature-out-of-order";
    refused(&judged(&world, &case, value.clone()), CheckName::Offered, code);
    for order in ORDERS {
        let verification = judged(&world, &case, turned(&value, order));
        assert!(!verification.is_authentic() && verification.has_failed());
    }
    let id = |place: usize| value["proof"][place]["id"].clone();
    let mut changed = value.clone();
    changed["proof"][1]["previousProof"] = json!([id(0), id(2)]);
    // Each would cover the other.
    let error = SecuredCredential::parse_value(changed.clone()).expect_err("a circle");
    assert_eq!(error.code(), "proof-chain-cycle");
    changed["proof"][2]["previousProof"] = json!([id(0)]);
    invalid(&judged(&world, &case, changed), "countersignature-invalid");
}

#[test]
fn what_a_proof_covers_cannot_be_changed() {
    let (world, case) = witnessed(933, Role::Witness);
    let value = case.credential.to_value();
    let id = |place: usize| value["proof"][place]["id"].clone();
    for (place, names) in [
        (2_usize, json!([id(0)])),
        (2, json!(id(0))),
        (2, json!([id(1), id(0)])),
        (2, json!([id(1)])),
        (1, json!([id(0), id(2)])),
    ] {
        let mut changed = value.clone();
        changed["proof"][place]["previousProof"] = names.clone();
        let Ok(credential) = SecuredCredential::parse_value(changed) else {
            // A circle is no chain, and cannot be read.
            assert_eq!((place, names), (1, json!([id(0), id(2)])));
            continue;
        };
        let mut parts = world.parts(&case);
        parts.put(credential);
        let verification = parts.judge(&world.context());
        refused(&verification, CheckName::Countersignature, "countersignature-invalid");
    }
    // One that names a proof that is gone; and one taken out from under another.
    let mut changed = value.clone();
    changed["proof"].as_array_mut().expect("proofs").remove(1);
    let error = SecuredCredential::parse_value(changed).expect_err("a gap");
    assert_eq!(error.code(), "previous-proof-unknown");
    // Signed again by its own key, not over the issuer's proof: it is about no credential.
    let notary = world.actors.last().expect("the notary");
    let mut changed = value.clone();
    changed["proof"][2]["previousProof"] = json!([id(1)]);
    signed_again(&mut changed, 2, &notary.key);
    invalid(&judged(&world, &case, changed), "countersignature-issuer-not-covered");
}

/// A second DID of the subject is the subject: by what both say of each other, by a registry, by one key.
#[test]
fn nobody_is_their_own_guardian_under_another_did() {
    let mut world = World::new(935);
    let second = world.settle("second", KeyType::Ed25519);
    let names = |world: &mut World, who: Who, other: Who| {
        let line: Value = serde_json::from_str(&world.actor(who).lines[0]).expect("an entry");
        let mut document = line["state"].clone();
        document["alsoKnownAs"] = json!([world.actor(other).did.to_string()]);
        world.leave(who, document);
    };
    let signed = |world: &mut World| {
        let mut case = offered(world, Format::Jose, &[Wanted::of(Role::Guardian)]);
        act(world, &mut case, second, Role::Guardian, Step::Accept);
        case
    };
    let case = signed(&mut world);
    accepted(&world.parts(&case).judge(&world.context()));
    // A registry that this verifier trusts knows that they are one.
    let both = [HOLDER, second].map(|who| world.actor(who).did.to_string());
    let declared = Declared { same: vec![both.into_iter().collect()], successions: vec![] };
    let told = Context { declared: Arc::new(declared), ..world.context() };
    let missing = |verification: &Verification| {
        refused(verification, CheckName::Offered, "countersignature-missing");
    };
    missing(&world.parts(&case).judge(&told));
    // Or both say so, when it signs.
    names(&mut world, second, HOLDER);
    let alone = signed(&mut world);
    accepted(&world.parts(&alone).judge(&world.context()));
    names(&mut world, HOLDER, second);
    let after = signed(&mut world);
    missing(&world.parts(&after).judge(&world.context()));
    // What the child says later does not undo what a guardian signed.
    accepted(&world.parts(&alone).judge(&world.context()));
}

#[test]
fn a_guardian_signs_for_a_child_and_nobody_else_does() {
    for format in [Format::DataIntegrity, Format::Jose, Format::SdJwt] {
        let mut world = World::new(934);
        let parent = world.settle("parent", KeyType::Ed25519);
        let stranger = world.settle("stranger", KeyType::P256);
        let named = [world.actor(parent).did.to_string()];
        let by = Some(WantedSigners::Dids(named.into()));
        // The child is whom the credential is about.
        let offer = [Wanted { by, ..Wanted::of(Role::Guardian) }];
        let mut case = offered(&mut world, format, &offer);
        let missing = |verification: &Verification| {
            refused(verification, CheckName::Offered, "countersignature-missing");
        };
        missing(&world.parts(&case).judge(&world.context()));
        let mut others = case.clone();
        act(&mut world, &mut others, HOLDER, Role::Guardian, Step::Accept);
        act(&mut world, &mut others, stranger, Role::Guardian, Step::Accept);
        act(&mut world, &mut others, parent, Role::Witness, Step::Accept);
        missing(&world.parts(&others).judge(&world.context()));
        let mut no = case.clone();
        act(&mut world, &mut no, parent, Role::Guardian, Step::Refuse);
        let said = world.parts(&no).judge(&world.context());
        refused(&said, CheckName::Offered, "countersignature-refused");
        act(&mut world, &mut case, parent, Role::Guardian, Step::Accept);
        let verification = world.parts(&case).judge(&world.context());
        let signed = &accepted(&verification).countersignatures()[0];
        assert_eq!(signed.role(), Role::Guardian);
        assert!(!signed.is_by_subject());
        act(&mut world, &mut case, parent, Role::Guardian, Step::Withdraw);
        let taken_back = world.parts(&case).judge(&world.context());
        refused(&taken_back, CheckName::Offered, "countersignature-withdrawn");
        // Whoever asks for some guardian does not get the child as its own.
        let mut case = offered(&mut world, format, &[Wanted::of(Role::Guardian)]);
        act(&mut world, &mut case, HOLDER, Role::Guardian, Step::Accept);
        missing(&world.parts(&case).judge(&world.context()));
        act(&mut world, &mut case, stranger, Role::Guardian, Step::Accept);
        accepted(&world.parts(&case).judge(&world.context()));
    }
}
