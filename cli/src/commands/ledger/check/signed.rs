//! Is an entry signed by the DID that it names, with a key that was in force at its place (V10 of the ledger specification)?
//!
//! In scope: the versions of that DID, from receipts or from the ledger, up to the place. Out of scope: what the entry says.

use std::path::Path;

use inkan_core::limits;
use inkan_did::webvh::{self, Head};
use inkan_io::files;
use inkan_ledger::state::claimed_scid;
use inkan_ledger::{Kind, Leaf, Receipt, ReceiptError, Rejection, SignedEntry, verify_receipt};

use crate::args::CheckArgs;
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::ledgers;

/// An entry at its place, which was proved before.
pub(in crate::commands::ledger) struct Signed<'a> {
    /// Name of the log.
    pub(in crate::commands::ledger) origin: &'a str,
    /// Its place.
    pub(in crate::commands::ledger) index: u64,
    /// The entry.
    pub(in crate::commands::ledger) leaf: &'a Leaf,
}

/// What was found.
pub(in crate::commands::ledger) enum Judged {
    /// This version of the signer was in force, and its key made the signature.
    Pass {
        /// The signer's version.
        version: String,
    },
    /// It could not be told.
    NotChecked(&'static str),
}

impl Judged {
    /// The member `entry` of the answer.
    pub(in crate::commands::ledger) const fn word(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "pass",
            Self::NotChecked(_) => "not-checked",
        }
    }

    /// A line for people.
    pub(in crate::commands::ledger) fn line(&self) -> String {
        match self {
            Self::Pass { version } => {
                format!("  signed by its DID, with a key of version {version}, in force there\n")
            }
            Self::NotChecked(why) => format!("  who signed it was not checked: {why}\n"),
        }
    }
}

impl Signed<'_> {
    /// Looks for the signer's versions in the files of `--history`, else in the ledger if it is a folder, or a node that was named for
    /// this run: nobody else is asked.
    ///
    /// # Errors
    ///
    /// Somebody else signed it, or nobody who might have.
    pub(in crate::commands::ledger) fn judge(
        &self,
        args: &CheckArgs,
        (home, context): (&Home, &Context),
    ) -> Result<Judged, Failure> {
        if self.leaf.kind() == Kind::Epoch {
            return Ok(Judged::NotChecked("nobody signs an epoch leaf: mirrors make it again"));
        }
        let Some(scid) = claimed_scid(self.leaf.kind(), self.leaf.body()) else {
            return Ok(Judged::NotChecked("it names no DID"));
        };
        let versions = if !args.history.is_empty() {
            args.history.iter().map(|file| receipt_in(file)).collect::<Result<_, _>>()?
        } else if home.ledger.folder().is_some() || context.names_ledger() {
            // A ledger that is gone takes nothing from what the file proves.
            let reading = super::at_hand(home, context)?;
            let reading = reading.filter(|reading| reading.source().origin() == self.origin);
            let entries = reading.map(|reading| reading.view().did_entries(&scid));
            match entries {
                Some(Ok(entries)) => entries,
                Some(Err(_)) | None => {
                    return Ok(Judged::NotChecked("the ledger does not show it"));
                }
            }
        } else {
            return Ok(Judged::NotChecked(
                "--history RECEIPT… or --ledger shows the signer's versions",
            ));
        };
        let before = self.head(&scid, &versions, (home, context))?;
        self.of(before).map_err(|error| ReceiptError::EntryInvalid(error).into())
    }

    /// The signer as it was just before this place (a version of a DID: as it became there), if every version up to then is at hand.
    fn head(
        &self,
        scid: &str,
        versions: &[Receipt],
        (home, context): (&Home, &Context),
    ) -> Result<Option<Head>, Failure> {
        let is_did = self.leaf.kind() == Kind::Did;
        let mut found = Vec::new();
        for receipt in versions {
            let leaf = ledgers::verify_pinned(home, |policy| {
                verify_receipt(receipt, policy, context.now())
            })?;
            let place = leaf.leaf_index();
            let counts = place < self.index || (is_did && place == self.index);
            if let Some(entry) = leaf.did_entry()
                && entry.scid() == scid
                && leaf.origin() == self.origin
                && counts
            {
                found.push((place, leaf.leaf().time(), entry));
            }
        }
        if is_did && found.iter().all(|(place, ..)| *place != self.index) {
            return Ok(None);
        }
        found.sort_by_key(|(place, ..)| *place);
        let mut head: Option<Head> = None;
        for (number, (_, time, entry)) in (1_u64..).zip(&found) {
            if entry.number() != number {
                return Ok(None);
            }
            let next = webvh::check_next(head.as_ref(), entry, *time);
            let next = next.map_err(|error| ReceiptError::EntryInvalid(Rejection::Did(error)))?;
            head = Some(next);
        }
        Ok(head)
    }

    /// The verdict, by the signer as it was.
    fn of(&self, head: Option<Head>) -> Result<Judged, Rejection> {
        let Some(head) = head else {
            return Ok(Judged::NotChecked("not every version of its DID up to there is at hand"));
        };
        let version = head.version_id().to_owned();
        if self.leaf.kind() == Kind::Did {
            return Ok(Judged::Pass { version });
        }
        let entry = SignedEntry::parse(self.leaf.kind(), self.leaf.body())?;
        if let Some(elsewhere) = head.home().filter(|log| *log != self.origin) {
            return Err(Rejection::SignerMoved { home: elsewhere.to_owned() });
        }
        if head.deactivated() {
            return Err(Rejection::SignerDeactivated);
        }
        entry.verify(head.document())?;
        Ok(Judged::Pass { version })
    }
}

fn receipt_in(file: &str) -> Result<Receipt, Failure> {
    let bytes = files::read(Path::new(file), limits::BUNDLE)?;
    Receipt::parse(&bytes).map_err(|error| Failure::from(error).during(file))
}

#[cfg(test)]
mod tests {
    use inkan_core::rng::insecure::SeededRng;
    use inkan_core::{Timestamp, sha256};
    use inkan_crypto::{KeyType, SecretKey};
    use inkan_did::DidUrl;
    use inkan_did::webvh::{Create, Entry, create};
    use inkan_ledger::Claims;

    use super::*;

    #[test]
    fn an_entry_that_another_key_signed_is_refused() {
        let now = Timestamp::parse("2026-03-02T09:00:00Z").unwrap();
        let mut rng = SeededRng::new(1);
        let mut key = || SecretKey::generate(KeyType::Ed25519, &mut rng);
        let (update, next, sign, other) = (key(), key(), key(), key());
        let request = Create {
            domain: "a.example".to_owned(),
            path: None,
            key_id: "sign-1".to_owned(),
            key: sign.public_key(),
            others: Vec::new(),
            next_key_hashes: Vec::new(),
            services: Vec::new(),
            home: Some("a.example".to_owned()),
        };
        let (did, line) = create(&request, &update, &next.public_key(), now).unwrap();
        let kid = DidUrl::parse(&format!("{did}#sign-1")).unwrap();
        let first = Entry::parse(line.as_bytes(), None).unwrap();
        let head = || webvh::check_next(None, &first, now).unwrap();
        let claims = Claims::Issuance { commitment: sha256(&[b"x"]) };
        for (key, log, code) in [
            (&sign, "a.example", None),
            (&other, "a.example", Some("entry-signature-invalid")),
            (&sign, "b.example", Some("signer-moved")),
        ] {
            let body = SignedEntry::sign(&claims, &kid, log, key, now).unwrap();
            let leaf = Leaf::new(Kind::Issuance, now, body.into_bytes()).unwrap();
            let signed = Signed { origin: log, index: 3, leaf: &leaf };
            let judged = signed.of(Some(head()));
            assert_eq!(judged.as_ref().err().map(Rejection::code), code);
            let unknown = signed.of(None).unwrap();
            assert_eq!(unknown.word(), "not-checked");
        }
    }
}
