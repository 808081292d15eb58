//! The life of a credential as one value: events in the order of the log, when each key could sign, who trusts whom, the Merkle
//! path, who signed, and how it all stands.
//!
//! In scope: the model that terminal, JSON and page are drawn from. Out of scope: deciding anything (the verdict is that of
//! `verify`), and looks (`text`, `page`). Text of others stays as it is in here; whoever shows it makes it safe.

pub(crate) mod acts;
pub(crate) mod build;
pub(crate) mod chain;
pub(crate) mod consents;
pub(crate) mod dids;
pub(crate) mod draw;
mod outside;
pub(crate) mod page;
pub(crate) mod phrase;
pub(crate) mod status;
mod style;
pub(crate) mod text;
pub(crate) mod value;

use inkan_core::Timestamp;
use inkan_ledger::NodeHash;

use crate::merkle::Step;
use crate::render::ladder::Ladder;
use crate::story::phrase::Phrase;

/// Everything that is told of one credential.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// What the user called the file.
    pub(crate) file: String,
    /// What the credential says of itself.
    pub(crate) about: About,
    /// How it stands: the verdict of `verify`, from the same run.
    pub(crate) verdict: Verdict,
    /// Whether the issuer's signature holds. Where it does not, nothing is shown as checked.
    pub(crate) proof: Proof,
    /// What happened, in the order of the log.
    pub(crate) events: Vec<Event>,
    /// What is to come, by what is known now.
    pub(crate) ahead: Vec<Event>,
    /// When each key of the issuer could sign.
    pub(crate) keys: Option<Keys>,
    /// From what is trusted to who holds it.
    pub(crate) chain: Chain,
    /// The way from the issuance to the root.
    pub(crate) path: Option<MerklePath>,
    /// Who signed, the issuer first.
    pub(crate) signers: Vec<Signer>,
    /// The levels that the policy asks for, and what was reached.
    pub(crate) ladders: Vec<Ladder>,
    /// What is not known, and why.
    pub(crate) gaps: Vec<String>,
}

/// What the credential says of itself.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Its `id`.
    pub(crate) id: Option<String>,
    /// Its types, without `VerifiableCredential`.
    pub(crate) types: Vec<String>,
    /// How it is secured.
    pub(crate) format: String,
    /// Its issuer.
    pub(crate) issuer: String,
    /// Whom it is about.
    pub(crate) subject: Option<String>,
    /// Names of its claims, each with its value if values are asked for.
    pub(crate) claims: Vec<(String, Option<String>)>,
}

/// The verdict.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// What was decided.
    pub(crate) decision: Decided,
    /// The exit code.
    pub(crate) exit: u8,
    /// The policy.
    pub(crate) policy: String,
    /// The time that it holds for.
    pub(crate) as_of: Timestamp,
    /// What stands in the way, and its number.
    pub(crate) fact: Option<(String, String)>,
    /// Every check: its mark, its name, what it found.
    pub(crate) checks: Vec<Checked>,
    /// How many acceptances were taken back after the seal, and stand.
    pub(crate) regretted: usize,
}

/// One check of the verdict.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// How it came out.
    pub(crate) standing: Standing,
    /// Its name in a word or two.
    pub(crate) label: String,
    /// What it found.
    pub(crate) found: String,
}

/// What was decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Decided {
    /// Accepted.
    Accept,
    /// Rejected.
    Reject,
    /// Cannot tell.
    Undetermined,
}

impl Decided {
    /// The word in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Undetermined => "undetermined",
        }
    }

    /// The word for people.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPTED",
            Self::Reject => "REJECTED",
            Self::Undetermined => "CANNOT TELL",
        }
    }
}

/// Whether the issuer's signature holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Proof {
    /// It was checked, and holds.
    Holds,
    /// Something that was signed was changed, or forged: nothing in the file can be relied on.
    Fails,
    /// It holds, and the key was not the issuer's to sign with when it is shown to have signed.
    KeyNotInForce,
    /// It holds, and the key was reported to be in other hands when it is shown to have signed.
    KeyCompromised,
    /// It could not be checked.
    NotShown,
}

impl Proof {
    /// The word in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::KeyNotInForce => "key-not-in-force",
            Self::KeyCompromised => "key-compromised",
            Self::NotShown => "not-shown",
        }
    }

    /// Whether the issuer's word may be shown as checked.
    pub(crate) const fn holds(self) -> bool {
        matches!(self, Self::Holds)
    }

    /// What is said first where it does not hold.
    pub(crate) const fn warning(self) -> Option<&'static str> {
        match self {
            Self::Holds => None,
            Self::Fails => Some(
                "NOT AUTHENTIC: what was signed is not what stands here. Nothing below shows that the issuer named in the file \
                 said any of it; what the file says is told as unchecked.",
            ),
            Self::KeyNotInForce => Some(
                "NOT THE ISSUER'S WORD: the key that signed was not in force then. Nothing below shows that the issuer said any of \
                 it; what the file says is told as unchecked.",
            ),
            Self::KeyCompromised => Some(
                "NOT SHOWN TO BE THE ISSUER'S WORD: the key that signed was reported to be in other hands by then. Whoever had it \
                 may have said any of it; what the file says is told as unchecked.",
            ),
            Self::NotShown => Some(
                "NOT CHECKED: the issuer's signature could not be checked. What the file says is told as unchecked.",
            ),
        }
    }
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EventKind {
    /// A DID was made.
    DidMade,
    /// A DID's keys changed.
    KeysChanged,
    /// A DID's document changed, and its keys did not.
    DidUpdated,
    /// A DID reported that one of its keys was in other hands.
    KeyReported,
    /// A DID moved to another log or name.
    DidMoved,
    /// A DID was deactivated.
    DidDeactivated,
    /// The credential was issued.
    Issued,
    /// Its validity begins.
    ValidFrom,
    /// A timestamp authority stamped what shows the issuance.
    Timestamped,
    /// An organisation sealed it with its certificate and its DID.
    Esealed,
    /// Somebody accepted it in a role.
    Countersigned,
    /// Somebody refused it.
    Refused,
    /// Somebody took an acceptance back.
    Withdrawn,
    /// It was closed to further countersignatures.
    Sealed,
    /// An act was changed on the ledger, and the file does not hold to what.
    ActChanged,
    /// A countersignature that does not hold.
    ActInvalid,
    /// It was presented.
    Presented,
    /// Its holder agreed to a use of what was shown.
    ConsentGiven,
    /// Whoever received it signed that.
    ConsentAcknowledged,
    /// Its holder took that back.
    ConsentWithdrawn,
    /// It was suspended.
    Suspended,
    /// It was reinstated.
    Reinstated,
    /// It was revoked.
    Revoked,
    /// Its validity ends.
    Expires,
}

impl EventKind {
    /// The word in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DidMade => "did-made",
            Self::KeysChanged => "keys-changed",
            Self::DidUpdated => "did-updated",
            Self::KeyReported => "key-reported",
            Self::DidMoved => "did-moved",
            Self::DidDeactivated => "did-deactivated",
            Self::Issued => "issued",
            Self::ValidFrom => "valid-from",
            Self::Timestamped => "timestamped",
            Self::Esealed => "e-sealed",
            Self::Countersigned => "countersigned",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Sealed => "sealed",
            Self::ActChanged => "act-changed",
            Self::ActInvalid => "act-invalid",
            Self::Presented => "presented",
            Self::ConsentGiven => "consent-given",
            Self::ConsentAcknowledged => "consent-acknowledged",
            Self::ConsentWithdrawn => "consent-withdrawn",
            Self::Suspended => "suspended",
            Self::Reinstated => "reinstated",
            Self::Revoked => "revoked",
            Self::Expires => "expires",
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// What kind of thing.
    pub(crate) kind: EventKind,
    /// When: for what is recorded by the operator's clock, else by whoever signed or says so.
    pub(crate) time: Timestamp,
    /// Where it is recorded.
    pub(crate) place: Option<Place>,
    /// What happened.
    pub(crate) what: Phrase,
    /// Whose word it is.
    pub(crate) word: Phrase,
    /// What it rests on.
    pub(crate) basis: Basis,
    /// What it means for the credential.
    pub(crate) bearing: Bearing,
}

/// Where something is recorded, and how well its time is attested.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// The log.
    pub(crate) log: String,
    /// The entry.
    pub(crate) entry: u64,
    /// The grade of the time: `operator`, `witnessed 2`, …
    pub(crate) grade: String,
    /// When independent clocks had seen it.
    pub(crate) seen: Option<Timestamp>,
}

/// What an event rests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Basis {
    /// An entry of a pinned log, proved by a receipt.
    Recorded,
    /// A signature that was checked; its time is the signer's word.
    Signed,
    /// What the file says, unchecked.
    Said,
}

impl Basis {
    /// The word in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Signed => "signed",
            Self::Said => "said",
        }
    }
}

/// What an event means for the credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bearing {
    /// It carries it.
    For,
    /// It stands against it.
    Against,
    /// Neither.
    Neutral,
}

/// How something is marked. The words beside it say the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// It was checked, and holds.
    Held,
    /// It was checked, and does not hold, or stands against.
    Broken,
    /// It could not be told.
    Unknown,
    /// Nobody judged it.
    NotJudged,
}

impl Standing {
    /// The word in JSON and on pages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broken => "broken",
            Self::Unknown => "unknown",
            Self::NotJudged => "not-judged",
        }
    }
}

impl Story {
    /// How an event is marked: where the issuer's signature does not hold, nothing is shown as checked.
    pub(crate) const fn standing(&self, event: &Event) -> Standing {
        // A report is its DID's own statement, and was checked by itself.
        let holds = self.proof.holds() || matches!(event.kind, EventKind::KeyReported);
        let checked = holds && !matches!(event.basis, Basis::Said);
        match (checked, event.bearing) {
            (true, Bearing::Against) => Standing::Broken,
            (false, Bearing::Against) => Standing::Unknown,
            (true, Bearing::For) => Standing::Held,
            (false, Bearing::For) | (_, Bearing::Neutral) => Standing::NotJudged,
        }
    }
}

/// When each key of a DID could sign.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// The DID.
    pub(crate) did: String,
    /// Its versions, oldest first.
    pub(crate) versions: Vec<KeyVersion>,
    /// Its keys, in the order of their coming.
    pub(crate) spans: Vec<KeySpan>,
    /// What was signed, and with what.
    pub(crate) marks: Vec<KeyMark>,
    /// Whether the DID has ended.
    pub(crate) ended: bool,
    /// The time up to which this is drawn.
    pub(crate) until: Timestamp,
}

/// One version of a DID.
#[derive(Clone, Debug)]
pub(crate) struct KeyVersion {
    /// Its number.
    pub(crate) number: u64,
    /// When it came.
    pub(crate) since: Timestamp,
    /// Names of the keys in force.
    pub(crate) keys: Vec<String>,
    /// What changed, in a word or two.
    pub(crate) change: String,
}

/// One key, and when it could sign.
#[derive(Clone, Debug)]
pub(crate) struct KeySpan {
    /// Its name.
    pub(crate) name: String,
    /// Since when.
    pub(crate) from: Timestamp,
    /// Until when, if it no longer can.
    pub(crate) until: Option<Timestamp>,
}

/// Something that a key signed.
#[derive(Clone, Debug)]
pub(crate) struct KeyMark {
    /// What.
    pub(crate) label: String,
    /// When.
    pub(crate) time: Timestamp,
    /// Number of the version in force.
    pub(crate) version: u64,
    /// Name of the key.
    pub(crate) key: String,
    /// Whether the key was in force then: held only if the verifier found that it was.
    pub(crate) standing: Standing,
}

/// From what is trusted to who holds it: nodes, and an edge between each and the next.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// What the nodes are, and what they are called.
    pub(crate) nodes: Vec<(&'static str, String)>,
    /// One fewer than nodes.
    pub(crate) edges: Vec<Edge>,
}

/// What leads from one node of the chain to the next.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// How it stands: broken if one of its lines is.
    pub(crate) standing: Standing,
    /// What it rests on.
    pub(crate) lines: Vec<Checked>,
}

/// The way from a leaf to the root, proved.
#[derive(Clone, Debug)]
pub(crate) struct MerklePath {
    /// Name of the log.
    pub(crate) log: String,
    /// Place of the entry.
    pub(crate) index: u64,
    /// Leaves in the tree.
    pub(crate) size: u64,
    /// What kind of entry it is.
    pub(crate) kind: &'static str,
    /// Hash of the leaf.
    pub(crate) leaf: NodeHash,
    /// From the leaf up.
    pub(crate) steps: Vec<Step>,
    /// Who vouches for the root.
    pub(crate) vouched: String,
}

/// Somebody who signed.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    /// In which role.
    pub(crate) role: String,
    /// The DID.
    pub(crate) did: String,
    /// What was decided, as a verb.
    pub(crate) decision: &'static str,
    /// When.
    pub(crate) time: Option<Timestamp>,
    /// The entry that records it.
    pub(crate) entry: Option<u64>,
    /// How it stands.
    pub(crate) standing: Standing,
    /// The same in words.
    pub(crate) state: String,
}

#[cfg(test)]
mod tests;
