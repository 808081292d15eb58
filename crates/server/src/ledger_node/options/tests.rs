use std::fs;

use inkan_io::files::{self, Access};

use super::OperatorTokens;

const TOKEN: &str = "one-token-of-22-letters";

#[test]
fn tokens_are_read_from_a_file_of_the_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    files::write_atomic(&path, format!("# mine\n\n{TOKEN}\r\n").as_bytes(), Access::Private)
        .expect("written");
    let tokens = OperatorTokens::read(&path).expect("tokens");
    assert!(tokens.holds(TOKEN.as_bytes()));
    for other in ["", "# mine", "one-token-of-22-letterS", "one-token-of-22-letters "] {
        assert!(!tokens.holds(other.as_bytes()), "{other:?}");
    }
    assert!(!format!("{tokens:?}").contains("one"));
    assert!(!OperatorTokens::default().holds(b""));
}

#[test]
fn exposed_and_short_tokens_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    let code = |path| OperatorTokens::read(path).expect_err("refused").code();
    assert_eq!(code(&path), "file-not-found");
    files::write_atomic(&path, b"short\n", Access::Private).expect("written");
    assert_eq!(code(&path), "operator-tokens-malformed");
    fs::remove_file(&path).expect("removed");
    files::write_atomic(&path, TOKEN.as_bytes(), Access::Public).expect("written");
    if cfg!(unix) {
        assert_eq!(code(&path), "operator-tokens-exposed");
    }
}
