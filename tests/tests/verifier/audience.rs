//! Credentials that their issuers made out to somebody (`aud`): who else is shown them does not rely on them.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::presentation::{PresentationTerms, present_jose};
use inkan_credential::sd_jwt::{ClaimPath, Concealment};
use inkan_credential::{Artefact, Bundle, SecuredCredential, sign};
use inkan_crypto::KeyType;
use inkan_tests::made::Party;
use inkan_tests::world::{AUDIENCE, NONCE, World};
use inkan_verifier::{CheckName, Material, Receipts, Verification, verify};
use serde_json::{Value, json};

use super::expect::{accepted, open, refused};

const CODE: &str = "credential-audience-mismatch";

fn parties() -> (Party, Party) {
    let rng = &mut SeededRng::new(71);
    (Party::new(KeyType::P256, rng), Party::new(KeyType::Ed25519, rng))
}

fn claims(issuer: &Party, holder: &Party, audience: Value) -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "Badge"], "issuer": issuer.did,
        "validFrom": "2026-06-01T00:00:00Z", "aud": audience,
        "credentialSubject": { "id": holder.did, "name": "Ada" },
    })
}

/// The same in each form that has claims of JWTs.
fn each(issuer: &Party, claims: &Value) -> [SecuredCredential; 3] {
    let (method, key) = (issuer.method.as_str(), &issuer.key);
    [
        sign::issue_jose(claims.clone(), method, key).expect("a credential"),
        sign::issue_cose(claims.clone(), method, key).expect("a credential"),
        sign::issue_sd_jwt_plain(claims.clone(), method, key).expect("a credential"),
    ]
}

fn shown(credential: SecuredCredential, holder: &Party) -> Verification {
    let world = World::new(600);
    let terms = PresentationTerms {
        holder: &holder.did,
        method: &holder.method,
        nonce: NONCE,
        audience: AUDIENCE,
        created: world.now,
    };
    let presentation = present_jose(&[credential], &terms, &holder.key).expect("a presentation");
    let mut context = world.asking();
    context.receipts = Receipts::Used;
    verify(&Bundle::of(Artefact::Presentation(presentation)), &Material::default(), &context)
}

#[test]
fn whom_a_credential_is_made_out_to_may_rely_on_it() {
    let (issuer, holder) = parties();
    for audience in [json!(AUDIENCE), json!(["https://else.example", AUDIENCE])] {
        for credential in each(&issuer, &claims(&issuer, &holder, audience)) {
            accepted(&shown(credential, &holder));
        }
    }
}

#[test]
fn nobody_else_may() {
    let (issuer, holder) = parties();
    for credential in each(&issuer, &claims(&issuer, &holder, json!("https://else.example"))) {
        refused(&shown(credential, &holder), CheckName::Validity, CODE);
    }
    let credential = sign::issue_sd_jwt_vc(
        json!({
            "vct": "Badge", "iss": issuer.did, "sub": holder.did, "iat": 1_781_300_000,
            "aud": "https://else.example", "name": "Ada",
        }),
        &Concealment::default(),
        &issuer.method,
        &issuer.key,
        &mut SeededRng::new(72),
    );
    let credential = credential.expect("a credential");
    assert_eq!(credential.audience(), ["https://else.example"]);
    assert!(credential.credential().value()["credentialSubject"].get("aud").is_none());
}

#[test]
fn without_a_name_of_its_own_a_verifier_cannot_tell() {
    let (issuer, holder) = parties();
    for credential in each(&issuer, &claims(&issuer, &holder, json!(AUDIENCE))) {
        let mut context = World::new(600).context();
        context.receipts = Receipts::Used;
        let bundle = Bundle::of(Artefact::Credential(credential));
        let verification = verify(&bundle, &Material::default(), &context);
        open(&verification, CheckName::Validity, CODE);
        // Nobody may rely on it; who countersigns may look at it.
        assert!(verification.credentials()[0].is_none() && verification.offers()[0].is_some());
    }
}

#[test]
fn for_whom_it_is_excuses_nothing_else() {
    let (issuer, holder) = parties();
    let mut claims = claims(&issuer, &holder, json!(AUDIENCE));
    claims["validUntil"] = json!("2026-06-02T00:00:00Z");
    for credential in each(&issuer, &claims) {
        let mut context = World::new(600).context();
        context.receipts = Receipts::Used;
        let bundle = Bundle::of(Artefact::Credential(credential));
        let verification = verify(&bundle, &Material::default(), &context);
        refused(&verification, CheckName::Validity, "credential-expired");
        assert!(verification.offers()[0].is_none());
    }
}

#[test]
fn an_audience_is_text_and_is_not_kept_back() {
    let (issuer, holder) = parties();
    for audience in [json!(7), json!([7]), json!([]), json!({ "id": AUDIENCE }), json!(null)] {
        let claims = claims(&issuer, &holder, audience);
        assert!(sign::issue_jose(claims.clone(), &issuer.method, &issuer.key).is_err(), "{claims}");
        assert!(sign::issue_cose(claims, &issuer.method, &issuer.key).is_err());
    }
    let paths = [ClaimPath::Pointer("/aud".to_owned())];
    let concealment = Concealment { claims: &paths, decoys: 0 };
    let claims = claims(&issuer, &holder, json!(AUDIENCE));
    let rng = &mut SeededRng::new(73);
    let made = sign::issue_sd_jwt(claims, &concealment, &issuer.method, &issuer.key, rng);
    assert_eq!(made.unwrap_err().code(), "sd-jwt-claim-must-be-plain");
}
