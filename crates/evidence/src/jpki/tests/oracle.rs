//! The same bytes through the `openssl` command: paths under policies, signatures, answers.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::jpki::chain::{Link, ways};
use crate::jpki::policies::Policies;
use crate::path::tests::oracle::is_there;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/jpki")
}

/// A certificate in PEM, which the command wants of roots.
fn pem(scratch: &Path, name: &str) -> String {
    let der = std::fs::read(folder().join(format!("{name}.der"))).unwrap();
    let path = scratch.join(format!("{name}.pem"));
    std::fs::write(&path, crate::x5c::pem("CERTIFICATE", &der)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("inkan-jpki-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn openssl(arguments: &[&str]) -> bool {
    let done = Command::new("openssl").args(arguments).current_dir(folder()).output().unwrap();
    done.status.success()
}

#[test]
fn openssl_judges_paths_and_policies_alike() {
    if !is_there() {
        return;
    }
    let names = [
        "card",
        "next",
        "signer",
        "auth",
        "unknown-policy",
        "no-policy",
        "any-policy",
        "strange",
        "ended",
        "office",
        "office-elsewhere",
        "company",
        "twincard",
    ];
    let roots = [
        ("root", "signca", "1.2.3.5.1.20"),
        ("root", "authca", "1.2.3.5.3.30"),
        ("root", "signca", "1.2.3.5.3.30"),
        ("bridge", "cross", "1.2.3.6.1"),
        ("bridge", "cross", "1.2.3.7.1"),
        ("register", "register", "1.2.3.8.1"),
        ("twin", "twinca", "1.2.3.5.1.20"),
    ];
    let now = at(NOW);
    let scratch = scratch("paths");
    let mut held = 0;
    for name in names {
        for (root, between, policy) in roots {
            let file = |name: &str| format!("{name}.der");
            let read = |name: &str| {
                Link::read_der(&std::fs::read(folder().join(file(name))).unwrap()).unwrap()
            };
            let mut config = config_json();
            config["profiles"][0]["roots"] = json!([sha256(&[&read(root).der]).to_hex()]);
            let config = configured(&config);
            let profile = &config.config().profiles()[0];
            let oid = ObjectIdentifier::new(policy).unwrap();
            let wanted = BTreeSet::from([oid]);
            let pool = [read(between), read(root)];
            let ours = ways(&read(name), &pool, profile, now)
                .iter()
                .filter_map(|way| Policies::of(way.below_anchor()))
                .any(|found| found.first_of(&wanted).is_some());
            let seconds = now.seconds().to_string();
            let theirs = openssl(&[
                "verify",
                "-attime",
                &seconds,
                "-CAfile",
                &pem(&scratch, root),
                "-untrusted",
                &file(between),
                "-policy",
                policy,
                "-policy_check",
                "-explicit_policy",
                &file(name),
            ]);
            assert_eq!(ours, theirs, "{name} under {root} with {policy}");
            held += usize::from(ours);
        }
    }
    assert!(held >= 6, "{held}");
    std::fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn openssl_judges_signatures_and_answers_alike() {
    if !is_there() {
        return;
    }
    let scratch = scratch("signatures");
    let root = pem(&scratch, "root");
    let file = |name: &str, bytes: &[u8]| {
        let path = scratch.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let verifies = |path: &str| {
        openssl(&[
            "cms",
            "-verify",
            "-binary",
            "-content",
            "statement.json",
            "-inform",
            "DER",
            "-in",
            path,
            "-CAfile",
            &root,
            "-certfile",
            "signca.der",
            "-purpose",
            "any",
            "-cades",
            "-out",
            "/dev/null",
        ])
    };
    let good = signed(STATEMENT, &[fixture!("card.der"), fixture!("signca.der")], &card());
    assert!(verifies(&file("good.p7s", &good)));
    let stranger = key(KeyType::P256, 5102);
    let forged = signed(STATEMENT, &[fixture!("card.der"), fixture!("signca.der")], &stranger);
    assert!(!verifies(&file("forged.p7s", &forged)));
    let answers = |answer: &str, leaf: &str| {
        let done = Command::new("openssl")
            .args(["ocsp", "-respin", answer, "-issuer", "signca.der", "-sha256", "-cert", leaf])
            .args(["-CAfile", &root, "-no_nonce", "-partial_chain"])
            .args(["-verify_other", "signca.der", "-trust_other"])
            .current_dir(folder())
            .output()
            .unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    assert!(answers("card-good.ocsp", "card.der").contains("card.der: good"));
    assert!(answers("revoked.ocsp", "revoked.der").contains("revoked.der: revoked"));
    assert!(!answers("signer-good.ocsp", "card.der").contains("card.der: good"));
    // Signed by a certificate that may not: no answer for either of us.
    let is_answer = |answer: &str| {
        let line =
            ["ocsp", "-respin", answer, "-issuer", "signca.der", "-sha256", "-cert", "card.der"];
        openssl(
            &[&line[..], &["-CAfile", &root, "-no_nonce", "-verify_other", "signca.der"]].concat(),
        )
    };
    assert!(is_answer("card-good.ocsp") && !is_answer("card-pretender.ocsp"));
    // A token among the unsigned attributes changes nothing of what was signed.
    let stamped = crate::cms::with_timestamp(fixture!("signer.p7s"), fixture!("signer.tst"));
    assert!(verifies(&file("stamped.p7s", &stamped.unwrap())));
    // Both make the same of an algorithm, RSA as the present cards have it.
    assert!(verifies(&file("rsa.p7s", fixture!("signer.p7s"))));
    std::fs::remove_dir_all(&scratch).unwrap();
}
