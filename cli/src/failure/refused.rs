//! What the command line itself can refuse, each with its code in the catalogue.

/// What the command line itself can refuse.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// clap did not understand the arguments, or they do not fit together.
    #[error("{0}")]
    Usage(String),
    /// Input was expected, and standard input is a terminal.
    #[error("no file given, and nothing is piped in")]
    InputMissing,
    /// No profile of this name.
    #[error("there is no profile {name:?}")]
    ProfileUnknown {
        /// The name asked for.
        name: String,
    },
    /// No profile at all.
    #[error("this needs a profile, and there is none")]
    ProfileMissing,
    /// `init` of a name that is taken.
    #[error("there already is a profile {name:?}")]
    ProfileExists {
        /// The name.
        name: String,
    },
    /// A name that is no file name.
    #[error("{name:?} cannot be a name: use letters, digits, dots, dashes and underscores")]
    NameInvalid {
        /// The name.
        name: String,
    },
    /// config.toml or .inkan.toml is not what it should be.
    #[error("{path}: {detail}")]
    ConfigMalformed {
        /// The file.
        path: String,
        /// What the parser says.
        detail: String,
    },
    /// `--ledger` names another ledger than that of the DID's home.
    #[error("{name} is at home in the log {home}, and the ledger named is {given}")]
    LedgerNotHome {
        /// Our name for the DID.
        name: String,
        /// The log where it is at home.
        home: String,
        /// The log that was named.
        given: String,
        /// Where its home is.
        place: String,
    },
    /// A DID has left one log and has not arrived in another.
    #[error(
        "{name} has left the log {from} and has not arrived in {to} yet; nothing is lost, and it signs nothing until it has"
    )]
    MoveUnfinished {
        /// Our name for it.
        name: String,
        /// The log that it left.
        from: String,
        /// The log that it is on its way to.
        to: String,
        /// Where that log is.
        place: String,
        /// The profile.
        profile: String,
    },
    /// A DID is at home in a log, and the profile does not know where that log is.
    #[error("where the log {origin} answers is not known here")]
    LogPlaceUnknown {
        /// The log.
        origin: String,
    },
    /// A ledger is of another log than the one that was there.
    #[error("{place} is the log of {given}, and {expected} was expected there")]
    OtherLog {
        /// Where it was asked.
        place: String,
        /// The log that is there.
        given: String,
        /// The log that was there.
        expected: String,
    },
    /// An authority of the trust list lives in another log than the one whose statements are read.
    #[error(
        "the authority {did} has moved to the log {home}: what it states there is not read, and nobody may rely on less"
    )]
    AuthorityMoved {
        /// The authority.
        did: String,
        /// Where it is at home.
        home: String,
    },
    /// A question that was not answered with yes.
    #[error("not done: you said no")]
    Declined,
    /// A question, and `--no-input` or no terminal.
    #[error("this needs an answer: {question}")]
    AnswerNeeded {
        /// What would have been asked.
        question: String,
    },
    /// A passphrase is needed and there is no way to get one.
    #[error("{which} is sealed, and no passphrase was given")]
    PassphraseNeeded {
        /// Which keystore.
        which: &'static str,
    },
    /// The two passphrases typed differ, or nothing was typed.
    #[error("the two passphrases are not the same, or empty")]
    PassphraseMismatch,
    /// The same passphrase guards the keys in use and the next keys.
    #[error("the next keys need a passphrase of their own, and this one is the keystore's")]
    PassphraseShared,
    /// No key of this name.
    #[error("there is no key {name:?} in profile {profile:?}")]
    KeyUnknown {
        /// The name asked for.
        name: String,
        /// The profile searched.
        profile: String,
    },
    /// A key that cannot sign what it is asked to.
    #[error("{detail}")]
    KeyUnsuitable {
        /// Why.
        detail: String,
    },
    /// Neither one of our names nor a DID.
    #[error("{name:?} is neither a DID nor the name of one in profile {profile:?}")]
    DidUnknown {
        /// The name asked for.
        name: String,
        /// The profile searched.
        profile: String,
    },
    /// A session of a desk whose report nobody signed, or whose verdict does not stand yet.
    #[error("no signed report is kept of session {id}")]
    ReportUnsigned {
        /// The session.
        id: String,
    },
    /// A profile without DIDs.
    #[error("profile {profile:?} has no DID yet")]
    DidMissing {
        /// The profile.
        profile: String,
    },
    /// A DID that is neither on the ledger nor in the cache, and nobody may be asked.
    #[error("{did} is neither on this ledger nor in the cache")]
    DidNotAtHand {
        /// The DID.
        did: String,
    },
    /// Several of our DIDs could be meant.
    #[error("profile {profile:?} has several DIDs; say which one (--as, or the option for it)")]
    DidAmbiguous {
        /// The profile searched.
        profile: String,
    },
    /// The name is taken by another of our DIDs, keys or credentials.
    #[error("there already is a {what} {name:?}")]
    NameTaken {
        /// What it names.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Neither a file nor a credential of this profile.
    #[error("{name:?} is neither a file nor a credential of profile {profile:?}")]
    CredentialUnknown {
        /// What was asked for.
        name: String,
        /// The profile searched.
        profile: String,
    },
    /// Several credentials go by one id, or by what it begins with.
    #[error("{name:?} could be {}", names.join(" or "))]
    CredentialAmbiguous {
        /// What was asked for.
        name: String,
        /// The names of the first of those that fit.
        names: Vec<String>,
        /// The profile searched.
        profile: String,
    },
    /// Neither a file nor a consent of this profile.
    #[error("{name:?} is neither a file nor a consent of profile {profile:?}")]
    ConsentUnknown {
        /// What was asked for.
        name: String,
        /// The profile searched.
        profile: String,
    },
    /// No status list, or none of this name.
    #[error("profile {profile:?} keeps no status list {}", name.as_deref().unwrap_or("yet"))]
    ListUnknown {
        /// The name asked for.
        name: Option<String>,
        /// The profile searched.
        profile: String,
    },
    /// Callers of the API began as many lists of messages as they may.
    #[error("there are {limit} lists of other messages, and callers of the API begin no more")]
    MessageListsFull {
        /// How many they may begin.
        limit: usize,
    },
    /// No policy of this id.
    #[error("there is no policy {name:?}")]
    PolicyUnknown {
        /// The id asked for.
        name: String,
    },
    /// A code that is not in the catalogue.
    #[error("there is no code {code:?}")]
    CodeUnknown {
        /// What was asked for.
        code: String,
    },
    /// A file the caller gave is not what it should be.
    #[error("{file}: {detail}")]
    InputMalformed {
        /// Which file or option.
        file: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Not all who must countersign have, so nothing is sealed.
    #[error("not all who must countersign have ({why}): nothing was sealed")]
    SealIncomplete {
        /// The code of what is missing.
        why: &'static str,
    },
    /// It is closed, and nobody is asked for another seal.
    #[error("it is sealed already: nothing was added")]
    SealedAlready,
    /// The file at hand is older than the act.
    #[error("the ledger has a newer state of your act, entry {entry}: this file is older")]
    ActMovedOn {
        /// Where it is.
        entry: u64,
    },
    /// What this profile did before is neither in the file nor in the wallet.
    #[error(
        "you decided before ({decision}), and that act is neither in this file nor in your wallet: nothing was signed"
    )]
    ActNotAtHand {
        /// What was decided.
        decision: String,
    },
    /// Somebody else may seal, and not who asked.
    #[error(
        "only the issuer seals, or whom the credential's offer or the policy names in that role"
    )]
    SealNotAllowed,
    /// A power of attorney does not allow what is asked.
    #[error("the power of attorney does not allow this: {detail}")]
    PowerNotUsable {
        /// Why not.
        detail: String,
    },
    /// A nonce was made for a policy of which only the name was kept.
    #[error("the nonce was made for policy {name:?}, and what that said then was not kept")]
    NoncePolicyUnknown {
        /// The name.
        name: String,
    },
    /// No offer that this profile published.
    #[error("profile {profile:?} has published no such offer")]
    OfferNotOurs {
        /// The profile.
        profile: String,
    },
    /// Signed and recorded, and not at the exchange.
    #[error("signed and recorded, and not delivered: {why}")]
    OfferNotDelivered {
        /// What stood in the way.
        why: String,
    },
    /// The log that the profile writes to is no second one.
    #[error("{origin} is the profile's own log")]
    LogPolicySelf {
        /// Its origin.
        origin: String,
    },
    /// No such log is pinned.
    #[error("no log {origin:?} is pinned")]
    LogNotPinned {
        /// Its origin.
        origin: String,
    },
    /// Another policy of that log is pinned.
    #[error("another policy is pinned for {origin}")]
    LogPinnedOtherwise {
        /// Its origin.
        origin: String,
    },
    /// In this format a holder could spell the offer otherwise.
    #[error(
        "a suite that signs statements lets a holder spell them otherwise, so not every reader would see who has to countersign"
    )]
    OfferFormat,
    /// The evidence does not reach the level that `--expect-ial` names.
    #[error("the evidence will reach {reached}, and {expected} was expected")]
    LevelNotReached {
        /// What was expected.
        expected: String,
        /// What the rules compute.
        reached: String,
    },
    /// The source does not show a claim that is to be taken from it.
    #[error("the source shows no claim {claim:?}")]
    DerivationClaimMissing {
        /// Its name.
        claim: String,
    },
    /// The command needs the ledger, and the profile has none.
    #[error("profile {profile:?} has no ledger at {path}")]
    LedgerMissing {
        /// The profile.
        profile: String,
        /// Where it was looked for.
        path: String,
    },
    /// The folder of `issue --rows` holds another batch.
    #[error("{folder} holds a batch that was issued with other options")]
    BatchOther {
        /// The folder.
        folder: String,
    },
    /// The file of `--out` is there already.
    #[error("{path} exists, and is not replaced unasked")]
    OutExists {
        /// The file.
        path: String,
    },
    /// A file that `ledger check` has nothing to say about.
    #[error("{file} is {what}")]
    NotOfLedger {
        /// The file.
        file: String,
        /// What it is instead.
        what: &'static str,
    },
    /// No checkpoint of that size was published.
    #[error("the ledger has published no checkpoint of {size} entries")]
    NoCheckpointOf {
        /// The size.
        size: u64,
    },
    /// A folder signs no COSE receipts.
    #[error("this ledger is a folder, and only a node signs COSE receipts")]
    CoseMissing,
    /// A profile that trusts no log.
    #[error("no log is pinned in this profile")]
    NoPinnedLog,
    /// The ledger has no checkpoint that its cosigners have seen.
    #[error("the ledger has no cosigned checkpoint yet")]
    NoCheckpoint,
    /// The ledger shows less than this profile saw of it before.
    #[error("{place} shows {size} entries of {origin}, and this profile has seen {seen}")]
    LedgerBehind {
        /// Where it is.
        place: String,
        /// The log.
        origin: String,
        /// Entries shown now.
        size: u64,
        /// Entries seen before.
        seen: u64,
    },
    /// The ledger shows another history than this profile saw before.
    #[error("{place}: {origin} has signed two histories that exclude each other\n{halves}")]
    SplitView {
        /// Where it is.
        place: String,
        /// The log.
        origin: String,
        /// Where the evidence is kept.
        path: String,
        /// Both notes.
        halves: String,
    },
    /// No entry of this index or id.
    #[error("there is no entry {entry:?} on this ledger")]
    EntryUnknown {
        /// What was asked for.
        entry: String,
    },
    /// The receipt is good, and its tree has another root than was demanded.
    #[error("the receipt is for the root {found}")]
    RootMismatch {
        /// The root it is for.
        found: String,
    },
    /// The log signed what its rules forbid.
    #[error("{folder}: {rule}")]
    LogRuleBroken {
        /// Where the log is.
        folder: String,
        /// The entry, and which rule it breaks.
        rule: String,
    },
    /// The file has no such credential to tell the story of.
    #[error("{0}")]
    NoStory(String),
    /// The profile has no configuration to judge card signatures by.
    #[error("this profile has nothing to judge card signatures by")]
    JpkiNotConfigured,
    /// Only a card's key for logins, known to be good, is registered for logins.
    #[error(
        "the card did not sign a nonce of this profile with its key for logins, or may have been revoked"
    )]
    CardNotForLogins,
    /// A file with a PIN that others can read.
    #[cfg(feature = "pkcs11")]
    #[error("{path} can be read by others")]
    PinExposed {
        /// The file.
        path: String,
    },
    /// Something that must not happen.
    #[error("unexpected fault: {0}")]
    Fault(String),
}

impl CliError {
    /// The code in the catalogue.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::InputMissing => "input-missing",
            Self::ProfileUnknown { .. } => "profile-unknown",
            Self::ProfileMissing => "profile-missing",
            Self::ProfileExists { .. } => "profile-exists",
            Self::NameInvalid { .. } => "name-invalid",
            Self::ConfigMalformed { .. } => "config-malformed",
            Self::LedgerNotHome { .. } => "ledger-not-home",
            Self::MoveUnfinished { .. } => "did-move-unfinished",
            Self::LogPlaceUnknown { .. } => "log-place-unknown",
            Self::OtherLog { .. } => "ledger-other-log",
            Self::AuthorityMoved { .. } => "authority-moved",
            Self::Declined => "declined",
            Self::AnswerNeeded { .. } => "answer-needed",
            Self::PassphraseNeeded { .. } => "passphrase-needed",
            Self::PassphraseMismatch => "passphrase-mismatch",
            Self::PassphraseShared => "passphrase-shared",
            Self::KeyUnknown { .. } => "key-unknown",
            Self::KeyUnsuitable { .. } => "key-unsuitable",
            Self::DidUnknown { .. } => "did-unknown",
            Self::ReportUnsigned { .. } => "report-not-signed",
            Self::DidMissing { .. } => "did-missing",
            Self::DidNotAtHand { .. } => "did-not-at-hand",
            Self::DidAmbiguous { .. } => "did-ambiguous",
            Self::NameTaken { .. } => "name-taken",
            Self::CredentialUnknown { .. } => "credential-unknown",
            Self::CredentialAmbiguous { .. } => "credential-ambiguous",
            Self::ConsentUnknown { .. } => "consent-unknown",
            Self::ListUnknown { .. } => "status-list-unknown",
            Self::MessageListsFull { .. } => "message-lists-full",
            Self::PolicyUnknown { .. } => "policy-unknown",
            Self::CodeUnknown { .. } => "code-unknown",
            Self::InputMalformed { .. } => "input-malformed",
            Self::LevelNotReached { .. } => "level-not-reached",
            Self::DerivationClaimMissing { .. } => "derivation-claim-missing",
            Self::SealIncomplete { .. } => "seal-incomplete",
            Self::SealedAlready => "sealed-already",
            Self::ActMovedOn { .. } => "act-moved-on",
            Self::ActNotAtHand { .. } => "act-not-at-hand",
            Self::SealNotAllowed => "seal-not-allowed",
            Self::PowerNotUsable { .. } => "power-not-usable",
            Self::OfferFormat => "offer-format-unsuitable",
            Self::NoncePolicyUnknown { .. } => "nonce-policy-unknown",
            Self::LedgerMissing { .. } => "ledger-missing",
            Self::BatchOther { .. } => "batch-other",
            Self::OutExists { .. } => "out-exists",
            Self::NotOfLedger { .. } => "not-of-ledger",
            Self::NoCheckpointOf { .. } => "checkpoint-unknown",
            Self::CoseMissing => "cose-missing",
            Self::NoPinnedLog => "unknown-log",
            Self::NoCheckpoint => "not-yet-covered",
            Self::LedgerBehind { .. } => "ledger-behind",
            Self::SplitView { .. } => "split-view",
            Self::EntryUnknown { .. } => "entry-unknown",
            Self::RootMismatch { .. } => "root-mismatch",
            Self::LogRuleBroken { .. } => "log-rule-broken",
            Self::OfferNotOurs { .. } => "offer-not-ours",
            Self::OfferNotDelivered { .. } => "offer-not-delivered",
            Self::LogPolicySelf { .. } => "log-policy-self",
            Self::LogNotPinned { .. } => "log-not-pinned",
            Self::LogPinnedOtherwise { .. } => "log-pinned-otherwise",
            Self::NoStory(_) => "story-no-credential",
            Self::JpkiNotConfigured => "jpki-not-configured",
            Self::CardNotForLogins => "card-not-for-logins",
            #[cfg(feature = "pkcs11")]
            Self::PinExposed { .. } => "pin-file-exposed",
            Self::Fault(_) => "unexpected-fault",
        }
    }
}
