use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::SecretKey;
use proptest::prelude::*;

use super::*;

// From the example in signed-note's Go implementation, golang.org/x/mod/sumdb/note.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn key(seed: u64) -> PublicKey {
    SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(seed)).public_key()
}

#[test]
fn the_note_of_the_go_documentation_verifies() {
    let vkey = VerifierKey::parse(PETER).unwrap();
    let note = SignedNote::parse(NOTE).unwrap();
    let [line] = note.signatures() else { panic!("one line") };
    assert!(vkey.matches(line));
    let KeyMaterial::Note(key) = vkey.material() else { panic!("type 0x01") };
    assert_eq!(key.verify(note.text().as_bytes(), &line.signature), Ok(()));
    assert_eq!(vkey.to_string(), PETER);
    assert_eq!(note.to_string(), NOTE);
}

#[test]
fn loose_notes_are_refused_with_their_rule() {
    let refused = |note: &str| SignedNote::parse(note).unwrap_err();
    assert_eq!(refused(&NOTE.replace('\n', "\r\n")), NoteError::Characters);
    assert_eq!(refused(&NOTE.replace(' ', "\t")), NoteError::Characters);
    assert_eq!(refused(&format!("{}\n{NOTE}", "x".repeat(NOTE_LIMIT))), NoteError::Characters);
    let longest = format!("{}\n{NOTE}", "x".repeat(NOTE_LIMIT - NOTE.len() - 1));
    assert_eq!(longest.len(), NOTE_LIMIT);
    assert!(SignedNote::parse(&longest).is_ok());
    assert_eq!(refused(&format!("x{longest}")), NoteError::Characters, "one byte too many");
    assert_eq!(refused(NOTE.trim_end()), NoteError::Shape);
    assert_eq!(refused("text\n"), NoteError::Shape);
    assert_eq!(refused("text\n\n"), NoteError::Shape);
    let line = |line: &str| refused(&format!("text\n\n{line}\n"));
    assert_eq!(line("- name AAAAAAA="), NoteError::SignatureLine);
    assert_eq!(line("— name AAAAAA=="), NoteError::SignatureLine, "four bytes: no signature");
    assert_eq!(line("— name AAAAAAB="), NoteError::SignatureLine, "spare bits");
    assert_eq!(line("— name  AAAAAAA="), NoteError::SignatureLine);
    assert_eq!(line("— na+me AAAAAAA="), NoteError::SignatureLine);
    assert_eq!(line("— AAAAAAA="), NoteError::SignatureLine);
    let many = |count| format!("text\n\n{}", "— name AAAAAAA=\n".repeat(count));
    assert!(SignedNote::parse(&many(64)).is_ok());
    assert_eq!(refused(&many(65)), NoteError::SignatureLine);
}

#[test]
fn verifier_keys_have_one_form() {
    for material in
        [KeyMaterial::Note(key(1)), KeyMaterial::Cosignature(key(1)), KeyMaterial::Tsa([7; 32])]
    {
        let vkey = VerifierKey::new("w1.example/a", material).unwrap();
        assert_eq!(VerifierKey::parse(&vkey.to_string()), Ok(vkey.clone()));
        let wrong_id = vkey.to_string().replacen(&hex(&vkey.id()), "00000000", 1);
        assert_eq!(VerifierKey::parse(&wrong_id), Err(NoteError::VerifierKey));
    }
    for text in ["", "a", "a+00000000", "a+00000000+", "+00000000+AQ==", "a b+00000000+AQ=="] {
        assert_eq!(VerifierKey::parse(text), Err(NoteError::VerifierKey), "{text:?}");
    }
    let p256 = SecretKey::generate(KeyType::P256, &mut SeededRng::new(1)).public_key();
    assert!(VerifierKey::new("a", KeyMaterial::Note(p256)).is_err());
}

#[test]
fn a_key_has_one_line() {
    let mut note = SignedNote::parse(NOTE).unwrap();
    let mut line = note.signatures()[0].clone();
    line.signature = vec![1];
    note.put(line.clone());
    assert_eq!(note.signatures(), [line.clone()]);
    line.key_id = [0; 4];
    note.put(line);
    assert_eq!(note.signatures().len(), 2);
}

#[test]
fn decimals_have_one_form() {
    assert_eq!(parse_decimal("0"), Some(0));
    assert_eq!(parse_decimal("9223372036854775807"), Some(i64::MAX.unsigned_abs()));
    for text in ["", "00", "01", "+1", "-1", " 1", "1 ", "9223372036854775808", "１", "1e3"] {
        assert_eq!(parse_decimal(text), None, "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(text in "[ -~\n—]{0,80}", lines in "(— [a-z]{1,3} [A-Za-z0-9+/]{8}\n){1,3}") {
        let note = format!("{text}\n\n{lines}");
        if let Ok(read) = SignedNote::parse(&note) {
            prop_assert_eq!(read.to_string(), note);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = SignedNote::parse(&text);
        let _ = VerifierKey::parse(&text);
        let _ = crate::checkpoint::Checkpoint::parse_text(&text);
    }
}
