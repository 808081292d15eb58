//! Ed25519 at its edges (§2.2 of the ledger specification): where libraries differ, and this ledger does not.
//!
//! The signatures were computed once, with point arithmetic that no library offers, over a checkpoint that never changes.

use inkan_core::encoding::{b64, decode_hex};
use inkan_core::sha256;
use inkan_ledger::{Kind, Leaf, LeafHash};
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, at};

/// An ordinary public key.
const KEY: &str = "6b543fb474654ccded5b3d22c9beafa97f5520b984caeba92d1fda919bc3f273";
/// The same point plus one of order eight.
const MIXED: &str = "9da91ee081348a734ff799ddafc690bdaff3d18788495cc8906a3cf04a52b273";

/// Name, key, signature, whether it is accepted.
const SIGNATURES: [(&str, &str, &str, bool); 9] = [
    (
        "an ordinary signature",
        KEY,
        "d2a38c6538f6c11f3f3ec85754978f25e00c2fbb8698736ac2af3fcdef8f0c96\
         a4d5608663b0a48ae16c2e70ca99e1461842b0cf9aef449663ce9649cb8ff60a",
        true,
    ),
    (
        "S plus the group order",
        KEY,
        "d2a38c6538f6c11f3f3ec85754978f25e00c2fbb8698736ac2af3fcdef8f0c96\
         91a956e37d13b7e2b7092613a993c05b1842b0cf9aef449663ce9649cb8ff61a",
        false,
    ),
    (
        "R the identity, the equation holds",
        KEY,
        "0100000000000000000000000000000000000000000000000000000000000000\
         a32750deba5790e002d63c62337324028585a925022f52671540c6f07780d306",
        false,
    ),
    (
        "R of order eight, the equation holds with the cofactor",
        KEY,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05\
         943aed96bf48dd261c298d86554a828354cd1ec12ba8723c274e867f788d960d",
        false,
    ),
    (
        "R the identity, written as p + 1",
        KEY,
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f\
         fd13ebdec119dd13b3942d0bafb0e3b11eed5d4c5f3531ac4604b5fdbd20b0e0",
        false,
    ),
    (
        "R the identity, with a sign",
        KEY,
        "0100000000000000000000000000000000000000000000000000000000000080\
         678664161f1e44fa2480f0fe39e6b177f2cd45bf85b1ada7190af0a2c6e5cd0b",
        false,
    ),
    (
        "R with a point of order eight added, the equation holds with the cofactor",
        KEY,
        "82f693f0c40032f7d8e690cfe883e9e334c2a7a968074baed40bbd656ae1b8bc\
         f44f3488cb46c2abb109f545e2d8fdddade24b8774adb4fd7292ddde725fdb00",
        false,
    ),
    (
        "a key with a point of order eight added, the equation holds",
        MIXED,
        "b1d2b0edaf2082f3c441b5021bded1009ce6eb33dabd62730cb4d995289d5aa3\
         64de3a2f7a7027ece125624de33fe1c686be4aac1b8548e1316790b3adf2140a",
        true,
    ),
    (
        "a key with a point of order eight added, the equation holds with the cofactor",
        MIXED,
        "d59bac74d12a948c32366a337d4c6ba78c4e7336fa09fd5846eb14540ad40802\
         0e3ae5cd1e1f1758301b3b03cc7c631222a720f75be3e98fc66d99ee6d03fb05",
        false,
    ),
];

/// Keys that a policy may not name.
const KEYS: [(&str, &str); 16] = [
    ("of order four", "0000000000000000000000000000000000000000000000000000000000000000"),
    (
        "of order four, with a sign",
        "0000000000000000000000000000000000000000000000000000000000000080",
    ),
    ("the identity", "0100000000000000000000000000000000000000000000000000000000000000"),
    ("of order two", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("of order eight", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    (
        "of order eight, negative",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ),
    (
        "of order eight, the other",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ),
    (
        "of order eight, the other, negative",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ),
    (
        "the identity with a sign",
        "0100000000000000000000000000000000000000000000000000000000000080",
    ),
    (
        "of order two with a sign",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ),
    ("0 written as p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("1 written as p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("3 written as p + 3", "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("18 written as p + 18", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("with all bits set", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
    (
        "that is not on the curve",
        "0200000000000000000000000000000000000000000000000000000000000000",
    ),
];

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let leaf = Leaf::new(Kind::Epoch, at(0), Book::new("edge.example", 1).epoch().to_bytes());
    let leaf = leaf.expect("a leaf").to_bytes();
    let root = b64(LeafHash::of(&leaf).digest().as_bytes());
    let defaults = json!({ "check": "receipt", "leaf": { "b64": b64(&leaf) } });
    let mut group = Group::new(
        "ed25519",
        "Edge cases of Ed25519: RFC 8032 without cofactor, canonical encodings, small-order keys and R refused.",
        defaults,
    );
    let request = |key: &str, signature: &str| -> Value {
        let key = [&[1], decode_hex(key).expect("hexadecimal").as_slice()].concat();
        let signature = decode_hex(signature).expect("hexadecimal");
        let digest = sha256(&[b"edge.example\n", &key]);
        let key_id = &digest.as_bytes()[..4];
        let line = b64(&[key_id, &signature].concat());
        json!({
            "policy": format!("log edge.example+{}+{}\nquorum none\n", inkan_core::encoding::hex(key_id), b64(&key)),
            "receipt": format!("c2sp.org/tlog-proof@v1\nindex 0\n\nedge.example\n1\n{root}\n\n\u{2014} edge.example {line}\n"),
        })
    };
    for (name, key, signature, accepted) in SIGNATURES {
        let request = request(key, signature);
        if accepted {
            group.holds(name, request, &json!({ "grade": ["operator"] }));
        } else {
            group.refused(name, request, "log-signature-invalid");
        }
    }
    for (name, key) in KEYS {
        group.refused(format!("a key {name}"), request(key, SIGNATURES[0].2), "policy-invalid");
    }
    group
}
