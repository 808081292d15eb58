//! What the test suites of Data Integrity, EdDSA, ECDSA and Ed25519Signature2020 check: proofs that are made, proofs that
//! are refused, sets and chains, for every suite that has a path.

use inkan_core::encoding;
use inkan_credential::sign::{ProofTerms, secure_di};
use inkan_credential::{Contexts, Cryptosuite};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::self_contained::{did_key, did_key_url};
use inkan_io::os_rng::OsRng;
use inkan_server::credentials::Suite;
use serde_json::{Value, json};

use super::api::{ISSUING, V2, credential, lenient, strict, with, without};

/// Suites with embedded proofs.
fn embedded() -> impl Iterator<Item = Suite> {
    ISSUING.into_iter().filter(|suite| suite.cryptosuite().is_some())
}

fn plain() -> Value {
    credential(json!({}))
}

fn issued(suite: Suite) -> Value {
    strict().issue(suite, &plain(), json!({}))
}

#[test]
fn create_a_proof_member_is_used_and_is_an_object() {
    for suite in embedded() {
        assert!(issued(suite)["proof"].is_object(), "{suite:?}");
    }
}

#[test]
fn create_proof_type_cryptosuite_and_purpose_are_there() {
    for suite in embedded() {
        let proof = issued(suite)["proof"].clone();
        let name = suite.cryptosuite().expect("a suite");
        assert_eq!(proof["type"], "DataIntegrityProof", "{suite:?}");
        assert_eq!(proof["cryptosuite"], name.as_str(), "{suite:?}");
        assert_eq!(proof["proofPurpose"], "assertionMethod", "{suite:?}");
    }
}

#[test]
fn create_the_id_of_a_proof_is_a_url() {
    for suite in embedded() {
        let proof = issued(suite)["proof"].clone();
        assert!(proof["id"].as_str().expect("an id").starts_with("urn:uuid:"), "{suite:?}");
    }
}

#[test]
fn create_the_proof_value_is_base58btc_and_as_long_as_a_signature() {
    for suite in embedded() {
        let proof = issued(suite)["proof"].clone();
        let value = proof["proofValue"].as_str().expect("a value");
        assert!(value.starts_with('z'), "{suite:?}");
        let bytes = encoding::decode_multibase(value).expect("multibase");
        let p384 = matches!(suite, Suite::EcdsaRdfcP384 | Suite::EcdsaJcsP384);
        assert_eq!(bytes.len(), if p384 { 96 } else { 64 }, "{suite:?}");
    }
}

#[test]
fn create_the_verification_method_is_a_url_of_a_multikey() {
    for suite in embedded() {
        let proof = issued(suite)["proof"].clone();
        let method = proof["verificationMethod"].as_str().expect("a URL");
        let (did, fragment) = method.split_once('#').expect("a fragment");
        assert_eq!(did, format!("did:key:{fragment}"), "{suite:?}");
        assert!(fragment.starts_with('z'), "{suite:?}");
    }
}

#[test]
fn create_times_are_date_time_stamps() {
    for suite in embedded() {
        let options = json!({ "expires": "2120-01-01T00:00:00Z" });
        let proof = strict().issue(suite, &plain(), options)["proof"].clone();
        assert!(proof["created"].as_str().expect("a time").ends_with('Z'), "{suite:?}");
        assert_eq!(proof["expires"], "2120-01-01T00:00:00Z", "{suite:?}");
    }
}

#[test]
fn create_options_of_the_proof_are_honoured() {
    let options = json!({
        "created": "2024-01-01T00:00:00Z", "domain": ["a.example", "b.example"], "challenge": "c-1",
        "proofId": "urn:example:proof",
    });
    for suite in embedded() {
        let refused = strict().try_issue(suite, &plain(), options.clone());
        assert_eq!((refused.status, refused.code().as_str()), (400, "created-far-off"));
        let issued = lenient().issue(suite, &plain(), options.clone());
        let proof = &issued["proof"];
        assert_eq!(proof["created"], "2024-01-01T00:00:00Z", "{suite:?}");
        assert_eq!(proof["domain"], json!(["a.example", "b.example"]), "{suite:?}");
        assert_eq!(proof["challenge"], "c-1", "{suite:?}");
        assert_eq!(proof["id"], "urn:example:proof", "{suite:?}");
        strict().verify(&issued);
    }
}

#[test]
fn create_options_without_effect_are_refused() {
    let cases = [
        (Suite::EddsaRdfc, json!({ "nope": 1 }), "option-without-effect"),
        (Suite::EddsaRdfc, json!({ "mandatoryPointers": ["/issuer"] }), "option-without-effect"),
        (Suite::EddsaRdfc, json!({ "selectivePointers": ["/issuer"] }), "option-without-effect"),
        (Suite::VcJwt, json!({ "challenge": "c-1" }), "option-without-effect"),
        (Suite::EddsaRdfc, json!({ "verificationMethod": "did:key:zzz" }), "issuer-not-ours"),
        (Suite::EddsaRdfc, json!({ "cryptosuite": "x" }), "suite-mismatch"),
        (Suite::EddsaRdfc, json!({ "proofPurpose": "authentication" }), "option-malformed"),
    ];
    for (suite, options, code) in cases {
        let answer = strict().try_issue(suite, &plain(), options.clone());
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{options}");
    }
    // What is as it is asked for is no mistake; what is empty asks for nothing.
    let ids = strict().get("/ids").json();
    let method = ids["ids"][0]["verificationMethod"].clone();
    let options = json!({
        "verificationMethod": method, "cryptosuite": "eddsa-rdfc-2022", "mandatoryPointers": [],
    });
    strict().verify(&strict().issue(Suite::EddsaRdfc, &plain(), options));
    // Judging goes on, and says so.
    let issued = strict().issue(Suite::EddsaRdfc, &plain(), json!({}));
    let body = json!({ "verifiableCredential": issued, "options": { "nope": 1 } });
    let answer = strict().post("/credentials/verify", &body);
    assert_eq!(answer.json()["warnings"][0]["code"], "option-without-effect", "{}", answer.text());
}

#[test]
fn verify_terms_that_nothing_defines_are_warned_of() {
    let context = json!([V2, "https://unknown.example/context"]);
    let unknown = with(plain(), "/@context", context);
    let issued = strict().issue(Suite::EddsaJcs, &unknown, json!({}));
    let answer = strict().try_verify(&issued);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["warnings"][0]["code"], "term-without-context");
}

#[test]
fn create_options_that_are_malformed_are_refused() {
    for options in [
        json!({ "created": "invalidDate" }),
        json!({ "expires": 7 }),
        json!({ "domain": 7 }),
        json!({ "challenge": {} }),
        json!({ "proofPurpose": [] }),
        json!({ "previousProof": [1] }),
        json!({ "statusPurposes": ["refresh"] }),
    ] {
        let answer = strict().try_issue(Suite::EddsaRdfc, &plain(), options.clone());
        assert_eq!((answer.status, answer.code().as_str()), (400, "option-malformed"), "{options}");
    }
}

#[test]
fn create_a_type_that_is_not_defined_is_refused() {
    let value = with(plain(), "/type", json!(["VerifiableCredential", "InvalidType"]));
    for suite in ISSUING {
        let answer = strict().try_issue(suite, &value, json!({}));
        assert_eq!(answer.status, 400, "{suite:?} {}", answer.text());
        let kind = answer.json()["type"].clone();
        assert_eq!(kind, "https://w3id.org/security#DATA_LOSS_DETECTION_ERROR", "{suite:?}");
    }
}

#[test]
fn create_a_term_that_is_not_defined_is_refused() {
    let value = with(plain(), "/credentialSubject/invalidTerm", json!("invalidTerm"));
    for suite in ISSUING {
        assert_eq!(strict().try_issue(suite, &value, json!({})).status, 400, "{suite:?}");
    }
}

#[test]
fn create_errors_of_the_data_model_are_propagated() {
    let value = without(plain(), "/credentialSubject");
    for suite in ISSUING {
        let answer = strict().try_issue(suite, &value, json!({}));
        assert_eq!(answer.code(), "credential-subject-invalid", "{suite:?}");
        let kind = answer.json()["type"].clone();
        assert_eq!(kind, "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR", "{suite:?}");
    }
}

#[test]
fn verify_what_every_suite_makes() {
    for suite in ISSUING {
        let issued = issued(suite);
        strict().verify(&issued);
        let own = format!("/{}/credentials/verify", suite.prefix());
        let answer = strict().post(&own, &json!({ "verifiableCredential": issued }));
        assert_eq!(answer.status, 200, "{suite:?} {}", answer.text());
    }
}

#[test]
fn verify_the_path_of_another_suite_refuses() {
    let issued = issued(Suite::EcdsaRdfc);
    for prefix in ["eddsa-rdfc-2022", "vc-jwt", "ed25519-signature-2020"] {
        let path = format!("/{prefix}/credentials/verify");
        let answer = strict().post(&path, &json!({ "verifiableCredential": issued }));
        assert_eq!(answer.json()["problemDetails"][0]["code"], "suite-mismatch", "{prefix}");
    }
}

#[test]
fn verify_a_proof_of_another_type_is_refused() {
    for suite in embedded() {
        strict().refuses(&with(issued(suite), "/proof/type", json!("UnknownProofType")));
    }
}

#[test]
fn verify_a_cryptosuite_that_is_not_known_is_refused() {
    for suite in embedded() {
        strict().refuses(&with(issued(suite), "/proof/cryptosuite", json!("UnknownCryptosuite")));
    }
}

#[test]
fn verify_a_proof_that_is_no_map_is_refused() {
    for suite in embedded() {
        for proof in [json!(null), json!("proof"), json!([]), json!(7)] {
            strict().refuses(&with(issued(suite), "/proof", proof));
        }
        strict().refuses(&without(issued(suite), "/proof"));
    }
}

#[test]
fn verify_a_credential_as_text_is_refused() {
    let text = issued(Suite::EddsaRdfc).to_string();
    strict().refuses(&Value::String(text));
}

#[test]
fn verify_a_proof_without_type_method_or_purpose_is_refused() {
    for suite in embedded() {
        for member in ["type", "verificationMethod", "proofPurpose", "cryptosuite"] {
            strict().refuses(&without(issued(suite), &format!("/proof/{member}")));
        }
    }
}

#[test]
fn verify_another_purpose_is_refused() {
    for suite in embedded() {
        strict().refuses(&with(issued(suite), "/proof/proofPurpose", json!("invalidPurpose")));
        strict().refuses(&with(issued(suite), "/proof/proofPurpose", json!("authentication")));
    }
}

#[test]
fn verify_a_proof_value_that_is_missing_null_or_without_header_is_refused() {
    for suite in embedded() {
        let issued = issued(suite);
        let value = issued["proof"]["proofValue"].as_str().expect("a value").to_owned();
        strict().refuses(&without(issued.clone(), "/proof/proofValue"));
        strict().refuses(&with(issued.clone(), "/proof/proofValue", json!(null)));
        strict().refuses(&with(issued.clone(), "/proof/proofValue", json!(value[1..])));
        strict().refuses(&with(issued, "/proof/proofValue", json!(format!("{value}1"))));
    }
}

#[test]
fn verify_times_that_are_malformed_are_refused() {
    for suite in embedded() {
        for member in ["created", "expires"] {
            let pointer = format!("/proof/{member}");
            strict().refuses(&with(issued(suite), &pointer, json!("invalidDate")));
        }
    }
}

#[test]
fn verify_a_proof_that_has_expired_is_refused() {
    for suite in embedded() {
        let options =
            json!({ "created": "2020-01-01T00:00:00Z", "expires": "2021-01-01T00:00:00Z" });
        strict().refuses_as(&lenient().issue(suite, &plain(), options), "credential-expired");
    }
}

#[test]
fn verify_a_term_or_type_that_was_added_is_refused() {
    for suite in embedded() {
        let issued = issued(suite);
        strict().refuses(&with(issued.clone(), "/credentialSubject/undefinedTerm", json!("x")));
        strict().refuses(&with(issued, "/type", json!(["VerifiableCredential", "UndefinedType"])));
    }
}

#[test]
fn verify_a_base_url_that_was_taken_out_is_refused() {
    // Signed as RDF with an absolute type; read without a base it would be relative.
    for suite in [Suite::EddsaRdfc, Suite::EcdsaRdfc, Suite::EcdsaRdfcP384] {
        let types =
            json!(["VerifiableCredential", "https://invalid.example.com/UndefinedCredential"]);
        let issued = lenient().issue(suite, &with(plain(), "/type", types), json!({}));
        let relative = json!(["VerifiableCredential", "UndefinedCredential"]);
        lenient().refuses(&with(issued, "/type", relative));
    }
}

#[test]
fn verify_a_changed_claim_is_refused() {
    for suite in embedded() {
        let changed = with(issued(suite), "/credentialSubject/id", json!("did:example:other"));
        strict().refuses_as(&changed, "credential-proof-invalid");
    }
}

#[test]
fn verify_domain_and_challenge_that_are_asked_for() {
    let options = json!({ "domain": "domain.example", "challenge": "1235abcd6789" });
    let issued = strict().issue(Suite::EddsaRdfc, &plain(), options.clone());
    let ask = |options: &Value| {
        let body = json!({ "verifiableCredential": issued, "options": options });
        let answer = strict().post("/credentials/verify", &body);
        answer.json()["problemDetails"][0]["code"].as_str().map(str::to_owned)
    };
    assert_eq!(ask(&options), None);
    let code = ask(&json!({ "domain": "invalid.example" }));
    assert_eq!(code.as_deref(), Some("proof-domain-mismatch"));
    let code = ask(&json!({ "challenge": "invalid-challenge" }));
    assert_eq!(code.as_deref(), Some("proof-challenge-mismatch"));
    let code = ask(&json!({ "proofPurpose": "authentication" }));
    assert_eq!(code.as_deref(), Some("proof-purpose-mismatch"));
}

#[test]
fn verify_a_key_of_somebody_else_is_refused() {
    // Signed here, in the name of somebody whose key it is not.
    let other = credential(json!({ "issuer": lenient().did(Suite::EcdsaRdfc) }));
    let issued = lenient().issue(Suite::EddsaRdfc, &other, json!({}));
    strict().refuses_as(&issued, "issuer-not-controller");
    // The conformance profile takes it, and says so.
    let answer = lenient().try_verify(&issued);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["warnings"][0]["code"], "issuer-not-controller");
    // But not if the proof is not good.
    lenient().refuses(&with(issued, "/credentialSubject/id", json!("did:example:other")));
}

#[test]
fn verify_an_issuer_that_is_no_did_is_refused() {
    let other = credential(json!({ "issuer": "https://issuer.example/1" }));
    let issued = lenient().issue(Suite::EddsaRdfc, &other, json!({}));
    strict().refuses_as(&issued, "issuer-not-resolvable");
    assert_eq!(lenient().try_verify(&issued).status, 200);
}

#[test]
fn issue_in_the_name_of_others_is_refused() {
    let other = credential(json!({ "issuer": "did:example:other" }));
    let answer = strict().try_issue(Suite::EddsaRdfc, &other, json!({}));
    assert_eq!((answer.status, answer.code().as_str()), (400, "issuer-not-ours"));
}

#[test]
fn contexts_of_ones_own_are_for_tests_alone() {
    let own = json!([V2, { "term": "https://example.org/#term" }]);
    let value = with(with(plain(), "/@context", own), "/credentialSubject/term", json!("x"));
    let answer = strict().try_issue(Suite::EddsaRdfc, &value, json!({}));
    assert_eq!((answer.status, answer.code().as_str()), (400, "jsonld-context-unknown"));
    let issued = lenient().issue(Suite::EddsaRdfc, &value, json!({}));
    lenient().verify(&issued);
    strict().refuses(&issued);
}

/// One more proof on a credential that has some.
fn more(suite: Suite, secured: &Value, options: Value) -> Value {
    lenient().issue(suite, secured, options)
}

#[test]
fn set_every_suite_adds_a_proof_beside_others() {
    for suite in embedded() {
        let did = lenient().did(suite);
        let first = lenient().issue(suite, &credential(json!({ "issuer": did })), json!({}));
        let second = more(suite, &first, json!({}));
        let proofs = second["proof"].as_array().expect("a set");
        assert_eq!((proofs.len(), &proofs[0]), (2, &first["proof"]), "{suite:?}");
        lenient().verify(&second);
        let broken = with(second, "/proof/0/proofValue", json!("z3invalid"));
        lenient().refuses(&broken);
    }
}

#[test]
fn set_proofs_of_several_suites_stand_together() {
    let mut secured = lenient().issue(Suite::EddsaRdfc, &plain(), json!({}));
    for suite in [Suite::EcdsaRdfc, Suite::EcdsaJcs, Suite::EddsaJcs, Suite::EcdsaRdfcP384] {
        secured = more(suite, &secured, json!({}));
        lenient().verify(&secured);
    }
    assert_eq!(secured["proof"].as_array().map(Vec::len), Some(5));
}

fn first_of_chain(suite: Suite) -> Value {
    lenient().issue(suite, &plain(), json!({ "proofId": "urn:uuid:test:first:proof" }))
}

#[test]
fn chain_previous_proof_as_text() {
    for suite in embedded() {
        let first = first_of_chain(suite);
        let chain = more(suite, &first, json!({ "previousProof": "urn:uuid:test:first:proof" }));
        assert_eq!(chain["proof"][1]["previousProof"], "urn:uuid:test:first:proof", "{suite:?}");
        lenient().verify(&chain);
    }
}

#[test]
fn chain_previous_proof_as_list() {
    for suite in embedded() {
        let options = json!({ "proofId": "urn:uuid:test:second:proof" });
        let both = more(suite, &first_of_chain(suite), options);
        let ids = json!(["urn:uuid:test:first:proof", "urn:uuid:test:second:proof"]);
        let chain = more(suite, &both, json!({ "previousProof": ids }));
        assert_eq!(chain["proof"][2]["previousProof"], ids, "{suite:?}");
        lenient().verify(&chain);
    }
}

#[test]
fn chain_a_predecessor_that_is_missing_is_refused_when_signing() {
    for missing in [json!("urn:uuid:test:missing:proof"), json!(["urn:uuid:test:missing:proof"])] {
        let first = first_of_chain(Suite::EddsaRdfc);
        let options = json!({ "previousProof": missing });
        let answer = lenient().try_issue(Suite::EddsaRdfc, &first, options);
        assert_eq!((answer.status, answer.code().as_str()), (400, "previous-proof-unknown"));
    }
}

#[test]
fn chain_a_predecessor_that_is_missing_is_refused_when_verifying() {
    for suite in embedded() {
        let first = first_of_chain(suite);
        let chain = more(suite, &first, json!({ "previousProof": "urn:uuid:test:first:proof" }));
        for missing in [json!("urn:uuid:test:missing"), json!(["urn:uuid:test:missing"]), json!(7)]
        {
            lenient().refuses(&with(chain.clone(), "/proof/1/previousProof", missing));
        }
        let alone = with(chain.clone(), "/proof", chain["proof"][1].clone());
        lenient().refuses(&alone);
    }
}

#[test]
fn chain_a_predecessor_that_does_not_verify_is_refused() {
    for suite in embedded() {
        let first = first_of_chain(suite);
        let chain = more(suite, &first, json!({ "previousProof": "urn:uuid:test:first:proof" }));
        let other = lenient().issue(suite, &plain(), json!({}))["proof"]["proofValue"].clone();
        lenient().refuses(&with(chain.clone(), "/proof/0/proofValue", json!("invalidProofValue")));
        lenient().refuses(&with(chain, "/proof/0/proofValue", other));
    }
}

#[test]
fn old_proofs_are_verified_and_made_for_nobody_but_test_suites() {
    let answer = strict().try_issue(
        Suite::Ed25519Signature2020,
        &credential(json!({ "issuer": "did:example:x" })),
        json!({}),
    );
    assert_eq!((answer.status, answer.code().as_str()), (404, "suite-not-served"));
}

#[test]
fn version_1_1_is_signed_for_test_suites_alone() {
    let old = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential"],
        "issuanceDate": "2023-01-01T00:00:00Z",
        "credentialSubject": { "id": "did:example:subject" },
    });
    for suite in [Suite::EddsaRdfc, Suite::EcdsaJcsP384, Suite::EcdsaSd, Suite::Bbs] {
        let answer = strict().try_issue(suite, &old, json!({}));
        assert_eq!(answer.code(), "vcdm-version-unsupported", "{suite:?}");
        let options = match suite.cryptosuite().is_some_and(|suite| suite.is_selective()) {
            true => json!({ "mandatoryPointers": ["/issuanceDate", "/issuer"] }),
            false => json!({}),
        };
        let issued = lenient().issue(suite, &old, options);
        let context = issued["@context"].as_array().expect("a list");
        assert_eq!(context.len(), 2, "{issued}");
        assert_eq!(context[1], "https://w3id.org/security/data-integrity/v2");
        assert_eq!(issued["proof"]["type"], "DataIntegrityProof");
        if suite.whole().is_some() && suite != Suite::EcdsaSd {
            lenient().verify(&issued);
        }
    }
    // An envelope is of version 2.0, whoever asks.
    let answer = lenient().try_issue(Suite::VcJwt, &old, json!({}));
    assert_eq!(answer.code(), "vcdm-version-unsupported");
}

#[test]
fn verify_a_fixed_resource_by_the_digest_that_is_known() {
    let fixed = json!({
        "id": V2,
        "digestSRI": "sha384-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    });
    let wrong = with(plain(), "/relatedResource", fixed);
    let answer = strict().try_issue(Suite::EddsaJcs, &wrong, json!({}));
    assert_eq!(answer.code(), "related-resource-mismatch");
    // Signed elsewhere, it is refused all the same.
    let key = SecretKey::generate(KeyType::Ed25519, &mut OsRng);
    let (did, method) = (did_key(&key.public_key()), did_key_url(&key.public_key()));
    let wrong = with(wrong, "/issuer", json!(did));
    let terms = ProofTerms::new(Cryptosuite::EddsaJcs2022, &method);
    let secured = secure_di(wrong, &terms, &key, Contexts::built_in()).expect("signed");
    strict().refuses_as(&secured.to_value(), "related-resource-mismatch");
    // A weak hash that is right does not make up for a strong one that is not, and a hash says something whatever its length.
    let right = "sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ=";
    let long = format!("sha512-{}==", "A".repeat(86));
    for digests in [format!("{right} {long}"), long] {
        let wrong = with(plain(), "/relatedResource", json!({ "id": V2, "digestSRI": digests }));
        let answer = strict().try_issue(Suite::EddsaJcs, &wrong, json!({}));
        assert_eq!(answer.code(), "related-resource-mismatch", "{digests}");
    }
    let right = with(plain(), "/relatedResource", json!({ "id": V2, "digestSRI": right }));
    strict().verify(&strict().issue(Suite::EddsaJcs, &right, json!({})));
}

#[test]
fn a_further_proof_needs_an_issuer_that_is_named() {
    let value = json!({
        "@context": [V2], "type": ["VerifiableCredential"], "proof": { "type": "x" },
        "credentialSubject": { "id": "did:example:subject" },
    });
    let answer = strict().post("/credentials/issue", &json!({ "credential": value }));
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("issuer is missing"), "{}", answer.text());
    // The first proof fills it in; for the test suites it does not.
    let plain = json!({ "credential": without(value, "/proof") });
    assert_eq!(strict().post("/credentials/issue", &plain).status, 201);
    assert_eq!(lenient().post("/credentials/issue", &plain).status, 400);
}

#[test]
fn a_further_proof_is_made_only_beside_one_of_its_own() {
    let own = strict().issue(Suite::EddsaRdfc, &plain(), json!({}));
    let both = strict().issue(Suite::EddsaJcs, &own, json!({}));
    assert_eq!(both["proof"].as_array().map(Vec::len), Some(2));
    strict().verify(&both);
    let status = json!({ "statusPurposes": ["revocation"] });
    let entry = strict().issue(Suite::EddsaRdfc, &plain(), status)["credentialStatus"].clone();
    // Its proof is well-formed and is that of another credential.
    let mut other = own.clone();
    other["credentialStatus"] = entry;
    let mut claim = own.clone();
    claim["credentialSubject"]["id"] = "did:example:other".into();
    // The proof is good, and a stranger's.
    let stranger = lenient().issue(Suite::EddsaRdfc, &without(own, "/proof"), json!({}));
    for value in [&other, &claim, &stranger] {
        let answer = strict().try_issue(Suite::EddsaRdfc, value, json!({}));
        assert_eq!((answer.status, answer.code().as_str()), (400, "proof-not-ours"));
    }
    // Places in its lists are nobody else's at the test suites' server either.
    let status = json!({ "statusPurposes": ["revocation"] });
    let mut taken = lenient().issue(Suite::EddsaRdfc, &plain(), status);
    lenient().verify(&more(Suite::EddsaJcs, &taken, json!({})));
    taken["credentialSubject"]["id"] = "did:example:other".into();
    assert_eq!(lenient().try_issue(Suite::EddsaRdfc, &taken, json!({})).status, 400);
}
