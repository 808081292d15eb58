//! Countersigning what other formats secure: SD-JWT VCs, suites over RDF, and those of which the holder shows parts. Where it cannot be, that is
//! said, with a code.

use inkan_credential::countersignature::{Decision, Role};
use inkan_credential::sd_jwt::ClaimPath;
use inkan_credential::selective::{Disclosure, derive};
use inkan_credential::{Contexts, Cryptosuite, Format, SecuredCredential};
use inkan_crypto::{KeyType, SecretKey};
use inkan_holder::{Act, ActError, Acted, accept};
use inkan_issuer::{Disclosable, IssueRequest, Securing, draft, issue_with};
use inkan_tests::made::tampered_compact;
use inkan_tests::world::{CLAIM, Case, HOLDER, ISSUER, ORIGIN, World};
use inkan_verifier::CheckName;
use serde_json::{Map, json};

use super::expect::{accepted, passed, worthless};
use super::younger::add_key;

/// A credential about the holder, secured in this way by the issuer's key, or by another one of it.
fn issued(
    world: &mut World,
    securing: &Securing<'_>,
    other: Option<&(String, SecretKey)>,
    log: Option<&str>,
) -> Case {
    let (issuer, holder) = (&world.actors[ISSUER.0], &world.actors[HOLDER.0]);
    let mut claims = Map::new();
    claims.insert("name".to_owned(), CLAIM.into());
    let request = IssueRequest {
        types: &["Badge".to_owned()],
        contexts: &["https://www.w3.org/ns/credentials/examples/v2".into()],
        issuer: issuer.did.as_str(),
        issuer_name: None,
        subject: Some(holder.did.as_str()),
        subject_key: None,
        claims: &claims,
        evidence: &[],
        valid_from: world.now,
        valid_until: None,
        status: &[],
        schema: None,
        log,
    };
    let draft = draft(&request, &mut world.rng).expect("a draft");
    let (method, key) = match other {
        Some((fragment, key)) => (format!("{}#{fragment}", issuer.did), key),
        None => (issuer.method(), &issuer.key),
    };
    let made = issue_with(draft, securing, (&method, key), world.now, &mut world.rng);
    let made = made.expect("a credential");
    let mut case = Case {
        credential: made.credential,
        beside: Vec::new(),
        entries: Vec::new(),
        opening: made.opening,
        status: None,
        acts: Vec::new(),
    };
    if log.is_some() {
        world.record(&mut case, ISSUER);
    }
    case
}

fn tried(world: &mut World, credential: &SecuredCredential) -> Result<Acted, ActError> {
    let actor = &world.actors[HOLDER.0];
    let method = actor.method();
    let role = Role::Holder;
    let act = Act { role, method: &method, log: ORIGIN, beside: &[], reason: None, under: None };
    accept(credential, &act, &actor.key, world.now, &mut world.rng)
}

#[test]
fn a_credential_by_a_suite_over_rdf_is_countersigned_by_a_proof_more() {
    for (key_type, suite) in [
        (KeyType::Ed25519, Cryptosuite::EddsaRdfc2022),
        (KeyType::P256, Cryptosuite::EcdsaRdfc2019),
    ] {
        let mut world = World::with_keys(940, key_type);
        let securing = Securing::DataIntegrity(suite.clone(), Contexts::built_in());
        let mut case = issued(&mut world, &securing, None, Some(ORIGIN));
        world.accept(&mut case);
        let value = case.credential.to_value();
        // The issuer's suite stays, and the countersigner's is one over JCS.
        assert_eq!(value["proof"][0]["cryptosuite"], suite.as_str());
        assert_ne!(value["proof"][1]["cryptosuite"], suite.as_str());
        let verification = world.parts(&case).judge(&world.context());
        let signed = &accepted(&verification).countersignatures()[0];
        assert_eq!((signed.role(), signed.decision()), (Role::Holder, Decision::Accept));
        assert!(signed.recorded().is_some());
        // A claim, and the role: neither can be changed under it.
        for (pointer, name, code) in [
            (
                "/proof/1/countersignature/role",
                CheckName::Countersignature,
                "countersignature-invalid",
            ),
            ("/credentialSubject/name", CheckName::Signature, "credential-proof-invalid"),
        ] {
            let mut changed = value.clone();
            *changed.pointer_mut(pointer).expect("a member") = json!("notary");
            let mut parts = world.parts(&case);
            parts.put(SecuredCredential::parse_value(changed).expect("readable"));
            worthless(&parts.judge(&world.context()), name, code);
        }
        // Taken back as well.
        world.withdraw(&mut case);
        let verification = world.parts(&case).judge(&world.context());
        let last = accepted(&verification).countersignatures().last().expect("a withdrawal");
        assert_eq!(last.decision(), Decision::Withdraw);
    }
}

#[test]
fn an_sd_jwt_vc_is_countersigned_whole_and_stays_so_in_parts() {
    let mut world = World::new(941);
    let securing = Securing::SdJwtVc(Disclosable { claims: &[], decoys: 0 });
    let mut case = world.issue_secured(&securing, None, None);
    assert_eq!(case.credential.format(), Format::SdJwt);
    world.accept(&mut case);
    let verification = world.parts(&case).judge(&world.context());
    let signed = &accepted(&verification).countersignatures()[0];
    assert_eq!(signed.decision(), Decision::Accept);
    assert!(signed.recorded().is_some() && signed.is_by_subject());
    assert!(!passed(&verification, CheckName::Countersignature).evidence.contains_key("text"));
    // Of a part it is the same signature, and the report says that the text cannot be compared.
    let name = ClaimPath::parse("name").expect("a path");
    let part = inkan_holder::disclose(&case.credential, &[name]).expect("a part");
    let mut parts = world.parts(&case);
    parts.put(part.clone());
    let verification = parts.judge(&world.context());
    assert_eq!(accepted(&verification).countersignatures().len(), 1);
    assert_eq!(passed(&verification, CheckName::Countersignature).evidence["text"], "unchecked");
    // A changed one, and one of another credential.
    parts.beside[0] = tampered_compact(&parts.beside[0], 2);
    let verification = parts.judge(&world.context());
    worthless(&verification, CheckName::Countersignature, "countersignature-invalid");
    let other = world.issue_secured(&securing, None, None);
    let mut parts = world.parts(&other);
    parts.beside.clone_from(&case.beside);
    let verification = parts.judge(&world.context());
    worthless(&verification, CheckName::Countersignature, "countersignature-invalid");
    // Nobody signs for words that are not on the screen, nor for such as may be hidden.
    let securing = Securing::SdJwtVc(Disclosable { claims: &[], decoys: 200 });
    let decoys = world.issue_secured(&securing, None, None);
    for hidden in [part, decoys.credential] {
        let error = tried(&mut world, &hidden).expect_err("a part");
        assert_eq!(error.code(), "countersignature-of-part");
    }
}

#[test]
fn an_unlinkable_credential_is_countersigned_by_nobody() {
    let mut world = World::new(942);
    let key = add_key(&mut world, KeyType::Bls12381G2, &["assertionMethod"]);
    let contexts = Contexts::built_in();
    let securing = Securing::Selective { suite: Cryptosuite::Bbs2023, mandatory: &[], contexts };
    let case = issued(&mut world, &securing, Some(&key), None);
    let error = tried(&mut world, &case.credential).expect_err("it would link its parts");
    assert_eq!(error.code(), "disclosure-linkable");
    let shown = Disclosure { pointers: &["/credentialSubject"], ..Disclosure::default() };
    let part = derive(&case.credential, &shown, contexts, &mut world.rng).expect("a part");
    let error = tried(&mut world, &part).expect_err("a part");
    assert_eq!(error.code(), "countersignature-of-part");
    // A signature that somebody makes for something else covers neither.
    let other = world.issue(Format::Jose);
    let acted = tried(&mut world, &other.credential).expect("an act");
    let mut parts = world.parts(&case);
    parts.put(part);
    parts.beside.extend(acted.beside);
    let used =
        inkan_verifier::Context { receipts: inkan_verifier::Receipts::Used, ..world.context() };
    let verification = parts.judge(&used);
    worthless(&verification, CheckName::Countersignature, "countersignature-invalid");
}
