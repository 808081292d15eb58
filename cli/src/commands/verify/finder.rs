//! Where a verification looks for what it wants: the ledger, pinned schemas, the network.

use std::collections::BTreeMap;

use inkan_core::Timestamp;
use inkan_core::json::text;
use inkan_credential::{Bundle, ConsentReceipt};
use inkan_io::gather::{
    Copies, Gathered, Network, NoOthers, OtherLedgers, Sources, fetch_attested_lists, gather,
    gather_also, gather_consent, gather_did,
};
use inkan_io::ledger_source::LedgerPlace;
use inkan_io::profile::Shelf;
use inkan_verifier::{plan, plan_consent, plan_presenter, with_successors};
use serde_json::Value;

use super::{Terms, UNREACHABLE};
use crate::args::VerifyArgs;
use crate::context::{Context, Home};
use crate::failure::{CliError, Failure};
use crate::ledgers::Reading;

/// Where a run looks for what a verification wants.
pub(super) struct Finder {
    pub(super) reading: Option<Reading>,
    schemas: BTreeMap<String, Value>,
    pub(super) network: Network,
    copies: Copies,
}

impl Finder {
    pub(super) fn open(args: &VerifyArgs, home: &Home, context: &Context) -> Result<Self, Failure> {
        // Without the ledger a revocation or withdrawal since the bundle was made would go unseen: only who says so may do
        // without.
        let asked = match &home.ledger {
            LedgerPlace::Folder(path) => path.is_dir(),
            LedgerPlace::Node(_) => !args.offline,
        };
        let reading = match (asked, args.offline) {
            (true, _) => {
                let reading = Reading::open(home, context).map_err(or_alone)?;
                Some(if args.offline { reading.offline() } else { reading })
            }
            (false, true) => None,
            (false, false) => {
                let (profile, path) = (home.name().to_owned(), home.ledger.to_string());
                let missing = Failure::from(CliError::LedgerMissing { profile, path });
                return Err(missing.try_this(ALONE.0, ALONE.1));
            }
        };
        let schemas = schemas(home)?;
        let network = if args.offline { Network::Offline } else { Network::Ask };
        // How something stood when the bundle was made counts for who says so, or says how old it may be.
        let copies = if args.offline || args.max_age.is_some() {
            Copies::Count
        } else {
            Copies::MustBeRenewed
        };
        Ok(Self { reading, schemas, network, copies })
    }

    pub(super) fn find(
        &self,
        bundle: &Bundle,
        terms: &inkan_verifier::Context,
    ) -> Result<Gathered, Failure> {
        let sources = self.sources();
        let wants = with_successors(plan(bundle), &terms.declared);
        let mut found = gather(bundle, &wants, &sources, terms.as_of)?;
        if terms.as_of < terms.received_at {
            // Whoever presents does so now.
            gather_also(bundle, &plan_presenter(bundle), &sources, terms.received_at, &mut found)?;
        }
        self.settled(found)
    }

    fn sources(&self) -> Sources<'_> {
        let Self { reading, schemas, network, copies } = self;
        let ledger = reading.as_ref().map(Reading::source);
        let others = reading.as_ref().map(Reading::others);
        let others: &dyn OtherLedgers = match others {
            Some(others) => others,
            None => &NoOthers,
        };
        Sources { ledger, others, schemas, network: *network, copies: *copies }
    }

    /// What was found, if every log was asked that is the home of a DID now and whose place is known.
    fn settled(&self, found: Gathered) -> Result<Gathered, Failure> {
        if let Some(reading) = &self.reading {
            reading.others().settle(&found.unasked).map_err(or_alone)?;
        }
        Ok(found)
    }

    /// Adds the status lists that key attestations beside the presentation name. What is pinned is never fetched.
    pub(super) fn find_attested(&self, terms: &Terms, gathered: &mut Gathered) {
        let Terms { shown, registries, context, resources, .. } = terms;
        let Some(shown) = shown else { return };
        let mut uris = shown.status_lists(registries, context.as_of);
        uris.retain(|uri| !resources.iter().any(|(url, _)| url == uri));
        let Gathered { material, missed, .. } = gathered;
        fetch_attested_lists(&uris, self.network, material, missed);
    }

    pub(super) fn find_did(&self, did: &str, as_of: Timestamp) -> Result<Gathered, Failure> {
        let sources = self.sources();
        self.settled(gather_did(did, &sources, as_of)?)
    }

    pub(super) fn find_consent(
        &self,
        consent: &ConsentReceipt,
        as_of: Timestamp,
    ) -> Result<Gathered, Failure> {
        let sources = self.sources();
        self.settled(gather_consent(consent, &plan_consent(consent), &sources, as_of)?)
    }
}

/// What helps where a ledger does not answer.
const ALONE: (&str, &str) = ("judge by the bundle alone", "inkan verify FILE --offline");

fn or_alone(failure: Failure) -> Failure {
    if failure.exit() == UNREACHABLE { failure.try_this(ALONE.0, ALONE.1) } else { failure }
}

/// The schemas that a profile pinned, by id.
pub(in crate::commands) fn schemas(home: &Home) -> Result<BTreeMap<String, Value>, Failure> {
    let mut schemas = BTreeMap::new();
    for name in home.profile.names(Shelf::Schemas)? {
        if let Some(schema) = home.profile.get(Shelf::Schemas, &name)? {
            let id = text(&schema, "$id").unwrap_or(&name).to_owned();
            schemas.insert(id, schema);
        }
    }
    Ok(schemas)
}
