//! Whether the key that anchored was reported to be in other hands by then: of the ledger, if it is at hand.
//!
//! A proof or a pack shows how the DID stood when it was made. A report comes later, so no pack can have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_core::Timestamp;
use inkan_did::{Did, DidUrl};
use inkan_verifier::history::DidHistory;
use inkan_verifier::ledger_view::LedgerView;
use inkan_verifier::reports::{self, Told};
use inkan_verifier::{Context as Judging, Material, Receipts};
use serde_json::{Value, json};

use super::Anchored;
use crate::context::{Context, Home};
use crate::failure::Failure;
use crate::ledgers::Reading;
use crate::render::report::moment;

/// Exit code of what cannot be reached.
const UNREACHABLE: u8 = 6;

/// What is known of reports about the key of an anchor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Reported {
    /// The ledger of the anchor is not at hand.
    NotLooked,
    /// There is none.
    None,
    /// There is one, and the anchor is shown to be older than the theft.
    After(Timestamp, u64),
    /// There is one, and it is not.
    Compromised(Timestamp, u64),
}

impl Reported {
    /// For reports: since when, and where it is recorded.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::NotLooked | Self::None => Value::Null,
            Self::After(since, at) | Self::Compromised(since, at) => {
                json!({ "since": since.to_string(), "entry": at })
            }
        }
    }

    /// In words.
    pub(super) fn line(&self) -> String {
        let since = |time: &Timestamp| moment(&time.to_string());
        match self {
            Self::NotLooked => {
                "          the ledger is not at hand: reports of a stolen key were not looked for\n"
                    .to_owned()
            }
            Self::None => String::new(),
            Self::After(time, at) => {
                format!(
                    "          reported compromised since {}, by entry {at}: this is older\n",
                    since(time)
                )
            }
            Self::Compromised(time, at) => {
                format!("          REPORTED COMPROMISED since {}, by entry {at}\n", since(time))
            }
        }
    }
}

/// The ledger to look at, and what it said of keys before.
pub(super) struct Lookout {
    reading: Option<Reading>,
    known: BTreeMap<String, Vec<(Timestamp, u64)>>,
}

impl Lookout {
    /// Opens the profile's ledger; without one nothing is looked for, and that is said.
    pub(super) fn open(home: &Home, context: &Context) -> Result<Self, Failure> {
        let reading = match Reading::open_if_any(home, context) {
            Ok(reading) => reading,
            Err(failure) if failure.exit() == UNREACHABLE => None,
            Err(failure) => return Err(failure),
        };
        Ok(Self { reading, known: BTreeMap::new() })
    }

    /// What is reported of the key of this anchor, and whether the anchor is shown to be older.
    pub(super) fn look(
        &mut self,
        anchored: &Anchored,
        (home, context): (&Home, &Context),
    ) -> Result<Reported, Failure> {
        let leaf = anchored.proved.leaf();
        let here = |reading: &&Reading| reading.source().origin() == leaf.origin();
        let Some(reading) = self.reading.as_ref().filter(here) else {
            return Ok(Reported::NotLooked);
        };
        let by = &anchored.by;
        if !self.known.contains_key(&by.key) {
            let found = reported(reading, (&by.did, &by.key), (home, context))?;
            self.known.insert(by.key.clone(), found);
        }
        let found = self.known.get(&by.key).into_iter().flatten().min().copied();
        let Some((since, at)) = found else { return Ok(Reported::None) };
        // The operator's word is not enough: whoever has the key may have the operator's ear.
        let seen = leaf.existed_by().is_some_and(|seen| seen < since);
        Ok(if seen && leaf.leaf().time() < since {
            Reported::After(since, at)
        } else {
            Reported::Compromised(since, at)
        })
    }
}

/// Reports about a key of a DID that this ledger shows by now, and every other where the DID lived: since when, and where each is recorded.
pub(in crate::commands) fn reported(
    reading: &Reading,
    (did, key): (&str, &str),
    (home, context): (&Home, &Context),
) -> Result<Vec<(Timestamp, u64)>, Failure> {
    let (did, url, now) = (Did::parse(did)?, DidUrl::parse(key)?, context.now());
    // A DID that has moved reports in the log where it lives now.
    let homes = reading.homes_of(did.scid().unwrap_or_default())?;
    let mut material = Material::default();
    for home in homes.iter().filter(|home| !home.entries.is_empty()) {
        material.receipts.extend(home.entries.iter().cloned());
        material.current.push(home.view.did_current(did.scid().unwrap_or_default())?);
    }
    let judging = Judging {
        logs: home.pinned()?,
        grade: inkan_ledger::Grade::Operator,
        timestamps: None,
        certificates: None,
        receipts: Receipts::Used,
        expectation: None,
        max_age: None,
        declared: Arc::default(),
        known: Vec::new(),
        as_of: now,
        received_at: now,
    };
    let incomplete = |_| {
        Failure::new(
            "did-history-incomplete",
            format!("the ledger does not show what became of {did}"),
        )
    };
    let history =
        DidHistory::collect(&did, &material, &LedgerView::new(&material, &judging), &judging)
            .map_err(incomplete)?;
    if let Some(origin) = history.out_of_sight() {
        let message = format!("{did} has moved to {origin}, which is not at hand");
        return Err(Failure::new("did-home-out-of-sight", message));
    }
    let documents: Vec<_> = history.versions().iter().map(|version| version.listing()).collect();
    let methods = documents.iter().flat_map(|document| document.verification_methods());
    let keys: Vec<_> =
        methods.filter(|method| method.id == url).map(|method| method.key.clone()).collect();
    for place in reports::reportable(&documents, |_, key| keys.contains(key)) {
        for home in &homes {
            material.current.extend(home.view.compromise_reports(&place)?);
        }
    }
    let told = reports::told(&LedgerView::new(&material, &judging), &history, now);
    let meant = told.iter().filter(|told| keys.iter().any(|key| told.means(&history, key)));
    Ok(meant.map(|Told { since, leaf_index, .. }| (*since, *leaf_index)).collect())
}
