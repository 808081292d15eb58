//! What a profile goes by that others stated: how it is kept, how old it may be, and what an operator says of a login.

use std::path::PathBuf;

use inkan_core::encoding::decode_b64u;
use inkan_core::sha256;
use inkan_crypto::jws;
use inkan_io::clock::{Clock as _, OsClock};
use serde_json::{Map, Value, json};

use crate::common::{Home, Node, Ran};
use crate::reuse::{OPERATOR, SCHEME, operator};
use crate::serve::Server;
use crate::trust::settle;

const BANK: &str = "https://bank.example";
const HANDLE: &str = "kX0dPz4n6h8mWq2R5tY7uA";

/// What the operator says of a login, in a session or with other members.
fn stated(home: &Home, jti: &str, change: impl FnOnce(&mut Value)) {
    let time = OsClock.now().seconds();
    let factor = |kind: &str| {
        json!({ "type": kind, "result": "pass", "time": time - 5,
                "certification": { "scheme": SCHEME, "level": "2", "ref": "c-1" } })
    };
    let mut statement = json!({
        "type": "inkan-authn-event/1", "iss": OPERATOR, "aud": BANK, "iat": time, "exp": time + 300,
        "jti": jti, "account": "b3c1", "session": sha256(&[HANDLE.as_bytes()]).to_hex(),
        "factors": [factor("password"), factor("otp_software")],
    });
    change(&mut statement);
    let mut header = Map::new();
    header.insert("typ".to_owned(), "authn-event+jwt".into());
    let event = jws::sign(header, statement.to_string().as_bytes(), &operator()).unwrap();
    let shown = json!({ "channel": "redirect_same_device",
        "authenticator": [{ "authenticationEvent": event }] });
    home.write("shown.json", shown.to_string());
}

fn asking(home: &Home, name: &str, requires: &Value) {
    let policy = json!({
        "type": "inkan-policy/1", "id": name, "version": "1", "issuers": "any",
        "credentialTypes": "optional",
        "assurance": { "framework": "jp-swg-2022", "requires": requires },
    });
    home.write(&format!("{name}.json"), policy.to_string());
}

fn login(home: &Home, policy: &str, more: &[&str]) -> Ran {
    let line = ["-p", "bank", "verify", "--session", "handle", "--authenticator", "shown.json"];
    home.run(&[&line[..], &["--policy", policy, "--json"], more].concat())
}

#[test]
fn a_login_to_an_account_is_judged_once_and_for_this_session_and_verifier() {
    let home = Home::new();
    home.run(&["init", "bank", "--role", "verifier", "--ledger", "ledger"]).must(0);
    let trust =
        |more: &[&str]| home.run(&[&["-p", "bank", "trust", "add", OPERATOR][..], more].concat());
    home.write("operator.jwk", operator().public_key().to_jwk().to_string());
    home.write(
        "private.jwk",
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "a", "d": "b" }).to_string(),
    );
    home.write("none.jwks", json!({ "keys": [] }).to_string());
    let role = ["--role", "authentication_operator"];
    let may = ["--factor", "password", "otp_software", "--max-aal", "2", "--scheme", SCHEME];
    let key = ["--key", "operator.jwk"];
    // Who could say nothing that counts is not written down.
    for wrong in [&role[..], &[&role[..], &may].concat(), &[&role[..], &key].concat()] {
        trust(wrong).must(2);
    }
    trust(&[&["--role", "wallet_provider"][..]].concat()).must(2);
    trust(&[&["--role", "identity_proofer"][..], &key].concat()).must(2);
    trust(&[&role[..], &may, &key, &["--as", "bank"]].concat()).must(2);
    for file in ["private.jwk", "none.jwks"] {
        assert_ne!(trust(&[&role[..], &may, &["--key", file]].concat()).status, 0, "{file}");
    }
    let added = trust(&[&role[..], &may, &key].concat()).must(0);
    assert!(added.stderr.contains("logins up to AAL-2"), "{}", added.stderr);
    trust(&[&["--role", "wallet_provider"][..], &key].concat()).must(0);
    home.write("handle", format!("{HANDLE}\n"));
    asking(&home, "account", &json!({ "aal": { "min": "AAL-2" } }));
    asking(&home, "most", &json!({ "aal": { "min": "AAL-3" } }));
    asking(&home, "person", &json!({ "ial": { "min": "IAL-1" } }));
    let aud = ["--aud", BANK];
    let refused = |policy: &str, code: &str| {
        let ran = login(&home, policy, &aud).must(15);
        assert!(ran.stdout.contains(code), "no {code}: {}", ran.stdout);
    };
    stated(&home, "one", |_| ());
    login(&home, "account.json", &[]).must(2);
    login(&home, "account.json", &aud).must(0);
    refused("account.json", "authentication-event-not-bound");
    // Of another session, to another verifier, of somebody who presents: none of them is this login.
    stated(&home, "two", |event| event["session"] = json!(sha256(&[b"another"]).to_hex()));
    refused("account.json", "authentication-event-not-bound");
    stated(&home, "three", |event| event["aud"] = json!("https://shop.example"));
    refused("account.json", "authentication-event-not-bound");
    // A bearer's statement is never the highest level, and says nothing of a person.
    stated(&home, "four", |_| ());
    refused("most.json", "aal-below-requirement");
    stated(&home, "five", |_| ());
    refused("person.json", "ial-below-requirement");
    // A handle that could be guessed names no session.
    home.write("handle", "1234");
    assert_ne!(login(&home, "account.json", &aud).status, 0);
}

/// The files of a profile in which what authorities stated is kept.
fn kept(home: &Home, profile: &str) -> Vec<PathBuf> {
    let logs = home.path(&format!(".local/share/inkan/{profile}/logs"));
    let files = std::fs::read_dir(logs).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|kind| kind == "stated")).collect()
}

#[test]
fn what_was_read_of_a_ledger_is_kept_and_never_hides_what_came_after() {
    let (home, university, holder) = Home::with_parties();
    let authority = settle(&home, "ministry");
    let ministry = |line: &[&str]| {
        home.run(&[&["-p", "ministry", "trust"], line, &["--as", "ministry"]].concat()).must(0)
    };
    let verify = || home.run(&["-p", "bank", "verify", "one.json", "--policy", "edu"]);
    home.run(&["-p", "bank", "policy", "new", "edu", "--type", "Degree"]).must(0);
    home.run(&["-p", "bank", "trust", "add", &authority, "--authority"]).must(0);
    ministry(&["add", &university, "--issues", "Degree", "--from", "2020-01-01T00:00:00Z"]);
    let issue = ["-p", "acme", "issue", "Degree", "--from", "acme"];
    let one = ["--to", &holder, "--claim", "subject=law", "--out", "one.json"];
    home.run(&[&issue[..], &one].concat()).must(0);
    verify().must(0);
    assert!(kept(&home, "bank").is_empty(), "a small ledger is read as fast as a file");
    let rows: String = (0..270).map(|row| format!("{holder},{row}\n")).collect();
    home.write("rows.csv", format!("subject,score\n{rows}"));
    home.run(&[&issue[..], &["--rows", "rows.csv", "--out", "many"]].concat()).must(0);
    verify().must(0);
    let [file] = kept(&home, "bank").try_into().expect("one file");
    let whole = std::fs::read(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    verify().must(0);
    assert_eq!(std::fs::read(&file).unwrap(), whole, "little is new");
    // A file that does not fit counts for nothing, and is made again.
    for damaged in [b"{}".to_vec(), whole[..whole.len() / 2].to_vec()] {
        std::fs::write(&file, damaged).unwrap();
        verify().must(0);
        assert_eq!(std::fs::read(&file).unwrap(), whole);
    }
    // One byte, another log's, a head that nobody signed, entries that no such tree has: each with a sum that fits, where it can.
    let text = String::from_utf8(whole.clone()).unwrap();
    let summed = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        value["sha256"] = sum_of(&value).into();
        format!("{value}\n").into_bytes()
    };
    assert_eq!(summed(&|_| ()), whole, "the sum is that of the program");
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let head = |from: &str, to: &str| {
        summed(&|file| file["head"] = file["head"].as_str().unwrap().replacen(from, to, 1).into())
    };
    let size = text.split("\\n").nth(1).unwrap().to_owned();
    let (longer, shorter) = (format!("\n{size}0\n"), "\n1\n");
    let size = format!("\n{size}\n");
    for damaged in [
        flipped,
        head(&size, &longer),
        head(&size, shorter),
        summed(&|file| file["origin"] = json!("other.example")),
        summed(&|file| {
            let entries = file["leaves"].as_array_mut().unwrap();
            let mut last = entries.last().unwrap().clone();
            last[0] = json!(1_000_000);
            entries.push(last);
        }),
    ] {
        assert_ne!(damaged, whole);
        std::fs::write(&file, damaged).unwrap();
        verify().must(0);
        assert_eq!(std::fs::read(&file).unwrap(), whole, "read afresh, and written anew");
    }
    // A server that is running reads on as well.
    let server = Server::start(&home, "ministry", &["--role", "registry"]);
    let authorized = || {
        let query = json!({ "entity_id": university, "authority_id": authority, "action": "issue", "resource": "Degree" });
        let (status, said) = server.post("/authorization", &query);
        assert_eq!(status, 200, "{said}");
        said["authorized"].as_bool().unwrap()
    };
    assert!(authorized());
    // What came after it is read: the university is trusted no more.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    ministry(&["remove", &university, "--for-cause"]);
    verify().must(14);
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    std::thread::sleep(std::time::Duration::from_millis(6_000));
    assert!(!authorized());
    assert!(!authorized(), "by what it read on");
}

/// The sum of a kept file, over what it says now.
fn sum_of(file: &Value) -> String {
    let text = |name: &str| file[name].as_str().unwrap().to_owned();
    let entry = |one: &Value| {
        let leaf = decode_b64u(one[1].as_str().unwrap()).unwrap();
        *sha256(&[&one[0].as_u64().unwrap().to_be_bytes(), &leaf]).as_bytes()
    };
    let entries: Vec<u8> = file["leaves"].as_array().unwrap().iter().flat_map(entry).collect();
    let (origin, head) = (sha256(&[text("origin").as_bytes()]), sha256(&[text("head").as_bytes()]));
    sha256(&[origin.as_bytes(), head.as_bytes(), &entries]).to_hex()
}

#[test]
fn a_node_that_stands_still_cannot_hide_whom_an_authority_revoked() {
    let home = Home::new();
    home.run(&["init", "operator", "--ledger", "node", "--domain", "ledger.example"]).must(0);
    let node =
        Node::start(&home, &["ledger", "start", "--data", "node", "--listen", "127.0.0.1:0"]);
    let address = format!("http://{}", node.address);
    let init = |name: &str, role: &str| {
        home.run(&["init", name, "--role", role, "--ledger", &address]).must(0);
        home.cheap(name);
    };
    for (name, role) in [("acme", "issuer"), ("ministry", "issuer"), ("bank", "verifier")] {
        init(name, role);
    }
    let did = |profile: &str| {
        let ran = home.run(&["-p", profile, "did", "create", "--name", profile]).must(0);
        ran.stdout.trim().to_owned()
    };
    let (acme, ministry) = (did("acme"), did("ministry"));
    home.run(&["-p", "bank", "policy", "new", "edu", "--type", "Degree"]).must(0);
    home.run(&["-p", "bank", "trust", "add", &ministry, "--authority"]).must(0);
    let add = ["-p", "ministry", "trust", "add", &acme, "--issues", "Degree"];
    let from = ["--from", "2020-01-01T00:00:00Z", "--as", "ministry"];
    home.run(&[&add[..], &from].concat()).must(0);
    let issue = ["-p", "acme", "issue", "Degree", "--from", "acme", "--bearer"];
    home.run(&[&issue[..], &["--claim", "subject=law", "--out", "one.json"]].concat()).must(0);
    let verify = |more: &[&str]| {
        home.run(&[&["-p", "bank", "verify", "one.json", "--policy", "edu"][..], more].concat())
    };
    verify(&[]).must(0);
    verify(&["--max-age", "1d"]).must(0);
    // Nobody is asked: what the ministry stated is not at hand, and a list that is empty would be no answer.
    let offline = verify(&["--offline"]);
    assert_ne!(offline.status, 0, "{}", offline.stdout);
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    verify(&["--max-age", "1s"]).must(19);
    verify(&["--max-age", "1d"]).must(0);
}
