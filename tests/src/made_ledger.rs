//! A ledger in memory with two witnesses and a registered DID: input for fuzz seeds, differential tests and benches.
//!
//! In scope: the shortest way to receipts and current-proofs that verify. Out of scope: durability (`inkan-io`).

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Digest, Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::webvh::{self, Create, History};
use inkan_did::{Did, DidUrl};
use inkan_ledger::cosignature::cosign;
use inkan_ledger::epoch::Parameters;
use inkan_ledger::log::Submission;
use inkan_ledger::note::KeyMaterial;
use inkan_ledger::{
    Claims, Kind, Log, LogPolicy, Promise, SignedEntry, SignedNote, VerifierKey, commitment,
};

use crate::made::moment;

/// The name of the log.
pub const ORIGIN: &str = "ledger.example";
/// The salt of every commitment here.
pub const SALT: [u8; 16] = [5; 16];

/// The log, its keys, and one DID on it.
#[derive(Debug)]
pub struct Ledger {
    /// The log itself.
    pub log: Log,
    /// The C2SP policy that trusts it under both witnesses.
    pub policy_text: String,
    /// The registered DID.
    pub did: Did,
    /// Its `did.jsonl`.
    pub did_log: String,
    /// DID URL of its key.
    pub method: DidUrl,
    /// Its key, which signs entries.
    pub key: SecretKey,
    /// The key that the DID has committed to.
    pub next_key: SecretKey,
    log_key: (VerifierKey, SecretKey),
    witnesses: Vec<(VerifierKey, SecretKey)>,
    now: Timestamp,
}

impl Ledger {
    /// Makes the log, its first epoch, and the DID's first entry.
    ///
    /// # Panics
    ///
    /// If the ledger refuses what it must accept.
    #[must_use]
    pub fn new(rng: &mut SeededRng) -> Self {
        let mut draw = || SecretKey::generate(KeyType::Ed25519, rng);
        let (log_secret, update, key, next_key) = (draw(), draw(), draw(), draw());
        let witnesses = ["w1.example", "w2.example"]
            .map(|name| named(name, draw(), KeyMaterial::Cosignature))
            .into();
        let log_key = named(ORIGIN, log_secret, KeyMaterial::Note);
        let request = Create {
            domain: ORIGIN.to_owned(),
            path: None,
            key_id: "sign-1".to_owned(),
            key: key.public_key(),
            others: Vec::new(),
            next_key_hashes: Vec::new(),
            services: Vec::new(),
            home: Some(ORIGIN.to_owned()),
        };
        let (did, line) = webvh::create(&request, &update, &next_key.public_key(), moment())
            .expect("a first entry");
        let parameters = Parameters::default();
        let (_, digest) = parameters.genesis_document().expect("parameters");
        let method = DidUrl::parse(&format!("{}#sign-1", did.as_str())).expect("a DID URL");
        let mut ledger = Self {
            log: Log::new(ORIGIN, &parameters, digest).expect("parameters"),
            policy_text: String::new(),
            did,
            did_log: line.clone(),
            method,
            key,
            next_key,
            log_key,
            witnesses,
            now: moment(),
        };
        let policy_witnesses: Vec<_> = ledger
            .witnesses
            .iter()
            .map(|(key, _)| (key.name().replace(".example", ""), key.clone()))
            .collect();
        ledger.policy_text = LogPolicy::text_of_all(&ledger.log_key.0, &policy_witnesses);
        ledger.seal();
        ledger.append(Kind::Did, line.trim_end().as_bytes());
        ledger
    }

    /// The policy that trusts this log.
    ///
    /// # Panics
    ///
    /// If our own policy cannot be read.
    #[must_use]
    pub fn policy(&self) -> LogPolicy {
        LogPolicy::parse(&self.policy_text).expect("our own policy")
    }

    /// The DID's history.
    ///
    /// # Panics
    ///
    /// If our own log cannot be verified.
    #[must_use]
    pub fn history(&self) -> History {
        History::verify(&self.did_log, None, self.now).expect("our own log")
    }

    /// The ledger's time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Submits one entry, a second later than the one before.
    ///
    /// # Panics
    ///
    /// If it is not accepted.
    pub fn append(&mut self, kind: Kind, body: &[u8]) -> u64 {
        self.now = self.now.plus_seconds(1);
        match self.log.prepare(kind, body, self.now).expect("an acceptable entry") {
            Submission::New(prepared) => self.log.commit(*prepared).expect("in order"),
            Submission::Duplicate { leaf_index } => leaf_index,
        }
    }

    /// An issuance entry over `digest`, not yet submitted.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn issuance(&self, digest: &Digest) -> String {
        let scid = self.did.scid().expect("a did:webvh");
        let commitment = commitment(Kind::Issuance, scid, &SALT, digest);
        let claims = Claims::Issuance { commitment };
        SignedEntry::sign(&claims, &self.method, ORIGIN, &self.key, self.now).expect("an entry")
    }

    /// Ends a checkpoint with an epoch leaf and has it cosigned.
    ///
    /// # Panics
    ///
    /// If the log does not sign its own head.
    pub fn seal(&mut self) -> SignedNote {
        self.now = self.now.plus_seconds(1);
        if let Some(prepared) = self.log.prepare_epoch(self.now).expect("an epoch") {
            self.log.commit(prepared).expect("in order");
        }
        let checkpoint = self.log.checkpoint(self.log.size()).expect("a head");
        let mut note = checkpoint.sign(&self.log_key.0, &self.log_key.1).expect("a signed head");
        for (key, secret) in &self.witnesses {
            note.put(cosign(note.text(), key, secret, self.now).expect("a cosignature"));
        }
        note
    }

    /// Signs a promise as the log.
    ///
    /// # Panics
    ///
    /// If the key does not sign.
    #[must_use]
    pub fn promise(&self, promise: &Promise) -> SignedNote {
        promise.sign(&self.log_key.0, &self.log_key.1).expect("a signed promise")
    }

    /// Records `count` issuances and seals them; gives the index of the first and the sealed head.
    pub fn filled(&mut self, count: u32) -> (u64, SignedNote) {
        let mut first = None;
        for number in 0..count {
            let body = self.issuance(&sha256(&[&number.to_be_bytes()]));
            let index = self.append(Kind::Issuance, body.as_bytes());
            first.get_or_insert(index);
        }
        (first.unwrap_or_default(), self.seal())
    }
}

fn named(
    name: &str,
    key: SecretKey,
    material: fn(inkan_crypto::PublicKey) -> KeyMaterial,
) -> (VerifierKey, SecretKey) {
    (VerifierKey::new(name, material(key.public_key())).expect("a name"), key)
}
