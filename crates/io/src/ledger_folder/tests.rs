use std::collections::BTreeSet;
use std::fs;

use inkan_core::rng::insecure::SeededRng;
use inkan_core::sha256;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::webvh::{self, Create, History};
use inkan_did::{Did, DidUrl};
use inkan_ledger::{
    ActId, Claims, EntryId, Grade, MapKey, SignedEntry, StatusClaims, StatusFormat, commitment,
    verify_current, verify_receipt,
};

use super::*;
use crate::cosigner::LocalWitness;
use crate::files;

pub(crate) const ORIGIN: &str = "ledger.example";

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_768_464_000 + seconds).unwrap()
}

pub(crate) struct Person {
    did: Did,
    pub(crate) line: String,
    key: SecretKey,
    seed: u64,
}

impl Person {
    pub(crate) fn new(seed: u64) -> Self {
        Self::at(seed, ORIGIN, Some(&format!("p{seed}")))
    }

    /// One whose DID names this place.
    pub(crate) fn at(seed: u64, host: &str, path: Option<&str>) -> Self {
        let key = |seed| SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed));
        let request = Create {
            domain: host.to_owned(),
            path: path.map(str::to_owned),
            key_id: "key-1".to_owned(),
            key: key(seed).public_key(),
            others: Vec::new(),
            next_key_hashes: vec![],
            services: vec![],
            home: Some(ORIGIN.to_owned()),
        };
        let next = key(seed + 2_000).public_key();
        let (did, line) = webvh::create(&request, &key(seed + 1_000), &next, at(0)).unwrap();
        Self { did, line, key: key(seed), seed }
    }

    pub(crate) fn scid(&self) -> &str {
        self.did.scid().unwrap()
    }

    fn rotated(&self, ledger: &LedgerFolder, now: Timestamp) -> String {
        let key = |seed| SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed));
        let controller = ledger.engine.machine.controller(self.scid()).unwrap().unwrap();
        let head = controller.head();
        let keys = [("key-2".to_owned(), key(self.seed + 9).public_key())];
        let next = key(self.seed + 3_000).public_key();
        webvh::rotate(head, &keys, &key(self.seed + 2_000), &next, now).unwrap()
    }

    /// The second version of the DID, whose new key depends on `salt`.
    pub(crate) fn update(&self, salt: u64, now: Timestamp) -> String {
        let key = |seed| SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed));
        let history = History::verify(&format!("{}\n", self.line), None, now).unwrap();
        let keys = [("key-2".to_owned(), key(self.seed + 9 + salt * 31).public_key())];
        let next = key(self.seed + 3_000).public_key();
        webvh::rotate(
            history.versions().last().unwrap(),
            &keys,
            &key(self.seed + 2_000),
            &next,
            now,
        )
        .unwrap()
    }

    pub(crate) fn sign(&self, claims: &Claims, now: Timestamp) -> String {
        let kid = DidUrl::parse(&format!("{}#key-1", self.did)).unwrap();
        SignedEntry::sign(claims, &kid, ORIGIN, &self.key, now).unwrap()
    }

    pub(crate) fn issuance(&self, artefact: &[u8]) -> Claims {
        let digest = sha256(&[artefact]);
        Claims::Issuance { commitment: commitment(Kind::Issuance, self.scid(), &[1; 16], &digest) }
    }

    pub(crate) fn act(&self, sequence: u64) -> Claims {
        let digest = sha256(&[&sequence.to_be_bytes()]);
        Claims::Countersignature {
            commitment: commitment(Kind::Countersignature, self.scid(), &[2; 16], &digest),
            act: ActId::from_bytes([3; 32]),
            sequence,
        }
    }
}

fn enter(ledger: &mut LedgerFolder, person: &Person, claims: &Claims, now: Timestamp) -> u64 {
    let body = person.sign(claims, now);
    ledger.submit(claims.kind(), body.as_bytes(), now).unwrap().leaf_index
}

pub(crate) fn create(path: &Path) -> LedgerFolder {
    LedgerFolder::create(path, ORIGIN, &mut SeededRng::new(1), at(0)).unwrap()
}

/// A ledger with a DID, an issuance and two states of an act, each under a checkpoint of its own; 9 leaves.
fn filled(path: &Path) -> (LedgerFolder, Person) {
    let mut ledger = create(path);
    let person = Person::new(5);
    ledger.submit(Kind::Did, person.line.as_bytes(), at(10)).unwrap();
    ledger.checkpoint(at(11)).unwrap();
    for (i, claims) in [person.issuance(b"a"), person.act(1), person.act(2)].iter().enumerate() {
        let now = at(100 * (i64::try_from(i).unwrap() + 1));
        enter(&mut ledger, &person, claims, now);
        ledger.checkpoint(now.plus_seconds(1)).unwrap();
    }
    (ledger, person)
}

#[test]
fn a_new_ledger_has_a_cosigned_genesis_and_private_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/ledger");
    let ledger = create(&path);
    let status = ledger.reader().status().unwrap();
    assert_eq!((status.origin.as_str(), status.size, status.leaves), (ORIGIN, 1, 1));
    assert_eq!(status.witnesses, ["w1", "w2"]);
    assert_eq!((status.checkpoints, status.existed_by), (1, Some(at(0))));
    for key in ["keys/log", "witness/w1/key", "witness/w2/key", "guard/checkpoint.db"] {
        assert!(!files::open_to_others(&path.join(key)).unwrap(), "{key}");
    }
    let policy = LogPolicy::parse(ledger.reader().policy_text()).unwrap();
    let keys: BTreeSet<_> = policy.witnesses().iter().map(|w| w.key().to_string()).collect();
    assert_eq!((keys.len(), policy.has_log(ORIGIN)), (2, true));
    drop(ledger);
    let again = LedgerFolder::create(&path, ORIGIN, &mut SeededRng::new(2), at(1));
    assert_eq!(again.unwrap_err().code(), "ledger-exists");
    let bad = LedgerFolder::create(&path, "a b", &mut SeededRng::new(2), at(1));
    assert_eq!(bad.unwrap_err().code(), "ledger-name-invalid");
}

#[test]
fn receipts_and_current_proofs_verify_under_the_policy_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, person) = filled(folder.path());
    let policy = ledger.reader().policy();
    let view = ledger.reader().view_at(None).unwrap().unwrap();
    assert_eq!(view.size(), 9);
    for index in 0..view.size() {
        let leaf = verify_receipt(&view.receipt(index).unwrap(), policy, at(400)).unwrap();
        assert_eq!((leaf.leaf_index(), leaf.grades().list()), (index, vec![Grade::Witnessed(2)]));
        let here = verify_receipt(&view.receipt_here(index).unwrap(), policy, at(400)).unwrap();
        assert_eq!(here.tree_size(), 9);
        assert_eq!(*here.leaf(), view.entry(index).unwrap());
    }
    let issuance = verify_receipt(&view.receipt(3).unwrap(), policy, at(400)).unwrap();
    assert_eq!((issuance.tree_size(), issuance.existed_by()), (5, Some(at(101))), "the earliest");
    let id = issuance.signed_entry().unwrap().entry_id();
    assert_eq!(view.lookup(&id).unwrap(), Some(3));
    assert_eq!(view.lookup(&EntryId::did("nobody", "1-x")).unwrap(), None);

    let act = ActId::from_bytes([3; 32]);
    let key = MapKey::act(person.scid(), &act);
    let proof = view.act_current(person.scid(), &act).unwrap();
    let current = verify_current(&proof, &key, policy, at(400)).unwrap();
    assert_eq!(current.head().unwrap().value().sequence, 2);
    assert_eq!(current.fresh_at(), Some(at(301)));
    let did = verify_current(
        &view.did_current(person.scid()).unwrap(),
        &MapKey::did(person.scid()),
        policy,
        at(400),
    );
    assert_eq!(did.unwrap().head().unwrap().value().leaf_index, 1);
    let absent = view.did_current("nobody").unwrap();
    let absent = verify_current(&absent, &MapKey::did("nobody"), policy, at(400)).unwrap();
    assert!(absent.head().is_none());
    assert_eq!(view.did_entries(person.scid()).unwrap().len(), 1);
    assert_eq!(view.act_entries(person.scid(), &act).unwrap().len(), 2);
    assert_eq!(view.entry(9).unwrap_err().code(), "not-found");
}

#[test]
fn a_view_of_the_past_knows_nothing_later() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, person) = filled(folder.path());
    let size = |seconds| {
        let view = ledger.reader().view_at(Some(at(seconds))).unwrap();
        view.map(|view| view.size())
    };
    assert_eq!([size(-1), size(0), size(10), size(11)], [None, Some(1), Some(1), Some(3)]);
    assert_eq!(
        [size(100), size(101), size(301), size(9_999)],
        [Some(3), Some(5), Some(9), Some(9)]
    );
    let past = ledger.reader().view_at(Some(at(250))).unwrap().unwrap();
    assert_eq!(past.entry(7).unwrap_err().code(), "not-yet-covered");
    assert_eq!(past.receipt(7).unwrap_err().code(), "not-yet-covered");
    let act = ActId::from_bytes([3; 32]);
    assert_eq!(past.act_entries(person.scid(), &act).unwrap().len(), 1);
    let proof = past.act_current(person.scid(), &act).unwrap();
    let key = MapKey::act(person.scid(), &act);
    let policy = ledger.reader().policy();
    let current = verify_current(&proof, &key, policy, at(250)).unwrap();
    assert_eq!(current.head().unwrap().value().sequence, 1);
    assert_eq!(past.status_current("x", "https://a/b").unwrap().claimed_head(), None);
}

#[test]
fn a_ledger_opens_as_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, person) = filled(folder.path());
    let index = enter(&mut ledger, &person, &person.issuance(b"late"), at(500));
    let before = ledger.reader().status().unwrap();
    assert_eq!((before.size, before.leaves), (9, 10), "acknowledged, not covered");
    drop(ledger);
    let reader = LedgerReader::open(folder.path()).unwrap();
    assert_eq!(reader.status().unwrap(), before);
    let view = reader.view_at(None).unwrap().unwrap();
    assert_eq!(view.receipt(index).unwrap_err().code(), "not-yet-covered");
    let mut ledger = LedgerFolder::open(folder.path(), at(600)).unwrap();
    assert_eq!(ledger.reader().status().unwrap(), before);
    let again = person.sign(&person.issuance(b"late"), at(600));
    let accepted = ledger.submit(Kind::Issuance, again.as_bytes(), at(600)).unwrap();
    assert_eq!(accepted, Accepted { leaf_index: index, standing: Standing::Duplicate });
    assert_eq!(ledger.checkpoint(at(601)).unwrap(), 11);
    assert_eq!(ledger.checkpoint(at(602)).unwrap(), 11, "nothing new");
    assert_eq!(ledger.reader().status().unwrap().existed_by, Some(at(601)));
}

#[test]
fn one_process_writes_while_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, person) = filled(folder.path());
    let error = LedgerFolder::open(folder.path(), at(400)).unwrap_err();
    assert_eq!(error.code(), "ledger-locked");
    assert!(error.to_string().contains(&std::process::id().to_string()));
    let reader = LedgerReader::open(folder.path()).unwrap();
    let view = reader.view_at(None).unwrap().unwrap();
    enter(&mut ledger, &person, &person.issuance(b"b"), at(400));
    ledger.checkpoint(at(401)).unwrap();
    assert_eq!(view.size(), 9, "a view stays as it is");
    assert_eq!(LedgerReader::open(folder.path()).unwrap().status().unwrap().size, 11);
}

#[test]
fn there_must_be_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert_eq!(LedgerFolder::open(&missing, at(0)).unwrap_err().code(), "ledger-not-found");
    assert_eq!(LedgerReader::open(&missing).unwrap_err().code(), "ledger-not-found");
    assert!(!missing.exists());
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(LedgerReader::open(&file).is_err());
}

#[test]
fn rules_and_clocks_refuse_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, person) = filled(folder.path());
    let stranger = Person::new(77);
    let body = stranger.sign(&stranger.issuance(b"x"), at(400));
    let error = ledger.submit(Kind::Issuance, body.as_bytes(), at(400)).unwrap_err();
    assert_eq!((error.code(), error.is_rule()), ("unknown-signer", true));
    let body = person.sign(&person.act(5), at(400));
    let error = ledger.submit(Kind::Countersignature, body.as_bytes(), at(400)).unwrap_err();
    assert_eq!(error.code(), "sequence-conflict");
    let body = person.sign(&person.issuance(b"b"), at(0));
    let error = ledger.submit(Kind::Issuance, body.as_bytes(), at(0)).unwrap_err();
    assert_eq!((error.code(), error.is_rule()), ("clock-unsure", false));
    assert_eq!(ledger.reader().status().unwrap().leaves, 9);
    let early = Timestamp::from_seconds(-5).unwrap();
    let other = tempfile::tempdir().unwrap();
    let error = LedgerFolder::create(other.path(), ORIGIN, &mut SeededRng::new(1), early);
    assert_eq!(error.unwrap_err().code(), "clock-unsure");
    assert!(LedgerFolder::open(other.path(), at(0)).is_ok(), "a right clock finishes it");
}

#[test]
fn gateways_serve_the_lines_of_the_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = create(folder.path());
    let person = Person::new(5);
    let file = folder.path().join("public/ledger.example/p5/did.jsonl");
    ledger.submit(Kind::Did, person.line.as_bytes(), at(10)).unwrap();
    assert!(!file.exists(), "not before a checkpoint");
    ledger.checkpoint(at(11)).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}\n", person.line));
    let line = person.rotated(&ledger, at(20));
    ledger.submit(Kind::Did, line.as_bytes(), at(20)).unwrap();
    ledger.checkpoint(at(21)).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("{}\n{line}\n", person.line));
    assert_eq!(History::verify(&text, None, at(30)).unwrap().versions().len(), 2);
}

#[test]
fn every_version_of_a_status_list_is_kept_and_the_recorded_one_served() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = create(folder.path());
    let person = Person::new(5);
    ledger.submit(Kind::Did, person.line.as_bytes(), at(10)).unwrap();
    let uri = "https://ledger.example/p5/status/1";
    let served = folder.path().join("public/ledger.example/p5/status/1");
    let scid = person.scid();
    for (sequence, list) in [(1, b"first".as_slice()), (2, b"second")] {
        ledger.put_status_list(scid, uri, sequence, b"draft").unwrap();
        ledger.put_status_list(scid, uri, sequence, list).unwrap();
        let claims = Claims::Status(StatusClaims {
            uri: uri.to_owned(),
            format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
            sequence,
            digest: sha256(&[list]),
            length: 131_072,
            not_before: at(0),
            expires: at(9_000),
        });
        enter(&mut ledger, &person, &claims, at(20));
        ledger.checkpoint(at(21)).unwrap();
        assert_eq!(fs::read(&served).unwrap(), list);
    }
    let reader = LedgerReader::open(folder.path()).unwrap();
    assert_eq!(reader.status_list(scid, uri, 1).unwrap().unwrap(), b"first");
    assert_eq!(reader.status_list(scid, uri, 2).unwrap().unwrap(), b"second");
    assert_eq!(reader.status_list(scid, uri, 3).unwrap(), None);
    assert_eq!(reader.status_digest(scid, uri, 2).unwrap(), Some(sha256(&[b"second"])));
    let view = reader.view_at(None).unwrap().unwrap();
    assert_eq!(view.status_entries(scid, uri).unwrap().len(), 2);
    let proof = view.status_current(scid, uri).unwrap();
    let key = MapKey::status(scid, uri);
    let current = verify_current(&proof, &key, reader.policy(), at(30)).unwrap();
    assert_eq!(current.head().unwrap().value().sequence, 2);
    let error = ledger.put_status_list(scid, uri, 1, b"other").unwrap_err();
    assert_eq!(error.code(), "status-list-recorded");
    let error = ledger.put_status_list(scid, "http://a.example/b", 1, b"x").unwrap_err();
    assert_eq!(error.code(), "status-uri-invalid");
}

#[test]
fn fresh_cosignatures_do_not_move_the_first_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (mut ledger, _) = filled(folder.path());
    assert_eq!(ledger.refresh(at(5_000)).unwrap(), 9);
    let reader = LedgerReader::open(folder.path()).unwrap();
    let policy = reader.policy();
    let view = reader.view_at(None).unwrap().unwrap();
    let fresh = verify_receipt(&view.receipt_here(7).unwrap(), policy, at(5_000)).unwrap();
    assert_eq!((fresh.tree_size(), fresh.fresh_at()), (9, Some(at(5_000))));
    let first = verify_receipt(&view.receipt(7).unwrap(), policy, at(5_000)).unwrap();
    assert_eq!((first.tree_size(), first.existed_by()), (9, Some(at(301))));
    let view = reader.view_at(Some(at(400))).unwrap().unwrap();
    assert_eq!(view.size(), 9);
}

mod crash;
mod import;
mod newest;
mod order;
mod replaced;
