use super::texts::{OURS, VERIFIER};

#[test]
fn every_code_has_one_text_in_both_languages() {
    let mut seen = std::collections::BTreeSet::new();
    for (code, english, japanese) in OURS {
        assert!(seen.insert(*code), "{code} twice");
        assert!(!english.is_empty() && !japanese.is_empty(), "{code}");
    }
    for (code, _, japanese) in VERIFIER {
        assert!(seen.insert(*code), "{code} twice");
        assert!(!japanese.is_empty(), "{code}");
    }
    assert!(
        super::text("ial-below-requirement").is_some() && super::text("no-such-code").is_none()
    );
}

#[test]
fn a_finding_says_where_its_rule_stands() {
    use inkan_evidence::Code;
    let table = [
        (Code::LevelClaimIgnored, "claimed-level", "assurance 2"),
        (Code::EvidenceMalformed, "evidence", "assurance 4"),
        (Code::CheckNotPassed, "evidence-check", "assurance 4"),
        (Code::DocumentExpired, "document", "assurance 4"),
        (Code::ProoferUnknown, "proofer", "assurance 5"),
        (Code::JpkiPolicyUnknown, "jpki-policy", "assurance 6"),
        (Code::JpkiRevoked, "revocation", "assurance 6"),
        (Code::SubjectMismatch, "evidence-subject", "assurance 8"),
        (Code::ProofingTooOld, "proofing-time", "assurance 8"),
        (Code::PresenceNotShown, "presence", "assurance 8"),
        (Code::OwnershipNotShown, "ownership", "assurance 8"),
        (Code::DerivationInvalid, "derivation", "assurance 8"),
        (Code::NonceInvalid, "presentation", "assurance 9"),
        (Code::AuthenticatorNotBound, "authenticator", "assurance 9"),
        (Code::AalBelowRequirement, "aal", "assurance 9"),
        (Code::HolderKeyMismatch, "holder-binding", "assurance 10"),
        (Code::ClaimsInconsistent, "claims", "assurance 10"),
        (Code::CompositeWeakestLink, "composite", "assurance 10"),
        (Code::MappingUnverified, "mapping", "assurance 12"),
        (Code::PolicyNotInEffect, "policy-in-effect", "assurance 11"),
    ];
    for (code, check, spec) in table {
        assert_eq!((super::check_of(code), super::spec_of(code)), (check, spec), "{code:?}");
    }
    let (english, japanese) = super::text("pad-missing").unwrap();
    assert!(!english.is_empty() && !japanese.is_empty() && english != japanese);
}
