//! The `parameters` of one entry: a closed set of typed members (D3, D10, D11;
//! [did:webvh 1.0, parameters](https://identity.foundation/didwebvh/v1.0/#didwebvh-did-method-parameters)).

use std::collections::BTreeSet;

use inkan_core::{encoding, json};
use inkan_crypto::{KeyError, KeyType, PublicKey};
use serde_json::{Map, Value, json};

use super::error::EntryError;
use crate::rules::Rules;

/// The one method version we speak.
pub(super) const METHOD: &str = "did:webvh:1.0";

/// What one entry sets; a member that is `None` keeps the value it had.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Parameters {
    /// The SCID, in the first entry only.
    pub scid: Option<String>,
    /// The Ed25519 keys that may authorise entries.
    pub update_keys: Option<Vec<PublicKey>>,
    /// Commitments to the update keys of the next entry; not empty means that pre-rotation is active.
    pub next_key_hashes: Option<Vec<String>>,
    /// Who must approve entries.
    pub witness: Option<WitnessSet>,
    /// URLs of parties that keep copies of the history.
    pub watchers: Option<Vec<String>>,
    /// Whether the DID may change its host and path.
    pub portable: Option<bool>,
    /// Whether this entry ends the history.
    pub deactivated: Option<bool>,
    /// For how many seconds a resolver may cache the document.
    pub ttl: Option<u64>,
}

/// Witnesses, and how many of them must approve; empty if nobody need approve.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct WitnessSet {
    threshold: u64,
    witnesses: BTreeSet<PublicKey>,
}

impl WitnessSet {
    /// Nobody need approve.
    pub(super) const fn nobody() -> Self {
        Self { threshold: 0, witnesses: BTreeSet::new() }
    }

    /// How many distinct witnesses must approve; 0 if the set is empty.
    #[must_use]
    pub const fn threshold(&self) -> u64 {
        self.threshold
    }

    /// The keys of the witnesses.
    #[must_use]
    pub const fn witnesses(&self) -> &BTreeSet<PublicKey> {
        &self.witnesses
    }

    /// Whether nobody need approve.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.witnesses.is_empty()
    }

    /// The `witness` parameter, as it stands in an entry.
    #[must_use]
    pub fn to_value(&self) -> Value {
        if self.is_empty() {
            return json!({});
        }
        let witnesses: Vec<Value> = self
            .witnesses
            .iter()
            .map(|key| json!({ "id": crate::self_contained::did_key(key) }))
            .collect();
        json!({ "threshold": self.threshold, "witnesses": witnesses })
    }

    /// D11: `{}`, or 1 ≤ threshold ≤ number of distinct did:key witnesses, all Ed25519.
    pub(super) fn parse(value: &Value) -> Result<Self, EntryError> {
        let members = value.as_object().ok_or(EntryError::WitnessInvalid)?;
        if members.is_empty() {
            return Ok(Self::default());
        }
        let threshold = members.get("threshold").and_then(Value::as_u64);
        let listed = members.get("witnesses").and_then(Value::as_array);
        let (Some(threshold), Some(listed), 2) = (threshold, listed, members.len()) else {
            return Err(EntryError::WitnessInvalid);
        };
        let mut witnesses = BTreeSet::new();
        for item in listed {
            let alone = item.as_object().is_some_and(|members| members.len() == 1);
            let multikey = json::text(item, "id")
                .and_then(|id| id.strip_prefix("did:key:"))
                .filter(|_| alone)
                .ok_or(EntryError::WitnessInvalid)?;
            let key = ed25519_key(multikey, || EntryError::WitnessInvalid)?;
            if !witnesses.insert(key) {
                return Err(EntryError::WitnessInvalid);
            }
        }
        let count = u64::try_from(witnesses.len()).map_err(|_| EntryError::WitnessInvalid)?;
        if !(1..=count).contains(&threshold) {
            return Err(EntryError::WitnessInvalid);
        }
        Ok(Self { threshold, witnesses })
    }
}

impl Parameters {
    /// Reads the parameters of version `number`.
    pub(super) fn parse(
        members: &Map<String, Value>,
        number: u64,
        rules: Rules,
    ) -> Result<Self, EntryError> {
        let first = number == 1;
        let mut out = Self::default();
        let mut method = None;
        for (name, value) in members {
            let refuse = || EntryError::ParametersInvalid { parameter: name.clone() };
            match name.as_str() {
                "method" => method = Some(value.as_str().ok_or_else(refuse)?),
                "scid" => {
                    let scid = value.as_str().filter(|_| first);
                    let scid = scid.filter(|scid| encoding::is_multihash58(scid));
                    let scid = scid.ok_or_else(refuse)?;
                    out.scid = Some(scid.to_owned());
                }
                "updateKeys" => {
                    let keys = texts(value).ok_or_else(refuse)?;
                    let keys: Vec<_> =
                        keys.map(|text| ed25519_key(text, refuse)).collect::<Result<_, _>>()?;
                    out.update_keys = Some(distinct(keys).ok_or_else(refuse)?);
                }
                "nextKeyHashes" => {
                    let hashes = texts(value).ok_or_else(refuse)?.map(str::to_owned);
                    let fits = |hash: &String| match rules {
                        Rules::Ledger => encoding::is_multihash58(hash),
                        Rules::Resolver => true,
                    };
                    let hashes = distinct(hashes.collect()).ok_or_else(refuse)?;
                    if !hashes.iter().all(fits) {
                        return Err(refuse());
                    }
                    out.next_key_hashes = Some(hashes);
                }
                "witness" => out.witness = Some(WitnessSet::parse(value)?),
                "watchers" => {
                    let urls: Vec<_> =
                        texts(value).ok_or_else(refuse)?.map(str::to_owned).collect();
                    let url = |text: &String| {
                        text.contains(':') && text.bytes().all(|c| c.is_ascii_graphic())
                    };
                    if !urls.iter().all(url) {
                        return Err(refuse());
                    }
                    out.watchers = Some(distinct(urls).ok_or_else(refuse)?);
                }
                "portable" => {
                    let portable = value.as_bool().ok_or_else(refuse)?;
                    // D10.
                    if portable && !first {
                        return Err(refuse());
                    }
                    out.portable = Some(portable);
                }
                "deactivated" => out.deactivated = Some(value.as_bool().ok_or_else(refuse)?),
                "ttl" => out.ttl = Some(value.as_u64().ok_or_else(refuse)?),
                _ => return Err(refuse()),
            }
        }
        let missing = |name: &str| EntryError::ParametersInvalid { parameter: name.to_owned() };
        if method.map_or(first, |method| method != METHOD) {
            return Err(missing("method"));
        }
        if first && out.scid.is_none() {
            return Err(missing("scid"));
        }
        // D7: the first entry is authorised by its own keys.
        if first && out.update_keys.as_ref().is_none_or(Vec::is_empty) {
            return Err(EntryError::UpdateKeyNotCommitted);
        }
        Ok(out)
    }
}

/// The members of an array of strings.
fn texts(value: &Value) -> Option<impl Iterator<Item = &str>> {
    let items = value.as_array().filter(|items| items.iter().all(Value::is_string))?;
    Some(items.iter().filter_map(Value::as_str))
}

/// `items`, unless one occurs twice.
fn distinct<T: Ord + Clone>(items: Vec<T>) -> Option<Vec<T>> {
    let different: BTreeSet<_> = items.iter().cloned().collect();
    (different.len() == items.len()).then_some(items)
}

/// An Ed25519 Multikey; weak keys have a code of their own.
pub(super) fn ed25519_key(
    multikey: &str,
    refuse: impl Fn() -> EntryError,
) -> Result<PublicKey, EntryError> {
    match PublicKey::from_multikey(multikey) {
        Ok(key) if key.key_type() == KeyType::Ed25519 => Ok(key),
        Err(KeyError::SmallOrder | KeyError::NotCanonical)
            if !matches!(
                KeyType::of_multikey(multikey),
                Some(KeyType::P384 | KeyType::P521 | KeyType::Bls12381G2)
            ) =>
        {
            Err(EntryError::WeakKey)
        }
        Ok(_) | Err(_) => Err(refuse()),
    }
}
