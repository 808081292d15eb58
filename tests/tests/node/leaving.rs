//! What a gateway serves of DIDs that have ended, or left its log.

use inkan_tests::made_node::{Controller, TestNode, until};

/// A log takes no later version of what has ended or left it: the keys in its last one may be anybody's by now.
#[test]
fn keys_of_a_did_that_ended_or_moved_are_served_to_nobody() {
    let node = TestNode::start();
    let client = node.client();
    let host = client.with("host", "ledger.example");
    let people = [61, 62, 63].map(Controller::new);
    let keys = |person: &Controller| {
        let path = person.did.document_url().expect("a place on the web");
        let path = path.trim_start_matches("https://ledger.example").trim_end_matches("/did.jsonl");
        host.get(&format!("/.well-known/jwt-vc-issuer{path}"))
    };
    for person in &people {
        assert_eq!(client.submit_and_wait(&person.line, "cosigned").status, 200);
        until("its keys are served", || keys(person).status == 200);
    }
    let [ended, moved, rotated] = &people;
    for (person, line) in [
        (ended, ended.ended()),
        (moved, moved.moved("other.example")),
        (rotated, rotated.rotated(1)),
    ] {
        let answer = client.submit_and_wait(&line, "cosigned");
        assert_eq!(answer.status, 200, "{answer:?}");
        // The log itself is served on, as it is.
        let path = format!("/v1/dids/{}/did.jsonl", person.scid());
        until("the new version is served", || client.get(&path).text().lines().count() == 2);
    }
    until("nothing is served of who ended", || keys(ended).code() == "not-found");
    until("nothing is served of who moved", || keys(moved).code() == "not-found");
    let served = keys(rotated);
    assert_eq!(served.status, 200, "{served:?}");
    let kid = served.json()["jwks"]["keys"][0]["kid"].as_str().expect("a key").to_owned();
    assert!(kid.ends_with("#key-2"), "{kid}");
}
