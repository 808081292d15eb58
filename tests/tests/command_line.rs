//! The binary as people meet it: fixtures that work, real input from elsewhere, bad input, and secrets that stay secret.

use std::fs;
use std::path::Path;

use inkan_tests::shell::Shell;
use inkan_tests::{files_under, fixtures, read_json, read_text, vectors};
use serde_json::{Value, json};

/// Issues a credential of a fixture and has it countersigned; gives the bundle's file name.
fn issued(shell: &Shell, folder: &str, kind: &str, me: &str, extra: &[&str]) -> String {
    let folder = fixtures().join(folder);
    let path = |name: &str| folder.join(name).display().to_string();
    let (claims, evidence, schema) =
        (path("claims.json"), path("evidence.json"), path("schema.json"));
    let mut line =
        vec!["-p", "city", "issue", kind, "--from", "city", "--to", me, "--claims", &claims];
    if Path::new(&evidence).exists() {
        line.extend(["--evidence", &evidence]);
    }
    if Path::new(&schema).exists() {
        line.extend(["--schema", &schema]);
    }
    // One file after the other is made in the same folder.
    line.extend(["--out", "issued.json", "--force"]);
    line.extend(extra);
    shell.ok(&line);
    let countersign = ["-p", "me", "countersign", "issued.json", "--as", "me"];
    shell.ok(&[&countersign[..], &["--out", "signed.json", "--force"]].concat());
    "signed.json".to_owned()
}

/// Presents a bundle to a nonce for this policy.
fn presented(shell: &Shell, bundle: &str, policy: &str, extra: &[&str]) {
    let nonce = shell.ok(&[
        "-p",
        "desk",
        "request",
        "nonce",
        "--aud",
        "https://desk.example",
        "--policy",
        policy,
    ]);
    let mut line = vec![
        "-p",
        "me",
        "present",
        "--cred",
        bundle,
        "--as",
        "me",
        "--aud",
        "https://desk.example",
        "--nonce",
        &nonce,
        "--out",
        "vp.json",
        "--force",
    ];
    line.extend(extra);
    shell.ok(&line);
}

fn fixture_is_accepted_under_its_policy(folder: &str, kind: &str, formats: [&[&str]; 2]) {
    let shell = Shell::new();
    let (city, me) = shell.cast();
    let policy = fixtures().join(folder).join("policy.json").display().to_string();
    let lint = shell.inkan(&["policy", "lint", &policy, "--json"]).json();
    assert_eq!(lint["findings"], Value::Array(vec![]), "{lint}");
    shell.ok(&[
        "-p",
        "desk",
        "trust",
        "add",
        &city,
        "--issues",
        kind,
        "--role",
        "attribute_issuer",
        "--rows",
        "R7",
        "--from",
        "2020-01-01T00:00:00Z",
    ]);
    for [issue, present] in
        [[formats[0], &[][..]], [formats[1], &["--presentation-format", "vc+jwt"][..]]]
    {
        let bundle = issued(&shell, folder, kind, &me, issue);
        presented(&shell, &bundle, &policy, present);
        let verdict =
            shell.inkan(&["-p", "desk", "verify", "vp.json", "--policy", &policy, "--json"]);
        assert_eq!(verdict.exit, 0, "{}", verdict.out);
        assert_eq!(verdict.json()["decision"], "accept");
    }
    if folder == "resident-certificate" {
        the_same_is_told_of_a_table_of_cases(&shell, &policy);
    }
    // An issuer that nobody vouches for is refused by the same policy.
    shell.ok(&["init", "naive", "--role", "verifier", "--ledger", "ledger"]);
    let verdict =
        shell.inkan(&["-p", "naive", "verify", "signed.json", "--policy", &policy, "--json"]);
    assert_eq!(verdict.exit, 14, "{}", verdict.out);
}

/// The presentation of before is accepted as often as it is asked about; a bundle without presenter is not.
fn the_same_is_told_of_a_table_of_cases(shell: &Shell, policy: &str) {
    let table = |ial: &str, decision: &str| {
        json!({ "type": "inkan-policy-cases/1", "cases": [
            { "name": "shown before", "file": "vp.json", "expect": { "decision": "accept", "ial": ial } },
            { "file": "signed.json", "expect": { "decision": decision } },
        ] })
    };
    shell.write("good.json", table("IAL-2", "reject").to_string().as_bytes());
    shell.write("bad.json", table("IAL-3", "accept").to_string().as_bytes());
    let good = shell.inkan(&["-p", "desk", "policy", "test", policy, "good.json", "--json"]);
    assert_eq!(good.exit, 0, "{}", good.out);
    assert_eq!(good.json()["failed"], 0);
    let bad = shell.inkan(&["-p", "desk", "policy", "test", policy, "good.json", "bad.json"]);
    assert_eq!(bad.exit, 15, "{}", bad.out);
    assert!(bad.out.contains("2 of 4 cases otherwise than expected"), "{}", bad.out);
    assert!(bad.out.contains("expected ial \"IAL-3\", reached is IAL-2"), "{}", bad.out);
    assert!(bad.out.contains("expected accept, it is reject"), "{}", bad.out);
    // Signed by the desk, it is a credential like any other, with the report in it byte for byte.
    shell.ok(&["-p", "desk", "did", "create", "--name", "desk"]);
    let signed = ["--policy", policy, "--replay", "--report-out", "report.jwt", "--json"];
    let told = shell.inkan(&[&["-p", "desk", "verify", "vp.json"][..], &signed].concat()).json();
    let verdict = shell.inkan(&["-p", "me", "verify", "report.jwt", "--json"]);
    assert_eq!(verdict.exit, 0, "{}", verdict.out);
    let shown = shell.inkan(&["inspect", "report.jwt"]).out;
    let decision = format!("decision: {}", told["decision"].as_str().expect("a decision"));
    assert!(shown.contains("VerificationReport") && shown.contains(&decision), "{shown}");
    assert!(shown.contains("artefactSha256") && !shown.contains("claims a level"), "{shown}");
    let drawn = ["--policy", policy, "--replay", "--graph", "--graph-out", "ladder.svg", "--force"];
    let drawn = shell.inkan(&[&["-p", "desk", "verify", "vp.json"][..], &drawn].concat());
    assert!(drawn.out.contains("███ IAL-2  ◀ reached, asked for"), "{}", drawn.out);
    let picture = read_text(&shell.home().join("ladder.svg"));
    assert!(picture.contains("<svg") && picture.contains("Who it is (IAL)"), "{picture}");
}

const FORMATS: [&[&str]; 2] = [&[], &["--credential-format", "vc+jwt"]];

#[test]
fn a_resident_certificate_is_accepted_under_its_policy() {
    fixture_is_accepted_under_its_policy("resident-certificate", "ResidentCertificate", FORMATS);
}

#[test]
fn a_course_certificate_is_accepted_under_its_policy() {
    fixture_is_accepted_under_its_policy(
        "course-completion",
        "CourseCompletionCertificate",
        FORMATS,
    );
}

#[test]
fn a_firmware_record_is_accepted_under_its_policy() {
    fixture_is_accepted_under_its_policy("device-firmware", "DeviceFirmwareRecord", FORMATS);
}

#[test]
fn evidence_at_the_counter_reaches_one_level_more() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    let folder = fixtures().join("resident-certificate");
    let path = |name: &str| folder.join(name).display().to_string();
    let (claims, remote, counter) =
        (path("claims.json"), path("evidence.json"), path("evidence-counter.json"));
    for (evidence, ial, exit) in [(&remote, "2", 0), (&remote, "3", 8), (&counter, "3", 0)] {
        let said = shell.inkan(&[
            "-p",
            "city",
            "issue",
            "ResidentCertificate",
            "--from",
            "city",
            "--to",
            &me,
            "--claims",
            &claims,
            "--evidence",
            evidence,
            "--expect-ial",
            ial,
            "-n",
        ]);
        assert_eq!(said.exit, exit, "{evidence} --expect-ial {ial}: {said:?}");
    }
}

#[test]
fn claims_that_break_the_schema_are_not_issued() {
    let shell = Shell::new();
    let (_, me) = shell.cast();
    let schema = fixtures().join("course-completion/schema.json").display().to_string();
    shell.write("claims.json", br#"{"course":"Logs","credits":"four","completedOn":"2026-02-20"}"#);
    let said = shell.inkan(&[
        "-p",
        "city",
        "issue",
        "CourseCompletionCertificate",
        "--from",
        "city",
        "--to",
        &me,
        "--claims",
        "claims.json",
        "--schema",
        &schema,
        "--json",
    ]);
    assert_eq!(said.exit, 8, "{said:?}");
}

#[test]
fn w3c_proofs_hold_and_tampered_copies_do_not() {
    let Some(folder) = vectors("w3c-di-eddsa") else { return };
    let shell = Shell::new();
    let signed = folder.join("eddsa-jcs-2022/signedJCS.json");
    let said = shell.inkan(&["proof", "check", &signed.display().to_string(), "--json"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let text = read_text(&signed);
    for (from, to) in [("School", "Schoal"), ("2023-02-24", "2023-02-25"), ("z2HnFSS", "z2HnFST")] {
        assert!(text.contains(from));
        let path = shell.write("tampered.json", text.replacen(from, to, 1).as_bytes());
        let said = shell.inkan(&["proof", "check", &path.display().to_string(), "--json"]);
        assert_eq!(said.exit, 11, "{from}: {said:?}");
    }
}

#[test]
fn public_webvh_logs_resolve_from_a_file() {
    let Some(folder) = vectors("did-webvh") else { return };
    let shell = Shell::new();
    let expected = read_json(&folder.join("expected.json"));
    let logs = expected["logs"].as_array().expect("a list of logs");
    let mut accepted = 0;
    for log in logs.iter().filter(|log| log["expect"] == "accept") {
        let path = folder.join(log["path"].as_str().expect("a path")).join("did.jsonl");
        let did = log["did"].as_str().expect("a DID");
        let said =
            shell.inkan(&["did", "resolve", did, "--log", &path.display().to_string(), "--json"]);
        assert_eq!(said.exit, 0, "{}: {said:?}", path.display());
        assert!(said.out.contains(log["versionId"].as_str().expect("a version")), "{}", said.out);
        accepted += 1;
    }
    assert_eq!(accepted, 24);
}

/// Every command that reads foreign bytes refuses these, with a code and a remedy, and never with exit code 1.
#[test]
fn bad_input_is_refused_with_a_code_and_a_remedy() {
    let shell = Shell::new();
    shell.cast();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let big = vec![b' '; 100 << 20];
    let none = "eyJhbGciOiJub25lIiwidHlwIjoidmMrand0In0.e30.";
    let unknown = "eyJhbGciOiJIUzI1NiIsInR5cCI6InZjK2p3dCJ9.e30.AAAA";
    let media = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.e30.AAAA";
    let cases: [(&str, &[u8]); 11] = [
        ("empty", b""),
        ("not text", b"\xff\xfe\x00"),
        ("truncated", br#"{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["Veri"#),
        ("duplicate names", br#"{"type":"inkan-bundle/1","type":"inkan-bundle/1"}"#),
        ("deep", deep.as_bytes()),
        ("100 MB", &big),
        ("alg none", none.as_bytes()),
        ("unknown algorithm", unknown.as_bytes()),
        ("wrong media type", media.as_bytes()),
        ("another object", br#"{"hello":"world"}"#),
        ("an old data model", br#"{"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential"]}"#),
    ];
    let commands: [&[&str]; 5] = [
        &["-p", "desk", "verify", "-", "--json"],
        &["proof", "check", "-", "--json"],
        &["inspect", "-", "--json"],
        &["-p", "me", "countersign", "-", "--as", "me", "--json"],
        &["-p", "me", "present", "-", "--as", "me", "--aud", "a", "--nonce", "n", "--json"],
    ];
    for (what, bytes) in cases {
        for command in commands {
            let said = shell.inkan_reading(command, bytes);
            // `inspect` shows any JSON object, and says that nothing was verified.
            let shown = command[0] == "inspect" && said.exit == 0;
            if shown {
                assert!(said.out.contains("\"verified\":false"), "{what} {command:?}: {said:?}");
                continue;
            }
            assert!(said.exit > 1, "{what} {command:?}: {said:?}");
            let error = &said.json()["error"];
            assert!(
                error["number"].as_str().is_some_and(|n| n.starts_with("INK-")),
                "{what} {command:?}: {said:?}"
            );
            assert!(
                error["remedy"].as_str().is_some_and(|r| !r.is_empty()),
                "{what} {command:?}: {said:?}"
            );
        }
    }
}

#[test]
fn bad_files_of_the_profile_are_refused_and_kept() {
    let shell = Shell::new();
    let (city, _) = shell.cast();
    shell.ok(&["-p", "desk", "trust", "add", &city, "--issues", "Badge"]);
    let profile = shell.home().join(".local/share/inkan/desk");
    for file in [profile.join("trust.json"), profile.join("logs/ledger.example.policy")] {
        let good = fs::read(&file).expect("the file is there");
        fs::write(&file, b"{").expect("the file can be written");
        fs::write(shell.home().join("x.json"), br#"{"@context":[]}"#).expect("a file");
        let said = shell.inkan(&["-p", "desk", "trust", "list", "--json"]);
        let verified = shell.inkan(&["-p", "desk", "doctor", "--json"]);
        assert!(said.exit != 1 && verified.exit != 0, "{said:?} {verified:?}");
        assert_eq!(fs::read(&file).expect("still there"), b"{", "nothing is overwritten");
        fs::write(&file, good).expect("the file can be written");
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    if !Path::new("/dev/full").exists() {
        return inkan_tests::skipped("no /dev/full on this system");
    }
    let shell = Shell::new();
    let (_, me) = shell.cast();
    let size = ledger_size(&shell);
    let claims = fixtures().join("story/claims.json").display().to_string();
    let said = shell.inkan(&[
        "-p",
        "city",
        "issue",
        "Badge",
        "--from",
        "city",
        "--to",
        &me,
        "--claims",
        &claims,
        "--out",
        "/dev/full/badge.json",
    ]);
    assert_ne!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("INK-"), "{said:?}");
    assert_eq!(ledger_size(&shell), size, "nothing is recorded for a result that cannot be kept");
    assert_eq!(shell.inkan(&["-p", "city", "doctor"]).exit, 0);
}

fn ledger_size(shell: &Shell) -> u64 {
    let status = shell.inkan(&["-p", "desk", "ledger", "status", "--json"]).json();
    status["entries"].as_u64().or_else(|| status["size"].as_u64()).expect("a size")
}

/// Secrets and claims are planted, every command is as talkative as it can be, and what came out is searched.
#[test]
fn secrets_and_claims_do_not_leak() {
    const SECRET: &str = "canary-passphrase-7b1f";
    const CLAIM: &str = "canary-claim-93ac";
    let shell = Shell::new();
    shell.write("pass", SECRET.as_bytes());
    let (city, me) = shell.cast();
    shell.write("claims.json", format!(r#"{{"name":"{CLAIM}"}}"#).as_bytes());
    let mut talk = String::new();
    let mut hear = |arguments: &[&str]| {
        let said = shell.inkan(arguments);
        assert!(!said.out.contains(SECRET) && !said.err.contains(SECRET), "{arguments:?}");
        talk.push_str(&said.err);
        said
    };
    hear(&[
        "-vvv",
        "-p",
        "city",
        "issue",
        "Badge",
        "--from",
        "city",
        "--to",
        &me,
        "--claims",
        "claims.json",
        "--out",
        "b.json",
    ]);
    let report = hear(&["-vvv", "-p", "desk", "verify", "b.json", "--json"]);
    assert!(!report.out.contains(CLAIM), "a report holds no personal data");
    hear(&["-vvv", "-p", "city", "revoke", "b.json", "--reason", "test", "--yes"]);
    hear(&["-vvv", "-p", "city", "doctor"]);
    hear(&["-vvv", "-p", "city", "did", "rotate", "city", "--key", "sign-1"]);
    assert!(!talk.contains(CLAIM), "talk holds no claims: {talk}");
    for file in files_under(&shell.home().join("ledger"), |_| true) {
        let bytes = String::from_utf8_lossy(&fs::read(&file).expect("a file")).into_owned();
        for canary in [SECRET, CLAIM, "b.json"] {
            assert!(!bytes.contains(canary), "{} holds {canary}", file.display());
        }
        assert!(
            !bytes.contains(&me) || bytes.contains("LedgerLog"),
            "{}: only a DID's own log names it",
            file.display()
        );
    }
    for file in files_under(&shell.home().join(".local"), |_| true) {
        let bytes = String::from_utf8_lossy(&fs::read(&file).expect("a file")).into_owned();
        assert!(!bytes.contains(SECRET), "{} holds the passphrase", file.display());
        only_the_owner_reads(&file);
    }
    assert!(city.starts_with("did:webvh:"));
}

#[cfg(unix)]
fn only_the_owner_reads(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{} is open to others", file.display());
}

#[cfg(not(unix))]
fn only_the_owner_reads(_: &Path) {}

#[test]
fn a_nonce_may_look_like_an_option() {
    let shell = Shell::new();
    shell.cast();
    let line = ["-p", "me", "present", "none.json", "--as", "me", "--aud", "a", "--nonce", "-abc"];
    assert_eq!(shell.inkan(&line).exit, 3, "the file is missing, the command is understood");
}

#[test]
fn without_its_ledger_a_verifier_does_not_accept_unless_told_to() {
    let shell = Shell::new();
    let bundle = revoked_since(&shell);
    let verify = |extra: &[&str]| {
        let mut line = vec!["-p", "desk", "verify", bundle];
        line.extend(extra);
        shell.inkan(&line).exit
    };
    assert_eq!(
        verify(&["--ledger", "elsewhere", "--offline"]),
        0,
        "who asks for the bundle alone gets it"
    );
    assert_eq!(verify(&[]), 12);
    assert_eq!(
        verify(&["--ledger", "elsewhere"]),
        6,
        "a slip of the pen must not hide a revocation"
    );
    assert_eq!(
        verify(&["--ledger", "elsewhere", "--offline"]),
        19,
        "what this profile has seen is not forgotten"
    );
}

/// A revoked credential whose bundle was made before; gives the file's name.
fn revoked_since(shell: &Shell) -> &'static str {
    let (_, me) = shell.cast();
    let claims = fixtures().join("story/claims.json").display().to_string();
    shell.ok(&[
        "-p", "city", "issue", "Badge", "--from", "city", "--to", &me, "--claims", &claims,
        "--out", "b.json",
    ]);
    shell.ok(&["-p", "city", "revoke", "b.json", "--reason", "left", "--yes"]);
    "b.json"
}

#[test]
fn a_folder_that_holds_another_ledger_hides_no_revocation() {
    let shell = Shell::new();
    let bundle = revoked_since(&shell);
    let own = fs::read_dir(shell.home()).expect("a folder").flatten().find_map(|entry| {
        let log = fs::read_to_string(entry.path().join("checkpoint")).ok()?;
        log.lines().next().map(str::to_owned)
    });
    let own = own.expect("the ledger of the story");
    // Of another name, and one under the name of the pinned log with another key.
    for (folder, domain) in [("other", "other.example"), ("impostor", own.as_str())] {
        shell.ok(&["init", folder, "--role", "issuer", "--ledger", folder, "--domain", domain]);
        shell.ok(&["-p", folder, "did", "create", "--name", "somebody"]);
        let said = shell.inkan(&["-p", "desk", "verify", bundle, "--ledger", folder]);
        assert_eq!(said.exit, 19, "{said:?}");
        assert_eq!(said.err.contains("another key than"), folder == "impostor", "{said:?}");
    }
}

#[test]
fn what_a_bundle_says_of_the_present_counts_for_who_asked_for_that() {
    let shell = Shell::new();
    let bundle = revoked_since(&shell);
    // A verifier that knows the issuer's log, and asks another one.
    shell.ok(&[
        "init",
        "far",
        "--role",
        "verifier",
        "--ledger",
        "other",
        "--domain",
        "far.example",
    ]);
    let logs = |profile: &str| profile_folder(&shell, profile).join("logs");
    for entry in fs::read_dir(logs("desk")).expect("pinned policies").flatten() {
        let target = logs("far").join(entry.file_name());
        if !target.exists() {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
    let verify = |extra: &[&str]| {
        let mut line = vec!["-p", "far", "verify", bundle];
        line.extend(extra);
        shell.inkan(&line)
    };
    let said = verify(&[]);
    assert_eq!(said.exit, 19, "{said:?}");
    assert_eq!(verify(&["--offline"]).exit, 0, "who asks for the bundle alone gets it");
    assert_eq!(verify(&["--max-age", "1d"]).exit, 0, "and who says how old it may be");
}

/// Whoever verifies reads all anchors of issuers, so that one too many would stop every later verdict.
#[test]
fn anchors_of_issuers_are_counted_together_when_one_is_pinned() {
    let shell = Shell::new();
    shell.cast();
    let two = read_text(&fixtures().join("tsa/anchors.pem"));
    shell.write("forty.pem", two.repeat(20).as_bytes());
    let pin = |name: &str| {
        let url = format!("urn:x509:issuer-anchor:{name}");
        shell.inkan(&["-p", "desk", "trust", "pin", &url, "forty.pem"]).exit
    };
    assert_eq!(pin("a"), 0);
    assert_eq!(pin("a"), 0, "in place of itself it is not counted twice");
    assert_ne!(pin("b"), 0);
}

/// Where `inkan` keeps a profile on Linux, seen from the home folder.
fn profile_folder(shell: &Shell, name: &str) -> std::path::PathBuf {
    shell.home().join(".local/share/inkan").join(name)
}

/// There is no way back, and what was signed before stays what it was.
#[test]
fn a_did_is_ended_for_good() {
    let shell = Shell::new();
    let (city, me) = shell.cast();
    shell.write("claims.json", br#"{"role":"engineer"}"#);
    let issue = |out: &str| {
        let line = ["-p", "city", "issue", "Badge", "--from", "city", "--to", &me, "--no-status"];
        shell.inkan(&[&line[..], &["--claims", "claims.json", "--out", out]].concat())
    };
    assert_eq!(issue("badge.json").exit, 0);
    let end = ["-p", "city", "did", "deactivate", "city", "--reason", "merged"];
    assert_eq!(shell.inkan(&[&end[..], &["--no-input"]].concat()).exit, 5, "it is asked first");
    let dry = shell.inkan(&[&end[..], &["-n", "--json"]].concat());
    assert_eq!((dry.exit, &dry.json()["dryRun"]), (0, &true.into()), "{dry:?}");
    let ended = shell.inkan(&[&end[..], &["--yes", "--json"]].concat());
    assert_eq!(ended.exit, 0, "{ended:?}");
    assert!(ended.json()["versionId"].as_str().is_some_and(|id| id.starts_with("2-")), "{ended:?}");
    let history = shell.ok(&["-p", "desk", "did", "history", &city]);
    assert!(history.contains("deactivate"), "{history}");
    // Kept, recorded before: good. New: refused by everybody.
    shell.ok(&["-p", "desk", "verify", "badge.json"]);
    assert_ne!(issue("late.json").exit, 0);
    for line in [&end[..], &["-p", "city", "did", "rotate", "city", "--key", "sign-1"]] {
        let again = shell.inkan(&[line, &["--yes", "--json"]].concat());
        assert_eq!(again.exit, 17, "{again:?}");
        assert!(again.finds("did-deactivated"), "{again:?}");
    }
    let doctor = shell.inkan(&["-p", "city", "doctor"]);
    assert!(doctor.out.contains("ended with version 2"), "{doctor:?}");
}
