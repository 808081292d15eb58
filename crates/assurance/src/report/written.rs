//! What a report says in full: kept as values while the decision is made, written when somebody asks for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use inkan_core::codes::CodeBook;
use inkan_core::{Digest, Timestamp};
use inkan_evidence::{Authorised, Facts, IgnoredClaim, Liveness, Road, Row};
use inkan_verifier::Check;
use serde_json::{Value, json};

use super::true_now::TrueNow;
use super::{Levels, Report};
use crate::aal::Reached;
use crate::assess::AssessContext;
use crate::catalogue::Catalogue;
use crate::framework::{mapping_status, vector_of_trust};
use crate::identity::{Found, IalOutcome};
use crate::level::{AuthenticationLevel, Framework, Ial, IdentityLevel};
use crate::line::Status;
use crate::policy::Policy;
use crate::remedy::FollowUp;
use crate::request::Query;
use crate::row::Shape;
use crate::seen::{self, Seen, SeenRecord};

/// What a report is made from.
pub(crate) struct Summary<'a> {
    pub(crate) seen: &'a Seen,
    pub(crate) facts: &'a Facts,
    pub(crate) policy: &'a Policy,
    pub(crate) context: &'a AssessContext<'a>,
    pub(crate) requested: &'a [usize],
    pub(crate) identity: &'a IalOutcome<'a>,
    pub(crate) required_identity: bool,
    pub(crate) plain: &'a Found<'a>,
    pub(crate) reached: Reached,
    pub(crate) required_authentication: Option<AuthenticationLevel>,
    pub(crate) follow_up: FollowUp,
}

/// What a report is written from: it borrows nothing, and shares what is large.
#[derive(Clone, Debug)]
pub(super) struct Written {
    codes: CodeBook,
    catalogue: Catalogue,
    framework: Framework,
    as_of: Timestamp,
    received_at: Timestamp,
    policy: (String, String, Digest),
    ledger: Option<SeenRecord>,
    holder: Option<Presenting>,
    proofed: Option<(Timestamp, String)>,
    /// Whether any evidence was read.
    has_events: bool,
    /// What base registers say of the claims as they are now.
    true_now: TrueNow,
    row: Option<Row>,
    disputed: bool,
    per_claim: BTreeMap<String, &'static str>,
    frameworks: [(Framework, IdentityLevel); 3],
    reached: Reached,
    /// Rows that hold.
    holding: Vec<Row>,
    /// Every item that was looked at.
    shapes: Vec<Arc<Shape>>,
    ignored: Vec<IgnoredClaim>,
    trusted: Vec<Trusted>,
    follow_up: FollowUp,
}

/// The holder, as far as a report says.
#[derive(Clone, Copy, Debug)]
struct Presenting {
    liveness: Liveness,
    nonce: Digest,
    age_seconds: i64,
}

/// A registry entry that facts rest on.
#[derive(Clone, Debug)]
struct Trusted {
    party: String,
    registry: String,
    sequence: u64,
    entry: Digest,
    as_of: Timestamp,
}

impl Trusted {
    fn of(by: &Authorised) -> Self {
        Self {
            party: by.party().to_owned(),
            registry: by.registry().to_owned(),
            sequence: by.sequence(),
            entry: by.entry(),
            as_of: by.as_of(),
        }
    }

    fn to_value(&self) -> Value {
        json!({
            "party": self.party,
            "registry": self.registry,
            "sequence": self.sequence,
            "entrySha256": self.entry.to_hex(),
            "asOf": self.as_of.to_string(),
        })
    }
}

impl Summary<'_> {
    fn framework(&self) -> Framework {
        self.policy.assurance.as_ref().map_or(Framework::JpSwg2022, |a| a.framework)
    }

    pub(super) fn levels(&self) -> Levels {
        let identity = self.identity;
        let achieved = AuthenticationLevel::of(self.framework(), self.reached.level);
        Levels {
            required_identity: self.required_identity.then(|| identity.required.as_str()),
            achieved_identity: identity.achieved.as_str(),
            counted_identity: identity.counted.as_str(),
            row: identity.row,
            required_authentication: self.required_authentication.map(AuthenticationLevel::as_str),
            achieved_authentication: achieved.as_str(),
        }
    }

    pub(super) fn written(self) -> Written {
        let credentials = || self.facts.credentials().iter().flatten();
        let events = || credentials().flat_map(|credential| credential.events());
        let identity = self.identity;
        let registers = credentials().flat_map(|credential| credential.register_checks());
        let by: BTreeMap<_, &Authorised> = events()
            .flat_map(|event| event.authorities())
            .chain(registers.filter_map(|check| check.authority()))
            .map(|by| ((by.party(), by.registry(), by.entry()), by))
            .collect();
        let recorded = self.requested.iter().filter_map(|at| self.seen.credentials.get(*at));
        Written {
            codes: self.context.codes.clone(),
            catalogue: self.context.catalogue.clone(),
            framework: self.framework(),
            as_of: self.seen.as_of,
            received_at: self.seen.received_at,
            policy: (
                self.policy.id().to_owned(),
                self.policy.version().to_owned(),
                self.policy.digest(),
            ),
            ledger: recorded.flatten().find_map(|one| one.record.clone()),
            holder: self.facts.holder().map(|holder| Presenting {
                liveness: holder.liveness(),
                nonce: holder.nonce_digest(),
                age_seconds: holder.age_seconds(),
            }),
            proofed: identity.proofed.map(|(at, by)| (at, by.to_owned())),
            has_events: events().next().is_some(),
            true_now: TrueNow::of(self.facts),
            row: identity.row,
            disputed: identity.disputed,
            per_claim: identity
                .per_claim
                .iter()
                .map(|(name, level)| ((*name).to_owned(), *level))
                .collect(),
            frameworks: Framework::ALL.map(|one| (one, self.plain.achieved(one))),
            reached: self.reached,
            holding: self.plain.rows().flat_map(|rows| &rows.held).map(|held| held.row).collect(),
            shapes: self
                .plain
                .rows()
                .flat_map(|rows| &rows.tried)
                .map(|tried| Arc::clone(tried.shape()))
                .collect(),
            ignored: self.facts.ignored().to_vec(),
            trusted: by.into_values().map(Trusted::of).collect(),
            follow_up: self.follow_up,
        }
    }
}

impl Written {
    /// What a wallet is to be asked for.
    pub(super) fn query(&self) -> Option<Value> {
        self.follow_up.query.as_ref().map(Query::to_value)
    }

    /// The whole report.
    pub(super) fn to_value(&self, report: &Report) -> Value {
        let own: Vec<Value> = report.own.iter().map(|line| line.to_value(&self.codes)).collect();
        let verifier = report.checks.iter().map(|check| seen::line(check).to_value(&self.codes));
        let all: Vec<Value> = verifier.chain(own.iter().cloned()).collect();
        let (id, version, digest) = &self.policy;
        json!({
            "type": "inkan-report/1",
            "decision": report.decision().as_str(),
            "exit": report.exit(),
            "asOf": self.as_of.to_string(),
            "receivedAt": self.received_at.to_string(),
            "policy": { "id": id, "version": version, "sha256": digest.to_hex() },
            "ledger": self.ledger(),
            "presenter": self.presenter(),
            "checks": all,
            "truth": self.truth(&report.checks),
            "assurance": self.assurance(own, report),
        })
    }

    /// The record that the first requested credential rests on.
    fn ledger(&self) -> Value {
        let Some(record) = &self.ledger else { return Value::Null };
        json!({
            "origin": record.origin,
            "size": record.size,
            "root": record.root,
            "existedBy": record.existed_by.map(|time| time.to_string()),
            "grade": record.grades(),
        })
    }

    fn presenter(&self) -> &'static str {
        match self.holder.map(|holder| holder.liveness) {
            None => "not-shown",
            Some(Liveness::NotLive) => "not-live",
            Some(Liveness::Live | Liveness::CallerKeepsNonce) => "shown",
        }
    }

    /// Authentic, proofed, true now: three answers, none of which implies another (P10).
    fn truth(&self, checks: &[Check]) -> Value {
        let authentic = if checks.iter().any(Check::failed) {
            Status::Fail
        } else if checks.iter().any(Check::blocks) {
            Status::Unknown
        } else {
            Status::Pass
        };
        let proofed = match &self.proofed {
            Some((at, by)) => json!({"status": "pass", "at": at.date(), "by": by}),
            None if self.has_events => json!({"status": "fail", "at": null, "by": null}),
            None => json!({"status": "skipped", "at": null, "by": null}),
        };
        json!({
            "authentic": authentic.as_str(),
            "proofed": proofed,
            "trueNow": self.true_now.to_value(),
        })
    }

    fn assurance(&self, own: Vec<Value>, report: &Report) -> Value {
        let (levels, catalogue) = (report.levels(), &self.catalogue);
        let frameworks: BTreeMap<_, _> =
            self.frameworks.iter().map(|(one, level)| (one.as_str(), level.as_str())).collect();
        let remedies = report.remedies().iter().map(|one| one.to_value(&self.follow_up));
        json!({
            "decision": report.decision().as_str(),
            "catalogue": {
                "id": catalogue.id(),
                "version": catalogue.version(),
                "sha256": catalogue.digest().to_hex(),
            },
            "nonceSha256": self.holder.map(|holder| holder.nonce.to_hex()),
            "framework": self.framework.as_str(),
            "ial": {
                "required": levels.required_identity,
                "achieved": levels.achieved_identity,
                "counted": levels.counted_identity,
                "row": levels.row.map(Row::as_str),
                "of": if self.holder.is_some() { "presenter" } else { "subject" },
                "disputed": self.disputed,
                "perClaim": self.per_claim,
                "frameworks": frameworks,
            },
            "aal": {
                "required": levels.required_authentication,
                "achieved": levels.achieved_authentication,
                "road": self.reached.road.map(Road::as_str),
                "ageSeconds": self.holder.map(|holder| holder.age_seconds),
            },
            "mappings": mapping_status(),
            "vectorOfTrust": self.vector_of_trust(levels),
            "checks": own,
            "rows": self.rows(),
            "reasons": report.reasons(),
            "ignoredClaims": self.ignored(levels),
            "remedies": remedies.collect::<Vec<_>>(),
            "trust": self.trusted.iter().map(Trusted::to_value).collect::<Vec<_>>(),
            "warnings": report.warnings(),
        })
    }

    fn vector_of_trust(&self, levels: &Levels) -> Option<String> {
        // A level that grew old says less than its row.
        let row = self.row.filter(|row| {
            self.framework != Framework::JpSwg2022
                || Ial::of_row(*row).as_str() == levels.achieved_identity
        });
        vector_of_trust(row, self.reached.level, self.holder.is_none())
    }

    /// Every row: whether some item makes it, and otherwise what the closest one lacks.
    fn rows(&self) -> Vec<Value> {
        let names = |shape: &Arc<Shape>, row| -> Vec<&'static str> {
            shape.missing(row).iter().map(|need| need.as_str()).collect()
        };
        let value = |row: Row| {
            if self.holding.contains(&row) {
                return json!({"row": row.as_str(), "holds": true, "missing": []});
            }
            // Who makes it and may not state it lacks nothing of its own.
            let without = self.shapes.iter().filter(|shape| shape.basis_of(row).is_none());
            let closest = without
                .map(|shape| names(shape, row))
                .min_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
            let missing = closest.unwrap_or_else(|| crate::row::shortest(row));
            json!({"row": row.as_str(), "holds": false, "missing": missing})
        };
        Row::ALL.into_iter().map(value).collect()
    }

    /// Claimed levels, and whether they happen to say what was computed.
    fn ignored(&self, levels: &Levels) -> Vec<Value> {
        let digits = |text: &str| -> String {
            text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect()
        };
        let value = |claim: &IgnoredClaim| {
            let computed = match claim.name {
                "ial" => Some(levels.achieved_identity),
                "aal" => Some(levels.achieved_authentication),
                _ => None,
            };
            let agrees = claim.value.as_deref().zip(computed).is_some_and(|(said, computed)| {
                !digits(said).is_empty() && digits(said) == digits(computed)
            });
            json!({"path": claim.path, "value": claim.value, "agrees": agrees})
        };
        self.ignored.iter().map(value).collect()
    }
}
