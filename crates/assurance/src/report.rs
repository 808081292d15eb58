//! `inkan-report/1`: the decision, every check in one list, and what would have made it pass (assurance §13).
//!
//! Deterministic: the same inputs give the same bytes. No personal data: paths, codes, digests and DIDs only.

use std::collections::{BTreeMap, BTreeSet};

use inkan_core::json;
use inkan_evidence::{Authorised, Basis, FactKind, Facts, Liveness, Row};
use serde_json::{Map, Value, json};

use crate::aal::Reached;
use crate::assess::AssessContext;
use crate::document::Unknowns;
use crate::framework::{mapping_status, vector_of_trust};
use crate::ial::{Scope, rows};
use crate::identity::IalOutcome;
use crate::level::{AuthenticationLevel, Framework, Ial};
use crate::line::{Line, Status};
use crate::policy::{LinkMode, Policy};
use crate::remedy::{FollowUp, Remedy};
use crate::seen::Seen;

/// What a verifier may do with what it was shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Everything that the policy asks for holds.
    Accept,
    /// Something does not hold.
    Reject,
    /// Something could not be told; never an acceptance.
    Undetermined,
}

impl Decision {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Undetermined => "undetermined",
        }
    }
}

/// A decision with its reasons.
#[derive(Clone, Debug)]
pub struct Report {
    decision: Decision,
    exit: u8,
    lines: Vec<Line>,
    remedies: Vec<Remedy>,
    reasons: Vec<&'static str>,
    warnings: Vec<&'static str>,
    levels: Levels,
    value: Value,
}

/// The levels that a report shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Levels {
    /// The identity level that the policy asks for.
    pub required_identity: Option<&'static str>,
    /// The identity level before the policy's filters.
    pub achieved_identity: &'static str,
    /// The identity level that counts.
    pub counted_identity: &'static str,
    /// The row that it rests on.
    pub row: Option<Row>,
    /// The authentication level that the policy asks for.
    pub required_authentication: Option<&'static str>,
    /// The authentication level of the presentation.
    pub achieved_authentication: &'static str,
}

impl Report {
    /// The decision.
    #[must_use]
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// The exit code of a command that ends with this decision.
    #[must_use]
    pub const fn exit(&self) -> u8 {
        self.exit
    }

    /// Every check, the verifier's first.
    #[must_use]
    pub fn checks(&self) -> &[Line] {
        &self.lines
    }

    /// Why it was not accepted, the first reason first.
    #[must_use]
    pub fn reasons(&self) -> &[&'static str] {
        &self.reasons
    }

    /// What is said although it changes nothing.
    #[must_use]
    pub fn warnings(&self) -> &[&'static str] {
        &self.warnings
    }

    /// What would have made it pass, cheapest first.
    #[must_use]
    pub fn remedies(&self) -> &[Remedy] {
        &self.remedies
    }

    /// The levels.
    #[must_use]
    pub const fn levels(&self) -> &Levels {
        &self.levels
    }

    /// The report as JSON.
    #[must_use]
    pub const fn to_value(&self) -> &Value {
        &self.value
    }

    /// The report in canonical form (JCS).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::canonicalize(&self.value).unwrap_or_default()
    }

    pub(crate) fn build(
        decision: Decision,
        exit: u8,
        lines: Vec<Line>,
        remedies: BTreeSet<Remedy>,
        summary: &Summary<'_>,
    ) -> Self {
        let levels = summary.levels();
        let mut value = summary.to_value(&lines, &remedies, &levels);
        if let Some(members) = value.as_object_mut() {
            members.insert("decision".to_owned(), decision.as_str().into());
            members.insert("exit".to_owned(), exit.into());
        }
        if let Some(members) = value.get_mut("assurance").and_then(Value::as_object_mut) {
            members.insert("decision".to_owned(), decision.as_str().into());
        }
        Self {
            decision,
            exit,
            lines,
            remedies: remedies.into_iter().collect(),
            reasons: summary.reasons.clone(),
            warnings: summary.warnings.clone(),
            levels,
            value,
        }
    }
}

/// What a report is written from.
pub(crate) struct Summary<'a> {
    pub(crate) seen: &'a Seen,
    pub(crate) facts: &'a Facts,
    pub(crate) policy: &'a Policy,
    pub(crate) context: &'a AssessContext<'a>,
    pub(crate) requested: &'a [usize],
    /// Where the verifier's lines end.
    pub(crate) first_own: usize,
    pub(crate) identity: IalOutcome,
    pub(crate) required_identity: bool,
    pub(crate) frameworks: Vec<(&'static str, &'static str)>,
    pub(crate) reached: Reached,
    pub(crate) required_authentication: Option<AuthenticationLevel>,
    pub(crate) reasons: Vec<&'static str>,
    pub(crate) warnings: Vec<&'static str>,
    pub(crate) follow_up: FollowUp<'a>,
}

impl Summary<'_> {
    fn framework(&self) -> Framework {
        self.policy.assurance.as_ref().map_or(Framework::JpSwg2022, |a| a.framework)
    }

    fn levels(&self) -> Levels {
        let achieved = AuthenticationLevel::of(self.framework(), self.reached.level);
        Levels {
            required_identity: self.required_identity.then(|| self.identity.required.as_str()),
            achieved_identity: self.identity.achieved.as_str(),
            counted_identity: self.identity.counted.as_str(),
            row: self.identity.row,
            required_authentication: self.required_authentication.map(AuthenticationLevel::as_str),
            achieved_authentication: achieved.as_str(),
        }
    }

    fn to_value(&self, lines: &[Line], remedies: &BTreeSet<Remedy>, levels: &Levels) -> Value {
        let codes = self.context.codes;
        let all: Vec<Value> = lines.iter().map(|line| line.to_value(codes)).collect();
        let own: Vec<Value> = all.iter().skip(self.first_own).cloned().collect();
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| {
            out.insert(name.to_owned(), value);
        };
        put("type", "inkan-report/1".into());
        put("asOf", self.seen.as_of.to_string().into());
        put("receivedAt", self.seen.received_at.to_string().into());
        put("policy", self.policy());
        put("ledger", self.ledger());
        put("presenter", self.presenter().into());
        put("checks", all.into());
        put("truth", self.truth(lines));
        put("assurance", self.assurance(own, remedies, levels));
        Value::Object(out)
    }

    fn policy(&self) -> Value {
        json!({
            "id": self.policy.id(),
            "version": self.policy.version(),
            "sha256": self.policy.digest().to_hex(),
        })
    }

    /// The record that the first requested credential rests on.
    fn ledger(&self) -> Value {
        let credentials = self.requested.iter().filter_map(|at| self.seen.credentials.get(*at));
        let Some(record) = credentials.flatten().find_map(|one| one.record.as_ref()) else {
            return Value::Null;
        };
        json!({
            "origin": record.origin,
            "size": record.size,
            "root": record.root,
            "existedBy": record.existed_by.map(|time| time.to_string()),
            "grade": record.grades(),
        })
    }

    fn presenter(&self) -> &'static str {
        match self.facts.holder().map(|holder| holder.liveness()) {
            None => "not-shown",
            Some(Liveness::NotLive) => "not-live",
            Some(Liveness::Live | Liveness::CallerKeepsNonce) => "shown",
        }
    }

    /// Authentic, proofed, true now: three answers, none of which implies another (P10).
    fn truth(&self, lines: &[Line]) -> Value {
        let verifier = || lines.iter().take(self.first_own);
        let authentic = if verifier().any(|line| line.status == Status::Fail) {
            Status::Fail
        } else if verifier().any(|line| line.decides) {
            Status::Unknown
        } else {
            Status::Pass
        };
        let mut events = self.facts.credentials().iter().flatten().flat_map(|one| one.events());
        let proofed = match &self.identity.proofed {
            Some((at, by)) => json!({"status": "pass", "at": at.date(), "by": by}),
            None if events.next().is_some() => json!({"status": "fail", "at": null, "by": null}),
            None => json!({"status": "skipped", "at": null, "by": null}),
        };
        let credentials = self.facts.credentials().iter().flatten();
        let confirmed = credentials
            .flat_map(|credential| credential.facts())
            .find(|fact| fact.kind() == FactKind::RegisterConfirmed);
        let status = if confirmed.is_some() { Status::Pass } else { Status::Skipped };
        json!({
            "authentic": authentic.as_str(),
            "proofed": proofed,
            "trueNow": {
                "status": status.as_str(),
                "claims": [],
                "register": null,
                "checkedAt": confirmed.map(|fact| fact.at().to_string()),
            },
        })
    }

    fn assurance(&self, own: Vec<Value>, remedies: &BTreeSet<Remedy>, levels: &Levels) -> Value {
        let holder = self.facts.holder();
        let catalogue = self.context.catalogue;
        let frameworks: BTreeMap<_, _> = self.frameworks.iter().copied().collect();
        json!({
            "catalogue": {
                "id": catalogue.id(),
                "version": catalogue.version(),
                "sha256": catalogue.digest().to_hex(),
            },
            "nonceSha256": holder.map(|holder| holder.nonce_digest().to_hex()),
            "framework": self.framework().as_str(),
            "ial": {
                "required": levels.required_identity,
                "achieved": levels.achieved_identity,
                "counted": levels.counted_identity,
                "row": levels.row.map(Row::as_str),
                "of": if holder.is_some() { "presenter" } else { "subject" },
                "disputed": self.identity.disputed,
                "perClaim": self.identity.per_claim,
                "frameworks": frameworks,
            },
            "aal": {
                "required": levels.required_authentication,
                "achieved": levels.achieved_authentication,
                "road": self.reached.road.map(|road| road.as_str()),
                "ageSeconds": holder.map(|holder| holder.age_seconds()),
            },
            "mappings": mapping_status(),
            "vectorOfTrust": self.vector_of_trust(),
            "checks": own,
            "rows": self.rows(),
            "reasons": self.reasons,
            "ignoredClaims": self.ignored(levels),
            "remedies": remedies.iter().map(|one| one.to_value(&self.follow_up)).collect::<Vec<_>>(),
            "trust": self.trust(),
            "warnings": self.warnings,
        })
    }

    fn vector_of_trust(&self) -> Option<String> {
        let by_account = self.facts.holder().is_none();
        // A level that grew old says less than its row.
        let row = self.identity.row.filter(|row| {
            self.framework() != Framework::JpSwg2022
                || Ial::of_row(*row).as_str() == self.identity.achieved.as_str()
        });
        vector_of_trust(row, self.reached.level, by_account)
    }

    /// Every row: whether some item makes it, and otherwise what the closest one lacks.
    fn rows(&self) -> Vec<Value> {
        let scope = Scope {
            link: LinkMode::default(),
            trust: Vec::new(),
            unknowns: Unknowns::AsFailed,
            least: Basis::Attested,
        };
        let mut holding = BTreeSet::new();
        let mut closest: BTreeMap<Row, Vec<&'static str>> = BTreeMap::new();
        for position in self.requested {
            let Some(Some(credential)) = self.facts.credentials().get(*position) else { continue };
            let catalogue = self.context.catalogue;
            let found = rows(credential, self.facts, catalogue, &scope, &mut BTreeSet::new());
            holding.extend(found.held.iter().map(|held| held.row));
            for lack in &found.lacking {
                let names: Vec<_> = lack.needs.iter().map(|need| need.as_str()).collect();
                let known = closest.entry(lack.row).or_insert_with(|| names.clone());
                if (names.len(), &names) < (known.len(), known) {
                    *known = names;
                }
            }
        }
        let value = |row: Row| {
            if holding.contains(&row) {
                return json!({"row": row.as_str(), "holds": true, "missing": []});
            }
            let missing = closest.get(&row).cloned().unwrap_or_else(|| crate::row::shortest(row));
            json!({"row": row.as_str(), "holds": false, "missing": missing})
        };
        Row::ALL.into_iter().map(value).collect()
    }

    /// Claimed levels, and whether they happen to say what was computed.
    fn ignored(&self, levels: &Levels) -> Vec<Value> {
        let digits = |text: &str| -> String {
            text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
        };
        let claims = self.facts.ignored().iter();
        claims
            .map(|claim| {
                let computed = match claim.name {
                    "ial" => Some(levels.achieved_identity),
                    "aal" => Some(levels.achieved_authentication),
                    _ => None,
                };
                let agrees =
                    claim.value.as_deref().zip(computed).is_some_and(|(said, computed)| {
                        !digits(said).is_empty() && digits(said) == digits(computed)
                    });
                json!({"path": claim.path, "value": claim.value, "agrees": agrees})
            })
            .collect()
    }

    /// The registry entries that facts rest on.
    fn trust(&self) -> Vec<Value> {
        let events = self.facts.credentials().iter().flatten().flat_map(|one| one.events());
        let mut seen = BTreeMap::new();
        for by in events.flat_map(|event| event.authorities()) {
            seen.insert((by.party(), by.registry(), by.entry()), by);
        }
        let value = |by: &Authorised| {
            json!({
                "party": by.party(),
                "registry": by.registry(),
                "sequence": by.sequence(),
                "entrySha256": by.entry().to_hex(),
                "asOf": by.as_of().to_string(),
            })
        };
        seen.into_values().map(value).collect()
    }
}
