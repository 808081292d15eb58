//! RDFC-1.0: one way to name the blank nodes of a dataset
//! ([RDF Dataset Canonicalization](https://www.w3.org/TR/2024/REC-rdf-canon-20240521/)).
//!
//! In scope: the whole algorithm, within a limit of work: datasets can be made whose blank nodes cannot be told apart
//! in any reasonable time (§7.1). The numbers in comments are those of the algorithms' steps.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Work;
use super::dataset::{Quad, Term};
use super::error::RdfcError;

/// The hash inside the algorithm.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hash {
    /// SHA-256, the default.
    Sha256,
    /// SHA-384, with keys on P-384.
    Sha384,
}

impl Hash {
    fn hex(self, text: &str) -> String {
        match self {
            Self::Sha256 => inkan_core::sha256(&[text.as_bytes()]).to_hex(),
            Self::Sha384 => {
                inkan_core::encoding::hex(&inkan_core::digest::sha384(&[text.as_bytes()]))
            }
        }
    }
}

/// A dataset in canonical form.
#[derive(Debug)]
pub(super) struct Canonical {
    /// The canonical N-Quads.
    pub(super) text: String,
    /// The label of each blank node, in the order of labels.
    pub(super) labels: Vec<(usize, String)>,
}

/// Recursion ends here; each step of it holds a part of the stack.
const DEPTH: usize = 256;

/// §4.4.3 over quads that are sorted and distinct.
pub(super) fn canonicalize(
    quads: &[Quad],
    hash: Hash,
    work: &mut Work,
) -> Result<Canonical, RdfcError> {
    let mut state = State::new(quads, hash, work);
    // 3
    let mut by_hash: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let blanks: Vec<usize> = state.mentions.keys().copied().collect();
    for node in blanks {
        let first = state.hash_first_degree(node)?;
        state.first.insert(node, first.clone());
        by_hash.entry(first).or_default().push(node);
    }
    // 4
    let mut alike = Vec::new();
    for nodes in by_hash.into_values() {
        match nodes.as_slice() {
            [node] => {
                state.canonical.issue(*node);
            }
            _ => alike.push(nodes),
        }
    }
    // 5
    for nodes in alike {
        let mut paths = Vec::new();
        for node in nodes {
            if state.canonical.get(node).is_none() {
                let mut issuer = Issuer::new("b");
                issuer.issue(node);
                paths.push(state.hash_n_degree(node, issuer, 0)?);
            }
        }
        paths.sort_by(|(one, _), (two, _)| one.cmp(two));
        for (_, issuer) in paths {
            for node in issuer.order {
                state.canonical.issue(node);
            }
        }
    }
    // 6, 7
    let State { canonical, work, .. } = state;
    let mut lines = Vec::with_capacity(quads.len());
    for quad in quads {
        work.spend_bytes(quad.size())?;
        let mut line = String::with_capacity(160);
        quad.write(&mut line, &mut |out, node| canonical.write(out, node));
        lines.push(line);
    }
    lines.sort_unstable();
    let label = |(number, node): (usize, &usize)| (*node, format!("c14n{number}"));
    let labels = canonical.order.iter().enumerate().map(label).collect();
    Ok(Canonical { text: lines.concat(), labels })
}

struct State<'a> {
    hash: Hash,
    work: &'a mut Work,
    /// For each blank node the quads that mention it.
    mentions: BTreeMap<usize, Vec<&'a Quad>>,
    first: BTreeMap<usize, String>,
    canonical: Issuer,
}

impl<'a> State<'a> {
    /// Step 2.
    fn new(quads: &'a [Quad], hash: Hash, work: &'a mut Work) -> Self {
        let mut mentions: BTreeMap<usize, Vec<&Quad>> = BTreeMap::new();
        for quad in quads {
            for (place, term) in quad.places() {
                let Term::Blank(node) = term else { continue };
                // A quad that mentions a node twice is one quad of it.
                let earlier = quad.places().take_while(|(other, _)| *other != place);
                if !earlier.map(|(_, term)| term).any(|other| other == term) {
                    mentions.entry(*node).or_default().push(quad);
                }
            }
        }
        let first = BTreeMap::new();
        Self { hash, work, mentions, first, canonical: Issuer::new("c14n") }
    }

    /// §4.6.3.
    fn hash_first_degree(&mut self, node: usize) -> Result<String, RdfcError> {
        let mut lines = Vec::new();
        for quad in self.mentions.get(&node).into_iter().flatten() {
            self.work.spend_bytes(quad.size())?;
            let mut line = String::with_capacity(160);
            let mut label = |out: &mut String, other: usize| {
                out.push(if other == node { 'a' } else { 'z' });
            };
            quad.write(&mut line, &mut label);
            lines.push(line);
        }
        lines.sort_unstable();
        Ok(self.hash.hex(&lines.concat()))
    }

    /// §4.7.3.
    fn hash_related(
        &mut self,
        related: usize,
        quad: &Quad,
        issuer: &Issuer,
        place: char,
    ) -> Result<String, RdfcError> {
        self.work.spend_bytes(quad.predicate.len().saturating_add(80))?;
        let mut input = String::with_capacity(160);
        input.push(place);
        if place != 'g' {
            input.push_str(&quad.predicate);
        }
        if self.canonical.get(related).is_some() {
            input.push_str("_:");
            self.canonical.write(&mut input, related);
        } else if issuer.get(related).is_some() {
            input.push_str("_:");
            issuer.write(&mut input, related);
        } else if let Some(first) = self.first.get(&related) {
            input.push_str(first);
        }
        Ok(self.hash.hex(&input))
    }

    /// §4.8.3.
    fn hash_n_degree(
        &mut self,
        node: usize,
        mut issuer: Issuer,
        depth: usize,
    ) -> Result<(String, Issuer), RdfcError> {
        if depth >= DEPTH {
            return Err(RdfcError::TooMuchWork);
        }
        // 1 to 3
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let quads = self.mentions.get(&node).cloned().unwrap_or_default();
        self.work.spend(quads.len())?;
        for quad in quads {
            for (place, term) in quad.places() {
                if let Term::Blank(related) = term
                    && *related != node
                {
                    let hash = self.hash_related(*related, quad, &issuer, place)?;
                    groups.entry(hash).or_default().push(*related);
                }
            }
        }
        // 4, 5
        let mut data = String::new();
        for (hash, mut nodes) in groups {
            data.push_str(&hash);
            nodes.sort_unstable();
            let mut chosen: Option<(String, Issuer)> = None;
            loop {
                let best = chosen.as_ref().map(|(path, _)| path.as_str());
                if let Some(found) = self.follow(&nodes, &issuer, best, depth)? {
                    chosen = Some(found);
                }
                if !next_permutation(&mut nodes) {
                    break;
                }
            }
            if let Some((path, next)) = chosen {
                data.push_str(&path);
                issuer = next;
            }
        }
        // 6
        Ok((self.hash.hex(&data), issuer))
    }

    /// Steps 5.4.1 to 5.4.6: the path along `nodes` in this order, if it is better than the best so far.
    fn follow(
        &mut self,
        nodes: &[usize],
        issuer: &Issuer,
        best: Option<&str>,
        depth: usize,
    ) -> Result<Option<(String, Issuer)>, RdfcError> {
        let mut issuer = issuer.clone();
        // Copying names is quick beside hashing.
        self.work.spend((issuer.order.len() / 32).saturating_add(nodes.len()).saturating_add(1))?;
        let worse = |path: &str| best.is_some_and(|best| path.len() >= best.len() && path > best);
        let mut path = String::new();
        let mut open = Vec::new();
        for node in nodes {
            path.push_str("_:");
            if self.canonical.get(*node).is_some() {
                self.canonical.write(&mut path, *node);
            } else {
                if issuer.get(*node).is_none() {
                    open.push(*node);
                    issuer.issue(*node);
                }
                issuer.write(&mut path, *node);
            }
            if worse(&path) {
                return Ok(None);
            }
        }
        for node in open {
            let (hash, next) = self.hash_n_degree(node, issuer, depth.saturating_add(1))?;
            issuer = next;
            issuer.issue(node);
            path.push_str("_:");
            issuer.write(&mut path, node);
            path.push('<');
            path.push_str(&hash);
            path.push('>');
            if worse(&path) {
                return Ok(None);
            }
        }
        Ok(best.is_none_or(|best| path.as_str() < best).then_some((path, issuer)))
    }
}

/// §4.5: names in the order of asking.
#[derive(Clone, Debug)]
struct Issuer {
    prefix: &'static str,
    numbers: BTreeMap<usize, usize>,
    order: Vec<usize>,
}

impl Issuer {
    const fn new(prefix: &'static str) -> Self {
        Self { prefix, numbers: BTreeMap::new(), order: Vec::new() }
    }

    fn get(&self, node: usize) -> Option<usize> {
        self.numbers.get(&node).copied()
    }

    fn issue(&mut self, node: usize) -> usize {
        let next = self.order.len();
        *self.numbers.entry(node).or_insert_with(|| {
            self.order.push(node);
            next
        })
    }

    /// Appends the name of a node that has one.
    fn write(&self, out: &mut String, node: usize) {
        if let Some(number) = self.get(node) {
            // Writing to a text cannot fail.
            let _ = write!(out, "{}{number}", self.prefix);
        }
    }
}

/// The next order of `items`, from ascending to descending; `false` after the last.
fn next_permutation(items: &mut [usize]) -> bool {
    let ascends = |pair: &[usize]| matches!(pair, [one, next] if one < next);
    let Some(pivot) = items.windows(2).rposition(ascends) else { return false };
    let (head, tail) = items.split_at_mut(pivot.saturating_add(1));
    if let Some(last) = head.last_mut()
        && let Some(other) = tail.iter_mut().rev().find(|other| **other > *last)
    {
        std::mem::swap(last, other);
    }
    tail.reverse();
    true
}
