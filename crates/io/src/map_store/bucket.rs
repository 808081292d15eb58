//! Keys that share the first bits, as one page of the file, and the hashes of the tree above and below.

use inkan_core::{Digest, sha256};
use inkan_ledger::map::empty_root;

/// Bytes of a page.
pub(super) const PAGE: usize = 4_096;
/// Keys that a page holds.
pub(super) const CAPACITY: usize = 63;
/// Check sum (8), number of keys (2), depth (1), nothing (5).
const HEAD: usize = 16;
const ENTRY: usize = 64;

/// A key's place and what stands there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    pub(super) key: Digest,
    pub(super) value_hash: Digest,
}

/// All that is known of a subtree from outside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Node {
    /// How many keys: none, one, or more (2). A subtree of one is that key's leaf, wherever it lies.
    pub(super) count: u8,
    pub(super) hash: Digest,
}

impl Node {
    pub(super) fn empty() -> Self {
        Self { count: 0, hash: *empty_root().digest() }
    }

    pub(super) fn leaf(entry: &Entry) -> Self {
        let parts: [&[u8]; 3] =
            [b"JMT::LeafNode", entry.key.as_bytes(), entry.value_hash.as_bytes()];
        Self { count: 1, hash: sha256(&parts) }
    }

    /// The subtree of two halves.
    pub(super) fn of(zero: &Self, one: &Self) -> Self {
        match (zero.count, one.count) {
            (0, 0) => Self::empty(),
            (1, 0) => *zero,
            (0, 1) => *one,
            _ => {
                let parts: [&[u8]; 3] =
                    [b"JMT::IntrnalNode", zero.hash.as_bytes(), one.hash.as_bytes()];
                Self { count: 2, hash: sha256(&parts) }
            }
        }
    }

    /// The subtree of these keys, which share the first `depth` bits and are in order.
    pub(super) fn over(entries: &[Entry], depth: usize) -> Self {
        match entries {
            [] => Self::empty(),
            [entry] => Self::leaf(entry),
            _ => {
                let (zeros, ones) = halves(entries, depth);
                let below = depth.saturating_add(1);
                Self::of(&Self::over(zeros, below), &Self::over(ones, below))
            }
        }
    }
}

/// Keys in order, by the bit at `depth`.
pub(super) fn halves(entries: &[Entry], depth: usize) -> (&[Entry], &[Entry]) {
    entries.split_at(entries.partition_point(|entry| !bit(&entry.key, depth)))
}

/// Bit `position` of a key, the most significant of the first byte being 0.
pub(super) fn bit(key: &Digest, position: usize) -> bool {
    let byte = key.as_bytes().get(position / 8).copied().unwrap_or(0);
    (byte >> (7 - position % 8)) & 1 == 1
}

/// The keys whose first `depth` bits lead to one page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Bucket {
    pub(super) depth: u8,
    /// In order.
    pub(super) entries: Vec<Entry>,
    /// Keys that came when the page was full. They stay outside until the page is split: then what is on the page and
    /// what is beside it need not be written at the same moment.
    pub(super) beside: Vec<Digest>,
}

impl Bucket {
    /// Puts an entry in; says whether the key is new.
    pub(super) fn put(&mut self, entry: Entry) -> bool {
        match self.entries.binary_search_by(|other| other.key.cmp(&entry.key)) {
            Ok(at) => {
                if let Some(there) = self.entries.get_mut(at) {
                    *there = entry;
                }
                false
            }
            Err(at) => {
                if self.entries.len().saturating_sub(self.beside.len()) >= CAPACITY {
                    self.beside.push(entry.key);
                }
                if self.entries.len() == self.entries.capacity() {
                    // Buckets wait by the thousand: doubling would be half of all memory.
                    self.entries.reserve_exact(4);
                }
                self.entries.insert(at, entry);
                true
            }
        }
    }

    pub(super) fn node(&self) -> Node {
        Node::over(&self.entries, usize::from(self.depth))
    }

    /// In two, by the next bit.
    pub(super) fn split(&self) -> (Self, Self) {
        let (zeros, ones) = halves(&self.entries, usize::from(self.depth));
        let depth = self.depth.saturating_add(1);
        let half = |entries: &[Entry]| Self {
            depth,
            entries: entries.to_vec(),
            beside: entries.iter().skip(CAPACITY).map(|entry| entry.key).collect(),
        };
        (half(zeros), half(ones))
    }

    /// What does not fit on the page.
    pub(super) fn outside(&self) -> Vec<Entry> {
        self.entries.iter().filter(|entry| self.beside.contains(&entry.key)).copied().collect()
    }

    /// The page.
    pub(super) fn to_page(&self) -> Vec<u8> {
        let mut page = Vec::with_capacity(PAGE);
        page.extend_from_slice(&[0; 8]);
        let on_page = self.entries.len().saturating_sub(self.beside.len());
        page.extend_from_slice(&u16::try_from(on_page).unwrap_or(u16::MAX).to_be_bytes());
        page.push(self.depth);
        page.resize(HEAD, 0);
        let inside = self.entries.iter().filter(|entry| !self.beside.contains(&entry.key));
        for entry in inside {
            page.extend_from_slice(entry.key.as_bytes());
            page.extend_from_slice(entry.value_hash.as_bytes());
        }
        page.resize(PAGE, 0);
        let sum = check_sum(&page);
        for (to, from) in page.iter_mut().zip(sum) {
            *to = from;
        }
        page
    }

    /// Reads a page; `None` if it was altered or torn.
    pub(super) fn parse(page: &[u8]) -> Option<Self> {
        if page.len() != PAGE || page.first_chunk::<8>()? != &check_sum(page) {
            return None;
        }
        let count = usize::from(u16::from_be_bytes(*page.get(8..10)?.first_chunk()?));
        let depth = *page.get(10)?;
        if count > CAPACITY {
            return None;
        }
        let rows = page.get(HEAD..)?.chunks_exact(ENTRY).take(count);
        let mut entries = Vec::with_capacity(count.saturating_add(2));
        for row in rows {
            entries.push(read_entry(row)?);
        }
        let in_order = entries.windows(2).all(|two| matches!(two, [a, b] if a.key < b.key));
        in_order.then_some(Self { depth, entries, beside: Vec::new() })
    }

    /// Takes in what was on other pages or beside: what is here already stays.
    pub(super) fn join(&mut self, others: Vec<Entry>, are_beside: bool) {
        for entry in others {
            if let Err(at) = self.entries.binary_search_by(|other| other.key.cmp(&entry.key)) {
                self.entries.insert(at, entry);
                if are_beside {
                    self.beside.push(entry.key);
                }
            }
        }
    }

    /// Decides anew what is beside the page.
    pub(super) fn repack(&mut self) {
        self.beside = self.entries.iter().skip(CAPACITY).map(|entry| entry.key).collect();
    }
}

pub(super) fn read_entry(row: &[u8]) -> Option<Entry> {
    let (key, value_hash) = row.split_first_chunk::<32>()?;
    Some(Entry {
        key: Digest::from_bytes(*key),
        value_hash: Digest::from_bytes(value_hash.try_into().ok()?),
    })
}

/// Over all but the first eight bytes, eight at a time, each step a bijection of what came before: any one altered word
/// shows. Against damage, not against an attacker: proofs are checked against the root before they are given out.
fn check_sum(page: &[u8]) -> [u8; 8] {
    let mut sum = 0x696e_6b61_6e2d_6d61_u64;
    for word in page.chunks_exact(8).skip(1) {
        let word = word.first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word));
        sum = (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        sum ^= sum >> 29;
    }
    sum.to_be_bytes()
}
