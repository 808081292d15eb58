//! The ledger: durable acknowledgement of entries one at a time, receipts, and the whole offline verification of a recorded
//! credential, beside the raw signature checks they need.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use inkan_core::sha256;
use inkan_credential::{Artefact, Bundle, SecuredCredential, sign};
use inkan_crypto::Signer;
use inkan_io::ledger_folder::LedgerFolder;
use inkan_ledger::receipt::verify_receipt;
use inkan_ledger::{DigestFormat, Grade, Kind, Opening};
use inkan_tests::bench::{measuring, ratio};
use inkan_tests::made::{Party, fresh_rng, moment};
use inkan_tests::made_ledger::{Ledger, ORIGIN, SALT};
use inkan_verifier::material::Receipts;
use inkan_verifier::{Context, Material, verify};

fn durable_append(criterion: &mut Criterion) {
    let ledger = Ledger::new(&mut fresh_rng());
    let folder = tempfile::tempdir().expect("a folder");
    let now = moment().plus_seconds(2);
    let mut durable =
        LedgerFolder::create(folder.path(), ORIGIN, &mut fresh_rng(), moment()).expect("a ledger");
    durable.submit(Kind::Did, ledger.did_log.trim_end().as_bytes(), now).expect("a DID");
    let mut number = 0_u64;
    let mut entries = |count: u64| -> Vec<String> {
        (0..count)
            .map(|_| {
                number += 1;
                ledger.issuance(&sha256(&[&number.to_be_bytes()]))
            })
            .collect()
    };
    if measuring() {
        let bodies = entries(3_000);
        let start = Instant::now();
        for body in &bodies {
            durable.submit(Kind::Issuance, body.as_bytes(), now).expect("accepted");
        }
        let rate = 3_000.0 / start.elapsed().as_secs_f64();
        println!("rate: durable acknowledgements, one at a time {rate:>17.0} /s, target 1000");
        println!(
            "rate: bare appends with fdatasync, same disk {:>17.0} /s",
            bare_appends(folder.path())
        );
    }
    criterion.bench_function("ledger folder: submit one issuance", |bench| {
        bench.iter_custom(|count| {
            let bodies = entries(count);
            let start = Instant::now();
            for body in &bodies {
                durable.submit(Kind::Issuance, body.as_bytes(), now).expect("accepted");
            }
            start.elapsed()
        });
    });
}

/// What the disk allows: appends of an entry's size, each made durable, per second.
fn bare_appends(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("bare")).expect("a file");
    let start = Instant::now();
    for _ in 0..500 {
        file.write_all(&[7; 600]).expect("written");
        file.sync_data().expect("durable");
    }
    500.0 / start.elapsed().as_secs_f64()
}

fn receipts(criterion: &mut Criterion) {
    let mut ledger = Ledger::new(&mut fresh_rng());
    let (first, note) = ledger.filled(1_000);
    let receipt = ledger.log.receipt(first, &note).expect("a receipt");
    let (policy, now) = (ledger.policy(), ledger.now());
    let check = || verify_receipt(&receipt, &policy, now).expect("a valid receipt");
    // The log's signature and two cosignatures.
    let raw = raw_checks(3);
    criterion.bench_function("receipt: verify", |bench| bench.iter(check));
    ratio("receipt: verify / 3 raw checks", Some(1.6), check, raw);
}

fn recorded_credential(criterion: &mut Criterion) {
    let mut ledger = Ledger::new(&mut fresh_rng());
    let holder = Party::new(inkan_crypto::KeyType::Ed25519, &mut fresh_rng());
    let mut unsigned = holder.credential(&holder.did);
    unsigned["issuer"] = ledger.did.as_str().into();
    unsigned["ledgerRecord"] = serde_json::json!({
        "log": ORIGIN,
        "salt": inkan_core::encoding::b64u(&SALT),
    });
    let proof_id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a01";
    let credential =
        sign::issue_di(unsigned, proof_id, ledger.method.as_str(), &ledger.key, ledger.now())
            .expect("a credential");
    let body = ledger.issuance(&credential.issuance_digest());
    let index = ledger.append(Kind::Issuance, body.as_bytes());
    let (_, note) = ledger.filled(100);
    let opening = Opening::new(DigestFormat::Di, SALT, credential.issuance_digest());
    let [of_did, of_issuance] =
        [1, index].map(|index| ledger.log.receipt(index, &note).expect("a receipt"));
    let receipts = [of_did, of_issuance.with_opening(opening)];
    let text = credential.to_bare();
    let as_of = ledger.now().plus_seconds(60);
    let context = Context {
        logs: vec![ledger.policy()],
        grade: Grade::Witnessed(2),
        timestamps: None,
        certificates: None,
        receipts: Receipts::Required,
        expectation: None,
        max_age: None,
        declared: std::sync::Arc::default(),
        known: Vec::new(),
        as_of,
        received_at: as_of,
    };
    let check = || {
        let credential = SecuredCredential::parse(text.as_bytes()).expect("a credential");
        let bundle = Bundle::of(Artefact::Credential(credential));
        let material = Material {
            receipts: receipts.to_vec(),
            did_logs: vec![(ledger.did.as_str().to_owned(), ledger.did_log.clone())],
            ..Material::default()
        };
        verify(&bundle, &material, &context)
    };
    let outcome = check();
    assert!(outcome.is_authentic(), "{:#?}", outcome.checks());
    // The head's three signatures, the DID's entry, the issuance entry, the issuer's proof.
    criterion.bench_function("recorded credential: verify offline", |bench| bench.iter(check));
    ratio("recorded credential: verify offline / 6 raw checks", Some(1.6), check, raw_checks(6));
}

/// `count` checks of Ed25519 signatures, each by a key of its own.
fn raw_checks(count: usize) -> impl Fn() {
    let mut rng = fresh_rng();
    let message = [7_u8; 200];
    let signed: Vec<_> = (0..count)
        .map(|_| Party::new(inkan_crypto::KeyType::Ed25519, &mut rng))
        .map(|party| (party.public_key(), party.key.sign(&message).expect("a signature")))
        .collect();
    move || {
        for (key, signature) in &signed {
            key.verify(&message, signature).expect("a valid signature");
        }
    }
}

criterion_group!(benches, durable_append, receipts, recorded_credential);
criterion_main!(benches);
