use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_ledger::VerifierKey;
use inkan_ledger::cosignature::cosign;
use inkan_ledger::note::KeyMaterial;

use super::*;
use crate::ledger_folder::layout::Layout;
use crate::ledger_folder::tests::{ORIGIN, at};
use crate::ledger_folder::{LedgerFolder, LedgerReader};

fn witness(name: &str, seed: u64) -> (VerifierKey, SecretKey) {
    let secret = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed));
    (VerifierKey::new(name, KeyMaterial::Cosignature(secret.public_key())).unwrap(), secret)
}

/// A ledger with heads of 2 to `last` leaves, one a second. The head of `size` has the lines of those whom `who` names.
fn folder(last: u64, who: impl Fn(u64) -> Vec<usize>) -> (tempfile::TempDir, [LogPolicy; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    drop(LedgerFolder::create(&path, ORIGIN, &mut SeededRng::new(1), at(0)).unwrap());
    let witnesses = [witness("one.example", 71), witness("two.example", 72)];
    let mut db = rusqlite::Connection::open(Layout::new(&path).state()).unwrap();
    let all = db.transaction().unwrap();
    for size in 2..=last {
        let time = at(i64::try_from(size).unwrap());
        let mut note = SignedNote::new(format!("{ORIGIN}\n{size}\nAAAA\n"));
        for (key, secret) in who(size).into_iter().map(|place| &witnesses[place]) {
            note.put(cosign(note.text(), key, secret, time).unwrap());
        }
        let size = i64::try_from(size).unwrap();
        let values = rusqlite::params![size, note.to_string(), time.seconds()];
        all.execute("INSERT INTO checkpoints VALUES(?1, 0, ?2, ?3)", values).unwrap();
    }
    let last = [i64::try_from(last).unwrap()];
    all.execute("INSERT OR REPLACE INTO meta VALUES('newest_size', ?1)", last).unwrap();
    all.commit().unwrap();
    let log = LedgerReader::open(&path).unwrap().policy().logs()[0].clone();
    let policy = |keys: &[usize]| {
        let named = |place: &usize| (format!("w{place}"), witnesses[*place].0.clone());
        let keys: Vec<_> = keys.iter().map(named).collect();
        LogPolicy::parse(&LogPolicy::text_of_all(&log, &keys)).unwrap()
    };
    let policies = [policy(&[0]), policy(&[1]), policy(&[0, 1])];
    (folder, policies)
}

/// The same, read after somebody had opened it for writing.
fn heads(
    last: u64,
    who: impl Fn(u64) -> Vec<usize>,
) -> (tempfile::TempDir, LedgerReader, [LogPolicy; 3]) {
    let (folder, policies) = folder(last, who);
    let reader = opened(&folder);
    (folder, reader, policies)
}

fn opened(folder: &tempfile::TempDir) -> LedgerReader {
    let path = folder.path().join("ledger");
    drop(StateDb::open(&Layout::new(&path).state()).unwrap());
    LedgerReader::open(&path).unwrap()
}

fn size(head: Option<Head>) -> Option<u64> {
    head.map(|(size, _)| size)
}

#[test]
fn the_first_head_that_a_policy_takes_is_found_also_where_its_witness_joined_later() {
    // The second is asked every half minute, from 690 on.
    let joined = |size: u64| size >= 690 && size.is_multiple_of(30);
    let (_folder, reader, [first, second, _]) =
        heads(1_000, |size| if joined(size) { vec![0, 1] } else { vec![0] });
    let over = |policy: &LogPolicy, index, limit| {
        size(reader.shared.first_over(policy, index, limit).unwrap())
    };
    assert_eq!(over(&first, 5, 1_000), Some(6));
    assert_eq!(over(&second, 5, 1_000), Some(690), "far away");
    assert_eq!(over(&second, 680, 1_000), Some(690), "near");
    assert_eq!(over(&second, 690, 1_000), Some(720), "a head does not cover its own size");
    assert_eq!(over(&second, 5, 689), None, "not of a later head than is looked at");
    assert_eq!(over(&second, 995, 1_000), None);
    // The newest, and the newest of a time.
    assert_eq!(size(reader.shared.newest_under(&second, 1_000).unwrap()), Some(990));
    let seen = |policy: &LogPolicy, time| size(reader.shared.seen_by(policy, at(time)).unwrap());
    assert_eq!((seen(&first, 700), seen(&second, 700)), (Some(700), Some(690)));
    assert_eq!(seen(&second, 600), None);
}

#[test]
fn a_witness_that_left_is_found_under_the_heads_of_its_time() {
    let (_folder, reader, [first, second, _]) =
        heads(1_000, |size| if size <= 900 { vec![0, 1] } else { vec![0] });
    let over =
        |policy: &LogPolicy, index| size(reader.shared.first_over(policy, index, 1_000).unwrap());
    assert_eq!((over(&second, 300), over(&second, 899)), (Some(301), Some(900)));
    assert_eq!((over(&second, 900), over(&first, 900)), (None, Some(901)));
    assert_eq!(size(reader.shared.newest_under(&second, 1_000).unwrap()), Some(900));
}

/// An authority stamps one head an hour; others, one in thirty; and no head has all lines but a few.
#[test]
fn a_head_that_few_have_signed_is_found_among_thousands() {
    let who = |size: u64| match size {
        1_500 | 3_600 => vec![0, 1],
        size if size.is_multiple_of(600) => vec![1],
        _ => vec![0],
    };
    let (_folder, reader, [first, second, both]) = heads(4_000, who);
    let newest =
        |policy: &LogPolicy, limit| size(reader.shared.newest_under(policy, limit).unwrap());
    assert_eq!((newest(&first, 4_000), newest(&second, 4_000)), (Some(4_000), Some(3_600)));
    assert_eq!((newest(&both, 4_000), newest(&both, 3_599)), (Some(3_600), Some(1_500)));
    assert_eq!(newest(&both, 1_499), None);
    let over =
        |policy: &LogPolicy, index| size(reader.shared.first_over(policy, index, 4_000).unwrap());
    assert_eq!((over(&second, 1), over(&both, 1)), (Some(600), Some(1_500)));
    assert_eq!((over(&both, 1_500), over(&both, 3_600)), (Some(3_600), None));
    let seen = |time| size(reader.shared.seen_by(&both, at(time)).unwrap());
    assert_eq!((seen(4_000), seen(3_599), seen(1_499)), (Some(3_600), Some(1_500), None));
}

/// A folder of a program that did not keep who signed what, and one that such a program wrote to in between.
#[test]
fn who_signed_what_is_made_again_from_the_notes_wherever_it_is_missing() {
    let who = |size: u64| if size == 300 || size == 700 { vec![0, 1] } else { vec![0] };
    let (folder, [_, second, _]) = folder(1_000, who);
    let path = folder.path().join("ledger");
    let newest =
        |reader: &LedgerReader, limit| size(reader.shared.newest_under(&second, limit).unwrap());
    // Whoever only reads sees the newest, as before.
    let reader = LedgerReader::open(&path).unwrap();
    assert_eq!((newest(&reader, 1_000), newest(&reader, 900)), (None, Some(700)));
    assert_eq!(size(reader.shared.first_over(&second, 600, 1_000).unwrap()), Some(700));
    let reader = opened(&folder);
    assert_eq!((newest(&reader, 1_000), newest(&reader, 699)), (Some(700), Some(300)));
    // It ended half way.
    let db = rusqlite::Connection::open(Layout::new(&path).state()).unwrap();
    db.execute("UPDATE meta SET value = 400 WHERE name = 'lines'", []).unwrap();
    db.execute("DELETE FROM lines WHERE size > 400", []).unwrap();
    assert_eq!(newest(&reader, 1_000), None, "what is missing is not taken for nothing");
    let reader = opened(&folder);
    assert_eq!((newest(&reader, 1_000), newest(&reader, 699)), (Some(700), Some(300)));
}

/// Whose lines seldom meet cost a search as much as it may cost, however the asker pads his policy.
#[test]
fn what_one_question_costs_is_bounded_and_made_up_witnesses_cost_nothing() {
    let alternating = |size: u64| match size {
        50 => vec![0, 1],
        size if size.is_multiple_of(2) => vec![0],
        _ => vec![1],
    };
    let padded = |policy: &LogPolicy| {
        let log = policy.logs()[0].clone();
        let two = [witness("one.example", 71).0, witness("two.example", 72).0];
        let made_up = (0..60).map(|seed| witness(&format!("{seed}.example"), 200 + seed).0);
        let all = two.into_iter().chain(made_up).enumerate();
        let named: Vec<_> = all.map(|(place, key)| (format!("w{place}"), key)).collect();
        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
        let text = LogPolicy::text_of_all(&log, &named);
        let quorum = format!("group both 2 {}\nquorum both\n", names.join(" "));
        let lines = text.lines().filter(|line| !line.starts_with("quorum"));
        let lines = lines.filter(|line| !line.starts_with("group"));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        LogPolicy::parse(&format!("{text}{quorum}")).unwrap()
    };
    let (_folder, reader, [.., both]) = heads(2_500, alternating);
    let padded_both = padded(&both);
    for policy in [&both, &padded_both] {
        assert_eq!(size(reader.shared.newest_under(policy, 2_500).unwrap()), Some(50));
        assert_eq!(size(reader.shared.first_over(policy, 10, 2_500).unwrap()), Some(50));
    }
    let (_folder, reader, [.., both]) = heads(10_000, alternating);
    for policy in [&both, &padded(&both)] {
        let mut search = reader.shared.search(policy).unwrap().unwrap();
        let before = search.left;
        assert_eq!(before, LOOK_UPS - policy.witnesses().len());
        assert_eq!(
            reader.shared.newest_in(policy, 10_000, Some(&mut search)).unwrap(),
            None,
            "given up"
        );
        assert!(search.left < 2 && before - search.left > LOOK_UPS / 2);
        // The next of the same question begins where the first stopped: with nothing.
        assert_eq!(reader.shared.newest_in(policy, 60, Some(&mut search)).unwrap(), None);
        assert_eq!(size(reader.shared.newest_under(policy, 60).unwrap()), Some(50));
    }
}
