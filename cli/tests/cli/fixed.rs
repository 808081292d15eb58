//! A nonce is made for one policy, by its bytes: whoever edits the file, or names another, is refused, and the nonce is not used up by it.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::{Home, Ran};

const AUDIENCE: &str = "https://bank.example";

/// A nonce for the policy in `desk.json`, and what the holder presents to it.
fn presented(home: &Home, out: &str) -> String {
    let ask = ["-p", "bank", "request", "nonce", "--aud", AUDIENCE, "--policy", "desk.json"];
    let nonce = home.run(&ask).must(0).stdout.trim().to_owned();
    let first = ["-p", "holder", "present", "--cred", "badge.json", "--as", "me"];
    let rest = ["--aud", AUDIENCE, "--nonce", &nonce, "--out", out];
    home.run(&[&first[..], &rest].concat()).must(0);
    nonce
}

/// The file that remembers a nonce.
fn record(home: &Home, nonce: &str) -> PathBuf {
    let folder = home.path(".local/share/inkan/bank/nonces");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut all = files.filter(|file| std::fs::read_to_string(file).unwrap().contains(nonce));
    let found = all.next().expect("a record");
    assert_eq!(all.next(), None);
    found
}

#[test]
fn what_answers_a_nonce_is_judged_under_the_bytes_it_was_asked_for() {
    let (home, issuer, holder) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    home.run(&[&issue[..], &["--claim", "role=engineer", "--out", "badge.json"]].concat()).must(0);
    home.run(&["-p", "bank", "trust", "add", &issuer, "--issues", "Badge"]).must(0);
    let new = ["-p", "bank", "policy", "new", "desk", "--type", "Badge", "--min-aal", "1"];
    home.run(&[&new[..], &["--out", "desk.json"]].concat()).must(0);
    let asked = std::fs::read_to_string(home.path("desk.json")).unwrap();
    let edited = |change: &dyn Fn(&mut Value)| {
        let mut policy: Value = serde_json::from_str(&asked).unwrap();
        change(&mut policy);
        home.write("desk.json", policy.to_string());
    };
    let verify = |file: &str, more: &[&str]| -> Ran {
        home.run(&[&["-p", "bank", "verify", file, "--json"], more].concat())
    };
    let refused = |ran: Ran, code: &str| {
        let error = ran.must(8).json()["error"].clone();
        assert_eq!(error["code"], code, "{error:#}");
        assert!(error["remedy"].as_str().unwrap().contains("inkan request nonce"), "{error:#}");
    };
    let desk = ["--policy", "desk.json"];
    let nonce = presented(&home, "vp.json");
    let kept: Value =
        serde_json::from_slice(&std::fs::read(record(&home, &nonce)).unwrap()).unwrap();
    assert_eq!(kept["policy"]["named"], "desk.json", "{kept:#}");

    // The same id and version, and less that is asked for.
    edited(&|policy| drop(policy.as_object_mut().unwrap().remove("assurance")));
    refused(verify("vp.json", &desk), "policy-mismatch");
    // That levels are added does not bring back what was taken out.
    refused(verify("vp.json", &[&desk[..], &["--min-aal", "1"]].concat()), "policy-mismatch");
    // Another version; no policy; a ready-made one.
    edited(&|policy| policy["version"] = json!("2"));
    refused(verify("vp.json", &desk), "policy-mismatch");
    refused(verify("vp.json", &[]), "policy-mismatch");
    refused(verify("vp.json", &["--policy", "authentic"]), "policy-mismatch");
    // Naming the nonce is no way around it.
    let named = ["--nonce", &nonce, "--aud", AUDIENCE, "--policy", "authentic"];
    refused(verify("vp.json", &named), "policy-mismatch");

    // The same policy, written otherwise and under another name, is the same policy; what is asked for besides makes it no weaker.
    edited(&|_| ());
    std::fs::rename(home.path("desk.json"), home.path("other.json")).unwrap();
    assert_ne!(std::fs::read_to_string(home.path("other.json")).unwrap(), asked);
    let stricter = ["--policy", "other.json", "--min-aal", "1"];
    assert_eq!(verify("vp.json", &stricter).must(0).json()["decision"], "accept");

    // A record from before digests were kept: what the policy said then is not known.
    home.write("desk.json", &asked);
    let nonce = presented(&home, "old.json");
    let path = record(&home, &nonce);
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    kept["policy"] = json!("desk.json");
    std::fs::write(&path, kept.to_string()).unwrap();
    refused(verify("old.json", &desk), "nonce-policy-unknown");
    // Ask again, and it is judged.
    presented(&home, "new.json");
    verify("new.json", &desk).must(0);
}

#[test]
fn a_request_is_answered_under_the_levels_that_were_asked_for() {
    let (home, issuer, holder) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    home.run(&[&issue[..], &["--claim", "role=engineer", "--out", "badge.json"]].concat()).must(0);
    home.run(&["-p", "bank", "trust", "add", &issuer, "--issues", "Badge"]).must(0);
    home.run(&["-p", "bank", "policy", "new", "desk", "--type", "Badge"]).must(0);
    let verify = |file: &str, more: &[&str]| {
        let line = ["-p", "bank", "verify", file, "--policy", "desk", "--json"];
        home.run(&[&line[..], more].concat())
    };
    let level = ["--min-aal", "1"];
    let out = ["--request-out", "ask.json", "--response-uri", "https://bank.example/answers"];
    verify("badge.json", &[&level[..], &out].concat()).must(15);
    let ask: Value =
        serde_json::from_slice(&std::fs::read(home.path("ask.json")).unwrap()).unwrap();
    let text = |name: &str| ask[name].as_str().unwrap().to_owned();
    let first = ["-p", "holder", "present", "--cred", "badge.json", "--as", "me"];
    let rest = ["--aud", &text("audience"), "--nonce", &text("nonce"), "--out", "vp.json"];
    home.run(&[&first[..], &rest].concat()).must(0);
    let error = verify("vp.json", &[]).must(8).json()["error"].clone();
    assert_eq!(error["code"], "policy-mismatch");
    assert!(error["remedy"].as_str().unwrap().contains("--policy desk --min-aal 1"), "{error:#}");
    verify("vp.json", &level).must(0);
}
