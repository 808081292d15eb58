//! The bytes of our software authenticator, judged by a relying party that others wrote and by ours: the same verdicts.

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_core::{Digest, sha256};
use inkan_evidence::webauthn::{Assertion, Registration, Site, verify};
use inkan_tests::peer::{self, Peer};
use inkan_tests::soft_authenticator::{
    AAGUID, Maker, PAGE, PRESENT, Page, RP_ID, Shows, SoftAuthenticator,
};
use serde_json::{Value, json};

fn ours(authenticator: &SoftAuthenticator, answer: &Value, challenge: &Digest) -> bool {
    let kept = json!({
        "type": "inkan-webauthn-registration/1", "credentialId": b64u(&authenticator.credential_id),
        "key": authenticator.key.public_key().to_jwk(), "aaguid": AAGUID, "rpId": RP_ID,
        "holder": "did:example:a", "jkt": "AA", "counter": 40, "backupEligible": false,
        "attestation": { "outcome": "none" }, "registeredAt": "2026-06-14T09:00:00Z",
    });
    let registration = Registration::parse(kept.to_string().as_bytes()).expect("a registration");
    let part = |name: &str| {
        decode_b64u(answer["response"][name].as_str().expect("a part")).expect("base64url")
    };
    let assertion = Assertion {
        credential_id: authenticator.credential_id.clone(),
        client_data: part("clientDataJSON"),
        authenticator_data: part("authenticatorData"),
        signature: part("signature"),
    };
    let site = Site { rp_id: RP_ID.to_owned(), origins: vec![PAGE.to_owned()] };
    verify(&assertion, &registration, challenge, &site)
        .is_ok_and(|proved| proved.flags().is_user_verified() && proved.counts())
}

#[test]
fn a_relying_party_in_python_judges_our_authenticator_as_we_do() {
    if let Some(python) = peer::installed("webauthn") {
        judged_alike(&python);
    }
}

#[test]
fn a_relying_party_in_javascript_judges_our_authenticator_as_we_do() {
    if let Some(javascript) = peer::installed("@simplewebauthn/server") {
        judged_alike(&javascript);
    }
}

fn judged_alike(party: &Peer) {
    let challenge = sha256(&[b"challenge"]);
    let page = Page::of(&challenge);
    let maker = Maker::new();
    let root = maker.root.clone();
    let mut authenticator = SoftAuthenticator::new(Shows::Maker(Box::new(maker)));
    let id = b64u(&authenticator.credential_id);
    let register = |(client, object): (Vec<u8>, Vec<u8>), root: &[u8]| {
        party.ask(&json!({
            "do": "register", "challenge": challenge.to_b64u(), "origin": PAGE, "rpId": RP_ID,
            "root": b64u(root),
            "credential": { "id": id, "rawId": id, "type": "public-key", "response": {
                "clientDataJSON": b64u(&client), "attestationObject": b64u(&object) } },
        }))
    };
    let made = register(authenticator.create(&page), &root);
    assert_eq!(made["verified"], true, "{made}");
    assert_eq!((made["id"].as_str(), made["aaguid"].as_str()), (Some(&*id), Some(AAGUID)));
    let other = register(authenticator.create(&page), &Maker::new().root);
    assert_eq!(other["verified"], false, "a maker that is not known: {other}");

    let ask = |answer: &Value| {
        let asked = party.ask(&json!({
            "do": "assert", "challenge": challenge.to_b64u(), "origin": PAGE, "rpId": RP_ID,
            "key": made["key"], "counter": 40, "credential": answer,
        }));
        asked["verified"].as_bool().unwrap_or(false)
    };
    let good = authenticator.get(&page);
    assert!(ask(&good) && ours(&authenticator, &good, &challenge));
    let mut bad = Vec::new();
    for part in ["authenticatorData", "signature", "clientDataJSON"] {
        let mut bytes = decode_b64u(good["response"][part].as_str().expect("a part")).unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        let mut changed = good.clone();
        changed["response"][part] = b64u(&bytes).into();
        bad.push((part, changed));
    }
    let other = sha256(&[b"another challenge"]);
    bad.push(("another challenge", authenticator.get(&Page::of(&other))));
    let elsewhere = Page { origin: "https://evil.example", ..page };
    bad.push(("another page", authenticator.get(&elsewhere)));
    authenticator.flags = PRESENT;
    bad.push(("an unknown user", authenticator.get(&page)));
    authenticator.flags = 0;
    bad.push(("nobody", authenticator.get(&page)));
    authenticator.flags = PRESENT | 0x04;
    authenticator.counter = 30;
    bad.push(("a counter that went back", authenticator.get(&page)));
    for (what, answer) in &bad {
        let verdicts = (ask(answer), ours(&authenticator, answer, &challenge));
        assert_eq!(verdicts, (false, false), "{what}");
    }
}
