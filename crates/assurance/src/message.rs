//! What findings say, in English and Japanese. Text may change; codes do not.

use inkan_evidence::Code;

mod texts;

use texts::{OURS, VERIFIER};

/// The text of a code: English, Japanese. `None` for a code of another crate that has no Japanese text yet.
#[must_use]
pub fn text(code: &str) -> Option<(&'static str, &'static str)> {
    let known = |list: &'static [(&str, &'static str, &'static str)]| {
        let found = list.iter().find(|(name, _, _)| *name == code);
        found.map(|(_, english, japanese)| (*english, *japanese))
    };
    known(OURS).or_else(|| known(VERIFIER))
}

/// What was looked at where a finding was made.
pub(crate) const fn check_of(code: Code) -> &'static str {
    match code {
        Code::LevelClaimIgnored => "claimed-level",
        Code::EvidenceMalformed
        | Code::EvidenceUnsigned
        | Code::EvidenceProofFailed
        | Code::EvidenceNotDistinct => "evidence",
        Code::SubjectMismatch => "evidence-subject",
        Code::ProoferUnknown
        | Code::ProoferRowNotAuthorised
        | Code::ProoferNotValidAtTime
        | Code::AnchorNotAuthorised
        | Code::RegistryAnswerInvalid
        | Code::RegistryNotCurrent => "proofer",
        Code::ProofingTimeInFuture | Code::ProofingTimeInconsistent | Code::ProofingTooOld => {
            "proofing-time"
        }
        Code::DocumentExpired
        | Code::DocumentTypeUnknown
        | Code::DocumentWithoutPortrait
        | Code::DocumentNotChipVerified => "document",
        Code::CheckNotPassed | Code::CheckMethodNotAccepted => "evidence-check",
        Code::PresenceNotShown | Code::AgentNotQualified | Code::StageConditionNotMet => "presence",
        Code::OwnershipNotShown
        | Code::LivenessMissing
        | Code::PadMissing
        | Code::InjectionControlMissing => "ownership",
        Code::DerivationNotAuthenticated
        | Code::DerivationInvalid
        | Code::DerivationAboveSource => "derivation",
        Code::JpkiPolicyUnknown | Code::JpkiPolicyNotSignature => "jpki-policy",
        Code::JpkiPathInvalid => "jpki-path",
        Code::CmsInvalid => "card-signature",
        Code::StatementTypeInvalid | Code::StatementNonceInvalid | Code::StatementDidMismatch => {
            "binding-statement"
        }
        Code::DidCountersignatureMissing => "did-signature",
        Code::JpkiRevoked | Code::JpkiRevocationUndetermined | Code::RevocationResponseInvalid => {
            "revocation"
        }
        Code::TimestampMissing | Code::TimestampInvalid => "timestamp",
        Code::RegisterCheckMissing
        | Code::RegisterCheckMismatch
        | Code::RegisterCheckInvalid
        | Code::RegisterCheckNotAuthorised => "register",
        Code::RowNotAdmitted | Code::BasisTooLow | Code::DisputedLevel => "row",
        Code::HolderKeyMismatch
        | Code::HolderNotLinked
        | Code::HolderProofMissing
        | Code::PresenterNotShown => "holder-binding",
        Code::ClaimsInconsistent | Code::ClaimMissing => "claims",
        Code::CompositeWeakestLink => "composite",
        Code::NonceInvalid | Code::PresentationStale | Code::NonceKeptByCaller => "presentation",
        Code::UserVerificationUnattested
        | Code::AuthenticatorNotBound
        | Code::AuthenticatorStatusBad
        | Code::AuthenticatorNotCertified
        | Code::KeyNotHardwareBound
        | Code::KeyExportable
        | Code::PhishingResistanceMissing
        | Code::IntentMissing
        | Code::HostedActivationWeak
        | Code::AttestationUntrusted
        | Code::AuthenticatorCounter
        | Code::MetadataNotCurrent
        | Code::WebauthnAssertionInvalid
        | Code::WebauthnChallengeMismatch
        | Code::KeyAttestationInvalid
        | Code::KeyAttestationType
        | Code::KeyStatementInvalid
        | Code::KeyStatementNotAuthorised
        | Code::OperatorNotAuthorised
        | Code::AuthenticationEventInvalid
        | Code::AuthenticationEventNotBound
        | Code::FactorNotAccepted
        | Code::FactorsNotDistinct
        | Code::OperatorLevelNotAuthorised
        | Code::SessionBoundOnly
        | Code::MethodNotAccepted => "authenticator",
        Code::PolicyNotInEffect => "policy-in-effect",
        Code::IalBelowRequirement => "ial",
        Code::AalBelowRequirement => "aal",
        Code::EvaluationIncomplete => "evaluation",
        Code::MappingUnverified => "mapping",
        Code::IssuerNotTrusted | Code::IssuerNotJudged => "issuer-trusted",
        Code::CredentialTypeNotAdmitted | Code::CredentialMissing => "credential-type",
        Code::ReceiptMissing => "receipt",
        Code::TimeGradeTooLow | Code::TimeGradeUnavailable => "time-grade",
        Code::QuorumNotMet => "quorum",
        Code::StatusNotNamed => "status-named",
        Code::StatusTooOld => "status-age",
        Code::ProofsTooFew | Code::ProofNotChecked => "proofs",
        Code::CountersignatureMissing
        | Code::CountersignatureRefused
        | Code::CountersignatureWithdrawn
        | Code::CountersignatureAfterSeal
        | Code::CountersignatureLate
        | Code::CountersignatureTimeUnknown
        | Code::CountersignatureOutOfOrder
        | Code::CountersignersNotDistinct
        | Code::CountersignerUnknown
        | Code::ActStateNotShown
        | Code::PowerNotShown => "countersigned",
        Code::SealByStranger | Code::WithdrawnAfterSeal | Code::AddedAfterSeal => "seal",
    }
}

/// Where the rule stands that a finding is about.
pub(crate) fn spec_of(code: Code) -> &'static str {
    match check_of(code) {
        "claimed-level" => "assurance 2",
        "evidence" | "evidence-check" | "document" => "assurance 4",
        "proofer" => "assurance 5",
        "jpki-policy" | "revocation" => "assurance 6",
        "evidence-subject" | "proofing-time" | "presence" | "ownership" | "derivation" => {
            "assurance 8"
        }
        "presentation" | "authenticator" | "aal" => "assurance 9",
        "holder-binding" | "claims" | "composite" => "assurance 10",
        "mapping" => "assurance 12",
        _ => "assurance 11",
    }
}

#[cfg(test)]
mod tests;
