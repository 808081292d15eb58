use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};

use super::*;
use crate::note::KeyMaterial;

#[test]
fn a_checkpoint_is_three_lines_and_the_logs_signature() {
    let head = TreeHead { tree_size: 12, root_hash: NodeHash::empty() };
    let checkpoint = Checkpoint::new("ledger.example", head).unwrap();
    let text = "ledger.example\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    assert_eq!(checkpoint.to_text(), text);
    assert_eq!(Checkpoint::parse_text(text), Ok(checkpoint.clone()));
    let secret = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
    let key = VerifierKey::new("ledger.example", KeyMaterial::Note(secret.public_key())).unwrap();
    let note = checkpoint.sign(&key, &secret).unwrap();
    let line = &note.signatures()[0];
    assert!(key.matches(line));
    assert!(secret.public_key().verify(text.as_bytes(), &line.signature).is_ok());
}

#[test]
fn loose_checkpoints_are_refused() {
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let refused = |text: &str| Checkpoint::parse_text(text).unwrap_err();
    for text in [
        String::new(),
        format!("a\n1\n{root}"),
        format!("a\n1\n{root}\nextension\n"),
        format!("a\n01\n{root}\n"),
        format!("a\n-1\n{root}\n"),
        format!("a\n1\n{}\n", root.trim_end_matches('=')),
        "a\n1\nQQ==\n".to_owned(),
    ] {
        assert_eq!(refused(&text), CheckpointError::Body, "{text:?}");
    }
    for origin in ["", "a b", "é", "a+b", &"a".repeat(65)] {
        assert_eq!(refused(&format!("{origin}\n1\n{root}\n")), CheckpointError::Origin);
    }
    assert_eq!(CheckpointError::Body.code(), "malformed-receipt");
}
