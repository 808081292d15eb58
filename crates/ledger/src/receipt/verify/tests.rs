use std::fmt;

use inkan_crypto::Signer;
use proptest::prelude::*;

use super::super::grade::Grade;
use super::*;
use crate::cosignature::cosign;
use crate::entry::SignedEntry;
use crate::leaf::Kind;
use crate::note::{SignatureLine, VerifierKey};
use crate::state::parse_did_body;
use crate::testing::{ORIGIN, Person, World, at, ed25519};
use crate::tree::{InclusionProof, LeafHash, NodeHash, TreeHead};

struct Case {
    world: World,
    person: Person,
    size: u64,
    index: u64,
}

fn case() -> Case {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    world.register(&Person::new(6));
    let index = world.enter(&person, &person.issuance(b"a")).unwrap();
    let size = world.seal(100);
    Case { world, person, size, index }
}

impl Case {
    fn note(&self) -> SignedNote {
        self.world.cosigned(self.size, &[110, 120])
    }

    fn under(&self, note: &SignedNote) -> Receipt {
        self.world.log.receipt(self.index, note).unwrap()
    }

    fn verify(&self, note: &SignedNote) -> Result<VerifiedLeaf, ReceiptError> {
        verify_receipt(&self.under(note), &self.world.policy(), at(200))
    }

    fn policy(&self, tail: &str) -> LogPolicy {
        let mut text = format!("log {}\n", self.world.log_key);
        for (name, _, key) in &self.world.witnesses {
            text.push_str(&format!("witness {name} {key}\n"));
        }
        LogPolicy::parse(&(text + tail)).unwrap()
    }
}

fn code<T: fmt::Debug>(result: Result<T, ReceiptError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_receipt_says_where_and_by_when_and_who_says_so() {
    let case = case();
    let leaf = case.verify(&case.note()).unwrap();
    assert_eq!((leaf.origin(), leaf.leaf_index(), leaf.tree_size()), (ORIGIN, 3, 5));
    assert_eq!(leaf.root_hash(), case.world.log.tree().root(5).unwrap());
    assert_eq!(leaf.leaf_hash(), case.world.log.tree().leaf_hash(3).unwrap());
    assert_eq!(leaf.existed_by(), Some(at(120)), "the second of two is needed");
    assert_eq!(leaf.fresh_at(), Some(at(110)));
    assert_eq!(leaf.grades().list(), [Grade::Witnessed(2)]);
    assert_eq!(leaf.operators(), BTreeSet::from(["w1".to_owned(), "w2".to_owned()]));
    let cosigners = leaf.checkpoint().cosigners();
    for (cosigner, ((name, _, key), time)) in
        cosigners.iter().zip(case.world.witnesses.iter().zip([110, 120]))
    {
        assert_eq!((cosigner.name(), cosigner.operator()), (name.as_str(), Some(name.as_str())));
        assert_eq!((cosigner.key(), cosigner.stamp()), (key, StampInterval::at(at(time))));
    }
    assert_eq!(cosigners.len(), 2);
    assert_eq!(leaf.expect_kind(Kind::Issuance), Ok(()));
    assert_eq!(code(leaf.expect_kind(Kind::Did)), "malformed-leaf");
    assert_eq!(leaf.leaf().kind(), Kind::Issuance);
    assert!(leaf.did_entry().is_none());
}

#[test]
fn every_leaf_of_the_log_verifies() {
    let case = case();
    let note = case.note();
    let checkpoint = verify_checkpoint(&note, &case.world.policy(), at(200)).unwrap();
    for index in 0..case.size {
        let receipt = case.world.log.receipt(index, &note).unwrap();
        let leaf = verify_receipt_under(&receipt, &checkpoint).unwrap();
        assert_eq!(leaf.leaf_index(), index);
        assert_eq!(leaf.did_entry().is_some(), leaf.leaf().kind() == Kind::Did);
    }
    let other = case.world.log.receipt(0, &case.world.cosigned(1, &[1, 1])).unwrap();
    assert_eq!(code(verify_receipt_under(&other, &checkpoint)), "malformed-receipt");
}

#[test]
fn only_logs_of_the_policy_count() {
    let case = case();
    let note = case.note();
    let stranger = VerifierKey::new(ORIGIN, KeyMaterial::Note(ed25519(99).public_key())).unwrap();
    let policy = LogPolicy::parse(&LogPolicy::text_of_all(&stranger, &[])).unwrap();
    assert_eq!(code(verify_receipt(&case.under(&note), &policy, at(200))), "unknown-log");
    // The right key under another name is another log.
    let renamed =
        VerifierKey::new("other.example", KeyMaterial::Note(case.world.log_secret.public_key()));
    let policy = LogPolicy::parse(&LogPolicy::text_of_all(&renamed.unwrap(), &[])).unwrap();
    assert_eq!(code(verify_receipt(&case.under(&note), &policy, at(200))), "unknown-log");
    let unsigned = SignedNote::new(note.text().to_owned());
    assert_eq!(code(case.verify(&unsigned)), "unknown-log");
}

/// Without this a log of the policy could sign heads in the name of another.
#[test]
fn a_log_of_the_policy_signs_for_itself_only() {
    let case = case();
    let secret = ed25519(98);
    let other = VerifierKey::new("other.example", KeyMaterial::Note(secret.public_key())).unwrap();
    let mut note = SignedNote::new(case.note().text().to_owned());
    let signature = secret.sign(note.text().as_bytes()).unwrap();
    note.put(SignatureLine { name: "other.example".to_owned(), key_id: other.id(), signature });
    let text = format!("log {}\nlog {other}\nquorum none\n", case.world.log_key);
    let policy = LogPolicy::parse(&text).unwrap();
    assert_eq!(code(verify_checkpoint(&note, &policy, at(200))), "unknown-log");
    assert_eq!(code(verify_receipt(&case.under(&note), &policy, at(200))), "unknown-log");
}

fn altered(note: &SignedNote, place: usize, change: fn(&mut SignatureLine)) -> SignedNote {
    let mut note = note.clone();
    let mut line = note.signatures()[place].clone();
    change(&mut line);
    note.put(line);
    note
}

#[test]
fn signatures_of_known_keys_must_verify() {
    let case = case();
    let note = case.note();
    let flip = |line: &mut SignatureLine| *line.signature.last_mut().unwrap() ^= 1;
    assert_eq!(code(case.verify(&altered(&note, 0, flip))), "log-signature-invalid");
    assert_eq!(code(case.verify(&altered(&note, 1, flip))), "cosignature-invalid");
    assert_eq!(code(case.verify(&altered(&note, 2, flip))), "cosignature-invalid");
    let earlier = |line: &mut SignatureLine| line.signature[7] ^= 1;
    assert_eq!(code(case.verify(&altered(&note, 1, earlier))), "cosignature-invalid");
    let short = |line: &mut SignatureLine| line.signature.truncate(71);
    assert_eq!(code(case.verify(&altered(&note, 1, short))), "cosignature-invalid");
    let short = |line: &mut SignatureLine| line.signature.truncate(63);
    assert_eq!(code(case.verify(&altered(&note, 0, short))), "log-signature-invalid");
    // A signature by the right key over another note does not help.
    let other = case.world.cosigned(1, &[1, 1]);
    let mut mixed = note;
    mixed.put(other.signatures()[0].clone());
    assert_eq!(code(case.verify(&mixed)), "log-signature-invalid");
}

#[test]
fn lines_of_unknown_keys_are_ignored_and_known_keys_sign_once() {
    let case = case();
    let note = case.note();
    let mut more = note.clone();
    let line = |name: &str, key_id| SignatureLine {
        name: name.to_owned(),
        key_id,
        signature: vec![0; 72],
    };
    more.put(line("stranger", [1; 4]));
    more.put(line(&format!("{ORIGIN}/w1"), [1; 4]));
    more.put(line(ORIGIN, [1; 4]));
    assert!(case.verify(&more).is_ok());
    for place in 0..3 {
        let twice = format!("{note}{}\n", note.signatures()[place]);
        let twice = SignedNote::parse(&twice).unwrap();
        assert_eq!(code(case.verify(&twice)), "malformed-receipt");
    }
}

#[test]
fn the_quorum_is_needed_and_stamps_from_the_future_are_refused() {
    let case = case();
    assert_eq!(code(case.verify(&case.world.cosigned(case.size, &[110]))), "quorum-not-met");
    assert_eq!(code(case.verify(&case.world.signed(case.size))), "quorum-not-met");
    assert!(case.verify(&case.world.cosigned(case.size, &[110, 500])).is_ok());
    let future = case.world.cosigned(case.size, &[110, 501]);
    assert_eq!(code(case.verify(&future)), "cosignature-in-future");
}

#[test]
fn times_are_those_at_which_the_quorum_holds() {
    let case = case();
    let times = |tail: &str, stamps: &[i64]| {
        let note = case.world.cosigned(case.size, stamps);
        let leaf = verify_receipt(&case.under(&note), &case.policy(tail), at(500)).unwrap();
        let seconds = |time: Option<Timestamp>| time.map(|time| time.seconds_since(at(0)));
        (seconds(leaf.existed_by()), seconds(leaf.fresh_at()), leaf.grades().list()[0])
    };
    let any = "group g any w1 w2\nquorum g\n";
    assert_eq!(times(any, &[110, 300]), (Some(110), Some(300), Grade::Witnessed(1)));
    assert_eq!(times(any, &[300, 110]), (Some(110), Some(300), Grade::Witnessed(1)));
    assert_eq!(times(any, &[150, 150]), (Some(150), Some(150), Grade::Witnessed(2)));
    let all = "group g all w1 w2\nquorum g\n";
    assert_eq!(times(all, &[110, 300]), (Some(300), Some(110), Grade::Witnessed(2)));
    assert_eq!(times("quorum w1\n", &[110, 300]), (Some(110), Some(110), Grade::Witnessed(1)));
    assert_eq!(times("quorum none\n", &[110, 300]), (None, None, Grade::Operator));
}

#[test]
fn a_higher_grade_may_come_at_a_later_time() {
    let case = case();
    let note = case.world.cosigned(case.size, &[110, 300]);
    let policy = case.policy("group g any w1 w2\nquorum g\n");
    let leaf = verify_receipt(&case.under(&note), &policy, at(500)).unwrap();
    let checkpoint = leaf.checkpoint();
    assert_eq!(checkpoint.existed_by_at(Grade::Operator), Some(at(110)));
    assert_eq!(checkpoint.existed_by_at(Grade::Witnessed(1)), Some(at(110)));
    assert_eq!(checkpoint.existed_by_at(Grade::Witnessed(2)), Some(at(300)));
    assert_eq!(checkpoint.existed_by_at(Grade::Witnessed(3)), None);
    assert_eq!(checkpoint.best_grades().list(), [Grade::Witnessed(2)]);
    assert_eq!(checkpoint.grades().to_string(), "witnessed 1");
    assert_eq!(checkpoint.grades_at(Grade::Witnessed(2)).to_string(), "witnessed 2");
    assert_eq!(checkpoint.grades_at(Grade::Tsa).to_string(), "witnessed 1", "it never holds");
    assert!(!checkpoint.best_grades().holds(Grade::Chain));
}

#[test]
fn witnesses_of_the_log_itself_and_of_one_operator_do_not_raise_the_grade() {
    let case = case();
    let grade = |names: [&str; 2]| {
        let mut text = format!("log {}\n", case.world.log_key);
        for (name, (_, _, key)) in names.iter().zip(&case.world.witnesses) {
            text.push_str(&format!("witness {name} {key}\n"));
        }
        text.push_str(&format!("group g all {}\nquorum g\n", names.join(" ")));
        let policy = LogPolicy::parse(&text).unwrap();
        verify_receipt(&case.under(&case.note()), &policy, at(200)).unwrap().grades().list()[0]
    };
    assert_eq!(grade(["acme", "bank"]), Grade::Witnessed(2));
    assert_eq!(grade(["acme/1", "acme/2"]), Grade::Witnessed(1));
    assert_eq!(grade(["acme", "self"]), Grade::Witnessed(1));
    assert_eq!(grade(["self/1", "self/2"]), Grade::Operator);
}

#[test]
fn tokens_that_were_not_checked_count_for_nothing() {
    let case = case();
    let tsa = VerifierKey::new("tsa", KeyMaterial::Tsa([3; 32])).unwrap();
    let mut note = case.note();
    note.put(SignatureLine { name: "tsa".to_owned(), key_id: tsa.id(), signature: vec![1, 2, 3] });
    let policy = |tail: &str| case.policy(&format!("witness t {tsa}\n{tail}"));
    let leaf = verify_receipt(&case.under(&note), &policy("quorum w1\n"), at(200)).unwrap();
    assert_eq!(leaf.checkpoint().not_checked(), ["t"]);
    let needed = policy("group g all w1 t\nquorum g\n");
    assert_eq!(code(verify_receipt(&case.under(&note), &needed, at(200))), "quorum-not-met");
}

/// A checker that reads a token as two decimal numbers: seconds from the begin of the world.
#[derive(Debug)]
struct Tokens;

impl TimestampChecker for Tokens {
    fn can_check(&self, _: &Digest, token: &[u8]) -> bool {
        token != b"of an authority whose certificate is elsewhere"
    }

    fn check(
        &self,
        anchor: &Digest,
        token: &[u8],
        imprint: &Digest,
    ) -> Result<StampInterval, &'static str> {
        let text = std::str::from_utf8(token).map_err(|_| "token-malformed")?;
        let (imprinted, times) = text.split_once(' ').ok_or("token-malformed")?;
        let (earliest, latest) = times.split_once(' ').ok_or("token-malformed")?;
        if anchor.as_bytes() != &[3; 32] || imprinted != imprint.to_hex() {
            return Err("token-of-something-else");
        }
        let time = |text: &str| at(text.parse().unwrap());
        Ok(StampInterval { earliest: time(earliest), latest: time(latest) })
    }
}

fn stamped(case: &Case, stamps: &[i64], token: &str) -> SignedNote {
    let tsa = VerifierKey::new("tsa", KeyMaterial::Tsa([3; 32])).unwrap();
    let mut note = case.world.cosigned(case.size, stamps);
    let token = token.replace("#", &sha256(&[note.text().as_bytes()]).to_hex());
    let signature = token.into_bytes();
    note.put(SignatureLine { name: "tsa".to_owned(), key_id: tsa.id(), signature });
    note
}

fn with_tsa(case: &Case, name: &str, tail: &str) -> LogPolicy {
    let tsa = VerifierKey::new("tsa", KeyMaterial::Tsa([3; 32])).unwrap();
    case.policy(&format!("witness {name} {tsa}\n{tail}"))
}

#[test]
fn a_token_counts_from_its_latest_time_and_up_to_its_earliest() {
    let case = case();
    let judge = |tail: &str, token: &str| {
        let note = stamped(&case, &[110, 120], token);
        let policy = with_tsa(&case, "stamps", tail);
        verify_checkpoint_with(&note, &policy, Some(&Tokens), at(200)).unwrap()
    };
    let all = "group g all w1 stamps\nquorum g\n";
    let late = judge(all, "# 115 130");
    assert_eq!((late.existed_by(), late.fresh_at()), (Some(at(130)), Some(at(110))));
    assert_eq!(late.grades().list(), [Grade::Witnessed(3), Grade::Tsa]);
    assert_eq!(late.grades().to_string(), "witnessed 3, tsa");
    assert_eq!(late.not_checked(), [""; 0]);
    let early = judge(all, "# 90 100");
    assert_eq!((early.existed_by(), early.fresh_at()), (Some(at(110)), Some(at(90))));
    assert_eq!(early.grades().to_string(), "witnessed 2, tsa");
    // The grade asked for may hold at a later time than the first.
    let any = judge("quorum w1\n", "# 115 130");
    assert_eq!(any.existed_by(), Some(at(110)));
    assert_eq!(any.grades().list(), [Grade::Witnessed(1)]);
    assert_eq!(any.existed_by_at(Grade::Tsa), Some(at(130)));
    assert_eq!(any.grades_at(Grade::Tsa).to_string(), "witnessed 3, tsa");
}

#[test]
fn what_a_policy_has_to_check_tokens_with_is_used_everywhere() {
    let case = case();
    let note = stamped(&case, &[110, 120], "# 115 130");
    let bare = with_tsa(&case, "stamps", "quorum stamps\n");
    let able = bare.clone().checking_tokens(Arc::new(Tokens));
    assert_eq!(bare, able, "they say the same");
    assert_eq!(code(verify_checkpoint(&note, &bare, at(200))), "quorum-not-met");
    let head = verify_checkpoint(&note, &able, at(200)).unwrap();
    assert_eq!((head.existed_by(), head.not_checked()), (Some(at(130)), &[][..]));
    assert!(verify_receipt(&case.under(&note), &able, at(200)).is_ok());
    assert_eq!(claimed_existed_by(&note, &able), Some(at(130)), "for finding a head by its time");
    assert_eq!(claimed_existed_by(&note, &bare), None);
    let forged = stamped(&case, &[110, 120], "0000 115 130");
    assert_eq!(code(verify_checkpoint(&forged, &able, at(200))), "cosignature-invalid");
}

#[test]
fn a_bundle_is_verified_by_the_path_of_its_first_leaf() {
    let mut world = World::new();
    let person = Person::new(5);
    world.register(&person);
    for number in 0..300_u32 {
        world.enter(&person, &person.issuance(&number.to_be_bytes())).unwrap();
    }
    let size = world.seal(100);
    let note = world.cosigned(size, &[110, 120]);
    let head = verify_checkpoint(&note, &world.policy(), at(200)).unwrap();
    let receipt = |index| world.log.receipt(index, &note).unwrap();
    let bytes = |from: u64, to: u64| -> Vec<Vec<u8>> {
        (from..to).map(|index| receipt(index).leaf_bytes().to_vec()).collect()
    };
    for (from, to) in [(0, 256), (256, size)] {
        let mut leaves = bytes(from, to);
        let verified = verify_bundle_under(&receipt(from), &leaves, &head).unwrap();
        let indexes: Vec<_> = verified.iter().map(VerifiedLeaf::leaf_index).collect();
        assert_eq!(indexes, (from..to).collect::<Vec<_>>());
        assert_eq!(verified.last().unwrap().leaf().to_bytes(), *leaves.last().unwrap());
        // The last leaf is another one, or two have changed places: the first one's own path holds as before.
        let last = leaves.len() - 1;
        leaves.swap(last, last - 1);
        let swapped = verify_bundle_under(&receipt(from), &leaves, &head);
        assert_eq!(swapped.unwrap_err().code(), "inclusion-invalid");
        leaves.swap(last, last - 1);
        leaves.pop();
        let short = verify_bundle_under(&receipt(from), &leaves, &head);
        assert_eq!(short.unwrap_err().code(), "malformed-receipt");
    }
    let inside = verify_bundle_under(&receipt(1), &bytes(1, 257), &head);
    assert_eq!(inside.unwrap_err().code(), "malformed-receipt");
}

#[test]
fn a_token_that_does_not_verify_is_a_forgery() {
    let case = case();
    let policy = with_tsa(&case, "stamps", "quorum w1\n");
    let judge = |token: &str| {
        let note = stamped(&case, &[110, 120], token);
        verify_checkpoint_with(&note, &policy, Some(&Tokens), at(200))
    };
    assert!(judge("# 115 130").is_ok());
    let wrong = judge("0000 115 130").unwrap_err();
    assert_eq!(wrong.code(), "cosignature-invalid");
    assert!(wrong.to_string().contains("token-of-something-else"));
    assert_eq!(code(judge("nonsense")), "cosignature-invalid");
    let unknown = judge("of an authority whose certificate is elsewhere").unwrap();
    assert_eq!(unknown.not_checked(), ["stamps"], "nothing is known of it");
    // Sound but for its length: zeros before a number change nothing.
    let long = |length: usize| format!("# 115 {}130", "0".repeat(length - 64 - " 115 130".len()));
    assert!(judge(&long(TOKEN_LIMIT)).is_ok());
    assert_eq!(code(judge(&long(TOKEN_LIMIT + 1))), "cosignature-invalid");
    assert!(judge("# 115 500").is_ok());
    assert_eq!(code(judge("# 115 501")), "cosignature-in-future");
}

#[test]
fn the_log_s_own_authority_raises_no_grade() {
    let case = case();
    let note = stamped(&case, &[110, 120], "# 90 100");
    let grades = |name: &str| {
        let policy = with_tsa(&case, name, "quorum w1\n");
        verify_checkpoint_with(&note, &policy, Some(&Tokens), at(200)).unwrap().grades().to_string()
    };
    assert_eq!(grades("stamps"), "witnessed 2, tsa");
    assert_eq!(grades("w1/tsa"), "witnessed 1, tsa", "one operator with a witness and a TSA");
    assert_eq!(grades("self/tsa"), "witnessed 1");
}

#[test]
fn the_leaf_must_be_in_the_tree() {
    let case = case();
    let (note, policy) = (case.note(), case.world.policy());
    let good = case.under(&note);
    let with = |leaf: Vec<u8>, path: InclusionProof| {
        verify_receipt(&Receipt::new(leaf, &path, &note), &policy, at(200))
    };
    let leaf = good.leaf_bytes().to_vec();
    let path = good.proof().path().clone();
    assert!(with(leaf.clone(), path.clone()).is_ok());
    let other = case.world.log.leaf(1).unwrap().to_bytes();
    assert_eq!(code(with(other, path.clone())), "inclusion-invalid");
    let moved = InclusionProof { leaf_index: 2, ..path.clone() };
    assert_eq!(code(with(leaf.clone(), moved)), "inclusion-invalid");
    let mut short = path.clone();
    short.path.pop();
    assert_eq!(code(with(leaf.clone(), short)), "inclusion-invalid");
    let mut long = path;
    long.path.push(NodeHash::empty());
    assert_eq!(code(with(leaf, long)), "inclusion-invalid");
}

/// A log of one leaf with these bytes, signed and cosigned by the same keys.
fn single(world: &World, bytes: &[u8], stamps: [i64; 2]) -> Receipt {
    let head = TreeHead { tree_size: 1, root_hash: LeafHash::of(bytes).into_node() };
    let checkpoint = Checkpoint::new(ORIGIN, head).unwrap();
    let mut note = checkpoint.sign(&world.log_key, &world.log_secret).unwrap();
    for ((_, secret, key), time) in world.witnesses.iter().zip(stamps) {
        note.put(cosign(note.text(), key, secret, at(time)).unwrap());
    }
    Receipt::new(bytes.to_vec(), &InclusionProof { leaf_index: 0, path: vec![] }, &note)
}

#[test]
fn a_signed_tree_of_nonsense_is_still_no_leaf() {
    let world = World::new();
    let verify =
        |bytes: &[u8]| verify_receipt(&single(&world, bytes, [10, 10]), &world.policy(), at(20));
    assert_eq!(code(verify(b"nonsense")), "malformed-leaf");
    assert_eq!(code(verify(b"inkan-leaf/v1\ntoken\n1\nx")), "malformed-leaf");
    let leaf = verify(b"inkan-leaf/v1\nissuance\n1\nx").unwrap();
    assert_eq!(code(leaf.signed_entry()), "entry-signature-invalid");
    let leaf = verify(b"inkan-leaf/v1\ndid\n1\n{}").unwrap();
    assert!(leaf.did_entry().is_none());
    assert_eq!(code(leaf.signed_entry()), "entry-signature-invalid");
}

#[test]
fn a_leaf_cannot_be_younger_than_its_witnesses() {
    let world = World::new();
    let at_time = |seconds: i64| {
        let leaf = Leaf::new(Kind::Issuance, at(seconds), b"x".to_vec()).unwrap();
        verify_receipt(&single(&world, &leaf.to_bytes(), [10, 20]), &world.policy(), at(20))
    };
    assert!(at_time(320).is_ok());
    assert_eq!(code(at_time(321)), "time-inconsistent");
}

#[test]
fn the_entry_is_signed_by_whom_it_names_for_this_log() {
    let case = case();
    let leaf = case.verify(&case.note()).unwrap();
    let head = case.world.log.state().did_head(case.person.scid()).unwrap().clone();
    let entry = leaf.check_entry_signature(head.document()).unwrap();
    assert_eq!(entry.scid(), case.person.scid());
    let (line, _) = case.person.rotate(&head, at(150));
    let rotated = parse_did_body(line.as_bytes()).unwrap();
    assert_eq!(code(leaf.check_entry_signature(rotated.document())), "entry-signature-invalid");
    let stranger = parse_did_body(Person::new(6).line.as_bytes()).unwrap();
    assert_eq!(code(leaf.check_entry_signature(stranger.document())), "entry-signature-invalid");
    assert_eq!(leaf.check_home(None), Ok(()));
    assert_eq!(leaf.check_home(Some(ORIGIN)), Ok(()));
    assert_eq!(code(leaf.check_home(Some("other.example"))), "not-home");
}

#[test]
fn an_entry_made_out_to_another_log_is_refused_even_if_logged() {
    let world = World::new();
    let person = Person::new(5);
    let claims = person.issuance(b"a");
    let body =
        SignedEntry::sign(&claims, &person.kid(), "other.example", &person.key, at(0)).unwrap();
    let leaf = Leaf::new(Kind::Issuance, at(0), body.into_bytes()).unwrap();
    let receipt = single(&world, &leaf.to_bytes(), [10, 10]);
    let leaf = verify_receipt(&receipt, &world.policy(), at(20)).unwrap();
    let document = parse_did_body(person.line.as_bytes()).unwrap();
    assert_eq!(code(leaf.check_entry_signature(document.document())), "entry-signature-invalid");
}

#[test]
fn old_heads_are_stale() {
    let case = case();
    let leaf = case.verify(&case.note()).unwrap();
    let fresh = |max_age, now| leaf.checkpoint().check_fresh(max_age, at(now));
    assert_eq!(fresh(90, 200), Ok(()));
    assert_eq!(code(fresh(89, 200)), "stale");
    let policy = case.policy("quorum none\n");
    let leaf = verify_receipt(&case.under(&case.note()), &policy, at(200)).unwrap();
    assert_eq!(code(leaf.checkpoint().check_fresh(i64::MAX, at(200))), "stale");
}

#[test]
fn claimed_times_are_those_of_the_quorum_too() {
    let case = case();
    let policy = case.world.policy();
    assert_eq!(claimed_existed_by(&case.note(), &policy), Some(at(120)));
    assert_eq!(claimed_existed_by(&case.world.signed(case.size), &policy), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_flipped_bit_of_leaf_or_proof_fails(pick in any::<usize>()) {
        let case = case();
        let receipt = case.under(&case.note());
        let whole = case.verify(&case.note()).unwrap();
        let (mut leaf, mut proof) = (receipt.leaf_bytes().to_vec(), receipt.proof().to_string().into_bytes());
        let bit = pick % ((leaf.len() + proof.len()) * 8);
        match bit.checked_sub(leaf.len() * 8) {
            None => leaf[bit / 8] ^= 1 << (bit % 8),
            Some(bit) => proof[bit / 8] ^= 1 << (bit % 8),
        }
        if let Ok(text) = String::from_utf8(proof)
            && let Ok(proof) = super::super::TlogProof::parse(&text)
        {
            let receipt = Receipt::new(leaf, proof.path(), proof.note());
            // Renaming the name or id of a cosigner makes its line unknown, and the quorum fails.
            let result = verify_receipt(&receipt, &case.world.policy(), at(200));
            prop_assert!(result.is_err(), "{:?} and {:?}", result, whole.leaf_index());
        }
    }
}

#[test]
fn digests_are_not_mixed_up() {
    // A node hash offered as a leaf hash, as in a second-preimage attack on trees without domain separation.
    let case = case();
    let tree = case.world.log.tree();
    let left = tree.leaf_hash(0).unwrap();
    let right = tree.leaf_hash(1).unwrap();
    let fake = [left.digest().as_bytes().as_slice(), right.digest().as_bytes()].concat();
    assert_ne!(
        *LeafHash::of(&fake).digest(),
        *NodeHash::of_children(&left.into_node(), &right.into_node()).digest()
    );
}
