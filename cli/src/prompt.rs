//! Questions to the person at the terminal: yes or no, and passphrases.
//!
//! Secrets come from a file or from the terminal itself, never from arguments or environment values.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use inkan_core::SecretBytes;
use inkan_io::files;

use crate::failure::{CliError, Failure};
use crate::output::{Speech, WARN};

/// Bytes of a passphrase file.
const LIMIT: usize = 4_096;

/// Whether a question may be asked at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asking {
    /// On a terminal.
    Allowed,
    /// `--no-input`, or no terminal.
    Forbidden,
}

impl Asking {
    /// Allowed unless `--no-input` was given or there is nobody to ask.
    pub(crate) fn new(no_input: bool) -> Self {
        let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
        if no_input || !terminal { Self::Forbidden } else { Self::Allowed }
    }
}

/// Asks for a yes.
///
/// # Errors
///
/// [`CliError::Declined`], or [`CliError::AnswerNeeded`] where nobody can be asked.
pub(crate) fn confirm(asking: Asking, question: &str) -> Result<(), CliError> {
    if asking == Asking::Forbidden {
        return Err(CliError::AnswerNeeded { question: question.to_owned() });
    }
    let _ = write!(anstream::stderr(), "{WARN}?{WARN:#} {question} [y/N] ");
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Declined),
    }
}

/// Reads a passphrase from a file: its bytes without one final line break.
///
/// # Errors
///
/// As reading the file; [`CliError::PassphraseMismatch`] if it is empty.
pub(crate) fn passphrase_from_file(path: &str, speech: &Speech) -> Result<SecretBytes, Failure> {
    let file = Path::new(path);
    let mut bytes = files::read(file, LIMIT)?;
    // Pipes and /dev/fd have no permissions worth a warning.
    if file.is_file() && files::open_to_others(file).unwrap_or(false) {
        speech.warn(&format!("{path} can be read by others: chmod 600 {path}"));
    }
    if bytes.ends_with(b"\n") {
        bytes.pop();
    }
    if bytes.ends_with(b"\r") {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Err(CliError::PassphraseMismatch.into());
    }
    Ok(SecretBytes::new(bytes))
}

/// Reads the PIN of a card from a file that is closed to others, without its final line break; or asks for it on the terminal.
///
/// # Errors
///
/// [`CliError::PinExposed`]; as reading a passphrase.
#[cfg(feature = "pkcs11")]
pub(crate) fn pin(
    file: Option<&str>,
    asking: Asking,
    speech: &Speech,
) -> Result<SecretBytes, Failure> {
    let Some(path) = file else {
        return Ok(passphrase(asking, "the PIN of the card", "PIN of the card", Twice::No)?);
    };
    let at = Path::new(path);
    // A card is not replaced as easily as a passphrase: what others could read is not used.
    if at.is_file() && files::open_to_others(at)? {
        return Err(CliError::PinExposed { path: path.to_owned() }.into());
    }
    passphrase_from_file(path, speech)
}

/// Asks for a passphrase on the terminal; twice if it is a new one.
///
/// # Errors
///
/// [`CliError::PassphraseNeeded`] where nobody can be asked, [`CliError::PassphraseMismatch`].
pub(crate) fn passphrase(
    asking: Asking,
    which: &'static str,
    title: &str,
    twice: Twice,
) -> Result<SecretBytes, CliError> {
    let needed = CliError::PassphraseNeeded { which };
    if asking == Asking::Forbidden {
        return Err(needed);
    }
    let Ok(first) = rpassword::prompt_password(format!("{title}: ")) else { return Err(needed) };
    let first = SecretBytes::new(first.into_bytes());
    if twice == Twice::Yes {
        let Ok(again) = rpassword::prompt_password(format!("{title}, again: ")) else {
            return Err(needed);
        };
        if SecretBytes::new(again.into_bytes()) != first {
            return Err(CliError::PassphraseMismatch);
        }
    }
    if first.is_empty() { Err(CliError::PassphraseMismatch) } else { Ok(first) }
}

/// Whether a passphrase is typed twice, because it is a new one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Twice {
    /// It is new.
    Yes,
    /// It opens what is there.
    No,
}
