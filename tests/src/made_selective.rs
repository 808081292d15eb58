//! Credentials whose holder shows a part.
//!
//! In scope: input that tests and benches share. Out of scope: anything with an expectation in it.

use inkan_core::rng::insecure::SeededRng;
use inkan_credential::selective::{Disclosure, derive, secure_sd};
use inkan_credential::sign::ProofTerms;
use inkan_credential::{Contexts, Cryptosuite, SecuredCredential, inline_context};
use inkan_crypto::{KeyType, Signer};
use serde_json::json;

use crate::made::{Party, moment};

/// What is shown of it.
pub const ROLE: &str = "/credentialSubject/role";

/// The suites of Data Integrity that have parts, with the keys they sign with.
pub const SELECTIVE: [(&str, KeyType, Cryptosuite); 2] = [
    ("ecdsa-sd-2023", KeyType::P256, Cryptosuite::EcdsaSd2023),
    ("bbs-2023", KeyType::Bls12381G2, Cryptosuite::Bbs2023),
];

const SUBJECT: &str = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";

/// A credential whose holder shows one claim of three, and what every verifier needs.
#[derive(Debug)]
pub struct Selective {
    /// Who issued it.
    pub issuer: Party,
    /// The suite.
    pub suite: Cryptosuite,
    /// What the holder has.
    pub base: SecuredCredential,
}

impl Selective {
    /// Makes one, with an issuer of its own.
    #[must_use]
    pub fn new(key_type: KeyType, suite: Cryptosuite, rng: &mut SeededRng) -> Self {
        let issuer = Party::new(key_type, rng);
        let base = Self::issue(&issuer, &suite, rng);
        Self { issuer, suite, base }
    }

    /// What the holder gets from `issuer`.
    ///
    /// # Panics
    ///
    /// If it cannot be signed.
    #[must_use]
    pub fn issue(issuer: &Party, suite: &Cryptosuite, rng: &mut SeededRng) -> SecuredCredential {
        let mut credential = issuer.plain_credential(SUBJECT);
        credential["@context"] = json!(["https://www.w3.org/ns/credentials/v2", inline_context()]);
        let terms = ProofTerms {
            created: Some(moment()),
            ..ProofTerms::new(suite.clone(), &issuer.method)
        };
        let signer = (&terms, &issuer.key as &dyn Signer);
        secure_sd(credential, &["/issuer"], signer, Contexts::built_in(), rng).expect("a base")
    }

    /// What a verifier gets from the holder.
    ///
    /// # Panics
    ///
    /// If it cannot be derived.
    #[must_use]
    pub fn derive(&self, rng: &mut SeededRng) -> SecuredCredential {
        let shown = Disclosure { pointers: &[ROLE], keep: &[], presentation_header: &[] };
        derive(&self.base, &shown, Contexts::built_in(), rng).expect("a derived credential")
    }
}
