//! The outer part: what must hold of the credential.

use std::collections::BTreeSet;

use inkan_core::Timestamp;
use inkan_core::time::CalendarSpan;
use inkan_credential::countersignature::{Decision, Role, Wanted, WantedSigners};
use serde::Deserialize;

use super::{Outer, PolicyError};

/// First and last day, UTC, both included.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effective {
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
}

/// Who may have issued the credential.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Issuers {
    /// `any` or `listed`.
    Word(IssuerWord),
    /// Named parties.
    Named(IssuerNames),
}

impl Default for Issuers {
    fn default() -> Self {
        Self::Word(IssuerWord::Listed)
    }
}

/// Who may have issued the credential, in one word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum IssuerWord {
    /// Not judged.
    Any,
    /// A configured trust list says so.
    Listed,
}

/// Named parties; if both members are there, both must hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerNames {
    pub(crate) dids: Option<Vec<String>>,
    pub(crate) registries: Option<Vec<String>>,
}

/// Which credentials are asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Types {
    /// `any` or `optional`.
    Word(TypeWord),
    /// One of these.
    Listed(Vec<String>),
}

impl Default for Types {
    fn default() -> Self {
        Self::Word(TypeWord::Any)
    }
}

/// Which credentials are asked for, in one word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum TypeWord {
    /// Some credential.
    Any,
    /// A presentation without a credential is enough.
    Optional,
}

/// What the ledger must show.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerRule {
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) time: TimeGrade,
    #[serde(default)]
    pub(crate) quorum: Quorum,
}

/// Least grade of time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "grade")]
pub enum TimeGrade {
    /// The operator's word.
    Operator {},
    /// Independent operators.
    #[serde(rename_all = "camelCase")]
    Witnessed {
        /// How many.
        at_least: u32,
    },
    /// A timestamping authority.
    Tsa {},
    /// A public chain.
    Chain {},
}

impl Default for TimeGrade {
    fn default() -> Self {
        Self::Witnessed { at_least: 2 }
    }
}

/// Who must have cosigned besides the pinned policy of the log.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Quorum {
    /// `pinned`: nobody else.
    Pinned(PinnedWord),
    /// So many of these verifier keys.
    #[serde(rename_all = "camelCase")]
    Of(KeyQuorum),
}

/// The word `pinned`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum PinnedWord {
    /// The log's policy in the profile.
    Pinned,
}

/// So many of these verifier keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct KeyQuorum {
    pub(crate) at_least: u32,
    pub(crate) of: Vec<String>,
}

impl Default for Quorum {
    fn default() -> Self {
        Self::Pinned(PinnedWord::Pinned)
    }
}

/// What the status check must show.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatusRule {
    pub(crate) required: bool,
    pub(crate) max_age: Option<Span>,
}

/// Which of the proofs of a credential must hold, countersignatures apart. That of its issuer always must, and one that fails
/// is refused whatever stands here.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Proofs {
    /// `any` or `all`.
    Word(ProofsWord),
    /// So many parties.
    Count(ProofCount),
}

impl Default for Proofs {
    fn default() -> Self {
        Self::Word(ProofsWord::Any)
    }
}

/// How many of the proofs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ProofsWord {
    /// That of the issuer is enough.
    Any,
    /// None may be left unchecked.
    All,
}

/// So many parties that say what the credential says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProofCount {
    /// Distinct controllers with a proof for `assertionMethod`, the issuer among them. Two proofs of one are one.
    pub(crate) at_least: u32,
    /// Only these count, as DIDs.
    pub(crate) by: Option<Vec<String>>,
}

/// One demand for countersignatures.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CountersignedItem {
    pub(crate) role: SignerRole,
    pub(crate) by: Option<Signers>,
    pub(crate) at_least: Option<u32>,
    #[serde(default)]
    pub(crate) distinct: bool,
    pub(crate) after: Option<SignerRole>,
    #[serde(default)]
    pub(crate) decision: SignerDecision,
    pub(crate) registry: Option<String>,
    pub(crate) before: Option<Moment>,
    pub(crate) within: Option<SpanText>,
    #[serde(default)]
    pub(crate) delegates: bool,
}

/// A time in RFC 3339.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse_strict(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// An ISO 8601 duration as it was written.
#[derive(Clone, Debug)]
pub(crate) struct SpanText(pub(crate) String);

impl<'de> Deserialize<'de> for SpanText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match CalendarSpan::parse(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(serde::de::Error::custom(error)),
        }
    }
}

impl CountersignedItem {
    /// The demand, without the registry.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            role: self.role.role(),
            by: self.by.as_ref().map(|by| match by {
                Signers::Subject(_) => WantedSigners::Subject,
                Signers::Dids(dids) => WantedSigners::Dids(dids.iter().cloned().collect()),
            }),
            at_least: self.at_least(),
            distinct: self.distinct,
            after: self.after.map(SignerRole::role),
            decision: self.decision.decision(),
            before: self.before.map(|moment| moment.0),
            within: self.within.as_ref().map(|span| span.0.clone()),
            delegates: self.delegates,
        }
    }

    /// The role that is demanded.
    #[must_use]
    pub const fn role(&self) -> &'static str {
        self.role.as_str()
    }

    /// How many distinct controllers.
    #[must_use]
    pub fn at_least(&self) -> u32 {
        self.at_least.unwrap_or(1)
    }
}

/// Who must countersign.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Signers {
    /// `subject`.
    Subject(SubjectWord),
    /// One of these.
    Dids(Vec<String>),
}

/// The word `subject`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum SubjectWord {
    /// The controller of the credential's subject.
    Subject,
}

/// In which role somebody countersigns.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
pub enum SignerRole {
    /// The holder.
    Holder,
    /// A second issuer.
    CoIssuer,
    /// A witness.
    Witness,
    /// A notary.
    Notary,
    /// A guardian.
    Guardian,
    /// A delegate.
    Delegate,
}

impl SignerRole {
    /// The role of a countersignature.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Holder => Role::Holder,
            Self::CoIssuer => Role::CoIssuer,
            Self::Witness => Role::Witness,
            Self::Notary => Role::Notary,
            Self::Guardian => Role::Guardian,
            Self::Delegate => Role::Delegate,
        }
    }

    /// The name in policies and registries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::CoIssuer => "co-issuer",
            Self::Witness => "witness",
            Self::Notary => "notary",
            Self::Guardian => "guardian",
            Self::Delegate => "delegate",
        }
    }
}

/// What a countersigner decided.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum SignerDecision {
    /// Accepted.
    #[default]
    Accept,
    /// Refused.
    Refuse,
    /// Withdrew.
    Withdraw,
    /// Sealed.
    Seal,
}

impl SignerDecision {
    /// The decision of a countersignature.
    #[must_use]
    pub const fn decision(self) -> Decision {
        match self {
            Self::Accept => Decision::Accept,
            Self::Refuse => Decision::Refuse,
            Self::Withdraw => Decision::Withdraw,
            Self::Seal => Decision::Seal,
        }
    }

    /// The name in policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::Withdraw => "withdraw",
            Self::Seal => "seal",
        }
    }
}

/// How current the state of acts must be shown to be.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "camelCase",
    expecting = "an object such as {\"required\": true}"
)]
pub struct Acts {
    required: bool,
    max_age: Option<Span>,
}

impl Acts {
    pub(crate) fn max_age(&self) -> Result<CalendarSpan, PolicyError> {
        match &self.max_age {
            Some(span) => Ok(span.0),
            None => CalendarSpan::parse("PT24H").map_err(|_| PolicyError::Member {
                member: "currentActs.maxAge".to_owned(),
                problem: "is no duration",
            }),
        }
    }
}

/// An ISO 8601 duration without sign, weeks or fractions.
#[derive(Clone, Copy, Debug)]
pub struct Span(pub(crate) CalendarSpan);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        CalendarSpan::parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Outer {
    /// What serde cannot see: patterns, empty and repeating lists.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        let wrong =
            |member: &str, problem| Err(PolicyError::Member { member: member.to_owned(), problem });
        if self.kind != "inkan-policy/1" {
            return wrong("type", "is not inkan-policy/1");
        }
        let plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '.' | '-');
        if self.id.is_empty() || self.id.len() > 128 || !self.id.chars().all(plain) {
            return wrong("id", "is not made of a-z, 0-9, full stops and hyphens");
        }
        if self.version.is_empty() {
            return wrong("version", "is empty");
        }
        if self.title.as_ref().is_some_and(|text| !is_text(text)) {
            return wrong("title", "has no text, or an empty one");
        }
        for day in [&self.effective.from, &self.effective.until].into_iter().flatten() {
            if Timestamp::parse_strict(&format!("{day}T00:00:00Z")).is_err() {
                return wrong("effective", "is not a day such as 2027-03-31");
            }
        }
        if let Issuers::Named(names) = &self.issuers {
            if names.dids.is_none() && names.registries.is_none() {
                return wrong("issuers", "names nobody");
            }
            list(names.dids.as_deref(), "issuers.dids", is_did)?;
            list(names.registries.as_deref(), "issuers.registries", is_filled)?;
        }
        if let Types::Listed(types) = &self.credential_types {
            list(Some(types), "credentialTypes", is_filled)?;
        }
        if self.ledger.time == (TimeGrade::Witnessed { at_least: 0 }) {
            return wrong("ledger.time.atLeast", "is zero");
        }
        if let Quorum::Of(quorum) = &self.ledger.quorum {
            list(Some(&quorum.of), "ledger.quorum.of", is_filled)?;
            if quorum.at_least == 0 {
                return wrong("ledger.quorum.atLeast", "is zero");
            }
        }
        if let Proofs::Count(count) = &self.proofs {
            if count.at_least == 0 {
                return wrong("proofs.atLeast", "is zero");
            }
            list(count.by.as_deref(), "proofs.by", is_did)?;
        }
        for item in &self.countersigned {
            if item.at_least == Some(0) {
                return wrong("countersigned.atLeast", "is zero");
            }
            if let Some(Signers::Dids(dids)) = &item.by {
                list(Some(dids), "countersigned.by", is_did)?;
            }
            if item.delegates && item.role == SignerRole::Delegate {
                return wrong("countersigned.delegates", "is for roles that a principal has");
            }
            if item.registry.as_ref().is_some_and(String::is_empty) {
                return wrong("countersigned.registry", "is empty");
            }
        }
        if self.current_acts.as_ref().is_some_and(|acts| !acts.required) {
            return wrong("currentActs.required", "can only be true");
        }
        Ok(())
    }
}

/// A list that is there must not be empty or repeat itself.
pub(super) fn list(
    items: Option<&[String]>,
    member: &str,
    fits: impl Fn(&str) -> bool,
) -> Result<(), PolicyError> {
    let Some(items) = items else { return Ok(()) };
    let wrong = |problem| Err(PolicyError::Member { member: member.to_owned(), problem });
    if items.is_empty() {
        return wrong("is empty");
    }
    if items.iter().collect::<BTreeSet<_>>().len() != items.len() {
        return wrong("names something twice");
    }
    if items.iter().all(|item| fits(item)) { Ok(()) } else { wrong("holds a malformed name") }
}

pub(super) fn is_filled(text: &str) -> bool {
    !text.is_empty()
}

/// `^did:[a-z0-9]+:.+`
pub(super) fn is_did(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    parts.next() == Some("did")
        && parts.next().is_some_and(|method| {
            !method.is_empty() && method.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9'))
        })
        && parts.next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['\n', '\r']))
}

pub(super) fn is_text(text: &std::collections::BTreeMap<String, String>) -> bool {
    !text.is_empty() && text.values().all(|words| !words.is_empty())
}
