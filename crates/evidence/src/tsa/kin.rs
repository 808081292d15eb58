//! Which pinned authorities are one and the same, whatever names they were pinned under?
//!
//! A root and an authority below it may both be pinned, and which of them a token leads to depends on the certificates that it carries, which
//! nobody signed. So it is asked which anchors a signer belongs to by all certificates at hand, and at any time: two that one signer belongs to
//! vouch for one operator. In doubt they are one: that lowers a grade and raises none.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use der::Encode as _;
use inkan_core::{Digest, sha256};
use x509_cert::Certificate;

use super::anchors::Anchors;
use super::{certificate, signed};

/// Signatures that are tried in vain at most.
const TRIES: u32 = 1_024;

/// For each token, the names of all pinned anchors above its signer.
pub(super) fn behind(anchors: &Anchors, tokens: &[&[u8]]) -> Vec<BTreeSet<String>> {
    let every: BTreeSet<String> = anchors.names().map(|(name, _)| name.to_owned()).collect();
    if every.len() < 2 {
        return tokens.iter().map(|_| every.clone()).collect();
    }
    let read: Vec<_> = tokens.iter().map(|token| signed::signer_and_certificates(token)).collect();
    let mut pool = Pool::default();
    let carried = read.iter().flatten().flat_map(|(_, certificates)| certificates);
    let pinned = anchors.names().filter_map(|(_, digest)| anchors.get(digest));
    for one in pinned.chain(carried.map(Vec::as_slice)) {
        pool.add(one);
    }
    let tries = Cell::new(TRIES);
    let above = |token: &Option<(Vec<u8>, Vec<Vec<u8>>)>| {
        let (own, _) = token.as_ref()?;
        let reached = pool.above(sha256(&[own]), &tries)?;
        let named = anchors.names().filter(|(_, digest)| reached.contains(digest));
        Some(named.map(|(name, _)| name.to_owned()).collect())
    };
    // What could not be looked at to the end may be anybody's.
    read.iter().map(|token| above(token).unwrap_or_else(|| every.clone())).collect()
}

/// Certificates at hand.
#[derive(Default)]
struct Pool {
    all: BTreeMap<Digest, (Vec<u8>, Certificate)>,
    by_subject: BTreeMap<Vec<u8>, Vec<Digest>>,
}

impl Pool {
    fn add(&mut self, bytes: &[u8]) {
        let digest = sha256(&[bytes]);
        let Ok(parsed) = certificate::parse(bytes) else { return };
        let Ok(subject) = parsed.tbs_certificate().subject().to_der() else { return };
        if self.all.insert(digest, (bytes.to_vec(), parsed)).is_none() {
            self.by_subject.entry(subject).or_default().push(digest);
        }
    }

    /// A certificate, and all whose keys certified it, theirs, and so on; `None` if that is too much work.
    fn above(&self, own: Digest, tries: &Cell<u32>) -> Option<BTreeSet<Digest>> {
        let mut reached = BTreeSet::from([own]);
        let mut open = VecDeque::from([own]);
        while let Some(digest) = open.pop_front() {
            let Some((_, child)) = self.all.get(&digest) else { continue };
            let issuer = child.tbs_certificate().issuer().to_der().ok()?;
            for candidate in self.by_subject.get(&issuer).into_iter().flatten() {
                if reached.contains(candidate) {
                    continue;
                }
                let Some((parent, _)) = self.all.get(candidate) else { continue };
                tries.set(tries.get().checked_sub(1)?);
                if is_signed_by(child, parent) {
                    reached.insert(*candidate);
                    open.push_back(*candidate);
                }
            }
        }
        Some(reached)
    }
}

fn is_signed_by(child: &Certificate, parent: &[u8]) -> bool {
    let algorithm = child.signature_algorithm();
    let (Ok(message), Some(signature)) =
        (child.tbs_certificate().to_der(), child.signature().as_bytes())
    else {
        return false;
    };
    certificate::check_signature(parent, algorithm, algorithm, &message, signature).is_ok()
}
