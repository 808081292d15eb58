//! Trust statements, anchors and one-time uses.

use inkan_did::webvh;
use serde_json::{Value, json};

use super::code;
use crate::entry::{AnchorContent, AnchorScope, SignedEntry, TrustOperation, TrustStatement};
use crate::state::claimed_scid;
use crate::testing::{Person, World, anchor, at, ed25519, once, status, trust};
use crate::{Claims, EntryId, Flags, Kind, MapKey, Rejection};

fn world() -> (World, Person) {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    (world, person)
}

#[test]
fn a_leaf_says_whose_it_is_and_an_epoch_is_nobodys() {
    let (world, person) = world();
    let claims = [
        person.issuance(b"a"),
        person.act(1, 1, b"a"),
        Claims::Status(status(1, b"list")),
        Claims::Trust(trust(1)),
        Claims::Anchor(anchor(b"a")),
        Claims::Once(once(1)),
    ];
    for claims in &claims {
        let body = person.sign(claims, at(1));
        let scid = claimed_scid(claims.kind(), body.as_bytes());
        assert_eq!(scid.as_deref(), Some(person.scid()), "{:?}", claims.kind());
        let other = if claims.kind() == Kind::Once { Kind::Trust } else { Kind::Once };
        assert_eq!(claimed_scid(other, body.as_bytes()), None, "{:?}", claims.kind());
    }
    assert_eq!(claimed_scid(Kind::Did, person.line.as_bytes()).as_deref(), Some(person.scid()));
    assert_eq!(claimed_scid(Kind::Did, b"{}"), None);
    let epoch = world.leaves().remove(0);
    let (kind, _, body) = crate::leaf::split(&epoch).unwrap();
    assert_eq!((kind, claimed_scid(kind, body)), (Kind::Epoch, None));
}

/// The code of an entry that is `claims`, changed.
fn changed(claims: &Claims, change: impl FnOnce(&mut Value)) -> &'static str {
    let person = Person::new(5);
    let body = person.sign(claims, at(1));
    let jws = inkan_crypto::jws::Jws::parse(&body, 4_096).unwrap();
    let mut payload: Value = serde_json::from_slice(jws.payload()).unwrap();
    change(&mut payload);
    let header = jws.header().clone();
    let payload = inkan_core::json::canonicalize(&payload).unwrap();
    let mut header = header;
    header.remove("alg");
    let body = inkan_crypto::jws::sign(header, &payload, &person.key).unwrap();
    SignedEntry::parse(claims.kind(), body.as_bytes()).map_or_else(|error| error.code(), |_| "good")
}

fn member(claims: &Claims, name: &str, value: Value) -> &'static str {
    changed(claims, |payload| {
        payload[name] = value;
    })
}

fn without(claims: &Claims, name: &str) -> &'static str {
    changed(claims, |payload| drop(payload.as_object_mut().unwrap().remove(name)))
}

#[test]
fn every_kind_says_what_it_was_made_of() {
    let person = Person::new(5);
    let mut void = trust(2);
    void.operation = TrustOperation::Void { since: at(-5) };
    void.expires = Some(at(9));
    void.digest = Some(inkan_core::sha256(&[b"more"]));
    void.statement = TrustStatement::Recognition;
    let mut end = trust(3);
    end.operation = TrustOperation::End;
    let mut committed = anchor(b"x");
    committed.content = AnchorContent::Committed { commitment: inkan_core::sha256(&[b"y"]) };
    committed.records = Some(12);
    let mut bare = anchor(b"x");
    bare.content = AnchorContent::Public { digest: inkan_core::sha256(&[b"z"]), length: None };
    for claims in [
        Claims::Trust(trust(1)),
        Claims::Trust(void),
        Claims::Trust(end),
        Claims::Anchor(anchor(b"x")),
        Claims::Anchor(committed),
        Claims::Anchor(bare),
        Claims::Once(once(1)),
    ] {
        let body = person.sign(&claims, at(1));
        let entry = SignedEntry::parse(claims.kind(), body.as_bytes()).unwrap();
        assert_eq!(entry.claims(), &claims);
        assert_eq!(changed(&claims, |_| {}), "good");
        assert_eq!(member(&claims, "more", json!(1)), "unknown-member");
        for name in ["iss", "aud", "iat"] {
            assert_eq!(without(&claims, name), "member-invalid", "{name}");
        }
    }
}

#[test]
fn the_members_of_a_trust_statement_are_exact() {
    let grant = Claims::Trust(trust(1));
    for name in ["type", "entityId", "action", "resource", "op", "seq", "nbf"] {
        assert_eq!(without(&grant, name), "member-invalid", "{name}");
    }
    for (name, value) in [
        ("type", json!("delegation")),
        ("entityId", json!("hospital.example")),
        ("entityId", json!("did:web:")),
        ("entityId", json!("did:Web:x")),
        ("entityId", json!("did:web:x/y")),
        ("entityId", json!("did:web:x:")),
        ("entityId", json!(format!("did:web:{}", "x".repeat(512)))),
        ("action", json!("")),
        ("action", json!("to issue")),
        ("action", json!("x".repeat(65))),
        ("resource", json!("x".repeat(257))),
        ("op", json!("revoke")),
        ("seq", json!(0)),
        ("exp", json!(at(0).seconds())),
        ("exp", json!(null)),
        ("dig", json!("AA")),
    ] {
        assert_eq!(member(&grant, name, value.clone()), "member-invalid", "{name} {value}");
    }
    assert_eq!(member(&grant, "entityId", json!("did:example:a.b-c_d%41:e")), "good");
    assert_eq!(member(&grant, "exp", json!(at(1).seconds())), "good");
    assert_eq!(member(&grant, "seq", json!(inkan_core::json::MAX_SAFE_INTEGER)), "good");
    assert_eq!(member(&grant, "since", json!(1)), "unknown-member", "since goes with void only");
    let mut void = trust(1);
    void.operation = TrustOperation::Void { since: at(0) };
    assert_eq!(without(&Claims::Trust(void), "since"), "member-invalid", "and void with since");
}

#[test]
fn the_members_of_anchors_and_uses_are_exact() {
    let public = Claims::Anchor(anchor(b"x"));
    for name in ["scope", "mt", "dig"] {
        assert_eq!(without(&public, name), "member-invalid", "{name}");
    }
    let digest = inkan_core::sha256(&[b"x"]).to_b64u();
    for (name, value) in [
        ("scope", json!("person")),
        ("mt", json!("pdf")),
        ("mt", json!("application/")),
        ("mt", json!("application/x;charset=utf-8")),
        ("mt", json!(format!("application/{}", "x".repeat(120)))),
        ("dig", json!(format!("{digest}="))),
        ("com", json!(digest)),
        ("len", json!(-1)),
        ("n", json!(0)),
    ] {
        assert_eq!(member(&public, name, value.clone()), "member-invalid", "{name} {value}");
    }
    let mut committed = anchor(b"x");
    committed.content = AnchorContent::Committed { commitment: inkan_core::sha256(&[b"y"]) };
    let committed = Claims::Anchor(committed);
    assert_eq!(committed.commitment(), Some(&inkan_core::sha256(&[b"y"])));
    assert_eq!(member(&committed, "len", json!(5)), "unknown-member", "a length would tell");
    let once = Claims::Once(once(1));
    for name in ["id", "scope"] {
        assert_eq!(without(&once, name), "member-invalid", "{name}");
    }
    assert_eq!(member(&once, "scope", json!("x".repeat(65))), "member-invalid");
    assert_eq!(member(&once, "id", json!("AAAA")), "member-invalid");
    assert_eq!(member(&once, "seq", json!(1)), "unknown-member");
}

/// The longest text of each member is taken, and one character more is not.
#[test]
fn texts_may_be_as_long_as_the_specification_says_and_no_longer() {
    let (list, grant) = (Claims::Status(status(1, b"x")), Claims::Trust(trust(1)));
    let (public, use_up) = (Claims::Anchor(anchor(b"x")), Claims::Once(once(1)));
    for (claims, name, begin, limit) in [
        (&list, "uri", "https://a/", 512),
        (&list, "purpose", "p", 32),
        (&list, "aud", "a", 64),
        (&grant, "entityId", "did:web:", 512),
        (&grant, "action", "a", 64),
        (&grant, "resource", "r", 256),
        (&public, "mt", "application/", 127),
        (&use_up, "scope", "s", 64),
    ] {
        let text = |length: usize| json!(format!("{begin}{}", "x".repeat(length - begin.len())));
        assert_eq!(member(claims, name, text(limit)), "good", "{name}");
        assert_eq!(member(claims, name, text(limit + 1)), "member-invalid", "{name}");
        assert_eq!(member(claims, name, json!("")), "member-invalid", "{name}");
    }
    let year = at(0).plus_seconds(366 * 86_400).seconds();
    let until = |exp: i64| {
        changed(&list, |payload| {
            payload["nbf"] = at(0).seconds().into();
            payload["exp"] = exp.into();
        })
    };
    assert_eq!((until(year), until(year + 1)), ("good", "member-invalid"));
    assert_eq!((until(at(1).seconds()), until(at(0).seconds())), ("good", "member-invalid"));
}

#[test]
fn trust_statements_are_counted_per_authority_and_statement() {
    let (mut world, person) = world();
    let conflict = |expected| Err(Rejection::SequenceConflict { expected });
    let enter = |world: &mut World, claims| world.enter(&person, &Claims::Trust(claims));
    assert_eq!(enter(&mut world, trust(2)), conflict(1));
    let first = enter(&mut world, trust(1)).unwrap();
    assert_eq!(enter(&mut world, trust(1)), Ok(first), "a duplicate");
    let mut other = trust(1);
    other.not_before = at(7);
    assert_eq!(enter(&mut world, other), conflict(2), "the same number for something else");
    assert_eq!(enter(&mut world, trust(3)), conflict(2));
    let key = MapKey::trust(person.scid(), &trust(1));
    let newest = |world: &World| world.log.state().newest_at(&key, 100).unwrap();
    assert_eq!(newest(&world).flags, Flags::NONE);
    let mut void = trust(2);
    void.operation = TrustOperation::Void { since: at(-1_000_000_000) };
    let place = enter(&mut world, void).unwrap();
    let value = newest(&world);
    assert_eq!((value.flags, value.sequence, value.leaf_index), (Flags::ENDED, 2, place));
    enter(&mut world, trust(3)).unwrap();
    assert_eq!(newest(&world).flags, Flags::NONE, "granted again");
    let mut end = trust(4);
    end.operation = TrustOperation::End;
    enter(&mut world, end).unwrap();
    assert_eq!(newest(&world).flags, Flags::ENDED);
    // Another part, another statement.
    let changes: [fn(&mut crate::TrustClaims); 4] = [
        |claims| claims.statement = TrustStatement::Recognition,
        |claims| claims.entity_id = "did:web:other.example".to_owned(),
        |claims| claims.action = "verify".to_owned(),
        |claims| claims.resource = "Other".to_owned(),
    ];
    for change in changes {
        let mut claims = trust(1);
        change(&mut claims);
        assert!(enter(&mut world, claims).is_ok());
    }
    let authority = Person::new(6);
    world.register(&authority);
    assert!(world.enter(&authority, &Claims::Trust(trust(1))).is_ok());
}

#[test]
fn a_key_is_reported_compromised_once_after_it_was_rotated_away() {
    let (mut world, person) = world();
    let report = |nbf: i64| {
        let mut claims = trust(1);
        claims.entity_id = person.did.to_string();
        claims.action = "key-compromised".to_owned();
        claims.resource = person.kid().to_string();
        claims.not_before = at(nbf);
        claims
    };
    let month = 2_592_000;
    let now = month + 100;
    let head = world.head(&person);
    let (line, key) = person.rotate(&head, at(now));
    let sign = |claims: &crate::TrustClaims, time: i64| {
        let kid = inkan_did::DidUrl::parse(&format!("{}#key-2", person.did)).unwrap();
        SignedEntry::sign(&Claims::Trust(claims.clone()), &kid, "ledger.example", &key, at(time))
            .unwrap()
    };
    let old = person.sign(&Claims::Trust(report(0)), at(50));
    let refused = |world: &mut World, body: &str, time| world.submit(Kind::Trust, body, time);
    assert_eq!(
        refused(&mut world, &old, 50),
        Err(Rejection::MemberInvalid { member: "resource" }),
        "still listed"
    );
    world.submit(Kind::Did, &line, now).unwrap();
    let mut submit =
        |claims: &crate::TrustClaims| world.submit(Kind::Trust, &sign(claims, now), now);
    assert_eq!(
        submit(&report(99)),
        Err(Rejection::BackdatingLimit { since: at(99), earliest: at(100) })
    );
    assert_eq!(submit(&report(now + 1)), Err(Rejection::MemberInvalid { member: "nbf" }));
    let refused = |change: fn(&mut crate::TrustClaims)| {
        let mut claims = report(100);
        change(&mut claims);
        let body = sign(&claims, now);
        SignedEntry::parse(Kind::Trust, body.as_bytes()).unwrap_err()
    };
    let invalid = |member| Rejection::MemberInvalid { member };
    assert_eq!(refused(|it| it.entity_id = "did:web:x.example".to_owned()), invalid("entityId"));
    assert_eq!(refused(|it| it.resource = "key-1".to_owned()), invalid("resource"));
    assert_eq!(refused(|it| it.resource = it.entity_id.clone()), invalid("resource"));
    assert_eq!(refused(|it| it.operation = TrustOperation::End), invalid("op"));
    assert_eq!(refused(|it| it.expires = Some(at(9_000_000))), invalid("exp"));
    assert_eq!(refused(|it| it.sequence = 2), invalid("seq"), "it is final");
    let place = submit(&report(100)).unwrap();
    assert_eq!(submit(&report(100)), Ok(place));
    assert_eq!(code(submit(&report(101))), "sequence-conflict", "it is final");
    // Not the authority's own: a statement about somebody else may use any other action and any time.
    let mut other = trust(1);
    other.not_before = at(-month);
    assert!(submit(&other).is_ok());
}

#[test]
fn a_compromise_may_be_as_recent_as_its_report() {
    let (mut world, person) = world();
    let (line, key) = person.rotate(&world.head(&person), at(100));
    world.submit(Kind::Did, &line, 100).unwrap();
    let kid = inkan_did::DidUrl::parse(&format!("{}#key-2", person.did)).unwrap();
    let mut submit = |nbf: i64| {
        let mut claims = trust(1);
        claims.entity_id = person.did.to_string();
        claims.action = "key-compromised".to_owned();
        claims.resource = person.kid().to_string();
        claims.not_before = at(nbf);
        let claims = Claims::Trust(claims);
        let body = SignedEntry::sign(&claims, &kid, "ledger.example", &key, at(100)).unwrap();
        world.submit(Kind::Trust, &body, 100)
    };
    assert_eq!(submit(101), Err(Rejection::MemberInvalid { member: "nbf" }));
    assert_eq!(submit(100), Ok(3));
}

/// A key that nothing uses may still be found in the document, and taken for one that counts.
#[test]
fn a_key_that_the_document_holds_is_not_reported_compromised() {
    let (mut world, person) = world();
    let first = world.head(&person);
    let (line, key) = person.rotate(&first, at(100));
    world.submit(Kind::Did, &line, 100).unwrap();
    let head = world.head(&person);
    let mut document = head.document().value().clone();
    let method = first.document().value()["verificationMethod"][0].clone();
    assert_eq!(method["id"], person.kid().to_string());
    document["verificationMethod"].as_array_mut().unwrap().push(method);
    let (update, next) = (ed25519(3_005), ed25519(4_005));
    let next_key_hashes = vec![webvh::next_key_hash(&next.public_key())];
    let change = webvh::Update { document, next_key_hashes };
    let line = webvh::update(&head, &change, &update, at(110)).unwrap();
    world.submit(Kind::Did, &line, 110).unwrap();
    let mut claims = trust(1);
    claims.entity_id = person.did.to_string();
    claims.action = "key-compromised".to_owned();
    claims.resource = person.kid().to_string();
    claims.not_before = at(50);
    let kid = inkan_did::DidUrl::parse(&format!("{}#key-2", person.did)).unwrap();
    let claims = Claims::Trust(claims);
    let body = SignedEntry::sign(&claims, &kid, "ledger.example", &key, at(120)).unwrap();
    let refused = Err(Rejection::MemberInvalid { member: "resource" });
    assert_eq!(world.submit(Kind::Trust, &body, 120), refused);
}

#[test]
fn an_id_is_used_once_whoever_uses_it() {
    let (mut world, person) = world();
    let till = Person::new(6);
    world.register(&till);
    let body = person.sign(&Claims::Once(once(1)), at(1));
    let first = world.submit(Kind::Once, &body, 1).unwrap();
    let used = Err(Rejection::AlreadyUsed { leaf_index: first });
    assert_eq!(world.submit(Kind::Once, &body, 500_000), Ok(first), "the very bytes again");
    let again = person.sign(&Claims::Once(once(1)), at(500_000));
    assert_eq!(world.submit(Kind::Once, &again, 500_000), used, "other bytes of the same signer");
    assert_eq!(world.enter(&till, &Claims::Once(once(1))), used, "another signer");
    let mut other = once(1);
    other.scope = "ticket".to_owned();
    assert!(world.enter(&till, &Claims::Once(other)).is_ok(), "ids are counted per scope");
    assert!(world.enter(&till, &Claims::Once(once(2))).is_ok());
    let value = world.log.state().newest_at(&MapKey::once("coupon", &once(1).id), 100).unwrap();
    assert_eq!((value.kind, value.sequence, value.leaf_index), (Kind::Once, 1, first));
}

#[test]
fn an_anchor_is_known_by_what_it_anchors() {
    let (mut world, person) = world();
    let first = world.enter(&person, &Claims::Anchor(anchor(b"x"))).unwrap();
    assert_eq!(world.enter(&person, &Claims::Anchor(anchor(b"x"))), Ok(first));
    let mut other = anchor(b"x");
    other.media_type = "text/plain".to_owned();
    assert_eq!(world.enter(&person, &Claims::Anchor(other.clone())), Ok(first), "one thing");
    other.scope = AnchorScope::Model;
    let second = world.enter(&person, &Claims::Anchor(other)).unwrap();
    assert_ne!(second, first);
    let digest = inkan_core::sha256(&[b"x"]);
    let id = EntryId::anchor(person.scid(), AnchorScope::Model, &digest);
    assert_eq!(world.log.state().lookup(&id), Some(second));
    assert!(world.log.state().heads(100).keys().all(|key| key.kind() == Kind::Did));
}

#[test]
fn the_order_of_checks_is_that_of_the_specification() {
    // Each entry breaks two rules; the earlier one is named.
    let (mut world, person) = world();
    let stranger = Person::new(9);
    let claims = Claims::Trust(trust(2));
    let sign = |who: &Person, key: &inkan_crypto::SecretKey, log: &str, time: i64| {
        SignedEntry::sign(&claims, &who.kid(), log, key, at(time)).unwrap()
    };
    let mut at_now = |body: &str| code(world.submit(Kind::Trust, body, 100_000));
    let (here, there) = ("ledger.example", "other.example");
    assert_eq!(at_now(&sign(&stranger, &stranger.key, there, 0)), "wrong-audience");
    assert_eq!(at_now(&sign(&stranger, &stranger.key, here, 0)), "iat-out-of-window");
    assert_eq!(at_now(&sign(&stranger, &stranger.key, here, 100_000)), "unknown-signer");
    assert_eq!(at_now(&sign(&person, &ed25519(77), here, 100_000)), "entry-signature-invalid");
    assert_eq!(at_now(&sign(&person, &person.key, here, 100_000)), "sequence-conflict");
    let head = world.head(&person);
    world.submit(Kind::Did, &person.deactivate(&head, at(100_001)), 100_001).unwrap();
    let body = sign(&person, &ed25519(77), here, 100_001);
    assert_eq!(code(world.submit(Kind::Trust, &body, 100_001)), "signer-deactivated");
}
