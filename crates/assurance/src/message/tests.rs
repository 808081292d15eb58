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
