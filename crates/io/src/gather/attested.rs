//! Status lists of wallet providers, which key attestations name: from what was found, from what is pinned, over HTTPS.
//!
//! In scope: finding copies. Out of scope: who may name a list, and under whose key it counts (`inkan-evidence`).

use std::collections::BTreeSet;

use inkan_core::limits;
use inkan_credential::bundle::ServedStatusList;
use inkan_credential::token_status_list::StatusListToken;
use inkan_verifier::Material;

use super::{Network, fetch_bytes, http_limits};

/// The most lists that are fetched for one presentation.
const LISTS: usize = 8;

/// Fetches the lists at these addresses that are not at hand. The caller has made sure that somebody trusted named them. `missed` says in
/// plain words what was asked for in vain.
pub fn fetch_attested_lists(
    uris: &BTreeSet<String>,
    network: Network,
    material: &mut Material,
    missed: &mut Vec<String>,
) {
    for uri in uris.iter().take(LISTS) {
        let found = material.status_lists.iter().any(|list| list.uri == *uri);
        if found || material.resources.contains_key(uri) || network == Network::Offline {
            continue;
        }
        let limits = http_limits(network, limits::STATUS_LIST);
        if let Some(bytes) = fetch_bytes(uri, &limits, missed) {
            material.status_lists.push(ServedStatusList::new(uri, &bytes));
        }
    }
}

/// The lists at these addresses that are at hand and can be read. Of several copies the newest says how it stands.
#[must_use]
pub fn attested_lists(uris: &BTreeSet<String>, material: &Material) -> Vec<StatusListToken> {
    let newest = |uri: &String| {
        let found = material.status_lists.iter().filter(|list| list.uri == *uri).cloned();
        let pinned = material.resources.get(uri).map(|bytes| ServedStatusList::new(uri, bytes));
        let read = found.chain(pinned).filter_map(|list| token_of(&list));
        read.max_by_key(StatusListToken::issued_at)
    };
    uris.iter().filter_map(newest).collect()
}

/// A list in either form.
fn token_of(list: &ServedStatusList) -> Option<StatusListToken> {
    let bytes = list.bytes();
    match std::str::from_utf8(&bytes) {
        Ok(text) => StatusListToken::parse_jwt(text.trim_end()).ok(),
        Err(_) => StatusListToken::parse_cwt(&bytes).ok(),
    }
}
