//! The closed vocabularies that registries, evidence and policies share: rows, authentication levels, roads.

use std::fmt;

/// A row of the reference table (assurance §8).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Row {
    /// Issuer-guaranteed, face to face, by an official of the root issuer.
    R1,
    /// Electronically verifiable, face to face.
    R2a,
    /// Electronically verifiable, by electronic signature with the card.
    R2b,
    /// Issuer-guaranteed, face to face with qualified staff.
    R3,
    /// Portrait against live image, with chip or detection of attacks on the document.
    R4,
    /// Online first, then face to face before anything is handed over.
    R5,
    /// Electronically verifiable, not face to face.
    R6,
    /// Issuer-guaranteed, by image.
    R7,
    /// Self-asserted, confirmed by a code.
    R8,
}

impl Row {
    /// All rows, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::R1,
        Self::R2a,
        Self::R2b,
        Self::R3,
        Self::R4,
        Self::R5,
        Self::R6,
        Self::R7,
        Self::R8,
    ];

    /// The name in registries, policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::R1 => "R1",
            Self::R2a => "R2a",
            Self::R2b => "R2b",
            Self::R3 => "R3",
            Self::R4 => "R4",
            Self::R5 => "R5",
            Self::R6 => "R6",
            Self::R7 => "R7",
            Self::R8 => "R8",
        }
    }

    /// Reads a name; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|row| row.as_str() == text)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the holder authenticated (assurance §9).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum AuthLevel {
    /// Nothing was shown.
    Aal0,
    /// The holder's key, or one factor.
    Aal1,
    /// A second factor that is claimed, or not certified; satisfies AAL-1 only.
    Aal1Plus,
    /// A second factor, attested and certified.
    Aal2,
    /// The same in hardware, bound to the verifier's name.
    Aal3,
}

impl AuthLevel {
    /// All levels, weakest first.
    pub const ALL: [Self; 5] = [Self::Aal0, Self::Aal1, Self::Aal1Plus, Self::Aal2, Self::Aal3];

    /// The name in policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aal0 => "AAL-0",
            Self::Aal1 => "AAL-1",
            Self::Aal1Plus => "AAL-1+",
            Self::Aal2 => "AAL-2",
            Self::Aal3 => "AAL-3",
        }
    }

    /// Reads a level that evidence, a registry or a policy may state: `AAL-1+` is for reports only.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .filter(|level| *level != Self::Aal1Plus)
    }
}

impl fmt::Display for AuthLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who vouches for an authentication (assurance §9).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Road {
    /// The issuer, from the key attestation the wallet gave it at issuance.
    IssuerAttestedKey,
    /// The wallet provider, to this verifier.
    KeyAttestation,
    /// The authenticator, over this verifier's nonce.
    Webauthn,
    /// The card.
    JpkiAuth,
    /// A signing service.
    HostedKey,
    /// A registered operator.
    AuthenticationEvent,
}

impl Road {
    /// All roads, the practical one first.
    pub const ALL: [Self; 6] = [
        Self::IssuerAttestedKey,
        Self::KeyAttestation,
        Self::Webauthn,
        Self::JpkiAuth,
        Self::HostedKey,
        Self::AuthenticationEvent,
    ];

    /// The name in policies and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IssuerAttestedKey => "issuer-attested-key",
            Self::KeyAttestation => "key-attestation",
            Self::Webauthn => "webauthn",
            Self::JpkiAuth => "jpki-auth",
            Self::HostedKey => "hosted-key",
            Self::AuthenticationEvent => "authentication-event",
        }
    }
}

/// How an authenticator is certified. Scales are not compared with each other.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Certification {
    /// By FIDO.
    Fido(FidoLevel),
    /// By its resistance under ISO/IEC 18045.
    Iso18045(KeyStorage),
    /// By a scheme that a registry names.
    Scheme,
}

/// FIDO certification levels.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FidoLevel {
    /// L1.
    L1,
    /// L1+.
    L1Plus,
    /// L2.
    L2,
    /// L2+.
    L2Plus,
    /// L3.
    L3,
    /// L3+.
    L3Plus,
}

/// Resistance of a key store (ISO/IEC 18045).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum KeyStorage {
    /// VAN.2.
    Basic,
    /// VAN.3.
    EnhancedBasic,
    /// VAN.4.
    Moderate,
    /// VAN.5.
    High,
}

impl FidoLevel {
    /// Reads a name such as `L2+`; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::L1, Self::L1Plus, Self::L2, Self::L2Plus, Self::L3, Self::L3Plus];
        let name = |level: &Self| Certification::Fido(*level).fact_name();
        all.into_iter().find(|level| name(level) == format!("key.certified(fido:{text})"))
    }
}

impl KeyStorage {
    /// Reads a name such as `iso_18045_high`; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Basic, Self::EnhancedBasic, Self::Moderate, Self::High];
        let name = |level: &Self| Certification::Iso18045(*level).fact_name();
        all.into_iter().find(|level| name(level) == format!("key.certified({text})"))
    }
}

impl Certification {
    pub(crate) const fn fact_name(self) -> &'static str {
        match self {
            Self::Fido(FidoLevel::L1) => "key.certified(fido:L1)",
            Self::Fido(FidoLevel::L1Plus) => "key.certified(fido:L1+)",
            Self::Fido(FidoLevel::L2) => "key.certified(fido:L2)",
            Self::Fido(FidoLevel::L2Plus) => "key.certified(fido:L2+)",
            Self::Fido(FidoLevel::L3) => "key.certified(fido:L3)",
            Self::Fido(FidoLevel::L3Plus) => "key.certified(fido:L3+)",
            Self::Iso18045(KeyStorage::Basic) => "key.certified(iso_18045_basic)",
            Self::Iso18045(KeyStorage::EnhancedBasic) => "key.certified(iso_18045_enhanced-basic)",
            Self::Iso18045(KeyStorage::Moderate) => "key.certified(iso_18045_moderate)",
            Self::Iso18045(KeyStorage::High) => "key.certified(iso_18045_high)",
            Self::Scheme => "key.certified(scheme)",
        }
    }
}
