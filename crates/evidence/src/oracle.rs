//! Tests alone: whether the `openssl` command is there to be asked the same.

use std::process::Command;

/// Whether the command is there, in version 3; under `CI=true` it has to be, and elsewhere its absence is said.
#[expect(clippy::print_stderr, reason = "a test that is not made says so")]
pub(crate) fn is_there() -> bool {
    let there = Command::new("openssl")
        .arg("version")
        .output()
        .is_ok_and(|done| String::from_utf8_lossy(&done.stdout).starts_with("OpenSSL 3"));
    #[expect(clippy::disallowed_methods, reason = "whether a missing command may be passed over")]
    let must = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(there || !must, "no openssl command of version 3");
    if !there {
        eprintln!("NOT TESTED: no openssl command of version 3");
    }
    there
}
