//! A small world for tests: a log with a key, two witnesses, and DIDs with keys, all from seeds.

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::webvh::{self, Create, Head};
use inkan_did::{Did, DidUrl};

use crate::entry::{
    AnchorClaims, AnchorContent, AnchorScope, Claims, OnceClaims, OnceId, SignedEntry,
    StatusClaims, StatusFormat, TrustClaims, TrustOperation, TrustStatement,
};
use crate::epoch::Parameters;
use crate::leaf::Kind;
use crate::log::Log;
use crate::note::{KeyMaterial, SignedNote, VerifierKey};
use crate::parameters::ParametersDocument;
use crate::policy::LogPolicy;
use crate::rejection::Rejection;
use crate::{ActId, commitment};

pub(crate) const ORIGIN: &str = "ledger.example";
pub(crate) const SALT: [u8; 16] = [7; 16];

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_768_464_000 + seconds).unwrap()
}

pub(crate) fn ed25519(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed))
}

/// A DID with its document key and the keys for its next entries.
pub(crate) struct Person {
    pub(crate) did: Did,
    pub(crate) line: String,
    pub(crate) key: SecretKey,
    seed: u64,
}

impl Person {
    pub(crate) fn new(seed: u64) -> Self {
        Self::with(seed, KeyType::Ed25519, Some(ORIGIN))
    }

    pub(crate) fn with(seed: u64, key_type: KeyType, home: Option<&str>) -> Self {
        let key = SecretKey::generate(key_type, &mut SeededRng::new(seed));
        let request = Create {
            domain: "people.example".to_owned(),
            path: Some(format!("p{seed}")),
            key_id: "key-1".to_owned(),
            key: key.public_key(),
            others: Vec::new(),
            next_key_hashes: vec![],
            services: vec![],
            home: home.map(str::to_owned),
        };
        let next = ed25519(seed + 2_000).public_key();
        let (did, line) = webvh::create(&request, &ed25519(seed + 1_000), &next, at(0)).unwrap();
        Self { did, line, key, seed }
    }

    pub(crate) fn scid(&self) -> &str {
        self.did.scid().unwrap()
    }

    pub(crate) fn kid(&self) -> DidUrl {
        DidUrl::parse(&format!("{}#key-1", self.did)).unwrap()
    }

    /// The next line, with another document key under the same name.
    pub(crate) fn rotate(&self, head: &Head, time: Timestamp) -> (String, SecretKey) {
        let key = ed25519(self.seed + 10 * head.number());
        let step = 1_000 * head.number();
        let keys = [("key-2".to_owned(), key.public_key())];
        let (update, next) = (ed25519(self.seed + 1_000 + step), ed25519(self.seed + 2_000 + step));
        let line = webvh::rotate(head, &keys, &update, &next.public_key(), time).unwrap();
        (line, key)
    }

    /// The next line, by which the DID's home becomes another log.
    pub(crate) fn move_to(&self, head: &Head, home: &str, time: Timestamp) -> String {
        let step = 1_000 * head.number();
        let (update, next) = (ed25519(self.seed + 1_000 + step), ed25519(self.seed + 2_000 + step));
        let mut document = head.document().value().clone();
        document["service"] = serde_json::json!([{
            "id": format!("{}#ledger", self.did),
            "type": "LedgerLog",
            "serviceEndpoint": format!("https://{home}"),
        }]);
        let next_key_hashes = vec![webvh::next_key_hash(&next.public_key())];
        let change = webvh::Update { document, next_key_hashes };
        webvh::update(head, &change, &update, time).unwrap()
    }

    /// The head after these lines, whichever log they are in.
    pub(crate) fn head_of(lines: &[String]) -> Head {
        let mut head = None;
        for line in lines {
            let entry = webvh::Entry::parse(line.as_bytes(), None).unwrap();
            head = Some(webvh::follow(head.as_ref(), &entry).unwrap());
        }
        head.unwrap()
    }

    pub(crate) fn deactivate(&self, head: &Head, time: Timestamp) -> String {
        let update = ed25519(self.seed + 1_000 + 1_000 * head.number());
        webvh::deactivate(head, &update, time).unwrap()
    }

    pub(crate) fn sign(&self, claims: &Claims, time: Timestamp) -> String {
        SignedEntry::sign(claims, &self.kid(), ORIGIN, &self.key, time).unwrap()
    }

    pub(crate) fn issuance(&self, artefact: &[u8]) -> Claims {
        let digest = sha256(&[artefact]);
        Claims::Issuance { commitment: commitment(Kind::Issuance, self.scid(), &SALT, &digest) }
    }

    pub(crate) fn act(&self, act: u8, sequence: u64, artefact: &[u8]) -> Claims {
        let digest = sha256(&[artefact]);
        Claims::Countersignature {
            commitment: commitment(Kind::Countersignature, self.scid(), &SALT, &digest),
            act: ActId::from_bytes([act; 32]),
            sequence,
        }
    }
}

pub(crate) fn trust(sequence: u64) -> TrustClaims {
    TrustClaims {
        statement: TrustStatement::Authorization,
        entity_id: "did:web:hospital.example".to_owned(),
        action: "issue".to_owned(),
        resource: "DiplomaCredential".to_owned(),
        operation: TrustOperation::Grant,
        sequence,
        not_before: at(0),
        expires: None,
        digest: None,
    }
}

pub(crate) fn anchor(content: &[u8]) -> AnchorClaims {
    AnchorClaims {
        scope: AnchorScope::Document,
        media_type: "application/pdf".to_owned(),
        content: AnchorContent::Public { digest: sha256(&[content]), length: Some(7) },
        records: None,
    }
}

pub(crate) fn once(id: u8) -> OnceClaims {
    OnceClaims { id: OnceId::from_bytes([id; 32]), scope: "coupon".to_owned() }
}

pub(crate) fn status(sequence: u64, list: &[u8]) -> StatusClaims {
    StatusClaims {
        uri: "https://ledger.example/status/1".to_owned(),
        format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
        sequence,
        digest: sha256(&[list]),
        length: 131_072,
        not_before: at(0),
        expires: at(86_400),
    }
}

/// A log with its own key and witnesses.
pub(crate) struct World {
    pub(crate) log: Log,
    pub(crate) log_secret: SecretKey,
    pub(crate) log_key: VerifierKey,
    pub(crate) witnesses: Vec<(String, SecretKey, VerifierKey)>,
}

impl World {
    /// A log with its genesis leaf, and two witnesses.
    pub(crate) fn new() -> Self {
        let parameters = Parameters::default();
        let (_, digest) = parameters.genesis_document().unwrap();
        let log_secret = ed25519(1);
        let log_key = VerifierKey::new(ORIGIN, KeyMaterial::Note(log_secret.public_key())).unwrap();
        let witnesses = ["w1", "w2"].map(|name| {
            let secret = ed25519(u64::from(name.as_bytes()[1]));
            let material = KeyMaterial::Cosignature(secret.public_key());
            let key = VerifierKey::new(&format!("{ORIGIN}/{name}"), material).unwrap();
            (name.to_owned(), secret, key)
        });
        let log = Log::new(ORIGIN, &parameters, digest).unwrap();
        let mut world = Self { log, log_secret, log_key, witnesses: witnesses.into() };
        world.seal(0);
        world
    }

    pub(crate) fn policy(&self) -> LogPolicy {
        let witnesses: Vec<_> =
            self.witnesses.iter().map(|(name, _, key)| (name.clone(), key.clone())).collect();
        LogPolicy::parse(&LogPolicy::text_of_all(&self.log_key, &witnesses)).unwrap()
    }

    pub(crate) fn submit(&mut self, kind: Kind, body: &str, time: i64) -> Result<u64, Rejection> {
        self.log.submit(kind, body.as_bytes(), at(time))
    }

    pub(crate) fn register(&mut self, person: &Person) -> u64 {
        self.submit(Kind::Did, &person.line, 1).unwrap()
    }

    pub(crate) fn enter(&mut self, person: &Person, claims: &Claims) -> Result<u64, Rejection> {
        let time = self.log.leaf(self.log.size() - 1).unwrap().time();
        let body = person.sign(claims, time);
        self.submit(claims.kind(), &body, time.seconds() - at(0).seconds())
    }

    /// A log with other parameters, and its genesis leaf.
    pub(crate) fn with(parameters: &Parameters) -> Self {
        let (_, digest) = parameters.genesis_document().unwrap();
        let mut world = Self::new();
        world.log = Log::new(ORIGIN, parameters, digest).unwrap();
        world.seal(0);
        world
    }

    pub(crate) fn head(&self, person: &Person) -> Head {
        self.log.state().did_head(person.scid()).unwrap().clone()
    }

    /// Records an operator event.
    pub(crate) fn event(
        &mut self,
        document: &ParametersDocument,
        time: i64,
    ) -> Result<u64, Rejection> {
        let prepared = self.log.prepare_event(at(time), document)?;
        Ok(self.log.commit(prepared).unwrap())
    }

    pub(crate) fn leaves(&self) -> Vec<Vec<u8>> {
        (0..self.log.size()).map(|i| self.log.leaf(i).unwrap().to_bytes()).collect()
    }

    /// Ends a checkpoint and gives its size.
    pub(crate) fn seal(&mut self, time: i64) -> u64 {
        if let Some(prepared) = self.log.prepare_epoch(at(time)).unwrap() {
            self.log.commit(prepared).unwrap();
        }
        self.log.size()
    }

    /// The head of a size, signed by the log only.
    pub(crate) fn signed(&self, size: u64) -> SignedNote {
        self.log.checkpoint(size).unwrap().sign(&self.log_key, &self.log_secret).unwrap()
    }

    /// The head of a size, cosigned by the witnesses at these times.
    pub(crate) fn cosigned(&self, size: u64, times: &[i64]) -> SignedNote {
        let mut note = self.signed(size);
        for ((_, secret, key), time) in self.witnesses.iter().zip(times) {
            note.put(crate::cosignature::cosign(note.text(), key, secret, at(*time)).unwrap());
        }
        note
    }
}
