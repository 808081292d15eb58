//! What FIDO says of models of authenticators ([Metadata Service 3.0](https://fidoalliance.org/specs/mds/fido-metadata-service-v3.0-ps-20210518.html)):
//! which certificates vouch for them, where their keys lie, how they are certified, what went wrong with them.
//!
//! In scope: the signed BLOB, its currency (P7), and folding what was reported of a model into one standing (assurance §7). Out of scope:
//! fetching it, U2F and UAF, whose models have other names.
//!
//! Written here: the library that reads BLOBs (`fido-mds`) brings software of key stores along, and looks neither at `no` nor at `nextUpdate` once
//! it has read them; what its statuses mean would be judged here all the same.

mod blob;
mod status;

use std::collections::BTreeMap;

use inkan_core::{Timestamp, sha256};

use crate::row::FidoLevel;
use crate::webauthn::{Aaguid, Attested};

pub use blob::{MetadataError, Pinned};
pub use status::ModelStanding;
use status::Report;

/// What is known of models.
#[derive(Clone, Debug)]
pub struct Metadata {
    number: u64,
    /// The last day on which it holds: `2026-11-21`.
    next_update: String,
    models: BTreeMap<Aaguid, Model>,
}

#[derive(Clone, Debug, Default)]
struct Model {
    /// DER of the certificates that vouch for it.
    anchors: Vec<Vec<u8>>,
    protection: Vec<String>,
    reports: Vec<Report>,
}

impl Metadata {
    /// Which BLOB this is; a verifier keeps the number and takes none that is lower.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The day of the next one.
    #[must_use]
    pub fn next_update(&self) -> &str {
        &self.next_update
    }

    /// Whether it may be relied on: the day of the next one has not passed.
    #[must_use]
    pub fn is_current(&self, as_of: Timestamp) -> bool {
        // Both are calendar days in one form.
        as_of.date().as_str() <= self.next_update.as_str()
    }

    /// How many models it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// The certificates that vouch for a model, DER.
    pub(crate) fn anchors_of(&self, aaguid: &Aaguid) -> &[Vec<u8>] {
        self.models.get(aaguid).map_or(&[], |model| &model.anchors)
    }

    /// Whether what vouched for an authenticator is still listed for its model.
    #[must_use]
    pub fn lists(&self, aaguid: &Aaguid, attested: Attested) -> bool {
        match attested {
            Attested::Chain { anchor, .. } => {
                self.anchors_of(aaguid).iter().any(|listed| sha256(&[listed]) == anchor)
            }
            Attested::Unknown | Attested::Itself | Attested::None | Attested::Unread => false,
        }
    }

    /// How a model stands at a time, with that version of its firmware; `None` for one that is not listed.
    #[must_use]
    pub fn standing(
        &self,
        aaguid: &Aaguid,
        firmware: Option<u64>,
        as_of: Timestamp,
    ) -> Option<ModelStanding> {
        Some(status::fold(&self.models.get(aaguid)?.reports, firmware, &as_of.date()))
    }

    /// Whether keys of a model lie in protected hardware, and nowhere else.
    #[must_use]
    pub fn is_hardware(&self, aaguid: &Aaguid) -> bool {
        let known = self.models.get(aaguid).map_or(&[][..], |model| &model.protection);
        let hardware =
            |name: &String| matches!(name.as_str(), "hardware" | "tee" | "secure_element");
        // `remote_handle` says that wrapped keys lie outside, sealed by what else is named.
        let other = |name: &String| !hardware(name) && name != "remote_handle";
        known.iter().any(hardware) && !known.iter().any(other)
    }
}

impl ModelStanding {
    /// The level it is certified at, if nothing bad is known.
    #[must_use]
    pub const fn level(self) -> Option<FidoLevel> {
        match self {
            Self::Certified(level) => Some(level),
            Self::NotCertified | Self::Bad => None,
        }
    }
}

#[cfg(test)]
mod tests;
