//! The canonical form of a document as RDF, which the `*-rdfc-*` suites sign: JSON-LD 1.1 expansion, its RDF, and
//! [RDFC-1.0](https://www.w3.org/TR/2024/REC-rdf-canon-20240521/).
//!
//! In scope: what becomes of one JSON document. It is safe mode throughout: a term that no context defines, a relative
//! IRI, a null, a context that is not known are errors, since each would be a part of the document that no signature
//! covers. So is a document that is not in compacted form, since a signature over RDF covers every way of writing the
//! same statements, and readers of the JSON know one: each node is described in one place, and no value stands twice.
//! (Sets remain sets: an empty array and the order of entries say nothing.) Contexts are processed once ([`Contexts`]), work is bounded. Out of scope: proofs (`proof`), framing,
//! compaction, fetching.

mod canon;
mod context;
mod dataset;
mod error;
mod expand;
mod iri;
mod skolem;
mod store;
mod term;
mod to_rdf;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use self::canon::Hash;
pub use self::error::RdfcError;
pub(crate) use self::skolem::{Dataset, Skolemized};
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
    let mut processor = Processor::new(contexts);
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
    naming: Naming,
}

impl<'a> Processor<'a> {
    /// One run in safe mode.
    const fn new(contexts: &'a Contexts) -> Self {
        Self { contexts, mode: Mode::Safe, base: None, work: Work::new(), naming: Naming::Absent }
    }
}

/// What is done about nodes without a name, which selective disclosure has to recognise in parts of a document.
#[derive(Debug)]
enum Naming {
    /// Nothing.
    Absent,
    /// The objects that are such nodes are noted, by their address, with the term that stands for `@id` in each.
    Noted(BTreeMap<usize, Arc<str>>),
    /// The document was given names for them. What has no place for a name (links of lists, graphs) gets one too.
    Given,
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

/// What may still be spent on one document.
#[derive(Debug)]
struct Work {
    /// Steps of roughly a microsecond.
    steps: usize,
    /// Bytes that are written, compared and hashed: names are shared in memory, and written out for every statement.
    bytes: usize,
}

impl Work {
    const fn new() -> Self {
        Self { steps: 500_000, bytes: 64 << 20 }
    }

    fn spend(&mut self, steps: usize) -> Result<(), RdfcError> {
        self.steps = self.steps.checked_sub(steps).ok_or(RdfcError::TooMuchWork)?;
        Ok(())
    }

    fn spend_bytes(&mut self, bytes: usize) -> Result<(), RdfcError> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(RdfcError::TooMuchWork)?;
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
