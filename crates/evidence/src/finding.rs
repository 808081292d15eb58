//! Every finding of evidence and assurance, in one enum (assurance §13).
//!
//! A finding is emitted where a fact is lost, once per path, also when something else still holds.

mod record;

pub use record::Finding;

/// What was found.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Code {
    /// Nobody presented the credential: the level is the subject's.
    PresenterNotShown,
    /// Proofing evidence does not have the closed shape.
    EvidenceMalformed,
    /// The proofer is not the party that signed the evidence.
    EvidenceUnsigned,
    /// An original proof does not have the digest that the evidence states.
    EvidenceProofFailed,
    /// The evidence is about another holder.
    SubjectMismatch,
    /// A level is claimed, and was read by nothing.
    LevelClaimIgnored,
    /// No registry names the proofer.
    ProoferUnknown,
    /// The proofer may not state this row.
    ProoferRowNotAuthorised,
    /// The proofer was not authorised then, or was revoked for cause.
    ProoferNotValidAtTime,
    /// The proofer is no root of identity for this credential type.
    AnchorNotAuthorised,
    /// The registry snapshot is past its end of validity.
    RegistryNotCurrent,
    /// The proofing lies in the future.
    ProofingTimeInFuture,
    /// The times of the proofing contradict each other.
    ProofingTimeInconsistent,
    /// The document had expired at the proofing.
    DocumentExpired,
    /// The catalogue does not know the document, its issuer, or its use at that time.
    DocumentTypeUnknown,
    /// A check is listed that did not pass.
    CheckNotPassed,
    /// The method of a check gives nothing on this document.
    CheckMethodNotAccepted,
    /// A face was compared with a document that has no portrait.
    DocumentWithoutPortrait,
    /// In person only by name: no check shows it.
    PresenceNotShown,
    /// Nothing shows that the person owns the document.
    OwnershipNotShown,
    /// The check in person was not made by qualified staff.
    AgentNotQualified,
    /// The face was not taken live.
    LivenessMissing,
    /// Presentation attacks were not detected.
    PadMissing,
    /// Injected media were not detected.
    InjectionControlMissing,
    /// The check in person before the hand-over is not shown.
    StageConditionNotMet,
    /// The proofing is older than its level allows.
    ProofingTooOld,
    /// The holder was not authenticated well enough when the evidence was derived.
    DerivationNotAuthenticated,
    /// The chain of derivations does not end at a proofing.
    DerivationInvalid,
    /// What was derived would reach more than what it comes from.
    DerivationAboveSource,
    /// Documents that should be combined are not distinct.
    EvidenceNotDistinct,
    /// The level is disputed, and counts as the next lower one.
    DisputedLevel,
    /// The policy asks for a stronger basis.
    BasisTooLow,
    /// No timestamp token covers the evidence.
    TimestampMissing,
    /// The policy does not admit this row, identifier or party.
    RowNotAdmitted,
    /// The policy asks for a document whose chip was verified.
    DocumentNotChipVerified,
    /// No base register has confirmed the claims.
    RegisterCheckMissing,
    /// A base register says that claims are not what it holds.
    RegisterCheckMismatch,
    /// A base register's statement is malformed, not signed by it, made for somebody else, or about another credential.
    RegisterCheckInvalid,
    /// No registry names the party as a base register for that time.
    RegisterCheckNotAuthorised,
    /// The certificate's policy is not one that is configured.
    JpkiPolicyUnknown,
    /// The certificate is not one for signatures.
    JpkiPolicyNotSignature,
    /// The certificate or document was revoked.
    JpkiRevoked,
    /// Whether the certificate was revoked is not known from a party that may ask.
    JpkiRevocationUndetermined,
    /// The certificate leads to no configured root, as of the time that is judged.
    JpkiPathInvalid,
    /// What is at hand about revocation does not answer the question.
    RevocationResponseInvalid,
    /// The card's signature is not one over the statement.
    CmsInvalid,
    /// The timestamp over a signature does not hold.
    TimestampInvalid,
    /// What the card signed is not a statement of the type and purpose that is asked for.
    StatementTypeInvalid,
    /// The nonce of the statement is not a fresh one of whom it names.
    StatementNonceInvalid,
    /// The statement is about another holder.
    StatementDidMismatch,
    /// The DID key did not sign the statement.
    DidCountersignatureMissing,
    /// The registry's answer is about another party, or is not signed by a key of the registry.
    RegistryAnswerInvalid,
    /// The presenter's key is not the key of the credential's subject.
    HolderKeyMismatch,
    /// The credentials are not shown to belong to one holder.
    HolderNotLinked,
    /// Claims that must be equal differ between the credentials.
    ClaimsInconsistent,
    /// The weakest of the credentials asked for decides.
    CompositeWeakestLink,
    /// A claim that the policy asks for is in no credential.
    ClaimMissing,
    /// Nobody proved possession of the holder's key.
    HolderProofMissing,
    /// The presentation is judged again, and is not live.
    NonceInvalid,
    /// The authentication is older than the policy allows.
    PresentationStale,
    /// The caller keeps the nonce, and must ensure that it is used once.
    NonceKeptByCaller,
    /// No attestation shows a second factor.
    UserVerificationUnattested,
    /// The authenticator belongs to somebody else.
    AuthenticatorNotBound,
    /// The authenticator's model is known to be bad.
    AuthenticatorStatusBad,
    /// The authenticator is not certified as the level needs.
    AuthenticatorNotCertified,
    /// The key does not lie in protected hardware.
    KeyNotHardwareBound,
    /// The key can leave its authenticator.
    KeyExportable,
    /// The authentication is not bound to the verifier's name.
    PhishingResistanceMissing,
    /// Nothing shows that the holder meant this authentication.
    IntentMissing,
    /// What released a hosted key is weaker than the key.
    HostedActivationWeak,
    /// The policy does not accept this way to authenticate.
    MethodNotAccepted,
    /// Nobody who is trusted vouches for the authenticator or the key.
    AttestationUntrusted,
    /// The authenticator's counter did not go up: its key may exist twice.
    AuthenticatorCounter,
    /// The metadata on models of authenticators should have been replaced by now.
    MetadataNotCurrent,
    /// The authenticator's answer does not hold: page, relying party, flags, credential or signature.
    WebauthnAssertionInvalid,
    /// The authenticator answered for another presentation or another request.
    WebauthnChallengeMismatch,
    /// The key attestation does not hold: signature, end of validity, status, or another key.
    KeyAttestationInvalid,
    /// The token is no key attestation.
    KeyAttestationType,
    /// The issuer's key statement is about another key or other times, or stands outside the signature.
    KeyStatementInvalid,
    /// The issuer may make no key statements.
    KeyStatementNotAuthorised,
    /// The party that states the authentication is no operator that a registry authorises.
    OperatorNotAuthorised,
    /// The authentication event is malformed, or its signature does not hold.
    AuthenticationEventInvalid,
    /// The authentication event is for another verifier, request, holder or time, or was used before.
    AuthenticationEventNotBound,
    /// A factor did not pass, is not known, or is not one that the operator may state.
    FactorNotAccepted,
    /// Two factors are of one kind, may not stand together, or are too far apart.
    FactorsNotDistinct,
    /// The operator may not state this level.
    OperatorLevelNotAuthorised,
    /// The authentication event is bound to a session, and not to the holder of a credential.
    SessionBoundOnly,
    /// The policy is not in effect at that time.
    PolicyNotInEffect,
    /// The identity assurance level is below what the policy asks.
    IalBelowRequirement,
    /// The authentication assurance level is below what the policy asks.
    AalBelowRequirement,
    /// A check that decides could not be made.
    EvaluationIncomplete,
    /// The framework's scale is mapped by this project's reading only.
    MappingUnverified,
    /// The issuer is not trusted for this credential type.
    IssuerNotTrusted,
    /// Whether the issuer may say this was not judged.
    IssuerNotJudged,
    /// The policy asks for another credential type.
    CredentialTypeNotAdmitted,
    /// The presentation holds no credential.
    CredentialMissing,
    /// No receipt shows that the artefact is recorded.
    ReceiptMissing,
    /// The time of the record rests on fewer independent witnesses than needed.
    TimeGradeTooLow,
    /// The policy asks for a grade of time that nothing verified here can show: that of a public chain.
    TimeGradeUnavailable,
    /// The policy names witnesses that have not cosigned.
    QuorumNotMet,
    /// The credential names no status list.
    StatusNotNamed,
    /// The newest status at hand is older than the policy allows.
    StatusTooOld,
    /// Fewer parties than the policy asks for say what the credential says.
    ProofsTooFew,
    /// A proof that the policy counts on could not be checked.
    ProofNotChecked,
    /// A countersignature that the policy asks for is not there.
    CountersignatureMissing,
    /// The party that should countersign has refused.
    CountersignatureRefused,
    /// The acceptance is not shown to be the newest state of its act: withdrawn, or the newest state is not at hand.
    CountersignatureWithdrawn,
    /// Nothing shows that the countersigner has not acted again since.
    ActStateNotShown,
    /// What the power of attorney of a countersigner rests on is not at hand, or cannot be told.
    PowerNotShown,
    /// A countersignature that the policy asks for came after the seal, or cannot be shown to have come before.
    CountersignatureAfterSeal,
    /// A countersignature is recorded after the policy's deadline.
    CountersignatureLate,
    /// Nothing shows whether a countersignature was recorded before the policy's deadline.
    CountersignatureTimeUnknown,
    /// Whether somebody who signed counts cannot be told.
    CountersignerUnknown,
    /// A countersignature neither covers the one that it should follow, nor is recorded later.
    CountersignatureOutOfOrder,
    /// There are countersignatures enough, and too few distinct controllers.
    CountersignersNotDistinct,
    /// Somebody has sealed who may not.
    SealByStranger,
    /// An acceptance was taken back after the seal, and stands.
    WithdrawnAfterSeal,
    /// A countersignature came after the seal, and is not part of what was agreed.
    AddedAfterSeal,
}

/// What a finding does to the result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// The level is zero.
    Zero,
    /// Item, event or row gives nothing.
    Void,
    /// A fact is missing, so the level is capped.
    Capped,
    /// It does not count under this policy.
    NotCounted,
    /// It is said, and changes nothing.
    Note,
    /// It decides.
    Decides,
}

impl Effect {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zero => "level-zero",
            Self::Void => "void",
            Self::Capped => "capped",
            Self::NotCounted => "not-counted",
            Self::Note => "note",
            Self::Decides => "decides",
        }
    }
}

impl Code {
    /// A stable code for reports, problem details and policies. Codes are added, never renamed.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::PresenterNotShown => "presenter-not-shown",
            Self::EvidenceMalformed => "evidence-malformed",
            Self::EvidenceUnsigned => "evidence-unsigned",
            Self::EvidenceProofFailed => "evidence-proof-failed",
            Self::SubjectMismatch => "subject-mismatch",
            Self::LevelClaimIgnored => "level-claim-ignored",
            Self::ProoferUnknown => "proofer-unknown",
            Self::ProoferRowNotAuthorised => "proofer-row-not-authorised",
            Self::ProoferNotValidAtTime => "proofer-not-valid-at-time",
            Self::AnchorNotAuthorised => "anchor-not-authorised",
            Self::RegistryNotCurrent => "registry-not-current",
            Self::ProofingTimeInFuture => "proofing-time-in-future",
            Self::ProofingTimeInconsistent => "proofing-time-inconsistent",
            Self::DocumentExpired => "document-expired",
            Self::DocumentTypeUnknown => "document-type-unknown",
            Self::CheckNotPassed => "check-not-passed",
            Self::CheckMethodNotAccepted => "check-method-not-accepted",
            Self::DocumentWithoutPortrait => "document-without-portrait",
            Self::PresenceNotShown => "presence-not-shown",
            Self::OwnershipNotShown => "ownership-not-shown",
            Self::AgentNotQualified => "agent-not-qualified",
            Self::LivenessMissing => "liveness-missing",
            Self::PadMissing => "pad-missing",
            Self::InjectionControlMissing => "injection-control-missing",
            Self::StageConditionNotMet => "stage-condition-not-met",
            Self::ProofingTooOld => "proofing-too-old",
            Self::DerivationNotAuthenticated => "derivation-not-authenticated",
            Self::DerivationInvalid => "derivation-invalid",
            Self::DerivationAboveSource => "derivation-above-source",
            Self::EvidenceNotDistinct => "evidence-not-distinct",
            Self::DisputedLevel => "disputed-level",
            Self::BasisTooLow => "basis-too-low",
            Self::TimestampMissing => "timestamp-missing",
            Self::RowNotAdmitted => "row-not-admitted",
            Self::DocumentNotChipVerified => "document-not-chip-verified",
            Self::RegisterCheckMissing => "register-check-missing",
            Self::RegisterCheckMismatch => "register-check-mismatch",
            Self::RegisterCheckInvalid => "register-check-invalid",
            Self::RegisterCheckNotAuthorised => "register-check-not-authorised",
            Self::JpkiPolicyUnknown => "jpki-policy-unknown",
            Self::JpkiPolicyNotSignature => "jpki-policy-not-signature",
            Self::JpkiRevoked => "jpki-revoked",
            Self::JpkiRevocationUndetermined => "jpki-revocation-undetermined",
            Self::JpkiPathInvalid => "jpki-path-invalid",
            Self::RevocationResponseInvalid => "revocation-response-invalid",
            Self::CmsInvalid => "cms-invalid",
            Self::TimestampInvalid => "timestamp-invalid",
            Self::StatementTypeInvalid => "statement-type-invalid",
            Self::StatementNonceInvalid => "statement-nonce-invalid",
            Self::StatementDidMismatch => "statement-did-mismatch",
            Self::DidCountersignatureMissing => "did-countersignature-missing",
            Self::RegistryAnswerInvalid => "registry-answer-invalid",
            Self::HolderKeyMismatch => "holder-key-mismatch",
            Self::HolderNotLinked => "holder-not-linked",
            Self::ClaimsInconsistent => "claims-inconsistent",
            Self::CompositeWeakestLink => "composite-weakest-link",
            Self::ClaimMissing => "claim-missing",
            Self::HolderProofMissing => "holder-proof-missing",
            Self::NonceInvalid => "nonce-invalid",
            Self::PresentationStale => "presentation-stale",
            Self::NonceKeptByCaller => "nonce-kept-by-caller",
            Self::UserVerificationUnattested => "user-verification-unattested",
            Self::AuthenticatorNotBound => "authenticator-not-bound",
            Self::AuthenticatorStatusBad => "authenticator-status-bad",
            Self::AuthenticatorNotCertified => "authenticator-not-certified",
            Self::KeyNotHardwareBound => "key-not-hardware-bound",
            Self::KeyExportable => "key-exportable",
            Self::PhishingResistanceMissing => "phishing-resistance-missing",
            Self::IntentMissing => "intent-missing",
            Self::HostedActivationWeak => "hosted-activation-weak",
            Self::MethodNotAccepted => "method-not-accepted",
            Self::AttestationUntrusted => "attestation-untrusted",
            Self::AuthenticatorCounter => "authenticator-counter",
            Self::MetadataNotCurrent => "metadata-not-current",
            Self::WebauthnAssertionInvalid => "webauthn-assertion-invalid",
            Self::WebauthnChallengeMismatch => "webauthn-challenge-mismatch",
            Self::KeyAttestationInvalid => "key-attestation-invalid",
            Self::KeyAttestationType => "key-attestation-type",
            Self::KeyStatementInvalid => "key-statement-invalid",
            Self::KeyStatementNotAuthorised => "key-statement-not-authorised",
            Self::OperatorNotAuthorised => "operator-not-authorised",
            Self::AuthenticationEventInvalid => "authentication-event-invalid",
            Self::AuthenticationEventNotBound => "authentication-event-not-bound",
            Self::FactorNotAccepted => "factor-not-accepted",
            Self::FactorsNotDistinct => "factors-not-distinct",
            Self::OperatorLevelNotAuthorised => "operator-level-not-authorised",
            Self::SessionBoundOnly => "session-bound-only",
            Self::PolicyNotInEffect => "policy-not-in-effect",
            Self::IalBelowRequirement => "ial-below-requirement",
            Self::AalBelowRequirement => "aal-below-requirement",
            Self::EvaluationIncomplete => "evaluation-incomplete",
            Self::MappingUnverified => "mapping-unverified",
            Self::IssuerNotTrusted => "issuer-not-trusted",
            Self::IssuerNotJudged => "issuer-not-judged",
            Self::CredentialTypeNotAdmitted => "credential-type-not-admitted",
            Self::CredentialMissing => "credential-missing",
            Self::ReceiptMissing => "receipt-missing",
            Self::TimeGradeTooLow => "time-grade-too-low",
            Self::TimeGradeUnavailable => "time-grade-unavailable",
            Self::QuorumNotMet => "quorum-not-met",
            Self::StatusNotNamed => "status-not-named",
            Self::StatusTooOld => "stale",
            Self::ProofsTooFew => "proofs-too-few",
            Self::ProofNotChecked => "proof-not-checked",
            Self::CountersignatureMissing => "countersignature-missing",
            Self::CountersignatureRefused => "countersignature-refused",
            Self::CountersignatureWithdrawn => "countersignature-withdrawn",
            Self::ActStateNotShown => "act-state-not-shown",
            Self::PowerNotShown => "power-not-shown",
            Self::CountersignatureAfterSeal => "countersignature-after-seal",
            Self::CountersignatureLate => "countersignature-late",
            Self::CountersignatureTimeUnknown => "countersignature-time-unknown",
            Self::CountersignerUnknown => "countersigner-unknown",
            Self::CountersignatureOutOfOrder => "countersignature-out-of-order",
            Self::CountersignersNotDistinct => "countersigners-not-distinct",
            Self::SealByStranger => "seal-by-stranger",
            Self::WithdrawnAfterSeal => "withdrawn-after-seal",
            Self::AddedAfterSeal => "added-after-seal",
        }
    }

    /// What the finding does to the result.
    #[must_use]
    pub const fn effect(self) -> Effect {
        match self {
            Self::PresenterNotShown
            | Self::LevelClaimIgnored
            | Self::NonceKeptByCaller
            | Self::MappingUnverified
            | Self::SealByStranger
            | Self::WithdrawnAfterSeal
            | Self::AddedAfterSeal
            | Self::IssuerNotJudged => Effect::Note,
            Self::EvidenceMalformed
            | Self::EvidenceUnsigned
            | Self::EvidenceProofFailed
            | Self::SubjectMismatch
            | Self::ProoferUnknown
            | Self::ProoferRowNotAuthorised
            | Self::ProoferNotValidAtTime
            | Self::AnchorNotAuthorised
            | Self::RegistryNotCurrent
            | Self::ProofingTimeInFuture
            | Self::ProofingTimeInconsistent
            | Self::DocumentExpired
            | Self::DocumentTypeUnknown
            | Self::CheckNotPassed
            | Self::CheckMethodNotAccepted
            | Self::DocumentWithoutPortrait
            | Self::JpkiPolicyUnknown
            | Self::JpkiRevoked
            | Self::WebauthnAssertionInvalid
            | Self::WebauthnChallengeMismatch
            | Self::KeyAttestationInvalid
            | Self::KeyAttestationType
            | Self::KeyStatementInvalid
            | Self::KeyStatementNotAuthorised
            | Self::OperatorNotAuthorised
            | Self::AuthenticationEventInvalid
            | Self::AuthenticationEventNotBound
            | Self::FactorNotAccepted
            | Self::JpkiPathInvalid
            | Self::CmsInvalid
            | Self::TimestampInvalid
            | Self::StatementTypeInvalid
            | Self::StatementNonceInvalid
            | Self::StatementDidMismatch
            | Self::DidCountersignatureMissing
            | Self::RegistryAnswerInvalid
            | Self::RegisterCheckInvalid
            | Self::RegisterCheckNotAuthorised
            | Self::AuthenticatorNotBound => Effect::Void,
            Self::PresenceNotShown
            | Self::OwnershipNotShown
            | Self::AgentNotQualified
            | Self::LivenessMissing
            | Self::PadMissing
            | Self::InjectionControlMissing
            | Self::StageConditionNotMet
            | Self::ProofingTooOld
            | Self::DerivationNotAuthenticated
            | Self::DerivationInvalid
            | Self::DerivationAboveSource
            | Self::EvidenceNotDistinct
            | Self::DisputedLevel
            | Self::JpkiPolicyNotSignature
            | Self::JpkiRevocationUndetermined
            | Self::RevocationResponseInvalid
            | Self::CompositeWeakestLink
            | Self::UserVerificationUnattested
            | Self::AuthenticatorStatusBad
            | Self::AuthenticatorNotCertified
            | Self::KeyNotHardwareBound
            | Self::KeyExportable
            | Self::PhishingResistanceMissing
            | Self::AttestationUntrusted
            | Self::AuthenticatorCounter
            | Self::MetadataNotCurrent
            | Self::FactorsNotDistinct
            | Self::OperatorLevelNotAuthorised
            | Self::SessionBoundOnly
            | Self::IntentMissing
            | Self::HostedActivationWeak => Effect::Capped,
            Self::BasisTooLow
            | Self::TimestampMissing
            | Self::RowNotAdmitted
            | Self::DocumentNotChipVerified
            | Self::RegisterCheckMissing
            | Self::RegisterCheckMismatch
            | Self::MethodNotAccepted => Effect::NotCounted,
            Self::HolderKeyMismatch
            | Self::HolderNotLinked
            | Self::ClaimsInconsistent
            | Self::HolderProofMissing
            | Self::NonceInvalid
            | Self::PresentationStale => Effect::Zero,
            Self::ClaimMissing
            | Self::PolicyNotInEffect
            | Self::IalBelowRequirement
            | Self::AalBelowRequirement
            | Self::EvaluationIncomplete
            | Self::IssuerNotTrusted
            | Self::CredentialTypeNotAdmitted
            | Self::CredentialMissing
            | Self::ReceiptMissing
            | Self::TimeGradeTooLow
            | Self::TimeGradeUnavailable
            | Self::QuorumNotMet
            | Self::StatusNotNamed
            | Self::StatusTooOld
            | Self::ProofsTooFew
            | Self::ProofNotChecked
            | Self::CountersignatureMissing
            | Self::CountersignatureRefused
            | Self::CountersignatureWithdrawn
            | Self::CountersignatureAfterSeal
            | Self::CountersignatureLate
            | Self::CountersignatureTimeUnknown
            | Self::CountersignerUnknown
            | Self::CountersignatureOutOfOrder
            | Self::CountersignersNotDistinct
            | Self::ActStateNotShown
            | Self::PowerNotShown => Effect::Decides,
        }
    }
}
