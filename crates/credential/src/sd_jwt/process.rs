//! From payload and disclosures to claims: the steps of RFC 9901 §7.1, number 3 to 5.
//!
//! In scope: every rule about `_sd`, `...`, `_sd_alg` and digests, and where each disclosure ends up. Out of scope:
//! signature and times (steps 2 and 6).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use inkan_core::limits;
use serde_json::{Map, Value};

use super::disclosure::Disclosure;
use super::error::SdJwtError;
use super::path::{Place, Step};

pub(super) const DIGESTS: &str = "_sd";
pub(super) const ELLIPSIS: &str = "...";
pub(super) const HASH: &str = "_sd_alg";
/// The one hash function that is spoken, by its IANA name.
pub(super) const SHA_256: &str = "sha-256";

/// The names that the format keeps for itself.
pub(super) const RESERVED: [&str; 3] = [DIGESTS, ELLIPSIS, HASH];

/// The claims, and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Processed {
    pub(super) payload: Arc<Value>,
    pub(super) located: Vec<Located>,
    pub(super) concealed: usize,
}

/// Where a disclosure stands among the claims.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Located {
    /// The claim that it shows.
    pub place: Place,
    /// Position of the disclosure in whose value its digest stands; none if that is in the payload itself.
    pub parent: Option<usize>,
}

/// Puts the disclosures where their digests stand.
pub(super) fn process(
    mut payload: Map<String, Value>,
    disclosures: &[Disclosure],
) -> Result<Processed, SdJwtError> {
    // Step 2.4 (and 3.6: the claim goes).
    match payload.remove(HASH) {
        None => {}
        Some(Value::String(name)) if name == SHA_256 => {}
        Some(Value::String(name)) => {
            return Err(SdJwtError::HashUnsupported { name: name.chars().take(64).collect() });
        }
        Some(_) => return Err(SdJwtError::Malformed { what: HASH }),
    }
    // Step 3.1. A disclosure that is sent twice would make one of the two unreferenced.
    let by_digest: BTreeMap<&str, usize> =
        disclosures.iter().enumerate().map(|(index, one)| (one.digest(), index)).collect();
    if by_digest.len() != disclosures.len() {
        return Err(SdJwtError::Repeated);
    }
    let mut walk = Walk {
        disclosures,
        by_digest,
        seen: BTreeSet::new(),
        located: vec![None; disclosures.len()],
        concealed: 0,
        at: Vec::new(),
    };
    let payload = Arc::new(walk.object(payload, None)?);
    let Walk { located, concealed, .. } = walk;
    // Step 5.
    let located = located
        .into_iter()
        .enumerate()
        .map(|(index, one)| one.ok_or(SdJwtError::Unreferenced { number: number(index) }))
        .collect::<Result<_, _>>()?;
    Ok(Processed { payload, located, concealed })
}

/// The way through the payload.
struct Walk<'a> {
    disclosures: &'a [Disclosure],
    by_digest: BTreeMap<&'a str, usize>,
    /// Every digest met so far, decoys too.
    seen: BTreeSet<String>,
    located: Vec<Option<Located>>,
    concealed: usize,
    at: Vec<Step>,
}

impl<'a> Walk<'a> {
    fn value(
        &mut self,
        step: Step,
        value: Value,
        parent: Option<usize>,
    ) -> Result<Value, SdJwtError> {
        // Values come out of disclosures, so the limit of one JSON text does not bound them.
        if self.at.len() >= limits::JSON_DEPTH {
            return Err(SdJwtError::TooDeep { limit: limits::JSON_DEPTH });
        }
        self.at.push(step);
        let value = match value {
            Value::Object(members) => self.object(members, parent),
            Value::Array(elements) => self.array(elements, parent),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value),
        };
        self.at.pop();
        value
    }

    fn object(
        &mut self,
        mut members: Map<String, Value>,
        parent: Option<usize>,
    ) -> Result<Value, SdJwtError> {
        // Step 3.5: the member goes, whatever belongs to it.
        let digests = match members.remove(DIGESTS) {
            None => Vec::new(),
            Some(Value::Array(digests)) => digests,
            Some(_) => return Err(SdJwtError::Malformed { what: DIGESTS }),
        };
        // §4.1, rule 7 and §4.1.1: elsewhere these names may not be.
        for name in [ELLIPSIS, HASH] {
            if members.contains_key(name) {
                return Err(SdJwtError::Malformed { what: name });
            }
        }
        for (name, value) in &mut members {
            if is_nested(value) {
                let inner = self.value(Step::Member(name.as_str().into()), value.take(), parent)?;
                *value = inner;
            }
        }
        let mut out = members;
        // Step 3.3.2.
        for digest in digests {
            let Value::String(digest) = digest else {
                return Err(SdJwtError::Malformed { what: DIGESTS });
            };
            let Some((index, disclosure)) = self.meet(digest)? else { continue };
            let Some(name) = disclosure.name() else {
                let rule = "a claim of an object needs salt, name and value";
                return Err(SdJwtError::Disclosure { number: number(index), rule });
            };
            if let Some(name) = RESERVED.into_iter().find(|reserved| *reserved == name) {
                return Err(SdJwtError::NameReserved { name });
            }
            if out.contains_key(name) {
                let name = name.chars().take(64).collect();
                return Err(SdJwtError::ClaimPresent { name });
            }
            let value = self.disclosed(index, Step::Member(name.into()), disclosure, parent)?;
            out.insert(name.to_owned(), value);
        }
        Ok(Value::Object(out))
    }

    fn array(&mut self, elements: Vec<Value>, parent: Option<usize>) -> Result<Value, SdJwtError> {
        let mut out = Vec::with_capacity(elements.len());
        for element in elements {
            let step = Step::Index(out.len());
            match element {
                // Step 3.3.3, and 3.4 for what no disclosure belongs to.
                Value::Object(members) if members.contains_key(ELLIPSIS) => {
                    let digest = only_digest(members)?;
                    let Some((index, disclosure)) = self.meet(digest)? else { continue };
                    if disclosure.name().is_some() {
                        let rule = "an element of an array needs salt and value";
                        return Err(SdJwtError::Disclosure { number: number(index), rule });
                    }
                    out.push(self.disclosed(index, step, disclosure, parent)?);
                }
                plain @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_)) => out.push(self.value(step, plain, parent)?),
            }
        }
        Ok(Value::Array(out))
    }

    /// Step 4, and the disclosure that belongs to the digest.
    fn meet(&mut self, digest: String) -> Result<Option<(usize, &'a Disclosure)>, SdJwtError> {
        let index = self.by_digest.get(digest.as_str()).copied();
        if !self.seen.insert(digest) {
            return Err(SdJwtError::Repeated);
        }
        let disclosures = self.disclosures;
        let found = index.and_then(|index| Some((index, disclosures.get(index)?)));
        if found.is_none() {
            self.concealed = self.concealed.saturating_add(1);
        }
        Ok(found)
    }

    fn disclosed(
        &mut self,
        index: usize,
        step: Step,
        disclosure: &Disclosure,
        parent: Option<usize>,
    ) -> Result<Value, SdJwtError> {
        let mut place = Vec::with_capacity(self.at.len().saturating_add(1));
        place.extend_from_slice(&self.at);
        place.push(step.clone());
        if let Some(located) = self.located.get_mut(index) {
            *located = Some(Located { place: Place::new(place), parent });
        }
        self.value(step, disclosure.value().clone(), Some(index))
    }
}

/// Whether digests may stand inside.
const fn is_nested(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => true,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The digest of an array element `{"...": digest}`, beside which nothing may stand (§4.2.4.2).
fn only_digest(members: Map<String, Value>) -> Result<String, SdJwtError> {
    let mut members = members.into_iter();
    match (members.next(), members.next()) {
        (Some((_, Value::String(digest))), None) => Ok(digest),
        _ => Err(SdJwtError::Malformed { what: ELLIPSIS }),
    }
}

/// Positions as people count them.
const fn number(index: usize) -> usize {
    index.saturating_add(1)
}
