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

/// The language in which the user reads messages, as a BCP 47 tag: from `LC_ALL`, `LC_MESSAGES` or `LANG`, in this order, as POSIX has
/// it; English if they name none.
pub(crate) fn language() -> String {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(variable);
    language_of(locale.as_deref().unwrap_or_default())
}

/// `ja_JP.UTF-8` is `ja-JP`.
fn language_of(locale: &str) -> String {
    let name = locale.split(['.', '@']).next().unwrap_or_default();
    let letters = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric()) && part.len() <= 8;
    if matches!(name, "" | "C" | "POSIX") || !name.split('_').all(letters) {
        return "en".to_owned();
    }
    name.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_name_languages() {
        for (locale, language) in [
            ("ja_JP.UTF-8", "ja-JP"),
            ("de_AT@euro", "de-AT"),
            ("fr", "fr"),
            ("C.UTF-8", "en"),
            ("POSIX", "en"),
            ("", "en"),
            ("../../etc", "en"),
        ] {
            assert_eq!(language_of(locale), language, "{locale}");
        }
    }
}
