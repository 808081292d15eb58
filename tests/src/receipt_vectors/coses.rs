//! COSE receipts (§5.6 of the ledger specification, RFC 9942): good ones, and what is none.

use inkan_core::encoding::b64;
use inkan_crypto::{KeyType, SecretKey};
use inkan_ledger::cose::CoseReceipt;
use inkan_ledger::tree::{InclusionProof, TreeHead};
use inkan_ledger::{Kind, LeafHash};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, Person};

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let (book, key) = (book(), key(21));
    let defaults = json!({ "check": "cose", "key": key.public_key().to_jwk(), "leaf": { "b64": b64(book.leaf(3)) } });
    let mut group =
        Group::new("cose", "COSE receipts (RFC 9942) of one log and its P-256 key.", defaults);
    for size in [4, 5, 8, 9] {
        let bytes = export(&book, 3, size, &key);
        group.holds(format!("leaf 3 of {size}"), asked(&bytes), &json!({
            "origin": "ledger.example", "index": 3, "size": size, "root": book.tree().root(size).expect("a root").digest().to_hex(),
            "checks": { "form": "pass", "inclusion": "pass", "log": "pass" },
        }));
    }
    broken(&mut group, &book, &key);
    group
}

fn book() -> Book {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let person = Person::new(11, KeyType::Ed25519, Some("ledger.example"));
    for number in 0..9_u8 {
        let body = person.issuance(&book, &[number]);
        book.push(Kind::Issuance, body.as_bytes());
    }
    book
}

fn key(seed: u64) -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut inkan_core::rng::insecure::SeededRng::new(seed))
}

fn export(book: &Book, index: u64, tree_size: u64, key: &SecretKey) -> Vec<u8> {
    let proof = book.tree().inclusion(index, tree_size).expect("a path");
    sign(book, &proof, tree_size, key)
}

fn sign(book: &Book, proof: &InclusionProof, tree_size: u64, key: &SecretKey) -> Vec<u8> {
    let root_hash = book.tree().root(tree_size).expect("a root");
    let leaf = LeafHash::of(book.leaf(proof.leaf_index));
    let head = TreeHead { tree_size, root_hash };
    let receipt = CoseReceipt::sign(&book.origin, (&leaf, proof), &head, key).expect("a signature");
    receipt.to_bytes().expect("CBOR")
}

fn asked(bytes: &[u8]) -> Value {
    json!({ "cose": { "b64": b64(bytes) } })
}

fn broken(group: &mut Group, book: &Book, key: &SecretKey) {
    let good = export(book, 3, 9, key);
    let (malformed, forged, elsewhere) =
        ("malformed-receipt", "log-signature-invalid", "inclusion-invalid");
    let mut case =
        |name: &str, bytes: Vec<u8>, code: &str| group.refused(name, asked(&bytes), code);
    let find =
        |part: &[u8]| good.windows(part.len()).position(|window| window == part).expect("a part");
    let replaced = |from: &[u8], to: &[u8]| {
        let at = find(from);
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    case("empty", Vec::new(), malformed);
    case("a byte more", [good.as_slice(), &[0]].concat(), malformed);
    case("a byte less", good[..good.len() - 1].to_vec(), malformed);
    case("without its tag", good[1..].to_vec(), malformed);
    case("another tag", replaced(&[0xd2, 0x84], &[0xd1, 0x84]), malformed);
    case("a payload", replaced(&[0xf6], &[0x40]), malformed);
    case("another algorithm", replaced(&[0x01, 0x26, 0x04], &[0x01, 0x27, 0x04]), malformed);
    case(
        "another tree algorithm",
        replaced(&[0x19, 0x01, 0x8b, 0x01], &[0x19, 0x01, 0x8b, 0x02]),
        malformed,
    );
    case("another header", replaced(&[0x19, 0x01, 0x8c], &[0x19, 0x01, 0x8d]), malformed);
    case(
        "a number in a longer form",
        replaced(&[0x83, 0x09, 0x03], &[0x83, 0x09, 0x18, 0x03]),
        malformed,
    );
    case("an index above the size", replaced(&[0x83, 0x09, 0x03], &[0x83, 0x09, 0x09]), malformed);
    case(
        "another size of another shape",
        replaced(&[0x83, 0x09, 0x03], &[0x83, 0x04, 0x03]),
        elsewhere,
    );
    case("another place", replaced(&[0x83, 0x09, 0x03], &[0x83, 0x09, 0x02]), forged);
    case("another log", replaced(b"ledger.example", b"ledger.exempel"), forged);
    case("an origin with a blank", replaced(b"ledger.example", b"ledger example"), malformed);
    case(
        "a changed key id",
        {
            let mut bytes = good.clone();
            bytes[12] ^= 1;
            bytes
        },
        forged,
    );
    case(
        "a changed path",
        {
            let mut bytes = good.clone();
            let at = find(&[0x83, 0x09, 0x03]) + 10;
            bytes[at] ^= 1;
            bytes
        },
        forged,
    );
    case(
        "a changed signature",
        {
            let mut bytes = good.clone();
            *bytes.last_mut().expect("a byte") ^= 1;
            bytes
        },
        forged,
    );
    case(
        "a short signature",
        {
            let at = good.len() - 66;
            [&good[..at], &[0x58, 63], &good[at + 2..good.len() - 1]].concat()
        },
        forged,
    );
    case("more than 4,096 bytes", vec![0xd2; 4_097], malformed);
    let mut asked_with = asked(&good);
    asked_with["key"] = self::key(22).public_key().to_jwk();
    group.refused("another key", asked_with.clone(), forged);
    asked_with["key"] = super::book::secret(5).public_key().to_jwk();
    group.refused("an Ed25519 key", asked_with, forged);
    let mut other = asked(&good);
    other["leaf"] = json!({ "b64": b64(book.leaf(4)) });
    group.refused("another leaf", other, forged);
}
