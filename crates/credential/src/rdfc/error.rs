//! Why a document has no canonical form as RDF.

/// What stands between a document and its canonical N-Quads. None is worth a retry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RdfcError {
    /// A context that is neither built in nor pinned by its hash; nothing is ever fetched.
    #[error("JSON-LD context {context:?} is neither built in nor pinned")]
    ContextUnknown {
        /// Its URL, or the beginning of the object written in the document.
        context: String,
    },
    /// The bytes given for a context are not those that its hash pins.
    #[error("bytes of the context {url:?} are not those that were pinned")]
    ContextMismatch {
        /// Its URL.
        url: String,
    },
    /// The document or one of its contexts breaks a rule of JSON-LD.
    #[error("not JSON-LD 1.1: {rule}")]
    Invalid {
        /// The rule: [`NOT_COMPACT`], [`REPEATED`], or the name of its error code in [JSON-LD 1.1 API §9.3](https://www.w3.org/TR/2020/REC-json-ld11-api-20200716/#jsonlderrorcode).
        rule: &'static str,
    },
    /// A member that no context defines: it would be left out of what is signed.
    #[error("no context defines the term {term:?}, so it would not be signed")]
    TermUndefined {
        /// Its name.
        term: String,
    },
    /// An identifier that is no absolute IRI, so that what it names depends on where the document lies.
    #[error("{iri:?} is not an absolute IRI, so it would not be signed")]
    IriRelative {
        /// The text that stands in its place.
        iri: String,
    },
    /// Something else in the document that has no place in RDF, so that it would not be signed.
    #[error("{what} has no place in RDF, so it would not be signed")]
    Dropped {
        /// What it is.
        what: &'static str,
    },
    /// Contexts, blank nodes that look alike, or long names used often would cost more work than is spent on one document.
    #[error("canonical form would cost more work than is spent on one document")]
    TooMuchWork,
}

impl RdfcError {
    /// A stable code for reports. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ContextUnknown { .. } => "jsonld-context-unknown",
            Self::ContextMismatch { .. } => "jsonld-context-mismatch",
            Self::Invalid { .. } => "jsonld-invalid",
            Self::TermUndefined { .. } => "jsonld-term-undefined",
            Self::IriRelative { .. } => "jsonld-iri-relative",
            Self::Dropped { .. } => "jsonld-value-dropped",
            Self::TooMuchWork => "rdf-work-limit",
        }
    }
}

/// The rule of VCDM 2.0 §1.3 that is broken when a member is not named by its term.
///
/// The same statements can be written in many ways, and a signature over RDF covers all of them. A reader of the JSON
/// looks for `credentialStatus`: whoever could write its IRI instead, or `@id` for `id`, would hide from the reader
/// what was signed.
pub(super) const NOT_COMPACT: &str = "document is not in compacted form";

/// The rule that is broken when one value stands twice under one property: RDF has no room for the second, so that anybody could
/// add it, for instance a second subject of the same name.
pub(super) const REPEATED: &str = "a value stands twice under one property";

/// The error of a rule of JSON-LD, by its code there.
pub(super) const fn broken(rule: &'static str) -> RdfcError {
    RdfcError::Invalid { rule }
}
