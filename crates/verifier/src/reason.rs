//! Why a check did not pass.

use inkan_core::Timestamp;
use inkan_credential::consent::ConsentError;

use crate::capacity::PowerFault;

/// Why a check did not pass. Codes are stable; text may change.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reason {
    /// Nothing at hand tells which keys this DID has.
    #[error("nothing at hand describes {did}")]
    DidUnresolved {
        /// The DID.
        did: String,
    },
    /// What is known of the DID does not certify itself.
    #[error("the DID's log does not certify itself ({code})")]
    DidLogInvalid {
        /// The rule that was broken.
        code: &'static str,
    },
    /// The credential's issuer, or a proof's method, is not a DID that can be read.
    #[error("{found:?} is not a DID this verifier can resolve")]
    NotADid {
        /// What was found in its place.
        found: String,
    },
    /// The issuer's proof does not verify. Says no more, so as not to become an oracle.
    #[error("the issuer's proof does not verify: the content was changed after it was signed")]
    CredentialProofInvalid,
    /// The proof is one from which the holder derives others: it is not made for verifiers.
    #[error("this is the credential from which its holder shows parts: it is not for verifiers")]
    BaseProof,
    /// The key that signed belongs to another DID than the issuer.
    #[error("the key that signed is not the issuer's")]
    IssuerNotController,
    /// No version of the issuer's DID document lists that key for this purpose.
    #[error("no version of the DID document lists that key for this purpose")]
    MethodUnknown,
    /// The key was not in force at the place in the log where the signature was recorded.
    #[error("the key was not in force when the signature was recorded at entry {leaf_index}")]
    KeyNotInForce {
        /// Place of the record.
        leaf_index: u64,
    },
    /// The document in force at the record's place says that the key had ended by then.
    #[error(
        "the key had ended on {ended}, before the signature was recorded at entry {leaf_index}"
    )]
    KeyEnded {
        /// When it ended.
        ended: Timestamp,
        /// Place of the record.
        leaf_index: u64,
    },
    /// The document says of the key that it is revoked.
    #[error("the issuer has revoked the key that signed")]
    KeyRevoked,
    /// The DID reported that the key was in other hands, and nothing proves that the signature is older.
    #[error(
        "the key was reported compromised since {since}, and the signature is not proved to be older"
    )]
    KeyCompromised {
        /// Since when.
        since: Timestamp,
    },
    /// The key of an unlinkable credential was retired, and what it signed is dated outside the key's period.
    #[error(
        "the credential is dated {valid_from}, which is not within the period of its key, ended {ended}"
    )]
    OutsideKeyPeriod {
        /// The date of the credential.
        valid_from: Timestamp,
        /// When the key ended.
        ended: Timestamp,
    },
    /// The key of an unlinkable credential was retired, and what is shown does not say since when it is valid.
    #[error(
        "the key was retired on {ended}, and nothing shown says since when the credential is valid"
    )]
    RetiredKeyUndated {
        /// When the key ended.
        ended: Timestamp,
    },
    /// Only an older version lists the key, and no receipt shows that the signature is as old.
    #[error("the key has been replaced, and no receipt shows that it signed before that")]
    ReceiptNeededForRotatedKey,
    /// The time of the record, or of the signature, is attested by fewer or others than the verifier asks for.
    #[error("the time is graded {found} where {needed} is needed")]
    TimeGradeTooLow {
        /// The grade found.
        found: String,
        /// The grade asked for.
        needed: String,
    },
    /// A version between the ones at hand may be missing.
    #[error("a version of the DID may be missing before entry {leaf_index}")]
    HistoryIncomplete {
        /// Place of the record.
        leaf_index: u64,
    },
    /// The DID has moved to a log that shows nothing of it here: what it said there is not known.
    #[error("{did} has moved to the log {origin:?}, and nothing at hand shows what it said there")]
    OutOfSight {
        /// The DID.
        did: String,
        /// The log where it lives now.
        origin: String,
    },
    /// The DID was deactivated.
    #[error("{did} was deactivated")]
    DidDeactivated {
        /// The DID.
        did: String,
    },
    /// The ledger that is named is not among the pinned ones.
    #[error("the log {origin:?} is not one that this verifier knows")]
    UnknownLog {
        /// The log's origin.
        origin: String,
    },
    /// The DID's home is another log.
    #[error("the DID's records are kept by {home:?}, not by this log")]
    NotHome {
        /// The home log.
        home: String,
    },
    /// Receipts are demanded, and there is none.
    #[error("no receipt shows that this is recorded")]
    ReceiptMissing,
    /// A receipt for this artefact does not verify.
    #[error("the receipt does not verify ({code})")]
    ReceiptInvalid {
        /// The rule that was broken.
        code: &'static str,
    },
    /// The receipt's opening does not fit artefact or entry.
    #[error("the receipt does not open to this artefact ({code})")]
    OpeningInvalid {
        /// The rule that was broken.
        code: &'static str,
    },
    /// The receipt belongs to nothing at hand.
    #[error("the receipt belongs to nothing at hand")]
    ReceiptUnrelated,
    /// The validity period has not begun.
    #[error("the credential is valid from {valid_from}, and is judged as of {as_of}")]
    NotYetValid {
        /// Begin of the validity period.
        valid_from: Timestamp,
        /// The time it is judged at.
        as_of: Timestamp,
    },
    /// The validity period has passed.
    #[error("the credential was valid until {valid_until}, and is judged as of {as_of}")]
    Expired {
        /// End of the validity period.
        valid_until: Timestamp,
        /// The time it is judged at.
        as_of: Timestamp,
    },
    /// The issuer revoked it.
    #[error("the credential was revoked{} by its issuer", on_day(.since.as_ref()))]
    Revoked {
        /// When the list that says so was recorded.
        since: Option<Timestamp>,
    },
    /// The issuer suspended it.
    #[error("the credential was suspended{} by its issuer", on_day(.since.as_ref()))]
    Suspended {
        /// When the list that says so was recorded.
        since: Option<Timestamp>,
    },
    /// The status list is not at hand, or none is old enough.
    #[error("the status list {uri} is not at hand")]
    StatusMissing {
        /// Where the list is published.
        uri: String,
    },
    /// The newest information at hand is past its own end, older than asked for, or a newer one is known to exist.
    #[error("the newest information at hand is too old")]
    Stale,
    /// Certificates name who signed, and whether they hold cannot be told.
    #[error("of the certificates that name who signed, {}", certificate_words(.code))]
    CertificateUnknown {
        /// What is missing.
        code: &'static str,
    },
    /// Certificates name who signed, and they do not hold.
    #[error("of the certificates that name who signed, {}", certificate_words(.code))]
    CertificateInvalid {
        /// Why not.
        code: &'static str,
    },
    /// The certificates of an e-seal do not hold, or whether they do cannot be told: the seal is not counted.
    #[error("of the e-seal's certificates, {}", certificate_words(.code))]
    SealCertificate {
        /// Why not.
        code: &'static str,
    },
    /// Whoever made the status list asks for a newer copy of it after so many seconds (`ttl`), and nothing at hand shows that
    /// this one is still the newest.
    #[error("the status list {uri} is to be fetched again after {seconds} s, which are over")]
    StatusListOutOfDate {
        /// Where the list is published.
        uri: String,
        /// How long a copy may be kept.
        seconds: i64,
    },
    /// A newer state of what the verification rests on was seen before, and what is at hand does not show it.
    #[error("a newer state of it was seen here before, and what is at hand does not show it")]
    NewerKnown,
    /// The list is malformed, signed by somebody else, or its proof does not verify.
    #[error("the status list cannot be used ({code})")]
    StatusListInvalid {
        /// The rule that was broken.
        code: &'static str,
    },
    /// The schema that the credential names is not at hand.
    #[error("the schema {id} is not at hand")]
    SchemaMissing {
        /// Its identifier.
        id: String,
    },
    /// The credential does not fit the schema it names.
    #[error("the credential does not fit the schema it names")]
    SchemaMismatch,
    /// The holder keeps claims back, so whether the whole fits its schema cannot be told.
    #[error("claims are kept back, so whether the credential fits the schema {id} is not checked")]
    SchemaPartlyShown {
        /// Its identifier.
        id: String,
    },
    /// The schema at hand came with the artefact, and the issuer did not fix which one it is.
    #[error("the schema {id} came with the credential, and its issuer did not fix it by a digest")]
    SchemaNotFixed {
        /// Its identifier.
        id: String,
    },
    /// What the credential's type says is not at hand.
    #[error("what the type {vct:?} says of its claims is not at hand, so it is not checked")]
    TypeMetadataMissing {
        /// The type.
        vct: String,
    },
    /// What the credential's type says is not what the issuer fixed, or the claims depart from it.
    #[error("the credential does not keep to its type ({code})")]
    TypeMetadata {
        /// The rule that was broken.
        code: &'static str,
    },
    /// The schema at hand cannot be used, is not the one meant, or is in a dialect that is not spoken here.
    #[error("the schema {id} cannot be used ({code})")]
    SchemaUnusable {
        /// Its identifier.
        id: String,
        /// The rule that was broken.
        code: &'static str,
    },
    /// The credential about the schema does not verify.
    #[error("the credential about the schema {id} does not verify ({code})")]
    SchemaCredentialUnverified {
        /// Its identifier.
        id: String,
        /// The rule that was broken.
        code: &'static str,
    },
    /// A resource's bytes are at hand and are not those that the issuer fixed.
    #[error("related resource {position} is not the one that the issuer fixed by a digest")]
    RelatedResourceMismatch {
        /// Place in `relatedResource`, from 0.
        position: usize,
    },
    /// A resource's bytes are not at hand.
    #[error("related resource {position} is not at hand, so its digest was not checked")]
    RelatedResourceMissing {
        /// Place in `relatedResource`, from 0.
        position: usize,
    },
    /// A resource is fixed by a hash that cannot be computed here.
    #[error("related resource {position} is fixed by a hash that is not known here")]
    RelatedResourceHashUnsupported {
        /// Place in `relatedResource`, from 0.
        position: usize,
    },
    /// The countersignature's proof fails, or it covers something else.
    #[error("the countersignature does not verify over this credential ({code})")]
    CountersignatureInvalid {
        /// The rule that was broken.
        code: &'static str,
    },
    /// The act has a newer state, or its newest one is not shown to be this.
    #[error("this state of the countersigner's act is not shown to be the newest: {newer}")]
    ActSuperseded {
        /// What is known of the newer state.
        newer: String,
    },
    /// The credential says in what its issuer signed that somebody has to countersign, and that is not shown.
    #[error("the credential needs countersignatures as {role}, by its issuer's own word: {}", offer_words(.code))]
    OfferNotMet {
        /// In which capacity.
        role: &'static str,
        /// What is wrong.
        code: &'static str,
    },
    /// The power of attorney of a delegate does not hold, does not cover the act, or is not shown.
    #[error(transparent)]
    Power(#[from] PowerFault),
    /// The cryptosuite is not one that this verifier knows.
    #[error("the proof's suite {suite:?} is not one that this verifier knows")]
    SuiteUnknown {
        /// The suite's name.
        suite: String,
    },
    /// A JSON-LD context of the signed document is neither built in nor pinned, so what was signed cannot be told.
    #[error("the JSON-LD context {context:?} is neither built in nor pinned")]
    ContextUnknown {
        /// The context.
        context: String,
    },
    /// To check the signature would cost more than one verification may.
    #[error("to check this would cost more work than one verification may")]
    TooMuchWork,
    /// The issuer is named by an HTTPS URL and signs with the keys of a DID; nothing at hand shows what its host says of that.
    #[error("nothing at hand shows whose keys that issuer has: {url} is not pinned")]
    IssuerNameUnproved {
        /// Where its host says so.
        url: String,
    },
    /// The same, and the DID or the host says otherwise.
    #[error("{issuer} and the DID that signed are not shown to be one issuer")]
    IssuerNameMismatch {
        /// The URL that is named.
        issuer: String,
    },
    /// The issuer made the credential out to somebody else (`aud`), or nobody says who this verifier is.
    #[error("the credential is made out to {found:?}, and this verifier is not known to be that")]
    CredentialAudience {
        /// Whom it names.
        found: String,
    },
    /// Claims are kept back, and what is shown names no holder; or it names somebody by another scheme than the presenter's (an https URL, and a DID presents).
    #[error("nothing that is shown says whether the presenter is the holder")]
    HolderNotShown,
    /// The signature says of itself that it does not hold at the time it is judged at.
    #[error("the signature is not in force, by its own dates, as of {as_of}")]
    SignatureNotInTime {
        /// The time it is judged at.
        as_of: Timestamp,
    },
    /// An e-seal is none: one of its two signatures does not verify over what it names.
    #[error("the e-seal does not hold ({code})")]
    EsealInvalid {
        /// The rule that was broken.
        code: &'static str,
    },
    /// An e-seal is over nothing that is at hand.
    #[error("the e-seal is over no credential that is at hand")]
    EsealUnrelated,
    /// A timestamp is none: it is over something else, or its signature does not verify.
    #[error("the timestamp does not hold ({code})")]
    TimestampInvalid {
        /// The rule that was broken.
        code: &'static str,
    },
    /// A timestamp shows nothing here: no pinned authority made it, or its certificates have ended and no newer one is over it.
    #[error("the timestamp shows nothing here ({code})")]
    TimestampUnknown {
        /// What is missing.
        code: &'static str,
    },
    /// A timestamp is older than what it is over claims to be.
    #[error("stamped by {stamped}, and what was stamped is of {claimed} by another clock")]
    TimesDisagree {
        /// The end of the stamp's accuracy.
        stamped: Timestamp,
        /// The time that is claimed.
        claimed: Timestamp,
    },
    /// The presentation's proof does not verify.
    #[error("the presentation's proof does not verify")]
    PresentationProofInvalid,
    /// The holder's key signed for other claims of the credential than are shown, or for another credential.
    #[error("the holder's key signed for other disclosures than are shown")]
    PresentationHashMismatch,
    /// The nonce is unknown, used or too old.
    #[error("the nonce is not one that is waiting for an answer")]
    NonceInvalid,
    /// The presentation is made out to somebody else.
    #[error("the presentation is made out to {found:?}, not to us")]
    AudienceMismatch {
        /// The audience that was signed.
        found: String,
    },
    /// Too much time between asking and answering.
    #[error("the presentation was made at {created}, too far from {received_at}")]
    PresentationStale {
        /// When it was signed, by its own word.
        created: Timestamp,
        /// When it arrived.
        received_at: Timestamp,
    },
    /// A consent does not hold, is about something else, or is no longer given.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The presenter is not the subject of the credential.
    #[error("the presenter's key is not the credential subject's")]
    HolderKeyMismatch,
}

fn certificate_words(code: &str) -> &'static str {
    match code {
        "certificate-anchor-unknown" => "none that is pinned vouches for them",
        "certificate-expired" => "one had ended",
        "certificate-not-yet-valid" => "one had not begun",
        "certificate-usage" => "the first is not for such signatures",
        "certificate-key-unsuitable" => "the first has a key of a kind that is not known here",
        "certificate-malformed" => "one cannot be read",
        "certificate-revoked" => "one had been revoked",
        "certificate-revocation-unknown" => {
            "nothing at hand tells whether they had been revoked, and that is demanded"
        }
        "certificate-policy" => "one is not under the policy that is demanded",
        "eseal-unknown" => "nothing can be told: the signature is of a kind that is not read here",
        _ => "there is no path that holds",
    }
}

fn offer_words(code: &str) -> &'static str {
    match code {
        "countersignature-refused" => "one was refused",
        "countersignature-withdrawn" => "one was withdrawn, or its newest state is not at hand",
        "countersignature-after-seal" => "one came after the seal",
        "countersignature-out-of-order" => "one came before what it has to follow",
        "countersignature-late" => "one came after the deadline",
        "countersignature-time-unknown" => "whether one came in time cannot be told",
        "countersigner-unknown" => "the key or the signature of one could not be judged",
        "countersigners-not-distinct" => "there are too few distinct signers",
        "power-not-shown" => "the power of attorney of one who signed cannot be told",
        "seal-by-stranger" => "somebody else sealed it",
        _ => "they are missing",
    }
}

fn on_day(time: Option<&Timestamp>) -> String {
    time.map(|time| format!(" on {}", time.date())).unwrap_or_default()
}

impl Reason {
    /// A stable code for reports, problem details and policies. Codes are added, never renamed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DidUnresolved { .. } => "did-unresolved",
            Self::DidLogInvalid { .. } => "issuer-log-invalid",
            Self::NotADid { .. } => "issuer-not-resolvable",
            Self::CredentialProofInvalid => "credential-proof-invalid",
            Self::BaseProof => "disclosure-base-proof",
            Self::IssuerNotController => "issuer-not-controller",
            Self::MethodUnknown => "verification-method-unknown",
            Self::KeyNotInForce { .. } => "key-not-in-force",
            Self::KeyEnded { .. } => "key-ended",
            Self::KeyRevoked => "key-revoked",
            Self::KeyCompromised { .. } => "key-compromised",
            Self::OutsideKeyPeriod { .. } => "key-period-missed",
            Self::RetiredKeyUndated { .. } => "retired-key-undated",
            Self::ReceiptNeededForRotatedKey => "receipt-needed",
            Self::TimeGradeTooLow { .. } => "time-grade-too-low",
            Self::HistoryIncomplete { .. } => "did-history-incomplete",
            Self::OutOfSight { .. } => "did-home-out-of-sight",
            Self::DidDeactivated { .. } => "signer-did-deactivated",
            Self::UnknownLog { .. } => "unknown-log",
            Self::NotHome { .. } => "not-home",
            Self::ReceiptMissing => "receipt-missing",
            Self::ReceiptInvalid { code } | Self::OpeningInvalid { code } => code,
            Self::ReceiptUnrelated => "receipt-unrelated",
            Self::NotYetValid { .. } => "credential-not-yet-valid",
            Self::Expired { .. } => "credential-expired",
            Self::Revoked { .. } => "credential-revoked",
            Self::Suspended { .. } => "credential-suspended",
            Self::StatusMissing { .. } => "status-list-missing",
            Self::CertificateUnknown { code }
            | Self::CertificateInvalid { code }
            | Self::SealCertificate { code } => code,
            Self::Stale => "stale",
            Self::StatusListOutOfDate { .. } => "status-list-out-of-date",
            Self::NewerKnown => "newer-state-known",
            Self::StatusListInvalid { .. } => "status-list-invalid",
            Self::SchemaMissing { .. } => "schema-missing",
            Self::SchemaMismatch => "schema-mismatch",
            Self::SchemaPartlyShown { .. } => "schema-partly-shown",
            Self::SchemaNotFixed { .. } => "schema-not-fixed",
            Self::TypeMetadataMissing { .. } => "type-metadata-missing",
            Self::TypeMetadata { code } => code,
            Self::SchemaUnusable { code, .. } => code,
            Self::SchemaCredentialUnverified { .. } => "schema-credential-unverified",
            Self::RelatedResourceMismatch { .. } => "related-resource-mismatch",
            Self::RelatedResourceMissing { .. } => "related-resource-missing",
            Self::RelatedResourceHashUnsupported { .. } => "related-resource-hash-unsupported",
            Self::CountersignatureInvalid { .. } => "countersignature-invalid",
            Self::ActSuperseded { .. } => "act-superseded",
            Self::OfferNotMet { code, .. } => code,
            Self::Power(fault) => fault.code(),
            Self::SuiteUnknown { .. } => "suite-unknown",
            Self::ContextUnknown { .. } => "jsonld-context-unknown",
            Self::TooMuchWork => "verification-work-limit",
            Self::IssuerNameUnproved { .. } => "issuer-name-unproved",
            Self::IssuerNameMismatch { .. } => "issuer-name-mismatch",
            Self::CredentialAudience { .. } => "credential-audience-mismatch",
            Self::HolderNotShown => "holder-not-shown",
            Self::SignatureNotInTime { .. } => "signature-not-in-time",
            Self::EsealInvalid { .. } => "eseal-invalid",
            Self::EsealUnrelated => "eseal-unrelated",
            Self::TimestampInvalid { code } | Self::TimestampUnknown { code } => code,
            Self::TimesDisagree { .. } => "times-disagree",
            Self::PresentationProofInvalid => "presentation-proof-invalid",
            Self::PresentationHashMismatch => "presentation-hash-mismatch",
            Self::NonceInvalid => "nonce-invalid",
            Self::AudienceMismatch { .. } => "audience-mismatch",
            Self::PresentationStale { .. } => "presentation-stale",
            Self::Consent(error) => error.code(),
            Self::HolderKeyMismatch => "holder-key-mismatch",
        }
    }
}
