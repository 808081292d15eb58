//! Authorities on the ledger: who may issue what, succession, ends and revocations for cause, and how others ask (TRQP).

use inkan_core::json::parse;
use inkan_core::{SecretBytes, limits};
use inkan_credential::schema::{Evaluation, evaluate};
use inkan_crypto::keystore::Keystore;
use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::files::{self, Access};
use inkan_io::os_rng::OsRng;
use serde_json::{Value, json};

use crate::common::{Home, NEXT, PASSPHRASE, Ran};
use crate::serve::Server;

/// Adds a profile with one DID of the same name; gives the DID.
pub(crate) fn settle(home: &Home, name: &str) -> String {
    home.run(&["init", name, "--role", "issuer", "--ledger", "ledger"]).must(0);
    for (file, passphrase) in [("keystore.json", PASSPHRASE), ("next-keystore.json", NEXT)] {
        let passphrase = SecretBytes::new(passphrase.as_bytes().to_vec());
        let cheap = Keystore::insecure_fast().seal(&passphrase, &mut OsRng).unwrap();
        let path = home.path(&format!(".local/share/inkan/{name}/{file}"));
        files::write_atomic(&path, &cheap, Access::Private).unwrap();
    }
    home.run(&["-p", name, "did", "create", "--name", name]).must(0).stdout.trim().to_owned()
}

fn issue(home: &Home, holder: &str, out: &str) {
    let issue = ["-p", "acme", "issue", "Degree", "--from", "acme", "--to", holder];
    let rest = ["--claim", "subject=law", "--valid-for", "365d", "--out", out];
    home.run(&[&issue[..], &rest[..]].concat()).must(0);
}

fn ministry(home: &Home, arguments: &[&str]) -> Ran {
    home.run(&[&["-p", "ministry", "trust"], arguments, &["--as", "ministry"]].concat())
}

fn bank(home: &Home, arguments: &[&str]) -> Ran {
    home.run(&[&["-p", "bank"], arguments].concat())
}

/// Entries are a second apart, so that what was said before is told from what was said after.
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(1_100));
}

fn now() -> String {
    OsClock.now().to_string()
}

#[test]
fn a_ministry_names_a_university_its_successor_and_whom_it_no_longer_trusts() {
    let (home, university, holder) = Home::with_parties();
    let authority = settle(&home, "ministry");
    let successor = settle(&home, "merged");
    let verify = |file: &str| bank(&home, &["verify", file, "--policy", "edu"]);
    bank(&home, &["policy", "new", "edu", "--type", "Degree"]).must(0);

    // A dry run writes nothing; the statements are signed and on the ledger.
    let add = [
        "add",
        &university,
        "--issues",
        "Degree",
        "--role",
        "attribute_issuer",
        "--from",
        "2020-01-01T00:00:00Z",
    ];
    let dry = ministry(&home, &[&add[..], &["-n"]].concat()).must(0);
    assert!(dry.stdout.contains("trust entry"), "{}", dry.stdout);
    bank(&home, &["trust", "add", &authority, "--authority"]).must(0);
    bank(&home, &["trust", "check", &university, "--type", "Degree"]).must(14);
    let before = now();
    pause();
    ministry(&home, &add).must(0);
    let listed = bank(&home, &["trust", "list", "--of", &authority, "--json"]).must(0).json();
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(2), "{listed}");
    assert_eq!(listed["registry"], json!(authority));
    let answer = bank(&home, &["trust", "check", &university, "--type", "Degree", "--json"]);
    assert_eq!(answer.must(0).json()["answers"][0]["registries"][1]["says"], "holds");
    let past = ["trust", "check", &university, "--type", "Degree", "--at", &before];
    bank(&home, &past).must(14);
    bank(&home, &["trust", "check", &university, "--role", "attribute_issuer"]).must(0);
    bank(&home, &["trust", "check", &university, "--role", "notary"]).must(14);
    bank(&home, &["trust", "check", &successor, "--type", "Degree"]).must(14);

    // Its degrees are accepted on the authority's word alone.
    for file in ["one.json", "two.json"] {
        issue(&home, &holder, file);
        verify(file).must(0);
    }

    // The university merges into another: its degrees verify, and the successor can revoke them; a stranger cannot.
    pause();
    home.run(&["-p", "holder", "revoke", "two.json", "--reason", "spite", "--from", "me", "--yes"])
        .must(3);
    verify("two.json").must(0);
    let revoke = ["-p", "merged", "revoke", "one.json", "--reason", "forged", "--from", "merged"];
    let revoke = [&revoke[..], &["--yes"]].concat();
    ministry(&home, &["add", &successor, "--succeeds", &university]).must(0);
    verify("one.json").must(0);
    bank(&home, &["trust", "check", &successor, "--succeeds", &university]).must(0);
    // Whoever judges by the bundle alone has to be shown that the successor announced nothing: as it was issued nothing says so.
    let alone = |arguments: &[&str]| home.run(&[&["-p", "alone"], arguments].concat());
    home.run(&["init", "alone", "--role", "verifier", "--ledger", "ledger"]).must(0);
    alone(&["policy", "new", "edu", "--type", "Degree"]).must(0);
    let (issues, from) = (["--issues", "Degree"], ["--from", "2020-01-01T00:00:00Z"]);
    alone(&[&["trust", "add", &university][..], &issues, &from].concat()).must(0);
    alone(&["trust", "add", &successor, "--succeeds", &university]).must(0);
    let offline = |file: &str| {
        std::fs::rename(home.path("ledger"), home.path("away")).unwrap();
        let ran = alone(&["verify", file, "--policy", "edu", "--offline"]);
        std::fs::rename(home.path("away"), home.path("ledger")).unwrap();
        ran
    };
    offline("one.json").must(19);
    alone(&["bundle", "pack", "one.json", "--out", "packed.json"]).must(0);
    offline("packed.json").must(0);
    pause();
    // Not before its own profile knows of it, by somebody whom it trusts.
    let ran = home.run(&revoke).must(3);
    assert!(ran.stderr.contains("nobody whom this profile trusts"), "{}", ran.stderr);
    home.run(&["-p", "merged", "trust", "add", "https://x.example", "--authority"]).must(2);
    home.run(&["-p", "merged", "trust", "add", &authority, "--authority"]).must(0);
    home.run(&revoke).must(0);
    verify("one.json").must(12);
    verify("two.json").must(0);
    alone(&["bundle", "pack", "packed.json", "--out", "repacked.json"]).must(0);
    offline("repacked.json").must(12);
    // What the university revokes later, the successor's list takes over: there is nothing left to revoke.
    issue(&home, &holder, "three.json");
    home.run(&["-p", "acme", "revoke", "three.json", "--reason", "late", "--yes"]).must(0);
    verify("three.json").must(12);
    let again = ["-p", "merged", "revoke", "three.json", "--reason", "late", "--from", "merged"];
    let ran = home.run(&[&again[..], &["--yes"]].concat()).must(0);
    assert!(ran.stderr.contains("already"), "{}", ran.stderr);

    // Who trusts whom, three times.
    let text = bank(&home, &["trust", "graph"]).must(0).stdout;
    assert!(text.contains("issues Degree") && text.contains("took over from"), "{text}");
    bank(&home, &["trust", "graph", "--as", "svg", "--out", "trust.svg"]).must(0);
    let svg = std::fs::read_to_string(home.path("trust.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.contains("role=\"img\""), "{svg}");
    let page = bank(&home, &["trust", "graph", &university, "--as", "html"]).must(0).stdout;
    assert!(page.contains("<!DOCTYPE html>") && !page.contains("took over"), "{page}");

    // Ended: what was issued before stays good. For cause: nothing does.
    pause();
    ministry(&home, &["remove", &university]).must(0);
    verify("two.json").must(0);
    bank(&home, &["trust", "check", &university, "--type", "Degree"]).must(14);
    ministry(&home, &["remove", &university]).must(3);
    let ended = now();
    pause();
    ministry(&home, &["remove", &university, "--for-cause"]).must(0);
    let refused = verify("two.json").must(14);
    assert!(refused.stdout.contains("issuer trusted"), "{}", refused.stdout);
    let said = bank(&home, &["trust", "check", &university, "--type", "Degree"]).must(14);
    assert!(said.stdout.contains("revoked for cause"), "{}", said.stdout);
    bank(&home, &["verify", "two.json", "--policy", "edu", "--at", &ended]).must(0);
    asked_over_http(&home, (&authority, &university, &successor), &ended);
    // The ministry is taken off the list: what it took back while it was on it stays taken back.
    pause();
    bank(&home, &["trust", "remove", &authority]).must(0);
    let said = bank(&home, &["trust", "check", &university, "--type", "Degree"]).must(14);
    assert!(said.stdout.contains("revoked for cause"), "{}", said.stdout);
}

/// An answer fits our schema of TRQP's answers, which is closed, and says one thing.
fn answers(said: &Value, member: &str) {
    let schema = include_str!("../../../schemas/trqp-answer.schema.json");
    let schema = parse(schema.as_bytes(), limits::DOCUMENT).unwrap();
    assert_eq!(evaluate(said, &schema), Evaluation::Success, "{said:#}");
    let mut both = said.clone();
    both["recognized"] = json!(true);
    both["authorized"] = json!(true);
    assert_ne!(evaluate(&both, &schema), Evaluation::Success);
    for less in [member, "entity_id", "authority_id", "action", "resource", "time_evaluated"] {
        let mut without = said.clone();
        without.as_object_mut().unwrap().remove(less).unwrap();
        assert_ne!(evaluate(&without, &schema), Evaluation::Success, "{less}");
    }
}

/// TRQP 2.0: what the authority says, with errors as problem details.
fn asked_over_http(
    home: &Home,
    (authority, university, successor): (&str, &str, &str),
    ended: &str,
) {
    let server = Server::start(home, "ministry", &["--role", "registry"]);
    let query = |entity: &str, action: &str, resource: &str| json!({ "entity_id": entity, "authority_id": authority, "action": action, "resource": resource });
    let with_time = |mut query: Value, time: &str| {
        query["context"] = json!({ "time": time, "locator": "here" });
        query
    };
    let (status, said) = server.post("/authorization", &query(university, "issue", "Degree"));
    assert_eq!((status, &said["authorized"]), (200, &json!(false)), "{said}");
    answers(&said, "authorized");
    assert_eq!(said["message"], "the entity is revoked for cause");
    for name in ["entity_id", "authority_id", "action", "resource", "time_evaluated"] {
        assert!(said[name].is_string(), "{name} is missing in {said}");
    }
    assert_eq!(
        (said["authority_id"].as_str(), said.get("time_requested")),
        (Some(authority), None)
    );
    // After the end and before the revocation: not any more, and not void.
    let then = with_time(query(university, "issue", "Degree"), ended);
    let (status, said) = server.post("/authorization", &then);
    assert_eq!((status, &said["authorized"]), (200, &json!(false)));
    assert_eq!(said["time_requested"], json!(ended));
    assert_eq!(said["context"], then["context"]);
    answers(&said, "authorized");
    assert!(said["message"].as_str().unwrap().contains("ended"), "{said}");
    let (status, said) = server.post("/recognition", &query(successor, "succeed", university));
    assert_eq!((status, &said["recognized"]), (200, &json!(true)), "{said}");
    answers(&said, "recognized");
    let url = format!("http://{}", server.address);
    let there = ["trust", "check", successor, "--succeeds", university, "--registry", &url];
    let said = bank(home, &there).must(0);
    assert!(said.stdout.contains("not signed"), "{}", said.stdout);
    bank(home, &[&there[..], &["--authority", successor]].concat()).must(19);
    let issues = ["trust", "check", university, "--type", "Degree", "--registry", &url];
    let here = bank(home, &issues).must(14);
    assert!(here.stdout.contains("revoked for cause here"), "{}", here.stdout);
    // One kind of statement is not the other, and nobody else's word is given.
    let (_, said) = server.post("/authorization", &query(successor, "succeed", university));
    assert_eq!(said["authorized"], json!(false));
    let mut foreign = query(university, "issue", "Degree");
    foreign["authority_id"] = json!("did:web:elsewhere.example");
    let (status, said) = server.post("/authorization", &foreign);
    assert_eq!((status, &said["code"]), (404, &json!("authority-not-served")), "{said}");
    // What is no question is a problem.
    let ahead = with_time(query(university, "issue", "Degree"), "2999-01-01T00:00:00Z");
    let (status, said) = server.post("/authorization", &ahead);
    assert_eq!((status, &said["code"]), (400, &json!("query-time-ahead")));
    let mut wrong = vec![json!([]), json!({}), with_time(query("a", "b", "c"), "yesterday")];
    wrong.push(with_time(query("a", "b", "c"), "2026-01-01T00:00:00+09:00"));
    for name in ["entity_id", "authority_id", "action", "resource"] {
        let mut less = query("a", "b", "c");
        less.as_object_mut().unwrap().remove(name);
        wrong.push(less);
        let mut other = query("a", "b", "c");
        other[name] = json!(7);
        wrong.push(other);
    }
    let mut context = query("a", "b", "c");
    context["context"] = json!({ "deep": {} });
    wrong.push(context);
    for question in wrong {
        let (status, said) = server.post("/recognition", &question);
        assert_eq!((status, &said["code"]), (400, &json!("request-malformed")), "{question}");
    }
}
