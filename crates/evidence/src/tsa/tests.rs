use inkan_core::Timestamp;
use inkan_core::rng::insecure::SeededRng;
use inkan_crypto::{KeyType, SecretKey};
use inkan_ledger::note::{KeyMaterial, SignatureLine};
use inkan_ledger::receipt::verify_checkpoint_with;
use inkan_ledger::{Checkpoint, LogPolicy, SignedNote, VerifierKey};
use proptest::prelude::*;

use super::*;

/// Files of `fixtures/tsa`, whose README says how each was made.
macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../../fixtures/tsa/", $name)).as_slice()
    };
}

const NOTE: &[u8] = fixture!("note.txt");
const GOOD: &[u8] = fixture!("good-ec.token");

/// Everything there is, so that only the pinned digest decides.
fn anchors() -> Anchors {
    let mut anchors = Anchors::default();
    assert_eq!(anchors.add_file(fixture!("anchors.pem")).unwrap().len(), 2);
    for certificate in [fixture!("root.der"), fixture!("other.der"), fixture!("old.der")] {
        anchors.add_file(certificate).unwrap();
    }
    anchors
}

fn check(token: &[u8], anchor: &[u8]) -> Result<StampInterval, TimestampError> {
    verify_token(token, &sha256(&[NOTE]), &sha256(&[anchor]), &anchors())
}

fn under_root(token: &[u8]) -> Result<StampInterval, TimestampError> {
    check(token, fixture!("root.der"))
}

#[test]
fn tokens_of_another_implementation_verify_and_their_times_are_widened() {
    for token in [
        GOOD,
        fixture!("good-rsa.token"),
        fixture!("good-rsa-sha512.token"),
        fixture!("cms-good.token"),
        fixture!("cms-key-id.token"),
    ] {
        let stamp = under_root(token).unwrap();
        // An accuracy of 1.5001 s around a whole second.
        let width = stamp.latest.seconds() - stamp.earliest.seconds();
        assert_eq!(width, 4, "{stamp:?}");
    }
    // No accuracy, and the certificate named by SHA-1 as before RFC 5816.
    let stamp = under_root(fixture!("good-sha1-id.token")).unwrap();
    assert_eq!(stamp.earliest, stamp.latest);
    assert!(stamp.earliest > Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    // The pinned certificate may stand anywhere on the path.
    check(fixture!("good-rsa.token"), fixture!("middle.der")).unwrap();
}

#[test]
fn a_token_is_relied_on_as_long_as_its_certificates_are_good() {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let (imprint, root) = (sha256(&[NOTE]), sha256(&[fixture!("root.der")]));
    let until = |time: &str| verify_token_until(GOOD, &imprint, &root, &anchors(), at(time));
    assert_eq!(until("2099-12-30T00:00:00Z"), under_root(GOOD));
    assert_eq!(until("2100-01-01T00:00:00Z"), Err(TimestampError::Outlived));
    assert_eq!(
        verify_token_until(GOOD, &sha256(&[b"x"]), &root, &anchors(), at("2090-01-01T00:00:00Z")),
        Err(TimestampError::Imprint)
    );
}

#[test]
fn only_what_was_pinned_is_trusted_for_artefacts() {
    let mut anchors = anchors();
    assert_eq!(TimestampChecker::pinned(&anchors), []);
    anchors.pin_file("example", fixture!("root.der")).unwrap();
    let root = sha256(&[fixture!("root.der")]);
    assert_eq!(TimestampChecker::pinned(&anchors), [("example".to_owned(), root)]);
    assert!(anchors.pin_file("example", b"no certificate").is_err());
    let question = TimestampRequest::over(sha256(&[NOTE]), &mut SeededRng::new(1));
    assert_eq!(question, TimestampRequest::new(NOTE, &mut SeededRng::new(1)));
    assert_eq!(question.accept_token(GOOD, &root, &anchors), Err(TimestampError::Nonce));
}

/// The same token with these certificates alone, which nobody signed.
fn carrying(token: &[u8], certificates: &[&[u8]]) -> Vec<u8> {
    let mut token: asn1::ContentInfo = decode(token, TOKEN_LIMIT).unwrap();
    let set: Vec<der::asn1::Any> =
        certificates.iter().map(|one| der::Decode::from_der(one).unwrap()).collect();
    token.content.certificates = Some(der::asn1::SetOfVec::try_from(set).unwrap());
    encode(&token).unwrap()
}

#[test]
fn one_signer_is_one_authority_under_all_names_that_vouch_for_it() {
    let token = fixture!("good-rsa.token");
    let (own, _) = signed::signer_and_certificates(token).unwrap();
    let (whole, stripped) = (token.to_vec(), carrying(token, &[own.as_slice()]));
    let mut anchors = Anchors::default();
    anchors.pin_file("root", fixture!("root.der")).unwrap();
    anchors.pin_file("middle", fixture!("middle.der")).unwrap();
    anchors.pin_file("other", fixture!("other.der")).unwrap();
    // Without what is between, it leads to the lower anchor alone; it is the same authority all the same.
    let imprint = sha256(&[NOTE]);
    let pinned = |certificate: &[u8]| sha256(&[certificate]);
    assert!(verify_token(&stripped, &imprint, &pinned(fixture!("middle.der")), &anchors).is_ok());
    assert!(verify_token(&stripped, &imprint, &pinned(fixture!("root.der")), &anchors).is_err());
    let both: BTreeSet<String> = ["middle".to_owned(), "root".to_owned()].into();
    assert_eq!(anchors.behind(&[&whole, &stripped]), [both.clone(), both.clone()]);
    assert_eq!(anchors.behind(&[&stripped]), [both]);
    let one: BTreeSet<String> = ["root".to_owned()].into();
    assert_eq!(anchors.behind(&[GOOD]), [one]);
    // What cannot be told is anybody's.
    assert_eq!(anchors.behind(&[b"no token"])[0].len(), 3);
}

#[test]
fn whose_a_token_is_comes_before_what_is_wrong_with_it() {
    use TimestampError as E;
    // Under an anchor that it does not lead to, it is somebody else's, whatever it is over and whoever signed it.
    let mut forged = GOOD.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    for token in [&forged, fixture!("other-data.token")] {
        assert_eq!(check(token, fixture!("other.der")), Err(E::Path));
    }
    assert_eq!(under_root(&forged), Err(E::Signature));
    // An algorithm that is not known says nothing: that of the signature, and that of the imprint.
    let mut token: asn1::ContentInfo = decode(GOOD, TOKEN_LIMIT).unwrap();
    let mut signer = token.content.signers.iter().next().unwrap().clone();
    for unknown in ["1.2.840.10045.4.3.4", "1.2.840.113549.1.1.10", "1.2.3"] {
        signer.signature_algorithm.oid = der::asn1::ObjectIdentifier::new_unwrap(unknown);
        token.content.signers = der::asn1::SetOfVec::try_from(vec![signer.clone()]).unwrap();
        assert_eq!(under_root(&encode(&token).unwrap()), Err(E::Malformed), "{unknown}");
    }
    assert_eq!(under_root(fixture!("sha512-imprint.token")), Err(E::Malformed));
}

#[test]
fn each_broken_rule_has_its_own_refusal() {
    use TimestampError as E;
    let cases: [(&str, &[u8], E); 14] = [
        ("over other data", fixture!("other-data.token"), E::Imprint),
        ("an imprint that is not SHA-256", fixture!("sha512-imprint.token"), E::Malformed),
        ("without the signer's certificate", fixture!("no-certificate.token"), E::Signer),
        ("which names no certificate", fixture!("cms-no-id.token"), E::Signer),
        ("with two signers", fixture!("cms-two-signers.token"), E::Malformed),
        ("by an expired signer", fixture!("expired.token"), E::Path),
        ("below an expired issuer", fixture!("below-stale.token"), E::Path),
        ("below another root", fixture!("below-old.token"), E::Path),
        ("usage that is not critical", fixture!("usage-loose.token"), E::Usage),
        ("usage for more", fixture!("usage-wide.token"), E::Usage),
        ("usage for servers", fixture!("usage-server.token"), E::Usage),
        ("no usage", fixture!("usage-none.token"), E::Usage),
        ("empty", b"", E::Malformed),
        ("an answer, not a token", fixture!("good-ec.tsr"), E::Malformed),
    ];
    for (what, token, error) in cases {
        assert_eq!(under_root(token), Err(error), "{what}");
    }
    assert_eq!(check(GOOD, fixture!("other.der")), Err(E::Path), "a certificate that vouches not");
    // An anchor that had expired when the token was made.
    assert_eq!(check(fixture!("below-old.token"), fixture!("old.der")), Err(E::Path));
}

#[test]
fn a_certificate_counts_by_its_digest_wherever_it_comes_from() {
    let root = sha256(&[fixture!("root.der")]);
    let none = Anchors::default();
    let imprint = sha256(&[NOTE]);
    assert!(none.is_empty());
    // good-ec carries its root, good-rsa only what is below it.
    assert!(verify_token(GOOD, &imprint, &root, &none).is_ok());
    let error = verify_token(fixture!("good-rsa.token"), &imprint, &root, &none).unwrap_err();
    assert_eq!(error, TimestampError::AnchorUnknown);
    assert!(none.can_check(&root, GOOD) && none.can_check(&root, b"no token"));
    assert!(!none.can_check(&root, fixture!("good-rsa.token")));
    assert!(anchors().can_check(&root, fixture!("good-rsa.token")));
    let nobody = sha256(&[b"nobody"]);
    assert_eq!(
        verify_token(GOOD, &imprint, &nobody, &anchors()),
        Err(TimestampError::AnchorUnknown)
    );
    assert!(Anchors::default().add_file(b"no certificate").is_err());
    assert!(Anchors::default().add_file(b"-----BEGIN CERTIFICATE-----\nAAAA").is_err());
}

#[test]
fn a_token_is_a_line_of_a_checkpoint_that_anybody_verifies() {
    let secret = SecretKey::generate(KeyType::Ed25519, &mut SeededRng::new(1));
    let log = KeyMaterial::Note(secret.public_key());
    let log = VerifierKey::new("ledger.example", log).unwrap();
    let digest = *sha256(&[fixture!("root.der")]).as_bytes();
    let tsa = VerifierKey::new("tsa.example", KeyMaterial::Tsa(digest)).unwrap();
    let text = format!("log {log}\nwitness tsa {tsa}\nquorum tsa\n");
    let policy = LogPolicy::parse(&text).unwrap();
    let judge = |token: &[u8], anchors: &Anchors| {
        let checkpoint = Checkpoint::parse_text(std::str::from_utf8(NOTE).unwrap()).unwrap();
        let mut note = checkpoint.sign(&log, &secret).unwrap();
        let (name, key_id) = ("tsa.example".to_owned(), tsa.id());
        note.put(SignatureLine { name, key_id, signature: token.to_vec() });
        let note = SignedNote::parse(&note.to_string()).unwrap();
        let now = Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
        verify_checkpoint_with(&note, &policy, Some(anchors), now)
    };
    let verified = judge(fixture!("good-rsa.token"), &anchors()).unwrap();
    let stamp = under_root(fixture!("good-rsa.token")).unwrap();
    assert_eq!(verified.existed_by(), Some(stamp.latest));
    assert_eq!(verified.fresh_at(), Some(stamp.earliest));
    assert_eq!(verified.grades().to_string(), "witnessed 1, tsa");
    for wrong in [
        fixture!("other-data.token"),
        fixture!("below-old.token"),
        fixture!("expired.token"),
        fixture!("usage-wide.token"),
        b"no token",
    ] {
        assert_eq!(judge(wrong, &anchors()).unwrap_err().code(), "cosignature-invalid");
    }
    let mut altered = fixture!("good-rsa.token").to_vec();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(judge(&altered, &anchors()).unwrap_err().code(), "cosignature-invalid");
    // Without the certificate nothing is known: the line is not counted.
    let error = judge(fixture!("good-rsa.token"), &Anchors::default()).unwrap_err();
    assert_eq!(error.code(), "quorum-not-met");
}

#[test]
fn a_flipped_bit_anywhere_that_is_signed_or_pinned_spoils_a_token() {
    let stamp = under_root(GOOD).unwrap();
    let mut accepted = Vec::new();
    for at in 0..GOOD.len() {
        let mut token = GOOD.to_vec();
        token[at] ^= 1;
        if let Ok(altered) = under_root(&token) {
            assert_eq!(altered, stamp, "byte {at}");
            accepted.push(at);
        }
    }
    // What no signature covers: versions, lists of algorithms, a certificate that no path needs. None moves the time.
    assert!(accepted.len() < GOOD.len() / 2, "{} of {}", accepted.len(), GOOD.len());
}

#[test]
fn a_request_asks_for_what_is_checked_later() {
    let request = TimestampRequest::new(NOTE, &mut SeededRng::new(1));
    let der = request.to_der().unwrap();
    // As openssl writes it, but for the nonce.
    let theirs = fixture!("ask.tsq");
    let nonce = der.windows(8).position(|window| window == request.nonce).unwrap();
    assert_eq!(der[2..nonce - 2], theirs[2..nonce - 2]);
    assert!(der.ends_with(&[0x01, 0x01, 0xff]) && theirs.ends_with(&[0x01, 0x01, 0xff]));
    let read: TimeStampReq = decode(&der, 1_000).unwrap();
    assert!(read.cert_req && read.nonce.unwrap().as_bytes() == request.nonce);
    for seed in 0..20 {
        let request = TimestampRequest::new(NOTE, &mut SeededRng::new(seed));
        assert_eq!(request.to_der().unwrap().len(), der.len());
    }
}

#[test]
fn an_answer_must_be_to_this_question() {
    let root = sha256(&[fixture!("root.der")]);
    let request = TimestampRequest::new(NOTE, &mut SeededRng::new(1));
    let refused = |answer: &[u8]| request.accept(answer, &root, &anchors()).unwrap_err();
    assert_eq!(refused(fixture!("good-ec.tsr")), TimestampError::Nonce);
    assert_eq!(refused(fixture!("refused.tsr")), TimestampError::Refused { status: 2 });
    assert_eq!(refused(GOOD), TimestampError::Malformed);
    assert_eq!(token_of(fixture!("good-ec.tsr")).unwrap(), GOOD);
    let info =
        signed::verify(GOOD, &root, &anchors(), None).unwrap_or_else(|error| panic!("{error}"));
    // The nonce of ask.tsq, as its INTEGER.
    let asked: TimeStampReq = decode(fixture!("ask.tsq"), 1_000).unwrap();
    let asked = asked.nonce.unwrap();
    assert_eq!(info.check(&sha256(&[NOTE]), Some(asked.as_bytes())), Ok(()));
}

#[test]
fn sizes_are_limited_before_anything_is_read() {
    let mut long = GOOD.to_vec();
    long.resize(TOKEN_LIMIT + 1, 0);
    assert_eq!(under_root(&long), Err(TimestampError::Malformed));
    assert_eq!(token_of(&vec![0x30; ANSWER_LIMIT + 1]), Err(TimestampError::Malformed));
}

#[test]
fn fractions_are_widened_to_whole_seconds() {
    use der::asn1::Any;
    let at = |text: &str| Any::new(der::Tag::GeneralizedTime, text.as_bytes()).unwrap();
    let accuracy = |seconds, millis, micros| asn1::Accuracy { seconds, millis, micros };
    let base = Timestamp::parse("2026-06-14T09:00:00Z").unwrap();
    for (text, accuracy, low, high) in [
        ("20260614090000Z", accuracy(None, None, None), 0, 0),
        ("20260614090000.5Z", accuracy(None, None, None), 0, 1),
        ("20260614090000.000001Z", accuracy(None, None, None), 0, 1),
        ("20260614090000.0000001Z", accuracy(None, None, None), 0, 1),
        ("20260614090000.9999999Z", accuracy(None, None, None), 0, 1),
        ("20260614090000Z", accuracy(None, None, Some(1)), -1, 1),
        ("20260614090000.5Z", accuracy(None, Some(500), None), 0, 1),
        ("20260614090000.5Z", accuracy(Some(2), Some(500), Some(1)), -3, 4),
    ] {
        let (gen_time, stamp) = moment::stamp(&at(text), Some(&accuracy)).unwrap();
        assert_eq!(gen_time, base);
        let expected =
            StampInterval { earliest: base.plus_seconds(low), latest: base.plus_seconds(high) };
        assert_eq!(stamp, expected, "{text}");
    }
    for wrong in [
        "20260614090000",
        "202606140900Z",
        "20260614090000.Z",
        "20260614090000.50Z",
        "20260614090000+0000",
        "20261314090000Z",
        "20260614090000,5Z",
        "2026061409000aZ",
    ] {
        assert!(moment::stamp(&at(wrong), None).is_err(), "{wrong}");
    }
    for wrong in [accuracy(None, Some(0), None), accuracy(None, Some(1_000), None)] {
        assert!(moment::stamp(&at("20260614090000Z"), Some(&wrong)).is_err());
    }
}

proptest! {
    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0..1_300_usize) {
        let _ = under_root(&bytes);
        let _ = token_of(&bytes);
        let _ = Anchors::default().add_file(&bytes);
        let mut token = GOOD.to_vec();
        let at = at.min(token.len());
        token.splice(at..at, bytes);
        let _ = under_root(&token);
    }
}
