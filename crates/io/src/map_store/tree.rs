//! The tree: hashes of its upper part in memory, keys in buckets, and how both looked at the states that are kept.
//!
//! Keys are digests, so their first bits spread them evenly: bucket *n* holds those that begin with certain bits, and as
//! keys come the buckets are split one after the other (linear hashing: location *l* of depth *d* is split into *l* and
//! *l* + 2^d). So nothing is ever moved but one bucket at a time, and a key's page is known without a search.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use inkan_core::Digest;
use inkan_ledger::tree::NodeHash;

use super::MapState;
use super::bucket::{Bucket, Entry, Node, bit, halves};
use super::error::MapStoreError;
use super::pages::{Pages, Roots};

/// Keys in each bucket on average when the next one is split: twice as many in the fullest, and a page holds 63.
const FILL: u64 = 26;

/// Which buckets there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Shape {
    depth: u8,
    /// Locations below this are split already.
    split: u64,
}

impl Shape {
    const fn pages(self) -> u64 {
        (1_u64 << self.depth).saturating_add(self.split)
    }

    /// Depth of the bucket at a location.
    const fn depth_of(self, location: u64) -> u8 {
        if location < self.split || location >= 1_u64 << self.depth {
            self.depth.saturating_add(1)
        } else {
            self.depth
        }
    }

    /// Where a key belongs.
    fn locate(self, key: &Digest) -> u64 {
        let location = mirrored(first_bits(key, self.depth), self.depth);
        if location < self.split {
            let depth = self.depth.saturating_add(1);
            mirrored(first_bits(key, depth), depth)
        } else {
            location
        }
    }
}

/// A state that stays readable: its shape, and what has changed since.
#[derive(Debug)]
struct Kept {
    state: MapState,
    shape: Shape,
    nodes: HashMap<(u8, u64), Node>,
    buckets: HashMap<u64, Arc<Bucket>>,
}

/// The tree with its files.
#[derive(Debug)]
pub(super) struct Tree {
    pages: Arc<Pages>,
    shape: Shape,
    state: MapState,
    /// Nodes by level and by the first bits, as far down as there are buckets.
    levels: Vec<Vec<Node>>,
    /// Buckets that are newer than their pages.
    dirty: HashMap<u64, Arc<Bucket>>,
    /// What is beside the pages that are not dirty.
    beside: BTreeMap<u64, Vec<Entry>>,
    /// Pages that were ever made durable.
    there: u64,
    /// Oldest first.
    kept: Vec<Kept>,
}

/// What is to be made durable: pages and roots of one kept state.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) buckets: Vec<(u64, Arc<Bucket>)>,
    pub(super) there: u64,
    pub(super) roots: Roots,
}

impl Tree {
    pub(super) fn open(pages: Arc<Pages>) -> Result<Self, MapStoreError> {
        let roots = match pages.roots()? {
            Some(roots) => roots,
            None => {
                pages.clear()?;
                let nodes = vec![Node::empty()];
                let beside = BTreeMap::new();
                Roots { version: 0, keys: 0, depth: 0, split: 0, nodes, beside }
            }
        };
        let there = if roots.keys == 0 { 0 } else { u64::try_from(roots.nodes.len()).unwrap_or(0) };
        let shape = Shape { depth: roots.depth, split: roots.split };
        if shape.depth > 40
            || shape.split >= 1_u64 << shape.depth
            || u64::try_from(roots.nodes.len()) != Ok(shape.pages())
        {
            return Err(MapStoreError::Damaged("the roots do not fit together".into()));
        }
        if !pages.has(there)? {
            return Err(MapStoreError::Damaged("pages are missing".into()));
        }
        let mut levels: Vec<Vec<Node>> =
            (0..=shape.depth).map(|level| vec![Node::empty(); 1 << level]).collect();
        if shape.split > 0 {
            levels.push(vec![Node::empty(); 2 << shape.depth]);
        }
        for (location, node) in (0_u64..).zip(&roots.nodes) {
            let depth = shape.depth_of(location);
            put(&mut levels, depth, mirrored(location, depth), *node);
        }
        for level in (0..levels.len().saturating_sub(1)).rev() {
            let Some((above, below)) = levels.get_mut(level..).and_then(<[_]>::split_first_mut)
            else {
                continue;
            };
            let Some(below) = below.first() else { continue };
            for (at, (node, two)) in above.iter_mut().zip(below.chunks_exact(2)).enumerate() {
                // On the last level but one only what was split has children.
                let at = u64::try_from(at).unwrap_or(u64::MAX);
                let is_split =
                    level < usize::from(shape.depth) || mirrored(at, shape.depth) < shape.split;
                if let ([zero, one], true) = (two, is_split) {
                    *node = Node::of(zero, one);
                }
            }
        }
        let root = levels.first().and_then(|level| level.first()).copied();
        let root = NodeHash::from_digest(root.unwrap_or_else(Node::empty).hash);
        let state = MapState { version: roots.version, root, keys: roots.keys };
        let mut tree = Self {
            pages,
            shape,
            state,
            levels,
            dirty: HashMap::new(),
            beside: roots.beside,
            there,
            kept: Vec::new(),
        };
        tree.keep();
        Ok(tree)
    }

    pub(super) const fn state(&self) -> MapState {
        self.state
    }

    pub(super) fn set_version(&mut self, version: u64) {
        self.state.version = version;
    }

    /// Buckets that wait for their pages to be written.
    pub(super) fn pending(&self) -> usize {
        self.dirty.len()
    }

    /// Puts entries, in order of their keys, into their buckets; gives the nodes above which hashes are to be renewed.
    pub(super) fn put_all(&mut self, entries: &[Entry]) -> Result<Vec<(u8, u64)>, MapStoreError> {
        let mut touched = Vec::new();
        let mut rest = entries;
        while let Some(first) = rest.first() {
            let location = self.shape.locate(&first.key);
            let here = |entry: &Entry| self.shape.locate(&entry.key) == location;
            let (now, later) = rest.split_at(rest.iter().take_while(|entry| here(entry)).count());
            rest = later;
            let mut bucket = self.bucket(location)?;
            self.remember(location, &bucket);
            // Nobody else holds a bucket that is dirty, unless a state that is kept does.
            self.dirty.remove(&location);
            let changed = Arc::make_mut(&mut bucket);
            let new = now.iter().filter(|entry| changed.put(**entry)).count();
            self.state.keys = self.state.keys.saturating_add(u64::try_from(new).unwrap_or(0));
            touched.push(self.put_bucket(location, bucket));
        }
        Ok(touched)
    }

    /// Splits buckets until they are as full as they should be.
    pub(super) fn grow(&mut self) -> Result<(), MapStoreError> {
        while self.state.keys > self.shape.pages().saturating_mul(FILL) {
            let (location, depth) = (self.shape.split, self.shape.depth);
            if location == 0 {
                self.levels.push(vec![Node::empty(); 2 << depth]);
            }
            let bucket = self.bucket(location)?;
            self.remember(location, &bucket);
            let (zeros, ones) = bucket.split();
            self.shape.split = location.saturating_add(1);
            if self.shape.split == 1 << depth {
                self.shape = Shape { depth: depth.saturating_add(1), split: 0 };
            }
            // The node above stays what it was.
            self.put_bucket(location, Arc::new(zeros));
            self.put_bucket(location | 1 << depth, Arc::new(ones));
        }
        Ok(())
    }

    /// Renews the hashes above the nodes `touched`.
    pub(super) fn renew(&mut self, mut touched: Vec<(u8, u64)>) {
        let mut level = touched.iter().map(|(level, _)| *level).max().unwrap_or(0);
        while level > 0 {
            let above = level.saturating_sub(1);
            let (here, mut later): (Vec<_>, Vec<_>) =
                touched.into_iter().partition(|(of, _)| *of == level);
            let mut parents: Vec<u64> = here.into_iter().map(|(_, at)| at >> 1).collect();
            parents.sort_unstable();
            parents.dedup();
            for at in parents {
                let node = Node::of(&self.node(level, at << 1), &self.node(level, at << 1 | 1));
                self.set(above, at, node);
                later.push((above, at));
            }
            touched = later;
            level = above;
        }
        self.state.root = NodeHash::from_digest(self.node(0, 0).hash);
    }

    /// Keeps the state as it is now.
    pub(super) fn keep(&mut self) {
        let (state, shape) = (self.state, self.shape);
        let kept = Kept { state, shape, nodes: HashMap::new(), buckets: HashMap::new() };
        if self.kept.last().is_some_and(|last| last.state.version == state.version)
            && let Some(replaced) = self.kept.pop()
            && let Some(before) = self.kept.last_mut()
        {
            // What was remembered for the one that goes is needed by the one before.
            for (at, node) in replaced.nodes {
                before.nodes.entry(at).or_insert(node);
            }
            for (location, bucket) in replaced.buckets {
                before.buckets.entry(location).or_insert(bucket);
            }
        }
        self.kept.push(kept);
    }

    /// Lets go of states with smaller versions; the newest one that was kept stays.
    pub(super) fn prune(&mut self, below: u64) {
        let last = self.kept.len().saturating_sub(1);
        let gone = self.kept.iter().take(last).take_while(|kept| kept.state.version < below);
        let gone = gone.count();
        self.kept.drain(..gone);
    }

    pub(super) fn kept(&self, version: u64) -> Result<MapState, MapStoreError> {
        self.place(version).map(|(_, kept)| kept.state)
    }

    /// The newest state that was kept, as it has to be on disk; `None` if it is there already.
    pub(super) fn image(&self) -> Option<Image> {
        let at = self.kept.len().checked_sub(1)?;
        let kept = self.kept.get(at)?;
        let pages = kept.shape.pages();
        let mut buckets: Vec<_> = self
            .dirty
            .iter()
            .filter(|(location, _)| **location < pages)
            .map(|(location, bucket)| {
                let bucket = kept.buckets.get(location).unwrap_or(bucket);
                (*location, Arc::clone(bucket))
            })
            .collect();
        buckets.sort_unstable_by_key(|(location, _)| *location);
        let mut beside = self.beside.clone();
        for (location, bucket) in &buckets {
            beside.remove(location);
            let outside = bucket.outside();
            if !outside.is_empty() {
                beside.insert(*location, outside);
            }
        }
        let nodes = (0..pages)
            .map(|location| {
                let depth = kept.shape.depth_of(location);
                self.node_at(at, depth, mirrored(location, depth))
            })
            .collect();
        let MapState { version, keys, .. } = kept.state;
        let Shape { depth, split } = kept.shape;
        let roots = Roots { version, keys, depth, split, nodes, beside };
        Some(Image { buckets, there: self.there, roots })
    }

    /// The image is on disk: only what is newer stays in memory.
    pub(super) fn written(&mut self, image: Image) {
        self.there = self.there.max(u64::try_from(image.roots.nodes.len()).unwrap_or(0));
        for (location, bucket) in image.buckets {
            if self.dirty.get(&location).is_some_and(|now| Arc::ptr_eq(now, &bucket)) {
                self.dirty.remove(&location);
            }
        }
        self.beside = image.roots.beside;
    }

    /// All that a proof is made of: the bytes of the specification (§4), from the newest state or one that was kept.
    pub(super) fn prove(&self, key: &Digest, version: u64) -> Result<Proving, MapStoreError> {
        let (at, shape, state) = if version == self.state.version {
            (self.kept.len(), self.shape, self.state)
        } else {
            let (at, kept) = self.place(version)?;
            (at, kept.shape, kept.state)
        };
        let location = shape.locate(key);
        let depth = shape.depth_of(location);
        let mut siblings = Vec::new();
        for level in (1..=depth).rev() {
            siblings.push(self.node_at(at, level, first_bits(key, level) ^ 1));
        }
        let bucket = self.bucket_at(at, location)?;
        if bucket.entries.len() > 1 {
            return Ok(Proving { state, depth, siblings, bucket, leaf: None });
        }
        // A subtree with one key is that key's leaf, so the way ends at the highest node with at most one.
        let mut leaf = bucket.entries.first().copied();
        let mut level = depth;
        let mut count = u8::from(leaf.is_some());
        for sibling in &siblings {
            if count.saturating_add(sibling.count) > 1 {
                break;
            }
            count = count.saturating_add(sibling.count);
            level = level.saturating_sub(1);
        }
        if leaf.is_none() && count == 1 {
            let lone = self.only_one(at, shape, level, first_bits(key, level));
            leaf = self.bucket_at(at, lone)?.entries.first().copied();
        }
        siblings.drain(..usize::from(depth.saturating_sub(level)));
        Ok(Proving { state, depth: level, siblings, bucket: Arc::default(), leaf })
    }

    /// Location of the bucket that holds the only key under a node.
    fn only_one(&self, at: usize, shape: Shape, mut level: u8, mut index: u64) -> u64 {
        loop {
            let location = mirrored(index, level);
            let is_bucket =
                level > shape.depth || (level == shape.depth && location >= shape.split);
            if is_bucket {
                return location;
            }
            level = level.saturating_add(1);
            index <<= 1;
            if self.node_at(at, level, index).count == 0 {
                index |= 1;
            }
        }
    }

    fn place(&self, version: u64) -> Result<(usize, &Kept), MapStoreError> {
        let found = self.kept.iter().enumerate().rfind(|(_, kept)| kept.state.version == version);
        found.ok_or(MapStoreError::Gone { version })
    }

    fn node(&self, level: u8, at: u64) -> Node {
        let index = usize::try_from(at).unwrap_or(usize::MAX);
        let level = self.levels.get(usize::from(level));
        level.and_then(|level| level.get(index)).copied().unwrap_or_else(Node::empty)
    }

    /// A node as it was when the `from`th state was kept.
    fn node_at(&self, from: usize, level: u8, at: u64) -> Node {
        let then = self.kept.iter().skip(from).find_map(|kept| kept.nodes.get(&(level, at)));
        then.copied().unwrap_or_else(|| self.node(level, at))
    }

    fn bucket_at(&self, from: usize, location: u64) -> Result<Arc<Bucket>, MapStoreError> {
        let then = self.kept.iter().skip(from).find_map(|kept| kept.buckets.get(&location));
        then.map_or_else(|| self.bucket(location), |bucket| Ok(Arc::clone(bucket)))
    }

    fn set(&mut self, level: u8, at: u64, node: Node) {
        let before = self.node(level, at);
        if before == node {
            return;
        }
        if let Some(kept) = self.kept.last_mut() {
            kept.nodes.entry((level, at)).or_insert(before);
        }
        put(&mut self.levels, level, at, node);
    }

    fn remember(&mut self, location: u64, bucket: &Arc<Bucket>) {
        if let Some(kept) = self.kept.last_mut() {
            kept.buckets.entry(location).or_insert_with(|| Arc::clone(bucket));
        }
    }

    fn put_bucket(&mut self, location: u64, bucket: Arc<Bucket>) -> (u8, u64) {
        let (depth, at) = (bucket.depth, mirrored(location, bucket.depth));
        self.set(depth, at, bucket.node());
        self.dirty.insert(location, bucket);
        (depth, at)
    }

    fn bucket(&self, location: u64) -> Result<Arc<Bucket>, MapStoreError> {
        if let Some(bucket) = self.dirty.get(&location) {
            return Ok(Arc::clone(bucket));
        }
        let depth = self.shape.depth_of(location);
        if location >= self.there {
            return Ok(Arc::new(Bucket { depth, ..Bucket::default() }));
        }
        let mut bucket = self.load(location, depth)?;
        if let Some(beside) = self.beside.get(&location) {
            bucket.join(beside.clone(), true);
        }
        if bucket.entries.len().saturating_sub(bucket.beside.len()) > super::bucket::CAPACITY {
            bucket.repack();
        }
        Ok(Arc::new(bucket))
    }

    /// A page. If a crash came between pages and roots it may be split already: then its keys are on two.
    fn load(&self, location: u64, depth: u8) -> Result<Bucket, MapStoreError> {
        let mut page = self.pages.read(location)?;
        if page.depth < depth {
            return Err(MapStoreError::Damaged("a page is of another time".into()));
        }
        for deeper in depth..page.depth {
            let other = self.load(location | 1 << deeper, deeper.saturating_add(1))?;
            page.join(other.entries, false);
        }
        page.depth = depth;
        Ok(page)
    }
}

/// What a proof is computed from, without the tree.
#[derive(Debug)]
pub(super) struct Proving {
    pub(super) state: MapState,
    depth: u8,
    /// Above the bucket, deepest first.
    siblings: Vec<Node>,
    /// The bucket, if the way ends inside it.
    bucket: Arc<Bucket>,
    /// The leaf, if it ends above.
    leaf: Option<Entry>,
}

impl Proving {
    /// The bytes of the proof.
    pub(super) fn to_bytes(&self, key: &Digest) -> Vec<u8> {
        let mut siblings = Vec::new();
        let mut entries = self.bucket.entries.as_slice();
        let mut depth = usize::from(self.depth);
        while entries.len() > 1 {
            let (zeros, ones) = halves(entries, depth);
            let (here, other) = if bit(key, depth) { (ones, zeros) } else { (zeros, ones) };
            depth = depth.saturating_add(1);
            siblings.push(Node::over(other, depth));
            entries = here;
        }
        siblings.reverse();
        siblings.extend_from_slice(&self.siblings);
        let leaf = entries.first().or(self.leaf.as_ref());
        let mut out = vec![1, u8::from(leaf.is_some())];
        if let Some(entry) = leaf {
            out.extend_from_slice(entry.key.as_bytes());
            out.extend_from_slice(entry.value_hash.as_bytes());
        }
        out.extend_from_slice(&u16::try_from(siblings.len()).unwrap_or(u16::MAX).to_be_bytes());
        for eight in siblings.chunks(8) {
            let bits = eight.iter().enumerate().map(|(i, s)| u8::from(s.count > 0) << (7 - i));
            out.push(bits.fold(0, |all, one| all | one));
        }
        for sibling in siblings.iter().filter(|node| node.count > 0) {
            out.extend_from_slice(sibling.hash.as_bytes());
        }
        out
    }
}

fn put(levels: &mut [Vec<Node>], level: u8, at: u64, node: Node) {
    let index = usize::try_from(at).unwrap_or(usize::MAX);
    if let Some(place) = levels.get_mut(usize::from(level)).and_then(|level| level.get_mut(index)) {
        *place = node;
    }
}

/// The first `count` bits of a key, as a number.
fn first_bits(key: &Digest, count: u8) -> u64 {
    let first = key.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    if count == 0 { 0 } else { first >> (64_u8.saturating_sub(count)) }
}

/// The lowest `count` bits in reverse order: from first bits to location, and back.
const fn mirrored(number: u64, count: u8) -> u64 {
    if count == 0 { 0 } else { number.reverse_bits() >> (64_u8.saturating_sub(count)) }
}
