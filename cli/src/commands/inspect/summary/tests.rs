use serde_json::json;

use super::*;

/// The summary without colour.
fn plain(content: &Value, language: &str) -> String {
    anstream::adapter::strip_str(&of(content, language)).to_string()
}

fn rich() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "Badge"],
        "name": [
            { "@value": "Seal of office", "@language": "en" },
            { "@value": "職印", "@language": "ja" },
        ],
        "description": "Shows the office",
        "issuer": { "id": "did:example:acme", "name": { "@value": "Acme", "@language": "en" } },
        "validFrom": "2026-01-31T09:30:00+09:00",
        "validUntil": "soon",
        "credentialSubject": { "role": "clerk" },
        "credentialStatus": [
            {
                "type": "BitstringStatusListEntry", "statusPurpose": "suspension",
                "statusListIndex": "7", "statusListCredential": "https://acme.example/status/2",
            },
            {
                "type": "BitstringStatusListEntry", "statusPurpose": "message",
                "statusListIndex": "8", "statusListCredential": "https://acme.example/status/3",
                "statusSize": 1, "statusMessage": [{ "status": "0x0" }, { "status": "0x1" }],
            },
        ],
        "credentialSchema": {
            "id": "https://acme.example/badge.json", "type": "JsonSchema",
            "digestSRI": "sha384-S57yQDg1MTzF56Oi9DbSQ14u7jBy0RDdx0YbeV7shwhCS88G8SCXeFq82PafhCrW",
        },
        "evidence": { "type": ["Evidence"] },
        "refreshService": { "type": "ExampleRefresh", "id": "https://acme.example/refresh" },
        "termsOfUse": [{ "type": "ExamplePolicy" }],
        "confidenceMethod": { "type": "ExampleConfidence" },
        "renderMethod": { "type": "ExampleTemplate" },
        "relatedResource": {
            "id": "https://acme.example/seal.png", "mediaType": "image/png",
            "digestMultibase": "uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA",
        },
        "proof": {
            "type": "DataIntegrityProof", "verificationMethod": "did:example:acme#k",
            "created": "2026-02-01T00:00:00Z", "domain": "bank.example",
        },
    })
}

#[test]
fn every_member_of_the_data_model_has_a_line() {
    let shown = plain(&rich(), "ja");
    for line in [
        "職印",
        "Shows the office",
        "VerifiableCredential, Badge",
        "did:example:acme, calls itself \"Acme\"",
        "nobody named: whoever has it",
        "31 January 2026, 00:30 UTC",
        "\"soon\", which is no date",
        "suspension: https://acme.example/status/2, index 7",
        "message: https://acme.example/status/3, index 8, one of 2 values",
        "https://acme.example/badge.json (JsonSchema, fixed by sha384-S57yQ",
        "ExampleRefresh, https://acme.example/refresh",
        "ExamplePolicy",
        "ExampleConfidence",
        "ExampleTemplate",
        "https://acme.example/seal.png, image/png, fixed by uEiBZlVztZpf",
        "DataIntegrityProof by did:example:acme#k",
        "on 1 February 2026, 00:00 UTC, for bank.example",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn names_are_in_the_language_of_the_reader() {
    for (language, name) in
        [("ja-JP", "職印"), ("en-GB", "Seal of office"), ("fr", "Seal of office")]
    {
        assert!(plain(&rich(), language).contains(name), "{language}");
    }
}

#[test]
fn of_an_sd_jwt_it_says_what_is_shown_and_how_much_is_not() {
    let opened = json!({
        "header": { "typ": "dc+sd-jwt", "alg": "EdDSA", "kid": "#k" },
        "payload": {
            "vct": "Person", "iss": "did:example:acme", "sub": "did:example:me",
            "iat": 1_767_225_600, "exp": 1_798_761_600, "age_over_20": true,
            "aud": ["https://bank.example"], "cnf": { "jkt": "0ZcOCORZNYy" },
            "status": { "status_list": { "idx": 7, "uri": "https://acme.example/list" } },
        },
        "disclosed": ["/age_over_20"], "concealed": 2,
        "keyBinding": {
            "audience": "https://bank.example", "nonce": "n", "made": "2026-02-01T12:00:00Z",
        },
    });
    let shown = plain(&opened, "en");
    for line in [
        "says it is   Person",
        "issuer       did:example:acme",
        "subject      did:example:me",
        "issued at    1 January 2026, 00:00 UTC",
        "valid until  1 January 2027, 00:00 UTC",
        "bound to     a key of its holder, with thumbprint 0ZcOCORZNYy",
        "made out to  https://bank.example",
        "token status list: https://acme.example/list, index 7",
        "dc+sd-jwt (EdDSA) by did:example:acme#k",
        "discloses    /age_over_20",
        "conceals     2 claims, or decoys",
        "https://bank.example, on 1 February 2026, 12:00 UTC, by a key binding",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn several_subjects_and_credentials_of_version_1_1_are_told_apart() {
    let old = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential"],
        "issuer": "did:example:acme",
        "issuanceDate": "2020-02-29T00:00:00Z",
        "credentialSubject": [{ "id": "did:example:a" }, { "name": "b" }],
    });
    let shown = plain(&old, "en");
    for line in ["version 1.1", "29 February 2020, 00:00 UTC", "did:example:a", "(not named)"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

/// Who is shown something reads what, not a data URL.
#[test]
fn of_a_presentation_each_credential_has_its_lines() {
    let encode = |value: &Value| encoding::b64u(value.to_string().as_bytes());
    let header = json!({ "typ": "vc+jwt", "alg": "EdDSA", "kid": "did:example:acme#k" });
    let jwt = format!("{}.{}.AAAA", encode(&header), encode(&rich()));
    let shown = plain(
        &json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": "VerifiablePresentation", "holder": "did:example:me",
            "verifiableCredential": [
                { "type": "EnvelopedVerifiableCredential", "id": format!("data:application/vc+jwt,{jwt}") },
                rich(),
            ],
        }),
        "en",
    );
    let (_, first) = shown.split_once("cred[0]").unwrap();
    let (first, second) = first.split_once("cred[1]").unwrap();
    for of_one in [first, second] {
        for line in ["Seal of office", "VerifiableCredential, Badge", "did:example:acme"] {
            assert!(of_one.contains(line), "{line}: {shown}");
        }
    }
    assert!(first.contains("vc+jwt (EdDSA) by did:example:acme#k"), "{shown}");
}

#[test]
fn a_type_is_called_as_its_pinned_metadata_say_in_the_language_of_the_reader() {
    let url = "https://acme.example/badge";
    let metadata = json!({
        "vct": url, "name": "Badge", "description": "Shows an office",
        "display": [{ "locale": "en", "name": "Badge of office" }, { "locale": "ja", "name": "職員証" }],
        "claims": [{ "path": ["role"], "display": [{ "locale": "ja", "label": "職" }] }],
    });
    let bytes = metadata.to_string().into_bytes();
    let pins = [PinnedFile::new(url, bytes.clone())];
    let shown = |content: &Value, language: &str| {
        anstream::adapter::strip_str(&of_type(content, language, &pins)).to_string()
    };
    let opened = json!({
        "header": {}, "payload": { "vct": url, "vct#integrity": TypeMetadata::integrity_of(&bytes) },
    });
    for line in ["職員証", "Shows an office", "is \"職\""] {
        assert!(shown(&opened, "ja-JP").contains(line), "{line}: {}", shown(&opened, "ja-JP"));
    }
    assert!(shown(&opened, "fr").contains("\"Badge\""));
    let mut other = opened;
    other["payload"]["vct#integrity"] = TypeMetadata::integrity_of(b"others").into();
    assert!(shown(&other, "en").contains("not its own"));
    assert_eq!(shown(&json!({ "vct": "https://else.example" }), "en"), "");
}

#[test]
fn a_status_list_says_how_much_it_says() {
    let mut bits = BitstringStatusList::new(131_072).unwrap();
    bits.set(7).unwrap();
    let encoded = bits.encode().unwrap();
    let list = json!({
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "credentialSubject": { "type": "BitstringStatusList", "encodedList": encoded },
    });
    assert!(plain(&list, "en").contains("1 of 131072 bits are set"));
    let mut list = TokenStatusList::new(StatusBits::Two, 16).unwrap();
    list.set(3, TokenStatus::Suspended).unwrap();
    let lst = encoding::b64u(&list.encode().unwrap());
    let token = json!({
        "header": { "typ": "statuslist+jwt", "alg": "ES256", "kid": "k" },
        "payload": { "sub": "https://a.example/1", "status_list": { "bits": 2, "lst": lst } },
    });
    assert!(plain(&token, "en").contains("1 of 16 entries are not valid, 2 bits each"));
}

#[test]
fn what_is_no_credential_has_no_summary_and_nothing_panics() {
    assert_eq!(of(&json!([]), "en"), "");
    assert_eq!(of(&json!({ "a": 1 }), "en"), "");
    for member in rich().as_object().unwrap().keys() {
        for value in [json!(null), json!(1), json!("x"), json!([]), json!({}), json!([[1], {}])] {
            let mut changed = rich();
            changed[member] = value;
            let _ = of(&changed, "en");
        }
    }
}
