use inkan_core::rng::insecure::SeededRng;
use inkan_core::{encoding, sha256};
use inkan_crypto::jws;
use serde_json::json;

use super::*;
use crate::sd_jwt::{ClaimPath, Confirmation, Disclosure};
use crate::testing::{holder, issuer, with};

const VCT: &str = "https://credentials.example/identity";

fn claims() -> Value {
    json!({
        "vct": VCT,
        "iss": issuer().did,
        "nbf": 1_700_000_000, "exp": 1_900_000_000, "iat": 1_700_000_000,
        "cnf": { "jwk": holder().key.public_key().to_jwk() },
        "status": { "status_list": { "idx": 7, "uri": "https://acme.example/statuslists/1" } },
        "given_name": "Erika",
        "address": { "country": "DE", "locality": "Köln" },
    })
}

fn paths(paths: &[&str]) -> Vec<ClaimPath> {
    paths.iter().map(|path| ClaimPath::parse(path).unwrap()).collect()
}

fn issued(claims: Value, concealed: &[&str]) -> Result<SdJwtVc, SdJwtVcError> {
    let concealed = paths(concealed);
    let concealment = Concealment { claims: &concealed, decoys: 0 };
    let issuer = issuer();
    issue(claims, &concealment, KeyName::Kid(&issuer.method), &issuer.key, &mut SeededRng::new(1))
}

/// An SD-JWT over any header and payload.
fn parse(
    header: Value,
    payload: &Value,
    disclosures: &[&Disclosure],
) -> Result<SdJwtVc, SdJwtVcError> {
    let header = header.as_object().unwrap().clone();
    let jws = jws::sign(header, payload.to_string().as_bytes(), &issuer().key).unwrap();
    let disclosures: String = disclosures.iter().map(|one| format!("{}~", one.as_str())).collect();
    SdJwtVc::parse(&format!("{jws}~{disclosures}"))
}

fn header() -> Value {
    json!({ "typ": "dc+sd-jwt", "kid": issuer().method })
}

#[test]
fn what_is_issued_is_read_back() {
    let made = issued(claims(), &["given_name", "/address/country"]).unwrap();
    let copy = SdJwtVc::parse(&made.sd_jwt().to_compact()).unwrap();
    assert_eq!(copy, made);
    assert_eq!(copy.sd_jwt().typ(), Some("dc+sd-jwt"));
    assert_eq!(copy.claims(), &claims());
    assert_eq!((copy.vct(), copy.issuer()), (VCT, Some(issuer().did.as_str())));
    assert_eq!(copy.verify(&issuer().key.public_key()), Ok(()));
    assert_eq!(
        copy.verify(&holder().key.public_key()).unwrap_err().code(),
        "credential-proof-invalid"
    );
    assert_eq!(copy.expires().unwrap().seconds(), 1_900_000_000);
    assert_eq!(copy.not_before(), copy.issued_at());
    let reference =
        StatusReference { index: 7, uri: "https://acme.example/statuslists/1".to_owned() };
    assert_eq!(copy.token_status(), Some(&reference));
    let confirmed = copy.sd_jwt().confirmation().unwrap();
    assert_eq!(confirmed, Some(Confirmation::Key(holder().key.public_key())));
    let part = copy.sd_jwt().derive(&[]).unwrap();
    let part = SdJwtVc::from_sd_jwt(part).unwrap();
    assert_eq!(part.claims().get("given_name"), None);
    assert_eq!(part.claims()["address"], json!({ "locality": "Köln" }));
}

#[test]
fn registered_claims_are_never_disclosable() {
    let all =
        with(with(claims(), "/vct#integrity", json!("sha256-x")), "/aka_vcts", json!(["urn:b"]));
    let all = with(all, "/aud", json!("https://bank.example"));
    assert_eq!(ALWAYS_SHOWN.last(), Some(&"status"));
    for claim in ALWAYS_SHOWN.iter().copied() {
        let path = format!("/{claim}");
        let error = issued(all.clone(), &[&path]).unwrap_err();
        assert_eq!(error.code(), "sd-jwt-claim-must-be-plain", "{claim}");
        // From somebody else, with the claim in a disclosure.
        let value = all[claim].clone();
        let disclosure = Disclosure::make(Some(claim), &value, &[1; 16]).unwrap();
        let payload = with(all.clone(), &path, Value::Null);
        let payload = with(payload, "/_sd", json!([disclosure.digest()]));
        let error = parse(header(), &payload, &[&disclosure]).unwrap_err();
        assert_eq!(error.code(), "sd-jwt-claim-must-be-plain", "{claim}");
    }
    let error = issued(claims(), &["/cnf/jwk"]).unwrap_err();
    assert_eq!(error.code(), "sd-jwt-claim-must-be-plain");
    // These may be.
    assert!(issued(with(claims(), "/sub", json!("me")), &["/sub", "/iat"]).is_ok());
}

#[test]
fn old_drafts_are_read_and_w3c_credentials_are_not() {
    let whole = with(header(), "/typ", json!("application/dc+sd-jwt"));
    assert_eq!(parse(whole, &claims(), &[]).unwrap().vct(), VCT);
    let old = with(header(), "/typ", json!("vc+sd-jwt"));
    assert_eq!(parse(old.clone(), &claims(), &[]).unwrap().vct(), VCT);
    let without = with(claims(), "/vct", Value::Null);
    assert_eq!(parse(old, &without, &[]), Err(SdJwtVcError::NotSdJwtVc));
    assert_eq!(parse(header(), &without, &[]).unwrap_err().code(), "sd-jwt-claim-invalid");
    for typ in [json!("JWT"), json!("vp+sd-jwt"), Value::Null] {
        let header = with(header(), "/typ", typ);
        assert_eq!(parse(header, &claims(), &[]).unwrap_err().code(), "media-type-unsupported");
    }
}

#[test]
fn malformed_claims_are_refused() {
    for (pointer, value) in [
        ("/vct", json!("")),
        ("/vct", json!(1)),
        ("/vct#integrity", json!(1)),
        ("/iss", json!(1)),
        ("/iss", json!("acme")),
        ("/nbf", json!("now")),
        ("/exp", json!(1.5)),
        ("/iat", json!([])),
        ("/cnf", json!({})),
        ("/status", json!({})),
        ("/status", json!("x")),
        ("/status", json!({ "status_list": {} })),
        ("/aka_vcts", json!([])),
        ("/aka_vcts", json!([VCT])),
        ("/aka_vcts", json!([1])),
    ] {
        let error = parse(header(), &with(claims(), pointer, value.clone()), &[]).unwrap_err();
        assert_eq!(error.code(), "sd-jwt-claim-invalid", "{pointer} {value}");
    }
    let also = with(claims(), "/aka_vcts", json!(["urn:base"]));
    let also = parse(header(), &also, &[]).unwrap();
    assert!(also.is_type(VCT) && also.is_type("urn:base") && !also.is_type("urn:other"));
    let other = with(claims(), "/status", json!({ "other": {} }));
    let other = parse(header(), &other, &[]).unwrap();
    assert_eq!((other.token_status(), other.unknown_status()), (None, &["other".to_owned()][..]));
    // A list that is read is not all there is to look at.
    let both = with(claims(), "/status/other", json!({}));
    let both = parse(header(), &both, &[]).unwrap();
    assert!(both.token_status().is_some());
    assert_eq!(both.unknown_status(), ["other"]);
    let none = with(claims(), "/status", Value::Null);
    let none = parse(header(), &none, &[]).unwrap();
    assert!(none.token_status().is_none() && none.unknown_status().is_empty());
}

#[test]
fn the_issuers_key_is_where_the_credential_says() {
    let key = |header: Value, payload: Value| {
        parse(header, &payload, &[]).map(|one| one.issuer_key().clone())
    };
    let did = IssuerKey::Did { issuer: issuer().did, method: issuer().method };
    assert_eq!(key(header(), claims()), Ok(did.clone()));
    let fragment = issuer().method.split_once('#').unwrap().1.to_owned();
    assert_eq!(key(with(header(), "/kid", json!(format!("#{fragment}"))), claims()), Ok(did));
    for kid in [Value::Null, json!("k"), json!("did:key:other#k"), json!(issuer().did), json!("#")]
    {
        let error = key(with(header(), "/kid", kid.clone()), claims()).unwrap_err();
        assert_eq!(error.code(), "jose-key-id-missing", "{kid}");
    }
    let web = with(claims(), "/iss", json!("https://acme.example"));
    let metadata = IssuerKey::Metadata {
        issuer: "https://acme.example".to_owned(),
        kid: Some("k".to_owned()),
    };
    assert_eq!(key(with(header(), "/kid", json!("k")), web.clone()), Ok(metadata));
    let plain = json!({ "typ": "dc+sd-jwt" });
    assert_eq!(key(plain.clone(), with(claims(), "/iss", Value::Null)), Ok(IssuerKey::Unsaid));
    assert_eq!(
        key(plain.clone(), with(claims(), "/iss", json!("http://a.example"))),
        Ok(IssuerKey::Unsaid)
    );
    let x5c = |chain: Value| with(plain.clone(), "/x5c", chain);
    let leaf = example(&[(0x82, "acme.example")]);
    let chain = x5c(json!([encoding::b64(&leaf), "BA=="]));
    let certificates = IssuerKey::Certificates(vec![leaf, vec![4]]);
    assert_eq!(key(chain.clone(), web.clone()), Ok(certificates.clone()));
    assert_eq!(key(chain.clone(), with(claims(), "/iss", Value::Null)), Ok(certificates));
    // A certificate says nothing of others.
    for other in [json!(issuer().did), json!("https://gov.example"), json!("http://acme.example")] {
        let error = key(chain.clone(), with(claims(), "/iss", other.clone())).unwrap_err();
        assert_eq!(error, SdJwtVcError::IssuerNotNamed, "{other}");
    }
    for chain in [
        json!([]),
        json!("AQID"),
        json!([1]),
        json!(["BA"]),
        json!(["_-_-"]),
        json!(vec!["AQID"; 9]),
    ] {
        let error = key(x5c(chain.clone()), web.clone()).unwrap_err();
        assert_eq!(error.code(), "sd-jwt-claim-invalid", "{chain}");
    }
}

#[test]
fn certificates_are_written_as_they_are_read() {
    let chain = [example(&[(0x82, "acme.example")]), vec![4]];
    let claims = with(claims(), "/iss", json!("https://acme.example/issuer"));
    let (mut rng, issuer) = (SeededRng::new(1), issuer());
    let none = Concealment::default();
    let made = issue(claims, &none, KeyName::Certificates(&chain), &issuer.key, &mut rng);
    assert_eq!(made.unwrap().issuer_key(), &IssuerKey::Certificates(chain.to_vec()));
}

fn metadata() -> Value {
    json!({
        "vct": VCT,
        "name": "Identity",
        "display": [{ "locale": "de-DE", "name": "Ausweis" }, { "lang": "fr", "name": "Carte" }],
        "extends": "urn:base", "extends#integrity": "sha256-y",
        "claims": [
            { "path": ["given_name"], "sd": "always", "mandatory": true },
            { "path": ["address", "locality"], "sd": "never" },
            { "path": ["address", "country"] },
        ],
        "other": 1,
    })
}

#[test]
fn type_metadata_is_what_was_fixed() {
    let bytes = metadata().to_string().into_bytes();
    let good = format!("sha256-{}", encoding::b64(sha256(&[&bytes]).as_bytes()));
    let read = |integrity: Option<&str>| TypeMetadata::parse(&bytes, VCT, integrity);
    let document = read(Some(&good)).unwrap();
    assert_eq!(document.extends(), Some(("urn:base", Some("sha256-y"))));
    assert_eq!(document.name("de-DE"), Some("Ausweis"));
    assert_eq!(document.name("fr"), Some("Carte"));
    assert_eq!(document.name("ja"), Some("Identity"));
    assert_eq!((document.vct(), document.value()), (VCT, &metadata()));
    assert!(read(None).is_ok());
    assert!(read(Some(&format!("sha256-x {good}?a=b"))).is_ok());
    // The strongest function decides.
    let wrong = format!("sha512-{}", encoding::b64(&[0; 64]));
    assert!(read(Some(&format!("{good} {wrong}"))).is_err());
    let strong = format!("sha512-{}", encoding::b64(&inkan_core::digest::sha512(&[&bytes])));
    assert!(read(Some(&format!("sha256-{} {strong}", encoding::b64(&[0; 32])))).is_ok());
    for integrity in
        ["", "sha256-x", "sha384-x", &good.replace("sha256", "sha512"), &format!("{good}x")]
    {
        let error = read(Some(integrity)).unwrap_err();
        assert_eq!(error.code(), "type-metadata-integrity-mismatch", "{integrity}");
    }
    assert_eq!(
        TypeMetadata::parse(&bytes, "urn:other", None).unwrap_err().code(),
        "type-metadata-malformed"
    );
}

#[test]
fn malformed_type_metadata_is_refused() {
    for (pointer, value) in [
        ("/vct", Value::Null),
        ("/name", json!(1)),
        ("/extends", json!([])),
        ("/claims/0/path", json!([])),
        ("/claims/0/path", json!("given_name")),
        ("/claims/0/path", json!([true])),
        ("/claims/0/sd", json!("sometimes")),
        ("/claims/0/sd", json!(true)),
        ("/claims/0/mandatory", json!("yes")),
    ] {
        let bytes = with(metadata(), pointer, value.clone()).to_string();
        let error = TypeMetadata::parse(bytes.as_bytes(), VCT, None).unwrap_err();
        assert_eq!(error.code(), "type-metadata-malformed", "{pointer} {value}");
    }
}

#[test]
fn a_credential_keeps_to_all_types_that_its_type_extends() {
    let document = |vct: &str, extends: Option<&str>, sd: &str, integrity: Option<&str>| {
        let rule = json!({ "path": ["address", "locality"], "sd": sd });
        let mut value = json!({ "vct": vct, "claims": [rule] });
        if let Some(extends) = extends {
            value["extends"] = json!(extends);
            value["extends#integrity"] = json!("sha256-x");
        }
        let bytes = value.to_string().into_bytes();
        let own = format!("sha256-{}", encoding::b64(sha256(&[&bytes]).as_bytes()));
        let mut made = TypeMetadata::parse(&bytes, vct, integrity.map(|_| own.as_str())).unwrap();
        made.fixed = integrity.map(str::to_owned);
        made
    };
    let child = || document(VCT, Some("urn:base"), "allowed", None);
    let base = |sd: &str| document("urn:base", None, sd, Some("sha256-x"));
    let credential = issued(claims(), &["/address/locality"]).unwrap();
    let check = |chain: &[TypeMetadata]| {
        TypeMetadata::check_chain(chain, &credential).map_err(|error| error.code())
    };
    assert_eq!(check(&[child(), base("allowed")]), Ok(()));
    assert_eq!(check(&[child(), base("never")]), Err("type-metadata-violated"));
    let malformed = Err("type-metadata-malformed");
    for chain in [
        vec![],
        vec![base("allowed")],
        // One is missing, one too many, another one, or not the one that was fixed.
        vec![child()],
        vec![child(), base("allowed"), base("allowed")],
        vec![child(), document("urn:other", None, "allowed", Some("sha256-x"))],
        vec![child(), document("urn:base", None, "allowed", None)],
        vec![child(), document("urn:base", Some(VCT), "allowed", Some("sha256-x"))],
        // Round in a circle.
        vec![
            child(),
            document("urn:base", Some(VCT), "allowed", Some("sha256-x")),
            document(VCT, None, "allowed", Some("sha256-x")),
        ],
    ] {
        assert_eq!(check(&chain), malformed, "{chain:?}");
    }
}

#[test]
fn a_credential_keeps_to_its_type() {
    let check = |claims: Value, concealed: &[&str]| {
        let bytes = metadata().to_string();
        let document = TypeMetadata::parse(bytes.as_bytes(), VCT, None).unwrap();
        document.check(&issued(claims, concealed).unwrap()).map_err(|error| error.code())
    };
    let violated = Err("type-metadata-violated");
    assert_eq!(check(claims(), &["given_name"]), Ok(()));
    assert_eq!(check(claims(), &["given_name", "/address/country"]), Ok(()));
    assert_eq!(check(claims(), &[]), violated);
    assert_eq!(check(claims(), &["given_name", "/address/locality"]), violated);
    assert_eq!(check(with(claims(), "/given_name", Value::Null), &[]), violated);
    let other = with(claims(), "/vct", json!("urn:other"));
    assert_eq!(check(other, &["given_name"]), Err("type-metadata-malformed"));
}
