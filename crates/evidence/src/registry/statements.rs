//! A registry out of what its authority stated on a ledger (ledger §2.3, `trust`; assurance §5), as of a time.
//!
//! In scope: reading the statements of one authority, and what they come to. Out of scope: fetching the leaves (`inkan-io`), and
//! what an entry is worth (`authority`).
//!
//! A statement that was recorded after the time asked about was not known then, and is left out. Of one authority, party, action and
//! resource:
//!
//! - `grant` holds from `nbf` to before `exp`; a later one takes its place from its own `nbf` on;
//! - `end` stops it from `nbf` on, and never before it was recorded: what was done until then stays good;
//! - `void` takes it back from `since` on, which may lie in the past, and the party with it: whoever is revoked for cause in one thing
//!   is believed in nothing (`revoked-for-cause`, `voidSince`), until the authority grants the same again.

use std::collections::BTreeMap;

use inkan_core::Timestamp;
use inkan_did::{Did, DidDocument};
use inkan_ledger::{Claims, Kind, Leaf, SignedEntry, TrustClaims, TrustOperation, TrustStatement};
use serde_json::{Map, Value, json};

use super::{Registry, RegistryError};

/// The names of actions that have a member of their own in entries.
pub mod actions {
    /// Authorization: issues credentials of the type `resource`.
    pub const ISSUE: &str = "issue";
    /// Authorization: vouches for the row `resource` of the assurance table.
    pub const STATE: &str = "state";
    /// Authorization: countersigns in the role `resource`.
    pub const COUNTERSIGN: &str = "countersign";
    /// Authorization: has the role `resource`.
    pub const ROLE: &str = "role";
    /// Authorization: is a root of identity with the type `resource`.
    pub const ANCHOR: &str = "anchor";
    /// Authorization: makes statements of the kind `resource`.
    pub const MAKE: &str = "make";
    /// Recognition: has taken over from the DID `resource`.
    pub const SUCCEED: &str = "succeed";
    /// Recognition: has the same controller as the DID `resource`.
    pub const SAME: &str = "same-controller";
    /// Recognition: is an authority itself; `resource` is [`TRUST`].
    pub const AUTHORITY: &str = "authority";
    /// The resource of [`AUTHORITY`].
    pub const TRUST: &str = "trust";
}

/// A version of the authority's DID: which keys it had, from its place in the log on.
#[derive(Clone, Debug)]
pub struct SignerVersion {
    /// Place of the version.
    pub leaf_index: u64,
    /// The document.
    pub document: DidDocument,
    /// Whether it ends the DID.
    pub deactivated: bool,
}

/// A statement that its authority signed, and where it stands.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its place.
    pub leaf_index: u64,
    /// The operator's time of it.
    pub leaf_time: Timestamp,
    /// Whether it was signed by a key that the authority reported to have been in other hands by then: it is not believed, and only
    /// its number counts.
    pub stolen: bool,
    /// What it says.
    pub claims: TrustClaims,
}

/// The statements of `authority` among leaves of the log `origin`, in the order of the log. The caller has shown that the leaves are in
/// the log, and that `versions` are those of the DID in it, oldest first.
///
/// # Errors
///
/// [`RegistryError::Statement`] for one under its name that it cannot have signed: a ledger takes none, so nothing of this
/// log is to be believed.
pub fn read_statements<'a>(
    authority: &Did,
    origin: &str,
    versions: &[SignerVersion],
    leaves: impl IntoIterator<Item = (u64, &'a Leaf)>,
) -> Result<Vec<Statement>, RegistryError> {
    let mut signed = Vec::new();
    for (leaf_index, leaf) in leaves {
        if leaf.kind() != Kind::Trust {
            continue;
        }
        let refused = RegistryError::Statement { leaf_index };
        let entry = SignedEntry::parse(Kind::Trust, leaf.body()).map_err(|_| refused.clone())?;
        if Some(entry.scid()) != authority.scid() {
            continue;
        }
        let version = versions.iter().rev().find(|version| version.leaf_index < leaf_index);
        let version = version.filter(|version| !version.deactivated).ok_or(refused.clone())?;
        if entry.audience() != origin || entry.verify(&version.document).is_err() {
            return Err(refused);
        }
        let key = version.document.method(entry.kid()).map(|method| method.key.to_multikey());
        let Claims::Trust(claims) = entry.claims() else { return Err(refused) };
        let statement =
            Statement { leaf_index, leaf_time: leaf.time(), stolen: false, claims: claims.clone() };
        signed.push((statement, key));
    }
    let stolen: Vec<(String, Timestamp)> = signed
        .iter()
        .filter(|(statement, _)| statement.claims.is_compromise_report())
        .flat_map(|(report, _)| {
            let earlier = versions.iter().filter(|version| version.leaf_index < report.leaf_index);
            let methods = earlier.flat_map(|version| version.document.verification_methods());
            let fragment = report.claims.resource.split_once('#').map(|(_, fragment)| fragment);
            let named = methods.filter(move |method| method.id.fragment() == fragment);
            named.map(|method| (method.key.to_multikey(), report.claims.not_before))
        })
        .collect();
    let thiefs = |key: &Option<String>, at: Timestamp| {
        stolen.iter().any(|(theirs, since)| Some(theirs) == key.as_ref() && *since <= at)
    };
    let own = signed.into_iter().map(|(statement, key)| {
        let stolen = thiefs(&key, statement.leaf_time);
        Statement { stolen, ..statement }
    });
    Ok(own.filter(|statement| !statement.claims.is_compromise_report()).collect())
}

/// The registry that statements of `authority` come to as of `as_of`: its id is the DID.
///
/// # Errors
///
/// [`RegistryError`] if a statement names what does not exist, such as a role; none is worth a retry.
pub fn of_statements(
    authority: &str,
    statements: &[Statement],
    as_of: Timestamp,
) -> Result<Registry, RegistryError> {
    let known =
        || statements.iter().filter(|statement| statement.leaf_time <= as_of && !statement.stolen);
    type Key<'a> = (TrustStatement, &'a str, &'a str, &'a str);
    let mut chains: BTreeMap<Key<'_>, Vec<&Statement>> = BTreeMap::new();
    for statement in known() {
        let TrustClaims { statement: kind, entity_id, action, resource, .. } = &statement.claims;
        chains.entry((*kind, entity_id, action, resource)).or_default().push(statement);
    }
    let entries: Vec<Value> = chains.values().flat_map(|chain| entries(chain)).collect();
    let newest = known().map(|statement| statement.leaf_time).max();
    Registry::from_value(&json!({
        "type": "inkan-registry/1", "id": authority, "sequence": known().count(),
        "issuedAt": newest.unwrap_or(as_of).to_string(), "entries": entries,
    }))
}

/// The same of an authority that is listed no longer: it speaks of what was done while it was. What it took back, whom it revoked for
/// cause and whom it called one stays said.
///
/// # Errors
///
/// As [`of_statements`].
pub fn of_former(
    authority: &str,
    statements: &[Statement],
    (as_of, last): (Timestamp, Timestamp),
) -> Result<Registry, RegistryError> {
    let heard = as_of.min(last);
    let registry = of_statements(authority, statements, heard)?;
    let mut value = registry.to_value().clone();
    let time = |entry: &Value, name: &str| {
        let text = entry.get(name).and_then(Value::as_str)?;
        Timestamp::parse_strict(text).ok()
    };
    let entries = value.get_mut("entries").and_then(Value::as_array_mut);
    let mut none = Vec::new();
    let entries = entries.unwrap_or(&mut none);
    entries.retain(|entry| time(entry, "validFrom").is_none_or(|from| from <= last));
    for entry in entries {
        // What has no begin grants nothing.
        let held = time(entry, "validFrom").is_some();
        let lasts = time(entry, "validUntil").is_none_or(|until| until > last);
        let Some(entry) = entry.as_object_mut().filter(|_| held && lasts) else { continue };
        entry.insert("validUntil".to_owned(), last.to_string().into());
        if entry.get("status").is_some_and(|status| status == "active") {
            entry.insert("status".to_owned(), "ended".into());
        }
    }
    Registry::from_value(&value)
}

/// A time in which a grant holds; both ends are in it.
#[derive(Clone, Copy, Debug)]
struct Period {
    from: Timestamp,
    until: Option<Timestamp>,
    ended: bool,
}

impl Period {
    /// Cuts it off before a time; nothing is left of one that begins then or later.
    fn before(self, end: Timestamp, ended: bool) -> Option<Self> {
        let last = end.plus_seconds(-1);
        let until = self.until.map_or(last, |until| until.min(last));
        let ended = ended || self.ended;
        (self.from <= until).then_some(Self { until: Some(until), ended, ..self })
    }
}

/// What the states of one statement come to, in the order of the log.
fn entries(chain: &[&Statement]) -> Vec<Value> {
    let mut periods: Vec<Period> = Vec::new();
    let mut void: Option<Timestamp> = None;
    for statement in chain {
        let claims = &statement.claims;
        match claims.operation {
            TrustOperation::Grant => {
                // Granted again, a void is over; what it took back stays so.
                if let Some(since) = void.take() {
                    cut(&mut periods, since, true);
                }
                cut(&mut periods, claims.not_before, false);
                let until = claims.expires.map(|expires| expires.plus_seconds(-1));
                periods.push(Period { from: claims.not_before, until, ended: false });
            }
            TrustOperation::End => {
                cut(&mut periods, claims.not_before.max(statement.leaf_time), true);
            }
            TrustOperation::Void { since } => {
                void = Some(void.map_or(since, |known| known.min(since)));
            }
        }
    }
    let Some(newest) = chain.last() else { return Vec::new() };
    let Some(since) = void else {
        return periods.iter().map(|period| entry(&newest.claims, Some(period), None)).collect();
    };
    cut(&mut periods, since, true);
    let spared: Vec<Value> =
        periods.iter().map(|period| entry(&newest.claims, Some(period), Some(since))).collect();
    // Nothing is left of it; that the party is not to be believed is said all the same.
    if spared.is_empty() { vec![entry(&newest.claims, None, Some(since))] } else { spared }
}

fn cut(periods: &mut Vec<Period>, end: Timestamp, ended: bool) {
    *periods = periods.iter().filter_map(|period| period.before(end, ended)).collect();
}

fn entry(claims: &TrustClaims, period: Option<&Period>, void: Option<Timestamp>) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("id", claims.entity_id.as_str().into());
    if let Some(period) = period {
        put("validFrom", period.from.to_string().into());
        if let Some(until) = period.until {
            put("validUntil", until.to_string().into());
        }
    }
    let status = match (void, period) {
        (Some(_), _) => "revoked-for-cause",
        (None, Some(Period { ended: true, .. })) => "ended",
        (None, _) => "active",
    };
    put("status", status.into());
    if let Some(since) = void {
        put("voidSince", since.to_string().into());
    }
    // Without a period nothing is granted; only that the party is revoked is said. That two are one is said against them: it stays.
    let against =
        (claims.statement, claims.action.as_str()) == (TrustStatement::Recognition, actions::SAME);
    if period.is_some() || against {
        let (name, value) = capability(claims);
        put(name, value);
    }
    Value::Object(out)
}

/// The member that says what is granted. What no member is for, or not with this value, is kept as it stands: it grants what a question
/// asks for by the same words, and nothing else.
fn capability(claims: &TrustClaims) -> (&'static str, Value) {
    let resource = claims.resource.as_str();
    let list = || json!([resource]);
    let known = match (claims.statement, claims.action.as_str()) {
        (TrustStatement::Authorization, actions::ISSUE) => Some("issues"),
        (TrustStatement::Authorization, actions::STATE) => Some("rows"),
        (TrustStatement::Authorization, actions::COUNTERSIGN) => Some("countersigns"),
        (TrustStatement::Authorization, actions::ROLE) => Some("roles"),
        (TrustStatement::Authorization, actions::ANCHOR) => Some("anchorTypes"),
        (TrustStatement::Authorization, actions::MAKE) => Some("statements"),
        (TrustStatement::Recognition, actions::SUCCEED) => Some("succeeds"),
        (TrustStatement::Recognition, actions::SAME) => Some("sameController"),
        (TrustStatement::Authorization | TrustStatement::Recognition, _) => None,
    };
    if claims.statement == TrustStatement::Recognition
        && (claims.action.as_str(), resource) == (actions::AUTHORITY, actions::TRUST)
    {
        return ("authority", true.into());
    }
    let readable = |name: &&str| {
        let value = json!({
            "type": "inkan-registry/1", "id": "", "sequence": 0, "issuedAt": "1970-01-01T00:00:00Z",
            "entries": [{ "id": claims.entity_id, *name: list(), "status": "active" }],
        });
        Registry::from_value(&value).is_ok()
    };
    match known.filter(readable) {
        Some(name) => (name, list()),
        None => {
            let grant = json!({
                "type": claims.statement.name(), "action": claims.action, "resource": resource,
            });
            ("grants", json!([grant]))
        }
    }
}

#[cfg(test)]
mod tests;
