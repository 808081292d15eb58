//! What the credential itself says, and its proofs.

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_credential::{Format, SecuredCredential, sign};
use inkan_crypto::{KeyType, SecretKey};
use inkan_did::self_contained;
use inkan_tests::world::{CLAIM, Case, HOLDER, ISSUER, Order, Parts, World, fitting_schema};
use inkan_verifier::{CheckName, Context, Receipts};
use serde_json::{Value, json};

use super::expect::{accepted, lines, noted, passed, undecided, worthless};

const FORMS: [(Format, KeyType, &str); 4] = [
    (Format::DataIntegrity, KeyType::Ed25519, "eddsa-jcs-2022"),
    (Format::DataIntegrity, KeyType::P256, "ecdsa-jcs-2019"),
    (Format::Jose, KeyType::Ed25519, "vc+jwt"),
    (Format::Jose, KeyType::P256, "vc+jwt"),
];

/// The credential as JSON, changed, and read again.
fn changed(parts: &Parts, change: impl FnOnce(&mut Value)) -> Parts {
    let mut value = parts.credential().to_value();
    change(&mut value);
    let mut parts = parts.clone();
    parts.put(SecuredCredential::parse_value(value).expect("a credential that can be read"));
    parts
}

fn signed(world: &World, change: impl FnOnce(&mut Value), method: &str) -> Parts {
    let issuer = world.actor(ISSUER);
    let mut value = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": issuer.did.as_str(),
        "credentialSubject": { "id": world.actor(HOLDER).did.as_str(), "name": CLAIM },
    });
    change(&mut value);
    let id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a01";
    let credential = sign::issue_di(value, id, method, &issuer.key, world.now).expect("signed");
    let case = Case {
        credential,
        beside: vec![],
        entries: vec![],
        opening: None,
        status: None,
        acts: vec![],
    };
    world.parts(&case)
}

fn without_receipts(world: &World) -> Context {
    Context { receipts: Receipts::Used, ..world.context() }
}

#[test]
fn a_recorded_credential_of_every_form_is_accepted() {
    for (format, key_type, name) in FORMS {
        let mut world = World::with_keys(1, key_type);
        let case = world.issue(format);
        let verification = world.parts(&case).judge(&world.context());
        let credential = accepted(&verification);
        assert_eq!(credential.format(), name);
        assert_eq!(credential.issuer(), world.actor(ISSUER).did.as_str());
        assert_eq!(credential.issuer_method(), world.actor(ISSUER).method());
        assert_eq!(credential.credential().subjects()[0]["name"], CLAIM);
        assert_eq!(credential.holder_keys(), [world.actor(HOLDER).key.public_key()]);
        let recorded = credential.recorded().expect("a record");
        assert!(recorded.is_by_signer() && recorded.existed_by().is_some());
        for name in [
            CheckName::IssuerLog,
            CheckName::OnLedger,
            CheckName::Time,
            CheckName::KeyInForce,
            CheckName::Signature,
            CheckName::DidActive,
            CheckName::Validity,
            CheckName::Status,
        ] {
            passed(&verification, name);
        }
    }
}

#[test]
fn a_changed_claim_is_refused_in_every_form() {
    for (format, key_type, _) in FORMS {
        let mut world = World::with_keys(2, key_type);
        let case = world.issue(format);
        let parts = world.parts(&case);
        let forged = match format {
            Format::DataIntegrity | Format::DataIntegritySd => {
                changed(&parts, |value| value["credentialSubject"]["name"] = "Mallory".into())
            }
            Format::Jose | Format::SdJwt => {
                let compact = parts.credential().to_bare();
                let middle = compact.split('.').nth(1).expect("a payload");
                let text = String::from_utf8(decode_b64u(middle).expect("b64u")).expect("JSON");
                let payload = b64u(text.replace(CLAIM, "Mallory").as_bytes());
                let mut forged = parts.clone();
                let compact = compact.replace(middle, &payload);
                forged.put(SecuredCredential::parse_compact(&compact).expect("readable"));
                forged
            }
        };
        let mut context = world.context();
        worthless(&forged.judge(&context), CheckName::Signature, "credential-proof-invalid");
        // Whether receipts are asked for or not.
        context.receipts = Receipts::Used;
        worthless(&forged.judge(&context), CheckName::Signature, "credential-proof-invalid");
        assert!(parts.judge(&context).is_authentic());
    }
}

#[test]
fn a_changed_proof_is_refused() {
    let mut world = World::new(3);
    let case = world.issue(Format::DataIntegrity);
    let parts = world.parts(&case);
    for (member, text) in [
        ("created", "2026-06-14T09:00:01Z"),
        ("id", "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a02"),
        ("expires", "2036-06-14T09:00:01Z"),
        ("nonce", "x"),
    ] {
        let forged = changed(&parts, |value| {
            let proof = value.get_mut("proof").expect("a proof");
            let proof = if proof.is_array() { &mut proof[0] } else { proof };
            proof[member] = text.into();
        });
        let context = world.context();
        worthless(&forged.judge(&context), CheckName::Signature, "credential-proof-invalid");
    }
}

#[test]
fn another_context_than_the_signed_one_is_refused() {
    let mut world = World::new(4);
    let case = world.issue(Format::DataIntegrity);
    let forged = changed(&world.parts(&case), |value| {
        let more = json!("https://www.w3.org/ns/credentials/undefined-terms/v2");
        value["@context"].as_array_mut().expect("a list").push(more);
    });
    let verification = forged.judge(&world.context());
    worthless(&verification, CheckName::Signature, "credential-proof-invalid");
}

#[test]
fn an_empty_proof_list_is_not_read() {
    let mut world = World::new(5);
    let case = world.issue(Format::DataIntegrity);
    let mut value = case.credential.to_value();
    value["proof"] = json!([]);
    let error = SecuredCredential::parse_value(value).unwrap_err();
    assert_eq!(error.code(), "credential-proof-missing");
}

#[test]
fn a_key_of_somebody_else_is_not_the_issuers() {
    let world = World::new(6);
    let holder = world.actor(HOLDER).method();
    let parts = signed(&world, |_| {}, &holder);
    let context = without_receipts(&world);
    worthless(&parts.judge(&context), CheckName::Signature, "issuer-not-controller");
    let own = signed(&world, |_| {}, &world.actor(ISSUER).method());
    accepted(&own.judge(&context));
}

#[test]
fn a_key_that_no_version_lists_is_refused() {
    let world = World::new(7);
    let method = format!("{}#key-9", world.actor(ISSUER).did.as_str());
    let parts = signed(&world, |_| {}, &method);
    let verification = parts.judge(&without_receipts(&world));
    worthless(&verification, CheckName::Signature, "verification-method-unknown");
}

#[test]
fn an_issuer_that_is_no_did_leaves_it_open() {
    let world = World::new(8);
    let issuer = "https://issuer.example/me";
    let parts = signed(&world, |value| value["issuer"] = issuer.into(), issuer);
    let verification = parts.judge(&without_receipts(&world));
    undecided(&verification, CheckName::Signature, "issuer-not-resolvable");
}

#[test]
fn an_issuer_of_whom_nothing_is_known_leaves_it_open() {
    let mut world = World::new(9);
    let case = world.issue(Format::DataIntegrity);
    let mut parts = world.parts(&case);
    parts.receipts.clear();
    parts.current.clear();
    parts.did_logs.clear();
    let verification = parts.judge(&world.context());
    undecided(&verification, CheckName::IssuerLog, "did-unresolved");
}

#[test]
fn a_did_key_issuer_needs_no_ledger() {
    let mut world = World::new(10);
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let visitor = world.visitor(key_type);
        let actor = world.actor(visitor);
        let value = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "issuer": actor.did.as_str(),
            "credentialSubject": { "name": CLAIM },
        });
        let credential = sign::issue_jose(value, &actor.method(), &actor.key).expect("signed");
        let parts = Parts::of(inkan_credential::Artefact::Credential(credential));
        let context = without_receipts(&world);
        let verification = parts.judge(&context);
        assert!(accepted(&verification).recorded().is_none());
        undecided(&parts.judge(&world.context()), CheckName::OnLedger, "receipt-missing");
        // A did:key has no newer version that could be missing.
        let fresh = Context { max_age: Some(60), ..context };
        accepted(&parts.judge(&fresh));
    }
}

#[test]
fn a_proof_of_an_unknown_suite_is_listed_and_never_counted() {
    let mut world = World::new(11);
    let case = world.issue(Format::DataIntegrity);
    let parts = world.parts(&case);
    let unknown = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": "mldsa44-jcs-2030",
        "verificationMethod": world.actor(ISSUER).method(),
        "proofPurpose": "assertionMethod",
        "proofValue": "zAAAA",
    });
    let beside = changed(&parts, |value| {
        let own = value["proof"].clone();
        value["proof"] = json!([own, unknown]);
    });
    let verification = beside.judge(&world.context());
    accepted(&verification);
    noted(&verification, CheckName::OtherProof, "suite-unknown");

    // Alone it proves nothing, and shows no forgery either.
    let alone = changed(&parts, |value| value["proof"] = json!([unknown]));
    let verification = alone.judge(&without_receipts(&world));
    undecided(&verification, CheckName::Signature, "suite-unknown");
}

#[test]
fn another_proof_of_a_known_suite_must_hold() {
    let mut world = World::new(12);
    let case = world.issue(Format::DataIntegrity);
    let parts = world.parts(&case);
    let stranger = world.visitor(KeyType::Ed25519);
    let actor = world.actor(stranger);
    let plain = case.credential.credential().value().clone();
    let second = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a09";
    let other = sign::issue_di(plain, second, &actor.method(), &actor.key, world.now);
    let other = other.expect("signed").to_value()["proof"].clone();
    let both = |extra: &Value| {
        changed(&parts, |value| {
            let own = value["proof"].clone();
            value["proof"] = json!([extra, own]);
        })
    };
    let verification = both(&other).judge(&world.context());
    accepted(&verification);
    passed(&verification, CheckName::OtherProof);

    let mut forged = other.clone();
    forged["created"] = "2026-06-14T08:00:00Z".into();
    let verification = both(&forged).judge(&world.context());
    worthless(&verification, CheckName::OtherProof, "credential-proof-invalid");

    // Of somebody of whom nothing is known, nothing is said.
    let mut unresolved = other;
    unresolved["verificationMethod"] = "did:web:nobody.example#key-1".into();
    let verification = both(&unresolved).judge(&world.context());
    assert!(!lines(&verification).contains("other-proof: pass"));
}

#[test]
fn one_controller_that_signs_under_two_dids_is_known_as_one() {
    let mut world = World::new(12);
    let case = world.issue(Format::DataIntegrity);
    let parts = world.parts(&case);
    let stranger = world.visitor(KeyType::Ed25519);
    let (issuer, stranger) = (world.actor(ISSUER), world.actor(stranger));
    let plain = case.credential.credential().value().clone();
    let second = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a09";
    let linked = |method: &str, key: &SecretKey| {
        let other = sign::issue_di(plain.clone(), second, method, key, world.now).expect("signed");
        let other = other.to_value()["proof"].clone();
        let both = changed(&parts, |value| {
            let own = value["proof"].clone();
            value["proof"] = json!([own, other]);
        });
        let verification = both.judge(&world.context());
        accepted(&verification);
        let line = passed(&verification, CheckName::OtherProof);
        let verified = verification.credentials()[0].as_ref().expect("a credential");
        let [own, other] = verified.proofs() else { panic!("two proofs") };
        assert_eq!((own.held(), other.held()), (true, true));
        assert_ne!(own.controller(), other.controller());
        let linked: Vec<String> = other.linked().iter().cloned().collect();
        let told = line.evidence.get("sameControllerAs");
        assert_eq!(told, (!linked.is_empty()).then(|| json!(linked)).as_ref());
        linked
    };
    // The issuer's own key under a DID that is made of it, and somebody else's under such a DID.
    for (actor, expected) in [(issuer, vec![issuer.did.to_string()]), (stranger, Vec::new())] {
        let method = self_contained::did_key_url(&actor.key.public_key());
        assert_eq!(linked(&method, &actor.key), expected);
    }
}

#[test]
fn another_proof_that_has_ended_is_listed_and_never_counted() {
    let mut world = World::new(13);
    let case = world.issue(Format::DataIntegrity);
    let parts = world.parts(&case);
    let stranger = world.visitor(KeyType::Ed25519);
    let actor = world.actor(stranger);
    let plain = case.credential.credential().value().clone();
    let second = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a09";
    let later = world.now.plus_seconds(86_400);
    let other = sign::issue_di(plain, second, &actor.method(), &actor.key, later);
    let other = other.expect("signed").to_value()["proof"].clone();
    let both = changed(&parts, |value| {
        let own = value["proof"].clone();
        value["proof"] = json!([own, other]);
    });
    let verification = both.judge(&world.context());
    accepted(&verification);
    noted(&verification, CheckName::OtherProof, "signature-not-in-time");
}

#[test]
fn the_validity_period_has_two_ends() {
    let mut world = World::new(14);
    for format in [Format::DataIntegrity, Format::Jose] {
        let mut order = Order::of(format);
        (order.begins_in, order.ends_in) = (3_600, 7_200);
        let mut case = world.draw_up(&order);
        world.record(&mut case, ISSUER);
        let parts = world.parts(&case);
        let begin = case.credential.credential().valid_from().expect("a begin");
        let end = case.credential.credential().valid_until().expect("an end");
        let judged = |as_of| parts.judge(&Context { as_of, ..world.context() });
        let early = judged(begin.plus_seconds(-61));
        worthless(&early, CheckName::Validity, "credential-not-yet-valid");
        accepted(&judged(begin.plus_seconds(-60)));
        accepted(&judged(end));
        worthless(&judged(end.plus_seconds(1)), CheckName::Validity, "credential-expired");
    }
}

#[test]
fn a_signature_from_the_future_is_not_yet_valid() {
    let mut world = World::new(15);
    let case = world.issue(Format::DataIntegrity);
    let parts = world.parts(&case);
    let made = case.credential.signed_at().expect("a date");
    let context = Context { as_of: made.plus_seconds(-61), ..without_receipts(&world) };
    let verification = parts.judge(&context);
    worthless(&verification, CheckName::Validity, "credential-not-yet-valid");
}

#[test]
fn a_schema_is_kept_broken_or_missing() {
    let mut world = World::new(16);
    let (id, schema) = fitting_schema();
    let mut order = Order::of(Format::DataIntegrity);
    order.schema = Some((id.clone(), schema.clone()));
    let mut case = world.draw_up(&order);
    world.record(&mut case, ISSUER);
    let mut parts = world.parts(&case);
    undecided(&parts.judge(&world.context()), CheckName::Schema, "schema-missing");
    parts.schema = Some((id.clone(), schema.clone()));
    // Nothing says that it is the one that the issuer meant: the presenter brought it.
    accepted(&parts.judge(&world.context()));
    noted(&parts.judge(&world.context()), CheckName::Schema, "schema-not-fixed");
    let mut pinned = parts.clone();
    pinned.resources.insert(id.clone(), schema.to_string().into_bytes());
    accepted(&pinned.judge(&world.context()));
    passed(&pinned.judge(&world.context()), CheckName::Schema);
    let mut other = schema;
    other["properties"]["credentialSubject"]["required"] = json!(["birthDate"]);
    parts.schema = Some((id, other));
    worthless(&parts.judge(&world.context()), CheckName::Schema, "schema-mismatch");
}

#[test]
fn a_schema_that_the_issuer_fixed_may_come_in_its_canonical_form() {
    let world = World::new(16);
    let (id, schema) = fitting_schema();
    let canonical = inkan_core::json::canonicalize(&schema).unwrap();
    let sri = |bytes: &[u8]| {
        format!("sha384-{}", inkan_core::encoding::b64(&inkan_core::digest::sha384(&[bytes])))
    };
    let with = |digests: String| {
        let entry = json!({ "id": id, "type": "JsonSchema", "digestSRI": digests });
        let method = world.actor(ISSUER).method();
        let mut parts = signed(&world, |value| value["credentialSchema"] = entry, &method);
        parts.schema = Some((id.clone(), schema.clone()));
        parts
    };
    let context = without_receipts(&world);
    let published = format!("{schema:#}").into_bytes();
    let mut parts = with(format!("{} {}", sri(&published), sri(&canonical)));
    passed(&parts.judge(&context), CheckName::Schema);
    let mut pinned = parts.clone();
    pinned.resources.insert(id.clone(), published.clone());
    passed(&pinned.judge(&context), CheckName::Schema);
    // Another schema under the same name is not the one that was meant.
    let mut other = schema.clone();
    other["title"] = json!("another");
    parts.schema = Some((id.clone(), other));
    undecided(&parts.judge(&context), CheckName::Schema, "schema-missing");
    // Where only the published text was fixed, nothing but that text will do.
    let parts = with(sri(&published));
    undecided(&parts.judge(&context), CheckName::Schema, "schema-missing");
}

#[test]
fn a_schema_of_an_unknown_type_leaves_it_open() {
    let world = World::new(17);
    let (id, schema) = fitting_schema();
    let method = world.actor(ISSUER).method();
    let named = |kind: &str| json!({ "id": id, "type": kind });
    let context = without_receipts(&world);
    for (kind, known) in [("JsonSchema", true), ("OtherSchema", false)] {
        let mut parts = signed(&world, |value| value["credentialSchema"] = named(kind), &method);
        parts.schema = Some((id.clone(), schema.clone()));
        let verification = parts.judge(&context);
        if known {
            accepted(&verification);
        } else {
            undecided(&verification, CheckName::Schema, "schema-missing");
        }
    }
}

#[test]
fn another_proof_by_a_key_that_was_dropped_is_listed_and_never_counted() {
    let mut world = World::new(14);
    let case = world.issue(Format::DataIntegrity);
    let witness = world.settle("witness", KeyType::Ed25519);
    let actor = world.actor(witness);
    let plain = case.credential.credential().value().clone();
    let second = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a09";
    let other = sign::issue_di(plain, second, &actor.method(), &actor.key, world.now);
    let other = other.expect("signed").to_value()["proof"].clone();
    let with_it = |world: &World| {
        changed(&world.parts(&case), |value| {
            let own = value["proof"].clone();
            value["proof"] = json!([own, other]);
        })
    };
    let verification = with_it(&world).judge(&world.context());
    passed(&verification, CheckName::OtherProof);
    let controllers = |verification: &inkan_verifier::Verification| -> Vec<(String, bool)> {
        let proofs = accepted(verification).proofs().iter();
        proofs.map(|proof| (proof.controller().to_owned(), proof.held())).collect()
    };
    let issuer = world.actor(ISSUER).did.to_string();
    let signer = world.actor(witness).did.to_string();
    assert_eq!(controllers(&verification), [(issuer.clone(), true), (signer.clone(), true)]);

    world.rotate_to(witness, "another");
    let verification = with_it(&world).judge(&world.context());
    noted(&verification, CheckName::OtherProof, "receipt-needed");
    assert_eq!(controllers(&verification), [(issuer, true), (signer, false)]);
}

#[test]
fn a_key_that_the_did_does_not_control_itself_signs_nothing_for_it() {
    let mut world = World::new(15);
    let issuer = world.actor(ISSUER);
    let (did, method) = (issuer.did.to_string(), issuer.method());
    let key = issuer.key.public_key().to_multikey();
    let document = |controller: &str| {
        json!({
            "@context": ["https://www.w3.org/ns/did/v1"],
            "id": did,
            "verificationMethod": [{
                "id": method, "type": "Multikey", "controller": controller, "publicKeyMultibase": key,
            }],
            "assertionMethod": [method],
            "authentication": [method],
        })
    };
    world.leave(ISSUER, document(&did));
    let own = signed(&world, |_| {}, &method);
    accepted(&own.judge(&without_receipts(&world)));
    world.leave(ISSUER, document("did:web:other.example"));
    let foreign = signed(&world, |_| {}, &method);
    let verification = foreign.judge(&without_receipts(&world));
    assert!(!lines(&verification).contains("key-in-force: pass"), "{}", lines(&verification));
    assert!(!verification.is_authentic());
}
