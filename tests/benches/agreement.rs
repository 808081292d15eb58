//! Verifying a credential with five countersignatures and seven receipts under one checkpoint, beside the raw cost of the
//! signatures that have to be checked for it.

use criterion::{Criterion, criterion_group, criterion_main};
use inkan_credential::{Bundle, Format};
use inkan_crypto::{KeyType, Signer};
use inkan_io::gather::from_bundle;
use inkan_tests::bench::ratio;
use inkan_tests::world::{ISSUER, OTHER_CHECKS, OWN_CHECKS, World};
use inkan_verifier::verify;

/// What may be added to the signatures: parsing, canonical forms, hashes, paths.
const TARGET: f64 = 1.4;

fn agreement(criterion: &mut Criterion) {
    for (name, key_type) in [("Ed25519", KeyType::Ed25519), ("P-256", KeyType::P256)] {
        for format in [Format::DataIntegrity, Format::Jose] {
            let (world, parts, context) = World::agreed(key_type, format);
            let bytes = parts.to_bytes();
            let judged = || {
                let bundle = Bundle::parse(&bytes).expect("a bundle");
                let verification = verify(&bundle, &from_bundle(&bundle), &context);
                assert!(verification.is_authentic());
                verification
            };
            let message = [7_u8; 64];
            let own = &world.actor(ISSUER).key;
            let (key, signature) = (own.public_key(), own.sign(&message).expect("a signature"));
            let ledger = World::new(951);
            let other = &ledger.actor(ISSUER).key;
            let (fixed, stamp) = (other.public_key(), other.sign(&message).expect("a signature"));
            let raw = || {
                for _ in 0..OWN_CHECKS {
                    key.verify(&message, &signature).expect("a valid signature");
                }
                for _ in 0..OTHER_CHECKS {
                    fixed.verify(&message, &stamp).expect("a valid signature");
                }
            };
            let name = format!("{name}, {format:?}");
            criterion.bench_function(&format!("agreement {name}"), |bench| bench.iter(judged));
            let checks = OWN_CHECKS + OTHER_CHECKS;
            let title = format!("{name}: 5 countersignatures, 7 receipts / {checks} checks");
            ratio(&title, Some(TARGET), judged, raw);
        }
    }
}

criterion_group!(benches, agreement);
criterion_main!(benches);
