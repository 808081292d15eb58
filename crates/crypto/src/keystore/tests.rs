use inkan_core::rng::insecure::SeededRng;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{KeyType, Signer as _, signer::tests::assert_no_canary};

const CANARY: [u8; 32] = *b"canary-canary-canary-canary-key!";

fn passphrase(text: &str) -> SecretBytes {
    SecretBytes::new(text.as_bytes().to_vec())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

/// Three keys, one of them the canary.
fn filled() -> Keystore {
    let mut rng = SeededRng::new(1);
    let mut keystore = Keystore::insecure_fast();
    let canary = SecretBytes::new(CANARY.to_vec());
    let canary = SecretKey::from_secret_bytes(KeyType::Ed25519, &canary).unwrap();
    keystore.insert("signing", canary, at(0)).unwrap();
    keystore.insert("backup", SecretKey::generate(KeyType::P256, &mut rng), at(60)).unwrap();
    keystore.insert("ключ 鍵", SecretKey::generate(KeyType::Ed25519, &mut rng), at(7)).unwrap();
    keystore
}

fn sealed() -> Vec<u8> {
    filled().seal(&passphrase("correct horse"), &mut SeededRng::new(2)).unwrap()
}

fn listing(keystore: &Keystore) -> Vec<Listed> {
    keystore
        .list()
        .map(|(name, public_key, created)| Listed { name: name.to_owned(), public_key, created })
        .collect()
}

fn open_code(bytes: &[u8]) -> &'static str {
    Keystore::open(bytes, &passphrase("correct horse")).unwrap_err().code()
}

/// The sealed file with one member replaced, `/`-separated.
fn altered(pointer: &str, value: Value) -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(&sealed()).unwrap();
    *file.pointer_mut(pointer).unwrap() = value;
    file.to_string().into_bytes()
}

#[test]
fn what_is_sealed_opens_again() {
    let opened = Keystore::open(&sealed(), &passphrase("correct horse")).unwrap();
    assert_eq!(listing(&opened), listing(&filled()));
    for (name, public, _) in opened.list() {
        let signature = opened.get(name).unwrap().sign(b"m").unwrap();
        assert_eq!(public.verify(b"m", &signature), Ok(()));
    }
    let empty = Keystore::insecure_fast().seal(&passphrase("p"), &mut SeededRng::new(1)).unwrap();
    assert_eq!(Keystore::open(&empty, &passphrase("p")).unwrap().list().count(), 0);
}

#[test]
fn names_and_public_keys_are_listed_without_the_passphrase() {
    assert_eq!(list_sealed(&sealed()).unwrap(), listing(&filled()));
}

#[test]
fn a_wrong_passphrase_leaves_it_locked() {
    for wrong in ["correct hors", "correct horse ", "Correct horse", "x"] {
        let error = Keystore::open(&sealed(), &passphrase(wrong)).unwrap_err();
        assert_eq!(error.code(), "keystore-locked");
    }
    let error = Keystore::open(&sealed(), &passphrase("")).unwrap_err();
    assert_eq!(error.code(), "passphrase-empty");
    let error = filled().seal(&passphrase(""), &mut SeededRng::new(1)).unwrap_err();
    assert_eq!(error.code(), "passphrase-empty");
}

#[test]
fn the_readable_part_is_authenticated() {
    let other = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(77)).public_key();
    assert_eq!(open_code(&altered("/keys/1/name", json!("signinh"))), "keystore-locked");
    assert_eq!(
        open_code(&altered("/keys/1/publicKey", json!(other.to_multikey()))),
        "keystore-locked"
    );
    assert_eq!(
        open_code(&altered("/keys/1/created", json!("1970-01-01T00:00:01Z"))),
        "keystore-locked"
    );
    assert_eq!(open_code(&altered("/kdf/passes", json!(2))), "keystore-locked");
    assert_eq!(open_code(&altered("/kdf/memoryKib", json!(9))), "keystore-locked");
}

#[test]
fn other_files_are_refused() {
    for (pointer, value) in [
        ("/type", json!("inkan-keystore/2")),
        ("/kdf/algorithm", json!("argon2i")),
        ("/kdf/salt", json!("AAAA")),
        ("/kdf/memoryKib", json!("8")),
        ("/kdf/memoryKib", json!(-1)),
        ("/cipher", json!("none")),
        ("/nonce", json!("AAAA")),
        ("/keys/0/created", json!("1970-01-01T00:01:00+00:00")),
        ("/keys/0/name", json!("signing")),
        ("/keys/0/name", json!("zzz")),
        ("/keys/0/name", json!("")),
        ("/keys/0/publicKey", json!("z")),
        ("/keys/0", json!({})),
        ("/keys", json!([])),
        ("/sealed", json!("")),
        ("/sealed", json!(7)),
    ] {
        assert_eq!(
            open_code(&altered(pointer, value.clone())),
            "keystore-malformed",
            "{pointer} {value}"
        );
    }
    let mut file: Value = serde_json::from_slice(&sealed()).unwrap();
    file["extra"] = json!(1);
    assert_eq!(open_code(file.to_string().as_bytes()), "keystore-malformed");
    assert_eq!(open_code(b"{"), "json-malformed");
    assert_eq!(open_code(br#"{"type":1,"type":1}"#), "json-duplicate-member");
    assert_eq!(open_code(&vec![b' '; 3 << 20]), "input-too-large");
}

#[test]
fn a_hostile_file_does_not_choose_what_we_spend() {
    for (pointer, value) in [
        ("/kdf/memoryKib", json!(262_145)),
        ("/kdf/memoryKib", json!(104_857_600)),
        ("/kdf/memoryKib", json!(4_294_967_296_u64 + 8)),
        ("/kdf/memoryKib", json!(7)),
        ("/kdf/passes", json!(11)),
        ("/kdf/passes", json!(0)),
        ("/kdf/lanes", json!(5)),
        ("/kdf/lanes", json!(0)),
        ("/kdf/lanes", json!(2)),
    ] {
        assert_eq!(
            open_code(&altered(pointer, value.clone())),
            "keystore-cost-refused",
            "{pointer} {value}"
        );
        assert_eq!(
            list_sealed(&altered(pointer, value)).unwrap_err().code(),
            "keystore-cost-refused"
        );
    }
    assert!(kdf::Cost::new(262_144, 10, 4).is_ok());
}

#[test]
fn the_standard_price_is_written_into_the_file() {
    let sealed = Keystore::new().seal(&passphrase("p"), &mut SeededRng::new(1)).unwrap();
    let file: Value = serde_json::from_slice(&sealed).unwrap();
    assert_eq!(
        file["kdf"],
        json!({"algorithm": "argon2id", "memoryKib": 65_536, "passes": 3, "lanes": 1, "salt": file["kdf"]["salt"]})
    );
    let opened = Keystore::open(&sealed, &passphrase("p")).unwrap();
    assert_eq!(opened.cost, kdf::Cost::STANDARD);
    assert_eq!(Keystore::default().cost, kdf::Cost::STANDARD);
}

#[test]
fn sealing_again_draws_salt_and_nonce_again() {
    let mut rng = SeededRng::new(2);
    let one: Value =
        serde_json::from_slice(&filled().seal(&passphrase("p"), &mut rng).unwrap()).unwrap();
    let two: Value =
        serde_json::from_slice(&filled().seal(&passphrase("p"), &mut rng).unwrap()).unwrap();
    assert_ne!(one["kdf"]["salt"], two["kdf"]["salt"]);
    assert_ne!(one["nonce"], two["nonce"]);
    assert_ne!(one["sealed"], two["sealed"]);
}

#[test]
fn secrets_that_are_not_of_the_listed_keys_are_refused() {
    // Sealed by someone who knows the passphrase and lists another public key.
    let keystore = filled();
    let mut public = Public {
        kdf: Kdf { cost: keystore.cost, salt: [1; 16] },
        nonce: [2; 24],
        keys: listing(&keystore),
    };
    public.keys[1].public_key =
        SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(8)).public_key();
    let mut secrets = Vec::new();
    for (key, _) in keystore.keys.values() {
        key.append_to(&mut secrets);
    }
    let key = public.kdf.derive(&passphrase("correct horse")).unwrap();
    kdf::encrypt(&key, &public.nonce, &public.authenticated().unwrap(), &mut secrets).unwrap();
    let file = Sealed { public, sealed: secrets }.to_bytes().unwrap();
    assert_eq!(open_code(&file), "keystore-inconsistent");
}

#[test]
fn names_are_taken_once_and_are_plain_text() {
    let mut rng = SeededRng::new(3);
    let mut keystore = Keystore::insecure_fast();
    let mut insert = |name: &str| {
        let key = SecretKey::generate(KeyType::Ed25519, &mut rng);
        keystore.insert(name, key, at(0)).map_err(|error| error.code())
    };
    assert_eq!(insert("a"), Ok(()));
    assert_eq!(insert("a"), Err("key-exists"));
    assert_eq!(insert(&"n".repeat(256)), Ok(()));
    for name in ["", " a", "a ", "a\nb", "\u{7f}", &"n".repeat(257)] {
        assert_eq!(insert(name), Err("key-name-invalid"), "{name:?}");
    }
    assert_eq!(keystore.remove("a").map(|key| key.key_type()), Some(KeyType::Ed25519));
    assert!(keystore.remove("a").is_none());
    assert!(keystore.get("a").is_none());
}

#[test]
fn a_full_keystore_takes_no_more() {
    let mut keystore = Keystore::insecure_fast();
    let mut rng = SeededRng::new(3);
    let mut insert = |number: usize| {
        let key = SecretKey::generate(KeyType::Ed25519, &mut rng);
        keystore.insert(&format!("{number:0>256}"), key, at(0))
    };
    for number in 0..KEY_LIMIT {
        insert(number).unwrap();
    }
    assert_eq!(insert(KEY_LIMIT).unwrap_err().code(), "keystore-full");
    let file = keystore.seal(&passphrase("p"), &mut SeededRng::new(1)).unwrap();
    assert_eq!(Keystore::open(&file, &passphrase("p")).unwrap().list().count(), KEY_LIMIT);
}

#[test]
fn neither_debug_nor_the_file_shows_the_canary() {
    let keystore = filled();
    let file = sealed();
    let secret = passphrase("wYx7-canary-Qk31-of-Zz9");
    let error = Keystore::open(&file, &secret).unwrap_err();
    let shown = format!(
        "{keystore:?} {keystore:#?} {:?} {secret:?} {error:?} {error}",
        keystore.get("signing")
    );
    assert_no_canary(&shown, &CANARY);
    assert_no_canary(&shown, secret.expose_secret());
    assert!(shown.contains("backup"));
    assert_no_canary(&String::from_utf8(file.clone()).unwrap(), &CANARY);
    let sealed = Sealed::parse(&file).unwrap().sealed;
    assert!(sealed.windows(8).all(|window| !CANARY.windows(8).any(|part| part == window)));
}

#[test]
fn a_file_of_the_first_version_still_opens() {
    // The format is deterministic: the same keys and draws give the same bytes.
    assert_eq!(String::from_utf8(sealed()).unwrap(), FIRST_VERSION);
    let opened = Keystore::open(FIRST_VERSION.as_bytes(), &passphrase("correct horse")).unwrap();
    assert_eq!(opened.get("signing").unwrap().to_secret_bytes().expose_secret(), CANARY);
}

/// Opens with another implementation of argon2id and XChaCha20-Poly1305, too.
const FIRST_VERSION: &str = concat!(
    r#"{"cipher":"xchacha20-poly1305","kdf":{"algorithm":"argon2id","lanes":1,"memoryKib":8,"pa"#,
    r#"sses":1,"salt":"EwmsP05BUSgg-_JZrkkrtg"},"keys":[{"created":"1970-01-01T00:01:00Z","name"#,
    r#"":"backup","publicKey":"zDnaeqmQCWfFxsotJZkhTQUXz9QFniAfCTuTjDWWAUxbh4ez4"},{"created":""#,
    r#"1970-01-01T00:00:00Z","name":"signing","publicKey":"z6MkwReX379VdYj4BLrMkWZz3QYm42AWSZNk"#,
    r#"VNjmuaHpLk42"},{"created":"1970-01-01T00:00:07Z","name":"ключ 鍵","publicKey":"z6MkemUGWm"#,
    r#"7vGXGX54qf3n5goEYcW2suiRbahL6K7C6jVr8h"}],"nonce":"cFvhBHulNPHCu-g_1WQM8Ah1czSfzamO","se"#,
    r#"aled":"J7OnoZXoQIUi0sImVN1P5r8l3Vh7ovC-iwh9pX06toAOe-cy1CMuAsAhYlQXEfWw7gNOrj6TDFy2QKoP1"#,
    r#"qOfIYIBsIs-S6FzPLa6OCHq7qPzkooA1FFbzKJPffJ4EWcTd9Z0U8_EVKXF7yjPGjb-uw","type":"inkan-key"#,
    r#"store/1"}"#,
    "\n"
);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(list_sealed(&bytes).is_err());
        prop_assert!(Keystore::open(&bytes, &passphrase("p")).is_err());
    }

    #[test]
    fn any_flipped_bit_fails(bit: prop::sample::Index) {
        let mut file = sealed();
        // The line feed at the end is outside of what is read.
        let bit = bit.index((file.len() - 1) * 8);
        file[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Keystore::open(&file, &passphrase("correct horse")).is_err());
    }
}
