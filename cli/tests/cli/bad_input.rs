//! Foreign bytes: a clear error with a code and a remedy, no panic, whatever the bytes are.

use super::common::Home;

/// Bytes that are no credential, each with the name of what is wrong.
fn bad() -> Vec<(&'static str, Vec<u8>)> {
    let b64u = |text: &str| inkan_core::encoding::b64u(text.as_bytes());
    let jws = |header: &str, payload: &str| {
        format!("{}.{}.{}", b64u(header), b64u(payload), inkan_core::encoding::b64u(&[0; 64]))
    };
    let credential = r#"{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"did:key:z6Mk","credentialSubject":{"a":1}}"#;
    vec![
        ("empty", Vec::new()),
        ("white space", b" \n".to_vec()),
        ("truncated", br#"{"type":"inkan-bundle/1","credential":{"#.to_vec()),
        ("not UTF-8", vec![0xff, 0xfe, 0x00, 0x01]),
        ("a number", b"17".to_vec()),
        ("another type", br#"{"type":"inkan-policy/1"}"#.to_vec()),
        ("a member twice", br#"{"type":"a","type":"b"}"#.to_vec()),
        ("deep nesting", [vec![b'['; 100_000], vec![b']'; 100_000]].concat()),
        ("no proof", credential.as_bytes().to_vec()),
        ("alg none", jws(r#"{"alg":"none","typ":"vc+jwt"}"#, credential).into_bytes()),
        ("unknown algorithm", jws(r#"{"alg":"HS256","typ":"vc+jwt"}"#, credential).into_bytes()),
        ("wrong media type", jws(r#"{"alg":"EdDSA","typ":"jwt"}"#, credential).into_bytes()),
        (
            "critical header",
            jws(r#"{"alg":"EdDSA","typ":"vc+jwt","crit":["x"]}"#, credential).into_bytes(),
        ),
        ("bundle without artefact", br#"{"type":"inkan-bundle/1"}"#.to_vec()),
    ]
}

#[test]
fn bad_bytes_get_a_code_and_a_remedy_from_every_command_that_reads_a_file() {
    let (home, _, _) = Home::with_parties();
    for (what, bytes) in bad() {
        home.write("bad.json", &bytes);
        for line in [
            &["-p", "bank", "verify"][..],
            &["-p", "bank", "proof", "check"],
            &["-p", "bank", "ledger", "check"],
            &["-p", "holder", "countersign"],
            &["-p", "holder", "refuse"],
            &["-p", "holder", "cred", "show"],
        ] {
            let ran = home.run(&[line, &["bad.json", "--json"]].concat());
            let (status, error) = (ran.status, &ran.json()["error"]);
            assert!((1..=19).contains(&status) && status != 1, "{what}: {line:?} gave {status}");
            assert!(error["number"].is_string(), "{what}: {line:?} {error}");
            assert_ne!(error["remedy"], "", "{what}: {line:?} {error}");
        }
        let piped = home.pipe(&["-p", "bank", "verify", "-", "--json"], &bytes);
        assert!((2..=19).contains(&piped.status), "{what}: {}", piped.status);
    }
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_before_it_is_read() {
    let (home, _, _) = Home::with_parties();
    let file = std::fs::File::create(home.path("huge.json")).unwrap();
    file.set_len(100 << 20).unwrap();
    for command in ["verify", "inspect", "countersign"] {
        let ran = home.run(&["-p", "bank", command, "huge.json", "--json"]).must(10);
        assert_eq!(ran.json()["error"]["code"], "input-too-large", "{command}");
    }
}

#[test]
fn malformed_claims_evidence_and_policies_are_the_callers_to_correct() {
    let (home, issuer, holder) = Home::with_parties();
    home.write("good.json", r#"{"role":"engineer"}"#);
    home.write("list.json", "[1]");
    home.write("twice.json", r#"{"a":1,"a":2}"#);
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    for (rest, status) in [
        (&["--claims", "list.json"][..], 8),
        (&["--claims", "twice.json"], 8),
        (&["--claims", "missing.json"], 3),
        (&["--claims", "good.json", "--evidence", "twice.json"], 8),
        (&["--claims", "good.json", "--valid-for", "soon"], 2),
        (&["--claims", "good.json", "--valid-for", "0d"], 2),
        (&["--claims", "good.json", "--expect-ial", "1"], 8),
        (&["--claims", "good.json", "--expect-ial", "nine"], 2),
        (&[], 8),
    ] {
        home.run(&[&issue[..], rest].concat()).must(status);
    }
    home.write("policy.json", r#"{"type":"inkan-policy/1","id":"x","version":"1","forbid":[]}"#);
    home.run(&["-p", "bank", "policy", "lint", "policy.json"]).must(8);
    home.run(&["-p", "bank", "trust", "add", "did:example:1", "--issues", "Badge"]).must(8);
    home.run(&["-p", "bank", "did", "resolve", &issuer, "--at", "yesterday"]).must(2);
    home.run(&["-p", "bank", "did", "resolve", &issuer, "--at", "2020-01-01T00:00:00Z"]).must(3);
}

#[test]
fn a_wrong_and_a_missing_passphrase_lock_the_keystore() {
    let (home, _, _) = Home::with_parties();
    home.write("wrong", "something else");
    let ran =
        home.run(&["-p", "acme", "key", "generate", "x", "--passphrase-file", "wrong"]).must(4);
    assert!(ran.stderr.contains("error[INK-"), "{}", ran.stderr);
    let mut command = home.command(&["-p", "acme", "key", "generate", "x", "--no-input"]);
    command.env_remove("INKAN_PASSPHRASE_FILE");
    super::common::finish(command).must(4);
    let shared = ["-p", "bank", "did", "create", "--next-passphrase-file", "pass"];
    let ran = home.run(&shared).must(4);
    assert!(ran.stderr.contains("passphrase of their own"), "{}", ran.stderr);
}
