//! What a test says about a verification.

use inkan_verifier::{Check, CheckName, Outcome, Verification, VerifiedCredential, Weight};

/// Every check as one line, for messages and comparisons.
pub fn lines(verification: &Verification) -> String {
    let line = |check: &Check| {
        let outcome = match &check.outcome {
            Outcome::Pass => "pass".to_owned(),
            Outcome::Skipped => "skipped".to_owned(),
            Outcome::Fail(reason) => format!("FAIL {} ({reason})", reason.code()),
            Outcome::Unknown(reason) => {
                let weight = if check.weight == Weight::Required { "UNKNOWN" } else { "unknown" };
                format!("{weight} {} ({reason})", reason.code())
            }
        };
        let evidence = serde_json::Value::Object(check.evidence.clone());
        format!("{} {}: {outcome} {evidence}\n", check.subject, check.name.as_str())
    };
    verification.checks().iter().map(line).collect()
}

/// Everything that the verdict rests on holds.
#[track_caller]
pub fn accepted(verification: &Verification) -> &VerifiedCredential {
    assert!(verification.is_authentic(), "not accepted:\n{}", lines(verification));
    assert!(!verification.has_failed());
    verification.credentials()[0].as_ref().expect("evidence of an accepted credential")
}

/// A check was made and did not hold, for this reason, and nothing is left to rely on.
#[track_caller]
pub fn refused(verification: &Verification, name: CheckName, code: &str) {
    let found = verification.checks().iter().any(|check| {
        check.name == name
            && matches!(&check.outcome, Outcome::Fail(reason) if reason.code() == code)
    });
    assert!(found, "no {} that fails with {code}:\n{}", name.as_str(), lines(verification));
    assert!(!verification.is_authentic() && verification.has_failed());
}

/// A check on a credential did not hold, and there is no evidence of it.
#[track_caller]
pub fn worthless(verification: &Verification, name: CheckName, code: &str) {
    refused(verification, name, code);
    assert!(verification.credentials().iter().any(Option::is_none), "{}", lines(verification));
}

/// A check that the verdict rests on could not be made, for this reason, and none failed.
#[track_caller]
pub fn open(verification: &Verification, name: CheckName, code: &str) {
    let found = verification.checks().iter().any(|check| {
        check.name == name && check.blocks() && check.reason().is_some_and(|r| r.code() == code)
    });
    assert!(found, "no {} that is open for {code}:\n{}", name.as_str(), lines(verification));
    assert!(!verification.has_failed(), "{}", lines(verification));
    assert!(!verification.is_authentic());
}

/// The same, about a credential: there is no evidence of it.
#[track_caller]
pub fn undecided(verification: &Verification, name: CheckName, code: &str) {
    open(verification, name, code);
    assert!(verification.credentials().iter().any(Option::is_none), "{}", lines(verification));
}

/// Something is listed that nothing rests on, for this reason.
#[track_caller]
pub fn noted(verification: &Verification, name: CheckName, code: &str) {
    let found = verification.checks().iter().any(|check| {
        check.name == name
            && check.weight == Weight::Informative
            && matches!(&check.outcome, Outcome::Unknown(reason) if reason.code() == code)
    });
    assert!(found, "no {} that notes {code}:\n{}", name.as_str(), lines(verification));
}

/// The first check of this name that passed.
#[track_caller]
pub fn passed(verification: &Verification, name: CheckName) -> &Check {
    let found = verification
        .checks()
        .iter()
        .find(|check| check.name == name && check.outcome == Outcome::Pass);
    found.unwrap_or_else(|| panic!("no {} that passed:\n{}", name.as_str(), lines(verification)))
}
