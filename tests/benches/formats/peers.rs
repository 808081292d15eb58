//! Beside `@digitalbazaar/vc` in Node, which measures itself: the same credential, keys and contexts at hand, once warm.

use inkan_crypto::KeyType;
use inkan_tests::bench::{beside, measuring};
use inkan_tests::made::{Party, fresh_rng};
use inkan_tests::made_selective::{SELECTIVE, Selective};
use inkan_tests::peer;
use serde_json::json;

/// Verifications that the peer times; the median counts.
const ROUNDS: u32 = 200;

pub(super) fn digitalbazaar() {
    // What the peer says is compared by its tests; here it is only timed.
    if !measuring() {
        return;
    }
    let Some(peer) = peer::installed("@digitalbazaar/vc") else { return };
    let mut rng = fresh_rng();
    let mut made = Vec::new();
    for (name, suite, key_type) in [
        ("eddsa-rdfc-2022", "eddsa-rdfc-2022", KeyType::Ed25519),
        ("ecdsa-rdfc-2019", "ecdsa-rdfc-2019 P-256", KeyType::P256),
    ] {
        let issuer = Party::new(key_type, &mut rng);
        let credential = issuer.issue_rdfc(super::SUBJECT);
        made.push((name, suite, issuer, credential));
    }
    for (name, key_type, suite) in SELECTIVE {
        let made_here = Selective::new(key_type, suite, &mut rng);
        let derived = made_here.derive(&mut rng);
        made.push((name, name, made_here.issuer, derived));
    }
    for (name, suite, issuer, credential) in made {
        let bytes = credential.to_bare().into_bytes();
        let answer = peer.ask(&json!({
            "do": "time", "suite": suite, "document": credential.to_value(), "didDocuments": [issuer.did_document()],
            "now": "2026-07-01T00:00:00Z", "rounds": ROUNDS,
        }));
        let theirs = answer["microseconds"].as_f64().expect("a time");
        let key = issuer.public_key();
        let name = format!("{name}: verify / {} {}", peer.name, peer.version);
        beside(&name, || super::verified(&bytes, &key), theirs);
    }
}
