use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, jws};
use serde_json::{Value, json};

use super::*;
use crate::countersignature::{Countersignature, Decision, countersign_jose};
use crate::presentation::{
    Presentation, PresentationTerms, present_jose, present_key_bound, present_sd_jwt,
};
use crate::sd_jwt::{BindingTerms, Concealment, Expected};
use crate::secured::Format;
use crate::sign;
use crate::testing::{at, holder, issuer, party, statement, unsigned, with};

fn bound_to_holder() -> Value {
    with(unsigned(), "/cnf", json!({ "jwk": holder().key.public_key().to_jwk() }))
}

fn paths(paths: &[&str]) -> Vec<ClaimPath> {
    paths.iter().map(|path| ClaimPath::parse(path).unwrap()).collect()
}

fn issued(claims: &[&str]) -> SecuredCredential {
    let issuer = issuer();
    let claims = paths(claims);
    let concealment = Concealment { claims: &claims, decoys: 2 };
    let mut rng = SeededRng::new(3);
    let issued =
        sign::issue_sd_jwt(bound_to_holder(), &concealment, &issuer.method, &issuer.key, &mut rng);
    issued.unwrap()
}

const CLAIMS: [&str; 2] = ["/credentialSubject/role", "/credentialSubject/grade"];

fn code(text: &str) -> &'static str {
    SecuredCredential::parse(text.as_bytes()).unwrap_err().code()
}

/// An SD-JWT without disclosures over any header and payload.
fn sd_jwt_of(header: &Value, payload: &Value) -> String {
    let header = header.as_object().unwrap().clone();
    let jws = jws::sign(header, payload.to_string().as_bytes(), &issuer().key).unwrap();
    format!("{jws}~")
}

fn header() -> Value {
    json!({ "typ": "vc+sd-jwt", "cty": "vc", "kid": issuer().method })
}

#[test]
fn a_credential_is_read_back_in_every_wrapping() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let issuer = party(5, key_type);
        let value = with(unsigned(), "/issuer", json!(issuer.did));
        let claims = paths(&CLAIMS);
        let concealment = Concealment { claims: &claims, decoys: 0 };
        let mut rng = SeededRng::new(4);
        let made =
            sign::issue_sd_jwt(value.clone(), &concealment, &issuer.method, &issuer.key, &mut rng);
        let made = made.unwrap();
        let text = made.to_value()["id"].as_str().unwrap().to_owned();
        assert!(text.starts_with("data:application/vc+sd-jwt,"));
        for copy in [
            SecuredCredential::parse(made.to_bare().as_bytes()).unwrap(),
            SecuredCredential::parse_value(made.to_value()).unwrap(),
        ] {
            assert_eq!(copy.credential().value(), &value);
            assert_eq!((copy.format(), copy.format().as_str()), (Format::SdJwt, "jws"));
            assert_eq!(copy.issuer_verification_method(), issuer.method);
            assert_eq!(copy.verify_issuer_proof(&issuer.key.public_key()), Ok(()));
            assert_eq!(copy.to_bare(), made.to_bare());
            assert!(copy.shows_all() && copy.proofs().is_empty());
        }
        let other = party(6, key_type).key.public_key();
        assert!(made.verify_issuer_proof(&other).is_err());
    }
}

#[test]
fn what_is_derived_keeps_signature_and_digest() {
    let all = issued(&CLAIMS);
    let part = all.disclose(&paths(&["role"])).unwrap();
    let subject = &part.credential().subjects()[0];
    assert_eq!(*subject, json!({ "id": holder().did, "role": "engineer" }));
    assert_eq!(part.issuance_digest(), all.issuance_digest());
    assert_eq!(part.verify_issuer_proof(&issuer().key.public_key()), Ok(()));
    assert_eq!(part.credential().ledger_record(), all.credential().ledger_record());
    assert!(!part.shows_all());
    assert_eq!(all.disclose(&paths(&["height"])).unwrap_err().code(), "claim-path-unknown");
    let jose = crate::testing::issued_jose();
    assert_eq!(jose.disclose(&[]).unwrap_err().code(), "disclosure-format-unsupported");
}

#[test]
fn a_credential_that_says_nothing_is_not_derived() {
    let value = with(unsigned(), "/credentialSubject", json!({ "role": "engineer" }));
    let issuer = issuer();
    let claims = paths(&["role"]);
    let concealment = Concealment { claims: &claims, decoys: 0 };
    let mut rng = SeededRng::new(4);
    let all = sign::issue_sd_jwt(value, &concealment, &issuer.method, &issuer.key, &mut rng);
    assert_eq!(all.unwrap().disclose(&[]).unwrap_err().code(), "credential-subject-invalid");
}

#[test]
fn countersignatures_stand_after_deriving() {
    let (all, holder) = (issued(&CLAIMS), holder());
    let compact = countersign_jose(&all, &statement(&holder, Decision::Accept, 1), &holder.key);
    let compact = compact.unwrap();
    let signed = Countersignature::parse_compact(&compact).unwrap();
    let key = holder.key.public_key();
    assert_eq!(signed.verify(&all, &key), Ok(()));
    assert_eq!(signed.verify(&all.disclose(&paths(&["role"])).unwrap(), &key), Ok(()));
    let other = issued(&["/credentialSubject/role"]);
    let error = signed.verify(&other, &key).unwrap_err();
    assert_eq!(error.code(), "countersignature-of-another-credential");
}

#[test]
fn a_text_that_was_not_shown_is_noticed_where_all_is_shown() {
    let issuer = issuer();
    let all = sign::issue_sd_jwt_plain(bound_to_holder(), &issuer.method, &issuer.key).unwrap();
    let holder = holder();
    let good = countersign_jose(&all, &statement(&holder, Decision::Accept, 1), &holder.key);
    let jws = jws::Jws::parse(&good.unwrap(), 10_000).unwrap();
    let mut payload: Value = serde_json::from_slice(jws.payload()).unwrap();
    payload["textDigest"] = json!(inkan_core::sha256(&[b"another text"]).to_b64u());
    let text = payload.to_string();
    let forged = jws::sign(jws.header().clone(), text.as_bytes(), &holder.key).unwrap();
    let forged = Countersignature::parse_compact(&forged).unwrap();
    let error = forged.verify(&all, &holder.key.public_key()).unwrap_err();
    assert_eq!(error.code(), "countersignature-text-mismatch");
}

#[test]
fn what_every_verifier_needs_is_not_concealed() {
    for claim in ["/issuer", "/type", "/validUntil", "/ledgerRecord", "/cnf", "/ledgerRecord/salt"]
    {
        let issuer = issuer();
        let claims = paths(&[claim]);
        let concealment = Concealment { claims: &claims, decoys: 0 };
        let mut rng = SeededRng::new(4);
        let made = sign::issue_sd_jwt(
            bound_to_holder(),
            &concealment,
            &issuer.method,
            &issuer.key,
            &mut rng,
        );
        assert_eq!(made.unwrap_err().code(), "sd-jwt-claim-must-be-plain", "{claim}");
    }
}

fn conceal(value: Value, claims: &[&str]) -> Result<SecuredCredential, &'static str> {
    let (issuer, claims) = (issuer(), paths(claims));
    let concealment = Concealment { claims: &claims, decoys: 0 };
    let mut rng = SeededRng::new(4);
    let made = sign::issue_sd_jwt(value, &concealment, &issuer.method, &issuer.key, &mut rng);
    made.map_err(|error| error.code())
}

#[test]
fn whose_it_is_is_not_concealed_unless_a_key_is_confirmed() {
    let subject = unsigned()["credentialSubject"].clone();
    let several = with(unsigned(), "/credentialSubject", json!([{ "role": "a" }, subject]));
    for (value, path) in [
        (unsigned(), "/credentialSubject/id"),
        (unsigned(), "/credentialSubject"),
        (several.clone(), "/credentialSubject"),
        (several.clone(), "/credentialSubject/1"),
        (several.clone(), "/credentialSubject/1/id"),
    ] {
        let refused = conceal(value, &[path]).map(drop);
        assert_eq!(refused, Err("sd-jwt-claim-must-be-plain"), "{path}");
    }
    assert!(conceal(several, &["/credentialSubject/0", "/credentialSubject/1/role"]).is_ok());
    assert!(conceal(bound_to_holder(), &["/credentialSubject/id"]).is_ok());
}

#[test]
fn what_every_verifier_needs_is_refused_as_a_disclosure() {
    let entry = json!({
        "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
        "statusListIndex": "7", "statusListCredential": "https://acme.example/status/1",
    });
    let value = with(bound_to_holder(), "/credentialStatus", entry);
    let method = json!({ "id": "urn:uuid:m", "type": "JsonWebKey" });
    let value = with(value, "/confidenceMethod", method);
    for claim in ["/credentialStatus", "/validUntil", "/cnf", "/confidenceMethod", "/@context"] {
        // Issued by somebody who does not mind.
        let (claims, issuer) = (paths(&[claim]), issuer());
        let concealment = Concealment { claims: &claims, decoys: 0 };
        let (header, mut rng) = (header().as_object().unwrap().clone(), SeededRng::new(4));
        let made = crate::sd_jwt::issue(value.clone(), &concealment, header, &issuer.key, &mut rng);
        assert_eq!(code(made.unwrap().shown()), "sd-jwt-claim-must-be-plain", "{claim}");
    }
}

#[test]
fn a_status_claim_is_a_status_that_nobody_looked_at() {
    let entry = json!({ "idx": 5, "uri": "https://i.example/s" });
    let cases: [(_, &[&str], bool); 5] = [
        (json!({ "status_list": entry }), &[], true),
        (json!({ "status_list": entry, "other": 1 }), &["other"], true),
        (json!({ "status_list": { "idx": 5 } }), &["status_list"], false),
        (json!({}), &["status"], false),
        (json!([]), &["status"], false),
    ];
    for (status, names, read) in cases {
        let value = with(unsigned(), "/status", status);
        let issuer = issuer();
        let jose = sign::issue_jose(value.clone(), &issuer.method, &issuer.key).unwrap();
        let sd_jwt = SecuredCredential::parse(sd_jwt_of(&header(), &value).as_bytes()).unwrap();
        for secured in [jose, sd_jwt] {
            assert_eq!(secured.credential().unknown_status(), names);
            assert_eq!(secured.credential().token_status().is_some(), read);
        }
    }
}

#[test]
fn other_kinds_of_sd_jwt_are_refused_by_name() {
    let dc = with(header(), "/typ", json!("dc+sd-jwt"));
    assert_eq!(code(&sd_jwt_of(&dc, &unsigned())), "sd-jwt-claim-invalid");
    for (pointer, value) in [
        ("/typ", json!("vp+sd-jwt")),
        ("/typ", json!("vc+jwt")),
        ("/typ", json!("kb+jwt")),
        ("/cty", json!("vp")),
    ] {
        let text = sd_jwt_of(&with(header(), pointer, value.clone()), &unsigned());
        assert_eq!(code(&text), "media-type-unsupported", "{pointer} {value}");
    }
    for typ in [json!("vc+sd-jwt"), json!("application/vc+sd-jwt"), Value::Null] {
        let text = sd_jwt_of(&with(header(), "/typ", typ.clone()), &unsigned());
        let read = SecuredCredential::parse(text.as_bytes()).unwrap();
        assert_eq!(read.media_type(), "application/vc+sd-jwt");
        assert_eq!(SecuredCredential::parse_value(read.to_value()).unwrap().to_bare(), text);
    }
    // An SD-JWT VC has its type, whatever else it says, and what is neither has one too.
    let untyped = with(header(), "/typ", Value::Null);
    for (pointer, value) in [("/vct", json!("urn:t")), ("/type", json!(["Badge"]))] {
        let text = sd_jwt_of(&untyped, &with(unsigned(), pointer, value));
        assert_eq!(code(&text), "media-type-unsupported", "{pointer}");
    }
    let unnamed = sd_jwt_of(&with(header(), "/kid", Value::Null), &unsigned());
    assert_eq!(code(&unnamed), "jose-key-id-missing");
}

#[test]
fn jwt_claims_do_not_contradict_the_credential() {
    let cases = [
        ("jose-claim-invalid", with(unsigned(), "/iss", json!("did:key:other"))),
        ("jose-claim-invalid", with(unsigned(), "/jti", json!("urn:other"))),
        ("jose-claim-invalid", with(unsigned(), "/sub", json!("did:key:other"))),
        ("jose-claim-invalid", with(unsigned(), "/exp", json!("soon"))),
        ("jose-claim-invalid", with(unsigned(), "/vp", json!({}))),
        ("vcdm-version-unsupported", with(unsigned(), "/vc", json!({}))),
    ];
    for (expected, payload) in cases {
        assert_eq!(code(&sd_jwt_of(&header(), &payload)), expected, "{payload}");
    }
    let same = with(unsigned(), "/sub", json!(holder().did));
    assert!(SecuredCredential::parse(sd_jwt_of(&header(), &same).as_bytes()).is_ok());
}

#[test]
fn a_key_binding_does_not_go_unnoticed() {
    let holder = holder();
    let part = issued(&CLAIMS).disclose(&paths(&["role"])).unwrap();
    let terms = BindingTerms {
        audience: "https://bank.example",
        nonce: "n",
        issued_at: at("2026-01-01T00:00:00Z"),
    };
    let presented = part.sd_jwt().unwrap().bind(&terms, &holder.key).unwrap().to_compact();
    assert_eq!(code(&presented), "key-binding-unexpected");
    let (credential, bound) = SecuredCredential::parse_presented(&presented).unwrap();
    assert_eq!(credential.to_bare(), part.to_bare());
    let expected = Expected {
        audience: "https://bank.example",
        nonce: "n",
        max_age: 300,
        now: at("2026-01-01T00:00:10Z"),
    };
    let bound = bound.unwrap();
    assert_eq!(bound.verify_key_binding(&holder.key.public_key(), &expected), Ok(()));
    let (_, bound) = SecuredCredential::parse_presented(&part.to_bare()).unwrap();
    assert!(bound.is_none());
}

#[test]
fn the_holders_key_may_be_confirmed_by_value() {
    let thumbprint = Some(holder().key.public_key().thumbprint());
    assert_eq!(issued(&CLAIMS).credential().confirmed_key(), thumbprint);
    let by_name = with(bound_to_holder(), "/cnf", json!({ "jkt": thumbprint }));
    assert_eq!(Credential::from_value(by_name).unwrap().confirmed_key(), thumbprint);
    let unreadable = with(bound_to_holder(), "/cnf/jwk", json!({ "kty": "RSA" }));
    assert_eq!(Credential::from_value(unreadable).unwrap().confirmed_key(), Some(String::new()));
    assert_eq!(Credential::from_value(unsigned()).unwrap().confirmed_key(), None);
}

#[test]
fn a_confirmation_that_cannot_be_read_is_nobodys_key() {
    let (key, other) = (holder().key.public_key(), issuer().key.public_key());
    let (jwk, jkt) = (key.to_jwk(), key.thumbprint());
    // What the same statements in RDF can be written as, and what names no key by its value.
    for cnf in [
        json!({ "jwk": [jwk] }),
        json!({ "jwk": jwk, "jkt": other.thumbprint() }),
        json!({ "jwk": jwk, "jkt": [jkt] }),
        json!({ "jkt": [jkt] }),
        json!({ "jkt": { "@value": jkt } }),
        json!({ "kid": holder().method }),
        json!({}),
    ] {
        let credential = Credential::from_value(with(unsigned(), "/cnf", cnf.clone())).unwrap();
        assert_eq!(credential.confirmed_key(), Some(String::new()), "{cnf}");
    }
    let both = with(unsigned(), "/cnf", json!({ "jwk": jwk, "jkt": jkt }));
    assert_eq!(Credential::from_value(both).unwrap().confirmed_key(), Some(jkt));
    for cnf in [json!([{ "jwk": jwk }]), json!([]), json!("x")] {
        let error = Credential::from_value(with(unsigned(), "/cnf", cnf.clone())).unwrap_err();
        assert_eq!(error, crate::model::ModelError::Property { property: "cnf" }, "{cnf}");
    }
}

#[test]
fn presentations_carry_sd_jwts_and_are_ones() {
    let holder = holder();
    let terms = PresentationTerms {
        holder: &holder.did,
        method: &holder.method,
        nonce: "n",
        audience: "https://bank.example",
        created: at("2026-01-01T00:00:00Z"),
    };
    let part = issued(&CLAIMS).disclose(&paths(&["role"])).unwrap();
    let key = holder.key.public_key();
    let jose = present_jose(std::slice::from_ref(&part), &terms, &holder.key).unwrap();
    let sd_jwt = present_sd_jwt(std::slice::from_ref(&part), &terms, &holder.key).unwrap();
    assert!(sd_jwt.to_bare().ends_with('~'));
    for made in [jose, sd_jwt] {
        for copy in [
            Presentation::parse(made.to_bare().as_bytes()).unwrap(),
            Presentation::parse_value(made.to_value()).unwrap(),
        ] {
            assert_eq!(copy.verify_proof(&key), Ok(()));
            assert!(copy.verify_proof(&issuer().key.public_key()).is_err());
            assert_eq!((copy.nonce(), copy.holder()), (Some("n"), holder.did.as_str()));
            assert_eq!(copy.credentials()[0].to_bare(), part.to_bare());
        }
    }
    // A credential is no presentation, and the other way round.
    let error = Presentation::parse(part.to_bare().as_bytes()).unwrap_err();
    assert_eq!(error.code(), "media-type-unsupported");
}

/// An SD-JWT VC of which the holder can keep back name and city.
fn claims_issued() -> SecuredCredential {
    let issuer = issuer();
    let claims = json!({
        "vct": "https://type.example/person", "iss": issuer.did, "sub": holder().did,
        "jti": "urn:uuid:5b6d1e9a-5a9e-4f53-9d8c-a4f1b1f6c001",
        "nbf": 1_767_225_600, "exp": 1_798_761_600, "cnf": { "jwk": holder().key.public_key().to_jwk() },
        "name": "Aiko", "address": { "city": "Kyoto" }, "issuer": "did:example:somebody-else",
    });
    let chosen = paths(&["name", "/address/city"]);
    let concealment = Concealment { claims: &chosen, decoys: 0 };
    let mut rng = SeededRng::new(8);
    sign::issue_sd_jwt_vc(claims, &concealment, &issuer.method, &issuer.key, &mut rng).unwrap()
}

#[test]
fn the_claims_of_an_sd_jwt_vc_are_seen_as_those_of_a_credential() {
    let secured = claims_issued();
    let credential = secured.credential();
    assert_eq!(credential.issuer(), issuer().did);
    assert!(credential.has_type("https://type.example/person"));
    assert_eq!(credential.subject_id(), Some(holder().did.as_str()));
    assert_eq!(credential.valid_from(), Some(at("2026-01-01T00:00:00Z")));
    assert_eq!(credential.valid_until(), Some(at("2027-01-01T00:00:00Z")));
    assert_eq!(credential.confirmed_key(), Some(holder().key.public_key().thumbprint()));
    // A claim that is spelt like a member of the data model is a claim about the subject.
    assert_eq!(credential.subjects()[0]["issuer"], "did:example:somebody-else");
    assert_eq!(secured.issuer_verification_method(), issuer().method);
    assert_eq!(secured.verify_issuer_proof(&issuer().key.public_key()), Ok(()));
    assert_eq!(secured.media_type(), "application/dc+sd-jwt");
    let wrapped = secured.to_value();
    assert!(wrapped["id"].as_str().unwrap().starts_with("data:application/dc+sd-jwt,"));
    let again = SecuredCredential::parse_value(wrapped.clone()).unwrap();
    assert_eq!(again.to_bare(), secured.to_bare());
    // The media type outside is the one inside.
    let id = wrapped["id"].as_str().unwrap().replace("dc+sd-jwt", "vc+sd-jwt");
    let other = SecuredCredential::parse_value(with(wrapped, "/id", json!(id))).unwrap_err();
    assert_eq!(other.code(), "media-type-unsupported");
}

#[test]
fn a_part_of_an_sd_jwt_vc_keeps_its_digest() {
    let whole = claims_issued();
    let nothing = whole.disclose(&[]).unwrap();
    assert!(!nothing.shows_all());
    assert!(nothing.credential().subjects()[0].get("name").is_none());
    assert_eq!(nothing.issuance_digest(), whole.issuance_digest());
    assert_eq!(nothing.verify_issuer_proof(&issuer().key.public_key()), Ok(()));
    let city = whole.disclose(&paths(&["/address/city"])).unwrap();
    assert_eq!(city.credential().subjects()[0]["address"]["city"], "Kyoto");
}

#[test]
fn a_status_that_only_a_token_list_knows_is_not_passed_over() {
    let issuer = issuer();
    let claims = json!({
        "vct": "Badge", "iss": issuer.did,
        "status": { "status_list": { "idx": 3, "uri": "https://issuer.example/list" } },
    });
    let concealment = Concealment::default();
    let mut rng = SeededRng::new(9);
    let made =
        sign::issue_sd_jwt_vc(claims, &concealment, &issuer.method, &issuer.key, &mut rng).unwrap();
    let entry = made.credential().token_status().map(|entry| (entry.index, entry.uri.as_str()));
    assert_eq!(entry, Some((3, "https://issuer.example/list")));
    assert!(made.credential().unknown_status().is_empty());
}

#[test]
fn a_presented_credential_is_read_as_a_presentation() {
    let holder = holder();
    let terms = PresentationTerms {
        holder: &holder.did,
        method: &holder.method,
        nonce: "n",
        audience: "https://bank.example",
        created: at("2026-01-01T00:00:00Z"),
    };
    for credential in [issued(&CLAIMS), claims_issued()] {
        let made = present_key_bound(&credential, &terms, &holder.key).unwrap();
        for again in [
            Presentation::parse(made.to_bare().as_bytes()).unwrap(),
            Presentation::parse_value(made.to_value()).unwrap(),
        ] {
            assert_eq!(again.nonce(), Some("n"));
            assert_eq!(again.audience(), ["https://bank.example"]);
            assert_eq!(again.created(), Some(terms.created));
            assert_eq!(again.holder(), holder.did);
            assert_eq!(again.credentials().len(), 1);
            assert_eq!(again.verify_proof(&holder.key.public_key()), Ok(()));
            assert!(again.verify_proof(&issuer().key.public_key()).is_err());
        }
        // It is no credential, and stands in no presentation.
        assert_eq!(code(&made.to_bare()), "key-binding-unexpected");
    }
}
