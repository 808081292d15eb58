//! The registries that a profile goes by: its own trust list, and what authorities on that list stated on the ledger.
//!
//! Data flow: trust list → authorities → every entry of the ledger under one verified head → statements, each under the key in force at
//! its place → registries as of a time. An authority whose statements cannot be read stops the command: it might have revoked somebody.
//!
//! A ledger has no list of one DID's entries, so all of them are read; a profile without authorities reads none.

use inkan_core::Timestamp;
use inkan_did::Did;
use inkan_did::webvh::{self, Head};
use inkan_evidence::Registry;
use inkan_evidence::registry::{
    SignerVersion, Standing, Statement, of_statements, read_statements,
};
use inkan_io::ledger_source::LedgerPlace;
use inkan_ledger::state::parse_did_body;
use inkan_ledger::{Kind, Leaf, verify_bundle_under, verify_checkpoint};

use crate::commands::trust;
use crate::context::Home;
use crate::failure::{CliError, Failure};
use crate::ledgers::{Reading, verify_pinned};

/// All that a ledger holds about trust and about DIDs, up to one head.
#[derive(Debug)]
pub(crate) struct Stated {
    origin: String,
    size: u64,
    leaves: Vec<(u64, Leaf)>,
}

impl Stated {
    /// Reads a ledger; every entry is shown to be in it.
    pub(crate) fn read(reading: &Reading, home: &Home, now: Timestamp) -> Result<Self, Failure> {
        let view = reading.view();
        let head = verify_pinned(home, |policy| verify_checkpoint(view.note(), policy, now))?;
        let mut leaves = Vec::new();
        let mut next = 0;
        while next < view.size() {
            let (start, bundle) = view.bundle(next)?;
            let first = view.receipt_here(start)?;
            for found in verify_bundle_under(&first, &bundle, &head)? {
                next = found.leaf_index().saturating_add(1);
                if matches!(found.leaf().kind(), Kind::Trust | Kind::Did) {
                    leaves.push((found.leaf_index(), found.leaf().clone()));
                }
            }
        }
        Ok(Self { origin: reading.source().origin().to_owned(), size: view.size(), leaves })
    }

    /// How many entries were read.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The statements of an authority, in the order of the log.
    pub(crate) fn of(&self, authority: &Did) -> Result<Vec<Statement>, Failure> {
        let Some(scid) = authority.scid() else {
            let detail = "only a did:webvh DID states something on a ledger".to_owned();
            return Err(CliError::InputMalformed { file: authority.to_string(), detail }.into());
        };
        let mut versions = Vec::new();
        let mut head: Option<Head> = None;
        for (leaf_index, leaf) in self.leaves.iter().filter(|(_, leaf)| leaf.kind() == Kind::Did) {
            // Somebody else's; a ledger takes none that cannot be read.
            let Ok(entry) = parse_did_body(leaf.body()) else { continue };
            if entry.scid() != scid {
                continue;
            }
            let next = webvh::check_next(head.as_ref(), &entry, leaf.time());
            let next = next.map_err(|error| Failure::from_error(error.code(), &error))?;
            versions.push(SignerVersion {
                leaf_index: *leaf_index,
                document: next.document().clone(),
                deactivated: next.deactivated(),
            });
            head = Some(next);
        }
        if versions.is_empty() {
            return Err(CliError::DidNotAtHand { did: authority.to_string() }.into());
        }
        let leaves = self.leaves.iter().map(|(index, leaf)| (*index, leaf));
        Ok(read_statements(authority, &self.origin, &versions, leaves)?)
    }

    /// The registry that an authority's statements come to, as of a time.
    pub(crate) fn registry(&self, authority: &Did, as_of: Timestamp) -> Result<Registry, Failure> {
        Ok(of_statements(authority.as_str(), &self.of(authority)?, as_of)?)
    }
}

/// The registries of a profile as of a time: the trust list first. The ledger is only opened if the list names an authority.
/// With `offline` no node is asked: what authorities stated is then not at hand, which stops the command.
pub(crate) fn of(
    home: &Home,
    as_of: Timestamp,
    now: Timestamp,
    offline: bool,
) -> Result<Vec<Registry>, Failure> {
    let Some(list) = trust::load(home)? else { return Ok(Vec::new()) };
    let authorities = authorities(&list, as_of)?;
    let mut all = vec![list];
    if let Some(first) = authorities.first() {
        if offline && matches!(home.ledger, LedgerPlace::Node(_)) {
            let missing = CliError::DidNotAtHand { did: first.to_string() };
            return Err(Failure::from(missing).during("what an authority stated, offline"));
        }
        let stated = Stated::read(&Reading::open_at(home, now)?, home, now)?;
        for authority in &authorities {
            all.push(stated.registry(authority, as_of)?);
        }
    }
    Ok(all)
}

/// The authorities that a trust list names, in force at a time and not revoked for cause.
pub(crate) fn authorities(list: &Registry, as_of: Timestamp) -> Result<Vec<Did>, Failure> {
    let revoked =
        |did: &str| list.entries_of(did).any(|entry| entry.standing() == Standing::RevokedForCause);
    let named = list
        .entries()
        .iter()
        .filter(|entry| entry.is_authority() && entry.covers(as_of) && !revoked(entry.id()));
    let mut found: Vec<Did> = Vec::new();
    for entry in named {
        let did = Did::parse(entry.id())?;
        if !found.contains(&did) {
            found.push(did);
        }
    }
    Ok(found)
}
