//! The same certificates and lists through `openssl verify -policy_check` and `-crl_check_all`: whole paths, as those who judge issuers and
//! e-seals judge them. Where the two differ, the case says which of them accepts, and why stands beside it.

use std::path::{Path, PathBuf};
use std::process::Command;

use inkan_core::Timestamp;
use inkan_verifier::{CertificateChecker as _, RevocationInfo};

use crate::x5c::{Demand, IssuerAnchors, Terms, pem};

/// Who accepts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Accept {
    Both,
    Neither,
    Ours,
    Theirs,
}
use Accept::{Both, Neither, Ours, Theirs};

/// A certificate, the authority between it and the root, a day, a policy that is demanded, and lists of which one has to tell.
type Case<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, &'a [&'a str], Accept);

const ONE: Option<&str> = Some("1.2.3.4.1");
const TWO: Option<&str> = Some("1.2.3.4.2");
const OTHER: Option<&str> = Some("1.2.3.4.9");
const DAY: &str = "2026-07-15";

/// Whether the command is there, in version 3; under `CI=true` it has to be, and elsewhere its absence is said.
#[expect(clippy::print_stderr, reason = "a test that is not made says so")]
pub(crate) fn is_there() -> bool {
    let there = Command::new("openssl")
        .arg("version")
        .output()
        .is_ok_and(|done| String::from_utf8_lossy(&done.stdout).starts_with("OpenSSL 3"));
    #[expect(clippy::disallowed_methods, reason = "whether a missing command may be passed over")]
    let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(there || !must, "no openssl command of version 3");
    if !there {
        eprintln!("NOT TESTED: no openssl command of version 3");
    }
    there
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/path")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

fn at(day: &str) -> Timestamp {
    Timestamp::parse(&format!("{day}T00:00:00Z")).unwrap()
}

fn ours((leaf, between, day, policy, lists, _): Case<'_>) -> bool {
    let mut terms = Terms::default();
    if let Some(policy) = policy {
        terms = terms.under(policy).unwrap();
    }
    if !lists.is_empty() {
        terms = terms.revocation(Demand::Demanded);
    }
    let mut anchors = IssuerAnchors::default();
    anchors.add_file_on(&read("root.der"), &terms).unwrap();
    let chain = [read(&format!("{leaf}.der")), read(&format!("{between}.der"))];
    let crls = lists.iter().map(|list| read(&format!("{list}.crl"))).collect();
    anchors.path(&chain, at(day), &RevocationInfo { crls, ocsp: vec![] }).is_ok()
}

fn theirs((leaf, between, day, policy, lists, _): Case<'_>, scratch: &Path) -> bool {
    let root = scratch.join("root.pem");
    std::fs::write(&root, pem("CERTIFICATE", &read("root.der"))).unwrap();
    let mut command = Command::new("openssl");
    command.arg("verify").args(["-attime", &at(day).seconds().to_string()]);
    command.arg("-CAfile").arg(&root).args(["-untrusted", &format!("{between}.der")]);
    if let Some(policy) = policy {
        command.args(["-policy", policy, "-policy_check", "-explicit_policy"]);
    }
    if !lists.is_empty() {
        let all: String =
            lists.iter().map(|list| pem("X509 CRL", &read(&format!("{list}.crl")))).collect();
        let file = scratch.join("lists.pem");
        std::fs::write(&file, all).unwrap();
        command.args(["-crl_check_all", "-CRLfile"]).arg(&file);
    }
    let done = command.arg(format!("{leaf}.der")).current_dir(folder()).output().unwrap();
    done.status.success()
}

fn alike(name: &str, cases: &[Case<'_>]) {
    if !is_there() {
        return;
    }
    let scratch = std::env::temp_dir().join(format!("inkan-path-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).unwrap();
    for case in cases {
        let found = match (ours(*case), theirs(*case, &scratch)) {
            (true, true) => Both,
            (false, false) => Neither,
            (true, false) => Ours,
            (false, true) => Theirs,
        };
        assert_eq!(found, case.5, "{case:?}");
    }
    std::fs::remove_dir_all(&scratch).unwrap();
}

#[test]
fn openssl_says_the_same_of_times_and_policies() {
    let cases: [Case<'_>; 28] = [
        ("good", "sub", DAY, None, &[], Both),
        ("good", "sub", DAY, ONE, &[], Both),
        ("good", "sub", DAY, TWO, &[], Neither),
        ("bare", "sub", DAY, None, &[], Both),
        ("bare", "sub", DAY, ONE, &[], Neither),
        ("ended", "sub", DAY, ONE, &[], Both),
        ("ended", "sub", "2026-08-15", None, &[], Neither),
        ("good", "sub", "2019-12-31", None, &[], Neither),
        ("good", "sub", "2100-01-01", None, &[], Neither),
        ("good", "any", DAY, None, &[], Neither),
        ("good", "any", DAY, ONE, &[], Neither),
        ("under-any", "sub", DAY, None, &[], Neither),
        ("under-any", "any", DAY, None, &[], Both),
        ("under-any", "any", DAY, ONE, &[], Both),
        ("under-any", "any", DAY, OTHER, &[], Neither),
        ("any-under-any", "any", DAY, ONE, &[], Both),
        ("any-under-any", "any", DAY, OTHER, &[], Both),
        ("any-under-strict", "strict", DAY, None, &[], Both),
        ("any-under-strict", "strict", DAY, ONE, &[], Neither),
        ("any-under-strict", "strict", DAY, OTHER, &[], Neither),
        ("under-strict", "strict", DAY, ONE, &[], Both),
        ("under-strict", "strict", DAY, OTHER, &[], Neither),
        ("below-nocrl", "nocrl", DAY, None, &[], Both),
        ("below-nocrl", "nocrl", DAY, ONE, &[], Neither),
        ("under-mapped", "mapped", DAY, None, &[], Both),
        // What one authority calls another's policy is not followed here.
        ("under-mapped", "mapped", DAY, ONE, &[], Theirs),
        ("under-mapped", "mapped", DAY, OTHER, &[], Neither),
        ("under-mapped", "mapped", DAY, TWO, &[], Neither),
    ];
    alike("policies", &cases);
}

#[test]
fn openssl_says_the_same_of_what_was_revoked() {
    const LATE: &[&str] = &["late", "root"];
    const EARLY: &[&str] = &["early", "root"];
    const ALL: &[&str] = &["early", "late", "root"];
    let cases: [Case<'_>; 29] = [
        ("good", "sub", DAY, None, LATE, Both),
        ("good", "sub", DAY, ONE, LATE, Both),
        ("good", "sub", DAY, TWO, LATE, Neither),
        ("good", "sub", "2026-08-15", None, ALL, Both),
        ("revoked", "sub", DAY, None, LATE, Neither),
        ("revoked", "sub", DAY, None, ALL, Neither),
        ("revoked", "sub", "2026-06-01", None, ALL, Neither),
        ("revoked", "sub", "2027-01-01", None, ALL, Neither),
        // Before it was revoked, by the list of then.
        ("revoked", "sub", "2026-02-01", None, EARLY, Both),
        ("revoked", "sub", "2026-02-01", None, ALL, Both),
        ("good", "sub", "2026-02-01", None, EARLY, Both),
        ("ended", "sub", DAY, None, LATE, Both),
        ("ended", "sub", "2026-08-15", None, LATE, Neither),
        // No list of that day, of that authority, or none that is whole and signed.
        ("good", "sub", DAY, None, EARLY, Neither),
        ("revoked", "sub", DAY, None, EARLY, Neither),
        ("good", "sub", DAY, None, &["late"], Neither),
        ("good", "sub", DAY, None, &["root"], Neither),
        ("good", "sub", DAY, None, &["other", "root"], Neither),
        ("good", "sub", DAY, None, &["forged", "root"], Neither),
        ("below-nocrl", "nocrl", DAY, None, &["unfit", "root"], Neither),
        ("good", "sub", "2031-06-01", None, LATE, Neither),
        // A list that is younger than the day tells of the time before it, since it says from when on a certificate is revoked; the command
        // knows lists of the day alone.
        ("good", "sub", "2025-12-31", None, EARLY, Ours),
        ("good", "sub", "2026-05-31", None, LATE, Ours),
        ("revoked", "sub", "2026-05-31", None, LATE, Ours),
        ("revoked", "sub", "2026-06-01", None, LATE, Neither),
        ("ended", "sub", "2026-02-01", None, LATE, Ours),
        // A list of some certificates only is read by the command, and not here.
        ("good", "sub", DAY, None, &["part", "root"], Theirs),
        ("revoked", "sub", DAY, None, &["part", "root"], Neither),
        ("bare", "sub", DAY, ONE, LATE, Neither),
    ];
    alike("lists", &cases);
}
