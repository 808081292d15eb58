use inkan_crypto::{KeyType, jws};
use proptest::prelude::*;

use super::*;
use crate::testing::{
    LOG, Party, holder, issued_di, issued_jose, party, statement, unsigned, with,
};

fn signed_di(by: &Party, decision: Decision) -> SecuredCredential {
    let statement = statement(by, decision, 7);
    countersign_di(&issued_di(), "urn:uuid:b", &statement, &by.key).unwrap()
}

fn signed_jose(by: &Party, decision: Decision) -> String {
    countersign_jose(&issued_jose(), &statement(by, decision, 7), &by.key).unwrap()
}

fn only(credential: &SecuredCredential) -> Countersignature {
    let mut all = list(credential, &[]).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn both_forms_verify_and_say_what_was_signed() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let by = party(3, key_type);
        let di = signed_di(&by, Decision::Accept);
        let jose = vec![signed_jose(&by, Decision::Accept)];
        let jose_credential = issued_jose();
        let forms = [
            (&di, only(&di)),
            (&jose_credential, list(&jose_credential, &jose).unwrap().remove(0)),
        ];
        for (credential, found) in forms {
            assert_eq!((found.role(), found.decision()), (Role::Holder, Decision::Accept));
            assert_eq!(found.act(), &[7; 32]);
            assert_eq!(found.log(), LOG);
            assert_eq!(found.signer(), by.did);
            assert_eq!(found.signer_method(), by.method);
            assert_eq!(found.created().to_string(), "2026-01-02T00:00:00Z");
            assert_eq!(found.text_digest(), text_digest_of(credential));
            assert_eq!(found.verify(credential, &by.key.public_key()), Ok(()));
            let wrong = found.verify(credential, &crate::testing::issuer().key.public_key());
            assert!(wrong.is_err());
        }
    }
}

#[test]
fn a_delegate_signs_under_which_power_and_for_which_role() {
    let by = holder();
    let under = Under { power: sha256(&[b"a power"]), for_role: Role::Holder };
    let said = Statement {
        role: Role::Delegate,
        under: Some(under),
        ..statement(&by, Decision::Accept, 7)
    };
    let di = countersign_di(&issued_di(), "urn:uuid:b", &said, &by.key).unwrap();
    assert_eq!(only(&di).under(), Some(&under));
    let compact = countersign_jose(&issued_jose(), &said, &by.key).unwrap();
    assert_eq!(Countersignature::parse_compact(&compact).unwrap().under(), Some(&under));
    // It is signed.
    let other = sha256(&[b"another power"]).to_b64u().into();
    let changed = with(di.to_value(), "/proof/1/countersignature/under/power", other);
    let changed = SecuredCredential::parse_value(changed).unwrap();
    let error = only(&changed).verify(&changed, &by.key.public_key()).unwrap_err();
    assert_eq!(error.code(), "countersignature-invalid");
    // Closed, and of delegates alone.
    let wrong = [
        ("/proof/1/countersignature/role", "witness".into()),
        ("/proof/1/countersignature/under/forRole", "delegate".into()),
        ("/proof/1/countersignature/under/forRole", Value::Null),
        ("/proof/1/countersignature/under/more", 1.into()),
        ("/proof/1/countersignature/under", "power".into()),
    ];
    for (pointer, value) in wrong {
        let changed = with(di.to_value(), pointer, value);
        assert!(SecuredCredential::parse_value(changed).is_err(), "{pointer}");
    }
    for bad in [
        Statement { role: Role::Holder, ..said },
        Statement { under: Some(Under { for_role: Role::Delegate, ..under }), ..said },
    ] {
        let error = countersign_jose(&issued_jose(), &bad, &by.key).unwrap_err();
        assert_eq!(error.code(), "countersignature-malformed");
    }
}

#[test]
fn the_issuers_proof_still_verifies_beside_it() {
    let signed = signed_di(&holder(), Decision::Accept);
    let issuer = crate::testing::issuer().key.public_key();
    assert_eq!(signed.verify_issuer_proof(&issuer), Ok(()));
    assert_eq!(signed.proofs()[1].purpose(), &Purpose::Authentication);
    assert_eq!(signed.proofs()[1].previous_proof(), ["urn:uuid:a"]);
}

#[test]
fn a_withdrawal_covers_the_acceptance_and_keeps_the_act() {
    let by = holder();
    let accepted = signed_di(&by, Decision::Accept);
    let statement = statement(&by, Decision::Withdraw, 7);
    let both = countersign_di(&accepted, "urn:uuid:c", &statement, &by.key).unwrap();
    let found = list(&both, &[]).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].act(), found[1].act());
    assert_eq!(found[1].decision(), Decision::Withdraw);
    assert_eq!(found[1].previous(), ["urn:uuid:a", "urn:uuid:b"]);
    for one in &found {
        assert_eq!(one.verify(&both, &by.key.public_key()), Ok(()));
    }
}

#[test]
fn digests_are_those_of_the_ledger_table() {
    let by = holder();
    let di = signed_di(&by, Decision::Accept);
    let canonical = json::canonicalize(di.proofs()[1].value()).unwrap();
    assert_eq!(only(&di).digest(), sha256(&[&canonical]));
    assert_eq!(only(&di).digest_format(), "di-proof");

    let compact = signed_jose(&by, Decision::Accept);
    let parsed = Countersignature::parse_compact(&compact).unwrap();
    let (signed, _) = compact.rsplit_once('.').unwrap();
    assert_eq!(parsed.digest(), sha256(&[signed.as_bytes()]));
    assert_eq!(parsed.digest_format(), "jws");
    assert_eq!(parsed.compact(), Some(compact.as_str()));
}

#[test]
fn the_form_must_fit_the_credential() {
    let by = holder();
    let statement = statement(&by, Decision::Accept, 7);
    let error = countersign_di(&issued_jose(), "urn:a:1", &statement, &by.key).unwrap_err();
    assert_eq!(error.code(), "countersignature-form-mismatch");
    let error = countersign_jose(&issued_di(), &statement, &by.key).unwrap_err();
    assert_eq!(error.code(), "countersignature-form-mismatch");
    let parsed = Countersignature::parse_compact(&signed_jose(&by, Decision::Accept)).unwrap();
    let error = parsed.covers(&issued_di()).unwrap_err();
    assert_eq!(error.code(), "countersignature-of-another-credential");
}

#[test]
fn an_issuers_proof_without_id_cannot_be_named() {
    let nameless = with(issued_di().to_value(), "/proof/id", Value::Null);
    let nameless = SecuredCredential::parse_value(nameless).unwrap();
    let by = holder();
    let statement = statement(&by, Decision::Accept, 7);
    let error = countersign_di(&nameless, "urn:a:1", &statement, &by.key).unwrap_err();
    assert_eq!(error.code(), "issuer-proof-without-id");
}

#[test]
fn a_statement_that_would_not_be_read_is_not_signed() {
    let by = holder();
    for (log, method) in
        [("", by.method.as_str()), ("a b", &by.method), (LOG, "key-1"), (LOG, &by.did)]
    {
        let statement = Statement { log, method, ..statement(&by, Decision::Accept, 7) };
        let error = countersign_di(&issued_di(), "urn:a:1", &statement, &by.key).unwrap_err();
        assert_eq!(error.code(), "countersignature-malformed", "{log} {method}");
        let error = countersign_jose(&issued_jose(), &statement, &by.key).unwrap_err();
        assert_eq!(error.code(), "countersignature-malformed", "{log} {method}");
    }
    let taken = statement(&by, Decision::Accept, 7);
    let error = countersign_di(&issued_di(), "urn:uuid:a", &taken, &by.key).unwrap_err();
    assert_eq!(error.code(), "signing-result-unreadable");
}

#[test]
fn a_countersignature_of_another_credential_is_refused() {
    let by = holder();
    let issuer = crate::testing::issuer();
    let other = with(unsigned(), "/credentialSubject/role", json!("director"));
    let other_jose = crate::sign::issue_jose(other.clone(), &issuer.method, &issuer.key).unwrap();
    let beside = [signed_jose(&by, Decision::Accept)];
    let found = list(&other_jose, &beside).unwrap().remove(0);
    let error = found.verify(&other_jose, &by.key.public_key()).unwrap_err();
    assert_eq!(error.code(), "countersignature-of-another-credential");

    // The proof, grafted onto another credential of the same issuer with the same proof id.
    let now = crate::testing::at("2026-01-01T00:00:00Z");
    let other_di =
        crate::sign::issue_di(other, "urn:uuid:a", &issuer.method, &issuer.key, now).unwrap();
    let graft = signed_di(&by, Decision::Accept).to_value()["proof"][1].clone();
    let proofs = json!([other_di.to_value()["proof"], graft]);
    let grafted =
        SecuredCredential::parse_value(with(other_di.to_value(), "/proof", proofs)).unwrap();
    let error = only(&grafted).verify(&grafted, &by.key.public_key()).unwrap_err();
    assert_eq!(error.code(), "countersignature-invalid");
    let found = only(&signed_di(&by, Decision::Accept));
    assert_eq!(
        found.covers(&issued_di()).unwrap_err().code(),
        "countersignature-of-another-credential"
    );
}

#[test]
fn one_that_does_not_name_the_issuers_proof_covers_nothing() {
    let by = holder();
    let value = signed_di(&by, Decision::Accept).to_value();
    let value = with(value, "/proof/1/previousProof", Value::Null);
    let credential = SecuredCredential::parse_value(value).unwrap();
    let error = only(&credential).verify(&credential, &by.key.public_key()).unwrap_err();
    assert_eq!(error.code(), "countersignature-issuer-not-covered");
}

#[test]
fn changed_terms_are_refused() {
    let by = holder();
    let value = signed_di(&by, Decision::Accept).to_value();
    let changes = [
        ("/proof/1/countersignature/role", json!("notary")),
        ("/proof/1/countersignature/decision", json!("refuse")),
        ("/proof/1/countersignature/act", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ("/proof/1/domain", json!("elsewhere.example")),
        ("/proof/1/created", json!("2026-01-02T00:00:01Z")),
        ("/proof/1/id", json!("urn:uuid:c")),
    ];
    for (pointer, new) in changes {
        let credential = SecuredCredential::parse_value(with(value.clone(), pointer, new)).unwrap();
        let error = only(&credential).verify(&credential, &by.key.public_key()).unwrap_err();
        assert_eq!(error.code(), "countersignature-invalid", "{pointer}");
    }
}

#[test]
fn malformed_proofs_of_countersigners_are_refused() {
    let value = signed_di(&holder(), Decision::Accept).to_value();
    let at_parse = [
        ("/proof/1/countersignature/role", json!("friend")),
        ("/proof/1/countersignature/decision", json!("maybe")),
        ("/proof/1/countersignature/act", json!("AA")),
        ("/proof/1/countersignature/textDigest", Value::Null),
        ("/proof/1/countersignature/extra", json!(1)),
        ("/proof/1/countersignature", json!([])),
    ];
    for (pointer, new) in at_parse {
        let error = SecuredCredential::parse_value(with(value.clone(), pointer, new)).unwrap_err();
        assert_eq!(error.code(), "credential-proof-malformed", "{pointer}");
    }
    let at_list = [
        ("/proof/1/proofPurpose", json!("assertionMethod")),
        ("/proof/1/domain", Value::Null),
        ("/proof/1/domain", json!(["a.example", "b.example"])),
        ("/proof/1/id", Value::Null),
        ("/proof/1/created", Value::Null),
    ];
    for (pointer, new) in at_list {
        let credential = SecuredCredential::parse_value(with(value.clone(), pointer, new)).unwrap();
        let error = list(&credential, &[]).unwrap_err();
        assert_eq!(error.code(), "countersignature-malformed", "{pointer}");
    }
}

#[test]
fn malformed_jws_countersignatures_are_refused() {
    let by = holder();
    let good = Jws::parse(&signed_jose(&by, Decision::Accept), 10_000).unwrap();
    let payload: Value = serde_json::from_slice(good.payload()).unwrap();
    let header = Value::Object(good.header().clone());
    let code = |header: &Value, payload: &Value| {
        let header = header.as_object().unwrap().clone();
        let text = jws::sign(header, payload.to_string().as_bytes(), &by.key).unwrap();
        Countersignature::parse_compact(&text).unwrap_err().code()
    };
    for typ in [json!("vc+jwt"), json!("JWT"), Value::Null] {
        assert_eq!(
            code(&with(header.clone(), "/typ", typ), &payload),
            "countersignature-typ-wrong"
        );
    }
    for kid in [json!("#k"), json!(by.did), Value::Null] {
        assert_eq!(
            code(&with(header.clone(), "/kid", kid), &payload),
            "countersignature-malformed"
        );
    }
    let changes = [
        ("/iss", json!("did:key:other")),
        ("/aud", json!(["a"])),
        ("/iat", json!("now")),
        ("/role", Value::Null),
        ("/decision", json!("seal it")),
        ("/act", json!("AA")),
        ("/format", json!("di")),
        ("/dig", json!("AA")),
        ("/mt", json!("text/plain")),
        ("/textDigest", json!(1)),
        ("/extra", json!(1)),
    ];
    for (pointer, new) in changes {
        let changed = with(payload.clone(), pointer, new);
        assert_eq!(code(&header, &changed), "countersignature-malformed", "{pointer}");
    }
    let duplicate = br#"{"iss":"a","iss":"b"}"#;
    let text = jws::sign(good.header().clone(), duplicate, &by.key).unwrap();
    let error = Countersignature::parse_compact(&text).unwrap_err();
    assert_eq!(error.code(), "json-duplicate-member");
    assert_eq!(Countersignature::parse_compact("a.b").unwrap_err().code(), "jws-malformed");
}

#[test]
fn names_are_read_as_they_are_written() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.as_str()), Some(role));
    }
    for decision in Decision::ALL {
        assert_eq!(Decision::parse(decision.as_str()), Some(decision));
    }
    assert_eq!(Role::parse("Holder"), None);
}

#[test]
fn the_text_shows_every_claim_in_a_fixed_form() {
    let mut value = unsigned();
    value["issuer"] = json!("did:example:acme");
    value["credentialSubject"] = json!({
        "id": "did:example:me", "tags": ["a", { "b": 1.0 }], "none": null, "ok": true, "no": {}, "el": [],
    });
    value["credentialStatus"] = json!({ "type": "Other" });
    value["evidence"] = json!([{ "type": "E" }]);
    value["termsOfUse"] = json!({ "type": "T", "duty": "pay" });
    let credential = crate::Credential::from_value(value).unwrap();
    let expected = "\
inkan-text/1
type: Badge
id: urn:uuid:11111111-2222-4333-8444-555555555555
issuer: did:example:acme
valid from: 2026-01-01T00:00:00Z
valid until: 2027-01-01T00:00:00Z
subject / el: (none)
subject / id: did:example:me
subject / no: (empty)
subject / none: (nothing)
subject / ok: yes
subject / tags 1: a
subject / tags 2 / b: 1
status: Other
evidence: 1
termsOfUse / duty: pay
termsOfUse / type: T
";
    assert_eq!(render_text(&credential), expected);
}

#[test]
fn the_text_cannot_be_made_to_lie() {
    let value = with(
        unsigned(),
        "/credentialSubject/role",
        json!("a\nsubject / grade: 9\u{202e}\u{200b}\\"),
    );
    let text = render_text(&crate::Credential::from_value(value).unwrap());
    assert!(text.contains("role: a\\u{a}subject / grade: 9\\u{202e}\\u{200b}\\u{5c}\n"), "{text}");
}

proptest! {
    #[test]
    fn any_flipped_bit_of_a_jws_countersignature_is_caught(at in 0_usize..10_000, bit in 0_u8..8) {
        let by = holder();
        let text = signed_jose(&by, Decision::Accept);
        let mut bytes = text.into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = String::from_utf8(bytes)
            && let Ok(found) = Countersignature::parse_compact(&changed)
        {
            prop_assert!(found.verify(&issued_jose(), &by.key.public_key()).is_err());
        }
    }

    #[test]
    fn parsing_never_panics(text in "\\PC{0,200}") {
        let _ = Countersignature::parse_compact(&text);
    }

    #[test]
    fn different_claims_give_different_texts(a in "\\PC{0,20}", b in "\\PC{0,20}") {
        prop_assume!(a != b);
        let digest = |text: &str| {
            let value = with(unsigned(), "/credentialSubject/role", json!(text));
            render_text(&crate::Credential::from_value(value).unwrap())
        };
        prop_assert_ne!(digest(&a), digest(&b));
    }
}
