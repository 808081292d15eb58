use inkan_core::sha256;

use super::*;
use crate::current::verify_current;
use crate::entry::{OnceClaims, OnceId, TrustStatement};
use crate::map::MapKey;
use crate::opening::DigestFormat;
use crate::testing::{Person, SALT, World, at, status};
use crate::{ActId, Leaf};

fn shown(world: &World, key: &MapKey) -> VerifiedCurrent {
    let note = world.cosigned(world.log.size(), &[210, 220]);
    let proof = world.log.current(key, &note).unwrap();
    verify_current(&proof, key, &world.policy(), at(300)).unwrap()
}

fn opening(artefact: &[u8]) -> (Opening, Digest) {
    let digest = sha256(&[artefact]);
    (Opening::new(DigestFormat::Jws, SALT, digest), digest)
}

fn code<T: std::fmt::Debug>(result: Result<T, ReceiptError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn an_older_state_of_an_act_is_superseded() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    world.enter(&person, &person.act(1, 1, b"accept")).unwrap();
    world.enter(&person, &person.act(1, 2, b"withdraw")).unwrap();
    world.seal(200);
    let act = |act| shown(&world, &MapKey::act(person.scid(), &ActId::from_bytes([act; 32])));
    let check = |current: &VerifiedCurrent, artefact: &[u8]| {
        let (opening, digest) = opening(artefact);
        current.check_act(&opening, &digest)
    };
    let newest = act(1);
    assert_eq!(check(&newest, b"withdraw"), Ok(()));
    assert_eq!(code(check(&newest, b"accept")), "act-superseded");
    assert_eq!(code(check(&act(2), b"accept")), "act-superseded", "never registered");
    let (of_another, _) = opening(b"other");
    let digest = sha256(&[b"withdraw"]);
    assert_eq!(code(newest.check_act(&of_another, &digest)), "digest-mismatch");
    let head = world.log.state().did_head(person.scid()).unwrap().clone();
    assert_eq!(newest.check_entry_signature(head.document()), Ok(()));
    let stranger = parse_did_body(Person::new(6).line.as_bytes()).unwrap();
    let refused = newest.check_entry_signature(stranger.document());
    assert_eq!(code(refused), "entry-signature-invalid");
    // Recorded here, but made out to another log.
    let claims = person.act(1, 2, b"withdraw");
    let body = SignedEntry::sign(&claims, &person.kid(), "other.example", &person.key, at(1));
    let mut foreign = newest.clone();
    let leaf = Leaf::new(Kind::Countersignature, at(1), body.unwrap().into_bytes()).unwrap();
    foreign.head.as_mut().unwrap().leaf = leaf;
    assert_eq!(code(check(&foreign, b"withdraw")), "entry-signature-invalid");
    assert_eq!(newest.check_fresh(90, at(300)), Ok(()));
    assert_eq!(code(newest.check_fresh(89, at(300))), "stale");
}

#[test]
fn a_coupon_is_unused_until_somebody_uses_it() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    world.seal(10);
    let id = OnceId::from_bytes([7; 32]);
    let key = MapKey::once("coupon", &id);
    assert_eq!(shown(&world, &key).once(), Ok(OnceStanding::NotUsed { as_of: Some(at(210)) }));
    let claims = Claims::Once(OnceClaims { id, scope: "coupon".to_owned() });
    let leaf_index = world.enter(&person, &claims).unwrap();
    world.seal(200);
    let by = person.scid().to_owned();
    assert_eq!(shown(&world, &key).once(), Ok(OnceStanding::Used { by, leaf_index }));
    // That nobody used a coupon says nothing of authorities and DIDs.
    let nothing = shown(&world, &MapKey::once("coupon", &OnceId::from_bytes([8; 32])));
    assert_eq!(code(nothing.trust_at(at(100))), "malformed-leaf");
    assert_eq!(code(nothing.did_head(&[])), "malformed-leaf");
    assert_eq!(code(nothing.status()), "malformed-leaf");
    let other = MapKey::once("ticket", &id);
    assert!(matches!(shown(&world, &other).once(), Ok(OnceStanding::NotUsed { .. })));
    assert_eq!(code(shown(&world, &MapKey::did("nobody")).once()), "malformed-leaf");
}

#[test]
fn the_newest_statement_of_an_authority_says_what_holds_when() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let entity = "did:web:bakery.example";
    let claims = |sequence, operation| TrustClaims {
        statement: TrustStatement::Authorization,
        entity_id: entity.to_owned(),
        action: "issue".to_owned(),
        resource: "Badge".to_owned(),
        operation,
        sequence,
        not_before: at(100),
        expires: Some(at(1_000)),
        digest: None,
    };
    let key =
        MapKey::trust_of(person.scid(), TrustStatement::Authorization, entity, "issue", "Badge");
    world.seal(10);
    assert_eq!(shown(&world, &key).trust_at(at(100)), Ok(TrustStanding::NeverStated));
    let grant = claims(1, TrustOperation::Grant);
    world.enter(&person, &Claims::Trust(grant.clone())).unwrap();
    world.seal(20);
    let trust = |time| shown(&world, &key).trust_at(at(time)).unwrap();
    assert_eq!(trust(99), TrustStanding::NotThen(grant.clone()));
    assert_eq!(trust(100), TrustStanding::Holds(grant.clone()));
    assert_eq!(trust(999), TrustStanding::Holds(grant.clone()));
    assert_eq!(trust(1_000), TrustStanding::NotThen(grant));
    let void = claims(2, TrustOperation::Void { since: at(-500) });
    world.enter(&person, &Claims::Trust(void.clone())).unwrap();
    world.seal(30);
    let trust = |time| shown(&world, &key).trust_at(at(time)).unwrap();
    assert_eq!(trust(-500), TrustStanding::Void(void.clone()));
    assert_eq!(trust(-501), TrustStanding::Ended(void));
    let end = claims(3, TrustOperation::End);
    world.enter(&person, &Claims::Trust(end.clone())).unwrap();
    world.seal(40);
    assert_eq!(shown(&world, &key).trust_at(at(500)), Ok(TrustStanding::Ended(end)));
}

#[test]
fn the_newest_status_list_and_the_newest_version_are_shown() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    let list = status(1, b"list");
    world.enter(&person, &Claims::Status(list.clone())).unwrap();
    world.seal(20);
    let key = MapKey::status(person.scid(), &list.uri);
    assert_eq!(shown(&world, &key).status(), Ok(Some(list)));
    let none = MapKey::status(person.scid(), "https://ledger.example/status/2");
    assert_eq!(shown(&world, &none).status(), Ok(None));
    let did = MapKey::did(person.scid());
    assert_eq!(code(shown(&world, &did).status()), "malformed-leaf");

    let first = person.line.trim_end().as_bytes();
    let one = shown(&world, &did).did_head(&[]).unwrap().unwrap();
    assert_eq!(one.number(), 1);
    let (line, _) = person.rotate(&one, at(60));
    world.submit(Kind::Did, line.trim_end(), 60).unwrap();
    world.seal(80);
    let current = shown(&world, &did);
    assert_eq!(current.did_head(&[first]).unwrap().unwrap().number(), 2);
    assert_eq!(code(current.did_head(&[])), "entry-signature-invalid", "a version is missing");
    let stranger = Person::new(6).line;
    let refused = current.did_head(&[stranger.trim_end().as_bytes()]);
    assert_eq!(code(refused), "entry-signature-invalid");
    assert!(shown(&world, &MapKey::did("nobody")).did_head(&[]).unwrap().is_none());
}

/// The map is the operator's: a verifier that has the versions does not believe what it says beside them.
#[test]
fn the_map_says_of_a_did_what_its_newest_version_says() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    world.seal(20);
    let good = shown(&world, &MapKey::did(person.scid()));
    assert_eq!(good.did_head(&[]).unwrap().unwrap().number(), 1);
    let with = |change: &dyn Fn(&mut crate::MapValue)| {
        let mut other = good.clone();
        change(&mut other.head.as_mut().unwrap().value);
        code(other.did_head(&[]))
    };
    assert_eq!(with(&|value| value.sequence = 2), "map-value-invalid");
    let all = [Flags::ENDED, Flags::PRE_ROTATION, Flags::WITNESSED, Flags::PORTABLE, Flags::MOVED];
    for flipped in all {
        let change = |value: &mut crate::MapValue| {
            let said = value.flags;
            let kept = all.into_iter().filter(|flag| said.has(*flag) != (*flag == flipped));
            value.flags = kept.fold(Flags::NONE, Flags::with);
        };
        assert_eq!(with(&change), "map-value-invalid", "{flipped:?}");
    }
}
