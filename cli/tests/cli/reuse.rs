//! One proofing, used again: a service derives a credential of its own from a presentation, and others take several together.

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey, jws};
use inkan_io::clock::{Clock as _, OsClock};
use serde_json::{Map, Value, json};

use super::common::{Home, Ran};
use super::signing::fits;

const BANK: &str = "https://bank.example";
const SHOP: &str = "https://shop.example";
pub(crate) const OPERATOR: &str = "did:web:login.example";
pub(crate) const SCHEME: &str = "https://scheme.example";

pub(crate) fn operator() -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(77))
}

fn now() -> Timestamp {
    OsClock.now()
}

fn day(ago: i64) -> String {
    now().plus_seconds(-86_400 * ago).to_string()
}

/// A profile takes the word of an operator about logins.
fn trust_operator(home: &Home, profile: &str) {
    let place = format!(".local/share/inkan/{profile}/trust.json");
    let mut list: Value =
        serde_json::from_slice(&std::fs::read(home.path(&place)).unwrap()).unwrap();
    list["entries"].as_array_mut().unwrap().push(json!({
        "id": OPERATOR, "roles": ["authentication_operator"], "status": "active",
        "authenticates": {
            "factors": ["password", "otp_software"], "maxAal": "AAL-2", "schemes": [SCHEME],
        },
        "keys": [operator().public_key().to_jwk()],
    }));
    home.write(&place, list.to_string());
}

/// A presentation of these files to somebody, with what the operator says of its holder's login.
fn present(home: &Home, files: &[&str], (profile, aud): (&str, &str)) {
    let asked = home.run(&["-p", profile, "request", "nonce", "--aud", aud]).must(0);
    let nonce = asked.stdout.trim();
    let mut line = vec!["-p", "holder", "present", "--as", "me", "--aud", aud, "--nonce", nonce];
    files.iter().for_each(|file| line.extend(["--cred", file]));
    line.extend(["--out", "vp.json", "--force"]);
    home.run(&line).must(0);
    let shown = home.run(&["-p", "holder", "did", "resolve", "me", "--json"]).must(0).json();
    let jwk = &shown["didDocument"]["verificationMethod"][0];
    let key = match jwk["publicKeyMultibase"].as_str() {
        Some(text) => inkan_crypto::PublicKey::from_multikey(text).unwrap(),
        None => panic!("{shown}"),
    };
    let time = now().seconds();
    let factor = |kind: &str| {
        json!({ "type": kind, "result": "pass", "time": time - 5,
                "certification": { "scheme": SCHEME, "level": "2", "ref": "c-1" } })
    };
    let statement = json!({
        "type": "inkan-authn-event/1", "iss": OPERATOR, "aud": aud, "iat": time, "exp": time + 300,
        "jti": format!("event-{nonce}"), "nonce": nonce, "cnf": { "jkt": key.thumbprint() },
        "factors": [factor("password"), factor("otp_software")],
    });
    let mut header = Map::new();
    header.insert("typ".to_owned(), "authn-event+jwt".into());
    let event = jws::sign(header, statement.to_string().as_bytes(), &operator()).unwrap();
    let shown = json!({ "channel": "redirect_same_device", "authenticator": [
        { "authenticationEvent": event },
    ] });
    home.write("shown.json", shown.to_string());
}

fn derive(home: &Home, more: &[&str]) -> Ran {
    let line = ["-p", "bank", "evidence", "derive", "vp.json", "--as", "bank", "--json"];
    home.run(&[&line[..], more].concat())
}

fn policy(home: &Home, name: &str, requires: &Value) {
    let policy = json!({
        "type": "inkan-policy/1", "id": name, "version": "1", "issuers": "listed",
        "assurance": { "framework": "jp-swg-2022", "requires": requires },
    });
    home.write(&format!("{name}.json"), policy.to_string());
}

#[test]
fn a_proofing_is_used_again_by_a_service_and_by_whoever_trusts_it() {
    let (home, acme, me) = Home::with_parties();
    home.cheap("bank");
    let bank = home.run(&["-p", "bank", "did", "create", "--name", "bank"]).must(0);
    let bank = bank.stdout.trim().to_owned();
    home.run(&["init", "shop", "--role", "verifier", "--ledger", "ledger"]).must(0);
    // The city proofs, face to face.
    let evidence = json!({
        "type": ["Evidence", "IdentityProofingEvidence"], "time": day(30),
        "proofer": { "agent": "official" }, "session": { "presence": "in_person" },
        "evidence": [{
            "type": "document", "documentDetails": { "type": "jp_drivers_license" },
            "checkDetails": [
                { "checkMethod": "vpip", "result": "pass" }, { "checkMethod": "pvp", "result": "pass" },
            ],
        }],
    });
    home.write("proofing.json", evidence.to_string());
    home.write("claims.json", r#"{"name":"Mirai Hase","birthDate":"1990-04-01"}"#);
    let issue = ["-p", "acme", "issue", "Resident", "--from", "acme", "--to", &me];
    let what = ["--claims", "claims.json", "--evidence", "proofing.json", "--out", "resident.json"];
    home.run(&[&issue[..], &what].concat()).must(0);
    let trust = |profile: &str, did: &str, kind: &str| {
        let line = ["-p", profile, "trust", "add", did, "--issues", kind, "--rows", "R3"];
        home.run(&[&line[..], &["--role", "identity_proofer"]].concat()).must(0);
    };
    trust("bank", &acme, "Resident");
    trust_operator(&home, "bank");

    // Who is not authenticated well enough gets nothing, and is told what would help.
    present(&home, &["resident.json"], ("bank", BANK));
    let refused = derive(&home, &["--out", "derived.json"]).must(15);
    assert!(refused.stdout.contains("user-verification-unattested"), "{}", refused.stdout);
    assert!(!refused.json()["assurance"]["remedies"].as_array().unwrap().is_empty());
    assert!(!home.path("derived.json").exists());
    // Nor does a proofing that is older than the service's policy allows.
    policy(&home, "fresh", &json!({ "ial": { "min": "IAL-3", "maxAge": "P7D" } }));
    present(&home, &["resident.json"], ("bank", BANK));
    let beside = ["--authenticator", "shown.json", "--out", "derived.json"];
    let old = derive(&home, &[&beside[..], &["--policy", "fresh.json"]].concat()).must(15);
    assert!(old.stdout.contains("proofing-too-old"), "{}", old.stdout);
    // A claim that is not shown cannot be taken; the holder has to be asked again.
    present(&home, &["resident.json"], ("bank", BANK));
    let take = ["--take", "name,salary", "--claims-out", "taken.json"];
    let missing = derive(&home, &[&beside[..], &take].concat()).must(15);
    assert_eq!(missing.json()["error"]["code"], "derivation-claim-missing");
    present(&home, &["resident.json"], ("bank", BANK));
    let take = ["--take", "name", "--claims-out", "taken.json", "--evidence-out", "source.json"];
    let made = derive(&home, &[&beside[..], &take, &["--min-ial", "3"]].concat()).must(0);
    fits(&made, "derived-evidence", include_str!("../../../schemas/derived-evidence.schema.json"));
    let made = made.json();
    assert_eq!(
        (&made["levelAtMost"], &made["source"]["level"]),
        (&json!("IAL-3"), &json!("IAL-3"))
    );
    assert!(made["since"].as_str().unwrap() < day(29).as_str());
    let taken = std::fs::read_to_string(home.path("taken.json")).unwrap();
    assert!(taken.contains("Mirai Hase") && !taken.contains("1990"));

    let issue = ["-p", "bank", "issue", "Customer", "--from", "bank", "--to", &me];
    let what = ["--claims", "taken.json", "--evidence", "derived.json", "--out", "customer.json"];
    home.run(&[&issue[..], &what, &["--expect-ial", "3"]].concat()).must(0);
    // Of somebody else it is no evidence.
    let other = ["-p", "bank", "issue", "Customer", "--from", "bank", "--to", &acme];
    home.run(&[&other[..], &what[..4], &["--out", "other.json"]].concat()).must(8);

    // A shop that knows the bank and not the city.
    trust("shop", &bank, "Customer");
    let verify = |file: &str, more: &[&str]| {
        home.run(&[&["-p", "shop", "verify", file, "--json"][..], more].concat())
    };
    let report = verify("customer.json", &["--min-ial", "3"]).must(0).json();
    assert_eq!(report["assurance"]["ial"]["row"], "R3");
    assert_eq!(report["truth"]["proofed"]["by"], bank);
    let date = now().plus_seconds(-86_400 * 30).date();
    assert_eq!(report["truth"]["proofed"]["at"], date);
    verify("customer.json", &["--min-ial", "3+"]).must(15);
    let old = verify("customer.json", &["--policy", "fresh.json"]).must(15);
    assert!(old.stdout.contains("proofing-too-old"), "{}", old.stdout);

    // Both together, of one holder: each claim has the level of who says it, and what both say has to agree.
    trust("shop", &acme, "Resident");
    let leaf = |claims: &[&str]| json!({ "ial": { "min": "IAL-3", "claims": claims } });
    let link = json!({ "link": { "mode": "same-key", "consistent": ["name"] } });
    policy(&home, "both", &json!({ "allOf": [leaf(&["name", "birthDate"]), link] }));
    present(&home, &["customer.json", "resident.json"], ("shop", SHOP));
    let report = verify("vp.json", &["--policy", "both.json"]).must(0).json();
    let each = &report["assurance"]["ial"]["perClaim"];
    assert_eq!((&each["name"], &each["birthDate"]), (&json!("IAL-3"), &json!("IAL-3")), "{each}");
    home.write("nick.json", r#"{"name":"M. Hase","nickname":"m"}"#);
    let plain = ["-p", "bank", "issue", "Customer", "--from", "bank", "--to", &me];
    let what = ["--claims", "nick.json", "--out", "nick-card.json"];
    home.run(&[&plain[..], &what].concat()).must(0);
    present(&home, &["nick-card.json", "resident.json"], ("shop", SHOP));
    let differs = verify("vp.json", &["--policy", "both.json"]).must(15);
    assert!(differs.stdout.contains("claims-inconsistent"), "{}", differs.stdout);
    policy(&home, "nick", &leaf(&["birthDate", "nickname"]));
    present(&home, &["nick-card.json", "resident.json"], ("shop", SHOP));
    let weak = verify("vp.json", &["--policy", "nick.json"]).must(15).json();
    let each = &weak["assurance"]["ial"]["perClaim"];
    assert_eq!((&each["nickname"], &each["birthDate"]), (&json!("IAL-0"), &json!("IAL-3")));
    assert_eq!(weak["assurance"]["ial"]["counted"], "IAL-0");

    // The city says that its proofing still stands, when it has seen the holder again.
    home.run(&[
        "-p",
        "acme",
        "trust",
        "add",
        &acme,
        "--issues",
        "Resident",
        "--rows",
        "R3",
        "--role",
        "identity_proofer",
    ])
    .must(0);
    trust_operator(&home, "acme");
    let again = ["-p", "acme", "evidence", "revalidate", "vp.json", "--as", "acme", "--json"];
    let more = ["--authenticator", "shown.json", "--out", "again.json"];
    present(&home, &["resident.json"], ("acme", "https://city.example"));
    home.run(&[&again[..], &more].concat()).must(0);
    let text = std::fs::read_to_string(home.path("again.json")).unwrap();
    assert!(text.contains("\"revalidation\"") && text.contains("AAL-2"), "{text}");

    // What the city revoked is no source any more, and the bank can see that of the source it kept.
    let revoke = ["-p", "acme", "revoke", "resident.json", "--reason", "moved", "--from", "acme"];
    home.run(&[&revoke[..], &["-y"]].concat()).must(0);
    present(&home, &["resident.json"], ("bank", BANK));
    let more = ["--authenticator", "shown.json", "--out", "late.json"];
    derive(&home, &more).must(12);
    assert!(!home.path("late.json").exists());
    home.run(&["-p", "bank", "verify", "source.json", "--aud", BANK, "--replay"]).must(12);
}

#[test]
fn every_ready_made_policy_is_found_by_id_explained_in_both_languages_and_passes_lint() {
    let home = Home::new();
    let all = home.run(&["policy", "list", "--json"]).must(0).json();
    let ids: Vec<&str> =
        all["policies"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 20, "{ids:?}");
    for id in ids {
        let said = |lang: &str| {
            let ran = home.run(&["policy", "explain", id, "--lang", lang, "--json"]).must(0).json();
            assert_eq!(ran["lang"], lang);
            let each = ran["sentences"].as_array().unwrap().clone();
            each.iter().map(|one| one.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let (en, ja) = (said("en"), said("ja"));
        assert!(en.len() >= 3 && en.len() == ja.len(), "{id}: {en:?} {ja:?}");
        assert!(en.iter().all(|one| !one.contains('。')), "{en:?}");
        assert!(ja.iter().all(|one| one.ends_with('。')), "{ja:?}");
        let lint = home.run(&["policy", "lint", id, "--json"]).must(0).json();
        let findings = lint["findings"].as_array().unwrap();
        assert!(findings.iter().all(|one| one["level"] == "note"), "{id}: {findings:?}");
    }
    let policy = json!({
        "type": "inkan-policy/1", "id": "never", "version": "1", "issuers": "any",
        "assurance": { "framework": "jp-swg-2022", "requires": {
            "ial": { "min": "IAL-3", "rows": ["R6", "R7"] } } },
    });
    home.write("never.json", policy.to_string());
    let lint = home.run(&["policy", "lint", "never.json", "--lang", "ja", "--json"]).must(0).json();
    assert_eq!(lint["findings"][0]["code"], "policy-always-refuses");
    assert!(!lint["findings"][0]["message"].as_str().unwrap().is_ascii());
}
