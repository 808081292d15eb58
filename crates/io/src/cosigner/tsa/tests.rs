use std::time::Duration;

use inkan_core::sha256;
use inkan_ledger::SignedNote;

use super::super::fake::{Reply, nobody_listens, serve};
use super::*;

const NOTE: &str = include_str!("../../../../../fixtures/tsa/note.txt");
const ANSWER: &[u8] = include_bytes!("../../../../../fixtures/tsa/good-ec.tsr");
const ROOT: &[u8] = include_bytes!("../../../../../fixtures/tsa/root.der");

fn key(anchor: &[u8]) -> VerifierKey {
    let digest = *sha256(&[anchor]).as_bytes();
    VerifierKey::new("tsa.example", KeyMaterial::Tsa(digest)).unwrap()
}

fn cosigner(url: &str) -> TsaCosigner {
    let mut anchors = Anchors::default();
    anchors.add_file(ROOT).unwrap();
    let (name, url) = ("tsa".to_owned(), url.to_owned());
    TsaCosigner::new(TsaAddress { name, key: key(ROOT), url, anchors, every: None }).unwrap()
}

fn ask(cosigner: &mut TsaCosigner) -> Result<Vec<SignatureLine>, CosignError> {
    let note = SignedNote::new(NOTE.to_owned());
    let now = Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
    cosigner.cosign(&CosignRequest { note: &note, consistency: &|_| None }, now)
}

#[test]
fn an_authority_that_is_down_or_answers_badly_gives_no_line() {
    let (_taken, dead) = nobody_listens();
    assert_eq!(ask(&mut cosigner(&dead)).unwrap_err().code(), "peer-unreachable");
    let refused = include_bytes!("../../../../../fixtures/tsa/refused.tsr");
    let cases: [(u16, &'static str, &[u8], &str); 6] = [
        (500, ANSWER_MEDIA_TYPE, ANSWER, "witness-refused"),
        (200, "text/html", ANSWER, "timestamp-malformed"),
        (200, ANSWER_MEDIA_TYPE, b"<html>", "timestamp-malformed"),
        (200, ANSWER_MEDIA_TYPE, refused, "timestamp-refused"),
        // A good answer, to somebody else's question: replayed.
        (200, ANSWER_MEDIA_TYPE, ANSWER, "timestamp-nonce-mismatch"),
        (200, ANSWER_MEDIA_TYPE, &[0x30; 30_000], "answer-too-large"),
    ];
    for (status, media_type, body, code) in cases {
        let reply = body.to_vec();
        let url = serve(move |first, _| {
            assert!(first.starts_with("POST / "), "{first}");
            Reply { media_type, ..Reply::new(status, reply.clone()) }
        });
        let error = ask(&mut cosigner(&url)).unwrap_err();
        assert_eq!((error.code(), error.is_alarm()), (code, false));
    }
}

#[test]
fn only_the_key_of_an_authority_makes_one() {
    let mut address = cosigner("http://127.0.0.1:1").address;
    let own = TsaCosigner::new(address.clone()).unwrap();
    assert_eq!(own.pace(), Pace::Every(Duration::from_secs(3_600)));
    assert_eq!(own.key(), &key(ROOT));
    address.key =
        VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
            .unwrap();
    assert_eq!(TsaCosigner::new(address).unwrap_err().code(), "cosigner-key-invalid");
}
