//! Things made for a test: keys of this run, parties with a did:key, credentials with everything in them.
//!
//! In scope: input that several tests share. Out of scope: anything with an expectation in it.

use std::time::{SystemTime, UNIX_EPOCH};

use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_credential::countersignature::{self, Decision, Role, Statement};
use inkan_credential::presentation::{self, Presentation, PresentationTerms};
use inkan_credential::sd_jwt::{ClaimPath, Concealment};
use inkan_credential::sign::ProofTerms;
use inkan_credential::{Contexts, Cryptosuite, SecuredCredential, sign};
use inkan_crypto::{KeyType, PublicKey, SecretKey};
use inkan_did::self_contained::{did_key, did_key_url};
use serde_json::{Value, json};

/// The moment at which everything here is made.
///
/// # Panics
///
/// Never: the text is a time.
#[must_use]
pub fn moment() -> Timestamp {
    Timestamp::parse("2026-06-14T09:00:00Z").expect("a time")
}

/// Random bytes that differ from run to run; good enough for keys that sign nothing of worth.
///
/// # Panics
///
/// If the clock is before 1970.
#[must_use]
pub fn fresh_rng() -> SeededRng {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    SeededRng::new(u64::from(since.subsec_nanos()) << 32 | u64::from(std::process::id()))
}

/// Somebody with a key and its did:key.
#[derive(Debug)]
pub struct Party {
    /// The key.
    pub key: SecretKey,
    /// `did:key:…`
    pub did: String,
    /// The DID URL of the key.
    pub method: String,
}

impl Party {
    /// Makes one whose key is drawn from `rng`.
    #[must_use]
    pub fn new(key_type: KeyType, rng: &mut SeededRng) -> Self {
        let key = SecretKey::generate(key_type, rng);
        let (did, method) = (did_key(&key.public_key()), did_key_url(&key.public_key()));
        Self { key, did, method }
    }

    /// The public half of the key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// The DID document, as a peer without did:key of its own needs it.
    #[must_use]
    pub fn did_document(&self) -> Value {
        json!({
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": self.did,
            "verificationMethod": [{
                "id": self.method,
                "type": "Multikey",
                "controller": self.did,
                "publicKeyMultibase": self.public_key().to_multikey(),
            }],
            "assertionMethod": [self.method],
            "authentication": [self.method],
        })
    }

    /// A credential of this issuer, unsigned, with a ledger record and names beyond ASCII.
    #[must_use]
    pub fn credential(&self, subject: &str) -> Value {
        json!({
            "@context": [
                "https://www.w3.org/ns/credentials/v2",
                { "ledgerRecord": { "@id": "https://inkan.example/vocab#ledgerRecord", "@type": "@json" } },
                { "@vocab": "https://inkan.example/vocab#" },
            ],
            "id": "urn:uuid:5d0e3a52-7a0b-4a5e-9c39-0b7a6f0a8d11",
            "type": ["VerifiableCredential", "Badge"],
            "issuer": self.did,
            "validFrom": "2026-06-14T09:00:00Z",
            "validUntil": "2027-06-14T09:00:00Z",
            "credentialSubject": { "id": subject, "name": "Ayşe Yılmaz", "role": "engineer", "grade": 4.5 },
            "ledgerRecord": { "log": "ledger.example", "salt": "AAECAwQFBgcICQoLDA0ODw" },
        })
    }

    /// The same without a ledger record, and without a context of its own.
    ///
    /// # Panics
    ///
    /// Never: a credential is an object.
    #[must_use]
    pub fn plain_credential(&self, subject: &str) -> Value {
        let mut credential = self.credential(subject);
        credential.as_object_mut().expect("an object").remove("ledgerRecord");
        credential["@context"] = json!([
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/undefined-terms/v2"
        ]);
        credential
    }

    /// The same with a Data Integrity proof.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn issue_di(&self, subject: &str) -> SecuredCredential {
        self.secure_di(self.credential(subject))
    }

    /// The same with a proof over RDF, and with the contexts that such credentials of ours have.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn issue_rdfc(&self, subject: &str) -> SecuredCredential {
        let mut credential = self.credential(subject);
        credential["@context"] =
            json!(["https://www.w3.org/ns/credentials/v2", inkan_credential::inline_context()]);
        let suite = Cryptosuite::rdfc_for_key(self.public_key().key_type());
        let terms = ProofTerms { created: Some(moment()), ..ProofTerms::new(suite, &self.method) };
        sign::secure_di(credential, &terms, &self.key, Contexts::built_in())
            .expect("a valid credential")
    }

    /// Puts a Data Integrity proof on a credential.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn secure_di(&self, credential: Value) -> SecuredCredential {
        let proof_id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a01";
        sign::issue_di(credential, proof_id, &self.method, &self.key, moment())
            .expect("a valid credential")
    }

    /// The same as `vc+jwt`.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn issue_jose(&self, subject: &str) -> SecuredCredential {
        sign::issue_jose(self.credential(subject), &self.method, &self.key)
            .expect("a valid credential")
    }

    /// The same as `vc+sd-jwt`, with ten claims more, each disclosable by itself.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn issue_sd_jwt(&self, subject: &str) -> SecuredCredential {
        let mut credential = self.credential(subject);
        let claims: Vec<ClaimPath> = (0..10)
            .map(|number| {
                credential["credentialSubject"][format!("claim{number}")] = json!("a value");
                ClaimPath::Pointer(format!("/credentialSubject/claim{number}"))
            })
            .collect();
        let concealment = Concealment { claims: &claims, decoys: 0 };
        let rng = &mut SeededRng::new(10);
        sign::issue_sd_jwt(credential, &concealment, &self.method, &self.key, rng)
            .expect("a valid credential")
    }

    /// What this holder states when accepting.
    #[must_use]
    pub fn acceptance(&self) -> Statement<'_> {
        Statement {
            role: Role::Holder,
            decision: Decision::Accept,
            act: [7; 32],
            log: "ledger.example",
            method: &self.method,
            created: moment(),
            reason: None,
            under: None,
        }
    }

    /// Accepts a Data Integrity credential.
    ///
    /// # Panics
    ///
    /// If it cannot be countersigned.
    #[must_use]
    pub fn countersign_di(&self, credential: &SecuredCredential) -> SecuredCredential {
        let proof_id = "urn:uuid:0e2f6a0c-0a4e-4b6c-8a8b-5f1f1f6f2a02";
        countersignature::countersign_di(credential, proof_id, &self.acceptance(), &self.key)
            .expect("a countersignature")
    }

    /// Accepts a credential in JOSE form.
    ///
    /// # Panics
    ///
    /// If it cannot be countersigned.
    #[must_use]
    pub fn countersign_jose(&self, credential: &SecuredCredential) -> String {
        countersignature::countersign_jose(credential, &self.acceptance(), &self.key)
            .expect("a countersignature")
    }

    /// What this holder answers a verifier.
    #[must_use]
    pub fn terms(&self) -> PresentationTerms<'_> {
        PresentationTerms {
            holder: &self.did,
            method: &self.method,
            nonce: "n-0S6_WzA2Mj",
            audience: "https://bank.example",
            created: moment(),
        }
    }

    /// Presents with a Data Integrity proof.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn present_di(&self, credential: &SecuredCredential) -> Presentation {
        presentation::present_di(std::slice::from_ref(credential), &self.terms(), &self.key)
            .expect("a presentation")
    }

    /// Presents as `vp+jwt`.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn present_jose(&self, credential: &SecuredCredential) -> Presentation {
        presentation::present_jose(std::slice::from_ref(credential), &self.terms(), &self.key)
            .expect("a presentation")
    }
}

/// `compact` with one character of its part `part` (0 header, 1 payload, 2 signature) changed.
///
/// # Panics
///
/// If there is no such part.
#[must_use]
pub fn tampered_compact(compact: &str, part: usize) -> String {
    let mut parts: Vec<String> = compact.split('.').map(str::to_owned).collect();
    let middle = parts[part].len() / 2;
    let other = if parts[part].as_bytes()[middle] == b'A' { "B" } else { "A" };
    parts[part].replace_range(middle..=middle, other);
    parts.join(".")
}
