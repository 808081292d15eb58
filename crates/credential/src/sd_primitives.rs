//! What the Data Integrity suites of selective disclosure have in common
//! ([vc-di-ecdsa §3.4](https://www.w3.org/TR/2025/REC-vc-di-ecdsa-20250515/#selective-disclosure-functions)).
//!
//! In scope: the statements of a credential under labels that a secret chose, which of them a list of JSON pointers
//! selects, and the part of the JSON that says them. Out of scope: signatures and proof values.
//!
//! Fail closed: a part of the JSON that says anything but statements of the whole is an error, so no reader is ever
//! shown something that was not signed.

mod error;
mod labels;
mod pointer;
mod select;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use self::error::SelectionError;
pub use self::pointer::JsonPointer;

pub(crate) use self::labels::{LABEL_KEY_LENGTH, Labels};
pub(crate) use self::select::{select, single_values};

use crate::rdfc::{Contexts, Dataset, Skolemized};

/// The statements of a document as sorted lines of N-Quads, under labels that the caller chose
/// (`labelReplacementCanonicalizeJsonLd`).
///
/// # Errors
///
/// [`SelectionError::Rdf`]; [`SelectionError::Labels`] if the labels do not fit the document.
pub(crate) fn canonicalize(
    document: &Value,
    contexts: &Contexts,
    labels: &Labels<'_>,
) -> Result<Vec<String>, SelectionError> {
    let dataset = Dataset::read(document, contexts)?;
    let labels = labels.assign(&dataset.canonical_labels()?)?;
    dataset.lines(&labels).ok_or(SelectionError::Labels)
}

/// The statements of a document, and which of them each of several lists of pointers selects.
#[derive(Debug)]
pub(crate) struct Grouped<const N: usize> {
    /// Every statement as a line of N-Quads, sorted. Indexes are places in this list.
    #[cfg_attr(not(test), expect(dead_code, reason = "the vectors have it, the suites do not"))]
    pub(crate) nquads: Vec<String>,
    /// One per list of pointers, in the same order.
    pub(crate) groups: [Group; N],
    /// The label of each blank node, by its number.
    labels: BTreeMap<usize, String>,
    /// The canonical label of each blank node in the whole document, and the one that took its place.
    #[cfg_attr(not(test), expect(dead_code, reason = "the vectors have it, the suites do not"))]
    pub(crate) label_map: BTreeMap<String, String>,
}

/// What one list of pointers selects.
#[derive(Debug)]
pub(crate) struct Group {
    /// The selected statements, by index.
    pub(crate) matching: BTreeMap<usize, String>,
    /// All the others.
    pub(crate) non_matching: BTreeMap<usize, String>,
    /// The selected statements, blank nodes under their numbers. `None` if no pointer was given.
    dataset: Option<Dataset>,
}

impl Group {
    /// Indexes of the selected statements, ascending.
    pub(crate) fn indexes(&self) -> BTreeSet<usize> {
        self.matching.keys().copied().collect()
    }
}

/// Groups the statements of a document (without `proof`) by lists of JSON pointers (`canonicalizeAndGroup`).
///
/// A selected member brings the `id` and `type` of every object it stands in. An empty list selects nothing.
///
/// # Errors
///
/// [`SelectionError`].
pub(crate) fn canonicalize_and_group<const N: usize>(
    document: &Value,
    contexts: &Contexts,
    labels: &Labels<'_>,
    lists: [&[JsonPointer]; N],
) -> Result<Grouped<N>, SelectionError> {
    let named = Skolemized::new(document, contexts)?;
    let canonical = named.canonical_labels();
    let labels = labels.assign(canonical)?;
    let nquads = named.dataset().lines(&labels).ok_or(SelectionError::Labels)?;
    let label_map = canonical
        .iter()
        .filter_map(|(node, label)| Some((label.clone(), labels.get(node)?.clone())))
        .collect();
    let mut failure = None;
    let groups = lists.map(|pointers| {
        group(&named, contexts, (&labels, &nquads), pointers).unwrap_or_else(|error| {
            failure = Some(error);
            Group { matching: BTreeMap::new(), non_matching: BTreeMap::new(), dataset: None }
        })
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(Grouped { nquads, groups, labels, label_map }),
    }
}

fn group(
    named: &Skolemized,
    contexts: &Contexts,
    (labels, nquads): (&BTreeMap<usize, String>, &[String]),
    pointers: &[JsonPointer],
) -> Result<Group, SelectionError> {
    let part = select(named.document(), pointers)?;
    let dataset = part.map(|part| named.part(&part, contexts)).transpose()?;
    let dataset = dataset.map(|part| part.ok_or(SelectionError::NotSeparable)).transpose()?;
    let selected = match &dataset {
        Some(dataset) => dataset.lines(labels).ok_or(SelectionError::NotSeparable)?,
        None => Vec::new(),
    };
    let selected: BTreeSet<String> = selected.into_iter().collect();
    let numbered = nquads.iter().cloned().enumerate();
    let (matching, non_matching): (BTreeMap<_, _>, BTreeMap<_, _>) =
        numbered.partition(|(_, line)| selected.contains(line));
    if matching.len() != selected.len() {
        return Err(SelectionError::NotSeparable);
    }
    Ok(Group { matching, non_matching, dataset })
}

impl<const N: usize> Grouped<N> {
    /// For the part of the document that `group` selected: the label of each of its blank nodes, by the canonical label
    /// that whoever sees nothing but the part will give it.
    ///
    /// # Errors
    ///
    /// [`SelectionError::Rdf`]; [`SelectionError::Labels`] if `group` is of another document.
    pub(crate) fn verifier_labels(
        &self,
        group: &Group,
    ) -> Result<BTreeMap<String, String>, SelectionError> {
        let Some(dataset) = &group.dataset else { return Ok(BTreeMap::new()) };
        let canonical = dataset.canonical_labels()?;
        let label =
            |(node, canonical): (usize, String)| Some((canonical, self.labels.get(&node)?.clone()));
        canonical.into_iter().map(label).collect::<Option<_>>().ok_or(SelectionError::Labels)
    }
}

/// The statements at `indexes`, which ascend, and all the others; `None` if there are not so many.
pub(crate) fn divide(nquads: Vec<String>, indexes: &[usize]) -> Option<(Vec<String>, Vec<String>)> {
    if indexes.last().is_some_and(|last| *last >= nquads.len()) {
        return None;
    }
    let numbered = nquads.into_iter().enumerate();
    let (inside, others): (Vec<_>, Vec<_>) =
        numbered.partition(|(index, _)| indexes.binary_search(index).is_ok());
    let lines = |numbered: Vec<(usize, String)>| numbered.into_iter().map(|(_, line)| line);
    Some((lines(inside).collect(), lines(others).collect()))
}

/// The places, counted within `whole`, of those of its indexes that are in `part`.
pub(crate) fn relative_indexes(whole: &BTreeSet<usize>, part: &BTreeSet<usize>) -> Vec<usize> {
    let numbered = whole.iter().enumerate();
    numbered.filter(|(_, index)| part.contains(index)).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests;
