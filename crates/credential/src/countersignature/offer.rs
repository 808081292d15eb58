//! What an issuer says of itself in the bytes that it signs: who has to countersign, in which order, by when.
//!
//! The member `countersignatureOffer` of a credential is a list of demands. A credential that has one is an offer until they are
//! met: whoever verifies it need not ask for them. The member is this project's own; other software reads over it. Closed, without
//! negation; an empty list is refused, since it would ask for nothing and look as if it did.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use serde_json::{Map, Value, json};

use super::{Decision, Role};
use crate::model::is_url;

/// The member of the credential, and of the claims of an SD-JWT VC.
pub const OFFER: &str = "countersignatureOffer";

/// Most demands of one offer, and most DIDs that one of them names.
const MOST: usize = 64;

/// One demand: so many countersigners in a role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// In which capacity.
    pub role: Role,
    /// Only these; anybody, if nobody is named.
    pub by: Option<WantedSigners>,
    /// How many distinct controllers; at least one.
    pub at_least: u32,
    /// None of them is the issuer, or counted for another demand.
    pub distinct: bool,
    /// Each covers, or is recorded later than, one that counts in this role.
    pub after: Option<Role>,
    /// What they have to have decided.
    pub decision: Decision,
    /// Recorded by this time.
    pub before: Option<Timestamp>,
    /// Recorded within this span of the record of the issuance: an ISO 8601 duration.
    pub within: Option<String>,
    /// Whether an agent may act for them, under a power of attorney for this role. Otherwise they act themselves.
    pub delegates: bool,
}

/// Whose countersignature is wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum WantedSigners {
    /// Of the one whom the credential is about.
    Subject,
    /// Of one of these DIDs.
    Dids(BTreeSet<String>),
}

impl Wanted {
    /// An acceptance in this role, by anybody.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        Self {
            role,
            by: None,
            at_least: 1,
            distinct: false,
            after: None,
            decision: Decision::Accept,
            before: None,
            within: None,
            delegates: false,
        }
    }

    /// The span of `within`.
    #[must_use]
    pub fn span(&self) -> Option<CalendarSpan> {
        self.within.as_deref().and_then(|text| CalendarSpan::parse(text).ok())
    }

    /// Reads one demand; `None` if a member is unknown or has not the shape that it must have.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        const MEMBERS: [&str; 9] = [
            "role",
            "by",
            "atLeast",
            "distinct",
            "after",
            "decision",
            "before",
            "within",
            "delegates",
        ];
        let members = value.as_object()?;
        if !members.keys().all(|name| MEMBERS.contains(&name.as_str())) {
            return None;
        }
        // What is there must be readable: what is passed over would be a demand that nobody makes.
        let text = |name: &str| match members.get(name) {
            None => Some(None),
            Some(found) => found.as_str().map(Some),
        };
        let at_least = match members.get("atLeast") {
            None => 1,
            Some(number) => u32::try_from(number.as_u64()?).ok().filter(|number| *number > 0)?,
        };
        let truth = |name: &str| match members.get(name) {
            None => Some(false),
            Some(truth) => truth.as_bool(),
        };
        let (distinct, delegates) = (truth("distinct")?, truth("delegates")?);
        let decision = match text("decision")? {
            None => Decision::Accept,
            Some(name) => Decision::parse(name)?,
        };
        let after = match text("after")? {
            None => None,
            Some(name) => Some(Role::parse(name)?),
        };
        let before = match text("before")? {
            None => None,
            Some(time) => Some(Timestamp::parse_strict(time).ok()?),
        };
        let within = text("within")?.map(str::to_owned);
        if within.as_deref().is_some_and(|span| CalendarSpan::parse(span).is_err()) {
            return None;
        }
        // An offer asks for agreement: that somebody has refused is nothing that it could wait for.
        if matches!(decision, Decision::Refuse | Decision::Withdraw) {
            return None;
        }
        let role = text("role")?.and_then(Role::parse)?;
        // Nobody is a delegate in the place of a delegate: that is a power that was passed on.
        if delegates && role == Role::Delegate {
            return None;
        }
        Some(Self {
            role,
            by: members.get("by").map_or(Some(None), |by| signers(by).map(Some))?,
            at_least,
            distinct,
            after,
            decision,
            before,
            within,
            delegates,
        })
    }

    /// Writes what [`Self::from_value`] reads, without the members that say what holds anyway.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut out = Map::new();
        out.insert("role".to_owned(), self.role.as_str().into());
        match &self.by {
            None => {}
            Some(WantedSigners::Subject) => drop(out.insert("by".to_owned(), "subject".into())),
            Some(WantedSigners::Dids(dids)) => drop(out.insert("by".to_owned(), json!(dids))),
        }
        if self.at_least != 1 {
            out.insert("atLeast".to_owned(), self.at_least.into());
        }
        if self.distinct {
            out.insert("distinct".to_owned(), true.into());
        }
        if let Some(role) = self.after {
            out.insert("after".to_owned(), role.as_str().into());
        }
        if self.decision != Decision::Accept {
            out.insert("decision".to_owned(), self.decision.as_str().into());
        }
        if let Some(time) = self.before {
            out.insert("before".to_owned(), time.to_string().into());
        }
        if let Some(span) = &self.within {
            out.insert("within".to_owned(), span.as_str().into());
        }
        if self.delegates {
            out.insert("delegates".to_owned(), true.into());
        }
        Value::Object(out)
    }
}

fn signers(by: &Value) -> Option<WantedSigners> {
    if by.as_str() == Some("subject") {
        return Some(WantedSigners::Subject);
    }
    let list = by.as_array().filter(|list| !list.is_empty() && list.len() <= MOST)?;
    let is_did = |did: &&str| did.starts_with("did:") && is_url(did);
    let read: Option<BTreeSet<String>> =
        list.iter().map(|did| did.as_str().filter(is_did).map(str::to_owned)).collect();
    // One that is named twice would count as two to whoever reads it.
    read.filter(|dids| dids.len() == list.len()).map(WantedSigners::Dids)
}

/// The demands that a credential makes of itself; none, if it has no offer. `None` if it has one that cannot be read.
pub(crate) fn read_offer(credential: &Value) -> Option<Vec<Wanted>> {
    let Some(offer) = credential.get(OFFER) else { return Some(Vec::new()) };
    let items = offer.as_array().filter(|items| !items.is_empty() && items.len() <= MOST)?;
    items.iter().map(Wanted::from_value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(item: Value) -> Option<Vec<Wanted>> {
        read_offer(&json!({ OFFER: [item] }))
    }

    #[test]
    fn what_is_written_is_read() {
        let items = [
            json!({ "role": "holder", "by": "subject" }),
            json!({ "role": "witness", "atLeast": 2, "distinct": true, "after": "holder" }),
            json!({ "role": "co-issuer", "by": ["did:example:a"], "before": "2027-01-01T00:00:00Z" }),
            json!({ "role": "notary", "decision": "seal", "within": "P14D" }),
            json!({ "role": "holder", "by": "subject", "delegates": true }),
        ];
        for item in items {
            let read = Wanted::from_value(&item).expect("a demand");
            assert_eq!(read.to_value(), item);
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_never_passed_over() {
        let wrong = [
            json!({}),
            json!({ "role": "friend" }),
            json!({ "role": "witness", "atLeast": 0 }),
            json!({ "role": "witness", "atLeast": "2" }),
            json!({ "role": "witness", "by": [] }),
            json!({ "role": "witness", "by": ["did:example:a", "did:example:a"] }),
            json!({ "role": "witness", "by": ["nobody"] }),
            json!({ "role": "witness", "by": null }),
            json!({ "role": "witness", "not": true }),
            json!({ "role": "witness", "before": "soon" }),
            json!({ "role": "witness", "within": "-P1D" }),
            json!({ "role": "witness", "decision": "refuse" }),
            json!({ "role": "witness", "distinct": "yes" }),
            json!({ "role": "witness", "delegates": "yes" }),
            json!({ "role": "delegate", "delegates": true }),
            json!("witness"),
        ];
        for item in wrong {
            assert_eq!(read(item.clone()), None, "{item}");
        }
        assert_eq!(read_offer(&json!({ OFFER: [] })), None);
        assert_eq!(read_offer(&json!({ OFFER: {} })), None);
        assert_eq!(read_offer(&json!({})), Some(vec![]));
    }
}
