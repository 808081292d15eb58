//! Would the other ledger take the DID? Asked before the leaving is recorded: afterwards there is no way back but through it.

use inkan_did::webvh::Head;
use inkan_io::ledger_source::LedgerPlace;
use inkan_io::profile::{IssuedRecord, OwnDid, StatusListRecord};
use inkan_ledger::{Kind, Parameters, plan_import};

use super::bodies;
use crate::commands::ledger::params::in_force;
use crate::context::{Context, Home, with_token_of};
use crate::failure::{CliError, Failure};
use crate::ledgers::{self, Reading};
use crate::render::safe;

/// The ledger to which a DID moves.
#[derive(Debug)]
pub(super) struct Target {
    /// The profile at that ledger.
    pub(super) home: Home,
    reading: Reading,
    parameters: Parameters,
}

impl Target {
    /// Asks it for its newest head, which must hold under a pinned policy, and for its parameters.
    /// `token` is a file with an operator token of it: neither of the two is ever sent the other's.
    pub(super) fn open(
        (to, token): (&str, Option<&str>),
        from: &Home,
        context: &Context,
    ) -> Result<Self, Failure> {
        let mut place = absolute(from.parse_place(to)?);
        if let Some(file) = token {
            place = with_token_of(place, ("--to-token-file", file))?;
        }
        ledgers::warn_if_exposed(&place, context.speech);
        // Which log is there is asked first, and then believed only if it is pinned.
        let home = from.at(&from.settings.origin, place).without_token();
        let reading = Reading::open(&home, context).map_err(|failure| {
            if failure.code() == "unknown-log" {
                failure.try_this(
                    "look at its keys, and believe it",
                    format!("inkan -p {} ledger pin {}", from.name(), safe(to, 200)),
                )
            } else {
                failure
            }
        })?;
        let home = home.at(reading.source().origin(), home.ledger.clone());
        let parameters = in_force(&reading)?.values;
        Ok(Self { home, reading, parameters })
    }

    /// The name of its log.
    pub(super) fn origin(&self) -> &str {
        &self.home.settings.origin
    }

    /// That it would take these versions; how many of them it has.
    pub(super) fn check(&self, entries: &[String], scid: &str) -> Result<usize, Failure> {
        let there = bodies(&self.reading, scid)?;
        plan_import(entries, &there, &self.parameters)
            .map_err(|error| Failure::from_error(error.code(), &error))
    }

    /// Says what the DID cannot do there that it did so far.
    pub(super) fn warn(&self, own: &OwnDid, context: &Context) -> Result<(), Failure> {
        let profile = &self.home.profile;
        let issued = profile.all::<IssuedRecord>()?;
        let lists = profile.all::<StatusListRecord>()?;
        let issues = issued.iter().any(|(_, record)| record.issuer == own.did);
        let announces = lists.iter().any(|(_, record)| record.issuer == own.did);
        let needed = [
            (Kind::Issuance, issues, "what it issues is not recorded there"),
            (Kind::Status, announces, "nothing that it issued can be revoked from there"),
            (Kind::Countersignature, true, "what it countersigns is not recorded there"),
        ];
        for (kind, is_used, said) in needed {
            if is_used && !self.parameters.kinds.contains(&kind) {
                let origin = self.origin();
                context.speech.warn(&format!("{origin} takes no entries of kind {kind}: {said}"));
            }
        }
        Ok(())
    }

    /// Remembers where it answers.
    pub(super) fn remember(&self, from: &Home) -> Result<(), Failure> {
        if self.origin() == from.first_log() {
            return Ok(());
        }
        Ok(from.profile.keep_log_place(self.origin(), &self.home.ledger.to_string())?)
    }
}

/// The head is at home in the log that it is to leave.
pub(super) fn is_home(head: &Head, own: &OwnDid, from: &Home) -> Result<(), Failure> {
    let origin = &from.settings.origin;
    match head.home() {
        Some(home) if home == origin => Ok(()),
        Some(home) => {
            let (name, given) = (own.name.clone(), origin.clone());
            let place = from.place_of(home)?.unwrap_or_else(|| home.to_owned());
            Err(CliError::LedgerNotHome { name, home: home.to_owned(), given, place }.into())
        }
        None => {
            let detail = "it names no ledger as its home, so there is none to leave: inkan did update gives it a LedgerLog service";
            let file = own.did.clone();
            Err(CliError::InputMalformed { file, detail: detail.to_owned() }.into())
        }
    }
}

/// A folder by its whole path: it is found again from any other folder.
fn absolute(place: LedgerPlace) -> LedgerPlace {
    match place {
        LedgerPlace::Folder(path) => {
            LedgerPlace::Folder(std::path::absolute(&path).unwrap_or(path))
        }
        node @ LedgerPlace::Node(_) => node,
    }
}
