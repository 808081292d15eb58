//! Who submits: the same entries from the same numbers, in every process.

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::webvh::{self, Create};
use inkan_did::{Did, DidUrl};
use inkan_ledger::{ActId, Claims, Kind, SignedEntry, commitment};

/// The name of the log.
pub(crate) const ORIGIN: &str = "ledger.example";

/// A client with a DID of its own.
pub(crate) struct Person {
    did: Did,
    line: String,
    key: SecretKey,
    client: u64,
    base: Timestamp,
}

impl Person {
    pub(crate) fn new(client: u64, base: u64) -> Self {
        let base = Timestamp::from_seconds(base.try_into().expect("a time")).expect("a time");
        let (did, line, key) = made(client, base);
        Self { did, line, key, client, base }
    }

    /// Entry `n` of this client: its DID, then acts, issuances and new DIDs in turn.
    pub(crate) fn entry(&self, n: u64) -> (Kind, String) {
        let scid = self.did.scid().expect("a SCID");
        let digest = sha256(&[&n.to_be_bytes()]);
        let claims = match n {
            0 => return (Kind::Did, self.line.clone()),
            _ if n.is_multiple_of(16) => {
                return (Kind::Did, made(1_000 * (self.client + 1) + n, self.base).1);
            }
            _ if n.is_multiple_of(2) => {
                Claims::Issuance { commitment: commitment(Kind::Issuance, scid, &[1; 16], &digest) }
            }
            _ => Claims::Countersignature {
                commitment: commitment(Kind::Countersignature, scid, &[2; 16], &digest),
                act: ActId::from_bytes([7; 32]),
                sequence: n.div_ceil(2),
            },
        };
        let kid = DidUrl::parse(&format!("{}#key-1", self.did)).expect("a DID URL");
        let body = SignedEntry::sign(&claims, &kid, ORIGIN, &self.key, self.base).expect("signed");
        (claims.kind(), body)
    }
}

fn made(seed: u64, base: Timestamp) -> (Did, String, SecretKey) {
    let key = |salt| SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed * 10 + salt));
    let request = Create {
        domain: ORIGIN.to_owned(),
        path: Some(format!("p{seed}")),
        key_id: "key-1".to_owned(),
        key: key(1).public_key(),
        others: Vec::new(),
        next_key_hashes: vec![],
        services: vec![],
        home: Some(ORIGIN.to_owned()),
    };
    let (did, line) = webvh::create(&request, &key(2), &key(3).public_key(), base).expect("a DID");
    (did, line, key(1))
}
