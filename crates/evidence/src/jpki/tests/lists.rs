//! Revocation lists: which of them speak of whom, and how long a very long one takes.

use std::time::Instant;

use der::asn1::BitString;

use super::*;
use crate::jpki::chain::Link;
use crate::jpki::revocation::of_link;

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
    let mut entries = Vec::new();
    for number in 0..count {
        // Scattered, as serial numbers are.
        let mut serial = vec![0x40];
        serial.extend(number.wrapping_mul(2_654_435_761).to_be_bytes());
        entries.extend(entry(&serial, None));
    }
    made(&entries, "261101000000Z")
}

fn time(text: &str) -> Vec<u8> {
    tlv(0x17, text.as_bytes())
}

/// An entry since June 2026, with a reason.
fn entry(serial: &[u8], reason: Option<u8>) -> Vec<u8> {
    let mut parts = [tlv(0x02, serial), time("260601000000Z")].concat();
    if let Some(reason) = reason {
        let value = tlv(0x04, &[0x0a, 1, reason]);
        let extension = [vec![0x06, 3, 0x55, 0x1d, 21], value].concat();
        parts.extend(tlv(0x30, &tlv(0x30, &extension)));
    }
    tlv(0x30, &parts)
}

/// A list with these entries.
fn made(entries: &[u8], this_update: &str) -> Vec<u8> {
    let issuer = Link::read_der(fixture!("listca.der")).unwrap();
    let name = issuer.parsed.tbs_certificate().subject().to_der().unwrap();
    let algorithm = tlv(0x30, &tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
    let body = [
        tlv(0x02, &[1]),
        algorithm.clone(),
        name,
        time(this_update),
        time("301231000000Z"),
        tlv(0x30, entries),
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

#[test]
fn two_reasons_are_none_and_a_hold_lasts_until_a_later_list_is_without_it() {
    const SUPERSEDED: u8 = 4;
    const HOLD: u8 = 6;
    let issuer = Link::read_der(fixture!("listca.der")).unwrap();
    let listed = Link::read_der(fixture!("listed.der")).unwrap();
    let serial = listed.parsed.tbs_certificate().serial_number().as_bytes().to_vec();
    let of = |reasons: &[u8], this_update: &str| {
        let entries: Vec<u8> =
            reasons.iter().flat_map(|reason| entry(&serial, Some(*reason))).collect();
        list(&made(&entries, this_update), fixture!("listca.der"))
    };
    let july = "260701000000Z";
    let standing = |lists: &[CrlIndex], day: &str| {
        let jpki = lists.iter().fold(bare(), |jpki, list| jpki.with_crl(list.clone()));
        of_link(&listed, &issuer, at(&format!("{day}T00:00:00Z")), &jpki)
    };
    // Replaced in June: good in May. If another reason is given too, it may be that one.
    assert_eq!(standing(&[of(&[SUPERSEDED], july)], "2026-05-01"), Revocation::Good);
    assert_eq!(standing(&[of(&[SUPERSEDED, 4], july)], "2026-05-01"), Revocation::Good);
    assert_eq!(standing(&[of(&[SUPERSEDED, 1], july)], "2026-05-01"), Revocation::Revoked);
    assert_eq!(standing(&[of(&[1, SUPERSEDED], july)], "2026-05-01"), Revocation::Revoked);
    let (held, free) = (of(&[HOLD], july), of(&[], "261101000000Z"));
    assert_eq!(standing(std::slice::from_ref(&held), "2026-11-21"), Revocation::Revoked);
    assert_eq!(standing(&[held.clone(), free.clone()], "2026-11-21"), Revocation::Good);
    // The later list was not there yet.
    assert_eq!(standing(&[held, free.clone()], "2026-10-01"), Revocation::Revoked);
    // What is revoked for good is not released.
    assert_eq!(standing(&[of(&[1], july), free], "2026-11-21"), Revocation::Revoked);
}
