//! Long histories: what judging an entry of one costs.

use std::cell::Cell;

use inkan_core::{Digest, Timestamp, encoding, json, sha256};
use inkan_crypto::{SecretKey, data_integrity};
use inkan_did::webvh::{Head, Settings};
use serde_json::{Value, json};

use crate::Refusal;
use crate::entry_id::EntryId;
use crate::epoch::{MapRoot, Parameters};
use crate::leaf::{Kind, Leaf};
use crate::log::Submission;
use crate::map::MapKey;
use crate::state::{Base, Candidate, Controller, Machine, Memory, Newest, Trail, Version};
use crate::store::StoreError;
use crate::testing::{ORIGIN, Person, at, ed25519};

/// A base that counts the leaves that are read.
#[derive(Debug, Default)]
struct Counting {
    memory: Memory,
    read: Cell<usize>,
}

impl Base for Counting {
    fn entry(&self, id: &EntryId) -> Result<Option<u64>, StoreError> {
        self.memory.entry(id)
    }

    fn body(&self, leaf_index: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.read.set(self.read.get() + 1);
        self.memory.body(leaf_index)
    }

    fn controller(&self, scid: &str) -> Result<Option<Controller>, StoreError> {
        self.memory.controller(scid)
    }

    fn newest(&self, key: &MapKey) -> Result<Option<Newest>, StoreError> {
        self.memory.newest(key)
    }

    fn version(&self, key: &MapKey, number: u64) -> Result<Option<Version>, StoreError> {
        self.memory.version(key, number)
    }

    fn equivocations(&self, scid: &str) -> Result<Vec<String>, StoreError> {
        self.memory.equivocations(scid)
    }

    fn document(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.memory.document(digest)
    }
}

/// A log whose leaves are all in its base.
struct Bench {
    machine: Machine<Counting>,
}

impl Bench {
    fn new() -> Self {
        let document = Parameters::default().genesis_document().unwrap().0;
        let mut machine = Machine::new(ORIGIN, &document, Counting::default()).unwrap();
        let map = MapRoot { root: crate::map::empty_root(), keys: 0 };
        let genesis = machine.prepare_epoch(at(0), map, None).unwrap().unwrap();
        let leaf = Leaf::parse(genesis.bytes()).unwrap();
        machine.commit(genesis).unwrap();
        machine.base_mut().memory.push_leaf(leaf);
        Self { machine }
    }

    /// Submits as a node does: a worker looks at it first.
    fn submit(&mut self, body: &str, time: i64) -> Result<u64, Refusal> {
        let mut candidate =
            Candidate::parse(Kind::Did, body.as_bytes().to_vec()).map_err(Refusal::from)?;
        let controller = self.machine.controller(candidate.signer_scid())?;
        let _ = candidate.check_signature(controller.as_ref(), at(time));
        self.judge(&candidate, time)
    }

    fn judge(&mut self, candidate: &Candidate, time: i64) -> Result<u64, Refusal> {
        self.machine.base().read.set(0);
        match self.machine.prepare(candidate, at(time))? {
            Submission::New(prepared) => {
                let leaf = Leaf::parse(prepared.bytes()).unwrap();
                let placed = self.machine.commit(*prepared).unwrap();
                let changes = self.machine.take_changes();
                let memory = &mut self.machine.base_mut().memory;
                memory.push_leaf(leaf);
                memory.store(&changes);
                self.machine.settle();
                Ok(placed.leaf_index)
            }
            Submission::Duplicate { leaf_index } => Ok(leaf_index),
        }
    }

    fn head(&self, person: &Person) -> Head {
        self.machine.base().memory.did_head(person.scid()).unwrap().clone()
    }

    fn read(&self) -> usize {
        self.machine.base().read.get()
    }
}

/// An entry after `head`, whoever signs it.
fn entry(
    head: &Head,
    parameters: &Value,
    state: &Value,
    signer: &SecretKey,
    time: Timestamp,
) -> String {
    let mut entry = json!({
        "versionId": head.version_id(),
        "versionTime": time.to_string(),
        "parameters": parameters,
        "state": state,
    });
    let hash = encoding::multihash58(&sha256(&[&json::canonicalize(&entry).unwrap()]));
    entry["versionId"] = json!(format!("{}-{hash}", head.number() + 1));
    let multikey = signer.public_key().to_multikey();
    let method = format!("did:key:{multikey}#{multikey}");
    let mut proof = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
    });
    proof["proofValue"] = json!(data_integrity::sign(&entry, &proof, signer).unwrap());
    entry["proof"] = json!([proof]);
    entry.to_string()
}

/// A DID without pre-rotation, of as many versions: `updateKeys` was set in the second, and never again.
fn grown(bench: &mut Bench, person: &Person, versions: i64) -> (SecretKey, Vec<Head>) {
    bench.submit(&person.line, 1).unwrap();
    let key = ed25519(2_005);
    let mut heads = vec![bench.head(person)];
    let plain = json!({ "updateKeys": [key.public_key().to_multikey()], "nextKeyHashes": [] });
    for number in 2..=versions {
        let head = heads.last().unwrap();
        let parameters = if number == 2 { plain.clone() } else { json!({}) };
        let line = entry(head, &parameters, head.document().value(), &key, at(number));
        bench.submit(&line, versions).unwrap();
        heads.push(bench.head(person));
    }
    (key, heads)
}

#[test]
fn a_fork_costs_six_leaves_at_most_however_long_the_history_is() {
    let mut bench = Bench::new();
    let person = Person::new(5);
    let (key, heads) = grown(&mut bench, &person, 120);
    let stranger = ed25519(77);
    let ttl = |ttl: i64| json!({ "ttl": ttl });
    for (step, at_version) in [1, 2, 60, 119].into_iter().enumerate() {
        let head = &heads[at_version - 1];
        let state = head.document().value();
        let time = head.time().plus_seconds(1);
        let signed = |signer, seconds| entry(head, &ttl(seconds), state, signer, time);
        // By a key that nobody authorised.
        let refusal = bench.submit(&signed(&stranger, 1), 200).unwrap_err();
        assert!(matches!(refusal, Refusal::Rejected(_)), "{refusal:?}");
        assert!(bench.read() <= 6, "{at_version}: {} leaves", bench.read());
        // With right hashes and another entry's proof: the worker saw it.
        let mut forged: Value = serde_json::from_str(&signed(&key, 2)).unwrap();
        let other: Value = serde_json::from_str(&signed(&key, 3)).unwrap();
        forged["proof"] = other["proof"].clone();
        let refusal = bench.submit(&forged.to_string(), 200).unwrap_err();
        assert!(matches!(refusal, Refusal::Rejected(_)), "{refusal:?}");
        assert_eq!(bench.read(), 0, "{at_version}");
        // The same without a worker that knew the head.
        let forged = Candidate::parse(Kind::Did, forged.to_string().into_bytes()).unwrap();
        bench.judge(&forged, 200).unwrap_err();
        assert!(bench.read() <= 1, "{at_version}: {} leaves", bench.read());
        // By the key in force: evidence, as ever.
        if at_version > 1 {
            let fork = signed(&key, 10 + i64::try_from(step).unwrap());
            match bench.submit(&fork, 200).unwrap_err() {
                Refusal::Equivocation(evidence) => {
                    assert_eq!(evidence.refused, fork.as_bytes());
                    assert_eq!(evidence.number, head.number() + 1);
                    let recorded = &heads[at_version];
                    let text = String::from_utf8(evidence.recorded).unwrap();
                    assert!(text.contains(recorded.version_id()));
                }
                refusal @ (Refusal::Rejected(_) | Refusal::Store(_)) => panic!("{refusal:?}"),
            }
            assert!(bench.read() <= 6, "{at_version}: {} leaves", bench.read());
        }
    }
}

#[test]
fn trails_are_read_as_they_were_written_and_nothing_else_is() {
    let places = [None, Some(0), Some(126), Some(127), Some(1 << 40)];
    let settings = Settings {
        update_keys: places[1],
        next_key_hashes: places[2],
        witness: places[0],
        portable: places[3],
        home: places[4],
    };
    for trail in [Trail::default(), Trail(settings)] {
        let bytes = trail.to_bytes();
        assert_eq!(Trail::from_bytes(&bytes), Some(trail));
        assert_eq!(Trail::from_bytes(&bytes[1..]), None);
        assert_eq!(Trail::from_bytes(&[&bytes[..], &[0]].concat()), None);
    }
    assert_eq!(Trail::from_bytes(&[[0; 4].as_slice(), &[0xff; 10]].concat()), None);
}
