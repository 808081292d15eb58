use proptest::prelude::*;

use super::*;
use crate::policy::LogPolicy;
use crate::testing::{ORIGIN, Person, World, at, ed25519};

/// A log of `size` leaves, five people and their epochs; all its leaves are made of `seed`.
fn log(seed: u64) -> World {
    let mut world = World::new();
    for person in seed..seed + 3 {
        world.register(&Person::new(person));
    }
    world.seal(10);
    world
}

fn promise_of(world: &World, places: &[u64], deadline: i64) -> Promise {
    let leaf = |place: &u64| (*place, world.log.tree().leaf_hash(*place).unwrap());
    Promise::new(ORIGIN, at(deadline), places.iter().map(leaf).collect()).unwrap()
}

fn signed(world: &World, promise: &Promise) -> VerifiedPromise {
    let note = promise.sign(&world.log_key, &world.log_secret).unwrap();
    verify_promise(&note.to_string(), &world.policy()).unwrap()
}

fn receipts(world: &World, places: &[u64], stamps: &[i64]) -> Vec<Receipt> {
    let note = world.cosigned(world.log.size(), stamps);
    places.iter().map(|place| world.log.receipt(*place, &note).unwrap()).collect()
}

fn judge(
    world: &World,
    promise: &VerifiedPromise,
    receipts: &[Receipt],
    notes: &[SignedNote],
) -> PromiseState {
    promise.judge(receipts, notes, &world.policy(), at(100_000))
}

#[test]
fn the_text_is_that_of_the_specification() {
    let world = log(5);
    let promise = promise_of(&world, &[1, 2], 86_400);
    let hash = |place| b64(world.log.tree().leaf_hash(place).unwrap().digest().as_bytes());
    let text = format!("inkan-promise/v1\n{ORIGIN}\n1768550400\n1 {}\n2 {}\n", hash(1), hash(2));
    assert_eq!(promise.to_text(), text);
    assert_eq!(Promise::parse_text(&text), Ok(promise.clone()));
    let verified = signed(&world, &promise);
    assert_eq!((verified.promise(), verified.promise().deadline()), (&promise, at(86_400)));
    assert!(Checkpoint::parse_text(&text).is_err(), "no witness takes it for a checkpoint");
}

#[test]
fn other_texts_are_refused() {
    let world = log(5);
    let good = promise_of(&world, &[1, 2], 86_400).to_text();
    let lines: Vec<_> = good.lines().collect();
    let (first, second) = (lines[3], lines[4]);
    for text in [
        good.replacen("v1", "v2", 1),
        good.replacen(ORIGIN, "", 1),
        good.replacen(ORIGIN, "two words", 1),
        good.replacen("1768550400", "01768550400", 1),
        good.replacen("1768550400", "-1", 1),
        good.replacen("1768550400", "9223372036854775808", 1),
        good.replacen(first, second, 1),
        good.replacen(second, first, 1),
        good.replacen(first, &first.replacen("1 ", "01 ", 1), 1),
        good.replacen(first, &first.replacen("1 ", "1  ", 1), 1),
        good.replacen(first, "1 AAAA", 1),
        good.replacen(first, "", 1),
        lines[..3].join("\n") + "\n",
        good.trim_end().to_owned(),
        format!("{good}\n"),
    ] {
        assert_ne!(text, good);
        assert_eq!(Promise::parse_text(&text).unwrap_err().code(), "malformed-receipt", "{text}");
    }
}

#[test]
fn a_promise_has_one_to_a_thousand_leaves_and_fits_its_limit() {
    let world = log(5);
    let leaves = |count: u64| (0..count).map(|at| ((1 << 62) + at, LeafHash::of(b"x"))).collect();
    let promise = |count| Promise::new(ORIGIN, at(1), leaves(count));
    assert_eq!(promise(0), Err(PromiseError));
    assert_eq!(promise(1_001), Err(PromiseError));
    let largest = promise(1_000).unwrap();
    let note = largest.sign(&world.log_key, &world.log_secret).unwrap().to_string();
    assert!(note.len() > 65_000 && note.len() < PROMISE_LIMIT);
    assert_eq!(verify_promise(&note, &world.policy()).unwrap().promise(), &largest);
    let early = Timestamp::from_seconds(-1).unwrap();
    assert_eq!(Promise::new(ORIGIN, early, leaves(1)), Err(PromiseError));
    assert_eq!(Promise::new("", at(1), leaves(1)), Err(PromiseError));
    let beyond = BTreeMap::from([(1 << 63, LeafHash::of(b"x"))]);
    assert_eq!(Promise::new(ORIGIN, at(1), beyond), Err(PromiseError));
    assert_eq!(PromiseError.code(), "malformed-receipt");
}

#[test]
fn only_the_log_can_promise() {
    let world = log(5);
    let promise = promise_of(&world, &[1], 86_400);
    let note = promise.sign(&world.log_key, &world.log_secret).unwrap();
    let code = |text: &str| verify_promise(text, &world.policy()).unwrap_err().code();
    let forged = promise.sign(&world.log_key, &ed25519(77)).unwrap();
    assert_eq!(code(&forged.to_string()), "log-signature-invalid");
    let (_, secret, key) = &world.witnesses[0];
    assert!(promise.sign(key, secret).is_err(), "another name than the log's");
    let stranger = LogPolicy::parse("quorum none\n").unwrap();
    let error = verify_promise(&note.to_string(), &stranger).unwrap_err();
    assert_eq!(error.code(), "unknown-log");
    assert_eq!(code(&note.to_string().replacen("\n\n", "\n", 1)), "malformed-receipt");
    assert_eq!(code(&world.signed(1).to_string()), "malformed-receipt");
}

#[test]
fn a_promise_is_kept_once_every_leaf_is_shown_under_the_quorum() {
    let world = log(5);
    let promise = signed(&world, &promise_of(&world, &[1, 3], 86_400));
    let both = receipts(&world, &[1, 3, 2], &[20, 20]);
    assert_eq!(judge(&world, &promise, &both, &[]), PromiseState::Kept);
    assert_eq!(PromiseState::Kept.code(), None);
    let pending = judge(&world, &promise, &both[..1], &[]);
    assert_eq!(pending, PromiseState::Pending { open: vec![3] });
    assert_eq!(pending.code(), Some("promise-pending"));
    let alone = receipts(&world, &[1, 3], &[20]);
    let pending = PromiseState::Pending { open: vec![1, 3] };
    assert_eq!(judge(&world, &promise, &alone, &[]), pending, "the quorum is not met");
    // Kept late is kept: nobody can still be harmed, and (b) may show the delay.
    let late = receipts(&world, &[1, 3], &[90_000, 90_000]);
    assert_eq!(judge(&world, &promise, &late, &[]), PromiseState::Kept);
}

/// Under a policy of two logs, one could show the other's receipt for what it left out itself.
#[test]
fn the_same_leaf_in_another_log_keeps_no_promise() {
    let world = log(5);
    let secret = ed25519(60);
    let other = KeyMaterial::Note(secret.public_key());
    let other = VerifierKey::new("other.example", other).unwrap();
    let witnesses = world.witnesses.iter().map(|(name, _, key)| (name.clone(), key.clone()));
    let text = LogPolicy::text_of_all(&world.log_key, &witnesses.collect::<Vec<_>>());
    let policy = LogPolicy::parse(&format!("log {other}\n{text}")).unwrap();
    let promise = signed(&world, &promise_of(&world, &[1], 86_400));
    let size = world.log.size();
    let head = world.log.checkpoint(size).unwrap().head();
    let mut note = Checkpoint::new(other.name(), head).unwrap().sign(&other, &secret).unwrap();
    for (_, secret, key) in &world.witnesses {
        note.put(crate::cosignature::cosign(note.text(), key, secret, at(20)).unwrap());
    }
    let path = world.log.tree().inclusion(1, size).unwrap();
    let receipt = Receipt::new(world.log.leaf(1).unwrap().to_bytes(), &path, &note);
    assert!(crate::verify_receipt(&receipt, &policy, at(100_000)).is_ok(), "a good receipt");
    let state = promise.judge(&[receipt], &[], &policy, at(100_000));
    assert_eq!(state, PromiseState::Pending { open: vec![1] });
}

#[test]
fn another_leaf_at_a_promised_place_breaks_it() {
    let world = log(5);
    let promise = signed(&world, &promise_of(&world, &[1, 3], 86_400));
    let fork = log(50);
    let other = receipts(&fork, &[3], &[]);
    let state = judge(&world, &promise, &other, &[]);
    assert_eq!(state, PromiseState::Broken(Breach::OtherLeaf(Box::new(other[0].clone()))));
    assert_eq!(state.code(), Some("promise-broken"));
    // Another leaf at another place says nothing.
    let beside = receipts(&fork, &[2], &[]);
    assert!(matches!(judge(&world, &promise, &beside, &[]), PromiseState::Pending { .. }));
    // Nor does what the log never signed.
    let unsigned = SignedNote::new(other[0].note().text().to_owned());
    let forged = Receipt::new(other[0].leaf_bytes().to_vec(), other[0].proof().path(), &unsigned);
    assert!(matches!(judge(&world, &promise, &[forged], &[]), PromiseState::Pending { .. }));
    let wrong = Receipt::new(b"not there".to_vec(), other[0].proof().path(), other[0].note());
    assert!(matches!(judge(&world, &promise, &[wrong], &[]), PromiseState::Pending { .. }));
}

#[test]
fn a_short_checkpoint_after_the_deadline_breaks_it_if_most_witnesses_saw_it() {
    let world = log(5);
    let size = world.log.size();
    let late = Promise::new(ORIGIN, at(86_400), [(size, LeafHash::of(b"lost"))].into()).unwrap();
    let promise = signed(&world, &late);
    let state = |stamps: &[i64]| judge(&world, &promise, &[], &[world.cosigned(size, stamps)]);
    let broken = world.cosigned(size, &[86_401, 86_500]);
    assert_eq!(state(&[86_401, 86_500]), PromiseState::Broken(Breach::NotCovered(broken.clone())));
    let pending = PromiseState::Pending { open: vec![size] };
    assert_eq!(state(&[86_400, 86_500]), pending, "at the deadline it may still come");
    assert_eq!(state(&[86_401]), pending, "one of two witnesses may lag");
    assert_eq!(state(&[]), pending);
    // What the log never signed does not accuse it, whoever cosigned.
    let mut unsigned = SignedNote::new(broken.text().to_owned());
    let cosignatures = broken.signatures().iter().filter(|line| !world.log_key.matches(line));
    cosignatures.for_each(|line| unsigned.put(line.clone()));
    assert_eq!(unsigned.signatures().len(), 2);
    assert_eq!(judge(&world, &promise, &[], &[unsigned]), pending);
    // A head that covers the place says nothing by itself.
    let shown = signed(&world, &promise_of(&world, &[1], 86_400));
    let covered = [world.cosigned(size, &[86_401, 86_500])];
    assert!(matches!(judge(&world, &shown, &[], &covered), PromiseState::Pending { .. }));
}

#[test]
fn an_old_head_shown_to_new_witnesses_accuses_nobody_who_kept_the_promise_in_time() {
    let world = log(5);
    let promise = signed(&world, &promise_of(&world, &[1, 3], 86_400));
    // Anybody can take a head from before to witnesses that never saw the log, after the deadline.
    let old = [world.cosigned(2, &[86_401, 86_500])];
    assert!(matches!(judge(&world, &promise, &[], &old), PromiseState::Broken(_)));
    let kept = receipts(&world, &[1, 3], &[86_300, 86_400]);
    assert_eq!(judge(&world, &promise, &kept, &old), PromiseState::Kept);
    assert!(
        matches!(judge(&world, &promise, &kept[..1], &old), PromiseState::Broken(_)),
        "not of 3"
    );
    let late = receipts(&world, &[1, 3], &[86_500, 86_500]);
    assert!(matches!(judge(&world, &promise, &late, &old), PromiseState::Broken(_)), "too late");
}

#[test]
fn a_timestamp_authority_shows_no_growth_and_breaks_no_promise() {
    let world = log(5);
    let size = world.log.size();
    let promise = Promise::new(ORIGIN, at(86_400), [(size, LeafHash::of(b"x"))].into()).unwrap();
    let promise = signed(&world, &promise);
    let tsa = VerifierKey::new("tsa", KeyMaterial::Tsa([3; 32])).unwrap();
    let text = format!("log {}\nwitness tsa {tsa}\nquorum none\n", world.log_key);
    let mut note = world.signed(size);
    note.put(SignatureLine { name: "tsa".to_owned(), key_id: tsa.id(), signature: vec![1] });
    let policy = LogPolicy::parse(&text).unwrap();
    let state = promise.judge(&[], &[note], &policy, at(100_000));
    assert!(matches!(state, PromiseState::Pending { .. }));
}

/// Half of all witnesses, if authorities counted, would never be reached by those that can see that a log did not grow.
#[test]
fn timestamp_authorities_are_not_among_the_witnesses_that_must_have_seen_it() {
    let world = log(5);
    let size = world.log.size();
    let promise = Promise::new(ORIGIN, at(86_400), [(size, LeafHash::of(b"x"))].into()).unwrap();
    let promise = signed(&world, &promise);
    let mut text = format!("log {}\n", world.log_key);
    for (name, _, key) in &world.witnesses {
        text.push_str(&format!("witness {name} {key}\n"));
    }
    for number in 0..3 {
        let tsa = VerifierKey::new(&format!("tsa{number}"), KeyMaterial::Tsa([number; 32]));
        text.push_str(&format!("witness tsa{number} {}\n", tsa.unwrap()));
    }
    let policy = LogPolicy::parse(&(text + "quorum none\n")).unwrap();
    let note = world.cosigned(size, &[86_401, 86_500]);
    let state = promise.judge(&[], std::slice::from_ref(&note), &policy, at(100_000));
    assert_eq!(state, PromiseState::Broken(Breach::NotCovered(note)));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>(), tail in "[0-9a-zA-Z=/+ \n]{0,200}") {
        let _ = Promise::parse_text(&text);
        let _ = Promise::parse_text(&format!("inkan-promise/v1\nledger.example\n{tail}"));
    }

    #[test]
    fn what_is_read_is_written_back(at in any::<usize>(), byte in 0_u8..128) {
        let world = log(5);
        let mut text = promise_of(&world, &[1, 2, 3], 86_400).to_text().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        if let Ok(text) = String::from_utf8(text) && let Ok(promise) = Promise::parse_text(&text) {
            prop_assert_eq!(promise.to_text(), text);
        }
    }
}
