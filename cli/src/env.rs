//! The environment: the one module that reads it.

/// A variable that is set and not empty.
#[expect(clippy::disallowed_methods, reason = "this is the module that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// `INKAN_PROFILE`: the profile to use.
pub(crate) fn profile() -> Option<String> {
    variable("INKAN_PROFILE")
}

/// `INKAN_PASSPHRASE_FILE`: a file with the passphrase of the keystore. The passphrase itself is never read from the
/// environment: it would show in process lists and be inherited by every child.
pub(crate) fn passphrase_file() -> Option<String> {
    variable("INKAN_PASSPHRASE_FILE")
}

/// `INKAN_NEXT_PASSPHRASE_FILE`: the same for the keystore of next keys.
pub(crate) fn next_passphrase_file() -> Option<String> {
    variable("INKAN_NEXT_PASSPHRASE_FILE")
}

/// Names of variables that hold a passphrase itself, which we ignore and `doctor` reports.
pub(crate) fn leaked_passphrases() -> Vec<&'static str> {
    let names = ["INKAN_PASSPHRASE", "INKAN_NEXT_PASSPHRASE"];
    names.into_iter().filter(|name| variable(name).is_some()).collect()
}
