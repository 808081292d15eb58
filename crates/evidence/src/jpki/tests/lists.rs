//! Revocation lists: which of them speak of whom, and how long a very long one takes.

use std::time::Instant;

use der::asn1::BitString;

use super::*;
use crate::jpki::chain::Link;

#[test]
fn a_list_speaks_of_the_certificates_it_is_for() {
    let signca = Link::read_der(fixture!("signca.der")).unwrap();
    let root = Link::read_der(fixture!("root.der")).unwrap();
    let card = Link::read_der(fixture!("card.der")).unwrap();
    let next = Link::read_der(fixture!("next.der")).unwrap();
    let by_signca = |bytes: &[u8]| list(bytes, fixture!("signca.der"));
    assert!(by_signca(fixture!("signca.crl")).says(&card, &signca).is_some());
    // Narrowed to where the certificate says that it would be listed.
    assert!(by_signca(fixture!("signca-point.crl")).says(&card, &signca).is_some());
    assert!(by_signca(fixture!("signca-point.crl")).says(&next, &signca).is_none());
    assert!(by_signca(fixture!("signca-elsewhere.crl")).says(&card, &signca).is_none());
    // Narrowed to authorities, and back.
    assert!(by_signca(fixture!("signca-authorities.crl")).says(&card, &signca).is_none());
    let of_root = list(fixture!("root.crl"), fixture!("root.der"));
    assert!(of_root.says(&signca, &root).is_some());
    // By another authority of the same name.
    let twin = list(fixture!("twinca.crl"), fixture!("twinca.der"));
    assert!(twin.says(&card, &signca).is_none());
    let build = |bytes: &[u8], issuer: &[u8]| CrlIndex::build(bytes, issuer).unwrap_err();
    assert_eq!(build(fixture!("signca-reasons.crl"), fixture!("signca.der")), CrlError::Malformed);
    assert_eq!(build(fixture!("twinca.crl"), fixture!("signca.der")), CrlError::Signature);
    assert_eq!(build(fixture!("signca.crl"), fixture!("root.der")), CrlError::Signature);
    assert_eq!(build(b"none", fixture!("root.der")), CrlError::Malformed);
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        short @ ..0x80 => out.push(u8::try_from(short).unwrap()),
        long => {
            let bytes = u32::try_from(long).unwrap().to_be_bytes();
            let digits: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            out.push(0x80 | u8::try_from(digits.len()).unwrap());
            out.extend(digits);
        }
    }
    out.extend(content);
    out
}

/// A list of so many serial numbers by the authority whose key is that of the requests.
fn long(count: u32) -> Vec<u8> {
    let issuer = Link::read_der(fixture!("listca.der")).unwrap();
    let name = issuer.parsed.tbs_certificate().subject().to_der().unwrap();
    let algorithm = tlv(0x30, &tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
    let time = |text: &str| tlv(0x17, text.as_bytes());
    let mut entries = Vec::new();
    for number in 0..count {
        // Scattered, as serial numbers are.
        let mut serial = vec![0x40];
        serial.extend(number.wrapping_mul(2_654_435_761).to_be_bytes());
        let entry = [tlv(0x02, &serial), time("260601000000Z")].concat();
        entries.extend(tlv(0x30, &entry));
    }
    let body = [
        tlv(0x02, &[1]),
        algorithm.clone(),
        name,
        time("261101000000Z"),
        time("301231000000Z"),
        tlv(0x30, &entries),
    ];
    let body = tlv(0x30, &body.concat());
    let raw = key(KeyType::P256, 5104).sign(&body).unwrap();
    let half = |bytes: &[u8]| {
        let rest: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = rest.first().is_some_and(|first| first & 0x80 != 0);
        tlv(0x02, &[vec![0; usize::from(sign)], rest].concat())
    };
    let signature = tlv(0x30, &[half(&raw[..32]), half(&raw[32..])].concat());
    let signature = BitString::from_bytes(&signature).unwrap().to_der().unwrap();
    tlv(0x30, &[body, algorithm, signature].concat())
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the time of a look-up is what is measured, and said"
)]
fn a_million_serial_numbers_are_looked_up_in_no_time() {
    let bytes = long(1_000_000);
    let begun = Instant::now();
    let index = list(&bytes, fixture!("listca.der"));
    let built = begun.elapsed();
    assert_eq!(index.len(), 1_000_000);
    let issuer = Link::read_der(fixture!("listca.der")).unwrap();
    let listed = Link::read_der(fixture!("listed.der")).unwrap();
    let mut slowest = std::time::Duration::ZERO;
    let mut found = 0;
    for _ in 0..100 {
        let begun = Instant::now();
        let said = index.says(&listed, &issuer).unwrap();
        found += usize::from(said.revoked == Some(at("2026-06-01T00:00:00Z").seconds()));
        slowest = slowest.max(begun.elapsed());
    }
    println!("{} bytes: index in {built:?}, a look-up in at most {slowest:?}", bytes.len());
    assert!(slowest.as_millis() <= 5, "{slowest:?}");
    assert_eq!(found, 100);
}
