//! The canonical form of a document as RDF, which the `*-rdfc-*` suites sign: JSON-LD 1.1 expansion, its RDF, and
//! [RDFC-1.0](https://www.w3.org/TR/2024/REC-rdf-canon-20240521/).
//!
//! In scope: what becomes of one JSON document. It is safe mode throughout: a term that no context defines, a relative
//! IRI, a null, a context that is not known are errors, since each would be a part of the document that no signature
//! covers. So is a document that is not in compacted form, since a signature over RDF covers every way of writing the
//! same statements, and readers of the JSON know one. (Sets remain sets: an empty array, a repeated or reordered
//! entry say nothing.) Contexts are processed once ([`Contexts`]), work is bounded. Out of scope: proofs (`proof`), framing,
//! compaction, fetching.

mod canon;
mod context;
mod dataset;
mod error;
mod expand;
mod iri;
mod store;
mod term;
mod to_rdf;

use serde_json::Value;

pub(crate) use self::canon::Hash;
pub use self::error::RdfcError;
pub use self::store::{Contexts, PinnedContext, inline_context};

/// The canonical N-Quads of a document, with SHA-256 inside RDFC-1.0.
///
/// # Examples
///
/// ```
/// use inkan_credential::{Contexts, canonical_nquads};
/// use serde_json::json;
///
/// let document = json!({
///     "@context": "https://www.w3.org/ns/credentials/v2",
///     "id": "urn:example:a",
///     "name": "Ada",
/// });
/// let text = canonical_nquads(&document, Contexts::built_in())?;
/// assert_eq!(text, "<urn:example:a> <https://schema.org/name> \"Ada\" .\n");
/// # Ok::<(), inkan_credential::RdfcError>(())
/// ```
///
/// # Errors
///
/// [`RdfcError`]; none is worth a retry.
pub fn canonical_nquads(document: &Value, contexts: &Contexts) -> Result<String, RdfcError> {
    canonical(document, contexts, Hash::Sha256)
}

/// The canonical N-Quads of a document, with the hash of the suite inside RDFC-1.0.
pub(crate) fn canonical(
    document: &Value,
    contexts: &Contexts,
    hash: Hash,
) -> Result<String, RdfcError> {
    let mut processor = Processor { contexts, mode: Mode::Safe, base: None, work: Work::new() };
    let nodes = processor.expand_document(document)?;
    let quads = to_rdf::to_rdf(&nodes, processor.mode)?;
    Ok(canon::canonicalize(&quads, hash, &mut processor.work)?.text)
}

/// One run over one document.
struct Processor<'a> {
    contexts: &'a Contexts,
    mode: Mode,
    /// Address of the document. Credentials have none: they mean the same wherever they lie.
    base: Option<String>,
    work: Work,
}

/// What happens to parts of a document that have no place in RDF.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    /// They are errors.
    Safe,
    /// They are left out, as JSON-LD has it: for the test suite of JSON-LD.
    #[cfg(test)]
    Lenient,
}

impl Mode {
    const fn is_safe(self) -> bool {
        match self {
            Self::Safe => true,
            #[cfg(test)]
            Self::Lenient => false,
        }
    }
}

/// What may still be spent on one document, in steps of roughly a microsecond.
#[derive(Debug)]
struct Work(usize);

impl Work {
    const fn new() -> Self {
        Self(500_000)
    }

    fn spend(&mut self, steps: usize) -> Result<(), RdfcError> {
        self.0 = self.0.checked_sub(steps).ok_or(RdfcError::TooMuchWork)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
