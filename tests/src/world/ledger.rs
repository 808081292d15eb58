//! A log with its witnesses.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, PublicKey, SecretKey};
use inkan_ledger::cosignature::cosign;
use inkan_ledger::epoch::Parameters;
use inkan_ledger::log::Submission;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::tree::TreeHead;
use inkan_ledger::{
    ActId, Checkpoint, CurrentProof, Kind, Leaf, LeafHash, Log, LogPolicy, MapKey, MerkleTree,
    Receipt, SignedNote, VerifierKey,
};

/// The name of the log where everybody is at home.
pub const ORIGIN: &str = "ledger.example";

/// A log, its keys, and every head it signed.
#[derive(Debug)]
pub struct Ledger {
    /// The log itself.
    pub log: Log,
    key: (VerifierKey, SecretKey),
    witnesses: Vec<(VerifierKey, SecretKey)>,
    /// Signed heads and their sizes, rising.
    notes: Vec<(u64, SignedNote)>,
}

impl Ledger {
    /// A log with so many witnesses, each of an operator of its own.
    ///
    /// # Panics
    ///
    /// If the log refuses its own first leaf.
    #[must_use]
    pub fn new(origin: &str, witnesses: usize, rng: &mut SeededRng, now: Timestamp) -> Self {
        let parameters = Parameters::default();
        let (_, digest) = parameters.genesis_document().expect("parameters");
        let mut draw = || SecretKey::generate(KeyType::Ed25519, rng);
        let key = named(origin, draw(), KeyMaterial::Note);
        let witness = |number| format!("w{number}.example");
        let witnesses = (1..=witnesses)
            .map(|number| named(&witness(number), draw(), KeyMaterial::Cosignature))
            .collect();
        let log = Log::new(origin, &parameters, digest).expect("parameters");
        let mut ledger = Self { log, key, witnesses, notes: Vec::new() };
        ledger.seal(now);
        ledger
    }

    /// The policy that trusts it under all of its witnesses.
    ///
    /// # Panics
    ///
    /// If our own policy cannot be read.
    #[must_use]
    pub fn policy(&self) -> LogPolicy {
        LogPolicy::parse(&self.policy_text()).expect("our own policy")
    }

    /// The text of [`Self::policy`].
    #[must_use]
    pub fn policy_text(&self) -> String {
        let named =
            |(key, _): &(VerifierKey, SecretKey)| (key.name().replace(".example", ""), key.clone());
        let witnesses: Vec<_> = self.witnesses.iter().map(named).collect();
        LogPolicy::text_of_all(&self.key.0, &witnesses)
    }

    /// A policy that trusts the operator alone.
    ///
    /// # Panics
    ///
    /// If our own policy cannot be read.
    #[must_use]
    pub fn bare_policy(&self) -> LogPolicy {
        LogPolicy::parse(&LogPolicy::text_of_all(&self.key.0, &[])).expect("our own policy")
    }

    /// Submits one entry, and seals it.
    ///
    /// # Panics
    ///
    /// If it is not accepted.
    pub fn append(&mut self, kind: Kind, body: &[u8], now: Timestamp) -> u64 {
        let place = match self.log.prepare(kind, body, now).expect("an acceptable entry") {
            Submission::New(prepared) => self.log.commit(*prepared).expect("in order"),
            Submission::Duplicate { leaf_index } => leaf_index,
        };
        self.seal(now);
        place
    }

    /// Ends a checkpoint and has it cosigned.
    ///
    /// # Panics
    ///
    /// If the log does not sign its own head.
    pub fn seal(&mut self, now: Timestamp) {
        if let Some(prepared) = self.log.prepare_epoch(now).expect("an epoch") {
            self.log.commit(prepared).expect("in order");
        }
        let note = self.head(now, self.witnesses.len());
        self.notes.push((self.log.size(), note));
    }

    /// The head of the whole log, cosigned now by the first `witnesses`.
    ///
    /// # Panics
    ///
    /// If the log does not sign its own head.
    #[must_use]
    pub fn head(&self, now: Timestamp, witnesses: usize) -> SignedNote {
        let checkpoint = self.log.checkpoint(self.log.size()).expect("a head");
        self.signed(&checkpoint, now, witnesses)
    }

    fn signed(&self, checkpoint: &Checkpoint, now: Timestamp, witnesses: usize) -> SignedNote {
        let mut note = checkpoint.sign(&self.key.0, &self.key.1).expect("a signed head");
        for (key, secret) in self.witnesses.iter().take(witnesses) {
            note.put(cosign(note.text(), key, secret, now).expect("a cosignature"));
        }
        note
    }

    /// Size of the log as it is now: what [`Self::note`] may be asked for later.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.log.size()
    }

    /// The signed head of exactly this size.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn note(&self, size: u64) -> &SignedNote {
        let found = self.notes.iter().rev().find(|(at, _)| *at == size);
        &found.expect("a head of that size").1
    }

    /// The receipt over the first head that covers the leaf.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn receipt(&self, place: u64) -> Receipt {
        let found = self.notes.iter().find(|(size, _)| *size > place).expect("a head");
        self.log.receipt(place, &found.1).expect("a receipt")
    }

    /// The receipt over the head of this size.
    ///
    /// # Panics
    ///
    /// If there is no such head, or it does not cover the leaf.
    #[must_use]
    pub fn receipt_at(&self, place: u64, size: u64) -> Receipt {
        self.log.receipt(place, self.note(size)).expect("a receipt")
    }

    /// What the map of the log of this size says of `key`.
    ///
    /// # Panics
    ///
    /// If there is no such head.
    #[must_use]
    pub fn current(&self, key: &MapKey, size: u64) -> CurrentProof {
        self.log.current(key, self.note(size)).expect("a current-proof")
    }

    /// The receipt of a leaf that the operator appends although it breaks a rule; witnesses do not look at rules.
    ///
    /// # Panics
    ///
    /// If there can be no such leaf.
    #[must_use]
    pub fn rogue(&self, kind: Kind, body: &str, now: Timestamp) -> Receipt {
        let leaf = Leaf::new(kind, now, body.as_bytes().to_vec()).expect("a leaf").to_bytes();
        let mut tree = MerkleTree::new();
        for place in 0..self.log.size() {
            tree.append(LeafHash::of(&self.log.leaf(place).expect("a leaf").to_bytes()));
        }
        tree.append(LeafHash::of(&leaf));
        let size = tree.size();
        let head = TreeHead { tree_size: size, root_hash: tree.root(size).expect("a root") };
        let checkpoint = Checkpoint::new(self.log.origin(), head).expect("a head");
        let note = self.signed(&checkpoint, now, self.witnesses.len());
        let path = tree.inclusion(self.log.size(), size).expect("a path");
        Receipt::new(leaf, &path, &note)
    }

    /// The sequence number of the next state of an act.
    #[must_use]
    pub fn next_state(&self, scid: &str, act: &ActId) -> u64 {
        let known = self.log.state().history(&MapKey::act(scid, act));
        known.last().map_or(1, |value| value.sequence.saturating_add(1))
    }
}

fn named(
    name: &str,
    key: SecretKey,
    material: fn(PublicKey) -> KeyMaterial,
) -> (VerifierKey, SecretKey) {
    (VerifierKey::new(name, material(key.public_key())).expect("a name"), key)
}
