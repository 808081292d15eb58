//! What a wallet shows of the holder's key, where the ledger does not answer: a nonce counts once, whatever the ledger took.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use inkan_assurance::Policy;
use inkan_core::rng::insecure::SeededRng;
use inkan_core::{Digest, Timestamp};
use inkan_credential::bundle::Bundle;
use inkan_credential::model::{StatusEntry, StatusPurpose};
use inkan_credential::{Contexts, SecuredCredential};
use inkan_crypto::{KeyType, SecretKey, jws};
use inkan_did::self_contained::did_key;
use inkan_evidence::Registry;
use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::gather::Network;
use inkan_issuer::AtHand;
use inkan_server::credentials::{
    Allotment, Backing, BackingError, Grounds, Issuer, Recording, StatusChange, Suite,
};
use inkan_verifier::{KnownState, Want};
use serde_json::{Map, Value, json};

use super::api::{self, Api, credential};

const WALLET: &str = "did:web:wallet.example";
const AWAY: BackingError = BackingError { code: "ledger-unreachable", is_callers: false };

/// A ledger that takes everything, and does not say so; what it took is found when it is asked for again.
#[derive(Debug)]
struct Silent {
    issuers: Vec<Issuer>,
    taken: Mutex<BTreeMap<Digest, SecuredCredential>>,
    /// Whether the wallet's provider is trusted.
    trusts: AtomicBool,
}

impl Backing for Silent {
    fn issuers(&self) -> Result<Vec<Issuer>, BackingError> {
        Ok(self.issuers.clone())
    }
    fn log_of(&self, _: &Issuer) -> Option<&str> {
        Some("ledger.example")
    }
    fn is_ours(&self, _: &str) -> Result<bool, BackingError> {
        Ok(false)
    }
    fn begin(&self, _: Timestamp) -> Result<Box<dyn Recording + '_>, BackingError> {
        Ok(Box::new(Session(self)))
    }
    fn ready(&self, _: Timestamp) -> Result<(), BackingError> {
        Ok(())
    }
    fn grounds(
        &self,
        _: &Bundle,
        _: &[Want],
        _: Network,
        _: Timestamp,
    ) -> Result<Grounds, BackingError> {
        Err(AWAY)
    }
    fn policy(&self, _: &str) -> Result<Policy, BackingError> {
        Err(AWAY)
    }
    fn registries(&self, _: Timestamp) -> Result<Vec<Registry>, BackingError> {
        let provider = json!({
            "id": WALLET, "roles": ["wallet_provider"], "status": "active",
            "keys": [wallet().public_key().to_jwk()],
        });
        let entries = if self.trusts.load(Ordering::SeqCst) { vec![provider] } else { Vec::new() };
        let registry = json!({
            "type": "inkan-registry/1", "id": "https://r.example", "sequence": 1,
            "issuedAt": "2026-01-01T00:00:00Z", "entries": entries,
        });
        Ok(vec![Registry::from_value(&registry).expect("a registry")])
    }
    fn remember(&self, _: &[KnownState]) -> Result<(), BackingError> {
        Ok(())
    }
    fn bundle(&self, _: &SecuredCredential, _: Timestamp) -> Result<Option<Bundle>, BackingError> {
        Ok(None)
    }
    fn registry(
        &self,
        _: &str,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Option<Registry>, BackingError> {
        Ok(None)
    }
    fn at_hand(&self, _: &BTreeSet<String>) -> Result<AtHand, BackingError> {
        Ok(AtHand::default())
    }
    fn contexts(&self) -> Option<Arc<Contexts>> {
        None
    }
}

struct Session<'a>(&'a Silent);

impl Recording for Session<'_> {
    fn issuers(&self) -> &[Issuer] {
        &self.0.issuers
    }
    fn again(&self, request: &Digest) -> Result<Option<SecuredCredential>, BackingError> {
        Ok(self.0.taken.lock().unwrap().get(request).cloned())
    }
    fn allot(&mut self, _: &Issuer, _: &Allotment) -> Result<Vec<StatusEntry>, BackingError> {
        Err(AWAY)
    }
    fn record(
        &mut self,
        _: &Issuer,
        credential: &SecuredCredential,
        _: Option<&str>,
        request: &Digest,
    ) -> Result<(), BackingError> {
        self.0.taken.lock().unwrap().insert(*request, credential.clone());
        Err(AWAY)
    }
    fn places(&self, _: &str, _: StatusPurpose) -> Result<Vec<StatusEntry>, BackingError> {
        Err(AWAY)
    }
    fn may_change(&self, _: &StatusEntry, _: &StatusChange) -> Result<bool, BackingError> {
        Err(AWAY)
    }
    fn change(&mut self, _: &StatusEntry, _: &StatusChange) -> Result<bool, BackingError> {
        Err(AWAY)
    }
}

fn wallet() -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(71))
}

fn key_of_holder() -> SecretKey {
    SecretKey::generate(KeyType::P256, &mut SeededRng::new(72))
}

/// What the provider attests of the holder's key, over a nonce.
fn attested(nonce: &str) -> String {
    let time = OsClock.now().seconds();
    let claims = json!({
        "iss": WALLET, "iat": time - 10, "exp": time + 3_600, "nonce": nonce,
        "attested_keys": [key_of_holder().public_key().to_jwk()],
        "key_storage": ["iso_18045_high"], "user_authentication": ["iso_18045_moderate"],
    });
    let header: Map<String, Value> =
        [("typ".to_owned(), "key-attestation+jwt".into())].into_iter().collect();
    jws::sign(header, claims.to_string().as_bytes(), &wallet()).expect("a signature")
}

#[test]
fn a_nonce_counts_once_whatever_became_of_its_credential_on_the_ledger() {
    let issuers = api::issuers();
    let (taken, trusts) = (Mutex::default(), AtomicBool::new(true));
    let backing = Arc::new(Silent { issuers: issuers.clone(), taken, trusts });
    let resting: Arc<dyn Backing> = Arc::<Silent>::clone(&backing);
    let api = Api::with(|options| {
        options.issuers = issuers;
        options.backing = Some(resting);
    });
    let did = did_key(&key_of_holder().public_key());
    let first = attested("n-1");
    let ask = |grade: &str, token: &str| {
        let subject = json!({ "id": did, "description": grade });
        let value = credential(json!({ "credentialSubject": subject }));
        let options = json!({ "keyAttestation": token, "attestationNonce": "n-1" });
        api.try_issue(Suite::EddsaJcs, &value, options)
    };
    let answer = ask("one", &first);
    assert_eq!((answer.status, answer.code().as_str()), (503, "ledger-unreachable"));
    // Another credential under this nonce would be the second, whatever the ledger says of the first.
    for token in [&first, &attested("n-1")] {
        let answer = ask("two", token);
        assert_eq!((answer.status, answer.code().as_str()), (400, "nonce-invalid"));
    }
    // Whoever asks for the same again has what was recorded, though the provider is trusted no more.
    backing.trusts.store(false, Ordering::SeqCst);
    let answer = ask("one", &first);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json()["verifiableCredential"].clone();
    assert_eq!(made["keyStatement"]["walletProvider"], WALLET, "{made}");
    assert_eq!(ask("two", &first).code(), "attestation-untrusted");
    assert_eq!(backing.taken.lock().unwrap().len(), 1);
}
