//! One line of a verification: what was looked at, and what became of it.

use serde_json::{Map, Value};

use crate::reason::Reason;

/// What a check looks at, in the order in which a report shows them (decisions 7).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CheckName {
    /// The issuer's DID log certifies itself.
    IssuerLog,
    /// The credential is recorded on a ledger that the verifier knows.
    OnLedger,
    /// How well the time of the record is attested.
    Time,
    /// The signing key was in force when the credential was recorded.
    KeyInForce,
    /// The issuer's proof.
    Signature,
    /// The issuer's DID is neither deactivated nor reported compromised.
    DidActive,
    /// The validity period.
    Validity,
    /// Status lists.
    Status,
    /// Credential schema.
    Schema,
    /// One resource whose bytes the issuer fixed.
    RelatedResource,
    /// One countersignature.
    Countersignature,
    /// One demand of the credential's own offer: who has to countersign.
    Offered,
    /// What a power of attorney rests on, up to its principal.
    Power,
    /// Holder binding, nonce, audience, freshness.
    Presentation,
    /// One state of a consent, or the consent as a whole.
    Consent,
    /// Whether a consent names what a presentation shows.
    Shown,
    /// The receiver's acknowledgement of one state of a consent.
    Acknowledgement,
    /// One e-seal of an organisation.
    Eseal,
    /// One timestamp of an authority over items of the bundle.
    Timestamp,
    /// A proof of a suite this toolkit does not know.
    OtherProof,
    /// A receipt that belongs to nothing at hand.
    OtherReceipt,
}

impl CheckName {
    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IssuerLog => "issuer-log",
            Self::OnLedger => "on-ledger",
            Self::Time => "time",
            Self::KeyInForce => "key-in-force",
            Self::Signature => "signature",
            Self::DidActive => "did-active",
            Self::Validity => "validity",
            Self::Status => "status",
            Self::Schema => "schema",
            Self::RelatedResource => "related-resource",
            Self::Countersignature => "countersignature",
            Self::Offered => "offered",
            Self::Power => "power",
            Self::Presentation => "presentation",
            Self::Consent => "consent",
            Self::Shown => "shown",
            Self::Acknowledgement => "acknowledgement",
            Self::Eseal => "eseal",
            Self::Timestamp => "timestamp",
            Self::OtherProof => "other-proof",
            Self::OtherReceipt => "other-receipt",
        }
    }
}

/// What became of one check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was made, and held.
    Pass,
    /// It was made, and did not hold.
    Fail(Reason),
    /// Nobody asked for it.
    Skipped,
    /// It was asked for and could not be made.
    Unknown(Reason),
}

/// Whether an unknown outcome stands in the way of a verdict.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// An unknown outcome makes the whole undetermined.
    Required,
    /// An unknown outcome is shown, and nothing rests on it.
    Informative,
}

/// One line of a verification.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// What was looked at.
    pub name: CheckName,
    /// Of which artefact: `presentation`, or `cred[0]`, counted in the order of the presentation.
    pub subject: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the verdict rests on it.
    pub weight: Weight,
    /// Positions and digests that show what was found; never personal data.
    pub evidence: Map<String, Value>,
}

impl Check {
    /// A check that held.
    #[must_use]
    pub fn pass(name: CheckName, subject: &str) -> Self {
        Self::new(name, subject, Outcome::Pass, Weight::Required)
    }

    /// A check that did not hold.
    #[must_use]
    pub fn fail(name: CheckName, subject: &str, reason: Reason) -> Self {
        Self::new(name, subject, Outcome::Fail(reason), Weight::Required)
    }

    /// A check that nobody asked for.
    #[must_use]
    pub fn skipped(name: CheckName, subject: &str) -> Self {
        Self::new(name, subject, Outcome::Skipped, Weight::Informative)
    }

    /// A check that could not be made.
    #[must_use]
    pub fn unknown(name: CheckName, subject: &str, reason: Reason, weight: Weight) -> Self {
        Self::new(name, subject, Outcome::Unknown(reason), weight)
    }

    fn new(name: CheckName, subject: &str, outcome: Outcome, weight: Weight) -> Self {
        Self { name, subject: subject.to_owned(), outcome, weight, evidence: Map::new() }
    }

    /// Adds one finding to [`Self::evidence`].
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(member.to_owned(), value.into());
        self
    }

    /// The reason, if the check did not pass.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match &self.outcome {
            Outcome::Fail(reason) | Outcome::Unknown(reason) => Some(reason),
            Outcome::Pass | Outcome::Skipped => None,
        }
    }

    /// Whether the check was made and did not hold.
    #[must_use]
    pub const fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Fail(_))
    }

    /// Whether the verdict rests on this check and it could not be made.
    #[must_use]
    pub const fn blocks(&self) -> bool {
        matches!((&self.outcome, self.weight), (Outcome::Unknown(_), Weight::Required))
    }
}
