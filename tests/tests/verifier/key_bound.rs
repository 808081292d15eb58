//! SD-JWT credentials with a key binding: who shows what, to whom, in answer to what, and when.

use inkan_core::Timestamp;
use inkan_credential::presentation::PresentationTerms;
use inkan_credential::sd_jwt::{ClaimPath, Concealment};
use inkan_credential::sd_jwt_vc::TypeMetadata;
use inkan_credential::{Presentation, SecuredCredential, sign};
use inkan_crypto::KeyType;
use inkan_ledger::MapKey;
use inkan_tests::made::fresh_rng;
use inkan_tests::world::{
    AUDIENCE, CLAIM, Case, HOLDER, ISSUER, NONCE, Parts, Who, World, fitting_schema,
};
use inkan_tests::{fixtures, read_json};
use inkan_verifier::{CheckName, Context, Live, Receipts, Verification, type_name};
use serde_json::{Value, json};

use super::expect::{accepted, noted, open, passed, refused};

/// The credential with these claims.
fn part(case: &Case, claims: &[&str]) -> SecuredCredential {
    let paths: Vec<ClaimPath> =
        claims.iter().map(|claim| ClaimPath::parse(claim).expect("a path")).collect();
    inkan_holder::disclose(&case.credential, &paths).expect("a part")
}

fn bound(
    world: &World,
    credential: &SecuredCredential,
    who: Who,
    (nonce, audience, created): (&str, &str, Timestamp),
) -> Presentation {
    let holder = world.actor(who);
    let method = holder.method();
    let terms = PresentationTerms {
        holder: holder.did.as_str(),
        method: &method,
        nonce,
        audience,
        created,
    };
    inkan_holder::present_key_bound(credential, &terms, &holder.key).expect("a presentation")
}

pub(super) fn shown(seed: u64, flat: bool, claims: &[&str]) -> (World, Case, Presentation) {
    let mut world = World::new(seed);
    let case = world.issue_in_parts(flat, None);
    let presentation = bound(&world, &part(&case, claims), HOLDER, (NONCE, AUDIENCE, world.now));
    (world, case, presentation)
}

/// A credential that names its holder by nothing but the name of a key, presented with that.
pub(super) fn shown_by_name(seed: u64) -> (World, Presentation) {
    let world = World::new(seed);
    let (issuer, holder) = (world.actor(ISSUER), world.actor(HOLDER));
    let claims = json!({
        "iss": issuer.did.as_str(), "iat": world.now.seconds(), "vct": "https://issuer.example/badge",
        "cnf": { "kid": holder.method() }, "name": CLAIM,
    });
    let none = Concealment { claims: &[], decoys: 0 };
    let made =
        sign::issue_sd_jwt_vc(claims, &none, &issuer.method(), &issuer.key, &mut fresh_rng());
    let credential = made.expect("a credential");
    let presentation = bound(&world, &credential, HOLDER, (NONCE, AUDIENCE, world.now));
    (world, presentation)
}

fn judged(world: &World, case: &Case, presentation: Presentation) -> Verification {
    world.parts_presented(presentation, &[case]).judge(&world.asking())
}

/// The same presentation after a change of its text.
fn changed(
    presentation: &Presentation,
    change: impl FnOnce(&mut Vec<String>),
) -> Option<Presentation> {
    let text = presentation.to_bare();
    let mut pieces: Vec<String> = text.split('~').map(str::to_owned).collect();
    change(&mut pieces);
    Presentation::parse(pieces.join("~").as_bytes()).ok()
}

#[test]
fn a_part_is_accepted_in_both_forms_and_with_both_kinds_of_keys() {
    for (flat, key_type) in [
        (false, KeyType::Ed25519),
        (true, KeyType::Ed25519),
        (false, KeyType::P256),
        (true, KeyType::P256),
    ] {
        let mut world = World::with_keys(300, key_type);
        let mut case = world.issue_in_parts(flat, None);
        world.accept(&mut case);
        let credential = part(&case, &["age_over_20"]);
        let presentation = bound(&world, &credential, HOLDER, (NONCE, AUDIENCE, world.now));
        assert!(!presentation.to_bare().contains(CLAIM));
        let verification = judged(&world, &case, presentation);
        accepted(&verification);
        let presenter = verification.presenter().expect("a presenter");
        assert_eq!(presenter.holder(), world.actor(HOLDER).did.as_str());
        assert_eq!(presenter.key(), &world.actor(HOLDER).key.public_key());
        assert_eq!((presenter.audience(), presenter.live()), (AUDIENCE, Live::Yes));
        let verified = verification.credentials()[0].as_ref().expect("a credential");
        assert_eq!(verified.format(), if flat { "dc+sd-jwt" } else { "vc+sd-jwt" });
        assert!(verified.credential().has_type("Badge"));
        let subject = &verified.credential().subjects()[0];
        assert_eq!(subject["age_over_20"], true);
        assert!(subject.get("name").is_none());
        // The record and the acceptance are about the issuer's signature, which a part still has.
        assert!(verified.recorded().is_some());
        assert_eq!(verified.countersignatures().len(), 1);
        let line = passed(&verification, CheckName::Countersignature);
        assert_eq!(line.evidence["text"], "unchecked");
    }
}

#[test]
fn a_key_that_the_issuer_confirmed_by_its_name_presents_and_no_other_does() {
    let mut world = World::new(303);
    let case = world.issue_in_parts(true, None);
    let stranger = world.visitor(KeyType::Ed25519);
    let context = Context { receipts: Receipts::Used, ..world.asking() };
    let confirmed = |cnf: Value| {
        let (issuer, holder) = (world.actor(ISSUER), world.actor(HOLDER));
        let claims = json!({
            "iss": issuer.did.as_str(),
            "iat": world.now.seconds(),
            "vct": "https://issuer.example/badge",
            "sub": holder.did.as_str(),
            "cnf": cnf,
            "name": CLAIM,
        });
        let none = Concealment { claims: &[], decoys: 0 };
        let mut rng = fresh_rng();
        sign::issue_sd_jwt_vc(claims, &none, &issuer.method(), &issuer.key, &mut rng)
            .expect("a credential")
    };
    let named = |url: &str| confirmed(json!({ "kid": url }));
    let shown = |credential: &SecuredCredential, who: Who| {
        let presentation = bound(&world, credential, who, (NONCE, AUDIENCE, world.now));
        world.parts_presented(presentation, &[&case]).judge(&context)
    };
    let credential = named(&world.actor(HOLDER).method());
    let verification = shown(&credential, HOLDER);
    passed(&verification, CheckName::Presentation);
    let presenter = verification.presenter().expect("a presenter");
    assert_eq!(presenter.method(), world.actor(HOLDER).method());
    refused(&shown(&credential, stranger), CheckName::Presentation, "presentation-proof-invalid");
    // A second condition, which nobody here reads, is not lost.
    let method = world.actor(HOLDER).method();
    let both = confirmed(json!({ "kid": method, "x5t#S256": "dGh1bWI" }));
    refused(&shown(&both, HOLDER), CheckName::Presentation, "holder-key-mismatch");
    // The name of somebody else's key, in a credential about the holder: it is for who has that key.
    let other = named(&world.actor(stranger).method());
    refused(&shown(&other, HOLDER), CheckName::Presentation, "presentation-proof-invalid");
}

#[test]
fn a_bundle_and_the_bare_text_say_the_same() {
    for flat in [false, true] {
        let (world, case, presentation) = shown(301, flat, &["name"]);
        let again = Presentation::parse_value(presentation.to_value()).expect("readable");
        assert_eq!(again.to_bare(), presentation.to_bare());
        assert!(Presentation::is_one(&presentation.to_value()));
        let bytes = presentation.to_bare();
        let read = inkan_credential::bundle::read_any(bytes.as_bytes()).expect("readable");
        let bundle = read.into_bundle();
        let inkan_credential::Artefact::Presentation(read) = bundle.artefact else {
            panic!("a presentation")
        };
        accepted(&judged(&world, &case, read));
    }
}

#[test]
fn another_nonce_audience_or_time_is_refused() {
    let (world, case, _) = shown(302, false, &["name"]);
    let credential = part(&case, &["name"]);
    let refusal = |terms| judged(&world, &case, bound(&world, &credential, HOLDER, terms));
    let name = CheckName::Presentation;
    refused(&refusal(("another", AUDIENCE, world.now)), name, "nonce-invalid");
    refused(&refusal((NONCE, "https://shop.example", world.now)), name, "audience-mismatch");
    for seconds in [-301, 61] {
        let then = world.now.plus_seconds(seconds);
        refused(&refusal((NONCE, AUDIENCE, then)), name, "presentation-stale");
    }
    // Judged again, its age says nothing.
    let old = bound(&world, &credential, HOLDER, (NONCE, AUDIENCE, world.now.plus_seconds(-400)));
    let mut expectation = world.asking().expectation.expect("an expectation");
    expectation.live = Live::No;
    let context = Context { expectation: Some(expectation), ..world.context() };
    accepted(&world.parts_presented(old, &[&case]).judge(&context));
}

#[test]
fn prs_05_what_is_shown_cannot_be_changed_on_the_way() {
    for flat in [false, true] {
        let (world, case, presentation) = shown(303, flat, &["name", "age_over_20"]);
        accepted(&judged(&world, &case, presentation.clone()));
        // Fewer claims than the holder signed for.
        let fewer = changed(&presentation, |pieces| drop(pieces.remove(1))).expect("readable");
        let verification = judged(&world, &case, fewer);
        refused(&verification, CheckName::Presentation, "presentation-hash-mismatch");
        assert!(verification.presenter().is_none());
        // More claims than the holder signed for.
        let less = bound(&world, &part(&case, &["name"]), HOLDER, (NONCE, AUDIENCE, world.now));
        let whole = case.credential.to_bare();
        let extra: Vec<&str> = whole.split('~').filter(|piece| !piece.is_empty()).collect();
        let own = less.to_bare();
        let missing = extra.iter().find(|piece| !own.contains(**piece)).expect("one more");
        let more = changed(&less, |pieces| pieces.insert(1, (*missing).to_owned()));
        let more = more.expect("readable");
        let verification = judged(&world, &case, more);
        refused(&verification, CheckName::Presentation, "presentation-hash-mismatch");
        // The key binding of another presentation.
        let other =
            bound(&world, &part(&case, &[]), HOLDER, (NONCE, AUDIENCE, world.now)).to_bare();
        let foreign = other.rsplit('~').next().expect("a key binding").to_owned();
        let swapped = changed(&presentation, |pieces| {
            *pieces.last_mut().expect("a key binding") = foreign;
        });
        let verification = judged(&world, &case, swapped.expect("readable"));
        refused(&verification, CheckName::Presentation, "presentation-hash-mismatch");
        // A changed value is no disclosure of the issuer's.
        let forged = changed(&presentation, |pieces| {
            pieces[1] = format!("{}A", pieces[1].trim_end_matches('A'));
        });
        assert!(forged.is_none());
    }
}

#[test]
fn only_the_confirmed_key_presents() {
    let (mut world, case, _) = shown(304, false, &["name"]);
    let thief = world.settle("thief", KeyType::Ed25519);
    let actor = world.actor(thief);
    let method = actor.method();
    let terms = PresentationTerms {
        holder: actor.did.as_str(),
        method: &method,
        nonce: NONCE,
        audience: AUDIENCE,
        created: world.now,
    };
    let refusal = inkan_holder::present_key_bound(&case.credential, &terms, &actor.key);
    assert_eq!(refusal.unwrap_err().code(), "key-binding-invalid");
    // The holder's key is replaced: the confirmed one is the holder's no more.
    let presentation = bound(&world, &part(&case, &["name"]), HOLDER, (NONCE, AUDIENCE, world.now));
    world.rotate(HOLDER);
    let verification = judged(&world, &case, presentation);
    refused(&verification, CheckName::Presentation, "holder-key-mismatch");
}

#[test]
fn a_holder_whose_keys_may_have_moved_on_is_left_open() {
    let (world, case, presentation) = shown(307, false, &["name"]);
    let mut parts = world.parts_presented(presentation, &[&case]);
    let holder = world.actor(HOLDER);
    parts.drop_receipt(&world.ledger.receipt(holder.places[0]));
    let head = world.head_of(&MapKey::did(holder.scid()));
    parts.current.retain(|one| *one != head);
    parts.did_logs.retain(|(did, _)| did != holder.did.as_str());
    open(&parts.judge(&world.asking()), CheckName::Presentation, "did-unresolved");
}

#[test]
fn a_schema_is_not_checked_against_a_part() {
    let mut world = World::new(305);
    let (id, schema) = fitting_schema();
    let case = world.issue_in_parts(false, Some((&id, &schema)));
    // One conceals what the schema asks for, one shows it.
    for claims in [["age_over_20"], ["name"]] {
        let presentation =
            bound(&world, &part(&case, &claims), HOLDER, (NONCE, AUDIENCE, world.now));
        let mut parts: Parts = world.parts_presented(presentation, &[&case]);
        parts.schema = Some((id.clone(), schema.clone()));
        let verification = parts.judge(&world.asking());
        noted(&verification, CheckName::Schema, "schema-partly-shown");
        accepted(&verification);
    }
    open(
        &judged(
            &world,
            &case,
            bound(&world, &case.credential, HOLDER, (NONCE, AUDIENCE, world.now)),
        ),
        CheckName::Schema,
        "schema-missing",
    );
}

#[test]
fn what_people_call_a_type_is_told_by_language() {
    let mut world = World::new(307);
    let case = world.issue_in_parts(true, None);
    let mut metadata = read_json(&fixtures().join("course-completion/type.json"));
    let claims = read_json(&fixtures().join("course-completion/claims.json"));
    let url = metadata["vct"].as_str().expect("a type").to_owned();
    let read = TypeMetadata::parse(metadata.to_string().as_bytes(), &url, None).expect("metadata");
    for language in ["en", "ja"] {
        for (path, _) in read.labels(language) {
            let name = path.trim_start_matches("[\"").trim_end_matches("\"]");
            assert!(claims.get(name.trim_start_matches('/')).is_some(), "{path}");
        }
        assert_eq!(read.labels(language).len(), 5);
    }
    metadata["vct"] = "Badge".into();
    metadata.as_object_mut().expect("an object").remove("claims");
    let presentation = bound(&world, &part(&case, &["name"]), HOLDER, (NONCE, AUDIENCE, world.now));
    let mut parts = world.parts_presented(presentation, &[&case]);
    parts.resources.insert("Badge".to_owned(), metadata.to_string().into_bytes());
    let verification = parts.judge(&world.asking());
    accepted(&verification);
    let evidence = Value::Object(passed(&verification, CheckName::Schema).evidence.clone());
    for (language, name) in [
        ("en-GB", "Course completion certificate"),
        ("ja", "講座修了証"),
        ("fr", "Course completion certificate"),
    ] {
        assert_eq!(type_name(&evidence, language), Some(name), "{language}");
    }
    assert_eq!(type_name(&serde_json::json!({ "type": "Badge" }), "en"), None);
}

#[test]
fn the_type_of_an_sd_jwt_vc_is_kept_to() {
    let mut world = World::new(306);
    let case = world.issue_in_parts(true, None);
    let present = |claims: &[&str]| {
        let presentation =
            bound(&world, &part(&case, claims), HOLDER, (NONCE, AUDIENCE, world.now));
        world.parts_presented(presentation, &[&case])
    };
    let with = |mut parts: Parts, metadata: &serde_json::Value| {
        parts.resources.insert("Badge".to_owned(), metadata.to_string().into_bytes());
        parts.judge(&world.asking())
    };
    let rule = |sd: &str| serde_json::json!({ "vct": "Badge", "claims": [{ "path": ["name"], "sd": sd, "mandatory": true }] });
    let verification = with(present(&["name"]), &rule("always"));
    accepted(&verification);
    assert_eq!(passed(&verification, CheckName::Schema).evidence["type"], "Badge");
    // Of what is kept back nothing is missed.
    accepted(&with(present(&["age_over_20"]), &rule("always")));
    let verification = with(present(&["name"]), &rule("never"));
    refused(&verification, CheckName::Schema, "type-metadata-violated");
    let other = serde_json::json!({ "vct": "Other" });
    refused(&with(present(&["name"]), &other), CheckName::Schema, "type-metadata-malformed");
    let extending = serde_json::json!({ "vct": "Badge", "extends": "https://type.example/base" });
    let verification = with(present(&["name"]), &extending);
    noted(&verification, CheckName::Schema, "type-metadata-missing");
    accepted(&verification);
    let mut parts = present(&["name"]);
    let base = serde_json::json!({ "vct": "https://type.example/base", "claims": [{ "path": ["name"], "sd": "never" }] });
    parts.resources.insert("https://type.example/base".to_owned(), base.to_string().into_bytes());
    refused(&with(parts, &extending), CheckName::Schema, "type-metadata-violated");
}

#[test]
fn a_reported_key_that_is_listed_again_presents_nothing() {
    for reported in [false, true] {
        let mut world = World::new(330);
        let case = world.issue_in_parts(true, None);
        world.sleep(86_400);
        let since = world.now;
        world.sleep(86_400);
        world.rotate(HOLDER);
        if reported {
            super::compromised::report(&mut world, HOLDER, (HOLDER, "key-1"), since);
        }
        let state = |line: &str| -> serde_json::Value {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["state"].take()
        };
        let (first, last) = {
            let lines = &world.actor(HOLDER).lines;
            (state(&lines[0]), state(lines.last().expect("a line")))
        };
        let (method, mut document) = (first["verificationMethod"][0].clone(), last);
        for (member, value) in [("authentication", &method["id"]), ("verificationMethod", &method)]
        {
            document[member].as_array_mut().expect("a list").push(value.clone());
        }
        world.leave(HOLDER, document);
        let holder = world.actor(HOLDER);
        let url = format!("{}#key-1", holder.did);
        let terms = PresentationTerms {
            holder: holder.did.as_str(),
            method: &url,
            nonce: NONCE,
            audience: AUDIENCE,
            created: world.now,
        };
        let key = &holder.retired[0].1;
        let credential = part(&case, &["name"]);
        let presented = inkan_holder::present_key_bound(&credential, &terms, key);
        let mut parts = world.parts_presented(presented.expect("a presentation"), &[&case]);
        let url = inkan_did::DidUrl::parse(&url).expect("a URL");
        let places = inkan_verifier::reports::map_keys(holder.scid(), &url);
        parts.current.extend(places.iter().map(|key| world.head_of(key)));
        let verification = parts.judge(&world.asking());
        if reported {
            refused(&verification, CheckName::Presentation, "holder-key-mismatch");
        } else {
            accepted(&verification);
        }
    }
}
