//! A log that writes whatever it is told, lawful or not, and the people who write in it.
//!
//! In scope: leaves, heads, receipts and current-proofs over them. Out of scope: the rules that a real log keeps.

use std::collections::BTreeMap;

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Digest, Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey, jws};
use inkan_did::webvh::{self, Create, Head};
use inkan_did::{Did, DidUrl};
use inkan_ledger::cosignature::cosign;
use inkan_ledger::epoch::Epoch;
use inkan_ledger::map::Map as KeyMap;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::{
    Checkpoint, CurrentProof, Flags, Kind, Leaf, LeafHash, MapKey, MapValue, MerkleTree, Receipt,
    RuleVersion, SignedNote, VerifierKey,
};
use serde_json::{Value, json};

/// When every log here begins.
pub const START: i64 = 1_768_464_000;

/// So many seconds after the beginning.
///
/// # Panics
///
/// Beyond the calendar.
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(START + seconds).expect("a time")
}

/// An Ed25519 key from a seed.
#[must_use]
pub fn secret(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

/// A key with a name.
#[derive(Debug)]
pub struct Named {
    /// Name and public key.
    pub key: VerifierKey,
    /// The secret key.
    pub secret: SecretKey,
}

impl Named {
    /// A log's key.
    ///
    /// # Panics
    ///
    /// If the name cannot be one.
    #[must_use]
    pub fn log(name: &str, seed: u64) -> Self {
        let secret = secret(seed);
        let key = VerifierKey::new(name, KeyMaterial::Note(secret.public_key())).expect("a name");
        Self { key, secret }
    }

    /// A witness's key.
    ///
    /// # Panics
    ///
    /// If the name cannot be one.
    #[must_use]
    pub fn witness(name: &str, seed: u64) -> Self {
        let secret = secret(seed);
        let material = KeyMaterial::Cosignature(secret.public_key());
        Self { key: VerifierKey::new(name, material).expect("a name"), secret }
    }

    /// Its cosignature of a note.
    ///
    /// # Panics
    ///
    /// If it cannot sign.
    pub fn cosign(&self, note: &mut SignedNote, seconds: i64) {
        note.put(cosign(note.text(), &self.key, &self.secret, at(seconds)).expect("a cosignature"));
    }
}

/// A log.
#[derive(Debug)]
pub struct Book {
    /// Its name.
    pub origin: String,
    /// Its key.
    pub log: Named,
    /// Witnesses that may cosign it.
    pub witnesses: Vec<Named>,
    /// Which parameters document its next epoch leaf names.
    pub params: Digest,
    leaves: Vec<Vec<u8>>,
    tree: MerkleTree,
    /// The newest entry of each id, as of each epoch leaf.
    heads: BTreeMap<MapKey, MapValue>,
    epochs: BTreeMap<u64, BTreeMap<MapKey, MapValue>>,
    seconds: i64,
}

impl Book {
    /// An empty log with three witnesses.
    #[must_use]
    pub fn new(origin: &str, seed: u64) -> Self {
        let witnesses = ["w1.example", "w2.example", "w3.example"]
            .into_iter()
            .zip(1..)
            .map(|(name, more)| Named::witness(name, 500 + more))
            .collect();
        Self {
            origin: origin.to_owned(),
            log: Named::log(origin, seed),
            witnesses,
            params: sha256(&[b"parameters"]),
            leaves: Vec::new(),
            tree: MerkleTree::new(),
            heads: BTreeMap::new(),
            epochs: BTreeMap::new(),
            seconds: 0,
        }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Ledger time of the next leaf: a second after the last one.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        at(self.seconds)
    }

    /// Seconds since the beginning.
    #[must_use]
    pub const fn seconds(&self) -> i64 {
        self.seconds
    }

    /// Lets time pass.
    pub fn wait(&mut self, seconds: i64) {
        self.seconds += seconds;
    }

    /// Writes any bytes.
    pub fn write(&mut self, leaf: Vec<u8>) -> u64 {
        let index = self.tree.append(LeafHash::of(&leaf));
        self.leaves.push(leaf);
        self.seconds += 1;
        index
    }

    /// Writes a leaf.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn push(&mut self, kind: Kind, body: &[u8]) -> u64 {
        let leaf = Leaf::new(kind, self.now(), body.to_vec()).expect("a leaf");
        self.write(leaf.to_bytes())
    }

    /// Writes an entry and notes it as the newest of its id.
    pub fn enter(&mut self, key: MapKey, flags: Flags, sequence: u64, body: &[u8]) -> u64 {
        let leaf_index = self.push(key.kind(), body);
        let leaf_hash = LeafHash::of(self.leaf(leaf_index));
        let value = MapValue { kind: key.kind(), flags, sequence, leaf_index, leaf_hash };
        self.heads.insert(key, value);
        leaf_index
    }

    /// Writes a version of a person's DID.
    pub fn record(&mut self, person: &Person, flags: Flags) -> u64 {
        let number = person.head.number();
        self.enter(MapKey::did(person.scid()), flags, number, person.line().as_bytes())
    }

    /// The body of the epoch leaf that would be written now.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        Epoch {
            keys: self.heads.len() as u64,
            map: KeyMap::new(&self.heads).root(),
            params: self.params,
            previous: self.epochs.keys().last().copied(),
            rules: RuleVersion::One,
            size: self.size(),
        }
    }

    /// Ends a checkpoint; gives its size.
    pub fn seal(&mut self) -> u64 {
        let body = self.epoch().to_bytes();
        let index = self.push(Kind::Epoch, &body);
        self.epochs.insert(index, self.heads.clone());
        self.size()
    }

    /// The bytes of a leaf.
    #[must_use]
    pub fn leaf(&self, index: u64) -> &[u8] {
        &self.leaves[index as usize]
    }

    /// The tree.
    #[must_use]
    pub const fn tree(&self) -> &MerkleTree {
        &self.tree
    }

    /// The head of a size, signed by the log alone.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn signed(&self, size: u64) -> SignedNote {
        let root_hash = self.tree.root(size).expect("a size");
        let head = inkan_ledger::tree::TreeHead { tree_size: size, root_hash };
        let checkpoint = Checkpoint::new(&self.origin, head).expect("an origin");
        checkpoint.sign(&self.log.key, &self.log.secret).expect("a signature")
    }

    /// The head of a size, cosigned by the first witnesses, at these times.
    #[must_use]
    pub fn cosigned(&self, size: u64, seconds: &[i64]) -> SignedNote {
        let mut note = self.signed(size);
        for (witness, seconds) in self.witnesses.iter().zip(seconds) {
            witness.cosign(&mut note, *seconds);
        }
        note
    }

    /// The newest head, cosigned by all now.
    #[must_use]
    pub fn sealed(&mut self) -> SignedNote {
        let size = self.seal();
        self.cosigned(size, &[self.seconds; 3])
    }

    /// A receipt.
    ///
    /// # Panics
    ///
    /// If the head does not cover the leaf.
    #[must_use]
    pub fn receipt(&self, index: u64, note: &SignedNote) -> Receipt {
        let size = Checkpoint::parse_text(note.text()).expect("a checkpoint").head().tree_size;
        let path = self.tree.inclusion(index, size).expect("a path");
        Receipt::new(self.leaf(index).to_vec(), &path, note)
    }

    /// The text of a sidecar.
    #[must_use]
    pub fn sidecar(&self, index: u64, note: &SignedNote) -> String {
        self.receipt(index, note).to_value().to_string()
    }

    /// A current-proof under a head that ends in an epoch leaf.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[must_use]
    pub fn current(&self, key: &MapKey, note: &SignedNote) -> CurrentProof {
        let size = Checkpoint::parse_text(note.text()).expect("a checkpoint").head().tree_size;
        let heads = &self.epochs[&(size - 1)];
        let head = heads.get(key).map(|value| (self.leaf(value.leaf_index).to_vec(), *value));
        CurrentProof::new(self.receipt(size - 1, note), KeyMap::new(heads).prove(key), head)
    }

    /// A policy: this log, all witnesses, and this quorum.
    #[must_use]
    pub fn policy(&self, rules: &str) -> String {
        let mut out = format!("log {}\n", self.log.key);
        for witness in &self.witnesses {
            let name = witness.key.name().trim_end_matches(".example");
            out.push_str(&format!("witness {name} {}\n", witness.key));
        }
        out + rules
    }

    /// The policy that most vectors are judged by: two of the three witnesses.
    #[must_use]
    pub fn two_of_three(&self) -> String {
        self.policy("group g 2 w1 w2 w3\nquorum g\n")
    }
}

/// A DID with its keys.
#[derive(Debug)]
pub struct Person {
    seed: u64,
    /// The key of the document.
    pub key: SecretKey,
    /// The newest version.
    pub head: Head,
    lines: Vec<String>,
}

impl Person {
    /// Whose home is `home`.
    ///
    /// # Panics
    ///
    /// If no DID can be made.
    #[must_use]
    pub fn new(seed: u64, key_type: KeyType, home: Option<&str>) -> Self {
        let key = SecretKey::generate(key_type, &mut SeededRng::new(seed));
        let request = Create {
            domain: "people.example".to_owned(),
            path: Some(format!("p{seed}")),
            key_id: "key-1".to_owned(),
            key: key.public_key(),
            others: Vec::new(),
            next_key_hashes: vec![webvh::next_key_hash(&secret(seed + 900_000).public_key())],
            services: Vec::new(),
            home: home.map(str::to_owned),
        };
        let next = secret(seed + 200_000).public_key();
        let (_, line) = webvh::create(&request, &secret(seed + 100_000), &next, at(-86_400))
            .expect("a first entry");
        let head = follow(None, &line);
        Self { seed, key, head, lines: vec![line] }
    }

    /// The SCID.
    ///
    /// # Panics
    ///
    /// Never: it is a did:webvh.
    #[must_use]
    pub fn scid(&self) -> &str {
        self.head.scid()
    }

    /// The DID.
    #[must_use]
    pub fn did(&self) -> &Did {
        self.head.did()
    }

    /// The newest line.
    #[must_use]
    pub fn line(&self) -> &str {
        self.lines.last().map_or("", |line| line.trim_end())
    }

    /// DID URL of the document's key.
    ///
    /// # Panics
    ///
    /// If the document has none.
    #[must_use]
    pub fn kid(&self) -> DidUrl {
        let method = self.head.document().verification_methods().first().expect("a key");
        method.id.clone()
    }

    /// The update key that may write the next version.
    #[must_use]
    pub fn update_key(&self) -> SecretKey {
        secret(self.seed + 100_000 * (self.head.number() + 1))
    }

    /// Writes a version with another key in the document, so many seconds after the beginning.
    ///
    /// # Panics
    ///
    /// If it cannot follow.
    pub fn rotate(&mut self, seconds: i64) {
        let number = self.head.number();
        let key = secret(self.seed + 10_000_000 * (number + 1));
        let keys = [(format!("key-{}", number + 1), key.public_key())];
        let next = secret(self.seed + 100_000 * (number + 2)).public_key();
        let line = webvh::rotate(&self.head, &keys, &self.update_key(), &next, at(seconds));
        self.add(line.expect("a rotation"));
        self.key = key;
    }

    /// As [`Self::rotate`], authorised by the cold recovery key instead.
    ///
    /// # Panics
    ///
    /// If it cannot follow.
    pub fn recover(&mut self, seconds: i64) {
        let number = self.head.number();
        let key = secret(self.seed + 10_000_000 * (number + 1));
        let keys = [(format!("key-{}", number + 1), key.public_key())];
        let next = secret(self.seed + 100_000 * (number + 2)).public_key();
        let cold = secret(self.seed + 900_000);
        let line = webvh::rotate(&self.head, &keys, &cold, &next, at(seconds));
        self.add(line.expect("a recovery"));
        self.key = key;
    }

    /// Moves to another home.
    ///
    /// # Panics
    ///
    /// If it cannot follow.
    pub fn move_to(&mut self, origin: &str, seconds: i64) {
        let mut document = self.head.document().value().clone();
        for service in document["service"].as_array_mut().expect("services") {
            if service["type"] == "LedgerLog" {
                service["serviceEndpoint"] = json!(format!("https://{origin}"));
            }
        }
        self.change(document, seconds);
    }

    /// Changes the document.
    ///
    /// # Panics
    ///
    /// If it cannot follow.
    pub fn change(&mut self, document: Value, seconds: i64) {
        let next = secret(self.seed + 100_000 * (self.head.number() + 2)).public_key();
        let cold = secret(self.seed + 900_000).public_key();
        let next_key_hashes = [next, cold].iter().map(webvh::next_key_hash).collect();
        let change = webvh::Update { document, next_key_hashes };
        let line = webvh::update(&self.head, &change, &self.update_key(), at(seconds));
        self.add(line.expect("an update"));
    }

    /// Ends the DID.
    ///
    /// # Panics
    ///
    /// If it cannot follow.
    pub fn deactivate(&mut self, seconds: i64) {
        let line = webvh::deactivate(&self.head, &self.update_key(), at(seconds));
        self.add(line.expect("an end"));
    }

    fn add(&mut self, line: String) {
        self.head = follow(Some(&self.head), &line);
        self.lines.push(line);
    }

    /// Signs an entry of any kind and content.
    ///
    /// # Panics
    ///
    /// If it cannot sign.
    #[must_use]
    pub fn sign(&self, kind: Kind, origin: &str, claims: &Value, issued_at: Timestamp) -> String {
        let header = json!({ "typ": format!("inkan-{kind}+jwt"), "kid": self.kid().as_str() });
        self.sign_with(&header, origin, claims, issued_at)
    }

    /// As [`Self::sign`], with a header of the caller's.
    ///
    /// # Panics
    ///
    /// If it cannot sign.
    #[must_use]
    pub fn sign_with(
        &self,
        header: &Value,
        origin: &str,
        claims: &Value,
        issued_at: Timestamp,
    ) -> String {
        let mut payload = json!({
            "iss": self.did().as_str(), "aud": origin, "iat": issued_at.seconds(),
        });
        let members = payload.as_object_mut().expect("an object");
        members.extend(claims.as_object().cloned().unwrap_or_default());
        let header = header.as_object().cloned().unwrap_or_default();
        jws::sign(header, payload.to_string().as_bytes(), &self.key).expect("a signature")
    }

    /// An issuance entry over an artefact.
    #[must_use]
    pub fn issuance(&self, book: &Book, artefact: &[u8]) -> String {
        let com = commit(Kind::Issuance, self.scid(), artefact);
        self.sign(Kind::Issuance, &book.origin, &json!({ "com": com.to_b64u() }), book.now())
    }
}

fn follow(head: Option<&Head>, line: &str) -> Head {
    let entry = webvh::Entry::parse(line.trim_end().as_bytes(), None).expect("an entry");
    webvh::check_next(head, &entry, at(100_000_000)).expect("a version")
}

/// The salt of every commitment here.
pub const SALT: [u8; 16] = [7; 16];

/// A commitment to the digest of some bytes.
#[must_use]
pub fn commit(kind: Kind, scid: &str, artefact: &[u8]) -> Digest {
    inkan_ledger::commitment(kind, scid, &SALT, &sha256(&[artefact]))
}

/// What opens it.
#[must_use]
pub fn opening(artefact: &[u8]) -> Value {
    json!({
        "format": "jws",
        "salt": inkan_core::encoding::b64u(&SALT),
        "digest": sha256(&[artefact]).to_b64u(),
    })
}
