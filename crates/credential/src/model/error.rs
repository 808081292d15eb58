//! Why an object is not a credential of VCDM 2.0.

/// A broken rule of the data model. None is worth a retry: the issuer has to write another credential.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// The credential is not a JSON object.
    #[error("credential is not a JSON object")]
    NotAnObject,
    /// The first context names another version of the data model, where only 2.0 may stand: in what is to be signed, and in
    /// every envelope.
    #[error("only version 2.0 of the data model may be used here, and this is {version}")]
    UnsupportedVersion {
        /// The version recognised.
        version: &'static str,
    },
    /// `@context` is not a list of different URLs and objects that starts with the context of a version.
    #[error(
        "@context must be a list of URLs and objects, none of them twice, that starts with https://www.w3.org/ns/credentials/v2"
    )]
    Context,
    /// An inline context redefines a term that an earlier context protects.
    #[error("an inline context redefines a term that an earlier context protects")]
    ContextRedefinition,
    /// An object within the credential brings contexts that the list on top does not have.
    #[error(
        "an object within the credential has contexts of its own, which could redefine its terms"
    )]
    ContextNested,
    /// `@id` or `@type` where the base context has other names for them.
    #[error("@id and @type are written id and type")]
    Keyword,
    /// `type` is missing, malformed, or lacks the name that the object must have.
    #[error("type must hold {expected} and be made of terms or URLs")]
    Type {
        /// The type that must be there.
        expected: &'static str,
    },
    /// `id` is there and is not one URL.
    #[error("id must be one URL")]
    Id,
    /// `issuer` is neither a URL nor an object whose `id` is one.
    #[error("issuer must be a URL, or an object whose id is one")]
    Issuer,
    /// A date is not a moment with an offset.
    #[error("{property} must be a date and time with an offset")]
    Date {
        /// The member.
        property: &'static str,
    },
    /// `validUntil` lies before `validFrom`.
    #[error("validUntil lies before validFrom")]
    ValidityReversed,
    /// `credentialSubject` is missing, empty, or not made of objects.
    #[error("credentialSubject must be one or more objects, none of them empty")]
    Subject,
    /// A status entry lacks what its type needs.
    #[error("credentialStatus: {member} is missing or malformed")]
    Status {
        /// The member of the entry.
        member: &'static str,
    },
    /// A schema entry lacks `id` or `type`.
    #[error("credentialSchema: {member} is missing or malformed")]
    Schema {
        /// The member of the entry.
        member: &'static str,
    },
    /// An evidence object lacks a type.
    #[error("evidence must be one or more objects with a type")]
    Evidence,
    /// Another member defined by VCDM has not the shape it must have.
    #[error("{property} has not the shape that the data model asks for")]
    Property {
        /// The member.
        property: &'static str,
    },
    /// `ledgerRecord` is not `{log, salt}`.
    #[error("ledgerRecord must hold a log origin and a salt of 16 bytes, and nothing else")]
    LedgerRecord,
    /// A list is longer than is looked at.
    #[error("{property} may have at most {limit} entries")]
    TooMany {
        /// The member.
        property: &'static str,
        /// Entries allowed.
        limit: usize,
    },
    /// As a text, in which each line repeats the names of what it is in, it would be longer than anybody reads.
    #[error(
        "long names of members, with many members in them, make a text that is too long to be shown"
    )]
    TextTooLong,
    /// There is a `proof` where none may be: in the payload of a JOSE credential, or in what is to be signed.
    #[error("a proof stands inside what another mechanism secures")]
    ProofMisplaced,
}

impl ModelError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "credential-not-object",
            Self::UnsupportedVersion { .. } => "vcdm-version-unsupported",
            Self::Context => "credential-context-invalid",
            Self::ContextRedefinition | Self::ContextNested => "credential-context-redefines",
            Self::Keyword => "credential-keyword-misplaced",
            Self::Type { .. } => "credential-type-invalid",
            Self::Id => "credential-id-invalid",
            Self::Issuer => "credential-issuer-invalid",
            Self::Date { .. } => "credential-date-invalid",
            Self::ValidityReversed => "credential-validity-reversed",
            Self::Subject => "credential-subject-invalid",
            Self::Status { .. } => "credential-status-entry-invalid",
            Self::Schema { .. } => "credential-schema-entry-invalid",
            Self::Evidence => "credential-evidence-invalid",
            Self::Property { .. } => "credential-property-invalid",
            Self::LedgerRecord => "ledger-record-invalid",
            Self::TooMany { .. } | Self::TextTooLong => "credential-too-large",
            Self::ProofMisplaced => "credential-proof-misplaced",
        }
    }
}
