//! Somebody with a DID and keys.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::self_contained::{did_key, did_key_url};
use inkan_did::webvh::{self, Create, History, Update};
use inkan_did::{Did, DidUrl};
use serde_json::Value;

/// Somebody with a DID, its log, and keys.
#[derive(Debug)]
pub struct Actor {
    /// The DID.
    pub did: Did,
    /// Lines of its log; none for a did:key.
    pub lines: Vec<String>,
    /// Where the lines are recorded.
    pub places: Vec<u64>,
    /// Name of the document key.
    pub fragment: String,
    /// The document key.
    pub key: SecretKey,
    /// Names and keys of before, oldest first.
    pub retired: Vec<(String, SecretKey)>,
    update: SecretKey,
}

impl Actor {
    /// A did:webvh at `home`, not yet recorded.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    #[must_use]
    pub fn new(
        name: &str,
        key_type: KeyType,
        home: Option<&str>,
        rng: &mut SeededRng,
        now: Timestamp,
    ) -> Self {
        let key = SecretKey::generate(key_type, rng);
        let first = SecretKey::generate(KeyType::Ed25519, rng);
        let update = SecretKey::generate(KeyType::Ed25519, rng);
        let request = Create {
            domain: "ledger.example".to_owned(),
            path: Some(name.to_owned()),
            key_id: "key-1".to_owned(),
            key: key.public_key(),
            others: Vec::new(),
            next_key_hashes: Vec::new(),
            services: Vec::new(),
            home: home.map(str::to_owned),
        };
        let (did, line) =
            webvh::create(&request, &first, &update.public_key(), now).expect("a first entry");
        Self {
            did,
            lines: vec![line],
            places: Vec::new(),
            fragment: "key-1".to_owned(),
            key,
            retired: Vec::new(),
            update,
        }
    }

    /// A did:key.
    ///
    /// # Panics
    ///
    /// Never: the key makes a DID.
    #[must_use]
    pub fn visitor(key_type: KeyType, rng: &mut SeededRng) -> Self {
        let key = SecretKey::generate(key_type, rng);
        let url = did_key_url(&key.public_key());
        Self {
            did: Did::parse(&did_key(&key.public_key())).expect("a DID"),
            lines: Vec::new(),
            places: Vec::new(),
            fragment: url.rsplit('#').next().unwrap_or_default().to_owned(),
            key,
            retired: Vec::new(),
            update: SecretKey::generate(KeyType::Ed25519, rng),
        }
    }

    /// The SCID of its did:webvh.
    ///
    /// # Panics
    ///
    /// If it has none.
    #[must_use]
    pub fn scid(&self) -> &str {
        self.did.scid().expect("a did:webvh")
    }

    /// DID URL of the document key.
    #[must_use]
    pub fn method(&self) -> String {
        format!("{}#{}", self.did.as_str(), self.fragment)
    }

    /// The same, parsed.
    ///
    /// # Panics
    ///
    /// Never: it is a DID URL.
    #[must_use]
    pub fn url(&self) -> DidUrl {
        DidUrl::parse(&self.method()).expect("a DID URL")
    }

    /// Its `did.jsonl`, or the first `lines` of it.
    #[must_use]
    pub fn did_log(&self, lines: usize) -> String {
        self.lines.iter().take(lines).map(|line| format!("{line}\n")).collect()
    }

    /// Replaces the document key by a new one under this name; the old one is [retired](Self::retired).
    ///
    /// # Panics
    ///
    /// If the line cannot be made.
    pub fn rotate(&mut self, fragment: &str, rng: &mut SeededRng, now: Timestamp) -> String {
        let key = SecretKey::generate(self.key.key_type(), rng);
        let next = SecretKey::generate(KeyType::Ed25519, rng);
        let history = self.history(now);
        let keys = [(fragment.to_owned(), key.public_key())];
        let line = webvh::rotate(history.latest(), &keys, &self.update, &next.public_key(), now)
            .expect("a line");
        self.lines.push(line.clone());
        let fragment = std::mem::replace(&mut self.fragment, fragment.to_owned());
        self.retired.push((fragment, std::mem::replace(&mut self.key, key)));
        self.update = next;
        line
    }

    /// Ends the DID.
    ///
    /// # Panics
    ///
    /// If the line cannot be made.
    pub fn deactivate(&mut self, now: Timestamp) -> String {
        let history = self.history(now);
        let line = webvh::deactivate(history.latest(), &self.update, now).expect("a line");
        self.lines.push(line.clone());
        line
    }

    /// Writes a whole new document.
    ///
    /// # Panics
    ///
    /// If the line cannot be made.
    pub fn rewrite(&mut self, document: Value, rng: &mut SeededRng, now: Timestamp) -> String {
        let next = SecretKey::generate(KeyType::Ed25519, rng);
        let next_key_hashes = vec![webvh::next_key_hash(&next.public_key())];
        let change = Update { document, next_key_hashes };
        let history = self.history(now);
        let line = webvh::update(history.latest(), &change, &self.update, now).expect("a line");
        self.lines.push(line.clone());
        self.update = next;
        line
    }

    /// The log with one more line, which is not taken over: the key that may write it is used twice.
    ///
    /// # Panics
    ///
    /// If the line cannot be made.
    pub fn fork(&self, rng: &mut SeededRng, now: Timestamp) -> String {
        let key = SecretKey::generate(self.key.key_type(), rng);
        let next = SecretKey::generate(KeyType::Ed25519, rng);
        let history = self.history(now);
        let keys = [("fork".to_owned(), key.public_key())];
        let line = webvh::rotate(history.latest(), &keys, &self.update, &next.public_key(), now);
        format!("{}{}\n", self.did_log(usize::MAX), line.expect("a line"))
    }

    /// Its log, verified.
    ///
    /// # Panics
    ///
    /// Never: it is our own.
    #[must_use]
    pub fn history(&self, now: Timestamp) -> History {
        History::verify(&self.did_log(usize::MAX), None, now).expect("our own log")
    }
}
