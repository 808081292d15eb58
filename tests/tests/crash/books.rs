//! What must be true after every crash.

use std::collections::BTreeMap;
use std::path::Path;

use inkan_core::Timestamp;
use inkan_io::ledger_folder::{LedgerFolder, LedgerReader};
use inkan_ledger::tree::{TreeHead, verify_consistency};
use inkan_ledger::{Checkpoint, Kind, Leaf, Log, ParametersDocument, SignedNote};

use super::CLIENTS;

/// What was acknowledged, and what was signed, by all processes so far.
#[derive(Default)]
pub(crate) struct Books {
    /// By client and number: place, leaf hash, entry id.
    acknowledged: BTreeMap<(u64, u64), (u64, String, String)>,
    /// Signed texts by size.
    notes: BTreeMap<u64, String>,
    last: Option<TreeHead>,
}

impl Books {
    pub(crate) fn count(&self) -> u64 {
        u64::try_from(self.acknowledged.len()).expect("few")
    }

    /// Where each client goes on: at its last acknowledged entry, which it submits again.
    pub(crate) fn next(&self) -> Vec<u64> {
        let last = |client| {
            let mut all = self.acknowledged.range((client, 0)..(client + 1, 0));
            all.next_back().map_or(0, |((_, n), _)| *n)
        };
        (0..CLIENTS).map(last).collect()
    }

    /// Takes in what a process said.
    pub(crate) fn acknowledge(&mut self, lines: &[String]) {
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let ["ack", client, n, index, hash, id] = words[..] else { continue };
            let number = |text: &str| text.parse::<u64>().expect("a number");
            let key = (number(client), number(n));
            let place = (number(index), hash.to_owned(), id.to_owned());
            let known = self.acknowledged.entry(key).or_insert_with(|| place.clone());
            assert_eq!(*known, place, "the same entry has the same place, for ever");
        }
    }

    /// Takes in every note that lies about: never two of one size.
    pub(crate) fn note(&mut self, path: &Path) {
        for name in ["checkpoint", "witness/w1/seen", "witness/w2/seen"] {
            let Ok(text) = std::fs::read_to_string(path.join(name)) else { continue };
            if let Ok(note) = SignedNote::parse(&text) {
                self.signed(&note);
            }
        }
    }

    fn signed(&mut self, note: &SignedNote) -> TreeHead {
        let head = Checkpoint::parse_text(note.text()).expect("a checkpoint").head();
        let known = self.notes.entry(head.tree_size).or_insert_with(|| note.text().to_owned());
        assert_eq!(known, note.text(), "two notes of one size");
        head
    }

    /// Opens the ledger and looks at all of this.
    pub(crate) fn check(&mut self, path: &Path, now: Timestamp) {
        let mut ledger = LedgerFolder::open(path, now).expect("it opens after every crash");
        ledger.checkpoint(now).expect("a checkpoint");
        let view = ledger.reader().view_at(None).expect("readable").expect("a checkpoint");
        let head = self.signed(view.note());
        let signed: Vec<TreeHead> = self
            .notes
            .values()
            .map(|text| Checkpoint::parse_text(text).expect("a checkpoint").head())
            .collect();
        for old in signed.iter().rev().take(20).chain(&self.last) {
            let proof = view.consistency(old.tree_size).expect("a proof");
            verify_consistency(old, &head, &proof).expect("it extends all that was signed");
        }
        self.last = Some(head);
        // The newest ones each time; all of them at the end.
        let newest = self.acknowledged.values().filter(|(index, ..)| index + 400 > head.tree_size);
        for (index, hash, id) in newest {
            self.is_there(&view, *index, hash, id);
        }
    }

    fn is_there(&self, view: &inkan_io::ledger_folder::View, index: u64, hash: &str, id: &str) {
        let leaf = view.entry(index).expect("an acknowledged entry");
        assert_eq!(leaf.hash().digest().to_hex(), hash, "at its place");
        let id = inkan_ledger::EntryId::from_hex(id).expect("an id");
        assert_eq!(view.lookup(&id).expect("readable"), Some(index), "and found by its id");
    }

    /// Replays the whole log in memory: every leaf obeys the rules, no id stands twice, every epoch leaf agrees, and the root
    /// is the signed one.
    pub(crate) fn check_everything(&self, path: &Path) {
        let reader = LedgerReader::open(path).expect("readable");
        let view = reader.view_at(None).expect("readable").expect("a checkpoint");
        for (index, hash, id) in self.acknowledged.values() {
            self.is_there(&view, *index, hash, id);
        }
        let genesis = view.entry(0).expect("a genesis leaf");
        let epoch = inkan_ledger::Epoch::parse(genesis.body()).expect("an epoch");
        let document = reader.parameters(&epoch.params).expect("readable").expect("a document");
        let values = ParametersDocument::parse(&document).expect("a document").values;
        let mut log = Log::new(reader.origin(), &values, epoch.params).expect("parameters");
        let mut epochs = 0;
        for index in 0..view.size() {
            let leaf: Leaf = view.entry(index).expect("a leaf");
            log.replay(&leaf.to_bytes()).expect("it follows");
            if leaf.kind() == Kind::Epoch {
                epochs += 1;
                log.check_map().expect("its map");
            }
        }
        let root = log.checkpoint(view.size()).expect("a head");
        assert_eq!(root.to_text(), view.note().text(), "the signed root");
        assert!(epochs > 3);
    }
}
