//! SD-JWT VCs whose issuer is an https URL, by what that issuer publishes (`jwt-vc-issuer`), against npm `jose`: each side issues, each side verifies.

use inkan_core::Timestamp;
use inkan_credential::proof_check::{self, Named, ProofOutcome};
use inkan_credential::sd_jwt_vc::{IssuerKey, SdJwtVc};
use inkan_credential::{Contexts, SecuredCredential};
use inkan_crypto::KeyType;
use inkan_did::published;
use inkan_issuer::{Disclosable, Securing};
use inkan_tests::made::{moment, tampered_compact};
use inkan_tests::peer::{self, Peer};
use inkan_tests::world::{HOLDER, ISSUER, World};
use serde_json::{Value, json};

const ALL: Disclosable<'static> = Disclosable { claims: &[], decoys: 2 };

/// A moment at which what a world issues is in force.
const AT: &str = "2026-06-15T09:00:00Z";

fn asked(peer: &Peer, compact: &str, served: &Value) -> Value {
    let at = Timestamp::parse(AT).expect("a time").seconds();
    peer.ask(&json!({ "do": "verify-at-url", "compact": compact, "served": served, "at": at }))
}

#[test]
fn what_our_https_issuers_sign_is_verified_by_npm_jose_with_their_metadata() {
    let Some(peer) = peer::installed("jose") else { return };
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let mut world = World::with_keys(901, key_type);
        let issuer = &world.actor(ISSUER).did;
        let url = published::issuer_url(issuer).expect("a place on the web");
        let place = published::metadata_url(issuer).expect("a place for its metadata");
        let case = world.issue_secured(&Securing::SdJwtVcAt(ALL, &url), None, None);
        let compact = case.credential.to_bare();
        let history = world.actor(ISSUER).history(world.now);
        let metadata = published::jwt_vc_issuer(history.latest().document()).expect("metadata");
        let served = json!({ &place: metadata });
        let answer = asked(&peer, &compact, &served);
        assert_eq!(answer["verified"], true, "{answer}");
        assert_eq!(answer["claims"]["iss"], url);
        for part in 0..3 {
            let answer = asked(&peer, &tampered_compact(&compact, part), &served);
            assert_eq!(answer["verified"], false, "{part}: {answer}");
        }
        // Nobody else's metadata will do: those of another issuer, of none, with another key under the same name.
        let mut others = served.clone();
        others[&place]["issuer"] = "https://elsewhere.example".into();
        let mut another = served.clone();
        let key = world.actor(HOLDER).key.public_key().to_jwk();
        for (name, value) in key.as_object().expect("members") {
            another[&place]["jwks"]["keys"][0][name] = value.clone();
        }
        for served in [others, another, json!({})] {
            assert_eq!(asked(&peer, &compact, &served)["verified"], false);
        }
    }
}

#[test]
fn what_npm_jose_signs_as_an_https_issuer_is_checked_here_with_its_metadata() {
    let Some(peer) = peer::installed("jose") else { return };
    let issuer = "https://issuer.example/badges";
    let claims = json!({
        "iss": issuer, "vct": "https://issuer.example/types/badge", "iat": moment().seconds(), "name": "Ada",
    });
    for alg in ["EdDSA", "ES256", "ES384"] {
        let answer = peer.ask(&json!({
            "do": "issue-at-url", "alg": alg, "kid": "key-1", "claims": claims, "hidden": ["name"],
        }));
        let compact = answer["compact"].as_str().expect("an SD-JWT");
        let vc = SdJwtVc::parse(compact).expect("an SD-JWT VC");
        let named =
            IssuerKey::Metadata { issuer: issuer.to_owned(), kid: Some("key-1".to_owned()) };
        assert_eq!((vc.issuer_key(), &vc.claims()["name"]), (&named, &json!("Ada")));
        let place = published::metadata_of(issuer).expect("a place");
        assert_eq!(place, "https://issuer.example/.well-known/jwt-vc-issuer/badges");
        let metadata = answer["served"][&place].to_string();
        let key = published::key_in(metadata.as_bytes(), issuer, Some("key-1")).expect("its key");
        assert_eq!(vc.verify(&key), Ok(()));
        let checked = |compact: &str, metadata: &str| {
            let mut key_of = |named: Named<'_>| match named {
                Named::Issuer { url, kid } => published::key_in(metadata.as_bytes(), url, kid),
                Named::Method(_) | Named::Certificate(_) => None,
            };
            proof_check::check_named(compact.as_bytes(), &mut key_of, Contexts::built_in())
        };
        assert!(checked(compact, &metadata).expect("read").holds(), "{alg}");
        for part in 0..3 {
            let holds = checked(&tampered_compact(compact, part), &metadata);
            assert!(!holds.is_ok_and(|report| report.holds()), "{alg} {part}");
        }
        let of_another = metadata.replace("issuer.example/badges", "issuer.example/other");
        let report = checked(compact, &of_another).expect("read");
        assert_eq!(report.proofs[0].outcome, ProofOutcome::KeyUnavailable);
        assert!(SecuredCredential::parse(compact.as_bytes()).is_ok());
    }
}
