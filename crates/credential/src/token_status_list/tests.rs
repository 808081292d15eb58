use coset::cbor::value::Value as Cbor;
use coset::iana::Algorithm;
use coset::{CborSerializable as _, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable as _};
use inkan_core::encoding::b64u;
use inkan_crypto::{KeyType, jws};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{Party, at, issuer, party, with};

const URI: &str = "https://acme.example/statuslists/1";

fn list() -> TokenStatusList {
    let mut list = TokenStatusList::new(StatusBits::Two, 1_000).unwrap();
    list.set(7, TokenStatus::Invalid).unwrap();
    list.set(8, TokenStatus::Suspended).unwrap();
    list.set(999, TokenStatus::Other(3)).unwrap();
    list
}

fn terms() -> TokenTerms<'static> {
    TokenTerms {
        uri: URI,
        issued_at: at("2026-01-01T00:00:00Z"),
        expires: Some(at("2026-02-01T00:00:00Z")),
        ttl: Some(43_200),
        aggregation_uri: Some("https://acme.example/statuslists"),
    }
}

fn entry(index: u64) -> StatusReference {
    StatusReference { index, uri: URI.to_owned() }
}

fn both(by: &Party) -> [StatusListToken; 2] {
    [
        StatusListToken::issue_jwt(&list(), &terms(), &by.method, &by.key).unwrap(),
        StatusListToken::issue_cwt(&list(), &terms(), &by.method, &by.key).unwrap(),
    ]
}

fn parse(token: &StatusListToken) -> StatusListToken {
    let bytes = token.to_bytes();
    match token.media_type() {
        "application/statuslist+jwt" => {
            StatusListToken::parse_jwt(std::str::from_utf8(&bytes).unwrap()).unwrap()
        }
        _ => StatusListToken::parse_cwt(&bytes).unwrap(),
    }
}

#[test]
fn both_forms_and_key_types_are_read_back_and_verify() {
    for key_type in [KeyType::Ed25519, KeyType::P256] {
        let by = party(5, key_type);
        for made in both(&by) {
            let copy = parse(&made);
            assert_eq!(copy, made);
            assert_eq!(copy.verify(&by.key.public_key()), Ok(()));
            let other = party(6, key_type).key.public_key();
            assert_eq!(copy.verify(&other).unwrap_err().code(), "status-list-invalid");
            assert_eq!((copy.uri(), copy.kid()), (URI, Some(by.method.as_str())));
            assert_eq!((copy.issuer(), copy.ttl()), (None, Some(43_200)));
            assert_eq!(copy.aggregation_uri(), terms().aggregation_uri);
            assert_eq!((copy.issued_at(), copy.expires()), (terms().issued_at, terms().expires));
            assert_eq!(copy.list(), &list());
        }
    }
}

#[test]
fn a_list_tells_the_status_of_those_that_name_it() {
    for token in both(&issuer()) {
        assert_eq!(token.status_of(&entry(0)), Ok(TokenStatus::Valid));
        assert_eq!(token.status_of(&entry(7)), Ok(TokenStatus::Invalid));
        assert_eq!(token.status_of(&entry(8)), Ok(TokenStatus::Suspended));
        assert_eq!(token.status_of(&entry(999)), Ok(TokenStatus::Other(3)));
        for index in [1_000, u64::MAX] {
            let error = token.status_of(&entry(index)).unwrap_err();
            assert_eq!(error.code(), "status-index-out-of-range");
        }
        let other = StatusReference { uri: format!("{URI}2"), ..entry(0) };
        assert_eq!(token.status_of(&other).unwrap_err().code(), "status-list-of-another-uri");
    }
}

#[test]
fn a_list_holds_from_its_making_to_its_end() {
    for token in both(&issuer()) {
        for good in ["2025-12-31T23:59:00Z", "2026-01-31T23:59:59Z"] {
            assert_eq!(token.check_time(at(good)), Ok(()), "{good}");
        }
        for bad in ["2025-12-31T23:58:59Z", "2026-02-01T00:00:00Z"] {
            assert_eq!(token.check_time(at(bad)).unwrap_err().code(), "stale", "{bad}");
        }
    }
}

#[test]
fn entries_are_packed_from_the_least_significant_bit() {
    let mut list = TokenStatusList::new(StatusBits::Four, 3).unwrap();
    assert_eq!((list.len(), list.as_bytes()), (4, &[0, 0][..]));
    list.set(0, TokenStatus::Invalid).unwrap();
    list.set(1, TokenStatus::Other(15)).unwrap();
    list.set(2, TokenStatus::Suspended).unwrap();
    assert_eq!(list.as_bytes(), [0xf1, 0x02]);
    list.set(1, TokenStatus::Valid).unwrap();
    assert_eq!(list.as_bytes(), [0x01, 0x02]);
    let too_large = list.set(1, TokenStatus::Other(16)).unwrap_err();
    assert_eq!(too_large.code(), "status-list-malformed");
    assert_eq!(list.set(4, TokenStatus::Valid).unwrap_err().code(), "status-index-out-of-range");
    for number in 0..=16 {
        let known = matches!(number, 1 | 2 | 4 | 8);
        assert_eq!(StatusBits::from_number(number).is_some(), known);
    }
}

#[test]
fn inflating_stops_at_the_limit() {
    let mut compressor = ZlibEncoder::new(Vec::new(), Compression::best());
    compressor.write_all(&vec![0; limits::STATUS_LIST_INFLATED + 1]).unwrap();
    let bomb = compressor.finish().unwrap();
    assert!(bomb.len() < 20_000);
    let error = TokenStatusList::decode(StatusBits::One, &bomb).unwrap_err();
    assert_eq!(error, TokenStatusError::TooLarge);
    let error = TokenStatusList::decode(StatusBits::One, &vec![0; limits::STATUS_LIST + 1]);
    assert_eq!(error, Err(TokenStatusError::TooLarge));
    let error = TokenStatusList::new(StatusBits::Eight, u64::MAX).unwrap_err();
    assert_eq!(error.code(), "status-list-too-large");
}

#[test]
fn what_is_no_zlib_is_refused() {
    let good = list().encode().unwrap();
    let mut cases = vec![vec![], b"hello".to_vec(), good[..good.len() - 1].to_vec()];
    cases.push([&good[..], &[0]].concat());
    let mut sum = good.clone();
    *sum.last_mut().unwrap() ^= 1;
    cases.push(sum);
    // Raw DEFLATE, without the ZLIB header.
    cases.push(good[2..good.len() - 4].to_vec());
    for case in cases {
        let error = TokenStatusList::decode(StatusBits::Two, &case).unwrap_err();
        assert_eq!(error.code(), "status-list-malformed", "{case:?}");
    }
}

fn payload() -> Value {
    json!({
        "sub": URI, "iat": 1, "exp": 2, "ttl": 3,
        "status_list": { "bits": 2, "lst": b64u(&list().encode().unwrap()) },
    })
}

fn jwt(typ: &str, payload: &Value) -> Result<StatusListToken, TokenStatusError> {
    let header = [("typ".to_owned(), json!(typ))].into_iter().collect();
    let text = jws::sign(header, payload.to_string().as_bytes(), &issuer().key).unwrap();
    StatusListToken::parse_jwt(&text)
}

#[test]
fn malformed_jwts_are_refused() {
    assert!(jwt("statuslist+jwt", &payload()).is_ok());
    assert!(jwt("application/statuslist+jwt", &payload()).is_ok());
    for other in ["JWT", "vc+jwt", "kb+jwt", ""] {
        assert_eq!(jwt(other, &payload()).unwrap_err().code(), "status-list-malformed", "{other}");
    }
    for (pointer, value) in [
        ("/sub", Value::Null),
        ("/sub", json!(1)),
        ("/iat", Value::Null),
        ("/iat", json!("1")),
        ("/exp", json!(1.5)),
        ("/ttl", json!(0)),
        ("/ttl", json!(-1)),
        ("/ttl", json!("1")),
        ("/status_list", Value::Null),
        ("/status_list/bits", json!(3)),
        ("/status_list/bits", json!("1")),
        ("/status_list/lst", Value::Null),
        ("/status_list/lst", json!("***")),
        ("/status_list/aggregation_uri", json!(1)),
    ] {
        let error = jwt("statuslist+jwt", &with(payload(), pointer, value.clone())).unwrap_err();
        assert_eq!(error.code(), "status-list-malformed", "{pointer} {value}");
    }
    // What need not be there.
    for pointer in ["/exp", "/ttl"] {
        assert!(jwt("statuslist+jwt", &with(payload(), pointer, Value::Null)).is_ok());
    }
}

fn entries() -> Vec<(Cbor, Cbor)> {
    let list =
        vec![("bits".into(), 2.into()), ("lst".into(), Cbor::Bytes(list().encode().unwrap()))];
    vec![
        (2.into(), URI.into()),
        (6.into(), 1.into()),
        (4.into(), 2.into()),
        (65_534.into(), 3.into()),
        (65_533.into(), Cbor::Map(list)),
    ]
}

fn cwt_of(typ: Cbor, payload: Vec<u8>) -> Vec<u8> {
    let protected = HeaderBuilder::new().algorithm(Algorithm::EdDSA).value(16, typ).build();
    let message = CoseSign1Builder::new().protected(protected).payload(payload);
    let message = message.create_signature(&[], |bytes| issuer().key.sign(bytes).unwrap());
    message.build().to_tagged_vec().unwrap()
}

fn cwt(entries: Vec<(Cbor, Cbor)>) -> Result<StatusListToken, TokenStatusError> {
    let payload = Cbor::Map(entries).to_vec().unwrap();
    StatusListToken::parse_cwt(&cwt_of("application/statuslist+cwt".into(), payload))
}

#[test]
fn cwts_of_very_many_items_are_refused_before_they_are_read() {
    let with_claim = |count: usize| {
        let mut entries = entries();
        entries.push((1_000.into(), Cbor::Array(vec![0.into(); count])));
        cwt(entries).map(drop)
    };
    assert_eq!(with_claim(4_000), Ok(()));
    assert_eq!(with_claim(4_096), Err(TokenStatusError::TooLarge));
    // Nested, in pieces, and beside the message.
    let nested = [vec![0x81; 5_000], vec![0]].concat();
    let pieces = [vec![0x5f], [0x41, 0].repeat(5_000), vec![0xff]].concat();
    for bytes in [nested, pieces, vec![0; 5_000]] {
        assert_eq!(StatusListToken::parse_cwt(&bytes).map(drop), Err(TokenStatusError::TooLarge));
    }
    // A length beyond the end, and none.
    for bytes in [&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..], &[0x5b], &[]] {
        let error = StatusListToken::parse_cwt(bytes).map(drop).unwrap_err();
        assert_eq!(error.code(), "status-list-malformed");
    }
}

#[test]
fn malformed_cwts_are_refused() {
    assert_eq!(cwt(entries()).unwrap().verify(&issuer().key.public_key()), Ok(()));
    let replaced = |key: i64, value: Option<Cbor>| {
        let mut entries = entries();
        let position = entries.iter().position(|(name, _)| *name == Cbor::from(key)).unwrap();
        match value {
            Some(value) => entries[position].1 = value,
            None => drop(entries.remove(position)),
        }
        entries
    };
    let mut cases = vec![
        replaced(2, None),
        replaced(2, Some(1.into())),
        replaced(6, None),
        replaced(6, Some("1".into())),
        replaced(4, Some("1".into())),
        replaced(65_534, Some(0.into())),
        replaced(65_534, Some((-1).into())),
        replaced(65_533, None),
        replaced(65_533, Some(1.into())),
        replaced(65_533, Some(Cbor::Map(vec![("bits".into(), 2.into())]))),
        replaced(65_533, Some(Cbor::Map(vec![("lst".into(), Cbor::Bytes(vec![]))]))),
    ];
    // A key twice has two readings.
    let mut twice = entries();
    twice.push((2.into(), "https://other.example".into()));
    cases.push(twice);
    for case in cases {
        assert_eq!(cwt(case.clone()).unwrap_err().code(), "status-list-malformed", "{case:?}");
    }
    for key in [4, 65_534] {
        assert!(cwt(replaced(key, None)).is_ok());
    }
    let payload = Cbor::Map(entries()).to_vec().unwrap();
    let longer = [&payload[..], &[0]].concat();
    let good = cwt_of("application/statuslist+cwt".into(), payload.clone());
    for bytes in [
        cwt_of("application/cwt".into(), payload.clone()),
        cwt_of(16.into(), payload),
        cwt_of("application/statuslist+cwt".into(), longer),
        cwt_of("application/statuslist+cwt".into(), vec![]),
        [&good[..], &[0]].concat(),
        good[1..].to_vec(),
        // A tagged COSE_Mac0, and the CWT tag around it.
        [&[0xd1][..], &good[1..]].concat(),
        [&[0xd8, 0x3d][..], &good[..]].concat(),
        vec![],
    ] {
        let error = StatusListToken::parse_cwt(&bytes).unwrap_err();
        assert_eq!(error.code(), "status-list-malformed");
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let by = issuer();
    let key = by.key.public_key();
    for token in both(&by) {
        let bytes = token.to_bytes();
        for position in 0..bytes.len() {
            let mut copy = bytes.clone();
            copy[position] ^= 1;
            let read = match std::str::from_utf8(&copy) {
                Ok(text) if token.media_type().ends_with("jwt") => StatusListToken::parse_jwt(text),
                _ => StatusListToken::parse_cwt(&copy),
            };
            // Only the unprotected header of a CWT, with the key's name, is not signed.
            let accepted = read.is_ok_and(|read| {
                read.verify(&key).is_ok() && read.kid() == Some(by.method.as_str())
            });
            assert!(!accepted, "{} {position}", token.media_type());
        }
    }
}

#[test]
fn terms_that_no_reader_would_take_are_not_signed() {
    let by = issuer();
    for terms in [
        TokenTerms { uri: "list", ..terms() },
        TokenTerms { ttl: Some(0), ..terms() },
        TokenTerms { expires: Some(terms().issued_at), ..terms() },
        TokenTerms { aggregation_uri: Some("lists"), ..terms() },
    ] {
        for made in [
            StatusListToken::issue_jwt(&list(), &terms, &by.method, &by.key),
            StatusListToken::issue_cwt(&list(), &terms, &by.method, &by.key),
        ] {
            assert_eq!(made.unwrap_err().code(), "status-list-malformed", "{terms:?}");
        }
    }
}

#[test]
fn references_are_written_as_they_are_read() {
    let reference = entry(412);
    assert_eq!(StatusReference::from_claim(&reference.to_claim()), Ok(Some(reference.clone())));
    assert_eq!(StatusReference::from_claim(&json!({ "other": 1 })), Ok(None));
    let claim = reference.to_claim();
    for bad in [
        json!({}),
        json!([]),
        json!({ "status_list": 1 }),
        with(claim.clone(), "/status_list/idx", json!(-1)),
        with(claim.clone(), "/status_list/idx", json!("1")),
        with(claim.clone(), "/status_list/idx", Value::Null),
        with(claim.clone(), "/status_list/uri", json!("list")),
        with(claim, "/status_list/uri", Value::Null),
    ] {
        let error = StatusReference::from_claim(&bad).unwrap_err();
        assert_eq!(error.code(), "status-list-malformed", "{bad}");
    }
}

#[test]
fn lists_of_lists_are_uris() {
    let read = |text: &str| parse_aggregation(text.as_bytes()).map_err(|error| error.code());
    let good = r#"{"status_lists":["https://a.example/1","https://a.example/2"]}"#;
    assert_eq!(read(good).unwrap(), ["https://a.example/1", "https://a.example/2"]);
    assert_eq!(read(r#"{"status_lists":[]}"#), Ok(vec![]));
    for bad in ["{}", "[]", r#"{"status_lists":[1]}"#, r#"{"status_lists":["a"]}"#] {
        assert_eq!(read(bad), Err("status-list-malformed"), "{bad}");
    }
    assert_eq!(read("x"), Err("json-malformed"));
}

proptest! {
    #[test]
    fn any_statuses_are_read_back(values in proptest::collection::vec(any::<u8>(), 1..200), bits in 0_usize..4) {
        let bits = [StatusBits::One, StatusBits::Two, StatusBits::Four, StatusBits::Eight][bits];
        let entries = u64::try_from(values.len()).unwrap();
        let mut list = TokenStatusList::new(bits, entries).unwrap();
        for (index, value) in (0..).zip(&values) {
            list.set(index, TokenStatus::from_value(value & bits.greatest())).unwrap();
        }
        let copy = TokenStatusList::decode(bits, &list.encode().unwrap()).unwrap();
        prop_assert_eq!(&copy, &list);
        for (index, value) in (0..).zip(&values) {
            let status = copy.get(index).unwrap();
            prop_assert_eq!(status.value(), value & bits.greatest());
        }
    }

    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = StatusListToken::parse_cwt(&bytes);
        let _ = TokenStatusList::decode(StatusBits::One, &bytes);
        let _ = parse_aggregation(&bytes);
    }
}
