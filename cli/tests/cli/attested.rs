//! What others attest, by command: wallet providers of keys, issuers of what they were shown, base registers of claims.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::token_status_list::{
    StatusBits, StatusListToken, StatusReference, TokenStatus, TokenStatusList, TokenTerms,
};
use inkan_crypto::{KeyType, PublicKey, SecretKey, jws};
use inkan_io::clock::{Clock as _, OsClock};
use serde_json::{Map, Value, json};

use crate::common::{Home, Ran};
use crate::serve::Server;

const WALLET: &str = "did:web:wallet.example";
const LIST: &str = "https://wallet.example/status/1";
/// The audience as the Digital Credentials API names it.
const BANK: &str = "origin:https://bank.example";

fn wallet() -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(311))
}

/// The key of a DID of ours.
fn key_of(home: &Home, profile: &str, name: &str) -> PublicKey {
    let shown = home.run(&["-p", profile, "did", "resolve", name, "--json"]).must(0).json();
    let text = shown["didDocument"]["verificationMethod"][0]["publicKeyMultibase"].as_str();
    PublicKey::from_multikey(text.unwrap()).unwrap()
}

/// What the wallet provider attests of a key, with other members.
fn attest(home: &Home, file: &str, key: &PublicKey, change: impl FnOnce(&mut Value)) {
    let time = OsClock.now().seconds();
    let mut claims = json!({
        "iss": WALLET, "iat": time - 10, "exp": time + 3_600, "attested_keys": [key.to_jwk()],
        "key_storage": ["iso_18045_high"], "user_authentication": ["iso_18045_moderate"],
    });
    change(&mut claims);
    let header: Map<String, Value> =
        [("typ".to_owned(), "key-attestation+jwt".into())].into_iter().collect();
    home.write(file, jws::sign(header, claims.to_string().as_bytes(), &wallet()).unwrap());
}

/// The provider's list, on which place 5 stands so.
fn list(home: &Home, file: &str, status: TokenStatus) {
    let now = OsClock.now();
    let mut list = TokenStatusList::new(StatusBits::One, 64).unwrap();
    list.set(5, status).unwrap();
    let terms = TokenTerms {
        uri: LIST,
        issued_at: now.plus_seconds(-60),
        expires: Some(now.plus_seconds(86_400)),
        ttl: None,
        aggregation_uri: None,
    };
    let method = format!("{WALLET}#1");
    let token = StatusListToken::issue_jwt(&list, &terms, &method, &wallet()).unwrap();
    home.write(file, token.to_bytes());
}

/// A presentation to the bank, judged with what is shown beside it.
fn presented(home: &Home, file: &str, shown: &Value, more: &[&str]) -> Ran {
    let asked = home.run(&["-p", "bank", "request", "nonce", "--aud", BANK]).must(0);
    let nonce = asked.stdout.trim();
    let line = ["-p", "holder", "present", "--as", "me", "--aud", BANK, "--nonce", nonce];
    // An SD-JWT is shown whole, and has to be told so.
    let whole: &[&str] = if file == "vc.json" { &["--disclose-all"] } else { &[] };
    let line = [&line[..], &["--cred", file, "--out", "vp.json", "--force"], whole].concat();
    home.run(&line).must(0);
    home.write("shown.json", shown.to_string());
    let line = ["-p", "bank", "verify", "vp.json", "--authenticator", "shown.json", "--json"];
    home.run(&[&line[..], more].concat())
}

#[test]
fn an_issuer_says_of_the_holders_key_what_its_wallet_showed() {
    let (home, acme, me) = Home::with_parties();
    let key = key_of(&home, "holder", "me");
    home.write("wallet.jwk", wallet().public_key().to_jwk().to_string());
    let provider = ["trust", "add", WALLET, "--role", "wallet_provider", "--key", "wallet.jwk"];
    let issue = |more: &[&str]| {
        let line = ["-p", "acme", "issue", "Badge", "--from", "acme", "--claim", "grade=5"];
        home.run(&[&line[..], &["--json"], more].concat())
    };
    let to = ["--to", &me, "--key-attestation", "ka.jwt", "--out", "badge.json"];
    let refused = |more: &[&str], code: &str| {
        let ran = issue(&[&to[..], more].concat());
        assert_ne!(ran.status, 0, "{code}");
        assert!(ran.stdout.contains(code), "no {code}: {}{}", ran.stdout, ran.stderr);
        assert!(!home.path("badge.json").exists());
    };
    // Nobody whom the issuer trusts, another key, over, withdrawn: none of it is repeated.
    attest(&home, "ka.jwt", &key, |_| {});
    refused(&[], "attestation-untrusted");
    home.run(&[&["-p", "acme"][..], &provider].concat()).must(0);
    attest(&home, "ka.jwt", &wallet().public_key(), |_| {});
    refused(&[], "key-attestation-invalid");
    attest(&home, "ka.jwt", &key, |claims| claims["exp"] = json!(1_000_000_000));
    refused(&[], "key-attestation-invalid");
    let status = StatusReference { index: 5, uri: LIST.to_owned() }.to_claim();
    attest(&home, "ka.jwt", &key, |claims| claims["status"] = status.clone());
    list(&home, "list.jwt", TokenStatus::Invalid);
    home.run(&["-p", "acme", "trust", "pin", LIST, "list.jwt"]).must(0);
    refused(&[], "key-attestation-invalid");
    // What says no more than that it is now, and what a reader of RDF could lose.
    issue(&[&to[..], &["--valid-from", "2020-01-01T00:00:00Z"]].concat()).must(2);
    issue(&[&to[..], &["--credential-format", "eddsa-rdfc-2022"]].concat()).must(2);
    list(&home, "list.jwt", TokenStatus::Valid);
    home.run(&["-p", "acme", "trust", "unpin", LIST]).must(0);
    home.run(&["-p", "acme", "trust", "pin", LIST, "list.jwt"]).must(0);
    issue(&to).must(0);
    let whole: Value =
        serde_json::from_slice(&std::fs::read(home.path("badge.json")).unwrap()).unwrap();
    let stated = &whole["credential"]["keyStatement"];
    assert_eq!(stated["jkt"], key.thumbprint(), "{whole}");
    assert_eq!(stated["walletProvider"], WALLET);
    assert_eq!(stated["userAuthentication"], json!(["iso_18045_moderate"]));

    // Whoever gave the wallet a nonce has it named, and looks at each attestation once.
    let nonce = home.run(&["-p", "acme", "request", "nonce"]).must(0).stdout.trim().to_owned();
    let fresh = ["--to", &me, "--key-attestation", "fresh.jwt", "--attestation-nonce"];
    let asked = |nonce: &str, out: &str| issue(&[&fresh[..], &[nonce, "--out", out]].concat());
    let tells = |ran: Ran, code: &str| {
        assert!(ran.status != 0 && ran.stdout.contains(code), "{code}: {}", ran.stdout);
    };
    attest(&home, "fresh.jwt", &key, |_| {});
    tells(asked(&nonce, "n.json"), "key-attestation-invalid");
    attest(&home, "fresh.jwt", &key, |claims| claims["nonce"] = json!("another"));
    tells(asked(&nonce, "n.json"), "key-attestation-invalid");
    tells(asked("another", "n.json"), "nonce-invalid");
    attest(&home, "fresh.jwt", &key, |claims| claims["nonce"] = json!(nonce));
    asked(&nonce, "n.json").must(0);
    tells(asked(&nonce, "again.json"), "nonce-invalid");
    assert!(!home.path("again.json").exists());

    // A verifier that is told whom to believe needs nothing more of the wallet.
    let beside = json!({ "channel": "dc_api_same_device", "authenticator": [] });
    let judged = |min: &str| presented(&home, "badge.json", &beside, &["--min-aal", min]);
    let code = |ran: &Ran, code: &str| {
        assert!(ran.stdout.contains(code), "no {code}: {}", ran.stdout);
    };
    code(&judged("2").must(15), "key-statement-not-authorised");
    let trust = ["-p", "bank", "trust", "add", &acme, "--issues", "Badge"];
    home.run(&[&trust[..], &["--statements", "key_statement"]].concat()).must(0);
    code(&judged("2").must(15), "attestation-untrusted");
    home.run(&[&["-p", "bank"][..], &provider].concat()).must(0);
    let report = judged("3").must(0).json();
    assert_eq!(report["assurance"]["aal"]["road"], "issuer-attested-key");
    // An SD-JWT VC carries it too.
    let sd = ["--to", &me, "--key-attestation", "ka.jwt", "--credential-format", "dc+sd-jwt"];
    issue(&[&sd[..], &["--out", "vc.json"]].concat()).must(0);
    presented(&home, "vc.json", &beside, &["--min-aal", "3"]).must(0);
    // The wallet's own word to the verifier, with a list that the verifier has.
    issue(&["--to", &me, "--out", "plain.json"]).must(0);
    let token = std::fs::read_to_string(home.path("ka.jwt")).unwrap();
    let handed = json!({ "channel": "dc_api_same_device",
        "authenticator": [{ "keyAttestation": token }] });
    let judged = || presented(&home, "plain.json", &handed, &["--min-aal", "3"]);
    code(&judged().must(15), "key-attestation-invalid");
    home.run(&["-p", "bank", "trust", "pin", LIST, "list.jwt"]).must(0);
    assert_eq!(judged().must(0).json()["assurance"]["aal"]["road"], "key-attestation");
    // Types of anchors are those of a root of identity.
    let anchor = ["-p", "bank", "trust", "add", &acme, "--anchor-types", "MyNumberCard"];
    home.run(&[&anchor[..], &["--rows", "R1"]].concat()).must(2);
    home.run(&[&anchor[..], &["--rows", "R1", "--role", "root_identity_issuer"]].concat()).must(0);
}

#[test]
fn the_api_says_of_the_holders_key_what_its_wallet_showed() {
    let (home, acme, _) = Home::with_parties();
    let holder = SecretKey::generate(KeyType::P256, &mut SeededRng::new(312)).public_key();
    let did = format!("did:key:{}", holder.to_multikey());
    let attested = |nonce: &str| {
        attest(&home, "ka.jwt", &holder, |claims| claims["nonce"] = json!(nonce));
        std::fs::read_to_string(home.path("ka.jwt")).unwrap()
    };
    let server = Server::start(&home, "acme", &["--tokens", "tokens", "--role", "issuer"]);
    let body = |grade: u8, options: Value| {
        json!({
            "credential": {
                "@context": ["https://www.w3.org/ns/credentials/v2"],
                "type": ["VerifiableCredential"], "issuer": acme,
                "credentialSubject": { "id": did, "description": format!("grade {grade}") },
            },
            "options": options,
        })
    };
    let path = "/eddsa-jcs-2022/credentials/issue";
    let refused = |path: &str, body: &Value, code: &str| {
        let (status, said) = server.post(path, body);
        assert_eq!(status, 400, "{said}");
        assert!(said.to_string().contains(code), "no {code}: {said}");
    };
    let asks =
        |token: &str, nonce: &str| json!({ "keyAttestation": token, "attestationNonce": nonce });
    let token = attested("n-1");
    refused(path, &body(1, asks(&token, "n-1")), "attestation-untrusted");
    // A registry that the profile has no list of its own for: its signed answer is pinned under its key, and never goes back.
    let (signer, other) =
        (SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(313)), wallet());
    let answer_of = |sequence: u64, key: &SecretKey, named: &SecretKey| {
        let value = json!({
            "type": "inkan-registry/1", "id": "https://r.example", "sequence": sequence,
            "issuedAt": "2026-01-01T00:00:00Z",
            "entries": [{ "id": WALLET, "roles": ["wallet_provider"], "status": "active",
                          "keys": [wallet().public_key().to_jwk()] }],
        });
        let header: Map<String, Value> =
            [("typ".to_owned(), "inkan-registry+jws".into())].into_iter().collect();
        home.write("answer.jws", jws::sign(header, value.to_string().as_bytes(), key).unwrap());
        let key = named.public_key().to_multikey();
        let name = format!("urn:inkan:registry:https://r.example?=key={key}");
        home.run(&["-p", "acme", "trust", "pin", &name, "answer.jws", "--json"])
    };
    let answer = |sequence: u64, key: &SecretKey| answer_of(sequence, key, &signer);
    let foreign = answer(7, &other);
    assert!(foreign.status != 0 && foreign.stdout.contains("registry-answer-invalid"));
    answer(7, &signer).must(0);
    let older = answer(6, &signer);
    assert!(older.status != 0 && older.stdout.contains("registry-answer-invalid"));
    answer(8, &signer).must(0);
    refused(path, &body(1, asks(&token, "n-2")), "key-attestation-invalid");
    refused(path, &body(1, json!({ "attestationNonce": "n-1" })), "option-malformed");
    refused("/credentials/issue", &body(1, asks(&token, "n-1")), "option-without-effect");
    let mut stated = body(1, asks(&token, "n-1"));
    stated["credential"]["keyStatement"] = json!({ "type": "inkan-key-statement/1" });
    refused(path, &stated, "keyStatement");
    let mut early = body(1, asks(&token, "n-1"));
    early["credential"]["validFrom"] = json!("2026-01-01T00:00:00Z");
    refused(path, &early, "option-malformed");
    let mut nobody = body(1, asks(&token, "n-1"));
    nobody["credential"]["credentialSubject"]["id"] = json!("did:web:nobody.example");
    refused(path, &nobody, "option-malformed");

    // What comes to nothing leaves the nonce to the next try; what answers it was made for it.
    let mut named = body(1, asks(&token, "n-1"));
    named["credential"]["ledgerRecord"] =
        json!({ "log": "elsewhere", "salt": "AAAAAAAAAAAAAAAAAAAAAA" });
    refused(path, &named, "ledgerRecord");
    attest(&home, "old.jwt", &holder, |claims| {
        claims["nonce"] = json!("n-1");
        claims["iat"] = json!(claims["iat"].as_i64().unwrap() - 86_400);
    });
    let old = std::fs::read_to_string(home.path("old.jwt")).unwrap();
    refused(path, &body(1, asks(&old, "n-1")), "attestation-not-fresh");
    let (status, said) = server.post(path, &body(1, asks(&token, "n-1")));
    assert_eq!(status, 201, "{said}");
    let made = &said["verifiableCredential"];
    assert_eq!(made["keyStatement"]["jkt"], holder.thumbprint(), "{made}");
    assert_eq!(made["keyStatement"]["attestedAt"], made["validFrom"], "{made}");
    // Once it was answered, nothing else is, under that nonce: not the same request, and no other one, whatever is attested then.
    refused(path, &body(1, asks(&token, "n-1")), "nonce-invalid");
    refused(path, &body(2, asks(&token, "n-1")), "nonce-invalid");
    refused(path, &body(2, asks(&attested("n-1"), "n-1")), "nonce-invalid");
    let (status, said) = server.post(path, &body(2, asks(&attested("n-3"), "n-3")));
    assert_eq!(status, 201, "{said}");
    // Nor after the server was started anew.
    drop(server);
    let server = Server::start(&home, "acme", &["--tokens", "tokens", "--role", "issuer"]);
    for nonce in ["n-1", "n-3"] {
        let (status, said) = server.post(path, &body(3, asks(&attested(nonce), nonce)));
        assert!(status == 400 && said.to_string().contains("nonce-invalid"), "{said}");
    }
    let shelf = home.path(".local/share/inkan/acme/pinned");
    let file = std::fs::read_dir(&shelf).unwrap().next().expect("the answer").unwrap().path();
    let before = std::fs::read(&file).unwrap();
    // A registry that has another key: what it said before is out of force, and so is whom the new answer leaves out.
    let mut moved = answer_of(9, &other, &other).must(0).json();
    let old = moved["replaced"].as_array_mut().unwrap().pop().expect("what was replaced");
    assert!(old.as_str().unwrap().ends_with(&signer.public_key().to_multikey()), "{old}");
    let listed = home.run(&["-p", "acme", "trust", "pins", "--json"]).must(0).json();
    assert_eq!(listed["pins"].as_array().unwrap().len(), 1, "{listed}");
    assert_ne!(answer(8, &signer).status, 0, "nor does the old key bring it back");
    // Whoever has two answers of one registry, from before that, is told.
    home.run(&["-p", "acme", "doctor", "--only", "trust"]).must(0);
    std::fs::write(&file, before).unwrap();
    let said = home.run(&["-p", "acme", "doctor", "--only", "trust"]).must(20);
    assert!(said.stdout.contains("of the same registry"), "{}", said.stdout);
}

#[test]
fn a_base_register_confirms_to_one_verifier_what_a_credential_claims() {
    let (home, acme, me) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Resident", "--from", "acme", "--to", &me];
    home.write("claims.json", r#"{"name":"Mirai Hase","birthDate":"1990-04-01"}"#);
    let what = ["--claims", "claims.json", "--out", "resident.json"];
    home.run(&[&issue[..], &what].concat()).must(0);
    // The city keeps the register as well, and is trusted for it with its key.
    home.write("city.jwk", key_of(&home, "acme", "acme").to_jwk().to_string());
    let role = ["-p", "bank", "trust", "add", &acme, "--role", "base_registry"];
    home.run(&role).must(2);
    home.run(&[&role[..], &["--key", "city.jwk"]].concat()).must(0);
    let state = |claims: &str, result: &str, aud: &str| {
        let line = ["-p", "acme", "evidence", "register", "state", "resident.json", "--as", "acme"];
        let what = ["--claims", claims, "--result", result, "--aud", aud];
        home.run(&[&line[..], &what, &["--out", "said.jwt", "--force"]].concat())
    };
    let attach = || {
        let line = ["evidence", "register", "attach", "resident.json", "--statement", "said.jwt"];
        home.run(&[&line[..], &["--out", "both.json", "--force"]].concat()).must(0);
    };
    let now = |more: &[&str]| {
        let line = ["-p", "bank", "verify", "both.json", "--json", "--aud", "https://bank.example"];
        let report = home.run(&[&line[..], more].concat()).must(0).json();
        report["truth"]["trueNow"].clone()
    };
    state("salary", "match", "https://bank.example").must(8);
    state("name,birthDate", "match", "https://bank.example").must(0);
    attach();
    let confirmed = now(&[]);
    assert_eq!(confirmed["status"], "pass", "{confirmed}");
    assert_eq!(confirmed["claims"], json!(["birthDate", "name"]));
    assert_eq!(confirmed["register"], acme);
    state("name", "mismatch", "https://bank.example").must(0);
    attach();
    assert_eq!(now(&[])["status"], "fail");
    state("name", "match", "https://shop.example").must(0);
    attach();
    assert_eq!(now(&[])["status"], "skipped");
    // A statement about another credential is not attached to this one.
    home.run(&[&issue[..], &["--claims", "claims.json", "--out", "other.json"]].concat()).must(0);
    let line = ["evidence", "register", "attach", "other.json", "--statement", "said.jwt"];
    home.run(&[&line[..], &["--out", "no.json"]].concat()).must(8);
}
