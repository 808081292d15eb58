use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};

use super::*;

#[test]
fn keys_are_listed_without_and_opened_with_the_passphrase() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keystore.json");
    assert!(list(&path).unwrap().is_empty());
    let mut rng = SeededRng::new(1);
    let key = SecretKey::generate(KeyType::Ed25519, &mut rng);
    let public = key.public_key();
    let mut keys = Keystore::insecure_fast();
    keys.insert("sign-1", key, Timestamp::EPOCH).unwrap();
    let passphrase = SecretBytes::new(b"correct".to_vec());
    save(&path, &keys, &passphrase, &mut rng).unwrap();

    assert!(!files::open_to_others(&path).unwrap());
    assert_eq!(list(&path).unwrap()[0].public_key, public);
    let opened = open(&path, &passphrase).unwrap();
    assert_eq!(opened.get("sign-1").unwrap().public_key(), public);
    let wrong = open(&path, &SecretBytes::new(b"wrong".to_vec())).unwrap_err();
    assert_eq!(wrong.code(), "keystore-locked");
}
