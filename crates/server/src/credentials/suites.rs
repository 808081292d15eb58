//! The suites that have a path of their own, and the keys that sign by them.

use std::sync::Arc;

use inkan_credential::{Cryptosuite, Presentation, SecuredCredential};
use inkan_crypto::{Algorithm, KeyType, SecretKey};

/// A way of securing, as paths name it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Suite {
    /// `eddsa-rdfc-2022`.
    EddsaRdfc,
    /// `eddsa-jcs-2022`.
    EddsaJcs,
    /// `ecdsa-rdfc-2019` with a key on P-256.
    EcdsaRdfc,
    /// `ecdsa-rdfc-2019` with a key on P-384.
    EcdsaRdfcP384,
    /// `ecdsa-jcs-2019` with a key on P-256.
    EcdsaJcs,
    /// `ecdsa-jcs-2019` with a key on P-384.
    EcdsaJcsP384,
    /// `ecdsa-sd-2023`: the holder discloses chosen claims.
    EcdsaSd,
    /// `bbs-2023`: the same, and two disclosures cannot be linked by their proofs.
    Bbs,
    /// `Ed25519Signature2020`, verified, and made for test suites alone.
    Ed25519Signature2020,
    /// A JWS around the credential (`vc+jwt`) with a key on Ed25519.
    VcJwt,
    /// The same with a key on P-256 (ES256).
    VcJwtP256,
    /// The same with a key on P-384 (ES384).
    VcJwtP384,
    /// A COSE message around the credential (`vc+cose`).
    VcCose,
    /// An SD-JWT around the credential (`vc+sd-jwt`): the holder discloses chosen claims.
    VcSdJwt,
    /// The claims of the credential as an SD-JWT VC (`dc+sd-jwt`).
    DcSdJwt,
}

impl Suite {
    /// All of them; the first is that of paths without a prefix.
    pub const ALL: [Self; 15] = [
        Self::EddsaRdfc,
        Self::EddsaJcs,
        Self::EcdsaRdfc,
        Self::EcdsaRdfcP384,
        Self::EcdsaJcs,
        Self::EcdsaJcsP384,
        Self::EcdsaSd,
        Self::Bbs,
        Self::Ed25519Signature2020,
        Self::VcJwt,
        Self::VcJwtP256,
        Self::VcJwtP384,
        Self::VcCose,
        Self::VcSdJwt,
        Self::DcSdJwt,
    ];

    /// The first segment of its paths.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::EddsaRdfc => "eddsa-rdfc-2022",
            Self::EddsaJcs => "eddsa-jcs-2022",
            Self::EcdsaRdfc => "ecdsa-rdfc-2019",
            Self::EcdsaRdfcP384 => "ecdsa-rdfc-2019-p384",
            Self::EcdsaJcs => "ecdsa-jcs-2019",
            Self::EcdsaJcsP384 => "ecdsa-jcs-2019-p384",
            Self::EcdsaSd => "ecdsa-sd-2023",
            Self::Bbs => "bbs-2023",
            Self::Ed25519Signature2020 => "ed25519-signature-2020",
            Self::VcJwt => "vc-jwt",
            Self::VcJwtP256 => "vc-jwt-p256",
            Self::VcJwtP384 => "vc-jwt-p384",
            Self::VcCose => "vc-cose",
            Self::VcSdJwt => "vc-sd-jwt",
            Self::DcSdJwt => "dc-sd-jwt",
        }
    }

    /// The suite of that prefix.
    #[must_use]
    pub fn of_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.prefix() == prefix)
    }

    /// Whether it signs with keys of this type here.
    #[must_use]
    pub const fn signs_with(self, key_type: KeyType) -> bool {
        match self {
            Self::EddsaRdfc | Self::EddsaJcs | Self::Ed25519Signature2020 | Self::VcJwt => {
                matches!(key_type, KeyType::Ed25519)
            }
            Self::EcdsaRdfc | Self::EcdsaJcs | Self::EcdsaSd | Self::VcJwtP256 => {
                matches!(key_type, KeyType::P256)
            }
            Self::EcdsaRdfcP384 | Self::EcdsaJcsP384 | Self::VcJwtP384 => {
                matches!(key_type, KeyType::P384)
            }
            Self::VcCose | Self::VcSdJwt | Self::DcSdJwt => {
                matches!(key_type, KeyType::Ed25519 | KeyType::P256 | KeyType::P384)
            }
            Self::Bbs => matches!(key_type, KeyType::Bls12381G2),
        }
    }

    /// The name of its embedded proofs; none for envelopes.
    #[must_use]
    pub const fn cryptosuite(self) -> Option<Cryptosuite> {
        Some(match self {
            Self::EddsaRdfc => Cryptosuite::EddsaRdfc2022,
            Self::EddsaJcs => Cryptosuite::EddsaJcs2022,
            Self::EcdsaRdfc | Self::EcdsaRdfcP384 => Cryptosuite::EcdsaRdfc2019,
            Self::EcdsaJcs | Self::EcdsaJcsP384 => Cryptosuite::EcdsaJcs2019,
            Self::EcdsaSd => Cryptosuite::EcdsaSd2023,
            Self::Bbs => Cryptosuite::Bbs2023,
            Self::Ed25519Signature2020 => Cryptosuite::Ed25519Signature2020,
            Self::VcJwt
            | Self::VcJwtP256
            | Self::VcJwtP384
            | Self::VcCose
            | Self::VcSdJwt
            | Self::DcSdJwt => return None,
        })
    }

    /// The suite by which its key secures what is shown whole, such as status lists: those of suites without embedded proofs are
    /// `vc+jwt`. None for keys that cannot.
    #[must_use]
    pub const fn whole(self) -> Option<Self> {
        match self {
            Self::EcdsaSd => Some(Self::EcdsaRdfc),
            Self::Bbs | Self::Ed25519Signature2020 => None,
            Self::EddsaRdfc
            | Self::EddsaJcs
            | Self::EcdsaRdfc
            | Self::EcdsaRdfcP384
            | Self::EcdsaJcs
            | Self::EcdsaJcsP384
            | Self::VcJwt
            | Self::VcJwtP256
            | Self::VcJwtP384
            | Self::VcCose
            | Self::VcSdJwt
            | Self::DcSdJwt => Some(self),
        }
    }

    /// The suite by which its key signs presentations; none for suites of credentials alone.
    #[must_use]
    pub fn presents(self) -> Option<Self> {
        self.whole().filter(|suite| !matches!(suite, Self::VcSdJwt | Self::DcSdJwt))
    }

    /// Whether what it secures is recorded on a ledger: an entry would link what `bbs-2023` keeps apart.
    #[must_use]
    pub const fn is_recorded(self) -> bool {
        !matches!(self, Self::Bbs)
    }

    /// Whether a credential is secured by it, perhaps among others.
    #[must_use]
    pub fn secures(self, secured: &SecuredCredential) -> bool {
        match self.cryptosuite() {
            Some(suite) => secured.proofs().iter().any(|proof| *proof.cryptosuite() == suite),
            None => self.envelops(secured),
        }
    }

    /// Whether a presentation is secured by it, perhaps among others; envelopes that are no JWTs are not told apart.
    #[must_use]
    pub fn secures_presentation(self, shown: &Presentation) -> bool {
        match self.cryptosuite() {
            Some(suite) => shown.proofs().iter().any(|proof| *proof.cryptosuite() == suite),
            None if matches!(self, Self::VcJwt | Self::VcJwtP256 | Self::VcJwtP384) => {
                shown.jwt_algorithm().is_some_and(|algorithm| self.is_jwt_by(algorithm))
            }
            None => shown.proofs().is_empty(),
        }
    }

    /// Whether it is the suite of JWTs by this algorithm: these differ in their keys alone.
    const fn is_jwt_by(self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::EdDsa => matches!(self, Self::VcJwt),
            Algorithm::Es256 => matches!(self, Self::VcJwtP256),
            Algorithm::Es384 => matches!(self, Self::VcJwtP384),
            // Nobody issues by these here: what they sign is verified on paths without a suite.
            Algorithm::Es512 | Algorithm::Bbs => false,
        }
    }

    fn envelops(self, secured: &SecuredCredential) -> bool {
        let (is_cose, is_vc) = (secured.is_cose(), secured.sd_jwt_vc().is_some());
        match secured {
            SecuredCredential::DataIntegrity(_) => false,
            SecuredCredential::Jose(_) if is_cose => self == Self::VcCose,
            SecuredCredential::Jose(_) => {
                secured.jws_algorithm().is_some_and(|algorithm| self.is_jwt_by(algorithm))
            }
            SecuredCredential::SdJwt(_) if is_vc => self == Self::DcSdJwt,
            SecuredCredential::SdJwt(_) => self == Self::VcSdJwt,
        }
    }
}

/// Whether a ledger takes entries that a key of this type signs: those of Ed25519 and P-256 alone.
#[must_use]
pub const fn can_be_recorded(key_type: KeyType) -> bool {
    matches!(key_type, KeyType::Ed25519 | KeyType::P256)
}

/// A key that signs for others' requests, and the DID that it belongs to.
#[derive(Clone)]
pub struct Issuer {
    /// The DID.
    pub did: String,
    /// The DID URL of the key.
    pub method: String,
    /// The key.
    pub key: Arc<SecretKey>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("method", &self.method).finish_non_exhaustive()
    }
}
