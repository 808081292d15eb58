//! What would have made a requirement hold: smallest sets of missing facts, cheapest first (assurance §13).

use std::collections::{BTreeMap, BTreeSet};

use inkan_evidence::{FactKind, Facts, Registry, Road, Row};
use serde_json::{Map, Value, json};

use crate::catalogue::Catalogue;
use crate::ial::Lacking;
use crate::policy::{OnFail, StepUp};
use crate::request::Query;
use crate::row::{Need, alternatives};

/// One way to make a requirement hold.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Remedy {
    pub(crate) cost: u8,
    pub(crate) purpose: &'static str,
    pub(crate) row: Option<Row>,
    pub(crate) road: Option<Road>,
    /// The item to which the facts are added; `None` for fresh evidence.
    pub(crate) item: Option<String>,
    pub(crate) add: Vec<&'static str>,
    pub(crate) facts: Vec<FactKind>,
}

impl Remedy {
    /// 1 new proof by the same wallet, 2 another authenticator or card, 3 remote proofing, 4 in person.
    #[must_use]
    pub const fn cost(&self) -> u8 {
        self.cost
    }

    /// What it is for: `ial`, `aal`, `holder`.
    #[must_use]
    pub const fn purpose(&self) -> &'static str {
        self.purpose
    }

    /// The row it leads to.
    #[must_use]
    pub const fn row(&self) -> Option<Row> {
        self.row
    }

    /// The road it takes.
    #[must_use]
    pub const fn road(&self) -> Option<Road> {
        self.road
    }

    /// The evidence item to which the facts are to be added; `None` if fresh evidence is needed.
    #[must_use]
    pub fn item(&self) -> Option<&str> {
        self.item.as_deref()
    }

    /// The missing facts, with what they need around them.
    #[must_use]
    pub fn add(&self) -> &[&'static str] {
        &self.add
    }

    /// The missing facts.
    #[must_use]
    pub fn facts(&self) -> &[FactKind] {
        &self.facts
    }

    /// Proof of possession by the same wallet, made now.
    pub(crate) fn holder(purpose: &'static str) -> Self {
        Self::of_facts(purpose, vec![FactKind::HolderProof])
    }

    /// Facts that belong to no evidence item.
    pub(crate) fn of_facts(purpose: &'static str, facts: Vec<FactKind>) -> Self {
        let cost = facts.iter().map(|kind| cost_of(Need::Fact(*kind))).max().unwrap_or(1);
        let add = facts.iter().map(|kind| kind.as_str()).collect();
        Self { cost, purpose, row: None, road: None, item: None, add, facts }
    }

    /// An authenticator on a road.
    pub(crate) fn of_road(road: Option<Road>, facts: Vec<FactKind>) -> Self {
        Self { road, ..Self::of_facts("aal", facts) }
    }

    fn of_needs(row: Row, item: Option<String>, needs: &[Need], extra: &[FactKind]) -> Self {
        let mut all: Vec<Need> = needs.to_vec();
        all.extend(extra.iter().map(|kind| Need::Fact(*kind)));
        all.sort_unstable();
        all.dedup();
        let facts = all.iter().filter_map(|need| match need {
            Need::Fact(kind) => Some(*kind),
            Need::Class(_) | Need::Portrait | Need::Agent(_) | Need::Anchor | Need::HandOver => {
                None
            }
        });
        Self {
            cost: all.iter().map(|need| cost_of(*need)).max().unwrap_or(1),
            purpose: "ial",
            row: Some(row),
            road: None,
            item,
            facts: facts.collect(),
            add: all.iter().map(|need| need.as_str()).collect(),
        }
    }

    /// The remedy as the report has it.
    pub(crate) fn to_value(&self, follow_up: &FollowUp) -> Value {
        let mut out = Map::new();
        out.insert("cost".to_owned(), self.cost.into());
        out.insert("for".to_owned(), self.purpose.into());
        out.insert("add".to_owned(), self.add.clone().into());
        if let Some(row) = self.row {
            out.insert("row".to_owned(), row.as_str().into());
        }
        if let Some(road) = self.road {
            out.insert("road".to_owned(), road.as_str().into());
        }
        if let Some(item) = &self.item {
            out.insert("item".to_owned(), item.clone().into());
        }
        let request = follow_up.request(self);
        if !request.is_empty() {
            out.insert("request".to_owned(), Value::Object(request));
        }
        Value::Object(out)
    }
}

/// What remedies for an identity level may use.
pub(crate) struct Wishes<'a> {
    /// Rows that would be enough and that the policy admits.
    pub(crate) rows: Vec<Row>,
    /// Facts that the policy wants of every row.
    pub(crate) extra: Vec<FactKind>,
    /// Whether the holder has yet to prove possession.
    pub(crate) holder: bool,
    pub(crate) catalogue: &'a Catalogue,
}

/// Remedies for an identity level: what existing items lack, and fresh evidence, each smallest and cheapest first.
pub(crate) fn for_identity(
    wishes: &Wishes<'_>,
    lacking: &[Lacking<'_>],
    facts: &Facts,
) -> BTreeSet<Remedy> {
    let mut out = BTreeSet::new();
    let with_holder = |extra: &[FactKind]| {
        let mut all = extra.to_vec();
        if wishes.holder {
            all.push(FactKind::HolderProof);
        }
        all
    };
    for row in &wishes.rows {
        for lack in lacking.iter().filter(|lack| lack.row == *row) {
            if let Some(needs) = addable(lack, facts, wishes.catalogue) {
                let have = items(facts).find(|item| item.path() == lack.path());
                let extra: Vec<FactKind> = wishes
                    .extra
                    .iter()
                    .copied()
                    .filter(|kind| !have.is_some_and(|item| item.has(*kind)))
                    .collect();
                let item = Some(lack.path().to_owned());
                out.insert(Remedy::of_needs(*row, item, &needs, &with_holder(&extra)));
            }
        }
        let smallest = alternatives(*row)
            .iter()
            .map(|needs| Remedy::of_needs(*row, None, needs, &with_holder(&wishes.extra)))
            .min_by_key(|remedy| (remedy.cost, remedy.add.len(), remedy.add.clone()));
        out.extend(smallest);
    }
    out
}

/// What an existing item lacks, if more checks on it could ever give that.
fn addable(lack: &Lacking<'_>, facts: &Facts, catalogue: &Catalogue) -> Option<Vec<Need>> {
    let item = items(facts).find(|item| item.path() == lack.path())?;
    let document = catalogue.document(item.document(), item.issuer(), facts.as_of())?;
    let mut needs = Vec::new();
    for need in &lack.needs() {
        let possible = match need {
            Need::Fact(FactKind::OwnerInPerson | FactKind::OwnerRemoteLive) => {
                document.has_portrait()
            }
            Need::Fact(
                FactKind::GenuineSeen | FactKind::GenuineImage | FactKind::GenuineImagePad,
            ) => document.class_seen().is_some(),
            Need::Fact(FactKind::OwnerSignKey) => document.can_sign(),
            Need::Fact(_) => true,
            // The class changes with the chip; nothing else around an item can be added to it.
            Need::Class(class) => {
                if document.class_by_chip() == Some(*class) {
                    needs.push(Need::Fact(FactKind::GenuineCrypto));
                    continue;
                }
                false
            }
            Need::Portrait | Need::Agent(_) | Need::Anchor | Need::HandOver => false,
        };
        if !possible {
            return None;
        }
        needs.push(*need);
    }
    Some(needs)
}

fn items(facts: &Facts) -> impl Iterator<Item = &inkan_evidence::ItemFacts> {
    let events = facts.credentials().iter().flatten().flat_map(|credential| credential.events());
    events.flat_map(|event| event.items())
}

const fn cost_of(need: Need) -> u8 {
    match need {
        Need::Fact(kind) => match kind {
            FactKind::HolderProof | FactKind::UvClaimed => 1,
            FactKind::GenuineCrypto
            | FactKind::OwnerSignKey
            | FactKind::OwnerAuthKey
            | FactKind::AuthenticatorBound
            | FactKind::AuthenticatorStatusClean
            | FactKind::UvAttested
            | FactKind::KeyCertified(_)
            | FactKind::KeyHardware
            | FactKind::KeyNonexportable
            | FactKind::VerifierBound
            | FactKind::Intent => 2,
            FactKind::GenuineImage
            | FactKind::GenuineImagePad
            | FactKind::OwnerRemoteLive
            | FactKind::OwnerCode
            | FactKind::AttributesValidated
            | FactKind::RevocationGood
            | FactKind::TimestampToken
            | FactKind::RegisterConfirmed => 3,
            FactKind::GenuineSeen | FactKind::OwnerInPerson => 4,
        },
        Need::Class(_) | Need::Portrait => 1,
        Need::Agent(_) | Need::Anchor | Need::HandOver => 4,
    }
}

/// Which requests a policy wants to be generated, and from what.
#[derive(Clone, Debug, Default)]
pub(crate) struct FollowUp {
    pub(crate) on_fail: OnFail,
    /// Parties of the configured registries that may state a row, for the rows of remedies.
    pub(crate) parties: BTreeMap<Row, BTreeSet<String>>,
    /// What a wallet is asked for; none where there is no remedy.
    pub(crate) query: Option<Query>,
    pub(crate) min_aal: Option<&'static str>,
    pub(crate) max_age: Option<i64>,
}

/// Parties of the configured registries that may state the rows of remedies.
pub(crate) fn parties(
    remedies: &BTreeSet<Remedy>,
    registries: &[Registry],
) -> BTreeMap<Row, BTreeSet<String>> {
    let of = |row: Row| {
        let entries = registries.iter().flat_map(|registry| registry.entries());
        let entries = entries.filter(|entry| entry.rows().contains(&row));
        (row, entries.map(|entry| entry.id().to_owned()).collect())
    };
    remedies.iter().filter_map(Remedy::row).map(of).collect()
}

impl FollowUp {
    fn request(&self, remedy: &Remedy) -> Map<String, Value> {
        let mut out = Map::new();
        let query = self.query.as_ref();
        for step in self.on_fail.step_up.iter().flatten() {
            let (name, request) = match (step, remedy.purpose) {
                // Whoever asks adds a nonce and where the answer goes.
                (StepUp::Openid4vp, _) => (
                    "openid4vp",
                    json!({
                        "response_type": "vp_token",
                        "dcql_query": query.map(Query::to_value),
                    }),
                ),
                (StepUp::Webauthn, "aal") if remedy.road == Some(Road::Webauthn) => {
                    ("webauthn", json!({"userVerification": "required"}))
                }
                (StepUp::Rfc9470, "aal") => {
                    let acr = self.min_aal;
                    (
                        "rfc9470",
                        json!({
                            "error": "insufficient_user_authentication",
                            "acr_values": acr,
                            "max_age": self.max_age,
                        }),
                    )
                }
                (StepUp::Issuer, "ial") => {
                    let parties = remedy.row.and_then(|row| self.parties.get(&row));
                    let parties: Vec<_> = parties.into_iter().flatten().collect();
                    ("issuer", json!({"row": remedy.row.map(Row::as_str), "parties": parties}))
                }
                (StepUp::Webauthn | StepUp::Rfc9470 | StepUp::Issuer, _) => continue,
            };
            out.insert(name.to_owned(), request);
        }
        out
    }
}

#[cfg(test)]
mod tests;
