//! Records in two scopes, anchored in a ledger in memory: input for fuzz seeds and schemas.
//!
//! In scope: the shortest way to a pack and a proof that verify. Out of scope: files (`inkan-io`).

use inkan_core::sha256;
use inkan_ledger::anchored::{
    AnchorEvidence, AnchorProof, Content, PackHead, PackScope, RecordName, RecordProof, Row,
    ScopeName, leaf,
};
use inkan_ledger::{AnchorScope, Claims, Kind, MapKey, ScopeTree, SignedEntry};

use crate::made_ledger::{Ledger, ORIGIN, SALT};

/// What the records of each scope are called.
const RECORDS: [(&str, &[&str]); 2] =
    [("ward-3", &["care/1.txt", "care/2.txt"]), ("ward-4", &["care/3.txt"])];

/// A pack of two scopes, and the proof of its first record.
///
/// # Panics
///
/// If the ledger refuses what it must accept.
#[must_use]
pub fn anchored(ledger: &mut Ledger) -> (Vec<u8>, AnchorProof) {
    let scid = ledger.did.scid().expect("a did:webvh").to_owned();
    let (mut scopes, mut body, mut places, mut first) = (Vec::new(), Vec::new(), Vec::new(), None);
    for (scope, names) in RECORDS {
        let content = |name: &str| Content { length: 5, digest: sha256(&[name.as_bytes()]) };
        let leaves = names.iter().map(|name| leaf(scope, name, &content(name), &SALT));
        let tree = ScopeTree::new(leaves, &[7; 32]).expect("records");
        let claims = Claims::Anchor(tree.claims(AnchorScope::Dataset, &scid, &SALT));
        let entry = SignedEntry::sign(&claims, &ledger.method, ORIGIN, &ledger.key, ledger.now());
        places.push(ledger.append(Kind::Anchor, entry.expect("an entry").as_bytes()));
        let mut name_at = 0;
        for (number, name) in names.iter().enumerate() {
            let place = tree.place(number).expect("a place");
            let name_length = u16::try_from(name.len()).expect("short");
            let row = Row { name_at, name_length, content: content(name), salt: SALT, place };
            name_at += u64::from(name_length);
            body.extend_from_slice(&row.to_bytes());
            first.get_or_insert_with(|| RecordProof {
                scope: ScopeName::parse(scope).expect("a scope"),
                name: RecordName::parse(name).expect("a name"),
                content: content(name),
                salt: SALT,
                index: place,
                path: tree.path(place).expect("a path"),
                root_salt: SALT,
            });
        }
        names.iter().for_each(|name| body.extend_from_slice(name.as_bytes()));
        tree.nodes().for_each(|node| body.extend_from_slice(node.digest().as_bytes()));
        scopes.push(PackScope {
            name: ScopeName::parse(scope).expect("a scope"),
            records: u64::try_from(names.len()).expect("few"),
            names: name_at,
            root: tree.root(),
            root_salt: SALT,
        });
    }
    let note = ledger.seal();
    let receipt = |index| ledger.log.receipt(index, &note).expect("a receipt");
    let current = ledger.log.current(&MapKey::did(&scid), &note).expect("a current-proof");
    let evidence: Vec<AnchorEvidence> = places
        .into_iter()
        .map(|place| AnchorEvidence {
            entry: receipt(place),
            signer: vec![receipt(1)].into(),
            current: current.clone().into(),
        })
        .collect();
    let record = first.expect("a record");
    let proof = AnchorProof { record, evidence: evidence.first().expect("a scope").clone() };
    let head = PackHead { scopes, evidence };
    let mut pack = head.to_bytes().expect("a head");
    pack.extend_from_slice(&body);
    let sum = sha256(&[&pack]);
    pack.extend_from_slice(sum.as_bytes());
    (pack, proof)
}
