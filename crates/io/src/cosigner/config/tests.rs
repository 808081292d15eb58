use inkan_core::rng::insecure::SeededRng;
use inkan_core::sha256;
use inkan_crypto::{KeyType, SecretKey};
use inkan_ledger::note::KeyMaterial;

use super::*;

fn keys() -> (VerifierKey, VerifierKey, VerifierKey) {
    let key = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1)).public_key();
    let log = VerifierKey::new("log.example", KeyMaterial::Note(key.clone())).unwrap();
    let witness = VerifierKey::new("w.example", KeyMaterial::Cosignature(key)).unwrap();
    let digest = *sha256(&[b"certificate"]).as_bytes();
    (log, witness, VerifierKey::new("tsa.example", KeyMaterial::Tsa(digest)).unwrap())
}

fn read(text: &str) -> Result<Vec<Box<dyn Cosigner>>, CosignError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cosigners"), text).unwrap();
    configured(folder.path(), &[keys().0])
}

#[test]
fn witnesses_and_authorities_are_read_with_their_paces() {
    let (_, witness, tsa) = keys();
    let text = format!(
        "# who else\n\nwitness acme {witness} https://w.example/s\n\
         witness acme/2 {witness} https://w.example/s https://w.example/m\n\
         witness here {witness} http://10.0.0.2:8080 http://10.0.0.2:8080 own\n\
         tsa stamps {tsa} http://tsa.example\n"
    );
    let cosigners = read(&text).unwrap();
    let read: Vec<_> = cosigners.iter().map(|c| (c.name(), c.pace())).collect();
    let public = Pace::Every(PUBLIC);
    let hourly = Pace::Every(Duration::from_secs(3_600));
    assert_eq!(
        read,
        [("acme", public), ("acme/2", public), ("here", Pace::EveryCheckpoint), ("stamps", hourly)]
    );
    assert!(configured(tempfile::tempdir().unwrap().path(), &[]).unwrap().is_empty());
}

#[test]
fn a_line_that_means_nothing_is_named() {
    let (log, witness, tsa) = keys();
    for (text, code) in [
        ("witness a b c\n".to_owned(), "cosigners-malformed"),
        (format!("witness a {witness}\n"), "cosigners-malformed"),
        (format!("mirror a {witness} https://x\n"), "cosigners-malformed"),
        (format!("witness a {log} https://x\n"), "cosigner-key-invalid"),
        (format!("witness a {tsa} https://x\n"), "cosigner-key-invalid"),
        (format!("tsa a {witness} https://x\n"), "cosigner-key-invalid"),
    ] {
        assert_eq!(read(&text).unwrap_err().code(), code, "{text}");
    }
    let error = read(&format!("\n# x\nwitness a {witness} https://x\nwhat\n")).unwrap_err();
    assert!(error.to_string().contains("line 4"), "{error}");
}
