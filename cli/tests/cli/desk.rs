//! The desk of a profile that signs its verdicts: the person takes one along, the operator fetches it, and anybody verifies it.

use inkan_core::limits;
use inkan_crypto::jws::Jws;
use serde_json::{Value, json};

use crate::common::Home;
use crate::serve::Server;

#[test]
fn the_verdict_of_a_session_is_a_credential_that_others_verify() {
    let (home, issuer, holder) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &holder];
    let more = ["--claim", "role=engineer", "--out", "badge.json"];
    home.run(&[&issue[..], &more].concat()).must(0);
    let desk = ["--tokens", "tokens", "--role", "verifier", "--desk", "--desk-report-as", "acme"];
    let server = Server::start(&home, "acme", &desk);
    let opened =
        ["-p", "acme", "desk", "open", "--policy", "authentic", "--why", "a desk", "--json"];
    let opened = home.run(&opened).must(0).json();
    let text = |name: &str| opened[name].as_str().unwrap().to_owned();
    let (id, nonce, audience) = (text("id"), text("nonce"), text("audience"));
    let path = text("url").split_once(&server.address).unwrap().1.to_owned();
    let show = ["-p", "acme", "desk", "show", &id, "--report-out", "kept.json"];
    let early = home.run(&show).must(3);
    assert!(early.stderr.contains("INK-7186"), "{}", early.stderr);
    let present = ["-p", "holder", "present", "--cred", "badge.json", "--as", "me", "--aud"];
    home.run(&[&present[..], &[&audience, "--nonce", &nonce, "--out", "vp.json"]].concat()).must(0);
    let shown: Value =
        serde_json::from_slice(&std::fs::read(home.path("vp.json")).unwrap()).unwrap();
    let (status, told) = server.post(&path, &shown);
    assert_eq!((status, &told["decision"]), (200, &json!("accept")), "{told:#}");
    let (status, taken) = server.get(&format!("{path}?report=signed"));
    assert_eq!(status, 200, "{taken}");
    home.write("taken.json", &taken);
    home.run(&show).must(0);
    home.run(&show).must(7);
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(home.path(name)).unwrap()).unwrap()
    };
    assert_eq!(read("taken.json"), read("kept.json"));
    for file in ["taken.json", "kept.json"] {
        let ran = home.run(&["-p", "bank", "verify", file, "--json"]).must(0).json();
        assert!(ran["ledger"]["existedBy"].is_string(), "{ran:#}");
    }
    // What is signed names who judged, and not who was judged.
    let compact = read("taken.json")["credential"]["id"].as_str().unwrap().to_owned();
    let jws = Jws::parse(compact.split_once(',').unwrap().1, limits::BUNDLE).unwrap();
    let signed = String::from_utf8(jws.payload().to_vec()).unwrap();
    assert!(signed.contains("VerificationReport") && signed.contains(&issuer), "{signed}");
    assert!(!signed.contains(&holder) && !taken.contains(&holder), "it names the holder: {signed}");
    // It issues nothing for others.
    let body = json!({ "credential": {} });
    assert_eq!(server.post("/credentials/issue", &body).0, 404);
}
