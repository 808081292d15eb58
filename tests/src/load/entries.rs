//! Signed entries of all kinds, made before a run so that nobody waits for signatures in it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::thread;

use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Timestamp, sha256};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::DidUrl;
use inkan_did::webvh::{self, Create, Head};
use inkan_ledger::entry::claims::anchor::{
    AnchorClaims, AnchorContent, AnchorScope, OnceClaims, OnceId,
};
use inkan_ledger::entry::claims::trust::{TrustClaims, TrustOperation, TrustStatement};
use inkan_ledger::state::{Controller, parse_did_body};
use inkan_ledger::{ActId, Candidate, Claims, Kind, SignedEntry, StatusClaims, StatusFormat};

/// Name of the log under load.
pub const ORIGIN: &str = "ledger.example";

/// An entry that is ready to be handed in.
pub type Ready = (Kind, Vec<u8>);

/// Somebody who signs entries.
#[derive(Debug)]
struct Signer {
    line: String,
    method: DidUrl,
    key: SecretKey,
    controller: Controller,
}

/// Makes entries; the same number gives the same entry.
#[derive(Debug)]
pub struct Maker {
    signers: Vec<Signer>,
    by_scid: BTreeMap<String, usize>,
    now: Timestamp,
}

impl Maker {
    /// `count` signers whose entries are dated `now`.
    ///
    /// # Panics
    ///
    /// If what we make is not accepted by us.
    #[must_use]
    pub fn new(count: u64, now: Timestamp) -> Self {
        let signers: Vec<_> = (0..count)
            .map(|number| {
                let (line, key) = did(u64::MAX - number, now);
                let entry = parse_did_body(line.as_bytes()).expect("our own entry");
                let head = webvh::check_next(None, &entry, now).expect("our own entry");
                let id = head.document().id().as_str();
                let method = DidUrl::parse(&format!("{id}#key-1")).expect("a DID URL");
                let controller = stored(&head);
                Signer { line, method, key, controller }
            })
            .collect();
        let scid = |signer: &Signer| signer.controller.head().scid().to_owned();
        let by_scid = signers.iter().enumerate().map(|(at, signer)| (scid(signer), at)).collect();
        Self { signers, by_scid, now }
    }

    /// Dates the entries that follow.
    pub const fn set_time(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// The entries that register the signers.
    pub fn registrations(&self) -> Vec<Ready> {
        self.signers.iter().map(|signer| (Kind::Did, signer.line.clone().into_bytes())).collect()
    }

    /// Entry number `number` of this kind.
    ///
    /// # Panics
    ///
    /// For epoch entries, which nobody hands in; if an entry cannot be signed.
    #[must_use]
    pub fn make(&self, kind: Kind, number: u64) -> Ready {
        if kind == Kind::Did {
            return (kind, did(number, self.now).0.into_bytes());
        }
        let signer = self.signer(number);
        let digest = sha256(&[b"entry", &number.to_be_bytes()]);
        let claims = match kind {
            Kind::Issuance => Claims::Issuance { commitment: digest },
            Kind::Countersignature => {
                let act = ActId::from_bytes(*sha256(&[digest.as_bytes()]).as_bytes());
                Claims::Countersignature { commitment: digest, act, sequence: 1 }
            }
            Kind::Status => Claims::Status(StatusClaims {
                uri: format!("https://{ORIGIN}/status/{number}"),
                format: StatusFormat::Bitstring { purpose: "revocation".to_owned() },
                sequence: 1,
                digest,
                length: 131_072,
                not_before: self.now,
                expires: self.now.plus_seconds(86_400),
            }),
            Kind::Trust => Claims::Trust(TrustClaims {
                statement: TrustStatement::Authorization,
                entity_id: format!("did:web:school-{number}.example"),
                action: "issue".to_owned(),
                resource: "diploma".to_owned(),
                operation: TrustOperation::Grant,
                sequence: 1,
                not_before: self.now,
                expires: None,
                digest: None,
            }),
            Kind::Anchor => Claims::Anchor(AnchorClaims {
                scope: AnchorScope::Document,
                media_type: "application/pdf".to_owned(),
                content: AnchorContent::Committed { commitment: digest },
                records: None,
            }),
            Kind::Once => Claims::Once(OnceClaims {
                id: OnceId::from_bytes(*digest.as_bytes()),
                scope: "coupon".to_owned(),
            }),
            Kind::Epoch | Kind::Did => panic!("no entries of kind {kind} are made here"),
        };
        let body = SignedEntry::sign(&claims, &signer.method, ORIGIN, &signer.key, self.now)
            .expect("a signed entry");
        (kind, body.into_bytes())
    }

    /// Entries of all numbers in `numbers`, their kinds taken in turn from `kinds`; made on all cores.
    ///
    /// # Panics
    ///
    /// As [`Self::make`].
    #[must_use]
    pub fn make_all(&self, kinds: &[Kind], numbers: Range<u64>) -> Vec<Ready> {
        let numbers: Vec<_> = numbers.collect();
        let share = numbers.len().div_ceil(cores()).max(1);
        let kind = |number: u64| {
            let turn = usize::try_from(number).unwrap_or_default() % kinds.len();
            kinds[turn]
        };
        thread::scope(|scope| {
            let parts: Vec<_> = numbers
                .chunks(share)
                .map(|part| {
                    scope.spawn(move || {
                        part.iter().map(|n| self.make(kind(*n), *n)).collect::<Vec<_>>()
                    })
                })
                .collect();
            parts.into_iter().flat_map(|part| part.join().expect("entries are made")).collect()
        })
    }

    /// What *R* of the specification counts: decoding, schema and strict signature of every entry, on all cores, with no
    /// look at any state.
    ///
    /// # Panics
    ///
    /// If an entry is refused.
    pub fn validate_all(&self, entries: &[Ready]) {
        let share = entries.len().div_ceil(cores()).max(1);
        thread::scope(|scope| {
            for part in entries.chunks(share) {
                scope.spawn(move || {
                    for (kind, body) in part {
                        self.validate(*kind, body);
                    }
                });
            }
        });
    }

    fn validate(&self, kind: Kind, body: &[u8]) {
        let mut candidate = Candidate::parse(kind, body.to_vec()).expect("our own entry");
        let signer = self.by_scid.get(candidate.signer_scid()).map(|at| &self.signers[*at]);
        let controller = signer.map(|signer| &signer.controller);
        candidate.check_signature(controller, self.now).expect("our own entry");
    }

    fn signer(&self, number: u64) -> &Signer {
        let turn = usize::try_from(number).unwrap_or_default() % self.signers.len();
        &self.signers[turn]
    }
}

/// The head as a ledger's store would give it.
fn stored(head: &Head) -> Controller {
    // Form, at home here, leaf 1; no bytes of history, and a trail of five numbers that says nothing; the head.
    let mut bytes = vec![2, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    bytes.extend([0; 8]);
    bytes.extend([5, 0, 0, 0, 0, 0]);
    bytes.extend(head.to_stored());
    Controller::from_bytes(&bytes).expect("a stored head")
}

/// Processors of this machine.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Both entries of a DID that was rotated once; dated a minute apart, the second `now`.
///
/// # Panics
///
/// If what we make is not accepted by us.
#[must_use]
pub fn rotated_did(number: u64, now: Timestamp) -> [Ready; 2] {
    let (first, _) = did(number, now.plus_seconds(-60));
    let [_, _, next, after] = keys(number);
    let entry = parse_did_body(first.as_bytes()).expect("our own entry");
    let head = webvh::check_next(None, &entry, now).expect("our own entry");
    let second = webvh::rotate(&head, &[], &next, &after.public_key(), now).expect("an entry");
    [first, second.trim_end().to_owned()].map(|line| (Kind::Did, line.into_bytes()))
}

/// Of the document, to update, to update next, and the one after that.
fn keys(number: u64) -> [SecretKey; 4] {
    let mut rng = SeededRng::new(number);
    [(); 4].map(|()| SecretKey::generate(KeyType::Ed25519, &mut rng))
}

/// The first entry of a DID, and the key in its document.
fn did(number: u64, now: Timestamp) -> (String, SecretKey) {
    let [key, update, next, _] = keys(number);
    let request = Create {
        domain: ORIGIN.to_owned(),
        // Each DID has a file of its own at its gateway, as it would.
        path: Some(format!("d/{number:x}")),
        key_id: "key-1".to_owned(),
        key: key.public_key(),
        others: Vec::new(),
        next_key_hashes: Vec::new(),
        services: Vec::new(),
        home: Some(ORIGIN.to_owned()),
    };
    let (_, line) = webvh::create(&request, &update, &next.public_key(), now).expect("an entry");
    (line.trim_end().to_owned(), key)
}
