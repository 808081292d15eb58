//! Issuing and verifying one credential in each format, beside the raw signature operations it needs; many at once; and beside
//! other implementations where they can do the same: in Rust with feature `oracles`, in Node where they are installed.

mod many;
#[cfg(feature = "oracles")]
mod others;
mod peers;

use criterion::{Criterion, criterion_group, criterion_main};
use inkan_credential::SecuredCredential;
use inkan_crypto::{KeyType, PublicKey, Signer};
use inkan_tests::bench::ratio;
use inkan_tests::made::{Party, fresh_rng};
use inkan_tests::made_selective::{SELECTIVE, Selective};

/// So many issuers take turns.
const KEYS: usize = 16;
const SUBJECT: &str = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

/// A format under test: its name, its key type, the target for verifying, and how it is issued.
type Format = (&'static str, KeyType, f64, fn(&Party) -> SecuredCredential);

const FORMATS: &[Format] = &[
    ("eddsa-jcs-2022", KeyType::Ed25519, 1.6, |issuer| issuer.issue_di(SUBJECT)),
    ("ecdsa-jcs-2019", KeyType::P256, 1.3, |issuer| issuer.issue_di(SUBJECT)),
    ("eddsa-rdfc-2022", KeyType::Ed25519, 6.0, |issuer| issuer.issue_rdfc(SUBJECT)),
    ("ecdsa-rdfc-2019", KeyType::P256, 6.0, |issuer| issuer.issue_rdfc(SUBJECT)),
    ("ecdsa-jcs-2019 P-384", KeyType::P384, 1.3, |issuer| issuer.issue_di(SUBJECT)),
    ("ecdsa-rdfc-2019 P-384", KeyType::P384, 6.0, |issuer| issuer.issue_rdfc(SUBJECT)),
    ("vc+jwt ES384", KeyType::P384, 1.3, |issuer| issuer.issue_jose(SUBJECT)),
    ("vc+jwt EdDSA", KeyType::Ed25519, 1.6, |issuer| issuer.issue_jose(SUBJECT)),
    ("vc+jwt ES256", KeyType::P256, 1.3, |issuer| issuer.issue_jose(SUBJECT)),
    ("vc+sd-jwt EdDSA, 10 disclosures", KeyType::Ed25519, 1.5, |issuer| {
        issuer.issue_sd_jwt(SUBJECT)
    }),
    ("vc+sd-jwt ES256, 10 disclosures", KeyType::P256, 1.5, |issuer| issuer.issue_sd_jwt(SUBJECT)),
];

fn formats(criterion: &mut Criterion) {
    for (name, key_type, target, issue) in FORMATS {
        let issuer = Party::new(*key_type, &mut fresh_rng());
        // How long a check takes depends on key and signature: both sides see the same keys, one after the other.
        let message = [7_u8; 64];
        let made: Vec<_> = (0..KEYS)
            .map(|_| {
                let issuer = Party::new(*key_type, &mut fresh_rng());
                let signature = issuer.key.sign(&message).expect("a signature");
                (issue(&issuer).to_bare().into_bytes(), issuer.public_key(), signature)
            })
            .collect();
        let (mut ours, mut raw) = (made.iter().cycle(), made.iter().cycle());
        let mut verify = || {
            let (bytes, key, _) = ours.next().expect("a credential");
            verified(bytes, key)
        };
        let mut verify_raw = || {
            let (_, key, signature) = raw.next().expect("a signature");
            key.verify(&message, signature).expect("a valid signature");
        };
        let sign_raw = || issuer.key.sign(&message).expect("a signature");

        let mut group = criterion.benchmark_group(*name);
        group.bench_function("issue", |bench| bench.iter(|| issue(&issuer)));
        group.bench_function("verify", |bench| bench.iter(&mut verify));
        group.bench_function("raw signature", |bench| bench.iter(sign_raw));
        group.bench_function("raw signature check", |bench| bench.iter(&mut verify_raw));
        group.finish();
        ratio(&format!("{name}: issue / raw signature"), None, || issue(&issuer), sign_raw);
        ratio(&format!("{name}: verify / raw check"), Some(*target), &mut verify, &mut verify_raw);
    }
}

fn selective(criterion: &mut Criterion) {
    for (name, key_type, suite) in SELECTIVE {
        let mut rng = fresh_rng();
        let made = Selective::new(key_type, suite, &mut rng);
        let key = made.issuer.public_key();
        let bytes = made.derive(&mut rng).to_bare().into_bytes();
        let mut group = criterion.benchmark_group(name);
        group.bench_function("issue", |bench| {
            bench.iter(|| Selective::issue(&made.issuer, &made.suite, &mut rng));
        });
        group.bench_function("derive", |bench| bench.iter(|| made.derive(&mut rng)));
        group.bench_function("verify", |bench| bench.iter(|| verified(&bytes, &key)));
        group.finish();
    }
}

/// From bytes to a credential whose proof holds.
fn verified(bytes: &[u8], key: &PublicKey) -> SecuredCredential {
    let credential = SecuredCredential::parse(bytes).expect("a credential");
    credential.verify_issuer_proof(key).expect("a valid proof");
    credential
}

fn beside_others(_: &mut Criterion) {
    #[cfg(feature = "oracles")]
    others::all();
    peers::digitalbazaar();
}

fn many_at_once(_: &mut Criterion) {
    many::status();
    many::verify();
    many::issue();
}

criterion_group!(benches, formats, selective, many_at_once, beside_others);
criterion_main!(benches);
