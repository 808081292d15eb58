//! What a profile has read of a ledger's statements about trust, so that the next command reads only what is new.
//!
//! What is kept rests on the signed head under which each entry was shown to be in the log. That head is verified again by the policy that is
//! pinned now, and whoever goes on from it shows that the tree of now continues it: nothing is believed beyond it. A file that does not
//! fit (damaged, of another log, under keys that are not pinned any more) counts for nothing; everything is then read again, and it is
//! written anew.

use inkan_core::encoding::{b64u, decode_b64u};
use inkan_core::json::{self, text};
use inkan_core::{Digest, Timestamp, sha256};
use inkan_io::files::{self, Access};
use inkan_ledger::{Kind, Leaf, SignedNote, verify_checkpoint};
use serde_json::{Value, json};

use super::Stated;
use crate::context::Home;
use crate::ledgers::verify_pinned;

/// `type` of the file.
const TYPE: &str = "inkan-stated/1";
/// Bytes of the file at most; a ledger with more to keep is read as a whole.
const LIMIT: usize = 32 << 20;
/// How many entries more than before make it worth writing: as many as a node gives at once.
const WORTH: u64 = 256;

/// What was kept of a log, as far as it can be believed now.
pub(super) fn load(home: &Home, origin: &str, now: Timestamp) -> Option<Stated> {
    let path = home.profile.stated(origin).ok()?;
    let bytes = files::read_optional(&path, LIMIT).ok().flatten()?;
    let (note, leaves) = read(&bytes, origin)?;
    let head = verify_pinned(home, |policy| verify_checkpoint(&note, policy, now)).ok()?;
    let size = head.head().tree_size;
    let within = leaves.last().is_none_or(|(index, _)| *index < size);
    (head.origin() == origin && within).then(|| Stated {
        origin: origin.to_owned(),
        size,
        leaves,
        head,
        known: std::sync::Mutex::default(),
        left: std::sync::Mutex::default(),
    })
}

/// Keeps what was read, if it is worth it. A profile that cannot be written to keeps nothing, and is none the worse for it.
pub(super) fn keep(home: &Home, stated: &Stated, earlier: Option<u64>) {
    if stated.size < earlier.unwrap_or(0).saturating_add(WORTH) {
        return;
    }
    let text = write(&stated.origin, &stated.head.note().to_string(), &stated.leaves);
    if let Ok(path) = home.profile.stated(&stated.origin)
        && text.len() <= LIMIT
    {
        files::write_atomic(&path, text.as_bytes(), Access::Private).ok();
    }
}

fn write(origin: &str, note: &str, leaves: &[(u64, Leaf)]) -> String {
    let entries = leaves.iter().map(|(index, leaf)| json!([index, b64u(&leaf.to_bytes())]));
    let value = json!({
        "type": TYPE, "origin": origin, "head": note, "leaves": entries.collect::<Vec<_>>(),
        "sha256": sum(origin, note, leaves).to_hex(),
    });
    format!("{value}\n")
}

/// The head and the entries of a file that is whole, and of this log.
fn read(bytes: &[u8], origin: &str) -> Option<(SignedNote, Vec<(u64, Leaf)>)> {
    let value = json::parse(bytes, LIMIT).ok()?;
    if text(&value, "type") != Some(TYPE) || text(&value, "origin") != Some(origin) {
        return None;
    }
    let leaf = |entry: &Value| {
        let index = entry.get(0)?.as_u64()?;
        let leaf = Leaf::parse(&decode_b64u(entry.get(1)?.as_str()?).ok()?).ok()?;
        matches!(leaf.kind(), Kind::Trust | Kind::Did).then_some((index, leaf))
    };
    let leaves: Vec<(u64, Leaf)> =
        value.get("leaves")?.as_array()?.iter().map(leaf).collect::<Option<_>>()?;
    let head = text(&value, "head")?;
    let whole = Some(sum(origin, head, &leaves).to_hex().as_str()) == text(&value, "sha256");
    let rising = leaves.is_sorted_by(|(one, _), (next, _)| one < next);
    if whole && rising { Some((SignedNote::parse(head).ok()?, leaves)) } else { None }
}

/// A sum against accidents: whoever may write into a profile may write its trust list, too.
fn sum(origin: &str, note: &str, leaves: &[(u64, Leaf)]) -> Digest {
    let entries = leaves
        .iter()
        .map(|(index, leaf)| *sha256(&[&index.to_be_bytes(), &leaf.to_bytes()]).as_bytes());
    let entries: Vec<u8> = entries.flatten().collect();
    sha256(&[
        sha256(&[origin.as_bytes()]).as_bytes(),
        sha256(&[note.as_bytes()]).as_bytes(),
        &entries,
    ])
}

#[cfg(test)]
mod tests;
