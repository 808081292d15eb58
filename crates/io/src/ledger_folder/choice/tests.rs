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

/// A ledger with heads of 2 to 1,000 leaves, one a second. The head of `size` has the lines of those whom `who` names.
fn heads(who: impl Fn(u64) -> Vec<usize>) -> (tempfile::TempDir, LedgerReader, [LogPolicy; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    drop(LedgerFolder::create(&path, ORIGIN, &mut SeededRng::new(1), at(0)).unwrap());
    let witnesses = [witness("one.example", 71), witness("two.example", 72)];
    let mut db = rusqlite::Connection::open(Layout::new(&path).state()).unwrap();
    let all = db.transaction().unwrap();
    for size in 2..=1_000_u64 {
        let time = at(i64::try_from(size).unwrap());
        let mut note = SignedNote::new(format!("{ORIGIN}\n{size}\nAAAA\n"));
        for (key, secret) in who(size).into_iter().map(|place| &witnesses[place]) {
            note.put(cosign(note.text(), key, secret, time).unwrap());
        }
        let size = i64::try_from(size).unwrap();
        let values = rusqlite::params![size, note.to_string(), time.seconds()];
        all.execute("INSERT INTO checkpoints VALUES(?1, 0, ?2, ?3)", values).unwrap();
    }
    all.commit().unwrap();
    let reader = LedgerReader::open(&path).unwrap();
    let log = reader.policy().logs()[0].clone();
    let policies = witnesses.map(|(key, _)| {
        LogPolicy::parse(&LogPolicy::text_of_all(&log, &[("w".to_owned(), key)])).unwrap()
    });
    (folder, reader, policies)
}

fn size(head: Option<Head>) -> Option<u64> {
    head.map(|(size, _)| size)
}

#[test]
fn the_first_head_that_a_policy_takes_is_found_also_where_its_witness_joined_later() {
    // The second is asked every half minute, from 690 on.
    let joined = |size: u64| size >= 690 && size.is_multiple_of(30);
    let (_folder, reader, [first, second]) =
        heads(|size| if joined(size) { vec![0, 1] } else { vec![0] });
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
    let (_folder, reader, [first, second]) =
        heads(|size| if size <= 900 { vec![0, 1] } else { vec![0] });
    let over =
        |policy: &LogPolicy, index| size(reader.shared.first_over(policy, index, 1_000).unwrap());
    assert_eq!((over(&second, 300), over(&second, 899)), (Some(301), Some(900)));
    assert_eq!((over(&second, 900), over(&first, 900)), (None, Some(901)));
    assert_eq!(size(reader.shared.newest_under(&second, 1_000).unwrap()), Some(900));
}
