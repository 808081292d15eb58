//! SD-JWT VCs whose issuer is an HTTPS URL and whose key is a DID's: who has to say that both are one.

use inkan_credential::sd_jwt::Concealment;
use inkan_credential::sign;
use inkan_did::published;
use inkan_issuer::{Disclosable, Securing};
use inkan_tests::world::{Case, HOLDER, ISSUER, Parts, World};
use inkan_verifier::{CheckName, Verification};
use serde_json::{Value, json};

use super::expect::{accepted, open, passed, refused};

const NAME: CheckName = CheckName::IssuerLog;
const ALL: Disclosable<'static> = Disclosable { claims: &[], decoys: 0 };

fn url(world: &World) -> String {
    published::issuer_url(&world.actor(ISSUER).did).expect("a place on the web")
}

fn issued(world: &mut World) -> Case {
    let url = url(world);
    let case = world.issue_secured(&Securing::SdJwtVcAt(ALL, &url), None, None);
    assert_eq!(case.credential.https_issuer(), Some(url.as_str()));
    assert_eq!(case.credential.credential().issuer(), world.actor(ISSUER).did.as_str());
    case
}

/// What the host of the issuer serves now.
fn metadata(world: &World) -> Value {
    let history = world.actor(ISSUER).history(world.now);
    published::jwt_vc_issuer(history.latest().document()).expect("metadata")
}

fn with(world: &World, mut parts: Parts, metadata: &Value) -> Verification {
    let place = published::metadata_url(&world.actor(ISSUER).did).expect("a place");
    parts.resources.insert(place, metadata.to_string().into_bytes());
    parts.judge(&world.context())
}

#[test]
fn host_and_did_say_that_they_are_one() {
    let mut world = World::new(801);
    let case = issued(&mut world);
    let verification = with(&world, world.parts(&case), &metadata(&world));
    // Who is trusted, is the DID.
    assert_eq!(accepted(&verification).issuer(), world.actor(ISSUER).did.as_str());
    let line = verification.checks().iter().filter(|check| check.name == NAME);
    assert!(line.clone().any(|check| check.evidence.get("iss") == Some(&url(&world).into())));
    assert!(passed(&verification, CheckName::OnLedger).evidence.contains_key("entry"));
    // The credential outlives its key, whichever of both the host lists.
    let before = metadata(&world);
    world.rotate(ISSUER);
    for said in [before, metadata(&world)] {
        accepted(&with(&world, world.parts(&case), &said));
    }
}

#[test]
fn without_what_the_host_says_it_cannot_be_told() {
    let mut world = World::new(802);
    let case = issued(&mut world);
    open(&world.parts(&case).judge(&world.context()), NAME, "issuer-name-unproved");
    let mut elsewhere = metadata(&world);
    elsewhere["jwks_uri"] = json!("https://ledger.example/keys");
    elsewhere.as_object_mut().expect("an object").remove("jwks");
    open(&with(&world, world.parts(&case), &elsewhere), NAME, "issuer-name-unproved");
}

#[test]
fn a_host_that_names_others_does_not_name_this_one() {
    let mut world = World::new(803);
    let case = issued(&mut world);
    let good = metadata(&world);
    let mut other_issuer = good.clone();
    other_issuer["issuer"] = "https://ledger.example/other".into();
    let mut no_keys = good.clone();
    no_keys["jwks"]["keys"] = json!([]);
    // The name of this DID's key, on another key; and this key, under another name.
    let theirs = world.actor(HOLDER).key.public_key().to_jwk();
    let mut other_key = good.clone();
    for (name, value) in theirs.as_object().expect("members") {
        other_key["jwks"]["keys"][0][name] = value.clone();
    }
    let mut other_name = good.clone();
    other_name["jwks"]["keys"][0]["kid"] = world.actor(HOLDER).method().into();
    for said in [other_issuer, no_keys, other_key, other_name, json!([]), json!("x")] {
        let verification = with(&world, world.parts(&case), &said);
        if said.is_object() {
            refused(&verification, NAME, "issuer-name-mismatch");
        } else {
            assert!(!verification.is_authentic(), "{said}");
        }
    }
}

#[test]
fn a_did_names_no_url_but_that_at_which_it_lives() {
    let world = World::new(804);
    let issuer = world.actor(ISSUER);
    let claims = json!({
        "vct": "Badge", "iss": "https://gov.example", "name": "Ada", "iat": 1_781_300_000,
    });
    let mut rng = inkan_core::rng::insecure::SeededRng::new(5);
    let (method, none) = (issuer.method(), Concealment::default());
    let made = sign::issue_sd_jwt_vc(claims, &none, &method, &issuer.key, &mut rng);
    let credential = made.expect("a credential");
    assert_eq!(credential.https_issuer(), Some("https://gov.example"));
    let case = Case {
        credential,
        beside: Vec::new(),
        entries: Vec::new(),
        opening: None,
        status: None,
        acts: Vec::new(),
    };
    // Even if that host were to list the key.
    let mut said = metadata(&world);
    said["issuer"] = "https://gov.example".into();
    let mut parts = world.parts(&case);
    let place = "https://gov.example/.well-known/jwt-vc-issuer".to_owned();
    parts.resources.insert(place, said.to_string().into_bytes());
    refused(&parts.judge(&world.context()), NAME, "issuer-name-mismatch");
}
