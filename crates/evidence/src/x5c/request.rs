//! What a certificate authority is given: a key in the form of X.509, and the request for a certificate
//! ([RFC 2986](https://www.rfc-editor.org/rfc/rfc2986), PKCS #10).
//!
//! In scope: keys of Ed25519, P-256 and P-384, and names of issuers. Out of scope: whatever an authority asks beside these, which it
//! writes into the certificate itself.

use inkan_core::encoding;
use inkan_crypto::{KeyType, PublicKey, SignError, Signer};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// RFC 2986 §4.1: `attributes [0]`.
const ATTRIBUTES: u8 = 0xa0;
/// RFC 5280 §4.2.1.6: names of hosts and URLs.
const DNS_NAME: u8 = 0x82;
const URI: u8 = 0x86;

/// Object identifiers in DER, whole.
const COMMON_NAME: &[u8] = &[6, 3, 0x55, 4, 3];
/// RFC 2985 §5.4.2.
const EXTENSION_REQUEST: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
const ALTERNATIVE_NAME: &[u8] = &[6, 3, 0x55, 0x1d, 0x11];
/// RFC 8410 §3: key and signature alike.
const ED25519: &[u8] = &[6, 3, 0x2b, 0x65, 0x70];
/// RFC 5480 §2.1.1: a key on an elliptic curve, and the curves.
const EC_PUBLIC_KEY: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 0x22];
/// RFC 5758 §3.2.
const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const ECDSA_SHA384: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
/// The most characters of a common name (RFC 5280 appendix A).
const COMMON_NAME_LIMIT: usize = 64;
/// Characters in a line of PEM.
const LINE: usize = 64;

/// The key as a `SubjectPublicKeyInfo` ([RFC 5280 §4.1.2.7](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.7)) in DER; none for a
/// key of BBS, which certificates do not hold, or of P-521.
#[must_use]
pub fn public_key_info(key: &PublicKey) -> Option<Vec<u8>> {
    let jwk = key.to_jwk();
    let part = |name: &str| encoding::decode_b64u(jwk.get(name)?.as_str()?).ok();
    let on_curve = |curve: &[u8]| {
        let point = [vec![0x04], part("x")?, part("y")?].concat();
        Some((der(SEQUENCE, &[EC_PUBLIC_KEY, curve]), point))
    };
    let (algorithm, bytes) = match key.key_type() {
        KeyType::Ed25519 => (der(SEQUENCE, &[ED25519]), part("x")?),
        KeyType::P256 => on_curve(P256)?,
        KeyType::P384 => on_curve(P384)?,
        KeyType::P521 | KeyType::Bls12381G2 => return None,
    };
    Some(der(SEQUENCE, &[&algorithm, &bit_string(&bytes)]))
}

/// A request for a certificate of the signer's key that names these issuers: hosts, and HTTPS URLs, of which the host is named as
/// well, since name constraints of an authority are held against hosts. In DER.
///
/// # Errors
///
/// [`SignError::KeyUnsuitable`] for a key of BBS or P-521; else as [`Signer::sign`].
pub fn certificate_request(issuers: &[&str], signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
    let key = signer.public_key();
    let info = public_key_info(&key).ok_or(SignError::KeyUnsuitable)?;
    let algorithm = match key.key_type() {
        KeyType::Ed25519 => ED25519,
        KeyType::P256 => ECDSA_SHA256,
        KeyType::P384 => ECDSA_SHA384,
        KeyType::P521 | KeyType::Bls12381G2 => return Err(SignError::KeyUnsuitable),
    };
    let names = names(issuers);
    let subject = names.iter().find_map(|(tag, name)| {
        (*tag == DNS_NAME && name.len() <= COMMON_NAME_LIMIT).then_some(name.as_str())
    });
    let subject = subject.map(|name| {
        let named = der(SEQUENCE, &[COMMON_NAME, &der(UTF8_STRING, &[name.as_bytes()])]);
        der(SET, &[&named])
    });
    let subject = der(SEQUENCE, &[subject.as_deref().unwrap_or_default()]);
    let names: Vec<Vec<u8>> =
        names.iter().map(|(tag, name)| der(*tag, &[name.as_bytes()])).collect();
    let names = der(SEQUENCE, &[&names.concat()]);
    let extension = der(SEQUENCE, &[ALTERNATIVE_NAME, &der(OCTET_STRING, &[&names])]);
    let extensions = der(SET, &[&der(SEQUENCE, &[&extension])]);
    let attributes = der(ATTRIBUTES, &[&der(SEQUENCE, &[EXTENSION_REQUEST, &extensions])]);
    let version = [INTEGER, 1, 0];
    let asked = der(SEQUENCE, &[&version, &subject, &info, &attributes]);
    let signature = signature(&key, &signer.sign(&asked)?);
    Ok(der(SEQUENCE, &[&asked, &der(SEQUENCE, &[algorithm]), &bit_string(&signature)]))
}

/// DER between the lines of a `label` ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = encoding::b64(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at.checked_rem(LINE) == Some(0) {
            out.push('\n');
        }
        out.push(character);
    }
    out.push_str(&format!("\n-----END {label}-----\n"));
    out
}

/// Alternative names with their tags, each once.
fn names(issuers: &[&str]) -> Vec<(u8, String)> {
    let mut out: Vec<(u8, String)> = Vec::new();
    let mut add = |tag, name: &str| {
        let one = (tag, name.to_owned());
        if !name.is_empty() && !out.contains(&one) {
            out.push(one);
        }
    };
    for issuer in issuers {
        if issuer.starts_with(super::HTTPS) {
            add(URI, issuer);
            add(DNS_NAME, super::host_of(issuer));
        } else {
            add(DNS_NAME, issuer);
        }
    }
    out
}

/// As X.509 writes it: of ECDSA two integers (RFC 3279 §2.2.3).
fn signature(key: &PublicKey, raw: &[u8]) -> Vec<u8> {
    if key.key_type() == KeyType::Ed25519 {
        return raw.to_vec();
    }
    let (r, s) = raw.split_at_checked(raw.len() / 2).unwrap_or_default();
    der(SEQUENCE, &[&integer(r), &integer(s)])
}

/// A positive integer: no zero in front, but where the first bit is set.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(zeros..).unwrap_or_default();
    let sign = bytes.first().is_none_or(|first| *first >= 0x80);
    der(INTEGER, &[if sign { &[0] } else { &[] }, bytes])
}

fn bit_string(bytes: &[u8]) -> Vec<u8> {
    der(BIT_STRING, &[&[0], bytes])
}

/// Tag, length and content; lengths of at most three bytes, and what is made here is far shorter.
fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let [.., third, second, first] = content.len().to_be_bytes();
    let mut out = vec![tag];
    match (third, second, first) {
        (0, 0, length @ 0..=0x7f) => out.push(length),
        (0, 0, length) => out.extend([0x81, length]),
        (0, high, low) => out.extend([0x82, high, low]),
        (high, middle, low) => out.extend([0x83, high, middle, low]),
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use der::{Decode as _, Encode as _};
    use inkan_core::rng::insecure::SeededRng;
    use inkan_crypto::SecretKey;
    use x509_cert::request::CertReq;

    use super::*;

    const TYPES: [KeyType; 3] = [KeyType::Ed25519, KeyType::P256, KeyType::P384];

    /// Read by another library, and the signature checked as an authority would.
    #[test]
    fn a_request_says_whose_key_it_is_and_proves_it() {
        for key_type in TYPES {
            let key = SecretKey::generate(key_type, &mut SeededRng::new(7));
            let made = certificate_request(&["https://a.example/i", "b.example"], &key).unwrap();
            let read = CertReq::from_der(&made).unwrap();
            assert_eq!(read.to_der().unwrap(), made);
            let info = read.info.public_key.to_der().unwrap();
            assert_eq!(info, public_key_info(&key.public_key()).unwrap());
            let text = String::from_utf8_lossy(&made).into_owned();
            for name in ["https://a.example/i", "a.example", "b.example"] {
                assert!(text.contains(name), "{name}");
            }
            assert_eq!(read.info.subject.to_string(), "CN=a.example");
            assert_eq!(read.info.attributes.len(), 1);
        }
        let bbs = SecretKey::generate(KeyType::Bls12381G2, &mut SeededRng::new(7));
        assert!(certificate_request(&["a.example"], &bbs).is_err());
        assert_eq!(public_key_info(&bbs.public_key()), None);
    }

    #[test]
    fn long_names_stand_beside_an_empty_subject() {
        let key = SecretKey::generate(KeyType::P256, &mut SeededRng::new(7));
        let host = format!("{}.example", ["a".repeat(60), "b".repeat(60)].join("."));
        let made = certificate_request(&[&host], &key).unwrap();
        assert!(CertReq::from_der(&made).unwrap().info.subject.to_string().is_empty());
    }

    #[test]
    fn integers_are_positive_and_short() {
        assert_eq!(integer(&[0, 0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
    }

    #[test]
    fn lines_of_pem_have_64_characters() {
        let text = pem("PUBLIC KEY", &[7; 100]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.first().copied(), Some("-----BEGIN PUBLIC KEY-----"));
        assert_eq!(lines.iter().map(|line| line.len()).collect::<Vec<_>>(), [26, 64, 64, 8, 24]);
    }
}
