use inkan_core::limits;
use proptest::prelude::*;

use super::*;
use crate::countersignature::{Decision, countersign_jose};
use crate::presentation::{PresentationTerms, present_jose};
use crate::testing::{at, holder, issued_di, issued_jose, statement, with};

fn full() -> Bundle {
    let by = holder();
    let beside = countersign_jose(&issued_jose(), &statement(&by, Decision::Accept, 1), &by.key);
    let mut bundle = Bundle::of(Artefact::Credential(issued_jose()));
    bundle.countersignatures.push(beside.unwrap());
    bundle.receipts.push(json!({ "type": "inkan-receipt/1" }));
    bundle.checkpoints.push("ledger.example\n1\n".to_owned());
    bundle.current.push(json!({ "type": "inkan-current/1" }));
    bundle.did_logs.insert("did:webvh:Qm:ledger.example".to_owned(), "{}\n".to_owned());
    bundle.status_lists.push(ServedStatusList {
        uri: "https://acme.example/status/1".to_owned(),
        body: "body".to_owned(),
        fetched_at: None,
    });
    bundle.add_schema("https://acme.example/badge.json", json!({ "type": "object" }));
    bundle
}

fn presentation() -> Presentation {
    let by = holder();
    let terms = PresentationTerms {
        holder: &by.did,
        method: &by.method,
        nonce: "n",
        audience: "a",
        created: at("2026-03-01T00:00:00Z"),
    };
    present_jose(&[issued_di()], &terms, &by.key).unwrap()
}

fn code(value: &Value) -> &'static str {
    Bundle::parse(value.to_string().as_bytes()).unwrap_err().code()
}

#[test]
fn a_bundle_is_read_as_it_is_written() {
    let bundle = full();
    let copy = Bundle::parse(bundle.to_value().to_string().as_bytes()).unwrap();
    assert_eq!(copy.to_value(), bundle.to_value());
    assert_eq!(copy.status_list("https://acme.example/status/1"), Some("body"));
    assert_eq!(copy.schema("https://acme.example/badge.json"), Some(&json!({ "type": "object" })));
    assert_eq!(copy.schema("https://acme.example/other.json"), None);

    let other = Bundle::of(Artefact::Presentation(presentation()));
    let copy = Bundle::parse(other.to_value().to_string().as_bytes()).unwrap();
    assert_eq!(copy.to_value(), other.to_value());
    assert_eq!(copy.artefact.credentials().len(), 1);
}

#[test]
fn a_status_list_that_is_no_text_keeps_its_bytes() {
    let uri = "https://acme.example/status/1";
    for bytes in
        [&b"{\"a\": 1}\n"[..], b"eyJ.e30.c2ln", &[0xd2, 0x84, 0x43, 0xff], b"\xd2\x84.", b""]
    {
        let mut bundle = full();
        let list = ServedStatusList::new(uri, bytes).fetched(at("2026-03-01T00:00:00Z"));
        assert_eq!(list.bytes(), bytes);
        bundle.status_lists = vec![list];
        let copy = Bundle::parse(bundle.to_value().to_string().as_bytes()).unwrap();
        assert_eq!(copy.status_lists[0].bytes(), bytes);
        // When it was fetched is nothing that a bundle can say.
        assert_eq!(copy.status_lists[0].fetched_at, None);
    }
}

#[test]
fn what_is_in_a_bundle_is_no_larger_than_outside() {
    let mut credential = issued_di().to_value();
    let value = |credential: &Value| json!({ "type": BUNDLE_TYPE, "credential": credential });
    credential["credentialSubject"]["role"] = json!("a".repeat(limits::DOCUMENT - 4_096));
    assert!(Bundle::parse(value(&credential).to_string().as_bytes()).is_ok());
    let mut more = value(&credential);
    more["checkpoints"] = json!(["a".repeat(limits::DOCUMENT)]);
    assert!(Bundle::parse(more.to_string().as_bytes()).is_ok());
    credential["credentialSubject"]["role"] = json!("a".repeat(limits::DOCUMENT));
    assert_eq!(code(&value(&credential)), "input-too-large");
    let error = read_any(value(&credential).to_string().as_bytes()).unwrap_err();
    assert_eq!(error.code(), "input-too-large");
}

#[test]
fn countersignatures_beside_have_a_limit() {
    let mut bundle = full();
    let one = bundle.countersignatures[0].clone();
    bundle.countersignatures = vec![one.clone(); 256];
    assert!(Bundle::parse(bundle.to_value().to_string().as_bytes()).is_ok());
    bundle.countersignatures.push(one);
    assert_eq!(code(&bundle.to_value()), "bundle-malformed");
}

#[test]
fn lists_may_be_left_out() {
    let value = json!({ "type": BUNDLE_TYPE, "credential": issued_di().to_value() });
    let bundle = Bundle::parse(value.to_string().as_bytes()).unwrap();
    assert!(bundle.receipts.is_empty() && bundle.did_logs.is_empty());
}

#[test]
fn malformed_bundles_are_refused() {
    let good = full().to_value();
    let cases = [
        ("bundle-malformed", "/type", json!("inkan-bundle/2")),
        ("bundle-malformed", "/receipts", json!({})),
        ("bundle-malformed", "/receipts", json!(["x"])),
        ("bundle-malformed", "/checkpoints", json!([1])),
        ("bundle-malformed", "/current", json!([[]])),
        ("bundle-malformed", "/didLogs", json!([])),
        ("bundle-malformed", "/didLogs", json!({ "did:a:b": 1 })),
        ("bundle-malformed", "/didLogs", json!({ "key": "x" })),
        ("bundle-malformed", "/statusLists", json!([{ "uri": "https://a.example" }])),
        ("bundle-malformed", "/statusLists/0/extra", json!(1)),
        ("bundle-malformed", "/statusLists/0/uri", json!("list")),
        ("bundle-malformed", "/evidence", json!(["x"])),
        ("bundle-malformed", "/countersignatures", json!([1])),
        ("jws-malformed", "/countersignatures", json!(["x"])),
        ("countersignature-typ-wrong", "/countersignatures", json!([issued_jose().to_bare()])),
        ("bundle-member-unknown", "/recipts", json!([])),
        ("bundle-artefact-not-one", "/credential", Value::Null),
        ("bundle-artefact-not-one", "/presentation", presentation().to_value()),
        ("credential-not-recognised", "/credential", json!(1)),
        ("credential-proof-missing", "/credential", crate::testing::unsigned()),
    ];
    for (expected, pointer, new) in cases {
        let value = with(good.clone(), pointer, new.clone());
        assert_eq!(code(&value), expected, "{pointer} {new}");
    }
    assert_eq!(code(&json!([])), "bundle-malformed");
    assert_eq!(Bundle::parse(b"{").unwrap_err().code(), "json-malformed");
}

#[test]
fn whatever_a_file_holds_is_told_apart() {
    let credential = |text: &str| match read_any(text.as_bytes()).unwrap() {
        Input::Bare(artefact) => matches!(*artefact, Artefact::Credential(_)),
        Input::Bundle(_) => panic!("not a bundle"),
    };
    assert!(credential(&issued_di().to_bare()));
    assert!(credential(&format!("  {}\n", issued_jose().to_bare())));
    assert!(credential(&issued_jose().to_value().to_string()));
    assert!(!credential(&presentation().to_bare()));
    assert!(!credential(&presentation().to_value().to_string()));
    let bundle = read_any(full().to_value().to_string().as_bytes()).unwrap();
    assert!(!bundle.is_bare());
    assert_eq!(bundle.into_bundle().to_value(), full().to_value());
    let bare = read_any(issued_di().to_bare().as_bytes()).unwrap();
    assert!(bare.is_bare());
    assert_eq!(bare.into_bundle().to_value()["credential"], issued_di().to_value());

    let refused = |text: &str| read_any(text.as_bytes()).unwrap_err().code();
    assert_eq!(refused(""), "credential-not-recognised");
    assert_eq!(refused("eyJ.a~b"), "jws-malformed");
    assert_eq!(refused("{}"), "credential-context-invalid");
    assert_eq!(refused("{\"type\":\"inkan-receipt/1\"}"), "bundle-malformed");
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(refused(&large), "input-too-large");
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_any(&bytes);
        let _ = Bundle::parse(&bytes);
    }
}
