//! Evidence against a log that kept its word.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::note_key::{NoteSigner, Purpose};
use inkan_ledger::cosignature::cosign;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::promise::{Breach, Promise, verify_promise};
use inkan_ledger::{Evidence, LogPolicy, Receipt, SignedNote, VerifierKey};

use crate::common::Home;

const LATE: usize = 3;

/// A witness that is new to the log, and its key.
fn late(number: usize) -> (VerifierKey, SecretKey) {
    let seed = u64::try_from(number).unwrap() + 400;
    let secret = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed));
    let key = KeyMaterial::Cosignature(secret.public_key());
    (VerifierKey::new(&format!("late-{number}.example"), key).unwrap(), secret)
}

/// Anybody can show an old head to witnesses that never saw the log: that is no proof that an entry is missing.
#[test]
fn an_old_head_that_new_witnesses_were_shown_late_accuses_nobody_who_kept_his_word() {
    let home = Home::new();
    home.run(&["init", "me", "--ledger", "ledger"]).must(0);
    home.cheap("me");
    let old = SignedNote::parse(&std::fs::read_to_string(home.path("ledger/checkpoint")).unwrap());
    let old = old.unwrap();
    home.run(&["did", "create", "--name", "me"]).must(0);
    // The newest leaf but the last is the DID's.
    home.run(&["ledger", "prove", "1", "--out", "r.json"]).must(0);
    let receipt = Receipt::parse(&std::fs::read(home.path("r.json")).unwrap()).unwrap();
    let log = NoteSigner::read(&home.path("ledger/keys/log"), Purpose::Log).unwrap();
    let deadline: Timestamp = OsClock.now().plus_seconds(2);
    let origin = log.key().name().to_owned();
    let leaf = inkan_ledger::LeafHash::of(receipt.leaf_bytes());
    let promise = Promise::new(&origin, deadline, [(1, leaf)].into()).unwrap();
    let promise = log.promise(&promise).unwrap().to_string();
    std::thread::sleep(std::time::Duration::from_millis(3_100));

    // The policy asks for the log's own witnesses, and knows three more.
    let path = home.path(&format!(".local/share/inkan/me/logs/{origin}.policy"));
    let mut policy = std::fs::read_to_string(&path).unwrap();
    let mut note = old;
    for number in 0..LATE {
        let (key, secret) = late(number);
        policy = policy.replacen("group ", &format!("witness late-{number} {key}\ngroup "), 1);
        note.put(cosign(note.text(), &key, &secret, OsClock.now()).unwrap());
    }
    std::fs::write(&path, &policy).unwrap();
    let policy = LogPolicy::parse(&policy).unwrap();
    assert!(policy.witnesses().len() < 2 * LATE, "most of them are late: {policy}");
    let verified = verify_promise(&promise, &policy).unwrap();
    let evidence = Evidence::of_promise(&verified, Breach::NotCovered(note));
    assert!(evidence.verify(&policy, OsClock.now()).is_ok(), "as a file alone it convinces");
    home.write("evidence.json", evidence.to_value().to_string());
    let checked = home.run(&["ledger", "check", "evidence.json", "--json"]).must(0);
    assert_eq!(checked.json()["proofs"], serde_json::json!([]));
    let said = home.run(&["ledger", "check", "evidence.json"]).must(0).stdout;
    assert!(said.contains("proves nothing") && said.contains("in time"), "{said}");
    // Where the ledger cannot be asked it stands as it is, and says so.
    std::fs::rename(home.path("ledger"), home.path("away")).unwrap();
    let said = home.run(&["ledger", "check", "evidence.json"]).must(18).stdout;
    assert!(said.contains("was not looked up"), "{said}");
}
