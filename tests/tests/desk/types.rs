//! What the desk calls the type of what was presented: by the metadata that its profile pins, in the reader's language.

use std::collections::BTreeSet;
use std::sync::Arc;

use inkan_assurance::{Policy, builtin};
use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::presentation::{self, PresentationTerms};
use inkan_credential::sd_jwt::Concealment;
use inkan_credential::{Bundle, Contexts, SecuredCredential, sign};
use inkan_crypto::KeyType;
use inkan_evidence::Registry;
use inkan_io::gather::{Network, from_bundle};
use inkan_issuer::AtHand;
use inkan_server::credentials::{
    self, ApiOptions, Backing, BackingError, Grounds, Issuer, Protection, Recording, Role,
    Transport,
};
use inkan_server::desk::DeskOptions;
use inkan_tests::made::{Party, moment};
use inkan_tests::made_node::{HttpClient, loopback, unlimited};
use inkan_tests::soft_authenticator::PAGE;
use inkan_tests::{fixtures, read_json};
use inkan_verifier::{KnownState, Want};
use serde_json::{Value, json};

use super::super::{Hand, TOKEN, write};

/// A profile that pins at most one file, and has no ledger.
#[derive(Debug)]
struct Pins(Option<(String, Vec<u8>)>);

impl Backing for Pins {
    fn issuers(&self) -> Result<Vec<Issuer>, BackingError> {
        Ok(Vec::new())
    }
    fn log_of(&self, _: &Issuer) -> Option<&str> {
        None
    }
    fn is_ours(&self, _: &str) -> Result<bool, BackingError> {
        Ok(false)
    }
    fn begin(&self, _: Timestamp) -> Result<Box<dyn Recording + '_>, BackingError> {
        Err(BackingError { code: "ledger-missing", is_callers: false })
    }
    fn ready(&self, _: Timestamp) -> Result<(), BackingError> {
        Ok(())
    }
    fn grounds(
        &self,
        bundle: &Bundle,
        _: &[Want],
        _: Network,
        _: Timestamp,
    ) -> Result<Grounds, BackingError> {
        let mut material = from_bundle(bundle);
        material.resources.extend(self.0.clone());
        Ok(Grounds::of(material))
    }
    fn policy(&self, name: &str) -> Result<Policy, BackingError> {
        builtin(name).ok_or(BackingError { code: "policy-unknown", is_callers: true })
    }
    fn registry(
        &self,
        _: &str,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Option<Registry>, BackingError> {
        Ok(None)
    }
    fn registries(&self, _: Timestamp) -> Result<Vec<Registry>, BackingError> {
        Ok(Vec::new())
    }
    fn remember(&self, _: &[KnownState]) -> Result<(), BackingError> {
        Ok(())
    }
    fn bundle(&self, _: &SecuredCredential, _: Timestamp) -> Result<Option<Bundle>, BackingError> {
        Ok(None)
    }
    fn at_hand(&self, _: &BTreeSet<String>) -> Result<AtHand, BackingError> {
        Ok(AtHand::default())
    }
    fn contexts(&self) -> Option<Arc<Contexts>> {
        None
    }
}

/// A certificate of the type in the fixtures, for its holder.
fn certificate(issuer: &Party, holder: &Party, vct: &str) -> SecuredCredential {
    let mut claims = read_json(&fixtures().join("course-completion/claims.json"));
    let members = json!({
        "vct": vct, "iss": issuer.did, "sub": holder.did, "iat": moment().seconds(),
        "cnf": { "jwk": holder.public_key().to_jwk() },
    });
    for (name, value) in members.as_object().expect("members") {
        claims[name] = value.clone();
    }
    let rng = &mut SeededRng::new(5);
    sign::issue_sd_jwt_vc(claims, &Concealment::default(), &issuer.method, &issuer.key, rng)
        .expect("a credential")
}

/// The pages, in English and in Japanese, of a desk that pins this and was shown a certificate.
fn verdict(pinned: Option<&Value>) -> [String; 2] {
    let named = read_json(&fixtures().join("course-completion/type.json"));
    let vct = named["vct"].as_str().expect("a type").to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder, "tokens", TOKEN.as_bytes());
    let clock = Arc::new(Hand::default());
    let tokens = Protection::Tokens(folder.path().join("tokens"));
    let mut options = ApiOptions::new(loopback(), tokens, Vec::new());
    options.roles = vec![Role::Verifier];
    options.transport = Transport::Plain;
    options.public_url = Some(PAGE.to_owned());
    options.limits = unlimited();
    let file = pinned.map(|value| (vct.clone(), value.to_string().into_bytes()));
    options.backing = Some(Arc::new(Pins(file)));
    options.desk = Some(DeskOptions {
        folder: folder.path().join("desk"),
        asker: "A school".to_owned(),
        metadata: None,
        reports: None,
    });
    let running = credentials::spawn(options, Arc::clone(&clock) as _).expect("it starts");
    let client = || HttpClient::new(running.address());
    let body =
        json!({ "policy": "authentic", "minAal": "AAL-1", "why": "to enrol", "register": "never" });
    let operator = client().with("authorization", &format!("Bearer {TOKEN}"));
    let asked = operator.post("/desk/sessions", "application/json", body.to_string().as_bytes());
    assert_eq!(asked.status, 201, "{}", asked.text());
    let asked = asked.json();
    let text = |name: &str| asked[name].as_str().expect("text").to_owned();
    let path = text("url").strip_prefix(PAGE).expect("a page of ours").to_owned();

    let rng = &mut SeededRng::new(22);
    let (issuer, holder) = (Party::new(KeyType::Ed25519, rng), Party::new(KeyType::P256, rng));
    let terms = PresentationTerms {
        holder: &holder.did,
        method: &holder.method,
        nonce: &text("nonce"),
        audience: PAGE,
        created: inkan_io::clock::Clock::now(&*clock),
    };
    let credential = certificate(&issuer, &holder, &vct);
    let shown = presentation::present_key_bound(&credential, &terms, &holder.key);
    let shown = shown.expect("a presentation").to_bare();
    let answer = client().post(&path, "application/json", shown.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    ["en-GB", "ja"]
        .map(|language| client().with("accept-language", language).get(&path).text().to_owned())
}

#[test]
fn a_type_is_called_by_its_pinned_name_in_the_language_of_the_reader() {
    let (english, japanese) = ("Course completion certificate", "講座修了証");
    let metadata = read_json(&fixtures().join("course-completion/type.json"));
    let [en, ja] = verdict(Some(&metadata));
    assert!(en.contains("✓ Accepted") && en.contains(english) && !en.contains(japanese), "{en}");
    assert!(ja.contains(japanese) && !ja.contains(english), "{ja}");
    // A name is text, whoever wrote the metadata.
    let mut sly = metadata;
    for one in sly["display"].as_array_mut().expect("names") {
        one["name"] = "<b>Accepted</b>".into();
    }
    let [en, ja] = verdict(Some(&sly));
    for page in [en, ja] {
        assert!(page.contains("&lt;b&gt;Accepted&lt;/b&gt;") && !page.contains("<b>Accepted"));
    }
    // What is not pinned is called nothing.
    for page in verdict(None) {
        assert!(!page.contains(english) && !page.contains(japanese), "{page}");
    }
}
